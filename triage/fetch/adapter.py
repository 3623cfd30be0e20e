"""The transport under `requests`: time and size limits, retries, Retry-After, and no answer that is not arXiv's."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from triage.config import is_loopback
from triage.errors import InvalidInput, TriageError, TryLater, Unavailable
from triage.fetch.answers import EmptyPage, Garbled, Outline, outline
from triage.fetch.manners import Clock, Gate, pause_for, refusal
from triage.fetch.watch import Watch, pools

STORM_S = 60.0
"""First wait after a 429 that names no time; it doubles."""

_CHUNK = 65536
_STATUS_PAGE = "see status.arxiv.org or try again later"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for connecting and for one silence, bytes of a decoded body, tries per request."""

    connect_s: float = 10.0
    read_s: float = 60.0
    size: int = 64 * 2**20
    tries: int = 4


class Fault(Exception):
    """One try went wrong: `error` is what the caller gets in the end, `wait_s` what the server asked for.

    `slow` marks silence: it is only tried again while most of the run's time is left, because another of arXiv's hosts
    may have to answer in the rest.
    """

    def __init__(
        self, error: TriageError, *, again: bool = True, wait_s: float | None = None, slow: bool = False
    ) -> None:
        super().__init__(str(error))
        self.error, self.again, self.wait_s, self.slow = error, again, wait_s, slow


class PoliteAdapter(HTTPAdapter):
    """Sends each request in its turn, reads it whole within the limits, and tries again where that is decent.

    It raises `TriageError` children directly, which the `arxiv` client passes on untouched.
    """

    def __init__(
        self,
        *,
        gate: Gate,
        clock: Clock,
        total_s: float,
        pause: float,
        agent: str,
        limits: Limits,
        rng: Random | None,
        heard: Callable[[Mapping[str, str] | None, Outline | None], None],
        told: Callable[[requests.PreparedRequest, requests.Response | None, str, float], None],
    ) -> None:
        self._gate, self._clock, self._pause = gate, clock, pause
        self._deadline, self._longest = clock.monotonic() + total_s, total_s / 2
        self._agent, self._limits, self._rng, self._heard, self._told = agent, limits, rng, heard, told
        self._watch = Watch()
        super().__init__()

    def init_poolmanager(self, *args: Any, **given: Any) -> None:
        """Make the pools whose connections are watched."""
        super().init_poolmanager(*args, **given)
        self.poolmanager.pool_classes_by_scheme = pools(self._watch.see)

    def proxy_manager_for(self, *args: Any, **given: Any) -> Any:
        """Likewise for connections through a proxy."""
        manager = super().proxy_manager_for(*args, **given)
        manager.pool_classes_by_scheme = pools(self._watch.see)
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **given: Any) -> requests.Response:
        """Send it, up to `Limits.tries` times; the fixed User-Agent of the `arxiv` client is replaced."""
        request.headers["User-Agent"] = self._agent
        request.headers["Accept-Encoding"] = "gzip"
        request.headers["Connection"] = "close"  # one that idles through the pause would be cut by the server anyway
        if is_loopback(request.url or ""):
            given["proxies"] = {}  # a proxy cannot know this machine's loopback
        for attempt in range(self._limits.tries):
            try:
                return self._try(request, given, attempt)
            except Fault as fault:
                if not self._again(fault, attempt) or not self._wait(request, fault, attempt):
                    raise fault.error from fault
        raise AssertionError("the last try returns or raises")

    def _left(self) -> float:
        return self._deadline - self._clock.monotonic()

    def _again(self, fault: Fault, attempt: int) -> bool:
        """Whether another try is decent, and leaves enough time for the hosts that were not asked yet."""
        last = attempt + 1 == self._limits.tries
        return fault.again and not last and not (fault.slow and self._left() < self._longest)

    def _wait(self, request: requests.PreparedRequest, fault: Fault, attempt: int) -> bool:
        """Back off before the next try; False when the time that is left does not allow it."""
        if fault.wait_s is not None:
            wait = fault.wait_s
        else:
            jitter = self._rng.uniform(0.5, 1.5) if self._rng else 1.0
            wait = max(0.1, pause_for(request.url or "", self._pause)) * 2**attempt * jitter
        if wait >= self._left():
            return False
        self._clock.sleep(wait)
        return True

    def _try(self, request: requests.PreparedRequest, given: dict[str, Any], attempt: int) -> requests.Response:
        left = self._left()
        if left <= 0:
            raise TryLater("the time for arXiv is used up; run it again to go on")
        with self._gate.turn(pause_for(request.url or "", self._pause), left):
            left = min(self._longest, max(0.1, self._left()))
            given |= {"stream": True, "timeout": (min(self._limits.connect_s, left), min(self._limits.read_s, left))}
            self._heard(None, None)
            begun, response = self._clock.monotonic(), None
            try:
                response = self._exchange(request, given, left)
                self._judge(response, attempt)
            except Fault as fault:
                self._told(request, response, str(fault.error), self._clock.monotonic() - begun)
                raise
            self._told(request, response, "", self._clock.monotonic() - begun)
        return response

    def _exchange(self, request: requests.PreparedRequest, given: dict[str, Any], left: float) -> requests.Response:
        """Send once and read the whole body into the response, within the seconds that are left for this host."""
        host, until = urlsplit(request.url or "").hostname or "arXiv", self._clock.monotonic() + left
        self._watch.begin(left)
        try:
            response = super().send(request, **given)
            self._heard(response.headers, None)
            response._content = self._read(response, host, until)
            response._content_consumed = True  # type: ignore[attr-defined]
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as fault:
            if not self._watch.cut:
                raise _network_fault(fault, host) from fault
        finally:
            self._watch.done()
        if self._watch.cut:  # a head that was cut may look like a short one
            raise Fault(Unavailable(f"{host} answered too slowly; {_STATUS_PAGE}"), again=False)
        return response

    def _read(self, response: requests.Response, host: str, until: float) -> bytes:
        """Read the body piece by piece, so that a drip or a bomb ends at its limit."""
        body, promised = bytearray(), response.headers.get("Content-Length", "")
        try:
            self._check_packing(response, host)
            self._check_size(int(promised[:18]) if promised.isascii() and promised.isdecimal() else 0, host)
            while piece := response.raw.read1(_CHUNK, decode_content=True):
                body += piece
                self._check_size(len(body), host)
                if self._clock.monotonic() >= until:
                    raise Fault(Unavailable(f"{host} answered too slowly; {_STATUS_PAGE}"), again=False)
        finally:
            response.raw.close()
        return bytes(body)

    def _check_size(self, size: int, host: str) -> None:
        if size > self._limits.size:
            limit = self._limits.size // 2**20
            raise Fault(Unavailable(f"{host} sent more than {limit} MiB; nothing of it is used"), again=False)

    def _check_packing(self, response: requests.Response, host: str) -> None:
        """Refuse what was not asked for: several layers of packing can hide a bomb from the size limit."""
        packing = response.headers.get("Content-Encoding", "").strip().lower()
        if packing not in ("", "identity", "gzip", "deflate"):
            raise Fault(Unavailable(f"{host} sent a body packed as {packing[:40]!r}, which was not asked for"))

    def _judge(self, response: requests.Response, attempt: int) -> None:
        """Raise for what must not reach a parser; what the callers read passes: 200, 400 and redirects."""
        status, host = response.status_code, urlsplit(response.url).hostname or "arXiv"
        if status == 403:
            raise Fault(refusal(403, self._gate.shut_for_today()), again=False)
        if status in (429, 503):
            raise self._storm(response, host, attempt)
        if status >= 500:
            raise Fault(Unavailable(f"{host} failed with status {status}; {_STATUS_PAGE}"))
        if status in (200, 400):
            self._look(response, host)
        elif not response.is_redirect:
            error = f"{host} answered {status} for {urlsplit(response.url).path}; check the [arxiv] addresses"
            raise Fault(Unavailable(error), again=False)

    def _look(self, response: requests.Response, host: str) -> None:
        """Look at the content: an error entry, a foreign document and a page that lost its papers are failures."""
        try:
            seen = outline(response.content)
        except Garbled as fault:
            error = Unavailable(f"{host} sent {fault} (status {response.status_code}); {_STATUS_PAGE}")
            raise Fault(error, again=response.status_code == 200) from fault
        self._heard(None, seen)
        if seen.error and response.status_code == 400:
            raise Fault(InvalidInput(f"{host} does not accept the question: {seen.error}"), again=False)
        if seen.error:
            raise Fault(Unavailable(f"{host} reports an error: {seen.error}"), again=False)
        if seen.gap:
            raise Fault(EmptyPage(f"{host} sent an empty page although it counts {seen.total} papers", seen.start))

    def _storm(self, response: requests.Response, host: str, attempt: int) -> Fault:
        """Shut the gate for as long as the server asks; a 503 that asks for nothing is an ordinary failure."""
        wait = retry_after(response.headers.get("Retry-After"), self._server_time(response))
        if wait is None and response.status_code == 503:
            return Fault(TryLater(f"{host} is not available now (503); {_STATUS_PAGE}"))
        if wait is None:
            wait = STORM_S * 2**attempt * (self._rng.uniform(1.0, 1.25) if self._rng else 1.0)
        until = self._gate.shut(wait, response.status_code)
        return Fault(refusal(response.status_code, until), wait_s=wait)

    def _server_time(self, response: requests.Response) -> datetime:
        return http_date(response.headers.get("Date")) or self._clock.now()


def http_date(text: str | None) -> datetime | None:
    """Read a date header as aware UTC; None when it is absent or no date."""
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def retry_after(text: str | None, server_now: datetime) -> float | None:
    """Read `Retry-After` in seconds from now; both forms of RFC 9110, section 10.2.3. None when there is none."""
    bare = (text or "").strip()
    if bare.isascii() and bare.isdecimal():
        return float(bare[:9])
    moment = http_date(bare)
    return max(0.0, (moment - server_now).total_seconds()) if moment else None


def _network_fault(fault: Exception, host: str) -> Fault:
    """Word what the network did; a host that cannot be found or reached is not asked again."""
    causes = _causes(fault)
    if any(isinstance(cause, socket.gaierror | urllib3.exceptions.NameResolutionError) for cause in causes):
        return Fault(Unavailable(f"cannot find {host}: check the network connection, then run it again"), again=False)
    if isinstance(fault, requests.exceptions.SSLError):
        return Fault(Unavailable(f"no safe connection to {host}: check the clock and the certificates"), again=False)
    if isinstance(fault, requests.exceptions.ProxyError):
        return Fault(Unavailable(f"the proxy does not lead to {host}: check the proxy settings"), again=False)
    if any(isinstance(cause, urllib3.exceptions.NewConnectionError) for cause in causes):
        return Fault(Unavailable(f"cannot reach {host}: check the network connection, then run it again"), again=False)
    if any(isinstance(cause, requests.Timeout | urllib3.exceptions.TimeoutError) for cause in causes):
        return Fault(Unavailable(f"{host} does not answer in time; {_STATUS_PAGE}"), slow=True)
    return Fault(Unavailable(f"the connection to {host} broke in the middle of an answer; {_STATUS_PAGE}"))


def _causes(fault: BaseException | None) -> list[BaseException]:
    """Collect a fault with the faults wrapped in it, as `requests` and `urllib3` nest them in several ways."""
    found: list[BaseException] = []
    while fault is not None and fault not in found:
        found.append(fault)
        inner = [part for part in fault.args if isinstance(part, BaseException)]
        fault = getattr(fault, "reason", None) or (inner[0] if inner else fault.__cause__ or fault.__context__)
        fault = fault if isinstance(fault, BaseException) else None
    return found
