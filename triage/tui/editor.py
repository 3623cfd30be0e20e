"""The two sheets that are written on: the note on a paper, and a question of one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static, TextArea

from triage.text import readable
from triage.tui.line import InTurn, Line
from triage.tui.screens import ALWAYS, Sheet

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widgets import Input

    from triage.paper import ScoredPaper

_ON_PAPER = ALWAYS | {"back"}


class Area(InTurn, TextArea):
    """The lines of a note."""


class NoteSheet(Sheet):
    """The reader's note on one paper; what is written is kept by itself."""

    actions = _ON_PAPER
    writing = True
    """The end of the coffee waits a minute for it."""

    def __init__(self, scored: ScoredPaper, words: str, write: Callable[[str], None]) -> None:
        super().__init__()
        self._scored, self._write = scored, write
        self._kept = words
        self._area = Area(words, id="note-area", show_line_numbers=False, soft_wrap=True, compact=True)
        self._area.cursor_blink = False

    def compose(self) -> ComposeResult:
        """The title, the words, and how to leave."""
        with Vertical(id="sheet"):
            yield Static(self.text(), id="sheet-text", markup=False)
            yield self._area
            yield Static(Content.styled("Esc keeps it", "$faint"), id="closing", markup=False)

    def text(self) -> Content:
        """What the note is about."""
        return Content.assemble(("Note", "bold"), "  ", readable(self._scored.paper.title))

    def on_mount(self) -> None:
        """Begin to write at the end of what is there."""
        self._area.move_cursor(self._area.document.end)
        self.set_focus(self._area)

    @property
    def words(self) -> str:
        """What stands there now."""
        return self._area.text

    def save(self) -> None:
        """Keep the words where they have changed since they were kept."""
        if (words := self.words) != self._kept:
            self._write(words)
            self._kept = words


class Question(Sheet):
    """A question that one line answers: Enter answers, Esc takes it away."""

    actions = _ON_PAPER

    def __init__(self, title: str, question: str, answer: Callable[[str], None]) -> None:
        super().__init__()
        self._title, self._question, self._answer = title, question, answer
        self._line = Line(id="answer", compact=True, max_length=200)
        self._line.cursor_blink = False

    def compose(self) -> ComposeResult:
        """The question and the line."""
        with Vertical(id="sheet"):
            yield Static(self.text(), id="sheet-text", markup=False)
            yield self._line
            yield Static(Content.styled("Enter answers, Esc goes back", "$faint"), id="closing", markup=False)

    def text(self) -> Content:
        """What is asked."""
        return Content.assemble((self._title, "bold"), "\n", self._question)

    def on_mount(self) -> None:
        """Wait for the answer."""
        self.set_focus(self._line)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go away first, then answer: the answer acts on the list. Where the time is up, nothing is answered."""
        event.stop()
        if self.is_active:
            self.app.pop_screen()
            self._answer(event.value)
