"""Where each key and value stands in a TOML text, which neither tomllib nor tomlkit tells."""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from dataclasses import dataclass, field

Where = tuple[str | int, ...]
"""The way to a value: keys, and indices of arrays, as in `("terms", "boost", 0)`."""

_LOCATED = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|[A-Za-z0-9_-]+")
_STRING = re.compile(r'"""(?:[^\\]|\\.)*?""""{0,2}|\'\'\'.*?\'\'\'\'{0,2}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL)
_SCALAR = re.compile(r"\d{4}-\d\d-\d\d \d\d:[^\s,\]}#]+|[^\s,\]}#]+")


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` up to but without `end`, in characters of the text."""

    start: int
    end: int


@dataclass(slots=True)
class Spans:
    """The spans of all keys and values of one text; a section's key is the name in its first heading."""

    text: str
    keys: dict[Where, Span] = field(default_factory=dict)
    values: dict[Where, Span] = field(default_factory=dict)

    def place(self, where: Where) -> tuple[int, int]:
        """Line and column of a value, counting from 1; of its key where there is no value, else of what holds it.

        A text in quotes is located at its first character.
        """
        for length in range(len(where), 0, -1):
            if span := self.values.get(where[:length]):
                return self.line_and_column(span.start + (self.text[span.start] in "\"'"))
            if span := self.keys.get(where[:length]):
                return self.line_and_column(span.start)
        return 1, 1

    def key_place(self, where: Where) -> tuple[int, int]:
        """Line and column of a key."""
        return self.line_and_column(self.keys[where].start) if where in self.keys else self.place(where)

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """A place in the text, counting from 1."""
        before = self.text[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def scan(text: str) -> Spans:
    """Locate everything in a text that tomllib accepts; of any other text what comes before the fault."""
    scanner = _Scanner(text)
    with suppress(_LostError):
        scanner.document()
    return scanner.found


def fault_place(text: str, fault: tomllib.TOMLDecodeError) -> tuple[int, int, str]:
    """Line and column at which tomllib gave up, counting from 1, and what it said without them."""
    told = str(fault)
    found = _LOCATED.search(told)
    last = len(text.splitlines()) or 1
    line, column = (int(found["line"]), int(found["column"])) if found and found["line"] else (last, 1)
    return min(line, last), column, _LOCATED.sub("", told)


class _LostError(Exception):
    """The text is no TOML from here on."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text, self.at, self.found = text, 0, Spans(text)
        self.arrays: dict[Where, int] = {}

    def skip(self, pattern: re.Pattern[str]) -> Span:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise _LostError
        self.at = match.end()
        return Span(match.start(), match.end())

    def take(self, mark: str) -> bool:
        """Step over a mark if it comes next."""
        if not self.text.startswith(mark, self.at):
            return False
        self.at += len(mark)
        return True

    def need(self, mark: str) -> None:
        if not self.take(mark):
            raise _LostError

    def document(self) -> None:
        base: Where = ()
        self.skip(_BLANK)
        while self.at < len(self.text):
            if self.take("["):
                base = self.heading(double=self.take("["))
            else:
                self.pair(base)
            self.skip(_BLANK)

    def heading(self, *, double: bool) -> Where:
        """Read `[a.b]` or `[[a.b]]` up to its end: where the lines below it belong."""
        where: Where = ()
        names = self.dotted()
        for number, (name, span) in enumerate(names, 1):
            where = (*where, name)
            self.found.keys.setdefault(where, span)
            if double and number == len(names):
                self.arrays[where] = self.arrays.get(where, -1) + 1
                self.found.keys[(*where, self.arrays[where])] = span
            if where in self.arrays:
                where = (*where, self.arrays[where])
        self.need("]]" if double else "]")
        return where

    def dotted(self) -> list[tuple[str, Span]]:
        """Read a key of one or more parts, and the blanks around it."""
        parts = []
        while True:
            self.skip(_SPACE)
            span = self.skip(_KEY)
            parts.append((self.name(span), span))
            self.skip(_SPACE)
            if not self.take("."):
                return parts

    def name(self, span: Span) -> str:
        written = self.text[span.start : span.end]
        if written[0] not in "\"'":
            return written
        try:
            return str(tomllib.loads(f"key = {written}")["key"])
        except tomllib.TOMLDecodeError as error:
            raise _LostError from error

    def pair(self, base: Where) -> None:
        where = base
        for name, span in self.dotted():
            where = (*where, name)
            self.found.keys.setdefault(where, span)
        self.need("=")
        self.skip(_SPACE)
        self.value(where)

    def value(self, where: Where) -> None:
        start = self.at
        if self.take("["):
            self.array(where)
        elif self.take("{"):
            self.inline_table(where)
        else:
            self.skip(_STRING if self.text[start : start + 1] in ("'", '"') else _SCALAR)
        self.found.values[where] = Span(start, self.at)

    def array(self, where: Where) -> None:
        index = 0
        self.skip(_BLANK)
        while not self.take("]"):
            self.value((*where, index))
            index += 1
            self.skip(_BLANK)
            if not self.take(",") and not self.text.startswith("]", self.at):
                raise _LostError
            self.skip(_BLANK)

    def inline_table(self, where: Where) -> None:
        self.skip(_BLANK)
        while not self.take("}"):
            self.pair(where)
            self.skip(_BLANK)
            if not self.take(",") and not self.text.startswith("}", self.at):
                raise _LostError
            self.skip(_BLANK)
