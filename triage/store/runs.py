"""Recorded states: how each run ended, which announcement of each category is confirmed, and which was missed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from triage.store.connection import Connection, day_or_none, instant_or_none, iso

STEADY = 20
"""After so many announcements with papers, four weeks of them, an empty one has a chance of 1 in 22 (Laplace's rule of
succession)."""

_WHOLE = "('announced', 'quiet')"


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended: the overall state, and for each category its state and the reason if one is due.

    `offset_s` is how far the server's clock was ahead of this machine's, in seconds; None where no answer came.
    """

    at: datetime
    state: str
    announced: date | None
    categories: Mapping[str, tuple[str, str]]
    offset_s: float | None = None


class Runs(Connection):
    """The room for recorded states."""

    def add_run(self, run: Run, *, unfinished: bool = False) -> int:
        """Record a run and give its number; the announcement of a category stays confirmed once it was.

        An `unfinished` one has still to read and to rank what it brought, until `finish_runs` says that all is done.
        """
        with self.write() as db:
            number = db.execute(
                "INSERT INTO runs (at, state, announced, report, offset_s, unfinished) VALUES (?, ?, ?, ?, ?, ?)",
                (iso(run.at), run.state, iso(run.announced), _report(run), run.offset_s, unfinished),
            ).lastrowid
            for category, (state, reason) in run.categories.items() if run.announced else ():
                self._cover(db, category, run.announced, state, reason, number)
            return int(cast("int", number))

    def amend_run(self, number: int, run: Run) -> None:
        """Record how a run ended after all; what it confirmed stays as it is."""
        with self.write() as db:
            db.execute(
                "UPDATE runs SET state = ?, announced = ?, report = ?, offset_s = ? WHERE id = ?",
                (run.state, iso(run.announced), _report(run), run.offset_s, number),
            )

    def finish_runs(self) -> None:
        """Record that everything which was brought is read and ranked; a run does the work of those before it too."""
        with self.write() as db:
            db.execute("UPDATE runs SET unfinished = 0 WHERE unfinished")

    def reopen_run(self) -> None:
        """Record that something is left after all: a profile that was edited, or an encoder that was renewed, since."""
        with self.write() as db:
            db.execute("UPDATE runs SET unfinished = 1 WHERE id = (SELECT max(id) FROM runs)")

    @property
    def unfinished(self) -> bool:
        """Whether the newest run left something to read or to rank."""
        return bool(self.rows("SELECT coalesce((SELECT unfinished FROM runs ORDER BY id DESC LIMIT 1), 0)")[0][0])

    def add_missed(self, category: str, days: Iterable[date], reason: str) -> None:
        """Remember announcements that were not read, until `fill_missed` says that they were caught up."""
        with self.write() as db:
            for day in days:
                db.execute(
                    "INSERT OR IGNORE INTO coverage (category, announced, state, reason) VALUES (?, ?, 'failed', ?)",
                    (category, iso(day), reason),
                )

    def fill_missed(self, category: str, days: Mapping[date, str], reason: str) -> None:
        """Confirm announcements that were caught up, each with its state."""
        with self.write() as db:
            for day, state in days.items():
                self._cover(db, category, day, state, reason, None)

    def missed(self, category: str, since: date) -> list[date]:
        """The announcements of a category since a day that were not read whole, oldest first."""
        rows = self.rows(
            f"SELECT announced FROM coverage WHERE category = ? AND announced >= ? AND state NOT IN {_WHOLE} "
            "ORDER BY announced",
            (category, iso(since)),
        )
        return [date.fromisoformat(str(row[0])) for row in rows]

    def read_days(self, category: str) -> set[date]:
        """The announcements of a category that were read whole."""
        rows = self.rows(f"SELECT announced FROM coverage WHERE category = ? AND state IN {_WHOLE}", (category,))
        return {date.fromisoformat(str(row[0])) for row in rows}

    def steady(self, categories: Iterable[str]) -> set[str]:
        """The categories that had papers in each of their newest `STEADY` announcements."""
        found = set()
        for category in categories:
            rows = self.rows(
                f"SELECT state FROM coverage WHERE category = ? AND state IN {_WHOLE} ORDER BY announced DESC LIMIT ?",
                (category, STEADY),
            )
            if [row[0] for row in rows] == ["announced"] * STEADY:
                found.add(category)
        return found

    @staticmethod
    def _cover(
        db: sqlite3.Connection, category: str, day: date | None, state: str, reason: str, number: int | None
    ) -> None:
        db.execute(
            "INSERT INTO coverage (category, announced, state, reason, run_id) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET state = excluded.state, reason = excluded.reason, "
            f"run_id = excluded.run_id WHERE state NOT IN {_WHOLE}",
            (category, iso(day), state, reason, number),
        )

    def last_run(self) -> Run | None:
        """The newest run of all."""
        return next(iter(self.last_runs(1)), None)

    def last_runs(self, count: int) -> list[Run]:
        """The newest runs, newest first."""
        rows: list[Any] = self.rows(
            "SELECT at, state, announced, report, offset_s FROM runs ORDER BY id DESC LIMIT ?", (count,)
        )
        return [_run(row) for row in rows]

    def offset_s(self) -> float | None:
        """How far the server's clock was ahead of this machine's at the newest run that got an answer, in seconds."""
        return next((run.offset_s for run in self.last_runs(20) if run.offset_s is not None), None)

    def last_states(self, categories: Iterable[str]) -> dict[str, tuple[str, str]]:
        """For each category its state and reason in the newest run that asked for it, as far as one did lately."""
        wanted, found = set(categories), dict[str, tuple[str, str]]()
        for run in self.last_runs(50):
            found = {name: state for name, state in run.categories.items() if name in wanted} | found
        return found

    def confirmed(self, categories: Iterable[str]) -> dict[str, date | None]:
        """For each category the newest announcement that was read whole; None when there is none."""
        return {
            category: day_or_none(
                self.rows(  # type: ignore[arg-type]
                    f"SELECT max(announced) FROM coverage WHERE category = ? AND state IN {_WHOLE}",
                    (category,),
                )[0][0]
            )
            for category in categories
        }


def _report(run: Run) -> str:
    return json.dumps({name: list(state) for name, state in run.categories.items()})


def _run(row: Sequence[Any]) -> Run:
    at, state, announced, report, offset_s = row
    when = instant_or_none(at)
    assert when is not None
    states = {name: (pair[0], pair[1]) for name, pair in json.loads(report).items()}
    return Run(when, state, day_or_none(announced), states, offset_s)
