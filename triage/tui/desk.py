"""`Desk`: the papers of the morning, what was decided about them, and the cursor. Pure: no widget, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from triage.budget.choice import FILL
from triage.text import clean, readable

if TYPE_CHECKING:
    from triage.paper import ScoredPaper, Verdict

Mark = Literal["keep", "dismiss"]


class Desk:
    """The list as it lies there: its order never changes by itself.

    `history` holds the standing verdicts of the day, oldest first. An opened paper is still to be judged: only keep
    and dismiss are marks.
    """

    def __init__(
        self, papers: Iterable[ScoredPaper], history: Sequence[Verdict] = (), notes: Mapping[str, str] | None = None
    ) -> None:
        self.papers = list(papers)
        self.history = list(history)
        self.notes = dict(notes or {})
        """The reader's words, by identifier."""
        self.shown = {scored.paper.id: scored for scored in self.papers}
        self.cursor = self._next_unjudged(-1) or 0

    @property
    def current(self) -> ScoredPaper | None:
        """The paper under the cursor; None on an empty desk."""
        return self.papers[self.cursor] if self.papers else None

    @property
    def done(self) -> bool:
        """Whether there were papers and every one is judged."""
        return bool(self.papers) and self._next_unjudged(-1) is None

    def mark(self, paper_id: str) -> Mark | None:
        """The newest keep or dismiss of a paper."""
        for verdict in reversed(self.history):
            if verdict.paper_id == paper_id and verdict.kind != "open":
                return verdict.kind
        return None

    def opened(self, paper_id: str) -> bool:
        """Whether the paper was opened today."""
        return any(verdict.paper_id == paper_id and verdict.kind == "open" for verdict in self.history)

    def marked(self, mark: Mark) -> list[ScoredPaper]:
        """The papers of this session with that mark, also those that a newer list has replaced."""
        return [scored for paper_id, scored in self.shown.items() if self.mark(paper_id) == mark]

    def note(self, verdict: Verdict) -> None:
        """Take in a verdict that was committed."""
        self.history.append(verdict)

    def forget(self, verdict: Verdict) -> None:
        """Drop a verdict that was taken back and put the cursor on its paper, when it lies here."""
        if verdict in self.history:
            place = len(self.history) - 1 - self.history[::-1].index(verdict)
            del self.history[place]
        for row, scored in enumerate(self.papers):
            if scored.paper.id == verdict.paper_id:
                self.cursor = row

    def move(self, step: int) -> None:
        """Move the cursor by some rows; it stays within the list."""
        self.jump(self.cursor + step)

    def jump(self, row: int) -> None:
        """Put the cursor on a row, or on the nearest one there is."""
        self.cursor = max(0, min(row, len(self.papers) - 1))

    def advance(self) -> None:
        """Move to the next paper without a mark, from the top again when none is left below."""
        self.cursor = self.cursor if (row := self._next_unjudged(self.cursor)) is None else row

    def fitting(self, left_s: float) -> int:
        """How many rows lie above the coffee line: planned seconds of unjudged papers within 85 % of what is left."""
        room = FILL * left_s
        for row, scored in enumerate(self.papers):
            if self.mark(scored.paper.id) is None:
                room -= scored.seconds
                if room < 0:
                    return row
        return len(self.papers)

    def take_in(self, newer: Iterable[ScoredPaper]) -> None:
        """Lay out a newer list below the paper under the cursor and those already judged, which stay as they are."""
        here = self.current
        stay = [one for one in self.papers if one is here or self.mark(one.paper.id)]
        known = {scored.paper.id for scored in stay}
        self.papers = stay + [scored for scored in newer if scored.paper.id not in known]
        self.shown.update((scored.paper.id, scored) for scored in self.papers)
        if here is not None:
            self.cursor = stay.index(here)

    def lay(self, papers: Iterable[ScoredPaper]) -> None:
        """Lay out another list; the cursor stays on its paper where that is on it too."""
        here = self.current
        self.papers = list(papers)
        self.shown.update((scored.paper.id, scored) for scored in self.papers)
        rows = [row for row, scored in enumerate(self.papers) if here and scored.paper.id == here.paper.id]
        self.cursor = rows[0] if rows else self._next_unjudged(-1) or 0

    def add(self, scored: ScoredPaper) -> None:
        """Lay one more paper at the end and put the cursor on it."""
        self.lay([*self.papers, scored])
        self.cursor = len(self.papers) - 1

    def matches(self, query: str) -> list[int]:
        """The rows whose title, authors, categories or identifier hold every word of the query, whatever their case."""
        words = query.casefold().split()
        return [row for row, scored in enumerate(self.papers) if words and all(one in _told(scored) for one in words)]

    def _next_unjudged(self, after: int) -> int | None:
        rows = [row for row, scored in enumerate(self.papers) if self.mark(scored.paper.id) is None and row != after]
        return next((row for row in rows if row > after), rows[0] if rows else None)


def _told(scored: ScoredPaper) -> str:
    """What a search looks through."""
    paper = scored.paper
    return " ".join([readable(paper.title), *map(clean, (*paper.authors, *paper.categories, paper.id))]).casefold()
