"""The session in plain lines: the same verdicts, clock, ledger and closing as the screen, asked and answered."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from homes import ranked_home
from test_tui import PAPERS, TITLES, Morn, Refresh, a_list
from test_tui_time import Asleep, Day

from triage.cli.plain import Dialogue
from triage.demo import DemoServer
from triage.store import Store
from triage.tui import Outcome, Progress

if TYPE_CHECKING:
    from conftest import Clock


class Reader:
    """Somebody who answers line by line: a text is an answer, a number so many seconds of silence."""

    def __init__(self, clock: Clock, answers: Iterable[str | float]) -> None:
        self._clock, self._answers = clock, list(answers)
        self.heard: list[str] = []

    def read(self, seconds: float) -> str | None:
        if not self._answers:
            raise EOFError
        answer = self._answers[0]
        if isinstance(answer, str):
            self._answers.pop(0)
            return answer
        step = min(seconds, answer)
        self._clock.advance(step)
        self._answers[0] = answer - step
        if self._answers[0] <= 1e-9:
            self._answers.pop(0)
        return None

    @property
    def text(self) -> str:
        return "\n".join(self.heard)


@pytest.fixture
def morn(clock: Clock) -> Morn:
    return Morn(clock)


def talk(morn: Morn, *answers: str | float, listed: Any = None, **given: Any) -> tuple[Dialogue, Reader]:
    """Hold the whole dialogue; the end of the answers is the end of standard input."""
    reader = Reader(morn.clock, answers)
    dialogue = Dialogue(morn.session(listed, **given), reader.read, reader.heard.append)
    try:
        dialogue.run()
    except EOFError:
        pass
    finally:
        dialogue.settle()
    return dialogue, reader


def test_numbers_and_the_keys_of_the_screen_judge_alike(morn: Morn) -> None:
    dialogue, reader = talk(morn, "1", "2", "s", "x", "u", "8", "0")
    assert morn.kinds() == [("01", "keep"), ("02", "dismiss")]
    assert dialogue.outcome is Outcome.CLOSED
    assert "Paper 1 of 7, 1 min; 12 min left." in reader.text
    assert "Taken back: dismiss of 9912.00004." in reader.text


def test_abstract_list_why_and_open(morn: Morn) -> None:
    _, reader = talk(morn, "3", "4", "5", "9", "7", "6", "r", "?", "nonsense", "0")
    for said in (
        "We invent a result",
        "Paper 2 of 7",
        f"7. {TITLES[6]}",
        "nearest: [bold]Paged",
        "Opened https",
        "nothing newer",
    ):
        assert said in reader.text, said
    assert reader.text.count("1 keep, 2 dismiss") == 2, "the choices are told at first and when asked for"
    assert morn.links == ["https://arxiv.org/abs/9912.00001"]


def test_the_coffee_ends_while_an_answer_is_waited_for(morn: Morn, clock: Clock) -> None:
    day = Day(refills=0)
    dialogue, reader = talk(
        morn, "1", 100.0, 5.0, "1", "drafts are not needed", listed=a_list(left_s=90.0), **day.granted
    )
    assert dialogue.outcome is Outcome.COFFEE_FINISHED
    assert "Yesterday you noted: ask [bold]Ada[/bold]" in reader.heard[0]
    assert "That was the coffee." in reader.text
    assert morn.kinds() == [("01", "keep"), ("02", "keep")]
    assert day.written == ["drafts are not needed"]
    assert sum(morn.charged) == pytest.approx(90.0)


def test_nobody_answers_after_the_end(morn: Morn, clock: Clock) -> None:
    day = Day(refills=1)
    dialogue, _ = talk(morn, 90.0, 1000.0, listed=a_list(left_s=90.0), **day.granted)
    assert dialogue.outcome is Outcome.COFFEE_FINISHED
    assert clock.elapsed == pytest.approx(90 + 3 * 20, abs=1.0)
    assert sum(morn.charged) == pytest.approx(90.0)


def test_the_cup_is_nearly_empty_once(morn: Morn) -> None:
    _, reader = talk(morn, 250.0, "?", 250.0, "?", 90.0, "?", 50.0, "0")
    assert reader.text.count("The cup is nearly empty") == 1


def test_everything_judged_is_enough(morn: Morn) -> None:
    dialogue, reader = talk(morn, "1", "2", 20.0, listed=a_list(PAPERS[:2]), **Day().granted)
    assert dialogue.outcome is Outcome.LIST_FINISHED
    assert "All judged, and 12 min left: enjoy the coffee." in reader.text
    assert "five minutes" not in reader.text


def test_a_refill_after_the_wait(morn: Morn) -> None:
    day = Day()
    answers = (90.0, "", "", "+", 10.0, "1", 500.0)
    dialogue, reader = talk(morn, *answers, listed=a_list(left_s=90.0, budget_s=90.0), **day.granted)
    assert day.refills == 0
    assert "Paper 1 of 7, 1 min; 5 min left." in reader.text
    assert morn.kinds() == [("01", "keep")]
    assert dialogue.outcome is Outcome.COFFEE_FINISHED
    assert sum(morn.charged) == pytest.approx(390.0)


def test_a_refill_taken_back(morn: Morn) -> None:
    day = Day()
    talk(morn, 90.0, "", "", "+", 5.0, "", listed=a_list(left_s=90.0), **day.granted)
    assert day.refills == 1


def test_a_pause(morn: Morn) -> None:
    _, reader = talk(morn, 10.0, "p", 100.0, "", 5.0, "p", "0", **Day().granted)
    assert "Paused." in reader.text
    assert "today's pause is used" in reader.text
    assert sum(morn.charged) == pytest.approx(15.0)


def test_five_minutes_of_silence(morn: Morn) -> None:
    dialogue, _ = talk(morn, 300.0)
    assert dialogue.outcome is Outcome.IDLE
    assert sum(morn.charged) == pytest.approx(3.0, abs=0.6), "a title row's time"


def test_sleep_ends_it_and_is_not_charged(morn: Morn, clock: Clock) -> None:
    asleep, reader = Asleep(), Reader(clock, [10.0, "0"])

    def read(seconds: float) -> str | None:
        if clock.elapsed >= 9:
            asleep.seconds = 8 * 3600.0
        return reader.read(seconds)

    dialogue = Dialogue(morn.session(asleep=asleep), read, reader.heard.append)
    dialogue.run()
    dialogue.settle()
    assert dialogue.outcome is Outcome.ASLEEP
    assert sum(morn.charged) == pytest.approx(9.5, abs=0.6)


def test_waiting_for_the_first_list_costs_nothing(morn: Morn, clock: Clock) -> None:
    refresh, reader = Refresh(), Reader(clock, [20.0, 2.0, "0"])

    def read(seconds: float) -> str | None:
        if clock.elapsed >= 20:
            refresh.progress = Progress("", "done")
        return reader.read(seconds)

    session = morn.session(a_list(()), refresh=refresh, reload=lambda: a_list(PAPERS[:2]))
    dialogue = Dialogue(session, read, reader.heard.append)
    dialogue.run()
    dialogue.settle()
    assert "Your coffee has not begun." in reader.text
    assert "Paper 1 of 2" in reader.text
    assert sum(morn.charged) < 2


def test_newer_papers_are_offered_and_taken_in_when_asked(morn: Morn) -> None:
    refresh = Refresh()
    refresh.progress = Progress("", "done")
    newer = a_list((PAPERS[8], PAPERS[0]))
    _, reader = talk(morn, 1.0, "r", "9", "0", listed=a_list(PAPERS[:2]), refresh=refresh, reload=lambda: newer)
    assert "1 newer papers ranked: r takes them in" in reader.text
    assert TITLES[8] in reader.text


@pytest.mark.parametrize("state", ["quiet", "nothing-worth-it"])
def test_a_morning_without_a_list_says_so_and_costs_nothing(morn: Morn, state: Any) -> None:
    dialogue, reader = talk(morn, listed=a_list((), state=state, left_out=PAPERS[:2]))
    assert dialogue.outcome is Outcome.NOTHING
    assert {"quiet": "Nothing was announced.", "nothing-worth-it": "worth your coffee"}[state] in reader.text
    assert morn.charged == []


@pytest.fixture
def demo(tmp_path: Path, encoder: object) -> Iterator[Path]:
    with DemoServer() as server:
        yield ranked_home(tmp_path / "demo", server, encoder)


def test_the_real_program_reads_a_pipe_and_writes_the_real_ledger(demo: Path) -> None:
    told = {"PATH": os.environ["PATH"], "TRIAGE_HOME": str(demo), "TERM": "dumb"}
    command = [sys.executable, "-m", "triage", "--plain"]
    done = subprocess.run(
        command, input="1\n2\nu\n0\n", capture_output=True, text=True, env=told, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "Paper 2 of" in done.stdout
    assert "Closed: " in done.stdout
    assert "1 kept, 0 dismissed" in done.stdout
    with closing(Store(demo / "triage.db")) as store:
        today = datetime.now().astimezone().date()
        assert list(store.labels().values()) == ["keep"]
        assert [ending for ending, _ in store.sessions(today)] == ["left"]
        assert [(entry.day, entry.kept) for entry in store.notebook()] == [(today, 1)]
        coffee = store.coffee(today)
        assert coffee is not None
        assert coffee.state == "left"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_signal_settles_the_ledger(demo: Path, number: int, code: int) -> None:
    told = {"PATH": os.environ["PATH"], "TRIAGE_HOME": str(demo)}
    command = [sys.executable, "-m", "triage", "--plain"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=told) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        while "Paper 1" not in process.stdout.readline():
            pass
        process.stdin.write("1\n")
        process.stdin.flush()
        while "Kept." not in process.stdout.readline():
            pass
        process.send_signal(number)
        rest = process.stdout.read()
        assert process.wait(20) == code
    assert "Closed: " in rest
    with closing(Store(demo / "triage.db")) as store:
        assert list(store.labels().values()) == ["keep"]


def test_plain_lines_need_no_screen() -> None:
    code = "import sys, triage.cli.plain, triage.cli.session; print('textual' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
