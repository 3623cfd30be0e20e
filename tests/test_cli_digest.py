"""`triage digest` as cron runs it: a real mail server, once and only once, and one line when it fails."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from forks import run
from terminal import Terminal
from test_cli import told

if TYPE_CHECKING:
    from mail_server import Inbox


@pytest.fixture
def home(tmp_path: Path, inbox: tuple[Inbox, int], ranked: Path) -> Path:
    home = shutil.copytree(ranked, tmp_path / "demo")
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


def test_a_passing_refusal_is_waited_for(home: Path, inbox: tuple[Inbox, int]) -> None:
    inbox[0].refusals.append("451 greylisted")
    done = run(home, "digest", "--no-fetch")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(inbox[0].mails) == 1


def test_a_person_who_waits_is_told_for_what(home: Path, inbox: tuple[Inbox, int]) -> None:
    inbox[0].refusals.append("451 greylisted")
    with Terminal("digest", "--no-fetch", environ={"TRIAGE_HOME": str(home)}) as terminal:
        terminal.shows("again in 0.5 s")
        assert terminal.ended() == 0, terminal.text
        assert "sending" in terminal.text
        assert "reader@example.org" in terminal.text
    assert len(inbox[0].mails) == 1


def test_a_refusal_for_good_is_one_line_and_the_mail_is_composed_anew(home: Path, inbox: tuple[Inbox, int]) -> None:
    """The server surely did not take it, so what the reader mended in the settings is in the next one."""
    inbox[0].refusals.append("554 not from you")
    assert "554" in told(run(home, "digest", "--no-fetch"), 69)
    assert run(home, "digest", "--no-fetch", TRIAGE_DIGEST_FROM="other@example.org").returncode == 0
    (mail,) = inbox[0].mails
    assert mail["From"] == "other@example.org"


def test_a_server_that_is_away_is_one_line_and_nothing_is_lost(home: Path, inbox: tuple[Inbox, int]) -> None:
    assert "127.0.0.1" in told(run(home, "digest", "--no-fetch", TRIAGE_SMTP_PORT="9"), 69)
    assert run(home, "digest", "--no-fetch").returncode == 0
    assert len(inbox[0].mails) == 1


def test_one_recipient_that_fails_does_not_stop_the_other(home: Path, inbox: tuple[Inbox, int]) -> None:
    profile = (home / "profiles" / "efficient-inference.toml").read_text()
    other = profile.replace('name = "efficient-inference"', 'name = "another"')
    (home / "profiles" / "another.toml").write_text(f'{other}\n[digest]\nto = "gone@example.org"\n')

    async def only_readers(server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if address == "gone@example.org":
            return "550 no such reader"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    inbox[0].handle_RCPT = only_readers  # type: ignore[attr-defined]
    done = run(home, "digest", "--no-fetch", "--json")
    assert "no such reader" in told(done, 69)
    states = {row["to"]: row["state"] for row in json.loads(done.stdout)["mails"]}
    assert states == {"gone@example.org": "failed", "reader@example.org": "sent"}
    assert [mail["To"] for mail in inbox[0].mails] == ["reader@example.org"]


def test_nothing_worth_it_sends_nothing(home: Path, inbox: tuple[Inbox, int]) -> None:
    path = home / "profiles" / "efficient-inference.toml"
    path.write_text(path.read_text().replace("threshold = 0.01", "threshold = 1"))
    done = run(home, "digest", "--no-fetch", "--json")
    assert [row["state"] for row in json.loads(done.stdout)["mails"]] == ["nothing"]
    assert inbox[0].mails == []


@pytest.mark.parametrize(
    "flags", [("--output", "text"), ("--output", "html"), ("--output", "eml"), ("--output", "md"), ("--to", "-")]
)
def test_it_prints_instead_of_sending(home: Path, inbox: tuple[Inbox, int], flags: tuple[str, str]) -> None:
    done = run(home, "digest", "--no-fetch", *flags)
    assert (done.returncode, done.stderr) == (0, "")
    assert "triage keep 9912.0" in done.stdout
    assert inbox[0].mails == []
    assert json.loads(run(home, "digest", "--no-fetch", "--json").stdout)["mails"][0]["state"] == "sent"


def test_the_list_comes_as_json_too(home: Path) -> None:
    told = json.loads(run(home, "digest", "--no-fetch", "--output", "json").stdout)
    assert (told["schema"], told["state"]) == (1, "ready")
    assert told["papers"]


def test_forms_need_no_recipient_but_a_message_does(home: Path) -> None:
    config = home / "config.toml"
    config.write_text(config.read_text().partition("[digest]")[0])
    assert "triage keep" in run(home, "digest", "--no-fetch", "--output", "text").stdout
    assert "[digest] to" in told(run(home, "digest", "--no-fetch", "--output", "eml"), 78)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_dry_run_writes_nothing_and_tells_all(home: Path, inbox: tuple[Inbox, int]) -> None:
    before = everything(home)
    done = run(home, "digest", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"reader@example\.org: would be sent \d papers of 2099-12-18\n", done.stdout)
    (row,) = json.loads(run(home, "digest", "--dry-run", "--json").stdout)["mails"]
    assert row["state"] == "pending"
    assert everything(home) == before
    assert inbox[0].mails == []
    run(home, "digest", "--no-fetch")
    assert inbox[0].mails[0]["Message-ID"] == row["message_id"]
    assert "was sent" in run(home, "digest", "--dry-run").stdout


def test_a_dry_run_of_an_edited_profile_in_an_empty_home_writes_nothing(home: Path) -> None:
    path = home / "profiles" / "efficient-inference.toml"
    path.write_text(path.read_text().replace("statement = ", "authors = ['Nobody']\nstatement = ", 1))
    before = everything(home)
    assert run(home, "digest", "--dry-run").returncode == 0
    assert everything(home) == before
    (home / "triage.db").unlink()
    assert "nothing to send" in run(home, "digest", "--dry-run").stdout
    assert not (home / "triage.db").exists()


def test_a_dry_run_looks_for_the_password(home: Path, inbox: tuple[Inbox, int]) -> None:
    assert "no password" in told(run(home, "digest", "--dry-run", TRIAGE_SMTP_USER="ada"), 78)
    assert run(home, "digest", "--dry-run", TRIAGE_SMTP_USER="ada", TRIAGE_SMTP_PASSWORD="x").returncode == 0


def test_force_sends_again_with_the_same_number(home: Path, inbox: tuple[Inbox, int]) -> None:
    """The very mail, also when every paper of it has been judged since."""
    assert run(home, "digest", "--no-fetch").returncode == 0
    shown = json.loads(run(home, "digest", "--no-fetch", "--json").stdout)["mails"][0]["papers"]
    assert run(home, "keep", *shown).returncode == 0
    for flags in (("--force",), ()):
        assert run(home, "digest", "--no-fetch", *flags).returncode == 0
    assert len(inbox[0].mails) == 2
    assert len({mail.as_bytes() for mail in inbox[0].mails}) == 1


def test_a_mail_that_cannot_be_sent_again_goes_out_with_the_next_run(home: Path, inbox: tuple[Inbox, int]) -> None:
    assert run(home, "digest", "--no-fetch").returncode == 0
    assert run(home, "digest", "--no-fetch", "--force", TRIAGE_SMTP_PORT="9").returncode == 69
    for _ in range(2):
        assert run(home, "digest", "--no-fetch").returncode == 0
    assert len(inbox[0].mails) == 2


def test_one_mail_for_a_recipient_however_the_profiles_change(home: Path, inbox: tuple[Inbox, int]) -> None:
    """At most one for a recipient and an announcement: neither another profile nor another spelling makes a second."""
    assert run(home, "digest", "--no-fetch").returncode == 0
    profile = (home / "profiles" / "efficient-inference.toml").read_text()
    other = profile.replace('name = "efficient-inference"', 'name = "another"')
    (home / "profiles" / "another.toml").write_text(f'{other}\n[digest]\nto = "Reader@Example.org"\n')
    rows = json.loads(run(home, "digest", "--no-fetch", "--json").stdout)["mails"]
    assert [row["state"] for row in rows] == ["already-sent"]
    assert len(inbox[0].mails) == 1


def test_a_profile_with_a_recipient_of_its_own_gets_its_own_mail(home: Path, inbox: tuple[Inbox, int]) -> None:
    profile = (home / "profiles" / "efficient-inference.toml").read_text()
    other = profile.replace('name = "efficient-inference"', 'name = "another"')
    (home / "profiles" / "another.toml").write_text(f'{other}\n[digest]\nto = "bo@example.org"\n')
    assert run(home, "digest", "--no-fetch").returncode == 0
    assert {mail["To"] for mail in inbox[0].mails} == {"reader@example.org", "bo@example.org"}
    assert {mail["X-Triage-Profiles"] for mail in inbox[0].mails} == {"efficient-inference", "another"}


@pytest.mark.parametrize("flags", [("--output", "text", "--json"), ("--to", "-", "--force")])
def test_flags_that_contradict_each_other_are_a_usage_error(home: Path, flags: tuple[str, ...]) -> None:
    assert run(home, "digest", *flags).returncode == 2


@pytest.mark.parametrize("address", ["", "nobody", "a@example.org, b@example.org"])
def test_a_recipient_that_is_no_address_is_a_usage_error(home: Path, inbox: tuple[Inbox, int], address: str) -> None:
    done = run(home, "digest", "--no-fetch", "--to", address)
    assert done.returncode == 2
    assert "--to: " in done.stderr
    assert inbox[0].mails == []


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
