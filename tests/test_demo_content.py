"""The invented announcement: well-formed, in arXiv's shape, hostile where it should be, and served as arXiv would."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import arxiv
import feedparser
import pytest
import requests

from triage import taxonomy
from triage.demo import DAYS, FRIDAY, PROFILE, DemoServer, demo_home
from triage.demo.catalogue import announcement, known_papers, split_authors
from triage.errors import CannotCreate
from triage.paper import split_identifier
from triage.profile import Profile

THURSDAY, LAST = DAYS
NAMES = {THURSDAY: "thursday.atom.xml", LAST: "friday.atom.xml"}
COUNTS = {
    THURSDAY: {"new": 17, "cross": 7, "replace": 4, "replace-cross": 2},
    LAST: {"new": 17, "cross": 8, "replace": 4, "replace-cross": 2},
}
WANTED = [
    "9912.07003",
    "9912.07019",
    "9912.07034",
    "9912.07052",
    "9912.08002",
    "9912.08007",
    "9912.08021",
    "9912.08030",
    "9912.08043",
]
EXAMPLES = sorted((Path(__file__).parents[1] / "profiles").glob("*.toml"))
ATOM = "{http://www.w3.org/2005/Atom}"


def bundled(name: str) -> bytes:
    return files("triage.demo").joinpath(name).read_bytes()


def entries(day: date) -> list[Any]:
    found: list[Any] = feedparser.parse(bundled(NAMES[day])).entries
    return found


def everything() -> list[tuple[str, str]]:
    """Title and abstract of each announced paper as the XML has them."""
    raw = [entry for day in DAYS for entry in announcement(day).findall(f"{ATOM}entry")]
    return [(entry.findtext(f"{ATOM}title", ""), entry.findtext(f"{ATOM}summary", "")) for entry in raw]


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer() as running:
        running.day = LAST
        yield running


class Loopback(arxiv.Client):
    """The unmodified client, pointed elsewhere."""

    def __init__(self, server: DemoServer, page_size: int = 100) -> None:
        super().__init__(page_size=page_size, delay_seconds=0, num_retries=0)
        self.query_url_format = server.addresses["api"] + "?{}"


# The files


@pytest.mark.parametrize("day", DAYS)
def test_a_day_parses_to_the_stated_counts(day: date) -> None:
    parsed = feedparser.parse(bundled(NAMES[day]))
    assert (parsed.bozo, parsed.version) == (False, "atom10")
    assert Counter(entry.arxiv_announce_type for entry in parsed.entries) == COUNTS[day]
    assert all(entry.published.startswith(f"{day}T00:00:00-05:00") for entry in parsed.entries)


@pytest.mark.parametrize("day", DAYS)
def test_every_entry_has_arxivs_shape(day: date) -> None:
    for entry in entries(day):
        identifier, version = split_identifier(entry.id)
        assert re.fullmatch(r"9912\.0\d{4}", identifier)
        assert entry.link == f"https://arxiv.org/abs/{identifier}"
        head = f"arXiv:{identifier}v{version} Announce Type: {entry.arxiv_announce_type} \nAbstract: "
        assert entry.summary.startswith(head)
        assert 60 <= len(entry.summary.removeprefix(head).split()) <= 170
        assert entry.author
        assert {tag.term for tag in entry.tags} & {"cs.LG", "cs.CL"}
        assert all(tag.term in taxonomy.names() for tag in entry.tags)


@pytest.mark.parametrize("day", DAYS)
def test_the_type_agrees_with_the_version_and_the_primary_category(day: date) -> None:
    for entry in entries(day):
        version = split_identifier(entry.id)[1]
        crossed = entry.tags[0].term not in {"cs.LG", "cs.CL"}
        assert ("cross" in entry.arxiv_announce_type) == crossed
        if entry.arxiv_announce_type.startswith("replace"):
            assert version is not None
            assert 2 <= version <= 5


def test_sixty_papers_of_which_one_comes_twice() -> None:
    seen = Counter(split_identifier(entry.id)[0] for day in DAYS for entry in entries(day))
    assert len(seen) == 60
    assert [paper for paper, times in seen.items() if times > 1] == ["9912.07038"]


@pytest.mark.parametrize("day", DAYS)
def test_feedparser_hands_on_what_the_xml_says(day: date) -> None:
    for parsed, raw in zip(entries(day), announcement(day).findall(f"{ATOM}entry"), strict=True):
        # feedparser takes the C1 character U+009B for Windows' single quote, as it would on arXiv's own feed
        expected = (raw.findtext(f"{ATOM}summary", "")).replace("\x9b", "\u203a")
        assert parsed.summary == expected


def test_details_know_every_version_and_nothing_else() -> None:
    details = json.loads(bundled("details.json"))
    announced = {entry.id.removeprefix("oai:arXiv.org:") for day in DAYS for entry in entries(day)}
    assert details["announced"].keys() == announced
    comments = [row.get("comment") for row in details["announced"].values()]
    assert comments.count(None) >= 8
    assert sum("pages" in (comment or "") for comment in comments) > 30


@pytest.mark.parametrize("day", DAYS)
def test_submissions_fall_into_the_window_before_their_announcement(day: date) -> None:
    """What is in the feed of a day arrived between 14:00 Eastern (19:00 UTC in winter) two days and one day before."""
    closes = datetime(day.year, day.month, day.day, 19, tzinfo=UTC) - timedelta(days=1)
    known = known_papers(LAST)
    for entry in entries(day):
        identifier, version = split_identifier(entry.id)
        paper = known[identifier]
        if paper.version != version:
            continue  # replaced the day after
        assert paper.submitted is not None
        assert paper.updated is not None
        assert closes - timedelta(days=1) <= paper.updated < closes
        assert (paper.submitted < paper.updated) == (version > 1)


HOSTILE = {
    "a script in a title": (0, "<script>alert(1)</script>"),
    "an image with a handler": (1, "<img src=x onerror=alert(2)>"),
    "heavy TeX in a title": (0, r"$\mathcal{O}(\sqrt{n})$"),
    "a TeX command in a title": (0, r"\emph{"),
    "a TeX accent": (1, r"Poincar\'e"),
    "an ampersand": (1, "&"),
    "square-bracket markup in a title": (0, "[bold]"),
    "a closing tag that closes nothing": (0, "[/]"),
    "an action": (0, "[@click=app.quit]"),
    "an unbalanced tag in an abstract": (1, "[/branch]"),
    "a C1 control sequence in a title": (0, "\x9b31m"),
    "an escape sequence spelt out": (0, r"\x1b[31m"),
    "a terminal link spelt out": (1, r"\x1b]8;;"),
    "a bidi override": (0, "\u202e"),
    "a bidi isolate": (1, "\u2066"),
    "a zero-width blank": (0, "\u200b"),
    "a byte order mark": (1, "\ufeff"),
    "wide characters": (0, "漢字"),
    "two dollars that are no mathematics": (0, "$5 to $10"),
    "an exponent": (1, "n^{3/2+o(1)}"),
    "a newline in an abstract": (1, "sampling and prove an error bound in spectral norm for algorithms\nthat run"),
}


@pytest.mark.parametrize(("field", "text"), HOSTILE.values(), ids=list(HOSTILE))
def test_something_hostile_is_there(field: int, text: str) -> None:
    assert any(text in pair[field] for pair in everything())


def test_the_shortest_and_the_longest_title() -> None:
    lengths = sorted(len(title) for title, _ in everything())
    assert (lengths[0], lengths[-1]) == (1, 300)


def test_hostile_papers_are_among_the_wanted_ones() -> None:
    titles = {identifier: known_papers(LAST)[identifier].title for identifier in WANTED}
    assert r"\mathcal" in titles["9912.08002"]
    assert "$5 to $10" in titles["9912.07052"]
    assert "[/branch]" in known_papers(LAST)["9912.08021"].abstract


def test_the_wanted_papers_are_those_on_the_profiles_topic() -> None:
    """Only they speak of language models together with the cache, drafts or quantisation; one was withdrawn."""

    def on_topic(text: str) -> bool:
        return "language model" in text and bool(re.search(r"kv cache|speculative decoding|quantis", text))

    papers = [paper for paper in known_papers(LAST).values() if paper.id.startswith("9912.")]
    found = {paper.id for paper in papers if on_topic(paper.text.lower())}
    assert found == {*WANTED, "9912.00388"}
    assert [paper.id for paper in papers if paper.withdrawn] == ["9912.00388"]


# The server


@pytest.mark.parametrize("day", DAYS)
def test_the_feed_of_the_profile_is_the_bundled_file(server: DemoServer, day: date) -> None:
    server.day = day
    answer = requests.get(f"{server.addresses['feed']}/cs.LG+cs.CL", timeout=5)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/atom+xml"
    served = feedparser.parse(answer.content)
    assert served.bozo is False
    assert served.feed.title == "cs.LG, cs.CL updates on arXiv.org"
    kept = ("id", "title", "summary", "author", "published", "arxiv_announce_type", "rights")
    assert [[entry[key] for key in kept] for entry in served.entries] == [
        [entry[key] for key in kept] for entry in entries(day)
    ]


def test_the_type_follows_the_asked_categories(server: DemoServer) -> None:
    served = feedparser.parse(requests.get(f"{server.addresses['feed']}/cs.ar", timeout=5).content).entries
    types = {entry.id: entry.arxiv_announce_type for entry in served}
    assert types == {"oai:arXiv.org:9912.08007v1": "cross", "oai:arXiv.org:9912.08043v1": "new"}
    assert all(f"Announce Type: {entry.arxiv_announce_type} \n" in entry.summary for entry in served)


def test_a_whole_archive_is_served(server: DemoServer) -> None:
    served = feedparser.parse(requests.get(f"{server.addresses['feed']}/cs", timeout=5).content).entries
    assert len(served) == sum(COUNTS[LAST].values())


@pytest.mark.parametrize(("asked", "reason"), [("cs.LG+cs.XL", "Bad subject class 'XL'"), ("nope", "Bad archive")])
def test_a_typo_fails_the_whole_feed_as_on_arxiv(server: DemoServer, asked: str, reason: str) -> None:
    answer = requests.get(f"{server.addresses['feed']}/{asked}", timeout=5)
    served = feedparser.parse(answer.content)
    assert answer.status_code == 400
    assert served.entries == []
    assert served.feed.title.startswith("Feed error for query")
    assert served.feed.subtitle.startswith(reason)


def test_a_day_without_papers_is_an_empty_feed(server: DemoServer) -> None:
    server.day = date(2099, 12, 19)
    answer = requests.get(f"{server.addresses['feed']}/cs.LG", timeout=5)
    assert (answer.status_code, feedparser.parse(answer.content).entries) == (200, [])


def test_the_date_header_ticks_with_the_clock() -> None:
    moments = [FRIDAY, FRIDAY + timedelta(seconds=61)]
    with DemoServer(now=lambda: moments[0]) as server:
        first = requests.get(f"{server.url}/oai?verb=Identify", timeout=5).headers["Date"]
        moments.pop(0)
        second = requests.get(f"{server.url}/oai?verb=Identify", timeout=5).headers["Date"]
    assert first == "Fri, 18 Dec 2099 12:30:00 GMT"
    assert parsedate_to_datetime(second) - parsedate_to_datetime(first) == timedelta(seconds=61)


def test_the_real_client_reads_every_paper_by_identifier(server: DemoServer) -> None:
    known = known_papers(LAST)
    results = list(Loopback(server).results(arxiv.Search(id_list=list(known), max_results=None)))
    assert {result.get_short_id() for result in results} == {f"{one.id}v{one.version}" for one in known.values()}
    for result in results:
        paper = known[split_identifier(result.entry_id)[0]]
        assert result.summary == paper.abstract
        assert result.title.split() == paper.title.split()
        assert (result.published, result.updated) == (paper.submitted, paper.updated)
        assert (result.comment or None, result.doi or None) == (paper.comment, paper.doi)
        assert result.journal_ref == paper.journal_ref
        assert tuple(result.categories) == paper.categories
        assert result.primary_category == paper.categories[0]


def test_the_real_client_turns_pages(server: DemoServer) -> None:
    search = arxiv.Search(id_list=list(known_papers(LAST)), max_results=None)
    assert len({result.entry_id for result in Loopback(server, page_size=20).results(search)}) == 63


def test_a_seed_has_its_text_and_an_affiliation_is_kept_apart(server: DemoServer) -> None:
    client = Loopback(server)
    (seed,) = client.results(arxiv.Search(id_list=["9911.02417"]))
    assert seed.title.startswith("Leases for Attention")
    assert "KV Cache" in seed.title
    (wide,) = client.results(arxiv.Search(id_list=["9912.07081"]))
    assert [author.name for author in wide.authors] == ["橘川しおん", "Baek Haneul-Ortega", "欧阳霁月"]
    assert wide.authors[0].affiliation == ["Institute for Imaginary Linguistics, Nara"]


def test_ten_rows_come_unless_more_are_asked_for(server: DemoServer) -> None:
    listed = ",".join(known_papers(LAST))
    root = ET.fromstring(requests.get(server.addresses["api"], {"id_list": listed}, timeout=5).content)
    assert len(root.findall(f"{ATOM}entry")) == 10
    assert root.findtext("{http://a9.com/-/spec/opensearch/1.1/}totalResults") == "63"


def test_a_post_is_answered_like_a_get(server: DemoServer) -> None:
    asked = {"id_list": "9912.08002,9912.08007", "max_results": "5"}
    posted = requests.post(server.addresses["api"], asked, timeout=5)
    assert posted.content == requests.get(server.addresses["api"], asked, timeout=5).content
    assert posted.content.count(b"<entry>") == 2


def test_a_paper_is_unknown_before_its_day_and_replaced_after_it(server: DemoServer) -> None:
    client, search = Loopback(server), arxiv.Search(id_list=["9912.08002", "9912.07038"])
    server.day = THURSDAY
    assert [result.get_short_id() for result in client.results(search)] == ["9912.07038v1"]
    server.day = LAST
    assert {result.get_short_id() for result in client.results(search)} == {"9912.08002v1", "9912.07038v2"}


def test_an_unknown_identifier_or_version_is_just_absent(server: DemoServer) -> None:
    search = arxiv.Search(id_list=["9912.09999", "9912.08002v7", "9912.08007v1"])
    assert [result.get_short_id() for result in Loopback(server).results(search)] == ["9912.08007v1"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"id_list": "9912.08002,abc"}, "incorrect id format for abc"),
        ({}, "Either a search_query or id_list must be specified"),
        ({"id_list": "9912.08002", "start": "-1"}, "start must be"),
        ({"id_list": "9912.08002", "max_results": "3000"}, "max_results must"),
    ],
)
def test_a_bad_question_is_refused_with_an_error_entry(server: DemoServer, asked: dict[str, str], said: str) -> None:
    answer = requests.get(server.addresses["api"], asked, timeout=5)
    (entry,) = feedparser.parse(answer.content).entries
    assert answer.status_code == 400
    assert (entry.title, entry.author) == ("Error", "arXiv api core")
    assert "/api/errors" in entry.id
    assert said in entry.summary


def window(query: str, **more: Any) -> arxiv.Search:
    order = arxiv.SortCriterion.SubmittedDate
    return arxiv.Search(query=query, max_results=None, sort_by=order, **more)


def test_a_submission_window_is_cut_by_category_and_time(server: DemoServer) -> None:
    client = Loopback(server)
    query = "(cat:cs.LG OR cat:cs.CL) AND submittedDate:[209911010000 TO 209911302359]"
    found = list(client.results(window(query)))
    assert [result.get_short_id()[:10] for result in found] == ["9911.09855", "9911.06120", "9911.02417"]
    upwards = client.results(window(query, sort_order=arxiv.SortOrder.Ascending))
    assert [result.entry_id for result in upwards] == [result.entry_id for result in reversed(found)]
    hardware = client.results(window("cat:cs.AR AND submittedDate:[209912010000 TO 209912312359]"))
    assert {result.get_short_id()[:10] for result in hardware} == {"9912.08007", "9912.08043"}
    assert len(list(client.results(window("cat:cs.*")))) > 55


@pytest.mark.parametrize(
    "query", ["cat:cs.LG AND submittedDate:[199901010000 TO 199912312359]", "cat:hep-th", "all:electron"]
)
def test_a_search_without_hits_is_empty_and_no_error(server: DemoServer, query: str) -> None:
    assert list(Loopback(server).results(window(query))) == []


def test_oai_has_nothing_to_add_and_other_addresses_are_not_found(server: DemoServer) -> None:
    harvest = requests.get(server.addresses["oai"], {"verb": "ListRecords"}, timeout=5)
    error = ET.fromstring(harvest.content).find("{http://www.openarchives.org/OAI/2.0/}error")
    assert error is not None
    assert error.get("code") == "noRecordsMatch"
    assert requests.get(f"{server.url}/pdf/9912.08002", timeout=5).status_code == 404


def test_the_server_keeps_stderr_clean(server: DemoServer, capfd: pytest.CaptureFixture[str]) -> None:
    requests.get(f"{server.addresses['feed']}/cs.LG", timeout=5)
    requests.get(f"{server.url}/nothing", timeout=5)
    assert capfd.readouterr() == ("", "")


def test_authors_are_split_outside_parentheses_only() -> None:
    assert split_authors("A B (X, Y), C D, Very Real Sr.") == ("A B (X, Y)", "C D", "Very Real Sr.")


# The home and the profiles


def test_the_home_points_at_the_server_and_holds_the_profile(server: DemoServer, tmp_path: Path) -> None:
    made = demo_home(tmp_path / "not" / "yet" / "there", server)
    settings = tomllib.loads((made / "config.toml").read_text(encoding="utf-8"))
    assert settings == {"arxiv": server.addresses}
    assert settings["arxiv"]["feed"].startswith("http://127.0.0.1:")
    profile = tomllib.loads((made / "profiles" / f"{PROFILE}.toml").read_text(encoding="utf-8"))
    assert (profile["name"], profile["budget"]["minutes"]) == (PROFILE, 3)
    assert set(profile["seeds"]) == {one for one in known_papers(LAST) if one.startswith("9911.")}


def test_a_home_that_cannot_be_made_is_one_clear_line(server: DemoServer, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(CannotCreate, match="cannot make the demo's home"):
        demo_home(tmp_path / "taken", server)


KEYS: dict[str, set[str]] = {
    "terms": {"boost", "avoid"},
    "budget": {"minutes", "mon", "tue", "wed", "thu", "fri", "sat", "sun"},
    "shortlist": {"max_items", "threshold"},
    "explore": {"focus", "adjacent", "explore"},
    "ranker": {"model", "revision"},
    "digest": {"to"},
}
PLAIN = {"name", "statement", "categories", "seeds", "avoid_seeds", "authors", "active"}


def check_profile(profile: dict[str, Any], stem: str) -> None:
    assert profile["name"] == stem
    assert profile.keys() <= PLAIN | KEYS.keys()
    assert all(profile[table].keys() <= keys for table, keys in KEYS.items() if table in profile)
    assert 20 <= len(profile["statement"].split()) <= 70
    assert "\n" not in profile["statement"]
    assert [taxonomy.check(category) for category in profile["categories"]] == profile["categories"]
    assert [split_identifier(seed)[0] for seed in profile.get("seeds", [])] == profile.get("seeds", [])
    assert sum(profile.get("explore", {"focus": 1.0}).values()) == pytest.approx(1.0)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_profile_uses_only_keys_that_exist(path: Path) -> None:
    check_profile(tomllib.loads(path.read_text(encoding="utf-8")), path.stem)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_profile_can_be_loaded(path: Path) -> None:
    profile, told = Profile.load(path), tomllib.loads(path.read_text(encoding="utf-8"))
    assert (profile.name, profile.statement, list(profile.categories)) == (
        told["name"],
        told["statement"],
        told["categories"],
    )


def test_the_demo_profile_can_be_loaded_from_its_home(server: DemoServer, tmp_path: Path) -> None:
    check_profile(tomllib.loads(bundled(f"{PROFILE}.toml").decode()), PROFILE)
    profile = Profile.load(demo_home(tmp_path, server) / "profiles" / f"{PROFILE}.toml")
    assert (profile.name, profile.categories, profile.minutes) == (PROFILE, ("cs.LG", "cs.CL"), 3)


def test_the_examples_come_from_different_fields() -> None:
    assert len(EXAMPLES) == 4
    first = [tomllib.loads(path.read_text(encoding="utf-8"))["categories"][0] for path in EXAMPLES]
    assert len({category.partition(".")[0] for category in first}) == 4
