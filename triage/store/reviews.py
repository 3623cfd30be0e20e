"""What the reviews of the rankers found, coffee by coffee, and the drift of each announcement."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from triage.paper import Interval, Review
from triage.store.connection import Connection, iso

_COLUMNS = (
    "coffee, ranker, rival, version, mine_value, mine_low, mine_high, mine_n, mine_effective, theirs_value, "
    "theirs_low, theirs_high, theirs_n, theirs_effective, apart, decided"
)


class Reviews(Connection):
    """The room of the reviews."""

    def add_review(self, review: Review, *, at: datetime) -> None:
        """Keep what was found after a coffee; a coffee is reviewed once."""
        figures = [
            figure
            for one in (review.mine, review.theirs)
            for figure in (one.value, one.low, one.high, one.n, one.effective)
        ]
        head = iso(review.coffee), review.ranker, review.rival, review.version
        with self.write() as db:
            db.execute(
                f"INSERT INTO reviews ({_COLUMNS}, at) VALUES ({', '.join('?' * 17)}) ON CONFLICT DO NOTHING",
                (*head, *figures, review.apart, review.decided, iso(at)),
            )

    def reviews(self, last: int = 1000) -> list[Review]:
        """The newest reviews, oldest first."""
        rows: list[Any] = self.rows(f"SELECT {_COLUMNS} FROM reviews ORDER BY coffee DESC LIMIT ?", (last,))
        return [_review(row) for row in reversed(rows)]

    def add_drift(
        self, profile: str, announced: date, *, reason: str, psi: float | None, days: int, at: datetime
    ) -> None:
        """Keep what was found when an announcement was ranked; the newest finding on it stays."""
        with self.write() as db:
            db.execute(
                "INSERT INTO drifts (profile, announced, at, reason, psi, days) VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET at = excluded.at, reason = excluded.reason, psi = excluded.psi, "
                "days = excluded.days",
                (profile, iso(announced), iso(at), reason, psi, days),
            )

    def drift_reason(self, profile: str) -> str:
        """What the newest look at a profile's scores found; empty when nothing had changed."""
        rows = self.rows("SELECT reason FROM drifts WHERE profile = ? ORDER BY announced DESC LIMIT 1", (profile,))
        return str(rows[0][0]) if rows else ""


def _review(row: tuple[Any, ...]) -> Review:
    coffee, ranker, rival, version, *figures, apart, decided = row
    mine, theirs = Interval(*figures[:5]), Interval(*figures[5:])
    return Review(date.fromisoformat(coffee), ranker, rival, version, mine, theirs, apart, decided)
