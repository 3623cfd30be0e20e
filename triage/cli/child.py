"""The refresh beside a session: a process of its own, without a terminal, that finishes after the session closes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from triage.fetch.calendar import LOOK_AGAIN

if TYPE_CHECKING:
    from triage.tui import Progress

ASK_S = 15.0
"""How often it is asked whether another look is due, in seconds."""


class Refresh(Protocol):
    """One refresh that was started."""

    def progress(self) -> Progress:
        """How far it is; never waits."""
        ...


class Looks:
    """All refreshes of one session: one at once where something is due, and another look whenever one is due again.

    Two of them begin at least `LOOK_AGAIN` apart, however the first one ended; a look that is not due, because the
    batch has come, is not taken.

    Args:
        start: begins a refresh.
        due: whether there is anything to look for.
        monotonic: seconds that only go forward.
    """

    def __init__(self, start: Callable[[], Refresh], due: Callable[[], bool], monotonic: Callable[[], float]) -> None:
        self._start, self._due, self._monotonic = start, due, monotonic
        self._present: Refresh | None = None
        self._begun = self._asked = float("-inf")
        self.running = False
        self._look()

    def progress(self) -> Progress:
        """How far the present look is, or how the last one ended; never waits."""
        from triage.tui import Progress

        if not self.running:
            self._look()
        if self._present is None:
            return Progress("", "done")
        told = self._present.progress()
        self.running = told.state == "running"
        return told

    def _look(self) -> None:
        """Begin another look when it is time and there is something to look for."""
        now = self._monotonic()
        if now - self._asked < ASK_S or now - self._begun < LOOK_AGAIN.total_seconds():
            return
        self._asked = now
        if self._due():
            self._present, self._begun, self.running = self._start(), now, True


class Child:
    """`triage fetch` as a child: its steps come as JSON lines on a pipe, its complaints go to the log.

    `-P` keeps the folder the reader happens to be in off the import path, as it is for the command itself. `ahead` is
    how many seconds its clock is before this machine's.
    """

    def __init__(self, log: Path, environ: Mapping[str, str], profile: str | None, *, ahead: float = 0.0) -> None:
        self._log = log
        self._written = log.stat().st_size if log.exists() else 0
        told = [*(["--profile", profile] if profile else []), *([f"--ahead={ahead}"] if ahead else [])]
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "triage", "fetch", "--progress-json", *told],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stream,
                env=dict(environ),
                start_new_session=True,
            )
        assert self._process.stdout is not None
        self._pipe = self._process.stdout
        os.set_blocking(self._pipe.fileno(), False)
        self._rest, self._line = b"", "starting"
        self._step, self._listed = "", False

    def progress(self) -> Progress:
        """How far it is; never waits."""
        from triage.tui import Progress

        code = self._process.poll()
        if code is None:
            self._read()
            return Progress(self._line, "running", self._listed)
        self._pipe.close()
        if code == 0:
            return Progress("", "done")
        return Progress(self._complaint() or f"the refresh ended with {code}: triage fetch tells more", "failed")

    def end(self) -> None:
        """End it at once, and wait until it has gone; what it had done is stored."""
        self._process.kill()
        self._process.wait()

    def _read(self) -> None:
        try:
            while chunk := os.read(self._pipe.fileno(), 65536):
                *lines, self._rest = (self._rest + chunk).split(b"\n")
                for line in lines:
                    self._hear(line)
        except BlockingIOError:
            return

    def _hear(self, line: bytes) -> None:
        """Take in one step; what comes after a ranking has a list before it."""
        step, told = _told(line)
        if told:
            self._listed |= self._step == "ranking" and step != "ranking"
            self._step, self._line = step, told

    def _complaint(self) -> str:
        """The last line the child wrote to the log."""
        with self._log.open("rb") as stream:
            stream.seek(self._written)
            lines = stream.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1].removeprefix("triage: ") if lines else ""


def _told(line: bytes) -> tuple[str, str]:
    """One step, and the same as a line for the footer; both empty for anything else that a library may print."""
    try:
        row = json.loads(line)
        done = f"{row['done']}/{row['total']}" if row["total"] else ""
        return str(row["step"]), f"{row['step']} {row['what']} {done}".rstrip()
    except (ValueError, TypeError, KeyError):
        return "", ""
