"""Settings: where they come from, and the one line that a wrong one gets."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from terminal import Terminal

from triage import config
from triage.cli import main
from triage.errors import ConfigFault


def write(home: Path, text: str) -> dict[str, str]:
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.toml").write_text(text, encoding="utf-8")
    return {"TRIAGE_HOME": str(home)}


def test_the_defaults_are_arxivs_own_addresses_and_manners(home: Path) -> None:
    found = config.load({"TRIAGE_HOME": str(home)})
    assert found.arxiv.feed == "https://rss.arxiv.org/atom"
    assert (found.arxiv.pause, found.types, found.ranker) == (3.0, ("new", "cross"), "")
    assert found.folders.database == home / "triage.db"


def test_without_a_home_the_system_says_where_things_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "d"))
    found = config.folders({})
    assert found.config != found.data
    assert found.database.name == "triage.db"


def test_the_environment_wins_over_the_file(home: Path) -> None:
    environ = write(home, '[smtp]\nhost = "mail.example.org"\nport = 587\n[session]\nascii = false\n')
    environ |= {"TRIAGE_SMTP_PORT": "2525", "TRIAGE_SESSION_ASCII": "yes", "TRIAGE_FETCH_TYPES": "new, replace"}
    found = config.load(environ)
    assert (found.smtp.host, found.smtp.port, found.session.ascii) == ("mail.example.org", 2525, True)
    assert found.types == ("new", "replace")


@pytest.mark.parametrize("address", ["http://127.0.0.1:8080/atom", "http://localhost/atom", "http://[::1]:1/atom"])
def test_a_server_on_this_machine_needs_no_pause(home: Path, address: str) -> None:
    environ = {"TRIAGE_HOME": str(home), "TRIAGE_ARXIV_FEED": address, "TRIAGE_ARXIV_API": address}
    assert config.load(environ).arxiv.pause == 0


def test_arxivs_pause_cannot_be_lowered(home: Path) -> None:
    assert config.load(write(home, "[arxiv]\npause = 10\n")).arxiv.pause == 10
    with pytest.raises(ConfigFault, match="asks for 3 s"):
        config.load(write(home, "[arxiv]\npause = 1\n"))
    with pytest.raises(ConfigFault, match="asks for 3 s"):
        config.load(
            {"TRIAGE_HOME": str(home), "TRIAGE_ARXIV_FEED": "http://127.0.0.1.example.org/", "TRIAGE_ARXIV_PAUSE": "0"}
        )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[arxiv\n", "no TOML"),
        ("[arxif]\n", "config.toml:1:2: unknown section .arxif.: did you mean arxiv"),
        ('[smtp]\nhost = "h"\nsecurty = "tls"\n', "config.toml:3:1: unknown key smtp.securty: did you mean security"),
        ('[smtp]\nport = "25"\n', "config.toml:2:1: smtp.port must be a int"),
        ("[smtp]\nport = true\n", "smtp.port must be a int"),
        ('[smtp]\nsecurity = "ssl"\n', "must be one of starttls, tls, none"),
        ('[fetch]\ntypes = ["old"]\n', "must be a list of new, cross"),
        ("[ranker]\nname = 3\n", "must be one of fusion"),
        ("arxiv = 3\n", "unknown section"),
    ],
)
def test_a_wrong_setting_gets_one_line_with_its_place(home: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigFault, match=message) as caught:
        config.load(write(home, text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("TRIAGE_SMTP_PORT", "many"), ("TRIAGE_SESSION_ASCII", "perhaps"), ("TRIAGE_RANKER_NAME", "best")],
)
def test_a_wrong_variable_is_named(home: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigFault, match=name):
        config.load({"TRIAGE_HOME": str(home), name: value})


def test_a_file_that_is_not_utf8_is_told(home: Path) -> None:
    home.mkdir()
    (home / "config.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigFault, match="UTF-8"):
        config.load({"TRIAGE_HOME": str(home)})


def test_a_file_that_is_no_toml_is_told_with_line_and_column(home: Path) -> None:
    with pytest.raises(ConfigFault, match=r"config\.toml:2:\d+: no TOML: "):
        config.load(write(home, "[smtp]\nhost = mail.example.org\n"))


def test_every_setting_tells_where_it_comes_from(home: Path) -> None:
    environ = write(home, '[smtp]\nhost = "mail.example.org"\nport = 25\n\n[keys]\nkeep = "k"\n')
    found = {f"{one.section}.{one.key}": one for one in config.settings({**environ, "TRIAGE_SMTP_PORT": "587"})}
    file = home / "config.toml"
    assert (found["smtp.host"].value, found["smtp.host"].origin) == ("mail.example.org", f"{file}:2:1")
    assert (found["smtp.port"].value, found["smtp.port"].origin) == (587, "$TRIAGE_SMTP_PORT")
    assert (found["smtp.user"].value, found["smtp.user"].origin) == ("", "default")
    assert (found["keys.keep"].value, found["keys.keep"].origin) == (("k",), f"{file}:6:1")
    assert found["fetch.types"].value == ("new", "cross")


def test_no_secret_is_shown(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        home,
        '[smtp]\npassword_command = "echo hush1"\n[hooks]\nkeep = ["curl", "-H", "hush2"]\n'
        '[arxiv]\nfeed = "http://me:hush3@127.0.0.1/atom"\napi = "http://127.0.0.1/api"\n',
    )
    monkeypatch.setenv("TRIAGE_SMTP_PASSWORD", "hush4")
    for arguments in (["--origin"], ["--json"], []):
        assert main(["config", "show", *arguments]) == 0
        shown = capsys.readouterr().out
        assert "hush" not in shown
        assert "curl" in shown
        assert "127.0.0.1/atom" in shown


# -- completion --


def a_program(home: Path, tmp_path: Path) -> dict[str, str]:
    """Put `triage` on the path of a shell, and give what that shell has to know."""
    program = tmp_path / "triage"
    program.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "import sys; from triage.cli import main; sys.exit(main())"\n'
    )
    program.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    return {"PATH": path, "TRIAGE_HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)}


# What each shell is told to source, and how it is asked for what it would offer after some words.
SHELLS = {
    "bash": (
        'eval "$(_TRIAGE_COMPLETE=bash_source triage)"\n'
        "COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n"
        '_triage_completion triage; printf "%s\\n" "${{COMPREPLY[@]}}"\n'
    ),
    "fish": '_TRIAGE_COMPLETE=fish_source triage | source\ncomplete -C "{words}"\n',
}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("triage prof", {"profile"}),
        ("triage profile pre", {"preview"}),
        ("triage profile edit a", {"agents", "atoms"}),
        ("triage list --profile ag", {"agents"}),
        ("triage config show --or", {"--origin"}),
    ],
)
def test_shells_complete_commands_options_and_profiles(
    home: Path, tmp_path: Path, shell: str, words: str, offered: set[str]
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    (home / "profiles").mkdir(parents=True)
    for name in ("agents", "atoms", "birds"):
        (home / "profiles" / f"{name}.toml").touch()
    environ = a_program(home, tmp_path)
    script = SHELLS[shell].format(words=words)
    done = subprocess.run([shell, "-c", script], env=environ, capture_output=True, text=True, check=False)
    assert {line.partition("\t")[0] for line in done.stdout.split("\n") if line} == offered, done.stderr


@pytest.mark.skipif(shutil.which("zsh") is None, reason="there is no zsh here")
def test_zsh_completes_on_its_terminal(home: Path, tmp_path: Path) -> None:
    (home / "profiles").mkdir(parents=True)
    (home / "profiles" / "agents.toml").touch()
    zsh = "import os; os.execvp('zsh', ['zsh', '-f'])"
    with Terminal(environ=a_program(home, tmp_path), program=("-c", zsh)) as terminal:
        terminal.press("PS1='ready> '; autoload -Uz compinit; compinit -u -D\n")
        terminal.press('eval "$(_TRIAGE_COMPLETE=zsh_source triage)"; echo sour""ced\n')
        terminal.shows("sourced")
        terminal.press("triage prof\t")
        terminal.shows("ready> triage profile")
        terminal.press("edit \t")
        assert terminal.shows("ready> triage profile edit agents")
