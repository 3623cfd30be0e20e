"""`Wire`: one polite HTTP session for all of arXiv's interfaces, with a clock and limits handed in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING, Self

from triage.errors import Unavailable
from triage.fetch.calendar import YEARS
from triage.fetch.journal import Journal, bare, telling
from triage.fetch.manners import Clock, Gate

if TYPE_CHECKING:
    import requests

    from triage.fetch.adapter import Limits
    from triage.fetch.answers import Outline

__all__ = ["Clock", "Wire"]


class Wire:
    """One session for one run; every request of the run goes through it and counts against its time.

    Args:
        feed, api, oai: arXiv's three addresses, from the configuration.
        pause: seconds between requests as configured; outside this machine never less than arXiv asks for.
        contact: mail address of whoever runs this, for the User-Agent.
        folder: where the time of the last request, a server's wish for peace and the log of all answers are kept.
        clock: wall clock, monotonic clock and waiting.
        total_s: seconds that all requests together may take, counted from now.
        version: of triage, for the User-Agent.
        rng: jitter of the back-off; none when absent.
        limits: of a single request.
    """

    def __init__(
        self,
        *,
        feed: str,
        api: str,
        oai: str,
        clock: Clock,
        pause: float = 3.0,
        contact: str = "",
        folder: Path | None = None,
        total_s: float = 120.0,
        version: str = "",
        rng: Random | None = None,
        limits: Limits | None = None,
    ) -> None:
        import requests

        from triage.fetch.adapter import Limits, PoliteAdapter

        self.feed, self.api, self.oai = feed.rstrip("/"), api, oai
        self.requests = 0
        self.offset: float | None = None
        self.outline: Outline | None = None
        self._clock, self._journal = clock, Journal(folder)
        adapter = PoliteAdapter(
            gate=Gate(folder, clock),
            clock=clock,
            total_s=total_s,
            pause=pause,
            agent=user_agent(version, contact),
            limits=limits or Limits(),
            rng=rng,
            heard=self._heard,
            told=self._told,
        )
        self.session = requests.Session()
        self.session.auth = lambda request: request  # otherwise a password from ~/.netrc would travel along
        self.session.max_redirects = 5
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, adapter)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.session.close()

    @property
    def server_now(self) -> datetime:
        """The server's time by its last `Date` header, which wins over a wrong local clock (aware, UTC).

        Until an answer came, and so `offset` is known, it is the local time.
        """
        return self._clock.now() + timedelta(seconds=self.offset or 0.0)

    def get(self, url: str) -> requests.Response:
        """Ask for one address; the answer is whole, within the limits and arXiv's XML, its status 200 or 400.

        Raises:
            Unavailable: no network, a refusal, or a failure that three more tries did not mend.
            TryLater: arXiv asks for a pause longer than the time that is left.
        """
        import requests

        try:
            return self.session.get(url)
        except requests.TooManyRedirects as fault:
            raise Unavailable(f"{bare(url)[:120]} answers with redirects only; check the [arxiv] settings") from fault
        except requests.RequestException as fault:
            kind = type(fault).__name__  # its text may hold the whole address, with a password
            raise Unavailable(
                f"cannot use the address {bare(url)[:120]} ({kind}); check the [arxiv] settings"
            ) from fault

    def note(self, **facts: object) -> None:
        """Add to the log what only a parser can tell of an answer, such as the days that it carries."""
        self._journal.add(self._clock.now(), **facts)

    def _told(
        self, request: requests.PreparedRequest, response: requests.Response | None, fault: str, seconds: float
    ) -> None:
        """Log one exchange."""
        facts: dict[str, object] = {"url": bare(request.url or ""), "seconds": round(seconds, 3)}
        if response is not None:
            facts |= {"status": response.status_code, "bytes": len(response.content)}
            facts |= {"offset_s": round(self.offset or 0.0, 1), "headers": telling(response.headers)}
        self._journal.add(self._clock.now(), **facts, **({"fault": fault} if fault else {}))

    def _heard(self, headers: Mapping[str, str] | None, outline: Outline | None) -> None:
        """Take notes of the exchange: called with neither when a request goes out."""
        if headers is None and outline is None:
            self.requests += 1
        if headers is not None:
            self._note_time(headers)
        self.outline = outline

    def _note_time(self, headers: Mapping[str, str]) -> None:
        """Note how far the server's clock is ahead of ours.

        An answer from a cache is `Age` seconds old, and some caches renew `Date` while others do not: any local time
        between the two readings is taken as right.
        """
        from triage.fetch.adapter import http_date

        date, age = http_date(headers.get("Date")), headers.get("Age", "0").strip()
        if date is None or date.year not in YEARS:
            return
        latest = date + timedelta(seconds=int(age) if age.isascii() and age.isdecimal() and len(age) < 8 else 0)
        now = self._clock.now()
        self.offset = (min(max(now, date), latest) - now).total_seconds()


def user_agent(version: str, contact: str) -> str:
    """Say who asks and whom to write to, as arXiv wishes; only what a header may hold."""
    who = f"mailto:{contact}" if contact.strip() else "no contact configured"
    return "".join(sign for sign in f"triage/{version or 'unknown'} ({who})" if " " <= sign <= "~")
