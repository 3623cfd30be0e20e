"""`triage profile seed`: identifiers, files and the kept list to seeds in a profile."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.errors import InvalidInput, TriageError

if TYPE_CHECKING:
    from triage.cli.surroundings import Surroundings
    from triage.references import Reference

_SHOWN = 20
"""Entries that are named one by one when they could not be resolved."""


def seed(around: Surroundings, path: Path, sources: Sequence[str], *, kept: bool, key: str) -> None:
    """Add what the sources name to the seeds of a profile, and list what could not be resolved.

    Raises:
        InvalidInput: the profile is broken, a file cannot be read, or nothing in the sources is of arXiv.
    """
    from triage.cli.editing import history_of
    from triage.edit import change, read
    from triage.profile import Profile
    from triage.profile.write import add_seeds

    text, profile = read(path), Profile.load(path)
    found = [*(one for source in sources for one in _read(source)), *(_kept(around, profile.name) if kept else [])]
    lost = [one.title for one in found if not one.id]
    wanted = {one.id: one.title for one in found if one.id}
    known = set(profile.seeds) | set(profile.avoid_seeds)
    titles = _titles(around, {one: title for one, title in wanted.items() if one not in known}, lost)
    if titles:
        change(path, add_seeds(text, titles, key=key), history_of(around, path), before=text)
    already = len(known & wanted.keys())
    rest = f", {already} already in the profile" if already else ""
    click.echo(f"{path.name}: {len(titles)} added to {key}{rest}")
    _tell_lost(lost)


def _tell_lost(lost: Sequence[str]) -> None:
    from triage.text import clean

    for title in lost[:_SHOWN]:
        click.echo(f"triage: not resolved: {clean(title)}", err=True)
    if len(lost) > _SHOWN:
        click.echo(f"triage: and {len(lost) - _SHOWN} more without an identifier that arXiv knows", err=True)


def _read(source: str) -> Sequence[Reference]:
    """The entries of a file, of standard input, or the one identifier."""
    from triage.edit import read
    from triage.paper import split_identifier
    from triage.references import Reference, read_references

    if source == "-":
        return read_references(sys.stdin.read())
    if Path(source).expanduser().is_file():
        return read_references(read(Path(source).expanduser()))
    try:
        return [Reference("", split_identifier(source)[0])]
    except InvalidInput as error:
        raise InvalidInput(f"{source!r} is no arXiv identifier and no file; nothing was added") from error


def _kept(around: Surroundings, profile: str) -> Sequence[Reference]:
    """What is kept for a profile, or for none in particular."""
    from triage.references import Reference

    labels = around.store.labels()
    ids = [paper for (paper, name), kind in labels.items() if kind == "keep" and name in ("", profile)]
    return [Reference(paper.title, paper.id) for paper in around.store.papers(ids).values()]


def _titles(around: Surroundings, wanted: Mapping[str, str], lost: list[str]) -> dict[str, str]:
    """Fetch the texts that are not stored, in one batch; gives the titles, and adds to `lost` what arXiv does not know.

    Without a network the seeds are taken all the same: the next fetch asks for their texts.
    """
    from triage import fetch
    from triage.cli.progress import shown

    stored = around.store.papers(wanted)
    missing = [one for one in wanted if one not in stored]
    if missing:
        try:
            with around.wire() as wire, shown() as report:
                report("asking", "seeds", 0, len(missing))
                found = fetch.read_papers(wire, missing)
                report("asking", "seeds", len(missing), len(missing))
        except TriageError as fault:
            click.echo(f"triage: {fault}; the texts are fetched with the next triage fetch", err=True)
            return {one: stored[one].title if one in stored else title for one, title in wanted.items()}
        around.store.add_papers(found.values(), at=around.clock.now())
        stored |= found
        lost += [f"{one} is not known to arXiv" for one in missing if one not in found]
    return {one: stored[one].title for one in wanted if one in stored}
