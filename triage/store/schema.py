"""The tables, as numbered migrations: the schema's history reads top to bottom.

Every function whose name begins with m and three digits is one. sqlite-utils, which pulls numpy, is loaded only where
one has to be applied: a session that opens a database of today does without.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

SET = "triage"
"""The name under which sqlite-utils keeps the list of applied migrations."""


def m001_papers(db: Database) -> None:
    """Papers at their newest version, every version seen, and the announcements that listed them."""
    db.table("papers").create(
        {
            "id": str,
            "version": int,
            "title": str,
            "abstract": str,
            "authors": str,
            "categories": str,
            "submitted": str,
            "updated": str,
            "comment": str,
            "doi": str,
            "journal_ref": str,
            "first_seen": str,
            "detailed_version": int,
        },
        pk="id",
        not_null={"version", "title", "abstract", "authors", "categories", "first_seen"},
    )
    db.table("versions").create(
        {"paper_id": str, "version": int, "title": str, "abstract": str, "seen_at": str},
        pk=("paper_id", "version"),
        foreign_keys=[("paper_id", "papers", "id")],
    )
    db.table("announcements").create(
        {"paper_id": str, "announced": str, "type": str, "feed_day": str, "seen_at": str},
        pk=("paper_id", "announced", "type"),
        not_null={"announced", "type", "seen_at"},
        foreign_keys=[("paper_id", "papers", "id")],
    )
    db.table("announcements").create_index(["announced"])
    db.table("papers").enable_fts(["title", "abstract", "authors"], create_triggers=True, tokenize="porter unicode61")


def m002_runs(db: Database) -> None:
    """Each run's recorded state, and per category the days whose announcement is confirmed."""
    db.table("runs").create(
        {"id": int, "at": str, "state": str, "announced": str, "report": str}, pk="id", not_null={"at", "state"}
    )
    db.table("coverage").create(
        {"category": str, "announced": str, "state": str, "reason": str, "run_id": int},
        pk=("category", "announced"),
        foreign_keys=[("run_id", "runs", "id")],
    )


def m003_vectors(db: Database) -> None:
    """Unit vectors by encoder, revision and hash of the text, so that nothing is embedded twice."""
    db.table("vectors").create(
        {"encoder": str, "revision": str, "text_hash": str, "vector": bytes},
        pk=("encoder", "revision", "text_hash"),
        not_null={"vector"},
    )


def m004_rankings(db: Database) -> None:
    """What every ranker said of every day, and the shortlists as they were shown."""
    db.table("rankings").create(
        {
            "id": int,
            "profile": str,
            "fingerprint": str,
            "ranker": str,
            "version": str,
            "inputs": str,
            "announced": str,
            "at": str,
            "note": str,
        },
        pk="id",
    )
    db.table("rankings").create_index(["profile", "announced", "ranker"])
    db.table("scores").create(
        {"ranking_id": int, "paper_id": str, "rank": int, "score": float, "worth": float, "parts": str, "why": str},
        pk=("ranking_id", "paper_id"),
        foreign_keys=[("ranking_id", "rankings", "id"), ("paper_id", "papers", "id")],
    )
    db.table("shortlists").create(
        {
            "id": int,
            "day": str,
            "at": str,
            "shown_by": str,
            "state": str,
            "announced": str,
            "budget_s": float,
            "left_s": float,
            "ranker": str,
            "version": str,
            "left_out": int,
        },
        pk="id",
    )
    db.table("picks").create(
        {
            "shortlist_id": int,
            "place": int,
            "paper_id": str,
            "profile": str,
            "slot": str,
            "score": float,
            "chance": float,
            "seconds": float,
        },
        pk=("shortlist_id", "place"),
        foreign_keys=[("shortlist_id", "shortlists", "id"), ("paper_id", "papers", "id")],
    )


def m005_verdicts(db: Database) -> None:
    """Verdicts, append-only: an undo is a row of its own that names the row it takes back."""
    db.table("verdicts").create(
        {
            "id": int,
            "paper_id": str,
            "kind": str,
            "reason": str,
            "profile": str,
            "at": str,
            "day": str,
            "undoes": int,
        },
        pk="id",
        not_null={"paper_id", "kind", "at", "day"},
        foreign_keys=[("paper_id", "papers", "id"), ("undoes", "verdicts", "id")],
    )
    db.table("verdicts").create_index(["undoes"], unique=True)
    db.table("verdicts").create_index(["paper_id"])
    for event in ("UPDATE", "DELETE"):
        db.execute(
            f"CREATE TRIGGER verdicts_no_{event.lower()} BEFORE {event} ON verdicts "
            "BEGIN SELECT RAISE(ABORT, 'verdicts are append-only'); END"
        )


def m006_coffees(db: Database) -> None:
    """The ledger: one coffee for each local day, shared by all terminals."""
    db.table("coffees").create(
        {"day": str, "budget_s": float, "spent_s": float, "state": str, "refills": int, "opened_at": str},
        pk="day",
        not_null={"budget_s", "spent_s", "state", "refills", "opened_at"},
    )


def m007_mails(db: Database) -> None:
    """The outbox: composed, stored, sent, marked; at most one for a recipient and an announcement."""
    db.table("mails").create(
        {
            "message_id": str,
            "recipient": str,
            "announced": str,
            "profiles": str,
            "papers": str,
            "state": str,
            "message": bytes,
            "composed_at": str,
            "sent_at": str,
        },
        pk="message_id",
    )


def m008_run_offset(db: Database) -> None:
    """How far the server's clock was ahead of this machine's, in seconds; None where no answer came."""
    db.table("runs").add_column("offset_s", float)


def m010_mail_kinds(db: Database) -> None:
    """Heartbeats and alerts beside the digests; what a mail covers, how often it was tried, why it was refused."""
    mails = db.table("mails")
    mails.add_column("kind", str, not_null_default="digest")
    mails.add_column("covers", str, not_null_default="{}")
    mails.add_column("missing", str, not_null_default="{}")
    mails.add_column("attempts", int, not_null_default=0)
    mails.add_column("refused", str, not_null_default="")
    mails.create_index(["recipient", "announced", "kind"])


def m011_digest_days(db: Database) -> None:
    """How the digest fared on each local day; a reason that is not empty is a broken day."""
    db.table("digest_days").create({"day": str, "reason": str, "at": str}, pk="day", not_null={"reason", "at"})


def m013_dwells(db: Database) -> None:
    """How long papers were looked at; no text, and only what the reading pace is learnt from."""
    db.table("dwells").create(
        {
            "id": int,
            "paper_id": str,
            "session": str,
            "shown_at": str,
            "level": int,
            "words": int,
            "active_s": float,
            "outcome": str,
            "rank": int,
            "decile": int,
            "exposure": int,
            "idle_cut": int,
            "focus_lost": int,
            "away": int,
        },
        pk="id",
        not_null={"paper_id", "session", "shown_at", "level", "words", "active_s"},
        foreign_keys=[("paper_id", "papers", "id")],
    )


def m014_rations(db: Database) -> None:
    """Pauses and refills as they were taken: one of a kind on a day, whatever happens to the program afterwards."""
    db.table("rations").create({"day": str, "kind": str, "at": str}, pk=("day", "kind"), not_null={"at"})


def m015_notebook(db: Database) -> None:
    """The diary: what each coffee came to, and the reader's line."""
    db.table("notebook").create(
        {"day": str, "minutes": float, "shown": int, "kept": int, "line": str},
        pk="day",
        not_null={"minutes", "shown", "kept", "line"},
    )


def m016_sessions(db: Database) -> None:
    """Each sitting at a coffee and how it ended; one without an end runs or crashed."""
    db.table("sessions").create(
        {"id": int, "day": str, "opened_at": str, "ended_at": str, "ending": str, "seconds": float},
        pk="id",
        not_null={"day", "opened_at"},
    )


def m017_notes(db: Database) -> None:
    """The reader's own words on a paper, one note each."""
    db.table("notes").create(
        {"paper_id": str, "text": str, "at": str},
        pk="paper_id",
        not_null={"text", "at"},
        foreign_keys=[("paper_id", "papers", "id")],
    )


def m020_pick_worth(db: Database) -> None:
    """The prior chance that a pick was shown with, so that the reader's verdicts can be held against it."""
    db.table("picks").add_column("worth", float)


def m023_list_parameters(db: Database) -> None:
    """What a list was made by beside its ranker, and which ranker of a trial each pick is owed to."""
    db.table("shortlists").add_column("parameters", str)
    db.table("picks").add_column("picked_by", str, not_null_default="")


def m024_reviews(db: Database) -> None:
    """The deployed ranker against its rival after each coffee, and the drift of each ranked announcement."""
    figures = {f"{side}_{name}": float for side in ("mine", "theirs") for name in ("value", "low", "high", "effective")}
    db.table("reviews").create(
        {
            "coffee": str,
            "at": str,
            "ranker": str,
            "rival": str,
            "version": str,
            "mine_n": int,
            "theirs_n": int,
            **figures,
            "apart": int,
            "decided": str,
        },
        pk="coffee",
        not_null={"at", "ranker", "rival", "version", "apart", "decided"},
    )
    db.table("drifts").create(
        {"profile": str, "announced": str, "at": str, "reason": str, "psi": float, "days": int},
        pk=("profile", "announced"),
        not_null={"at", "reason"},
    )


def m028_tags(db: Database) -> None:
    """The reader's tags, any number on a paper."""
    db.table("tags").create(
        {"paper_id": str, "tag": str, "at": str},
        pk=("paper_id", "tag"),
        not_null={"at"},
        foreign_keys=[("paper_id", "papers", "id")],
    )
    db.table("tags").create_index(["tag"])


def m029_releases(db: Database) -> None:
    """What was let go from the kept list, and when it was taken back; the verdict itself stands."""
    db.table("releases").create(
        {"paper_id": str, "at": str, "why": str, "back_at": str},
        pk=("paper_id", "at"),
        not_null={"why"},
        foreign_keys=[("paper_id", "papers", "id")],
    )


def m030_shared(db: Database) -> None:
    """Papers that somebody pointed out: they compete in the next coffee. Their text may still have to be fetched."""
    db.table("shared").create(
        {"paper_id": str, "title": str, "source": str, "at": str},
        pk="paper_id",
        not_null={"source", "at"},
    )


def m031_searchable(db: Database) -> None:
    """Names of authors as they are written, not as JSON escapes them, so that they can be found; notes likewise."""
    rows = db.execute("SELECT id, authors FROM papers WHERE instr(authors, '\\u') > 0").fetchall()
    told = [(_unescaped(authors), paper) for paper, authors in rows]
    db.conn.executemany("UPDATE papers SET authors = ? WHERE id = ?", told)
    db.table("notes").enable_fts(["text"], create_triggers=True, tokenize="porter unicode61")


def m033_retention(db: Database) -> None:
    """Announcements and scores outlive the paper that they name; what keeps a paper is found by its identifier."""
    for table in ("announcements", "scores"):
        text = str(db.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0])
        loose = text.replace('"paper_id" TEXT REFERENCES "papers"("id")', '"paper_id" TEXT')
        db.execute(loose.replace(f'"{table}"', f'"{table}_loose"', 1))
        db.execute(f"INSERT INTO {table}_loose SELECT * FROM {table}")
        db.execute(f"DROP TABLE {table}")
        db.execute(f"ALTER TABLE {table}_loose RENAME TO {table}")
    db.table("announcements").create_index(["announced"])
    db.table("picks").create_index(["paper_id"])
    db.table("dwells").create_index(["paper_id"])
    db.table("papers").create_index(["first_seen"])
    db.table("rankings").create_index(["announced"])


def m034_background(db: Database) -> None:
    """The newest papers are found by an index, however many there are: by announcement, or among the unannounced."""
    db.table("unannounced").create({"paper_id": str, "day": str}, pk="paper_id", not_null={"day"})
    db.table("unannounced").create_index(["day", "paper_id"])
    day = "coalesce(date({0}.submitted), {0}.first_seen)"
    never = "NOT EXISTS (SELECT 1 FROM announcements a WHERE a.paper_id = {0}.id)"
    db.execute(f"INSERT INTO unannounced SELECT p.id, {day.format('p')} FROM papers p WHERE {never.format('p')}")
    for event, does in {
        "INSERT ON papers": f"INSERT INTO unannounced SELECT new.id, {day.format('new')} WHERE {never.format('new')}",
        "UPDATE OF submitted ON papers": f"UPDATE unannounced SET day = {day.format('new')} WHERE paper_id = new.id",
        "DELETE ON papers": "DELETE FROM unannounced WHERE paper_id = old.id",
        "INSERT ON announcements": "DELETE FROM unannounced WHERE paper_id = new.paper_id",
    }.items():
        name = "_".join(["unannounced", *event.lower().split()[:1], event.split()[-1]])
        db.execute(f"CREATE TRIGGER {name} AFTER {event} BEGIN {does}; END")
    db.execute("DROP INDEX idx_announcements_announced")
    db.table("announcements").create_index(["announced", "paper_id", "type"])


def m040_filed(db: Database) -> None:
    """Where each paper's vector stands in the file beside the database, and the papers that are not in it yet.

    `filed.kept` is 0 where the file alone has the vector, 1 where `vectors` has it too, 2 where it was moved out of
    there. `text_key` is the first eight bytes of the hash of the text. `spare` are rows of the file without a paper.
    `vector_file` has one row at most.
    """
    db.table("vector_file").create(
        {"token": str, "encoder": str, "revision": str, "dims": int, "rows": int},
        pk="token",
        not_null={"encoder", "revision", "dims", "rows"},
    )
    db.table("filed").create(
        {"row": int, "paper_id": str, "text_key": int, "kept": int},
        pk="row",
        not_null={"paper_id", "text_key", "kept"},
    )
    db.table("filed").create_index(["paper_id"], unique=True)
    db.table("filed").create_index(["text_key"])
    db.table("filed").create_index(["kept", "paper_id"])
    db.table("spare").create({"row": int}, pk="row")
    db.execute('CREATE TABLE "unfiled" ("paper_id" TEXT PRIMARY KEY) WITHOUT ROWID')
    db.execute("INSERT INTO unfiled SELECT id FROM papers")
    leaves = (
        "INSERT INTO spare SELECT row FROM filed WHERE paper_id = old.id; DELETE FROM filed WHERE paper_id = old.id"
    )
    waits = "INSERT INTO unfiled SELECT new.id WHERE NOT EXISTS (SELECT 1 FROM unfiled u WHERE u.paper_id = new.id)"
    for event, does in {
        "INSERT": waits,
        "UPDATE OF title, abstract": f"{leaves}; {waits}",
        "DELETE": f"{leaves}; DELETE FROM unfiled WHERE paper_id = old.id",
    }.items():
        name = f"unfiled_{event.split()[0].lower()}"
        db.execute(f"CREATE TRIGGER {name} AFTER {event} ON papers BEGIN {does}; END")


def m041_unfinished(db: Database) -> None:
    """Whether the newest run has still something to read or to rank, because it was killed or told to stop early."""
    db.table("runs").add_column("unfinished", int, not_null_default=0)


def _unescaped(authors: str) -> str:
    """The same list of names without escapes; half of a surrogate pair is no text."""
    return json.dumps(json.loads(authors), ensure_ascii=False).encode("utf-8", "replace").decode("utf-8")


NAMES = frozenset(name for name in list(globals()) if name[:1] == "m" and name[1:4].isdigit())
"""Every migration this triage knows; a database that had others is newer."""


def migrations() -> Migrations:
    """All of them for sqlite-utils, in the order of their numbers."""
    from sqlite_utils import Migrations

    found = Migrations(SET)
    for name in sorted(NAMES):
        found()(globals()[name])
    return found
