"""What a fetched feed means: announced, quiet, stale, truncated or failed; decided by identifiers, not dates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from triage.fetch.calendar import eastern_day, expected_day, holidays, known_until, may_be_quiet
from triage.text import clean

if TYPE_CHECKING:
    from triage.fetch.feed import Feed
    from triage.paper import Item

CategoryState = Literal["announced", "quiet", "stale", "truncated", "failed"]
FetchState = Literal["announced", "quiet", "stale", "partial", "failed"]

_NOTHING: tuple[CategoryState, str] = ("quiet", "nothing for this category in the batch")


@dataclass(frozen=True, slots=True)
class CategoryReport:
    """What the feed held for one category.

    A paper counts for every category it lists; `replace` counts both kinds of replacement. The counts are those of
    the feed, so a second run on the same day counts the same papers again. `reason` is empty when announced.
    """

    state: CategoryState
    new: int = 0
    cross: int = 0
    replace: int = 0
    reason: str = ""

    def __post_init__(self) -> None:
        """A reason may quote what a server said: foreign text, safe from here on."""
        object.__setattr__(self, "reason", clean(self.reason))


@dataclass(frozen=True, slots=True)
class FetchReport:
    """The recorded state of one run; `announced` is the Eastern day of the batch, None when there was none."""

    state: FetchState
    announced: date | None = None
    categories: Mapping[str, CategoryReport] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Morning:
    """What the verdict on one category needs to know besides its own items."""

    feed: Feed
    unseen: AbstractSet[str]
    fresh: bool
    day: date
    expected: date
    today: date
    reached: date | None
    cut: AbstractSet[str]
    free: AbstractSet[date]
    steady: AbstractSet[str]


def failure(categories: Iterable[str], reason: str) -> FetchReport:
    """Report a run in which no category could be read at all."""
    return FetchReport("failed", None, {category: CategoryReport("failed", reason=reason) for category in categories})


def assess(
    categories: Sequence[str],
    feed: Feed,
    *,
    unseen: AbstractSet[str],
    confirmed: Mapping[str, date | None],
    server_now: datetime,
    aliases: Mapping[str, str] | None = None,
    cut: AbstractSet[str] | None = None,
    faults: Mapping[str, str] | None = None,
    free: AbstractSet[date] | None = None,
    steady: AbstractSet[str] = frozenset(),
) -> FetchReport:
    """Decide what the feed means, per category and overall.

    Args:
        categories: the categories asked for, as the reader writes them.
        feed: the answer to one request for all of them.
        unseen: identifiers of new and cross items that were never seen as announced before.
        confirmed: last confirmed announcement day of each category, None or absent before the first.
        server_now: the server's time (aware), which wins over a wrong local clock.
        aliases: other names of a category to the one used, such as `cs.NA` to `math.NA`.
        cut: categories whose answer has the length at which arXiv cuts it; all of them for a feed of that length when
            None.
        faults: categories that could not be read, and why.
        free: arXiv's holidays; the bundled ones when None.
        steady: categories that had papers in every announcement lately, so that none at all needs another witness.
    """
    names, broken = aliases or {}, faults or {}
    short = (set(categories) if feed.truncated else set()) if cut is None else cut
    listings = {category: _listing(category, feed.items, names) for category in categories if category not in broken}
    read_before = [item for category, items in listings.items() if confirmed.get(category) for item in items]
    evenings = holidays() if free is None else free
    morning = _morning(feed, read_before, unseen, confirmed, server_now, short, evenings, steady)
    reports = {
        category: CategoryReport("failed", reason=broken[category])
        if category in broken
        else _report(category, listings[category], confirmed.get(category), morning)
        for category in categories
    }
    state = overall([report.state for report in reports.values()])
    return FetchReport(state, _batch_day(state, reports, morning), reports)


def _morning(
    feed: Feed,
    witnesses: Sequence[Item],
    unseen: AbstractSet[str],
    confirmed: Mapping[str, date | None],
    server_now: datetime,
    cut: AbstractSet[str],
    free: AbstractSet[date],
    steady: AbstractSet[str],
) -> _Morning:
    """Settle what all categories share: whether the batch is fresh, and of which day.

    The papers of categories that were read before are the witnesses: in one that is read for the first time everything
    is unseen, also in a batch that is old.
    """
    today, expected = eastern_day(server_now), expected_day(server_now, free)
    reached = max((day for day in confirmed.values() if day), default=None)
    fresh = _are_fresh(witnesses or feed.items, unseen)
    own = min(feed.day or expected, today)
    day = own if reached is None or own > reached else max(expected, own)
    return _Morning(feed, unseen, fresh, day, expected, today, reached, cut, free, steady)


def _are_fresh(items: Iterable[Item], unseen: AbstractSet[str]) -> bool:
    """Whether a listing is of a batch that was never read.

    A paper is announced as new once, so where all new ones are known the batch is old, even with a cross-list that was
    never seen: the records that an announcement may have been caught up from do not tell every cross-list.
    """
    listed: dict[str, set[str]] = {"new": set(), "cross": set()}
    for item in items:
        if item.type in listed:
            listed[item.type].add(item.paper.id)
    return bool((listed["new"] or listed["cross"]) & unseen)


def _listing(category: str, items: Iterable[Item], aliases: Mapping[str, str]) -> list[Item]:
    """Pick the items whose paper lists the category under any of its names; a whole archive has all its categories."""
    wanted = aliases.get(category, category)

    def listed(item: Item) -> set[str]:
        names = {aliases.get(name, name) for name in item.paper.categories}
        return names | {name.partition(".")[0] for name in (*names, *item.paper.categories)}

    return [item for item in items if wanted in listed(item)]


def _report(category: str, items: Sequence[Item], confirmed: date | None, morning: _Morning) -> CategoryReport:
    state, reason = _verdict(category, items, confirmed, morning)
    types = [item.type for item in items]
    replaced = types.count("replace") + types.count("replace-cross")
    return CategoryReport(state, types.count("new"), types.count("cross"), replaced, reason)


def _verdict(
    category: str, items: Sequence[Item], confirmed: date | None, morning: _Morning
) -> tuple[CategoryState, str]:
    """Name the state of one category and why."""
    if not morning.feed.items:
        return _empty(morning)
    if category in morning.cut and (morning.fresh or confirmed is None or confirmed < morning.expected):
        return "truncated", "the feed holds exactly 2000 items: the oldest new papers are cut off"
    told = (_beside_fresh if morning.fresh else _repeated)(items, confirmed, morning)
    read = confirmed is not None and confirmed >= morning.expected
    if told == _NOTHING and not read and category in morning.steady:
        return "stale", f"{_NOTHING[1]}, although it had papers in all its last ones"
    return told


def _empty(morning: _Morning) -> tuple[CategoryState, str]:
    """Read a feed without items: rightly empty on some days, never on a working day."""
    if morning.feed.size:
        return "failed", f"none of the {morning.feed.size} entries of the feed could be read"
    if morning.today.weekday() >= 5:
        return "quiet", "no announcement on a weekend"
    if may_be_quiet(morning.today, morning.free):
        return "quiet", "no announcement: a holiday of arXiv's calendar"
    return "stale", f"the feed is empty on a working day; the batch of {_awaited(morning)} is not out yet"


def _beside_fresh(items: Sequence[Item], confirmed: date | None, morning: _Morning) -> tuple[CategoryState, str]:
    """Read one category of a batch that brought unseen papers for at least one of them.

    A paper is announced as new once, so known ones alone mean an old batch; a cross-list may well be known already.
    """
    if _are_fresh(items, morning.unseen):
        return "announced", ""
    if not items:
        return _NOTHING
    if any(item.type == "new" for item in items) and confirmed and confirmed < morning.day:
        return "stale", f"only papers announced before, while others have the batch of {_name(morning.day)}"
    return "announced", ""


def _repeated(items: Sequence[Item], confirmed: date | None, morning: _Morning) -> tuple[CategoryState, str]:
    """Read a feed that repeats known papers: a second run on a confirmed day, or a batch that is late."""
    known = confirmed is not None and morning.expected <= confirmed
    if not known and not (confirmed and any(item.type == "new" for item in items)):
        # Others of the batch vouch for this category; only replacements tell nothing, so the feed's date must do.
        known = _reached(morning) or (_only_replacements(morning.feed) and morning.day >= morning.expected)
    if known:
        return ("announced", "") if items else _NOTHING
    if may_be_quiet(morning.expected, morning.free):
        return "quiet", "no newer announcement: a holiday of arXiv's calendar"
    return "stale", f"the feed repeats papers announced before; the batch of {_awaited(morning)} is expected"


def _reached(morning: _Morning) -> bool:
    return morning.reached is not None and morning.expected <= morning.reached


def _only_replacements(feed: Feed) -> bool:
    return all(item.type in ("replace", "replace-cross") for item in feed.items)


def _awaited(morning: _Morning) -> str:
    """Name the batch that is expected, and say so where nobody knows whether its day is a holiday."""
    until = known_until(morning.free)
    listed = until is not None and morning.expected <= until
    doubt = "" if listed else f" (perhaps a holiday: none of {morning.expected.year} is listed, see triage doctor)"
    return f"{_name(morning.expected)}{doubt}"


def _name(day: date) -> str:
    return f"{day:%a} {day.isoformat()}"


def overall(states: Sequence[CategoryState]) -> FetchState:
    """Fold the categories' states into one: anything that lacks a part of the batch beside a good part is partial."""
    kinds = set(states)
    if kinds <= {"quiet"}:
        return "quiet"
    if kinds <= {"announced", "quiet"}:
        return "announced"
    if kinds <= {"stale", "quiet"}:
        return "stale"
    return "failed" if kinds <= {"failed"} else "partial"


def _batch_day(state: FetchState, reports: Mapping[str, CategoryReport], morning: _Morning) -> date | None:
    """Tell the day of the batch: of the unseen papers, else of the confirmed batch that the feed repeats."""
    if morning.fresh:
        return morning.day
    if any(report.state == "truncated" for report in reports.values()):
        return morning.day
    if state in ("announced", "partial") and any(report.state == "announced" for report in reports.values()):
        return morning.reached if _reached(morning) else morning.day
    return None
