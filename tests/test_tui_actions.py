"""What the reader can do beside judging: search, notes, reasons, links, another ranker, one from the rest, own keys."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Clock
from hypothesis import given
from hypothesis import strategies as st
from test_tui import PAPERS, TITLES, Morn, a_list, a_paper, lines, opened, pass_time, spoken, text, typed

from triage import config
from triage.budget import draw_one
from triage.cli.links import keep_copy, opener, terminal_browser
from triage.errors import ConfigFault, TryLater
from triage.tui import Outcome
from triage.tui.card import Card
from triage.tui.desk import Desk
from triage.tui.editor import NoteSheet, Question
from triage.tui.glyphs import UNICODE
from triage.tui.keys import BINDINGS, Keys, key_names
from triage.tui.screens import Morning, Welcome
from triage.tui.widgets import PaperList

SIZES = [(80, 24), (120, 40), (60, 16)]


@pytest.fixture
def morn(clock: Clock) -> Morn:
    return Morn(clock)


# -- search -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_a_search_follows_the_words_and_escape_gives_the_cursor_back(morn: Morn, size: tuple[int, int]) -> None:
    app = morn.app(a_list(PAPERS))
    async with opened(app, size=size) as pilot:
        await pilot.press("j", "j", "slash", *"draft")
        assert app.desk.cursor == 6, "from where the search began"
        assert "2 of 2 with draft" in spoken(app)
        await pilot.press(*" model")
        assert app.desk.cursor == 1
        assert morn.verdicts == [], "letters are words here, not keys"
        await pilot.press("escape")
        assert app.desk.cursor == 2
        await pilot.press("j")
        assert app.desk.cursor == 3, "and the keys are keys again"


async def test_enter_keeps_the_matches_for_n_and_shift_n(morn: Morn) -> None:
    app = morn.app(a_list(PAPERS))
    async with opened(app) as pilot:
        await pilot.press("slash", *"MODEL", "enter")
        rows = [row for row, title in enumerate(TITLES) if "model" in title.casefold()]
        assert app.desk.cursor == rows[0]
        seen = []
        for key in ("n", "n", "n", "N"):
            await pilot.press(key)
            seen.append(app.desk.cursor)
        assert seen == [*rows[1:], rows[0], *rows[1:], rows[0]][: len(seen)]
        marked = app.screen.query_one(PaperList).row(rows[0], 80)
        assert any("underline" in str(span.style) for span in marked.spans), "found words are marked, not only coloured"
        await pilot.press("escape", "n")
        assert not app.screen.query_one(PaperList).row(rows[0], 80).plain.count("_")
        assert spoken(app) == ""


async def test_words_that_nothing_matches_leave_the_cursor(morn: Morn) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        await pilot.press("j", "slash", *"[zebra")
        assert app.desk.cursor == 1
        assert "nothing on the list matches [zebra" in spoken(app)


async def test_the_coffee_ends_while_words_are_being_typed(morn: Morn) -> None:
    for keys, kept in (("slash", {}), ("e", {"9912.00001": "half a thou"})):
        fresh = Morn(Clock())
        app = fresh.app(a_list(left_s=90.0))
        async with opened(app) as pilot:
            await pilot.press(keys, *"half a thou")
            await pass_time(app, pilot, fresh.clock, 90.0)
            if kept:
                await pass_time(app, pilot, fresh.clock, 60.0)  # a note that is being written gets a minute
            assert isinstance(app.screen, Card)
            assert fresh.notes == kept, "what was written is kept"
            await pass_time(app, pilot, fresh.clock, 20.0)
        assert app.return_value is Outcome.COFFEE_FINISHED


@given(st.text(max_size=12), st.integers(0, 9))
def test_a_search_is_never_a_fault_and_finds_what_is_typed_from_a_title(words: str, row: int) -> None:
    desk = Desk(PAPERS)
    assert all(0 <= found < len(PAPERS) for found in desk.matches(words))
    assert row in desk.matches(TITLES[row].upper())


# -- notes and reasons ------------------------------------------------------------------------------------------------


async def test_a_note_is_written_kept_and_shown(morn: Morn) -> None:
    app = morn.app()
    async with opened(app, size=(120, 40)) as pilot:
        await pilot.press("e")
        assert isinstance(app.screen, NoteSheet)
        await pilot.press(*"drafts?", "enter", *"q s x")
        await pass_time(app, pilot, morn.clock, 1.0)
        assert morn.notes == {"9912.00001": "drafts?\nq s x"}, "kept while it is written"
        await pilot.press("escape")
        assert isinstance(app.screen, Morning)
        assert "note drafts?" in text(app)
        assert morn.verdicts == []
        await pilot.press("e", *"!", "escape", "j", "e", "escape")
        assert morn.notes == {"9912.00001": "drafts?\nq s x!"}, "an unchanged note is not written"


async def test_an_interrupted_note_is_kept(morn: Morn) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        await pilot.press("e", *"mind", "ctrl+c")
    assert app.return_code == 130
    assert morn.notes == {"9912.00001": "mind"}


async def test_a_note_that_cannot_be_kept_says_so(morn: Morn) -> None:
    def write(paper_id: str, words: str) -> None:
        raise TryLater("the database is locked: close the other triage")

    app = morn.app(write_note=write)
    async with opened(app) as pilot:
        await pilot.press("e", "a", "escape")
        assert "locked" in spoken(app)


async def test_a_dismissal_with_a_reason(morn: Morn) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        await pilot.press("t", *"old news", "escape")
        assert morn.verdicts == []
        await pilot.press("t")
        assert isinstance(app.screen, Question)
        assert TITLES[0] in text(app)
        await pilot.press(*"benchmark only", "enter")
        assert [(one.kind, one.reason) for one in morn.verdicts] == [("dismiss", "benchmark only")]
        assert app.desk.cursor == 1
        await pilot.press("t", "enter")
        assert [(one.kind, one.reason) for one in morn.verdicts][1:] == [("dismiss", "")]


# -- links ------------------------------------------------------------------------------------------------------------


async def test_a_link_is_copied_to_the_clipboard_and_a_file(morn: Morn) -> None:
    app = morn.app()
    async with opened(app, size=(120, 40)) as pilot:
        await pilot.press("y")
        assert app.clipboard == "https://arxiv.org/abs/9912.00001"
        assert morn.copies == [app.clipboard]
        assert spoken(app) == f"copied {app.clipboard} (also in clipboard.txt)"
        await pilot.press("B")
        assert app.clipboard == morn.copies[-1] == "@misc{9912.00001}\n"
        assert "BibTeX entry of 9912.00001" in spoken(app)
        assert morn.verdicts == [], "copying is no verdict"


async def test_without_a_browser_the_link_is_copied_and_said(morn: Morn) -> None:
    app = morn.app(open_link=lambda link: False)
    async with opened(app, size=(120, 40)) as pilot:
        await pilot.press("o")
        assert "no browser here, so it was copied: https://arxiv.org/abs/9912.00001" in spoken(app)
        assert morn.copies == ["https://arxiv.org/abs/9912.00001"]
        assert [one.kind for one in morn.verdicts] == ["open"]


async def test_a_browser_in_the_terminal_that_is_not_there_says_so(morn: Morn) -> None:
    app = morn.app(terminal_browser=lambda link: ["/nowhere/w3m", link])
    async with opened(app) as pilot:
        await pilot.press("o")
        await app.workers.wait_for_complete()
        assert not app.away
        assert "/nowhere/w3m" in spoken(app)


def test_only_browsers_of_the_terminal_take_it_over() -> None:
    assert terminal_browser("w3m -cookie %u")("https://x")[1:] == ["-cookie", "https://x"]  # type: ignore[index]
    assert terminal_browser("/usr/bin/lynx")("https://x") == ["/usr/bin/lynx", "https://x"]
    for command in ("firefox --new-tab %u", "", "w3m 'unclosed"):
        assert terminal_browser(command)("https://x") is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a browser outlives the session
def test_the_reader_s_command_gets_the_link_without_a_shell(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    script = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"
    command = f'{sys.executable} -c "{script}" {seen} "%u"'
    assert opener(command, {})("https://arxiv.org/abs/1;touch x")
    while not seen.exists() or not seen.read_text():
        pass
    assert seen.read_text() == "https://arxiv.org/abs/1;touch x"
    assert not opener("'unclosed", {})("https://x")
    assert not opener("", {})("https://x"), "no display, no browser"
    assert Path(keep_copy(tmp_path, "https://x")).read_text() == "https://x\n"


# -- another ranker, one from the rest --------------------------------------------------------------------------------


async def test_the_other_ranker_s_list_and_back_with_everything_as_it_was(morn: Morn) -> None:
    asked = []

    def compare() -> Any:
        asked.append(1)
        return a_list((PAPERS[6], PAPERS[2], PAPERS[8]), ranker="tfidf-svm")

    app = morn.app(compare=compare)
    async with opened(app, size=(80, 24)) as pilot:
        await pilot.press("j", "j")
        before = lines(app)
        await pilot.press("m")
        assert "as tfidf-svm ranks them" in lines(app)[0]
        assert [one.paper.id[-2:] for one in app.desk.papers] == ["07", "03", "09"]
        assert app.desk.current is PAPERS[2], "the cursor stays on its paper"
        await pilot.press("m")
        assert lines(app) == before
        await pilot.press("m", "s", "m")
        assert morn.kinds() == [("03", "keep")]
        assert app.desk.papers == list(PAPERS[:7])
        assert app.desk.mark(PAPERS[2].paper.id) == "keep"
        assert len(asked) == 1
        assert len(morn.shown) == 1, "a comparison is no shortlist of the deployed ranker"


async def test_every_paper_of_a_comparison_judged_ends_nothing(morn: Morn) -> None:
    app = morn.app(compare=lambda: a_list(PAPERS[7:8], ranker="tfidf-svm"))
    async with opened(app) as pilot:
        await pilot.press("m", "s")
        assert isinstance(app.screen, Morning)
        await pilot.press("m")
        assert app.desk.papers == list(PAPERS[:7])


async def test_one_from_the_rest_is_drawn_recorded_and_labelled(morn: Morn) -> None:
    gone = a_paper(50, "Taken back")
    rest = (PAPERS[7], PAPERS[8], replace(gone, paper=replace(gone.paper, comment="withdrawn by the authors")))
    app = morn.app(a_list(left_out=rest))
    async with opened(app, size=(120, 40)) as pilot:
        await pilot.press("z")
        pick = app.desk.current
        assert pick is not None
        assert (pick.slot, pick.chance, pick.paper.id in {one.paper.id for one in rest[:2]}) == ("explore", 0.5, True)
        assert [listed.papers for listed in morn.shown[1:]] == [(pick,)]
        assert app.desk.papers[:-1] == list(PAPERS[:7]), "nothing above it moved"
        await pilot.press("z")
        assert app.desk.current != pick
        assert app.desk.current.chance == 1.0 if app.desk.current else False
        await pilot.press("z")
        assert "nothing is left" in spoken(app)


async def test_a_morning_with_nothing_worth_it_can_still_show_one(morn: Morn) -> None:
    app = morn.app(a_list((), state="nothing-worth-it", left_out=PAPERS[:3]))
    async with opened(app) as pilot:
        assert "z one from the rest" in lines(app)[-1]
        await pilot.press("z")
        assert len(app.desk.papers) == 1
        await pass_time(app, pilot, morn.clock, 30.0)
        assert app.return_value is None, "there is something to read now"
        await pilot.press("q")
    assert app.return_value is Outcome.CLOSED
    assert sum(morn.charged) == pytest.approx(30.0)


@given(st.permutations(range(6)), st.text(max_size=5))
def test_a_draw_depends_on_the_seed_alone(order: list[int], seed: str) -> None:
    pick = draw_one([PAPERS[row] for row in order], seed=seed, place=1)
    assert pick == draw_one(PAPERS[:6], seed=seed, place=1)
    assert pick is not None
    assert pick.chance == pytest.approx(1 / 6)


def test_every_paper_is_drawn_as_often_as_its_chance_says() -> None:
    picks = [draw_one(PAPERS[:5], seed=str(number), place=1) for number in range(2000)]
    counts = [sum(pick is not None and pick.paper.id == one.paper.id for pick in picks) for one in PAPERS[:5]]
    assert sum((count - 400) ** 2 / 400 for count in counts) < 18.5, counts  # chi-squared, 4 degrees, 0.1 %


# -- the first moment -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_the_first_coffee_begins_with_a_card_of_three_lines(morn: Morn, size: tuple[int, int]) -> None:
    app = morn.app(first=True)
    async with opened(app, size=size) as pilot:
        assert isinstance(app.screen, Welcome)
        assert "s keeps" in text(app)
        await pilot.press("enter")
        assert isinstance(app.screen, Morning)


async def test_keys_typed_ahead_of_the_card_do_no_harm(morn: Morn) -> None:
    app = morn.app(first=True)
    async with opened(app) as pilot:
        typed(app, "j", "j", "q")
        await pilot.pause()
        assert isinstance(app.screen, Morning)
        await pilot.press("j")
        assert app.desk.cursor == 1


async def test_a_second_enter_finds_no_question_to_answer(morn: Morn) -> None:
    app = morn.app()
    async with opened(app) as pilot:
        await pilot.press("t", "n", "o")
        typed(app, "enter", "enter")
        await pilot.pause()
        assert isinstance(app.screen, Morning)
        assert [(one.kind, one.reason) for one in morn.verdicts] == [("dismiss", "no")]


async def test_the_greeting_stands_until_the_first_key(morn: Morn) -> None:
    app = morn.app(greeting="Yesterday you noted: drafts are not needed")
    async with opened(app) as pilot:
        assert "drafts are not needed" in spoken(app)
        await pilot.press("j")
        assert spoken(app) == ""


async def test_what_the_day_is_comes_before_the_greeting(morn: Morn) -> None:
    app = morn.app(a_list(state="stale"), greeting="Yesterday you noted: drafts are not needed")
    async with opened(app) as pilot:
        assert spoken(app).startswith("today's batch is not out yet")
        await pilot.press("j")
        assert spoken(app) == "Yesterday you noted: drafts are not needed"
        await pilot.press("j")
        assert spoken(app).startswith("today's batch is not out yet")


# -- keys of the reader's own -----------------------------------------------------------------------------------------


def chosen(home: Path, told: str, environ: Mapping[str, str] | None = None) -> Keys:
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(f'[session]\ntheme = "light"\n\n[keys]\n{told}\n')
    return Keys(config.load({"TRIAGE_HOME": str(home), **(environ or {})}).keys)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ('keeep = "k"', "config.toml:5:1: keys.keeep is no action: did you mean keep?"),
        ('keep = "Ctrl+I"', "config.toml:5:1: keys.keep: 'Ctrl+I' is no key"),
        ('keep = "hyper"', "config.toml:5:1: keys.keep: 'hyper' is no key"),
        ('undo = "f2"\nkeep = "d"', "config.toml:6:1: keys.keep: d is the key of dismiss already"),
        ('keep = "?"', "config.toml:5:1: keys.keep: ? is the key of help already; ? always does that"),
        ('keep = "Ctrl+P"', "Ctrl+P always does that"),
        ('keep = "ctrl+q"', "Ctrl+Q always does that"),
        ("keep = 3", "config.toml:5:1: keys.keep must be a key"),
        ("keep = []", "config.toml:5:1: keys.keep must be a key"),
    ],
)
def test_a_key_that_cannot_be_is_named_with_file_and_line(home: Path, told: str, said: str) -> None:
    with pytest.raises(ConfigFault) as fault:
        chosen(home, told)
    assert said in str(fault.value)
    assert fault.value.exit_code == 78


async def test_chosen_keys_work_and_show_in_help_footer_and_palette(morn: Morn, home: Path) -> None:
    keys = 'keep = ["a", "f5"]\ndismiss = "/"\nsearch = "Ctrl+F"\nhelp = "h"'
    chosen(home, keys)
    settings = config.load({"TRIAGE_HOME": str(home), "TRIAGE_KEYS_UNDO": "U"})
    app = morn.app(keys=settings.keys)
    async with opened(app, size=(100, 60)) as pilot:
        await pilot.press("a", "f5", "slash", "s", "x", "d")
        assert morn.kinds() == [("01", "keep"), ("02", "keep"), ("03", "dismiss")]
        await pilot.press("U", "u")
        assert len(morn.verdicts) == 2
        assert "a keep" in lines(app)[-1]
        await pilot.press("h")
        assert "a f5" in text(app)
        await pilot.press("h", "question_mark")
        assert "Ctrl+F" in text(app), "? shows the help whatever was chosen"
        await pilot.press("question_mark", "ctrl+f", *"cost", "enter")
        assert app.desk.cursor == 3


def test_two_actions_can_change_places(home: Path) -> None:
    keys = chosen(home, 'keep = "x"\ndismiss = ["s", "d"]')
    table = {binding.id: key_names(binding, UNICODE) for binding in keys.bindings}
    assert (table["keep"], table["dismiss"]) == (["x"], ["s", "d"])
    assert {binding.id for binding in keys.bindings} == {binding.id for binding in BINDINGS}


def test_the_help_fits_the_smallest_page() -> None:
    room = 60 - len("│   ") * 2 - 2 - 11  # a sheet of 60 columns with its margins, a scroll bar, the keys' column
    assert [binding.id for binding in BINDINGS if len(binding.tooltip) > room] == []


def test_no_key_of_the_table_does_two_things() -> None:
    keys = [key for binding in BINDINGS for key in binding.key.split(",")]
    assert len(keys) == len(set(keys))
