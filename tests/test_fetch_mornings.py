"""Whole runs against a server that misbehaves: what is recorded, what is caught up, and that no paper is lost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from arxiv_server import ArxivServer, Fault, api_answer, api_error, atom_feed, feed_error, item, oai_error, oai_list
from conftest import Clock
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from triage.fetch import Wire, read_journal, read_papers
from triage.paper import Verdict
from triage.pipeline import due, next_look, pull, refresh, remember, shortlist
from triage.profile import Profile
from triage.store import Store

if TYPE_CHECKING:
    from triage.paper import Item
    from triage.pipeline import Pulled

BOTH = ("cs.LG", "cs.CL")
HTML = {"Content-Type": "text/html"}


class Mornings:
    """One reader and one arXiv; `on` is the day it is, noon UTC."""

    def __init__(self, server: ArxivServer, store: Store, folder: Path | None = None) -> None:
        self.server, self.store, self.folder = server, store, folder
        self.clock = Clock(datetime(2026, 11, 1, tzinfo=UTC))
        server.date, server.stamp = self.clock.now, self.clock.monotonic
        self.on(16)

    def on(self, day: int, hour: int = 12, month: int = 11) -> date:
        self.clock.elapsed = (datetime(2026, month, day, hour, tzinfo=UTC) - self.clock.start).total_seconds()
        return date(2026, month, day)

    def publish(self, day: date, *items: Item, feed: bool = True) -> None:
        self.server.papers += [one.paper for one in items]
        self.server.records += [(day, one.paper) for one in items]
        if feed:
            self.server.items, self.server.day = list(items), day

    def read(self, *categories: str, **given: Any) -> Pulled:
        told: dict[str, Any] = {**self.server.addresses, "pause": 0, "clock": self.clock, "folder": self.folder}
        with Wire(**{**told, **given}) as wire:
            return pull(self.store, wire, categories or ("cs.LG",), self.clock.now())

    @property
    def announced(self) -> dict[str, tuple[str, str]]:
        rows = self.store.rows("SELECT paper_id, announced, type FROM announcements ORDER BY announced")
        assert len({row[0] for row in rows}) == len(rows), "nothing arrives twice"
        return {str(row[0])[-2:]: (str(row[1])[-2:], str(row[2])) for row in rows}


@pytest.fixture
def mornings(tmp_path: Path) -> Iterator[Mornings]:
    with ArxivServer() as server, closing(Store()) as store:
        yield Mornings(server, store, tmp_path)


def handed_in(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def test_missed_days_come_from_the_records_once(mornings: Mornings) -> None:
    mornings.publish(mornings.on(16), item(1))
    mornings.read()
    mornings.publish(mornings.on(17), item(2, submitted=handed_in(16)))
    mornings.publish(mornings.on(18), item(3, submitted=handed_in(17)), item(4, "replace", version=2))
    mornings.publish(mornings.on(19), item(5, submitted=handed_in(18)))
    done = mornings.read()
    one = done.report.categories["cs.LG"]
    assert (done.report.state, done.report.announced, one.new) == ("announced", date(2026, 11, 19), 3)
    assert "Tue 2026-11-17, Wed 2026-11-18 caught up from OAI-PMH" in one.reason
    found = mornings.announced
    assert {name: found[name] for name in ("01", "02", "03", "05")} == {
        "01": ("16", "new"),
        "02": ("17", "new"),
        "03": ("18", "new"),
        "05": ("19", "new"),
    }
    again = mornings.read()
    assert (again.report.state, again.added.new) == ("announced", 0)
    assert sum("/oai" in request.path for request in mornings.server.log) == 1, "what is confirmed is not asked again"


def test_a_gap_stays_open_until_a_service_answers(mornings: Mornings) -> None:
    mornings.publish(mornings.on(16), item(1))
    mornings.read()
    mornings.publish(mornings.on(17), item(2, submitted=handed_in(16)))
    mornings.publish(mornings.on(18), item(3, submitted=handed_in(17)))
    mornings.server.fail("/oai", *[Fault(500)] * 4)
    mornings.server.fail("/api", *[Fault(500, api_error("down"))] * 4)
    first = mornings.read()
    assert (first.report.state, first.report.categories["cs.LG"].state) == ("partial", "announced")
    assert "Tue 2026-11-17 not caught up" in first.notes[0]
    run = mornings.store.last_run()
    assert run is not None
    assert run.state == "partial"
    second = mornings.read()
    assert second.report.state == "announced"
    assert set(mornings.announced) == {"01", "02", "03"}


def _lagging(mornings: Mornings) -> None:
    """Monday was read, Tuesday was missed, and on Wednesday OAI-PMH still ends with Monday."""
    mornings.publish(mornings.on(16), item(1, submitted=handed_in(13)))
    mornings.read()
    mornings.publish(mornings.on(17), item(2, submitted=handed_in(16)), feed=False)
    mornings.publish(mornings.on(18), item(3, submitted=handed_in(17)))
    mornings.server.records = mornings.server.records[:1]


def test_records_that_lag_behind_confirm_no_empty_day(mornings: Mornings) -> None:
    _lagging(mornings)
    done = mornings.read()
    assert mornings.announced == {"01": ("16", "new"), "02": ("17", "new"), "03": ("18", "new")}
    assert "caught up from OAI-PMH and the API" in done.report.categories["cs.LG"].reason
    assert any("no replacements" in note for note in done.notes)


def test_a_day_that_the_records_do_not_reach_stays_open_until_somebody_knows(mornings: Mornings) -> None:
    _lagging(mornings)
    mornings.server.fail("/api", *[Fault(500)] * 4)
    done = mornings.read()
    assert (done.report.state, done.report.announced) == ("partial", date(2026, 11, 18))
    assert "Tue 2026-11-17 not caught up" in done.report.categories["cs.LG"].reason
    assert mornings.store.missed("cs.LG", date(2026, 11, 1)) == [date(2026, 11, 17)]
    mornings.read()
    assert mornings.announced["02"] == ("17", "new")


def test_the_api_alone_confirms_no_empty_day(mornings: Mornings) -> None:
    """It loses whole windows: here the newer one of two days, three times over."""
    mornings.publish(mornings.on(16), item(1, submitted=handed_in(13)))
    mornings.read()
    mornings.publish(mornings.on(17), item(2, submitted=handed_in(16)))
    mornings.publish(mornings.on(18), item(3, submitted=handed_in(17)))
    mornings.publish(mornings.on(19), item(4, submitted=handed_in(18)))
    mornings.server.fail("/oai", Fault(404))
    mornings.server.fail("/api", *[Fault(200, api_answer([]))] * 3)
    done = mornings.read()
    assert done.report.state == "partial"
    assert mornings.store.missed("cs.LG", date(2026, 11, 1)) == [date(2026, 11, 18)]
    assert "Wed 2026-11-18 not caught up" in done.report.categories["cs.LG"].reason
    mornings.read()
    assert {name: day for name, (day, _) in mornings.announced.items()} == {
        "01": "16",
        "02": "17",
        "03": "18",
        "04": "19",
    }


def test_records_that_reach_beyond_an_empty_day_confirm_it_alone(mornings: Mornings) -> None:
    mornings.publish(mornings.on(16), item(1, submitted=handed_in(13)))
    mornings.read()
    mornings.publish(mornings.on(18), item(3, submitted=handed_in(17)))
    assert mornings.read().report.state == "announced"
    assert not mornings.store.missed("cs.LG", date(2026, 11, 1))
    assert not any("/api" in request.path for request in mornings.server.log)


def test_the_api_fills_a_gap_when_the_records_are_down(mornings: Mornings) -> None:
    mornings.publish(mornings.on(16), item(1))
    mornings.read()
    mornings.publish(mornings.on(17), item(2, submitted=handed_in(16)))
    mornings.publish(mornings.on(18), item(3, submitted=handed_in(17)))
    mornings.server.fail("/oai", *[Fault(200, oai_error("badArgument", "no"))] * 4)
    done = mornings.read()
    assert "caught up from the API" in done.report.categories["cs.LG"].reason
    assert mornings.announced["02"] == ("17", "new")


def test_fridays_batch_is_caught_up_on_a_weekend(mornings: Mornings) -> None:
    mornings.publish(mornings.on(19), item(1))
    mornings.read()
    mornings.publish(mornings.on(20), item(2, submitted=handed_in(19)))
    mornings.publish(mornings.on(21))
    assert mornings.read().report.state == "announced"
    assert mornings.announced["02"] == ("20", "new")
    mornings.on(22)
    assert mornings.read().report.state == "quiet"


def test_a_missed_friday_that_nobody_tells_about_is_not_quiet(mornings: Mornings) -> None:
    mornings.publish(mornings.on(19), item(1))
    mornings.read()
    mornings.publish(mornings.on(21))
    mornings.server.fail("/oai", *[Fault(404)] * 9)
    mornings.server.fail("/api", *[Fault(404)] * 9)
    done = mornings.read()
    assert done.report.state == "failed"
    assert "Fri 2026-11-20 not caught up" in done.report.categories["cs.LG"].reason


def test_a_late_batch_is_waited_for_and_then_fetched_elsewhere(mornings: Mornings) -> None:
    mornings.publish(mornings.on(23), item(1))
    mornings.read()
    mornings.publish(mornings.on(24), item(2, submitted=handed_in(23)), feed=False)
    mornings.on(24, 7)
    early = mornings.read()
    assert early.report.state == "stale"
    assert next_look(mornings.store) == mornings.clock.now() + timedelta(minutes=30)
    assert not any("/oai" in request.path for request in mornings.server.log)
    mornings.on(24, 12)
    late = mornings.read()
    assert (late.report.state, late.report.announced) == ("announced", date(2026, 11, 24))
    assert "OAI-PMH" in late.report.categories["cs.LG"].reason
    mornings.publish(mornings.on(24, 15), item(2, submitted=handed_in(23)), item(3, "cross", ("cs.CV", "cs.LG")))
    assert mornings.read().added.new == 1
    assert mornings.announced == {"01": ("23", "new"), "02": ("24", "new"), "03": ("24", "cross")}


def test_a_late_batch_that_no_record_has_stays_stale(mornings: Mornings) -> None:
    mornings.publish(mornings.on(23), item(1))
    mornings.read()
    mornings.on(24, 12)
    for _ in range(2):
        assert mornings.read().report.state == "stale"
    assert mornings.store.confirmed(["cs.LG"]) == {"cs.LG": date(2026, 11, 23)}
    mornings.publish(mornings.on(24, 13), item(2))
    assert mornings.read().report.state == "announced"


def test_an_empty_feed_on_a_working_day_is_stale(mornings: Mornings) -> None:
    mornings.publish(mornings.on(23), item(1))
    mornings.read()
    mornings.publish(mornings.on(24, 7))
    assert mornings.read().report.state == "stale"


def test_a_single_category_that_is_cut_is_completed_from_the_records(mornings: Mornings) -> None:
    day = mornings.on(23)
    batch = [item(number, submitted=handed_in(20)) for number in range(1, 2011)]
    mornings.publish(day, *batch)
    mornings.server.feed["cs.LG"] = atom_feed(batch[10:], day)
    done = mornings.read()
    assert (done.report.state, done.added.new, done.report.categories["cs.LG"].new) == ("announced", 2010, 2010)
    assert "caught up" in done.report.categories["cs.LG"].reason
    assert mornings.read().report.state == "announced"


def test_a_cut_category_that_nobody_completes_is_truncated(mornings: Mornings) -> None:
    day = mornings.on(23)
    mornings.server.feed["cs.LG"] = atom_feed([item(number) for number in range(1, 2001)], day)
    mornings.server.fail("/oai", *[Fault(404)] * 4)
    mornings.server.fail("/api", *[Fault(404)] * 4)
    done = mornings.read()
    assert (done.report.state, done.report.categories["cs.LG"].state) == ("partial", "truncated")
    assert done.added.new == 2000


def test_a_bad_category_is_named_and_the_others_are_stored(mornings: Mornings) -> None:
    mornings.server.unknown["cs.ZZ"] = "Bad subject class 'ZZ'. Valid subject classes for the archive 'cs' are: cs.AI."
    mornings.publish(mornings.on(23), item(1))
    done = mornings.read("cs.LG", "cs.ZZ")
    assert done.report.state == "partial"
    assert done.report.categories["cs.ZZ"].state == "failed"
    assert "cs.ZZ" in done.report.categories["cs.ZZ"].reason
    assert set(mornings.announced) == {"01"}


def test_entries_that_cannot_be_read_are_counted_for_the_reader(mornings: Mornings) -> None:
    mornings.publish(day := mornings.on(16), item(1), item(2))
    body = atom_feed(mornings.server.items, day).replace(b"<id>oai:arXiv.org:9912.00002v1</id>", b"")
    mornings.server.feed["cs.LG"] = body
    done = mornings.read()
    assert (done.report.state, done.notes) == (
        "announced",
        ("1 of the feed's 2 entries could not be read and are left out",),
    )


def test_one_category_of_yesterday_is_looked_for_again(mornings: Mornings) -> None:
    mornings.publish(mornings.on(23), item(1), item(2, "new", ("cs.CL",)))
    mornings.read(*BOTH)
    late = item(4, "new", ("cs.CL",), submitted=handed_in(23))
    mornings.publish(mornings.on(24, 7), item(3, submitted=handed_in(23)), item(2, "new", ("cs.CL",)))
    first = mornings.read(*BOTH)
    assert {name: one.state for name, one in first.report.categories.items()} == {
        "cs.LG": "announced",
        "cs.CL": "stale",
    }
    assert first.report.state == "partial"
    mornings.publish(mornings.on(24, 8), item(3, submitted=handed_in(23)), late)
    assert mornings.read(*BOTH).report.state == "announced"
    assert mornings.announced == {"01": ("23", "new"), "02": ("23", "new"), "03": ("24", "new"), "04": ("24", "new")}


def test_a_category_that_falls_out_of_a_batch_is_asked_for_elsewhere(mornings: Mornings) -> None:
    """It had papers in every announcement of four weeks; one morning the feed has only those of the others."""
    weeks = [date(2026, 10, 1) + timedelta(days=number) for number in range(46)]
    mornings.store.fill_missed("cs.LG", {day: "announced" for day in weeks if day.weekday() < 5}, "read")
    mornings.publish(mornings.on(16), item(1), item(2, "new", ("cs.CL",)))
    mornings.read(*BOTH)
    mornings.publish(mornings.on(17, 7), item(3, submitted=handed_in(16)), item(4, "new", ("cs.CL",)))
    mornings.server.items = mornings.server.items[1:]
    done = mornings.read(*BOTH)
    assert (done.report.state, done.report.categories["cs.LG"].state) == ("partial", "stale")
    mornings.on(17, 12)
    done = mornings.read(*BOTH)
    assert {name: one.state for name, one in done.report.categories.items()} == dict.fromkeys(BOTH, "announced")
    assert mornings.announced["03"] == ("17", "new")


def test_v1_on_monday_and_v2_on_wednesday_are_one_paper(mornings: Mornings) -> None:
    mornings.publish(mornings.on(16), item(1, id="hep-th/9901001"), item(2, id="math/9901001", version=3))
    mornings.read()
    mornings.store.record(Verdict("hep-th/9901001", "keep", mornings.clock.now()))
    for day in (17, 18):
        kind, version = ("replace", 2) if day == 18 else ("cross", 1)
        mornings.publish(mornings.on(day), item(1, kind, id="hep-th/9901001", version=version), item(day))
        mornings.read()
    mornings.publish(mornings.on(19), item(1, "replace-cross", id="hep-th/9901001", version=1), item(19))
    mornings.read()
    paper = mornings.store.paper("hep-th/9901001")
    other = mornings.store.paper("math/9901001")
    assert paper is not None
    assert other is not None
    assert (paper.version, other.version) == (2, 3)
    assert mornings.store.labels()["hep-th/9901001", ""] == "keep"


def test_the_servers_date_decides_which_day_it_is(mornings: Mornings) -> None:
    """A local clock two days ahead would call Friday a Sunday, and its missing batch a quiet weekend."""
    mornings.publish(mornings.on(19), item(1))
    mornings.read()
    mornings.on(22)
    mornings.server.date = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
    done = mornings.read()
    assert done.report.state == "stale"
    run = mornings.store.last_run()
    assert run is not None
    assert run.offset_s == pytest.approx(-2 * 86400 + 7 * 3600 - 12 * 3600)


def test_the_servers_date_decides_for_the_list_too(mornings: Mornings, encoder: Any) -> None:
    """Friday by arXiv's clock and read; a local clock a working week ahead does not make it stale."""
    mornings.publish(mornings.on(20), item(1))
    mornings.on(27)
    mornings.server.date = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    assert _refresh(mornings, encoder).report.announced == date(2026, 11, 20)
    assert _listed(mornings).missing == {}
    assert not due(mornings.store, [PROFILE], mornings.clock.now(), ranker="fusion")
    assert due(mornings.store, [PROFILE], mornings.clock.now() + timedelta(days=3), ranker="fusion"), "Monday there"


def test_a_reader_in_auckland_meets_the_same_day(mornings: Mornings) -> None:
    mornings.publish(mornings.on(20), item(1))
    mornings.clock.start = mornings.clock.start.astimezone(datetime.fromisoformat("2026-11-20T12:00:00+13:00").tzinfo)
    assert mornings.read().report.announced == date(2026, 11, 20)


def test_a_weekend_date_on_a_batch_breaks_nothing(mornings: Mornings) -> None:
    """A feed with items on a Saturday is odd, and still no reason to lose them or to stumble later."""
    mornings.publish(mornings.on(20), item(1))
    mornings.read()
    saturday = mornings.on(21)
    batch = [item(number) for number in range(2, 2002)]
    mornings.server.feed["cs.LG"] = atom_feed(batch, saturday)
    mornings.server.fail("/oai", Fault(404))
    mornings.server.fail("/api", Fault(404))
    mornings.read()
    mornings.server.feed.clear()
    mornings.publish(mornings.on(23), item(3000))
    assert mornings.read().report.state == "announced"
    assert len(mornings.store.rows("SELECT 1 FROM announcements")) == 2002


# The feed's own host is dead


def test_a_dead_feed_is_no_lost_morning(mornings: Mornings) -> None:
    mornings.publish(mornings.on(16), item(1))
    mornings.read()
    mornings.publish(mornings.on(17), item(2, submitted=handed_in(16)))
    crossed = item(4, "cross", ("cs.CV", "cs.LG"), submitted=handed_in(17))
    mornings.publish(mornings.on(18, 7), item(3, submitted=handed_in(17)), crossed)
    mornings.server.fail("/atom", *[Fault(502)] * 4)
    done = mornings.read()
    one = done.report.categories["cs.LG"]
    assert (done.report.state, done.report.announced, done.fault) == ("announced", date(2026, 11, 18), None)
    assert (one.state, one.new, one.cross) == ("announced", 2, 1)
    assert "caught up from OAI-PMH" in one.reason
    assert "the feed cannot be read: 127.0.0.1 failed with status 502" in done.notes[0]
    wanted = {"01": ("16", "new"), "02": ("17", "new"), "03": ("18", "new"), "04": ("18", "cross")}
    assert mornings.announced == wanted
    mornings.clock.advance(3600)
    again = mornings.read()
    assert (again.report.state, again.added.new, again.notes) == ("announced", 0, ())
    assert mornings.announced == wanted


def test_a_dead_feed_and_silent_records_have_failed_and_lose_nothing(mornings: Mornings) -> None:
    mornings.publish(mornings.on(16), item(1))
    mornings.read()
    mornings.publish(mornings.on(17), item(2, submitted=handed_in(16)))
    for route in ("/atom", "/oai", "/api"):
        mornings.server.fail(route, *[Fault(502)] * 4)
    done = mornings.read()
    assert done.report.state == "failed"
    assert done.fault is not None
    assert "Tue 2026-11-17 not caught up" in done.report.categories["cs.LG"].reason
    mornings.publish(mornings.on(18), item(3, submitted=handed_in(17)))
    assert mornings.read().report.state == "announced"
    assert mornings.announced == {"01": ("16", "new"), "02": ("17", "new"), "03": ("18", "new")}


def test_records_without_the_expected_batch_leave_a_dead_feed_failed(mornings: Mornings) -> None:
    """The batch may still be on its way: nothing anywhere is no proof of a quiet day."""
    mornings.publish(mornings.on(16), item(1))
    mornings.read()
    mornings.on(17, 7)
    mornings.server.fail("/atom", *[Fault(502)] * 4)
    done = mornings.read()
    assert done.report.state == "failed"
    assert "has nothing of it either" in done.report.categories["cs.LG"].reason
    assert mornings.store.confirmed(["cs.LG"]) == {"cs.LG": date(2026, 11, 16)}


def test_the_first_morning_may_come_from_the_records(mornings: Mornings) -> None:
    mornings.publish(mornings.on(17), item(2, submitted=handed_in(16)), item(1, submitted=handed_in(10)))
    mornings.server.fail("/atom", *[Fault(reset=True)] * 4)
    done = mornings.read()
    assert (done.report.state, done.report.announced) == ("announced", date(2026, 11, 17))
    assert mornings.announced == {"02": ("17", "new")}, "what is older than the day may have been announced before"


def test_a_refusal_sends_nobody_elsewhere(mornings: Mornings) -> None:
    mornings.publish(mornings.on(16), item(1))
    mornings.read()
    mornings.publish(mornings.on(17), item(2, submitted=handed_in(16)))
    mornings.server.fail("/atom", Fault(403, b"Access Denied", HTML))
    mornings.server.unknown["cs.ZZ"] = "Bad subject class 'ZZ'. Valid subject classes for the archive 'cs' are: cs.AI."
    mornings.server.log.clear()
    assert mornings.read().report.state == "failed"
    assert len(mornings.server.log) == 1
    mornings.on(18, 1)
    assert mornings.read("cs.ZZ").report.state == "failed"
    assert [request.path for request in mornings.server.log] == ["/atom/cs.LG", "/atom/cs.ZZ"]


def test_no_answer_at_all_is_no_fact_about_days(mornings: Mornings) -> None:
    """A local clock that is months ahead, without a server's date, leaves no missed days behind."""
    mornings.publish(mornings.on(16), item(1))
    mornings.read()
    mornings.on(16, month=12)
    for route in ("/atom", "/oai", "/api"):
        mornings.server.fail(route, *[Fault(reset=True)] * 4)
    assert mornings.read().report.state == "failed"
    run = mornings.store.last_run()
    assert run is not None
    assert run.offset_s is None
    assert mornings.store.missed("cs.LG", date(2026, 11, 1)) == []


def test_an_older_day_that_is_filled_does_not_hide_a_stale_feed(mornings: Mornings) -> None:
    mornings.publish(mornings.on(16), item(1))
    mornings.read()
    mornings.publish(mornings.on(17), item(2, submitted=handed_in(16)))
    mornings.publish(mornings.on(18), item(3, submitted=handed_in(17)))
    mornings.server.fail("/oai", Fault(404))
    mornings.server.fail("/api", Fault(404))
    mornings.read()
    mornings.on(19, 7)
    done = mornings.read()
    assert (done.report.state, done.report.categories["cs.LG"].state) == ("stale", "stale")
    assert "Tue 2026-11-17 caught up from OAI-PMH" in done.report.categories["cs.LG"].reason
    assert "02" in mornings.announced


def test_a_stale_feed_adds_to_the_day_that_it_repeats_and_confirms_no_other(mornings: Mornings) -> None:
    """The day was caught up from the records, which told one cross-list less than its feed, a day late."""
    mornings.publish(mornings.on(18), item(1))
    mornings.read()
    mornings.publish(mornings.on(19), item(2, submitted=handed_in(18)), feed=False)
    assert mornings.read().report.announced == date(2026, 11, 19)
    mornings.server.items = [item(2), item(3, "cross", ("hep-th", "cs.LG"))]
    mornings.server.day = date(2026, 11, 19)
    mornings.on(20, 7)
    done = mornings.read()
    assert (done.report.state, done.report.announced) == ("stale", None)
    assert mornings.announced["03"] == ("19", "cross")
    assert mornings.store.confirmed(["cs.LG"]) == {"cs.LG": date(2026, 11, 19)}
    mornings.on(20)
    mornings.server.items, mornings.server.day = [item(4)], date(2026, 11, 20)
    assert mornings.read().report.announced == date(2026, 11, 20)
    assert mornings.announced["04"] == ("20", "new")


def test_a_paper_cross_listed_late_in_a_missed_day_arrives_once(mornings: Mornings) -> None:
    """Announced elsewhere while cs.LG was read every day; listed in it on a day that was missed."""
    mornings.publish(mornings.on(16), item(1))
    mornings.read()
    mornings.publish(mornings.on(17), item(2, submitted=handed_in(16)))
    mornings.read()
    late = item(5, "cross", ("cs.CV", "cs.LG"), submitted=handed_in(16), version=2, updated=handed_in(17))
    old = item(6, "cross", ("cs.CV", "cs.LG"), id="2401.00006", submitted=datetime(2024, 1, 5, tzinfo=UTC))
    mornings.publish(mornings.on(18), item(3, submitted=handed_in(17)), late, old)
    mornings.publish(mornings.on(19), item(4, submitted=handed_in(18)))
    done = mornings.read()
    assert done.report.state == "announced"
    assert mornings.announced["05"] == ("18", "cross")
    assert "06" not in mornings.announced
    assert any("1 older paper that changed may be cross-listed anew" in note for note in done.notes)
    mornings.read()
    assert mornings.announced["05"] == ("18", "cross")


# The run log


def test_every_answer_is_logged_without_secrets(mornings: Mornings, tmp_path: Path) -> None:
    secret = {name: url.replace("http://", "http://ada:hunter2@") for name, url in mornings.server.addresses.items()}
    secret["api"] += "?key=hunter2"
    mornings.publish(mornings.on(16), item(1))
    mornings.server.fail("/atom", Fault(429, b"Rate exceeded.", {"Retry-After": "7", "Set-Cookie": "hunter2"}))
    mornings.read(**secret, contact="ada@example.org")
    with Wire(**secret, pause=0, clock=mornings.clock, folder=tmp_path) as wire:
        assert set(read_papers(wire, ["9912.00001"])) == {"9912.00001"}
    rows = read_journal(tmp_path)
    assert [(row.get("status"), row.get("fault") is not None) for row in rows if "url" in row] == [
        (429, True),
        (200, False),
        (200, False),
    ]
    assert "id_list=9912.00001" in rows[-1]["url"]
    assert rows[0]["headers"]["retry-after"] == "7"
    assert "date" in rows[1]["headers"]
    fact = next(row for row in rows if "entries" in row)
    assert (fact["entries"], fact["day"], fact["types"]) == (1, "2026-11-16", {"new": 1})
    everything = "".join(path.read_text() for path in tmp_path.iterdir() if path.is_file())
    assert "hunter2" not in everything
    assert "ada" not in everything


def test_the_run_log_is_rotated_and_a_cut_line_is_left_out(mornings: Mornings, tmp_path: Path) -> None:
    from triage.fetch.journal import LARGEST, NAME, Journal

    log = Journal(tmp_path)
    for number in range(3000):
        log.add(mornings.clock.now(), url="x" * 300, number=number)
    assert {path.name for path in tmp_path.glob("arxiv-answers*")} == {NAME, "arxiv-answers.1.jsonl"}
    assert all(path.stat().st_size <= LARGEST for path in tmp_path.glob("arxiv-answers*"))
    with (tmp_path / NAME).open("a") as stream:
        stream.write('{"at": "20')
    assert [row["number"] for row in read_journal(tmp_path, 3)] == [2998, 2999]
    assert read_journal(tmp_path / "absent") == []


# What the reader sees of it

PROFILE = Profile(name="mine", statement="matter that was invented", categories=("cs.LG",), threshold=0.0)


def _refresh(mornings: Mornings, encoder: Any, **given: Any) -> Any:
    with Wire(**mornings.server.addresses, pause=0, clock=mornings.clock) as wire:
        return refresh(mornings.store, PROFILE, encoder=encoder, now=mornings.clock.now(), wire=wire, **given)


def _listed(mornings: Mornings, **given: Any) -> Any:
    now = mornings.clock.now()
    return shortlist(mornings.store, PROFILE, minutes=60, now=now, today=now.date(), **given)


def test_a_backlog_is_one_coffee_and_says_what_expired(mornings: Mornings, encoder: Any) -> None:
    mornings.publish(mornings.on(2), item(1))
    _refresh(mornings, encoder)
    remember(mornings.store, _listed(mornings), shown_by="session", day=date(2026, 11, 2), at=mornings.clock.now())
    for day in range(3, 13):
        if date(2026, 11, day).weekday() < 5:
            handed = datetime(2026, 11, day, 2, tzinfo=UTC) - timedelta(days=3 if day == 9 else 1)
            mornings.publish(mornings.on(day), item(10 + day, submitted=handed))
    done = _refresh(mornings, encoder)
    assert (done.report.state, done.added.new) == ("announced", 8)
    today = _listed(mornings)
    assert len({one.paper.id for one in (*today.papers, *today.left_out)}) == 5
    assert any("5 announcements in one coffee" in note for note in today.notes)
    assert any(note == "3 papers announced before that expired unread" for note in today.notes)


def test_papers_that_come_after_their_session_join_the_next_one(mornings: Mornings, encoder: Any) -> None:
    monday = mornings.on(16)
    mornings.publish(monday, item(1))
    _refresh(mornings, encoder)
    remember(mornings.store, _listed(mornings), shown_by="session", day=monday, at=mornings.clock.now())
    mornings.clock.advance(3600)
    mornings.store.add_announcement([item(2)], announced=monday, feed_day=monday, at=mornings.clock.now())
    mornings.publish(mornings.on(17), item(3))
    _refresh(mornings, encoder)
    today = _listed(mornings)
    assert {one.paper.id[-1] for one in (*today.papers, *today.left_out)} == {"2", "3"}
    assert today.days == (date(2026, 11, 17), monday)


def test_a_replacement_is_labelled_where_it_was_asked_for(mornings: Mornings, encoder: Any) -> None:
    mornings.publish(mornings.on(16), item(1), item(2, "replace", version=3))
    _refresh(mornings, encoder, types=("new", "replace"))
    today = _listed(mornings, types=("new", "replace"))
    why = {one.paper.id: one.why for one in (*today.papers, *today.left_out)}
    assert why["9912.00002"][0] == "replacement, version 3"
    assert not any("replacement" in reason for reason in why["9912.00001"])


def test_an_announced_paper_that_the_api_lacks_is_asked_for_again(mornings: Mornings, encoder: Any) -> None:
    mornings.publish(mornings.on(16), item(1), item(2))
    late = mornings.server.papers.pop()
    _refresh(mornings, encoder)
    assert mornings.store.wanting_details(date(2026, 11, 16)) == ["9912.00002"]
    assert any(one.paper.id == "9912.00002" for one in _listed(mornings).papers), "the feed's text is enough to read"
    mornings.server.papers.append(late)
    _refresh(mornings, encoder)
    paper = mornings.store.paper("9912.00002")
    assert paper is not None
    assert paper.pages == 12


def test_what_a_server_says_reaches_the_terminal_without_its_control_signs(mornings: Mornings, encoder: Any) -> None:
    """XML allows the C1 controls, of which U+009B begins an escape sequence, and the signs that turn the direction."""
    mornings.publish(mornings.on(16), item(1))
    mornings.server.fail("/api", Fault(400, api_error("no\u009b2J\u202e way")))
    (note,) = _refresh(mornings, encoder).notes
    assert "question: no way; page counts" in note
    assert note.isprintable()


def test_a_gap_and_a_dead_cron_are_said_in_the_list(mornings: Mornings, encoder: Any) -> None:
    mornings.publish(mornings.on(16), item(1))
    _refresh(mornings, encoder)
    assert not any("asked for" in note for note in _listed(mornings).notes)
    mornings.on(18)
    assert "Wed 2026-11-18 was not asked for yet" in _listed(mornings).missing["cs.LG"]
    mornings.publish(mornings.on(18), item(3, submitted=handed_in(17)))
    mornings.server.fail("/oai", *[Fault(404)] * 4)
    mornings.server.fail("/api", *[Fault(404)] * 1)
    done = _refresh(mornings, encoder)
    today = _listed(mornings)
    assert (done.report.state, today.state) == ("partial", "partial")
    assert today.missing == {"cs.LG": "not read: Tue 2026-11-17"}
    assert any("not caught up" in note for note in done.to_json()["notes"])


def test_a_late_batch_is_asked_for_at_most_every_half_hour(mornings: Mornings, encoder: Any) -> None:
    mornings.publish(mornings.on(23), item(1))
    _refresh(mornings, encoder)
    mornings.on(24, 7)
    done = _refresh(mornings, encoder)
    assert json.loads(json.dumps(done.to_json()))["next_look"] == "2026-11-24T07:30:00+00:00"
    now = mornings.clock.now()
    told: dict[str, Any] = {"ranker": "fusion", "patient": True}
    assert not due(mornings.store, [PROFILE], now + timedelta(minutes=29), **told)
    assert due(mornings.store, [PROFILE], now + timedelta(minutes=30), **told)
    assert due(mornings.store, [PROFILE], now, ranker="fusion"), "who asks for it gets it at once"


# Any sequence of faults

GOOD = atom_feed([item(1), item(2)], date(2026, 11, 17))
FAULTS = {
    "429 in seconds": Fault(429, b"Rate exceeded.", {"Retry-After": "40"}),
    "429 for an hour": Fault(429, b"Rate exceeded.", {"Retry-After": "3600"}),
    "429 bare": Fault(429, b"<html>slow down</html>", HTML),
    "403": Fault(403, b"<html>Access Denied</html>", HTML),
    "500": Fault(500, api_error("The server encountered an internal error.")),
    "503": Fault(503, b"busy", {"Retry-After": "20"}),
    "404": Fault(404, b"gone"),
    "html": Fault(200, b"<!DOCTYPE html><html></html>", HTML),
    "empty": Fault(200),
    "cut": Fault(200, GOOD[:-200], cut=200),
    "half": Fault(200, GOOD[: len(GOOD) // 2]),
    "reset": Fault(reset=True),
    "error entry": Fault(200, api_error("odd")),
    "entities": Fault(200, b"<!DOCTYPE feed [<!ENTITY a 'b'>]>" + GOOD.split(b"\n", 1)[1]),
    "yesterday": Fault(200, atom_feed([item(90)], date(2026, 11, 16))),
    "no entry": Fault(200, atom_feed([], date(2026, 11, 17))),
    "feed error": Fault(400, feed_error("cs.LG", "Bad archive 'cs'. Valid archive names are: q-bio.")),
    "oai error": Fault(200, oai_error("badResumptionToken")),
    "no records": Fault(200, oai_error("noRecordsMatch")),
    "old records": Fault(200, oai_list([(date(2026, 11, 16), item(90, submitted=handed_in(13)).paper)])),
    "no hits": Fault(200, api_answer([])),
    "a redirect": Fault(302, headers={"Location": "http://127.0.0.1:9/"}),
}
TOTAL_S = 120.0
SEQUENCES = st.lists(
    st.tuples(
        st.sampled_from(["/atom", "/atom", "/oai", "/api"]),
        st.sampled_from(sorted(FAULTS)),
        st.sampled_from([1, 1, 4]),  # four in a row outlast all tries of a run: that host is dead for it
    ),
    max_size=5,
)
LENGTH_OF_GAP = st.integers(0, 2)


@pytest.fixture(scope="module")
def misbehaving() -> Iterator[ArxivServer]:
    with ArxivServer() as server:
        yield server


@pytest.fixture(scope="module")
def monday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which Monday is confirmed: made once, because its migrations cost more than the rest."""
    path = tmp_path_factory.mktemp("monday") / "triage.db"
    with closing(Store(path)) as store, ArxivServer() as server:
        there = Mornings(server, store)
        there.publish(there.on(16), item(90))
        there.read()
    return path


@pytest.mark.slow
@settings(
    max_examples=1000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)
@given(sequence=SEQUENCES, missed=LENGTH_OF_GAP)
def test_any_faults_and_then_good_answers_end_with_what_was_announced(
    misbehaving: ArxivServer, monday: Path, sequence: list[tuple[str, str, int]], missed: int
) -> None:
    """Monday was read; some days are missed; the morning after them goes wrong in any way, and then goes well."""
    with closing(Store(monday, copy=True)) as store:
        _forget(misbehaving)
        there = Mornings(misbehaving, store)
        there.publish(there.on(16), item(90))
        for day in range(17, 18 + missed):
            there.publish(there.on(day, 7), *(item(day * 10 + n, submitted=handed_in(day - 1)) for n in range(2)))
        for route, name, times in sequence:
            misbehaving.fail(route, *[FAULTS[name]] * times)
        wanted = {one.id for _, one in misbehaving.records}
        for number in range(40):
            begun = there.clock.monotonic()
            state = there.read(total_s=TOTAL_S).report.state
            assert there.clock.monotonic() - begun <= TOTAL_S, "a run ends within its time"
            if not any(misbehaving.faults.values()) and state == "announced" and not _missing(store):
                break
            there.clock.advance(1800 if state != "failed" else 7200)
            for queue in misbehaving.faults.values():
                if number % 3 == 2 and queue:
                    queue.popleft()  # faults that no request meets go by with the hours
        rows = Counter(str(row[0]) for row in store.rows("SELECT paper_id FROM announcements"))
        assert set(rows) == wanted, "nothing is lost, and nothing else came"
        assert set(rows.values()) == {1}, "nothing came twice"
        assert store.count() == len(wanted)


def _forget(server: ArxivServer) -> None:
    server.items, server.papers, server.records = [], [], []
    server.log.clear()
    for queue in server.faults.values():
        queue.clear()


def _missing(store: Store) -> bool:
    return bool(store.missed("cs.LG", date(2026, 11, 1)))
