"""The morning run, wired once for both front ends: `refresh` brings and ranks the day, `shortlist` makes the list."""

from __future__ import annotations

from triage.pipeline.coffee import remember, shortlist
from triage.pipeline.intake import Refreshed, due, refresh
from triage.pipeline.order import rank_pool

__all__ = ["Refreshed", "due", "rank_pool", "refresh", "remember", "shortlist"]
