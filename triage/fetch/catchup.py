"""Announcements that were missed, put together again from arXiv's records; decided by version dates and identifiers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from triage.errors import InvalidInput, TriageError, TryLater, Unavailable
from triage.fetch.api import read_window
from triage.fetch.calendar import closing, opening
from triage.fetch.oai import read_changes
from triage.paper import AnnounceType, Item, Paper
from triage.taxonomy import canonical

if TYPE_CHECKING:
    from triage.fetch.wire import Wire

OVERLAP = timedelta(days=1)
"""Records are asked for from a day before the gap on: their datestamps are days in UTC, the calendar is Eastern."""


@dataclass(frozen=True, slots=True)
class Gap:
    """The feed days of one category that were not read whole, oldest first.

    `since` is the first day from which on every announcement of the category was read, up to the gap, and `mark` the
    highest identifier that was announced on it; None and "" where nothing was read right before the gap.
    """

    category: str
    days: tuple[date, ...]
    since: date | None = None
    mark: str = ""

    @property
    def names(self) -> str:
        """The days for a reader: `Tue 2026-11-17, Wed 2026-11-18`."""
        told = [f"{day:%a} {day.isoformat()}" for day in self.days]
        return ", ".join(told) if len(told) <= 3 else f"{told[0]} to {told[-1]} ({len(told)} days)"


@dataclass(frozen=True, slots=True)
class Records:
    """What the services know of a gap.

    `whole` is false where replacements and late cross-lists are not named. `open` are the days of which nobody could
    say whether they were empty, and `fault` why.
    """

    papers: list[Paper]
    service: str
    whole: bool = True
    open: tuple[date, ...] = ()
    fault: TriageError | None = None


@dataclass(frozen=True, slots=True)
class Filled:
    """The announcements of a gap put together again.

    `unsure` counts old papers of other archives whose records changed: some may have been cross-listed anew, and
    nothing that arXiv publishes tells which.
    """

    days: dict[date, list[Item]]
    unsure: int = 0


def read_gap(wire: Wire, gap: Gap, free: AbstractSet[date]) -> Records:
    """Fetch the records that may fill a gap: from OAI-PMH, and by submission date from the API what that leaves open.

    Nothing is proof of an empty day unless both say so. OAI-PMH may lag behind: a list that holds nothing handed in
    since the window of a day began may not have its announcement yet, so the API is asked too. An API without a paper
    is believed only beside OAI-PMH, because it is known to lose whole pages.

    Raises:
        Unavailable, TryLater, InvalidInput: neither service gave an answer to rely on.
    """
    papers, lost = list[Paper](), None
    try:
        papers = list(read_changes(wire, gap.category, gap.days[0] - OVERLAP))
    except (InvalidInput, TryLater, Unavailable) as fault:
        lost = fault
    days = _beyond(papers, gap, free)
    if not days:
        return Records(papers, "OAI-PMH")
    try:
        more = list(read_window(wire, [gap.category], opening(days[0], free) - OVERLAP, closing(gap.days[-1])))
    except TriageError as fault:
        if papers:
            return Records(papers, "OAI-PMH", open=days, fault=fault)
        raise lost or fault from None
    if lost and not more:
        raise lost
    if lost:
        empty = _without(more, gap, free)
        return Records(more, "the API", whole=False, open=empty, fault=lost if empty else None)
    listed = {paper.id for paper in papers}
    service = "OAI-PMH and the API" if papers else "the API"
    return Records([*papers, *more], service, whole=all(paper.id in listed for paper in more))


def _beyond(papers: Iterable[Paper], gap: Gap, free: AbstractSet[date]) -> tuple[date, ...]:
    """The days of a gap that a list does not reach: it has nothing that was handed in since their windows began."""
    dates = [moment for paper in papers if (moment := paper.updated or paper.submitted)]
    return tuple(day for day in gap.days if not dates or max(dates) < opening(day, free))


def _without(papers: Iterable[Paper], gap: Gap, free: AbstractSet[date]) -> tuple[date, ...]:
    """The days of a gap for which no paper was handed in by its first version, which is what the API searches by."""
    dates = [paper.submitted for paper in papers if paper.submitted]
    return tuple(day for day in gap.days if not any(opening(day, free) <= one < closing(day) for one in dates))


def fill(
    gap: Gap,
    papers: Iterable[Paper],
    *,
    asked: Sequence[str],
    seen: AbstractSet[str],
    free: AbstractSet[date],
    known: Mapping[str, Paper] | None = None,
) -> Filled:
    """Sort records into the announcements that were missed.

    A record is new (cross, where its primary category was not asked for) when its identifier was never announced and
    one of three things holds. Its first version was handed in for one of the days. Or it was first announced after
    `gap.since`, by its first version's date or by its number, since arXiv numbers papers as it announces them: every
    announcement since was read and it was in none, so it was held back until the gap or cross-listed in it. Or the
    store has it without this category. It is a replacement when only its newest version was handed in for the days.
    What was handed in after the gap belongs to a feed, and a bulk edit of old records to none; an old paper of which
    the store knows nothing is counted as `unsure`.

    Which of several days a paper was held back to or cross-listed on is not told: it comes with the first that fits.

    Args:
        gap: the days and their category.
        papers: what changed since, in any order.
        asked: all categories of the run, which decide between new and cross.
        seen: identifiers announced as new or cross before.
        free: arXiv's holidays.
        known: the stored papers; a replacement must be of a higher version.
    """
    wanted, stored = {canonical(name) for name in asked}, known or {}
    found, unsure = dict[date, list[Item]](), 0
    for paper in _newest(papers):
        if paper.submitted is None or canonical(gap.category) not in _listed(paper):
            continue
        kind = _kind(gap, paper, seen, stored.get(paper.id), free)
        if kind is None:
            unsure += _may_be_crossed(gap, paper, seen, stored)
            continue
        handed_in = paper.submitted if kind == "new" else paper.updated or paper.submitted
        found.setdefault(_day(handed_in, gap.days), []).append(_item(paper, kind, wanted))
    return Filled(found, unsure)


def _kind(
    gap: Gap, paper: Paper, seen: AbstractSet[str], held: Paper | None, free: AbstractSet[date]
) -> Literal["new", "replace"] | None:
    """What one record was in the gap, by the rules of `fill`; `held` is the paper as the store has it."""
    first = paper.submitted
    assert first is not None
    last = paper.updated or first
    begin, end = opening(gap.days[0], free), closing(gap.days[-1])
    eldest = min(begin, opening(gap.since, free)) if gap.since else begin
    if paper.id not in seen and first < end:
        absent = held is not None and canonical(gap.category) not in _listed(held)
        if absent or first >= eldest or _is_later(paper.id, gap.mark):
            return "new"
    stored = held.version if held else 1
    return "replace" if paper.version > stored and begin - OVERLAP <= last < end else None


def _may_be_crossed(gap: Gap, paper: Paper, seen: AbstractSet[str], stored: Mapping[str, Paper]) -> bool:
    """Whether a record that changed may be a cross-list of which nothing is known."""
    old = paper.submitted is not None and paper.submitted < closing(gap.days[-1])
    return old and paper.id not in seen and paper.id not in stored and not _is_primary(gap.category, paper)


def _is_later(identifier: str, mark: str) -> bool:
    """Whether an identifier was given out after another one; the old ones with an archive's name tell nothing."""
    one, other = identifier.partition("."), mark.partition(".")
    return bool(one[2] and other[2]) and (one[0], int(one[2])) > (other[0], int(other[2]))


def _is_primary(category: str, paper: Paper) -> bool:
    """Whether a paper belongs to a category or an archive by its first one, so that it cannot be cross-listed there."""
    primary = canonical(paper.categories[0])
    return canonical(category) in (primary, primary.partition(".")[0])


def _newest(papers: Iterable[Paper]) -> Iterator[Paper]:
    """Each paper once, at its highest version."""
    kept: dict[str, Paper] = {}
    for paper in papers:
        if paper.id not in kept or paper.version > kept[paper.id].version:
            kept[paper.id] = paper
    return iter(kept.values())


def _listed(paper: Paper) -> set[str]:
    """The categories of a paper and their archives, which a profile may follow as a whole."""
    names = {canonical(name) for name in paper.categories}
    return names | {name.partition(".")[0] for name in names}


def _day(handed_in: datetime, days: Sequence[date]) -> date:
    """The first of the days whose deadline came after a paper was handed in."""
    return next((day for day in days if handed_in < closing(day)), days[-1])


def _item(paper: Paper, kind: AnnounceType, wanted: AbstractSet[str]) -> Item:
    inside = any(_is_primary(category, paper) for category in wanted)
    crossed: dict[AnnounceType, AnnounceType] = {"new": "cross", "replace": "replace-cross"}
    return Item(paper, kind if inside else crossed[kind])
