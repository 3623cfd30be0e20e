"""A profile's file as a person likes to read it: a new one with its comments, and seeds added to an old one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from triage import taxonomy

SCHEMA_FILE = "profile.schema.json"
"""The JSON Schema beside the profiles; the first line of a profile names it, so that editors complete."""

_LINE = 100
_SMALL = frozenset(
    {"a", "an", "and", "are", "as", "at", "by", "for", "from", "how", "in", "of", "on", "the", "to", "with"}
)


def schema() -> str:
    """The JSON Schema of a profile."""
    return files("triage.profile").joinpath(SCHEMA_FILE).read_text(encoding="utf-8")


def slug(text: str) -> str:
    """A file name from the first words that say anything: "kv-cache-language"."""
    found = [word for word in re.findall(r"[a-z0-9]+", text.lower()) if word not in _SMALL]
    return "-".join(found[:3])[:40].strip("-") or "mine"


def render(
    name: str, statement: str, categories: Sequence[str], *, minutes: float, seeds: Mapping[str, str] | None = None
) -> str:
    """The text of a new profile, with comments that say what else there is; `seeds` gives each identifier its title."""
    listed = "".join(f'    "{one}",{_remark(title)}\n' for one, title in (seeds or {}).items())
    told = f"seeds = [\n{listed}]" if listed else '# seeds = [\n#     "YYMM.NNNNN",  # its title\n# ]'
    names = taxonomy.names()
    meaning = "; ".join(f"{one} is {names[one]}" for one in categories if one in names)
    return f"""#:schema ./{SCHEMA_FILE}
# One narrow focus. triage profile edit opens this file and shows what a change does before it is taken.

name = {_quoted(name)}

# Two or three sentences, as you would tell a colleague what to look out for. Narrow beats complete.
statement = {_quoted(statement)}

# The listings to read: {meaning}.
categories = [{", ".join(_quoted(one) for one in categories)}]

# Papers you would have been sorry to miss. Three to five say more than any list of words:
# triage profile seed 2309.06180, or a .bib file, or --kept.
{told}

# Papers that look alike and are not wanted, and people whose papers you always want to see.
# avoid_seeds = ["YYMM.NNNNN"]
# authors = ["Jane Example"]

# Words or phrases that lift a paper, and such that keep it off.
[terms]
boost = []
avoid = []

# Minutes of an ordinary day; single weekdays override it: mon = 10, sat = 0.
[budget]
minutes = {minutes:g}

# Fewer papers than the minutes would hold, and the chance of being worth reading from which one is shown.
# [shortlist]
# max_items = 8
# threshold = 0.07
"""


def add_seeds(text: str, seeds: Mapping[str, str], *, key: str = "seeds") -> str:
    """The profile's text with more seeds, each with its title behind it; everything else stays as it stands.

    `key` is "seeds" or "avoid_seeds"; `seeds` gives each identifier its title.
    """
    import tomlkit
    from tomlkit.items import Array

    document = tomlkit.parse(text)
    if key not in document:
        return _with_list(document, key, seeds)
    array = document[key]
    if not isinstance(array, Array):
        raise TypeError(f"{key} is no list")
    for one, title in seeds.items():
        array.add_line(one, comment=_title(title) or None, indent="    ")
    whole = tomlkit.dumps(document)
    for one in seeds:
        whole = whole.replace(f'"{one}", #', f'"{one}",  #')  # two blanks, as everywhere else in a profile
    return _closed(whole, key)


def _closed(text: str, key: str) -> str:
    """The list's bracket on the line below its last entry, however often lines were added to it."""
    from triage.spans import scan

    span = scan(text).values[(key,)]
    end = "\r\n" if "\r\n" in text else "\n"
    return f"{text[: span.end - 1].rstrip()}{end}]{text[span.end :]}"


def _with_list(document: Any, key: str, seeds: Mapping[str, str]) -> str:
    """Put a new list before the first section, where the keys of the profile itself belong."""
    import tomlkit

    whole = tomlkit.dumps(document)
    listed = "".join(f'    "{one}",{_remark(title)}\n' for one, title in seeds.items())
    told = f"{key} = [\n{listed}]\n"
    section = re.search(r"^(?:[ \t]*#[^\n]*\n)*[ \t]*\[", whole[_after_keys(whole) :], re.MULTILINE)
    if section is None:
        return f"{whole.rstrip()}\n\n{told}" if whole.strip() else told
    at = _after_keys(whole) + section.start()
    return f"{whole[:at].rstrip()}\n\n{told}\n{whole[at:]}"


def _after_keys(text: str) -> int:
    """Where the last value above the first section ends."""
    from triage.spans import scan

    spans = scan(text)
    sections = [spans.keys[where].start for where in spans.keys if len(where) == 1 and where not in spans.values]
    first = min(sections, default=len(text))
    return max((span.end for span in spans.values.values() if span.end <= first), default=0)


def _remark(title: str) -> str:
    return f"  # {_title(title)}" if _title(title) else ""


def _title(title: str) -> str:
    """A foreign title as a comment of one short line."""
    from triage.text import readable, shorten

    return shorten(" ".join(readable(title).split()), _LINE)


def _quoted(text: str) -> str:
    """A basic string of TOML, which JSON's is too but for the delete character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
