"""How a coffee ends: every paper judged, or every minute used; either way the closing card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.widgets import Input

from triage.tui import phrases, stages
from triage.tui.card import Card
from triage.tui.timekeeping import Timekeeping

if TYPE_CHECKING:
    from textual import events

    from triage.paper import ScoredPaper


class Closing(Timekeeping):
    """The part that lays the closing card."""

    _taken_at = float("-inf")
    """When the card took the place of a line that was being written, or the last key was typed on for it."""
    _graced: float | None = None
    """The coffee, by its seconds, whose end a note that was being written could outlast."""

    def _close_list(self) -> None:
        """Every paper is judged: the rest of the coffee is for drinking, unless newer papers are still on their way."""
        if self._offer is not None:
            return
        if self._newer.running:
            self._say("state", "every paper is judged, newer ones are still being ranked")
            return
        left = phrases.left(self._session.countdown.left())
        self._show_card(stages.LIST_OVER, f"All judged, and {left} left: enjoy the coffee.", None)

    def _run_out(self) -> None:
        """The minutes are used up; a note that is being written gets one minute, once."""
        countdown = self._session.countdown
        over_s = countdown.elapsed() - countdown.left_s
        if (
            getattr(self.screen, "writing", False)
            and over_s < stages.GRACE_S
            and self._graced in (None, countdown.left_s)
        ):
            if self._graced is None:
                self._graced = countdown.left_s
                self.notify("The coffee is finished: a minute for your note.", markup=False, timeout=6)
            return
        self._close_coffee(over_s - stages.GRACE_S if self._graced == countdown.left_s else over_s)

    def _close_coffee(self, late_s: float) -> None:
        """Lay the card `late_s` seconds after its time, as after a stop; what was being judged still can be."""
        here = self.desk.current
        unjudged = here is not None and self.desk.mark(here.paper.id) is None
        self._show_card(stages.COFFEE_OVER, "That was the coffee.", here if unjudged else None)
        self._last_input -= max(0.0, late_s)

    def _show_card(self, stage: stages.Stage, title: str, subject: ScoredPaper | None) -> None:
        self._taken_at = float("-inf") if self.focused is None else self._session.monotonic()
        self._lift_sheets()
        self.clear_notifications()
        self._stage, self._last_input = stage, self._session.monotonic()
        self._morning.keep_time(self._share_used())
        countdown, rations = self._session.countdown, self._session.rations
        used_s = min(countdown.elapsed(), countdown.left_s)
        self.push_screen(
            Card(
                title,
                self.desk,
                used_s,
                self._glyphs,
                subject,
                keys=self.keys,
                line=self._noted,
                write=self._write_line if self._session.diary else None,
                more=stage is stages.COFFEE_OVER and rations is not None and not rations.no_refill(),
            )
        )
        self._look()

    def _write_line(self, words: str) -> None:
        assert self._session.diary
        self._session.diary.write(words)
        self._noted = words

    @on(Input.Changed, "#line")
    def keep_line(self) -> None:
        """Commit the line for the notebook with every key, so that one half written is kept."""
        self._save_writing()

    def _typed_on(self, event: events.Key) -> bool:
        """Whether a key was meant for the line that the closing card has just taken away.

        Whoever writes looks at the words: the letters that still come must not judge, take back or close.
        """
        now = self._session.monotonic()
        if now - self._taken_at >= stages.TYPING_S or event.key.startswith("ctrl+"):
            return False
        self._taken_at = now
        return True
