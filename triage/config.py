"""`Config`: where things are kept, arXiv's addresses, the mail; `TRIAGE_HOME` moves all folders."""

from __future__ import annotations

import ipaddress
import re
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from triage.errors import ConfigFault
from triage.spans import fault_place, scan

ARXIV_PAUSE_S = 3.0
"""arXiv's terms: at most one request every three seconds, over feed, API and OAI-PMH together."""

LEAST_KEEP_DAYS = 60
"""The shortest retention: previews look at 30 days, `fetch --back` brings at most 60."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the settings, the database and the logs are."""

    config: Path
    data: Path
    state: Path

    @property
    def profiles(self) -> Path:
        """The folder of the focus profiles."""
        return self.config / "profiles"

    @property
    def config_file(self) -> Path:
        """The settings."""
        return self.config / "config.toml"

    @property
    def database(self) -> Path:
        """The one SQLite file."""
        return self.data / "triage.db"

    @property
    def log(self) -> Path:
        """What the background refresh said."""
        return self.state / "triage.log"


@dataclass(frozen=True, slots=True)
class ArxivConfig:
    """arXiv's addresses and manners; `pause` is the time between two requests, in seconds."""

    feed: str = "https://rss.arxiv.org/atom"
    api: str = "https://export.arxiv.org/api/query"
    oai: str = "https://oaipmh.arxiv.org/oai"
    pause: float = ARXIV_PAUSE_S
    contact: str = ""


@dataclass(frozen=True, slots=True)
class SmtpConfig:
    """The mail server. `security` says what protects the connection, and is never lowered by itself."""

    host: str = ""
    port: int = 0
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_command: str = ""
    password_file: Path | None = None


@dataclass(frozen=True, slots=True)
class DigestConfig:
    """Who gets the mail, from whom, and by which transport; `folder` is for Maildir and .eml files.

    `send_empty` is when a mail goes out although there is nothing in it: "never", or "weekly" on a Monday.
    """

    to: str = ""
    sender: str = ""
    transport: Literal["smtp", "sendmail", "maildir", "eml"] = "smtp"
    sendmail: str = "/usr/sbin/sendmail"
    folder: Path | None = None
    send_empty: Literal["never", "weekly"] = "never"


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """How the session looks: its theme, the browser command (`%u` is the link), ASCII instead of symbols.

    `strict` is a coffee without a refill, `editor` the command that opens a profile, `english` how well the reader
    reads it: what minutes are planned with until the reader's own pace is known.
    """

    theme: Literal["dark", "light"] = "dark"
    browser: str = ""
    editor: str = ""
    ascii: bool = False
    strict: bool = False
    english: Literal["native", "fluent", "good", "basic"] = "native"


@dataclass(frozen=True, slots=True)
class KeyChoice:
    """The keys that the settings give one action of the session, and where they say so; the session judges them."""

    keys: tuple[str, ...]
    where: str


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, with their defaults filled in.

    `ranker` is the one that the reader pinned, "" where the reviews decide; `against` is its rival in a trial, "" where
    there is none. `keep_days` is how many days papers stay that the reader never touched, None for ever.
    """

    folders: Folders
    arxiv: ArxivConfig = field(default_factory=ArxivConfig)
    smtp: SmtpConfig = field(default_factory=SmtpConfig)
    digest: DigestConfig = field(default_factory=DigestConfig)
    session: SessionConfig = field(default_factory=SessionConfig)
    keys: Mapping[str, KeyChoice] = field(default_factory=dict)
    types: tuple[str, ...] = ("new", "cross")
    ranker: str = ""
    against: str = ""
    keep_days: int | None = None
    hooks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its value as it may be shown, and the file and line, the variable, or "default" it came from."""

    section: str
    key: str
    value: object
    origin: str


_RANKERS = ("fusion", "tfidf-svm", "mean-similarity", "newest", "random")
_TYPES = ("new", "cross", "replace", "replace-cross")
_SETTINGS: dict[str, dict[str, type | tuple[str, ...]]] = {
    "arxiv": {"feed": str, "api": str, "oai": str, "pause": float, "contact": str},
    "fetch": {"types": list},
    "ranker": {"name": _RANKERS},
    "trial": {"against": _RANKERS},
    "smtp": {
        "host": str,
        "port": int,
        "security": ("starttls", "tls", "none"),
        "user": str,
        "password_command": str,
        "password_file": Path,
    },
    "digest": {
        "to": str,
        "from": str,
        "transport": ("smtp", "sendmail", "maildir", "eml"),
        "sendmail": str,
        "folder": Path,
        "send_empty": ("never", "weekly"),
    },
    "session": {
        "theme": ("dark", "light"),
        "browser": str,
        "editor": str,
        "ascii": bool,
        "strict": bool,
        "english": ("native", "fluent", "good", "basic"),
    },
    "store": {"keep_days": int},
    "keys": {},  # the session knows its actions
    "hooks": {"keep": tuple, "dismiss": tuple, "close": tuple},
}


def folders(environ: Mapping[str, str]) -> Folders:
    """Find the folders: all below `TRIAGE_HOME` when it is set, else where the system keeps such things."""
    if home := environ.get("TRIAGE_HOME"):
        root = Path(home).expanduser()
        return Folders(root, root, root)
    from platformdirs import PlatformDirs

    dirs = PlatformDirs("triage", appauthor=False)
    return Folders(dirs.user_config_path, dirs.user_data_path, dirs.user_state_path)


def load(environ: Mapping[str, str]) -> Config:
    """Read the settings: environment (`TRIAGE_<SECTION>_<KEY>`) over `config.toml` over defaults.

    Raises:
        ConfigFault: the file is no TOML, or a key or a value is not known; the line names it.
    """
    where = folders(environ)
    values = _from_file(where.config_file)
    values.update(_from_environment(environ))
    return _build(where, values)


def settings(environ: Mapping[str, str]) -> list[Setting]:
    """Every setting with its value and where that came from; secrets are left out.

    Raises:
        ConfigFault: as `load`.
    """
    whole, file = load(environ), folders(environ).config_file
    spans = scan(file.read_text(encoding="utf-8")) if file.is_file() else scan("")
    names = [(section, key) for section, keys in _SETTINGS.items() for key in keys]
    names += [("keys", action) for action in whole.keys]
    found = []
    for section, key in names:
        variable, origin = f"TRIAGE_{section}_{key}".upper(), "default"
        if (section, key) in spans.keys:
            line, column = spans.key_place((section, key))
            origin = f"{file}:{line}:{column}"
        found.append(
            Setting(section, key, _shown(whole, section, key), f"${variable}" if variable in environ else origin)
        )
    return found


def _shown(whole: Config, section: str, key: str) -> object:
    """A setting's value as it may be shown: no password, no command that may hold one, no login in an address."""
    flat = {"types": whole.types, "name": whole.ranker, "against": whole.against, "keep_days": whole.keep_days}
    if section == "keys":
        return whole.keys[key].keys
    if section == "hooks":
        return (*whole.hooks[key][:1], *(["…"] if whole.hooks[key][1:] else [])) if key in whole.hooks else ()
    value = flat[key] if key in flat else getattr(getattr(whole, section), "sender" if key == "from" else key)
    if key == "password_command":
        return "(set, not shown)" if value else ""
    return re.sub(r"(?<=//)[^/@]*@", "…@", value) if section == "arxiv" and isinstance(value, str) else value


def is_loopback(address: str) -> bool:
    """Whether a link or a host stays on this machine."""
    try:
        host = urlsplit(address).hostname if "//" in address else address
        if host == "localhost" or (host or "").endswith(".localhost"):
            return True
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _from_file(path: Path) -> dict[tuple[str, str], Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigFault(f"{path}: cannot be read ({error}); mend its rights or its encoding (UTF-8)") from error
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, column, fault = fault_place(text, error)
        raise ConfigFault(f"{path}:{line}:{column}: no TOML: {fault}") from error
    found, spans = dict[tuple[str, str], Any](), scan(text)

    def place(*where: str) -> str:
        line, column = spans.key_place(where)
        return f"{path}:{line}:{column}"

    for section, table in tables.items():
        if section not in _SETTINGS or not isinstance(table, dict):
            raise ConfigFault(f"{place(section)}: unknown section [{section}]{_near(section, _SETTINGS)}")
        for key, value in table.items():
            found[section, key] = _from_table(section, key, value, place(section, key))
    return found


def _from_table(section: str, key: str, value: object, where: str) -> object:
    """One setting of the file; the keys of the session are the session's matter."""
    if section == "keys":
        return _key_choice(key, value, where)
    if key not in _SETTINGS[section]:
        raise ConfigFault(f"{where}: unknown key {section}.{key}{_near(key, _SETTINGS[section])}")
    return _checked(section, key, value, where)


def _from_environment(environ: Mapping[str, str]) -> dict[tuple[str, str], Any]:
    found: dict[tuple[str, str], Any] = {}
    for section, keys in _SETTINGS.items():
        for key, kind in keys.items():
            name = f"TRIAGE_{section}_{key}".upper()
            if name in environ:
                found[section, key] = _checked(section, key, _parsed(environ[name], kind, name), name)
    for name in environ:
        if name.startswith("TRIAGE_KEYS_"):
            action = name.removeprefix("TRIAGE_KEYS_").lower()
            found["keys", action] = _key_choice(action, environ[name].split(), name)
    return found


def _key_choice(action: str, value: object, where: str) -> KeyChoice:
    """One key, or a list of them."""
    keys = [value] if isinstance(value, str) else value
    if not isinstance(keys, list) or not keys or not all(isinstance(key, str) and key for key in keys):
        raise ConfigFault(f'{where}: keys.{action} must be a key such as "k", or a list of keys')
    return KeyChoice(tuple(keys), where)


def _parsed(text: str, kind: type | tuple[str, ...], name: str) -> object:
    """Read an environment variable as the setting's type."""
    try:
        if kind is bool:
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[text.lower()]
        if kind is int:
            return int(text)
        if kind is float:
            return float(text)
        if kind is tuple:
            return shlex.split(text)
    except (KeyError, ValueError) as error:
        raise ConfigFault(f"{name}: {text!r} cannot be read as a value of this setting") from error
    return [part.strip() for part in text.split(",") if part.strip()] if kind is list else text


def _checked(section: str, key: str, value: object, where: str) -> object:
    """Refuse a value of the wrong type, naming the file and the line or the variable."""
    kind = _SETTINGS[section][key]
    if isinstance(kind, tuple):
        if value not in kind:
            raise ConfigFault(f"{where}: {section}.{key} must be one of {', '.join(kind)}{_near(str(value), kind)}")
        return value
    if kind is list:
        if not isinstance(value, list) or not value or any(one not in _TYPES for one in value):
            raise ConfigFault(f"{where}: {section}.{key} must be a list of {', '.join(_TYPES)}")
        return tuple(value)
    if kind is tuple:
        if not isinstance(value, list) or not value or any(not isinstance(one, str) or not one for one in value):
            raise ConfigFault(f'{where}: {section}.{key} must be a list of words, such as ["notify-send", "kept"]')
        return tuple(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is Path and isinstance(value, str):
        return Path(value).expanduser()
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ConfigFault(f"{where}: {section}.{key} must be a {kind.__name__}")
    return value


def _build(where: Folders, values: dict[tuple[str, str], Any]) -> Config:
    def section(name: str, **renamed: str) -> dict[str, Any]:
        return {renamed.get(key, key): value for (part, key), value in values.items() if part == name}

    return Config(
        folders=where,
        arxiv=_arxiv(section("arxiv")),
        smtp=_smtp(section("smtp")),
        digest=DigestConfig(**{"folder": where.data / "outbox"} | section("digest", **{"from": "sender"})),
        session=SessionConfig(**section("session")),
        keys=section("keys"),
        types=cast("tuple[str, ...]", values.get(("fetch", "types"), ("new", "cross"))),
        ranker=str(values.get(("ranker", "name"), "")),
        against=str(values.get(("trial", "against"), "")),
        hooks={key: value for (part, key), value in values.items() if part == "hooks"},
        keep_days=_days(values.get(("store", "keep_days"))),
    )


def _days(given: int | None) -> int | None:
    """How long untouched papers stay in the database, in days."""
    if given is not None and given < LEAST_KEEP_DAYS:
        raise ConfigFault(
            f"store.keep_days: {given} is too few; the last {LEAST_KEEP_DAYS} days of papers are always needed, for "
            "previews, missed announcements and statistics"
        )
    return given


def _arxiv(given: dict[str, Any]) -> ArxivConfig:
    """Fill in the pause: three seconds at least, none for a server on this machine."""
    addresses = ArxivConfig(**given)
    local = all(is_loopback(address) for address in (addresses.feed, addresses.api))
    pause = given.get("pause", 0.0 if local else ARXIV_PAUSE_S)
    if not local and pause < ARXIV_PAUSE_S:
        raise ConfigFault(f"arxiv.pause: {pause:g} s is too short; arXiv asks for {ARXIV_PAUSE_S:g} s between requests")
    return ArxivConfig(**{**given, "pause": pause})


def _smtp(given: dict[str, Any]) -> SmtpConfig:
    """Fill in the security: STARTTLS, except that a server on this machine needs none."""
    local = is_loopback(str(given.get("host", "")))
    return SmtpConfig(**{"security": "none" if local else "starttls"} | given)


def _near(word: str, known: object) -> str:
    close = get_close_matches(word, list(cast("Mapping[str, object]", known)), 1)
    return f": did you mean {close[0]}?" if close else ""
