"""`triage export`: kept papers for other programs, a block in a daily note, and everything the reader owns."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triage.cli.papers import stored_paper
from triage.cli.surroundings import Surroundings, pass_surroundings, profile_option
from triage.errors import CannotCreate, InvalidInput, UsageFault

if TYPE_CHECKING:
    from triage.export import Entry, Owned

_Command = Callable[..., Any]

_STEP = 1000
"""Lines between two words on how far an export is."""


class _Day(click.ParamType[date]):
    """A day as 2026-11-20."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read the day, or say how one is written."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day; write it as 2026-11-20", param, ctx)


@click.group("export")
@profile_option
def export_command() -> None:
    """Example: triage export bibtex > kept.bib

    Every paper you kept, for other programs: as a bibliography, a page, a feed. "jsonl" is everything you own, and
    triage import takes it back.
    """


def _chosen(command: _Command) -> _Command:
    """The options by which papers are chosen and the place where they go."""
    for option in (
        profile_option,
        click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file instead of stdout."),
        click.option("--listed", is_flag=True, help="Only what is still on the kept list."),
        click.option("--since", type=_Day(), metavar="DAY", help="Only what was kept since a day."),
        click.option("--tag", "tags", metavar="TAG", multiple=True, help="Only what has this tag; may be repeated."),
        click.argument("identifiers", metavar="[ID...]", nargs=-1),
    ):
        command = option(command)
    return command


def _add(name: str, example: str, tells: str) -> None:
    """One subcommand for each format: they differ in nothing but what is written."""

    def run(around: Surroundings, /, output: Path | None, **chosen: Any) -> None:
        from triage.export import FORMATS

        entries = _entries(around, **chosen)
        _write(output, [FORMATS[name](entries)])
        if not entries:
            click.echo("triage: no paper is chosen; triage keep ID keeps one", err=True)

    run.__doc__ = f"Example: triage export {example}\n\n{tells} Without an ID: every paper you kept."
    export_command.command(name)(_chosen(pass_surroundings(run)))


_add(
    "bibtex", "bibtex 2611.09812", "BibTeX for LaTeX with biber or BibTeX. The key is the identifier and never changes."
)
_add("ris", "ris --output kept.ris", "RIS for Zotero, EndNote and Mendeley.")
_add("csl-json", "csl-json --tag to-cite", "CSL-JSON for Zotero and pandoc.")
_add("org", "org --since 2026-11-01", "org-mode: a heading a paper, with properties, tags and note.")
_add("atom", "atom --output kept.xml", "An Atom feed of what you kept.")


@export_command.command("markdown")
@click.option(
    "--into",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="NOTE",
    help="Put the papers kept on a day as a block into this note, over the same day's earlier block.",
)
@click.option("--day", type=_Day(), metavar="DAY", help="The day of the block (today).")
@_chosen
@pass_surroundings
def markdown_command(
    around: Surroundings, /, into: Path | None, day: date | None, output: Path | None, **chosen: Any
) -> None:
    """Example: triage export markdown --into ~/notes/today.md

    Markdown: a list with links, tags and notes. With --into, what was kept today goes into a daily note; doing it
    again changes nothing but that block. Without an ID: every paper you kept.
    """
    from triage.export import FORMATS

    if into is None:
        if day:
            raise UsageFault("--day is for a daily note; add --into NOTE")
        _write(output, [FORMATS["markdown"](_entries(around, **chosen))])
        return
    if output:
        raise UsageFault("--into writes into the note itself; leave --output out")
    _into(around, into, day or around.clock.today(), chosen)


def _into(around: Surroundings, into: Path, day: date, chosen: dict[str, Any]) -> None:
    """Write the block of a day into a note, and leave a note alone that has it already."""
    from triage.export import into_note

    try:
        before = into.read_bytes().decode("utf-8") if into.exists() else ""
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{into}: no UTF-8 (byte {error.start}); nothing was written") from error
    entries = [entry for entry in _entries(around, **chosen) if entry.day == day or chosen["identifiers"]]
    after = into_note(before, entries, day)
    if after != before:
        _replace(into, [after])
    click.echo(f"{into}: {len(entries)} paper{'' if len(entries) == 1 else 's'} of {day}", err=True)


@export_command.command("jsonl")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file instead of stdout.")
@profile_option
@pass_surroundings
def jsonl_command(around: Surroundings, output: Path | None) -> None:
    """Example: triage export jsonl --output triage.jsonl

    Everything you own, one JSON object a line: papers, announcements, scores, verdicts, notes, tags, coffees, mails
    and profiles. triage import takes it back. The settings stay here: they name commands and files of this machine.
    """
    _write(output, _lines(around, watched=output is not None or not sys.stdout.isatty()))


def _lines(around: Surroundings, *, watched: bool) -> Iterator[str]:
    """Everything as lines; `watched` tells how far it is, which would only disturb lines that run over the screen."""
    from triage.cli.progress import shown
    from triage.export import write_lines

    rows = around.store.owned_count() if watched else 0
    with shown() as report:
        for number, line in enumerate(write_lines(_owned(around))):
            if watched and number % _STEP == 0:
                report("writing", "lines", number, rows)
            yield f"{line}\n"


def _owned(around: Surroundings) -> Owned:
    from triage.export import Owned
    from triage.store.schema import NAMES

    texts = {}
    for path in around.profile_files():
        try:
            texts[path.name] = path.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{path}: no UTF-8 (byte {error.start}); save it as UTF-8") from error
    return Owned(tuple(sorted(NAMES)), texts, around.store.everything())


def _entries(
    around: Surroundings, identifiers: Sequence[str], tags: Sequence[str], since: date | None, listed: bool
) -> list[Entry]:
    """The chosen papers, the one kept first before the others."""
    from triage.export import Entry

    kept = {one.paper_id: one.at for one in around.store.standing() if one.kind == "keep"}
    names = [stored_paper(around, one).id for one in identifiers] or _kept(around, listed)
    words, tagged = {note.paper_id: note.text for note in around.store.notes()}, around.store.tags()
    papers, wanted = around.store.papers(names), {tag.strip().lstrip("#").casefold() for tag in tags}
    found = []
    for name in dict.fromkeys(names):
        at = kept.get(name)
        day = at.astimezone().date() if at else None
        if wanted <= set(tagged.get(name, ())) and (since is None or (day is not None and day >= since)):
            found.append(Entry(papers[name], at, day, words.get(name, ""), tagged.get(name, ())))
    return found


def _kept(around: Surroundings, listed: bool) -> list[str]:
    """Every paper whose newest keep or dismissal is a keep, oldest first; of the kept list alone with `listed`."""
    if listed:
        from triage.cli.library import kept_list

        return [one.paper.id for one in kept_list(around).papers]
    newest = {one.paper_id: one.kind for one in around.store.standing() if one.kind != "open"}
    return [name for name, kind in newest.items() if kind == "keep"]


def _write(output: Path | None, pieces: Iterable[str]) -> None:
    """Print the pieces, or put them into a file that appears only when it is complete."""
    if output:
        _replace(output, pieces)
        return
    stream = sys.stdout.buffer
    for piece in pieces:
        stream.write(piece.encode("utf-8"))


def _replace(path: Path, pieces: Iterable[str]) -> None:
    """Write a file beside the old one and put it in its place; a link stays a link, and the rights stay."""
    target = path.resolve()
    try:
        number, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise CannotCreate(f"{path}: cannot be made ({error.strerror}); check the folder and its rights") from error
    part = Path(name)
    try:
        with os.fdopen(number, "wb") as stream:
            for piece in pieces:
                stream.write(piece.encode("utf-8"))
            stream.flush()
            os.fsync(stream.fileno())
        part.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o644)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
