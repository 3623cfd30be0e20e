"""Texts to words, and words to counts: what the ranker's words and the baseline tfidf-svm are both made of."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, count, pairwise
from sys import intern
from typing import TYPE_CHECKING

from triage.rank.stopwords import STOP_WORDS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from triage.paper import Paper
    from triage.rank.records import Values

    Numbers = NDArray[np.int64]

# Like arxiv-sanity-lite's, but a word may begin with a digit ("3d") as long as it holds a letter.
_TOKEN = re.compile(r"\b(?=\w*[^\W\d])\w\w+\b")
_BLANKS = {code: " " for code in range(128) if not (chr(code).isalnum() or chr(code) == "_")}
_PAIR = 32
"""A pair of words has the number of the first, so many bits higher, and that of the second."""


def full_text(paper: Paper) -> str:
    """Title, abstract and authors: what the word counts read."""
    return f"{paper.title} {paper.abstract} {' '.join(paper.authors)}"


@lru_cache(maxsize=4096)
def said(text: str) -> tuple[str, ...]:
    """The words in their order, accents stripped, lower case, without English stop words.

    Remembered, because every ranker reads the same papers; each word is kept once, however many texts have it.
    """
    bare = unicodedata.normalize("NFKD", text.lower())
    if not bare.isascii():
        bare = "".join(char for char in bare if not unicodedata.combining(char))
    if bare.isascii():  # nearly all text: to split at the blanks finds the same words in a third of the time
        whole = bare.translate(_BLANKS).split()
        found = [word for word in whole if len(word) > 1 and word not in STOP_WORDS and not word.isdigit()]
    else:
        found = [word for word in _TOKEN.findall(bare) if word not in STOP_WORDS]
    return tuple(map(intern, found))


def terms(text: str) -> tuple[str, ...]:
    """Words and pairs of neighbouring words; see `said`."""
    words = said(text)
    return (*words, *map(" ".join, pairwise(words)))


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The terms of some texts: words by number, and the numbers of their pairs, sorted; a term's column is its place.

    The words come first, then the pairs. Numbers in place of strings take a fifth of the time to count.
    """

    words: Mapping[str, int]
    pairs: Numbers

    def __len__(self) -> int:
        return len(self.words) + len(self.pairs)

    def column(self, term: str) -> int | None:
        """Where a word, or two with a blank between them, is counted; None where no text has it."""
        numbers = [self.words.get(word) for word in term.split(" ")]
        if None in numbers or len(numbers) > 2:
            return None
        if len(numbers) == 1:
            return numbers[0]
        code = (int(numbers[0] or 0) << _PAIR) | int(numbers[1] or 0)
        place = int(self.pairs.searchsorted(code))
        known = place < len(self.pairs) and int(self.pairs[place]) == code
        return len(self.words) + place if known else None

    def names(self, columns: Sequence[int] | Numbers) -> list[str]:
        """The terms of the columns."""
        words = list(self.words)
        codes = {int(at): int(self.pairs[at - len(words)]) for at in columns if at >= len(words)}
        return [
            f"{words[codes[at] >> _PAIR]} {words[codes[at] & (1 << _PAIR) - 1]}" if at in codes else words[at]
            for at in map(int, columns)
        ]

    def count(self, words: Sequence[str]) -> tuple[Numbers, Values, Values]:
        """Count the terms of any text: the columns and counts of the known ones, and the counts of all others."""
        import numpy as np

        fresh: dict[str, int] = defaultdict(count(len(self.words)).__next__)
        numbers = np.array([self.words[word] if word in self.words else fresh[word] for word in words], dtype=np.int64)
        one, counts = np.unique(numbers, return_counts=True)
        known = one < len(self.words)
        two, pair_counts = np.unique((numbers[:-1] << _PAIR) | numbers[1:], return_counts=True)
        places = np.asarray(np.searchsorted(self.pairs, two), dtype=np.int64)
        there = np.append(self.pairs, -1)[places] == two
        return (
            np.concatenate([one[known], len(self.words) + places[there]]),
            np.concatenate([counts[known], pair_counts[there]]).astype(np.float64),
            np.concatenate([counts[~known], pair_counts[~there]]).astype(np.float64),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """How often each term stands in each text: the cells above 0 of a matrix (texts, terms), text by text.

    `rows` and `columns` say where a cell stands, `tf` holds it; `lengths` (texts,) are the words of each text.
    """

    vocabulary: Vocabulary
    rows: Numbers
    columns: Numbers
    tf: Values
    lengths: Values

    @classmethod
    def of(cls, texts: Sequence[Sequence[str]]) -> Counts:
        """Count the words of the texts and the pairs of neighbours."""
        import numpy as np

        numbers: dict[str, int] = defaultdict(count().__next__)
        lengths = np.array([len(words) for words in texts], dtype=np.int64)
        whole = chain.from_iterable(texts)
        flat = np.fromiter(map(numbers.__getitem__, whole), dtype=np.int64, count=int(lengths.sum()))
        rows = np.repeat(np.arange(len(texts)), lengths)
        beside = rows[:-1] == rows[1:]
        codes = (flat[:-1][beside] << _PAIR) | flat[1:][beside]
        pairs, places = np.unique(codes, return_inverse=True)
        vocabulary = Vocabulary(dict(numbers), pairs)
        width = max(len(vocabulary), 1)
        keys = np.concatenate([rows * width + flat, rows[:-1][beside] * width + len(numbers) + places.ravel()])
        cells, tf = np.unique(keys, return_counts=True)
        return cls(vocabulary, cells // width, cells % width, tf.astype(np.float64), lengths.astype(np.float64))

    def df(self, reference: NDArray[np.bool_]) -> Values:
        """In how many of the reference texts each term stands, (terms,)."""
        import numpy as np

        found = np.bincount(self.columns[reference[self.rows]], minlength=len(self.vocabulary))
        return found.astype(np.float64)

    def weigh(self, idf: Values) -> Values:
        """The cells as (1 + log tf) idf, (terms,), each text's at unit length."""
        import numpy as np

        cells = (1 + np.log(self.tf)) * idf[self.columns]
        norms = np.sqrt(np.bincount(self.rows, cells**2, minlength=len(self.lengths)))
        norms[norms == 0] = 1.0
        return np.asarray(cells / norms[self.rows], dtype=np.float64)
