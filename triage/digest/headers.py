"""The headers of a mail: the same whenever it is made, and nothing foreign ever opens a line of its own."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import TYPE_CHECKING

from triage.errors import ConfigFault
from triage.text import clean

if TYPE_CHECKING:
    from email.headerregistry import Address
    from email.message import EmailMessage

_LONGEST = 200


def headed(subject: str, *, to: str, sender: str, now: datetime, kind: str, day: date) -> EmailMessage:
    """Make a message without a body: `kind` is "digest", "heartbeat" or "alert", `day` what it stands for.

    `now` (aware) becomes the Date.

    Raises:
        ConfigFault: `to` or `sender` is no single mail address.
    """
    from email.message import EmailMessage
    from email.utils import format_datetime

    recipient, author = address(to, "digest.to"), address(sender, "digest.from")
    domain = _ascii_domain(author)
    message = EmailMessage()
    message["Subject"] = one_line(subject)
    message["From"] = author
    message["To"] = recipient
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id(recipient.addr_spec, day, kind, domain)
    message["List-Id"] = f"triage <triage.{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Triage-Kind"] = kind
    return message


def message_id(to: str, day: date, kind: str, domain: str) -> str:
    """The Message-ID of one recipient's mail for one announcement; it names no machine and gives nobody away."""
    told = "\0".join([to.casefold(), day.isoformat(), kind])
    digest = hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:16]
    return f"<{day:%Y%m%d}.{digest}@{domain}>"


def address(text: str, setting: str) -> Address:
    """Read one mail address such as `Ada <ada@example.org>`.

    Raises:
        ConfigFault: it is none, or more than one, or holds a line break.
    """
    from email.errors import HeaderParseError
    from email.headerregistry import Address
    from email.utils import getaddresses

    found = getaddresses([text])
    name, spec = found[0] if found else ("", "")
    local, _, domain = spec.rpartition("@")
    try:
        if not text.isprintable() or len(found) != 1 or spec not in text or not (local and domain):
            raise ValueError("no single address")
        read = Address(one_line(name), addr_spec=spec)
        if read.addr_spec != spec or set(domain) & set("[]() ,;"):
            raise ValueError("no plain address")
    except (HeaderParseError, ValueError, IndexError) as error:
        raise ConfigFault(
            f"{setting}: {clean(text)[:80]!r} is no mail address; write it as name@example.org"
        ) from error
    return read


def mailbox(text: str) -> str:
    """The bare address by which a recipient is known, however its name is written; the text itself where it is none."""
    try:
        return address(text, "digest.to").addr_spec.casefold()
    except ConfigFault:
        return text


def one_line(text: str) -> str:
    """A header's value without line breaks, nor encoded words: `=?…?=` could hold one, and is decoded on assignment."""
    return clean(text).replace("=?", "= ?")[:_LONGEST]


def _ascii_domain(author: Address) -> str:
    try:
        return author.domain.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise ConfigFault(f"digest.from: {author.domain!r} is no domain name") from error
