"""The two mails without papers: the heartbeat of a quiet week, and the alert after days that were broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from triage.digest.headers import headed
from triage.digest.page import ACKNOWLEDGEMENT, counted, day, long_day
from triage.digest.plain import WIDTH, wrapped
from triage.text import clean

if TYPE_CHECKING:
    from email.message import EmailMessage


@dataclass(frozen=True, slots=True)
class Week:
    """What the seven days before a Monday brought.

    Announcements read and the papers in them, mails sent and the papers in these, verdicts given, broken days.
    """

    announcements: int
    papers: int
    mails: int
    mailed: int
    verdicts: int
    broken: int


def heartbeat(week: Week, *, covers: Mapping[str, date], to: str, sender: str, now: datetime, on: date) -> EmailMessage:
    """The mail of a Monday without papers: that all is well, and what the week brought. `on` is the local day."""
    mail = headed(
        f"triage: nothing today, all is well ({day(on)})", to=to, sender=sender, now=now, kind="heartbeat", day=on
    )
    read = "; ".join(f"{clean(name)} up to {when.isoformat()}" for name, when in covers.items()) or "nothing yet"
    said = [
        "Nothing today is worth your coffee, and triage is at work.",
        "",
        "The seven days before:",
        f"  {_of(week.announcements, 'announcement')} read, {counted(week.papers)} in them",
        f"  {_of(week.mails, 'mail')} sent with {counted(week.mailed)}, {_of(week.verdicts, 'verdict')} given",
        f"  {_of(week.broken, 'day')} on which the digest was broken",
        "",
        *wrapped(f"Read: {read}.", WIDTH),
        "This mail comes on a Monday without papers, as digest.send_empty says.",
    ]
    mail.set_content("\n".join([*said, ACKNOWLEDGEMENT, ""]))
    return mail


def alert(broken: Mapping[date, str], *, to: str, sender: str, now: datetime) -> EmailMessage:
    """The mail that says once that no digest could be made for days; `broken` has each day's reason, oldest first."""
    first = min(broken)
    subject = f"triage: no digest for {len(broken)} days"
    mail = headed(subject, to=to, sender=sender, now=now, kind="alert", day=first)
    said = [line for when, why in broken.items() for line in wrapped(f"{long_day(when)}  {clean(why)}", WIDTH)]
    closing = "This is no quiet week: papers may be missing. triage doctor tells what is wrong and how to mend it."
    last = "No other mail says so until a digest has ended well again."
    opening = f"The digest has ended badly on {len(broken)} days in a row."
    mail.set_content("\n".join([opening, "", *said, "", *wrapped(closing, WIDTH), last, ""]))
    return mail


def _of(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
