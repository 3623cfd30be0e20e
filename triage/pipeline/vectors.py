"""Texts to cached vectors and back: nothing is embedded twice, and every batch is committed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from triage.embed import SentenceEncoder, StaticEncoder, encode_all, text_hash
from triage.errors import InvalidInput, Unavailable
from triage.pipeline.progress import NEW_MODEL, Progress, silent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from triage.embed import Encoder
    from triage.paper import Paper
    from triage.store import Store

TEXT_S = 0.071
"""CPU seconds that MiniLM, the default careful model, takes for one paper (71 for 1,000, measured on one core)."""

TOLD_FROM_S = 10.0
"""What a new model costs is said where it would take MiniLM so long."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """Cached vectors of one encoder; `name` is empty when there is no encoder and the words decide."""

    store: Store
    name: str = ""
    revision: str = ""
    told: Callable[[Paper], str] = attrgetter("text")
    """How the encoder reads a paper."""

    @classmethod
    def of(cls, store: Store, encoder: Encoder | None) -> Lookup:
        """Look up the vectors of an encoder; an encoder without weights has none.

        Weights that only the hub has are no reason to ask it here: the first list would wait for the download.
        """
        if isinstance(encoder, SentenceEncoder) and not encoder.at_hand:
            return cls(store)
        try:
            return cls(store, encoder.name, encoder.revision, encoder.paper_text) if encoder else cls(store)
        except (Unavailable, InvalidInput):
            return cls(store)

    def rows(self, texts: Sequence[str]) -> NDArray[np.float32] | None:
        """Vectors of the texts, shape (n, d), NaN where one is not embedded; None when none of them is."""
        import numpy as np

        hashes = [text_hash(text) for text in texts]
        found = self.store.vectors(self.name, self.revision, hashes) if self.name else {}
        if not found:
            return None
        missing = np.full(len(next(iter(found.values()))), np.nan, dtype=np.float32)
        return np.stack([found.get(digest, missing) for digest in hashes])

    def paper_rows(self, papers: Sequence[Paper]) -> NDArray[np.float32] | None:
        """Vectors of the papers as the encoder reads them; see `rows`."""
        return self.rows([self.told(paper) for paper in papers])

    def embedded(self, papers: Sequence[Paper]) -> list[str]:
        """Identifiers of the papers that have a vector, sorted."""
        hashes = {text_hash(self.told(paper)): paper.id for paper in papers}
        there = self.store.embedded(self.name, self.revision, hashes) if self.name else set()
        return sorted(hashes[digest] for digest in there)


@dataclass(frozen=True, slots=True)
class Lookups:
    """Cached vectors of both encoders; without the fast one the careful one reads everything."""

    careful: Lookup
    fast: Lookup

    @classmethod
    def of(cls, store: Store, careful: Encoder | None, fast: Encoder | None) -> Lookups:
        """Look up the vectors of two encoders; see `Lookup.of`."""
        return cls(Lookup.of(store, careful), Lookup.of(store, fast))

    @property
    def store(self) -> Store:
        """Where the vectors are."""
        return self.careful.store


def say_cost(store: Store, encoder: Encoder, texts: int, progress: Progress) -> None:
    """Tell what so many texts will cost where most of what the encoder is to read lies ahead: after a change of model.

    The time is that of MiniLM, since a model's own pace is known only once it has read.
    """
    seconds = texts * TEXT_S
    known = isinstance(encoder, StaticEncoder) or store.vector_count(encoder.name, encoder.revision) >= texts
    if known or seconds < TOLD_FROM_S:
        return
    time = f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
    pace = f"at MiniLM's pace of {1000 * TEXT_S:.0f} ms a text; a larger model takes longer"
    progress(NEW_MODEL, f"{encoder.name}: {texts} texts to read, about {time} {pace}", 0, None)


def embed_missing(
    store: Store,
    encoder: Encoder,
    texts: Iterable[str],
    *,
    progress: Progress = silent,
    stop: Callable[[], bool] | None = None,
) -> tuple[list[str], list[str]]:
    """Embed the texts that have no vector yet, in their order: (embedded, waiting because `stop` said so).

    Raises:
        Unavailable: there are no weights to embed with; nothing is lost.
    """
    wanted = {text_hash(text): text for text in texts}
    there = store.embedded(encoder.name, encoder.revision, wanted)
    hashes = [digest for digest in wanted if digest not in there]
    missing = [wanted[digest] for digest in hashes]
    if not missing:
        return [], []
    say_cost(store, encoder, len(missing), progress)
    progress("embedding", encoder.name, 0, len(missing))

    def keep(positions: list[int], rows: NDArray[np.float32]) -> None:
        found = dict(zip([hashes[at] for at in positions], rows, strict=True))
        store.add_vectors(encoder.name, encoder.revision, found)
        progress("embedding", encoder.name, positions[-1] + 1, len(missing))

    done = encode_all(encoder, missing, on_batch=keep, deadline=stop)
    return missing[:done], missing[done:]
