"""Stored papers to vectors and scores, in two stages: one run's work between fetching and the list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from triage import rank
from triage.errors import CannotWrite, InvalidInput, Unavailable
from triage.pipeline.archive import file_papers, move_old
from triage.pipeline.order import BACKGROUND, judged_ids, panel, rank_days
from triage.pipeline.progress import Progress, silent
from triage.pipeline.retention import A_RUN, Term, outlived, prune
from triage.pipeline.rivals import deployed
from triage.pipeline.vectors import embed_missing

if TYPE_CHECKING:
    from triage.embed import Encoder
    from triage.paper import Paper
    from triage.profile import Profile
    from triage.store import Store


@dataclass(slots=True)
class Scoring:
    """The work of one run, and what it did: `embedded` papers, `waiting` ones, `notes` for the reader.

    `stop` is asked between batches; True leaves the rest to the next run. `resumed` tells that the run before this one
    left something undone, so that no day passes for done by its looks.
    """

    store: Store
    profiles: Sequence[Profile]
    encoder: Encoder | None
    fast: Encoder | None
    types: Sequence[str]
    now: datetime
    progress: Progress = silent
    stop: Callable[[], bool] | None = None
    resumed: bool = False
    embedded: int = 0
    waiting: int = 0
    notes: list[str] = field(default_factory=list)
    _unread: int = 0

    @property
    def done(self) -> bool:
        """Whether all that can be read now was read."""
        return not self.waiting and not self._unread

    def let_go(self, term: Term) -> None:
        """Let go some of what the term has outlived: so much that nobody waits for it."""
        found = outlived(self.store, term, now=self.now)
        encoders = [one for one in (self.fast, self.encoder) if one]
        some = replace(found, papers=found.papers[:A_RUN])
        prune(self.store, some, encoders, progress=self.progress, stop=self.stop)

    def first_list(self, pinned: str) -> set[tuple[str, date]]:
        """Embed everything by the encoder that reads everything, and rank it by whoever decides today.

        Gives the profiles and days for which something was ranked.
        """
        self.embed()
        return self._rank(sorted({rank.DEFAULT, deployed(self.store, pinned)}))

    def rank_anew(self, rankers: Sequence[str]) -> None:
        """Rank edited profiles by what the fast encoder reads in a moment; the rest is remembered for the next run.

        Without its weights the kept order stays: what the careful encoder has read is no day's whole announcement.
        """
        if self.fast:
            try:
                self.embed()
            except InvalidInput:  # the next run tells how to mend them
                return
        self._rank(rankers)
        self.store.reopen_run()

    def embed(self) -> None:
        """Embed what has no vector yet, in the order of promise."""
        reader = self.fast or self.encoder
        if reader is None:
            return
        statements = self._statements
        texts = [*statements, *map(reader.paper_text, self._papers())]
        try:
            done, waiting = embed_missing(self.store, reader, texts, progress=self.progress, stop=self.stop)
        except Unavailable as fault:
            self.notes.append(f"{fault}; until then the words alone decide")
            return
        self.embedded += sum(text not in statements for text in done)
        self.waiting = sum(text not in statements for text in waiting)

    def second_stage(self, ranked: AbstractSet[tuple[str, date]]) -> None:
        """Let the careful encoder read the best fifth, and rank by every ranker; by the default only once all is read.

        `ranked` is what `first_list` gave.
        """
        if unread := self._reread(ranked):
            self.notes.append(unread)
        self._rank([name for name in rank.RANKERS if name != rank.DEFAULT or not unread])

    def file(self) -> None:
        """Bring the mapped file of vectors up to date, and move there what is old; the next run goes on."""
        if self.fast is None:
            return
        examples = {seed for one in self.profiles for seed in (*one.seeds, *one.avoid_seeds)}
        try:
            file_papers(self.store, self.fast, most=A_RUN, progress=self.progress, stop=self.stop)
            move_old(self.store, self.fast, examples, now=self.now)
        except (Unavailable, CannotWrite) as fault:
            self.notes.append(str(fault))

    def _rank(self, rankers: Sequence[str]) -> set[tuple[str, date]]:
        return rank_days(
            self.store,
            self.profiles,
            self.encoder,
            types=self.types,
            at=self.now,
            progress=self.progress,
            rankers=rankers,
            fast=self.fast,
        )

    def _reread(self, ranked: AbstractSet[tuple[str, date]]) -> str:
        """Let the careful encoder read the best fifth of the newest day, and what it compares it with.

        A day that was not ranked anew is left alone once its scores tell that the careful encoder took part, unless
        something was left undone. Gives the line for the reader when not all could be read.
        """
        best = [paper for profile in self.profiles for paper in self._best(profile, ranked)]
        if not best or self.encoder is None or self.fast is None:
            return ""
        day = self.store.announcement_days(most=1)[0]
        ordinary = panel(self.store, day, self.store.announced(day, day, self.types))
        texts = map(self.encoder.paper_text, [*self._judged(), *best, *ordinary])
        told = [*self._statements, *texts]
        try:
            _, waiting = embed_missing(self.store, self.encoder, told, progress=self.progress, stop=self.stop)
        except (Unavailable, InvalidInput) as fault:
            return f"{fault}; until then the fast encoder alone decides"
        self._unread, name = len(waiting), self.encoder.name
        return f"{len(waiting)} papers still to be read by {name}; the next fetch goes on" if waiting else ""

    def _best(self, profile: Profile, ranked: AbstractSet[tuple[str, date]]) -> list[Paper]:
        """The best fifth of the newest day by the stored scores; none where that day is done."""
        day = self.store.announcement_days(most=1)
        found = self.store.ranking(profile.name, rank.DEFAULT, day[0]) if day else None
        if found is None:
            return []
        anew = self.resumed or (profile.name, found.announced) in ranked
        if "careful" in found.version and not anew:
            return []
        best = set(rank.best_share({one.paper.id: one.score for one in found.papers}))
        return [one.paper for one in found.papers if one.paper.id in best]

    def _papers(self) -> list[Paper]:
        """What the rankers read, in the order of promise: liked papers, shared ones, the newest day, the background."""
        days = self.store.announcement_days(most=1)
        newest = self.store.announced(days[0], days[0], self.types) if days else []
        shared = self.store.papers(self.store.shared(date.min)).values()  # each is embedded once, whenever it competes
        before = self.store.background(days[0] if days else date.max, BACKGROUND)
        return [*self._judged(), *shared, *newest, *before]

    @property
    def _statements(self) -> list[str]:
        return [profile.statement for profile in self.profiles]

    def _judged(self) -> Iterable[Paper]:
        """The examples of all profiles."""
        return self.store.papers(one for profile in self.profiles for one in judged_ids(self.store, profile)).values()
