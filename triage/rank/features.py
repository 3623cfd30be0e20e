"""All that can be known of a pool and its background before a query comes: words counted, vectors placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.rank.lexical import Lexicon
from triage.rank.space import WHITEN_FROM, Space, unit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from triage.paper import Paper
    from triage.rank.records import Pool, Query, Values, Vectors


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """How one encoder sees pool and background: unit rows as they are, the frame learnt from them, the rows in it."""

    plain: Values
    space: Space
    placed: Values

    @classmethod
    def fit(cls, plain: Values | None, stored: NDArray[np.bool_], *, whiten: bool) -> View | None:
        """Learn the frame from the rows that are `stored`, from all while those are few; None without vectors."""
        import numpy as np

        if plain is None:
            return None
        embedded = np.isfinite(plain).all(axis=1)
        reference = embedded & stored if (embedded & stored).sum() >= WHITEN_FROM else embedded
        space = Space.fit(plain[reference], whiten=whiten)
        return cls(plain, space, space.place(plain))

    def to_papers(self, vectors: Vectors | None) -> Values | None:
        """Cosine in the frame of every row to each embedded row of `vectors`, (rows, k); None without vectors."""
        placed = None if vectors is None else self.space.place(embedded(vectors))
        return None if placed is None or not len(placed) else self.placed @ placed.T

    def to_statement(self, vector: Vectors | None) -> Values | None:
        """Plain cosine of every row to the statement (whitening harms this one); None without a vector."""
        if vector is None or not len(embedded(vector[None, :])):
            return None
        cosines: Values = self.plain @ unit(vector[None, :].astype(self.plain.dtype))[0]
        return cosines


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Rows are the pool's papers, then the background's; `n` is the number of the former.

    The background alone says what is ordinary, so that a paper's score does not depend on what else was announced
    that day; only while it holds fewer than 150 papers the pool helps to tell rare words from common ones and to
    centre or whiten the vectors.
    """

    papers: tuple[Paper, ...]
    n: int
    lexicon: Lexicon
    fast: View | None
    careful: View | None

    @classmethod
    def fit(cls, pool: Pool, background: Pool) -> Features:
        """Count the words and learn the frames; a third of a second for 2,500 papers."""
        import numpy as np

        papers, n = pool.papers + background.papers, len(pool.papers)
        stored = np.arange(len(papers)) >= n
        lexicon = Lexicon.fit(papers, stored if stored.sum() >= WHITEN_FROM else np.ones_like(stored))
        fast = View.fit(_stack(pool.papers, pool.fast, background.papers, background.fast), stored, whiten=False)
        rows = _stack(pool.papers, pool.vectors, background.papers, background.vectors)
        return cls(papers, n, lexicon, fast, View.fit(rows, stored, whiten=True))

    @property
    def pool(self) -> tuple[Paper, ...]:
        """The papers to be ranked."""
        return self.papers[: self.n]

    def strangers(self, query: Query) -> NDArray[np.bool_]:
        """Mark the background rows that tell what is ordinary: those neither liked nor disliked."""
        import numpy as np

        judged = {paper.id for paper in query.liked + query.disliked}
        rows = [index >= self.n and paper.id not in judged for index, paper in enumerate(self.papers)]
        return np.array(rows, dtype=bool)

    def words_to_papers(self, papers: Sequence[Paper]) -> Values:
        """TF-IDF cosine of every row to each of `papers`, (rows, k)."""
        import numpy as np

        return np.stack([self.lexicon.likeness([paper]) for paper in papers], axis=1)


def embedded(vectors: Vectors) -> Vectors:
    """Leave out the rows that were not embedded yet."""
    import numpy as np

    return vectors[np.isfinite(vectors).all(axis=1)]


def _stack(
    papers: Sequence[Paper], vectors: Vectors | None, others: Sequence[Paper], other_vectors: Vectors | None
) -> Values | None:
    """Vectors of pool and background in one matrix, NaN where there are none; None when nothing is embedded."""
    import numpy as np

    given = [rows for rows in (vectors, other_vectors) if rows is not None and len(rows)]
    if not any(len(embedded(rows)) for rows in given):
        return None
    blank = np.full((1, given[0].shape[1]), np.nan)
    parts = [
        rows if rows is not None and len(rows) else blank.repeat(len(of), axis=0)
        for of, rows in ((papers, vectors), (others, other_vectors))
    ]
    return np.concatenate(parts).astype(np.float64)
