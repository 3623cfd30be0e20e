"""Where a session stands: after how many quiet seconds it closes by itself, and as what."""

from __future__ import annotations

from dataclasses import dataclass

from triage.tui.session import Outcome

CARD_S = 20.0
"""A closing card, and the page of a morning with nothing worth it, go away after so many seconds of nothing."""

IDLE_S = 300.0
"""Without a key or the mouse for so many seconds the session closes: nobody is there."""

GRACE_S = 60.0
"""A note that is being written when the coffee ends gets so many seconds, once."""

WAIT_S = 180.0
"""The longest wait for the first list of the day, in seconds; then it is what there is."""

TYPING_S = 2.0
"""Who was writing when the closing card came has seen it when no key was pressed for so many seconds."""

LOW = 0.8
"""The share of the coffee after which the cup changes."""


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """One of the stages below; they are told apart by identity."""

    patience_s: float
    outcome: Outcome


WAITING = Stage(float("inf"), Outcome.NOTHING)
"""No list yet: the refresh is on its way."""

NOTE = Stage(IDLE_S, Outcome.NOTHING)
"""A page without a list, until it is put away."""

NOTHING = Stage(CARD_S, Outcome.NOTHING)
"""Nothing is worth the coffee: the page goes away by itself."""

LIST = Stage(IDLE_S, Outcome.IDLE)
"""The list, and the clock runs."""

PAUSED = Stage(float("inf"), Outcome.CLOSED)
"""The list is covered and the clock rests."""

REFILLING = Stage(float("inf"), Outcome.COFFEE_FINISHED)
"""The card, and the wait before five more minutes."""

LIST_OVER = Stage(CARD_S, Outcome.LIST_FINISHED)
"""The card after the last paper was judged."""

COFFEE_OVER = Stage(CARD_S, Outcome.COFFEE_FINISHED)
"""The card after the last minute."""
