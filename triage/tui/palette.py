"""The command palette, for keys that come faster than it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from textual import on
from textual.await_complete import AwaitComplete
from textual.command import CommandPalette
from textual.widgets import Input, OptionList
from textual.worker import WorkerCancelled

if TYPE_CHECKING:
    from textual import events


class Palette(CommandPalette):
    """Textual's palette, which counts on being there before a key comes, and on one Enter long after the words."""

    def on_mount(self, event: events.Mount) -> None:
        """Look for no commands where the palette has gone before it was there."""
        if not self.is_active:
            event.prevent_default()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Obey no key before it is there."""
        return self.is_mounted and super().check_action(action, parameters)

    @on(Input.Submitted)
    async def find_first(self, event: Input.Submitted) -> None:
        """Let Enter wait for the commands of the words that stand there: those of fewer words may still be shown."""
        for worker in [one for one in self.workers if one.node is self and not one.is_finished]:
            with suppress(WorkerCancelled):
                await worker.wait()
        self._once(event)

    @on(OptionList.OptionSelected)
    def take_one(self, event: OptionList.OptionSelected) -> None:
        """Run one command, however often Enter was pressed."""
        self._once(event)

    def _once(self, event: Input.Submitted | OptionList.OptionSelected) -> None:
        if not self.is_active:
            event.prevent_default().stop()

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Go away once: what lies below would be taken away too."""
        return super().dismiss(result) if self.is_active else AwaitComplete()
