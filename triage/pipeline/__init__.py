"""The morning run, wired once for both front ends: `refresh` brings and ranks the day, `shortlist` makes the list."""

from __future__ import annotations

from triage.pipeline.coffee import remember, shortlist
from triage.pipeline.intake import Refreshed, due, next_look, refresh
from triage.pipeline.library import KeptPaper, KeptPapers, kept_papers, similar
from triage.pipeline.order import rank_pool
from triage.pipeline.pull import Pulled, pull
from triage.pipeline.review import replays
from triage.pipeline.rivals import deployed

__all__ = [
    "KeptPaper",
    "KeptPapers",
    "Pulled",
    "Refreshed",
    "deployed",
    "due",
    "kept_papers",
    "next_look",
    "pull",
    "rank_pool",
    "refresh",
    "remember",
    "replays",
    "shortlist",
    "similar",
]
