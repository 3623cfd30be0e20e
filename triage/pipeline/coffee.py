"""Stored scores to the papers that fit one coffee; no model, no network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, cast

from triage import budget, rank
from triage.budget import Limits, Shortlist, State
from triage.pipeline.order import DAYS, rank_days

if TYPE_CHECKING:
    from triage.embed import Encoder
    from triage.paper import ScoredPaper
    from triage.profile import Profile
    from triage.store import Ranking, Store


def shortlist(
    store: Store,
    profiles: Profile | Sequence[Profile],
    *,
    minutes: float,
    now: datetime,
    left_s: float | None = None,
    today: date | None = None,
    ranker: str = rank.DEFAULT,
    types: Sequence[str] = ("new", "cross"),
    encoder: Encoder | None = None,
    fast: Encoder | None = None,
    rerank: bool = True,
    shown_by: str = "session",
) -> Shortlist:
    """Fit the newest announcement, and what was announced since the last coffee, to the minutes that are left.

    Args:
        store: where the scores are.
        profiles: one focus, or all that share the coffee.
        minutes: the whole coffee.
        now: aware UTC.
        left_s: seconds of it that are left; all of it when None.
        today: the reader's local day; that of `now` when None.
        ranker: whose scores decide.
        types: the announcement types that are ranked.
        encoder: names the cached vectors when an edited profile has to be ranked again; it embeds nothing here.
        fast: the same of the fast encoder.
        rerank: rank again what was ranked for an older state of the profile. A session leaves that to its child.
        shown_by: whose last list decides what was announced since: "session" or "digest".
    """
    focus = [profiles] if not isinstance(profiles, Sequence) else list(profiles)
    day = today or now.date()
    days = _days(store, day, shown_by)
    found = _rankings(store, focus, ranker, days)
    if rerank and days and any(_stale(profile, found.get(profile.name, [])) for profile in focus):
        rank_days(store, focus, encoder, types=types, at=now, rankers=(ranker,), fast=fast)
        found = _rankings(store, focus, ranker, days)
    left = minutes * 60 if left_s is None else left_s
    papers, left_out = _chosen(store, focus, found, ranker, left)
    categories = list(dict.fromkeys(category for profile in focus for category in profile.categories))
    covers = {name: when for name, when in store.confirmed(categories).items() if when}
    return Shortlist(
        state=_state(store, any(one.slot == "focus" for one in (*papers, *left_out)), bool(papers)),
        profiles=tuple(profile.name for profile in focus),
        announced=days[0] if days else None,
        covers=covers,
        missing=_missing(store, categories),
        budget_s=minutes * 60,
        left_s=left,
        ranker=ranker,
        ranker_version=_version(ranker, found),
        papers=papers,
        left_out=left_out,
        notes=_notes(focus, found),
    )


def _version(ranker: str, found: dict[str, list[Ranking]]) -> str:
    """The version that the newest scores were made by: it tells which encoders took part."""
    newest = [rankings[0].version for rankings in found.values() if rankings]
    return newest[0] if newest else rank.RANKERS[ranker].version


def _chosen(
    store: Store, focus: Sequence[Profile], found: dict[str, list[Ranking]], ranker: str, left_s: float
) -> tuple[tuple[ScoredPaper, ...], tuple[ScoredPaper, ...]]:
    """Split what was ranked and not judged yet into the papers that fit and those left out."""
    judged = set(store.labels())
    days = [ranking.announced for rankings in found.values() for ranking in rankings]
    return budget.choose(
        {name: _open(rankings, judged) for name, rankings in found.items()},
        worth={name: _worth(rankings) for name, rankings in found.items()},
        limits={profile.name: _limits(profile, ranker) for profile in focus},
        left_s=left_s,
        seed=max(days).toordinal() if days else 0,
    )


def remember(store: Store, listed: Shortlist, *, shown_by: str, day: date, at: datetime) -> None:
    """Keep a list as it was shown by the "session" or the "digest" on the reader's local day."""
    store.add_shortlist(
        listed.papers,
        shown_by=shown_by,
        day=day,
        at=at,
        state=listed.state,
        announced=listed.announced,
        minutes=(listed.budget_s, listed.left_s),
        ranker=(listed.ranker, listed.ranker_version),
        left_out=len(listed.left_out),
    )


def _days(store: Store, today: date, shown_by: str) -> list[date]:
    """The newest announcement and those since the last list of an earlier day, newest first, at most five."""
    days = store.announcement_days()[:DAYS]
    last = store.last_shown(shown_by, today)
    return [day for day in days if last and day > last] or days[:1]


def _rankings(store: Store, focus: Iterable[Profile], ranker: str, days: Iterable[date]) -> dict[str, list[Ranking]]:
    days = list(days)
    found = {profile.name: [store.ranking(profile.name, ranker, day) for day in days] for profile in focus}
    return {name: [one for one in rankings if one] for name, rankings in found.items()}


def _stale(profile: Profile, rankings: Sequence[Ranking]) -> bool:
    """Whether the profile was edited since it was ranked, or was never ranked."""
    return not rankings or any(ranking.fingerprint != profile.fingerprint for ranking in rankings)


def _open(rankings: Sequence[Ranking], judged: set[str]) -> list[ScoredPaper]:
    """Papers of all days without a verdict yet, best first, each once."""
    papers = {one.paper.id: one for ranking in reversed(rankings) for one in ranking.papers}
    return sorted(
        (one for name, one in papers.items() if name not in judged), key=lambda one: (-one.score, one.paper.id)
    )


def _worth(rankings: Sequence[Ranking]) -> dict[str, float]:
    return {name: chance for ranking in reversed(rankings) for name, chance in ranking.worth.items()}


def _limits(profile: Profile, ranker: str) -> Limits:
    """What the profile asks of its list; a baseline's chances are places, which no threshold means anything for."""
    wanted = rank.THRESHOLD if profile.threshold is None else profile.threshold
    return Limits(profile.max_items, wanted if ranker == rank.DEFAULT else 0.0, profile.shares)


def _state(store: Store, any_focus: bool, any_pick: bool) -> State:
    """What the last run says of arXiv's side, and where that was fine, whether anything is worth a coffee.

    A paper that is worth it and does not fit the minutes that are left is no reason to say that nothing is.
    """
    run = store.last_run()
    if run is None:
        return "ready" if any_pick else "failed"
    if run.state in ("quiet", "stale", "failed"):
        return cast("State", run.state)
    if any_focus:
        return "partial" if run.state == "partial" else "ready"
    return "nothing-worth-it"


def _missing(store: Store, categories: Iterable[str]) -> dict[str, str]:
    """The reason for each category that the last run could not read whole."""
    run = store.last_run()
    states = run.categories if run else {}
    told = {name: states.get(name, ("failed", "never fetched: triage fetch")) for name in categories}
    return {name: reason or state for name, (state, reason) in told.items() if state not in ("announced", "quiet")}


def _notes(focus: Sequence[Profile], found: dict[str, list[Ranking]]) -> tuple[str, ...]:
    notes = [ranking.note for rankings in found.values() for ranking in rankings[:1] if ranking.note]
    edited = [one.name for one in focus if found.get(one.name) and _stale(one, found[one.name])]
    notes += [f"{name} was edited and is being ranked again" for name in edited]
    return tuple(dict.fromkeys(notes))
