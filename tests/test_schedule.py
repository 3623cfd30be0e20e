"""The scheduler's lines: whole where paths are strange, away from midnight Eastern, and what a shell runs from them."""

from __future__ import annotations

import configparser
import plistlib
import shlex
import subprocess
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_cli import run, told

from triage.errors import InvalidInput, UsageFault
from triage.fetch.calendar import EASTERN
from triage.schedule import AFTER, BEFORE, DELAY, Job, cron, launchd, shell_line, systemd, times

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
MORNING = (time(7, 13), time(10, 13))
STRANGE = "/home/ada/a b/100% $HOME \"two\" 'one'\\;#"


def job(path: str = STRANGE) -> Job:
    return Job((path, "digest"), MORNING, {"TRIAGE_HOME": path}, Path(path))


def chosen(seed: str, zone: str, at: time | None = None) -> tuple[time, ...]:
    return times(seed, NOW, lambda moment: moment.astimezone(ZoneInfo(zone)), at)


@given(st.text(max_size=20), st.sampled_from(sorted(available_timezones() - {"Factory"})))
def test_no_run_meets_midnight_eastern(seed: str, zone: str) -> None:
    """In any zone, on any day of the year, systemd's delay included."""
    here, runs = ZoneInfo(zone), chosen(seed, zone)
    for month in range(1, 13):
        for when in runs:
            started = datetime.combine(datetime(2027, month, 15), when, here)
            midnight = datetime.combine(started.astimezone(EASTERN) + timedelta(hours=12), time(), EASTERN)
            away = started.astimezone(UTC) - midnight.astimezone(UTC)
            assert not -BEFORE < away < AFTER, (when, month)
            assert DELAY < BEFORE


def test_readers_are_spread_over_the_hour_and_each_keeps_its_minute() -> None:
    first = [chosen(f"/home/{number}/triage.db", "Europe/Berlin")[0] for number in range(40)]
    assert len(set(first)) > 15
    assert {when.hour for when in first} == {7}
    assert first[0] == chosen("/home/0/triage.db", "Europe/Berlin")[0]
    assert [when.hour for when in chosen("x", "Europe/Berlin")] == [7, 10]


@pytest.mark.parametrize(("zone", "at"), [("Europe/Berlin", time(6, 10)), ("America/New_York", time(23, 45))])
def test_a_time_at_midnight_eastern_is_refused(zone: str, at: time) -> None:
    with pytest.raises(UsageFault, match="an hour later"):
        chosen("x", zone, at)


def test_a_named_time_is_kept() -> None:
    assert chosen("x", "Europe/Berlin", time(8, 30)) == (time(8, 30), time(11, 30))


def test_cron_keeps_strange_paths(tmp_path: Path) -> None:
    """What a shell makes of the line, after cron took its backslashes off the percent signs."""
    comment, line, end = cron(job()).split("\n")
    assert comment.startswith("# ")
    assert end == ""
    assert line.startswith("13 7,10 * * *  ")
    command = line.removeprefix("13 7,10 * * *  ")
    assert "%" not in command.replace("\\%", "")
    assert shlex.split(command.replace("\\%", "%")) == [f"TRIAGE_HOME={STRANGE}", STRANGE, "digest"]
    program = tmp_path / "a b%" / "$x"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$TRIAGE_HOME|$1" > "{tmp_path}/told"\n')
    program.chmod(0o755)
    subprocess.run(["/bin/sh", "-c", shell_line(job(str(program)))], check=True)
    assert (tmp_path / "told").read_text() == f"{program}|digest\n"


def test_systemd_catches_up_and_waits_a_random_moment() -> None:
    service, timer = systemd(job("/opt/triage")).split("# ~/.config/systemd/user/triage-digest.timer\n")
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read_string(service)
    assert read["Service"]["ExecStart"] == "/opt/triage digest"
    assert read["Service"]["Environment"] == "TRIAGE_HOME=/opt/triage"
    assert timer.count("OnCalendar=") == 2
    for line in ("OnCalendar=*-*-* 07:13:00", "Persistent=true", "RandomizedDelaySec=900", "WantedBy=timers.target"):
        assert line in timer.splitlines()
    assert 'ExecStart="/home/ada/a b/100%% $$HOME \\"two\\" \'one\'\\\\;#" digest' in systemd(job()).splitlines()


def test_launchd_reads_its_list() -> None:
    listed = plistlib.loads(launchd(job()).encode())
    assert listed["ProgramArguments"] == [STRANGE, "digest"]
    assert listed["EnvironmentVariables"] == {"TRIAGE_HOME": STRANGE}
    assert listed["StartCalendarInterval"] == [{"Hour": 7, "Minute": 13}, {"Hour": 10, "Minute": 13}]


@pytest.mark.parametrize("path", ["/home/a\nb", "/home/\x1b[31m", "/home/\x00"])
def test_a_path_that_would_break_the_line_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput, match="cannot stand"):
        job(path)


@pytest.mark.parametrize("form", ["cron", "systemd", "launchd"])
def test_the_command_prints_the_readers_own_paths(tmp_path: Path, form: str) -> None:
    home = tmp_path / "my home"
    done = run(
        home,
        "schedule",
        "print",
        form,
        "--at",
        "09:20",
        TZ="Europe/Berlin",
        TRIAGE_SMTP_PASSWORD="secret",
        PYTHONPATH="/here",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert str(home) in done.stdout
    assert "/here" in done.stdout, "what decides which program is meant"
    assert "secret" not in done.stdout
    assert not home.exists(), "printing makes nothing"


def test_the_command_refuses_midnight_eastern(tmp_path: Path) -> None:
    assert "05:00 or 06:00" in told(run(tmp_path, "schedule", "print", "cron", "--at", "06:10", TZ="Europe/Berlin"), 2)
