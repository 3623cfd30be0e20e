"""`triage demo` in a real terminal: the fast encoder's list first, the careful one's beside it, and nothing is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from subprocess import PIPE

import pytest
from terminal import Terminal

from triage.demo import DAYS, PROFILE
from triage.rank import DEFAULT
from triage.store import Store

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no pseudo-terminal on this system")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """The demo, whose throw-away home is made in `tmp_path`."""
    environ = {"TMPDIR": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    with Terminal("demo", "--minutes", "2", environ=environ) as terminal:
        yield terminal


def version(folder: Path) -> str:
    """What ranked Friday in the demo's home by now."""
    (database,) = folder.glob("triage-demo-*/home/triage.db")
    with closing(Store(database)) as store:
        found = store.ranking(PROFILE, DEFAULT, DAYS[-1])
        return found.version if found else "nothing"


def workers(folder: Path) -> list[str]:
    """The processes that live in the demo's home, by their numbers."""
    found = []
    for one in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"{folder}/triage-demo-" in one.read_text(errors="replace"):
                found.append(one.parent.name)
        except OSError:  # it ended in between
            continue
    return found


@pytest.mark.slow
def test_it_opens_on_the_fast_list_and_offers_the_careful_one(terminal: Terminal, tmp_path: Path) -> None:
    terminal.shows("for you", 60)
    assert version(tmp_path) == "4 fast"
    terminal.press(" ")  # the first coffee's card
    terminal.shows("the ranking was refined: press R", 90)
    assert version(tmp_path) == "4 fast+careful"
    terminal.press("R")
    terminal.until(lambda: "press R" not in terminal.text, 10)
    assert "press R" not in terminal.text
    terminal.press("q")
    terminal.shows("shown")
    assert terminal.ended() == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_key_for_the_profile_edits_the_demos_and_not_the_readers(tmp_path: Path) -> None:
    mine, demos, seen = tmp_path / "mine", tmp_path / "demos", tmp_path / "seen"
    (mine / "profiles").mkdir(parents=True)
    demos.mkdir()
    (mine / "profiles" / f"{PROFILE}.toml").write_text('statement = "my own"\ncategories = ["cs.LG"]\n')
    editor = tmp_path / "editor.py"
    saying = "os.environ['TRIAGE_HOME'] + open(sys.argv[2]).read()"
    editor.write_text(f"import os, sys; open(sys.argv[1], 'w').write({saying})")
    environ = {
        "TRIAGE_HOME": str(mine),
        "TMPDIR": str(demos),
        "HF_HUB_OFFLINE": "1",
        "EDITOR": f"{sys.executable} {editor} {seen}",
    }
    with Terminal("--ascii", "demo", environ=environ) as terminal:
        terminal.shows("Your first coffee", 60)
        assert "─" not in terminal.text
        terminal.press(" ")
        terminal.until(lambda: "Your first coffee" not in terminal.text, 10)
        terminal.press("E")
        terminal.until(seen.exists, 30)
        terminal.shows("keep", 30)  # the list is back
        terminal.press("q")
        assert terminal.ended(20) == 0
    assert seen.read_text().startswith(f"{demos}/triage-demo-")
    assert "my own" not in seen.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_at_once_and_quietly_while_it_still_fetches(number: int, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "triage", "demo"]
    told = {**os.environ, "TMPDIR": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    with subprocess.Popen(command, env=told, stdin=subprocess.DEVNULL, stdout=PIPE, stderr=PIPE, text=True) as demo:
        while not list(tmp_path.glob("triage-demo-*/home/triage.db")):
            assert demo.poll() is None
            time.sleep(0.01)
        demo.send_signal(number)
        out, said = demo.communicate(timeout=60)
    assert demo.returncode == 128 + number
    assert out == ""
    assert said.strip() == ("triage: interrupted; the demo's home is gone" if number == signal.SIGINT else ""), said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="this system does not tell what lives in a home")
def test_the_careful_encoder_leaves_with_the_reader(terminal: Terminal, tmp_path: Path) -> None:
    terminal.shows("Your first coffee", 60)
    terminal.until(lambda: len(workers(tmp_path)) > 0, 20)
    assert version(tmp_path) == "4 fast"
    terminal.press(" ")
    terminal.until(lambda: "Your first coffee" not in terminal.text, 10)
    assert workers(tmp_path)
    terminal.press("q")
    assert terminal.ended(20) == 0, terminal.text
    assert "Traceback" not in terminal.text
    assert list(tmp_path.iterdir()) == []
    assert workers(tmp_path) == []
