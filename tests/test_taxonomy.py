"""arXiv's categories: complete, spelt right, aliases resolved, and a helpful word for a wrong one."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage import taxonomy
from triage.errors import InvalidInput


def test_there_are_155_categories_with_names() -> None:
    assert len(taxonomy.names()) == 155
    assert taxonomy.names()["cs.LG"] == "Machine Learning"
    assert taxonomy.names()["physics.data-an"] == "Data Analysis, Statistics and Probability"
    assert all(taxonomy.names().values())


def test_the_facts_are_those_of_arxivs_own_taxonomy(shared: Path) -> None:
    text = (shared / "arxiv-samples" / "categories.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert dict(taxonomy.names()) == {row["category"]: row["name"] for row in rows}
    assert taxonomy.archives() == {row["archive"] for row in rows}
    assert all(taxonomy.canonical(row["alias"]) == taxonomy.canonical(row["category"]) for row in rows if row["alias"])


@pytest.mark.parametrize(
    ("alias", "target"),
    [
        ("cs.SY", "eess.SY"),
        ("cs.NA", "math.NA"),
        ("math.MP", "math-ph"),
        ("stat.TH", "math.ST"),
        ("math.IT", "cs.IT"),
        ("q-fin.EC", "econ.GN"),
        ("cmp-lg", "cs.CL"),
    ],
)
def test_an_alias_becomes_its_target(alias: str, target: str) -> None:
    assert taxonomy.canonical(alias) == target
    assert taxonomy.check(alias) == target
    assert taxonomy.canonical(target) == target


def test_every_alias_points_at_a_category_that_is_none_itself() -> None:
    for target in taxonomy.ALIASES.values():
        assert target in taxonomy.names()
        assert target not in taxonomy.ALIASES


@pytest.mark.parametrize("category", ["cs.LG", "cs.GL", "astro-ph.EP", "hep-th", "math-ph", "cond-mat.mes-hall"])
@pytest.mark.parametrize("spell", [str, str.lower, str.upper, " {} ".format])
def test_letter_case_and_outer_blanks_are_forgiven(category: str, spell: type[str]) -> None:
    assert taxonomy.check(spell(category)) == category


@pytest.mark.parametrize("archive", ["cs", "q-bio", "stat", "physics", "astro-ph", "hep-th"])
def test_a_whole_archive_is_accepted(archive: str) -> None:
    assert taxonomy.check(archive) == archive


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("cs.LGG", "cs.LG"),
        ("csLG", "cs.LG"),
        ("cs-CL", "cs.CL"),
        ("stat.MLL", "stat.ML"),
        ("astroph.EP", "astro-ph.EP"),
        ("q-bio.NCC", "q-bio.NC"),
        ("machine learning", "cs.LG"),
        ("Machine Lerning", "cs.LG"),
        ("econometrics", "econ.EM"),
        ("quantum physics", "quant-ph"),
    ],
)
def test_a_wrong_spelling_is_answered_with_the_nearest(wrong: str, right: str) -> None:
    assert taxonomy.nearest(wrong) == right
    with pytest.raises(InvalidInput, match=f"^unknown category {wrong}: did you mean {right}\\?$") as caught:
        taxonomy.check(wrong)
    assert caught.value.exit_code == 65


@pytest.mark.parametrize("wrong", ["", "zzzzzz", "\x1b[31mcs", "68T07"])
def test_without_a_guess_the_list_is_named_and_nothing_hostile_is_repeated(wrong: str) -> None:
    with pytest.raises(InvalidInput, match=r"see https://arxiv[.]org/category_taxonomy$") as caught:
        taxonomy.check(wrong)
    assert str(caught.value).isprintable()


def test_what_the_taxonomy_lacks_is_left_as_it_is() -> None:
    assert taxonomy.canonical("68T07") == "68T07"


def answered(text: str) -> str:
    try:
        return taxonomy.check(text)
    except InvalidInput as error:
        return str(error)


@given(st.text(max_size=60) | st.sampled_from(sorted(taxonomy.names())).map(str.swapcase))
def test_check_either_returns_a_known_category_or_refuses_in_one_line(text: str) -> None:
    answer = answered(text)
    assert answer in {*taxonomy.names(), *taxonomy.archives()} or answer.startswith("unknown category ")
    assert answer.isprintable()
    assert len(answer) < 300
