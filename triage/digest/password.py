"""The password of the mail server, from where the reader keeps it: command, environment, keyring or private file."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from triage.errors import ConfigFault

if TYPE_CHECKING:
    from triage.config import SmtpConfig

VARIABLE = "TRIAGE_SMTP_PASSWORD"
SERVICE = "triage"
"""The name under which the keyring keeps it: `keyring set triage USER`."""
_COMMAND_TIMEOUT_S = 60.0

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


def read_password(
    smtp: SmtpConfig,
    *,
    environ: Mapping[str, str],
    run: Run = subprocess.run,
    keyring: Callable[[str, str], str | None] | None = None,
) -> str:
    """Find the password: `password_command`, the environment, the keyring, `password_file`, in that order.

    `keyring` looks a user up in a service; by default the keyring package does, where it is installed. No message
    of this module repeats what it read, not even a part of it.

    Raises:
        ConfigFault: none of the four gives one, or one that was named does not work.
    """
    if smtp.password_command:
        return _from_command(smtp.password_command, environ, run)
    if given := environ.get(VARIABLE):
        return given
    if stored := (keyring or _from_keyring)(SERVICE, smtp.user):
        return stored
    if smtp.password_file:
        return _from_file(smtp.password_file)
    raise ConfigFault(
        f"no password for {smtp.user} at {smtp.host}: set smtp.password_command or smtp.password_file in config.toml, "
        f"or {VARIABLE}, or run: keyring set {SERVICE} {shlex.quote(smtp.user)}"
    )


def _from_command(command: str | tuple[str, ...], environ: Mapping[str, str], run: Run) -> str:
    """Run it without a shell; what it says on stderr stays unsaid, since it may quote the secret."""
    try:
        words = shlex.split(command) if isinstance(command, str) else list(command)
    except ValueError:
        raise ConfigFault("smtp.password_command: a quotation mark is not closed") from None
    if not words:
        raise ConfigFault("smtp.password_command is blank; name a command that prints the password")
    name = Path(words[0]).name
    try:
        done = run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_COMMAND_TIMEOUT_S,
            check=False,
            env=dict(environ),
        )
    except subprocess.TimeoutExpired:  # its output would hang on as the cause
        raise ConfigFault(f"smtp.password_command: {name} gave no answer in {_COMMAND_TIMEOUT_S:.0f} s") from None
    except OSError as error:
        raise ConfigFault(f"smtp.password_command: {name} cannot be run ({error.strerror})") from None
    if done.returncode:
        raise ConfigFault(f"smtp.password_command: {name} ended with {done.returncode}; try it in a shell")
    return _first_line(done.stdout, f"smtp.password_command: {name} printed no password")


def _from_keyring(service: str, user: str) -> str | None:
    """Ask the keyring package; one that is absent, locked or without a backend knows no password."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    try:
        found: str | None = keyring.get_password(service, user)
    except (KeyringError, OSError, RuntimeError):
        return None
    return found


def _from_file(path: Path) -> str:
    """Read a file that nobody else may read; its mode is asked of the open file, so that it cannot be swapped."""
    try:
        with path.open("rb") as stream:
            held = os.fstat(stream.fileno())
            if not stat.S_ISREG(held.st_mode):
                raise ConfigFault(f"smtp.password_file: {path} is no ordinary file")
            if os.name == "posix" and held.st_mode & 0o077:
                raise ConfigFault(
                    f"smtp.password_file: others may read {path}; run: chmod 600 {shlex.quote(str(path))}"
                )
            return _first_line(stream.read(4096), f"smtp.password_file: {path} is empty")
    except OSError as error:
        raise ConfigFault(f"smtp.password_file: {path} cannot be read ({error.strerror})") from error


def _first_line(raw: bytes, empty: str) -> str:
    try:
        lines = raw.decode("utf-8").splitlines()
    except UnicodeDecodeError:  # it carries the bytes, so it must not be the cause
        raise ConfigFault("the password is not UTF-8") from None
    if not lines or not lines[0]:
        raise ConfigFault(empty)
    return lines[0]
