"""Precision and its interval."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.evaluate import precision, wilson


def test_wilson_agrees_with_the_published_example() -> None:
    interval = wilson(15, 50)
    assert interval.value == pytest.approx(0.30)
    assert [interval.low, interval.high] == pytest.approx([0.1910, 0.4375], abs=1e-4)


def test_nothing_observed_is_no_value_and_the_whole_range() -> None:
    assert (wilson(0, 0).value, wilson(0, 0).low, wilson(0, 0).high) == (None, 0.0, 1.0)


@pytest.mark.parametrize(("hits", "n"), [(2, 1), (-1, 3)])
def test_impossible_counts_are_refused(hits: int, n: int) -> None:
    with pytest.raises(ValueError, match="between 0 and n"):
        wilson(hits, n)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_value_and_narrows_with_more_of_the_same(counts: tuple[int, int]) -> None:
    hits, n = counts
    one, many = wilson(hits, n), wilson(4 * hits, 4 * n)
    assert one.value is not None
    assert 0 <= one.low <= one.value <= one.high <= 1
    assert many.high - many.low < one.high - one.low


def test_precision_counts_a_paper_once_and_ignores_what_was_not_shown() -> None:
    interval = precision(["a", "b", "b", "c"], {"b", "z"})
    assert interval.value == pytest.approx(1 / 3)
    assert interval.n == 3
    assert precision([], {"a"}).value is None
