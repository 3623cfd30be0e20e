"""`triage kept`, `search`, `similar`, `note` and `tag`: the reader's own papers and everything that is stored."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import click

from triage.cli.papers import stored_paper
from triage.cli.surroundings import Surroundings, pass_surroundings, profile_option
from triage.errors import InvalidInput, TriageError

if TYPE_CHECKING:
    from triage.paper import Paper, ScoredPaper
    from triage.pipeline import Best, KeptPaper, KeptPapers

_LIMIT = click.IntRange(1, 1000)


def kept_list(around: Surroundings) -> KeptPapers:
    """The kept list after what it has outgrown was let go."""
    from triage.budget.kept import TERM_DAYS
    from triage.pipeline import kept_papers

    today = around.clock.today()
    days = [today + timedelta(days=ahead) for ahead in range(TERM_DAYS)]
    return kept_papers(
        around.store,
        coffees_s=[_coffee_s(around, day) for day in days],
        today=today,
        at=around.clock.now(),
        local_day=lambda when: when.astimezone().date(),
    )


def _coffee_s(around: Surroundings, day: date) -> float:
    """The coffee of a day in seconds; none where there is no profile to say, or a broken one: the list is shown."""
    try:
        return around.budget_on(day)
    except TriageError:
        return 0.0


@click.command("kept")
@click.option(
    "--let-go", "let_go", metavar="ID", multiple=True, help="Take a paper off the list: read, or not any more."
)
@click.option("--undo", is_flag=True, help="Put back what was let go last.")
@click.option("--gone", is_flag=True, help="What was let go, instead of what is kept.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@profile_option
@pass_surroundings
def kept_command(around: Surroundings, let_go: tuple[str, ...], undo: bool, gone: bool, as_json: bool) -> None:
    """Example: triage kept

    The papers kept for later, oldest first, and how many coffees they hold. A paper stays for 28
    days at most, and never more is kept than the coffees of those days hold: the oldest go first. What goes stays an
    example of what you like; --undo brings it back.
    """
    if undo:
        _put_back(around)
    _release(around, let_go)
    listed = kept_list(around)
    if listed.let_go:
        click.echo(
            f"triage: {_count(len(listed.let_go))} let go ({listed.let_go[0].why}); "
            "triage kept --undo brings them back",
            err=True,
        )
    if as_json:
        click.echo(json.dumps(_kept_json(around, listed)))
    elif gone:
        _say_gone(around)
    else:
        _say_kept(around, listed)


def _count(number: int) -> str:
    return f"{number} paper{'' if number == 1 else 's'}"


def _put_back(around: Surroundings) -> None:
    back = around.store.take_back(at=around.clock.now())
    click.echo(f"triage: {_count(len(back))} put back" if back else "triage: nothing was let go", err=True)


def _release(around: Surroundings, names: Sequence[str]) -> None:
    """Take papers off the list that are on it."""
    papers = [stored_paper(around, name) for name in names]
    there = {one.paper.id for one in around.store.kept()}
    if absent := [paper.id for paper in papers if paper.id not in there]:
        raise InvalidInput(f"{absent[0]} is not on the kept list; triage kept shows it")
    around.store.let_go({paper.id: "let go by hand" for paper in papers}, at=around.clock.now())


def _say_kept(around: Surroundings, listed: KeptPapers) -> None:
    if not listed.papers:
        click.echo("Nothing is kept; s in the session and triage keep ID keep a paper.")
        return
    coffees = f": about {listed.coffees:.1f} coffees" if listed.coffees is not None else ""
    click.echo(f"{_count(len(listed.papers))} kept, {listed.seconds / 60:.0f} min of reading{coffees}.\n")
    tags, notes = around.store.tags(), {note.paper_id for note in around.store.notes()}
    for one in listed.papers:
        click.echo(_kept_row(one, tags.get(one.paper.id, ()), noted=one.paper.id in notes))


def _kept_row(one: KeptPaper, tags: Sequence[str], *, noted: bool) -> str:
    """Two lines: the paper, and below it how long it takes, when it goes, its tags."""
    from triage.text import clean, readable, shorten

    facts = [f"{one.seconds / 60:.0f} min", f"kept {one.day:%d %b}", f"stays until {one.last_day:%d %b}"]
    facts += [f"#{clean(tag)}" for tag in tags] + (["has a note"] if noted else [])
    return f"{one.paper.id:<12} {shorten(readable(one.paper.title), 100)}\n{'':<12} {' · '.join(facts)}"


def _say_gone(around: Surroundings) -> None:
    from triage.text import readable, shorten

    gone = around.store.gone()
    papers = around.store.papers(one.paper_id for one in gone)
    for one in gone:
        title = shorten(readable(papers[one.paper_id].title), 80)
        click.echo(f"{one.paper_id:<12} {title}\n{'':<12} {one.at.astimezone():%d %b}: {one.why}")
    if not gone:
        click.echo("Nothing was let go.")


def _kept_json(around: Surroundings, listed: KeptPapers) -> dict[str, object]:
    tags = around.store.tags()
    notes = {note.paper_id: note.text for note in around.store.notes()}
    rows = [
        {
            **paper_row(one.paper),
            "profile": one.profile,
            "kept": one.day.isoformat(),
            "stays_until": one.last_day.isoformat(),
            "seconds": round(one.seconds, 1),
            "tags": list(tags.get(one.paper.id, ())),
            "note": notes.get(one.paper.id, ""),
        }
        for one in listed.papers
    ]
    gone = [{"id": one.paper_id, "at": one.at.isoformat(), "why": one.why} for one in around.store.gone()]
    told: dict[str, object] = {"schema": 1, "papers": rows, "seconds": round(listed.seconds, 1)}
    return told | {"coffees": listed.coffees, "term_days": listed.term_days, "let_go": gone}


def paper_row(paper: Paper) -> dict[str, object]:
    """The few fields by which a program knows a paper; foreign text is cleaned."""
    from triage.text import clean

    announced = paper.announced.isoformat() if paper.announced else None
    return {"id": paper.id, "title": clean(paper.title), "announced": announced, "url": paper.url}


@click.command("search")
@click.argument("words", metavar="QUERY...", nargs=-1, required=True)
@click.option("--limit", type=_LIMIT, default=20, show_default=True, help="Papers at most.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@profile_option
@pass_surroundings
def search_command(around: Surroundings, words: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Example: triage search 'title:cache "speculative decoding" -vision'

    Full text search over every stored paper and your notes, best match first. All words are wanted; OR between two
    wants either, "..." is a phrase, word* a beginning, and after -- also -word for what is not wanted. title:,
    abstract: and author: look there alone; cat:, tag:, note: and id: narrow. Of more than 10,000 matches
    the 10,000 stored last are ranked.
    """
    found = around.store.search(" ".join(words), limit)
    if as_json:
        from triage.text import clean

        rows = [paper_row(one.paper) | {"extract": clean(one.extract)} for one in found]
        click.echo(json.dumps({"schema": 1, "papers": rows}))
        return
    for one in found:
        _say_paper(one.paper, one.extract)
    if not found:
        click.echo(f"triage: nothing found among {around.store.count()} papers", err=True)


@click.command("similar")
@click.argument("identifier", metavar="[ID]", required=False)
@click.option("--limit", type=_LIMIT, default=10, show_default=True, help="Papers at most.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@profile_option
@pass_surroundings
def similar_command(around: Surroundings, identifier: str | None, limit: int, as_json: bool) -> None:
    """Example: triage similar 2611.09812

    The stored papers nearest in meaning to one, by the fast encoder's vectors, with their cosine. Without a paper:
    the best of everything stored for your profile, ranked as a day is, without what you have judged. Papers that the
    fast encoder has not read yet are read first, about 3,000 a second.
    """
    if identifier is None:
        _say_best(around, limit, as_json)
        return
    from triage.cli.progress import shown
    from triage.pipeline import similar

    paper = stored_paper(around, identifier)
    with shown() as report:
        found = similar(around.store, around.fast, paper, limit, progress=report)
    if as_json:
        rows = [paper_row(paper) | {"cosine": round(cosine, 4)} for paper, cosine in found]
        click.echo(json.dumps({"schema": 1, "papers": rows}))
        return
    for paper, cosine in found:
        _say_paper(paper, "", f"{cosine:.2f}  ")
    if not found:
        click.echo("triage: no other paper is stored yet; triage fetch brings some", err=True)


def _say_best(around: Surroundings, limit: int, as_json: bool) -> None:
    """The best of everything stored for each profile."""
    from triage.cli.progress import shown
    from triage.pipeline import best_stored

    found: dict[str, Best] = {}
    with shown() as report:
        for profile in around.profiles:
            found[profile.name] = best_stored(around.store, profile, around.fast, limit, progress=report)
    if as_json:
        rows = [_best_row(one, name) for name, best in found.items() for one in best.papers]
        compared = max(best.compared for best in found.values())
        click.echo(json.dumps({"schema": 1, "papers": rows, "compared": compared}))
        return
    for name, best in found.items():
        click.echo(f"{name}: the best of {best.compared} stored papers" + (f" ({best.note})" if best.note else ""))
        for one in best.papers:
            _say_paper(one.paper, "", f"{one.score:>6.2f}  ")


def _best_row(one: ScoredPaper, profile: str) -> dict[str, object]:
    told = {"profile": profile, "rank": one.rank, "score": round(one.score, 4), "why": list(one.why)}
    return paper_row(one.paper) | told


def _say_paper(paper: Paper, extract: str, mark: str = "") -> None:
    from triage.text import readable, shorten

    click.echo(f"{mark}{paper.id:<12} {shorten(readable(paper.title), 100)}")
    if extract:
        click.echo(f"{'':<12} {shorten(readable(extract), 100)}")


@click.command("note")
@click.argument("identifier", metavar="[ID]", required=False)
@click.argument("words", metavar="[WORDS...]", nargs=-1)
@click.option("--add", is_flag=True, help="Add a line to the note instead of replacing it.")
@click.option("--remove", is_flag=True, help="Take the note away.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@profile_option
@pass_surroundings
def note_command(
    around: Surroundings, identifier: str | None, words: tuple[str, ...], add: bool, remove: bool, as_json: bool
) -> None:
    """Example: triage note 2611.09812 "their table 3 contradicts ours"

    Write a note on a paper; "-" reads it from standard input. Without words the note is shown, without a paper all
    notes are.
    """
    if identifier is None:
        _say_notes(around, as_json)
        return
    paper = stored_paper(around, identifier)
    before = around.store.note(paper.id)
    if words or remove:
        text = "" if remove else _words(words)
        _write_note(around, paper, f"{before}\n{text}" if add and before else text)
    elif as_json:
        click.echo(json.dumps({"schema": 1, "id": paper.id, "note": before}))
    elif before:
        click.echo("\n".join(_lines(before)))
    else:
        click.echo(f"triage: no note on {paper.id} yet; triage note {paper.id} WORDS writes one", err=True)


def _words(words: Sequence[str]) -> str:
    """The words of the command line, or standard input for "-"; each line cleaned, the lines kept."""
    if list(words) != ["-"]:
        return "\n".join(_lines(" ".join(words)))
    text = sys.stdin.buffer.read(100_000).decode("utf-8", "replace")
    return "\n".join(_lines(text))


def _lines(text: str) -> list[str]:
    from triage.text import clean

    return [clean(line) for line in text.strip().splitlines()]


def _write_note(around: Surroundings, paper: Paper, text: str) -> None:
    from triage.store import Note
    from triage.text import readable

    around.store.set_note(Note(paper.id, text, around.clock.now()))
    click.echo(f"{'noted' if text.strip() else 'note taken away'}: {paper.id}  {readable(paper.title)}")


def _say_notes(around: Surroundings, as_json: bool) -> None:
    notes = around.store.notes()
    papers = around.store.papers(note.paper_id for note in notes)
    if as_json:
        rows = [paper_row(papers[one.paper_id]) | {"note": one.text, "at": one.at.isoformat()} for one in notes]
        click.echo(json.dumps({"schema": 1, "notes": rows}))
        return
    for one in notes:
        _say_paper(papers[one.paper_id], "")
        click.echo("\n".join(f"{'':<12} {line}" for line in _lines(one.text)))
    if not notes:
        click.echo("No note yet; triage note ID WORDS writes one.")


@click.command("tag")
@click.argument("identifier", metavar="[ID]", required=False)
@click.argument("tags", metavar="[TAG...]", nargs=-1)
@click.option("--remove", is_flag=True, help="Take these tags off instead of putting them on.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@profile_option
@pass_surroundings
def tag_command(
    around: Surroundings, identifier: str | None, tags: tuple[str, ...], remove: bool, as_json: bool
) -> None:
    """Example: triage tag 2611.09812 kv-cache "to cite"

    Put tags on a paper. Without tags those of the paper are shown, without a paper all tags and how often each is
    used; triage search tag:WORD finds the papers.
    """
    if identifier is None:
        _say_tags(around, as_json)
        return
    paper = stored_paper(around, identifier)
    wanted = [tag for tag in map(_tag, tags) if tag]
    if remove:
        around.store.remove_tags(paper.id, wanted)
    else:
        around.store.add_tags(paper.id, wanted, at=around.clock.now())
    found = around.store.tags().get(paper.id, ())
    if as_json:
        click.echo(json.dumps({"schema": 1, "id": paper.id, "tags": list(found)}))
    else:
        click.echo(f"{paper.id}  {' '.join(f'#{tag}' for tag in found) or 'no tag'}")


def _tag(text: str) -> str:
    """One line without a leading # and without commas, which part tags wherever they are exported."""
    from triage.text import clean

    return " ".join(clean(text).replace(",", " ").lstrip("#").split())


def _say_tags(around: Surroundings, as_json: bool) -> None:
    used: dict[str, int] = {}
    for tags in around.store.tags().values():
        for tag in tags:
            used[tag] = used.get(tag, 0) + 1
    if as_json:
        click.echo(json.dumps({"schema": 1, "tags": dict(sorted(used.items()))}))
        return
    for tag in sorted(used, key=lambda tag: (-used[tag], tag)):
        click.echo(f"{used[tag]:>4}  #{tag}")
    if not used:
        click.echo("No tag yet; triage tag ID WORD puts one on a paper.")
