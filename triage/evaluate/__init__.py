"""How good the picks were, from records alone: precision, recall, drift, trials; no clock and no database."""

from __future__ import annotations

from triage.evaluate.drift import Day, Drift, Week, drift, psi, weeks
from triage.evaluate.intervals import Outcome, share, wilson
from triage.evaluate.replay import Pick, Replay, comparable, ranker_precision, recall, slot_precision
from triage.evaluate.switch import SESSIONS, STAND_IN, deployed, review
from triage.evaluate.trial import Trial, team_draft, trial

__all__ = [
    "SESSIONS",
    "STAND_IN",
    "Day",
    "Drift",
    "Outcome",
    "Pick",
    "Replay",
    "Trial",
    "Week",
    "comparable",
    "deployed",
    "drift",
    "psi",
    "ranker_precision",
    "recall",
    "review",
    "share",
    "slot_precision",
    "team_draft",
    "trial",
    "weeks",
    "wilson",
]
