"""Breaks that the ledger rations: a pause, in which the list is covered, and five more minutes after the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from triage.budget import REFILL_WAIT_S
from triage.errors import TriageError
from triage.paper import REFILL_S
from triage.tui import phrases, stages
from triage.tui.card import Card
from triage.tui.moving import Moving
from triage.tui.screens import ALWAYS, Sheet

if TYPE_CHECKING:
    from collections.abc import Callable


class Pause(Sheet):
    """A cover over the list while the clock rests: nothing can be read for nothing."""

    actions = ALWAYS | {"read", "back", "leave", "pause"}

    def __init__(self, left: Callable[[], float], key: str) -> None:
        super().__init__()
        self._left, self._key = left, key

    def text(self) -> Content:
        """How long the clock still rests."""
        return Content.assemble(
            ("Paused.", "bold"),
            "\n\n",
            f"The clock runs on in {phrases.left(self._left())}, or with ",
            (self._key, "$accent"),
            ".",
        )

    def keep_time(self) -> None:
        """Say it again where the words have changed."""
        page, words = self.query_one("#sheet-text", Static), self.text()
        if str(page.content) != str(words):
            page.update(words, layout=False)


class Breaks(Moving):
    """The part that pauses and refills."""

    def action_pause(self) -> None:
        """Take the day's one pause, or end it."""
        if self._stage is stages.PAUSED:
            self._resume()
        elif self._session.rations and self._session.countdown.started:
            try:
                self._session.rations.pause()
            except TriageError as fault:
                self._say("said", str(fault))
                return
            self._session.countdown.pause()
            self._stage = stages.PAUSED
            self.push_screen(Pause(self._session.countdown.pause_left, self.keys.name("pause")))
            self._look()

    def _resume(self) -> None:
        self._session.countdown.resume()
        self._lift_sheets()
        self._stage, self._last_input = stages.LIST, self._session.monotonic()
        self._look()

    def action_refill(self) -> None:
        """Ask for five more minutes on the closing card; they come after a wait, and only once."""
        if isinstance(self.screen, Card) and self.screen.more and self._stage is stages.COFFEE_OVER:
            self._stage, self._wanted_at = stages.REFILLING, self._session.monotonic()
            self._keep_time()

    def action_leave(self) -> None:
        """End a pause or the wait for a refill, put the pen down, and only then leave."""
        if self._stage is stages.PAUSED:
            self._resume()
        elif self._stage is stages.REFILLING:
            self._stage = stages.COFFEE_OVER
        elif isinstance(self.screen, Card) and self.screen.writing:
            self.screen.put_down()
        else:
            super().action_leave()

    def _end_breaks(self, now: float) -> None:
        """Let a pause end by itself, and a wait bring its five minutes."""
        if self._stage is stages.PAUSED and self._session.countdown.pause_left() <= 0.0:
            self._resume()
        elif isinstance(self.screen, Pause) and self.screen.is_mounted:
            self.screen.keep_time()
        elif self._stage is stages.REFILLING and now - self._wanted_at >= REFILL_WAIT_S:
            self._refill(now)

    def _refill(self, now: float) -> None:
        """Take the refill, and go on with the list as it lay."""
        assert self._session.rations
        try:
            self._session.rations.refill()
        except TriageError as fault:
            self._stage, self._last_input = stages.COFFEE_OVER, now
            self._say("said", str(fault))
            return
        self._session.countdown.refill(REFILL_S)
        self._lift_sheets()
        self._stage, self._last_input = stages.LIST, now
        self._pay()
        self._morning.redraw()
        self._look()
