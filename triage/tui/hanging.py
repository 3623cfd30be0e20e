"""`Hanging`: a text whose lines keep their column where they wrap, below a label of their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.content import Content
from textual.visual import Visual

if TYPE_CHECKING:
    from textual.css.styles import RulesMap
    from textual.strip import Strip
    from textual.style import Style
    from textual.visual import RenderOptions

_BESIDE = 12
"""Fewer cells beside a label hold no sentence: there the line wraps below its label."""


class Hanging(Visual):
    """Lines, each a label and what stands beside it; either may be empty. What wraps begins below the words."""

    def __init__(self, lines: Iterable[tuple[Content, Content]]) -> None:
        self._lines = tuple(lines)
        self._laid: tuple[int, Content] = 0, Content("")

    def lay(self, width: int) -> Content:
        """The text for `width` cells, one line of it per line of the screen; no word is lost."""
        if self._laid[0] != width:
            rows = [row for label, words in self._lines for row in _rows(label, words, width)]
            self._laid = width, Content("\n").join(rows)
        return self._laid[1]

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        """Draw it."""
        return self.lay(width).render_strips(width, height, style, options)

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        """Cells of its longest line, where nothing wraps."""
        return max((label.cell_length + _longest(words) for label, words in self._lines), default=0)

    def get_height(self, rules: RulesMap, width: int) -> int:
        """Lines of the screen that it takes."""
        return self.lay(width).get_height(rules, width)


def _rows(label: Content, words: Content, width: int) -> list[Content]:
    indent = label.cell_length
    if width - indent < _BESIDE:
        return (label + words).wrap(width)
    first, *more = words.wrap(width - indent) or [Content("")]
    return [label + first, *(row.pad_left(indent) for row in more)]


def _longest(words: Content) -> int:
    return max((line.cell_length for line in words.split("\n")), default=0)
