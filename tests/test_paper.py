"""Identifiers, versions and page counts as arXiv writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.errors import InvalidInput
from triage.paper import page_count, split_identifier

MONTHS = st.integers(1, 12).map("{:02d}".format)
NEW = st.builds("{:02d}{}.{:05d}".format, st.integers(15, 99), MONTHS, st.integers(0, 99999))
OLD = st.builds(
    "{}/{:02d}{}{:03d}".format,
    st.sampled_from(["hep-th", "math", "cs"]),
    st.integers(0, 99),
    MONTHS,
    st.integers(0, 999),
)
PREFIXES = [
    "",
    "arXiv:",
    "oai:arXiv.org:",
    "https://arxiv.org/abs/",
    "http://arxiv.org/pdf/",
    "https://www.arxiv.org/html/",
]


@given(st.one_of(NEW, OLD), st.one_of(st.none(), st.integers(1, 99)), st.sampled_from(PREFIXES))
def test_an_identifier_is_read_from_all_its_forms(identifier: str, version: int | None, prefix: str) -> None:
    written = f"{prefix}{identifier}" + (f"v{version}" if version else "")
    assert split_identifier(written) == (identifier, version)


@given(st.text(max_size=40))
def test_any_text_is_an_identifier_or_refused(text: str) -> None:
    try:
        identifier, version = split_identifier(text)
    except InvalidInput:
        return
    assert split_identifier(identifier) == (identifier, None)
    assert version is None or version >= 1


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("math.GT/0309136v2", ("math/0309136", 2)),
        ("https://arxiv.org/pdf/2611.09812v3.pdf", ("2611.09812", 3)),
        ("https://arxiv.org/abs/2611.09812?context=cs#top", ("2611.09812", None)),
        ("  arxiv:0704.0001 ", ("0704.0001", None)),
    ],
)
def test_links_and_classes(written: str, expected: tuple[str, int | None]) -> None:
    assert split_identifier(written) == expected


@pytest.mark.parametrize(
    "written", ["2613.00001", "2600.00001", "2611.123", "2611.09812v0", "hep-th/9913001", "cs.LG", ""]
)
def test_what_only_resembles_an_identifier_is_refused(written: str) -> None:
    with pytest.raises(InvalidInput):
        split_identifier(written)


@pytest.mark.parametrize(
    ("comment", "pages"),
    [
        ("12 pages, 5 figures", 12),
        ("8 pages + 4 pages appendix", 8),
        ("11pages", 11),
        ("Version 6. 58 pages.", 58),
        ("5 pp.", 5),
        ("3 figures, 2 tables", None),
        ("accepted in 2026", None),
        ("0 pages", None),
        (None, None),
    ],
)
def test_pages_are_read_from_the_comment(comment: str | None, pages: int | None) -> None:
    assert page_count(comment) == pages
