"""What a likeness ordinarily is, by kind and encoder: the yardstick that turns every likeness into deviations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from triage.rank.records import Values
    from triage.rank.space import Kind

_PRIOR_COUNT = 20.0


@dataclass(frozen=True, slots=True)
class Ordinary:
    """What a likeness ordinarily is: its mean and deviation over papers that nobody chose.

    Fitted once over the benchmark's reading lists (medians over lists and draws). The mean of k likenesses varies
    less than one, so the variance is `deviation`² (1 + `single` / k). It counts as 20 papers beside the stored ones:
    with an empty store it decides alone, so that "nothing today" stays possible, and a word that no stored paper
    holds still has a deviation.
    """

    mean: float
    deviation: float
    single: float = 0.0

    def standardise(self, values: Values, sample: Values, k: int = 1) -> Values:
        """Give z of `values` by the mean and deviation of `sample` (NaN left out); NaN values become 0, the mean."""
        import numpy as np

        mean, deviation = self.measure(sample, k)
        return np.asarray(np.nan_to_num((values - mean) / deviation, nan=0.0), dtype=np.float64)

    def measure(self, sample: Values, k: int = 1) -> tuple[float, float]:
        """Mean and deviation of the sample's likenesses to k papers, with this ordinary as 20 more of them."""
        import numpy as np

        seen = sample[np.isfinite(sample)]
        total = len(seen) + _PRIOR_COUNT
        mean = (seen.sum() + _PRIOR_COUNT * self.mean) / total
        prior = self.deviation**2 * (1 + self.single / max(k, 1)) + (self.mean - mean) ** 2
        variance = (((seen - mean) ** 2).sum() + _PRIOR_COUNT * prior) / total
        return float(mean), float(np.sqrt(variance))

    def above(self, deviations: float) -> float:
        """The likeness to a single paper that lies so many deviations above the ordinary."""
        return float(self.mean + deviations * self.deviation * (1 + self.single) ** 0.5)

    def nearest(self, share: float, weight: float) -> Ordinary:
        """The ordinary where the nearest `share` of the papers has the `weight`: its mean lies higher.

        By how much is the intensity of selection of a normal variable, density at the cut over the share.
        """
        normal = NormalDist()
        intensity = normal.pdf(normal.inv_cdf(1 - share)) / share
        return replace(self, mean=self.mean + weight * intensity * self.deviation * self.single**0.5)


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """How near every paper lies to k others, (rows,), NaN where it was not read, and what is ordinary there."""

    values: Values
    ordinary: Ordinary
    k: int = 1


def standardise_together(found: Sequence[Likeness], rest: NDArray[np.bool_]) -> list[Values]:
    """Give z of each likeness by its own mean over the rows in `rest` and the largest deviation of all, NaN kept.

    Each has its own deviation, the smaller the more papers it is to: by that, half of a likeness to sixty papers would
    count for more than the whole to three.
    """
    measures = [one.ordinary.measure(one.values[rest], one.k) for one in found]
    widest = max(deviation for _, deviation in measures)
    return [(one.values - mean) / widest for one, (mean, _) in zip(found, measures, strict=True)]


WORDS = Ordinary(0.012, 0.0052, 1.1)
STATEMENT_TERMS = Ordinary(0.017, 0.0215)


@dataclass(frozen=True, slots=True)
class Habit:
    """What one encoder's cosines ordinarily are: to liked papers by the kind of frame, and to the statement."""

    liked: dict[Kind, Ordinary]
    statement: Ordinary


CAREFUL = Habit(
    {
        "whitened": Ordinary(0.0, 0.044, 1.9),
        "centred": Ordinary(0.0, 0.103, 0.9),
        "plain": Ordinary(0.34, 0.102, 0.35),
    },
    Ordinary(0.227, 0.112),
)
FAST = Habit(
    {"centred": Ordinary(0.0, 0.084, 0.8), "plain": Ordinary(0.067, 0.087, 0.65)},  # never whitened
    Ordinary(0.046, 0.105),
)
