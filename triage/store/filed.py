"""Which paper's vector stands in which row of the file beside the database, and what is not there yet."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triage.errors import CannotWrite, TryLater
from triage.store.backup import give_up_file
from triage.store.connection import Connection
from triage.store.papers import chunks, marks

if TYPE_CHECKING:
    import sqlite3

    import numpy as np
    from numpy.typing import NDArray

    from triage.store.mapped import Header, Mapped, Reading

FILED = 256
"""Vectors of one write: with the wait for the disk some ten milliseconds, below the 50 ms a key press may wait."""

_TIES = 1000
"""How many papers of one score are told apart by their identifiers: where all are alike, any of them will do."""

_DECIMALS = 6
"""Scores that agree to so many are equal: the same row gives another last bit in another place of the file."""


class Filed(Connection):
    """The room of the mapped file.

    The database says which file counts, how many of its rows, and which paper each belongs to. The file is written
    first and waited for, then the database: so a run that is killed leaves rows that nobody knows of, and the next one
    writes over them. A file that is gone, foreign or too short is given up and made anew from the stored texts; nothing
    in it is the only copy of anything. A store in memory has its file in a temporary folder.
    """

    def unfiled(self, most: int) -> list[str]:
        """Papers whose newest text is not in the file, the highest identifiers first."""
        rows = self.rows("SELECT paper_id FROM unfiled ORDER BY paper_id DESC LIMIT ?", (most,))
        return [str(row[0]) for row in rows]

    def unfiled_count(self) -> int:
        """How many papers are not in the file."""
        return int(str(self.rows("SELECT count(*) FROM unfiled")[0][0]))

    def filed_count(self, encoder: str, revision: str) -> int:
        """How many papers are in the file of an encoder, as far as the database knows."""
        return int(str(self.rows("SELECT count(*) FROM filed")[0][0])) if self._file_of(encoder, revision)[0] else 0

    def file_sound(self) -> bool:
        """Whether the file that the database counts on is there and whole; True where there is none yet."""
        header, rows = self._told()
        return header is None or self._sound(header, rows)

    def moved_count(self, encoder: str, revision: str) -> int:
        """How many vectors of an encoder were moved out of the database."""
        if self._file_of(encoder, revision)[0] is None:
            return 0
        return int(str(self.rows("SELECT count(*) FROM filed WHERE kept = 2")[0][0]))

    def mapped_bytes(self) -> int:
        """How large the file is; 0 where there is none."""
        header, rows = self._told()
        return header.size(rows) if header else 0

    def ready_file(self, encoder: str, revision: str) -> None:
        """Give up a file that another encoder made, or that is gone or damaged: every paper is to be filed again."""
        header, rows = self._told()
        if header is None or (self._file_of(encoder, revision)[0] and self._sound(header, rows)):
            return
        with self.write() as db:
            if self._told() == (header, rows):  # another process may have been quicker
                give_up_file(db)

    def file_readings(self, encoder: str, revision: str, readings: Sequence[Reading]) -> None:
        """Put vectors into the file, in writes of `FILED`.

        Nothing is put of a paper that changed meanwhile, nor into a file that another encoder began meanwhile, nor by a
        store that is a copy, which only reads the file.

        Raises:
            CannotWrite: the disk is full, or the folder is not ours; what was put before stays.
        """
        for start in range(0, 0 if self.copy else len(readings), FILED):
            with self.write() as db, self._writing():
                some = self._still_unfiled(readings[start : start + FILED])
                if some:
                    self._put(db, encoder, revision, some)

    def _still_unfiled(self, readings: Sequence[Reading]) -> list[Reading]:
        wanted = [one.paper_id for one in readings]
        found = self.rows(
            "SELECT p.id, p.version FROM unfiled u JOIN papers p ON p.id = u.paper_id "
            f"WHERE u.paper_id IN ({marks(wanted)})",
            wanted,
        )
        there = set(found)
        return [one for one in readings if (one.paper_id, one.version) in there]

    def _put(self, db: sqlite3.Connection, encoder: str, revision: str, readings: Sequence[Reading]) -> None:
        import numpy as np

        from triage.store.mapped import put

        vectors = np.stack([one.vector for one in readings])
        header, rows = self._file_for(db, encoder, revision, vectors.shape[1])
        if (header.encoder, header.revision) != (encoder, revision):
            return
        spare = [int(str(row[0])) for row in self.rows("SELECT row FROM spare ORDER BY row LIMIT ?", (len(readings),))]
        added = len(readings) - len(spare)
        places = [*spare, *range(rows, rows + added)]
        put(self._path(header.token), header, places, vectors)
        hashes = [one.text_hash for one in readings]
        also = self.rows(
            f"SELECT text_hash FROM vectors WHERE encoder = ? AND revision = ? AND text_hash IN ({marks(hashes)})",
            [encoder, revision, *hashes],
        )
        kept = {str(row[0]) for row in also}
        db.executemany("DELETE FROM spare WHERE row = ?", [(row,) for row in spare])
        db.executemany(
            "INSERT INTO filed VALUES (?, ?, ?, ?)",
            [
                (row, one.paper_id, text_key(one.text_hash), int(one.text_hash in kept))
                for row, one in zip(places, readings, strict=True)
            ],
        )
        db.executemany("DELETE FROM unfiled WHERE paper_id = ?", [(one.paper_id,) for one in readings])
        db.execute("UPDATE vector_file SET rows = ?", (rows + added,))

    def _file_for(self, db: sqlite3.Connection, encoder: str, revision: str, dims: int) -> tuple[Header, int]:
        """The file to write into, begun where there is none that counts."""
        from triage.store.mapped import Header, make

        header, rows = self._told()
        if header is None:
            header, rows = Header(os.urandom(8).hex(), encoder, revision, dims), 0
            self._clear()
            make(self._path(header.token), header)
            self._count_on(db, header, rows)
        return header, rows

    @staticmethod
    def _count_on(db: sqlite3.Connection, header: Header, rows: int) -> None:
        """Let another file count from the end of this write on."""
        db.execute("DELETE FROM vector_file")
        db.execute("INSERT INTO vector_file VALUES (?, ?, ?, ?, ?)", (*header, rows))

    def _clear(self) -> None:
        """Remove the files that do not count; only for who holds the right to write, or another may be making one."""
        header, _ = self._told()
        prefix, stays = self._path("").name, self._path(header.token).name if header else ""
        for other in self._folder.iterdir():
            if other.name.startswith(prefix) and other.name != stays:
                other.unlink(missing_ok=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            wrong = f"{self._path('…')}: cannot be written ({error.strerror}); free some space or mend the rights"
            raise CannotWrite(wrong) from error

    def filed_texts(self, encoder: str, revision: str, hashes: Iterable[str]) -> set[str]:
        """Those of the hashes whose text has a vector in the file; none where the file is damaged."""
        header, rows, found = self._filed(encoder, revision, hashes)
        return set(found) if header and found and self._sound(header, rows) else set()

    def filed_vectors(self, encoder: str, revision: str, hashes: Iterable[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors that the file has for texts of these hashes, each of shape (d,)."""
        import numpy as np

        header, rows, found = self._filed(encoder, revision, hashes)
        mapped = self._mapped(header, rows) if header and found else None
        if mapped is None:
            return {}
        vectors = mapped.take(np.array(list(found.values()), dtype=np.intp))
        return dict(zip(found, vectors, strict=True))

    def _filed(self, encoder: str, revision: str, hashes: Iterable[str]) -> tuple[Header | None, int, dict[str, int]]:
        """The file of an encoder, how many of its rows count, and the rows of these hashes, all as of one moment.

        A file that is made anew in between has other rows.
        """
        keys = {text_key(digest): digest for digest in hashes}
        with self._moment():
            header, rows = self._file_of(encoder, revision)
            found = self._looked_up("text_key", "row", keys) if header else {}
        return header, rows, {keys[key]: row for key, row in found.items()}

    @contextmanager
    def _moment(self) -> Iterator[None]:
        """Several questions to the database as it is at the first one; within a write they are that already."""
        if self.db.in_transaction:
            yield
            return
        with self._explained():
            self.db.execute("BEGIN")
            try:
                yield
            finally:
                self.db.execute("ROLLBACK")

    def _looked_up(self, by: str, what: str, keys: Iterable[int]) -> dict[int, Any]:
        """One column of `filed` by the numbers in another."""
        found: list[Any] = [
            row
            for chunk in chunks(keys)
            for row in self.rows(f"SELECT {by}, {what} FROM filed WHERE {by} IN ({marks(chunk)})", chunk)
        ]
        return dict(found)

    def sampled(self, encoder: str, revision: str, most: int) -> NDArray[np.float32]:
        """Vectors from all over the file, evenly, (n, d); n is 0 where there is no file of the encoder."""
        import numpy as np

        header, rows = self._file_of(encoder, revision)
        mapped = self._mapped(header, rows) if header and rows else None
        if mapped is None:
            return np.zeros((0, 0), dtype=np.float32)
        return mapped.take(np.unique(np.linspace(0, rows - 1, min(most, rows)).astype(np.intp)))

    def nearest(
        self,
        encoder: str,
        revision: str,
        query: NDArray[np.float32],
        *,
        limit: int,
        without: AbstractSet[str] = frozenset(),
    ) -> list[tuple[str, float]]:
        """The filed papers with the highest inner product with the query (d,), best first: one pass over the file.

        Rows that have no paper any more, and the papers in `without`, are passed over.

        Raises:
            TryLater: another process made the file anew at the very moment, twice.
        """
        for _ in range(2):
            with self._moment():  # which row is whose must not change until the rows are named
                header, rows = self._file_of(encoder, revision)
                if header is None or not rows:
                    return []
                if mapped := self._mapped(header, rows):
                    return self._best(mapped.products(query), limit, without)
        raise TryLater(f"{self._path('…')}: was made anew just now; try again in a moment")

    def _best(self, scores: NDArray[np.float32], limit: int, without: AbstractSet[str]) -> list[tuple[str, float]]:
        import numpy as np

        wanted = limit + len(without)
        while True:
            wanted = min(wanted, len(scores))
            least = np.partition(scores, len(scores) - wanted)[len(scores) - wanted]
            places = [*np.flatnonzero(scores > least), *np.flatnonzero(scores == least)[: wanted + _TIES]]
            papers = self._looked_up("row", "paper_id", map(int, places))
            found = [(paper, float(scores[place])) for place, paper in papers.items() if paper not in without]
            if len(found) >= limit or wanted == len(scores):
                return sorted(found, key=lambda one: (-round(one[1], _DECIMALS), one[0]))[:limit]
            wanted *= 4

    def shrink_file(self) -> None:
        """Make the file anew without the rows that no paper has any more; nobody else may write meanwhile.

        Raises:
            CannotWrite: there is no room for a second file; the first one stays.
        """
        import numpy as np

        from triage.store.mapped import copied

        with self.write() as db, self._writing():
            self._clear()
            header, rows = self._told()
            old = self._mapped(header, rows) if header else None
            if header is None or old is None or not self.rows("SELECT 1 FROM spare LIMIT 1"):
                return
            places = np.array([row[0] for row in self.rows("SELECT row FROM filed ORDER BY row")], dtype=np.intp)
            fresh = header._replace(token=os.urandom(8).hex())
            copied(old, self._path(fresh.token), fresh, places)
            moved = ((new, int(row)) for new, row in enumerate(places) if new != row)
            db.executemany("UPDATE filed SET row = ? WHERE row = ?", moved)
            db.execute("DELETE FROM spare")
            self._count_on(db, fresh, len(places))
        with self.write():
            self._clear()

    def _file_of(self, encoder: str, revision: str) -> tuple[Header | None, int]:
        """As `_told`, but only for the file of this encoder."""
        header, rows = self._told()
        return (header, rows) if header and (header.encoder, header.revision) == (encoder, revision) else (None, 0)

    def _told(self) -> tuple[Header | None, int]:
        """What the database says of the file: its header, and how many of its rows count."""
        from triage.store.mapped import Header

        found: list[Any] = self.rows("SELECT token, encoder, revision, dims, rows FROM vector_file")
        return (Header(*found[0][:4]), found[0][4]) if found else (None, 0)

    def _sound(self, header: Header, rows: int) -> bool:
        from triage.store.mapped import sound

        return sound(self._path(header.token), header, rows)

    def _mapped(self, header: Header, rows: int) -> Mapped | None:
        """The file, mapped; None where it is gone, foreign, damaged or too short."""
        from triage.store.mapped import Mapped

        try:
            return Mapped(self._path(header.token), header, rows)
        except (OSError, ValueError):
            return None

    def _path(self, token: str) -> Path:
        return self._folder / f"{self.path.name if self.path else 'triage.db'}.vectors-{token}"

    @cached_property
    def _folder(self) -> Path:
        if self.path:
            return self.path.parent
        import shutil
        import tempfile
        import weakref

        folder = tempfile.mkdtemp(prefix="triage-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)


def text_key(digest: str) -> int:
    """The first eight bytes of a text's hash, as a number that SQLite keeps.

    Of three million texts two share one in one archive of four million, and then one has the other's vector.
    """
    return int.from_bytes(bytes.fromhex(digest[:16]), "big", signed=True)


def hash_range(key: int) -> tuple[str, str]:
    """The hashes that have a key lie between these two."""
    first = key.to_bytes(8, "big", signed=True).hex()
    return first, f"{first}g"
