"""The reader's own papers: the kept list, search, notes, tags and the nearest papers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triage import budget
from triage.budget.kept import Waiting, outgrown
from triage.errors import InvalidInput
from triage.paper import Paper, Verdict
from triage.pipeline import KeptPapers, kept_papers, similar
from triage.pipeline.vectors import embed_missing
from triage.store import Note, Store
from triage.store.query import parse

if TYPE_CHECKING:
    from conftest import FakeEncoder

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)
MakePaper = Callable[..., Paper]


def keep(store: Store, paper: Paper, days_ago: float = 0) -> None:
    store.add_papers([paper], at=NOW)
    store.record(Verdict(paper.id, "keep", NOW - days_ago * DAY, "mine"))


def listed(store: Store, *, ahead: int = 0, minutes: float = 15, term_days: int = 28) -> KeptPapers:
    at = NOW + ahead * DAY
    coffees = [60 * minutes] * term_days
    return kept_papers(store, coffees_s=coffees, today=at.date(), at=at, local_day=lambda when: when.date())


# -- the kept list --


def test_a_paper_stays_its_days_and_not_one_more(store: Store, make_paper: MakePaper) -> None:
    paper = make_paper()
    keep(store, paper)
    there = listed(store, ahead=28)
    assert [one.paper.id for one in there.papers] == [paper.id]
    assert there.papers[0].last_day == TODAY + 28 * DAY
    gone = listed(store, ahead=29)
    assert gone.papers == ()
    assert [(one.paper_id, one.why) for one in gone.let_go] == [(paper.id, "kept for 28 days")]
    assert listed(store, ahead=30).let_go == (), "it is said once"


def test_what_was_let_go_stays_an_example_and_comes_back_for_its_days(store: Store, make_paper: MakePaper) -> None:
    papers = [make_paper() for _ in range(3)]
    for paper in papers:
        keep(store, paper, 40)
    assert listed(store).papers == ()
    assert store.labels() == {(paper.id, "mine"): "keep" for paper in papers}
    assert store.take_back(at=NOW) == [paper.id for paper in papers]
    assert len(listed(store, ahead=28).papers) == 3
    assert listed(store, ahead=29).papers == ()
    assert store.take_back(at=NOW + 30 * DAY) == [paper.id for paper in papers]
    assert store.take_back(at=NOW + 30 * DAY) == []


def test_the_list_never_outgrows_the_coffees_and_today_is_spared(store: Store, make_paper: MakePaper) -> None:
    papers = [make_paper(comment="12 pages") for _ in range(40)]  # seven minutes each: 280 of the week's 70
    for number, paper in enumerate(papers):
        keep(store, paper, (len(papers) - number) / 100)
    assert len(listed(store, minutes=10, term_days=7).papers) == 40, "those of today stay"
    later = listed(store, ahead=1, minutes=10, term_days=7)
    assert [one.paper.id for one in later.papers] == [paper.id for paper in papers[-10:]], "the oldest go"
    assert later.seconds <= 70 * 60
    assert later.coffees == pytest.approx(7)
    assert {"7 days hold" in one.why for one in later.let_go} == {True}


def test_keeping_again_puts_it_back_and_a_dismissal_takes_it_off(store: Store, make_paper: MakePaper) -> None:
    paper = make_paper()
    keep(store, paper, 40)
    listed(store)
    store.record(Verdict(paper.id, "keep", NOW + DAY))
    assert len(listed(store, ahead=2).papers) == 1
    store.record(Verdict(paper.id, "dismiss", NOW + 2 * DAY))
    assert listed(store, ahead=3).papers == ()


@given(
    st.lists(st.tuples(st.integers(0, 60), st.floats(60, 600)), max_size=40),
    st.floats(0, 20_000),
    st.integers(1, 60),
)
def test_what_remains_fits_and_only_the_oldest_went(kept: list[tuple[int, float]], room: float, days: int) -> None:
    waiting = [Waiting(f"{n}", TODAY - age * DAY, seconds) for n, (age, seconds) in enumerate(kept)]
    gone = outgrown(waiting, today=TODAY, term_days=days, room_s=room)
    left = [one for one in waiting if one.paper_id not in gone]
    older = [one for one in left if one.day < TODAY]
    assert all(one.day >= TODAY - days * DAY for one in left)
    if room and older:
        assert sum(one.seconds for one in left) <= room
    assert all(one.day <= min((other.day for other in older), default=TODAY) for one in waiting if one.paper_id in gone)


def test_the_list_counts_a_first_pass_a_paper(store: Store, make_paper: MakePaper) -> None:
    paper = make_paper(comment="20 pages")
    keep(store, paper)
    assert listed(store).seconds == budget.first_pass_seconds(paper)


# -- search --


@pytest.fixture
def shelf(store: Store) -> Store:
    """Three papers, a note and two tags to look for."""
    store.add_papers(
        [
            Paper(
                "2611.00001", "KV cache eviction", "Speculative decoding, measured.", 1, ("Jürgen Müller",), ("cs.LG",)
            ),
            Paper("2611.00002", "Frogs of the Amazon", "A cache of frogs.", 1, ("Ann Lee",), ("q-bio.PE",)),
            Paper("2611.00003", "Draft models", "Decoding speculative drafts; eviction.", 1, ("Bo Li",), ("cs.CL",)),
        ],
        at=NOW,
    )
    store.set_note(Note("2611.00002", "an idea for quantisation, Übung", NOW))
    store.add_tags("2611.00001", ["KV", "to cite"], at=NOW)
    return store


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("cache", [1, 2]),  # a word of the title counts more
        ("evict", [1, 3]),
        ("title:cache", [1]),
        ("author:muller", [1]),
        ("author:Müller", [1]),
        ('"speculative decoding"', [1]),
        ("speculative decoding", [1, 3]),
        ("spec* -draft", [1]),
        ("frogs OR draft", [2, 3]),
        ("cache AND frogs", [2]),
        ("quantisation", [2]),
        ("quantisation title:frogs", []),
        ("tag:kv", [1]),
        ('tag:"to cite"', [1]),
        ("-tag:kv cache", [2]),
        ("cat:cs", [1, 3]),
        ("cat:cs.CL decoding", [3]),
        ("note:idea", [2]),
        ("note:übung", [2]),
        ("note:ÜBUNG", [2]),
        ("id:2611.00003", [3]),
        ("", []),
        ('"', []),
        ("title:", []),
        ("((", []),
    ],
)
def test_words_fields_phrases_and_filters(shelf: Store, words: str, numbers: list[int]) -> None:
    found = [int(one.paper.id[-1]) for one in shelf.search(words, 10)]
    assert sorted(found) == numbers
    if words == "cache":
        assert found == numbers


def test_a_title_tells_more_than_an_abstract(shelf: Store) -> None:
    assert [one.paper.id for one in shelf.search("eviction", 10)] == ["2611.00001", "2611.00003"]
    assert shelf.search("eviction", 1)[0].paper.id == "2611.00001"


SIGNS = st.text(st.sampled_from("ab\"*:-+() ^{}\\[]'%_~,.ORANDNEAR\x00\n\ud800ä漢\u202e"), max_size=30)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(max_size=60), SIGNS, st.builds("{}:{}".format, st.sampled_from(["title", "tag", "x"]), SIGNS)))
def test_ten_thousand_random_strings_raise_nothing(shelf: Store, words: str) -> None:
    assert all(one.paper.id.startswith("2611.") for one in shelf.search(words, 10))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SIGNS)
def test_random_strings_raise_nothing(shelf: Store, words: str) -> None:
    assert all(one.paper.id.startswith("2611.") for one in shelf.search(words, 10))


def test_a_very_long_query_is_cut_and_answers(shelf: Store) -> None:
    assert shelf.search("cache " * 5000, 10)
    assert parse("a OR " * 500 + "b").text.count("OR") < 64


def test_of_many_matches_those_stored_last_are_ranked(store: Store, make_paper: MakePaper) -> None:
    papers = [
        make_paper(title="Quokkas" if number in (3, 14) else "Others", abstract="quokkas") for number in range(20)
    ]
    store.add_papers(papers, at=NOW)
    assert [one.paper.id for one in store.search("quokkas", 2)] == [papers[14].id, papers[3].id]
    assert [one.paper.id for one in store.search("quokkas", 2, ranked=10)] == [papers[14].id, papers[19].id]
    assert [one.paper.id for one in store.search("quokkas cat:cs", 3, ranked=1)] == [papers[19].id]


# -- notes, tags --


def test_tags_are_small_letters_and_come_off(shelf: Store) -> None:
    shelf.add_tags("2611.00001", ["kv", " KV ", "New"], at=NOW)
    assert shelf.tags() == {"2611.00001": ("kv", "new", "to cite")}
    shelf.remove_tags("2611.00001", ["KV", "absent"])
    assert shelf.tags() == {"2611.00001": ("new", "to cite")}
    with pytest.raises(InvalidInput, match="not stored"):
        shelf.add_tags("2611.99999", ["x"], at=NOW)


def test_a_note_that_is_gone_is_not_found(shelf: Store) -> None:
    shelf.set_note(Note("2611.00002", "another thought", NOW))
    assert shelf.search("quantisation", 5) == []
    assert [one.extract for one in shelf.search("thought", 5)] == ["another thought"]
    shelf.set_note(Note("2611.00002", " ", NOW))
    assert shelf.search("thought", 5) == []


# -- the nearest --


def test_the_nearest_papers_share_the_most_words(store: Store, make_paper: MakePaper, encoder: FakeEncoder) -> None:
    from triage.pipeline.vectors import embed_missing

    told: list[dict[str, Any]] = [
        {"title": "cache eviction for decoding", "abstract": "keys and values of language models"},
        {"title": "cache eviction for decoding", "abstract": "keys and values of vision models"},
        {"title": "frogs of the river", "abstract": "we count them at night"},
    ]
    papers = [make_paper(**one) for one in told]
    unread = make_paper(title="never embedded", abstract="")
    store.add_papers([*papers, unread], at=NOW)
    embed_missing(store, encoder, [encoder.paper_text(paper) for paper in papers[1:]])
    found = similar(store, encoder, papers[0], 10)
    assert [paper.id for paper, _ in found] == [papers[1].id, papers[2].id, unread.id], "what is unread is read first"
    assert found[0][1] > found[1][1] > found[2][1]
    assert similar(store, encoder, papers[0], 1) == found[:1]


def test_names_are_stored_as_they_are_written(store: Store, make_paper: MakePaper) -> None:
    paper = make_paper(authors=("Erdős Pál", 'Quote "Q" Name'))
    store.add_papers([paper], at=NOW)
    assert store.paper(paper.id) == replace(paper, announced=None)
    assert [one.paper.id for one in store.search("author:erdos", 5)] == [paper.id]


def test_a_day_is_the_readers(store: Store, make_paper: MakePaper) -> None:
    """A paper kept after midnight here belongs to the new day, whatever the day is in Greenwich."""
    paper = make_paper()
    keep(store, paper)
    at = NOW + 28 * DAY
    found = kept_papers(
        store,
        coffees_s=[900.0] * 28,
        today=date(2026, 12, 18),
        at=at,
        local_day=lambda when: (when + timedelta(hours=13)).date(),
    )
    assert found.papers[0].day == date(2026, 11, 21)


def test_stop_words_are_not_asked_for_beside_others_unless_in_quotes() -> None:
    assert parse("attention is all you need").text == '("attention") AND ("all") AND ("you") AND ("need")'
    assert parse("the of").text == '("the") AND ("of")'
    assert parse('"it" systems').text == '("it") AND ("systems")'
    assert parse("title:the cache").text == '(title : "the") AND ("cache")'
    assert parse("to OR from cache").text == '("to" OR "from") AND ("cache")'


def test_the_nearest_of_more_papers_than_are_in_memory_at_once(
    store: Store, make_paper: MakePaper, encoder: FakeEncoder
) -> None:
    papers = [make_paper(title=f"cache {'quokka ' * (number % 7)}", abstract=str(number)) for number in range(4100)]
    store.add_papers(papers, at=NOW)
    embed_missing(store, encoder, [paper.text for paper in papers])
    found = similar(store, encoder, papers[4099], 5)
    rows = encoder.encode([paper.text for paper in papers])
    cosines = rows @ rows[4099]
    cosines[4099] = -1
    assert [cosine for _, cosine in found] == pytest.approx(sorted(cosines, reverse=True)[:5], abs=2e-3)
