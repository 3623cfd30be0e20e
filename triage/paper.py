"""The records that travel between the modules: papers, scores, verdicts, the day's coffee, what a review found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from triage.errors import InvalidInput

AnnounceType = Literal["new", "cross", "replace", "replace-cross"]
Slot = Literal["focus", "adjacent", "explore"]
VerdictKind = Literal["keep", "dismiss", "open"]
CoffeeState = Literal["open", "left", "finished"]
Level = Literal[0, 1, 2]

REFILL_S = 300.0
"""What one refill adds to a coffee, in seconds."""

_ID = r"(?:[a-z-]+(?:\.[A-Z]{2})?/\d{2}(?:0[1-9]|1[0-2])\d{3}|\d{2}(?:0[1-9]|1[0-2])\.\d{4,5})"
_IDENTIFIER = re.compile(rf"(?P<id>{_ID})(?:v(?P<version>[1-9]\d*))?")
_PREFIX = re.compile(
    r"\A(?:oai:arXiv\.org:|arxiv:|https?://(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html|format)/)", re.IGNORECASE
)
_SUFFIX = re.compile(r"(?:\.pdf)?/?(?:[?#].*)?\Z", re.IGNORECASE)
_PAGES = re.compile(r"(\d{1,4})\s*(?:pages?|pp)\b", re.IGNORECASE)
_WITHDRAWN = re.compile(r"\bwithdrawn\b", re.IGNORECASE)


def split_identifier(text: str) -> tuple[str, int | None]:
    """Read an arXiv identifier or link as (identifier without version, version or None).

    Accepts `2611.09812v2`, `arXiv:…`, `oai:arXiv.org:…`, abs, pdf and html links, and old identifiers such as
    `math.GT/0309136`, whose canonical form drops the class (`math/0309136`).

    Raises:
        InvalidInput: the text is no arXiv identifier.
    """
    bare = _SUFFIX.sub("", _PREFIX.sub("", text.strip(), count=1), count=1)
    match = _IDENTIFIER.fullmatch(bare)
    if not match:
        raise InvalidInput(f"{text[:80]!r} is no arXiv identifier; they look like 2611.09812 or hep-th/9901001")
    canonical = re.sub(r"\.[A-Z]{2}/", "/", match["id"])
    return canonical, int(match["version"]) if match["version"] else None


def page_count(comment: str | None) -> int | None:
    """Read the body's page count from an arXiv comment: the first count, as in "12 pages, 5 figures"."""
    match = _PAGES.search(comment or "")
    return int(match[1]) or None if match else None


@dataclass(frozen=True, slots=True)
class Paper:
    """One arXiv paper: identifier without version, and the newest version's metadata as arXiv sent it.

    `categories` has the primary first. `submitted` is version 1, `updated` the version at hand (both aware, UTC,
    None until the API was asked). `announced` and `announce_type` describe the newest announcement, if any.
    Text is foreign and unescaped: `triage.text` makes it safe to show.
    """

    id: str
    title: str
    abstract: str
    version: int = 1
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    submitted: datetime | None = None
    updated: datetime | None = None
    comment: str | None = None
    doi: str | None = None
    journal_ref: str | None = None
    announced: date | None = None
    announce_type: AnnounceType | None = None

    @property
    def text(self) -> str:
        """What the rankers and encoders read: "title. abstract", as on the benchmark."""
        return f"{self.title}. {self.abstract}"

    @property
    def pages(self) -> int | None:
        """Pages of the body as the comment states them; None when it does not."""
        return page_count(self.comment)

    @property
    def withdrawn(self) -> bool:
        """The authors took it back: arXiv has no flag for it, only the comment of the newest version."""
        return bool(_WITHDRAWN.search(self.comment or ""))

    @property
    def url(self) -> str:
        """Link to the abstract page."""
        return f"https://arxiv.org/abs/{self.id}"

    @property
    def pdf_url(self) -> str:
        """Link to the PDF of the newest version."""
        return f"https://arxiv.org/pdf/{self.id}"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an announcement: the paper and why it is listed."""

    paper: Paper
    type: AnnounceType


@dataclass(frozen=True, slots=True)
class Estimate:
    """A reading time in seconds: the median, and the band that holds four reads of five.

    `low` and `high` are None until the reader's own pace is known well enough to name a band.
    """

    seconds: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Dwell:
    """One look of the reader at one paper: what the pace is learnt from, and nothing else.

    `session` is the instant (aware, UTC) at which the session began, `shown_at` that at which the look did. `level` is
    0 for a title row, 1 for an abstract, 2 for a first pass on the paper itself. `words` are those of the abstract,
    `active_s` the seconds in which somebody was there, `exposure` counts the looks at the paper in this session from 1.
    `outcome` is the verdict given during the look, "" where there was none; `rank` is the place on the list, `decile`
    the tenth of the prior worth. `idle_cut` says that the end was cut because nobody was there, `focus_lost` that the
    terminal lost the focus meanwhile, `away` that the paper was opened outside the terminal.
    """

    paper_id: str
    session: datetime
    shown_at: datetime
    level: Level
    words: int
    active_s: float
    outcome: VerdictKind | Literal[""] = ""
    rank: int = 0
    decile: int = 0
    exposure: int = 1
    idle_cut: bool = False
    focus_lost: bool = False
    away: bool = False


@dataclass(frozen=True, slots=True)
class ScoredPaper:
    """A paper with what the ranker and the budget say of it.

    `score` is the sum of `parts`. `probability` is the calibrated chance of a keep or an open, None until it was
    checked against enough of the reader's own verdicts. `chance` is the probability with which an explore pick was
    drawn, 1 for the others. `seconds` is the planned reading time, `estimate` what an attentive read of the abstract
    takes. `decile` is the tenth of the prior worth, 0 … 9. `picked_by` is the ranker that a trial owes the paper to,
    empty outside of trials; no front end shows it. `worth` is the prior chance that the list was chosen by, before the
    reader's own verdicts moved it.
    """

    paper: Paper
    score: float
    rank: int
    profile: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)
    why: tuple[str, ...] = ()
    probability: float | None = None
    slot: Slot = "focus"
    seconds: float = 0.0
    fits: bool = True
    chance: float = 1.0
    decile: int = 0
    estimate: Estimate | None = None
    picked_by: str = ""
    worth: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the reader decided about one paper, and when (aware, UTC)."""

    paper_id: str
    kind: VerdictKind
    at: datetime
    profile: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Coffee:
    """One local day of the ledger, shared by all terminals.

    `budget_s` is fixed when the day opens (and lowered by `--minutes`), `spent_s` is what was charged so far, both in
    seconds. A refill never changes `budget_s`: each one adds `REFILL_S` to what is left. "open" is a day whose session
    runs or has not begun, "left" one that ended early and can be taken up again, "finished" one that is over.
    """

    day: date
    budget_s: float
    spent_s: float = 0.0
    state: CoffeeState = "open"
    refills: int = 0

    @property
    def left_s(self) -> float:
        """Seconds of the coffee that are left, refills included; none on a finished day."""
        return 0.0 if self.state == "finished" else self.unspent_s

    @property
    def unspent_s(self) -> float:
        """Seconds that were never drunk, refills included; on a finished day they are lost."""
        return max(0.0, self.budget_s + self.refills * REFILL_S - self.spent_s)


ENOUGH = 20
"""Judged papers below which a share is not told: in the middle its interval is wider than 0.4."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A share with its interval (95 % unless said), all between 0 and 1; `value` is None when nothing was observed.

    `n` counts the observations; `effective` is how many independent, equally weighted ones say as much.
    """

    value: float | None
    low: float
    high: float
    n: int = 0
    effective: float = 0.0

    @property
    def told(self) -> bool:
        """Whether there is enough behind it to be said."""
        return self.value is not None and self.n >= ENOUGH


@dataclass(frozen=True, slots=True)
class Review:
    """What was found after one coffee: the deployed ranker's precision and its rival's, with 90 % intervals.

    `version` is that of the default ranker: a new one has a new chance. `apart` counts the sessions in a row after
    which the deployed one's interval lay below the rival's; `decided` is deployed from then on.
    """

    coffee: date
    ranker: str
    rival: str
    version: str
    mine: Interval
    theirs: Interval
    apart: int
    decided: str

    @property
    def switched(self) -> bool:
        """Whether this review replaced the ranker."""
        return self.decided != self.ranker
