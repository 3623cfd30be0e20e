"""`triage profile list`, `show` and `check`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from triage.cli.surroundings import Surroundings, pass_surroundings, profile_option
from triage.errors import InvalidInput


@click.group("profile", invoke_without_command=False)
@profile_option
def profile_command() -> None:
    """Example: triage profile check

    The focus profiles: one narrow focus each, a TOML file that you write.
    """


@profile_command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@profile_option
@pass_surroundings
def list_command(around: Surroundings, as_json: bool) -> None:
    """Example: triage profile list

    The profiles, their categories and their minutes.
    """
    profiles = around.all_profiles()
    if as_json:
        rows = [
            {"name": one.name, "active": one.active, "categories": list(one.categories), "minutes": one.minutes}
            for one in profiles
        ]
        click.echo(json.dumps({"schema": 1, "profiles": rows}))
    for one in profiles if not as_json else []:
        rest = "" if one.active else "  (not active)"
        click.echo(f"{one.name:<24} {one.minutes:>4g} min  {' '.join(one.categories)}{rest}")
    if not profiles:
        click.echo(f"triage: no profile in {around.config.folders.profiles}", err=True)


@profile_command.command("show")
@click.argument("name", required=False)
@profile_option
@pass_surroundings
def show_command(around: Surroundings, name: str | None) -> None:
    """Example: triage profile show agents

    A profile's file as it stands.
    """
    for path in _files(around, name):
        try:
            click.echo(path.read_text(encoding="utf-8").rstrip("\n"))
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"{path}: cannot be read ({error}); check its rights and its encoding") from error


@profile_command.command("check")
@click.argument("name", required=False)
@profile_option
@pass_surroundings
def check_command(around: Surroundings, name: str | None) -> None:
    """Example: triage profile check agents

    Look for mistakes in files edited by hand; each is told with its line. Exit code 65 when there is one.
    """
    from triage.profile import parse

    wrong = 0
    for path in _files(around, name):
        try:
            _, problems = parse(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"{path}: cannot be read ({error}); check its rights and its encoding") from error
        for problem in problems:
            click.echo(str(problem), err=True)
        wrong += len(problems)
        if not problems:
            click.echo(f"{path}: fine")
    if wrong:
        raise InvalidInput(f"{wrong} problem{'s' if wrong > 1 else ''} found; mend the lines above")


def _files(around: Surroundings, name: str | None) -> list[Path]:
    """The file of one profile, or of all."""
    wanted = name or around.profile
    return [around.profile_file(wanted)] if wanted else around.profile_files()
