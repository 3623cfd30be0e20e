"""Where the reader writes: each key takes effect in its turn, however fast they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Input

if TYPE_CHECKING:
    from textual import events
    from textual.widget import Widget
else:
    Widget = object  # a second parent that is a widget would hide the style of the first


class InTurn(Widget):
    """Does at once what Textual lets the app do a moment later, when letters typed behind the key are there already.

    So Backspace takes the letter before it, and nothing that is typed behind Enter or Esc gets into the words.
    """

    async def on_key(self, event: events.Key) -> None:
        """Obey a key that is no letter; take none once the words are put away."""
        event.stop()
        if self._put_away:
            event.prevent_default()
        elif not event.is_printable and (bound := self.screen.active_bindings.get(event.key)):
            event.prevent_default()
            await self.app.run_action(bound.binding.action, bound.node)

    def on_paste(self, event: events.Paste) -> None:
        """Take nothing once the words are put away."""
        if self._put_away:
            event.prevent_default().stop()

    @property
    def _put_away(self) -> bool:
        return self.screen.focused is not self or not self.screen.is_active


class Line(InTurn, Input):
    """One line. Enter puts it away."""

    async def action_submit(self) -> None:
        """Hand the line over as it stands."""
        await super().action_submit()
        self.screen.set_focus(None)
