"""What can go wrong, as exceptions: one line for the reader and the exit code of the process."""

from __future__ import annotations


class TriageError(Exception):
    """One clear line that says what to do next; `exit_code` follows the BSD sysexits where one fits."""

    exit_code = 1


class UsageFault(TriageError):
    """The command line names something that does not exist, such as an unknown profile."""

    exit_code = 2


class NoTerminal(TriageError):
    """A session was asked for where there is no terminal to show it."""

    exit_code = 64


class InvalidInput(TriageError):
    """A profile, an identifier, a category or a stored file is malformed."""

    exit_code = 65


class Unavailable(TriageError):
    """The other side cannot be reached or refuses for good: no network, 403, 5xx, SMTP 5xx."""

    exit_code = 69


class CannotCreate(TriageError):
    """A file or a folder cannot be created."""

    exit_code = 73


class CannotWrite(TriageError):
    """Writing failed although the file exists: disk full, read-only."""

    exit_code = 74


class TryLater(TriageError):
    """Nothing is wrong that time does not mend: locked, 429, 503, SMTP 4xx, stale."""

    exit_code = 75


class LoginRefused(TriageError):
    """The mail server does not accept the name and the password."""

    exit_code = 77


class Interrupted(TriageError):
    """Ctrl+C ended work of which nothing is kept."""

    exit_code = 130


class ConfigFault(TriageError):
    """The configuration is bad or missing, there is no profile, or the database is of a newer triage."""

    exit_code = 78
