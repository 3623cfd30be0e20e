"""Our own encoder: trained from scratch in miniature, contested, installed whole or not at all, run without torch."""

from __future__ import annotations

import gzip
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage import train
from triage.cli import main
from triage.embed import BUNDLED, StaticEncoder
from triage.embed.static import REMEMBERED
from triage.errors import CannotCreate, InvalidInput, Unavailable
from triage.store import Run, Store

TOPICS = 12
SMALL = train.Recipe(seed=3, steps=40, dims=32, batch=128, pieces=2000, least=2, clusters=4)


def a_word(rng: random.Random) -> str:
    return "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(3))


def invented(n: int, seed: int = 1) -> list[train.Example]:
    """Titles and abstracts on invented matters: each matter has words of its own for titles and others for abstracts.

    So a title can be told from its abstract's words only by what was learnt.
    """
    rng = random.Random(seed)
    words = random.Random(0)
    heads, bodies = ([[a_word(words) for _ in range(30)] for _ in range(TOPICS)] for _ in range(2))
    common = [a_word(words) for _ in range(60)]
    found = []
    for number in range(n):
        topic = rng.randrange(TOPICS)
        title = " ".join(rng.choices(heads[topic], k=5) + rng.choices(common, k=2))
        abstract = " ".join(rng.choices(bodies[topic], k=25) + rng.choices(common, k=20))
        found.append(train.Example(title, abstract, (date(2026, 1, 1) + timedelta(days=number // 10)).isoformat()))
    return found


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StaticEncoder]:
    place = tmp_path_factory.mktemp("trained") / "encoder"
    told, _ = train.split(invented(900))
    with train.trained(told, SMALL, place) as new:
        yield train.install(new, place, "# invented\n")


def test_a_miniature_from_scratch_ranks_far_better_than_chance(small: StaticEncoder) -> None:
    unseen = invented(200, seed=2)
    titles, abstracts = small.encode([x.title for x in unseen]), small.encode([x.abstract for x in unseen])
    places = (titles @ abstracts.T > (titles * abstracts).sum(axis=1)[:, None]).sum(axis=1)
    # By chance the own abstract lies in the middle; of twelve matters it is among the first seventeen.
    assert places.mean() < 0.15 * len(unseen)


def test_the_same_seed_gives_the_same_table() -> None:
    rng = np.random.default_rng(0)
    starts = np.arange(0, 2001, 10)
    titles, abstracts = (train.Bags(rng.integers(0, 50, 2000, dtype=np.int32), starts) for _ in range(2))
    tables = [
        train.learn_table(
            titles, abstracts, 50, train.Recipe(seed=seed, steps=3, dims=16, batch=64), lambda stage, done, of: None
        )
        for seed in (5, 5, 6)
    ]
    np.testing.assert_array_equal(tables[0], tables[1])
    assert not np.allclose(tables[0], tables[2])


def test_the_stages_are_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    recipe = train.Recipe(steps=2, dims=8, batch=64, pieces=300, least=2)
    with train.trained(invented(250), recipe, tmp_path / "x", progress=lambda *step: told.append(step)):
        pass
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == ["vocabulary", "titles", "abstracts", "steps"]
    assert told[-1] == ("steps", 2, 2)


def test_an_interrupted_training_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(stage: str, done: int, of: int) -> None:
        if stage == "steps":
            raise KeyboardInterrupt

    recipe = train.Recipe(steps=2, dims=8, batch=64, pieces=300, least=2)
    with pytest.raises(KeyboardInterrupt), train.trained(invented(250), recipe, tmp_path / "x", progress=interrupt):
        pytest.fail("it was interrupted")
    assert not list(tmp_path.iterdir())


def test_the_newest_are_held_out_and_repeats_are_one() -> None:
    told, held = train.split(invented(400) * 2)
    assert (len(told), len(held)) == (360, 40)
    assert max(one.day for one in told) <= min(one.day for one in held)
    with pytest.raises(InvalidInput, match="too few"):
        train.split(invented(20))


def test_a_folder_of_something_else_is_never_replaced(tmp_path: Path, small: StaticEncoder) -> None:
    precious = tmp_path / "thesis"
    precious.mkdir()
    (precious / "chapter.tex").write_text("years of work")
    copy = StaticEncoder(Path(shutil.copytree(small.folder, tmp_path / "copy")))
    with pytest.raises(CannotCreate, match=r"chapter\.tex"):
        train.install(copy, precious, "")
    assert (precious / "chapter.tex").read_text() == "years of work"
    placed = train.install(copy, tmp_path / "fresh", "# card")
    assert placed.revision == small.revision
    again = StaticEncoder(Path(shutil.copytree(small.folder, tmp_path / "copy")))
    assert train.install(again, placed.folder, "# second").folder.joinpath("README.md").read_text() == "# second"


def test_what_others_wrote_is_judged_by_the_readers_newest_papers() -> None:
    own, others = invented(400, seed=5), invented(600)
    told, held = train.split([*others, *own], own)
    assert held == train.split(own)[1]
    assert set(told) == {*others, *own} - set(held), "what is held out is not learnt from"
    few = own[: train.FEWEST - 1]
    assert train.split(others, few) == train.split(others), "too few to judge by"
    with pytest.raises(InvalidInput, match="too few"):
        train.split(own[-200:], own)


def test_a_failed_exchange_leaves_the_present_encoder(tmp_path: Path, small: StaticEncoder) -> None:
    """The new one lies on another disk here, from where no folder can be renamed."""
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second disk to fail with")
    place = Path(shutil.copytree(small.folder, tmp_path / "encoder"))
    with tempfile.TemporaryDirectory(dir=other) as elsewhere:
        new = StaticEncoder(Path(shutil.copytree(small.folder, Path(elsewhere) / "new")))
        with pytest.raises(OSError, match="link"):
            train.install(new, place, "")
    StaticEncoder(place).check()
    assert list(tmp_path.iterdir()) == [place]


@pytest.mark.parametrize("name", ["pairs.jsonl", "pairs.jsonl.gz"])
def test_pairs_are_read_plain_and_compressed(name: str, tmp_path: Path) -> None:
    lines = "".join(json.dumps({"title": one.title, "abstract": one.abstract}) + "\n" for one in invented(3))
    (tmp_path / name).write_bytes(gzip.compress(lines.encode()) if name.endswith("gz") else lines.encode())
    assert [one.title for one in train.read_pairs(tmp_path / name)] == [one.title for one in invented(3)]


def test_empty_lines_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "pairs.jsonl").write_text('{"title": "t", "abstract": "a"}\n\n{"title": "u", "abstract": "b"}\n \n')
    assert [one.title for one in train.read_pairs(tmp_path / "pairs.jsonl")] == ["t", "u"]


BAD_LINES = [
    "[]",
    "nothing",
    '{"title": "x"}',
    '{"title": null, "abstract": "a"}',
    '{"title": "caf\udce9", "abstract": "a"}',
    "[" * 100_000,
]


@pytest.mark.parametrize("line", BAD_LINES)
def test_a_bad_line_is_named(line: str, tmp_path: Path) -> None:
    good = '{"title": "t", "abstract": "a"}\n'
    (tmp_path / "pairs.jsonl").write_bytes((good + line).encode("utf-8", "surrogateescape"))
    with pytest.raises(InvalidInput, match=r"pairs\.jsonl:2"):
        train.read_pairs(tmp_path / "pairs.jsonl")
    with pytest.raises(InvalidInput, match="cannot be read"):
        train.read_pairs(tmp_path / "absent.jsonl")


@given(st.integers(0, 3000), st.integers(1, 255))
def test_a_damaged_archive_is_one_clear_error(at: int, flip: int) -> None:
    lines = "".join(json.dumps({"title": one.title, "abstract": one.abstract}) + "\n" for one in invented(20))
    content = bytearray(gzip.compress(lines.encode(), mtime=0))
    content[at % len(content)] ^= flip
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pairs.jsonl.gz").write_bytes(content)
        try:
            found = train.read_pairs(Path(folder) / "pairs.jsonl.gz")
        except InvalidInput:
            return
    assert found == [replace(one, day="") for one in invented(20)], "only its name or its date was touched"


# the command


def run(*arguments: str) -> int:
    return main(["train", "--steps", "25", *arguments])


def test_only_a_winner_takes_the_place(tmp_path: Path, capsys: Any) -> None:
    pairs, place = tmp_path / "pairs.jsonl", tmp_path / "encoder"
    lines = [{"title": one.title, "abstract": one.abstract, "date": one.day} for one in invented(600)]
    pairs.write_text("".join(json.dumps(line) + "\n" for line in lines))
    given = ("--pairs", str(pairs), "--out", str(place))
    assert run(*given, "--dry-run", "--out", str(tmp_path / "new" / "encoder")) == 0
    assert not (tmp_path / "new").exists(), "no folder is made for it either"
    assert "nothing was changed" in capsys.readouterr().out
    assert run(*given) == 0
    first = StaticEncoder(place).revision
    assert run(*given) == 0
    said = capsys.readouterr().out
    assert "present encoder" in said
    assert "new encoder" in said
    assert "the present encoder stays" in said  # the same figure is no win
    assert StaticEncoder(place).revision == first
    assert {path.name for path in tmp_path.iterdir()} == {"pairs.jsonl", "encoder", "home"}
    assert {path.name for path in place.iterdir()} == train.FILES


def test_the_readers_own_papers_make_the_readers_own_encoder(home: Path, make_paper: Any, capsys: Any) -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    with closing(Store(home / "triage.db")) as store:
        told = [make_paper(title=x.title, abstract=x.abstract, submitted=now) for x in invented(600)]
        store.add_papers(told, at=now)
        store.add_run(Run(now, "quiet", None, {}, 0.0))
    pairs = home.parent / "pairs.jsonl"
    others = invented(600, seed=4)
    pairs.write_text("".join(json.dumps({"title": one.title, "abstract": one.abstract}) + "\n" for one in others))
    assert main(["train", "--steps", "60", "--dry-run", "--pairs", str(pairs)]) == 0
    said = capsys.readouterr().out
    assert "learnt from 600 papers; held out: the newest 60 of those stored, since 2026-11-20" in said
    assert main(["train", "--steps", "60"]) == 0
    said = capsys.readouterr().out
    assert "learnt from 540 papers; held out: the newest 60 of those stored, since" in said
    assert "present encoder" in said  # the bundled one: it knows none of these words
    with closing(Store(home / "triage.db")) as store:
        assert store.unfinished, "the next session or fetch reads everything anew"
    own = StaticEncoder(home / "encoder")
    assert own.revision != StaticEncoder().revision
    assert "a reader's store" in (own.folder / "README.md").read_text()


def test_a_damaged_encoder_is_told_before_the_training(home: Path, tmp_path: Path, capsys: Any) -> None:
    own = Path(shutil.copytree(BUNDLED, home / "encoder"))
    (own / "model.safetensors").write_bytes(b"")
    assert run("--pairs", str(tmp_path / "absent.jsonl")) == 65
    assert f"remove {own}" in capsys.readouterr().err


def test_an_empty_store_says_what_to_do(capsys: Any) -> None:
    assert run() == 65
    assert "triage fetch --back" in capsys.readouterr().err


# the weights and how they run


@pytest.fixture(scope="module")
def bundled() -> StaticEncoder:
    return StaticEncoder()


TEXTS = (
    "Attention is all you need. We propose the Transformer, a network $f(x)=x^2$ of naïve Ünicode.",
    "Graph neural networks for molecules, with 3D equivariance.",
    "电 mixed scripts ﬁne",
    "word " * 900,
)


def test_sentence_transformers_gives_the_same_vectors(bundled: StaticEncoder) -> None:
    from sentence_transformers import SentenceTransformer

    theirs = SentenceTransformer(str(bundled.folder), device="cpu").encode(list(TEXTS), show_progress_bar=False)
    assert ((theirs * bundled.encode(TEXTS)).sum(axis=1) >= 0.9999).all()


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(max_codepoint=127), max_size=80) | st.text(max_size=40))
def test_words_remembered_are_the_tokenizers_pieces(text: str) -> None:
    encoder = StaticEncoder()
    encoder._loaded()
    assert encoder.pieces([text]) == encoder._cut([text])


def test_no_more_words_are_remembered_than_a_week_has() -> None:
    """An archive's are forgotten as it is read, and nothing that is read changes by that."""
    encoder = StaticEncoder()
    archive = " ".join(f"word{number}" for number in range(REMEMBERED + 1))
    for text in (archive, "four-bit attention", "word1 attention, word2"):
        assert encoder.pieces([text]) == encoder._cut([text])
    assert len(encoder._words) < 10


def test_unit_rows_and_no_text_at_all(bundled: StaticEncoder, make_paper: Any) -> None:
    rows = bundled.encode(TEXTS)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert bundled.encode([]).shape == (0, rows.shape[1])
    assert not bundled.encode([""]).any()
    assert bundled.paper_text(make_paper(title="T", abstract="A")) == "T. T. T. A"


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_changed_weights_are_refused(name: str, small: StaticEncoder, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(small.folder, tmp_path / "encoder"))
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(InvalidInput, match=f"{name} is not the file"):
        StaticEncoder(folder).encode(["text"])


def test_absent_and_damaged_folders_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="triage train"):
        StaticEncoder(tmp_path).encode(["text"])
    (tmp_path / "SHA256SUMS").write_text("nothing")
    damaged = StaticEncoder(tmp_path)
    for _ in range(2):  # a refusal is not forgotten
        with pytest.raises(InvalidInput, match="remove"):
            assert damaged.revision


def test_the_bundled_weights_are_small_and_need_no_torch(bundled: StaticEncoder) -> None:
    assert sum(path.stat().st_size for path in bundled.folder.iterdir()) <= 9_000_000
    code = "from triage.embed import StaticEncoder; StaticEncoder().encode(['text']); import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    there: Sequence[str] = done.stdout.split()
    assert "tokenizers" in there
    assert not {"torch", "sentence_transformers", "transformers", "sklearn", "scipy", "requests"} & set(there)
