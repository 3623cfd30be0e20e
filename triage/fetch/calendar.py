"""arXiv's calendar: which feed day should be out at a given moment, and which days may be empty."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")
GRACE = timedelta(minutes=30)
"""The feed is rebuilt at midnight Eastern; until it had this long, the day before is still the newest one expected."""

HOLIDAYS = frozenset({date(2026, 11, 26), date(2026, 12, 25), date(2026, 12, 29), date(2026, 12, 31)})
"""Days without the 20:00 announcement, from arXiv's availability page; so the feed of the day after stays empty."""

_DAY = timedelta(days=1)


def eastern_day(now: datetime) -> date:
    """Tell which day it is where arXiv keeps its calendar (US/Eastern), for an aware moment."""
    return now.astimezone(EASTERN).date()


def _is_feed_day(day: date) -> bool:
    """A feed of Monday to Friday holds the announcement of the evening before, unless that was a holiday."""
    return day.weekday() < 5 and day - _DAY not in HOLIDAYS


def expected_day(now: datetime) -> date:
    """Tell the newest feed day that should be out at `now` (aware): today Eastern, or the last one before it."""
    day = eastern_day(now - GRACE)
    while not _is_feed_day(day):
        day -= _DAY
    return day


def may_be_quiet(day: date) -> bool:
    """Tell whether a feed of that Eastern day may rightly hold nothing.

    True on Saturday and Sunday, on an arXiv holiday itself and on the day after it: arXiv names the evening without
    an announcement, and its notices do not always agree on which of the two feeds that empties.
    """
    return day.weekday() >= 5 or day in HOLIDAYS or day - _DAY in HOLIDAYS


def next_announcement(now: datetime) -> datetime:
    """Tell when the next batch enters the feed: the coming midnight Eastern that opens a feed day, in UTC."""
    day = eastern_day(now) + _DAY
    while not _is_feed_day(day):
        day += _DAY
    return datetime.combine(day, time(), EASTERN).astimezone(UTC)
