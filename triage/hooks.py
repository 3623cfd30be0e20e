"""The reader's own commands, run when a paper is kept or dismissed and when a coffee closes: never through a shell."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage.paper import Coffee, Paper, Verdict

LIMIT_S = 10.0
"""Seconds that a command has; after them it is ended, with all that it started."""


def told_verdict(verdict: Verdict, paper: Paper) -> dict[str, object]:
    """What a command reads on its standard input after a verdict. The paper's texts are as arXiv sent them."""
    return {
        "schema": 1,
        "event": verdict.kind,
        "at": verdict.at.isoformat(),
        "profile": verdict.profile,
        "reason": verdict.reason,
        "paper": {
            "id": paper.id,
            "version": paper.version,
            "title": paper.title,
            "abstract": paper.abstract,
            "authors": list(paper.authors),
            "categories": list(paper.categories),
            "url": paper.url,
            "pdf": paper.pdf_url,
        },
    }


def told_coffee(coffee: Coffee, shown: Iterable[str], verdicts: Iterable[Verdict]) -> dict[str, object]:
    """What a command reads after a coffee has closed; `verdicts` are those of the day that stand."""
    marks = {verdict.paper_id: verdict.kind for verdict in verdicts if verdict.kind != "open"}
    return {
        "schema": 1,
        "event": "close",
        "day": coffee.day.isoformat(),
        "state": coffee.state,
        "budget_s": round(coffee.budget_s, 1),
        "spent_s": round(coffee.spent_s, 1),
        "shown": sorted(shown),
        "kept": sorted(paper for paper, kind in marks.items() if kind == "keep"),
        "dismissed": sorted(paper for paper, kind in marks.items() if kind == "dismiss"),
    }


def run(command: Sequence[str], told: Mapping[str, object], *, limit_s: float = LIMIT_S) -> str:
    """Run a command with one JSON object on its standard input; a line on what went wrong, "" when nothing did.

    What the command prints goes nowhere: it may not write into a session.
    """
    quiet = subprocess.DEVNULL
    try:
        child = subprocess.Popen(
            list(command), stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, start_new_session=True
        )
    except (OSError, ValueError) as error:
        return f"{command[0]}: cannot be run ({error}); correct [hooks] in config.toml"
    try:
        child.communicate(json.dumps(told).encode() + b"\n", timeout=limit_s)
    except subprocess.TimeoutExpired:
        _end(child)
        return f"{command[0]}: ended after {limit_s:g} s; a hook that takes longer must leave its work to another"
    return f"{command[0]}: exit code {child.returncode}" if child.returncode else ""


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a command and what it started; it was made the leader of a group of its own."""
    if hasattr(os, "killpg"):
        os.killpg(child.pid, signal.SIGKILL)
    else:
        child.kill()
    child.wait()
    if child.stdin:
        child.stdin.close()
