"""What the registry's lists take from a case file: one new ledger entry at a time.

The file is the truth and is kept whatever its entries hold; a list takes what it understands and
leaves the rest. An entry that a list could refuse would hold up its case for ever.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session, col, select

from models.alarms import Alarm
from models.base import canonical
from models.case.documents import CaseDocument
from models.case.ledger import Entry, EntryKind, root, told_by
from models.case.orders import CaseState, LedgerBatch
from models.checks.journal import JournalKind
from models.offices import SubjectKind
from models.procedures import FOLLOW_UP, HOUSEHOLD_EXIT, VILLAGE_EXIT
from models.register.counties import SERVICES, CountyFigures
from models.register.villages import FieldSurvey, Survey
from models.supervision.messages import SupervisionResult
from registry.cases.limits import keep_limits
from registry.cases.visits import list_due, list_risk, list_visits
from registry.journal import case_content, note
from registry.register.plans import claim_plan
from registry.tables import (
    AlarmRow,
    CaseRow,
    DocumentRow,
    IndicatorRow,
    ObjectionRow,
    PlanRow,
    RosterRow,
    Source,
    SupervisionRow,
    VillageYearRow,
)


def list_case(session: Session, state: CaseState, now: datetime, run: str) -> None:
    """List a case that is about to begin, without an entry yet; a listed one is no change."""
    if session.get(CaseRow, state.case_id) is None:
        kind, head = JournalKind.ADMITTED, root(state.case_id)
        _list(session, kind, state, run, entries=0, head=head, updated=now)


def keep_state(session: Session, batch: LedgerBatch, new: Sequence[Entry]) -> None:
    """List the case as it stands after new entries.

    What was admitted stays as it was; round and outcome are what the file says.
    """
    row, last = session.get(CaseRow, batch.case_id), new[-1]
    outcome = row.outcome if row is not None else None
    for entry in new:
        for told in _told(entry):
            if told.kind is EntryKind.CLOSED:
                outcome = _text(_object(told.data, "outcome"), "ending")
    state = batch.state.model_copy(update={"outcome": outcome, "round": last.round})
    kind, seq, head = JournalKind.ENTRIES, last.seq, last.hash
    _list(session, kind, state, batch.run, entries=seq, head=head, updated=last.at)


_AS_ADMITTED = ("procedure", "subject_code", "year", "region", "run")


def _list(
    session: Session,
    kind: JournalKind,
    state: CaseState,
    run: str,
    *,
    entries: int,
    head: str,
    updated: datetime,
) -> None:
    row = session.get(CaseRow, state.case_id)
    values = state.model_dump(exclude={"waiting_for", "region", "limits"}) | {
        "waiting_for": str(state.waiting_for) if state.waiting_for else None,
        "region": f"/{'/'.join(state.region)}/",
        "entries": entries,
        "head": head,
        "updated": updated,
        "run": run,
    }
    if row is None:
        row = CaseRow(**values)
        session.add(row)
    else:
        row.sqlmodel_update({key: values[key] for key in values if key not in _AS_ADMITTED})
    # Everything else of a case refers to this row.
    session.flush()
    limits = keep_limits(session, row, state.limits)
    note(session, kind, state.case_id, case_content(row.model_dump(), limits))


def project(session: Session, batch: LedgerBatch, entries: Iterable[Entry]) -> None:
    """Carry new entries over into the lists."""
    for entry in entries:
        _courses(session, batch.state, entry)
        for told in _told(entry):
            _investigation(session, batch.case_id, told)
        match entry.kind:
            case EntryKind.OPENED:
                application = _object(entry.data, "application")
                _indicators(session, batch.state, entry, application.get("figures"))
            case EntryKind.PLAN_ADDITION:
                _plan(session, batch, entry)
            case EntryKind.ACT:
                act = _object(entry.data, "act")
                _indicators(session, batch.state, entry, act.get("figures"))
                _survey(session, batch.state, entry, act.get("survey"))
            case EntryKind.ALARM:
                _alarm(session, batch.case_id, entry)
            case EntryKind.DOCUMENT:
                _document(session, batch.case_id, entry)
            case EntryKind.SUPERVISION:
                _supervision(session, batch.case_id, entry)
            case EntryKind.CHECKS if batch.state.procedure == FOLLOW_UP.id:
                list_due(session, batch.state, entry)
                list_visits(session, batch.state, entry)
            case EntryKind.RISK:
                list_risk(session, batch.state, entry)
            case _:
                pass


def _told(entry: Entry) -> list[Entry]:
    """An entry, and what the case had told otherwise, as far as it can be read."""
    try:
        return list(told_by(entry))
    except (KeyError, TypeError, ValueError):
        return [entry]


def _investigation(session: Session, case_id: str, entry: Entry) -> None:
    """An objection, and what becomes of it."""
    match entry.kind:
        case EntryKind.OBJECTION:
            _objection(session, case_id, entry)
        case EntryKind.OBJECTION_ACCEPTED:
            row = _objection_row(session, case_id, entry.data.get("objection_id"))
            if row is not None:
                row.accepted_at = entry.at
        case EntryKind.RESOLUTION:
            _resolution(session, case_id, entry)
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
            **_in_columns(snapshot),
        )
    )


def _in_columns(figures: CountyFigures) -> dict[str, Any]:
    """Figures as a row has them: what is judged in two columns each."""
    judged = {
        f"{name}_{field}": value
        for name in SERVICES
        for field, value in getattr(figures, name).model_dump().items()
    }
    return figures.model_dump(exclude=set(SERVICES)) | judged


def figures_of(row: IndicatorRow) -> CountyFigures:
    """The figures that a row keeps."""
    kept = row.model_dump()
    judged = {
        name: {"met": kept[f"{name}_met"], "statement": kept[f"{name}_statement"]}
        for name in SERVICES
    }
    plain = set(CountyFigures.model_fields) - set(SERVICES)
    return CountyFigures.model_validate({field: kept[field] for field in plain} | judged)


def _survey(session: Session, state: CaseState, entry: Entry, survey: Any) -> None:
    """V1: what the case's own survey found stands for the year, in place of what was loaded."""
    if survey is None or state.procedure != VILLAGE_EXIT.id:
        return
    try:
        found = FieldSurvey.model_validate(survey)
    except ValidationError:
        return
    kept = found.model_dump(include=set(Survey.model_fields))
    values = {"source": f"{state.case_id}, entry {entry.seq}", **kept}
    row = session.get(VillageYearRow, (state.subject_code, state.year))
    if row is None:
        session.add(VillageYearRow(village_code=state.subject_code, year=state.year, **values))
    else:
        row.sqlmodel_update(values)


def _courses(session: Session, state: CaseState, entry: Entry) -> None:
    """H1-H4: where the households of a roster are that an entry has moved."""
    courses = _object(entry.data, "courses")
    if not courses or state.procedure != HOUSEHOLD_EXIT.id:
        return
    rows = {
        row.household_code: row
        for row in session.exec(
            select(RosterRow).where(
                RosterRow.case_id == state.case_id, col(RosterRow.household_code).in_(courses)
            )
        )
    }
    for code, course in courses.items():
        word, reason = course if isinstance(course, list) and len(course) == 2 else ("", None)
        row = rows.get(code)
        if row is None:
            row = RosterRow(
                case_id=state.case_id, household_code=code, year=state.year, state="", since=0
            )
            session.add(row)
        row.state, row.since = str(word), entry.seq
        row.reason = None if reason is None else str(reason)


def _plan(session: Session, batch: LedgerBatch, entry: Entry) -> None:
    """G6 应退则退: the subject joins the year's plan, by the reason its application gave.

    A roster is no subject of a plan; its households are.
    """
    state = batch.state
    if state.procedure != HOUSEHOLD_EXIT.id:
        _add_to_plan(session, batch, entry, state.subject_code, entry.data.get("plan_addition"))
        return
    for code, addition in _object(entry.data, "households").items():
        _add_to_plan(session, batch, entry, code, addition)


def _add_to_plan(
    session: Session, batch: LedgerBatch, entry: Entry, code: str, addition: Any
) -> None:
    state, given = batch.state, addition if isinstance(addition, dict) else {}
    claim_plan(session, state.year)
    if session.get(PlanRow, (state.year, code)) is not None:
        return
    session.add(
        PlanRow(
            year=state.year,
            subject_code=code,
            kind=SubjectKind(state.procedure),
            source=f"{state.case_id}, entry {entry.seq}",
            addition=True,
            reason=_text(given, "reason"),
            document=_text(given, "document_number"),
        )
    )


_SOURCES = {each.value: each for each in Source}
"""A plea (F6) is an objection here."""


def _objection(session: Session, case_id: str, entry: Entry) -> None:
    objection = _object(entry.data, "objection")
    key = _text(objection, "id")
    if key is None or _objection_row(session, case_id, key) is not None:
        return
    session.add(
        ObjectionRow(
            case_id=case_id,
            objection_id=key,
            kind=_SOURCES.get(str(entry.data.get("as")), Source.OBJECTION),
            text=_text(objection, "text") or "",
            objector=_text(objection, "objector"),
            contact=_text(objection, "contact"),
            review_of=_text(objection, "review_of"),
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


def _alarm(session: Session, case_id: str, entry: Entry) -> None:
    """F5: an exited village or county above the threshold, or not any more; nothing changes."""
    try:
        alarm = Alarm.model_validate(entry.data.get("alarm"))
    except ValidationError:
        return
    session.add(
        AlarmRow(
            case_id=case_id,
            seq=entry.seq,
            subject_code=alarm.code,
            kind=SubjectKind(alarm.kind),
            ended=alarm.ended,
            **alarm.incidence.model_dump(),
        )
    )


def _document(session: Session, case_id: str, entry: Entry) -> None:
    """F9: in the case itself, or in a supplement to one that had ended."""
    try:
        document = CaseDocument.model_validate(entry.data.get("document"))
    except ValidationError:
        return
    session.add(
        DocumentRow(
            case_id=case_id,
            seq=entry.seq,
            belongs_to=_text(entry.data, "belongs_to") or case_id,
            kind=document.kind.value,
            at=document.at or entry.at,
            office=str(document.office),
            document=document.document_number,
            text=document.text,
            evidence=canonical([each.content() for each in document.evidence]),
        )
    )


def _supervision(session: Session, case_id: str, entry: Entry) -> None:
    """F6: from the supervision's own file; the county's case that was told of it keeps a copy."""
    try:
        result = SupervisionResult.model_validate(entry.data.get("supervision"))
    except ValidationError:
        return
    if result.supervision != case_id or session.get(SupervisionRow, case_id) is not None:
        return
    session.add(
        SupervisionRow(
            case_id=case_id,
            seq=entry.seq,
            county_code=result.county,
            year=result.year,
            decided_at=result.at,
            office=str(result.office),
            document=result.document,
            rates=canonical(result.rates.model_dump(mode="json")),
            failed=canonical(list(result.failed)),
        )
    )
