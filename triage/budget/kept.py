"""What may stay on the kept list: it never holds more than the coffees to come, and nothing for longer than agreed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

TERM_DAYS = 28
"""How long a paper stays on the kept list (assumption: four weeks of coffees tell what is wanted)."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One kept paper: the local day it was kept on, and what a first pass over it costs, in seconds."""

    paper_id: str
    day: date
    seconds: float


def last_day(kept_on: date, term_days: int) -> date:
    """The last day on which a paper is on the list."""
    return kept_on + timedelta(days=term_days)


def outgrown(waiting: Sequence[Waiting], *, today: date, term_days: int, room_s: float) -> dict[str, str]:
    """Which papers have to go, each with the reason: first those kept too long, then the oldest that fit no coffee.

    `room_s` is what the coffees of the next `term_days` days hold, in seconds; 0 where the profiles give no minutes
    at all, and then only the time counts. What was kept today always stays: the list is put right on the next day.
    """
    old = {one.paper_id for one in waiting if last_day(one.day, term_days) < today}
    reasons = {one.paper_id: f"kept for {term_days} days" for one in waiting if one.paper_id in old}
    used_s = 0.0
    for one in sorted(waiting, key=lambda one: (one.day, one.paper_id), reverse=True):
        if one.paper_id in old:
            continue
        used_s += one.seconds
        if 0 < room_s < used_s and one.day < today:
            reasons[one.paper_id] = f"more was kept than the coffees of the next {term_days} days hold"
    return reasons
