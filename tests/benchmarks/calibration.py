"""Refit the prior calibration of `triage.rank.calibration` from a runs file, and say how good it is.

    python tests/benchmarks/calibration.py --bench DIR --runs OUT.tsv

OUT.tsv is what `ranking.py` wrote for the fusion ranker. Prints, by number of liked papers: the intercept and slope
fitted on all narrow lists; then, with each list judged by a fit on the others, what thresholds would show of an
unconditional top five (precision as a multiple of the top five's, share of its hits kept, papers shown a day and on
days that hold nothing) and the reliability (mean chance told, share that came true) by tenths of what was told.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.rank.calibration import THRESHOLD, compress

if TYPE_CHECKING:
    from numpy.typing import NDArray

BUCKETS = (("0",), ("1",), ("3",), ("5",), ("10",), ("20", "all"))
FEWEST_A_DAY = 50
TOP = 5


@dataclass(frozen=True)
class Day:
    """One ranked day of one task, best first: scores, and which of the papers were wanted."""

    profile: str
    scores: NDArray[np.float64]
    wanted: NDArray[np.bool_]


def read_days(folder: Path, runs: Path) -> dict[str, list[Day]]:
    """Read the ranked days of the narrow lists by number of liked papers."""
    profiles = {p["name"]: p for p in json.loads((folder / "profiles.json").read_text()) if p["family"] == "list"}
    candidates = json.loads((folder / "candidates.json").read_text())
    found: dict[str, list[Day]] = defaultdict(list)
    for task, scores in _tasks(runs):
        name, _, rest = task.partition("@")
        if name in profiles:
            found[rest.partition("#")[0]] += _days(profiles[name], candidates, scores)
    return found


def _tasks(runs: Path) -> Iterable[tuple[str, dict[str, float]]]:
    """Yield each task's scores; a runs file holds every paper of several hundred tasks."""
    scores: dict[str, dict[str, float]] = defaultdict(dict)
    with runs.open(encoding="utf-8") as lines:
        for line in lines:
            task, paper, score = line.rstrip("\n").split("\t")
            scores[task][paper] = float(score)
    return scores.items()


def _days(profile: dict[str, Any], candidates: dict[str, Any], scores: dict[str, float]) -> list[Day]:
    relevant = {entry["id"] for entry in profile["relevant"]}
    days = []
    for day, ids in sorted(candidates[profile["pool"]].items()):
        if profile["window_start"] <= day <= profile["window_end"] and len(ids) >= FEWEST_A_DAY:
            ranked = sorted(ids, key=lambda paper: (-scores[paper], paper))
            values, wanted = [scores[paper] for paper in ranked], [paper in relevant for paper in ranked]
            days.append(Day(profile["name"], np.array(values), np.array(wanted)))
    return days


def fit(days: list[Day]) -> tuple[float, float]:
    """Intercept and slope of the chance by score, all papers weighing the same."""
    from sklearn.linear_model import LogisticRegression

    scores, wanted = np.concatenate([day.scores for day in days]), np.concatenate([day.wanted for day in days])
    model = LogisticRegression(C=1e6, max_iter=1000).fit(compress(scores)[:, None], wanted)
    return float(model.intercept_[0]), float(model.coef_[0, 0])


def chances_left_out(days: list[Day]) -> list[NDArray[np.float64]]:
    """Chance of every paper by a fit that has not seen its list."""
    fits = {name: fit([day for day in days if day.profile != name]) for name in {day.profile for day in days}}
    return [1 / (1 + np.exp(-(fits[day.profile][0] + fits[day.profile][1] * compress(day.scores)))) for day in days]


def shown(days: list[Day], chances: list[NDArray[np.float64]], threshold: float) -> tuple[float, float, float, float]:
    """Lift over the top five's precision, share of its hits kept, shown a day, shown on a day that holds nothing."""
    picks = np.stack([chance[:TOP] >= threshold for chance in chances])
    hits = np.stack([day.wanted[:TOP] for day in days])
    empty = np.array([not day.wanted.any() for day in days])
    kept = (picks & hits).sum()
    return kept / picks.sum() / hits.mean(), kept / hits.sum(), picks.sum() / len(days), picks[empty].sum(1).mean()


def report(label: str, days: list[Day]) -> None:
    """Print one bucket."""
    chances = chances_left_out(days)
    print(f"\nliked {label}: intercept {fit(days)[0]:.3f} slope {fit(days)[1]:.4f}; the rest over lists left out")
    for threshold in sorted({0.03, 0.04, 0.05, THRESHOLD, 0.06, 0.07, 0.08, 0.1}):
        lift, kept, a_day, empty = shown(days, chances, threshold)
        print(f"  at {threshold:.2f}: {lift:.2f}x, keeps {kept:.2f}, {a_day:.2f} a day, {empty:.2f} on empty days")
    told, came = np.concatenate([c[:TOP] for c in chances]), np.concatenate([day.wanted[:TOP] for day in days])
    tenths = np.array_split(np.argsort(told), 10)
    print("  told/came true, top five, by tenths:", *(f"{told[t].mean():.2f}/{came[t].mean():.2f}" for t in tenths))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True, metavar="DIR")
    parser.add_argument("--runs", type=Path, required=True, metavar="OUT.tsv")
    args = parser.parse_args()
    found = read_days(args.bench, args.runs)
    for bucket in BUCKETS:
        report(" and ".join(bucket), [day for size in bucket for day in found[size]])


if __name__ == "__main__":
    main()
