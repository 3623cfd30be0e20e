"""Shown picks and verdicts to how far the reader's own measure lies from the prior, for each profile."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from triage import rank

if TYPE_CHECKING:
    from triage.rank import Calibration
    from triage.store import Store


def calibrations(store: Store, profiles: Iterable[str], ranker: str) -> dict[str, Calibration]:
    """What the verdicts on each profile's picks say of its chances.

    Every slot counts, since a chance was told for each; a paper without a verdict says nothing. Only the default
    ranker's own picks count, and only for it: another ranker's chances are borrowed by place.
    """
    judged: dict[str, list[rank.Judged]] = {name: [] for name in profiles}
    if ranker != rank.DEFAULT:
        return dict.fromkeys(judged, rank.Calibration())
    labels = store.labels()
    for one in store.first_shown(list(judged)):
        kind = labels.get((one.paper_id, one.profile)) or labels.get((one.paper_id, ""))
        if kind and one.worth is not None and one.ranker == rank.DEFAULT and not one.picked_by:
            judged[one.profile].append(rank.Judged(one.day, one.worth, kind != "dismiss"))
    return {name: rank.learn(known) for name, known in judged.items()}
