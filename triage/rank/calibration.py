"""The prior chance that a paper is worth reading, from its fusion score: it decides when there is nothing today."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage.rank.records import Values
    from triage.rank.scope import Scope

# (liked papers up to, intercept, slopes of score, reach and cohesion); renewed by tests/benchmarks/calibration.py.
_LOGISTIC: tuple[tuple[float, float, float, float, float], ...] = (
    (0, -3.305, 4.434, -5.308, 0.0),
    (1, -5.981, 3.840, -4.772, 0.0),
    (3, -4.490, 4.369, -4.769, -1.263),
    (7, -4.666, 4.424, -3.713, -2.155),
    (15, -2.853, 4.889, -3.615, -3.737),
    (float("inf"), -4.738, 5.273, -2.391, -5.002),
)
_REACH, _COHESION = 5.48, 3.40
"""Medians over the benchmark's lists, in deviations: where a scope is not known the focus is taken for middling."""

_REACHES, _COHESIONS = (3.7, 8.3), (0.0, 7.2)
"""Least and greatest over the benchmark's lists: beyond them nothing was fitted, and a focus there is taken for the
nearest. Extended, the slopes would call papers hopeless that lie twenty deviations clear of all others."""

THRESHOLD = 0.07
"""Chance below which a paper is not shown, unless the profile names another.

Of an unconditional top five it shows 2.0 papers a day with 2.2 times the precision and 86 % of the hits, 1.4 of them on
a day that holds nothing (two stages, five liked papers, lists left out of the fit); 2.4 times, 90 % and 1.2 at ten, 2.2
and 87 % at three, 2.1 and 82 % at one, 2.0 and 80 % for a statement alone."""


def probability(total: Values, liked: int, scope: Scope) -> Values:
    """Prior chance that the reader keeps or opens a paper with this fusion score and so many liked papers, (n,).

    Logistic in the compressed score and the compressed scope of the focus, fitted on the benchmark's 19 narrow lists.
    The scope says what score a wanted paper has and how many others come near it: with it the tenths of what was told
    over lists left out lie within 0.03 of what came true (0.07 without), and the Brier score of the day's first five
    is 0.0736 instead of 0.0802 (five liked papers). Other rankers' scores have another scale and no prior.
    """
    import numpy as np

    intercept, slope, by_reach, by_cohesion = next(row[1:] for row in _LOGISTIC if liked <= row[0])
    reach, cohesion = (
        math.log1p(min(max(middling if known is None else known, least), greatest))
        for known, middling, (least, greatest) in (
            (scope.reach, _REACH, _REACHES),
            (scope.cohesion, _COHESION, _COHESIONS),
        )
    )
    odds = intercept + slope * compress(total) + by_reach * reach + by_cohesion * cohesion
    return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float64)


def compress(total: Values) -> Values:
    """Logarithm of one plus the score, 0 below 0: twice as near to the target adds less the nearer it is."""
    import numpy as np

    return np.log1p(np.maximum(np.asarray(total, dtype=np.float64), 0.0))
