"""Links from the session: to the reader's own browser, to the system's where there is a display, or to a file."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from triage.errors import CannotWrite

TERMINAL_BROWSERS = frozenset(("browsh", "carbonyl", "cha", "elinks", "links", "links2", "lynx", "w3m", "www-browser"))
"""Browsers that draw in the terminal itself: the session makes room for them."""


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


def terminal_browser(command: str) -> Callable[[str], Sequence[str] | None]:
    """Give a function from a link to the words of `command`, where that is a browser in the terminal; else None."""

    def words(link: str) -> Sequence[str] | None:
        parts = _words(command, link) if command else []
        return parts if parts and Path(parts[0]).name in TERMINAL_BROWSERS else None

    return words


def keep_copy(folder: Path, text: str) -> str:
    """Write what was copied to a file as well, for a terminal without a clipboard; gives the file.

    Raises:
        CannotWrite: the file cannot be written.
    """
    path = folder / "clipboard.txt"
    try:
        path.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise CannotWrite(f"{path}: cannot be written ({error.strerror}); check its rights") from error
    return str(path)


def _words(command: str, link: str) -> list[str]:
    """The words of a command with the link in the place of `%u`; none where its quotes do not close."""
    try:
        parts = shlex.split(command)
    except ValueError:
        return []
    return [part.replace("%u", link) for part in parts] if "%u" in command else [*parts, link]


def _run(command: str, link: str) -> bool:
    words = _words(command, link)
    if not words:
        return False
    try:
        quiet = subprocess.DEVNULL
        left = subprocess.Popen(words, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
        left.returncode = 0  # nobody will ask: without this Python complains of a process that still runs
    except OSError:
        return False
    return True
