"""The baselines that stay in the product for ever: newest, random, tfidf-svm and mean-similarity."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from triage.rank.records import Prepared

if TYPE_CHECKING:
    from triage.paper import Paper
    from triage.rank.records import Pool, Query, Values, Vectors

_UNDEFINED = "no liked paper: newest first"


def recency(papers: Sequence[Paper]) -> Values:
    """Days since year one of the announcement, else the submission; undated papers are oldest."""
    import numpy as np

    days = [dated(paper) for paper in papers]
    return np.array([day.toordinal() if day else 0 for day in days], dtype=np.float64)


def dated(paper: Paper) -> date | None:
    """Give the day of announcement, else of submission."""
    return paper.announced or (paper.submitted.date() if paper.submitted else None)


def prepare_newest(pool: Pool, background: Pool) -> Prepared:
    """Newest first, then by identifier."""

    def score(query: Query, seed: int) -> tuple[dict[str, Values], str]:
        return {"newest": recency(pool.papers)}, ""

    return Prepared(score)


def prepare_random(pool: Pool, background: Pool) -> Prepared:
    """Draw a number for each paper; the same seed draws the same for the same set of papers, in whatever order."""
    import numpy as np

    def score(query: Query, seed: int) -> tuple[dict[str, Values], str]:
        drawn = np.empty(len(pool.papers))
        by_id = sorted(range(len(pool.papers)), key=lambda index: pool.papers[index].id)
        drawn[by_id] = np.random.default_rng(seed).random(len(pool.papers))
        return {"random": drawn}, ""

    return Prepared(score)


def prepare_similarity(pool: Pool, background: Pool) -> Prepared:
    """Weighted mean cosine to the liked papers as in zotero-arxiv-daily: 1 / (1 + log10 rank by date), summing to 1."""
    import numpy as np

    def score(query: Query, seed: int) -> tuple[dict[str, Values], str]:
        if not query.liked:
            return {"newest": recency(pool.papers)}, _UNDEFINED
        vectors, liked = _widest(pool, query)
        rows = [] if liked is None else _finite_rows(liked)
        if vectors is None or liked is None or not rows:
            return {"newest": recency(pool.papers)}, "no vectors: newest first"
        by_date = sorted(rows, key=lambda row: _liked_on(query, row), reverse=True)
        weights = 1 / (1 + np.log10(np.arange(1, len(by_date) + 1)))
        wanted = (weights / weights.sum()) @ liked[by_date].astype(np.float64)
        return {"similarity": np.nan_to_num(vectors.astype(np.float64) @ wanted, nan=0.0)}, ""

    return Prepared(score)


def _widest(pool: Pool, query: Query) -> tuple[Vectors | None, Vectors | None]:
    """Pool and liked papers by the encoder that has read most of the pool, the careful one where both have."""
    careful, fast = (0 if rows is None else len(_finite_rows(rows)) for rows in (pool.vectors, pool.fast))
    return (pool.vectors, query.careful.liked) if careful >= fast else (pool.fast, query.fast.liked)


def _finite_rows(vectors: Vectors) -> list[int]:
    """Rows that were embedded."""
    import numpy as np

    return [int(row) for row in np.flatnonzero(np.isfinite(vectors).all(axis=1))]


def _liked_on(query: Query, row: int) -> tuple[date, str]:
    """When a liked paper was liked, else dated, newest sorts last; undated ones are oldest."""
    at = query.liked_at[row] if row < len(query.liked_at) else None
    return at or dated(query.liked[row]) or date.min, query.liked[row].id


def prepare_svm(pool: Pool, background: Pool) -> Prepared:
    """TF-IDF and a linear SVM as in arxiv-sanity-lite: liked papers against all others of pool and background.

    The features are fitted on pool and background; the original fits the liked papers in as well, which changes no
    figure of the benchmark by more than 0.01 and would mean one fit for each query.
    """
    from triage.rank import svm

    papers = tuple(sorted({paper.id: paper for paper in background.papers + pool.papers}.values(), key=lambda p: p.id))
    found = svm.Features.fit(papers)
    place = {paper.id: index for index, paper in enumerate(papers)}

    def score(query: Query, seed: int) -> tuple[dict[str, Values], str]:
        import numpy as np

        if not query.liked:
            return {"newest": recency(pool.papers)}, _UNDEFINED
        liked = {paper.id for paper in query.liked}
        strangers = np.array([paper.id not in liked for paper in papers], dtype=bool)
        if found is None or not strangers.any():
            return {"newest": recency(pool.papers)}, "nothing to learn from: newest first"
        margins = svm.margins(found, sorted(query.liked, key=lambda p: p.id), strangers)
        return {"svm": margins[np.array([place[paper.id] for paper in pool.papers], dtype=np.intp)]}, found.note

    return Prepared(score)
