"""What an answer with status 200 must be before a lenient parser sees it: whole, well-formed, arXiv's XML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree

from triage.errors import Unavailable

ATOM = "{http://www.w3.org/2005/Atom}"
OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
_ROOTS = (f"{ATOM}feed", "rss", "{http://www.openarchives.org/OAI/2.0/}OAI-PMH")
_HTML = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:<!doctype\s+html|<html)", re.IGNORECASE)
_DECLARATION = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)


class Garbled(Exception):
    """The body is not what arXiv sends; the text completes "arXiv sent …"."""


class EmptyPage(Unavailable):
    """A page of the API stays empty although there are papers from `start` on, by its own count."""

    def __init__(self, line: str, start: int) -> None:
        super().__init__(line)
        self.start = start


@dataclass(frozen=True, slots=True)
class Outline:
    """The few things of an answer that its parsers do not tell: how many hits there are, and whether it is an error."""

    entries: int
    total: int | None = None
    start: int = 0
    error: str | None = None

    @property
    def gap(self) -> bool:
        """The page is empty although the answer itself says that there are papers on it."""
        return self.total is not None and not self.entries and self.total > self.start


def outline(body: bytes) -> Outline:
    """Read an answer's outline.

    Entities are refused unread: arXiv never declares any, and expanding them can fill the memory. A NUL byte means an
    encoding in which the search for them would see nothing.

    Raises:
        Garbled: the body is empty, HTML, cut, not well-formed, or of some other vocabulary.
    """
    if not body.strip():
        raise Garbled("an empty answer")
    if _HTML.match(body):
        raise Garbled("an HTML page where XML was expected")
    if b"\0" in body or _DECLARATION.search(body):
        raise Garbled("XML with declarations that arXiv never makes, which are refused unread")
    try:
        root = ElementTree.fromstring(body)
    except (ElementTree.ParseError, LookupError, ValueError) as fault:
        raise Garbled(f"XML that is cut or not well-formed ({fault})") from fault
    if root.tag not in _ROOTS or (root.tag == "rss" and root.find("channel") is None):
        raise Garbled(f"a document of another kind ({root.tag[:60]})")
    return _outline(root)


def _outline(root: ElementTree.Element) -> Outline:
    entries = root.findall(f"{ATOM}entry")
    total, start = _number(root, "totalResults"), _number(root, "startIndex")
    errors = (_error(entry) for entry in entries)
    return Outline(len(entries), total, start or 0, next((error for error in errors if error), None))


def _number(root: ElementTree.Element, name: str) -> int | None:
    text = (root.findtext(f"{OPENSEARCH}{name}") or "").strip()
    return int(text) if text.isdecimal() and len(text) < 12 else None


def _error(entry: ElementTree.Element) -> str | None:
    """Read the message when the entry is an error, whatever the status: arXiv marks it by its identifier."""
    if "/api/errors" not in (entry.findtext(f"{ATOM}id") or ""):
        return None
    return " ".join((entry.findtext(f"{ATOM}summary") or "no reason given").split())[:200]
