"""The run log: what arXiv answered and when, one JSON object a line, without secrets, rotated."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from triage.errors import CannotWrite

NAME = "arxiv-answers.jsonl"
LARGEST = 512 * 1024
"""Bytes at which the log is put aside; one older part is kept beside it."""

_HEADERS = (
    "date",
    "age",
    "content-type",
    "content-length",
    "content-encoding",
    "etag",
    "last-modified",
    "cache-control",
    "expires",
    "retry-after",
    "server",
    "via",
    "x-cache",
    "x-served-by",
    "surrogate-control",
    "vary",
)
"""Headers that tell about arXiv; cookies and whatever else a server or a proxy adds stay out."""

_PARAMETERS = frozenset(
    {"search_query", "id_list", "start", "max_results", "sortBy", "sortOrder"}
    | {"verb", "metadataPrefix", "set", "from", "until", "resumptionToken", "identifier"}
)
"""Parameters of arXiv's own interfaces; a mirror's key would be another."""


def bare(url: str) -> str:
    """Drop what may be secret in an address: user, password, and parameters that arXiv does not have."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(no address)"
    known = [(key, value) for key, value in parse_qsl(parts.query) if key in _PARAMETERS]
    query = f"?{urlencode(known)}" if known else ""
    return f"{parts.scheme}://{host}{port}{parts.path}{query}"[:2000]


def telling(headers: Mapping[str, str]) -> dict[str, str]:
    """Pick the headers that the log keeps, in small letters."""
    found = {name.lower(): str(value)[:200] for name, value in headers.items()}
    return {name: found[name] for name in _HEADERS if name in found}


class Journal:
    """The log's file in the state folder; without a folder nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / NAME if folder else None

    def add(self, at: datetime, **facts: object) -> None:
        """Write one line.

        Raises:
            CannotWrite: the disk is full or the folder is not writable.
        """
        if self._path is None:
            return
        line = json.dumps({"at": at.isoformat(timespec="milliseconds"), **facts}, default=_text) + "\n"
        try:
            if self._path.exists() and self._path.stat().st_size + len(line) > LARGEST:
                self._path.replace(self._path.with_suffix(".1.jsonl"))
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(line)
        except OSError as fault:
            raise CannotWrite(f"cannot write {self._path}: {fault.strerror}; free some space there") from fault


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def read_journal(folder: Path, last: int = 20) -> list[dict[str, Any]]:
    """Read the newest lines, oldest first; a line cut by a crash is left out."""
    path = folder / NAME
    lines = [line for one in (path.with_suffix(".1.jsonl"), path) for line in _lines(one)]
    return list(_rows(lines[-last:])) if last else []


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []  # nothing was logged yet


def _rows(lines: list[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            yield row
