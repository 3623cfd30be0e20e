"""Beyond the list: one paper from the rest by chance, and the list as the other ranker would have it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from triage.budget import draw_one
from triage.errors import TriageError
from triage.tui.pages import Pages


class Exploring(Pages):
    """The part that shows what the ranker missed, or would have chosen otherwise."""

    def action_draw_one(self) -> None:
        """Lay one paper from the rest at the end of the list, drawn by chance and recorded with its probability."""
        listed = self._shortlist
        rest = [one for one in listed.left_out if one.paper.id not in self.desk.shown]
        seed = f"{listed.announced}:{len(self.desk.shown)}"
        if (pick := draw_one(rest, seed=seed, place=len(self.desk.papers) + 1)) is None:
            self._say("said", "nothing is left to draw from")
            return
        self._attempt(partial(self._session.shown, replace(listed, papers=(pick,))))
        self.desk.add(pick)
        self._open_list()
        self._say("said", f"drawn by chance, one of {len(rest)}")

    def action_compare(self) -> None:
        """Show the list of the other ranker, or the first one again with everything as it was."""
        if self._put_by is not None:
            self._bring_back()
            return
        try:
            other = self._other or self._session.compare()
        except TriageError as fault:
            self._say("said", str(fault))
            return
        if not other.papers:
            self._say("said", f"{other.ranker} has ranked nothing yet: triage fetch")
            return
        self._put_by = self._shortlist, self.desk.papers
        self._shortlist = self._other = other
        self.desk.lay(other.papers)
        self._show_again()
