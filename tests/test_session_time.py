"""The real program on real terminals against the clock: it ends when the rules say, and a tick costs next to nothing.

The moments are the program's own (its ledger's), so a slow machine delays them only as much as it delays a sleeping
thread of this test, which is measured.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import Clock
from homes import ranked_home
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from terminal import Terminal
from test_tui import PAPERS, SIZES, Morn, a_list

from triage.demo import DemoServer
from triage.paper import Item
from triage.store import Store

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no pseudo-terminal on this system")

STATES = {"list": "", "abstract": "\r", "search": "/", "palette": "\x10"}


@pytest.fixture
def demo(tmp_path: Path, encoder: object) -> Iterator[Path]:
    with DemoServer() as server:
        yield ranked_home(tmp_path / "demo", server, encoder)


class Delay:
    """The longest time that the machine let a sleeper wait beyond what it asked for, in seconds."""

    longest = 0.0


@contextmanager
def measured_delay() -> Iterator[Delay]:
    """Watch the scheduler while something is timed."""
    found, over = Delay(), threading.Event()

    def watch() -> None:
        while not over.is_set():
            began = time.monotonic()
            time.sleep(0.05)
            found.longest = max(found.longest, time.monotonic() - began - 0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        over.set()
        watcher.join()


def copied(home: Path, name: str) -> Path:
    return Path(shutil.copytree(home, home.parent / name))


def ended(home: Path) -> tuple[str, float, float]:
    """How the last session of a home ended, after how many seconds, and what was charged."""
    with closing(Store(home / "triage.db")) as store:
        day = datetime.now().astimezone().date()
        ending, seconds = store.sessions(day)[-1]
        coffee = store.coffee(day)
        assert coffee is not None
        return ending, seconds, coffee.spent_s


def wait_for_all(terminals: list[Terminal], seconds: float) -> None:
    end = time.monotonic() + seconds
    for terminal in terminals:
        assert terminal.ended(max(1.0, end - time.monotonic())) == 0


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_it_is_closed_when_the_rules_say_whatever_is_open(demo: Path, size: tuple[int, int]) -> None:
    """Six seconds of coffee and twenty of the card; nobody is at the keys."""
    homes = {state: copied(demo, state) for state in STATES}
    with measured_delay() as delay, ExitStack() as stack:
        terminals = []
        for state, keys in STATES.items():
            told = {"TRIAGE_HOME": str(homes[state])}
            terminal = stack.enter_context(Terminal("--minutes", "0.1", environ=told, columns=size[0], rows=size[1]))
            terminal.shows("0:0")
            terminal.press(keys)
            terminals.append(terminal)
        wait_for_all(terminals, 60)
    for state, home in homes.items():
        ending, seconds, spent_s = ended(home)
        assert ending == "finished", state
        assert 26.0 <= seconds <= 27.0 + 4 * delay.longest, state
        assert spent_s == pytest.approx(6.0)


@pytest.mark.slow
def test_a_note_being_written_delays_the_end_by_its_minute(demo: Path) -> None:
    homes = [copied(demo, f"{columns}") for columns, _ in SIZES]
    with measured_delay() as delay, ExitStack() as stack:
        terminals = []
        for home, (columns, rows) in zip(homes, SIZES, strict=True):
            told = {"TRIAGE_HOME": str(home)}
            terminal = stack.enter_context(Terminal("--minutes", "0.1", environ=told, columns=columns, rows=rows))
            terminal.shows("0:0")
            terminal.press("e")
            terminal.shows("Esc keeps it")
            terminal.press("half a thought")
            terminals.append(terminal)
        wait_for_all(terminals, 120)
    for home in homes:
        ending, seconds, spent_s = ended(home)
        assert ending == "finished"
        assert 86.0 <= seconds <= 87.0 + 4 * delay.longest
        assert spent_s == pytest.approx(6.0)
        with closing(Store(home / "triage.db")) as store:
            assert [note.text for note in store.notes()] == ["half a thought"]


@pytest.mark.slow
def test_stopped_past_its_end_it_closes_at_once_and_the_time_is_charged(demo: Path) -> None:
    with Terminal("--minutes", "0.1", environ={"TRIAGE_HOME": str(demo)}) as terminal, measured_delay() as delay:
        terminal.shows("0:0")
        terminal.kill(signal.SIGSTOP)
        time.sleep(28)
        woken = time.monotonic()
        terminal.kill(signal.SIGCONT)
        assert terminal.ended() == 0
        shutdown_s = time.monotonic() - woken
    ending, seconds, spent_s = ended(demo)
    assert (ending, spent_s) == ("finished", pytest.approx(6.0))
    assert 26.0 <= seconds <= 28 + 6 + 1.0 + 4 * delay.longest
    assert shutdown_s <= 2.5 + 5 * delay.longest, "one second, and what the interpreter needs to end"


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_a_tick_costs_at_most_200_bytes(demo: Path, size: tuple[int, int]) -> None:
    """On the list with its seconds, and on the card that counts down."""
    with Terminal("--minutes", "0.8", environ={"TRIAGE_HOME": str(demo)}, columns=size[0], rows=size[1]) as terminal:
        terminal.shows("0:4")
        terminal.read(1.0)
        assert bursts(terminal, 4.0) <= 200
        for _ in range(3):
            terminal.press("x")
            terminal.read(0.5)
        terminal.shows("closes in")
        terminal.read(1.0)
        assert bursts(terminal, 4.0) <= 200


def bursts(terminal: Terminal, seconds: float) -> float:
    """Bytes a second over some seconds in which nobody does anything."""
    began = len(terminal.raw)
    terminal.read(seconds)
    assert len(terminal.raw) > began, "the clock moves"
    return (len(terminal.raw) - began) / seconds


class Charges(list[float]):
    """The meter's way into a real ledger."""

    def __init__(self, store: Store, day: Any) -> None:
        super().__init__()
        self._store, self._day = store, day

    def append(self, seconds: float) -> None:
        self._store.charge(self._day, seconds)


class Model:
    """What the keys should come to: cursor, standing verdicts, and the card once every paper is judged."""

    def __init__(self, count: int) -> None:
        self.count, self.cursor, self.elapsed = count, 0, 0.0
        self.standing: list[tuple[int, str]] = []

    def mark(self, row: int) -> str | None:
        return next((kind for at, kind in reversed(self.standing) if at == row), None)

    @property
    def done(self) -> bool:
        return all(self.mark(row) for row in range(self.count))

    def press(self, key: str) -> None:
        if key == "u":
            if self.standing:
                self.cursor = self.standing.pop()[0]
        elif not self.done:
            rows = {"j": self.cursor + 1, "k": self.cursor - 1, "g": 0, "G": self.count - 1}
            if key in rows:
                self.cursor = max(0, min(rows[key], self.count - 1))
            else:
                self._judge({"s": "keep", "x": "dismiss"}[key])

    def _judge(self, kind: str) -> None:
        if self.mark(self.cursor) != kind:
            self.standing.append((self.cursor, kind))
        free = [row for row in range(self.count) if self.mark(row) is None and row != self.cursor]
        after = [row for row in free if row > self.cursor]
        self.cursor = (after or free or [self.cursor])[0]


async def play(store: Store, steps: list[str]) -> Model:
    """Press the keys in the real app over a real store, and in the model."""
    clock, model = Clock(), Model(4)
    day = clock.now().date()
    store.add_announcement([Item(one.paper, "new") for one in PAPERS[:4]], announced=day, feed_day=day, at=clock.now())
    store.open_coffee(day, 720, at=clock.now())
    morn = Morn(clock)
    morn.charged = Charges(store, day)
    told = {"record": lambda verdict: store.record(verdict, day=day), "undo": lambda: store.undo(day, at=clock.now())}
    app = morn.app(a_list(PAPERS[:4]), **told)
    async with app.run_test(size=(60, 16)) as pilot:
        await pilot.pause()
        for step in steps:
            if step == "tick":
                clock.advance(0.6)
                model.elapsed += 0.6
                app.tick()
            else:
                await pilot.press(step)
                model.press(step)
        await pilot.press("ctrl+q")
    return model


@pytest.mark.slow
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from([*"jkgGsxsxuu", "tick"]), max_size=14))
def test_random_keys_end_in_the_models_labels_and_ledger(steps: list[str]) -> None:
    with closing(Store()) as store:
        model = asyncio.run(play(store, steps))
        kinds = {PAPERS[row].paper.id: model.mark(row) for row in range(4) if model.mark(row)}
        assert {paper: kind for (paper, _), kind in store.labels().items()} == kinds
        coffee = store.coffee(Clock().now().date())
        assert coffee is not None
        assert coffee.spent_s == pytest.approx(model.elapsed)


@pytest.mark.slow
@pytest.mark.parametrize("keys", ["s", "sx", "sxu", "sjxu", "jsks"])
def test_kill_9_after_any_key_loses_at_most_that_key(demo: Path, keys: str) -> None:
    home = copied(demo, f"killed-{keys}")
    with Terminal(environ={"TRIAGE_HOME": str(home)}) as terminal:
        terminal.shows("keep")
        terminal.read(1.0)
        for key in keys[:-1]:
            terminal.press(key)
            terminal.read(1.0)
        terminal.press(keys[-1])
        terminal.kill(signal.SIGKILL)
        assert terminal.ended() == -signal.SIGKILL
    with closing(Store(home / "triage.db")) as store:
        store.check()
        found = sorted(store.labels().values())
    assert found in [sorted(labels(keys)), sorted(labels(keys[:-1]))]


def labels(keys: str) -> list[str]:
    model = Model(3)
    for key in keys:
        model.press(key)
    return [kind for row in range(3) if (kind := model.mark(row))]
