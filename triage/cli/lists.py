"""The lists of one coffee: the deployed ranker's, the other one's beside it, and the memory of what was shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from triage.cli.papers import todays_list
from triage.errors import UsageFault

if TYPE_CHECKING:
    from triage.budget import Countdown, Shortlist
    from triage.cli.surroundings import Surroundings
    from triage.paper import Coffee

BASELINE = "tfidf-svm"
"""The baseline that the key `m` shows: the strongest of them on the benchmark with ten liked papers and more."""

BELOW_THE_LINE = 3
"""Papers shown dim when none fits what is left of the coffee."""


@dataclass(frozen=True)
class Lists:
    """What the screen asks for while a coffee, as it was when it was poured, runs down on its countdown."""

    around: Surroundings
    coffee: Coffee
    countdown: Countdown

    def first(self) -> Shortlist:
        """The list for what was left when the session opened."""
        return _with_something(todays_list(self.around, rerank=False, coffee=self.coffee))

    def reload(self) -> Shortlist:
        """The list as it is now, for what is left now."""
        return _with_something(todays_list(self.around, rerank=False, coffee=self._now()))

    def compare(self) -> Shortlist:
        """The other ranker's list; it is remembered, since what it showed counts beside what was deployed.

        Raises:
            UsageFault: a trial is under way, in which each list holds papers of both.
        """
        if self.around.against:
            raise UsageFault("in a trial neither ranker has a list of its own; triage evaluate tells how they do")
        ranker = _other_ranker(self.around.ranker)
        listed = todays_list(self.around, rerank=False, coffee=self._now(), ranker=ranker)
        self._remember(listed, "comparison")
        return listed

    def shown(self, listed: Shortlist) -> None:
        """Remember a list that was laid out."""
        self._remember(listed, "session")

    def _now(self) -> Coffee:
        used_s = self.coffee.left_s - self.countdown.left()
        return replace(self.coffee, spent_s=self.coffee.spent_s + used_s)

    def _remember(self, listed: Shortlist, shown_by: Literal["session", "comparison"]) -> None:
        from triage.pipeline import remember

        store, day = self.around.store, self.coffee.day
        remember(store, listed, shown_by=shown_by, day=day, at=self.around.clock.now())


def _with_something(today: Shortlist) -> Shortlist:
    """Where the minutes left hold no paper any more, show the best few below the coffee line."""
    if today.papers:
        return today
    below = tuple(one for one in today.left_out if one.slot == "focus")[:BELOW_THE_LINE]
    return replace(today, papers=below, left_out=today.left_out[len(below) :])


def _other_ranker(deployed: str) -> str:
    """Whose list stands beside the deployed one: the strongest baseline, or the ranker beside a pinned baseline."""
    from triage.rank import DEFAULT

    return BASELINE if deployed == DEFAULT else DEFAULT
