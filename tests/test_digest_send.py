"""The mail's way out: real servers, commands and files, the password, and no word of a secret."""

from __future__ import annotations

import base64
import email
import email.policy
import socket
import ssl
import stat
import sys
import threading
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from conftest import Clock
from mail_server import SECRET, Mailbox, make_certificate, parts, serving

from triage.config import DigestConfig, SmtpConfig
from triage.digest import Deferred, Refused, deliver, read_password, send, sendmail, to_eml, to_maildir
from triage.errors import CannotWrite, ConfigFault, LoginRefused, TriageError, TryLater, Unavailable

# aiosmtpd says so for each connection of a server that is wholly inside TLS: it counts only STARTTLS.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trust(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


def never() -> str:
    raise AssertionError("the password was asked for")


def test_starttls_with_login(message: EmailMessage, certificate: Path, trust: ssl.SSLContext) -> None:
    mailbox = Mailbox()
    with serving(mailbox, certificate, auth=True) as port:
        send(message, SmtpConfig("localhost", port, "starttls", "ada"), password=lambda: SECRET, context=trust)
    [(envelope, session)] = mailbox.taken
    assert session.ssl
    assert session.authenticated
    assert mailbox.greeted == "[127.0.0.1]"
    assert (envelope.mail_from, envelope.rcpt_tos) == ("triage@example.org", ["ada@example.org"])
    received = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert received["Message-ID"] == message["Message-ID"]
    assert isinstance(received, EmailMessage)
    assert parts(received) == parts(message)


def test_tls_with_login(message: EmailMessage, certificate: Path, trust: ssl.SSLContext) -> None:
    mailbox = Mailbox()
    with serving(mailbox, certificate, tls=True, auth=True) as port:
        send(message, SmtpConfig("localhost", port, "tls", "ada"), password=lambda: SECRET, context=trust)
    assert len(mailbox.taken) == 1


def test_plain_text_on_loopback_only_when_said(message: EmailMessage) -> None:
    mailbox = Mailbox()
    with serving(mailbox) as port:
        send(message, SmtpConfig("localhost", port, "none"), password=never)
        assert len(mailbox.taken) == 1
        with pytest.raises(Unavailable, match="offers no STARTTLS"):
            send(message, SmtpConfig("localhost", port, "starttls", "ada"), password=never)
        with pytest.raises(Unavailable, match="no encrypted connection"):
            send(message, SmtpConfig("localhost", port, "tls", "ada"), password=never, timeout=5)
    assert len(mailbox.taken) == 1


def test_no_password_in_plain_text_to_another_machine(message: EmailMessage) -> None:
    with pytest.raises(ConfigFault, match="plain text"):
        send(message, SmtpConfig("mail.example.invalid", 25, "none", "ada"), password=never)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_unknown_certificate_is_refused(message: EmailMessage, certificate: Path, security: Any) -> None:
    mailbox = Mailbox()
    with serving(mailbox, certificate, tls=security == "tls") as port, pytest.raises(Unavailable, match="not trusted"):
        send(message, SmtpConfig("localhost", port, security, "ada"), password=never)
    assert not mailbox.taken


def test_a_certificate_for_another_name_is_refused(
    message: EmailMessage, certificate: Path, trust: ssl.SSLContext
) -> None:
    with serving(Mailbox(), certificate) as port, pytest.raises(Unavailable, match="not trusted"):
        send(message, SmtpConfig("127.0.0.1", port, "starttls"), password=never, context=trust)


@pytest.mark.parametrize(
    ("answers", "fault", "code"),
    [
        ({"rcpt": "451 4.7.1 greylisted"}, TryLater, 75),
        ({"rcpt": "550 5.1.1 no such reader"}, Unavailable, 69),
        ({"rcpt": "530 5.7.0 login first"}, LoginRefused, 77),
        ({"data": "452 4.3.1 disk full"}, TryLater, 75),
        ({"data": "554 5.7.1 smells of spam\x1b[31m"}, Unavailable, 69),
        ({"data": "drop"}, TryLater, 75),
    ],
)
def test_refusals(message: EmailMessage, answers: dict[str, str], fault: type[Exception], code: int) -> None:
    mailbox = Mailbox(**answers)
    with serving(mailbox) as port, pytest.raises(fault) as caught:
        send(message, SmtpConfig("localhost", port, "none"), password=never)
    assert caught.value.exit_code == code  # type: ignore[attr-defined]
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert not mailbox.taken


def test_a_server_that_hangs_up_after_taking_the_mail_took_it(message: EmailMessage) -> None:
    mailbox = Mailbox(quit="drop")
    with serving(mailbox) as port:
        send(message, SmtpConfig("localhost", port, "none"), password=never)
    assert len(mailbox.taken) == 1


@pytest.mark.parametrize(("answers", "fault"), [({}, LoginRefused), ({"auth": "454 4.7.0 later"}, TryLater)])
def test_a_refused_login_tells_no_secret(
    message: EmailMessage, certificate: Path, trust: ssl.SSLContext, answers: dict[str, str], fault: type[Exception]
) -> None:
    wrong = "hunter2-hunter2"
    with serving(Mailbox(**answers), certificate, auth=True) as port, pytest.raises(fault) as caught:
        send(message, SmtpConfig("localhost", port, "starttls", "ada"), password=lambda: wrong, context=trust)
    assert_no_secret(caught.value, wrong)


def test_a_password_beyond_ascii_is_said_without_saying_it(
    message: EmailMessage, certificate: Path, trust: ssl.SSLContext
) -> None:
    with serving(Mailbox(), certificate, auth=True) as port, pytest.raises(ConfigFault, match="ASCII") as caught:
        send(message, SmtpConfig("localhost", port, "starttls", "ada"), password=lambda: "pässwort", context=trust)
    assert_no_secret(caught.value, "pässwort")


def test_no_connection(message: EmailMessage) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()[1]
    with pytest.raises(Unavailable, match="no connection"):
        send(message, SmtpConfig("localhost", closed, "starttls"), password=never)
    with pytest.raises(ConfigFault, match=r"smtp\.host"):
        send(message, SmtpConfig(), password=never)


def test_a_server_that_never_answers(message: EmailMessage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unavailable, match="timed out"):
        send(message, SmtpConfig("127.0.0.1", silent.getsockname()[1], "none"), password=never, timeout=0.3)


def assert_no_secret(error: BaseException, secret: str) -> None:
    """Neither the message nor any error behind it, shown or hanging on, holds the secret in any form."""
    forms = {secret, base64.b64encode(secret.encode()).decode(), base64.b64encode(f"\0ada\0{secret}".encode()).decode()}
    assert not [form for form in forms if form in str(error)]
    behind = error.__cause__ if error.__suppress_context__ else error.__context__
    while behind is not None:
        assert not [form for form in forms if form in repr(behind) + repr(vars(behind))]
        behind = behind.__cause__ if behind.__suppress_context__ else behind.__context__


# ---- the password ----------------------------------------------------------------------------------------------------


def smtp(**given: Any) -> SmtpConfig:
    return SmtpConfig("mail.example.org", 587, "starttls", "ada", **given)


def no_keyring(service: str, user: str) -> str | None:
    return None


def printing(code: str) -> str:
    return f'"{sys.executable}" -c "{code}"'


def test_the_password_is_looked_for_in_order(tmp_path: Path) -> None:
    kept = tmp_path / "password"
    kept.write_text("from the file\nand more\n")
    kept.chmod(0o600)
    command = printing("print('from the command')")
    environ = {"TRIAGE_SMTP_PASSWORD": "from the environment"}
    asked: list[tuple[str, str]] = []

    def keyring(service: str, user: str) -> str | None:
        asked.append((service, user))
        return "from the keyring"

    everything = smtp(password_command=command, password_file=kept)
    without_command = smtp(password_file=kept)
    assert read_password(everything, environ=environ, keyring=keyring) == "from the command"
    assert read_password(without_command, environ=environ, keyring=keyring) == "from the environment"
    assert not asked
    assert read_password(without_command, environ={}, keyring=keyring) == "from the keyring"
    assert asked == [("triage", "ada")]
    assert read_password(without_command, environ={}, keyring=no_keyring) == "from the file"


def test_no_password_names_the_ways() -> None:
    with pytest.raises(ConfigFault, match="password_command") as caught:
        read_password(smtp(), environ={}, keyring=no_keyring)
    assert caught.value.exit_code == 78
    assert "keyring set triage ada" in str(caught.value)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    kept = tmp_path / "pass word"
    kept.write_text(SECRET)
    kept.chmod(mode)
    with pytest.raises(ConfigFault, match="chmod 600 '") as caught:
        read_password(smtp(password_file=kept), environ={}, keyring=no_keyring)
    assert_no_secret(caught.value, SECRET)


@pytest.mark.parametrize(
    "code",
    [
        f"import sys; print('{SECRET}'); sys.exit(3)",
        f"import sys; sys.exit('{SECRET}')",
        f"import sys; sys.stdout.buffer.write(b'\\xff{SECRET}')",
        "print()",
    ],
)
def test_a_command_that_fails_tells_no_secret(code: str) -> None:
    with pytest.raises(ConfigFault) as caught:
        read_password(smtp(password_command=printing(code)), environ={"PATH": "/usr/bin"}, keyring=no_keyring)
    assert_no_secret(caught.value, SECRET)


@pytest.mark.parametrize("command", [f"no-such-program --token {SECRET}", f"'{SECRET}", "   "])
def test_a_command_that_cannot_run_tells_no_secret(command: str) -> None:
    with pytest.raises(ConfigFault, match="password_command") as caught:
        read_password(smtp(password_command=command), environ={}, keyring=no_keyring)
    assert_no_secret(caught.value, SECRET)


def test_missing_empty_and_strange_password_files(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch(0o600)
    for path, said in ((tmp_path / "none", "cannot be read"), (empty, "is empty"), (tmp_path, "cannot be read")):
        with pytest.raises(ConfigFault, match=said):
            read_password(smtp(password_file=path), environ={}, keyring=no_keyring)


# ---- other ways out --------------------------------------------------------------------------------------------------


def test_sendmail_gets_the_mail_and_the_recipient(message: EmailMessage, tmp_path: Path) -> None:
    command = tmp_path / "send mail"
    command.write_text(f'#!/bin/sh\ncat > "{tmp_path}/taken"\necho "$@" > "{tmp_path}/arguments"\n')
    command.chmod(0o755)
    sendmail(message, f"'{command}'")
    assert (tmp_path / "arguments").read_text() == "-i -- ada@example.org\n"
    assert (tmp_path / "taken").read_bytes() == message.as_bytes()


@pytest.mark.parametrize(("status", "fault"), [(75, TryLater), (67, Unavailable)])
def test_sendmail_that_fails(message: EmailMessage, tmp_path: Path, status: int, fault: type[Exception]) -> None:
    command = tmp_path / "sendmail"
    command.write_text(f"#!/bin/sh\ncat > /dev/null\nexit {status}\n")
    command.chmod(0o755)
    with pytest.raises(fault):
        sendmail(message, str(command))
    with pytest.raises(Unavailable, match="cannot be run"):
        sendmail(message, str(tmp_path / "absent"))


def test_eml_is_whole_private_and_repeatable(message: EmailMessage, tmp_path: Path) -> None:
    folder = tmp_path / "mails"
    path = to_eml(message, folder)
    assert to_eml(message, folder) == path
    assert list(folder.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    parsed = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert parsed["Message-ID"] == message["Message-ID"]


def test_a_maildir_that_others_can_read(message: EmailMessage, tmp_path: Path) -> None:
    import mailbox

    to_maildir(message, tmp_path / "box")
    to_maildir(message, tmp_path / "box")
    box = mailbox.Maildir(tmp_path / "box", create=False)
    [held] = list(box)
    assert held["Message-ID"] == message["Message-ID"]
    assert not list((tmp_path / "box" / "tmp").iterdir())


def test_a_place_that_cannot_be_written_is_one_line(message: EmailMessage, tmp_path: Path) -> None:
    (tmp_path / "box" / "new").mkdir(parents=True)
    name = to_maildir(message, tmp_path / "other").name
    (tmp_path / "box" / "new" / name).mkdir()
    with pytest.raises(CannotWrite, match="cannot be written"):
        to_maildir(message, tmp_path / "box")
    assert not list((tmp_path / "box" / "tmp").iterdir())


def test_deliver_follows_the_configuration(message: EmailMessage, tmp_path: Path) -> None:
    mailbox = Mailbox()
    with serving(mailbox) as port:
        delivered(message, DigestConfig(), SmtpConfig("127.0.0.1", port, "none"))
    assert len(mailbox.taken) == 1
    told = delivered(message, DigestConfig(transport="eml", folder=tmp_path), SmtpConfig())
    assert Path(told).suffix == ".eml"
    told = delivered(message, DigestConfig(transport="maildir", folder=tmp_path / "box"), SmtpConfig())
    assert Path(told).parent.name == "new"
    with pytest.raises(ConfigFault, match=r"digest\.folder"):
        delivered(message, DigestConfig(transport="eml"), SmtpConfig())


def delivered(message: EmailMessage, digest: DigestConfig, smtp: SmtpConfig, clock: Clock | None = None) -> str:
    clock = clock or Clock()
    return deliver(message, digest, smtp, password=never, clock=clock, until=clock.monotonic() + 900)


@pytest.mark.parametrize(("host", "pauses"), [("localhost", [0.5, 1.0, 2.0]), ("mail.example", [5.0, 30.0, 120.0])])
def test_a_deferred_mail_is_offered_again_after_growing_pauses(
    message: EmailMessage, monkeypatch: pytest.MonkeyPatch, host: str, pauses: list[float]
) -> None:
    clock, mailbox = Clock(), Mailbox(data="451 4.7.1 later")
    with serving(mailbox) as port:
        named = socket.create_connection
        monkeypatch.setattr(socket, "create_connection", lambda where, *a, **k: named(("127.0.0.1", port), *a, **k))
        with pytest.raises(Deferred, match="451"):
            delivered(message, DigestConfig(), SmtpConfig(host, port, "none"), clock)
        assert clock.slept == pauses
        clock.sleep = lambda seconds: mailbox.answers.clear()  # type: ignore[method-assign]
        delivered(message, DigestConfig(), SmtpConfig(host, port, "none"), clock)
    assert len(mailbox.taken) == 1


def test_only_a_clear_4xx_is_tried_again_in_the_same_run(message: EmailMessage) -> None:
    """A line that broke after the text leaves open whether the mail was taken: a second try might be a second mail."""
    clock = Clock()
    with serving(Mailbox(data="drop")) as port, pytest.raises(TryLater, match="hung up"):
        delivered(message, DigestConfig(), SmtpConfig("localhost", port, "none"), clock)
    with serving(Mailbox(data="554 no")) as port, pytest.raises(Refused):
        delivered(message, DigestConfig(), SmtpConfig("localhost", port, "none"), clock)
    assert clock.slept == []


def test_no_pause_outlives_the_run(message: EmailMessage) -> None:
    clock = Clock()
    with serving(Mailbox(rcpt="450 4.2.1 later")) as port:
        smtp = SmtpConfig("localhost", port, "none")
        with pytest.raises(Deferred):
            deliver(message, DigestConfig(), smtp, password=never, clock=clock, until=1.0)
        assert clock.slept == [0.5]
        with pytest.raises(TryLater, match="over before the mail was sent"):
            deliver(message, DigestConfig(), smtp, password=never, clock=clock, until=0.5)


@pytest.mark.parametrize("security", ["none", "tls"])
def test_a_server_that_drips_does_not_hold_us(message: EmailMessage, certificate: Path, security: Any) -> None:
    """Each byte comes in time, the answer never does: the time of the whole conversation ends it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    over = threading.Event()

    def drip(listening: socket.socket) -> None:
        taken, _ = listening.accept()
        with suppress(OSError), context.wrap_socket(taken, server_side=True) if security == "tls" else taken as line:
            while not over.wait(0.02):
                line.sendall(b"2")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,), daemon=True)
        thread.start()
        smtp = SmtpConfig("localhost", listening.getsockname()[1], security)
        trusted = ssl.create_default_context(cafile=str(certificate))
        with pytest.raises(TriageError):
            send(message, smtp, password=never, timeout=30, total_s=0.4, context=trusted)
        over.set()
        thread.join(5)
