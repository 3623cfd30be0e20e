"""Two stages: which papers the careful encoder reads, so that most of what it would say costs a fifth of the time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage.paper import Paper

SHARE = 5
"""One paper in so many goes to the second stage."""

PANEL = 180
"""Ordinary papers that the careful encoder reads to learn its frame: enough to half-whiten, cheap enough to renew."""

PANEL_OF = 5000
"""The newest stored papers that the panel is drawn from: each day renews it only in its own proportion to these."""


def best_share(scores: Mapping[str, float]) -> list[str]:
    """Give the identifiers of the best fifth, rounded up, best first; ties go by identifier."""
    ranked = sorted(scores, key=lambda name: (-round(scores[name], 9), name))
    return ranked[: -(-len(ranked) // SHARE)]


def panel(papers: Iterable[Paper], size: int = PANEL) -> list[Paper]:
    """Draw ordinary papers by the hash of their identifier: the same ones again as long as they are there."""
    return sorted(papers, key=lambda paper: hashlib.sha256(paper.id.encode()).digest())[:size]
