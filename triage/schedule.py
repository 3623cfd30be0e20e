"""Ready lines for cron, systemd and launchd: the digest each morning, with the reader's own paths."""

from __future__ import annotations

import hashlib
import plistlib
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path

from triage.errors import InvalidInput, UsageFault
from triage.fetch.calendar import EASTERN

BEFORE, AFTER = timedelta(minutes=30), timedelta(minutes=60)
"""No run starts so shortly before or after midnight Eastern, when arXiv rebuilds its feed and everybody asks for it."""

FIRST = time(7)
"""The hour of the first run, where the reader names none; at a minute that differs from reader to reader."""

LATER = timedelta(hours=3)
"""The second run: silent when the first one ended well, and there when the batch was late or a server was down."""

DELAY = timedelta(minutes=15)
"""systemd starts the run at a random moment within so long."""

_NAME = "triage-digest"
_LABEL = "org.triage.digest"
_BARE = {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}
"""What cron gives to a job beside HOME and LOGNAME (crontab(5))."""


@dataclass(frozen=True, slots=True)
class Job:
    """What the scheduler runs: an absolute command, what its environment must hold, and when, in local time."""

    command: tuple[str, ...]
    times: tuple[time, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    log: Path = Path("/dev/null")

    def __post_init__(self) -> None:
        for text in (*self.command, *self.environment.values(), str(self.log)):
            if not text.isprintable():
                raise InvalidInput(f"{text!r} cannot stand in a scheduler's line; move it to a path without such signs")


def cron(job: Job) -> str:
    """Two lines of a crontab: what they are, and the job. A percent sign would end cron's command, so it is escaped."""
    hours = ",".join(str(when.hour) for when in job.times)
    return (
        "# triage: the morning mail; silent when all is well. Add it with: crontab -e\n"
        f"{job.times[0].minute} {hours} * * *  {shell_line(job).replace('%', chr(92) + '%')}\n"
    )


def shell_line(job: Job) -> str:
    """The job as cron hands it to /bin/sh."""
    given = [f"{name}={shlex.quote(value)}" for name, value in job.environment.items()]
    return " ".join([*given, shlex.join(job.command)])


def systemd(job: Job) -> str:
    """A service and a timer for the reader's own systemd; a run that was slept through is caught up."""
    given = "".join(f"Environment={_unit_word(f'{name}={value}')}\n" for name, value in job.environment.items())
    command = " ".join(_unit_word(word.replace("$", "$$")) for word in job.command)
    times = "".join(f"OnCalendar=*-*-* {when:%H:%M}:00\n" for when in job.times)
    return (
        f"# ~/.config/systemd/user/{_NAME}.service\n[Unit]\nDescription=triage: the morning mail\n\n"
        f"[Service]\nType=oneshot\n{given}ExecStart={command}\nNice=10\n"
        f"TimeoutStartSec=30min\n\n"
        f"# ~/.config/systemd/user/{_NAME}.timer\n[Unit]\nDescription=triage: the morning mail\n\n"
        f"[Timer]\n{times}Persistent=true\nRandomizedDelaySec={DELAY.seconds}\n\n[Install]\nWantedBy=timers.target\n\n"
        f"# then: systemctl --user daemon-reload && systemctl --user enable --now {_NAME}.timer\n"
    )


def launchd(job: Job) -> str:
    """A property list for macOS, which also runs what was slept through; its complaints go to the log."""
    listed = plistlib.dumps(
        {
            "Label": _LABEL,
            "ProgramArguments": list(job.command),
            "EnvironmentVariables": dict(job.environment),
            "StartCalendarInterval": [{"Hour": when.hour, "Minute": when.minute} for when in job.times],
            "StandardErrorPath": str(job.log),
            "ProcessType": "Background",
        },
        sort_keys=False,
    ).decode()
    head, rest = listed.split("\n", 1)
    return f"{head}\n<!-- ~/Library/LaunchAgents/{_LABEL}.plist, then: launchctl load that file -->\n{rest}"


FORMS: dict[str, Callable[[Job], str]] = {"cron": cron, "systemd": systemd, "launchd": launchd}
"""The schedulers by name."""


def cron_environment(home: str, user: str) -> dict[str, str]:
    """All that a job of cron finds in its environment."""
    return {"HOME": home, "LOGNAME": user, **_BARE}


def times(seed: str, now: datetime, local: Callable[[datetime], datetime], at: time | None = None) -> tuple[time, ...]:
    """When to run: at `at`, or in the morning, and once more three hours later; never at midnight Eastern.

    `seed` (such as a path) spreads the readers over the hour. `local` turns an aware moment into the reader's own
    time, so that daylight saving on either side is met.

    Raises:
        UsageFault: `at` is too near to midnight Eastern.
    """
    closed = _midnights(now, local)
    if at is not None and not _free(at, closed):
        told = " or ".join(f"{when:%H:%M}" for when in sorted(closed))
        raise UsageFault(f"--at {at:%H:%M}: arXiv's feed is rebuilt at {told} your time; choose a time an hour later")
    minute = 5 + int(hashlib.sha256(seed.encode("utf-8", "replace")).hexdigest(), 16) % 50
    first = at or _next_free(FIRST.replace(minute=minute), closed)
    return tuple(sorted((first, _next_free(_moved(first, LATER), closed))))


def _midnights(now: datetime, local: Callable[[datetime], datetime]) -> set[time]:
    """The local times at which midnight Eastern falls in the coming year."""
    first = now.astimezone(EASTERN).date()
    days = (first + timedelta(days=number) for number in range(366))
    return {local(datetime.combine(day, time(), EASTERN)).time().replace(second=0, microsecond=0) for day in days}


def _next_free(when: time, closed: set[time]) -> time:
    """The time itself, or the first whole hour after it that is far enough from every midnight."""
    return next(moved for hours in range(24) if _free(moved := _moved(when, timedelta(hours=hours)), closed))


def _free(when: time, closed: set[time]) -> bool:
    """Whether a run, or systemd's delay of it, would not meet the rebuilding of the feed."""
    day = timedelta(days=1)
    since = [(_minutes(when) - _minutes(shut)) % day for shut in closed]
    return all(AFTER <= ago <= day - BEFORE for ago in since)


def _minutes(when: time) -> timedelta:
    return timedelta(hours=when.hour, minutes=when.minute)


def _moved(when: time, by: timedelta) -> time:
    return (datetime.combine(datetime.min, when) + by).time()


def _unit_word(text: str) -> str:
    """A word of a unit file: without systemd's specifiers, and quoted where it holds a blank or a quotation mark."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return escaped if text and set(text).isdisjoint(" '\";") else f'"{escaped}"'
