"""What an export is made of: a paper with the reader's own words, tags and day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage.paper import Paper


@dataclass(frozen=True, slots=True)
class Entry:
    """One paper on its way out: when it was kept (aware, UTC; None where it was not) and what the reader added."""

    paper: Paper
    kept: datetime | None = None
    day: date | None = None
    note: str = ""
    tags: tuple[str, ...] = ()
