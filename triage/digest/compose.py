"""A shortlist as text, as HTML, as Markdown and as a whole message."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from triage.digest.headers import headed, one_line
from triage.digest.markdown import markdown
from triage.digest.page import ACKNOWLEDGEMENT, Page, page
from triage.digest.plain import block, footer
from triage.text import clean

if TYPE_CHECKING:
    from email.message import EmailMessage

    from jinja2 import Template

    from triage.budget import Shortlist


def plain_list(shortlist: Shortlist, *, colour: bool = False, links: bool = False, precision: str = "") -> str:
    """The list for a terminal or a pipe; `colour` allows escape codes, `links` adds what the mail shows per paper."""
    return block(shortlist, page(shortlist, precision=precision), colour=colour, links=links)


def text_part(shortlist: Shortlist, *, precision: str = "") -> str:
    """The plain part of the mail: the list with its links, and the footer."""
    told = _letter(shortlist, precision)
    return f"{block(shortlist, told, colour=False, links=True)}\n\n{footer(told)}\n"


def html_part(shortlist: Shortlist, *, precision: str = "") -> str:
    """The HTML part of the mail: one column, light and dark, nothing that is loaded from elsewhere."""
    told = _letter(shortlist, precision)
    profiles = ", ".join(map(clean, shortlist.profiles))
    return _template().render(page=told, profiles=profiles, announced=shortlist.announced, thanks=ACKNOWLEDGEMENT)


def markdown_part(shortlist: Shortlist, *, precision: str = "") -> str:
    """What the mail says, as Markdown for a notebook or a wiki."""
    return markdown(_letter(shortlist, precision))


def _letter(shortlist: Shortlist, precision: str) -> Page:
    """The page as a mail has it: with a heading for each announcement."""
    return page(shortlist, precision=precision, by_day=True)


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

    `now` (aware) becomes the Date. The Message-ID depends on recipient and announcement alone, so that a mail that was
    sent twice is recognised as one.

    Raises:
        ConfigFault: `to` or `sender` is no single mail address.
    """
    day = shortlist.announced or now.date()
    subject = page(shortlist, today=now.date()).subject
    message = headed(subject, to=to, sender=sender, now=now, kind="digest", day=day)
    message["X-Triage-Announced"] = shortlist.announced.isoformat() if shortlist.announced else "none"
    message["X-Triage-Papers"] = str(len(shortlist.papers))
    message["X-Triage-Profiles"] = one_line(", ".join(shortlist.profiles))
    message["X-Triage-Ranker"] = one_line(f"{shortlist.ranker} {shortlist.ranker_version}")
    message["X-Triage-State"] = shortlist.state
    _fill(message, text_part(shortlist, precision=precision), html_part(shortlist, precision=precision))
    return message


def _fill(message: EmailMessage, text: str, html: str) -> None:
    """Both parts, parted by a line that is the same each time and that no title can guess."""
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    message.set_boundary("=_triage_" + hashlib.sha256(f"{text}\0{html}".encode()).hexdigest()[:32])
