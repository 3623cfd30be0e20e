"""`triage profile`: the focus profiles, from the first question to the last undo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.surroundings import Surroundings, pass_surroundings, profile_names, profile_option
from triage.errors import ConfigFault, InvalidInput, UsageFault

if TYPE_CHECKING:
    from triage.profile import Profile


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
@click.argument("name", required=False, shell_complete=profile_names)
@profile_option
@pass_surroundings
def show_command(around: Surroundings, name: str | None) -> None:
    """Example: triage profile show agents

    A profile's file as it stands.
    """
    from triage.edit import read

    for path in _files(around, name):
        click.echo(read(path).rstrip("\n"))


@profile_command.command("check")
@click.argument("name", required=False, shell_complete=profile_names)
@profile_option
@pass_surroundings
def check_command(around: Surroundings, name: str | None) -> None:
    """Example: triage profile check agents

    Look for mistakes in files edited by hand; each is told with its line. Exit code 65 when there is one. With papers
    stored it also says how narrow the profile is, and which terms never match or match too much.
    """
    from triage.cli.editing import show_problems
    from triage.edit import read
    from triage.profile import parse

    wrong = 0
    for path in _files(around, name):
        text = read(path)
        profile, problems = parse(text, str(path))
        show_problems(problems)
        wrong += len(problems)
        if profile:
            click.echo(f"{path}: {_outlook(around, path, text, profile)}")
    if wrong:
        raise InvalidInput(f"{wrong} problem{'s' if wrong > 1 else ''} found; mend the lines above")


def _outlook(around: Surroundings, path: Path, text: str, profile: Profile) -> str:
    """Warn of lines that do nothing or too much, and say how narrow the profile is."""
    from triage.cli.outlook import foreseen, warnings
    from triage.spans import scan

    found, spans = foreseen(around, profile), scan(text)
    for line, warning in warnings(found):
        row, column = spans.place((*line.key.split("."), line.index))
        click.echo(f"{path}:{row}:{column}: warning: {warning}", err=True)
    return f"fine, {found.width.verdict}" if found.width.papers else "fine"


@profile_command.command("new")
@click.argument("name", required=False)
@click.option("--statement", metavar="TEXT", help="What you look for, in one or two sentences.")
@click.option("--category", "categories", metavar="NAME", multiple=True, help="A listing to read, such as cs.LG.")
@click.option("--seed", "seeds", metavar="ID", multiple=True, help="A paper you would have been sorry to miss.")
@click.option("--minutes", type=click.FloatRange(0, 240), help="An ordinary day's coffee.")
@profile_option
@pass_surroundings
def new_command(
    around: Surroundings,
    name: str | None,
    statement: str | None,
    categories: tuple[str, ...],
    seeds: tuple[str, ...],
    minutes: float | None,
) -> None:
    """Example: triage profile new kv-cache --statement "Compressing the KV cache" --category cs.LG

    Write a new profile with its comments. On a terminal four questions are asked for what was not given; an old file
    is never overwritten.
    """
    from triage.cli.editing import new

    path = new(around, name, statement, categories, seeds, minutes)
    click.echo(f"{path}: written; triage profile edit {path.stem} opens it, triage fetch --back 7 brings papers")


@profile_command.command("edit")
@click.argument("name", required=False, shell_complete=profile_names)
@profile_option
@pass_surroundings
def edit_command(around: Surroundings, name: str | None) -> None:
    """Example: triage profile edit agents

    Open a copy in your editor ([session] editor, $VISUAL, $EDITOR), say what is wrong in it, show what the change
    would do to the last announcement, and take it or not. The last twenty versions are kept.
    """
    from triage.cli.editing import edit

    edit(around, _file(around, name))


@profile_command.command("undo")
@click.argument("name", required=False, shell_complete=profile_names)
@profile_option
@pass_surroundings
def undo_command(around: Surroundings, name: str | None) -> None:
    """Example: triage profile undo agents

    Bring back the version before the last change that triage made; again for the one before.
    """
    from triage.cli.editing import history_of
    from triage.edit import undo

    path = _file(around, name)
    taken = undo(path, history_of(around, path))
    if taken is None:
        click.echo(f"{path.name}: no earlier version is kept")
    else:
        click.echo(f"{path.name}: the version before is back; what it replaced is kept in {taken}")


@profile_command.command("preview")
@click.argument("name", required=False, shell_complete=profile_names)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@profile_option
@pass_surroundings
def preview_command(around: Surroundings, name: str | None, as_json: bool) -> None:
    """Example: triage profile preview agents

    What the profile makes of the last announcement, how narrow it is over thirty days, and which of its lines pay.
    Nothing is fetched and nothing is changed.
    """
    from triage.cli import outlook
    from triage.edit import read
    from triage.profile import Profile

    path = _file(around, name)
    found = outlook.foreseen(around, Profile.load(path))
    if as_json:
        click.echo(json.dumps(outlook.as_json(found)))
        return
    for line in outlook.told(found, text=read(path)):
        click.echo(line)


@profile_command.command("seed")
@click.argument("sources", metavar="ID|FILE...", nargs=-1)
@click.option("--kept", is_flag=True, help="What you kept for this profile.")
@click.option("--avoid", is_flag=True, help="To the papers to avoid instead.")
@profile_option
@pass_surroundings
def seed_command(around: Surroundings, sources: tuple[str, ...], kept: bool, avoid: bool) -> None:
    """Example: triage profile seed --profile agents 2309.06180 library.bib

    Add seeds from arXiv identifiers or links, from BibTeX, RIS and CSL-JSON files as Zotero exports them, from any
    text (- is standard input), or from what you kept. Their texts are fetched in one batch; what could not be
    resolved is listed. Comments in the file stay.
    """
    from triage.cli.seeding import seed

    if not sources and not kept:
        raise click.UsageError("name identifiers or files, or --kept; - reads standard input")
    seed(around, _file(around, None), sources, kept=kept, key="avoid_seeds" if avoid else "seeds")


def _file(around: Surroundings, name: str | None) -> Path:
    """The file of the one profile that is meant.

    Raises:
        UsageFault: there are several and none was named.
        ConfigFault: there is none.
    """
    files = _files(around, name)
    if not files:
        raise ConfigFault(f"no focus profile in {around.config.folders.profiles}; triage profile new writes one")
    if len(files) > 1:
        raise UsageFault(f"name one of the profiles: {', '.join(path.stem for path in files)}")
    return files[0]


def _files(around: Surroundings, name: str | None) -> list[Path]:
    """The file of one profile, or of all."""
    wanted = name or around.profile
    return [around.profile_file(wanted)] if wanted else around.profile_files()
