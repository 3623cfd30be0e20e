"""The README keeps its word: its two commands, its settings, its profile, its list of commands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from triage import config
from triage.cli import _COMMANDS
from triage.profile import parse

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_the_first_two_shell_blocks_are_one_line_each() -> None:
    first, second = blocks("sh")
    assert first.count("\n") == second.count("\n") == 1
    assert first.strip().endswith("triage demo")
    assert second.strip().endswith("-m pytest")


def test_ci_runs_the_very_test_command() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert blocks("sh")[1] in ci
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o100


def test_the_pins_hold_here() -> None:
    """What is installed is what constraints.txt says, so that the tests test the pinned set."""
    from importlib.metadata import PackageNotFoundError, version

    wrong = []
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, pin = line.split("==")
            try:
                found = version(name).partition("+")[0]
            except PackageNotFoundError:
                continue
            if found != pin:
                wrong.append(f"{name} {found}, pinned {pin}")
    if wrong and not os.environ.get("CI"):
        pytest.skip(f"this environment was not made with constraints.txt: {wrong[0]}")
    assert wrong == []


def test_every_command_is_in_the_table() -> None:
    for command in _COMMANDS:
        assert f"`triage {command}" in README or f"`{command}`" in README, command


def test_the_settings_and_the_profile_of_the_readme_are_valid(home: Path) -> None:
    profile, settings = blocks("toml")
    assert parse(profile, "readme.toml")[1] == []
    home.mkdir()
    (home / "config.toml").write_text(settings, encoding="utf-8")
    found = config.load({"TRIAGE_HOME": str(home)})
    assert found.smtp.security == tomllib.loads(settings)["smtp"]["security"]


@pytest.mark.parametrize("path", sorted((ROOT / "profiles").glob("*.toml")), ids=lambda path: path.stem)
def test_the_example_profiles_have_no_mistake(path: Path) -> None:
    assert parse(path.read_text(encoding="utf-8"), str(path))[1] == []


def test_the_pictures_are_there_and_load_nothing() -> None:
    for name in re.findall(r"\]\((\S+\.svg)\)", README):
        picture = (ROOT / name).read_text(encoding="utf-8")
        assert "url(http" not in picture
        assert "<image" not in picture


def test_python_m_triage_is_triage() -> None:
    done = subprocess.run([sys.executable, "-m", "triage", "--version"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"triage \d+\.\d+\.\d+\n", done.stdout)


def test_the_top_level_is_as_agreed() -> None:
    agreed = {
        "pyproject.toml",
        "triage",
        "tests",
        "profiles",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "constraints.txt",
    }
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    if not listed:
        pytest.skip("not a git checkout")
    assert {name.partition("/")[0] for name in listed if not name.startswith(".")} == agreed
