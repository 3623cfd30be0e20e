"""`Profile`: one narrow focus, read from a TOML file; errors are located by file, line and column."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from triage import taxonomy
from triage.errors import InvalidInput
from triage.paper import split_identifier

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SLOTS = ("focus", "adjacent", "explore")
LONGEST_COFFEE = 240
"""Minutes; a longer "coffee" is a typing error."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One narrow focus.

    `seeds` and `avoid_seeds` are arXiv identifiers without version. `minutes` is the coffee of an ordinary day and
    `weekdays` overrides it by "mon" … "sun". `threshold` is the chance of being worth reading that a paper must reach
    to be shown (None: the ranker's own default). `shares` are the shares of focus, adjacent and explore picks, and
    sum to one.
    """

    name: str
    statement: str
    categories: tuple[str, ...]
    seeds: tuple[str, ...] = ()
    avoid_seeds: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    boost: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    minutes: float = 15.0
    weekdays: Mapping[str, float] = field(default_factory=dict)
    max_items: int = 8
    threshold: float | None = None
    shares: tuple[float, float, float] = (0.7, 0.2, 0.1)
    model: str = ""
    revision: str = ""
    to: str = ""
    active: bool = True

    @property
    def fingerprint(self) -> str:
        """Names the state of everything that the ranking depends on; an edit of it changes the fingerprint."""
        ranked_by = (self.statement, self.categories, self.seeds, self.avoid_seeds, self.authors)
        told = json.dumps([*ranked_by, self.boost, self.avoid, self.model, self.revision])
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    @classmethod
    def load(cls, path: Path | str) -> Profile:
        """Read a profile from its file.

        Raises:
            InvalidInput: the file cannot be read, or something in it is wrong; the line says where and what to write.
        """
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise InvalidInput(f"{path}: cannot be read ({error.strerror}); check the path and its rights") from error
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8") from error
        profile, problems = parse(text, str(path))
        if profile is None:
            more = f" (and {len(problems) - 1} more: triage profile check)" if len(problems) > 1 else ""
            raise InvalidInput(f"{problems[0]}{more}")
        return profile


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a profile, and where: line and column count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        place = f"{self.line}:{self.column}" if self.column > 1 else f"{self.line}"
        return f"{self.file}:{place}: {self.message}"


def parse(text: str, file: str) -> tuple[Profile | None, list[Problem]]:
    """Read a profile from its text: the profile, or all that is wrong with it in the order of the lines."""
    import tomllib

    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, [_syntax_problem(text, file, error)]
    reader = _Reader(text, file)
    reader.refuse_unknown(tables)
    given = {name: reader.read(tables, where, check) for name, (where, check) in _FIELDS.items()}
    given["name"] = given["name"] or Path(file).stem
    reader.compare(given)
    if reader.problems:
        return None, sorted(set(reader.problems), key=lambda problem: (problem.line, problem.column, problem.message))
    return Profile(**{name: value for name, value in given.items() if value is not None}), []


def _syntax_problem(text: str, file: str, error: Exception) -> Problem:
    """Locate what is no TOML: tomllib reads in a fifth of tomlkit's time, but only tomlkit has the place as numbers."""
    import tomlkit
    from tomlkit.exceptions import ParseError

    try:
        tomlkit.parse(text)
    except ParseError as located:
        message = re.sub(r" at line \d+ col \d+$", "", str(located))
        return Problem(file, located.line, located.col + 1, f"no TOML: {message}")
    return Problem(file, 1, 1, f"no TOML: {error}")


_Check = Callable[[Any], Any]
"""Turns a value of the file (None: absent) into a field's value, or raises `_WrongError`."""


class _Reader:
    """Reads the known keys of a parsed profile and collects what is wrong, with its place in the text."""

    def __init__(self, text: str, file: str) -> None:
        self.lines, self.file = text.splitlines(), file
        self.problems: list[Problem] = []

    def add(self, key: str, message: str, value: str = "") -> None:
        line, column = self._place(key, value)
        self.problems.append(Problem(self.file, line, column, message))

    def _place(self, key: str, value: str) -> tuple[int, int]:
        """Find a key's line in its section, and the value's column from there on."""
        section, _, name = key.rpartition(".")
        here = ""
        for number, line in enumerate(self.lines, 1):
            if heading := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
                here = heading[1]
                if key == here:
                    return number, 1
            if here == section and re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=", line):
                return self._value_place(number, value)
        return 1, 1

    def _value_place(self, first: int, value: str) -> tuple[int, int]:
        for number, line in enumerate(self.lines[first - 1 :], first):
            if value and (column := line.find(value)) >= 0:
                return number, column + 1
        return first, 1

    def refuse_unknown(self, tables: Mapping[str, Any]) -> None:
        """Name every key that triage does not know, with the nearest that it does."""
        keys = [where for where, _ in _FIELDS.values()] + [f"budget.{day}" for day in WEEKDAYS]
        keys += [f"explore.{slot}" for slot in SLOTS]
        sections = {key.partition(".")[0] for key in keys if "." in key}
        known = {*keys, *sections}
        for key, value in tables.items():
            inner = [f"{key}.{name}" for name in value] if key in sections and isinstance(value, dict) else []
            for one in [key, *inner]:
                if one not in known:
                    close = get_close_matches(one, sorted(known), 1)
                    self.add(one, f"unknown key {one!r}" + (f": did you mean {close[0]!r}?" if close else ""))

    def read(self, tables: Mapping[str, Any], where: str, check: _Check) -> Any:
        """Read one key; None when it is absent or wrong."""
        section, _, key = where.rpartition(".")
        table = tables.get(section, {}) if section else tables
        if not isinstance(table, dict):
            self.add(section, f"must be a section: [{section}]")
            return None
        value = table.get(key)
        try:
            return check(value)
        except _WrongError as error:
            self.add(where, f"{where!r} {error}" if error.about_key else str(error), error.value)
            return None

    def compare(self, given: dict[str, Any]) -> None:
        """What only shows when keys are seen together."""
        for one in sorted(set(given["seeds"] or ()) & set(given["avoid_seeds"] or ())):
            self.add("avoid_seeds", f"{one} is a seed too: keep it in one of the two lists", one)
        shares = given["shares"]
        if shares and abs(sum(shares) - 1.0) > 1e-6:
            self.add("explore", f"the shares focus, adjacent and explore sum to {sum(shares):g}, not to 1")


class _WrongError(Exception):
    def __init__(self, message: str, value: str = "", *, about_key: bool = True) -> None:
        super().__init__(message)
        self.value, self.about_key = value, about_key


def _text(needed: str = "") -> _Check:
    def check(value: Any) -> str | None:
        if value is None and needed:
            raise _WrongError(f"is missing; add: {needed}")
        if value is not None and not isinstance(value, str):
            raise _WrongError("must be a text in quotes")
        if needed and not str(value).strip():
            raise _WrongError(f"is empty; write: {needed}")
        return value

    return check


def _texts(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or any(not isinstance(one, str) for one in value):
        raise _WrongError('must be a list of texts, such as ["one", "two"]')
    return tuple(value)


def _categories(value: Any) -> tuple[str, ...]:
    names = _texts(value)
    if not names:
        raise _WrongError('is missing; add: categories = ["cs.LG"]')
    found = []
    for name in names:
        try:
            found.append(taxonomy.check(name))
        except InvalidInput as error:
            raise _WrongError(str(error), name, about_key=False) from error
        if found[-1] not in taxonomy.names():
            raise _WrongError(f"{name} is a whole archive: name its categories, such as cs.LG", name, about_key=False)
    return tuple(dict.fromkeys(found))


def _identifiers(value: Any) -> tuple[str, ...] | None:
    names = _texts(value)
    found: list[str] = []
    for name in names or ():
        try:
            identifier = split_identifier(name)[0]
        except InvalidInput as error:
            raise _WrongError(str(error), name, about_key=False) from error
        if identifier in found:
            raise _WrongError(f"{identifier} stands twice; keep one", name, about_key=False)
        found.append(identifier)
    return tuple(found) if names is not None else None


def _number(low: float, high: float, *, whole: bool = False) -> _Check:
    def check(value: Any) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            raise _WrongError(f"must be a {'whole ' if whole else ''}number")
        if not low <= value <= high:
            raise _WrongError(f"must lie between {low:g} and {high:g}")
        return int(value) if whole else float(value)

    return check


def _weekdays(value: Any) -> dict[str, float] | None:
    check = _number(0, LONGEST_COFFEE)
    days = {day: check(value[day]) for day in WEEKDAYS if day in value} if isinstance(value, dict) else {}
    return days or None


def _shares(value: Any) -> tuple[float, float, float] | None:
    if not isinstance(value, dict):
        return None
    check = _number(0, 1)
    focus, adjacent, explore = (check(value.get(name, 0.0)) for name in SLOTS)
    return focus, adjacent, explore


def _flag(value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise _WrongError("must be true or false")
    return value


_FIELDS: dict[str, tuple[str, _Check]] = {
    "name": ("name", _text()),
    "statement": ("statement", _text('statement = "one sentence that says what you look for"')),
    "categories": ("categories", _categories),
    "seeds": ("seeds", _identifiers),
    "avoid_seeds": ("avoid_seeds", _identifiers),
    "authors": ("authors", _texts),
    "boost": ("terms.boost", _texts),
    "avoid": ("terms.avoid", _texts),
    "minutes": ("budget.minutes", _number(0, LONGEST_COFFEE)),
    "weekdays": ("budget", _weekdays),
    "max_items": ("shortlist.max_items", _number(1, 100, whole=True)),
    "threshold": ("shortlist.threshold", _number(0, 1)),
    "shares": ("explore", _shares),
    "model": ("ranker.model", _text()),
    "revision": ("ranker.revision", _text()),
    "to": ("digest.to", _text()),
    "active": ("active", _flag),
}
"""Each field of `Profile`, the key it is read from, and how it is checked."""
