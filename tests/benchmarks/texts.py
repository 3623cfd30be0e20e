"""Papers for the benchmarks: of a benchmark folder where one is given, else invented ones of the usual length."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate, islice
from pathlib import Path

from triage.paper import Paper

WORDS_OF_ABSTRACT = 160
_SYLLABLES = (
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "la",
    "me",
    "ni",
    "po",
    "ru",
    "sa",
    "te",
    "vi",
    "xo",
    "kra",
    "ble",
    "sti",
    "qua",
)


@cache
def vocabulary(size: int, seed: int = 0) -> list[str]:
    """Invented words, each once."""
    rng, found = random.Random(seed), {}
    while len(found) < size:
        found["".join(rng.choices(_SYLLABLES, k=rng.randint(2, 4)))] = None
    return list(found)


def invented(count: int, *, first: int = 1, words: int = 20_000, seed: int = 1) -> Iterator[Paper]:
    """Papers whose words follow Zipf's law, as those of real abstracts do; identifiers that no real paper has."""
    rng, names = random.Random(seed), vocabulary(words)
    weights = list(accumulate(1 / (rank + 3) for rank in range(words)))
    began = datetime(2026, 11, 18, 19, tzinfo=UTC)
    for number in range(first, first + count):
        said, block = rng.choices(names, cum_weights=weights, k=WORDS_OF_ABSTRACT + 10), number // 100_000
        yield Paper(
            f"{80 + block // 12}{block % 12 + 1:02d}.{number % 100_000:05d}",
            " ".join(said[:10]).capitalize(),
            " ".join(said[10:]).capitalize() + ".",
            authors=("Ada Invented", "Bo Fictional"),
            categories=("cs.LG",),
            submitted=began + timedelta(seconds=number % 80_000),
        )


def real(folder: Path, count: int) -> list[Paper]:
    """The first papers of a benchmark folder, as if all were announced in cs.LG."""
    began = datetime(2026, 11, 18, 19, tzinfo=UTC)
    with gzip.open(folder / "papers.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in islice(lines, count)]
    return [
        Paper(
            row["id"],
            row["title"],
            row["abstract"],
            authors=tuple(row["authors"]),
            categories=("cs.LG",),
            submitted=began + timedelta(seconds=number),
        )
        for number, row in enumerate(rows)
    ]
