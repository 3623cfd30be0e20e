"""Recorded states: how each run ended, and which announcement of each category is confirmed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from triage.store.connection import Connection, day_or_none, instant_or_none, iso


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended: the overall state, and for each category its state and the reason if one is due."""

    at: datetime
    state: str
    announced: date | None
    categories: Mapping[str, tuple[str, str]]


class Runs(Connection):
    """The room for recorded states."""

    def add_run(self, run: Run) -> None:
        """Record a run; the announcement of a category stays confirmed once it was."""
        report = {name: list(state) for name, state in run.categories.items()}
        with self.write() as db:
            run_id = db.execute(
                "INSERT INTO runs (at, state, announced, report) VALUES (?, ?, ?, ?)",
                (iso(run.at), run.state, iso(run.announced), json.dumps(report)),
            ).lastrowid
            if run.announced:
                for category, (state, reason) in run.categories.items():
                    db.execute(
                        "INSERT INTO coverage (category, announced, state, reason, run_id) VALUES (?, ?, ?, ?, ?) "
                        "ON CONFLICT DO UPDATE SET state = excluded.state, reason = excluded.reason, "
                        "run_id = excluded.run_id WHERE state NOT IN ('announced', 'quiet')",
                        (category, iso(run.announced), state, reason, run_id),
                    )

    def last_run(self) -> Run | None:
        """The newest run of all."""
        rows: list[Any] = self.rows("SELECT at, state, announced, report FROM runs ORDER BY id DESC LIMIT 1")
        if not rows:
            return None
        at, state, announced, report = rows[0]
        when = instant_or_none(at)
        assert when is not None
        states = {name: (pair[0], pair[1]) for name, pair in json.loads(report).items()}
        return Run(when, state, day_or_none(announced), states)

    def confirmed(self, categories: Iterable[str]) -> dict[str, date | None]:
        """For each category the newest announcement that was read whole; None when there is none."""
        return {
            category: day_or_none(
                self.rows(  # type: ignore[arg-type]
                    "SELECT max(announced) FROM coverage WHERE category = ? AND state IN ('announced', 'quiet')",
                    (category,),
                )[0][0]
            )
            for category in categories
        }
