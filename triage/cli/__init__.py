"""The commands: parse, call, print; this file holds the group and the one place where errors become exit codes."""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from triage import __version__
from triage.cli.surroundings import Surroundings
from triage.errors import TriageError

_COMMANDS = {
    "demo": "demo",
    "fetch": "fetch",
    "list": "papers",
    "rank": "papers",
    "show": "papers",
    "why": "papers",
    "keep": "verdicts",
    "dismiss": "verdicts",
    "open": "verdicts",
    "undo": "verdicts",
    "kept": "library",
    "search": "library",
    "similar": "library",
    "note": "library",
    "tag": "library",
    "notebook": "notebook",
    "export": "export",
    "import": "imports",
    "digest": "digest",
    "schedule": "schedule",
    "stats": "stats",
    "evaluate": "evaluate",
    "profile": "profile",
    "doctor": "doctor",
    "train": "train",
    "prune": "prune",
    "paths": "paths",
    "config": "config",
}
"""Each command's module: imported when the command runs, so that `--help` costs nothing."""

_SUMMARIES = {
    "demo": "The whole way of the data on a fictional announcement; needs no network.",
    "fetch": "Bring what was announced, embed it and rank it.",
    "list": "Today's shortlist.",
    "rank": "Rank any pool of papers: JSON lines in, JSON lines out.",
    "show": "One paper.",
    "why": "Why a paper ranks where it does.",
    "keep": "Keep papers for later.",
    "dismiss": "Say no to papers.",
    "open": "Open papers in the browser.",
    "undo": "Take back the newest verdict of the day.",
    "kept": "The papers kept for later, and how many coffees they hold.",
    "search": "Full text search over every stored paper and your notes.",
    "similar": "The stored papers nearest to one.",
    "note": "Your notes on papers.",
    "tag": "Your tags on papers.",
    "notebook": "The diary of your coffees.",
    "export": "Kept papers for other programs, and everything you own.",
    "import": "Papers somebody pointed out, and an export taken back.",
    "digest": "The shortlist by e-mail.",
    "schedule": "Ready lines for cron, systemd and launchd.",
    "stats": "Minutes, precision and drift over time.",
    "evaluate": "The rankers against each other on your own verdicts.",
    "profile": "The focus profiles: new, edit, preview, check, seed, undo.",
    "doctor": "What is wrong and how to mend it.",
    "train": "Renew the fast encoder from the stored papers.",
    "prune": "Let go of old papers that you never touched.",
    "paths": "Where things are kept.",
    "config": "Every setting, its value and where it came from.",
}


RARELY = 100000
"""New objects after which Python looks for cyclic garbage: hardly any is made while a command loads its modules, and
looking for it after every 700 was a tenth of the session's opening."""


class _Lazy(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"triage.cli.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        command.short_help = _SUMMARIES[cmd_name]
        for one in getattr(command, "commands", {}).values():
            one.short_help = _summary(one)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, without importing one of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_SUMMARIES.items()))


def _summary(command: click.Command) -> str:
    """What a command does, for lists of commands and the shell: the sentence after the example of its help."""
    told = (command.help or "").partition("\n\n")[2].partition("\n\n")[0]
    return " ".join(told.split()).partition(". ")[0].removesuffix(".") + "."


@click.group(cls=_Lazy, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--minutes", type=click.FloatRange(min=0), help="A smaller coffee for the rest of today (never larger).")
@click.option("--again", is_flag=True, help="Five more minutes of a finished coffee: once a day, twice a week.")
@click.option("--plain", is_flag=True, help="The session as numbered questions, line by line, for screen readers.")
@click.option("--profile", "profile", metavar="NAME|FILE", help="One focus profile instead of all active ones.")
@click.option("--ascii", "ascii_only", is_flag=True, help="The session in signs of ASCII only.")
@click.version_option(__version__, prog_name="triage", message="%(prog)s %(version)s")
@click.pass_context
def group(
    ctx: click.Context, minutes: float | None, again: bool, plain: bool, profile: str | None, ascii_only: bool
) -> None:
    """Example: triage --minutes 10

    Read the arXiv for one coffee. Without a command: the morning session, which closes itself when the coffee is
    finished.
    """
    told = {"TRIAGE_SESSION_ASCII": "true"} if ascii_only else {}
    ctx.obj = Surroundings({**os.environ, **told}, profile)
    if ctx.invoked_subcommand is None:
        from triage.cli.session import morning

        ctx.exit(morning(ctx.obj, minutes, again=again, plain=plain))
    given = {"minutes": minutes is not None, "again": again, "plain": plain}
    if wrong := next((name for name, there in given.items() if there), ""):
        raise click.UsageError(f"--{wrong} here is for the session, which has no command", ctx)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; every error becomes one line on stderr."""
    _die_as_told()
    gc.set_threshold(RARELY, *gc.get_threshold()[1:])
    try:
        code = group.main(args=arguments, prog_name="triage", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except TriageError as error:
        click.echo(f"triage: {_one_line(error)}", err=True)
        return error.exit_code
    except click.UsageError as error:
        error.show()
        return 2
    except click.ClickException as error:
        click.echo(f"triage: {error.format_message()}", err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _drop_output()
        click.echo("triage: interrupted; what was done is kept", err=True)
        return 130
    except BrokenPipeError:
        _drop_output()
        return 0
    except OSError as error:
        return _say_disk(error)


def _drop_output() -> None:
    """Let what is still buffered go: a pipe that nobody reads would keep the process waiting, or fail, at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say_disk(error: OSError) -> int:
    """Name what could not be read or written: a full disk has no traceback either."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
    mend = "free some space" if full else "check the path and its rights"
    click.echo(f"triage: {error.filename or 'writing'}: {error.strerror or error}; {mend}", err=True)
    return 74


def _one_line(error: Exception) -> str:
    """An error may quote a server or a file: its text is foreign too."""
    from triage.text import clean

    return clean(str(error))


def _die_as_told() -> None:
    """Let SIGTERM and SIGHUP end a command through its `finally` clauses, with 128 + the signal's number."""

    def end(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)
