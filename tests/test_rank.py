"""The rankers: laws that hold for all, the fusion's parts and fallbacks, the baselines, reasons, the prior chance."""

from __future__ import annotations

import json
import random
import runpy
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from wcwidth import wcswidth

from triage.embed import StaticEncoder
from triage.paper import Paper
from triage.rank import (
    DEFAULT,
    RANKERS,
    THRESHOLD,
    Judged,
    Meaning,
    Pool,
    Query,
    Reason,
    Scope,
    best_share,
    foretell,
    learn,
    order,
    phrases,
    probability,
    svm,
)
from triage.rank.baselines import recency
from triage.rank.fusion import statement_weight
from triage.rank.lexical import Lexicon
from triage.rank.ordinary import Ordinary
from triage.rank.origin import Origins
from triage.rank.space import Space
from triage.rank.stopwords import STOP_WORDS
from triage.rank.strands import strands
from triage.rank.wishes import found_authors, found_terms
from triage.rank.words import full_text, terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOPICS = {
    "decoding": "speculative decoding draft verify tokens language generation speedup acceptance",
    "tables": "table question answering rows columns spreadsheet cells query schema",
    "slam": "gaussian splatting slam localisation camera mapping radiance rendering tracking",
    "code": "program synthesis repair compiler software bugs repository tests agents",
    "speech": "speech recognition acoustic phoneme audio transcription speaker accent voice",
}
STATEMENT = "Speculative decoding to draft and verify tokens for a speedup of language generation"
DAY = date(2026, 11, 20)


def invent(topic: str, number: int, **given: Any) -> Paper:
    """A paper whose words come from its topic and from a stock that all share."""
    rng = random.Random(f"{topic}-{number}")
    stock = [f"common{n}" for n in range(60)]
    chosen = rng.choices(TOPICS[topic].split(), k=14) + rng.choices(stock, k=30)
    rng.shuffle(chosen)
    told: dict[str, Any] = {
        "id": f"9911.{list(TOPICS).index(topic)}{number:04d}",
        "title": " ".join(chosen[:7]).capitalize(),
        "abstract": " ".join(chosen[7:]),
        "authors": (f"Ada Invented{number % 7}", "Bo Fictional"),
        "announced": DAY - timedelta(days=number % 5),
    }
    return Paper(**{**told, **given})


def many(topics: Sequence[str], numbers: range) -> tuple[Paper, ...]:
    return tuple(invent(topic, number) for number in numbers for topic in topics)


def pooled(encoder: Any, papers: Sequence[Paper]) -> Pool:
    return Pool(tuple(papers), encoder.encode([paper.text for paper in papers]) if papers else None)


def asking(encoder: Any, liked: Sequence[Paper] = (), statement: str = STATEMENT, **given: Any) -> Query:
    vectors = encoder.encode([paper.text for paper in liked]) if liked else None
    return Query(statement, encoder.encode([statement])[0], tuple(liked), vectors, **given)


def best(scores: Any, pool: Pool, k: int = 5) -> list[Paper]:
    ids = [paper.id for paper in pool.papers]
    return [pool.papers[index] for index in order(scores.total, ids)[:k]]


LIKED = many(["decoding"], range(900, 903))
OTHERS = ["tables", "slam", "code", "speech"]


@pytest.fixture
def today(encoder: Any) -> Pool:
    return pooled(encoder, many(["decoding"], range(6)) + many(OTHERS, range(15)))


@pytest.fixture
def stored(encoder: Any) -> Pool:
    return pooled(encoder, many(OTHERS, range(100, 145)) + many(["decoding"], range(100, 104)))


# laws for every ranker


@pytest.mark.parametrize("name", RANKERS)
@pytest.mark.parametrize("liked", [(), LIKED])
def test_parts_sum_to_the_score_and_every_score_is_a_number(
    name: str, liked: Sequence[Paper], encoder: Any, today: Pool, stored: Pool
) -> None:
    query = asking(encoder, liked, boost=("slam",), avoid=("speech",), authors=("Bo Fictional",))
    scores = RANKERS[name].rank(query, today, stored)
    assert scores.ranker == name
    assert scores.version == RANKERS[name].version + (" careful" if name == "fusion" else "")
    assert scores.total.shape == (len(today.papers),)
    assert np.isfinite(scores.total).all()
    np.testing.assert_allclose(sum(scores.parts.values()), scores.total, rtol=1e-12)


@pytest.mark.parametrize("name", RANKERS)
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shuffler=st.randoms(use_true_random=False))
def test_the_order_of_input_does_not_matter(
    name: str, encoder: Any, today: Pool, stored: Pool, shuffler: random.Random
) -> None:
    rows = list(range(len(today.papers)))
    shuffler.shuffle(rows)
    back, liked = list(stored.papers), list(LIKED)
    shuffler.shuffle(back)
    shuffler.shuffle(liked)
    moved = pooled(encoder, [today.papers[row] for row in rows])
    straight = RANKERS[name].rank(asking(encoder, LIKED), today, stored, seed=3)
    mixed = RANKERS[name].rank(asking(encoder, liked), moved, pooled(encoder, back), seed=3)
    everything = len(rows)
    assert best(straight, today, everything) == best(mixed, moved, everything)


@pytest.mark.parametrize("name", RANKERS)
@pytest.mark.parametrize("liked", [(), LIKED])
@pytest.mark.parametrize("vectors", [True, False])
@pytest.mark.parametrize("size", [0, 1, 2])
def test_tiny_pools_and_an_empty_store(
    name: str, liked: Sequence[Paper], vectors: bool, size: int, encoder: Any, today: Pool
) -> None:
    small = pooled(encoder, today.papers[:size])
    if not vectors:
        small = Pool(small.papers)
    fitted = RANKERS[name].fit(small, Pool())
    query = asking(encoder, liked)
    scores = fitted.rank(query)
    assert len(scores.total) == size
    assert np.isfinite(scores.total).all()
    assert len(fitted.explain(query, scores, range(size))) == size


@pytest.mark.parametrize("name", RANKERS)
def test_papers_without_words_or_in_other_languages(name: str, encoder: Any, stored: Pool) -> None:
    odd = (
        invent("decoding", 1, id="9912.00001", abstract=""),
        invent("decoding", 1, id="9912.00002", title="投机解码加速语言生成", abstract="我们研究推理速度。"),
        invent("decoding", 1, id="9912.00003", title="Überprüfung von Entwürfen", abstract="Schnellere Größen."),
        invent("decoding", 1, id="9912.00004", title="?", abstract="", authors=()),
        invent("decoding", 1, id="9912.00005", title="", abstract="", authors=(), announced=None),
    )
    for background in (stored, Pool()):
        scores = RANKERS[name].rank(asking(encoder, odd[1:2]), pooled(encoder, odd), background)
        assert np.isfinite(scores.total).all()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    liked=st.integers(0, 20),
    dismissed=st.integers(0, 4),
    said=st.sampled_from(["", STATEMENT, "投机解码", "?"]),
    words=st.lists(st.sampled_from(["slam", "speech recognition", "tokens"]), max_size=2),
)
def test_the_parts_are_the_score_whatever_is_asked(
    encoder: Any, today: Pool, stored: Pool, liked: int, dismissed: int, said: str, words: list[str]
) -> None:
    against = many(["tables"], range(950, 950 + dismissed))
    disliked = encoder.encode([paper.text for paper in against]) if against else None
    wishes: dict[str, Any] = {"disliked": against, "disliked_vectors": disliked, "boost": tuple(words)}
    query = asking(encoder, many(["decoding"], range(900, 900 + liked)), statement=said, **wishes)
    fitted = RANKERS["fusion"].fit(today, stored)
    scores = fitted.rank(query)
    rows = range(0, len(today.papers), 13)
    for row, reason in zip(rows, fitted.explain(query, scores, rows), strict=True):
        assert sum(reason.parts.values()) == pytest.approx(scores.total[row], rel=1e-12, abs=1e-12)


def test_five_thousand_papers_are_ranked_as_they_would_be_alone(stored: Pool) -> None:
    """By words alone, which is all that grows with the number of papers beside a product of matrices."""
    papers = tuple(
        replace(invent(topic, 0), id=f"99{n:02}.{m:05d}") for n, topic in enumerate(TOPICS) for m in range(1000)
    )
    query, background = Query(STATEMENT, liked=LIKED), Pool(stored.papers)
    scores = RANKERS["fusion"].rank(query, Pool(papers), background)
    assert len(set(np.round(scores.total, 9))) == len(TOPICS)  # a thousand ties each
    first = order(scores.total, [paper.id for paper in papers])[:1000]
    assert [papers[row].id for row in first] == [f"9900.{m:05d}" for m in range(1000)]
    alone = RANKERS["fusion"].rank(query, Pool(papers[:1]), background)
    assert scores.total[0] == pytest.approx(alone.total[0], abs=1e-9)


@pytest.mark.parametrize("name", ["fusion", "tfidf-svm", "mean-similarity"])
def test_liked_papers_bring_their_kind_to_the_top(name: str, encoder: Any, today: Pool, stored: Pool) -> None:
    scores = RANKERS[name].rank(asking(encoder, LIKED, statement=""), today, stored)
    assert {paper.id[:6] for paper in best(scores, today)} == {"9911.0"}


def test_order_breaks_ties_by_identifier() -> None:
    assert order(np.array([1.0, 2.0, 2.0 + 1e-12]), ["c", "b", "a"]) == [2, 1, 0]


def test_vectors_must_follow_the_papers() -> None:
    with pytest.raises(ValueError, match="rows must follow"):
        Pool(LIKED, np.zeros((2, 4), dtype=np.float32))
    with pytest.raises(ValueError, match="rows must follow"):
        Query("", None, LIKED, np.zeros((2, 4), dtype=np.float32))


# fusion


def test_fusion_is_deployed() -> None:
    assert DEFAULT == "fusion"


def test_the_statement_ranks_alone_and_says_so(encoder: Any, today: Pool, stored: Pool) -> None:
    scores = RANKERS["fusion"].rank(asking(encoder), today, stored)
    assert {paper.id[:6] for paper in best(scores, today)} == {"9911.0"}
    assert set(scores.parts) == {"statement words", "statement meaning", "statement kin"}
    assert scores.note == "no liked paper yet: the statement ranks alone"


def test_without_vectors_the_words_rank_and_it_says_so(today: Pool, stored: Pool) -> None:
    for liked in ((), LIKED):
        scores = RANKERS["fusion"].rank(Query(STATEMENT, liked=liked), Pool(today.papers), Pool(stored.papers))
        assert {paper.id[:6] for paper in best(scores, today)} == {"9911.0"}
        assert scores.note == "no vectors: words only"


def test_without_any_wish_the_newest_comes_first(encoder: Any, today: Pool, stored: Pool) -> None:
    scores = RANKERS["fusion"].rank(Query(""), today, stored)
    assert best(scores, today, 1)[0].announced == DAY
    assert "newest first" in scores.note


def test_a_paper_not_embedded_yet_is_judged_by_its_words(encoder: Any, today: Pool, stored: Pool) -> None:
    assert today.vectors is not None
    holed = today.vectors.copy()
    holed[3] = np.nan
    scores = RANKERS["fusion"].rank(asking(encoder, LIKED), Pool(today.papers, holed), stored)
    assert scores.parts["liked meaning"][3] == 0.0
    assert scores.parts["statement meaning"][3] == 0.0
    assert scores.parts["liked words"][3] != 0.0


def test_liked_papers_without_vectors_leave_the_rest_at_work(encoder: Any, today: Pool, stored: Pool) -> None:
    query = Query(STATEMENT, encoder.encode([STATEMENT])[0], LIKED, None)
    scores = RANKERS["fusion"].rank(query, today, stored)
    statement = {"statement words", "statement meaning", "statement kin"}
    assert set(scores.parts) == statement | {"liked words", "liked authors", "liked categories"}
    assert "their words only" in scores.note


def test_a_score_does_not_depend_on_the_rest_of_the_day(encoder: Any, today: Pool, stored: Pool) -> None:
    query = asking(encoder, LIKED)
    whole = RANKERS["fusion"].rank(query, today, stored)
    alone = RANKERS["fusion"].rank(query, pooled(encoder, today.papers[:1]), stored)
    assert alone.total[0] == pytest.approx(whole.total[0], abs=1e-9)


def test_a_day_of_strangers_has_no_winner(encoder: Any, stored: Pool) -> None:
    strangers = pooled(encoder, many(OTHERS, range(200, 240)))
    for background in (stored, Pool()):
        scores = RANKERS["fusion"].rank(asking(encoder, LIKED), strangers, background)
        assert probability(scores.total, len(LIKED), Scope()).max() < THRESHOLD


def test_the_wanted_pass_the_threshold_with_and_without_a_store(encoder: Any, today: Pool, stored: Pool) -> None:
    for background in (stored, Pool()):
        total = RANKERS["fusion"].rank(asking(encoder, LIKED), today, background).total
        assert probability(total, len(LIKED), Scope())[:6].min() > THRESHOLD


def test_liked_papers_in_the_store_do_not_widen_what_is_ordinary(encoder: Any, today: Pool, stored: Pool) -> None:
    query = asking(encoder, LIKED)
    bare = RANKERS["fusion"].rank(query, today, stored)
    with_seeds = RANKERS["fusion"].rank(query, today, pooled(encoder, stored.papers + LIKED))
    np.testing.assert_allclose(bare.total[:6], with_seeds.total[:6], rtol=0.05)


def test_the_statement_fades_as_papers_are_liked() -> None:
    weights = [statement_weight(liked) for liked in range(1, 30)]
    assert weights == sorted(weights, reverse=True)
    assert (weights[0], weights[-1]) == (2.0, 0.25)


def test_the_prior_decides_alone_and_gives_way() -> None:
    ordinary = Ordinary(1.0, 2.0)
    assert ordinary.standardise(np.array([5.0, np.nan]), np.array([])) == pytest.approx([2.0, 0.0])
    sample = np.random.default_rng(0).normal(10.0, 0.5, 100_000)
    assert ordinary.standardise(np.array([11.0]), sample)[0] == pytest.approx(2.0, abs=0.1)
    assert np.isfinite(ordinary.standardise(np.array([11.0]), np.zeros(1000)))[0]


def test_boosted_and_avoided_words_and_authors_move_a_paper(encoder: Any, today: Pool, stored: Pool) -> None:
    plain = RANKERS["fusion"].rank(asking(encoder, LIKED), today, stored)
    assert not {"terms", "authors", "dismissed"} & set(plain.parts)
    query = asking(encoder, LIKED, boost=("slam",), avoid=("speech recognition", "voice"), authors=("A. Invented3",))
    wished = RANKERS["fusion"].rank(query, today, stored)
    for index, paper in enumerate(today.papers):
        has = set(paper.text.lower().replace(".", " ").split())
        if "slam" in has and not {"speech", "voice"} & has:
            assert wished.parts["terms"][index] > 0
        if "voice" in has and "slam" not in has:
            assert wished.parts["terms"][index] < 0
        assert (wished.parts["authors"][index] > 0) == ("Ada Invented3" in paper.authors)


@pytest.mark.parametrize("embedded", [True, False])
def test_dismissed_papers_push_their_like_down_but_not_the_liked(
    embedded: bool, encoder: Any, today: Pool, stored: Pool
) -> None:
    dismissed = many(["tables"], range(950, 953))
    vectors = encoder.encode([paper.text for paper in dismissed]) if embedded else None
    query = asking(encoder, LIKED, disliked=dismissed, disliked_vectors=vectors)
    part = RANKERS["fusion"].rank(query, today, stored).parts["dismissed"]
    is_table = np.array([paper.id.startswith("9911.1") for paper in today.papers])
    assert part.max() <= 0
    assert part[is_table].mean() < 2 * part[~is_table].mean() <= 0
    assert part[:6].mean() > part[is_table].mean()


def test_the_statement_finds_its_kin_among_stored_papers(encoder: Any, today: Pool, stored: Pool) -> None:
    part = RANKERS["fusion"].rank(asking(encoder, LIKED), today, stored).parts["statement kin"]
    assert part[:6].mean() > part[6:].mean() + 1
    assert "statement kin" not in RANKERS["fusion"].rank(asking(encoder, LIKED), today, Pool()).parts
    many_liked = many(["decoding"], range(900, 908))
    assert "statement kin" not in RANKERS["fusion"].rank(asking(encoder, many_liked), today, stored).parts


def test_an_author_of_a_liked_paper_lifts_less_the_more_have_the_name() -> None:
    ordinary = [
        *(Paper(f"9910.{n:05d}", "t", "a", authors=("Wei Wang", f"Nobody {n}")) for n in range(40)),
        *(Paper(f"9910.{n:05d}", "t", "a", authors=(f"Somebody {n}",)) for n in range(40, 80)),
    ]
    liked = [Paper("9911.00001", "t", "a", authors=("José A. Núñez", "Wei Wang", "Ada Invented"))]
    signed = [("JOSE A NUNEZ",), ("Wei Wang",), ("Somebody Else",), ("Ada Invented", "José Núñez"), ()]
    pool = [Paper(f"9912.{n:05d}", "t", "a", authors=authors) for n, authors in enumerate(signed)]
    origins, rest = Origins((*pool, *ordinary), len(pool)), np.arange(len(pool) + 80) >= len(pool)
    names = origins.names(liked, rest)
    assert names == {"jose a nunez": 0, "wei wang": 40, "ada invented": 0}
    part = origins.by_authors(names)
    np.testing.assert_allclose(part, [1.2, 1.2 / (1 + np.log(41)), 0, 1.2, 0])  # by hand
    told = [origins.shared(index, names) for index in range(len(pool))]
    assert told == [("JOSE A NUNEZ",), (), (), ("Ada Invented",), ()], "whom forty others may be is no reason"
    many_shared = Origins(tuple(liked), 1)
    assert many_shared.by_authors(many_shared.names(liked, np.zeros(1, bool)))[0] == pytest.approx(2.4), "two at most"


def test_categories_tell_by_how_much_they_differ_from_the_ordinary() -> None:
    def standing(*categories: str) -> Paper:
        return Paper("9912.00001", "t", "a", categories=categories)

    ordinary = [*[standing("cs.LG")] * 80, *[standing("cs.CV", "cs.LG")] * 15, *[standing("cs.AR")] * 5]
    pool = (standing("cs.LG"), standing("cs.LG", "cs.AR"), standing("cs.CV", "cs.LG"), standing("q-bio.NC"), standing())
    origins, rest = Origins((*pool, *ordinary), 5), np.arange(105) >= 5

    def part(liked: int) -> Any:
        return origins.by_categories([standing("cs.LG", "cs.AR")] * liked, rest)

    assert part(6)[1] > part(6)[0] > part(6)[2], "cross-listed as the liked ones are, and as others are"
    assert part(60)[1] > part(6)[1] > part(1)[1] > 0, "few liked papers prove little"
    assert part(6)[4] == 0, "nobody told"
    np.testing.assert_allclose(part(0), 0, atol=1e-12)
    again = Origins((*ordinary, *pool), 100).by_categories([standing("cs.LG", "cs.AR")] * 6, np.arange(105) < 100)
    assert again.mean() == pytest.approx(0), "an ordinary paper gains nothing on average"
    alone = Origins(pool, 5).by_categories([standing("cs.LG")] * 5, np.zeros(5, bool))
    assert np.isfinite(alone).all()
    assert alone[0] > alone[3], "also before anything is stored"


def test_papers_whose_categories_nobody_told_are_no_evidence() -> None:
    def standing(*categories: str) -> Paper:
        return Paper("9912.00001", "t", "a", categories=categories)

    pool, ordinary = (standing("cs.LG"), standing("cs.CV")), (*[standing("cs.LG")] * 80, *[standing("cs.CV")] * 20)

    def part(liked: tuple[Paper, ...], untold: int = 0) -> Any:
        papers = (*pool, *ordinary, *[standing()] * untold)
        return Origins(papers, 2).by_categories(liked, np.arange(len(papers)) >= 2)

    np.testing.assert_allclose(part((standing(),) * 20), 0, atol=1e-12)
    told = (standing("cs.CV"),) * 3
    np.testing.assert_allclose(part((*told, *(standing(),) * 20)), part(told))
    np.testing.assert_allclose(part(told, untold=300), part(told))


@pytest.mark.parametrize(
    ("liked", "own", "told"),
    [
        (("Erd\\H{o}s, P.",), ("Erdős, P.",), ("Erdős, P.",)),
        (("P. Erdős",), ("P. Erd\\H{o}s",), ("P. Erd\\H{o}s",)),
        (("Ada Loved", "Bea Loved"), ("Bea Loved", "ADA LOVED", "Ada Loved"), ("Bea Loved", "ADA LOVED")),
        (("\u200b", "\u202e", " ", "."), ("\u200b", "\u202e", " ", "."), ()),
    ],
)
def test_names_are_compared_as_they_are_read_and_told_once(liked: Any, own: Any, told: Any) -> None:
    loved, paper = Paper("9911.00001", "t", "a", authors=liked), Paper("9912.00001", "t", "a", authors=own)
    origins = Origins((paper,), 1)
    names = origins.names([loved], np.zeros(1, bool))
    assert origins.shared(0, names) == told
    assert (origins.by_authors(names)[0] > 0) == bool(told)


def test_a_paper_that_nothing_speaks_for_is_not_said_to_be_carried(stored: Pool) -> None:
    pool = Pool((Paper("9912.00001", "zebra", "stripes", authors=("Zoe",)),))
    fitted, query = RANKERS["fusion"].fit(pool, Pool(stored.papers)), Query("", liked=LIKED)
    scores = fitted.rank(query)
    assert max(part[0] for part in scores.parts.values()) <= 0
    assert phrases(fitted.explain(query, scores, [0])[0]) == ("nothing found in it that you asked for",)
    assert phrases(Reason(authors=("P. Erd\\H{o}s",))) == ("signed a liked paper too: P. Erdős",)
    assert phrases(Reason(parts={"liked words": -1.0, "liked categories": 0.3})) == ("carried by liked categories",)
    assert phrases(Reason(parts={"newest": -3.0})) == ("carried by newest",), (
        "age is all that there is, and never above 0"
    )


def test_a_shared_author_is_a_reason_and_foreign_names_are_harmless(encoder: Any, stored: Pool) -> None:
    wild = "Eve\x1b[2J Invented\u202e"
    liked = (replace(LIKED[0], authors=("Ada Loved", wild)), *LIKED[1:])
    papers = many(OTHERS, range(4))
    papers = (replace(papers[0], authors=("Ada Loved",)), replace(papers[1], authors=(wild,)), *papers[2:])
    pool = pooled(encoder, papers)
    fitted, query = RANKERS["fusion"].fit(pool, stored), asking(encoder, liked)
    scores = fitted.rank(query)
    told = [phrases(reason) for reason in fitted.explain(query, scores, range(3))]
    assert "signed a liked paper too: Ada Loved" in told[0]
    assert "signed a liked paper too: Eve Invented" in told[1]
    assert not any("signed" in line for line in told[2]), "those names are everybody's here"
    assert (scores.parts["liked authors"][:2] > 1).all()


def test_a_phrase_of_the_statement_counts_beside_its_words() -> None:
    papers = [
        invent("decoding", n, title="", abstract=text)
        for n, text in enumerate(("speculative decoding of text", "decoding of speculative text", "other things"))
    ]
    lexicon = Lexicon.fit(papers, np.ones(3, dtype=bool))
    together, apart, nothing = lexicon.bm25("speculative decoding")
    assert together > apart > nothing == 0.0
    found, gains = lexicon.term_gains("speculative decoding")
    assert found == ["speculative", "decoding", "speculative decoding"]
    assert gains[1, 2] == 0.0


def test_a_focus_of_two_strands_ranks_each_and_not_the_bland_middle() -> None:
    """60 and 3 liked papers of two unlike interests: a paper near the small one beats a mixture of both."""
    encoder = StaticEncoder()

    def read(papers: Sequence[Paper]) -> NDArray[np.float32]:
        return encoder.encode([encoder.paper_text(paper) for paper in papers])

    def about(topics: Sequence[str], number: int) -> Paper:
        """Twelve words, in equal parts of each topic, and four that say nothing of one."""
        rng = random.Random(f"{topics}-{number}")
        said = [word for topic in topics for word in rng.choices(TOPICS[topic].split(), k=12 // len(topics))]
        said += rng.choices(["novel", "method", "results", "study", "propose"], k=4)
        rng.shuffle(said)
        name = f"99{11 + len(topics)}.{list(TOPICS).index(topics[0])}{number:04d}"
        return Paper(name, " ".join(said[:6]), " ".join(said[6:]))

    liked = tuple(about(["slam"], n) for n in range(60)) + tuple(about(["tables"], n) for n in range(3))
    small = [about(["tables"], n) for n in range(100, 106)]
    mixed = [about(["slam", "tables"], n) for n in range(3)]
    papers = (*small, *mixed, *(about([topic], n) for topic in ("speech", "code") for n in range(100, 120)))
    others = tuple(about([topic], n) for topic in TOPICS for n in range(200, 240))
    query = Query("", liked=liked, fast=Meaning(None, read(liked)))
    scores = RANKERS["fusion"].rank(query, Pool(papers, None, read(papers)), Pool(others, None, read(others)))
    assert scores.total[:6].min() > scores.total[6:9].max()
    assert scores.total[:9].min() > scores.total[9:].max()
    np.testing.assert_allclose(sum(scores.parts.values()), scores.total, rtol=1e-12)


def test_a_reason_names_the_terms_of_the_strand_that_carried_the_paper(encoder: Any, stored: Pool) -> None:
    liked = many(["slam"], range(900, 910)) + many(["tables"], range(900, 903))
    pool = pooled(encoder, many(["tables", "slam"], range(2)))
    fitted = RANKERS["fusion"].fit(pool, pooled(encoder, many(["speech", "code", "decoding"], range(100, 160))))
    query = asking(encoder, liked, statement="")
    for paper, reason in zip(pool.papers, fitted.explain(query, fitted.rank(query), range(4)), strict=True):
        topic = "tables" if paper.id.startswith("9911.1") else "slam"
        near = " ".join(one.text for one in liked if one.id[:6] == paper.id[:6]).lower()
        assert reason.nearest is not None
        assert reason.nearest.id[:6] == paper.id[:6]
        assert all(word in near for term in reason.liked_terms for word in term.split()), topic


@settings(max_examples=40, deadline=None)
@given(
    angles=st.lists(st.floats(0, 2 * np.pi), min_size=1, max_size=12),
    shuffler=st.randoms(use_true_random=False),
)
def test_strands_hold_every_paper_once_in_any_order(angles: list[float], shuffler: random.Random) -> None:
    names = [f"{n:02d}" for n in range(len(angles))]
    places = list(range(len(angles)))
    shuffler.shuffle(places)

    def parted(order: list[int]) -> list[set[str]]:
        rows = np.array([[np.cos(angles[at]), np.sin(angles[at])] for at in order])
        found = strands(rows @ rows.T, [names[at] for at in order], 0.2)
        assert sorted(index for group in found for index in group) == list(range(len(order)))
        return [{names[order[index]] for index in group} for group in found]

    straight = parted(list(range(len(angles))))
    assert straight == parted(places)
    assert all(len(group) >= 2 for group in straight) or len(straight) == 1


def test_unlike_groups_part_and_a_lone_paper_joins_the_nearest() -> None:
    rows = np.array([[1, 0, 0], [1, 0.1, 0], [0, 1, 0], [0, 1, 0.1], [0.3, 0, 1], [np.nan] * 3])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    assert strands(rows @ rows.T, list("abcdef"), 0.35) == [[0, 1, 4, 5], [2, 3]]
    assert strands(rows[:3] @ rows[:3].T, list("abc"), 0.35) == [[0, 1, 2]]


def test_terms_are_whole_words_in_any_case_and_authors_may_be_initials() -> None:
    paper = invent("slam", 1, title="SLAM in C++ for Köln", abstract="slamming doors", authors=("Yann LeCun", "Li Wei"))
    assert found_terms(paper, ("slam", "c++", "koln", "slammin", " ")) == ("slam", "c++", "koln")
    assert found_authors(paper, ("Y. LeCun", "yann lecun", "Z. LeCun", "Wei", "")) == ("Y. LeCun", "yann lecun", "Wei")


def test_no_word_of_a_narrow_focus_is_thrown_away() -> None:
    papers = [invent("decoding", n, title="3D decoding", abstract=f"unique{n} decoding") for n in range(3)]
    lexicon = Lexicon.fit(papers, np.ones(3, dtype=bool))
    for term in ("decoding", "3d", "unique0", "3d decoding"):
        column = lexicon.vocabulary.column(term)
        assert column is not None
        assert lexicon.vocabulary.names([column]) == [term]
    assert lexicon.likeness(papers[:1]).argmax() == 0
    assert lexicon.bm25("unique1").argmax() == 1
    assert lexicon.bm25("never seen") == pytest.approx(np.zeros(3))


@pytest.mark.parametrize(("n", "kind"), [(3, "plain"), (60, "centred"), (200, "whitened")])
def test_a_small_store_is_not_whitened(n: int, kind: str) -> None:
    rows = np.random.default_rng(1).normal(0.3, 1.0, (n, 8)).astype(np.float32)
    space = Space.fit(rows)
    assert space.kind == kind
    assert np.linalg.norm(space.place(rows), axis=1) == pytest.approx(np.ones(n))


# baselines


def test_baselines_without_liked_papers_fall_back_to_newest(encoder: Any, today: Pool, stored: Pool) -> None:
    newest = best(RANKERS["newest"].rank(Query(""), today, stored), today, 20)
    assert [paper.announced for paper in newest] == sorted((p.announced for p in newest), reverse=True)  # type: ignore[type-var]
    for name in ("tfidf-svm", "mean-similarity"):
        scores = RANKERS[name].rank(asking(encoder), today, stored)
        assert best(scores, today, 20) == newest
        assert scores.note == "no liked paper: newest first"


def test_random_follows_its_seed(today: Pool) -> None:
    drawn = [RANKERS["random"].rank(Query(""), today, Pool(), seed=seed).total.tolist() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_mean_similarity_weighs_the_newest_liked_paper_most(today: Pool) -> None:
    vectors = np.eye(2, dtype=np.float32)
    query = Query("", None, LIKED[:2], vectors, (DAY - timedelta(days=9), DAY))
    scores = RANKERS["mean-similarity"].rank(query, Pool(today.papers[:2], vectors), Pool())
    assert scores.total[1] / scores.total[0] == pytest.approx(1 + np.log10(2))


def test_the_svm_says_when_it_could_not_prune(encoder: Any, today: Pool, stored: Pool) -> None:
    fitted = RANKERS["tfidf-svm"].fit(pooled(encoder, today.papers[:10]), Pool())
    assert "few papers" in fitted.rank(asking(encoder, LIKED)).note
    assert RANKERS["tfidf-svm"].rank(asking(encoder, LIKED), today, stored).note == ""


def test_the_svm_needs_a_stranger_and_a_word(encoder: Any) -> None:
    for papers in (LIKED, [Paper("9911.00001", "1 + 1", "", announced=DAY), Paper("9911.00002", "?", "")]):
        scores = RANKERS["tfidf-svm"].rank(asking(encoder, LIKED), pooled(encoder, papers), Pool())
        assert scores.note == "nothing to learn from: newest first"
        np.testing.assert_array_equal(scores.total, recency(papers))


# reasons


def test_reasons_are_made_of_the_score(encoder: Any, today: Pool, stored: Pool) -> None:
    fitted = RANKERS["fusion"].fit(today, stored)
    query = asking(encoder, LIKED, boost=("draft",), authors=("Bo Fictional",))
    scores = fitted.rank(query)
    for index, reason in zip((0, 20), fitted.explain(query, scores, (0, 20)), strict=True):
        paper = today.papers[index]
        assert sum(reason.parts.values()) == pytest.approx(scores.total[index])
        cosines = query.liked_vectors @ today.vectors[index]  # type: ignore[index]
        assert reason.nearest == LIKED[int(cosines.argmax())]
        assert reason.cosine == pytest.approx(cosines.max(), abs=1e-6)
        liked_words = " ".join(one.text for one in LIKED).lower()
        for term in reason.liked_terms:
            assert all(word in liked_words and word in paper.text.lower() for word in term.split())
        assert all(word in STATEMENT.lower() and word in paper.text.lower() for word in reason.statement_terms)
        assert "by: Bo Fictional" in phrases(reason)


def test_the_first_phrases_fit_one_line(encoder: Any, today: Pool, stored: Pool) -> None:
    long = invent("decoding", 901, title="A \x1b[31mvery\x1b[0m long 投机解码 title " * 9)
    fitted = RANKERS["fusion"].fit(today, stored)
    for liked in ((long,), ()):
        query = asking(encoder, liked)
        for reason in fitted.explain(query, fitted.rank(query), range(10)):
            said = phrases(reason)
            assert 0 < wcswidth(" · ".join(said[:2])) <= 76
            assert "\x1b" not in "".join(said)
            named = reason.liked_terms or reason.statement_terms
            if named:
                assert set(said[bool(liked)].split(", ")) <= set(named)
            assert said[0].startswith('near "A very long 投机') == bool(liked)


def test_rankers_without_reasons_still_give_their_parts(today: Pool) -> None:
    fitted = RANKERS["tfidf-svm"].fit(today, Pool())
    query = Query("")
    said = phrases(fitted.explain(query, fitted.rank(query), [0])[0])
    assert said[0] == "no liked paper: newest first"


# the prior chance


@pytest.mark.parametrize("liked", [0, 1, 2, 5, 12, 400])
def test_a_higher_score_is_never_a_lower_chance(liked: int) -> None:
    chances = probability(np.linspace(-20, 60, 400), liked, Scope())
    assert (np.diff(chances) >= 0).all()
    assert 0 < chances[0] < THRESHOLD < chances[-1] < 1


def test_a_broader_focus_reaches_more_of_the_field_and_scores_less(encoder: Any, today: Pool, stored: Pool) -> None:
    fitted = RANKERS["fusion"].fit(today, stored)
    scope = fitted.prepared.scope
    assert scope is not None
    narrow, broad = (scope(asking(encoder, statement=said)) for said in (STATEMENT, "common1 common2 tables slam"))
    assert narrow.reach is not None
    assert broad.reach is not None
    assert scope(asking(encoder, LIKED)).cohesion is None  # the careful encoder alone has another scale
    assert RANKERS["fusion"].fit(today, Pool()).prepared.scope(asking(encoder)) == Scope()  # type: ignore[misc]
    scores = np.linspace(5, 40, 20)
    assert (probability(scores, 5, Scope(4.0, 3.0)) > probability(scores, 5, Scope(8.0, 3.0))).all()
    assert (probability(scores, 5, Scope(4.0, 3.0)) > probability(scores, 5, Scope(4.0, 6.0))).all()


@pytest.mark.parametrize("liked", [0, 1, 3, 5, 12, 400])
def test_a_scope_beyond_the_fitted_ones_counts_as_the_nearest(liked: int) -> None:
    scores = np.linspace(0, 40, 20)
    ends = probability(scores, liked, Scope(8.3, 7.2)), probability(scores, liked, Scope(3.7, 0.0))
    np.testing.assert_array_equal(probability(scores, liked, Scope(30.0, 20.0)), ends[0])
    np.testing.assert_array_equal(probability(scores, liked, Scope(0.5, -3.0)), ends[1])


def test_only_a_calibrated_ranker_tells_chances(encoder: Any, today: Pool, stored: Pool) -> None:
    query = asking(encoder, LIKED)
    for name, ranker in RANKERS.items():
        fitted = ranker.fit(today, stored)
        chances = fitted.chances(query, fitted.rank(query))
        assert (chances is not None) == (name == DEFAULT)


# the reader's own verdicts


def sessions(prior: float, wanted: Sequence[bool], a_day: int = 5) -> list[Judged]:
    return [Judged(DAY + timedelta(days=n // a_day), prior, one) for n, one in enumerate(wanted)]


def test_verdicts_move_the_prior_and_few_move_it_little() -> None:
    kept = learn(sessions(0.2, [True] * 3))
    assert 0.2 < kept.moved(0.2) < 0.5
    often, seldom = learn(sessions(0.2, [True, False] * 60)), learn(sessions(0.2, [True] + [False] * 119))
    assert often.shown(0.2) == pytest.approx(0.5, abs=0.02)
    assert seldom.shift < -1.5
    assert 0.1 < seldom.moved(0.2) < 0.2 < often.moved(0.2) < 0.5
    assert learn([]).moved(0.2) == pytest.approx(0.2)
    eager = learn(sessions(0.01, [True] * 500))
    assert eager.shift > 3
    assert eager.moved(0.01) < 0.03  # who never dismisses is not shown everything


def test_a_chance_is_shown_only_once_it_was_checked_and_came_true() -> None:
    few = learn(sessions(0.2, [True] + [False] * 6))
    assert few.shown(0.2) is None
    assert few.standing == "not calibrated yet (n = 7)"
    fair = learn(sessions(0.2, ([True] + [False] * 4) * 12))
    assert fair.standing == "calibrated on 60 verdicts"
    assert fair.shown(0.2) == pytest.approx(0.2, abs=0.03)
    turned = learn(sessions(0.02, [True] * 60))
    assert turned.shown(0.02) is None
    assert turned.standing.startswith("not calibrated (n = 60: told ")


def test_a_session_is_foretold_by_earlier_ones_alone() -> None:
    judged = sessions(0.3, [True, False, True, True, False] * 6)
    whole = foretell(judged)
    for cut in (5, 10, 20):
        assert foretell(judged[:cut]) == whole[:cut]
    assert [one.chance for one in whole[:5]] == pytest.approx([0.3] * 5)
    assert foretell(judged[::-1])[-1].chance == whole[-1].chance


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0.001, 0.999), st.booleans()), min_size=1, max_size=80))
def test_moving_keeps_the_order_and_every_verdict_is_foretold(told: list[tuple[float, bool]]) -> None:
    judged = [Judged(DAY + timedelta(days=n % 7), prior, wanted) for n, (prior, wanted) in enumerate(told)]
    calibration = learn(judged)
    moved = [calibration.moved(prior) for prior in sorted(prior for prior, _ in told)]
    assert moved == sorted(moved)
    assert all(0 < one < 1 for one in moved)
    assert [one.wanted for one in foretell(judged)] == [one.wanted for one in sorted(judged, key=lambda j: j.session)]


# the benchmark


@pytest.fixture
def tiny_bench(tmp_path: Path, encoder: Any) -> Path:
    """A benchmark folder of invented papers in the public format, without answers."""
    import gzip

    papers = sorted(many(list(TOPICS), range(40)), key=lambda paper: paper.id)
    lines = [
        {"id": p.id, "date": str(DAY), "title": p.title, "abstract": p.abstract, "authors": p.authors, "categories": []}
        for p in papers
    ]
    with gzip.open(tmp_path / "papers.jsonl.gz", "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(line) + "\n" for line in lines)
    liked = [paper.id for paper in papers[:3]]
    profile = {
        "name": "p", "focus": STATEMENT, "pool": "x", "window_start": "2026-11-20", "window_end": "2026-11-20",
        "positives": [{"id": one} for one in liked], "draws": {"1": [[one] for one in liked], "3": [liked]},
    }  # fmt: skip
    days = {"2026-11-19": [p.id for p in papers[90:]], "2026-11-20": [p.id for p in papers[5:90]]}
    (tmp_path / "profiles.json").write_text(json.dumps([profile]))
    (tmp_path / "candidates.json").write_text(json.dumps({"x": days}))
    (tmp_path / "background.json").write_text(json.dumps({"x": []}))
    np.save(tmp_path / "minilm.npy", encoder.encode([paper.text for paper in papers]).astype(np.float16))
    return tmp_path


def _script(name: str) -> dict[str, Any]:
    return runpy.run_path(str(Path(__file__).parent / "benchmarks" / name))


@pytest.mark.parametrize("way", ["rank_warm", "rank_cold"])
def test_the_benchmark_script_ranks_every_task_of_the_window(way: str, tiny_bench: Path, encoder: Any) -> None:
    script = _script("ranking.py")
    bench = script["load"](tiny_bench, encoder.encode)
    runs = tiny_bench / "runs.tsv"
    with runs.open("w") as out:
        script[way](bench, RANKERS["fusion"], out)
    rows = [line.split("\t") for line in runs.read_text().splitlines()]
    assert {task for task, _, _ in rows} == {"p@0#0", "p@1#0", "p@1#1", "p@1#2", "p@3#0", "p@all#0"}
    assert len(rows) == 6 * 85
    assert all(np.isfinite(float(score)) for _, _, score in rows)


@pytest.mark.slow
def test_the_stored_baselines_are_rebuilt_and_beaten(shared: Path) -> None:
    """Three lists of the shared benchmark, five liked papers; the statements are left out, so no model is needed."""
    script, judge = _script("ranking.py"), runpy.run_path(str(shared / "bench" / "score.py"))
    bench, answers = script["load"](shared / "bench", _no_statements), judge["load"](str(shared / "bench"))
    stored = json.loads((shared / "bench" / "baselines.json").read_text())["per_profile"]["5"]
    name, days = next(iter(bench.candidates.items()))
    pool = bench.pool([paper for ids in days.values() for paper in ids])
    background = bench.pool(bench.background[name])
    chosen = [one for one in bench.profiles if one["name"] in {"table-llm", "code-llm", "speculative-decoding"}]
    reached = {
        ranker: _recall(judge, answers, chosen, RANKERS[ranker].fit(pool, background), bench)
        for ranker in ("mean-similarity", "fusion")
    }
    theirs = np.mean([stored["zotero_arxiv_daily"][one["name"]]["day_recall10"] for one in chosen])
    assert reached["mean-similarity"] == pytest.approx(theirs, abs=0.01)
    assert reached["fusion"] > reached["mean-similarity"]


def _no_statements(texts: Sequence[str]) -> NDArray[np.float32]:
    return np.full((len(texts), 384), np.nan, dtype=np.float32)


def _recall(judge: Any, answers: Any, chosen: Any, fitted: Any, bench: Any) -> float:
    ids = [paper.id for paper in fitted.papers]
    found = []
    for profile in chosen:
        for draw in profile["draws"]["5"]:
            total = fitted.rank(bench.query(profile, draw)).total
            scores = dict(zip(ids, total.tolist(), strict=True))
            found.append(judge["score_task"](answers, answers["profiles"][profile["name"]], scores)["day_recall10"])
    return float(np.mean(found))


# two encoders


def twice(encoder: Any, papers: Sequence[Paper], careful: Sequence[Paper] = ()) -> Pool:
    """Papers that the fast encoder has read, and `careful` the careful one too."""
    fast = encoder.encode([f"{paper.title} {paper.text}" for paper in papers])
    vectors = encoder.encode([paper.text for paper in papers])
    vectors[[paper not in careful for paper in papers]] = np.nan
    return Pool(tuple(papers), vectors, fast)


def asking_twice(encoder: Any) -> Query:
    fast = Meaning(encoder.encode([STATEMENT])[0], encoder.encode([paper.text for paper in LIKED]))
    return asking(encoder, LIKED, fast=fast)


def test_a_paper_outside_the_second_stage_keeps_the_first_stages_score(encoder: Any, today: Pool, stored: Pool) -> None:
    best = today.papers[:6]
    background, query = twice(encoder, stored.papers, stored.papers), asking_twice(encoder)
    fast = RANKERS["fusion"].rank(query, twice(encoder, today.papers), Pool(stored.papers, None, background.fast))
    both = RANKERS["fusion"].rank(query, twice(encoder, today.papers, best), background)
    assert (fast.version, both.version) == ("4 fast", "4 fast+careful")
    np.testing.assert_allclose(fast.total[6:], both.total[6:])
    assert not np.allclose(fast.total[:6], both.total[:6])
    np.testing.assert_allclose(sum(both.parts.values()), both.total, rtol=1e-12)
    assert set(fast.parts) == set(both.parts)


def test_the_baseline_reads_with_the_encoder_that_read_most(encoder: Any, today: Pool, stored: Pool) -> None:
    query, ranker = asking_twice(encoder), RANKERS["mean-similarity"]
    part = ranker.rank(query, twice(encoder, today.papers, today.papers[:3]), stored).total
    np.testing.assert_array_equal(part, ranker.rank(query, twice(encoder, today.papers), stored).total)
    assert ranker.rank(query, twice(encoder, today.papers, today.papers), stored).total[0] != part[0]


def test_the_best_fifth_is_rounded_up_and_ties_go_by_identifier() -> None:
    assert best_share({"b": 1.0, "a": 1.0, "c": 0.0, "d": 0.0, "e": 0.0, "f": 0.0}) == ["a", "b"]
    assert best_share({}) == []


def test_the_stop_words_are_scikit_learns() -> None:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    assert STOP_WORDS == ENGLISH_STOP_WORDS


_SANITY: dict[str, Any] = {
    "strip_accents": "unicode",
    "stop_words": "english",
    "token_pattern": r"(?u)\b[a-zA-Z_][a-zA-Z0-9_]+\b",
    "ngram_range": (1, 2),
    "max_features": 20_000,
    "smooth_idf": True,
    "sublinear_tf": True,
}
"""arxiv-sanity-lite's features, as scikit-learn is told them."""


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8") | st.sampled_from("ab1_ é"), max_size=60), min_size=1, max_size=6))
def test_the_svms_features_are_those_of_scikit_learn(texts: list[str]) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    papers = [Paper(f"9911.{at:05d}", text, "") for at, text in enumerate(texts)]
    vectorizer, found = TfidfVectorizer(**_SANITY, max_df=1.0, min_df=1), svm.Features.fit(papers)
    try:
        theirs = vectorizer.fit_transform([full_text(paper) for paper in papers]).toarray()
    except ValueError:
        assert found is None
        return
    assert found is not None
    ours = np.zeros(found.rows.shape)
    ours[found.rows.rows, found.rows.columns] = found.rows.values
    names = found.vocabulary.names(np.flatnonzero(found.place >= 0))
    assert sorted(names) == sorted(vectorizer.vocabulary_)
    np.testing.assert_allclose(ours, theirs[:, [vectorizer.vocabulary_[name] for name in names]], atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 40), st.integers(1, 8), st.sampled_from([0.1, 10, 1000]))
@example(4, 9, 6, 1000)
def test_the_svms_training_ends_at_the_minimum(seed: int, n: int, terms: int, cost: float) -> None:
    """Of any problem: one class alone, the same row twice, rows without a term; whole steps alone miss some."""
    rng = np.random.default_rng(seed)
    dense = rng.standard_normal((n, terms)) * (rng.random((n, terms)) > 0.3)
    dense[n // 2] = dense[0]
    at, columns = np.nonzero(dense)
    rows = svm.Rows(at, columns, dense[at, columns], dense.shape)
    labels, costs = np.where(rng.random(n) < rng.integers(2, 5) / 4, 1.0, -1.0), cost * rng.random(n)
    weights, bias = svm.train(rows, labels, costs)
    slack = np.maximum(1 - labels * (dense @ weights + bias), 0)
    pulls, whole = 2 * costs * labels * slack, 2 * costs * labels
    gradient = np.append(weights - dense.T @ pulls, bias - pulls.sum())
    assert np.linalg.norm(gradient) <= 1e-5 * np.linalg.norm(np.append(dense.T @ whole, whole.sum()))


def test_the_svms_margins_are_those_of_scikit_learn(stored: Pool) -> None:
    """With arxiv-sanity-lite's pruning, of few enough terms that the most frequent ones are chosen as well."""
    from scipy.sparse import vstack
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    papers = stored.papers + LIKED[:1]
    strangers = np.array([paper not in LIKED for paper in papers])
    found = svm.Features.fit(papers, most=40)
    assert found is not None
    assert found.rows.shape == (len(papers), 40)
    assert found.note == ""
    vectorizer = TfidfVectorizer(**{**_SANITY, "max_features": 40}, max_df=svm.MAX_DF, min_df=svm.MIN_DF)
    rows = vectorizer.fit_transform([full_text(paper) for paper in papers])
    machine = LinearSVC(class_weight="balanced", C=svm.C, tol=1e-10, max_iter=100_000, random_state=0)
    wanted = vectorizer.transform([full_text(paper) for paper in LIKED])
    labels = np.r_[np.ones(len(LIKED)), np.zeros(strangers.sum())]
    machine.fit(vstack([wanted, rows[strangers]]), labels)
    np.testing.assert_allclose(svm.margins(found, LIKED, strangers), machine.decision_function(rows), atol=1e-6)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=120))
def test_terms_are_those_of_scikit_learn(text: str) -> None:
    from sklearn.feature_extraction.text import CountVectorizer

    theirs = CountVectorizer(
        strip_accents="unicode",
        stop_words="english",
        token_pattern=r"(?u)\b(?=\w*[^\W\d])\w\w+\b",
        ngram_range=(1, 2),
    ).build_analyzer()
    assert list(terms(text)) == theirs(text)
