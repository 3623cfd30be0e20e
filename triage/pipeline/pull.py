"""arXiv to the store: the announcement of the day, the announcements that were missed, and the state of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from triage import fetch, taxonomy
from triage.errors import InvalidInput, TriageError
from triage.fetch.calendar import LONGEST_GAP
from triage.pipeline.progress import Progress, silent
from triage.store import Added, Run

if TYPE_CHECKING:
    from triage.fetch import Batch, CategoryReport, Feed, FetchReport, Filled, Gap, Records, Wire
    from triage.paper import Item, Paper
    from triage.store import Store


DAY = timedelta(days=1)
NOBODY = "no run read this announcement"


@dataclass(frozen=True, slots=True)
class Pulled:
    """What came from arXiv: the recorded state, the counts, the error that left nothing, lines for the reader."""

    report: FetchReport
    added: Added
    fault: TriageError | None = None
    notes: tuple[str, ...] = ()


def pull(
    store: Store,
    wire: Wire,
    categories: Sequence[str],
    now: datetime,
    *,
    free: AbstractSet[date] | None = None,
    progress: Progress = silent,
) -> Pulled:
    """Read the feed, store the batch together with the state of the run, and catch up what was missed before it.

    Args:
        store: knows what was announced and confirmed before.
        wire: the way to arXiv; its server's clock decides which day it is.
        categories: of all profiles, each once.
        now: aware UTC, when the run is recorded.
        free: arXiv's holidays; the bundled ones when None.
        progress: told of each step.
    """
    what, free = "+".join(categories), fetch.holidays() if free is None else free
    catch_up = _CatchUp(store, wire, tuple(categories), now, free, progress)
    progress("fetching", what, 0, None)
    try:
        batch = fetch.read_batch(wire, categories)
    except TriageError as fault:
        return _without_feed(catch_up, fault)
    report = _assessed(store, wire, categories, batch, free)
    unknown = {name for name, fault in batch.faults.items() if isinstance(fault, InvalidInput)}
    added = Added()
    with store.write():
        if batch.feed.items and (day := _batch_day(store, report)):
            items = [_canonical(item) for item in batch.feed.items]
            added = store.add_announcement(items, announced=day, feed_day=batch.feed.day, at=now)
        for category, days in _missed(store, report, wire.server_now, free, unknown).items():
            store.add_missed(category, days, NOBODY)
        number = store.add_run(_run(report, now, wire), unfinished=True)
    progress("fetching", what, len(batch.feed.items), len(batch.feed.items))
    caught = catch_up.run(report, number, unknown, {})
    return replace(caught, added=_sum(added, caught.added), notes=(*_skipped(batch.feed), *caught.notes))


def _without_feed(catch_up: _CatchUp, fault: TriageError) -> Pulled:
    """Bring what the calendar expects from arXiv's other services, which are other machines than the feed's.

    Where the feed refuses the question itself, the profile is at fault, and nobody else is asked.
    """
    store, wire, free = catch_up.store, catch_up.wire, catch_up.free
    report = fetch.failure(catch_up.categories, str(fault))
    unknown = set(catch_up.categories) if isinstance(fault, InvalidInput) else set()
    number = store.add_run(_run(report, catch_up.now, wire), unfinished=True)
    missed = _missed(store, report, wire.server_now, free, unknown)
    caught = catch_up.run(report, number, unknown, missed)
    if wire.offset is not None:  # what a local clock alone expects is no fact to keep
        for category, days in _missed(store, report, wire.server_now, free, unknown).items():
            store.add_missed(category, days, NOBODY)
    if caught.report.state == "failed":
        return replace(caught, fault=fault, notes=())
    return replace(caught, notes=(f"the feed cannot be read: {fault}", *caught.notes))


def _assessed(
    store: Store, wire: Wire, categories: Sequence[str], batch: Batch, free: AbstractSet[date]
) -> FetchReport:
    """Decide what the feed means, with what the store knows."""
    listed = [item.paper.id for item in batch.feed.items if item.type in ("new", "cross")]
    return fetch.assess(
        categories,
        batch.feed,
        unseen=set(listed) - store.announced_before(listed),
        confirmed=store.confirmed(categories),
        server_now=wire.server_now,
        aliases=taxonomy.ALIASES,
        cut=batch.cut,
        faults={name: str(fault) for name, fault in batch.faults.items()},
        free=free,
        steady=store.steady(categories),
    )


def _skipped(feed: Feed) -> list[str]:
    """Say that entries of the feed are no papers to this program, which may be papers to the reader."""
    some = feed.skipped and feed.items
    return [f"{feed.skipped} of the feed's {feed.size} entries could not be read and are left out"] if some else []


def _batch_day(store: Store, report: FetchReport) -> date | None:
    """The announcement that the feed's papers belong to; a stale feed repeats the newest one that was read.

    It may still tell more of it than is stored: the cross-lists that the records do not tell, and the papers of a
    category that was not followed then.
    """
    if report.announced or report.state != "stale":
        return report.announced
    return max((day for day in store.confirmed(report.categories).values() if day), default=None)


def _missed(
    store: Store, report: FetchReport, server_now: datetime, free: AbstractSet[date], unknown: AbstractSet[str]
) -> dict[str, list[date]]:
    """Which announcements of each category lie between the last confirmed one and what this run could read.

    Of a category that was never read, that is the one announcement that a feed which cannot be read should hold.
    """
    confirmed, found = store.confirmed(report.categories), {}
    for category, one in report.categories.items():
        last = confirmed[category]
        until = None if category in unknown else _reached(one, report, server_now, free)
        if until and (last or one.state == "failed"):
            days = fetch.feed_days(last, until, free) if last else [until]
            found[category] = [day for day in days if day != report.announced]
    return found


def _reached(one: CategoryReport, report: FetchReport, server_now: datetime, free: AbstractSet[date]) -> date | None:
    """The newest announcement that a category should have by now, from elsewhere if not from the feed."""
    today, expected = fetch.eastern_day(server_now), fetch.expected_day(server_now, free)
    if one.state == "failed":
        return expected
    if report.announced and one.state != "stale":
        return report.announced
    if one.state == "stale" and not fetch.is_late(server_now, expected):
        return None
    if one.state == "quiet" and today == expected and fetch.may_be_quiet(today, free):
        return None  # arXiv's notices leave open whether this feed should hold anything
    return expected


def _canonical(item: Item) -> Item:
    """One name for categories that arXiv lists under two, so that a profile meets them under either."""
    names = tuple(dict.fromkeys(taxonomy.canonical(name) for name in item.paper.categories))
    return replace(item, paper=replace(item.paper, categories=names))


def _run(report: FetchReport, now: datetime, wire: Wire) -> Run:
    states = {name: (one.state, one.reason) for name, one in report.categories.items()}
    return Run(now, report.state, report.announced, states, wire.offset)


def _sum(one: Added, other: Added) -> Added:
    return Added(one.new + other.new, one.updated + other.updated, one.known + other.known)


@dataclass(frozen=True, slots=True)
class _CatchUp:
    """Fills the gaps of a run's categories, one after the other; each that is filled stays so."""

    store: Store
    wire: Wire
    categories: tuple[str, ...]
    now: datetime
    free: AbstractSet[date]
    progress: Progress
    caught: set[str] = field(default_factory=set)

    def run(
        self, report: FetchReport, number: int, unknown: AbstractSet[str], more: Mapping[str, Sequence[date]]
    ) -> Pulled:
        """Fill what can be filled, amend the recorded run, and give the report as it is after that.

        `unknown` are categories that arXiv does not have, `more` missed days that are not stored as such.
        """
        reports, added, reached, notes = dict(report.categories), Added(), list[date](), list[str]()
        broken: TriageError | None = None
        missing = False
        for gap in self._gaps(report, unknown, more):
            one = reports[gap.category]
            try:
                if broken:
                    raise broken  # what does not answer for one category is not asked for the others
                self.progress("catching up", gap.category, 0, None)
                records = fetch.read_gap(self.wire, gap, self.free)
            except TriageError as fault:
                broken, missing = fault, True
                reports[gap.category] = _unfilled(one, gap, fault)
                notes.append(_again(gap, reports))
                continue
            filled = self._sorted(gap, records.papers)
            added = _sum(added, self._store(gap, filled.days, records, late=one.state in ("stale", "failed")))
            reached += filled.days
            expected = fetch.expected_day(self.wire.server_now, self.free)
            reports[gap.category] = _filled(one, gap, filled.days, records.service, expected)
            if records.fault:
                missing, rest = True, replace(gap, days=records.open)
                reports[gap.category] = _unfilled(reports[gap.category], rest, records.fault)
                notes.append(_again(gap, reports))
            notes += _doubts(gap, records, filled)
            self.progress("catching up", gap.category, len(records.papers), len(records.papers))
        whole = _whole(report, reports, reached, missing)
        if whole != report:
            self.store.amend_run(number, _run(whole, self.now, self.wire))
        return Pulled(whole, added, None, tuple(notes))

    def _gaps(self, report: FetchReport, unknown: AbstractSet[str], more: Mapping[str, Sequence[date]]) -> list[Gap]:
        """What is missing of each category that arXiv has; a batch that is a little late is waited for."""
        now = self.wire.server_now
        today, expected = fetch.eastern_day(now), fetch.expected_day(now, self.free)
        found = []
        for category, one in report.categories.items():
            until = expected - DAY if one.state == "stale" and not fetch.is_late(now, expected) else today
            days = {*self.store.missed(category, today - LONGEST_GAP), *more.get(category, ())}
            days = {day for day in days if day <= until}
            if days and category not in unknown:
                since = fetch.unbroken(self.store.read_days(category), min(days), self.free)
                mark = self.store.highest_identifier(since) if since else ""
                found.append(fetch.Gap(category, tuple(sorted(days)), since, mark))
        return found

    def _sorted(self, gap: Gap, papers: Sequence[Paper]) -> Filled:
        ids = [paper.id for paper in papers]
        known = {name: paper for name, paper in self.store.papers(ids).items() if name not in self.caught}
        seen = self.store.announced_before(ids) - self.caught
        return fetch.fill(gap, papers, asked=self.categories, seen=seen, free=self.free, known=known)

    def _store(self, gap: Gap, days: Mapping[date, Sequence[Item]], records: Records, *, late: bool) -> Added:
        """Store one category's missed announcements together with their confirmation.

        A batch that the feed lacks today and the records lack too is no confirmed empty day: it may still come. Nor is
        a day that lies ahead by the clock of the server, which may have answered only now, or one that the records
        leave open.
        """
        added, newest = Added(), fetch.expected_day(self.wire.server_now, self.free)
        with self.store.write():
            for day, items in sorted(days.items()):
                listed = [_canonical(item) for item in items if item.paper.id not in self.caught]
                added = _sum(added, self.store.add_announcement(listed, announced=day, feed_day=None, at=self.now))
                self.store.add_papers((item.paper for item in listed), at=self.now)
            waited = {*records.open, *(gap.days[-1:] if late else ())}
            whole = [day for day in gap.days if days.get(day) or (day <= newest and day not in waited)]
            states = {day: "announced" if days.get(day) else "quiet" for day in whole}
            self.store.fill_missed(gap.category, states, f"caught up from {records.service}")
        self.caught.update(item.paper.id for items in days.values() for item in items)
        return added


def _doubts(gap: Gap, records: Records, filled: Filled) -> list[str]:
    """What a service leaves open, for the reader."""
    told = []
    if not records.whole:
        told.append(f"{gap.category}: the API names no replacements and no late cross-lists of {gap.names}")
    if filled.unsure:
        what = "1 older paper that changed" if filled.unsure == 1 else f"{filled.unsure} older papers that changed"
        told.append(f"{gap.category}: {what} may be cross-listed anew since {gap.names}; the records do not tell")
    return told


def _again(gap: Gap, reports: Mapping[str, CategoryReport]) -> str:
    """Say of a category what the next run has to bring."""
    return f"{gap.category}: {reports[gap.category].reason}; the next run tries again"


def _unfilled(one: CategoryReport, gap: Gap, fault: TriageError) -> CategoryReport:
    """Say what is missing; a category that the feed calls quiet has failed when papers were expected."""
    known = str(fault) in one.reason
    reason = f"{gap.names} not caught up either" if known else f"{gap.names} not caught up ({fault})"
    if one.state in ("announced", "quiet"):
        return replace(one, state="announced" if one.state == "announced" else "failed", reason=reason)
    return replace(one, reason=f"{one.reason}; {reason}")


def _filled(
    one: CategoryReport, gap: Gap, days: Mapping[date, Sequence[Item]], service: str, expected: date
) -> CategoryReport:
    """Add what was caught up; where that was all that was missing, the category is announced after all."""
    kinds = [item.type for items in days.values() for item in items]
    counted = replace(
        one,
        new=one.new + kinds.count("new"),
        cross=one.cross + kinds.count("cross"),
        replace=one.replace + sum(kind.startswith("replace") for kind in kinds),
    )
    complete = one.state == "truncated" or (kinds and one.state == "quiet") or expected in days
    if complete or (kinds and one.state == "announced"):
        return replace(counted, state="announced", reason=f"{gap.names} caught up from {service}")
    if kinds:
        return replace(counted, reason=f"{one.reason}; {gap.names} caught up from {service}")
    late = one.state in ("stale", "failed") and expected in gap.days
    return replace(counted, reason=f"{one.reason}; {service} has nothing of it either") if late else counted


def _whole(
    report: FetchReport, reports: Mapping[str, CategoryReport], reached: Sequence[date], missing: bool
) -> FetchReport:
    """Fold the categories again; a gap that stays open makes a good run a partial one."""
    state = fetch.overall([one.state for one in reports.values()])
    if missing and state in ("announced", "quiet"):
        state = "partial"
    return replace(report, state=state, announced=report.announced or max(reached, default=None), categories=reports)
