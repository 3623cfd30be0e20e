"""`CoffeeApp`: shows the list, takes verdicts, watches the clock, and closes when the coffee is finished."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import App, SystemCommand
from textual.theme import BUILTIN_THEMES

from triage.errors import TriageError
from triage.paper import ScoredPaper, Verdict, VerdictKind
from triage.text import clean
from triage.tui import keys, phrases, stages
from triage.tui.desk import Desk
from triage.tui.glyphs import ASCII, UNICODE
from triage.tui.newer import Newer, difference
from triage.tui.screens import ALWAYS, Card, Help, Morning, Sheet, Why
from triage.tui.session import Outcome, Session
from triage.tui.themes import THEMES
from triage.tui.widgets import LOW, PaperList

if TYPE_CHECKING:
    from textual.binding import BindingType
    from textual.screen import Screen

    from triage.budget import Shortlist

_SPOKEN = ("said", "offer", "trouble", "work", "state")
"""The lines that can stand in the rule, the most urgent first."""


class CoffeeApp(App[Outcome], inherit_bindings=False):
    """One coffee. `run()` returns the `Outcome`; `return_code` is 130 after Ctrl+C, otherwise what `finish` was given.

    `complaint` holds what could not be written at the very end, for the command line to print.
    """

    CSS_PATH = "tui.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.BINDINGS]
    AUTO_FOCUS = None
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (40, "-narrow"), (60, "-stacked"), (100, "-wide")]  # noqa: RUF012 (theirs is no ClassVar)
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (12, "-low"), (16, "-high")]  # noqa: RUF012

    def __init__(self, session: Session, *, tick_s: float = 0.5) -> None:
        """Take the session; `tick_s` is how often the clock is read (real seconds; the clock itself is handed in)."""
        super().__init__()
        self._dress(session)
        self._session, self._tick_s = session, tick_s
        self._shortlist = session.shortlist
        self.desk = Desk(session.shortlist.papers, session.verdicts)
        self.complaint = ""
        self._stage = stages.WAITING
        self._opened = self._last_input = session.monotonic()
        self._newer = Newer(session)
        self._offer: Shortlist | None = None
        self._warned = self._finished = False
        self._lines: dict[str, str] = {}
        self._glyphs = ASCII if session.ascii else UNICODE
        self._morning = Morning(self.desk, session.countdown.left, self._glyphs)

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
        if self.desk.papers:
            self._open_list()
        elif self._newer.running:
            self._morning.show_note(phrases.looking(""))
        else:
            self._open_note()
        self._morning.keep_time(self._share_used())
        return self._morning

    def on_morning_ready(self) -> None:
        """Begin to read the clock."""
        self.set_interval(self._tick_s, self.tick)
        if self._stage is stages.LIST:
            self._attempt(partial(self._session.shown, self._shortlist))
            self._begin_list()

    # -- the pages ---------------------------------------------------------------------------------------------------

    def _open_list(self) -> None:
        """Show the list; the clock starts once it has been painted and there is something to judge."""
        self._stage = stages.LIST
        self._tell_day()
        self._say("state", phrases.standing(self._shortlist))
        self._morning.show_list()
        if self._morning.is_mounted:
            self._begin_list()

    def _begin_list(self) -> None:
        """Let the first paint of a list with something to judge start the clock."""
        if self.desk.done:
            self._close_list()
        else:
            self.call_after_refresh(self._start_clock)

    def _open_note(self) -> None:
        """Show the page of a morning without a list; it costs nothing."""
        self._stage = stages.NOTHING if self._shortlist.state == "nothing-worth-it" else stages.NOTE
        self._tell_day()
        self._last_input = self._session.monotonic()
        self._morning.show_note(phrases.morning(self._shortlist, self._session.next_announcement))

    def _tell_day(self) -> None:
        headings = phrases.headings(self._shortlist, len(self.desk.papers))
        self._morning.head(headings, phrases.left_out(self._shortlist))

    def _close_list(self) -> None:
        """Every paper is judged: the rest of the coffee is for drinking, unless newer papers are still on their way."""
        if self._offer is not None:
            return
        if self._newer.running:
            self._say("state", "every paper is judged, newer ones are still being ranked")
            return
        left = phrases.left(self._session.countdown.left())
        self._show_card(stages.LIST_OVER, f"All judged, and {left} left: enjoy the coffee.", None)

    def _close_coffee(self) -> None:
        """The minutes are used up; what was being judged still can be."""
        countdown = self._session.countdown
        here = self.desk.current
        unjudged = here is not None and self.desk.mark(here.paper.id) is None
        self._show_card(stages.COFFEE_OVER, "That was the coffee.", here if unjudged else None)
        self._last_input -= max(0.0, countdown.elapsed() - countdown.left_s)  # 20 s from the end, also after a stop

    def _show_card(self, stage: stages.Stage, title: str, subject: ScoredPaper | None) -> None:
        self._lift_sheets()
        self.clear_notifications()
        self._stage, self._last_input = stage, self._session.monotonic()
        countdown = self._session.countdown
        used_s = min(countdown.elapsed(), countdown.left_s)
        self.push_screen(Card(title, self.desk, used_s, self._glyphs, subject))

    def _lift_sheets(self) -> None:
        while len(self.screen_stack) > 1:
            self.pop_screen()

    # -- the clock ---------------------------------------------------------------------------------------------------

    def _start_clock(self) -> None:
        """From the first paint of something unread on, time is charged."""
        countdown = self._session.countdown
        if not countdown.started:
            countdown.start()
            self._warned = self._share_used() >= LOW  # no toast for what was so from the beginning
            self._pay()

    def tick(self) -> None:
        """Read the clock once and do what it says; the only place where time has an effect."""
        if self._finished:
            return
        now = self._session.monotonic()
        self._pay()
        self._listen(now)
        if self._stage is stages.WAITING and now - self._opened >= stages.WAIT_S:
            self._open_note()
        if self._stage is stages.LIST and self._session.countdown.started and self._session.countdown.over:
            self._close_coffee()
        self._warn()
        self._keep_time()
        if (idle_s := now - self._last_input) >= self._stage.patience_s:
            self.finish(self._stage.outcome, idle_s=idle_s)

    def _keep_time(self) -> None:
        """Bring the cup and the card up to date."""
        self._morning.keep_time(self._share_used())
        if isinstance(self.screen, Card) and self.screen.is_mounted:
            self.screen.keep_time(self._stage.patience_s - (self._session.monotonic() - self._last_input))

    def _share_used(self) -> float:
        return self._session.countdown.share_used(self._shortlist.budget_s)

    def _warn(self) -> None:
        """Say once that four fifths are gone."""
        if self._stage is stages.LIST and not self._warned and self._share_used() >= LOW:
            self._warned = True
            left = phrases.left(self._session.countdown.left())
            self.notify(f"The cup is nearly empty: {left} left.", severity="warning", markup=False, timeout=6)

    def _pay(self) -> None:
        self._attempt(self._session.meter.beat)

    def _attempt(self, task: Callable[[], None]) -> None:
        """Do what may fail to be written, and say so in one line where it does."""
        try:
            task()
        except TriageError as fault:
            self._say("trouble", str(fault))

    def finish(self, outcome: Outcome = Outcome.CLOSED, return_code: int = 0, idle_s: float = 0.0) -> None:
        """Close the session: settle the ledger, restore the terminal, return the outcome. Calling it again is harmless.

        The last `idle_s` seconds, in which nobody was there, are not charged when a list closes for that reason.

        Where the session stands decides over what was asked for: a list can be closed early, but a finished coffee
        stays finished, and where no list was shown it was nothing.
        """
        if self._finished:
            return
        self._finished = True
        if self._stage is not stages.LIST:
            outcome = self._stage.outcome
        elif self._session.countdown.started and self._session.countdown.over:
            outcome = Outcome.COFFEE_FINISHED
        try:
            self._session.meter.settle(idle_s if outcome is Outcome.CLOSED else 0.0)
        except TriageError as fault:
            self.complaint = str(fault)
        self.exit(outcome, return_code=return_code)

    # -- the refresh in the background -------------------------------------------------------------------------------

    def _listen(self, now: float) -> None:
        """Hear how the refresh is doing, and take in its end."""
        heard = self._newer.ask(now, waited_for=self._stage is stages.WAITING)
        if heard is None:
            return
        progress, newer = heard
        if progress.state == "running":
            self._report(progress.line)
            return
        self._say("work", "")
        if progress.state == "failed":
            self._say("trouble", progress.line)
        self._refreshed(newer or self._shortlist)

    def _report(self, line: str) -> None:
        if self._stage is stages.WAITING:
            self._morning.show_note(phrases.looking(line))
        else:
            self._say("work", line)

    def _refreshed(self, newer: Shortlist) -> None:
        """The refresh is over: show its list when one was waited for, otherwise only offer it."""
        if self._stage is stages.WAITING:
            self._take(newer)
            return
        fresh, wanted = difference(self._shortlist, newer, self.desk.shown)
        self._offer = newer if wanted else None
        if fresh or wanted:
            self._say("offer", phrases.offer(fresh, wanted))
        if self._stage is stages.LIST and self.desk.done:
            self._close_list()

    def _take(self, newer: Shortlist) -> None:
        """Lay out a newer list; the paper under the cursor and those judged stay where they are."""
        self._shortlist, self._offer = newer, None
        self.desk.take_in(newer.papers)
        self._say("offer", "")
        if self.desk.papers:
            self._attempt(partial(self._session.shown, self._shortlist))
            self._open_list()
        else:
            self._open_note()

    def action_take_in(self) -> None:
        """Take in what was offered."""
        if self._offer is None:
            self._say("said", "there is nothing newer")
        else:
            self._take(self._offer)

    # -- verdicts ----------------------------------------------------------------------------------------------------

    def action_keep(self) -> None:
        """Keep the paper."""
        self._judge("keep")

    def action_dismiss(self) -> None:
        """Dismiss the paper."""
        self._judge("dismiss")

    def _judge(self, kind: VerdictKind) -> None:
        """Commit first, then show: on the closing card for its one paper, otherwise for the one under the cursor."""
        card = self.screen if isinstance(self.screen, Card) else None
        scored = card.subject if card else self.desk.current
        if scored is None or (self.desk.mark(scored.paper.id) != kind and not self._commit(scored, kind)):
            return
        if card:
            card.redraw()
            return
        self.desk.advance()
        self._morning.redraw()
        if self.desk.done:
            self._close_list()

    def _commit(self, scored: ScoredPaper, kind: VerdictKind) -> bool:
        """Record a verdict; where that fails the screen stays as it is and says so."""
        verdict = Verdict(scored.paper.id, kind, self._session.now(), profile=scored.profile)
        try:
            self._session.record(verdict)
        except TriageError as fault:
            self._say("said", str(fault))
            return False
        self.desk.note(verdict)
        return True

    def action_undo(self) -> None:
        """Take back the newest verdict of the day, also one from an earlier session."""
        try:
            verdict = self._session.undo()
        except TriageError as fault:
            self._say("said", str(fault))
            return
        if verdict is None:
            self._say("said", "there is nothing to take back")
            return
        card = self.screen if isinstance(self.screen, Card) else None
        self._forget(verdict, move=self._stage is not stages.COFFEE_OVER)
        self._say("said", f"taken back: {verdict.kind} of {verdict.paper_id}")
        if card and self._stage is stages.COFFEE_OVER:
            card.redraw()
        elif card:
            self._lift_sheets()
            self._open_list()

    def _forget(self, verdict: Verdict, *, move: bool) -> None:
        """Show that a verdict is gone; on the closing card the cursor stays where the time ran out."""
        here = self.desk.cursor
        self.desk.forget(verdict)
        if not move:
            self.desk.jump(here)
        self._morning.redraw()

    def action_open_page(self) -> None:
        """Open the abstract page."""
        if scored := self.desk.current:
            self._open(scored, scored.paper.url)

    def action_open_pdf(self) -> None:
        """Open the PDF."""
        if scored := self.desk.current:
            self._open(scored, scored.paper.pdf_url)

    def _open(self, scored: ScoredPaper, link: str) -> None:
        """Record that the paper was opened, once, and hand the link to the browser or to the reader."""
        if not self.desk.opened(scored.paper.id) and not self._commit(scored, "open"):
            return
        opened = self._session.open_link(link)
        self._morning.redraw()
        self._say("said", f"opened {link}" if opened else f"no browser here: {link}")

    # -- moving and reading ------------------------------------------------------------------------------------------

    def action_next_paper(self) -> None:
        """One row down, or one line on a sheet."""
        self._move(1)

    def action_previous_paper(self) -> None:
        """One row up, or one line on a sheet."""
        self._move(-1)

    def action_first_paper(self) -> None:
        """To the top."""
        self._move(-len(self.desk.papers), far=True)

    def action_last_paper(self) -> None:
        """To the bottom."""
        self._move(len(self.desk.papers), far=True)

    def _move(self, step: int, *, far: bool = False) -> None:
        if isinstance(self.screen, Sheet):
            self.screen.scroll(step * 1000 if far else step)
            return
        self.desk.move(step)
        self._morning.redraw()

    def action_page_on(self) -> None:
        """A page on, then the next paper."""
        self._page(1)

    def action_page_back(self) -> None:
        """A page back, then the previous paper."""
        self._page(-1)

    def _page(self, step: int) -> None:
        if isinstance(self.screen, Sheet):
            self.screen.scroll(step, page=True)
        elif not self._morning.page(step):
            self._move(step)

    def on_paper_list_picked(self, event: PaperList.Picked) -> None:
        """Take the row that was clicked."""
        self.desk.jump(event.row)
        self._morning.redraw()

    def action_read(self) -> None:
        """Enter: close what closes, otherwise the abstract on the full screen and back."""
        if isinstance(self.screen, Sheet) or self._stage is not stages.LIST:
            self.action_leave()
        else:
            self._morning.toggle_reading()

    async def action_back(self) -> None:
        """Esc: back to the list; it never ends the session, except where there is only a page to close."""
        if isinstance(self.screen, Sheet) or self._stage is not stages.LIST:
            self.action_leave()
        else:
            self._morning.remove_class("-reading")

    def action_leave(self) -> None:
        """q: put a sheet away, otherwise finish early."""
        if isinstance(self.screen, Sheet) and not isinstance(self.screen, Card):
            self.pop_screen()
        else:
            self.finish()

    def action_interrupt(self) -> None:
        """Ctrl+C: close at once, with the exit code of an interrupt."""
        self.finish(return_code=130)

    async def action_quit(self) -> None:
        """Ctrl+Q: finish early from anywhere."""
        self.finish()

    def action_help(self) -> None:
        """Show the table of keys, or put it away."""
        self._lay(Help(self._glyphs))

    def action_why(self) -> None:
        """Show why the paper ranks where it does, or put it away."""
        if scored := self.desk.current:
            try:
                self._lay(Why(scored, self._session.explain(scored, self._shortlist)))
            except TriageError as fault:
                self._say("said", str(fault))

    def _lay(self, sheet: Sheet) -> None:
        here = self.screen
        if isinstance(here, Sheet):
            self.pop_screen()
        if type(here) is not type(sheet):
            self.push_screen(sheet)

    # -- keys and lines ----------------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Note every sign of life before it takes effect; what was said last is read by then."""
        if isinstance(event, events.InputEvent) and not event.is_forwarded:
            self._last_input = self._session.monotonic()
            if isinstance(event, events.Key):
                self._say("said", "")
        await super().on_event(event)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let each screen say which keys mean something on it."""
        if action not in _NAMES or action in ALWAYS:
            return True
        return action in getattr(self.screen, "actions", ())

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every action of the table in the palette, and the two themes."""
        for binding in keys.BINDINGS:
            if binding.id != "command_palette" and binding.id in getattr(screen, "actions", ()):
                run = partial(self.run_action, binding.action)
                yield SystemCommand(binding.description.capitalize(), binding.tooltip, run)
        yield SystemCommand("Light or dark", "the other one of the two themes", self._change_theme)

    def _change_theme(self) -> None:
        self.theme = THEMES["light" if self.current_theme.dark else "dark"].name

    def _say(self, kind: str, line: str) -> None:
        """Put a line of one kind into the rule; the most urgent of those that stand is shown."""
        self._lines[kind] = clean(line)
        self._morning.say(next(filter(None, (self._lines.get(each) for each in _SPOKEN)), ""))


_NAMES = frozenset(binding.id for binding in keys.BINDINGS)
