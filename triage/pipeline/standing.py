"""How arXiv's side stands for each category, and in one word: what tells four kinds of morning apart."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from triage.fetch import eastern_day

if TYPE_CHECKING:
    from triage.budget import State
    from triage.store import Store

Side = tuple[str, str]
"""State and reason of a category, as a run recorded them."""

_WHOLE = ("announced", "quiet")


def arxiv_now(store: Store, now: datetime) -> datetime:
    """The moment by arXiv's clock, as its newest answer told: a wrong local clock moves no announcement."""
    return now + timedelta(seconds=store.offset_s() or 0.0)


def standing(store: Store, categories: Sequence[str], expected: date) -> dict[str, Side]:
    """The state and the reason of each category, against the announcement that should be out by now.

    A category that was read up to the expected day stays whole, whatever a later run met; one that was not, and that
    nobody asked for since, is stale: a cron that died is not a quiet day.
    """
    last, confirmed = store.last_states(categories), store.confirmed(categories)
    run = store.last_run()
    asked = run is not None and eastern_day(arxiv_now(store, run.at)) >= expected
    return {name: _side(last.get(name), confirmed[name], expected, asked) for name in categories}


def _side(last: Side | None, reached: date | None, expected: date, asked: bool) -> Side:
    if last is None:
        return "failed", "never fetched: triage fetch"
    whole = last[0] in _WHOLE
    if reached and reached >= expected:
        return last if whole else ("announced", "")
    if reached and whole and not asked:
        return "stale", f"the announcement of {expected:%a} {expected.isoformat()} was not asked for yet: triage fetch"
    return last


def overall(sides: Mapping[str, Side], open_days: Mapping[str, str], any_focus: bool) -> State:
    """One word for all categories; where they were read, whether anything is worth a coffee.

    `open_days` is what `missing` gave: a day that was missed and not caught up makes the whole partial.

    A paper that is worth it and does not fit the minutes that are left is no reason to say that nothing is, and
    nothing is said of papers that could not be read.
    """
    states = [state for state, _ in sides.values()]
    bad = [state for state in states if state not in _WHOLE]
    if bad and len(bad) == len(states):
        return _worst(bad)
    if bad or open_days:
        return "partial"
    if states and set(states) == {"quiet"}:
        return "quiet"
    return "ready" if any_focus else "nothing-worth-it"


def _worst(bad: Collection[str]) -> State:
    if "truncated" in bad:
        return "partial"
    return "failed" if "failed" in bad else "stale"


def missing(store: Store, sides: Mapping[str, Side], since: date) -> dict[str, str]:
    """The reason for each category that was not read whole, or whose missed days are not caught up."""
    told = {}
    for name, (state, reason) in sides.items():
        if state not in _WHOLE:
            told[name] = reason or state
        elif days := store.missed(name, since):
            told[name] = f"not read: {', '.join(f'{day:%a} {day.isoformat()}' for day in days[-3:])}"
    return told
