"""Moving and reading: rows, pages, and the sheets that are laid over the list and put away again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.errors import TriageError
from triage.tui import stages
from triage.tui.card import Card
from triage.tui.screens import Help, Sheet, Why
from triage.tui.searching import Searching

if TYPE_CHECKING:
    from triage.tui.widgets import PaperList


class Moving(Searching):
    """The part that moves the cursor and turns the pages."""

    def action_next_paper(self) -> None:
        """One row down, or one line on a sheet."""
        self._move(1)

    def action_previous_paper(self) -> None:
        """One row up, or one line on a sheet."""
        self._move(-1)

    def action_first_paper(self) -> None:
        """To the top."""
        self._move(-len(self.desk.papers), far=True)

    def action_last_paper(self) -> None:
        """To the bottom."""
        self._move(len(self.desk.papers), far=True)

    def _move(self, step: int, *, far: bool = False) -> None:
        if isinstance(self.screen, Sheet):
            self.screen.scroll(step * 1000 if far else step)
            return
        self.desk.move(step)
        self._morning.redraw()

    def action_page_on(self) -> None:
        """A page on, then the next paper."""
        self._page(1)

    def action_page_back(self) -> None:
        """A page back, then the previous paper."""
        self._page(-1)

    def _page(self, step: int) -> None:
        if isinstance(self.screen, Sheet):
            self.screen.scroll(step, page=True)
        elif not self._morning.page(step):
            self._move(step)

    def on_paper_list_picked(self, event: PaperList.Picked) -> None:
        """Take the row that was clicked."""
        self.desk.jump(event.row)
        self._morning.redraw()

    def action_read(self) -> None:
        """Enter: close what closes, otherwise the abstract on the full screen and back."""
        if isinstance(self.screen, Sheet) or self._stage is not stages.LIST:
            self.action_leave()
        else:
            self._morning.toggle_reading()

    async def action_back(self) -> None:
        """Esc: back to the list; it never ends the session, except where there is only a page to close."""
        if isinstance(self.screen, Sheet) or self._stage is not stages.LIST:
            self.action_leave()
        elif self._morning.query_words or self._morning.searching:
            self._give_up_search()
        else:
            self._morning.remove_class("-reading")

    def action_leave(self) -> None:
        """q: put a sheet away, otherwise finish early."""
        if isinstance(self.screen, Sheet) and not isinstance(self.screen, Card):
            self._save_writing()
            self.pop_screen()
            self._morning.redraw()
        else:
            self.finish()

    def action_interrupt(self) -> None:
        """Ctrl+C: close at once, with the exit code of an interrupt."""
        self._finish_with_words(return_code=130)

    async def action_quit(self) -> None:
        """Ctrl+Q: finish early from anywhere."""
        self._finish_with_words()

    def _finish_with_words(self, return_code: int = 0) -> None:
        """Finish when what was typed just before has arrived on the sheet, so that it is kept."""
        if self.focused is None or not self.focused.call_later(self.finish, return_code=return_code):
            self.finish(return_code=return_code)

    def action_help(self) -> None:
        """Show the table of keys, or put it away."""
        self._lay(Help(self.keys, self._glyphs))

    def action_why(self) -> None:
        """Show why the paper ranks where it does, or put it away."""
        if scored := self.desk.current:
            try:
                self._lay(Why(scored, self._session.explain(scored, self._shortlist), self._glyphs))
            except TriageError as fault:
                self._say("said", str(fault))

    def _lay(self, sheet: Sheet) -> None:
        here = self.screen
        if isinstance(here, Sheet):
            self.pop_screen()
        if type(here) is not type(sheet):
            self.push_screen(sheet)
