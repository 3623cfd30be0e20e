"""Rank every task of a benchmark folder with the product's own rankers: `task TAB paper_id TAB score`.

    python tests/benchmarks/ranking.py --bench DIR --runs OUT.tsv [--ranker NAME] [--stage STAGE] [--cold]

DIR is a folder in the format of reading-list benchmarks: `papers.jsonl.gz`, `profiles.json`, `candidates.json`,
`background.json`, and `minilm.npy` where the vectors are stored already. A task is PROFILE@K#DRAW. What is relevant is
never read. What the ranker knows of each focus, from which its calibration starts, goes to OUT.tsv.scope: a task, its
reach and its cohesion a line. With the background, all days are ranked in one pass: a paper's fusion score depends on
the background and the query alone, so later days cannot leak into it. With `--cold` the store is empty and each day is
ranked by itself.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from triage.embed import SentenceEncoder, StaticEncoder
from triage.paper import Paper
from triage.rank import DEFAULT, PANEL_MOST, RANKERS, Fitted, Meaning, Pool, Query, Ranker, best_share, panel

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZES = ("0", "1", "3", "5", "10", "20", "all")


@dataclass(frozen=True)
class Bench:
    """A benchmark folder in memory; `vectors` and `statements` are unit rows by paper and by profile."""

    papers: dict[str, Paper]
    vectors: dict[str, NDArray[np.float32]]
    profiles: list[dict[str, Any]]
    statements: dict[str, NDArray[np.float32]]
    candidates: dict[str, dict[str, list[str]]]
    background: dict[str, list[str]]
    fast: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    fast_statements: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    def pool(self, ids: list[str], careful: int | None = None) -> Pool:
        """Papers with the vectors of both encoders; of the careful one those of `careful` papers only, if told."""
        papers = tuple(self.papers[name] for name in ids)
        rows = np.stack([self.vectors[name] for name in ids]) if ids else None
        if rows is not None and careful is not None:
            chosen = set(panel(ids, careful))
            rows[[paper.id not in chosen for paper in papers]] = np.nan
        return Pool(papers, rows, np.stack([self.fast[name] for name in ids]) if ids and self.fast else None)

    def query(self, profile: dict[str, Any], ids: list[str]) -> Query:
        liked, name = self.pool(ids), profile["name"]
        days = tuple(paper.announced for paper in liked.papers)
        fast = Meaning(self.fast_statements.get(name), liked.fast)
        return Query(profile["focus"], self.statements[name], liked.papers, liked.vectors, days, fast=fast)


def load(folder: Path, encode: Callable[[list[str]], NDArray[np.float32]]) -> Bench:
    """Read a benchmark folder; what `minilm.npy` does not hold is encoded."""
    with gzip.open(folder / "papers.jsonl.gz", "rt", encoding="utf-8") as lines:
        papers = [_paper(json.loads(line)) for line in lines]
    profiles = [_without_answers(profile) for profile in json.loads((folder / "profiles.json").read_text())]
    stored = folder / "minilm.npy"
    texts = [profile["focus"] for profile in profiles]
    if stored.exists():
        vectors, statements = np.load(stored).astype(np.float32), encode(texts)
    else:
        encoded = encode([paper.text for paper in papers] + texts)
        vectors, statements = encoded[: len(papers)], encoded[len(papers) :]
    return Bench(
        {paper.id: paper for paper in papers},
        {paper.id: row for paper, row in zip(papers, vectors, strict=True)},
        profiles,
        {profile["name"]: row for profile, row in zip(profiles, statements, strict=True)},
        json.loads((folder / "candidates.json").read_text()),
        json.loads((folder / "background.json").read_text()),
    )


def tasks(profile: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Name every task of a profile with the identifiers of the liked papers it shows."""
    draws = {"0": [[]], **profile["draws"], "all": [[entry["id"] for entry in profile["positives"]]]}
    for size in SIZES:
        for number, ids in enumerate(draws.get(size, [])):
            yield f"{profile['name']}@{size}#{number}", ids


def with_fast(bench: Bench) -> Bench:
    """Add the vectors of our own encoder, as the product reads papers."""
    encoder, ids = StaticEncoder(), list(bench.papers)
    rows = encoder.encode([encoder.paper_text(bench.papers[name]) for name in ids])
    names, texts = zip(*((profile["name"], profile["focus"]) for profile in bench.profiles), strict=True)
    told = dict(zip(names, encoder.encode(texts), strict=True))
    return replace(bench, fast=dict(zip(ids, rows, strict=True)), fast_statements=told)


def rank_warm(
    bench: Bench,
    ranker: Ranker,
    out: TextIO,
    *,
    stages: bool = False,
    panel_size: int = PANEL_MOST,
    scopes: TextIO | None = None,
) -> None:
    """Rank all days of each pool at once, beside its background."""
    for name, days in bench.candidates.items():
        background = bench.pool(bench.background.get(name, []), panel_size if stages else None)
        rank_pool(bench, ranker, name, days, background, out, stages=stages, scopes=scopes)


def rank_cold(bench: Bench, ranker: Ranker, out: TextIO, *, stages: bool = False) -> None:
    """Rank each day by itself with nothing stored."""
    for name, days in bench.candidates.items():
        for day, ids in days.items():
            rank_pool(bench, ranker, name, {day: ids}, Pool(), out, stages=stages)


def rank_pool(
    bench: Bench,
    ranker: Ranker,
    name: str,
    days: dict[str, list[str]],
    background: Pool,
    out: TextIO,
    *,
    stages: bool = False,
    scopes: TextIO | None = None,
) -> None:
    """Fit once on these days, then rank every task of the pool's profiles; only days of the window are written."""
    started = time.monotonic()
    ids = list(dict.fromkeys(paper for day in days.values() for paper in day))
    whole = bench.pool(ids)
    first = ranker.fit(replace(whole, vectors=None), replace(background, vectors=None)) if stages else None
    fitted, done = ranker.fit(whole, background), 0
    for profile in bench.profiles:
        if profile["pool"] != name:
            continue
        within = {p for day, found in days.items() if _in_window(profile, day) for p in found}
        for task, liked in tasks(profile) if within else ():
            query = bench.query(profile, liked)
            total = _totals(first, fitted, query, ids, days)
            if scopes and fitted.prepared.scope:
                known = fitted.prepared.scope(query)
                scopes.write(f"{task}\t{known.reach}\t{known.cohesion}\n")
            out.writelines(
                f"{task}\t{paper}\t{value:.9g}\n" for paper, value in zip(ids, total, strict=True) if paper in within
            )
            done += 1
            print(
                f"\r{min(days)} … {max(days)}: {done} tasks, {time.monotonic() - started:.0f} s ",
                end="",
                file=sys.stderr,
            )
    print(file=sys.stderr)


def _totals(
    first: Fitted | None, fitted: Fitted, query: Query, ids: list[str], days: dict[str, list[str]]
) -> NDArray[np.float64]:
    """Score one query; with a first stage, the second one scores only the best fifth of each day.

    A paper's score depends on the background and on itself, so leaving out the careful scores of the others equals
    never having read them carefully. (With `--cold` the frame is learnt from the whole day, a little more than the
    product reads.)
    """
    both = fitted.rank(query).total
    if first is None:
        return both
    fast = first.rank(query).total
    at = {paper: row for row, paper in enumerate(ids)}
    best = [at[p] for found in days.values() for p in best_share({p: fast[at[p]] for p in found})]
    fast[best] = both[best]
    return fast


def _in_window(profile: dict[str, Any], day: str) -> bool:
    return bool(profile["window_start"] <= day <= profile["window_end"])


def _paper(line: dict[str, Any]) -> Paper:
    return Paper(
        line["id"],
        line["title"],
        line["abstract"],
        authors=tuple(line["authors"]),
        categories=tuple(line["categories"]),
        announced=date.fromisoformat(line["date"]),
    )


def _without_answers(profile: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in profile.items() if key != "relevant"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True, metavar="DIR")
    parser.add_argument("--runs", type=Path, required=True, metavar="OUT.tsv")
    parser.add_argument("--ranker", choices=sorted(RANKERS), default=DEFAULT)
    parser.add_argument("--stage", choices=("careful", "fast", "both"), default="both", help="which encoders take part")
    parser.add_argument(
        "--panel", type=int, default=PANEL_MOST, help="papers the careful encoder's frame is learnt from"
    )
    parser.add_argument("--cold", action="store_true", help="an empty store: no background, day by day")
    args = parser.parse_args()
    bench = load(args.bench, SentenceEncoder().encode if args.stage != "fast" else _nothing)
    if args.stage != "careful" and args.ranker == DEFAULT:
        bench = with_fast(bench)
    if args.stage == "fast":
        bench = replace(bench, vectors=dict.fromkeys(bench.papers, np.full(1, np.nan, dtype=np.float32)))
    stages = args.stage == "both" and args.ranker == DEFAULT
    beside = args.runs.with_name(f"{args.runs.name}.scope")
    with args.runs.open("w", encoding="utf-8") as out, beside.open("w", encoding="utf-8") as scopes:
        if args.cold:
            rank_cold(bench, RANKERS[args.ranker], out, stages=stages)
        else:
            rank_warm(bench, RANKERS[args.ranker], out, stages=stages, panel_size=args.panel, scopes=scopes)


def _nothing(texts: list[str]) -> NDArray[np.float32]:
    return np.full((len(texts), 1), np.nan, dtype=np.float32)


if __name__ == "__main__":
    main()
