"""How long a paper takes: the reader's pace applied to an abstract and to a first pass over the paper itself."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from triage.budget.pace import unknown_reader
from triage.text import words

if TYPE_CHECKING:
    from triage.budget.pace import Reader
    from triage.paper import Estimate, Paper

GLANCE_S = 7.0
"""Time on an abstract given up early, in seconds (assumption; that giving up is normal: Duggan & Payne 2011)."""

FIRST_PASS_RANGE = (5 / 7, 10 / 7)
"""The range of a first pass over its median (Keshav 2007, SIGCOMM CCR 37(3): five to ten minutes); a page count never
moves one outside it."""

USUAL_PAGES = 12
"""The page count for which the median first pass is taken to hold, and the guess where none is stated (assumption)."""

WORD_RANGE = (30, 400)
"""Word counts of abstracts outside this range are taken as its ends: beyond it the pace model says nothing."""

ROOM_FOR_A_PASS = 0.6
"""With less than this share of a first pass left a paper is better kept for later than opened."""

_UNKNOWN = unknown_reader()


def counted_words(paper: Paper) -> int:
    """Words of the abstract as the pace model takes them; 0 where there is no abstract."""
    return _counted(paper.abstract)


@lru_cache(maxsize=4096)  # a morning's papers, each asked for twice
def _counted(abstract: str) -> int:
    count = words(abstract)
    low, high = WORD_RANGE
    return min(max(count, low), high) if count else 0


def reading_seconds(paper: Paper, reader: Reader = _UNKNOWN) -> float:
    """Mean time of an attentive read of the abstract, in seconds; a title row's median where there is no abstract."""
    count = counted_words(paper)
    return reader.paces[1].mean(count) if count else reader.paces[0].median()


def reading_estimate(paper: Paper, reader: Reader = _UNKNOWN) -> Estimate:
    """What to tell the reader of the same: the median, and its band once their pace is known."""
    count = counted_words(paper)
    return reader.paces[1].estimate(count) if count else reader.paces[0].estimate()


def first_pass_seconds(paper: Paper, reader: Reader = _UNKNOWN) -> float:
    """Median time of a first pass over the paper itself, in seconds.

    A first pass reads the introduction, headings and conclusions, so it grows more slowly than the paper: the median
    is scaled by the square root of the page count (assumption) and kept in the range of the source. Without a page
    count the figure is a guess.
    """
    low, high = FIRST_PASS_RANGE
    return reader.paces[2].median(min(max(math.sqrt((paper.pages or USUAL_PAGES) / USUAL_PAGES), low), high))


def worth_opening(paper: Paper, left_s: float, reader: Reader = _UNKNOWN) -> bool:
    """Whether the coffee still holds enough of a first pass; otherwise the paper is better kept for later."""
    return left_s >= ROOM_FOR_A_PASS * first_pass_seconds(paper, reader)


def planned_seconds(paper: Paper, left_s: float = math.inf, reader: Reader = _UNKNOWN, decile: int = 0) -> float:
    """What the paper is expected to cost a coffee, in seconds: glance or read, and now and then a first pass.

    A first pass ends with the coffee at the latest, so it never counts more than the `left_s` seconds that are left.
    """
    attentive = reading_seconds(paper, reader)
    glance = min(GLANCE_S, attentive)  # a title row without an abstract is shorter than a glance at one
    first_pass = min(first_pass_seconds(paper, reader), left_s)
    bail = reader.bail_chance(decile)
    return bail * glance + (1 - bail) * attentive + reader.open_chance(decile) * first_pass
