"""The deployed ranker: likeness to the liked papers and to the statement, by words and by meaning, in one sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, TypeAlias

from triage.rank.baselines import recency
from triage.rank.features import Features, embedded
from triage.rank.ordinary import CAREFUL, FAST, STATEMENT_TERMS, WORDS, Likeness, standardise_together
from triage.rank.origin import Origins
from triage.rank.reasons import explain as give_reasons
from triage.rank.records import Prepared
from triage.rank.scope import Scope, nearest_hundredth
from triage.rank.strands import strands
from triage.rank.wishes import author_part, dismissed_part, term_part

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from triage.rank.features import View
    from triage.rank.ordinary import Habit
    from triage.rank.records import Meaning, Pool, Query, Reason, Values

LIKED_WORDS, LIKED_MEANING, LIKED_MEANING_MANY = 1.0, 1.5, 2.0
STATEMENT_WORDS, STATEMENT_MEANING, STATEMENT_KIN = 0.5, 1.5, 0.5
ALONE_WORDS, ALONE_MEANING = 0.3, 2.0
# The statement is worth most while few papers are liked: (up to so many liked papers, weight).
_FADING = ((1, 2.0), (3, 1.0), (7, 0.7), (15, 0.4))
_FADED = 0.25
# The parts go together, so the deviation of their sum is about this share of the sum of their weights.
_TOGETHER = 0.75

FEW = 15
FEW_SHARES, MANY_SHARES = (0.8, 0.6), (0.4, 1.0)
"""Weights of the fast and the careful encoder's z where both have read a paper, up to `FEW` liked papers and beyond.

They go together, so the sum deviates by about one. Equal shares lose 0.002 to 0.004 day@10 up to five liked papers on
the benchmark; with many examples the careful one is the better judge, and its larger share there gains 0.003 day@10
and 0.003 week nDCG@10 at twenty, 0.004 and 0.007 with all of them."""

KIN, KIN_FROM, KIN_UNTIL = 3, 3.0, 7
"""Stored papers that the statement finds stand beside it: three at most, each three deviations above the ordinary.

While up to seven papers are liked; beyond that the reader's own examples say the same better. On the benchmark they
gain 0.003 day@10 and 0.018 day@5 for a statement alone, 0.009 and 0.009 at one liked paper, nothing from five on."""

NEAREST = 0.3
"""From 16 liked papers on, the share of likeness that goes to the nearest √k of them instead of all k.

A long list has many facets: on the benchmark it gains 0.008 day@10 with all liked papers and 0.003 at twenty, and
loses 0.004 at ten. Half the share gains no more."""

STRANGE = 0.35
"""Two groups of liked papers are strands of their own when their likeness is below so many deviations of a chance.

None of the benchmark's narrow lists parts at this; at 1.0, where a quarter of them do, parting loses 0.01 to 0.03 week
nDCG@10 from ten liked papers on."""


def prepare(pool: Pool, background: Pool) -> Prepared:
    """Read the papers once; the rest is cheap for any number of queries."""
    features = Features.fit(pool, background)
    origins = Origins(features.papers, features.n)

    @lru_cache(maxsize=4)
    def case(query: Query) -> _Case:
        return _Case(features, origins, query)

    def score(query: Query, seed: int) -> tuple[dict[str, Values], str]:
        return _score(case(query))

    def explain(query: Query, chosen: Sequence[int]) -> list[Reason]:
        strands, (_, nearest), names = case(query).strands, case(query).liked_parts, case(query).names
        found = give_reasons(features, query, chosen, [strands[nearest[index]] for index in chosen])
        if not names:
            return found
        shared = [origins.shared(index, names) for index in chosen]
        return [replace(reason, authors=who) for reason, who in zip(found, shared, strict=True)]

    def scope(query: Query) -> Scope:
        return case(query).scope

    return Prepared(score, explain, scope)


def statement_weight(liked: int) -> float:
    """Weight of the statement beside so many liked papers: 2, 1, 0.7, 0.4, 0.25, falling.

    Kept at 1 it loses 0.02 day@10 and 0.06 week nDCG@10 at one liked paper and 0.01 day@5 from ten on, for 0.01
    week nDCG@10 at five; all other figures are within 0.01 (benchmark, 19 lists).
    """
    return next((weight for most, weight in _FADING if liked <= most), _FADED)


Look: TypeAlias = "Callable[[View, Meaning, Habit], list[Likeness] | None]"


@dataclass(frozen=True, eq=False)
class _Case:
    """One query before one pool, and what several parts of its score ask for."""

    features: Features
    origins: Origins
    query: Query

    @cached_property
    def rest(self) -> NDArray[np.bool_]:
        """The rows that tell what is ordinary."""
        return self.features.strangers(self.query)

    @cached_property
    def names(self) -> Counter[str]:
        """Who signed the liked papers, and how many ordinary papers have the name."""
        return self.origins.names(self.query.liked, self.rest)

    @cached_property
    def eyes(self) -> list[tuple[View, Meaning, Habit]]:
        """The encoders that have read anything of pool and background, the careful one first."""
        careful, fast = self.features.careful, self.features.fast
        found = [(careful, self.query.careful, CAREFUL), (fast, self.query.fast, FAST)]
        return [(view, meaning, habit) for view, meaning, habit in found if view is not None]

    @cached_property
    def strands(self) -> list[list[int]]:
        """The liked papers in strands by the fast meaning, else the careful one, else by words."""
        import numpy as np

        if not self.query.liked:
            return [[]]
        names = [paper.id for paper in self.query.liked]
        for view, meaning, habit in reversed(self.eyes):
            if meaning.liked is not None and np.isfinite(meaning.liked).any():
                placed = view.space.place(meaning.liked)
                return strands(placed @ placed.T, names, habit.liked[view.space.kind].above(STRANGE))
        return strands(self.features.lexicon.among(self.query.liked), names, WORDS.above(STRANGE))

    @cached_property
    def liked_parts(self) -> tuple[dict[str, Values], NDArray[np.intp]]:
        """Likeness to the strand that a paper is nearest to, by words and by meaning, and which one that is, (n,)."""
        import numpy as np

        n, liked = self.features.n, self.query.liked
        if not liked:
            return {}, np.zeros(n, dtype=np.intp)
        strands = [[liked[row] for row in rows] for rows in self.strands]
        found = [Likeness(self.features.lexicon.likeness(papers), WORDS, len(papers)) for papers in strands]
        words = np.stack(standardise_together(found, self.rest))[:, :n]
        by_words, by_meaning = _weights(self.query)[:2]
        meaning = _meaning(self, partial(_to_strands, self.strands))
        parts = {"liked words": (by_words + by_meaning) * words}
        if meaning is not None:
            parts = {"liked words": by_words * words, "liked meaning": by_meaning * meaning}
        nearest = np.argmax(np.sum(list(parts.values()), axis=0), axis=0)
        return {name: np.take_along_axis(told, nearest[None, :], axis=0)[0] for name, told in parts.items()}, nearest

    @cached_property
    def scope(self) -> Scope:
        """How narrow the focus is, as far as the fast encoder and the words can tell."""
        if not self.query.statement.strip():
            return Scope(None, self._cohesion)
        terms = self.features.lexicon.bm25(self.query.statement)[self.rest]
        return Scope(nearest_hundredth(STATEMENT_TERMS.standardise(terms, terms)), self._cohesion)

    @property
    def _cohesion(self) -> float | None:
        """Mean likeness of the liked papers to others of their strand, in deviations; None below two of them."""
        import numpy as np

        view, liked = self.features.fast, self.query.fast.liked
        if view is None or liked is None:
            return None
        found, sizes = [], []
        for rows in self.strands:
            cosines = view.to_papers(liked[rows])
            if cosines is None or (k := cosines.shape[1]) < 2:
                continue
            placed = view.space.place(embedded(liked[rows]))
            among = (float((placed @ placed.T).sum()) - k) / (k * (k - 1))
            near, ordinary = cosines.mean(axis=1), FAST.liked[view.space.kind]
            found.append(float(ordinary.standardise(np.array([among]), near[self.rest], k)[0]))
            sizes.append(k)
        return float(np.average(found, weights=sizes)) if found else None


def _score(case: _Case) -> tuple[dict[str, Values], str]:
    """Sum z(TF-IDF) + 1.5 z(meaning) to the liked, w (1.5 z(meaning) + 0.5 z(BM25) + 0.5 z(kin)) for the statement.

    From 16 liked papers on their meaning counts 2; without any the statement counts 2 z(meaning) + 0.3 z(BM25) + 0.5
    z(kin). Meaning is what the fast encoder says where the careful one has not read the paper, and both together
    where it has; see `_meaning`. Where there are no vectors the words take over the weight of the meaning, so that
    the sum keeps its scale. The authors and categories of the liked papers, the profile's wishes and the dismissed
    papers add their parts.

    Weights learnt by logistic regression on the other 18 lists are no better than these: between -0.009 and +0.010
    day@10, and 0.004 to 0.015 less week nDCG@10 from five liked papers on.
    """
    features, query = case.features, case.query
    if not query.liked and not query.statement.strip():
        return {"newest": recency(features.pool)}, "no statement and no liked paper: newest first"
    parts = {**case.liked_parts[0], **_statement_parts(case), **_origin_parts(case)}
    wished = {
        "terms": term_part(features.pool, query.boost, query.avoid),
        "authors": author_part(features.pool, query.authors),
        "dismissed": _dismissed(case),
    }
    scale = _TOGETHER * sum(_weights(query))
    return {**parts, **{name: scale * part for name, part in wished.items() if part is not None}}, _note(case)


def _origin_parts(case: _Case) -> dict[str, Values]:
    """What the authors and the categories of the liked papers add; nothing where none is liked."""
    liked, origins = case.query.liked, case.origins
    if not liked:
        return {}
    return {
        "liked authors": origins.by_authors(case.names),
        "liked categories": origins.by_categories(liked, case.rest),
    }


def _weights(query: Query) -> tuple[float, float, float, float]:
    """Weights of liked words, liked meaning, statement words, statement meaning."""
    k = len(query.liked)
    if not k:
        return 0.0, 0.0, ALONE_WORDS, ALONE_MEANING
    weight = statement_weight(k) if query.statement.strip() else 0.0
    by_meaning = LIKED_MEANING if k <= FEW else LIKED_MEANING_MANY
    return LIKED_WORDS, by_meaning, weight * STATEMENT_WORDS, weight * STATEMENT_MEANING


def _statement_parts(case: _Case) -> dict[str, Values]:
    """Likeness to the statement, by words and by meaning, and to the stored papers that it finds."""
    if not case.query.statement.strip():
        return {}
    words, meaning = case.features.lexicon.bm25(case.query.statement), _meaning(case, _to_statement)
    z = STATEMENT_TERMS.standardise(words, words[case.rest])[: case.features.n]
    by_words, by_meaning = _weights(case.query)[2:]
    if meaning is None:
        return {"statement words": (by_words + by_meaning) * z}
    parts = {"statement words": by_words * z, "statement meaning": by_meaning * meaning[0]}
    return parts if (kin := _kin(case)) is None else {**parts, "statement kin": kin}


def _kin(case: _Case) -> Values | None:
    """Likeness to the stored papers that the statement finds, weighed; None where it finds none or is not asked."""
    import numpy as np

    view, meaning, habit = case.eyes[-1]
    cosines, liked = view.to_statement(meaning.statement), len(case.query.liked)
    if cosines is None or liked > KIN_UNTIL:
        return None
    z = np.where(case.rest & np.isfinite(cosines), habit.statement.standardise(cosines, cosines[case.rest]), -np.inf)
    papers = case.features.papers
    found = sorted(np.flatnonzero(z >= KIN_FROM), key=lambda row: (-round(float(z[row]), 9), papers[row].id))[:KIN]
    if not found:
        return None
    near, others = view.placed @ view.placed[found].mean(axis=0), case.rest.copy()
    others[found] = False
    weight = STATEMENT_KIN * (statement_weight(liked) if liked else 1.0)
    ordinary = habit.liked[view.space.kind]
    return weight * ordinary.standardise(near, near[others], len(found))[: case.features.n]


def _meaning(case: _Case, look: Look) -> Values | None:
    """What the encoders together say of the pool, in deviations, (strands, n); None where neither can tell.

    Each encoder's likeness is standardised by itself. A paper that only one of them has read has that one's z, so a
    paper outside the best fifth keeps the scale of the first stage.
    """
    import numpy as np

    seen = [found for eye in case.eyes if (found := look(*eye)) is not None]
    told = [np.stack(standardise_together(found, case.rest))[:, : case.features.n] for found in seen]
    if len(told) < 2:
        return np.nan_to_num(told[0], nan=0.0) if told else None
    careful, fast = told
    fast_share, careful_share = FEW_SHARES if len(case.query.liked) <= FEW else MANY_SHARES
    both = careful_share * careful + fast_share * fast
    return np.nan_to_num(np.where(np.isfinite(both), both, np.where(np.isfinite(fast), fast, careful)), nan=0.0)


def _to_strands(strands: Sequence[Sequence[int]], view: View, meaning: Meaning, habit: Habit) -> list[Likeness] | None:
    """Likeness of every row to each strand of the liked papers; None where none of them was read."""
    import numpy as np

    if meaning.liked is None or not len(embedded(meaning.liked)):
        return None
    ordinary, found = habit.liked[view.space.kind], []
    for rows in strands:
        cosines = view.to_papers(meaning.liked[list(rows)])
        if cosines is None:
            found.append(Likeness(np.full(len(view.placed), np.nan), ordinary))
        elif (k := cosines.shape[1]) <= FEW:
            found.append(Likeness(cosines.mean(axis=1), ordinary, k))
        else:
            found.append(Likeness(_blend(cosines), ordinary.nearest(round(k**0.5) / k, NEAREST), k))
    return found


def _blend(cosines: Values) -> Values:
    """Mean cosine to all k papers, with a share for that to the nearest √k, (rows,)."""
    import numpy as np

    m = round(cosines.shape[1] ** 0.5)
    nearest = np.partition(cosines, -m, axis=1)[:, -m:].mean(axis=1)
    return np.asarray((1 - NEAREST) * cosines.mean(axis=1) + NEAREST * nearest)


def _to_statement(view: View, meaning: Meaning, habit: Habit) -> list[Likeness] | None:
    """Cosine of every row to the statement."""
    cosines = view.to_statement(meaning.statement)
    return None if cosines is None else [Likeness(cosines, habit.statement)]


def _dismissed(case: _Case) -> Values | None:
    """Loss for nearness to dismissed papers, by the fast meaning, else the careful one, else by words.

    One encoder judges all papers, so that those of the second stage are not treated otherwise.
    """
    features, query = case.features, case.query
    if not query.disliked:
        return None
    for view, meaning, habit in reversed(case.eyes):
        near, liked = view.to_papers(meaning.disliked), view.to_papers(meaning.liked)
        if near is not None and (liked is not None or not query.liked):
            noise = habit.liked[view.space.kind].above(2)
            return dismissed_part(near[: features.n], None if liked is None else liked[: features.n], noise)
    words = features.words_to_papers(query.liked)[: features.n] if query.liked else None
    return dismissed_part(features.words_to_papers(query.disliked)[: features.n], words, WORDS.above(2))


def _note(case: _Case) -> str:
    """Say in one line what was missing."""
    statement = any(_to_statement(*eye) is not None for eye in case.eyes)
    if not case.eyes or (not statement and not case.query.liked):
        return "no vectors: words only" if case.features.papers else ""
    if not case.query.liked:
        return "no liked paper yet: the statement ranks alone"
    return "" if "liked meaning" in case.liked_parts[0] else "the liked papers have no vectors: their words only"
