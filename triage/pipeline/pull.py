"""arXiv to the store: the announcement of the day, the announcements that were missed, and the state of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from triage import fetch, taxonomy
from triage.errors import TriageError
from triage.fetch.calendar import LONGEST_GAP
from triage.pipeline.vectors import Progress, silent
from triage.store import Added, Run

if TYPE_CHECKING:
    from triage.fetch import Batch, CategoryReport, FetchReport, Gap, Wire
    from triage.paper import Item, Paper
    from triage.store import Store


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
    progress("fetching", what, 0, None)
    try:
        batch = fetch.read_batch(wire, categories)
    except TriageError as fault:
        report = fetch.failure(categories, str(fault))
        store.add_run(_run(report, now, wire))
        return Pulled(report, Added(), fault)
    report = _assessed(store, wire, categories, batch, free)
    added = Added()
    with store.write():
        if batch.feed.items and report.announced:
            items = [_canonical(item) for item in batch.feed.items]
            added = store.add_announcement(items, announced=report.announced, feed_day=batch.feed.day, at=now)
        _remember_missed(store, report, wire.server_now, free)
        number = store.add_run(_run(report, now, wire))
    progress("fetching", what, len(batch.feed.items), len(batch.feed.items))
    caught = _CatchUp(store, wire, tuple(categories), now, free, progress).run(report)
    if caught.report != report:
        store.amend_run(number, _run(caught.report, now, wire))
    return replace(caught, added=_sum(added, caught.added))


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
    )


def _remember_missed(store: Store, report: FetchReport, server_now: datetime, free: AbstractSet[date]) -> None:
    """Write down which announcements lie between the last confirmed one and what this run could read."""
    confirmed = store.confirmed(report.categories)
    for category, one in report.categories.items():
        last = confirmed[category]
        until = _reached(one, report, server_now, free)
        if last and until:
            days = [day for day in fetch.feed_days(last, until, free) if day != report.announced]
            store.add_missed(category, days, "no run read this announcement")


def _reached(one: CategoryReport, report: FetchReport, server_now: datetime, free: AbstractSet[date]) -> date | None:
    """The newest announcement that a category should have by now, from elsewhere if not from the feed."""
    if one.state == "failed":
        return None
    if report.announced and one.state != "stale":
        return report.announced
    today, expected = fetch.eastern_day(server_now), fetch.expected_day(server_now, free)
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

    def run(self, report: FetchReport) -> Pulled:
        """Fill what can be filled and give the report as it is after that."""
        reports, added, reached = dict(report.categories), Added(), list[date]()
        broken: TriageError | None = None
        missing: dict[str, Gap] = {}
        for gap in self._gaps(report):
            one = reports[gap.category]
            try:
                if broken:
                    raise broken  # what does not answer for one category is not asked for the others
                self.progress("catching up", gap.category, 0, None)
                papers, service = fetch.read_gap(self.wire, gap, self.free)
            except TriageError as fault:
                broken, missing[gap.category] = fault, gap
                reports[gap.category] = _unfilled(one, gap, fault)
                continue
            days = self._sorted(gap, papers)
            added = _sum(added, self._store(gap, days, service, late=one.state == "stale"))
            reached += days
            reports[gap.category] = _filled(one, gap, days, service)
            self.progress("catching up", gap.category, len(papers), len(papers))
        notes = tuple(f"{name}: {reports[name].reason}; the next run tries again" for name in missing)
        return Pulled(_whole(report, reports, reached, bool(missing)), added, None, notes)

    def _gaps(self, report: FetchReport) -> list[Gap]:
        """What is missing of each category that could be read at all; a batch that is a little late is waited for."""
        now = self.wire.server_now
        expected = fetch.expected_day(now, self.free)
        found = []
        for category, one in report.categories.items():
            waiting = one.state == "stale" and not fetch.is_late(now, expected)
            days = self.store.missed(category, fetch.eastern_day(now) - LONGEST_GAP)
            days = [day for day in days if not (waiting and day >= expected)]
            if days and one.state != "failed":
                found.append(fetch.Gap(category, tuple(days), self.store.followed(category)))
        return found

    def _sorted(self, gap: Gap, papers: Sequence[Paper]) -> dict[date, list[Item]]:
        ids = [paper.id for paper in papers]
        versions = {name: paper.version for name, paper in self.store.papers(ids).items() if name not in self.caught}
        seen = self.store.announced_before(ids) - self.caught
        return fetch.fill(gap, papers, asked=self.categories, seen=seen, free=self.free, versions=versions)

    def _store(self, gap: Gap, days: Mapping[date, Sequence[Item]], service: str, *, late: bool) -> Added:
        """Store one category's missed announcements together with their confirmation.

        A batch that the feed lacks today and the records lack too is no confirmed empty day: it may still come.
        """
        added = Added()
        with self.store.write():
            for day, items in sorted(days.items()):
                listed = [_canonical(item) for item in items if item.paper.id not in self.caught]
                added = _sum(added, self.store.add_announcement(listed, announced=day, feed_day=None, at=self.now))
                self.store.add_papers((item.paper for item in listed), at=self.now)
            whole = [day for day in gap.days if days.get(day) or not (late and day == gap.days[-1])]
            states = {day: "announced" if days.get(day) else "quiet" for day in whole}
            self.store.fill_missed(gap.category, states, f"caught up from {service}")
        self.caught.update(item.paper.id for items in days.values() for item in items)
        return added


def _unfilled(one: CategoryReport, gap: Gap, fault: TriageError) -> CategoryReport:
    """Say what is missing; a category that the feed calls quiet has failed when papers were expected."""
    reason = f"{gap.names} not caught up ({fault})"
    if one.state in ("stale", "truncated"):
        return replace(one, reason=f"{one.reason}; {reason}")
    return replace(one, state="announced" if one.state == "announced" else "failed", reason=reason)


def _filled(one: CategoryReport, gap: Gap, days: Mapping[date, Sequence[Item]], service: str) -> CategoryReport:
    """Add what was caught up; where that was all that was missing, the category is announced after all."""
    kinds = [item.type for items in days.values() for item in items]
    counted = replace(
        one,
        new=one.new + kinds.count("new"),
        cross=one.cross + kinds.count("cross"),
        replace=one.replace + sum(kind.startswith("replace") for kind in kinds),
    )
    complete = one.state == "truncated" or (kinds and one.state == "quiet") or gap.days[-1] in days
    if not kinds and not complete:
        return counted
    reason = f"{gap.names} caught up from {service}"
    return replace(counted, state="announced" if complete else one.state, reason=reason)


def _whole(
    report: FetchReport, reports: Mapping[str, CategoryReport], reached: Sequence[date], missing: bool
) -> FetchReport:
    """Fold the categories again; a gap that stays open makes a good run a partial one."""
    state = fetch.overall([one.state for one in reports.values()])
    if missing and state in ("announced", "quiet"):
        state = "partial"
    return replace(report, state=state, announced=report.announced or max(reached, default=None), categories=reports)
