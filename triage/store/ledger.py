"""The coffee ledger: one budget for each local day, over all terminals, crashes and restarts, and what is rationed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Literal, cast

from triage.errors import TryLater
from triage.paper import Coffee, CoffeeState
from triage.store.connection import Connection, iso

REFILLS_A_WEEK = 2
"""Refills in any seven days; one on a day."""

_WEEK = timedelta(days=7)

Ending = Literal["finished", "judged", "left", "idle", "asleep", "nothing"]
"""How a session ended: the coffee was finished, every paper was judged, it was left by key or signal, nobody was there,
the machine slept, or no list was shown."""


class Ledger(Connection):
    """The room of the coffees, the sessions, and the rations of pauses and refills."""

    def coffee(self, day: date) -> Coffee | None:
        """The coffee of a local day, if it was opened."""
        rows: list[Any] = self.rows("SELECT budget_s, spent_s, state, refills FROM coffees WHERE day = ?", (iso(day),))
        if not rows:
            return None
        budget_s, spent_s, state, refills = rows[0]
        return Coffee(day, budget_s, spent_s, cast("CoffeeState", state), refills)

    def coffees(self, last: int) -> list[Coffee]:
        """The newest coffees, oldest first."""
        rows = self.rows("SELECT day FROM coffees ORDER BY day DESC LIMIT ?", (last,))
        return [self._opened(date.fromisoformat(str(row[0]))) for row in reversed(rows)]

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
        return self._opened(day)

    def _opened(self, day: date) -> Coffee:
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

    def no_refill(self, day: date, *, strict: bool = False) -> str:
        """Why the coffee of a day cannot be refilled; "" when it can.

        One refill a day and two in any seven days; none where the settings are strict, and none for a list that was
        read to its end.
        """
        if strict:
            return "the settings are strict: there is no refill"
        coffee = self._opened(day)
        if coffee.refills:
            return "today's refill is drunk"
        if coffee.state == "finished" and coffee.unspent_s >= 1.0:
            return "every paper of today's list is judged"
        used = self.rations("refill", day - _WEEK)
        if len(used) >= REFILLS_A_WEEK:
            free = used[-REFILLS_A_WEEK] + _WEEK
            return f"two refills in seven days are the most; the next one from {free:%a} {free.isoformat()}"
        return ""

    def refill(self, day: date, *, strict: bool = False, at: datetime) -> Coffee:
        """Give a finished coffee five more minutes and open the day again.

        Raises:
            TryLater: there is no refill; the line says why.
        """
        with self.write() as db:
            if reason := self.no_refill(day, strict=strict):
                raise TryLater(reason)
            self._ration("refill", day, at)
            db.execute("UPDATE coffees SET refills = refills + 1, state = 'open' WHERE day = ?", (iso(day),))
        return self._opened(day)

    def no_pause(self, day: date) -> str:
        """Why there is no pause on a day; "" when there is one."""
        return "today's pause is used" if self.rations("pause", day - timedelta(days=1)) else ""

    def pause(self, day: date, *, at: datetime) -> None:
        """Take the day's one pause; it is taken even if the program dies in it.

        Raises:
            TryLater: it is used.
        """
        with self.write():
            if reason := self.no_pause(day):
                raise TryLater(reason)
            self._ration("pause", day, at)

    def _ration(self, kind: str, day: date, at: datetime) -> None:
        with self.write() as db:
            db.execute("INSERT INTO rations (day, kind, at) VALUES (?, ?, ?)", (iso(day), kind, iso(at)))

    def rations(self, kind: str, after: date) -> list[date]:
        """The days after `after` on which something rationed was taken, oldest first."""
        rows = self.rows("SELECT day FROM rations WHERE kind = ? AND day > ? ORDER BY day", (kind, iso(after)))
        return [date.fromisoformat(str(row[0])) for row in rows]

    def begin_session(self, day: date, *, at: datetime) -> int:
        """Note that a session sits down to the coffee of a day; gives its number."""
        with self.write() as db:
            return int(
                db.execute("INSERT INTO sessions (day, opened_at) VALUES (?, ?)", (iso(day), iso(at))).lastrowid or 0
            )

    def end_session(self, number: int, ending: Ending, *, seconds: float, at: datetime) -> None:
        """Note how a session ended and how many `seconds` it lasted since its clock began; a crash leaves neither."""
        with self.write() as db:
            db.execute(
                "UPDATE sessions SET ended_at = ?, ending = ?, seconds = ? WHERE id = ?",
                (iso(at), ending, seconds, number),
            )

    def sessions(self, day: date) -> list[tuple[str, float]]:
        """(ending, seconds) of the sessions of a local day, oldest first; ("", 0.0) of one that runs or crashed."""
        rows: list[Any] = self.rows("SELECT ending, seconds FROM sessions WHERE day = ? ORDER BY id", (iso(day),))
        return [(ending or "", seconds or 0.0) for ending, seconds in rows]
