"""Keys that come faster than the screen answers: each does what it would have done alone, or nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from conftest import Clock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_tui import PAPERS, Morn, a_list, opened, pass_time, spoken, typed
from textual import events

from triage.tui import Diary, Outcome, Progress, Rations
from triage.tui.card import Card
from triage.tui.editor import NoteSheet, Question
from triage.tui.keys import BINDINGS
from triage.tui.line import Line
from triage.tui.palette import Palette
from triage.tui.screens import Help, Morning
from triage.tui.widgets import PaperList

if TYPE_CHECKING:
    from triage.paper import Verdict


@pytest.fixture
def morn(clock: Clock) -> Morn:
    return Morn(clock)


# -- lines to write on ------------------------------------------------------------------------------------------------


async def test_what_is_typed_behind_the_key_of_the_search_are_words(morn: Morn) -> None:
    app = morn.app(a_list(PAPERS))
    async with opened(app) as pilot:
        typed(app, "slash", *"drudx", "backspace", "backspace", "backspace", *"aft")
        await pilot.pause()
        assert morn.verdicts == []
        assert spoken(app) == "1 of 2 with draft"
        assert app.desk.cursor == 1


@pytest.mark.parametrize("way_out", ["escape", "enter"])
async def test_a_search_that_is_left_at_once_leaves_the_keys_to_the_list(morn: Morn, way_out: str) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        typed(app, "slash", way_out)
        await pilot.pause()
        await pilot.press("j", "s")
        assert morn.kinds() == [("02", "keep")]


async def test_a_search_on_a_page_too_small_for_it_is_put_away(morn: Morn) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        await pilot.press("slash", "d")
        for size in ((30, 5), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        assert not app.screen.has_class("-searching"), "a line that shows gets the keys"


async def test_a_line_gets_its_keys_back_from_a_terminal_that_tells_only_when_it_is_left(morn: Morn) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        await pilot.press("slash", "d")
        app.post_message(events.AppBlur())
        await pilot.pause()
        await pilot.press("s")
        assert morn.verdicts == []
        assert app.screen.query_one("#search").value == "ds"


async def test_what_is_typed_behind_enter_is_no_part_of_the_line(morn: Morn) -> None:
    app = morn.app(a_list(PAPERS), diary=Diary(morn.copies.append))
    async with opened(app) as pilot:
        await pilot.press("t")
        typed(app, *"no", "enter", *"sx")
        await pilot.pause()
        assert ("9912.00001", "no") in [(one.paper_id, one.reason) for one in morn.verdicts]
        await pilot.press("slash")
        typed(app, *"draft", "enter", *"s")
        await pilot.pause()
        assert app.screen.query_one("#search").value == "draft"
        await pass_time(app, pilot, morn.clock, 720.0)
        await pilot.press("tab")
        typed(app, *"done", "enter", "s")
        app.post_message(events.Paste("pasted"))
        await pilot.pause()
        assert morn.copies[-1] == "done"


async def test_what_is_typed_behind_escape_is_no_part_of_the_note(morn: Morn) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        await pilot.press("e")
        typed(app, *"minx", "backspace", "d", "escape", *"sq")
        await pilot.pause()
        assert morn.notes == {"9912.00001": "mind"}


async def test_the_line_on_the_card_gets_what_is_typed_behind_tab(morn: Morn) -> None:
    app = morn.app(diary=Diary(morn.copies.append))
    async with opened(app) as pilot:
        await pass_time(app, pilot, morn.clock, 720.0)
        typed(app, "tab", *"used")
        await pilot.pause()
        assert morn.verdicts == []
        assert morn.copies[-1] == "used"


@pytest.mark.parametrize("key", ["ctrl+c", "ctrl+q"])
async def test_the_words_before_an_interrupt_are_kept(morn: Morn, key: str) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        await pilot.press("e")
        typed(app, *"mind", key)
        await pilot.pause()
    assert morn.notes == {"9912.00001": "mind"}
    fresh = Morn(Clock())
    app = fresh.app(diary=Diary(fresh.copies.append))
    async with opened(app) as pilot:
        await pass_time(app, pilot, fresh.clock, 720.0)
        await pilot.press("tab")
        typed(app, *"mind", key)
        await pilot.pause()
    assert fresh.copies[-1:] == ["mind"]
    assert app.return_code == (130 if key == "ctrl+c" else 0)


@pytest.mark.parametrize("line", ["slash", "t", "e", "ctrl+p"])
async def test_letters_for_a_line_that_the_end_took_away_judge_and_close_nothing(morn: Morn, line: str) -> None:
    app = morn.app(a_list(left_s=90.0))
    async with opened(app) as pilot:
        await pilot.press("j", "s", line, "s")
        await pass_time(app, pilot, morn.clock, 90.0)
        if line == "e":
            await pass_time(app, pilot, morn.clock, 60.0)  # what a note gets
        assert isinstance(app.screen, Card)
        for letters in ("us", "dq"):
            await pilot.press(*letters, "enter", "escape")
            morn.clock.advance(1.5)
        assert morn.kinds() == [("02", "keep")]
        assert app.return_value is None
        await pass_time(app, pilot, morn.clock, 0.6)
        await pilot.press("s")
        assert morn.kinds() == [("02", "keep"), ("03", "keep")]
        await pilot.press("enter")
    assert app.return_value is Outcome.COFFEE_FINISHED


async def test_another_card_goes_on_with_the_line_that_was_written(morn: Morn) -> None:
    app = morn.app(a_list(PAPERS[:1]), diary=Diary(morn.copies.append, "before"))
    async with opened(app) as pilot:
        await pilot.press("s", "tab", "1", "enter", "u", "s", "tab", "2")
        assert morn.copies == ["before1", "before12"]


# -- sheets -----------------------------------------------------------------------------------------------------------


async def test_a_sheet_is_scrolled_only_once_it_is_there(morn: Morn) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        for lay in (app.action_help, app.action_why):
            lay()
            app.action_next_paper()
            app.action_page_on()
            await pilot.pause()
            assert app.desk.cursor == 0
            await pilot.press("escape")
        typed(app, "w", *"jG", "escape", *"js")
        await pilot.pause()
        assert morn.kinds() == [("02", "keep")]


async def test_a_reason_is_for_the_paper_that_was_asked_about(morn: Morn) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        await pilot.press("t")
        assert isinstance(app.screen, Question)
        app.post_message(PaperList.Picked(3))  # a click that was on its way
        await pilot.press(*"no", "enter")
        assert morn.kinds() == [("01", "dismiss")]


async def test_an_answer_that_comes_after_the_end_is_none(morn: Morn) -> None:
    app = morn.app(a_list(left_s=90.0))
    async with opened(app) as pilot:
        await pilot.press("t", "n", "o")
        await app.screen.query_one(Line).action_submit()
        await pass_time(app, pilot, morn.clock, 90.0)
        assert isinstance(app.screen, Card), "it is not taken away with its answer"
        assert morn.verdicts == []


async def test_the_palette_may_go_before_it_is_there(morn: Morn) -> None:
    app = morn.app(a_list(left_s=90.0))
    async with opened(app) as pilot:
        typed(app, "ctrl+p", *["escape"] * 5)
        await pilot.pause()
        await pilot.press("escape")
        assert isinstance(app.screen, Morning)
        app.action_command_palette()
        await app.on_event(events.Key("down", None))
        await pilot.pause()
        for _ in range(2):  # above the palette
            app.screen.post_message(events.Click(app.screen, 1, 1, 0, 0, 1, False, False, False, 1, 1))
        await pilot.pause()
        assert isinstance(app.screen, Morning)
        morn.clock.advance(90.0)
        app.action_command_palette()
        app.tick()
        await pilot.pause()
        assert isinstance(app.screen, Card)


@pytest.mark.parametrize("key", ["ctrl+c", "ctrl+q"])
async def test_a_palette_that_lost_the_keys_can_be_left(morn: Morn, key: str) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        await pilot.press("ctrl+p")
        app.screen.set_focus(None)
        await pilot.press(key)
    assert app.return_code == (130 if key == "ctrl+c" else 0)
    assert app.return_value is Outcome.CLOSED


async def test_two_enters_take_one_command_from_the_palette(morn: Morn) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        await pilot.press("ctrl+p", *"keep")
        await pilot.pause(0.3)
        typed(app, "enter", "enter", "enter")
        await pilot.pause()
        assert morn.kinds() == [("01", "keep")]
        assert isinstance(app.screen, Morning)


async def test_words_that_name_no_command_run_none(morn: Morn) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause(0.3)
        typed(app, *"zzz", "enter")
        await pilot.pause(0.3)
        assert isinstance(app.screen, Palette), "Enter took the first command of those shown before the words came"


async def test_tab_puts_the_first_card_away_and_ctrl_c_stops_on_it(morn: Morn) -> None:
    app = morn.app(first=True)
    async with opened(app) as pilot:
        await pilot.press("tab")
        assert isinstance(app.screen, Morning)
    app = morn.app(first=True)
    async with opened(app) as pilot:
        await pilot.press("ctrl+c")
    assert app.return_code == 130


async def test_keys_that_mean_nothing_on_the_card_are_not_kept_for_the_list(morn: Morn) -> None:
    app = morn.app(a_list(PAPERS[:3]))
    async with opened(app) as pilot:
        await pilot.press("s", "s", "s")
        typed(app, *"kku")
        await pilot.pause()
        assert app.desk.cursor == 2


async def test_the_help_comes_and_goes_with_each_key(morn: Morn) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        typed(app, *["question_mark"] * 5)
        await pilot.pause()
        assert isinstance(app.screen, Help)
        typed(app, "question_mark", "e", *["question_mark"] * 3)
        await pilot.pause()
        assert isinstance(app.screen, NoteSheet)


# -- the end ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["q", "ctrl+q", "ctrl+c"])
async def test_nothing_is_done_after_the_end(morn: Morn, end: str) -> None:
    done: list[str] = []
    rations = Rations(lambda: done.append("pause"), lambda: None, lambda: "")
    app = morn.app(a_list(left_out=PAPERS[7:]), rations=rations)
    async with opened(app) as pilot:
        typed(app, end, *"pszou", "ctrl+p", "E")
        await pilot.pause()
    assert (morn.verdicts, morn.links, done, len(morn.shown)) == ([], [], [], 1)
    assert app.return_code == (130 if end == "ctrl+c" else 0)


async def test_a_list_that_is_left_before_it_is_painted_costs_nothing(morn: Morn) -> None:
    told: dict[str, Any] = {"refresh": lambda: Progress("", "done"), "reload": a_list}
    app = morn.app(a_list((), state="quiet"), **told)
    async with opened(app) as pilot:
        morn.clock.advance(2.0)
        app.tick()
        assert app.desk.papers
        app.finish()
        await pilot.pause()
    assert morn.charged == []


# -- whatever is typed ------------------------------------------------------------------------------------------------

KEYS = [key for one in BINDINGS for key in one.key.split(",") if one.id not in ("interrupt", "quit")]
LINES = ["slash", "t", "e", "ctrl+p", "tab", "question_mark", "w", "enter", "escape", "enter", "escape"]


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.lists(st.sampled_from([*KEYS, *LINES, *"abcdefhilrv"]), min_size=2, max_size=12), max_size=4),
    st.sampled_from(["list", "first", "nothing", "card"]),
)
def test_no_burst_of_keys_ends_it_or_judges_what_is_not_under_the_cursor(bursts: list[list[str]], kind: str) -> None:
    morn = Morn(Clock())
    wrong: list[str] = []

    def record(verdict: Verdict) -> None:
        here = app.screen.subject if isinstance(app.screen, Card) else app.desk.current
        if here is None or here.paper.id != verdict.paper_id or getattr(app.screen, "writing", False):
            wrong.append(f"{verdict.kind} of {verdict.paper_id} on {app.screen}")
        morn.record(verdict)

    async def press(pilot: Any) -> None:
        await pilot.pause()
        if kind == "card":
            await pass_time(app, pilot, morn.clock, 720.0)
        for burst in bursts:
            typed(app, *burst)
            await pilot.pause()
            if app.return_code is not None:
                return
            await pass_time(app, pilot, morn.clock, 0.6)
        typed(app, "ctrl+q")

    granted = {"rations": Rations(lambda: None, lambda: None, lambda: ""), "diary": Diary(morn.copies.append)}
    papers, state = ((), "nothing-worth-it") if kind == "nothing" else (PAPERS[:3], "ready")
    today = a_list(papers, state=state, left_out=PAPERS[7:])
    app = morn.app(today, record=record, first=kind == "first", **granted)
    asyncio.run(asyncio.wait_for(app.run_async(headless=True, size=(60, 16), auto_pilot=press), 60))
    countdown = app._session.countdown
    assert (app.return_code, wrong) == (0, [])
    assert sum(morn.charged) == pytest.approx(min(countdown.elapsed(), countdown.left_s) if countdown.started else 0.0)
