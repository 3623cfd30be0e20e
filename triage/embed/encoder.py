"""The `Encoder` protocol, the identity of a text, and encoding in batches that can be committed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from triage.paper import Paper

BATCH = 32
"""Texts a batch: the quickest size on a CPU that was tried, and a small enough loss when a run is killed."""


class Encoder(Protocol):
    """Text to vectors. `name` and `revision` identify the weights: vectors are cached under both and never mix."""

    @property
    def name(self) -> str:
        """Short name of the model, as shown to the reader."""

    @property
    def revision(self) -> str:
        """What tells two sets of weights of that name apart."""

    def paper_text(self, paper: Paper) -> str:
        """How this model reads a paper: the text to encode, whose hash is the third part of a cached vector's key."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors as rows, float32, shape (len(texts), d)."""


def text_hash(text: str) -> str:
    """SHA-256 of the text in hexadecimal: the third part of a cached vector's key."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def encode_all(
    encoder: Encoder,
    texts: Sequence[str],
    *,
    on_batch: Callable[[list[int], NDArray[np.float32]], None],
    batch: int = BATCH,
    deadline: Callable[[], bool] | None = None,
) -> int:
    """Encode in the order given and hand over each batch as (positions in `texts`, rows), so that it can be committed.

    `deadline` is asked before each batch and stops the work when it says True. Returns how many texts were encoded.
    """
    for start in range(0, len(texts), batch):
        if deadline is not None and deadline():
            return start
        part = texts[start : start + batch]
        on_batch(list(range(start, start + len(part))), encoder.encode(part))
    return len(texts)
