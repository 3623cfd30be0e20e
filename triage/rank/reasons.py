"""Why a paper ranks where it does: the nearest liked paper, the words that carried it, the parts of its score."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from triage.rank.records import Query, Reason
from triage.rank.space import unit
from triage.rank.wishes import found_authors, found_terms
from triage.rank.words import terms
from triage.text import clean, readable, shorten, width

if TYPE_CHECKING:
    from triage.paper import Paper
    from triage.rank.features import Features
    from triage.rank.lexical import Lexicon
    from triage.rank.records import Values

LINE = 76
_NEAR = 'near ""'
_SHOWN_TERMS = 4
_TELLING = 0.005  # a part that two decimals show
_WORDS_AT_MOST, _NAMES_AT_MOST = 30, 48


def explain(features: Features, query: Query, chosen: Sequence[int], strands: Sequence[Sequence[int]]) -> list[Reason]:
    """Give the evidence for each chosen paper of the pool; the parts are filled in by `Fitted.explain`.

    `strands` names for each chosen paper the liked ones that its score was made with, by their place in the query.
    """
    found, gains = features.lexicon.term_gains(query.statement)
    spreads = {strand: _Spread.of(features.lexicon, query, strand) for strand in set(map(tuple, strands))}
    return [
        Reason(
            *nearest,
            _strongest(features.papers[index], spreads[tuple(strand)].carried(features.lexicon, index)),
            _strongest(features.papers[index], zip(found, gains[index], strict=True)),
            wishes=_wishes(features.papers[index], query),
        )
        for index, strand, nearest in zip(chosen, strands, _nearest(features, query, chosen), strict=True)
    ]


@dataclass(frozen=True, slots=True, eq=False)
class _Spread:
    """The mean row of a strand's liked papers (terms,), and the names of the terms that it holds, by column."""

    mean: Values
    names: dict[int, str]

    @classmethod
    def of(cls, lexicon: Lexicon, query: Query, strand: Sequence[int]) -> _Spread:
        mean = lexicon.centroid([query.liked[row] for row in strand])
        columns = mean.nonzero()[0]
        return cls(mean, dict(zip(columns.tolist(), lexicon.vocabulary.names(columns), strict=True)))

    def carried(self, lexicon: Lexicon, index: int) -> Iterator[tuple[str, float]]:
        """The terms that a fitted paper shares with the strand, and what each adds to the likeness."""
        columns, weights = lexicon.row(index)
        gains = weights * self.mean[columns]
        shared = gains.nonzero()[0]
        return zip((self.names[column] for column in columns[shared].tolist()), gains[shared].tolist(), strict=True)


def phrases(reason: Reason) -> tuple[str, ...]:
    """Say a reason in short plain phrases: the first two, joined by " · ", fit a line of 76 cells."""
    by_words = _listed(reason.liked_terms or reason.statement_terms, _WORDS_AT_MOST)
    said = [reason.note, _near(reason, LINE - (width(by_words) + len(" · ") if by_words else 0)), by_words]
    if reason.liked_terms and reason.statement_terms:
        said.append(f"in the statement: {clean(', '.join(reason.statement_terms))}")
    if reason.authors:
        said.append(f"signed a liked paper too: {_listed([*map(readable, reason.authors)], _NAMES_AT_MOST)}")
    said += [clean(wish) for wish in reason.wishes]
    told = tuple(phrase for phrase in said if phrase)
    if told or not reason.parts:
        return told
    carrier = max(reason.parts, key=lambda name: reason.parts[name])
    if reason.parts[carrier] < _TELLING and carrier != "newest":
        return ("nothing found in it that you asked for",)
    return (f"carried by {carrier}",)


def _listed(names: Sequence[str], cells: int) -> str:
    """List as many whole names as fit, the strongest first; a single one that is too long is shortened."""
    shown = shorten(clean(names[0]), cells) if names else ""
    for name in names[1:]:
        longer = f"{shown}, {clean(name)}"
        shown = longer if width(longer) <= cells else shown
    return shown


def _near(reason: Reason, cells: int) -> str:
    """Name the nearest liked paper in at most so many cells."""
    return _named(reason.nearest.title, cells) if reason.nearest else ""


@lru_cache(maxsize=1024)  # a few liked papers are named beside a thousand
def _named(title: str, cells: int) -> str:
    return f'near "{shorten(readable(title), cells - len(_NEAR))}"'


def _wishes(paper: Paper, query: Query) -> tuple[str, ...]:
    """Name the boosted and avoided terms and the authors that the paper has."""
    told = (("boosted", found_terms(paper, query.boost)), ("avoided", found_terms(paper, query.avoid)))
    by = found_authors(paper, query.authors)
    return tuple(f"{what}: {', '.join(named)}" for what, named in (*told, ("by", by)) if named)


def _nearest(features: Features, query: Query, chosen: Sequence[int]) -> Iterator[tuple[Paper | None, float | None]]:
    """Find for each paper the liked one of the largest cosine, by plain vectors where both have one, else by words."""
    import numpy as np

    seen = [
        view.plain[list(chosen)] @ unit(liked.astype(np.float64)).T
        for view, liked in ((features.careful, query.careful.liked), (features.fast, query.fast.liked))
        if view is not None and liked is not None and query.liked
    ]
    for row, index in enumerate(chosen):
        cosines = next((one[row] for one in seen if np.isfinite(one[row]).any()), None)
        if cosines is None:
            yield _nearest_by_words(features, query, index)
        else:
            best = int(np.nanargmax(cosines))
            yield query.liked[best], float(cosines[best])


def _nearest_by_words(features: Features, query: Query, index: int) -> tuple[Paper | None, float | None]:
    """The liked paper of the largest TF-IDF cosine; none where no word is shared."""
    import numpy as np

    columns, weights = features.lexicon.row(index)
    spread = np.zeros(len(features.lexicon.vocabulary))
    spread[columns] = weights
    by_words = [float(values @ spread[at]) for at, values in map(features.lexicon.vector, query.liked)]
    best = int(np.argmax(by_words)) if by_words else 0
    return (query.liked[best], by_words[best]) if by_words and by_words[best] > 0 else (None, None)


def _strongest(paper: Paper, gains: Iterable[tuple[str, float]]) -> tuple[str, ...]:
    """Keep the terms of title and abstract that added most; a word inside a kept pair of words is not repeated."""
    ranked = sorted(((gain, term) for term, gain in gains if gain > 0), key=lambda x: (-x[0], x[1]))
    signed = set(terms(" ".join(paper.authors)))  # only a term with an author's name in it needs the costly look
    own = (term for _, term in ranked if signed.isdisjoint(term.split()) or term in terms(paper.text))
    best = list(islice(own, 2 * _SHOWN_TERMS))
    whole = [term for term in best if not any(term != other and term in other.split() for other in best)]
    return tuple(whole[:_SHOWN_TERMS])
