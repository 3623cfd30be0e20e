"""What the reader said outright: words to boost or avoid, authors, papers dismissed; each a signed part.

A part of one is a standard deviation of the whole score over ordinary papers. On the benchmark the wanted papers lie
one to one and a half deviations above the day's fifth paper: one boosted word lifts a near miss onto the shortlist
and cannot lift a stranger there, an avoided one takes nearly anything off it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage.paper import Paper
    from triage.rank.records import Values

BOOST, AVOID, AUTHOR = 1.0, 2.0, 1.0
DISMISSED = 1.0


def found_terms(paper: Paper, wanted: Sequence[str]) -> tuple[str, ...]:
    """Give the words or phrases that stand in title or abstract as whole words, whatever their case."""
    if not wanted:
        return ()
    text = _fold(paper.text)
    return tuple(term for term in wanted if term.strip() and _whole(term).search(text))


def found_authors(paper: Paper, wanted: Sequence[str]) -> tuple[str, ...]:
    """Give the wanted authors who signed the paper; "Y. LeCun" and "Yann LeCun" are taken for the same."""
    if not wanted:
        return ()
    signed = [bare(author).split() for author in paper.authors]
    return tuple(name for name in wanted if any(_same(bare(name).split(), one) for one in signed))


def bare(name: str) -> str:
    """A name as names are compared: without accents, case and points."""
    return " ".join(_fold(name).replace(".", " ").split())


def term_part(papers: Sequence[Paper], boost: Sequence[str], avoid: Sequence[str]) -> Values | None:
    """Boosted less avoided terms, in deviations; each further term counts half the one before. None without any."""
    import numpy as np

    if not boost and not avoid:
        return None
    gains = [BOOST * _saturate(len(found_terms(paper, boost))) for paper in papers]
    losses = [AVOID * _saturate(len(found_terms(paper, avoid))) for paper in papers]
    return np.array(gains, dtype=np.float64) - np.array(losses, dtype=np.float64)


def author_part(papers: Sequence[Paper], authors: Sequence[str]) -> Values | None:
    """One deviation for a paper by a wanted author, however many signed it. None without any wanted."""
    import numpy as np

    if not authors:
        return None
    return np.array([AUTHOR if found_authors(paper, authors) else 0.0 for paper in papers], dtype=np.float64)


def dismissed_part(to_disliked: Values, to_liked: Values | None, noise: float) -> Values:
    """Gentle loss for a paper nearer to a dismissed paper than to any liked one, (n,), in deviations.

    The matrices hold cosines (n, m) and (n, k). What is dismissed was shown, so it resembles the focus: only the
    nearness beyond that to the liked papers counts, beyond `noise` when nothing is liked. Missing cosines count 0.
    """
    import numpy as np

    kept = to_liked.max(axis=1) if to_liked is not None else np.zeros(len(to_disliked))
    excess = to_disliked.max(axis=1) - np.maximum(kept, noise)
    return np.asarray(-DISMISSED * np.clip(np.nan_to_num(excess, nan=0.0), 0.0, 1.0), dtype=np.float64)


def _saturate(count: int) -> float:
    """Sum of 1, 1/2, 1/4 … over `count` terms."""
    return float(2 * (1 - 0.5**count))


def _fold(text: str) -> str:
    """Lower case without accents, blanks collapsed."""
    if not text.isascii():  # most text is, and to look at every character costs ten times the rest
        text = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return " ".join(text.casefold().split())


@lru_cache(maxsize=256)
def _whole(term: str) -> re.Pattern[str]:
    """Pattern of a term between word boundaries, which a term such as "C++" need not have at its own end."""
    return re.compile(rf"(?<!\w){re.escape(_fold(term))}(?!\w)")


def _same(wanted: list[str], signed: list[str]) -> bool:
    """Same last name, and given names of which each is the other's beginning as far as both are told."""
    if not wanted or not signed or wanted[-1] != signed[-1]:
        return False
    pairs = zip(wanted[:-1], signed[:-1], strict=False)
    return all(one == other or (1 in (len(one), len(other)) and one[0] == other[0]) for one, other in pairs)
