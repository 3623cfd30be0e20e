"""The page as Markdown: what the mail says, for a notebook or a wiki."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from triage.digest.page import ACKNOWLEDGEMENT

if TYPE_CHECKING:
    from triage.digest.page import Entry, Page

_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~$&=^@]|:(?=\S)|(?<!\w)[+-]|[+-](?!\w)|(?<=\d)[.)](?=\s))")
"""Every sign that CommonMark or a common extension of it may read as markup, where it may.

A hyphen inside a word or a date and a colon before a blank mean nothing, and stay readable in the source. Parentheses
mean nothing beside an escaped bracket, while escaped ones open a formula where Markdown meets TeX.
"""


def markdown(page: Page) -> str:
    """The whole page; foreign text is escaped, so that it shows as it is and links nowhere."""
    lines = [f"# {_text(page.subject)}", ""]
    lines += [part for said in filter(None, (page.coffee, *page.lines)) for part in (_text(said), "")]
    for section in page.sections:
        lines += [f"## {_text(section.heading)}", ""] if section.heading else []
        lines += [_text(section.empty), ""] if section.empty else []
        for entry in section.entries:
            lines += [*_entry(entry), ""]
    lines += [_text(page.left_out), ""] if page.left_out else []
    lines += [f"- {label}: {_text(said)}" for label, said in page.footer]
    return "\n".join([*lines, "", ACKNOWLEDGEMENT, ""])


def _entry(entry: Entry) -> Iterator[str]:
    """A paper as one item of a list; its number stays where a list renumbers itself."""
    address = entry.links[0][1].replace("(", "%28").replace(")", "%29").replace("<", "%3C").replace(">", "%3E")
    yield f"{entry.number}. [{_text(entry.title)}]({address})  "
    facts = " · ".join(filter(None, (entry.categories, entry.minutes, entry.slot)))
    for said in filter(None, (entry.authors, facts, f"why: {entry.why}" if entry.why else "")):
        yield f"    {_text(said)}  "
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", entry.keep)), default=0))
    yield f"    {ticks}{entry.keep}{ticks}"


def _text(text: str) -> str:
    return _SIGNS.sub(r"\\\1", text)
