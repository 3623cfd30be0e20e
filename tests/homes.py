"""A ready home for tests: both days of the demo fetched and ranked by an encoder without weights."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from triage.budget import Shortlist
from triage.demo import DAYS, FRIDAY, DemoServer, demo_home
from triage.fetch import Wire
from triage.pipeline import refresh, remember
from triage.profile import Profile
from triage.store import Store


class FridayClock:
    """Stands still on the demo's Friday."""

    def now(self) -> datetime:
        return FRIDAY

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError("a loopback server needs no pause")


def empty_list(profile: Profile) -> Shortlist:
    """A list of an earlier morning without papers."""
    name = (profile.name,)
    return Shortlist("quiet", name, None, {}, {}, 180.0, 180.0, "fusion", "1", (), ())


def ranked_home(folder: Path, server: DemoServer, encoder: Any) -> Path:
    """Make the home; nothing newer than Friday is expected in it."""
    home = demo_home(folder, server)
    path = home / "profiles" / "efficient-inference.toml"
    path.write_text(f"{path.read_text()}\n[shortlist]\nthreshold = 0.01\n")  # hashed words say less than a model
    profile = Profile.load(path)
    with closing(Store(home / "triage.db")) as store:
        for day in DAYS:
            server.day = day
            with Wire(**server.addresses, pause=0, clock=FridayClock()) as wire:
                refresh(store, profile, encoder=encoder, now=FRIDAY, wire=wire)
        remember(store, empty_list(profile), shown_by="session", day=FRIDAY.date(), at=FRIDAY)  # no first coffee
    return home
