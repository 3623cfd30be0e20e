"""Our training loop beside sentence-transformers' own trainer: the same text, vocabulary, steps and batch, one run.

    pip install accelerate datasets     # what its trainer needs and triage does not
    python tests/benchmarks/trainer.py --pairs FILE.jsonl.gz [--steps N] [--papers N]

Its trainer gets what it knows: a fresh `StaticEmbedding`, (title, abstract) pairs, `MultipleNegativesRankingLoss` with
the recipe's scale, Adam with the recipe's rate and warm-up. It knows neither pieces dropped by chance, nor halves of an
abstract as pairs, nor batches drawn from clusters. Printed for both: CPU seconds of the training alone, and the share
of held-out titles that find their own abstract first.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from triage.embed import StaticEncoder
from triage.train import Example, Recipe, _bags, _write, found_first, learn_table, learn_vocabulary, read_pairs, split


def quiet(stage: str, done: int, of: int) -> None:
    """Both trainings print only their result."""


def ours(told: Sequence[Example], tokenizer: Any, recipe: Recipe) -> Any:
    titles = _bags(tokenizer, [one.title for one in told], "titles", quiet)
    abstracts = _bags(tokenizer, [one.abstract for one in told], "abstracts", quiet)
    return learn_table(titles, abstracts, tokenizer.get_vocab_size(), recipe, quiet)


def theirs(told: Sequence[Example], tokenizer: Any, recipe: Recipe) -> Any:
    import numpy as np
    import pyarrow
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    start = np.random.default_rng(recipe.seed).normal(0, recipe.spread, (tokenizer.get_vocab_size(), recipe.dims))
    model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=start.astype(np.float32))])
    model = model.to("cpu")
    texts = pyarrow.table({"anchor": [one.title for one in told], "positive": [one.abstract for one in told]})
    pairs = Dataset(texts, fingerprint="told")  # named, since its own hash of a table fails beside some pyarrow
    with tempfile.TemporaryDirectory() as folder:
        settings = SentenceTransformerTrainingArguments(
            output_dir=folder,
            max_steps=recipe.steps,
            per_device_train_batch_size=min(recipe.batch, len(told) // 2),
            learning_rate=recipe.rate,
            warmup_steps=int(recipe.warm * recipe.steps),
            adam_beta1=0.9,
            adam_beta2=0.98,
            weight_decay=0.0,
            max_grad_norm=0.0,
            seed=recipe.seed,
            use_cpu=True,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            logging_strategy="no",
        )
        loss = MultipleNegativesRankingLoss(model, scale=recipe.scale)
        SentenceTransformerTrainer(model=model, args=settings, train_dataset=pairs, loss=loss).train()
    return model[0].embedding.weight.detach().numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, required=True, metavar="FILE")
    parser.add_argument("--steps", type=int, default=Recipe().steps)
    parser.add_argument("--papers", type=int, default=None, help="only the newest N papers")
    args = parser.parse_args()
    recipe = dataclasses.replace(Recipe(), steps=args.steps)
    told, held = split(read_pairs(args.pairs))
    told = told[-args.papers :] if args.papers else told
    tokenizer = learn_vocabulary(told, recipe, quiet)
    print(f"{len(told)} papers, {recipe.steps} steps, batch {recipe.batch}, {len(held)} held out", flush=True)
    for name, train in (("our loop", ours), ("their trainer", theirs)):
        began, cpu = time.monotonic(), time.process_time()
        table = train(told, tokenizer, recipe)
        spent, wall = time.process_time() - cpu, time.monotonic() - began
        with tempfile.TemporaryDirectory() as folder:
            _write(Path(folder), tokenizer, table)
            first = found_first(StaticEncoder(Path(folder)), held)
        print(f"{name}: {spent:.0f} CPU-s ({wall:.0f} s), {first:.1%} of titles find their abstract first", flush=True)


if __name__ == "__main__":
    main()
