"""The store on real SQLite: what goes in comes out, nothing twice, nothing lost, and errors say what to do."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.embed import text_hash
from triage.errors import CannotCreate, ConfigFault, InvalidInput, TryLater
from triage.paper import Item, Paper, ScoredPaper, Verdict
from triage.store import Note, Ranking, Run, Store
from triage.store.schema import NAMES, migrations

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FRIDAY = date(2026, 11, 20)
MakePaper = Callable[..., Paper]


def announce(store: Store, *papers: Paper, day: date = FRIDAY, kind: str = "new") -> None:
    items = [Item(paper, kind) for paper in papers]  # type: ignore[arg-type]
    store.add_announcement(items, announced=day, feed_day=day, at=NOW)


TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=80)


@given(title=TEXT, abstract=TEXT, authors=st.lists(TEXT, max_size=4), version=st.integers(1, 99))
def test_a_paper_survives_the_store(title: str, abstract: str, authors: list[str], version: int) -> None:
    with closing(Store()) as store:
        paper = Paper("2611.00001", title, abstract, version, tuple(authors), ("cs.LG",))
        announce(store, paper)
        found = store.paper("2611.00001")
        assert found == replace(paper, announced=FRIDAY, announce_type="new")


def test_the_same_announcement_twice_adds_nothing(store: Store, make_paper: MakePaper) -> None:
    items = [Item(make_paper(), "new"), Item(make_paper(), "cross"), Item(make_paper(version=2), "replace")]
    first = store.add_announcement(items, announced=FRIDAY, feed_day=FRIDAY, at=NOW)
    second = store.add_announcement(items, announced=FRIDAY, feed_day=FRIDAY, at=NOW + timedelta(hours=1))
    assert (first.new, first.updated, first.known) == (2, 1, 0)
    assert (second.new, second.updated, second.known) == (0, 0, 3)
    assert len(store.rows("SELECT * FROM announcements")) == 3


def test_a_version_is_never_lowered(store: Store, make_paper: MakePaper) -> None:
    paper = make_paper(version=3, title="third")
    announce(store, paper, kind="replace")
    announce(store, replace(paper, version=2, title="second"), day=FRIDAY + timedelta(3))
    found = store.paper(paper.id)
    assert found is not None
    assert (found.version, found.title) == (3, "third")
    assert [row[0] for row in store.rows("SELECT version FROM versions ORDER BY version")] == [2, 3]


def test_details_are_asked_once_and_kept(store: Store, make_paper: MakePaper) -> None:
    paper = make_paper()
    announce(store, paper)
    assert store.wanting_details(FRIDAY) == [paper.id]
    store.add_papers([replace(paper, comment="12 pages", submitted=NOW)], at=NOW)
    announce(store, paper, day=FRIDAY + timedelta(3), kind="cross")
    found = store.paper(paper.id)
    assert store.wanting_details(FRIDAY) == []
    assert found is not None
    assert (found.pages, found.submitted) == (12, NOW)


def test_vectors_come_back_and_are_kept_once(store: Store) -> None:
    vector = np.full(8, 0.25, dtype=np.float32)
    one, other = text_hash("one"), text_hash("another")
    store.add_vectors("e", "1", {one: vector})
    store.add_vectors("e", "1", {one: -vector})
    assert store.embedded("e", "1", [one, other]) == {one}
    assert store.embedded("e", "2", [one]) == set()
    assert np.allclose(store.vectors("e", "1", [one])[one], vector)


def test_a_ranking_comes_back_in_its_order(store: Store, make_paper: MakePaper) -> None:
    papers = [make_paper() for _ in range(3)]
    announce(store, *papers)
    scored = tuple(ScoredPaper(p, 3.0 - n, n, "mine", {"a": 1.0}, ("near it",)) for n, p in enumerate(papers[::-1], 1))
    worth = {one.paper.id: 0.5 for one in scored}
    store.add_ranking(Ranking("mine", "f", "fusion", "1", "i", FRIDAY, scored, worth, "a note"), at=NOW)
    found = store.ranking("mine", "fusion", FRIDAY)
    assert found is not None
    assert [one.paper.id for one in found.papers] == [p.id for p in papers[::-1]]
    assert (found.papers[0].parts, found.papers[0].why, found.worth, found.note) == (
        {"a": 1.0},
        ("near it",),
        worth,
        "a note",
    )
    assert store.ranking("mine", "random", FRIDAY) is None


def test_verdicts_cannot_be_changed_or_deleted(store: Store, make_paper: MakePaper) -> None:
    paper = make_paper()
    announce(store, paper)
    store.record(Verdict(paper.id, "keep", NOW))
    for sql in ("DELETE FROM verdicts", "UPDATE verdicts SET kind = 'dismiss'"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            store.db.execute(sql)
        store.db.rollback()
    assert store.labels() == {(paper.id, ""): "keep"}


@given(st.lists(st.tuples(st.sampled_from(["keep", "dismiss", "open", "undo"]), st.integers(0, 2)), max_size=25))
def test_labels_after_any_sequence_equal_the_model(steps: list[tuple[str, int]]) -> None:
    with closing(Store()) as store:
        papers = [Paper(f"2611.0000{n}", "t", "a") for n in range(3)]
        announce(store, *papers)
        model: list[tuple[str, str]] = []
        for kind, which in steps:
            if kind == "undo":
                taken = store.undo(FRIDAY, at=NOW)
                expected = model.pop() if model else None
                assert (taken and (taken.paper_id, taken.kind)) == expected
            else:
                store.record(Verdict(papers[which].id, kind, NOW), day=FRIDAY)  # type: ignore[arg-type]
                model.append((papers[which].id, kind))
        labels: dict[str, str] = {}
        for name, kind in model:
            if kind != "open" or name not in labels:
                labels[name] = kind
        assert {name: kind for (name, _), kind in store.labels().items()} == labels


def test_a_verdict_for_one_profile_leaves_the_others_alone(store: Store, make_paper: MakePaper) -> None:
    paper = make_paper()
    announce(store, paper)
    store.record(Verdict(paper.id, "keep", NOW, "one"), day=FRIDAY)
    store.record(Verdict(paper.id, "dismiss", NOW, "two"), day=FRIDAY)
    assert store.labels() == {(paper.id, "one"): "keep", (paper.id, "two"): "dismiss"}
    assert store.undo(FRIDAY, at=NOW, profile="one") is not None
    assert store.labels() == {(paper.id, "two"): "dismiss"}


def test_a_new_version_is_asked_about_again(store: Store, make_paper: MakePaper) -> None:
    """A withdrawal shows in the comment of the newest version alone."""
    paper = make_paper()
    announce(store, paper)
    store.add_papers([replace(paper, comment="12 pages")], at=NOW)
    monday = FRIDAY + timedelta(3)
    announce(store, replace(paper, version=2), make_paper(version=4), day=monday, kind="replace")
    assert store.wanting_details(FRIDAY) == [paper.id]
    store.add_papers([replace(paper, version=2, comment="This paper has been withdrawn")], at=NOW)
    found = store.paper(paper.id)
    assert found is not None
    assert found.withdrawn
    assert store.wanting_details(FRIDAY) == []


def test_the_background_is_what_was_new_before_the_day(store: Store, make_paper: MakePaper) -> None:
    old, replaced, only_replaced, today, loose = (make_paper() for _ in range(5))
    announce(store, old, replaced, day=FRIDAY - timedelta(4))
    announce(store, replace(replaced, version=2), only_replaced, kind="replace")
    announce(store, today)
    store.add_papers([replace(loose, submitted=NOW)], at=NOW)
    assert {paper.id for paper in store.background(FRIDAY, 10)} == {old.id, replaced.id, loose.id}


_EVENTS = st.tuples(
    st.integers(0, 9), st.sampled_from(["new", "cross", "replace", "details", "seen"]), st.integers(0, 12)
)


@settings(deadline=None, max_examples=25)
@given(st.lists(_EVENTS, max_size=40), st.integers(0, 14), st.integers(1, 8))
def test_the_background_of_any_history(events: list[tuple[int, str, int]], day: int, limit: int) -> None:
    """Against its definition, paper by paper: the newest that were not announced as new on the day or later."""
    with closing(Store()) as store:
        for number, kind, ago in events:
            paper, when = Paper(f"9911.{number:05d}", 1, "t", "a", ("A",), ("cs.LG",)), NOW - timedelta(ago)
            if kind in ("details", "seen"):
                store.add_papers([replace(paper, submitted=when if kind == "details" else None)], at=when)
            else:
                announce(store, paper, day=when.date(), kind=kind)
        rows: list[Any] = store.rows("SELECT paper_id, announced, type FROM announcements")
        wanted = []
        for name, submitted, seen in store.rows("SELECT id, submitted, first_seen FROM papers"):
            fresh = [announced for one, announced, kind in rows if one == name and kind != "replace"]
            if fresh and max(fresh) < (NOW - timedelta(day)).date().isoformat():
                wanted.append((max(fresh), name))
            elif name not in {one for one, *_ in rows}:
                wanted.append((str(submitted)[:10] if submitted else seen, name))
        expected = [name for _, name in sorted(wanted, reverse=True)][:limit]
        assert store.background_ids((NOW - timedelta(day)).date(), limit) == expected
        days = sorted({announced for _, announced, _ in rows}, reverse=True)
        assert [one.isoformat() for one in store.announcement_days()] == days
        assert [one.isoformat() for one in store.announcement_days(most=2)] == days[:2]


def test_an_undo_reaches_only_its_own_day(store: Store, make_paper: MakePaper) -> None:
    paper = make_paper()
    announce(store, paper)
    store.record(Verdict(paper.id, "keep", NOW), day=FRIDAY)
    assert store.undo(FRIDAY + timedelta(1), at=NOW) is None
    assert store.labels() == {(paper.id, ""): "keep"}


def test_a_verdict_on_an_unknown_paper_is_refused(store: Store) -> None:
    with pytest.raises(InvalidInput, match="not stored"):
        store.record(Verdict("2611.99999", "keep", NOW))


@given(texts=st.lists(TEXT, max_size=4))
def test_the_newest_words_on_a_paper_stand(texts: list[str]) -> None:
    with closing(Store()) as store:
        announce(store, Paper("2611.00001", "Title", "Abstract"))
        for minute, text in enumerate(texts):
            store.set_note(Note("2611.00001", text, NOW + timedelta(minutes=minute)))
        last = texts[-1] if texts and texts[-1].strip() else ""
        assert store.note("2611.00001") == last
        assert [(one.text, one.at) for one in store.notes()] == (
            [(last, NOW + timedelta(minutes=len(texts) - 1))] if last else []
        )


def test_a_note_on_an_unknown_paper_is_refused(store: Store) -> None:
    with pytest.raises(InvalidInput, match=r"2611\.99999 is not stored"):
        store.set_note(Note("2611.99999", "words", NOW))


def test_a_comparison_was_not_shown_by_the_ranker_that_is_judged(store: Store, make_paper: MakePaper) -> None:
    announce(store, paper := make_paper())
    told = {
        "day": FRIDAY,
        "at": NOW,
        "state": "ready",
        "announced": FRIDAY,
        "minutes": (900.0, 900.0),
        "parameters": {},
    }
    pick = [ScoredPaper(paper, 1.0, 1, "agents")]
    assert not store.seen_before()
    store.add_shortlist(pick, shown_by="comparison", ranker=("tfidf-svm", "1"), left_out=0, **told)
    assert store.first_shown() == []
    assert not store.seen_before()
    store.add_shortlist(pick, shown_by="session", ranker=("fusion", "1"), left_out=0, **told)
    assert [one.ranker for one in store.first_shown()] == ["fusion"]
    assert store.seen_before()


def test_the_budget_of_a_day_is_fixed_and_only_falls(store: Store) -> None:
    assert store.open_coffee(FRIDAY, 900, at=NOW).budget_s == 900
    assert store.open_coffee(FRIDAY, 1800, at=NOW).budget_s == 900
    assert store.open_coffee(FRIDAY, 1800, lower=True, at=NOW).budget_s == 900
    assert store.open_coffee(FRIDAY, 300, lower=True, at=NOW).budget_s == 300
    store.charge(FRIDAY, 20)
    store.charge(FRIDAY, -5)
    assert store.open_coffee(FRIDAY, 300, at=NOW).left_s == 285
    store.close_coffee(FRIDAY, "finished")
    store.close_coffee(FRIDAY, "left")
    assert store.open_coffee(FRIDAY, 300, at=NOW).state == "finished"


def test_coverage_stays_confirmed(store: Store) -> None:
    store.add_run(Run(NOW, "announced", FRIDAY, {"cs.LG": ("announced", ""), "cs.CL": ("failed", "no answer")}))
    store.add_run(Run(NOW, "failed", FRIDAY, {"cs.LG": ("failed", "later"), "cs.CL": ("failed", "later")}))
    assert store.confirmed(["cs.LG", "cs.CL"]) == {"cs.LG": FRIDAY, "cs.CL": None}
    last = store.last_run()
    assert last is not None
    assert last.categories["cs.CL"] == ("failed", "later")


def test_full_text_finds_what_was_stored(store: Store, make_paper: MakePaper) -> None:
    paper = make_paper(title="Speculative decoding without drafts")
    announce(store, paper, make_paper())
    announce(store, replace(paper, version=2, title="Speculative sampling"), day=FRIDAY + timedelta(3), kind="replace")
    sql = "SELECT p.id FROM papers_fts f JOIN papers p ON p.rowid = f.rowid WHERE papers_fts MATCH ?"
    assert store.rows(sql, ("sampling",)) == [(paper.id,)]
    assert store.rows(sql, ("decoding",)) == []


# -- the file ----------------------------------------------------------------------------------------------------------


def test_a_newer_schema_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "triage.db"
    with closing(Store(path)) as store, store.write() as db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('triage', 'm999_moon', '')"
        )
    before = path.read_bytes()
    with pytest.raises(ConfigFault, match="newer triage"):
        Store(path)
    assert path.read_bytes() == before


def test_an_older_schema_is_backed_up_before_it_is_migrated(tmp_path: Path) -> None:
    from sqlite_utils import Database

    path = tmp_path / "triage.db"
    older = Database(path)
    migrations().apply(older, stop_before="m005_verdicts")
    older.close()
    told: list[tuple[int, int]] = []
    with closing(Store(path, copied=lambda done, of: told.append((done, of)))) as store:
        assert {m.name for m in migrations().applied(Database(store.db))} == NAMES
    assert told
    assert told[-1][0] == told[-1][1] > 0
    copy = Database(tmp_path / "triage.db.before-m005_verdicts")
    assert "scores" in copy.table_names()
    assert "verdicts" not in copy.table_names()
    copy.close()


def test_what_is_no_database_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "triage.db"
    path.write_bytes(b"these are my holiday pictures, not a database" * 100)
    with pytest.raises(InvalidInput, match="damaged or no database"):
        Store(path)
    assert path.read_bytes().startswith(b"these are my holiday")


def test_damage_is_found_by_the_check(tmp_path: Path, make_paper: MakePaper) -> None:
    path = tmp_path / "triage.db"
    with closing(Store(path)) as store:
        announce(store, *(make_paper() for _ in range(200)))
        store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    damaged = bytearray(path.read_bytes())
    middle = len(damaged) // 2
    damaged[middle : middle + 4096] = random.Random(1).randbytes(4096)
    path.write_bytes(bytes(damaged))
    with pytest.raises(InvalidInput, match=r"put back a copy|damaged"), closing(Store(path)) as store:
        store.check()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotCreate, match="file"):
        Store(tmp_path / "file" / "triage.db")


def test_a_lock_that_stays_is_told_after_five_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "triage.db"
    with closing(Store(path)) as store:
        store.db.execute("PRAGMA busy_timeout = 50")
        with closing(sqlite3.connect(path)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(TryLater, match="locked"):
                store.open_coffee(FRIDAY, 900, at=NOW)


def test_writers_in_two_processes_wait_for_each_other(tmp_path: Path) -> None:
    """A thousand verdicts are committed while another process writes vectors without a pause."""
    path = tmp_path / "triage.db"
    with closing(Store(path)) as store:
        announce(store, Paper("2611.00001", "t", "a"))
        child = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        try:
            assert child.stdout is not None
            child.stdout.readline()
            for number in range(1000):
                store.record(Verdict("2611.00001", "keep" if number % 2 else "dismiss", NOW))
        finally:
            child.kill()
            child.communicate()
        assert len(store.standing()) == 1000
        assert store.vector_count("e", "1") > 0


_WRITER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    import numpy as np
    from triage.store import Store
    store, n = Store(Path(sys.argv[1])), 0
    while True:
        rows = {f"{n}-{i}": np.ones(384, dtype=np.float32) for i in range(64)}
        store.add_vectors("e", "1", rows)
        if n == 0:
            print("writing", flush=True)
        n += 1
    """
)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 on this system")
@pytest.mark.parametrize("after", [1, 7, 20])
def test_kill_9_loses_no_verdict_that_was_recorded(tmp_path: Path, after: int) -> None:
    path = tmp_path / "triage.db"
    with closing(Store(path)) as store:
        announce(store, *(Paper(f"2611.{n:05d}", "t", "a") for n in range(1, 200)))
    child = subprocess.Popen([sys.executable, "-c", _JUDGE, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    told = [child.stdout.readline().strip() for _ in range(after)]
    os.kill(child.pid, signal.SIGKILL)
    rest, _ = child.communicate()
    with closing(Store(path)) as store:
        store.check()
        kept = [name for name, _ in store.labels()]
    assert kept[:after] == told
    assert len(kept) <= after + len(rest.split()) + 1


_JUDGE = textwrap.dedent(
    """
    import sys
    from datetime import UTC, datetime
    from pathlib import Path
    from triage.paper import Verdict
    from triage.store import Store
    store = Store(Path(sys.argv[1]))
    for n in range(1, 200):
        store.record(Verdict(f"2611.{n:05d}", "keep", datetime.now(UTC)))
        print(f"2611.{n:05d}", flush=True)
    """
)
