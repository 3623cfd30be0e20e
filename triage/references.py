"""arXiv identifiers out of what people have at hand: text, links, BibTeX, RIS and CSL-JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from triage.errors import InvalidInput

Format = Literal["bibtex", "ris", "csl-json", "text"]

_NEW = r"[0-9]{2}(?:0[1-9]|1[0-2])\.[0-9]{4,5}"
_OLD = r"(?P<archive>[a-z]+(?:-[a-z]+)?)(?:\.[a-z]{2})?/(?P<number>[0-9]{2}(?:0[1-9]|1[0-2])[0-9]{3})"
# A number inside a DOI, a decimal or a path is none of ours: what stands before it decides.
_TOLD = re.compile(
    rf"(?P<sign>arxiv\.org/[a-z]+/|arxiv[.:]\s*|(?<![\w./-]))(?P<id>{_NEW}|{_OLD})(?:v[0-9]+)?(?![\w/]|\.\w*[0-9])",
    re.IGNORECASE,
)
_RIS_LINE = re.compile(r"([A-Z][A-Z0-9])  ?-(?: (.*))?$")
_RIS_START = re.compile(r"\ATY  ?-", re.MULTILINE)
_BIBTEX_START = re.compile(r"^\s*@\w+\s*[{(]", re.MULTILINE)
_PREPRINT = ("eprint", "arxivid", "arxiv", "doi", "url", "howpublished", "note", "journal", "number", "pages", "annote")
_RIS_PREPRINT = ("DO", "UR", "L1", "L2", "LK", "AN", "M1", "M3", "T2", "JO", "JF", "SP", "VL", "IS", "N1")
_CSL_PREPRINT = ("DOI", "URL", "number", "archive_location", "note", "container-title", "publisher", "page", "source")


@dataclass(frozen=True, slots=True)
class Reference:
    """One entry: its title (else its key, else the identifier), and its arXiv identifier, "" where it names none."""

    title: str
    id: str = ""


def find_identifiers(text: str) -> list[str]:
    """Every arXiv identifier or link in a text, without version, each once, in their order."""
    found = []
    for match in _TOLD.finditer(text):
        archive = (match["archive"] or "").lower()
        if not archive:
            found.append(match["id"])
        elif archive in _archives():
            found.append(f"{archive}/{match['number']}")
    return list(dict.fromkeys(found))


def read_references(text: str, kind: Format | None = None) -> list[Reference]:
    """Read a file of references; of a format not told it is guessed from the text.

    An entry without an arXiv identifier is given too, so that it can be named to the reader. In a plain text every
    identifier is an entry.

    Raises:
        InvalidInput: the file is said to be CSL-JSON and is none.
    """
    readers = {"bibtex": _bibtex, "ris": _ris, "csl-json": _csl, "text": _text}
    found = readers[kind or guess_format(text)](text.removeprefix("\ufeff"))
    return list({one.id or f"?{one.title}": one for one in reversed(found)}.values())[::-1]


def guess_format(text: str) -> Format:
    """Which of the formats a text is in."""
    bare = text.removeprefix("\ufeff").lstrip()
    if bare[:1] in "[{" and bare:
        try:
            json.loads(bare)
        except ValueError:
            return "text"
        return "csl-json"
    if _RIS_START.match(bare):
        return "ris"
    return "bibtex" if _BIBTEX_START.search(bare) else "text"


@cache
def _archives() -> frozenset[str]:
    """The names before the stroke of an identifier from before April 2007."""
    from triage import taxonomy

    return frozenset(name.lower() for name in (*taxonomy.archives(), *taxonomy.ALIASES))


def _text(text: str) -> list[Reference]:
    return [Reference(one, one) for one in find_identifiers(text)]


def _bibtex(text: str) -> list[Reference]:
    """Read entries with bibtexparser; what it cannot parse is searched as text, so that one comma loses no seed."""
    from bibtexparser.entrypoint import parse_string
    from bibtexparser.model import DuplicateBlockKeyBlock, DuplicateFieldKeyBlock, Entry, ParsingFailedBlock

    found = []
    for block in parse_string(text).blocks:
        twice = isinstance(block, DuplicateBlockKeyBlock | DuplicateFieldKeyBlock)
        entry = block.ignore_error_block if isinstance(block, ParsingFailedBlock) and twice else block
        if isinstance(entry, Entry):
            found.append(_bibtex_entry(entry.key, {one.key.lower(): str(one.value) for one in entry.fields}))
        elif isinstance(block, ParsingFailedBlock):
            found += _text(block.raw or "")
    return found


def _bibtex_entry(key: str, fields: Mapping[str, str]) -> Reference:
    """Of one entry; an eprint of another archive is no identifier of arXiv."""
    title = " ".join(re.sub(r"[{}]", "", fields.get("title", "")).split()) or key
    archive = fields.get("archiveprefix", fields.get("eprinttype", "arxiv")).lower()
    left_out = () if archive == "arxiv" else ("eprint",)
    return Reference(title, _first(fields.get(name, "") for name in _PREPRINT if name not in left_out))


def _ris(text: str) -> list[Reference]:
    found = []
    for entry in _ris_entries(text.splitlines()):
        titles = [*entry.get("TI", ()), *entry.get("T1", ()), *entry.get("ID", ()), "entry without title"]
        found.append(Reference(titles[0], _first(value for tag in _RIS_PREPRINT for value in entry.get(tag, ()))))
    return found


def _ris_entries(lines: Iterable[str]) -> Iterator[dict[str, list[str]]]:
    """Entries as tags and their values, from `TY` to `ER`; a last one without end counts too."""
    entry: dict[str, list[str]] = {}
    for line in lines:
        match = _RIS_LINE.match(line.strip())
        if match and match[1] in ("ER", "TY"):
            if entry:
                yield entry
            entry = {}
        elif match:
            entry.setdefault(match[1], []).append((match[2] or "").strip())
    if entry:
        yield entry


def _csl(text: str) -> list[Reference]:
    try:
        items = json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"no CSL-JSON: {error}; export it again") from error
    if isinstance(items, dict):
        items = items.get("items", [items])
    return [_csl_entry(item) for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _csl_entry(item: Mapping[str, Any]) -> Reference:
    title = " ".join(str(item.get("title") or item.get("id") or "entry without title").split())
    return Reference(title, _first(str(item.get(name, "")) for name in _CSL_PREPRINT))


def _first(values: Iterable[str]) -> str:
    """The first identifier that one of the values holds; "" where none does."""
    return next((found[0] for value in values if (found := find_identifiers(value))), "")


def missing(references: Sequence[Reference]) -> list[str]:
    """Titles of the entries that name no arXiv identifier."""
    return [one.title for one in references if not one.id]
