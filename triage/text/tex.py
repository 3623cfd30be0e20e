"""TeX made readable, and counted for reading time; what is not understood stays as it was written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from triage.text.safe import clean
from triage.text.tables import (
    ACCENTS,
    BLANKS,
    DOUBLE_STRUCK,
    DROPPED,
    ESCAPED,
    FRACTIONS,
    FUNCTIONS,
    LOWERED,
    MATHS_ACCENTS,
    NAMED_ACCENTS,
    NOTES,
    PASSED,
    PROSE_INSIDE,
    RAISED,
    RELATIONS,
    symbols,
)

_DEEPEST_GROUP = 24
"""Nested braces that are still read; deeper ones stay as they were written, so that no title exhausts the stack."""
_LARGEST_SPAN_WORDS = 8
"""A maths span counts as at most this many words of reading time."""

_SPAN = "\ufffc"
_LOOKS_LIKE_TEX = re.compile(r"[\\$^]|_\{|[\w.,)]~[\w\\$(]|``|\{\w|(?<=[\w ])--")
_SIGNS = "\\", "$", "^", "{", "~", "``", "--"
_TOKEN = re.compile(
    r"\\(?P<word>[A-Za-z]+)\*?|\\(?P<sign>.)|(?P<open>\{)|(?P<script>[\^_])|(?P<maths>\$\$?)|(?P<tie>~)"
    r"|(?P<run>[^\\{$^_~]+)|(?P<rest>.)",
    re.DOTALL,
)
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
_CAPITALS_KEPT = re.compile(r"(?=\w*[A-Z])\w+\Z")
_CODE_POINT = re.compile(r"\{x([0-9A-Fa-f]{2,5})\}")
_PROSE = re.compile(r"[A-Za-z]{2}")
_RANGE = re.compile(r"(?<=\w)---?(?=\w)|(?<=\s)---?(?=\s)")


def readable(text: str) -> str:
    r"""Clean text and show its TeX as a reader would say it: `$x^2 \le \alpha$` becomes `x² ≤ α`.

    Only what looks like maths or a known command is touched: prices, paths, plain braces and unknown commands stay as
    they were written, and every word outside a command survives in its place.
    """
    safe = clean(text)
    if not looks_like_tex(safe):
        return safe
    return clean(Tex(safe).read())


def looks_like_tex(text: str) -> bool:
    """Whether there may be maths or a command in it; most texts have none of the signs, and that is seen at once."""
    return any(sign in text for sign in _SIGNS) and bool(_LOOKS_LIKE_TEX.search(text))


def words(text: str) -> int:
    """Words of reading time: blanks part them, and each maths span counts 1 + its operators, capped at 8."""
    safe = clean(text)
    if not looks_like_tex(safe):
        return len(safe.split())
    tex = Tex(safe, mark=_SPAN)
    around = sum(any(map(str.isalnum, token)) or _SPAN not in token for token in tex.read().split())
    return around + sum(min(_LARGEST_SPAN_WORDS, 1 + sum(map(_is_operator, span))) for span in tex.spans)


def _is_operator(character: str) -> bool:
    return character in "-/*^·" or unicodedata.category(character) == "Sm"


class Tex:
    """One pass over cleaned text. `spans` collects the maths as read; with a `mark`, that stands in its place."""

    def __init__(self, source: str, mark: str | None = None) -> None:
        self.source = source
        self.mark = mark
        self.spans: list[str] = []
        self._closes = _matching_braces(source)
        self._quoted = "``" in source and "''" in source

    def read(self) -> str:
        """The whole text as a reader would say it; not cleaned once more."""
        return self._read(0, len(self.source), False, 0)

    def _read(self, start: int, end: int, maths: bool, depth: int) -> str:
        out = ""
        at = start
        while at < end:
            token = _TOKEN.match(self.source, at, end)
            assert token is not None  # the last branch takes any character
            piece, at = self._step(token, end, maths, depth, out[-1:])
            out += piece
        return " ".join(out.split()) if maths else out

    def _step(self, token: re.Match[str], end: int, maths: bool, depth: int, before: str) -> tuple[str, int]:
        kind, after = token.lastgroup, token.end()
        if depth > _DEEPEST_GROUP:
            return token[0], after
        if kind == "word":
            return self._command(token, end, maths, depth, before)
        if kind == "sign":
            return self._sign(token["sign"], after, end, maths, depth)
        if kind == "open":
            return self._group(token.start(), end, maths, depth)
        if kind == "script":
            return self._script(token["script"], after, end, maths, depth, before)
        if kind == "maths" and not maths:
            return self._span(token[0], after, end, depth)
        if kind == "tie":
            joins = maths or (
                bool(re.match(r"[\w.,)]", before)) and bool(re.match(r"[\w\\$(]", self.source[after:end]))
            )
            return (" " if joins else "~"), after
        return (token[0] if maths else self._prose(token[0])), after

    def _prose(self, run: str) -> str:
        if self._quoted:
            run = run.replace("``", "“").replace("''", "”")
        return _RANGE.sub(lambda dash: "—" if len(dash[0]) == 3 else "–", run)

    def _group(self, at: int, end: int, maths: bool, depth: int) -> tuple[str, int]:
        """A brace group: only its content where the braces are TeX's, else as it was written."""
        close = self._closes.get(at, end)
        if close >= end:
            return "{", at + 1
        inside = self._read(at + 1, close, maths, depth + 1)
        source = self.source[at + 1 : close]
        groups = maths or source.startswith("\\") or _CAPITALS_KEPT.match(source)
        return (inside if groups else f"{{{inside}}}"), close + 1

    def _span(self, opening: str, start: int, end: int, depth: int) -> tuple[str, int]:
        """Maths between dollars, or the dollars themselves where they are money."""
        close = start
        while True:
            close = self.source.find(opening, close, end)
            if close < 0 or not _escaped(self.source, close):
                break
            close += 1
        if close < 0 or not _is_maths(self.source[start:close], self.source[close + len(opening) : end][:1]):
            return opening, start
        return self._maths(start, close, depth), close + len(opening)

    def _maths(self, start: int, close: int, depth: int) -> str:
        shown = self._read(start, close, True, depth + 1)
        self.spans.append(shown)
        return shown if self.mark is None else self.mark

    def _sign(self, sign: str, after: int, end: int, maths: bool, depth: int) -> tuple[str, int]:
        r"""A backslash and one character that is no letter: escapes, spaces, accents, `\(` and `\[`."""
        if sign in ESCAPED:
            return sign, after
        if sign in " ,;:>" or (sign == "\\" and (maths or self.source[after : after + 1] == " ")):
            return " ", after
        if sign in "-/" or (sign == "!" and maths):
            return "", after
        if sign in "([" and not maths:
            close = self.source.find("\\)" if sign == "(" else "\\]", after, end)
            return (self._maths(after, close, depth), close + 2) if close >= 0 else ("\\" + sign, after)
        if sign in ACCENTS:
            return self._accent("\\" + sign, ACCENTS[sign], after, end)
        return ("‖" if sign == "|" and maths else "\\" + sign), after

    def _accent(self, written: str, mark: str, after: int, end: int, braced: bool = False) -> tuple[str, int]:
        """An accent on one letter, with or without braces; anything else stays as it was written."""
        letter = r"(?:\\([ij])(?![A-Za-z])|([^\W\d_]))"
        match = re.compile(rf"\s?\{{\s*{letter}\s*\}}" + ("" if braced else rf"|{letter}")).match(
            self.source, after, end
        )
        if not match:
            return written, after
        base = next(filter(None, match.groups()))
        return unicodedata.normalize("NFC", base + mark), match.end()

    def _script(self, mark: str, after: int, end: int, maths: bool, depth: int, before: str) -> tuple[str, int]:
        """An index or a power: raised or lowered where Unicode has it, else `x^(n×d)`; no word is ever raised."""
        if not maths and not _is_script(mark, before, self.source[after : min(end, after + 40)]):
            return mark, after
        if not maths and (digits := re.compile(r"\d+").match(self.source, after, end)):
            return _scripted(mark, digits[0]), digits.end()
        content, at = self._argument(after, end, True, depth)
        return (_scripted(mark, content) if content else mark), at

    def _argument(self, at: int, end: int, maths: bool, depth: int) -> tuple[str, int]:
        """What a command applies to: a group, a command or one character; a whole word, lest it be torn."""
        while at < end and self.source[at] == " ":
            at += 1
        if at >= end:
            return "", at
        if self.source[at] == "{" and self._closes.get(at, end) < end:
            return self._read(at + 1, self._closes[at], maths, depth + 1), self._closes[at] + 1
        token = _TOKEN.match(self.source, at, end)
        assert token is not None
        if token.lastgroup in ("word", "sign"):
            piece, at = self._step(token, end, maths, depth + 1, "")
            return piece.strip(), at
        word = re.compile(r"[A-Za-z]{2,}|.").match(self.source, at, end)
        assert word is not None  # there is at least one character
        return word[0], word.end()

    def _has_group(self, at: int, end: int) -> bool:
        return at < end and self.source[at] == "{" and self._closes.get(at, end) < end

    def _command(self, token: re.Match[str], end: int, maths: bool, depth: int, before: str) -> tuple[str, int]:
        """A command with a name: what it stands for, or itself where it is not known."""
        name, after = token["word"], token.end()
        if name in ("begin", "end") and (opened := re.compile(r"\{[A-Za-z]+\*?\}").match(self.source, after, end)):
            return " ", opened.end()
        if name in DROPPED:
            return "", after
        if name in BLANKS:
            return " ", after
        if name in PASSED or (name == "mathbb" and not self._has_group(after, end)):
            return self._passed(name, after, end, maths, depth)
        if handler := self._with_arguments(name, after, end, depth, maths):
            return handler()
        if name in FUNCTIONS and maths:
            return self._function(name, after, before)
        shown = symbols().get(name)
        if shown is not None:
            return self._symbol(shown, after, end, maths, before)
        if self._has_group(after, end):
            inside, at = self._argument(after, end, maths, depth)
            return f"{token[0]}{{{inside}}}", at
        return token[0], after

    def _with_arguments(
        self, name: str, after: int, end: int, depth: int, maths: bool
    ) -> Callable[[], tuple[str, int]] | None:
        grouped = self._has_group(after, end)
        if name in FRACTIONS and (maths or grouped):
            return lambda: self._fraction(after, end, depth)
        if name == "sqrt" and (maths or grouped):
            return lambda: self._root(after, end, depth)
        if name == "mathbb" or (name in MATHS_ACCENTS and (maths or grouped)):
            return lambda: self._on_letter(name, after, end, depth)
        if name == "href" and grouped:
            return lambda: self._link(after, end, depth)
        if name in ("color", "textcolor") and grouped:
            return lambda: self._coloured(name, after, end, depth)
        if name == "unicode" and (code := _CODE_POINT.match(self.source, after, end)):
            return lambda: (chr(int(code[1], 16)), code.end())
        if name in NOTES and grouped:
            return lambda: self._note(NOTES[name], after, end, depth)
        if name in NAMED_ACCENTS and not maths:
            return lambda: self._accent("\\" + name, NAMED_ACCENTS[name], after, end, braced=True)
        return None

    def _passed(self, name: str, after: int, end: int, maths: bool, depth: int) -> tuple[str, int]:
        if self._has_group(after, end):
            return self._argument(after, end, maths and name not in PROSE_INSIDE, depth)
        return "", after + (self.source[after : after + 1] == " ")

    def _function(self, name: str, after: int, before: str) -> tuple[str, int]:
        left = " " if before.isalnum() or before == ")" else ""
        right = " " if re.match(r"\\[A-Za-z]", self.source[after : after + 2]) else ""
        return f"{left}{name}{right}", after

    def _symbol(self, shown: str, after: int, end: int, maths: bool, before: str) -> tuple[str, int]:
        """A symbol; in maths TeX eats the blank behind it, which neither words nor signs must notice."""
        if not maths:
            return shown, after
        if shown in RELATIONS and before:
            return f" {shown} ", after
        blank = re.compile(r" +(?![A-Za-z]{2}|[<>=+-])").match(self.source, after, end)
        return shown, blank.end() if blank and before != " " else after

    def _fraction(self, after: int, end: int, depth: int) -> tuple[str, int]:
        upper, at = self._argument(after, end, True, depth)
        lower, at = self._argument(at, end, True, depth)
        return (f"{_bracketed(upper)}/{_bracketed(lower)}" if lower else upper), at

    def _root(self, after: int, end: int, depth: int) -> tuple[str, int]:
        order = re.compile(r"\[([^\[\]{}$\\]{1,20})\]").match(self.source, after, end)
        content, at = self._argument(order.end() if order else after, end, True, depth)
        sign = {"": "√", "2": "√", "3": "∛", "4": "∜"}.get(order[1] if order else "")
        return (sign or f"{_scripted('^', order[1] if order else '')}√") + _bracketed(content), at

    def _on_letter(self, name: str, after: int, end: int, depth: int) -> tuple[str, int]:
        content, at = self._argument(after, end, True, depth)
        if name == "mathbb":
            return DOUBLE_STRUCK.get(content, content), at
        alone = len(content) == 1 and (content.isalnum() or name == "not")
        return (unicodedata.normalize("NFC", content + MATHS_ACCENTS[name]) if alone else content), at

    def _link(self, after: int, end: int, depth: int) -> tuple[str, int]:
        address, at = self._argument(after, end, False, depth)
        if not self._has_group(at, end):
            return address, at
        label, at = self._argument(at, end, False, depth)
        return (f"{address} ({label})" if label != address else label), at

    def _coloured(self, name: str, after: int, end: int, depth: int) -> tuple[str, int]:
        at = self._argument(after, end, False, depth)[1]
        return ("", at) if name == "color" else self._argument(at, end, False, depth)

    def _note(self, form: str, after: int, end: int, depth: int) -> tuple[str, int]:
        content, at = self._argument(after, end, False, depth)
        return form.format(content), at


def _matching_braces(source: str) -> dict[int, int]:
    """Where each opening brace is closed; escaped braces and lone ones are not in it."""
    closes: dict[int, int] = {}
    opened: list[int] = []
    for brace in _BRACES.finditer(source):
        if brace[0] == "{":
            opened.append(brace.start())
        elif brace[0] == "}" and opened:
            closes[opened.pop()] = brace.start()
    return closes


def _escaped(source: str, at: int) -> bool:
    slashes = 0
    while at > slashes and source[at - slashes - 1] == "\\":
        slashes += 1
    return slashes % 2 == 1


def _is_maths(content: str, following: str) -> bool:
    """Tell `$n$` from `$5 to $10`: as pandoc does by blanks and digits at the ends, and by prose inside."""
    if not content.strip():
        return False
    if re.search(r"[\\^_={}]", content):
        return True
    tight = not content[0].isspace() and not content[-1].isspace()
    prose = " " in content and _PROSE.search(content)
    return tight and not following.isdigit() and not prose


def _is_script(mark: str, before: str, following: str) -> bool:
    """Whether `^` or `_` outside of dollars is meant as maths: `10^6`, `x^{2}`, `a_{ij}`, but not `snake_case`."""
    if not (before.isalnum() or before in ")]") or not before:
        return False
    group = r"\{[^{}\s]{1,30}\}"
    return bool(re.match(group if mark == "_" else group + r"|\d+(?![A-Za-z])|[A-Za-z](?!\w)", following))


def _scripted(mark: str, content: str) -> str:
    table = RAISED if mark == "^" else LOWERED
    if mark == "^" and content in ("th", "st", "nd", "rd"):
        return content
    if content and not _PROSE.search(content) and all(ord(character) in table for character in content):
        return content.translate(table)
    return mark + (content if content.isalnum() or len(content) == 1 else f"({content})")


def _bracketed(content: str) -> str:
    simple = content.isalnum() or not re.search(r"[\s+\-−/·×=]", content)
    return content if simple else f"({content})"
