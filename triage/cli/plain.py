"""`triage --plain`: the same session as numbered questions, line by line, for screen readers."""

from __future__ import annotations

import os
import select
import sys
import textwrap
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import click

from triage.budget import ASLEEP_S, REFILL_WAIT_S, DwellClock, first_pass_seconds, worth_opening
from triage.errors import TriageError
from triage.paper import REFILL_S, Verdict
from triage.text import clean, readable
from triage.tui import Outcome, phrases
from triage.tui.desk import Desk
from triage.tui.newer import Newer, difference
from triage.tui.stages import CARD_S, IDLE_S, LOW, WAIT_S

if TYPE_CHECKING:
    from triage.budget import Shortlist
    from triage.paper import Dwell, ScoredPaper, VerdictKind
    from triage.tui import Session

LOOK_S = 0.5
"""How often the clock is read while a line is waited for, in seconds."""

_LETTERS = {"s": "1", "x": "2", "d": "2", "": "4", "j": "4", "k": "5", "o": "6", "w": "7", "u": "8", "q": "0"}
"""The keys of the screen mean the same here."""

Read = Callable[[float], "str | None"]
"""The next line within so many seconds, without its end; None when none came. Raises EOFError at the end."""


class _Ended(Exception):
    """The session is over, whatever was asked."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.value)
        self.outcome = outcome


def ask(session: Session, deafen: Callable[[], None]) -> tuple[Outcome, int]:
    """Run the session on standard input and output; gives how it ended and the exit code.

    `deafen` keeps signals off from its end on: what is written then must not be broken off.
    """
    dialogue = Dialogue(session, _lines(), click.echo)
    code = 0
    try:
        with suppress(EOFError):  # nobody will answer any more
            dialogue.run()
        deafen()
    except KeyboardInterrupt:
        code = 130
    except SystemExit as end:  # another signal
        code = int(end.code or 0)
    finally:
        dialogue.settle()
    return dialogue.outcome, code


def _lines() -> Read:
    """Lines from standard input, waited for no longer than asked."""
    rest = b""

    def read(seconds: float) -> str | None:
        nonlocal rest
        while b"\n" not in rest:
            if not select.select([sys.stdin], [], [], seconds)[0]:
                return None
            if not (chunk := os.read(sys.stdin.fileno(), 4096)):
                raise EOFError
            rest += chunk
        line, rest = rest.split(b"\n", 1)
        return line.decode("utf-8", "replace").strip()

    return read


class Dialogue:
    """One coffee as questions and answers, with the clock, the ledger and the verdicts of the screen."""

    def __init__(self, session: Session, read: Read, say: Callable[[str], None]) -> None:
        self._session, self._read, self._say = session, read, say
        self._desk = Desk(session.shortlist.papers, session.verdicts)
        self._dwell = DwellClock(session.reader, self._dwelt, monotonic=session.monotonic, now=session.now)
        self._slept = session.asleep()
        self._level = 0
        self._warned = False
        self._told: set[str] = set()
        self._idle_s = 0.0
        self._shortlist, self._newer = session.shortlist, Newer(session)
        self._offer: Shortlist | None = None
        self.outcome = Outcome.NOTHING
        """How it ended, or would if it ended now."""

    def run(self) -> None:
        """Ask until the coffee or the list is finished, or the reader is."""
        if self._session.greeting:
            self._say(clean(self._session.greeting))
        if not self._desk.papers:
            self._wait_for_papers()
        if not self._desk.papers:
            note = phrases.morning(self._shortlist, self._session.next_announcement)
            self._say("\n".join((note.title, *note.lines)))
            return
        self._attempt(lambda: self._session.shown(self._shortlist))
        self._say(phrases.standing(self._shortlist) or phrases.headings(self._shortlist, self._count)[0])
        again = True
        while again:
            self.outcome = self._judge_all()
            again = self.outcome in (Outcome.COFFEE_FINISHED, Outcome.LIST_FINISHED) and self._close()

    def settle(self) -> None:
        """Make the ledger exact."""
        unread_s = max(0.0, self._idle_s - self._dwell.expected_s) if self._idle_s else 0.0
        self._dwell.leave()
        self._attempt(lambda: self._session.meter.settle(unread_s))

    @property
    def _count(self) -> int:
        return len(self._desk.papers)

    # -- the clock ---------------------------------------------------------------------------------------------------

    def _line(self, question: str) -> str:
        """Ask while the coffee runs.

        Raises:
            _Ended: the coffee is finished, nobody is there, or the machine slept.
        """
        self._say(question)
        asked = self._session.monotonic()
        while True:
            self._look_at_clock(asked)
            if (answer := self._read(LOOK_S)) is not None:
                self._dwell.touch()
                return answer

    def _look_at_clock(self, asked: float) -> None:
        countdown = self._session.countdown
        self._attempt(self._session.meter.beat)
        self._listen()
        slept = self._session.asleep()
        gap, self._slept = slept - self._slept, slept
        if countdown.over:
            raise _Ended(Outcome.COFFEE_FINISHED)
        if gap > ASLEEP_S:
            raise _Ended(Outcome.ASLEEP)
        if (idle_s := self._session.monotonic() - asked) >= IDLE_S:
            self._idle_s = idle_s
            raise _Ended(Outcome.IDLE)
        if not self._warned and countdown.share_used(self._shortlist.budget_s) >= LOW:
            self._warned = True
            self._say(f"The cup is nearly empty: {phrases.left(countdown.left())} left.")

    def _line_within(self, question: str, seconds: float) -> str | None:
        """Ask after the end, or during a rest: no answer is one too."""
        self._say(question)
        end = self._session.monotonic() + seconds
        while (rest := end - self._session.monotonic()) > 0:
            if (answer := self._read(min(LOOK_S, rest))) is not None:
                return answer
        return None

    def _wait_for_papers(self) -> None:
        """Three minutes at most for the first list of the day; they cost nothing."""
        if self._newer.running:
            self._say("Getting today's papers. Your coffee has not begun.")
        end = self._session.monotonic() + WAIT_S
        while self._newer.running and self._session.monotonic() < end:
            heard = self._newer.ask(self._session.monotonic(), waited_for=True)
            if heard and heard[1]:
                self._take(heard[1])
            self._read(LOOK_S)

    def _listen(self) -> None:
        """Hear how the refresh is doing; what is newer is offered and never pushed."""
        heard = self._newer.ask(self._session.monotonic(), waited_for=False)
        if heard and heard[0].state == "failed":
            self._say(clean(heard[0].line))
        if heard and heard[1]:
            fresh, wanted = difference(self._shortlist, heard[1], self._desk.shown)
            self._offer = heard[1] if wanted else None
            if fresh or wanted:
                self._say(phrases.offer(fresh, wanted).replace("press R", "r takes them in"))

    def _take_in(self) -> None:
        """Lay out what was offered below the paper at hand."""
        if self._offer is None:
            self._say("There is nothing newer.")
            return
        self._take(self._offer)
        self._offer = None
        self._attempt(lambda: self._session.shown(self._shortlist))
        self._show_paper()

    def _take(self, newer: Shortlist) -> None:
        self._shortlist = newer
        self._desk.take_in(newer.papers)

    # -- the papers --------------------------------------------------------------------------------------------------

    def _judge_all(self) -> Outcome:
        """Go through the papers; gives how it ended."""
        self.outcome = Outcome.CLOSED
        try:
            self._session.countdown.start()
            self._show_paper()
            known = False
            while not self._desk.done:
                answer = self._line("choice, ? for the choices:" if known else self._menu())
                known = answer != "?"
                if not self._answer(answer.lower()):
                    return Outcome.CLOSED
        except _Ended as ended:
            self._dwell.leave()
            return ended.outcome
        return Outcome.LIST_FINISHED

    def _choices(self) -> dict[str, tuple[str, Callable[[], None]]]:
        """The choices: what is typed, what it is called, what it does."""
        return {
            "1": ("keep", partial(self._judge, "keep")),
            "2": ("dismiss", partial(self._judge, "dismiss")),
            "3": ("abstract", self._read_abstract),
            "4": ("next", partial(self._move, 1)),
            "5": ("back", partial(self._move, -1)),
            "6": ("open", self._open),
            "7": ("why", self._explain),
            "8": ("take back", self._take_back),
            "9": ("list", self._show_list),
            "p": ("pause", self._pause),
            "r": ("take in newer papers", self._take_in),
        }

    def _menu(self) -> str:
        offered = {key: name for key, (name, _) in self._choices().items() if key != "r" or self._offer}
        return ", ".join(f"{key} {name}" for key, name in offered.items()) + ", 0 finish:"

    def _answer(self, answer: str) -> bool:
        """Do what was chosen; False ends the session."""
        key = _LETTERS.get(answer, answer)
        if key in (choices := self._choices()):
            choices[key][1]()
        return key != "0"

    def _move(self, step: int) -> None:
        self._desk.move(step)
        self._show_paper()

    def _show_paper(self) -> None:
        """The title, what it costs, and why it is here."""
        scored, self._level = self._desk.current, 0
        if scored is None:
            return
        left, place = phrases.left(self._session.countdown.left()), self._desk.cursor + 1
        mark = {"keep": ", kept", "dismiss": ", dismissed"}.get(self._desk.mark(scored.paper.id) or "", "")
        late = "" if place <= self._desk.fitting(self._session.countdown.left()) else ", no longer fits"
        self._say(f"\nPaper {place} of {self._count}{mark}{late}, {phrases.minutes(scored.seconds)}; {left} left.")
        self._say(_wrapped(scored.paper.title))
        if scored.why:
            self._say(_wrapped(f"why: {scored.why[0]}"))
        self._look()

    def _look(self) -> None:
        self._dwell.show(self._desk.current, 1 if self._level else 0, self._desk.cursor + 1)

    def _read_abstract(self) -> None:
        if scored := self._desk.current:
            self._level = 1
            self._say(_wrapped(", ".join(scored.paper.authors[:4])))
            self._say(_wrapped(scored.paper.abstract) or "There is no abstract in the announcement.")
            self._look()

    def _show_list(self) -> None:
        fitting = self._desk.fitting(self._session.countdown.left())
        for row, scored in enumerate(self._desk.papers):
            if row == fitting:
                self._say("Your coffee reaches to here.")
            mark = {"keep": " kept:", "dismiss": " dismissed:"}.get(self._desk.mark(scored.paper.id) or "", "")
            self._say(f"{row + 1}.{mark} {readable(scored.paper.title)}")

    def _explain(self) -> None:
        if scored := self._desk.current:
            self._attempt(lambda: self._say("\n".join(self._session.explain(scored, self._shortlist))))

    # -- verdicts ----------------------------------------------------------------------------------------------------

    def _judge(self, kind: VerdictKind) -> None:
        if (scored := self._desk.current) and self._commit(scored, kind):
            self._say({"keep": "Kept.", "dismiss": "Dismissed."}[kind])
            self._desk.advance()
            if not self._desk.done:
                self._show_paper()

    def _commit(self, scored: ScoredPaper, kind: VerdictKind) -> bool:
        """Record first; where that fails nothing has changed."""
        verdict = Verdict(scored.paper.id, kind, self._session.now(), profile=scored.profile)
        if self._attempt(lambda: self._session.record(verdict)):
            self._desk.note(verdict)
            self._dwell.judge(kind)
            return True
        return False

    def _take_back(self) -> None:
        found: list[Verdict | None] = []
        if self._attempt(lambda: found.append(self._session.undo())):
            if verdict := found[0]:
                self._desk.forget(verdict)
                self._say(f"Taken back: {verdict.kind} of {verdict.paper_id}.")
                self._show_paper()
            else:
                self._say("There is nothing to take back.")

    def _open(self) -> None:
        scored, left_s = self._desk.current, self._session.countdown.left()
        if scored is None:
            return
        if scored.paper.id not in self._told and not worth_opening(scored.paper, left_s, self._session.reader):
            self._told.add(scored.paper.id)
            pass_s = first_pass_seconds(scored.paper, self._session.reader)
            self._say(phrases.keep_for_later(pass_s, keep="1", again="6"))
        elif self._desk.opened(scored.paper.id) or self._commit(scored, "open"):
            opened = self._session.open_link(scored.paper.url)
            self._say(f"{'Opened' if opened else 'No browser here:'} {scored.paper.url}")

    # -- breaks and the end ------------------------------------------------------------------------------------------

    def _pause(self) -> None:
        rations, countdown = self._session.rations, self._session.countdown
        if rations and self._attempt(rations.pause):
            countdown.pause()
            self._dwell.rest()
            self._line_within(
                f"Paused. The clock runs on in {phrases.left(countdown.pause_left())}, or with Enter.", 300
            )
            countdown.resume()
            self._dwell.go_on()
            self._show_paper()

    def _close(self) -> bool:
        """The closing card as questions; True when five more minutes begin."""
        over = self.outcome is Outcome.COFFEE_FINISHED
        left = phrases.left(self._session.countdown.left())
        self._say("\nThat was the coffee." if over else f"\nAll judged, and {left} left: enjoy the coffee.")
        if over and (last := self._desk.current) and self._desk.mark(last.paper.id) is None:
            self._judge_last(last)
        kept = self._desk.marked("keep")
        self._say(f"{len(self._desk.shown)} shown, {len(kept)} kept.")
        for scored in kept:
            self._say(_wrapped(f"kept: {scored.paper.title}"))
        if diary := self._session.diary:
            line = self._line_within("One line for the notebook, or Enter:", CARD_S)
            if line and line != "+":
                self._attempt(lambda: diary.write(clean(line)))
        return over and self._refill()

    def _judge_last(self, last: ScoredPaper) -> None:
        answer = self._line_within(f"{_wrapped(last.paper.title)}\n1 keep, 2 dismiss, Enter neither:", CARD_S)
        kinds: dict[str, VerdictKind] = {"1": "keep", "s": "keep", "2": "dismiss", "x": "dismiss", "d": "dismiss"}
        if answer in kinds:
            self._commit(last, kinds[answer])

    def _refill(self) -> bool:
        rations = self._session.rations
        if not rations or rations.no_refill():
            return False
        if self._line_within("Enter closes, + is five more minutes:", CARD_S) != "+":
            return False
        if (
            self._line_within(f"Five more minutes in {REFILL_WAIT_S:.0f} s; Enter takes it back.", REFILL_WAIT_S)
            is not None
        ):
            return False
        if not self._attempt(rations.refill):
            return False
        self._session.countdown.refill(REFILL_S)
        return True

    def _dwelt(self, look: Dwell) -> None:
        self._attempt(lambda: self._session.dwelt(look))

    def _attempt(self, task: Callable[[], object]) -> bool:
        """Do what may fail to be written, and say so in one line where it does."""
        try:
            task()
        except TriageError as fault:
            self._say(clean(str(fault)))
            return False
        return True


def _wrapped(text: str) -> str:
    return textwrap.fill(readable(text), 76, break_long_words=False, break_on_hyphens=False)
