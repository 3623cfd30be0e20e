"""arXiv's feed and API to papers and a recorded state; the calendar and the manners of the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.deferred import deferred

if TYPE_CHECKING:
    from triage.fetch.api import BATCH, read_papers, read_window
    from triage.fetch.calendar import (
        LOOK_AGAIN,
        eastern_day,
        expected_day,
        feed_days,
        holidays,
        is_late,
        known_until,
        may_be_quiet,
        next_announcement,
        read_holidays,
        unbroken,
    )
    from triage.fetch.catchup import Filled, Gap, Records, fill, read_gap
    from triage.fetch.feed import Batch, Feed, read_batch, read_feed, split_authors
    from triage.fetch.journal import read_journal
    from triage.fetch.oai import identify, read_changes, set_of
    from triage.fetch.state import CategoryReport, CategoryState, FetchReport, FetchState, assess, failure, overall
    from triage.fetch.wire import Clock, Wire

__all__ = [
    "BATCH",
    "LOOK_AGAIN",
    "Batch",
    "CategoryReport",
    "CategoryState",
    "Clock",
    "Feed",
    "FetchReport",
    "FetchState",
    "Filled",
    "Gap",
    "Records",
    "Wire",
    "assess",
    "eastern_day",
    "expected_day",
    "failure",
    "feed_days",
    "fill",
    "holidays",
    "identify",
    "is_late",
    "known_until",
    "may_be_quiet",
    "next_announcement",
    "overall",
    "read_batch",
    "read_changes",
    "read_feed",
    "read_gap",
    "read_holidays",
    "read_journal",
    "read_papers",
    "read_window",
    "set_of",
    "split_authors",
    "unbroken",
]

_HOME = {
    "Batch": "feed",
    "CategoryReport": "state",
    "CategoryState": "state",
    "Clock": "wire",
    "Feed": "feed",
    "FetchReport": "state",
    "FetchState": "state",
    "Filled": "catchup",
    "Gap": "catchup",
    "LOOK_AGAIN": "calendar",
    "Records": "catchup",
    "Wire": "wire",
    "assess": "state",
    "eastern_day": "calendar",
    "expected_day": "calendar",
    "failure": "state",
    "feed_days": "calendar",
    "fill": "catchup",
    "holidays": "calendar",
    "identify": "oai",
    "is_late": "calendar",
    "known_until": "calendar",
    "may_be_quiet": "calendar",
    "next_announcement": "calendar",
    "overall": "state",
    "read_batch": "feed",
    "read_changes": "oai",
    "read_feed": "feed",
    "read_gap": "catchup",
    "read_holidays": "calendar",
    "read_journal": "journal",
    "BATCH": "api",
    "read_papers": "api",
    "read_window": "api",
    "set_of": "oai",
    "split_authors": "feed",
    "unbroken": "calendar",
}
"""Resolved on first use: a session that asks only for the calendar reads no XML."""

__getattr__ = deferred(__name__, _HOME)
