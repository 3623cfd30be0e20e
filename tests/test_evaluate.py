"""Shares with their intervals, the reader's days replayed, drift, the kill switch and trials: the numbers alone."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from triage.evaluate import (
    SESSIONS,
    Day,
    Outcome,
    Pick,
    Replay,
    comparable,
    deployed,
    drift,
    psi,
    ranker_precision,
    recall,
    review,
    share,
    slot_precision,
    team_draft,
    trial,
    weeks,
    wilson,
)
from triage.evaluate.switch import below
from triage.paper import Interval, Review

MONDAY = date(2026, 11, 2)


def outcomes(*days: str) -> list[Outcome]:
    """One coffee for each text: + is a kept paper, - a dismissed one."""
    return [Outcome(MONDAY + timedelta(days=n), mark == "+") for n, day in enumerate(days) for mark in day]


class TestIntervals:
    @pytest.mark.parametrize(("hits", "n"), [(15, 50), (0, 7), (7, 7), (1, 3), (96, 310)])
    def test_wilson_is_scipys(self, hits: int, n: int) -> None:
        theirs = stats.binomtest(hits, n).proportion_ci(confidence_level=0.95, method="wilson")
        mine = wilson(hits, n, z=stats.norm.ppf(0.975))
        assert [mine.low, mine.high] == pytest.approx([theirs.low, theirs.high], abs=1e-9)

    def test_nothing_observed_is_no_value_and_the_whole_range(self) -> None:
        assert (wilson(0, 0).value, wilson(0, 0).low, wilson(0, 0).high) == (None, 0.0, 1.0)
        assert (share([]).value, share([]).low, share([]).high) == (None, 0.0, 1.0)

    @pytest.mark.parametrize(("hits", "n"), [(2, 1), (-1, 3)])
    def test_impossible_counts_are_refused(self, hits: int, n: int) -> None:
        with pytest.raises(ValueError, match="between 0 and n"):
            wilson(hits, n)

    @given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
    def test_the_interval_holds_the_value_and_narrows_with_more_of_the_same(self, counts: tuple[int, int]) -> None:
        hits, n = counts
        one, many = wilson(hits, n), wilson(4 * hits, 4 * n)
        assert one.value is not None
        assert 0 <= one.low <= one.value <= one.high <= 1
        assert many.high - many.low < one.high - one.low

    @given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.floats(1, 1000)), min_size=1, max_size=60))
    def test_a_weighted_share_lies_in_its_interval(self, rows: list[tuple[int, bool, float]]) -> None:
        found = share(Outcome(MONDAY + timedelta(days=day), positive, weight) for day, positive, weight in rows)
        assert found.value is not None
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert found.n == len(rows)
        assert found.effective <= len(rows) + 1e-9

    def test_equal_weights_in_one_coffee_are_wilson(self) -> None:
        mine, plain = share(outcomes("++---")), wilson(2, 5)
        assert (mine.value, mine.low, mine.high) == pytest.approx((plain.value, plain.low, plain.high))

    def test_mornings_that_are_alike_count_for_less(self) -> None:
        """Ten coffees of four papers that are all kept or all dismissed say as much as ten papers."""
        alike, mixed = share(outcomes(*["++++", "----"] * 5)), share(outcomes(*["++--"] * 10))
        assert alike.effective == pytest.approx(9.0)
        assert mixed.effective == pytest.approx(40.0)
        assert alike.high - alike.low > 1.5 * (mixed.high - mixed.low)

    def test_unequal_weights_count_as_kish_says(self) -> None:
        """Kish 1965: (1 + 1 + 1 + 97)^2 / (1 + 1 + 1 + 97^2) = 1.0625."""
        found = share([*outcomes("+++"), Outcome(MONDAY, False, 97.0)])
        assert found.value == pytest.approx(0.03)
        assert found.effective == pytest.approx(10_000 / 9_412)

    def test_the_interval_covers_the_truth_where_mornings_differ(self) -> None:
        """Clustered draws with a true share of 0.3: covered in at least 92 % of 400 runs, by plain Wilson in fewer."""
        rng = np.random.default_rng(4)
        covered = plain = 0
        for _ in range(400):
            chances = rng.beta(0.9, 2.1, size=40)
            rows = [
                Outcome(MONDAY + timedelta(days=d), bool(rng.random() < p))
                for d, p in enumerate(chances)
                for _ in "12345"
            ]
            one, other = share(rows), wilson(sum(row.positive for row in rows), len(rows))
            covered += one.low <= 0.3 <= one.high
            plain += other.low <= 0.3 <= other.high
        assert covered >= 0.92 * 400 > plain


def day(
    number: int,
    picks: dict[str, bool | None],
    *,
    ranker: str = "fusion",
    slots: dict[str, str] | None = None,
    chances: dict[str, float] | None = None,
    teams: dict[str, str] | None = None,
    **orders: list[str],
) -> Replay:
    """One coffee; every pick is a focus pick unless `slots` says otherwise."""
    told = tuple(
        Pick(
            name,
            (slots or {}).get(name, "focus"),
            kept,
            (chances or {}).get(name, 1.0),
            None,
            (teams or {}).get(name, ""),
        )
        for name, kept in picks.items()
    )
    when = MONDAY + timedelta(days=number)
    named = {name.replace("_", "-"): tuple(order) for name, order in orders.items()}
    return Replay(when, when, "mine", ranker, told, named)


class TestReplay:
    def test_a_slot_is_judged_apart_and_what_was_not_judged_counts_neither_way(self) -> None:
        one = day(0, {"a": True, "b": False, "c": None, "d": True}, slots={"d": "explore"}, chances={"d": 0.01})
        assert slot_precision([one], "focus").value == 0.5
        assert slot_precision([one], "focus").n == 2
        assert slot_precision([one], "explore").value == 1.0
        assert slot_precision([one], "adjacent").value is None

    def test_a_baseline_is_judged_on_what_it_would_have_shown(self) -> None:
        """It shares one focus pick, and one more was drawn as an explore pick, whose weight is one over its chance."""
        one = day(
            0,
            {"a": True, "b": False, "x": False},
            slots={"x": "explore"},
            chances={"x": 0.25},
            fusion=["a", "b", "x", "y"],
            tfidf_svm=["a", "x", "y", "b"],
        )
        assert ranker_precision([one], "fusion").value == 0.5
        assert ranker_precision([one], "tfidf-svm").value == pytest.approx(1 / (1 + 4))
        assert ranker_precision([one], "tfidf-svm", k=1).value == 1.0
        assert ranker_precision([one], "random").value == pytest.approx(1 / (1 + 1 + 4))

    def test_only_days_that_every_ranker_ranked_are_compared_and_none_of_a_trial(self) -> None:
        whole, half = day(0, {"a": True}, fusion=["a"], newest=["a"]), day(1, {"a": True}, fusion=["a"])
        shared = day(2, {"a": True}, teams={"a": "fusion"}, fusion=["a"], newest=["a"])
        assert comparable([whole, half, shared], ["fusion", "newest"]) == [whole]
        assert ranker_precision([shared], "fusion").value is None

    def test_inverse_probability_is_unbiased_for_the_deployed_ranker_and_for_the_baseline(self) -> None:
        """Deployed right 40 %, the baseline 20 % of the time where they differ: both shares come out within 0.03."""
        days = list(_simulated(3000, seed=1, mine=0.4, theirs=0.2))
        assert ranker_precision(days, "fusion").value == pytest.approx(0.4, abs=0.03)
        assert ranker_precision(days, "tfidf-svm").value == pytest.approx(0.2, abs=0.03)

    def test_recall_is_what_the_simulation_put_there(self) -> None:
        """2,000 days of 5 focus picks (40 % worth it) and 195 left out, of which 5 at 20 % and 190 at 1 % are."""
        found = recall(_simulated(2000, seed=2, mine=0.4, theirs=0.2))
        truth = 5 * 0.4 / (5 * 0.4 + 5 * 0.2 + 190 * 0.01)
        assert found.value == pytest.approx(truth, abs=0.08)
        assert found.low <= truth <= found.high

    def test_recall_without_a_kept_explore_pick_is_not_certainty(self) -> None:
        days = [
            day(n, {"a": True, "x": False}, slots={"x": "explore"}, chances={"x": 0.1}, fusion=["a", *"bcdefghijx"])
            for n in range(5)
        ]
        found = recall(days)
        assert (found.value, found.high) == (1.0, 1.0)
        assert found.low < 0.3
        assert recall([day(0, {"a": True}, fusion=["a", "b"])]).value is None


def _simulated(days: int, *, seed: int, mine: float, theirs: float, rest: float = 0.01) -> list[Replay]:
    """Days of 200 papers: the deployed ranker's five, the baseline's other five, one explore pick half for those."""
    rng = Random(seed)
    found = []
    for number in range(days):
        ids = [f"{number}-{place:03}" for place in range(200)]
        kept = {
            one: rng.random() < (mine if place < 5 else theirs if place < 10 else rest) for place, one in enumerate(ids)
        }
        others = ids[5:]
        chance = {one: 0.5 / len(others) + (0.1 if place < 5 else 0.0) for place, one in enumerate(others)}
        drawn = rng.choices(others, [chance[one] for one in others])[0]
        shown = {one: kept[one] for one in [*ids[:5], drawn]}
        order = {"fusion": ids, "tfidf_svm": [*ids[5:10], *ids[:5], *ids[10:]]}
        found.append(day(number, shown, slots={drawn: "explore"}, chances={drawn: chance[drawn]}, **order))
    return found


class TestDrift:
    @staticmethod
    def feed(
        rng: np.random.Generator, days: int, *, shift: float = 0.0, papers: int = 150, start: int = 0
    ) -> list[Day]:
        found = []
        for number in range(start, start + days):
            scores = rng.normal(shift + rng.normal(0, 0.05), 1.0, size=papers)
            hits = int(rng.binomial(4, 0.3))
            found.append(Day(MONDAY + timedelta(days=number), tuple(scores), int((scores > 2).sum()), 4, hits))
        return found

    def test_the_index_is_the_textbook_sum(self) -> None:
        """Siddiqi 2006: the sum over the bins of (p - q) ln(p / q), here with half an observation added to each."""
        before, now = np.arange(1000.0), np.arange(500.0)
        p, q = np.full(10, 100.5) / 1005, np.r_[np.full(5, 100.5), np.full(5, 0.5)] / 505
        assert psi(before, now) == pytest.approx(float(((q - p) * np.log(q / p)).sum()))
        assert psi(before, before) == pytest.approx(0.0)
        assert psi(np.zeros(50), np.zeros(20)) == 0.0

    def test_an_unchanged_feed_follows_chi_square(self) -> None:
        """Yurdakul 2018: the index over (1/n + 1/m) has about the mean and the tail of chi-square with 9 degrees."""
        rng = np.random.default_rng(7)
        found = [psi(rng.normal(size=2000), rng.normal(size=500)) / (1 / 2000 + 1 / 500) for _ in range(1000)]
        assert np.mean(found) == pytest.approx(9.0, rel=0.1)
        assert np.mean(np.array(found) > stats.chi2.ppf(0.999, 9)) <= 0.005

    def test_a_changed_feed_raises_the_alarm_and_says_what_changed(self) -> None:
        rng = np.random.default_rng(3)
        found = drift([*self.feed(rng, 20), *self.feed(rng, 5, shift=1.5, start=20)])
        assert found.alarm
        assert "PSI" in found.reason
        assert "above the threshold" in found.reason

    def test_a_reader_who_stops_keeping_raises_it_too(self) -> None:
        rng = np.random.default_rng(3)
        before = [Day(one.announced, one.scores, one.above, 8, 6) for one in self.feed(rng, 20)]
        now = [Day(one.announced, one.scores, one.above, 8, 0) for one in self.feed(rng, 5, start=20)]
        assert drift([*before, *now]).reason == "focus picks kept: 0.0% against 75.0%"

    def test_few_days_say_nothing(self) -> None:
        rng = np.random.default_rng(3)
        found = drift([*self.feed(rng, 9), *self.feed(rng, 5, shift=5, start=9)])
        assert (found.alarm, found.psi, found.days) == (False, None, 14)
        assert drift([]).days == 0

    def test_weeks_add_up(self) -> None:
        days = self.feed(np.random.default_rng(3), 10)
        found = weeks(days)
        assert [one.monday for one in found] == [MONDAY, MONDAY + timedelta(days=7)]
        assert sum(one.above for one in found) == sum(one.above for one in days)
        assert sum(one.ranked for one in found) == 1500

    @pytest.mark.slow
    def test_false_alarms_are_rare(self) -> None:
        """200 unchanged feeds of 40 announcements, looked at every day: a run with any alarm at all in at most 5 %."""
        runs = 0
        for seed in range(200):
            days = self.feed(np.random.default_rng(seed), 40)
            runs += any(drift(days[:end]).alarm for end in range(15, 41))
        assert runs <= 10


def judged(mine: Interval, theirs: Interval, *, apart: int = 0, ranker: str = "fusion", version: str = "2") -> Review:
    rival = "tfidf-svm" if ranker == "fusion" else "fusion"
    decided = rival if apart >= SESSIONS else ranker
    return Review(MONDAY, ranker, rival, version, mine, theirs, apart, decided)


class TestSwitch:
    BAD, GOOD = wilson(2, 100), wilson(40, 100)

    def test_below_needs_intervals_that_do_not_touch_and_enough_behind_them(self) -> None:
        assert below(self.BAD, self.GOOD)
        assert not below(self.GOOD, self.BAD)
        assert not below(wilson(30, 100), wilson(40, 100))
        assert not below(wilson(0, 19), self.GOOD)
        assert not below(self.BAD, Interval(0.9, 0.5, 1.0, n=40, effective=1.2))

    def run(self, mine: float, theirs: float, days: int, seed: int, *, ranker: str = "fusion") -> list[Review]:
        """Review after every coffee, as a reader meets it."""
        found: list[Review] = []
        simulated = _simulated(days, seed=seed, mine=mine, theirs=theirs)
        for end in range(1, days + 1):
            new = review(simulated[:end], found, ranker=ranker, default="fusion", version="2")
            assert new is not None
            found.append(new)
            if new.switched:
                break
        return found

    def test_a_bad_ranker_is_replaced_after_the_stated_number_of_sessions_in_a_row(self) -> None:
        found = self.run(0.01, 0.4, 60, seed=5)
        assert found[-1].switched
        assert found[-1].decided == "tfidf-svm"
        assert [one.apart for one in found[-SESSIONS:]] == list(range(1, SESSIONS + 1))

    def test_a_good_ranker_stays(self) -> None:
        assert not any(self.run(0.4, 0.2, 60, seed=seed)[-1].switched for seed in range(3))

    def test_one_good_session_starts_the_count_again(self) -> None:
        before = [judged(self.BAD, self.GOOD, apart=4)]
        simulated = _simulated(10, seed=1, mine=0.4, theirs=0.2)
        new = review(simulated, before, ranker="fusion", default="fusion", version="2")
        assert new is not None
        assert (new.apart, new.decided) == (0, "fusion")

    def test_nothing_judged_is_no_review(self) -> None:
        assert review([day(0, {"a": None}, fusion=["a"])], [], ranker="fusion", default="fusion", version="2") is None

    def test_who_is_deployed(self) -> None:
        lost = judged(self.BAD, self.GOOD, apart=SESSIONS)
        told = {"default": "fusion", "version": "2"}
        assert deployed(None, pinned="", **told) == "fusion"
        assert deployed(lost, pinned="", **told) == "tfidf-svm"
        assert deployed(lost, pinned="fusion", **told) == "fusion"
        assert deployed(lost, pinned="", default="fusion", version="3") == "fusion", "a mended version has a new chance"

    def test_the_replaced_ranker_comes_back_by_the_same_rule(self) -> None:
        """After the switch the baseline is deployed; five sessions in a row below, and it makes way again."""
        lost = judged(self.BAD, self.GOOD, apart=SESSIONS)
        found = [lost]
        for one in range(1, 41):
            days = [_swapped(each) for each in _simulated(one, seed=9, mine=0.01, theirs=0.5)]
            later = [Replay(each.coffee + timedelta(days=1), *_rest(each)) for each in days]
            new = review(later, found, ranker="tfidf-svm", default="fusion", version="2")
            assert new is not None
            found.append(new)
            if new.switched:
                break
        assert (found[-1].decided, found[-1].apart) == ("fusion", SESSIONS)

    @pytest.mark.slow
    def test_false_replacements_are_rare(self) -> None:
        """200 readers of 40 coffees with a baseline exactly as good: replaced in at most 3 % of the runs."""
        assert sum(self.run(0.3, 0.3, 40, seed=seed)[-1].switched for seed in range(200)) <= 6


def _swapped(replay: Replay) -> Replay:
    """The same day with the two rankers in each other's place."""
    orders = {"fusion": replay.orders["tfidf-svm"], "tfidf-svm": replay.orders["fusion"]}
    return Replay(replay.coffee, replay.announced, replay.profile, "tfidf-svm", replay.picks, orders)


def _rest(replay: Replay) -> tuple[date, str, str, tuple[Pick, ...], object]:
    return replay.announced, replay.profile, replay.ranker, replay.picks, replay.orders


ORDERS = st.lists(st.integers(0, 30).map(str), unique=True, max_size=25)


class TestTrial:
    @given(ORDERS, ORDERS, st.integers())
    def test_a_draft_loses_nothing_and_repeats_nothing(self, first: list[str], second: list[str], seed: int) -> None:
        drafted = team_draft(first, second, Random(seed))
        assert Counter(name for name, _ in drafted) == Counter(set(first) | set(second))
        assert all(name in (first, second)[team] for name, team in drafted)

    @given(st.permutations([str(n) for n in range(12)]), st.permutations([str(n) for n in range(12)]), st.integers())
    def test_a_draft_is_fair_at_every_length(self, first: list[str], second: list[str], seed: int) -> None:
        """Over the same papers no team is ever more than one pick ahead, and each picks in its own order."""
        drafted = team_draft(first, second, Random(seed))
        for end in range(len(drafted) + 1):
            teams = [team for _, team in drafted[:end]]
            assert abs(teams.count(0) - teams.count(1)) <= 1
        for team, order in enumerate((first, second)):
            mine = [order.index(name) for name, whose in drafted if whose == team]
            assert mine == sorted(mine)

    def test_rankers_that_agree_get_the_first_place_equally_often(self) -> None:
        first = sum(team_draft(["a", "b"], ["a", "b"], Random(seed))[0][1] for seed in range(2000))
        assert first == pytest.approx(1000, abs=4 * math.sqrt(500))

    @staticmethod
    def coffees(days: int, seed: int, chances: dict[str, float]) -> list[Replay]:
        rng = Random(seed)
        found = []
        for number in range(days):
            teams = {f"{number}-{place}": name for place, name in enumerate([*chances] * 3)}
            kept = {name: rng.random() < chances[team] for name, team in teams.items()}
            found.append(day(number, dict(kept), teams=teams))
        return found

    def test_the_better_one_wins_and_a_tie_has_no_winner(self) -> None:
        better = trial(self.coffees(40, 1, {"fusion": 0.5, "tfidf-svm": 0.1}), "fusion", "tfidf-svm")
        assert better.winner == "fusion"
        assert better.coffees == 40
        assert better.shown == {"fusion": 120, "tfidf-svm": 120}
        assert (
            trial(self.coffees(40, 1, {"tfidf-svm": 0.5, "fusion": 0.1}), "fusion", "tfidf-svm").winner == "tfidf-svm"
        )
        assert trial(self.coffees(40, 1, {"fusion": 0.3, "tfidf-svm": 0.3}), "fusion", "tfidf-svm").winner == ""

    def test_three_kept_papers_name_nobody(self) -> None:
        few = [day(n, {"a": True}, teams={"a": "fusion"}) for n in range(3)]
        assert trial(few, "fusion", "newest").winner == ""

    @pytest.mark.slow
    def test_a_tie_seldom_names_a_winner_although_it_is_looked_at_every_day(self) -> None:
        wrong = 0
        for seed in range(200):
            days = self.coffees(40, seed, {"fusion": 0.3, "tfidf-svm": 0.3})
            wrong += any(trial(days[:end], "fusion", "tfidf-svm").winner for end in range(1, 41))
        assert wrong <= 20
