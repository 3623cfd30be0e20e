"""The outbox: a mail is kept before it is sent and marked after, so that none is lost and none comes twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, cast

from triage.store.connection import Connection, day_or_none, iso

MailState = Literal["nothing", "pending", "sent"]
MailKind = Literal["digest", "heartbeat", "alert"]

_COLUMNS = "message_id, recipient, announced, profiles, papers, covers, missing, message, kind, state, refused"
_REACHED = "(state IN ('nothing', 'sent') OR (state = 'pending' AND refused = ''))"


@dataclass(frozen=True, slots=True)
class Mail:
    """One composed mail; `recipient` is the bare address, `announced` the announcement (or the day) it stands for.

    `covers` and `missing` are those of its list. `refused` is what the server said when it refused the mail for good:
    then it surely was not taken, and its days belong to the next mail. The state "nothing" is no mail: the
    announcement held nothing worth one.
    """

    message_id: str
    recipient: str
    announced: date
    profiles: tuple[str, ...] = ()
    papers: tuple[str, ...] = ()
    covers: Mapping[str, date] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    message: bytes = b""
    kind: MailKind = "digest"
    state: MailState = "pending"
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Streak:
    """The newest days in a row on which the digest was broken, oldest first, each with its reason."""

    days: tuple[date, ...]
    reasons: tuple[str, ...]


class Outbox(Connection):
    """The room of the mails, and of how the digest fared on each day."""

    def mail_for(self, recipient: str, announced: date, kind: MailKind = "digest") -> Mail | None:
        """The mail of a recipient for an announcement; there is at most one of each kind."""
        where = "recipient = ? AND announced = ? AND kind = ? ORDER BY composed_at DESC LIMIT 1"
        return next(iter(self._mails(where, recipient, iso(announced), kind)), None)

    def pending_mails(self, recipient: str) -> list[Mail]:
        """What was composed for a recipient and perhaps not sent, oldest first; what was refused for good is not."""
        where = "recipient = ? AND state = 'pending' AND refused = '' AND kind <> 'alert' ORDER BY announced"
        return self._mails(where, recipient)

    def last_mailed(self, recipient: str, before: date) -> tuple[date | None, str]:
        """The newest announcement before `before` that a recipient was mailed, or that held nothing worth a mail.

        With it when the last of these mails was composed; (None, "") where there is none.
        """
        where = f"recipient = ? AND announced < ? AND kind = 'digest' AND {_REACHED}"
        rows: list[Any] = self.rows(
            f"SELECT max(announced), max(composed_at) FROM mails WHERE {where}", (recipient, iso(before))
        )
        return day_or_none(rows[0][0]), rows[0][1] or ""

    def first_refused(self, recipient: str) -> date | None:
        """The oldest announcement whose mail was refused for good: the next one has to begin with it."""
        where = "recipient = ? AND kind = 'digest' AND state = 'pending' AND refused <> ''"
        return day_or_none(self.rows(f"SELECT min(announced) FROM mails WHERE {where}", (recipient,))[0][0])  # type: ignore[arg-type]

    def mailed_since(self, recipient: str, since: date) -> list[Mail]:
        """The digests a recipient was sent for the announcements from `since` on, oldest first."""
        where = "recipient = ? AND announced >= ? AND kind = 'digest' AND state = 'sent' ORDER BY announced"
        return self._mails(where, recipient, iso(since))

    def mailed_after(self, recipient: str, moment: datetime) -> bool:
        """Whether a recipient was sent any mail after a moment."""
        sql = "SELECT count(*) FROM mails WHERE recipient = ? AND sent_at >= ?"
        return self.rows(sql, (recipient, iso(moment)))[0][0] != 0

    def _mails(self, condition: str, *values: str | None) -> list[Mail]:
        rows: list[Any] = self.rows(f"SELECT {_COLUMNS} FROM mails WHERE {condition}", values)
        return [_mail(*row) for row in rows]

    def add_mail(self, mail: Mail, *, at: datetime) -> None:
        """Keep a mail before it is sent, in place of an older one for the same announcement.

        A digest also takes the place of those that were refused for good: its list covers their days.
        """
        with self.write() as db:
            same = (mail.recipient, iso(mail.announced), mail.kind)
            db.execute("DELETE FROM mails WHERE recipient = ? AND announced = ? AND kind = ?", same)
            if mail.kind == "digest":
                refused = "recipient = ? AND kind = 'digest' AND state = 'pending' AND refused <> ''"
                db.execute(f"DELETE FROM mails WHERE {refused}", (mail.recipient,))
            db.execute(
                f"INSERT INTO mails ({_COLUMNS}, composed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    mail.message_id,
                    mail.recipient,
                    iso(mail.announced),
                    json.dumps(mail.profiles),
                    json.dumps(mail.papers),
                    json.dumps({name: iso(day) for name, day in mail.covers.items()}),
                    json.dumps(dict(mail.missing)),
                    mail.message,
                    mail.kind,
                    mail.state,
                    mail.refused,
                    iso(at),
                ),
            )

    def begin_sending(self, message_id: str) -> None:
        """Count an attempt, before the server is asked; a mail that is sent again is pending once more.

        A full disk then stops the mail and not the mark: what could not be marked would go out with every run.
        """
        attempt = "attempts = attempts + 1, state = 'pending', refused = ''"
        with self.write() as db:
            db.execute(f"UPDATE mails SET {attempt} WHERE message_id = ?", (message_id,))

    def mark_sent(self, message_id: str, *, at: datetime) -> None:
        """Remember that the server took the mail."""
        with self.write() as db:
            db.execute("UPDATE mails SET state = 'sent', sent_at = ? WHERE message_id = ?", (iso(at), message_id))

    def mark_refused(self, message_id: str, reason: str) -> None:
        """Remember that the server refused the mail for good; one that it took before stays sent."""
        with self.write() as db:
            db.execute(
                "UPDATE mails SET state = iif(sent_at IS NULL, state, 'sent'), refused = iif(sent_at IS NULL, ?, '') "
                "WHERE message_id = ?",
                (reason, message_id),
            )

    def end_digest_day(self, day: date, reason: str, *, at: datetime) -> None:
        """Remember how the digest fared on a local day; "" is fine, and one fine run makes the day a fine one.

        A fine day ends a row of broken ones, so an alert that could not be sent is not sent any more.
        """
        with self.write() as db:
            db.execute(
                "INSERT INTO digest_days (day, reason, at) VALUES (?, ?, ?) ON CONFLICT (day) DO UPDATE "
                "SET reason = excluded.reason, at = excluded.at WHERE reason <> ''",
                (iso(day), reason, iso(at)),
            )
            if not reason:
                db.execute("DELETE FROM mails WHERE kind = 'alert' AND state = 'pending'")

    def broken_streak(self) -> Streak:
        """The newest days in a row, among those on which a digest ran, on which none ended well."""
        rows: list[Any] = self.rows(
            "SELECT day, reason FROM digest_days WHERE day > coalesce((SELECT max(day) FROM digest_days "
            "WHERE reason = ''), '') ORDER BY day"
        )
        return Streak(tuple(date.fromisoformat(row[0]) for row in rows), tuple(row[1] for row in rows))

    def broken_days(self, since: date) -> int:
        """How many days from `since` on were broken."""
        rows: list[Any] = self.rows("SELECT count(*) FROM digest_days WHERE day >= ? AND reason <> ''", (iso(since),))
        return int(rows[0][0])


def _mail(
    number: str,
    recipient: str,
    announced: str,
    profiles: str,
    papers: str,
    covers: str,
    missing: str,
    message: bytes,
    kind: str,
    state: str,
    refused: str,
) -> Mail:
    return Mail(
        number,
        recipient,
        date.fromisoformat(announced),
        tuple(json.loads(profiles)),
        tuple(json.loads(papers)),
        {name: date.fromisoformat(day) for name, day in json.loads(covers).items()},
        json.loads(missing),
        message,
        cast("MailKind", kind),
        cast("MailState", state),
        refused,
    )
