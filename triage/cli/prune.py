"""`triage prune`: old papers that nobody touched are let go, and their space is given back."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from triage.cli.progress import shown
from triage.cli.surroundings import Surroundings, pass_surroundings, profile_option
from triage.config import LEAST_KEEP_DAYS

if TYPE_CHECKING:
    from triage.pipeline import Pruned, Term


def term(around: Surroundings, days: int | None = None) -> Term | None:
    """How long papers stay by the settings or by `days`, and the examples that stay for good; None for ever.

    Raises:
        InvalidInput: a profile has a mistake, so that its examples are not known.
    """
    from triage.pipeline import Term

    days = days or around.config.keep_days
    if days is None:
        return None
    profiles = [*around.all_profiles(), *(around.profiles if around.profile else [])]
    return Term(days, {seed for one in profiles for seed in (*one.seeds, *one.avoid_seeds)})


@click.command("prune")
@click.option("--dry-run", is_flag=True, help="Say what would go, and leave it.")
@click.option(
    "--days", type=click.IntRange(LEAST_KEEP_DAYS), metavar="DAYS", help="Another term than [store] keep_days."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@profile_option
@pass_surroundings
def prune_command(around: Surroundings, dry_run: bool, days: int | None, as_json: bool) -> None:
    """Example: triage prune --dry-run --days 400

    Let go of papers that came more than [store] keep_days ago and that you never touched: never shown to you, kept,
    opened, dismissed, noted, tagged or an example of a profile. Their identifiers stay, so that none comes back as
    new, and so does whatever the statistics count on. Then the database and the file of vectors are made smaller, for
    which they need as much free disk again. With keep_days set every fetch lets some go.
    """
    wanted = term(around, days)
    if wanted is None:
        click.echo("Everything stays: [store] keep_days is not set, and --days names no term.", err=True)
        return
    before = around.store.file_bytes()
    done = _counted(around, wanted) if dry_run else _pruned(around, wanted)
    given_back = 0 if dry_run else max(0, before - around.store.file_bytes())
    if as_json:
        told = {"papers": done.papers, "vectors": done.vectors, "rankings": done.rankings}
        click.echo(json.dumps({"schema": 1, "dry_run": dry_run, "days": wanted.days, **told, "bytes": given_back}))
        return
    counts = f"{done.papers} papers, {done.vectors} vectors, {done.rankings} rankings"
    click.echo(f"{'would go' if dry_run else 'let go'}: {counts} older than {wanted.days} days")
    if not dry_run:
        left = around.store.file_bytes()
        click.echo(f"given back: {given_back / 1e6:.1f} MB; the database and its vectors have {left / 1e6:.1f} MB")


def _counted(around: Surroundings, wanted: Term) -> Pruned:
    from triage.pipeline import counted, outlived

    found = outlived(around.store, wanted, now=around.clock.now())
    return counted(around.store, found, (around.fast,))


def _pruned(around: Surroundings, wanted: Term) -> Pruned:
    """Let go while nothing else writes: making the file smaller would keep a key press waiting."""
    from triage.pipeline import outlived, prune

    with ExitStack() as held:
        held.enter_context(around.lock("session", "the session is open; prune when the coffee is finished"))
        held.enter_context(around.lock("fetch", "a triage fetch is running; prune when it has ended"))
        report = held.enter_context(shown())
        found = outlived(around.store, wanted, now=around.clock.now())
        done = prune(around.store, found, (around.fast,), progress=report)
        report("giving back", "space", 0, None)
        around.store.shrink()
        return done
