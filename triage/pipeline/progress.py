"""How a long task tells of its steps; light, since nearly everything here takes it."""

from __future__ import annotations

from collections.abc import Callable

NEW_MODEL = "new model"
"""The step that says what a model will cost before it reads anything: told without a terminal too."""

Progress = Callable[[str, str, int, "int | None"], None]
"""Told of each step: its name, what it works on, how many are done, and of how many (None: not known)."""


def silent(step: str, what: str, done: int, total: int | None) -> None:
    """Tell nobody."""
