"""Foreign text: nothing harmful is left, no word is lost, TeX is readable, widths are cells."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from triage.text import clean, readable, shorten, width, words

ANYTHING = st.text(st.characters(), max_size=120) | st.text(
    "ab\x1b[]P0;m\x07\\\x9b\x9c\x9d\u202e\u0301\u200d ", max_size=60
)
WORDS = st.sampled_from(("attention", "is", "not", "Priced", "max", "alpha", "to", "begin", "item", "frac"))
COMMANDS = (
    "\\alpha",
    "\\frac",
    "\\hat",
    "\\emph",
    "\\sqrt",
    "\\unknown",
    "\\left",
    "\\mathbb",
    "\\log",
    "\\times",
    "\\href",
)
MIXED = st.lists(
    WORDS
    | st.sampled_from((*"${}\\^_~ ()", "  ", "$$", "{}", "x^2", "\\(", "\\)", "\\$", "``", "''", "--", *COMMANDS)),
    max_size=30,
).map("".join)


def ordered(wanted: list[str], text: str) -> bool:
    """Whether the words stand in the text, in this order."""
    at = 0
    for word in wanted:
        found = text.find(word, at)
        if found < 0:
            return False
        at = found + len(word)
    return True


@settings(deadline=None)
@given(ANYTHING)
@example("\ud800 lone")
@example("\u0301leading mark")
@example("\u1100\u3164\u1161")
@example("e\u200d\u0301")
def test_clean_leaves_nothing_that_is_not_drawn(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert not [c for c in cleaned if unicodedata.category(c) in ("Cc", "Cs", "Co", "Zl", "Zp")]
    assert not re.search(
        "[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad\ufe00-\ufe0f\U000e0000-\U000e01ef]", cleaned
    )
    assert cleaned == " ".join(cleaned.split()) == unicodedata.normalize("NFC", cleaned) == clean(cleaned)


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("\x1b[31mred\x1b[0m alert", "red alert"),
        ("\x9b1;31mred", "red"),
        ("\x1b]0;pwned\x07title", "title"),
        ("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9d0;pwned\x9ctitle", "title"),
        ("\x1bPq#0\x1b\\sixel", "sixel"),
        ("\x1b]0;an unterminated string keeps its words", "0;an unterminated string keeps its words"),
        ("\u00e2\x80\x9cquoted\u00e2\x80\x9d text\u00e2\x80\x9c", "\u00e2quoted\u00e2 text\u00e2"),
        ("pay\x00load\x07", "payload"),
        ("a\r\nb\tc\u2028d\u00a0e\u2800f", "a b c d e f"),
        ("user\u202egnp.exe", "usergnp.exe"),
        ("\u2066iso\u2069late\u200b \u00adsoft\ufeff", "isolate soft"),
        ("tag\U000e0041\U000e007fged \u2615\ufe0f", "tagged \u2615"),
        ("e\u0301", "\u00e9"),
        ("Z" + "\u0335\u0336\u0337\u0338" * 9 + "algo", "Z\u0335\u0336\u0337algo"),
        ("\ud83d\ude00 \udfff", "\ufffd\ufffd \ufffd"),
        ("\ue000private", "\ufffdprivate"),
        ("\u0661\u0662 \u06dd \u05e9\u05dc\u05d5\u05dd", "\u0661\u0662 \u06dd \u05e9\u05dc\u05d5\u05dd"),
        ("  plain  words ", "plain words"),
        ("", ""),
    ],
)
def test_clean_by_example(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@settings(deadline=None)
@given(MIXED)
def test_readable_loses_no_word_outside_of_commands(text: str) -> None:
    shown = readable(text)
    accented = r"[\^~]\s*\{?\s*[A-Za-z]"  # `\^attention` is âttention, as TeX reads it
    outside = re.sub(rf"\\(?:[A-Za-z]+|{accented}|.\s*\{{?)", " ", text)
    assert ordered(re.findall(r"[A-Za-z]{2,}", outside), shown), (text, shown)
    assert shown == clean(shown)
    assert words(text) >= 0


@settings(deadline=None)
@given(ANYTHING | st.text("$\\{}^_~ ab1'\"=.-`", max_size=60))
def test_readable_takes_anything(text: str) -> None:
    shown = readable(text)
    assert shown == clean(shown)
    assert words(text) >= 0


@settings(deadline=None)
@given(st.lists(st.sampled_from(("plain", "words", "(only)", "here,", "50%", "a-b")), max_size=20).map(" ".join))
def test_prose_is_left_alone(text: str) -> None:
    assert readable(text) == text
    assert words(text) == len(text.split())


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("$5 to $10", "$5 to $10"),
        (r"exponent $\beta > 1$ and $\beta>1$", "exponent β > 1 and β>1"),
        ("from $5-$6, US$ and A$", "from $5-$6, US$ and A$"),
        ("A$AP and B$AP", "A$AP and B$AP"),
        ("5 \\$ to 10 \\$", "5 $ to 10 $"),
        (r"the $x^2 \le \alpha$ bound", "the x² ≤ α bound"),
        (r"$\mathbb{R}^d$ and $\mathbb{R}^{n\times d}$", "ℝᵈ and ℝ^(n×d)"),
        (r"$O(n\log n)$ or $O(n \log\log n)$", "O(n log n) or O(n log log n)"),
        (r"\emph{very} {\bf bold}", "very bold"),
        (r"Poincar\'e, G\"odel, Erd\H{o}s, na\"{\i}ve, Fran\c{c}ois", "Poincaré, Gödel, Erdős, naïve, François"),
        (r"$2\times$ faster, $\ell_2$, 10^{-3}, 10^6, $\sim 5\%$", "2× faster, ℓ₂, 10⁻³, 10⁶, ~5%"),
        (r"snake_case x^max $x^{max}$ $a_{t+1}$", "snake_case x^max x^max aₜ₊₁"),
        (r"$\frac{a+b}{c} \cdot \frac12$, $\sqrt[3]{n+1}$", "(a+b)/c · 1/2, ∛(n+1)"),
        (r"$\hat{x}_t$ $\not\in$ $W^\top$ $4^{th}$", "x̂ₜ ∉ Wᵀ 4th"),
        (r"C:\new\folder {a, b} {BERT} \ours{} works", r"C:\new\folder {a, b} BERT \ours{} works"),
        (r"``quoted'' Navier--Stokes --flag Fig.~3 a~b", "“quoted” Navier–Stokes --flag Fig. 3 a b"),
        (
            r"at \href{https://a.example/b_c}{here}, \url{https://d.example}",
            "at https://a.example/b_c (here), https://d.example",
        ),
        (r"\textcolor{red}{careful}\unicode{x2013}done\unicode{x1b}", "careful–done"),
        (r"\(a+b\) \[c\] $$E=mc^2$$", "a+b c E=mc²"),
        (r"\begin{equation} x=1 \end{equation}", "x=1"),
        (r"$p(y\mid x)$ $\|x\|_2$ $\{a\}$", "p(y|x) ‖x‖₂ {a}"),
        ("$", "$"),
        ("\\", "\\"),
        ("x^", "x^"),
        ("<script>alert(1)</script> [bold]", "<script>alert(1)</script> [bold]"),
    ],
)
def test_readable_by_example(source: str, shown: str) -> None:
    assert readable(source) == shown


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("four words\nstand  here", 4),
        ("a bound of $n$ papers", 5),
        ("a bound of $n + m$ papers", 6),
        (r"$a+b+c+d+e+f+g+h+i+j$", 8),
        ("the $k$-means, ($n$)", 4 + 1 - 1),
        ("$5 to $10", 3),
    ],
)
def test_words_for_reading_time(text: str, count: int) -> None:
    assert words(text) == count


@pytest.mark.parametrize(
    "text",
    [
        "{" * 20_000,
        "$" * 20_001,
        "\\(" * 8000,
        "x^{" * 8000,
        "\\hat{" * 8000,
        "\\frac" * 5000,
        "$a " * 8000,
        "\x1b[" * 9000,
    ],
)
def test_hostile_text_takes_no_long_time(text: str) -> None:
    began = time.perf_counter()
    readable(text)
    words(text)
    assert time.perf_counter() - began < 5.0


@settings(deadline=None)
@given(ANYTHING | st.text("ab日本\u0301\u0302👍🏽☕❤\ufe0f\u200dé ", max_size=40), st.integers(-2, 40))
def test_shorten_never_exceeds_the_cells(text: str, cells: int) -> None:
    short = shorten(text, cells)
    assert width(short) <= max(0, cells)
    assert short == text or cells <= 0 or short.endswith("…")


@settings(deadline=None)
@given(st.text("ae日\u0301\u0302🏽👍", max_size=30), st.integers(1, 20))
def test_shorten_never_cuts_a_combining_sequence(text: str, cells: int) -> None:
    text = clean(text)
    short = shorten(text, cells)
    kept = short.removesuffix("…")
    if short == text or not kept:
        return
    assert text.startswith(kept)
    following = text[len(kept)]
    assert not unicodedata.combining(following)
    assert not "\U0001f3fb" <= following <= "\U0001f3ff"


def test_width_counts_cells() -> None:
    assert [width(text) for text in ("", "abc", "日本", "e\u0301", "x²", "a\x1b")] == [0, 3, 4, 1, 2, 1]
    assert shorten("日本語の題", 6) == "日本…"
    assert shorten("Four-bit attention, measured end to end", 20) == "Four-bit attention,…"


def test_plain_text_needs_no_tables() -> None:
    code = "import sys; from triage.text import readable; readable('plain words'); print('pylatexenc' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
