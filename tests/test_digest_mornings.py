"""Weeks of `triage digest` with a moved clock: a real arXiv on loopback, a real mail server, one run after another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from arxiv_server import ArxivServer, Fault, item
from conftest import Clock, FakeEncoder
from mail_server import Inbox, inboxed

from triage.cli.digest import digest_command
from triage.cli.surroundings import Surroundings
from triage.errors import TriageError
from triage.fetch.calendar import is_feed_day
from triage.store import Store

PROFILE = 'statement = "the invented matter"\ncategories = ["cs.LG"]\n[shortlist]\nthreshold = 0.0\n'


class LocalClock(Clock):
    """The test's clock; the reader's local day is that of UTC."""

    def today(self) -> date:
        return self.now().date()


class Around(Surroundings):
    """What a command finds around it, with an encoder that needs no weights."""

    encoder = FakeEncoder()  # type: ignore[assignment]
    fast = None  # type: ignore[assignment]


class Mornings:
    """One reader, one arXiv, one mail server; `on` is the day it is, seven o'clock in the morning."""

    def __init__(self, home: Path, server: ArxivServer, inbox: Inbox, port: int) -> None:
        self.home, self.server, self.inbox = home, server, inbox
        self.clock = LocalClock(datetime(2026, 11, 1, 7, tzinfo=UTC))
        server.date, server.stamp = self.clock.now, self.clock.monotonic
        (home / "profiles").mkdir(parents=True)
        (home / "profiles" / "mine.toml").write_text(PROFILE)
        addresses = "".join(f'{name} = "{url}"\n' for name, url in server.addresses.items())
        self.settings = (
            f'[arxiv]\n{addresses}[smtp]\nhost = "127.0.0.1"\nport = {port}\n[digest]\nto = "ada@x.example"\n'
        )
        self.set("")

    def set(self, line: str) -> None:
        (self.home / "config.toml").write_text(f"{self.settings}{line}\n")

    def on(self, day: int, hour: int = 7) -> date:
        self.clock.elapsed = (datetime(2026, 11, day, hour, tzinfo=UTC) - self.clock.start).total_seconds()
        return date(2026, 11, day)

    def publish(self, day: int, *numbers: int) -> None:
        """arXiv announces papers on a day, which had been handed in the day before."""
        when = datetime(2026, 11, day, 12, tzinfo=UTC) - timedelta(days=3 if day % 7 == 2 else 1)
        items = [item(number, submitted=when) for number in numbers]
        self.server.papers += [one.paper for one in items]
        self.server.records += [(date(2026, 11, day), one.paper) for one in items]
        self.server.items, self.server.day = items, date(2026, 11, day)

    def digest(self, *flags: str) -> int:
        """Run the command; its exit code."""
        around = Around({"TRIAGE_HOME": str(self.home)}, clock=self.clock)  # type: ignore[arg-type]
        try:
            digest_command.main(list(flags), obj=around, standalone_mode=False)
        except TriageError as fault:
            return fault.exit_code
        finally:
            around.store.close()
        return 0

    def morning(self, day: int, *numbers: int) -> int:
        """arXiv announces, the reader sleeps, cron runs."""
        self.on(day)
        self.publish(day, *numbers)
        return self.digest()

    def mails(self) -> list[Any]:
        taken, self.inbox.mails = self.inbox.mails, []
        return taken


@pytest.fixture
def mornings(tmp_path: Path) -> Iterator[Mornings]:
    with ArxivServer() as server, inboxed() as (inbox, port):
        yield Mornings(tmp_path / "reader", server, inbox, port)


def text(mail: Any) -> str:
    return str(mail.get_body(("plain",)).get_content())


def headings(mail: Any) -> list[str]:
    return [
        line.strip() for line in text(mail).splitlines() if line.startswith(("Mon ", "Tue ", "Wed ", "Thu ", "Fri "))
    ]


def test_one_mail_each_morning_and_none_at_the_weekend(mornings: Mornings, capsys: pytest.CaptureFixture[str]) -> None:
    for day in (16, 17, 18, 19, 20):
        assert mornings.morning(day, day * 10, day * 10 + 1) == 0
        (mail,) = mornings.mails()
        assert mail["X-Triage-Announced"] == f"2026-11-{day}"
        assert headings(mail) == []
        assert f"9912.{day * 10:05d}" in text(mail)
    for day in (21, 22):
        mornings.on(day)
        mornings.server.items, mornings.server.day = [], date(2026, 11, day)
        assert mornings.digest() == 0
    assert mornings.mails() == []
    assert capsys.readouterr() == ("", "")


def test_three_missed_days_are_one_mail_with_three_headings(mornings: Mornings) -> None:
    assert mornings.morning(16, 1, 2) == 0
    mornings.mails()
    mornings.publish(17, 3, 4)
    mornings.publish(18, 5, 6)
    assert mornings.morning(19, 7, 8) == 0
    (mail,) = mornings.mails()
    assert headings(mail) == ["Thu 2026-11-19", "Wed 2026-11-18", "Tue 2026-11-17"]
    told = text(mail)
    places = [told.index(f"9912.0000{number}") for number in (7, 5, 3)]
    assert places == sorted(places), "each paper stands under its day"
    assert "9912.00001" not in told, "what was mailed on Monday is not mailed again"
    html = mail.get_body(("html",)).get_content()
    assert [html.count(day) > 0 for day in headings(mail)] == [True] * 3
    assert mornings.digest() == 0
    assert mornings.mails() == []


def test_at_most_five_days_and_the_rest_counted(mornings: Mornings) -> None:
    assert mornings.morning(9, 1) == 0
    mornings.mails()
    for day in (10, 11, 12, 13, 16, 17, 18):
        mornings.publish(day, day * 10, day * 10 + 1)
    assert mornings.morning(19, 190) == 0
    (mail,) = mornings.mails()
    assert len(headings(mail)) == 5
    assert headings(mail)[-1] == "Fri 2026-11-13"
    assert "6 papers announced before that expired unread" in " ".join(text(mail).split())


def test_a_mail_that_could_not_be_sent_goes_first_and_its_days_come_once(
    mornings: Mornings, capsys: pytest.CaptureFixture[str]
) -> None:
    mornings.inbox.refusals = ["451 later"] * 8
    mornings.publish(16, 1)
    mornings.on(16)
    assert mornings.digest("--json") == 75
    (row,) = json.loads(capsys.readouterr().out)["mails"]
    assert row["state"] == "pending"
    assert mornings.clock.slept == [0.5, 1.0, 2.0], "offered four times within the run"
    assert mornings.morning(17, 2) == 75, "Monday's is tried again, Tuesday's waits"
    assert mornings.morning(18, 3) == 0
    monday, rest = mornings.mails()
    assert monday["Message-ID"] == row["message_id"]
    assert monday["X-Triage-Announced"] == "2026-11-16"
    assert monday["Date"].startswith("Mon, 16 Nov 2026"), "as it was composed"
    assert headings(rest) == ["Wed 2026-11-18", "Tue 2026-11-17"]
    assert "9912.00001" not in text(rest)


def test_a_mail_that_is_refused_for_good_is_given_up_and_its_days_come_with_the_next(mornings: Mornings) -> None:
    mornings.inbox.refusals = ["554 smells of spam"]
    assert mornings.morning(16, 1) == 69
    assert mornings.morning(17, 2) == 0
    (mail,) = mornings.mails()
    assert headings(mail) == ["Tue 2026-11-17", "Mon 2026-11-16"]


def test_a_day_with_nothing_worth_it_is_no_part_of_a_later_mail(mornings: Mornings) -> None:
    assert mornings.morning(16, 1) == 0
    profile = mornings.home / "profiles" / "mine.toml"
    profile.write_text(PROFILE.replace("threshold = 0.0", "threshold = 1.0"))
    assert mornings.morning(17, 2, 3) == 0
    profile.write_text(PROFILE)
    assert mornings.morning(18, 4) == 0
    assert [headings(mail) for mail in mornings.mails()] == [[], []]


def test_papers_that_arrive_after_their_mail_come_with_the_next_one(mornings: Mornings) -> None:
    """Tuesday was slept through, and on Wednesday arXiv's archive is down: its papers come when they can be read."""
    assert mornings.morning(16, 1, 2) == 0
    mornings.publish(17, 3, 4)
    for route in ("/oai", "/api"):
        mornings.server.fail(route, *[Fault(404)] * 40)
    assert mornings.morning(18, 5, 6) == 0
    for route in ("/oai", "/api"):
        mornings.server.faults[route].clear()
    _, wednesday = mornings.mails()
    assert "2026-11-17" in text(wednesday).partition("Missing")[2], "what is missing is said"
    assert headings(wednesday) == []
    assert mornings.morning(19, 7) == 0
    (mail,) = mornings.mails()
    assert headings(mail) == ["Thu 2026-11-19", "Tue 2026-11-17"]
    listed = [number for number in range(1, 8) if f"9912.0000{number}" in text(mail)]
    assert listed == [3, 4, 7], "Wednesday's own are not mailed again"
    assert mornings.morning(20, 8) == 0
    (mail,) = mornings.mails()
    assert headings(mail) == [], "once"


def test_a_day_that_was_mailed_comes_back_for_its_late_papers_alone(mornings: Mornings) -> None:
    assert mornings.morning(16, 1, 2) == 0
    mornings.mails()
    mornings.on(16, 10)
    with closing(Store(mornings.home / "triage.db")) as store:
        store.add_announcement(
            [item(3)], announced=date(2026, 11, 16), feed_day=date(2026, 11, 16), at=mornings.clock.now()
        )
    assert mornings.digest() == 0
    assert mornings.mails() == [], "at most one for an announcement"
    assert mornings.morning(17, 4) == 0
    (mail,) = mornings.mails()
    assert headings(mail) == ["Tue 2026-11-17", "Mon 2026-11-16"]
    assert [number for number in range(1, 5) if f"9912.0000{number}" in text(mail)] == [3, 4]


def test_late_papers_beyond_five_days_are_counted(mornings: Mornings) -> None:
    assert mornings.morning(9, 1) == 0
    mornings.publish(10, 2, 3)
    for route in ("/oai", "/api"):
        mornings.server.fail(route, *[Fault(404)] * 40)
    assert mornings.morning(11, 4) == 0
    for route in ("/oai", "/api"):
        mornings.server.faults[route].clear()
    mornings.mails()
    for day in (12, 13, 16, 17):
        mornings.publish(day, day * 10)
    assert mornings.morning(18, 180) == 0
    (mail,) = mornings.mails()
    assert headings(mail)[-1] == "Thu 2026-11-12"
    assert "2 papers announced before that expired unread" in " ".join(text(mail).split())


# -- broken days -------------------------------------------------------------------------------------------------------


def _break(mornings: Mornings, day: int) -> int:
    mornings.on(day)
    for route in ("/atom", "/oai", "/api"):
        mornings.server.faults[route].clear()
        mornings.server.fail(route, *[Fault(404)] * 40)
    code = mornings.digest()
    for route in ("/atom", "/oai", "/api"):
        mornings.server.faults[route].clear()
    return code


def test_three_broken_days_send_one_plain_alert(mornings: Mornings, capsys: pytest.CaptureFixture[str]) -> None:
    assert mornings.morning(16, 1) == 0
    mornings.mails()
    for day, count in ((17, 0), (18, 0), (19, 1), (20, 0)):
        assert _break(mornings, day) == 69
        assert len(mornings.inbox.mails) == count, day
        if count:
            (alert,) = mornings.mails()
    assert alert["X-Triage-Kind"] == "alert"
    assert alert["Subject"] == "triage: no digest for 3 days"
    assert alert.get_content_type() == "text/plain"
    told = alert.get_content()
    assert [day in told for day in ("Tue 2026-11-17", "Wed 2026-11-18", "Thu 2026-11-19")] == [True] * 3
    assert "triage doctor" in told
    assert capsys.readouterr().out == ""
    assert mornings.morning(20, 2) == 0, "arXiv answers again"
    (mail,) = mornings.mails()
    assert mail["X-Triage-Kind"] == "digest"
    assert _break(mornings, 24) == 69
    assert mornings.inbox.mails == [], "a new row begins with its first day"


def test_what_is_stored_is_mailed_although_arxiv_is_silent(mornings: Mornings) -> None:
    assert mornings.morning(16, 1) == 0
    mornings.on(17)
    mornings.publish(17, 2)
    assert mornings.digest("--output", "json") == 0, "fetches and mails nothing"
    mornings.mails()
    assert _break(mornings, 18) == 69
    (mail,) = mornings.mails()
    assert mail["X-Triage-Announced"] == "2026-11-17"


def test_a_profile_that_cannot_be_read_is_told_by_mail_too(mornings: Mornings) -> None:
    (mornings.home / "profiles" / "mine.toml").write_text("statement = 7\n")
    for day in (17, 18, 19):
        mornings.on(day)
        assert mornings.digest() == 65
    (alert,) = mornings.mails()
    assert "mine.toml" in alert.get_content()


def test_days_that_were_read_in_part_and_brought_no_mail_are_told_too(mornings: Mornings) -> None:
    """No paper is worth a mail, but Tuesday's could not be read: that is no silence of arXiv's."""
    assert mornings.morning(16, 1) == 0
    mornings.mails()
    profile = mornings.home / "profiles" / "mine.toml"
    profile.write_text(PROFILE.replace("threshold = 0.0", "threshold = 1.0"))
    for route in ("/oai", "/api"):
        mornings.server.fail(route, *[Fault(404)] * 40)
    for day in (18, 19, 20):
        assert mornings.morning(day, day) == 0
    (alert,) = mornings.mails()
    assert alert["X-Triage-Kind"] == "alert"
    assert "not everything was read: " in " ".join(alert.get_content().split())


def test_one_good_run_makes_the_day_a_good_one(mornings: Mornings) -> None:
    assert _break(mornings, 17) == 69
    assert _break(mornings, 18) == 69
    assert mornings.morning(18, 1) == 0
    mornings.mails()
    assert _break(mornings, 19) == 69
    assert mornings.mails() == []


# -- the heartbeat -----------------------------------------------------------------------------------------------------


def _quiet_monday(mornings: Mornings) -> None:
    """A week with papers, then a Monday with none that is worth it."""
    mornings.on(16)
    for day in (16, 17, 18, 19, 20):
        assert mornings.morning(day, day * 10, day * 10 + 1) == 0
    mornings.mails()
    profile = mornings.home / "profiles" / "mine.toml"
    profile.write_text(PROFILE.replace("threshold = 0.0", "threshold = 1.0"))
    assert mornings.morning(23, 230) == 0


def test_a_heartbeat_on_a_monday_without_papers_with_counts(mornings: Mornings) -> None:
    mornings.set('send_empty = "weekly"')
    _quiet_monday(mornings)
    (beat,) = mornings.mails()
    assert beat["X-Triage-Kind"] == "heartbeat"
    told = " ".join(beat.get_content().split())
    assert "5 announcements read, 10 papers in them" in told
    assert "5 mails sent with 10 papers" in told
    assert "0 days on which the digest was broken" in told
    assert mornings.digest() == 0
    assert mornings.morning(24, 240) == 0
    assert mornings.mails() == [], "once, and on Mondays only"


def test_no_heartbeat_unless_it_is_asked_for(mornings: Mornings) -> None:
    _quiet_monday(mornings)
    assert mornings.mails() == []


def test_no_heartbeat_on_a_monday_with_papers_or_with_a_broken_arxiv(mornings: Mornings) -> None:
    mornings.set('send_empty = "weekly"')
    assert mornings.morning(16, 1) == 0
    (mail,) = mornings.mails()
    assert mail["X-Triage-Kind"] == "digest"
    assert mornings.digest() == 0
    assert _break(mornings, 23) == 69
    assert mornings.mails() == []


def test_the_days_of_these_tests_are_arxivs() -> None:
    assert all(is_feed_day(date(2026, 11, day)) for day in (9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 23, 24))
