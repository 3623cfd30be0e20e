"""The refresh in the background, as the session hears of it, and what a newer list brings."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING

from triage.errors import TriageError
from triage.tui.session import Progress, Session

if TYPE_CHECKING:
    from triage.budget import Shortlist

ASK_S = 1.0
"""How often the refresh is asked, in seconds."""


class Newer:
    """Asks the refresh how it is doing; `running` is false where there is none, and from one look's end to another."""

    def __init__(self, session: Session) -> None:
        self._refresh, self._reload = session.refresh, session.reload
        self.running = self._refresh is not None and session.refreshing
        self._asked, self._early = float("-inf"), False

    def ask(self, now: float, *, waited_for: bool) -> tuple[Progress, Shortlist | None] | None:
        """How far it is, and the newer list once it is done; None when it is not time to ask, or nothing has begun.

        A list that was waited for is read as soon as one is ranked, and after a failure too: it says what kind of
        morning it is.
        """
        if self._refresh is None or now - self._asked < ASK_S:
            return None
        self._asked, before, newer = now, self.running, None
        try:
            progress = self._refresh()
            self.running = progress.state == "running"
            early = progress.listed and self.running and not self._early
            if before and (progress.state == "done" or (waited_for and (early or progress.state == "failed"))):
                newer = self._reload() if self._reload else None
            self._early = self.running and progress.listed
        except TriageError as fault:
            self.running, progress = False, Progress(str(fault), "failed")
        return (progress, newer) if before or self.running else None


def difference(present: Shortlist, newer: Shortlist, shown: Container[str]) -> tuple[int, int]:
    """Count the papers that were not known before, and those that are worth an offer.

    An offer is for new papers or for another ranker, never because a newer choice would fill the minutes that quick
    verdicts have left.
    """
    known = {scored.paper.id for scored in (*present.papers, *present.left_out)}
    fresh = {scored.paper.id for scored in (*newer.papers, *newer.left_out)} - known
    picked = {scored.paper.id for scored in newer.papers if scored.paper.id not in shown}
    same = (newer.ranker, newer.ranker_version) == (present.ranker, present.ranker_version)
    return len(fresh), len(picked & fresh if same else picked)
