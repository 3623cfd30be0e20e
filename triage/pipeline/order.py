"""Stored papers, vectors and verdicts to stored scores: every ranker, each announcement, each profile."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from triage import rank
from triage.embed import text_hash
from triage.errors import InvalidInput, Unavailable
from triage.paper import Paper, ScoredPaper
from triage.pipeline.progress import Progress, silent
from triage.pipeline.vectors import Lookup, Lookups, embed_missing
from triage.store import Ranking

if TYPE_CHECKING:
    from triage.embed import Encoder
    from triage.profile import Profile
    from triage.rank import Fitted, Meaning, Pool, Query
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


def query(lookups: Lookups, profile: Profile) -> Query:
    """What the reader wants, as far as its texts are stored."""
    store = lookups.store
    liked = _known(store, liked_ids(store, profile))
    disliked = _known(store, disliked_ids(store, profile))
    careful, fast = (_meaning(lookup, profile, liked, disliked) for lookup in (lookups.careful, lookups.fast))
    return rank.Query(
        statement=profile.statement,
        statement_vector=careful.statement,
        liked=liked,
        liked_vectors=careful.liked,
        liked_at=tuple(_day(paper) for paper in liked),
        disliked=disliked,
        disliked_vectors=careful.disliked,
        boost=profile.boost,
        avoid=profile.avoid,
        authors=profile.authors,
        fast=fast,
    )


def _meaning(lookup: Lookup, profile: Profile, liked: Sequence[Paper], disliked: Sequence[Paper]) -> Meaning:
    """The cached vectors of a query by one encoder."""
    statement = lookup.rows([profile.statement])
    return rank.Meaning(
        None if statement is None else statement[0], lookup.paper_rows(liked), lookup.paper_rows(disliked)
    )


def _known(store: Store, ids: Sequence[str]) -> tuple[Paper, ...]:
    papers = store.papers(ids)
    return tuple(papers[one] for one in dict.fromkeys(ids) if one in papers)


def _day(paper: Paper) -> date | None:
    return paper.announced or (paper.submitted.date() if paper.submitted else None)


def pool(lookups: Lookups, papers: Iterable[Paper]) -> Pool:
    """Papers with their cached vectors."""
    found = tuple(papers)
    return rank.Pool(found, lookups.careful.paper_rows(found), lookups.fast.paper_rows(found))


def panel(store: Store, before: date, day: Iterable[Paper] = ()) -> list[Paper]:
    """Stored papers by which the careful encoder learns what is ordinary; while they are few the day's own join in."""
    stored, here = store.background_ids(before, rank.PANEL_OF), {paper.id: paper for paper in day}
    ids = rank.panel(stored if len(stored) >= rank.PANEL else [*stored, *here])
    found = {**store.papers(ids), **here}
    return [found[one] for one in ids if one in found]


def ordinary_pool(lookups: Lookups, before: date) -> Pool:
    """The background of a day; where there are two encoders the careful one's share of it is the panel.

    What else the careful one has read were the best of earlier days: they would pass for ordinary.
    """
    papers = lookups.store.background(before, BACKGROUND)
    if not lookups.fast.name:
        return pool(lookups, papers)
    chosen = {paper.id: paper for paper in panel(lookups.store, before)}
    found = pool(lookups, {**{paper.id: paper for paper in papers}, **chosen}.values())
    if found.vectors is not None:
        found.vectors[[paper.id not in chosen for paper in found.papers]] = float("nan")
    return found


def unread(store: Store, profile: Profile, encoder: Encoder, types: Sequence[str]) -> int:
    """Count the texts that the next run would give the careful encoder and that it has not read.

    Which papers are the best fifth of the newest announcement is known only once it is ranked: the first stand in.
    """
    day = next(iter(store.announcement_days(most=1)), None)
    papers = list(store.papers(judged_ids(store, profile)).values())
    if day:
        newest = store.announced(day, day, types)
        listed = {paper.id: paper for paper in newest if set(paper.categories) & set(profile.categories)}
        best = rank.best_share(dict.fromkeys(listed, 0.0))
        papers += [*(listed[one] for one in best), *panel(store, day, newest)]
    hashes = {text_hash(text) for text in (profile.statement, *map(encoder.paper_text, papers))}
    return len(hashes - store.embedded(encoder.name, encoder.revision, hashes))


def rank_days(
    store: Store,
    profiles: Sequence[Profile],
    encoder: Encoder | None,
    *,
    types: Sequence[str],
    at: datetime,
    progress: Progress = silent,
    rankers: Sequence[str] = tuple(rank.RANKERS),
    fast: Encoder | None = None,
) -> set[tuple[str, date]]:
    """Store what every ranker says of the newest announcements, for each profile; nothing unchanged is done again.

    Returns the profiles and days for which something was ranked.
    """
    lookups, ranked = Lookups.of(store, encoder, fast), set()
    stored = _stored(lookups)
    days = store.announcement_days(most=DAYS)
    for day in days:
        papers = store.announced(day, day, types)
        pointed_out = _shared(store, at) if day == days[0] else []
        for profile in profiles:
            listed = [paper for paper in papers if set(paper.categories) & set(profile.categories)]
            shared = [paper for paper in pointed_out if paper not in listed]
            asked = query(lookups, profile)
            inputs = _inputs(lookups, stored, profile, asked, listed, shared)
            stale = [
                name
                for name in rankers
                if not _holds(store.ranked_inputs(profile.name, name, day), inputs, newest=day == days[0])
            ]
            if stale:
                progress("ranking", day.isoformat(), 0, len(listed))
                _rank_day(lookups, profile, asked, [*listed, *shared], stale, day=day, inputs=inputs, at=at)
                progress("ranking", day.isoformat(), len(listed), len(listed))
                ranked.add((profile.name, day))
    return ranked


def _shared(store: Store, at: datetime) -> list[Paper]:
    """What was pointed out to the reader competes with the newest announcement, whatever its category.

    Where the reader's local day begins is not known here, so a paper is ranked for a day longer than it competes.
    """
    return list(store.papers(store.shared((at - timedelta(days=1)).date())).values())


def _stored(lookups: Lookups) -> list[int]:
    """How much is stored: papers, and vectors of both encoders."""
    both = lookups.careful, lookups.fast
    return [lookups.store.count(), *(lookups.store.vector_count(one.name, one.revision) for one in both)]


def _inputs(
    lookups: Lookups,
    stored: Sequence[int],
    profile: Profile,
    asked: Query,
    listed: Sequence[Paper],
    shared: Sequence[Paper],
) -> str:
    """Name everything a day's scores depend on: the day itself, and after a colon what goes on changing after it."""
    both = lookups.careful, lookups.fast
    told = [
        profile.fingerprint,
        [(ranker.name, ranker.version) for ranker in rank.RANKERS.values()],
        [text_hash(paper.text) for paper in listed],
        [(one.name, one.revision, one.embedded(listed)) for one in both],
    ]
    changing = [
        [paper.id for paper in asked.liked],
        [paper.id for paper in asked.disliked],
        [text_hash(paper.text) for paper in shared],
        [one.embedded(shared) for one in both],
        stored,
        [asked.careful.statement is None, asked.fast.statement is None],
    ]
    return ":".join(hashlib.sha256(json.dumps(part).encode()).hexdigest()[:16] for part in (told, changing))


def _holds(kept: str, inputs: str, *, newest: bool) -> bool:
    """Whether a kept ranking still says what a new one would.

    Verdicts and papers that came later do not change an older day: what was ranked without them stays comparable.
    """
    return kept == inputs if newest else kept.partition(":")[0] == inputs.partition(":")[0]


def _rank_day(
    lookups: Lookups,
    profile: Profile,
    asked: Query,
    listed: Sequence[Paper],
    names: Sequence[str],
    *,
    day: date,
    inputs: str,
    at: datetime,
) -> None:
    candidates, ordinary = pool(lookups, listed), ordinary_pool(lookups, day)
    for name in names:
        fitted = rank.RANKERS[name].fit(candidates, ordinary)
        papers, worth, note = scored(fitted, asked, profile.name, seed=day.toordinal())
        ranking = Ranking(
            profile.name,
            profile.fingerprint,
            name,
            fitted.version,
            inputs,
            day,
            papers,
            worth,
            _note(profile, asked, note),
        )
        lookups.store.add_ranking(ranking, at=at)


def scored(
    fitted: Fitted, asked: Query, profile: str, *, seed: int
) -> tuple[tuple[ScoredPaper, ...], dict[str, float], str]:
    """Rank one pool: the papers best first with their reasons, the prior chance of each, and the ranker's note.

    For a ranker without a calibration the place stands in for the chance, from 1 downwards.
    """
    scores = fitted.rank(asked, seed=seed)
    ids = [paper.id for paper in fitted.papers]
    best = rank.order(scores.total, ids)
    reasons = fitted.explain(asked, scores, best)
    told = fitted.chances(asked, scores)
    chances = [1 - place / len(best) if told is None else float(told[index]) for place, index in enumerate(best)]
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


def rank_pool(
    store: Store,
    profile: Profile,
    papers: Sequence[Paper],
    *,
    encoder: Encoder | None,
    fast: Encoder | None = None,
    ranker: str = rank.DEFAULT,
    progress: Progress = silent,
) -> tuple[tuple[ScoredPaper, ...], str]:
    """Rank any pool of papers against a profile: best first, and the ranker's note.

    The pool is not stored; its vectors are cached. With two encoders the fast one reads everything, and the careful
    one the best fifth of what it found.
    """
    inside, ordinary = {paper.id for paper in papers}, store.background(date.max, BACKGROUND)
    examples = list(store.papers(judged_ids(store, profile)).values())
    read = partial(_read, store, profile, progress=progress)
    ready: list[Encoder] = []
    if reader := fast or encoder:
        with suppress(Unavailable):  # then the words decide, and the ranker's note says so
            ready.append(read(reader, [*examples, *papers, *ordinary]))

    def ranked() -> tuple[tuple[ScoredPaper, ...], str]:
        lookups = Lookups.of(store, encoder if encoder in ready else None, fast if fast in ready else None)
        others = _without(ordinary_pool(lookups, date.max), inside)
        fitted = rank.RANKERS[ranker].fit(pool(lookups, papers), others)
        best, _, note = scored(fitted, query(lookups, profile), profile.name, seed=0)
        return best, note

    first, note = ranked()
    if encoder is None or fast not in ready or ranker != rank.DEFAULT:
        return first, note
    best = set(rank.best_share({one.paper.id: one.score for one in first}))
    careful = [*examples, *(paper for paper in papers if paper.id in best), *panel(store, date.max, papers)]
    try:
        ready.append(read(encoder, careful))
    except (Unavailable, InvalidInput) as fault:
        return first, "; ".join(filter(None, [note, f"{fault}; until then the fast encoder alone decides"]))
    return ranked()


def _read(store: Store, profile: Profile, encoder: Encoder, papers: Iterable[Paper], *, progress: Progress) -> Encoder:
    """Embed the statement and the papers, and give the encoder that has read them."""
    embed_missing(store, encoder, [profile.statement, *map(encoder.paper_text, papers)], progress=progress)
    return encoder


def _without(found: Pool, ids: set[str]) -> Pool:
    """The pool without some of its papers."""
    rows = [row for row, paper in enumerate(found.papers) if paper.id not in ids]
    vectors, fast = (None if some is None else some[rows] for some in (found.vectors, found.fast))
    return rank.Pool(tuple(found.papers[row] for row in rows), vectors, fast)


def _note(profile: Profile, asked: Query, note: str) -> str:
    """Add to the ranker's own note that seeds are missing."""
    known = {paper.id for paper in asked.liked}
    missing = sum(seed not in known for seed in profile.seeds)
    if not missing:
        return note
    rest = "the statement ranks alone" if not asked.liked else "the others rank"
    seeds = f"{missing} of {len(profile.seeds)} seeds not fetched yet: {rest}"
    return f"{seeds}; {note}" if note and asked.liked else seeds
