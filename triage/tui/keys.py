"""The one table of keys: what is bound, what the footer and the help show, and what the palette offers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.binding import Binding

if TYPE_CHECKING:
    from triage.tui.glyphs import Glyphs

MOVE = Binding.Group("Move")
JUDGE = Binding.Group("Judge")
READ = Binding.Group("Read")
SESSION = Binding.Group("Session")


def _key(keys: str, name: str, label: str, help_line: str, group: Binding.Group, **more: bool) -> Binding:
    """One line of the table: `name` is the id of binding and action, `label` stands in footer and palette."""
    show = more.get("show", False)
    return Binding(
        keys,
        f"app.{name}",
        label,
        id=name,
        tooltip=help_line,
        group=group,
        show=show,
        priority=more.get("priority", False),
    )


BINDINGS = [
    _key("j,down", "next_paper", "next", "the next paper", MOVE),
    _key("k,up", "previous_paper", "previous", "the previous paper", MOVE),
    _key("g", "first_paper", "first", "the first paper", MOVE),
    _key("G", "last_paper", "last", "the last paper", MOVE),
    _key("space", "page_on", "page on", "a page on, then the next paper", MOVE),
    _key("backspace", "page_back", "page back", "a page back, then the previous paper", MOVE),
    _key("s", "keep", "keep", "keep the paper for later", JUDGE, show=True),
    _key("x,d", "dismiss", "dismiss", "dismiss the paper", JUDGE, show=True),
    _key("u", "undo", "undo", "take back the newest verdict; many levels", JUDGE, show=True),
    _key("enter", "read", "read", "the abstract on the full screen, and back", READ),
    _key("o", "open_page", "open", "the abstract page in the browser", READ, show=True),
    _key("O", "open_pdf", "open PDF", "the PDF in the browser", READ),
    _key("w", "why", "why", "why the paper ranks where it does", READ, show=True),
    _key("R", "take_in", "take in newer papers", "take in what was ranked since you began", SESSION),
    _key("p", "pause", "pause", "stop the clock, once a day for five minutes", SESSION),
    _key("plus", "refill", "five more minutes", "five more on the closing card, once a day", SESSION),
    _key("question_mark", "help", "help", "the keys and what they do", SESSION, show=True),
    _key("escape", "back", "back", "back to the list", SESSION),
    _key("ctrl+p", "command_palette", "commands", "every action by name", SESSION),
    _key("q", "leave", "finish early", "finish early; the rest stays yours today", SESSION),
    _key("ctrl+c", "interrupt", "stop", "stop at once; every verdict is stored", SESSION, priority=True),
    _key("ctrl+q", "quit", "quit", "finish early, from anywhere", SESSION, priority=True),
]

_NAMES = {
    "question_mark": "?",
    "plus": "+",
    "enter": "Enter",
    "space": "Space",
    "backspace": "Backspace",
    "escape": "Esc",
}


def key_names(binding: Binding, glyphs: Glyphs) -> list[str]:
    """The keys of one line as a reader calls them."""
    names = {**_NAMES, "up": glyphs.up, "down": glyphs.down}
    return [names.get(key, key.replace("ctrl+", "Ctrl+")) for key in binding.key.split(",")]


NOTE_KEYS = (("Enter", "close"), ("?", "help"))
"""What the footer names where there is no list."""


def footer_keys() -> Iterator[tuple[str, str]]:
    """(key, label) of the actions the footer names: what is decided first, the way back and the help last."""
    for binding in sorted((one for one in BINDINGS if one.show), key=lambda one: (one.id == "help", one.id == "undo")):
        yield _NAMES.get(first := binding.key.split(",")[0], first), binding.description


def help_groups(glyphs: Glyphs) -> dict[str, list[tuple[str, str]]]:
    """The table as (keys, what they do), by group."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for binding in BINDINGS:
        title = binding.group.description if binding.group else ""
        groups.setdefault(title, []).append((" ".join(key_names(binding, glyphs)), binding.tooltip))
    return groups
