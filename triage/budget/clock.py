"""The coffee's clock: the day's budget, the countdown, the meter that pays in advance, and what is no drinking time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage.profile import Profile

HEARTBEAT_S = 5.0
"""How far ahead a heartbeat pays, in seconds: what a killed session loses at most."""

PAUSE_S = 300.0
"""The longest pause, in seconds; then the clock runs on by itself."""

REFILL_WAIT_S = 10.0
"""Five more minutes are wanted for so many seconds before they are had."""

ASLEEP_S = 30.0
"""A clock that counts sleep may run so far ahead of one that does not before the machine is taken to have slept."""


def day_minutes(profiles: Iterable[Profile], weekday: str) -> float:
    """The coffee of one weekday ("mon" … "sun") in minutes: the largest budget among the profiles that share it."""
    return max((profile.weekdays.get(weekday, profile.minutes) for profile in profiles), default=0.0)


class Countdown:
    """The coffee as it runs out; reads an injected monotonic clock (seconds) and costs nothing until started."""

    def __init__(self, left_s: float, monotonic: Callable[[], float]) -> None:
        self.left_s = max(0.0, left_s)
        self._monotonic = monotonic
        self._began: float | None = None
        self._paused_at: float | None = None
        self._rested = 0.0

    def start(self) -> None:
        """Begin to count; calling it again changes nothing."""
        if self._began is None:
            self._began = self._monotonic()

    @property
    def started(self) -> bool:
        """Whether time costs anything yet."""
        return self._began is not None

    def elapsed(self) -> float:
        """Seconds since the start less the pause, also past the end; 0 before the start."""
        return 0.0 if self._began is None else max(0.0, self._monotonic() - self._began - self._rest())

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

    def refill(self, seconds: float) -> None:
        """Add so many seconds to a coffee that has run out; what passed since its end is not taken from them."""
        self._rested += max(0.0, self.elapsed() - self.left_s)
        self.left_s += seconds

    def pause(self) -> None:
        """Let the clock rest, for `PAUSE_S` seconds at most, whoever looks at it meanwhile."""
        if self._paused_at is None:
            self._paused_at = self._monotonic()

    def resume(self) -> None:
        """Let it run on."""
        self._rested, self._paused_at = self._rest(), None

    def pause_left(self) -> float:
        """Seconds until the clock runs on by itself; 0 where it does not rest."""
        return 0.0 if self._paused_at is None else max(0.0, PAUSE_S - (self._monotonic() - self._paused_at))

    def _rest(self) -> float:
        here = 0.0 if self._paused_at is None else min(PAUSE_S, self._monotonic() - self._paused_at)
        return self._rested + here


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
