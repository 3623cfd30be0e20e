"""The pace: the estimator against others on invented readers, what is learnt from, and the planned costs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, get_args, get_type_hints

import pytest
from benchmarks import pace as benchmark
from hypothesis import given
from hypothesis import strategies as st

from triage.budget import ENGLISH, DwellClock, learn, planned_seconds, unknown_reader, worth_opening
from triage.budget.pace import ENOUGH, PRIORS, SETTLE_S, huber
from triage.budget.reading import first_pass_seconds, reading_estimate
from triage.config import SessionConfig
from triage.paper import Dwell, Paper, ScoredPaper

MONDAY = datetime(2026, 11, 16, 7, 0, tzinfo=UTC)
NUMBERS: Iterator[int] = count(1)


def look(s_per_word: float = 0.2, *, day: int = 0, **given: Any) -> Dwell:
    """A first look at an abstract of 100 words at some pace."""
    told: dict[str, Any] = {"level": 1, "words": 100, "active_s": 2 + 100 * s_per_word, **given}
    number, began = next(NUMBERS), MONDAY + timedelta(days=day)
    return Dwell(f"9911.{number:05d}", began, began + timedelta(seconds=number), **told)


def paper(words: int, **given: Any) -> Paper:
    return Paper(**{"id": "9911.00001", "title": "Invented", "abstract": "word " * words, **given})


def test_robust_and_shrunk_wins_on_invented_readers() -> None:
    """The table of `benchmarks/pace.py` in small: same ranking, and the figures within their noise."""
    errors = benchmark.table(250)
    ours = errors["Huber, trimming, shrinkage"]
    for name, theirs in errors.items():
        assert all(ours[n] <= theirs[n] + 0.02 for n in benchmark.COUNTS), name
    assert ours[3] == pytest.approx(0.17, abs=0.05)
    assert ours[20] == pytest.approx(0.09, abs=0.03)
    assert ours[100] == pytest.approx(0.05, abs=0.02)
    raw = errors["raw mean of seconds a word"]
    assert raw[100] > raw[10], "raw averages get worse with more looks"


def test_the_band_holds_about_four_reads_of_five() -> None:
    assert benchmark.coverage(400, 20) == pytest.approx(0.78, abs=0.06)


def test_nothing_known_is_the_prior_and_names_no_band() -> None:
    reader = unknown_reader()
    assert reader == learn([])
    assert reader.paces[1].median(170) == pytest.approx(2 + 170 * 0.30)
    assert reading_estimate(paper(170)).low is None
    assert reader.bail_chance(3) == 0.25
    assert reader.open_chance(3) == 0.1


def test_the_first_looks_move_the_pace_by_the_share_the_priors_give() -> None:
    # k = n·tau² / (n·tau² + sigma²): half at 1.7 looks, 0.92 at 20
    for n, share in ((2, 0.548), (20, 0.924)):
        pace = learn([look(0.2) for _ in range(n)]).paces[1]
        expected = share * math.log(0.2) + (1 - share) * math.log(0.30)
        assert pace.log_unit == pytest.approx(expected, abs=0.001)
        assert pace.n == n


def test_a_band_is_named_from_ten_looks_on() -> None:
    looks = [look(0.2) for _ in range(ENOUGH)]
    assert learn(looks[:-1]).paces[1].estimate(100).low is None
    told = learn(looks).paces[1].estimate(100)
    assert told.low is not None
    assert told.high is not None
    assert told.low < told.seconds < told.high
    half = 1.28 * math.sqrt(0.45**2 + 1 / (ENOUGH / 0.45**2 + 1 / 0.35**2))
    assert math.log((told.high - 2) / (told.seconds - 2)) == pytest.approx(half)


@pytest.mark.parametrize(
    "odd",
    [
        {"s_per_word": 0.05},  # faster than 1000 words a minute: given up
        {"active_s": 1.5},  # gone before reading began
        {"s_per_word": 1.3},  # slower than anybody reads
        {"idle_cut": True},
        {"away": True},
        {"exposure": 2},
        {"level": 0, "active_s": 3.0},
    ],
)
def test_what_says_nothing_about_pace_is_not_learnt(odd: dict[str, Any]) -> None:
    looks = [look(0.2) for _ in range(5)]
    assert learn([*looks, look(**odd)]).paces[1] == learn(looks).paces[1]


def test_a_row_that_was_only_passed_says_nothing_either() -> None:
    assert learn([look(level=0, active_s=0.4)]).paces[0].n == 0
    assert learn([look(level=0, active_s=0.5)]).paces[0].n == 1


def test_a_lost_focus_is_learnt_from_since_the_clock_stood_still() -> None:
    assert learn([look(0.2, focus_lost=True)]).paces[1].n == 1


def test_bails_and_opens_are_counted_by_decile() -> None:
    looks = [look(0.03, decile=2) for _ in range(4)] + [look(0.2, decile=2, away=True) for _ in range(4)]
    reader = learn([*looks, look(decile=7)])
    assert reader.bail_chance(2) == (2 + 4) / (8 + 8)
    assert reader.open_chance(2) == (1 + 4) / (10 + 8)
    assert reader.bail_chance(7) == 2 / 9
    assert reader.open_chance(0) == 0.1


def test_a_day_of_skimming_moves_nothing_once_the_pace_is_known() -> None:
    usual = [look(0.3, day=day) for day in range(3) for _ in range(5)]
    skim = [look(0.09, day=9) for _ in range(5)]
    assert learn(usual + skim).paces[1] == learn(usual).paces[1]
    assert learn(skim).paces[1].n == 5, "with nothing to compare with it may be the reader's pace"
    assert learn([*usual, *(look(0.2, day=9) for _ in range(5))]).paces[1].n == 20


def test_levels_are_learnt_apart() -> None:
    looks = [look(level=2, active_s=600.0, away=True), look(level=0, active_s=5.0)]
    reader = learn(looks)
    assert [reader.paces[level].n for level in PRIORS] == [1, 0, 1]
    assert reader.paces[2].median() > 420
    assert first_pass_seconds(paper(50), reader) == pytest.approx(reader.paces[2].median())
    assert reader.paces[0].median() > 3


def test_a_reader_of_a_foreign_language_is_expected_to_take_longer_until_looks_tell() -> None:
    assert tuple(ENGLISH) == get_args(get_type_hints(SessionConfig)["english"])
    native, basic = learn([]), learn([], english="basic")
    assert basic.paces[1].median(100) - SETTLE_S == pytest.approx(1.9 * (native.paces[1].median(100) - SETTLE_S))
    assert [basic.paces[level] for level in (0, 2)] == [native.paces[level] for level in (0, 2)]
    quick = [look(0.3, day=day) for day in range(20) for _ in range(3)]
    assert learn(quick, english="basic").paces[1].median(100) < 1.05 * learn(quick).paces[1].median(100)


def test_a_slow_reader_gets_fewer_papers_planned() -> None:
    slow = learn([look(0.6) for _ in range(20)])
    one = paper(170)
    assert planned_seconds(one, reader=slow) > 1.25 * planned_seconds(one)
    often = learn([look(0.3, decile=4, away=True) for _ in range(30)])
    assert planned_seconds(one, reader=often, decile=4) > planned_seconds(one, reader=often, decile=5) + 60


def test_a_paper_is_not_worth_opening_with_less_than_six_tenths_of_a_pass_left() -> None:
    assert worth_opening(paper(170), 252.1)
    assert not worth_opening(paper(170), 251.9)
    assert worth_opening(paper(170, comment="6 pages"), 181)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_the_estimate_lies_among_the_values_and_knows_no_order(values: list[float], rng: Any) -> None:
    middle = huber(values, 0.45)
    assert min(values) - 1e-9 <= middle <= max(values) + 1e-9
    shuffled = rng.sample(values, len(values))
    assert huber(shuffled, 0.45) == pytest.approx(middle, abs=1e-6)


@given(st.lists(st.tuples(st.floats(0.07, 1.2), st.integers(0, 3)), max_size=30), st.randoms(use_true_random=False))
def test_learning_knows_no_order_of_its_input(rows: list[tuple[float, int]], rng: Any) -> None:
    looks = [look(pace, day=day) for pace, day in rows]
    assert learn(rng.sample(looks, len(looks))) == learn(looks)


def test_one_wild_look_moves_a_known_pace_little() -> None:
    looks = [look(0.2) for _ in range(20)]
    wild = replace(look(0.2), active_s=2 + 100 * 1.2)
    assert abs(learn([*looks, wild]).paces[1].log_unit - learn(looks).paces[1].log_unit) < 0.05


class TestDwellClock:
    """One session of three papers of 100 words: an abstract should take 2 + 30 s."""

    PAPERS = tuple(ScoredPaper(paper(100, id=f"9911.0000{n}"), 1.0, n, decile=6) for n in (1, 2, 3))

    @pytest.fixture
    def looks(self) -> list[Dwell]:
        return []

    @pytest.fixture
    def dwell(self, clock: Any, looks: list[Dwell]) -> DwellClock:
        return DwellClock(unknown_reader(), looks.append, monotonic=clock.monotonic, now=clock.now)

    def show(self, dwell: DwellClock, row: int, level: Any = 1) -> None:
        dwell.touch()
        dwell.show(self.PAPERS[row], level, row + 1)

    def test_each_look_is_one_row_with_what_was_decided(
        self, clock: Any, dwell: DwellClock, looks: list[Dwell]
    ) -> None:
        began = clock.now()
        self.show(dwell, 0)
        clock.advance(40)
        dwell.judge("keep")
        self.show(dwell, 1)
        clock.advance(5)
        self.show(dwell, 0)
        clock.advance(3)
        dwell.leave()
        assert looks[0] == Dwell("9911.00001", began, began, 1, 100, 40.0, "keep", 1, 6)
        assert [(look.paper_id[-1], look.active_s, look.exposure) for look in looks] == [
            ("1", 40, 1),
            ("2", 5, 1),
            ("1", 3, 2),
        ]

    def test_passing_over_a_row_is_no_look_but_a_verdict_is(
        self, clock: Any, dwell: DwellClock, looks: list[Dwell]
    ) -> None:
        self.show(dwell, 0)
        clock.advance(1.9)
        self.show(dwell, 1)
        clock.advance(1.0)
        dwell.judge("dismiss")
        self.show(dwell, 2)
        dwell.leave()
        assert [(look.paper_id[-1], look.outcome) for look in looks] == [("2", "dismiss")]

    def test_showing_the_same_again_goes_on(self, clock: Any, dwell: DwellClock, looks: list[Dwell]) -> None:
        for _ in range(3):
            self.show(dwell, 0)
            clock.advance(10)
        dwell.leave()
        assert [look.active_s for look in looks] == [30]

    def test_nobody_there_is_cut_at_the_last_key_plus_the_median(
        self, clock: Any, dwell: DwellClock, looks: list[Dwell]
    ) -> None:
        self.show(dwell, 0)
        clock.advance(20)
        dwell.touch()
        clock.advance(96.1)  # longer than 3 · 32 s
        dwell.leave()
        self.show(dwell, 1)
        clock.advance(95.9)
        dwell.leave()
        assert [(look.active_s, look.idle_cut) for look in looks] == [
            (pytest.approx(20 + 32), True),
            (pytest.approx(95.9), False),
        ]

    def test_whoever_comes_back_reads_on_but_teaches_nothing(
        self, clock: Any, dwell: DwellClock, looks: list[Dwell]
    ) -> None:
        self.show(dwell, 0)
        clock.advance(250)
        dwell.touch()
        clock.advance(10)
        dwell.leave()
        assert (looks[0].active_s, looks[0].idle_cut) == (pytest.approx(32 + 10), True)
        assert learn(looks).paces[1].n == 0

    def test_a_lost_focus_stops_the_clock(self, clock: Any, dwell: DwellClock, looks: list[Dwell]) -> None:
        self.show(dwell, 0)
        clock.advance(10)
        dwell.blur()
        clock.advance(1000)
        dwell.focus()
        clock.advance(5)
        dwell.leave()
        assert (looks[0].active_s, looks[0].focus_lost, looks[0].idle_cut) == (15, True, False)

    def test_a_first_pass_lasts_until_the_focus_is_back(
        self, clock: Any, dwell: DwellClock, looks: list[Dwell]
    ) -> None:
        self.show(dwell, 0)
        clock.advance(10)
        dwell.open()
        dwell.blur()
        clock.advance(300)
        dwell.focus()
        self.show(dwell, 1)
        assert [(look.level, look.active_s, look.away) for look in looks] == [(2, 300, True), (1, 10, True)]
        self.show(dwell, 2)
        dwell.open()
        clock.advance(5000)
        dwell.focus()
        assert looks[-1].active_s == pytest.approx(3 * 420), "at most three medians"

    def test_a_pause_is_not_read(self, clock: Any, dwell: DwellClock, looks: list[Dwell]) -> None:
        self.show(dwell, 0)
        clock.advance(10)
        dwell.rest()
        clock.advance(200)
        dwell.go_on()
        clock.advance(10)
        dwell.leave()
        assert (looks[0].active_s, looks[0].idle_cut) == (20, False)

    @given(
        st.lists(
            st.tuples(
                st.floats(0, 200), st.sampled_from(["show0", "show1", "touch", "blur", "focus", "open", "leave"])
            ),
            max_size=30,
        )
    )
    def test_no_look_is_longer_than_the_time_that_passed(self, steps: list[tuple[float, str]]) -> None:
        seconds, looks = [0.0], list[Dwell]()
        dwell = DwellClock(unknown_reader(), looks.append, monotonic=lambda: seconds[0], now=lambda: MONDAY)
        for passed, step in steps:
            seconds[0] += passed
            if step.startswith("show"):
                self.show(dwell, int(step[-1]))
            else:
                getattr(dwell, step)()
        dwell.leave()
        assert sum(look.active_s for look in looks if look.level == 1) <= seconds[0] + 1e-6
        assert all(look.active_s >= 0 for look in looks)
