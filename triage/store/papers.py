"""Papers, their versions and announcements."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar, cast

from triage.errors import InvalidInput
from triage.paper import AnnounceType, Item, Paper
from triage.store.connection import Connection, day_or_none, instant_or_none, iso

_COLUMNS = (
    "p.id, p.version, p.title, p.abstract, p.authors, p.categories, p.submitted, p.updated, p.comment, p.doi, "
    "p.journal_ref"
)
_NEWEST = (
    "LEFT JOIN announcements a ON a.rowid = "
    "(SELECT rowid FROM announcements n WHERE n.paper_id = p.id ORDER BY n.announced DESC, n.type LIMIT 1)"
)
_BACKGROUND = (
    "SELECT * FROM (SELECT * FROM (SELECT a.paper_id AS id, a.announced AS day, a.announced, a.type "
    "FROM announcements a WHERE a.announced < ? AND a.type IN ('new', 'cross') AND NOT EXISTS (SELECT 1 "
    "FROM announcements n WHERE n.paper_id = a.paper_id AND n.type IN ('new', 'cross') AND n.announced > a.announced) "
    "AND EXISTS (SELECT 1 FROM papers p WHERE p.id = a.paper_id) "
    "GROUP BY a.announced, a.paper_id ORDER BY a.announced DESC, a.paper_id DESC LIMIT ?) "
    "UNION ALL SELECT * FROM (SELECT paper_id, day, NULL, NULL FROM unannounced ORDER BY day DESC, paper_id DESC "
    "LIMIT ?)) ORDER BY day DESC, id DESC LIMIT ?"
)
"""Both halves are read backwards along an index: the work is that of the papers wanted, not of all that are stored."""
_DAYS = (
    "WITH RECURSIVE days (day) AS (SELECT max(announced) FROM announcements WHERE announced <= ? UNION ALL "
    "SELECT (SELECT max(announced) FROM announcements WHERE announced < day) FROM days WHERE day IS NOT NULL) "
    "SELECT day FROM days WHERE day IS NOT NULL LIMIT ?"
)
"""From day to day through the index, past the papers of each."""
_CHUNK = 500
_Key = TypeVar("_Key", str, int)

ONCE = timedelta(days=7)
"""A paper arrives once in so long, whatever dates the feed gives to it; later it may be cross-listed anew."""


@dataclass(frozen=True, slots=True)
class Added:
    """What an announcement brought: papers not stored before, papers updated, papers known already."""

    new: int = 0
    updated: int = 0
    known: int = 0


@lru_cache(maxsize=4096)  # a morning reads the same papers four times over
def _paper(row: tuple[Any, ...]) -> Paper:
    return Paper(
        id=row[0],
        version=row[1],
        title=row[2],
        abstract=row[3],
        authors=tuple(json.loads(row[4])),
        categories=tuple(json.loads(row[5])),
        submitted=instant_or_none(row[6]),
        updated=instant_or_none(row[7]),
        comment=row[8],
        doi=row[9],
        journal_ref=row[10],
        announced=day_or_none(row[11]),
        announce_type=cast("AnnounceType | None", row[12]),
    )


def chunks(ids: Iterable[_Key]) -> Iterable[list[_Key]]:
    """The values, each once, in lists that one statement can name."""
    wanted = list(dict.fromkeys(ids))
    return (wanted[start : start + _CHUNK] for start in range(0, len(wanted), _CHUNK))


def marks(values: Sequence[object]) -> str:
    """As many question marks as values."""
    return ",".join("?" * len(values))


class Papers(Connection):
    """The papers' room of the store."""

    def known(self, ids: Iterable[str]) -> set[str]:
        """Those of the identifiers that are stored."""
        return {
            str(row[0])
            for chunk in chunks(ids)
            for row in self.rows(f"SELECT id FROM papers WHERE id IN ({marks(chunk)})", chunk)
        }

    def demand(self, ids: Iterable[str]) -> None:
        """Make sure that papers are stored.

        Raises:
            InvalidInput: one is not; the line says how it comes in.
        """
        wanted = list(ids)
        if missing := [one for one in wanted if one not in self.known(wanted)]:
            raise InvalidInput(f"{missing[0]} is not stored; triage fetch brings what was announced")

    def announced_before(self, ids: Iterable[str]) -> set[str]:
        """Those of the identifiers that were ever announced as new or cross."""
        return {
            str(row[0])
            for chunk in chunks(ids)
            for row in self.rows(
                "SELECT DISTINCT paper_id FROM announcements WHERE type IN ('new', 'cross') "
                f"AND paper_id IN ({marks(chunk)})",
                chunk,
            )
        }

    def add_announcement(self, items: Sequence[Item], *, announced: date, feed_day: date | None, at: datetime) -> Added:
        """Store one batch: papers by identifier, never lowering a version, and why each was listed.

        A replacement of an unknown paper is stored and counted as updated. A paper that was announced as new or cross
        within `ONCE` is not announced so again: a batch that the feed repeats under another date brings it only once.
        """
        with self.write() as db:
            ids = [item.paper.id for item in items]
            stored, came = self.known(ids), self.announced_before(ids)  # what was let go is no news
            new = updated = known = 0
            for item in items:
                fresh = item.paper.id not in stored
                raised = self._upsert(db, item.paper, at)
                if item.type in ("new", "cross") and not (fresh and item.paper.id not in came):
                    known += 1
                elif item.type in ("new", "cross"):
                    new += 1
                elif raised or fresh:
                    updated += 1
                else:
                    known += 1
                db.execute(
                    "INSERT OR IGNORE INTO announcements (paper_id, announced, type, feed_day, seen_at) "
                    "SELECT ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM announcements "
                    "WHERE paper_id = ? AND ((type = ? AND feed_day IS ?) OR (? AND type IN ('new', 'cross') "
                    "AND announced BETWEEN ? AND ?)))",
                    (
                        *(item.paper.id, iso(announced), item.type, iso(feed_day), iso(at)),
                        *(item.paper.id, item.type, iso(feed_day)),
                        *(item.type in ("new", "cross"), iso(announced - ONCE), iso(announced + ONCE)),
                    ),
                )
            return Added(new, updated, known)

    def add_papers(self, papers: Iterable[Paper], *, at: datetime) -> None:
        """Store papers with what only the API knows: comment, page count, submission days."""
        with self.write() as db:
            for paper in papers:
                self._upsert(db, paper, at)
                db.execute(
                    "UPDATE papers SET submitted = ?, updated = ?, comment = ?, doi = coalesce(?, doi), "
                    "journal_ref = coalesce(?, journal_ref), detailed_version = ? WHERE id = ? AND version <= ?",
                    (
                        iso(paper.submitted),
                        iso(paper.updated),
                        paper.comment,
                        paper.doi,
                        paper.journal_ref,
                        paper.version,
                        paper.id,
                        paper.version,
                    ),
                )

    def _upsert(self, db: sqlite3.Connection, paper: Paper, at: datetime) -> bool:
        """Write one paper; True when it is new or its version rose."""
        authors = json.dumps(paper.authors, ensure_ascii=False)  # full text search reads this column
        values = (paper.version, paper.title, paper.abstract, authors, json.dumps(paper.categories))
        changed = db.execute(
            "INSERT INTO papers (id, version, title, abstract, authors, categories, doi, journal_ref, first_seen) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET version = excluded.version, "
            "title = excluded.title, abstract = excluded.abstract, authors = excluded.authors, "
            "categories = excluded.categories, doi = coalesce(excluded.doi, doi), "
            "journal_ref = coalesce(excluded.journal_ref, journal_ref) WHERE excluded.version > version",
            (paper.id, *values, paper.doi, paper.journal_ref, iso(at)),
        ).rowcount
        db.execute(
            "INSERT OR IGNORE INTO versions (paper_id, version, title, abstract, seen_at) VALUES (?, ?, ?, ?, ?)",
            (paper.id, paper.version, paper.title, paper.abstract, iso(at)),
        )
        return changed > 0

    def paper(self, identifier: str) -> Paper | None:
        """One paper by identifier without version."""
        return self.papers([identifier]).get(identifier)

    def papers(self, ids: Iterable[str]) -> dict[str, Paper]:
        """The stored ones of the identifiers, with their newest announcement."""
        found = (
            _paper(row)
            for chunk in chunks(ids)
            for row in self.rows(
                f"SELECT {_COLUMNS}, a.announced, a.type FROM papers p {_NEWEST} WHERE p.id IN ({marks(chunk)})",
                chunk,
            )
        )
        return {paper.id: paper for paper in found}

    def every_text(self, step: int) -> Iterator[list[Paper]]:
        """Every stored paper by identifier, so many at a time, without its announcement: an archive fits no memory."""
        last = ""
        while rows := self.rows(
            f"SELECT {_COLUMNS}, NULL, NULL FROM papers p WHERE p.id > ? ORDER BY p.id LIMIT ?", (last, step)
        ):
            yield [_paper(row) for row in rows]
            last = str(rows[-1][0])

    def wanting_details(self, since: date) -> list[str]:
        """Papers announced since a day whose comment and page count were not read, or belong to an older version.

        A withdrawal shows in the comment alone. Replacements of papers that were never asked for stay out.
        """
        return [
            str(row[0])
            for row in self.rows(
                "SELECT DISTINCT p.id FROM papers p JOIN announcements a ON a.paper_id = p.id WHERE a.announced >= ? "
                "AND (a.type IN ('new', 'cross') AND p.detailed_version IS NULL OR p.detailed_version < p.version) "
                "ORDER BY p.id",
                (iso(since),),
            )
        ]

    def announcement_days(self, before: date | None = None, *, most: int = -1) -> list[date]:
        """The days with a stored announcement, newest first; `most` of them where it is not negative."""
        rows = self.rows(_DAYS, (iso(before or date.max), most))
        return [date.fromisoformat(str(row[0])) for row in rows]

    def highest_identifier(self, announced: date) -> str:
        """The highest of today's kind of identifier that was announced as new on a day; "" when there is none."""
        rows = self.rows(
            "SELECT max(paper_id) FROM announcements WHERE announced = ? AND type = 'new' AND paper_id NOT LIKE '%/%'",
            (iso(announced),),
        )
        return str(rows[0][0] or "")

    def announced(self, since: date, until: date, types: Sequence[str]) -> list[Paper]:
        """Papers announced from `since` to `until`, both included, as one of the types, by identifier."""
        rows = self.rows(
            f"SELECT {_COLUMNS}, max(a.announced), a.type FROM papers p JOIN announcements a ON a.paper_id = p.id "
            f"WHERE a.announced BETWEEN ? AND ? AND a.type IN ({marks(types)}) GROUP BY p.id ORDER BY p.id",
            [iso(since), iso(until), *types],
        )
        return [_paper(row) for row in rows]

    def came_late(self, last: date, at: str, since: date, types: Sequence[str]) -> dict[date, frozenset[str]]:
        """Papers that came into an announcement from `since` to `last` only after the instant `at`, by announcement.

        Announcements before the first one that was known by then are the past that somebody asked for, and not late.
        """
        first = "SELECT announced FROM announcements WHERE seen_at <= ? ORDER BY announced LIMIT 1"
        rows: list[Any] = self.rows(
            f"SELECT announced, paper_id FROM announcements WHERE announced BETWEEN max(?, coalesce(({first}), ?)) "
            f"AND ? AND seen_at > ? AND type IN ({marks(types)})",
            [iso(since), at, iso(last), iso(last), at, *types],
        )
        found: dict[date, set[str]] = {}
        for announced, paper in rows:
            found.setdefault(date.fromisoformat(announced), set()).add(paper)
        return {day: frozenset(papers) for day, papers in found.items()}

    def background(self, before: date, limit: int) -> list[Paper]:
        """The newest stored papers that were not announced on `before` or later: unlabelled text for statistics.

        Papers that were only ever met as a replacement are left out: they are old work.
        """
        rows = self.rows(
            f"SELECT {_COLUMNS}, b.announced, b.type FROM ({_BACKGROUND}) b JOIN papers p ON p.id = b.id "
            "ORDER BY b.day DESC, b.id DESC",
            (iso(before), limit, limit, limit),
        )
        return [_paper(row) for row in rows]

    def background_count(self, before: date) -> int:
        """How many stored papers are not of the announcement of `before` or later."""
        sql = (
            "SELECT count(DISTINCT p.id) FROM announcements a JOIN papers p ON p.id = a.paper_id WHERE a.announced >= ?"
        )
        return self.count() - int(cast("int", self.rows(sql, (iso(before),))[0][0]))

    def background_ids(self, before: date, limit: int) -> list[str]:
        """The identifiers of `background`: many can be had without reading their text."""
        rows = self.rows(_BACKGROUND, (iso(before), limit, limit, limit))
        return [str(row[0]) for row in rows]

    def count(self) -> int:
        """How many papers are stored."""
        return int(cast("int", self.rows("SELECT count(*) FROM papers")[0][0]))
