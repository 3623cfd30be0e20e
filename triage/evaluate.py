"""How good the picks were: precision with its interval, from numbers alone, without a clock or a database."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """A share with its interval, all between 0 and 1; `value` is None when nothing was observed."""

    value: float | None
    low: float
    high: float
    n: int = 0


def wilson(hits: int, n: int, z: float = 1.96) -> Interval:
    """Give the share hits / n with Wilson's score interval (1927); z = 1.96 covers 95 %.

    Unlike the textbook interval it stays inside 0 … 1 and says something at 0 or n hits; without any observation it
    is the whole range.

    Raises:
        ValueError: more hits than observations, or fewer than none.
    """
    if not 0 <= hits <= n:
        raise ValueError(f"{hits} hits of {n}: hits lie between 0 and n")
    if n == 0:
        return Interval(None, 0.0, 1.0)
    share, spread = hits / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * (share * (1 - share) / n + spread / (4 * n)) ** 0.5
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == n else min(1.0, middle + half)
    return Interval(share, low, high, n)


def precision(shown: Collection[str], positive: Collection[str]) -> Interval:
    """Share of the papers shown that were kept or opened, by identifier; hand in one slot's picks at a time.

    A paper shown twice counts once. Papers never reached must be left out of `shown`: they are no negatives.
    """
    judged = set(shown)
    return wilson(len(judged & set(positive)), len(judged))
