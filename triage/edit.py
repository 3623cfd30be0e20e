"""Change a profile file with the manners of `git commit` and `visudo`: copy, editor, judgement, atomic write, history.

A front end calls the steps one after the other and runs the editor itself, in the way its screen allows:

    command = editor_command(config.session.editor, environ)
    draft = prepare(path, folder)                     # a copy to work on
    ... run [*command, str(draft.copy)] ...
    found = judge(draft)                              # unchanged, problems, or a profile
    accept(draft, found.text, history)                # or discard(draft), or edit the same copy again

Whatever stops the process, the profile is the old one or the new one, and the copy is still there.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from triage.errors import CannotCreate, CannotWrite, ConfigFault, InvalidInput, TryLater
from triage.profile import parse

if TYPE_CHECKING:
    from triage.profile import Problem, Profile

VERSIONS = 20
"""How many earlier versions of a profile are kept."""

_WAIT = {
    "--wait": ("code", "code-insiders", "codium", "cursor", "zed", "zeditor", "subl", "atom", "mate", "gedit", "xed"),
    "--nofork": ("gvim", "mvim"),
    "--block": ("kate",),
}
"""Editors with a window return at once unless they are asked to wait; each with its own word for it."""

_SHORT = {"-w": "--wait", "-f": "--nofork", "-b": "--block"}
_NUMBERED = "[0-9]*.toml"
_USUAL = ("editor", "nano", "vi")


class Changed(TryLater):
    """Somebody else wrote the profile while it was being edited; nothing was overwritten."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A profile being edited: its file, the text it had when the editing began, and the copy to work on."""

    path: Path
    before: str
    copy: Path


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the editor left: the text, and the profile in it or what is wrong with it."""

    text: str
    changed: bool
    profile: Profile | None
    problems: tuple[Problem, ...] = ()


def editor_command(configured: str, environ: Mapping[str, str]) -> list[str]:
    """The editor and its arguments: the configured one, `$VISUAL`, `$EDITOR`, or one that is usually there.

    An editor with a window of its own is told to wait until the file is closed.

    Raises:
        ConfigFault: none can be found, or what is set cannot be read.
    """
    told = next((one for one in (configured, environ.get("VISUAL"), environ.get("EDITOR")) if one and one.strip()), "")
    if not told:
        told = next((one for one in _USUAL if shutil.which(one, path=environ.get("PATH"))), "")
    try:
        command = shlex.split(told)
    except ValueError as error:
        raise ConfigFault(f"the editor {told!r} cannot be read ({error}); mend its quotes") from error
    if not command:
        raise ConfigFault('no editor found; set one: [session] editor = "nano" in config.toml, or $EDITOR')
    if not shutil.which(command[0], path=environ.get("PATH")):
        raise ConfigFault(f"the editor {command[0]!r} is not there; set [session] editor, $VISUAL or $EDITOR")
    return _waiting(command)


def _waiting(command: list[str]) -> list[str]:
    """Add the word for waiting where the editor needs it and lacks it."""
    given = {_SHORT.get(argument, argument) for argument in command[1:]}
    for word, editors in _WAIT.items():
        if Path(command[0]).name in editors and word not in given:
            return [command[0], word, *command[1:]]
    return command


def prepare(path: Path, folder: Path, text: str | None = None) -> Draft:
    """Copy a profile into a new folder below `folder`; the copy begins with `text` where one is given.

    Raises:
        InvalidInput: the profile cannot be read.
        CannotCreate: the copy cannot be made.
    """
    before = read(path)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        copy = Path(tempfile.mkdtemp(prefix=f"{path.stem}-", dir=folder)) / path.name
        copy.write_text(before if text is None else text, encoding="utf-8", newline="")
    except OSError as error:
        raise CannotCreate(f"{folder}: no copy can be made there ({error.strerror}); check its rights") from error
    return Draft(path, before, copy)


def read(path: Path) -> str:
    """A profile's text as it stands, line ends and all.

    Raises:
        InvalidInput: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read ({error.strerror}); check the path and its rights") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8") from error


def judge(draft: Draft) -> Judgement:
    """Read what the editor left; problems are told with the name of the profile, not of its copy.

    Raises:
        InvalidInput: the copy is gone or not UTF-8.
    """
    text = read(draft.copy)
    profile, problems = parse(text, str(draft.path))
    return Judgement(text, text != draft.before, profile, tuple(problems))


def discard(draft: Draft) -> None:
    """Throw the copy away, and what the editor left beside it."""
    shutil.rmtree(draft.copy.parent, ignore_errors=True)


def accept(draft: Draft, text: str, history: Path, *, over: bool = False) -> None:
    """Put the text into the profile and the one that stood there into its history; then the copy is thrown away.

    `over` writes over what somebody else wrote meanwhile; that too is kept in the history.

    Raises:
        Changed: the profile is not what it was when the editing began.
        InvalidInput: the text is no valid profile.
        CannotWrite, CannotCreate: nothing was changed, and the copy is still there.
    """
    _, problems = parse(text, str(draft.path))
    if problems:
        raise InvalidInput(str(problems[0]))
    with _alone(draft.path, history) as kept:
        now = read(draft.path) if draft.path.exists() else ""
        if now != draft.before and not over:
            raise Changed(f"{draft.path} was changed by somebody else meanwhile; your text is kept in {draft.copy}")
        _change(draft.path, now, text, kept)
    discard(draft)


def change(path: Path, text: str, history: Path, *, before: str) -> None:
    """Write a text that a command made from `before`, with the same care as `accept`.

    Raises:
        Changed: the profile is not `before` any more.
        InvalidInput: the text is no valid profile.
        CannotWrite, CannotCreate: nothing was changed.
    """
    _, problems = parse(text, str(path))
    if problems:
        raise InvalidInput(str(problems[0]))
    with _alone(path, history) as kept:
        if read(path) != before:
            raise Changed(f"{path} was changed by somebody else meanwhile; try again")
        _change(path, before, text, kept)


def undo(path: Path, history: Path) -> Path | None:
    """Put the newest earlier version back; again for the one before. None where there is none.

    Returns the file in which the version that was taken back is kept.

    Raises:
        CannotWrite, CannotCreate: nothing was changed.
    """
    with _alone(path, history) as kept:
        now, versions = read(path), list(_versions(kept))
        while versions and read(versions[-1]) == now:
            versions.pop().unlink()  # a process that died between keeping a version and writing the profile left it
        if not versions:
            return None
        taken = kept / f"undone-{versions[-1].name}"
        write(taken, now)
        write(path, read(versions[-1]))
        versions[-1].unlink()
        _let_go(kept, "undone-*.toml")
        return taken


def history_folder(root: Path, path: Path, profiles: Path) -> Path:
    """Where the earlier versions of a profile are kept; a file from elsewhere is told apart by its whole path."""
    whole = path.resolve()
    inside = whole.parent == profiles.resolve()
    mark = "" if inside else f"-{hashlib.sha256(str(whole).encode()).hexdigest()[:8]}"
    return root / "history" / f"{path.stem}{mark}"


def write(path: Path, text: str) -> None:
    """Replace a file in one step: a reader, or a crash, meets the old text or the new one. Links are followed.

    Raises:
        CannotWrite: the file is as it was.
    """
    target = path.resolve()
    half = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        try:
            with half.open("wb") as stream:
                stream.write(text.encode())
                stream.flush()
                os.fsync(stream.fileno())
            if target.exists():
                shutil.copymode(target, half)
            half.replace(target)
        finally:
            half.unlink(missing_ok=True)
        _settle(target.parent)
    except OSError as error:
        raise CannotWrite(f"{path} cannot be written ({error.strerror}); it is as it was") from error


def _settle(folder: Path) -> None:
    """Bring the folder's entries to the disk, where the system can."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


@contextmanager
def _alone(path: Path, history: Path) -> Iterator[Path]:
    """Let one process at a time change a profile; gives the folder of its history."""
    from filelock import FileLock, Timeout

    try:
        history.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(history / "lock").acquire(timeout=5)
    except Timeout as error:
        raise TryLater(f"{path} is being written by another triage; try again in a moment") from error
    except OSError as error:
        raise CannotCreate(f"{history}: cannot be made ({error.strerror}); check its rights") from error
    with lock:
        for half in path.resolve().parent.glob(f".{path.resolve().name}.*.new"):
            half.unlink()  # of a process that was killed while it wrote
        yield history


def _change(path: Path, now: str, text: str, kept: Path) -> None:
    """Keep what stands there, write the new text, and let go of the oldest versions."""
    if now:
        versions = _versions(kept)
        number = int(versions[-1].stem) + 1 if versions else 1
        write(kept / f"{number:06}.toml", now)
    write(path, text)
    _let_go(kept, _NUMBERED)


def _let_go(kept: Path, pattern: str) -> None:
    for old in sorted(kept.glob(pattern))[:-VERSIONS]:
        old.unlink()


def _versions(kept: Path) -> Sequence[Path]:
    """The earlier versions, oldest first."""
    return sorted(kept.glob(_NUMBERED))
