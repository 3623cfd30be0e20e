"""A loopback arXiv for the demo: its feed, its API and its OAI-PMH address on 127.0.0.1, and a home that uses them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from socketserver import TCPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import parse_qs, unquote, urlsplit

import tomlkit

from triage.demo.answers import Answer, feed, no_records, query
from triage.demo.catalogue import DAYS
from triage.errors import CannotCreate

FRIDAY = datetime(2099, 12, 18, 12, 30, tzinfo=UTC)
PROFILE = "efficient-inference"
_LONGEST_BODY = 1_000_000  # bytes of a POST that are read; an id_list of two thousand needs 24,000


class DemoServer:
    """Serves one day's announcement at a time; set `day` to turn the page, `now` feeds the `Date` header.

    `day` starts with the first of `DAYS`; any other date gives the empty feed of a weekend. Once a day is set, the
    API knows its papers and those of the days before.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: FRIDAY) -> None:
        self.now = now
        self.day: date = DAYS[0]
        self._http = _Loopback(self)
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The server's root, without a slash at the end."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def addresses(self) -> dict[str, str]:
        """The settings `feed`, `api` and `oai` of the configuration's section `[arxiv]`."""
        return {"feed": f"{self.url}/atom", "api": f"{self.url}/api/query", "oai": f"{self.url}/oai"}

    def answer(self, path: str, question: str) -> Answer:
        """What arXiv would say to this path and this encoded question."""
        asked = {name: values[-1] for name, values in parse_qs(question, keep_blank_values=True).items()}
        if path.startswith("/atom/"):
            return feed(unquote(path.removeprefix("/atom/")), self.day)
        if path == "/api/query":
            return query(asked, self.day, self.now())
        if path == "/oai":
            return no_records(self.now())
        return Answer(b"<html><body>Not found</body></html>", HTTPStatus.NOT_FOUND, "text/html")


def demo_home(folder: Path, server: DemoServer) -> Path:
    """Make `folder` a home that reads from the server: `config.toml` and the bundled profile. Returns `folder`.

    Raises:
        CannotCreate: the folder or a file in it cannot be made.
    """
    profile = files("triage.demo").joinpath(f"{PROFILE}.toml").read_bytes()
    try:
        (folder / "profiles").mkdir(parents=True, exist_ok=True)
        (folder / "profiles" / f"{PROFILE}.toml").write_bytes(profile)
        (folder / "config.toml").write_text(tomlkit.dumps({"arxiv": server.addresses}), encoding="utf-8")
    except OSError as error:
        raise CannotCreate(f"cannot make the demo's home in {folder}: {error.strerror or error}") from error
    return folder


class _Loopback(ThreadingHTTPServer):
    """An HTTP server that asks no name server and keeps quiet about clients that hang up."""

    daemon_threads = True

    def __init__(self, demo: DemoServer) -> None:
        self.demo = demo
        super().__init__(("127.0.0.1", 0), _Handler)

    def server_bind(self) -> None:
        """Bind without the reverse look-up of `HTTPServer`, which can take seconds where there is no network."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report faults, except that the other side went away in the middle."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One request, then the connection closes (HTTP/1.0), so that nothing lingers at shutdown."""

    timeout = 10  # seconds of silence before a connection is dropped

    def do_GET(self) -> None:
        self._send(urlsplit(self.path).query)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        wanted = min(int(length), _LONGEST_BODY) if length.isdecimal() else 0
        self._send(self.rfile.read(wanted).decode("utf-8", "replace"))

    def _send(self, question: str) -> None:
        answer = self._demo.answer(urlsplit(self.path).path, question)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    @property
    def _demo(self) -> DemoServer:
        return cast("_Loopback", self.server).demo

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The `Date` header, from the clock that was handed in."""
        return format_datetime(self._demo.now().astimezone(UTC), usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent: stderr belongs to the reader."""
