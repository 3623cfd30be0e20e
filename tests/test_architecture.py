"""The house plan as tests: who may import whom, what a command may load, what the public API is."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import triage

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "triage").rglob("*.py"))
HEAVY = (
    "torch",
    "sentence_transformers",
    "sklearn",
    "textual",
    "numpy",
    "sqlite_utils",
    "arxiv",
    "feedparser",
    "requests",
)


def loaded_by(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after running `code`."""
    told = f"{code}\nimport sys, json\nprint(json.dumps(sorted({{m.partition('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_import_contracts_hold() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_and_version_load_nothing_heavy(argument: str) -> None:
    there = loaded_by(f"from triage.cli import main; main([{argument!r}])")
    assert there.isdisjoint(HEAVY)
    assert "click" in there


def test_the_session_loads_no_model() -> None:
    there = loaded_by("import triage.cli.session, triage.tui, triage.pipeline, triage.store")
    assert there.isdisjoint({"torch", "sentence_transformers", "sklearn", "transformers", "tokenizers"})


def test_opening_a_store_of_today_loads_no_numpy(tmp_path: Path) -> None:
    path = tmp_path / "triage.db"
    triage.Store(path).close()
    there = loaded_by(f"from pathlib import Path; from triage.store import Store; Store(Path({str(path)!r})).close()")
    assert there.isdisjoint({"numpy", "sqlite_utils"})


def test_the_public_names_are_sorted_there_and_nothing_else() -> None:
    assert triage.__all__ == sorted(triage.__all__)
    assert [getattr(triage, name).__name__ for name in triage.__all__] == triage.__all__
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        triage.absent  # noqa: B018


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_module_says_what_it_is_for_and_stays_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "the first line tells the purpose"
    code = [line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    assert len(code) <= 400, "more than one room: make it a package"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, f"{node.name} is long"


@pytest.mark.parametrize("path", [path for path in MODULES if "cli" not in path.parts], ids=lambda path: path.stem)
def test_only_the_command_line_asks_for_the_time(path: Path) -> None:
    asked = {
        f"{node.func.value.id}.{node.func.attr}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
    }
    assert asked.isdisjoint({"datetime.now", "datetime.utcnow", "date.today", "time.time"})
