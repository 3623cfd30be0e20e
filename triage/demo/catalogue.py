"""The invented papers: what the bundled files hold, as elements of the feed and as records for the API.

`thursday.atom.xml` and `friday.atom.xml` are the announcements as arXiv's feed writes them. `details.json` adds what
only arXiv's API knows of them (comment, submission times) and holds the earlier papers that the profile names as seeds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any
from xml.etree import ElementTree as ET

from triage.paper import Paper, split_identifier

ATOM = "{http://www.w3.org/2005/Atom}"
ARXIV = "{http://arxiv.org/schemas/atom}"
DC = "{http://purl.org/dc/elements/1.1/}"

DAYS = (date(2099, 12, 17), date(2099, 12, 18))
_FILES = dict(zip(DAYS, ("thursday.atom.xml", "friday.atom.xml"), strict=True))


def announcement(day: date) -> ET.Element:
    """The whole feed of one day, parsed anew so that the caller may change it; a day without papers has no entry."""
    if day in _FILES:
        return ET.fromstring(_bundled(_FILES[day]))
    feed = ET.fromstring(_bundled(_FILES[DAYS[0]]))
    for entry in feed.findall(f"{ATOM}entry"):
        feed.remove(entry)
    return feed


def known_papers(day: date) -> Mapping[str, Paper]:
    """Identifier to newest version of every paper the API knows once `day` was announced, the seeds included.

    `Paper.authors` keeps a name's affiliation in parentheses, as the feed has it.
    """
    found = {paper.id: paper for paper in _earlier()}
    for announced in (known for known in DAYS if known <= day):
        found |= {paper.id: paper for paper in _announced(announced)}
    return found


def _bundled(name: str) -> bytes:
    return files("triage.demo").joinpath(name).read_bytes()


@cache
def _details() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = json.loads(_bundled("details.json"))
    return loaded


def _announced(day: date) -> Iterator[Paper]:
    """Join the feed's entries with their details, by identifier and version."""
    for entry in announcement(day).findall(f"{ATOM}entry"):
        versioned = entry.findtext(f"{ATOM}id", "").removeprefix("oai:arXiv.org:")
        yield _paper(
            versioned,
            _details()["announced"][versioned],
            title=entry.findtext(f"{ATOM}title", ""),
            abstract=entry.findtext(f"{ATOM}summary", "").partition("\nAbstract: ")[2],
            authors=split_authors(entry.findtext(f"{DC}creator", "")),
            categories=tuple(tag.get("term", "") for tag in entry.findall(f"{ATOM}category")),
            doi=entry.findtext(f"{ARXIV}DOI"),
            journal_ref=entry.findtext(f"{ARXIV}journal_reference"),
        )


def _earlier() -> Iterator[Paper]:
    for row in _details()["earlier"]:
        yield _paper(
            row["id"],
            row,
            title=row["title"],
            abstract=row["abstract"],
            authors=tuple(row["authors"]),
            categories=tuple(row["categories"]),
        )


def _paper(versioned: str, row: Mapping[str, Any], **known: Any) -> Paper:
    identifier, version = split_identifier(versioned)
    return Paper(
        id=identifier,
        version=version or 1,
        submitted=datetime.fromisoformat(row["submitted"]),
        updated=datetime.fromisoformat(row["updated"]),
        comment=row.get("comment"),
        **known,
    )


def split_authors(creator: str) -> tuple[str, ...]:
    """Split the feed's author line at the commas outside parentheses, which may hold an affiliation."""
    names, depth = [""], 0
    for letter in creator:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            names.append("")
        else:
            names[-1] += letter
    return tuple(name.strip() for name in names)
