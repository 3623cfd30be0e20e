"""The coffee's time in the session: it is charged from the first paint on, shown in the cup, and settled at the end."""

from __future__ import annotations

from triage.budget import ASLEEP_S, REFILL_WAIT_S
from triage.errors import TriageError
from triage.tui import phrases, stages
from triage.tui.card import Card
from triage.tui.frame import Frame
from triage.tui.session import Outcome


class Timekeeping(Frame):
    """The part that starts the clock, pays for it, shows it and ends the session."""

    def _start_clock(self) -> None:
        """From the first paint of something unread on, time is charged."""
        countdown = self._session.countdown
        if not countdown.started and not self._finished:
            countdown.start()
            self._warned = self._share_used() >= stages.LOW  # no toast for what was so from the beginning
            self._pay()
            self._look()

    def _look(self) -> None:
        """Tell the dwell clock what is before the reader's eyes."""
        if self._stage is stages.LIST and self.screen is self._morning and not self.away:
            self._dwell.go_on()
            self._dwell.show(self.desk.current, 1 if self._morning.shows_abstract else 0, self.desk.cursor + 1)
        elif self._stage in (stages.LIST, stages.PAUSED):
            self._dwell.rest()
        else:
            self._dwell.leave()

    def on_morning_turned(self) -> None:
        """Another paper is before the reader."""
        self._look()

    def _overslept(self) -> bool:
        """Whether the machine was suspended since this was last asked: nobody drinks a coffee then."""
        slept = self._session.asleep()
        gap, self._slept = slept - self._slept, slept
        return gap > ASLEEP_S and self._stage in (stages.LIST, stages.PAUSED)

    def _pay(self) -> None:
        self._attempt(self._session.meter.beat)

    def _share_used(self) -> float:
        return self._session.countdown.share_used(self._shortlist.budget_s)

    def _keep_time(self) -> None:
        """Bring the cup, or what covers it, up to date."""
        now, screen = self._session.monotonic(), self.screen
        if not isinstance(screen, Card):
            self._morning.keep_time(self._share_used())
        elif screen.is_mounted:
            waits = self._stage is stages.REFILLING
            more_in_s = REFILL_WAIT_S - (now - self._wanted_at) if waits else None
            screen.keep_time(stages.CARD_S - (now - self._last_input), more_in_s)

    def _warn(self) -> None:
        """Say once that four fifths are gone."""
        if self._stage is stages.LIST and not self._warned and self._share_used() >= stages.LOW:
            self._warned = True
            left = phrases.left(self._session.countdown.left())
            self.notify(f"The cup is nearly empty: {left} left.", severity="warning", markup=False, timeout=6)

    def finish(self, outcome: Outcome = Outcome.CLOSED, return_code: int = 0, idle_s: float = 0.0) -> None:
        """Close the session: settle the ledger, restore the terminal, return the outcome. Calling it again is harmless.

        When a list closes because there was no key for `idle_s` seconds, they are not charged but for the time that
        what is on the screen should have taken.

        Where the session stands decides over what was asked for: a list can be closed early, but a finished coffee
        stays finished, and where no list was shown it was nothing.
        """
        if self._finished:
            return
        self._finished = True
        self._save_writing()
        if self._stage not in (stages.LIST, stages.PAUSED):
            outcome = self._stage.outcome
        elif self._session.countdown.started and self._session.countdown.over:
            outcome = Outcome.COFFEE_FINISHED
        unread_s = max(0.0, idle_s - self._dwell.expected_s) if outcome is Outcome.IDLE else 0.0
        self._dwell.leave()
        try:
            self._session.meter.settle(unread_s)
        except TriageError as fault:
            self.complaint = str(fault)
        self.exit(outcome, return_code=return_code)
