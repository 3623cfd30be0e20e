"""`triage config`: every setting, its value and where it came from."""

from __future__ import annotations

import json

import click

from triage.cli.surroundings import Surroundings, pass_surroundings, profile_option


@click.group("config")
@profile_option
def config_command() -> None:
    """Example: triage config show --origin

    The settings: the environment before config.toml, and config.toml before the defaults.
    """


@config_command.command("show")
@click.option("--origin", is_flag=True, help="Also where each value came from.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@profile_option
@pass_surroundings
def show_command(around: Surroundings, origin: bool, as_json: bool) -> None:
    """Example: triage config show --origin

    Every setting and its value. Passwords, and commands that may hold one, are never shown.
    """
    from triage import config

    found = config.settings(around.environ)
    if as_json:
        rows = [{"key": f"{one.section}.{one.key}", "value": _plain(one.value), "origin": one.origin} for one in found]
        click.echo(json.dumps({"schema": 1, "settings": rows}))
        return
    told = [
        (f"{one.section}.{one.key}", json.dumps(_plain(one.value), ensure_ascii=False), one.origin) for one in found
    ]
    widths = [max(len(row[column]) for row in told) for column in range(2)]
    for name, value, source in told:
        rest = f"  {value:<{widths[1]}}  {source}" if origin else f"  {value}"
        click.echo(_line(name, rest, widths[0]))


def _line(name: str, rest: str, width: int) -> str:
    """One row without control characters, its columns as they are."""
    return "".join(char for char in f"{name:<{width}}{rest}" if char.isprintable())


def _plain(value: object) -> object:
    """A value as JSON has it; a path is a text and a missing one is empty."""
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, str | int | float | bool) else "" if value is None else str(value)
