"""The closing card: what the coffee came to, one line for the notebook, and perhaps five more minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from triage.text import readable
from triage.tui import phrases
from triage.tui.line import Line
from triage.tui.screens import ALWAYS, Sheet
from triage.tui.stages import CARD_S
from triage.tui.widgets import fit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from textual.app import ComposeResult

    from triage.paper import ScoredPaper
    from triage.tui.desk import Desk, Mark
    from triage.tui.glyphs import Glyphs
    from triage.tui.keys import Keys

_ON_CARD = ALWAYS | {"read", "back", "leave", "keep", "dismiss", "undo", "refill"}
_WIDTH = 60
"""Cells of the card where the terminal has them, as in the style sheet."""
_ROWS, _LOW_ROWS, _SUBJECT_ROWS = 15, 12, 3
"""Rows of the card without what was kept, with air and on fewer than sixteen rows, and of these the last paper's."""


class Card(Sheet):
    """The closing card. It goes away by itself.

    `line` is what stands in the notebook already, and `write` keeps another one; None where there is none to write.
    `more` is whether five more minutes can be had.
    """

    actions = _ON_CARD

    def __init__(
        self,
        title: str,
        desk: Desk,
        used_s: float,
        glyphs: Glyphs,
        subject: ScoredPaper | None,
        *,
        keys: Keys,
        line: str = "",
        write: Callable[[str], None] | None = None,
        more: bool = False,
    ) -> None:
        super().__init__()
        self._title, self._desk, self._used_s, self._glyphs = title, desk, used_s, glyphs
        self._keys = keys
        self._line, self._write, self.more = line, write, more
        self.subject = subject
        """The paper that was being judged when the time was up; it still can be."""

    @property
    def writing(self) -> bool:
        """Whether the reader has the pen in hand."""
        return isinstance(self.focused, Line)

    def compose(self) -> ComposeResult:
        """The summary, the line for the notebook, and the line that counts down."""
        with VerticalScroll(id="sheet", can_focus=False):
            yield Static(self.text(), id="sheet-text", markup=False)
            if self._write:
                yield Static("One line for the notebook (Tab):", id="notebook-label", markup=False)
                with Horizontal(id="notebook"):
                    yield Static("> ", markup=False)
                    yield Line(self._line, compact=True, select_on_focus=False, id="line")
            with Horizontal(id="farewell"):
                yield Static(self._ways(), id="ways", markup=False)
                yield Static(Content(f"{CARD_S:.0f} s"), id="closing", markup=False)

    def on_mount(self) -> None:
        """A cursor that blinks costs bytes on a slow line."""
        for line in self.query(Line):
            line.cursor_blink = False

    def text(self) -> Content:
        """The summary of the coffee and what was kept."""
        kept, dismissed = self._desk.marked("keep"), self._desk.marked("dismiss")
        counts = (f"{len(self._desk.shown)} shown", f"{len(kept)} kept", f"{len(dismissed)} dismissed")
        parts: list[Content | str | tuple[str, str]] = [(self._title, "bold"), "\n\n"]
        parts += ["   ".join((*counts, phrases.stopwatch(self._used_s)))]
        for place, row in enumerate(self._kept_rows([one for one in kept if one is not self.subject])):
            parts += ["\n", ("kept  " if place == 0 else "      ", "$accent"), row]
        if self.subject is not None:
            parts += ["\n\n", ("last  ", "$accent"), self._row(self.subject), "\n      "]
            parts += [*self._choice(self.subject, "keep"), "   ", *self._choice(self.subject, "dismiss")]
        return Content.assemble(*parts, "\n")

    def _choice(self, scored: ScoredPaper, mark: Mark) -> list[str | tuple[str, str]]:
        """A key and what it does to a paper, with the sign of what was done."""
        sign = f" {getattr(self._glyphs, mark)}" if self._desk.mark(scored.paper.id) == mark else ""
        return [(self._keys.name(mark), "bold $accent"), f" {mark}", (sign, "$accent")]

    def _kept_rows(self, kept: Sequence[ScoredPaper]) -> list[Content | str]:
        """As many titles as leave the ways to go on in sight: no key scrolls this card."""
        height = self.app.size.height
        room = height - (_ROWS if height > _ROWS else _LOW_ROWS) + (_SUBJECT_ROWS if self.subject is None else 0)
        if len(kept) <= room:
            return [self._row(scored) for scored in kept]
        titles: list[Content | str] = [self._row(scored) for scored in kept[: max(0, room - 1)]]
        rest = len(kept) - len(titles)
        return [*titles, f"and {rest} more" if titles else f"{rest} papers"] if room > 0 else []

    def on_resize(self) -> None:
        """Another height has room for other titles."""
        self.redraw()

    def redraw(self) -> None:
        """Write it again after a verdict."""
        for summary in self._parts("#sheet-text"):
            summary.update(self.text())

    def keep_time(self, closes_in_s: float, more_in_s: float | None = None) -> None:
        """Say when it goes away, or when five more minutes begin; only what has changed is drawn."""
        self._tell("#ways", self._ways(waits=more_in_s is not None))
        self._tell("#closing", Content(f"{max(0, round(closes_in_s if more_in_s is None else more_in_s)):>2} s"))

    def _tell(self, part: str, words: Content) -> None:
        for line in self._parts(part):
            if str(line.content) != str(words):
                line.update(words, layout=part == "#ways")

    def _parts(self, part: str) -> Iterable[Static]:
        """The part, or nothing where the session ends in the moment in which the card is laid and none is composed."""
        return self.query(part).results(Static)

    def _ways(self, *, waits: bool = False) -> Content:
        if waits:
            return Content.assemble(("Esc", "bold $accent"), " takes it back   five more minutes in ")
        more: list[str | tuple[str, str]] = []
        if self.more:
            once = " (once today)" if self.app.size.width >= _WIDTH else ""
            more = [(self._keys.name("refill"), "bold $accent"), f" five more{once}  "]
        return Content.assemble(("Enter", "bold $accent"), " close  ", *more, "ends in ")

    def put_down(self) -> None:
        """The line is written."""
        self.set_focus(None)

    def save(self) -> None:
        """Keep the line where it has changed since it was kept."""
        for line in self.query(Line):
            if self._write and line.value != self._line:
                self._write(line.value)
                self._line = line.value

    def _row(self, scored: ScoredPaper) -> Content:
        width = max(10, min(self.app.size.width, 60) - 8 - 6)
        return fit(readable(scored.paper.title), width, self._glyphs)
