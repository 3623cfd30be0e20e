"""The first frame of a session with a ready list against that of an empty Textual app, on a pseudo-terminal.

python tests/benchmarks/session.py [ROUNDS]: interleaved rounds, medians, one ratio for the wall and one for the CPU.
"""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from triage.demo import DemoServer
from triage.embed import StaticEncoder

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the parts that the tests use too

from homes import ranked_home
from terminal import Terminal

EMPTY = """
from textual.app import App
from textual.widgets import Static


class Empty(App):
    def compose(self):
        yield Static("the first frame")


Empty().run()
"""


def first_frame(*program: str, environ: Mapping[str, str], words: str) -> tuple[float, float]:
    """Seconds of wall and of CPU from the start of the process until the words are on the screen."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with Terminal(program=program, environ=environ) as terminal:
        terminal.until(lambda: words.encode() in terminal.raw, 30)
        wall = time.perf_counter() - began
        assert words.encode() in terminal.raw, terminal.text
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure, and print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as folder, DemoServer() as server:
        home = ranked_home(Path(folder) / "home", server, StaticEncoder())
        environ = {"TRIAGE_HOME": str(home)}
        programs = {"empty app": (("-c", EMPTY), "first frame"), "session": (("-m", "triage"), "left out")}
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
        for number in range(rounds + 1):
            for name, (program, words) in programs.items():
                measured = first_frame(*program, environ=environ, words=words)
                if number:  # the first round only warms the caches
                    found[name].append(measured)
    medians = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in found.items()}
    for name, (wall, cpu) in medians.items():
        print(f"{name:<10}  {wall:.3f} s wall  {cpu:.3f} s CPU  (median of {rounds})")
    wall, cpu = (mine / empty for mine, empty in zip(medians["session"], medians["empty app"], strict=True))
    print(f"ratio       {wall:.2f} wall    {cpu:.2f} CPU    must be at most 2, goal 1.5")


if __name__ == "__main__":
    main()
