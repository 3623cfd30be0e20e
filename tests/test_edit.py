"""Editing a profile's file: the steps, the history, and what a kill at any moment leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from triage import edit
from triage.errors import CannotWrite, ConfigFault, InvalidInput

OLD = '# mine\nname = "agents"\nstatement = "x"\ncategories = ["cs.LG"]\n'
NEW = OLD.replace('"x"', '"y"')


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    path = tmp_path / "profiles" / "agents.toml"
    path.parent.mkdir()
    path.write_text(OLD)
    return path


def draft_of(profile: Path, text: str) -> edit.Draft:
    draft = edit.prepare(profile, profile.parents[1] / "edit")
    draft.copy.write_text(text)
    return draft


def texts(history: Path) -> list[str]:
    return [path.read_text() for path in sorted(history.glob("[0-9]*.toml"))]


@pytest.fixture
def programs(tmp_path: Path) -> str:
    """A PATH on which the editors of the tests can be found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("nano", "code", "vim", "emacsclient", "gvim", "kate"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return str(folder)


@pytest.mark.parametrize(
    ("configured", "visual", "editor", "command"),
    [
        ("vim -n", "code", "nano", ["vim", "-n"]),
        ("", "code", "nano", ["code", "--wait"]),
        ("", "code -w", "", ["code", "-w"]),
        ("", "code --wait --new-window", "", ["code", "--wait", "--new-window"]),
        ("", " ", "emacsclient -c -a ''", ["emacsclient", "-c", "-a", ""]),
        ("", "", "gvim", ["gvim", "--nofork"]),
        ("", "", "gvim -f", ["gvim", "-f"]),
        ("", "", "kate", ["kate", "--block"]),
        ("", "", "", ["nano"]),
    ],
)
def test_the_editor_is_the_configured_one_then_that_of_the_shell(
    programs: str, configured: str, visual: str, editor: str, command: list[str]
) -> None:
    environ = {"PATH": programs, "VISUAL": visual, "EDITOR": editor}
    assert edit.editor_command(configured, environ) == command


@pytest.mark.parametrize(
    ("told", "message"), [("absent", "is not there"), ('vim "', "cannot be read"), ("", "no editor")]
)
def test_an_editor_that_cannot_be_had_is_told(tmp_path: Path, told: str, message: str) -> None:
    with pytest.raises(ConfigFault, match=message):
        edit.editor_command(told, {"PATH": str(tmp_path)})


def test_what_the_editor_left_is_judged_under_the_profiles_name(profile: Path) -> None:
    assert not edit.judge(draft_of(profile, OLD)).changed
    good = edit.judge(draft_of(profile, NEW))
    assert good.profile is not None
    assert (good.changed, good.profile.statement) == (True, "y")
    broken = edit.judge(draft_of(profile, OLD.replace("cs.LG", "cs.LGG")))
    assert str(broken.problems[0]).startswith(f"{profile}:4:16: unknown category")
    gone = draft_of(profile, OLD)
    gone.copy.unlink()
    with pytest.raises(InvalidInput, match="cannot be read"):
        edit.judge(gone)


def test_accepting_keeps_the_old_version_and_undo_brings_it_back(profile: Path, tmp_path: Path) -> None:
    history, draft = tmp_path / "history", draft_of(profile, NEW)
    profile.chmod(0o640)
    edit.accept(draft, NEW, history)
    assert (profile.read_text(), texts(history), draft.copy.exists()) == (NEW, [OLD], False)
    assert profile.stat().st_mode & 0o777 == 0o640
    taken = edit.undo(profile, history)
    assert taken is not None
    assert (profile.read_text(), taken.read_text(), texts(history)) == (OLD, NEW, [])
    assert edit.undo(profile, history) is None


def test_undo_goes_back_through_a_text_that_came_twice(profile: Path, tmp_path: Path) -> None:
    history = tmp_path / "history"
    for text in (NEW, OLD):
        edit.accept(draft_of(profile, text), text, history)
    met = []
    while edit.undo(profile, history):
        met.append(profile.read_text())
    assert met == [NEW, OLD]


def test_twenty_versions_are_kept_and_undo_goes_back_through_all(profile: Path, tmp_path: Path) -> None:
    history = tmp_path / "history"
    for number in range(25):
        edit.accept(draft_of(profile, f"{OLD}# {number}\n"), f"{OLD}# {number}\n", history)
    assert texts(history) == [f"{OLD}# {number}\n" for number in range(4, 24)]
    for number in range(23, 3, -1):
        assert edit.undo(profile, history) is not None
        assert profile.read_text() == f"{OLD}# {number}\n"
    assert edit.undo(profile, history) is None


def test_a_change_by_somebody_else_is_not_overwritten_unless_told(profile: Path, tmp_path: Path) -> None:
    draft, theirs = draft_of(profile, NEW), OLD + "# theirs\n"
    profile.write_text(theirs)
    with pytest.raises(edit.Changed, match="your text is kept in"):
        edit.accept(draft, NEW, tmp_path / "history")
    assert (profile.read_text(), draft.copy.read_text()) == (theirs, NEW)
    edit.accept(draft, NEW, tmp_path / "history", over=True)
    assert (profile.read_text(), texts(tmp_path / "history")) == (NEW, [theirs])
    with pytest.raises(edit.Changed, match="try again"):
        edit.change(profile, OLD, tmp_path / "history", before=OLD)


def test_what_is_no_profile_is_never_written(profile: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"agents\.toml:1:"):
        edit.accept(draft_of(profile, ""), "", tmp_path / "history")
    with pytest.raises(InvalidInput, match=r"agents\.toml:1:"):
        edit.change(profile, "", tmp_path / "history", before=OLD)
    assert profile.read_text() == OLD


def test_a_link_stays_a_link(profile: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(profile)
    edit.change(link, NEW, tmp_path / "history", before=OLD)
    assert (link.is_symlink(), profile.read_text()) == (True, NEW)


def test_a_folder_that_takes_no_file_leaves_the_profile_as_it_was(profile: Path) -> None:
    if os.geteuid() == 0:
        missing = profile.parent / "gone" / "agents.toml"
        with pytest.raises(CannotWrite, match="it is as it was"):
            edit.write(missing, NEW)
        return
    profile.parent.chmod(0o500)
    with pytest.raises(CannotWrite, match="it is as it was"):
        edit.write(profile, NEW)
    profile.parent.chmod(0o700)
    assert profile.read_text() == OLD


def test_the_history_of_a_file_from_elsewhere_has_its_own_folder(profile: Path, tmp_path: Path) -> None:
    root, other = tmp_path / "data", tmp_path / "elsewhere" / "agents.toml"
    assert edit.history_folder(root, profile, profile.parent) == root / "history" / "agents"
    assert edit.history_folder(root, other, profile.parent).name.startswith("agents-")


# -- killed at every step --

CHILD = """
import os, signal, sys
from pathlib import Path
import filelock, asyncio
from triage import edit

path, history, folder, at, what = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
draft = edit.prepare(path, folder)
text = draft.before.replace('"x"', '"y"')
seen = 0


def watch(event, arguments):
    global seen
    if event.split(".")[0] in ("open", "os", "shutil"):
        seen += 1
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)


def watch_calls(frame, event, called):
    if event == "c_call" and called.__name__ in ("write", "flush"):
        watch("os.write", called)


sys.addaudithook(watch)
sys.setprofile(watch_calls)
if what == "undo":
    edit.undo(path, history)
else:
    edit.accept(draft, text, history)
"""


@pytest.mark.parametrize("what", ["accept", "undo"])
def test_a_kill_at_any_step_leaves_the_old_or_the_new_file(profile: Path, tmp_path: Path, what: str) -> None:
    """A real SIGKILL before each thing that the process asks of the file system, one step further each time.

    Audit events tell of what is opened, renamed and removed; the profiler tells of each write in between.
    """
    history, folder, ended = tmp_path / "history", tmp_path / "edit", 1
    steps, met = 0, set()
    while ended != 0:
        steps += 1
        assert steps < 120
        history.mkdir(exist_ok=True)
        for left in history.iterdir():
            left.unlink()
        profile.write_text(OLD)
        if what == "undo":
            (history / "000001.toml").write_text(NEW)
        ended = subprocess.run(
            [sys.executable, "-S", "-c", CHILD, str(profile), str(history), str(folder), str(steps), what],
            env={"PYTHONPATH": os.pathsep.join(sys.path)},
            check=False,
        ).returncode
        assert ended in (0, -signal.SIGKILL)
        met.add(profile.read_text())
        assert met <= {OLD, NEW}
        kept = {path.read_text() for path in history.glob("*.toml")} | {profile.read_text()}
        if what == "undo":
            assert kept >= {OLD, NEW}  # neither version is ever lost
        elif profile.read_text() == NEW:
            assert OLD in kept
        edit.undo(profile, history)  # what a kill left is in nobody's way
    assert steps > 8
    assert met == {OLD, NEW}
