"""References: identifiers out of texts, BibTeX, RIS and CSL-JSON, and the entries that name none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.errors import InvalidInput
from triage.references import Reference, find_identifiers, guess_format, missing, read_references

BIB = """\
@comment{made by hand}
@misc{kwon, title = {Efficient {M}emory Management}, eprint = {2309.06180v1}, archivePrefix = {arXiv}}
@article{doi, title = "By its {DOI}", doi = "10.48550/arXiv.2210.17323"}
@article{journal, title = {In the journal}, journal = {arXiv preprint arXiv:1706.03762}}
@article{old, title = {An old one}, eprint = {hep-th/9901001}}
@article{other, title = {Of another archive}, eprint = {2101.00001}, archivePrefix = {bioRxiv}}
@article{nature, title = {Not there}, doi = {10.1038/nature.2011.12345}, url = {https://doi.org/10.1145/3580305.3599}}
@misc{kwon, title = {The same key again}, url = {https://arxiv.org/abs/2211.17192}}
@misc{broken, title = {Never closed, eprint = {2302.04761}
"""

RIS = """\
TY  - JOUR
TI  - By link
UR  - https://arxiv.org/abs/2309.06180
ER  -
TY  - GEN
T1  - By DOI
DO  - 10.48550/ARXIV.2210.17323
ER  -
TY  - BOOK
TI  - A book
SP  - 1012
"""


def test_a_text_gives_its_identifiers_once_and_in_order() -> None:
    text = (
        "see 2309.06180v2, arXiv:2210.17323 [cs.LG] and https://arxiv.org/pdf/math.GT/0309136v1.pdf; "
        "again http://arxiv.org/abs/2309.06180. Old: hep-th/9901001; https://arxiv.org/abs/1706.03762?context=cs"
    )
    ids = ["2309.06180", "2210.17323", "math/0309136", "hep-th/9901001", "1706.03762"]
    assert find_identifiers(text) == ids
    assert read_references(text) == [Reference(one, one) for one in ids]


@pytest.mark.parametrize(
    "text",
    [
        "10.1038/nature.2011.12345",
        "3580305.3599",
        "1999.00001",
        "12309.06180",
        "2309.061801",
        "and/or/0309136",
        "a-b/9901001",
    ],
)
def test_numbers_that_only_look_alike_are_left_alone(text: str) -> None:
    assert find_identifiers(text) == []


def test_bibtex_is_read_entry_by_entry() -> None:
    found = read_references(BIB)
    assert [one.id for one in found if one.id] == [
        "2309.06180",
        "2210.17323",
        "1706.03762",
        "hep-th/9901001",
        "2211.17192",
        "2302.04761",
    ]
    assert found[0].title == "Efficient Memory Management"
    assert missing(found) == ["Of another archive", "Not there"]


def test_ris_is_read_entry_by_entry() -> None:
    assert read_references(RIS) == [
        Reference("By link", "2309.06180"),
        Reference("By DOI", "2210.17323"),
        Reference("A book"),
    ]


def test_csl_json_is_read_as_zotero_writes_it() -> None:
    items = [
        {"id": "a", "title": "With a number", "number": "arXiv:2309.06180", "DOI": "10.48550/arXiv.2309.06180"},
        {"id": "b", "title": "With a note", "note": "arXiv:2210.17323 [cs]"},
        {"id": "c", "title": "Nothing"},
    ]
    for told in (items, {"items": items}):
        found = read_references(json.dumps(told))
        assert [one.id for one in found] == ["2309.06180", "2210.17323", ""]
    with pytest.raises(InvalidInput, match="no CSL-JSON"):
        read_references("[{", "csl-json")


@pytest.mark.parametrize(
    ("text", "kind"),
    [(BIB, "bibtex"), (RIS, "ris"), ("[]", "csl-json"), ("[2309.06180] is good", "text"), ("", "text")],
)
def test_the_format_is_guessed(text: str, kind: str) -> None:
    assert guess_format("\ufeff" + text) == kind


@given(st.text(), st.sampled_from(["bibtex", "ris", "text", None]))
def test_any_text_is_read_without_a_fault(text: str, kind: str | None) -> None:
    for one in read_references(text, kind):  # type: ignore[arg-type]
        assert one.title or one.id
