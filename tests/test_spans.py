"""Spans: each key and value of a TOML text stands where they say, as tomlkit reads it there."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triage.spans import Where, scan

KEYS = st.text(st.sampled_from("ab-_.é \"'#=[]\\"), min_size=1, max_size=4)
TEXTS = st.text(st.sampled_from("ab\"'\\#,]}=\né\t"), max_size=8)
LEAVES = st.one_of(
    TEXTS,
    st.integers(-(10**6), 10**6),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.datetimes(),
    st.dates(),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)
TABLES = st.dictionaries(KEYS, VALUES, max_size=5)


def leaves(value: Any, where: Where = ()) -> Iterator[tuple[Where, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*where, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*where, index))
    else:
        yield where, value


def disagreements(text: str) -> list[Where]:
    """The places that tomlkit reads and no span has, or the other way about, or whose span reads as something else."""
    spans, read = scan(text), tomlkit.parse(text).unwrap()
    values = dict(leaves(read))
    found = {where for where in spans.values if not isinstance(_at(read, where), dict | list)}
    wrong = [*(found ^ values.keys())]
    for where in found & values.keys():
        span = spans.values[where]
        if tomllib.loads(f"it = {text[span.start : span.end]}")["it"] != values[where]:
            wrong.append(where)
    for where, span in spans.keys.items():
        if isinstance(where[-1], str) and list(tomllib.loads(f"{text[span.start : span.end]} = 1")) != [where[-1]]:
            wrong.append(where)
    return wrong


def _at(value: Any, where: Where) -> Any:
    for step in where:
        value = value[step]
    return value


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TABLES)
def test_what_tomlkit_writes_is_found_again(tables: dict[str, Any]) -> None:
    assert disagreements(tomlkit.dumps(tables)) == []


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.sampled_from(['"""', "'''"]), st.sampled_from(["\n", "\r\n"]))
def test_long_texts_and_line_ends_are_stepped_over(inner: str, quotes: str, end: str) -> None:
    text = f"a.b = {quotes}{end}{inner}{quotes} # [no] = section{end}[c.'d e']{end}f = [ # one{end} 1,{end} ]{end}"
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert disagreements(text) == []


def test_sections_arrays_of_sections_and_inline_ones_are_told_apart() -> None:
    text = '[[a]]\nb = {c = 1, d.e = [2, {f = "x"}]}\n[a.g]\nh = 1979-05-27 07:32:00\n[[a]]\nb = 2 # c\n["a b".c]\n'
    assert disagreements(text) == []
    spans = scan(text)
    assert spans.place(("a", 0, "b", "d", "e", 1, "f")) == (2, 29)
    assert spans.key_place(("a", 1, "b")) == (6, 1)
    assert spans.key_place(("a b", "c")) == (7, 8)
    assert spans.place(("absent",)) == (1, 1)


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[1] / "profiles").glob("*.toml")), ids=lambda one: one.stem
)
def test_the_examples_are_located_whole(path: Path) -> None:
    assert disagreements(path.read_text(encoding="utf-8")) == []


@given(st.text(st.sampled_from("ab=[]{}\"'.,#\n \\1"), max_size=30))
def test_no_text_is_too_broken_to_be_scanned(text: str) -> None:
    for span in scan(text).values.values():
        assert 0 <= span.start <= span.end <= len(text)
