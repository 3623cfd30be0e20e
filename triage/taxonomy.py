"""arXiv's categories: their names, their aliases, and the nearest spelling of a wrong one.

The facts in `categories.csv` (155 active categories) and `ALIASES` are those of arXiv's category taxonomy as its
open-source base package (`arxiv-base`, `arxiv/taxonomy`) states them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from triage.errors import InvalidInput

ALIASES: Mapping[str, str] = MappingProxyType(
    {
        # Two names for one listing; arXiv files the papers under the right-hand one.
        "cs.NA": "math.NA",
        "cs.SY": "eess.SY",
        "math.IT": "cs.IT",
        "math.MP": "math-ph",
        "q-fin.EC": "econ.GN",
        "stat.TH": "math.ST",
        # Archives of the 1990s that became a category.
        "acc-phys": "physics.acc-ph",
        "adap-org": "nlin.AO",
        "alg-geom": "math.AG",
        "ao-sci": "physics.ao-ph",
        "atom-ph": "physics.atom-ph",
        "bayes-an": "physics.data-an",
        "chao-dyn": "nlin.CD",
        "chem-ph": "physics.chem-ph",
        "cmp-lg": "cs.CL",
        "comp-gas": "nlin.CG",
        "dg-ga": "math.DG",
        "funct-an": "math.FA",
        "mtrl-th": "cond-mat.mtrl-sci",
        "patt-sol": "nlin.PS",
        "plasm-ph": "physics.plasm-ph",
        "q-alg": "math.QA",
        "solv-int": "nlin.SI",
        "supr-con": "cond-mat.supr-con",
    }
)


@cache
def names() -> Mapping[str, str]:
    """Category to name, in arXiv's own order: `cs.LG` to `Machine Learning`."""
    text = files("triage").joinpath("categories.csv").read_text(encoding="utf-8")
    return MappingProxyType({row["category"]: row["name"] for row in csv.DictReader(text.splitlines())})


@cache
def archives() -> frozenset[str]:
    """The whole archives, such as `cs` and `hep-th`, which arXiv's feed takes in place of a category."""
    return frozenset(category.partition(".")[0] for category in names())


@cache
def _spellings() -> Mapping[str, str]:
    """Every accepted identifier in small letters, to the identifier as arXiv writes it, aliases resolved."""
    known = {identifier.lower(): identifier for identifier in (*archives(), *names())}
    return MappingProxyType(known | {old.lower(): new for old, new in ALIASES.items()})


def canonical(category: str) -> str:
    """Normalise for comparison: letter case as arXiv writes it, an alias (`cs.SY`) as its target (`eess.SY`).

    What the taxonomy lacks, such as the MSC codes in old records, comes back unchanged but for outer blanks.
    """
    bare = category.strip()
    return _spellings().get(bare.lower(), bare)


def nearest(text: str) -> str | None:
    """Guess which category was meant, from a misspelt identifier or from a category's name; None without a guess."""
    wanted = " ".join(text.lower().split())
    by_name = {name.lower(): category for category, name in reversed(list(names().items()))}
    for known in (_spellings(), by_name):
        # Seven tenths alike: one wrong letter in the five of `cs.LG` passes, another field's category does not.
        if found := get_close_matches(wanted, known, n=1, cutoff=0.7):
            return canonical(known[found[0]])
    return None


def check(category: str) -> str:
    """Return the canonical form of a category or a whole archive.

    Raises:
        InvalidInput: arXiv has no such category; the message names the nearest one.
    """
    found = canonical(category)
    if found in names() or found in archives():
        return found
    shown = category.strip()[:40]
    guess = nearest(shown)
    hint = f"did you mean {guess}?" if guess else "see https://arxiv.org/category_taxonomy"
    raise InvalidInput(f"unknown category {shown if shown.isprintable() and shown else repr(shown)}: {hint}")


def suited(text: str, most: int) -> list[str]:
    """The categories whose names share most with a text, the best first: by whole words, then by their beginnings."""
    said = set(re.findall(r"[a-z]{4,}", text.lower()))
    found = []
    for category, name in names().items():
        words = set(re.findall(r"[a-z]{4,}", name.lower()))
        begun = {word for word in words - said if any(word[:6] == one[:6] for one in said if len(one) > 5)}
        if score := len(words & said) + 0.5 * len(begun):
            found.append((-score / len(words) ** 0.5, category))
    return [category for _, category in sorted(found)[:most]]
