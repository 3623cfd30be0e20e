"""Papers that somebody pointed out to the reader: they compete in the next coffee."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from triage.store.connection import iso
from triage.store.papers import Papers

_WAITING = (
    "SELECT s.paper_id FROM shared s WHERE NOT EXISTS (SELECT 1 FROM shortlists l WHERE l.at > s.at "
    "AND l.day < ?) AND NOT EXISTS (SELECT 1 FROM verdicts v WHERE v.paper_id = s.paper_id "
    "AND v.kind <> 'undo' AND NOT EXISTS (SELECT 1 FROM verdicts u WHERE u.undoes = v.id)) ORDER BY s.paper_id"
)


class Shared(Papers):
    """The room of the papers that came by a message, a file or a friend."""

    def add_shared(self, titles: Mapping[str, str], *, source: str, at: datetime) -> None:
        """Remember identifiers with their titles ("" where none was given); one shared before competes anew."""
        with self.write() as db:
            for paper, title in titles.items():
                db.execute(
                    "INSERT INTO shared (paper_id, title, source, at) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                    "source = excluded.source, at = excluded.at, title = coalesce(nullif(excluded.title, ''), title)",
                    (paper, title, source, iso(at)),
                )

    def shared(self, today: date) -> list[str]:
        """Identifiers that still compete on a local day: no verdict stands, and no earlier day's list was made since.

        Some may not be stored yet. A paper competes once, whether it found a place or not.
        """
        return [str(row[0]) for row in self.rows(_WAITING, (iso(today),))]

    def unread_shared(self, today: date) -> list[str]:
        """Those of `shared` whose text is not stored yet."""
        waiting = self.shared(today)
        known = self.known(waiting)
        return [paper for paper in waiting if paper not in known]

    def sources(self) -> dict[str, str]:
        """Where every paper came from that was ever shared."""
        return {str(paper): str(source) for paper, source in self.rows("SELECT paper_id, source FROM shared")}
