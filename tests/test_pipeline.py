"""The morning run over loopback HTTP and real SQLite: what a run stores, and what the next one completes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from arxiv_server import ArxivServer, Fault, a_day_of, invented, item
from conftest import FakeEncoder

from triage import rank
from triage.embed import StaticEncoder
from triage.errors import InvalidInput, Unavailable
from triage.fetch import Wire, read_feed
from triage.paper import Item, Paper, ScoredPaper, Verdict
from triage.pipeline import due, rank_pool, refresh, remember, shortlist
from triage.pipeline.order import query, rank_days, unread
from triage.pipeline.progress import NEW_MODEL
from triage.pipeline.vectors import Lookup, Lookups, embed_missing
from triage.profile import Profile
from triage.store import Run, Store

FRIDAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PROFILE = Profile(
    name="mine",
    statement="matter that was invented",
    categories=("cs.LG", "cs.RO"),
    seeds=("9911.00001",),
    threshold=0.0,
)


SEED = invented(1, id="9911.00001", title="A seed on matter that was invented earlier")


@pytest.fixture
def server() -> Iterator[ArxivServer]:
    with ArxivServer(a_day_of(20), [one.paper for one in a_day_of(20)] + [SEED]) as server:
        yield server


class Net:
    """Runs the refresh against the test's server, with a clock moved by hand."""

    def __init__(self, server: ArxivServer, store: Store, clock: Any, encoder: Any) -> None:
        self.server, self.store, self.clock, self.encoder = server, store, clock, encoder
        server.date = clock.now

    def run(self, profile: Profile = PROFILE, **given: Any) -> Any:
        with Wire(**self.server.addresses, pause=0, clock=self.clock) as wire:
            told = {"encoder": self.encoder, "now": self.clock.now(), "wire": wire, **given}
            return refresh(self.store, profile, **told)


@pytest.fixture
def net(server: ArxivServer, store: Store, clock: Any, encoder: Any) -> Net:
    return Net(server, store, clock, encoder)


def test_a_run_stores_embeds_and_ranks_and_a_second_one_does_nothing(net: Net) -> None:
    first, second = net.run(), net.run()
    assert first.report.state == second.report.state == "announced"
    assert first.added.new == first.embedded - 1, "the seed is embedded too"
    assert (second.added.new, second.embedded, second.requests) == (0, 0, 1)
    assert len(net.encoder.encoded) == len(set(net.encoder.encoded)), "nothing is embedded twice"
    rankings = net.store.rows("SELECT ranker, count(*) FROM rankings GROUP BY ranker")
    assert dict(rankings) == dict.fromkeys(["fusion", "tfidf-svm", "mean-similarity", "newest", "random"], 1)
    assert net.store.paper("9911.00001") is not None


def test_the_list_fits_and_a_verdict_takes_a_paper_off_it(net: Net) -> None:
    net.run()
    before = shortlist(net.store, PROFILE, minutes=15, now=NOW)
    assert before.state == "ready"
    assert 0 < before.seconds <= 0.85 * 900
    first = before.papers[0].paper
    net.store.record(Verdict(first.id, "keep", NOW, PROFILE.name))
    after = shortlist(net.store, PROFILE, minutes=15, now=NOW)
    assert first.id not in {one.paper.id for one in (*after.papers, *after.left_out)}


def test_kept_and_opened_are_liked_dismissed_is_not_and_merely_shown_is_neither(net: Net) -> None:
    net.run()
    listed = shortlist(net.store, PROFILE, minutes=60, now=NOW)
    remember(net.store, listed, shown_by="session", day=FRIDAY, at=NOW)
    one, two, three, other = (scored.paper.id for scored in listed.papers[:4])
    for identifier, kind in ((one, "keep"), (two, "dismiss"), (three, "open"), (two, "open")):
        net.store.record(Verdict(identifier, kind, NOW, PROFILE.name))  # type: ignore[arg-type]
    net.store.record(Verdict(other, "keep", NOW, "another profile"))
    asked = query(Lookups.of(net.store, net.encoder, None), PROFILE)
    assert {paper.id for paper in asked.liked} == {*PROFILE.seeds, one, three}
    assert {paper.id for paper in asked.disliked} == {two}


def test_replacements_are_stored_but_neither_embedded_nor_listed(net: Net) -> None:
    net.server.items[:] = [item(1), item(2, "replace", version=2), item(3, "replace-cross", version=3)]
    done = net.run()
    assert (done.added.new, done.added.updated, done.embedded) == (1, 2, 2)
    listed = shortlist(net.store, PROFILE, minutes=60, now=NOW)
    assert {one.paper.id for one in (*listed.papers, *listed.left_out)} == {"9912.00001"}
    with_them = shortlist(net.store, PROFILE, minutes=60, now=NOW, types=("new", "replace"))
    assert with_them.total == 1, "what was ranked without them stays until the next refresh"
    net.run(types=("new", "replace"))
    assert shortlist(net.store, PROFILE, minutes=60, now=NOW, types=("new", "replace")).total == 2


def test_when_the_api_is_down_the_statement_ranks_alone_and_it_is_asked_again(net: Net) -> None:
    net.server.fail("/api", *[Fault(status=500, body=b"<html>down</html>", headers={"Content-Type": "text/html"})] * 9)
    first = net.run()
    assert first.report.state == "announced"
    assert any("asked for again" in note for note in first.notes)
    listed = shortlist(net.store, PROFILE, minutes=15, now=NOW)
    assert listed.papers
    assert any("statement ranks alone" in note for note in listed.notes)
    net.server.faults["/api"].clear()
    net.run()
    assert net.store.paper("9911.00001") is not None
    assert shortlist(net.store, PROFILE, minutes=15, now=NOW).notes == ()
    assert net.store.wanting_details(FRIDAY) == []


def test_a_seed_arxiv_does_not_know_is_named(net: Net) -> None:
    done = net.run(replace(PROFILE, seeds=("9911.00001", "9911.09999")))
    assert any("9911.09999" in note for note in done.notes)


def test_without_weights_the_words_decide_and_it_says_so(net: Net) -> None:
    class Absent:
        name = "absent"

        @property
        def revision(self) -> str:
            raise Unavailable("the model is not on this machine")

        def paper_text(self, paper: Any) -> str:
            return str(paper.text)

        def encode(self, texts: Any) -> Any:
            raise AssertionError("there are no weights")

    net.encoder = Absent()
    done = net.run()
    assert any("words alone decide" in note for note in done.notes)
    listed = shortlist(net.store, PROFILE, minutes=15, now=NOW)
    assert listed.papers
    assert any("words only" in note for note in listed.notes)


def test_a_dead_network_is_recorded_and_yesterday_stays(net: Net, clock: Any) -> None:
    net.run()
    clock.advance(3 * 86400)
    monday = NOW + timedelta(days=3)
    net.server.fail("/atom", *[Fault(status=404, body=b"gone")] * 9)
    done = net.run()
    assert done.fault is not None
    assert done.report.state == "failed"
    listed = shortlist(net.store, PROFILE, minutes=15, now=monday)
    assert listed.state == "failed"
    assert listed.papers, "Friday's rest is still there"
    assert set(listed.missing) == {"cs.LG", "cs.RO"}
    assert set(listed.covers.values()) == {FRIDAY}


def test_a_later_failure_takes_nothing_from_a_day_that_was_read(net: Net) -> None:
    net.run()
    net.server.fail("/atom", *[Fault(status=404, body=b"gone")] * 9)
    assert net.run().fault is not None
    listed = shortlist(net.store, PROFILE, minutes=15, now=NOW)
    assert (listed.state, listed.missing) == ("ready", {})


def test_a_cron_that_died_is_not_a_quiet_day(net: Net) -> None:
    net.run()
    listed = shortlist(net.store, PROFILE, minutes=15, now=NOW + timedelta(days=4))
    assert listed.state == "stale"
    assert all("not asked for yet" in reason for reason in listed.missing.values())


def test_one_profile_fetched_alone_says_nothing_of_the_other(net: Net) -> None:
    robots = Profile(name="robots", statement="robots", categories=("cs.RO",), threshold=0.0)
    papers = replace(PROFILE, categories=("cs.LG",))
    net.server.items[:] = [item(1), item(2, categories=("cs.RO",))]
    net.run([papers, robots])
    net.run(papers)
    listed = shortlist(net.store, [papers, robots], minutes=15, now=NOW)
    assert (listed.state, listed.missing) == ("ready", {})
    assert set(listed.covers) == {"cs.LG", "cs.RO"}


def test_the_limit_stops_the_embedding_and_the_next_run_completes_it(net: Net) -> None:
    net.server.items[:] = a_day_of(80)
    calls = iter([False, True])
    first = net.run(stop=lambda: next(calls, True))
    second = net.run()
    assert first.embedded > 0
    assert first.waiting > 0
    assert (second.embedded, second.waiting) == (first.waiting, 0)


def test_missed_days_come_together_and_only_once(net: Net, clock: Any) -> None:
    net.run()
    listed = shortlist(net.store, PROFILE, minutes=15, now=NOW, today=FRIDAY)
    remember(net.store, listed, shown_by="session", day=FRIDAY, at=NOW)
    for days in (3, 4):  # Monday and Tuesday
        net.server.day = FRIDAY + timedelta(days)
        net.server.items[:] = [item(100 * days + n) for n in range(3)]
        net.server.date = datetime.combine(net.server.day, NOW.time(), UTC)
        clock.advance(86400)
        net.run()
    tuesday = shortlist(net.store, PROFILE, minutes=15, now=NOW, today=FRIDAY + timedelta(4))
    assert {one.paper.id for one in (*tuesday.papers, *tuesday.left_out)} == {
        f"9912.{100 * days + n:05d}" for days in (3, 4) for n in range(3)
    }
    assert tuesday.announced == FRIDAY + timedelta(4)


def test_nothing_worth_it_is_a_state_of_its_own(net: Net) -> None:
    strict = replace(PROFILE, threshold=1.0)
    net.run(strict)
    listed = shortlist(net.store, strict, minutes=15, now=NOW)
    assert (listed.state, listed.papers) == ("nothing-worth-it", ())


def test_an_edited_profile_is_ranked_again_from_cached_vectors(net: Net) -> None:
    net.run()
    edited = replace(PROFILE, boost=("number 7",))
    count = len(net.encoder.encoded)
    listed = shortlist(net.store, edited, minutes=60, now=NOW, encoder=net.encoder)
    assert any("terms" in one.parts for one in listed.papers)
    assert len(net.encoder.encoded) == count
    waiting = shortlist(net.store, replace(edited, boost=("number 8",)), minutes=60, now=NOW)
    assert any("being ranked again" in note for note in waiting.notes)


def test_whether_a_refresh_is_due(net: Net) -> None:
    friday, monday = NOW, NOW + timedelta(days=3)
    assert due(net.store, [PROFILE], friday, ranker="fusion")
    net.run()
    assert not due(net.store, [PROFILE], friday, ranker="fusion")
    assert due(net.store, [PROFILE], monday, ranker="fusion")
    assert due(net.store, [replace(PROFILE, statement="other")], friday, ranker="fusion")


class Killed(FakeEncoder):
    """Something ends the run while this encoder reads."""

    def encode(self, texts: Sequence[str]) -> Any:
        raise KeyboardInterrupt


def test_what_a_run_left_undone_is_due_until_a_run_has_done_it(net: Net) -> None:
    def is_due() -> bool:
        return due(net.store, [PROFILE], NOW, ranker="fusion", patient=True)

    net.run()
    assert not is_due()
    net.server.items[:] = a_day_of(60)
    calls = iter([False, True])
    net.run(stop=lambda: next(calls, True))
    assert is_due(), "the limit stopped it"
    net.run()
    assert not is_due()
    net.server.items[:] = a_day_of(61)
    with pytest.raises(KeyboardInterrupt):
        net.run(encoder=Killed())
    assert is_due(), "it was killed"
    net.run()
    assert not is_due()


def test_two_profiles_share_a_coffee_and_each_gets_something(net: Net) -> None:
    robots = Profile(name="robots", statement="robots", categories=("cs.RO",), threshold=0.0)
    net.server.items[:] = [*(item(n) for n in range(1, 9)), item(50, categories=("cs.RO",), title="A robot")]
    both = [replace(PROFILE, categories=("cs.LG",)), robots]
    net.run(both)
    listed = shortlist(net.store, both, minutes=15, now=NOW)
    assert {one.profile for one in listed.papers} == {"mine", "robots"}
    ids = [one.paper.id for one in (*listed.papers, *listed.left_out)]
    assert len(ids) == len(set(ids))


def test_a_pool_is_ranked_without_being_stored(store: Store, encoder: Any, make_paper: Any) -> None:
    pool = [make_paper(title=f"{word} decoding") for word in ("frog", "speculative", "stone")]
    focus = Profile(name="mine", statement="speculative decoding", categories=("cs.LG",))
    ranked, _ = rank_pool(store, focus, pool, encoder=encoder)
    assert ranked[0].paper is pool[1]
    assert store.count() == 0
    assert rank_pool(store, focus, pool[::-1], encoder=encoder)[0] == ranked


def test_the_background_is_stored_and_not_announced(net: Net) -> None:
    monday = datetime(2026, 11, 16, 15, 0, tzinfo=UTC)
    net.server.papers += [invented(500 + n, submitted=monday, categories=("cs.RO",)) for n in range(5)]
    done = net.run(back=7)
    assert done.notes == ()
    assert net.store.paper("9912.00500") is not None
    assert all(one.id != "9912.00500" for one in net.store.announced(FRIDAY, FRIDAY, ("new", "cross")))


def test_the_recorded_friday_is_stored_in_its_four_kinds_twice_the_same(net: Net, shared: Path, clock: Any) -> None:
    body = (shared / "arxiv-samples/rendered/feed/atom_cs.LG+cs.RO.atom.xml").read_bytes()
    net.server.feed["cs.LG+cs.RO"] = body
    with Wire(**net.server.addresses, pause=0, clock=clock) as wire:
        net.server.papers[:] = [one.paper for one in read_feed(wire, ["cs.LG", "cs.RO"]).items]
    runs = [net.run(replace(PROFILE, seeds=())) for _ in range(2)]
    kinds = net.store.rows("SELECT type, count(*) FROM announcements GROUP BY type")
    assert dict(kinds) == {"new": 34, "cross": 13, "replace": 4, "replace-cross": 3}
    assert (runs[0].added.new, runs[0].added.updated, runs[0].embedded) == (47, 7, 47)
    assert (runs[1].added.new, runs[1].embedded) == (0, 0)
    assert runs[1].report.state == "announced"
    assert net.store.count() == 54
    listed = shortlist(net.store, PROFILE, minutes=15, now=NOW)
    assert 0 < listed.seconds <= 0.85 * 900


# -- faults that are injected --


def test_an_item_is_never_stored_without_the_state_of_its_run(net: Net) -> None:
    """A batch and its confirmation are one transaction: half of it would look stale for ever."""
    net.store.db.execute("CREATE TRIGGER full BEFORE INSERT ON coverage BEGIN SELECT RAISE(ABORT, 'no room'); END")
    with pytest.raises(Exception, match="no room"):
        net.run()
    assert net.store.count() == 0
    net.store.db.execute("DROP TRIGGER full")
    assert net.run().added.new == 20


_FETCH = textwrap.dedent(
    """
    import json, sys, time
    from datetime import UTC, datetime
    from pathlib import Path
    import numpy as np
    from triage.fetch import Wire
    from triage.pipeline import refresh
    from triage.profile import Profile
    from triage.store import Run, Store

    class Clock:
        now = staticmethod(lambda: datetime(2026, 11, 20, 12, 0, tzinfo=UTC))
        monotonic = staticmethod(time.monotonic)
        sleep = staticmethod(time.sleep)

    class Slow:
        name, revision = "slow", "1"
        def paper_text(self, paper):
            return paper.text
        def encode(self, texts):
            time.sleep(float(sys.argv[3]))
            rows = np.random.default_rng(len(texts)).normal(size=(len(texts), 8)).astype(np.float32)
            return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    profile = Profile(name="mine", statement="x", categories=("cs.LG",), threshold=0.0)
    store = Store(Path(sys.argv[1]))
    tell = lambda step, what, done, total: print(step, done, flush=True)
    refresh(store, profile, encoder=Slow(), now=Clock.now(), progress=tell,
            wire=Wire(**json.loads(sys.argv[2]), pause=0, clock=Clock()))
    """
)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 on this system")
@pytest.mark.parametrize(
    "moment", ["fetching 0", "fetching 80", "asking 0", "embedding 0", "embedding 32", "ranking 0"]
)
def test_kill_9_at_any_step_and_the_next_run_completes_the_day(tmp_path: Path, moment: str) -> None:
    items = a_day_of(80)
    with ArxivServer(items, [one.paper for one in items]) as server:
        path = tmp_path / "triage.db"
        told = [sys.executable, "-c", _FETCH, str(path), json.dumps(server.addresses)]
        child = subprocess.Popen([*told, "0.05"], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for line in child.stdout:
            if line.strip() == moment:
                os.kill(child.pid, signal.SIGKILL)
                break
        child.communicate()
        assert child.returncode == -signal.SIGKILL, "the moment never came"
        with closing(Store(path)) as store:
            store.check()
        assert subprocess.run([*told, "0"], capture_output=True, check=False).returncode == 0
    with closing(Store(path)) as store:
        store.check()
        assert store.count() == 80
        run = store.last_run()
        assert run is not None
        assert run.state == "announced"
        listed = {one.paper.id for one in items if one.type in ("new", "cross")}
        ranking = store.ranking("mine", "fusion", FRIDAY)
        assert ranking is not None
        assert {one.paper.id for one in ranking.papers} == listed
        assert store.vector_count("slow", "1") == len(listed) + 1


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 on this system")
def test_kill_9_while_catching_up_and_the_next_run_completes_the_gap(tmp_path: Path) -> None:
    """The days that were missed are written down with the batch, so that no confirmed day hides them."""
    path = tmp_path / "triage.db"
    wednesday, thursday = FRIDAY - timedelta(days=2), FRIDAY - timedelta(days=1)
    with closing(Store(path)) as store:
        store.add_run(Run(NOW, "announced", wednesday, {"cs.LG": ("announced", "")}))
    with ArxivServer(a_day_of(3)) as server:
        server.date = NOW
        server.records = [(thursday, invented(77, submitted=NOW - timedelta(days=2)))]
        told = [sys.executable, "-c", _FETCH, str(path), json.dumps(server.addresses)]
        server.fail("/oai", Fault(delay_s=20))
        child = subprocess.Popen([*told, "0"], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for line in child.stdout:
            if line.strip() == "catching up 0":
                os.kill(child.pid, signal.SIGKILL)
        child.communicate()
        assert child.returncode == -signal.SIGKILL, "the moment never came"
        with closing(Store(path)) as store:
            assert store.missed("cs.LG", wednesday) == [thursday]
        server.faults["/oai"].clear()
        assert subprocess.run([*told, "0"], capture_output=True, check=False).returncode == 0
    with closing(Store(path)) as store:
        assert store.missed("cs.LG", wednesday) == []
        assert [one.id for one in store.announced(thursday, thursday, ("new",))] == ["9912.00077"]
        assert store.count() == 4


def test_a_thousand_verdicts_during_an_embedding_run(tmp_path: Path) -> None:
    path = tmp_path / "triage.db"
    with closing(Store(path)) as store:
        store.add_announcement([Item(invented(1), "new")], announced=FRIDAY, feed_day=FRIDAY, at=NOW)
        child = subprocess.Popen([sys.executable, "-c", _EMBED, str(path)], stdout=subprocess.PIPE, text=True)
        try:
            assert child.stdout is not None
            assert child.stdout.readline().strip() == "embedding"
            slowest = 0.0
            for number in range(1000):
                began = time.monotonic()
                store.record(Verdict("9912.00001", "keep" if number % 2 else "dismiss", NOW))
                slowest = max(slowest, time.monotonic() - began)
            assert child.poll() is None, "it was still embedding when the last verdict was committed"
        finally:
            child.kill()
            child.communicate()
        assert len(store.standing()) == 1000
        assert slowest < 5, "a verdict never waits for the busy timeout"


_EMBED = textwrap.dedent(
    """
    import sys
    from itertools import count
    from pathlib import Path
    import numpy as np
    from triage.pipeline.vectors import Lookup, embed_missing
    from triage.store import Run, Store

    class Quick:
        name, revision = "quick", "1"
        def paper_text(self, paper):
            return paper.text
        def encode(self, texts):
            return np.full((len(texts), 384), 384**-0.5, dtype=np.float32)

    store = Store(Path(sys.argv[1]))
    for run in count():
        embed_missing(store, Quick(), [f"text {run} {n}" for n in range(512)])
        if run == 0:
            print("embedding", flush=True)
    """
)


def test_embedding_twice_costs_once(store: Store, encoder: Any) -> None:
    texts = [f"text {n}" for n in range(40)]
    assert embed_missing(store, encoder, [*texts, *texts]) == (texts, [])
    assert embed_missing(store, encoder, texts) == ([], [])
    assert encoder.encoded == texts
    assert np.isfinite(store.vector_count("fake", "1"))


# two stages


class Careful(FakeEncoder):
    """A second encoder, under a name of its own."""

    name = "careful"


class Shouting(FakeEncoder):
    """An encoder that reads papers in its own way."""

    def paper_text(self, paper: Any) -> str:
        return f"{paper.title}! {paper.abstract}"


def version(net: Net) -> str:
    found = net.store.ranking("mine", "fusion", FRIDAY)
    assert found is not None
    return found.version


def test_the_fast_encoder_reads_all_and_the_careful_one_the_best_fifth(net: Net) -> None:
    careful, fast = Careful(), Shouting()
    done = net.run(encoder=careful, fast=fast)
    assert done.embedded == len([text for text in fast.encoded if text != PROFILE.statement])
    assert version(net) == "4 fast+careful"
    best = net.store.ranking("mine", "fusion", FRIDAY)
    assert best is not None
    read = set(careful.encoded)
    assert PROFILE.statement in read
    assert SEED.text in read
    assert all(one.paper.text in read for one in best.papers[: len(best.papers) // 10])
    assert all(sum(one.parts.values()) == pytest.approx(one.score) for one in best.papers)
    assert {one.name for one in rank.RANKERS.values()} == {
        name for name in rank.RANKERS if net.store.ranking("mine", name, FRIDAY)
    }
    before = len(careful.encoded), len(fast.encoded)
    net.run(encoder=careful, fast=fast)
    assert (len(careful.encoded), len(fast.encoded)) == before


def test_a_list_exists_before_the_careful_stage_and_the_next_run_completes_it(net: Net) -> None:
    careful, fast = Careful(), Shouting()
    done = net.run(encoder=careful, fast=fast, stop=lambda: bool(net.store.ranking("mine", "fusion", FRIDAY)))
    assert done.waiting == 0
    assert not careful.encoded
    assert version(net) == "4 fast"
    assert any("still to be read by careful" in note for note in done.notes)
    assert shortlist(net.store, PROFILE, minutes=15, now=NOW).ranker_version == "4 fast"
    net.run(encoder=careful, fast=fast)
    assert version(net) == "4 fast+careful"
    assert shortlist(net.store, PROFILE, minutes=15, now=NOW).ranker_version == "4 fast+careful"


def test_a_quick_run_ends_with_the_first_list_and_the_next_one_does_the_rest(net: Net) -> None:
    careful, fast = Careful(), Shouting()
    net.run(encoder=careful, fast=fast, quick=True)
    assert not careful.encoded
    assert version(net) == "4 fast"
    assert shortlist(net.store, PROFILE, minutes=15, now=NOW).papers
    assert net.store.ranking("mine", "tfidf-svm", FRIDAY) is None
    assert due(net.store, [PROFILE], NOW, ranker="fusion", patient=True), "the session's child goes on at once"
    net.run(encoder=careful, fast=fast)
    assert version(net) == "4 fast+careful"
    assert all(net.store.ranking("mine", name, FRIDAY) for name in rank.RANKERS)
    assert not due(net.store, [PROFILE], NOW, ranker="fusion", patient=True)
    net.run(encoder=careful, fast=fast, quick=True)
    assert not due(net.store, [PROFILE], NOW, ranker="fusion", patient=True), "nothing came, so nothing was left"


def test_what_one_quick_run_left_the_next_one_leaves_too(net: Net) -> None:
    for _ in range(2):
        net.run(encoder=Careful(), fast=Shouting(), quick=True)
        assert due(net.store, [PROFILE], NOW, ranker="fusion", patient=True)


def test_without_the_careful_encoder_the_fast_one_decides(net: Net) -> None:
    class Absent(Careful):
        @property
        def revision(self) -> str:  # type: ignore[override]
            raise Unavailable("no weights here")

    class Damaged(Careful):
        def encode(self, texts: Sequence[str]) -> Any:
            raise InvalidInput("these weights cannot be read")

    for encoder in (Absent(), Damaged()):
        done = net.run(encoder=encoder, fast=Shouting())
        assert any("the fast encoder alone decides" in note for note in done.notes)
        assert version(net) == "4 fast"
        assert net.store.ranking("mine", "tfidf-svm", FRIDAY), "the baselines are ranked all the same"
        assert not due(net.store, [PROFILE], NOW, ranker="fusion"), "asking again would not bring the weights"
        pool = [one.paper for one in a_day_of(10)]
        ranked, note = rank_pool(net.store, PROFILE, pool, encoder=encoder, fast=Shouting())
        assert len(ranked) == 10
        assert "the fast encoder alone decides" in note


def test_an_edited_statement_is_read_at_once_by_the_fast_encoder_and_by_the_careful_one_next(net: Net) -> None:
    careful, fast = Careful(), Shouting()
    net.run(encoder=careful, fast=fast)
    edited = replace(PROFILE, statement="other matter")
    for again in range(2):
        listed = shortlist(net.store, edited, minutes=15, now=NOW, encoder=careful, fast=fast)
        assert listed.papers
        assert (fast.encoded.count(edited.statement), careful.encoded.count(edited.statement)) == (1, 0), again
    assert due(net.store, [edited], NOW, ranker="fusion"), "the careful one has not read it"
    net.run(edited, encoder=careful, fast=fast)
    assert careful.encoded.count(edited.statement) == 1
    assert not due(net.store, [edited], NOW, ranker="fusion")


def test_an_edited_profile_keeps_its_order_while_the_fast_encoder_cannot_be_read(net: Net) -> None:
    class Damaged(Shouting):
        def encode(self, texts: Sequence[str]) -> Any:
            raise InvalidInput("these weights are others")

    net.run(encoder=Careful(), fast=Shouting())
    edited = replace(PROFILE, statement="other matter")
    before = shortlist(net.store, PROFILE, minutes=15, now=NOW)
    listed = shortlist(net.store, edited, minutes=15, now=NOW, encoder=Careful(), fast=Damaged())
    assert [one.paper.id for one in listed.papers] == [one.paper.id for one in before.papers]
    assert "mine was edited and is being ranked again" in listed.notes


def test_a_pool_is_ranked_in_two_stages(store: Store, make_paper: Any) -> None:
    papers = [make_paper(title=f"Matter {n}", abstract="invented " * (n % 5)) for n in range(40)]
    careful, fast = Careful(), Shouting()
    both, _ = rank_pool(store, PROFILE, papers, encoder=careful, fast=fast)
    alone, _ = rank_pool(store, PROFILE, papers, encoder=None, fast=fast)
    assert {one.paper.id for one in both} == {one.paper.id for one in alone} == {paper.id for paper in papers}
    assert set(fast.encoded) >= {fast.paper_text(paper) for paper in papers}
    assert both != alone


def test_the_panel_stays_when_papers_come_and_grows_with_the_store() -> None:
    names = [f"2611.{number:05d}" for number in range(20_000)]
    few, more, many = (set(rank.panel(names[:n])) for n in (500, 9000, 20_000))
    assert (len(few), len(more), len(many)) == (rank.PANEL, 360, 600)
    assert len(more & many) > 0.7 * len(more)
    assert len(set(rank.panel(names[:10_000])) - more) <= 60  # of a thousand new papers


def test_background_identifiers_are_those_of_the_background(net: Net) -> None:
    net.run()
    for before in (FRIDAY, date.max):
        assert net.store.background_ids(before, 15) == [one.id for one in net.store.background(before, 15)]


def test_every_ranker_does_without_torch_scikit_learn_and_scipy(tmp_path: Path) -> None:
    code = textwrap.dedent(
        """
        import sys
        from datetime import UTC, date, datetime
        from pathlib import Path
        from triage.embed import StaticEncoder
        from triage.paper import Item, Paper
        from triage.pipeline.scoring import Scoring
        from triage.profile import Profile
        from triage.rank import RANKERS
        from triage.store import Store

        now, day = datetime(2026, 11, 20, tzinfo=UTC), date(2026, 11, 20)
        papers = [Paper(f"2611.{n:05d}", f"Graph {n}", "on graphs " * n, categories=("cs.LG",)) for n in range(1, 40)]
        store, fast = Store(Path(sys.argv[1])), StaticEncoder()
        store.add_announcement([Item(one, "new") for one in papers], announced=day, feed_day=day, at=now)
        focus = [Profile(name="p", statement="graphs", categories=("cs.LG",), seeds=("2611.00001",))]
        work = Scoring(store, focus, None, fast, ("new",), now)
        work.second_stage(work.first_list(""))
        print(*(store.ranking("p", name, day).version for name in RANKERS))
        print(*sys.modules)
        """
    )
    command = [sys.executable, "-c", code, str(tmp_path / "triage.db")]
    versions, modules = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert versions.startswith("4 fast")
    assert not {"torch", "sentence_transformers", "transformers", "sklearn", "scipy"} & set(modules.split())


def test_the_list_is_there_before_page_counts_are_asked_for(net: Net) -> None:
    """A thousand of them take arXiv's pauses half a minute, and no score depends on one."""
    net.run()  # the seeds are in
    later = [item(number) for number in range(101, 131)]
    net.store.add_announcement(later, announced=FRIDAY, feed_day=FRIDAY, at=NOW)
    net.server.papers += [one.paper for one in later]
    listed: list[int] = []

    def tell(step: str, what: str, done: int, total: int | None) -> None:
        if (step, what) == ("asking", "page counts"):
            found = net.store.ranking("mine", rank.DEFAULT, FRIDAY)
            listed.append(0 if found is None else len(found.papers))

    net.run(progress=tell)
    assert listed == [50, 50]
    assert net.store.wanting_details(FRIDAY) == []


def test_a_text_that_the_api_has_newer_is_read_and_ranked_in_the_same_run(net: Net) -> None:
    net.run()
    stale, fresh = invented(401), invented(401, title="Newer matter that was invented", version=2)
    net.store.add_announcement([Item(stale, "new")], announced=FRIDAY, feed_day=FRIDAY, at=NOW)
    net.server.papers.append(fresh)
    net.run()
    assert fresh.text in net.encoder.encoded
    found = net.store.ranking("mine", rank.DEFAULT, FRIDAY)
    assert found is not None
    assert next(one.paper.title for one in found.papers if one.paper.id == fresh.id) == fresh.title
    assert Lookup.of(net.store, net.encoder).embedded([fresh]) == [fresh.id]


def test_another_model_says_what_it_will_cost_before_it_reads_and_vectors_never_mix(store: Store) -> None:
    told: list[tuple[str, str, int, int | None]] = []
    texts = [f"text number {n}" for n in range(900)]
    first, other = FakeEncoder(), FakeEncoder()
    other.revision = "2"
    embed_missing(store, first, texts[:10], progress=lambda *step: told.append(step))
    assert told[0] == ("embedding", "fake", 0, 10)  # too little to speak of
    told.clear()

    def report(*step: Any) -> None:
        told.append(step)
        assert step[0] != NEW_MODEL or not other.encoded

    embed_missing(store, other, texts[:20])  # a preview's
    other.encoded.clear()
    embed_missing(store, other, texts, progress=report)
    cost = "fake: 880 texts to read, about 62 s at MiniLM's pace of 71 ms a text; a larger model takes longer"
    assert told[:2] == [(NEW_MODEL, cost, 0, None), ("embedding", "fake", 0, 880)]
    assert (store.vector_count("fake", "1"), store.vector_count("fake", "2")) == (10, 900)
    told.clear()
    embed_missing(store, other, [f"another {n}" for n in range(300)], progress=report)
    assert {step[0] for step in told} == {"embedding"}  # an ordinary day
    assert Lookup(store, "fake", "1").rows(texts[10:12]) is None  # the other revision's are not borrowed


def test_what_a_new_model_will_read_is_counted_as_the_next_run_reads_it(net: Net) -> None:
    net.server.items[:] = [item(n) for n in range(1, 101)]
    careful, fast = FakeEncoder(), FakeEncoder()
    fast.name = "quick"
    net.run(encoder=careful, fast=fast)
    careful.encoded.clear()
    careful.revision = "2"
    ahead = unread(net.store, PROFILE, careful, ("new", "cross"))
    net.run(replace(PROFILE, revision="2"), encoder=careful, fast=fast)
    assert ahead == len(careful.encoded) > 100
    assert unread(net.store, PROFILE, careful, ("new", "cross")) == 0


TOPICS = {
    "slam": "gaussian splatting slam localisation camera mapping radiance rendering tracking",
    "tables": "table question answering rows columns spreadsheet cells query schema",
    "speech": "speech recognition acoustic phoneme audio transcription speaker accent voice",
    "repair": "program synthesis repair compiler software bugs repository tests agents",
    "proteins": "protein folding residues ligand docking molecule binding structure sequence",
    "games": "game players equilibrium regret auction mechanism bidders payoff strategy",
}
STOCK = (
    "model method data learning training results propose novel study show performance approach large new benchmark "
    "task based framework analysis evaluation improve existing efficient problem state art experiments different "
    "across challenge paper work using demonstrate significant general robust information quality"
)


def about(topics: Sequence[str], number: int, on_topic: int = 24) -> Paper:
    """A paper of 72 words, so many in equal parts from its topics and the others from a stock that all share."""
    rng = Random(f"{topics}-{number}")
    said = [word for topic in topics for word in rng.choices(TOPICS[topic].split(), k=on_topic // len(topics))]
    said += rng.choices(STOCK.split(), k=72 - on_topic)
    rng.shuffle(said)
    name = f"26{10 + len(topics)}.{list(TOPICS).index(topics[0])}{number:04d}"
    return Paper(name, " ".join(said[:8]), " ".join(said[8:]), categories=("cs.LG",))


def interest(topic: str, liked: int) -> Profile:
    """A focus with so many liked papers and the default threshold."""
    seeds = tuple(about([topic], number).id for number in range(liked))
    return Profile(topic, " ".join(TOPICS[topic].split()[:4]), ("cs.LG",), seeds=seeds, shares=(1.0, 0.0, 0.0))


def test_a_small_interest_beside_a_large_one_gets_its_floor_and_no_bland_paper_a_place(store: Store) -> None:
    """60 and 3 liked papers in two profiles, one coffee that the large one could fill alone."""
    large, small, others = interest("slam", 60), interest("tables", 3), list(TOPICS)[2:]
    known = [about([topic], number) for topic, liked in (("slam", 60), ("tables", 3)) for number in range(liked)]
    known += [about([topic], number) for topic in others for number in range(100, 160)]
    known += [about([topic], number) for topic in ("slam", "tables") for number in range(100, 103)]
    own, mixed = about(["tables"], 200), [about(["slam", "tables"], number, 12) for number in range(4)]
    own = replace(own, abstract=f"{own.abstract} {f'{STOCK} ' * 4}")  # as long to read as two of the others
    today = [*(about(["slam"], number, 48) for number in range(200, 220)), own, *mixed]
    today += [about([topic], number) for topic in others for number in range(200, 220)]
    store.add_papers(known, at=NOW)
    store.add_announcement([Item(one, "new") for one in today], announced=FRIDAY, feed_day=FRIDAY, at=NOW)
    fast, both = StaticEncoder(), [large, small]
    embed_missing(store, fast, [*(one.statement for one in both), *map(fast.paper_text, [*known, *today])])
    rank_days(store, both, None, types=("new",), at=NOW, fast=fast, rankers=[rank.DEFAULT])

    def listed(*profiles: Profile) -> tuple[ScoredPaper, ...]:
        return shortlist(store, profiles, minutes=6, now=NOW).papers

    alone, shared = listed(large), listed(*both)
    assert [one.paper.id for one in shared if one.profile == "tables"] == [own.id]
    assert {one.profile for one in alone} == {"slam"}
    assert 2 <= sum(one.profile == "slam" for one in shared) == len(shared) - 1 < len(alone)
    assert sum(one.worth or 0 for one in alone) > sum(one.worth or 0 for one in shared)  # without its floor it had none
    found = store.ranking("tables", rank.DEFAULT, FRIDAY)
    assert found is not None
    assert [one.paper.id for one in found.papers[:5]].index(own.id) == 0
    assert {one.paper.id for one in found.papers[1:5]} == {one.id for one in mixed}
