"""The mail: what it says, its headers, and its way out through real servers, commands and files."""

from __future__ import annotations

import base64
import email
import email.policy
import re
import shutil
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from triage.budget import Shortlist
from triage.config import DigestConfig, SmtpConfig
from triage.digest import (
    compose,
    deliver,
    html_part,
    plain_list,
    read_password,
    send,
    sendmail,
    text_part,
    to_eml,
    to_maildir,
)
from triage.errors import CannotWrite, ConfigFault, LoginRefused, TryLater, Unavailable
from triage.paper import Paper, ScoredPaper
from triage.text import readable, width

# aiosmtpd says so for each connection of a server that is wholly inside TLS: it counts only STARTTLS.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")

FRIDAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
SECRET = "correct-horse-battery"

HOSTILE = [
    "<script>alert(1)</script> in the title",
    "<img src=x onerror=alert(1)> & <b>bold</b>",
    "A \"quoted\" title with 'both' kinds",
    "</a></td></table><h1>broken out</h1>",
    "javascript:alert(1) as a title",
    "{{ page.footer }} {% raw %} templates",
    "Ends & begins &amp; &lt;entities&gt;",
    "Header\r\nBcc: eve@evil.example\r\n\r\ninjected body",
    "Lone\rreturn and\nnewline",
    "\n.\r\nQUIT",
    "From the desk\nFrom eve",
    "\x1b[31mred\x1b[0m alert",
    "\x1b]0;owned\x07 window",
    "bell\x07 null\x00 backspace\x08 delete\x7f",
    "user\u202egnp.exe override",
    "\u2066isolated\u2069 text",
    "zero\u200bwidth soft\u00adhyphen",
    "Z\u0335\u0336\u0337\u0338\u0336\u0335algo piles",
    "tagged\U000e0041\U000e007f text",
    "lone \ud800 surrogate",
    "emoji \U0001f469\u200d\U0001f52c \U0001f44d\U0001f3fd \u2615\ufe0f coffee",
    "日本語の題名 with Japanese",
    "עברית and العربية mixed",
    "$5 to $10 prices",
    "$O(n \\log n)$ time and $\\ell_2$ norms",
    "Poincar\\'e meets \\emph{Erd\\H{o}s}",
    "\\frac{unclosed {braces $ everywhere",
    "\\unknowncommand{argument} stays",
    "100% of a_b^c ~ d # e",
    "[bold]markup[/bold] and **stars**",
    "=?utf-8?q?encoded=0ABcc:_eve@evil.example?= words",
    "=3D quoted=20printable =",
    "x",
    "0",
    "",
    "   ",
    "-- ",
    "Long " + "wordy " * 49,
    "W" * 300,
    "https://evil.example/?a=1&b=<2> link",
]


def scored(paper: Paper, rank: int = 1, **given: Any) -> ScoredPaper:
    told: dict[str, Any] = {
        "score": 1.0,
        "profile": "efficient-inference",
        "seconds": 60.0,
        "why": ("near a seed", "kv cache"),
    }
    return ScoredPaper(paper=paper, rank=rank, **{**told, **given})


@pytest.fixture
def make_day(make_paper: Callable[..., Paper]) -> Callable[..., Shortlist]:
    """Build a day with so many invented papers; everything else can be given."""

    def make(papers: int = 2, **given: Any) -> Shortlist:
        told: dict[str, Any] = {
            "state": "ready",
            "profiles": ("efficient-inference",),
            "announced": FRIDAY,
            "covers": {"cs.LG": FRIDAY, "cs.CL": FRIDAY},
            "missing": {},
            "budget_s": 900.0,
            "left_s": 900.0,
            "ranker": "fusion",
            "ranker_version": "1.2",
            "papers": tuple(scored(make_paper(), rank) for rank in range(1, papers + 1)),
            "left_out": tuple(scored(make_paper(), rank) for rank in range(papers + 1, papers + 4)),
        }
        return Shortlist(**{**told, **given})

    return make


@pytest.fixture
def message(make_day: Callable[..., Shortlist]) -> EmailMessage:
    return compose(make_day(), to="ada@example.org", sender="triage@example.org", now=NOW)


class Reader(HTMLParser):
    """Reads HTML as a browser would: the text that is shown, the tags, the links, the styles in force."""

    VOID = ("meta", "br", "hr", "img", "link", "input")

    def __init__(self, html: str, *, dark: bool = False) -> None:
        super().__init__(convert_charrefs=True)
        sheet = re.search(r"prefers-color-scheme: dark\) \{(.*?)\n\}", html, re.DOTALL)
        assert sheet
        rules = re.findall(r"\.(\w+) \{([^}]*)\}", sheet[1])
        self.dark = {name: style.replace(" !important", "") for name, style in rules} if dark else {}
        self.text: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.painted: list[tuple[str, str, str]] = []
        self.stack: list[tuple[str, str, str]] = [("", "#000000", "#ffffff")]
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        self.tags.append((tag, held))
        _, ink, paper = self.stack[-1]
        style = ";".join([held.get("style", ""), *(self.dark.get(name, "") for name in held.get("class", "").split())])
        for name, value in re.findall(r"(?<![\w-])(color|background-color):\s*(#\w+)", style):
            ink, paper = (value, paper) if name == "color" else (ink, value)
        if tag not in self.VOID:
            self.stack.append((tag, ink, paper))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop()[0] == tag, "the tags nest"

    def handle_data(self, data: str) -> None:
        tag, ink, paper = self.stack[-1]
        if data.strip() and tag not in ("style", "title"):
            self.text.append(data)
            self.painted.append((data.strip(), ink, paper))


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two #rrggbb colours."""

    def luminance(colour: str) -> float:
        channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def parts(message: EmailMessage) -> tuple[str, str]:
    """Text and HTML as a mail reader gets them: through the wire and Python's parser."""
    parsed = email.message_from_bytes(message.as_bytes(policy=email.policy.SMTP), policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "text/html"]
    text, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    assert text
    assert html
    return text.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")


# ---- what it says ----------------------------------------------------------------------------------------------------


def test_the_plain_list_names_minutes_papers_and_reasons(make_day: Callable[..., Shortlist]) -> None:
    lines = plain_list(make_day()).splitlines()
    assert " ".join(lines[:2]) == (
        "triage: 2 papers, about 2 min of 15, efficient-inference, announced 2026-11-20 (cs.LG, cs.CL)"
    )
    assert lines[3] == " 1. Invented paper number 1                               1 min  9911.00001"
    assert lines[4] == "    near a seed · kv cache"
    assert lines[-1] == "3 other papers were ranked and left out."


def test_the_plain_list_has_escape_codes_only_on_request(make_day: Callable[..., Shortlist]) -> None:
    day = make_day()
    assert "\x1b" not in plain_list(day)
    coloured = plain_list(day, colour=True)
    assert "\x1b[1m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain_list(day)


def test_the_list_says_precision_and_gaps(make_day: Callable[..., Shortlist]) -> None:
    day = make_day(state="partial", missing={"cs.CV": "no answer in 60 s"}, notes=("The statement ranks alone.",))
    told = plain_list(day, precision="0.31 (n = 96)")
    for said in (
        "Missing: cs.CV (no answer in 60 s).",
        "picks so far: 0.31 (n = 96).",
        "The statement ranks alone.",
        "Only a part",
    ):
        assert said in told


def test_long_titles_wrap_by_cells_and_nothing_is_cut(
    make_day: Callable[..., Shortlist], make_paper: Callable[..., Paper]
) -> None:
    title = "日本語の題名は幅が広い " * 8 + "and ends in English"
    told = plain_list(replace(make_day(), papers=(scored(make_paper(title=title)),)), links=True)
    assert max(map(width, told.splitlines())) <= 80
    assert " ".join(title.split()) in " ".join(re.sub(r" +\d+ min  9911\.\d+", "", told).split())


def test_the_coffee_already_begun_is_said(make_day: Callable[..., Shortlist]) -> None:
    day = make_day(left_s=300.0)
    assert "about 2 min of the 5 left" in " ".join(plain_list(day).split())
    assert "2 min of the 5 min left" in html_part(day)


@pytest.mark.parametrize("state", ["nothing-worth-it", "quiet", "stale", "failed"])
def test_other_mornings_are_said_in_words_and_never_alike(make_day: Callable[..., Shortlist], state: str) -> None:
    told = {one: plain_list(make_day(papers=0, state=one)) for one in ("nothing-worth-it", "quiet", "stale", "failed")}
    assert len(set(told.values())) == 4
    assert "earlier announcement" not in told[state]
    with_rest = make_day(state=state)
    assert ("earlier announcement" in plain_list(with_rest)) == (state != "nothing-worth-it")
    subject = compose(make_day(papers=0, state=state), to="a@b.example", sender="t@b.example", now=NOW)["Subject"]
    assert re.fullmatch(r"triage: [^,]+ \(20 Nov\)", subject)


def test_several_profiles_get_their_sections(
    make_day: Callable[..., Shortlist], make_paper: Callable[..., Paper]
) -> None:
    papers = tuple(
        scored(make_paper(), rank, profile=name) for rank, name in enumerate(("agents", "kernels", "agents"), 1)
    )
    day = replace(make_day(), papers=papers, profiles=("kernels", "agents", "idle"))
    told = plain_list(day)
    assert [line for line in told.splitlines() if line in ("kernels", "agents", "idle")] == ["kernels", "agents"]
    assert html_part(day).count("<h2") == 2
    assert "<h2" not in html_part(make_day())


def test_each_paper_says_everything(make_day: Callable[..., Shortlist], make_paper: Callable[..., Paper]) -> None:
    paper = make_paper(title="One title", authors=("Ada A", "Bo B", "Cy C", "Di D"), categories=("cs.LG", "cs.CL"))
    day = replace(make_day(), papers=(scored(paper, slot="explore", seconds=540.0),))
    for part in (
        text_part(day, precision="0.31 (n = 96)"),
        "".join(Reader(html_part(day, precision="0.31 (n = 96)")).text),
    ):
        flat = " ".join(part.split())
        for said in (
            "One title",
            "Ada A, Bo B, Cy C et al.",
            "cs.LG, cs.CL",
            "9 min",
            "explore",
            "near a seed · kv cache",
            f"triage keep {paper.id}",
            "as announced 2026-11-20",
            "fusion 1.2",
            "0.31 (n = 96)",
            "Thank you to arXiv",
        ):
            assert said in flat, said
        assert "Di D" not in flat
    links = [held["href"] for tag, held in Reader(html_part(day)).tags if tag == "a"]
    assert links == [f"https://arxiv.org/{kind}/{paper.id}" for kind in ("abs", "abs", "pdf", "html")]
    assert all(f"https://arxiv.org/{kind}/{paper.id}" in text_part(day) for kind in ("abs", "pdf", "html"))


@pytest.mark.parametrize("title", HOSTILE)
def test_hostile_titles_keep_every_word_and_inject_nothing(
    make_day: Callable[..., Shortlist], make_paper: Callable[..., Paper], title: str
) -> None:
    harmless = make_day(papers=1)
    paper = make_paper(id="9911.00001", title=title, authors=(title, title), categories=("cs.LG", title))
    day = replace(
        harmless,
        papers=(scored(paper, why=(title, title)),),
        profiles=(title,),
        covers={"cs.LG": FRIDAY, title: FRIDAY},
        missing={title: title},
        ranker_version=title,
        notes=(title,),
    )
    mail = compose(day, to="ada@example.org", sender="triage@example.org", now=NOW, precision=title)
    text, html = parts(mail)
    read = Reader(html)
    shown = " ".join(readable(title).split()) or "(no title)"
    assert shown in " ".join(re.sub(r" +\d+ min  9911\.\d+", "", text).split())
    assert shown in " ".join("".join(read.text).split())
    kinds = {tag for tag, _ in read.tags}
    assert kinds == {tag for tag, _ in Reader(html_part(harmless)).tags} | ({"p"} if title.strip() else set())
    assert not [held for _, held in read.tags if any(name.startswith("on") for name in held)]
    assert [held["href"] for tag, held in read.tags if tag == "a"] == [
        f"https://arxiv.org/{kind}/9911.00001" for kind in ("abs", "abs", "pdf", "html")
    ]
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text + html
    )
    _lint(mail)


def test_a_hostile_identifier_stays_one_word_for_the_shell(
    make_day: Callable[..., Shortlist], make_paper: Callable[..., Paper]
) -> None:
    day = replace(make_day(), papers=(scored(make_paper(id='9911.1"; rm -rf ~ <b>')),))
    assert "triage keep '9911.1\"; rm -rf ~ <b>'" in text_part(day)
    assert "<b>" not in html_part(day)


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_has_enough_contrast(
    make_day: Callable[..., Shortlist], make_paper: Callable[..., Paper], dark: bool
) -> None:
    papers = tuple(
        scored(make_paper(), rank, slot=slot) for rank, slot in enumerate(("focus", "adjacent", "explore"), 1)
    )
    papers += (scored(make_paper(), 4, profile="other"),)
    day = replace(make_day(state="partial"), papers=papers, profiles=("efficient-inference", "other"))
    painted = Reader(html_part(day, precision="0.31"), dark=dark).painted
    assert len(painted) > 30
    assert len({ink for _, ink, _ in painted}) >= 4, "the styles were read"
    for said, ink, paper in painted:
        assert contrast(ink, paper) >= 4.5, (said, ink, paper)
    assert (contrast(painted[0][2], "#000000") < contrast(painted[0][2], "#ffffff")) == dark


def test_nothing_is_loaded_from_elsewhere(make_day: Callable[..., Shortlist]) -> None:
    html = html_part(make_day())
    assert not re.search(
        r"<(img|script|link|iframe|object|video|form|svg)|src=|url\(|@import|@font-face|background=", html
    )
    assert "max-width:600px" in html
    assert '<meta name="color-scheme" content="light dark">' in html


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("wide", [320, 600, 900])
def test_a_browser_shows_one_column(
    make_day: Callable[..., Shortlist], make_paper: Callable[..., Paper], tmp_path: Path, wide: int, dark: bool
) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not browser:
        pytest.skip("no Chromium on this machine: the HTML is checked without a browser only")
    papers = tuple(scored(make_paper(title=title), rank) for rank, title in enumerate(HOSTILE, 1))
    (tmp_path / "mail.html").write_text(html_part(replace(make_day(), papers=papers)), encoding="utf-8")
    shell = f"""<!DOCTYPE html><meta name="color-scheme" content="light dark"><title>wait</title>
<iframe id="f" width="{wide}" height="600" style="border:0" src="mail.html"></iframe><script>
document.getElementById("f").onload = () => {{
  const d = document.getElementById("f").contentDocument, s = d.querySelector(".sheet");
  document.title = [d.documentElement.scrollWidth, Math.round(s.getBoundingClientRect().width),
    getComputedStyle(s).backgroundColor, d.querySelectorAll("h3").length].join("|");
}};</script>"""
    (tmp_path / "shell.html").write_text(shell, encoding="utf-8")
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    options += [
        "--hide-scrollbars",
        "--allow-file-access-from-files",
        "--virtual-time-budget=3000",
        f"--user-data-dir={tmp_path / 'browser'}",
    ]
    done = subprocess.run(
        [browser, *options, scheme, "--dump-dom", (tmp_path / "shell.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    told = re.search(r"<title>(\d+)\|(\d+)\|(.*?)\|(\d+)</title>", done.stdout)
    assert told, done.stdout[:500]
    assert int(told[1]) <= wide, "nothing sticks out"
    assert int(told[2]) == min(wide - 16, 600)
    assert told[3] == ("rgb(31, 27, 24)" if dark else "rgb(255, 253, 249)")
    assert int(told[4]) == len(HOSTILE)


# ---- headers ---------------------------------------------------------------------------------------------------------


def _lint(mail: EmailMessage) -> None:
    """What a strict receiver asks of the headers: known names once each, short ASCII lines, no folding accidents."""
    raw = mail.as_bytes(policy=email.policy.SMTP)
    head = raw.partition(b"\r\n\r\n")[0]
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    head.decode("ascii")
    names = [line.partition(":")[0] for line in head.decode().split("\r\n") if not line.startswith((" ", "\t"))]
    assert names == [
        "Subject",
        "From",
        "To",
        "Date",
        "Message-ID",
        "List-Id",
        "Auto-Submitted",
        "X-Triage-Announced",
        "X-Triage-Ranker",
        "X-Triage-State",
        "MIME-Version",
        "Content-Type",
    ]
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert not parsed.defects
    for name in ("Subject", "From", "To", "Message-ID", "List-Id", "X-Triage-Ranker"):
        assert parsed[name] == mail[name]
        assert not parsed[name].defects
    assert re.fullmatch(r"<[\w.]+@[\w.-]+>", parsed["Message-ID"])


def test_headers(message: EmailMessage) -> None:
    _lint(message)
    assert message["Subject"] == "triage: 2 papers, 2 min (20 Nov)"
    assert message["From"] == "triage@example.org"
    assert message["To"] == "ada@example.org"
    assert message["Date"].datetime == NOW
    assert message["List-Id"] == "triage <triage.example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Triage-Announced"] == "2026-11-20"
    assert message["X-Triage-Ranker"] == "fusion 1.2"
    assert message["Message-ID"].endswith("@example.org>")
    assert socket.gethostname() not in message.as_string().partition("\n\n")[0]


def test_the_message_id_depends_on_recipient_announcement_and_profiles_alone(
    make_day: Callable[..., Shortlist],
) -> None:
    def identify(day: Shortlist, to: str = "ada@example.org", now: datetime = NOW) -> str:
        return str(compose(day, to=to, sender="triage@example.org", now=now)["Message-ID"])

    first = identify(make_day())
    assert identify(make_day(papers=5), now=NOW + timedelta(hours=9)) == first
    assert identify(make_day(), to="Ada <Ada@Example.org>") == first
    others = {
        identify(make_day(), to="bo@example.org"),
        identify(make_day(announced=date(2026, 11, 19))),
        identify(make_day(profiles=("agents",))),
        identify(make_day(profiles=("efficient", "inference"))),
    }
    assert len(others | {first}) == 5
    assert "ada" not in first


def test_encoded_words_cannot_carry_a_header(make_day: Callable[..., Shortlist]) -> None:
    evil = "=?utf-8?q?x=0D=0ABcc:_eve@evil.example?="
    mail = compose(make_day(ranker=evil), to=f'"{evil}" <ada@example.org>', sender="triage@example.org", now=NOW)
    _lint(mail)
    assert "Bcc" not in mail


def test_composing_twice_gives_the_same_bytes(make_day: Callable[..., Shortlist]) -> None:
    day = make_day()
    made = {compose(day, to="ada@example.org", sender="t@example.org", now=NOW).as_bytes() for _ in range(2)}
    assert len(made) == 1


def test_names_beyond_ascii_and_long_domains_survive(make_day: Callable[..., Shortlist]) -> None:
    domain = "mail." + "very-long-label." * 5 + "example.org"
    mail = compose(make_day(), to="Zoë Größe <zoe@example.org>", sender=f"triage@{domain}", now=NOW)
    _lint(mail)
    parsed = email.message_from_bytes(mail.as_bytes(), policy=email.policy.default)
    assert parsed["To"].addresses[0].display_name == "Zoë Größe"


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "ada@example.org\r\nBcc: eve@evil.example",
        "a@b.example, c@d.example",
        "a@b\x00.example",
        "Ada <ada@example.org>\nX: y",
        "a b@example.org",
        "ada@exa mple.org",
    ],
)
def test_no_bad_address_enters_a_header(make_day: Callable[..., Shortlist], bad: str) -> None:
    with pytest.raises(ConfigFault, match=r"digest\.to"):
        compose(make_day(), to=bad, sender="triage@example.org", now=NOW)
    with pytest.raises(ConfigFault, match=r"digest\.from"):
        compose(make_day(), to="ada@example.org", sender=bad, now=NOW)


# ---- by SMTP ---------------------------------------------------------------------------------------------------------


class Mailbox:
    """Takes mail; each answer can be set to a refusal."""

    def __init__(self, **answers: str) -> None:
        self.taken: list[Any] = []
        self.answers = answers

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.greeted = hostname
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if "rcpt" not in self.answers:
            envelope.rcpt_tos.append(address)
        return self.answers.get("rcpt", "250 OK")

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answers.get("data") == "drop":
            server.transport.close()
            return "451 gone"
        if "data" in self.answers:
            return self.answers["data"]
        self.taken.append((envelope, session))
        return "250 OK"

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answers.get("quit") == "drop":
            server.transport.close()
        return "221 Bye"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost, signed by itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    began = datetime.now(UTC) - timedelta(days=1)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(began + timedelta(days=9))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def trust(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


@contextmanager
def serving(mailbox: Mailbox, certificate: Path | None = None, tls: bool = False, auth: bool = False) -> Iterator[int]:
    """A real SMTP server on loopback; yields its port."""

    def login(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        fine = isinstance(given, LoginPassword) and (given.login, given.password) == (b"ada", SECRET.encode())
        answer = mailbox.answers.get("auth", f"535 5.7.8 wrong password {given.password.decode()}")
        return AuthResult(success=True) if fine else AuthResult(success=False, handled=False, message=answer)

    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    options: dict[str, Any] = {"authenticator": login, "auth_required": auth} if auth else {}
    options |= {"ssl_context": context} if tls else {"tls_context": context, "require_starttls": bool(context)}
    if auth and (tls or not context):
        options["auth_require_tls"] = False  # aiosmtpd counts only STARTTLS as TLS
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    server = Controller(mailbox, hostname="127.0.0.1", port=port, **options)
    server.start()
    try:
        yield port
    finally:
        server.stop(no_assert=True)


def never() -> str:
    raise AssertionError("the password was asked for")


def test_starttls_with_login(message: EmailMessage, certificate: Path, trust: ssl.SSLContext) -> None:
    mailbox = Mailbox()
    with serving(mailbox, certificate, auth=True) as port:
        send(message, SmtpConfig("localhost", port, "starttls", "ada"), password=lambda: SECRET, context=trust)
    [(envelope, session)] = mailbox.taken
    assert session.ssl
    assert session.authenticated
    assert mailbox.greeted == "[127.0.0.1]"
    assert (envelope.mail_from, envelope.rcpt_tos) == ("triage@example.org", ["ada@example.org"])
    received = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert received["Message-ID"] == message["Message-ID"]
    assert isinstance(received, EmailMessage)
    assert parts(received) == parts(message)


def test_tls_with_login(message: EmailMessage, certificate: Path, trust: ssl.SSLContext) -> None:
    mailbox = Mailbox()
    with serving(mailbox, certificate, tls=True, auth=True) as port:
        send(message, SmtpConfig("localhost", port, "tls", "ada"), password=lambda: SECRET, context=trust)
    assert len(mailbox.taken) == 1


def test_plain_text_on_loopback_only_when_said(message: EmailMessage) -> None:
    mailbox = Mailbox()
    with serving(mailbox) as port:
        send(message, SmtpConfig("localhost", port, "none"), password=never)
        assert len(mailbox.taken) == 1
        with pytest.raises(Unavailable, match="offers no STARTTLS"):
            send(message, SmtpConfig("localhost", port, "starttls", "ada"), password=never)
        with pytest.raises(Unavailable, match="no encrypted connection"):
            send(message, SmtpConfig("localhost", port, "tls", "ada"), password=never, timeout=5)
    assert len(mailbox.taken) == 1


def test_no_password_in_plain_text_to_another_machine(message: EmailMessage) -> None:
    with pytest.raises(ConfigFault, match="plain text"):
        send(message, SmtpConfig("mail.example.invalid", 25, "none", "ada"), password=never)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_unknown_certificate_is_refused(message: EmailMessage, certificate: Path, security: Any) -> None:
    mailbox = Mailbox()
    with serving(mailbox, certificate, tls=security == "tls") as port, pytest.raises(Unavailable, match="not trusted"):
        send(message, SmtpConfig("localhost", port, security, "ada"), password=never)
    assert not mailbox.taken


def test_a_certificate_for_another_name_is_refused(
    message: EmailMessage, certificate: Path, trust: ssl.SSLContext
) -> None:
    with serving(Mailbox(), certificate) as port, pytest.raises(Unavailable, match="not trusted"):
        send(message, SmtpConfig("127.0.0.1", port, "starttls"), password=never, context=trust)


@pytest.mark.parametrize(
    ("answers", "fault", "code"),
    [
        ({"rcpt": "451 4.7.1 greylisted"}, TryLater, 75),
        ({"rcpt": "550 5.1.1 no such reader"}, Unavailable, 69),
        ({"rcpt": "530 5.7.0 login first"}, LoginRefused, 77),
        ({"data": "452 4.3.1 disk full"}, TryLater, 75),
        ({"data": "554 5.7.1 smells of spam\x1b[31m"}, Unavailable, 69),
        ({"data": "drop"}, TryLater, 75),
    ],
)
def test_refusals(message: EmailMessage, answers: dict[str, str], fault: type[Exception], code: int) -> None:
    mailbox = Mailbox(**answers)
    with serving(mailbox) as port, pytest.raises(fault) as caught:
        send(message, SmtpConfig("localhost", port, "none"), password=never)
    assert caught.value.exit_code == code  # type: ignore[attr-defined]
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert not mailbox.taken


def test_a_server_that_hangs_up_after_taking_the_mail_took_it(message: EmailMessage) -> None:
    mailbox = Mailbox(quit="drop")
    with serving(mailbox) as port:
        send(message, SmtpConfig("localhost", port, "none"), password=never)
    assert len(mailbox.taken) == 1


@pytest.mark.parametrize(("answers", "fault"), [({}, LoginRefused), ({"auth": "454 4.7.0 later"}, TryLater)])
def test_a_refused_login_tells_no_secret(
    message: EmailMessage, certificate: Path, trust: ssl.SSLContext, answers: dict[str, str], fault: type[Exception]
) -> None:
    wrong = "hunter2-hunter2"
    with serving(Mailbox(**answers), certificate, auth=True) as port, pytest.raises(fault) as caught:
        send(message, SmtpConfig("localhost", port, "starttls", "ada"), password=lambda: wrong, context=trust)
    assert_no_secret(caught.value, wrong)


def test_a_password_beyond_ascii_is_said_without_saying_it(
    message: EmailMessage, certificate: Path, trust: ssl.SSLContext
) -> None:
    with serving(Mailbox(), certificate, auth=True) as port, pytest.raises(ConfigFault, match="ASCII") as caught:
        send(message, SmtpConfig("localhost", port, "starttls", "ada"), password=lambda: "pässwort", context=trust)
    assert_no_secret(caught.value, "pässwort")


def test_no_connection(message: EmailMessage) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()[1]
    with pytest.raises(Unavailable, match="no connection"):
        send(message, SmtpConfig("localhost", closed, "starttls"), password=never)
    with pytest.raises(ConfigFault, match=r"smtp\.host"):
        send(message, SmtpConfig(), password=never)


def test_a_server_that_never_answers(message: EmailMessage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unavailable, match="timed out"):
        send(message, SmtpConfig("127.0.0.1", silent.getsockname()[1], "none"), password=never, timeout=0.3)


def assert_no_secret(error: BaseException, secret: str) -> None:
    """Neither the message nor any error behind it, shown or hanging on, holds the secret in any form."""
    forms = {secret, base64.b64encode(secret.encode()).decode(), base64.b64encode(f"\0ada\0{secret}".encode()).decode()}
    assert not [form for form in forms if form in str(error)]
    behind = error.__cause__ if error.__suppress_context__ else error.__context__
    while behind is not None:
        assert not [form for form in forms if form in repr(behind) + repr(vars(behind))]
        behind = behind.__cause__ if behind.__suppress_context__ else behind.__context__


# ---- the password ----------------------------------------------------------------------------------------------------


def smtp(**given: Any) -> SmtpConfig:
    return SmtpConfig("mail.example.org", 587, "starttls", "ada", **given)


def no_keyring(service: str, user: str) -> str | None:
    return None


def printing(code: str) -> str:
    return f'"{sys.executable}" -c "{code}"'


def test_the_password_is_looked_for_in_order(tmp_path: Path) -> None:
    kept = tmp_path / "password"
    kept.write_text("from the file\nand more\n")
    kept.chmod(0o600)
    command = printing("print('from the command')")
    environ = {"TRIAGE_SMTP_PASSWORD": "from the environment"}
    asked: list[tuple[str, str]] = []

    def keyring(service: str, user: str) -> str | None:
        asked.append((service, user))
        return "from the keyring"

    everything = smtp(password_command=command, password_file=kept)
    without_command = smtp(password_file=kept)
    assert read_password(everything, environ=environ, keyring=keyring) == "from the command"
    assert read_password(without_command, environ=environ, keyring=keyring) == "from the environment"
    assert not asked
    assert read_password(without_command, environ={}, keyring=keyring) == "from the keyring"
    assert asked == [("triage", "ada")]
    assert read_password(without_command, environ={}, keyring=no_keyring) == "from the file"


def test_no_password_names_the_ways() -> None:
    with pytest.raises(ConfigFault, match="password_command") as caught:
        read_password(smtp(), environ={}, keyring=no_keyring)
    assert caught.value.exit_code == 78
    assert "keyring set triage ada" in str(caught.value)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    kept = tmp_path / "pass word"
    kept.write_text(SECRET)
    kept.chmod(mode)
    with pytest.raises(ConfigFault, match="chmod 600 '") as caught:
        read_password(smtp(password_file=kept), environ={}, keyring=no_keyring)
    assert_no_secret(caught.value, SECRET)


@pytest.mark.parametrize(
    "code",
    [
        f"import sys; print('{SECRET}'); sys.exit(3)",
        f"import sys; sys.exit('{SECRET}')",
        f"import sys; sys.stdout.buffer.write(b'\\xff{SECRET}')",
        "print()",
    ],
)
def test_a_command_that_fails_tells_no_secret(code: str) -> None:
    with pytest.raises(ConfigFault) as caught:
        read_password(smtp(password_command=printing(code)), environ={"PATH": "/usr/bin"}, keyring=no_keyring)
    assert_no_secret(caught.value, SECRET)


@pytest.mark.parametrize("command", [f"no-such-program --token {SECRET}", f"'{SECRET}", "   "])
def test_a_command_that_cannot_run_tells_no_secret(command: str) -> None:
    with pytest.raises(ConfigFault, match="password_command") as caught:
        read_password(smtp(password_command=command), environ={}, keyring=no_keyring)
    assert_no_secret(caught.value, SECRET)


def test_missing_empty_and_strange_password_files(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch(0o600)
    for path, said in ((tmp_path / "none", "cannot be read"), (empty, "is empty"), (tmp_path, "cannot be read")):
        with pytest.raises(ConfigFault, match=said):
            read_password(smtp(password_file=path), environ={}, keyring=no_keyring)


# ---- other ways out --------------------------------------------------------------------------------------------------


def test_sendmail_gets_the_mail_and_the_recipient(message: EmailMessage, tmp_path: Path) -> None:
    command = tmp_path / "send mail"
    command.write_text(f'#!/bin/sh\ncat > "{tmp_path}/taken"\necho "$@" > "{tmp_path}/arguments"\n')
    command.chmod(0o755)
    sendmail(message, f"'{command}'")
    assert (tmp_path / "arguments").read_text() == "-i -- ada@example.org\n"
    assert (tmp_path / "taken").read_bytes() == message.as_bytes()


@pytest.mark.parametrize(("status", "fault"), [(75, TryLater), (67, Unavailable)])
def test_sendmail_that_fails(message: EmailMessage, tmp_path: Path, status: int, fault: type[Exception]) -> None:
    command = tmp_path / "sendmail"
    command.write_text(f"#!/bin/sh\ncat > /dev/null\nexit {status}\n")
    command.chmod(0o755)
    with pytest.raises(fault):
        sendmail(message, str(command))
    with pytest.raises(Unavailable, match="cannot be run"):
        sendmail(message, str(tmp_path / "absent"))


def test_eml_is_whole_private_and_repeatable(message: EmailMessage, tmp_path: Path) -> None:
    folder = tmp_path / "mails"
    path = to_eml(message, folder)
    assert to_eml(message, folder) == path
    assert list(folder.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    parsed = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert parsed["Message-ID"] == message["Message-ID"]


def test_a_maildir_that_others_can_read(message: EmailMessage, tmp_path: Path) -> None:
    import mailbox

    to_maildir(message, tmp_path / "box")
    to_maildir(message, tmp_path / "box")
    box = mailbox.Maildir(tmp_path / "box", create=False)
    [held] = list(box)
    assert held["Message-ID"] == message["Message-ID"]
    assert not list((tmp_path / "box" / "tmp").iterdir())


def test_a_place_that_cannot_be_written_is_one_line(message: EmailMessage, tmp_path: Path) -> None:
    (tmp_path / "box" / "new").mkdir(parents=True)
    name = to_maildir(message, tmp_path / "other").name
    (tmp_path / "box" / "new" / name).mkdir()
    with pytest.raises(CannotWrite, match="cannot be written"):
        to_maildir(message, tmp_path / "box")
    assert not list((tmp_path / "box" / "tmp").iterdir())


def test_deliver_follows_the_configuration(message: EmailMessage, tmp_path: Path) -> None:
    mailbox = Mailbox()
    with serving(mailbox) as port:
        deliver(message, DigestConfig(), SmtpConfig("127.0.0.1", port, "none"), password=never)
    assert len(mailbox.taken) == 1
    told = deliver(message, DigestConfig(transport="eml", folder=tmp_path), SmtpConfig(), password=never)
    assert Path(told).suffix == ".eml"
    told = deliver(message, DigestConfig(transport="maildir", folder=tmp_path / "box"), SmtpConfig(), password=never)
    assert Path(told).parent.name == "new"
    with pytest.raises(ConfigFault, match=r"digest\.folder"):
        deliver(message, DigestConfig(transport="eml"), SmtpConfig(), password=never)


def test_the_plain_list_needs_neither_jinja_nor_the_network() -> None:
    heavy = ("jinja2", "smtplib", "ssl", "email")
    code = f"import sys; from triage.digest import plain_list, send; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
