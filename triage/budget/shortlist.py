"""`Shortlist`: the papers that fit the coffee, what they cover, and the state the morning ended in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Literal

from triage.text import clean

if TYPE_CHECKING:
    from triage.paper import ScoredPaper

State = Literal["ready", "nothing-worth-it", "quiet", "stale", "partial", "failed"]


@dataclass(frozen=True, slots=True)
class Shortlist:
    """The day's answer, ready to be shown, mailed or printed.

    `announced` is the newest announcement date covered; `covers` gives it for each category that was read, `missing`
    the reason for each that was not. `budget_s` is the whole coffee and `left_s` what is left of it, in seconds.
    `papers` fit the coffee and are in the order to read them; `left_out` is every other ranked paper, best first.
    `notes` are lines for the reader, such as "no careful encoder: the words alone decide"; `drift` is the alarm of the
    last review, "" without one. `calibration` says for each profile how far its chances were checked. `parameters` are
    what the choice depended on beside the ranker, kept with the list.
    `days` are the announcements that the papers are of, newest first: several after mornings that were missed.
    """

    state: State
    profiles: tuple[str, ...]
    announced: date | None
    covers: Mapping[str, date]
    missing: Mapping[str, str]
    budget_s: float
    left_s: float
    ranker: str
    ranker_version: str
    papers: tuple[ScoredPaper, ...]
    left_out: tuple[ScoredPaper, ...]
    notes: tuple[str, ...] = ()
    calibration: Mapping[str, str] = field(default_factory=dict)
    drift: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)
    days: tuple[date, ...] = ()

    @property
    def total(self) -> int:
        """How many papers were ranked."""
        return len(self.papers) + len(self.left_out)

    @property
    def seconds(self) -> float:
        """Planned reading time of the papers that fit."""
        return sum(scored.seconds for scored in self.papers)

    @property
    def best(self) -> ScoredPaper | None:
        """The most promising paper that was left out: by probability where one is known, then by score."""
        if not self.left_out:
            return None
        return max(self.left_out, key=lambda one: (-1.0 if one.probability is None else one.probability, one.score))

    def to_json(self, *, everything: bool = False) -> dict[str, object]:
        """The shape of `triage list --json`; `everything` lists the papers left out too, after those that fit.

        `left_out` stays the number of papers outside the coffee in both forms.
        """
        shown = self.papers + self.left_out if everything else self.papers
        return {
            "schema": 1,
            "state": self.state,
            "profiles": list(self.profiles),
            "announced": self.announced.isoformat() if self.announced else None,
            "covers": {category: day.isoformat() for category, day in self.covers.items()},
            "missing": {name: clean(reason) for name, reason in self.missing.items()},
            "budget_s": round(self.budget_s, 1),
            "left_s": round(self.left_s, 1),
            "ranker": {"name": self.ranker, "version": self.ranker_version},
            "papers": [_row(scored) for scored in shown],
            "left_out": len(self.left_out),
            "notes": [clean(note) for note in self.notes],
            "calibration": dict(self.calibration),
            "drift": {"alarm": bool(self.drift), "reason": clean(self.drift)},
        }


def _row(scored: ScoredPaper) -> dict[str, object]:
    """One paper for programs; foreign text is cleaned, since `jq -r` sends it straight to a terminal."""
    return {
        "id": scored.paper.id,
        "version": scored.paper.version,
        "title": clean(scored.paper.title),
        "profile": scored.profile,
        "slot": scored.slot,
        "rank": scored.rank,
        "score": scored.score,
        "probability": scored.probability,
        "seconds": round(scored.seconds, 1),
        "fits": scored.fits,
        "why": [clean(line) for line in scored.why],
    }
