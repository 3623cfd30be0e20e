"""The coffee's time in the session: it is charged from the first paint on, shown in the cup, and settled at the end."""

from __future__ import annotations

from triage.errors import TriageError
from triage.tui import phrases, stages
from triage.tui.card import Card
from triage.tui.frame import Frame
from triage.tui.session import Outcome
from triage.tui.widgets import LOW


class Timekeeping(Frame):
    """The part that starts the clock, pays for it, shows it and ends the session."""

    def _start_clock(self) -> None:
        """From the first paint of something unread on, time is charged."""
        countdown = self._session.countdown
        if not countdown.started:
            countdown.start()
            self._warned = self._share_used() >= LOW  # no toast for what was so from the beginning
            self._pay()

    def _pay(self) -> None:
        self._attempt(self._session.meter.beat)

    def _share_used(self) -> float:
        return self._session.countdown.share_used(self._shortlist.budget_s)

    def _keep_time(self) -> None:
        """Bring the cup and the card up to date."""
        self._morning.keep_time(self._share_used())
        if isinstance(self.screen, Card) and self.screen.is_mounted:
            self.screen.keep_time(self._stage.patience_s - (self._session.monotonic() - self._last_input))

    def _warn(self) -> None:
        """Say once that four fifths are gone."""
        if self._stage is stages.LIST and not self._warned and self._share_used() >= LOW:
            self._warned = True
            left = phrases.left(self._session.countdown.left())
            self.notify(f"The cup is nearly empty: {left} left.", severity="warning", markup=False, timeout=6)

    def finish(self, outcome: Outcome = Outcome.CLOSED, return_code: int = 0, idle_s: float = 0.0) -> None:
        """Close the session: settle the ledger, restore the terminal, return the outcome. Calling it again is harmless.

        The last `idle_s` seconds, in which nobody was there, are not charged when a list closes for that reason.

        Where the session stands decides over what was asked for: a list can be closed early, but a finished coffee
        stays finished, and where no list was shown it was nothing.
        """
        if self._finished:
            return
        self._finished = True
        self._save_writing()
        if self._stage is not stages.LIST:
            outcome = self._stage.outcome
        elif self._session.countdown.started and self._session.countdown.over:
            outcome = Outcome.COFFEE_FINISHED
        try:
            self._session.meter.settle(idle_s if outcome is Outcome.CLOSED else 0.0)
        except TriageError as fault:
            self.complaint = str(fault)
        self.exit(outcome, return_code=return_code)
