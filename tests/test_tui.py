"""The session, driven by Pilot: keys, verdicts, the clock, the mornings, the layouts, foreign text."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pytest
from conftest import Clock
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual import events
from textual.color import Color

from triage.budget import Countdown, Meter, Shortlist
from triage.errors import CannotWrite, TryLater
from triage.paper import Paper, ScoredPaper, Verdict
from triage.tui import CoffeeApp, Diary, Outcome, Progress, Rations, Session, keys, phrases
from triage.tui.card import Card
from triage.tui.desk import Desk
from triage.tui.glyphs import UNICODE
from triage.tui.screens import Help, Morning, Why
from triage.tui.themes import THEMES
from triage.tui.widgets import AbstractPane, Cup, PaperList, Rule

FRIDAY = date(2026, 11, 20)
TITLES = (
    "Forgetting keys as an online covering problem",
    "Drafting without a draft model",
    "Four-bit attention, measured end to end",
    "A cost model for batched decoding",
    "Why sparsity stalls on real accelerators",
    "Sampling theory for graph signals",
    "Draft trees for long contexts",
    "Speculation as a queueing discipline",
    "An honest benchmark of prefix caches",
    "Serving many adapters from one base",
)
SIZES = [(80, 24), (120, 40), (60, 20)]


def a_paper(number: int, title: str, **given: Any) -> ScoredPaper:
    told: dict[str, Any] = {
        "abstract": "We invent a result and measure it. " * 20,
        "authors": ("Ada Invented", "Bo Fictional"),
        "categories": ("cs.LG", "cs.CL"),
        "comment": "14 pages, 3 figures",
        "announce_type": "new",
    }
    paper = Paper(id=f"9912.{number:05d}", title=title, **told)
    return ScoredPaper(paper, 1 - number / 100, number, **{"profile": "agents", "seconds": 60.0, **given})


PAPERS = tuple(a_paper(number, title) for number, title in enumerate(TITLES, 1))


def a_list(papers: Sequence[ScoredPaper] = PAPERS[:7], **given: Any) -> Shortlist:
    told: dict[str, Any] = {
        "state": "ready",
        "profiles": ("agents",),
        "announced": FRIDAY,
        "covers": {"cs.LG": FRIDAY, "cs.CL": FRIDAY},
        "missing": {},
        "budget_s": 720.0,
        "left_s": 720.0,
        "ranker": "fusion",
        "ranker_version": "1",
        "left_out": (),
    }
    return Shortlist(papers=tuple(papers), **{**told, **given})


@dataclass
class Morn:
    """A session over plain lists: what was recorded, charged and opened."""

    clock: Clock
    verdicts: list[Verdict] = field(default_factory=list)
    charged: list[float] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    shown: list[Shortlist] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    copies: list[str] = field(default_factory=list)

    def record(self, verdict: Verdict) -> None:
        self.verdicts.append(verdict)

    def undo(self) -> Verdict | None:
        return self.verdicts.pop() if self.verdicts else None

    def open_link(self, link: str) -> bool:
        self.links.append(link)
        return True

    def copied(self, text: str) -> str:
        self.copies.append(text)
        return "clipboard.txt"

    def session(self, shortlist: Shortlist | None = None, **given: Any) -> Session:
        shortlist = shortlist or a_list()
        countdown = Countdown(shortlist.left_s, self.clock.monotonic)
        told: dict[str, Any] = {
            "record": self.record,
            "undo": self.undo,
            "now": self.clock.now,
            "monotonic": self.clock.monotonic,
            "open_link": self.open_link,
            "explain": lambda scored, listed: (f"rank {scored.rank}", "nearest: [bold]Paged[/bold]"),
            "shown": self.shown.append,
            "compare": lambda: a_list(PAPERS[4:9], ranker="tfidf-svm"),
            "write_note": self.notes.__setitem__,
            "copied": self.copied,
            "profile_editor": lambda name: ["/nowhere/edit", name],
            "bibtex": lambda paper: f"@misc{{{paper.id}}}\n",
            "terminal_browser": lambda link: None,
            "verdicts": tuple(self.verdicts),
        }
        meter = Meter(countdown, self.charged.append)
        return Session(shortlist=shortlist, countdown=countdown, meter=meter, **{**told, **given})

    def app(self, shortlist: Shortlist | None = None, **given: Any) -> CoffeeApp:
        """An app whose clock is read only when the test says so."""
        return CoffeeApp(self.session(shortlist, **given), tick_s=3600)

    def kinds(self) -> list[tuple[str, str]]:
        return [(verdict.paper_id[-2:], verdict.kind) for verdict in self.verdicts]


@pytest.fixture
def morn(clock: Clock) -> Morn:
    return Morn(clock)


def lines(app: CoffeeApp) -> list[str]:
    """What the screen shows, line by line."""
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]


def text(app: CoffeeApp) -> str:
    return "\n".join(lines(app))


def words(app: CoffeeApp) -> str:
    """What the screen shows, without the breaks of its lines."""
    return " ".join(text(app).split())


def spoken(app: CoffeeApp) -> str:
    """The line in the lower rule."""
    return app.screen_stack[0].query_one("#bottom", Rule).said


@asynccontextmanager
async def opened(app: CoffeeApp, **given: Any) -> AsyncIterator[Any]:
    """Run the app and wait for its first paint."""
    async with app.run_test(**given) as pilot:
        await pilot.pause()
        yield pilot


def typed(app: CoffeeApp, *names: str) -> None:
    """Keys that come faster than the screen answers, as a terminal hands them over."""
    for name in names:
        app.post_message(events.Key(name, name if len(name) == 1 else None))


async def pass_time(app: CoffeeApp, pilot: Any, clock: Clock, seconds: float) -> None:
    clock.advance(seconds)
    app.tick()
    await pilot.pause()


# -- moving, reading, judging -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_each_key_of_the_table_does_what_it_says(morn: Morn, size: tuple[int, int]) -> None:
    app = morn.app()
    async with opened(app, size=size) as pilot:
        for key, row in (("j", 1), ("down", 2), ("k", 1), ("up", 0), ("k", 0), ("G", 6), ("j", 6), ("g", 0)):
            await pilot.press(key)
            assert app.desk.cursor == row, key
        await pilot.press("s", "x", "d", "o", "O")
        assert morn.kinds() == [("01", "keep"), ("02", "dismiss"), ("03", "dismiss"), ("04", "open")]
        assert morn.links == ["https://arxiv.org/abs/9912.00004", "https://arxiv.org/pdf/9912.00004"]
        assert app.desk.cursor == 3, "an opened paper is still to be judged"
        await pilot.press("w")
        assert isinstance(app.screen, Why)
        assert "nearest: [bold]Paged[/bold]" in text(app)
        await pilot.press("escape", "question_mark")
        assert isinstance(app.screen, Help)
        await pilot.press("question_mark")
        assert isinstance(app.screen, Morning)
        await pilot.press("q")
    assert app.return_value is Outcome.CLOSED
    assert app.return_code == 0


@pytest.mark.parametrize("size", SIZES)
async def test_enter_gives_the_abstract_the_page_and_takes_it_back(morn: Morn, size: tuple[int, int]) -> None:
    app = morn.app()
    async with opened(app, size=size) as pilot:
        await pilot.press("enter")
        pane = app.screen.query_one(AbstractPane)
        assert pane.size.width >= size[0] - 2
        assert not app.screen.query_one(PaperList).display
        await pilot.press("j", "s")
        assert TITLES[2] in text(app), "judging goes on while reading"
        await pilot.press("escape")
        assert app.screen.query_one(PaperList).display
        await pilot.press("escape")
        assert app.return_value is None, "Esc never ends a session"


async def test_space_turns_the_pages_and_then_the_papers(morn: Morn) -> None:
    long = [a_paper(1, "A long one"), a_paper(2, "Another")]
    app = morn.app(a_list(long))
    async with opened(app, size=(60, 16)) as pilot:
        pane = app.screen.query_one(AbstractPane)
        await pilot.press("space")
        assert pane.scroll_offset.y > 0
        assert app.desk.cursor == 0
        for _ in range(10):
            await pilot.press("space")
        assert app.desk.cursor == 1
        while pane.scroll_offset.y > 0:
            await pilot.press("backspace")
        await pilot.press("backspace")
        assert app.desk.cursor == 0


async def test_a_verdict_is_committed_before_the_screen_changes(morn: Morn) -> None:
    seen: list[str] = []

    def record(verdict: Verdict) -> None:
        seen.append(lines(app)[2])
        morn.record(verdict)

    app = morn.app(record=record)
    async with opened(app, size=(80, 24)) as pilot:
        await pilot.press("s")
        assert UNICODE.keep not in seen[0]
        assert lines(app)[2].endswith(UNICODE.keep)
        assert morn.verdicts == [Verdict("9912.00001", "keep", morn.clock.now(), profile="agents")]


async def test_a_verdict_moves_to_the_next_unjudged_paper_and_can_be_changed(morn: Morn) -> None:
    app = morn.app(a_list(PAPERS[:4]))
    async with opened(app) as pilot:
        await pilot.press("j", "j", "s", "s")
        assert app.desk.cursor == 0, "round to the first that was skipped"
        await pilot.press("j", "j", "x")
        assert morn.kinds() == [("03", "keep"), ("04", "keep"), ("03", "dismiss")]
        assert app.desk.mark("9912.00003") == "dismiss"
        await pilot.press("j", "j", "x")
        assert len(morn.verdicts) == 3, "the same verdict again is none"


async def test_undo_goes_back_many_levels_and_into_earlier_sessions(morn: Morn) -> None:
    morn.record(Verdict("9912.00007", "keep", morn.clock.now()))
    morn.record(Verdict("9911.99999", "dismiss", morn.clock.now()))
    app = morn.app()
    async with opened(app) as pilot:
        await pilot.press("s", "x", "k", "k", "x")
        assert app.desk.mark("9912.00001") == "dismiss"
        await pilot.press("u")
        assert app.desk.mark("9912.00001") == "keep"
        await pilot.press("u", "u")
        assert app.desk.cursor == 0
        assert morn.kinds() == [("07", "keep"), ("99", "dismiss")]
        await pilot.press("u")
        assert "9911.99999" in spoken(app), "a paper that is not on the list"
        await pilot.press("u")
        assert app.desk.cursor == 6
        await pilot.press("u")
        assert "nothing to take back" in spoken(app)
        assert not app.desk.history


async def test_a_verdict_that_cannot_be_stored_is_said_once_and_not_shown(morn: Morn) -> None:
    def record(verdict: Verdict) -> None:
        raise CannotWrite("the disk is full: free some space, then press the key again")

    app = morn.app(record=record, undo=lambda: record(Verdict("9912.00001", "keep", morn.clock.now())))
    async with opened(app) as pilot:
        for key in ("s", "x", "o", "u"):
            await pilot.press(key)
            assert "free some space" in spoken(app), key
            assert app.desk.cursor == 0
            assert not app.desk.history
        assert morn.links == []
        await pilot.press("j")
        assert spoken(app) == ""


async def test_without_a_browser_the_link_is_shown(morn: Morn) -> None:
    app = morn.app(open_link=lambda link: False)
    async with opened(app) as pilot:
        await pilot.press("O")
        assert "https://arxiv.org/pdf/9912.00001" in lines(app)[-2]


async def test_a_click_takes_the_row_under_the_pointer(morn: Morn) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        await pilot.click(PaperList, offset=(10, 3))
        assert app.desk.cursor == 3


# -- the clock --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", ["list", "enter", "w", "question_mark", "ctrl+p"])
async def test_the_coffee_ends_in_every_state(morn: Morn, size: tuple[int, int], state: str) -> None:
    app = morn.app(a_list(left_s=90.0, budget_s=90.0))
    async with opened(app, size=size) as pilot:
        if state != "list":
            await pilot.press(state)
        await pass_time(app, pilot, morn.clock, 89.9)
        assert not isinstance(app.screen, Card)
        await pass_time(app, pilot, morn.clock, 0.1)
        assert isinstance(app.screen, Card)
        assert "That was the coffee." in text(app)
        await pass_time(app, pilot, morn.clock, 19.9)
        assert app.return_value is None
        await pass_time(app, pilot, morn.clock, 0.1)
    assert app.return_value is Outcome.COFFEE_FINISHED
    assert sum(morn.charged) == pytest.approx(90.0)


async def test_the_session_closes_by_itself_with_nobody_at_the_keys(morn: Morn) -> None:
    session = morn.session(a_list(left_s=1.0, budget_s=1.0), monotonic=(steps := Steps(morn.clock)))
    app = CoffeeApp(session, tick_s=0.005)
    async with opened(app) as pilot:
        while app.return_value is None and steps.taken < 10000:
            await pilot.pause(0.005)
    assert app.return_value is Outcome.COFFEE_FINISHED
    assert 21.0 <= morn.clock.elapsed < 22.0


class Steps:
    """A clock that goes on by a fiftieth of a second each time it is looked at."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.taken = clock, 0

    def __call__(self) -> float:
        self.taken += 1
        self.clock.advance(0.02)
        return self.clock.monotonic()


async def test_a_stop_past_the_end_closes_at_once(morn: Morn) -> None:
    app = morn.app(a_list(left_s=90.0))
    async with opened(app) as pilot:
        await pass_time(app, pilot, morn.clock, 200.0)
    assert app.return_value is Outcome.COFFEE_FINISHED
    assert sum(morn.charged) == 90.0


async def test_the_card_sums_up_and_its_paper_can_still_be_judged(morn: Morn) -> None:
    app = morn.app(a_list(left_s=120.0))
    async with opened(app) as pilot:
        await pilot.press("s", "x", "s")
        await pass_time(app, pilot, morn.clock, 120.0)
        assert "7 shown 2 kept 1 dismissed 2:00" in words(app)
        assert TITLES[0] in text(app)
        assert TITLES[2] in text(app)
        assert f"last {TITLES[3]}" in words(app)
        await pass_time(app, pilot, morn.clock, 15.0)
        await pilot.press("s")
        assert "3 kept" in text(app)
        assert text(app).count(TITLES[3]) == 1, "not among the kept ones too"
        assert "s keep \u2713 x dismiss" in words(app)
        await pilot.press("x")
        assert "s keep x dismiss \u00d7" in words(app)
        await pilot.press("u", "j")
        assert morn.kinds()[-1] == ("04", "keep"), "changed on the card, and taken back there"
        await pass_time(app, pilot, morn.clock, 15.0)
        assert app.return_value is None, "a key is not nothing"
        await pilot.press("enter")
    assert app.return_value is Outcome.COFFEE_FINISHED


async def test_judging_everything_leaves_the_rest_for_drinking(morn: Morn) -> None:
    app = morn.app(a_list(PAPERS[:2]))
    async with opened(app) as pilot:
        await pass_time(app, pilot, morn.clock, 120.0)
        await pilot.press("s", "x")
        assert "10 min left: enjoy the coffee" in text(app)
        await pilot.press("u")
        assert isinstance(app.screen, Morning), "the last verdict can be taken back"
        await pilot.press("x")
        assert isinstance(app.screen, Card)
        await pass_time(app, pilot, morn.clock, 20.0)
    assert app.return_value is Outcome.LIST_FINISHED
    assert sum(morn.charged) == pytest.approx(140.0)


async def test_a_list_that_was_judged_before_costs_nothing(morn: Morn) -> None:
    for scored in PAPERS[:2]:
        morn.record(Verdict(scored.paper.id, "keep", morn.clock.now()))
    app = morn.app(a_list(PAPERS[:2]))
    async with opened(app) as pilot:
        await pass_time(app, pilot, morn.clock, 20.0)
    assert app.return_value is Outcome.LIST_FINISHED
    assert morn.charged == []


async def test_five_minutes_of_nothing_close_the_session(morn: Morn) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        await pass_time(app, pilot, morn.clock, 299.0)
        await pilot.press("j")
        await pass_time(app, pilot, morn.clock, 299.0)
        assert app.return_value is None
        await pass_time(app, pilot, morn.clock, 1.0)
    assert app.return_value is Outcome.IDLE


async def test_the_meter_is_paid_ahead_and_settled_at_the_end(morn: Morn) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        assert morn.charged == [5.0], "the first paint pays for the first heartbeat"
        await pass_time(app, pilot, morn.clock, 7.0)
        assert morn.charged == [5.0, 5.0]
        await pilot.press("q")
    assert sum(morn.charged) == pytest.approx(7.0)


async def test_a_ledger_that_cannot_be_written_does_not_end_the_session(morn: Morn) -> None:
    session = morn.session()

    def charge(seconds: float) -> None:
        raise TryLater("the database is locked: close the other triage")

    broken = Session(**{**vars(session), "meter": Meter(session.countdown, charge)})
    app = CoffeeApp(broken, tick_s=3600)
    async with opened(app) as pilot:
        await pass_time(app, pilot, morn.clock, 6.0)
        assert "locked" in spoken(app)
        await pilot.press("q")
    assert app.return_value is Outcome.CLOSED
    assert "locked" in app.complaint


async def test_the_cup_changes_once_at_four_fifths(morn: Morn) -> None:
    app = morn.app()
    async with opened(app, notifications=True) as pilot:
        await pass_time(app, pilot, morn.clock, 290.0)
        await pilot.press("j")
        await pass_time(app, pilot, morn.clock, 280.0)
        cup = app.screen.query_one(Cup)
        assert cup.told == f"{UNICODE.cup} 3 min"
        await pass_time(app, pilot, morn.clock, 6.0)
        assert cup.told.startswith(UNICODE.dregs)
        assert cup.has_class("-low")
        assert len(app._notifications) == 1
        await pass_time(app, pilot, morn.clock, 6.0)
        assert len(app._notifications) == 1


async def test_a_tick_that_changes_nothing_draws_nothing(morn: Morn) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        cup = app.screen.query_one(Cup)
        await pass_time(app, pilot, morn.clock, 1.0)
        drawn = cup.content
        await pass_time(app, pilot, morn.clock, 1.0)
        assert cup.content is drawn


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(900, "15 min"), (899, "15 min"), (121, "2 min"), (120, "2 min"), (119.2, "2:00"), (61, "1:01"), (0.2, "0:01")],
)
def test_the_cup_counts_seconds_only_below_two_minutes(seconds: float, said: str) -> None:
    assert phrases.left(seconds) == said


@pytest.mark.parametrize(("key", "code"), [("ctrl+c", 130), ("ctrl+q", 0)])
@pytest.mark.parametrize("state", ["j", "question_mark", "ctrl+p"])
async def test_quitting_works_from_everywhere(morn: Morn, key: str, code: int, state: str) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        await pilot.press(state, key)
    assert app.return_value is Outcome.CLOSED
    assert app.return_code == code
    assert sum(morn.charged) == 0


async def test_a_signal_can_close_it_with_its_own_code(morn: Morn) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        app.finish(Outcome.CLOSED, 143)
        app.finish()
        await pilot.pause()
    assert (app.return_value, app.return_code) == (Outcome.CLOSED, 143)


# -- the coffee line --------------------------------------------------------------------------------------------------


def test_the_coffee_line_follows_the_time_left() -> None:
    desk = Desk(PAPERS[:5])
    assert desk.fitting(400.0) == 5
    assert desk.fitting(212.0) == 3, "85 % of 212 s hold three minutes"
    assert desk.fitting(10.0) == 0
    desk.note(Verdict("9912.00001", "dismiss", Clock().now()))
    assert desk.fitting(212.0) == 4, "what is judged costs nothing more"


async def test_rows_below_the_line_are_dim_and_nothing_is_reordered(morn: Morn) -> None:
    app = morn.app()
    async with opened(app, size=(120, 40)) as pilot:
        rows = app.screen.query_one(PaperList)
        assert rows.line is None
        before = [line for line in lines(app) if " min" in line]
        await pilot.press("j")
        await pass_time(app, pilot, morn.clock, 290.0)
        await pilot.press("k")
        await pass_time(app, pilot, morn.clock, 200.0)
        assert rows.line == 3
        assert "your coffee reaches to here" in lines(app)[2 + 3]
        after = [line for line in lines(app) if " min" in line]
        assert [line[3:40] for line in after] == [line[3:40] for line in before]
        faint = Color.parse(THEMES["dark"].variables["faint"]).rich_color
        dim = [any(part.style.color == faint for part in rows.render_line(y) if part.style) for y in (1, 2, 4, 7)]
        assert dim == [False, False, True, True]


# -- the background ---------------------------------------------------------------------------------------------------


class Refresh:
    """A refresh in the background whose state the test sets."""

    def __init__(self, line: str = "fetching cs.LG+cs.CL") -> None:
        self.progress = Progress(line, "running")
        self.asked = 0

    def __call__(self) -> Progress:
        self.asked += 1
        return self.progress


async def test_waiting_for_the_first_list_costs_nothing(morn: Morn) -> None:
    refresh = Refresh("embedding [98/247]")
    app = morn.app(a_list(()), refresh=refresh, reload=lambda: a_list(PAPERS[:3]))
    async with opened(app) as pilot:
        await pass_time(app, pilot, morn.clock, 2.0)
        assert "embedding [98/247]" in text(app)
        await pass_time(app, pilot, morn.clock, 0.5)
        assert refresh.asked == 1, "asked once a second, not at each tick"
        await pass_time(app, pilot, morn.clock, 100.0)
        assert morn.charged == []
        refresh.progress = Progress("", "done")
        await pass_time(app, pilot, morn.clock, 1.0)
        assert TITLES[2] in text(app)
        assert "3 for you" in lines(app)[0]
        await pass_time(app, pilot, morn.clock, 9.0)
        await pilot.press("q")
    assert sum(morn.charged) == pytest.approx(9.0)


async def test_a_first_list_is_not_kept_waiting_for_the_careful_one(morn: Morn) -> None:
    refresh = Refresh("ranking 2026-11-20 0/40")
    lists = [a_list(PAPERS[:2]), replace(a_list((PAPERS[2], *PAPERS[:2])), ranker_version="careful")]
    app = morn.app(a_list(()), refresh=refresh, reload=lambda: lists.pop(0))
    async with opened(app) as pilot:
        await pass_time(app, pilot, morn.clock, 5.0)
        assert len(lists) == 2
        refresh.progress = Progress("asking page counts 0/40", "running", listed=True)
        await pass_time(app, pilot, morn.clock, 5.0)
        assert "2 for you" in lines(app)[0]
        assert len(lists) == 1, "it is read once, and again at the end"
        assert "asking page counts" in spoken(app)
        refresh.progress = Progress("", "done")
        await pass_time(app, pilot, morn.clock, 1.0)
        assert TITLES[2] not in text(app), "nothing moves under the reader's cursor"
        assert "press R" in spoken(app)
        await pilot.press("R")
        assert TITLES[2] in text(app)
        await pilot.press("q")


async def test_an_early_list_without_papers_is_no_reason_to_stop_waiting(morn: Morn) -> None:
    refresh, lists = Refresh(), [a_list(()), a_list(PAPERS[:3])]
    app = morn.app(a_list(()), refresh=refresh, reload=lambda: lists.pop(0))
    async with opened(app) as pilot:
        refresh.progress = Progress("embedding all-MiniLM-L6-v2 0/200", "running", listed=True)
        await pass_time(app, pilot, morn.clock, 5.0)
        assert "embedding all-MiniLM-L6-v2 0/200" in text(app)
        refresh.progress = Progress("", "done")
        await pass_time(app, pilot, morn.clock, 1.0)
        assert TITLES[2] in text(app)
        await pilot.press("q")


async def test_the_wait_ends_after_three_minutes_with_what_there_is(morn: Morn) -> None:
    app = morn.app(a_list((), state="stale"), refresh=Refresh())
    async with opened(app) as pilot:
        await pass_time(app, pilot, morn.clock, 179.0)
        assert "Getting today's papers" in text(app)
        await pass_time(app, pilot, morn.clock, 1.0)
        assert "not published today" in text(app)
        await pilot.press("q")
    assert app.return_value is Outcome.NOTHING
    assert morn.charged == []


async def test_a_late_batch_that_a_later_look_finds_is_offered(morn: Morn) -> None:
    """Nothing is under way as the session opens; the look that begins later is heard, and so is the one after it."""
    refresh, lists = Refresh(), [a_list((), state="stale", notes=("looked at 06:10, 06:40",)), a_list(PAPERS[:3])]
    refresh.progress = Progress("", "done")
    opening = a_list((), state="stale", notes=("looked at 06:10",))
    app = morn.app(opening, refresh=refresh, refreshing=False, reload=lambda: lists.pop(0))
    async with opened(app) as pilot:
        await pass_time(app, pilot, morn.clock, 5.0)
        assert "looked at 06:10" in text(app)
        assert len(lists) == 2, "nothing is read again before a look has ended"
        for state in ("failed", "done"):
            refresh.progress = Progress("fetching cs.LG", "running")
            await pass_time(app, pilot, morn.clock, 1.0)
            assert "fetching cs.LG" in spoken(app)
            refresh.progress = Progress("the feed repeats known papers", state)
            await pass_time(app, pilot, morn.clock, 2.0)
            if state == "failed":
                assert "looked at 06:10, 06:40" in text(app)
                assert "the feed repeats known papers" in spoken(app)
        assert "3 newer papers ranked: press R" in spoken(app)
        await pilot.press("R")
        assert TITLES[2] in text(app)
        await pilot.press("q")
    assert lists == []


async def test_newer_papers_are_offered_and_never_pushed(morn: Morn) -> None:
    refresh = Refresh()
    newer = a_list((PAPERS[8], PAPERS[2], PAPERS[9], PAPERS[0]), left_out=(PAPERS[1], a_paper(50, "Left")))
    app = morn.app(a_list(PAPERS[:4]), refresh=refresh, reload=lambda: newer)
    async with opened(app) as pilot:
        await pilot.press("s", "j")
        await pass_time(app, pilot, morn.clock, 1.0)
        assert "fetching" in spoken(app)
        before = lines(app)[2:8]
        refresh.progress = Progress("", "done")
        await pass_time(app, pilot, morn.clock, 1.0)
        assert "3 newer papers ranked: press R" in lines(app)[-2]
        assert lines(app)[2:8] == before
        assert [listed.papers for listed in morn.shown] == [PAPERS[:4]], "what is only offered was not shown"
        await pilot.press("R")
        assert morn.shown[-1] is newer
        order = [scored.paper.id[-2:] for scored in app.desk.papers]
        assert order == ["01", "03", "09", "10"], "judged and current rows stay, the newer list follows"
        assert app.desk.current is PAPERS[2]
        assert spoken(app) == ""
        await pilot.press("R")
        assert "nothing newer" in spoken(app)


async def test_newer_papers_that_did_not_make_the_coffee_are_only_mentioned(morn: Morn) -> None:
    refresh = Refresh()
    refresh.progress = Progress("", "done")
    app = morn.app(a_list(PAPERS[:2]), refresh=refresh, reload=lambda: a_list(PAPERS[:2], left_out=PAPERS[2:5]))
    async with opened(app) as pilot:
        await pass_time(app, pilot, morn.clock, 1.0)
        assert "3 newer papers ranked, none for this coffee" in spoken(app)


@pytest.mark.parametrize(("version", "offered"), [("1", False), ("2", True)])
async def test_known_papers_are_offered_only_by_another_ranker(morn: Morn, version: str, offered: bool) -> None:
    refresh = Refresh()
    refresh.progress = Progress("", "done")
    newer = a_list((PAPERS[5],), ranker_version=version)
    app = morn.app(a_list(PAPERS[:2], left_out=PAPERS[2:6]), refresh=refresh, reload=lambda: newer)
    async with opened(app) as pilot:
        await pass_time(app, pilot, morn.clock, 1.0)
        assert ("refined: press R" in spoken(app)) == offered


async def test_a_refresh_that_fails_while_it_is_waited_for_shows_what_it_left(morn: Morn) -> None:
    failed = a_list((), state="failed", missing={"cs.LG": "no answer in 60 s"})
    refresh = Refresh()
    refresh.progress = Progress("rss.arxiv.org did not answer", "failed")
    app = morn.app(a_list(()), refresh=refresh, reload=lambda: failed)
    async with opened(app) as pilot:
        await pass_time(app, pilot, morn.clock, 1.0)
        assert "no answer in 60 s" in text(app)
        assert spoken(app) == "rss.arxiv.org did not answer"


async def test_a_list_judged_early_waits_for_the_papers_still_on_their_way(morn: Morn) -> None:
    refresh = Refresh()
    app = morn.app(a_list(PAPERS[:1]), refresh=refresh, reload=lambda: a_list(PAPERS[:1]))
    async with opened(app) as pilot:
        await pilot.press("s")
        assert isinstance(app.screen, Morning)
        assert "still being ranked" in spoken(app)
        refresh.progress = Progress("", "done")
        await pass_time(app, pilot, morn.clock, 1.0)
        assert isinstance(app.screen, Card)


@pytest.mark.parametrize("fault", [Progress("rss.arxiv.org did not answer", "failed"), None])
async def test_a_failed_refresh_is_one_calm_line(morn: Morn, fault: Progress | None) -> None:
    def refresh() -> Progress:
        if fault:
            return fault
        raise TryLater("rss.arxiv.org did not answer")

    app = morn.app(refresh=refresh)
    async with opened(app) as pilot:
        before = lines(app)[:-2]
        await pass_time(app, pilot, morn.clock, 1.0)
        assert spoken(app) == "rss.arxiv.org did not answer"
        assert lines(app)[:-2] == before


# -- mornings without a list ------------------------------------------------------------------------------------------

MORNINGS = {
    "nothing-worth-it": ("worth your coffee", a_list((), state="nothing-worth-it", left_out=PAPERS[:3])),
    "quiet": ("Nothing was announced", a_list((), state="quiet", announced=None)),
    "stale": ("not published today", a_list((), state="stale", notes=("looked at 06:10 and 06:40",))),
    "failed": ("could not be read", a_list((), state="failed", missing={"cs.LG": "no answer in 60 s"})),
}


@pytest.mark.parametrize("state", MORNINGS)
async def test_the_four_other_mornings_differ_and_cost_nothing(morn: Morn, state: str) -> None:
    app = morn.app(MORNINGS[state][1], next_announcement="The next one: Monday, 02:00 your time.")
    async with opened(app) as pilot:
        for name, (said, _) in MORNINGS.items():
            assert (said in text(app)) == (name == state)
        facts = {
            "nothing-worth-it": "none reaches your threshold",
            "quiet": "Monday, 02:00",
            "stale": "06:40",
            "failed": "60 s",
        }
        assert facts[state] in text(app)
        await pilot.press("s", "j", "o")
        await pass_time(app, pilot, morn.clock, 20.0)
        assert (app.return_value is Outcome.NOTHING) == (state == "nothing-worth-it")
        if state != "nothing-worth-it":
            await pilot.press("enter")
    assert app.return_value is Outcome.NOTHING
    assert morn.charged == []
    assert morn.verdicts == []


@pytest.mark.parametrize("state", MORNINGS)
@pytest.mark.parametrize("columns", [40, 60, 80, 120])
async def test_the_pages_of_these_mornings_keep_every_word(morn: Morn, state: str, columns: int) -> None:
    line = "The next announcement: Wednesday 30 September 2026, 02:00 your time, and not a minute before that."
    app = morn.app(MORNINGS[state][1], next_announcement=line, greeting=f"Yesterday you noted: {line}")
    async with opened(app, size=(columns, 24)) as pilot:
        await pilot.pause()
        said = " ".join(" ".join(text(app).split("\n")[1:-2]).split())
        assert (line in said) == (state != "failed")
        assert words(app).count("Yesterday you noted") == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"state": "stale"}, "not out yet: these are left from Fri 20 Nov 2026"),
        ({"state": "partial", "missing": {"cs.CL": "503"}}, "not read today: cs.CL: 503"),
        ({"state": "failed", "missing": {"cs.CL": "no answer"}}, "could not be read: cs.CL: no answer"),
        ({"state": "quiet"}, "nothing new was announced"),
    ],
)
async def test_a_list_that_is_not_the_whole_day_says_so(morn: Morn, given: dict[str, Any], said: str) -> None:
    app = morn.app(a_list(**given))
    async with opened(app, size=(100, 24)) as pilot:
        await pilot.pause()
        assert said in lines(app)[-2]
        if given["state"] == "failed":
            assert "no newer cs.CL" in lines(app)[0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"state": "stale", "missing": {"cs.LG": "late", "cs.CL": "late"}}, "· no newer cs.LG, no newer cs.CL ·"),
        ({"state": "failed", "missing": {"cs.CL": "no answer"}}, "· cs.LG (no newer cs.CL) ·"),
        ({"state": "partial", "missing": {"cs.CL": "not read: Tue 2026-11-17"}}, "· cs.LG (cs.CL incomplete) ·"),
        ({"state": "partial", "covers": {"cs.LG": FRIDAY}, "missing": {"cs.CL": "503"}}, "· cs.LG (no cs.CL) ·"),
        (
            {"covers": {"cs.LG": FRIDAY, "cs.CL": date(2026, 11, 19)}, "missing": {"cs.CL": "late"}},
            "· cs.LG (no cs.CL) ·",
        ),
        ({}, "· cs.LG cs.CL ·"),
    ],
)
def test_no_category_is_both_there_and_missing(given: dict[str, Any], said: str) -> None:
    assert said in phrases.headings(a_list(**given), 3)[1]


# -- layouts, signs, colours ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "shows_list", "shows_abstract"),
    [
        ((120, 40), True, True),
        ((100, 16), True, True),
        ((99, 24), True, True),
        ((60, 16), True, True),
        ((59, 24), True, False),
        ((120, 15), True, False),
        ((40, 12), True, False),
        ((39, 24), False, False),
        ((80, 11), False, False),
        ((20, 1), False, False),
    ],
)
async def test_the_layout_follows_the_size(
    morn: Morn, size: tuple[int, int], shows_list: bool, shows_abstract: bool
) -> None:
    app = morn.app()
    async with opened(app, size=size) as pilot:
        await pilot.pause()
        assert "12 min" in lines(app)[0]
        assert (TITLES[1][:12] in text(app)) == shows_list
        assert ("? help" in text(app)) == shows_list, "the way to the help is never cut off"
        assert ("9912.00001" in text(app)) == shows_abstract
        assert all(cell_len(line) <= size[0] for line in lines(app))


async def test_a_new_size_keeps_the_cursor_in_sight(morn: Morn) -> None:
    app = morn.app(a_list(PAPERS))
    async with opened(app, size=(120, 40)) as pilot:
        await pilot.press("G", "k")
        for size in ((60, 16), (45, 13), (30, 5), (80, 24), (120, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert app.desk.cursor == 8
            assert (TITLES[8][:20] in text(app)) == (size != (30, 5)), size


async def test_a_new_size_keeps_the_place_in_a_long_list_and_in_the_abstract(morn: Morn) -> None:
    papers = [a_paper(number, f"Title {number} of many") for number in range(1, 60)]
    app = morn.app(a_list(papers))
    async with opened(app, size=(120, 30)) as pilot:
        await pilot.press(*"j" * 40, *"k" * 5, "space")
        rows, pane = app.screen.query_one(PaperList), app.screen.query_one(AbstractPane)
        before, read, cursor = rows.scroll_offset.y, pane.scroll_offset.y, app.desk.cursor
        assert before > 0
        await pilot.resize_terminal(118, 30)
        await pilot.pause()
        assert (rows.scroll_offset.y, app.desk.cursor) == (before, cursor), "the rows do not jump"
        assert pane.scroll_offset.y == min(read, pane.max_scroll_y)
        for size in ((80, 24), (50, 14), (120, 30)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert f"Title {cursor + 1} of many" in text(app), size


async def test_help_and_palette_are_made_of_the_one_table(morn: Morn) -> None:
    names = [binding.id for binding in keys.BINDINGS]
    assert len(set(names)) == len(names)
    app = morn.app()
    async with opened(app, size=(100, 60)) as pilot:
        offered = {command.help for command in app.get_system_commands(app.screen)}
        assert offered >= {binding.tooltip for binding in keys.BINDINGS if binding.id != "command_palette"}
        await pilot.press("question_mark")
        for binding in keys.BINDINGS:
            assert binding.tooltip in text(app)
            assert keys.key_names(binding, UNICODE)[0] in text(app)
        for name in names:
            assert callable(getattr(app, f"action_{name}"))


async def test_an_action_of_the_palette_is_done(morn: Morn) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        await pilot.press("ctrl+p")
        await pilot.press(*"keep")
        await pilot.pause(0.3)
        await pilot.press("enter")
        await pilot.pause()
        assert morn.kinds() == [("01", "keep")]


@pytest.mark.parametrize("size", SIZES)
async def test_ascii_needs_no_other_sign(morn: Morn, size: tuple[int, int]) -> None:
    papers = [replace(one, why=('near "A title that is c\u2026"',)) for one in PAPERS]
    long = a_list(papers, left_out=(PAPERS[0],), notes=("not calibrated yet",))
    app = morn.app(long, ascii=True, explain=lambda scored, listed: scored.why)
    async with opened(app, size=size) as pilot:
        await pilot.press("s", "x", "o")
        await pass_time(app, pilot, morn.clock, 250.0)
        for key in ("j", "question_mark", "escape", "w", "escape", "enter"):
            await pilot.press(key)
            assert text(app).isascii(), (key, text(app))


def contrast(one: Color, other: Color) -> float:
    """WCAG 2: (lighter + 0.05) / (darker + 0.05) of the relative luminances."""

    def luminance(color: Color) -> float:
        parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in color.normalized]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["dark", "light"])
async def test_every_text_colour_of_every_theme_on_offer_can_be_read(morn: Morn, name: Any) -> None:
    app = morn.app(theme=name)
    assert set(app.available_themes) == {theme.name for theme in THEMES.values()}
    colours = app.theme_variables
    for ink in ("foreground", "faint", "accent", "warning"):
        for ground in ("background", "raised"):
            assert contrast(Color.parse(colours[ink]), Color.parse(colours[ground])) >= 4.5, (ink, ground)


async def test_the_theme_can_be_changed_from_the_palette(morn: Morn) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        next(one for one in app.get_system_commands(app.screen) if one.title == "Light or dark").callback()
        await pilot.pause()
        assert app.screen.styles.background == Color.parse(THEMES["light"].background or "")


# -- foreign text -----------------------------------------------------------------------------------------------------

HOSTILE = (
    "[bold]Loud[/bold] and [/] and [@click=app.quit]press[/]",
    "<script>alert(1)</script> & friends",
    "a \x1b[31mred\x1b[0m \x1b]0;title\x07 lie\x00",
    "稀疏注意力的代价:为什么加速器上没有加速而且标题很长很长很长很长很长很长很长很长很长",
    "Cafe\u0301 with combining marks and a 🌳",
    "x",
    "",
)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (45, 13)])
async def test_hostile_titles_are_shown_as_they_are_and_stay_in_line(morn: Morn, size: tuple[int, int]) -> None:
    app = morn.app(a_list([a_paper(number, title, why=(title,)) for number, title in enumerate(HOSTILE, 1)]))
    async with opened(app, size=size) as pilot:
        rows = app.screen.query_one(PaperList)
        for row in range(len(HOSTILE)):
            for width in (size[0], 40, 25):
                assert rows.row(row, width).cell_length == width
        assert "[bold]Loud[/bold]" in text(app)
        for _ in HOSTILE:
            assert "\x1b" not in text(app)
            await pilot.press("w")
            assert isinstance(app.screen, Why)
            await pilot.press("escape", "j")
        await pilot.press("g", *"s" * len(HOSTILE))
        assert isinstance(app.screen, Card)
        assert "[bold]Loud[/bold]" in text(app)
        assert "<script>" in text(app)
    assert app.return_value is None


async def test_a_paper_with_hardly_anything_known_is_still_a_page(morn: Morn) -> None:
    app = morn.app(a_list([ScoredPaper(Paper("9912.00001", "x", ""), 0.0, 1, slot="explore", probability=0.25)]))
    async with opened(app) as pilot:
        await pilot.pause()
        page = words(app)
        assert "There is no abstract" in page
        assert "explore: drawn by chance" in page
        assert "0.25" in page
        assert "None" not in page
        assert lines(app)[2].split()[:2] == [UNICODE.cursor + "?", "1"]


# -- laws and costs ---------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["keep", "dismiss", "open", "undo"])), max_size=60))
def test_marks_are_what_the_standing_verdicts_say(steps: list[tuple[int, Any]]) -> None:
    desk, standing, now = Desk(PAPERS[:5]), [], Clock().now()
    for row, kind in steps:
        if kind == "undo":
            if standing:
                desk.forget(standing.pop())
        else:
            standing.append(Verdict(PAPERS[row].paper.id, kind, now))
            desk.note(standing[-1])
    decided = {verdict.paper_id: verdict.kind for verdict in standing if verdict.kind != "open"}
    assert {one.paper.id: desk.mark(one.paper.id) for one in PAPERS[:5]} == {
        one.paper.id: decided.get(one.paper.id) for one in PAPERS[:5]
    }
    assert desk.done == (len(decided) == 5)
    desk.advance()
    assert desk.done or desk.mark(desk.papers[desk.cursor].paper.id) is None or len(decided) == 4


@given(st.lists(st.integers(0, 9), unique=True, max_size=8), st.integers(0, 4), st.sets(st.integers(0, 4)))
def test_a_newer_list_never_moves_the_paper_under_the_cursor(order: list[int], row: int, judged: set[int]) -> None:
    desk = Desk(PAPERS[:5], [Verdict(PAPERS[one].paper.id, "keep", Clock().now()) for one in judged])
    desk.jump(row)
    here = desk.current
    desk.take_in(PAPERS[one] for one in order)
    assert desk.current is here
    ids = [scored.paper.id for scored in desk.papers]
    assert len(ids) == len(set(ids))
    assert {PAPERS[one].paper.id for one in order} <= set(ids)


def test_the_session_loads_nothing_heavy() -> None:
    code = (
        "import sys, triage.tui; "
        "print([m for m in ('numpy', 'sklearn', 'torch', 'sqlite3', 'requests', 'arxiv') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# -- looks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "size", "theme"),
    [
        ("stacked", (80, 24), "dark"),
        ("wide", (120, 40), "light"),
        ("card", (60, 16), "dark"),
        ("narrow", (45, 13), "light"),
        ("search", (80, 24), "light"),
    ],
)
def test_it_looks_as_it_did(
    snap_compare: Callable[..., bool], morn: Morn, name: str, size: tuple[int, int], theme: Any
) -> None:
    papers = [
        a_paper(1, TITLES[0], why=("near “Paged attention” (kept 3 Nov)", "terms: kv cache, eviction")),
        *PAPERS[1:5],
        a_paper(6, TITLES[5], slot="adjacent"),
        a_paper(7, TITLES[6], slot="explore"),
    ]
    granted = {"rations": Rations(lambda: None, lambda: None, lambda: ""), "diary": Diary(str.strip)}
    app = morn.app(a_list(papers, left_out=PAPERS[7:], notes=("not calibrated yet (n = 7)",)), theme=theme, **granted)

    async def drink(pilot: Any) -> None:
        await pilot.press("j", "s", "x", "g")
        await pass_time(app, pilot, morn.clock, 290.0)
        await pilot.press(*(("slash", *"drafting") if name == "search" else "g"))
        await pass_time(app, pilot, morn.clock, 430.0 if name == "card" else 100.0)

    assert snap_compare(app, terminal_size=size, run_before=drink)
