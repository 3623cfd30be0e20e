"""One request at a time, none too early, none after a refusal: kept on disk, so that it holds over all processes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from triage.config import ARXIV_PAUSE_S, is_loopback
from triage.errors import CannotWrite, TriageError, TryLater, Unavailable

LONGEST_CLOSURE_S = 24 * 3600.0
"""A `Retry-After` beyond a day is taken as a day, so that one absurd answer cannot shut the door for good."""

_BREATH_S = 1.0


class Clock(Protocol):
    """Time as the caller hands it in: wall clock (aware UTC), seconds that only grow, and waiting."""

    def now(self) -> datetime:
        """Tell the wall clock, aware and in UTC."""
        ...

    def monotonic(self) -> float:
        """Tell seconds since some fixed moment."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


def pause_for(url: str, wished: float) -> float:
    """Tell the seconds between requests: the wish, and never less than arXiv's terms outside this machine."""
    return max(0.0, wished) if is_loopback(url) else max(ARXIV_PAUSE_S, wished)


class Gate:
    """The door to arXiv: holds the lock during a request, keeps the pause, and stays shut after a refusal.

    What must outlive the process lies in `folder`: when the last request was, and until when arXiv asked for peace.
    Wall-clock times are used there, because processes share no other clock. Without a folder it lives in memory.
    """

    def __init__(self, folder: Path | None, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._memory: dict[str, float] = {}

    @contextmanager
    def turn(self, pause: float, left: float) -> Iterator[None]:
        """Wait for this process's turn and hold it during one request.

        Args:
            pause: seconds owed since the last request of any process.
            left: seconds that may be spent on waiting.

        Raises:
            TryLater: another process holds the turn for too long, or arXiv asked for peace.
            Unavailable: arXiv refused access today.
        """
        with self._lock(left):
            self._refuse_when_shut()
            wait = self._owed(pause)
            if wait > left:
                raise TryLater(f"no time is left for another request to arXiv; run it again in {wait:.0f} s")
            if wait > 0:
                self._clock.sleep(wait)
            self._write(asked=self._epoch())
            try:
                yield
            finally:
                self._write(asked=self._epoch())

    def shut(self, seconds: float, status: int) -> datetime:
        """Remember that arXiv wants no request for so long; return until when. Call it while holding the turn."""
        until = self._clock.now() + timedelta(seconds=min(max(seconds, 0.0), LONGEST_CLOSURE_S))
        self._write(until=until.timestamp(), status=float(status))
        return until

    def shut_for_today(self) -> datetime:
        """Remember a refusal (403) until the UTC day ends: more requests would count as an attack."""
        now = self._clock.now().astimezone(UTC)
        midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
        return self.shut((midnight - now).total_seconds(), 403)

    def _epoch(self) -> float:
        return self._clock.now().timestamp()

    def _refuse_when_shut(self) -> None:
        """Refuse at once while arXiv wants peace; the last second of it is waited out."""
        state = self._read()
        wait = state.get("until", 0.0) - self._epoch()
        if wait > LONGEST_CLOSURE_S:
            return  # the clock was set back since: no closure is that long
        if wait > _BREATH_S:
            raise refusal(int(state.get("status", 429)), datetime.fromtimestamp(state["until"], UTC))
        if wait > 0:
            self._clock.sleep(wait)

    def _owed(self, pause: float) -> float:
        """Tell the seconds still to wait; a clock that was set back costs at most one pause."""
        asked = self._read().get("asked")
        return 0.0 if asked is None else min(pause, max(0.0, asked + pause - self._epoch()))

    @contextmanager
    def _lock(self, left: float) -> Iterator[None]:
        if self._folder is None:
            yield
            return
        from filelock import FileLock, Timeout

        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            held = FileLock(self._folder / "arxiv.lock").acquire(timeout=max(0.0, left), poll_interval=0.05)
        except Timeout as fault:
            raise TryLater("another triage is talking to arXiv; try again when it is done") from fault
        except OSError as fault:
            raise CannotWrite(f"cannot write to {self._folder}: {fault.strerror}; check its permissions") from fault
        with held:
            yield

    def _read(self) -> dict[str, float]:
        if self._folder is None:
            return self._memory
        try:
            kept = json.loads((self._folder / "arxiv.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}  # nothing kept yet, or cut by a crash: costs one pause at most
        kept = kept if isinstance(kept, dict) else {}
        return {key: float(value) for key, value in kept.items() if isinstance(value, int | float)}

    def _write(self, **news: float) -> None:
        state = {**self._read(), **news}
        if self._folder is None:
            self._memory = state
            return
        draft = self._folder / "arxiv.json.new"
        try:
            draft.write_text(json.dumps(state), "utf-8")
            draft.replace(self._folder / "arxiv.json")
        except OSError as fault:
            raise CannotWrite(f"cannot write to {self._folder}: {fault.strerror}; free some space there") from fault


def refusal(status: int, until: datetime) -> TriageError:
    """Word a refusal that lasts: 403 for the day, 429 and 503 until the time that arXiv named."""
    when = f"{until.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    if status == 403:
        return Unavailable(f"arXiv refuses access (403); no request is sent before {when}, then run it again")
    return TryLater(f"arXiv asks for a pause ({status}); try again after {when}")
