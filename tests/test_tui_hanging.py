"""What wraps begins below the words it belongs to, and nothing is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from textual.content import Content

from triage.tui.hanging import Hanging

WORDS = st.lists(st.text("abc語é", min_size=1, max_size=9), max_size=12).map(" ".join)


def lines(text: Hanging, width: int) -> list[str]:
    return text.lay(width).plain.split("\n")


def test_a_line_that_wraps_begins_below_its_words() -> None:
    text = Hanging([(Content("why  "), Content("one two three four")), (Content(""), Content("five six seven eight"))])
    assert lines(text, 18) == ["why  one two three", "     four", "five six seven", "eight"]
    assert text.get_height({}, 18) == 4
    assert text.get_optimal_width({}, 80) == 23
    assert lines(text, 80) == ["why  one two three four", "five six seven eight"]


def test_where_there_is_no_room_beside_it_a_line_wraps_below_its_label() -> None:
    text = Hanging([(Content("   +14.75        "), Content("the score and more"))])
    assert max(map(len, lines(text, 24))) <= 24
    assert lines(text, 24)[1][0] != " "


@given(st.lists(st.tuples(st.sampled_from(["", "why  ", "  +1.00   25%  "]), WORDS), max_size=5), st.integers(2, 60))
def test_no_word_is_lost_and_no_line_is_too_long(rows: list[tuple[str, str]], width: int) -> None:
    text = Hanging([(Content(label), Content(words)) for label, words in rows])
    laid = text.lay(width)
    assert all(line.cell_length <= max(2, width) for line in laid.split("\n"))
    assert "".join(laid.plain.split()) == "".join("".join(label + words for label, words in rows).split())
