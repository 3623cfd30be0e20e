"""The session in the terminal: one list, one abstract, one cup, and the end of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.tui.session import Diary, Outcome, Progress, Rations, Session

if TYPE_CHECKING:
    from triage.tui.app import CoffeeApp

__all__ = ["CoffeeApp", "Diary", "Outcome", "Progress", "Rations", "Session"]


def __getattr__(name: str) -> object:
    """Load the screen only where it is asked for: the session in plain lines needs none."""
    if name == "CoffeeApp":
        from triage.tui.app import CoffeeApp

        return CoffeeApp
    raise AttributeError(f"module 'triage.tui' has no attribute {name!r}")
