"""The kill switch: a ranker whose precision lies below its rival's session after session makes way for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from triage.evaluate.replay import comparable, ranker_precision
from triage.paper import Review

if TYPE_CHECKING:
    from triage.evaluate.replay import Replay
    from triage.paper import Interval

STAND_IN = "tfidf-svm"
"""The baseline that takes over: it needs no encoder, so it cannot fail for the reason the deployed ranker may have."""

SESSIONS = 5
"""So many sessions in a row the interval must lie below the rival's (assumption; see the false alarms in the tests)."""

Z90 = 1.645
"""Standard normal quantile of a two-sided 90 % interval: two equal ones that do not touch are 2.3 standard errors
apart. With 95 % a ranker that sees nothing was replaced for nine in ten simulated readers in place of all, with 84 % an
equally good one for one in twenty in place of one in fifty."""

WINDOW = 40
"""Coffees that a review looks back on: two months, so that a ranker which went bad is not saved by good old days."""

LEAST_EFFECTIVE = 5.0
"""Independent judged papers that either side needs: below, one lucky explore pick would decide (assumption)."""


def review(
    replays: Sequence[Replay], before: Sequence[Review], *, ranker: str, default: str, version: str
) -> Review | None:
    """Judge the deployed ranker after the newest coffee; None where no coffee holds a verdict.

    Both precisions carry 90 % intervals. Only days that this ranker chose count, at most forty, since the last switch.
    The rule is the same in both directions: the baseline that took over gives way again when its interval lies below
    the rival's as many sessions in a row. `before` are the earlier reviews, oldest first, and `version` is that of the
    default ranker.
    """
    judged = [replay for replay in replays if replay.verdicts]
    if not judged:
        return None
    rival = STAND_IN if ranker != STAND_IN else default
    since = max((one.coffee for one in before if one.switched), default=date.min)
    mine = [one for one in comparable(judged, (ranker, rival)) if one.ranker == ranker and one.coffee > since]
    coffees = sorted({one.coffee for one in mine})[-WINDOW:]
    days = [one for one in mine if one.coffee in coffees]
    ours, theirs = (ranker_precision(days, name, z=Z90) for name in (ranker, rival))
    apart = _in_a_row(before, ranker, version) + 1 if below(ours, theirs) else 0
    newest = max(one.coffee for one in judged)
    decided = rival if apart >= SESSIONS else ranker
    return Review(newest, ranker, rival, version, ours, theirs, apart, decided)


def _in_a_row(before: Sequence[Review], ranker: str, version: str) -> int:
    """How many sessions the same ranker has already lain below."""
    last = before[-1] if before else None
    return last.apart if last and not last.switched and (last.ranker, last.version) == (ranker, version) else 0


def below(mine: Interval, theirs: Interval) -> bool:
    """Whether an interval lies wholly below another one, and both rest on enough to say so."""
    return mine.told and min(mine.effective, theirs.effective) >= LEAST_EFFECTIVE and mine.high < theirs.low


def deployed(last: Review | None, *, pinned: str, default: str, version: str) -> str:
    """The ranker that decides: the pinned one, else what the last review decided, else the default.

    A default of another version than the one that was replaced is deployed again: it may be mended.
    """
    if pinned:
        return pinned
    return last.decided if last and last.version == version else default
