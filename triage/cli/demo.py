"""`triage demo`: the whole way of the data in a throw-away home, on a fictional announcement."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.surroundings import Surroundings, SystemClock, is_terminal, pass_surroundings, profile_option
from triage.errors import Interrupted, TriageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from multiprocessing.connection import Connection

    from triage.demo import DemoServer


@click.command("demo")
@click.option("--minutes", type=click.FloatRange(min=0), help="A smaller coffee (never larger).")
@click.option("--plain", is_flag=True, help="Print the shortlist instead of opening the session.")
@profile_option
@pass_surroundings
def demo_command(around: Surroundings, minutes: float | None, plain: bool) -> int:
    """Example: triage demo --minutes 2

    Fetch, store, embed, rank and read two days of invented papers. Everything is real but the papers: they come from
    a server on this machine, and the home is thrown away. The session opens on the fast encoder's list while the
    careful one is still reading; without a terminal the shortlist is printed when both have read.
    """
    try:
        return _live(around, minutes, plain=plain)
    except KeyboardInterrupt as end:
        raise Interrupted("interrupted; the demo's home is gone") from end


def _live(around: Surroundings, minutes: float | None, *, plain: bool) -> int:
    """Make the home and the server, fetch both days, and show the second."""
    from triage.demo import FRIDAY, DemoServer, demo_home

    ahead = FRIDAY - datetime.now(UTC)
    clock = SystemClock(ahead)
    with tempfile.TemporaryDirectory(prefix="triage-demo-") as folder, DemoServer(clock.now) as server:
        home = demo_home(Path(folder) / "home", server)
        environ = {**_without_settings(around.environ), "TRIAGE_HOME": str(home)}
        guest = Surroundings(environ, around.profile, clock)
        sits = not plain and is_terminal() and around.environ.get("TERM") != "dumb"
        _fetch_days(environ, around.profile, ahead, server, quick=sits)
        try:
            return _session(guest, minutes, ahead) if sits else _print(guest, minutes)
        finally:
            guest.store.close()


def _without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without the reader's own settings of triage, but for what the terminal can draw."""
    kept = {"TRIAGE_SESSION_ASCII"}
    return {name: value for name, value in environ.items() if not name.startswith("TRIAGE_") or name in kept}


def _session(guest: Surroundings, minutes: float | None, ahead: timedelta) -> int:
    """The ordinary session; its child leaves with it, since the home and the server do."""
    from triage.cli.child import Child
    from triage.cli.session import morning

    children: list[Child] = []

    def start() -> Child:
        children.append(Child(guest.log, guest.environ, guest.profile, ahead=ahead.total_seconds()))
        return children[-1]

    try:
        with _surrounded_by(guest.environ):
            return morning(guest, minutes, start=start)
    finally:
        for child in children:
            child.end()


@contextmanager
def _surrounded_by(environ: Mapping[str, str]) -> Iterator[None]:
    """Let what the session starts live in the demo's home too: the key for the profile must not edit the reader's."""
    before = dict(os.environ)
    _take_over(environ)
    try:
        yield
    finally:
        _take_over(before)


def _take_over(environ: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environ)


def _print(guest: Surroundings, minutes: float | None) -> int:
    """The ordinary list, where nobody sits before a session."""
    from triage.cli.papers import todays_list
    from triage.digest import plain_list

    if minutes is not None:
        lowered = min(guest.budget_s(), 60 * minutes)
        guest.store.open_coffee(guest.clock.today(), lowered, lower=True, at=guest.clock.now())
    click.echo(plain_list(todays_list(guest)))
    return 0


def _fetch_days(
    environ: Mapping[str, str], profile: str | None, ahead: timedelta, server: DemoServer, *, quick: bool
) -> None:
    """Run the ordinary fetch once for each day, in a process of its own: the session's never loads a model."""
    from triage.demo import DAYS

    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    child = spawn.Process(target=_fetch_when_told, args=(dict(environ), profile, ahead, quick, there))
    child.start()
    there.close()
    try:
        for day in DAYS:
            server.day = day
            here.send("fetch")
            if (fault := here.recv()) is not None:
                raise fault
    except EOFError as error:
        raise TriageError("the demo's fetch ended too early; run triage demo again") from error
    except BaseException:  # a signal: the home goes, so nobody waits for what would come into it
        child.kill()
        raise
    finally:
        here.close()
        child.join()


def _fetch_when_told(
    environ: dict[str, str], profile: str | None, ahead: timedelta, quick: bool, pipe: Connection
) -> None:
    """Fetch each time the pipe says so, with one clock and one loaded encoder for all days."""
    from triage.cli import fetch

    _take_over(environ)
    around = Surroundings(environ, profile, SystemClock(ahead))
    try:
        while True:
            pipe.recv()
            try:
                done = fetch.run(around, quick=quick)
                pipe.send(done.fault if done else None)
            except TriageError as error:
                pipe.send(error)
    except (EOFError, ConnectionError, KeyboardInterrupt):  # nobody listens any more
        around.store.close()
