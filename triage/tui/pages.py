"""What the morning shows: the list with its abstract, or the note of a morning without a list."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from triage.text import clean
from triage.tui import phrases, stages
from triage.tui.closing import Closing


class Pages(Closing):
    """The part that turns from one page to the other."""

    def _open_first(self) -> None:
        """Choose the first page, before anything is drawn."""
        if self.desk.papers:
            self._open_list()
        elif self._newer.running:
            self._morning.show_note(phrases.looking(""))
        else:
            self._open_note()
        if self._stage is not stages.NOTHING:  # its page holds the line
            self._greet()
        self._morning.keep_time(self._share_used())

    def _greet(self) -> None:
        """Say the greeting, or keep it for after the first key where the rule has to say what the day is first."""
        if self._stage is stages.LIST and phrases.standing(self._shortlist):
            self._next_said = self._session.greeting
        else:
            self._say("said", self._session.greeting)

    def _open_list(self) -> None:
        """Show the list; the clock starts once it has been painted and there is something to judge."""
        self._stage = stages.LIST
        self._tell_day()
        self._say("state", phrases.standing(self._shortlist))
        self._morning.show_list()
        if self._morning.is_mounted:
            self._begin_list()

    def _begin_list(self) -> None:
        """Let the first paint of a list with something to judge start the clock."""
        if self.desk.done:
            self._close_list()
        else:
            self.call_after_refresh(self._start_clock)

    def _bring_back(self) -> None:
        """Lay out the deployed ranker's list again, in its own order."""
        if self._put_by is not None:
            (self._shortlist, papers), self._put_by = self._put_by, None
            self.desk.lay(papers)
            self._show_again()

    def _show_again(self) -> None:
        self._tell_day()
        self._morning.show_list()

    def _open_note(self) -> None:
        """Show the page of a morning without a list; it costs nothing."""
        self._stage = stages.NOTHING if self._shortlist.state == "nothing-worth-it" else stages.NOTE
        self._tell_day()
        self._last_input = self._session.monotonic()
        note = phrases.morning(self._shortlist, self._session.next_announcement)
        if self._session.greeting and self._stage is stages.NOTHING:
            note = replace(note, lines=(*note.lines, clean(self._session.greeting)))
        self._morning.show_note(note, rest=bool(self._shortlist.left_out))

    def _remember(self) -> None:
        """Tell the store what is laid out; an offer that was not taken is not remembered."""
        self._attempt(partial(self._session.shown, self._shortlist))

    def _tell_day(self) -> None:
        other = self._shortlist.ranker if self._put_by else ""
        headings = phrases.headings(self._shortlist, len(self.desk.papers), other)
        self._morning.head(headings, phrases.left_out(self._shortlist))
