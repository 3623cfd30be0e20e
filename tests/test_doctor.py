"""`triage doctor`: every fault is one line that says how to mend it, and what is broken decides the exit code."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from arxiv_server import ArxivServer, Fault, item

from triage import doctor
from triage.config import DigestConfig, SmtpConfig
from triage.embed import BUNDLED
from triage.errors import Unavailable
from triage.fetch import holidays, read_holidays
from triage.store import Run, Store

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FRIDAY = date(2026, 11, 20)
PROFILE = 'name = "mine"\nstatement = "matter that was invented"\ncategories = ["cs.LG"]\n'


def triage(home: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "LANG": "C.UTF-8"}
    return subprocess.run(
        [sys.executable, "-m", "triage", *arguments],
        env={**clean, "TRIAGE_HOME": str(home), "HF_HUB_OFFLINE": "1", **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def server() -> Iterator[ArxivServer]:
    with ArxivServer([item(1)]) as server:
        yield server


@pytest.fixture
def reader(tmp_path: Path, server: ArxivServer) -> Path:
    """A home with one profile that reads from the test's server."""
    home = tmp_path / "reader"
    (home / "profiles").mkdir(parents=True)
    (home / "profiles" / "mine.toml").write_text(PROFILE)
    lines = [f'{name} = "{url}"' for name, url in server.addresses.items()]
    (home / "config.toml").write_text("\n".join(["[arxiv]", *lines, 'contact = "ada@example.org"']))
    return home


def _findings(done: subprocess.CompletedProcess[str]) -> dict[str, list[dict[str, str]]]:
    assert "Traceback" not in done.stderr
    found: dict[str, list[dict[str, str]]] = {}
    for one in json.loads(done.stdout)["findings"]:
        found.setdefault(one["name"], []).append(one)
    return found


@pytest.mark.slow
def test_a_healthy_home_is_fine_and_shows_its_log(reader: Path) -> None:
    assert triage(reader, "fetch").returncode in (0, 75)
    done = triage(reader, "doctor", "--json", "--log")
    assert done.returncode == 0, done.stdout
    told = json.loads(done.stdout)
    assert (told["schema"], told["ok"]) == (1, True)
    found = _findings(done)
    assert {"contact", "calendar", "profiles", "model", "database", "runs", "network", "clock", "log"} <= set(found)
    assert all(one["mend"] for some in found.values() for one in some if one["state"] != "fine")
    assert any(row.get("status") == 200 and "date" in row["headers"] for row in told["answers"])


def test_each_line_says_what_to_do(tmp_path: Path) -> None:
    done = triage(tmp_path / "empty", "doctor", "--offline")
    assert done.returncode == 1
    assert done.stdout.count("BROKEN") == 1, "one cause, one line"
    assert "BROKEN profiles" in done.stdout
    assert "-> triage profile new" in done.stdout
    assert 'contact = "' in done.stdout
    assert "-> triage fetch" in done.stdout
    assert done.stderr == ""


def test_every_broken_part_is_found_at_once(reader: Path) -> None:
    (reader / "profiles" / "bad.toml").write_text('statement = "x"\ncategories = ["cs.LGG"]\n')
    (reader / "holidays.txt").write_text("soon\n")
    (reader / "triage.db").write_bytes(b"no database " * 400)
    done = triage(reader, "doctor", "--offline", "--json")
    assert done.returncode == 1
    found = _findings(done)
    broken = {name for name, some in found.items() if any(one["state"] == "broken" for one in some)}
    assert {"profiles", "calendar", "database"} <= broken
    assert any("bad.toml:2:16" in one["says"] for one in found["profiles"])
    assert "network" not in found


def test_broken_settings_are_said_first(reader: Path) -> None:
    (reader / "config.toml").write_text("[arxv]\n")
    done = triage(reader, "doctor", "--json")
    assert done.returncode == 1
    assert "did you mean arxiv" in _findings(done)["settings"][0]["says"]


def test_a_damaged_page_of_the_database_is_found(reader: Path) -> None:
    with closing(Store(reader / "triage.db")) as store:
        store.db.execute("CREATE TABLE filler (x)")
        store.db.executescript("".join(f"INSERT INTO filler VALUES ('{'x' * 900}');" for _ in range(200)))
    connection = sqlite3.connect(reader / "triage.db")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    body = bytearray((reader / "triage.db").read_bytes())
    body[-4096 * 6 : -4096 * 4] = b"\xff" * 8192
    (reader / "triage.db").write_bytes(body)
    done = triage(reader, "doctor", "--offline", "--json")
    assert done.returncode == 1
    assert any(one["state"] == "broken" for one in _findings(done)["database"])


def test_an_arxiv_that_is_down_is_broken_and_offline_does_not_ask(reader: Path, server: ArxivServer) -> None:
    server.fail("/atom", *[Fault(404, b"gone")] * 2)
    done = triage(reader, "doctor", "--json")
    assert done.returncode == 1
    assert "404" in _findings(done)["network"][0]["says"]
    asked = len(server.log)
    triage(reader, "doctor", "--offline")
    assert len(server.log) == asked


# The looks, one by one


def _run(state: str, hours: float = 1, reason: str = "", **given: Any) -> Run:
    announced = FRIDAY if state in ("announced", "partial") else None
    return Run(NOW - timedelta(hours=hours), state, announced, {"cs.LG": (state, reason)}, **given)


@pytest.mark.parametrize(
    ("last", "worst"),
    [("announced", "fine"), ("quiet", "fine"), ("stale", "note"), ("partial", "note"), ("failed", "broken")],
)
def test_the_last_run_decides_and_older_ones_are_told(last: str, worst: str) -> None:
    with closing(Store()) as store:
        store.add_run(_run("failed", 20, "no network"))
        store.add_run(_run(last, 1, "because"))
        found = [one for one in doctor.runs(store, ["cs.LG"], NOW, holidays()) if one.name == "runs"]
    assert [one.state for one in found] == [worst, "note"]
    assert "no network" in found[1].says


def test_missed_and_expected_announcements_are_named() -> None:
    with closing(Store()) as store:
        store.add_run(_run("announced"))
        store.add_missed("cs.LG", [date(2026, 11, 18)], "no run read this announcement")
        later = NOW + timedelta(days=4)
        says = " ".join(one.says for one in doctor.runs(store, ["cs.LG", "cs.CL"], later, holidays()))
    assert "2026-11-18 not read whole" in says
    assert "Tue 2026-11-24 is expected" in says
    assert "cs.CL: no announcement" in says


@pytest.mark.parametrize(
    ("offset", "state", "word"),
    [(None, "note", "no answer"), (2.0, "fine", "2 s"), (4000.0, "note", "behind"), (-4000.0, "note", "ahead")],
)
def test_a_wrong_clock_is_told_in_words(offset: float | None, state: str, word: str) -> None:
    (one,) = doctor.clock(offset)
    assert one.state == state
    assert word in one.says


def test_a_model_that_is_absent_is_broken() -> None:
    class Absent:
        name = "absent"

        @property
        def revision(self) -> str:
            raise Unavailable("the model is not on this machine")

        def encode(self, texts: Any) -> Any:
            raise AssertionError("the doctor encodes nothing")

    (one,) = doctor.careful(Absent())
    assert (one.state, one.says) == ("broken", "the model is not on this machine")
    assert "the fast encoder alone decides" in one.mend


def test_the_models_are_those_that_were_checked_and_the_bundled_one_stands_in_for_none(reader: Path) -> None:
    def models() -> list[str]:
        found = _findings(triage(reader, "doctor", "--offline", "--json"))
        return [f"{one['state']}: {one['says']}" for one in found["model"]]

    own = Path(shutil.copytree(BUNDLED, reader / "encoder"))
    assert models()[1].endswith(f"in {own}")
    with (own / "model.safetensors").open("r+b") as weights:
        weights.seek(5000)
        weights.write(b"no")
    assert models()[1] == (
        f"broken: {own / 'model.safetensors'} is not the file that was stored: remove {own}, and the bundled encoder is"
        " used again"
    )
    (own / "SHA256SUMS").write_text("nothing\n")
    assert models()[1].startswith(f"broken: {own / 'SHA256SUMS'} is damaged: remove")
    for path in own.iterdir():
        path.unlink()
    assert models()[1].endswith(f"in {BUNDLED}"), "the folder itself may stay"


@pytest.mark.parametrize(
    ("now", "state", "said"),
    [
        ("2026-11-20", "fine", "known until 2026-12-31, 4 still to come"),
        ("2026-12-20", "note", "known until 2026-12-31 only"),
        ("2027-01-05", "note", "no arXiv holiday of 2027 is listed"),
    ],
)
def test_the_end_of_the_list_of_holidays_is_told_before_it_comes(
    tmp_path: Path, now: str, state: str, said: str
) -> None:
    when = datetime.fromisoformat(now).replace(hour=12, tzinfo=UTC)
    (found,) = doctor.calendar(holidays(), when, tmp_path)
    assert (found.state, said in found.says) == (state, True)
    assert state == "fine" or (str(tmp_path / "holidays.txt") in found.mend and "availability" in found.mend)
    (mended,) = doctor.calendar(read_holidays("2027-05-31", "holidays.txt"), when, tmp_path)
    assert (mended.state, "known until 2027-12-31" in mended.says) == ("fine", True)


def test_a_faulty_last_answer_is_told() -> None:
    rows = [{"url": "u", "at": "t", "status": 200}, {"url": "u", "at": "t", "status": 429, "fault": "asks for a pause"}]
    (one,) = doctor.answers(rows)
    assert (one.state, "asks for a pause" in one.says) == ("note", True)


# The lock


@pytest.mark.slow
def test_the_lock_says_who_holds_it(reader: Path) -> None:
    code = (
        "import os, sys\nfrom triage.cli.surroundings import Surroundings\n"
        "with Surroundings(os.environ).lock('fetch', 'busy'):\n    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    environ = {**os.environ, "TRIAGE_HOME": str(reader)}
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        done = triage(reader, "fetch")
        assert done.returncode == 75
        assert f"(process {holder.pid}, since " in done.stderr
    finally:
        holder.communicate(timeout=30)
    assert "another triage fetch" not in triage(reader, "fetch").stderr


def test_a_stale_morning_says_when_the_next_look_is_due(reader: Path, server: ArxivServer) -> None:
    """Whoever asks in between is told when the batch was looked for and when that is worth doing again."""
    with closing(Store(reader / "triage.db")) as store:
        store.add_run(Run(datetime.now(UTC), "stale", None, {"cs.LG": ("stale", "the feed repeats known papers")}))
    listed = triage(reader, "list")
    assert "looked at " in listed.stdout + listed.stderr
    assert "next look from " in listed.stdout + listed.stderr


# -- cron's environment ------------------------------------------------------------------------------------------------


def _mailed(reader: Path, line: str = "") -> None:
    with closing(Store(reader / "triage.db")):
        pass
    with (reader / "config.toml").open("a") as stream:
        stream.write(f'\n[digest]\nto = "ada@example.org"\ntransport = "eml"\n{line}\n')


def test_the_digest_is_tried_in_crons_environment(reader: Path) -> None:
    _mailed(reader)
    (found,) = _findings(triage(reader, "doctor", "--offline", "--json"))["schedule"]
    assert found["state"] == "fine", found
    assert not (reader / "outbox").exists(), "the trial writes nothing"


def test_what_cron_cannot_know_is_named(reader: Path) -> None:
    _mailed(reader)
    (found,) = _findings(triage(reader, "doctor", "--offline", "--json", TRIAGE_SESSION_THEME="light"))["schedule"]
    assert (found["state"], found["mend"]) == ("note", "write the setting into config.toml")
    assert "TRIAGE_SESSION_THEME" in found["says"]


def test_a_password_that_only_the_terminal_knows_is_found(reader: Path) -> None:
    _mailed(reader, '[smtp]\nhost = "mail.example.org"\nuser = "ada"')
    config = reader / "config.toml"
    config.write_text(config.read_text().replace('transport = "eml"', ""))
    done = triage(reader, "doctor", "--offline", "--json", TRIAGE_SMTP_PASSWORD="hunter2hunter2")
    (found,) = _findings(done)["schedule"]
    assert found["state"] == "broken"
    assert "no password" in found["says"]
    assert "hunter2" not in done.stdout + done.stderr


def test_without_a_recipient_nothing_is_said_of_cron(reader: Path) -> None:
    with closing(Store(reader / "triage.db")):
        pass
    assert "schedule" not in _findings(triage(reader, "doctor", "--offline", "--json"))


# The rest of the house


def test_each_of_arxivs_hosts_is_asked_by_itself(reader: Path, server: ArxivServer) -> None:
    """A host that is down hides neither of the others."""
    server.fail("/api", *[Fault(404, b"gone")] * 2)
    network = _findings(triage(reader, "doctor", "--json"))["network"]
    assert [one["state"] for one in network] == ["fine", "broken", "fine"]
    assert "OAI-PMH service answers: arXiv" in network[2]["says"]
    assert "404" in network[1]["says"]


def test_a_full_disk_is_found_before_it_hurts() -> None:
    found = [next(doctor.disk(free, Path("home"))).state for free in (10_000_000, 500_000_000, 5_000_000_000)]
    assert found == ["broken", "note", "fine"]


def test_papers_without_vectors_are_told(make_paper: Any, encoder: Any) -> None:
    with closing(Store()) as store:
        assert next(doctor.vectors(store, encoder)).state == "fine"
        store.add_papers([make_paper()], at=NOW)
        (one,) = doctor.vectors(store, encoder)
        assert (one.state, one.mend) == ("note", "triage fetch embeds them")


def test_a_hook_without_a_program_is_broken() -> None:
    found = list(doctor.hooks({"keep": ("true",), "close": ("absent", "x")}, {"true": "/bin/true"}.get))
    assert [(one.state, "hooks.close" in one.mend) for one in found] == [("fine", False), ("broken", True)]


def test_a_lock_names_its_holder_and_a_dead_one_holds_nothing() -> None:
    found = list(doctor.locks({"fetch": (7, "07:10:00"), "session": (8, "07:11:00")}, {7}.__contains__))
    assert [one.says for one in found] == ["fetch is held by process 7 since 07:10:00"]
    assert [one.state for one in doctor.locks({"session": (8, "07:11:00")}, lambda _: False)] == ["fine"]


@pytest.mark.parametrize(
    ("told", "smtp", "recipients", "state", "says"),
    [
        ({}, {}, [], "fine", "no digest is set up"),
        ({}, {}, ["a@b"], "broken", "no mail server"),
        ({}, {"host": "mail"}, ["a@b"], "fine", "a@b by smtp (mail, starttls)"),
        ({}, {"host": "mail", "password_command": "absent show"}, ["a@b"], "broken", "no program absent"),
        ({}, {"host": "mail", "password_file": Path("/absent")}, ["a@b"], "broken", "no file /absent"),
        ({"transport": "sendmail", "sendmail": "absent"}, {}, ["a@b"], "broken", "no program absent"),
        ({"transport": "sendmail", "sendmail": "there -t"}, {}, ["a@b"], "fine", "by sendmail"),
        ({"transport": "eml", "folder": Path("/out")}, {}, ["a@b"], "fine", "by eml (/out)"),
    ],
)
def test_the_mail_is_looked_at_without_sending_one(
    told: dict[str, Any], smtp: dict[str, Any], recipients: list[str], state: str, says: str
) -> None:
    found = list(doctor.mail(DigestConfig(**told), SmtpConfig(**smtp), recipients, {"there": "/there"}.get))
    assert [one.state for one in found] == [state]
    assert says in found[0].says
    assert (state == "fine") == (not found[0].mend)


def test_a_mail_server_that_does_not_answer_is_broken(reader: Path) -> None:
    with (reader / "config.toml").open("a") as config:
        config.write('\n[digest]\nto = "ada@example.org"\n[smtp]\nhost = "127.0.0.1"\nport = 9\nsecurity = "none"\n')
    mail = _findings(triage(reader, "doctor", "--json"))["mail"]
    assert [one["state"] for one in mail] == ["fine", "broken"]
    assert "[smtp] host" in mail[1]["mend"]
    assert len(_findings(triage(reader, "doctor", "--offline", "--json"))["mail"]) == 1
