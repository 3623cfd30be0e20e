"""The signs on the screen, in Unicode and in ASCII; every state has a sign of its own, never only a colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage.paper import Slot


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of signs. `cup` and `dregs` are equally wide; `keep`, `dismiss`, `opened` and `cursor` are one cell."""

    cup: str = "☕"
    dregs: str = "⌛"
    full: str = "█"
    empty: str = "░"
    cursor: str = "▌"
    rule: str = "─"
    dot: str = "·"
    more: str = "…"
    keep: str = "✓"
    dismiss: str = "×"
    opened: str = "↗"
    up: str = "↑"
    down: str = "↓"
    slots: Mapping[Slot, str] = field(default_factory=lambda: {"focus": " ", "adjacent": "~", "explore": "?"})


UNICODE = Glyphs()
ASCII = Glyphs(
    cup="c[#]",
    dregs="c[.]",
    full="#",
    empty="-",
    cursor=">",
    rule="-",
    dot="-",
    more="...",
    keep="+",
    dismiss="x",
    opened="o",
    up="up",
    down="down",
)
