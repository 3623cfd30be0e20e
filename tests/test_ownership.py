"""What is the reader's own: it leaves whole, comes back equal, and nothing takes half of it."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from test_export import invented

from triage.errors import ConfigFault, InvalidInput
from triage.export import Owned, is_export, read_lines, write_lines
from triage.paper import Item, Paper, ScoredPaper, Verdict
from triage.store import REBUILDABLE, Mail, Note, Ranking, Run, Store, back_up
from triage.store.backup import KEPT, copies
from triage.store.schema import NAMES

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FRIDAY = NOW.date()
MakePaper = Callable[..., Paper]


def lived_in(store: Store, count: int) -> Store:
    """A database after some weeks: everything in it that a reader makes, with awkward text."""
    rng = random.Random(3)
    papers = list({paper.id: paper for paper in invented(count)}.values())
    items = [Item(paper, rng.choice(["new", "cross", "replace"])) for paper in papers]
    store.add_announcement(items, announced=FRIDAY, feed_day=FRIDAY, at=NOW)
    store.add_papers(papers[::2], at=NOW)
    for place, paper in enumerate(papers):
        at = NOW + timedelta(seconds=place)
        store.record(Verdict(paper.id, rng.choice(["keep", "dismiss", "open"]), at, "mine", "why “not”?"), day=FRIDAY)
        if place % 7 == 0:
            store.undo(FRIDAY, at=at)
        if place % 3 == 0:
            store.set_note(Note(paper.id, "a line\nand \u202e another 漢字 \U0001f980", at))
            store.add_tags(paper.id, rng.sample(["kv", "to cite", "ünïcode"], k=2), at=at)
    store.let_go({papers[0].id: "kept for 28 days"}, at=NOW)
    store.take_back(at=NOW)
    store.add_shared({"2611.99999": "Not stored yet", papers[1].id: ""}, source="chat.txt", at=NOW)
    store.add_run(Run(NOW, "announced", FRIDAY, {"cs.LG": ("announced", "")}, 1.5))
    scored = tuple(ScoredPaper(paper, 1 / 3 + place, place + 1, "mine") for place, paper in enumerate(papers[:50]))
    worth = {one.paper.id: 0.1 for one in scored}
    store.add_ranking(Ranking("mine", "f", "fusion", "1", "i", FRIDAY, scored, worth), at=NOW)
    shown = {"state": "ready", "announced": FRIDAY, "minutes": (900.0, 900.0), "ranker": ("fusion", "1"), "left_out": 3}
    shown |= {"parameters": {"against": ""}}
    store.add_shortlist(scored[:5], shown_by="session", day=FRIDAY, at=NOW, **shown)  # type: ignore[arg-type]
    store.add_mail(Mail("<1@x>", "a@b", FRIDAY, ("mine",), (papers[0].id,), message=b"\x00\xffmail"), at=NOW)
    store.open_coffee(FRIDAY, 900, at=NOW)
    store.write_line(FRIDAY, "a good morning")
    store.add_vectors("e", "1", {"h": np.ones(8, dtype=np.float32)})
    return store


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(lived_in(Store(), 60)) as opened:
        yield opened


def exported(store: Store) -> str:
    owned = Owned(tuple(sorted(NAMES)), {"mine.toml": 'statement = "ä"\r\n'}, store.everything())
    return "".join(f"{line}\n" for line in write_lines(owned))


def imported(text: str, store: Store | None = None) -> Store:
    store = store or Store()
    store.take_in(read_lines(text.splitlines(), NAMES).rows)
    return store


def rows_of(store: Store) -> dict[str, set[tuple[object, ...]]]:
    return {name: set(store.rows(f"SELECT * FROM {name}")) for name in store.owned_tables()}


def test_every_table_is_exported_or_named_as_rebuildable_with_its_reason() -> None:
    """A table that somebody adds to the schema cannot be forgotten here."""
    with closing(Store()) as store:
        rows = store.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        tables = {str(row[0]) for row in rows}
        indexes = {name for name in tables if "_fts" in name}
        owned = set(store.owned_tables())
    assert owned | set(REBUILDABLE) | indexes == tables
    assert owned.isdisjoint(REBUILDABLE)
    assert all(len(reason.split()) > 3 for reason in REBUILDABLE.values())
    assert {"papers", "verdicts", "notes", "tags", "coffees", "notebook", "releases", "shared"} <= owned


def test_the_sample_has_a_row_in_every_table_that_a_reader_fills(store: Store) -> None:
    filled = {name for name, rows in rows_of(store).items() if rows}
    assert filled >= {
        *("papers", "versions", "announcements", "verdicts", "notes", "tags", "releases", "shared", "runs", "coverage"),
        *("rankings", "scores", "shortlists", "picks", "mails", "coffees", "notebook"),
    }


def test_a_thousand_papers_leave_and_come_back_to_the_byte() -> None:
    with closing(lived_in(Store(), 1000)) as first:
        told = exported(first)
        with closing(imported(told)) as second:
            assert exported(second) == told
            assert rows_of(second) == rows_of(first)
            assert len(second.labels()) > 700
            assert second.search("title:attention", 5) == first.search("title:attention", 5)


def test_the_same_rows_may_come_twice(store: Store) -> None:
    told = exported(store)
    before = rows_of(store)
    assert +store.take_in(read_lines(told.splitlines(), NAMES).rows) == {}
    assert rows_of(store) == before


def test_two_lives_are_joined_and_neither_loses_a_verdict(store: Store) -> None:
    """Numbers that both have used are changed, and what points to them with them."""
    with closing(Store()) as other:
        paper = Paper("2611.77777", "Elsewhere", "a", categories=("cs.LG",))
        other.add_announcement([Item(paper, "new")], announced=FRIDAY, feed_day=FRIDAY, at=NOW)
        for kind in ("keep", "dismiss"):
            other.record(Verdict(paper.id, kind, NOW, "mine"), day=FRIDAY)  # type: ignore[arg-type]
        other.undo(FRIDAY, at=NOW)
        other.add_ranking(
            Ranking("mine", "g", "fusion", "1", "j", FRIDAY, (ScoredPaper(paper, 2.0, 1),), {paper.id: 0.5}), at=NOW
        )
        labels, count = store.labels(), len(store.standing())
        added = store.take_in(read_lines(exported(other).splitlines(), NAMES).rows)
        assert added["verdicts"] == 3
        assert store.labels() == {**labels, (paper.id, "mine"): "keep"}
        assert len(store.standing()) == count + 1
        ranking = store.ranking("mine", "fusion", FRIDAY)
        assert ranking is not None
        assert [one.paper.id for one in ranking.papers] == [paper.id]
        assert +store.take_in(read_lines(exported(other).splitlines(), NAMES).rows) == {}


def test_the_newer_note_and_the_higher_version_stand(make_paper: MakePaper) -> None:
    with closing(Store()) as here, closing(Store()) as there:
        paper = make_paper(version=2, title="second")
        here.add_papers([paper], at=NOW)
        here.set_note(Note(paper.id, "old words", NOW))
        there.add_papers([make_paper(id=paper.id, version=3, title="third")], at=NOW)
        there.set_note(Note(paper.id, "new words", NOW + timedelta(hours=1)))
        told, back = exported(there), exported(here)
        imported(told, here)
        assert (here.note(paper.id), here.papers([paper.id])[paper.id].title) == ("new words", "third")
        imported(back, here)
        assert (here.note(paper.id), here.papers([paper.id])[paper.id].title) == ("new words", "third")


def test_a_coffee_is_never_given_back_by_an_import(store: Store) -> None:
    told = exported(store)
    store.charge(FRIDAY, 500)
    store.close_coffee(FRIDAY, "finished")
    imported(told, store)
    coffee = store.coffee(FRIDAY)
    assert coffee is not None
    assert (coffee.spent_s, coffee.state) == (500, "finished")


# -- what is broken --


def _heading(**changed: object) -> str:
    return json.dumps({"triage": "export", "schema": 1, "migrations": sorted(NAMES), **changed})


PAPER_ROW = {"id": "2611.00001", "version": 1, "title": "t", "abstract": "a", "authors": "[]", "categories": "[]"}
PAPER_ROW |= {"first_seen": "2026"}


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["{}"], "line 1"),
        (["no json"], "line 1"),
        ([], "line 1"),
        (["[1]"], "line 1"),
        ([_heading(), '{"table": "papers", "row": {'], "line 2"),
        ([_heading(), '{"what": 1}'], "line 2"),
        ([_heading(), '{"table": "papers", "row": 3}'], "line 2"),
        ([_heading(), '{"table": "absent", "row": {}}'], "absent"),
        ([_heading(), '{"table": "sqlite_master", "row": {"name": "x"}}'], "sqlite_master"),
        ([_heading(), '{"table": "vectors", "row": {"encoder": "x"}}'], "vectors"),
        ([_heading(), json.dumps({"table": "papers", "row": {**PAPER_ROW, "evil": 1}})], "evil"),
        ([_heading(), json.dumps({"table": "papers", "row": {"title": "t"}})], "row 1"),
        ([_heading(), json.dumps({"table": "papers", "row": {**PAPER_ROW, "title": None}})], "row 1"),
        ([_heading(), json.dumps({"table": "papers", "row": {**PAPER_ROW, "title": ["x"]}})], "line 2"),
        ([_heading(), json.dumps({"table": "papers", "row": {**PAPER_ROW, "version": 2**70}})], "row 1"),
        ([_heading(), '{"table": "papers", "row": {"id": "\\ud800"}}'], "row 1"),
        ([_heading(), '{"table": "tags", "row": {"paper_id": "9", "tag": "x", "at": "y"}}'], "row 1"),
        ([_heading(), '{"table": "mails", "row": {"message": {"base64": "§"}}}'], "line 2"),
        ([_heading(), "[" * 100_000], "line 2"),
    ],
)
def test_a_damaged_export_is_named_and_changes_nothing(store: Store, lines: list[str], says: str) -> None:
    before = rows_of(store)
    with pytest.raises(InvalidInput, match=says):
        store.take_in(read_lines(lines, NAMES).rows)
    assert rows_of(store) == before
    if len(lines) == 2:
        good = json.dumps({"table": "papers", "row": {**PAPER_ROW, "id": "2612.00001"}})
        with pytest.raises(InvalidInput):
            store.take_in(read_lines([lines[0], good, lines[1]], NAMES).rows)
        assert rows_of(store) == before, "the good row before it went too"


@pytest.mark.parametrize("heading", [_heading(migrations=["m999_moon"]), _heading(schema=2)])
def test_an_export_of_a_newer_triage_is_refused(heading: str) -> None:
    assert is_export(heading)
    with pytest.raises(ConfigFault, match="newer triage"):
        read_lines([heading], NAMES)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 on this system")
@pytest.mark.parametrize("after", [0.0, 0.05, 0.2])
def test_kill_9_during_an_import_leaves_the_old_or_the_whole(tmp_path: Path, after: float) -> None:
    source = tmp_path / "all.jsonl"
    with closing(lived_in(Store(), 300)) as store:
        source.write_text(exported(store))
        whole = {name: len(rows) for name, rows in rows_of(store).items()}
    path = tmp_path / "triage.db"
    with closing(Store(path)) as store:
        old = {name: len(rows) for name, rows in rows_of(store).items()}
    child = subprocess.Popen([sys.executable, "-c", _IMPORT, str(path), str(source)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "begins\n"
    time.sleep(after)
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    with closing(Store(path)) as store:
        store.check()
        assert {name: len(rows) for name, rows in rows_of(store).items()} in (old, whole)


_IMPORT = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from triage.export import read_lines
    from triage.store import Store
    from triage.store.schema import NAMES
    store = Store(Path(sys.argv[1]))
    lines = Path(sys.argv[2]).read_text().splitlines()
    print("begins", flush=True)
    store.take_in(read_lines(lines, NAMES).rows)
    """
)


# -- the copy before a change of the tables --


def test_a_copy_is_complete_private_and_only_the_newest_stay(tmp_path: Path) -> None:
    path = tmp_path / "triage.db"
    with closing(lived_in(Store(path), 40)) as store:
        before = rows_of(store)
        for number in range(KEPT + 2):
            copy = back_up(store.db, path, f"m90{number}_x")
            os.utime(copy, (number, number))
            assert copy.stat().st_mode & 0o077 == 0
    left = copies(path)
    assert [one.name[-5:] for one in left] == [f"90{number}_x" for number in reversed(range(2, KEPT + 2))]
    assert not list(tmp_path.glob("*.part"))
    with closing(Store(left[0])) as store:
        assert rows_of(store) == before


def test_a_damaged_database_is_not_copied_over_a_good_copy(tmp_path: Path) -> None:
    path = tmp_path / "triage.db"
    with closing(lived_in(Store(path), 200)) as store:
        good = back_up(store.db, path, "m901_x")
        store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = good.read_bytes()
    damaged = bytearray(path.read_bytes())
    middle = len(damaged) // 2
    damaged[middle : middle + 8192] = random.Random(1).randbytes(8192)
    path.write_bytes(bytes(damaged))
    with closing(sqlite3.connect(path)) as db, pytest.raises((InvalidInput, sqlite3.DatabaseError)):
        back_up(db, path, "m901_x")
    assert good.read_bytes() == kept
    assert copies(path) == [good]
