"""Everything that the reader's own days say of the rankers, in one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.evaluate.calibration import Calibration, calibration
from triage.evaluate.replay import Replay, comparable, ranker_precision, recall, slot_precision
from triage.evaluate.trial import Trial, trial

if TYPE_CHECKING:
    from triage.paper import Interval, Slot

SLOTS: tuple[Slot, ...] = ("focus", "adjacent", "explore")

FIVE = 5
"""The length at which rankers are compared everywhere."""


@dataclass(frozen=True, slots=True)
class Figures:
    """A ranker's precision at five, and at as many papers as each list showed in focus."""

    at_five: Interval
    at_shown: Interval


@dataclass(frozen=True, slots=True)
class Report:
    """The rankers against each other on the days that all of them had ranked, and the lists as they were.

    `compared` and `left_out` count the days (one announcement for one profile) that could and could not be compared.
    """

    verdicts: int
    coffees: int
    compared: int
    left_out: int
    deployed: str
    rankers: Mapping[str, Figures]
    slots: Mapping[Slot, Interval]
    profiles: Mapping[str, Interval]
    recall: Interval
    calibration: Calibration
    trials: tuple[Trial, ...]

    def to_json(self) -> dict[str, object]:
        """The shape of `triage evaluate --json`; shares are null where nothing was judged."""
        return {
            "schema": 1,
            "n_verdicts": self.verdicts,
            "rankers": {name: _figures(figures) for name, figures in self.rankers.items()},
            "deployed": self.deployed,
            "coffees": self.coffees,
            "days": {"compared": self.compared, "left_out": self.left_out},
            "slots": {slot: interval_json(found) for slot, found in self.slots.items()},
            "profiles": {name: interval_json(found) for name, found in self.profiles.items()},
            "recall": interval_json(self.recall),
            "calibration": _calibration(self.calibration),
            "trials": [_trial(one) for one in self.trials],
        }


def report(replays: Sequence[Replay], rankers: Sequence[str], deployed: str, default: str) -> Report:
    """Count everything; `default` is the ranker whose chances are calibrated."""
    judged = [replay for replay in replays if replay.verdicts]
    same = comparable(judged, rankers)
    ordinary = [replay for replay in judged if not replay.trial]
    names = dict.fromkeys(replay.profile for replay in judged)
    return Report(
        verdicts=sum(replay.verdicts for replay in judged),
        coffees=len({replay.coffee for replay in judged}),
        compared=len(same),
        left_out=len(ordinary) - len(same),
        deployed=deployed,
        rankers={one: Figures(ranker_precision(same, one, FIVE), ranker_precision(same, one)) for one in rankers},
        slots={slot: slot_precision(judged, slot) for slot in SLOTS},
        profiles={name: slot_precision((one for one in judged if one.profile == name), "focus") for name in names},
        recall=recall(judged),
        calibration=calibration(judged, default),
        trials=tuple(trial(judged, *pair) for pair in _pairs(judged)),
    )


def _pairs(replays: Sequence[Replay]) -> list[tuple[str, str]]:
    """The rankers that ever shared a list, the deployed one first."""
    teams = (
        (replay.ranker, pick.picked_by)
        for replay in replays
        for pick in replay.picks
        if pick.picked_by and pick.picked_by != replay.ranker
    )
    return list(dict.fromkeys(teams))


def interval_json(found: Interval) -> dict[str, object]:
    """A share for programs, rounded to what it can mean."""
    value = None if found.value is None else round(found.value, 4)
    bounds = {"low": round(found.low, 4), "high": round(found.high, 4)}
    return {"value": value, **bounds, "n": found.n, "effective": round(found.effective, 1), "enough": found.told}


def _figures(figures: Figures) -> dict[str, object]:
    at_five = interval_json(figures.at_five)
    return {"precision_at_5": at_five.pop("value"), **at_five, "at_shown_length": interval_json(figures.at_shown)}


def _calibration(found: Calibration) -> dict[str, object]:
    bins = [{"promised": round(one.promised, 4), "kept": interval_json(one.kept)} for one in found.bins]
    scores = {"brier": found.brier, "guess": found.guess}
    return {
        "n": found.n,
        **{name: None if one is None else round(one, 4) for name, one in scores.items()},
        "bins": bins,
    }


def _trial(one: Trial) -> dict[str, object]:
    counts = {"shown": dict(one.shown), "kept": dict(one.kept)}
    return {
        "rankers": [one.first, one.second],
        "coffees": one.coffees,
        **counts,
        "share_of_first": interval_json(one.share),
        "winner": one.winner or None,
    }
