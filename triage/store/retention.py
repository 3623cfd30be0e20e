"""Letting go of papers that nobody touched: their text, vectors and scores go, what tells that they came stays."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from triage.store.connection import iso
from triage.store.filed import text_key
from triage.store.papers import chunks, marks
from triage.store.rankings import Rankings
from triage.store.vectors import Vectors

_TOUCHED = ("picks", "verdicts", "notes", "tags", "dwells", "shared", "releases")
"""Tables whose papers stay: shown in a list, judged, noted, tagged, looked at, pointed out, once kept."""

_UNTOUCHED = (
    "p.first_seen < ? AND NOT EXISTS (SELECT 1 FROM announcements a WHERE a.paper_id = p.id AND a.announced >= ?)"
    + "".join(f" AND NOT EXISTS (SELECT 1 FROM {table} t WHERE t.paper_id = p.id)" for table in _TOUCHED)
)
_Key = TypeVar("_Key", str, int)

BATCH = 32
"""Papers of one write: a few milliseconds, far below the 50 ms a key press may wait."""


class Retention(Rankings, Vectors):
    """The room of what is let go. Announcements stay for good: a paper that went is never new again."""

    def untouched(self, before: datetime) -> list[str]:
        """Papers that came before an instant, were not announced since, and that nobody touched; by identifier."""
        sql = f"SELECT p.id FROM papers p WHERE {_UNTOUCHED} ORDER BY p.id"
        return [str(row[0]) for row in self.rows(sql, _bounds(before))]

    def movable(self, before: datetime, most: int) -> list[str]:
        """Untouched papers of before an instant whose vector is both in the database and in the file, oldest first."""
        sql = (
            "SELECT p.id FROM filed f JOIN papers p ON p.id = f.paper_id "
            f"WHERE f.kept = 1 AND {_UNTOUCHED} ORDER BY f.paper_id LIMIT ?"
        )
        return [str(row[0]) for row in self.rows(sql, [*_bounds(before), most])]

    def texts(self, ids: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
        """Titles and abstracts of every stored version of the papers."""
        found: dict[str, list[tuple[str, str]]] = {}
        for chunk in chunks(ids):
            rows: list[Any] = self.rows(
                f"SELECT paper_id, title, abstract FROM versions WHERE paper_id IN ({marks(chunk)})", chunk
            )
            for paper, title, abstract in rows:
                found.setdefault(paper, []).append((title, abstract))
        return found

    def vectors_of(self, hashes: Collection[str]) -> int:
        """How many vectors of these texts are kept, whatever encoder made them."""
        found: list[Any] = [
            row
            for encoder in self._encoders()
            for chunk in chunks(hashes)
            for row in self.rows(f"SELECT count(*) FROM vectors WHERE {_KEYS} ({marks(chunk)})", [*encoder, *chunk])
        ]
        return sum(int(row[0]) for row in found) + self._filed_alone("text_key", map(text_key, hashes))

    def _filed_alone(self, column: str, values: Iterable[_Key]) -> int:
        """How many vectors the mapped file alone has, of these papers or texts."""
        found: list[Any] = [
            row
            for chunk in chunks(values)
            for row in self.rows(f"SELECT count(*) FROM filed WHERE kept != 1 AND {column} IN ({marks(chunk)})", chunk)
        ]
        return sum(int(row[0]) for row in found)

    def drop_papers(self, hashes: Mapping[str, Collection[str]], *, before: datetime) -> tuple[int, int]:
        """Let papers go, given with the hashes of their texts, in small writes: (papers, vectors) that went.

        Each batch is one write, so that a run that is killed leaves every paper whole or gone. Whatever was touched
        meanwhile stays.
        """
        papers = vectors = 0
        encoders = self._encoders()
        for start in range(0, len(hashes), BATCH):
            with self.write() as db:
                batch = list(hashes)[start : start + BATCH]
                going = self._still_untouched(batch, before)
                texts = [digest for paper in going for digest in hashes[paper]]
                vectors += sum(_delete(db, f"vectors WHERE {_KEYS}", texts, encoder) for encoder in encoders)
                vectors += self._filed_alone("paper_id", going)
                db.execute(_WITHOUT_REASONS.format(marks(going)), going)
                _delete(db, "versions WHERE paper_id IN", going)
                papers += _delete(db, "papers WHERE id IN", going)
        return papers, vectors

    def _still_untouched(self, ids: Sequence[str], before: datetime) -> list[str]:
        sql = f"SELECT p.id FROM papers p WHERE p.id IN ({marks(ids)}) AND {_UNTOUCHED}"
        return [str(row[0]) for row in self.rows(sql, [*ids, *_bounds(before)])]

    def _encoders(self) -> list[tuple[object, ...]]:
        return self.rows("SELECT DISTINCT encoder, revision FROM vectors")

    def unshown_rankings(self, before: date, newest: int) -> list[int]:
        """Numbers of the rankings of announcements before a day that no figure will be counted on any more.

        A ranking stays while a paper of its announcement was shown for its profile, for the precision of the rankers,
        and as one of the `newest` announcements of its profile, for the weeks and the drift.
        """
        shown = {(one.profile, one.announced) for one in self.first_shown()}
        rows: list[Any] = self.rows(
            "SELECT id, profile, announced FROM (SELECT *, dense_rank() OVER (PARTITION BY profile "
            "ORDER BY announced DESC) AS place FROM rankings) WHERE announced < ? AND place > ? ORDER BY id",
            (iso(before), newest),
        )
        return [number for number, profile, day in rows if (profile, date.fromisoformat(day)) not in shown]

    def drop_rankings(self, numbers: Iterable[int]) -> None:
        """Let rankings go with their scores, one a write."""
        for number in numbers:
            with self.write() as db:
                db.execute("DELETE FROM scores WHERE ranking_id = ?", (number,))
                db.execute("DELETE FROM rankings WHERE id = ?", (number,))

    def file_bytes(self) -> int:
        """How large the database and the file of vectors are, in bytes, without what waits in the log beside it."""
        pages, size = (int(str(self.rows(f"PRAGMA {name}")[0][0])) for name in ("page_count", "page_size"))
        return pages * size + self.mapped_bytes()

    def shrink(self) -> None:
        """Give spare space back to the disk; it needs as much room again while it runs, and nobody else may write.

        SQLite does not promise that the numbers by which the full text indexes know their rows outlive it, so they are
        compared with their tables afterwards, and made anew where they differ.
        """
        self.shrink_file()
        with self._explained():
            self.db.execute("VACUUM")
        for index in ("papers_fts", "notes_fts"):
            self._mend(index)
        self.rows("PRAGMA wal_checkpoint(TRUNCATE)")

    def _mend(self, index: str) -> None:
        try:
            self.db.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")
            self.db.rollback()
        except sqlite3.DatabaseError:
            self.db.rollback()
            with self.write() as db:
                db.execute(f"INSERT INTO {index} ({index}) VALUES ('rebuild')")


_WITHOUT_REASONS = (
    "UPDATE scores SET parts = '{{}}', why = '[]' WHERE (ranking_id, paper_id) IN (SELECT r.id, a.paper_id "
    "FROM announcements a JOIN rankings r ON r.announced = a.announced WHERE a.paper_id IN ({}))"
)
"""Most of what a score takes are its reasons, which only the paper's own page tells; precision counts on the rest."""

_KEYS = "encoder = ? AND revision = ? AND text_hash IN"


def _bounds(before: datetime) -> list[str | None]:
    return [iso(before), iso(before.date())]


def _delete(db: sqlite3.Connection, which: str, keys: Sequence[str], first: Sequence[object] = ()) -> int:
    """Delete the rows of a condition that ends with IN; how many went."""
    return sum(db.execute(f"DELETE FROM {which} ({marks(chunk)})", [*first, *chunk]).rowcount for chunk in chunks(keys))
