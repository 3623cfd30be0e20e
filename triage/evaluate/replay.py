"""The reader's own days once more: how every ranker would have done on what was shown and judged."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from triage.evaluate.intervals import Z95, Outcome, share
from triage.paper import Interval

if TYPE_CHECKING:
    from triage.paper import Slot

CHANCE = "random"
"""The ranker whose precision is that of the whole pool."""


@dataclass(frozen=True, slots=True)
class Pick:
    """One paper as it was first shown; `positive` is None while the reader said nothing about it.

    `chance` is the probability with which an explore pick was drawn, `probability` the prior chance of a keep that the
    list was made by, `picked_by` the ranker that a trial owes it to.
    """

    paper: str
    slot: Slot
    positive: bool | None
    chance: float = 1.0
    probability: float | None = None
    picked_by: str = ""


@dataclass(frozen=True, slots=True)
class Replay:
    """What one coffee showed of one announcement for one profile, beside what every ranker had said of it by then.

    `orders` gives each ranker's identifiers, best first. They were stored before the first verdict on the announcement,
    so no ranker knew an answer; rankers that had not ranked by then are absent.
    """

    coffee: date
    announced: date
    profile: str
    ranker: str
    picks: tuple[Pick, ...]
    orders: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def focus(self) -> set[str]:
        """The papers that were shown as focus picks."""
        return {pick.paper for pick in self.picks if pick.slot == "focus"}

    @property
    def trial(self) -> bool:
        """Whether two rankers shared the list: then nobody's precision can be read off it."""
        return any(pick.picked_by for pick in self.picks)

    @property
    def verdicts(self) -> int:
        """How many of its papers were judged."""
        return sum(pick.positive is not None for pick in self.picks)


def slot_precision(replays: Iterable[Replay], slot: Slot) -> Interval:
    """Share of a slot's judged papers that were kept or opened, each counted once, whatever its chance."""
    return share(
        Outcome(replay.coffee, pick.positive)
        for replay in replays
        for pick in replay.picks
        if pick.slot == slot and pick.positive is not None
    )


def ranker_precision(replays: Iterable[Replay], ranker: str, k: int | None = None, z: float = Z95) -> Interval:
    """Precision of a ranker's best k papers of each day; k is the number of focus picks shown when None.

    Only judged papers count. Focus picks were shown for certain and weigh one; what the deployed ranker did not choose
    is known only where it was drawn as an explore pick, and weighs one over the chance of that draw. That is Horvitz
    and Thompson's estimate (1952) in Hájek's form, the same for the deployed ranker and for a baseline, and neither is
    favoured by having chosen the list; a baseline's interval is wide as long as little of what it alone would have
    shown was drawn. Adjacent picks count for nobody: they were chosen near the threshold. Days of a trial are left out.
    """
    return share((one for replay in replays if not replay.trial for one in outcomes(replay, ranker, k)), z)


def outcomes(replay: Replay, ranker: str, k: int | None = None) -> Iterator[Outcome]:
    """What is known of a ranker's best k papers of one day."""
    best = _best(replay, ranker, k)
    for pick in replay.picks:
        if pick.positive is not None and pick.slot != "adjacent" and pick.paper in best:
            yield Outcome(replay.coffee, pick.positive, 1 / pick.chance)


def _best(replay: Replay, ranker: str, k: int | None) -> Collection[str]:
    """A ranker's first k; for `random` the whole pool, which is its mean over all that it could have drawn."""
    if ranker == CHANCE:
        return {pick.paper for pick in replay.picks}
    if ranker == replay.ranker and k is None:
        return replay.focus
    return set(replay.orders.get(ranker, ())[: len(replay.focus) if k is None else k])


def comparable(replays: Iterable[Replay], rankers: Collection[str]) -> list[Replay]:
    """The days on which every ranker had ranked before the reader judged, and no trial was on."""
    return [replay for replay in replays if not replay.trial and set(rankers) <= replay.orders.keys()]


def recall(replays: Iterable[Replay]) -> Interval:
    """Share of what was worth reading that the focus picks held, on the days that had a list.

    What was missed is the number of papers left out times the weighted share of kept explore picks; its interval gives
    the recall's. `n` counts the judged explore picks. Value is None without any, or where nothing was worth reading.
    """
    days = [one for one in replays if one.verdicts and not one.trial and one.ranker in one.orders]
    rest = share(
        Outcome(replay.coffee, pick.positive, 1 / pick.chance)
        for replay in days
        for pick in replay.picks
        if pick.slot == "explore" and pick.positive is not None
    )
    focus = slot_precision(days, "focus")
    held = (focus.value or 0.0) * sum(len(replay.focus) for replay in days)
    left_out = sum(len(replay.orders[replay.ranker]) - len(replay.focus) for replay in days)
    if rest.value is None or not held + left_out * rest.value:
        return Interval(None, 0.0, 1.0, rest.n, rest.effective)
    low, value, high = (
        held / (held + left_out * missed) if held else 0.0 for missed in (rest.high, rest.value, rest.low)
    )
    return Interval(value, low, high, rest.n, rest.effective)
