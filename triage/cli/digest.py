"""`triage digest`: the shortlist by mail, at most once for a recipient and an announcement."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from triage.cli.surroundings import Surroundings, pass_surroundings, profile_option
from triage.cli.wording import look_again
from triage.errors import ConfigFault, TriageError, TryLater

if TYPE_CHECKING:
    from collections.abc import Sequence
    from email.message import EmailMessage

    from triage.budget import Shortlist
    from triage.profile import Profile

FETCH_S = 15 * 60.0
"""The network gets at most so long for one digest, in seconds."""


@dataclass(frozen=True)
class _Sent:
    """What became of one mail."""

    to: str
    state: str
    shortlist: Shortlist
    message_id: str | None = None
    fault: TriageError | None = None

    def to_json(self) -> dict[str, object]:
        listed = self.shortlist
        return {
            "to": self.to,
            "state": self.state,
            "message_id": self.message_id,
            "profiles": list(listed.profiles),
            "papers": [one.paper.id for one in listed.papers],
            "covers": {name: day.isoformat() for name, day in listed.covers.items()},
            "missing": dict(listed.missing),
        }


@click.command("digest")
@click.option("--output", type=click.Choice(["text", "html", "eml"]), help="Print the mail instead of sending it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.option("--no-fetch", is_flag=True, help="Use what is stored; ask arXiv nothing.")
@click.option("--to", metavar="ADDRESS", help="Another recipient than the one in the settings.")
@profile_option
@pass_surroundings
def digest_command(around: Surroundings, output: str | None, as_json: bool, no_fetch: bool, to: str | None) -> None:
    """Example: triage digest --output text

    Mail the shortlist. It fetches, embeds and ranks first unless the announcement is there already; it says nothing
    when all is well, so that cron stays silent. On a day with nothing worth it no mail goes out.
    """
    if output and as_json:
        raise click.UsageError("--output prints the mail and --json what became of it: choose one")
    late = None if no_fetch else _bring(around)
    if output:
        _print(around, output, to)
        return
    with around.lock("digest", "another triage digest is running"):
        sent = [_mail(around, recipient, focus) for recipient, focus in _recipients(around, to).items()]
    if as_json:
        click.echo(json.dumps({"schema": 1, "mails": [one.to_json() for one in sent]}))
    for one in sent:
        if one.fault:
            raise one.fault
    if late and not any(one.state == "sent" for one in sent):
        raise late


def _bring(around: Surroundings) -> TryLater | None:
    """Fetch and rank when something newer should be out; gives what to say when it is late.

    A fetch that runs already is waited for, and then there is mostly nothing left to do.
    """
    from triage.cli import fetch

    if not fetch.is_due(around):
        return None
    done = fetch.run(around, total_s=FETCH_S, wait_s=FETCH_S, needed=lambda: fetch.is_due(around))
    if done is None:
        return None
    if done.fault:
        raise done.fault
    for note in done.notes:
        click.echo(f"triage: {note}", err=True)
    if done.report.state != "stale":
        return None
    return TryLater(f"arXiv has not published today's batch yet; {look_again(done.next_look)}")


def _recipients(around: Surroundings, to: str | None) -> dict[str, list[Profile]]:
    """One mail for all profiles, and one more for each profile that names a recipient of its own."""
    found: dict[str, list[Profile]] = {}
    for profile in around.profiles:
        recipient = to or profile.to or around.config.digest.to
        if not recipient:
            raise ConfigFault('the digest has no recipient; add to config.toml: [digest] to = "you@example.org"')
        found.setdefault(recipient, []).append(profile)
    return found


def _shortlist(around: Surroundings, focus: Sequence[Profile]) -> Shortlist:
    """The list that the whole coffee of the day holds."""
    from triage.pipeline import shortlist

    return shortlist(
        around.store,
        focus,
        minutes=around.budget_s(focus) / 60,
        now=around.clock.now(),
        today=around.clock.today(),
        ranker=around.ranker,
        against=around.against,
        types=around.config.types,
        encoder=around.encoder,
        fast=around.fast,
        shown_by="digest",
        free=around.holidays,
    )


def _print(around: Surroundings, output: str, to: str | None) -> None:
    """Show the mail of the first recipient; nothing is kept or marked."""
    from triage import digest

    listed = _shortlist(around, around.profiles)
    precision = _precision(around, around.profiles)
    if output == "text":
        click.echo(digest.text_part(listed, precision=precision), nl=False)
    elif output == "html":
        click.echo(digest.html_part(listed, precision=precision))
    else:
        recipient, focus = next(iter(_recipients(around, to).items()))
        mail = _composed(around, _shortlist(around, focus), recipient)
        click.echo(mail.as_bytes(), nl=False, file=sys.stdout.buffer)


def _precision(around: Surroundings, focus: Sequence[Profile]) -> str:
    from triage.cli.wording import precision_line

    return precision_line(around.store, [profile.name for profile in focus])


def _composed(around: Surroundings, listed: Shortlist, recipient: str) -> EmailMessage:
    from triage import digest

    focus = [profile for profile in around.profiles if profile.name in listed.profiles]
    return digest.compose(
        listed,
        to=recipient,
        sender=around.config.digest.sender or recipient,
        now=around.clock.now(),
        precision=_precision(around, focus),
    )


def _mail(around: Surroundings, recipient: str, focus: Sequence[Profile]) -> _Sent:
    """Bring one recipient's mail on its way; what goes wrong is kept beside it, so that the others go out too."""
    listed = _shortlist(around, focus)
    try:
        return _send(around, recipient, listed)
    except TriageError as fault:
        number = _number(around, recipient, listed)
        return _Sent(recipient, "pending" if isinstance(fault, TryLater) else "failed", listed, number, fault)


def _number(around: Surroundings, recipient: str, listed: Shortlist) -> str | None:
    try:
        return str(_composed(around, listed, recipient)["Message-ID"])
    except TriageError:
        return None


def _send(around: Surroundings, recipient: str, listed: Shortlist) -> _Sent:
    """Send what earlier runs could not, then compose, keep, send and mark today's."""
    from triage.store import Mail

    for kept in around.store.pending_mails(recipient):
        if kept.announced != listed.announced:
            _deliver(around, _read(kept.message))
            around.store.mark_sent(kept.message_id, at=around.clock.now())
    if not listed.papers:
        return _Sent(recipient, "nothing", listed)
    message = _composed(around, listed, recipient)
    number = str(message["Message-ID"])
    before = around.store.mail(number)
    if before and before.state == "sent":
        return _Sent(recipient, "already-sent", listed, number)
    papers = tuple(one.paper.id for one in listed.papers)
    mail = Mail(number, recipient, listed.announced, listed.profiles, papers, message.as_bytes())
    around.store.add_mail(mail, at=around.clock.now())
    _deliver(around, message)
    with around.store.write():
        around.store.mark_sent(number, at=around.clock.now())
        _remember(around, listed)
    return _Sent(recipient, "sent", listed, number)


def _read(message: bytes) -> EmailMessage:
    """A kept mail as it was composed, with the Message-ID it had."""
    from email import message_from_bytes
    from email.policy import SMTP

    return message_from_bytes(message, policy=SMTP)


def _deliver(around: Surroundings, message: EmailMessage) -> None:
    from triage import digest

    settings = around.config
    digest.deliver(
        message,
        settings.digest,
        settings.smtp,
        password=lambda: digest.read_password(settings.smtp, environ=around.environ),
    )


def _remember(around: Surroundings, listed: Shortlist) -> None:
    """Keep the list as it was mailed: it decides what a reader who was away is told next time."""
    from triage.pipeline import remember

    remember(around.store, listed, shown_by="digest", day=around.clock.today(), at=around.clock.now())
