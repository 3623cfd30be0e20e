"""Profiles: what a good one gives, and where the mistakes of a broken one are."""

from __future__ import annotations

from pathlib import Path

import pytest

from triage.errors import InvalidInput
from triage.profile import Profile, parse

GOOD = """\
name = "agents"
statement = "tool use by language model agents"
categories = ["cs.LG", "cs.cl", "cs.SY"]
seeds = ["arXiv:2210.03629v2", "https://arxiv.org/abs/2302.04761"]
avoid_seeds = ["1706.03762"]
authors = ["Ada Invented"]

[terms]
boost = ["tool use"]
avoid = ["survey"]

[budget]
minutes = 12.5
mon = 10
sat = 0

[shortlist]
max_items = 5
threshold = 0.2

[explore]
focus = 0.8
adjacent = 0.1
explore = 0.1

[ranker]
model = "sentence-transformers/all-MiniLM-L6-v2"

[digest]
to = "me@example.org"
"""


def test_a_good_profile_is_read_whole() -> None:
    profile, problems = parse(GOOD, "agents.toml")
    assert problems == []
    assert profile == Profile(
        name="agents",
        statement="tool use by language model agents",
        categories=("cs.LG", "cs.CL", "eess.SY"),
        seeds=("2210.03629", "2302.04761"),
        avoid_seeds=("1706.03762",),
        authors=("Ada Invented",),
        boost=("tool use",),
        avoid=("survey",),
        minutes=12.5,
        weekdays={"mon": 10.0, "sat": 0.0},
        max_items=5,
        threshold=0.2,
        shares=(0.8, 0.1, 0.1),
        model="sentence-transformers/all-MiniLM-L6-v2",
        to="me@example.org",
    )


def test_two_lines_are_enough() -> None:
    profile, _ = parse('statement = "x"\ncategories = ["cs.LG"]\n', "some/where/mine.toml")
    assert profile is not None
    assert (profile.name, profile.minutes, profile.max_items, profile.active) == ("mine", 15.0, 8, True)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "1", "'statement' is missing; add: statement ="),
        ('statement = "  "\ncategories = ["cs.LG"]', "1", "'statement' is empty"),
        ('statement = "x"', "1", "'categories' is missing; add: categories ="),
        ('statement = "x"\ncategories = []', "2", "'categories' is missing"),
        ('statement = "x"\ncategories = "cs.LG"', "2", "must be a list of texts"),
        ('statement = "x"\ncategories = ["cs.LG", "cs.XL"]', "2:25", "cs.XL"),
        ('statement = "x"\ncategories = [\n  "cs.LG",\n  "cs.LGG",\n]', "4:4", "did you mean cs.LG"),
        ('statement = "x"\ncategories = ["cs"]', "2:16", "whole archive"),
        ('statement = "x"\ncategories = ["cs.LG"]\nseeds = ["2613.00001"]', "3:11", "no arXiv identifier"),
        ('statement = "x"\ncategories = ["cs.LG"]\nseeds = ["2611.00001", "2611.00001v2"]', "3:25", "stands twice"),
        (
            'statement = "x"\ncategories = ["cs.LG"]\nseeds = ["2611.00001"]\navoid_seeds = ["2611.00001"]',
            "4:17",
            "is a seed too",
        ),
        ('statement = "x"\ncategories = ["cs.LG"]\nseed = []', "3", "did you mean 'seeds'"),
        ('statement = "x"\ncategories = ["cs.LG"]\n[budget]\nminuets = 3', "4", "did you mean 'budget.minutes'"),
        ('statement = "x"\ncategories = ["cs.LG"]\n[explore]\nfocsu = 1', "4", "did you mean 'explore.focus'"),
        ('statement = "x"\ncategories = ["cs.LG"]\n[budget]\nminutes = -1', "4", "between 0 and 240"),
        ('statement = "x"\ncategories = ["cs.LG"]\n[budget]\nminutes = true', "4", "must be a number"),
        ('statement = "x"\ncategories = ["cs.LG"]\n[budget]\nmon = 300', "3", "between 0 and 240"),
        ('statement = "x"\ncategories = ["cs.LG"]\nbudget = 3', "3", "must be a section"),
        ('statement = "x"\ncategories = ["cs.LG"]\n[shortlist]\nmax_items = 2.5', "4", "must be a whole number"),
        ('statement = "x"\ncategories = ["cs.LG"]\n[shortlist]\nthreshold = 2', "4", "between 0 and 1"),
        ('statement = "x"\ncategories = ["cs.LG"]\n[explore]\nfocus = 0.7\nadjacent = 0.7', "3", "sum to 1.4"),
        ('statement = "x"\ncategories = ["cs.LG"]\nactive = "no"', "3", "true or false"),
        ('statement = "x\ncategories = ["cs.LG"]', "1:", "no TOML"),
        ('statement = "x"\nstatement = "y"', "2", "no TOML"),
        ("statement = 3\ncategories = ['cs.LG']", "1", "must be a text in quotes"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, place: str, message: str) -> None:
    profile, problems = parse(text, "p.toml")
    assert profile is None
    assert any(str(one).startswith(f"p.toml:{place}") and message in str(one) for one in problems), problems


def test_all_mistakes_are_told_in_the_order_of_the_lines() -> None:
    _, problems = parse('categories = ["cs.XL"]\nseeds = ["nonsense"]\n[budget]\nminutes = 999\n', "p.toml")
    assert [one.line for one in problems] == sorted(one.line for one in problems)
    assert len(problems) == 4


def test_load_tells_the_first_mistake_and_counts_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text('categories = ["cs.XL"]\n[budget]\nminutes = 999\n')
    with pytest.raises(InvalidInput, match=r"bad\.toml:1.*and 2 more"):
        Profile.load(path)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "gone.toml"
    if content:
        path.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"gone\.toml"):
        Profile.load(path)


def test_the_fingerprint_follows_what_is_ranked_by_and_nothing_else() -> None:
    one, _ = parse(GOOD, "p.toml")
    longer, _ = parse(GOOD.replace("minutes = 12.5", "minutes = 20"), "p.toml")
    other, _ = parse(GOOD.replace("tool use by", "planning by"), "p.toml")
    assert one is not None
    assert longer is not None
    assert other is not None
    assert one.fingerprint == longer.fingerprint != other.fingerprint
