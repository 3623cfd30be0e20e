"""Verdicts in the session: committed before the screen answers, and taken back one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.budget import first_pass_seconds, worth_opening
from triage.errors import TriageError
from triage.paper import Verdict
from triage.text import clean
from triage.tui import phrases, stages
from triage.tui.card import Card
from triage.tui.pages import Pages

if TYPE_CHECKING:
    from triage.paper import ScoredPaper, VerdictKind


class Judging(Pages):
    """The part that keeps, dismisses, opens and takes back."""

    def action_keep(self) -> None:
        """Keep the paper."""
        self._judge("keep")

    def action_dismiss(self) -> None:
        """Dismiss the paper."""
        self._judge("dismiss")

    def _judge(self, kind: VerdictKind) -> None:
        """Judge the one paper of the closing card, otherwise the one under the cursor."""
        if scored := self.screen.subject if isinstance(self.screen, Card) else self.desk.current:
            self._judge_paper(scored, kind)

    def _judge_paper(self, scored: ScoredPaper, kind: VerdictKind, reason: str = "") -> None:
        """Commit first, then show."""
        if (reason or self.desk.mark(scored.paper.id) != kind) and not self._commit(scored, kind, reason):
            return
        if isinstance(self.screen, Card):
            self.screen.redraw()
            return
        self.desk.advance()
        self._morning.redraw()
        if self.desk.done and self._put_by is None:
            self._close_list()

    def _commit(self, scored: ScoredPaper, kind: VerdictKind, reason: str = "") -> bool:
        """Record a verdict; where that fails the screen stays as it is and says so."""
        verdict = Verdict(scored.paper.id, kind, self._session.now(), scored.profile, clean(reason))
        try:
            self._session.record(verdict)
        except TriageError as fault:
            self._say("said", str(fault))
            return False
        self.desk.note(verdict)
        self._dwell.judge(kind)
        return True

    def action_undo(self) -> None:
        """Take back the newest verdict of the day, also one from an earlier session."""
        try:
            verdict = self._session.undo()
        except TriageError as fault:
            self._say("said", str(fault))
            return
        if verdict is None:
            self._say("said", "there is nothing to take back")
            return
        card = self.screen if isinstance(self.screen, Card) else None
        self._forget(verdict, move=self._stage is not stages.COFFEE_OVER)
        self._say("said", f"taken back: {verdict.kind} of {verdict.paper_id}")
        if card and self._stage is stages.COFFEE_OVER:
            card.redraw()
        elif card:
            self._lift_sheets()
            self._open_list()

    def _forget(self, verdict: Verdict, *, move: bool) -> None:
        """Show that a verdict is gone; on the closing card the cursor stays where the time ran out."""
        here = self.desk.cursor
        self.desk.forget(verdict)
        if not move:
            self.desk.jump(here)
        self._morning.redraw()

    def _better_kept(self, scored: ScoredPaper, action: str) -> bool:
        """Offer to keep a paper for later that a first pass would not fit any more; once for each paper.

        `action` is what was pressed, and what opens the paper all the same.
        """
        left_s, reader = self._session.countdown.left(), self._session.reader
        if scored.paper.id in self._told or worth_opening(scored.paper, left_s, reader):
            return False
        self._told.add(scored.paper.id)
        keep, again = (self.keys.name(name) for name in ("keep", action))
        self._say("said", phrases.keep_for_later(first_pass_seconds(scored.paper, reader), keep=keep, again=again))
        return True
