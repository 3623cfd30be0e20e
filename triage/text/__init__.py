"""Foreign text made safe and readable: control characters out, TeX to Unicode, width by terminal cell."""

from __future__ import annotations

from triage.text.cells import shorten, width
from triage.text.latex import latex
from triage.text.safe import clean
from triage.text.tex import readable, words

__all__ = ["clean", "latex", "readable", "shorten", "width", "words"]
