"""Everything the reader owns, row by row: out of one database and back into another."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from triage.errors import InvalidInput
from triage.store.connection import Connection

REBUILDABLE = {
    "vectors": "made of the stored texts by the next triage fetch",
    "unannounced": "kept by triggers beside the papers and announcements",
    "unfiled": "kept by triggers beside the papers",
    "filed": "tells the places in a file that is made of the stored texts",
    "spare": "tells the places in that file that are free",
    "vector_file": "tells which file that is",
    "_sqlite_migrations": "written when a database is made",
}
"""Tables that are no part of an export, each with the reason; full text indexes follow their tables by triggers."""

_NEWER = {"papers": "version", "notes": "at"}
"""Where a row is there already, the one with the higher value of this column stands; elsewhere what is there stays."""

Value = str | int | float | bytes | None
Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class _Table:
    """A table as SQLite describes it: its columns, its key, and what points to the number of another table's row."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    numbered: bool
    references: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> list[str]:
        """The columns without a number that only orders the rows."""
        return [name for name in self.columns if not (self.numbered and name in self.key)]


class Whole(Connection):
    """The room from which everything leaves and into which it comes back."""

    def owned_tables(self) -> list[str]:
        """The tables of an export, each after those that it refers to."""
        return [table.name for table in self._tables()]

    def owned_count(self) -> int:
        """How many rows `everything` gives."""
        return sum(int(str(self.rows(f"SELECT COUNT(*) FROM {name}")[0][0])) for name in self.owned_tables())

    def everything(self) -> Iterator[tuple[str, Row]]:
        """Every row of every owned table as (table, row), in an order that depends on nothing but the rows.

        The rows are those of one moment, whatever another process writes meanwhile.
        """
        with self._explained():
            self.db.execute("BEGIN")
            try:
                for table in self._tables():
                    order = ", ".join(f'"{name}"' for name in table.key)
                    for row in self.db.execute(f"SELECT {_listed(table.columns)} FROM {table.name} ORDER BY {order}"):
                        yield table.name, dict(zip(table.columns, row, strict=True))
            finally:
                self.db.execute("ROLLBACK")

    def take_in(self, rows: Iterable[tuple[str, Row]]) -> Counter[str]:
        """Bring rows back in one write, all or none; how many were new, by table.

        A row that is there already is not added again, so that the same rows may come twice. A number that is taken
        by another row is changed, and with it whatever points to it. Where two differ over one paper or note the newer
        stands; the ledger and every other table keep their own.

        Raises:
            InvalidInput: a row does not belong into its table; its place counts from 1.
        """
        added: Counter[str] = Counter()
        with self.write():
            tables = {table.name: table for table in self._tables()}
            empty = {name for name in tables if not self.db.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone()}
            numbers: dict[str, dict[Value, Value]] = {name: {} for name in tables}
            for place, (name, row) in enumerate(rows, 1):
                try:
                    table = tables[name]
                    told = self._pointed(table, _known(table, row), numbers)
                    added[name] += self._place(table, told, numbers[name], fresh=name in empty)
                except (KeyError, sqlite3.IntegrityError, sqlite3.InterfaceError, OverflowError, UnicodeError) as error:
                    raise InvalidInput(
                        f"row {place} does not belong into {name!r} ({error}); nothing was taken"
                    ) from error
        return added

    @staticmethod
    def _pointed(
        table: _Table, row: dict[str, Value], numbers: Mapping[str, Mapping[Value, Value]]
    ) -> dict[str, Value]:
        """The row with its pointers set to the numbers that the rows pointed to have here."""
        for column, target in table.references.items():
            if column in row:
                row[column] = numbers[target].get(row[column], row[column])
        return row

    def _place(self, table: _Table, row: dict[str, Value], numbers: dict[Value, Value], *, fresh: bool) -> int:
        if not table.numbered:
            return self._insert(table, row)
        (number,) = table.key
        if not fresh:
            same = " AND ".join(f'"{name}" IS ?' for name in table.content)
            there = self.db.execute(
                f'SELECT "{number}" FROM {table.name} WHERE {same}', [row.get(name) for name in table.content]
            ).fetchone()
            if there:
                numbers[row[number]] = there[0]
                return 0
            taken = f'SELECT 1 FROM {table.name} WHERE "{number}" = ?'
            if self.db.execute(taken, (row[number],)).fetchone():
                old = row.pop(number)
                numbers[old] = self._insert_numbered(table, row)
                return 1
        return self._insert(table, row)

    def _insert_numbered(self, table: _Table, row: Row) -> Value:
        sql = f"INSERT INTO {table.name} ({_listed(row)}) VALUES ({','.join('?' * len(row))})"
        return self.db.execute(sql, list(row.values())).lastrowid

    def _insert(self, table: _Table, row: Row) -> int:
        """Put one row in its place; 1 when something changed."""
        conflict, others = "NOTHING", [name for name in row if name not in table.key]
        if others and (newer := _NEWER.get(table.name)):
            changes = ", ".join(f'"{name}" = excluded."{name}"' for name in others)
            conflict = f"UPDATE SET {changes} WHERE excluded.{newer} > {table.name}.{newer}"
        sql = f"INSERT INTO {table.name} ({_listed(row)}) VALUES ({','.join('?' * len(row))}) ON CONFLICT DO {conflict}"
        return self.db.execute(sql, list(row.values())).rowcount

    def _tables(self) -> list[_Table]:
        """The owned tables as the schema has them, each after those that it refers to."""
        rows = self.rows(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
        )
        indexes = tuple(str(name) for name, sql in rows if str(sql).upper().startswith("CREATE VIRTUAL"))
        names = [str(name) for name, _ in rows if not _is_index(str(name), indexes) and name not in REBUILDABLE]
        found = {name: self._table(name) for name in names}
        numbered = {name for name, table in found.items() if table.numbered}
        pointers = {name: self._pointers(name) for name in found}
        return [
            _Table(one.name, one.columns, one.key, one.numbered, _only(pointers[one.name], numbered))
            for one in _in_order(found, pointers)
        ]

    def _table(self, name: str) -> _Table:
        columns = self.rows(f"PRAGMA table_info({name})")
        key = tuple(str(row[1]) for row in sorted(columns, key=lambda row: int(str(row[5]))) if row[5])
        types = {str(row[1]): str(row[2]).upper() for row in columns}
        return _Table(name, tuple(types), key, len(key) == 1 and types[key[0]] == "INTEGER")

    def _pointers(self, name: str) -> dict[str, str]:
        return {str(row[3]): str(row[2]) for row in self.rows(f"PRAGMA foreign_key_list({name})")}


def _only(pointers: Mapping[str, str], numbered: set[str]) -> dict[str, str]:
    return {column: target for column, target in pointers.items() if target in numbered}


def _is_index(name: str, indexes: tuple[str, ...]) -> bool:
    """Whether a table is a full text index or one of the shadow tables behind it."""
    return any(name == index or name.startswith(f"{index}_") for index in indexes)


def _in_order(found: Mapping[str, _Table], pointers: Mapping[str, Mapping[str, str]]) -> list[_Table]:
    """Tables after those that they point to; by name where nothing else decides."""
    done: list[str] = []
    while len(done) < len(found):
        ready = [
            name
            for name in sorted(found)
            if name not in done
            and all(one in done or one == name or one not in found for one in pointers[name].values())
        ]
        done += ready or [name for name in sorted(found) if name not in done]
    return [found[name] for name in done]


def _known(table: _Table, row: Row) -> dict[str, Value]:
    """A row that names only columns of its table, the key among them."""
    if strange := [name for name in row if name not in table.columns]:
        raise KeyError(f"no column {strange[0]!r}")
    if missing := [name for name in table.key if row.get(name) is None]:
        raise KeyError(f"{missing[0]!r} is missing")
    return dict(row)


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)
