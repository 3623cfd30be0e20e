"""The coffee's clock: the day's record, the countdown, and the meter that pays for time in advance."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage.profile import Profile

HEARTBEAT_S = 5.0
"""How far ahead a heartbeat pays, in seconds: what a killed session loses at most."""


def day_minutes(profiles: Iterable[Profile], weekday: str) -> float:
    """The coffee of one weekday ("mon" … "sun") in minutes: the largest budget among the profiles that share it."""
    return max((profile.weekdays.get(weekday, profile.minutes) for profile in profiles), default=0.0)


class Countdown:
    """The coffee as it runs out; reads an injected monotonic clock (seconds) and costs nothing until started."""

    def __init__(self, left_s: float, monotonic: Callable[[], float]) -> None:
        self.left_s = max(0.0, left_s)
        self._monotonic = monotonic
        self._began: float | None = None

    def start(self) -> None:
        """Begin to count; calling it again changes nothing."""
        if self._began is None:
            self._began = self._monotonic()

    @property
    def started(self) -> bool:
        """Whether time costs anything yet."""
        return self._began is not None

    def elapsed(self) -> float:
        """Seconds since the start, also past the end; 0 before the start."""
        return 0.0 if self._began is None else max(0.0, self._monotonic() - self._began)

    def left(self) -> float:
        """Seconds until the coffee is finished, never below 0."""
        return max(0.0, self.left_s - self.elapsed())

    @property
    def over(self) -> bool:
        """Whether nothing is left."""
        return self.left() <= 0.0

    def share_used(self, budget_s: float) -> float:
        """How much of the whole coffee of `budget_s` seconds is drunk, 0 … 1, sessions before this one included."""
        return 1.0 if budget_s <= 0 else min(1.0, max(0.0, 1.0 - self.left() / budget_s))


class Meter:
    """Charges a countdown's time to the ledger, always ahead of the clock.

    `charge(seconds)` writes to the ledger; a negative amount gives time back. A session that is killed has paid for
    the heartbeat it was in and gets nothing back; one that ends cleanly calls `settle`.
    """

    def __init__(self, countdown: Countdown, charge: Callable[[float], None], step_s: float = HEARTBEAT_S) -> None:
        self._countdown = countdown
        self._charge = charge
        self._step_s = step_s
        self.charged = 0.0

    def beat(self) -> None:
        """Pay up to the end of the present step, never beyond the coffee; writes at most once a step."""
        if self._countdown.started:
            steps = math.floor(self._countdown.elapsed() / self._step_s) + 1
            target = min(steps * self._step_s, self._countdown.left_s)
            if target > self.charged:
                self._move_to(target)

    def settle(self, idle_s: float = 0.0) -> None:
        """Make the ledger say exactly what was used, less the `idle_s` seconds at the end in which nobody was there.

        Calling it again writes nothing.
        """
        used = min(max(0.0, self._countdown.elapsed() - idle_s), self._countdown.left_s)
        if used != self.charged:
            self._move_to(used)

    def _move_to(self, target: float) -> None:
        """Write first and remember after: a failed write is tried again at the next beat."""
        self._charge(target - self.charged)
        self.charged = target
