"""Verdicts: append-only, undone by a row of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, cast

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
        self.demand([verdict.paper_id])
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

    def undo(self, verdict_day: date, *, at: datetime, profile: str | None = None) -> Verdict | None:
        """Take back the newest standing verdict of a local day, of one profile when given; None when there is none."""
        with self.write() as db:
            rows = self.rows(
                f"{_STANDING} AND v.day = ? AND v.profile = coalesce(?, v.profile) ORDER BY v.id DESC LIMIT 1",
                (iso(verdict_day), profile),
            )
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

    def labels(self) -> dict[tuple[str, str], VerdictKind]:
        """What stands of each (paper, profile); a verdict for no profile in particular has the profile "".

        The newest keep or dismiss decides; an open only where there is neither.
        """
        found: dict[tuple[str, str], VerdictKind] = {}
        for verdict in self.standing():
            key = verdict.paper_id, verdict.profile
            if verdict.kind != "open" or key not in found:
                found[key] = verdict.kind
        return found

    def judged(self) -> set[str]:
        """Identifiers with a standing verdict of any kind, for any profile."""
        return {paper for paper, _ in self.labels()}

    def profile_of(self, identifier: str) -> str:
        """The profile under which a paper was last shown, or else ranked; "" when it never was."""
        rows = self.rows(
            "SELECT profile FROM (SELECT profile, 1 AS shown, shortlist_id AS age FROM picks WHERE paper_id = ? "
            "UNION ALL SELECT r.profile, 0, r.id FROM scores s JOIN rankings r ON r.id = s.ranking_id "
            "WHERE s.paper_id = ?) ORDER BY shown DESC, age DESC LIMIT 1",
            (identifier, identifier),
        )
        return str(rows[0][0]) if rows else ""
