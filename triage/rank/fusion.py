"""The deployed ranker: likeness to the liked papers and to the statement, by words and by meaning, in one sum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from triage.rank.baselines import recency
from triage.rank.features import Features
from triage.rank.reasons import explain as give_reasons
from triage.rank.wishes import author_part, dismissed_part, term_part

if TYPE_CHECKING:
    from triage.rank.features import View
    from triage.rank.records import Explain, Meaning, Pool, Query, Reason, Score, Values
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

FEW = 15
FEW_SHARES, MANY_SHARES = (0.8, 0.6), (0.4, 1.0)
"""Weights of the fast and the careful encoder's z where both have read a paper, up to `FEW` liked papers and beyond.

They go together, so the sum deviates by about one. Equal shares lose 0.002 to 0.004 day@10 up to five liked papers on
the benchmark; with many examples the careful one is the better judge, and its larger share there gains 0.003 day@10
and 0.003 week nDCG@10 at twenty, 0.004 and 0.007 with all of them."""


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
_BM25 = Ordinary(0.039, 0.041)


@dataclass(frozen=True, slots=True)
class Habit:
    """What one encoder's cosines ordinarily are: to liked papers by the kind of frame, and to the statement."""

    liked: dict[Kind, Ordinary]
    statement: Ordinary


_CAREFUL = Habit(
    {
        "whitened": Ordinary(0.0, 0.044, 1.9),
        "centred": Ordinary(0.0, 0.103, 0.9),
        "plain": Ordinary(0.34, 0.102, 0.35),
    },
    Ordinary(0.227, 0.112),
)
_FAST = Habit(
    {"centred": Ordinary(0.0, 0.084, 0.8), "plain": Ordinary(0.067, 0.087, 0.65)},  # never whitened
    Ordinary(0.046, 0.105),
)


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
    """Sum z(TF-IDF) + 2 z(meaning) to the liked, w (1.5 z(meaning) + 0.5 z(BM25)) to the statement, and wishes.

    Without liked papers the statement counts 2 z(meaning) + 0.5 z(BM25). Meaning is what the fast encoder says where
    the careful one has not read the paper, and both together where it has; see `_meaning`. Where there are no vectors
    the words take over the weight of the meaning, so that the sum keeps its scale.
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
    words, meaning = features.lexicon.likeness(query.liked), _meaning(features, query, _to_liked)
    by_words, by_meaning = _weights(query)[:2]
    if meaning is None:
        return {"liked words": (by_words + by_meaning) * _WORDS.standardise(words, words[rest], k)[: features.n]}
    return {
        "liked words": by_words * _WORDS.standardise(words, words[rest], k)[: features.n],
        "liked meaning": by_meaning * meaning,
    }


def _statement_parts(features: Features, query: Query) -> dict[str, Values]:
    """Likeness to the statement, by words and by meaning."""
    if not query.statement.strip():
        return {}
    rest = features.strangers(query)
    words, meaning = features.lexicon.bm25(query.statement), _meaning(features, query, _to_statement)
    by_words, by_meaning = _weights(query)[2:]
    if meaning is None:
        return {"statement words": (by_words + by_meaning) * _BM25.standardise(words, words[rest])[: features.n]}
    return {
        "statement words": by_words * _BM25.standardise(words, words[rest])[: features.n],
        "statement meaning": by_meaning * meaning,
    }


Look: TypeAlias = "Callable[[View, Meaning, Habit], tuple[Values, Ordinary, int] | None]"


def _meaning(features: Features, query: Query, look: Look) -> Values | None:
    """What the encoders together say of the pool, in deviations, (n,); None where neither can tell.

    Each encoder's likeness is standardised by itself. A paper that only one of them has read has that one's z, so a
    paper outside the best fifth keeps the scale of the first stage.
    """
    import numpy as np

    rest, told = features.strangers(query), []
    for view, meaning, habit in _eyes(features, query):
        if (seen := look(view, meaning, habit)) is not None:
            values, ordinary, k = seen
            z = ordinary.standardise(values, values[rest], k)[: features.n]
            told.append(np.where(np.isfinite(values[: features.n]), z, np.nan))
    if not told:
        return None
    if len(told) == 1:
        return np.nan_to_num(told[0], nan=0.0)
    careful, fast = told
    fast_share, careful_share = FEW_SHARES if len(query.liked) <= FEW else MANY_SHARES
    both = careful_share * careful + fast_share * fast
    return np.nan_to_num(np.where(np.isfinite(both), both, np.where(np.isfinite(fast), fast, careful)), nan=0.0)


def _eyes(features: Features, query: Query) -> list[tuple[View, Meaning, Habit]]:
    """The encoders that have read anything of pool and background, the careful one first."""
    careful, fast = features.careful, features.fast
    found = [(careful, query.careful, _CAREFUL), (fast, query.fast, _FAST)]
    return [(view, meaning, habit) for view, meaning, habit in found if view is not None]


def _to_liked(view: View, meaning: Meaning, habit: Habit) -> tuple[Values, Ordinary, int] | None:
    """Mean cosine of every row to the liked papers, what is ordinary there, and over how many papers the mean goes."""
    cosines = view.to_papers(meaning.liked)
    return None if cosines is None else (cosines.mean(axis=1), habit.liked[view.space.kind], cosines.shape[1])


def _to_statement(view: View, meaning: Meaning, habit: Habit) -> tuple[Values, Ordinary, int] | None:
    """Cosine of every row to the statement."""
    cosines = view.to_statement(meaning.statement)
    return None if cosines is None else (cosines, habit.statement, 1)


def _dismissed(features: Features, query: Query) -> Values | None:
    """Loss for nearness to dismissed papers, by the fast meaning, else the careful one, else by words.

    One encoder judges all papers, so that those of the second stage are not treated otherwise.
    """
    if not query.disliked:
        return None
    for view, meaning, habit in reversed(_eyes(features, query)):
        near, liked = view.to_papers(meaning.disliked), view.to_papers(meaning.liked)
        if near is not None and (liked is not None or not query.liked):
            noise = _noise(habit.liked[view.space.kind])
            return dismissed_part(near[: features.n], None if liked is None else liked[: features.n], noise)
    words = features.words_to_papers(query.liked)[: features.n] if query.liked else None
    return dismissed_part(features.words_to_papers(query.disliked)[: features.n], words, _noise(_WORDS))


def _noise(ordinary: Ordinary) -> float:
    """Two deviations above what one likeness ordinarily is."""
    return float(ordinary.mean + 2 * ordinary.deviation * (1 + ordinary.single) ** 0.5)


def _note(features: Features, query: Query) -> str:
    """Say in one line what was missing."""
    statement, liked = _meaning(features, query, _to_statement), _meaning(features, query, _to_liked)
    if not _eyes(features, query) or (statement is None and not query.liked):
        return "no vectors: words only" if features.papers else ""
    if not query.liked:
        return "no liked paper yet: the statement ranks alone"
    return "the liked papers have no vectors: their words only" if liked is None else ""
