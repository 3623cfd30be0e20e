"""`triage evaluate`: the rankers against each other on the reader's own verdicts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from triage.cli.progress import shown
from triage.cli.surroundings import Surroundings, pass_surroundings, profile_option
from triage.cli.wording import figure
from triage.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from triage.evaluate import Calibration, Replay, Report, Trial
    from triage.paper import Interval, Slot

_HOW = (
    "Verdicts exist only for papers that were shown. A focus pick counts as one; what another ranker alone",
    "would have shown is known only where it was drawn as an explore pick, which counts as one over its chance:",
    "a baseline is judged fairly and its interval is wide. Adjacent picks, trial days and papers never reached",
    "count for nobody.",
)


@click.command("evaluate")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@profile_option
@pass_surroundings
def evaluate_command(around: Surroundings, as_json: bool) -> None:
    """Example: triage evaluate

    How good the lists were, from your own verdicts: the precision of the deployed ranker and of every baseline on the
    same days, recall estimated from the explore picks, calibration, and the winner of a trial once that is certain.
    """
    from triage import rank
    from triage.evaluate import report

    found = report(_over(around), tuple(rank.RANKERS), around.ranker, rank.DEFAULT)
    if as_json:
        click.echo(json.dumps(found.to_json()))
    else:
        from triage.pipeline.rivals import replacement, switched

        last = replacement(around.store, around.ranker)
        standing = switched(last) if last else f"{found.deployed} is deployed"
        click.echo("\n".join(_told(found, standing, around.against)))


def _over(around: Surroundings) -> list[Replay]:
    """The days, without a coffee of today that is not finished: who picked what in a trial stays hidden until then."""
    from triage.pipeline import replays

    today, coffee = around.clock.today(), around.coffee()
    names = [profile.name for profile in around.profiles] if around.profile else ()
    with shown() as report:
        found = replays(around.store, names, progress=report)
    return [one for one in found if one.coffee != today or coffee.state == "finished"]


def _told(found: Report, standing: str, against: str) -> Iterator[str]:
    yield f"{found.verdicts} verdicts in {found.coffees} coffees; {standing}"
    yield from ("", "Precision on the same days, at the shown length and at five")
    for name, figures in found.rankers.items():
        yield f"  {name:<16} {figure(figures.at_shown):<36} {figure(figures.at_five)}"
    yield from (f"  {line}" for line in _HOW)
    if found.left_out:
        days = found.compared + found.left_out
        yield f"  {found.left_out} of {days} days are left out: not every ranker had ranked them before your verdicts."
    yield from _rows("Slots", found.slots)
    if len(found.profiles) > 1:
        yield from _rows("Focus picks by profile", found.profiles)
    yield from ("", f"Recall of the focus picks, estimated from the explore picks: {figure(found.recall)}")
    yield from _calibrated(found.calibration)
    for trial in found.trials:
        yield from _trial(trial)
    if against and not found.trials:
        yield from ("", f"Trial against {against}: no coffee of it is over yet")


def _rows(title: str, shares: Mapping[Slot, Interval] | Mapping[str, Interval]) -> Iterator[str]:
    yield from ("", title)
    for name, one in shares.items():
        yield f"  {clean(name):<16} {figure(one)}"


def _calibrated(found: Calibration) -> Iterator[str]:
    yield ""
    if not found.told or found.brier is None or found.guess is None:
        yield f"Calibration: not enough yet (n = {found.n})"
        return
    yield f"Calibration: Brier score {found.brier:.3f}, {found.guess:.3f} for always saying the same (n = {found.n})"
    for one in found.bins:
        share = f"{one.kept.value:.2f}" if one.kept.value is not None else ""
        yield f"  promised {one.promised:.2f}, kept {share} ({one.kept.low:.2f}-{one.kept.high:.2f}, n = {one.kept.n})"


def _trial(one: Trial) -> Iterator[str]:
    yield ""
    verdict = f"{one.winner} is better" if one.winner else "no winner yet"
    yield f"Trial of {one.first} and {one.second}, {one.coffees} coffees: {verdict}"
    for name in (one.first, one.second):
        yield f"  {name:<16} {one.kept[name]} kept of {one.shown[name]} judged"
    if one.share.value is not None:
        sure = f"99 % {one.share.low:.2f}-{one.share.high:.2f}, n = {one.share.n}"
        yield f"  share of {one.first} in the kept papers {one.share.value:.2f} ({sure})"
