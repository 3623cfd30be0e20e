"""The refresh in the background: heard in one line, offered and never pushed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.tui import phrases, stages
from triage.tui.newer import difference
from triage.tui.pages import Pages

if TYPE_CHECKING:
    from triage.budget import Shortlist


class Background(Pages):
    """The part that hears of newer papers."""

    def _listen(self, now: float) -> None:
        """Hear how the refresh is doing, and take in its end."""
        heard = self._newer.ask(now, waited_for=self._stage in (stages.WAITING, stages.NOTE))
        if heard is None:
            return
        progress, newer = heard
        if progress.state == "running":
            if newer and newer.papers and self._stage is stages.WAITING:
                self._take(newer)  # what the careful encoder makes of it is offered later
            self._report(progress.line)
            return
        self._say("work", "")
        self._say("failure", progress.line if progress.state == "failed" else "")
        self._refreshed(newer or self._shortlist)

    def _report(self, line: str) -> None:
        if self._stage is stages.WAITING:
            self._morning.show_note(phrases.looking(line))
        else:
            self._say("work", line)

    def _refreshed(self, newer: Shortlist) -> None:
        """The refresh is over: show its list when one was waited for, otherwise only offer it."""
        if self._stage is stages.WAITING or (self._stage is stages.NOTE and not newer.papers):
            self._take(newer)
            return
        fresh, wanted = difference(self._shortlist, newer, self.desk.shown)
        self._offer = newer if wanted else None
        if fresh or wanted:
            self._say("offer", phrases.offer(fresh, wanted))
        if self._stage is stages.LIST and self.desk.done:
            self._close_list()

    def _take(self, newer: Shortlist) -> None:
        """Lay out a newer list; the paper under the cursor and those judged stay where they are."""
        self._shortlist, self._offer = newer, None
        self.desk.take_in(newer.papers)
        self._say("offer", "")
        if self.desk.papers:
            self._remember()
            self._open_list()
        else:
            self._open_note()

    def action_take_in(self) -> None:
        """Take in what was offered."""
        if self._offer is None:
            self._say("said", "there is nothing newer")
        else:
            self._bring_back()
            self._take(self._offer)
