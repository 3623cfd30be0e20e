"""`triage import`: references, and any text with arXiv identifiers in it; and back what `export jsonl` wrote."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from triage.cli.progress import Report, shown
from triage.cli.surroundings import Surroundings, pass_surroundings, profile_option
from triage.errors import InvalidInput

if TYPE_CHECKING:
    from triage.references import Reference

LARGEST = 32 * 1024 * 1024
"""Bytes of a file of references or a chat that are read; an export of triage may be of any size."""

_PROFILE = re.compile(r"[\w][\w.-]{0,100}\.toml")
_STEP = 1000
"""Lines of an export between two words on how far it is."""

_NAMED = 10
"""Titles without an identifier that are named; of the others the number is told."""


@click.command("import")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--no-fetch", is_flag=True, help="Ask arXiv nothing now; the next fetch does.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@profile_option
@pass_surroundings
def import_command(around: Surroundings, files: tuple[str, ...], no_fetch: bool, as_json: bool) -> None:
    """Example: triage import chat.txt

    Papers that somebody pointed out, from .bib, .ris, CSL-JSON or any text with arXiv identifiers or links in it; "-"
    is standard input. They compete in the next coffee, marked "shared". A file of triage export jsonl is taken back
    whole: nothing that is there already is lost or doubled.
    """
    shared: list[Reference] = []
    told: dict[str, object] = {"schema": 1, "restored": {}, "profiles": []}
    for name in files:
        with _opened(name) as stream:
            first = stream.readline(LARGEST)
            if _is_export(first):
                told |= _take_back(around, name, first, stream)
            else:
                shared += _share(around, name, first, stream)
    if shared:
        told |= _bring(around, shared, no_fetch=no_fetch)
    if as_json:
        click.echo(json.dumps(told))
    else:
        _say(told)


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        with Path(name).expanduser().open("rb") as stream:
            yield stream
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise InvalidInput(f"{name}: cannot be read ({error.strerror}); check the path and its rights") from error


def _is_export(first: bytes) -> bool:
    from triage.export import is_export

    return is_export(first.decode("utf-8", "replace"))


# -- an export of triage -----------------------------------------------------------------------------------------------


def _take_back(around: Surroundings, name: str, first: bytes, stream: BinaryIO) -> dict[str, object]:
    """Bring an export back: the database in one write, then the profiles that are not there yet."""
    from triage.export import read_lines
    from triage.store.schema import NAMES

    try:
        with shown() as report:
            owned = read_lines(_lines(first, stream, report), NAMES)
            for profile in owned.profiles:
                if not _PROFILE.fullmatch(profile):
                    raise InvalidInput(f"{profile[:60]!r} is no name of a profile's file")
            added = around.store.take_in(owned.rows)
    except InvalidInput as error:
        raise InvalidInput(f"{name}: {error}") from error
    written = [profile for profile, text in owned.profiles.items() if _write_profile(around, profile, text)]
    return {"restored": {table: count for table, count in sorted(added.items()) if count}, "profiles": written}


def _lines(first: bytes, stream: BinaryIO, report: Report) -> Iterator[str]:
    """The lines of an export; how far the reading is in kB, of the whole where that is known."""
    here, whole, read = len(first), None, 0
    if stream.seekable():
        whole = stream.seek(0, os.SEEK_END) // 1000
        stream.seek(here)
    for number, line in enumerate(chain([first], stream)):
        read += len(line)
        if number % _STEP == 0:
            report("taking back", "kB", read // 1000, whole)
        yield line.decode("utf-8", "replace")


def _write_profile(around: Surroundings, name: str, text: str) -> bool:
    """Write a profile that is not there; one that is there stays as it is."""
    path = around.folder(around.config.folders.profiles) / name
    if path.exists():
        if path.read_bytes() != text.encode():
            click.echo(f"triage: {path} is another one here and stays as it is", err=True)
        return False
    part = path.with_name(f".{name}.part")
    part.write_bytes(text.encode())
    part.replace(path)
    return True


# -- references --------------------------------------------------------------------------------------------------------


def _share(around: Surroundings, name: str, first: bytes, stream: BinaryIO) -> list[Reference]:
    """Read references and remember those with an identifier; the others are named."""
    from triage.references import missing, read_references
    from triage.text import clean

    raw = first + stream.read(LARGEST)
    if len(raw) > LARGEST:
        raise InvalidInput(f"{name}: larger than {LARGEST // 1024**2} MB; cut out the part with the identifiers")
    source = "standard input" if name == "-" else Path(name).name
    found = read_references(raw.decode("utf-8", "replace"))
    with_id = {one.id: clean(one.title) for one in found if one.id}
    _say_missing(source, missing(found))
    if not with_id:
        raise InvalidInput(f"{source}: no arXiv identifier and no link to a paper in it; nothing was taken")
    around.store.add_shared(with_id, source=clean(source), at=around.clock.now())
    return [one for one in found if one.id]


def _say_missing(source: str, titles: Sequence[str]) -> None:
    from triage.text import readable, shorten

    if titles:
        count = len(titles)
        click.echo(f"triage: {source}: {count} without an arXiv identifier, left out:", err=True)
    for title in titles[:_NAMED]:
        click.echo(f"  {shorten(readable(title), 90)}", err=True)
    if len(titles) > _NAMED:
        click.echo(f"  and {len(titles) - _NAMED} more", err=True)


def _bring(around: Surroundings, shared: Sequence[Reference], *, no_fetch: bool) -> dict[str, object]:
    """Fetch the texts that are not stored, and rank what there is."""
    from triage.pipeline import bring_shared, rank_shared

    today, now = around.clock.today(), around.clock.now()
    ids = list(dict.fromkeys(one.id for one in shared))
    unknown: list[str] = []
    fault = ""
    with (
        around.lock("fetch", "another triage fetch is running; the papers are noted, and the next fetch brings them"),
        shown() as report,
    ):
        if not no_fetch and around.store.unread_shared(today):
            with around.wire() as wire:
                unknown, fault = bring_shared(around.store, wire, today=today, now=now, progress=report)
        rank_shared(
            around.store,
            around.profiles,
            encoder=around.encoder,
            fast=around.fast,
            types=around.config.types,
            today=today,
            now=now,
            progress=report,
        )
    waiting = [one for one in around.store.unread_shared(today) if one in ids and one not in unknown]
    known = set(ids) & set(around.store.shared(today)) - set(unknown) - set(waiting)
    judged = [one for one in ids if one not in around.store.shared(today)]
    return {
        "shared": sorted(known),
        "waiting": waiting,
        "unknown": [one for one in unknown if one in ids],
        "judged": judged,
        "fault": fault,
    }


def _say(told: Mapping[str, object]) -> None:
    """What became of it, in a line each."""
    from triage.text import clean

    if restored := told["restored"]:
        assert isinstance(restored, dict)
        counts = ", ".join(f"{count} {table}" for table, count in restored.items())
        click.echo(f"taken back: {counts}; triage fetch embeds the texts again")
    elif "shared" not in told and not told["profiles"]:
        click.echo("nothing new: everything was there already")
    if isinstance(profiles := told["profiles"], list) and profiles:
        click.echo(f"profiles: {', '.join(profiles)}")
    for key, words in (
        ("shared", "in the next coffee, marked shared"),
        ("waiting", "noted; the next triage fetch brings the text"),
        ("judged", "judged already, and left out"),
        ("unknown", "unknown to arXiv"),
    ):
        if isinstance(names := told.get(key), list) and names:
            click.echo(f"{words}: {' '.join(names)}")
    if fault := told.get("fault"):
        click.echo(f"triage: {clean(str(fault))}", err=True)
