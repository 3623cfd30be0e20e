"""Vectors by encoder, revision and hash of the text: in the database, and beyond a month in the file beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from triage.store.filed import Filed, hash_range
from triage.store.papers import marks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CHUNK = 500
BATCH = 64
"""Rows of one write: 64 vectors are committed in a few milliseconds, far below the 50 ms a key press may wait."""


class Vectors(Filed):
    """The room of the vectors, kept as float16: half the disk, and cosines agree to three decimals.

    What is read comes from the mapped file where the database has it no more; nobody outside notices.
    """

    def add_vectors(self, encoder: str, revision: str, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Keep unit vectors by the hash of their text."""
        rows = [
            (encoder, revision, digest, vector.astype("<f2").tobytes()) for digest, vector in sorted(vectors.items())
        ]
        for start in range(0, len(rows), BATCH):
            with self.write() as db:
                db.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?, ?, ?)", rows[start : start + BATCH])

    def embedded(self, encoder: str, revision: str, hashes: Iterable[str]) -> set[str]:
        """Those of the hashes that have a vector."""
        wanted = set(hashes)
        found = {str(row[0]) for row in self._select("text_hash", encoder, revision, wanted)}
        return found | self.filed_texts(encoder, revision, wanted - found)

    def vector_count(self, encoder: str, revision: str) -> int:
        """How many vectors of an encoder were ever asked for and are kept, wherever they are now."""
        found = self.rows("SELECT count(*) FROM vectors WHERE encoder = ? AND revision = ?", (encoder, revision))
        return int(str(found[0][0])) + self.moved_count(encoder, revision)

    def vectors(self, encoder: str, revision: str, hashes: Iterable[str]) -> dict[str, NDArray[np.float32]]:
        """The kept vectors of the hashes, each of shape (d,)."""
        import numpy as np

        wanted = set(hashes)
        found = {
            row[0]: np.frombuffer(row[1], dtype="<f2").astype(np.float32)
            for row in self._select("text_hash, vector", encoder, revision, wanted)
        }
        return found | self.filed_vectors(encoder, revision, wanted - found.keys())

    def move_out(self, encoder: str, revision: str, ids: Sequence[str]) -> int:
        """Take the vectors of filed papers out of the database; how many went, none while the file is not sound."""
        gone = 0
        if not self.file_sound():
            return gone
        for start in range(0, len(ids), BATCH):
            with self.write() as db:
                some = ids[start : start + BATCH]
                which = f"filed WHERE kept = 1 AND paper_id IN ({marks(some)})"
                keys: list[Any] = self.rows(f"SELECT text_key FROM {which}", some)
                gone += db.executemany(
                    "DELETE FROM vectors WHERE encoder = ? AND revision = ? AND text_hash BETWEEN ? AND ?",
                    [(encoder, revision, *hash_range(key)) for (key,) in keys],
                ).rowcount
                db.execute(f"UPDATE {which.replace(' WHERE', ' SET kept = 2 WHERE', 1)}", some)
        return gone

    def _select(self, columns: str, encoder: str, revision: str, hashes: Iterable[str]) -> Iterable[Any]:
        wanted = sorted(set(hashes))
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            yield from self.rows(
                f"SELECT {columns} FROM vectors WHERE encoder = ? AND revision = ? "
                f"AND text_hash IN ({','.join('?' * len(chunk))})",
                [encoder, revision, *chunk],
            )
