"""The prior chance moved to the reader's own verdicts, and told as a number only once it has come true for them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

SPREAD = 0.9
"""Deviation, in log odds, of how far one focus lies from the prior: what is left between the benchmark's lists."""

FARTHEST = SPREAD / 2
"""What decides is moved no farther, however many verdicts there are (choice: a factor of 1.6 in the odds).

Otherwise who never dismisses would be shown everything, and who dismisses all would be shown nothing ever after: no
better day and no better ranker could be told. With the simulated reader of the tests a useless ranker is found out
after 10 to 37 coffees (39 of 40 readers, one after 53), moved twice as far after 11 to 29 (5 readers), without a bound
not within 60 (3 readers). The number that is told is moved freely: it may lie below the threshold that its paper has
passed."""

ENOUGH = 50
"""Verdicts that must have been foretold before a chance is shown: the standard error of a share is then about 0.06."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One paper that was shown and judged: the session, its prior chance (0 … 1), and whether it was kept or opened.

    A paper dismissed is not wanted; one merely shown, or never reached, is no `Judged` at all.
    """

    session: date
    prior: float
    wanted: bool


@dataclass(frozen=True, slots=True)
class Foretold:
    """What was said of one paper by the verdicts of earlier sessions alone, and whether it came true."""

    session: date
    chance: float
    wanted: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far one reader's verdicts moved the prior of one focus, in log odds, and how well that foretold others.

    `n` counts the verdicts foretold by those of earlier sessions; `told` is the mean chance they were given and
    `came` the share that came true, both None without any.
    """

    shift: float = 0.0
    n: int = 0
    told: float | None = None
    came: float | None = None
    checked: bool = False

    def moved(self, prior: float) -> float:
        """The chance by which a paper is chosen, from the first verdict on."""
        return _chance(prior, max(-FARTHEST, min(FARTHEST, self.shift)))

    def shown(self, prior: float) -> float | None:
        """The chance by the reader's own measure where it may be told as a number, else None."""
        return _chance(prior, self.shift) if self.checked else None

    @property
    def standing(self) -> str:
        """How far the checking has come, in a few words."""
        if self.checked:
            return f"calibrated on {self.n} verdicts"
        if self.n < ENOUGH or self.told is None or self.came is None:
            return f"not calibrated yet (n = {self.n})"
        return f"not calibrated (n = {self.n}: told {self.told:.2f}, came true {self.came:.2f})"


def learn(judged: Iterable[Judged]) -> Calibration:
    """Move the prior to the verdicts on one focus, and check it on held-out sessions.

    The shift is the mode of its posterior, with a normal prior of mean 0 and deviation `SPREAD`. Each session is
    foretold by the ones before it; the chance is told once `ENOUGH` verdicts were, and while the share that came true
    lies within two standard errors of the mean chance.
    """
    known = sorted(judged, key=lambda one: one.session)
    ahead = foretell(known)
    shift = _shift(known)
    if not ahead:
        return Calibration(shift)
    told, came = _mean(one.chance for one in ahead), _mean(float(one.wanted) for one in ahead)
    error = math.sqrt(sum(one.chance * (1 - one.chance) for one in ahead)) / len(ahead)
    return Calibration(shift, len(ahead), told, came, len(ahead) >= ENOUGH and abs(told - came) <= 2 * error)


def foretell(judged: Iterable[Judged]) -> list[Foretold]:
    """Give every verdict the chance that the verdicts of earlier sessions would have told, oldest first.

    The first session has none before it: the prior itself foretold it.
    """
    known: list[Judged] = []
    ahead: list[Foretold] = []
    for _, session in groupby(sorted(judged, key=lambda one: one.session), key=lambda one: one.session):
        shift, today = _shift(known), list(session)
        ahead += [Foretold(one.session, _chance(one.prior, shift), one.wanted) for one in today]
        known += today
    return ahead


def _shift(judged: Sequence[Judged]) -> float:
    """Newton's steps on the log posterior of the shift, which is concave."""
    shift = 0.0
    for _ in range(50 if judged else 0):
        chances = [_chance(one.prior, shift) for one in judged]
        slope = sum(one.wanted - chance for one, chance in zip(judged, chances, strict=True)) - shift / SPREAD**2
        bend = sum(chance * (1 - chance) for chance in chances) + 1 / SPREAD**2
        step = max(-1.0, min(1.0, slope / bend))
        shift += step
        if abs(step) < 1e-9:
            break
    return shift


def _chance(prior: float, shift: float) -> float:
    """Shift a chance by log odds; 0 and 1 stay what they are."""
    if not 0 < prior < 1:
        return prior
    return 1 / (1 + math.exp(-(math.log(prior / (1 - prior)) + shift)))


def _mean(values: Iterable[float]) -> float:
    told = list(values)
    return math.fsum(told) / len(told)
