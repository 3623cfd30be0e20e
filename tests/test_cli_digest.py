"""`triage digest` as cron runs it: a real mail server, once and only once, and one line when it fails."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from homes import ranked_home
from test_cli import run, told

from triage.demo import DemoServer


class Inbox:
    """Takes mail, or answers with the refusals it was given first."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.refusals: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        self.mails.append(message_from_bytes(envelope.content, policy=SMTP))
        return "250 taken"


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    inbox = Inbox()
    with socket.socket() as free:  # aiosmtpd greets itself on the port it was given, so that 0 does not do
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield inbox, port
    finally:
        controller.stop(no_assert=True)


@pytest.fixture
def home(tmp_path: Path, inbox: tuple[Inbox, int], encoder: Any) -> Path:
    with DemoServer() as server:
        home = ranked_home(tmp_path / "demo", server, encoder)
    with (home / "config.toml").open("a") as stream:
        stream.write(f'\n[smtp]\nhost = "127.0.0.1"\nport = {inbox[1]}\nsecurity = "none"\n')
        stream.write('\n[digest]\nto = "reader@example.org"\nfrom = "triage@example.org"\n')
    return home


def test_a_mail_goes_out_once_and_in_silence(home: Path, inbox: tuple[Inbox, int]) -> None:
    first = run(home, "digest", "--no-fetch")
    assert (first.returncode, first.stdout, first.stderr) == (0, "", "")
    again = json.loads(run(home, "digest", "--no-fetch", "--json").stdout)["mails"]
    assert [one["state"] for one in again] == ["already-sent"]
    (mail,) = inbox[0].mails
    assert mail["Message-ID"] == again[0]["message_id"]
    assert mail["To"] == "reader@example.org"
    assert mail["Subject"].startswith("triage: ")
    assert set(again[0]["covers"]) == {"cs.LG", "cs.CL"}
    assert all(paper in mail.get_body(("plain",)).get_content() for paper in again[0]["papers"])


def test_a_refused_mail_stays_and_goes_out_with_the_same_number(home: Path, inbox: tuple[Inbox, int]) -> None:
    inbox[0].refusals.append("451 try again later")
    failed = run(home, "digest", "--no-fetch", "--json")
    assert "451" in told(failed, 75)
    (row,) = json.loads(failed.stdout)["mails"]
    assert row["state"] == "pending"
    assert run(home, "digest", "--no-fetch").returncode == 0
    (mail,) = inbox[0].mails
    assert mail["Message-ID"] == row["message_id"]


def test_a_refusal_for_good_is_one_line(home: Path, inbox: tuple[Inbox, int]) -> None:
    inbox[0].refusals.append("554 no such reader")
    assert "554" in told(run(home, "digest", "--no-fetch"), 69)


def test_a_server_that_is_away_is_one_line_and_nothing_is_lost(home: Path, inbox: tuple[Inbox, int]) -> None:
    assert "127.0.0.1" in told(run(home, "digest", "--no-fetch", TRIAGE_SMTP_PORT="9"), 69)
    assert run(home, "digest", "--no-fetch").returncode == 0
    assert len(inbox[0].mails) == 1


def test_one_recipient_that_fails_does_not_stop_the_other(home: Path, inbox: tuple[Inbox, int]) -> None:
    profile = (home / "profiles" / "efficient-inference.toml").read_text()
    other = profile.replace('name = "efficient-inference"', 'name = "another"') + '\n[digest]\nto = "nobody at all"\n'
    (home / "profiles" / "another.toml").write_text(other)
    done = run(home, "digest", "--no-fetch", "--json")
    assert done.returncode == 78
    states = {row["to"]: row["state"] for row in json.loads(done.stdout)["mails"]}
    assert states["reader@example.org"] == "sent"
    assert len(inbox[0].mails) == 1


def test_nothing_worth_it_sends_nothing(home: Path, inbox: tuple[Inbox, int]) -> None:
    path = home / "profiles" / "efficient-inference.toml"
    path.write_text(path.read_text().replace("threshold = 0.01", "threshold = 1"))
    done = run(home, "digest", "--no-fetch", "--json")
    assert [row["state"] for row in json.loads(done.stdout)["mails"]] == ["nothing"]
    assert inbox[0].mails == []


@pytest.mark.parametrize("output", ["text", "html", "eml"])
def test_it_prints_instead_of_sending(home: Path, inbox: tuple[Inbox, int], output: str) -> None:
    done = run(home, "digest", "--no-fetch", "--output", output)
    assert done.returncode == 0, done.stderr
    assert "triage keep 9912.0" in done.stdout
    assert inbox[0].mails == []
    assert json.loads(run(home, "digest", "--no-fetch", "--json").stdout)["mails"][0]["state"] == "sent"


def test_without_a_recipient_it_says_what_to_write(home: Path) -> None:
    config = home / "config.toml"
    config.write_text(config.read_text().partition("[digest]")[0])
    assert "[digest] to" in told(run(home, "digest", "--no-fetch"), 78)


def test_a_verdict_belongs_to_the_profile_that_showed_the_paper(home: Path) -> None:
    profile = (home / "profiles" / "efficient-inference.toml").read_text()
    (home / "profiles" / "another.toml").write_text(profile.replace('name = "efficient-inference"', 'name = "another"'))
    run(home, "digest", "--no-fetch", "--profile", "efficient-inference")
    shown = json.loads(run(home, "list", "--json", "--profile", "efficient-inference").stdout)["papers"][0]["id"]
    assert run(home, "keep", shown).returncode == 0
    assert run(home, "undo", "--profile", "another").stdout == "nothing to take back today\n"
    assert run(home, "undo", "--profile", "efficient-inference").stdout == f"taken back: keep {shown}\n"
