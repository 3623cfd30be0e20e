"""How long papers were looked at: the table the reader's pace is learnt from."""

from __future__ import annotations

from typing import Any

from triage.paper import Dwell
from triage.store.connection import Connection, instant_or_none, iso

NEWEST = 600
"""So many looks are learnt from: a pace of years ago is not that of today."""


class Dwells(Connection):
    """The room of the looks at papers."""

    def add_dwell(self, look: Dwell) -> None:
        """Keep one look of the reader at a paper."""
        with self.write() as db:
            db.execute(
                "INSERT INTO dwells (paper_id, session, shown_at, level, words, active_s, outcome, rank, decile, "
                "exposure, idle_cut, focus_lost, away) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    look.paper_id,
                    iso(look.session),
                    iso(look.shown_at),
                    look.level,
                    look.words,
                    look.active_s,
                    look.outcome,
                    look.rank,
                    look.decile,
                    look.exposure,
                    look.idle_cut,
                    look.focus_lost,
                    look.away,
                ),
            )

    def dwells(self) -> list[Dwell]:
        """The newest looks, oldest first."""
        rows: list[Any] = self.rows(
            "SELECT paper_id, session, shown_at, level, words, active_s, outcome, rank, decile, exposure, idle_cut, "
            "focus_lost, away FROM dwells ORDER BY id DESC LIMIT ?",
            (NEWEST,),
        )
        return [_look(row) for row in reversed(rows)]


def _look(row: Any) -> Dwell:
    session, shown_at = instant_or_none(row[1]), instant_or_none(row[2])
    assert session is not None
    assert shown_at is not None
    return Dwell(row[0], session, shown_at, *row[3:10], *map(bool, row[10:]))
