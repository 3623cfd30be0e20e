"""arXiv to stored scores: fetch, store, embed, rank; every step goes on from what the store already holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from triage import fetch, rank, taxonomy
from triage.config import ArxivConfig
from triage.errors import CannotWrite, TriageError, Unavailable
from triage.pipeline.archive import file_papers, move_old
from triage.pipeline.details import Api, ask_examples, ask_page_counts
from triage.pipeline.order import BACKGROUND, judged_ids, panel, rank_days
from triage.pipeline.pull import pull
from triage.pipeline.retention import A_RUN, Term, outlived, prune
from triage.pipeline.review import look_back
from triage.pipeline.rivals import deployed
from triage.pipeline.timing import categories
from triage.pipeline.vectors import Progress, embed_missing, silent
from triage.text import clean

if TYPE_CHECKING:
    from triage.embed import Encoder
    from triage.fetch import CategoryReport, FetchReport, Wire
    from triage.paper import Paper
    from triage.profile import Profile
    from triage.store import Added, Store


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a run brought, and what is left undone.

    `fault` stopped the feed, `notes` are lines for the reader, `next_look` is when to ask again for a batch that is
    late.
    """

    report: FetchReport
    added: Added
    embedded: int
    waiting: int
    requests: int
    notes: tuple[str, ...] = ()
    fault: TriageError | None = None
    next_look: datetime | None = None

    def to_json(self) -> dict[str, object]:
        """The shape of `triage fetch --json`."""
        return {
            "schema": 1,
            "state": self.report.state,
            "announced": self.report.announced.isoformat() if self.report.announced else None,
            "categories": {
                name: {
                    "state": one.state,
                    "new": one.new,
                    "cross": one.cross,
                    "replace": one.replace,
                    "reason": one.reason,
                }
                for name, one in self.report.categories.items()
            },
            "papers": {"new": self.added.new, "updated": self.added.updated, "known": self.added.known},
            "embedded": self.embedded,
            "requests": self.requests,
            "waiting": self.waiting,
            "next_look": self.next_look.isoformat(timespec="seconds") if self.next_look else None,
            "notes": list(self.notes),
        }


class _Ticking:
    """The system's clock for the wire, set to the moment the caller handed in."""

    def __init__(self, now: datetime) -> None:
        self._now, self._began = now, time.monotonic()

    def now(self) -> datetime:
        return self._now + timedelta(seconds=self.monotonic() - self._began)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def refresh(
    store: Store,
    profiles: Profile | Sequence[Profile],
    *,
    encoder: Encoder | None,
    fast: Encoder | None = None,
    now: datetime,
    wire: Wire | None = None,
    types: Sequence[str] = ("new", "cross"),
    back: int = 0,
    progress: Progress = silent,
    stop: Callable[[], bool] | None = None,
    free: AbstractSet[date] | None = None,
    pinned: str = "",
    today: date | None = None,
    term: Term | None = None,
) -> Refreshed:
    """Bring what was announced, embed what is new, and store the scores of every ranker.

    A run that was killed is completed by the next one, since each step asks the store what is missing.

    Args:
        store: where everything is kept.
        profiles: one focus, or all that share the coffee.
        encoder: the careful encoder; nothing is loaded when nothing is new.
        fast: reads everything first, so that a list exists at once; the careful one then only reads the best fifth.
            Without it the careful one reads everything.
        now: aware UTC; the server's `Date` decides which day it is for announcements.
        wire: the way to arXiv; None takes arXiv's own addresses.
        types: the announcement types that are ranked.
        back: days of earlier papers to bring as a background for the statistics.
        progress: told of each step.
        stop: asked between batches; True ends the embedding early, and the rest waits for the next run.
        free: arXiv's holidays; the bundled ones when None.
        pinned: the ranker that no review may replace; "" where the reviews decide.
        today: the reader's local day, whose coffee is not reviewed yet; that of `now` when None.
        term: lets older papers go that nobody touched, when something new came; None keeps everything.
    """
    focus = [profiles] if not isinstance(profiles, Sequence) else list(profiles)
    wire = wire or _to_arxiv(now)
    pulled = pull(store, wire, categories(focus), now, free=free, progress=progress)
    notes, api = list(pulled.notes), Api(store, wire, now, progress)
    if pulled.fault is None:
        notes += [*ask_examples(api, focus), *_backwards(store, wire, focus, now, back, progress)]
    if term and pulled.added.new:  # before the ranking, which depends on how much is stored
        _let_go(store, term, [one for one in (fast, encoder) if one], now, progress, stop)
    embed = partial(_embed, store, fast or encoder, focus, types, progress, stop)
    rank_now = partial(rank_days, store, focus, encoder, types=types, at=now, progress=progress, fast=fast)
    embedded, waiting, told = embed()
    ranked = rank_now(rankers=sorted({rank.DEFAULT, deployed(store, pinned)}))  # a list, by whoever decides today
    if pulled.fault is None and ask_page_counts(api):  # a day's take half a minute, and no score needs them
        embedded += embed()[0]
    unread = _reread(store, encoder, fast, focus, types, ranked, progress, stop) if encoder and fast else []
    rank_now(rankers=[name for name in rank.RANKERS if name != rank.DEFAULT or not unread])
    notes += [*told, *api.notes, *unread, *look_back(store, focus, pinned=pinned, today=today or now.date(), at=now)]
    if fast and pulled.added.new:  # last, since nobody waits for it
        notes += _file(store, fast, focus, now, progress, stop)
    lines = tuple(map(clean, notes))  # some quote what a server said
    again = now + fetch.LOOK_AGAIN if _is_late(pulled.report.categories.values()) else None
    return Refreshed(pulled.report, pulled.added, embedded, waiting, wire.requests, lines, pulled.fault, again)


def _to_arxiv(now: datetime) -> Wire:
    """The way to arXiv's own addresses."""
    addresses = ArxivConfig()
    return fetch.Wire(feed=addresses.feed, api=addresses.api, oai=addresses.oai, clock=_Ticking(now))


def _is_late(categories: Iterable[CategoryReport]) -> bool:
    """Whether a batch is late."""
    return any(one.state == "stale" for one in categories)


def _let_go(
    store: Store,
    term: Term,
    encoders: Sequence[Encoder],
    now: datetime,
    progress: Progress,
    stop: Callable[[], bool] | None,
) -> None:
    """Let go some of what the term has outlived: so much that nobody waits for it."""
    found = outlived(store, term, now=now)
    prune(store, replace(found, papers=found.papers[:A_RUN]), encoders, progress=progress, stop=stop)


def _file(
    store: Store,
    fast: Encoder,
    profiles: Sequence[Profile],
    now: datetime,
    progress: Progress,
    stop: Callable[[], bool] | None,
) -> list[str]:
    """Bring the mapped file of vectors up to date, and move there what is old; the next fetch goes on; notes if not."""
    examples = {seed for one in profiles for seed in (*one.seeds, *one.avoid_seeds)}
    try:
        file_papers(store, fast, most=A_RUN, progress=progress, stop=stop)
        move_old(store, fast, examples, now=now)
    except (Unavailable, CannotWrite) as fault:
        return [str(fault)]
    return []


def _backwards(
    store: Store, wire: Wire, profiles: Sequence[Profile], now: datetime, days: int, progress: Progress
) -> list[str]:
    """Store the papers submitted in the last `days` days, as unlabelled text for the rankers' statistics."""
    if not days:
        return []
    count, batch = 0, []
    try:
        for paper in fetch.read_window(wire, categories(profiles), now - timedelta(days=days), now):
            batch.append(replace(paper, categories=tuple(map(taxonomy.canonical, paper.categories))))
            count += 1
            if len(batch) == 100:
                store.add_papers(batch, at=now)
                batch = []
                progress("fetching", f"the last {days} days", count, None)
    except TriageError as fault:
        return [f"background of {days} days not complete: {fault}"]
    finally:
        store.add_papers(batch, at=now)
    progress("fetching", f"the last {days} days", count, count)
    return []


def _embed(
    store: Store,
    encoder: Encoder | None,
    profiles: Sequence[Profile],
    types: Sequence[str],
    progress: Progress,
    stop: Callable[[], bool] | None,
) -> tuple[int, int, list[str]]:
    """Embed what has no vector yet, in the order of promise: (papers embedded, papers waiting, notes)."""
    if encoder is None:
        return 0, 0, []
    texts = _texts(store, encoder, profiles, types)
    statements = {profile.statement for profile in profiles}
    try:
        done, waiting = embed_missing(store, encoder, texts, progress=progress, stop=stop)
    except Unavailable as fault:
        return 0, 0, [f"{fault}; until then the words alone decide"]
    embedded, left = (sum(text not in statements for text in some) for some in (done, waiting))
    return embedded, left, []


def _texts(store: Store, encoder: Encoder, profiles: Sequence[Profile], types: Sequence[str]) -> list[str]:
    """What the rankers read, in the order of promise: statements, liked papers, the newest day, the background."""
    shared = store.papers(store.shared(date.min)).values()  # each is embedded once, whenever it competes
    papers = [*_judged(store, profiles), *shared, *_recent(store, types)]
    return [*(profile.statement for profile in profiles), *map(encoder.paper_text, papers)]


def _judged(store: Store, profiles: Sequence[Profile]) -> Iterable[Paper]:
    """The examples of all profiles."""
    return store.papers(one for profile in profiles for one in judged_ids(store, profile)).values()


def _reread(
    store: Store,
    encoder: Encoder,
    fast: Encoder,
    profiles: Sequence[Profile],
    types: Sequence[str],
    ranked: set[tuple[str, date]],
    progress: Progress,
    stop: Callable[[], bool] | None,
) -> list[str]:
    """Let the careful encoder read the best fifth of the newest day, and what it compares it with; notes if not all.

    A day that was not ranked anew is left alone once its scores tell that the careful encoder took part.
    """
    best = [paper for profile in profiles for paper in _best(store, profile, ranked)]
    if not best:
        return []
    day = store.announcement_days(most=1)[0]
    papers = [*_judged(store, profiles), *best, *panel(store, day, store.announced(day, day, types))]
    texts = [*(profile.statement for profile in profiles), *map(encoder.paper_text, papers)]
    try:
        _, waiting = embed_missing(store, encoder, texts, progress=progress, stop=stop)
    except Unavailable as fault:
        return [f"{fault}; until then the fast encoder alone decides"]
    return [f"{len(waiting)} papers still to be read by {encoder.name}; the next fetch goes on"] if waiting else []


def _best(store: Store, profile: Profile, ranked: set[tuple[str, date]]) -> list[Paper]:
    """The best fifth of the newest day by the stored scores; none where that day is done."""
    day = store.announcement_days(most=1)
    found = store.ranking(profile.name, rank.DEFAULT, day[0]) if day else None
    if found is None or ("careful" in found.version and (profile.name, day[0]) not in ranked):
        return []
    best = set(rank.best_share({one.paper.id: one.score for one in found.papers}))
    return [one.paper for one in found.papers if one.paper.id in best]


def _recent(store: Store, types: Sequence[str]) -> list[Paper]:
    """The newest announcement's papers and, after them, what the rankers take as their background."""
    days = store.announcement_days(most=1)
    newest = store.announced(days[0], days[0], types) if days else []
    return [*newest, *store.background(days[0] if days else date.max, BACKGROUND)]
