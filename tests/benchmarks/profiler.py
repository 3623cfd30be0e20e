"""Where the CPU seconds of `fetch`, `list`, `digest` and the session's opening go, by Python's own profiler.

    python tests/benchmarks/profiler.py [--papers N] [--rows N] [--least PERCENT]

A home with 1,500 papers of the day before and N (1,000) of today, by the fast encoder. Each command runs once in a
fresh process under cProfile; the session on a pseudo-terminal, until its first frame is painted. What is printed is
the share of each of our functions with all that it calls, of loading modules and of making records' classes; a profiler
makes short functions look dearer than they are.
"""

from __future__ import annotations

import argparse
import pstats
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the parts that the tests use too

from arxiv_server import ArxivServer
from fresh import python
from morning import DAYS, FETCH, HIDDEN, SEEDS, STORED, announce, write_home
from terminal import Terminal
from texts import invented

PROFILED = """
import cProfile, io, json, os, signal, sys
profiler, out, path = cProfile.Profile(), sys.stdout, sys.argv.pop(1)
def dump(*signalled):
    profiler.disable()
    profiler.dump_stats(path)
    if signalled:
        os._exit(0)
signal.signal(signal.SIGUSR1, dump)
sys.argv[0] = "triage"
"""
COMMAND = f"""{PROFILED}
sys.stdout = io.StringIO()
profiler.enable()
from triage.cli import main
code = main()
dump()
sys.stdout = out
print(json.dumps(dict(code=code)))
"""
SESSION = f"{PROFILED}profiler.enable()\nfrom triage.cli import main\nmain()\n"
NAMED = {"_find_and_load": "loading modules", "_process_class": "making records' classes"}


def rows(path: Path, least: float) -> Iterator[tuple[float, str]]:
    """Shares of the whole in percent, the largest first: our functions, modules and records."""
    stats = pstats.Stats(str(path))
    whole: float = stats.total_tt  # type: ignore[attr-defined]
    shares: dict[str, float] = {}
    for (file, _, name), (_, _, _, total, _) in stats.stats.items():  # type: ignore[attr-defined]
        ours = file.rpartition("/triage/")[2].removesuffix(".py") if "/triage/" in file and name[0] != "<" else ""
        if label := NAMED.get(name) or (f"{ours}.{name}" if ours else ""):
            shares[label] = max(shares.get(label, 0.0), 100 * total / whole)
    for label, share in sorted(shares.items(), key=lambda row: -row[1]):
        if share >= least:
            yield share, label


def first_frame(home: Path, path: Path) -> None:
    """Profile the session until the line below its list is on the screen."""
    with Terminal(program=("-c", SESSION, str(path)), environ={"TRIAGE_HOME": str(home)}) as terminal:
        terminal.until(lambda: b"left out" in terminal.raw, 60)
        assert b"left out" in terminal.raw, terminal.text
        terminal.kill(signal.SIGUSR1)
        terminal.ended(10)


def main() -> None:
    """Fill a home, profile, and print a table for each command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=25)
    parser.add_argument("--least", type=float, default=3.0, metavar="PERCENT")
    args = parser.parse_args()
    papers = list(invented(STORED + args.papers))
    with tempfile.TemporaryDirectory() as folder, ArxivServer(papers=papers) as server:
        home, told = Path(folder) / "home", Path(folder) / "profile"
        write_home(home, server, papers[:SEEDS])
        with (home / "profiles" / "focus.toml").open("a", encoding="utf-8") as stream:
            stream.write("[shortlist]\nthreshold = 0.01\n")  # a list to show, whatever the papers are
        hiding = FETCH.format(hidden=HIDDEN).partition("out, sys.stdout = ")[0]
        for day, announced in zip(DAYS, (papers[:STORED], papers[STORED:]), strict=True):
            announce(server, day, announced)
            python(hiding + COMMAND, str(told), "fetch", TRIAGE_HOME=str(home))
        show("fetch", told, args.rows, args.least)
        for arguments in (["list"], ["digest", "--no-fetch", "--output", "html"]):
            python(COMMAND, str(told), *arguments, TRIAGE_HOME=str(home))
            show(arguments[0], told, args.rows, args.least)
        first_frame(home, told)
        show("the session's first frame", told, args.rows, args.least)


def show(name: str, path: Path, count: int, least: float) -> None:
    """Print one table."""
    print(f"\n{name}")
    for (share, label), _ in zip(rows(path, least), range(count), strict=False):
        print(f"  {share:5.1f} %  {label}")


if __name__ == "__main__":
    main()
