"""Read the arXiv most mornings with a coffee, and when the coffee is finished, close the tab."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

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


def __getattr__(name: str) -> object:
    """Resolve the public names on first use, so that `triage --help` stays a twentieth of a second."""
    if name not in _HOME:
        raise AttributeError(f"module 'triage' has no attribute {name!r}")
    return getattr(import_module(f"triage.{_HOME[name]}"), name)
