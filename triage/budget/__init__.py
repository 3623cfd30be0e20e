"""What one coffee holds: reading time, the choice of papers that fit it, and the clock that ends it."""

from __future__ import annotations

from triage.budget.choice import Limits, choose
from triage.budget.clock import Countdown, Meter, day_minutes
from triage.budget.reading import first_pass_seconds, planned_seconds, reading_seconds
from triage.budget.shortlist import Shortlist, State

__all__ = [
    "Countdown",
    "Limits",
    "Meter",
    "Shortlist",
    "State",
    "choose",
    "day_minutes",
    "first_pass_seconds",
    "planned_seconds",
    "reading_seconds",
]
