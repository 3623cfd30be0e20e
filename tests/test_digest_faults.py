"""`triage digest` killed, run twice at once, without an environment, without a disk: never lost, never in silence."""

from __future__ import annotations

import os
import resource
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from forks import run
from mail_server import SECRET, Inbox, Mailbox, make_certificate, serving
from test_cli import run as run_afresh
from test_cli import told

from triage.demo import DAYS, DemoServer, demo_home
from triage.store import Store

DRIVER = Path(__file__).with_name("killed_digest.py")
SETTINGS = (
    '\n[smtp]\nhost = "127.0.0.1"\nport = {port}\n\n[digest]\nto = "ada@example.org"\nfrom = "triage@example.org"\n'
)


@pytest.fixture
def home(tmp_path: Path, inbox: tuple[Inbox, int], ranked: Path) -> Path:
    home = shutil.copytree(ranked, tmp_path / "demo")
    with (home / "config.toml").open("a") as stream:
        stream.write(SETTINGS.format(port=inbox[1]))
    return home


def pending(home: Path) -> int:
    with closing(Store(home / "triage.db")) as store:
        return len(store.pending_mails("ada@example.org"))


# -- kill -9 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("point", "taken", "kept"),
    [
        ("before compose", 0, 0),
        ("after compose", 0, 0),
        ("before connect", 0, 1),
        ("after DATA", 1, 1),
        ("after 250", 1, 1),
        ("before mark", 1, 1),
    ],
)
def test_killed_at_any_point_no_mail_is_lost_and_at_most_one_comes_twice(
    home: Path, inbox: tuple[Inbox, int], point: str, taken: int, kept: int
) -> None:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "TRIAGE_HOME": str(home)}
    killed = subprocess.run(
        [sys.executable, str(DRIVER), point], env=environ, capture_output=True, timeout=120, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert (len(inbox[0].mails), pending(home)) == (taken, kept)
    for _ in range(2):
        done = run(home, "digest", "--no-fetch")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(inbox[0].mails) == taken + 1, "the run after the next sends nothing"
    assert len({mail["Message-ID"] for mail in inbox[0].mails}) == 1
    assert len({mail.as_bytes() for mail in inbox[0].mails}) == 1, "what comes twice is the same mail"
    assert pending(home) == 0


# -- two at once -------------------------------------------------------------------------------------------------------


def test_two_runs_of_cron_at_once_send_one_mail(home: Path, inbox: tuple[Inbox, int]) -> None:
    """The first is held while it sends; the second is told at once that it is not alone."""
    arrived, go_on = threading.Event(), threading.Event()
    taking = inbox[0].handle_DATA

    async def slowly(server: Any, session: Any, envelope: Any) -> str:
        arrived.set()
        await server.loop.run_in_executor(None, go_on.wait, 60)
        return await taking(server, session, envelope)

    inbox[0].handle_DATA = slowly  # type: ignore[method-assign]
    first: list[Any] = []
    thread = threading.Thread(target=lambda: first.append(run_afresh(home, "digest", "--no-fetch")))
    thread.start()
    assert arrived.wait(60)
    second = run_afresh(home, "digest", "--no-fetch")
    go_on.set()
    thread.join(60)
    assert "another triage digest is running (process " in told(second, 75)
    assert second.stdout == ""
    assert (first[0].returncode, first[0].stdout, first[0].stderr) == (0, "", "")
    assert len(inbox[0].mails) == 1


# -- cron's environment ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("environment", [{}, {"HOME": "{home}", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}])
def test_the_schedulers_line_runs_in_an_empty_environment(
    home: Path, inbox: tuple[Inbox, int], environment: dict[str, str]
) -> None:
    """The very line of cron, run by /bin/sh from another folder with nothing, or only what cron gives."""
    line = run(home, "schedule", "print", "cron", PYTHONPATH=os.environ.get("PYTHONPATH", "")).stdout.splitlines()[-1]
    command = line.split("*  ", 1)[1].replace("\\%", "%")
    given = {name: value.format(home=home) for name, value in environment.items()}
    done = subprocess.run(
        ["/bin/sh", "-c", f"{command} --no-fetch"],
        env=given,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert len(inbox[0].mails) == 1
    with (home / "config.toml").open("a") as stream:
        stream.write("nonsense")
    broken = subprocess.run(
        ["/bin/sh", "-c", f"{command} --no-fetch"], env=given, cwd="/", capture_output=True, timeout=120, check=False
    )
    assert (broken.returncode, broken.stdout, broken.stderr.count(b"\n")) == (78, b"", 1)
    assert b"\x1b" not in broken.stderr


@pytest.mark.slow
def test_one_line_in_cron_is_enough(tmp_path: Path, inbox: tuple[Inbox, int]) -> None:
    """It fetches, embeds with the real model, ranks and mails, from nothing, in an empty environment, in silence."""
    with DemoServer() as server:
        home = demo_home(tmp_path / "cron", server)
        with (home / "config.toml").open("a") as stream:
            stream.write(SETTINGS.format(port=inbox[1]))
        for day in DAYS:
            server.day = day
            done = subprocess.run(
                [sys.executable, "-P", "-m", "triage", "digest"],
                env={"TRIAGE_HOME": str(home), "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
                cwd="/",
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=280,
                check=False,
            )
            assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert [mail["X-Triage-Announced"] for mail in inbox[0].mails] == [day.isoformat() for day in DAYS]


# -- the disk ----------------------------------------------------------------------------------------------------------


def _no_room() -> None:
    """Every write beyond what the files hold fails, as on a full disk (Python ignores the signal)."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def test_a_full_disk_stops_the_mail_and_says_so(home: Path, inbox: tuple[Inbox, int]) -> None:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "TRIAGE_HOME": str(home)}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "triage", "digest", "--no-fetch"],
            env=environ,
            preexec_fn=_no_room,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode in (73, 74), done.stderr
        assert done.stderr.count("\n") == 1
        assert inbox[0].mails == [], "what cannot be marked is not sent"
    assert run(home, "digest", "--no-fetch").returncode == 0
    assert len(inbox[0].mails) == 1


# -- the password and the other ways out, through the command ----------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_starttls_and_login_through_the_command(home: Path, tmp_path: Path) -> None:
    certificate, mailbox = make_certificate(tmp_path), Mailbox()
    kept = tmp_path / "password"
    kept.write_text("wrong\n")
    kept.chmod(0o600)
    with serving(mailbox, certificate, auth=True) as port:
        given = {
            "TRIAGE_SMTP_HOST": "localhost",
            "TRIAGE_SMTP_PORT": str(port),
            "TRIAGE_SMTP_SECURITY": "starttls",
            "TRIAGE_SMTP_USER": "ada",
            "TRIAGE_SMTP_PASSWORD_FILE": str(kept),
        }
        assert "not trusted" in told(run(home, "digest", "--no-fetch", **given), 69)
        given["SSL_CERT_FILE"] = str(certificate)
        refused = run(home, "digest", "--no-fetch", **given)
        assert "refuses the login of ada" in told(refused, 77)
        kept.write_text(f"{SECRET}\n")
        assert run(home, "digest", "--no-fetch", **given).returncode == 0
    assert len(mailbox.taken) == 1
    secrets = ("wrong", SECRET)
    assert not [one for one in secrets if one in refused.stdout + refused.stderr]
    stored = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert SECRET.encode() not in stored


@pytest.mark.parametrize(("transport", "place"), [("eml", "*.eml"), ("maildir", "new/*")])
def test_files_lie_in_the_outbox_of_the_home(home: Path, transport: str, place: str) -> None:
    for _ in range(2):
        done = run(home, "digest", "--no-fetch", TRIAGE_DIGEST_TRANSPORT=transport)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (path,) = (home / "outbox").glob(place)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"X-Triage-Kind: digest" in path.read_bytes()


def test_a_sendmail_command_that_defers_is_tried_at_the_next_run(home: Path, tmp_path: Path) -> None:
    command, taken = tmp_path / "sendmail", tmp_path / "taken"
    command.write_text(f"#!/bin/sh\ncat >> {shlex.quote(str(taken))}\nexit $(cat {tmp_path}/code)\n")
    command.chmod(0o755)
    given = {"TRIAGE_DIGEST_TRANSPORT": "sendmail", "TRIAGE_DIGEST_SENDMAIL": str(command)}
    (tmp_path / "code").write_text("75")
    assert "the next run tries again" in told(run(home, "digest", "--no-fetch", **given), 75)
    (tmp_path / "code").write_text("0")
    assert run(home, "digest", "--no-fetch", **given).returncode == 0
    assert taken.read_text().count("Message-ID: ") == 2
