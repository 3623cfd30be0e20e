"""Which stored papers have outlived their use, and letting them go without a figure or a paper's novelty changing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING

from triage.embed import text_hash
from triage.pipeline.figures import ANNOUNCEMENTS
from triage.pipeline.order import BACKGROUND, DAYS
from triage.pipeline.progress import Progress, silent

if TYPE_CHECKING:
    from triage.embed import Encoder
    from triage.paper import Paper
    from triage.store import Store

_STEP = 256
"""Papers whose texts are in memory at once."""

A_RUN = 2000
"""Papers that one fetch lets go, files and moves at most: about a second of its time; the next fetch goes on."""


@dataclass(frozen=True, slots=True)
class Term:
    """How many days untouched papers stay, and the examples of all profiles, which stay for good."""

    days: int
    examples: AbstractSet[str]


@dataclass(frozen=True, slots=True)
class Outlived:
    """What may go: papers by identifier, and the numbers of rankings; `before` is the instant of the term."""

    before: datetime
    papers: tuple[str, ...]
    rankings: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pruned:
    """How much went, or would go."""

    papers: int
    vectors: int
    rankings: int


def ordinary_ids(store: Store) -> set[str]:
    """The newest `BACKGROUND` papers before the announcements that are kept ranked: the rankers go on reading them."""
    ranked = store.announcement_days(most=DAYS)
    return set(store.background_ids(ranked[-1] if ranked else date.max, BACKGROUND))


def outlived(store: Store, term: Term, *, now: datetime) -> Outlived:
    """Find what the term lets go.

    What tells the rankers what is ordinary stays in any case.
    """
    before, ordinary = now - timedelta(days=term.days), ordinary_ids(store)
    papers = [one for one in store.untouched(before) if one not in term.examples and one not in ordinary]
    return Outlived(before, tuple(papers), tuple(store.unshown_rankings(before.date(), ANNOUNCEMENTS)))


def counted(store: Store, found: Outlived, encoders: Sequence[Encoder]) -> Pruned:
    """Count what would go, and leave it."""
    vectors = 0
    for start in range(0, len(found.papers), _STEP):
        hashes = _hashes(store, found.papers[start : start + _STEP], encoders)
        vectors += store.vectors_of({digest for some in hashes.values() for digest in some})
    return Pruned(len(found.papers), vectors, len(found.rankings))


def prune(
    store: Store,
    found: Outlived,
    encoders: Sequence[Encoder],
    *,
    progress: Progress = silent,
    stop: Callable[[], bool] | None = None,
) -> Pruned:
    """Let go what was found, in small writes; `stop` is asked between them, and what was done stays done."""
    papers = vectors = 0
    store.drop_rankings(found.rankings)
    for start in range(0, len(found.papers), _STEP):
        if stop is not None and stop():
            break
        hashes = _hashes(store, found.papers[start : start + _STEP], encoders)
        gone = store.drop_papers(hashes, before=found.before)
        papers, vectors = papers + gone[0], vectors + gone[1]
        progress("letting go", "old papers", min(start + _STEP, len(found.papers)), len(found.papers))
    return Pruned(papers, vectors, len(found.rankings))


def _hashes(store: Store, ids: Sequence[str], encoders: Sequence[Encoder]) -> dict[str, set[str]]:
    """The keys under which the vectors of the papers are kept: every version, as every encoder reads it."""
    readings: list[Callable[[Paper], str]] = [attrgetter("text"), *(one.paper_text for one in encoders)]
    papers, versions = store.papers(ids), store.texts(ids)
    return {
        name: {
            text_hash(reading(replace(paper, title=title, abstract=abstract)))
            for title, abstract in [(paper.title, paper.abstract), *versions.get(name, [])]
            for reading in readings
        }
        for name, paper in papers.items()
    }
