"""Opening a link: the reader's own command, or the system's browser where there is a display."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping


def opener(command: str, environ: Mapping[str, str]) -> Callable[[str], bool]:
    """Give a function that opens a link and says whether it could.

    `command` is run without a shell, `%u` stands for the link (it is added at the end when absent). Without a command
    the system's browser is used, but never a text browser, which would draw over the session.
    """

    def open_link(link: str) -> bool:
        if command:
            return _run(command, link)
        if sys.platform.startswith("linux") and not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
            return False
        import webbrowser

        try:
            return webbrowser.open(link)
        except webbrowser.Error:
            return False

    return open_link


def _run(command: str, link: str) -> bool:
    try:
        parts = shlex.split(command)
        words = [part.replace("%u", link) for part in parts] if "%u" in command else [*parts, link]
        quiet = subprocess.DEVNULL
        subprocess.Popen(words, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    except (OSError, ValueError):
        return False
    return True
