"""Does the ranker learn? Simulated verdicts on a benchmark's lists, day by day: curve, calibration, what is shown.

    python tests/benchmarks/learning.py --bench DIR [--size 5] [--draw 0] [--most 5] [--careful] [--reversed]

A reader begins with a list's liked papers (`--size` of them, 0 for the statement alone). Each day of the window the
ranker lists at most `--most` papers above the default threshold, by the chance as the verdicts heard have moved it;
those that the list names are kept, the others dismissed, and the next day's query knows it. Papers that were not shown
get no verdict. Three readers live through the same days, by the fast stage alone unless `--careful`: one whose verdicts
are not heard, one of whom only the keeps are, and one of whom all are. Most of what a list wants lies in its first
weeks: `--reversed` lives through the days backwards, and tells learning from the mix of the days.

Prints by quarter of the window: the share of the wanted papers in the day's first ten and the precision of what was
shown, with paired differences and 95 % intervals over lists; what was kept of what was shown in all, beside as many
papers a list that the reader who is not heard was told the greatest chances of; then the Brier score and the
reliability of the chances as they were told in advance, by the prior and as earlier verdicts moved it. What is relevant
is read only as verdicts.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ranking import Bench, load, with_fast

from triage.embed import SentenceEncoder
from triage.rank import (
    DEFAULT,
    PANEL_MOST,
    RANKERS,
    THRESHOLD,
    Fitted,
    Judged,
    Query,
    best_share,
    foretell,
    learn,
    order,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEARD = {"nothing": (), "keeps": ("keep",), "keeps and dismissals": ("keep", "dismiss")}
QUARTERS = 4


@dataclass
class Reader:
    """One list's reader, of whom some kinds of verdicts are heard; `days` holds hits, wanted, kept and shown."""

    profile: dict[str, Any]
    heard: tuple[str, ...]
    liked: list[str]
    disliked: list[str] = field(default_factory=list)
    days: list[tuple[int, int, int, int]] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)

    def query(self, bench: Bench) -> Query:
        """What the reader is known to want."""
        asked, against = bench.query(self.profile, self.liked), bench.pool(self.disliked)
        fast = replace(asked.fast, disliked=against.fast)
        return replace(asked, disliked=against.papers, disliked_vectors=against.vectors, fast=fast)

    def read(self, day: date, ids: Sequence[str], chances: NDArray[np.float64], wanted: set[str], most: int) -> None:
        """Judge what is shown of a day; `ids` and `chances` are best first."""
        told, kinds = zip(ids[:most], chances.tolist(), strict=False), {"keep": True, "dismiss": False}
        measure = learn(one for one in self.judged if one.wanted in [kinds[kind] for kind in self.heard])
        shown = [(paper, chance) for paper, chance in told if measure.moved(chance) >= THRESHOLD]
        kept = [paper for paper, _ in shown if paper in wanted]
        self.days.append((len(wanted.intersection(ids[:10])), len(wanted.intersection(ids)), len(kept), len(shown)))
        self.judged += [Judged(day, chance, paper in wanted) for paper, chance in shown]
        if "keep" in self.heard:
            self.liked += kept
        if "dismiss" in self.heard:
            self.disliked += [paper for paper, _ in shown if paper not in wanted]


def live(
    bench: Bench, readers: Sequence[Reader], answers: dict[str, set[str]], *, most: int, careful: bool, backwards: bool
) -> None:
    """Let all readers live through the days of their windows; the sessions are numbered in the order they are had."""
    pool = readers[0].profile["pool"]
    background = bench.pool(bench.background[pool], PANEL_MOST)
    days = [(day, ids) for day, ids in sorted(bench.candidates[pool].items(), reverse=backwards) if len(ids) >= 50]
    for number, (day, ids) in enumerate(days, 1):
        papers = bench.pool(ids)
        first = RANKERS[DEFAULT].fit(replace(papers, vectors=None), replace(background, vectors=None))
        both = RANKERS[DEFAULT].fit(papers, background) if careful else None
        for reader in readers:
            if reader.profile["window_start"] <= day <= reader.profile["window_end"]:
                ranked, chances = listed(first, both, reader.query(bench), ids)
                reader.read(date.fromordinal(number), ranked, chances, answers[reader.profile["name"]], most)
        print(f"\r{number} of {len(days)} days ", end="", file=sys.stderr)
    print(file=sys.stderr)


def listed(
    first: Fitted, both: Fitted | None, query: Query, ids: Sequence[str]
) -> tuple[list[str], NDArray[np.float64]]:
    """A day's papers best first with their prior chances, the best fifth as both encoders read it where they do."""
    scores = first.rank(query)
    total = scores.total.copy()
    if both:
        at = {paper: row for row, paper in enumerate(ids)}
        best = [at[paper] for paper in best_share(dict(zip(ids, total.tolist(), strict=True)))]
        total[best] = both.rank(query).total[best]
    ranked = order(total, ids)
    chances = first.chances(query, replace(scores, total=total))
    assert chances is not None
    return [ids[row] for row in ranked], chances[ranked]


def quarter(reader: Reader, number: int) -> tuple[float, float]:
    """Share of the wanted in the first ten and precision of what was shown, in one quarter; NaN where undefined."""
    part = np.array(reader.days, dtype=float)[len(reader.days) * number // QUARTERS :][: len(reader.days) // QUARTERS]
    hits, wanted, kept, shown = part.sum(axis=0)
    return hits / wanted if wanted else np.nan, kept / shown if shown else np.nan


def interval(values: Iterable[float]) -> str:
    """Mean with its 95 % bootstrap interval; lists without a value in both are left out."""
    known = np.array([value for value in values if np.isfinite(value)])
    means = np.random.default_rng(1).choice(known, (5000, len(known))).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{known.mean():+.3f} [{low:+.3f}, {high:+.3f}] (n = {len(known)})"


def curve(readers: dict[str, list[Reader]]) -> None:
    """Print the learning curve, and what each kind of verdict adds."""
    print("by quarter of the window: share of the wanted in the day's first ten / precision of what is shown")
    table = {
        name: np.array([[quarter(one, q) for q in range(QUARTERS)] for one in some]) for name, some in readers.items()
    }
    for name, told in table.items():
        means = np.nanmean(told, axis=0)
        shown = np.mean([np.array(one.days)[:, 3].mean() for one in readers[name]])
        print(f"  {name:<21}", *(f"{ten:.3f} / {precise:.3f} " for ten, precise in means), f"{shown:.2f} shown a day")
    for name, other in (("keeps", "nothing"), ("keeps and dismissals", "keeps"), ("keeps and dismissals", "nothing")):
        print(f"{name} less {other}:")
        for what, place in (("first ten", 0), ("precision", 1)):
            for when, part in (("first half", slice(0, 2)), ("second half", slice(2, 4))):
                gain = np.nanmean(table[name][:, part, place] - table[other][:, part, place], axis=1)
                print(f"  {what}, {when}: {interval(gain)}")


def totals(readers: dict[str, list[Reader]]) -> None:
    """Print what was found and kept in all, and what the unheard reader's best papers would have been, list by list."""
    for name, some in readers.items():
        hits, wanted, kept, shown = np.concatenate([one.days for one in some]).sum(axis=0)
        best = 0
        for reader, unheard in zip(some, readers["nothing"], strict=True):
            told = sorted(unheard.judged, key=lambda one: -one.prior)
            best += sum(one.wanted for one in told[: sum(day[3] for day in reader.days)])
        print(f"{name}: {hits} of {wanted} wanted in the first ten; kept {kept} of {shown} shown, unheard {best}")


def calibrated(readers: Sequence[Reader]) -> None:
    """Print how well the shown papers were foretold, by the prior and by what earlier verdicts made of it."""
    ahead = [one for reader in readers for one in foretell(reader.judged)]
    prior = np.array([one.prior for reader in readers for one in sorted(reader.judged, key=lambda j: j.session)])
    moved, came = np.array([one.chance for one in ahead]), np.array([one.wanted for one in ahead], dtype=float)
    for name, told in (("prior", prior), ("moved by earlier verdicts", moved)):
        tenths = " ".join(f"{told[t].mean():.2f}/{came[t].mean():.2f}" for t in np.array_split(np.argsort(told), 10))
        print(f"{name}: Brier {((told - came) ** 2).mean():.4f} (n = {len(came)}); told/came true by tenths: {tenths}")


def nothing(texts: list[str]) -> NDArray[np.float32]:
    return np.full((len(texts), 384), np.nan, dtype=np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True, metavar="DIR")
    parser.add_argument("--size", choices=("0", "1", "3", "5", "10"), default="5", help="liked papers to begin with")
    parser.add_argument("--draw", type=int, choices=(0, 1, 2), default=0)
    parser.add_argument("--most", type=int, default=5, help="papers shown a day at most")
    parser.add_argument("--careful", action="store_true", help="both stages, twice the time")
    parser.add_argument("--reversed", action="store_true", help="the last day first")
    args = parser.parse_args()
    bench = with_fast(load(args.bench, SentenceEncoder().encode if args.careful else nothing))
    told = json.loads((args.bench / "profiles.json").read_text())
    answers = {one["name"]: {entry["id"] for entry in one["relevant"]} for one in told}
    lists = [one for one in bench.profiles if one["family"] == "list"]
    begin = {one["name"]: one["draws"][args.size][args.draw] if args.size != "0" else [] for one in lists}
    readers = {name: [Reader(one, heard, list(begin[one["name"]])) for one in lists] for name, heard in HEARD.items()}
    everyone = [one for some in readers.values() for one in some]
    live(bench, everyone, answers, most=args.most, careful=args.careful, backwards=args.reversed)
    curve(readers)
    totals(readers)
    calibrated(readers["keeps and dismissals"])


if __name__ == "__main__":
    main()
