"""How a coffee ends: every paper judged, or every minute used; either way the closing card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.tui import phrases, stages
from triage.tui.card import Card
from triage.tui.timekeeping import Timekeeping

if TYPE_CHECKING:
    from triage.paper import ScoredPaper


class Closing(Timekeeping):
    """The part that lays the closing card."""

    def _close_list(self) -> None:
        """Every paper is judged: the rest of the coffee is for drinking, unless newer papers are still on their way."""
        if self._offer is not None:
            return
        if self._newer.running:
            self._say("state", "every paper is judged, newer ones are still being ranked")
            return
        left = phrases.left(self._session.countdown.left())
        self._show_card(stages.LIST_OVER, f"All judged, and {left} left: enjoy the coffee.", None)

    def _close_coffee(self) -> None:
        """The minutes are used up; what was being judged still can be."""
        countdown = self._session.countdown
        here = self.desk.current
        unjudged = here is not None and self.desk.mark(here.paper.id) is None
        self._show_card(stages.COFFEE_OVER, "That was the coffee.", here if unjudged else None)
        self._last_input -= max(0.0, countdown.elapsed() - countdown.left_s)  # 20 s from the end, also after a stop

    def _show_card(self, stage: stages.Stage, title: str, subject: ScoredPaper | None) -> None:
        self._lift_sheets()
        self.clear_notifications()
        self._stage, self._last_input = stage, self._session.monotonic()
        countdown = self._session.countdown
        used_s = min(countdown.elapsed(), countdown.left_s)
        self.push_screen(Card(title, self.desk, used_s, self._glyphs, subject))
