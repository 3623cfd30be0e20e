"""Papers, notes and verdicts out of triage and back: citations, pages, a feed, and everything the reader owns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from triage.export.atom import atom
from triage.export.bibtex import bibtex
from triage.export.citations import csl_json, ris
from triage.export.lines import Owned, is_export, read_lines, write_lines
from triage.export.pages import into_note, markdown, org, plain
from triage.export.records import Entry

__all__ = ["FORMATS", "Entry", "Owned", "into_note", "is_export", "plain", "read_lines", "write_lines"]


def _bibtex(entries: Sequence[Entry]) -> str:
    return bibtex((entry.paper for entry in entries), {entry.paper.id: entry.tags for entry in entries})


FORMATS: dict[str, Callable[[Sequence[Entry]], str]] = {
    "bibtex": _bibtex,
    "ris": ris,
    "csl-json": csl_json,
    "markdown": markdown,
    "org": org,
    "atom": atom,
}
"""Each format of chosen papers, as a function from the entries to the whole file."""
