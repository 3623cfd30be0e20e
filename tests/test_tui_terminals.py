"""The session on real terminals: few bytes, no colours, sixteen of them, no model in its process, its own child."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from homes import ranked_home
from terminal import Terminal

from triage.demo import DemoServer
from triage.store import Store

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc and a pseudo-terminal are needed")


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A ranked home that the tests of this file share: none of them judges anything."""
    from conftest import FakeEncoder

    with DemoServer() as server:
        yield ranked_home(tmp_path_factory.mktemp("ready") / "home", server, FakeEncoder())


def colours(raw: bytes) -> set[str]:
    """The parameters of every sequence that sets a colour or a style."""
    return {
        part for found in re.findall(rb"\x1b\[([\d;]*)m", raw) for part in [found.decode()] if part not in ("", "0")
    }


def test_a_tick_costs_at_most_two_hundred_bytes(ready: Path) -> None:
    """Below two minutes the cup changes each second; nothing else is drawn, and nothing is animated."""
    with Terminal("--minutes", "1.9", environ={"TRIAGE_HOME": str(ready)}, columns=120, rows=40) as terminal:
        terminal.shows("1:5")
        terminal.read(1.0)
        before, began = len(terminal.raw), time.monotonic()
        while time.monotonic() - began < 4.2:
            terminal.read(0.2)
        spent = len(terminal.raw) - before
        terminal.press("q")
        assert terminal.ended() == 0
    assert 0 < spent <= 200 * 5, "at most five seconds have passed"


def test_without_colours_every_state_still_shows(ready: Path) -> None:
    with Terminal(environ={"TRIAGE_HOME": str(ready), "NO_COLOR": "1"}) as terminal:
        screen = terminal.shows("keep")
        assert "▌" in screen, "the cursor is a sign"
        terminal.press("?")
        terminal.shows("Move")
        terminal.press("qq")
        assert terminal.ended() == 0
    # NO_COLOR asks for no colour of its own: greys have three equal parts
    for told in colours(terminal.raw):
        for rgb in re.findall(r"[34]8;2;(\d+);(\d+);(\d+)", told):
            assert max(map(int, rgb)) - min(map(int, rgb)) <= 2, told


@pytest.mark.parametrize(
    ("term", "colorterm"), [("xterm", ""), ("linux", ""), ("screen", ""), ("tmux-256color", "truecolor")]
)
def test_it_opens_and_closes_on_other_terminals(ready: Path, term: str, colorterm: str) -> None:
    environ = {"TRIAGE_HOME": str(ready), "TERM": term, "COLORTERM": colorterm}
    with Terminal(environ=environ, columns=60, rows=16) as terminal:
        terminal.shows("keep")
        terminal.press("j")
        terminal.press("q")
        assert terminal.ended() == 0
    assert (b"8;2;" in terminal.raw) == (colorterm == "truecolor"), "no true colours where nobody promised them"


def test_ascii_is_a_flag_too(ready: Path) -> None:
    with Terminal("--ascii", environ={"TRIAGE_HOME": str(ready)}) as terminal:
        screen = terminal.shows("keep")
        assert "c[#]" in screen
        terminal.press("q")
        assert terminal.ended() == 0


def test_the_session_s_own_process_holds_no_model(ready: Path, tmp_path: Path) -> None:
    told = tmp_path / "modules"
    code = (
        "import sys, atexit, pathlib\n"
        f"atexit.register(lambda: pathlib.Path({str(told)!r}).write_text(' '.join(sys.modules)))\n"
        "from triage.cli import main\nmain([])"
    )
    with Terminal(environ={"TRIAGE_HOME": str(ready)}, program=("-c", code)) as terminal:
        terminal.shows("keep")
        for key in ("w", "escape", "?", "q", "/", "x", "\r"):
            terminal.press("\x1b" if key == "escape" else key)
            terminal.read(0.2)
        terminal.press("\x11")
        assert terminal.ended() == 0
    there = {name.partition(".")[0] for name in told.read_text().split()}
    assert {"textual", "triage"} <= there
    models = {"torch", "sklearn", "scipy", "sentence_transformers", "transformers", "tokenizers", "numpy"}
    assert there.isdisjoint(models | {"sqlite_utils", "arxiv", "feedparser", "requests", "jinja2", "tomlkit"})


def test_the_profile_is_edited_in_the_terminal_while_the_coffee_goes_on(tmp_path: Path, encoder: object) -> None:
    """One editor gets the whole terminal, nothing is drawn over it, and the list is back when it ends."""
    editor = tmp_path / "editor.py"
    editor.write_text(
        "import sys, time\n"
        "print('EDITOR HAS THE SCREEN', flush=True)\n"
        "answer = sys.stdin.readline()\n"
        "print('EDITOR LEAVES', flush=True)\n"
    )
    with DemoServer() as server:
        home = ranked_home(tmp_path / "home", server, encoder)
        environ = {"TRIAGE_HOME": str(home), "EDITOR": f"{sys.executable} {editor}"}
        with Terminal("--minutes", "1.8", environ=environ) as terminal:
            terminal.shows("keep")
            terminal.press("EEs")
            terminal.shows("EDITOR HAS THE SCREEN", 30)
            terminal.read(0.5)
            before = len(terminal.raw)
            terminal.until(lambda: False, 2.5)
            assert len(terminal.raw) == before, "the clock ticks, and draws nothing over the editor"
            terminal.press("\n")
            terminal.shows("s keep", 60)
            terminal.press("q")
            assert terminal.ended() == 0
            assert terminal.raw.count(b"EDITOR HAS") == 1, "a second key is no second editor"
        with closing(Store(home / "triage.db")) as store:
            assert store.labels() == {}, "what is typed behind the key is meant for the editor"
            rows = store.rows("SELECT spent_s FROM coffees")
            assert float(str(rows[-1][0])) >= 2.5, "the coffee went on"


def children(parent: int) -> list[int]:
    """The processes that a process has started."""
    return [int(one) for one in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def stat(process: int) -> list[str]:
    """What the kernel tells of a process after its name: state, parent, group, session, terminal, ..."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def alive(process: int) -> bool:
    try:
        return stat(process)[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.slow
def test_the_refresh_has_no_terminal_and_finishes_after_the_session(tmp_path: Path, encoder: object) -> None:
    """A server that answers late keeps the child busy while the session closes; its log tells that it went on."""
    with DemoServer() as server:
        home = ranked_home(tmp_path / "home", server, encoder)
        with closing(Store(home / "triage.db")) as store, store.write() as db:
            db.execute("DELETE FROM coverage")
        slow = {"TRIAGE_ARXIV_FEED": "http://127.0.0.1:9/atom", "TRIAGE_ARXIV_API": "http://127.0.0.1:9/api"}
        with Terminal(environ={"TRIAGE_HOME": str(home), **slow}) as terminal:
            terminal.shows("keep")
            terminal.until(lambda: bool(children(terminal.pid)), 10)
            (child,) = children(terminal.pid)
            parent_session, session, seat = stat(terminal.pid)[3], stat(child)[3], stat(child)[4]
            assert session == str(child) != parent_session, "its own process session: no hang-up reaches it"
            assert seat == "0", "no terminal"
            assert str(Path(f"/proc/{child}/fd/0").readlink()) == "/dev/null"
            os.kill(child, signal.SIGSTOP)
            terminal.press("q")
            assert terminal.ended() == 0
            assert alive(child), "it was not taken along"
            os.kill(child, signal.SIGCONT)
        end = time.monotonic() + 60
        while alive(child) and time.monotonic() < end:
            time.sleep(0.1)
        assert not alive(child)
    with closing(Store(home / "triage.db")) as store:
        last = store.last_run()
        assert last is not None
        assert last.state == "failed", "it recorded how it ended, after the session was gone"
