"""The library's commands as a person types them: keep, note, tag, search, export, import, and every bad input."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from triage.cli import main
from triage.paper import Item, Paper, Verdict
from triage.store import Store

NOW = datetime.now(UTC)
PAPERS = [
    Paper("2611.00001", "KV cache $O(n)$ eviction", "We evict.", authors=("Jürgen Müller",), categories=("cs.LG",)),
    Paper(
        "2611.00002", "Frogs \u202eof the Amazon", "A cache of frogs.", authors=("Ann Lee",), categories=("q-bio.PE",)
    ),
    Paper("2611.00003", "Draft models", "Decoding drafts.", authors=("Bo Li",), categories=("cs.CL",)),
]
Told = tuple[int, str, str]
Triage = Callable[..., Told]


@pytest.fixture
def triage(home: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Triage:
    """Run a command in this process on a home with three papers: (exit code, stdout, stderr)."""
    (home / "profiles").mkdir(parents=True)
    (home / "profiles" / "mine.toml").write_text('statement = "caches"\ncategories = ["cs.LG"]\n')
    dead = "http://127.0.0.1:9/x"
    (home / "config.toml").write_text(f'[arxiv]\nfeed = "{dead}"\napi = "{dead}"\noai = "{dead}"\n')
    with closing(Store(home / "triage.db")) as store:
        day = NOW.date()
        store.add_announcement([Item(one, "new") for one in PAPERS], announced=day, feed_day=day, at=NOW)
    monkeypatch.setenv("TRIAGE_SESSION_BROWSER", "true")

    def run(*arguments: str, given: bytes = b"") -> Told:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        code = main(arguments)
        out, err = capfdbinary.readouterr()
        assert b"Traceback" not in err
        return code, out.decode(), err.decode()

    return run


def bad(told: Told, code: int) -> str:
    """The one line on standard error, after checking that nothing is on standard output and the exit code is right."""
    assert told[0] == code, told
    assert told[1] == ""
    lines = [line for line in told[2].splitlines() if line.startswith(("triage:", "Error:"))]
    assert len(lines) == 1, told[2]
    return lines[0]


def test_a_paper_is_kept_noted_tagged_and_found(triage: Triage) -> None:
    assert triage("keep", "2611.00001", "2611.00002")[0] == 0
    assert triage("note", "2611.00001", "their", "table 3")[1].startswith("noted: 2611.00001")
    triage("note", "2611.00001", "--add", "and \x1b[31mmore")
    assert triage("note", "2611.00001")[1] == "their table 3\nand more\n"
    assert triage("tag", "2611.00001", "#KV", "to, cite")[1] == "2611.00001  #kv #to cite\n"
    assert "   1  #kv\n" in triage("tag")[1]
    _, out, _ = triage("kept")
    assert out.startswith("2 papers kept, ")
    assert "#kv · #to cite · has a note" in out
    assert "\u202e" not in out
    row = json.loads(triage("kept", "--json")[1])["papers"][0]
    assert (row["id"], row["tags"], row["note"]) == ("2611.00001", ["kv", "to cite"], "their table 3\nand more")
    assert [one["id"] for one in json.loads(triage("search", "tag:kv", "--json")[1])["papers"]] == ["2611.00001"]
    assert "2611.00002" in triage("search", "frogs", "OR", "drafts")[1]
    assert triage("tag", "2611.00001", "--remove", "kv", "to cite")[1] == "2611.00001  no tag\n"
    triage("note", "2611.00001", "--remove")
    assert json.loads(triage("note", "--json")[1])["notes"] == []


def test_a_note_comes_from_standard_input(triage: Triage) -> None:
    triage("note", "2611.00003", "-", given="a line\nänother\n\xff".encode() + b"\xff")
    assert triage("note", "2611.00003")[1] == "a line\nänother\nÿ\ufffd\n"


def test_what_is_let_go_comes_back(triage: Triage, home: Path) -> None:
    with closing(Store(home / "triage.db")) as store:
        store.record(Verdict("2611.00001", "keep", NOW - timedelta(days=40)))
        store.record(Verdict("2611.00002", "keep", NOW))
    code, out, err = triage("kept")
    assert (code, "1 paper kept" in out) == (0, True)
    assert "1 paper let go (kept for 28 days); triage kept --undo brings them back" in err
    assert "kept for 28 days" in triage("kept", "--gone")[1]
    assert "2 papers kept" in triage("kept", "--undo")[1]
    assert "1 paper kept" in triage("kept", "--let-go", "2611.00001")[1]
    assert "not on the kept list" in bad(triage("kept", "--let-go", "2611.00001"), 65)


def test_open_records_and_prints_the_link(triage: Triage, home: Path) -> None:
    assert triage("open", "2611.00001", "--pdf")[1] == "opened: 2611.00001  https://arxiv.org/pdf/2611.00001\n"
    with closing(Store(home / "triage.db")) as store:
        assert store.labels() == {("2611.00001", ""): "open"}


def test_a_hook_that_fails_is_told_and_the_verdict_stands(triage: Triage, home: Path) -> None:
    with (home / "config.toml").open("a") as config:
        config.write('[hooks]\nkeep = ["false"]\n')
    code, out, err = triage("keep", "2611.00001")
    assert (code, out.startswith("kept: ")) == (0, True)
    assert err == "triage: the verdict is kept, its hook failed: false: exit code 1\n"


@pytest.mark.parametrize("name", ["bibtex", "ris", "csl-json", "markdown", "org", "atom"])
def test_every_format_writes_to_a_file_or_to_stdout(triage: Triage, tmp_path: Path, name: str) -> None:
    triage("keep", "2611.00001")
    _, out, _ = triage("export", name)
    assert "2611.00001" in out
    assert "2611.00002" not in out
    assert "2611.00003" in triage("export", name, "2611.00003")[1]
    target = tmp_path / "out"
    assert triage("export", name, "--output", str(target))[0] == 0
    assert target.read_bytes().decode() == out


def test_what_is_exported_can_be_narrowed(triage: Triage) -> None:
    triage("keep", "2611.00001", "2611.00002")
    triage("tag", "2611.00002", "frogs")
    assert triage("export", "bibtex", "--tag", "#Frogs")[1].count("@misc") == 1
    assert triage("export", "bibtex", "--since", "2999-01-01")[1:] == (
        "",
        "triage: no paper is chosen; triage keep ID keeps one\n",
    )
    triage("kept", "--let-go", "2611.00001")
    assert triage("export", "bibtex")[1].count("@misc") == 2
    assert triage("export", "bibtex", "--listed")[1].count("@misc") == 1


def test_a_daily_note_through_a_link_keeps_its_rights_and_its_words(triage: Triage, tmp_path: Path) -> None:
    note, link = tmp_path / "note.md", tmp_path / "today.md"
    note.write_bytes(b"# Friday\n\nmy words\n")
    note.chmod(0o640)
    link.symlink_to(note)
    assert triage("export", "markdown", "--into", str(link))[0] == 0
    assert note.read_bytes() == b"# Friday\n\nmy words\n", "nothing was kept today"
    triage("keep", "2611.00001")
    for _ in range(2):
        assert triage("export", "markdown", "--into", str(link))[0] == 0
    assert note.read_text().count("2611.00001)") == 1
    assert note.read_text().startswith("# Friday\n\nmy words\n\n<!-- triage ")
    assert note.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert sorted(tmp_path.glob(".*")) == []


def test_everything_leaves_and_comes_back(triage: Triage, home: Path, tmp_path: Path) -> None:
    triage("keep", "2611.00001")
    triage("note", "2611.00001", "words")
    out = tmp_path / "all.jsonl"
    assert triage("export", "jsonl", "--output", str(out))[0] == 0
    (home / "triage.db").unlink()
    (home / "profiles" / "mine.toml").unlink()
    code, told, _ = triage("import", str(out))
    assert (code, "3 papers" in told, "profiles: mine.toml" in told) == (0, True, True)
    assert triage("export", "jsonl")[1].encode() == out.read_bytes()
    assert triage("import", str(out))[1] == "nothing new: everything was there already\n"
    (home / "profiles" / "mine.toml").write_text('statement = "changed"\ncategories = ["cs.LG"]\n')
    assert "stays as it is" in triage("import", str(out))[2]
    assert "changed" in (home / "profiles" / "mine.toml").read_text()


def test_no_export_writes_outside_the_profiles_folder(triage: Triage, home: Path, tmp_path: Path) -> None:
    _, out, _ = triage("export", "jsonl")
    for name in ("../evil.toml", "/tmp/evil.toml", ".hidden.toml", "a/b.toml", "x.sh"):
        evil = tmp_path / "evil.jsonl"
        evil.write_text(out.replace('"mine.toml"', json.dumps(name)))
        assert "no name of a profile" in bad(triage("import", str(evil)), 65)
    assert [one.name for one in (home / "profiles").iterdir()] == ["mine.toml"]


def test_a_chat_is_shared_and_competes(triage: Triage) -> None:
    chat = b"Bo: look https://arxiv.org/abs/2611.00003v2 !!\nAnn: arXiv:2611.00003 and 2401.99999\n"
    code, out, _ = triage("import", "-", "--no-fetch", given=chat)
    assert code == 0
    assert "marked shared: 2611.00003\n" in out
    assert "the next triage fetch brings the text: 2401.99999\n" in out
    listed = json.loads(triage("list", "--json", "--all")[1])["papers"]
    assert {one["id"]: one["why"][0] for one in listed}["2611.00003"] == "shared (standard input)"
    told = json.loads(triage("import", "-", "--json", given=chat)[1])
    assert (told["shared"], told["waiting"]) == (["2611.00003"], ["2401.99999"])
    assert "127.0.0.1" in told["fault"]
    triage("keep", "2611.00003")
    assert "judged already, and left out: 2611.00003" in triage("import", "-", "--no-fetch", given=chat)[1]


def test_a_bibliography_is_shared_and_what_has_no_identifier_is_named(triage: Triage, tmp_path: Path) -> None:
    bib = tmp_path / "friends.bib"
    bib.write_text(
        "@misc{a, title={Draft models}, eprint={2611.00003}, archivePrefix={arXiv}}\n"
        "@book{b, title={A \x1b[31mbook}}\n@article{c, title={Broken, eprint={2611.00001}\n"
    )
    code, out, err = triage("import", str(bib), "--no-fetch")
    assert code == 0
    assert "2611.00003" in out
    assert "friends.bib: 1 without an arXiv identifier, left out:\n  A book\n" in err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["note", "9999.1"], 65, "no arXiv identifier"),
        (["note", "2611.09999", "x"], 65, "not stored"),
        (["tag", "nonsense"], 65, "no arXiv identifier"),
        (["similar", "2611.09999"], 65, "not stored"),
        (["open", "2611.09999"], 65, "not stored"),
        (["search"], 2, "QUERY"),
        (["search", "x", "--limit", "0"], 2, "--limit"),
        (["export", "bibtx"], 2, "bibtx"),
        (["export", "bibtex", "2611.09999"], 65, "not stored"),
        (["export", "bibtex", "--since", "soon"], 2, "write it as 2026-11-20"),
        (["export", "bibtex", "--output", "/absent/folder/x"], 73, "cannot be made"),
        (["export", "markdown", "--day", "2026-11-20"], 2, "--into"),
        (["export", "markdown", "--into", "a.md", "--output", "b.md"], 2, "--output"),
        (["import"], 2, "FILE"),
        (["import", "/absent/file"], 65, "cannot be read"),
        (["import", "/"], 65, "cannot be read"),
        (["import", "-"], 65, "no arXiv identifier"),
    ],
)
def test_bad_input_is_one_line(triage: Triage, arguments: list[str], code: int, says: str) -> None:
    assert says in bad(triage(*arguments), code)


def test_a_newer_export_and_a_cut_one_are_refused(triage: Triage, tmp_path: Path) -> None:
    _, out, _ = triage("export", "jsonl")
    cut, newer = tmp_path / "cut.jsonl", tmp_path / "newer.jsonl"
    cut.write_text(out[: len(out) // 2])
    newer.write_text(out.replace('"m001_papers"', '"m001_papers", "m999_moon"', 1))
    assert "cut off" in bad(triage("import", str(cut)), 65)
    assert "newer triage" in bad(triage("import", str(newer)), 78)
    latin = tmp_path / "latin.md"
    latin.write_bytes(b"caf\xe9")
    assert "no UTF-8" in bad(triage("export", "markdown", "--into", str(latin)), 65)
    assert latin.read_bytes() == b"caf\xe9"


# -- the notebook --


def test_the_notebook_has_one_entry_a_coffee_and_takes_a_line(triage: Triage, home: Path) -> None:
    assert "the notebook is empty" in triage("notebook")[2]
    today = datetime.now().astimezone().date()
    with closing(Store(home / "triage.db")) as store:
        store.write_entry(today - timedelta(days=1), minutes=14.6, shown=7, kept=0)
        store.write_entry(today, minutes=3.2, shown=4, kept=1)
    triage("keep", "2611.00001")
    triage("note", "2611.00001", "their [table] 3")
    _, out, _ = triage("notebook", "--write", "caches\nare \x1b[31mback <b>")
    assert out.splitlines() == [
        f"{today - timedelta(days=1):%a %d %b %Y}    15 min   7 shown   0 kept",
        f"{today:%a %d %b %Y}     3 min   4 shown   1 kept  caches are back <b>",
    ]
    rows = json.loads(triage("notebook", "--json")[1])["entries"]
    assert [(row["kept"], row["papers"]) for row in rows] == [(0, []), (1, ["2611.00001"])]
    _, page, _ = triage("notebook", "--markdown")
    assert page.startswith(
        f"## {today:%A %d %B %Y}\n\n3 minutes, 4 shown, 1 kept.\n\n> caches are back \\<b\\>\n\n- [KV"
    )
    assert "> their \\[table\\] 3" in page
    assert len(triage("notebook", "--limit", "1")[1].splitlines()) == 1


def test_the_notebook_counts_the_papers_that_it_lists(triage: Triage) -> None:
    triage("notebook", "--write", "no coffee, and yet")
    triage("keep", "2611.00001", "2611.00003")
    assert "2 kept  no coffee" in triage("notebook")[1]
    triage("dismiss", "2611.00001")
    (row,) = json.loads(triage("notebook", "--json")[1])["entries"]
    assert (row["kept"], row["papers"]) == (1, ["2611.00003"])
    page = triage("notebook", "--markdown")[1]
    assert ", 1 kept." in page
    assert "KV cache" not in page
