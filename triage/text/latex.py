"""Foreign text as LaTeX that compiles: maths stays maths, everything else is escaped, no foreign command survives."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from triage.text.safe import clean
from triage.text.tables import MATHS_ACCENTS, OWN_SYMBOLS, symbols
from triage.text.tex import Tex, looks_like_tex

if TYPE_CHECKING:
    from pylatexenc.latexencode import UnicodeToLatexEncoder

_TYPESET = str.maketrans({"–": "--", "—": "---", "“": "``", "”": "''", "‘": "`", "’": "'"})
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_SIGNS = re.compile(r"\\[,;:!>| {}\\]")
_FORBIDDEN = frozenset("\\$%#&~")
_SPANS = range(0xE000, 0xF8FF)
"""Private characters, which `clean` leaves in no text: each stands for one span of maths."""

_STAND_IN = re.compile("([\ue000-\uf8fe])")

_STRUCTURE = (
    "frac dfrac tfrac sqrt mathbb mathrm mathbf mathit mathsf mathtt mathcal mathfrak mathscr boldsymbol operatorname "
    "text overline widehat widetilde left right big Big bigg Bigg log ln exp sin cos tan cot sec csc sinh cosh tanh "
    "arcsin arccos arctan max min sup inf lim limsup liminf arg det dim ker deg gcd hom Pr bmod quad qquad top ldots"
)


def latex(text: str) -> str:
    r"""Write foreign text as LaTeX: `50% of $\alpha$` becomes `50{\%} of $\alpha$`.

    Spans of maths stay as they were written where every command in them is a known symbol or part of a formula; any
    other command is read as `triage.text.readable` reads it. Braces in the result are balanced, so that it can stand
    between braces in a BibTeX field.
    """
    safe = clean(text)
    if not looks_like_tex(safe):
        return _encoded(safe)
    tex = _KeepingMaths(safe)
    pieces = _STAND_IN.split(tex.read())
    shown = (tex.formula(piece) if place % 2 else _encoded(_cleaned(piece)) for place, piece in enumerate(pieces))
    return " ".join("".join(shown).split())


class _KeepingMaths(Tex):
    """Reads text as `readable` does, and puts a stand-in for every span of maths that is safe to keep."""

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.kept: list[str] = []

    def _maths(self, start: int, close: int, depth: int) -> str:
        source = self.source[start:close].strip()
        if depth or not _is_safe(source) or len(self.kept) >= len(_SPANS):
            return super()._maths(start, close, depth)
        self.kept.append(source)
        return chr(_SPANS[len(self.kept) - 1])

    def formula(self, stand_in: str) -> str:
        """The formula that a stand-in stands for; one that the text made up by a code point stands for nothing."""
        place = ord(stand_in) - _SPANS.start
        return f"${self.kept[place]}$" if place < len(self.kept) else "\ufffd"


def _cleaned(piece: str) -> str:
    """Clean a piece between two formulas; the blanks at its ends are the formulas' neighbours and stay."""
    return (" " if piece[:1] == " " else "") + clean(piece) + (" " if piece[-1:] == " " else "")


def _is_safe(source: str) -> bool:
    """Whether a formula holds nothing but known commands and balanced braces."""
    if not source or not all(name in _known() for name in _COMMAND.findall(source)):
        return False
    rest = _SIGNS.sub("", _COMMAND.sub("", source))
    return _FORBIDDEN.isdisjoint(rest) and source.isascii() and _balanced(source)


def _balanced(source: str) -> bool:
    """Whether braces are paired; escaped ones count too, as they do for BibTeX."""
    depth = 0
    for character in source:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return depth == 0


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    """Commands that plain LaTeX with amssymb has: symbols, accents and the parts of a formula."""
    return (frozenset(symbols()) - frozenset(OWN_SYMBOLS)) | frozenset(MATHS_ACCENTS) | frozenset(_STRUCTURE.split())


def _encoded(text: str) -> str:
    """Escape what TeX would read as a command, and write accents and symbols as commands."""
    encoded: str = _encoder().unicode_to_latex(text.translate(_TYPESET))
    return encoded.replace(r"{\{}", r"{\textbraceleft}").replace(r"{\}}", r"{\textbraceright}")


@lru_cache(maxsize=1)
def _encoder() -> UnicodeToLatexEncoder:
    from pylatexenc.latexencode import UnicodeToLatexEncoder

    return UnicodeToLatexEncoder(
        replacement_latex_protection="braces-all", unknown_char_policy="keep", unknown_char_warning=False
    )
