"""The register's own ledger (G7): what has happened to its households and places, by county."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session, col, or_, select

from models.base import canonical
from models.case.ledger import Entry, EntryKind, Ledger, LedgerError, verify
from models.identity import content_id
from models.register.changes import DivisionChange, KeptChange, RegisterChange
from registry.places import stem
from registry.tables import RegisterEntryRow

PREFIX = "register/"


def ledger_of(county: str) -> str:
    """The name of a county's ledger."""
    return f"{PREFIX}{county}"


def entry_of(session: Session, key: str) -> dict[str, Any] | None:
    """The entry by which a change was put down; None if it was not."""
    known = select(RegisterEntryRow.content).where(RegisterEntryRow.key == key)
    content = session.exec(known).first()
    return None if content is None else json.loads(content)


def enter(
    session: Session,
    county: str,
    change: RegisterChange | DivisionChange,
    subject: str,
    text: str,
    data: dict[str, Any],
    at: datetime,
) -> dict[str, Any]:
    """Add the entry of a change to a county's ledger, and bind it to the one before (G7)."""
    ledger, row = ledger_of(county), RegisterEntryRow
    last = session.exec(
        select(row.seq, row.hash).where(row.ledger == ledger).order_by(col(row.seq).desc()).limit(1)
    ).first()
    chain = Ledger(ledger, *(last or (0, None)))
    entry = chain.record(
        EntryKind.REGISTER_CHANGE,
        at,
        text=text,
        actor=f"{change.office} {change.officer}",
        data=data,
    )
    content: dict[str, Any] = entry.model_dump(mode="json")
    session.add(
        RegisterEntryRow(
            ledger=ledger,
            key=change.id,
            subject_code=subject,
            day=change.on,
            content=canonical(content),
            **entry.model_dump(include={"seq", "at", "text", "previous", "hash"}),
        )
    )
    session.flush()
    return content


def changes_of(session: Session, code: str) -> tuple[KeptChange, ...]:
    """What has happened to a household, a village or a county, the earliest first."""
    row = RegisterEntryRow
    here = or_(row.subject_code == code, col(row.content).contains(f'"{code}"'))
    return _kept(session, here)


def changes_in(session: Session, region: str | None, year: int | None) -> tuple[KeptChange, ...]:
    """What was put down in a county, city or province; of a year, by the day of the change."""
    row = RegisterEntryRow
    wanted: list[Any] = []
    if region is not None:
        wanted.append(col(row.ledger).startswith(f"{PREFIX}{stem(region[:6])}", autoescape=True))
    found = _kept(session, *wanted)
    return tuple(each for each in found if year is None or each.day.year == year)


def _kept(session: Session, *wanted: Any) -> tuple[KeptChange, ...]:
    row = RegisterEntryRow
    rows = session.exec(
        select(row).where(*wanted).order_by(col(row.day), col(row.ledger), col(row.seq))
    )
    return tuple(
        KeptChange(
            ledger=each.ledger,
            seq=each.seq,
            subject=each.subject_code,
            day=each.day,
            text=each.text,
            hash=each.hash,
        )
        for each in rows
    )


def _of(entry: Entry) -> tuple[Any, ...]:
    """Under which key an entry was put down, of what and of which day it is."""
    kind = "change" if "change" in entry.data else "division"
    said: Any = entry.data.get(kind, {})
    subject = said.get("household") or said.get("code")
    return content_id(kind, canonical(said)), subject, said.get("on")


def broken_ledgers(session: Session) -> Iterator[tuple[str, str]]:
    """Ledgers that are no whole, unaltered chain of their rows, each with what is wrong."""
    row = RegisterEntryRow
    for ledger in session.exec(select(row.ledger).distinct().order_by(row.ledger)):
        rows = session.exec(select(row).where(row.ledger == ledger).order_by(col(row.seq))).all()
        try:
            entries = [Entry.model_validate_json(each.content) for each in rows]
            verify(ledger, entries)
        except (LedgerError, ValidationError) as error:
            yield ledger, str(error)
            continue
        for each, entry in zip(rows, entries, strict=True):
            told = (entry.seq, entry.text, entry.hash, entry.previous, entry.at, *_of(entry))
            kept = (each.seq, each.text, each.hash, each.previous, each.at)
            if told != (*kept, each.key, each.subject_code, each.day.isoformat()):
                yield ledger, f"{ledger}: the row of entry {entry.seq} says something else"
