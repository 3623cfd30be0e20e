"""arXiv's feed and API to papers and a recorded state; the calendar and the manners of the wire."""

from __future__ import annotations

from triage.fetch.api import read_papers, read_window
from triage.fetch.calendar import eastern_day, expected_day, may_be_quiet, next_announcement
from triage.fetch.feed import Feed, read_feed, split_authors
from triage.fetch.state import CategoryReport, CategoryState, FetchReport, FetchState, assess, failure
from triage.fetch.wire import Clock, Wire

__all__ = [
    "CategoryReport",
    "CategoryState",
    "Clock",
    "Feed",
    "FetchReport",
    "FetchState",
    "Wire",
    "assess",
    "eastern_day",
    "expected_day",
    "failure",
    "may_be_quiet",
    "next_announcement",
    "read_feed",
    "read_papers",
    "read_window",
    "split_authors",
]
