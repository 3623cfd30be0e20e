"""`Store`: one SQLite file with papers, vectors, scores, the ledger, verdicts and the outbox."""

from __future__ import annotations

from triage.store.backup import back_up
from triage.store.dwells import Dwells
from triage.store.kept import Gone, Kept, KeptList
from triage.store.ledger import Ending, Ledger
from triage.store.notebook import Entry, Notebook
from triage.store.notes import Note, Notes
from triage.store.outbox import Mail, Outbox, Streak
from triage.store.papers import Added
from triage.store.rankings import Ranking, Scored, Shown
from triage.store.retention import Retention
from triage.store.reviews import Reviews
from triage.store.runs import Run, Runs
from triage.store.search import Found, Search
from triage.store.shared import Shared
from triage.store.tags import Tags
from triage.store.whole import REBUILDABLE, Whole

__all__ = [
    "REBUILDABLE",
    "Added",
    "Ending",
    "Entry",
    "Found",
    "Gone",
    "Kept",
    "Mail",
    "Note",
    "Ranking",
    "Run",
    "Scored",
    "Shown",
    "Store",
    "Streak",
    "back_up",
]


class Store(
    Runs,
    Retention,
    Reviews,
    KeptList,
    Notes,
    Tags,
    Shared,
    Search,
    Dwells,
    Ledger,
    Notebook,
    Outbox,
    Whole,
):
    """Everything triage remembers, in one SQLite file; `Store()` keeps it in memory.

    Each room of the store is a class in a file of its own; all writes go through `Connection.write`. Only this
    package ever sees a row.
    """
