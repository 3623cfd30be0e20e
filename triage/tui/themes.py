"""Two themes, evening and paper; every text colour has a contrast of at least 4.5:1 on the surfaces it stands on."""

from __future__ import annotations

from typing import Literal

from textual.theme import Theme


def _theme(
    name: str, *, dark: bool, ground: str, raised: str, ink: str, faint: str, line: str, accent: str, low: str
) -> Theme:
    """A theme of four inks on two grounds: `raised` lies under the cursor and in panels, `low` is the emptying cup.

    `line` is for rules and scroll bars and never carries words.
    """
    return Theme(
        name=name,
        dark=dark,
        primary=accent,
        secondary=accent,
        accent=accent,
        success=accent,
        warning=low,
        error=low,
        foreground=ink,
        background=ground,
        surface=ground,
        panel=raised,
        variables={
            "faint": faint,
            "raised": raised,
            "line": line,
            "text-muted": faint,
            "block-cursor-foreground": ink,
            "block-cursor-background": raised,
            "block-cursor-blurred-foreground": ink,
            "block-cursor-blurred-background": raised,
            "footer-key-foreground": accent,
            "scrollbar": line,
            "scrollbar-hover": faint,
            "scrollbar-active": accent,
            "scrollbar-background": ground,
            "scrollbar-background-hover": ground,
            "scrollbar-background-active": ground,
        },
    )


THEMES: dict[Literal["dark", "light"], Theme] = {
    "dark": _theme(
        "triage-dark",
        dark=True,
        ground="#17181c",
        raised="#26282f",
        ink="#dcdcd6",
        faint="#9a9a94",
        line="#4d4f58",
        accent="#e3a857",
        low="#ff8b6e",
    ),
    "light": _theme(
        "triage-light",
        dark=False,
        ground="#fbf9f4",
        raised="#ece7dc",
        ink="#2a2926",
        faint="#625d54",
        line="#cbc3b3",
        accent="#854708",
        low="#a8281c",
    ),
}
