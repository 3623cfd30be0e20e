"""The mail: a shortlist in words, as plain text and HTML, and the ways to send it."""

from __future__ import annotations

from triage.digest.compose import compose, html_part, markdown_part, plain_list, text_part
from triage.digest.deliver import deliver, sendmail, to_eml, to_maildir
from triage.digest.headers import mailbox
from triage.digest.notice import Week, alert, heartbeat
from triage.digest.password import read_password
from triage.digest.send import Deferred, Refused, check, send

__all__ = [
    "Deferred",
    "Refused",
    "Week",
    "alert",
    "check",
    "compose",
    "deliver",
    "heartbeat",
    "html_part",
    "mailbox",
    "markdown_part",
    "plain_list",
    "read_password",
    "send",
    "sendmail",
    "text_part",
    "to_eml",
    "to_maildir",
]
