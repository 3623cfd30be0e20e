"""`triage notebook`: the diary of the coffees."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import click

from triage.cli.surroundings import Surroundings, pass_surroundings, profile_option

if TYPE_CHECKING:
    from triage.export import Entry as Exported
    from triage.store import Entry, Store


@click.command("notebook")
@click.option("--write", "line", metavar="LINE", help="Write today's line, over the one that stands there.")
@click.option("--limit", type=click.IntRange(1), default=30, show_default=True, help="Coffees at most, the newest.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Markdown, with what was kept at each coffee.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@profile_option
@pass_surroundings
def notebook_command(around: Surroundings, line: str | None, limit: int, as_markdown: bool, as_json: bool) -> None:
    """Example: triage notebook --markdown

    One entry for each coffee: the day, its minutes, how many papers were shown and kept, and your line.
    """
    from triage.text import clean

    if line is not None:
        around.store.write_line(around.clock.today(), clean(line))
    entries = _entries(around.store, limit)
    if as_json:
        click.echo(json.dumps({"schema": 1, "entries": [_row(one, kept) for one, kept in entries]}))
    elif as_markdown:
        click.echo("\n".join(_page(one, kept) for one, kept in reversed(entries)), nl=False)
    else:
        for one, kept in entries:
            click.echo(_line(one, kept))
    if not entries and not as_json:
        click.echo("triage: the notebook is empty; the first coffee writes its first line", err=True)


def _line(entry: Entry, kept: Sequence[Exported]) -> str:
    from triage.text import clean

    facts = f"{entry.minutes:>4.0f} min  {entry.shown:>2} shown  {len(kept):>2} kept"
    return f"{entry.day:%a %d %b %Y}  {facts}  {clean(entry.line)}".rstrip()


def _row(entry: Entry, kept: Sequence[Exported]) -> dict[str, object]:
    from triage.text import clean

    return {
        "day": entry.day.isoformat(),
        "minutes": round(entry.minutes, 1),
        "shown": entry.shown,
        "kept": len(kept),
        "line": clean(entry.line),
        "papers": [one.paper.id for one in kept],
    }


def _page(entry: Entry, kept: Sequence[Exported]) -> str:
    """One coffee as a section: the line as a quotation, what was kept as a list."""
    from triage.export import FORMATS, plain

    facts = f"{entry.minutes:.0f} minutes, {entry.shown} shown, {len(kept)} kept."
    said = f"\n> {plain(entry.line)}\n" if entry.line else ""
    papers = f"\n{FORMATS['markdown'](kept)}" if kept else ""
    return f"## {entry.day:%A %d %B %Y}\n\n{facts}\n{said}{papers}"


def _entries(store: Store, limit: int) -> list[tuple[Entry, list[Exported]]]:
    """The newest coffees, oldest first, each with what was kept on its day and stands, with its notes and tags.

    The verdicts count, not the number that the session wrote when it closed: one taken back later is not kept.
    """
    from triage.export import Entry as Exported

    entries = store.notebook()[-limit:]
    kept = {one.day: _kept(store, one.day) for one in entries}
    papers, tags = store.papers(name for names in kept.values() for name in names), store.tags()
    notes = {note.paper_id: note.text for note in store.notes()}

    def told(name: str, day: date) -> Exported:
        return Exported(papers[name], day=day, note=notes.get(name, ""), tags=tags.get(name, ()))

    return [(one, [told(name, one.day) for name in kept[one.day]]) for one in entries]


def _kept(store: Store, day: date) -> list[str]:
    newest = {one.paper_id: one.kind for one in store.standing(day) if one.kind != "open"}
    return [name for name, kind in newest.items() if kind == "keep"]
