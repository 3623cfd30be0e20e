"""The screens: the morning with its list, and the sheets that are laid over it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from triage.text import clean, readable
from triage.tui import keys, phrases
from triage.tui.widgets import AbstractPane, Cup, Heading, KeyLine, PaperList, Rule

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from triage.paper import ScoredPaper
    from triage.tui.desk import Desk
    from triage.tui.glyphs import Glyphs

ALWAYS = frozenset({"interrupt", "quit"})
"""These work on every screen, the palette included."""

_EVERYTHING = frozenset(binding.id or "" for binding in keys.BINDINGS)
_WITHOUT_LIST = ALWAYS | {"read", "back", "leave", "help", "take_in", "command_palette"}
_ON_SHEET = ALWAYS | {"read", "back", "leave", "help", "why", "page_on", "page_back"}
_ON_SHEET_SCROLLING = _ON_SHEET | {"next_paper", "previous_paper", "first_paper", "last_paper"}

_MARKS = {"keep": "kept", "dismiss": "dismissed"}


class Morning(Screen[None]):
    """The one page of the morning: a list with its abstract, or a note where there is no list."""

    class Ready(Message):
        """The page is there, and its first frame is about to be drawn."""

    class Turned(Message):
        """Something else is before the reader: another paper, a sheet, the page again."""

    def __init__(self, desk: Desk, left: Callable[[], float], glyphs: Glyphs) -> None:
        super().__init__()
        self._desk, self._left, self._glyphs = desk, left, glyphs
        self._remark = ""
        self._read: tuple[ScoredPaper | None, str] | None = None
        # The parts are made here, so that they can be filled before the first frame is drawn.
        self._heading, self._cup = Heading(), Cup(glyphs)
        self._list, self._pane = PaperList(desk, left, glyphs), AbstractPane()
        self._note = Static(id="note-text", markup=False)
        self._rule, self._keys = Rule(glyphs, id="bottom"), KeyLine(glyphs)

    @property
    def actions(self) -> frozenset[str]:
        """What the keys may do here now."""
        return _WITHOUT_LIST if self.has_class("-note") else _EVERYTHING

    def compose(self) -> ComposeResult:
        """Header, list and abstract (or the note), rule, keys."""
        yield Horizontal(self._heading, self._cup, id="header")
        yield Rule(self._glyphs, id="top")
        yield Vertical(self._list, self._pane, id="body")
        yield Vertical(self._note, id="note")
        yield self._rule
        yield self._keys

    def on_mount(self) -> None:
        """Tell the app that the page is there."""
        self.post_message(self.Ready())

    def on_screen_suspend(self) -> None:
        """Something lies over the page."""
        self.post_message(self.Turned())

    def on_screen_resume(self) -> None:
        """The page is before the reader again."""
        self.post_message(self.Turned())

    def head(self, headings: Sequence[str], remark: str) -> None:
        """Say what the day is in the header, and what was left out in the footer."""
        self._heading.tell(headings, self._glyphs)
        self._remark = remark

    def say(self, line: str) -> None:
        """Carry a line in the lower rule."""
        self._rule.say(line)

    def show_note(self, note: phrases.Note) -> None:
        """Put a note in the place of the list."""
        self.add_class("-note")
        self._note.update(page(note))
        self._keys.tell(keys.NOTE_KEYS, "")

    def show_list(self) -> None:
        """Show the list with the paper under the cursor."""
        self.remove_class("-note")
        self._keys.tell(keys.footer_keys(), self._remark)
        self.redraw()

    def redraw(self) -> None:
        """Draw list and abstract after a move or a verdict; an abstract that stays keeps its place."""
        self._list.settle()
        self._list.lay_out()
        scored = self._desk.current
        now = scored, self._verdict(scored)
        if now != self._read:
            self._read = now
            self._pane.show(*now, self._glyphs)
            self.post_message(self.Turned())

    def keep_time(self, share_used: float) -> None:
        """Bring cup and coffee line up to date."""
        self._cup.tell(self._left(), share_used)
        self._list.settle()

    def page(self, step: int) -> bool:
        """Scroll the abstract; False when it ends there."""
        return bool(self._pane.display) and self._pane.page(step)

    @property
    def shows_abstract(self) -> bool:
        """Whether there is room for the abstract, or only for the row."""
        return self._pane.is_on_screen

    def toggle_reading(self) -> None:
        """Give the abstract the whole page, or the list its place again."""
        self.toggle_class("-reading")

    def _verdict(self, scored: ScoredPaper | None) -> str:
        mark = self._desk.mark(scored.paper.id) if scored else None
        return f"{getattr(self._glyphs, mark)} {_MARKS[mark]}" if mark else ""


class Sheet(ModalScreen[None]):
    """A sheet of paper over the morning; Enter, Esc and q take it away."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.BINDINGS]  # a modal screen hides those of the app
    actions = _ON_SHEET_SCROLLING

    def compose(self) -> ComposeResult:
        """One text that scrolls."""
        with VerticalScroll(id="sheet", can_focus=False):
            yield Static(self.text(), id="sheet-text", markup=False)

    @abstractmethod
    def text(self) -> Content:
        """What stands on it."""

    def scroll(self, step: int, *, page: bool = False) -> None:
        """Scroll by lines, or by pages."""
        sheet = self.query_one("#sheet", VerticalScroll)
        lines = max(1, sheet.scrollable_content_region.height - 1) if page else 1
        sheet.scroll_relative(y=step * lines, animate=False, immediate=True)


class Help(Sheet):
    """The table of keys as a page."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs

    def text(self) -> Content:
        """One group below the other."""
        parts: list[str | tuple[str, str]] = []
        for title, rows in keys.help_groups(self._glyphs).items():
            parts += ["\n\n" if parts else "", (title, "bold")]
            for names, line in rows:
                parts += ["\n", (f"{names:<10}", "$accent"), line]
        return Content.assemble(*parts)


class Why(Sheet):
    """Why a paper ranks where it does, in full."""

    def __init__(self, scored: ScoredPaper, lines: Iterable[str]) -> None:
        super().__init__()
        self._scored, self._lines = scored, [clean(line) for line in lines]

    def text(self) -> Content:
        """The title and the lines of the answer."""
        title = (readable(self._scored.paper.title), "bold")
        return Content.assemble(title, "\n\n", "\n".join(self._lines) or "The ranker left no reason.")


def page(note: phrases.Note) -> Content:
    """A note as a page."""
    lines = "\n".join(note.lines)
    return Content.assemble((note.title, "bold"), ("\n\n" + lines if lines else "", "$faint"))
