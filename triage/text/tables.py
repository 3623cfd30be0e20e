"""What TeX commands stand for: sets of names, accents, symbols, raised and lowered characters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


PASSED = _names(
    "text textrm textbf textit texttt textsf textsc textsl textup textmd textnormal textsuperscript textsubscript emph "
    "underline uline mbox hbox fbox mathrm mathbf mathit mathsf mathtt mathcal mathfrak mathscr mathnormal boldsymbol "
    "bm bf it rm tt sf sc em cal operatorname mathop mathrel mathbin mathord ensuremath overline widehat widetilde "
    "overrightarrow overbrace underbrace xspace uppercase lowercase centerline url title section subsection paragraph "
    "textquote enquote pmb mathds mathbbm mathinner smash"
)
PROSE_INSIDE = _names("text textrm textbf textit texttt textsf textsc textnormal emph mbox hbox fbox url enquote")
DROPPED = _names(
    "left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr limits nolimits displaystyle "
    "textstyle scriptstyle scriptscriptstyle bfseries itshape ttfamily rmfamily sffamily scshape mdseries upshape "
    "normalfont large Large LARGE huge Huge "
    "small footnotesize scriptsize tiny normalsize noindent protect centering nonumber allowbreak "
    "relax null hfill vfill"
)
FUNCTIONS = _names(
    "log ln lg exp sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan max min sup inf lim limsup liminf "
    "arg argmax argmin det dim ker deg gcd hom Pr mod bmod poly polylog tr rank diag sign softmax"
)
BLANKS = _names("quad qquad enspace thinspace space newline linebreak par smallskip medskip bigskip")
NOTES = {
    "cite": "[{}]",
    "citep": "[{}]",
    "citet": "[{}]",
    "ref": "[{}]",
    "eqref": "({})",
    "label": "[{}]",
    "footnote": " ({})",
}
FRACTIONS = _names("frac dfrac tfrac nicefrac sfrac")
OWN_SYMBOLS = {"S": "§", "P": "¶", "LaTeX": "LaTeX", "TeX": "TeX", "BibTeX": "BibTeX", "item": "•", "sim": "~"}
OWN_SYMBOLS |= {"textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^", "textdollar": "$", "prime": "′"}
OWN_SYMBOLS |= {"top": "⊤", "ldots": "…", "dots": "…", "lvert": "|", "rvert": "|", "lVert": "‖", "rVert": "‖"}
OWN_SYMBOLS |= {"deg": "°", "degree": "°", "eg": "e.g.", "ie": "i.e.", "etal": "et al.", "vs": "vs."}  # authors' habits
ACCENTS = dict(zip("'`^\"~=.", "\u0301\u0300\u0302\u0308\u0303\u0304\u0307", strict=True))
NAMED_ACCENTS = {
    "c": "\u0327",
    "v": "\u030c",
    "H": "\u030b",
    "u": "\u0306",
    "k": "\u0328",
    "r": "\u030a",
    "d": "\u0323",
}
NAMED_ACCENTS |= {"b": "\u0331", "t": "\u0361"}  # these letters need braces, else `\v` of a path would eat a word
MATHS_ACCENTS = {
    "hat": "\u0302",
    "bar": "\u0304",
    "tilde": "\u0303",
    "vec": "\u20d7",
    "dot": "\u0307",
    "ddot": "\u0308",
}
MATHS_ACCENTS |= {"check": "\u030c", "breve": "\u0306", "acute": "\u0301", "grave": "\u0300", "mathring": "\u030a"}
MATHS_ACCENTS |= {"not": "\u0338"}
DOUBLE_STRUCK = {"C": "ℂ", "H": "ℍ", "N": "ℕ", "P": "ℙ", "Q": "ℚ", "R": "ℝ", "Z": "ℤ", "E": "𝔼", "1": "𝟙"}
ESCAPED = frozenset("$%&#_{}")
RELATIONS = frozenset("≤≥≠≈≃≅≡∈∉∋⊂⊆⊃⊇→←↔⇒⇐⇔↦∝≪≫⟶⟹⟸⟺∣⊢⊨≺≻∖∪∩~∼:=")
RAISED = str.maketrans(
    "0123456789+-−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ⊤′∘°*.,",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡᵀ′°°*.,",
)
LOWERED = str.maketrans("0123456789+-−=()aehijklmnoprstuvxβγρφχ.,", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ.,")


@lru_cache(maxsize=1)
def symbols() -> Mapping[str, str]:
    """What each TeX symbol command looks like, from pylatexenc's tables; commands that stand for words are left out."""
    from pylatexenc.latex2text import get_default_latex_context_db

    tables = get_default_latex_context_db()
    found: dict[str, str] = {}
    for category in reversed(tables.categories()):
        for name, spec in tables.d[category]["macros"].items():
            shown = spec.simplify_repl
            if isinstance(shown, str) and name.isalpha() and not re.search(r"[A-Za-z%]", shown):
                found[name] = shown.strip() or " "
    return {**found, **OWN_SYMBOLS}
