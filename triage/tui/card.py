"""The closing card: what the coffee came to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from triage.text import readable
from triage.tui import phrases
from triage.tui.screens import ALWAYS, Sheet
from triage.tui.stages import CARD_S
from triage.tui.widgets import fit

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from triage.paper import ScoredPaper
    from triage.tui.desk import Desk
    from triage.tui.glyphs import Glyphs

_ON_CARD = ALWAYS | {"read", "back", "leave", "keep", "dismiss", "undo"}


class Card(Sheet):
    """The closing card: what the coffee came to. It goes away by itself."""

    actions = _ON_CARD

    def __init__(self, title: str, desk: Desk, used_s: float, glyphs: Glyphs, subject: ScoredPaper | None) -> None:
        super().__init__()
        self._title, self._desk, self._used_s, self._glyphs = title, desk, used_s, glyphs
        self.subject = subject
        """The paper that was being judged when the time was up; it still can be."""

    def compose(self) -> ComposeResult:
        """The summary, and the line that counts down."""
        with VerticalScroll(id="sheet", can_focus=False):
            yield Static(self.text(), id="sheet-text", markup=False)
            yield Static(self._farewell(CARD_S), id="closing", markup=False)

    def text(self) -> Content:
        """The summary of the coffee and what was kept."""
        kept, dismissed = self._desk.marked("keep"), self._desk.marked("dismiss")
        counts = (f"{len(self._desk.shown)} shown", f"{len(kept)} kept", f"{len(dismissed)} dismissed")
        parts: list[Content | str | tuple[str, str]] = [(self._title, "bold"), "\n\n"]
        parts += ["   ".join((*counts, phrases.stopwatch(self._used_s)))]
        for place, scored in enumerate(kept):
            parts += ["\n", ("kept  " if place == 0 else "      ", "$accent"), self._line(scored)]
        if self.subject is not None:
            parts += ["\n\n", ("last  ", "$accent"), self._line(self.subject), "\n      "]
            parts += [("s", "bold $accent"), " keep   ", ("x", "bold $accent"), " dismiss"]
        return Content.assemble(*parts, "\n")

    def redraw(self) -> None:
        """Write it again after a verdict."""
        self.query_one("#sheet-text", Static).update(self.text())

    def keep_time(self, closes_in_s: float) -> None:
        """Say when it goes away; nothing is drawn again where the words are the same."""
        closing = self.query_one("#closing", Static)
        words = self._farewell(closes_in_s)
        if str(closing.content) != str(words):
            closing.update(words, layout=False)

    @staticmethod
    def _farewell(seconds: float) -> Content:
        return Content.styled(f"Enter closes, or wait {max(0, round(seconds))} s", "$faint")

    def _line(self, scored: ScoredPaper) -> Content:
        width = max(10, min(self.app.size.width, 60) - 8 - 6)
        return fit(readable(scored.paper.title), width, self._glyphs)
