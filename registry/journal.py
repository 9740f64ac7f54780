"""Writing the registry's journal: last in every transaction, so that its lock is held shortly.

What a transaction changes is noted while it does, and put down when all else is done. Lines are
numbered and bound to each other across all files, by one writer at a time; the next one waits for
no more than the commit.
"""

import getpass
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from models.base import canonical
from models.checks.journal import (
    BEGINNING,
    JournalHead,
    JournalKind,
    column_digests,
    line_hash,
    short,
)
from registry.digests import digests_of
from registry.tables import JournalRow, NoticeRow, SampleRow

_NOTES = "exitflow notes"
REGISTER = "register/"
"""How the subjects of the register's own lines begin; behind it, a county or ``lines``."""


@dataclass
class _Notes:
    """What a transaction has done so far.

    Attributes:
        lines: Kind, subject and content of lines about cases.
        touched: Keys of what it changed of the register itself, as ``digests_of`` names them.
        by: What is said of that change: which file, how many.
        before: Keys that were not as the journal had them before this transaction touched them.
    """

    lines: list[tuple[JournalKind, str, dict[str, Any]]] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    by: dict[str, Any] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)
    looked_at: set[str] = field(default_factory=set)


def _notes(session: Session) -> _Notes:
    notes: _Notes = session.info.setdefault(_NOTES, _Notes())
    return notes


def note(session: Session, kind: JournalKind, case_id: str, content: Mapping[str, Any]) -> None:
    """Note that a case's part of the registry changes in this transaction."""
    _notes(session).lines.append((kind, case_id, dict(content)))


def note_row(session: Session, kind: JournalKind, case_id: str, row: NoticeRow | SampleRow) -> None:
    """Note a row that a case's order has put there, by a digest of each column."""
    key = row.id if isinstance(row, NoticeRow) else row.case_id
    note(session, kind, case_id, {"key": key, "row": column_digests(row.model_dump())})


def listed(
    session: Session, case_id: str, households: Iterable[str], due_on: str | None = None
) -> None:
    """Note whom a case's admission has put on a list, before an entry says so."""
    content: dict[str, Any] = {"households": sorted(households)}
    if due_on is not None:
        content["due_on"] = due_on
    note(session, JournalKind.LISTED, case_id, content)


def touch(session: Session, keys: Iterable[str]) -> None:
    """Note that parts of the register itself change in this transaction."""
    _notes(session).touched.update(keys)


def describe(session: Session, what: str, **said: Any) -> None:
    """Say by what the register itself changes: an import, a line, a mean, a plan, counties."""
    _notes(session).by.update({"what": what, **said})


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file that was handed in."""
    digest = sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


def look_before(session: Session, keys: Iterable[str]) -> None:
    """Hold parts of the register against the journal before this transaction changes them.

    Otherwise an edit past the journal would be taken for part of the change that comes next.
    """
    notes = _notes(session)
    new = set(keys) - notes.looked_at
    if not new:
        return
    notes.looked_at |= new
    told = last_digests(session, new)
    if not told:
        return
    found = digests_of(session.connection(), told)
    for key, digest in told.items():
        if found.get(key, "") != digest:
            notes.before[key] = digest


def last_digests(session: Session, keys: Iterable[str]) -> dict[str, str]:
    """What the journal said last of parts of the register, of those that it knows."""
    by_subject: defaultdict[str, set[str]] = defaultdict(set)
    for key in keys:
        by_subject[subject_of(key)].add(key)
    told: dict[str, str] = {}
    for subject, wanted in by_subject.items():
        lines = session.exec(
            select(JournalRow.content)
            .where(JournalRow.subject == subject)
            .order_by(col(JournalRow.number).desc())
        )
        for content in lines:
            parts = parts_in(content)
            told |= {key: parts[key] for key in wanted & parts.keys()}
            wanted -= parts.keys()
            if not wanted:
                break
    return told


def parts_in(content: str) -> dict[str, str]:
    """Which parts of the register a line speaks of, with their digests."""
    parts: dict[str, str] = json.loads(content).get("parts", {})
    return parts


def subject_of(key: str) -> str:
    """Under which subject a part of the register stands in the journal.

    >>> subject_of("village/411523100001"), subject_of("plan/2017/411523")
    ('register/411523', 'register/411523')
    >>> subject_of("survey/411523100001/2016"), subject_of("line/2016")
    ('register/411523', 'register/lines')
    """
    kind, _, rest = key.partition("/")
    if kind == "line":
        return f"{REGISTER}lines"
    code = rest.partition("/")[2] if kind == "plan" else rest.partition("/")[0]
    return f"{REGISTER}{code[:6]}"


def has_notes(session: Session) -> bool:
    """Whether there is anything to put down."""
    notes: _Notes | None = session.info.get(_NOTES)
    return notes is not None and bool(notes.lines or notes.touched)


def prepare(session: Session) -> None:
    """Read back what was touched of the register: before the journal's lock is taken."""
    notes = _notes(session)
    if not notes.touched:
        return
    found = digests_of(session.connection(), notes.touched)
    by_subject: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for key in sorted(notes.touched):
        by_subject[subject_of(key)][key] = found.get(key, "")
    for subject, parts in sorted(by_subject.items()):
        content = {**notes.by, "by": _who(), "parts": parts}
        before = {key: digest for key, digest in notes.before.items() if key in parts}
        if before:
            content["before"] = before
        notes.lines.append((JournalKind.REGISTER, subject, content))
    notes.touched.clear()


def put_down(session: Session) -> None:
    """Add the lines that were noted; the caller holds the journal's lock until its commit."""
    notes = _notes(session)
    head = head_of(session)
    number, previous = head.number, head.hash
    now = datetime.now(UTC)
    rows = []
    for kind, subject, content in notes.lines:
        number += 1
        said = canonical(content)
        hash_ = line_hash(number, kind.value, subject, now, said, previous)
        rows.append(
            JournalRow(
                number=number,
                kind=kind.value,
                subject=subject,
                at=now,
                content=said,
                previous=previous,
                hash=hash_,
            )
        )
        previous = hash_
    session.add_all(rows)
    session.flush()
    del session.info[_NOTES]


def head_of(session: Session) -> JournalHead:
    """The last line; number 0 if the journal is empty."""
    last = session.exec(
        select(JournalRow.number, JournalRow.hash).order_by(col(JournalRow.number).desc()).limit(1)
    ).first()
    return (
        JournalHead(number=last[0], hash=last[1]) if last else JournalHead(number=0, hash=BEGINNING)
    )


def case_content(row: Mapping[str, Any], limits: Sequence[str]) -> dict[str, Any]:
    """What a line says of a case: how far its file goes, and how its rows of the lists read.

    Args:
        limits: The contents of its limits in force, the nearest first.
    """
    columns = {name: value for name, value in row.items() if name not in _OF_THE_FILE}
    return {
        "entries": row["entries"],
        "head": row["head"],
        "state": column_digests(columns),
        "limits": [short(content) for content in limits],
    }


_OF_THE_FILE = ("case_id", "entries", "head")


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in a container
        return "?"
