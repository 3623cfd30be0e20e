"""How often the product is wrong about itself: simulated readers through the real store, forty coffees each.

    python tests/benchmarks/truth.py [--readers N] [--coffees N]

Prints, for a sabotaged ranker, after how many sessions it was replaced; for one that is better than the baseline, and
for one that is exactly as good, how often it was replaced by mistake; for trials of unequal and of equal rankers, how
often a winner was named; and for unchanged and changed feeds, how many readers ever saw the drift alarm.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from reader import GOOD, SABOTAGED, Reader

from triage.evaluate import report
from triage.pipeline import replays
from triage.store import Store

EQUAL = {**GOOD, "tfidf-svm": GOOD["fusion"]}
WORSE = {**GOOD, "tfidf-svm": None}


def lived(noise: dict[str, float | None], seed: int, coffees: int, **told: object) -> tuple[Reader, str]:
    """One reader, and the winner of the trial if there was one."""
    with closing(Store()) as store:
        reader = Reader(store, noise, seed=seed, **told)  # type: ignore[arg-type]
        reader.live(coffees)
        trials = report(replays(store), ("fusion", "tfidf-svm"), "fusion", "fusion").trials if reader.against else ()
        return reader, trials[0].winner if trials else ""


def main() -> None:
    """Run every case and print one line each."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--readers", type=int, default=50)
    asked.add_argument("--coffees", type=int, default=40)
    given = asked.parse_args()
    n, coffees = given.readers, given.coffees
    for name, noise in (("sabotaged", SABOTAGED), ("better than the baseline", GOOD), ("exactly as good", EQUAL)):
        readers = [lived(noise, seed, coffees)[0] for seed in range(n)]
        after = sorted(one.deployed.index("tfidf-svm") for one in readers if "tfidf-svm" in one.deployed)
        when = f", after {after[0]} to {after[-1]} sessions, median {statistics.median(after):g}" if after else ""
        alarms = sum(any(one.alarms) for one in readers)
        print(f"{name}: replaced for {len(after)} of {n} readers{when}; drift alarm for {alarms}", flush=True)
    for name, noise in (("fusion better", WORSE), ("a tie", EQUAL)):
        winners = [lived(noise, seed, coffees, against="tfidf-svm")[1] for seed in range(n)]
        print(f"trial, {name}: fusion named {winners.count('fusion')}, tfidf-svm {winners.count('tfidf-svm')} of {n}")
    changed = [lived(GOOD, seed, coffees, shift_from=coffees - 10)[0] for seed in range(n)]
    seen = sum(any(one.alarms[coffees - 10 :]) for one in changed)
    early = sum(any(one.alarms[: coffees - 10]) for one in changed)
    print(f"feed changed ten coffees before the end: alarm for {seen} of {n} readers, before the change for {early}")


if __name__ == "__main__":
    main()
