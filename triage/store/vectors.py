"""Vectors by encoder, revision and hash of the text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from triage.store.connection import Connection

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CHUNK = 500
BATCH = 64
"""Rows of one write: 64 vectors are committed in a few milliseconds, far below the 50 ms a key press may wait."""


class Vectors(Connection):
    """The room of the vectors, kept as float16: half the disk, and cosines agree to three decimals."""

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
        return {str(row[0]) for row in self._select("text_hash", encoder, revision, hashes)}

    def vector_count(self, encoder: str, revision: str) -> int:
        """How many vectors of an encoder are kept."""
        found = self.rows("SELECT count(*) FROM vectors WHERE encoder = ? AND revision = ?", (encoder, revision))
        return int(str(found[0][0]))

    def vectors(self, encoder: str, revision: str, hashes: Iterable[str]) -> dict[str, NDArray[np.float32]]:
        """The kept vectors of the hashes, each of shape (d,)."""
        import numpy as np

        return {
            row[0]: np.frombuffer(row[1], dtype="<f2").astype(np.float32)
            for row in self._select("text_hash, vector", encoder, revision, hashes)
        }

    def _select(self, columns: str, encoder: str, revision: str, hashes: Iterable[str]) -> Iterable[Any]:
        wanted = sorted(set(hashes))
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            yield from self.rows(
                f"SELECT {columns} FROM vectors WHERE encoder = ? AND revision = ? "
                f"AND text_hash IN ({','.join('?' * len(chunk))})",
                [encoder, revision, *chunk],
            )
