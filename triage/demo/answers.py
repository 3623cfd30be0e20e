"""arXiv's answers for the invented papers: the announcement feed and the query API, written with an XML library."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http import HTTPStatus
from xml.etree import ElementTree as ET

from triage.demo.catalogue import ARXIV, ATOM, announcement, known_papers
from triage.errors import InvalidInput
from triage.paper import Paper, split_identifier
from triage.taxonomy import archives, canonical, names

SEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
OAI = "{http://www.openarchives.org/OAI/2.0/}"
_LARGEST = 2000  # rows arXiv's API gives at once
_WINDOW = re.compile(r"submittedDate:\[\s*(\d{8,14})\s+TO\s+(\d{8,14})\s*\]", re.IGNORECASE)
_CATEGORY = re.compile(r"\bcat:\"?([\w.*-]+)")
_AFFILIATED = re.compile(r"(?P<name>[^(]+?)\s*(?:\((?P<affiliation>.*)\))?", re.DOTALL)

for _prefix, _namespace in (("", ATOM), ("arxiv", ARXIV), ("opensearch", SEARCH)):
    ET.register_namespace(_prefix, _namespace.strip("{}"))
ET.register_namespace("dc", "http://purl.org/dc/elements/1.1/")


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer: status and a body that is XML."""

    body: bytes
    status: HTTPStatus = HTTPStatus.OK
    content_type: str = "application/atom+xml"


class _Refused(Exception):
    """The API cannot read the question; the text is that of arXiv's error entry."""


def feed(asked: str, day: date) -> Answer:
    """The announcement of `day` for categories or whole archives joined by `+`, each paper listed once."""
    root, wanted = announcement(day), [canonical(category) for category in asked.split("+")]
    address, fault = f"http://rss.arxiv.org/atom/{asked}", _fault(wanted)
    _change(root, f"{ATOM}id", address)
    _change(root, f"{ATOM}title", f"Feed error for query: {address}" if fault else _listing(wanted, "arXiv.org"))
    _change(root, f"{ATOM}subtitle", fault or _listing(wanted, "the arXiv.org e-print archive."))
    for entry in root.findall(f"{ATOM}entry"):
        if fault or not _retype(entry, wanted):
            root.remove(entry)
    return Answer(_written(root), HTTPStatus.BAD_REQUEST if fault else HTTPStatus.OK)


def _fault(wanted: Iterable[str]) -> str:
    """What is wrong with the asked categories, in the manner of arXiv's error feed; empty when all are known."""
    for category in wanted:
        archive, _, subject = category.partition(".")
        if archive not in archives():
            return f"Bad archive {archive!r}. Valid archive names are: {', '.join(sorted(archives()))}."
        if category not in names() and category not in archives():
            return f"Bad subject class {subject!r}."
    return ""


def _listing(categories: Iterable[str], place: str) -> str:
    return f"{', '.join(categories)} updates on {place}"


def _change(parent: ET.Element, tag: str, text: str) -> None:
    element = parent.find(tag)
    assert element is not None
    element.text = text


def _retype(entry: ET.Element, wanted: Collection[str]) -> bool:
    """Say whether the entry lists a wanted category, and set its type, which arXiv reckons from the asked set."""
    listed = [_listed(tag.get("term", ""), wanted) for tag in entry.findall(f"{ATOM}category")]
    before, summary = entry.findtext(f"{ARXIV}announce_type", ""), entry.findtext(f"{ATOM}summary", "")
    base, crossed = ("replace", "replace-cross") if before.startswith("replace") else ("new", "cross")
    after = base if listed[0] else crossed
    _change(entry, f"{ARXIV}announce_type", after)
    _change(entry, f"{ATOM}summary", summary.replace(f"Announce Type: {before} \n", f"Announce Type: {after} \n", 1))
    return any(listed)


def _listed(category: str, wanted: Collection[str]) -> bool:
    archive = category.partition(".")[0]
    return canonical(category) in wanted or archive in wanted or f"{archive}.*" in wanted


def query(asked: Mapping[str, str], day: date, now: datetime) -> Answer:
    """Answer the API's `id_list` and `search_query` from the papers known once `day` was announced."""
    try:
        start, rows = _number(asked, "start", 0), _number(asked, "max_results", 10)
        found = _sorted(_found(asked, known_papers(day)), asked)
    except _Refused as refused:
        return Answer(_error(str(refused), now), HTTPStatus.BAD_REQUEST)
    root = _opened(asked, now, total=len(found), start=start, rows=rows)
    root.extend(_entry(paper) for paper in found[start : start + rows])
    return Answer(_written(root))


def _number(asked: Mapping[str, str], name: str, default: int) -> int:
    text = asked.get(name) or str(default)
    if not re.fullmatch(r"\d{1,9}", text):
        raise _Refused(f"{name} must be a non-negative integer")
    if name == "max_results" and int(text) > _LARGEST:
        raise _Refused(f"{name} must not exceed {_LARGEST}")
    return int(text)


def _found(asked: Mapping[str, str], known: Mapping[str, Paper]) -> Iterable[Paper]:
    identifiers, search = asked.get("id_list", "").strip(), asked.get("search_query", "").strip()
    if not identifiers and not search:
        raise _Refused("Either a search_query or id_list must be specified for the classic API.")
    found = _listed_by_id(identifiers.split(","), known) if identifiers else list(known.values())
    return [paper for paper in found if not search or _matches(paper, search)]


def _listed_by_id(identifiers: Iterable[str], known: Mapping[str, Paper]) -> list[Paper]:
    """The known ones among the identifiers; a version arXiv does not have is absent, a malformed one fails all."""
    found: dict[str, Paper] = {}
    for text in identifiers:
        try:
            identifier, version = split_identifier(text)
        except InvalidInput as error:
            raise _Refused(f"incorrect id format for {text}") from error
        if identifier in known and version in (None, known[identifier].version):
            found[identifier] = known[identifier]
    return list(found.values())


def _matches(paper: Paper, search: str) -> bool:
    """Test category and submission window; a search of other fields finds nothing among invented papers."""
    categories, window = _CATEGORY.findall(search), _WINDOW.search(search.replace('"', ""))
    if not categories and not window:
        return False
    wanted = [canonical(category) for category in categories]
    if wanted and not any(_listed(category, wanted) for category in paper.categories):
        return False
    assert paper.submitted is not None
    return not window or _moment(window[1], "0") <= f"{paper.submitted:%Y%m%d%H%M%S}" <= _moment(window[2], "9")


def _moment(digits: str, fill: str) -> str:
    """Widen a date of 8 to 14 digits to seconds: `2099121719` begins at :00 and ends within :99."""
    return digits.ljust(14, fill)


def _sorted(found: Iterable[Paper], asked: Mapping[str, str]) -> Sequence[Paper]:
    field = {"submittedDate": "submitted", "lastUpdatedDate": "updated"}.get(asked.get("sortBy", ""))
    if not field:
        return list(found)
    backwards = asked.get("sortOrder", "descending") != "ascending"
    return sorted(found, key=lambda paper: (getattr(paper, field), paper.id), reverse=backwards)


def _opened(asked: Mapping[str, str], now: datetime, *, total: int, start: int, rows: int) -> ET.Element:
    """The API's feed element with its counts and without entries."""
    root = ET.Element(f"{ATOM}feed")
    echo = f"search_query={asked.get('search_query', '')}&id_list={asked.get('id_list', '')}"
    _add(root, f"{ATOM}id", "https://arxiv.org/api/demo")
    _add(root, f"{ATOM}title", f"arXiv Query: {echo}&start={start}&max_results={rows}")
    _add(root, f"{ATOM}updated", _stamp(now))
    for name, count in (("itemsPerPage", rows), ("totalResults", total), ("startIndex", start)):
        _add(root, f"{SEARCH}{name}", str(count))
    return root


def _entry(paper: Paper) -> ET.Element:
    """One paper as the API writes it."""
    entry = ET.Element(f"{ATOM}entry")
    link = f"arxiv.org/abs/{paper.id}v{paper.version}"
    _add(entry, f"{ATOM}id", f"http://{link}")
    _add(entry, f"{ATOM}title", paper.title)
    _add(entry, f"{ATOM}updated", _stamp(paper.updated))
    _add(entry, f"{ATOM}link", href=f"https://{link}", rel="alternate", type="text/html")
    pdf = f"https://{link.replace('/abs/', '/pdf/')}"
    _add(entry, f"{ATOM}link", href=pdf, rel="related", type="application/pdf", title="pdf")
    _add(entry, f"{ATOM}summary", paper.abstract)
    for category in paper.categories:
        _add(entry, f"{ATOM}category", term=category, scheme="http://arxiv.org/schemas/atom")
    _add(entry, f"{ATOM}published", _stamp(paper.submitted))
    _add_optional(entry, paper)
    _add(entry, f"{ARXIV}primary_category", term=paper.categories[0])
    for author in paper.authors:
        _add_author(entry, author)
    return entry


def _add_optional(entry: ET.Element, paper: Paper) -> None:
    for name, text in (("comment", paper.comment), ("journal_ref", paper.journal_ref), ("doi", paper.doi)):
        if text:
            _add(entry, f"{ARXIV}{name}", text)
    if paper.doi:
        _add(entry, f"{ATOM}link", href=f"https://doi.org/{paper.doi}", rel="related", title="doi")


def _add_author(entry: ET.Element, author: str) -> None:
    match = _AFFILIATED.fullmatch(author)
    assert match is not None
    person = _add(entry, f"{ATOM}author")
    _add(person, f"{ATOM}name", match["name"])
    if match["affiliation"]:
        _add(person, f"{ARXIV}affiliation", match["affiliation"])


def _error(message: str, now: datetime) -> bytes:
    """The one entry titled `Error` with which the API refuses."""
    root = _opened({}, now, total=1, start=0, rows=1)
    entry = _add(root, f"{ATOM}entry")
    _add(entry, f"{ATOM}id", f"https://arxiv.org/api/errors#{message.replace(' ', '_')}")
    _add(entry, f"{ATOM}title", "Error")
    _add(entry, f"{ATOM}updated", _stamp(now))
    _add(entry, f"{ATOM}summary", message)
    _add(_add(entry, f"{ATOM}author"), f"{ATOM}name", "arXiv api core")
    return _written(root)


def no_records(now: datetime) -> Answer:
    """OAI-PMH's answer to every harvest of the demo: nothing changed, said with HTTP 200 as arXiv does."""
    root = ET.Element(f"{OAI}OAI-PMH")
    _add(root, f"{OAI}responseDate", _stamp(now))
    _add(root, f"{OAI}error", "No records match the request.", code="noRecordsMatch")
    return Answer(_written(root), content_type="text/xml")


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, tag, attributes)
    element.text = text
    return element


def _stamp(moment: datetime | None) -> str:
    assert moment is not None
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _written(root: ET.Element) -> bytes:
    """The document as bytes; `xml_declaration` because arXiv sends one."""
    written: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written
