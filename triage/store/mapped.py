"""The file of vectors beside the database: int8 rows that are mapped into memory and compared in one pass."""

from __future__ import annotations

import json
import mmap
import os
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

MAGIC, FORMAT = b"triage vectors\r\n\x00\xff", 1
"""What the file begins with; the odd bytes at the end show a file that was sent through a text filter."""

HEADER = 4096
"""Bytes before the first row: one page, so that the rows begin at one."""

SCALE = 4
"""Bytes after each row's int8 components: the float32 that brings them back to the vector's length.

A scale for each vector rather than one for all: components of trained encoders differ tenfold between vectors, and
a fixed scale that clips none of them would leave the flat ones with a handful of steps."""

_CHUNK = 512
"""Rows that are compared at once: as float32 they stay in the cache of one core."""

_COPIED = 16_384
"""Rows of one step of a copy: some four megabytes."""

_FORGET = 16 << 20
"""Bytes after which what was read is unmapped, so that a pass over an archive does not count as memory in use."""


class Header(NamedTuple):
    """What a file holds: its own name tag, the encoder of its vectors, and their dimensions."""

    token: str
    encoder: str
    revision: str
    dims: int

    @property
    def stride(self) -> int:
        """Bytes from one row to the next."""
        return self.dims + SCALE

    def size(self, rows: int) -> int:
        """Bytes of a file with so many rows."""
        return HEADER + rows * self.stride

    def to_bytes(self) -> bytes:
        """The first page of the file, with a checksum of what it says."""
        told = json.dumps({"format": FORMAT, **self._asdict()}).encode()
        content = MAGIC + len(told).to_bytes(4, "little") + told
        return (content + zlib.crc32(content).to_bytes(4, "little")).ljust(HEADER, b"\x00")


class Reading(NamedTuple):
    """What an encoder made of a paper: the version it read, the hash of the text, and the vector, (d,)."""

    paper_id: str
    version: int
    text_hash: str
    vector: NDArray[np.float32]


def make(path: Path, header: Header) -> None:
    """Begin a file without rows, on the disk before this returns.

    Raises:
        OSError: it cannot be made, or is there already.
    """
    path.touch(mode=0o600, exist_ok=False)
    with path.open("r+b") as stream:
        _write(stream.fileno(), header.to_bytes(), 0)
        os.fsync(stream.fileno())
    _sync_folder(path.parent)


def put(path: Path, header: Header, places: Sequence[int], vectors: NDArray[np.float32]) -> None:
    """Write vectors (n, d) into the rows of these numbers, over whatever is there, and to the disk.

    Raises:
        OSError: the disk is full, or the file is gone.
    """
    cells = packed(vectors)
    with path.open("r+b") as stream:
        for first, count in _runs(places):
            _write(stream.fileno(), cells[first : first + count].tobytes(), header.size(places[first]))
        os.fsync(stream.fileno())


def copied(old: Mapped, path: Path, header: Header, places: NDArray[np.intp]) -> None:
    """Make a file of some rows of another, in this order, on the disk before this returns.

    Raises:
        OSError: it cannot be made, or the disk is full.
    """
    make(path, header)
    with path.open("r+b") as stream:
        for start in range(0, len(places), _COPIED):
            cells = old.cells[places[start : start + _COPIED]]
            _write(stream.fileno(), cells.tobytes(), header.size(start))
        os.fsync(stream.fileno())


def packed(vectors: NDArray[np.float32]) -> NDArray[np.int8]:
    """Vectors (n, d) as the rows of a file, (n, d + 4): each keeps its length, and its cosines to about 0.0005."""
    import numpy as np

    peaks = np.abs(vectors).max(axis=1, keepdims=True)
    steps = np.rint(127 * (vectors / np.where(peaks == 0, 1, peaks))).astype(np.int8)
    lengths = np.linalg.norm(steps.astype(np.float32), axis=1)
    scales = np.linalg.norm(vectors, axis=1) / np.where(lengths == 0, 1, lengths)
    return np.concatenate([steps, scales.astype("<f4")[:, None].view(np.int8)], axis=1)


def sound(path: Path, header: Header, rows: int) -> bool:
    """Whether a file is there, is the one that was made, and has at least so many rows."""
    try:
        with path.open("rb") as stream:
            _check(stream, header, rows)
    except (OSError, ValueError):
        return False
    return True


def _check(stream: BinaryIO, header: Header, rows: int) -> None:
    if stream.read(HEADER) != header.to_bytes():
        raise ValueError("it is not the file that was written")
    if os.fstat(stream.fileno()).st_size < header.size(rows):
        raise ValueError("it is shorter than it was")


class Mapped:
    """The first rows of a file, mapped read-only; no byte is read before it is asked for.

    Args:
        path: the file.
        header: what it has to say of itself.
        rows: how many of its rows count; there may be more.

    Raises:
        ValueError: it is another file, damaged, or shorter than that.
        OSError: it is gone or cannot be read.
    """

    def __init__(self, path: Path, header: Header, rows: int) -> None:
        import numpy as np

        self.header, self.rows = header, rows
        with path.open("rb") as stream:
            _check(stream, header, rows)
            self._map = mmap.mmap(stream.fileno(), header.size(rows), access=mmap.ACCESS_READ)
        self.cells = np.frombuffer(self._map, dtype=np.int8, offset=HEADER).reshape(rows, header.stride)
        at, step = HEADER + header.dims, (header.stride,)
        self._scales: NDArray[np.float32] = np.ndarray((rows,), "<f4", self._map, offset=at, strides=step)

    def take(self, places: NDArray[np.intp]) -> NDArray[np.float32]:
        """The vectors of some rows, (n, d)."""
        import numpy as np

        steps = self.cells[places, : self.header.dims].astype(np.float32)
        found: NDArray[np.float32] = steps * self._scales[places, None]
        return found

    def products(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """Inner product of every row with the query (d,), in one pass over the file: (rows,).

        The bytes of the scales go through the multiplication too, against zeros: so the rows are turned into float32
        in one piece, which numpy does three times faster than in strips.
        """
        import numpy as np

        found = np.empty(self.rows, dtype=np.float32)
        wide = np.zeros(self.header.stride, dtype=np.float32)
        wide[: self.header.dims] = query
        floats = np.empty((_CHUNK, self.header.stride), dtype=np.float32)
        forgotten = 0
        for start in range(0, self.rows, _CHUNK):
            n = min(_CHUNK, self.rows - start)
            floats[:n] = self.cells[start : start + n]
            np.matmul(floats[:n], wide, out=found[start : start + n])
            found[start : start + n] *= self._scales[start : start + n]
            if (read := self.header.size(start) // mmap.PAGESIZE * mmap.PAGESIZE) - forgotten >= _FORGET:
                self._forget(forgotten, read)
                forgotten = read
        return found

    def _forget(self, since: int, until: int) -> None:
        if hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED, since, until - since)


def _runs(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Numbers that follow one another, as (index of the first, how many)."""
    first = 0
    for index in range(1, len(places) + 1):
        if index == len(places) or places[index] != places[index - 1] + 1:
            yield first, index - first
            first = index


def _write(number: int, content: bytes, at: int) -> None:
    """Write all of it, which a nearly full disk may take in parts."""
    left = memoryview(content)
    while left:
        done = os.pwrite(number, left, at)
        left, at = left[done:], at + done


def _sync_folder(folder: Path) -> None:
    """Have the folder remember a new name."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
