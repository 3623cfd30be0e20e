"""Search in the list: the cursor goes along while the words are typed, and comes back when they are given up."""

from __future__ import annotations

from textual import on
from textual.widgets import Input

from triage.tui.pages import Pages


class Searching(Pages):
    """The part that finds a paper on the list by its words."""

    def action_search(self) -> None:
        """Ask for words below the list."""
        self._morning.begin_search()

    @on(Input.Changed, "#search")
    def follow_search(self, event: Input.Changed) -> None:
        """Go to the first paper that matches, from where the search began."""
        self._morning.follow(event.value)
        self._tell_match()

    @on(Input.Submitted, "#search")
    def keep_search(self) -> None:
        """Leave the words marked in the list, for the keys that go from match to match."""
        self._morning.end_search()
        self._tell_match()

    @on(Input.Blurred, "#search")
    def leave_search(self) -> None:
        """Put a line away that does not get the keys any more, as on a page that has become too small for it."""
        if self.app_focus and self._morning.focused is None:
            self._morning.end_search()

    def _give_up_search(self) -> None:
        """Put the cursor back where it was."""
        self._morning.end_search(give_up=True)
        self._say("said", "")

    def action_next_match(self) -> None:
        """To the next paper that matches, round the end of the list."""
        self._step(1)

    def action_previous_match(self) -> None:
        """To the one before."""
        self._step(-1)

    def _step(self, step: int) -> None:
        rows, here = self.desk.matches(self._morning.query_words), self.desk.cursor
        if rows:
            ahead = [row for row in rows if (row > here if step > 0 else row < here)] or rows
            self.desk.jump(ahead[0 if step > 0 else -1])
            self._morning.redraw()
        self._tell_match()

    def _tell_match(self) -> None:
        """Say which of the matches the cursor is on."""
        words = self._morning.query_words
        rows = self.desk.matches(words)
        if not words.strip():
            self._say("said", "")
        elif not rows:
            self._say("said", f"nothing on the list matches {words.strip()}")
        else:
            place = f"{rows.index(self.desk.cursor) + 1} of " if self.desk.cursor in rows else ""
            self._say("said", f"{place}{len(rows)} with {words.strip()}")
