"""Progress of long work: what a new model costs is said whole on a terminal, and without one it alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from terminal import Terminal

from triage.cli.child import Child
from triage.cli.progress import shown
from triage.demo import PROFILE, DemoServer, demo_home
from triage.paper import Item, Paper
from triage.pipeline.progress import NEW_MODEL
from triage.rank import DEFAULT
from triage.store import Store

ROOT = Path(__file__).resolve().parents[1]
COST = "large: 640 texts to read, about 45 s at MiniLM's pace of 71 ms a text; a larger model takes longer"
STEPS = f"""
from triage.cli.progress import shown
with shown() as report:
    report({NEW_MODEL!r}, {COST!r}, 0, None)
    report("embedding", "large", 640, 640)
"""


def test_without_a_terminal_only_the_cost_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with shown() as report:
        report(NEW_MODEL, f"{COST}\x1b[2J", 0, None)
        report("embedding", "large", 1, 640)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"triage: new model {COST}\n")


def test_on_a_terminal_the_cost_is_not_cut_to_the_bars_column() -> None:
    with Terminal(environ={}, columns=140, program=("-c", STEPS)) as terminal:
        terminal.shows("640/640")
        assert f"triage: new model {COST}" in terminal.text
        assert terminal.ended() == 0


@pytest.mark.slow
@pytest.mark.parametrize("command", ["check", "preview", "edit"])
def test_a_profile_command_says_it_before_the_model_reads(home: Path, command: str) -> None:
    (home / "profiles").mkdir(parents=True)
    (home / "profiles" / "mine.toml").write_text('statement = "graphs"\ncategories = ["cs.LG"]\n')
    now, day = datetime(2026, 11, 20, tzinfo=UTC), date(2026, 11, 20)
    papers = [Paper(f"2611.{n:05d}", f"Graph {n}", f"on graphs {n}", categories=("cs.LG",)) for n in range(1, 200)]
    with Store(home / "triage.db") as store:
        store.add_announcement([Item(one, "new") for one in papers], announced=day, feed_day=day, at=now)
    environ = {"TRIAGE_HOME": str(home), "EDITOR": "sed -i s/graphs/trees/", "PATH": "/usr/bin:/bin"}
    argv = [sys.executable, "-m", "triage", "profile", command]
    done = subprocess.run(argv, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("triage: new model all-MiniLM-L6-v2: "), done.stderr
    assert "at MiniLM's pace of 71 ms a text" in done.stderr


@pytest.mark.slow
def test_the_child_of_a_session_says_when_a_first_list_is_ranked(tmp_path: Path) -> None:
    """Before MiniLM has read its share; the list is there for another process to read."""
    environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    with DemoServer() as server:
        home = demo_home(tmp_path / "home", server)
        child = Child(tmp_path / "log", {**environ, "TRIAGE_HOME": str(home)}, None)
        told, versions = child.progress(), []
        until = time.monotonic() + 120
        while told.state == "running" and time.monotonic() < until:
            if told.listed and not versions:
                with Store(home / "triage.db") as store:
                    found = store.ranking(PROFILE, DEFAULT, server.day)
                versions.append(found.version if found else "none")
            time.sleep(0.02)
            told = child.progress()
        assert told.state == "done", told.line
        with Store(home / "triage.db") as store:
            found = store.ranking(PROFILE, DEFAULT, server.day)
    assert versions == ["4 fast"]
    assert found is not None
    assert found.version == "4 fast+careful"
