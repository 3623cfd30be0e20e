"""How narrow a focus is: how far ordinary papers reach into it, and how near its liked papers lie to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage.rank.records import Values

_FEWEST = 150
"""Ordinary papers from which on the nearest hundredth of them is told apart."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Two facts about a focus, in deviations; None where one cannot be known.

    `reach` is how near the nearest hundredth of the ordinary papers comes to the words of the statement: the nearer,
    the more of the field it speaks of. `cohesion` is how alike the liked papers are: what likeness a paper of their
    kind can be expected to have. How near ordinary papers come in meaning told less than the words.
    """

    reach: float | None = None
    cohesion: float | None = None


def nearest_hundredth(z: Values) -> float | None:
    """Mean of the largest hundredth of the ordinary papers' likenesses; None while they are few."""
    import numpy as np

    ranked = np.sort(z)
    return float(ranked[-(len(ranked) // 100) :].mean()) if len(ranked) >= _FEWEST else None
