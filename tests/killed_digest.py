"""Runs `triage digest --no-fetch` and kills its own process with -9 at the named point; nothing of triage is replaced.

Python's profiler tells of every call and every return; the point is one of them.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Any

POINTS = {
    "before compose": ("call", "triage/digest/compose.py", "compose"),
    "after compose": ("return", "triage/digest/compose.py", "compose"),
    "before connect": ("call", "/smtplib.py", "connect"),
    "after DATA": ("answer", "/smtplib.py", "getreply"),
    "after 250": ("return", "/smtplib.py", "data"),
    "before mark": ("call", "triage/store/outbox.py", "mark_sent"),
}
"""Kind of the event, the end of the file's name, the function; "answer" is the answer to the text itself."""


def main(point: str) -> int:
    kind, file, function = POINTS[point]

    def watch(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if code.co_name != function or not code.co_filename.endswith(file):
            return
        if kind == event or (kind == "answer" and event == "call" and _text_is_sent(frame)):
            if kind == "answer":
                _wait_until_taken(frame)
            os.kill(os.getpid(), signal.SIGKILL)

    from triage.cli import main as triage

    sys.setprofile(watch)
    return triage(["digest", "--no-fetch"])


def _text_is_sent(frame: FrameType) -> bool:
    """Whether smtplib waits for the second answer inside `data`: the one that says that the mail is taken."""
    caller = frame.f_back
    while caller is not None and caller.f_code.co_name == "getreply":
        caller = caller.f_back
    return caller is not None and caller.f_code.co_name == "data" and "q" in caller.f_locals


def _wait_until_taken(frame: FrameType) -> None:
    """Let the server have the whole text before the process dies; its answer is left unread."""
    import select

    select.select([frame.f_locals["self"].sock], [], [], 30)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
