"""`Session`: everything the terminal front end is handed, and `Outcome`: how it ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Literal

from triage.budget import unknown_reader

if TYPE_CHECKING:
    from triage.budget import Countdown, Meter, Reader, Shortlist
    from triage.paper import Dwell, ScoredPaper, Verdict


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
    """What the refresh in the background says of itself: one line, and whether it goes on."""

    line: str
    state: Literal["running", "done", "failed"]


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
    """The notebook: today's `line` so far, how to `write` it, and what was noted last, as one sentence or ""."""

    write: Callable[[str], None]
    line: str = ""
    last: str = ""


@dataclass(frozen=True)
class Session:
    """The day's list, the clock and the functions to call; no database behind it that the front end knows of.

    `record` commits before it returns; `undo` takes back the newest standing verdict of the day and returns it.
    `monotonic` (seconds) is the clock of `countdown`; `now` gives aware UTC. `open_link` returns False where there is
    no browser. `explain` gives the lines of the full answer to "why this rank". `verdicts` are those of the day that
    stand, oldest first. `refresh` is asked once a second how the background run is doing, and after "done" `reload`
    gives the newer list; `shown` is told of every list when it is laid out, not of one that is only offered.
    `next_announcement` is a line for the quiet morning. `asleep` gives seconds from an arbitrary zero that grow only
    while the machine is suspended; `reader` is whose pace is known, and `dwelt` is told of each look at a paper.
    Without `rations` there is neither a pause nor a refill, without a `diary` no line for the notebook. `record`,
    `undo`, `reload`, `shown`, `explain`, `dwelt`, the diary, the rations and the meter may raise `TriageError`: the
    session then says so in one line and goes on.
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
    verdicts: Sequence[Verdict] = ()
    next_announcement: str = ""
    refresh: Callable[[], Progress] | None = None
    reload: Callable[[], Shortlist] | None = None
    ascii: bool = False
    theme: Literal["dark", "light"] = "dark"
    asleep: Callable[[], float] = lambda: 0.0
    reader: Reader = field(default_factory=unknown_reader)
    dwelt: Callable[[Dwell], None] = lambda look: None
    rations: Rations | None = None
    diary: Diary | None = None
