"""Two weeks of arXiv under a clock moved by hand: every announced paper once, every day's state, polite pauses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from arxiv_server import ArxivServer, Fault, atom_feed, item
from conftest import Clock

from triage.fetch import Wire
from triage.fetch.calendar import closing as deadline
from triage.fetch.calendar import is_feed_day
from triage.pipeline import Pulled, pull
from triage.store import Store

if TYPE_CHECKING:
    from triage.paper import Item

CATEGORIES = ("cs.LG", "cs.CL")
FIRST = date(2026, 11, 16)
"""A Monday; Thanksgiving is the Thursday of the week after."""
FOLLOWED = [("cs.LG",), ("cs.LG", "cs.CL"), ("cs.CL",), ("cs.CV", "cs.LG")]
BIG = 2300
"""Papers on the truncated Monday: more than a feed holds, and less than that in each category."""


def announced_on(day: date, count: int) -> list[Item]:
    """An invented batch: handed in before the deadline of its day, most new, some crossed, each with its version."""
    handed_in = deadline(day) - timedelta(hours=5)
    number = (day - FIRST).days * 3000 + 1000
    batch = []
    for place in range(count):
        listed = FOLLOWED[place % (4 if count < 100 else 3)]
        kind = "cross" if listed[0] == "cs.CV" else "new"
        batch.append(item(number + place, kind, listed, submitted=handed_in - timedelta(seconds=place)))
    return batch


class Fortnight:
    """arXiv and one reader, day by day."""

    def __init__(self, server: ArxivServer, store: Store, folder: Path) -> None:
        self.server, self.store, self.folder = server, store, folder
        self.clock = Clock(datetime(2026, 11, 16, 12, 0, tzinfo=UTC))
        server.date, server.stamp = self.clock.now, self.clock.monotonic
        self.batches: dict[date, list[Item]] = {}

    def publish(self, day: date, *, stale: bool = False) -> None:
        """What arXiv does in the night to a day: records, API and feed get the batch, unless the feed is stuck."""
        morning = datetime(day.year, day.month, day.day, 7 if stale else 12, tzinfo=UTC)
        self.clock.elapsed = (morning - self.clock.start).total_seconds()
        batch = announced_on(day, BIG if day == date(2026, 11, 30) else 12) if is_feed_day(day) else []
        self.batches[day] = batch
        self.server.papers += [one.paper for one in batch]
        self.server.records += [(day, one.paper) for one in batch]
        if not stale:
            self.server.items, self.server.day = batch, day

    def read(self, total_s: float = 120.0) -> Pulled:
        with Wire(**self.server.addresses, pause=3, clock=self.clock, folder=self.folder, total_s=total_s) as wire:
            return pull(self.store, wire, CATEGORIES, self.clock.now())


@pytest.fixture
def fortnight(tmp_path: Path) -> Iterator[Fortnight]:
    with ArxivServer() as server, closing(Store()) as store:
        yield Fortnight(server, store, tmp_path)


def test_a_fortnight_loses_nothing_and_says_what_each_day_was(fortnight: Fortnight) -> None:
    away = {date(2026, 11, 18), date(2026, 11, 19)}  # Wednesday and Thursday: the laptop is closed
    stale, storm, big = date(2026, 11, 24), date(2026, 11, 25), date(2026, 11, 30)
    told: dict[date, list[str]] = {}
    for number in range(16):
        day = FIRST + timedelta(days=number)
        fortnight.publish(day, stale=day == stale)
        if day in away:
            continue
        if day == storm:
            fortnight.server.fail("/atom", Fault(429, b"Rate exceeded.", {"Retry-After": "1800"}))
        if day == big:
            feed = fortnight.server.feed
            feed["cs.LG+cs.CL"] = atom_feed(fortnight.batches[day][-2000:], day, categories=CATEGORIES)
        runs = [fortnight.read()]
        if day == storm:
            fortnight.clock.advance(1200)
            runs.append(fortnight.read())  # too early: nothing is sent
            fortnight.clock.advance(601)
            runs.append(fortnight.read())
        told[day] = [one.report.state for one in runs]
        fortnight.server.feed.clear()
    assert {f"{day:%a %d}": states for day, states in told.items()} == {
        "Mon 16": ["announced"],
        "Tue 17": ["announced"],
        "Fri 20": ["announced"],
        "Sat 21": ["quiet"],
        "Sun 22": ["quiet"],
        "Mon 23": ["announced"],
        "Tue 24": ["stale"],
        "Wed 25": ["failed", "failed", "announced"],
        "Thu 26": ["announced"],
        "Fri 27": ["quiet"],
        "Sat 28": ["quiet"],
        "Sun 29": ["quiet"],
        "Mon 30": ["announced"],
        "Tue 01": ["announced"],
    }
    _assert_whole(fortnight)


def _assert_whole(fortnight: Fortnight) -> None:
    store, wanted = fortnight.store, {}
    for day, batch in fortnight.batches.items():
        wanted |= {one.paper.id: (day.isoformat(), one.type) for one in batch}
    rows = store.rows("SELECT paper_id, announced, type FROM announcements")
    assert Counter(str(row[0]) for row in rows).most_common(1)[0][1] == 1, "nothing arrives twice"
    found = {str(row[0]): (row[1], row[2]) for row in rows}
    assert set(found) == set(wanted), "nothing is lost, nothing invented"
    assert found == wanted, "every paper is where it was announced"
    open_days = store.rows("SELECT category, announced FROM coverage WHERE state NOT IN ('announced', 'quiet')")
    assert open_days == []
    times = sorted(request.at for request in fortnight.server.log)
    assert min(later - earlier for earlier, later in pairwise(times)) >= 3.0
    agents = {request.headers["User-Agent"] for request in fortnight.server.log}
    assert len(agents) == 1
