"""The reader's own papers: the kept list put right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from triage import budget
from triage.budget.kept import Waiting, last_day, outgrown

if TYPE_CHECKING:
    from triage.paper import Paper
    from triage.store import Gone, Store


@dataclass(frozen=True, slots=True)
class KeptPaper:
    """One paper of the kept list: the local day it was kept on, the last day it stays, a first pass in seconds."""

    paper: Paper
    profile: str
    day: date
    last_day: date
    seconds: float


@dataclass(frozen=True, slots=True)
class KeptPapers:
    """The kept list, the oldest first, and what was let go just now; `coffee_s` is a usual coffee in seconds."""

    papers: tuple[KeptPaper, ...]
    let_go: tuple[Gone, ...]
    term_days: int
    coffee_s: float

    @property
    def seconds(self) -> float:
        """What a first pass over every paper takes."""
        return sum(one.seconds for one in self.papers)

    @property
    def coffees(self) -> float | None:
        """How many coffees the list holds; None where the profiles give no minutes."""
        return self.seconds / self.coffee_s if self.coffee_s else None


def kept_papers(
    store: Store,
    *,
    coffees_s: Sequence[float],
    today: date,
    at: datetime,
    local_day: Callable[[datetime], date],
) -> KeptPapers:
    """Let go what the list has outgrown, and give the rest.

    `coffees_s` are the coffees of the days to come, one a day, in seconds: as many days as a paper stays at most.
    `local_day` gives the reader's day of an instant.
    """
    term_days, held = len(coffees_s), [one for one in coffees_s if one > 0]
    waiting = [
        Waiting(one.paper.id, local_day(one.since), budget.first_pass_seconds(one.paper)) for one in store.kept()
    ]
    reasons = outgrown(waiting, today=today, term_days=term_days, room_s=sum(held))
    if reasons:
        store.let_go(reasons, at=at)
    known = {one.paper_id: one for one in waiting}
    papers = tuple(
        KeptPaper(one.paper, one.profile, day := known[one.paper.id].day, last_day(day, term_days), seconds)
        for one in store.kept()
        if (seconds := known[one.paper.id].seconds)
    )
    let_go = tuple(one for one in store.gone() if one.paper_id in reasons)
    return KeptPapers(papers, let_go, term_days, sum(held) / len(held) if held else 0.0)
