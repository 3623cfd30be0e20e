"""A simulated reader who lives through the real store: announcements, every ranker's scores, the list, verdicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from triage import rank
from triage.paper import Item, Paper, ScoredPaper, Verdict
from triage.pipeline import deployed, remember, shortlist
from triage.pipeline.review import look_back
from triage.profile import Profile
from triage.store import Ranking, Store

FIRST = datetime(2026, 9, 1, 6, 0, tzinfo=UTC)
PAPERS, WANTED = 100, 6
LADDER = [0.6, 0.5, 0.4, 0.35, 0.3, 0.25, *(0.15 - 0.0015 * place for place in range(PAPERS - 6))]
"""Chances by place: six focus picks at the threshold of 0.2, then a few adjacent ones."""

PROFILE = Profile("mine", "what I look for", ("cs.LG",), minutes=30, threshold=0.2)


@dataclass
class Reader:
    """Keeps seven of ten papers that are worth it, and one of a hundred others; judges all that is shown.

    `noise` says how well each ranker sees what is worth it: 0 is perfect, and None sees nothing.
    """

    store: Store
    noise: dict[str, float | None]
    seed: int = 0
    pinned: str = ""
    against: str = ""
    shift_from: int = 10_000
    deployed: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def live(self, coffees: int) -> None:
        for number in range(coffees):
            self.morning(number)

    def morning(self, number: int) -> None:
        rng, at = Random(f"{self.seed}:{number}"), FIRST + timedelta(days=number)
        wanted = self.announce(number, rng, at)
        self.notes += look_back(self.store, [PROFILE], pinned=self.pinned, today=at.date(), at=at)
        ranker = deployed(self.store, self.pinned)
        listed = shortlist(self.store, PROFILE, minutes=30, now=at, ranker=ranker, against=self.against)
        remember(self.store, listed, shown_by="session", day=at.date(), at=at)
        self.deployed.append(ranker)
        self.alarms.append(listed.drift)
        self.store.open_coffee(at.date(), 1800, at=at)
        for place, scored in enumerate(listed.papers):
            kept = rng.random() < (0.7 if scored.paper.id in wanted else 0.01)
            when = at + timedelta(minutes=1 + place)
            self.store.record(Verdict(scored.paper.id, "keep" if kept else "dismiss", when, "mine"), day=at.date())
        self.store.close_coffee(at.date(), "finished")

    def announce(self, number: int, rng: Random, at: datetime) -> set[str]:
        """Bring a day and store what every ranker says of it, an hour before the reader comes."""
        papers = [
            Paper(f"26{1 + number // 28:02}.{number:02}{place:03}", f"Paper {place}", "Short. " * 40)
            for place in range(PAPERS)
        ]
        self.store.add_announcement(
            [Item(one, "new") for one in papers], announced=at.date(), feed_day=at.date(), at=at
        )
        wanted = {one.id for one in rng.sample(papers, WANTED)}
        for name in rank.RANKERS:
            noise = self.noise.get(name)
            sees = {
                one.id: rng.gauss(0, 1 if noise is None else noise) + (noise is not None) * (one.id in wanted)
                for one in papers
            }
            shift = 3.0 if number >= self.shift_from else 0.0
            self.rank(name, papers, {one: seen + shift for one, seen in sees.items()}, at)
        return wanted

    def rank(self, name: str, papers: list[Paper], sees: dict[str, float], at: datetime) -> None:
        best = sorted(papers, key=lambda one: (-sees[one.id], one.id))
        rows = tuple(ScoredPaper(one, sees[one.id], place, "mine") for place, one in enumerate(best, 1))
        worth = {one.id: LADDER[place] for place, one in enumerate(best)}
        version = rank.RANKERS[name].version
        told = Ranking("mine", PROFILE.fingerprint, name, version, "inputs", at.date(), rows, worth)
        self.store.add_ranking(told, at=at - timedelta(hours=1))


GOOD = {"fusion": 0.3, "tfidf-svm": 0.5, "mean-similarity": 0.5}
SABOTAGED = {**GOOD, "fusion": None}
