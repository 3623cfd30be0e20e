"""Whether there is anything to fetch or to rank now, and when to look next; light, since every session asks it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

from triage import fetch
from triage.pipeline.standing import arxiv_now

if TYPE_CHECKING:
    from triage.profile import Profile
    from triage.store import Run, Store

OPEN = timedelta(days=14)
"""How long an announcement that was missed is a reason to fetch by itself."""


def looks(store: Store) -> list[datetime]:
    """When a batch that is late was looked for, oldest first; nothing once a run has read it.

    They are the newest runs of one Eastern day by arXiv's clock, up to the newest one, that did not bring what the
    calendar expects.
    """
    runs = store.last_runs(50)
    if not runs or not _is_late(runs[0]):
        return []
    ahead = timedelta(seconds=store.offset_s() or 0.0)
    day = fetch.eastern_day(runs[0].at + ahead)
    same = takewhile(lambda run: fetch.eastern_day(run.at + ahead) == day, runs)
    return [run.at for run in takewhile(lambda run: _is_late(run) or run.state == "failed", same)][::-1]


def next_look(store: Store) -> datetime | None:
    """When to ask again for a batch that was late at the last run; None when none was."""
    run = store.last_run()
    return run.at + fetch.LOOK_AGAIN if run and _is_late(run) else None


def _is_late(run: Run) -> bool:
    """Whether the calendar expected a batch that the run did not find, of one category at least."""
    return any(state == "stale" for state, _ in run.categories.values())


def due(
    store: Store,
    profiles: Sequence[Profile],
    now: datetime,
    *,
    ranker: str,
    free: AbstractSet[date] | None = None,
    patient: bool = False,
) -> bool:
    """Whether there is something to fetch or to rank.

    A newer announcement is expected, a run was killed or told to end early, or a profile was edited.

    With `patient`, a batch that was late is not asked for again before `next_look`.
    """
    newest = store.announcement_days(most=1)
    confirmed = store.confirmed(categories(profiles))
    again = next_look(store) if patient else None
    expected = fetch.expected_day(arxiv_now(store, now), free)
    behind = not newest or any(day is None or day < expected for day in confirmed.values())
    if (behind and (again is None or now >= again)) or _gap_to_fill(store, confirmed, now):
        return True
    if not newest:
        return False
    edited = (one for one in profiles if store.ranked_fingerprint(one.name, ranker, newest[0]) != one.fingerprint)
    return store.unfinished or any(edited)


def _gap_to_fill(store: Store, categories: Iterable[str], now: datetime) -> bool:
    """Whether a missed announcement may be asked for again: not more often than a batch that is late."""
    run = store.last_run()
    rested = run is None or now >= run.at + fetch.LOOK_AGAIN
    return rested and any(store.missed(name, now.date() - OPEN) for name in categories)


def categories(profiles: Iterable[Profile]) -> list[str]:
    """All categories of the profiles, each once, in their order."""
    return list(dict.fromkeys(category for profile in profiles for category in profile.categories))
