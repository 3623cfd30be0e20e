"""A fictional announcement of two days, with invented papers, served over loopback HTTP in arXiv's own formats."""

from __future__ import annotations

from triage.demo.catalogue import DAYS
from triage.demo.server import FRIDAY, PROFILE, DemoServer, demo_home

__all__ = ["DAYS", "FRIDAY", "PROFILE", "DemoServer", "demo_home"]
