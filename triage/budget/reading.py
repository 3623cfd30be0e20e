"""How long a paper takes: the reading-time priors that hold for everybody until a reader's own pace is known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from triage.text import words

if TYPE_CHECKING:
    from triage.paper import Paper

TITLE_S = 3.0
"""Median time for a title row, in seconds (assumption)."""

SETTLE_S = 2.0
"""Time to settle on an abstract before reading it, in seconds (assumption)."""

PACE_S_PER_WORD = 0.30
"""Median pace on an abstract, in seconds a word: technical text at 200 words a minute (assumption), below the 238 of
silent reading of English non-fiction (Brysbaert 2019, JML 109:104047)."""

PACE_LOG_SD = 0.45
"""Log standard deviation of the pace within one person (assumption)."""

GLANCE_S = 7.0
"""Time on an abstract given up early, in seconds (assumption; that giving up is normal: Duggan & Payne 2011)."""

P_GLANCE = 2 / 8
"""Chance that an abstract is given up early: the mean of Beta(2, 6) (assumption)."""

P_OPEN = 1 / 10
"""Chance that a shown paper is opened: the mean of Beta(1, 9) (assumption)."""

FIRST_PASS_S = 7 * 60.0
"""Median first pass over a paper, in seconds: five to ten minutes (Keshav 2007, SIGCOMM CCR 37(3))."""

FIRST_PASS_RANGE_S = (5 * 60.0, 10 * 60.0)
"""The same source's range, in seconds; a page count never moves a first pass outside it."""

USUAL_PAGES = 12
"""The page count for which the median first pass is taken to hold, and the guess where none is stated (assumption)."""

WORD_RANGE = (30, 400)
"""Word counts of abstracts outside this range are taken as its ends: beyond it the pace model says nothing."""


def reading_seconds(paper: Paper) -> float:
    """Mean time of an attentive read of the abstract, in seconds; a title row's where there is no abstract.

    The mean of a log-normal lies above its median by exp(sd²/2).
    """
    count = words(paper.abstract)
    if not count:
        return TITLE_S
    low, high = WORD_RANGE
    return SETTLE_S + min(max(count, low), high) * PACE_S_PER_WORD * math.exp(PACE_LOG_SD**2 / 2)


def first_pass_seconds(paper: Paper) -> float:
    """Time of a first pass over the paper itself, in seconds.

    A first pass reads the introduction, headings and conclusions, so it grows more slowly than the paper: the median
    is scaled by the square root of the page count (assumption) and kept in the range of the source. Without a page
    count the figure is a guess.
    """
    low, high = FIRST_PASS_RANGE_S
    return min(max(FIRST_PASS_S * math.sqrt((paper.pages or USUAL_PAGES) / USUAL_PAGES), low), high)


def planned_seconds(paper: Paper, left_s: float = math.inf) -> float:
    """What the paper is expected to cost a coffee, in seconds: glance or read, and now and then a first pass.

    A first pass ends with the coffee at the latest, so it never counts more than the `left_s` seconds that are left.
    """
    attentive = reading_seconds(paper)
    glance = min(GLANCE_S, attentive)  # a title row without an abstract is shorter than a glance at one
    first_pass = min(first_pass_seconds(paper), left_s)
    return P_GLANCE * glance + (1 - P_GLANCE) * attentive + P_OPEN * first_pass
