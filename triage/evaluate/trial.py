"""A trial of two rankers in one shortlist: team-draft interleaving, and who won."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from triage.evaluate.intervals import Outcome, share

if TYPE_CHECKING:
    from triage.evaluate.replay import Replay
    from triage.paper import Interval

Z99 = 2.576
"""Standard normal quantile of a two-sided 99 % interval: a reader looks at a running trial again and again."""

LEAST_HITS = 10
"""Kept papers below which no winner is named (assumption)."""


@dataclass(frozen=True, slots=True)
class Trial:
    """How two rankers did side by side.

    `share` is that of `first` among the kept papers, with a 99 % interval; 0.5 is a tie. `shown` and `kept` count the
    judged focus picks by ranker. `winner` is empty unless the interval excludes the tie.
    """

    first: str
    second: str
    coffees: int
    share: Interval
    shown: Mapping[str, int]
    kept: Mapping[str, int]

    @property
    def winner(self) -> str:
        """The better ranker, once that is beyond doubt."""
        if self.share.n < LEAST_HITS or self.share.low <= 0.5 <= self.share.high:
            return ""
        return self.first if self.share.low > 0.5 else self.second


def team_draft(first: Sequence[str], second: Sequence[str], rng: Random) -> list[tuple[str, int]]:
    """Interleave two orders as two captains pick teams (Radlinski et al. 2008): (paper, 0 or 1 for who picked it).

    In each round a coin says who picks first, and each picks the best of its own order that is still free. Every paper
    comes once; where the orders agree, both teams get as many of the good places.
    """
    orders, places = (first, second), [0, 0]
    taken: set[str] = set()
    drafted: list[tuple[str, int]] = []
    while len(drafted) < len(set(first) | set(second)):
        for team in rng.sample((0, 1), 2):
            order = orders[team]
            while places[team] < len(order) and order[places[team]] in taken:
                places[team] += 1
            if places[team] < len(order):
                drafted.append((order[places[team]], team))
                taken.add(order[places[team]])
    return drafted


def trial(replays: Iterable[Replay], first: str, second: str) -> Trial:
    """Count the focus picks of the days on which these two rankers shared the list."""
    judged = [
        (replay.coffee, pick)
        for replay in replays
        for pick in replay.picks
        if pick.slot == "focus" and pick.positive is not None and pick.picked_by in (first, second)
    ]
    hits = [Outcome(coffee, pick.picked_by == first) for coffee, pick in judged if pick.positive]
    shown = {name: sum(pick.picked_by == name for _, pick in judged) for name in (first, second)}
    kept = {name: sum(pick.picked_by == name for _, pick in judged if pick.positive) for name in (first, second)}
    return Trial(first, second, len({coffee for coffee, _ in judged}), share(hits, Z99), shown, kept)
