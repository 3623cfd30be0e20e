"""The coffee ledger: one budget for each local day, over all terminals, crashes and restarts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast

from triage.paper import Coffee, CoffeeState
from triage.store.connection import Connection, iso


class Ledger(Connection):
    """The room of the coffees."""

    def coffee(self, day: date) -> Coffee | None:
        """The coffee of a local day, if it was opened."""
        rows: list[Any] = self.rows("SELECT budget_s, spent_s, state, refills FROM coffees WHERE day = ?", (iso(day),))
        if not rows:
            return None
        budget_s, spent_s, state, refills = rows[0]
        return Coffee(day, budget_s, spent_s, cast("CoffeeState", state), refills)

    def open_coffee(self, day: date, budget_s: float, *, lower: bool = False, at: datetime) -> Coffee:
        """Open the day's coffee, or take it up again; a finished one stays finished.

        The budget is fixed when the day opens. With `lower` it drops to `budget_s` for the rest of the day; it never
        rises.
        """
        with self.write() as db:
            db.execute(
                "INSERT INTO coffees (day, budget_s, spent_s, state, refills, opened_at) "
                "VALUES (?, ?, 0, 'open', 0, ?) "
                "ON CONFLICT DO UPDATE SET budget_s = CASE WHEN ? THEN min(budget_s, excluded.budget_s) "
                "ELSE budget_s END, state = CASE state WHEN 'finished' THEN state ELSE 'open' END",
                (iso(day), budget_s, iso(at), lower),
            )
        coffee = self.coffee(day)
        assert coffee is not None
        return coffee

    def charge(self, day: date, seconds: float) -> None:
        """Add to what was spent on a day; a negative amount returns what a heartbeat paid in advance."""
        with self.write() as db:
            db.execute("UPDATE coffees SET spent_s = max(0, spent_s + ?) WHERE day = ?", (seconds, iso(day)))

    def close_coffee(self, day: date, state: CoffeeState) -> None:
        """End a session: "finished" is for good, "left" can be taken up again the same day."""
        with self.write() as db:
            db.execute("UPDATE coffees SET state = ? WHERE day = ? AND state <> 'finished'", (state, iso(day)))
