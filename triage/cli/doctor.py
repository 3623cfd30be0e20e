"""`triage doctor`: what is wrong and how to mend it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triage.cli.progress import Report, shown
from triage.cli.surroundings import Surroundings, pass_surroundings, profile_option

if TYPE_CHECKING:
    from triage.doctor import Finding

    Look = Callable[[str, Callable[[], Iterable[Finding]]], list[Finding]]

_OF_THIS_RUN = ("TRIAGE_SMTP_PASSWORD",)
"""Not a setting: where it is the only source of the password, the dry run says that there is none."""

LOOKS = (
    "settings", "calendar", "profiles", "model", "disk", "database", "runs", "schedule", "vectors", "clock", "network",
    "mail", "hooks", "lock", "log",
)  # fmt: skip
"""The parts in the order in which they are looked at."""

ROWS = 200
"""Lines of the run log that are looked at."""


@click.command("doctor")
@click.option("--offline", is_flag=True, help="Ask arXiv nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.option("--log", "log", is_flag=True, help="Also what arXiv answered lately, one JSON object a line.")
@profile_option
@pass_surroundings
def doctor_command(around: Surroundings, offline: bool, as_json: bool, log: bool) -> int:
    """Example: triage doctor --offline

    Look at the settings, the profiles, the models, the disk, the database, the last runs, the vectors, arXiv's three
    hosts and its clock, the mail, the hooks, the locks and the log. Each line says what is wrong and how to mend it.
    Exit code 1 when something is broken.
    """
    with shown() as report:
        findings, rows = _look(around, offline, report)
    broken = any(one.state == "broken" for one in findings)
    if as_json:
        told: dict[str, object] = {"schema": 1, "ok": not broken, "findings": [one.to_json() for one in findings]}
        click.echo(json.dumps(told | ({"answers": rows} if log else {})))
    else:
        for one in findings:
            click.echo(_line(one))
        for row in rows if log else ():
            click.echo(json.dumps(row))
    return 1 if broken else 0


def _line(one: Finding) -> str:
    from triage.text import clean

    mark = {"fine": "ok     ", "note": "note   ", "broken": "BROKEN "}[one.state]
    mend = f"\n{' ' * 18}-> {one.mend}" if one.mend else ""
    return f"{mark}{one.name:<10} {clean(one.says)}{mend}"


def _look(around: Surroundings, offline: bool, report: Report) -> tuple[list[Finding], list[dict[str, Any]]]:
    """All findings, and the newest lines of the run log; broken settings are the only finding that hides the rest."""
    from triage import doctor, fetch

    def look(name: str, check: Callable[[], Iterable[Finding]]) -> list[Finding]:
        report("looking at", "every part", LOOKS.index(name), len(LOOKS))
        return doctor.attempt(name, check)

    os.environ["HF_HUB_OFFLINE"] = "1"  # the doctor looks for the model and loads none
    found = look("settings", lambda: doctor.manners(around.config.arxiv))
    if found[0].name == "settings":
        return found, []
    folders, now = around.config.folders, around.clock.now()
    found += look("calendar", lambda: doctor.calendar(around.holidays, now, folders.config))
    found += look("profiles", lambda: doctor.profiles(around.profile_files(), folders.profiles))
    profiled = all(one.state != "broken" for one in found if one.name == "profiles")
    found += look("model", lambda: doctor.careful(around.encoder)) if profiled else []
    found += look("model", lambda: doctor.fast(around.fast))
    found += look("disk", lambda: doctor.disk(*_free_space(folders.data)))
    if folders.database.exists():
        found += look("database", lambda: doctor.database(around.store))
    else:
        found.append(doctor.Finding("database", "note", f"{folders.database} is not there yet", "triage fetch"))
    if found[-1].state == "fine":
        found += look("runs", lambda: doctor.runs(around.store, _categories(around), now, _free(around)))
        found += look("schedule", lambda: _scheduled(around)) if profiled else []
        found += look("vectors", lambda: doctor.vectors(around.store, around.fast))
        found += look("clock", lambda: doctor.clock(around.store.offset_s())) if offline else []
    if not offline:
        found += look("network", lambda: doctor.network(around.wire(30.0), _categories(around)))
    found += _mail(around, offline, look)
    found += look("hooks", lambda: doctor.hooks(around.config.hooks, shutil.which))
    found += look("lock", lambda: doctor.locks(_holders(folders.state), _alive))
    rows = fetch.read_journal(folders.state, ROWS)
    found += look("log", lambda: doctor.answers(rows))
    report("looking at", "every part", len(LOOKS), len(LOOKS))
    return found, rows


def _scheduled(around: Surroundings) -> Iterator[Finding]:
    """Whether cron could mail the digest, where there is anybody to mail it to."""
    from getpass import getuser

    from triage import doctor, schedule
    from triage.cli.schedule import digest_job

    if os.name == "posix" and (around.config.digest.to or any(one.to for one in around.profiles)):
        job = digest_job(around, None, "--dry-run")
        known = {*job.environment, *_OF_THIS_RUN}
        unseen = sorted(name for name in around.environ if name.startswith("TRIAGE_") and name not in known)
        environment = schedule.cron_environment(str(Path.home()), getuser())
        yield from doctor.scheduled(schedule.shell_line(job), environment, unseen)


def _free_space(folder: Path) -> tuple[int, Path]:
    """Bytes that are free where the database is, or will be."""
    there = next(one for one in (folder, *folder.parents) if one.exists())
    return shutil.disk_usage(there).free, folder


def _mail(around: Surroundings, offline: bool, look: Look) -> list[Finding]:
    """The set-up of the mail, and online whether its server answers."""
    from triage import doctor
    from triage.digest.connection import connect
    from triage.errors import TriageError

    told, smtp = around.config.digest, around.config.smtp
    try:
        own = [profile.to for profile in around.profiles if profile.to]
    except TriageError:
        own = []  # a broken profile is a finding already
    recipients = list(dict.fromkeys([*filter(None, [told.to]), *own]))
    found = look("mail", lambda: doctor.mail(told, smtp, recipients, shutil.which))
    if offline or not recipients or told.transport != "smtp" or found[0].state != "fine":
        return found
    server = look("mail", lambda: doctor.mail_server(lambda: connect(smtp, 10.0, 20.0, None), smtp.host))
    return [*found, *server]


def _holders(folder: Path) -> dict[str, tuple[int, str]]:
    """Who wrote down that it holds a lock: process and moment, by the lock's name."""
    found = {}
    for card in sorted(folder.glob("*.holder")):
        try:
            process, since = card.read_text(encoding="utf-8").split()
            found[card.stem] = int(process), f"{datetime.fromisoformat(since).astimezone():%H:%M:%S}"
        except (OSError, ValueError):
            continue
    return found


def _alive(process: int) -> bool:
    if os.name != "posix":
        return True  # elsewhere the question itself would end it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is somebody else's
    return True


def _free(around: Surroundings) -> frozenset[Any]:
    """The holidays; the bundled ones where the reader's own list is broken, which is a finding of its own."""
    from triage import fetch
    from triage.errors import ConfigFault

    try:
        return around.holidays
    except ConfigFault:
        return fetch.holidays()


def _categories(around: Surroundings) -> list[str]:
    """The categories of all profiles that share the coffee; none where a profile is broken, which is found already."""
    from triage.errors import TriageError

    try:
        return list(dict.fromkeys(name for profile in around.profiles for name in profile.categories))
    except TriageError:
        return []
