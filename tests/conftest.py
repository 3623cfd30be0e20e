"""Shared fixtures: a store in memory, a clock that is moved by hand, an encoder without weights, a private home."""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import settings

from triage.budget import Shortlist
from triage.cli import main
from triage.paper import Paper, ScoredPaper
from triage.store import Store

if TYPE_CHECKING:
    from email.message import EmailMessage

    from mail_server import Inbox
    from numpy.typing import NDArray

settings.register_profile("suite", deadline=None)  # a busy machine fails no example
settings.load_profile("suite")

signal.signal(signal.SIGINT, signal.default_int_handler)
"""A runner in the background may ignore it, every program started here would too, and some are to be interrupted."""

FRIDAY = date(2026, 11, 20)
SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private TRIAGE_HOME for each test, so that no test touches the reader's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("TRIAGE_HOME", str(folder))
    for name in ("EDITOR", "VISUAL", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def shared() -> Path:
    """The workshop's folder of recorded answers and reading lists; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("../shared is absent: the recorded answers and reading lists are not part of the repository")
    return SHARED


@pytest.fixture(scope="session")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of `homes.ranked_home`, made once and only to be copied; its arXiv does not answer any more."""
    from homes import ranked_home

    from triage.demo import DemoServer

    with DemoServer() as server:
        return ranked_home(tmp_path_factory.mktemp("ranked") / "home", server, FakeEncoder())


@pytest.fixture
def store() -> Iterator[Store]:
    """A store in memory."""
    with closing(Store()) as opened:
        yield opened


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    """A real SMTP server's inbox and its port."""
    from mail_server import inboxed

    with inboxed() as taken:
        yield taken


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command in this process: its exit code, standard output and standard error."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


class Clock:
    """A clock moved by hand: `now()` is aware UTC, `monotonic()` seconds, `sleep()` moves both."""

    def __init__(self, start: datetime = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)) -> None:
        self.start, self.elapsed = start, 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return self.elapsed

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.elapsed += seconds

    def advance(self, seconds: float) -> None:
        self.elapsed += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


class FakeEncoder:
    """Hashes words into 64 dimensions: texts that share words are near, and no weights are needed."""

    name = "fake"
    revision = "1"

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def paper_text(self, paper: Paper) -> str:
        return paper.text

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded.extend(texts)
        rows = np.zeros((len(texts), 64), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") % 64] += 1.0
            row[0] += 1e-3
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def encoder() -> FakeEncoder:
    return FakeEncoder()


@pytest.fixture
def make_paper() -> Callable[..., Paper]:
    """Build an invented paper; the identifier counts up, everything else can be given."""
    numbers: Iterator[int] = iter(range(1, 100_000))

    def make(**given: Any) -> Paper:
        number = next(numbers)
        told: dict[str, Any] = {
            "id": f"9911.{number:05d}",
            "title": f"Invented paper number {number}",
            "abstract": "We invent a paper and say very little about it. " * 8,
            "authors": ("Ada Invented", "Bo Fictional"),
            "categories": ("cs.LG",),
        }
        return Paper(**{**told, **given})

    return make


def scored(paper: Paper, rank: int = 1, **given: Any) -> ScoredPaper:
    """A paper as a ranker found it; everything can be given."""
    told: dict[str, Any] = {
        "score": 1.0,
        "profile": "efficient-inference",
        "seconds": 60.0,
        "why": ("near a seed", "kv cache"),
    }
    return ScoredPaper(paper=paper, rank=rank, **{**told, **given})


@pytest.fixture
def make_day(make_paper: Callable[..., Paper]) -> Callable[..., Shortlist]:
    """Build a day with so many invented papers; everything else can be given."""

    def make(papers: int = 2, **given: Any) -> Shortlist:
        told: dict[str, Any] = {
            "state": "ready",
            "profiles": ("efficient-inference",),
            "announced": FRIDAY,
            "covers": {"cs.LG": FRIDAY, "cs.CL": FRIDAY},
            "missing": {},
            "budget_s": 900.0,
            "left_s": 900.0,
            "ranker": "fusion",
            "ranker_version": "1.2",
            "papers": tuple(scored(make_paper(), rank) for rank in range(1, papers + 1)),
            "left_out": tuple(scored(make_paper(), rank) for rank in range(papers + 1, papers + 4)),
        }
        return Shortlist(**{**told, **given})

    return make


@pytest.fixture
def message(make_day: Callable[..., Shortlist]) -> EmailMessage:
    """The mail of a day with two papers."""
    from triage.digest import compose

    return compose(make_day(), to="ada@example.org", sender="triage@example.org", now=Clock().now())
