"""The preview of a profile over thirty days of 500 papers: how long a change of words, and of the statement, takes.

python tests/benchmarks/preview.py [ROUNDS]: made-up papers of the demo's sentences; medians. The changes of words are
ranked with the fast encoder alone; the last two lines also have MiniLM read the new statement, once with its loading.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random

from triage.demo.catalogue import DAYS as DEMO_DAYS
from triage.demo.catalogue import known_papers
from triage.embed import Encoder, SentenceEncoder, StaticEncoder
from triage.paper import Item, Paper
from triage.pipeline import outlook, preview
from triage.profile import Profile
from triage.store import Store

DAYS, A_DAY = 30, 500
TODAY = date(2026, 11, 20)
PROFILE = Profile("bench", "Managing and compressing the KV cache of language models.", ("cs.LG", "cs.CL"))


def filled(rng: Random) -> Store:
    """A store of made-up papers: sentences of the demo's abstracts in another order."""
    said = [paper for day in DEMO_DAYS for paper in known_papers(day).values()]
    sentences = [one for paper in said for one in paper.abstract.split(". ") if one]
    store = Store()
    for ago in range(DAYS):
        day = TODAY - timedelta(days=ago)
        items = [
            Item(
                Paper(
                    id=f"{2610 + (ago < 20)}.{ago * A_DAY + number:05d}",
                    title=rng.choice(said).title,
                    abstract=". ".join(rng.sample(sentences, 7)),
                    authors=("Ada Invented",),
                    categories=(rng.choice(["cs.LG", "cs.CL", "cs.DC"]),),
                    announced=day,
                    announce_type="new",
                ),
                "new",
            )
            for number in range(A_DAY)
        ]
        store.add_announcement(items, announced=day, feed_day=day, at=datetime(2026, 11, 20, tzinfo=UTC))
    return store


def timed(run: Callable[[], object]) -> tuple[float, float]:
    """Seconds of wall and of CPU."""
    wall, used = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - used


def main() -> None:
    """Measure, and print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    store, fast = filled(Random(1)), StaticEncoder()

    def trial(profile: Profile, encoder: Encoder | None = None) -> outlook.Preview:
        return preview(store, profile, PROFILE, encoder=encoder, fast=fast, today=TODAY)

    trial(PROFILE)  # the vectors are there from now on, as after a fetch
    changes = {
        "terms": lambda at: replace(PROFILE, boost=("kv cache", f"word{at}"), avoid=("survey",)),
        "threshold": lambda at: replace(PROFILE, threshold=0.05 + at / 100),
        "categories": lambda at: replace(PROFILE, categories=(*PROFILE.categories, "cs.DC")),
        "statement": lambda at: replace(PROFILE, statement=f"Serving language models number {at}."),
    }
    for name, changed in changes.items():
        found = [timed(partial(trial, changed(at))) for at in range(rounds)]
        wall, used = (statistics.median(column) for column in zip(*found, strict=True))
        print(f"{name:<12} {wall:.2f} s wall  {used:.2f} s CPU  (median of {rounds})")
    careful = SentenceEncoder()
    for name in ("MiniLM loads", "MiniLM reads"):
        wall, used = timed(partial(trial, replace(PROFILE, statement=f"Serving models. {name}."), careful))
        print(f"{name:<12} {wall:.2f} s wall  {used:.2f} s CPU  (once)")
    print(f"{store.count()} papers; one preview is to take 1.5 s at most, 10 s where MiniLM must read a statement")


if __name__ == "__main__":
    main()
