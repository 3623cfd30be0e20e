"""`triage list`, `rank`, `show` and `why`: the papers and their order, for people and for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from triage.cli.surroundings import Surroundings, pass_surroundings, profile_option
from triage.cli.wording import looks_line
from triage.errors import InvalidInput, UsageFault

if TYPE_CHECKING:
    from triage.budget import Shortlist
    from triage.paper import Coffee, Paper, ScoredPaper


def todays_list(
    around: Surroundings, *, rerank: bool = True, coffee: Coffee | None = None, ranker: str = ""
) -> Shortlist:
    """The shortlist for what is left of today's coffee, or of the one that is given; by another ranker when named."""
    from triage.cli.progress import shown
    from triage.pipeline import shortlist

    coffee = coffee or around.coffee()
    with shown() as report:
        today = shortlist(
            around.store,
            around.profiles,
            minutes=coffee.budget_s / 60,
            now=around.clock.now(),
            left_s=coffee.left_s,
            today=coffee.day,
            ranker=ranker or around.ranker,
            against="" if ranker else around.against,
            types=around.config.types,
            encoder=around.encoder if rerank else None,
            fast=around.fast if rerank else None,
            free=around.holidays,
            reader=around.reader,
            progress=report,
        )
    looks = looks_line(around.store) if today.state in ("stale", "partial") else ""
    return replace(today, notes=(looks, *today.notes)) if looks else today


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.option("--plain", is_flag=True, help="No colours, for pipes and screen readers.")
@click.option("--all", "everything", is_flag=True, help="Every ranked paper with its score.")
@profile_option
@pass_surroundings
def list_command(around: Surroundings, as_json: bool, plain: bool, everything: bool) -> None:
    """Example: triage list --all

    Today's shortlist: what fits the minutes that are left. It reads what is stored and does not ask arXiv.
    """
    from triage.digest import plain_list

    today = todays_list(around)
    if as_json:
        click.echo(json.dumps(today.to_json(everything=everything)))
    elif everything:
        click.echo("\n".join(_scored_row(one) for one in (*today.papers, *today.left_out)))
    else:
        from triage.cli.wording import precision_line

        precision = precision_line(around.store, today.profiles)
        click.echo(plain_list(today, colour=not plain and sys.stdout.isatty(), precision=precision))


def _scored_row(scored: ScoredPaper) -> str:
    """One line of the whole ranking."""
    from triage.text import readable, shorten

    mark = {"focus": " ", "adjacent": "~", "explore": "?"}[scored.slot] if scored.fits else "·"
    title = shorten(readable(scored.paper.title), 90)
    return f"{mark} {scored.rank:>4} {scored.score:>7.2f}  {scored.paper.id:<12}  {title}"


@click.command("rank")
@click.option(
    "--papers", type=click.Path(exists=True, dir_okay=False, allow_dash=True), required=True, metavar="FILE.jsonl"
)
@click.option("--quick", is_flag=True, help="By the fast encoder alone, without the careful one's second look.")
@profile_option
@pass_surroundings
def rank_command(around: Surroundings, papers: str, quick: bool) -> None:
    """Example: triage rank --papers pool.jsonl --profile agents

    Rank any pool of papers against a profile. One JSON object a line with id, title, abstract, and optionally
    authors, categories and date ("-" reads standard input); out comes one a line, best first.
    """
    if len(around.profiles) > 1:
        raise UsageFault("several profiles are active; name one: triage rank --profile NAME --papers FILE.jsonl")
    with click.open_file(papers, encoding="utf-8", errors="surrogateescape") as stream:
        pool = list(_pool(stream, papers))
    ranked, note = _ranked(around, pool, quick=quick)
    if note:
        click.echo(f"triage: {note}", err=True)
    for scored in ranked:
        row = {"id": scored.paper.id, "rank": scored.rank, "score": scored.score, "probability": scored.probability}
        click.echo(json.dumps(row))


def _ranked(around: Surroundings, pool: Sequence[Paper], *, quick: bool) -> tuple[Sequence[ScoredPaper], str]:
    from triage.cli.progress import shown
    from triage.pipeline import rank_pool

    with shown() as report:
        return rank_pool(
            around.store,
            around.profiles[0],
            pool,
            encoder=None if quick else around.encoder,
            fast=around.fast,
            ranker=around.ranker,
            progress=report,
        )


def _pool(stream: Iterable[str], name: str) -> Iterable[Paper]:
    """Read papers from JSON lines; the first bad line ends it with its number."""
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            yield _paper(json.loads(line.encode("utf-8", "surrogateescape").decode("utf-8")))
        except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise InvalidInput(
                f'{name}:{number}: {what}; a line looks like {{"id": "2611.09812", "title": "…", "abstract": "…"}}'
            ) from error


def _paper(row: dict[str, Any]) -> Paper:
    from datetime import date

    from triage.paper import Paper

    for key in ("id", "title", "abstract"):
        if not isinstance(row[key], str):
            raise TypeError(f"{key!r} must be a text")
        row[key].encode()  # half of a surrogate pair is no text
    for key in ("authors", "categories"):
        if not isinstance(row.get(key) or [], list):
            raise TypeError(f"{key!r} must be a list of texts")
    return Paper(
        id=row["id"],
        title=row["title"],
        abstract=row["abstract"],
        authors=tuple(map(str, row.get("authors") or ())),
        categories=tuple(map(str, row.get("categories") or ())),
        announced=date.fromisoformat(row["date"]) if row.get("date") else None,
    )


def stored_paper(around: Surroundings, text: str) -> Paper:
    """The stored paper of an identifier or a link.

    Raises:
        InvalidInput: the text is no identifier, or the paper is not stored.
    """
    from triage.paper import split_identifier

    identifier = split_identifier(text)[0]
    paper = around.store.paper(identifier)
    if paper is None:
        raise InvalidInput(f"{identifier} is not stored; triage fetch brings what was announced")
    return paper


@click.command("show")
@click.argument("identifier", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@profile_option
@pass_surroundings
def show_command(around: Surroundings, identifier: str, as_json: bool) -> None:
    """Example: triage show 2611.09812

    One stored paper: title, authors, categories, pages, abstract and links.
    """
    paper = stored_paper(around, identifier)
    click.echo(json.dumps(_paper_json(paper)) if as_json else _paper_text(paper))


def _paper_text(paper: Paper) -> str:
    import textwrap

    from triage.text import readable

    facts = [", ".join(paper.categories), paper.announce_type, f"{paper.announced}" if paper.announced else ""]
    facts += [f"{paper.pages} pages" if paper.pages else "", f"{paper.id}v{paper.version}"]
    wrap = textwrap.TextWrapper(width=80, break_long_words=False, break_on_hyphens=False)
    return "\n".join(
        [
            wrap.fill(readable(paper.title)),
            wrap.fill(readable(", ".join(paper.authors))),
            " · ".join(readable(fact) for fact in facts if fact),
            "",
            wrap.fill(readable(paper.abstract)),
            "",
            *([wrap.fill(f"comment: {readable(paper.comment)}")] if paper.comment else []),
            paper.url,
            paper.pdf_url,
        ]
    )


def _paper_json(paper: Paper) -> dict[str, object]:
    from triage.text import clean

    return {
        "schema": 1,
        "id": paper.id,
        "version": paper.version,
        "title": clean(paper.title),
        "abstract": clean(paper.abstract),
        "authors": [clean(author) for author in paper.authors],
        "categories": [clean(category) for category in paper.categories],
        "announced": paper.announced.isoformat() if paper.announced else None,
        "type": paper.announce_type,
        "comment": clean(paper.comment) if paper.comment else None,
        "pages": paper.pages,
        "url": paper.url,
    }


@click.command("why")
@click.argument("identifier", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@profile_option
@pass_surroundings
def why_command(around: Surroundings, identifier: str, as_json: bool) -> None:
    """Example: triage why 2611.09812

    Why a paper ranks where it does: the nearest seed or kept paper, the words that carried it, the share of each
    part of the score, the slot, the ranker and its version.
    """
    from triage.cli.wording import explanation

    paper = stored_paper(around, identifier)
    ranked = todays_list(around)
    scored = next((one for one in (*ranked.papers, *ranked.left_out) if one.paper.id == paper.id), None)
    if scored is None:
        raise InvalidInput(
            f"{paper.id} is not ranked today: it is judged already, or not in the newest announcement of the profile"
        )
    if as_json:
        ranker = {"name": ranked.ranker, "version": ranked.ranker_version}
        told = {"schema": 1, "id": paper.id, "profile": scored.profile, "slot": scored.slot, "rank": scored.rank}
        told |= {"fits": scored.fits, "score": scored.score, "parts": dict(scored.parts), "why": list(scored.why)}
        click.echo(json.dumps(told | {"ranker": ranker}))
    else:
        click.echo("\n".join(explanation(scored, ranked)))
