"""OAI-PMH, format arXivRaw: the records of one category that changed since a day, with the dates of all versions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.etree import ElementTree

from triage.errors import InvalidInput, Unavailable
from triage.fetch.api import CATEGORY
from triage.fetch.feed import split_authors
from triage.fetch.journal import bare
from triage.paper import Paper, split_identifier
from triage.taxonomy import canonical

if TYPE_CHECKING:
    from triage.fetch.wire import Wire

_OAI = "{http://www.openarchives.org/OAI/2.0/}"
_RAW = "{http://arxiv.org/OAI/arXivRaw/}"
_GROUPS = frozenset({"cs", "econ", "eess", "math", "q-bio", "q-fin", "stat"})
"""Archives that are a group of their own; all others belong to `physics` (the repository's list of sets)."""

_RESTARTS = 2
_AND = re.compile(r",?\s+and\s+")


class _Expired(Exception):
    """The server does not know its own token any more."""


def set_of(category: str) -> str:
    """Name the OAI set of a category or a whole archive: `cs.LG` is `cs:cs:LG`, `quant-ph` is `physics:quant-ph`.

    Raises:
        InvalidInput: the text cannot be a category.
    """
    name = canonical(category)
    if not CATEGORY.fullmatch(name):
        raise InvalidInput(f"{category[:40]!r} is no arXiv category")
    archive, _, subject = name.partition(".")
    return ":".join(filter(None, (archive if archive in _GROUPS else "physics", archive, subject)))


def read_changes(wire: Wire, category: str, since: date) -> Iterator[Paper]:
    """Fetch what changed in a category since a day (UTC): new papers, replacements, and old records touched in bulk.

    `submitted` is the date of version 1, `updated` that of the newest; a record may come twice. A token that expired
    costs a new list from the last day that came whole.

    Raises:
        InvalidInput: the category cannot be one, or the repository refuses the question.
        Unavailable: as `Wire.get`, or there were records and none of them could be read.
        TryLater: as `Wire.get`.
    """
    wanted, reached, ordered = set_of(category), since.isoformat(), True
    read, unread = 0, 0
    for restart in range(_RESTARTS + 1):
        begin = reached if ordered else since.isoformat()
        try:
            for stamp, paper in _list(wire, wanted, begin):
                ordered, reached = ordered and stamp >= reached, max(stamp, reached)
                if paper:
                    read += 1
                    yield paper
                else:
                    unread += 1
        except _Expired as fault:
            if restart == _RESTARTS:
                raise Unavailable("arXiv's OAI-PMH service loses its place in the list; try again later") from fault
        else:
            break
    wire.note(records=wanted, since=since, read=read, unread=unread)
    if unread and not read:
        raise Unavailable(f"none of the {unread} records at {bare(wire.oai)} could be read; check [arxiv] oai")


def _list(wire: Wire, wanted: str, begin: str) -> Iterator[tuple[str, Paper | None]]:
    """Walk one list page by page: the datestamp of each record that is there, and its paper where it can be read."""
    question = f"verb=ListRecords&metadataPrefix=arXivRaw&set={quote(wanted, safe=':')}&from={begin}"
    tokens: set[str] = set()
    while question:
        page = _page(wire, question)
        for record in page.iter(f"{_OAI}record"):
            if record.find(f"{_OAI}header[@status='deleted']") is not None:
                continue
            yield (record.findtext(f"{_OAI}header/{_OAI}datestamp") or "")[:10], _paper(record)
        token = (page.findtext(f"{_OAI}ListRecords/{_OAI}resumptionToken") or "").strip()
        if token in tokens:
            raise Unavailable("arXiv's OAI-PMH service gives the same page again and again; try again later")
        tokens.add(token)
        # The token is percent-encoded text already, and as the value of a parameter it is encoded once more.
        question = f"verb=ListRecords&resumptionToken={quote(token, safe='')}" if token else ""


def identify(wire: Wire) -> str:
    """The name that the service gives itself, "" where it gives none: the cheapest question there is.

    Raises:
        Unavailable, TryLater: as `Wire.get`, or the address is that of no OAI-PMH service.
    """
    return (_answer(wire, "verb=Identify").findtext(f"{_OAI}Identify/{_OAI}repositoryName") or "").strip()


def _answer(wire: Wire, question: str) -> ElementTree.Element:
    """Ask, and make sure that it is an OAI-PMH service that answers; its errors come with status 200."""
    response = wire.get(f"{wire.oai}{'&' if '?' in wire.oai else '?'}{question}")
    root = ElementTree.fromstring(response.content)  # the wire has refused declarations and what is not well-formed
    if response.status_code != 200 or root.tag != f"{_OAI}OAI-PMH":
        raise Unavailable(f"{bare(wire.oai)} is no OAI-PMH service (status {response.status_code}); check [arxiv] oai")
    return root


def _page(wire: Wire, question: str) -> ElementTree.Element:
    """Ask for one page of records."""
    root = _answer(wire, question)
    error = root.find(f"{_OAI}error")
    code = None if error is None else error.get("code")
    if code == "badResumptionToken":
        raise _Expired
    if error is not None and code != "noRecordsMatch":
        reason = " ".join((error.text or "").split())[:200]
        raise InvalidInput(f"arXiv's OAI-PMH service refuses the question ({code}): {reason or 'no reason given'}")
    if error is None and root.find(f"{_OAI}ListRecords") is None and root.find(f"{_OAI}GetRecord") is None:
        raise Unavailable("arXiv's OAI-PMH service sent neither records nor an error; try again later")
    return root


def _paper(record: ElementTree.Element) -> Paper | None:
    """Read one record; None when it has no identifier or another format, because one bad record spoils no morning."""
    raw = record.find(f"{_OAI}metadata/{_RAW}arXivRaw")
    if raw is None:
        return None
    versions = [version for element in raw.findall(f"{_RAW}version") if (version := _version(element))]
    try:
        identifier = split_identifier(_line(raw, "id") or "")[0]
    except InvalidInput:
        return None
    if not versions:
        return None
    (_, first), (newest, last) = min(versions), max(versions)
    listed = (_line(raw, "categories") or "").split()
    return Paper(
        id=identifier,
        title=_line(raw, "title") or "",
        abstract=re.sub(r"\s*\n\s*", " ", (raw.findtext(f"{_RAW}abstract") or "").strip()),
        version=newest,
        authors=_authors(_line(raw, "authors") or ""),
        categories=tuple(dict.fromkeys(name for name in listed if CATEGORY.fullmatch(name))),
        submitted=first,
        updated=last,
        comment=_line(raw, "comments"),
        doi=(_line(raw, "doi") or "").partition(" ")[0] or None,
        journal_ref=_line(raw, "journal-ref"),
    )


def _version(element: ElementTree.Element) -> tuple[int, datetime] | None:
    """Read a version's number and moment (aware, UTC)."""
    number = (element.get("version") or "").removeprefix("v")
    try:
        moment = parsedate_to_datetime(element.findtext(f"{_RAW}date") or "")
        return int(number), moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _line(raw: ElementTree.Element, name: str) -> str | None:
    return " ".join((raw.findtext(f"{_RAW}{name}") or "").split()) or None


def _authors(text: str) -> tuple[str, ...]:
    """Split the one string, in which the last author may follow an "and"."""
    return split_authors(_AND.sub(", ", text))
