"""The commands as a person or cron runs them: processes of their own, against a loopback arXiv."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from triage.demo import DAYS, DemoServer, demo_home

Run = subprocess.CompletedProcess[str]


def run(home: Path, *arguments: str, given: str | None = None, **environ: str) -> Run:
    """Run `triage` in a process of its own with nothing of this machine's environment but PATH."""
    clean = {"PATH": os.environ["PATH"], "TRIAGE_HOME": str(home), "LANG": "C.UTF-8", "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        [sys.executable, "-m", "triage", *arguments],
        env={**clean, **environ},
        input=given,
        stdin=subprocess.DEVNULL if given is None else None,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def told(done: Run, code: int) -> str:
    """The one line of an error, after checking that it is one line without a traceback."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("triage: ")]
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    with DemoServer() as server:
        yield server


@pytest.fixture(scope="module")
def fetched(server: DemoServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Run]]:
    """A home after Thursday's, Friday's and a second Friday's fetch, with the real model."""
    home = demo_home(tmp_path_factory.mktemp("fetched") / "home", server)
    runs = []
    for day in (*DAYS, DAYS[-1]):
        server.day = day
        runs.append(run(home, "fetch", "--json"))
    return home, runs


def test_two_days_are_fetched_once_each(fetched: tuple[Path, list[Run]]) -> None:
    _, runs = fetched
    thursday, friday, again = (json.loads(done.stdout) for done in runs)
    assert [done.returncode for done in runs] == [0, 0, 0], [done.stderr for done in runs]
    assert (thursday["schema"], thursday["state"], thursday["announced"]) == (1, "announced", DAYS[0].isoformat())
    assert (friday["state"], friday["announced"]) == ("announced", DAYS[1].isoformat())
    assert thursday["papers"]["new"] > 20
    assert thursday["embedded"] >= thursday["papers"]["new"] + 3, "the three seeds are embedded too"
    assert (again["state"], again["papers"]["new"], again["embedded"]) == ("announced", 0, 0)
    assert set(friday["categories"]) == {"cs.LG", "cs.CL"}
    assert all(one["state"] == "announced" for one in friday["categories"].values())


def test_the_list_fits_the_minutes(fetched: tuple[Path, list[Run]]) -> None:
    home, _ = fetched
    today = json.loads(run(home, "list", "--json").stdout)
    assert today["state"] == "ready"
    assert today["announced"] == DAYS[1].isoformat()
    assert today["papers"]
    assert all(paper["fits"] and paper["probability"] is None for paper in today["papers"])
    assert sum(paper["seconds"] for paper in today["papers"]) <= 0.85 * today["left_s"]
    assert [paper["rank"] for paper in today["papers"]] == list(range(1, len(today["papers"]) + 1))
    everything = json.loads(run(home, "list", "--json", "--all").stdout)
    assert len(everything["papers"]) == len(today["papers"]) + today["left_out"]


def test_the_list_loads_nothing_heavy(fetched: tuple[Path, list[Run]]) -> None:
    """In a fresh process: no model, no numpy, no terminal library, nothing of the network."""
    code = "from triage.cli import main; main(['list', '--json']); import sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TRIAGE_HOME": str(fetched[0])},
    )
    listed, modules = done.stdout.splitlines()
    assert json.loads(listed)["papers"]
    there = {name.partition(".")[0] for name in modules.split()}
    models = {"torch", "sentence_transformers", "transformers", "tokenizers", "sklearn", "numpy"}
    assert there.isdisjoint(models | {"textual", "rich", "sqlite_utils", "arxiv", "feedparser", "requests"})


def test_the_list_is_the_same_twice(fetched: tuple[Path, list[Run]]) -> None:
    home, _ = fetched
    assert run(home, "list", "--json").stdout == run(home, "list", "--json").stdout


def test_every_ranker_has_scored_the_day(fetched: tuple[Path, list[Run]]) -> None:
    home, _ = fetched
    with sqlite3.connect(home / "triage.db") as db:
        found = dict(
            db.execute("SELECT ranker, count(*) FROM rankings WHERE announced = ? GROUP BY 1", (str(DAYS[1]),))
        )
    db.close()
    assert set(found) == {"fusion", "tfidf-svm", "mean-similarity", "newest", "random"}


def test_nothing_foreign_reaches_the_terminal(fetched: tuple[Path, list[Run]]) -> None:
    home, _ = fetched
    for arguments in (["list"], ["list", "--all"], ["list", "--plain"]):
        out = run(home, *arguments).stdout
        assert out
        assert not any(ord(sign) < 32 and sign != "\n" for sign in out)
        assert not any(sign in out for sign in "\x7f\x9b\u202e\u200b\u2066")


def test_show_and_why_tell_about_a_paper(fetched: tuple[Path, list[Run]]) -> None:
    home, _ = fetched
    first = json.loads(run(home, "list", "--json").stdout)["papers"][0]
    assert first["id"] in run(home, "show", f"https://arxiv.org/abs/{first['id']}v1").stdout
    why = json.loads(run(home, "why", first["id"], "--json").stdout)
    assert sum(why["parts"].values()) == pytest.approx(why["score"])
    assert why["why"] == first["why"]
    told = run(home, "why", first["id"]).stdout
    assert "the score" in told
    assert "likeness to your statement" in told
    assert "+0.00" not in told, "what adds nothing is no reason"


def test_verdicts_from_the_shell(fetched: tuple[Path, list[Run]]) -> None:
    home, _ = fetched
    first, *_ = json.loads(run(home, "list", "--json").stdout)["papers"]
    assert run(home, "keep", first["id"]).stdout.startswith("kept: ")
    ids = [paper["id"] for paper in json.loads(run(home, "list", "--json").stdout)["papers"]]
    assert first["id"] not in ids
    assert run(home, "undo").stdout == f"taken back: keep {first['id']}\n"
    assert run(home, "undo").stdout == "nothing to take back today\n"
    assert "9912.99999 is not stored" in told(run(home, "dismiss", first["id"], "9912.99999"), 65)
    assert run(home, "undo").stdout == "nothing to take back today\n", "the first of the two was not recorded"


def test_rank_reads_and_writes_json_lines(fetched: tuple[Path, list[Run]], tmp_path: Path) -> None:
    home, _ = fetched
    pool = tmp_path / "pool.jsonl"
    rows: list[dict[str, Any]] = [
        {"id": "a", "title": "Frogs of the Amazon", "abstract": "We count frogs.", "date": "2026-11-20"},
        {
            "id": "b",
            "title": "KV cache eviction",
            "abstract": "Speculative decoding with a smaller KV cache, measured.",
        },
    ]
    pool.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = run(home, "rank", "--papers", str(pool))
    assert done.returncode == 0, done.stderr
    ranked = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["id"], row["rank"], row["probability"]) for row in ranked] == [("b", 1, None), ("a", 2, None)]
    assert ranked[0]["score"] > ranked[1]["score"]
    assert run(home, "rank", "--papers", "-", given=pool.read_text()).stdout == done.stdout


def test_rank_by_the_fast_encoder_alone_loads_no_torch(fetched: tuple[Path, list[Run]], tmp_path: Path) -> None:
    pool = tmp_path / "pool.jsonl"
    rows = [{"id": f"{n}", "title": "KV cache" + " frogs" * n, "abstract": "Kept " + "small " * n} for n in range(12)]
    pool.write_text("".join(json.dumps(row) + "\n" for row in rows))
    code = "import sys; from triage.cli import main; main(sys.argv[1:]); print('torch' in sys.modules)"
    told = {**os.environ, "TRIAGE_HOME": str(fetched[0]), "HF_HUB_OFFLINE": "1"}
    heavy, scores = [], []
    for more in (["--quick"], []):
        command = [sys.executable, "-c", code, "rank", "--papers", str(pool), *more]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=told)
        *ranked, torch = done.stdout.splitlines()
        heavy.append(torch)
        scores.append([json.loads(line)["score"] for line in ranked])
    assert heavy == ["False", "True"]
    assert len(scores[0]) == len(scores[1]) == 12
    assert scores[0] != scores[1]


def test_an_edited_profile_is_ranked_again_by_the_list(fetched: tuple[Path, list[Run]], tmp_path: Path) -> None:
    home, _ = fetched
    before = json.loads(run(home, "list", "--json").stdout)
    edited = tmp_path / "efficient-inference.toml"
    text = (home / "profiles" / "efficient-inference.toml").read_text()
    edited.write_text(text.replace("[terms]", '[terms]\navoid = ["cache", "quantisation", "decoding", "draft"]'))
    after = json.loads(run(home, "list", "--json", "--profile", str(edited)).stdout)
    assert {p["id"]: p["score"] for p in before["papers"]} != {p["id"]: p["score"] for p in after["papers"]}


# -- bad input --


@pytest.fixture
def demo(server: DemoServer, tmp_path: Path) -> Path:
    """A fresh home that reads from the demo's server."""
    server.day = DAYS[-1]
    return demo_home(tmp_path / "demo", server)


@pytest.mark.parametrize("command", ["fetch", "list", "digest"])
def test_without_a_profile_it_shows_how_to_make_one(tmp_path: Path, command: str) -> None:
    assert "statement = " in told(run(tmp_path / "home", command), 78)


def test_an_unknown_profile_is_a_usage_error(demo: Path) -> None:
    assert "no profile 'absent'" in told(run(demo, "list", "--profile", "absent"), 2)
    assert run(demo, "lisst").returncode == 2
    assert run(demo, "list", "--unknown-flag").returncode == 2


def test_an_unknown_category_is_located(demo: Path) -> None:
    (demo / "profiles" / "bad.toml").write_text('statement = "x"\ncategories = ["cs.LGG"]\n')
    line = told(run(demo, "fetch", "--profile", "bad"), 65)
    assert "bad.toml:2:16" in line
    assert "did you mean cs.LG?" in line
    assert run(demo, "profile", "check", "bad").returncode == 65


def test_no_network_says_which_host_and_keeps_the_state(demo: Path) -> None:
    dead = {"TRIAGE_ARXIV_FEED": "http://127.0.0.1:9/atom", "TRIAGE_ARXIV_API": "http://127.0.0.1:9/api"}
    done = run(demo, "fetch", "--json", **dead)
    assert "127.0.0.1" in told(done, 69)
    assert json.loads(done.stdout)["state"] == "failed"
    assert json.loads(run(demo, "list", "--json").stdout)["state"] == "failed"


def test_a_damaged_database_is_named(demo: Path) -> None:
    (demo / "triage.db").write_bytes(b"not a database at all " * 400)
    assert "triage.db" in told(run(demo, "list"), 65)


def test_a_newer_database_is_refused(demo: Path) -> None:
    assert run(demo, "undo").returncode == 0
    with sqlite3.connect(demo / "triage.db") as db:
        db.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('triage', 'm999', '')")
    db.close()
    assert "newer triage" in told(run(demo, "list"), 78)


def test_without_a_terminal_the_session_says_so(demo: Path) -> None:
    assert "terminal" in told(run(demo), 64)


def test_a_second_fetch_at_the_same_time_is_sent_away(demo: Path) -> None:
    from filelock import FileLock

    with FileLock(demo / "fetch.lock"):
        assert "another triage fetch" in told(run(demo, "fetch"), 75)


@pytest.mark.parametrize(
    "line",
    [
        "{not json",
        '{"id": "a"}',
        '{"id": "a", "title": 3, "abstract": "b"}',
        '["a"]',
        '{"id": "a", "title": "t", "abstract": "a", "date": "soon"}',
    ],
)
def test_a_bad_line_of_a_pool_is_named(demo: Path, line: str) -> None:
    assert "-:1:" in told(run(demo, "rank", "--papers", "-", given=line + "\n"), 65)


def test_a_closed_pipe_is_no_error(demo: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m triage profile show | head -c 10",
        shell=True,
        env={"PATH": os.environ["PATH"], "TRIAGE_HOME": str(demo)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert len(done.stdout) == 10
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.geteuid() != 0, reason="a full disk needs root to mount one"
)
def test_a_full_disk_is_told_in_one_line(demo: Path) -> None:
    small = demo.parent / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(small)], check=False).returncode:
        pytest.skip("no right to mount a small disk here")
    try:
        for name in ("config.toml", "profiles"):
            subprocess.run(["cp", "-r", str(demo / name), str(small)], check=True)
        assert "space" in told(run(small, "fetch"), 74)
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


# -- the demo --


@pytest.mark.slow
def test_the_demo_without_a_terminal_prints_the_shortlist(tmp_path: Path) -> None:
    done = run(tmp_path / "home", "demo")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "9912.0" in done.stdout
    assert not (tmp_path / "home").exists(), "the reader's own home is not touched"


def test_every_command_has_help_with_an_example_first(tmp_path: Path) -> None:
    from triage.cli import _COMMANDS, _SUMMARIES

    assert set(_SUMMARIES) == set(_COMMANDS)
    for command in ("", *_COMMANDS, "profile list", "profile show", "profile check"):
        words = run(tmp_path, *command.split(), "--help").stdout.split("\n\n")
        assert words[1].strip().startswith(f"Example: triage {command}".rstrip()), command
        assert "--profile" in " ".join(words), command


@pytest.mark.parametrize("group", ["profile", "export", "schedule", "config"])
def test_a_list_of_commands_tells_what_each_does_and_not_its_example(tmp_path: Path, group: str) -> None:
    listed = run(tmp_path, group, "--help").stdout.partition("Commands:\n")[2]
    assert listed.strip()
    assert "Example" not in listed
