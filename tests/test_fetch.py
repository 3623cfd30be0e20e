"""Feed and API read by the unmodified feedparser and arxiv clients over loopback; the calendar and the states."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from arxiv_server import ArxivServer, Fault, a_day_of, api_answer, api_error, atom_feed, invented, item, rss_feed
from hypothesis import given
from hypothesis import strategies as st

from triage.errors import InvalidInput, Unavailable
from triage.fetch import (
    Feed,
    Wire,
    assess,
    eastern_day,
    expected_day,
    failure,
    holidays,
    may_be_quiet,
    next_announcement,
    read_feed,
    read_papers,
    read_window,
    split_authors,
)
from triage.paper import split_identifier

if TYPE_CHECKING:
    from conftest import Clock

FRIDAY = date(2026, 11, 20)
FRIDAY_MORNING = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def arxiv(clock: Clock) -> Iterator[ArxivServer]:
    with ArxivServer() as server:
        server.date = clock.now
        yield server


@pytest.fixture
def wire(arxiv: ArxivServer, clock: Clock) -> Iterator[Wire]:
    with Wire(**arxiv.addresses, pause=0, clock=clock) as made:
        yield made


# The feed


def test_one_request_brings_all_categories_with_their_types(arxiv: ArxivServer, wire: Wire) -> None:
    arxiv.items = [
        item(1, "new", ("cs.LG", "cs.CL")),
        item(2, "cross", ("stat.ML", "cs.LG"), version=2),
        item(3, "replace", ("cs.CL",), version=3),
        item(4, "replace-cross", ("math.ST", "cs.CL"), version=2),
        item(5, "new", ("hep-th",)),
    ]
    feed = read_feed(wire, ["cs.LG", "cs.CL"])
    assert [(it.paper.id, it.paper.version, it.type) for it in feed.items] == [
        ("9912.00001", 1, "new"),
        ("9912.00002", 2, "cross"),
        ("9912.00003", 3, "replace"),
        ("9912.00004", 2, "replace-cross"),
    ]
    assert [request.path for request in arxiv.log] == ["/atom/cs.LG+cs.CL"]
    assert (feed.day, feed.size, feed.skipped, feed.truncated) == (FRIDAY, 4, 0, False)
    assert feed.rendered == datetime(2026, 11, 20, 5, 0, 3, tzinfo=UTC)


def test_an_entry_becomes_a_paper(arxiv: ArxivServer, wire: Wire) -> None:
    abstract = "Let $a<b$ and <script>c</script> &amp; [bold]d.\nA second  line, naïve π."
    arxiv.items = [
        item(
            7,
            title="Two\n  lines &lt;b&gt;",
            abstract=abstract,
            authors=("A. One (Univ. of X, Y)", "Very Real Sr."),
            doi="10.1/x",
            journal_ref="J. Inv. 1",
        )
    ]
    paper = read_feed(wire, ["cs.LG"]).items[0].paper
    assert paper.abstract == abstract
    assert paper.title == "Two lines &lt;b&gt;"
    assert paper.authors == ("A. One", "Very Real Sr.")
    assert (paper.doi, paper.journal_ref, paper.announced, paper.announce_type) == (
        "10.1/x",
        "J. Inv. 1",
        FRIDAY,
        "new",
    )
    assert (paper.submitted, paper.comment) == (None, None)


def test_old_identifiers_of_two_archives_stay_apart(arxiv: ArxivServer, wire: Wire) -> None:
    arxiv.items = [
        item(1, "cross", id="hep-th/9901001"),
        item(2, "cross", id="math/9901001", version=3),
        item(3, "cross", id="math.GT/0309136"),
    ]
    feed = read_feed(wire, ["cs.LG"])
    assert [it.paper.id for it in feed.items] == ["hep-th/9901001", "math/9901001", "math/0309136"]


def test_one_bad_entry_is_skipped_and_counted(arxiv: ArxivServer, wire: Wire) -> None:
    body = atom_feed([item(1), item(2), item(3)])
    body = body.replace(b"<id>oai:arXiv.org:9912.00002v1</id>", b"")
    body = body.replace(b"9912.00003v1 Announce Type: new", b"x").replace(
        b"</arxiv:announce_type>\n    <dc:rights>http://creativecommons.org/licenses/by/4.0/</dc:rights>\n"
        b"    <dc:creator>Ada Invented, Bo Fictional</dc:creator>\n  </entry>\n</feed>",
        b"ish</arxiv:announce_type></entry></feed>",
    )
    arxiv.feed["cs.LG"] = body
    feed = read_feed(wire, ["cs.LG"])
    assert [it.paper.id for it in feed.items] == ["9912.00001"]
    assert (feed.size, feed.skipped) == (3, 2)


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "soon", ""])
def test_a_date_that_is_none_spoils_no_feed(arxiv: ArxivServer, wire: Wire, when: str) -> None:
    arxiv.feed["cs.LG"] = atom_feed([item(1)]).replace(b"2026-11-20T00:00:00-05:00", when.encode())
    feed = read_feed(wire, ["cs.LG"])
    assert (len(feed.items), feed.day) == (1, FRIDAY)


def test_a_paper_listed_twice_is_kept_once(arxiv: ArxivServer, wire: Wire) -> None:
    arxiv.feed["cs.LG"] = atom_feed([item(1, "cross"), item(2), item(1), item(1, "replace")])
    feed = read_feed(wire, ["cs.LG"])
    assert [(it.paper.id, it.type) for it in feed.items] == [("9912.00001", "new"), ("9912.00002", "new")]


def test_exactly_two_thousand_entries_are_a_cut_feed(arxiv: ArxivServer, wire: Wire) -> None:
    arxiv.items = a_day_of(2000)
    feed = read_feed(wire, ["cs.LG"])
    assert feed.truncated
    report = _assess(feed, unseen=_ids(feed))
    assert (report.state, report.categories["cs.LG"].state) == ("partial", "truncated")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("cs.ZZ", "Bad subject class 'ZZ'. Valid subject classes for the archive 'cs' are: cs.AI, cs.AR."),
        ("notanarchive", "Bad archive 'notanarchive'. Valid archive names are: astro-ph, cond-mat."),
    ],
)
def test_a_bad_category_is_named(arxiv: ArxivServer, wire: Wire, bad: str, reason: str) -> None:
    arxiv.unknown[bad] = reason
    with pytest.raises(InvalidInput, match=f"no category {bad} ") as caught:
        read_feed(wire, ["cs.LG", bad])
    assert "cs.AI" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_category_is_no_request(arxiv: ArxivServer, wire: Wire) -> None:
    with pytest.raises(InvalidInput, match="categories"):
        read_feed(wire, [])
    assert arxiv.log == []


# Authors and identifiers

NAMES = st.text(st.characters(categories=["L"]), min_size=2, max_size=12).filter(
    lambda text: text.lower() not in {"jr", "sr", "ii", "iii", "iv"}
)
FULL_NAMES = st.lists(NAMES, min_size=1, max_size=3).map(" ".join)
AFFILIATIONS = st.lists(st.lists(NAMES, min_size=1, max_size=4).map(", ".join), max_size=2)


@given(st.lists(st.tuples(FULL_NAMES, AFFILIATIONS), max_size=8))
def test_authors_survive_their_affiliations(people: list[tuple[str, list[str]]]) -> None:
    text = ", ".join(name + "".join(f" ({where})" for where in places) for name, places in people)
    assert split_authors(text) == tuple(name for name, _ in people)


@given(st.text("ab (),.Jr", max_size=40))
def test_the_splitter_takes_any_text(text: str) -> None:
    names = split_authors(text)
    assert all(name == " ".join(name.split()) and name for name in names)
    if "(" not in text:
        assert sorted("".join(names).replace(" ", "")) == sorted(text.replace(",", "").replace(" ", ""))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        ("Ada Invented", ("Ada Invented",)),
        ("Ada Invented, Very Real Sr., Bo Third III", ("Ada Invented", "Very Real Sr.", "Bo Third III")),
        ("Bo Smith, Jr., Ada Invented", ("Bo Smith Jr.", "Ada Invented")),
        ("A One (X (Dept. of Y, Z), W), B Two", ("A One", "B Two")),
        ("A One (X), (Y), B Two (", ("A One", "B Two (")),
        ("Xiao (Bob) Chen, B Two", ("Xiao (Bob) Chen", "B Two")),
        ("A (x@example.org), the ATLAS Collaboration", ("A", "the ATLAS Collaboration")),
    ],
)
def test_authors_as_arxiv_writes_them(text: str, names: tuple[str, ...]) -> None:
    assert split_authors(text) == names


NEW_STYLE = st.builds(
    lambda year, month, number: f"{year:02}{month:02}.{number:05}",
    st.integers(15, 99),
    st.integers(1, 12),
    st.integers(0, 99_999),
)
OLD_STYLE = st.builds(
    lambda archive, year, month, number: f"{archive}/{year:02}{month:02}{number:03}",
    st.sampled_from(["hep-th", "math", "cond-mat", "q-bio"]),
    st.integers(91, 99),
    st.integers(1, 12),
    st.integers(1, 999),
)


@given(NEW_STYLE | OLD_STYLE, st.integers(1, 40))
def test_identifiers_come_out_of_feed_and_api_entries(identifier: str, version: int) -> None:
    assert split_identifier(f"oai:arXiv.org:{identifier}v{version}") == (identifier, version)
    assert split_identifier(f"http://arxiv.org/abs/{identifier}v{version}") == (identifier, version)


# The API by identifier


def test_papers_by_identifier_come_in_one_request(arxiv: ArxivServer, wire: Wire) -> None:
    arxiv.papers = [
        invented(
            1,
            version=2,
            updated=datetime(2026, 11, 19, tzinfo=UTC),
            title="Wrapped\n  title",
            abstract="  A line\nand another\n",
            doi="10.1/x",
            journal_ref="J. Inv.\n 1",
            categories=("cs.LG", "68T05", "stat.ML", "I.2.6; I.2.7"),
        ),
        invented(2, id="hep-th/9901001"),
        invented(3),
    ]
    found = read_papers(wire, ["9912.00001v1", "arXiv:9912.00001", "hep-th/9901001", "9912.09999"])
    assert set(found) == {"9912.00001", "hep-th/9901001"}
    paper = found["9912.00001"]
    assert (paper.version, paper.title, paper.abstract) == (2, "Wrapped title", "A line and another")
    assert (paper.submitted, paper.updated) == (
        datetime(2026, 11, 18, 12, 0, tzinfo=UTC),
        datetime(2026, 11, 19, tzinfo=UTC),
    )
    assert (paper.comment, paper.pages, paper.doi, paper.journal_ref) == (
        "12 pages, 3 figures",
        12,
        "10.1/x",
        "J. Inv. 1",
    )
    assert paper.categories == ("cs.LG", "stat.ML")
    assert paper.authors == ("Ada Invented", "Bo Fictional")
    assert (wire.requests, len(arxiv.log)) == (1, 1)


def test_long_lists_are_cut_into_requests_of_a_hundred(arxiv: ArxivServer, wire: Wire) -> None:
    arxiv.papers = [invented(number) for number in range(1, 251)]
    found = read_papers(wire, [f"9912.{number:05d}" for number in range(1, 251)])
    assert len(found) == 250
    assert len(arxiv.log) == 3
    assert all(len(request.path) < 2500 for request in arxiv.log)


def test_a_malformed_identifier_is_refused_before_it_spoils_the_list(arxiv: ArxivServer, wire: Wire) -> None:
    with pytest.raises(InvalidInput, match="abc"):
        read_papers(wire, ["9912.00001", "abc"])
    assert arxiv.log == []
    assert read_papers(wire, []) == {}


def test_a_lost_page_is_asked_for_again(arxiv: ArxivServer, wire: Wire) -> None:
    arxiv.papers = [invented(1), invented(2)]
    arxiv.fail("/api", Fault(200, api_answer([])))
    assert len(read_papers(wire, ["9912.00001", "9912.00002"])) == 2
    arxiv.fail("/api", Fault(200, api_answer([], total=2)))
    assert len(read_papers(wire, ["9912.00001", "9912.00002"])) == 2
    assert wire.requests == 4


@pytest.mark.parametrize("status", [200, 400, 500])
def test_an_error_entry_is_never_an_empty_answer(arxiv: ArxivServer, wire: Wire, status: int) -> None:
    arxiv.fail("/api", *[Fault(status, api_error("incorrect id format for abc"))] * 4)
    wanted: type[Exception] = InvalidInput if status == 400 else Unavailable
    with pytest.raises(wanted, match="incorrect id format" if status != 500 else "status 500"):
        read_papers(wire, ["9912.00001"])
    assert len(arxiv.log) == (4 if status == 500 else 1)


def test_papers_that_nobody_asked_for_are_left_out(arxiv: ArxivServer, wire: Wire) -> None:
    arxiv.fail("/api", Fault(200, api_answer([invented(1), invented(66)])))
    assert list(read_papers(wire, ["9912.00001"])) == ["9912.00001"]


# The API by window


def _background(days: int, each: int) -> list[Any]:
    first = datetime(2026, 11, 10, 0, 0, tzinfo=UTC)
    return [
        invented(day * each + number, submitted=first + timedelta(days=day, minutes=number * (1440 // each)))
        for day in range(days)
        for number in range(each)
    ]


def test_a_window_is_fetched_day_by_day_each_paper_once(arxiv: ArxivServer, wire: Wire) -> None:
    arxiv.papers = [*_background(5, 240), invented(9000, categories=("hep-th",))]
    found = list(
        read_window(wire, ["cs.LG", "cs.CL"], datetime(2026, 11, 11, tzinfo=UTC), datetime(2026, 11, 14, tzinfo=UTC))
    )
    assert len({paper.id for paper in found}) == len(found) == 3 * 240 + 1
    assert found[0].submitted is not None
    assert found[-1].submitted is not None
    assert found[0].submitted > found[-1].submitted
    assert len(arxiv.log) == 6


def test_a_crowded_window_is_split_instead_of_paged_deeply(arxiv: ArxivServer, wire: Wire) -> None:
    arxiv.papers = _background(1, 1400)
    found = list(read_window(wire, ["cs.LG"], datetime(2026, 11, 10, tzinfo=UTC), datetime(2026, 11, 11, tzinfo=UTC)))
    assert len(found) == 1400
    assert all("start=8" not in request.path for request in arxiv.log)


def test_a_whole_archive_is_searched_with_all_its_categories(arxiv: ArxivServer, wire: Wire) -> None:
    start = datetime(2026, 11, 10, tzinfo=UTC)
    list(read_window(wire, ["cs", "quant-ph", "cs.LG"], start, start + timedelta(hours=1)))
    assert "cat%3Acs.%2A+OR+cat%3Aquant-ph+OR+cat%3Acs.LG" in arxiv.log[0].path


def test_an_empty_first_page_is_asked_for_again(arxiv: ArxivServer, wire: Wire) -> None:
    arxiv.papers = _background(1, 3)
    arxiv.fail("/api", Fault(200, api_answer([])), Fault(200, api_answer([])))
    start = datetime(2026, 11, 10, tzinfo=UTC)
    assert len(list(read_window(wire, ["cs.LG"], start, start + timedelta(hours=23)))) == 3
    assert len(arxiv.log) == 3


def test_pages_that_shift_are_asked_for_once_more(arxiv: ArxivServer, wire: Wire) -> None:
    papers = arxiv.papers = _background(1, 4)
    arxiv.fail("/api", Fault(200, api_answer([papers[0], papers[1], papers[1], papers[2]], total=4)))
    start = datetime(2026, 11, 10, tzinfo=UTC)
    found = list(read_window(wire, ["cs.LG"], start, start + timedelta(hours=23)))
    assert sorted(paper.id for paper in found) == sorted(paper.id for paper in papers)
    assert len(arxiv.log) == 2


def test_papers_that_the_api_counts_and_never_gives_are_missed_at_the_end(arxiv: ArxivServer, wire: Wire) -> None:
    papers = arxiv.papers = _background(1, 4)
    arxiv.fail("/api", *[Fault(200, api_answer([*papers[:3], papers[0]], total=4))] * 3)
    start = datetime(2026, 11, 10, tzinfo=UTC)
    arriving = read_window(wire, ["cs.LG"], start - timedelta(days=1), start + timedelta(hours=23))
    assert {next(arriving).id for _ in range(3)} == {paper.id for paper in papers[:3]}
    with pytest.raises(Unavailable, match="counts 1 more"):
        list(arriving)


def _empty(times: int) -> list[Fault]:
    return [Fault(200, api_answer([], total=4, start=3))] * times


def test_a_middle_page_that_stays_empty_is_asked_for_in_a_smaller_one(arxiv: ArxivServer, wire: Wire) -> None:
    papers = arxiv.papers = _background(1, 4)
    arxiv.fail("/api", Fault(200, api_answer(papers[:3], total=4)), *_empty(4))
    start = datetime(2026, 11, 10, tzinfo=UTC)
    found = list(read_window(wire, ["cs.LG"], start, start + timedelta(hours=23)))
    assert [paper.id for paper in found] == [paper.id for paper in papers]
    asked = [parse_qs(urlsplit(request.path).query) for request in arxiv.log]
    assert [(one["start"], one["max_results"]) for one in asked] == [
        (["0"], ["200"]),
        *[(["3"], ["200"])] * 4,
        (["3"], ["50"]),
    ]


def test_a_middle_page_that_stays_empty_in_any_size_stops_and_keeps_what_came(arxiv: ArxivServer, wire: Wire) -> None:
    papers = _background(1, 4)
    arxiv.fail("/api", Fault(200, api_answer(papers[:3], total=4)), *_empty(8))
    start = datetime(2026, 11, 10, tzinfo=UTC)
    arriving = read_window(wire, ["cs.LG"], start, start + timedelta(hours=23))
    assert [next(arriving).id for _ in range(3)] == [paper.id for paper in papers[:3]]
    with pytest.raises(Unavailable, match="empty page"):
        next(arriving)
    assert len(arxiv.log) == 9


@pytest.mark.parametrize("category", ["cs.LG OR cat:hep-th", "", "cs LG"])
def test_a_search_takes_categories_only(arxiv: ArxivServer, wire: Wire, category: str) -> None:
    with pytest.raises(InvalidInput, match="category"):
        next(read_window(wire, [category], FRIDAY_MORNING, FRIDAY_MORNING + timedelta(days=1)))
    assert arxiv.log == []


# The RSS flavour


def test_rss_says_the_same_as_atom_and_leaves_mathematics_alone(arxiv: ArxivServer, wire: Wire) -> None:
    """What feedparser would take for HTML: a less-than sign before a letter."""
    items = [
        item(1, abstract="For $a<b and c<d$ & 3 > 2.", doi="10.1/x", journal_ref="J. Inv. 1"),
        item(2, "cross", ("cs.CV", "cs.LG"), authors=("Ada Invented", "Very Real Sr.")),
    ]
    arxiv.feed |= {"cs.LG": rss_feed(items), "cs.CV": atom_feed(items)}
    rss, atom = read_feed(wire, ["cs.LG"]), read_feed(wire, ["cs.CV"])
    assert rss == atom
    assert rss.items[0].paper.abstract == "For $a<b and c<d$ & 3 > 2."


def test_an_empty_rss_channel_is_a_feed_and_an_rss_without_one_is_none(arxiv: ArxivServer, wire: Wire) -> None:
    arxiv.feed["cs.LG"] = rss_feed([])
    assert (read_feed(wire, ["cs.LG"]).size, read_feed(wire, ["cs.LG"]).day) == (0, FRIDAY)
    arxiv.fail("/atom", *[Fault(200, b"<rss version='2.0'/>")] * 4)
    with pytest.raises(Unavailable, match="another kind"):
        read_feed(wire, ["cs.LG"])


@pytest.mark.parametrize("body", [atom_feed([item(1)]), rss_feed([item(1)])], ids=["atom", "rss"])
def test_a_feed_is_no_answer_of_the_api(arxiv: ArxivServer, wire: Wire, body: bytes) -> None:
    arxiv.fail("/api", *[Fault(200, body)] * 2)
    with pytest.raises(Unavailable, match="how many papers"):
        read_papers(wire, ["9912.00001", "9912.00002"])


# The recorded answers


def test_the_rendered_friday_has_its_documented_counts(shared: Path, arxiv: ArxivServer, wire: Wire) -> None:
    body = (shared / "arxiv-samples/rendered/feed/atom_cs.LG+cs.RO.atom.xml").read_bytes()
    arxiv.feed["cs.LG+cs.RO"] = body
    feed = read_feed(wire, ["cs.LG", "cs.RO"])
    assert Counter(it.type for it in feed.items) == {"new": 34, "cross": 13, "replace": 4, "replace-cross": 3}
    assert (feed.day, feed.skipped) == (FRIDAY, 0)
    carried = {entry.findtext(f"{ATOM}id"): entry.findtext(f"{ATOM}summary") for entry in _entries(body)}
    for it in feed.items:
        name = f"{it.paper.id}v{it.paper.version}"
        prefix = f"arXiv:{name} Announce Type: {it.type} \nAbstract: "
        assert prefix + it.paper.abstract == carried[f"oai:arXiv.org:{name}"]
    assert all(it.paper.authors and it.paper.categories for it in feed.items)


ATOM = "{http://www.w3.org/2005/Atom}"


def _entries(body: bytes) -> list[ElementTree.Element]:
    return ElementTree.fromstring(body).findall(f"{ATOM}entry")


def test_the_recorded_feed_reads_byte_for_byte(shared: Path, arxiv: ArxivServer, wire: Wire) -> None:
    body = (shared / "arxiv-samples/feed/atom_2025-08-20_cs.AI.xml").read_bytes()
    arxiv.feed["cs.AI"] = body
    feed = read_feed(wire, ["cs.AI"])
    assert [it.type for it in feed.items] == ["cross"] * 5
    carried = [(entry.findtext(f"{ATOM}summary") or "").split("\nAbstract: ", 1)[1] for entry in _entries(body)]
    assert [it.paper.abstract for it in feed.items] == carried
    assert feed.day == date(2025, 8, 20)


def test_the_rendered_weekend_is_quiet(shared: Path, arxiv: ArxivServer, wire: Wire) -> None:
    arxiv.feed["cs.LG"] = (shared / "arxiv-samples/rendered/feed_weekend/atom_cs.LG.atom.xml").read_bytes()
    feed = read_feed(wire, ["cs.LG"])
    assert (feed.size, feed.day) == (0, date(2026, 11, 21))
    report = _assess(feed, unseen=set(), now=datetime(2026, 11, 21, 15, 0, tzinfo=UTC))
    assert (report.state, report.announced) == ("quiet", None)


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("id_one_hit", "1605.08386"),
        ("id_doi_journal", "1707.08567"),
        ("id_title_is_0", "2104.12255"),
        ("id_old_style", "astro-ph/0601001"),
        ("old_format_2025-10", "2510.14968"),
    ],
)
def test_recorded_api_answers_become_papers(
    shared: Path, arxiv: ArxivServer, wire: Wire, name: str, identifier: str
) -> None:
    body = (shared / f"arxiv-samples/api/{name}.xml").read_bytes()
    arxiv.fail("/api", Fault(200, body))
    paper = read_papers(wire, [identifier])[identifier]
    assert paper.title
    assert "\n" not in paper.title + paper.abstract + (paper.comment or "")
    assert paper.abstract == paper.abstract.strip()
    assert paper.submitted is not None
    assert paper.categories
    if name == "id_title_is_0":
        assert paper.title == "0"


def test_recorded_pages_hold_their_documented_counts(shared: Path, arxiv: ArxivServer, wire: Wire) -> None:
    samples = shared / "arxiv-samples/api"
    for name, count in (("search_start0_max10", 10), ("search_start5_max15", 15), ("id_unknown_zero_hits", 0)):
        body = (samples / f"{name}.xml").read_bytes()
        asked = [(entry.findtext(f"{ATOM}id") or "") for entry in _entries(body)] or ["9912.00001"]
        arxiv.fail("/api", Fault(200, body))
        found = read_papers(wire, asked)
        assert len(found) == count
        assert sum(paper.doi is not None for paper in found.values()) == body.count(b"</arxiv:doi>")


# The calendar


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "today", "expected", "coming"),
    [
        ("2026-11-20 12:00", "2026-11-20", "2026-11-20", "2026-11-23 05:00"),  # Friday
        ("2026-11-20 05:10", "2026-11-20", "2026-11-19", "2026-11-23 05:00"),  # Friday 00:10 in New York: within grace
        ("2026-11-20 05:30", "2026-11-20", "2026-11-20", "2026-11-23 05:00"),
        ("2026-11-21 15:00", "2026-11-21", "2026-11-20", "2026-11-23 05:00"),  # Saturday
        ("2026-11-23 04:59", "2026-11-22", "2026-11-20", "2026-11-23 05:00"),  # still Sunday there
        ("2026-11-26 12:00", "2026-11-26", "2026-11-26", "2026-11-30 05:00"),  # Thanksgiving: none that evening
        ("2026-11-27 12:00", "2026-11-27", "2026-11-26", "2026-11-30 05:00"),
        ("2026-07-01 04:15", "2026-07-01", "2026-06-30", "2026-07-02 04:00"),  # summer time, within grace
        ("2026-07-01 04:45", "2026-07-01", "2026-07-01", "2026-07-02 04:00"),
        ("2026-10-31 12:00", "2026-10-31", "2026-10-30", "2026-11-02 05:00"),  # the clocks go back in between
        ("2026-03-06 12:00", "2026-03-06", "2026-03-06", "2026-03-09 04:00"),  # and forward
    ],
)
def test_the_calendar_counts_in_eastern_days(now: str, today: str, expected: str, coming: str) -> None:
    assert eastern_day(_utc(now)) == date.fromisoformat(today)
    assert expected_day(_utc(now)) == date.fromisoformat(expected)
    assert next_announcement(_utc(now)) == _utc(coming)


def test_weekends_and_holidays_may_be_quiet() -> None:
    quiet = [day for day in range(20, 31) if may_be_quiet(date(2026, 11, day))]
    assert quiet == [21, 22, 26, 27, 28, 29]


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1), timezones=st.just(UTC)))
def test_the_expected_day_is_a_feed_day_and_the_next_one_lies_ahead(now: datetime) -> None:
    assert expected_day(now) <= eastern_day(now)
    assert expected_day(now).weekday() < 5
    coming = next_announcement(now)
    assert now < coming <= now + timedelta(days=5)
    assert expected_day(coming + timedelta(minutes=30)) == eastern_day(coming) > expected_day(now)


# The states


def _ids(feed: Feed) -> set[str]:
    return {it.paper.id for it in feed.items if it.type in ("new", "cross")}


def _feed(*items: Any, day: date = FRIDAY, size: int | None = None) -> Feed:
    return Feed(tuple(items), day, None, len(items) if size is None else size)


def _assess(
    feed: Feed,
    *,
    unseen: set[str],
    categories: tuple[str, ...] = ("cs.LG",),
    confirmed: dict[str, date | None] | None = None,
    now: datetime = FRIDAY_MORNING,
    aliases: dict[str, str] | None = None,
) -> Any:
    return assess(categories, feed, unseen=unseen, confirmed=confirmed or {}, server_now=now, aliases=aliases)


THURSDAY = date(2026, 11, 19)


def test_the_first_run_trusts_the_feeds_day_but_no_future() -> None:
    feed = _feed(item(1), item(2, "cross", ("stat.ML", "cs.LG")), item(3, "replace-cross", ("hep-th", "cs.LG")))
    report = _assess(feed, unseen=_ids(feed))
    assert (report.state, report.announced) == ("announced", FRIDAY)
    counts = report.categories["cs.LG"]
    assert (counts.state, counts.new, counts.cross, counts.replace, counts.reason) == ("announced", 1, 1, 1, "")
    tomorrow = _feed(item(1), day=date(2026, 11, 23))
    assert _assess(tomorrow, unseen={"9912.00001"}).announced == FRIDAY
    older = _feed(item(1), day=THURSDAY)
    assert _assess(older, unseen={"9912.00001"}).announced == THURSDAY


def test_unseen_papers_under_a_confirmed_date_belong_to_the_expected_day() -> None:
    feed = _feed(item(1), day=THURSDAY)
    report = _assess(feed, unseen={"9912.00001"}, confirmed={"cs.LG": THURSDAY})
    assert (report.state, report.announced) == ("announced", FRIDAY)


def test_a_second_run_on_a_confirmed_day_is_announced() -> None:
    confirmed: dict[str, date | None] = {"cs.LG": FRIDAY, "hep-th": FRIDAY}
    report = _assess(_feed(item(1)), unseen=set(), categories=("cs.LG", "hep-th"), confirmed=confirmed)
    assert (report.state, report.announced) == ("announced", FRIDAY)
    assert [it.state for it in report.categories.values()] == ["announced", "quiet"]


@pytest.mark.parametrize("day", [THURSDAY, FRIDAY])
def test_a_repeated_batch_is_stale_whatever_its_date_says(day: date) -> None:
    report = _assess(_feed(item(1), day=day), unseen=set(), confirmed={"cs.LG": THURSDAY})
    assert (report.state, report.announced) == ("stale", None)
    assert "Fri 2026-11-20" in report.categories["cs.LG"].reason


def test_thursdays_batch_just_after_midnight_is_not_stale_yet() -> None:
    now = datetime(2026, 11, 20, 5, 10, tzinfo=UTC)
    report = _assess(_feed(item(1), day=THURSDAY), unseen=set(), confirmed={"cs.LG": THURSDAY}, now=now)
    assert report.state == "announced"


@pytest.mark.parametrize(
    ("now", "state"),
    [
        ("2026-11-20 12:00", "stale"),
        ("2026-11-21 12:00", "quiet"),
        ("2026-11-22 12:00", "quiet"),
        ("2026-11-23 05:10", "stale"),
        ("2026-11-26 12:00", "quiet"),
        ("2026-11-27 12:00", "quiet"),
        ("2026-11-28 12:00", "quiet"),
    ],
)
def test_an_empty_feed_is_quiet_only_when_the_calendar_says_so(now: str, state: str) -> None:
    report = _assess(_feed(), unseen=set(), confirmed={"cs.LG": THURSDAY}, now=_utc(now))
    assert (report.state, report.announced) == (state, None)
    assert report.categories["cs.LG"].reason


def test_a_late_batch_of_a_year_without_a_list_may_be_a_holiday() -> None:
    """The calendar's knowledge ended with the year, and the reason says so."""
    now = datetime(2027, 1, 18, 12, 0, tzinfo=UTC)
    told = _assess(_feed(), unseen=set(), now=now).categories["cs.LG"]
    assert told.state == "stale"
    assert "none of 2027 is listed" in told.reason
    listed = assess(
        ["cs.LG"], _feed(), unseen=set(), confirmed={}, server_now=now, free=holidays() | {date(2027, 5, 31)}
    )
    assert "listed" not in listed.categories["cs.LG"].reason


def test_a_feed_of_unreadable_entries_has_failed() -> None:
    assert _assess(_feed(size=3), unseen=set()).state == "failed"


def test_a_category_without_papers_beside_others_is_quiet() -> None:
    feed = _feed(item(1), item(2, "replace", ("cs.CL",)))
    report = _assess(feed, unseen={"9912.00001"}, categories=("cs.LG", "cs.CL", "hep-th"))
    states = {name: (it.state, it.replace) for name, it in report.categories.items()}
    assert states == {"cs.LG": ("announced", 0), "cs.CL": ("announced", 1), "hep-th": ("quiet", 0)}
    assert report.state == "announced"
    assert report.categories["hep-th"].reason


@pytest.mark.parametrize("unseen", [{"9912.00001"}, set()], ids=["a fresh batch", "a second run"])
def test_a_category_that_always_had_papers_is_not_quiet_without_them(unseen: set[str]) -> None:
    reached = THURSDAY if unseen else FRIDAY
    confirmed: dict[str, date | None] = {"cs.LG": reached, "cs.CL": THURSDAY, "hep-th": THURSDAY}
    report = assess(
        list(confirmed),
        _feed(item(1)),
        unseen=unseen,
        confirmed=confirmed,
        server_now=FRIDAY_MORNING,
        steady={"cs.LG", "cs.CL"},
    )
    assert [one.state for one in report.categories.values()] == ["announced", "stale", "quiet"]
    assert (report.state, report.announced) == ("partial", FRIDAY)


def test_one_category_of_yesterday_beside_one_of_today_is_partial() -> None:
    feed = _feed(item(1), item(2, "new", ("cs.CL",)))
    confirmed: dict[str, date | None] = {"cs.LG": THURSDAY, "cs.CL": THURSDAY}
    report = _assess(feed, unseen={"9912.00001"}, categories=("cs.LG", "cs.CL"), confirmed=confirmed)
    assert (report.state, report.announced) == ("partial", FRIDAY)
    assert report.categories["cs.CL"].state == "stale"


def test_a_batch_of_replacements_is_dated_by_the_feed() -> None:
    feed = _feed(item(1, "replace"), item(2, "replace-cross", ("hep-th", "cs.LG")))
    report = _assess(feed, unseen=set(), confirmed={"cs.LG": THURSDAY})
    assert (report.state, report.announced, report.categories["cs.LG"].replace) == ("announced", FRIDAY, 2)


def test_a_category_added_on_a_confirmed_day_joins_it() -> None:
    confirmed: dict[str, date | None] = {"cs.LG": FRIDAY, "cs.CL": None, "hep-th": None}
    feed = _feed(item(1, "new", ("cs.LG", "cs.CL")))
    report = _assess(feed, unseen=set(), categories=("cs.LG", "cs.CL", "hep-th"), confirmed=confirmed)
    assert [it.state for it in report.categories.values()] == ["announced", "announced", "quiet"]


def test_a_category_added_while_the_feed_is_stale_makes_it_no_fresher() -> None:
    """Everything is unseen in a category that is read for the first time, also in yesterday's batch."""
    feed = _feed(item(1), item(2, "new", ("stat.ML",)), day=THURSDAY)
    confirmed: dict[str, date | None] = {"cs.LG": THURSDAY, "stat.ML": None}
    report = _assess(feed, unseen={"9912.00002"}, categories=("cs.LG", "stat.ML"), confirmed=confirmed)
    assert (report.state, report.announced) == ("stale", None)
    alone = _feed(item(2, "new", ("stat.ML",)))
    report = _assess(alone, unseen={"9912.00002"}, categories=("cs.LG", "stat.ML"), confirmed=confirmed)
    assert (report.state, report.announced) == ("announced", FRIDAY), "nothing of it was read before, so it is new"


def test_a_cross_list_that_was_never_seen_makes_no_old_batch_fresh() -> None:
    """A day that was caught up from the records may lack cross-lists, which its feed then brings."""
    feed = _feed(item(1), item(2, "cross", ("hep-th", "cs.LG")), day=THURSDAY)
    report = _assess(feed, unseen={"9912.00002"}, confirmed={"cs.LG": THURSDAY})
    assert (report.state, report.announced) == ("stale", None)
    crossed = _feed(item(2, "cross", ("hep-th", "cs.LG")))
    assert _assess(crossed, unseen={"9912.00002"}, confirmed={"cs.LG": THURSDAY}).announced == FRIDAY


def test_a_whole_archive_has_the_papers_of_its_categories() -> None:
    listed = [item(1), item(2, "new", ("cs.CL",)), item(3, "cross", ("math.PR", "cs.LG")), item(4, "new", ("hep-th",))]
    unseen = {one.paper.id for one in listed}
    told = _assess(_feed(*listed), unseen=unseen, categories=("cs", "hep-th", "q-bio")).categories
    assert {name: (one.state, one.new, one.cross) for name, one in told.items()} == {
        "cs": ("announced", 2, 1),
        "hep-th": ("announced", 1, 0),
        "q-bio": ("quiet", 0, 0),
    }


def test_aliases_count_as_the_category() -> None:
    feed = _feed(item(1, "new", ("math.NA",)), item(2, "new", ("cs.NA",)))
    report = _assess(feed, unseen=_ids(feed), categories=("cs.NA",), aliases={"cs.NA": "math.NA"})
    assert report.categories["cs.NA"].new == 2


def test_a_failure_names_every_category() -> None:
    report = failure(["cs.LG", "cs.CL"], "no network")
    assert (report.state, report.announced) == ("failed", None)
    assert {it.reason for it in report.categories.values()} == {"no network"}


def test_importing_the_room_loads_no_client() -> None:
    code = "import sys, triage.fetch; print([m for m in ('arxiv', 'feedparser', 'requests') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
