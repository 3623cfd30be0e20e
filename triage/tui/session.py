"""`Session`: everything the terminal front end is handed, and `Outcome`: how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from triage.budget import Countdown, Meter, Shortlist
    from triage.config import KeyChoice
    from triage.paper import Paper, ScoredPaper, Verdict


class Outcome(Enum):
    """How a session ended; the command line speaks once the screen is gone."""

    COFFEE_FINISHED = "coffee finished"
    """The minutes are used up: the day is over."""
    LIST_FINISHED = "list finished"
    """Every paper was judged before the minutes were used up."""
    CLOSED = "closed"
    """Left early: by a key, by a signal, or because nobody was there for five minutes."""
    NOTHING = "nothing"
    """No list was shown, and nothing was charged."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What the refresh in the background says of itself: one line, and whether it goes on."""

    line: str
    state: Literal["running", "done", "failed"]


@dataclass(frozen=True)
class Session:
    """The day's list, the clock and the functions to call; no database behind it that the front end knows of.

    `record` commits before it returns; `undo` takes back the newest standing verdict of the day and returns it.
    `monotonic` (seconds) is the clock of `countdown`; `now` gives aware UTC. `open_link` returns False where there is
    no browser; `terminal_browser` gives the words of a command that takes the terminal over for a link, where the
    reader's browser is such a one. `copied` keeps
    what was copied in a file too, and says in which; `bibtex` is a paper as an entry. `explain` gives the lines of the
    full answer to "why this rank". `verdicts` are those of the day that stand, oldest first, `notes` the reader's words
    by identifier, which `write_note` keeps. `refresh` is asked once a second how the background run is doing, and
    after "done" `reload` gives the newer list; `refreshing` tells that a run is under way as the
    session opens, and another one may begin whenever there is something to look for again. `shown` is told of every
    list when it is laid out, not of one that is only offered. `compare` gives the list of the other ranker: a baseline
    while the deployed one is shown. `greeting` is a line for the first moment, `first` whether this is the reader's
    first coffee, `next_announcement` a line for the quiet morning; `keys` are the reader's choices over the table of
    keys. What reads or writes may raise `TriageError`: the session then says so in one line and goes on.
    """

    shortlist: Shortlist
    countdown: Countdown
    meter: Meter
    record: Callable[[Verdict], None]
    undo: Callable[[], Verdict | None]
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    open_link: Callable[[str], bool]
    explain: Callable[[ScoredPaper, Shortlist], Sequence[str]]
    shown: Callable[[Shortlist], None]
    compare: Callable[[], Shortlist]
    write_note: Callable[[str, str], None]
    copied: Callable[[str], str]
    bibtex: Callable[[Paper], str]
    terminal_browser: Callable[[str], Sequence[str] | None]
    verdicts: Sequence[Verdict] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, KeyChoice] = field(default_factory=dict)
    first: bool = False
    greeting: str = ""
    next_announcement: str = ""
    refresh: Callable[[], Progress] | None = None
    refreshing: bool = True
    reload: Callable[[], Shortlist] | None = None
    ascii: bool = False
    theme: Literal["dark", "light"] = "dark"
