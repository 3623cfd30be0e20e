"""Everything stored as one mapped file of vectors: filing what is new, moving out what is old, finding the nearest."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from triage.embed import text_hash
from triage.pipeline.order import BACKGROUND, judged_ids, pool, query, rank_pool
from triage.pipeline.progress import Progress, silent
from triage.pipeline.retention import A_RUN, ordinary_ids
from triage.pipeline.vectors import Lookup, Lookups, embed_missing
from triage.rank.features import embedded
from triage.rank.space import unit
from triage.store.mapped import Reading

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from triage.embed import Encoder
    from triage.paper import Paper, ScoredPaper
    from triage.profile import Profile
    from triage.rank import Meaning
    from triage.store import Store

MONTH = timedelta(days=31)
"""How long vectors stay in the database: previews look at thirty days of papers."""

PROMISING = 500
"""How many papers of an archive are ranked with their words: those nearest by the fast encoder."""

SAMPLED = 2000
"""Papers by which the products of an archive are standardised: their deviation is known to two per cent."""

_STEP = 256
"""Papers whose texts are in memory at once, and that Ctrl+C can lose."""


def file_papers(
    store: Store,
    encoder: Encoder,
    *,
    most: int | None = None,
    progress: Progress = silent,
    stop: Callable[[], bool] | None = None,
) -> int:
    """Put the vectors of papers that are not in the mapped file there, the newest first; how many were put.

    What has a stored vector is copied, the rest is read by the encoder. Every step is kept, whatever happens next. A
    store that is a copy files nothing.

    Raises:
        Unavailable: there are no weights to read papers with.
        CannotWrite: the disk is full.
    """
    if store.copy:
        return 0
    store.ready_file(encoder.name, encoder.revision)
    total, done = store.unfiled_count(), 0
    wanted = total if most is None else min(most, total)
    while done < wanted and not (stop is not None and stop()):
        papers = list(store.papers(store.unfiled(min(_STEP, wanted - done))).values())
        store.file_readings(encoder.name, encoder.revision, _readings(store, encoder, papers))
        done += len(papers)
        progress("filing", "vectors", done, wanted)
        if not papers:
            break
    return done


def _readings(store: Store, encoder: Encoder, papers: list[Paper]) -> list[Reading]:
    texts = [encoder.paper_text(paper) for paper in papers]
    hashes = [text_hash(text) for text in texts]
    vectors = store.vectors(encoder.name, encoder.revision, hashes)
    missing = [at for at, digest in enumerate(hashes) if digest not in vectors]
    if missing:
        rows = encoder.encode([texts[at] for at in missing])
        vectors |= {hashes[at]: row for at, row in zip(missing, rows, strict=True)}
    return [
        Reading(paper.id, paper.version, digest, vectors[digest]) for paper, digest in zip(papers, hashes, strict=True)
    ]


def move_old(store: Store, encoder: Encoder, examples: AbstractSet[str], *, now: datetime, most: int = A_RUN) -> int:
    """Take vectors of filed papers that came more than a month ago out of the database; how many went.

    Examples of the profiles stay, papers that the reader touched, and those that tell the rankers what is ordinary: so
    no score changes by the coarser numbers of the file.
    """
    old = store.movable(now - MONTH, most + BACKGROUND + len(examples))
    if not old:
        return 0
    staying = examples | ordinary_ids(store)
    going = [one for one in old if one not in staying][:most]
    return store.move_out(encoder.name, encoder.revision, going)


def similar(
    store: Store, encoder: Encoder, paper: Paper, limit: int, *, progress: Progress = silent
) -> list[tuple[Paper, float]]:
    """The stored papers nearest in meaning, nearest first, with their cosine; the paper itself is left out.

    Raises:
        Unavailable: there are no weights to read papers with.
    """
    file_papers(store, encoder, progress=progress)
    own = Lookup.of(store, encoder).paper_rows([paper])
    if own is None:  # it is not stored itself
        own = encoder.encode([encoder.paper_text(paper)])
    found = store.nearest(encoder.name, encoder.revision, own[0], limit=limit, without={paper.id})
    papers = store.papers(name for name, _ in found)
    return [(papers[name], cosine) for name, cosine in found if name in papers]


@dataclass(frozen=True, slots=True)
class Best:
    """The best of everything stored for one profile; `compared` papers were looked at, `note` is the ranker's."""

    papers: tuple[ScoredPaper, ...]
    compared: int
    note: str = ""


def best_stored(store: Store, profile: Profile, fast: Encoder, limit: int, *, progress: Progress = silent) -> Best:
    """Rank everything stored for a profile: all by their vectors in one pass, the most promising with their words.

    Papers that were judged for the profile, its examples and withdrawn papers are left out.

    Raises:
        Unavailable: there are no weights to read papers with.
    """
    file_papers(store, fast, progress=progress)
    judged = judged_ids(store, profile)
    examples = store.papers(judged).values()
    embed_missing(store, fast, [profile.statement, *map(fast.paper_text, examples)], progress=progress)
    lookups = Lookups.of(store, None, fast)
    ordinary = pool(lookups, store.background(date.max, BACKGROUND)).fast
    wanted = _wanted(query(lookups, profile).fast, ordinary, store.sampled(fast.name, fast.revision, SAMPLED))
    compared = store.filed_count(fast.name, fast.revision)
    if wanted is None:
        return Best((), compared, "neither statement nor liked papers can be read; give the profile a statement")
    most = max(PROMISING, limit)
    found = store.nearest(fast.name, fast.revision, wanted, limit=most, without=set(judged))
    papers = [paper for paper in store.papers(name for name, _ in found).values() if not paper.withdrawn]
    ranked, note = rank_pool(store, profile, papers, encoder=None, fast=fast, progress=progress)
    return Best(ranked[:limit], compared, note)


def _wanted(
    meaning: Meaning, ordinary: NDArray[np.float32] | None, sample: NDArray[np.float32]
) -> NDArray[np.float32] | None:
    """What is looked for as one vector (d,), so that one product a paper tells how promising it is.

    It is the sum of the statement and of the middle of the liked papers less what is ordinary, each over the deviation
    of its products with a sample of the archive. None where there is neither.
    """
    import numpy as np

    found = []
    if meaning.statement is not None and np.isfinite(meaning.statement).all():
        found.append(meaning.statement)
    if meaning.liked is not None and len(liked := embedded(meaning.liked)):
        middle = np.zeros(liked.shape[1]) if ordinary is None else embedded(ordinary).mean(axis=0)
        found.append(unit(liked - middle).mean(axis=0))
    deviations = [(sample @ one).std() if len(sample) else 1.0 for one in found]
    told = [one / (deviation or 1.0) for one, deviation in zip(found, deviations, strict=True)]
    return np.sum(told, axis=0).astype(np.float32) if told else None
