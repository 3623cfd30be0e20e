"""A profile's text to its record, or to all that is wrong with it: file, line, column, and what was probably meant."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from triage import taxonomy
from triage.errors import InvalidInput
from triage.paper import split_identifier
from triage.profile.record import LONGEST_COFFEE, SLOTS, WEEKDAYS, Problem, Profile
from triage.spans import Spans, Where, fault_place, scan

_FIVE_DIGITS = "1501"
"""arXiv's numbers have five digits behind the point since January 2015, and four before."""

_LONG_QUOTE = re.compile(r'"""|\'\'\'')


def parse(text: str, file: str) -> tuple[Profile | None, list[Problem]]:
    """Read a profile from its text: the profile, or all that is wrong with it in the order of the lines."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, [_syntax_problem(text, file, error)]
    reader = _Reader(text, file)
    reader.refuse_unknown(tables)
    given = {name: reader.read(tables, where, check) for name, (where, check) in FIELDS.items()}
    given["name"] = given["name"] or Path(file).stem
    reader.compare(given)
    if reader.problems:
        return None, sorted(set(reader.problems), key=lambda problem: (problem.line, problem.column, problem.message))
    return Profile(**{name: value for name, value in given.items() if value is not None}), []


def _syntax_problem(text: str, file: str, error: tomllib.TOMLDecodeError) -> Problem:
    """Locate what is no TOML, where it begins rather than where tomllib noticed it, and say what to write."""
    lines, (line, column, message) = text.splitlines() or [""], fault_place(text, error)
    here = lines[line - 1]
    if message.startswith("Unterminated string"):
        openings = [match.start() for match in _LONG_QUOTE.finditer(text)]
        line, column = scan(text).line_and_column(openings[-1]) if openings else (line, column)
        message = "this text is never closed; end it with the same quotes"
    elif message.startswith("Illegal character '\\n'"):
        column, message = _value_column(here), "the quotes are not closed on this line"
    elif message.startswith("Unclosed array"):
        line, column = _last_mark_before(lines, line)
        message = "a comma, or the ] that ends the list, is missing here"
    elif message.startswith("Cannot"):
        column, message = len(here) - len(here.lstrip()) + 1, "stands twice; keep one of the two"
    elif message.startswith("Invalid value"):
        message = f"no value of TOML{_meant(here)}"
    elif message.startswith("Expected newline"):
        message = "something is left behind the value; put texts in quotes and # before a remark"
    return Problem(file, line, column, f"no TOML: {message}", lines[line - 1])


def _value_column(line: str) -> int:
    """Where the value begins."""
    rest = line.partition("=")[2]
    return len(line) - len(rest.lstrip()) + 1 if rest else 1


def _last_mark_before(lines: Sequence[str], line: int) -> tuple[int, int]:
    """Behind the last line above that says anything."""
    for number in range(min(line - 1, len(lines)), 0, -1):
        if told := lines[number - 1].partition("#")[0].rstrip():
            return number, len(told) + 1
    return line, 1


def _meant(line: str) -> str:
    """Guess what a bare word should have been."""
    word = line.partition("=")[2].partition("#")[0].strip()
    if word.lower() in ("true", "false", "yes", "no", "on", "off"):
        return f": did you mean {'true' if word.lower() in ('true', 'yes', 'on') else 'false'}?"
    return f': did you mean "{word}"?' if word and '"' not in word else "; texts stand in quotes"


class Complaints:
    """Takes what is wrong with one value; `inner` leads on from the value to the part that is meant."""

    def __init__(self, reader: _Reader, where: Where) -> None:
        self.reader, self.where = reader, where

    @property
    def key(self) -> str:
        """The key as a reader writes it."""
        return ".".join(map(str, self.where))

    def add(self, message: str, *inner: str | int) -> None:
        """Note one problem."""
        self.reader.add((*self.where, *inner), message)


Check = Callable[[Any, Complaints], Any]
"""Turns a value of the file (None: absent) into a field's value, and complains; None where it is of no use."""


class _Reader:
    """Reads the known keys of a parsed profile and collects what is wrong, with its place in the text."""

    def __init__(self, text: str, file: str) -> None:
        self.lines, self.file = text.splitlines(), file
        self.spans: Spans = scan(text)
        self.problems: list[Problem] = []

    def add(self, where: Where, message: str, *, key: bool = False) -> None:
        line, column = self.spans.key_place(where) if key else self.spans.place(where)
        source = self.lines[line - 1] if line <= len(self.lines) else ""
        self.problems.append(Problem(self.file, line, column, message, source))

    def refuse_unknown(self, tables: Mapping[str, Any]) -> None:
        """Name every key that triage does not know, with the nearest that it does."""
        for key, value in tables.items():
            if key in _SECTIONS and isinstance(value, dict):
                for name in value:
                    if f"{key}.{name}" not in _KEYS:
                        self.add((key, name), _unknown(f"{key}.{name}"), key=True)
            elif key not in _KEYS and key not in _SECTIONS:
                self.add((key,), _unknown(key), key=True)

    def read(self, tables: Mapping[str, Any], where: str, check: Check) -> Any:
        """Read one key; None when it is absent or wrong."""
        section, _, key = where.rpartition(".")
        table = tables.get(section, {}) if section else tables
        if not isinstance(table, dict):
            self.add((section,), f"{section!r} must be a section: write [{section}] and its keys below it")
            return None
        return check(table.get(key), Complaints(self, tuple(where.split("."))))

    def compare(self, given: Mapping[str, Any]) -> None:
        """What only shows when keys are seen together."""
        seeds = {one for one in given["seeds"] or () if one}
        for index, one in enumerate(given["avoid_seeds"] or ()):
            if one in seeds:
                self.add(("avoid_seeds", index), f"{one} is a seed too: keep it in one of the two lists")


def _unknown(key: str) -> str:
    """Name an unknown key with the place where it belongs, or the nearest key that triage knows."""
    name, shown = key.rpartition(".")[2], key.rpartition(".")[2] if key.rpartition(".")[2] in _KEYS else key
    if "." in key and name in _KEYS:
        return f"unknown key {key!r}: {shown!r} belongs above the first [section]"
    homes = [known.rpartition(".")[0] for known in _KEYS if "." in known and known.rpartition(".")[2] == name]
    if homes:
        return f"unknown key {key!r}: it belongs below [{homes[0]}]"
    close = get_close_matches(key, [*_KEYS, *_SECTIONS], 1) or [
        known for known in _KEYS for one in get_close_matches(name, [known.rpartition(".")[2]], 1) if one
    ]
    return f"unknown key {key!r}" + (f": did you mean {close[0]!r}?" if close else "")


def _text(needed: str = "") -> Check:
    def check(value: Any, wrong: Complaints) -> str | None:
        if value is None and needed:
            wrong.add(f"{wrong.key!r} is missing; add: {needed}")
        elif isinstance(value, str):
            if needed and not value.strip():
                wrong.add(f"{wrong.key!r} is empty; write: {needed}")
            return value
        elif value is not None:
            wrong.add(f"{wrong.key!r} must be a text in quotes")
        return None

    return check


def _address(value: Any, wrong: Complaints) -> str | None:
    found: str | None = _text()(value, wrong)
    if found and not re.fullmatch(r"[^@\s]+@[^@\s]+", found):
        wrong.add(f"{found!r} is no mail address; they look like you@example.org")
    return found


def _texts(value: Any, wrong: Complaints) -> list[str] | None:
    """A list of texts without a blank one; None when it is something else."""
    if value is None:
        return None
    if isinstance(value, str):
        wrong.add(f'{wrong.key!r} must be a list of texts: did you mean ["{value}"]?')
        return None
    if not isinstance(value, list):
        wrong.add(f'{wrong.key!r} must be a list of texts, such as ["one", "two"]')
        return None
    for index, one in enumerate(value):
        if not isinstance(one, str):
            wrong.add(f'{one} must be a text in quotes: did you mean "{one}"?', index)
        elif not one.strip():
            wrong.add(f"an empty text in {wrong.key!r}; remove it", index)
    return [one if isinstance(one, str) else "" for one in value]


def _phrases(value: Any, wrong: Complaints) -> tuple[str, ...] | None:
    """Terms or names, each once whatever its case."""
    found = _texts(value, wrong)
    _refuse_twice([one.casefold().strip() for one in found or ()], found or (), wrong)
    return None if found is None else tuple(found)


def _refuse_twice(told: Sequence[str], written: Sequence[str], wrong: Complaints) -> None:
    """Complain of everything that stands there again; `told` is what counts as the same."""
    first: dict[str, str] = {}
    for index, (one, text) in enumerate(zip(told, written, strict=True)):
        if not one:
            continue
        if one in first:
            same = one if text == first[one] else f"{text} is {first[one]}, which"
            wrong.add(f"{same} stands twice; keep one" if same == one else f"{same} stands there already", index)
        first.setdefault(one, text)


def _categories(value: Any, wrong: Complaints) -> tuple[str, ...] | None:
    names = _texts(value, wrong)
    if value is None or names == []:
        wrong.add(f'{wrong.key!r} is missing; add: categories = ["cs.LG"]')
    found = [_category(name, wrong, index) if name.strip() else "" for index, name in enumerate(names or ())]
    _refuse_twice(found, names or (), wrong)
    return tuple(found)


def _category(name: str, wrong: Complaints, index: int) -> str:
    """One category in arXiv's spelling, aliases resolved; "" when there is none of the name."""
    try:
        found = taxonomy.check(name)
    except InvalidInput as error:
        wrong.add(str(error), index)
        return ""
    if found not in taxonomy.names():
        wrong.add(f"{name} is a whole archive: name its categories, such as {_one_of(found)}", index)
        return ""
    return found


def _one_of(archive: str) -> str:
    return next(name for name in (*taxonomy.names(), archive) if name.partition(".")[0] == archive)


def _identifiers(value: Any, wrong: Complaints) -> tuple[str, ...] | None:
    names = _texts(value, wrong)
    found = [_identifier(name, wrong, index) if name.strip() else "" for index, name in enumerate(names or ())]
    _refuse_twice(found, names or (), wrong)
    return None if names is None else tuple(found)


def _identifier(name: str, wrong: Complaints, index: int) -> str:
    try:
        return check_identifier(name)
    except InvalidInput as error:
        wrong.add(str(error), index)
        return ""


def check_identifier(name: str) -> str:
    """The identifier that an entry of `seeds` names, without version.

    Raises:
        InvalidInput: it is none, or its number is of the wrong length; says what was meant where that can be guessed.
    """
    try:
        found, fault = split_identifier(name)[0], f"{name[:80]!r} is no arXiv identifier: its number has a wrong length"
    except InvalidInput as error:
        found, fault = "", str(error)
    month, _, number = found.partition(".")
    if found and ("/" in found or len(number) == (5 if month >= _FIVE_DIGITS else 4)):
        return found
    meant = _meant_identifier(name)
    raise InvalidInput(f"{name[:80]!r} is no arXiv identifier: did you mean {meant}?" if meant else fault)


def _meant_identifier(name: str) -> str:
    """An identifier that the text holds, or one with the zero or the point that it lost; "" without a guess."""
    from triage.references import find_identifiers

    found = find_identifiers(name)
    tries = [re.sub(r"[^0-9]", ".", name.strip())]
    if short := re.fullmatch(r"(\d{4})\.?(\d{4,5})", tries[0]):
        digits = 5 if short[1] >= _FIVE_DIGITS else 4
        tries.append(f"{short[1]}.{short[2]:0>{digits}}")  # what is copied as a number loses its first zeros
    return next((one for text in [*reversed(tries), *found] for one in find_identifiers(text)), "")


def _number(low: float, high: float, *, whole: bool = False) -> Check:
    def check(value: Any, wrong: Complaints) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            meant = f": did you mean {value.strip()}?" if isinstance(value, str) and _is_number(value) else ""
            wrong.add(f"{wrong.key!r} must be a {'whole ' if whole else ''}number{meant}")
        elif not low <= value <= high:
            meant = f": did you mean {value / 100:g}?" if high == 1 and 1 < value <= 100 else ""
            wrong.add(f"{wrong.key!r} must lie between {low:g} and {high:g}{meant}")
        else:
            return int(value) if whole else float(value)
        return None

    return check


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"\s*\d+(\.\d+)?\s*", text))


def _weekdays(value: Any, wrong: Complaints) -> dict[str, float] | None:
    """The minutes of single weekdays; the whole of the section is no number of its own."""
    given = _numbers(value, WEEKDAYS, LONGEST_COFFEE, wrong)
    return {day: minutes for day, minutes in given.items() if minutes is not None} or None


def _shares(value: Any, wrong: Complaints) -> tuple[float, ...] | None:
    if not isinstance(value, dict):
        return None
    given = _numbers(value, SLOTS, 1, wrong)
    shares = tuple(given.get(name) or 0.0 for name in SLOTS)
    if None not in given.values() and abs(sum(shares) - 1.0) > 1e-6:
        rest = f": {SLOTS[0]} = {1 - shares[1] - shares[2]:g} would do" if shares[1] + shares[2] < 1 else ""
        wrong.add(f"the shares focus, adjacent and explore sum to {sum(shares):g}, not to 1{rest}")
    return shares


def _numbers(value: Any, names: Iterable[str], high: float, wrong: Complaints) -> dict[str, float | None]:
    """Numbers of one section by their keys; None where one is wrong."""
    if not isinstance(value, dict):
        return {}
    check = _number(0, high)
    return {name: check(value[name], Complaints(wrong.reader, (*wrong.where, name))) for name in names if name in value}


def _flag(value: Any, wrong: Complaints) -> bool | None:
    if value is not None and not isinstance(value, bool):
        wrong.add(f"{wrong.key!r} must be true or false")
        return None
    return value


FIELDS: dict[str, tuple[str, Check]] = {
    "name": ("name", _text()),
    "statement": ("statement", _text('statement = "one sentence that says what you look for"')),
    "categories": ("categories", _categories),
    "seeds": ("seeds", _identifiers),
    "avoid_seeds": ("avoid_seeds", _identifiers),
    "authors": ("authors", _phrases),
    "boost": ("terms.boost", _phrases),
    "avoid": ("terms.avoid", _phrases),
    "minutes": ("budget.minutes", _number(0, LONGEST_COFFEE)),
    "weekdays": ("budget", _weekdays),
    "max_items": ("shortlist.max_items", _number(1, 100, whole=True)),
    "threshold": ("shortlist.threshold", _number(0, 1)),
    "shares": ("explore", _shares),
    "model": ("ranker.model", _text()),
    "revision": ("ranker.revision", _text()),
    "to": ("digest.to", _address),
    "active": ("active", _flag),
}
"""Each field of `Profile`, the key it is read from, and how it is checked."""

_SECTIONS = ("terms", "budget", "shortlist", "explore", "ranker", "digest")
_KEYS = (
    *(where for where, _ in FIELDS.values() if where not in _SECTIONS),
    *(f"budget.{day}" for day in WEEKDAYS),
    *(f"explore.{slot}" for slot in SLOTS),
)
