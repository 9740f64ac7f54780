"""What the registry's lists take from a case file: one new ledger entry at a time.

The file is the truth and is kept whatever its entries hold; a list takes what it understands and
leaves the rest. An entry that a list could refuse would hold up its case for ever.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session

from activities.database import claim
from models.ledger import Entry, EntryKind, root
from models.messages import CountyFigures
from models.orders import IN_FORCE, CaseState, LedgerBatch
from models.tables import (
    CaseRow,
    IndicatorRow,
    NotificationRow,
    ObjectionRow,
    PlanRow,
    Source,
    SubjectKind,
)


def list_case(session: Session, state: CaseState, now: datetime) -> None:
    """List a case that is about to begin, without an entry yet; a listed one is no change."""
    if session.get(CaseRow, state.case_id) is None:
        _list(session, state, entries=0, head=root(state.case_id), updated=now)


def keep_state(session: Session, state: CaseState, last: Entry) -> None:
    """List the case as it stands after a new last entry."""
    _list(session, state, entries=last.seq, head=last.hash, updated=last.at)


def _list(
    session: Session, state: CaseState, *, entries: int, head: str, updated: datetime
) -> None:
    row = session.get(CaseRow, state.case_id)
    values = state.model_dump(exclude={"waiting_for", "region", "limits"}) | {
        "limits": IN_FORCE.dump_json(state.limits).decode(),
        "waiting_for": str(state.waiting_for) if state.waiting_for else None,
        "region": f"/{'/'.join(state.region)}/",
        "entries": entries,
        "head": head,
        "updated": updated,
    }
    if row is None:
        session.add(CaseRow(**values))
    else:
        row.sqlmodel_update(values)
    # Everything else of a case refers to this row.
    session.flush()


def project(session: Session, batch: LedgerBatch, entries: Iterable[Entry]) -> None:
    """Carry new entries over into the lists."""
    for entry in entries:
        match entry.kind:
            case EntryKind.OPENED:
                application = _object(entry.data, "application")
                _indicators(session, batch.state, entry, application.get("figures"))
            case EntryKind.PLAN_ADDITION:
                _plan(session, batch, entry)
            case EntryKind.ACT:
                _indicators(session, batch.state, entry, _object(entry.data, "act").get("figures"))
            case EntryKind.OBJECTION:
                _objection(session, batch.case_id, entry)
            case EntryKind.OBJECTION_ACCEPTED:
                row = _objection_row(session, batch.case_id, entry.data.get("objection_id"))
                if row is not None:
                    row.accepted_at = entry.at
            case EntryKind.RESOLUTION:
                _resolution(session, batch.case_id, entry)
            case EntryKind.NOTIFIED | EntryKind.NOT_NOTIFIED:
                _notification(session, batch.case_id, entry)
            case _:
                pass


def _object(data: dict[str, Any], key: str) -> dict[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _text(data: dict[str, Any], key: str) -> str | None:
    found = data.get(key)
    return None if found is None else str(found)


def _indicators(session: Session, state: CaseState, entry: Entry, figures: Any) -> None:
    if figures is None:
        return
    try:
        snapshot = CountyFigures.model_validate(figures)
    except ValidationError:
        return
    session.add(
        IndicatorRow(
            case_id=state.case_id,
            seq=entry.seq,
            subject_code=state.subject_code,
            year=state.year,
            **snapshot.model_dump(),
        )
    )


def _plan(session: Session, batch: LedgerBatch, entry: Entry) -> None:
    """G6 应退则退: the county joins the year's plan, by the reason its application gave."""
    addition = _object(entry.data, "plan_addition")
    state = batch.state
    claim(session, f"plan {state.year} {state.subject_code}")
    if session.get(PlanRow, (state.year, state.subject_code)) is not None:
        return
    session.add(
        PlanRow(
            year=state.year,
            subject_code=state.subject_code,
            kind=SubjectKind(state.procedure),
            source=f"{state.case_id}, entry {entry.seq}",
            addition=True,
            reason=_text(addition, "reason"),
            document=_text(addition, "document_number"),
        )
    )


def _objection(session: Session, case_id: str, entry: Entry) -> None:
    objection = _object(entry.data, "objection")
    key = _text(objection, "id")
    if key is None or _objection_row(session, case_id, key) is not None:
        return
    session.add(
        ObjectionRow(
            case_id=case_id,
            objection_id=key,
            kind=Source.REPORT if entry.data.get("as") == Source.REPORT else Source.OBJECTION,
            text=_text(objection, "text") or "",
            objector=_text(objection, "objector"),
            contact=_text(objection, "contact"),
            received_at=entry.at,
        )
    )


def _objection_row(session: Session, case_id: str, key: Any) -> ObjectionRow | None:
    return session.get(ObjectionRow, (case_id, str(key)))


def _resolution(session: Session, case_id: str, entry: Entry) -> None:
    resolution = _object(entry.data, "resolution")
    row = _objection_row(session, case_id, resolution.get("objection_id"))
    if row is None:
        return
    row.finding = _text(resolution, "finding")
    row.reason = _text(resolution, "reason")
    row.resolved_by = _text(resolution, "office")
    row.document = _text(resolution, "document_number")
    row.resolved_at = entry.at


def _notification(session: Session, case_id: str, entry: Entry) -> None:
    session.add(
        NotificationRow(
            case_id=case_id,
            seq=entry.seq,
            topic=_text(entry.data, "topic") or "",
            recipient=_text(entry.data, "recipient") or "",
            channel=_text(entry.data, "channel") or "",
            delivered=entry.kind is EntryKind.NOTIFIED,
            error=_text(entry.data, "error"),
            at=entry.at,
        )
    )
