"""The sentences of the session: the heading, the minutes, the mornings without a list, the closing card."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from triage.text import clean

if TYPE_CHECKING:
    from triage.budget import Shortlist
    from triage.paper import Estimate

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

SECONDS_BELOW_S = 120.0
"""From here on the cup counts in seconds."""


def day(when: date) -> str:
    """Fri 20 Nov 2026, in English whatever the locale, as everything else on the screen."""
    return f"{_DAYS[when.weekday()]} {when.day} {_MONTHS[when.month - 1]} {when.year}"


def stopwatch(seconds: float) -> str:
    """m:ss, rounded up, so that 0:00 is the end itself."""
    whole = math.ceil(max(0.0, seconds))
    return f"{whole // 60}:{whole % 60:02}"


def left(seconds: float) -> str:
    """What the cup says: whole minutes (the nearest), seconds only below two minutes."""
    return stopwatch(seconds) if seconds < SECONDS_BELOW_S else f"{math.floor(seconds / 60 + 0.5)} min"


def minutes(seconds: float) -> str:
    """A paper's planned time in whole minutes; nothing is shorter than one."""
    return f"{max(1, math.floor(seconds / 60 + 0.5))} min"


def keep_for_later(pass_s: float, *, keep: str = "s", again: str = "o") -> str:
    """What is said before a paper is opened that the coffee does not hold any more; the keys are named.

    It fits into the rule of sixty columns, where a longer line would lose the key that opens.
    """
    return f"a first pass takes {minutes(pass_s)}: {keep} keeps it, {again} again opens it"


def estimate(reading: Estimate) -> str:
    """What an attentive read takes: about one figure, or a band once the reader's own pace is known."""
    if reading.low is None or reading.high is None:
        return f"about {_fives(reading.seconds)} s"
    return f"{_fives(reading.low)}-{_fives(reading.high)} s"


def _fives(seconds: float) -> int:
    """Whole fives of seconds: nobody reads to the second."""
    return max(5, 5 * round(seconds / 5))


def papers(count: int) -> str:
    """Count papers as a sentence does."""
    return f"{count} paper" if count == 1 else f"{count} papers"


def headings(shortlist: Shortlist, count: int, other: str = "") -> list[str]:
    """What follows the name in the header, the longest first; the screen takes the first that fits.

    `other` is the ranker's name where it is not the deployed one that is shown.
    """
    if other:
        return [f"as {other} ranks them, not your ranker: {count} papers", f"{other}: {count}", other]
    profiles = ", ".join(map(clean, shortlist.profiles))
    covers = _covers(shortlist)
    when = day(shortlist.announced) if shortlist.announced else ""
    known = [part for part in (when, covers) if part]
    alarm = ["the scores drift: triage stats"] if shortlist.drift else []
    some = shortlist.total > 0
    brief = [*([f"{count} for you"] if some else []), *(["drift"] if alarm else [])]
    whole = [*known, *([f"{count} for you of {shortlist.total}"] if some else []), *alarm]
    return [
        "   ".join(filter(None, (profiles, " · ".join(whole)))),
        " · ".join(whole),
        " · ".join([covers if shortlist.missing else when, *brief]).removeprefix(" · "),
        " · ".join(brief),
        "",
    ]


def _covers(shortlist: Shortlist) -> str:
    """The categories that the list holds whole, and in brackets what it lacks; none is named on both sides."""
    whole = " ".join(clean(name) for name in shortlist.covers if name not in shortlist.missing)
    lacks = ", ".join(_lacks(shortlist, name) for name in shortlist.missing)
    return f"{whole} ({lacks})" if whole and lacks else whole or lacks


def _lacks(shortlist: Shortlist, name: str) -> str:
    """What is missing of one category: all of the day on the screen, a newer day, or a part."""
    reached = shortlist.covers.get(name)
    if reached is None or (shortlist.announced and reached < shortlist.announced):
        return f"no {clean(name)}"
    return f"no newer {clean(name)}" if shortlist.state in ("stale", "failed") else f"{clean(name)} incomplete"


def standing(shortlist: Shortlist) -> str:
    """The one line that stays under a list that is not the whole of today's announcement; "" when it is."""
    rest = f"these are left from {day(shortlist.announced)}" if shortlist.announced else "these are left from before"
    match shortlist.state:
        case "stale":
            return f"today's batch is not out yet: {rest}"
        case "quiet":
            return f"nothing new was announced: {rest}"
        case "failed":
            return f"arXiv could not be read: {_reasons(shortlist.missing) or rest}"
        case "partial":
            return f"not read today: {_reasons(shortlist.missing) or 'a part of the batch'}"
    return ""


def left_out(shortlist: Shortlist) -> str:
    """The quiet remark at the end of the footer: what is not shown, and what the ranker says of itself."""
    remarks = [f"{len(shortlist.left_out)} left out", *map(clean, shortlist.notes)]
    return " · ".join(remarks)


def _reasons(missing: Mapping[str, str]) -> str:
    return "; ".join(f"{clean(name)}: {clean(reason)}" for name, reason in missing.items())


@dataclass(frozen=True, slots=True)
class Note:
    """A page with nothing to judge: a headline and the facts below it."""

    title: str
    lines: tuple[str, ...] = ()


def morning(shortlist: Shortlist, next_announcement: str) -> Note:
    """The page for a morning without a list: four kinds of it, and none can be taken for another."""
    reasons = tuple(f"{clean(name)}: {clean(reason)}" for name, reason in shortlist.missing.items())
    notes = tuple(map(clean, shortlist.notes))
    coming = (clean(next_announcement),) if next_announcement else ()
    match shortlist.state:
        case "nothing-worth-it":
            return Note(
                "Nothing today is worth your coffee.",
                (_best(shortlist), *reasons, *notes, "Have it in peace: this page goes away by itself."),
            )
        case "quiet":
            return Note("Nothing was announced.", (*coming, *notes))
        case "stale":
            return Note(
                "arXiv has not published today's batch yet.", (*notes, *coming, "Nothing of your coffee was used.")
            )
        case "failed":
            again = "Nothing of your coffee was used. triage fetch tries again."
            return Note("arXiv could not be read.", (*reasons, *notes, again))
    if shortlist.missing:
        return Note("Nothing to show, and not everything could be read.", (*reasons, *notes))
    return Note("Nothing is left on today's list.", (*notes, *coming))


def _best(shortlist: Shortlist) -> str:
    """How far the best paper of the day got."""
    ranked = f"{papers(shortlist.total)} ranked"
    best = shortlist.best
    if best is None:
        return f"{ranked}."
    if best.probability is None:  # a score means nothing beside a threshold, which is a chance
        return f"{ranked}; none reaches your threshold."
    return f"{ranked}; the best one has a chance of {best.probability:.2f}."


def looking(line: str) -> Note:
    """The page while the first list of the day is fetched and ranked."""
    return Note("Getting today's papers.", (clean(line), "Your coffee has not begun."))


def offer(newer: int, picked: int) -> str:
    """The line that offers a newer list; it says so when nothing of it made the coffee."""
    if newer and not picked:
        return f"{newer} newer papers ranked, none for this coffee"
    return f"{newer} newer papers ranked: press R" if newer else "the ranking was refined: press R"
