"""The session in a real terminal: it closes itself, keeps every verdict, and gives no coffee back."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from homes import ranked_home
from terminal import Terminal

from triage.demo import FRIDAY, DemoServer
from triage.errors import TryLater
from triage.store import Store

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no pseudo-terminal on this system")


@pytest.fixture
def demo(tmp_path: Path, encoder: object) -> Iterator[Path]:
    """A home with both days fetched and ranked by an encoder without weights; nothing newer is expected."""
    with DemoServer() as server:
        yield ranked_home(tmp_path / "demo", server, encoder)


def spent(home: Path) -> tuple[float, str]:
    with closing(Store(home / "triage.db")) as store:
        coffee = store.coffee(datetime.now().astimezone().date())
        assert coffee is not None
        return coffee.spent_s, coffee.state


def labels(home: Path) -> list[str]:
    with closing(Store(home / "triage.db")) as store:
        store.check()
        return list(store.labels().values())


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40), (60, 20)])
def test_a_coffee_runs_out_and_the_session_closes_itself(demo: Path, columns: int, rows: int) -> None:
    with Terminal("--minutes", "0.1", environ={"TRIAGE_HOME": str(demo)}, columns=columns, rows=rows) as terminal:
        terminal.shows("0:0")
        terminal.shows("That was the coffee", 10)
        terminal.press("\r")
        assert terminal.ended() == 0
        assert "The coffee is finished" in terminal.text
    assert spent(demo) == (pytest.approx(6.0), "finished")


def test_a_finished_day_prints_its_line_again(demo: Path) -> None:
    with closing(Store(demo / "triage.db")) as store:
        today = datetime.now().astimezone().date()
        store.open_coffee(today, 180, at=FRIDAY)
        store.charge(today, 180)
        store.close_coffee(today, "finished")
    for _ in range(2):
        with Terminal(environ={"TRIAGE_HOME": str(demo)}) as terminal:
            assert terminal.ended() == 0
            assert "The coffee is finished: 0 shown, 0 kept, 0 dismissed, 3:00." in terminal.text


def test_verdicts_survive_kill_9_and_the_coffee_is_not_given_back(demo: Path) -> None:
    with Terminal(environ={"TRIAGE_HOME": str(demo)}) as terminal:
        terminal.shows("3 min")
        terminal.press("s")
        terminal.until(lambda: labels(demo) == ["keep"], 5)
        time.sleep(1.2)
        terminal.kill(signal.SIGKILL)
        assert terminal.ended() == -signal.SIGKILL
    assert labels(demo) == ["keep"]
    charged, state = spent(demo)
    assert charged >= 5
    assert state == "open"
    with Terminal(environ={"TRIAGE_HOME": str(demo)}) as terminal:
        terminal.shows("keep")
        terminal.press("q")
        assert terminal.ended() == 0
    assert charged <= spent(demo)[0] <= charged + 20
    assert spent(demo)[1] == "left"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_a_signal_saves_and_restores_the_screen(demo: Path, number: int, code: int) -> None:
    with Terminal(environ={"TRIAGE_HOME": str(demo)}) as terminal:
        terminal.shows("keep")
        terminal.press("x")
        terminal.until(lambda: labels(demo) == ["dismiss"], 5)
        terminal.kill(number)
        assert terminal.ended() == code
        assert b"\x1b[?1049l" in terminal.raw, "the normal screen is back"
        assert "Closed:" in terminal.text
    assert spent(demo)[1] == "left"
    assert spent(demo)[0] < 30


def test_ctrl_c_is_130_and_keeps_what_was_judged(demo: Path) -> None:
    with Terminal(environ={"TRIAGE_HOME": str(demo)}) as terminal:
        terminal.shows("keep")
        terminal.press("s")
        terminal.until(lambda: labels(demo) == ["keep"], 5)
        terminal.press("\x03")
        assert terminal.ended() == 130


@pytest.mark.slow
def test_an_impatient_ctrl_c_leaves_no_session_without_an_end(demo: Path, tmp_path: Path) -> None:
    """Again and again while it ends, at another moment in each of twelve sessions: a fifth of them lost their end."""
    for number in range(12):
        home = shutil.copytree(demo, tmp_path / f"home{number}")
        with Terminal(environ={"TRIAGE_HOME": str(home)}) as terminal:
            terminal.shows("for you")
            terminal.press("q")
            terminal.read(0.008 * number)
            while not terminal.gone():
                terminal.kill(signal.SIGINT)
                terminal.read(0.004)
        with closing(Store(home / "triage.db")) as store:
            (ending,) = [ending for ending, _ in store.sessions(datetime.now().astimezone().date())]
        assert ending, f"session {number}:\n{terminal.text}"
        assert spent(home)[1] == "left"


@pytest.mark.parametrize("bye", ["", "0\r"])
def test_an_impatient_ctrl_c_ends_a_plain_session_too(demo: Path, tmp_path: Path, bye: str) -> None:
    for number in range(5):
        home = shutil.copytree(demo, tmp_path / f"home{number}")
        with Terminal("--plain", environ={"TRIAGE_HOME": str(home)}) as terminal:
            terminal.shows("0 finish")
            terminal.press(bye)
            for _ in range(40):
                terminal.kill(signal.SIGINT)
                time.sleep(0.0005)
            terminal.ended()
        with closing(Store(home / "triage.db")) as store:
            (ending,) = [ending for ending, _ in store.sessions(datetime.now().astimezone().date())]
        assert ending, f"session {number}:\n{terminal.text}"
        assert spent(home)[1] == "left"


def test_a_second_terminal_is_told_how_much_is_left(demo: Path) -> None:
    with Terminal(environ={"TRIAGE_HOME": str(demo)}) as first:
        first.shows("keep")
        with Terminal(environ={"TRIAGE_HOME": str(demo)}) as second:
            assert second.ended() == TryLater.exit_code
            assert "open in another terminal, 3 min left" in second.text


def test_a_dumb_terminal_gets_a_hint(demo: Path) -> None:
    with Terminal(environ={"TRIAGE_HOME": str(demo), "TERM": "dumb"}) as terminal:
        assert terminal.ended() == 64
        assert "triage list" in terminal.text


def test_a_day_without_minutes_is_no_coffee(demo: Path) -> None:
    profile = demo / "profiles" / "efficient-inference.toml"
    profile.write_text(profile.read_text().replace("minutes = 3", "minutes = 0"))
    with Terminal(environ={"TRIAGE_HOME": str(demo)}) as terminal:
        assert terminal.ended() == 0
        assert "No coffee today" in terminal.text


def test_a_refresh_that_fails_is_one_calm_line(demo: Path) -> None:
    """The session opens on the cached list at once; its child cannot reach arXiv here and says so in one line."""
    with closing(Store(demo / "triage.db")) as store, store.write() as db:
        db.execute("DELETE FROM coverage")
    dead = {"TRIAGE_ARXIV_FEED": "http://127.0.0.1:9/atom", "TRIAGE_ARXIV_API": "http://127.0.0.1:9/api"}
    with Terminal(environ={"TRIAGE_HOME": str(demo), **dead}, columns=120, rows=40) as terminal:
        assert "keep" in terminal.shows("3 min left")
        terminal.shows("127.0.0.1", 40)
        terminal.press("q")
        assert terminal.ended() == 0
    assert "127.0.0.1" in (demo / "triage.log").read_text()
    assert datetime.now() - datetime.fromtimestamp((demo / "triage.log").stat().st_mtime) < timedelta(minutes=5)


def test_a_list_that_was_judged_early_is_finished_and_never_refilled(demo: Path) -> None:
    with Terminal(environ={"TRIAGE_HOME": str(demo)}) as terminal:
        terminal.shows("keep")
        for _ in range(8):
            terminal.press("s")
            terminal.read(0.3)
        terminal.shows("enjoy the coffee")
        terminal.press("\r")
        assert terminal.ended() == 0
        assert "The coffee is finished" in terminal.text
    assert spent(demo)[1] == "finished"


def test_the_other_ranker_s_list_is_remembered_as_a_comparison(demo: Path) -> None:
    with Terminal(environ={"TRIAGE_HOME": str(demo)}, columns=100) as terminal:
        terminal.shows("keep")
        terminal.press("m")
        terminal.shows("tfidf-svm")
        terminal.press("m")
        terminal.until(lambda: "tfidf-svm" not in terminal.text, 10)
        terminal.press("q")
        assert terminal.ended() == 0
    with closing(Store(demo / "triage.db")) as store:
        shown = store.rows("SELECT shown_by, ranker FROM shortlists ORDER BY id DESC LIMIT 2")
        assert [tuple(row) for row in reversed(list(shown))] == [("session", "fusion"), ("comparison", "tfidf-svm")]
        assert {one.ranker for one in store.first_shown()} == {"fusion"}
