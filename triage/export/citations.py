"""Papers as RIS and as CSL-JSON, for reference managers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from triage.export.bibtex import SUFFIX, first_doi, first_month, is_group, key
from triage.text import clean, readable

if TYPE_CHECKING:
    from triage.export.records import Entry

_PARTICLE = re.compile(r"(?P<given>.+?)\s+(?P<family>(?:[a-zà-ÿ'’]+\s+)+\S+)")


def ris(entries: Iterable[Entry]) -> str:
    """RIS with CRLF line ends, one record a paper; the note is in N1, the abstract in AB."""
    return "".join("".join(f"{tag}  - {value}\r\n" for tag, value in _record(entry)) + "\r\n" for entry in entries)


def _record(entry: Entry) -> Iterator[tuple[str, str]]:
    paper = entry.paper
    year, month = first_month(paper)
    yield "TY", "UNPB"
    yield "ID", key(paper.id)
    yield "TI", readable(paper.title)
    for name in paper.authors:
        family, given, suffix = parts(name)
        yield "AU", ", ".join(part for part in (family, given, suffix) if part)
    yield "PY", str(year)
    yield "DA", f"{year}/{month:02}"
    yield "AB", readable(paper.abstract)
    yield "UR", paper.url
    yield "AN", f"arXiv:{paper.id}"
    for keyword in (*paper.categories[:1], *entry.tags):
        yield "KW", clean(keyword)
    if doi := first_doi(paper.doi):
        yield "DO", doi
    if paper.journal_ref:
        yield "N1", readable(paper.journal_ref)
    for line in entry.note.splitlines():
        yield "N1", clean(line)
    yield "ER", ""


def csl_json(entries: Iterable[Entry]) -> str:
    """CSL-JSON 1.0.2, indented, one object a paper; the tags are the keyword, the note is the note."""
    return json.dumps([_item(entry) for entry in entries], ensure_ascii=False, indent=2) + "\n"


def _item(entry: Entry) -> dict[str, object]:
    paper = entry.paper
    told: dict[str, object] = {
        "id": key(paper.id),
        "type": "article",
        "title": readable(paper.title),
        "author": [_name(name) for name in paper.authors],
        "issued": {"date-parts": [list(first_month(paper))]},
        "publisher": "arXiv",
        "number": f"arXiv:{paper.id}",
        "genre": "preprint",
        "abstract": readable(paper.abstract),
        "URL": paper.url,
        "DOI": first_doi(paper.doi),
        "keyword": ", ".join(map(clean, entry.tags)),
        "note": "\n".join(map(clean, entry.note.splitlines())),
    }
    return {name: value for name, value in told.items() if value}


def _name(name: str) -> dict[str, str]:
    family, given, suffix = parts(name)
    told = {"family": family, "given": given, "suffix": suffix} if given else {"literal": family}
    return {part: value for part, value in told.items() if value}


def parts(name: str) -> tuple[str, str, str]:
    """A name as (family, given, suffix); a group or a name of one word is a family without the others."""
    written = readable(name)
    suffixed = SUFFIX.fullmatch(written)
    suffix = suffixed["suffix"] if suffixed else ""
    written = suffixed["name"] if suffixed else written
    if is_group(written) or " " not in written:
        return written, "", suffix
    if particle := _PARTICLE.fullmatch(written):
        return particle["family"], particle["given"], suffix
    given, _, family = written.rpartition(" ")
    return family, given, suffix
