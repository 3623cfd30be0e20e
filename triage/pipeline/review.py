"""Stored lists, scores and verdicts to what they say of the rankers; looked at again whenever a day was ranked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from triage import evaluate, rank
from triage.evaluate import Day, Drift, Pick, Replay
from triage.pipeline import rivals
from triage.pipeline.progress import Progress, silent

if TYPE_CHECKING:
    from triage.paper import Verdict
    from triage.profile import Profile
    from triage.store import Scored, Shown, Store

REVIEWED = timedelta(days=120)
"""How far a review looks back: more than forty coffees for a reader of every other morning, and no more work in the
second year than in the first."""

LOOKED_BACK = 25
"""Announcements that drift is looked for in: a week and the four before it."""


def replays(
    store: Store,
    profiles: Sequence[str] = (),
    *,
    orders: bool = True,
    since: date = date.min,
    progress: Progress = silent,
) -> list[Replay]:
    """The reader's own days, oldest first: what was shown, what became of it, and what every ranker had said.

    Without `orders` the rankers' part is left out, which is what takes time.
    """
    verdicts: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in store.standing():
        verdicts.setdefault((verdict.paper_id, verdict.profile), []).append(verdict)
    days: dict[tuple[date, date, str, str], list[Shown]] = {}
    for one in store.first_shown(profiles, since=since):
        days.setdefault((one.day, one.announced, one.profile, one.ranker), []).append(one)
    found: list[Replay] = []
    for shown in (days[one] for one in sorted(days)):
        progress("reading", "your coffees", len(found), len(days))
        found.append(_replay(store, shown, verdicts, orders))
    progress("reading", "your coffees", len(found), len(days))
    return found


def _replay(
    store: Store, shown: Sequence[Shown], verdicts: Mapping[tuple[str, str], list[Verdict]], ordered: bool
) -> Replay:
    """Put one announcement of one coffee together; orders are of no use where nothing was judged."""
    head = shown[0]
    said = {one.paper_id: _said(one, verdicts) for one in shown}
    first = min((verdict.at for some in said.values() for verdict in some), default=None)
    orders = store.orders(head.profile, head.announced, before=first) if first and ordered else {}
    worth = orders.get(head.ranker, {})
    picks = tuple(
        Pick(one.paper_id, one.slot, _positive(said[one.paper_id]), one.chance, worth.get(one.paper_id), one.picked_by)
        for one in shown
    )
    kept = {name: tuple(order) for name, order in orders.items()}
    return Replay(head.day, head.announced, head.profile, head.ranker, picks, kept)


def _said(shown: Shown, verdicts: Mapping[tuple[str, str], list[Verdict]]) -> list[Verdict]:
    """The verdicts on a paper for its profile, or for none in particular."""
    return [verdict for name in (shown.profile, "") for verdict in verdicts.get((shown.paper_id, name), ())]


def _positive(verdicts: Iterable[Verdict]) -> bool | None:
    """Keep and open are positive; the newest keep or dismiss decides, an open only where there is neither."""
    kinds = [verdict.kind for verdict in sorted(verdicts, key=lambda verdict: verdict.at)]
    decided = [kind for kind in kinds if kind != "open"] or kinds
    return decided[-1] != "dismiss" if decided else None


def days_ranked(store: Store, profile: Profile, ranker: str, found: Iterable[Replay], last: int) -> list[Day]:
    """The newest announcements of a profile as the ranker scored them, with what became of their focus picks."""
    threshold = rank.THRESHOLD if profile.threshold is None else profile.threshold
    judged: dict[date, list[bool]] = {}
    for replay in found:
        for pick in replay.picks if replay.profile == profile.name else ():
            if pick.slot == "focus" and pick.positive is not None:
                judged.setdefault(replay.announced, []).append(pick.positive)
    return [
        Day(one.announced, one.scores, _above(one, ranker, threshold), len(hits), sum(hits))
        for one in store.scores(profile.name, ranker, last)
        for hits in [judged.get(one.announced, [])]
    ]


def _above(day: Scored, ranker: str, threshold: float) -> int:
    """How many papers of a day lay above the threshold; no baseline has a scale for one."""
    return sum(chance >= threshold for chance in day.worth) if ranker == rank.DEFAULT else 0


def look_back(store: Store, profiles: Sequence[Profile], *, pinned: str, today: date, at: datetime) -> list[str]:
    """Review the rankers after the coffees before `today` and look for drift; notes where something changed.

    A coffee is reviewed once. A pinned ranker is looked at for drift only: nothing may replace it.
    """
    ranker, found = (
        rivals.deployed(store, pinned),
        [one for one in replays(store, since=today - REVIEWED) if one.coffee < today],
    )
    for profile in profiles:
        mine = [one for one in found if one.ranker == ranker]
        drift = evaluate.drift(days_ranked(store, profile, ranker, mine, LOOKED_BACK))
        _keep_drift(store, profile, drift, at)
    before, version = store.reviews(), rank.RANKERS[rank.DEFAULT].version
    new = evaluate.review(found, before, ranker=ranker, default=rank.DEFAULT, version=version)
    if pinned or new is None or (before and before[-1].coffee >= new.coffee):
        return []
    store.add_review(new, at=at)
    return [rivals.switched(new)] if new.switched else []


def _keep_drift(store: Store, profile: Profile, drift: Drift, at: datetime) -> None:
    newest = store.announcement_days(most=1)
    for day in newest:
        store.add_drift(profile.name, day, reason=drift.reason, psi=drift.psi, days=drift.days, at=at)
