"""Papers as Markdown and org, and a Markdown block that is put into a daily note as often as one likes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from triage.text import clean, readable

if TYPE_CHECKING:
    from triage.export.records import Entry

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~$&!])")
_ORG = re.compile(r"[\[\]*/_=~+<>|{}\\^#]")
_ZERO = "\u200b"


def markdown(entries: Iterable[Entry]) -> str:
    """A list with links, authors, tags and notes; what stands in a title is text and nothing else."""
    return "".join(_markdown_item(entry) for entry in entries)


def _markdown_item(entry: Entry) -> str:
    paper = entry.paper
    facts = [plain(_authors(paper.authors)), f"arXiv:{paper.id}", *(_tag(tag) for tag in entry.tags)]
    lines = [f"- [{plain(readable(paper.title))}]({paper.url})", "  " + " · ".join(fact for fact in facts if fact)]
    lines += [f"  > {plain(clean(line))}".rstrip() for line in entry.note.splitlines()]
    return "\n".join(lines) + "\n"


def _authors(names: Sequence[str]) -> str:
    shown = [readable(name) for name in names]
    return ", ".join(shown) if len(shown) <= 3 else f"{shown[0]} et al."


def plain(text: str) -> str:
    """Foreign text that Markdown takes for nothing but text, cleaned."""
    return _MARKDOWN.sub(r"\\\1", clean(text))


def _tag(text: str) -> str:
    """A tag as daily notes know it: one word."""
    return "#" + re.sub(r"[^\w/-]+", "-", clean(text)).strip("-")


def into_note(note: str, entries: Iterable[Entry], day: date) -> str:
    """The note with this day's block: put in the place of the same day's earlier one, or added at the end.

    Everything outside the block stays as it was, to the byte; doing it twice changes nothing, and so does a day without
    papers. The note's own line ends are kept.
    """
    found = list(entries)
    opening, closing = f"<!-- triage {day.isoformat()} -->", f"<!-- /triage {day.isoformat()} -->"
    start = note.find(opening)
    end = note.find(closing, start) if start >= 0 else -1
    ends = "\r\n" if "\r\n" in (note[start:end] if end >= 0 else note) else "\n"
    block = f"{opening}\n{markdown(found)}{closing}".replace("\n", ends)
    if end >= 0:
        return note[:start] + block + note[end + len(closing) :]
    if not found:
        return note
    gap = "" if not note or note.endswith(ends * 2) else ends if note.endswith(ends) else ends * 2
    return f"{note}{gap}{block}{ends}"


def org(entries: Iterable[Entry]) -> str:
    """One heading a paper, with its properties, tags, note and abstract."""
    return "\n".join(_org_heading(entry) for entry in entries)


def _org_heading(entry: Entry) -> str:
    paper = entry.paper
    tags = ":".join(re.sub(r"[^\w@#%]+", "_", clean(tag)) for tag in entry.tags)
    properties = {"ARXIV": paper.id, "AUTHORS": clean("; ".join(map(readable, paper.authors))), "URL": paper.url}
    properties |= {"KEPT": f"[{entry.day:%Y-%m-%d}]"} if entry.day else {}
    lines = [f"* {_org_text(readable(paper.title))}" + (f"  :{tags}:" if tags else ""), ":PROPERTIES:"]
    lines += [f":{name + ':':<9} {value}" for name, value in properties.items() if value]
    lines += [":END:", *(_org_text(clean(line)) for line in entry.note.splitlines())]
    return "\n".join([*lines, "", _org_text(readable(paper.abstract)), ""])


def _org_text(text: str) -> str:
    """Text that org takes for nothing but text: no mark stands next to a letter, and none opens a line."""
    return _ORG.sub(lambda sign: sign[0] + _ZERO, text).lstrip(":- ")
