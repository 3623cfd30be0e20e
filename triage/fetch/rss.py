"""The announcement feed's RSS flavour, read with an XML parser: feedparser would take its abstracts for HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import struct_time
from typing import Any
from xml.etree import ElementTree

_ARXIV = "{http://arxiv.org/schemas/atom}"
_DUBLIN = "{http://purl.org/dc/elements/1.1/}"
_OPENING = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?<rss[\s>]")


@dataclass(frozen=True, slots=True)
class Rss:
    """A feed under the names that feedparser gives to its Atom flavour."""

    feed: dict[str, Any]
    entries: list[dict[str, Any]]


def is_rss(body: bytes) -> bool:
    """Whether a well-formed answer is RSS."""
    return bool(_OPENING.match(body))


def parse_rss(body: bytes) -> Rss:
    """Read RSS 2.0; the wire has made sure that it is well-formed, has a channel and declares no entities."""
    (channel,) = ElementTree.fromstring(body).findall("channel")[:1]
    head = {"title": channel.findtext("title") or "", "subtitle": channel.findtext("description") or ""}
    rendered = _moment(channel.findtext("lastBuildDate"))
    return Rss({**head, "updated_parsed": rendered}, [_entry(item) for item in channel.findall("item")])


def _entry(item: ElementTree.Element) -> dict[str, Any]:
    return {
        "id": item.findtext("guid"),
        "title": item.findtext("title"),
        "summary": item.findtext("description"),
        "author": item.findtext(f"{_DUBLIN}creator"),
        "arxiv_announce_type": item.findtext(f"{_ARXIV}announce_type"),
        "arxiv_doi": item.findtext(f"{_ARXIV}DOI"),
        "arxiv_journal_reference": item.findtext(f"{_ARXIV}journal_reference"),
        "tags": [{"term": category.text} for category in item.findall("category")],
        "published_parsed": _moment(item.findtext("pubDate")),
    }


def _moment(text: str | None) -> struct_time | None:
    """Read a date of RFC 822 as a time tuple in UTC."""
    try:
        return parsedate_to_datetime(text or "").utctimetuple()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
