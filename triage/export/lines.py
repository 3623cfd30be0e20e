"""Everything the reader owns as JSON lines, and those lines read again."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from triage.errors import ConfigFault, InvalidInput

if TYPE_CHECKING:
    from triage.store.whole import Row, Value


@dataclass(frozen=True, slots=True)
class Owned:
    """What an export holds: the migrations its database had, profiles by file name, and the rows of its tables."""

    migrations: tuple[str, ...]
    profiles: Mapping[str, str] = field(default_factory=dict)
    rows: Iterable[tuple[str, Row]] = ()


def write_lines(owned: Owned) -> Iterator[str]:
    """One JSON object a line, without line ends: first the heading, then profiles, then rows.

    No moment of export is written: the same content gives the same bytes.
    """
    yield json.dumps({"triage": "export", "schema": 1, "migrations": list(owned.migrations)})
    for name, text in sorted(owned.profiles.items()):
        yield json.dumps({"profile": name, "text": text})
    for table, row in owned.rows:
        yield json.dumps({"table": table, "row": {name: _told(value) for name, value in row.items()}})


def is_export(first_line: str) -> bool:
    """Whether a file that begins with this line is an export."""
    try:
        told = json.loads(first_line)
    except ValueError:
        return False
    return isinstance(told, dict) and told.get("triage") == "export"


def read_lines(lines: Iterable[str], known: Iterable[str]) -> Owned:
    """Read an export; the rows are read while they are asked for. `known` are the migrations of this triage.

    Raises:
        ConfigFault: the export is of a newer triage.
        InvalidInput: a line is no line of an export; raised while the rows are read.
    """
    numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    heading = _object(*next(numbered, (1, "")))
    migrations = heading.get("migrations")
    if heading.get("triage") != "export" or not isinstance(migrations, list):
        raise InvalidInput("line 1: no export of triage; triage export jsonl writes one")
    if heading.get("schema") != 1 or (newer := sorted(set(map(str, migrations)) - set(known))):
        raise ConfigFault(
            f"written by a newer triage ({newer[-1] if heading.get('schema') == 1 else 'schema'}); upgrade"
        )
    profiles: dict[str, str] = {}
    first: list[tuple[str, Row]] = []
    for number, line in numbered:
        told = _object(number, line)
        if "table" in told:
            first.append(_row(number, told))
            break
        if not isinstance(told.get("profile"), str) or not isinstance(told.get("text"), str):
            raise InvalidInput(f"line {number}: neither a profile nor a row of a table")
        profiles[told["profile"]] = told["text"]
    return Owned(tuple(map(str, migrations)), profiles, _rows(first, numbered))


def _rows(first: Iterable[tuple[str, Row]], numbered: Iterable[tuple[int, str]]) -> Iterator[tuple[str, Row]]:
    yield from first
    for number, line in numbered:
        yield _row(number, _object(number, line))


def _object(number: int, line: str) -> dict[str, Any]:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"line {number}: no JSON ({error}); the file is damaged or cut off") from error
    if not isinstance(told, dict):
        raise InvalidInput(f"line {number}: no JSON object; the file is damaged")
    return told


def _row(number: int, told: Mapping[str, Any]) -> tuple[str, Row]:
    table, row = told.get("table"), told.get("row")
    if not isinstance(table, str) or not isinstance(row, dict):
        raise InvalidInput(f"line {number}: no row of a table; the file is damaged")
    try:
        return table, {name: _value(value) for name, value in row.items()}
    except (ValueError, binascii.Error) as error:
        raise InvalidInput(f"line {number}: {error}") from error


def _told(value: Value) -> object:
    return {"base64": base64.b64encode(value).decode("ascii")} if isinstance(value, bytes) else value


def _value(told: object) -> Value:
    if isinstance(told, dict) and isinstance(told.get("base64"), str):
        return base64.b64decode(told["base64"], validate=True)
    if told is None or isinstance(told, str | int | float):
        return told
    raise ValueError(f"{str(told)[:40]!r} is no value of a column")
