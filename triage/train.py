"""Our own fast encoder from titles and abstracts: vocabulary, contrastive training, int8 weights, and the contest.

The loop is our own and small. sentence-transformers' trainer with its `MultipleNegativesRankingLoss`, the same start,
vocabulary, steps and batch, took 547 CPU seconds for 92.3 % of the held-out titles finding their abstract first; this
loop took 169 for 93.7 % (tests/benchmarks/trainer.py; 124,783 papers, 1,000 held out). It cuts each text into word
pieces again at every step, and knows neither pieces dropped by chance nor batches drawn from clusters. The result is
in the format of its `StaticEmbedding`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triage.embed import StaticEncoder
from triage.embed.static import DIGESTS, TOKENIZER, WEIGHTS
from triage.errors import CannotCreate, InvalidInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from triage.paper import Paper

    Rows = NDArray[np.intp]

Progress = Callable[[str, int, int], None]
"""Told of each stage: its name, how much is done, of how much."""

HELD_OUT = 1000
"""The newest papers that no training reads: on them the new encoder has to win. A tenth, when that is fewer."""

FEWEST = 200
"""Fewer papers teach nothing worth a contest."""

CARD, MODULES = "README.md", "modules.json"
FILES = frozenset({WEIGHTS, TOKENIZER, DIGESTS, CARD, MODULES})

_UNKNOWN = "[UNK]"
_CHUNK = 1000
_ROUNDS = 10
_CLUSTER_OF = 200


@dataclass(frozen=True, slots=True)
class Recipe:
    """The numbers of the training; the defaults were chosen on the benchmark's reading lists.

    `least` is how often a word must occur for its pieces to count, `scale` multiplies the cosines before the softmax,
    `dropped` is the share of an abstract's pieces left out at each sight of it.
    """

    seed: int = 1
    steps: int = 600
    pieces: int = 30_000
    least: int = 5
    dims: int = 256
    batch: int = 2048
    rate: float = 0.01
    warm: float = 0.05
    last: float = 0.02
    scale: float = 12.0
    dropped: float = 0.3
    spread: float = 0.1
    random_until: float = 0.2
    clusters: int = 100
    together: int = 4


@dataclass(frozen=True, slots=True)
class Example:
    """One paper as training text; `day` is YYYY-MM-DD, empty when unknown."""

    title: str
    abstract: str
    day: str = ""


@dataclass(frozen=True, slots=True)
class Contest:
    """How often a title finds its own abstract first among `n` held-out ones; `present` is None without a rival."""

    new: float
    present: float | None
    n: int

    @property
    def won(self) -> bool:
        """Whether the new encoder may take the place: only by being better."""
        return self.present is None or self.new > self.present


@dataclass(frozen=True, slots=True, eq=False)
class Bags:
    """Word pieces of many texts in one row: text i has those from `starts[i]` to `starts[i + 1]`."""

    pieces: NDArray[np.int32]
    starts: Rows


def examples(papers: Iterable[Paper]) -> list[Example]:
    """Turn stored papers into training text."""
    days = ((one, one.announced or (one.submitted.date() if one.submitted else None)) for one in papers)
    return [Example(one.title, one.abstract, day.isoformat() if day else "") for one, day in days if one.abstract]


def read_pairs(path: Path) -> list[Example]:
    """Read `title`, `abstract` and, where it is told, `date` from JSON lines, compressed by gzip or not.

    Raises:
        InvalidInput: the file cannot be read, or a line is no such object.
    """
    number, found = 0, []
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            for line in lines:
                number += 1
                if line.strip():
                    found.append(_example(json.loads(line)))
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidInput(f"{path} cannot be read ({error}): name a file of JSON lines") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidInput(f"{path}:{number}: not a JSON object with a title and an abstract") from error
    return found


def _example(told: Any) -> Example:
    title, abstract = told["title"], told["abstract"]
    if not isinstance(title, str) or not isinstance(abstract, str):
        raise TypeError("title and abstract are texts")
    return Example(title, abstract, str(told.get("date") or ""))


def split(found: Sequence[Example], reader: Sequence[Example] = ()) -> tuple[list[Example], list[Example]]:
    """Part the text by age into what is learnt from and the newest, which are held out.

    What is learnt from another text has to win on the `reader`'s own papers: where these would be enough to learn from,
    the newest of them are held out, and their titles are left out of the text.

    Raises:
        InvalidInput: there are too few papers.
    """
    own = _by_age(reader)
    judges = own[-_held_of(own) :] if len(own) >= FEWEST else []
    titles = {one.title.casefold() for one in judges}
    text = [one for one in _by_age(found) if one.title.casefold() not in titles]
    if len(text) < FEWEST:
        raise InvalidInput(
            f"{len(text)} papers are too few to learn from, {FEWEST} are needed: triage fetch --back 60 brings more,"
            " --pairs FILE reads others"
        )
    return (text, judges) if judges else (text[: -_held_of(text)], text[-_held_of(text) :])


def _held_of(text: Sequence[Example]) -> int:
    return min(HELD_OUT, len(text) // 10)


def _by_age(found: Iterable[Example]) -> list[Example]:
    """Each text once, oldest first; those without a title or an abstract teach nothing."""
    once = {(one.title, one.abstract): one for one in found if one.title.strip() and one.abstract.strip()}
    return sorted(once.values(), key=lambda one: (one.day, one.title))


def found_first(encoder: StaticEncoder, held: Sequence[Example]) -> float:
    """Share of the held-out titles whose own abstract is the nearest of all held-out abstracts."""
    import numpy as np

    titles, abstracts = (encoder.encode(texts) for texts in ([x.title for x in held], [x.abstract for x in held]))
    cosines = titles @ abstracts.T
    return float((cosines.argmax(axis=1) == np.arange(len(held))).mean())


def contest(new: StaticEncoder, present: StaticEncoder | None, held: Sequence[Example]) -> Contest:
    """Let both encoders look for the held-out abstracts."""
    return Contest(found_first(new, held), None if present is None else found_first(present, held), len(held))


@contextmanager
def trained(
    told: Sequence[Example], recipe: Recipe, beside: Path, *, progress: Progress = lambda stage, done, of: None
) -> Iterator[StaticEncoder]:
    """Give the encoder learnt from `told`, in a throw-away folder beside the one it may replace; see `install`."""
    try:
        beside.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".training-", dir=beside.parent))
    except OSError as error:
        raise CannotCreate(f"{beside.parent}: no folder can be made there ({error.strerror})") from error
    try:
        tokenizer = learn_vocabulary(told, recipe, progress)
        titles = _bags(tokenizer, [one.title for one in told], "titles", progress)
        abstracts = _bags(tokenizer, [one.abstract for one in told], "abstracts", progress)
        _write(folder, tokenizer, learn_table(titles, abstracts, tokenizer.get_vocab_size(), recipe, progress))
        yield StaticEncoder(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def install(new: StaticEncoder, place: Path, card: str) -> StaticEncoder:
    """Put a trained encoder in its place with its model card, by renaming whole folders.

    Whatever stops it in between, the place holds one encoder or the other.

    Raises:
        CannotCreate: the place holds something that no training has put there.
    """
    check_place(place)
    (new.folder / CARD).write_text(card, encoding="utf-8")
    new.folder.chmod(0o755)
    with tempfile.TemporaryDirectory(prefix=".replaced-", dir=place.parent) as aside:
        old = Path(aside) / place.name
        try:
            if place.exists():
                place.rename(old)
            new.folder.rename(place)
        except BaseException:
            if old.exists() and not place.exists():
                old.rename(place)
            raise
    return StaticEncoder(place)


def check_place(place: Path) -> None:
    """Refuse to replace a folder that holds anything but an encoder.

    Raises:
        CannotCreate: it does, or it is a file.
    """
    strange = sorted(path.name for path in place.iterdir() if path.name not in FILES) if place.is_dir() else []
    if strange or (place.exists() and not place.is_dir()):
        what = f"holds {strange[0][:60]!r}" if strange else "is a file"
        raise CannotCreate(f"{place} {what} and is not replaced: name an empty folder or one with an encoder")


def learn_vocabulary(told: Sequence[Example], recipe: Recipe, progress: Progress) -> Any:
    """Learn the word pieces: accents stripped, lower case, split at blanks and punctuation as for BERT.

    The library breaks ties of frequency by chance, so two trainings with one seed are alike and not equal.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.WordPiece(unk_token=_UNKNOWN))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=recipe.pieces, min_frequency=recipe.least, special_tokens=[_UNKNOWN], show_progress=False
    )

    def texts() -> Iterator[str]:
        for number, one in enumerate(told, 1):
            if number % _CHUNK == 0 or number == len(told):
                progress("vocabulary", number, len(told))
            yield f"{one.title} {one.abstract}".encode("utf-8", "replace").decode()

    tokenizer.train_from_iterator(texts(), trainer=trainer, length=len(told))
    return tokenizer


def _bags(tokenizer: Any, texts: Sequence[str], stage: str, progress: Progress) -> Bags:
    """Cut the texts into word pieces, in chunks: 125,000 abstracts are 120 MB of pieces, and GBs as objects."""
    import numpy as np

    found, lengths = [], []
    for start in range(0, len(texts), _CHUNK):
        part = [text.encode("utf-8", "replace").decode() for text in texts[start : start + _CHUNK]]
        cut = [one.ids for one in tokenizer.encode_batch_fast(part, add_special_tokens=False)]
        lengths += [len(ids) for ids in cut]
        found.append(np.fromiter((piece for ids in cut for piece in ids), dtype=np.int32))
        progress(stage, start + len(part), len(texts))
    return Bags(np.concatenate(found), np.concatenate([[0], np.cumsum(lengths)]).astype(np.intp))


def learn_table(titles: Bags, abstracts: Bags, pieces: int, recipe: Recipe, progress: Progress) -> NDArray[np.float32]:
    """Learn a vector for each word piece, (pieces, dims): a title shall be nearest to its own abstract, and back.

    In-batch contrastive loss both ways (InfoNCE; van den Oord 2018). After a fifth of the steps half of each batch
    comes from a few clusters of like papers, which makes the negatives hard.
    """
    import numpy as np
    import torch

    rng = np.random.default_rng(recipe.seed)
    start = rng.normal(0, recipe.spread, (pieces, recipe.dims)).astype(np.float32)
    # The sum has the direction of the mean, and only the direction counts.
    bag = torch.nn.EmbeddingBag.from_pretrained(torch.from_numpy(start), freeze=False, mode="sum")
    adam = torch.optim.Adam(bag.parameters(), lr=recipe.rate, betas=(0.9, 0.98))
    course = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: _rate(step, recipe))
    n, groups = len(titles.starts) - 1, []
    for step in range(recipe.steps):
        if step == int(recipe.random_until * recipe.steps):
            groups = _clusters(bag, titles, abstracts, recipe, rng)
        rows = _batch(n, groups, recipe, rng)
        left, right = _pair(bag, titles, abstracts, rows, step, recipe, rng)
        loss = _loss(left, right, recipe.scale)
        adam.zero_grad()
        loss.backward()
        adam.step()
        course.step()
        progress("steps", step + 1, recipe.steps)
    return np.asarray(bag.weight.detach().numpy(), dtype=np.float32)


def _rate(step: int, recipe: Recipe) -> float:
    """Share of the full rate at a step: a short rise, then a straight fall."""
    warm = max(1, round(recipe.warm * recipe.steps))
    if step < warm:
        return (step + 1) / warm
    return 1 - (1 - recipe.last) * (step - warm) / max(1, recipe.steps - warm)


def _batch(n: int, groups: Sequence[Rows], recipe: Recipe, rng: np.random.Generator) -> Rows:
    """Draw the papers of one step, each once: all by chance, or half of them from a few clusters."""
    import numpy as np

    size = min(recipe.batch, max(2, n // 2))
    if not groups:
        return rng.choice(n, size, replace=False)
    share = size // (2 * recipe.together)
    near = [groups[at] for at in rng.choice(len(groups), recipe.together, replace=False)]
    drawn = [rng.choice(group, min(share, len(group)), replace=False) for group in near]
    return np.unique(np.concatenate([*drawn, rng.choice(n, size - size // 2, replace=False)]))


def _pair(
    bag: Any, titles: Bags, abstracts: Bags, rows: Rows, step: int, recipe: Recipe, rng: np.random.Generator
) -> tuple[Any, Any]:
    """Both sides of a step: title and abstract twice, the abstract's halves, and the title with the first half."""

    def part(begin: float, end: float) -> Any:
        return _summed(bag, abstracts, rows, begin, end, recipe.dropped, rng)

    if step % 4 < 2:
        return _summed(bag, titles, rows), part(0, 1)
    if step % 4 == 2:
        return part(0, 0.5), part(0.5, 1)
    return _summed(bag, titles, rows) + part(0, 0.5), part(0.5, 1)


def _summed(
    bag: Any,
    bags: Bags,
    rows: Rows,
    begin: float = 0,
    end: float = 1,
    dropped: float = 0,
    rng: np.random.Generator | None = None,
) -> Any:
    """Sums of the piece vectors of the chosen texts from a share `begin` to a share `end`, (rows, dims)."""
    import numpy as np
    import torch

    whole = bags.starts[rows + 1] - bags.starts[rows]
    first, last = (whole * begin).astype(np.intp), (whole * end).astype(np.intp)
    lengths = last - first
    before = np.cumsum(lengths) - lengths
    places = np.arange(lengths.sum()) + np.repeat(bags.starts[rows] + first - before, lengths)
    if rng is not None:
        kept = rng.random(len(places)) >= dropped
        counts = np.concatenate([[0], np.cumsum(kept)])
        before, places = counts[before], places[kept]
    return bag(torch.from_numpy(bags.pieces[places]), torch.from_numpy(before.astype(np.int32)))


def _loss(left: Any, right: Any, scale: float) -> Any:
    """Cross entropy of finding the partner among the batch, from either side."""
    import torch
    from torch.nn import functional

    cosines = scale * functional.normalize(left) @ functional.normalize(right).T
    own = torch.arange(len(cosines))
    return (functional.cross_entropy(cosines, own) + functional.cross_entropy(cosines.T, own)) / 2


def _clusters(bag: Any, titles: Bags, abstracts: Bags, recipe: Recipe, rng: np.random.Generator) -> list[Rows]:
    """Group the papers by k-means over what the table says by now; none where there are too few papers."""
    import numpy as np
    import torch
    from torch.nn import functional

    n = len(titles.starts) - 1
    k = min(recipe.clusters, n // _CLUSTER_OF)
    if k < recipe.together:
        return []
    with torch.no_grad():
        every = np.array_split(np.arange(n), max(1, n // recipe.batch))
        rows = functional.normalize(
            torch.cat([_summed(bag, titles, some) + _summed(bag, abstracts, some) for some in every])
        )
        centres = rows[torch.from_numpy(rng.choice(n, k, replace=False))]
        for _ in range(_ROUNDS):
            near = (rows @ centres.T).argmax(dim=1)
            centres = functional.normalize(torch.zeros_like(centres).index_add_(0, near, rows))
    return [group for group in (np.flatnonzero(near.numpy() == one) for one in range(k)) if len(group)]


def _write(folder: Path, tokenizer: Any, table: NDArray[np.float32]) -> None:
    """Store the table as int8 by row, as sentence-transformers and model2vec read it, and the digests."""
    import numpy as np
    from safetensors.numpy import save

    scales = np.maximum(np.abs(table).max(axis=1), 1e-12) / 127
    whole = np.rint(table / scales[:, None]).astype(np.int8)
    contents = {
        WEIGHTS: save({"embeddings": whole, "weights": scales.astype(np.float32)}, {"format": "pt"}),
        TOKENIZER: tokenizer.to_str().encode(),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    digests = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in contents.items())
    (folder / DIGESTS).write_text(digests, encoding="ascii")
    kinds = ("StaticEmbedding", "Normalize")
    modules = [
        {
            "idx": at,
            "name": str(at),
            "path": "" if at == 0 else f"{at}_{kind}",
            "type": f"sentence_transformers.models.{kind}",
        }
        for at, kind in enumerate(kinds)
    ]
    (folder / MODULES).write_text(json.dumps(modules, indent=1) + "\n", encoding="ascii")


def card(told: Sequence[Example], source: str, recipe: Recipe, result: Contest) -> str:
    """Write the model card: the text used, the recipe, the figures, the licence of the text, the limits."""
    days = sorted(one.day for one in told if one.day) or ["?"]
    rival = "" if result.present is None else f"; the encoder before it {result.present:.1%}"
    return f"""# triage-static

The fast encoder of triage: the mean of word-piece vectors ({recipe.pieces} at most, {recipe.dims} dimensions, int8 by
row), made by `triage train --seed {recipe.seed} --steps {recipe.steps}`. sentence-transformers opens this folder.

- **Text.** Titles and abstracts of {len(told)} arXiv papers, {days[0]} to {days[-1]} ({source}), and of no reading
  list. arXiv publishes metadata, abstracts included, under CC0 1.0. The text itself is not part of this folder.
- **Recipe.** WordPiece (NFKD, accents stripped, lower case, words seen at least {recipe.least} times); contrastive
  loss within the batch, both ways, cosines times {recipe.scale:g}; batch {recipe.batch}; Adam, rate {recipe.rate:g},
  {recipe.steps} steps; title with abstract, half with half of the abstract; {recipe.dropped:.0%} of an abstract's
  pieces dropped; after {recipe.random_until:.0%} of the steps half of each batch from {recipe.together} of
  {recipe.clusters} clusters. Seed {recipe.seed}.
- **Figure.** Of {result.n} newer papers that were held out, {result.new:.1%} of the titles find their own abstract
  first{rival}.
- **Use.** The title three times, then the abstract; unit length; subtract the mean of recent papers before comparing.
- **Limits.** A bag of words: order, negation and numbers are lost. English, and the fields of the text it read. Alone
  it is no better than a sentence encoder; triage adds up both with plain words.
"""
