"""What the mail and the plain list say, in words: the one model that both the text and the HTML are drawn from."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from triage.text import clean, readable

if TYPE_CHECKING:
    from triage.budget import Shortlist
    from triage.paper import ScoredPaper

ACKNOWLEDGEMENT = "Thank you to arXiv for use of its open access interoperability."
"""The sentence that arXiv's terms of use for its interfaces ask for."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_AUTHORS_NAMED = 3
_REASONS_SHOWN = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """One paper as it is shown; every text is safe and readable, the links are arXiv's own."""

    number: int
    id: str
    title: str
    authors: str
    categories: str
    minutes: str
    slot: str
    why: str
    links: tuple[tuple[str, str], ...]
    keep: str


@dataclass(frozen=True, slots=True)
class Section:
    """The papers of one announcement or one profile; without a heading where there is only one of each.

    `empty` says why a day that was missed shows no paper.
    """

    heading: str
    entries: tuple[Entry, ...]
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """The whole day. `headline` says how the day went, `lines` add to it, `filled` is the share of the coffee taken."""

    subject: str
    headline: str
    coffee: str
    filled: float
    lines: tuple[str, ...]
    sections: tuple[Section, ...]
    left_out: str
    footer: tuple[tuple[str, str], ...]


def page(shortlist: Shortlist, *, today: date | None = None, precision: str = "", by_day: bool = False) -> Page:
    """Put a shortlist into words.

    `today` stands in the subject when nothing was announced; `precision` is the measured precision, ready to be read.
    `by_day` gives each announcement a heading, where the list holds several; else the papers stay in reading order.
    """
    return Page(
        subject=_subject(shortlist, today),
        headline=_headline(shortlist),
        coffee=_coffee(shortlist),
        filled=min(1.0, shortlist.seconds / shortlist.budget_s) if shortlist.budget_s > 0 else 0.0,
        lines=(*_morning(shortlist), *map(clean, shortlist.notes)),
        sections=_days(shortlist) if by_day and len(shortlist.days) > 1 else _sections(shortlist),
        left_out=_left_out(shortlist),
        footer=_footer(shortlist, clean(precision)),
    )


def minutes(seconds: float) -> int:
    """Whole minutes to the nearest; nothing that is read takes less than one."""
    return max(1, math.floor(seconds / 60 + 0.5)) if seconds > 0 else 0


def day(when: date) -> str:
    """20 Nov, in English whatever the locale."""
    return f"{when.day} {_MONTHS[when.month - 1]}"


def long_day(when: date) -> str:
    """Fri 2026-11-20, in English whatever the locale."""
    return f"{_WEEKDAYS[when.weekday()]} {when.isoformat()}"


def counted(count: int) -> str:
    """1 paper, 7 papers."""
    return f"{count} paper" if count == 1 else f"{count} papers"


def _subject(shortlist: Shortlist, today: date | None) -> str:
    when = shortlist.announced or today
    told = {"quiet": "nothing announced", "stale": "today's batch is late", "failed": "arXiv was not read"}
    if shortlist.papers:
        said = f"{counted(len(shortlist.papers))}, {minutes(shortlist.seconds)} min"
    else:
        said = told.get(shortlist.state, "nothing for this coffee")
    return f"triage: {said}" + (f" ({day(when)})" if when else "")


def _headline(shortlist: Shortlist) -> str:
    if shortlist.papers:
        return counted(len(shortlist.papers))
    if shortlist.left_s <= 0 < shortlist.budget_s:
        return "The coffee is finished"
    return {
        "nothing-worth-it": "No paper for this coffee",
        "quiet": "A quiet day on arXiv",
        "stale": "Today's batch is late",
        "failed": "arXiv could not be read today",
    }.get(shortlist.state, "No paper so far")


def _coffee(shortlist: Shortlist) -> str:
    """The minutes of the list against those of the coffee."""
    if not shortlist.papers:
        return ""
    whole, left = minutes(shortlist.budget_s), minutes(shortlist.left_s)
    against = f"of a {whole} min coffee" if left >= whole else f"of the {left} min left"
    return f"{minutes(shortlist.seconds)} min {against}"


def _morning(shortlist: Shortlist) -> tuple[str, ...]:
    """The sentence of a day that is not simply ready, and what the papers below it are, if there are any."""
    said = {
        "nothing-worth-it": _nothing(shortlist),
        "quiet": "arXiv announced nothing new in these categories.",
        "stale": "The batch expected today is not out yet.",
        "partial": "Only a part of today's batch was read, so something may be missing.",
        "failed": "arXiv did not answer: this says nothing about today's papers.",
    }.get(shortlist.state, "")
    if not said:
        return ()
    rest = "Below is what is left of an earlier announcement."
    return (said, rest) if shortlist.papers and shortlist.state in ("quiet", "stale", "failed") else (said,)


def _nothing(shortlist: Shortlist) -> str:
    if not shortlist.total:
        return "No new paper came into the ranking, so the coffee is yours."
    return f"{counted(shortlist.total)} ranked, and none is near enough to your focus. The coffee is yours."


def _left_out(shortlist: Shortlist) -> str:
    """How many ranked papers are not in the list; "" where that says nothing."""
    count = len(shortlist.left_out)
    if not count or not shortlist.papers:
        return ""
    return f"{count} other {'paper was' if count == 1 else 'papers were'} ranked and left out."


def _sections(shortlist: Shortlist) -> tuple[Section, ...]:
    """One section for each profile that has papers, in their order; one without a heading for one profile."""
    return tuple(_by_profile(shortlist, shortlist.papers, 1))


def _by_profile(shortlist: Shortlist, papers: Sequence[ScoredPaper], first: int, day: str = "") -> Iterator[Section]:
    """Sections of some papers, numbered from `first` on and headed by their day and, of several, their profile."""
    split = len(shortlist.profiles) > 1
    names = dict.fromkeys((*shortlist.profiles, *(one.profile for one in papers)) if split else ("",))
    for name in names:
        mine = [one for one in papers if not split or one.profile == name]
        if mine:
            entries = tuple(_entry(number, one) for number, one in enumerate(mine, first))
            yield Section(" · ".join(filter(None, (day, clean(name)))), entries)
            first += len(mine)


def _days(shortlist: Shortlist) -> tuple[Section, ...]:
    """A heading for each announcement of a catch-up, newest first, also where none of its papers fits the coffee."""
    found: list[Section] = []
    for when in shortlist.days:
        papers = [one for one in shortlist.papers if _announced(one, shortlist) == when]
        first = 1 + sum(len(section.entries) for section in found)
        rest = sum(_announced(one, shortlist) == when for one in shortlist.left_out)
        none = Section(long_day(when), (), f"{counted(rest)} ranked, none of them for this coffee.")
        found += list(_by_profile(shortlist, papers, first, long_day(when))) or [none]
    return tuple(found)


def _announced(scored: ScoredPaper, shortlist: Shortlist) -> date:
    """The announcement under which a paper is shown; one that was replaced since counts for the newest."""
    when = scored.paper.announced
    return when if when in shortlist.days else shortlist.days[0]


def _entry(number: int, scored: ScoredPaper) -> Entry:
    paper = scored.paper
    identifier = clean(paper.id)
    html = f"https://arxiv.org/html/{paper.id}"
    return Entry(
        number=number,
        id=identifier,
        title=readable(paper.title) or "(no title)",
        authors=_authors(paper.authors),
        categories=", ".join(map(clean, paper.categories)),
        minutes=f"{minutes(scored.seconds)} min",
        slot="" if scored.slot == "focus" else scored.slot,
        why=" · ".join(filter(None, map(readable, scored.why[:_REASONS_SHOWN]))),
        links=tuple(
            (name, _address(link)) for name, link in (("abs", paper.url), ("PDF", paper.pdf_url), ("HTML", html))
        ),
        keep=f"triage keep {shlex.quote(identifier)}",
    )


def _address(link: str) -> str:
    """A link without blanks, so that it stays one link in the text and cannot run on."""
    return clean(link).replace(" ", "%20")


def _authors(names: Iterable[str]) -> str:
    known = [name for name in map(readable, names) if name]
    shown = ", ".join(known[:_AUTHORS_NAMED])
    return f"{shown} et al." if len(known) > _AUTHORS_NAMED else shown


def _footer(shortlist: Shortlist, precision: str) -> tuple[tuple[str, str], ...]:
    ranker = clean(f"{shortlist.ranker} {shortlist.ranker_version}")
    lines = [("Covers", _covers(shortlist.covers)), ("Missing", _missing(shortlist.missing))]
    lines += [("Ranker", ranker), *([("Precision", precision)] if precision else [])]
    return (*lines, ("Drift", clean(shortlist.drift) or "no alarm"))


def _covers(covers: Mapping[str, date]) -> str:
    """The categories, newest announcement first, each date once."""
    if not covers:
        return "nothing"
    by_day: dict[date, list[str]] = {}
    for category, announced in covers.items():
        by_day.setdefault(announced, []).append(clean(category))
    return "; ".join(
        f"{', '.join(by_day[when])} as announced {when.isoformat()}" for when in sorted(by_day, reverse=True)
    )


def _missing(missing: Mapping[str, str]) -> str:
    told = [f"{clean(name)} ({clean(reason)})" if clean(reason) else clean(name) for name, reason in missing.items()]
    return "; ".join(told) or "nothing"
