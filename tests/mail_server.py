"""A real SMTP server on loopback for tests: takes mail or refuses it, with STARTTLS, TLS and AUTH."""

from __future__ import annotations

import email
import email.policy
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SECRET = "correct-horse-battery"


class Inbox:
    """Takes mail, or answers with the refusals it was given first."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.refusals: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.SMTP))
        return "250 taken"


@contextmanager
def inboxed() -> Iterator[tuple[Inbox, int]]:
    """An inbox behind a real server; yields it and its port."""
    inbox = Inbox()
    with serving(inbox) as port:
        yield inbox, port


class Mailbox:
    """Takes mail; each answer can be set to a refusal."""

    def __init__(self, **answers: str) -> None:
        self.taken: list[Any] = []
        self.answers = answers

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.greeted = hostname
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if "rcpt" not in self.answers:
            envelope.rcpt_tos.append(address)
        return self.answers.get("rcpt", "250 OK")

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answers.get("data") == "drop":
            server.transport.close()
            return "451 gone"
        if "data" in self.answers:
            return self.answers["data"]
        self.taken.append((envelope, session))
        return "250 OK"

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answers.get("quit") == "drop":
            server.transport.close()
        return "221 Bye"


def make_certificate(folder: Path) -> Path:
    """A certificate for localhost, signed by itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    began = datetime.now(UTC) - timedelta(days=1)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(began + timedelta(days=9))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "localhost.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@contextmanager
def serving(
    mailbox: Mailbox | Inbox, certificate: Path | None = None, tls: bool = False, auth: bool = False
) -> Iterator[int]:
    """A real SMTP server on loopback; yields its port."""

    def login(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        fine = isinstance(given, LoginPassword) and (given.login, given.password) == (b"ada", SECRET.encode())
        answer = mailbox.answers.get("auth", f"535 5.7.8 wrong password {given.password.decode()}")
        return AuthResult(success=True) if fine else AuthResult(success=False, handled=False, message=answer)

    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    options: dict[str, Any] = {"authenticator": login, "auth_required": auth} if auth else {}
    options |= {"ssl_context": context} if tls else {"tls_context": context, "require_starttls": bool(context)}
    if auth and (tls or not context):
        options["auth_require_tls"] = False  # aiosmtpd counts only STARTTLS as TLS
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    server = Controller(mailbox, hostname="127.0.0.1", port=port, **options)
    server.start()
    try:
        yield port
    finally:
        server.stop(no_assert=True)


def parts(message: EmailMessage) -> tuple[str, str]:
    """Text and HTML as a mail reader gets them: through the wire and Python's parser."""
    parsed = email.message_from_bytes(message.as_bytes(policy=email.policy.SMTP), policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "text/html"]
    text, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    assert text
    assert html
    return text.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")
