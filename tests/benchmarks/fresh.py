"""Fresh processes for the benchmarks: the last line of one as JSON, its own peak memory, and rounds kept for later."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

SINGLE = {
    "HF_HUB_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONDONTWRITEBYTECODE": "",
}
"""Every library held to one thread, so that CPU seconds can be compared, with the bytecode of an installed program."""

PEAK = """
import re
from pathlib import Path
def peak_mb():  # of this process alone: what getrusage tells is inherited from the parent
    return int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
"""

Round = dict[str, dict[str, object]]


def python(code: str, *arguments: str, **environ: str) -> dict[str, object]:
    """The last line of a fresh process, one thread, as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **SINGLE, **environ},
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    told = dict(json.loads(done.stdout.splitlines()[-1]))
    if told.get("code"):
        raise SystemExit(f"triage ended with {told['code']}: {done.stderr}")
    return told


def keep(path: Path | None, asked: Mapping[str, object], found: Round) -> None:
    """Append one round to a file of JSON lines, so that several short runs make one table."""
    if path:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"asked": asked, "found": found}) + "\n")


def kept(path: Path | None, asked: Mapping[str, object]) -> list[Round]:
    """The rounds of earlier runs that were asked for the same."""
    lines = path.read_text(encoding="utf-8").splitlines() if path and path.exists() else []
    return [row["found"] for row in map(json.loads, lines) if row["asked"] == dict(asked)]
