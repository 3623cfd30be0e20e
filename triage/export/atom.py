"""Papers as an Atom feed that any reader takes (RFC 4287)."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as Tree

from triage.text import clean, readable

if TYPE_CHECKING:
    from triage.export.records import Entry

_ATOM = "http://www.w3.org/2005/Atom"


def atom(entries: Iterable[Entry]) -> str:
    """A feed with one entry a paper; `updated` is when it was kept, so that the same papers give the same feed."""
    Tree.register_namespace("", _ATOM)
    found = list(entries)
    feed = Tree.Element(f"{{{_ATOM}}}feed")
    _add(feed, "id", "tag:arxiv.org,2026:triage/kept")
    _add(feed, "title", "Kept with triage")
    _add(feed, "updated", _instant(max((_updated(entry) for entry in found), default=datetime(2000, 1, 1, tzinfo=UTC))))
    _add(_add(feed, "author"), "name", "triage")
    for entry in found:
        _add_entry(feed, entry)
    written = io.BytesIO()
    Tree.indent(feed)
    Tree.ElementTree(feed).write(written, encoding="utf-8", xml_declaration=True)
    return written.getvalue().decode("utf-8") + "\n"


def _add_entry(feed: Tree.Element, entry: Entry) -> None:
    paper, node = entry.paper, _add(feed, "entry")
    _add(node, "id", paper.url)
    _add(node, "title", readable(paper.title))
    _add(node, "updated", _instant(_updated(entry)))
    for name in paper.authors or ("unknown",):
        _add(_add(node, "author"), "name", readable(name))
    _add(node, "link", href=paper.url, rel="alternate")
    for term in (*paper.categories, *entry.tags):
        _add(node, "category", term=clean(term))
    _add(node, "summary", readable(paper.abstract))
    if entry.note:
        _add(node, "content", "\n".join(map(clean, entry.note.splitlines())), type="text")


def _add(parent: Tree.Element, name: str, text: str = "", **attributes: str) -> Tree.Element:
    node = Tree.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    node.text = text or None
    return node


def _updated(entry: Entry) -> datetime:
    return entry.kept or entry.paper.updated or entry.paper.submitted or datetime(2000, 1, 1, tzinfo=UTC)


def _instant(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
