"""Which announcements a reader has met already, in sessions or in mails, and what came into them only afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage.store import Store

OPEN = timedelta(days=14)
"""For so long papers that arrived after their list come with the next one: as long as fetch fills gaps."""

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Met:
    """The newest announcement that was met, None before the first, and papers that came too late for theirs, by day.

    What was announced after `last` joins the next list, and so do the late ones; the others of their days do not.
    """

    last: date | None = None
    late: Mapping[date, AbstractSet[str]] = field(default_factory=dict)


def met_in_sessions(store: Store, today: date, types: Sequence[str]) -> Met:
    """What the sessions before the local day `today` showed."""
    last, at = store.last_session(today)
    if last is None:
        return Met()
    newest = next(iter(store.announcement_days(most=1)), last)
    return Met(last, store.came_late(last, at, newest - OPEN, types))


def met_in_mails(store: Store, recipient: str, types: Sequence[str]) -> Met:
    """What the mails to a recipient held; what one held that was refused for good is not met."""
    newest = next(iter(store.announcement_days(most=1)), None)
    if newest is None:
        return Met()
    first = store.first_refused(recipient) or newest
    last, at = store.last_mailed(recipient, newest)
    late = store.came_late(last, at, newest - OPEN, types) if last else {}
    return Met(last or first - _DAY, late)
