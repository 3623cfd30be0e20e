"""Papers that somebody pointed out: their texts brought and ranked, so that they compete in the next coffee."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from triage import fetch
from triage.errors import TriageError, Unavailable
from triage.pipeline.order import rank_days
from triage.pipeline.progress import Progress, silent
from triage.pipeline.vectors import embed_missing

if TYPE_CHECKING:
    from triage.embed import Encoder
    from triage.fetch import Wire
    from triage.profile import Profile
    from triage.store import Store


def bring_shared(
    store: Store, wire: Wire, *, today: date, now: datetime, progress: Progress = silent
) -> tuple[list[str], str]:
    """Ask arXiv for shared papers whose text is not stored: (those it does not know, why it could not be asked).

    What could not be asked for is asked for again by the next fetch.
    """
    wanted = store.unread_shared(today)
    if not wanted:
        return [], ""
    progress("asking", "shared papers", 0, len(wanted))
    try:
        found = fetch.read_papers(wire, wanted)
    except TriageError as fault:
        return [], str(fault)
    store.add_papers(found.values(), at=now)
    progress("asking", "shared papers", len(found), len(wanted))
    return [one for one in wanted if one not in found], ""


def rank_shared(
    store: Store,
    profiles: Sequence[Profile],
    *,
    encoder: Encoder | None,
    fast: Encoder | None,
    types: Sequence[str],
    today: date,
    now: datetime,
    progress: Progress = silent,
) -> None:
    """Put the shared papers into the order of the newest announcement, by the fast encoder where there is one.

    What the careful one would make of them, and of a profile that was edited meanwhile, is left to the next run.
    """
    papers = list(store.papers(store.shared(today)).values())
    if fast and papers:
        texts = [*(profile.statement for profile in profiles), *map(fast.paper_text, papers)]
        try:
            embed_missing(store, fast, texts, progress=progress)
        except Unavailable:
            fast = None
    if rank_days(store, profiles, encoder, types=types, at=now, progress=progress, fast=fast):
        store.reopen_run()
