"""The notebook: one entry for each coffee, with one line in the reader's own words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from triage.store.connection import Connection, iso


@dataclass(frozen=True, slots=True)
class Entry:
    """One coffee: its local day, the minutes it took, how many papers were shown and kept, and the reader's line."""

    day: date
    minutes: float
    shown: int
    kept: int
    line: str = ""


class Notebook(Connection):
    """The room of the diary."""

    def write_line(self, day: date, line: str) -> None:
        """Write the reader's line of a day, over the one that stood there."""
        with self.write() as db:
            db.execute(
                "INSERT INTO notebook (day, minutes, shown, kept, line) VALUES (?, 0, 0, 0, ?) "
                "ON CONFLICT DO UPDATE SET line = excluded.line",
                (iso(day), line),
            )

    def write_entry(self, day: date, *, minutes: float, shown: int, kept: int) -> None:
        """Write what a coffee came to; the reader's line stays."""
        with self.write() as db:
            db.execute(
                "INSERT INTO notebook (day, minutes, shown, kept, line) VALUES (?, ?, ?, ?, '') ON CONFLICT "
                "DO UPDATE SET minutes = excluded.minutes, shown = excluded.shown, kept = excluded.kept",
                (iso(day), minutes, shown, kept),
            )

    def notebook(self) -> list[Entry]:
        """Every entry, oldest first."""
        rows: list[Any] = self.rows("SELECT day, minutes, shown, kept, line FROM notebook ORDER BY day")
        return [Entry(date.fromisoformat(row[0]), *row[1:]) for row in rows]

    def last_line(self, before: date) -> tuple[date, str] | None:
        """The newest line of an earlier day with its day; None when there is none."""
        rows: list[Any] = self.rows(
            "SELECT day, line FROM notebook WHERE day < ? AND line <> '' ORDER BY day DESC LIMIT 1", (iso(before),)
        )
        return (date.fromisoformat(rows[0][0]), rows[0][1]) if rows else None

    def line_of(self, day: date) -> str:
        """The reader's line of a day; "" when there is none."""
        rows = self.rows("SELECT line FROM notebook WHERE day = ?", (iso(day),))
        return str(rows[0][0]) if rows else ""
