"""The announcement feed, Atom as a rule: one request for all categories, read into items with their announce type."""

from __future__ import annotations

import re
from calendar import timegm
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from triage.errors import InvalidInput, TriageError
from triage.fetch.calendar import YEARS, eastern_day
from triage.fetch.rss import is_rss, parse_rss
from triage.paper import AnnounceType, Item, Paper, split_identifier

if TYPE_CHECKING:
    from triage.fetch.wire import Wire

MOST_ENTRIES = 2000
"""arXiv cuts a feed at this length, and the new papers with the lowest numbers are the first to go."""

_TYPES: dict[str, AnnounceType] = {
    "new": "new",
    "cross": "cross",
    "replace": "replace",
    "replace-cross": "replace-cross",
}
_PREFIX = re.compile(r"\AarXiv:\S+ Announce Type: (?P<type>\S+)\s*\nAbstract: ?")
_SUFFIX = re.compile(r"(?:Jr|Sr|II|III|IV)\.?", re.IGNORECASE)
_REASON = re.compile(r"Bad (?:archive|subject class) '(?P<name>[^']*)'")


@dataclass(frozen=True, slots=True)
class Feed:
    """One answer of the announcement feed.

    `day` is the day that the feed claims (US/Eastern), which is no evidence; `rendered` is when it was built. `size`
    counts its entries, `skipped` those of them that could not be read.
    """

    items: tuple[Item, ...]
    day: date | None
    rendered: datetime | None
    size: int
    skipped: int = 0

    @property
    def truncated(self) -> bool:
        """Whether the feed has the length at which arXiv cuts it."""
        return self.size == MOST_ENTRIES


class UnknownCategory(InvalidInput):
    """The feed refuses a category; `named` are those of the question that its answer names, perhaps none."""

    def __init__(self, line: str, named: Sequence[str] = ()) -> None:
        super().__init__(line)
        self.named = tuple(named)


@dataclass(frozen=True, slots=True)
class Batch:
    """What the feed said to all categories, in as few questions as that took.

    `cut` are the categories whose own feed has the length at which arXiv cuts it, `faults` those that could not be
    read, `split` tells that the combined feed was cut and each category was asked for.
    """

    feed: Feed
    cut: frozenset[str] = frozenset()
    faults: Mapping[str, TriageError] = field(default_factory=dict)
    split: bool = False


def read_batch(wire: Wire, categories: Sequence[str]) -> Batch:
    """Fetch the announcement of all categories: in one request, unless one of them is unknown or the answer is cut.

    Raises:
        InvalidInput: no category could be read; the message names the first.
        Unavailable, TryLater: as `Wire.get`, for the first request.
    """
    good, faults = list(categories), dict[str, TriageError]()
    while True:
        try:
            feed = read_feed(wire, good)
        except UnknownCategory as fault:
            bad = [name for name in good if name in fault.named]
            if len(bad) == len(good) or len(good) == 1:
                raise
            if not bad:
                return _one_by_one(wire, good, faults)
            faults.update(dict.fromkeys(bad, fault))
            good = [name for name in good if name not in bad]
            continue
        if feed.truncated and len(good) > 1:
            return _one_by_one(wire, good, faults, feed)
        return Batch(feed, frozenset(good if feed.truncated else ()), faults)


def _one_by_one(
    wire: Wire, categories: Sequence[str], faults: dict[str, TriageError], whole: Feed | None = None
) -> Batch:
    """Ask for each category alone; what the cut feed of all holds is good as well, and tells what is new best."""
    feeds, cut = [whole] if whole else [], []
    for category in categories:
        try:
            feed = read_feed(wire, [category])
        except TriageError as fault:
            faults[category] = fault
            continue
        feeds.append(feed)
        if feed.truncated:
            cut.append(category)
    if not feeds:
        raise next(iter(faults.values()))
    return Batch(_together(feeds), frozenset(cut), faults, whole is not None)


def _together(feeds: Sequence[Feed]) -> Feed:
    """Make one feed of several, each paper once; an empty one has no say in the day."""
    items = _once([item for feed in feeds for item in feed.items])
    days = Counter(feed.day for feed in feeds if feed.day and feed.items)
    day = days.most_common(1)[0][0] if days else feeds[0].day
    skipped = sum(feed.skipped for feed in feeds)
    return Feed(tuple(items), day, feeds[-1].rendered, len(items) + skipped, skipped)


def read_feed(wire: Wire, categories: Sequence[str]) -> Feed:
    """Fetch the announcement of all categories in one request, which lists each paper once.

    Raises:
        UnknownCategory: arXiv does not know one of the categories; the message names it.
        InvalidInput: there is no category to ask for.
        Unavailable, TryLater: as `Wire.get`.
    """
    if not categories:
        raise InvalidInput('no category to fetch: add categories = ["cs.LG"] to the profile')
    response = wire.get(f"{wire.feed}/{'+'.join(quote(category, safe='') for category in categories)}")
    parsed = _parse(response.content)
    title = parsed.feed.get("title", "")
    if response.status_code != 200 or title.startswith("Feed error"):
        raise _refused(parsed.feed.get("subtitle", "") or title, response.status_code, categories)
    feed = _feed(parsed)
    told = {"day": feed.day, "rendered": feed.rendered, "entries": feed.size, "skipped": feed.skipped}
    wire.note(feed="+".join(categories), **told, types=_kinds(feed.items))
    return feed


def _kinds(items: Iterable[Item]) -> dict[str, int]:
    return dict(Counter(item.type for item in items))


def _parse(body: bytes) -> Any:
    """Parse bytes with feedparser; the wire has made sure that they are well-formed and declare no entities.

    An address that gives RSS, such as a mirror's, is read as well.
    """
    if is_rss(body):
        return parse_rss(body)
    import io

    import feedparser

    return feedparser.parse(io.BytesIO(body), response_headers={"content-type": "application/atom+xml; charset=utf-8"})


def _refused(reason: str, status: int, categories: Sequence[str]) -> UnknownCategory:
    """Word the feed's error; the long list of everything it would have accepted is left out."""
    short = " ".join(reason.split(" Valid ")[0].split())[:200]
    match = _REASON.search(reason)
    if not match:
        return UnknownCategory(f"arXiv's feed refuses {', '.join(categories)} ({status}): {short or 'no reason given'}")
    named = [name for name in categories if name == match["name"] or name.endswith(f".{match['name']}")]
    bad = " or ".join(named) or match["name"]
    line = f"arXiv knows no category {bad} ({short.rstrip('.')}); correct 'categories' in the profile"
    return UnknownCategory(line, named)


def _feed(parsed: Any) -> Feed:
    items = [item for item in map(_item, parsed.entries) if item]
    rendered = _moment(parsed.feed.get("updated_parsed"))
    days = Counter(
        eastern_day(moment) for entry in parsed.entries if (moment := _moment(entry.get("published_parsed")))
    )
    day = days.most_common(1)[0][0] if days else eastern_day(rendered) if rendered else None
    size = len(parsed.entries)
    return Feed(tuple(_once(items)), day, rendered, size, size - len(items))


def _once(items: Sequence[Item]) -> list[Item]:
    """Keep one item per paper, as the feed means to: the highest of new, cross, replace, replace-cross."""
    kept: dict[str, Item] = {}
    order = list(_TYPES)
    for item in items:
        held = kept.setdefault(item.paper.id, item)
        if order.index(item.type) < order.index(held.type):
            kept[item.paper.id] = item
    return list(kept.values())


def _moment(parsed: Any) -> datetime | None:
    """Read feedparser's time tuple, which is in UTC; None for what is no date of arXiv's times."""
    return datetime.fromtimestamp(timegm(parsed), UTC) if parsed and parsed[0] in YEARS else None


def _item(entry: Mapping[str, Any]) -> Item | None:
    """Read one entry; None when it has no identifier or announce type, because one bad entry spoils no morning."""
    summary = entry.get("summary") or ""
    prefix = _PREFIX.match(summary)
    kind = _TYPES.get(entry.get("arxiv_announce_type") or (prefix["type"] if prefix else ""))
    try:
        identifier, version = split_identifier(entry.get("id") or "")
    except InvalidInput:
        return None
    if kind is None:
        return None
    published = _moment(entry.get("published_parsed"))
    paper = Paper(
        id=identifier,
        title=" ".join((entry.get("title") or "").split()),
        abstract=summary[prefix.end() :] if prefix else summary,
        version=version or 1,
        authors=split_authors(entry.get("author") or ""),
        categories=tuple(dict.fromkeys(tag["term"] for tag in entry.get("tags") or () if tag.get("term"))),
        doi=entry.get("arxiv_doi") or None,
        journal_ref=" ".join((entry.get("arxiv_journal_reference") or "").split()) or None,
        announced=eastern_day(published) if published else None,
        announce_type=kind,
    )
    return Item(paper, kind)


def split_authors(text: str) -> tuple[str, ...]:
    """Split the feed's one string of authors into names, without affiliations.

    Affiliations follow a name in parentheses and may hold commas; a suffix that stands alone ("Smith, Jr.") goes back
    to its name. A parenthesis without its partner is an ordinary sign.
    """
    names: list[str] = []
    for piece in _pieces(text):
        name = _bare(piece)
        if name and names and _SUFFIX.fullmatch(name):
            names[-1] = f"{names[-1]} {name}"
        elif name:
            names.append(name)
    return tuple(names)


def _pairs(text: str) -> dict[int, int]:
    """Find the parentheses that have a partner: position of the closing one to that of the opening one."""
    pairs: dict[int, int] = {}
    stack: list[int] = []
    for place, sign in enumerate(text):
        if sign == "(":
            stack.append(place)
        elif sign == ")" and stack:
            pairs[place] = stack.pop()
    return pairs


def _pieces(text: str) -> list[str]:
    """Cut at the commas that stand in no pair of parentheses."""
    pairs = _pairs(text)
    opened, depth, start, pieces = set(pairs.values()), 0, 0, []
    for place, sign in enumerate(text):
        depth += (place in opened) - (place in pairs)
        if sign == "," and not depth:
            pieces.append(text[start:place])
            start = place + 1
    return [*pieces, text[start:]]


def _bare(piece: str) -> str:
    """Drop the parentheses at the end of one author."""
    name = piece.strip()
    while name.endswith(")") and (opening := _pairs(name).get(len(name) - 1)) is not None:
        name = name[:opening].rstrip()
    return " ".join(name.split())
