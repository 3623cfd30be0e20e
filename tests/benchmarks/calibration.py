"""Refit the prior calibration of `triage.rank.calibration` from a runs file, and say how good it is.

    python tests/benchmarks/calibration.py --bench DIR --runs OUT.tsv

OUT.tsv, and OUT.tsv.scope beside it, are what `ranking.py` wrote for the fusion ranker. Prints, by number of liked
papers: the intercept and the slopes (score, reach, cohesion) fitted on the first fifty papers of each day of all narrow
lists, and how far single lists still lie from them; then, with each list judged by a fit on the others, what thresholds
would show of an unconditional top five (precision as a multiple of the top five's, share of its hits kept, papers shown
a day and on days that hold nothing), the Brier score and the reliability (mean chance told, share that came true) by
tenths of what was told.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.rank.calibration import THRESHOLD, compress

if TYPE_CHECKING:
    from numpy.typing import NDArray

BUCKETS = (("0",), ("1",), ("3",), ("5",), ("10",), ("20", "all"))
FEWEST_A_DAY = 50
TOP, DEPTH = 5, 50


@dataclass(frozen=True)
class Day:
    """One ranked day of one task, best first: what the chance is made of, (n, 3), and which papers were wanted."""

    profile: str
    inputs: NDArray[np.float64]
    wanted: NDArray[np.bool_]


def read_days(folder: Path, runs: Path) -> dict[str, list[Day]]:
    """Read the ranked days of the narrow lists by number of liked papers."""
    profiles = {p["name"]: p for p in json.loads((folder / "profiles.json").read_text()) if p["family"] == "list"}
    candidates = json.loads((folder / "candidates.json").read_text())
    scopes = read_scopes(runs.with_name(f"{runs.name}.scope"))
    found: dict[str, list[Day]] = defaultdict(list)
    for task, scores in _tasks(runs):
        name, _, rest = task.partition("@")
        if name in profiles:
            found[rest.partition("#")[0]] += _days(profiles[name], candidates, scores, scopes[task])
    return found


def read_scopes(path: Path) -> dict[str, tuple[float, float]]:
    """Reach and cohesion of each task, compressed; 0 where one is not known."""
    rows = (line.rstrip("\n").split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    known = {task: [0.0 if told == "None" else max(float(told), 0.0) for told in facts] for task, *facts in rows}
    return {task: (float(np.log1p(reach)), float(np.log1p(cohesion))) for task, (reach, cohesion) in known.items()}


def _tasks(runs: Path) -> Iterable[tuple[str, dict[str, float]]]:
    """Yield each task's scores; a runs file holds every paper of several hundred tasks."""
    scores: dict[str, dict[str, float]] = defaultdict(dict)
    with runs.open(encoding="utf-8") as lines:
        for line in lines:
            task, paper, score = line.rstrip("\n").split("\t")
            scores[task][paper] = float(score)
    return scores.items()


def _days(
    profile: dict[str, Any], candidates: dict[str, Any], scores: dict[str, float], scope: tuple[float, float]
) -> list[Day]:
    relevant = {entry["id"] for entry in profile["relevant"]}
    days = []
    for day, ids in sorted(candidates[profile["pool"]].items()):
        if profile["window_start"] <= day <= profile["window_end"] and len(ids) >= FEWEST_A_DAY:
            ranked = sorted(ids, key=lambda paper: (-scores[paper], paper))
            values = compress(np.array([scores[paper] for paper in ranked[:DEPTH]]))
            inputs = np.column_stack([values, np.tile(scope, (len(values), 1))])
            # A day whose wanted papers all lie deeper is no day that holds nothing.
            wanted = np.array([paper in relevant for paper in ranked])
            days.append(Day(profile["name"], inputs, wanted))
    return days


def fit(days: Sequence[Day], columns: int) -> NDArray[np.float64]:
    """Intercept and slopes of the chance by the first `columns` inputs, by Newton's method, hardly penalised."""
    inputs = np.concatenate([day.inputs[:, :columns] for day in days])
    wanted = np.concatenate([day.wanted[:DEPTH] for day in days])
    rows, weights = np.column_stack([np.ones(len(inputs)), inputs]), np.zeros(columns + 1)
    for _ in range(50):
        told = 1 / (1 + np.exp(-rows @ weights))
        bend = (rows * (told * (1 - told))[:, None]).T @ rows + 1e-4 * np.eye(len(weights))
        step = np.linalg.solve(bend, rows.T @ (wanted - told) - 1e-4 * weights)
        weights += np.clip(step, -2, 2)
    return weights


def told_by(weights: NDArray[np.float64], day: Day) -> NDArray[np.float64]:
    """Chance of each of a day's first fifty papers."""
    return np.asarray(1 / (1 + np.exp(-(weights[0] + day.inputs[:, : len(weights) - 1] @ weights[1:]))))


def chances_left_out(days: Sequence[Day], columns: int) -> list[NDArray[np.float64]]:
    """Chance of the first fifty papers of each day by a fit that has not seen the list."""
    names = {day.profile for day in days}
    fits = {name: fit([day for day in days if day.profile != name], columns) for name in names}
    return [told_by(fits[day.profile], day) for day in days]


def spread(days: Sequence[Day], weights: NDArray[np.float64]) -> float:
    """Deviation between the lists of the log odds that would make each right on average, sampling noise taken out."""
    shifts, noise = [], []
    for name in sorted({day.profile for day in days}):
        mine = [day for day in days if day.profile == name]
        told, came = np.concatenate([told_by(weights, day) for day in mine]), sum(d.wanted[:DEPTH].sum() for d in mine)
        shift = 0.0
        for _ in range(50):
            moved = 1 / (1 + np.exp(-(np.log(told / (1 - told)) + shift)))
            bend = (moved * (1 - moved)).sum()
            shift += float(np.clip((came - moved.sum()) / bend, -1, 1))
        shifts.append(shift)
        noise.append(1 / bend)
    return float(max(np.var(shifts) - np.mean(noise), 0.0) ** 0.5)


def shown(
    days: Sequence[Day], chances: Sequence[NDArray[np.float64]], threshold: float
) -> tuple[float, float, float, float]:
    """Lift over the top five's precision, share of its hits kept, shown a day, shown on a day that holds nothing."""
    picks = np.stack([chance[:TOP] >= threshold for chance in chances])
    hits = np.stack([day.wanted[:TOP] for day in days])
    empty = np.array([not day.wanted.any() for day in days])
    kept = (picks & hits).sum()
    return kept / picks.sum() / hits.mean(), kept / hits.sum(), picks.sum() / len(days), picks[empty].sum(1).mean()


def report(sizes: Sequence[str], days: Sequence[Day]) -> None:
    """Print one bucket."""
    columns = 2 if sizes[0] in ("0", "1") else 3
    weights, chances = fit(days, columns), chances_left_out(days, columns)
    lists = len({day.profile for day in days})
    print(f"\nliked {' and '.join(sizes)} ({lists} lists, {len(days)} days): weights {np.round(weights, 3).tolist()},")
    print(f"  lists lie {spread(days, weights):.2f} from it; the rest over lists left out")
    for threshold in sorted({0.05, 0.06, THRESHOLD, 0.07, 0.08, 0.1}):
        lift, kept, a_day, empty = shown(days, chances, threshold)
        print(f"  at {threshold:.3f}: {lift:.2f}x, keeps {kept:.2f}, {a_day:.2f} a day, {empty:.2f} on empty days")
    told, came = np.concatenate([c[:TOP] for c in chances]), np.concatenate([day.wanted[:TOP] for day in days])
    print(f"  top five (n = {len(told)}): Brier {((told - came) ** 2).mean():.4f}; told/came true by tenths:")
    print("  ", *(f"{told[t].mean():.3f}/{came[t].mean():.3f}" for t in np.array_split(np.argsort(told), 10)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True, metavar="DIR")
    parser.add_argument("--runs", type=Path, required=True, metavar="OUT.tsv")
    args = parser.parse_args()
    found = read_days(args.bench, args.runs)
    scopes = np.expm1(np.concatenate([day.inputs[:1, 1:] for days in found.values() for day in days]))
    reach, cohesion = scopes[:, 0], scopes[scopes[:, 1] > 0, 1]
    print(f"reach {reach.min():.2f} … {reach.max():.2f}, cohesion {cohesion.min():.2f} … {cohesion.max():.2f}")
    for bucket in BUCKETS:
        report(bucket, [day for size in bucket for day in found[size]])


if __name__ == "__main__":
    main()
