"""What a large archive costs, day by day: goals 5 and 7, and the list, the opening, similar papers and memory.

    python tests/benchmarks/archive.py [--sizes N N N] [--rounds N] [--keep DIR] [--part NAME]

Homes are filled with invented papers, 200 a day, each with a vector: of 1,000 and 100,000 papers unless told otherwise;
a million takes a quarter of an hour to an hour and 6 GB. `--keep` leaves the homes where they are and goes on filling
those that are there. Then, interleaved, in fresh processes: a morning of 1,000 new papers over loopback HTTP by the
real `triage fetch` without the careful encoder, `triage list`, `triage similar` with and without a paper, and the
opening of the store; in one process 300 searches for one to three words of a paper's title that are no stop words
(here: not among the hundred most frequent). Medians, the ratio to the first home, and for the searches quantiles.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path

import numpy as np

from triage.embed import StaticEncoder, text_hash
from triage.paper import Item, Paper
from triage.pipeline.archive import MONTH
from triage.store import Store
from triage.store.mapped import Reading

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the parts that the tests use too

from arxiv_server import ArxivServer
from fresh import PEAK, python
from morning import FETCH, HIDDEN, write_home
from texts import invented, vocabulary

Found = dict[str, list[list[dict[str, object]]]]
A_DAY, NEW, STOP_WORDS, WORDS = 200, 1000, 100, 20_000
NEWEST = date(2026, 10, 30)

COMMAND = f"""{PEAK}
import io, json, resource, sys, time
began, out, sys.stdout = time.perf_counter(), sys.stdout, io.StringIO()
from triage.cli import main
code = main(sys.argv[1:])
sys.stdout, told = out, resource.getrusage(resource.RUSAGE_SELF)
seconds = dict(cpu=told.ru_utime + told.ru_stime, wall=time.perf_counter() - began)
print(json.dumps(dict(**seconds, peak_mb=peak_mb(), code=code)))
"""
OPEN = f"""{PEAK}
import json, resource, sys, time
began = time.perf_counter()
from triage.store import Store
from triage.store.mapped import Reading
Store(Path(sys.argv[1])).close()
told = resource.getrusage(resource.RUSAGE_SELF)
seconds = dict(cpu=told.ru_utime + told.ru_stime, wall=time.perf_counter() - began)
print(json.dumps(dict(**seconds, peak_mb=peak_mb(), code=0)))
"""
SEARCH = """
import json, sys, time
from pathlib import Path
from triage.store import Store
from triage.store.mapped import Reading
store, wall, cpu = Store(Path(sys.argv[1])), [], []
for words in json.load(open(sys.argv[2])):
    began, since = time.perf_counter(), time.process_time()
    found = store.search(words, 20)
    wall.append(1000 * (time.perf_counter() - began))
    cpu.append(1000 * (time.process_time() - since))
print(json.dumps(dict(wall=wall, cpu=cpu)))
"""


def archived(count: int, since: int) -> Iterator[tuple[date, list[Paper]]]:
    """The archive from a day on, the oldest first; each day is made by itself, so that filling can go on."""
    days = count // A_DAY
    for number in range(since, days):
        day = NEWEST - timedelta(days=days - 1 - number)
        yield day, list(invented(A_DAY, first=1 + number * A_DAY, seed=1 + number))


def fill(home: Path, count: int) -> None:
    """Write the archive through the store; days that are there already are passed over.

    Vectors of the newest month are rows of the database, those before it stand in the mapped file alone, as they do
    once the product has moved them there.
    """
    encoder, rng = StaticEncoder(), np.random.default_rng(1)
    width = encoder.encode(["one"]).shape[1]
    with closing(Store(home / "triage.db")) as store:
        store.db.execute("PRAGMA synchronous = OFF")
        store.db.execute("PRAGMA cache_size = -400000")
        for day, papers in archived(count, store.count() // A_DAY):
            rows = rng.standard_normal((len(papers), width)).astype(np.float32)
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            hashes = [text_hash(encoder.paper_text(paper)) for paper in papers]
            with store.write():
                at = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
                store.add_announcement([Item(one, "new") for one in papers], announced=day, feed_day=day, at=at)
                store.add_papers(papers, at=at)
                if NEWEST - day < MONTH:
                    store.add_vectors(encoder.name, encoder.revision, dict(zip(hashes, rows, strict=True)))
                readings = [
                    Reading(paper.id, paper.version, digest, row)
                    for paper, digest, row in zip(papers, hashes, rows, strict=True)
                ]
                store.file_readings(encoder.name, encoder.revision, readings)


def queries(count: int, seed: int = 5) -> list[str]:
    """One to three words of a title each, none of them among the most frequent."""
    frequent, rng = set(vocabulary(WORDS)[:STOP_WORDS]), np.random.default_rng(seed)
    found = []
    papers = (paper for _, papers in islice(archived(A_DAY * 20, 0), 20) for paper in papers)
    for paper in papers:
        words = [word for word in paper.title.lower().split() if word not in frequent]
        if len(words) >= 3 and len(found) < count:
            found.append(" ".join(rng.permutation(words)[: 1 + len(found) % 3]))
    return found


def prepare(homes: Iterable[Path], server: ArxivServer) -> None:
    """Give each home its profile and the address that the server has this time."""
    for home in homes:
        if not (home / "profiles").exists():
            write_home(home, server, list(invented(5)))
        lines = [f'{name} = "{url}"' for name, url in server.addresses.items()]
        (home / "config.toml").write_text("\n".join(['[arxiv]\ncontact = "benchmark@example.org"', *lines, ""]))


def next_mornings(home: Path, count: int) -> list[date]:
    """The working days after the newest one that is stored."""
    with closing(Store(home / "triage.db")) as store:
        (newest,) = store.announcement_days(most=1)
    later = (newest + timedelta(days=ahead) for ahead in range(1, 2 * count + 4))
    return [day for day in later if day.weekday() < 5][:count]


def mornings(homes: Sequence[Path], server: ArxivServer, rounds: int, found: Found) -> None:
    """Fetch a new day in each home in turn; the first round, which ranks the days before it, is not counted."""
    for number, day in enumerate(next_mornings(homes[0], rounds + 1)):
        since = (day - NEWEST).days
        papers = list(invented(NEW, first=5_000_001 + NEW * since, seed=100 + since))
        server.papers = papers
        server.items, server.day = [Item(paper, "new") for paper in papers], day
        server.date = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        told = [python(FETCH.format(hidden=HIDDEN), TRIAGE_HOME=str(home)) for home in homes]
        if number:
            found.setdefault("a morning of 1,000", []).append(told)


def commands(homes: Sequence[Path], rounds: int, found: Found) -> None:
    """Time the commands in turn; the first round only warms the caches."""
    asked = next(invented(1)).id
    for name, arguments in (
        ("triage list", ["list", "--json"]),
        ("triage similar ID", ["similar", asked, "--json"]),
        ("triage similar", ["similar", "--json"]),
    ):
        for number in range(rounds + 1):
            told = [python(COMMAND, *arguments, TRIAGE_HOME=str(home)) for home in homes]
            if number:
                found.setdefault(name, []).append(told)
    for number in range(rounds + 1):
        told = [python(OPEN, str(home / "triage.db")) for home in homes]
        if number:
            found.setdefault("opening the store", []).append(told)


def searches(homes: Iterable[Path]) -> None:
    """Print the quantiles of the searches."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as asked:
        json.dump(queries(300), asked)
        asked.flush()
        for home in homes:
            for label in ("cold", "warm"):
                told = python(SEARCH, str(home / "triage.db"), asked.name)
                for kind in ("wall", "cpu"):
                    at = np.quantile(told[kind], [0.5, 0.9, 0.95, 0.99, 1.0])  # type: ignore[call-overload]
                    quantiles = "  ".join(
                        f"{name} {ms:6.1f}"
                        for name, ms in zip(("50 %", "90 %", "95 %", "99 %", "most"), at, strict=True)
                    )
                    print(f"300 searches in {home.name:<8} ({label}, {kind:<4})  {quantiles} ms", flush=True)


def say(name: str, rounds: Sequence[Sequence[dict[str, object]]]) -> None:
    """Print one line: the medians of each home, and their ratios to the first one."""
    medians = {
        key: [statistics.median(float(one[key]) for one in home) for home in zip(*rounds, strict=True)]  # type: ignore[arg-type]
        for key in ("cpu", "peak_mb")
    }
    cpu = medians["cpu"]
    cells = [f"{one:6.2f} CPU-s {peak:4.0f} MB" for one, peak in zip(cpu, medians["peak_mb"], strict=True)]
    ratios = ", ".join(f"{one / cpu[0]:.2f}" for one in cpu[1:])
    print(f"{name:<18} {' |'.join(cells)} | ratio {ratios}  (median of {len(rounds)})", flush=True)


def main() -> None:
    """Fill, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 100_000], metavar="N")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, metavar="DIR")
    parser.add_argument("--part", choices=("fill", "mornings", "commands", "searches"))
    args = parser.parse_args()
    with ExitStack() as held:
        folder = args.keep or held.enter_context(tempfile.TemporaryDirectory())
        homes = [Path(folder) / str(size) for size in args.sizes]
        for home, size in zip(homes, args.sizes, strict=True):
            fill(home, size)
        found: Found = {}
        server = held.enter_context(ArxivServer())
        prepare(homes, server)
        if args.part in (None, "mornings"):
            mornings(homes, server, args.rounds, found)
        if args.part in (None, "commands"):
            commands(homes, args.rounds, found)
        for name, rounds in found.items():
            say(name, rounds)
        if args.part in (None, "searches"):
            searches(homes)


if __name__ == "__main__":
    main()
