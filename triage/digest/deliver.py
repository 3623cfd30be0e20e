"""The ways a message leaves: the mail server, a sendmail command, a Maildir or an .eml file."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from triage.config import is_loopback
from triage.digest.send import Deferred, Refused, send
from triage.errors import CannotCreate, CannotWrite, ConfigFault, TryLater, Unavailable

if TYPE_CHECKING:
    from email.message import EmailMessage

    from triage.config import DigestConfig, SmtpConfig

PAUSES_S = (5.0, 30.0, 120.0)
"""Seconds before a mail that got a 4xx is offered again: many servers defer the first attempt of a stranger."""

PAUSES_HERE_S = (0.5, 1.0, 2.0)
"""The same for a server on this machine, which is busy for a moment or not at all."""

_SENDMAIL_TIMEOUT_S = 120.0
_EX_TEMPFAIL = 75


class Clock(Protocol):
    """What is needed of a clock: seconds that only go forward, and a way to wait."""

    def monotonic(self) -> float:
        """Seconds since some moment."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


def deliver(
    message: EmailMessage,
    digest: DigestConfig,
    smtp: SmtpConfig,
    *,
    password: Callable[[], str],
    clock: Clock,
    until: float,
    waits: Callable[[float], None] = lambda seconds: None,
) -> str:
    """Send or write the message as `digest.transport` says; returns where it went, for the log.

    A server that answers 4xx is asked again after growing pauses, as long as `clock` has not reached `until`; `waits`
    is told of each pause, in seconds.

    Raises:
        TriageError: as the transport in question does.
    """
    match digest.transport:
        case "smtp":
            _send(message, smtp, password, clock, until, waits)
            return smtp.host
        case "sendmail":
            sendmail(message, digest.sendmail, timeout=max(0.0, until - clock.monotonic()))
            return digest.sendmail
    if digest.folder is None:
        raise ConfigFault(f'digest.folder is not set, and transport = "{digest.transport}" writes there')
    return str(to_maildir(message, digest.folder) if digest.transport == "maildir" else to_eml(message, digest.folder))


def _send(
    message: EmailMessage,
    smtp: SmtpConfig,
    password: Callable[[], str],
    clock: Clock,
    until: float,
    waits: Callable[[float], None],
) -> None:
    """Send, and send again after a 4xx; not after a broken connection, which leaves open whether the mail was taken."""
    for pause in (*(PAUSES_HERE_S if is_loopback(smtp.host) else PAUSES_S), None):
        left_s = until - clock.monotonic()
        if left_s <= 0:
            raise TryLater("the time of this run is over before the mail was sent; the next run sends it")
        try:
            return send(message, smtp, password=password, total_s=left_s)
        except Deferred:
            if pause is None or clock.monotonic() + pause >= until:
                raise
            waits(pause)
            clock.sleep(pause)


def sendmail(message: EmailMessage, command: str, *, timeout: float = _SENDMAIL_TIMEOUT_S) -> None:
    """Hand the message to a command that speaks as sendmail does; the recipient comes after `--`, never as an option.

    `timeout` is in seconds, and never longer than two minutes.

    Raises:
        TryLater: the command ended with EX_TEMPFAIL or gave no answer.
        Unavailable: it cannot be run.
        Refused: it ended with another code.
    """
    words = shlex.split(command)
    recipients = [one.addr_spec for one in message["To"].addresses]
    try:
        done = subprocess.run(
            [*words, "-i", "--", *recipients],
            input=message.as_bytes(),
            capture_output=True,
            timeout=min(timeout, _SENDMAIL_TIMEOUT_S),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TryLater(f"{command} gave no answer in {error.timeout:.0f} s; the next run tries again") from error
    except (OSError, IndexError) as error:
        raise Unavailable(f"digest.sendmail: {command or 'it'} cannot be run ({error})") from error
    if done.returncode == _EX_TEMPFAIL:
        raise TryLater(f"{command} cannot take the mail now; the next run tries again")
    if done.returncode:
        raise Refused(f"{command} refused the mail (it ended with {done.returncode})")


def to_maildir(message: EmailMessage, folder: Path) -> Path:
    """Deliver into a Maildir: written and synced in `tmp`, then moved to `new`, so that no reader sees a half.

    The name comes from the Message-ID: the same mail twice before it was read stays one file.

    Raises:
        CannotCreate: the folders cannot be made.
        CannotWrite: the message cannot be written.
    """
    for part in ("tmp", "new", "cur"):
        _make(folder / part)
    name = f"{int(message['Date'].datetime.timestamp())}.{_stem(message)}.triage"
    return _write(message.as_bytes(), folder / "tmp" / name, folder / "new" / name)


def to_eml(message: EmailMessage, folder: Path) -> Path:
    """Write the message as one .eml file, whole or not at all, readable by its owner only.

    Raises:
        CannotCreate: the folder cannot be made.
        CannotWrite: the file cannot be written.
    """
    from email.policy import SMTP

    _make(folder)
    path = folder / f"triage-{_stem(message)}.eml"
    return _write(message.as_bytes(policy=SMTP), path.with_suffix(".eml.tmp"), path)


def _stem(message: EmailMessage) -> str:
    """The left half of the Message-ID, which is announcement and digest, as a file name."""
    return re.sub(r"[^A-Za-z0-9.-]", "", str(message["Message-ID"]).partition("@")[0]).replace(".", "-")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotCreate(f"{folder} cannot be made ({error.strerror}); set digest.folder to another place") from error


def _write(content: bytes, half: Path, whole: Path) -> Path:
    try:
        try:
            with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:  # noqa: PTH123
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            half.replace(whole)
        finally:
            half.unlink(missing_ok=True)
    except OSError as error:
        raise CannotWrite(f"{whole} cannot be written ({error.strerror}); nothing of it was kept") from error
    return whole
