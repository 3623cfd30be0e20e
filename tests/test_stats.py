"""`triage stats`: sparklines, the pace page, the drawing, and a home without a single coffee."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.cli import main
from triage.cli.stats import BLOCKS, MARKS, spark
from triage.cli.wording import figure
from triage.evaluate import wilson
from triage.evaluate.plot import Panel, Point, svg


@pytest.fixture
def fresh(home: Path) -> Path:
    (home / "profiles").mkdir(parents=True)
    (home / "profiles" / "mine.toml").write_text('statement = "what I look for"\ncategories = ["cs.LG"]\n')
    return home


@pytest.mark.parametrize("steps", [BLOCKS, MARKS])
@given(values=st.lists(st.none() | st.floats(0, 1e6), max_size=40))
def test_a_sparkline_has_one_mark_for_each_value_and_keeps_their_order(steps: str, values: list[float | None]) -> None:
    drawn = spark(values, steps)
    assert len(drawn) == len(values)
    known = sorted((value, steps.index(mark)) for value, mark in zip(values, drawn, strict=True) if value is not None)
    assert [mark for _, mark in known] == sorted(mark for _, mark in known)
    assert all((mark == " ") == (value is None) for value, mark in zip(values, drawn, strict=True))


def test_a_few_verdicts_are_not_enough_to_name_a_share() -> None:
    assert figure(wilson(3, 7)) == "not enough yet (n = 7)"
    assert figure(wilson(0, 0)) == "not enough yet (n = 0)"
    assert figure(wilson(15, 50)) == "0.30 (n = 50, 95 % 0.19-0.44)"


def test_a_home_without_a_coffee_says_so_and_draws_nothing(fresh: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats"]) == 0
    told = capsys.readouterr().out
    assert "0.0 of 15 min, 0 refills" in told
    assert "focus      not enough yet (n = 0)" in told
    assert "minutes" not in told
    assert main(["evaluate"]) == 0
    told = capsys.readouterr().out
    assert "0 verdicts in 0 coffees; fusion is deployed" in told
    assert "Calibration: not enough yet (n = 0)" in told
    assert main(["evaluate", "--json"]) == 0
    shape = json.loads(capsys.readouterr().out)
    assert (shape["n_verdicts"], shape["deployed"]) == (0, "fusion")
    assert shape["rankers"]["newest"]["precision_at_5"] is None


def test_the_pace_page_says_what_is_only_a_prior(fresh: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", "pace"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert all(line.endswith("(prior only)") for line in lines[1:])
    assert main(["stats", "pace", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["pace"]
    assert {row["looks"] for row in rows.values()} == {0}


def test_the_pace_planned_with_is_slower_where_english_is_not_native(
    fresh: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def abstract_s() -> float:
        assert main(["stats", "pace", "--json"]) == 0
        rows = json.loads(capsys.readouterr().out)["pace"]
        return float(next(row["seconds"] for name, row in rows.items() if "abstract" in name))

    native = abstract_s()
    with (fresh / "config.toml").open("a") as stream:
        stream.write('\n[session]\nenglish = "basic"\n')
    assert abstract_s() > 1.5 * native


def test_only_svg_is_drawn_and_the_folder_must_be_there(fresh: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", "--plot", str(fresh / "figures.png")]) == 2
    assert "name the file" in capsys.readouterr().err
    assert main(["stats", "--plot", str(fresh / "nowhere" / "figures.svg")]) == 73
    assert main(["stats", "--plot", str(fresh / "figures.svg")]) == 0
    ElementTree.parse(fresh / "figures.svg")


def test_a_drawing_escapes_what_it_is_told() -> None:
    panel = Panel("<script>", " min", (Point("a & b", 1.0, 0.5, 2.0), Point("gap", None), Point("c", 0.0)))
    root = ElementTree.fromstring(svg([panel], "one < two"))
    words = [text for text in root.itertext() if text.strip()]
    assert {"<script>", "a & b", "one < two"} <= set(words)
    bars = [rect for rect in root.iter() if rect.tag.endswith("rect")]
    assert len(bars) == 1 + 2
    assert float(bars[1].get("height", "")) == pytest.approx((120 - 24) / 2, abs=0.1)
