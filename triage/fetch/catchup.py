"""Announcements that were missed, put together again from arXiv's records; decided by version dates and identifiers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

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

HELD = timedelta(days=14)
"""Moderation holds papers back for days, so a paper never seen may be so much older than the gap in which it came."""


@dataclass(frozen=True, slots=True)
class Gap:
    """The feed days of one category that were not read whole, oldest first.

    `followed` is the first day that was ever read for the category: what is older may have been announced before.
    """

    category: str
    days: tuple[date, ...]
    followed: date | None = None

    @property
    def names(self) -> str:
        """The days for a reader: `Tue 2026-11-17, Wed 2026-11-18`."""
        told = [f"{day:%a} {day.isoformat()}" for day in self.days]
        return ", ".join(told) if len(told) <= 3 else f"{told[0]} to {told[-1]} ({len(told)} days)"


def read_gap(wire: Wire, gap: Gap, free: AbstractSet[date]) -> tuple[list[Paper], str]:
    """Fetch the records that may fill a gap: from OAI-PMH, or by submission date from the API where that fails.

    That OAI-PMH has no record at all is no evidence of an empty day either, before the API says the same.

    Returns:
        The papers, and the name of the service that gave them.

    Raises:
        Unavailable, TryLater, InvalidInput: neither service gave an answer to rely on.
    """
    begin, end = opening(gap.days[0], free) - OVERLAP, closing(gap.days[-1])
    lost: TriageError | None = None
    try:
        if papers := list(read_changes(wire, gap.category, gap.days[0] - OVERLAP)):
            return papers, "OAI-PMH"
    except (InvalidInput, TryLater, Unavailable) as fault:
        lost = fault
    try:
        return list(read_window(wire, [gap.category], begin, end)), "the API"
    except TriageError as fault:
        raise lost or fault from None


def fill(
    gap: Gap,
    papers: Iterable[Paper],
    *,
    asked: Sequence[str],
    seen: AbstractSet[str],
    free: AbstractSet[date],
    versions: Mapping[str, int] | None = None,
) -> dict[date, list[Item]]:
    """Sort records into the announcements that were missed.

    A record is new (cross, where its primary category was not asked for) when its identifier was never announced and
    its first version was handed in for one of the days, or was held back until then. It is a replacement when only its
    newest version was. What was handed in after the gap belongs to a feed, and a bulk edit of old records to none.

    Args:
        gap: the days and their category.
        papers: what changed since, in any order.
        asked: all categories of the run, which decide between new and cross.
        seen: identifiers announced as new or cross before.
        free: arXiv's holidays.
        versions: version of each stored paper; a replacement must be higher.
    """
    wanted = {canonical(name) for name in asked}
    begin, end = opening(gap.days[0], free), closing(gap.days[-1])
    eldest = begin - HELD
    if gap.followed:
        eldest = min(begin, max(eldest, opening(gap.followed, free)))
    found: dict[date, list[Item]] = {}
    for paper in _newest(papers):
        first, last = paper.submitted, paper.updated or paper.submitted
        if first is None or last is None or canonical(gap.category) not in _listed(paper):
            continue
        held = paper.version == 1 and eldest <= first  # a higher version was public before it was replaced
        if paper.id not in seen and first < end and (begin <= first or held):
            found.setdefault(_day(first, gap.days), []).append(_item(paper, "new", wanted))
        elif paper.version > max(1, (versions or {}).get(paper.id, 1)) and begin - OVERLAP <= last < end:
            found.setdefault(_day(last, gap.days), []).append(_item(paper, "replace", wanted))
    return found


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
    primary = canonical(paper.categories[0]) if paper.categories else ""
    inside = bool(wanted & {primary, primary.partition(".")[0]})
    crossed: dict[AnnounceType, AnnounceType] = {"new": "cross", "replace": "replace-cross"}
    return Item(paper, kind if inside else crossed[kind])
