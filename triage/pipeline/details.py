"""What only the API knows: the texts of the seeds, and the page counts of what was announced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from triage import fetch
from triage.errors import TriageError

if TYPE_CHECKING:
    from triage.fetch import Wire
    from triage.paper import Paper
    from triage.pipeline.progress import Progress
    from triage.profile import Profile
    from triage.store import Store

AGAIN = timedelta(days=7)
"""How long the API is asked again for a paper that it does not know yet."""


@dataclass(slots=True)
class Api:
    """The questions of one run to the API: each paper is asked for once, and after a fault none is."""

    store: Store
    wire: Wire
    now: datetime
    progress: Progress
    fault: TriageError | None = None
    asked: set[str] = field(default_factory=set)

    def ask(self, what: str, wanted: Sequence[str]) -> dict[str, Paper]:
        """Store what the API knows of the papers, and give it."""
        fresh = [one for one in wanted if one not in self.asked]
        if not fresh or self.fault:
            return {}
        self.asked.update(fresh)
        self.progress("asking", what, 0, len(fresh))
        try:
            found = fetch.read_papers(self.wire, fresh)
        except TriageError as fault:
            self.fault = fault
            return {}
        self.store.add_papers(found.values(), at=self.now)
        self.progress("asking", what, len(found), len(fresh))
        return found

    @property
    def notes(self) -> list[str]:
        """What could not be asked."""
        return [f"{self.fault}; page counts and seeds are asked for again at the next run"] if self.fault else []


def ask_examples(api: Api, profiles: Sequence[Profile]) -> list[str]:
    """Ask for the seeds and the shared papers whose text is not stored yet; page counts fill the request."""
    seeds = [seed for profile in profiles for seed in (*profile.seeds, *profile.avoid_seeds)]
    stored = api.store.known(seeds)
    missing = [seed for seed in dict.fromkeys(seeds) if seed not in stored]
    shared = api.store.unread_shared((api.now - timedelta(days=1)).date())
    wanted = [*missing, *(one for one in shared if one not in missing)]
    room = -len(wanted) % fetch.BATCH
    found = api.ask("seeds", [*wanted, *_without_pages(api.store)[:room]]) if wanted else {}
    unknown = [] if api.fault else [one for one in wanted if one not in found]
    return [f"arXiv does not know {', '.join(unknown)}; check the seeds of the profile"] if unknown else []


def ask_page_counts(api: Api) -> bool:
    """Ask for the page counts of the new papers; True where a text is newer than the one that was embedded."""
    before = api.store.papers(_without_pages(api.store))
    found = api.ask("page counts", list(before))
    return any(paper.version > before[one].version for one, paper in found.items())


def _without_pages(store: Store) -> list[str]:
    days = store.announcement_days(most=1)
    return store.wanting_details(days[0] - AGAIN) if days else []
