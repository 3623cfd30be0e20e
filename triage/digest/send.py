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

_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_GREETING = "[127.0.0.1]"
"""What the server is told as our name: an address literal, so that no machine name leaves the house."""
_REPLY_CELLS = 120


def send(
    message: EmailMessage,
    smtp: SmtpConfig,
    *,
    password: Callable[[], str],
    timeout: float = 30.0,
    context: ssl.SSLContext | None = None,
) -> None:
    """Send by SMTP; `password` is asked only when there is a user, and only once the connection is safe for it.

    `timeout` (seconds) bounds each answer of the server. `context` names the authorities to trust; by default the
    system's. Returning means that the server took the message.

    Raises:
        Unavailable: no connection, no encryption, a certificate that is not trusted, or a lasting refusal (5xx).
        TryLater: a passing refusal (4xx), or the connection broke before the message was taken.
        LoginRefused: the server does not accept the user and the password.
        ConfigFault: no host, or a password would travel in plain text to another machine.
    """
    import smtplib
    import ssl

    _check(smtp)
    server = _opened(smtp, timeout, context or ssl.create_default_context())
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


def _check(smtp: SmtpConfig) -> None:
    if not smtp.host:
        raise ConfigFault('smtp.host is not set; add to config.toml: [smtp] host = "mail.example.org"')
    if smtp.security == "none" and smtp.user and not is_loopback(smtp.host):
        raise ConfigFault(
            f'smtp.security = "none" would send the password to {smtp.host} in plain text; use "starttls" or "tls"'
        )


def _opened(smtp: SmtpConfig, timeout: float, context: ssl.SSLContext) -> smtplib.SMTP:
    """Connect, or say what stands in the way."""
    import smtplib

    try:
        return _connect(smtp, timeout, context)
    except smtplib.SMTPServerDisconnected as error:
        said = _shown(str(error))
        raise Unavailable(f"{smtp.host} does not speak SMTP on this port ({said}); check smtp.port") from error
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise _fault(error, smtp) from error


def _connect(smtp: SmtpConfig, timeout: float, context: ssl.SSLContext) -> smtplib.SMTP:
    """A connection that is as safe as the configuration says, or none."""
    import smtplib

    port = smtp.port or _PORTS[smtp.security]
    if smtp.security == "tls":
        return smtplib.SMTP_SSL(smtp.host, port, local_hostname=_GREETING, timeout=timeout, context=context)
    server = smtplib.SMTP(smtp.host, port, local_hostname=_GREETING, timeout=timeout)
    if smtp.security == "none":
        return server
    try:
        server.ehlo_or_helo_if_needed()
        if not server.has_extn("starttls"):
            raise Unavailable(
                f'{smtp.host} offers no STARTTLS, and nothing is sent in plain text; try smtp.security = "tls"'
            )
        server.starttls(context=context)
        server.ehlo()
    except BaseException:
        server.close()
        raise
    return server


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
            raise TryLater(f"{smtp.host} cannot log anybody in now ({code}); the next run tries again") from None
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

    where = f"{smtp.host}:{smtp.port or _PORTS[smtp.security]}"
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
        return TryLater(f"{where} does not take the mail now ({code} {said}); the next run tries again")
    if code in (530, 534, 535, 538):
        return LoginRefused(f"{where} wants a login first ({code} {said}); set smtp.user")
    return Unavailable(f"{where} refuses the mail ({code} {said})")


def _shown(reply: str) -> str:
    return shorten(clean(reply), _REPLY_CELLS)
