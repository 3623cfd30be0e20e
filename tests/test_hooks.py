"""The reader's own commands: what they are told, how long they may take, and that a session never waits for them."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from homes import ranked_home
from terminal import Terminal

from triage import config, hooks
from triage.cli.hooks import after_coffee, after_verdict
from triage.cli.surroundings import Surroundings
from triage.demo import DemoServer
from triage.errors import ConfigFault
from triage.paper import Coffee, Paper, Verdict
from triage.store import Store

if TYPE_CHECKING:
    from conftest import FakeEncoder

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PAPER = Paper("2611.00001", "A $title; touch /tmp/no", "An abstract.", authors=("Ada",), categories=("cs.LG",))
KEEP = Verdict(PAPER.id, "keep", NOW, "mine")
COPY = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(sys.stdin.read())"


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that waits for a hook finds triage also where it is not installed."""
    monkeypatch.setenv("PYTHONPATH", str(Path(hooks.__file__).parents[1]))


def until(done: Callable[[], bool]) -> None:
    """Wait for a process that nobody waits for; a minute is for a machine under load."""
    for _ in range(600):
        if done():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen within a minute")


def around(home: Path, hook: list[str], event: str = "keep") -> Surroundings:
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(f"[hooks]\n{event} = {json.dumps(hook)}\n")
    found = Surroundings({**os.environ, "TRIAGE_HOME": str(home)})
    found.store.add_papers([PAPER], at=NOW)
    return found


def test_a_command_reads_one_json_object_and_no_shell_sees_it(tmp_path: Path) -> None:
    out = tmp_path / "a; b $(c)"
    assert hooks.run([sys.executable, "-c", COPY, str(out)], hooks.told_verdict(KEEP, PAPER)) == ""
    told = json.loads(out.read_text())
    assert (told["schema"], told["event"], told["profile"]) == (1, "keep", "mine")
    assert told["paper"]["id"] == PAPER.id
    assert told["paper"]["title"] == PAPER.title


def test_what_goes_wrong_is_one_line(tmp_path: Path) -> None:
    assert "exit code 3" in hooks.run([sys.executable, "-c", "raise SystemExit(3)"], {})
    assert "cannot be run" in hooks.run([str(tmp_path / "absent")], {})
    assert hooks.run([sys.executable, "-c", "pass"], {"long": "x" * 1_000_000}) == "", "it need not read"


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    child = f"import time, pathlib; time.sleep(3); pathlib.Path({str(mark)!r}).touch()"
    parent = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(60)"
    assert "ended after 1 s" in hooks.run([sys.executable, "-c", parent], {}, limit_s=1.0)
    time.sleep(4)
    assert not mark.exists()


def test_without_a_hook_nothing_is_started(home: Path) -> None:
    with closing(around(home, ["true"], "dismiss").store):
        pass
    found = around(home, ["true"], "dismiss")
    assert after_verdict(found, KEEP, wait=False) == ""
    found.store.close()


def test_a_session_does_not_wait_and_the_command_outlives_it(home: Path, tmp_path: Path) -> None:
    out, go = tmp_path / "out", tmp_path / "go"
    code = f"import time, pathlib\nwhile not pathlib.Path({str(go)!r}).exists(): time.sleep(0.05)\n{COPY}"
    found = around(home, [sys.executable, "-c", code, str(out)])
    assert after_verdict(found, KEEP, wait=False) == ""
    assert not out.exists(), "it came back while the command still waits for its sign"
    go.touch()
    until(lambda: out.exists() and out.read_text() != "")
    assert json.loads(out.read_text())["paper"]["id"] == PAPER.id
    found.store.close()


def test_a_failure_behind_a_session_is_in_the_log(home: Path) -> None:
    found = around(home, [str(home / "absent")], "close")
    found.store.open_coffee(NOW.date(), 900, at=NOW)
    assert after_coffee(found, NOW.date()) == ""
    log = found.config.folders.log
    until(lambda: log.exists() and "hook close" in log.read_text())
    assert "cannot be run" in log.read_text()
    found.store.close()


def test_a_coffee_tells_what_became_of_its_papers() -> None:
    verdicts = [KEEP, replace(KEEP, paper_id="b", kind="dismiss"), replace(KEEP, paper_id="c", kind="open")]
    told = hooks.told_coffee(Coffee(NOW.date(), 900.0, 412.34, "left"), {"c", PAPER.id, "b"}, verdicts)
    assert (told["event"], told["day"], told["state"], told["spent_s"]) == ("close", "2026-11-20", "left", 412.3)
    assert (told["kept"], told["dismissed"], told["shown"]) == ([PAPER.id], ["b"], [PAPER.id, "b", "c"])


@pytest.mark.parametrize("value", ['"a string"', "[]", "[1]", '["a", 2]', '[""]'])
def test_a_hook_is_a_list_of_words(home: Path, value: str) -> None:
    home.mkdir()
    (home / "config.toml").write_text(f"[hooks]\nkeep = {value}\n")
    with pytest.raises(ConfigFault, match=r"hooks\.keep must be a list of words"):
        config.load({"TRIAGE_HOME": str(home)})


def test_a_hook_from_the_environment_is_read_as_a_shell_would(home: Path) -> None:
    found = config.load({"TRIAGE_HOME": str(home), "TRIAGE_HOOKS_CLOSE": "notify-send 'coffee over'"})
    assert found.hooks == {"close": ("notify-send", "coffee over")}


def test_the_store_is_free_while_a_hook_runs(home: Path) -> None:
    """The hook outlives the busy timeout of five seconds, so a lock that it held would be an error."""
    found = around(home, [sys.executable, "-c", "import time; time.sleep(8)"])
    after_verdict(found, KEEP, wait=False)
    with closing(Store(found.config.folders.database)) as other:
        other.record(KEEP)
        assert list(other.labels().values()) == ["keep"]
    found.store.close()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no pseudo-terminal on this system")
def test_a_session_starts_its_hooks(tmp_path: Path, encoder: FakeEncoder) -> None:
    out = tmp_path / "out"
    out.mkdir()
    code = (
        "import json, pathlib, sys\ntold = sys.stdin.read()\n"
        f"pathlib.Path({str(out)!r}, json.loads(told)['event']).write_text(told)"
    )
    with DemoServer() as server:
        demo = ranked_home(tmp_path / "demo", server, encoder)
        with (demo / "config.toml").open("a") as settings:
            settings.write(f"\n[hooks]\nkeep = {json.dumps([sys.executable, '-c', code])}\n")
            settings.write(f"close = {json.dumps([sys.executable, '-c', code])}\n")
        environ = {"TRIAGE_HOME": str(demo), "PYTHONPATH": str(Path(hooks.__file__).parents[1])}
        with Terminal(environ=environ) as terminal:
            terminal.shows("keep")
            terminal.press("s")
            terminal.press("q")
            assert terminal.ended() == 0
    until(lambda: {one.name for one in out.iterdir() if one.stat().st_size} == {"keep", "close"})
    kept, closed = (json.loads((out / name).read_text()) for name in ("keep", "close"))
    assert closed["kept"] == [kept["paper"]["id"]]
    assert (closed["state"], closed["dismissed"]) == ("left", [])
