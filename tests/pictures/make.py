"""Draws the README's pictures from the demo: python tests/pictures/make.py [FOLDER]."""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from triage.budget import Countdown, Meter, Shortlist
from triage.cli.wording import explanation
from triage.demo import DAYS, FRIDAY, DemoServer, demo_home
from triage.embed import SentenceEncoder
from triage.fetch import Wire
from triage.pipeline import refresh, shortlist
from triage.profile import Profile
from triage.store import Store
from triage.tui import CoffeeApp, Session

MINUTES = 15  # the demo's three minutes hold three papers; an ordinary coffee makes a better picture


PICTURES = {
    "session": ("dark", (120, 30), ["s", "x"]),
    "session-light": ("light", (80, 24), ["s"]),
    "why": ("dark", (80, 24), ["s", "w"]),
    "help": ("light", (80, 24), ["question_mark"]),
    "note": ("dark", (80, 24), ["j", "e", *"cite in section 2"]),
    "closing": ("light", (80, 24), ["s", "s", "x", "wait"]),
    "nothing": ("dark", (80, 24), []),
}


class Friday:
    """The demo's morning, half-way through the coffee."""

    seconds = 0.0

    def now(self):
        return FRIDAY + timedelta(seconds=self.seconds)

    def monotonic(self):
        return self.seconds

    def sleep(self, seconds):
        self.seconds += seconds


def ranked(home: Path, clock: Friday) -> Shortlist:
    """Both days of the demo, fetched, embedded and ranked as ever."""
    with DemoServer(clock.now) as server:
        profile = Profile.load(demo_home(home, server) / "profiles" / "efficient-inference.toml")
        profile = replace(profile, threshold=0.02)
        with Store(home / "triage.db") as store:
            encoder = SentenceEncoder()
            for day in DAYS:
                server.day = day
                with Wire(**server.addresses, pause=0, clock=clock) as wire:
                    refresh(store, profile, encoder=encoder, now=clock.now(), wire=wire)
            return shortlist(store, profile, minutes=MINUTES, now=clock.now())


def nothing(today: Shortlist) -> Shortlist:
    """The same morning for a reader with a higher threshold."""
    return replace(today, state="nothing-worth-it", papers=(), left_out=(*today.papers, *today.left_out))


def a_session(today: Shortlist, clock: Friday, theme: str) -> Session:
    """A session over plain functions: nothing is stored."""
    countdown = Countdown(today.left_s, clock.monotonic)
    return Session(
        shortlist=today,
        countdown=countdown,
        meter=Meter(countdown, lambda seconds: None),
        record=lambda verdict: None,
        undo=lambda: None,
        now=clock.now,
        monotonic=clock.monotonic,
        open_link=lambda link: False,
        explain=explanation,
        shown=lambda listed: None,
        compare=lambda: replace(today, ranker="tfidf-svm"),
        write_note=lambda paper_id, words: None,
        copied=lambda text: "clipboard.txt",
        bibtex=lambda paper: "",
        profile_editor=lambda name: ["true"],
        terminal_browser=lambda link: None,
        refreshing=False,
        theme=theme,
    )


async def draw(today: Shortlist, theme: str, size: tuple[int, int], keys: Sequence[str], path: Path) -> None:
    """Press some keys and keep the screen; "wait" lets the coffee run out."""
    clock = Friday()
    app = CoffeeApp(a_session(today, clock, theme))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        clock.seconds = 240
        for key in keys:
            if key == "wait":
                clock.seconds = today.left_s
                app.tick()
            else:
                await pilot.press(key)
        app.tick()
        await pilot.pause()
        path.write_text(_without_fonts(app.export_screenshot(title="triage")), encoding="utf-8")
        app.finish()


def _without_fonts(picture: str) -> str:
    """Drop the fonts that Rich would load from elsewhere: a picture loads nothing."""
    return re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL).replace("Fira Code", "DejaVu Sans Mono")


def main() -> None:
    """Draw them all."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    with tempfile.TemporaryDirectory() as home:
        today = ranked(Path(home) / "home", Friday())
    for name, (theme, size, keys) in PICTURES.items():
        asyncio.run(draw(nothing(today) if name == "nothing" else today, theme, size, keys, folder / f"{name}.svg"))


if __name__ == "__main__":
    main()
