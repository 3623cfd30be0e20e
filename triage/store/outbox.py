"""The outbox: a mail is kept before it is sent and marked after, so that none is lost and none comes twice."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, cast

from triage.store.connection import Connection, day_or_none, iso

MailState = Literal["pending", "sent"]


@dataclass(frozen=True, slots=True)
class Mail:
    """One composed mail; `message_id` is the same for the same recipient, announcement and profiles."""

    message_id: str
    recipient: str
    announced: date | None
    profiles: tuple[str, ...]
    papers: tuple[str, ...]
    message: bytes
    state: MailState = "pending"


class Outbox(Connection):
    """The room of the mails."""

    def mail(self, message_id: str) -> Mail | None:
        """The mail with this Message-ID, if one was composed."""
        return next(iter(self._mails("message_id = ?", message_id)), None)

    def pending_mails(self, recipient: str) -> list[Mail]:
        """What could not be sent to a recipient yet, oldest first."""
        return self._mails("state = 'pending' AND recipient = ?", recipient)

    def _mails(self, condition: str, value: str) -> list[Mail]:
        rows: list[Any] = self.rows(
            "SELECT message_id, recipient, announced, profiles, papers, message, state FROM mails "
            f"WHERE {condition} ORDER BY composed_at",
            (value,),
        )
        return [_mail(*row) for row in rows]

    def add_mail(self, mail: Mail, *, at: datetime) -> None:
        """Keep a mail that is about to be sent; a pending one of the same Message-ID is replaced."""
        with self.write() as db:
            db.execute(
                "INSERT INTO mails (message_id, recipient, announced, profiles, papers, message, state, composed_at) "
                "VALUES (?, ?, ?, ?, ?, ?, 'pending', ?) ON CONFLICT DO UPDATE SET message = excluded.message, "
                "papers = excluded.papers, composed_at = excluded.composed_at WHERE state = 'pending'",
                (
                    mail.message_id,
                    mail.recipient,
                    iso(mail.announced),
                    json.dumps(mail.profiles),
                    json.dumps(mail.papers),
                    mail.message,
                    iso(at),
                ),
            )

    def mark_sent(self, message_id: str, *, at: datetime) -> None:
        """Remember that the server took the mail."""
        with self.write() as db:
            db.execute("UPDATE mails SET state = 'sent', sent_at = ? WHERE message_id = ?", (iso(at), message_id))


def _mail(
    number: str, recipient: str, announced: str | None, profiles: str, papers: str, message: bytes, state: str
) -> Mail:
    return Mail(
        number,
        recipient,
        day_or_none(announced),
        tuple(json.loads(profiles)),
        tuple(json.loads(papers)),
        message,
        cast("MailState", state),
    )
