"""The deployed ranker: TF-IDF and half-whitened likeness to the liked papers, and the statement, in one sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.rank.baselines import recency
from triage.rank.features import Features
from triage.rank.reasons import explain as give_reasons
from triage.rank.wishes import author_part, dismissed_part, term_part

if TYPE_CHECKING:
    from triage.rank.records import Explain, Pool, Query, Reason, Score, Values
    from triage.rank.space import Kind

LIKED_WORDS, LIKED_MEANING = 1.0, 2.0
STATEMENT_WORDS, STATEMENT_MEANING = 0.5, 1.5
ALONE_WORDS, ALONE_MEANING = 0.5, 2.0
# The statement is worth most while few papers are liked: (up to so many liked papers, weight).
_FADING = ((1, 2.0), (3, 1.0), (7, 0.7), (15, 0.4))
_FADED = 0.25
_PRIOR_COUNT = 20.0
# The parts go together, so the deviation of their sum is about this share of the sum of their weights.
_TOGETHER = 0.75


@dataclass(frozen=True, slots=True)
class Ordinary:
    """What a likeness ordinarily is: its mean and deviation over papers that nobody chose.

    Fitted once over the benchmark's reading lists (medians over lists and draws). The mean of k likenesses varies
    less than one, so the variance is `deviation`² (1 + `single` / k). It counts as 20 papers beside the stored ones:
    with an empty store it decides alone, so that "nothing today" stays possible, and a word that no stored paper
    holds still has a deviation.
    """

    mean: float
    deviation: float
    single: float = 0.0

    def standardise(self, values: Values, sample: Values, k: int = 1) -> Values:
        """Give z of `values` by the mean and deviation of `sample` (NaN left out); NaN values become 0, the mean."""
        import numpy as np

        seen = sample[np.isfinite(sample)]
        total = len(seen) + _PRIOR_COUNT
        mean = (seen.sum() + _PRIOR_COUNT * self.mean) / total
        prior = self.deviation**2 * (1 + self.single / max(k, 1)) + (self.mean - mean) ** 2
        variance = (((seen - mean) ** 2).sum() + _PRIOR_COUNT * prior) / total
        return np.asarray(np.nan_to_num((values - mean) / np.sqrt(variance), nan=0.0), dtype=np.float64)


_WORDS = Ordinary(0.012, 0.0052, 1.1)
_MEANING: dict[Kind, Ordinary] = {
    "whitened": Ordinary(0.0, 0.044, 1.9),
    "centred": Ordinary(0.0, 0.103, 0.9),
    "plain": Ordinary(0.34, 0.102, 0.35),
}
_TO_STATEMENT = Ordinary(0.227, 0.112)
_BM25 = Ordinary(0.039, 0.041)


def prepare(pool: Pool, background: Pool) -> tuple[Score, Explain]:
    """Read the papers once; give the function that scores a query and the one that explains its scores."""
    features = Features.fit(pool, background)

    def score(query: Query, seed: int) -> tuple[dict[str, Values], str]:
        return _score(features, query)

    def explain(query: Query, chosen: Sequence[int]) -> list[Reason]:
        return give_reasons(features, query, chosen)

    return score, explain


def statement_weight(liked: int) -> float:
    """Weight of the statement beside so many liked papers: 2, 1, 0.7, 0.4, 0.25, falling.

    Kept at 1 it loses 0.02 day@10 and 0.06 week nDCG@10 at one liked paper and 0.01 day@5 from ten on, for 0.01
    week nDCG@10 at five; all other figures are within 0.01 (benchmark, 19 lists).
    """
    return next((weight for most, weight in _FADING if liked <= most), _FADED)


def _score(features: Features, query: Query) -> tuple[dict[str, Values], str]:
    """Sum z(TF-IDF) + 2 z(half-whitened) to the liked, w (1.5 z(cosine) + 0.5 z(BM25)) to the statement, and wishes.

    Without liked papers the statement counts 2 z(cosine) + 0.5 z(BM25). Where there are no vectors the words take
    over the weight of the meaning, so that the sum keeps its scale.
    """
    if not query.liked and not query.statement.strip():
        return {"newest": recency(features.pool)}, "no statement and no liked paper: newest first"
    parts = {**_liked_parts(features, query), **_statement_parts(features, query)}
    wished = {
        "terms": term_part(features.pool, query.boost, query.avoid),
        "authors": author_part(features.pool, query.authors),
        "dismissed": _dismissed(features, query),
    }
    scale = _TOGETHER * sum(_weights(query))
    return {**parts, **{name: scale * part for name, part in wished.items() if part is not None}}, _note(
        features, query
    )


def _weights(query: Query) -> tuple[float, float, float, float]:
    """Weights of liked words, liked meaning, statement words, statement meaning."""
    if not query.liked:
        return 0.0, 0.0, ALONE_WORDS, ALONE_MEANING
    weight = statement_weight(len(query.liked)) if query.statement.strip() else 0.0
    return LIKED_WORDS, LIKED_MEANING, weight * STATEMENT_WORDS, weight * STATEMENT_MEANING


def _liked_parts(features: Features, query: Query) -> dict[str, Values]:
    """Likeness to the liked papers, by words and by meaning."""
    if not query.liked:
        return {}
    rest, k = features.strangers(query), len(query.liked)
    words, meaning = features.lexicon.likeness(query.liked), features.to_papers(query.liked_vectors)
    by_words, by_meaning = _weights(query)[:2]
    if meaning is None or features.space is None:
        return {"liked words": (by_words + by_meaning) * _WORDS.standardise(words, words[rest], k)[: features.n]}
    mean = meaning.mean(axis=1)
    ordinary = _MEANING[features.space.kind]
    return {
        "liked words": by_words * _WORDS.standardise(words, words[rest], k)[: features.n],
        "liked meaning": by_meaning * ordinary.standardise(mean, mean[rest], meaning.shape[1])[: features.n],
    }


def _statement_parts(features: Features, query: Query) -> dict[str, Values]:
    """Likeness to the statement, by words and by meaning."""
    if not query.statement.strip():
        return {}
    rest = features.strangers(query)
    words, meaning = features.lexicon.bm25(query.statement), features.to_statement(query.statement_vector)
    by_words, by_meaning = _weights(query)[2:]
    if meaning is None:
        return {"statement words": (by_words + by_meaning) * _BM25.standardise(words, words[rest])[: features.n]}
    return {
        "statement words": by_words * _BM25.standardise(words, words[rest])[: features.n],
        "statement meaning": by_meaning * _TO_STATEMENT.standardise(meaning, meaning[rest])[: features.n],
    }


def _dismissed(features: Features, query: Query) -> Values | None:
    """Loss for nearness to dismissed papers, by meaning where there is any, else by words."""
    if not query.disliked:
        return None
    near, liked = features.to_papers(query.disliked_vectors), features.to_papers(query.liked_vectors)
    if near is not None and features.space is not None and (liked is not None or not query.liked):
        ordinary = _MEANING[features.space.kind]
        noise = ordinary.mean + 2 * ordinary.deviation * (1 + ordinary.single) ** 0.5
        return dismissed_part(near[: features.n], None if liked is None else liked[: features.n], noise)
    words = features.words_to_papers(query.liked)[: features.n] if query.liked else None
    noise = _WORDS.mean + 2 * _WORDS.deviation * (1 + _WORDS.single) ** 0.5
    return dismissed_part(features.words_to_papers(query.disliked)[: features.n], words, noise)


def _note(features: Features, query: Query) -> str:
    """Say in one line what was missing."""
    if features.plain is None or (features.to_statement(query.statement_vector) is None and not query.liked):
        return "no vectors: words only" if features.papers else ""
    if not query.liked:
        return "no liked paper yet: the statement ranks alone"
    if features.to_papers(query.liked_vectors) is None:
        return "the liked papers have no vectors: their words only"
    return ""
