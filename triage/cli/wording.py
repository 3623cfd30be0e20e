"""Sentences that several commands say: the closing line, what is left, why a paper ranks where it does."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage.budget import Shortlist
    from triage.paper import Coffee, Interval, Review, ScoredPaper
    from triage.store import Store

MOST_LOOKS = 6
"""So many times are said; of more, the first and the last ones."""

_PARTS = {
    "liked words": "words in common with what you liked",
    "liked meaning": "likeness to what you liked",
    "liked authors": "authors of what you liked",
    "liked categories": "categories of what you liked",
    "statement words": "words of your statement",
    "statement meaning": "likeness to your statement",
    "statement kin": "likeness to papers that your statement finds",
    "terms": "your terms",
    "authors": "your authors",
    "dismissed": "likeness to what you dismissed",
}


def look_again(when: datetime | None) -> str:
    """When to ask again for a batch that is late, in the reader's own time."""
    return f"next look from {when.astimezone():%H:%M}" if when else "try again later"


def looks_line(store: Store) -> str:
    """When a batch that is late was looked for, and when to look again; "" when none is late."""
    from triage.pipeline import looks, next_look

    times = [f"{when.astimezone():%H:%M}" for when in looks(store)]
    if not times:
        return ""
    told = times if len(times) <= MOST_LOOKS else [times[0], "…", *times[2 - MOST_LOOKS :]]
    return f"looked at {', '.join(told)}; {look_again(next_look(store))}"


def minutes_left(coffee: Coffee | None, budget_s: float) -> str:
    """What is left of a coffee, in whole minutes as the cup shows them, and at least one."""
    left_s = coffee.left_s if coffee else budget_s
    return f"{max(1, math.floor(left_s / 60 + 0.5))} min"


_CLOSED: Mapping[str, str] = {
    "idle": "Closed while nobody was there",
    "asleep": "Closed while the machine slept",
}


def day_counts(store: Store, day: date) -> tuple[int, int, int]:
    """How many papers the sessions of a day showed, and how many of that day's verdicts keep and dismiss."""
    standing = {verdict.paper_id: verdict.kind for verdict in store.standing(day) if verdict.kind != "open"}
    kinds = list(standing.values())
    return len(store.shown_on(day)), kinds.count("keep"), kinds.count("dismiss")


def closing_line(store: Store, day: date, ending: str = "") -> str:
    """The one line after the screen is gone; the same again whenever a finished day is opened."""
    coffee = store.coffee(day)
    shown, kept, dismissed = day_counts(store, day)
    spent = round(coffee.spent_s) if coffee else 0
    counts = f"{shown} shown, {kept} kept, {dismissed} dismissed"
    clock = f"{spent // 60}:{spent % 60:02}"
    if coffee and coffee.state == "finished":
        return f"The coffee is finished: {counts}, {clock}. Until tomorrow."
    rest = f"; {minutes_left(coffee, 0)} left for another triage" if coffee and coffee.left_s > 0 else ""
    return f"{_CLOSED.get(ending, 'Closed')}: {counts}, {clock}{rest}."


def last_noted(store: Store, day: date) -> str:
    """What the reader wrote into the notebook at the last coffee before a day, as a sentence; "" when nothing."""
    found = store.last_line(day)
    if not found:
        return ""
    when, line = found
    age = (day - when).days
    said = "Yesterday" if age == 1 else f"On {when:%A}" if age < 7 else f"On {when.day} {when:%B}"
    return f"{said} you noted: {line}"


def precision_line(store: Store, profiles: Sequence[str]) -> str:
    """Precision of the focus picks so far with n and its interval, and the baseline's; "" before the first verdict.

    A pick without a verdict was perhaps never reached, so it counts neither way.
    """
    from triage.evaluate import slot_precision
    from triage.pipeline import replays

    found = slot_precision(replays(store, profiles, orders=False), "focus")
    last = store.reviews(1)
    return figure(found) + (_rival(last[0]) if last else "") if found.n else ""


def _rival(last: Review) -> str:
    """The precision of the ranker that the deployed one is measured against, once it is known."""
    from triage.evaluate import STAND_IN

    if last.theirs.value is None or not last.theirs.told:
        return ""
    return f"; {'baseline ' if last.rival == STAND_IN else ''}{last.rival} {last.theirs.value:.2f}"


def figure(found: Interval) -> str:
    """A share with its n and interval, or how little there is to tell it from."""
    if found.value is None or not found.told:
        return f"not enough yet (n = {found.n})"
    return f"{found.value:.2f} (n = {found.n}, 95 % {found.low:.2f}-{found.high:.2f})"


def explanation(scored: ScoredPaper, ranked: Shortlist) -> Sequence[str]:
    """Why a paper ranks where it does, complete: reasons, parts of the score, slot, ranker."""
    width = max((len(_PARTS.get(name, name)) for name in scored.parts), default=0)
    size = sum(abs(value) for value in scored.parts.values()) or 1.0
    parts = [
        f"  {value:+7.2f}  {abs(value) / size:4.0%}  {_PARTS.get(name, name):<{width}}"
        for name, value in _largest(scored)
    ]
    slot = f"slot {scored.slot}" + (f", drawn with probability {scored.chance:.3f}" if scored.chance < 1 else "")
    whole = f"  {scored.score:+7.2f}        the score; place {scored.rank} of {ranked.total} in the order to read"
    measure = ranked.calibration.get(scored.profile, "")
    ranker = ", ".join(
        filter(None, [f"ranked by {ranked.ranker} {ranked.ranker_version} for {scored.profile}", measure])
    )
    if scored.probability is not None:
        ranker = f"chance that you keep it: {scored.probability:.2f}; {ranker}"
    return [*scored.why, "", *(part.rstrip() for part in parts), whole, "", slot, ranker, *ranked.notes]


def _largest(scored: ScoredPaper) -> list[tuple[str, float]]:
    """The parts that can be seen in two decimals, the largest first."""
    seen = [(name, value) for name, value in scored.parts.items() if abs(value) >= 0.005]
    return sorted(seen, key=lambda part: -abs(part[1]))
