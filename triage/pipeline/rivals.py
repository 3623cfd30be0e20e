"""What the other rankers say of a list: worth on one scale, the draft of a trial, the explore picks' contenders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from random import Random
from typing import TYPE_CHECKING

from triage import evaluate, rank
from triage.budget import Rival

if TYPE_CHECKING:
    from triage.paper import Review, ScoredPaper
    from triage.store import Ranking, Store

TRUSTED, DOUBTED = 0.5, 0.8
"""Part of the explore picks that is drawn from what the rival would have shown: as long as the last review has the
deployed ranker in front, and when it has not. A ranker that sees nothing is then replaced sooner."""

Worth = Mapping[str, float]
"""The chance of being worth reading by identifier."""


def deployed(store: Store, pinned: str) -> str:
    """The ranker that decides today: the pinned one, else what the last review decided, else the default."""
    last = store.reviews(1)
    version = rank.RANKERS[rank.DEFAULT].version
    return evaluate.deployed(last[0] if last else None, pinned=pinned, default=rank.DEFAULT, version=version)


def rival(ranker: str) -> str:
    """The ranker that the deployed one is measured against, and that takes over when it loses."""
    return evaluate.STAND_IN if ranker != evaluate.STAND_IN else rank.DEFAULT


def replacement(store: Store, ranker: str) -> Review | None:
    """The review that put this ranker in the default's place; None for the default, and for one that was pinned."""
    if ranker == rank.DEFAULT or deployed(store, "") != ranker:
        return None
    return next((one for one in reversed(store.reviews()) if one.switched), None)


def switched(review: Review) -> str:
    """Say who ranks in whose place, since when and why."""
    figures = f"{review.mine.value or 0:.2f} (n = {review.mine.n}) against {review.theirs.value or 0:.2f}"
    since = f"since {review.coffee.isoformat()}"
    return (
        f"{review.decided} ranks in the place of {review.ranker} {since}: {figures} in {review.apart} sessions in a row"
    )


def worth(store: Store, rankings: Sequence[Ranking]) -> dict[str, float]:
    """The chances of all days, the newest day's where a paper was announced twice.

    Only the default ranker's scores are calibrated. Any other ranker's best paper of a day gets the chance that the
    default gave to its own best one, and so on down: the same minutes, threshold and "nothing today" hold for all.
    """
    found: dict[str, float] = {}
    for one in reversed(rankings):
        found |= one.worth if one.ranker == rank.DEFAULT else _matched(store, one.profile, one.ranker, one.announced)
    return found


def _matched(store: Store, profile: str, ranker: str, announced: date) -> dict[str, float]:
    """A ranker's order of a day with the default's chances; its own, where the default did not rank the day."""
    orders = store.orders(profile, announced, only=(ranker, rank.DEFAULT))
    own = orders.get(ranker, {})
    chances = sorted(orders.get(rank.DEFAULT, own).values(), reverse=True)
    return dict(zip(own, chances, strict=False))


def contender(store: Store, profile: str, ranker: str, days: Sequence[date]) -> Rival:
    """What the rival would have shown, best first; most explore picks are its, once it seems to be the better one."""
    found: dict[str, float] = {}
    for day in reversed(days):
        found |= _matched(store, profile, rival(ranker), day)
    last = next(iter(store.reviews(1)), None)
    doubt = last is not None and last.ranker == ranker and (last.mine.value or 0.0) < (last.theirs.value or 0.0)
    return Rival(tuple(sorted(found, key=lambda one: (-found[one], one))), DOUBTED if doubt else TRUSTED)


def drafted(
    store: Store,
    papers: Sequence[ScoredPaper],
    chances: Worth,
    *,
    rankers: tuple[str, str],
    days: Sequence[date],
    seed: int,
) -> tuple[list[ScoredPaper], dict[str, float]]:
    """Let two rankers pick in turns: the papers in the drafted order, each with its team, and the chance of each place.

    `papers` and `chances` are those of the first of the `rankers`, which is deployed.

    The two picks of a round get the same chance, that of the place in the deployed ranker's own list: so the threshold
    and the minutes treat both teams alike. Scores and reasons stay the deployed ranker's, and so tell nobody who
    picked what.
    """
    if not papers:
        return [], {}
    profile, ranked = papers[0].profile, {one.paper.id: one for one in papers}
    first = sorted(ranked, key=lambda one: (-chances.get(one, 0.0), ranked[one].rank, one))
    theirs: dict[str, float] = {}
    for day in reversed(days):
        theirs |= _matched(store, profile, rankers[1], day)
    second = sorted((one for one in theirs if one in ranked), key=lambda one: (-theirs[one], one))
    draft = evaluate.team_draft(first, second, Random(f"{seed}:trial:{profile}"))
    ladder = sorted((chances.get(one, 0.0) for one in ranked), reverse=True)
    steps = [sum(pair) / len(pair) for start in range(0, len(ladder), 2) for pair in [ladder[start : start + 2]]]
    listed = [replace(ranked[one], rank=place, picked_by=rankers[team]) for place, (one, team) in enumerate(draft, 1)]
    return listed, {one: steps[place // 2] for place, (one, _) in enumerate(draft)}
