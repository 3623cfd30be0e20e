"""What is wrong and how to mend it: each part of triage looked at by itself, nothing changed."""

from __future__ import annotations

import shlex
import smtplib
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from triage import fetch
from triage.errors import TriageError
from triage.fetch.calendar import LONGEST_GAP
from triage.pipeline import arxiv_now, looks, next_look
from triage.text import clean

if TYPE_CHECKING:
    from triage.config import ArxivConfig, DigestConfig, SmtpConfig
    from triage.embed import Encoder, SentenceEncoder, StaticEncoder
    from triage.fetch import Wire
    from triage.store import Run, Store

WRONG_CLOCK_S = 300.0
"""Beyond five minutes a local clock is wrong enough to mistake one day for another."""

WARNING = timedelta(days=30)
"""So long before the list of holidays ends it is said."""

AVAILABILITY = "https://info.arxiv.org/help/availability.html"

TRIAL_S = 60.0
"""So long a dry run of the digest may take, in seconds."""
FULL, NEARLY_FULL = 200_000_000, 1_000_000_000
"""Bytes: below the first a fetch or a migration may fail, below the second it is worth saying."""

FIRST_PAPER = "0704.0001"
"""The oldest identifier of today's form: a question to the API that costs next to nothing."""

RUNS = 5
"""Newest runs that are looked at."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, and for what is not fine how to mend it."""

    name: str
    state: Literal["fine", "note", "broken"]
    says: str
    mend: str = ""

    def to_json(self) -> dict[str, str]:
        """The shape of one finding in `triage doctor --json`."""
        return {"name": self.name, "state": self.state, "says": self.says, "mend": self.mend}


def attempt(name: str, look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """Run one look; what it raises is a finding, so that one broken part hides no other."""
    try:
        return list(look())
    except TriageError as fault:
        return [Finding(name, "broken", str(fault), "mend what the line says, then run triage doctor again")]


def profiles(files: Sequence[Path], folder: Path) -> Iterator[Finding]:
    """Every profile's problems, each with its file and line."""
    from triage.profile import parse

    if not files:
        yield Finding("profiles", "broken", f"no focus profile in {folder}", "triage profile new writes one")
    for path in files:
        try:
            _, problems = parse(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as fault:
            yield Finding("profiles", "broken", f"{path}: cannot be read ({fault})", "mend its rights or its encoding")
            continue
        for problem in problems:
            yield Finding("profiles", "broken", str(problem), f"edit {path.name}, then triage profile check")
        if not problems:
            yield Finding("profiles", "fine", f"{path.name} is well-formed")


def database(store: Store) -> Iterator[Finding]:
    """SQLite's own integrity check, and what is in the file."""
    store.check()
    yield Finding("database", "fine", f"{store.path}: whole, {store.count()} papers")


def careful(encoder: SentenceEncoder) -> Iterator[Finding]:
    """Whether the weights are there, and those that were judged; without them the fast encoder alone decides."""
    try:
        says = f"{encoder.name}, revision {encoder.revision}"
        encoder.check()
        yield Finding("model", "fine", says)
    except TriageError as fault:
        mend = "get it once, or correct [ranker] model; until then the fast encoder alone decides"
        yield Finding("model", "broken", str(fault), mend)


def fast(encoder: StaticEncoder) -> Iterator[Finding]:
    """Whether the fast encoder's weights are those that were stored: others are refused, and nothing is ranked.

    Raises:
        TriageError: they are not; its line tells the mend.
    """
    encoder.check()
    yield Finding("model", "fine", f"{encoder.name}, revision {encoder.revision}, in {encoder.folder}")


def manners(told: ArxivConfig) -> Iterator[Finding]:
    """Whether arXiv's operators know whom to write to."""
    if told.contact.strip():
        yield Finding("contact", "fine", f"requests name {told.contact}")
    else:
        mend = 'add to config.toml: [arxiv] contact = "you@example.org"'
        yield Finding("contact", "note", "requests name nobody; arXiv blocks such clients first", mend)


def calendar(free: AbstractSet[date], now: datetime, folder: Path) -> Iterator[Finding]:
    """Until when arXiv's holidays are known; said a month before that ends, because the next list has to be written."""
    until, today = fetch.known_until(free), fetch.eastern_day(now)
    mend = f"write the dates of {AVAILABILITY} into {folder / 'holidays.txt'}, one a line"
    if until is None or until < today:
        says = f"no arXiv holiday of {today.year} is listed: such a day looks like a late batch"
        yield Finding("calendar", "note", says, mend)
    elif until < today + WARNING:
        says = f"arXiv's holidays are known until {until} only: after that one looks like a late batch"
        yield Finding("calendar", "note", says, mend)
    else:
        count = sum(today <= day <= until for day in free)
        yield Finding("calendar", "fine", f"arXiv's holidays are known until {until}, {count} still to come")


def runs(store: Store, categories: Sequence[str], now: datetime, free: AbstractSet[date]) -> Iterator[Finding]:
    """How the last runs ended, and which announcements are still missing."""
    last = store.last_runs(RUNS)
    if not last:
        yield Finding("runs", "note", "nothing was ever fetched", "triage fetch")
        return
    for place, run in enumerate(last):
        yield _run(run, newest=place == 0)
    yield from _looks(store)
    now = arxiv_now(store, now)
    expected = fetch.expected_day(now, free)
    for category, day in store.confirmed(categories).items():
        if day is None:
            yield Finding("coverage", "note", f"{category}: no announcement was read whole yet", "triage fetch")
        elif day < expected:
            says = f"{category}: {expected:%a} {expected} is expected, {day:%a} {day} is the last that was read"
            yield Finding("coverage", "note", says, "triage fetch; for every morning: a line in cron or systemd")
        else:
            yield Finding("coverage", "fine", f"{category}: read up to {day:%a} {day}")
        if missed := store.missed(category, fetch.eastern_day(now) - LONGEST_GAP):
            says = f"{category}: {', '.join(map(str, missed))} not read whole"
            yield Finding("coverage", "note", says, "triage fetch catches up what arXiv still gives")


def _run(run: Run, *, newest: bool) -> Finding:
    when = f"{run.at:%Y-%m-%d %H:%M} UTC: {run.state}" + (f", announced {run.announced}" if run.announced else "")
    reasons = dict.fromkeys(reason for _, reason in run.categories.values() if reason)
    says = "; ".join([when, *reasons])
    if not newest or run.state in ("announced", "quiet"):
        return Finding("runs", "fine" if run.state in ("announced", "quiet") else "note", says)
    if run.state == "failed":
        return Finding(
            "runs", "broken", says, "triage fetch tries again; triage doctor --log shows what arXiv answered"
        )
    return Finding("runs", "note", says, "triage fetch later asks again")


def _looks(store: Store) -> Iterator[Finding]:
    """When a batch that is late was looked for."""
    times, coming = looks(store), next_look(store)
    if times and coming:
        said = ", ".join(f"{when:%H:%M}" for when in times)
        says = f"the batch is late: looked at {said} UTC; next look from {coming:%H:%M} UTC"
        yield Finding("looks", "note", says, "an open session looks by itself; cron: triage fetch every half hour")


def scheduled(line: str, environment: Mapping[str, str], unseen: Sequence[str]) -> Iterator[Finding]:
    """Whether cron could run the digest: its line, tried dry in all the environment that cron gives.

    `unseen` are settings in the environment of this terminal, which cron knows nothing of.
    """
    home = Path(environment["HOME"])
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", line],
            env=dict(environment),
            cwd=home if home.is_dir() else "/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TRIAL_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as fault:
        yield Finding("schedule", "broken", f"cron's way to the digest: {fault}", "triage schedule print cron")
        return
    said = clean(done.stderr.decode("utf-8", "replace")) or f"it ended with {done.returncode}"
    if done.returncode:
        mend = "mend what the line says; cron knows config.toml and what triage schedule print writes, nothing else"
        yield Finding("schedule", "broken", f"in cron's environment the digest fails: {said}", mend)
    elif unseen:
        mend = "write the setting into config.toml"
        yield Finding("schedule", "note", f"set here and unknown to cron: {', '.join(unseen)}", mend)
    else:
        yield Finding("schedule", "fine", "the digest runs in cron's environment: triage schedule print cron")


def clock(offset_s: float | None) -> Iterator[Finding]:
    """How far this machine's clock is from arXiv's."""
    if offset_s is None:
        yield Finding("clock", "note", "no answer of arXiv to compare with yet", "triage fetch, or doctor online")
    elif abs(offset_s) > WRONG_CLOCK_S:
        way = "behind" if offset_s > 0 else "ahead"
        says = f"{abs(offset_s):.0f} s {way} of arXiv's; announcements follow arXiv's clock, the coffee follows yours"
        yield Finding("clock", "note", says, "set the clock, or let the system keep it (NTP)")
    else:
        yield Finding("clock", "fine", f"{abs(offset_s):.0f} s from arXiv's")


def network(wire: Wire, categories: Sequence[str]) -> Iterator[Finding]:
    """One polite request to each of arXiv's three hosts, and how far its clock is from ours."""
    if categories:
        yield from attempt("network", lambda: [_feed(wire, categories[0])])
    yield from attempt("network", lambda: [_api(wire)])
    yield from attempt("network", lambda: [_oai(wire)])
    if wire.offset is not None:
        yield from clock(wire.offset)


def _feed(wire: Wire, category: str) -> Finding:
    feed = fetch.read_feed(wire, [category])
    day = f"of {feed.day}" if feed.day else "without a day"
    return Finding("network", "fine", f"the feed of {category} answers: {feed.size} entries {day}")


def _api(wire: Wire) -> Finding:
    known = fetch.read_papers(wire, [FIRST_PAPER])
    return Finding("network", "fine", f"the API answers{'' if known else f', but does not know {FIRST_PAPER}'}")


def _oai(wire: Wire) -> Finding:
    name = fetch.identify(wire)
    return Finding("network", "fine", f"the OAI-PMH service answers{f': {name}' if name else ''}")


def disk(free: int, folder: Path) -> Iterator[Finding]:
    """Whether there is room for a morning's papers and for the copy before a migration; `free` is in bytes."""
    says = f"{free / 1e9:.1f} GB free in {folder}"
    if free < FULL:
        yield Finding(
            "disk", "broken", says, "free some space; triage train and old copies beside the database are large"
        )
    elif free < NEARLY_FULL:
        yield Finding("disk", "note", says, "free some space before it is full")
    else:
        yield Finding("disk", "fine", says)


def vectors(store: Store, encoder: Encoder) -> Iterator[Finding]:
    """How many stored papers the fast encoder has read, and whether the mapped file beside the database is whole."""
    there, papers = store.vector_count(encoder.name, encoder.revision), store.count()
    filed = store.filed_count(encoder.name, encoder.revision)
    says = f"{there} vectors of the fast encoder for {papers} stored papers, {filed} papers in the mapped file"
    if not store.file_sound():
        says = f"the mapped file of {filed} vectors is gone or damaged"
        yield Finding("vectors", "note", says, "nothing is lost: triage similar makes it anew from the stored texts")
    elif papers and not (there or filed):
        yield Finding("vectors", "note", says, "triage fetch embeds them")
    else:
        yield Finding("vectors", "fine", says)


def hooks(commands: Mapping[str, Sequence[str]], found: Callable[[str], str | None]) -> Iterator[Finding]:
    """Whether the reader's own commands exist; `found` looks a program up, as the shell would."""
    for event, command in commands.items():
        if found(command[0]):
            yield Finding("hooks", "fine", f"{event} runs {command[0]}")
        else:
            mend = f"correct hooks.{event} in config.toml, or install the program"
            yield Finding("hooks", "broken", f"{event}: there is no program {command[0]}", mend)


def locks(holders: Mapping[str, tuple[int, str]], alive: Callable[[int], bool]) -> Iterator[Finding]:
    """Who holds a lock: process and moment for each name; `alive` says whether a process is there."""
    for name, (process, since) in holders.items():
        if alive(process):
            says = f"{name} is held by process {process} since {since}"
            yield Finding("lock", "note", says, f"wait for it, or end it: kill {process}")
    if not any(alive(process) for process, _ in holders.values()):
        yield Finding("lock", "fine", "nobody holds a lock")


def mail(
    told: DigestConfig, smtp: SmtpConfig, recipients: Sequence[str], found: Callable[[str], str | None]
) -> Iterator[Finding]:
    """Whether the digest knows whom to write to and by which way; no connection is made here."""
    if not recipients:
        yield Finding("mail", "fine", "no digest is set up; [digest] to in config.toml names who gets one")
        return
    for wrong, mend in _mail_faults(told, smtp, found):
        yield Finding("mail", "broken", wrong, mend)
        return
    way = {"smtp": f"{smtp.host}, {smtp.security}", "sendmail": told.sendmail}.get(told.transport, f"{told.folder}")
    yield Finding("mail", "fine", f"{', '.join(recipients)} by {told.transport} ({way})")


def _mail_faults(told: DigestConfig, smtp: SmtpConfig, found: Callable[[str], str | None]) -> Iterator[tuple[str, str]]:
    """What is missing for the chosen transport, and what to write."""
    if told.transport == "smtp" and not smtp.host:
        yield "the digest has a recipient and no mail server", 'add to config.toml: [smtp] host = "mail.example.org"'
    command = smtp.password_command
    words = shlex.split(command) if isinstance(command, str) else list(command)
    if told.transport == "smtp" and words and not found(words[0]):
        yield f"smtp.password_command: there is no program {words[0]}", "correct it in config.toml"
    if told.transport == "smtp" and smtp.password_file and not smtp.password_file.is_file():
        yield f"smtp.password_file: there is no file {smtp.password_file}", "write the password into it, mode 0600"
    program = told.sendmail.split()[:1]
    if told.transport == "sendmail" and not (program and found(program[0])):
        yield f"there is no program {told.sendmail}", 'install one, or set [digest] transport = "smtp"'


def mail_server(connect: Callable[[], smtplib.SMTP], host: str) -> Iterator[Finding]:
    """Whether the mail server answers, with the protection that is asked for; nothing is sent and nobody logs in."""
    try:
        with connect():
            yield Finding("mail", "fine", f"{host} answers")
    except (OSError, smtplib.SMTPException) as fault:
        mend = "check [smtp] host, port and security in config.toml"
        yield Finding("mail", "broken", f"{host} does not answer as it should: {fault}", mend)


def answers(rows: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """What the run log holds."""
    asked = [row for row in rows if "url" in row]
    if not asked:
        yield Finding("log", "note", "no answer of arXiv is logged yet", "triage fetch")
        return
    bad = [row for row in asked if row.get("fault")]
    says = f"{len(asked)} answers logged lately, {len(bad)} of them faulty, the last at {asked[-1].get('at')}"
    if asked[-1].get("fault"):
        yield Finding("log", "note", f"{says}: {asked[-1]['fault']}", "triage doctor --log shows all")
    else:
        yield Finding("log", "fine", says)
