"""A real terminal for tests: the program runs on a pty, and pyte keeps its screen."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence

import pyte


class Terminal:
    """`triage`, or another Python program, on a pseudo-terminal of some columns and rows; use it in a `with`."""

    def __init__(
        self,
        *arguments: str,
        environ: Mapping[str, str],
        columns: int = 80,
        rows: int = 24,
        program: Sequence[str] = ("-m", "triage"),
    ) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.raw = b""
        self.status: int | None = None
        self.pid, self._pipe = pty.fork()
        if self.pid == 0:
            told = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8", **environ}
            os.execve(sys.executable, [sys.executable, *program, *arguments], told)
        fcntl.ioctl(self._pipe, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *error: object) -> None:
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self.ended(5)
        os.close(self._pipe)

    @property
    def text(self) -> str:
        """The screen as it stands."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def read(self, seconds: float = 0.05) -> None:
        """Take in what the program draws in the next moment."""
        until = time.monotonic() + seconds
        while (rest := until - time.monotonic()) > 0:
            if not select.select([self._pipe], [], [], rest)[0]:
                return
            try:
                chunk = os.read(self._pipe, 65536)
            except OSError:  # the other end is closed
                return
            self.raw += chunk
            self._stream.feed(chunk)

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._pipe, keys.encode())

    def shows(self, words: str, seconds: float = 20.0) -> str:
        """Wait until the screen holds some words and give it; an assertion with the screen when it never does."""
        self.until(lambda: words in self.text, seconds)
        assert words in self.text, f"{words!r} is not on the screen:\n{self.text}"
        return self.text

    def until(self, true: Callable[[], bool], seconds: float) -> None:
        """Read on until something holds, or time is up."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not true():
            self.read()

    def kill(self, number: int) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def gone(self) -> bool:
        """Whether the program has ended; never waits."""
        if self.status is None:
            found, status = os.waitpid(self.pid, os.WNOHANG)
            if found:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def ended(self, seconds: float = 10.0) -> int:
        """Wait for the end and give the exit code (minus the signal when one killed it)."""
        self.until(self.gone, seconds)
        assert self.status is not None, f"still running:\n{self.text}"
        self.read(0.2)
        return self.status
