"""The reader's tags on papers: short words of the reader's own, any number on one paper."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from triage.store.connection import iso
from triage.store.papers import Papers


class Tags(Papers):
    """The room of the tags; a tag is kept in small letters, so that `KV` and `kv` are one."""

    def add_tags(self, paper_id: str, tags: Iterable[str], *, at: datetime) -> None:
        """Put tags on a paper; one that it has already stays as it is.

        Raises:
            InvalidInput: the paper is not stored.
        """
        self.demand([paper_id])
        with self.write() as db:
            for tag in tags:
                db.execute(
                    "INSERT OR IGNORE INTO tags (paper_id, tag, at) VALUES (?, ?, ?)", (paper_id, _tag(tag), iso(at))
                )

    def remove_tags(self, paper_id: str, tags: Iterable[str]) -> None:
        """Take tags off a paper; one that it has not is no fault."""
        with self.write() as db:
            for tag in tags:
                db.execute("DELETE FROM tags WHERE paper_id = ? AND tag = ?", (paper_id, _tag(tag)))

    def tags(self) -> dict[str, tuple[str, ...]]:
        """The tags of every paper that has one, sorted."""
        found: dict[str, tuple[str, ...]] = {}
        for paper, tag in self.rows("SELECT paper_id, tag FROM tags ORDER BY paper_id, tag"):
            found[str(paper)] = (*found.get(str(paper), ()), str(tag))
        return found


def _tag(text: str) -> str:
    return text.strip().casefold()
