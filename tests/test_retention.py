"""Letting go of old papers that nobody touched: what goes, what stays, and that nothing else changes by it."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import scored
from homes import FridayClock

from triage.demo import FRIDAY, DemoServer, demo_home
from triage.embed import text_hash
from triage.errors import InvalidInput
from triage.fetch import Wire
from triage.paper import Item, Paper, Verdict
from triage.pipeline import Pruned, Term, counted, outlived, prune, refresh, replays, statistics
from triage.pipeline.order import BACKGROUND
from triage.pipeline.vectors import embed_missing
from triage.profile import Profile
from triage.store import Note, Ranking, Store
from triage.store import schema as tables

if TYPE_CHECKING:
    from conftest import FakeEncoder

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OLD = NOW - timedelta(days=500)
TERM = Term(400, frozenset())
MakePaper = Callable[..., Paper]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "triage.db")) as opened:
        yield opened


def announce(store: Store, papers: Sequence[Paper], at: datetime, kind: Any = "new") -> Any:
    items = [Item(paper, kind) for paper in papers]
    return store.add_announcement(items, announced=at.date(), feed_day=at.date(), at=at)


def background(store: Store, make_paper: MakePaper, count: int = BACKGROUND) -> list[Paper]:
    """Newer papers, so that the old ones are no longer needed to tell what is ordinary."""
    papers = [make_paper(abstract="Short.") for _ in range(count)]
    store.add_papers(papers, at=NOW - timedelta(days=1))
    return papers


def let_go(store: Store, encoder: FakeEncoder, term: Term = TERM) -> Pruned:
    return prune(store, outlived(store, term, now=NOW), [encoder])


def sound(store: Store) -> None:
    store.check()
    assert store.rows("PRAGMA foreign_key_check") == []
    with store.write() as db:
        db.execute("INSERT INTO papers_fts (papers_fts, rank) VALUES ('integrity-check', 1)")


def show(store: Store, paper: Paper, at: datetime) -> None:
    store.add_shortlist(
        [scored(paper, slot="focus")],
        shown_by="session",
        day=at.date(),
        at=at,
        state="ready",
        announced=at.date(),
        minutes=(600.0, 600.0),
        ranker=("fusion", "1"),
        left_out=0,
        parameters={},
    )


def undone(store: Store, paper: Paper) -> None:
    store.record(Verdict(paper.id, "dismiss", OLD))
    store.undo(OLD.date(), at=OLD)


TOUCHES: dict[str, Callable[[Store, Paper], Any]] = {
    "kept": lambda store, paper: store.record(Verdict(paper.id, "keep", OLD)),
    "judged and undone": undone,
    "shown": lambda store, paper: show(store, paper, OLD),
    "noted": lambda store, paper: store.set_note(Note(paper.id, "see table 3", OLD)),
    "tagged": lambda store, paper: store.add_tags(paper.id, ["cache"], at=OLD),
    "pointed out": lambda store, paper: store.add_shared({paper.id: ""}, source="file", at=OLD),
    "announced again": lambda store, paper: announce(store, [paper], NOW - timedelta(days=30), "cross"),
}


@pytest.mark.parametrize("touch", TOUCHES)
def test_what_was_touched_stays(store: Store, make_paper: MakePaper, encoder: FakeEncoder, touch: str) -> None:
    touched, other = make_paper(), make_paper()
    announce(store, [touched, other], OLD)
    TOUCHES[touch](store, touched)
    background(store, make_paper)
    assert let_go(store, encoder).papers == 1
    assert store.known([touched.id, other.id]) == {touched.id}
    sound(store)


def test_examples_newer_papers_and_the_background_stay(
    store: Store, make_paper: MakePaper, encoder: FakeEncoder
) -> None:
    example, ordinary, old = make_paper(), make_paper(), make_paper()
    store.add_papers([old], at=OLD - timedelta(days=1))
    store.add_papers([example, ordinary], at=OLD)
    background(store, make_paper, BACKGROUND - 2)
    assert let_go(store, encoder, Term(400, {example.id})) == Pruned(1, 0, 0)
    assert store.known([example.id, ordinary.id, old.id]) == {example.id, ordinary.id}
    assert let_go(store, encoder, Term(501, frozenset())) == Pruned(0, 0, 0)


def test_text_vectors_and_index_go_and_nothing_of_others(
    store: Store, make_paper: MakePaper, encoder: FakeEncoder
) -> None:
    old = make_paper(title="Quokkas at rest")
    newer = make_paper(id=old.id, version=2, title="Quokkas in motion")
    stays = make_paper(title="Quokkas observed")
    announce(store, [old, stays], OLD)
    announce(store, [newer], OLD + timedelta(days=2), "replace")
    texts = [paper.text for paper in (old, newer, stays)]
    embed_missing(store, encoder, texts)
    store.record(Verdict(stays.id, "open", OLD))
    background(store, make_paper)
    found = outlived(store, TERM, now=NOW)
    assert counted(store, found, [encoder]) == Pruned(1, 2, 0)
    assert store.count() == BACKGROUND + 2, "a dry run leaves everything"
    assert prune(store, found, [encoder]) == Pruned(1, 2, 0)
    assert [one.paper.id for one in store.search("quokkas", 10)] == [stays.id]
    assert store.embedded("fake", "1", map(text_hash, texts)) == {text_hash(stays.text)}
    assert store.texts([old.id]) == {}
    sound(store)


def test_a_paper_that_went_is_never_new_again(store: Store, make_paper: MakePaper, encoder: FakeEncoder) -> None:
    old = make_paper(title="Quokkas at rest")
    announce(store, [old], OLD)
    background(store, make_paper)
    let_go(store, encoder)
    assert store.announced_before([old.id]) == {old.id}
    assert store.announcement_days() == [OLD.date()]
    added = announce(store, [old], NOW, "cross")
    assert (added.new, added.known) == (0, 1)
    assert [one.paper.id for one in store.search("quokkas", 10)] == [old.id], "its text is there again"
    assert let_go(store, encoder).papers == 0
    sound(store)


def ranked(store: Store, papers: Sequence[Paper], at: datetime, ranker: str) -> None:
    order = tuple(
        scored(paper, place, score=1 / place, why=("words in common",)) for place, paper in enumerate(papers, 1)
    )
    worth = {paper.id: 1 / place for place, paper in enumerate(papers, 1)}
    day = at.date()
    store.add_ranking(Ranking("efficient-inference", "f", ranker, "1", "i", day, order, worth), at=at)


def test_no_figure_changes_and_the_old_day_is_still_ranked(
    store: Store, make_paper: MakePaper, encoder: FakeEncoder
) -> None:
    shown, unseen = [make_paper() for _ in range(6)], [make_paper() for _ in range(6)]
    for number, papers in ((0, shown), (70, unseen)):
        day = OLD + timedelta(days=number)
        announce(store, papers, day)
        for ranker in ("fusion", "tfidf-svm"):
            ranked(store, papers, day, ranker)
    for day in range(60):
        ranked(store, [], NOW - timedelta(days=day), "fusion")
    show(store, shown[0], OLD)
    store.record(Verdict(shown[0].id, "keep", OLD + timedelta(hours=1), "efficient-inference"))
    background(store, make_paper)
    profile = Profile("efficient-inference", "caches", ("cs.LG",))
    coffee = store.open_coffee(NOW.date(), 600.0, at=NOW)

    def figures() -> tuple[Any, Any]:
        return statistics(store, [profile], coffee, ranker="fusion"), replays(store)

    before = figures()
    assert before[1][0].orders["tfidf-svm"] == tuple(paper.id for paper in shown)
    assert let_go(store, encoder) == Pruned(11, 0, 2)
    assert figures() == before
    kept = store.ranking("efficient-inference", "fusion", OLD.date())
    assert kept is not None
    assert [one.paper.id for one in kept.papers] == [shown[0].id]
    assert store.rows("SELECT count(*) FROM scores WHERE why <> '[]'") == [(2,)]
    assert store.ranking("efficient-inference", "fusion", (OLD + timedelta(days=70)).date()) is None
    sound(store)


def test_everything_that_is_left_goes_out_and_comes_back(
    store: Store, make_paper: MakePaper, encoder: FakeEncoder, tmp_path: Path
) -> None:
    papers = [make_paper() for _ in range(5)]
    announce(store, papers, OLD)
    ranked(store, papers, OLD, "fusion")
    show(store, papers[0], OLD)
    background(store, make_paper)
    assert let_go(store, encoder).papers == 4
    with closing(Store(tmp_path / "other.db")) as other:
        other.take_in(store.everything())
        assert list(other.everything()) == list(store.everything())
        assert other.announced_before([paper.id for paper in papers]) == {paper.id for paper in papers}
        sound(other)


KILLED = """
import sys
from datetime import datetime, timedelta
from pathlib import Path
from triage.embed import StaticEncoder
from triage.pipeline import Term, outlived, prune
from triage.store import Store
store = Store(Path(sys.argv[1]))
found = outlived(store, Term(400, frozenset()), now=datetime.fromisoformat(sys.argv[2]))
told = lambda *step: print(*step, flush=True)
prune(store, found, [], progress=told)
"""


def test_killed_in_the_middle_every_paper_is_whole_or_gone(
    store: Store, make_paper: MakePaper, encoder: FakeEncoder
) -> None:
    papers = [make_paper() for _ in range(1500)]
    announce(store, papers, OLD)
    background(store, make_paper)
    assert store.path
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(store.path), NOW.isoformat()], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        assert child.stdout.readline().startswith("letting go")
        child.send_signal(signal.SIGKILL)
    left = store.known(paper.id for paper in papers)
    assert 0 < len(left) < 1500
    assert set(store.texts(paper.id for paper in papers)) == left
    sound(store)
    assert let_go(store, encoder).papers == len(left)
    assert store.count() == BACKGROUND


def test_the_space_is_given_back_and_search_still_finds(
    store: Store, make_paper: MakePaper, encoder: FakeEncoder
) -> None:
    announce(store, [make_paper() for _ in range(2000)], OLD)
    papers = background(store, make_paper)
    before = store.file_bytes()
    assert let_go(store, encoder).papers == 2000
    store.shrink()
    assert store.file_bytes() < before / 2
    assert [one.paper.id for one in store.search(papers[700].title, 1)] == [papers[700].id]
    sound(store)


def test_an_index_that_no_longer_knows_its_rows_is_made_anew(store: Store, make_paper: MakePaper) -> None:
    paper = make_paper(title="Quokkas at rest")
    store.add_papers([paper], at=NOW)
    with store.write() as db:
        db.execute("UPDATE papers SET rowid = 77")
        db.execute("INSERT INTO papers_fts (papers_fts) VALUES ('delete-all')")
    with pytest.raises(InvalidInput), store.write() as db:
        db.execute("INSERT INTO papers_fts (papers_fts, rank) VALUES ('integrity-check', 1)")
    store.shrink()
    assert [one.paper.id for one in store.search("quokkas", 1)] == [paper.id]
    sound(store)


def test_a_database_of_before_keeps_its_announcements_and_scores(tmp_path: Path, make_paper: MakePaper) -> None:
    from sqlite_utils import Database, Migrations

    before = Migrations(tables.SET)
    for name in sorted(tables.NAMES):
        if name < "m033":
            before()(getattr(tables, name))
    path = tmp_path / "triage.db"
    with closing(sqlite3.connect(path)) as db:
        before.apply(Database(db))
        db.execute("INSERT INTO papers VALUES ('9911.00001', 1, 't', 'a', '[]', '[]', '', '', '', '', '', '2025', 1)")
        db.execute("INSERT INTO announcements VALUES ('9911.00001', '2025-07-08', 'new', '2025-07-08', '2025')")
        db.execute("INSERT INTO rankings VALUES (3, 'p', 'f', 'fusion', '1', 'i', '2025-07-08', '2025', '')")
        db.execute("INSERT INTO scores VALUES (3, '9911.00001', 1, 0.5, 0.25, '{}', '[]')")
        db.commit()
    with closing(Store(path)) as store:
        assert store.announced_before(["9911.00001"]) == {"9911.00001"}
        assert [one.scores for one in store.scores("p", "fusion", 5)] == [(0.5,)]
        sound(store)


def test_a_fetch_lets_go_what_its_term_has_outlived(
    tmp_path: Path, make_paper: MakePaper, encoder: FakeEncoder
) -> None:
    with DemoServer() as server:
        home = demo_home(tmp_path / "home", server)
        profile = Profile.load(home / "profiles" / "efficient-inference.toml")
        with closing(Store(home / "triage.db")) as store:
            old = make_paper()
            announce(store, [old], FRIDAY - timedelta(days=100))
            papers = [make_paper(abstract="Short.") for _ in range(BACKGROUND)]
            store.add_papers(papers, at=FRIDAY - timedelta(days=50))
            for term, left in ((None, {old.id}), (Term(90, frozenset()), {old.id}), (Term(90, frozenset()), set())):
                if not left:
                    server.day = FRIDAY.date()
                with Wire(**server.addresses, pause=0, clock=FridayClock()) as wire:
                    refresh(store, profile, encoder=encoder, now=FRIDAY, wire=wire, term=term)
                assert store.known([old.id]) == left, "only with something new, and only with a term"
            inputs = store.ranked_inputs(profile.name, "fusion", store.announcement_days()[0])
            with Wire(**server.addresses, pause=0, clock=FridayClock()) as wire:
                refresh(store, profile, encoder=encoder, now=FRIDAY, wire=wire, term=Term(90, frozenset()))
            assert store.ranked_inputs(profile.name, "fusion", store.announcement_days()[0]) == inputs
            sound(store)


def test_the_command_tells_what_would_go_and_then_lets_it_go(
    home: Path, make_paper: MakePaper, run: Callable[..., tuple[int, str, str]]
) -> None:
    with closing(Store(home / "triage.db")) as store:
        now = datetime.now(UTC)
        announce(store, [make_paper() for _ in range(5)], now - timedelta(days=500))
        store.add_papers([make_paper() for _ in range(BACKGROUND)], at=now)
        code, out, err = run("prune")
        assert (code, out) == (0, "")
        assert "everything stays" in err.lower()
        (home / "config.toml").write_text("[store]\nkeep_days = 400\n")
        code, out, _ = run("prune", "--dry-run", "--json")
        told = json.loads(out)
        assert (code, told["papers"], told["dry_run"], store.count()) == (0, 5, True, BACKGROUND + 5)
        assert run("prune", "--dry-run", "--days", "600")[1].startswith("would go: 0 papers")
        code, out, _ = run("prune")
        assert code == 0
        assert out.startswith("let go: 5 papers")
        assert store.count() == BACKGROUND


def test_a_profile_with_a_mistake_or_a_short_term_lets_nothing_go(
    home: Path, make_paper: MakePaper, run: Callable[..., tuple[int, str, str]]
) -> None:
    with closing(Store(home / "triage.db")) as store:
        announce(store, [make_paper()], OLD)
    (home / "profiles").mkdir()
    (home / "profiles" / "mine.toml").write_text("statement = \n")
    code, _, err = run("prune", "--days", "400")
    assert code == 65
    assert "mine.toml" in err
    assert run("prune", "--days", "28")[0] == 2
    (home / "config.toml").write_text("[store]\nkeep_days = 28\n")
    code, _, err = run("prune")
    assert code == 78
    assert "28 is too few" in err
