"""The dwell clock: how long the reader really looked at each paper; it teaches the pace and never ends a coffee."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from triage.budget.pace import SETTLE_S
from triage.budget.reading import counted_words, first_pass_seconds
from triage.paper import Dwell

if TYPE_CHECKING:
    from triage.budget.pace import Reader
    from triage.paper import Level, ScoredPaper, VerdictKind

QUIET_S = 60.0
"""Nobody is taken to be away before so many seconds without a key, however short the text."""

PATIENCE = 3.0
"""After so many times the median of what is on the screen nobody is there; a first pass is cut off there too."""


@dataclass
class _Look:
    """One look under way; `since` is when the clock last began to run for it, None while it stands."""

    scored: ScoredPaper
    level: Level
    rank: int
    shown_at: datetime
    since: float | None
    active_s: float = 0.0
    outcome: VerdictKind | Literal[""] = ""
    idle_cut: bool = False
    focus_lost: bool = False
    away: bool = False


class DwellClock:
    """Follows what is before the reader's eyes and hands each finished look to `keep`.

    Args:
        reader: whose pace says how long a look may last before nobody is there.
        keep: told of each look that lasted long enough to be one, or that ended in a verdict.
        monotonic: seconds.
        now: aware UTC.
    """

    def __init__(
        self,
        reader: Reader,
        keep: Callable[[Dwell], None],
        *,
        monotonic: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        self._reader, self._keep, self._monotonic, self._now = reader, keep, monotonic, now
        self._session = now()
        self._look: _Look | None = None
        self._pass: _Look | None = None
        self._exposures: Counter[str] = Counter()
        self._touched = monotonic()
        self._blurred = self._resting = False

    def show(self, scored: ScoredPaper | None, level: Level, rank: int) -> None:
        """A paper stands before the reader, or none; the same one at the same level goes on."""
        here = self._look
        if here and scored and (here.scored.paper.id, here.level) == (scored.paper.id, level):
            return
        self.leave()
        if scored is not None:
            since = None if self._blurred or self._resting else self._monotonic()
            self._look = _Look(scored, level, rank, self._now(), since)

    def touch(self) -> None:
        """A key or the mouse: somebody is there; a gap that was too long is cut."""
        self._cut()
        self._touched = self._monotonic()

    def judge(self, kind: VerdictKind) -> None:
        """A verdict on what is before the reader."""
        if self._look:
            self._look.outcome = kind

    def open(self) -> None:
        """The paper goes to the browser: this look no longer tells a pace, and a first pass begins."""
        if self._look:
            self._look.away = True
            self._pass = _Look(self._look.scored, 2, self._look.rank, self._now(), self._monotonic(), away=True)

    def blur(self) -> None:
        """The terminal lost the focus: the look stands still."""
        self._stand_still()
        self._blurred = True
        if self._look:
            self._look.focus_lost = True

    def focus(self) -> None:
        """The terminal has the focus again: a first pass is over, the look goes on."""
        if self._pass:
            look, self._pass = self._pass, None
            longest = PATIENCE * first_pass_seconds(look.scored.paper, self._reader)
            look.active_s = min(longest, self._monotonic() - (look.since or 0.0))
            self._hand_over(look)
        self._blurred = False
        self._run_on()

    def rest(self) -> None:
        """A pause, or something else lies over the paper: it is not read."""
        if not self._resting:
            self._stand_still()
            self._resting = True

    def go_on(self) -> None:
        """The paper can be read again."""
        if self._resting:
            self._resting = False
            self._run_on()

    def leave(self) -> None:
        """Nothing is before the reader any more: the look is over."""
        self._cut()
        look, self._look = self._look, None
        if look is None:
            return
        self._stop(look)
        if look.active_s >= SETTLE_S or look.outcome:
            self._hand_over(look)

    @property
    def expected_s(self) -> float:
        """Median seconds of what is on the screen; a title row's where nothing is."""
        paces, look = self._reader.paces, self._look
        words = counted_words(look.scored.paper) if look and look.level else 0
        return paces[1].median(words) if words else paces[0].median()

    def _cut(self) -> None:
        """Where nobody was there for too long, end the look at the last sign of life plus what it should have taken."""
        look, quiet = self._look, self._monotonic() - self._touched
        if look and look.since is not None and quiet > max(QUIET_S, PATIENCE * self.expected_s):
            look.active_s += max(0.0, self._touched + self.expected_s - look.since)
            look.since, look.idle_cut = self._monotonic(), True

    def _stand_still(self) -> None:
        self._cut()
        if self._look:
            self._stop(self._look)

    def _run_on(self) -> None:
        """Run again where nothing else holds the look; whoever comes back is there."""
        self._touched = self._monotonic()
        if self._look and self._look.since is None and not (self._blurred or self._resting):
            self._look.since = self._touched

    def _stop(self, look: _Look) -> None:
        if look.since is not None:
            look.active_s += self._monotonic() - look.since
            look.since = None

    def _hand_over(self, look: _Look) -> None:
        """Count the exposure and give the look away; a first pass is counted apart from the abstract's looks."""
        paper = look.scored.paper
        key = f"{look.level}:{paper.id}"
        self._exposures[key] += 1
        self._keep(
            Dwell(
                paper_id=paper.id,
                session=self._session,
                shown_at=look.shown_at,
                level=look.level,
                words=counted_words(paper),
                active_s=look.active_s,
                outcome=look.outcome,
                rank=look.rank,
                decile=look.scored.decile,
                exposure=self._exposures[key],
                idle_cut=look.idle_cut,
                focus_lost=look.focus_lost,
                away=look.away,
            )
        )
