"""Stored scores to the papers that fit one coffee; no network, and no model but for a profile that was edited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from triage import budget, fetch, rank
from triage.budget import Limits, Shortlist
from triage.pipeline import rivals
from triage.pipeline.calibration import calibrations
from triage.pipeline.met import Met, met_in_sessions
from triage.pipeline.order import DAYS
from triage.pipeline.progress import Progress, silent
from triage.pipeline.standing import arxiv_now, missing, overall, standing

if TYPE_CHECKING:
    from triage.embed import Encoder
    from triage.paper import ScoredPaper
    from triage.pipeline.standing import Side
    from triage.profile import Profile
    from triage.rank import Calibration
    from triage.store import Ranking, Store


DAY = timedelta(days=1)
RECENT = timedelta(days=14)
"""Announcements that were missed and not caught up are named for so long."""


def shortlist(
    store: Store,
    profiles: Profile | Sequence[Profile],
    *,
    minutes: float,
    now: datetime,
    left_s: float | None = None,
    today: date | None = None,
    ranker: str = rank.DEFAULT,
    against: str = "",
    types: Sequence[str] = ("new", "cross"),
    encoder: Encoder | None = None,
    fast: Encoder | None = None,
    met: Met | None = None,
    free: AbstractSet[date] | None = None,
    reader: budget.Reader | None = None,
    progress: Progress = silent,
) -> Shortlist:
    """Fit the newest announcement, and what was announced since the last coffee, to the minutes that are left.

    `profiles` are one focus, or all that share the coffee of `minutes`, of which `left_s` seconds are left (all of it
    when None). `now` is aware UTC, `today` the reader's local day (that of `now` when None). The scores of `ranker`
    decide; `against` is the other one of a trial, which picks in turns with it. `types` are the announcement types that
    are ranked. `encoder` and `fast` name the cached vectors, so that an edited profile is ranked anew; without them its
    kept order stays. `met` is what was met before, in the sessions when None, `free` are arXiv's holidays, the bundled
    ones when None, and `reader` is whose pace the minutes are planned with, as the stored looks tell it when None.
    `progress` is told where an edited profile is ranked anew.
    """
    focus = [profiles] if not isinstance(profiles, Sequence) else list(profiles)
    today = today or now.date()
    met = met or met_in_sessions(store, today, types)
    days = _days(store, met)
    found = _ranked(store, focus, (encoder, fast), (ranker, against), days, types, now, progress)
    left, (waiting, past) = minutes * 60 if left_s is None else left_s, _shared(store, today, days)
    measures, out = calibrations(store, found, ranker), past | _met(found, met.late)
    pace = reader or budget.learn(store.dwells())
    papers, left_out = _chosen(store, focus, found, (ranker, against), (left, pace), (waiting, out), measures)
    covers, sides, lacking = _read(store, focus, now, free)
    return Shortlist(
        state=overall(sides, lacking, any(one.slot == "focus" for one in (*papers, *left_out))),
        profiles=tuple(profile.name for profile in focus),
        announced=days[0] if days else None,
        covers=covers,
        missing=lacking,
        budget_s=minutes * 60,
        left_s=left,
        ranker=ranker,
        ranker_version=_version(ranker, found),
        papers=papers,
        left_out=left_out,
        calibration={name: measure.standing for name, measure in measures.items()},
        drift=_drifts(store, focus),
        parameters=_parameters(focus, against),
        notes=(*_notes(focus, found), *_ranked_by(store, ranker, against), *_backlog(store, days, met)),
        days=tuple(days),
    )


def _needed(ranker: str, against: str) -> list[str]:
    """The rankers that a list depends on."""
    return [name for name in rank.RANKERS if name in (rank.DEFAULT, ranker, against)]


def _read(
    store: Store, focus: Sequence[Profile], now: datetime, free: AbstractSet[date] | None
) -> tuple[dict[str, date], dict[str, Side], dict[str, str]]:
    """What was read of the profiles' categories: up to which day, how each stands, why one is not whole."""
    categories = list(dict.fromkeys(category for profile in focus for category in profile.categories))
    sides = standing(store, categories, fetch.expected_day(arxiv_now(store, now), free))
    covers = {name: when for name, when in store.confirmed(categories).items() if when}
    return covers, sides, missing(store, sides, now.date() - RECENT)


def _version(ranker: str, found: dict[str, list[Ranking]]) -> str:
    """The version that the newest scores were made by: it tells which encoders took part."""
    newest = [rankings[0].version for rankings in found.values() if rankings]
    return newest[0] if newest else rank.RANKERS[ranker].version


def _chosen(
    store: Store,
    focus: Sequence[Profile],
    found: dict[str, list[Ranking]],
    rankers: tuple[str, str],
    coffee: tuple[float, budget.Reader],
    shared: tuple[Mapping[str, str], AbstractSet[str]],
    measures: Mapping[str, Calibration],
) -> tuple[tuple[ScoredPaper, ...], tuple[ScoredPaper, ...]]:
    """Split what was ranked and not judged yet into the papers that fit and those left out.

    The prior chances decide as the reader's own verdicts moved them.
    """
    sources, out = shared
    judged, ranked, worth, others = store.judged() | out, {}, {}, {}
    seed = max((one.announced for rankings in found.values() for one in rankings), default=date.min).toordinal()
    for name, rankings in found.items():
        days = [ranking.announced for ranking in rankings]
        papers, chances = _papers(rankings), rivals.worth(store, rankings)
        if rankers[1]:
            papers, chances = rivals.drafted(store, papers, chances, rankers=rankers, days=days, seed=seed)
        ranked[name] = [one for one in papers if one.paper.id not in judged]
        worth[name], others[name] = chances, rivals.contender(store, name, rankers[0], days)
    chosen = budget.choose(
        ranked,
        worth={name: _moved(chances, measures[name]) for name, chances in worth.items()},
        limits={profile.name: _limits(profile) for profile in focus},
        left_s=coffee[0],
        seed=seed,
        reader=coffee[1],
        rivals=others,
    )
    told = partial(_told, worth=worth, measures=measures)
    picks, left_out = (tuple(told(_labelled(one, sources)) for one in some) for some in chosen)
    return picks, left_out


def _moved(chances: Mapping[str, float], measure: Calibration) -> dict[str, float]:
    return {identifier: measure.moved(chance) for identifier, chance in chances.items()}


def _told(
    scored: ScoredPaper, *, worth: Mapping[str, Mapping[str, float]], measures: Mapping[str, Calibration]
) -> ScoredPaper:
    """A paper with the prior chance that it was chosen by, and the number that may be told of it."""
    prior = worth[scored.profile].get(scored.paper.id)
    probability = None if prior is None else measures[scored.profile].shown(prior)
    return replace(scored, worth=prior, probability=probability)


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
        parameters=listed.parameters,
    )


def _days(store: Store, met: Met) -> list[date]:
    """The newest announcement, those since the last one that was met, and those with late papers; at most five.

    Newest first.
    """
    days = store.announcement_days(most=DAYS)
    fresh = [day for day in days if met.last and day > met.last] or days[:1]
    return [day for day in days if day in fresh or day in met.late]


def _met(found: Mapping[str, Sequence[Ranking]], late: Mapping[date, AbstractSet[str]]) -> set[str]:
    """Papers of announcements that were met before, where these are there again for their late papers alone."""
    ranked = [(one.announced, {scored.paper.id for scored in one.papers}) for some in found.values() for one in some]
    fresh = {paper for day, papers in ranked if day not in late for paper in papers}
    return {paper for day, papers in ranked if day in late for paper in papers - late[day]} - fresh


def _rankings(store: Store, focus: Iterable[Profile], ranker: str, days: Iterable[date]) -> dict[str, list[Ranking]]:
    days = list(days)
    found = {profile.name: [store.ranking(profile.name, ranker, day) for day in days] for profile in focus}
    return {name: [one for one in rankings if one] for name, rankings in found.items()}


def _stale(profile: Profile, rankings: Sequence[Ranking]) -> bool:
    """Whether the profile was edited since it was ranked, or was never ranked."""
    return not rankings or any(ranking.fingerprint != profile.fingerprint for ranking in rankings)


def _ranked(
    store: Store,
    focus: Sequence[Profile],
    encoders: tuple[Encoder | None, Encoder | None],
    rankers: tuple[str, str],
    days: Sequence[date],
    types: Sequence[str],
    now: datetime,
    progress: Progress,
) -> dict[str, list[Ranking]]:
    """The rankings of these days, made anew for the profiles that were edited since; without an encoder as they are."""
    from triage.pipeline.scoring import Scoring  # hardly ever needed

    found = _rankings(store, focus, rankers[0], days)
    edited = [profile for profile in focus if _stale(profile, found[profile.name])]
    if not (days and edited and any(encoders)):
        return found
    work = Scoring(store, edited, *encoders, types, now, progress)
    work.rank_anew(_needed(*rankers))
    return _rankings(store, focus, rankers[0], days)


def _papers(rankings: Sequence[Ranking]) -> list[ScoredPaper]:
    """Papers of all days, best first, each once."""
    papers = {one.paper.id: one for ranking in reversed(rankings) for one in ranking.papers}
    return sorted(papers.values(), key=lambda one: (-one.score, one.paper.id))


def _limits(profile: Profile) -> Limits:
    """What the profile asks of its list."""
    wanted = rank.THRESHOLD if profile.threshold is None else profile.threshold
    return Limits(profile.max_items, wanted, profile.shares)


def _parameters(focus: Iterable[Profile], against: str) -> dict[str, object]:
    """All that a list depends on beside ranker, minutes and announcement (which is the seed), to be kept with it."""
    profiles = {one.name: {"fingerprint": one.fingerprint, **asdict(_limits(one))} for one in focus}
    return {"profiles": profiles, "against": against}


def _drifts(store: Store, focus: Sequence[Profile]) -> str:
    """The alarms of the newest looks at the scores, with the profile's name where there are several."""
    found = {profile.name: store.drift_reason(profile.name) for profile in focus}
    return "; ".join(f"{name}: {reason}" if len(focus) > 1 else reason for name, reason in found.items() if reason)


def _ranked_by(store: Store, ranker: str, against: str) -> list[str]:
    """Say that a baseline stands in for the default ranker, or that two rankers share the list."""
    last = rivals.replacement(store, ranker)
    told = [f"{rivals.switched(last)}; [ranker] name pins a ranker"] if last else []
    if against:
        told.append(f"a trial: {ranker} and {against} share this list; triage evaluate tells how they do")
    return told


def _shared(store: Store, today: date, days: Sequence[date]) -> tuple[dict[str, str], set[str]]:
    """Where shared papers came from that compete today, and those that did so before and were not announced since."""
    waiting, ever = store.shared(today), store.sources()
    papers = store.papers(one for one in ever if one not in waiting)
    return {one: ever[one] for one in waiting}, {one for one, paper in papers.items() if paper.announced not in days}


def _labelled(scored: ScoredPaper, sources: Mapping[str, str]) -> ScoredPaper:
    """Say first that a paper was shared, or is only a new version of one, where the reader asked for those as well."""
    paper = scored.paper
    if paper.id in sources:
        return replace(scored, why=(f"shared ({sources[paper.id]})", *scored.why))
    if paper.announce_type not in ("replace", "replace-cross"):
        return scored
    return replace(scored, why=(f"replacement, version {paper.version}", *scored.why))


def _backlog(store: Store, days: Sequence[date], met: Met) -> list[str]:
    """Say that a list holds several announcements, and how many papers of older ones were never on any list."""
    if len(days) < 2:
        return []
    oldest = min(days)
    told = [f"{len(days)} announcements in one coffee, from {oldest:%a} {oldest.isoformat()} on"]
    last = met.last
    missed = store.announced(last + DAY, oldest - DAY, ("new", "cross")) if last and last + DAY < oldest else []
    expired = len(missed) + sum(len(papers) for day, papers in met.late.items() if day < oldest)
    return told + ([f"{expired} papers announced before that expired unread"] if expired else [])


def _notes(focus: Sequence[Profile], found: dict[str, list[Ranking]]) -> tuple[str, ...]:
    notes = [ranking.note for rankings in found.values() for ranking in rankings[:1] if ranking.note]
    edited = [one.name for one in focus if found.get(one.name) and _stale(one, found[one.name])]
    notes += [f"{name} was edited and is being ranked again" for name in edited]
    return tuple(dict.fromkeys(notes))
