"""The outbox on real SQLite: one mail for a recipient and an announcement, none lost, and days in a row counted."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlite_utils import Database

from triage.store import Mail, Store
from triage.store.connection import iso
from triage.store.schema import migrations

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
FRIDAY = date(2026, 11, 20)
DAY = timedelta(days=1)
MAIL = Mail("<1@x>", "me@x", FRIDAY, ("mine",), ("2611.00001",), {"cs.LG": FRIDAY}, {"cs.CL": "late"}, b"one")


def test_a_mail_comes_back_as_it_was(store: Store) -> None:
    store.add_mail(MAIL, at=NOW)
    assert store.mail_for("me@x", FRIDAY) == MAIL
    assert store.mail_for("me@x", FRIDAY - DAY) is None
    assert store.mail_for("you@x", FRIDAY) is None
    assert store.mail_for("me@x", FRIDAY, "alert") is None


def test_one_mail_for_a_recipient_and_an_announcement(store: Store) -> None:
    store.add_mail(MAIL, at=NOW)
    other = replace(MAIL, message_id="<2@y>", message=b"two")
    store.add_mail(other, at=NOW)
    assert store.pending_mails("me@x") == [other]
    store.mark_sent("<2@y>", at=NOW)
    assert store.pending_mails("me@x") == []
    assert store.mail_for("me@x", FRIDAY) == replace(other, state="sent")
    assert store.mailed_after("me@x", NOW)
    assert not store.mailed_after("me@x", NOW + DAY)


def test_what_is_pending_comes_oldest_first(store: Store) -> None:
    for ago in (0, 2, 1):
        store.add_mail(replace(MAIL, message_id=f"<{ago}@x>", announced=FRIDAY - ago * DAY), at=NOW)
    assert [mail.message_id for mail in store.pending_mails("me@x")] == ["<2@x>", "<1@x>", "<0@x>"]


def test_a_mail_that_was_refused_for_good_gives_its_days_to_the_next(store: Store) -> None:
    store.add_mail(replace(MAIL, message_id="<0@x>", announced=FRIDAY - 2 * DAY), at=NOW)
    store.mark_sent("<0@x>", at=NOW)
    store.add_mail(replace(MAIL, announced=FRIDAY - DAY), at=NOW)
    assert store.last_mailed("me@x", FRIDAY)[0] == FRIDAY - DAY, "pending is as good as sent"
    store.mark_refused(MAIL.message_id, "554 no")
    assert store.last_mailed("me@x", FRIDAY)[0] == FRIDAY - 2 * DAY
    assert store.first_refused("me@x") == FRIDAY - DAY
    assert store.pending_mails("me@x") == []
    store.add_mail(replace(MAIL, message_id="<2@x>"), at=NOW)
    assert store.mail_for("me@x", FRIDAY - DAY) is None
    assert store.last_mailed("me@x", FRIDAY + DAY)[0] == FRIDAY


def test_the_last_mail_says_when_it_was_composed(store: Store) -> None:
    assert store.last_mailed("me@x", FRIDAY) == (None, "")
    store.add_mail(replace(MAIL, announced=FRIDAY - DAY), at=NOW)
    assert store.last_mailed("me@x", FRIDAY) == (FRIDAY - DAY, iso(NOW))
    assert store.last_mailed("you@x", FRIDAY) == (None, "")


def test_a_mail_that_was_sent_and_is_refused_at_the_next_sending_stays_sent(store: Store) -> None:
    store.add_mail(MAIL, at=NOW)
    store.mark_sent(MAIL.message_id, at=NOW)
    store.begin_sending(MAIL.message_id)
    assert store.pending_mails("me@x") == [MAIL], "a kill now, and the next run sends it"
    store.mark_refused(MAIL.message_id, "554 no")
    assert store.mail_for("me@x", FRIDAY) == replace(MAIL, state="sent")


def test_an_attempt_makes_a_refused_mail_pending_again(store: Store) -> None:
    store.add_mail(MAIL, at=NOW)
    store.mark_refused(MAIL.message_id, "554 no")
    store.begin_sending(MAIL.message_id)
    assert store.pending_mails("me@x") == [MAIL]


def test_a_day_with_nothing_worth_a_mail_is_behind_the_reader(store: Store) -> None:
    store.add_mail(replace(MAIL, message_id="nothing", state="nothing", papers=(), message=b""), at=NOW)
    assert store.last_mailed("me@x", FRIDAY + DAY)[0] == FRIDAY
    assert store.pending_mails("me@x") == []
    assert store.mailed_since("me@x", FRIDAY) == []


def test_broken_days_in_a_row_end_with_a_fine_run(store: Store) -> None:
    assert store.broken_streak().days == ()
    for ago, reason in ((4, "no network"), (3, ""), (2, "no network"), (1, "550"), (0, "no password")):
        store.end_digest_day(FRIDAY - ago * DAY, reason, at=NOW)
    assert store.broken_streak().days == (FRIDAY - 2 * DAY, FRIDAY - DAY, FRIDAY)
    assert store.broken_streak().reasons == ("no network", "550", "no password")
    assert store.broken_days(FRIDAY - 4 * DAY) == 4
    store.add_mail(replace(MAIL, kind="alert"), at=NOW)
    store.end_digest_day(FRIDAY, "", at=NOW)
    store.end_digest_day(FRIDAY, "broken once more", at=NOW)
    assert store.broken_streak().days == (), "one fine run makes the day a fine one"
    assert store.mail_for("me@x", FRIDAY, "alert") is None, "an alert that is not true any more is not sent"


def test_an_outbox_of_the_first_schema_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "triage.db"
    with closing(Database(path)) as db:
        for migration in migrations().pending(db):
            if migration.name < "m010":
                migration.fn(db)
                db["_sqlite_migrations"].insert(
                    {"migration_set": "triage", "name": migration.name, "applied_at": ""}, alter=True
                )
        db["mails"].insert(
            {
                "message_id": "<1@x>",
                "recipient": "me@x",
                "announced": "2026-11-20",
                "profiles": "[]",
                "papers": "[]",
                "state": "sent",
                "message": b"one",
                "composed_at": NOW.isoformat(),
            }
        )
    with closing(Store(path)) as store:
        kept = store.mail_for("me@x", FRIDAY)
    assert kept == Mail("<1@x>", "me@x", FRIDAY, message=b"one", state="sent")


def test_a_copy_takes_every_write_and_the_file_none(tmp_path: Path) -> None:
    path = tmp_path / "triage.db"
    with closing(Store(path)) as store:
        store.add_mail(MAIL, at=NOW)
        with closing(Store(path, copy=True)) as copy:
            copy.mark_sent(MAIL.message_id, at=NOW)
            assert copy.pending_mails("me@x") == []
        assert store.pending_mails("me@x") == [MAIL]
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    with closing(Store(path, copy=True)) as copy:
        assert copy.pending_mails("me@x") == [MAIL]
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == before
    with closing(Store(tmp_path / "absent" / "triage.db", copy=True)) as copy:
        assert copy.count() == 0
    assert not (tmp_path / "absent").exists()
