"""`triage profile new` and `edit`: the questions, the editor, the preview, and the choice what becomes of a change."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from triage.cli.outlook import foreseen, told
from triage.cli.surroundings import Surroundings, is_terminal
from triage.errors import CannotCreate, InvalidInput, TriageError, UsageFault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from triage.edit import Draft, Judgement
    from triage.profile import Problem

_OFFERED = 6


def edit(around: Surroundings, path: Path) -> None:
    """Edit one profile until the change is taken or thrown away.

    Raises:
        InvalidInput: it has mistakes and nobody can be asked.
        TriageError: the editor failed; nothing was changed.
    """
    from triage.edit import editor_command, prepare

    command = editor_command(around.config.session.editor, around.environ)
    draft = prepare(path, around.config.folders.state / "edit")
    again = True
    try:
        while again:
            _run(command, draft)
            again = _settled(around, draft)
    except click.Abort:
        click.echo(f"triage: {path.name} is as it was; your text is kept in {draft.copy}", err=True)
        raise


def _run(command: Sequence[str], draft: Draft) -> None:
    """Run the editor; Ctrl+C is its own matter meanwhile."""
    with _deaf():
        try:
            status = subprocess.run([*command, str(draft.copy)], check=False).returncode
        except OSError as error:
            raise TriageError(
                f"the editor {command[0]!r} cannot be run ({error.strerror}); nothing was changed"
            ) from error
    if status:
        raise TriageError(
            f"the editor {command[0]!r} ended with {status}; nothing was changed, your text is kept in {draft.copy}"
        )


@contextmanager
def _deaf() -> Iterator[None]:
    """Leave Ctrl+C to the program in front."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _settled(around: Surroundings, draft: Draft) -> bool:
    """Judge what the editor left and act on it; True where it is to be edited again."""
    from triage.edit import discard, judge

    found = judge(draft)
    if not found.changed:
        discard(draft)
        click.echo(f"{draft.path.name}: no change")
        return False
    if found.profile is None:
        answer = _about_problems(draft, found)
    else:
        _show_preview(around, draft, found)
        answer = _asked("Take this change?", {"y": "yes", "e": "edit again", "d": "discard"}, default="y")
    if answer == "d":
        discard(draft)
        click.echo(f"{draft.path.name}: discarded; it is as it was")
    if answer == "y":
        _take(around, draft, found)
    return answer == "e"


def _show_preview(around: Surroundings, draft: Draft, found: Judgement) -> None:
    """Say what the change would do; a preview that cannot be made is in nobody's way."""
    assert found.profile is not None
    try:
        lines = list(told(foreseen(around, found.profile, draft.before), text=found.text))
    except TriageError as fault:
        lines = [f"no preview: {fault}"]
    for line in lines:
        click.echo(line)


def _about_problems(draft: Draft, found: Judgement) -> str:
    """Show what is wrong, and ask what to do about it."""
    show_problems(found.problems)
    if not is_terminal():
        raise InvalidInput(f"{draft.path.name} was not changed; your text is kept in {draft.copy}")
    return _asked("What now?", {"e": "edit again", "d": "discard"}, default="e")


def show_problems(problems: Sequence[Problem]) -> None:
    """Show each with its line and a mark under the place; what stands there is foreign text."""
    from triage.text import clean

    for problem in problems:
        message, *rest = problem.shown.split("\n")
        click.echo("\n".join([clean(message), *(_kept_blanks(line) for line in rest)]), err=True)


def _kept_blanks(line: str) -> str:
    """A line without control characters whose columns stay where they are."""
    return "".join(char if char.isprintable() else " " for char in line)


def _take(around: Surroundings, draft: Draft, found: Judgement) -> None:
    """Write the change; when somebody else wrote meanwhile, ask whose text counts."""
    from triage.edit import Changed, accept

    history = history_of(around, draft.path)
    try:
        accept(draft, found.text, history)
    except Changed as changed:
        if not is_terminal():
            raise
        click.echo(f"triage: {changed}", err=True)
        choices = {"o": "write yours over it (theirs is kept in the history)", "k": "keep theirs"}
        if _asked("What now?", choices, default="k") == "k":
            return
        accept(draft, found.text, history, over=True)
    click.echo(f"{draft.path.name}: changed; triage profile undo takes it back")


def _asked(question: str, answers: dict[str, str], *, default: str) -> str:
    """One letter; without a terminal nobody is asked and the default stands."""
    if not is_terminal():
        return default
    choices = ", ".join(f"[{letter}] {meaning}" for letter, meaning in answers.items())
    answer: str = click.prompt(
        f"{question} {choices}", type=click.Choice(list(answers)), default=default, show_choices=False
    )
    return answer


def history_of(around: Surroundings, path: Path) -> Path:
    """Where the earlier versions of a profile are kept."""
    from triage.edit import history_folder

    return history_folder(around.config.folders.data, path, around.config.folders.profiles)


# -- a new profile --


def new(
    around: Surroundings,
    name: str | None,
    statement: str | None,
    categories: Sequence[str],
    seeds: Sequence[str],
    minutes: float | None,
) -> Path:
    """Ask for what was not given, and write a new profile with its comments; an old one is never overwritten.

    Raises:
        UsageFault: something is missing and there is no terminal to ask for it.
        CannotCreate: there is a profile of that name, or its file cannot be made.
    """
    from triage.profile import parse
    from triage.profile.write import render, slug

    folder = around.folder(around.config.folders.profiles)
    if name:
        name = slug(name) if "/" in name else name
        if (folder / f"{name}.toml").exists():  # told before the questions, not after the last answer
            raise _taken(folder / f"{name}.toml")
    statement = statement or _statement()
    listed = _categories(categories) if categories else _asked_categories(statement)
    given = _seeds(seeds) if seeds or not is_terminal() else _asked_seeds()
    minutes = minutes if minutes is not None else _minutes()
    name = name or slug(statement)
    path = folder / f"{name}.toml"
    text = render(name, statement, listed, minutes=minutes, seeds=dict.fromkeys(given, ""))
    profile, problems = parse(text, str(path))
    if profile is None:
        raise InvalidInput(str(problems[0]))
    create(path, text)
    return path


def create(path: Path, text: str) -> None:
    """Write a file that is not there yet, whole or not at all, and the schema beside it.

    Raises:
        CannotCreate: it is there, or cannot be made.
    """
    import os

    from triage.edit import write
    from triage.profile.write import SCHEMA_FILE, schema

    half = path.with_name(f".{path.name}.{os.getpid()}.half")
    try:
        write(path.with_name(SCHEMA_FILE), schema())
        write(half, text)
        os.link(half, path)  # unlike a rename, a link never takes the place of what is there
    except FileExistsError as error:
        raise _taken(path) from error
    except OSError as error:
        raise CannotCreate(f"{path}: cannot be made ({error.strerror}); check the folder's rights") from error
    finally:
        half.unlink(missing_ok=True)


def _taken(path: Path) -> CannotCreate:
    return CannotCreate(f"{path} is there already; triage profile edit {path.stem} changes it")


def _missing(what: str) -> UsageFault:
    return UsageFault(f"{what} is missing and there is no terminal to ask; see triage profile new --help")


def _statement() -> str:
    if not is_terminal():
        raise _missing("--statement")
    click.echo("What do you look for? One or two sentences, as to a colleague; narrow beats complete.")
    answer = ""
    while not answer.strip():
        answer = click.prompt("statement", prompt_suffix="> ")
    return answer.strip()


def _categories(given: Sequence[str]) -> list[str]:
    """The categories as arXiv writes them; several may stand in one word list."""
    from triage import taxonomy

    found = [taxonomy.check(one) for text in given for one in text.replace(",", " ").split()]
    for one in found:
        if one not in taxonomy.names():
            raise InvalidInput(f"{one} is a whole archive: name its categories, such as {_one_below(one)}")
    return list(dict.fromkeys(found))


def _one_below(archive: str) -> str:
    from triage import taxonomy

    return next(name for name in taxonomy.names() if name.startswith(f"{archive}."))


def _asked_categories(statement: str) -> list[str]:
    """Ask for the listings to read, offering those whose names share words with the statement."""
    from triage import taxonomy

    if not is_terminal():
        raise _missing("--category")
    offered = taxonomy.suited(statement, _OFFERED)
    click.echo("Which listings? Categories such as cs.LG; any other word shows the categories it names.")
    while True:
        for one in offered:
            click.echo(f"  {one:<18} {taxonomy.names()[one]}")
        answer = click.prompt("categories", prompt_suffix="> ")
        try:
            return _categories([answer])
        except InvalidInput as error:
            offered = taxonomy.suited(answer, _OFFERED)
            click.echo(f"{error}" if not offered else f"{answer}: one of these?")


def _asked_seeds() -> list[str]:
    click.echo("Papers you would have been sorry to miss? arXiv identifiers or links, three to five; or nothing.")
    while True:
        answer = click.prompt("seeds", prompt_suffix="> ", default="", show_default=False)
        try:
            return _seeds(answer.replace(",", " ").split())
        except InvalidInput as error:
            click.echo(str(error))


def _seeds(given: Sequence[str]) -> list[str]:
    """Identifiers as a profile takes them, so that no answer is refused after the last question."""
    from triage.profile.read import check_identifier

    return list(dict.fromkeys(map(check_identifier, given)))


def _minutes() -> float:
    if not is_terminal():
        return 15.0
    click.echo("How many minutes is your coffee?")
    answer: float = click.prompt("minutes", prompt_suffix="> ", type=click.FloatRange(0, 240), default=15.0)
    return answer
