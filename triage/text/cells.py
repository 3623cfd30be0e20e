"""How wide a text is in a terminal, and how to cut it there."""

from __future__ import annotations


def width(text: str) -> int:
    """Cells that the text takes in a terminal; characters without a place of their own count nothing."""
    if text.isascii() and text.isprintable():
        return len(text)
    from wcwidth import wcswidth

    whole: int = wcswidth(text)
    return whole if whole >= 0 else sum(max(0, cells) for cells in map(_cells, text))


def shorten(text: str, cells: int) -> str:
    """Cut to at most `cells` terminal cells, with an ellipsis in the last one; never inside a combining sequence."""
    if width(text) <= cells:
        return text
    if cells <= 0:
        return ""
    kept, used = 0, 0
    for at, character in enumerate(text):
        # A skin tone changes the emoji before it: wide as it is on its own, it never starts a cut.
        used += max(0, _cells(character))
        if used > cells - 1:
            break
        kept = at + 1
    while 0 < kept < len(text) and _joins(text[kept]):
        kept = _start_of_cluster(text, kept)
    # Characters that widen the one before them (an emoji selector) are known only to the whole.
    while kept and width(text[:kept]) > cells - 1:
        kept = _start_of_cluster(text, kept)
    return text[:kept].rstrip() + "…"


def _cells(character: str) -> int:
    from wcwidth import wcwidth

    return int(wcwidth(character))


def _joins(character: str) -> bool:
    return _cells(character) <= 0 or "\U0001f3fb" <= character <= "\U0001f3ff"


def _start_of_cluster(text: str, at: int) -> int:
    at -= 1
    while at > 0 and _joins(text[at]):
        at -= 1
    return at
