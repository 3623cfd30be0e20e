"""The session in the terminal: one list, one abstract, one cup, and the end of it."""

from __future__ import annotations

from triage.tui.app import CoffeeApp
from triage.tui.session import Outcome, Progress, Session

__all__ = ["CoffeeApp", "Outcome", "Progress", "Session"]
