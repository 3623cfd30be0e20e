"""Full text search over the stored papers and the reader's notes, the best match first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from triage.store.papers import Papers, chunks, marks
from triage.store.query import Query, parse

if TYPE_CHECKING:
    from triage.paper import Paper

_WEIGHTS = "6.0, 1.0, 3.0"
"""How much a word weighs in the title, the abstract and the authors (assumption: a title word tells most)."""

RANKED = 10_000
"""Of more matches than these only those stored last are ranked: bm25 takes a microsecond for each, and of a word that
so many papers have it tells little but their length. Without it the cost of a common word grows with the archive."""

_FILTERS = {
    "category": "EXISTS (SELECT 1 FROM json_each(p.categories) c WHERE lower(c.value) = ? OR lower(c.value) LIKE "
    "replace(replace(?, '%', ''), '_', '') || '.%')",
    "tag": "EXISTS (SELECT 1 FROM tags t WHERE t.paper_id = p.id AND t.tag = ?)",
    "note": "EXISTS (SELECT 1 FROM notes n WHERE n.paper_id = p.id AND instr(casefold(n.text), ?) > 0)",
    "id": "p.id = ?",
}


@dataclass(frozen=True, slots=True)
class Found:
    """One paper that matches: `extract` is the place in its text, or the note, that was found; foreign text."""

    paper: Paper
    extract: str


class Search(Papers):
    """The room of the search."""

    def search(self, text: str, limit: int, *, ranked: int = RANKED) -> list[Found]:
        """Papers that match the search words, best first by bm25; those with a matching note come before the others.

        Of more than `ranked` matches those stored last are ranked. Any text may be asked for; see
        `triage.store.query.parse` for what the words mean.
        """
        query = parse(text)
        if query.empty:
            return []
        extracts: dict[str, str] = {}
        for paper, extract in [*self._in_notes(query, limit), *self._in_papers(query, limit, ranked)]:
            extracts.setdefault(paper, extract)
        papers = self.papers(extracts)
        return [Found(papers[paper], extract) for paper, extract in extracts.items()][:limit]

    def _in_papers(self, query: Query, limit: int, ranked: int) -> list[tuple[str, str]]:
        conditions, values = _narrowed(query)
        if query.text:
            join = "JOIN papers p ON p.rowid = papers_fts.rowid" if conditions else ""
            best = (
                f"SELECT number FROM (SELECT papers_fts.rowid AS number, bm25(papers_fts, {_WEIGHTS}) AS distance "
                f"FROM papers_fts {join} WHERE papers_fts MATCH ?{conditions} ORDER BY papers_fts.rowid DESC LIMIT ?) "
                "ORDER BY distance, number DESC LIMIT ?"
            )
            rows: list[Any] = self.rows(best, [query.text, *values, ranked, limit])
            return self._extracts(query.text, [row[0] for row in rows])
        every = (
            f"SELECT p.id, p.abstract FROM papers p WHERE 1{conditions} ORDER BY p.first_seen DESC, p.id DESC LIMIT ?"
        )
        return self._pairs(every, [*values, limit])

    def _extracts(self, words: str, numbers: list[int]) -> list[tuple[str, str]]:
        """Identifiers and extracts of the papers found, in their order; to cut one out of every match takes longest."""
        rows: list[Any] = [
            row
            for chunk in chunks(numbers)
            for row in self.rows(
                "SELECT papers_fts.rowid, p.id, snippet(papers_fts, 1, '', '', '…', 14) FROM papers_fts JOIN papers p "
                f"ON p.rowid = papers_fts.rowid WHERE papers_fts MATCH ? AND papers_fts.rowid IN ({marks(chunk)})",
                [words, *chunk],
            )
        ]
        found = {number: (paper, extract or "") for number, paper, extract in rows}
        return [found[number] for number in numbers]

    def _in_notes(self, query: Query, limit: int) -> list[tuple[str, str]]:
        if not query.free:
            return []
        conditions, values = _narrowed(query)
        found = (
            "SELECT p.id, m.text FROM notes_fts JOIN notes m ON m.rowid = notes_fts.rowid JOIN papers p "
            f"ON p.id = m.paper_id WHERE notes_fts MATCH ?{conditions} ORDER BY bm25(notes_fts), p.id DESC LIMIT ?"
        )
        return self._pairs(found, [query.free, *values, limit])

    def _pairs(self, sql: str, values: list[object]) -> list[tuple[str, str]]:
        rows: list[Any] = self.rows(sql, values)
        return [(paper, extract or "") for paper, extract in rows]


def _narrowed(query: Query) -> tuple[str, list[object]]:
    """Conditions beside the full text, and their values."""
    conditions, values = "", list[object]()
    if query.without:
        conditions += " AND p.rowid NOT IN (SELECT rowid FROM papers_fts WHERE papers_fts MATCH ?)"
        values.append(query.without)
    for kind, value, wanted in query.filters:
        conditions += f" AND {'' if wanted else 'NOT '}{_FILTERS[kind]}"
        values += [value if kind == "id" else value.casefold()] * _FILTERS[kind].count("?")
    return conditions, values
