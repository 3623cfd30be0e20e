"""The mapped file of vectors: what is in it is right, whatever happens to it, and everything reads through it."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import FakeEncoder
from homes import FridayClock
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from triage import doctor
from triage.demo import FRIDAY, DemoServer, demo_home
from triage.embed import text_hash
from triage.errors import CannotWrite
from triage.fetch import Wire
from triage.paper import Item, Paper, Verdict
from triage.pipeline import Term, best_stored, counted, outlived, prune, refresh, similar
from triage.pipeline.archive import file_papers, move_old
from triage.pipeline.order import BACKGROUND
from triage.pipeline.vectors import embed_missing
from triage.profile import Profile
from triage.store import Store, back_up
from triage.store.mapped import Header, Mapped, Reading, make, packed, put

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OLD = NOW - timedelta(days=90)
NEAR = 4e-3
"""Half a step of a vector whose longest component is one."""
MakePaper = Callable[..., Paper]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "triage.db")) as opened:
        yield opened


def stored(store: Store, make_paper: MakePaper, count: int, at: datetime = OLD, **given: Any) -> list[Paper]:
    """Papers with words of their own, not embedded."""
    papers = [make_paper(abstract=f"about w{number} w{number // 2} w{number // 3}", **given) for number in range(count)]
    store.add_papers(papers, at=at)
    return papers


def files(store: Store) -> list[Path]:
    assert store.path
    return sorted(store.path.parent.glob("triage.db.vectors-*"))


def right(store: Store, encoder: FakeEncoder, papers: Sequence[Paper]) -> None:
    """Each paper is in the file once, with the vector of its newest text."""
    assert store.unfiled_count() == 0
    assert store.file_sound()
    if not papers:
        return
    rows = store.rows("SELECT row, paper_id FROM filed ORDER BY row")
    assert sorted(str(name) for _, name in rows) == sorted(paper.id for paper in papers)
    hashes = [text_hash(encoder.paper_text(paper)) for paper in papers]
    found = store.filed_vectors("fake", encoder.revision, hashes)
    wanted = encoder.encode([encoder.paper_text(paper) for paper in papers])
    assert np.abs(np.stack([found[digest] for digest in hashes]) - wanted).max() < NEAR


# -- the file --


def unit_rows(count: int, dims: int, seed: int = 1) -> Any:
    rows = np.random.default_rng(seed).standard_normal((count, dims)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@given(arrays(np.float32, (3, 8), elements=st.floats(-1, 1, width=16)))
def test_a_packed_vector_keeps_its_length_and_direction(rows: Any) -> None:
    cells = packed(rows)
    scales = cells[:, 8:].copy().view("<f4")
    back = cells[:, :8].astype(np.float32) * scales
    assert np.allclose(np.linalg.norm(back, axis=1), np.linalg.norm(rows, axis=1), rtol=1e-4, atol=1e-6)
    assert np.abs(back - rows).max() <= np.abs(rows).max() * 0.02


def test_one_pass_gives_what_the_rows_give_and_cosines_to_half_a_thousandth(tmp_path: Path) -> None:
    header, rows = Header("t", "e", "r", 256), unit_rows(1500, 256)
    make(tmp_path / "v", header)
    put(tmp_path / "v", header, [*range(700), *range(702, 1502)], rows)
    put(tmp_path / "v", header, [700, 701], rows[:2])
    mapped = Mapped(tmp_path / "v", header, 1502)
    query = unit_rows(1, 256, seed=2)[0]
    products = mapped.products(query)
    assert products.shape == (1502,)
    assert np.allclose(products, mapped.take(np.arange(1502)) @ query, atol=1e-5)
    assert np.abs(products[702:] - rows[700:] @ query).max() < 3e-3
    assert np.sqrt(np.mean((products[702:] - rows[700:] @ query) ** 2)) < 5e-4
    assert (products[700:702] == products[:2]).all()


@pytest.mark.parametrize("wrong", ["foreign", "short", "other tag", "bent header", "empty"])
def test_a_file_that_is_not_the_one_is_refused(tmp_path: Path, wrong: str) -> None:
    header, path = Header("t", "e", "r", 8), tmp_path / "v"
    make(path, header)
    put(path, header, range(4), unit_rows(4, 8))
    Mapped(path, header, 4)
    content = path.read_bytes()
    path.write_bytes(
        {
            "foreign": b"SQLite format 3\x00" + content[16:],
            "short": content[:-1],
            "other tag": Header("u", "e", "r", 8).to_bytes() + content[4096:],
            "bent header": content[:40] + b"?" + content[41:],
            "empty": b"",
        }[wrong]
    )
    with pytest.raises(ValueError, match="it is"):
        Mapped(path, header, 4)


def test_equal_papers_stand_by_their_identifiers(store: Store, make_paper: MakePaper, encoder: FakeEncoder) -> None:
    papers = [make_paper(title="Caches", abstract="evicted") for _ in range(8)]
    store.add_papers(papers, at=OLD)
    names = sorted(paper.id for paper in papers[1:])
    assert [paper.id for paper, _ in similar(store, encoder, papers[0], 10)] == names
    assert [len(similar(store, encoder, papers[0], limit)) for limit in (1, 3, 5)] == [1, 3, 5]
    scores = np.full(8, 0.5, dtype=np.float32)
    scores[3:] += 3e-8  # as one product of many rows gives it, by where they stand
    assert [name for name, _ in store._best(scores, 8, set())] == [papers[0].id, *names]


# -- filing --


def test_everything_is_filed_and_nothing_is_embedded_twice(
    store: Store, make_paper: MakePaper, encoder: FakeEncoder
) -> None:
    papers = stored(store, make_paper, 600)
    embed_missing(store, encoder, [paper.text for paper in papers[:400]])
    assert file_papers(store, encoder) == 600
    assert sorted(encoder.encoded) == sorted(paper.text for paper in papers)
    right(store, encoder, papers)
    assert file_papers(store, encoder) == 0
    assert move_old(store, encoder, set(), now=NOW) == 0, "few papers: all of them tell what is ordinary"
    assert len(files(store)) == 1
    assert files(store)[0].stat().st_mode & 0o77 == 0


def test_filing_goes_on_where_it_was_stopped(store: Store, make_paper: MakePaper, encoder: FakeEncoder) -> None:
    papers, told = stored(store, make_paper, 600), list[tuple[Any, ...]]()
    assert file_papers(store, encoder, most=100, progress=lambda *step: told.append(step)) == 100
    assert told == [("filing", "vectors", 100, 100)]
    assert [paper.id for paper in papers[500:]] == sorted(
        str(row[0]) for row in store.rows("SELECT paper_id FROM filed")
    ), "the newest first"
    assert file_papers(store, encoder, stop=lambda: store.unfiled_count() < 300) == 256
    file_papers(store, encoder)
    right(store, encoder, papers)


def test_a_new_version_takes_a_row_that_is_free(store: Store, make_paper: MakePaper, encoder: FakeEncoder) -> None:
    papers = stored(store, make_paper, 20)
    file_papers(store, encoder)
    newer = [make_paper(id=paper.id, version=2, abstract="quokkas") for paper in papers[:5]]
    store.add_announcement([Item(one, "replace") for one in newer], announced=NOW.date(), feed_day=None, at=NOW)
    assert store.unfiled_count() == 5
    size = store.mapped_bytes()
    file_papers(store, encoder)
    assert store.mapped_bytes() == size
    right(store, encoder, [*newer, *papers[5:]])


def test_a_paper_that_changed_while_it_was_read_waits(
    store: Store, make_paper: MakePaper, encoder: FakeEncoder
) -> None:
    (paper,) = stored(store, make_paper, 1)
    reading = Reading(paper.id, 1, text_hash(paper.text), encoder.encode([paper.text])[0])
    newer = make_paper(id=paper.id, version=2, abstract="quokkas")
    store.add_papers([newer], at=NOW)
    store.file_readings("fake", "1", [reading])
    assert store.unfiled_count() == 1
    file_papers(store, encoder)
    right(store, encoder, [newer])


def test_another_encoder_has_a_file_of_its_own_and_the_old_one_goes(
    store: Store, make_paper: MakePaper, encoder: FakeEncoder
) -> None:
    papers = stored(store, make_paper, 30)
    file_papers(store, encoder)
    gone = papers.pop()
    store.drop_papers({gone.id: []}, before=NOW)
    (before,) = files(store)
    encoder.revision = "2"
    assert store.filed_count("fake", "2") == 0
    assert store.vectors("fake", "2", [text_hash(paper.text) for paper in papers]) == {}
    assert similar(store, encoder, papers[0], 3)
    right(store, encoder, papers)
    (after,) = files(store)
    assert after != before


def test_nothing_is_put_into_the_file_of_another_encoder(
    store: Store, make_paper: MakePaper, encoder: FakeEncoder
) -> None:
    papers = stored(store, make_paper, 4)
    file_papers(store, encoder, most=2)
    first = papers[0]
    store.file_readings("fake", "0", [Reading(first.id, 1, text_hash(first.text), unit_rows(1, 64)[0])])
    assert store.unfiled_count() == 2
    file_papers(store, encoder)
    right(store, encoder, papers)


def test_what_a_killed_run_left_beside_the_file_goes(
    store: Store, make_paper: MakePaper, encoder: FakeEncoder, tmp_path: Path
) -> None:
    stray = tmp_path / "triage.db.vectors-0123456789abcdef"
    stray.write_bytes(b"half a copy")
    file_papers(store, encoder)
    stored(store, make_paper, 5)
    file_papers(store, encoder)
    assert stray not in files(store)
    stray.write_bytes(b"half a copy")
    store.shrink()
    assert len(files(store)) == 1
    assert store.file_sound()


def test_a_store_in_memory_files_too_and_leaves_nothing(make_paper: MakePaper, encoder: FakeEncoder) -> None:
    with closing(Store()) as store:
        papers = stored(store, make_paper, 30)
        file_papers(store, encoder)
        right(store, encoder, papers)
        folder = store._folder
        assert list(folder.iterdir())
    del store
    assert not folder.exists()


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["add", "renew", "drop", "file", "shrink", "lose", "move"]), st.integers(0, 9)))
)
def test_whatever_happens_each_row_is_one_papers_or_free(events: list[tuple[str, int]]) -> None:
    encoder, there = FakeEncoder(), dict[str, Paper]()
    with closing(Store()) as store:
        for number, (event, value) in enumerate(events):
            some = [paper for place, paper in enumerate(there.values()) if place % 10 == value]
            if event == "add":
                some = [Paper(f"9911.{10 * number + at:05d}", "t", f"w{number} w{at}") for at in range(value)]
                embed_missing(store, encoder, [paper.text for paper in some[::2]])
            elif event == "renew":
                some = [replace(one, version=one.version + 1, abstract=f"w{number} {one.id}") for one in some]
            if event in ("add", "renew"):
                store.add_papers(some, at=OLD)
                there |= {paper.id: paper for paper in some}
            elif event == "drop":
                store.drop_papers({paper.id: [text_hash(paper.text)] for paper in some}, before=NOW)
                there = {name: paper for name, paper in there.items() if paper not in some}
            elif event == "file":
                file_papers(store, encoder, most=3 * value)
            elif event == "shrink":
                store.shrink_file()
            elif event == "move":
                store.move_out("fake", "1", store.movable(NOW, value))
            else:
                for path in store._folder.iterdir():
                    path.unlink()
            rows = [row for (row,) in store.rows("SELECT row FROM filed UNION ALL SELECT row FROM spare ORDER BY 1")]
            assert rows == list(range(len(rows)))
            assert store.rows("SELECT rows FROM vector_file") in ([], [(len(rows),)])
        file_papers(store, encoder)
        right(store, encoder, list(there.values()))


# -- faults --


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def overwrite(path: Path) -> None:
    path.write_bytes(b"%PDF-1.7 " * 2000)


@pytest.mark.parametrize("harm", [cut, overwrite, Path.unlink])
def test_a_harmed_file_is_made_anew_and_nobody_loses_a_vector(
    store: Store, make_paper: MakePaper, encoder: FakeEncoder, harm: Callable[[Path], None]
) -> None:
    papers = stored(store, make_paper, 300)
    before = similar(store, encoder, papers[0], 5)
    embed_missing(store, encoder, [paper.text for paper in papers])
    assert next(doctor.vectors(store, encoder)).state == "fine"
    harm(files(store)[0])
    assert not store.file_sound()
    assert next(doctor.vectors(store, encoder)).state == "note"
    hashes = [text_hash(paper.text) for paper in papers]
    assert store.vectors("fake", "1", hashes) == {}
    assert move_old(store, encoder, set(), now=NOW) == 0
    embed_missing(store, encoder, [papers[7].text])
    assert store.embedded("fake", "1", hashes) == {hashes[7]}, "what is asked for is read again"
    assert similar(store, encoder, papers[0], 5) == before
    right(store, encoder, papers)


_FILING = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from conftest import FakeEncoder
from triage.pipeline.archive import file_papers
from triage.store import Store
store = Store(Path(sys.argv[2]))
print("filing", flush=True)
file_papers(store, FakeEncoder(), progress=lambda *step: print(*step, flush=True))
"""


def filing(store: Store, **given: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _FILING, str(Path(__file__).parent), str(store.path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **given)


@pytest.mark.parametrize("after", [1, 2, 5])
def test_kill_9_in_the_middle_leaves_what_the_database_says(
    store: Store, make_paper: MakePaper, encoder: FakeEncoder, after: int
) -> None:
    papers = stored(store, make_paper, 3000)
    with filing(store) as child:
        assert child.stdout
        for _ in range(after):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
    assert store.file_sound()
    left = store.unfiled_count()
    assert 0 < left <= 3000
    assert left + len(store.rows("SELECT 1 FROM filed")) == 3000
    file_papers(store, encoder)
    right(store, encoder, papers)
    assert len(encoder.encoded) == left + len(papers), "what was filed is not read again"


def test_rows_that_a_killed_run_left_are_written_over(
    store: Store, make_paper: MakePaper, encoder: FakeEncoder
) -> None:
    papers = stored(store, make_paper, 40)
    file_papers(store, encoder, most=20)
    with files(store)[0].open("ab") as stream:
        stream.write(b"\x55" * 500)
    file_papers(store, encoder)
    right(store, encoder, papers)
    assert len(files(store)) == 1, "the same file, not one made anew"


def test_two_processes_file_each_paper_once(store: Store, make_paper: MakePaper, encoder: FakeEncoder) -> None:
    papers = stored(store, make_paper, 2000)
    with filing(store) as first, filing(store) as second:
        for child in (first, second):
            _, said = child.communicate(timeout=60)
            assert (child.returncode, said) == (0, "")
    right(store, encoder, papers)
    assert len(files(store)) == 1


def test_a_full_disk_is_said_and_what_was_filed_stays(
    store: Store, make_paper: MakePaper, encoder: FakeEncoder
) -> None:
    papers = stored(store, make_paper, 1000)
    wide = unit_rows(1000, 4000)
    readings = [Reading(paper.id, 1, text_hash(paper.text), row) for paper, row in zip(papers, wide, strict=True)]
    store.file_readings("fake", "1", readings[:200])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, hard))
    try:
        with pytest.raises(CannotWrite, match="free some space") as told:
            store.file_readings("fake", "1", readings[200:])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert told.value.exit_code == 74
    assert store.file_sound()
    found = store.filed_vectors("fake", "1", [one.text_hash for one in readings])
    assert 200 <= len(found) < 1000
    store.file_readings("fake", "1", readings)
    found = store.filed_vectors("fake", "1", [one.text_hash for one in readings])
    assert np.abs(np.stack([found[one.text_hash] for one in readings]) - wide).max() < NEAR


def test_an_older_copy_of_the_database_makes_the_file_anew(
    store: Store, make_paper: MakePaper, encoder: FakeEncoder, tmp_path: Path
) -> None:
    """A row that it knows may have got another paper's vector since."""
    papers = stored(store, make_paper, 30)
    file_papers(store, encoder, most=10)
    copy = back_up(store.db, tmp_path / "triage.db", "m999")
    store.add_papers([make_paper(id=papers[29].id, version=2, abstract="quokkas")], at=NOW)
    file_papers(store, encoder)
    store.close()
    for name in ("triage.db-wal", "triage.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    shutil.copy(copy, tmp_path / "triage.db")
    with closing(Store(tmp_path / "triage.db")) as older:
        assert older.unfiled_count() == 30
        file_papers(older, encoder)
        right(older, encoder, papers)
        assert len(files(older)) == 1


# -- vectors beyond a month --


def test_old_vectors_leave_the_database_and_everything_reads_them_still(
    store: Store, make_paper: MakePaper, encoder: FakeEncoder
) -> None:
    old, touched, example = stored(store, make_paper, 200), *stored(store, make_paper, 2)
    newer = stored(store, make_paper, BACKGROUND, at=NOW - timedelta(days=3))
    every = [*old, touched, example, *newer]
    store.record(Verdict(touched.id, "keep", OLD))
    embed_missing(store, encoder, [paper.text for paper in every])
    hashes = [text_hash(paper.text) for paper in every]
    before, count = store.vectors("fake", "1", hashes), store.vector_count("fake", "1")
    assert move_old(store, encoder, {example.id}, now=NOW) == 0, "nothing goes that is not filed"
    file_papers(store, encoder)
    assert move_old(store, encoder, {example.id}, now=NOW, most=150) == 150
    assert move_old(store, encoder, {example.id}, now=NOW) == 50
    assert move_old(store, encoder, {example.id}, now=NOW) == 0
    left = {str(row[0]) for row in store.rows("SELECT text_hash FROM vectors")}
    assert left == set(hashes[200:])
    after = store.vectors("fake", "1", hashes)
    assert all((after[digest] == before[digest]).all() for digest in hashes[200:])
    assert max(np.abs(after[digest] - before[digest]).max() for digest in hashes) < NEAR
    assert store.embedded("fake", "1", hashes) == set(hashes)
    assert store.vector_count("fake", "1") == count, "so that no ranking seems out of date"
    encoder.encoded.clear()
    assert embed_missing(store, encoder, [paper.text for paper in every]) == ([], [])
    assert encoder.encoded == []
    with closing(Store(store.path, copy=True)) as copy:
        assert copy.embedded("fake", "1", hashes) == set(hashes)
        copy.add_papers([gone := make_paper()], at=NOW)
        assert (copy.path, file_papers(copy, encoder)) == (store.path, 0)
        assert copy.unfiled_count() == 1
        copy.file_readings("fake", "1", [Reading(gone.id, 1, text_hash(gone.text), encoder.encode(["other"])[0])])
        assert copy.unfiled_count() == 1
    right(store, encoder, every)


def test_what_is_let_go_leaves_the_file_as_well(store: Store, make_paper: MakePaper, encoder: FakeEncoder) -> None:
    gone, stays = stored(store, make_paper, 100), stored(store, make_paper, BACKGROUND, at=NOW)
    embed_missing(store, encoder, [paper.text for paper in gone[:60]])
    file_papers(store, encoder)
    move_old(store, encoder, set(), now=NOW, most=30)
    found = outlived(store, Term(60, frozenset()), now=NOW)
    dry = counted(store, found, [encoder])
    assert (dry.papers, dry.vectors) == (100, 100)
    assert prune(store, found, [encoder]) == dry
    assert store.vectors("fake", "1", [text_hash(paper.text) for paper in gone]) == {}
    near = store.nearest("fake", "1", encoder.encode([gone[0].text])[0], limit=5)
    assert len(near) == 5
    assert not {name for name, _ in near} & {paper.id for paper in gone}
    before, (old,) = store.mapped_bytes(), files(store)
    store.shrink()
    assert before - store.mapped_bytes() == 100 * 68
    assert files(store) != [old]
    assert files(store)[0].stat().st_size == store.mapped_bytes()
    again = store.nearest("fake", "1", encoder.encode([gone[0].text])[0], limit=5)
    assert again == near
    right(store, encoder, stays)
    inode = files(store)[0].stat().st_ino
    store.shrink()
    assert files(store)[0].stat().st_ino == inode, "nothing is free: it is left alone"


def test_who_reads_while_the_file_is_made_anew_names_the_right_papers(
    store: Store, make_paper: MakePaper, encoder: FakeEncoder
) -> None:
    papers = stored(store, make_paper, 50)
    file_papers(store, encoder)
    before = similar(store, encoder, papers[40], 3)

    class Overtaken(Store):
        """A store whose file another process makes anew while it is read."""

        def _mapped(self, header: Header, rows: int) -> Mapped | None:
            mapped = super()._mapped(header, rows)
            with closing(Store(store.path)) as other:
                other.drop_papers({papers[0].id: []}, before=NOW)
                other.shrink_file()
            return mapped

    query = encoder.encode([papers[40].text])[0]
    with closing(Overtaken(store.path)) as overtaken:
        found = overtaken.nearest("fake", "1", query, limit=3, without={papers[40].id})
    assert [name for name, _ in found] == [paper.id for paper, _ in before]
    right(store, encoder, papers[1:])


@pytest.mark.parametrize("statement", range(5))
def test_who_looks_up_vectors_while_the_file_is_made_anew_gets_the_right_ones_or_none(
    store: Store, make_paper: MakePaper, encoder: FakeEncoder, statement: int
) -> None:
    papers = stored(store, make_paper, 50)
    file_papers(store, encoder)
    seen: list[str] = []

    def overtaken(sql: str) -> None:
        """Another process drops a paper, so that every row moves, before one of the statements."""
        seen.append(sql)
        if len(seen) == statement + 1:
            with closing(Store(store.path)) as other:
                other.drop_papers({papers[0].id: []}, before=NOW)
                other.shrink_file()

    store.db.set_trace_callback(overtaken)
    found = store.filed_vectors("fake", "1", [text_hash(paper.text) for paper in papers[1:]])
    store.db.set_trace_callback(None)
    for paper in papers[1:]:
        if (vector := found.get(text_hash(paper.text))) is not None:
            assert np.abs(vector - encoder.encode([paper.text])[0]).max() < NEAR
    assert len(seen) >= 3


# -- the commands --


def test_a_fetch_files_what_it_brings_and_the_next_one_ranks_nothing_anew(
    tmp_path: Path, make_paper: MakePaper, encoder: FakeEncoder
) -> None:
    with DemoServer() as server:
        home = demo_home(tmp_path / "home", server)
        profile = Profile.load(home / "profiles" / "efficient-inference.toml")
        with closing(Store(home / "triage.db")) as store:
            old = stored(store, make_paper, 30, at=FRIDAY - timedelta(days=100))
            stored(store, make_paper, BACKGROUND, at=FRIDAY - timedelta(days=50))
            embed_missing(store, encoder, [paper.text for paper in old])
            server.day = FRIDAY.date()
            for _ in range(2):
                with Wire(**server.addresses, pause=0, clock=FridayClock()) as wire:
                    done = refresh(store, profile, encoder=None, fast=encoder, now=FRIDAY, wire=wire)
                assert done.fault is None
                assert store.unfiled_count() == 0
                hashes = [text_hash(paper.text) for paper in old]
                assert not store.rows("SELECT 1 FROM vectors WHERE text_hash = ?", (hashes[0],))
                assert store.embedded("fake", "1", hashes) == set(hashes)
            at = store.rows("SELECT max(at), min(at), count(*) FROM rankings")
            with Wire(**server.addresses, pause=0, clock=FridayClock()) as wire:
                later = FRIDAY + timedelta(minutes=1)
                refresh(store, profile, encoder=None, fast=encoder, now=later, wire=wire)
            assert store.rows("SELECT max(at), min(at), count(*) FROM rankings") == at


def test_the_best_of_everything_stored_is_what_the_profile_asks_for(
    store: Store, make_paper: MakePaper, encoder: FakeEncoder
) -> None:
    about = "eviction of keys and values from the cache of language models"
    wanted = [make_paper(title=f"Cache eviction {number}", abstract=about) for number in range(6)]
    withdrawn = make_paper(title="Cache eviction, withdrawn", abstract=about, comment="This paper is withdrawn")
    store.add_papers([*wanted, withdrawn], at=OLD)
    stored(store, make_paper, 800)
    store.record(Verdict(wanted[5].id, "dismiss", OLD), day=OLD.date())
    profile = Profile("caches", about, ("cs.LG",), seeds=(wanted[0].id,))
    best = best_stored(store, profile, encoder, 4)
    assert best.compared == 807
    assert {one.paper.id for one in best.papers} == {paper.id for paper in wanted[1:5]}
    assert [one.rank for one in best.papers] == [1, 2, 3, 4]
    assert best == best_stored(store, profile, encoder, 4)


def test_similar_without_a_paper_ranks_the_archive(
    home: Path, make_paper: MakePaper, run: Callable[..., tuple[int, str, str]]
) -> None:
    assert run("similar")[0] == 78, "no profile yet"
    (home / "profiles").mkdir(parents=True)
    (home / "profiles" / "caches.toml").write_text('statement = "cache eviction"\ncategories = ["cs.LG"]\n')
    code, out, _ = run("similar", "--json")
    assert (code, json.loads(out)) == (0, {"schema": 1, "papers": [], "compared": 0})
    with closing(Store(home / "triage.db")) as store:
        stored(store, make_paper, 40)
        hit = make_paper(title="Cache \x1b[31meviction", abstract="How caches evict.")
        store.add_papers([hit], at=OLD)
    code, out, _ = run("similar", "--json", "--limit", "2")
    told = json.loads(out)
    assert (code, told["compared"], len(told["papers"])) == (0, 41, 2)
    assert told["papers"][0]["id"] == hit.id
    assert told["papers"][0].keys() >= {"profile", "rank", "score", "why", "title", "url"}
    code, out, _ = run("similar")
    assert code == 0
    assert out.splitlines()[0].startswith("caches: the best of 41 stored papers")
    assert hit.id in out.splitlines()[1]
    assert "\x1b" not in out
    code, out, _ = run("similar", hit.id, "--limit", "3")
    assert (code, len(out.splitlines())) == (0, 3)
    assert hit.id not in out
