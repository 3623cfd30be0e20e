"""`triage schedule`: ready lines for the scheduler, with the reader's own paths."""

from __future__ import annotations

import sys
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.surroundings import Surroundings, pass_surroundings, profile_option

if TYPE_CHECKING:
    from triage.schedule import Job

_CARRIED = ("TRIAGE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "PYTHONPATH")
"""What decides which files and which program are meant; a scheduler knows none of it by itself."""


@click.group("schedule")
@profile_option
def schedule_command() -> None:
    """Example: triage schedule print cron

    The lines that make a scheduler run triage digest each morning.
    """


@schedule_command.command("print")
@click.argument("form", metavar="cron|systemd|launchd", type=click.Choice(["cron", "systemd", "launchd"]))
@click.option("--at", type=click.DateTime(["%H:%M"]), metavar="HH:MM", help="When, in your own time.")
@profile_option
@pass_surroundings
def print_command(around: Surroundings, form: str, at: datetime | None) -> None:
    """Example: triage schedule print systemd --at 06:45

    Print what makes cron, systemd or launchd run the digest each morning and, in case it failed, three hours later.
    One line in cron is enough: the digest fetches by itself, and says nothing when all is well.
    """
    from triage.schedule import FORMS

    click.echo(FORMS[form](digest_job(around, at.time() if at else None)), nl=False)


def digest_job(around: Surroundings, at: time | None = None, *flags: str) -> Job:
    """The digest as a scheduler is to run it."""
    from triage.schedule import Job, times

    folders = around.config.folders
    when = times(str(folders.database), around.clock.now(), lambda moment: moment.astimezone(), at)
    given = {name: around.environ[name] for name in _CARRIED if around.environ.get(name)}
    profile = ("--profile", _absolute(around.profile)) if around.profile else ()
    return Job((*program(), "digest", *profile, *flags), when, given, folders.log)


def _absolute(profile: str) -> str:
    """A profile's name, or its file as a scheduler finds it from any folder."""
    path = Path(profile).expanduser()
    return str(path.absolute()) if path.is_file() else profile


def program() -> tuple[str, ...]:
    """How triage is started by a program that knows no PATH: the command beside this Python, or this Python itself."""
    beside = Path(sys.executable).with_name("triage")
    return (str(beside),) if beside.is_file() else (sys.executable, "-P", "-m", "triage")
