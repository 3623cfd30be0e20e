"""A connection to the mail server that holds us no longer than it may, however slowly the server talks."""

from __future__ import annotations

import smtplib
import socket
import ssl
from contextlib import suppress
from threading import Timer
from time import monotonic
from typing import TYPE_CHECKING, Any

from triage.errors import Unavailable

if TYPE_CHECKING:
    from triage.config import SmtpConfig

PORTS = {"starttls": 587, "tls": 465, "none": 25}
_GREETING = "[127.0.0.1]"
"""What the server is told as our name: an address literal, so that no machine name leaves the house."""


class _Bounded(smtplib.SMTP):
    """smtplib bounds each reading from the socket; a server that sends a byte now and then would hold us for ever."""

    def __init__(self, *given: Any, until: float, **named: Any) -> None:
        self._until = until
        super().__init__(*given, **named)

    def getreply(self) -> tuple[int, bytes]:
        """Read one answer; the line is cut when the time of the whole conversation is over."""
        assert self.sock is not None
        timer = Timer(max(0.0, self._until - monotonic()), _hang_up, (self.sock,))
        timer.daemon = True
        timer.start()
        try:
            return super().getreply()
        finally:
            timer.cancel()


class _BoundedTls(_Bounded, smtplib.SMTP_SSL):
    """The same inside TLS."""


def _hang_up(sock: socket.socket) -> None:
    with suppress(OSError):  # the socket below TLS: the layer above it is in the hands of the other thread
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def connect(smtp: SmtpConfig, timeout: float, total_s: float, context: ssl.SSLContext | None) -> smtplib.SMTP:
    """A connection that is as safe as the configuration says, or none.

    `timeout` (seconds) bounds each answer, `total_s` all answers of the conversation together.

    Raises:
        Unavailable: the server offers no STARTTLS.
        OSError: there is no connection, or the certificate is not trusted.
        smtplib.SMTPException: the server does not want to talk.
    """
    trusted = context or ssl.create_default_context()
    named: dict[str, Any] = {
        "local_hostname": _GREETING,
        "timeout": min(timeout, total_s),
        "until": monotonic() + total_s,
    }
    place = smtp.host, smtp.port or PORTS[smtp.security]
    if smtp.security == "tls":
        return _BoundedTls(*place, context=trusted, **named)
    server = _Bounded(*place, **named)
    if smtp.security == "none":
        return server
    try:
        server.ehlo_or_helo_if_needed()
        if not server.has_extn("starttls"):
            raise Unavailable(
                f'{smtp.host} offers no STARTTLS, and nothing is sent in plain text; try smtp.security = "tls"'
            )
        server.starttls(context=trusted)
        server.ehlo()
    except BaseException:
        server.close()
        raise
    return server
