"""Stored papers, vectors and verdicts to stored scores: every ranker, each announcement, each profile."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from triage import rank
from triage.embed import text_hash
from triage.errors import Unavailable
from triage.paper import Paper, ScoredPaper
from triage.pipeline.vectors import Lookup, Progress, embed_missing, silent
from triage.store import Ranking

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from triage.embed import Encoder
    from triage.profile import Profile
    from triage.rank import Fitted, Pool, Query
    from triage.store import Store

BACKGROUND = 1500
"""Stored papers that tell what is ordinary; the benchmark's figures were measured with about as many."""

DAYS = 5
"""Announcements that are kept ranked: what a reader who was away meets in one coffee."""


def liked_ids(store: Store, profile: Profile) -> list[str]:
    """Seeds, and what the reader kept or opened for this profile, oldest first."""
    return [*profile.seeds, *(one for one, kind in _labels(store, profile).items() if kind != "dismiss")]


def disliked_ids(store: Store, profile: Profile) -> list[str]:
    """Seeds to avoid, and what the reader dismissed for this profile, oldest first."""
    return [*profile.avoid_seeds, *(one for one, kind in _labels(store, profile).items() if kind == "dismiss")]


def judged_ids(store: Store, profile: Profile) -> list[str]:
    """All examples of a profile, the liked ones first."""
    return [*liked_ids(store, profile), *disliked_ids(store, profile)]


def _labels(store: Store, profile: Profile) -> dict[str, str]:
    """What stands of each paper judged for this profile, or for none in particular."""
    labels = store.labels()
    found: dict[str, str] = {one: kind for (one, name), kind in labels.items() if not name}
    return found | {one: kind for (one, name), kind in labels.items() if name == profile.name}


def query(lookup: Lookup, profile: Profile) -> Query:
    """What the reader wants, as far as its texts are stored."""
    store = lookup.store
    liked = _known(store, liked_ids(store, profile))
    disliked = _known(store, disliked_ids(store, profile))
    statement = lookup.rows([profile.statement])
    return rank.Query(
        statement=profile.statement,
        statement_vector=None if statement is None else statement[0],
        liked=liked,
        liked_vectors=lookup.rows([paper.text for paper in liked]),
        liked_at=tuple(_day(paper) for paper in liked),
        disliked=disliked,
        disliked_vectors=lookup.rows([paper.text for paper in disliked]),
        boost=profile.boost,
        avoid=profile.avoid,
        authors=profile.authors,
    )


def _known(store: Store, ids: Sequence[str]) -> tuple[Paper, ...]:
    papers = store.papers(ids)
    return tuple(papers[one] for one in dict.fromkeys(ids) if one in papers)


def _day(paper: Paper) -> date | None:
    return paper.announced or (paper.submitted.date() if paper.submitted else None)


def pool(lookup: Lookup, papers: Iterable[Paper]) -> Pool:
    """Papers with their cached vectors."""
    found = tuple(papers)
    return rank.Pool(found, lookup.rows([paper.text for paper in found]))


def rank_days(
    store: Store,
    profiles: Sequence[Profile],
    encoder: Encoder | None,
    *,
    types: Sequence[str],
    at: datetime,
    progress: Progress = silent,
    rankers: Sequence[str] = tuple(rank.RANKERS),
) -> None:
    """Store what every ranker says of the newest announcements, for each profile; nothing unchanged is done again."""
    lookup = Lookup.of(store, encoder)
    days = store.announcement_days()[:DAYS]
    for day in days:
        papers = store.announced(day, day, types)
        for profile in profiles:
            listed = [paper for paper in papers if set(paper.categories) & set(profile.categories)]
            asked = query(lookup, profile)
            inputs = _inputs(lookup, profile, asked, listed, day)
            stale = [
                name
                for name in rankers
                if not _holds(store.ranked_inputs(profile.name, name, day), inputs, newest=day == days[0])
            ]
            if stale:
                progress("ranking", day.isoformat(), 0, len(listed))
                _rank_day(lookup, profile, asked, listed, stale, day=day, inputs=inputs, at=at)
                progress("ranking", day.isoformat(), len(listed), len(listed))


def _inputs(lookup: Lookup, profile: Profile, asked: Query, listed: Sequence[Paper], day: date) -> str:
    """Name everything a day's scores depend on: what was announced and is ordinary, and after a colon the examples."""
    ordinary = lookup.store.background(day, BACKGROUND)
    texts = [text_hash(paper.text) for paper in (*listed, *ordinary)]
    told = [
        profile.fingerprint,
        [(ranker.name, ranker.version) for ranker in rank.RANKERS.values()],
        (lookup.name, lookup.revision),
        texts,
        sorted(lookup.store.embedded(lookup.name, lookup.revision, texts)),
        asked.statement_vector is None,
    ]
    examples = [[paper.id for paper in asked.liked], [paper.id for paper in asked.disliked]]
    return ":".join(hashlib.sha256(json.dumps(part).encode()).hexdigest()[:16] for part in (told, examples))


def _holds(kept: str, inputs: str, *, newest: bool) -> bool:
    """Whether a kept ranking still says what a new one would.

    Verdicts that came later do not change an older day: what was ranked without them stays comparable.
    """
    return kept == inputs if newest else kept.partition(":")[0] == inputs.partition(":")[0]


def _rank_day(
    lookup: Lookup,
    profile: Profile,
    asked: Query,
    listed: Sequence[Paper],
    names: Sequence[str],
    *,
    day: date,
    inputs: str,
    at: datetime,
) -> None:
    candidates = pool(lookup, listed)
    ordinary = pool(lookup, lookup.store.background(day, BACKGROUND))
    for name in names:
        fitted = rank.RANKERS[name].fit(candidates, ordinary)
        papers, worth, note = scored(fitted, asked, profile.name, seed=day.toordinal())
        version = rank.RANKERS[name].version
        ranking = Ranking(
            profile.name, profile.fingerprint, name, version, inputs, day, papers, worth, _note(profile, asked, note)
        )
        lookup.store.add_ranking(ranking, at=at)


def scored(
    fitted: Fitted, asked: Query, profile: str, *, seed: int
) -> tuple[tuple[ScoredPaper, ...], dict[str, float], str]:
    """Rank one pool: the papers best first with their reasons, the prior chance of each, and the ranker's note."""
    scores = fitted.rank(asked, seed=seed)
    ids = [paper.id for paper in fitted.papers]
    best = rank.order(scores.total, ids)
    reasons = fitted.explain(asked, scores, best)
    chances = _worth(fitted.ranker, scores.total, best, len(asked.liked))
    papers = tuple(
        ScoredPaper(
            paper=fitted.papers[index],
            score=float(scores.total[index]),
            rank=place,
            profile=profile,
            parts=reason.parts,
            why=rank.phrases(reason),
        )
        for place, (index, reason) in enumerate(zip(best, reasons, strict=True), 1)
    )
    return papers, {ids[index]: chance for index, chance in zip(best, chances, strict=True)}, scores.note


def _worth(ranker: str, total: NDArray[np.float64], best: Sequence[int], liked: int) -> list[float]:
    """The prior chance of each paper in the order of `best`.

    Only the deployed ranker's scores are calibrated. For a baseline the place stands in, from 1 downwards, so that a
    reader who pins one gets its best papers and no threshold.
    """
    if ranker != rank.DEFAULT:
        return [1 - place / len(best) for place in range(len(best))]
    chances = rank.probability(total, liked)
    return [float(chances[index]) for index in best]


def rank_pool(
    store: Store, profile: Profile, papers: Sequence[Paper], *, encoder: Encoder, ranker: str = rank.DEFAULT
) -> tuple[tuple[ScoredPaper, ...], str]:
    """Rank any pool of papers against a profile: best first, and the ranker's note.

    The pool is not stored; its vectors are cached.
    """
    examples = store.papers(judged_ids(store, profile)).values()
    ordinary = store.background(date.max, BACKGROUND)
    texts = [profile.statement, *(paper.text for paper in (*examples, *papers, *ordinary))]
    try:
        embed_missing(store, encoder, texts)
    except Unavailable:
        lookup = Lookup(store)
    else:
        lookup = Lookup.of(store, encoder)
    inside = {paper.id for paper in papers}
    others = pool(lookup, [paper for paper in ordinary if paper.id not in inside])
    fitted = rank.RANKERS[ranker].fit(pool(lookup, papers), others)
    best, _, note = scored(fitted, query(lookup, profile), profile.name, seed=0)
    return best, note


def _note(profile: Profile, asked: Query, note: str) -> str:
    """Add to the ranker's own note that seeds are missing."""
    known = {paper.id for paper in asked.liked}
    missing = sum(seed not in known for seed in profile.seeds)
    if not missing:
        return note
    rest = "the statement ranks alone" if not asked.liked else "the others rank"
    seeds = f"{missing} of {len(profile.seeds)} seeds not fetched yet: {rest}"
    return f"{seeds}; {note}" if note and asked.liked else seeds
