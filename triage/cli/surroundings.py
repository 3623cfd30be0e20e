"""What a command finds around it: the clock, the environment, the settings, the store and the profiles."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import click

from triage.errors import CannotCreate, ConfigFault, InvalidInput, TryLater, UsageFault

if TYPE_CHECKING:
    from triage.budget import Reader
    from triage.config import Config
    from triage.embed import SentenceEncoder, StaticEncoder
    from triage.fetch import Wire
    from triage.paper import Coffee
    from triage.profile import Profile
    from triage.store import Store


class SystemClock:
    """The time of this machine, moved by `ahead`: the demo lives on a Friday of its own."""

    def __init__(self, ahead: timedelta = timedelta(0)) -> None:
        self._ahead = ahead

    def now(self) -> datetime:
        """The time as aware UTC."""
        return datetime.now(UTC) + self._ahead

    def today(self) -> date:
        """The reader's local day."""
        return self.now().astimezone().date()

    def monotonic(self) -> float:
        """Seconds that only go forward, and stand still while the machine is suspended."""
        return time.monotonic()

    def asleep(self) -> float:
        """Seconds from an arbitrary zero that grow only while the machine is suspended.

        Where the system has no clock that counts sleep, the wall clock stands in: set forward, it looks like sleep.
        """
        counting = time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.time()
        return counting - time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class Surroundings:
    """Made once for each command; nothing is read or opened before it is asked for."""

    def __init__(
        self, environ: Mapping[str, str], profile: str | None = None, clock: SystemClock | None = None
    ) -> None:
        self.environ = environ
        self.profile = profile
        self.clock = clock or SystemClock()
        self.dry = False
        """Whether everything that is written goes into a copy that vanishes."""

    @cached_property
    def config(self) -> Config:
        """The settings."""
        from triage import config

        return config.load(self.environ)

    @cached_property
    def store(self) -> Store:
        """The open database."""
        from triage.cli.progress import shown
        from triage.store import Store

        with shown() as report:
            copied = partial(report, "backing up", "the database")
            return Store(self.config.folders.database, copy=self.dry, copied=copied)

    @cached_property
    def profiles(self) -> list[Profile]:
        """The profile that was named, or all that share the coffee.

        Raises:
            ConfigFault: there is none; the line shows how to make one.
            UsageFault: none has the name.
        """
        if self.profile:
            return [self._named(self.profile)]
        found = [profile for profile in self.all_profiles() if profile.active]
        if not found:
            folder = self.config.folders.profiles
            raise ConfigFault(
                f"no focus profile in {folder}; triage profile new asks four questions and writes one, or write "
                f"{folder / 'mine.toml'} with two lines: "
                'statement = "what you look for, in one sentence" and categories = ["cs.LG"]'
            )
        return found

    @cached_property
    def ranker(self) -> str:
        """The ranker that decides: the pinned one, or what the reviews left deployed."""
        from triage.pipeline import deployed

        return deployed(self.store, self.config.ranker)

    @property
    def against(self) -> str:
        """The other ranker of a trial; "" where there is none, or where it is deployed itself."""
        return self.config.against if self.config.against != self.ranker else ""

    def all_profiles(self) -> list[Profile]:
        """Every profile of the folder.

        Raises:
            InvalidInput: one has a mistake, or two have the same name.
        """
        from triage.profile import Profile

        found: dict[str, Path] = {}
        profiles = []
        for path in self.profile_files():
            profiles.append(Profile.load(path))
            if (other := found.setdefault(profiles[-1].name, path)) != path:
                raise InvalidInput(f"{path}: {profiles[-1].name!r} is the name of {other} too; give it one of its own")
        return profiles

    def profile_files(self) -> list[Path]:
        """The files of the profiles' folder."""
        return sorted(self.config.folders.profiles.glob("*.toml"))

    def _named(self, name: str) -> Profile:
        from triage.profile import Profile

        return Profile.load(self.profile_file(name))

    def profile_file(self, name: str) -> Path:
        """The file of a profile given as a name or as a path."""
        path = Path(name).expanduser()
        if path.suffix == ".toml" or path.exists():
            if path.is_file():
                return path
            raise UsageFault(f"there is no file {path}; triage profile list shows the profiles")
        for file in self.profile_files():
            if name in (file.stem, _name_of(file)):
                return file
        raise UsageFault(f"there is no profile {name!r}; triage profile list shows them")

    @cached_property
    def encoder(self) -> SentenceEncoder:
        """The encoder the profiles name; nothing is loaded yet."""
        from triage.embed import DEFAULT_MODEL, SentenceEncoder

        wanted = {(profile.model, profile.revision) for profile in self.profiles}
        if len(wanted) > 1:
            raise ConfigFault("the active profiles name different models; give them the same [ranker] model")
        model, revision = wanted.pop()
        return SentenceEncoder(model or DEFAULT_MODEL, revision)

    @property
    def own_encoder(self) -> Path:
        """Where `triage train` keeps the encoder made of the reader's own papers."""
        return self.config.folders.data / "encoder"

    @cached_property
    def fast(self) -> StaticEncoder:
        """The fast encoder: the reader's own when there is one, else that of the package; nothing is loaded yet."""
        from triage.embed import StaticEncoder

        own = StaticEncoder(self.own_encoder)
        return own if own.there else StaticEncoder()

    def wire(self, total_s: float = 120.0) -> Wire:
        """One polite way to arXiv; `total_s` bounds all it does, in seconds."""
        from triage import __version__, fetch

        told = self.config.arxiv
        return fetch.Wire(
            feed=told.feed,
            api=told.api,
            oai=told.oai,
            pause=told.pause,
            contact=told.contact,
            folder=self.folder(self.config.folders.state),
            clock=self.clock,
            total_s=total_s,
            version=__version__,
            rng=Random(),
        )

    @property
    def log(self) -> Path:
        """The log file, in a folder that is there."""
        return self.folder(self.config.folders.state) / self.config.folders.log.name

    @staticmethod
    def folder(path: Path) -> Path:
        """The folder, made when absent, for the reader's eyes only."""
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise CannotCreate(f"{path}: cannot be made ({error.strerror}); check the rights of its parent") from error
        return path

    @contextmanager
    def lock(self, name: str, message: str, *, wait_s: float = 0.0) -> Iterator[None]:
        """Hold a lock over all processes, after waiting for it at most `wait_s` seconds.

        Raises:
            TryLater: another process holds it; the line is `message` with its number and since when.
        """
        from filelock import FileLock, Timeout

        folder = self.folder(self.config.folders.state)
        lock, card = FileLock(folder / f"{name}.lock"), folder / f"{name}.holder"
        try:
            held = lock.acquire(timeout=wait_s)
        except Timeout as error:
            raise TryLater(f"{message}{_holder(card)}") from error
        except OSError as error:
            raise CannotCreate(f"{lock.lock_file}: cannot be made ({error.strerror}); check the rights") from error
        with held:
            card.write_text(f"{os.getpid()} {self.clock.now():%Y-%m-%dT%H:%M:%S%z}", encoding="utf-8")
            try:
                yield
            finally:
                card.unlink(missing_ok=True)

    @cached_property
    def holidays(self) -> frozenset[date]:
        """The evenings without arXiv's announcement: the reader's own list over the bundled one."""
        from triage import fetch

        path = self.config.folders.config / "holidays.txt"
        try:
            return fetch.read_holidays(path.read_text(encoding="utf-8"), str(path))
        except FileNotFoundError:
            return fetch.holidays()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigFault(f"{path}: cannot be read ({error}); mend its rights or its encoding (UTF-8)") from error

    def coffee(self) -> Coffee:
        """Today's coffee as the ledger has it, or as it would be opened; opening it is the session's matter."""
        from triage.paper import Coffee

        today = self.clock.today()
        return self.store.coffee(today) or Coffee(today, self.budget_s())

    def budget_s(self, profiles: Sequence[Profile] | None = None) -> float:
        """The whole coffee of this weekday for the profiles that share it, in seconds."""
        return self.budget_on(self.clock.today(), profiles)

    def budget_on(self, day: date, profiles: Sequence[Profile] | None = None) -> float:
        """The whole coffee of a local day, in seconds."""
        from triage.budget import day_minutes
        from triage.profile import WEEKDAYS

        return 60 * day_minutes(profiles or self.profiles, WEEKDAYS[day.weekday()])

    @cached_property
    def reader(self) -> Reader:
        """Whose pace the minutes are planned with: what the looks that were stored by now say of it."""
        from triage.budget import learn

        return learn(self.store.dwells(), english=self.config.session.english)


def _name_of(path: Path) -> str:
    """The name a profile's file gives; "" where it cannot be read, which is told when it is."""
    import tomllib

    try:
        return str(tomllib.loads(path.read_text(encoding="utf-8")).get("name", ""))
    except (OSError, ValueError):
        return ""


def _holder(card: Path) -> str:
    """Who holds a lock, as the holder wrote it down; "" when nobody did."""
    try:
        number, since = card.read_text(encoding="utf-8").split()
        return f" (process {int(number)}, since {datetime.fromisoformat(since).astimezone():%H:%M:%S})"
    except (OSError, ValueError):
        return ""


def is_terminal() -> bool:
    """Whether somebody sits before this process."""
    return sys.stdin.isatty() and sys.stdout.isatty()


pass_surroundings = click.make_pass_decorator(Surroundings)


def profile_names(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The names of the profiles' files, for the shell to complete."""
    from triage import config

    found = config.folders(os.environ).profiles.glob("*.toml")
    return sorted(path.stem for path in found if path.stem.startswith(incomplete))


def profile_option(command: click.decorators.FC) -> click.decorators.FC:
    """`--profile NAME|FILE` on a command of its own, beside the one before the command's name."""

    def take(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
        if value:
            ctx.find_object(Surroundings).profile = value  # type: ignore[union-attr]

    return click.option(
        "--profile",
        metavar="NAME|FILE",
        shell_complete=profile_names,
        callback=take,
        expose_value=False,
        help="One focus profile instead of all active ones.",
    )(command)
