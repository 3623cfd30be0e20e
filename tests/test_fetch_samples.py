"""Every recorded and rendered answer, read by the product: as many papers as README and `.meta.json` say.

The page of the listing and the formats of OAI-PMH other than arXivRaw are no source of an announcement: the first is
read as `triage import` reads any text with arXiv links, the others are refused with the number of their records.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
from arxiv_server import ArxivServer, Fault, oai_error

from triage.errors import InvalidInput, TriageError, Unavailable
from triage.fetch import Wire, read_changes, read_feed, read_papers
from triage.references import find_identifiers

if TYPE_CHECKING:
    from conftest import Clock

ATOM = "{http://www.w3.org/2005/Atom}"
SINCE = date(2026, 11, 16)

FEEDS = {
    "feed/atom_2025-08-20_cs.AI.xml": {"cross": 5},
    "feed/rss_2026-09-24_combined.xml": {"new": 2, "cross": 1, "replace": 1},
    "rendered/feed/atom_cs.LG+cs.RO.atom.xml": {"new": 34, "cross": 13, "replace": 4, "replace-cross": 3},
    "rendered/feed/rss_cs.LG+cs.RO.rss.xml": {"new": 34, "cross": 13, "replace": 4, "replace-cross": 3},
    "rendered/feed/rss_cs.LG.rss.xml": None,
    "rendered/feed_weekend/atom_cs.LG.atom.xml": {},
    "rendered/feed_weekend/rss_cs.LG.rss.xml": {},
}
REFUSED_FEEDS = {
    "rendered/feed/atom_notanarchive.atom.xml": "notanarchive",
    "rendered/feed/rss_cs.ZZ.rss.xml": "ZZ",
    "rendered/feed/rss_cs.LG_version-0.91.rss.xml": "RSS 0.91",
}
PAPERS = {
    "api/id_doi_journal.xml": 1,
    "api/id_old_style.xml": 1,
    "api/id_one_hit.xml": 1,
    "api/id_title_is_0.xml": 1,
    "api/id_unknown_zero_hits.xml": 0,
    "api/old_format_2025-10.xml": 2,
    "api/search_start0_max10.xml": 10,
    "api/search_start10_max10.xml": 10,
    "api/search_start20_max10.xml": 10,
    "api/search_start5_max15.xml": 15,
    "rendered/api/search_cs.LG_p0.xml": 5,
    "rendered/api/search_cs.LG_p1.xml": 5,
    "rendered/api/search_past_end.xml": 0,
}
ERRORS: dict[str, type[TriageError]] = {
    "api/err_malformed_id_400.xml": InvalidInput,
    "rendered/api/err_no_query.xml": InvalidInput,
    "rendered/api/err_start_negative.xml": InvalidInput,
    "rendered/api/err_deep_page_500.xml": Unavailable,
}
RECORDS = {
    "oai/old_2019_arXivRaw_getrecord.xml": 1,
    "rendered/oai/list_arXivRaw_p1.xml": 5,
    "rendered/oai/list_arXivRaw_p2.xml": 5,
    "rendered/oai/list_arXivRaw_p3.xml": 5,
    "rendered/oai/err_norecords.xml": 0,
}
OTHER_FORMATS = {
    "oai/hepcrawl_record6.xml": 1,
    "oai/old_2017-12-14_arXiv_hep-th.xml": 3,
    "oai/old_2023-01-25_oai_dc_multi.xml": 3,
    "rendered/oai/list_arXiv_p1.xml": 5,
    "rendered/oai/list_arXiv_p2.xml": 5,
    "rendered/oai/list_arXiv_p3.xml": 5,
}
REFUSED_RECORDS = {
    "rendered/oai/err_badset.xml": "badArgument",
    "rendered/oai/err_badtoken.xml": "loses its place",
    "rendered/oai/err_noid.xml": "idDoesNotExist",
    "rendered/oai/err_until_future.xml": "badArgument",
    "rendered/oai/identify.xml": "neither records nor an error",
}
LISTING = "listing/list_new_2026-08-12_cs.AI.html"


@pytest.fixture
def arxiv(clock: Clock) -> Iterator[ArxivServer]:
    with ArxivServer() as server:
        server.date, server.stamp = clock.now, clock.monotonic
        yield server


@pytest.fixture
def wire(arxiv: ArxivServer, clock: Clock) -> Iterator[Wire]:
    with Wire(**arxiv.addresses, pause=0, clock=clock) as opened:
        yield opened


@pytest.fixture
def samples(shared: Path) -> Path:
    return shared / "arxiv-samples"


def told(path: Path) -> dict[str, Any]:
    """What its `.meta.json` says of a file: the status, and with headers the length."""
    meta = path.with_name(f"{path.name}.meta.json")
    found: dict[str, Any] = json.loads(meta.read_text()) if meta.exists() else {}
    length = found.get("headers", {}).get("Content-Length", path.stat().st_size)
    assert path.stat().st_size == int(length), "the file is as long as its headers said"
    return {"status": 200, **found}


def serve(arxiv: ArxivServer, route: str, path: Path, times: int = 1) -> None:
    arxiv.fail(route, *[Fault(told(path)["status"], path.read_bytes())] * times)


def test_no_sample_is_left_out(samples: Path) -> None:
    files = {path.relative_to(samples).as_posix() for kind in ("xml", "html") for path in samples.rglob(f"*.{kind}")}
    read = [FEEDS, REFUSED_FEEDS, PAPERS, ERRORS, RECORDS, OTHER_FORMATS, REFUSED_RECORDS, {LISTING: 6}]
    assert files == {name for some in read for name in some}
    assert sum(map(len, read)) == len(files)


@pytest.mark.parametrize("name", FEEDS)
def test_every_feed_has_its_items(samples: Path, arxiv: ArxivServer, wire: Wire, name: str) -> None:
    body, wanted = (samples / name).read_bytes(), FEEDS[name]
    serve(arxiv, "/atom", samples / name)
    feed = read_feed(wire, ["cs.LG", "cs.RO"])
    entries = body.count(b"<entry>") + body.count(b"<item>")
    assert (len(feed.items), feed.skipped) == (entries, 0)
    assert wanted is None or Counter(one.type for one in feed.items) == wanted
    assert all(one.paper.title and one.paper.authors and one.paper.categories for one in feed.items)


def test_rss_and_atom_of_one_day_carry_the_same_papers(samples: Path, arxiv: ArxivServer, wire: Wire) -> None:
    names = ("rendered/feed/rss_cs.LG+cs.RO.rss.xml", "rendered/feed/atom_cs.LG+cs.RO.atom.xml")
    for name in names:
        serve(arxiv, "/atom", samples / name)
    rss, atom = (read_feed(wire, ["cs.LG", "cs.RO"]) for _ in names)
    assert {one.paper.id: one for one in rss.items} == {one.paper.id: one for one in atom.items}
    assert rss.day == atom.day


@pytest.mark.parametrize("name", REFUSED_FEEDS)
def test_every_refused_question_keeps_its_reason(samples: Path, arxiv: ArxivServer, wire: Wire, name: str) -> None:
    serve(arxiv, "/atom", samples / name)
    with pytest.raises(InvalidInput, match=REFUSED_FEEDS[name]):
        read_feed(wire, ["cs.LG", "notanarchive"])


@pytest.mark.parametrize("name", PAPERS)
def test_every_answer_of_the_api_has_its_papers(samples: Path, arxiv: ArxivServer, wire: Wire, name: str) -> None:
    entries = ElementTree.parse(samples / name).getroot().findall(f"{ATOM}entry")
    asked = [(entry.findtext(f"{ATOM}id") or "").rpartition("/abs/")[2] for entry in entries] or ["9912.00001"]
    serve(arxiv, "/api", samples / name)
    assert len(read_papers(wire, asked)) == PAPERS[name]


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_of_the_api_is_one(samples: Path, arxiv: ArxivServer, wire: Wire, name: str) -> None:
    serve(arxiv, "/api", samples / name, 4)
    with pytest.raises(ERRORS[name]):
        read_papers(wire, ["9912.00001"])


@pytest.mark.parametrize("name", RECORDS)
def test_every_list_of_raw_records_has_its_papers(samples: Path, arxiv: ArxivServer, wire: Wire, name: str) -> None:
    serve(arxiv, "/oai", samples / name)
    arxiv.fail("/oai", Fault(200, oai_error("noRecordsMatch")))
    assert len(list(read_changes(wire, "cs", SINCE))) == RECORDS[name]


def test_the_token_goes_back_as_the_next_page_was_asked_for(samples: Path, arxiv: ArxivServer, wire: Wire) -> None:
    pages = [samples / f"rendered/oai/list_arXivRaw_p{number}.xml" for number in (1, 2, 3)]
    for page in pages:
        serve(arxiv, "/oai", page)
    arxiv.fail("/oai", Fault(200, oai_error("noRecordsMatch")))
    assert len({paper.id for paper in read_changes(wire, "cs", SINCE)}) == 15
    asked = [request.path.partition("?")[2] for request in arxiv.log]
    assert asked[1:3] == [told(page)["url"].partition("?")[2] for page in pages[1:]]


@pytest.mark.parametrize("name", OTHER_FORMATS)
def test_other_formats_are_refused_and_counted(samples: Path, arxiv: ArxivServer, wire: Wire, name: str) -> None:
    serve(arxiv, "/oai", samples / name)
    arxiv.fail("/oai", Fault(200, oai_error("noRecordsMatch")))
    with pytest.raises(Unavailable, match=f"none of the {OTHER_FORMATS[name]} records"):
        list(read_changes(wire, "cs.LG", SINCE))


@pytest.mark.parametrize("name", REFUSED_RECORDS)
def test_every_error_of_the_records_keeps_its_code(samples: Path, arxiv: ArxivServer, wire: Wire, name: str) -> None:
    serve(arxiv, "/oai", samples / name, 3)
    with pytest.raises(TriageError, match=REFUSED_RECORDS[name]):
        list(read_changes(wire, "cs.LG", SINCE))


def test_the_listing_has_two_papers_in_each_section(samples: Path, arxiv: ArxivServer, wire: Wire) -> None:
    page = (samples / LISTING).read_text(encoding="utf-8")
    sections = page.split("<h3>")[2:]
    assert [len(find_identifiers(section)) for section in sections] == [2, 2, 2]
    arxiv.fail("/atom", *[Fault(200, page.encode(), {"Content-Type": "text/html"})] * 4)
    with pytest.raises(Unavailable, match="HTML"):
        read_feed(wire, ["cs.AI"])
