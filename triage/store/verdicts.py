"""Verdicts: append-only, undone by a row of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, cast

from triage.errors import InvalidInput
from triage.paper import Verdict, VerdictKind
from triage.store.connection import instant_or_none, iso
from triage.store.papers import Papers

_STANDING = (
    "SELECT v.id, v.paper_id, v.kind, v.at, v.profile, v.reason FROM verdicts v "
    "WHERE v.kind <> 'undo' AND NOT EXISTS (SELECT 1 FROM verdicts u WHERE u.undoes = v.id)"
)


def _verdict(row: Sequence[Any]) -> Verdict:
    at = instant_or_none(row[3])
    assert at is not None
    return Verdict(row[1], cast("VerdictKind", row[2]), at, row[4] or "", row[5] or "")


class Verdicts(Papers):
    """The room of the verdicts; each is committed before `record` returns."""

    def record(self, verdict: Verdict, *, day: date | None = None) -> None:
        """Commit one verdict. `day` is the reader's local day, on which it can be undone.

        Raises:
            InvalidInput: the paper is not stored.
        """
        if not self.known([verdict.paper_id]):
            raise InvalidInput(f"{verdict.paper_id} is not stored; triage fetch brings what was announced")
        with self.write() as db:
            db.execute(
                "INSERT INTO verdicts (paper_id, kind, reason, profile, at, day) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    verdict.paper_id,
                    verdict.kind,
                    verdict.reason,
                    verdict.profile,
                    iso(verdict.at),
                    iso(day or verdict.at.date()),
                ),
            )

    def undo(self, verdict_day: date, *, at: datetime) -> Verdict | None:
        """Take back the newest standing verdict of a local day and return it; None when there is none."""
        with self.write() as db:
            rows = self.rows(f"{_STANDING} AND v.day = ? ORDER BY v.id DESC LIMIT 1", (iso(verdict_day),))
            if not rows:
                return None
            taken = _verdict(rows[0])
            db.execute(
                "INSERT INTO verdicts (paper_id, kind, profile, at, day, undoes) VALUES (?, 'undo', ?, ?, ?, ?)",
                (taken.paper_id, taken.profile, iso(at), iso(verdict_day), rows[0][0]),
            )
            return taken

    def standing(self, day: date | None = None) -> list[Verdict]:
        """Verdicts that were not taken back, oldest first; of one local day when given."""
        if day is None:
            return [_verdict(row) for row in self.rows(f"{_STANDING} ORDER BY v.id")]
        return [_verdict(row) for row in self.rows(f"{_STANDING} AND v.day = ? ORDER BY v.id", (iso(day),))]

    def labels(self) -> dict[str, tuple[VerdictKind, str]]:
        """What stands of each paper, and for which profile.

        The newest keep or dismiss decides; an open only where there is neither.
        """
        found: dict[str, tuple[VerdictKind, str]] = {}
        for verdict in self.standing():
            if verdict.kind != "open" or verdict.paper_id not in found:
                found[verdict.paper_id] = verdict.kind, verdict.profile
        return found
