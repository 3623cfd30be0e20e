"""The screens: the morning with its list, and the sheets that are laid over it."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Offset
from textual.message import Message
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from triage.text import clean, readable
from triage.tui import keys, phrases
from triage.tui.hanging import Hanging
from triage.tui.line import Line
from triage.tui.widgets import AbstractPane, Cup, Heading, KeyLine, PaperList, Rule

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.visual import Visual

    from triage.paper import ScoredPaper
    from triage.tui.desk import Desk
    from triage.tui.glyphs import Glyphs
    from triage.tui.keys import Keys

ALWAYS = frozenset({"interrupt", "quit"})
"""These work on every screen, the palette included."""

_EVERYTHING = frozenset(binding.id or "" for binding in keys.BINDINGS)
_WITHOUT_LIST = ALWAYS | {"read", "back", "leave", "help", "take_in", "draw_one", "command_palette"}
_ON_SHEET = ALWAYS | {"read", "back", "leave", "help", "why", "page_on", "page_back"}
_ON_SHEET_SCROLLING = _ON_SHEET | {"next_paper", "previous_paper", "first_paper", "last_paper"}

_FIGURES = re.compile(r" +[+-][\d.]+ +(?:\d+% +)?")
"""How a line of the full answer begins that tells a part of the score."""

_MARKS = {"keep": "kept", "dismiss": "dismissed"}


class Morning(Screen[None]):
    """The one page of the morning: a list with its abstract, or a note where there is no list."""

    class Ready(Message):
        """The page is there, and its first frame is about to be drawn."""

    class Turned(Message):
        """Something else is before the reader: another paper, a sheet, the page again."""

    def __init__(self, desk: Desk, left: Callable[[], float], glyphs: Glyphs, table: Keys) -> None:
        super().__init__()
        self._desk, self._left, self._glyphs, self._table = desk, left, glyphs, table
        self._remark = ""
        self._read: tuple[ScoredPaper | None, str, str] | None = None
        self.query_words = ""
        """What is searched for, and marked in the list."""
        self._before = 0, Offset(0, 0)
        # The parts are made here, so that they can be filled before the first frame is drawn.
        self._heading, self._cup = Heading(), Cup(glyphs)
        self._list, self._pane = PaperList(desk, left, glyphs), AbstractPane()
        self._note = Static(id="note-text", markup=False)
        self._rule, self._keys = Rule(glyphs, id="bottom"), KeyLine(glyphs)
        self._search = Line(id="search", compact=True, select_on_focus=False)
        self._search.cursor_blink = False

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
        yield Horizontal(Static("/", id="slash"), self._search, id="searching")
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

    def show_note(self, note: phrases.Note, *, rest: bool = False) -> None:
        """Put a note in the place of the list; `rest` is whether a paper can be drawn from what was left out."""
        self.add_class("-note")
        self._note.update(page(note))
        self._keys.tell(self._table.without_list(rest=rest), "")

    def show_list(self) -> None:
        """Show the list with the paper under the cursor."""
        self.remove_class("-note")
        self._keys.tell(self._table.footer(), self._remark)
        self.redraw()

    def redraw(self) -> None:
        """Draw list and abstract after a move or a verdict; an abstract that stays keeps its place."""
        self._list.settle()
        self._list.lay_out()
        scored = self._desk.current
        note = self._desk.notes.get(scored.paper.id, "") if scored else ""
        now = scored, self._verdict(scored), note
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

    @property
    def searching(self) -> bool:
        """Whether words to search for are being typed."""
        return self.has_class("-searching")

    def begin_search(self) -> None:
        """Open the line of the search, and remember where the reader was."""
        self._before = self._desk.cursor, self._list.scroll_offset
        self._search.value = ""
        self.add_class("-searching")
        self.set_focus(self._search)  # at once: what is typed next belongs to it

    def follow(self, words: str) -> None:
        """Mark the words, and go to the first match from where the search began."""
        if not self.searching:
            return
        self.query_words = words
        rows, began = self._desk.matches(words), self._before[0]
        self._desk.jump(next((row for row in rows if row >= began), rows[0] if rows else began))
        self._list.mark(words)
        self.redraw()

    def end_search(self, *, give_up: bool = False) -> None:
        """Put the line away; when the search is given up, everything is as it was before it."""
        if give_up:
            if self.searching:
                self._desk.jump(self._before[0])
            self.query_words = ""
            self._list.mark("")
            self.redraw()
            if self.searching:
                self._list.scroll_to(*self._before[1], animate=False, immediate=True)
        self.remove_class("-searching")
        if self._search.has_focus:
            self.set_focus(None)

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
    def text(self) -> Visual:
        """What stands on it."""

    def save(self) -> None:
        """Keep what is being written on it; most sheets are only read."""

    def scroll(self, step: int, *, page: bool = False) -> None:
        """Scroll by lines, or by pages."""
        for sheet in self.query("#sheet").results(VerticalScroll):  # none before it is drawn
            lines = max(1, sheet.scrollable_content_region.height - 1) if page else 1
            sheet.scroll_relative(y=step * lines, animate=False, immediate=True)


class Help(Sheet):
    """The table of keys as a page."""

    def __init__(self, table: Keys, glyphs: Glyphs) -> None:
        super().__init__()
        self._table, self._glyphs = table, glyphs

    def text(self) -> Hanging:
        """One group below the other."""
        empty = Content("")
        lines: list[tuple[Content, Content]] = []
        for title, rows in self._table.groups(self._glyphs).items():
            lines += [(empty, empty)] if lines else []
            lines += [(empty, Content.styled(title, "bold"))]
            lines += [(Content.styled(f"{names:<10}", "$accent"), Content(line)) for names, line in rows]
        return Hanging(lines)


class Welcome(Sheet, inherit_bindings=False):
    """The first coffee's card: three lines, and never again. Any key puts it away."""

    BINDINGS: ClassVar[list[BindingType]] = [one for one in keys.BINDINGS if one.id in ALWAYS]

    def __init__(self, table: Keys, glyphs: Glyphs) -> None:
        super().__init__()
        self._names = {one.id: keys.key_names(one, glyphs)[0] for one in table.bindings}

    def text(self) -> Content:
        """What a beginner must know."""
        keep, dismiss, on, back, help_ = (
            (self._names[one], "bold $accent") for one in ("keep", "dismiss", "next_paper", "previous_paper", "help")
        )
        return Content.assemble(
            ("Your first coffee", "bold"),
            "\n\nThese papers fit the minutes in the cup, the best first.\n",
            *(on, " and ", back, " move, ", keep, " keeps, ", dismiss, " dismisses, ", help_, " shows every key.\n"),
            "When the cup is empty triage closes; what you decided is kept.",
            ("\n\nAny key puts this card away", "$faint"),
        )


class Why(Sheet):
    """Why a paper ranks where it does, in full."""

    def __init__(self, scored: ScoredPaper, lines: Iterable[str], glyphs: Glyphs) -> None:
        super().__init__()
        self._scored = scored
        self._lines = [line.replace("…", glyphs.more) for line in lines] or ["The ranker left no reason."]

    def text(self) -> Hanging:
        """The title and the lines of the answer."""
        empty = Content("")
        title = Content.styled(readable(self._scored.paper.title), "bold")
        return Hanging([(empty, title), (empty, empty), *map(_beside, self._lines)])


def page(note: phrases.Note) -> Content:
    """A note as a page."""
    lines = "\n".join(note.lines)
    return Content.assemble((note.title, "bold"), ("\n\n" + lines if lines else "", "$faint"))


def _beside(line: str) -> tuple[Content, Content]:
    """A line made safe, its figures apart: they stand below each other, and words that wrap stand beside them."""
    figures = _FIGURES.match(line)
    at = figures.end() if figures else 0
    return Content(line[:at]), Content(clean(line[at:]))
