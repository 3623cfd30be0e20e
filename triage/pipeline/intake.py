"""arXiv to stored scores: fetch, store, embed, rank; every step goes on from what the store already holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from triage import fetch, taxonomy
from triage.config import ArxivConfig
from triage.errors import TriageError
from triage.pipeline.details import Api, ask_examples, ask_page_counts
from triage.pipeline.progress import Progress, silent
from triage.pipeline.pull import Pulled, pull
from triage.pipeline.review import look_back
from triage.pipeline.scoring import Scoring
from triage.pipeline.timing import categories
from triage.text import clean

if TYPE_CHECKING:
    from triage.embed import Encoder
    from triage.fetch import CategoryReport, FetchReport, Wire
    from triage.pipeline.retention import Term
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
    quick: bool = False,
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
        quick: end with the first list; what that leaves is remembered, and the next run does it.
        progress: told of each step.
        stop: asked between batches; True ends the embedding early, and the rest waits for the next run.
        free: arXiv's holidays; the bundled ones when None.
        pinned: the ranker that no review may replace; "" where the reviews decide.
        today: the reader's local day, whose coffee is not reviewed yet; that of `now` when None.
        term: lets older papers go that nobody touched, when something new came; None keeps everything.
    """
    focus = [profiles] if not isinstance(profiles, Sequence) else list(profiles)
    wire, resumed = wire or _to_arxiv(now), store.unfinished
    pulled = pull(store, wire, categories(focus), now, free=free, progress=progress)
    notes, api = list(pulled.notes), Api(store, wire, now, progress)
    if pulled.fault is None:
        notes += [*ask_examples(api, focus), *_backwards(store, wire, focus, now, back, progress)]
    work = Scoring(store, focus, encoder, fast, types, now, progress, stop, resumed)
    if term and pulled.added.new:  # before the ranking, which depends on how much is stored
        work.let_go(term)
    ranked = work.first_list(pinned)
    if not quick:
        _go_on(work, pulled, api, ranked, pinned, today or now.date())
    elif not (resumed or ranked or work.waiting):  # the day was done before, and nothing came
        store.finish_runs()
    lines = tuple(map(clean, (*notes, *api.notes, *work.notes)))  # some quote what a server said
    again = now + fetch.LOOK_AGAIN if _is_late(pulled.report.categories.values()) else None
    return Refreshed(
        pulled.report, pulled.added, work.embedded, work.waiting, wire.requests, lines, pulled.fault, again
    )


def _go_on(
    work: Scoring, pulled: Pulled, api: Api, ranked: AbstractSet[tuple[str, date]], pinned: str, today: date
) -> None:
    """Do what no first list waits for: page counts, the second stage, the reviews, the mapped file of vectors."""
    if pulled.fault is None and ask_page_counts(api):  # a day's take half a minute, and no score needs them
        work.embed()
    work.second_stage(ranked)
    work.notes += look_back(work.store, work.profiles, pinned=pinned, today=today, at=work.now)
    if pulled.added.new:
        work.file()
    if work.done:
        work.store.finish_runs()


def _to_arxiv(now: datetime) -> Wire:
    """The way to arXiv's own addresses."""
    addresses = ArxivConfig()
    return fetch.Wire(feed=addresses.feed, api=addresses.api, oai=addresses.oai, clock=_Ticking(now))


def _is_late(categories: Iterable[CategoryReport]) -> bool:
    """Whether a batch is late."""
    return any(one.state == "stale" for one in categories)


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
