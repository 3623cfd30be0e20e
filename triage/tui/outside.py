"""Programs that take the terminal over for a while: the coffee goes on, and the screen comes back after them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from textual import work
from textual.app import SuspendNotSupported

from triage.tui.timekeeping import Timekeeping


class Outside(Timekeeping):
    """The part that runs them. They are awaited, never waited for, so that the clock is read all the while."""

    def _run_outside(self, command: Sequence[str], then: Callable[[], None] | None = None, *, called: str = "") -> None:
        """Give the terminal to a command; nothing is drawn until it ends, and it is never killed.

        What is typed from now on is no key of the session. `called` is the command's name where its words would tell
        the reader nothing.
        """
        self.away = True
        self._await_outside(command, then, called)

    @work(group="outside", exit_on_error=False)
    async def _await_outside(self, command: Sequence[str], then: Callable[[], None] | None, called: str) -> None:
        try:
            with self.batch_update(), self.suspend():
                program = await asyncio.create_subprocess_exec(*command)
                code = await program.wait()
            self._say("said", "" if code == 0 else f"{called or command[0]} ended with {code}")
        except (OSError, SuspendNotSupported) as error:
            self._say("said", f"{command[0]}: {error}; check the setting")
        finally:
            self.away = False
            self._last_input = self._session.monotonic()
        if then:
            then()
