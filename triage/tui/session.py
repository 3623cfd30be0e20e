"""`Session`: everything the terminal front end is handed, and `Outcome`: how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Literal

from triage.budget import unknown_reader

if TYPE_CHECKING:
    from triage.budget import Countdown, Meter, Reader, Shortlist
    from triage.config import KeyChoice
    from triage.paper import Dwell, Paper, ScoredPaper, Verdict


class Outcome(Enum):
    """How a session ended; the command line speaks once the screen is gone."""

    COFFEE_FINISHED = "finished"
    """The minutes are used up: the day is over."""
    LIST_FINISHED = "judged"
    """Every paper was judged before the minutes were used up."""
    CLOSED = "left"
    """Left early, by a key or by a signal."""
    IDLE = "idle"
    """Nobody was there for five minutes."""
    ASLEEP = "asleep"
    """The machine was suspended."""
    NOTHING = "nothing"
    """No list was shown, and nothing was charged."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What the refresh in the background says of itself: one line, and whether it goes on.

    `listed` tells that a list is ranked already, though a better one may come.
    """

    line: str
    state: Literal["running", "done", "failed"]
    listed: bool = False


@dataclass(frozen=True)
class Rations:
    """What the day's ledger grants once: a pause, and a refill on the closing card.

    `pause` and `refill` take it, and raise `TryLater` where it is used up; `no_refill` says why there is none, or "".
    """

    pause: Callable[[], None]
    refill: Callable[[], None]
    no_refill: Callable[[], str]


@dataclass(frozen=True)
class Diary:
    """The notebook: today's `line` so far, and how to `write` it."""

    write: Callable[[str], None]
    line: str = ""


@dataclass(frozen=True)
class Session:
    """The day's list, the clock and the functions to call; no database behind it that the front end knows of.

    `record` commits before it returns; `undo` takes back the newest standing verdict of the day and returns it.
    `monotonic` (seconds) is the clock of `countdown`; `now` gives aware UTC. `open_link` returns False where there is
    no browser; `terminal_browser` gives the words of a command that takes the terminal over for a link, where the
    reader's browser is such a one. `profile_editor` gives those of the command that edits a profile. `copied` keeps
    what was copied in a file too, and says in which; `bibtex` is a paper as an entry. `explain` gives the lines of the
    full answer to "why this rank". `verdicts` are those of the day that stand, oldest first, `notes` the reader's words
    by identifier, which `write_note` keeps. `refresh` is asked once a second how the background run is doing, and
    after "done" `reload` gives the newer list; `refreshing` tells that a run is under way as the
    session opens, and another one may begin whenever there is something to look for again. `shown` is told of every
    list when it is laid out, not of one that is only offered. `compare` gives the list of the other ranker: a baseline
    while the deployed one is shown. `greeting` is a line for the first moment, `first` whether this is the reader's
    first coffee, `next_announcement` a line for the quiet morning; `keys` are the reader's choices over the table of
    keys. `asleep` gives seconds from an arbitrary zero that grow only while the machine is suspended; `reader` is whose
    pace is known, and `dwelt` is told of each look at a paper. Without `rations` there is neither a pause nor a refill,
    without a `diary` no line for the notebook. What reads or writes may raise `TriageError`: the session then says so
    in one line and goes on.
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
    profile_editor: Callable[[str], Sequence[str]]
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
    asleep: Callable[[], float] = lambda: 0.0
    reader: Reader = field(default_factory=unknown_reader)
    dwelt: Callable[[Dwell], None] = lambda look: None
    rations: Rations | None = None
    diary: Diary | None = None
