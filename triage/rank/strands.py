"""The strands of a focus: liked papers that are strangers to each other must not meet in one bland mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage.rank.records import Values

FEWEST = 2
"""A lone paper is no strand of its own: it goes with the strand it is nearest to."""


def strands(cosines: Values, names: Sequence[str], strange: float) -> list[list[int]]:
    """Part liked papers into strands, the largest first: average linkage down to a mean cosine of `strange`.

    `cosines` (k, k) are those of the papers among themselves, NaN where one was not embedded; the `names` settle
    ties, so that the order of the papers does not matter.
    """
    import numpy as np

    order = sorted(range(len(names)), key=lambda index: names[index])
    known = [index for index in order if np.isfinite(cosines[index, index])]
    if len(known) < 2 * FEWEST:
        return [order]
    groups = [[known[row] for row in group] for group in _linked(cosines[np.ix_(known, known)], strange)]
    groups.sort(key=lambda group: (-len(group), names[group[0]]))
    whole = [group for group in groups if len(group) >= FEWEST] or groups[:1]
    lone = [index for group in groups if group not in whole for index in group]
    homes = [int(np.argmax([cosines[np.ix_([index], group)].mean() for group in whole])) for index in lone]
    for index, home in zip(lone, homes, strict=True):
        whole[home].append(index)
    whole[0] += [index for index in order if index not in set(known)]
    return whole


def _linked(cosines: Values, strange: float) -> list[list[int]]:
    """Join the two groups of the largest mean cosine again and again, while it is above `strange`."""
    import numpy as np

    near = np.round(cosines, 9)
    np.fill_diagonal(near, -np.inf)
    groups: list[list[int]] = [[row] for row in range(len(near))]
    while len(groups) > 1:
        one, other = (int(at) for at in np.unravel_index(near.argmax(), near.shape))
        if near[one, other] <= strange:
            break
        sizes = len(groups[one]), len(groups[other])
        mean = (sizes[0] * near[one] + sizes[1] * near[other]) / sum(sizes)
        near[one], near[:, one] = mean, mean
        near[one, one] = -np.inf
        near = np.delete(np.delete(near, other, axis=0), other, axis=1)
        groups[one] = sorted([*groups[one], *groups.pop(other)])
    return groups
