"""Papers as BibTeX that biber and BibTeX accept; light enough for the session's own key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from triage.text import latex

if TYPE_CHECKING:
    from triage.paper import Paper

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
SUFFIX = re.compile(r"(?P<name>[^,]+?),?\s+(?P<suffix>Jr\.?|Sr\.?|II|III|IV)")
"""A name with what follows it."""

_GROUP = re.compile(r",|\band\b|\bothers\b|\b(?:collaboration|consortium|team|group|project|network)\b", re.IGNORECASE)
_DOI = re.compile(r"10\.\d{4,9}/[^\s{}\\%\"]+")
_FIRST_CENTURY = 91
"""arXiv began in 1991: an old identifier's two digits from here on are of the nineties."""


def bibtex(papers: Iterable[Paper], tags: Mapping[str, Sequence[str]] | None = None) -> str:
    """All entries, one blank line between two; `tags` gives the keywords of each identifier."""
    known = tags or {}
    return "\n".join(entry(paper, known.get(paper.id, ())) for paper in papers)


def entry(paper: Paper, keywords: Sequence[str] = ()) -> str:
    """One `@misc` entry, ending in a line feed; the key is made of the identifier alone, so that it never changes."""
    year, month = first_month(paper)
    fields = {
        "author": " and ".join(author(name) for name in paper.authors),
        "title": f"{{{latex(paper.title)}}}",
        "year": str(year),
        "month": _MONTHS[month - 1],
        "eprint": paper.id,
        "archivePrefix": "arXiv",
        "primaryClass": latex(paper.categories[0]) if paper.categories else "",
        "doi": first_doi(paper.doi),
        "note": latex(paper.journal_ref or ""),
        "keywords": ", ".join(latex(word.replace(",", " ")) for word in keywords),
        "url": paper.url,
    }
    lines = [f"  {name:<13} = {_value(name, value)}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{key(paper.id)},", *lines, "}", ""])


def key(identifier: str) -> str:
    """The citation key of an identifier: the same for ever, whatever the authors do to title and names."""
    return f"arXiv:{identifier}"


def _value(name: str, value: str) -> str:
    """A month is a macro of every style, so it stands without braces."""
    return value if name == "month" else f"{{{value}}}"


def first_month(paper: Paper) -> tuple[int, int]:
    """Year and month of version 1; read from the identifier where the day of submission is not known."""
    if paper.submitted:
        return paper.submitted.year, paper.submitted.month
    digits = paper.id.rpartition("/")[2]
    year, month = int(digits[:2]), int(digits[2:4])
    old = "/" in paper.id and year >= _FIRST_CENTURY
    return (1900 if old else 2000) + year, month


def author(name: str) -> str:
    """A name as BibTeX parts it: `John Smith, Jr.` with its suffix in the middle, groups and odd names in braces."""
    written = latex(name)
    if suffixed := SUFFIX.fullmatch(written):
        given, _, last = suffixed["name"].rpartition(" ")
        return f"{last}, {suffixed['suffix']}, {given}" if given else f"{{{written}}}"
    return f"{{{written}}}" if is_group(written) else written


def is_group(name: str) -> bool:
    """Whether a name is that of a collaboration, or of more than one person."""
    return bool(_GROUP.search(name))


def first_doi(text: str | None) -> str:
    """The first identifier of arXiv's field, which may hold several with a blank between them; "" without one."""
    found = _DOI.search(text or "")
    return found[0] if found else ""
