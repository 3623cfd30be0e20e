"""The baseline `tfidf-svm`: arxiv-sanity-lite's features and its linear support vector machine, on numpy alone.

scikit-learn's own give the same margins, to the tolerance they are trained to, and a test holds them to it. They cost
every morning 2.5 seconds of CPU: importing scikit-learn alone takes as long as ranking the day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.rank.words import Counts, Vocabulary, full_text, said

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from triage.paper import Paper
    from triage.rank.records import Values
    from triage.rank.words import Numbers

MOST = 20_000
MAX_DF, MIN_DF = 0.1, 5
C = 0.01
TOLERANCE = 1e-6
"""The gradient's length at the end, as a share of the first one's: finer than LIBLINEAR's own 1e-4."""

_STEPS, _INNER_STEPS = 50, 200


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """A sparse matrix (n, terms), row by row: a cell's row, column and value."""

    rows: Numbers
    columns: Numbers
    values: Values
    shape: tuple[int, int]

    def times(self, vector: Values) -> Values:
        """The product with a vector of the terms, (n,)."""
        import numpy as np

        return np.asarray(np.bincount(self.rows, self.values * vector[self.columns], self.shape[0]), dtype=np.float64)

    def turned(self, vector: Values) -> Values:
        """The product of the transposed matrix with a vector of the rows, (terms,)."""
        import numpy as np

        return np.asarray(np.bincount(self.columns, self.values * vector[self.rows], self.shape[1]), dtype=np.float64)

    def below(self, others: Sequence[tuple[Numbers, Values]]) -> Rows:
        """The same with more rows, each given as its columns and values."""
        import numpy as np

        n = self.shape[0]
        added = [np.full(len(columns), n + at) for at, (columns, _) in enumerate(others)]
        return Rows(
            np.concatenate([self.rows, *added]),
            np.concatenate([self.columns, *(columns for columns, _ in others)]),
            np.concatenate([self.values, *(values for _, values in others)]),
            (n + len(others), self.shape[1]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Papers as rows of unit length: (1 + log tf) times the smooth idf of the terms that were kept.

    `place` gives each counted term its column, -1 where it was pruned, and `idf` its weight, 0 there; `note` says when
    nothing was pruned.
    """

    vocabulary: Vocabulary
    place: Numbers
    idf: Values
    rows: Rows
    note: str = ""

    @classmethod
    def fit(cls, papers: Sequence[Paper], most: int = MOST) -> Features | None:
        """Count the terms, prune them and weigh them, `most` of them; None where there is no term at all."""
        import numpy as np

        counts, n = Counts.of([_words(paper) for paper in papers]), len(papers)
        df = counts.df(np.ones(n, dtype=bool))
        kept, note = np.flatnonzero((df >= MIN_DF) & (df <= MAX_DF * n)), ""
        if not len(kept):
            kept, note = np.flatnonzero(df), "few papers: tfidf-svm without its pruning of words"
        if not len(kept):
            return None
        kept = _most_frequent(counts, kept, most)
        idf, place = np.zeros(len(df)), np.full(len(df), -1)
        idf[kept], place[kept] = np.log((1 + n) / (1 + df[kept])) + 1, np.arange(len(kept))
        values = counts.weigh(idf)
        cells = np.flatnonzero(values)
        rows = Rows(counts.rows[cells], place[counts.columns[cells]], values[cells], (n, len(kept)))
        return cls(counts.vocabulary, place, idf, rows, note)

    def row(self, paper: Paper) -> tuple[Numbers, Values]:
        """Give any paper's row: its columns and values; words that no fitted paper has count nothing."""
        import numpy as np

        found, tf, _ = self.vocabulary.count(_words(paper))
        values = (1 + np.log(tf)) * self.idf[found]
        kept = values > 0
        return self.place[found[kept]], values[kept] / float(np.linalg.norm(values))


def _words(paper: Paper) -> list[str]:
    """The words that arxiv-sanity-lite's pattern finds: of ASCII letters, digits and underscores, no digit first."""
    return [word for word in said(full_text(paper)) if word.isascii() and not word[0].isdigit()]


def _most_frequent(counts: Counts, kept: Numbers, most: int) -> Numbers:
    """Keep the terms that are said most often; which of equals is as in scikit-learn, whose terms are in alphabet."""
    import numpy as np

    if len(kept) <= most:
        return kept
    said_in_all = np.bincount(counts.columns, counts.tf, len(counts.vocabulary)).astype(np.int64)
    names = counts.vocabulary.names(kept)
    in_alphabet = kept[sorted(range(len(kept)), key=names.__getitem__)]
    return np.sort(in_alphabet[(-said_in_all[in_alphabet]).argsort()[:most]])


def margins(found: Features, liked: Sequence[Paper], strangers: NDArray[np.bool_]) -> Values:
    """Train on liked papers against the fitted ones marked in `strangers`, (n,); give the margin of every fitted one.

    Both sides weigh the same in all, as with class_weight="balanced".
    """
    import numpy as np

    rows, n = found.rows.below([found.row(paper) for paper in liked]), len(strangers)
    labels = np.r_[-np.ones(n), np.ones(len(liked))]
    size = int(strangers.sum()) + len(liked)
    costs = np.r_[strangers * (C * size / 2 / strangers.sum()), np.full(len(liked), C * size / 2 / len(liked))]
    weights, bias = train(rows, labels, costs)
    return found.rows.times(weights) + bias


def train(rows: Rows, labels: Values, costs: Values) -> tuple[Values, float]:
    """Find weights (terms,) and bias of the linear machine with squared hinge loss.

    The bias is regularised, as LIBLINEAR's is; `labels` are 1 and -1, `costs` what an error of each row costs. Newton's
    method on the primal problem, each step solved by conjugate gradients (Keerthi and DeCoste 2005, JMLR 6:341;
    Chapelle 2007): the problem is strictly convex, so the order of the rows does not matter.
    """
    import numpy as np

    found, first = np.zeros(rows.shape[1] + 1), 0.0
    for _ in range(_STEPS):
        slack = np.maximum(1 - labels * _outputs(rows, found), 0)
        gradient = found - _turned(rows, 2 * costs * labels * slack)
        length = float(np.linalg.norm(gradient))
        first = first or length
        if length <= TOLERANCE * first:
            break
        step = _newton_step(rows, 2 * costs * (slack > 0), gradient)
        found = found + _share(rows, labels, costs, found, step) * step
    return found[:-1], float(found[-1])


def _outputs(rows: Rows, weights: Values) -> Values:
    """What the machine says of each row; the last weight is the bias."""
    said: Values = rows.times(weights[:-1]) + weights[-1]
    return said


def _turned(rows: Rows, vector: Values) -> Values:
    """The product of the transposed rows, the bias's column of ones included, with a vector of the rows."""
    import numpy as np

    return np.append(rows.turned(vector), vector.sum())


def _newton_step(rows: Rows, bend: Values, gradient: Values) -> Values:
    """Solve (1 + Xᵀ diag(bend) X) step = -gradient by conjugate gradients, to a tenth of the gradient's length."""
    import numpy as np

    step, rest = np.zeros_like(gradient), -gradient
    along, square = rest, float(rest @ rest)
    until = 0.01 * square
    for _ in range(_INNER_STEPS):
        if square <= until:
            break
        curved = along + _turned(rows, bend * _outputs(rows, along))
        length = square / float(along @ curved)
        step, rest = step + length * along, rest - length * curved
        square, before = float(rest @ rest), square
        along = rest + square / before * along
    return step


def _share(rows: Rows, labels: Values, costs: Values, found: Values, step: Values) -> float:
    """How far to go along a step, 1 at most, halved until the loss falls as it should (Armijo)."""
    import numpy as np

    said, moved = labels * _outputs(rows, found), labels * _outputs(rows, step)

    def loss(share: float) -> float:
        at = found + share * step
        return float(at @ at / 2 + costs @ np.maximum(1 - said - share * moved, 0) ** 2)

    slope = float(found @ step - 2 * costs @ (np.maximum(1 - said, 0) * moved))
    share, now = 1.0, loss(0.0)
    while share > 1e-6 and loss(share) > now + 1e-4 * share * slope:
        share /= 2
    return share
