"""What a reader has met: papers that come into an announcement after its list are late, not lost, and not the past."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from conftest import FRIDAY

from triage.paper import AnnounceType, Item, Paper, ScoredPaper
from triage.pipeline import remember
from triage.pipeline.met import Met, met_in_mails, met_in_sessions
from triage.store import Mail, Store

if TYPE_CHECKING:
    from triage.budget import Shortlist

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
DAY = timedelta(days=1)
TYPES = ("new", "cross")
MAIL = Mail("<1@x>", "me@x", FRIDAY - DAY)


def announce(store: Store, paper: Paper, announced: date, *, hours: int, kind: AnnounceType = "new") -> str:
    """Store a paper of an announcement some hours after `NOW`."""
    store.add_announcement([Item(paper, kind)], announced=announced, feed_day=announced, at=NOW + hours * DAY / 24)
    return paper.id


def test_papers_that_come_after_their_mail_are_late(store: Store, make_paper: Callable[..., Paper]) -> None:
    """Only those of its own announcement or of one that was known before, and only until the next mail."""
    announce(store, make_paper(), FRIDAY - 6 * DAY, hours=0)
    announce(store, make_paper(), FRIDAY - DAY, hours=0)
    assert met_in_mails(store, "me@x", TYPES) == Met(FRIDAY - 2 * DAY), "no mail, no late paper"
    store.add_mail(MAIL, at=NOW)
    late = announce(store, make_paper(), FRIDAY - DAY, hours=1)
    gap = announce(store, make_paper(), FRIDAY - 5 * DAY, hours=1)
    announce(store, make_paper(), FRIDAY - 7 * DAY, hours=1)  # fetched back: the past
    announce(store, make_paper(), FRIDAY, hours=1)
    announce(store, make_paper(), FRIDAY - DAY, hours=1, kind="replace")
    assert met_in_mails(store, "me@x", TYPES) == Met(FRIDAY - DAY, {FRIDAY - DAY: {late}, FRIDAY - 5 * DAY: {gap}})
    assert met_in_mails(store, "you@x", TYPES) == Met(FRIDAY - DAY), "a new address begins with the newest"
    store.mark_refused(MAIL.message_id, "554 no")
    assert met_in_mails(store, "me@x", TYPES) == Met(FRIDAY - 2 * DAY), "its whole day comes with the next"
    store.add_mail(replace(MAIL, message_id="<9@x>", announced=FRIDAY), at=NOW + 2 * DAY / 24)
    announce(store, make_paper(), FRIDAY + DAY, hours=3)
    assert met_in_mails(store, "me@x", TYPES) == Met(FRIDAY)


def test_no_announcement_is_nothing_met(store: Store) -> None:
    assert met_in_mails(store, "me@x", TYPES) == met_in_sessions(store, FRIDAY, TYPES) == Met()


def test_papers_that_come_after_their_session_join_the_next_day(
    store: Store, make_paper: Callable[..., Paper], make_day: Callable[..., Shortlist]
) -> None:
    shown = make_paper()
    announce(store, shown, FRIDAY, hours=0)
    listed = replace(make_day(), announced=FRIDAY, papers=(ScoredPaper(shown, 1.0, 1, "agents"),))
    for by in ("session", "comparison"):
        at = NOW if by == "session" else NOW + 5 * DAY / 24
        remember(store, listed, shown_by=by, day=FRIDAY, at=at)
    late = announce(store, make_paper(), FRIDAY, hours=2)
    assert met_in_sessions(store, FRIDAY, TYPES) == Met(), "today's own sessions are not behind the reader"
    assert met_in_sessions(store, FRIDAY + DAY, TYPES) == Met(FRIDAY, {FRIDAY: {late}})
    remember(store, listed, shown_by="session", day=FRIDAY + DAY, at=NOW + DAY)
    assert met_in_sessions(store, FRIDAY + 2 * DAY, TYPES) == Met(FRIDAY), "once"
