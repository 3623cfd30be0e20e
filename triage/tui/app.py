"""`CoffeeApp`: shows the list, takes verdicts, watches the clock, and closes when the coffee is finished."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import App, SystemCommand
from textual.theme import BUILTIN_THEMES

from triage.tui import keys, stages
from triage.tui.background import Background
from triage.tui.breaks import Breaks
from triage.tui.exploring import Exploring
from triage.tui.linking import Linking
from triage.tui.palette import Palette
from triage.tui.screens import ALWAYS, Welcome
from triage.tui.session import Outcome
from triage.tui.themes import THEMES
from triage.tui.writing import Writing

if TYPE_CHECKING:
    from textual.binding import BindingType
    from textual.screen import Screen

    from triage.tui.session import Session

_NAMES = frozenset(binding.id for binding in keys.BINDINGS)


class CoffeeApp(Background, Exploring, Linking, Breaks, Writing, inherit_bindings=False):
    """One coffee. `run()` returns the `Outcome`; `return_code` is 130 after Ctrl+C, otherwise what `finish` got."""

    CSS_PATH = "tui.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.BINDINGS]
    AUTO_FOCUS = None
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (40, "-narrow"), (60, "-stacked"), (100, "-wide")]  # noqa: RUF012 (theirs is no ClassVar)
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (12, "-low"), (16, "-high")]  # noqa: RUF012

    def __init__(self, session: Session, *, tick_s: float = 0.5) -> None:
        """Take the session; `tick_s` is how often the clock is read (real seconds; the clock itself is handed in)."""
        super().__init__(session)
        self._tick_s = tick_s
        self.set_keymap(self.keys.keymap)
        self._dress(session)

    def _dress(self, session: Session) -> None:
        """Offer our two themes and no others: their contrast is computed. Nothing is animated (tmux, ssh)."""
        for theme in THEMES.values():
            self.register_theme(theme)
        self.set_reactive(App.theme, THEMES[session.theme].name)
        for name in BUILTIN_THEMES:
            self.unregister_theme(name)
        self.stylesheet.set_variables(self.get_css_variables())
        self.animation_level = "none"
        self.title = "triage"
        self.set_class(session.ascii, "-ascii")

    def get_default_screen(self) -> Screen[None]:
        """The morning is the first screen, and it is filled already: nothing is drawn and thrown away."""
        self._open_first()
        return self._morning

    def on_morning_ready(self) -> None:
        """Begin to read the clock."""
        self.set_interval(self._tick_s, self.tick)
        if self._stage is stages.LIST:
            self._remember()
            self._begin_list()
        if self._session.first:
            self.push_screen(Welcome(self.keys, self._glyphs))

    def tick(self) -> None:
        """Read the clock once and do what it says; the only place where time has an effect."""
        if self._finished:
            return
        now = self._session.monotonic()
        self._pay()
        self._look()
        if self.away:
            return
        if self._overslept():
            self.finish(Outcome.ASLEEP)
            return
        self._save_writing()
        self._listen(now)
        self._end_breaks(now)
        if self._stage is stages.WAITING and now - self._opened >= stages.WAIT_S:
            self._open_note()
        if self._stage is stages.LIST and self._session.countdown.started and self._session.countdown.over:
            self._run_out()
        self._warn()
        self._keep_time()
        if (idle_s := now - self._last_input) >= self._stage.patience_s:
            self.finish(self._stage.outcome, idle_s=idle_s)

    async def on_event(self, event: events.Event) -> None:
        """Note every sign of life before it takes effect; what was said last is read by then."""
        if isinstance(event, events.InputEvent) and not event.is_forwarded:
            self._last_input = self._session.monotonic()
            self._dwell.touch()
            if isinstance(event, events.Key):
                self._say("said", self._next_said)
                self._next_said = ""
                if self._typed_on(event) or await self._obey(event):
                    return
        elif isinstance(event, events.AppBlur):
            self._dwell.blur()
        elif isinstance(event, events.AppFocus):
            self._dwell.focus()
        await super().on_event(event)

    async def _obey(self, event: events.Key) -> bool:
        """Obey a key at once, so that the next one finds what it has changed; False where words are being written.

        Textual hands every key round the widgets first, and those that come fast have all set out before the first of
        them is back: letters typed behind the key of the search would be keys of the list.
        """
        self.app_focus = True  # some terminals tell only when they lose it; a line gets its keys back
        if self.focused is not None or isinstance(self.screen, Palette):  # which does not list the keys of the app
            return False
        if bound := self.screen.active_bindings.get(event.key):
            await self.run_action(bound.binding.action, bound.node)
        elif isinstance(self.screen, Welcome):
            self.pop_screen()
        return True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let each screen say which keys mean something on it; after the end, or beside another program, none does."""
        if action not in _NAMES:
            return True
        if self._finished or self.away:
            return False
        return action in ALWAYS or action in getattr(self.screen, "actions", ())

    def action_command_palette(self) -> None:
        """Open the palette."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every action of the table in the palette, and the two themes."""
        for binding in keys.BINDINGS:
            if binding.id != "command_palette" and binding.id in getattr(screen, "actions", ()):
                run = partial(self.run_action, binding.action)
                label = binding.description
                yield SystemCommand(label[:1].upper() + label[1:], binding.tooltip, run)
        yield SystemCommand("Light or dark", "the other one of the two themes", self._change_theme)

    def _change_theme(self) -> None:
        self.theme = THEMES["light" if self.current_theme.dark else "dark"].name
