"""A copy of the database before its tables change: complete, checked, and only the newest few stay."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from triage.errors import InvalidInput

KEPT = 3
"""Copies that stay beside the database; the oldest make room."""


PAGES = 2048
"""Pages that are copied between two words on how far the copy is."""

Copied = Callable[[int, int], None]
"""Told how many pages of how many are copied."""


def back_up(db: sqlite3.Connection, path: Path, before: str, *, copied: Copied | None = None) -> Path:
    """Copy an open database to `NAME.before-MIGRATION` beside it, and give that file.

    The copy appears under its name only when it is complete and passed SQLite's integrity check. It counts on no file
    of vectors: once it is put back, rows of that file may long belong to other papers.

    Raises:
        InvalidInput: the copy is damaged, and so is the database: nothing was changed.
        sqlite3.Error: the copy could not be written.
    """
    copy = path.with_name(f"{path.name}.before-{before}")
    part = copy.with_name(f"{copy.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    try:
        with closing(sqlite3.connect(part)) as target:
            db.backup(target, pages=PAGES, progress=copied and (lambda _, left, whole: copied(whole - left, whole)))
            give_up_file(target)
            target.commit()
            found = str(target.execute("PRAGMA integrity_check").fetchone()[0])
        if found != "ok":
            raise InvalidInput(f"{path}: damaged ({found}); nothing was changed, put back a copy from beside it")
        part.replace(copy)
    finally:
        part.unlink(missing_ok=True)
    for old in copies(path)[KEPT:]:
        old.unlink(missing_ok=True)
    return copy


def give_up_file(db: sqlite3.Connection) -> None:
    """Count on no file of vectors any more: every paper is to be filed again, in a new one."""
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'vector_file'").fetchone():
        for table in ("vector_file", "filed", "spare"):
            db.execute(f"DELETE FROM {table}")
        db.execute("INSERT OR IGNORE INTO unfiled SELECT id FROM papers")


def copies(path: Path) -> list[Path]:
    """The copies beside a database, the newest first."""
    found = (one for one in path.parent.glob(f"{path.name}.before-m*") if one.suffix != ".part")
    return sorted(found, key=lambda one: (one.stat().st_mtime, one.name), reverse=True)
