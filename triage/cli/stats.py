"""`triage stats`: minutes, precision and drift over time, as text with sparklines, as JSON or as a drawing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.progress import shown
from triage.cli.surroundings import Surroundings, pass_surroundings, profile_option
from triage.cli.wording import figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from triage.budget.pace import Pace
    from triage.evaluate.plot import Panel
    from triage.pipeline import Statistics
    from triage.pipeline.figures import Slotted

BLOCKS, MARKS = "▁▂▃▄▅▆▇█", "_.:-=+*#"
"""Steps of a sparkline, and of one for terminals with ASCII alone."""


WORDS = 180
"""Words of the abstract that the pace page speaks of: about the middle of arXiv's."""


@click.command("stats")
@click.argument("page", type=click.Choice(["pace"]), required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.option("--ascii", "plain", is_flag=True, help="Sparklines in ASCII.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.svg", help="Draw the figures.")
@profile_option
@pass_surroundings
def stats_command(around: Surroundings, page: str | None, as_json: bool, plain: bool, plot: Path | None) -> None:
    """Example: triage stats --plot figures.svg

    Your coffees in figures: minutes, papers kept, precision of each slot with its interval and the baseline's, how
    narrow the profile is, refills and pauses, and whether the scores drift. `triage stats pace` tells what the planned
    reading times are learnt from.
    """
    if page == "pace":
        click.echo(json.dumps(_pace_json(around)) if as_json else "\n".join(_pace(around)))
        return
    from triage.pipeline import statistics

    if plot and plot.suffix.lower() != ".svg":
        raise click.UsageError(f"--plot draws SVG: name the file {plot.with_suffix('.svg')}")
    with shown() as report:
        found = statistics(around.store, around.profiles, around.coffee(), ranker=around.ranker, progress=report)
    if plot:
        _draw(found, plot)
    if as_json:
        click.echo(json.dumps(_to_json(found)))
    else:
        ascii_only = plain or around.config.session.ascii or not (sys.stdout.encoding or "").lower().startswith("utf")
        click.echo("\n".join(_told(found, MARKS if ascii_only else BLOCKS)))


def _paces(around: Surroundings) -> dict[str, tuple[Pace, float]]:
    """What is planned with, by name, with how many units of it make one."""
    paces = around.reader.paces
    return {"a title": (paces[0], 1), f"an abstract of {WORDS} words": (paces[1], WORDS), "a first pass": (paces[2], 1)}


def _pace(around: Surroundings) -> Iterator[str]:
    yield "What a reading takes by the plan; a band only once it rests on ten looks"
    for name, (pace, units) in _paces(around).items():
        found = pace.estimate(units)
        band = f", {found.low:.0f} to {found.high:.0f} s" if found.low is not None and found.high is not None else ""
        learnt = f"learnt from {pace.n} looks" if pace.n else "prior only"
        yield f"  {name:<26} about {found.seconds:.0f} s{band}  ({learnt})"


def _pace_json(around: Surroundings) -> dict[str, object]:
    rows = {
        name: {"seconds": round(found.seconds, 1), "low": found.low, "high": found.high, "looks": pace.n}
        for name, (pace, units) in _paces(around).items()
        for found in [pace.estimate(units)]
    }
    return {"schema": 1, "pace": rows}


def spark(values: Sequence[float | None], steps: str) -> str:
    """One character for each value, the greatest the fullest; a blank where there is none."""
    top = max((value for value in values if value), default=0.0)
    last = len(steps) - 1
    return "".join(" " if value is None else steps[round(last * value / top) if top else 0] for value in values)


def _told(found: Statistics, steps: str) -> Iterator[str]:
    coffee = found.coffee
    spent = f"{coffee.spent_s / 60:.1f} of {coffee.budget_s / 60:.0f} min"
    yield f"{coffee.day}: {spent}, {_counted(coffee.refills, 'refill')}"
    yield f"the last seven days: {_counted(found.refills, 'refill')}, {_counted(found.pauses, 'pause')}"
    yield ""
    yield from _drawn(found, steps)
    yield from ("", "Precision: share of the judged papers that you kept or opened")
    for slot, one in found.slots.items():
        yield f"  {slot:<10} {figure(one.precision)}"
    yield f"  baseline {found.rival}: {figure(found.baseline.precision)}; triage evaluate says how it is known"
    yield ""
    if found.switched:
        from triage.pipeline.rivals import switched

        yield f"Ranker: {switched(found.switched)}"
    else:
        yield f"Ranker: {found.deployed}"
    yield f"Drift: {found.drift or 'none seen'}"


def _drawn(found: Statistics, steps: str) -> Iterator[str]:
    """The rows with sparklines; no row where there is nothing to draw."""
    minutes = [one.spent_s / 60 for one in found.coffees]
    kept = [float(found.kept.get(one.day, 0)) for one in found.coffees]
    hits = [_share(week.hits, week.judged) for week in found.weeks]
    above = [_share(week.above, week.ranked) for week in found.weeks]
    if minutes:
        mean = sum(minutes) / len(minutes)
        yield f"  minutes   {spark(minutes, steps)}  {mean:.1f} a coffee, the last {len(minutes)}"
        yield f"  kept      {spark(kept, steps)}  {sum(kept) / len(kept):.1f} a coffee"
    if any(hits):
        yield f"  hit rate  {spark(hits, steps)}  focus picks kept by week, {_percent(hits[-1])} in the last"
    if any(above):
        yield f"  passing   {spark(above, steps)}  above the threshold by week, {_percent(above[-1])} in the last"


def _percent(value: float | None) -> str:
    return "none" if value is None else f"{value:.1%}"


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _to_json(found: Statistics) -> dict[str, object]:
    coffee = found.coffee
    spent = {"date": coffee.day.isoformat(), "budget_s": coffee.budget_s, "spent_s": coffee.spent_s}
    return {
        "schema": 1,
        "coffee": {**spent, "refills": coffee.refills},
        "precision": {slot: _slot(one) for slot, one in found.slots.items()},
        "baseline": {"ranker": found.rival, **_slot(found.baseline)},
        "drift": {"alarm": bool(found.drift), "reason": found.drift},
        "ranker": {"deployed": found.deployed, "replaced": found.switched.ranker if found.switched else None},
        "last_seven_days": {"refills": found.refills, "pauses": found.pauses},
        "coffees": [
            {"date": one.day.isoformat(), "spent_s": one.spent_s, "kept": found.kept.get(one.day, 0)}
            for one in found.coffees
        ],
        "weeks": [
            {
                "monday": one.monday.isoformat(),
                "ranked": one.ranked,
                "above": one.above,
                "judged": one.judged,
                "kept": one.hits,
            }
            for one in found.weeks
        ],
    }


def _slot(one: Slotted) -> dict[str, object]:
    from triage.evaluate import interval_json

    return {"shown": one.shown, "kept": one.kept, **interval_json(one.precision)}


def _draw(found: Statistics, path: Path) -> None:
    from triage.errors import CannotCreate
    from triage.evaluate.plot import svg

    try:
        path.write_text(svg(list(_panels(found)), f"triage, {found.coffee.day}"), encoding="utf-8")
    except OSError as error:
        raise CannotCreate(f"{path}: cannot be written ({error.strerror}); check the folder and its rights") from error


def _panels(found: Statistics) -> Iterator[Panel]:
    from triage.evaluate import wilson
    from triage.evaluate.plot import Panel, Point

    days = [(f"{one.day:%m-%d}", one) for one in found.coffees]
    hits = [(f"{week.monday:%m-%d}", wilson(week.hits, week.judged)) for week in found.weeks]
    yield Panel("minutes of each coffee", " min", tuple(Point(label, one.spent_s / 60) for label, one in days))
    yield Panel(
        "papers kept of each coffee", "", tuple(Point(label, found.kept.get(one.day, 0)) for label, one in days)
    )
    yield Panel("precision of focus picks by week, 95 %", "", tuple(Point(a, b.value, b.low, b.high) for a, b in hits))
    passing = [(f"{week.monday:%m-%d}", _share(week.above, week.ranked)) for week in found.weeks]
    percent = tuple(Point(label, None if value is None else 100 * value) for label, value in passing)
    yield Panel("papers above the threshold by week", " %", percent)
