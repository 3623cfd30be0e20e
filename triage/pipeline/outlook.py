"""What a change of a profile would do: to the last announcement's list, and to thirty days of papers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from triage import budget, rank
from triage.budget import Limits
from triage.errors import Unavailable
from triage.paper import Paper, ScoredPaper
from triage.pipeline.order import BACKGROUND, judged_ids, ordinary_pool, pool, query, unread
from triage.pipeline.progress import Progress, silent
from triage.pipeline.vectors import Lookups, embed_missing, say_cost
from triage.profile import WEEKDAYS
from triage.rank.wishes import found_authors, found_terms

if TYPE_CHECKING:
    from triage.budget import Reader
    from triage.embed import Encoder
    from triage.profile import Profile
    from triage.rank import Fitted, Pool, Query
    from triage.rank.records import Meaning, Values, Vectors
    from triage.store import Store

WINDOW = timedelta(days=30)
MOST = 20_000
"""Papers looked at: thirty days of seven hundred."""

PROMISING, PROMISING_TODAY = 300, 150
"""How many of the window, and of its newest day, are ranked with their words: those nearest by the fast encoder.

The rest counts as below the threshold. On 15,000 papers four profiles let through 125, 198, 232 and 348 of these, and
125, 207, 307 and 974 of all; their lists were the same. So a count is only the least from `CROWDED` on."""

CROWDED = 200

ANNOUNCEMENTS_A_WEEK = 5
COMMON = 0.2
"""A term in more than so large a share of the papers tells nothing."""

_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True, slots=True)
class Width:
    """How narrow a profile is: `passing` of `papers` in `days` announcements reach the threshold.

    `coffees` is how many of the profile's coffees they would fill on an ordinary announcement; None without minutes.
    """

    days: int
    papers: int
    passing: int
    coffees: float | None

    @property
    def share(self) -> float:
        """The share of the papers that reach the threshold."""
        return self.passing / self.papers if self.papers else 0.0

    @property
    def verdict(self) -> str:
        """The width in plain words."""
        if not self.papers:
            return "nothing stored to judge it by"
        if not self.passing:
            return f"nothing in {'thirty days' if self.days > 15 else f'{self.days} announcements'}: too narrow"
        if self.coffees is None:
            return "no minutes to read it in"
        if self.coffees < 0.5:
            return "less than half a coffee"
        whole = math.floor(self.coffees + 0.5)
        if whole == 1:
            return "about one coffee"
        told = _COUNTS[whole] if whole < len(_COUNTS) else str(whole)
        if self.passing >= CROWDED:
            return f"at least {told} coffees: too broad"
        return f"{told} coffees: {'broad' if whole == 2 else 'too broad'}"


@dataclass(frozen=True, slots=True)
class Listed:
    """The list of the last announcement: its picks in the order to read, what they take, and the whole coffee."""

    picks: tuple[ScoredPaper, ...]
    budget_s: float

    @property
    def seconds(self) -> float:
        """What the picks take."""
        return sum(pick.seconds for pick in self.picks)

    @property
    def places(self) -> dict[str, int]:
        """Identifier to place, without what was only drawn from the rest."""
        return {pick.paper.id: pick.rank for pick in self.picks if pick.slot != "explore"}


@dataclass(frozen=True, slots=True)
class Move:
    """One paper whose place changes; None is not on the list."""

    paper: Paper
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """What one line of the profile does: in how many papers of the window it is met, and for how many it pays.

    It pays for a paper that passes and has it; an avoided term pays for one that it keeps out.
    """

    key: str
    index: int
    value: str
    papers: int
    pays: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a profile does; `before` and `width_before` are of the profile as it was, None where there was none."""

    announced: date | None
    after: Listed
    width: Width
    lines: tuple[Line, ...]
    before: Listed | None = None
    width_before: Width | None = None
    notes: tuple[str, ...] = ()

    @property
    def moves(self) -> list[Move]:
        """What enters, leaves and moves, in the new order; what leaves comes last."""
        before, after = (self.before.places if self.before else {}), self.after.places
        papers = {pick.paper.id: pick.paper for one in (self.before, self.after) if one for pick in one.picks}
        names = [*after, *(name for name in before if name not in after)]
        found = [Move(papers[name], before.get(name), after.get(name)) for name in names]
        return [move for move in found if move.before != move.after]


def preview(
    store: Store,
    profile: Profile,
    before: Profile | None = None,
    *,
    encoder: Encoder | None,
    fast: Encoder | None,
    today: date,
    types: Sequence[str] = ("new", "cross"),
    reader: budget.Reader | None = None,
    progress: Progress = silent,
) -> Preview:
    """Rank the stored papers for a profile, and for the same profile as it was `before`.

    Nothing is fetched and no ranking is stored; vectors that are missing are embedded and kept. `today` names the
    weekday whose minutes are the coffee, `types` the announcement types that are ranked, `reader` whose pace it is
    planned with: the one learnt from the stored looks when None.
    """
    window = _Window.of(store, types)
    if not window.papers:  # nothing to try the profile on: no model is loaded for that
        return Preview(None, Listed((), _coffee_s(profile, today)), Width(0, 0, 0, None), ())
    both = [profile, *([before] if before else [])]
    notes = _embed(store, window.papers, both, encoder, fast, types, progress)
    lookups = Lookups.of(store, encoder, fast)
    pace = reader or budget.learn(store.dwells())
    trials = [_Trial(window, one, query(lookups, one), _coffee_s(one, today), pace) for one in both]
    fitted = _judged(window, trials, lookups, window.newest or today, progress)
    after, old = trials[0], trials[1] if before else None
    if after.unfetched:
        notes.append(f"not fetched yet, so not in this preview: {', '.join(after.unfetched)}")
    return Preview(
        window.newest,
        after.listed(),
        after.width(),
        tuple(after.lines(fitted, lookups)),
        old.listed() if old else None,
        old.width() if old else None,
        tuple(notes),
    )


def _judged(window: _Window, trials: Sequence[_Trial], lookups: Lookups, before: date, progress: Progress) -> Fitted:
    """Rank what is promising for any of the profiles, fitted once for all of them."""
    rows = _centred((lookups.fast if lookups.fast.name else lookups.careful).paper_rows(window.papers))
    chosen = sorted({index for trial in trials for index in trial.promising(rows, fast=bool(lookups.fast.name))})
    papers, name = [window.papers[index] for index in chosen], trials[0].profile.name
    progress("ranking", name, 0, len(papers))
    fitted = rank.RANKERS[rank.DEFAULT].fit(pool(lookups, papers), _ordinary(lookups, before))
    for trial in trials:
        trial.judge(fitted)
    progress("ranking", name, len(papers), len(papers))
    return fitted


def _centred(rows: Vectors | None) -> Vectors | None:
    """The vectors less their mean; those that are missing are the mean."""
    import numpy as np

    if rows is None:
        return None
    there = np.isfinite(rows[:, 0])
    centred = np.zeros_like(rows)
    centred[there] = rows[there] - rows[there].mean(axis=0)
    return centred


def _ordinary(lookups: Lookups, before: date) -> Pool:
    """What is ordinary; of a large store a draw of 600 papers alone, which tells it in a third of the time.

    Those that the careful encoder has read to learn its frame are the first of the same draw.
    """
    ids = lookups.store.background_ids(before, rank.PANEL_OF)
    if len(ids) <= BACKGROUND:
        return ordinary_pool(lookups, before)
    return pool(lookups, lookups.store.papers(rank.panel(ids, rank.PANEL_MOST)).values())


def _coffee_s(profile: Profile, today: date) -> float:
    """The profile's coffee of a weekday in seconds; on a day without one its ordinary coffee."""
    minutes = profile.weekdays.get(WEEKDAYS[today.weekday()], profile.minutes) or profile.minutes
    return 60 * (minutes or max(profile.weekdays.values(), default=0.0))


def _embed(
    store: Store,
    papers: Sequence[Paper],
    profiles: Sequence[Profile],
    encoder: Encoder | None,
    fast: Encoder | None,
    types: Sequence[str],
    progress: Progress,
) -> list[str]:
    """Embed statements and examples with both encoders, and everything with the fast one; notes on what cannot be.

    What the next run would give a model that is new here is said before it reads anything.
    """
    examples = list(store.papers(one for profile in profiles for one in judged_ids(store, profile)).values())
    statements = [profile.statement for profile in profiles]
    notes = []
    for reader, others in ((fast, papers), (encoder, ())):
        if reader is None:
            continue
        try:
            if reader is encoder:
                say_cost(store, reader, unread(store, profiles[0], reader, types), progress)
            embed_missing(
                store, reader, [*statements, *map(reader.paper_text, [*examples, *others])], progress=progress
            )
        except Unavailable as fault:
            notes.append(str(fault))
    return notes


@dataclass(frozen=True)
class _Window:
    """The papers of the last thirty days, and their texts in small letters, to be searched for words."""

    papers: tuple[Paper, ...]
    days: tuple[date | None, ...]
    newest: date | None

    @classmethod
    def of(cls, store: Store, types: Sequence[str]) -> _Window:
        """Announced papers, and those that `fetch --back` brought without an announcement."""
        stored = [(paper, _day(paper)) for paper in store.background(date.max, MOST)]
        newest = next(iter(store.announcement_days(most=1)), None)
        last = newest or max((day for _, day in stored if day), default=None)
        since = last - WINDOW if last else date.max
        found = [
            (paper, day) for paper, day in stored if day and day > since and (paper.announce_type or "new") in types
        ]
        return cls(tuple(paper for paper, _ in found), tuple(day for _, day in found), newest)

    @cached_property
    def lower(self) -> list[str]:
        return [paper.text.lower() for paper in self.papers]

    @cached_property
    def signed(self) -> list[str]:
        return [" ".join(paper.authors).lower() for paper in self.papers]

    @cached_property
    def found(self) -> dict[tuple[str, str], set[int]]:
        """What `holding` and `by` found: the profile before and after mostly ask for the same."""
        return {}

    def holding(self, term: str) -> set[int]:
        """Which papers have a term as the ranker finds it; most are ruled out by its longest word."""
        key = "term", term
        if key not in self.found:
            self.found[key] = self._found(self.lower, term, lambda paper: found_terms(paper, [term]))
        return self.found[key]

    def by(self, author: str) -> set[int]:
        """Which papers an author signed, as the ranker tells."""
        key, last = ("author", author), author.split()[-1:] or [""]
        if key not in self.found:
            self.found[key] = self._found(self.signed, last[0], lambda paper: found_authors(paper, [author]))
        return self.found[key]

    def _found(self, texts: Sequence[str], term: str, held: Callable[[Paper], object]) -> set[int]:
        word = max(term.lower().split() or [""], key=len)
        hits = (index for index, text in enumerate(texts) if word in text or not text.isascii() or not word.isascii())
        return {index for index in hits if held(self.papers[index])}


def _day(paper: Paper) -> date | None:
    return paper.announced or (paper.submitted.date() if paper.submitted else None)


class _Trial:
    """One profile tried on the window."""

    def __init__(self, window: _Window, profile: Profile, asked: Query, coffee_s: float, reader: Reader) -> None:
        self.window, self.profile, self.asked, self.coffee_s, self.reader = window, profile, asked, coffee_s, reader
        judged = {paper.id for paper in (*asked.liked, *asked.disliked)}
        wanted = set(profile.categories)
        self.open = [
            index
            for index, paper in enumerate(window.papers)
            if wanted.intersection(paper.categories) and paper.id not in judged and not paper.withdrawn
        ]
        self.chances: dict[str, float] = {}
        self.scores: dict[str, float] = {}

    @property
    def unfetched(self) -> list[str]:
        """Seeds whose text is not stored."""
        there = {paper.id for paper in self.asked.liked}
        return [seed for seed in self.profile.seeds if seed not in there]

    @property
    def threshold(self) -> float:
        """The chance from which a paper passes."""
        return rank.THRESHOLD if self.profile.threshold is None else self.profile.threshold

    def promising(self, rows: Vectors | None, *, fast: bool) -> set[int]:
        """The papers that are ranked with all their words: the nearest ones, of the newest day and of all days."""
        import numpy as np

        likely = self._likely(rows, self.asked.fast if fast else self.asked.careful)
        order = [self.open[place] for place in np.argsort(-likely, kind="stable")]
        newest = [index for index in order if self.window.days[index] == self.window.newest]
        return {*order[:PROMISING], *newest[:PROMISING_TODAY]}

    def _likely(self, rows: Vectors | None, meaning: Meaning) -> Values:
        """How promising each open paper is, in deviations: by the first encoder, and by the reader's own words."""
        import numpy as np

        total = np.zeros(len(self.open))
        wished = set().union(*map(self.window.holding, self.profile.boost), *map(self.window.by, self.profile.authors))
        total += [index in wished for index in self.open]
        if rows is None or not self.open:
            return total
        rows = rows[self.open]
        for one in (meaning.statement, None if meaning.liked is None else np.nanmean(meaning.liked, axis=0)):
            if one is not None and np.isfinite(one).all():
                near = rows @ one
                total += (near - near.mean()) / (near.std() or 1.0)
        return total

    def judge(self, fitted: Fitted) -> None:
        """Rank what is promising, and keep the chance of every open paper of it."""
        self.scores, self.chances = self._chances(fitted, self.asked)

    def _chances(self, fitted: Fitted, asked: Query) -> tuple[dict[str, float], dict[str, float]]:
        scores = fitted.rank(asked)
        total, chances = scores.total, fitted.chances(asked, scores)
        assert chances is not None  # the deployed ranker is calibrated
        mine = {self.window.papers[index].id for index in self.open}
        told = [(paper.id, row) for row, paper in enumerate(fitted.papers) if paper.id in mine]
        return {name: float(total[row]) for name, row in told}, {name: float(chances[row]) for name, row in told}

    @cached_property
    def passing(self) -> set[str]:
        """Papers of the window that reach the threshold."""
        return {name for name, chance in self.chances.items() if chance >= self.threshold}

    def width(self) -> Width:
        """How narrow the profile is, by papers that were not judged yet."""
        papers = [self.window.papers[index] for index in self.open]
        # Two announcements a week are lost to weekends where only the day of submission is known.
        days = len({day for day in self.window.days if day and day.weekday() < ANNOUNCEMENTS_A_WEEK})
        demand = sum(
            budget.planned_seconds(paper, math.inf, self.reader, min(9, math.floor(10 * self.chances[paper.id])))
            for paper in papers
            if paper.id in self.passing
        )
        coffee = budget.FILL * self._coffee_of_an_announcement()
        return Width(days, len(papers), len(self.passing), demand / (days * coffee) if coffee and days else None)

    def _coffee_of_an_announcement(self) -> float:
        """Seconds of coffee for one announcement: a week's coffees over its five announcements."""
        week = sum(self.profile.weekdays.get(day, self.profile.minutes) for day in WEEKDAYS[:ANNOUNCEMENTS_A_WEEK])
        return 60 * week / ANNOUNCEMENTS_A_WEEK

    def listed(self) -> Listed:
        """The list of the newest announcement."""
        mine = [
            paper
            for index in self.open
            if (paper := self.window.papers[index]).id in self.scores and self.window.days[index] == self.window.newest
        ]
        ranked = sorted(mine, key=lambda paper: (-round(self.scores[paper.id], 9), paper.id))
        scored = [ScoredPaper(paper, self.scores[paper.id], place) for place, paper in enumerate(ranked, 1)]
        name = self.profile.name
        picks, _ = budget.choose(
            {name: scored},
            worth={name: self.chances},
            limits={name: Limits(self.profile.max_items, self.threshold, self.profile.shares)},
            left_s=self.coffee_s,
            seed=self.window.newest.toordinal() if self.window.newest else 0,
            reader=self.reader,
        )
        return Listed(picks, self.coffee_s)

    def lines(self, fitted: Fitted, lookups: Lookups) -> Iterator[Line]:
        """What each line of the profile is good for."""
        profile, window = self.profile, self.window
        opened, passed = set(self.open), {index for index in self.open if window.papers[index].id in self.passing}
        for at, name in enumerate(profile.categories):
            found = {index for index in opened if name in window.papers[index].categories}
            yield Line("categories", at, name, len(found), len(found & passed))
        yield from self._seed_lines(lookups, passed)
        for at, author in enumerate(profile.authors):
            found = window.by(author) & opened
            yield Line("authors", at, author, len(found), len(found & passed))
        for at, term in enumerate(profile.boost):
            found = window.holding(term) & opened
            yield Line("terms.boost", at, term, len(found), len(found & passed))
        if profile.avoid:
            _, without = self._chances(fitted, replace(self.asked, avoid=()))
            kept_out = {name for name, chance in without.items() if chance >= self.threshold} - self.passing
            for at, term in enumerate(profile.avoid):
                found = window.holding(term) & opened
                hits = sum(window.papers[index].id in kept_out for index in found)
                yield Line("terms.avoid", at, term, len(found), hits)

    def _seed_lines(self, lookups: Lookups, passed: set[int]) -> Iterator[Line]:
        """A seed is met in the papers that pass and that no other example is nearer to."""
        import numpy as np

        reader = lookups.fast if lookups.fast.name else lookups.careful
        meaning = self.asked.fast if lookups.fast.name else self.asked.careful
        rows = reader.paper_rows([self.window.papers[index] for index in sorted(passed)])
        if meaning.liked is None or rows is None:
            return
        nearest = np.argmax(np.nan_to_num(rows @ meaning.liked.T, nan=-1.0), axis=1)
        counts = {paper.id: int((nearest == row).sum()) for row, paper in enumerate(self.asked.liked)}
        for at, seed in enumerate(self.profile.seeds):
            if seed in counts:
                yield Line("seeds", at, seed, counts[seed], counts[seed])
