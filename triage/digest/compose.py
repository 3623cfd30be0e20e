"""A shortlist as text, as HTML and as a whole message with its headers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from triage.digest.page import ACKNOWLEDGEMENT, page
from triage.digest.plain import block, footer
from triage.errors import ConfigFault
from triage.text import clean

if TYPE_CHECKING:
    from email.headerregistry import Address
    from email.message import EmailMessage

    from jinja2 import Template

    from triage.budget import Shortlist


def plain_list(shortlist: Shortlist, *, colour: bool = False, links: bool = False, precision: str = "") -> str:
    """The list for a terminal or a pipe; `colour` allows escape codes, `links` adds what the mail shows per paper."""
    return block(shortlist, page(shortlist, precision=precision), colour=colour, links=links)


def text_part(shortlist: Shortlist, *, precision: str = "") -> str:
    """The plain part of the mail: the list with its links, and the footer."""
    told = page(shortlist, precision=precision)
    return f"{block(shortlist, told, colour=False, links=True)}\n\n{footer(told)}\n"


def html_part(shortlist: Shortlist, *, precision: str = "") -> str:
    """The HTML part of the mail: one column, light and dark, nothing that is loaded from elsewhere."""
    told = page(shortlist, precision=precision)
    profiles = ", ".join(map(clean, shortlist.profiles))
    return _template().render(page=told, profiles=profiles, announced=shortlist.announced, thanks=ACKNOWLEDGEMENT)


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("triage.digest", "templates")
    options = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, loader=loader
    )
    return options.get_template("digest.html.j2")


def compose(shortlist: Shortlist, *, to: str, sender: str, now: datetime, precision: str = "") -> EmailMessage:
    """The message, ready to be sent: text and HTML from one model, and headers that are the same whenever it is made.

    `now` (aware) becomes the Date. The Message-ID depends on recipient, announcement and profiles alone, so that a
    mail that was sent twice is recognised as one.

    Raises:
        ConfigFault: `to` or `sender` is no single mail address.
    """
    from email.message import EmailMessage
    from email.utils import format_datetime

    recipient, author = address(to, "digest.to"), address(sender, "digest.from")
    day = shortlist.announced or now.date()
    message = EmailMessage()
    message["Subject"] = page(shortlist, today=now.date()).subject
    message["From"] = author
    message["To"] = recipient
    message["Date"] = format_datetime(now)
    domain = _ascii_domain(author)
    message["Message-ID"] = message_id(recipient.addr_spec, day, shortlist.profiles, domain)
    message["List-Id"] = f"triage <triage.{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Triage-Announced"] = shortlist.announced.isoformat() if shortlist.announced else "none"
    message["X-Triage-Ranker"] = _one_line(f"{shortlist.ranker} {shortlist.ranker_version}")
    message["X-Triage-State"] = shortlist.state
    _fill(message, text_part(shortlist, precision=precision), html_part(shortlist, precision=precision))
    return message


def _fill(message: EmailMessage, text: str, html: str) -> None:
    """Both parts, parted by a line that is the same each time and that no title can guess."""
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    message.set_boundary("=_triage_" + hashlib.sha256(f"{text}\0{html}".encode()).hexdigest()[:32])


def message_id(to: str, day: date, profiles: Sequence[str], domain: str) -> str:
    """The Message-ID of one recipient's mail for one announcement; it names no machine and gives nobody away."""
    told = "\0".join([to.casefold(), day.isoformat(), *profiles])
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
        read = Address(_one_line(name), addr_spec=spec)
        if read.addr_spec != spec or set(domain) & set("[]() ,;"):
            raise ValueError("no plain address")
    except (HeaderParseError, ValueError, IndexError) as error:
        raise ConfigFault(
            f"{setting}: {clean(text)[:80]!r} is no mail address; write it as name@example.org"
        ) from error
    return read


def _ascii_domain(author: Address) -> str:
    try:
        return author.domain.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise ConfigFault(f"digest.from: {author.domain!r} is no domain name") from error


def _one_line(text: str) -> str:
    """A header's value without line breaks, nor encoded words: `=?…?=` could hold one, and is decoded on assignment."""
    return clean(text).replace("=?", "= ?")[:200]
