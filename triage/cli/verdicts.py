"""`triage keep`, `dismiss`, `open` and `undo`: verdicts from the shell, the same as in the session."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from triage.cli.papers import stored_paper
from triage.cli.surroundings import Surroundings, pass_surroundings, profile_option

if TYPE_CHECKING:
    from triage.paper import Paper, VerdictKind


def _cleaned(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """A reason is kept and shown again: one line without control characters."""
    from triage.text import clean

    return clean(value)


@click.command("keep")
@click.argument("identifiers", metavar="ID...", nargs=-1, required=True)
@profile_option
@pass_surroundings
def keep_command(around: Surroundings, identifiers: tuple[str, ...]) -> None:
    """Example: triage keep 2611.09812 2611.10421

    Keep papers for later; they become examples of what you like.
    """
    _say("kept", _judge(around, identifiers, "keep"))


@click.command("dismiss")
@click.argument("identifiers", metavar="ID...", nargs=-1, required=True)
@click.option("--reason", default="", callback=_cleaned, help="Why, in your own words.")
@profile_option
@pass_surroundings
def dismiss_command(around: Surroundings, identifiers: tuple[str, ...], reason: str) -> None:
    """Example: triage dismiss 2611.09812 --reason "benchmark only"

    Say no to papers; they become examples of what you do not like.
    """
    _say("dismissed", _judge(around, identifiers, "dismiss", reason))


@click.command("open")
@click.argument("identifiers", metavar="ID...", nargs=-1, required=True)
@click.option("--pdf", is_flag=True, help="The PDF instead of the abstract page.")
@profile_option
@pass_surroundings
def open_command(around: Surroundings, identifiers: tuple[str, ...], pdf: bool) -> None:
    """Example: triage open 2611.09812 --pdf

    Open papers in the browser, and remember that they were opened. Where there is no browser the links are printed.
    """
    from triage.cli.links import opener

    open_link = opener(around.config.session.browser, around.environ)
    for paper in _judge(around, identifiers, "open"):
        link = paper.pdf_url if pdf else paper.url
        click.echo(f"opened: {paper.id}  {link}" if open_link(link) else link)


@click.command("undo")
@profile_option
@pass_surroundings
def undo_command(around: Surroundings) -> None:
    """Example: triage undo

    Take back the newest verdict of today; again for the one before.
    """
    profile = around.profiles[0].name if around.profile else None
    taken = around.store.undo(around.clock.today(), at=around.clock.now(), profile=profile)
    click.echo(f"taken back: {taken.kind} {taken.paper_id}" if taken else "nothing to take back today")


def _judge(around: Surroundings, identifiers: tuple[str, ...], kind: VerdictKind, reason: str = "") -> list[Paper]:
    """Look up every paper first, so that a typing error in the last one records nothing.

    Without `--profile` a verdict is for the profile under which the paper was last shown or ranked.
    """
    from triage.cli.hooks import after_verdict
    from triage.paper import Verdict
    from triage.text import clean

    papers = [stored_paper(around, identifier) for identifier in identifiers]
    named = around.profiles[0].name if around.profile else ""
    verdicts = [
        Verdict(paper.id, kind, around.clock.now(), named or around.store.profile_of(paper.id), reason)
        for paper in papers
    ]
    with around.store.write():
        for verdict in verdicts:
            around.store.record(verdict, day=around.clock.today())
    for verdict in verdicts:
        if wrong := after_verdict(around, verdict, wait=True):
            click.echo(f"triage: the verdict is kept, its hook failed: {clean(wrong)}", err=True)
    return papers


def _say(word: str, papers: Iterable[Paper]) -> None:
    from triage.text import readable

    for paper in papers:
        click.echo(f"{word}: {paper.id}  {readable(paper.title)}")
