"""What a profile, or a change of it, would do, in lines for a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from triage.cli.progress import shown

if TYPE_CHECKING:
    from triage.cli.surroundings import Surroundings
    from triage.pipeline import Line, Move, Preview
    from triage.pipeline.outlook import Listed, Width
    from triage.profile import Profile

_WIDTH = 64
_FEW = 200
"""Papers below which nothing is said of terms that never match."""


def foreseen(around: Surroundings, profile: Profile, before: str = "") -> Preview:
    """Try a profile on the stored papers, beside what the text `before` held."""
    from triage.pipeline import preview
    from triage.profile import parse

    old = parse(before, f"{profile.name}.toml")[0] if before else None
    around.profiles = [profile]
    with shown() as report:
        return preview(
            around.store,
            profile,
            old,
            encoder=around.encoder,
            fast=around.fast,
            today=around.clock.today(),
            types=around.config.types,
            reader=around.reader,
            progress=report,
        )


def told(found: Preview, *, text: str = "") -> Iterator[str]:
    """The preview in lines: the list, what changes on it, how narrow the profile is, which of its lines pay."""
    if not found.width.papers:
        yield "No paper of its categories is stored yet: triage fetch --back 7 brings some to try the profile on."
        return
    if found.announced:
        yield f"On {found.announced}: {_list(found.after)}" + (f" (was {_list(found.before)})" if found.before else "")
        yield from map(_move, found.moves if found.before else [])
        if found.before and not found.moves:
            yield "  the same papers in the same order"
        if not found.before:
            yield from (_pick(name, place, found) for name, place in found.after.places.items())
    yield f"How narrow: {_width(found.width)}" + (
        f" (was {found.width_before.verdict})" if found.width_before and found.width_before != found.width else ""
    )
    yield from _lines(found, text)
    yield from (f"triage: {note}" for note in found.notes)


def _list(listed: Listed) -> str:
    count = len(listed.picks)
    return f"{count} paper{'' if count == 1 else 's'}, {listed.seconds / 60:.0f} of {listed.budget_s / 60:.0f} min"


def _width(width: Width) -> str:
    return (
        f"{width.passing} of {width.papers} papers in {width.days} announcement{'' if width.days == 1 else 's'} "
        f"({100 * width.share:.1f} %): {width.verdict}"
    )


def _move(move: Move) -> str:
    if move.before is None:
        mark, how = "+", f"enters at {move.after}"
    elif move.after is None:
        mark, how = "-", f"leaves ({move.before})"
    else:
        mark, how = "~", f"{move.before} → {move.after}"
    return f"  {mark} {how:<12} {move.paper.id:<12} {_titled(move.paper.title)}"


def _pick(name: str, place: int, found: Preview) -> str:
    title = next(pick.paper.title for pick in found.after.picks if pick.paper.id == name)
    return f"  {place:>2}  {name:<12} {_titled(title)}"


def _titled(title: str) -> str:
    from triage.text import readable, shorten

    return shorten(readable(title), _WIDTH)


def _lines(found: Preview, text: str) -> Iterator[str]:
    """Which lines pay, and which never match."""
    from triage.spans import scan

    spans = scan(text)
    pays = [line for line in found.lines if line.pays]
    idle = [line for line in found.lines if not line.papers and found.width.papers >= _FEW and line.key != "seeds"]
    for title, some in (("Lines that pay", pays), ("Lines that never match", idle)):
        if some:
            yield f"{title}:"
        for line in some:
            at = spans.place((*line.key.split("."), line.index))[0] if text else 0
            yield f"  {f'line {at}' if at else '':<9}{_said(line)}"


def _said(line: Line) -> str:
    from triage.text import clean

    value = clean(line.value)
    if line.key == "seeds":
        return f"seed {value}: nearest to {line.papers} papers that pass"
    what = {"terms.boost": "boost", "terms.avoid": "avoid", "authors": "author", "categories": "category"}[line.key]
    if not line.papers:
        return f'{what} "{value}"'
    kept = "kept out" if line.key == "terms.avoid" else "pass"
    return f'{what} "{value}": {line.papers} paper{"" if line.papers == 1 else "s"}, {line.pays} {kept}'


def warnings(found: Preview) -> Iterator[tuple[Line, str]]:
    """What is no mistake and yet not meant so: terms that never match, or nearly always, and too broad a profile."""
    from triage.pipeline.outlook import COMMON

    if found.width.papers < _FEW:
        return
    for line in found.lines:
        if line.key not in ("terms.boost", "terms.avoid", "authors"):
            continue
        if not line.papers:
            yield line, f"{line.value!r} is in none of {found.width.papers} stored papers"
        elif line.papers > COMMON * found.width.papers:
            share = round(100 * line.papers / found.width.papers)
            yield line, f"{line.value!r} is in {share} % of the stored papers: too many to tell anything"


def as_json(found: Preview) -> dict[str, object]:
    """The shape of `triage profile preview --json`."""
    return {
        "schema": 1,
        "announced": found.announced.isoformat() if found.announced else None,
        "papers": [
            {
                "id": pick.paper.id,
                "title": pick.paper.title,
                "slot": pick.slot,
                "rank": pick.rank,
                "seconds": pick.seconds,
            }
            for pick in found.after.picks
        ],
        "seconds": found.after.seconds,
        "budget_s": found.after.budget_s,
        "moves": [{"id": move.paper.id, "before": move.before, "after": move.after} for move in found.moves],
        "width": {
            "announcements": found.width.days,
            "papers": found.width.papers,
            "passing": found.width.passing,
            "share": found.width.share,
            "coffees": found.width.coffees,
            "verdict": found.width.verdict,
        },
        "lines": [
            {"key": line.key, "value": line.value, "papers": line.papers, "pays": line.pays} for line in found.lines
        ],
        "notes": list(found.notes),
    }
