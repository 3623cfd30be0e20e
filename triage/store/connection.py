"""Opening the one SQLite file, writing to it safely, and saying in one line why it could not be done."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from triage.errors import CannotCreate, CannotWrite, ConfigFault, InvalidInput, TriageError, TryLater
from triage.store.backup import Copied, back_up
from triage.store.schema import NAMES, SET, migrations

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

BUSY_TIMEOUT_S = 5.0
"""How long a write waits for another process: a key press never fails while a child embeds."""

_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNWRITABLE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR}
_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def day_or_none(text: str | None) -> date | None:
    """Read a stored ISO day."""
    return date.fromisoformat(text) if text else None


def instant_or_none(text: str | None) -> datetime | None:
    """Read a stored ISO instant as aware UTC."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def iso(when: datetime | date | None) -> str | None:
    """Write an instant in UTC, or a day, so that text order is time order."""
    if isinstance(when, datetime):
        return when.astimezone(UTC).isoformat(timespec="microseconds")
    return when.isoformat() if when else None


class Connection:
    """An open database at the newest schema.

    Args:
        path: the file, made with its folder when absent; None keeps everything in memory.
        copy: work on a copy in memory; the file is only read, and not made when absent.
        copied: told how far the copy is that is made before the tables change.

    Raises:
        CannotCreate: the file or its folder cannot be made.
        InvalidInput: the file is no database, or damaged.
        ConfigFault: the database was written by a newer triage.
        TryLater: another process has kept it locked for five seconds.
    """

    def __init__(self, path: Path | None = None, *, copy: bool = False, copied: Copied | None = None) -> None:
        self.path, self.copy = path, copy
        with self._explained():
            self.db = self._connect()
            self._prepare(copied)

    def _connect(self) -> sqlite3.Connection:
        if self.path is None or self.copy:
            memory = sqlite3.connect(":memory:", timeout=BUSY_TIMEOUT_S)
            if self.path and self.path.exists():
                self._fill(memory, self.path)
            return memory
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            return sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S)
        except (OSError, sqlite3.OperationalError) as error:
            raise CannotCreate(f"{self.path}: cannot be opened or made ({error}); check the folder's rights") from error

    @staticmethod
    def _fill(memory: sqlite3.Connection, path: Path) -> None:
        """Copy the file; where no other process has it open, SQLite may not even make its helper files beside it."""
        alone = not path.with_name(f"{path.name}-wal").exists()
        source = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if alone else ''}", uri=True)
        try:
            source.backup(memory)
        finally:
            source.close()

    def _prepare(self, copied: Copied | None) -> None:
        self.db.execute("PRAGMA foreign_keys = ON")
        self.db.execute("PRAGMA recursive_triggers = ON")
        self.db.create_function("casefold", 1, str.casefold, deterministic=True)  # SQLite's lower knows ASCII alone
        applied = self._applied()
        if newer := sorted(applied - NAMES):
            raise ConfigFault(f"{self.path}: written by a newer triage ({newer[-1]}); upgrade triage")
        if pending := sorted(NAMES - applied):
            if applied and self.path and not self.copy:
                back_up(self.db, self.path, pending[0], copied=copied)
            self._migrate()

    def _applied(self) -> set[str]:
        """The migrations that this file has had; none where it is new."""
        table = "_sqlite_migrations"
        if not self.db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
            return set()
        return {str(name) for (name,) in self.db.execute(f"SELECT name FROM {table} WHERE migration_set = ?", (SET,))}

    def _migrate(self) -> None:
        from sqlite_utils import Database

        self.db.execute("PRAGMA journal_mode = WAL")
        with self.write():
            migrations().apply(Database(self.db))

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Group writes in one `BEGIN IMMEDIATE`: it waits for its turn at the start and never fails half-way.

        sqlite-utils' own `atomic()` begins deferred, and a deferred transaction that turns into a write while
        another process writes fails at once, whatever the busy timeout. A write inside a write joins it.
        """
        if self.db.in_transaction:
            yield self.db
            return
        with self._explained():
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self.db
                self.db.execute("COMMIT")
            except BaseException:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise self._explain(error) from error

    def _explain(self, error: sqlite3.DatabaseError) -> TriageError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _LOCKED:
            return TryLater(f"{self.path}: locked by another program for {BUSY_TIMEOUT_S:.0f} s; try again in a moment")
        if code in _UNWRITABLE:
            return CannotWrite(f"{self.path}: cannot be written ({error}); free some space or mend the rights")
        if code == sqlite3.SQLITE_CANTOPEN:
            return CannotCreate(f"{self.path}: cannot be opened ({error}); check the folder's rights")
        if code in _CORRUPT:
            return InvalidInput(
                f"{self.path}: damaged or no database ({error}); move it away, or put back a copy from beside it"
            )
        return TriageError(f"{self.path}: {error}")

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Read rows; damage and locks are explained like everywhere."""
        with self._explained():
            found: list[tuple[object, ...]] = self.db.execute(sql, tuple(parameters)).fetchall()
            return found

    def check(self) -> None:
        """Run SQLite's own integrity check.

        Raises:
            InvalidInput: the check finds damage.
        """
        answers = [str(row[0]) for row in self.rows("PRAGMA integrity_check")]
        if answers != ["ok"]:
            raise InvalidInput(f"{self.path}: {answers[0]}; put back a copy from beside it")

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self.db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
