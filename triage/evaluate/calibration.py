"""Whether the chances came true on the reader's own verdicts: reliability and Brier score."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.evaluate.intervals import Outcome, share
from triage.paper import ENOUGH
from triage.rank import Judged, foretell

if TYPE_CHECKING:
    from triage.evaluate.replay import Replay
    from triage.paper import Interval

EDGES = (0.1, 0.2, 0.4, 0.6)
"""Where the bins part; finer at the bottom, where a narrow focus has nearly all of its papers (choice)."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Judged papers with about the same chance: the mean of what was promised, and the share that came true."""

    promised: float
    kept: Interval


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the chances did on `n` judged papers.

    `brier` is the mean squared difference of chance and outcome (Brier 1950); `guess` is what the plain share of kept
    papers would have scored for everything, so a useful chance lies below it. Both are None without a verdict.
    """

    n: int
    brier: float | None
    guess: float | None
    bins: tuple[Bin, ...]

    @property
    def told(self) -> bool:
        """Whether there is enough behind it to be said."""
        return self.n >= ENOUGH


def calibration(replays: Iterable[Replay], ranker: str) -> Calibration:
    """Compare the chances of a ranker's own lists with what became of the papers; all slots, since chances are theirs.

    Each session is held out: its chances are the prior as the verdicts of earlier sessions on the profile moved it.
    Verdicts exist only for what was shown, so this says nothing of papers far below the threshold.
    """
    judged: dict[str, list[Judged]] = {}
    for replay in replays:
        judged.setdefault(replay.profile, []).extend(
            Judged(replay.coffee, pick.probability, pick.positive)
            for pick in replay.picks
            if replay.ranker == ranker and pick.positive is not None and pick.probability is not None
        )
    found = [(one.chance, Outcome(one.session, one.wanted)) for known in judged.values() for one in foretell(known)]
    if not found:
        return Calibration(0, None, None, ())
    n = len(found)
    base = sum(one.positive for _, one in found) / n
    groups: dict[int, list[tuple[float, Outcome]]] = {}
    for chance, one in sorted(found, key=lambda pair: pair[0]):
        groups.setdefault(sum(chance >= edge for edge in EDGES), []).append((chance, one))
    bins = tuple(
        Bin(sum(chance for chance, _ in group) / len(group), share(one for _, one in group))
        for group in groups.values()
    )
    return Calibration(n, sum((chance - one.positive) ** 2 for chance, one in found) / n, base * (1 - base), bins)
