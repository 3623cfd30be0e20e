"""Peak memory of the session, of the shortest commands and of a morning with and without the careful stage: goal 8.

    python tests/benchmarks/memory.py [--bench DIR] [--papers N]

One home with 1,500 papers of the day before and N (1,000) of today, fetched and ranked. The session runs on a
pseudo-terminal with that day's list: it pages through the list, opens an abstract, the reasons, a note and the help,
and an empty Textual app stands beside it. All are fresh processes; what is told is the most that each ever held
itself. Memory hardly varies from run to run: one round.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the parts that the tests use too

from arxiv_server import ArxivServer
from fresh import PEAK, python
from morning import DAYS, FETCH, SEEDS, STORED, WAYS, announce, write_home
from session import EMPTY
from terminal import Terminal
from texts import invented, real

if TYPE_CHECKING:
    from triage.paper import Paper

COMMAND = f"""{PEAK}
import io, json, sys
out, sys.stdout = sys.stdout, io.StringIO()
from triage.cli import main
code = main(sys.argv[1:])
sys.stdout = out
print(json.dumps(dict(peak_mb=peak_mb(), code=code)))
"""
COMMANDS = ["--help"], ["list", "--json"], ["digest", "--no-fetch", "--output", "html"]
KEYS = ["j"] * 8 + ["\r", " ", "\x1b", "w", "\x1b", "e", "words", "\x1b", "?", "\x1b", "k"]


def peak_mb(number: int) -> float:
    """The most memory that a running process has held."""
    return int(re.search(r"VmHWM:\s*(\d+)", Path(f"/proc/{number}/status").read_text())[1]) / 1024  # type: ignore[index]


def on_terminal(*program: str, environ: Mapping[str, str], words: str, keys: Sequence[str] = ()) -> float:
    """The peak of a program on a terminal once the words and all keys have been answered."""
    with Terminal(program=program, environ=environ, columns=120, rows=40) as terminal:
        terminal.until(lambda: words.encode() in terminal.raw, 60)
        assert words.encode() in terminal.raw, terminal.text
        for key in keys:
            terminal.press(key)
            terminal.read(0.3)
        terminal.read(1.0)
        return peak_mb(terminal.pid)


def mornings(home: Path, server: ArxivServer, papers: Sequence[Paper], hidden: set[str]) -> float:
    """The peak of today's fetch, after that of the day before."""
    write_home(home, server, papers[:SEEDS])
    with (home / "profiles" / "focus.toml").open("a", encoding="utf-8") as stream:
        stream.write("[shortlist]\nthreshold = 0.01\n")  # a list to page through, whatever the papers are
    told: dict[str, object] = {}
    for day, announced in zip(DAYS, (papers[:STORED], papers[STORED:]), strict=True):
        announce(server, day, announced)
        told = python(FETCH.format(hidden=hidden), TRIAGE_HOME=str(home))
    return float(str(told["peak_mb"]))


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, metavar="DIR")
    parser.add_argument("--papers", type=int, default=1000, metavar="N")
    args = parser.parse_args()
    wanted = STORED + args.papers
    papers = real(args.bench, wanted) if args.bench else list(invented(wanted))
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, ArxivServer(papers=papers) as server:
        fast, careful = Path(folder) / "fast", Path(folder) / "careful"
        found["a morning, fast encoder"] = mornings(fast, server, papers, WAYS["fast"])
        found["a morning, careful stage too"] = mornings(careful, server, papers, WAYS["careful"])
        environ = {"TRIAGE_HOME": str(fast)}
        found["an empty Textual app"] = on_terminal("-c", EMPTY, environ=environ, words="first frame")
        found["the session"] = on_terminal("-m", "triage", environ=environ, words="left", keys=KEYS)
        for arguments in COMMANDS:
            told = python(COMMAND, *arguments, **environ)
            found[f"triage {' '.join(arguments)}"] = float(str(told["peak_mb"]))
    for name, peak in found.items():
        print(f"{name:<36}{peak:6.0f} MB")


if __name__ == "__main__":
    main()
