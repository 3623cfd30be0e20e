"""What the rankers said of a day, and the shortlists as they were shown."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import takewhile
from typing import Any, cast

from triage.paper import ScoredPaper, Slot
from triage.store.connection import day_or_none, iso
from triage.store.papers import Papers


@dataclass(frozen=True, slots=True)
class Ranking:
    """One ranker's order of the papers of one announcement for one profile.

    `worth` maps the identifier to the prior probability that the paper is worth reading. `fingerprint` names the
    state of the profile that was ranked, so that an edited profile is never shown with the old one's order;
    `inputs` names everything that went in, so that nothing is ranked twice.
    """

    profile: str
    fingerprint: str
    ranker: str
    version: str
    inputs: str
    announced: date
    papers: tuple[ScoredPaper, ...]
    worth: dict[str, float]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Scored:
    """The scores of one announcement and the prior chances that go with them, in one order."""

    announced: date
    scores: tuple[float, ...]
    worth: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """One paper as it was first shown for a profile: the list's local day, the announcement, the slot and its chance.

    `picked_by` is the ranker that a trial owes it to, `worth` the prior chance it was shown with; None where that was
    not kept.
    """

    day: date
    announced: date
    ranker: str
    profile: str
    paper_id: str
    slot: Slot
    chance: float
    picked_by: str
    worth: float | None = None


class Rankings(Papers):
    """The room of the scores."""

    def add_ranking(self, ranking: Ranking, *, at: datetime) -> None:
        """Keep a ranking; the older ones of the same day stay for the comparison of the rankers."""
        with self.write() as db:
            ranking_id = db.execute(
                "INSERT INTO rankings (profile, fingerprint, ranker, version, inputs, announced, at, note) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    ranking.profile,
                    ranking.fingerprint,
                    ranking.ranker,
                    ranking.version,
                    ranking.inputs,
                    iso(ranking.announced),
                    iso(at),
                    ranking.note,
                ),
            ).lastrowid
            db.executemany(
                "INSERT INTO scores (ranking_id, paper_id, rank, score, worth, parts, why) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        ranking_id,
                        scored.paper.id,
                        scored.rank,
                        scored.score,
                        ranking.worth.get(scored.paper.id),
                        json.dumps(dict(scored.parts)),
                        json.dumps(scored.why),
                    )
                    for scored in ranking.papers
                ],
            )

    def ranking(self, profile: str, ranker: str, announced: date) -> Ranking | None:
        """The newest ranking of an announcement for a profile."""
        heads: list[Any] = self.rows(
            "SELECT id, fingerprint, version, inputs, note FROM rankings WHERE profile = ? AND ranker = ? "
            "AND announced = ? ORDER BY id DESC LIMIT 1",
            (profile, ranker, iso(announced)),
        )
        if not heads:
            return None
        number, fingerprint, version, inputs, note = heads[0]
        rows: list[Any] = self.rows(
            "SELECT paper_id, rank, score, worth, parts, why FROM scores WHERE ranking_id = ? ORDER BY rank", (number,)
        )
        papers = self.papers(row[0] for row in rows)
        scored = tuple(
            ScoredPaper(papers[row[0]], row[2], row[1], profile, json.loads(row[4]), tuple(json.loads(row[5])))
            for row in rows
            if row[0] in papers  # some may have been let go
        )
        worth = {row[0]: row[3] for row in rows if row[3] is not None}
        return Ranking(profile, fingerprint, ranker, version, inputs, announced, scored, worth, note)

    def add_shortlist(
        self,
        papers: Sequence[ScoredPaper],
        *,
        shown_by: str,
        day: date,
        at: datetime,
        state: str,
        announced: date | None,
        minutes: tuple[float, float],
        ranker: tuple[str, str],
        left_out: int,
        parameters: Mapping[str, object],
    ) -> None:
        """Keep a shortlist as it was shown: what the precision of the rankers is counted on.

        `shown_by` is "session", "digest" or "comparison" (a list of another ranker that the reader looked at), `day`
        the reader's local day, `minutes` the whole coffee and what was left of it in seconds, `ranker` its name and
        version, `parameters` whatever else the choice depended on.
        """
        told = json.dumps(dict(parameters), sort_keys=True)
        with self.write() as db:
            number = db.execute(
                "INSERT INTO shortlists (day, at, shown_by, state, announced, budget_s, left_s, ranker, version, "
                "left_out, parameters) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (iso(day), iso(at), shown_by, state, iso(announced), *minutes, *ranker, left_out, told),
            ).lastrowid
            db.executemany(
                "INSERT INTO picks (shortlist_id, place, paper_id, profile, slot, score, chance, seconds, picked_by, "
                "worth) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        number,
                        place,
                        one.paper.id,
                        one.profile,
                        one.slot,
                        one.score,
                        one.chance,
                        one.seconds,
                        one.picked_by,
                        one.worth,
                    )
                    for place, one in enumerate(papers, 1)
                ],
            )

    def first_shown(self, profiles: Sequence[str] = (), *, since: date = date.min) -> list[Shown]:
        """Every paper shown since a local day, as it was first shown for a profile; all profiles where none is named.

        What the reader saw only in a comparison was not shown by the ranker that is judged here.
        """
        rows: list[Any] = self.rows(
            "SELECT s.day, (SELECT max(a.announced) FROM announcements a WHERE a.paper_id = k.paper_id "
            "AND a.announced <= s.announced), s.ranker, k.profile, k.paper_id, k.slot, k.chance, k.picked_by, k.worth "
            "FROM picks k JOIN shortlists s ON s.id = k.shortlist_id WHERE s.shown_by <> 'comparison' "
            "AND s.day >= ? ORDER BY s.id, k.place",
            (iso(since),),
        )
        found: dict[tuple[str, str], Shown] = {}
        for day, announced, ranker, profile, paper, slot, chance, picked_by, worth in rows:
            if announced and (not profiles or profile in profiles):
                days = date.fromisoformat(day), date.fromisoformat(announced)
                one = Shown(*days, ranker, profile, paper, cast("Slot", slot), chance, picked_by, worth)
                found.setdefault((paper, profile), one)
        return list(found.values())

    def orders(
        self, profile: str, announced: date, *, before: datetime | None = None, only: Collection[str] = ()
    ) -> dict[str, dict[str, float]]:
        """Each ranker's order of an announcement, best first: identifiers with the prior chance that goes with them.

        `before` leaves out what was ranked from that instant on, so that no order knows the verdicts after it; `only`
        names the rankers, all when empty.
        """
        heads: list[Any] = self.rows(
            "SELECT max(id), ranker FROM rankings WHERE profile = ? AND announced = ? AND at < coalesce(?, '~') "
            "GROUP BY ranker",
            (profile, iso(announced), iso(before)),
        )
        found = {}
        for number, ranker in heads:
            if only and ranker not in only:
                continue
            rows: list[Any] = self.rows(
                "SELECT paper_id, worth FROM scores WHERE ranking_id = ? ORDER BY rank", (number,)
            )
            found[str(ranker)] = {str(paper): float(worth or 0.0) for paper, worth in rows}
        return found

    def scores(self, profile: str, ranker: str, days: int) -> list[Scored]:
        """What a ranker gave to the newest announcements, newest first, as far as version and profile are the same.

        Older versions and profiles give scores on another scale.
        """
        heads: list[Any] = self.rows(
            "SELECT max(id), announced, version, fingerprint FROM rankings WHERE profile = ? AND ranker = ? "
            "GROUP BY announced ORDER BY announced DESC LIMIT ?",
            (profile, ranker, days),
        )
        found = []
        for number, announced, *_ in takewhile(lambda head: head[2:] == heads[0][2:], heads):
            rows: list[Any] = self.rows("SELECT score, worth FROM scores WHERE ranking_id = ?", (number,))
            scores, worth = (tuple(float(row[place] or 0.0) for row in rows) for place in (0, 1))
            found.append(Scored(date.fromisoformat(announced), scores, worth))
        return found

    def shown_on(self, day: date) -> set[str]:
        """Identifiers that the session showed on a local day."""
        rows = self.rows(
            "SELECT DISTINCT k.paper_id FROM picks k JOIN shortlists s ON s.id = k.shortlist_id "
            "WHERE s.shown_by = 'session' AND s.day = ?",
            (iso(day),),
        )
        return {str(row[0]) for row in rows}

    def ranked_fingerprint(self, profile: str, ranker: str, announced: date) -> str:
        """The state of the profile that an announcement was last ranked for; empty when it was not."""
        rows = self.rows(
            "SELECT fingerprint FROM rankings WHERE profile = ? AND ranker = ? AND announced = ? "
            "ORDER BY id DESC LIMIT 1",
            (profile, ranker, iso(announced)),
        )
        return str(rows[0][0]) if rows else ""

    def ranked_inputs(self, profile: str, ranker: str, announced: date) -> str:
        """What went into the newest ranking of an announcement; empty when there is none."""
        rows = self.rows(
            "SELECT inputs FROM rankings WHERE profile = ? AND ranker = ? AND announced = ? ORDER BY id DESC LIMIT 1",
            (profile, ranker, iso(announced)),
        )
        return str(rows[0][0]) if rows else ""

    def seen_before(self) -> bool:
        """Whether any session ever showed a list."""
        return bool(self.rows("SELECT 1 FROM shortlists WHERE shown_by = 'session' LIMIT 1"))

    def last_session(self, before: date) -> tuple[date | None, str]:
        """The newest announcement that a session showed on a local day before `before`, and when the last one did.

        (None, "") where there is none.
        """
        rows: list[Any] = self.rows(
            "SELECT max(announced), max(at) FROM shortlists WHERE shown_by = 'session' AND day < ?", (iso(before),)
        )
        return day_or_none(rows[0][0]), rows[0][1] or ""
