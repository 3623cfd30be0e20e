"""`triage fetch`: bring what was announced, embed it, rank it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from triage.cli.progress import shown
from triage.cli.surroundings import Surroundings, pass_surroundings, profile_option
from triage.errors import TryLater

if TYPE_CHECKING:
    from triage.pipeline import Refreshed

FEW_PAPERS = 150
"""Below so many stored papers the statistics are thin, and `--back` is offered."""


@click.command("fetch")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.option(
    "--back", type=click.IntRange(0, 60), default=0, metavar="DAYS", help="Also earlier papers, as background."
)
@click.option("--limit", type=click.FloatRange(min=0), metavar="SECONDS", help="Stop embedding after so long.")
@click.option("--progress-json", is_flag=True, hidden=True)
@profile_option
@pass_surroundings
def fetch_command(around: Surroundings, as_json: bool, back: int, limit: float | None, progress_json: bool) -> int:
    """Example: triage fetch --back 7

    Bring what was announced, embed what is new and rank it for every active profile. What a run leaves undone the
    next one completes.
    """
    done = run(around, back=back, limit=limit, progress_json=progress_json)
    if as_json:
        click.echo(json.dumps(done.to_json()))
    elif not progress_json:
        click.echo(_told(done))
    return _ended(around, done)


def run(
    around: Surroundings,
    *,
    back: int = 0,
    limit: float | None = None,
    progress_json: bool = False,
    total_s: float = 120.0,
) -> Refreshed:
    """Refresh under the lock: one fetch at a time on a machine."""
    from triage.pipeline import refresh

    until = None if limit is None else around.clock.monotonic() + limit
    profiles = around.profiles
    with (
        around.lock("fetch", "another triage fetch is running; what it brings is there when it ends"),
        shown(as_json=progress_json) as report,
    ):
        return refresh(
            around.store,
            profiles,
            encoder=around.encoder,
            fast=around.fast,
            now=around.clock.now(),
            wire=around.wire(total_s),
            types=around.config.types,
            back=back,
            progress=report,
            stop=None if until is None else lambda: around.clock.monotonic() >= until,
        )


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


def _ended(around: Surroundings, done: Refreshed) -> int:
    """Say what is left undone, and turn the state into an exit code."""
    for note in done.notes:
        click.echo(f"triage: {note}", err=True)
    if done.waiting:
        click.echo(f"triage: {done.waiting} papers still to embed; the next fetch goes on", err=True)
    if done.fault:
        raise done.fault
    if done.report.state == "stale":
        reasons = {one.reason for one in done.report.categories.values() if one.reason}
        raise TryLater("; ".join(sorted(reasons)) or "arXiv has not published today's batch yet")
    if done.report.state == "partial":
        missing = [f"{name}: {one.reason}" for name, one in done.report.categories.items() if one.state == "failed"]
        click.echo(f"triage: {'; '.join(missing)}", err=True)
    if sys.stderr.isatty() and done.added.new and around.store.count() < FEW_PAPERS:
        click.echo("triage: few papers are stored yet; triage fetch --back 7 makes the ranking surer", err=True)
    return 0
