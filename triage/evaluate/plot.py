"""Figures over time as one SVG drawing, by the mail's template engine: four panels need no plotting library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 120
"""One panel, in pixels."""


@dataclass(frozen=True, slots=True)
class Point:
    """One bar: what stands below it, its value (None leaves a gap), and its interval where it has one."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """A row of bars under a title; `unit` follows the greatest value at the axis."""

    title: str
    unit: str
    points: tuple[Point, ...]

    @property
    def top(self) -> float:
        """The value at the top of the panel."""
        return max((one.high or one.value or 0.0 for one in self.points), default=0.0) or 1.0


def svg(panels: Sequence[Panel], title: str) -> str:
    """Draw the panels below each other; every text is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("triage.evaluate", "templates")
    drawn = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, loader=loader)
    template = drawn.get_template("figures.svg.j2")
    return template.render(panels=panels, title=title, width=WIDTH, height=HEIGHT)
