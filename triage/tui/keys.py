"""The one table of keys: what is bound, what the footer and the help show, and what the palette offers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.keys import format_key

from triage.errors import ConfigFault

if TYPE_CHECKING:
    from triage.config import KeyChoice
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
    _key("t", "dismiss_why", "dismiss, and why", "dismiss the paper with a reason", JUDGE),
    _key("u", "undo", "undo", "take back verdicts, the newest first", JUDGE, show=True),
    _key("enter", "read", "read", "the abstract alone, and back", READ),
    _key("o", "open_page", "open", "the abstract page in the browser", READ, show=True),
    _key("O", "open_pdf", "open PDF", "the PDF in the browser", READ),
    _key("w", "why", "why", "why the paper ranks where it does", READ, show=True),
    _key("slash", "search", "search", "search in the list", READ),
    _key("n", "next_match", "next match", "the next paper that matches", READ),
    _key("N", "previous_match", "previous match", "the previous paper that matches", READ),
    _key("e", "write_note", "note", "your note on the paper", READ),
    _key("E", "edit_profile", "edit the profile", "edit the profile; the coffee goes on", SESSION),
    _key("y", "copy_link", "copy link", "copy the link of the paper", READ),
    _key("B", "copy_bibtex", "copy BibTeX", "copy the BibTeX entry", READ),
    _key("z", "draw_one", "one from the rest", "a paper drawn by chance (explore)", SESSION),
    _key("m", "compare", "the other ranker", "the list of the other ranker, and back", SESSION),
    _key("R", "take_in", "take in newer papers", "take in what was ranked since you began", SESSION),
    _key("p", "pause", "pause", "rest once a day, five minutes at most", SESSION),
    _key("plus", "refill", "five more minutes", "five more, on the closing card", SESSION),
    _key("question_mark", "help", "help", "the keys and what they do", SESSION, show=True),
    _key("escape", "back", "back", "back to the list", SESSION),
    _key("ctrl+p", "command_palette", "commands", "every action by name", SESSION),
    _key("q", "leave", "finish early", "finish early; the rest stays yours", SESSION),
    _key("ctrl+c", "interrupt", "stop", "stop at once; every verdict is stored", SESSION, priority=True),
    _key("ctrl+q", "quit", "quit", "finish early, from anywhere", SESSION, priority=True),
]

KEPT = {"help": "question_mark", "command_palette": "ctrl+p", "interrupt": "ctrl+c", "quit": "ctrl+q"}
"""These keep their keys whatever the settings say: nobody is ever lost."""

_NAMES = {"enter": "Enter", "space": "Space", "backspace": "Backspace", "escape": "Esc", "tab": "Tab"}
_NAMED = frozenset(
    (
        "enter",
        "space",
        "backspace",
        "escape",
        "tab",
        "up",
        "down",
        "left",
        "right",
        "home",
        "end",
        "pageup",
        "pagedown",
        "insert",
        "delete",
        *(f"f{number}" for number in range(1, 13)),
    )
)
_CONTROL = re.compile(r"ctrl\+[a-gkln-y]")
"""Ctrl+H, I, J and M are Backspace, Tab and Enter to a terminal, and Ctrl+Z stops the program."""

_FOOTER_LAST = ["undo", "help"]


class Keys:
    """The table as this reader has it: the one above with the keys that `[keys]` in config.toml chose.

    Raises:
        ConfigFault: a choice names no action, no key that a terminal knows, or the key of another action.
    """

    def __init__(self, chosen: Mapping[str, KeyChoice] | None = None) -> None:
        chosen = chosen or {}
        table = {binding.id or "": binding.key.split(",") for binding in BINDINGS}
        for name, choice in chosen.items():
            if name not in table:
                raise ConfigFault(f"{choice.where}: keys.{name} is no action{_near(name, table)}")
            table[name] = list(dict.fromkeys([*_kept(name), *(_spelt(one, name, choice) for one in choice.keys)]))
        for name, choice in chosen.items():
            _refuse_stolen(name, choice, table)
        self.bindings = [replace(binding, key=",".join(table[binding.id or ""])) for binding in BINDINGS]
        self.keymap = {name: ",".join(table[name]) for name in chosen}

    def footer(self) -> Iterator[tuple[str, str]]:
        """(key, label) of the actions the footer names: what is decided first, the way back and the help last."""
        named = [one for one in self.bindings if one.show]
        for binding in sorted(named, key=lambda one: _FOOTER_LAST.index(one.id) + 1 if one.id in _FOOTER_LAST else 0):
            yield _shown(binding.key.split(",")[0], _NAMES), binding.description

    def name(self, action: str) -> str:
        """The first key of an action as a reader calls it: what the cards and lines name."""
        return next(_shown(one.key.split(",")[0], _NAMES) for one in self.bindings if one.id == action)

    def without_list(self, *, rest: bool) -> list[tuple[str, str]]:
        """What the footer names where there is no list; `rest` is whether a paper can be drawn."""
        drawn = [(self.name(one.id), one.description) for one in self.bindings if one.id == "draw_one"]
        return [("Enter", "close"), *(drawn if rest else []), ("?", "help")]

    def groups(self, glyphs: Glyphs) -> dict[str, list[tuple[str, str]]]:
        """The table as (keys, what they do), by group."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for binding in self.bindings:
            title = binding.group.description if binding.group else ""
            groups.setdefault(title, []).append((" ".join(key_names(binding, glyphs)), binding.tooltip))
        return groups


def key_names(binding: Binding, glyphs: Glyphs) -> list[str]:
    """The keys of one line as a reader calls them."""
    names = {**_NAMES, "up": glyphs.up, "down": glyphs.down}
    return [_shown(key, names) for key in binding.key.split(",")]


def _shown(key: str, names: Mapping[str, str]) -> str:
    if key.startswith("ctrl+"):
        return f"Ctrl+{key.removeprefix('ctrl+').upper()}"
    return names.get(key) or (key if key in _NAMED else format_key(key))


def _kept(name: str) -> list[str]:
    return [KEPT[name]] if name in KEPT else []


def _spelt(word: str, name: str, choice: KeyChoice) -> str:
    """A key as the settings name it, in Textual's words."""
    low = {"esc": "escape", "return": "enter"}.get(word.lower(), word.lower())
    if len(word) == 1 and word.isprintable() and not word.isspace():
        return next(iter(Binding.make_bindings([Binding(word, name)]))).key
    if low in _NAMED or _CONTROL.fullmatch(low):
        return low
    raise ConfigFault(
        f"{choice.where}: keys.{name}: {word!r} is no key that a terminal tells apart; "
        'give a character, "f5", "ctrl+t", "space" or the like'
    )


def _refuse_stolen(name: str, choice: KeyChoice, table: Mapping[str, Iterable[str]]) -> None:
    mine = set(table[name])
    for other, keys in table.items():
        if other != name and (both := mine & set(keys)):
            key = _shown(min(both), _NAMES)
            way = f"{key} always does that" if KEPT.get(other) in both else f"choose another, or give {other} one too"
            raise ConfigFault(f"{choice.where}: keys.{name}: {key} is the key of {other} already; {way}")


def _near(name: str, table: Iterable[str]) -> str:
    known = sorted(table)
    close = get_close_matches(name, known, 1)
    return f": did you mean {close[0]}?" if close else f"; the actions are {', '.join(known)}"
