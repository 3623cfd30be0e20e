"""The reader's own pace, learnt from how long papers were looked at: a robust estimate, shrunk towards the priors."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter
from statistics import median

from triage.paper import Dwell, Estimate, Level

SETTLE_S = 2.0
"""Time to settle on an abstract before reading it, in seconds (assumption)."""

BAIL_S_PER_WORD = 60 / 1000
"""Faster than 1000 words a minute nobody reads: the abstract was given up, which is counted and not learnt from."""

HUBER = 1.345
"""Huber's constant in units of the spread: 95 % efficiency on a normal sample (Huber 1964, Ann. Math. Stat. 35)."""

BAND = 1.28
"""Normal quantile of a central band of 80 %."""

ENOUGH = 10
"""From so many observations on a band is named, and a session can be told from the reader's usual pace."""

SKIM_LOG = 1.0
"""A session whose median pace lies so far below the usual one (a factor of e) was scanned: it teaches nothing."""

TRIM_SD = 2.5
"""Slower than the prior by so many standard deviations (of people and of moments together) is idling, not reading."""

BAILS = (2.0, 6.0)
"""Beta prior of giving an abstract up early: a quarter (assumption; that it is normal: Duggan & Payne, CHI 2011)."""

OPENS = (1.0, 9.0)
"""Beta prior of opening a paper that was shown: a tenth (assumption)."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What holds for everybody at one level: median seconds a unit, log-sd between people and within a person.

    A unit is a word of the abstract, or the whole row or paper; `settle_s` comes before the first one.
    """

    unit_s: float
    between: float
    within: float
    settle_s: float = 0.0

    @property
    def slowest(self) -> float:
        """Log seconds a unit above which somebody was away."""
        return math.log(self.unit_s) + TRIM_SD * math.hypot(self.between, self.within)

    @property
    def fastest(self) -> float:
        """Log seconds a unit below which nothing was read: only passed, or given up."""
        return math.log(BAIL_S_PER_WORD) if self.settle_s else 2 * math.log(self.unit_s) - self.slowest


PRIORS: Mapping[Level, Prior] = {
    0: Prior(3.0, 0.5, 0.6),
    1: Prior(0.30, 0.35, 0.45, SETTLE_S),
    2: Prior(7 * 60.0, 0.4, 0.5),
}
"""By level. Rows: assumption. Abstracts: technical text at 200 words a minute (assumption), below the 238 of silent
reading of English non-fiction (Brysbaert 2019, JML 109:104047). First pass: five to ten minutes (Keshav 2007, SIGCOMM
CCR 37(3)). The spreads are assumptions."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Log seconds a unit at one level: the estimate, its variance, and how many looks it was learnt from."""

    prior: Prior
    log_unit: float
    variance: float
    n: int = 0

    def median(self, units: float = 1.0) -> float:
        """Median seconds for so many units."""
        return self.prior.settle_s + units * math.exp(self.log_unit)

    def mean(self, units: float = 1.0) -> float:
        """Mean seconds: that of a log-normal lies above its median by exp(sd² / 2)."""
        return self.prior.settle_s + units * math.exp(self.log_unit + self.prior.within**2 / 2)

    def estimate(self, units: float = 1.0) -> Estimate:
        """The median, with the 80 % band once enough is known."""
        if self.n < ENOUGH:
            return Estimate(self.median(units))
        half = BAND * math.sqrt(self.prior.within**2 + self.variance)
        low, high = (self.prior.settle_s + units * math.exp(self.log_unit + side) for side in (-half, half))
        return Estimate(self.median(units), low, high)


@dataclass(frozen=True)
class Reader:
    """What is known of one reader: a pace for each level, and how often papers are given up and opened, by decile.

    `counts` maps a decile to (looks, bails, opens).
    """

    paces: Mapping[Level, Pace]
    counts: Mapping[int, tuple[int, int, int]] = field(default_factory=dict)

    def bail_chance(self, decile: int) -> float:
        """Chance that an abstract of the decile is given up early: the mean of the Beta posterior."""
        looks, bails, _ = self.counts.get(decile, (0, 0, 0))
        return (BAILS[0] + bails) / (sum(BAILS) + looks)

    def open_chance(self, decile: int) -> float:
        """Chance that a shown paper of the decile is opened: the mean of the Beta posterior."""
        looks, _, opens = self.counts.get(decile, (0, 0, 0))
        return (OPENS[0] + opens) / (sum(OPENS) + looks)


ENGLISH: Mapping[str, float] = {"native": 1.0, "fluent": 1.2, "good": 1.5, "basic": 1.9}
"""How much longer a word is expected to take by how well English is read (assumption)."""


def unknown_reader() -> Reader:
    """A reader of whom nothing is known: the priors alone."""
    return learn([])


def learn(looks: Sequence[Dwell], *, english: str = "native") -> Reader:
    """The reader's pace and habits from their looks, in any order.

    `english` is a name of `ENGLISH`; it moves what is expected of an abstract before enough looks tell more.

    Only the first exposure to a paper says something about pace: a second look reads less. What was cut for idleness,
    what was opened elsewhere meanwhile, bails and impossibly slow looks are dropped, and so is every session that was
    scanned rather than read.
    """
    first = sorted((look for look in looks if look.exposure == 1), key=attrgetter("session", "shown_at"))
    priors = {**PRIORS, 1: replace(PRIORS[1], unit_s=ENGLISH[english] * PRIORS[1].unit_s)}
    paces = {level: _pace(prior, [look for look in first if look.level == level]) for level, prior in priors.items()}
    return Reader(paces, _counts(look for look in first if look.level == 1))


def log_pace(look: Dwell) -> float:
    """Log seconds a unit of one look; minus infinity where it ended before reading began."""
    seconds = look.active_s - PRIORS[look.level].settle_s
    units = look.words if look.level == 1 else 1
    return math.log(seconds / units) if seconds > 0 and units > 0 else -math.inf


def bailed(look: Dwell) -> bool:
    """Whether an abstract was given up rather than read."""
    return look.level == 1 and log_pace(look) < PRIORS[1].fastest


def huber(values: Sequence[float], spread: float) -> float:
    """Huber's M-estimate of location with a known spread, by iteratively reweighted means from the median on.

    Raises:
        ValueError: there are no values.
    """
    middle, limit = median(values), HUBER * spread
    for _ in range(50):
        weights = [min(1.0, limit / max(abs(value - middle), 1e-12)) for value in values]
        better = sum(map(math.prod, zip(weights, values, strict=True))) / sum(weights)
        if abs(better - middle) < 1e-9:
            break
        middle = better
    return better


def _pace(prior: Prior, looks: Iterable[Dwell]) -> Pace:
    """Go through the sessions in their order; one that was scanned adds nothing."""
    values = list[float]()
    for _, session in groupby(looks, key=attrgetter("session")):
        fresh = [log_pace(look) for look in session if _counts_for_pace(look, prior)]
        if fresh and not (len(values) >= ENOUGH and median(fresh) < median(values) - SKIM_LOG):
            values += fresh
    return _posterior(prior, values)


def _counts_for_pace(look: Dwell, prior: Prior) -> bool:
    outside = look.idle_cut or (look.away and look.level < 2)
    return not outside and prior.fastest <= log_pace(look) <= prior.slowest


def _posterior(prior: Prior, values: Sequence[float]) -> Pace:
    """Shrink the robust location towards the prior: n·tau² / (n·tau² + sigma²) of it is the reader's own."""
    n, known = len(values), math.log(prior.unit_s)
    between, within = prior.between**2, prior.within**2
    share = n * between / (n * between + within)
    log_unit = share * huber(values, prior.within) + (1 - share) * known if n else known
    return Pace(prior, log_unit, 1 / (n / within + 1 / between), n)


def _counts(looks: Iterable[Dwell]) -> dict[int, tuple[int, int, int]]:
    shown, given_up, opened = Counter[int](), Counter[int](), Counter[int]()
    for look in looks:
        shown[look.decile] += 1
        given_up[look.decile] += bailed(look)
        opened[look.decile] += look.away
    return {decile: (shown[decile], given_up[decile], opened[decile]) for decile in shown}
