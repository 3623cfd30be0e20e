"""Which papers fit the coffee: an exact small knapsack over the focus picks, with shares for adjacent and explore."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from triage.budget.pace import unknown_reader
from triage.budget.reading import planned_seconds, reading_estimate

if TYPE_CHECKING:
    from triage.budget.pace import Reader
    from triage.paper import ScoredPaper, Slot

FILL = 0.85
"""The share of the minutes left that is planned: in simulation this overran one session in six, all of them half."""

UNSURE = 0.5
"""Adjacent papers are worth at least this share of the threshold (assumption): just below it the ranker is unsure."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one profile asks of its list.

    `max_items` counts all slots together. `threshold` is the probability of being worth reading from which a paper is
    a focus pick. `shares` are those of focus, adjacent and explore; a list keeps them on the average of many days.
    """

    max_items: int = 8
    threshold: float = 0.5
    shares: tuple[float, float, float] = (0.7, 0.2, 0.1)


@dataclass(frozen=True, slots=True)
class Rival:
    """What another ranker would have shown, best first, and which part of the explore picks is drawn from it."""

    papers: tuple[str, ...] = ()
    part: float = 0.5


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A paper under the profile that gets it: worth as a probability, cost in whole seconds rounded up."""

    scored: ScoredPaper
    profile: str
    worth: float
    cost: int
    slot: Slot

    @property
    def order(self) -> tuple[float, int, str]:
        """Best first; ties fall to the ranker's order and then to the identifier."""
        return -self.worth, self.scored.rank, self.scored.paper.id


@dataclass
class _Plan:
    """The list while it is made: what was picked beside the focus picks, and the seconds that are still free."""

    limits: Mapping[str, Limits]
    room: int
    rivals: Mapping[str, Rival] = field(default_factory=dict)
    picks: list[_Candidate] = field(default_factory=list)
    chances: dict[str, float] = field(default_factory=dict)

    def add(self, candidate: _Candidate, chance: float = 1.0) -> None:
        """Take one adjacent or explore pick."""
        self.picks.append(candidate)
        self.chances[candidate.scored.paper.id] = chance
        self.room -= candidate.cost

    def count(self, profile: str) -> int:
        """How many such picks a profile has."""
        return sum(candidate.profile == profile for candidate in self.picks)


def choose(
    ranked: Mapping[str, Sequence[ScoredPaper]],
    *,
    worth: Mapping[str, Mapping[str, float]],
    limits: Mapping[str, Limits],
    left_s: float,
    seed: int,
    reader: Reader | None = None,
    rivals: Mapping[str, Rival] | None = None,
) -> tuple[tuple[ScoredPaper, ...], tuple[ScoredPaper, ...]]:
    """Split the rankings of the profiles that share a coffee into (papers that fit, papers left out).

    `ranked` and `worth` are keyed by profile; `worth` gives each paper id its prior probability of being worth
    reading (a paper it does not know counts as 0). At most 85 % of `left_s` seconds is planned, at the pace of the
    `reader`, or at everybody's where nothing is known of them.

    Focus picks are worth at least the threshold; among them the set of greatest total worth is taken, after every
    profile that has a focus pick which fits was given one. Adjacent picks lie just below the threshold. Explore picks
    are drawn from all that lies below it, and `chance` records with what probability: a part of them from the papers
    that another ranker would have shown instead (`rivals`, by profile), since those tell most about what is missed, and
    the others uniformly. Both slots exist only beside focus picks, in proportion to them, and a fraction of a pick is
    rounded by a seeded draw, so that the shares hold on the average of many days although a list is short. What they do
    not use returns to the focus picks.

    A paper wanted by several profiles counts for the one where it is worth most; withdrawn papers are left out. The
    picks come in the order to read them (worth per second within focus, then adjacent, then explore) with `rank` as
    their place; what is left out follows by worth. The same input and seed give the same answer, in any order of input.
    """
    priced = _priced(ranked, worth, left_s, reader or unknown_reader())
    candidates = _candidates(priced, worth, limits)
    able = [candidate for candidate in candidates if not candidate.scored.paper.withdrawn]
    picks, chances = _picks(able, math.floor(FILL * max(0.0, left_s)), limits, rivals or {}, seed)
    taken = {candidate.scored.paper.id for candidate in picks}
    left = [candidate for candidate in candidates if candidate.scored.paper.id not in taken]
    fitting = [_placed(candidate, place, chances) for place, candidate in enumerate(picks, 1)]
    return tuple(fitting), tuple(_placed(one, place, None) for place, one in enumerate(left, len(picks) + 1))


def draw_one(rest: Iterable[ScoredPaper], *, seed: str, place: int) -> ScoredPaper | None:
    """Draw one explore pick uniformly from what is not on the list; None when nothing is left.

    `chance` records the probability, one in so many; `place` becomes its rank. The same rest and seed give the same
    pick, in any order of input.
    """
    pool = sorted((one for one in rest if not one.paper.withdrawn), key=lambda one: one.paper.id)
    if not pool:
        return None
    return replace(Random(f"{seed}:one").choice(pool), slot="explore", rank=place, chance=1 / len(pool))


def _picks(
    able: Sequence[_Candidate],
    capacity: int,
    limits: Mapping[str, Limits],
    rivals: Mapping[str, Rival],
    seed: int,
) -> tuple[list[_Candidate], Mapping[str, float]]:
    """The picks in reading order, and the chances of those among them that were drawn.

    The focus picks are chosen twice: once alone, to see what room they leave, and once beside the other slots.
    """
    focus = [candidate for candidate in able if candidate.slot == "focus"]
    most = {name: limit.max_items for name, limit in limits.items()}
    alone = _knapsack(focus, capacity, most)
    if not alone:
        return [], {}
    room = _side_room(focus, alone, capacity, limits)
    plan = _Plan(limits, room, rivals)
    _add_sides([candidate for candidate in able if candidate.slot != "focus"], alone, capacity, plan, seed)
    rest = {name: items - plan.count(name) for name, items in most.items()}
    beside = _knapsack(focus, capacity - (room - plan.room), rest)
    return _reading_order(beside + plan.picks), plan.chances


def _priced(
    ranked: Mapping[str, Sequence[ScoredPaper]],
    worth: Mapping[str, Mapping[str, float]],
    left_s: float,
    reader: Reader,
) -> dict[str, list[ScoredPaper]]:
    """Give every paper its decile, its reading time and its planned seconds; those that have some keep them."""

    def price(one: ScoredPaper, profile: str) -> ScoredPaper:
        decile = min(9, math.floor(10 * worth.get(profile, {}).get(one.paper.id, 0.0)))
        seconds = one.seconds or planned_seconds(one.paper, left_s, reader, decile)
        return replace(one, decile=decile, seconds=seconds, estimate=reading_estimate(one.paper, reader))

    return {profile: [price(one, profile) for one in scored] for profile, scored in ranked.items()}


def _candidates(
    ranked: Mapping[str, Sequence[ScoredPaper]],
    worth: Mapping[str, Mapping[str, float]],
    limits: Mapping[str, Limits],
) -> list[_Candidate]:
    """Every paper once, best first, under the profile that wants it most: as a focus pick, by worth, by name."""
    found: dict[str, _Candidate] = {}
    for profile in sorted(ranked):
        for scored in ranked[profile]:
            candidate = _candidate(scored, profile, worth.get(profile, {}).get(scored.paper.id, 0.0), limits[profile])
            rival = found.get(scored.paper.id)
            if rival is None or _claim(candidate) > _claim(rival):
                found[scored.paper.id] = candidate
    return sorted(found.values(), key=lambda candidate: candidate.order)


def _candidate(scored: ScoredPaper, profile: str, worth: float, limits: Limits) -> _Candidate:
    """Name the slot a paper could take, and round its price up."""
    slot: Slot = "explore"
    if worth >= limits.threshold:
        slot = "focus"
    elif worth >= UNSURE * limits.threshold:
        slot = "adjacent"
    return _Candidate(scored, profile, worth, max(1, math.ceil(scored.seconds)), slot)


def _claim(candidate: _Candidate) -> tuple[bool, float]:
    """How strongly a profile claims a paper that another one wants too."""
    return candidate.slot == "focus", candidate.worth


def _knapsack(candidates: Sequence[_Candidate], capacity: int, most: Mapping[str, int]) -> list[_Candidate]:
    """The exact best set of at most `capacity` seconds and `most` picks a profile.

    The number of profiles that get a pick counts first (each has its floor) and the total worth second.
    """
    pool = _undominated((one for one in candidates if one.cost <= capacity), most)
    by_profile: dict[str, list[_Candidate]] = {}
    for candidate in pool:
        by_profile.setdefault(candidate.profile, []).append(candidate)
    wanted = [candidate for name, mine in sorted(by_profile.items()) for candidate in mine[: most[name]]]
    if sum(candidate.cost for candidate in wanted) <= capacity:
        return wanted  # most mornings: time is not what binds
    return _best_set([(by_profile[name], most[name]) for name in sorted(by_profile)], capacity)


def _best_set(groups: Sequence[tuple[list[_Candidate], int]], capacity: int) -> list[_Candidate]:
    """Dynamic programming over the groups of (candidates, picks at most): exact, and without numpy.

    Only sets that no cheaper set matches in value are kept. A profile's first pick is worth more than all papers
    together, so that as many profiles as possible get one.
    """
    floor = 1.0 + sum(candidate.worth for mine, _ in groups for candidate in mine)
    front = [_Set(0, 0.0)]
    for mine, most in groups:
        by_count = [front, *([] for _ in range(min(most, len(mine))))]
        for candidate in mine:
            for count in reversed(range(len(by_count) - 1)):
                worth = candidate.worth + (floor if count == 0 else 0.0)
                grown = [one.with_pick(candidate, worth) for one in by_count[count]]
                within = [one for one in grown if one.cost <= capacity]
                by_count[count + 1] = _front([*by_count[count + 1], *within])
        front = _front([one for sets in by_count for one in sets])
    return front[-1].picks()


class _Set(NamedTuple):
    """Some picks: their cost and value together, the last one, and the set without it."""

    cost: int
    value: float
    last: _Candidate | None = None
    rest: _Set | None = None

    def with_pick(self, candidate: _Candidate, worth: float) -> _Set:
        """The set with one more."""
        return _Set(self.cost + candidate.cost, self.value + worth, candidate, self)

    def picks(self) -> list[_Candidate]:
        """The picks, the last one first."""
        return [] if self.last is None or self.rest is None else [self.last, *self.rest.picks()]


def _front(sets: Iterable[_Set]) -> list[_Set]:
    """The sets that nothing as cheap matches in value, by cost; among equals the first one."""
    kept: list[_Set] = []
    for one in sorted(sets, key=lambda one: (one.cost, -one.value)):
        if not kept or one.value > kept[-1].value:
            kept.append(one)
    return kept


def _undominated(candidates: Iterable[_Candidate], most: Mapping[str, int]) -> list[_Candidate]:
    """Drop what an optimal set never needs: papers beaten in worth and cost by a full list of the same profile."""
    kept: list[_Candidate] = []
    for candidate in sorted(candidates, key=lambda one: one.order):
        rivals = sum(one.profile == candidate.profile and one.cost <= candidate.cost for one in kept)
        if rivals < most[candidate.profile]:
            kept.append(candidate)
    return kept


def _side_room(
    focus: Sequence[_Candidate], alone: Sequence[_Candidate], capacity: int, limits: Mapping[str, Limits]
) -> int:
    """Seconds that adjacent and explore picks may use: what focus leaves free and its own share do not need.

    `alone` is the best set of focus picks without any others. One pick of each profile is kept in any case.
    """
    floor = _knapsack(focus, capacity, {name: min(1, limit.max_items) for name, limit in limits.items()})
    share = sum(candidate.cost * limits[candidate.profile].shares[0] for candidate in alone)
    return capacity - max(sum(candidate.cost for candidate in floor), math.ceil(share))


def _add_sides(below: Sequence[_Candidate], alone: Sequence[_Candidate], capacity: int, plan: _Plan, seed: int) -> None:
    """Draw the explore picks of every profile, then the adjacent ones, the profiles in an order drawn by the seed.

    Explore is drawn first and from all that lies below the threshold: its chances then depend on no other pick.
    """
    profiles = sorted({candidate.profile for candidate in alone})
    Random(f"{seed}:profiles").shuffle(profiles)
    length = {profile: _length(profile, alone, capacity, plan.limits[profile]) for profile in profiles}
    for profile in profiles:
        mine = [candidate for candidate in below if candidate.profile == profile]
        shown = sum(candidate.profile == profile for candidate in alone)
        rival = plan.rivals.get(profile, Rival())
        rival = replace(rival, papers=rival.papers[:shown])
        _explore(mine, length[profile], plan, profile, rival, Random(f"{seed}:explore:{profile}"))
    for profile in profiles:
        mine = [candidate for candidate in below if candidate.profile == profile and candidate.slot == "adjacent"]
        _adjacent(mine, length[profile], plan, profile, Random(f"{seed}:adjacent:{profile}"))


def _length(profile: str, alone: Sequence[_Candidate], capacity: int, limits: Limits) -> float:
    """How long the profile's whole list would be: its focus picks stand for their share, within items and minutes."""
    mine = [candidate.cost for candidate in alone if candidate.profile == profile]
    minutes = len(mine) * capacity / sum(candidate.cost for candidate in alone)
    share = limits.shares[0]
    return min(limits.max_items, minutes, len(mine) / share if share > 0 else math.inf)


def _explore(below: Sequence[_Candidate], length: float, plan: _Plan, profile: str, rival: Rival, rng: Random) -> None:
    """Draw explore picks from the papers that fit beside the focus picks, and record their chances.

    The number wanted is `quota` on average: its whole part, and one more with the probability of its fraction.
    """
    limits = plan.limits[profile]
    quota = min(limits.shares[2] * length, limits.max_items - 1)
    each = plan.room // max(1, math.ceil(quota))
    pool = sorted((one for one in below if one.cost <= each), key=lambda one: one.scored.paper.id)
    chances = _chances([one.scored.paper.id in rival.papers for one in pool], min(quota, len(pool)), rival.part)
    for candidate, chance in _drawn(pool, chances, rng):
        plan.add(replace(candidate, slot="explore"), chance)


def _chances(favoured: Sequence[bool], quota: float, part: float) -> list[float]:
    """Give each paper its chance, `quota` in sum: a part for the favoured, unless that were more than certainty."""
    n, few = len(favoured), sum(favoured)
    mixed = [quota * ((1 - part) / n + (part / few if one else 0.0)) for one in favoured] if few else []
    return mixed if mixed and max(mixed) <= 1.0 else [quota / n for _ in favoured]


def _drawn(pool: Sequence[_Candidate], chances: Sequence[float], rng: Random) -> Iterator[tuple[_Candidate, float]]:
    """Draw with exactly these chances: equal steps from a random start through the shuffled pool (Madow 1949)."""
    order = list(zip(pool, chances, strict=True))
    rng.shuffle(order)
    reached, start = 0.0, rng.random()
    for candidate, chance in order:
        before, reached = reached, reached + chance
        if math.floor(reached - start) > math.floor(before - start):
            yield candidate, chance


def _adjacent(near: Sequence[_Candidate], length: float, plan: _Plan, profile: str, rng: Random) -> None:
    """Take the best of the papers just below the threshold that the seconds still hold."""
    limits = plan.limits[profile]
    wanted = _rounded(limits.shares[1] * length, rng)
    count = min(wanted, limits.max_items - 1 - plan.count(profile))
    free = [candidate for candidate in near if candidate.scored.paper.id not in plan.chances]
    for candidate in _knapsack(free, plan.room, {profile: count}):
        plan.add(candidate)


def _rounded(quota: float, rng: Random) -> int:
    """Round at random so that the mean is the quota itself."""
    whole = math.floor(quota)
    return whole + (rng.random() < quota - whole)


def _reading_order(picks: Iterable[_Candidate]) -> list[_Candidate]:
    """Focus before adjacent before explore; within each, worth per second, since nobody knows when reading stops."""
    slots = ("focus", "adjacent", "explore")
    return sorted(picks, key=lambda one: (slots.index(one.slot), -one.worth / one.cost, *one.order))


def _placed(candidate: _Candidate, place: int, chances: Mapping[str, float] | None) -> ScoredPaper:
    """The candidate as a record: its place in the list, its profile and slot, and whether it fits."""
    chance = 1.0 if chances is None else chances.get(candidate.scored.paper.id, 1.0)
    return replace(
        candidate.scored,
        profile=candidate.profile,
        rank=place,
        slot=candidate.slot,
        fits=chances is not None,
        chance=chance,
    )
