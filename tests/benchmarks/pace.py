"""How fast each estimator of a reading pace learns, on invented readers drawn from the priors.

python tests/benchmarks/pace.py [--readers 3000] prints the median absolute log error of the pace after n looks. One
look in four is given up, one in twelve has an idle tail: what a shown paper really meets. It tells that the estimator
works where the assumptions hold, not that they hold.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import fmean, median

from triage.budget.pace import PRIORS, huber, learn, log_pace
from triage.paper import Dwell

COUNTS = (3, 5, 10, 20, 50, 100)
P_BAIL, P_IDLE, IDLE_S = 0.25, 0.08, 400.0
FIXED = math.log(60 / 238)
"""238 words a minute, silent reading (Brysbaert 2019)."""

_PRIOR = PRIORS[1]
_BEGAN = datetime(2026, 11, 20, 7, tzinfo=UTC)


def reader(rng: Random, looks: int) -> tuple[float, list[Dwell]]:
    """One invented reader: the true log pace, and as many first looks, twelve to a session."""
    pace = rng.gauss(math.log(_PRIOR.unit_s), _PRIOR.between)
    return pace, [_look(rng, pace, number) for number in range(looks)]


def _look(rng: Random, pace: float, number: int) -> Dwell:
    words = round(min(400, max(30, rng.lognormvariate(math.log(170), 0.35))))
    seconds = _PRIOR.settle_s + words * math.exp(rng.gauss(pace, _PRIOR.within))
    chance = rng.random()
    if chance < P_BAIL:
        seconds = rng.lognormvariate(math.log(7), 0.6)
    elif chance < P_BAIL + P_IDLE:
        seconds += rng.expovariate(1 / IDLE_S)
    began = _BEGAN + timedelta(days=number // 12)
    return Dwell(f"9911.{number:05d}", began, began + timedelta(seconds=number), 1, words, seconds)


def _usable(looks: Sequence[Dwell]) -> list[float]:
    return [value for look in looks if (value := log_pace(look)) > -math.inf]


def _trimmed(looks: Sequence[Dwell]) -> float:
    kept = [value for value in _usable(looks) if math.log(0.06) <= value <= _PRIOR.slowest]
    return huber(kept, _PRIOR.within) if kept else math.log(_PRIOR.unit_s)


ESTIMATORS = {
    "fixed 238 words a minute": lambda looks: FIXED,
    "raw mean of seconds a word": lambda looks: math.log(fmean(look.active_s / look.words for look in looks)),
    "plain median": lambda looks: median(_usable(looks) or [math.log(_PRIOR.unit_s)]),
    "Huber and trimming": _trimmed,
    "Huber, trimming, shrinkage": lambda looks: learn(looks).paces[1].log_unit,
}


def table(readers: int, seed: int = 1) -> dict[str, dict[int, float]]:
    """Median absolute log error by estimator and number of looks."""
    rng = Random(seed)
    found: dict[str, dict[int, float]] = {name: {} for name in ESTIMATORS}
    for count in COUNTS:
        people = [reader(rng, count) for _ in range(readers)]
        for name, estimate in ESTIMATORS.items():
            found[name][count] = median(abs(estimate(looks) - pace) for pace, looks in people)
    return found


def coverage(readers: int, looks: int, seed: int = 2) -> float:
    """The share of attentive reads that fall into the band, where one is named after so many looks."""
    rng, inside = Random(seed), list[bool]()
    for _ in range(readers):
        pace, seen = reader(rng, looks)
        told = learn(seen).paces[1].estimate(170)
        real = _PRIOR.settle_s + 170 * math.exp(rng.gauss(pace, _PRIOR.within))
        if told.low is not None and told.high is not None:
            inside.append(told.low <= real <= told.high)
    return fmean(inside)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=3000)
    readers = parser.parse_args().readers
    print("| looks |", " | ".join(map(str, COUNTS)), "|")
    for name, errors in table(readers).items():
        print(f"| {name} |", " | ".join(f"{error:.2f}" for error in errors.values()), "|")
    print(f"80 % band after 20 looks holds {coverage(readers, 20):.0%} of attentive reads")


if __name__ == "__main__":
    main()
