"""Manners and faults of the wire: pauses over processes, Retry-After, refusals, limits, and answers that lie."""

from __future__ import annotations

import gzip
import json
import multiprocessing
import random
import threading
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from arxiv_server import ArxivServer, Fault, api_answer, atom_feed, invented, item
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triage.errors import CannotWrite, TriageError, TryLater, Unavailable
from triage.fetch import Wire, read_feed, read_papers
from triage.fetch.adapter import Limits, http_date, retry_after
from triage.fetch.manners import is_loopback, pause_for

if TYPE_CHECKING:
    from conftest import Clock

GOOD = atom_feed([item(1), item(2)])
HTML = Fault(200, b"<!DOCTYPE html><html><body>Checking your browser</body></html>", {"Content-Type": "text/html"})


class RealClock:
    """The machine's own clock, for what no fake can show: silence, drips, two processes."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@pytest.fixture
def arxiv(clock: Clock) -> Iterator[ArxivServer]:
    with ArxivServer([item(1), item(2)], [invented(1), invented(2)]) as server:
        server.date, server.stamp = clock.now, clock.monotonic
        yield server


def far(server: ArxivServer) -> dict[str, str]:
    """The same server under an address that is not a loopback one, so that the real pause is owed."""
    return {name: url.replace("127.0.0.1", "0.0.0.0") for name, url in server.addresses.items()}


def made(server: ArxivServer, clock: Any, **given: Any) -> Wire:
    return Wire(**{**server.addresses, "pause": 0, "clock": clock, **given})


# Manners


def test_requests_outside_this_machine_keep_three_seconds(arxiv: ArxivServer, clock: Clock) -> None:
    with made(arxiv, clock, **far(arxiv)) as wire:
        read_feed(wire, ["cs.LG"])
        clock.advance(1.0)
        read_papers(wire, ["9912.00001"])
        read_papers(wire, ["9912.00002"])
    assert [request.at for request in arxiv.log] == [0.0, 3.0, 6.0]
    assert clock.slept == [2.0, 3.0]


def test_loopback_owes_no_pause(arxiv: ArxivServer, clock: Clock) -> None:
    with made(arxiv, clock) as wire:
        for _ in range(3):
            read_feed(wire, ["cs.LG"])
    assert clock.slept == []
    assert wire.requests == 3


def test_a_configured_pause_may_be_longer(arxiv: ArxivServer, clock: Clock) -> None:
    with made(arxiv, clock, pause=10.0) as wire:
        read_feed(wire, ["cs.LG"])
        read_feed(wire, ["cs.LG"])
    assert clock.slept == [10.0]


def test_the_pause_outlives_the_process(arxiv: ArxivServer, clock: Clock, tmp_path: Path) -> None:
    for _ in range(2):
        with made(arxiv, clock, **far(arxiv), folder=tmp_path / "state") as wire:
            read_feed(wire, ["cs.LG"])
    assert [request.at for request in arxiv.log] == [0.0, 3.0]


def test_a_clock_set_back_costs_one_pause_and_a_cut_state_none(
    arxiv: ArxivServer, clock: Clock, tmp_path: Path
) -> None:
    with made(arxiv, clock, **far(arxiv), folder=tmp_path) as wire:
        read_feed(wire, ["cs.LG"])
        clock.start -= timedelta(days=3)
        read_feed(wire, ["cs.LG"])
        (tmp_path / "arxiv.json").write_text('{"asked": 17')
        read_feed(wire, ["cs.LG"])
    assert clock.slept == [3.0]


def _fetch_in_a_process(addresses: dict[str, str], folder: Path) -> None:
    with Wire(**addresses, pause=0.4, clock=RealClock(), folder=folder) as wire:
        read_feed(wire, ["cs.LG"])
        read_feed(wire, ["cs.LG"])


def test_three_processes_share_one_pause(arxiv: ArxivServer, tmp_path: Path) -> None:
    arxiv.stamp = time.monotonic
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_fetch_in_a_process, args=(arxiv.addresses, tmp_path)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    times = sorted(request.at for request in arxiv.log)
    assert len(times) == 6
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.39


def test_one_connection_at_a_time(arxiv: ArxivServer, tmp_path: Path) -> None:
    arxiv.fail("/atom", Fault(200, GOOD, delay_s=3.0))
    with (
        made(arxiv, RealClock(), folder=tmp_path) as slow,
        made(arxiv, RealClock(), folder=tmp_path, total_s=0.3) as other,
    ):
        worker = threading.Thread(target=read_feed, args=(slow, ["cs.LG"]))
        worker.start()
        while not arxiv.log:
            time.sleep(0.01)
        with pytest.raises(TryLater, match="another triage"):
            read_feed(other, ["cs.LG"])
        arxiv._done.set()
        worker.join(10)
    assert len(arxiv.log) == 1


def test_the_user_agent_is_ours_on_every_path(arxiv: ArxivServer, clock: Clock) -> None:
    with made(arxiv, clock, version="0.1.0", contact="reader@example.org\r\nX-Evil: 1") as wire:
        read_feed(wire, ["cs.LG"])
        read_papers(wire, ["9912.00001"])
    agents = {request.headers["User-Agent"] for request in arxiv.log}
    assert agents == {"triage/0.1.0 (mailto:reader@example.orgX-Evil: 1)"}
    assert all("X-Evil" not in request.headers for request in arxiv.log)
    with made(arxiv, clock, version="0.1.0") as wire:
        read_feed(wire, ["cs.LG"])
    assert arxiv.log[-1].headers["User-Agent"] == "triage/0.1.0 (no contact configured)"


def test_a_proxy_and_a_netrc_leave_loopback_alone(
    arxiv: ArxivServer, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login ada password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with made(arxiv, clock) as wire:
        assert len(read_feed(wire, ["cs.LG"]).items) == 2
    assert "Authorization" not in arxiv.log[0].headers


@pytest.mark.parametrize(
    ("url", "pause"),
    [
        ("http://127.0.0.1:80/x", 0.5),
        ("http://[::1]:80/", 0.5),
        ("http://localhost/", 0.5),
        ("http://127.0.0.1.example.org/", 3.0),
        ("https://rss.arxiv.org/atom", 3.0),
        ("http://10.0.0.1/", 3.0),
    ],
)
def test_the_pause_can_be_lowered_on_loopback_only(url: str, pause: float) -> None:
    assert pause_for(url, 0.5) == pause
    assert is_loopback(url) == (pause == 0.5)
    assert pause_for(url, 7.0) == 7.0


# Being asked for peace


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_waited_for(arxiv: ArxivServer, clock: Clock, status: int, form: str) -> None:
    value = "30" if form == "seconds" else format_datetime(clock.now() + timedelta(seconds=30), usegmt=True)
    arxiv.fail("/atom", Fault(status, b"Rate exceeded.", {"Retry-After": value, "Content-Type": "text/plain"}))
    with made(arxiv, clock) as wire:
        assert len(read_feed(wire, ["cs.LG"]).items) == 2
    assert [request.at for request in arxiv.log] == [0.0, 30.0]


def test_a_long_retry_after_outlives_the_process(arxiv: ArxivServer, clock: Clock, tmp_path: Path) -> None:
    arxiv.fail("/api", Fault(429, b"Rate exceeded.", {"Retry-After": "600"}))
    with made(arxiv, clock, folder=tmp_path) as wire:
        with pytest.raises(TryLater, match="2026-11-20 07:10:00 UTC"):
            read_papers(wire, ["9912.00001"])
        with pytest.raises(TryLater, match="07:10:00"):
            read_feed(wire, ["cs.LG"])
    clock.advance(590)
    with made(arxiv, clock, folder=tmp_path) as later, pytest.raises(TryLater, match="07:10:00"):
        read_feed(later, ["cs.LG"])
    assert len(arxiv.log) == 1
    clock.advance(10)
    with made(arxiv, clock, folder=tmp_path) as afterwards:
        assert len(read_feed(afterwards, ["cs.LG"]).items) == 2


def test_an_absurd_retry_after_ends_within_a_day(arxiv: ArxivServer, clock: Clock, tmp_path: Path) -> None:
    arxiv.fail("/atom", Fault(429, b"", {"Retry-After": "99999999999999"}))
    with made(arxiv, clock, folder=tmp_path) as wire, pytest.raises(TryLater):
        read_feed(wire, ["cs.LG"])
    clock.advance(24 * 3600)
    with made(arxiv, clock, folder=tmp_path) as wire:
        assert read_feed(wire, ["cs.LG"]).size == 2


def test_a_refusal_under_a_clock_that_ran_ahead_shuts_nobody_out(
    arxiv: ArxivServer, clock: Clock, tmp_path: Path
) -> None:
    arxiv.fail("/atom", Fault(403))
    clock.advance(400 * 86400)
    with made(arxiv, clock, folder=tmp_path) as wire, pytest.raises(Unavailable, match="403"):
        read_feed(wire, ["cs.LG"])
    clock.elapsed -= 400 * 86400
    with made(arxiv, clock, folder=tmp_path) as wire:
        assert read_feed(wire, ["cs.LG"]).size == 2


def test_a_storm_without_a_time_doubles_from_a_minute(arxiv: ArxivServer, clock: Clock) -> None:
    arxiv.fail("/atom", *[Fault(429, b"Rate exceeded.")] * 9)
    with made(arxiv, clock, total_s=10_000, rng=random.Random(1)) as wire, pytest.raises(TryLater):
        read_feed(wire, ["cs.LG"])
    assert len(arxiv.log) == 4
    times = [request.at for request in arxiv.log]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert all(60 * 2**n <= gap <= 75 * 2**n for n, gap in enumerate(gaps))


def test_a_403_ends_the_day(arxiv: ArxivServer, clock: Clock, tmp_path: Path) -> None:
    arxiv.fail("/atom", Fault(403, b"<html>Access Denied</html>", {"Content-Type": "text/html"}))
    for wait in (0, 3600, 3600 * 15):
        clock.advance(wait)
        with made(arxiv, clock, folder=tmp_path) as wire, pytest.raises(Unavailable, match="2026-11-21 00:00:00"):
            read_feed(wire, ["cs.LG"])
    assert len(arxiv.log) == 1
    clock.advance(3600)
    with made(arxiv, clock, folder=tmp_path) as wire:
        assert read_feed(wire, ["cs.LG"]).size == 2


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30", 30.0), (" 0 ", 0.0), ("Fri, 20 Nov 2026 07:01:00 GMT", 60.0), ("Fri, 20 Nov 2026 06:00:00 GMT", 0.0)]
    + [(text, None) for text in (None, "", "soon", "-5", "1.5", "٣", "Fri, 99 Nov 2026 07:01:00 GMT")],
)
def test_retry_after_in_both_forms(text: str | None, seconds: float | None) -> None:
    assert retry_after(text, datetime(2026, 11, 20, 7, 0, tzinfo=UTC)) == seconds


@given(st.text(max_size=40))
def test_any_header_text_is_a_date_or_none(text: str) -> None:
    moment = http_date(text)
    assert moment is None or moment.tzinfo is not None


# The server's clock


def test_the_servers_date_corrects_a_wrong_local_clock(arxiv: ArxivServer, clock: Clock) -> None:
    arxiv.date = clock.now() + timedelta(hours=9)
    with made(arxiv, clock) as wire:
        assert (wire.server_now, wire.offset) == (clock.now(), None)
        read_feed(wire, ["cs.LG"])
        assert wire.offset == 9 * 3600
        clock.advance(60)
        assert wire.server_now == clock.now() + timedelta(hours=9)


@pytest.mark.parametrize("date", ["Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 1900 00:00:00 GMT", "soon"])
def test_a_date_of_no_known_time_moves_no_clock(arxiv: ArxivServer, clock: Clock, date: str) -> None:
    arxiv.fail("/atom", Fault(200, GOOD, {"Date": date}))
    with made(arxiv, clock) as wire:
        read_feed(wire, ["cs.LG"])
        assert (wire.offset, wire.server_now) == (None, clock.now())


@pytest.mark.parametrize(("age", "offset"), [("7200", 0.0), ("60", -3540.0), ("x", -3600.0)])
def test_an_answer_from_a_cache_is_as_old_as_it_says(arxiv: ArxivServer, clock: Clock, age: str, offset: float) -> None:
    arxiv.date = clock.now() - timedelta(hours=1)
    arxiv.fail("/atom", Fault(200, GOOD, {"Age": age}))
    with made(arxiv, clock) as wire:
        read_feed(wire, ["cs.LG"])
        assert wire.offset == offset


# Faults that time mends

PASSING = {
    "500": Fault(500, b"oops"),
    "502": Fault(502, b"<html>bad gateway</html>"),
    "503": Fault(503, b"<html>busy</html>"),
    "504": Fault(504),
    "reset": Fault(reset=True),
    "cut": Fault(200, GOOD[:-100], cut=100),
    "cut and counted": Fault(200, GOOD[:-100]),
    "html": HTML,
    "empty": Fault(200),
    "not well-formed": Fault(200, GOOD.replace(b"</entry>", b"</entri>")),
    "a feed without a channel": Fault(200, b"<rss version='2.0'/>"),
    "another document": Fault(200, b"<status>maintenance</status>"),
    "entities": Fault(200, b"<!DOCTYPE feed [<!ENTITY a 'b'>]>" + GOOD.split(b"\n", 1)[1]),
    "another encoding": Fault(200, GOOD.decode().replace("UTF-8", "UTF-16").encode("utf-16")),
    "bad gzip": Fault(200, b"no gzip", {"Content-Encoding": "gzip"}),
    "odd packing": Fault(200, GOOD, {"Content-Encoding": "br"}),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_passing_fault_costs_a_retry_and_no_paper(arxiv: ArxivServer, clock: Clock, name: str) -> None:
    arxiv.fail("/atom", PASSING[name])
    with made(arxiv, clock) as wire:
        assert [it.paper.id for it in read_feed(wire, ["cs.LG"]).items] == ["9912.00001", "9912.00002"]
    assert wire.requests == 2
    assert clock.slept


@pytest.mark.parametrize("name", PASSING)
def test_a_lasting_fault_is_one_line_and_never_an_empty_day(arxiv: ArxivServer, clock: Clock, name: str) -> None:
    arxiv.fail("/atom", *[PASSING[name]] * 4)
    with made(arxiv, clock) as wire, pytest.raises(TryLater if name == "503" else Unavailable) as caught:
        read_feed(wire, ["cs.LG"])
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250
    assert wire.requests == 4


@pytest.mark.parametrize("name", PASSING)
def test_the_arxiv_client_is_guarded_as_well(arxiv: ArxivServer, clock: Clock, name: str) -> None:
    arxiv.fail("/api", *[PASSING[name]] * 4)
    with made(arxiv, clock) as wire, pytest.raises((TryLater, Unavailable)):
        read_papers(wire, ["9912.00001"])


def test_back_off_doubles_with_jitter(arxiv: ArxivServer, clock: Clock) -> None:
    arxiv.fail("/atom", *[Fault(500)] * 4)
    with made(arxiv, clock, **far(arxiv), rng=random.Random(7)) as wire, pytest.raises(Unavailable):
        read_feed(wire, ["cs.LG"])
    times = [request.at for request in arxiv.log]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert all(max(3.0, 1.5 * 2**n) <= gap <= 4.5 * 2**n for n, gap in enumerate(gaps))
    assert len({gap / 2**n for n, gap in enumerate(gaps)}) > 1


def test_no_retry_goes_beyond_the_total_time(arxiv: ArxivServer, clock: Clock) -> None:
    arxiv.fail("/atom", *[Fault(500)] * 4)
    with made(arxiv, clock, **far(arxiv), total_s=5.0) as wire:
        with pytest.raises(Unavailable, match="500"):
            read_feed(wire, ["cs.LG"])
        assert clock.monotonic() == 3.0
        with pytest.raises(TryLater, match="no time is left"):
            read_feed(wire, ["cs.LG"])
        clock.advance(9)
        with pytest.raises(TryLater, match="used up"):
            read_feed(wire, ["cs.LG"])
    assert len(arxiv.log) == 2


@pytest.mark.parametrize("status", [204, 206, 304, 401, 404, 410])
def test_other_statuses_are_no_answer_and_not_repeated(arxiv: ArxivServer, clock: Clock, status: int) -> None:
    arxiv.fail("/atom", Fault(status, b"<html>no</html>"))
    with made(arxiv, clock) as wire, pytest.raises(Unavailable, match=str(status)):
        read_feed(wire, ["cs.LG"])
    assert wire.requests == 1


def test_a_400_page_that_is_no_feed_is_no_fault_of_the_profile(arxiv: ArxivServer, clock: Clock) -> None:
    arxiv.fail("/atom", Fault(400, b"<html>bad request</html>"))
    with made(arxiv, clock) as wire, pytest.raises(Unavailable, match="HTML"):
        read_feed(wire, ["cs.LG"])


def test_redirects_are_followed_politely_and_not_for_ever(arxiv: ArxivServer, clock: Clock) -> None:
    there = Fault(301, headers={"Location": f"{far(arxiv)['feed']}/cs.LG"})
    arxiv.fail("/atom", there)
    with made(arxiv, clock, **far(arxiv)) as wire:
        assert read_feed(wire, ["cs.LG"]).size == 2
        arxiv.fail("/atom", *[there] * 9)
        with pytest.raises(Unavailable, match="redirects"):
            read_feed(wire, ["cs.LG"])
        arxiv.fail("/api", Fault(301, headers={"Location": "file:///etc/passwd"}))
        arxiv.faults["/atom"].clear()
        with pytest.raises(Unavailable):
            read_papers(wire, ["9912.00001"])
    assert all(gap >= 3 for gap in clock.slept)


# Faults that need the real clock


def test_silence_ends_at_the_read_limit(arxiv: ArxivServer) -> None:
    arxiv.fail("/atom", Fault(None))
    limits = Limits(read_s=0.2, tries=1)
    with made(arxiv, RealClock(), limits=limits) as wire, pytest.raises(Unavailable, match="in time"):
        read_feed(wire, ["cs.LG"])


def test_silence_is_tried_again(arxiv: ArxivServer) -> None:
    arxiv.fail("/atom", Fault(None))
    with made(arxiv, RealClock(), limits=Limits(read_s=0.2)) as wire:
        assert read_feed(wire, ["cs.LG"]).size == 2


def test_a_drip_ends_at_the_total_time(arxiv: ArxivServer) -> None:
    arxiv.fail("/atom", *[Fault(200, GOOD, drip_s=0.05)] * 4)
    begun = time.monotonic()
    with made(arxiv, RealClock(), total_s=0.6) as wire, pytest.raises(Unavailable, match="slowly"):
        read_feed(wire, ["cs.LG"])
    assert time.monotonic() - begun < 3.0


def test_a_header_that_drips_ends_at_the_total_time(arxiv: ArxivServer) -> None:
    arxiv.fail("/atom", *[Fault(200, drip_s=0.05, slow_head=True)] * 4)
    begun = time.monotonic()
    with made(arxiv, RealClock(), total_s=0.6) as wire, pytest.raises(Unavailable, match="slowly"):
        read_feed(wire, ["cs.LG"])
    assert time.monotonic() - begun < 3.0
    assert wire.requests == 1


MEGABYTES = 10**6
TWO_HUNDRED = Fault(200, GOOD, blanks=200 * MEGABYTES)


def test_two_hundred_megabytes_are_refused_by_their_promised_length(arxiv: ArxivServer, clock: Clock) -> None:
    arxiv.fail("/atom", TWO_HUNDRED)
    with made(arxiv, clock) as wire, pytest.raises(Unavailable, match="64 MiB"):
        read_feed(wire, ["cs.LG"])
    assert wire.requests == 1
    assert arxiv.sent < 20 * MEGABYTES, "no more than what the sockets hold"


def test_two_hundred_megabytes_that_promise_nothing_are_never_held(arxiv: ArxivServer, clock: Clock) -> None:
    """Sent until the connection closes: the client hangs up at its limit, and holds little more than that."""
    arxiv.fail("/atom", replace(TWO_HUNDRED, headers={"Content-Length": "unknown", "Connection": "close"}))
    tracemalloc.start()
    try:
        with made(arxiv, clock) as wire, pytest.raises(Unavailable, match="64 MiB"):
            read_feed(wire, ["cs.LG"])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert wire.requests == 1
    assert 64 * 2**20 < arxiv.sent < 100 * MEGABYTES
    assert peak < 100 * MEGABYTES


def test_a_silent_host_leaves_half_of_the_time_to_the_others(arxiv: ArxivServer) -> None:
    arxiv.fail("/atom", *[Fault(None)] * 4)
    with made(arxiv, RealClock(), total_s=2.0) as wire:
        with pytest.raises(Unavailable, match=r"in time|slowly"):
            read_feed(wire, ["cs.LG"])
        assert wire.requests == 1
        assert set(read_papers(wire, ["9912.00001"])) == {"9912.00001"}


def test_an_address_with_a_password_is_never_repeated(clock: Clock) -> None:
    told = "http://ada:hunter2@arxiv.invalid:99999/?key=hunter2"
    with Wire(feed=told, api=told, oai=told, clock=clock) as wire:
        for ask in (lambda: read_feed(wire, ["cs.LG"]), lambda: read_papers(wire, ["9912.00001"])):
            with pytest.raises(Unavailable) as caught:
                ask()
            assert "hunter2" not in str(caught.value)


def test_a_gzip_bomb_ends_at_the_size_limit(arxiv: ArxivServer, clock: Clock) -> None:
    bomb = gzip.compress(b"<feed>" + bytes(80 * 2**20))
    assert len(bomb) < 200_000
    arxiv.fail("/atom", Fault(200, bomb, {"Content-Encoding": "gzip"}))
    with made(arxiv, clock) as wire, pytest.raises(Unavailable, match="64 MiB"):
        read_feed(wire, ["cs.LG"])
    assert wire.requests == 1


def test_an_endless_answer_ends_at_the_size_limit(arxiv: ArxivServer, clock: Clock) -> None:
    arxiv.fail("/api", Fault(200, b" " * (3 * 2**20)))
    with made(arxiv, clock, limits=Limits(size=2 * 2**20)) as wire, pytest.raises(Unavailable, match="2 MiB"):
        read_papers(wire, ["9912.00001"])


def test_honest_gzip_and_chunks_are_read(arxiv: ArxivServer, clock: Clock) -> None:
    chunked = (
        b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in (GOOD[:100], GOOD[100:])) + b"0\r\n\r\n"
    )
    arxiv.fail(
        "/atom",
        Fault(200, gzip.compress(GOOD), {"Content-Encoding": "gzip"}),
        Fault(200, chunked, {"Transfer-Encoding": "chunked", "Content-Length": ""}),
    )
    with made(arxiv, clock) as wire:
        assert [read_feed(wire, ["cs.LG"]).size for _ in range(2)] == [2, 2]
    assert wire.requests == 2


BILLION_LAUGHS = (
    b'<?xml version="1.0"?>\n<!DOCTYPE feed [\n<!ENTITY a0 "ha">\n'
    + b"".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">\n'.encode() for n in range(1, 10))
    + b']>\n<feed xmlns="http://www.w3.org/2005/Atom"><title>&a9;</title></feed>'
)
READS_A_FILE = (
    b'<?xml version="1.0"?>\n<!DOCTYPE feed [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n'
    b'<feed xmlns="http://www.w3.org/2005/Atom"><title>&x;</title></feed>'
)


@pytest.mark.parametrize("body", [BILLION_LAUGHS, READS_A_FILE], ids=["billion laughs", "external"])
@pytest.mark.parametrize("route", ["/atom", "/api"])
def test_entities_are_never_expanded(arxiv: ArxivServer, clock: Clock, route: str, body: bytes) -> None:
    arxiv.fail(route, *[Fault(200, body)] * 4)
    with made(arxiv, clock) as wire, pytest.raises(Unavailable, match="refused unread"):
        read_feed(wire, ["cs.LG"]) if route == "/atom" else read_papers(wire, ["9912.00001"])


def test_an_abstract_about_doctypes_is_no_declaration(arxiv: ArxivServer, clock: Clock) -> None:
    arxiv.items = [item(1, abstract="We parse <!DOCTYPE html> and <!ENTITY x 'y'>.")]
    with made(arxiv, clock) as wire:
        assert read_feed(wire, ["cs.LG"]).items[0].paper.abstract.startswith("We parse <!DOCTYPE html>")


# No network


def test_a_host_that_does_not_exist_is_named(clock: Clock) -> None:
    addresses = dict.fromkeys(("feed", "api", "oai"), "http://arxiv.invalid/x")
    with (
        Wire(**addresses, clock=clock) as wire,
        pytest.raises(Unavailable, match=r"cannot find arxiv\.invalid") as caught,
    ):
        read_feed(wire, ["cs.LG"])
    assert "network" in str(caught.value)
    assert wire.requests == 1


def test_a_closed_port_is_named(clock: Clock) -> None:
    with ArxivServer() as gone:
        addresses = gone.addresses
    with Wire(**addresses, clock=clock) as wire, pytest.raises(Unavailable, match=r"cannot reach 127\.0\.0\.1"):
        read_papers(wire, ["9912.00001"])
    assert wire.requests == 1


def test_an_address_that_is_none_is_named(clock: Clock) -> None:
    with Wire(feed="not an address", api="x", oai="x", clock=clock) as wire:
        with pytest.raises(Unavailable, match=r"\[arxiv\] settings"):
            read_feed(wire, ["cs.LG"])
        with pytest.raises(Unavailable):
            read_papers(wire, ["9912.00001"])


def test_a_folder_that_cannot_be_written_is_named(arxiv: ArxivServer, clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with made(arxiv, clock, folder=tmp_path / "file" / "state") as wire, pytest.raises(CannotWrite, match="state"):
        read_feed(wire, ["cs.LG"])
    assert arxiv.log == []


# Any sequence of faults


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(PASSING)), max_size=6), st.lists(st.sampled_from(sorted(PASSING)), max_size=6))
def test_after_any_faults_the_announcement_is_whole(
    arxiv: ArxivServer, clock: Clock, at_feed: list[str], at_api: list[str]
) -> None:
    arxiv.fail("/atom", *[PASSING[name] for name in at_feed])
    arxiv.fail("/api", *[PASSING[name] for name in at_api])
    with made(arxiv, clock) as wire:
        items = _stubborn(lambda: [it.paper.id for it in read_feed(wire, ["cs.LG"]).items])
        papers = _stubborn(lambda: sorted(read_papers(wire, ["9912.00001", "9912.00002"])))
        assert items == papers == ["9912.00001", "9912.00002"]


def _stubborn(ask: Any) -> Any:
    for _ in range(2):
        try:
            return ask()
        except TriageError:
            continue
    return ask()


def test_the_state_on_disk_is_small_and_holds_no_secret(arxiv: ArxivServer, clock: Clock, tmp_path: Path) -> None:
    arxiv.fail("/atom", Fault(503, b"", {"Retry-After": "1"}))
    with made(arxiv, clock, folder=tmp_path, contact="reader@example.org") as wire:
        read_feed(wire, ["cs.LG"])
    assert set(json.loads((tmp_path / "arxiv.json").read_text())) == {"asked", "until", "status"}


def test_an_api_page_that_lost_its_papers_is_no_answer(arxiv: ArxivServer, clock: Clock) -> None:
    arxiv.fail("/api", *[Fault(200, api_answer([], total=2))] * 4)
    with made(arxiv, clock) as wire, pytest.raises(Unavailable, match="counts 2 papers"):
        read_papers(wire, ["9912.00001", "9912.00002"])
