"""What goes into a ranker and what comes out: `Query`, `Pool`, `Scores`, and the ranker itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

from triage.rank.calibration import probability

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from triage.paper import Paper
    from triage.rank.scope import Scope

    Vectors: TypeAlias = NDArray[np.float32]
    Values: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Meaning:
    """A query as one encoder reads it: statement (d,), liked papers (k, d) and disliked ones (m, d), unit rows.

    None or a row of NaN where nothing was embedded.
    """

    statement: Vectors | None = None
    liked: Vectors | None = None
    disliked: Vectors | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """What one reader wants: the statement of the focus, and papers liked and disliked.

    `statement_vector`, `liked_vectors` and `disliked_vectors` are of the careful encoder, `fast` is the same by the
    fast one; see `Meaning`. `liked_at` is when each came out, newest weighs most where a ranker looks at it.
    `boost`, `avoid` and `authors` are the profile's words.
    """

    statement: str
    statement_vector: Vectors | None = None
    liked: tuple[Paper, ...] = ()
    liked_vectors: Vectors | None = None
    liked_at: tuple[date | None, ...] = ()
    disliked: tuple[Paper, ...] = ()
    disliked_vectors: Vectors | None = None
    boost: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    fast: Meaning = field(default_factory=Meaning)

    def __post_init__(self) -> None:
        for meaning in (self.careful, self.fast):
            _same_length("liked papers", self.liked, meaning.liked)
            _same_length("disliked papers", self.disliked, meaning.disliked)

    @property
    def careful(self) -> Meaning:
        """The query as the careful encoder reads it."""
        return Meaning(self.statement_vector, self.liked_vectors, self.disliked_vectors)


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Papers and their vectors by the careful encoder (n, d) and by the fast one (n, e), unit rows.

    A row of NaN was not embedded yet, None means no such encoder at all.
    """

    papers: tuple[Paper, ...] = ()
    vectors: Vectors | None = None
    fast: Vectors | None = None

    def __post_init__(self) -> None:
        _same_length("papers", self.papers, self.vectors)
        _same_length("papers", self.papers, self.fast)

    @property
    def stage(self) -> str:
        """Which encoders have read it: "fast", "careful", "fast+careful", or "words" alone."""
        there = [name for name, rows in (("fast", self.fast), ("careful", self.vectors)) if _any_row(rows)]
        return "+".join(there) or "words"


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """One score for each paper of the pool, higher is better; `parts` sum to `total`.

    `note` is a plain line that says what was missing, empty when nothing was.
    """

    ranker: str
    version: str
    total: Values
    parts: Mapping[str, Values] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one paper ranks where it does, as facts that the score was made of.

    `nearest` is the liked paper most like it and `cosine` how near it is; `liked_terms` and `statement_terms` are the
    words that contributed most, strongest first; `authors` signed a liked paper too; `wishes` are the profile's terms
    and authors found in it; `parts` sum to the score. `note` speaks for rankers without reasons.
    """

    nearest: Paper | None = None
    cosine: float | None = None
    liked_terms: tuple[str, ...] = ()
    statement_terms: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    wishes: tuple[str, ...] = ()
    parts: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a ranker can do once it has read its papers.

    `score` gives the parts of each paper's score and a note, for a query and a seed; `explain` the reasons of the
    papers at some indices; `scope` how narrow the query is, from which a calibrated ranker's chances follow.
    """

    score: Callable[[Query, int], tuple[dict[str, Values], str]]
    explain: Callable[[Query, Sequence[int]], list[Reason]] | None = None
    scope: Callable[[Query], Scope] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A ranker that has read a pool and its background: any number of queries are then cheap."""

    ranker: str
    version: str
    papers: tuple[Paper, ...]
    prepared: Prepared

    def rank(self, query: Query, *, seed: int = 0) -> Scores:
        """Score every paper of the pool; the same query and seed give the same scores."""
        import numpy as np

        parts, note = self.prepared.score(query, seed)
        total = np.zeros(len(self.papers))
        for part in parts.values():
            total = total + part
        return Scores(self.ranker, self.version, total, parts, note)

    def explain(self, query: Query, scores: Scores, chosen: Iterable[int]) -> list[Reason]:
        """Give the reasons of the papers at the indices `chosen`, with the parts that `scores` holds for them."""
        indices, reasons = list(chosen), self.prepared.explain
        bare = reasons(query, indices) if reasons else [Reason(note=scores.note) for _ in indices]
        shares = [{name: float(part[index]) for name, part in scores.parts.items()} for index in indices]
        return [replace(why, parts=share) for why, share in zip(bare, shares, strict=True)]

    def chances(self, query: Query, scores: Scores) -> Values | None:
        """The prior chance that each paper is worth reading, (n,); None for a ranker without a calibration."""
        scope = self.prepared.scope
        return probability(scores.total, len(query.liked), scope(query)) if scope else None


@dataclass(frozen=True, slots=True)
class Ranker:
    """A way to rank, by name and version; `fit` reads the papers once, `rank` does both steps for one query.

    `background` are stored papers of recent days, unlabelled: they say what is ordinary. They are never ranked.
    The version of a ranker that works in `stages` tells with each score which encoders took part, as in "4 fast".
    """

    name: str
    version: str
    prepare: Callable[[Pool, Pool], Prepared]
    stages: bool = False

    def fit(self, pool: Pool, background: Pool) -> Fitted:
        """Read the pool and the background; a third of a second for 2,500 papers where words are counted."""
        version = f"{self.version} {pool.stage}" if self.stages else self.version
        return Fitted(self.name, version, pool.papers, self.prepare(pool, background))

    def rank(self, query: Query, pool: Pool, background: Pool, *, seed: int = 0) -> Scores:
        """Score the pool for one query; see `Fitted.rank`."""
        return self.fit(pool, background).rank(query, seed=seed)


def order(scores: Values, ids: Sequence[str]) -> list[int]:
    """Give the indices best first; ties, down to the ninth decimal, go by identifier."""
    return sorted(range(len(ids)), key=lambda index: (-round(float(scores[index]), 9), ids[index]))


def _any_row(rows: Vectors | None) -> bool:
    """Whether a row is there that is not NaN."""
    import numpy as np

    return rows is not None and bool(len(rows)) and bool(np.isfinite(rows).all(axis=1).any())


def _same_length(what: str, papers: tuple[Paper, ...], vectors: Vectors | None) -> None:
    if vectors is not None and len(vectors) != len(papers):
        raise ValueError(f"{len(papers)} {what} but {len(vectors)} vectors: rows must follow the papers")
