"""The morning run, wired once for both front ends: `refresh` brings and ranks the day, `shortlist` makes the list."""

from __future__ import annotations

from triage.pipeline.coffee import remember, shortlist
from triage.pipeline.figures import Statistics, statistics
from triage.pipeline.intake import Refreshed, due, looks, next_look, refresh
from triage.pipeline.library import KeptPaper, KeptPapers, kept_papers, similar
from triage.pipeline.order import rank_pool
from triage.pipeline.pull import Pulled, pull
from triage.pipeline.review import replays
from triage.pipeline.rivals import deployed
from triage.pipeline.standing import arxiv_now

__all__ = [
    "KeptPaper",
    "KeptPapers",
    "Pulled",
    "Refreshed",
    "Statistics",
    "arxiv_now",
    "deployed",
    "due",
    "kept_papers",
    "looks",
    "next_look",
    "pull",
    "rank_pool",
    "refresh",
    "remember",
    "replays",
    "shortlist",
    "similar",
    "statistics",
]
