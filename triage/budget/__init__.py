"""What one coffee holds: reading time, the choice of papers that fit it, and the clock that ends it."""

from __future__ import annotations

from triage.budget.choice import FILL, Limits, Rival, choose, draw_one
from triage.budget.clock import ASLEEP_S, REFILL_WAIT_S, Countdown, Meter, day_minutes
from triage.budget.dwell import DwellClock
from triage.budget.pace import ENGLISH, Pace, Reader, learn, unknown_reader
from triage.budget.reading import first_pass_seconds, planned_seconds, reading_seconds, worth_opening
from triage.budget.shortlist import Shortlist, State

__all__ = [
    "ASLEEP_S",
    "ENGLISH",
    "FILL",
    "REFILL_WAIT_S",
    "Countdown",
    "DwellClock",
    "Limits",
    "Meter",
    "Pace",
    "Reader",
    "Rival",
    "Shortlist",
    "State",
    "choose",
    "day_minutes",
    "draw_one",
    "first_pass_seconds",
    "learn",
    "planned_seconds",
    "reading_seconds",
    "unknown_reader",
    "worth_opening",
]
