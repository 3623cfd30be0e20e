"""Focus profiles: the record, its file, what is wrong in it, and how it is written."""

from __future__ import annotations

from triage.profile.read import parse
from triage.profile.record import LONGEST_COFFEE, SLOTS, WEEKDAYS, Problem, Profile

__all__ = ["LONGEST_COFFEE", "SLOTS", "WEEKDAYS", "Problem", "Profile", "parse"]
