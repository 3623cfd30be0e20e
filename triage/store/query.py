"""A reader's search words as an FTS5 expression: fields, phrases, prefixes; no text can be a syntax error."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from triage.text import clean

_TOKEN = re.compile(r'(?P<no>-)?(?:(?P<field>[A-Za-z]+):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')
_COLUMNS = {"title": "title", "abstract": "abstract", "author": "authors", "authors": "authors", "au": "authors"}
_COLUMNS |= {"ti": "title", "abs": "abstract"}
_FILTERS = {"cat": "category", "category": "category", "tag": "tag", "note": "note", "id": "id"}
_MOST_TERMS = 64
"""Words of a query that are looked at: FTS5 parses no expression of any length, and no reader types one."""
_STOP_WORDS = frozenset(
    {"a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "is", "it", "of", "on", "or", "that", "the"}
    | {"this", "to", "we", "which", "with"}
)
"""Words of nearly every abstract: they part no paper from another, and reading through them takes longest."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: expressions for FTS5 ("" for none), and conditions of their own.

    `text` is for papers, `free` for notes: it is None where the words name a column that notes do not have. `without`
    is what must not match. `filters` are (kind, value, wanted) with the kinds "category", "tag", "note" and "id".
    """

    text: str
    free: str | None
    without: str
    filters: tuple[tuple[str, str, bool], ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing is asked for."""
        return not (self.text or self.without or self.filters)


def parse(text: str) -> Query:
    """Read search words; every string is a query, though perhaps one for nothing.

    Words are all wanted, but for a bare "the", "of" and the like beside others; `OR` between two wants either; `"…"` is
    a phrase, `word*` a beginning, `-word` is not wanted. `title:`, `abstract:` and `author:` look there alone; `cat:`,
    `tag:`, `note:` and `id:` narrow what was found.
    """
    wanted: list[list[str]] = []
    without: list[str] = []
    exact: set[str] = set()
    filters: list[tuple[str, str, bool]] = []
    in_columns = either = False
    for token in list(_TOKEN.finditer(clean(text)))[:_MOST_TERMS]:
        if token[0] in ("OR", "AND"):
            either = token[0] == "OR" and bool(wanted)
            continue
        field = (token["field"] or "").lower()
        if field in _FILTERS:
            filters.append((_FILTERS[field], (token["phrase"] or token["word"] or "").strip(), not token["no"]))
        elif term := _term(token, _COLUMNS.get(field, "")):
            in_columns = in_columns or (field in _COLUMNS and not token["no"])
            exact |= {term} if token["phrase"] else set()
            _place(term, wanted, without, negated=bool(token["no"]), either=either)
        either = False
    asked = " AND ".join(_any(group) for group in _telling(wanted, exact))
    return Query(asked, None if in_columns else asked, " OR ".join(without), tuple(filters))


def _place(term: str, wanted: list[list[str]], without: list[str], *, negated: bool, either: bool) -> None:
    if negated:
        without.append(term)
    elif either:
        wanted[-1].append(term)
    else:
        wanted.append([term])


def _telling(wanted: list[list[str]], exact: set[str]) -> list[list[str]]:
    """The terms without bare stop words, unless nothing else is wanted; what stands in quotes is meant."""
    bare = [f'"{word}"' for word in _STOP_WORDS]
    return [group for group in wanted if len(group) > 1 or group[0] in exact or group[0].lower() not in bare] or wanted


def _any(group: Iterable[str]) -> str:
    return f"({' OR '.join(group)})"


def _term(token: re.Match[str], column: str) -> str:
    """One quoted term of FTS5; "" where it holds no letter and no digit."""
    unknown = f"{token['field']}:" if token["field"] and not column else ""
    words = unknown + (token["word"] if token["phrase"] is None else token["phrase"])
    if not any(character.isalnum() for character in words):
        return ""
    prefix = "*" if token["word"] and words.endswith("*") else ""
    quoted = f'"{words.replace(chr(34), "")}"{prefix}'
    return f"{column} : {quoted}" if column else quoted
