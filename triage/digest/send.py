"""Hand a message to the mail server: STARTTLS or TLS with certificates checked, never quietly in plain text."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from triage.config import is_loopback
from triage.errors import ConfigFault, LoginRefused, TriageError, TryLater, Unavailable
from triage.text import clean, shorten

if TYPE_CHECKING:
    import smtplib
    import ssl
    from email.message import EmailMessage

    from triage.config import SmtpConfig

_REPLY_CELLS = 120


class Deferred(TryLater):
    """The server said 4xx: it surely has not taken the mail, and may take it in a moment."""


class Refused(Unavailable):
    """The server said 5xx: it surely has not taken the mail, and never will as it is."""


def send(
    message: EmailMessage,
    smtp: SmtpConfig,
    *,
    password: Callable[[], str],
    timeout: float = 30.0,
    total_s: float = 120.0,
    context: ssl.SSLContext | None = None,
) -> None:
    """Send by SMTP; `password` is asked only when there is a user, and only once the connection is safe for it.

    `timeout` (seconds) bounds each answer of the server, `total_s` the whole conversation. `context` names the
    authorities to trust; by default the system's. Returning means that the server took the message.

    Raises:
        Unavailable: no connection, no encryption, or a certificate that is not trusted.
        Refused: a lasting refusal (5xx).
        Deferred: a passing refusal (4xx).
        TryLater: the connection broke, or time ran out, before the server said that it took the message.
        LoginRefused: the server does not accept the user and the password.
        ConfigFault: no host, or a password would travel in plain text to another machine.
    """
    import smtplib

    check(smtp)
    server = _opened(smtp, timeout, total_s, context)
    try:
        if smtp.user:
            _login(server, smtp, password)
        server.send_message(message)
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise _fault(error, smtp) from error
    finally:
        # Taken is taken: a server that hangs up on the goodbye must not make the mail go out twice.
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
        server.close()


def check(smtp: SmtpConfig) -> None:
    """Look whether the settings allow any mail at all.

    Raises:
        ConfigFault: no host, or a password would travel in plain text to another machine.
    """
    if not smtp.host:
        raise ConfigFault('smtp.host is not set; add to config.toml: [smtp] host = "mail.example.org"')
    if smtp.security == "none" and smtp.user and not is_loopback(smtp.host):
        raise ConfigFault(
            f'smtp.security = "none" would send the password to {smtp.host} in plain text; use "starttls" or "tls"'
        )


def _opened(smtp: SmtpConfig, timeout: float, total_s: float, context: ssl.SSLContext | None) -> smtplib.SMTP:
    """Connect, or say what stands in the way."""
    import smtplib

    from triage.digest.connection import connect

    try:
        return connect(smtp, timeout, total_s, context)
    except smtplib.SMTPServerDisconnected as error:
        said = _shown(str(error))
        raise Unavailable(f"{smtp.host} does not speak SMTP on this port ({said}); check smtp.port") from error
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise _fault(error, smtp) from error


def _login(server: smtplib.SMTP, smtp: SmtpConfig, password: Callable[[], str]) -> None:
    """Log in. Nothing of the answer is repeated and no cause is kept, since both may hold the password."""
    import smtplib

    secret = password()
    try:
        server.login(smtp.user, secret)
    except smtplib.SMTPNotSupportedError:
        raise Unavailable(f"{smtp.host} offers no login on this connection; leave smtp.user empty or try tls") from None
    except smtplib.SMTPResponseException as error:
        code = error.smtp_code
        if 400 <= code < 500:
            raise Deferred(f"{smtp.host} cannot log anybody in now ({code}); the next run tries again") from None
        raise LoginRefused(
            f"{smtp.host} refuses the login of {smtp.user} ({code}); check smtp.user and the password"
        ) from None
    except smtplib.SMTPServerDisconnected:
        raise TryLater(f"{smtp.host} hung up during the login; the next run tries again") from None
    except smtplib.SMTPException:
        raise LoginRefused(f"{smtp.host} and triage know no common way to log in as {smtp.user}") from None
    except UnicodeError:
        raise ConfigFault("user or password hold letters outside ASCII, which SMTP logins cannot carry") from None


def _fault(error: Exception, smtp: SmtpConfig) -> TriageError:
    """Name what went wrong by the server's code: 4xx passes, 5xx lasts."""
    import smtplib
    import ssl

    from triage.digest.connection import PORTS

    where = f"{smtp.host}:{smtp.port or PORTS[smtp.security]}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unavailable(f"the certificate of {where} is not trusted: {_shown(error.verify_message)}")
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, reply = next(iter(error.recipients.values()))
        return _refusal(code, reply, where)
    if isinstance(error, smtplib.SMTPResponseException):
        return _refusal(error.smtp_code, error.smtp_error, where)
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return TryLater(f"{where} hung up or fell silent before it took the mail; the next run tries again")
    if isinstance(error, smtplib.SMTPException | ValueError):
        return Unavailable(f"{where} cannot take this mail: {_shown(str(error))}")
    if isinstance(error, ssl.SSLError):
        return Unavailable(
            f"no encrypted connection to {where} ({_shown(error.reason or 'TLS failed')}); nothing was sent"
        )
    return Unavailable(f"no connection to {where}: {_shown(str(error))}; check smtp.host, smtp.port and the network")


def _refusal(code: int, reply: bytes | str, where: str) -> TriageError:
    said = _shown(reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply))
    if 400 <= code < 500:
        return Deferred(f"{where} does not take the mail now ({code} {said}); the next run tries again")
    if code in (530, 534, 535, 538):
        return LoginRefused(f"{where} wants a login first ({code} {said}); set smtp.user")
    return Refused(f"{where} refuses the mail ({code} {said})")


def _shown(reply: str) -> str:
    return shorten(clean(reply), _REPLY_CELLS)
