"""The ledger's rations, sessions, diary and looks: what is rationed stays rationed over crashes and terminals."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from triage.errors import TryLater
from triage.paper import Dwell, Paper
from triage.store import Entry, Store

MONDAY = date(2026, 11, 16)
NOW = datetime(2026, 11, 16, 7, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "triage.db") as opened:
        yield opened


def finished(store: Store, day: date, spent_s: float = 900) -> None:
    store.open_coffee(day, 900, at=NOW)
    store.charge(day, spent_s)
    store.close_coffee(day, "finished")


def test_a_refill_opens_a_finished_day_for_five_minutes_once(store: Store) -> None:
    finished(store, MONDAY)
    assert store.no_refill(MONDAY) == ""
    coffee = store.refill(MONDAY, at=NOW)
    assert (coffee.left_s, coffee.state, coffee.refills) == (300, "open", 1)
    store.charge(MONDAY, 300)
    store.close_coffee(MONDAY, "finished")
    with pytest.raises(TryLater, match="today's refill is drunk"):
        store.refill(MONDAY, at=NOW)
    assert store.coffee(MONDAY).left_s == 0  # type: ignore[union-attr]


def test_two_refills_in_any_seven_days(store: Store) -> None:
    days = [MONDAY + timedelta(days=n) for n in (0, 3, 5, 7, 9, 10)]
    for day in days:
        finished(store, day)
    store.refill(days[0], at=NOW)
    store.refill(days[1], at=NOW)
    with pytest.raises(TryLater, match="the next one from Mon 2026-11-23"):
        store.refill(days[2], at=NOW)
    store.refill(days[3], at=NOW)
    assert "from Thu 2026-11-26" in store.no_refill(days[4])
    assert store.no_refill(days[5]) == ""


def test_a_strict_reader_gets_none_and_a_list_read_to_its_end_neither(store: Store) -> None:
    finished(store, MONDAY)
    with pytest.raises(TryLater, match="strict"):
        store.refill(MONDAY, strict=True, at=NOW)
    tuesday = MONDAY + timedelta(days=1)
    finished(store, tuesday, spent_s=400)
    assert "is judged" in store.no_refill(tuesday)


def test_one_pause_a_day(store: Store) -> None:
    assert store.no_pause(MONDAY) == ""
    store.pause(MONDAY, at=NOW)
    with pytest.raises(TryLater, match="pause is used"):
        store.pause(MONDAY, at=NOW)
    store.pause(MONDAY + timedelta(days=1), at=NOW)


def test_a_killed_program_cannot_take_its_ration_twice(store: Store) -> None:
    finished(store, MONDAY)
    code = (
        "import os, sys; from datetime import UTC, date, datetime; from triage.store import Store; "
        "store = Store(__import__('pathlib').Path(sys.argv[1])); now = datetime.now(UTC); day = date(2026, 11, 16); "
        "store.pause(day, at=now); store.refill(day, at=now); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(store.path)], check=False, capture_output=True)
    assert done.returncode == -9
    assert store.no_pause(MONDAY)
    assert store.no_refill(MONDAY)
    assert store.coffee(MONDAY).left_s == 300  # type: ignore[union-attr]


def test_a_session_says_how_it_ended_and_a_crash_says_nothing(store: Store) -> None:
    first = store.begin_session(MONDAY, at=NOW)
    store.begin_session(MONDAY, at=NOW)
    store.end_session(first, "idle", seconds=26.5, at=NOW)
    assert store.sessions(MONDAY) == [("idle", 26.5), ("", 0.0)]


def test_the_diary_has_one_entry_a_day_and_keeps_the_line(store: Store) -> None:
    tuesday = MONDAY + timedelta(days=1)
    assert store.last_line(tuesday) is None
    store.write_line(MONDAY, "drafts are not needed")
    store.write_entry(MONDAY, minutes=14.9, shown=7, kept=2)
    store.write_entry(MONDAY, minutes=15.0, shown=8, kept=2)
    store.write_entry(tuesday, minutes=3.0, shown=2, kept=0)
    assert store.notebook() == [
        Entry(MONDAY, 15.0, 8, 2, "drafts are not needed"),
        Entry(tuesday, 3.0, 2, 0),
    ]
    assert store.last_line(tuesday + timedelta(days=1)) == (MONDAY, "drafts are not needed")
    assert (store.line_of(MONDAY), store.line_of(tuesday)) == ("drafts are not needed", "")
    assert store.last_line(MONDAY) is None, "only earlier days"


def test_a_look_survives_the_store(store: Store) -> None:
    store.add_papers([Paper("9911.00001", "Invented", "Words.")], at=NOW)
    looks = [
        Dwell("9911.00001", NOW, NOW + timedelta(seconds=3), 1, 170, 42.5, "keep", 2, 7, 1, True, False, True),
        Dwell("9911.00001", NOW, NOW + timedelta(seconds=60), 0, 170, 1.0, exposure=2, focus_lost=True),
    ]
    for look in looks:
        store.add_dwell(look)
    assert store.dwells() == looks
