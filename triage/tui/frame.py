"""`Frame`: what every part of the session's app stands on: the session, the desk, the page, the line that speaks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual.app import App

from triage.budget import DwellClock
from triage.errors import TriageError
from triage.text import clean
from triage.tui import stages
from triage.tui.desk import Desk
from triage.tui.glyphs import ASCII, UNICODE
from triage.tui.keys import Keys
from triage.tui.newer import Newer
from triage.tui.screens import Morning, Sheet
from triage.tui.session import Outcome, Session

if TYPE_CHECKING:
    from triage.budget import Shortlist
    from triage.paper import Dwell, ScoredPaper

_SPOKEN = ("said", "offer", "trouble", "work", "failure", "state")
"""The lines that can stand in the rule, the most urgent first."""


class Frame(App[Outcome]):
    """The state that the parts share, each of them a class in a file of its own; `CoffeeApp` puts them together.

    `complaint` holds what could not be written at the very end, for the command line to print.
    """

    def __init__(self, session: Session) -> None:
        """Lay the papers on the desk; nothing is drawn yet."""
        super().__init__()
        self._session = session
        self._shortlist = session.shortlist
        self.keys = Keys(session.keys)
        self.desk = Desk(session.shortlist.papers, session.verdicts, session.notes)
        self.complaint = ""
        self._stage = stages.WAITING
        self._opened = self._last_input = session.monotonic()
        self._newer = Newer(session)
        self._offer: Shortlist | None = None
        self._other: Shortlist | None = None
        self._put_by: tuple[Shortlist, list[ScoredPaper]] | None = None
        """The deployed ranker's list while the other one's is shown."""
        self.away = False
        """Whether another program has the terminal."""
        self._warned = self._finished = False
        self._slept = session.asleep()
        self._dwell = DwellClock(session.reader, self._dwelt, monotonic=session.monotonic, now=session.now)
        self._lines: dict[str, str] = {}
        self._next_said = ""
        """What is said once the next key has taken away what was said before."""
        self._told: set[str] = set()
        self._wanted_at = 0.0
        self._noted = session.diary.line if session.diary else ""
        """What the notebook holds of this coffee by now."""
        self._glyphs = ASCII if session.ascii else UNICODE
        self._morning = Morning(self.desk, session.countdown.left, self._glyphs, self.keys)

    def _say(self, kind: str, line: str) -> None:
        """Put a line of one kind into the rule; the most urgent of those that stand is shown."""
        self._lines[kind] = clean(line)
        self._morning.say(next(filter(None, (self._lines.get(each) for each in _SPOKEN)), ""))

    def _attempt(self, task: Callable[[], None]) -> None:
        """Do what may fail to be written, and say so in one line where it does."""
        try:
            task()
        except TriageError as fault:
            self._say("trouble", str(fault))

    def _dwelt(self, look: Dwell) -> None:
        """Keep one look at a paper."""
        self._attempt(partial(self._session.dwelt, look))

    def _lift_sheets(self) -> None:
        """Take away whatever lies over the morning; words that were being written are kept."""
        self._save_writing()
        self._morning.end_search()
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def _save_writing(self) -> None:
        """Keep what stands on an open sheet."""
        for screen in self.screen_stack:
            if isinstance(screen, Sheet):
                self._attempt(screen.save)
