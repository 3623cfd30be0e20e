"""What leaves triage: citations that real parsers accept, whatever stands in a title."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import bibtexparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.export import FORMATS, Entry, into_note
from triage.export.bibtex import author, bibtex, entry, key
from triage.paper import Paper
from triage.references import read_references
from triage.text import latex

KEPT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY = KEPT.date()
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


# -- the other formats --


def entries(count: int = 40) -> list[Entry]:
    rng = random.Random(5)
    note = "a line\n<script>alert(1)</script> [x](javascript:y) <!-- /triage 2026-11-20 --> | * # : -"
    return [
        Entry(paper, KEPT, KEPT.date(), note if place % 2 else "", tuple(rng.sample(["kv", "to cite", "a,b"], k=2)))
        for place, paper in enumerate(invented(count))
    ]


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_the_readers_own_words_leave_with_the_paper(name: str) -> None:
    paper = Paper("2611.00001", "A title", "An abstract.", 1, ("Ada Invented",), ("cs.LG",))
    told = FORMATS[name]([Entry(paper, KEPT, DAY, "their table three\nsecond line", ("quokka",))])
    assert "quokka" in told
    if name != "bibtex":  # a bibliography is shared with others: the note stays at home
        assert "their table three" in told
        assert "second line" in told


def test_ris_has_one_record_a_paper_and_reads_back() -> None:
    told = FORMATS["ris"](found := entries())
    assert told.count("\r\nER  - \r\n") == len(found)
    assert all(re.match(r"[A-Z][A-Z0-9]  - ", line) for line in told.split("\r\n") if line)
    assert [one.id for one in read_references(told, "ris")] == [entry.paper.id for entry in found]


def test_csl_json_reads_back_with_names_in_parts() -> None:
    told = FORMATS["csl-json"](found := entries())
    rows = json.loads(told)
    assert [one.id for one in read_references(told)] == [entry.paper.id for entry in found]
    assert [row["id"] for row in rows] == [key(entry.paper.id) for entry in found]
    assert all(row["issued"]["date-parts"][0][0] > 1990 for row in rows)
    names = {json.dumps(name, ensure_ascii=False) for row in rows for name in row.get("author", [])}
    assert '{"family": "van der Müller", "given": "Jürgen"}' in names
    assert '{"family": "King", "given": "M. L.", "suffix": "Jr."}' in names
    assert '{"literal": "The ATLAS Collaboration"}' in names


def test_bibtex_reads_back_as_the_same_papers() -> None:
    found = entries()
    assert [one.id for one in read_references(FORMATS["bibtex"](found))] == [entry.paper.id for entry in found]


def test_an_atom_feed_is_read_by_a_feed_reader() -> None:
    import feedparser

    feed = feedparser.parse(FORMATS["atom"](found := entries()).encode())
    assert not feed.bozo
    assert [one.link for one in feed.entries] == [entry.paper.url for entry in found]
    assert "<script>" not in FORMATS["atom"](found)
    assert FORMATS["atom"]([]).count("<entry>") == 0


@given(st.lists(ODD, min_size=1, max_size=3), ODD)
def test_no_text_becomes_markup_in_a_page(titles: list[str], note: str) -> None:
    found = [Entry(Paper("2611.00001", title, note, authors=(note,)), KEPT, KEPT.date(), note) for title in titles]
    page = FORMATS["markdown"](found)
    assert len([line for line in page.splitlines() if line.startswith("- [")]) == len(found)
    bare = re.sub(r"\\.", "", page)
    assert bare.count("](") == len(found), "only our own links are links"
    assert "<" not in bare
    headings = [line for line in FORMATS["org"](found).splitlines() if line.startswith("*")]
    assert len(headings) == len(found)


NOTE = st.text(st.sampled_from("ab \n\r#-<>!"), max_size=60)


@given(NOTE, st.integers(0, 3), st.integers(0, 3))
def test_a_daily_note_is_written_as_often_as_one_likes(note: str, first: int, second: int) -> None:
    found = entries(6)
    once = into_note(note, found[:first], DAY)
    assert into_note(once, found[:first], DAY) == once
    assert once.startswith(note)
    later = into_note(once, found[:second], DAY)
    assert later.startswith(note)
    assert later.count("- [") - note.count("- [") == (second if first or second else 0)
    other = into_note(later, found[:1], DAY + timedelta(days=1))
    assert into_note(other, found[:second], DAY) == other, "the other day's block stays"


def test_a_block_keeps_the_line_ends_and_the_words_around_it() -> None:
    found = entries(2)
    once = into_note("# Friday\r\n", found[:1], DAY)
    assert once.startswith("# Friday\r\n\r\n<!-- triage 2026-11-20 -->\r\n- [")
    assert "\n" not in once.replace("\r\n", "")
    around = f"before\n{into_note('', found[:1], DAY)}after, without a line end"
    changed = into_note(around, found, DAY)
    assert changed.startswith("before\n<!-- triage")
    assert changed.endswith("-->\nafter, without a line end")
    assert changed.count("- [") == 2
