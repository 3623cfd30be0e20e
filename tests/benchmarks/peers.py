"""Our morning beside two other readers' daily way, each in fresh processes, in turn: CPU seconds and peak memory.

    python tests/benchmarks/peers.py [--bench DIR] [--rounds N] [--stored N] [--papers N] [--library N] [--tags N]
                                     [--keep FILE]

arxiv-sanity-lite fits TF-IDF over all stored papers and one linear SVM for each tag, every day anew.
zotero-arxiv-daily encodes the whole library and the day's candidates, every day anew, and weighs the likeness by how
lately a paper was added. Both are stated again from the formulas they publish, with the product's default sentence
encoder in place of theirs, and only their computing is counted: their texts lie ready. Of our morning everything is
counted: the real `triage fetch` of a new day over loopback HTTP, into a home with the same stored papers, by the fast
encoder alone and with the careful one; it ranks with four baselines beside its own ranker. The first morning of a home
is not counted, as it reads the statistics' background. Medians, with `--keep` over the rounds of several runs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from triage.paper import Item, Paper
from triage.store import Store

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the parts that the tests use too

from arxiv_server import ArxivServer
from fresh import PEAK, Round, keep, kept, python
from morning import FETCH, WAYS, announce, write_home
from texts import invented, real

A_DAY, LIKED = 200, 5
NEWEST = date(2026, 10, 30)
MORNINGS = [date(2026, 11, day) for day in (2, 3, 4, 5, 6, 9, 10)]
OURS = {"ours, fast": WAYS["fast"], "ours, careful too": WAYS["careful"]}

USED = (
    PEAK
    + """
import json, sys, time
def tell(told):
    print(json.dumps(dict(cpu=time.process_time(), peak_mb=peak_mb(), code=0, told=told)))
"""
)
SANITY = f"""{USED}
asked = json.load(open(sys.argv[1]))
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC
features = TfidfVectorizer(
    strip_accents="unicode", lowercase=True, stop_words="english", token_pattern=r"(?u)\\b[a-zA-Z_][a-zA-Z0-9_]+\\b",
    ngram_range=(1, 2), max_features=20_000, smooth_idf=True, sublinear_tf=True, max_df=0.1, min_df=5,
)
rows, best = features.fit_transform(asked["texts"]), []
for tag in asked["tags"]:
    machine = LinearSVC(class_weight="balanced", C=0.01, tol=1e-4, max_iter=10_000, random_state=0)
    machine.fit(rows, np.isin(np.arange(rows.shape[0]), tag))
    best.append(int(machine.decision_function(rows).argmax()))
tell(best)
"""
ZOTERO = f"""{USED}
asked = json.load(open(sys.argv[1]))
import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from triage.embed import MAX_TOKENS, SentenceEncoder
torch.set_num_threads(1)
encoder = SentenceTransformer(str(SentenceEncoder()._find()), device="cpu", local_files_only=True)
encoder.max_seq_length = MAX_TOKENS
options = dict(normalize_embeddings=True, show_progress_bar=False)
library, candidates = (encoder.encode(asked[part], **options) for part in ("library", "candidates"))
weights = 1 / (1 + np.log10(np.arange(1, len(library) + 1)))
tell(int((candidates @ library.T @ (weights / weights.sum())).argmax()))
"""


def stock(home: Path, papers: Sequence[Paper]) -> None:
    """Store the papers as announced on the days before the mornings, the newest last."""
    days = [papers[start : start + A_DAY] for start in range(0, len(papers), A_DAY)]
    with closing(Store(home / "triage.db")) as store, store.write():
        for number, batch in enumerate(days):
            day = NEWEST - timedelta(days=len(days) - 1 - number)
            at = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
            store.add_announcement([Item(one, "new") for one in batch], announced=day, feed_day=day, at=at)
            store.add_papers(batch, at=at)


def ask(code: str, asked: object) -> dict[str, object]:
    """What another reader's way used, and what it found."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as stream:
        json.dump(asked, stream)
        stream.flush()
        return python(code, stream.name)


def ours(server: ArxivServer, homes: Path, new: Sequence[Paper], day: date) -> Round:
    """A morning of each home."""
    announce(server, day, new)
    return {name: python(FETCH.format(hidden=hidden), TRIAGE_HOME=str(homes / name)) for name, hidden in OURS.items()}


def others(known: Sequence[Paper], new: Sequence[Paper], library: int, tags: int) -> Round:
    """The other readers' day: the library is the newest of the stored papers, a tag has as many as we have seeds."""
    texts = [f"{one.title} {one.abstract} {' '.join(one.authors)}" for one in (*known, *new)]
    tagged = [list(range(LIKED * tag, LIKED * (tag + 1))) for tag in range(tags)]
    liked = [one.text for one in reversed(known[-library:])]
    return {
        "arxiv-sanity-lite": ask(SANITY, {"texts": texts, "tags": tagged}),
        "zotero-arxiv-daily": ask(ZOTERO, {"library": liked, "candidates": [one.text for one in new]}),
    }


def measure(papers: Sequence[Paper], asked: dict[str, int], rounds: int, path: Path | None) -> list[Round]:
    """Live through the mornings, the first of which is not counted; give the rounds, those of earlier runs first."""
    stored, found = asked["stored"], kept(path, asked)
    with tempfile.TemporaryDirectory() as folder, ArxivServer(papers=papers) as server:
        for name in OURS:
            write_home(Path(folder) / name, server, papers[:LIKED])
            stock(Path(folder) / name, papers[:stored])
        for number, day in enumerate(MORNINGS[: rounds + 1]):
            known = papers[: stored + number * asked["papers"]]
            new = papers[len(known) : len(known) + asked["papers"]]
            told = ours(server, Path(folder), new, day)
            if number:
                found.append({**told, **others(known, new, asked["library"], asked["tags"])})
                keep(path, asked, found[-1])
    return found


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, metavar="DIR")
    parser.add_argument("--rounds", type=int, default=5, choices=range(1, len(MORNINGS)))
    parser.add_argument("--keep", type=Path, metavar="FILE", help="add the rounds to FILE and count those there in")
    for name, size in (("stored", 5000), ("papers", 200), ("library", 200), ("tags", 3)):
        parser.add_argument(f"--{name}", type=int, default=size, metavar="N")
    args = parser.parse_args()
    wanted = args.stored + args.papers * (args.rounds + 1)
    papers = real(args.bench, wanted) if args.bench else list(invented(wanted))
    asked = {"stored": args.stored, "papers": args.papers, "library": args.library, "tags": args.tags}
    rounds = measure(papers, {**asked, "real": int(bool(args.bench))}, args.rounds, args.keep)
    medians = {
        name: [statistics.median(float(str(one[name][key])) for one in rounds) for key in ("cpu", "peak_mb")]
        for name in rounds[0]
    }
    print(", ".join(f"{size} {name}" for name, size in asked.items()), f"(medians of {len(rounds)})")
    for name, (cpu, peak_mb) in medians.items():
        beside = "  ".join(f"{cpu / medians[ours][0]:5.1f} times {ours}" for ours in OURS)
        print(f"{name:<20}{cpu:7.2f} CPU-s {peak_mb:6.0f} MB  {beside}")


if __name__ == "__main__":
    main()
