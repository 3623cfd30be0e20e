"""`triage paths`: where things are kept."""

from __future__ import annotations

import json

import click

from triage.cli.surroundings import Surroundings, pass_surroundings, profile_option


@click.command("paths")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@profile_option
@pass_surroundings
def paths_command(around: Surroundings, as_json: bool) -> None:
    """Example: triage paths

    Where the settings, the profiles, the database and the log are.
    """
    from triage import config

    folders = config.folders(around.environ)
    places = {
        "config": folders.config_file,
        "profiles": folders.profiles,
        "database": folders.database,
        "log": folders.log,
    }
    if as_json:
        click.echo(json.dumps({"schema": 1} | {name: str(path) for name, path in places.items()}))
    else:
        click.echo("\n".join(f"{name:<10}{path}" for name, path in places.items()))
