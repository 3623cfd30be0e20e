"""A batch that is late is looked for again: by the open session, at decent intervals, and every look is on record."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from triage.cli.child import Looks
from triage.cli.wording import looks_line
from triage.doctor import runs
from triage.fetch import holidays
from triage.pipeline import looks, next_look
from triage.store import Run, Store
from triage.tui import Progress

if TYPE_CHECKING:
    from conftest import Clock

MORNING = datetime(2026, 11, 20, 6, 10, tzinfo=UTC)


class Refreshes:
    """Refreshes whose course the test sets: `due` is asked, `begun` notes when each began."""

    def __init__(self, clock: Clock, *, due: bool = True) -> None:
        self.clock, self.due = clock, due
        self.begun: list[float] = []
        self.asked = 0
        self.present = Progress("fetching", "running")
        self.looks = Looks(self.start, self.is_due, clock.monotonic)

    def start(self) -> Refreshes:
        self.begun.append(self.clock.monotonic())
        self.present = Progress("fetching", "running")
        return self

    def is_due(self) -> bool:
        self.asked += 1
        return self.due

    def progress(self) -> Progress:
        return self.present

    def wait(self, seconds: int) -> list[str]:
        """Ask once a second, as the session does; the states in which it went by, each once in a row."""
        states: list[str] = []
        for _ in range(seconds):
            self.clock.advance(1)
            state = self.looks.progress().state
            states += [state] if states[-1:] != [state] else []
        return states


def test_a_late_batch_is_looked_for_every_half_hour_until_it_is_there(clock: Clock) -> None:
    late = Refreshes(clock)
    assert late.looks.running
    assert late.wait(20) == ["running"]
    late.present = Progress("the feed repeats papers; looked at 06:10; next look from 06:40", "failed")
    assert late.wait(1700) == ["failed"]
    assert late.wait(200) == ["failed", "running"]
    assert len(late.begun) == 2
    assert late.begun[1] - late.begun[0] >= 1800
    late.present, late.due = Progress("", "done"), False
    assert late.wait(4000) == ["done"]
    assert len(late.begun) == 2, "what has come is not looked for again"


def test_a_look_that_another_run_left_due_begins_in_the_middle(clock: Clock) -> None:
    """Cron looked 20 minutes before the session was opened: nothing at once, and the next look in its time."""
    later = Refreshes(clock, due=False)
    assert not later.looks.running
    assert later.wait(600) == ["done"]
    assert later.asked <= 600 / 15 + 2, "the store is not asked at every tick"
    later.due = True
    assert later.wait(30) == ["done", "running"]
    assert len(later.begun) == 1


def test_a_failed_look_is_not_hammered(clock: Clock) -> None:
    """After a failure something stays due all the time; the interval holds all the same."""
    down = Refreshes(clock)
    down.present = Progress("arXiv refuses access (403)", "failed")
    down.wait(3 * 3600)
    assert len(down.begun) == 2, "the second look goes on and is not doubled"
    for _ in range(3):
        down.present = Progress("arXiv refuses access (403)", "failed")
        down.wait(1900)
    assert len(down.begun) == 5


@pytest.fixture
def looked() -> Store:
    """Yesterday announced; today looked for three times, once without a network."""
    store = Store()
    store.add_run(Run(MORNING - timedelta(days=1), "announced", None, {"cs.LG": ("announced", "")}))
    for minutes, state in ((0, "stale"), (30, "failed"), (60, "stale")):
        store.add_run(Run(MORNING + timedelta(minutes=minutes), state, None, {"cs.LG": (state, "why")}))
    return store


def test_every_look_is_on_record(looked: Store) -> None:
    with closing(looked):
        assert looks(looked) == [MORNING + timedelta(minutes=minutes) for minutes in (0, 30, 60)]
        assert next_look(looked) == MORNING + timedelta(minutes=90)
        wall = [f"{MORNING.astimezone() + timedelta(minutes=minutes):%H:%M}" for minutes in (0, 30, 60, 90)]
        assert looks_line(looked) == f"looked at {', '.join(wall[:3])}; next look from {wall[3]}"
        found = list(runs(looked, ["cs.LG"], MORNING, holidays()))
        assert any("looked at 06:10, 06:40, 07:10 UTC; next look from 07:40 UTC" in one.says for one in found)
        looked.add_run(Run(MORNING + timedelta(minutes=90), "announced", None, {"cs.LG": ("announced", "")}))
        assert (looks(looked), next_look(looked), looks_line(looked)) == ([], None, "")


def test_one_late_category_of_several_is_a_look_too() -> None:
    with closing(Store()) as store:
        both = {"cs.LG": ("announced", ""), "cs.CL": ("stale", "only papers announced before")}
        store.add_run(Run(MORNING, "partial", MORNING.date(), both))
        assert looks(store) == [MORNING]
        assert next_look(store) == MORNING + timedelta(minutes=30)


def test_looks_of_one_day_are_those_by_the_clock_of_arxiv() -> None:
    """This clock is three hours late: its midnight Eastern lies between two looks of one morning."""
    with closing(Store()) as store:
        at = [datetime(2026, 11, 20, 4, 45, tzinfo=UTC) + timedelta(minutes=30 * number) for number in range(2)]
        for when in at:
            store.add_run(Run(when, "stale", None, {"cs.LG": ("stale", "late")}, offset_s=3 * 3600.0))
        assert looks(store) == at


def test_many_looks_are_one_short_line() -> None:
    with closing(Store()) as store:
        for number in range(12):
            store.add_run(Run(MORNING + timedelta(minutes=30 * number), "stale", None, {"cs.LG": ("stale", "")}))
        line = looks_line(store)
        assert line.count(":") == 5 + 1
        assert "…" in line
