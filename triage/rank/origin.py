"""Where papers come from: the authors that a paper shares with the liked ones, and the categories it stands in."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from triage.rank.wishes import bare
from triage.text import readable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from triage.paper import Paper
    from triage.rank.records import Values

AUTHORS, AUTHORS_MOST = 1.2, 2.0
"""Weight of an author whom no ordinary paper has, and how many of them count at most.

On the benchmark 0 to 55 % of a list's wanted papers share an author with those liked before, and 1 to 14 % of the
others: day@10 gains 0.002 at five liked papers, 0.005 at twenty and with all. From 0.8 to 2 it hardly matters."""

CATEGORIES = 0.5
"""Weight of the log odds that a paper's categories, cross-lists too, are those of a liked paper.

On the benchmark they gain 0.003 day@10 at three liked papers, 0.008 day@5 at ten, and with the authors 0.015 to 0.023
week nDCG@10 from ten on; so does any weight from 0.3 to 0.6. The first category alone gains nothing."""

UNSURE = 10
"""As many ordinary papers are imagined beside the liked ones: a few of those prove little."""

FAMILIAR = 3
"""A name that more ordinary papers have is no reason worth telling: it may be another person's."""


def signature(name: str) -> str:
    r"""A name as it is compared, without accents, case and points: `Erd\H{o}s` is Erdős; "" where nothing shows."""
    return bare(readable(name))


def signatures(paper: Paper) -> frozenset[str]:
    """The names that signed a paper, as they are compared."""
    return frozenset(filter(None, map(signature, paper.authors)))


@dataclass(frozen=True, eq=False)
class Origins:
    """Rows are the pool's papers, `n` of them, then the background's, as in `Features`."""

    papers: tuple[Paper, ...]
    n: int

    @cached_property
    def signed(self) -> list[frozenset[str]]:
        """Who signed each paper."""
        return [signatures(paper) for paper in self.papers]

    def names(self, liked: Iterable[Paper], rest: NDArray[np.bool_]) -> Counter[str]:
        """Who signed the liked papers, each with the count of `rest`, the ordinary papers, that has the name too."""
        found = Counter(dict.fromkeys(frozenset().union(*map(signatures, liked)), 0))
        if not (wanted := frozenset(found)):
            return found
        found.update(name for row in rest.nonzero()[0] for name in wanted & self.signed[row])
        return found

    def by_authors(self, names: Mapping[str, int]) -> Values:
        """What the authors shared with liked papers add, (n,): the less, the more ordinary papers have the name.

        A name is no identity: one that df ordinary papers have weighs 1 / (1 + log(1 + df)).
        """
        import numpy as np

        weights, wanted = {name: 1 / (1 + math.log1p(df)) for name, df in names.items()}, frozenset(names)
        shared = [sum(weights[name] for name in sorted(wanted & own)) for own in self.signed[: self.n]]
        return np.asarray(AUTHORS * np.minimum(np.array(shared, dtype=np.float64), AUTHORS_MOST))

    def by_categories(self, liked: Sequence[Paper], rest: NDArray[np.bool_]) -> Values:
        """Log odds that a liked paper stands in a paper's categories rather than an ordinary one, (n,), less the mean.

        Naive Bayes over all categories, each with the share of the liked papers and of `rest` that it has; the mean
        is that of `rest`, for which the part is 0 on average, as it is for a paper whose categories nobody told; such
        papers are no evidence against any category either.
        """
        import numpy as np

        ordinary = [self.papers[row] for row in rest.nonzero()[0] if self.papers[row].categories]
        liked = [paper for paper in liked if paper.categories]
        common, wanted = _counted(ordinary), _counted(liked)
        odds: dict[str, float] = {}
        for name in {name for paper in self.papers for name in paper.categories} | set(wanted):
            share = (common[name] + 1) / (len(ordinary) + 2)
            theirs = (wanted[name] + UNSURE * share) / (len(liked) + UNSURE)
            odds[name] = math.log(theirs / share) - math.log((1 - theirs) / (1 - share))
        sums = [sum(odds[name] for name in sorted(set(paper.categories))) for paper in self.papers]
        values = np.array(sums, dtype=np.float64)
        told = np.array([bool(paper.categories) for paper in self.papers], dtype=bool)
        usual = values[rest & told]
        return CATEGORIES * np.where(told, values - (usual.mean() if len(usual) else 0.0), 0.0)[: self.n]

    def shared(self, index: int, names: Mapping[str, int]) -> tuple[str, ...]:
        """Those authors of a paper who signed a liked one too, once each, as it writes them; no name that many have."""
        telling = {name for name in self.signed[index] if name in names and names[name] <= FAMILIAR}
        if not telling:
            return ()
        written = {signature(name): name for name in reversed(self.papers[index].authors)}
        return tuple(name for key, name in reversed(written.items()) if key in telling)


def _counted(papers: Iterable[Paper]) -> Counter[str]:
    """How many papers stand in each category."""
    return Counter(name for paper in papers for name in set(paper.categories))
