"""The page as plain text, for the terminal and for the text part of the mail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from triage.digest.page import ACKNOWLEDGEMENT, counted, minutes
from triage.text import clean, width

if TYPE_CHECKING:
    from triage.budget import Shortlist
    from triage.digest.page import Entry, Page

WIDTH = 76
"""Cells of a line: what a mail reader shows unwrapped, and what an 80 column terminal holds."""
_INDENT = 4
_TITLE = 52
"""Cells of a title's line, so that minutes and identifier stand in columns behind it."""

_BOLD, _DIM, _ACCENT = "1", "2", "33"


def block(shortlist: Shortlist, page: Page, *, colour: bool, links: bool) -> str:
    """The list: one line on the whole, each paper with its reason (and its links), what was left out."""
    lines = [_style(line, _BOLD, colour) for line in wrapped(_summary(shortlist, page), WIDTH)]
    for said in page.lines:
        lines += ["", *wrapped(said, WIDTH)]
    for section in page.sections:
        lines += ["", _style(section.heading, _ACCENT, colour)] if section.heading else []
        lines += [" " * _INDENT + section.empty] if section.empty else []
        for entry in section.entries:
            lines += ["", *_entry(entry, colour=colour, links=links)]
    closing = [*([page.left_out] if page.left_out else []), *_measured(page, links)]
    lines += ["", *(line for said in closing for line in wrapped(said, WIDTH))] if closing else []
    return "\n".join(lines)


def footer(page: Page) -> str:
    """What the mail covers, what it misses, who ranked it."""
    rows = [row for label, said in page.footer for row in _labelled(label, said)]
    return "\n".join([*rows, *_labelled("", ACKNOWLEDGEMENT)])


def _measured(page: Page, links: bool) -> list[str]:
    """Gaps, precision and an alarm, where no footer says them."""
    told = {} if links else dict(page.footer)
    missing = told.get("Missing", "nothing")
    said = [f"Missing: {missing}."] if missing != "nothing" else []
    said += [f"Precision of focus picks so far: {told['Precision']}."] if "Precision" in told else []
    return said + ([f"Drift: {told['Drift']}."] if told.get("Drift", "no alarm") != "no alarm" else [])


def _summary(shortlist: Shortlist, page: Page) -> str:
    """The first line: how much, for whom, from when."""
    profiles = ", ".join(map(clean, shortlist.profiles))
    categories = f" ({', '.join(map(clean, shortlist.covers))})" if shortlist.covers else ""
    announced = f"announced {shortlist.announced.isoformat()}{categories}" if shortlist.announced else ""
    if shortlist.papers:
        left, whole = minutes(shortlist.left_s), minutes(shortlist.budget_s)
        of = f"of {whole}" if left >= whole else f"of the {left} left"
        much = f"{counted(len(shortlist.papers))}, about {minutes(shortlist.seconds)} min {of}"
    else:
        much = page.headline[0].lower() + page.headline[1:] if not page.headline.startswith("arXiv") else page.headline
    return "triage: " + ", ".join(filter(None, (much, profiles, announced)))


def _entry(entry: Entry, *, colour: bool, links: bool) -> Iterator[str]:
    first, *more = wrapped(entry.title, _TITLE)
    figures = f"{entry.minutes:>6}  {entry.id}"
    yield f"{entry.number:>2}. {_style(first, _BOLD, colour)}{' ' * max(0, _TITLE - width(first))} {figures}"
    for line in more:
        yield " " * _INDENT + _style(line, _BOLD, colour)
    if links:
        yield from _indented(entry.authors)
        yield from _indented(" · ".join(filter(None, (entry.categories, entry.slot))))
    slot = f"{entry.slot}: " if entry.slot and not links else ""
    for line in _indented((("why  " if links else slot) + entry.why) if entry.why else slot.removesuffix(": ")):
        yield _style(line, _DIM, colour)
    if links:
        for name, link in entry.links:
            yield f"{' ' * _INDENT}{name:<4} {link}"
        yield " " * _INDENT + entry.keep


def _indented(text: str) -> Iterator[str]:
    return (" " * _INDENT + line for line in (wrapped(text, WIDTH - _INDENT) if text else []))


def _labelled(label: str, said: str) -> Iterator[str]:
    for number, line in enumerate(wrapped(said, WIDTH - 11)):
        yield f"{label if number == 0 else '':<11}{line}"


def _style(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour and text else text


def wrapped(text: str, cells: int) -> list[str]:
    """Break at blanks by width in cells; a word too long for a line has its own, whole, so that it can be copied."""
    lines: list[str] = []
    for word in text.split():
        if lines and width(lines[-1]) + 1 + width(word) <= cells:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]
