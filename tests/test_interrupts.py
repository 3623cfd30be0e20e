"""Ctrl+C on a real terminal, in the middle of whatever takes long: one line, 130, and what was done is kept."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from arxiv_server import ArxivServer, Fault, item
from terminal import Terminal

from triage.paper import Item, Paper
from triage.store import Store

DAY, NOW = date(2026, 11, 20), datetime(2026, 11, 20, 12, tzinfo=UTC)
CTRL_C = "\x03"


@pytest.fixture
def silent(home: Path) -> Iterator[ArxivServer]:
    """A server that announces five papers and whose API takes every question and never answers; a home that asks it."""
    with ArxivServer(items=[item(number) for number in range(1, 6)]) as server:
        server.date = NOW
        server.faults["/api"] = deque([Fault(status=None)] * 20)
        (home / "profiles").mkdir(parents=True)
        addresses = "\n".join(f'{name} = "{url}"' for name, url in server.addresses.items())
        (home / "config.toml").write_text(f'[arxiv]\ncontact = "tests@example.org"\n{addresses}\n')
        (home / "profiles" / "mine.toml").write_text('statement = "invented matter"\ncategories = ["cs.LG"]\n')
        (home / "shared.txt").write_text("see 9912.00077")
        yield server


def interrupted(home: Path, server: ArxivServer, *arguments: str) -> str:
    """Start a command, press Ctrl+C once the API was asked, and give the screen; it ended in one line and with 130."""
    with Terminal(*arguments, environ={"TRIAGE_HOME": str(home)}, columns=120) as terminal:
        terminal.until(lambda: any(asked.path.startswith("/api") for asked in server.log), 60)
        assert any(asked.path.startswith("/api") for asked in server.log), terminal.text
        terminal.press(CTRL_C)
        assert terminal.ended(30) == 130, terminal.text
        assert "triage: interrupted; what was done is kept" in terminal.text
        assert "Traceback" not in terminal.text
        return terminal.text


def whole(home: Path) -> Store:
    """The database, after SQLite has checked it."""
    store = Store(home / "triage.db")
    store.check()
    return store


def test_a_fetch_keeps_what_it_brought_and_the_next_one_goes_on(home: Path, silent: ArxivServer) -> None:
    interrupted(home, silent, "fetch")
    with closing(whole(home)) as store:
        assert store.count() == 5
        assert store.confirmed(["cs.LG"]) == {"cs.LG": DAY}
    silent.faults["/api"].clear()
    again = [sys.executable, "-m", "triage", "fetch", "--limit", "0", "--json"]
    done = subprocess.run(again, env={"TRIAGE_HOME": str(home)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["papers"] == {"new": 0, "updated": 0, "known": 5}


def test_an_import_has_noted_what_was_shared(home: Path, silent: ArxivServer) -> None:
    assert "shared papers" in interrupted(home, silent, "import", str(home / "shared.txt"))
    with closing(whole(home)) as store:
        assert store.unread_shared(DAY) == ["9912.00077"], "the next fetch brings it"


def test_a_profile_stays_as_it_was_when_its_seeds_are_asked_for(home: Path, silent: ArxivServer) -> None:
    path = home / "profiles" / "mine.toml"
    before = path.read_text()
    assert "seeds" in interrupted(home, silent, "profile", "seed", "9912.00077")
    assert path.read_text() == before
    assert [one.name for one in path.parent.iterdir()] == ["mine.toml"]


def test_a_digest_sends_nothing_and_is_owed_still(home: Path, silent: ArxivServer) -> None:
    with (home / "config.toml").open("a") as stream:
        stream.write('[digest]\nto = "me@example.org"\nfrom = "me@example.org"\ntransport = "eml"\n')
    interrupted(home, silent, "digest")
    with closing(whole(home)) as store:
        assert store.count() == 5
        assert store.pending_mails("me@example.org") == []
        assert store.mailed_since("me@example.org", date.min) == []


def test_the_doctor_can_be_sent_away(home: Path, silent: ArxivServer) -> None:
    assert "looking at" in interrupted(home, silent, "doctor")


def stocked(home: Path, count: int) -> None:
    """Store papers of one day."""
    papers = [Paper(f"2611.{n:05d}", f"Graph {n}", f"on graphs {n} " * 100) for n in range(1, count + 1)]
    with closing(Store(home / "triage.db")) as store:
        store.add_announcement([Item(one, "new") for one in papers], announced=DAY, feed_day=DAY, at=NOW)


def test_a_training_leaves_the_present_encoder_and_says_so(home: Path) -> None:
    stocked(home, 400)
    with Terminal("train", "--steps", "100000", environ={"TRIAGE_HOME": str(home)}, columns=120) as terminal:
        terminal.shows("training   steps", 120)
        terminal.press(CTRL_C)
        assert terminal.ended(60) == 130, terminal.text
        assert "triage: interrupted; what was learnt is gone, the present encoder stays" in terminal.text
        assert "Traceback" not in terminal.text
    assert [one.name for one in home.iterdir() if one.is_dir()] == []


def test_an_export_leaves_no_half_file(home: Path) -> None:
    """Into a file it appears whole or not at all; into a pipe nobody reads it waits, and stops when told to."""
    stocked(home, 300)
    whole_file = home / "all.jsonl"
    with Terminal("export", "jsonl", "--output", str(whole_file), environ={"TRIAGE_HOME": str(home)}) as terminal:
        terminal.shows("writing")
        assert terminal.ended() == 0
    lines = whole_file.read_text().splitlines()
    assert len(lines) > 600, "papers and announcements"
    command = [sys.executable, "-m", "triage", "export", "jsonl"]
    with subprocess.Popen(
        command, env={"TRIAGE_HOME": str(home)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout
        assert child.stderr
        assert child.stdout.read(1000) == whole_file.read_bytes()[:1000]  # it has begun, and now fills the pipe
        time.sleep(0.2)
        child.send_signal(2)
        assert child.wait(30) == 130
        assert child.stderr.read().decode().strip() == "triage: interrupted; what was done is kept"


def test_an_export_that_is_taken_back_says_how_far_it_is(home: Path, tmp_path: Path) -> None:
    stocked(home, 600)
    environ = {"TRIAGE_HOME": str(home)}
    kept = tmp_path / "all.jsonl"
    subprocess.run(
        [sys.executable, "-m", "triage", "export", "jsonl", "--output", str(kept)],
        env=environ, check=True, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with Terminal("import", str(kept), environ={"TRIAGE_HOME": str(tmp_path / "other")}, columns=120) as terminal:
        terminal.shows("taking back kB")
        assert terminal.ended() == 0
        assert "600 papers" in terminal.text
