"""What leaves triage: citations that real parsers accept, whatever stands in a title."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import bibtexparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.export.bibtex import author, bibtex, entry, key
from triage.paper import Paper
from triage.text import latex

ODD = st.text(st.sampled_from("aB \\{}$%&#_^~\"'`@=,äß漢²\n-"), max_size=40)
PIECES = (
    *(
        "Attention",
        "for",
        "the",
        "$\\mathcal{O}(n^2)$",
        "50% of",
        "R&D",
        "C#",
        "snake_case",
        "{KV}",
        "$\\alpha$-stable",
    ),
    *(
        "M\\\"uller's",
        "Erdős–Rényi",
        "\\emph{fast}",
        "\\input{x}",
        "“quoted”",
        "$5 to $10",
        "x^2",
        "~ 3",
        "@home",
        "漢字",
    ),
)
NAMES = (
    *("Ada Lovelace", "Jürgen van der Müller", "M. L. King, Jr.", "The ATLAS Collaboration", "Nguyễn Văn A"),
    *("Đorđe Petrović", "O'Neill and sons", "Ludwig {von} B", "et al.", "J. \\'Alvarez", "Xu"),
)


def invented(count: int) -> list[Paper]:
    """Papers with the shapes of arXiv's own metadata: accents, TeX, groups, old identifiers, several DOIs."""
    rng = random.Random(8)
    old = ("hep-th/99", "math/03", "astro-ph/06")
    return [
        Paper(
            f"{rng.choice(old)}{rng.randint(1, 12):02}{n % 1000:03}" if n % 10 == 0 else f"25{n % 12 + 1:02}.{n:05}",
            " ".join(rng.choices(PIECES, k=rng.randint(1, 12))),
            " ".join(rng.choices(PIECES, k=30)),
            version=rng.randint(1, 4),
            authors=tuple(rng.choices(NAMES, k=rng.randint(0, 6))),
            categories=tuple(rng.sample(["cs.LG", "math.PR", "hep-th", "eess.SP"], k=2)),
            submitted=datetime(2025, 3, 2, tzinfo=UTC) if n % 3 else None,
            doi=rng.choice([None, "10.1000/xyz_1", "10.1103/PhysRevD.1(2)3 10.1103/PhysRevD.4"]),
            journal_ref=rng.choice([None, "Phys. Rev. D 5 & 6 {1999}"]),
        )
        for n in range(1, count + 1)
    ]


def parsed(text: str) -> dict[str, dict[str, str]]:
    library = bibtexparser.parse_string(text)
    assert library.failed_blocks == []
    return {one.key: {field.key: field.value for field in one.fields} for one in library.entries}


def test_a_thousand_papers_parse_with_no_entry_lost() -> None:
    papers = list({paper.id: paper for paper in invented(1000)}.values())
    found = parsed(bibtex(papers, {papers[0].id: ("kv cache", "to read")}))
    assert list(found) == [key(paper.id) for paper in papers]
    for paper in papers:
        told = found[key(paper.id)]
        assert (told["eprint"], told["archivePrefix"]) == (paper.id, "arXiv")
        assert told["primaryClass"] == paper.categories[0]
        assert len(re.split(r" and (?![^{]*\})", told["author"])) == len(paper.authors) if paper.authors else True
    assert found[key(papers[0].id)]["keywords"] == "kv cache, to read"


def test_the_reading_lists_parse_with_no_entry_lost(shared: Path) -> None:
    with gzip.open(shared / "bench" / "papers.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for _, line in zip(range(1000), lines, strict=False)]
    papers = [Paper(row["id"], row["title"], row["abstract"], authors=tuple(row.get("authors") or ())) for row in rows]
    found = parsed(bibtex(papers))
    assert [found[key(paper.id)]["eprint"] for paper in papers] == [paper.id for paper in papers]


@given(title=ODD, names=st.lists(ODD, max_size=3), note=ODD, words=st.lists(ODD, max_size=2))
def test_no_text_can_break_out_of_its_field(title: str, names: list[str], note: str, words: Sequence[str]) -> None:
    paper = Paper("2611.00001", title, "a", authors=tuple(names), categories=("cs.LG",), journal_ref=note)
    after = Paper("2611.00002", "next", "a", categories=("cs.LG",))
    found = parsed(entry(paper, words) + "\n" + entry(after))
    assert list(found) == [key("2611.00001"), key("2611.00002")]
    assert found[key("2611.00001")]["url"] == paper.url


@given(ODD)
def test_latex_is_balanced_and_lets_no_foreign_command_through(text: str) -> None:
    written = latex(text + " \\input{secret} $\\write18{x}$")
    depth = 0
    for sign in written:
        depth += (sign == "{") - (sign == "}")
        assert depth >= 0
    assert depth == 0
    assert "\\input" not in written
    assert "\\write" not in written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("50% of $\\alpha$ & $\\mathcal{O}(n^2)$", "50{\\%} of $\\alpha$ {\\&} $\\mathcal{O}(n^2)$"),
        ('M\\"uller and Erdős', 'M{\\"u}ller and Erd{\\H{o}}s'),
        ("$5 to $10 for snake_case", "{\\$}5 to {\\$}10 for snake{\\_}case"),
        ("} lone {", "{\\textbraceright} lone {\\textbraceleft}"),
        ("a – b “q”", "a -- b ``q''"),
    ],
)
def test_latex_keeps_maths_and_escapes_the_rest(text: str, written: str) -> None:
    assert latex(text) == written


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Martin Luther King, Jr.", "King, Jr., Martin Luther"),
        ("Jürgen van der Müller", 'J{\\"u}rgen van der M{\\"u}ller'),
        ("The ATLAS Collaboration", "{The ATLAS Collaboration}"),
        ("C. Nash and D. Who", "{C. Nash and D. Who}"),
    ],
)
def test_names_are_parted_as_bibtex_parts_them(name: str, written: str) -> None:
    assert author(name) == written


def test_a_key_stays_when_title_names_and_version_change() -> None:
    paper = Paper("2611.09812", "One title", "a", authors=("A. B",), categories=("cs.LG",))
    later = replace(paper, title="Another", authors=("C. D", "A. B"), version=4)
    assert entry(paper).splitlines()[0] == entry(later).splitlines()[0] == "@misc{arXiv:2611.09812,"
