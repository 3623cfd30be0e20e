"""The parts of the morning's screen: heading, cup, list, abstract, speaking rule, line of keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style
from textual.widgets import Static

from triage.text import clean, readable
from triage.tui import phrases
from triage.tui.glyphs import Glyphs
from triage.tui.hanging import Hanging
from triage.tui.stages import LOW

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from triage.paper import ScoredPaper
    from triage.tui.desk import Desk

BAR = 10
"""Cells of the bar beside the cup, where there is room for one."""

_GAP = Content("   ")
"""Between two keys of the footer."""

FEW_AUTHORS = 4
"""So many names are shown before "and n more"."""


class Heading(Static):
    """The name, and as much about the day as the width holds."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._variants: Sequence[str] = ("",)
        self._glyphs = Glyphs()

    def tell(self, variants: Sequence[str], glyphs: Glyphs) -> None:
        """Set the variants, longest first."""
        self._variants, self._glyphs = variants, glyphs
        self.refresh()

    def render(self) -> Content:
        """Choose the longest variant that fits."""
        name = Content.styled("triage", "bold $accent")
        for variant in self._variants:
            gap = "   " if "   " in variant else f" {self._glyphs.dot} " if variant else ""
            line = Content.assemble(name, gap, variant.replace("·", self._glyphs.dot))
            if line.cell_length <= self.size.width:
                return line
        return name


class Cup(Static):
    """The only thing that moves: the cup, and how much of it is left."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(markup=False)
        self._glyphs = glyphs
        self._now = (0.0, 0.0)
        self.told = ""

    def on_resize(self) -> None:
        """Say it at length, or briefly."""
        self.tell(*self._now)

    def tell(self, left_s: float, share_used: float) -> None:
        """Say what is left; nothing is drawn again where the words are the same."""
        self._now = left_s, share_used
        sign = self._glyphs.dregs if share_used >= LOW else self._glyphs.cup
        words = phrases.left(left_s)
        if self.size.width > BAR + len(words) + len("  left") + 2:
            full = round(BAR * (1.0 - share_used))
            words = f"{self._glyphs.full * full}{self._glyphs.empty * (BAR - full)}  {words} left"
        if (told := f"{sign} {words}") != self.told:
            self.told = told
            self.set_class(share_used >= LOW, "-low")
            self.update(Content(told), layout=False)


class Rule(Static):
    """A rule across the page that now and then carries a line of words."""

    def __init__(self, glyphs: Glyphs, id: str) -> None:
        super().__init__(markup=False, id=id)
        self._glyphs = glyphs
        self.said = ""

    def say(self, line: str) -> None:
        """Carry a line; "" makes it a plain rule again."""
        if line != self.said:
            self.said = line
            self.set_class(bool(line), "-speaking")
            self.refresh()

    def render(self) -> Content:
        """Draw the rule around the words."""
        rule, width = self._glyphs.rule, self.size.width
        if not self.said:
            return Content(rule * width)
        words = cut(Content(f"{rule * 2} {self.said} "), width, self._glyphs)
        return words + rule * (width - words.cell_length)


class KeyLine(Static):
    """The keys a beginner needs, from the table, and a quiet remark on the right."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(markup=False)
        self._glyphs = glyphs
        self._keys: Sequence[Content] = ()
        self._remark = ""

    def tell(self, keys: Iterable[tuple[str, str]], remark: str) -> None:
        """Set the keys as (key, label), and the remark."""
        self._keys = [Content.assemble((key, "bold $accent"), f" {label}") for key, label in keys]
        self._remark = remark.replace("·", self._glyphs.dot)
        self.refresh()

    def render(self) -> Content:
        """Keys on the left, the last of them in any case; the remark on the right as far as there is room."""
        named, last = list(self._keys[:-1]), self._keys[-1:]
        keys = _GAP.join([*named, *last])
        while named and keys.cell_length > self.size.width:
            named.pop()
            keys = _GAP.join([*named, *last])
        room = self.size.width - keys.cell_length - 3
        if room < len(self._remark.split(self._glyphs.dot)[0]) or not self._remark:
            return keys
        remark = cut(Content.styled(self._remark, "$faint"), room, self._glyphs)
        return Content.assemble(keys, " " * (3 + room - remark.cell_length), remark)


class PaperList(ScrollView, can_focus=False):
    """One line a paper, and the coffee line below the last one that still fits; nothing is ever reordered.

    Drawn line by line from the desk: a long list costs what is visible.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "paper-list--cursor",
        "paper-list--faint",
        "paper-list--line",
        "paper-list--accent",
    }

    class Picked(Message):
        """The reader pointed at a row."""

        def __init__(self, row: int) -> None:
            super().__init__()
            self.row = row

    def __init__(self, desk: Desk, left: Callable[[], float], glyphs: Glyphs) -> None:
        super().__init__()
        self._desk, self._left, self._glyphs = desk, left, glyphs
        self.line: int | None = None
        """How many rows lie above the coffee line; None where all fit and no line is drawn."""
        self._marked: re.Pattern[str] | None = None

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """One line a paper, and the coffee line."""
        return len(self._desk.papers) + (self.line is not None)

    def mark(self, words: str) -> None:
        """Mark the words of a search wherever a title holds them; "" marks nothing."""
        parts = "|".join(map(re.escape, words.split()))
        self._marked = re.compile(parts, re.IGNORECASE) if parts else None

    def settle(self) -> None:
        """Draw the line where it belongs now; called once a second, it redraws only when the line has moved."""
        fitting = self._desk.fitting(self._left())
        line = fitting if fitting < len(self._desk.papers) else None
        if line != self.line:
            self.line = line
            self.lay_out()

    def lay_out(self) -> None:
        """Draw the list again and keep the cursor in sight."""
        height = self.get_content_height(self.size, self.size, self.size.width)
        if self.virtual_size.height != height:
            self.virtual_size = Size(self.size.width, height)
            self.refresh(layout=True)
        self.refresh()
        if not self.is_mounted:
            return
        row = self._at(self._desk.cursor)
        self.scroll_to_region(Region(0, row, max(1, self.size.width), 1), animate=False)

    def on_resize(self) -> None:
        """Follow a new size; the cursor stays in sight."""
        self.virtual_size = Size(self.size.width, self.virtual_size.height)
        self.lay_out()

    def on_click(self, event: events.Click) -> None:
        """Take the row under the pointer."""
        y = event.y + self.scroll_offset.y
        if y != self.line and y < self.virtual_size.height:
            self.post_message(self.Picked(y - (self.line is not None and y > self.line)))

    def render_line(self, y: int) -> Strip:
        """One line of the screen: a paper, the coffee line, or nothing."""
        y += self.scroll_offset.y
        width = self.scrollable_content_region.width
        if y == self.line:
            return self._strip(self._coffee_line(width), self._style("line"), width)
        row = y - (self.line is not None and y > self.line)
        if row >= len(self._desk.papers):
            return Strip.blank(width, self.rich_style)
        styles = []
        mark = self._desk.mark(self._desk.papers[row].paper.id)
        if mark == "dismiss" or (self.line is not None and row >= self.line):
            styles.append("faint")
        if row == self._desk.cursor:
            styles.append("cursor")
        return self._strip(self.row(row, width), self._style(*styles), width)

    def row(self, row: int, width: int) -> Content:
        """Cursor, slot, place, title, minutes and mark of a paper, in exactly `width` cells."""
        scored, glyphs = self._desk.papers[row], self._glyphs
        here = glyphs.cursor if row == self._desk.cursor else " "
        before = f"{glyphs.slots[scored.slot]}{row + 1:>3}  "
        after = f"  {phrases.minutes(scored.seconds):>6} "
        room = max(0, width - 1 - len(before) - len(after) - 2)
        title = fit(readable(scored.paper.title), room, glyphs)
        if self._marked:
            title = title.highlight_regex(self._marked, style="bold underline")
        accent = self._style("accent").foreground
        mark = Content.styled(f"{self._mark(scored)} ", Style(foreground=accent))
        return Content.assemble((here, Style(foreground=accent)), before, title, after, mark).truncate(width)

    def _mark(self, scored: ScoredPaper) -> str:
        match self._desk.mark(scored.paper.id):
            case "keep":
                return self._glyphs.keep
            case "dismiss":
                return self._glyphs.dismiss
        return self._glyphs.opened if self._desk.opened(scored.paper.id) else " "

    def _coffee_line(self, width: int) -> Content:
        words = " your coffee reaches to here "
        rule = self._glyphs.rule * max(0, width - 4 - len(words))
        half = len(rule) // 2
        faint = Style(foreground=self._style("faint").foreground)
        return Content.assemble(f" {rule[:half]}", (words, faint), f"{rule[half:]} ").truncate(width)

    def _at(self, row: int) -> int:
        """Where a row is drawn."""
        return row + (self.line is not None and row >= self.line)

    def _style(self, *names: str) -> Style:
        return self.get_visual_style(*(f"paper-list--{name}" for name in names))

    @staticmethod
    def _strip(line: Content, style: Style, width: int) -> Strip:
        return Strip(line.render_segments(style)).adjust_cell_length(width, style.rich_style)


def fit(text: str, width: int, glyphs: Glyphs) -> Content:
    """Cut or fill foreign text to exactly `width` cells, as the screen counts them."""
    return cut(Content(text), width, glyphs).truncate(width, pad=True)


def cut(content: Content, width: int, glyphs: Glyphs) -> Content:
    """Cut a line to `width` cells, with an ellipsis where something is missing."""
    if content.cell_length <= width:
        return content
    return (content.truncate(max(0, width - len(glyphs.more))) + glyphs.more).truncate(width)


class AbstractPane(VerticalScroll, can_focus=False):
    """The paper under the cursor: what it is, why it is here, and its abstract made readable."""

    def __init__(self) -> None:
        super().__init__()
        self._text = Static(id="text", markup=False)

    def compose(self) -> ComposeResult:
        """One text that scrolls."""
        yield self._text

    def show(self, scored: ScoredPaper | None, verdict: str, note: str, glyphs: Glyphs) -> None:
        """Show a paper from its beginning; `verdict` is what was decided about it, as a word with its sign."""
        self._text.update("" if scored is None else abstract(scored, verdict, note, glyphs))
        if self.is_mounted:
            self.scroll_home(animate=False)

    def page(self, step: int) -> bool:
        """Scroll by a page; False when there is nothing further that way."""
        if (self.scroll_offset.y >= self.max_scroll_y) if step > 0 else (self.scroll_offset.y <= 0):
            return False
        self.scroll_relative(y=step * max(1, self.scrollable_content_region.height - 1), animate=False, immediate=True)
        return True


def abstract(scored: ScoredPaper, verdict: str, note: str, glyphs: Glyphs) -> Hanging:
    """A paper as a page with the reader's note: never parsed as markup, and in the order of importance."""
    paper = scored.paper
    names = [readable(name) for name in paper.authors]
    more = f" and {len(names) - FEW_AUTHORS} more" if len(names) > FEW_AUTHORS else ""
    head = [
        Content.styled(readable(paper.title), "bold"),
        Content.styled(", ".join(names[:FEW_AUTHORS]) + more, "$faint"),
        Content.styled(f" {glyphs.dot} ".join(filter(None, [*_facts(scored), verdict])), "$faint"),
        Content(""),
    ]
    notes = [("note" if place == 0 else "", clean(line)) for place, line in enumerate(note.strip().splitlines())]
    beside = [
        (Content.styled(f"{label:<5}", "$accent"), Content(line.replace("…", glyphs.more)))
        for label, line in (*reasons(scored), *notes)
    ]
    text = readable(paper.abstract) or "There is no abstract in the announcement."
    tail = [Content(""), Content(text)] if beside else [Content(text)]
    return Hanging([*((Content(""), line) for line in head), *beside, *((Content(""), line) for line in tail)])


def _facts(scored: ScoredPaper) -> list[str]:
    """What is known of a paper beside its words."""
    paper = scored.paper
    pages = f"{paper.pages} pages" if paper.pages else ""
    reads = phrases.estimate(scored.estimate) if scored.estimate else ""
    return [", ".join(map(clean, paper.categories)), paper.announce_type or "", pages, clean(paper.id), reads]


def reasons(scored: ScoredPaper) -> list[tuple[str, str]]:
    """(label, line) of why the paper is on the list; the whole answer is a key away."""
    lines = [("why" if place == 0 else "", clean(line)) for place, line in enumerate(scored.why[:2])]
    if scored.slot == "adjacent":
        lines.append(("~", "adjacent: just outside your focus"))
    if scored.slot == "explore":
        lines.append(("?", "explore: drawn by chance from the rest, and judged apart"))
    if scored.probability is not None:
        lines.append(("", f"chance that you keep it: {scored.probability:.2f}"))
    return lines
