"""A share and how sure it is: Wilson's interval, also for weighted outcomes that come in clusters of one coffee."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from triage.paper import Interval

Z95 = 1.96
"""Standard normal quantile of a two-sided 95 % interval."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One judged paper: its coffee, whether it was kept or opened, and one over its chance of having been shown."""

    coffee: date
    positive: bool
    weight: float = 1.0


def wilson(hits: int, n: int, z: float = Z95) -> Interval:
    """Give the share hits / n with Wilson's score interval (1927); z = 1.96 covers 95 %.

    Unlike the textbook interval it stays inside 0 … 1 and says something at 0 or n hits; without any observation it
    is the whole range.

    Raises:
        ValueError: more hits than observations, or fewer than none.
    """
    if not 0 <= hits <= n:
        raise ValueError(f"{hits} hits of {n}: hits lie between 0 and n")
    return _score_interval(hits / n, n, n, z) if n else Interval(None, 0.0, 1.0)


@dataclass(slots=True)
class _Cluster:
    """The sums of one coffee: weight of the positive outcomes, weight of all, squared weights."""

    positive: float = 0.0
    weight: float = 0.0
    squared: float = 0.0


def share(outcomes: Iterable[Outcome], z: float = Z95) -> Interval:
    """Weighted share of positive outcomes (Hájek 1971), with Wilson's interval at the effective number of outcomes.

    That number is the smaller of Kish's (1965, squared sum of the weights over the sum of their squares) and the one
    whose binomial variance is the variance between coffees: papers of one coffee are not independent. Wilson's
    interval with an effective n is what Franco et al. (2019, J. Survey Statistics and Methodology 7:334) recommend for
    shares near 0 from complex samples.
    """
    clusters: dict[date, _Cluster] = {}
    found = list(outcomes)
    for one in found:
        cluster = clusters.setdefault(one.coffee, _Cluster())
        cluster.positive += one.weight * one.positive
        cluster.weight += one.weight
        cluster.squared += one.weight**2
    return _ratio(list(clusters.values()), len(found), z)


def counted(days: Iterable[tuple[int, int]], z: float = Z95) -> Interval:
    """The same from the counts of each day, (positive, all), every outcome of weight one."""
    clusters = [_Cluster(positive, n, n) for positive, n in days if n]
    return _ratio(clusters, sum(int(one.weight) for one in clusters), z)


def _ratio(clusters: Sequence[_Cluster], n: int, z: float) -> Interval:
    if not n:
        return Interval(None, 0.0, 1.0)
    total = sum(one.weight for one in clusters)
    value = min(1.0, sum(one.positive for one in clusters) / total)
    effective = total**2 / sum(one.squared for one in clusters)
    if len(clusters) > 1 and 0 < value < 1:
        residuals = sum((one.positive - value * one.weight) ** 2 for one in clusters)
        between = len(clusters) / (len(clusters) - 1) * residuals / total**2  # linearised variance of a ratio
        effective = min(effective, value * (1 - value) / between) if between > 0 else effective
    return _score_interval(value, effective, n, z)


def _score_interval(value: float, effective: float, n: int, z: float) -> Interval:
    spread = z * z / effective
    middle = (value + spread / 2) / (1 + spread)
    half = z / (1 + spread) * (value * (1 - value) / effective + spread / (4 * effective)) ** 0.5
    low = 0.0 if value == 0 else max(0.0, min(value, middle - half))
    high = 1.0 if value == 1 else min(1.0, max(value, middle + half))
    return Interval(value, low, high, n, effective)
