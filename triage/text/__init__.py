"""Foreign text made safe and readable: control characters out, TeX to Unicode, width by terminal cell."""

from __future__ import annotations

from triage.text.cells import shorten, width
from triage.text.safe import clean
from triage.text.tex import readable, words

__all__ = ["clean", "readable", "shorten", "width", "words"]
