"""arXiv's calendar: which feed day should be out at a given moment, which were missed, which may be empty."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from triage.errors import ConfigFault

EASTERN = ZoneInfo("America/New_York")
GRACE = timedelta(minutes=30)
"""The feed is rebuilt at midnight Eastern; until it had this long, the day before is still the newest one expected."""

LOOK_AGAIN = timedelta(minutes=30)
"""A batch that is late is looked for again after so long."""

LATE = timedelta(hours=4)
"""So long after midnight Eastern a batch that the feed still lacks is asked for where arXiv keeps its records."""

LONGEST_GAP = timedelta(days=60)
"""Announcements that were missed longer ago are not caught up: nobody reads two months of them in one coffee."""

YEARS = range(1991, 2200)
"""A date outside of arXiv's times is an error of the server, and no calendar could count from it."""

_DAY = timedelta(days=1)
_DEADLINE = time(14)
"""Papers handed in until 14:00 Eastern are announced that evening (arXiv's availability page)."""


@cache
def holidays() -> frozenset[date]:
    """The evenings without an announcement that this triage was made with."""
    return _dates(files("triage.fetch").joinpath("holidays.txt").read_text(encoding="utf-8"), "holidays.txt")


def read_holidays(text: str, name: str) -> frozenset[date]:
    """Lay a reader's list over the bundled one: it replaces the years that it names.

    Raises:
        ConfigFault: a line is no date; the message has `name` and the line.
    """
    told = _dates(text, name)
    years = {day.year for day in told}
    return told | {day for day in holidays() if day.year not in years}


def known_until(free: AbstractSet[date]) -> date | None:
    """Tell the last day on which the holidays are known: the lists are made for whole years; None for an empty list."""
    return date(max(day.year for day in free), 12, 31) if free else None


def _dates(text: str, name: str) -> frozenset[date]:
    found = set()
    for number, line in enumerate(text.splitlines(), 1):
        if bare := line.partition("#")[0].strip():
            try:
                found.add(date.fromisoformat(bare))
            except ValueError as fault:
                raise ConfigFault(f"{name}:{number}: {bare[:40]!r} is no date; write it as 2026-12-25") from fault
    return frozenset(found)


def eastern_day(now: datetime) -> date:
    """Tell which day it is where arXiv keeps its calendar (US/Eastern), for an aware moment."""
    return now.astimezone(EASTERN).date()


def is_feed_day(day: date, free: AbstractSet[date] | None = None) -> bool:
    """A feed of Monday to Friday holds the announcement of the evening before, unless that was a holiday."""
    return day.weekday() < 5 and day - _DAY not in (holidays() if free is None else free)


def expected_day(now: datetime, free: AbstractSet[date] | None = None) -> date:
    """Tell the newest feed day that should be out at `now` (aware): today Eastern, or the last one before it."""
    day = eastern_day(now - GRACE)
    while not is_feed_day(day, free):
        day -= _DAY
    return day


def may_be_quiet(day: date, free: AbstractSet[date] | None = None) -> bool:
    """Tell whether a feed of that Eastern day may rightly hold nothing.

    True on Saturday and Sunday, on an arXiv holiday itself and on the day after it: arXiv names the evening without
    an announcement, and its notices do not always agree on which of the two feeds that empties.
    """
    listed = holidays() if free is None else free
    return day.weekday() >= 5 or day in listed or day - _DAY in listed


def next_announcement(now: datetime, free: AbstractSet[date] | None = None) -> datetime:
    """Tell when the next batch enters the feed: the coming midnight Eastern that opens a feed day, in UTC."""
    day = eastern_day(now) + _DAY
    while not is_feed_day(day, free):
        day += _DAY
    return datetime.combine(day, time(), EASTERN).astimezone(UTC)


def feed_days(after: date, until: date, free: AbstractSet[date] | None = None) -> list[date]:
    """List the feed days later than `after`, up to and with `until`, none older than `LONGEST_GAP`."""
    first = max(after + _DAY, until - LONGEST_GAP)
    days = (first + _DAY * step for step in range((until - first).days + 1))
    return [day for day in days if is_feed_day(day, free)]


def unbroken(read: AbstractSet[date], before: date, free: AbstractSet[date] | None = None) -> date | None:
    """Tell the first of the days in `read` from which on no feed day is missing until the day before `before`."""
    first, day = None, before - _DAY
    while day in read or not is_feed_day(day, free):
        first = day if day in read else first
        day -= _DAY
    return first


def is_late(now: datetime, day: date) -> bool:
    """Tell whether the batch of a feed day is so late that waiting for the feed is no use any more."""
    return now >= datetime.combine(day, time(), EASTERN) + LATE


def closing(day: date) -> datetime:
    """Tell until when papers were handed in that the feed of `day` holds: 14:00 of the working day before, in UTC."""
    before = day - _DAY
    while before.weekday() >= 5:
        before -= _DAY
    return datetime.combine(before, _DEADLINE, EASTERN).astimezone(UTC)


def opening(day: date, free: AbstractSet[date] | None = None) -> datetime:
    """Tell from when on papers were handed in that the feed of `day` holds: the deadline of the feed day before it."""
    before = day - _DAY
    while not is_feed_day(before, free):
        before -= _DAY
    return closing(before)
