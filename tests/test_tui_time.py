"""The session's time, driven by Pilot: pause, refill, sleep, idleness, the notebook, the dwell clock, first passes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from test_tui import PAPERS, SIZES, Morn, a_list, lines, opened, pass_time, spoken, text, words
from textual import events

from triage.budget import learn
from triage.config import KeyChoice
from triage.errors import TryLater
from triage.paper import Estimate
from triage.tui import Diary, Outcome, Rations
from triage.tui.breaks import Pause
from triage.tui.card import Card
from triage.tui.editor import NoteSheet
from triage.tui.screens import Morning

if TYPE_CHECKING:
    from conftest import Clock

    from triage.paper import Dwell


@dataclass
class Day:
    """What the ledger grants, kept in memory: one pause, and as many refills as the test says."""

    refills: int = 1
    pauses: int = 1
    written: list[str] = field(default_factory=list)

    def pause(self) -> None:
        if not self.pauses:
            raise TryLater("today's pause is used")
        self.pauses -= 1

    def refill(self) -> None:
        if not self.refills:
            raise TryLater("today's refill is drunk")
        self.refills -= 1

    def no_refill(self) -> str:
        return "" if self.refills else "today's refill is drunk"

    @property
    def granted(self) -> dict[str, Any]:
        return {
            "rations": Rations(self.pause, self.refill, self.no_refill),
            "diary": Diary(self.written.append),
            "greeting": "Yesterday you noted: ask [bold]Ada[/bold]",
        }


@pytest.fixture
def morn(clock: Clock) -> Morn:
    return Morn(clock)


@pytest.fixture
def day() -> Day:
    return Day()


async def keep_busy(app: Any, pilot: Any, clock: Clock, seconds: float) -> None:
    """Let time pass with a key that changes nothing now and then."""
    while seconds > 0:
        step = min(seconds, 250.0)
        await pilot.press("g")
        await pass_time(app, pilot, clock, step)
        seconds -= step


# -- pause ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("key", ["p", "escape", "enter", "q"])
async def test_a_pause_stops_the_clock_and_covers_the_papers(
    morn: Morn, day: Day, size: tuple[int, int], key: str
) -> None:
    app = morn.app(**day.granted)
    async with opened(app, size=size) as pilot:
        await pass_time(app, pilot, morn.clock, 10.0)
        await pilot.press("p")
        assert isinstance(app.screen, Pause)
        assert PAPERS[0].paper.title not in text(app)
        assert "runs on in 5 min" in text(app)
        await pass_time(app, pilot, morn.clock, 200.0)
        assert "runs on in 1:40" in text(app)
        await pilot.press(key)
        assert isinstance(app.screen, Morning)
        await pass_time(app, pilot, morn.clock, 5.0)
        await pilot.press("p")
        assert "pause is used" in spoken(app)
        await pilot.press("q")
    assert app.return_value is Outcome.CLOSED
    assert sum(morn.charged) == pytest.approx(15.0)


async def test_a_pause_ends_by_itself_and_then_time_is_charged(morn: Morn, day: Day) -> None:
    app = morn.app(**day.granted)
    async with opened(app) as pilot:
        await pilot.press("p")
        await pass_time(app, pilot, morn.clock, 299.9)
        assert isinstance(app.screen, Pause)
        await pass_time(app, pilot, morn.clock, 10.1)
        assert isinstance(app.screen, Morning)
        await pilot.press("q")
    assert sum(morn.charged) == pytest.approx(10.0)


async def test_a_pause_can_be_left_with_ctrl_c(morn: Morn, day: Day) -> None:
    app = morn.app(**day.granted)
    async with opened(app) as pilot:
        await pilot.press("p", "ctrl+c")
    assert (app.return_value, app.return_code) == (Outcome.CLOSED, 130)


# -- refill -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [*SIZES, (60, 16), (50, 20)])
async def test_the_card_that_offers_a_refill_shows_its_seconds_in_full(
    morn: Morn, day: Day, size: tuple[int, int]
) -> None:
    app = morn.app(a_list(left_s=60.0), **day.granted)
    async with opened(app, size=size) as pilot:
        await pass_time(app, pilot, morn.clock, 60.0)
        assert "five more" in words(app)
        assert "ends in 20 s" in words(app)


async def test_the_card_and_the_pause_name_the_keys_that_were_chosen(morn: Morn, day: Day) -> None:
    letters = {"keep": "a", "dismiss": "b", "pause": "P", "refill": "f"}
    chosen = {action: KeyChoice((letter,), "config.toml:3:1") for action, letter in letters.items()}
    app = morn.app(a_list(left_s=60.0), keys=chosen, **day.granted)
    async with opened(app) as pilot:
        await pilot.press("P")
        assert "or with P." in words(app)
        await pilot.press("P")
        await pass_time(app, pilot, morn.clock, 60.0)
        assert words(app).count("a keep b dismiss") == 2, "in the footer, and on the card"
        assert "f five more" in words(app)


@pytest.mark.parametrize("size", [*SIZES, (60, 16), (60, 13)])
async def test_the_ways_out_of_the_card_stay_in_sight_whatever_was_kept(
    morn: Morn, day: Day, size: tuple[int, int]
) -> None:
    app = morn.app(a_list(PAPERS, left_s=60.0), **day.granted)
    async with opened(app, size=size) as pilot:
        await pilot.press(*"sssssssss")
        await pass_time(app, pilot, morn.clock, 60.0)
        assert "9 kept" in words(app)
        assert "ends in 20 s" in words(app)
        await pilot.resize_terminal(60, 17)
        await pilot.pause()
        assert "ends in 20 s" in words(app)


async def test_a_refill_comes_after_ten_seconds_and_lasts_five_minutes(morn: Morn, day: Day) -> None:
    app = morn.app(a_list(left_s=60.0), **day.granted)
    async with opened(app) as pilot:
        await pilot.press("s")
        await pass_time(app, pilot, morn.clock, 60.0)
        assert "+ five more (once today)" in words(app)
        await pass_time(app, pilot, morn.clock, 15.0)
        await pilot.press("+")
        await pass_time(app, pilot, morn.clock, 9.0)
        assert "five more minutes in 1 s" in words(app)
        assert day.refills == 1
        await pass_time(app, pilot, morn.clock, 1.0)
        assert day.refills == 0
        assert isinstance(app.screen, Morning)
        assert app.desk.current is PAPERS[1]
        assert "5 min" in lines(app)[0]
        await keep_busy(app, pilot, morn.clock, 299.0)
        assert isinstance(app.screen, Morning)
        await pass_time(app, pilot, morn.clock, 1.0)
        assert isinstance(app.screen, Card)
        assert "five more" not in text(app)
        await pilot.press("+")
        await pass_time(app, pilot, morn.clock, 20.0)
    assert app.return_value is Outcome.COFFEE_FINISHED
    assert sum(morn.charged) == pytest.approx(360.0)


@pytest.mark.parametrize("key", ["escape", "enter"])
async def test_a_refill_can_be_taken_back_while_it_is_waited_for(morn: Morn, day: Day, key: str) -> None:
    app = morn.app(a_list(left_s=60.0), **day.granted)
    async with opened(app) as pilot:
        await pass_time(app, pilot, morn.clock, 60.0)
        await pilot.press("+")
        await pass_time(app, pilot, morn.clock, 9.5)
        await pilot.press(key)
        assert app.return_value is None
        await pass_time(app, pilot, morn.clock, 20.0)
    assert app.return_value is Outcome.COFFEE_FINISHED
    assert day.refills == 1


async def test_a_refill_that_the_ledger_refuses_after_all_is_none(morn: Morn, day: Day) -> None:
    app = morn.app(a_list(left_s=60.0), **day.granted)
    async with opened(app) as pilot:
        await pass_time(app, pilot, morn.clock, 60.0)
        await pilot.press("+")
        day.refills = 0  # another terminal was faster
        await pass_time(app, pilot, morn.clock, 10.0)
        assert isinstance(app.screen, Card)
        await pass_time(app, pilot, morn.clock, 20.0)
    assert app.return_value is Outcome.COFFEE_FINISHED
    assert sum(morn.charged) == pytest.approx(60.0)


async def test_a_list_that_was_judged_early_offers_no_refill(morn: Morn, day: Day) -> None:
    app = morn.app(a_list(PAPERS[:1]), **day.granted)
    async with opened(app) as pilot:
        await pilot.press("s")
        assert "five more" not in text(app)
        await pilot.press("+")
        await pass_time(app, pilot, morn.clock, 15.0)
        assert isinstance(app.screen, Card)
    assert day.refills == 1


# -- sleep and idleness -----------------------------------------------------------------------------------------------


@dataclass
class Asleep:
    """A clock of the machine's sleep, moved by hand."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.parametrize("slept_s", [8 * 3600, 30.5])
@pytest.mark.parametrize("paused", [False, True])
async def test_sleep_ends_the_session_and_is_not_charged(morn: Morn, day: Day, paused: bool, slept_s: float) -> None:
    asleep = Asleep()
    app = morn.app(asleep=asleep, **day.granted)
    async with opened(app) as pilot:
        await pass_time(app, pilot, morn.clock, 20.0)
        if paused:
            await pilot.press("p")
        asleep.seconds += slept_s
        await pass_time(app, pilot, morn.clock, 0.5)
    assert app.return_value is Outcome.ASLEEP
    assert sum(morn.charged) == pytest.approx(20.0 if paused else 20.5)


async def test_clocks_that_drift_a_little_are_no_sleep(morn: Morn) -> None:
    asleep = Asleep()
    app = morn.app(asleep=asleep)
    async with opened(app) as pilot:
        for _ in range(5):
            asleep.seconds += 29.5
            await pass_time(app, pilot, morn.clock, 0.5)
        assert app.return_value is None


async def test_sleep_before_the_first_list_or_on_the_card_ends_nothing(morn: Morn) -> None:
    asleep = Asleep()
    app = morn.app(a_list(left_s=60.0), asleep=asleep)
    async with opened(app) as pilot:
        await pass_time(app, pilot, morn.clock, 60.0)
        asleep.seconds += 3600
        await pass_time(app, pilot, morn.clock, 1.0)
        assert isinstance(app.screen, Card)
        await pilot.press("enter")
    assert app.return_value is Outcome.COFFEE_FINISHED


async def test_an_idle_close_charges_the_time_the_paper_should_have_taken(morn: Morn) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        await pass_time(app, pilot, morn.clock, 40.0)
        await pilot.press("j")
        await pass_time(app, pilot, morn.clock, 300.0)
    assert app.return_value is Outcome.IDLE
    expected = 2 + 140 * 0.30  # the abstract of twenty times seven words
    assert sum(morn.charged) == pytest.approx(40 + expected)


async def test_idleness_never_stretches_the_coffee(morn: Morn) -> None:
    app = morn.app(a_list(left_s=120.0))
    async with opened(app) as pilot:
        await pass_time(app, pilot, morn.clock, 120.0)
        assert isinstance(app.screen, Card)
        await pass_time(app, pilot, morn.clock, 20.0)
    assert app.return_value is Outcome.COFFEE_FINISHED
    assert sum(morn.charged) == pytest.approx(120.0)


# -- the notebook -----------------------------------------------------------------------------------------------------


async def test_yesterdays_line_greets_once(morn: Morn, day: Day) -> None:
    app = morn.app(**day.granted)
    async with opened(app) as pilot:
        assert spoken(app) == "Yesterday you noted: ask [bold]Ada[/bold]"
        await pilot.press("j")
        assert spoken(app) == ""
    empty = morn.app(a_list((), state="nothing-worth-it", left_out=PAPERS[:3]), **day.granted)
    async with opened(empty) as pilot:
        assert "Yesterday you noted: ask [bold]Ada[/bold]" in text(empty)


@pytest.mark.parametrize("size", SIZES)
async def test_each_key_of_the_notebooks_line_is_committed(morn: Morn, day: Day, size: tuple[int, int]) -> None:
    app = morn.app(a_list(left_s=60.0), **day.granted)
    async with opened(app, size=size) as pilot:
        await pass_time(app, pilot, morn.clock, 60.0)
        await pilot.press("tab", "s", "o", "+", "q")
        assert day.written == ["s", "so", "so+", "so+q"]
        assert morn.verdicts == []
        await pass_time(app, pilot, morn.clock, 15.0)
        await pilot.press("x")
        await pass_time(app, pilot, morn.clock, 15.0)
        assert app.return_value is None, "writing is not nothing"
        await pilot.press("enter")
        assert app.return_value is None, "Enter ends the line first"
        await pilot.press("s", "enter")
    assert app.return_value is Outcome.COFFEE_FINISHED
    assert day.written[-1] == "so+qx"
    assert morn.kinds() == [("01", "keep")], "with the pen down s keeps again"


async def test_a_line_half_written_is_kept_when_the_card_closes_itself(morn: Morn, day: Day) -> None:
    app = morn.app(a_list(left_s=60.0), **day.granted)
    async with opened(app) as pilot:
        await pass_time(app, pilot, morn.clock, 60.0)
        await pilot.press("tab", "a", "b", "escape")
        assert app.return_value is None, "Esc puts the pen down"
        await pilot.press("tab", "c")
        await pass_time(app, pilot, morn.clock, 20.0)
    assert app.return_value is Outcome.COFFEE_FINISHED
    assert day.written[-1] == "abc"


# -- a note that is being written -------------------------------------------------------------------------------------


async def test_a_note_being_written_gets_a_minute_and_no_more(morn: Morn, day: Day) -> None:
    app = morn.app(a_list(left_s=60.0), **day.granted)
    async with opened(app) as pilot:
        await pilot.press("e", "a")
        await pass_time(app, pilot, morn.clock, 60.0)
        assert isinstance(app.screen, NoteSheet)
        await pilot.press("b")
        await pass_time(app, pilot, morn.clock, 59.9)
        assert isinstance(app.screen, NoteSheet)
        await pass_time(app, pilot, morn.clock, 0.1)
        assert isinstance(app.screen, Card)
        assert morn.notes == {"9912.00001": "ab"}
        await pass_time(app, pilot, morn.clock, 20.0)
    assert app.return_value is Outcome.COFFEE_FINISHED
    assert sum(morn.charged) == pytest.approx(60.0)


async def test_a_note_that_is_put_away_in_its_minute_is_followed_by_the_card(morn: Morn, day: Day) -> None:
    app = morn.app(a_list(left_s=60.0), **day.granted)
    async with opened(app) as pilot:
        await pilot.press("e", "a")
        await pass_time(app, pilot, morn.clock, 70.0)
        await pilot.press("escape")
        await pass_time(app, pilot, morn.clock, 0.5)
        assert isinstance(app.screen, Card)
        await pass_time(app, pilot, morn.clock, 19.9)
        assert app.return_value is None
        await pass_time(app, pilot, morn.clock, 0.1)
    assert app.return_value is Outcome.COFFEE_FINISHED


async def test_a_note_gets_its_minute_once_even_after_a_refill(morn: Morn, day: Day) -> None:
    app = morn.app(a_list(left_s=60.0), **day.granted)
    async with opened(app) as pilot:
        await pilot.press("e", "a")
        await pass_time(app, pilot, morn.clock, 60.0)
        await pass_time(app, pilot, morn.clock, 60.0)
        await pilot.press("+")
        await pass_time(app, pilot, morn.clock, 10.0)
        await keep_busy(app, pilot, morn.clock, 299.0)
        await pilot.press("e", "b")
        await pass_time(app, pilot, morn.clock, 1.0)
        assert isinstance(app.screen, Card)


# -- first passes -----------------------------------------------------------------------------------------------------


async def test_a_paper_that_no_longer_fits_is_better_kept_for_later(morn: Morn) -> None:
    app = morn.app(a_list(left_s=240.0))
    async with opened(app, size=(60, 20)) as pilot:
        await pilot.press("o")
        assert morn.links == []
        assert "s keeps it, o again opens it" in words(app)
        await pilot.press("o")
        assert len(morn.links) == 1
        assert morn.kinds() == [("01", "open")]
        await pilot.press("j", "O", "s")
        assert morn.kinds()[-1] == ("02", "keep")
        assert len(morn.links) == 1


@pytest.mark.parametrize(
    ("estimate", "said"), [(Estimate(52.0), "about 50 s"), (Estimate(52.0, 38.0, 74.0), "40-75 s"), (None, "00001\n")]
)
async def test_a_band_is_named_only_where_the_pace_is_known(morn: Morn, estimate: Estimate | None, said: str) -> None:
    app = morn.app(a_list([replace(PAPERS[0], estimate=estimate)]))
    async with opened(app, size=(100, 24)):
        assert said in text(app)


# -- the dwell clock --------------------------------------------------------------------------------------------------


async def test_each_look_at_a_paper_is_told_with_what_came_of_it(morn: Morn) -> None:
    looks: list[Dwell] = []
    app = morn.app(dwelt=looks.append)
    async with opened(app, size=(80, 24)) as pilot:
        await pass_time(app, pilot, morn.clock, 30.0)
        await pilot.press("s")
        await pass_time(app, pilot, morn.clock, 12.0)
        await pilot.press("question_mark")
        await pass_time(app, pilot, morn.clock, 50.0)
        await pilot.press("escape")
        await pass_time(app, pilot, morn.clock, 8.0)
        await pilot.press("j", "q")
        await pilot.pause()
    assert [(look.paper_id[-1], look.level, look.active_s, look.outcome, look.rank) for look in looks] == [
        ("1", 1, 30.0, "keep", 1),
        ("2", 1, 20.0, "", 2),
    ]
    assert learn(looks).paces[1].n == 2


async def test_where_there_is_no_room_for_an_abstract_only_the_row_was_looked_at(morn: Morn) -> None:
    looks: list[Dwell] = []
    app = morn.app(dwelt=looks.append)
    async with opened(app, size=(50, 14)) as pilot:
        await pass_time(app, pilot, morn.clock, 4.0)
        await pilot.press("s")
        await pass_time(app, pilot, morn.clock, 1.0)
        await pilot.press("enter")
        await pilot.pause()
        await pass_time(app, pilot, morn.clock, 0.5)
        await pass_time(app, pilot, morn.clock, 20.0)
        await pilot.press("x", "q")
    assert [(look.paper_id[-1], look.level, look.outcome) for look in looks] == [("1", 0, "keep"), ("2", 1, "dismiss")]


async def test_a_terminal_without_focus_stops_the_dwell_clock_and_not_the_coffee(morn: Morn) -> None:
    looks: list[Dwell] = []
    app = morn.app(dwelt=looks.append)
    async with opened(app) as pilot:
        await pass_time(app, pilot, morn.clock, 10.0)
        app.post_message(events.AppBlur())
        await pilot.pause()
        await pass_time(app, pilot, morn.clock, 100.0)
        app.post_message(events.AppFocus())
        await pilot.pause()
        await pass_time(app, pilot, morn.clock, 5.0)
        await pilot.press("q")
    assert [(look.active_s, look.focus_lost) for look in looks] == [(15.0, True)]
    assert sum(morn.charged) == pytest.approx(115.0)


async def test_the_end_of_the_coffee_ends_the_look(morn: Morn) -> None:
    looks: list[Dwell] = []
    app = morn.app(a_list(left_s=30.0), dwelt=looks.append)
    async with opened(app) as pilot:
        await pass_time(app, pilot, morn.clock, 30.0)
        await pass_time(app, pilot, morn.clock, 10.0)
        await pilot.press("s", "enter")
    assert [look.active_s for look in looks] == [30.0]
