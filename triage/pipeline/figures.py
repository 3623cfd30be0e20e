"""Minutes, kept papers, precision and drift over time: what `triage stats` shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from triage import evaluate, rank
from triage.pipeline import rivals
from triage.pipeline.progress import Progress, silent
from triage.pipeline.review import days_ranked, replays

if TYPE_CHECKING:
    from triage.evaluate import Replay, Week
    from triage.paper import Coffee, Interval, Review, Slot
    from triage.profile import Profile
    from triage.store import Store

COFFEES = 20
"""Coffees that are drawn: four weeks."""

ANNOUNCEMENTS = 60
"""Announcements that the weeks are counted over: a quarter of a year."""

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Slotted:
    """One slot over all coffees: papers shown, kept or opened, and the precision of those judged."""

    shown: int
    kept: int
    precision: Interval


@dataclass(frozen=True, slots=True)
class Statistics:
    """The reader's own figures; `kept` counts by coffee, `refills` and `pauses` those of the last seven days.

    `switched` is the review that put a baseline in the default ranker's place, None where none stands.
    """

    coffee: Coffee
    coffees: tuple[Coffee, ...]
    kept: Mapping[date, int]
    refills: int
    pauses: int
    slots: Mapping[Slot, Slotted]
    rival: str
    baseline: Slotted
    weeks: tuple[Week, ...]
    drift: str
    deployed: str
    switched: Review | None


def statistics(
    store: Store, profiles: Sequence[Profile], coffee: Coffee, *, ranker: str, progress: Progress = silent
) -> Statistics:
    """Count everything up to the day of `coffee`; the weeks add the profiles up."""
    found = replays(store, [profile.name for profile in profiles], progress=progress)
    rival = rivals.rival(ranker)
    days = [day for one in profiles for day in days_ranked(store, one, rank.DEFAULT, found, ANNOUNCEMENTS)]
    drifts = [f"{name}: {reason}" for name, reason in _drifts(store, profiles) if reason]
    return Statistics(
        coffee=coffee,
        coffees=tuple(store.coffees(COFFEES)),
        kept=_kept(found),
        refills=len(store.rations("refill", coffee.day - _WEEK)),
        pauses=len(store.rations("pause", coffee.day - _WEEK)),
        slots={slot: _slot(found, slot) for slot in evaluate.SLOTS},
        rival=rival,
        baseline=_baseline(found, ranker, rival),
        weeks=tuple(evaluate.weeks(days)),
        drift="; ".join(drifts if len(profiles) > 1 else [line.partition(": ")[2] for line in drifts]),
        deployed=ranker,
        switched=rivals.replacement(store, ranker),
    )


def _drifts(store: Store, profiles: Sequence[Profile]) -> list[tuple[str, str]]:
    return [(profile.name, store.drift_reason(profile.name)) for profile in profiles]


def _kept(found: Sequence[Replay]) -> dict[date, int]:
    kept: dict[date, int] = {}
    for replay in found:
        kept[replay.coffee] = kept.get(replay.coffee, 0) + sum(bool(pick.positive) for pick in replay.picks)
    return kept


def _slot(found: Sequence[Replay], slot: Slot) -> Slotted:
    picks = [pick for replay in found for pick in replay.picks if pick.slot == slot]
    return Slotted(len(picks), sum(bool(pick.positive) for pick in picks), evaluate.slot_precision(found, slot))


def _baseline(found: Sequence[Replay], ranker: str, rival: str) -> Slotted:
    """What the rival would have shown, as far as that is known."""
    days = evaluate.comparable([one for one in found if one.verdicts], (ranker, rival))
    known = [outcome for day in days for outcome in evaluate.outcomes(day, rival)]
    return Slotted(len(known), sum(one.positive for one in known), evaluate.share(known))
