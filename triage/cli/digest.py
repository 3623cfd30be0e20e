"""`triage digest`: the shortlist by mail, at most once for a recipient and an announcement."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from triage.cli.surroundings import Surroundings, pass_surroundings, profile_option
from triage.cli.wording import look_again
from triage.errors import ConfigFault, TriageError, TryLater

if TYPE_CHECKING:
    from triage.cli.post import Outcome, Post
    from triage.profile import Profile

TOTAL_S = 15 * 60.0
"""One digest, from the first request to the last mail, gets at most so long, in seconds."""

OUTPUTS = ("text", "html", "eml", "md", "json")


def _recipient(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """One address, or -; a script's empty variable must not mean the recipient of the settings."""
    from triage.digest.headers import address

    if value is not None and value != "-":
        try:
            address(value, "--to")
        except ConfigFault as fault:
            raise click.UsageError(str(fault), ctx) from fault
    return value


@click.command("digest")
@click.option("--output", type=click.Choice(OUTPUTS), help="Print the mail in this form instead of sending it.")
@click.option(
    "--to",
    metavar="ADDRESS",
    callback=_recipient,
    help="Another recipient than the one in the settings; - prints the mail.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be sent; ask arXiv nothing, send and write nothing.")
@click.option("--force", is_flag=True, help="Send today's mail again, as it was.")
@click.option("--no-fetch", is_flag=True, help="Use what is stored; ask arXiv nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@profile_option
@pass_surroundings
def digest_command(
    around: Surroundings, output: str | None, to: str | None, dry_run: bool, force: bool, no_fetch: bool, as_json: bool
) -> None:
    """Example: triage digest --output text

    Mail the shortlist. It fetches, embeds and ranks first unless the announcement is there already; it says nothing
    when all is well, so that cron stays silent. On a day with nothing worth it no mail goes out.
    """
    if to == "-":
        output, to = output or "text", None
    if output and (as_json or force):
        raise click.UsageError("--output and --to - print the mail, --json and --force are for sending it: choose one")
    around.dry = dry_run
    until = around.clock.monotonic() + TOTAL_S
    if output:
        _print(around, output, to, until, fetch=not (no_fetch or dry_run))
        return
    if dry_run:
        outcomes, faults = _rehearsed(around, to, until, force=force)
    else:
        with around.lock("digest", "another triage digest is running"):
            outcomes, faults = _morning(around, to, until, fetch=not no_fetch, force=force)
    if as_json:
        click.echo(json.dumps({"schema": 1, "mails": [one.to_json() for one in outcomes]}))
    elif dry_run:
        click.echo("\n".join(map(_would, outcomes)))
    if faults:
        raise _joined(faults)


def _rehearsed(
    around: Surroundings, to: str | None, until: float, *, force: bool
) -> tuple[list[Outcome], list[TriageError]]:
    """What a run would do with what is stored, and whether there is a server and a password to do it with."""
    outcomes, faults = _mails(around, to, until, fetch=False, force=force)
    try:
        _post(around, until).check()
    except TriageError as fault:
        faults.append(fault)
    return outcomes, faults


def _morning(
    around: Surroundings, to: str | None, until: float, *, fetch: bool, force: bool
) -> tuple[list[Outcome], list[TriageError]]:
    """Fetch, mail, and write down how the day went: the third broken one in a row is told by mail."""
    try:
        outcomes, faults = _mails(around, to, until, fetch=fetch, force=force)
    except TriageError as fault:
        outcomes, faults = [], [fault]
    reasons = [str(fault) for fault in faults] or [_gap(one) for one in outcomes if _gap(one)]
    with suppress(TriageError):  # what is wrong with the store or the settings is among the faults
        around.store.end_digest_day(around.clock.today(), "; ".join(reasons[:1]), at=around.clock.now())
        alerts = _post(around, until).alert(_owner(around, to)) if reasons else []
        return outcomes + alerts, faults or [one.fault for one in alerts if one.fault]
    return outcomes, faults


def _owner(around: Surroundings, to: str | None) -> str:
    """Who is told that the digest is broken, perhaps because no profile can be read."""
    return to or around.config.digest.to or next(iter(_recipients(around, to)))


def _gap(one: Outcome) -> str:
    """What was not read on a day without a mail: silence that is not arXiv's."""
    missing = "; ".join(f"{name}: {reason}" for name, reason in one.mail.missing.items())
    return f"not everything was read: {missing}" if one.state == "nothing" and missing else ""


def _mails(
    around: Surroundings, to: str | None, until: float, *, fetch: bool, force: bool
) -> tuple[list[Outcome], list[TriageError]]:
    """Fetch where something newer should be out, and bring every recipient's mails on their way."""
    recipients = _recipients(around, to)
    broken, late = _bring(around, until) if fetch else (None, None)
    post = _post(around, until, force=force)
    outcomes = [one for recipient, focus in recipients.items() for one in post.deliver(recipient, focus)]
    faults = [one.fault for one in outcomes if one.fault]
    if broken:
        faults.append(broken)
    if late and not any(one.state == "sent" for one in outcomes):
        faults.append(late)
    return outcomes, faults


def _post(around: Surroundings, until: float, *, force: bool = False) -> Post:
    from triage.cli.post import Post

    return Post(around, until=until, force=force)


def _bring(around: Surroundings, until: float) -> tuple[TriageError | None, TryLater | None]:
    """Fetch and rank when something newer should be out: what went wrong, and what to say when the batch is late.

    A fetch that runs already is waited for, and then there is mostly nothing left to do. What is stored is mailed
    whatever became of the fetch.
    """
    from triage.cli import fetch

    if not fetch.is_due(around):
        return None, None
    left_s = until - around.clock.monotonic()
    try:
        done = fetch.run(around, total_s=left_s, wait_s=left_s, limit=left_s, needed=lambda: fetch.is_due(around))
    except TriageError as fault:
        return fault, None
    if done is None:
        return None, None
    if not done.fault and (missing := fetch.not_read(done)):
        click.echo(f"triage: {missing}", err=True)
    late = done.report.state == "stale" and not done.fault
    told = f"arXiv has not published today's batch yet; {look_again(done.next_look)}"
    return done.fault, TryLater(told) if late else None


def _recipients(around: Surroundings, to: str | None) -> dict[str, list[Profile]]:
    """One mail for all profiles, and one more for each recipient that a profile names for itself."""
    from triage.digest import mailbox

    found: dict[str, tuple[str, list[Profile]]] = {}
    for profile in around.profiles:
        recipient = to or profile.to or around.config.digest.to
        if not recipient:
            raise ConfigFault('the digest has no recipient; add to config.toml: [digest] to = "you@example.org"')
        found.setdefault(mailbox(recipient), (recipient, []))[1].append(profile)
    return dict(found.values())


def _print(around: Surroundings, output: str, to: str | None, until: float, *, fetch: bool) -> None:
    """Show the mail of the first recipient; nothing is kept or marked."""
    from triage import digest
    from triage.cli.wording import precision_line

    broken = _bring(around, until)[0] if fetch else None
    recipient, focus = _first(around, to, needed=output == "eml")
    post = _post(around, until)
    listed = post.listed(digest.mailbox(recipient), focus)
    if output == "eml":
        click.echo(post.composed(recipient, listed).as_bytes(), nl=False, file=sys.stdout.buffer)
    elif output == "json":
        click.echo(json.dumps(listed.to_json()))
    else:
        form = {"text": digest.text_part, "html": digest.html_part, "md": digest.markdown_part}[output]
        click.echo(form(listed, precision=precision_line(around.store, listed.profiles)).rstrip("\n"))
    if broken:
        raise broken


def _first(around: Surroundings, to: str | None, *, needed: bool) -> tuple[str, list[Profile]]:
    """The first recipient and the profiles of its mail; what is only printed needs no recipient."""
    if needed or all(to or profile.to or around.config.digest.to for profile in around.profiles):
        return next(iter(_recipients(around, to).items()))
    return "", around.profiles


def _would(one: Outcome) -> str:
    """One line of a dry run."""
    from triage.text import clean

    papers = f"{len(one.mail.papers)} papers of {one.mail.announced}"
    said = {
        "pending": f"would be sent {papers}" if one.mail.kind == "digest" else f"would be sent the {one.mail.kind}",
        "already-sent": f"was sent {papers} already",
        "nothing": "nothing to send",
        "failed": f"could not be sent {papers}",
    }
    return clean(f"{one.to}: {said[one.state]}")


def _joined(faults: Sequence[TriageError]) -> TriageError:
    """All that went wrong in one line; the first decides the exit code."""
    return type(faults[0])("; ".join(dict.fromkeys(map(str, faults))))
