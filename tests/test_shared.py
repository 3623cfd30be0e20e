"""Papers that somebody pointed out: they compete in the next coffee, marked, and in no later one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from homes import FridayClock, ranked_home

from triage.demo import FRIDAY, DemoServer
from triage.fetch import Wire
from triage.paper import Paper, Verdict
from triage.pipeline import bring_shared, rank_shared, remember, shortlist
from triage.profile import Profile
from triage.store import Store

if TYPE_CHECKING:
    from conftest import FakeEncoder

    from triage.budget import Shortlist

TODAY = FRIDAY.date()
OLD = Paper(
    "2401.00001",
    "Speculative decoding with a smaller KV cache",
    "Draft models and cache eviction for language models, measured on real hardware. " * 3,
    categories=("eess.SP",),
)


@pytest.fixture
def home(tmp_path: Path, encoder: FakeEncoder) -> Iterator[tuple[Store, Profile, DemoServer]]:
    """The demo's Friday, ranked, and the server it came from."""
    with DemoServer() as server:
        folder = ranked_home(tmp_path / "home", server, encoder)
        with closing(Store(folder / "triage.db")) as store:
            yield store, Profile.load(next((folder / "profiles").glob("*.toml"))), server


def ranked(store: Store, profile: Profile, encoder: FakeEncoder, today: date = TODAY) -> Shortlist:
    rank_shared(store, [profile], encoder=None, fast=encoder, types=("new", "cross"), today=today, now=FRIDAY)
    return shortlist(store, profile, minutes=60, now=FRIDAY, today=today, fast=encoder)


def listed(today: Shortlist) -> dict[str, tuple[str, ...]]:
    return {one.paper.id: one.why for one in (*today.papers, *today.left_out)}


def test_a_shared_paper_competes_whatever_its_category_and_says_so(
    home: tuple[Store, Profile, DemoServer], encoder: FakeEncoder
) -> None:
    store, profile, _ = home
    store.add_papers([OLD], at=FRIDAY)
    before = listed(ranked(store, profile, encoder))
    assert OLD.id not in before
    store.add_shared({OLD.id: ""}, source="chat.txt", at=FRIDAY)
    today = ranked(store, profile, encoder)
    assert listed(today)[OLD.id][0] == "shared (chat.txt)"
    assert set(listed(today)) == set(before) | {OLD.id}
    scored = next(one for one in (*today.papers, *today.left_out) if one.paper.id == OLD.id)
    assert scored.score != 0


def test_what_the_careful_encoder_has_not_read_of_it_is_left_to_the_next_run(
    home: tuple[Store, Profile, DemoServer], encoder: FakeEncoder
) -> None:
    store, profile, _ = home
    ranked(store, profile, encoder)
    store.finish_runs()
    ranked(store, profile, encoder)
    assert not store.unfinished, "nothing was ranked anew"
    edited = replace(profile, statement="frogs in ponds")
    store.add_papers([OLD], at=FRIDAY)
    store.add_shared({OLD.id: ""}, source="chat.txt", at=FRIDAY)
    ranked(store, edited, encoder)
    assert encoder.encoded.count(edited.statement) == 1
    assert store.unfinished


def test_it_competes_for_one_day_and_a_verdict_ends_it(
    home: tuple[Store, Profile, DemoServer], encoder: FakeEncoder
) -> None:
    store, profile, _ = home
    store.add_papers([OLD], at=FRIDAY)
    store.add_shared({OLD.id: ""}, source="chat.txt", at=FRIDAY)
    today = ranked(store, profile, encoder)
    remember(store, today, shown_by="session", day=TODAY, at=FRIDAY + timedelta(minutes=1))
    assert OLD.id in listed(ranked(store, profile, encoder)), "the second session of the day has it too"
    tomorrow = TODAY + timedelta(days=1)
    assert OLD.id not in listed(ranked(store, profile, encoder, tomorrow))
    store.add_shared({OLD.id: ""}, source="mail", at=FRIDAY + timedelta(hours=1))
    assert listed(ranked(store, profile, encoder, tomorrow))[OLD.id][0] == "shared (mail)", "shared again, it may again"
    store.record(Verdict(OLD.id, "dismiss", FRIDAY))
    assert store.shared(tomorrow) == []


def test_a_paper_that_was_announced_anyway_stays_when_its_share_is_over(
    home: tuple[Store, Profile, DemoServer], encoder: FakeEncoder
) -> None:
    store, profile, _ = home
    first = shortlist(store, profile, minutes=60, now=FRIDAY, today=TODAY).papers[0].paper.id
    store.add_shared({first: ""}, source="chat.txt", at=FRIDAY - timedelta(days=2))
    today = ranked(store, profile, encoder)
    assert listed(today)[first][0] == "shared (chat.txt)"
    remember(store, today, shown_by="session", day=TODAY, at=FRIDAY)
    assert not listed(ranked(store, profile, encoder, TODAY + timedelta(days=1)))[first][0].startswith("shared")


def test_texts_are_asked_for_once_and_the_unknown_are_told(home: tuple[Store, Profile, DemoServer]) -> None:
    store, _, server = home
    known = "9911.06120"
    store.add_shared({known: "", "2401.99999": "no such paper"}, source="chat.txt", at=FRIDAY)
    with Wire(**server.addresses, pause=0, clock=FridayClock()) as wire:
        unknown, fault = bring_shared(store, wire, today=TODAY, now=FRIDAY)
    assert (unknown, fault) == (["2401.99999"], "")
    dead = {name: "http://127.0.0.1:9/x" for name in server.addresses}
    with Wire(**dead, pause=0, clock=FridayClock()) as wire:
        unknown, fault = bring_shared(store, wire, today=TODAY, now=FRIDAY)
    assert unknown == []
    assert "127.0.0.1" in fault
    assert store.unread_shared(TODAY) == ["2401.99999"], "noted for the next fetch"
