"""Catching up: OAI-PMH pages, tokens and errors, which record belongs to which missed day, and the calendar of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from arxiv_server import ArxivServer, Fault, api_error, atom_feed, feed_error, invented, item, oai_error, oai_list
from hypothesis import given
from hypothesis import strategies as st

from triage.errors import ConfigFault, InvalidInput, TryLater, Unavailable
from triage.fetch import (
    Filled,
    Gap,
    Records,
    Wire,
    feed_days,
    fill,
    holidays,
    read_batch,
    read_changes,
    read_gap,
    read_holidays,
    set_of,
)
from triage.fetch.calendar import closing, is_feed_day, opening, unbroken
from triage.fetch.catchup import _is_later

if TYPE_CHECKING:
    from conftest import Clock

MONDAY = date(2026, 11, 16)
TUESDAY, WEDNESDAY, THURSDAY = (MONDAY + timedelta(days=number) for number in (1, 2, 3))


@pytest.fixture
def arxiv(clock: Clock) -> Iterator[ArxivServer]:
    with ArxivServer() as server:
        server.date = clock.now
        yield server


@pytest.fixture
def wire(arxiv: ArxivServer, clock: Clock) -> Iterator[Wire]:
    with Wire(**arxiv.addresses, pause=0, clock=clock) as made:
        yield made


# Sets, pages, tokens


@pytest.mark.parametrize(
    ("category", "wanted"),
    [
        ("cs.LG", "cs:cs:LG"),
        ("stat.ML", "stat:stat:ML"),
        ("quant-ph", "physics:quant-ph"),
        ("astro-ph.CO", "physics:astro-ph:CO"),
        ("physics.optics", "physics:physics:optics"),
        ("cs.NA", "math:math:NA"),
        ("cs", "cs:cs"),
    ],
)
def test_a_category_becomes_a_set(category: str, wanted: str) -> None:
    assert set_of(category) == wanted


def test_a_set_is_made_of_categories_only() -> None:
    with pytest.raises(InvalidInput, match="no arXiv category"):
        set_of("cs.LG&verb=Identify")


def test_pages_follow_a_token_that_is_encoded_again(arxiv: ArxivServer, wire: Wire) -> None:
    arxiv.page = 3
    arxiv.records = [(MONDAY, invented(number)) for number in range(1, 9)]
    arxiv.records += [(MONDAY, invented(50, categories=("hep-th",))), (date(2026, 11, 12), invented(51))]
    found = list(read_changes(wire, "cs.LG", MONDAY))
    assert [paper.id for paper in found] == [f"9912.{number:05d}" for number in range(1, 9)]
    assert "set=cs:cs:LG&from=2026-11-16" in arxiv.log[0].path
    assert "until" not in arxiv.log[0].path
    assert "%2526" in arxiv.log[1].path, "the token is percent-encoded text, and encoded again"
    assert len(arxiv.log) == 3


def test_a_record_becomes_a_paper_with_the_dates_of_its_versions(arxiv: ArxivServer, wire: Wire) -> None:
    first, last = datetime(2026, 11, 16, 9, 0, tzinfo=UTC), datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
    arxiv.records = [(WEDNESDAY, invented(1, version=3, submitted=first, updated=last, title="Two\n  lines & more"))]
    (paper,) = read_changes(wire, "cs.LG", MONDAY)
    assert (paper.version, paper.submitted, paper.updated) == (3, first, last)
    assert (paper.title, paper.authors) == ("Two lines & more", ("Ada Invented", "Bo Fictional"))
    assert (paper.comment, paper.pages, paper.categories) == ("12 pages, 3 figures", 12, ("cs.LG",))


def test_no_record_is_an_answer(arxiv: ArxivServer, wire: Wire) -> None:
    assert list(read_changes(wire, "cs.LG", MONDAY)) == []
    assert len(arxiv.log) == 1


@pytest.mark.parametrize("code", ["badArgument", "cannotDisseminateFormat", "badVerb", "noSetHierarchy"])
def test_an_oai_error_is_no_empty_list(arxiv: ArxivServer, wire: Wire, code: str) -> None:
    arxiv.fail("/oai", Fault(200, oai_error(code, "Reason: because")))
    with pytest.raises(InvalidInput, match=f"{code}.*because"):
        list(read_changes(wire, "cs.LG", MONDAY))


def test_a_token_that_expired_restarts_from_the_last_whole_day(arxiv: ArxivServer, wire: Wire) -> None:
    arxiv.records = [(MONDAY, invented(1)), (TUESDAY, invented(2)), (TUESDAY, invented(3)), (WEDNESDAY, invented(4))]
    arxiv.page = 2
    arxiv.fail(
        "/oai",
        Fault(200, oai_list(arxiv.records[:2], "verb%3DListRecords")),
        Fault(200, oai_error("badResumptionToken")),
    )
    found = [paper.id for paper in read_changes(wire, "cs.LG", MONDAY)]
    assert set(found) == {"9912.00001", "9912.00002", "9912.00003", "9912.00004"}
    assert "from=2026-11-17" in arxiv.log[2].path


def test_a_token_that_always_expires_is_a_failure(arxiv: ArxivServer, wire: Wire) -> None:
    page = Fault(200, oai_list([(MONDAY, invented(1))], "verb%3D1"))
    arxiv.fail("/oai", *[page, Fault(200, oai_error("badResumptionToken"))] * 3)
    with pytest.raises(Unavailable, match="loses its place"):
        list(read_changes(wire, "cs.LG", MONDAY))


def test_a_token_that_turns_in_a_circle_ends(arxiv: ArxivServer, wire: Wire) -> None:
    arxiv.fail("/oai", *[Fault(200, oai_list([(MONDAY, invented(1))], "verb%3D1"))] * 9)
    with pytest.raises(Unavailable, match="same page"):
        list(read_changes(wire, "cs.LG", MONDAY))
    assert len(arxiv.log) == 2


@pytest.mark.parametrize("body", [atom_feed([item(1)]), oai_list([]).replace(b"ListRecords", b"Identify")])
def test_another_document_is_no_list(arxiv: ArxivServer, wire: Wire, body: bytes) -> None:
    arxiv.fail("/oai", Fault(200, body))
    with pytest.raises(Unavailable):
        list(read_changes(wire, "cs.LG", MONDAY))


def test_records_that_cannot_be_read_spoil_no_list(arxiv: ArxivServer, wire: Wire) -> None:
    body = oai_list([(MONDAY, invented(number)) for number in range(1, 5)])
    body = body.replace(b"<id>9912.00001</id>", b"<id>nothing</id>").replace(b"v1", b"vX", 2)
    body = body.replace(b"<metadata>", b"<gone>", 3).replace(b"</metadata>", b"</gone>", 3)
    arxiv.fail("/oai", Fault(200, body))
    assert [paper.id for paper in read_changes(wire, "cs.LG", MONDAY)] == ["9912.00004"]


def test_records_of_another_format_are_no_empty_list(arxiv: ArxivServer, wire: Wire) -> None:
    body = oai_list([(MONDAY, invented(number)) for number in (1, 2)]).replace(b"arXivRaw", b"arXiv")
    arxiv.fail("/oai", Fault(200, body))
    with pytest.raises(Unavailable, match="none of the 2 records"):
        list(read_changes(wire, "cs.LG", MONDAY))


def test_a_list_of_deleted_records_is_an_empty_one(arxiv: ArxivServer, wire: Wire) -> None:
    body = oai_list([(MONDAY, invented(1))]).replace(b"<header>", b"<header status='deleted'>")
    arxiv.fail("/oai", Fault(200, body))
    assert list(read_changes(wire, "cs.LG", MONDAY)) == []


def test_rendered_and_recorded_lists_hold_their_documented_counts(shared: Path, arxiv: ArxivServer, wire: Wire) -> None:
    samples = shared / "arxiv-samples"
    pages = [(samples / f"rendered/oai/list_arXivRaw_p{number}.xml").read_bytes() for number in (1, 2, 3)]
    arxiv.fail("/oai", *[Fault(200, page) for page in pages], Fault(200, oai_error("noRecordsMatch")))
    found = list(read_changes(wire, "cs", MONDAY))
    assert len(found) == len({paper.id for paper in found}) == 15
    assert found[0].id == "2510.10478"
    assert (found[0].version, found[0].submitted) == (2, datetime(2025, 10, 12, 12, 0, tzinfo=UTC))
    assert len(found[0].authors) == 7
    assert "skip%253D5" in arxiv.log[1].path
    arxiv.fail("/oai", Fault(200, (samples / "oai/old_2019_arXivRaw_getrecord.xml").read_bytes()))
    (old,) = read_changes(wire, "cond-mat.stat-mech", MONDAY)
    assert (old.id, old.version, old.pages, len(old.authors)) == ("1810.09584", 2, 7, 4)
    assert old.doi == "10.1209/0295-5075/124/60006"


# Which record belongs where


def _fill(papers: list[Any], **given: Any) -> dict[date, list[tuple[str, str]]]:
    told: dict[str, Any] = {"asked": ["cs.LG"], "seen": frozenset(), "free": holidays(), **given}
    gap = Gap("cs.LG", (TUESDAY, WEDNESDAY), told.pop("since", date(2026, 11, 2)), told.pop("mark", ""))
    days = fill(gap, papers, **told).days
    return {day: [(it.paper.id[-2:], it.type) for it in items] for day, items in days.items()}


def _at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def test_new_papers_come_on_the_day_of_their_deadline() -> None:
    papers = [
        invented(1, submitted=_at(15)),
        invented(2, submitted=_at(16, 18)),
        invented(3, submitted=_at(16, 19)),
        invented(4, submitted=_at(17, 18)),
        invented(5, submitted=_at(17, 19)),
        invented(6, submitted=_at(16), categories=("cs.CV", "cs.LG")),
        invented(7, submitted=_at(16), categories=("cs.CV",)),
    ]
    assert _fill(papers) == {
        TUESDAY: [("01", "new"), ("02", "new"), ("06", "cross")],
        WEDNESDAY: [("03", "new"), ("04", "new")],
    }


def test_what_was_held_back_comes_first_and_old_records_do_not() -> None:
    papers = [invented(1, submitted=_at(5)), invented(2, submitted=datetime(2026, 10, 1, tzinfo=UTC))]
    assert _fill(papers) == {TUESDAY: [("01", "new")]}
    assert _fill(papers, since=MONDAY) == {}, "before the reader came it may have been announced"
    assert _fill(papers, since=MONDAY, mark="9912.00001") == {TUESDAY: [("02", "new")]}, "its number is younger"
    assert _fill(papers, since=None) == {}
    assert _fill(papers, seen={"9912.00001"}) == {}


def test_what_was_held_back_and_replaced_in_the_gap_is_new() -> None:
    papers = [
        invented(1, version=2, submitted=_at(5), updated=_at(17)),
        invented(3, version=2, submitted=datetime(2026, 10, 1, tzinfo=UTC), updated=_at(17)),
    ]
    assert _fill(papers, mark="9912.00002") == {TUESDAY: [("01", "new"), ("03", "new")]}
    assert _fill(papers, since=MONDAY) == {WEDNESDAY: [("01", "replace"), ("03", "replace")]}


CROSSED: dict[str, Any] = {"categories": ("cs.CV", "cs.LG")}


def test_a_late_cross_list_is_told_by_what_was_read_before() -> None:
    """Announced elsewhere in November, listed here now: it was in no announcement that was read."""
    papers = [invented(1, submitted=_at(5), **CROSSED), invented(2, version=3, submitted=_at(6), **CROSSED)]
    assert _fill(papers) == {TUESDAY: [("01", "cross"), ("02", "cross")]}
    assert _fill(papers, seen={"9912.00001", "9912.00002"}) == {}


def test_a_late_cross_list_is_told_by_what_is_stored() -> None:
    papers = [invented(number, submitted=datetime(2024, 5, 1, tzinfo=UTC), **CROSSED) for number in (1, 2, 3)]
    known = {"9912.00001": invented(1, categories=("cs.CV",)), "9912.00002": papers[1]}
    filled = fill(Gap("cs.LG", (TUESDAY,)), papers, asked=["cs.LG"], seen=frozenset(), free=holidays(), known=known)
    assert [it.paper.id for it in filled.days[TUESDAY]] == ["9912.00001"]
    assert filled.unsure == 1, "the third may be an edit or a cross-list, and nothing tells which"


def test_an_edit_of_an_old_paper_of_the_category_itself_is_no_doubt() -> None:
    papers = [invented(1, submitted=datetime(2024, 5, 1, tzinfo=UTC))]
    assert fill(Gap("cs.LG", (TUESDAY,)), papers, asked=["cs.LG"], seen=frozenset(), free=holidays()) == Filled({}, 0)


@given(st.integers(0, 99), st.integers(1, 12), st.integers(0, 99999), st.integers(0, 99999))
def test_numbers_tell_later_from_earlier(year: int, month: int, one: int, other: int) -> None:
    block = f"{year:02}{month:02}"
    assert _is_later(f"{block}.{one:05}", f"{block}.{other:05}") == (one > other)
    assert not _is_later(f"hep-th/{block}001", f"{block}.{other:05}")
    assert not _is_later(f"{block}.{one:05}", "")


def test_replacements_are_told_from_bulk_edits() -> None:
    papers = [
        invented(1, version=2, submitted=_at(1), updated=_at(16)),
        invented(2, version=3, submitted=datetime(2024, 1, 1, tzinfo=UTC), updated=datetime(2025, 1, 1, tzinfo=UTC)),
        invented(3, version=2, submitted=_at(16), updated=_at(17)),
        invented(4, version=2, submitted=_at(1), updated=_at(18)),
    ]
    seen = {"9912.00001"}
    assert _fill(papers, seen=seen, since=MONDAY) == {TUESDAY: [("01", "replace"), ("03", "new")]}
    known = {"9912.00001": invented(1, version=2)}
    assert _fill(papers, seen=seen, since=MONDAY, known=known) == {TUESDAY: [("03", "new")]}


def test_v1_and_v2_of_one_paper_are_one_paper_at_its_highest_version() -> None:
    papers = [invented(1, submitted=_at(16)), invented(1, version=2, submitted=_at(16), updated=_at(17))]
    gap = Gap("cs.LG", (TUESDAY,), MONDAY)
    (items,) = fill(gap, papers, asked=["cs.LG"], seen=frozenset(), free=holidays()).days.values()
    assert [(it.paper.version, it.type) for it in items] == [(2, "new")]


def test_the_api_is_the_second_choice_and_names_itself(arxiv: ArxivServer, wire: Wire) -> None:
    arxiv.papers = [invented(1, submitted=_at(16)), invented(2, submitted=_at(1))]
    arxiv.fail("/oai", *[Fault(500)] * 4)
    found = read_gap(wire, Gap("cs.LG", (TUESDAY,), MONDAY), holidays())
    assert ([paper.id for paper in found.papers], found.service, found.whole) == (["9912.00001"], "the API", False)
    arxiv.fail("/oai", *[Fault(502)] * 4)
    arxiv.fail("/api", *[Fault(500, api_error("down"))] * 4)
    with pytest.raises(Unavailable, match="502"):
        read_gap(wire, Gap("cs.LG", (TUESDAY,), MONDAY), holidays())


def test_an_empty_list_is_confirmed_by_the_api(arxiv: ArxivServer, wire: Wire) -> None:
    arxiv.papers = [invented(1, submitted=_at(16))]
    found = read_gap(wire, Gap("cs.LG", (TUESDAY,), MONDAY), holidays())
    assert (len(found.papers), found.service, found.whole) == (1, "the API", False)
    arxiv.papers = []
    assert read_gap(wire, Gap("cs.LG", (TUESDAY,), MONDAY), holidays()) == Records([], "the API", True)
    arxiv.fail("/oai", *[Fault(503)] * 4)
    with pytest.raises(TryLater, match="503"):
        read_gap(wire, Gap("cs.LG", (TUESDAY,), MONDAY), holidays())
    arxiv.fail("/api", Fault(200, atom_feed([])))
    with pytest.raises(Unavailable, match="how many papers"):
        read_gap(wire, Gap("cs.LG", (TUESDAY,), MONDAY), holidays())


# One question for all, and when it is not enough


def test_a_bad_category_is_left_out_and_the_others_come(arxiv: ArxivServer, wire: Wire) -> None:
    arxiv.unknown["cs.ZZ"] = "Bad subject class 'ZZ'. Valid subject classes for the archive 'cs' are: cs.AI."
    arxiv.unknown["nope"] = "Bad archive 'nope'. Valid archive names are: cs."
    arxiv.items = [item(1), item(2, categories=("cs.CL",))]
    batch = read_batch(wire, ["cs.LG", "cs.ZZ", "cs.CL", "nope"])
    assert [it.paper.id for it in batch.feed.items] == ["9912.00001", "9912.00002"]
    assert set(batch.faults) == {"cs.ZZ", "nope"}
    assert "cs.ZZ" in str(batch.faults["cs.ZZ"])
    assert [request.path.removeprefix("/atom/") for request in arxiv.log][-1] == "cs.LG+cs.CL"


def test_a_refusal_that_names_nothing_is_narrowed_down_one_by_one(arxiv: ArxivServer, wire: Wire) -> None:
    arxiv.items = [item(1), item(2, categories=("cs.CL",))]
    arxiv.fail(
        "/atom", Fault(400, feed_error("x", "no")), Fault(200, atom_feed([item(1)])), Fault(400, feed_error("x", "no"))
    )
    batch = read_batch(wire, ["cs.LG", "cs.CL"])
    assert [it.paper.id for it in batch.feed.items] == ["9912.00001"]
    assert set(batch.faults) == {"cs.CL"}
    assert not batch.split


def test_when_every_category_is_bad_the_refusal_is_raised(arxiv: ArxivServer, wire: Wire) -> None:
    arxiv.unknown["nope"] = "Bad archive 'nope'. Valid archive names are: cs."
    with pytest.raises(InvalidInput, match="nope"):
        read_batch(wire, ["nope"])
    arxiv.fail("/atom", *[Fault(400, feed_error("x", "no"))] * 3)
    with pytest.raises(InvalidInput, match="refuses"):
        read_batch(wire, ["cs.LG", "cs.CL"])


def test_a_cut_feed_is_asked_for_by_category(arxiv: ArxivServer, wire: Wire) -> None:
    arxiv.feed["cs.LG+cs.CL"] = atom_feed([item(number) for number in range(1, 2001)])
    arxiv.feed["cs.LG"] = atom_feed([item(number) for number in range(1, 4)])
    arxiv.items = [item(3001, "new", ("cs.CL",)), item(3002, "cross", ("cs.CV", "cs.CL"))]
    batch = read_batch(wire, ["cs.LG", "cs.CL"])
    assert batch.split
    assert (batch.cut, len(batch.feed.items)) == (frozenset(), 2002)
    assert len(arxiv.log) == 3


# The calendar of submissions


@pytest.mark.parametrize(
    ("day", "begins", "ends"),
    [
        ("2026-11-16", "2026-11-12 19:00", "2026-11-13 19:00"),  # Monday: Thursday 14:00 to Friday 14:00 Eastern
        ("2026-11-17", "2026-11-13 19:00", "2026-11-16 19:00"),
        ("2026-11-18", "2026-11-16 19:00", "2026-11-17 19:00"),
        ("2026-11-20", "2026-11-18 19:00", "2026-11-19 19:00"),
        ("2026-11-30", "2026-11-25 19:00", "2026-11-27 19:00"),  # Friday's feed fell out: two windows in one batch
        ("2026-07-01", "2026-06-29 18:00", "2026-06-30 18:00"),  # summer time
    ],
)
def test_the_window_of_a_feed_day(day: str, begins: str, ends: str) -> None:
    when = date.fromisoformat(day)
    assert opening(when) == datetime.fromisoformat(begins).replace(tzinfo=UTC)
    assert closing(when) == datetime.fromisoformat(ends).replace(tzinfo=UTC)


@given(st.dates(date(2026, 1, 5), date(2027, 12, 1)).filter(is_feed_day))
def test_windows_meet_without_gap_or_overlap(day: date) -> None:
    following = feed_days(day, day + timedelta(days=8))[0]
    assert opening(following) == closing(day)
    assert opening(day) < closing(day)


def test_the_feed_days_of_a_gap() -> None:
    assert feed_days(date(2026, 11, 24), date(2026, 12, 1)) == [date(2026, 11, day) for day in (25, 26, 30)] + [
        date(2026, 12, 1)
    ]
    assert feed_days(MONDAY, MONDAY) == []
    assert len(feed_days(date(2020, 1, 1), MONDAY)) < 50


def test_what_was_read_without_a_break() -> None:
    read = {date(2026, 11, day) for day in (16, 18, 19, 20, 23, 24, 25, 26, 30)}
    assert unbroken(read, date(2026, 12, 1)) == date(2026, 11, 18), "Thanksgiving and two weekends are no break"
    assert unbroken(read, TUESDAY) == MONDAY
    assert unbroken(read, WEDNESDAY) is None
    assert unbroken(set(), MONDAY) is None


def test_a_readers_list_replaces_the_years_that_it_names() -> None:
    told = read_holidays("# mine\n2027-05-31  # Memorial Day\n\n2027-12-24\n", "holidays.txt")
    assert told == holidays() | {date(2027, 5, 31), date(2027, 12, 24)}
    assert {day for day in read_holidays("2026-11-27", "x") if day.year == 2026} == {date(2026, 11, 27)}
    with pytest.raises(ConfigFault, match=r"mine\.txt:2: 'soon'"):
        read_holidays("2026-01-01\nsoon", "mine.txt")
