"""Foreign text without what could harm a terminal, a mail or a log."""

from __future__ import annotations

import re
import unicodedata

_MARKS_PER_BASE = 3
"""Combining marks kept on one character: the most that a living orthography needs after NFC (pointed Hebrew)."""

# Only short or clearly addressed C1 forms are taken as sequences: mis-decoded Windows quotes (U+0093, U+009D) must not
# swallow the words between them. An unterminated string loses its introducer only, its payload becomes plain text.
_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]"
    r"|\x1b[\]PX^_][^\x07\x1b\x9c\n]{0,4096}(?:\x07|\x1b\\|\x9c)"
    r"|\x9d\d+;[^\x07\x1b\x9c\n]{0,4096}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
# Number signs and the like: of category Cf, but drawn.
_VISIBLE_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
_HIDDEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0") | {
    chr(code)
    for start, end in ((0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
    for code in range(start, end + 1)
}
_BLANK_LOOKING = frozenset("\u2800")


def clean(text: str) -> str:
    r"""Make foreign text safe for a terminal, a mail or a log, without losing a word.

    Escape sequences, control characters, bidi overrides and isolates, zero-width characters, variation selectors and
    tags go; at most three combining marks stay on a character; lone surrogates and private characters become U+FFFD;
    any white space, line ends included, becomes a single blank. The result is NFC; cleaning it again changes nothing.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    spaced = " ".join(_SEQUENCES.sub("", text).split())
    kept = unicodedata.normalize("NFC", "".join(map(_safe, spaced)))
    return " ".join(unicodedata.normalize("NFC", _without_piles(kept)).split())


def _safe(character: str) -> str:
    if " " <= character <= "~":
        return character
    category = unicodedata.category(character)
    if category in ("Cs", "Co"):
        return "\ufffd"
    if category == "Cf" and character not in _VISIBLE_FORMATS:
        return ""
    if category in ("Zs", "Zl", "Zp") or character in _BLANK_LOOKING:
        return " "
    noncharacter = 0xFDD0 <= ord(character) <= 0xFDEF or ord(character) & 0xFFFE == 0xFFFE
    return "" if category == "Cc" or noncharacter or character in _HIDDEN else character


def _without_piles(text: str) -> str:
    """Limit the combining marks on each character, and drop those with no character to stand on."""
    if text.isascii():
        return text
    kept: list[str] = []
    marks = _MARKS_PER_BASE
    for character in text:
        if unicodedata.category(character) not in ("Mn", "Me"):
            marks = _MARKS_PER_BASE if character == " " else 0
        elif marks >= _MARKS_PER_BASE:
            continue
        else:
            marks += 1
        kept.append(character)
    return "".join(kept)
