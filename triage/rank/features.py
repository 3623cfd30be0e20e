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
class Features:
    """Rows are the pool's papers, then the background's; `n` is the number of the former.

    The background alone says what is ordinary, so that a paper's score does not depend on what else was announced
    that day; only while it holds fewer than 150 papers the pool helps to tell rare words from common ones and to
    centre or whiten the vectors.
    """

    papers: tuple[Paper, ...]
    n: int
    lexicon: Lexicon
    plain: Values | None
    space: Space | None
    placed: Values | None

    @classmethod
    def fit(cls, pool: Pool, background: Pool) -> Features:
        """Count the words and learn the frame; about a second for 1,500 papers."""
        import numpy as np

        papers, n = pool.papers + background.papers, len(pool.papers)
        stored = np.arange(len(papers)) >= n
        lexicon = Lexicon.fit(papers, stored if stored.sum() >= WHITEN_FROM else np.ones_like(stored))
        plain = _stack(pool, background)
        if plain is None:
            return cls(papers, n, lexicon, None, None, None)
        embedded = np.isfinite(plain).all(axis=1)
        reference = embedded & stored if (embedded & stored).sum() >= WHITEN_FROM else embedded
        space = Space.fit(plain[reference])
        return cls(papers, n, lexicon, plain, space, space.place(plain))

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

    def to_papers(self, vectors: Vectors | None) -> Values | None:
        """Half-whitened cosine of every row to each embedded row of `vectors`, (rows, k); None without vectors."""
        placed = None if vectors is None or self.space is None else self.space.place(embedded(vectors))
        return None if placed is None or self.placed is None or not len(placed) else self.placed @ placed.T

    def to_statement(self, vector: Vectors | None) -> Values | None:
        """Plain cosine of every row to the statement (whitening harms this one); None without vectors."""
        if self.plain is None or vector is None or not len(embedded(vector[None, :])):
            return None
        cosines: Values = self.plain @ unit(vector[None, :].astype(self.plain.dtype))[0]
        return cosines

    def words_to_papers(self, papers: Sequence[Paper]) -> Values:
        """TF-IDF cosine of every row to each of `papers`, (rows, k)."""
        import numpy as np
        from scipy.sparse import vstack

        rows = vstack([self.lexicon.vector(paper) for paper in papers])
        return np.asarray((self.lexicon.weights @ rows.T).toarray(), dtype=np.float64)


def embedded(vectors: Vectors) -> Vectors:
    """Leave out the rows that were not embedded yet."""
    import numpy as np

    return vectors[np.isfinite(vectors).all(axis=1)]


def _stack(pool: Pool, background: Pool) -> Values | None:
    """Vectors of pool and background in one matrix, NaN where there are none; None when nothing is embedded."""
    import numpy as np

    given = [part.vectors for part in (pool, background) if part.vectors is not None and len(part.vectors)]
    if not any(len(embedded(vectors)) for vectors in given):
        return None
    blank = np.full((1, given[0].shape[1]), np.nan)
    rows = [
        part.vectors if part.vectors is not None and len(part.papers) else blank.repeat(len(part.papers), axis=0)
        for part in (pool, background)
    ]
    return np.concatenate(rows).astype(np.float64)
