"""The preview of a profile: what enters, leaves and moves, how narrow it is, which of its lines pay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from conftest import FakeEncoder

from triage.cli.outlook import as_json, told, warnings
from triage.paper import Item, Paper, Verdict
from triage.pipeline import Preview, preview
from triage.pipeline.outlook import Width
from triage.profile import Profile
from triage.store import Store

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)
TOPICS = ("cache quantisation of weights", "galaxies and their haloes", "difference in differences", "protein folding")
PROFILE = Profile("p", "cache quantisation of weights", ("cs.LG",), threshold=0.003)


@pytest.fixture
def store(make_paper: Callable[..., Paper]) -> Store:
    """Ten announcements of twenty-four papers on four topics; every second one is of another category too."""
    store = Store()
    for ago in range(10):
        day = TODAY - timedelta(days=ago)
        papers = [
            make_paper(
                title=f"{TOPICS[number % 4]} {number}",
                abstract=f"{TOPICS[number % 4]} study {'survey' if number % 8 == 0 else 'method'} " * 4,
                authors=("Ada Invented",) if number % 8 else ("Jane Élan",),
                categories=("cs.LG", "stat.ML") if number % 2 else ("cs.LG",),
                announced=day,
                announce_type="new",
            )
            for number in range(24)
        ]
        store.add_announcement([Item(paper, "new") for paper in papers], announced=day, feed_day=day, at=NOW)
    return store


def tried(store: Store, profile: Profile, before: Profile | None = None) -> Preview:
    return preview(store, profile, before, encoder=None, fast=FakeEncoder(), today=TODAY)


def test_the_same_profile_changes_nothing(store: Store) -> None:
    found = tried(store, PROFILE, PROFILE)
    assert found.moves == []
    assert found.before == found.after
    assert found.width_before == found.width
    assert 0 < found.width.passing < found.width.papers == 240
    assert "  the same papers in the same order" in told(found)


def test_what_enters_leaves_and_moves_adds_up(store: Store) -> None:
    other = replace(PROFILE, statement="galaxies and their haloes")
    found = tried(store, other, PROFILE)
    assert found.before is not None
    entered = {move.paper.id for move in found.moves if move.before is None}
    left = {move.paper.id for move in found.moves if move.after is None}
    assert entered == found.after.places.keys() - found.before.places.keys() != set()
    assert left == found.before.places.keys() - found.after.places.keys() != set()
    assert all("galaxies" in move.paper.title for move in found.moves if move.before is None)
    lines = list(told(found))
    assert sum(line.startswith("  + enters at") for line in lines) == len(entered)
    assert sum(line.startswith("  - leaves") for line in lines) == len(left)
    assert as_json(found)["moves"] == [
        {"id": move.paper.id, "before": move.before, "after": move.after} for move in found.moves
    ]


def test_a_list_never_exceeds_its_minutes(store: Store) -> None:
    for minutes in (0, 1, 3, 30):
        found = tried(store, replace(PROFILE, minutes=minutes))
        assert found.after.seconds <= 60 * minutes


def test_a_higher_threshold_is_never_broader(store: Store) -> None:
    passing = [tried(store, replace(PROFILE, threshold=at)).width.passing for at in (0.0, 0.1, 0.5, 0.9, 1.0)]
    assert passing == sorted(passing, reverse=True)
    assert passing[0] > passing[-1] == 0
    assert tried(store, replace(PROFILE, threshold=1.0)).width.verdict.endswith("too narrow")


def test_fewer_categories_are_fewer_papers(store: Store) -> None:
    assert tried(store, replace(PROFILE, categories=("stat.ML",))).width.papers == 120


def test_lines_that_pay_and_lines_that_never_match(store: Store) -> None:
    profile = replace(
        PROFILE, boost=("quantisation", "absent words"), avoid=("survey",), authors=("Jane Elan", "Nobody Here")
    )
    found = tried(store, profile)
    lines = {(line.key, line.value): line for line in found.lines}
    assert lines["terms.boost", "quantisation"].papers == 60
    assert lines["terms.boost", "quantisation"].pays > 0
    assert lines["terms.boost", "absent words"].papers == 0
    assert lines["terms.avoid", "survey"].papers == 30
    assert lines["authors", "Jane Elan"].papers == 30  # as the ranker finds her, without the accent
    assert lines["authors", "Nobody Here"].papers == 0
    text = 'categories = ["cs.LG"]\nauthors = ["Jane Elan",\n "Nobody Here"]\n'
    text += '[terms]\nboost = ["quantisation", "absent words"]\n'
    shown = list(told(found, text=text))
    idle = shown[shown.index("Lines that never match:") + 1 :]
    assert any(line.split() == ["line", "3", "author", '"Nobody', 'Here"'] for line in idle)
    assert any("line 5" in line and "absent words" in line for line in idle)
    warned = {line.value: message for line, message in warnings(found)}
    assert warned.keys() == {"absent words", "quantisation", "Nobody Here"}
    assert "25 % of the stored papers: too many" in warned["quantisation"]


def test_an_avoided_term_pays_for_what_it_keeps_out(store: Store) -> None:
    open_, shut = tried(store, PROFILE), tried(store, replace(PROFILE, avoid=("survey",)))
    line = next(line for line in shut.lines if line.key == "terms.avoid")
    assert line.pays == open_.width.passing - shut.width.passing > 0


def test_judged_papers_and_seeds_are_not_counted(store: Store) -> None:
    first = store.background(date.max, 1)[0]
    store.record(Verdict(first.id, "keep", NOW, "p"), day=TODAY)
    assert tried(store, PROFILE).width.papers == 239
    seeded = tried(store, replace(PROFILE, seeds=(first.id, "2301.00001")))
    assert seeded.width.papers == 239
    assert seeded.notes == ("not fetched yet, so not in this preview: 2301.00001",)
    assert sum(line.pays for line in seeded.lines if line.key == "seeds") == seeded.width.passing


def test_nothing_is_embedded_twice_and_nothing_where_nothing_is_stored(store: Store) -> None:
    encoder = FakeEncoder()
    preview(store, PROFILE, encoder=encoder, fast=encoder, today=TODAY)
    count = len(encoder.encoded)
    preview(store, replace(PROFILE, boost=("cache",)), PROFILE, encoder=encoder, fast=encoder, today=TODAY)
    assert len(encoder.encoded) == count
    with Store() as empty:
        found = preview(empty, PROFILE, encoder=encoder, fast=encoder, today=TODAY)
    assert len(encoder.encoded) == count
    assert "triage fetch --back 7" in next(told(found))


@pytest.mark.parametrize(
    ("passing", "coffees", "verdict"),
    [
        (0, 0.0, "nothing in thirty days: too narrow"),
        (5, 0.2, "less than half a coffee"),
        (20, 0.5, "about one coffee"),
        (20, 1.49, "about one coffee"),
        (40, 1.5, "two coffees: broad"),
        (60, 3.2, "three coffees: too broad"),
        (190, 42.0, "42 coffees: too broad"),
        (348, 2.1, "at least two coffees: too broad"),
        (9, None, "no minutes to read it in"),
    ],
)
def test_the_width_is_said_in_plain_words(passing: int, coffees: float | None, verdict: str) -> None:
    assert Width(21, 10_000, passing, coffees).verdict == verdict
