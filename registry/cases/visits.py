"""Visits and risk marks (F5) as the registry lists them, carried over from case files."""

from collections.abc import Iterable, Sequence
from datetime import date

from pydantic import ValidationError
from sqlmodel import Session, col, select

from models.case.ledger import Entry
from models.case.orders import CaseState
from models.follow_up.messages import RiskMark, Visits
from models.follow_up.orders import MarkInForce
from models.periods import beijing
from models.register.households import Risk
from registry.tables import CheckRow, HouseholdRow, RiskRow


def in_batches(codes: Sequence[str]) -> Iterable[Sequence[str]]:
    """So many at once as every database takes in one question."""
    return (codes[first : first + 500] for first in range(0, len(codes), 500))


def marks_in_force(session: Session, households: Sequence[str]) -> tuple[MarkInForce, ...]:
    """The risks that households are marked with now."""
    found: list[tuple[str, Risk]] = []
    for batch in in_batches(households):
        marks = select(RiskRow.household_code, RiskRow.risk).where(
            col(RiskRow.household_code).in_(batch), col(RiskRow.until).is_(None)
        )
        found += [(code, Risk(risk)) for code, risk in session.exec(marks)]
    each_once = sorted(set(found), key=lambda mark: (mark[0], mark[1].value))
    return tuple(MarkInForce(household=code, risk=risk) for code, risk in each_once)


def list_due(session: Session, state: CaseState, entry: Entry) -> None:
    """Carry over whom an entry says is due: rows are missing where an older copy was restored."""
    due = entry.data.get("due")
    codes = due.get("households") if isinstance(due, dict) else None
    if not isinstance(codes, list):
        return
    try:
        due_on = date.fromisoformat(str(entry.data.get("due_on")))
    except ValueError:
        return
    for batch in in_batches(_registered(session, [str(code) for code in codes])):
        listed = session.exec(
            select(CheckRow.household_code).where(
                CheckRow.year == state.year, col(CheckRow.household_code).in_(batch)
            )
        ).all()
        missing = sorted({*batch} - {*listed})
        session.add_all(
            CheckRow(household_code=code, year=state.year, case_id=state.case_id, due_on=due_on)
            for code in missing
        )
    session.flush()


def list_visits(session: Session, state: CaseState, entry: Entry) -> None:
    """Carry the visits of an entry over; a later one of a household replaces what is listed."""
    try:
        visits = Visits.model_validate(entry.data.get("checks"))
        due_on = date.fromisoformat(str(entry.data.get("due_on")))
    except (ValidationError, ValueError):
        return
    made = {visit.household: visit for visit in visits.visits}
    for code in _registered(session, list(made)):
        visit, row = made[code], session.get(CheckRow, (code, state.year))
        if row is None:  # in a registry that was restored from an older copy
            row = CheckRow(
                household_code=code, year=state.year, case_id=state.case_id, due_on=due_on
            )
            session.add(row)
        row.seq, row.made_on, row.stable = entry.seq, visit.made_on, visit.stable
        row.note, row.office = visit.note, str(visits.office)
        if visit.risk is not None:
            reason = visit.note or ""
            _mark(session, state, entry, code, visit.risk, visit.made_on, reason, row.office)


def list_risk(session: Session, state: CaseState, entry: Entry) -> None:
    """Carry a risk mark over: it begins on its day, or ends."""
    try:
        mark = RiskMark.model_validate(entry.data.get("risk"))
    except ValidationError:
        return
    on = beijing(mark.at or entry.at).date()
    if not mark.lifted:
        if _registered(session, [mark.household]):
            office = str(mark.office)
            _mark(session, state, entry, mark.household, mark.risk, on, mark.reason, office)
        return
    for row in _in_force(session, mark.household, mark.risk):
        row.until = max(on, row.since)  # signed on an earlier day than the visit that marked it


def _mark(
    session: Session,
    state: CaseState,
    entry: Entry,
    household: str,
    risk: Risk,
    since: date,
    reason: str,
    office: str,
) -> None:
    if _in_force(session, household, risk):
        return
    session.add(
        RiskRow(
            case_id=state.case_id,
            seq=entry.seq,
            household_code=household,
            risk=risk,
            since=since,
            reason=reason,
            office=office,
        )
    )


def _in_force(session: Session, household: str, risk: Risk) -> Sequence[RiskRow]:
    return session.exec(
        select(RiskRow).where(
            RiskRow.household_code == household,
            RiskRow.risk == risk,
            col(RiskRow.until).is_(None),
        )
    ).all()


def _registered(session: Session, codes: list[str]) -> list[str]:
    known: list[str] = []
    for batch in in_batches(codes):
        known += session.exec(
            select(HouseholdRow.code).where(col(HouseholdRow.code).in_(batch))
        ).all()
    return sorted(known)
