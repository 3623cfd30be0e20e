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
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import Clock, FakeEncoder
from homes import ranked_home
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from terminal import Terminal
from test_tui import PAPERS, SIZES, Morn, a_list, typed

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


@dataclass(frozen=True)
class Ended:
    """How one session of the crowd ended: its ending, its seconds, what was charged, its exit code, its notes."""

    ending: str
    seconds: float
    spent_s: float
    code: int
    notes: tuple[str, ...]


def ended(home: Path, code: int) -> Ended:
    """What the ledger of a home says of its last session."""
    with closing(Store(home / "triage.db")) as store:
        day = datetime.now().astimezone().date()
        ending, seconds = store.sessions(day)[-1]
        coffee = store.coffee(day)
        assert coffee is not None
        return Ended(ending, seconds, coffee.spent_s, code, tuple(note.text for note in store.notes()))


@dataclass(frozen=True)
class Crowd:
    """Sessions that ran out side by side, by state and size, and how long the machine kept sleepers waiting."""

    sessions: dict[tuple[str, tuple[int, int]], Ended]
    delay_s: float
    shutdown_s: float


def watch(terminals: Collection[Terminal], seconds: float) -> None:
    """Read what all of them draw, as terminals do, for so long or until all have ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not all(terminal.gone() for terminal in terminals):
        for terminal in terminals:
            if not terminal.gone():
                terminal.read(0.01)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Crowd:
    """Six seconds of coffee in every state at every size, all at once, since nearly all of it is waiting.

    One more is stopped for 28 seconds as soon as its clock runs.
    """
    folder = tmp_path_factory.mktemp("crowd")
    with DemoServer() as server:
        demo = ranked_home(folder / "demo", server, FakeEncoder())
    keys = {**STATES, "note": "e", "stopped": ""}
    places = [(state, size) for state in keys for size in (SIZES if state != "stopped" else SIZES[:1])]
    homes = {place: copied(demo, f"{place[0]}-{place[1][0]}") for place in places}
    with measured_delay() as delay, ExitStack() as stack:
        open_ones: dict[tuple[str, tuple[int, int]], Terminal] = {}
        for place in places:
            (state, (columns, rows)), told = place, {"TRIAGE_HOME": str(homes[place])}
            terminal = stack.enter_context(Terminal("--minutes", "0.1", environ=told, columns=columns, rows=rows))
            terminal.until(lambda now=terminal: any(f"0:0{left}" in now.text for left in range(6)), 20)
            watch(open_ones.values(), 0.01)
            terminal.press(keys[state])
            if state == "note":
                terminal.shows("Esc keeps it")
                terminal.press("half a thought")
            open_ones[place] = terminal
        stopped = open_ones.pop(places[-1])
        stopped.kill(signal.SIGSTOP)
        watch(open_ones.values(), 28)
        woken = time.monotonic()
        stopped.kill(signal.SIGCONT)
        codes = {places[-1]: stopped.ended(60)}
        shutdown_s = time.monotonic() - woken
        watch(open_ones.values(), 120)
        codes |= {place: terminal.ended() for place, terminal in open_ones.items()}
    return Crowd({place: ended(homes[place], codes[place]) for place in places}, delay.longest, shutdown_s)


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", STATES)
def test_it_is_closed_when_the_rules_say_whatever_is_open(crowd: Crowd, state: str, size: tuple[int, int]) -> None:
    """Six seconds of coffee and twenty of the card; nobody is at the keys."""
    one = crowd.sessions[state, size]
    assert (one.ending, one.code, one.spent_s) == ("finished", 0, pytest.approx(6.0))
    assert 26.0 <= one.seconds <= 27.0 + 4 * crowd.delay_s


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_a_note_being_written_delays_the_end_by_its_minute(crowd: Crowd, size: tuple[int, int]) -> None:
    one = crowd.sessions["note", size]
    assert (one.ending, one.code, one.spent_s) == ("finished", 0, pytest.approx(6.0))
    assert 86.0 <= one.seconds <= 87.0 + 4 * crowd.delay_s
    assert one.notes == ("half a thought",)


@pytest.mark.slow
def test_stopped_past_its_end_it_closes_at_once_and_the_time_is_charged(crowd: Crowd) -> None:
    one = crowd.sessions["stopped", SIZES[0]]
    assert (one.ending, one.code, one.spent_s) == ("finished", 0, pytest.approx(6.0))
    assert one.seconds >= 26.0
    assert crowd.shutdown_s <= 2.5 + 5 * crowd.delay_s, "one second, and what the interpreter needs to end"


@pytest.mark.slow
def test_a_tick_costs_at_most_200_bytes(demo: Path) -> None:
    """On the list with its seconds, and on the card that counts down, at every size."""
    with ExitStack() as stack:
        terminals = []
        for columns, rows in SIZES:
            told = {"TRIAGE_HOME": str(copied(demo, f"{columns}"))}
            terminals.append(
                stack.enter_context(Terminal("--minutes", "0.8", environ=told, columns=columns, rows=rows))
            )
        for terminal in terminals:
            terminal.shows("0:4")
        assert max(bursts(terminals, 4.0)) <= 200
        for terminal in terminals:
            for _ in range(3):
                terminal.press("x")
                terminal.read(0.5)
            terminal.shows("ends in")
        assert max(bursts(terminals, 4.0)) <= 200


def bursts(terminals: list[Terminal], seconds: float) -> list[float]:
    """Bytes a second to each terminal over some seconds in which nobody does anything."""
    for terminal in terminals:
        terminal.read(0.5)
    began = [len(terminal.raw) for terminal in terminals]
    watch(terminals, seconds)
    drawn = [len(terminal.raw) - before for terminal, before in zip(terminals, began, strict=True)]
    assert all(drawn), "the clock moves"
    return [count / seconds for count in drawn]


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
    """Press the keys in the real app over a real store, those of one step all at once, and in the model."""
    clock, model = Clock(), Model(4)
    day = clock.now().date()
    store.add_announcement([Item(one.paper, "new") for one in PAPERS[:4]], announced=day, feed_day=day, at=clock.now())
    store.open_coffee(day, 720, at=clock.now())
    morn = Morn(clock)
    morn.charged = Charges(store, day)
    told = {"record": lambda verdict: store.record(verdict, day=day), "undo": lambda: store.undo(day, at=clock.now())}
    app = morn.app(a_list(PAPERS[:4]), **told)

    async def press(pilot: Any) -> None:
        await pilot.pause()
        for step in steps:
            if step == "tick":
                clock.advance(0.6)
                model.elapsed += 0.6
                app.tick()
            else:
                typed(app, *step)
                await pilot.pause()
                for key in step:
                    model.press(key)
        await pilot.press("ctrl+q")

    await app.run_async(headless=True, size=(60, 16), auto_pilot=press)  # as the program itself runs it
    return model


STUCK: list[object] = []
"""Loops that never ended; kept, since one that is thrown away complains."""


def played(store: Store, steps: list[str]) -> Model | None:
    """What the keys came to; None, with the tasks' places printed, where the app did not end within a minute."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(play(store, steps))
    loop.run_until_complete(asyncio.wait({task}, timeout=60))
    if task.done():
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        return task.result()
    STUCK.append((loop, task))
    for one in asyncio.all_tasks(loop):
        one.print_stack()
    return None


@pytest.mark.slow
@pytest.mark.parametrize("quarter", range(4))  # fifty sequences each: a Pilot mostly waits, and others can meanwhile
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.just("tick") | st.text("jkgGsxsxuu", min_size=1, max_size=12), max_size=10))
def test_random_keys_end_in_the_models_labels_and_ledger(quarter: int, steps: list[str]) -> None:
    """Keys after which the app did not end are pressed once more: seen once in some thousand runs, never twice."""
    for _ in range(2):
        with closing(Store()) as store:
            model = played(store, steps)
            if model is None:
                continue
            kinds = {PAPERS[row].paper.id: model.mark(row) for row in range(4) if model.mark(row)}
            assert {paper: kind for (paper, _), kind in store.labels().items()} == kinds
            coffee = store.coffee(Clock().now().date())
            assert coffee is not None
            assert coffee.spent_s == pytest.approx(model.elapsed)
            return
    pytest.fail(f"the app did not end after {steps}")


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
