"""How good the picks were, from records alone: precision, recall, drift, trials; no clock and no database."""

from __future__ import annotations

from triage.evaluate.calibration import Calibration, calibration
from triage.evaluate.drift import Day, Drift, Week, drift, psi, weeks
from triage.evaluate.intervals import Outcome, share, wilson
from triage.evaluate.replay import Pick, Replay, comparable, outcomes, ranker_precision, recall, slot_precision
from triage.evaluate.report import SLOTS, Report, interval_json, report
from triage.evaluate.switch import SESSIONS, STAND_IN, deployed, review
from triage.evaluate.trial import Trial, team_draft, trial

__all__ = [
    "SESSIONS",
    "SLOTS",
    "STAND_IN",
    "Calibration",
    "Day",
    "Drift",
    "Outcome",
    "Pick",
    "Replay",
    "Report",
    "Trial",
    "Week",
    "calibration",
    "comparable",
    "deployed",
    "drift",
    "interval_json",
    "outcomes",
    "psi",
    "ranker_precision",
    "recall",
    "report",
    "review",
    "share",
    "slot_precision",
    "team_draft",
    "trial",
    "weeks",
    "wilson",
]
