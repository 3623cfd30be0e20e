"""The mails of a run: composed, kept, sent, marked; what an earlier run could not send goes first, and none twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from triage import digest
from triage.cli.progress import shown
from triage.errors import TriageError, TryLater
from triage.store import Mail

if TYPE_CHECKING:
    from email.message import EmailMessage

    from triage.budget import Shortlist
    from triage.cli.surroundings import Surroundings
    from triage.profile import Profile

BROKEN_DAYS = 3
"""After so many broken days in a row one alert goes out."""

_DAY = timedelta(days=1)

_WHOLE = ("ready", "nothing-worth-it", "quiet")
"""States of a list in which everything that was announced was read."""


@dataclass(frozen=True)
class Outcome:
    """What became of one mail: "sent", "already-sent", "nothing", "pending" or "failed", and what went wrong."""

    to: str
    state: str
    mail: Mail
    fault: TriageError | None = None

    def to_json(self) -> dict[str, object]:
        """One row of `triage digest --json`."""
        mail = self.mail
        return {
            "to": self.to,
            "state": self.state,
            "message_id": mail.message_id or None,
            "profiles": list(mail.profiles),
            "papers": list(mail.papers),
            "covers": {name: day.isoformat() for name, day in mail.covers.items()},
            "missing": dict(mail.missing),
        }


class Post:
    """One run. `until` is the moment of the clock at which it has to be over; `force` sends again what was sent."""

    def __init__(self, around: Surroundings, *, until: float, force: bool = False) -> None:
        self._around, self._until, self._force = around, until, force
        self._store = around.store
        self._secret: str | None = None

    def deliver(self, to: str, focus: Sequence[Profile]) -> list[Outcome]:
        """Bring a recipient's mails on their way: those of earlier runs, then today's.

        A mail that cannot be sent now holds back today's, whose days the next mail then covers. One that is refused
        for good does not: it is given up, and its days come with today's.
        """
        recipient = digest.mailbox(to)
        done, sound = self._again(to, recipient)
        if not sound:
            return done
        listed = self.listed(recipient, focus)
        if any(one.mail.announced == listed.announced and one.mail.kind == "digest" for one in done):
            return done
        today = self._today(to, recipient, listed)
        if today.state not in ("nothing", "already-sent"):
            done = [one for one in done if not one.fault]  # their days came with today's
        return [*done, today, *self._heartbeat(to, recipient, listed, today)]

    def _again(self, to: str, recipient: str) -> tuple[list[Outcome], bool]:
        """Send what earlier runs composed and perhaps did not send, as it is, up to the first that cannot be sent now.

        The second value is whether the way to the server is sound.
        """
        done: list[Outcome] = []
        for mail in self._store.pending_mails(recipient):
            done.append(self._send(to, mail))
            if done[-1].fault and not isinstance(done[-1].fault, digest.Refused):
                return done, False
        return done, True

    def listed(self, recipient: str, focus: Sequence[Profile]) -> Shortlist:
        """The list of the whole coffee, with every announcement since the last one that the recipient was mailed.

        Papers that came into an announcement after its mail are in it too.
        """
        from triage.pipeline import met_in_mails, shortlist

        around = self._around
        return shortlist(
            self._store,
            focus,
            minutes=around.budget_s(focus) / 60,
            now=around.clock.now(),
            today=around.clock.today(),
            ranker=around.ranker,
            against=around.against,
            types=around.config.types,
            encoder=around.encoder,
            fast=around.fast,
            met=met_in_mails(self._store, recipient, around.config.types),
            free=around.holidays,
            reader=around.reader,
        )

    def composed(self, to: str, listed: Shortlist) -> EmailMessage:
        """The mail of a list."""
        from triage.cli.wording import precision_line

        precision = precision_line(self._store, listed.profiles)
        return digest.compose(listed, to=to, sender=self._sender(to), now=self._now(), precision=precision)

    def _today(self, to: str, recipient: str, listed: Shortlist) -> Outcome:
        """Compose, keep, send and mark the mail of the newest announcement, unless there is none to send."""
        from triage.pipeline import remember

        announced = listed.announced or self._around.clock.today()
        before = self._store.mail_for(recipient, announced)
        if before and before.state == "sent":
            return self._send(to, before) if self._force else Outcome(to, "already-sent", before)
        mail = _mail(recipient, announced, listed)
        if not listed.papers:
            return Outcome(to, "nothing", self._nothing(mail, before, listed))
        try:
            message = self.composed(to, listed)
        except TriageError as fault:
            return Outcome(to, "failed", mail, fault)
        kept = _kept(mail, message)
        with self._store.write():
            self._store.add_mail(kept, at=self._now())
            remember(self._store, listed, shown_by="digest", day=self._around.clock.today(), at=self._now())
        return self._send(to, kept)

    def _nothing(self, mail: Mail, before: Mail | None, listed: Shortlist) -> Mail:
        """Remember that an announcement which was read whole is no part of a later catch-up."""
        if before is None and listed.announced and listed.state == "nothing-worth-it":
            number = f"nothing {mail.announced} {mail.recipient}"
            self._store.add_mail(replace(mail, message_id=number, state="nothing"), at=self._now())
        return mail

    def _send(self, to: str, mail: Mail) -> Outcome:
        """Send what is kept, and mark it; a dry run does neither."""
        settings = self._around.config
        if self._around.dry:
            return Outcome(to, "pending", mail)
        try:
            self._store.begin_sending(mail.message_id)
            with shown() as report:
                report("sending", mail.recipient, 0, 1)
                digest.deliver(
                    _read(mail.message),
                    settings.digest,
                    settings.smtp,
                    password=self._password,
                    clock=self._around.clock,
                    until=self._until,
                    waits=lambda seconds: report("deferred", f"again in {seconds:g} s", 0, None),
                )
                report("sending", mail.recipient, 1, 1)
        except digest.Refused as fault:
            self._store.mark_refused(mail.message_id, str(fault))
            return Outcome(to, "failed", mail, fault)
        except TriageError as fault:
            return Outcome(to, "pending" if isinstance(fault, TryLater) else "failed", mail, fault)
        self._store.mark_sent(mail.message_id, at=self._now())
        return Outcome(to, "sent", mail)

    def check(self) -> None:
        """Look whether there is a server and a password to send by.

        Raises:
            ConfigFault: there is not.
        """
        settings = self._around.config
        if settings.digest.transport == "smtp":
            digest.check(settings.smtp)
            if settings.smtp.user:
                self._password()

    def _password(self) -> str:
        """The password of the mail server, asked for once in a run."""
        if self._secret is None:
            self._secret = digest.read_password(self._around.config.smtp, environ=self._around.environ)
        return self._secret

    def _heartbeat(self, to: str, recipient: str, listed: Shortlist, today: Outcome) -> list[Outcome]:
        """The mail of a Monday on which none went out, where it is asked for and everything was read."""
        around, on = self._around, self._around.clock.today()
        asked = around.config.digest.send_empty == "weekly" and on.weekday() == 0
        empty = today.state in ("nothing", "already-sent") and listed.state in _WHOLE
        midnight = datetime.combine(on, time()).astimezone(UTC)
        if not (asked and empty) or self._store.mailed_after(recipient, midnight):
            return []
        if self._store.mail_for(recipient, on, "heartbeat"):
            return []
        message = digest.heartbeat(
            self._week(recipient, on), covers=listed.covers, to=to, sender=self._sender(to), now=self._now(), on=on
        )
        mail = Mail("", recipient, on, listed.profiles, (), listed.covers, listed.missing, kind="heartbeat")
        return [self._notice(to, mail, message)]

    def _week(self, recipient: str, monday: date) -> digest.Week:
        """What the seven days before a Monday brought."""
        since, store = monday - 7 * _DAY, self._store
        mails = store.mailed_since(recipient, since)
        return digest.Week(
            announcements=sum(since <= day < monday for day in store.announcement_days()),
            papers=len(store.announced(since, monday - _DAY, self._around.config.types)),
            mails=len(mails),
            mailed=sum(len(mail.papers) for mail in mails),
            verdicts=sum(one.at.astimezone().date() >= since for one in store.standing()),
            broken=store.broken_days(since),
        )

    def alert(self, to: str) -> list[Outcome]:
        """Say once, in a plain mail, that the digest was broken on three days in a row."""
        broken = self._store.broken_streak()
        if len(broken.days) < BROKEN_DAYS:
            return []
        recipient = digest.mailbox(to)
        mail = self._store.mail_for(recipient, broken.days[0], "alert")
        if mail is None:
            days = dict(zip(broken.days, broken.reasons, strict=True))
            message = digest.alert(days, to=to, sender=self._sender(to), now=self._now())
            return [self._notice(to, Mail("", recipient, broken.days[0], kind="alert"), message)]
        return [self._send(to, mail)] if mail.state == "pending" else []

    def _notice(self, to: str, mail: Mail, message: EmailMessage) -> Outcome:
        kept = _kept(mail, message)
        self._store.add_mail(kept, at=self._now())
        return self._send(to, kept)

    def _sender(self, to: str) -> str:
        return self._around.config.digest.sender or to

    def _now(self) -> datetime:
        return self._around.clock.now()


def _mail(recipient: str, announced: date, listed: Shortlist) -> Mail:
    """What is kept of a list's mail, before it is composed."""
    papers = tuple(one.paper.id for one in listed.papers)
    return Mail("", recipient, announced, listed.profiles, papers, listed.covers, listed.missing)


def _kept(mail: Mail, message: EmailMessage) -> Mail:
    return replace(mail, message_id=str(message["Message-ID"]), message=message.as_bytes())


def _read(message: bytes) -> EmailMessage:
    """A kept mail as it was composed, with the Message-ID it had."""
    from email import message_from_bytes
    from email.policy import SMTP

    return message_from_bytes(message, policy=SMTP)
