"""arXiv's API through the `arxiv` client: papers by identifier, and a background of earlier papers by window."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING

from triage.errors import InvalidInput, Unavailable
from triage.fetch.answers import EmptyPage
from triage.fetch.journal import bare
from triage.paper import Paper, split_identifier
from triage.taxonomy import names

if TYPE_CHECKING:
    import arxiv

    from triage.fetch.wire import Wire

BATCH = 100
"""Identifiers per request: the address stays below 2 kB."""
PAGE = 200
"""Papers per page of a search; arXiv advises small pages."""
SMALL_PAGE = 50
"""Papers per page from one on that stays empty: the next step before it counts as lost."""
MOST_HITS = 1000
"""A window with more hits is split, because deep pages fail with status 500."""

_WINDOW = timedelta(days=1)
_SHORTEST = timedelta(hours=1)
CATEGORY = re.compile(r"[a-z][a-z-]*(?:\.[A-Za-z-]+)?")
"""What a category or an archive looks like; old records carry MSC and ACM codes beside them."""


def read_papers(wire: Wire, ids: Sequence[str]) -> dict[str, Paper]:
    """Fetch papers by identifier; those that arXiv does not know (yet) are absent from the answer.

    Args:
        wire: the session.
        ids: in any spelling of `split_identifier`; a version is dropped, the newest one is fetched.

    Returns:
        Papers by identifier without version.

    Raises:
        InvalidInput: one of them is no identifier: arXiv would refuse the whole list.
        Unavailable, TryLater: as `Wire.get`.
    """
    wanted = list(dict.fromkeys(split_identifier(text)[0] for text in ids))
    found: dict[str, Paper] = {}
    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        for paper in _read_batch(wire, batch):
            if paper.id in batch and (paper.id not in found or paper.version > found[paper.id].version):
                found[paper.id] = paper
    return found


def _read_batch(wire: Wire, batch: Sequence[str]) -> list[Paper]:
    """Ask for one list; when none of several is known, once more: the API sometimes loses a whole page."""
    import arxiv

    for _ in range(2 if len(batch) > 1 else 1):
        search = arxiv.Search(id_list=list(batch), max_results=len(batch))
        if papers := list(_ask(wire, search, len(batch))):
            return papers
    return []


def read_window(wire: Wire, categories: Sequence[str], start: datetime, end: datetime) -> Iterator[Paper]:
    """Fetch papers of the categories whose first version was submitted in the window, newest day first.

    Each paper comes once. What was yielded before an error is whole, so a caller may keep it.

    Args:
        wire: the session.
        categories: matched as primary or secondary.
        start: aware, taken to the minute.
        end: likewise, later than `start`.

    Raises:
        InvalidInput: a category that cannot be one, or no category.
        Unavailable: as `Wire.get`; or, at the end, the API counts more papers than it gave.
        TryLater: as `Wire.get`.
    """
    bad = [category for category in categories if not CATEGORY.fullmatch(category)]
    if bad or not categories:
        raise InvalidInput(f"{bad[0]!r} is no arXiv category" if bad else "no category to search in")
    seen, lacking = set[str](), list[int]()
    while start < end:
        opening = max(start, end - _WINDOW)
        for paper in _slice(wire, categories, opening, end, lacking):
            if paper.id not in seen:
                seen.add(paper.id)
                yield paper
        end = opening
    if lacking:
        raise Unavailable(
            f"the API at {bare(wire.api)} counts {sum(lacking)} more papers than it gives; try again later"
        )


def _slice(
    wire: Wire, categories: Sequence[str], start: datetime, end: datetime, lacking: list[int]
) -> Iterator[Paper]:
    """Fetch one window, cut in half while it holds too much; neighbours share a minute, so none falls between.

    How many papers stay away although the API counts them is added to `lacking`.
    """
    search = _search(categories, start, end)
    distinct: set[str] = set()
    for _ in range(3):  # pages that shift hide papers, and a window without any hit may have lost its page
        results = _pages(wire, search)
        first = next(results, None)
        total = _total(wire)
        if total > MOST_HITS and end - start > _SHORTEST:
            middle = start + (end - start) / 2
            yield from _slice(wire, categories, middle, end, lacking)
            yield from _slice(wire, categories, start, middle, lacking)
            return
        for paper in chain([first] if first else [], results):
            distinct.add(paper.id)
            yield paper
        if distinct and len(distinct) >= total:
            return
    if len(distinct) < total:
        lacking.append(total - len(distinct))


def _pages(wire: Wire, search: arxiv.Search) -> Iterator[Paper]:
    """Read a search page by page, and from a page that stays empty on once more in smaller ones.

    Raises:
        EmptyPage: a small page stays empty too; what came before it was given already.
    """
    try:
        yield from _ask(wire, search, PAGE)
    except EmptyPage as lost:
        yield from _ask(wire, search, SMALL_PAGE, lost.start)


def _search(categories: Sequence[str], start: datetime, end: datetime) -> arxiv.Search:
    import arxiv

    either = " OR ".join(f"cat:{category}{_below(category)}" for category in categories)
    window = f"submittedDate:[{start.astimezone(UTC):%Y%m%d%H%M} TO {end.astimezone(UTC):%Y%m%d%H%M}]"
    return arxiv.Search(f"({either}) AND {window}", max_results=None, sort_by=arxiv.SortCriterion.SubmittedDate)


def _below(category: str) -> str:
    """What makes a whole archive out of a name such as `cs`, which is no category itself."""
    return "" if "." in category or category in names() else ".*"


def _ask(wire: Wire, search: arxiv.Search, page: int, start: int = 0) -> Iterator[Paper]:
    """Run one search from a place on through the unmodified client; the wire owns pauses, tries and time."""
    import arxiv

    class Client(arxiv.Client):  # type: ignore[misc, unused-ignore]
        """The package's client at the configured address."""

        query_url_format = wire.api + ("&{}" if "?" in wire.api else "?{}")

    client = Client(page_size=page, delay_seconds=0, num_retries=0)
    client._session = wire.session
    with _worded(wire):
        for result in client.results(search, start):
            _total(wire)
            if paper := _paper(result):
                yield paper
        _total(wire)


def _total(wire: Wire) -> int:
    """How many papers the last answer counts; only the API's answers do, so that no feed can pass for one."""
    if wire.outline is None or wire.outline.total is None:
        raise Unavailable(f"the API at {bare(wire.api)} does not say how many papers there are; check [arxiv] api")
    return wire.outline.total


@contextmanager
def _worded(wire: Wire) -> Iterator[None]:
    """Turn what the client itself raises into one line."""
    import arxiv
    import requests

    try:
        yield
    except (arxiv.ArxivError, requests.RequestException) as fault:
        raise Unavailable(f"arXiv's API at {bare(wire.api)} cannot be used ({type(fault).__name__})") from fault


def _paper(result: arxiv.Result) -> Paper | None:
    """Read one result into the shape that the feed gives; None when it has no identifier."""
    try:
        identifier, version = split_identifier(result.entry_id)
    except InvalidInput:
        return None
    listed = [result.primary_category, *result.categories]
    return Paper(
        id=identifier,
        title=" ".join(result.title.split()),
        abstract=re.sub(r"\s*\n\s*", " ", result.summary.strip()),
        version=version or 1,
        authors=tuple(name for author in result.authors if (name := " ".join(author.name.split()))),
        categories=tuple(dict.fromkeys(name for name in listed if CATEGORY.fullmatch(name or ""))),
        submitted=result.published,
        updated=result.updated,
        comment=_line(result.comment),
        doi=_line(result.doi),
        journal_ref=_line(result.journal_ref),
    )


def _line(text: str | None) -> str | None:
    return " ".join((text or "").split()) or None
