"""The reader's own hooks from the commands and from the session; `python -m triage.cli.hooks` waits in its stead."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import TYPE_CHECKING

from triage.errors import TriageError

if TYPE_CHECKING:
    from datetime import date

    from triage.cli.surroundings import Surroundings
    from triage.paper import Verdict


def after_verdict(around: Surroundings, verdict: Verdict, *, wait: bool) -> str:
    """Run the hook of a verdict that was committed; a line on what went wrong, "" when nothing did.

    With `wait` the command is waited for, ten seconds at most; without, it runs in a process of its own.
    """
    from triage import hooks

    command = around.config.hooks.get(verdict.kind)
    paper = around.store.paper(verdict.paper_id) if command else None
    if not command or paper is None:
        return ""
    told = hooks.told_verdict(verdict, paper)
    return hooks.run(command, told) if wait else _start(around, command, told)


def after_coffee(around: Surroundings, day: date) -> str:
    """Start the hook of a coffee that has closed; see `after_verdict`."""
    from triage import hooks

    command, coffee = around.config.hooks.get("close"), around.store.coffee(day)
    if not command or coffee is None:
        return ""
    told = hooks.told_coffee(coffee, around.store.shown_on(day), around.store.standing(day))
    return _start(around, command, told)


def _start(around: Surroundings, command: tuple[str, ...], told: Mapping[str, object]) -> str:
    """Leave the command to a process that outlives this one and writes what goes wrong to the log.

    What it is told lies in a file without a name: a pipe could fill up, and the session would wait.
    """
    quiet = subprocess.DEVNULL
    try:
        with tempfile.TemporaryFile() as given, around.log.open("ab") as stream:
            given.write(json.dumps({"command": command, "told": told}).encode())
            given.seek(0)
            words = [sys.executable, "-P", "-m", "triage.cli.hooks"]
            left = subprocess.Popen(words, stdin=given, stdout=quiet, stderr=stream, start_new_session=True)
        left.returncode = 0  # nobody will ask: without this Python complains of a process that still runs
    except (OSError, TriageError) as error:
        return f"the hook could not be started ({error})"
    return ""


def main() -> None:
    """Run the command that standard input names, and say on standard error what went wrong."""
    from triage import hooks

    given = json.load(sys.stdin.buffer)
    event = given["told"]["event"]
    if wrong := hooks.run(given["command"], given["told"]):
        print(f"triage: hook {event}: {wrong}", file=sys.stderr)  # noqa: T201 (no command line here)


if __name__ == "__main__":
    main()
