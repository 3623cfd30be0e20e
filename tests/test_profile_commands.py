"""`triage profile`: each branch of edit on a real pseudo-terminal, and new, seed, undo, preview, check."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import FakeEncoder
from homes import ranked_home
from terminal import Terminal

from triage import taxonomy
from triage.cli import main
from triage.demo import FRIDAY, DemoServer
from triage.paper import Verdict
from triage.profile import SLOTS, WEEKDAYS, Profile, parse
from triage.profile.read import FIELDS
from triage.profile.write import add_seeds, render, schema, slug
from triage.store import Store

OLD = '# mine\nname = "agents"\nstatement = "x"\ncategories = ["cs.LG"]  # one\n'


@pytest.fixture
def profile(home: Path) -> Path:
    path = home / "profiles" / "agents.toml"
    path.parent.mkdir(parents=True)
    path.write_text(OLD)
    return path


def editor(home: Path, *scripts: str, name: str = "editor.py") -> str:
    """An editor that does one script after the other, with the copy's path as `path`."""
    for number, script in enumerate(scripts):
        (home / f"step{number}").write_text(script)
    (home / name).write_text(
        "import sys, pathlib\n"
        f"home = pathlib.Path({str(home)!r})\n"
        "path = pathlib.Path(sys.argv[-1])\n"
        "step = sorted(home.glob('step*'))[0]\n"
        "code = step.read_text()\n"
        "step.unlink()\n"
        "text = path.read_text()\n"
        "def put(old, new): path.write_text(text.replace(old, new))\n"
        "exec(code)\n"
    )
    return f"{sys.executable} {home / name}"


def editing(home: Path, editor: str, *more: str) -> Terminal:
    environ = {"TRIAGE_HOME": str(home), "EDITOR": editor}
    return Terminal("profile", "edit", *more, environ=environ, columns=240, rows=40)


def test_a_good_change_is_previewed_taken_and_undone(home: Path, profile: Path) -> None:
    with editing(home, editor(home, "put('\"x\"', '\"y\"')")) as terminal:
        terminal.shows("Take this change? [y] yes, [e] edit again, [d] discard")
        assert "No paper of its categories is stored yet" in terminal.text
        assert profile.read_text() == OLD
        terminal.press("\r")
        terminal.shows("agents.toml: changed; triage profile undo takes it back")
        assert terminal.ended() == 0
    assert profile.read_text() == OLD.replace('"x"', '"y"')
    assert not list((home / "edit").iterdir())
    assert main(["profile", "undo"]) == 0
    assert profile.read_text() == OLD


def test_mistakes_are_shown_with_their_line_and_edited_again(home: Path, profile: Path) -> None:
    command = editor(home, "put('cs.LG', 'cs.LGG')", "put('cs.LGG', 'cs.CL')")
    with editing(home, command) as terminal:
        terminal.shows("What now? [e] edit again, [d] discard")
        shown = [line for line in terminal.text.splitlines() if line.strip()]
        assert any("agents.toml:4:16: unknown category cs.LGG: did you mean cs.LG?" in line for line in shown)
        line, mark = next((one, two) for one, two in pairwise(shown) if two.strip() == "^")
        assert line[mark.index("^") :].startswith("cs.LGG")
        terminal.press("e\r")
        terminal.shows("Take this change?")
        terminal.press("y\r")
        assert terminal.ended() == 0
    assert 'categories = ["cs.CL"]  # one' in profile.read_text()


@pytest.mark.parametrize(
    ("script", "question"), [("put('cs.LG', 'cs.LGG')", "What now?"), ("put('\"x\"', '\"y\"')", "Take this change?")]
)
def test_a_change_is_discarded(home: Path, profile: Path, script: str, question: str) -> None:
    with editing(home, editor(home, script)) as terminal:
        terminal.shows(question)
        terminal.press("d\r")
        terminal.shows("discarded; it is as it was")
        assert terminal.ended() == 0
    assert profile.read_text() == OLD
    assert not list((home / "edit").iterdir())


def test_a_good_change_is_edited_again_and_no_change_ends_it(home: Path, profile: Path) -> None:
    command = editor(home, "put('\"x\"', '\"y\"')", "put('\"y\"', '\"x\"')")
    with editing(home, command) as terminal:
        terminal.shows("Take this change?")
        terminal.press("e\r")
        terminal.shows("agents.toml: no change")
        assert terminal.ended() == 0
    assert profile.read_text() == OLD


def test_ctrl_c_at_the_question_changes_nothing_and_tells_where_the_text_is(home: Path, profile: Path) -> None:
    with editing(home, editor(home, "put('\"x\"', '\"y\"')")) as terminal:
        terminal.shows("Take this change?")
        terminal.press("\x03")
        terminal.shows("your text is kept in")
        assert terminal.ended() == 130
    (kept,) = (home / "edit").glob("*/agents.toml")
    assert str(kept) in terminal.text
    assert (profile.read_text(), kept.read_text()) == (OLD, OLD.replace('"x"', '"y"'))


@pytest.mark.parametrize(("answer", "mine"), [("o", True), ("k", False)])
def test_what_somebody_else_wrote_meanwhile_is_told(home: Path, profile: Path, answer: str, mine: bool) -> None:
    theirs = OLD + "# theirs\n"
    script = f"put('\"x\"', '\"y\"')\npathlib.Path({str(profile)!r}).write_text({theirs!r})"
    with editing(home, editor(home, script)) as terminal:
        terminal.shows("Take this change?")
        terminal.press("y\r")
        terminal.shows("was changed by somebody else meanwhile")
        terminal.press(f"{answer}\r")
        assert terminal.ended() == 0
    assert profile.read_text() == (OLD.replace('"x"', '"y"') if mine else theirs)
    kept = [path.read_text() for path in (home / "edit").glob("*/agents.toml")]
    history = [path.read_text() for path in (home / "history").glob("*/*.toml")]
    assert (theirs in history) if mine else kept == [OLD.replace('"x"', '"y"')]


def test_a_killed_triage_leaves_the_profile_and_the_copy(home: Path, profile: Path) -> None:
    with editing(home, editor(home, "put('\"x\"', '\"y\"')")) as terminal:
        terminal.shows("Take this change?")
        terminal.kill(9)
        terminal.ended()
    assert profile.read_text() == OLD
    assert [path.read_text() for path in (home / "edit").glob("*/agents.toml")] == [OLD.replace('"x"', '"y"')]


def run(home: Path, *arguments: str, given: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    told = {**os.environ, "TRIAGE_HOME": str(home), **environ}
    return subprocess.run(
        [sys.executable, "-m", "triage", *arguments], env=told, input=given, capture_output=True, text=True, check=False
    )


def test_without_a_terminal_nobody_is_asked(home: Path, profile: Path) -> None:
    broken = run(home, "profile", "edit", EDITOR=editor(home, "put('cs.LG', 'cs.LGG')"))
    assert broken.returncode == 65
    assert "did you mean cs.LG?" in broken.stderr
    assert "your text is kept in" in broken.stderr
    assert profile.read_text() == OLD
    good = run(home, "profile", "edit", EDITOR=editor(home, "put('\"x\"', '\"y\"')"))
    assert (good.returncode, profile.read_text()) == (0, OLD.replace('"x"', '"y"'))


def test_an_editor_that_fails_changes_nothing_and_keeps_the_text(home: Path, profile: Path) -> None:
    failed = run(home, "profile", "edit", EDITOR=editor(home, "put('\"x\"', '\"y\"')\nsys.exit(3)"))
    assert failed.returncode == 1
    assert "ended with 3; nothing was changed, your text is kept in" in failed.stderr
    assert run(home, "profile", "edit", EDITOR="absent").returncode == 78
    assert profile.read_text() == OLD


def test_the_configured_editor_comes_first(home: Path, profile: Path) -> None:
    (home / "config.toml").write_text(f"[session]\neditor = '{editor(home, '')} --wait'\n")
    done = run(home, "profile", "edit", EDITOR="absent", VISUAL="absent")
    assert (done.returncode, done.stdout) == (0, "agents.toml: no change\n")


# -- new --


def test_new_asks_four_questions(home: Path) -> None:
    with Terminal("profile", "new", environ={"TRIAGE_HOME": str(home)}, columns=240, rows=40) as terminal:
        terminal.shows("statement>")
        terminal.press("Compressing the cache of language models for machine learning\r")
        terminal.shows("categories>")
        assert "cs.LG" in terminal.text  # offered, because the statement names it
        terminal.press("cs.LGG\r")
        terminal.shows("one of these?" if taxonomy.suited("cs.LGG", 1) else "did you mean cs.LG?")
        terminal.press("cs.LG, cs.CL\r")
        terminal.shows("seeds>")
        terminal.press("2309.6180\r")
        terminal.shows("did you mean 2309.06180?")
        terminal.press("2309.06180\r")
        terminal.shows("minutes [15.0]>")
        terminal.press("12\r")
        terminal.shows("compressing-cache-language.toml: written")
        assert terminal.ended() == 0
    path = home / "profiles" / "compressing-cache-language.toml"
    assert path.read_text().startswith("#:schema ./profile.schema.json\n")
    assert json.loads((home / "profiles" / "profile.schema.json").read_text()) == json.loads(schema())
    found = Profile.load(path)
    assert (found.categories, found.seeds, found.minutes) == (("cs.LG", "cs.CL"), ("2309.06180",), 12)
    with Terminal("profile", "new", path.stem, environ={"TRIAGE_HOME": str(home)}, columns=240) as terminal:
        terminal.shows("is there already")  # and nothing was asked
        assert "statement>" not in terminal.text
        assert terminal.ended() == 73


def test_new_takes_flags_never_asks_in_a_pipe_and_never_overwrites(home: Path) -> None:
    flags = ("--statement", 'a "b" \\ c', "--category", "cs.LG")
    assert run(home, "profile", "new").returncode == 2
    assert run(home, "profile", "new", "--statement", "x").returncode == 2
    assert run(home, "profile", "new", "mine", "--statement", "x", "--category", "cs").returncode == 65
    assert run(home, "profile", "new", "mine", *flags).returncode == 0
    path = home / "profiles" / "mine.toml"
    text = path.read_text()
    assert Profile.load(path).statement == 'a "b" \\ c'
    again = run(home, "profile", "new", "mine", *flags)
    assert (again.returncode, path.read_text()) == (73, text)
    assert "is there already; triage profile edit mine changes it" in again.stderr
    assert sorted(one.name for one in path.parent.iterdir()) == ["mine.toml", "profile.schema.json"]
    assert run(home, "profile", "new", *flags).returncode == 0  # named after its statement
    named = path.with_name(f"{slug(flags[1])}.toml")
    named.write_text(f"# mine\n{named.read_text()}")
    assert run(home, "profile", "new", *flags).returncode == 73
    assert named.read_text().startswith("# mine\n")


@pytest.mark.parametrize("statement", ["plain", 'with "quotes"\nand lines', "\x7f \\ \t", "naïve Schrödinger"])
def test_a_new_profile_is_read_as_it_was_told(statement: str) -> None:
    text = render("n", statement, ["cs.LG"], minutes=7.5, seeds={"2309.06180": "A title\nof two lines"})
    profile, problems = parse(text, "n.toml")
    assert problems == []
    assert profile is not None
    assert (profile.statement, profile.minutes, profile.seeds) == (statement, 7.5, ("2309.06180",))
    assert slug(statement)


# -- seed --


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DemoServer]:
    with DemoServer() as running:
        yield running


@pytest.fixture
def demo(server: DemoServer, tmp_path: Path) -> Path:
    return ranked_home(tmp_path / "demo", server, FakeEncoder())


def test_seeds_come_from_everything_at_once_and_the_rest_is_listed(demo: Path) -> None:
    path = next((demo / "profiles").glob("*.toml"))
    before, old = path.read_text(), Profile.load(path)
    with Store(demo / "triage.db") as store:
        one, two, three, *_ = (
            paper for paper in store.background(datetime.max.date(), 20) if paper.id not in old.seeds
        )
        kept = Verdict(three.id, "keep", datetime(2026, 11, 20, 8, tzinfo=UTC), old.name)
        store.record(kept, day=kept.at.date())
    library = demo / "library.bib"
    library.write_text(f"@misc{{a, title={{One}}, eprint={{{one.id}}}}}\n@book{{b, title={{A book}}}}\n")
    done = run(demo, "profile", "seed", str(library), "-", "--kept", "2611.99999", given=f"see arXiv:{two.id}v2")
    assert done.returncode == 0, done.stderr
    assert "3 added to seeds" in done.stdout
    assert "not resolved: A book" in done.stderr
    assert "not resolved: 2611.99999 is not known to arXiv" in done.stderr
    text = path.read_text()
    assert Profile.load(path).seeds == (*old.seeds, one.id, two.id, three.id)
    assert all(line in text for line in before.splitlines() if "#" in line and "seeds" not in line)
    assert " ".join(one.title.split())[:20] in text
    again = run(demo, "profile", "seed", one.id)
    assert "0 added to seeds, 1 already in the profile" in again.stdout
    assert run(demo, "profile", "seed", "nonsense").returncode == 65
    assert run(demo, "profile", "seed").returncode == 2


def test_the_texts_of_seeds_are_fetched_in_one_batch(demo: Path) -> None:
    log = demo / "arxiv-answers.jsonl"
    log.unlink(missing_ok=True)
    done = run(demo, "profile", "seed", "2611.99997", "2611.99998", "2611.99999")
    assert done.stderr.count("is not known to arXiv") == 3
    asked = [json.loads(line)["url"] for line in log.read_text().splitlines()]
    assert asked  # twice where nothing is known: arXiv's API sometimes loses a whole page
    assert all("id_list=2611.99997%2C2611.99998%2C2611.99999" in one for one in asked)


def test_without_a_network_seeds_are_taken_and_fetched_later(home: Path, profile: Path) -> None:
    closed = "http://127.0.0.1:9/"
    environ = {f"TRIAGE_ARXIV_{name}": closed for name in ("FEED", "API", "OAI")}
    done = run(home, "profile", "seed", "2309.06180", "--avoid", **environ)
    assert done.returncode == 0
    assert "the texts are fetched with the next triage fetch" in done.stderr
    assert Profile.load(profile).avoid_seeds == ("2309.06180",)
    assert "# mine" in profile.read_text()
    assert "# one" in profile.read_text()


@pytest.mark.parametrize(
    "text",
    [
        OLD,
        OLD + 'seeds = ["1706.03762"]\n[terms]\nboost = []\n',
        OLD + 'seeds = [\n    "1706.03762",  # Attention\n]\n\n# words\n[terms]\nboost = []\n',
        OLD + "seeds = []\n",
        OLD + "\n# words\n[terms] # here\nboost = []\n",
        OLD.replace("\n", "\r\n"),
    ],
)
def test_every_comment_survives_new_seeds(text: str) -> None:
    longer = add_seeds(text, {"2309.06180": "A title", "hep-th/9901001": ""})
    told = tomllib.loads(longer)
    assert told["seeds"][-2:] == ["2309.06180", "hep-th/9901001"]
    assert {**told, "seeds": None} == {**tomllib.loads(text), "seeds": None}
    for remark in ("# mine", "# one", "# Attention", "# words", "# here"):
        assert (remark in longer) == (remark in text)
    assert "# A title" in longer
    again = add_seeds(longer, {"2401.00001": "Another"})
    tail = again[again.index('"2309.06180"') :].partition("]")[0]
    assert tail.splitlines() == ['"2309.06180",  # A title', '    "hep-th/9901001",', '    "2401.00001",  # Another']


# -- preview and check --


@pytest.mark.slow
def test_a_preview_tells_list_width_and_lines(demo: Path) -> None:
    found = json.loads(run(demo, "profile", "preview", "--json").stdout)
    assert (found["schema"], found["announced"]) == (1, FRIDAY.date().isoformat())
    assert found["width"]["papers"] >= found["width"]["passing"]
    plain = run(demo, "profile", "preview")
    assert plain.returncode == 0
    assert f"On {found['announced']}: {len(found['papers'])} paper" in plain.stdout
    assert f"How narrow: {found['width']['passing']} of {found['width']['papers']} papers" in plain.stdout
    assert found["width"]["verdict"] in run(demo, "profile", "check").stdout


def test_check_tells_every_mistake_of_every_file_and_exits_65(home: Path, profile: Path) -> None:
    profile.with_name("bees.toml").write_text('statement = "y"\ncategories = ["cs.LGG"]\n\n[budget]\nminuets = 3\n')
    found = run(home, "profile", "check")
    assert found.returncode == 65
    places = [line.partition(": ")[0] for line in found.stderr.splitlines() if line.startswith(str(home))]
    assert places == [f"{profile.with_name('bees.toml')}:{place}" for place in ("2:16", "5:1")]
    assert "2 problems found" in found.stderr
    assert f"{profile}: fine" in found.stdout
    assert run(home, "profile", "check", "agents").returncode == 0


def test_the_schema_knows_what_the_reader_of_profiles_knows() -> None:
    told = json.loads(schema())
    known = told["properties"]
    inner = {f"{name}.{key}" for name, one in known.items() for key in one.get("properties", ())}
    keys = {where for where, _ in FIELDS.values()} - {"budget", "explore"}
    keys |= {f"budget.{day}" for day in WEEKDAYS} | {f"explore.{slot}" for slot in SLOTS}
    assert {key for key in keys if "." in key} == inner
    assert {key for key in keys if "." not in key} == {name for name, one in known.items() if "properties" not in one}
    offered = {one for choice in known["categories"]["items"]["anyOf"] for one in choice["enum"]}
    assert offered == {*taxonomy.names(), *taxonomy.ALIASES}
