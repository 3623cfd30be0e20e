"""Progress of long work: a bar on a terminal, JSON lines for a parent process, for a pipe only what a model costs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

Report = Callable[[str, str, int, "int | None"], None]


@contextmanager
def shown(*, as_json: bool = False) -> Iterator[Report]:
    """Give the function that a long task tells of its steps, in the form that fits where this process runs."""
    if as_json:
        yield _json_line
    elif sys.stderr.isatty():
        with _bar() as report:
            yield report
    else:
        yield _costs_alone


def _costs_alone(step: str, what: str, done: int, total: int | None) -> None:
    """Nobody watches; what a new model will cost is said all the same."""
    if line := _cost(step, what):
        click.echo(line, err=True)


def _cost(step: str, what: str) -> str:
    """The line that says what a new model will cost; "" for any other step."""
    from triage.pipeline.progress import NEW_MODEL
    from triage.text import clean

    return f"triage: {NEW_MODEL} {clean(what)}" if step == NEW_MODEL else ""


def _json_line(step: str, what: str, done: int, total: int | None) -> None:
    """Tell the session's process; when it has gone home, the work goes on without it."""
    try:
        print(json.dumps({"step": step, "what": what, "done": done, "total": total}), flush=True)  # noqa: T201
    except BrokenPipeError:
        sys.stdout = open("/dev/null", "w")  # noqa: PTH123, SIM115


@contextmanager
def _bar() -> Iterator[Report]:
    """A line with a bar and the time that is left for each step; what tells of no step loads and draws nothing."""
    tasks: dict[tuple[str, str], TaskID] = {}
    with ExitStack() as drawn:
        bars: list[Progress] = []

        def report(step: str, what: str, done: int, total: int | None) -> None:
            if not bars:
                bars.append(drawn.enter_context(_bars()))
            if line := _cost(step, what):  # too long for the bar's column
                bars[0].console.print(line, markup=False, soft_wrap=True)
                return
            if (step, what) not in tasks:
                tasks[step, what] = bars[0].add_task(what, total=total, step=step)
            bars[0].update(tasks[step, what], completed=done, total=total)

        yield report


def _bars() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(" {task.fields[step]:<10} {task.description:<22.22}", markup=False),
        BarColumn(24),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
    )
    return Progress(*columns, console=Console(stderr=True, highlight=False))
