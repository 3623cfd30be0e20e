"""The reader's notes on papers: one for each, and the newest words stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from triage.store.connection import instant_or_none, iso
from triage.store.papers import Papers


@dataclass(frozen=True, slots=True)
class Note:
    """What the reader wrote about a paper, in lines, and when it was last changed (aware, UTC)."""

    paper_id: str
    text: str
    at: datetime


class Notes(Papers):
    """The room of the notes."""

    def set_note(self, note: Note) -> None:
        """Keep a note in the place of an earlier one; one without words takes the earlier one away.

        Raises:
            InvalidInput: the paper is not stored.
        """
        self.demand([note.paper_id])
        with self.write() as db:
            if not note.text.strip():
                db.execute("DELETE FROM notes WHERE paper_id = ?", (note.paper_id,))
                return
            db.execute(
                "INSERT INTO notes (paper_id, text, at) VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET text = excluded.text, at = excluded.at",
                (note.paper_id, note.text, iso(note.at)),
            )

    def note(self, paper_id: str) -> str:
        """The words on a paper; "" where there are none."""
        rows = self.rows("SELECT text FROM notes WHERE paper_id = ?", (paper_id,))
        return str(rows[0][0]) if rows else ""

    def notes(self) -> list[Note]:
        """Every note, the oldest first."""
        rows: list[Any] = self.rows("SELECT paper_id, text, at FROM notes ORDER BY at, paper_id")
        found = [(paper, text, instant_or_none(at)) for paper, text, at in rows]
        return [Note(paper, text, at) for paper, text, at in found if at]
