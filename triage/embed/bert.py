"""`PlainBert`: a BERT that averages its word pieces, as all-MiniLM-L6-v2 is, on torch and tokenizers alone.

sentence-transformers gives the same vectors, which a test holds it to, and stays the way for every other model. For
this kind it costs each morning three seconds of imports and 300 MB more; and since texts are laid end to end here, not
filled up to the longest, each takes a tenth less.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triage.errors import InvalidInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer
    from torch import Tensor

AT_ONCE = 1024
"""Word pieces of one pass: twice as many are 3 % quicker and take 80 MB more."""

_KIND = {"model_type": "bert", "architectures": ["BertModel"], "hidden_act": "gelu"}
_MODULES = [["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]]
_MEAN = "pooling_mode_mean_tokens"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a folder's settings say of a plain BERT: layers, heads, the floor of its norms, word pieces of a text."""

    layers: int
    heads: int
    floor: float
    longest: int

    @classmethod
    def of(cls, folder: Path, longest: int) -> Shape | None:
        """Read the settings of a sentence-transformers folder; None where it is any other kind of model.

        Raises:
            InvalidInput: a file of settings is damaged.
        """
        told, modules = _read(folder / "config.json"), _read(folder / "modules.json")
        pooling, sentence = _read(folder / "1_Pooling/config.json"), _read(folder / "sentence_bert_config.json") or {}
        prompts = _read(folder / "config_sentence_transformers.json") or {}
        if not (isinstance(told, dict) and isinstance(modules, list) and isinstance(pooling, dict)):
            return None
        averages = [name for name, value in pooling.items() if name.startswith("pooling_mode_") and value]
        plain = (
            all(told.get(name) == wanted for name, wanted in _KIND.items())
            and told.get("position_embedding_type", "absolute") == "absolute"
            and [str(one.get("type")).rpartition(".")[2] for one in modules] in _MODULES
            and averages == [_MEAN]
            and not prompts.get("default_prompt_name")
            and not sentence.get("do_lower_case")
            and (folder / "model.safetensors").is_file()
            and (folder / "tokenizer.json").is_file()
        )
        if not plain:
            return None
        most = min(longest, sentence.get("max_seq_length") or longest, told["max_position_embeddings"])
        return cls(told["num_hidden_layers"], told["num_attention_heads"], told["layer_norm_eps"], most)


def _read(path: Path) -> Any:
    """A file of settings; None where there is none."""
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise InvalidInput(f"{path} is damaged: fetch the model again") from error


@dataclass(frozen=True, slots=True, eq=False)
class _Dense:
    """One affine map, or the gains and shifts of a norm."""

    weight: Tensor
    bias: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """One layer's maps, in the order they are used: queries, keys and values in one, and so on."""

    attend: _Dense
    attended: _Dense
    attended_norm: _Dense
    widen: _Dense
    narrow: _Dense
    norm: _Dense


class PlainBert:
    """The model of a folder, read into memory once.

    Args:
        folder: holds `model.safetensors` and `tokenizer.json`.
        shape: what its settings say.

    Raises:
        KeyError, ValueError, SafetensorError: the files are not what the settings say.
    """

    def __init__(self, folder: Path, shape: Shape) -> None:
        from safetensors.torch import load_file
        from tokenizers import Tokenizer

        self._shape = shape
        self._held = {name: held.float() for name, held in load_file(folder / "model.safetensors").items()}
        self._layers = [self._layer(f"encoder.layer.{number}.") for number in range(shape.layers)]
        self._first_norm = self._dense("embeddings.LayerNorm")
        self._tokenizer: Tokenizer = Tokenizer.from_str((folder / "tokenizer.json").read_text("utf-8"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(shape.longest)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors as rows, float32, shape (len(texts), d)."""
        import torch

        whole = [text.encode("utf-8", "replace").decode() for text in texts]  # a lone surrogate is no Unicode
        pieces = [one.ids for one in self._tokenizer.encode_batch(whole)]
        with torch.inference_mode():
            rows = torch.cat([self._means(part) for part in _parts(pieces)])
            found: NDArray[np.float32] = torch.nn.functional.normalize(rows).numpy()
        return found

    def _means(self, pieces: Sequence[Sequence[int]]) -> Tensor:
        """The mean vector of each text's word pieces, (texts, d), of texts that go through the layers together."""
        import torch

        lengths = [len(one) for one in pieces]
        held = self._held
        places = torch.cat([torch.arange(length) for length in lengths])
        said = torch.tensor([piece for one in pieces for piece in one])
        rows = held["embeddings.word_embeddings.weight"][said] + held["embeddings.position_embeddings.weight"][places]
        rows = self._norm(rows + held["embeddings.token_type_embeddings.weight"][0], self._first_norm)
        for layer in self._layers:
            rows = self._pass(rows, layer, lengths)
        return torch.stack([one.mean(0) for one in torch.split(rows, lengths)])

    def _pass(self, rows: Tensor, layer: _Layer, lengths: list[int]) -> Tensor:
        """One layer; only the attention keeps the texts apart."""
        import torch
        from torch.nn.functional import gelu, linear

        projected = torch.split(linear(rows, layer.attend.weight, layer.attend.bias), lengths)
        attended = torch.cat([self._attend(one) for one in projected])
        rows = self._norm(rows + linear(attended, layer.attended.weight, layer.attended.bias), layer.attended_norm)
        wide = gelu(linear(rows, layer.widen.weight, layer.widen.bias))
        return self._norm(rows + linear(wide, layer.narrow.weight, layer.narrow.bias), layer.norm)

    def _attend(self, projected: Tensor) -> Tensor:
        """Let the word pieces of one text, (n, 3 d), attend to each other, (n, d)."""
        from torch.nn.functional import scaled_dot_product_attention

        n, width = projected.shape
        heads = projected.view(1, n, 3, self._shape.heads, width // 3 // self._shape.heads)
        queries, keys, values = (heads[:, :, part].transpose(1, 2) for part in range(3))
        return scaled_dot_product_attention(queries, keys, values).transpose(1, 2).reshape(n, width // 3)

    def _norm(self, rows: Tensor, norm: _Dense) -> Tensor:
        from torch.nn.functional import layer_norm

        return layer_norm(rows, norm.bias.shape, norm.weight, norm.bias, self._shape.floor)

    def _layer(self, name: str) -> _Layer:
        import torch

        parts = [self._dense(f"{name}attention.self.{part}") for part in ("query", "key", "value")]
        return _Layer(
            _Dense(torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts])),
            self._dense(f"{name}attention.output.dense"),
            self._dense(f"{name}attention.output.LayerNorm"),
            self._dense(f"{name}intermediate.dense"),
            self._dense(f"{name}output.dense"),
            self._dense(f"{name}output.LayerNorm"),
        )

    def _dense(self, name: str) -> _Dense:
        return _Dense(self._held[f"{name}.weight"], self._held[f"{name}.bias"])


def _parts(pieces: Sequence[Sequence[int]]) -> list[list[Sequence[int]]]:
    """Cut into runs of about `AT_ONCE` word pieces, in their order; a text is never cut."""
    parts: list[list[Sequence[int]]] = []
    room = 0
    for one in pieces:
        if not parts or len(one) > room:
            parts.append([])
            room = AT_ONCE
        parts[-1].append(one)
        room -= len(one)
    return parts
