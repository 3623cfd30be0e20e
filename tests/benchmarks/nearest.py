"""All of arXiv in one pass: three million vectors against one profile's, goal 6.

    python tests/benchmarks/nearest.py [--papers N] [--dims D] [--rounds N] [--keep DIR]

A store's mapped file is filled with random unit vectors (384 dimensions as the goal has them; the fast encoder has
256), 1.4 GB with the places of as many papers in the database. Then, interleaved, each in a fresh process of one
thread: what `triage similar` does without a paper, which is to make two vectors of a profile one by a sample of the
archive, to pass over the file with it, and to name the best 500; and two references on a share of the vectors, scaled
to all: the same products over a mapped float32 file, and over float16 rows read from SQLite, as vectors were kept
before. CPU seconds without the imports, medians.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np

from triage.store import Store
from triage.store.mapped import Header, packed

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the parts that the tests use too

from morning import python

BLOCK, SHARE = 10_000, 10
ROWS_SHARE = 30

BEGIN = """
import json, re, sys, time
from pathlib import Path
import numpy as np
def peak_mb():  # of this process alone
    return int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
queries = np.random.default_rng(7).standard_normal((2, int(sys.argv[2]))).astype(np.float32)
queries /= np.linalg.norm(queries, axis=1, keepdims=True)
"""
END = """
print(json.dumps(dict(cpu=time.process_time() - began, wall=time.perf_counter() - since, peak_mb=peak_mb())))
"""
PASS = f"""{BEGIN}
from triage.pipeline.archive import PROMISING, SAMPLED
from triage.store import Store
store = Store(Path(sys.argv[1]) / "triage.db")
began, since = time.process_time(), time.perf_counter()
deviations = (store.sampled("random", "1", SAMPLED) @ queries.T).std(axis=0)
wanted = (queries / deviations[:, None]).sum(axis=0)
assert len(store.nearest("random", "1", wanted, limit=PROMISING)) == PROMISING
{END}"""
FLOATS = f"""{BEGIN}
began, since = time.process_time(), time.perf_counter()
rows = np.memmap(Path(sys.argv[1]) / "floats", dtype=np.float32, mode="r").reshape(-1, int(sys.argv[2]))
best = np.argpartition(rows @ queries.sum(axis=0), -500)[-500:]
{END}"""
ROWS = f"""{BEGIN}
from triage.store import Store
store = Store(Path(sys.argv[1]) / "triage.db")
began, since = time.process_time(), time.perf_counter()
told = b"".join(row[0] for row in store.rows("SELECT vector FROM vectors"))
rows = np.frombuffer(told, dtype="<f2").reshape(-1, int(sys.argv[2])).astype(np.float32)
best = np.argpartition(rows @ queries.sum(axis=0), -500)[-500:]
{END}"""


def fill(folder: Path, count: int, dims: int) -> None:
    """Write the file, tell the database of it, and keep shares of the vectors for the references."""
    header = Header("benchmark", "random", "1", dims)
    path = folder / f"triage.db.vectors-{header.token}"
    base = np.random.default_rng(1).standard_normal((BLOCK, dims), dtype=np.float32)
    base /= np.linalg.norm(base, axis=1, keepdims=True)
    cells = packed(base)
    with path.open("wb") as stream:
        stream.write(header.to_bytes())
        for start in range(0, count, BLOCK):  # the same vectors with their components moved on: quick, and as random
            cells[:, :dims] = np.roll(cells[:, :dims], 1, axis=1)
            stream.write(cells[: count - start].tobytes())
    with (folder / "floats").open("wb") as stream:
        for start in range(0, count // SHARE, BLOCK):
            stream.write(base[: count // SHARE - start].tobytes())
    with closing(Store(folder / "triage.db")) as store:
        store.db.execute("PRAGMA cache_size = -400000")
        store.add_vectors("old", "1", {f"{at:064x}": base[at % BLOCK] for at in range(count // ROWS_SHARE)})
        with store.write() as db:
            db.execute("INSERT INTO vector_file VALUES (?, ?, ?, ?, ?)", (*header, count))
            db.execute(
                "WITH RECURSIVE n (row) AS (SELECT 0 UNION ALL SELECT row + 1 FROM n WHERE row + 1 < ?) "
                "INSERT INTO filed SELECT row, printf('%02d01.%06d', row / 300000, row % 300000), random(), 0 FROM n",
                (count,),
            )
    size = path.stat().st_size
    with closing(Store(folder / "triage.db")) as store:
        pages = store.rows("SELECT sum(pgsize) FROM dbstat WHERE name LIKE '%filed%'") if _has_dbstat(store) else []
    told = f", and {int(str(pages[0][0])) / 1e9:.2f} GB of places in the database" if pages else ""
    print(f"{count} vectors of {dims} dimensions: {size / 1e9:.2f} GB{told}")


def _has_dbstat(store: Store) -> bool:
    return any("DBSTAT" in str(row[0]) for row in store.rows("PRAGMA compile_options"))


def main() -> None:
    """Fill, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=int, default=3_000_000)
    parser.add_argument("--dims", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="Fill there once, and leave it.")
    args = parser.parse_args()
    with ExitStack() as held:
        folder = args.keep or Path(held.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "triage.db").exists():
            fill(folder, args.papers, args.dims)
        found: dict[str, list[dict[str, object]]] = {"mapped int8": [], "mapped float32": [], "rows of float16": []}
        for number in range(args.rounds + 1):  # the first round only warms the caches
            for name, code in zip(found, (PASS, FLOATS, ROWS), strict=True):
                told = python(code, str(folder), str(args.dims))
                if number:
                    found[name].append(told)
    for name, rounds in found.items():
        share = {"mapped float32": SHARE, "rows of float16": ROWS_SHARE}.get(name, 1)
        cpu, wall, peak = (
            statistics.median(float(one[key]) for one in rounds)  # type: ignore[arg-type]
            for key in ("cpu", "wall", "peak_mb")
        )
        note = f"  (of 1/{share}, scaled)" if share > 1 else ""
        print(f"{name:<16} {share * cpu:6.2f} CPU-s, {share * wall:6.2f} s of wall, peak {peak:5.0f} MB{note}")


if __name__ == "__main__":
    main()
