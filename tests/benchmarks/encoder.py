"""What the fast encoder costs: CPU seconds to the first vector, papers a CPU second, as ratios taken in one run.

    python tests/benchmarks/encoder.py --bench DIR [--rounds N] [--careful]

Each round starts fresh processes, one after the other: a bare `import numpy`, the first vector of the fast encoder,
and the encoding of 1,000 papers by it (with `--careful` also of 64 by the careful encoder, on one thread). Medians.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

FAST, CAREFUL = 1000, 64

NUMPY = "import numpy"
FIRST = "from triage.embed.static import StaticEncoder; StaticEncoder().encode(['one title. one abstract'])"
MANY = """
from triage.embed import {encoder}
from triage.paper import Paper
papers = [Paper(*row) for row in json.load(open(sys.argv[1]))][:{count}]
encoder = {encoder}()
texts = [encoder.paper_text(paper) for paper in papers]
encoder.encode(texts[:1])
began = time.process_time()
encoder.encode(texts)
print({count} / (time.process_time() - began))
"""
START = "import json, sys, time\n{code}\nprint(time.process_time())\n"


def run(code: str, papers: Path) -> float:
    """The last number that a fresh process printed before its own CPU seconds, or those."""
    command = [sys.executable, "-c", START.format(code=code), str(papers)]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    lines = subprocess.run(command, capture_output=True, text=True, check=True, env=one_thread).stdout.split()
    return float(lines[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True, metavar="DIR")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--careful", action="store_true")
    args = parser.parse_args()
    with gzip.open(args.bench / "papers.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [(told["id"], told["title"], told["abstract"]) for told in map(json.loads, islice(lines, FAST))]
    papers = Path(tempfile.gettempdir()) / f"papers-{os.getpid()}.json"
    papers.write_text(json.dumps(rows))
    codes = {"numpy": NUMPY, "first": FIRST, "fast": MANY.format(encoder="StaticEncoder", count=FAST)}
    if args.careful:
        codes["careful"] = MANY.format(encoder="SentenceEncoder", count=CAREFUL)
    try:
        rounds = [{name: run(code, papers) for name, code in codes.items()} for _ in range(args.rounds)]
    finally:
        papers.unlink()
    told = {name: statistics.median(one[name] for one in rounds) for name in codes}
    print(f"first vector: {told['first']:.2f} CPU-s, {told['first'] / told['numpy']:.1f} times a bare import of numpy")
    beside = f", {told['fast'] / told['careful']:.0f} times the careful encoder's" if args.careful else ""
    print(f"papers a CPU second: {told['fast']:.0f}{beside}  (n = {FAST}, {args.rounds} rounds)")


if __name__ == "__main__":
    main()
