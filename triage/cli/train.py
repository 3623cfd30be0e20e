"""`triage train`: renew the fast encoder from the reader's own papers; it is kept only when it wins."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

import click

from triage.cli.progress import shown
from triage.cli.surroundings import Surroundings, pass_surroundings, profile_option
from triage.errors import Interrupted, Unavailable

if TYPE_CHECKING:
    from triage.embed import StaticEncoder
    from triage.train import Contest, Example

MOST = 200_000
"""The newest stored papers that are read: more text of old years was no gain, and memory stays below 4 GB."""

JUDGES = 10_000
"""The newest stored papers of which a tenth judges what was learnt from others: all that are ever held out."""


@click.command("train")
@click.option("--pairs", type=click.Path(path_type=Path), metavar="FILE", help="JSON lines (.gz too) for the store.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FOLDER", help="Another place for the encoder.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of all that is drawn by chance."
)
@click.option("--steps", type=click.IntRange(min=1), default=600, show_default=True, help="Steps of the training.")
@click.option("--dry-run", is_flag=True, help="Train and compare, and change nothing.")
@profile_option
@pass_surroundings
def train_command(
    around: Surroundings, pairs: Path | None, out: Path | None, seed: int, steps: int, dry_run: bool
) -> None:
    """Example: triage train --dry-run

    Train the fast encoder anew from the titles and abstracts that are stored, in about five minutes for 100,000
    papers. It takes the place of the present one only when it finds the abstracts of your newest papers by their titles
    more often; those papers are held out of the training. The next session or fetch ranks by it.
    """
    from triage import train

    place = out or around.own_encoder
    train.check_place(place)
    rival = _rival(around, out)
    own = _own(around, JUDGES if pairs else MOST) if not (pairs and out) else []
    told, held = train.split(train.read_pairs(pairs), own) if pairs else train.split(own)
    recipe, beside = train.Recipe(seed=seed, steps=steps), Path(gettempdir()) / "encoder" if dry_run else place
    source = pairs.name if pairs else "a reader's store"
    try:
        with (
            around.lock("train", "another triage train is running"),
            shown() as report,
            train.trained(told, recipe, beside, progress=lambda *step: report("training", *step)) as new,
        ):
            result = train.contest(new, rival, held)
            if result.won and not dry_run:
                train.install(new, place, train.card(told, source, recipe, result))
    except KeyboardInterrupt as end:
        raise Interrupted("interrupted; what was learnt is gone, the present encoder stays") from end
    if result.won and not (dry_run or out):
        around.store.reopen_run()
    whose = " of those stored" if set(held) <= set(own) else ""
    click.echo(_told(result, len(told), f"{whose}{_since(held)}", place, dry_run=dry_run))


def _own(around: Surroundings, most: int) -> list[Example]:
    """The newest stored papers: what is learnt from, or what judges what was learnt from others."""
    from triage import train

    there = around.config.folders.database.exists()
    return train.examples(around.store.background(date.max, most)) if there else []


def _rival(around: Surroundings, out: Path | None) -> StaticEncoder | None:
    """The encoder that would be replaced, whole: it is read before the training; none where a new folder is named."""
    from triage.embed import StaticEncoder

    present = StaticEncoder(out) if out else around.fast
    try:
        present.check()
    except Unavailable:
        return None
    return present


def _since(held: Iterable[Example]) -> str:
    since = min((one.day for one in held if one.day), default="")
    return f", since {since}" if since else ""


def _told(result: Contest, papers: int, which: str, place: Path, *, dry_run: bool) -> str:
    """Both figures, and what became of the new encoder; `which` are the papers that were held out."""
    lines = [
        f"learnt from {papers} papers; held out: the newest {result.n}{which}",
        "a title finds its own abstract first among them:",
        *([] if result.present is None else [f"  present encoder  {result.present:.1%}"]),
        f"  new encoder      {result.new:.1%}",
    ]
    if not result.won:
        return "\n".join([*lines, "the present encoder stays: the new one does not win"])
    if dry_run:
        return "\n".join([*lines, "the new one would take the place; nothing was changed (--dry-run)"])
    return "\n".join([*lines, f"the new encoder is in {place}"])
