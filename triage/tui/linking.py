"""Ways out: links to the browser, to one in this terminal or to the clipboard, and the profile to its editor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.errors import TriageError
from triage.tui.judging import Judging
from triage.tui.outside import Outside

if TYPE_CHECKING:
    from triage.paper import ScoredPaper


class Linking(Judging, Outside):
    """The part that hands links and profiles on."""

    def action_open_page(self) -> None:
        """Open the abstract page."""
        if scored := self.desk.current:
            self._open_link(scored, scored.paper.url, "open_page")

    def action_open_pdf(self) -> None:
        """Open the PDF."""
        if scored := self.desk.current:
            self._open_link(scored, scored.paper.pdf_url, "open_pdf")

    def _open_link(self, scored: ScoredPaper, link: str, action: str) -> None:
        """Record that the paper was opened, once, and hand the link to the browser or to the reader.

        Where the coffee no longer holds enough of a first pass, the first press says that it is better kept for later,
        and only a second one opens.
        """
        if self._better_kept(scored, action):
            return
        if not self.desk.opened(scored.paper.id) and not self._commit(scored, "open"):
            return
        self._morning.redraw()
        if command := self._session.terminal_browser(link):
            self._dwell.open()
            self._run_outside(command, self._dwell.focus)
        elif self._session.open_link(link):
            self._dwell.open()
            self._say("said", f"opened {link}")
        else:
            self._copy(link, f"no browser here, so it was copied: {link}")

    def action_edit_profile(self) -> None:
        """Edit the profile that the paper was ranked for; what it changes comes with the next ranking."""
        here = self.desk.current
        name = here.profile if here else self._shortlist.profiles[0]
        self._run_outside(self._session.profile_editor(name), called="triage profile edit")

    def action_copy_link(self) -> None:
        """Copy the link of the abstract page."""
        if scored := self.desk.current:
            self._copy(scored.paper.url, f"copied {scored.paper.url}")

    def action_copy_bibtex(self) -> None:
        """Copy the paper as a BibTeX entry."""
        if scored := self.desk.current:
            self._copy(self._session.bibtex(scored.paper), f"copied the BibTeX entry of {scored.paper.id}")

    def _copy(self, text: str, done: str) -> None:
        """Hand a text to the terminal's clipboard (OSC 52) and, as not every terminal has one, to a file."""
        self.copy_to_clipboard(text)
        try:
            where = self._session.copied(text)
        except TriageError as fault:
            self._say("said", str(fault))
        else:
            self._say("said", f"{done} (also in {where})")
