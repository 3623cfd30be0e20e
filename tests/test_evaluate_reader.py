"""A simulated reader over forty coffees through the real store: who stays, who is replaced, who wins, what drifts."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from homes import ranked_home
from reader import FIRST, GOOD, LADDER, PAPERS, PROFILE, SABOTAGED, WANTED, Reader

from triage import rank
from triage.cli import main
from triage.demo import DAYS, DemoServer
from triage.digest import text_part
from triage.evaluate import SESSIONS, report
from triage.paper import Verdict
from triage.pipeline import remember, replays, shortlist
from triage.pipeline.calibration import calibrations
from triage.store import Store
from triage.tui.phrases import headings

if TYPE_CHECKING:
    from conftest import FakeEncoder


def test_a_good_ranker_stays_and_is_measured_against_every_baseline() -> None:
    with closing(Store()) as store:
        reader = Reader(store, GOOD)
        reader.live(40)
        assert set(reader.deployed) == {"fusion"}
        assert set(reader.alarms) == {""}
        found = report(replays(store), tuple(rank.RANKERS), "fusion", "fusion")
        assert (found.coffees, found.compared, found.left_out) == (40, 40, 0)
        shares = {name: one.at_shown.value or 0.0 for name, one in found.rankers.items()}
        assert shares["fusion"] == max(shares.values()) > 0.4
        assert shares["random"] == pytest.approx(WANTED / PAPERS * 0.7 + 0.01, abs=0.1)
        assert 200 <= found.slots["focus"].n <= 40 * 6
        assert found.calibration.n > 240
        assert len(store.reviews()) == 39


def test_a_sabotaged_ranker_is_replaced_and_the_list_says_so() -> None:
    with closing(Store()) as store:
        reader = Reader(store, SABOTAGED)
        reader.live(40)
        assert reader.deployed[0] == "fusion"
        assert reader.deployed[-1] == "tfidf-svm"
        last = [one for one in store.reviews() if one.switched]
        assert len(last) == 1
        assert last[0].apart == SESSIONS
        assert last[0].mine.high < last[0].theirs.low
        at = FIRST + timedelta(days=40)
        listed = shortlist(store, PROFILE, minutes=30, now=at, ranker="tfidf-svm")
        assert any(note.startswith("tfidf-svm ranks in the place of fusion since") for note in listed.notes)
        assert [note for note in reader.notes if "tfidf-svm ranks in the place of fusion" in note]


def test_a_pinned_ranker_is_honoured_however_bad_it_is() -> None:
    with closing(Store()) as store:
        reader = Reader(store, SABOTAGED, pinned="fusion")
        reader.live(40)
        assert set(reader.deployed) == {"fusion"}
        assert store.reviews() == []


def test_a_list_of_the_baseline_keeps_the_threshold_the_slots_and_the_explore_picks() -> None:
    with closing(Store()) as store:
        Reader(store, GOOD, pinned="tfidf-svm").live(20)
        slots = [pick.slot for replay in replays(store) for pick in replay.picks]
        assert 100 <= slots.count("focus") <= 20 * 6
        assert 5 <= slots.count("explore") <= 30
        assert store.orders("mine", FIRST.date())["tfidf-svm"].keys() >= {
            one.paper_id for one in store.first_shown()[:6]
        }


def test_a_trial_names_the_better_ranker_and_hides_who_picked_what() -> None:
    with closing(Store()) as store:
        reader = Reader(store, {**GOOD, "tfidf-svm": None}, against="tfidf-svm")
        reader.live(40)
        assert set(reader.deployed) == {"fusion"}, "days of a trial replace nobody"
        found = report(replays(store), tuple(rank.RANKERS), "fusion", "fusion")
        assert [(one.first, one.second, one.winner) for one in found.trials] == [("fusion", "tfidf-svm", "fusion")]
        assert abs(found.trials[0].shown["fusion"] - found.trials[0].shown["tfidf-svm"]) <= 40
        assert found.compared == 0
        at = FIRST + timedelta(days=39)
        told = shortlist(store, PROFILE, minutes=30, now=at, ranker="fusion", against="tfidf-svm").to_json(
            everything=True
        )
        assert "picked_by" not in json.dumps(told)
        assert any("a trial: fusion and tfidf-svm share this list" in note for note in told["notes"])


def test_a_trial_of_equals_has_no_winner() -> None:
    with closing(Store()) as store:
        Reader(store, {**GOOD, "tfidf-svm": GOOD["fusion"]}, against="tfidf-svm", seed=1).live(30)
        assert report(replays(store), ("fusion",), "fusion", "fusion").trials[0].winner == ""


def test_a_changed_feed_raises_the_alarm_in_the_list_and_an_unchanged_one_does_not() -> None:
    with closing(Store()) as store:
        reader = Reader(store, GOOD, shift_from=30)
        reader.live(36)
        assert set(reader.alarms[:30]) == {""}
        assert "scores are distributed unlike the weeks before" in reader.alarms[-1]
        at = FIRST + timedelta(days=35)
        listed = shortlist(store, PROFILE, minutes=30, now=at, ranker="fusion")
        assert all("drift" in heading for heading in headings(listed, 6) if heading)
        assert reader.alarms[-1] in text_part(listed).replace("\n           ", " ")


def test_scores_from_after_the_verdicts_are_not_believed() -> None:
    """A day that is ranked again with its own verdicts would know the answers."""
    with closing(Store()) as store:
        Reader(store, GOOD).live(1)
        before = replays(store)
        kept = [pick.paper for pick in before[0].picks if pick.positive]
        papers = list(store.papers(store.orders("mine", FIRST.date())["newest"]).values())
        sees = {one.id: float(one.id in kept) for one in papers}
        Reader(store, GOOD).rank("newest", papers, sees, FIRST + timedelta(hours=9))
        assert replays(store) == before


def test_a_ranked_day_holds_the_scores_of_every_ranker_and_was_looked_at_for_drift(
    tmp_path: Path, encoder: FakeEncoder
) -> None:
    with DemoServer() as server:
        home = ranked_home(tmp_path / "home", server, encoder)
    with closing(Store(home / "triage.db")) as store:
        for day in DAYS:
            orders = store.orders("efficient-inference", day)
            assert orders.keys() == rank.RANKERS.keys()
            assert len({frozenset(order) for order in orders.values()}) == 1
        looked = store.rows("SELECT profile, announced, reason, days FROM drifts ORDER BY announced")
        assert looked == [("efficient-inference", day.isoformat(), "", n) for n, day in enumerate(sorted(DAYS), 1)]


def test_a_review_looks_back_a_bounded_time() -> None:
    with closing(Store()) as store:
        Reader(store, GOOD).live(6)
        since = FIRST.date() + timedelta(days=4)
        assert {one.coffee for one in replays(store, since=since)} == {since, since + timedelta(days=1)}


def test_what_was_shown_is_kept_with_ranker_version_and_parameters() -> None:
    with closing(Store()) as store:
        Reader(store, GOOD).live(1)
        row = store.rows("SELECT ranker, version, parameters FROM shortlists")[0]
        assert row[:2] == ("fusion", rank.RANKERS["fusion"].version)
        told = json.loads(str(row[2]))
        assert told["profiles"]["mine"]["threshold"] == 0.2
        assert told["profiles"]["mine"]["shares"] == [0.7, 0.2, 0.1]
        assert told["profiles"]["mine"]["fingerprint"] == PROFILE.fingerprint


@pytest.fixture
def lived(home: Path) -> Path:
    """A home whose reader has had forty coffees."""
    (home / "profiles").mkdir(parents=True)
    text = 'statement = "what I look for"\ncategories = ["cs.LG"]\n[shortlist]\nthreshold = 0.2\n'
    (home / "profiles" / "mine.toml").write_text(text)
    with closing(Store(home / "triage.db")) as store:
        Reader(store, SABOTAGED).live(40)
    return home


def test_the_commands_tell_it_all(lived: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["evaluate", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["deployed"] == "tfidf-svm"
    assert set(told["rankers"]) == set(rank.RANKERS)
    assert {"precision_at_5", "low", "high"} <= set(told["rankers"]["newest"])
    assert told["n_verdicts"] > 200
    assert main(["evaluate"]) == 0
    text = capsys.readouterr().out
    assert "Recall of the focus picks" in text
    assert "tfidf-svm ranks in the place of fusion since" in text
    assert "Calibration: Brier score" in text
    drawing = tmp_path / "figures.svg"
    assert main(["stats", "--json", "--plot", str(drawing)]) == 0
    stats = json.loads(capsys.readouterr().out)
    assert set(stats["precision"]) == {"focus", "adjacent", "explore"}
    assert {"shown", "kept", "value", "low", "high"} <= set(stats["precision"]["focus"])
    assert stats["drift"] == {"alarm": False, "reason": ""}
    assert stats["ranker"] == {"deployed": "tfidf-svm", "replaced": "fusion"}
    assert len(stats["coffees"]) == 20
    assert main(["stats", "--ascii"]) == 0
    said = capsys.readouterr().out
    assert said.isascii()
    assert "tfidf-svm ranks in the place of fusion" in said
    assert main(["list", "--plain"]) == 0
    listed = " ".join(capsys.readouterr().out.split())
    assert "tfidf-svm ranks in the place of fusion" in listed
    assert "Precision of focus picks so far: 0." in listed
    assert ElementTree.parse(drawing).getroot().tag.endswith("svg")
    assert drawing.read_text().count("<rect") == 1 + 2 * 20 + 2 * len(stats["weeks"])


def test_a_chance_is_null_until_enough_verdicts_bear_it_out_and_then_told() -> None:
    with closing(Store()) as store:
        reader = Reader(store, GOOD)
        reader.live(2)
        early = shortlist(store, PROFILE, minutes=30, now=FIRST + timedelta(days=2))
        assert early.to_json()["calibration"] == {"mine": f"not calibrated yet (n = {len(store.first_shown())})"}
        assert {one.probability for one in early.left_out} == {None}
        for number in range(2, 40):
            reader.morning(number)
        reader.announce(40, Random(40), FIRST + timedelta(days=40))
        late = shortlist(store, PROFILE, minutes=30, now=FIRST + timedelta(days=40))
        assert late.calibration["mine"].startswith("calibrated on ")
        told = [one.probability for one in late.papers]
        assert len(told) > 3
        assert all(one is not None and 0 < one < 1 for one in told)


def test_a_reader_who_keeps_nothing_is_shown_less_but_never_nothing_for_ever() -> None:
    with closing(Store()) as store:
        reader, lengths, strict = Reader(store, GOOD), [], replace(PROFILE, threshold=0.25)
        for number in range(12):
            at = FIRST + timedelta(days=number)
            reader.announce(number, Random(number), at)
            listed = shortlist(store, strict, minutes=30, now=at)
            remember(store, listed, shown_by="session", day=at.date(), at=at)
            focus = [one for one in listed.papers if one.slot == "focus"]
            for one in focus:
                store.record(Verdict(one.paper.id, "dismiss", at, "mine"), day=at.date())
            lengths.append(len(focus))
        assert 0 < lengths[-1] < lengths[0]
        assert calibrations(store, ["mine"], "fusion")["mine"].shift < -2


def test_picks_keep_their_prior_and_only_the_default_rankers_are_held_against_it() -> None:
    with closing(Store()) as store:
        Reader(store, GOOD).live(3)
        assert all(one.worth in LADDER for one in store.first_shown())
        assert calibrations(store, ["mine"], "fusion")["mine"].n == len(store.first_shown())
        assert calibrations(store, ["mine"], "tfidf-svm") == {"mine": rank.Calibration()}
    with closing(Store()) as store:
        Reader(store, GOOD, pinned="tfidf-svm").live(3)
        assert calibrations(store, ["mine"], "fusion") == {"mine": rank.Calibration()}
