"""`triage fetch`: bring what was announced, embed it, rank it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from triage.cli.progress import shown
from triage.cli.prune import term
from triage.cli.surroundings import Surroundings, SystemClock, pass_surroundings, profile_option
from triage.cli.wording import looks_line
from triage.errors import TriageError, TryLater, Unavailable

if TYPE_CHECKING:
    from triage.pipeline import Refreshed, Term

CHILD_WAIT_S = 600.0
"""How long the child of a session waits for another fetch, in seconds."""

LACKING = ("failed", "stale", "truncated")
"""States of a category that lacks a part of the announcement."""

FEW_PAPERS = 150
"""Below so many stored papers of earlier days the statistics are thin, and `--back` is offered."""


@click.command("fetch")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.option(
    "--back", type=click.IntRange(0, 60), default=0, metavar="DAYS", help="Also earlier papers, as background."
)
@click.option("--limit", type=click.FloatRange(min=0), metavar="SECONDS", help="Stop embedding after so long.")
@click.option("--quick", is_flag=True, help="End with the fast encoder's list; the session or the next fetch goes on.")
@click.option("--progress-json", is_flag=True, hidden=True)
@click.option("--ahead", type=float, default=0.0, hidden=True)
@profile_option
@pass_surroundings
def fetch_command(
    around: Surroundings, as_json: bool, back: int, limit: float | None, quick: bool, progress_json: bool, ahead: float
) -> int:
    """Example: triage fetch --back 7

    Bring what was announced, embed what is new and rank it for every active profile. What a run leaves undone the
    next one completes.
    """
    if ahead:  # the demo's session lives on a Friday of its own, and so does its child
        around.clock = SystemClock(timedelta(seconds=ahead))
    # The session's child waits for a fetch that runs already; a person or cron is told at once.
    wait_s, needed = (CHILD_WAIT_S, lambda: is_due(around)) if progress_json else (0.0, lambda: True)
    done = run(around, back=back, limit=limit, quick=quick, progress_json=progress_json, wait_s=wait_s, needed=needed)
    if done is None:
        return 0
    if as_json:
        click.echo(json.dumps(done.to_json()))
    elif not progress_json:
        click.echo(_told(done))
    return _ended(around, done)


def is_due(around: Surroundings, *, patient: bool = False) -> bool:
    """Whether there is anything to fetch or to rank; `patient` leaves a batch that was late its time."""
    from triage.pipeline import due

    now, free = around.clock.now(), around.holidays
    return due(around.store, around.profiles, now, ranker=around.ranker, free=free, patient=patient)


def run(
    around: Surroundings,
    *,
    back: int = 0,
    limit: float | None = None,
    quick: bool = False,
    progress_json: bool = False,
    total_s: float = 120.0,
    wait_s: float = 0.0,
    needed: Callable[[], bool] = lambda: True,
) -> Refreshed | None:
    """Refresh under the lock: one fetch at a time on a machine.

    Another one is waited for at most `wait_s` seconds; None when nothing is `needed` any more after it.
    """
    from triage.pipeline import refresh

    profiles = around.profiles
    with (
        around.lock("fetch", "another triage fetch is running; what it brings is there when it ends", wait_s=wait_s),
        shown(as_json=progress_json) as report,
    ):
        if not needed():
            return None
        until = None if limit is None else around.clock.monotonic() + limit
        return refresh(
            around.store,
            profiles,
            encoder=around.encoder,
            fast=around.fast,
            now=around.clock.now(),
            wire=around.wire(total_s),
            types=around.config.types,
            back=back,
            quick=quick,
            progress=report,
            free=around.holidays,
            pinned=around.config.ranker,
            today=around.clock.today(),
            term=_term(around),
            stop=None if until is None else lambda: around.clock.monotonic() >= until,
        )


def _term(around: Surroundings) -> Term | None:
    """What may be let go; nothing while a profile with examples cannot be read, which triage profile check tells."""
    try:
        return term(around)
    except TriageError:
        return None


def _told(done: Refreshed) -> str:
    """A line for each category, and one for the whole."""
    rows = [
        f"  {name:<12} {one.state:<10} {one.new} new, {one.cross} cross, {one.replace} replaced"
        + (f"  ({one.reason})" if one.reason else "")
        for name, one in done.report.categories.items()
    ]
    day = f" {done.report.announced:%Y-%m-%d}" if done.report.announced else ""
    head = f"{done.report.state}{day}: {done.added.new} new, {done.added.updated} updated, {done.added.known} known"
    return "\n".join([f"{head}; {done.embedded} embedded", *rows])


def not_read(done: Refreshed) -> str:
    """What a partial run lacks, in one line; "" for any other."""
    missing = [f"{name}: {one.reason}" for name, one in done.report.categories.items() if one.state in LACKING]
    return f"not everything was read: {'; '.join(missing)}" if missing and done.report.state == "partial" else ""


def _ended(around: Surroundings, done: Refreshed) -> int:
    """Say what is left undone, and turn the state into an exit code."""
    for note in done.notes:
        click.echo(f"triage: {note}", err=True)
    if done.waiting:
        click.echo(f"triage: {done.waiting} papers still to embed; the next fetch goes on", err=True)
    if done.fault:
        raise done.fault
    if done.report.state == "failed":
        raise Unavailable("; ".join(sorted({one.reason for one in done.report.categories.values() if one.reason})))
    if done.report.state == "stale":
        reasons = {one.reason for one in done.report.categories.values() if one.reason}
        raise TryLater("; ".join([*sorted(reasons), looks_line(around.store)]))
    if missing := not_read(done):
        click.echo(f"triage: {'; '.join(filter(None, [missing, looks_line(around.store)]))}", err=True)
    few = done.report.announced and around.store.background_count(done.report.announced) < FEW_PAPERS
    if sys.stderr.isatty() and done.added.new and few:
        click.echo("triage: few papers are stored yet; triage fetch --back 7 makes the ranking surer", err=True)
    return 0
