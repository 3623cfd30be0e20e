"""A loopback arXiv for tests: announcement feed, API and OAI-PMH in arXiv's own formats, with faults on demand."""

from __future__ import annotations

import re
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape, quoteattr
from zoneinfo import ZoneInfo

from triage.paper import Item, Paper

EASTERN = ZoneInfo("America/New_York")
ATOM_TYPE = "application/atom+xml"
BLANKS = b" " * 65536
_FEED = (
    "<?xml version='1.0' encoding='UTF-8'?>\n"
    '<feed xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns="http://www.w3.org/2005/Atom" xml:lang="en-us">\n'
)
_API = (
    "<?xml version='1.0' encoding='UTF-8'?>\n"
    '<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom" '
    'xmlns="http://www.w3.org/2005/Atom">\n'
)


def item(number: int, kind: str = "new", categories: Sequence[str] = ("cs.LG",), **given: Any) -> Item:
    """An invented item; `number` makes the identifier `9912.NNNNN`, which no real paper has."""
    return Item(invented(number, categories=tuple(categories), **given), kind)  # type: ignore[arg-type]


def invented(number: int, **given: Any) -> Paper:
    told: dict[str, Any] = {
        "id": f"9912.{number:05d}",
        "title": f"On the invented matter number {number}",
        "abstract": f"We invent matter number {number} and prove that $a<b$ & so on.",
        "authors": ("Ada Invented", "Bo Fictional"),
        "categories": ("cs.LG",),
        "submitted": datetime(2026, 11, 18, 12, 0, tzinfo=UTC),
        "comment": "12 pages, 3 figures",
    }
    return Paper(**{**told, **given})


def atom_feed(
    items: Iterable[Item],
    day: date = date(2026, 11, 20),
    rendered: datetime | None = None,
    categories: Sequence[str] = ("cs.LG",),
) -> bytes:
    """The announcement of a day as arXiv's feed service writes it."""
    rendered = rendered or datetime.combine(day, clock_time(0, 0, 3), EASTERN).astimezone(UTC)
    midnight, stamp = datetime.combine(day, clock_time(), EASTERN).isoformat(), rendered.isoformat()
    entries = "".join(_feed_entry(item, midnight, stamp) for item in items)
    return (_FEED + _feed_head("+".join(categories), ", ".join(categories), stamp) + entries + "</feed>\n").encode()


def rss_feed(items: Iterable[Item], day: date = date(2026, 11, 20)) -> bytes:
    """The same announcement as RSS 2.0."""
    midnight = datetime.combine(day, clock_time(), EASTERN)
    stamp = format_datetime(midnight + timedelta(seconds=3))
    head = (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0">\n'
        f"<channel><title>cs.LG updates on arXiv.org</title><description>news</description>"
        f"<lastBuildDate>{stamp}</lastBuildDate>\n"
    )
    entries = "".join(_rss_item(one, format_datetime(midnight)) for one in items)
    return (head + entries + "</channel></rss>\n").encode()


def _rss_item(item: Item, midnight: str) -> str:
    paper = item.paper
    extra = "".join(
        f"<arxiv:{tag}>{escape(value)}</arxiv:{tag}>"
        for tag, value in (("DOI", paper.doi), ("journal_reference", paper.journal_ref))
        if value
    )
    return (
        f"<item><title>{escape(paper.title)}</title><link>{paper.url}</link>"
        f"<description>arXiv:{paper.id}v{paper.version} Announce Type: {item.type} \n"
        f"Abstract: {escape(paper.abstract)}</description>"
        f'<guid isPermaLink="false">oai:arXiv.org:{paper.id}v{paper.version}</guid>'
        + "".join(f"<category>{escape(name)}</category>" for name in paper.categories)
        + f"<pubDate>{midnight}</pubDate><arxiv:announce_type>{item.type}</arxiv:announce_type>{extra}"
        f"<dc:creator>{escape(', '.join(paper.authors))}</dc:creator></item>\n"
    )


def feed_error(asked: str, reason: str) -> bytes:
    """The feed's answer to a category that it does not know; sent with status 400."""
    head = _feed_head(asked, "", "2026-11-20T05:00:03+00:00", title=f"Feed error for query: {asked}", subtitle=reason)
    return (_FEED + head + "</feed>\n").encode()


def _feed_head(path: str, names: str, stamp: str, title: str = "", subtitle: str = "") -> str:
    link = quoteattr(f"http://rss.arxiv.org/atom/{path}")
    return (
        f"  <id>http://rss.arxiv.org/atom/{escape(path)}</id>\n"
        f"  <title>{escape(title or f'{names} updates on arXiv.org')}</title>\n  <updated>{stamp}</updated>\n"
        f'  <link href={link} rel="self" type="application/atom+xml"/>\n'
        f"  <subtitle>{escape(subtitle or f'{names} updates on the arXiv.org e-print archive.')}</subtitle>\n"
    )


def _feed_entry(item: Item, midnight: str, stamp: str) -> str:
    paper = item.paper
    extra = "".join(
        f"    <arxiv:{tag}>{escape(value)}</arxiv:{tag}>\n"
        for tag, value in (("DOI", paper.doi), ("journal_reference", paper.journal_ref))
        if value
    )
    return (
        f"  <entry>\n    <id>oai:arXiv.org:{paper.id}v{paper.version}</id>\n    <title>{escape(paper.title)}</title>\n"
        f'    <updated>{stamp}</updated>\n    <link href="{paper.url}" rel="alternate" type="text/html"/>\n'
        f"    <summary>arXiv:{paper.id}v{paper.version} Announce Type: {item.type} \n"
        f"Abstract: {escape(paper.abstract)}</summary>\n"
        + "".join(f"    <category term={quoteattr(name)}/>\n" for name in paper.categories)
        + f"    <published>{midnight}</published>\n    <arxiv:announce_type>{item.type}</arxiv:announce_type>\n"
        f"    <dc:rights>http://creativecommons.org/licenses/by/4.0/</dc:rights>\n{extra}"
        f"    <dc:creator>{escape(', '.join(paper.authors))}</dc:creator>\n  </entry>\n"
    )


def api_answer(
    papers: Sequence[Paper], *, total: int | None = None, start: int = 0, page: int = 100, query: str = ""
) -> bytes:
    """One page of the API's answer as arXiv's search service writes it."""
    total = len(papers) if total is None else total
    return (
        _API + f"  <id>https://arxiv.org/api/invented</id>\n  <title>arXiv Query: {escape(query)}</title>\n"
        f"  <updated>2026-11-20T12:00:00Z</updated>\n  <opensearch:itemsPerPage>{page}</opensearch:itemsPerPage>\n"
        f"  <opensearch:totalResults>{total}</opensearch:totalResults>\n"
        f"  <opensearch:startIndex>{start}</opensearch:startIndex>\n" + "".join(map(_api_entry, papers)) + "</feed>\n"
    ).encode()


def api_error(message: str) -> bytes:
    """The API's error: a feed with one entry that is no paper."""
    link = "https://arxiv.org/api/errors"
    return (
        _API + "  <id>https://arxiv.org/</id>\n  <title>arXiv Search Results</title>\n"
        "  <updated>2026-11-20T12:00:00Z</updated>\n  <opensearch:itemsPerPage>1</opensearch:itemsPerPage>\n"
        "  <opensearch:totalResults>1</opensearch:totalResults>\n  <opensearch:startIndex>0</opensearch:startIndex>\n"
        f"  <entry>\n    <id>{link}</id>\n    <title>Error</title>\n    <updated>2026-11-20T12:00:00Z</updated>\n"
        f'    <link href="{link}" rel="alternate" type="text/html"/>\n    <summary>{escape(message)}</summary>\n'
        "    <author>\n      <name>arXiv api core</name>\n    </author>\n  </entry>\n</feed>\n"
    ).encode()


def _api_entry(paper: Paper) -> str:
    submitted = paper.submitted or datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
    name = f"{paper.id}v{paper.version}"
    optional = "".join(
        f"    <arxiv:{tag}>{escape(value)}</arxiv:{tag}>\n"
        for tag, value in (("comment", paper.comment), ("journal_ref", paper.journal_ref), ("doi", paper.doi))
        if value
    )
    return (
        f"  <entry>\n    <id>http://arxiv.org/abs/{name}</id>\n    <title>{escape(paper.title)}</title>\n"
        f"    <updated>{_stamp(paper.updated or submitted)}</updated>\n"
        f'    <link href="https://arxiv.org/abs/{name}" rel="alternate" type="text/html"/>\n'
        f'    <link href="https://arxiv.org/pdf/{name}" rel="related" type="application/pdf" title="pdf"/>\n'
        f"    <summary>{escape(paper.abstract)}</summary>\n"
        + "".join(
            f'    <category term={quoteattr(term)} scheme="http://arxiv.org/schemas/atom"/>\n'
            for term in paper.categories
        )
        + f"    <published>{_stamp(submitted)}</published>\n{optional}"
        + (f"    <arxiv:primary_category term={quoteattr(paper.categories[0])}/>\n" if paper.categories else "")
        + "".join(f"    <author>\n      <name>{escape(author)}</name>\n    </author>\n" for author in paper.authors)
        + "  </entry>\n"
    )


def oai_answer(inner: str) -> bytes:
    """An answer of the OAI-PMH service around records or an error."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">\n'
        "  <responseDate>2026-11-20T12:00:00Z</responseDate>\n  <request>https://oaipmh.arxiv.org/oai</request>\n"
        f"{inner}</OAI-PMH>\n"
    ).encode()


def oai_error(code: str, reason: str = "") -> bytes:
    """An error of the OAI-PMH service, which comes with status 200."""
    return oai_answer(f"  <error code='{code}'>{escape(reason)}</error>\n")


def oai_list(records: Sequence[tuple[date, Paper]], token: str | None = None) -> bytes:
    """One page of arXivRaw records; `token` as the server wants it back, "" for the end of a list of several pages."""
    end = "" if token is None else f"    <resumptionToken>{escape(token)}</resumptionToken>\n"
    return oai_answer(
        "  <ListRecords>\n" + "".join(_raw(stamp, paper) for stamp, paper in records) + f"{end}  </ListRecords>\n"
    )


def _raw(stamp: date, paper: Paper) -> str:
    first = paper.submitted or datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
    moments = [first] * (paper.version - 1) + [paper.updated or first]
    moments[0] = first
    versions = "".join(
        f'<version version="v{number}"><date>{format_datetime(moment, usegmt=True)}</date><size>9kb</size></version>'
        for number, moment in enumerate(moments, 1)
    )
    comments = f"<comments>{escape(paper.comment)}</comments>" if paper.comment else ""
    return (
        f"    <record><header><identifier>oai:arXiv.org:{paper.id}</identifier><datestamp>{stamp}</datestamp></header>"
        '<metadata><arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/">'
        f"<id>{paper.id}</id><submitter>Ada Invented</submitter>{versions}<title>{escape(paper.title)}</title>"
        f"<authors>{escape(' and '.join(paper.authors))}</authors><categories>{' '.join(paper.categories)}</categories>"
        f"{comments}<abstract>{escape(paper.abstract)}</abstract></arXivRaw></metadata></record>\n"
    )


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True)
class Fault:
    """One scripted answer. None for `status` takes the connection and sends nothing."""

    status: int | None = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    """Silence before the answer."""
    drip_s: float = 0.0
    """Seconds between single bytes of the body."""
    cut: int = 0
    """Bytes of the body that `Content-Length` promises and that never come."""
    blanks: int = 0
    """Blanks sent after the body, made on the way; `ArxivServer.sent` counts how many the client let through."""
    reset: bool = False
    """Closes the connection with a reset instead of answering."""
    slow_head: bool = False
    """The drip begins with the status line instead of the body."""


@dataclass(frozen=True)
class Request:
    """What a client sent."""

    path: str
    headers: Mapping[str, str]
    at: float
    """`time.monotonic()`, or what `ArxivServer.stamp` gives."""


class ArxivServer:
    """arXiv on 127.0.0.1, as a context manager.

    `feed` maps a path below `/atom/` (such as `cs.LG+cs.RO`) to bytes or to items; without an entry the feed is built
    from `items`. `papers` answers the API, `records` (datestamp and paper) OAI-PMH in pages of `page`.
    `faults["/atom"]`, `faults["/api"]` and `faults["/oai"]` are queues of answers to give first.
    """

    def __init__(self, items: Iterable[Item] = (), papers: Iterable[Paper] = ()) -> None:
        self.items, self.papers = list(items), list(papers)
        self.day = date(2026, 11, 20)
        self.feed: dict[str, bytes] = {}
        self.unknown: dict[str, str] = {}
        self.records: list[tuple[date, Paper]] = []
        self.page = 2500
        self.faults: dict[str, deque[Fault]] = {"/atom": deque(), "/api": deque(), "/oai": deque()}
        self.date: datetime | Callable[[], datetime] | None = None
        self.stamp: Callable[[], float] = time.monotonic
        self.log: list[Request] = []
        self.sent = 0
        self._done = threading.Event()

    def __enter__(self) -> Self:
        self._http = _Http(("127.0.0.1", 0), type("Handler", (_Handler,), {"arxiv": self}))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def addresses(self) -> dict[str, str]:
        """The three addresses as `Wire` and the configuration name them."""
        return {"feed": f"{self.url}/atom", "api": f"{self.url}/api/query", "oai": f"{self.url}/oai"}

    def fail(self, route: str, *faults: Fault) -> None:
        """Queue answers for `/atom`, `/api` or `/oai`; after them the server behaves."""
        self.faults[route].extend(faults)

    def nap(self, seconds: float) -> None:
        """Wait, but not beyond the end of the test."""
        self._done.wait(seconds)

    def header_date(self) -> str:
        moment = self.date() if callable(self.date) else self.date or datetime.now(UTC)
        return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)

    def answer(self, path: str) -> Fault:
        """The well-behaved answer."""
        parts = urlsplit(path)
        if parts.path.startswith("/atom/"):
            return self._feed_answer(unquote(parts.path.removeprefix("/atom/")))
        if parts.path == "/api/query":
            return self._api_answer({key: values[0] for key, values in parse_qs(parts.query).items()})
        if parts.path == "/oai":
            return Fault(200, self._oai_answer({key: values[0] for key, values in parse_qs(parts.query).items()}))
        return Fault(404, b"<html><body>not here</body></html>", {"Content-Type": "text/html"})

    def _feed_answer(self, asked: str) -> Fault:
        categories = asked.split("+")
        for name in categories:
            if name in self.unknown:
                return Fault(400, feed_error(asked, self.unknown[name]))
        if asked in self.feed:
            return Fault(200, self.feed[asked])
        chosen = [entry for entry in self.items if set(categories) & set(entry.paper.categories)]
        return Fault(200, atom_feed(chosen, self.day, categories=categories))

    def _oai_answer(self, query: Mapping[str, str]) -> bytes:
        """Records by set and datestamp; the token is the percent-encoded question, as arXiv's own service makes it."""
        if token := query.get("resumptionToken"):
            if "%" not in token or set(query) != {"verb", "resumptionToken"}:
                return oai_error("badResumptionToken", "Token decoding failed or format is invalid.")
            query = {key: values[0] for key, values in parse_qs(unquote(token)).items()}
        if query.get("verb") == "Identify":
            return oai_answer("  <Identify><repositoryName>arXiv</repositoryName></Identify>\n")
        asked, skip = query.get("set", ""), int(query.get("skip", 0))
        if query.get("metadataPrefix") != "arXivRaw" or "." in asked or "until" in query or ":" not in asked:
            return oai_error("badArgument", "Set does not exist")
        found = [
            (stamp, paper)
            for stamp, paper in sorted(self.records, key=lambda one: (one[0], one[1].id))
            if stamp.isoformat() >= query["from"] and any(_in_set(name, asked) for name in paper.categories)
        ]
        if not found:
            return oai_error("noRecordsMatch")
        page, rest = found[skip : skip + self.page], found[skip + self.page :]
        question = f"verb=ListRecords&metadataPrefix=arXivRaw&from={query['from']}&set={quote(asked, safe='')}"
        following = quote(f"{question}&skip={skip + self.page}", safe="") if rest else ""
        return oai_list(page, following if rest or skip else None)

    def _api_answer(self, query: Mapping[str, str]) -> Fault:
        ids = [text for text in query.get("id_list", "").split(",") if text]
        words = query.get("search_query", "")
        if not ids and not words:
            return Fault(400, api_error("Either a search_query or id_list must be specified for the classic API."))
        found = [paper for paper in self.papers if _asked(paper, ids, words)]
        start, page = int(query.get("start", 0)), int(query.get("max_results", 10))
        if start + page > 10_000:
            return Fault(500, api_error("The server encountered an internal error."))
        body = api_answer(found[start : start + page], total=len(found), start=start, page=page, query=words)
        return Fault(200, body)


def _in_set(category: str, asked: str) -> bool:
    """Whether a category belongs to the OAI set `group:archive:CLASS`."""
    return asked.split(":")[1:] in (category.split("."), [category.split(".")[0]])


def _asked(paper: Paper, ids: Sequence[str], words: str) -> bool:
    """Whether the API would return the paper: identifiers with or without version, categories, submission window."""
    if ids and not {paper.id, f"{paper.id}v{paper.version}"} & set(ids):
        return False
    categories = re.findall(r"cat:([\w.-]+)", words)
    if categories and not set(categories) & set(paper.categories):
        return False
    window = re.search(r"submittedDate:\[(\d{12}) TO (\d{12})\]", words)
    if not window or not paper.submitted:
        return not window
    low, high = (datetime.strptime(text, "%Y%m%d%H%M").replace(tzinfo=UTC) for text in window.groups())
    return low <= paper.submitted <= high


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests; anything else is printed as usual."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    arxiv: ArxivServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.arxiv.log.append(Request(self.path, dict(self.headers), self.arxiv.stamp()))
        route = next((name for name in self.arxiv.faults if self.path.startswith(name)), "")
        queue = self.arxiv.faults.get(route)
        fault = queue.popleft() if queue else self.arxiv.answer(self.path)
        self.arxiv.nap(fault.delay_s)
        try:
            self._send(fault)
        except OSError:
            self.close_connection = True  # the client gave up, as some tests want it to

    def _send(self, fault: Fault) -> None:
        if fault.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.close()
            self.close_connection = True
            return
        if fault.status is None:
            self.arxiv.nap(30.0)
            self.close_connection = True
            return
        if fault.slow_head:
            for sign in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"z" * 2000:
                self.wfile.write(bytes([sign]))
                self.arxiv.nap(fault.drip_s)
            self.close_connection = True
            return
        self.send_response_only(fault.status)
        headers = {"Date": self.arxiv.header_date(), "Content-Type": ATOM_TYPE, **fault.headers}
        headers.setdefault("Content-Length", str(len(fault.body) + fault.cut + fault.blanks))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self._body(fault)

    def _body(self, fault: Fault) -> None:
        if not fault.drip_s:
            self.wfile.write(fault.body)
        for place in range(len(fault.body) if fault.drip_s else 0):
            self.wfile.write(fault.body[place : place + 1])
            self.arxiv.nap(fault.drip_s)
        while self.arxiv.sent < fault.blanks:
            self.arxiv.sent += self.connection.send(BLANKS[: fault.blanks - self.arxiv.sent])
        self.close_connection = bool(fault.cut or fault.blanks)

    def log_message(self, *_: Any) -> None:
        """Nothing on stderr: `ArxivServer.log` keeps what was asked."""


def a_day_of(count: int, day: date = date(2026, 11, 20)) -> list[Item]:
    """A plain announcement: `count` new papers of cs.LG, submitted in the two days before."""
    first = datetime.combine(day - timedelta(days=2), clock_time(19), UTC)
    return [item(number, submitted=first + timedelta(minutes=number)) for number in range(1, count + 1)]
