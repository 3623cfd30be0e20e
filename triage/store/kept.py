"""The kept list: what the reader keeps for a coffee to come, and what was let go again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from triage.store.connection import instant_or_none, iso
from triage.store.verdicts import Verdicts

if TYPE_CHECKING:
    from triage.paper import Paper


@dataclass(frozen=True, slots=True)
class Kept:
    """One paper of the kept list: since when it is on it (aware, UTC) and for which profile it was kept."""

    paper: Paper
    since: datetime
    profile: str


@dataclass(frozen=True, slots=True)
class Gone:
    """A paper that was let go from the kept list; the verdict "keep" stands all the same."""

    paper_id: str
    at: datetime
    why: str


class KeptList(Verdicts):
    """The room of the kept list. It holds no verdicts: what is let go stays an example of what the reader likes."""

    def kept(self) -> list[Kept]:
        """Papers with a standing keep that were not let go since, the oldest first."""
        newest = {
            verdict.paper_id: verdict
            for verdict in sorted(self.standing(), key=lambda one: one.at)
            if verdict.kind in ("keep", "dismiss")
        }
        back, gone = self._back(), {one.paper_id: one.at for one in self.gone()}
        papers = self.papers(newest)
        found = [
            Kept(papers[name], max(verdict.at, back.get(name, verdict.at)), verdict.profile)
            for name, verdict in newest.items()
            if verdict.kind == "keep" and not (name in gone and gone[name] >= verdict.at)
        ]
        return sorted(found, key=lambda one: (one.since, one.paper.id))

    def gone(self) -> list[Gone]:
        """What was let go and not taken back, the newest first."""
        rows: list[Any] = self.rows(
            "SELECT paper_id, at, why FROM releases WHERE back_at IS NULL ORDER BY at DESC, paper_id"
        )
        return [Gone(paper, datetime.fromisoformat(at), why) for paper, at, why in rows]

    def _back(self) -> dict[str, datetime]:
        """When papers were last taken back onto the list: from then on their time counts anew."""
        rows = self.rows("SELECT paper_id, max(back_at) FROM releases WHERE back_at IS NOT NULL GROUP BY paper_id")
        found = ((str(paper), instant_or_none(str(at))) for paper, at in rows)
        return {paper: at for paper, at in found if at}

    def let_go(self, reasons: Mapping[str, str], *, at: datetime) -> None:
        """Take papers off the list, each for its reason; together they can be taken back."""
        with self.write() as db:
            for paper, why in reasons.items():
                db.execute("INSERT OR IGNORE INTO releases (paper_id, at, why) VALUES (?, ?, ?)", (paper, iso(at), why))

    def take_back(self, *, at: datetime) -> list[str]:
        """Put back what was let go last, all of it; the identifiers, none when nothing is gone."""
        with self.write() as db:
            rows = self.rows(
                "SELECT paper_id, at FROM releases WHERE at = (SELECT max(at) FROM releases WHERE back_at IS NULL) "
                "AND back_at IS NULL ORDER BY paper_id"
            )
            for row in rows:
                db.execute("UPDATE releases SET back_at = ? WHERE paper_id = ? AND at = ?", (iso(at), *row))
            return [str(row[0]) for row in rows]
