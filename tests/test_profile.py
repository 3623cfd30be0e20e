"""Profiles: what a good one gives, and where the mistakes of a broken one are."""

from __future__ import annotations

import json
import tomllib
from contextlib import suppress
from pathlib import Path

import jsonschema
import pytest

from triage.errors import InvalidInput
from triage.profile import Profile, parse
from triage.profile.write import render, schema

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
        (
            'statement = "x"\ncategories = ["cs.LG"]\nseeds = ["2611.00001", "2611.00001v2"]',
            "3:25",
            "2611.00001v2 is 2611.00001, which stands there already",
        ),
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
        ('statement = "x"\ncategories = ["cs.LG"]\n[budget]\nmon = 300', "4:7", "between 0 and 240"),
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


HEAD = 'statement = "x"\ncategories = ["cs.LG"]\n'

BROKEN = [
    ('statement = "x"\ncategories = ["cs.LGG"]\n', 2, 16, "unknown category cs.LGG: did you mean cs.LG?"),
    ('statement = "x"\ncategories = [ # two\n  "cs.LG", "CS.CLL", ]\n', 3, 13, "did you mean cs.CL?"),
    ('statement = "x"\ncategories = ["Machine Lerning"]\n', 2, 16, "did you mean cs.LG?"),
    ('statement = "x"\ncategories = ["physics"]\n', 2, 16, "is a whole archive: name its categories, such as physics."),
    ('statement = "x"\ncategories = ["cs.SY", "eess.SY"]\n', 2, 25, "eess.SY is cs.SY, which stands there already"),
    ('statement = "x"\ncategories = ["cs.LG", "cs.LG"]\n', 2, 25, "cs.LG stands twice"),
    ('statement = "x"\ncategories = "cs.LG"\n', 2, 15, 'did you mean ["cs.LG"]?'),
    ('statement = "x"\n', 1, 1, "'categories' is missing; add: categories = "),
    ('# mine\nstatement = "  "\ncategories = ["cs.LG"]', 2, 14, "'statement' is empty; write: statement = "),
    ('statment = "x"\ncategories = ["cs.LG"]\nstatement = "y"\n', 1, 1, "did you mean 'statement'?"),
    (HEAD + "minutes = 10\n", 3, 1, "it belongs below [budget]"),
    (HEAD + "[terms]\nseeds = []\n", 4, 1, "'seeds' belongs above the first [section]"),
    (HEAD + "[budget]\nmonday = 3\n", 4, 1, "did you mean 'budget.mon'?"),
    (HEAD + "[tems]\nboost = []\n", 3, 2, "did you mean 'terms'?"),
    (HEAD + "terms.bost = []\n", 3, 7, "did you mean 'terms.boost'?"),
    (HEAD + 'seeds = ["2309.6180"]\n', 3, 11, "did you mean 2309.06180?"),
    (HEAD + "seeds = [2309.06180]\n", 3, 10, "did you mean"),
    (HEAD + 'seeds = ["2309,06180"]\n', 3, 11, "did you mean 2309.06180?"),
    (HEAD + 'seeds = [\n  "Attention (arXiv:1706.03762)",\n]\n', 4, 4, "did you mean 1706.03762?"),
    (HEAD + 'seeds = ["2309.06180", "arXiv:2309.06180v2"]\n', 3, 25, "is 2309.06180, which stands there already"),
    (HEAD + 'seeds = ["2309.06180"]\navoid_seeds = ["2309.06180"]\n', 4, 17, "is a seed too"),
    (HEAD + '[terms]\nboost = ["kv cache", ""]\n', 4, 23, "an empty text"),
    (HEAD + '[budget]\nminutes = "15"\n', 4, 12, "did you mean 15?"),
    (HEAD + "[budget]\nminutes = 900\n", 4, 11, "must lie between 0 and 240"),
    (HEAD + "[shortlist]\nthreshold = 20\n", 4, 13, "did you mean 0.2?"),
    (
        HEAD + "[explore]\nfocus = 0.7\nadjacent = 0.2\nexplore = 0.2\n",
        3,
        2,
        "sum to 1.1, not to 1: focus = 0.6 would do",
    ),
    (HEAD + "active = True\n", 3, 10, "did you mean true?"),
    (HEAD + "name = agents\n", 3, 8, 'did you mean "agents"?'),
    ('statement = "x\ncategories = ["cs.LG"]\n', 1, 13, "the quotes are not closed on this line"),
    ('statement = """x\ncategories = ["cs.LG"]\n', 1, 13, "this text is never closed"),
    ('categories = ["cs.LG"  # one\n\nstatement = "x"\n', 1, 22, "a comma, or the ] that ends the list"),
    (HEAD + '  statement = "y"\n', 3, 3, "stands twice; keep one of the two"),
    (HEAD + '[digest]\nto = "me"\n', 4, 7, "they look like you@example.org"),
]


@pytest.mark.parametrize(("text", "line", "column", "message"), BROKEN)
def test_a_broken_profile_gets_its_place_and_what_was_meant(text: str, line: int, column: int, message: str) -> None:
    profile, problems = parse(text, "p.toml")
    assert profile is None
    found = [one for one in problems if message in one.message]
    assert [(one.line, one.column) for one in found] == [(line, column)], problems
    assert len(problems) == 1 or text.startswith("statment"), problems


BEYOND_A_SCHEMA = ("stands there already", "is a seed too", "sum to", "did you mean 2309", "did you mean 1706")
"""Mistakes that only the reader of profiles can see: aliases, versions, sums, and what an identifier looks like."""


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft7Validator:
    told = json.loads(schema())
    jsonschema.Draft7Validator.check_schema(told)
    return jsonschema.Draft7Validator(told)


def test_the_schema_refuses_what_a_schema_can_see(validator: jsonschema.Draft7Validator) -> None:
    judged = 0
    for text, _, _, message in BROKEN:
        with suppress(tomllib.TOMLDecodeError):  # an editor says so before it asks the schema
            told = tomllib.loads(text)
            judged += 1
            assert validator.is_valid(told) == any(known in message for known in BEYOND_A_SCHEMA), message
    assert judged == len(BROKEN) - 6


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[1] / "profiles").glob("*.toml")), ids=lambda one: one.stem
)
def test_the_schema_takes_the_examples(validator: jsonschema.Draft7Validator, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("#:schema ")
    assert not list(validator.iter_errors(tomllib.loads(text)))


def test_the_schema_takes_a_new_profile_and_a_whole_one(validator: jsonschema.Draft7Validator) -> None:
    assert validator.is_valid(tomllib.loads(render("a", "b", ["cs.LG"], minutes=3, seeds={"2309.06180": "x"})))
    assert validator.is_valid(tomllib.loads(GOOD.replace("cs.cl", "cs.CL")))


def test_a_problem_shows_its_line_and_marks_the_place() -> None:
    _, problems = parse(HEAD + 'seeds = ["2309.06180", "nonsense"]\n', "p.toml")
    message, line, mark = problems[0].shown.splitlines()
    assert message.startswith("p.toml:3:25: 'nonsense' is no arXiv identifier")
    assert line[mark.index("^") :].startswith("nonsense")
    long = HEAD + f"seeds = [{' ' * 300}'nonsense']\n"
    message, line, mark = parse(long, "p.toml")[1][0].shown.splitlines()
    assert len(line) < 120
    assert line[mark.index("^") :].startswith("nonsense")


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
