"""`StaticEncoder`: the fast encoder of our own, a bag of word pieces that numpy and tokenizers run in milliseconds."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triage.errors import InvalidInput, Unavailable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from triage.paper import Paper

BUNDLED = Path(__file__).resolve().parents[1] / "encoder"
"""The weights that travel with the package; `triage train` renews them from the reader's own papers."""

WEIGHTS, TOKENIZER, DIGESTS = "model.safetensors", "tokenizer.json", "SHA256SUMS"

TITLE_TIMES = 3
"""How often the title stands before the abstract: a title says more of the matter than any sentence there."""

_WORD = re.compile(r"[^ \t-\r!-/:-@\[-`{-~]+|[!-/:-@\[-`{-~]")
_ID_LENGTH = 12

REMEMBERED = 50_000
"""Words whose pieces are remembered, in some 10 MB: a week of announcements has fewer, all of arXiv millions."""


class StaticEncoder:
    """The mean of a text's word-piece vectors, at unit length; the weights are a folder that `triage train` wrote.

    `model.safetensors` holds `embeddings`, int8 (v, d), and `weights`, float32 (v,), the scale of each row;
    `tokenizer.json` the word pieces; `SHA256SUMS` the digests of both, which are compared when they are loaded.
    sentence-transformers opens the same folder as a `StaticEmbedding` and gives the same vectors. Nothing is read
    before it is asked for.

    Args:
        folder: where the weights are; those of the package by default.
    """

    name = "triage-static"

    def __init__(self, folder: Path = BUNDLED) -> None:
        self.folder = folder
        self._digests: dict[str, str] = {}
        self._tokenizer: Any = None
        self._table: tuple[NDArray[np.int8], NDArray[np.float32]] | None = None
        self._words: dict[str, list[int]] = {}

    @property
    def revision(self) -> str:
        """The first 12 digits of the SHA-256 of the weights.

        Raises:
            Unavailable: there are no weights in the folder.
            InvalidInput: their list of digests is damaged.
        """
        return self._told()[WEIGHTS][:_ID_LENGTH]

    @property
    def there(self) -> bool:
        """Whether the folder holds an encoder, sound or not: an emptied one holds none."""
        return (self.folder / DIGESTS).is_file()

    def check(self) -> None:
        """Read the weights, and compare them with the digests that were stored.

        Raises:
            Unavailable: there are no weights in the folder.
            InvalidInput: the weights are not those whose digests were stored, or cannot be read.
        """
        self._loaded()

    def paper_text(self, paper: Paper) -> str:
        """Give the title three times, then the abstract: 0.002 to 0.009 day@10 more than once, on the benchmark."""
        return f"{f'{paper.title}. ' * TITLE_TIMES}{paper.abstract}"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors as rows, float32, shape (len(texts), d); a text without a word piece has a row of zeros.

        Raises:
            Unavailable: there are no weights in the folder.
            InvalidInput: the weights are not those whose digests were stored, or cannot be read.
        """
        import numpy as np

        table, scales = self._loaded()
        rows = np.zeros((len(texts), table.shape[1]), dtype=np.float32)
        for row, pieces in zip(rows, self.pieces(texts), strict=True):
            if pieces:
                at = np.array(pieces)
                row[:] = scales[at] @ table[at].astype(np.float32)
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.where(norms == 0, 1, norms), dtype=np.float32)

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """The word pieces of each text.

        Nearly all text is ASCII, where the tokenizer's work is to lower the case and to split at blanks and at each
        punctuation mark. Doing that here and remembering the words' pieces is several times quicker.
        """
        self._loaded()
        if len(self._words) > REMEMBERED:
            self._words.clear()
        simple = {at: _WORD.findall(text.lower()) for at, text in enumerate(texts) if text.isascii()}
        unseen = list({word for words in simple.values() for word in words if word not in self._words})
        self._words.update(zip(unseen, self._cut(unseen), strict=True))
        rest = iter(self._cut([text for at, text in enumerate(texts) if at not in simple]))
        known = self._words
        return [
            [piece for word in simple[at] for piece in known[word]] if at in simple else next(rest)
            for at in range(len(texts))
        ]

    def _cut(self, texts: Sequence[str]) -> list[list[int]]:
        """Let the tokenizer cut texts; what is no Unicode (a lone surrogate) becomes a question mark."""
        whole = [text.encode("utf-8", "replace").decode() for text in texts]
        return [one.ids for one in self._tokenizer.encode_batch_fast(whole, add_special_tokens=False)]

    def _told(self) -> dict[str, str]:
        """The digests that were stored beside the weights, by file name."""
        if not self._digests:
            try:
                lines = (self.folder / DIGESTS).read_text("ascii").splitlines()
                told = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
            except FileNotFoundError as error:
                raise Unavailable(f"no fast encoder in {self.folder}: triage train makes one") from error
            except (OSError, ValueError) as error:
                raise InvalidInput(f"{self.folder / DIGESTS} cannot be read: {_mend(self.folder)}") from error
            if not {WEIGHTS, TOKENIZER} <= told.keys():
                raise InvalidInput(f"{self.folder / DIGESTS} is damaged: {_mend(self.folder)}")
            self._digests = told
        return self._digests

    def _loaded(self) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """The table of word pieces (v, d) and the scale of each row (v,); read and checked once."""
        if self._table is None:
            weights, tokenizer = self._checked(WEIGHTS), self._checked(TOKENIZER)
            from safetensors import SafetensorError
            from safetensors.numpy import load
            from tokenizers import Tokenizer

            try:
                held = load(weights)
                self._tokenizer = Tokenizer.from_str(tokenizer.decode())
                self._table = held["embeddings"], held["weights"]
            except (SafetensorError, KeyError, ValueError) as error:
                raise InvalidInput(f"the fast encoder in {self.folder} cannot be read: {_mend(self.folder)}") from error
        return self._table

    def _checked(self, name: str) -> bytes:
        """The bytes of a file, when they are those whose digest was stored."""
        wanted = self._told()[name]
        try:
            content = (self.folder / name).read_bytes()
        except OSError as error:
            raise InvalidInput(f"{self.folder / name} cannot be read: {_mend(self.folder)}") from error
        if hashlib.sha256(content).hexdigest() != wanted:
            raise InvalidInput(f"{self.folder / name} is not the file that was stored: {_mend(self.folder)}")
        return content


def _mend(folder: Path) -> str:
    return "install triage again" if folder == BUNDLED else f"remove {folder}, and the bundled encoder is used again"
