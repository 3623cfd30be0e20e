"""`triage`: the morning session; hands the screen its list, its clock and its functions, and speaks when it is gone."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import click

from triage.cli.child import Child, Looks, Refresh
from triage.cli.fetch import is_due
from triage.cli.hooks import after_coffee, after_verdict
from triage.cli.links import keep_copy, opener, terminal_browser
from triage.cli.lists import Lists
from triage.cli.plain import ask
from triage.cli.surroundings import Surroundings, is_terminal
from triage.cli.wording import closing_line, day_counts, explanation, last_noted, minutes_left
from triage.errors import NoTerminal, TryLater

if TYPE_CHECKING:
    from triage.paper import Coffee, Paper, Verdict
    from triage.store import Store
    from triage.tui import CoffeeApp, Diary, Outcome, Rations, Session


_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name))


def morning(
    around: Surroundings,
    minutes: float | None,
    *,
    again: bool = False,
    plain: bool = False,
    start: Callable[[], Refresh] | None = None,
) -> int:
    """One coffee in the terminal, or line by line where it is `plain`: returns the exit code.

    `start` begins a refresh beside it; without one `triage fetch` is started, which goes on when the session is over.

    Raises:
        NoTerminal: there is none, or one that cannot draw.
        TryLater: the session is open in another terminal, or there is no refill.
    """
    if not plain and (not is_terminal() or around.environ.get("TERM") == "dumb"):
        raise NoTerminal(
            "the session needs a terminal; triage list prints the shortlist, triage --plain asks line by line"
        )
    budget_s = around.budget_s()
    if budget_s <= 0:
        click.echo("No coffee today: the profile gives this weekday no minutes.")
        return 0
    today = around.clock.today()
    before = around.store.coffee(today)
    with around.lock("session", f"open in another terminal, {minutes_left(before, budget_s)} left"):
        wanted_s = budget_s if minutes is None else min(budget_s, 60 * minutes)
        coffee = around.store.open_coffee(today, wanted_s, lower=minutes is not None, at=around.clock.now())
        if coffee.state == "finished" or coffee.left_s <= 0:
            around.store.close_coffee(today, "finished")
            if not again:
                click.echo(closing_line(around.store, today))
                return 0
            coffee = _refilled(around, today)
        elif again:
            click.echo(f"triage: {minutes_left(coffee, 0)} are left yet; the refill stays for a finished one", err=True)
        return _sit_down(around, coffee, start or partial(_child, around), plain=plain)


def _refilled(around: Surroundings, today: date) -> Coffee:
    """Five more minutes, after a wait in which they can be taken back.

    Raises:
        TryLater: there are none; the line says why.
    """
    from triage.budget import REFILL_WAIT_S

    strict = around.config.session.strict
    if reason := around.store.no_refill(today, strict=strict):
        raise TryLater(f"{reason}. {closing_line(around.store, today)}")
    click.echo(f"Five more minutes in {REFILL_WAIT_S:.0f} s; Ctrl+C takes it back.", err=True)
    around.clock.sleep(REFILL_WAIT_S)
    return around.store.refill(today, strict=strict, at=around.clock.now())


def _sit_down(around: Surroundings, coffee: Coffee, start: Callable[[], Refresh], *, plain: bool) -> int:
    """Run the screen, or ask line by line, then write down how the coffee ended."""
    from triage.tui import Outcome

    number = around.store.begin_session(coffee.day, at=around.clock.now())
    looks = Looks(start, lambda: is_due(around, patient=True), around.clock.monotonic)
    session = _session(around, coffee, looks)
    with ExitStack() as until_written:
        if plain:
            outcome, code = ask(session, until_written.enter_context(_obeyed_once()))
        else:
            outcome, code = _show(session, until_written)
        finished = outcome in (Outcome.COFFEE_FINISHED, Outcome.LIST_FINISHED)  # judged early: never more papers
        around.store.close_coffee(coffee.day, "finished" if finished else "left")
        around.store.end_session(number, outcome.value, seconds=session.countdown.elapsed(), at=around.clock.now())
        if session.countdown.started:
            _write_entry(around.store, coffee.day)
    click.echo(closing_line(around.store, coffee.day, outcome.value))
    if wrong := after_coffee(around, coffee.day):
        click.echo(f"triage: {wrong}", err=True)
    return code


def _show(session: Session, until_written: ExitStack) -> tuple[Outcome, int]:
    """The screen; signals are the app's until the ledger is written, and no concern of it once it is over."""
    from triage.tui import CoffeeApp, Outcome

    app = CoffeeApp(session)
    until_written.enter_context(_obeyed(app))
    outcome = app.run()
    if app.complaint:
        click.echo(f"triage: {app.complaint}", err=True)
    return outcome or Outcome.CLOSED, app.return_code or 0


def _write_entry(store: Store, day: date) -> None:
    """One entry in the notebook for each coffee, whatever the reader wrote below it."""
    coffee, (shown, kept, _) = store.coffee(day), day_counts(store, day)
    if coffee:
        store.write_entry(day, minutes=coffee.spent_s / 60, shown=shown, kept=kept)


def _session(around: Surroundings, coffee: Coffee, looks: Looks) -> Session:
    """Everything the screen is handed."""
    from triage.budget import Countdown, Meter
    from triage.store import Note
    from triage.tui import Session

    store, clock = around.store, around.clock
    countdown = Countdown(coffee.left_s, clock.monotonic)
    lists = Lists(around, coffee, countdown)

    def record(verdict: Verdict) -> None:
        store.record(verdict, day=coffee.day)
        after_verdict(around, verdict, wait=False)

    session = Session(
        shortlist=lists.first(),
        countdown=countdown,
        meter=Meter(countdown, lambda seconds: store.charge(coffee.day, seconds)),
        record=record,
        undo=lambda: store.undo(coffee.day, at=clock.now()),
        now=clock.now,
        monotonic=clock.monotonic,
        open_link=opener(around.config.session.browser, around.environ),
        explain=explanation,
        shown=lists.shown,
        compare=lists.compare,
        write_note=lambda paper_id, words: store.set_note(Note(paper_id, words, clock.now())),
        copied=lambda text: keep_copy(around.folder(around.config.folders.state), text),
        bibtex=_bibtex,
        profile_editor=_profile_editor,
        terminal_browser=terminal_browser(around.config.session.browser),
        refresh=looks.progress,
        refreshing=looks.running,
        reload=lists.reload,
        ascii=around.config.session.ascii or (sys.stdout.encoding or "").lower() in ("ascii", "ansi_x3.4-1968"),
        theme=around.config.session.theme,
    )
    return _with_day(session, around, coffee.day)


def _with_day(session: Session, around: Surroundings, day: date) -> Session:
    """Add what is known of the reader and of the day: notes, verdicts, pace, rations, notebook."""
    from triage.fetch import next_announcement
    from triage.pipeline import arxiv_now

    store = around.store
    coming = next_announcement(arxiv_now(store, around.clock.now()), around.holidays).astimezone()
    return replace(
        session,
        notes={note.paper_id: note.text for note in store.notes()},
        keys=around.config.keys,
        first=not store.seen_before(),
        verdicts=store.standing(day),
        next_announcement=f"The next announcement: {coming:%A %d %B, %H:%M} your time.",
        asleep=around.clock.asleep,
        reader=around.reader,
        dwelt=store.add_dwell,
        rations=_rations(around, day),
        diary=_diary(store, day),
        greeting=last_noted(store, day),
    )


def _bibtex(paper: Paper) -> str:
    """A paper as an entry; the escaping is loaded when the key is pressed."""
    from triage.export.bibtex import entry

    return entry(paper)


def _profile_editor(name: str) -> Sequence[str]:
    """The ordinary command, with its judgement and its preview, in a process of its own."""
    return [sys.executable, "-P", "-m", "triage", "profile", "edit", name]


def _rations(around: Surroundings, day: date) -> Rations:
    """What the ledger grants once a day; it is asked each time, so that another terminal's refill counts too."""
    from triage.tui import Rations

    store, strict = around.store, around.config.session.strict

    def refill() -> None:
        store.close_coffee(day, "finished")
        store.refill(day, strict=strict, at=around.clock.now())

    return Rations(
        pause=lambda: store.pause(day, at=around.clock.now()),
        refill=refill,
        no_refill=partial(store.no_refill, day, strict=strict),
    )


def _diary(store: Store, day: date) -> Diary:
    from triage.tui import Diary

    return Diary(partial(store.write_line, day), store.line_of(day))


def _child(around: Surroundings) -> Child:
    """A refresh in a process of its own, for whatever is due."""
    return Child(around.log, around.environ, around.profile)


@contextmanager
def _obeyed(app: CoffeeApp) -> Iterator[None]:
    """Let SIGTERM, SIGHUP and SIGINT save, restore the screen, and end with 128 + their number."""

    def end(number: int, frame: object) -> None:
        from triage.tui import Outcome

        if app.return_value is not None or (number == signal.SIGINT and app.away):
            return  # it is over already, or Ctrl+C is meant for the program that has the terminal
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError as error:
            raise SystemExit(128 + number) from error
        loop.call_soon_threadsafe(app.finish, Outcome.CLOSED, 128 + number)

    with _handled(end):
        yield


@contextmanager
def _obeyed_once() -> Iterator[Callable[[], None]]:
    """Let the first signal end what runs, and none after it; gives what keeps them all off once it is over."""

    def ignore() -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def end(number: int, frame: object) -> None:
        ignore()
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    with _handled(end):
        yield ignore


@contextmanager
def _handled(handler: Callable[[int, object], None]) -> Iterator[None]:
    """Give the signals to a handler for a while."""
    before = {number: signal.signal(number, handler) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
