"""How long `triage --help` and `triage --version` take beside a program that only loads click: goal 2.

python tests/benchmarks/startup.py [ROUNDS]: fresh processes in turn, at least five rounds, CPU seconds of the whole
process, medians and ratios; `triage list` on the demo's Friday is timed beside them.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from triage.demo import DemoServer
from triage.embed import StaticEncoder

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the parts that the tests use too

from fresh import SINGLE
from homes import ranked_home

CLICK = """
import click


@click.group()
@click.version_option("1.0.0")
def group():
    "A group with one command."


@group.command()
def one():
    "The command."


group()
"""


def cpu_s(program: list[str], home: Path) -> float:
    """CPU seconds of a fresh process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *program],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **SINGLE, "TRIAGE_HOME": str(home)},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure, and print the table."""
    rounds = max(5, int(sys.argv[1])) if len(sys.argv) > 1 else 11
    with tempfile.TemporaryDirectory() as folder, DemoServer() as server:
        home = ranked_home(Path(folder) / "home", server, StaticEncoder())
        click_only = Path(folder) / "click_only.py"
        click_only.write_text(CLICK, encoding="utf-8")
        programs = {
            "an empty interpreter": ["-c", ""],
            "click only, --help": [str(click_only), "--help"],
            "triage --help": ["-m", "triage", "--help"],
            "triage --version": ["-m", "triage", "--version"],
            "triage list": ["-m", "triage", "list"],
        }
        found: dict[str, list[float]] = {name: [] for name in programs}
        for number in range(rounds + 1):
            for name, program in programs.items():
                seconds = cpu_s(program, home)
                if number:  # the first round only warms the caches
                    found[name].append(seconds)
    medians = {name: statistics.median(seconds) for name, seconds in found.items()}
    for name, seconds in medians.items():
        print(f"{name:<22}{1000 * seconds:6.0f} ms CPU, ratio {seconds / medians['click only, --help']:.2f}")
    print(f"(medians of {rounds}; --help and --version must be at most 2)")


if __name__ == "__main__":
    main()
