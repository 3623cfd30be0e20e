"""Read the arXiv most mornings with a coffee, and when the coffee is finished, close the tab."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.deferred import deferred

if TYPE_CHECKING:
    from triage.budget import Shortlist
    from triage.errors import TriageError
    from triage.paper import Paper, ScoredPaper, Verdict
    from triage.pipeline import refresh, shortlist
    from triage.profile import Profile
    from triage.store import Store

__version__ = "0.1.0"

__all__ = [
    "Paper",
    "Profile",
    "ScoredPaper",
    "Shortlist",
    "Store",
    "TriageError",
    "Verdict",
    "refresh",
    "shortlist",
]

_HOME = {
    "Paper": "paper",
    "Profile": "profile",
    "ScoredPaper": "paper",
    "Shortlist": "budget",
    "Store": "store",
    "TriageError": "errors",
    "Verdict": "paper",
    "refresh": "pipeline",
    "shortlist": "pipeline",
}
"""Resolved on first use, so that `triage --help` stays a twentieth of a second."""

__getattr__ = deferred(__name__, _HOME)
