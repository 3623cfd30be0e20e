"""The coffee: reading time, the choice of papers that fit, the clock and the ledger's arithmetic."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.budget import (
    Countdown,
    Limits,
    Meter,
    Rival,
    Shortlist,
    choose,
    day_minutes,
    first_pass_seconds,
    planned_seconds,
    reading_seconds,
)
from triage.paper import Coffee, Paper, ScoredPaper
from triage.profile import Profile

FOCUS_ONLY = (1.0, 0.0, 0.0)


def paper(abstract_words: int, **given: Any) -> Paper:
    told: dict[str, Any] = {"id": "9911.00001", "title": "Invented", "abstract": "word " * abstract_words}
    return Paper(**{**told, **given})


def pool(rows: Sequence[tuple[float, float]], first: int = 1) -> tuple[list[ScoredPaper], dict[str, float]]:
    """A ranking, best first, and the worth of each paper, from rows of (worth, seconds)."""
    ordered = sorted(enumerate(rows, first), key=lambda row: (-row[1][0], row[0]))
    ranking = [
        ScoredPaper(paper(50, id=f"9911.{number:05d}"), score=worth, rank=rank, seconds=seconds)
        for rank, (number, (worth, seconds)) in enumerate(ordered, 1)
    ]
    return ranking, {f"9911.{number:05d}": worth for number, (worth, _) in ordered}


def pick(
    rows: Sequence[tuple[float, float]], left_s: float = 900, seed: int = 1, **limits: Any
) -> tuple[tuple[ScoredPaper, ...], tuple[ScoredPaper, ...]]:
    ranking, worth = pool(rows)
    return choose({"one": ranking}, worth={"one": worth}, limits={"one": Limits(**limits)}, left_s=left_s, seed=seed)


def total_worth(picks: Sequence[ScoredPaper]) -> float:
    return sum(one.score for one in picks if one.slot == "focus")


def ids(picks: Sequence[ScoredPaper]) -> list[str]:
    return [one.paper.id for one in picks]


class TestReadingTime:
    def test_mean_of_an_ordinary_abstract_is_about_a_minute(self) -> None:
        # by hand: 2 s + 170 words · 0.30 s · exp(0.45² / 2) = 2 + 51 · 1.10656
        assert reading_seconds(paper(170)) == pytest.approx(58.43, abs=0.01)

    def test_word_counts_are_clamped_to_what_the_model_knows(self) -> None:
        assert reading_seconds(paper(1)) == reading_seconds(paper(30))
        assert reading_seconds(paper(400)) == reading_seconds(paper(4000))
        assert reading_seconds(paper(30)) < reading_seconds(paper(31)) < reading_seconds(paper(400))

    @pytest.mark.parametrize("abstract", ["", "  \n "])
    def test_a_missing_abstract_costs_a_title_row(self, abstract: str) -> None:
        assert reading_seconds(paper(0, abstract=abstract)) == pytest.approx(3.0)
        assert planned_seconds(paper(0, abstract=abstract)) == pytest.approx(3.0 + 0.1 * 420)

    def test_first_pass_grows_with_the_root_of_the_pages_inside_five_to_ten_minutes(self) -> None:
        passes = {pages: first_pass_seconds(paper(50, comment=f"{pages} pages")) for pages in (1, 6, 12, 18, 300)}
        assert passes[12] == pytest.approx(420)
        assert passes[18] == pytest.approx(420 * 1.5**0.5)
        assert passes[1] == passes[6] == pytest.approx(300)
        assert passes[300] == pytest.approx(600)
        assert first_pass_seconds(paper(50)) == passes[12]  # no page count: the usual one is guessed

    def test_planned_time_mixes_glance_read_and_first_pass(self) -> None:
        one = paper(170, comment="12 pages, 3 figures")
        assert planned_seconds(one) == pytest.approx(0.25 * 7 + 0.75 * reading_seconds(one) + 0.1 * 420)


class TestChoice:
    def test_the_exact_set_beats_the_greedy_one(self) -> None:
        # 100 s fit. Worth per second would take the 60-second paper first and then nothing else.
        picks, left = pick([(0.62, 60), (0.5, 50), (0.5, 50)], left_s=100 / 0.85 + 1, threshold=0.4, shares=FOCUS_ONLY)
        assert ids(picks) == ["9911.00002", "9911.00003"]
        assert ids(left) == ["9911.00001"]
        assert [one.fits for one in picks + left] == [True, True, False]

    @settings(deadline=None)
    @given(
        rows=st.lists(st.tuples(st.floats(0.4, 1), st.integers(5, 60)), max_size=7),
        left_s=st.floats(0, 200),
        most=st.integers(1, 5),
    )
    def test_the_set_is_the_best_of_all_sets(self, rows: list[tuple[float, int]], left_s: float, most: int) -> None:
        picks, _ = pick(rows, left_s=left_s, threshold=0.4, max_items=most, shares=FOCUS_ONLY)
        sets = itertools.chain.from_iterable(itertools.combinations(rows, n) for n in range(most + 1))
        best = max(sum(worth for worth, _ in some) for some in sets if sum(s for _, s in some) <= 0.85 * left_s)
        assert total_worth(picks) == pytest.approx(best)

    def test_order_is_worth_per_second_and_rank_is_the_place(self) -> None:
        picks, left = pick([(0.9, 90), (0.6, 20), (0.8, 40), (0.1, 30)], threshold=0.5, shares=FOCUS_ONLY)
        assert ids(picks) == ["9911.00002", "9911.00003", "9911.00001"]
        assert [one.rank for one in picks + left] == [1, 2, 3, 4]
        assert {one.profile for one in picks + left} == {"one"}

    def test_without_a_focus_pick_there_is_no_other_pick(self) -> None:
        picks, left = pick([(0.49, 30)] * 20 + [(0.1, 30)] * 40, threshold=0.5, shares=(0.2, 0.4, 0.4))
        assert picks == ()
        assert len(left) == 60

    def test_a_focus_pick_that_does_not_fit_leaves_the_coffee_empty(self) -> None:
        picks, left = pick([(0.9, 100), (0.2, 5)], left_s=60, threshold=0.5)
        assert picks == ()
        assert [one.slot for one in left] == ["focus", "explore"]

    def test_withdrawn_papers_are_never_picked(self) -> None:
        ranking, worth = pool([(0.9, 30), (0.8, 30)])
        gone = replace(ranking[0], paper=replace(ranking[0].paper, comment="This paper has been withdrawn"))
        picks, left = choose(
            {"one": [gone, ranking[1]]}, worth={"one": worth}, limits={"one": Limits()}, left_s=900, seed=1
        )
        assert ids(picks) == ["9911.00002"]
        assert ids(left) == ["9911.00001"]

    def test_a_paper_of_unknown_worth_is_worth_nothing(self) -> None:
        ranking, _ = pool([(0.9, 30)])
        picks, left = choose({"one": ranking}, worth={}, limits={"one": Limits()}, left_s=900, seed=1)
        assert (ids(picks), ids(left)) == ([], ["9911.00001"])

    def test_papers_without_a_price_get_one(self) -> None:
        ranking, worth = pool([(0.9, 0.0)])
        picks, _ = choose({"one": ranking}, worth={"one": worth}, limits={"one": Limits()}, left_s=900, seed=1)
        assert picks[0].seconds == pytest.approx(planned_seconds(picks[0].paper))

    def test_nothing_to_choose_from(self) -> None:
        assert choose({"one": []}, worth={}, limits={"one": Limits()}, left_s=900, seed=1) == ((), ())
        assert choose({}, worth={}, limits={}, left_s=900, seed=1) == ((), ())


class TestSlots:
    ROWS = ((0.9, 80.0),) * 20 + ((0.45, 80.0),) * 20 + ((0.05, 80.0),) * 160

    def test_shares_hold_over_many_days(self) -> None:
        counts = {"focus": 0, "adjacent": 0, "explore": 0}
        for seed in range(200):
            for one in pick(self.ROWS, left_s=900, seed=seed, threshold=0.5)[0]:
                counts[one.slot] += 1
        shown = sum(counts.values())
        assert shown == 200 * 8  # what one slot leaves another one takes
        assert counts["focus"] / shown == pytest.approx(0.7, abs=0.04)
        assert counts["adjacent"] / shown == pytest.approx(0.2, abs=0.04)
        assert counts["explore"] / shown == pytest.approx(0.1, abs=0.03)

    def test_a_single_focus_pick_is_seldom_accompanied(self) -> None:
        rows = [(0.9, 80.0), *self.ROWS[20:]]
        slots = [[one.slot for one in pick(rows, seed=seed, threshold=0.5)[0]] for seed in range(400)]
        assert all(found.count("focus") == 1 and len(found) <= 3 for found in slots)
        assert sum(found.count("explore") for found in slots) / 400 == pytest.approx(0.1 / 0.7, abs=0.05)

    def test_recorded_chances_are_true(self) -> None:
        """The sum of 1 / chance over the explore picks estimates how many papers could have been drawn."""
        below, days = 180, 400
        estimate = 0.0
        for seed in range(days):
            explore = [one for one in pick(self.ROWS, seed=seed, threshold=0.5)[0] if one.slot == "explore"]
            assert all(one.chance == pytest.approx(0.8 / below) for one in explore)
            estimate += sum(1 / one.chance for one in explore) / days
        assert estimate == pytest.approx(below, rel=0.1)

    def test_a_rivals_papers_are_drawn_more_often_and_with_the_recorded_chance(self) -> None:
        """Each paper is drawn as often as its chance says: half of the 0.8 picks a day is spread over six papers."""
        days, drawn, chances = 3000, Counter[str](), {}
        ranking, worth = pool(self.ROWS)
        rival = Rival(tuple(one.paper.id for one in ranking[60:66]), part=0.5)
        limits = {"one": Limits(threshold=0.5, shares=(0.7, 0.2, 0.1))}
        for seed in range(days):
            told = {"worth": {"one": worth}, "limits": limits, "left_s": 900, "seed": seed, "rivals": {"one": rival}}
            for one in choose({"one": ranking}, **told)[0]:
                if one.slot == "explore":
                    drawn[one.paper.id] += 1
                    chances[one.paper.id] = one.chance
        for name, chance in chances.items():
            assert chance == pytest.approx(0.4 / 180 + (0.4 / 6 if name in rival.papers else 0.0))
        for name in rival.papers:
            assert drawn[name] / days == pytest.approx(chances[name], abs=4 * (chances[name] / days) ** 0.5)
        assert sum(drawn.values()) / days == pytest.approx(0.8, abs=0.04)

    def test_other_picks_have_chance_one_and_adjacent_lies_just_below_the_threshold(self) -> None:
        picks, _ = pick(self.ROWS, seed=3, threshold=0.5, shares=(0.5, 0.4, 0.1))
        others = [one for one in picks if one.slot != "explore"]
        assert {one.chance for one in others} == {1.0}
        assert {one.score for one in picks if one.slot == "adjacent"} == {0.45}

    def test_slots_are_placed_in_their_order(self) -> None:
        slots = [one.slot for one in pick(self.ROWS, seed=3, threshold=0.5, shares=(0.4, 0.3, 0.3))[0]]
        assert slots == sorted(slots, key=["focus", "adjacent", "explore"].index)
        assert set(slots) == {"focus", "adjacent", "explore"}

    def test_unused_side_shares_go_back_to_focus(self) -> None:
        picks, _ = pick([(0.9, 80.0)] * 20, left_s=900, threshold=0.5)
        assert [one.slot for one in picks] == ["focus"] * 8

    @settings(deadline=None)
    @given(seed=st.integers(0, 50), left_s=st.floats(0, 400), most=st.integers(1, 3))
    def test_the_sides_never_push_out_the_last_focus_pick(self, seed: int, left_s: float, most: int) -> None:
        picks, _ = pick(self.ROWS, left_s=left_s, seed=seed, threshold=0.5, max_items=most, shares=(0.1, 0.3, 0.6))
        assert not picks or picks[0].slot == "focus"
        assert bool(picks) == (0.85 * left_s >= 80)


class TestSeveralProfiles:
    def test_a_small_interest_keeps_its_floor_beside_a_large_one(self) -> None:
        large, worth_large = pool([(0.9, 80)] * 30)
        small, worth_small = pool([(0.55, 120)] * 2, first=500)
        picks, _ = choose(
            {"large": large, "small": small},
            worth={"large": worth_large, "small": worth_small},
            limits={"large": Limits(shares=FOCUS_ONLY), "small": Limits(shares=FOCUS_ONLY)},
            left_s=600,
            seed=1,
        )
        assert [one.profile for one in picks].count("small") == 1
        assert [one.profile for one in picks].count("large") == 4

    def test_when_not_all_floors_fit_the_most_profiles_are_served(self) -> None:
        rankings, worths = {}, {}
        for number, (name, seconds) in enumerate([("a", 300), ("b", 100), ("c", 150)]):
            rankings[name], worths[name] = pool([(0.9 - number / 10, seconds)], first=100 * number + 1)
        picks, _ = choose(rankings, worth=worths, limits=dict.fromkeys(rankings, Limits()), left_s=400, seed=1)
        assert {one.profile for one in picks} == {"b", "c"}

    @settings(deadline=None)
    @given(
        rows=st.lists(st.tuples(st.sampled_from("ab"), st.floats(0.4, 1), st.integers(5, 60)), max_size=7),
        left_s=st.floats(0, 200),
        most=st.integers(1, 3),
    )
    def test_floors_first_then_the_greatest_worth(
        self, rows: list[tuple[str, float, int]], left_s: float, most: int
    ) -> None:
        pools = {name: pool([row[1:] for row in rows if row[0] == name], first=100 * ord(name)) for name in "ab"}
        picks, _ = choose(
            {name: ranking for name, (ranking, _) in pools.items()},
            worth={name: worth for name, (_, worth) in pools.items()},
            limits=dict.fromkeys("ab", Limits(max_items=most, threshold=0.4, shares=FOCUS_ONLY)),
            left_s=left_s,
            seed=1,
        )
        sets = itertools.chain.from_iterable(itertools.combinations(rows, n) for n in range(len(rows) + 1))
        allowed = [
            some
            for some in sets
            if sum(row[2] for row in some) <= 0.85 * left_s
            and all(sum(row[0] == name for row in some) <= most for name in "ab")
        ]
        served, worth = max((len({row[0] for row in some}), sum(row[1] for row in some)) for some in allowed)
        assert (len({one.profile for one in picks}), total_worth(picks)) == (served, pytest.approx(worth))

    def test_a_paper_wanted_twice_appears_once_where_it_is_worth_most(self) -> None:
        ranking, _ = pool([(0.9, 80)])
        key = ranking[0].paper.id
        picks, left = choose(
            {"a": ranking, "b": ranking, "c": ranking},
            worth={"a": {key: 0.6}, "b": {key: 0.8}, "c": {key: 0.85}},
            limits={"a": Limits(threshold=0.5), "b": Limits(threshold=0.5), "c": Limits(threshold=0.99)},
            left_s=900,
            seed=1,
        )
        assert [(one.paper.id, one.profile) for one in picks] == [(key, "b")]
        assert left == ()


ROWS = st.lists(st.tuples(st.floats(0, 1), st.floats(3, 170)), max_size=25)
LIMITS = st.builds(
    Limits,
    max_items=st.integers(1, 8),
    threshold=st.floats(0.05, 0.95),
    shares=st.sampled_from([(0.7, 0.2, 0.1), FOCUS_ONLY, (0.3, 0.3, 0.4), (0.0, 0.5, 0.5)]),
)


@st.composite
def mornings(draw: st.DrawFn) -> dict[str, Any]:
    """Arguments of `choose`: one to three profiles whose rankings overlap."""
    ranked, worth, limits = {}, {}, {}
    for name in draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True)):
        ranked[name], worth[name] = pool(draw(ROWS), first=draw(st.integers(1, 30)))
        limits[name] = draw(LIMITS)
    return {
        "ranked": ranked,
        "worth": worth,
        "limits": limits,
        "left_s": draw(st.floats(0, 1200)),
        "seed": draw(st.integers(0, 99)),
    }


def run(given: Mapping[str, Any]) -> tuple[tuple[ScoredPaper, ...], tuple[ScoredPaper, ...]]:
    told = dict(given)
    return choose(told.pop("ranked"), **told)


class TestLaws:
    @settings(deadline=None)
    @given(mornings())
    def test_the_list_keeps_the_minutes_the_items_and_every_paper(self, given: dict[str, Any]) -> None:
        picks, left = run(given)
        assert sum(one.seconds for one in picks) <= 0.85 * given["left_s"]
        for name, limits in given["limits"].items():
            assert sum(one.profile == name for one in picks) <= limits.max_items
        every = {one.paper.id for ranking in given["ranked"].values() for one in ranking}
        assert sorted(ids(picks + left)) == sorted(every)
        assert all(0 < one.chance <= 1 for one in picks)
        for name in {one.profile for one in picks}:
            assert any(one.slot == "focus" for one in picks if one.profile == name)

    @settings(deadline=None)
    @given(mornings(), st.randoms(use_true_random=False))
    def test_the_order_of_the_input_does_not_matter(self, given: dict[str, Any], rng: random.Random) -> None:
        names = list(given["ranked"])
        rng.shuffle(names)
        shuffled = {name: rng.sample(given["ranked"][name], len(given["ranked"][name])) for name in names}
        assert run(given) == run({**given, "ranked": shuffled}) == run(given)

    @settings(deadline=None)
    @given(ROWS, st.floats(0, 1200), st.floats(0, 1200))
    def test_more_minutes_never_hold_less(self, rows: list[tuple[float, float]], one: float, two: float) -> None:
        """A law of the focus picks; a share that is drawn may cost them a little on a single day."""
        small, large = (pick(rows, left_s=left, threshold=0.3, shares=FOCUS_ONLY)[0] for left in sorted((one, two)))
        assert total_worth(small) <= total_worth(large) + 1e-9


class TestCountdown:
    def test_costs_nothing_until_it_is_started(self, clock: Any) -> None:
        countdown = Countdown(60, clock.monotonic)
        clock.advance(500)
        assert (countdown.started, countdown.elapsed(), countdown.left(), countdown.over) == (False, 0, 60, False)

    def test_counts_down_and_ends_exactly(self, clock: Any) -> None:
        clock.advance(7)
        countdown = Countdown(60, clock.monotonic)
        countdown.start()
        clock.advance(59.5)
        assert (countdown.left(), countdown.over) == (0.5, False)
        countdown.start()  # a second start changes nothing
        clock.advance(0.5)
        assert (countdown.left(), countdown.over, countdown.elapsed()) == (0, True, 60)
        clock.advance(5)
        assert (countdown.left(), countdown.elapsed()) == (0, 65)

    def test_an_empty_coffee_is_over_at_once(self, clock: Any) -> None:
        assert Countdown(0, clock.monotonic).over
        assert Countdown(-3, clock.monotonic).left() == 0

    def test_share_used_counts_earlier_sessions(self, clock: Any) -> None:
        countdown = Countdown(300, clock.monotonic)
        countdown.start()
        assert countdown.share_used(900) == pytest.approx(2 / 3)
        clock.advance(120)
        assert countdown.share_used(900) == pytest.approx(0.8)
        assert countdown.share_used(200) == pytest.approx(0.1)
        assert countdown.share_used(0) == 1


class TestPauseAndRefill:
    def test_a_pause_is_no_drinking_time_and_ends_by_itself(self, clock: Any) -> None:
        countdown = Countdown(600, clock.monotonic)
        countdown.start()
        clock.advance(100)
        countdown.pause()
        clock.advance(60)
        countdown.pause()  # a second one changes nothing
        assert (countdown.elapsed(), countdown.pause_left()) == (100, 240)
        countdown.resume()
        clock.advance(10)
        assert (countdown.elapsed(), countdown.pause_left()) == (110, 0)

    def test_a_pause_that_nobody_ends_is_over_after_five_minutes(self, clock: Any) -> None:
        countdown = Countdown(600, clock.monotonic)
        countdown.start()
        countdown.pause()
        clock.advance(350)
        assert (countdown.elapsed(), countdown.pause_left()) == (50, 0)
        countdown.resume()
        assert countdown.elapsed() == 50

    def test_a_refill_adds_to_an_empty_cup_and_the_wait_for_it_costs_nothing(self, clock: Any) -> None:
        ledger = Ledger()
        countdown = Countdown(60, clock.monotonic)
        meter = Meter(countdown, ledger.charge)
        countdown.start()
        clock.advance(75)
        meter.beat()
        assert ledger.spent == 60
        countdown.refill(300)
        assert (countdown.left(), countdown.elapsed()) == (300, 60)
        clock.advance(7)
        meter.beat()
        assert ledger.spent == 70
        meter.settle()
        assert ledger.spent == 67


class Ledger:
    """What the store would keep: a sum, and the writes that made it."""

    def __init__(self) -> None:
        self.writes: list[float] = []

    def charge(self, seconds: float) -> None:
        self.writes.append(seconds)

    @property
    def spent(self) -> float:
        return sum(self.writes)


class TestMeter:
    def running(self, clock: Any, left_s: float = 60) -> tuple[Countdown, Meter, Ledger]:
        ledger = Ledger()
        countdown = Countdown(left_s, clock.monotonic)
        return countdown, Meter(countdown, ledger.charge), ledger

    def test_pays_ahead_once_a_step_and_gives_the_rest_back(self, clock: Any) -> None:
        countdown, meter, ledger = self.running(clock)
        meter.beat()
        assert ledger.writes == []  # not started
        countdown.start()
        for _ in range(12):
            meter.beat()
            clock.advance(0.5)
        assert ledger.writes == [5, 5]  # 6 s used, 10 s paid: a kill here gives nothing back
        meter.settle()
        meter.settle()
        assert ledger.writes == [5, 5, -4]

    def test_never_charges_more_than_the_coffee(self, clock: Any) -> None:
        countdown, meter, ledger = self.running(clock, left_s=7)
        countdown.start()
        meter.beat()
        clock.advance(6)
        meter.beat()
        assert ledger.writes == [5, 2]
        clock.advance(500)  # stopped and continued past the end: charged, but not beyond the coffee
        meter.beat()
        meter.settle()
        assert ledger.writes == [5, 2]

    def test_a_failed_write_is_tried_again(self, clock: Any) -> None:
        ledger = Ledger()
        broken = [True]

        def charge(seconds: float) -> None:
            if broken.pop() if broken else False:
                raise OSError("disk full")
            ledger.charge(seconds)

        countdown = Countdown(60, clock.monotonic)
        meter = Meter(countdown, charge)
        countdown.start()
        with pytest.raises(OSError, match="disk full"):
            meter.beat()
        meter.beat()
        assert ledger.writes == [5]

    @settings(deadline=None)
    @given(
        ticks=st.lists(st.tuples(st.floats(0, 40), st.sampled_from(["beat", "settle"])), max_size=30),
        left_s=st.floats(0, 200),
    )
    def test_charged_is_ahead_by_a_step_at_most_and_exact_when_settled(
        self, ticks: list[tuple[float, str]], left_s: float
    ) -> None:
        seconds = [0.0]
        ledger = Ledger()
        countdown = Countdown(left_s, lambda: seconds[0])
        meter = Meter(countdown, ledger.charge)
        countdown.start()
        for passed, call in ticks:
            seconds[0] += passed
            used = min(countdown.elapsed(), left_s)
            getattr(meter, call)()
            assert used - 1e-6 <= ledger.spent <= min(used + 5, left_s) + 1e-6
        meter.settle()
        assert ledger.spent == pytest.approx(min(countdown.elapsed(), left_s), abs=1e-6)
        assert meter.charged == min(countdown.elapsed(), left_s)


class TestCoffee:
    def test_what_is_left_of_a_day(self) -> None:
        day = Coffee(date(2026, 11, 20), budget_s=900, spent_s=600)
        assert day.left_s == 300
        assert replace(day, refills=1).left_s == 600
        assert replace(day, spent_s=2000).left_s == 0
        assert replace(day, state="left").left_s == 300
        assert replace(day, state="finished").left_s == 0

    def test_the_largest_budget_of_the_weekday_counts(self) -> None:
        one = Profile("one", "words", ("cs.LG",), minutes=15, weekdays={"mon": 10, "sat": 0})
        two = Profile("two", "words", ("cs.CL",), minutes=12)
        assert day_minutes([one, two], "tue") == 15
        assert day_minutes([one, two], "mon") == 12
        assert day_minutes([one], "sat") == 0
        assert day_minutes([], "mon") == 0


class TestShortlist:
    @pytest.fixture
    def today(self, make_paper: Callable[..., Paper]) -> Shortlist:
        papers = [make_paper(id=f"9911.0000{n}", title=f"Paper\x1b[31m {n}") for n in range(1, 5)]
        scored = [
            ScoredPaper(one, score=1 / rank, rank=rank, profile="one", seconds=60.04, why=("near \u202ex",))
            for rank, one in enumerate(papers, 1)
        ]
        return Shortlist(
            state="ready",
            profiles=("one",),
            announced=date(2026, 11, 20),
            covers={"cs.LG": date(2026, 11, 20)},
            missing={"cs.CL": "no answer"},
            budget_s=900,
            left_s=600,
            ranker="fusion",
            ranker_version="1",
            papers=tuple(scored[:2]),
            left_out=tuple(replace(one, fits=False) for one in scored[2:]),
        )

    def test_figures(self, today: Shortlist) -> None:
        assert today.total == 4
        assert today.seconds == pytest.approx(120.08)
        assert today.best is today.left_out[0]
        assert replace(today, left_out=()).best is None

    def test_best_prefers_a_known_probability(self, today: Shortlist) -> None:
        low, high = replace(today.left_out[0], probability=0.02), replace(today.left_out[1], probability=0.08)
        assert replace(today, left_out=(low, high)).best is high

    def test_json_has_the_promised_shape(self, today: Shortlist) -> None:
        told = json.loads(json.dumps(today.to_json()))
        rows = told.pop("papers")
        assert told == {
            "schema": 1,
            "state": "ready",
            "profiles": ["one"],
            "announced": "2026-11-20",
            "covers": {"cs.LG": "2026-11-20"},
            "missing": {"cs.CL": "no answer"},
            "budget_s": 900,
            "left_s": 600,
            "ranker": {"name": "fusion", "version": "1"},
            "left_out": 2,
            "notes": [],
            "drift": {"alarm": False, "reason": ""},
            "calibration": {},
        }
        assert rows[0] == {
            "id": "9911.00001",
            "version": 1,
            "title": "Paper 1",
            "profile": "one",
            "slot": "focus",
            "rank": 1,
            "score": 1.0,
            "probability": None,
            "seconds": 60.0,
            "fits": True,
            "why": ["near x"],
        }

    def test_everything_lists_the_papers_left_out_after_the_others(self, today: Shortlist) -> None:
        told: Any = today.to_json(everything=True)
        assert [(row["rank"], row["fits"]) for row in told["papers"]] == [(1, True), (2, True), (3, False), (4, False)]
        assert told["left_out"] == 2

    def test_a_day_without_an_announcement(self, today: Shortlist) -> None:
        told = replace(today, state="quiet", announced=None, covers={}, papers=(), left_out=()).to_json()
        assert (told["announced"], told["papers"], told["left_out"]) == (None, [], 0)


def test_import_is_light() -> None:
    code = "import sys, triage.budget; print({'numpy', 'torch', 'textual', 'sqlite3', 'pylatexenc'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
