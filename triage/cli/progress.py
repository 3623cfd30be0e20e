"""Progress of long work: a bar on a terminal, JSON lines for a parent process, for a pipe only what a model costs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

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
    from triage.pipeline.vectors import NEW_MODEL
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
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(" {task.fields[step]:<10} {task.description:<22.22}", markup=False),
        BarColumn(24),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
    )
    with Progress(*columns, console=Console(stderr=True, highlight=False)) as progress:
        tasks: dict[tuple[str, str], TaskID] = {}

        def report(step: str, what: str, done: int, total: int | None) -> None:
            if line := _cost(step, what):  # too long for the bar's column
                progress.console.print(line, markup=False, soft_wrap=True)
                return
            if (step, what) not in tasks:
                tasks[step, what] = progress.add_task(what, total=total, step=step)
            progress.update(tasks[step, what], completed=done, total=total)

        yield report
