"""Whether the last announcements still look like those before them: scores, share above the threshold, hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from triage.evaluate.intervals import counted

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from triage.paper import Interval

RECENT_DAYS = 5
"""Announcements that are looked at: a week."""

REFERENCE_DAYS = 20
"""Announcements before those that they are compared with: four weeks."""

LEAST_REFERENCE = 10
"""Announcements that the reference must hold."""

MAJOR_SHIFT = 0.25
"""Population stability index from which a shift counts as major (Siddiqi 2006, Credit Risk Scorecards)."""

_BINS = 10
_CHI2_999 = 27.877
"""99.9 % quantile of chi-square with 9 degrees of freedom: where nothing has changed, the index times 1 / (1/n + 1/m)
is distributed so (Yurdakul 2018, Statistical Properties of Population Stability Index)."""

Z999 = 3.291
"""Standard normal quantile of a two-sided 99.9 % interval: a week is looked at every day, so an alarm needs more."""


@dataclass(frozen=True, slots=True)
class Day:
    """One announcement as it was ranked: all scores, and how many papers lay above the threshold of how many.

    `judged` and `hits` count the focus picks of it that were judged, and those kept or opened.
    """

    announced: date
    scores: tuple[float, ...]
    above: int
    judged: int = 0
    hits: int = 0


@dataclass(frozen=True, slots=True)
class Drift:
    """The last week against the reference window; `reason` is one line for the reader, empty without an alarm.

    `psi` is None while there are too few announcements (`days` counts them).
    """

    reason: str = ""
    psi: float | None = None
    limit: float = MAJOR_SHIFT
    days: int = 0

    @property
    def alarm(self) -> bool:
        """Whether something changed."""
        return bool(self.reason)


@dataclass(frozen=True, slots=True)
class Week:
    """One calendar week, named by its Monday: papers ranked, above the threshold, judged focus picks, hits."""

    monday: date
    ranked: int
    above: int
    judged: int
    hits: int


def drift(days: Sequence[Day]) -> Drift:
    """Compare the five newest announcements with the twenty before them; `days` in any order.

    Three things are looked at, each with a limit that chance alone seldom passes: the distribution of the scores, the
    share of papers above the threshold, and the share of focus picks that were kept or opened.
    """
    ordered = sorted((day for day in days if day.scores), key=lambda day: day.announced)
    recent, reference = ordered[-RECENT_DAYS:], ordered[-RECENT_DAYS - REFERENCE_DAYS : -RECENT_DAYS]
    if len(reference) < LEAST_REFERENCE:
        return Drift(days=len(ordered))
    before, now = ([score for day in some for score in day.scores] for some in (reference, recent))
    index, limit = psi(before, now), max(MAJOR_SHIFT, _CHI2_999 * (1 / len(before) + 1 / len(now)))
    told = [f"scores are distributed unlike the weeks before (PSI {index:.2f})"] if index > limit else []
    told += _changed("papers above the threshold", _above(reference), _above(recent))
    told += _changed("focus picks kept", _hits(reference), _hits(recent))
    return Drift("; ".join(told), index, limit, len(ordered))


def psi(reference: ArrayLike, recent: ArrayLike) -> float:
    """Population stability index of two samples over the deciles of the first; 0 where they agree.

    Sum over the bins of (p - q) ln(p / q). Half an observation is added to each bin, so that an empty one is finite;
    bins that are empty in both samples are none.
    """
    import numpy as np

    before = np.asarray(reference, dtype=np.float64)
    inner = np.unique(np.quantile(before, np.linspace(0, 1, _BINS + 1)[1:-1]))

    samples = (before, np.asarray(recent, dtype=np.float64))
    counts = np.array(
        [np.bincount(np.searchsorted(inner, one, side="right"), minlength=len(inner) + 1) for one in samples]
    )
    p, q = (row / row.sum() for row in counts[:, counts.any(axis=0)] + 0.5)
    return float(((q - p) * np.log(q / p)).sum())


def _changed(what: str, before: Interval, now: Interval) -> list[str]:
    """Say that a share changed, where there is enough on both sides and the intervals do not touch."""
    apart = now.low > before.high or now.high < before.low
    return [f"{what}: {now.value:.1%} against {before.value:.1%}"] if before.told and now.told and apart else []


def _above(days: Sequence[Day]) -> Interval:
    return counted(((day.above, len(day.scores)) for day in days), Z999)


def _hits(days: Sequence[Day]) -> Interval:
    return counted(((day.hits, day.judged) for day in days), Z999)


def weeks(days: Sequence[Day]) -> list[Week]:
    """Add the announcements up by calendar week, oldest first."""
    found: dict[date, list[Day]] = {}
    for day in sorted(days, key=lambda day: day.announced):
        found.setdefault(day.announced - timedelta(days=day.announced.weekday()), []).append(day)
    return [
        Week(
            monday,
            sum(len(day.scores) for day in some),
            sum(day.above for day in some),
            sum(day.judged for day in some),
            sum(day.hits for day in some),
        )
        for monday, some in found.items()
    ]
