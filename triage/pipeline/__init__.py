"""The morning run, wired once for both front ends: `refresh` brings and ranks the day, `shortlist` makes the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.deferred import deferred
from triage.pipeline.pull import Pulled, pull  # here and now: the function has the name of its file

if TYPE_CHECKING:
    from triage.pipeline.archive import Best, best_stored, similar
    from triage.pipeline.coffee import remember, shortlist
    from triage.pipeline.figures import Statistics, statistics
    from triage.pipeline.intake import Refreshed, refresh
    from triage.pipeline.library import KeptPaper, KeptPapers, kept_papers
    from triage.pipeline.met import met_in_mails
    from triage.pipeline.order import rank_pool
    from triage.pipeline.outlook import Line, Move, Preview, preview
    from triage.pipeline.retention import Outlived, Pruned, Term, counted, outlived, prune
    from triage.pipeline.review import replays
    from triage.pipeline.rivals import deployed
    from triage.pipeline.shared import bring_shared, rank_shared
    from triage.pipeline.standing import arxiv_now
    from triage.pipeline.timing import due, looks, next_look

__all__ = [
    "Best",
    "KeptPaper",
    "KeptPapers",
    "Line",
    "Move",
    "Outlived",
    "Preview",
    "Pruned",
    "Pulled",
    "Refreshed",
    "Statistics",
    "Term",
    "arxiv_now",
    "best_stored",
    "bring_shared",
    "counted",
    "deployed",
    "due",
    "kept_papers",
    "looks",
    "met_in_mails",
    "next_look",
    "outlived",
    "preview",
    "prune",
    "pull",
    "rank_pool",
    "rank_shared",
    "refresh",
    "remember",
    "replays",
    "shortlist",
    "similar",
    "statistics",
]

_HOME = {
    "Best": "archive",
    "KeptPaper": "library",
    "KeptPapers": "library",
    "Line": "outlook",
    "Move": "outlook",
    "Outlived": "retention",
    "Preview": "outlook",
    "Pruned": "retention",
    "Refreshed": "intake",
    "Statistics": "figures",
    "Term": "retention",
    "arxiv_now": "standing",
    "best_stored": "archive",
    "bring_shared": "shared",
    "counted": "retention",
    "deployed": "rivals",
    "due": "timing",
    "kept_papers": "library",
    "looks": "timing",
    "met_in_mails": "met",
    "next_look": "timing",
    "outlived": "retention",
    "preview": "outlook",
    "prune": "retention",
    "rank_pool": "order",
    "rank_shared": "shared",
    "refresh": "intake",
    "remember": "coffee",
    "replays": "review",
    "shortlist": "coffee",
    "similar": "archive",
    "statistics": "figures",
}
"""Resolved on first use: a session that only lists what is stored loads nothing that fetches."""

__getattr__ = deferred(__name__, _HOME)
