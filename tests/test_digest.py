"""The mail: what it says, in both parts and any scheme, and its headers."""

from __future__ import annotations

import email
import email.policy
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import FRIDAY, scored
from mail_server import parts

from triage.digest import Week, alert, compose, heartbeat, html_part, markdown_part, plain_list, text_part
from triage.errors import ConfigFault
from triage.text import readable, width

if TYPE_CHECKING:
    from triage.budget import Shortlist
    from triage.paper import Paper

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)

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


def test_an_alarm_of_drift_is_said_everywhere(make_day: Callable[..., Shortlist]) -> None:
    day = make_day(drift="the scores lie lower than in the four weeks before")
    for told in (plain_list(day), text_part(day), html_part(day)):
        assert "scores lie lower than in the four weeks before" in " ".join(told.split())
        assert "no alarm" not in told
    assert "Drift" not in plain_list(make_day())


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


def test_a_catch_up_has_a_heading_for_each_day_in_every_form_of_the_mail(
    make_day: Callable[..., Shortlist], make_paper: Callable[..., Paper]
) -> None:
    thursday, wednesday = FRIDAY - timedelta(days=1), FRIDAY - timedelta(days=2)
    papers = tuple(
        scored(make_paper(announced=when), rank, profile=name)
        for rank, (when, name) in enumerate(((thursday, "agents"), (FRIDAY, "agents"), (FRIDAY, "kernels")), 1)
    )
    day = replace(make_day(), papers=papers, days=(FRIDAY, thursday, wednesday), profiles=("agents", "kernels"))
    wanted = ["Fri 2026-11-20 · agents", "Fri 2026-11-20 · kernels", "Thu 2026-11-19 · agents", "Wed 2026-11-18"]
    lines = text_part(day).splitlines()
    assert [line for line in lines if line in wanted] == wanted
    assert [line[:3].strip() for line in lines if re.match(r" \d\. ", line)] == ["1.", "2.", "3."]
    assert re.findall(r"<h2[^>]*>(.*?)</h2>", html_part(day)) == wanted
    headed = [line for line in markdown_part(day).splitlines() if line.startswith("## ")]
    assert [line.removeprefix("## ").replace("\\", "") for line in headed] == wanted
    assert "Fri 2026-11-20 · agents" not in plain_list(day), "a list stays in the order to read"


@pytest.mark.parametrize(
    "title",
    ["[click](http://evil.example)", "<b>`code`</b> *x* _y_ # z", "a\n\n# heading", "$5 to $10", "1. a", "- b", "+ c"],
)
def test_markdown_shows_foreign_text_as_it_is(
    make_day: Callable[..., Shortlist], make_paper: Callable[..., Paper], title: str
) -> None:
    day = replace(make_day(), papers=(scored(make_paper(title=title), why=(title,)),), profiles=(title,))
    told = markdown_part(day)
    assert not re.search(r"(?<!\\)[<`*_$](?!\d*triage keep)", re.sub(r"`triage keep [^`]*`", "", told))
    assert [line for line in told.splitlines() if line.startswith("#")] == told.splitlines()[:1]
    assert readable(title) in re.sub(r"\\(.)", r"\1", told)
    assert not re.search(r"^ *(\d+[.)]|[-+]) (?!\[|Covers:|Missing:|Ranker:|Drift:)", told, re.MULTILINE)


def test_markdown_can_be_read_as_it_is(make_day: Callable[..., Shortlist], make_paper: Callable[..., Paper]) -> None:
    title = "Post-Training Quantisation: O(n) Bits in 2026-11-20"
    assert f"[{title}](https" in markdown_part(replace(make_day(), papers=(scored(make_paper(title=title)),)))


def test_the_notices_are_plain_and_pass_the_lint() -> None:
    week = Week(announcements=1, papers=30, mails=0, mailed=0, verdicts=1, broken=2)
    given = {"to": "ada@example.org", "sender": "triage@example.org", "now": NOW}
    beat = heartbeat(week, covers={"cs.LG": FRIDAY}, on=date(2026, 11, 23), **given)
    broken = {FRIDAY: "rss.arxiv.org: \x1b[31mno answer\r\nBcc: eve@evil.example " + "x" * 400}
    shout = alert(broken, **given)
    for mail in (beat, shout):
        _lint(mail, digest=False)
        assert mail.get_content_type() == "text/plain"
        assert "\x1b" not in mail.get_content()
        assert "Bcc" not in mail
    assert "1 announcement read, 30 papers in them" in beat.get_content()
    assert "1 verdict given" in beat.get_content()
    assert len({beat["Message-ID"], shout["Message-ID"]}) == 2


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
            "no alarm",
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
    days = (FRIDAY, FRIDAY - timedelta(days=1))
    day = replace(make_day(state="partial"), papers=papers, profiles=("efficient-inference", "other"), days=days)
    painted = Reader(html_part(day, precision="0.31"), dark=dark).painted
    assert len(painted) > 30
    assert len({ink for _, ink, _ in painted}) >= 4, "the styles were read"
    assert "0 papers ranked, none of them for this coffee." in {said for said, _, _ in painted}
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


def _lint(mail: EmailMessage, *, digest: bool = True) -> None:
    """What a strict receiver asks of the headers: known names once each, short ASCII lines, no folding accidents."""
    raw = mail.as_bytes(policy=email.policy.SMTP)
    head = raw.partition(b"\r\n\r\n")[0]
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    head.decode("ascii")
    names = [line.partition(":")[0] for line in head.decode().split("\r\n") if not line.startswith((" ", "\t"))]
    listed = ["X-Triage-Announced", "X-Triage-Papers", "X-Triage-Profiles", "X-Triage-Ranker", "X-Triage-State"]
    assert sorted(names) == sorted(set(names)), "each header once"
    assert [name for name in names if name not in ("MIME-Version", "Content-Type", "Content-Transfer-Encoding")] == [
        "Subject",
        "From",
        "To",
        "Date",
        "Message-ID",
        "List-Id",
        "Auto-Submitted",
        "X-Triage-Kind",
        *(listed if digest else ()),
    ]
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert not parsed.defects
    for name in ("Subject", "From", "To", "Message-ID", "List-Id", *(listed if digest else ())):
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
    assert message["X-Triage-Kind"] == "digest"
    assert message["X-Triage-Papers"] == "2"
    assert message["X-Triage-Profiles"] == "efficient-inference"
    assert message["Message-ID"].endswith("@example.org>")
    assert socket.gethostname() not in message.as_string().partition("\n\n")[0]


def test_the_message_id_depends_on_recipient_and_announcement_alone(
    make_day: Callable[..., Shortlist],
) -> None:
    def identify(day: Shortlist, to: str = "ada@example.org", now: datetime = NOW) -> str:
        return str(compose(day, to=to, sender="triage@example.org", now=now)["Message-ID"])

    first = identify(make_day())
    assert identify(make_day(papers=5), now=NOW + timedelta(hours=9)) == first
    assert identify(make_day(), to="Ada <Ada@Example.org>") == first
    assert identify(make_day(profiles=("agents", "kernels"))) == first
    others = {identify(make_day(), to="bo@example.org"), identify(make_day(announced=date(2026, 11, 19)))}
    assert len(others | {first}) == 3
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


def test_the_plain_list_needs_neither_jinja_nor_the_network() -> None:
    heavy = ("jinja2", "smtplib", "ssl", "email")
    code = f"import sys; from triage.digest import plain_list, send; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
