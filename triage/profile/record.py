"""`Profile`: one narrow focus as a record, and `Problem`: one thing that is wrong in its file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from triage.errors import InvalidInput

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SLOTS = ("focus", "adjacent", "explore")
LONGEST_COFFEE = 240
"""Minutes; a longer "coffee" is a typing error."""

_WIDTH = 100
"""Characters of a line that are shown with a problem."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One narrow focus.

    `seeds` and `avoid_seeds` are arXiv identifiers without version. `minutes` is the coffee of an ordinary day and
    `weekdays` overrides it by "mon" … "sun". `threshold` is the chance of being worth reading that a paper must reach
    to be shown (None: the ranker's own default). `shares` are the shares of focus, adjacent and explore picks, and
    sum to one.
    """

    name: str
    statement: str
    categories: tuple[str, ...]
    seeds: tuple[str, ...] = ()
    avoid_seeds: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    boost: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    minutes: float = 15.0
    weekdays: Mapping[str, float] = field(default_factory=dict)
    max_items: int = 8
    threshold: float | None = None
    shares: tuple[float, float, float] = (0.7, 0.2, 0.1)
    model: str = ""
    revision: str = ""
    to: str = ""
    active: bool = True

    @property
    def fingerprint(self) -> str:
        """Names the state of everything that the ranking depends on; an edit of it changes the fingerprint."""
        ranked_by = (self.statement, self.categories, self.seeds, self.avoid_seeds, self.authors)
        told = json.dumps([*ranked_by, self.boost, self.avoid, self.model, self.revision])
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    @classmethod
    def load(cls, path: Path | str) -> Profile:
        """Read a profile from its file.

        Raises:
            InvalidInput: the file cannot be read, or something in it is wrong; the line says where and what to write.
        """
        from triage.profile.read import parse

        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise InvalidInput(f"{path}: cannot be read ({error.strerror}); check the path and its rights") from error
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8") from error
        profile, problems = parse(text, str(path))
        if profile is None:
            more = f" (and {len(problems) - 1} more: triage profile check)" if len(problems) > 1 else ""
            raise InvalidInput(f"{problems[0]}{more}")
        return profile


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a profile, and where: line and column count from 1, `source` is the line itself."""

    file: str
    line: int
    column: int
    message: str
    source: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"

    @property
    def shown(self) -> str:
        """The message, the line it is about, and a mark under the place; a long line is cut around it."""
        first = max(0, self.column - _WIDTH // 2)
        cut = self.source[first : first + _WIDTH].replace("\t", " ")
        if not cut.strip():
            return str(self)
        number = f"{self.line:>5} | "
        return f"{self}\n{number}{cut}\n{' ' * (len(number) + self.column - 1 - first)}^"
