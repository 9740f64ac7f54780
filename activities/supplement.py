"""Supplements (F9, F15) as an activity: whether one may be put beside a kept file."""

from sqlalchemy import Engine
from sqlmodel import Session, col, select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.admissions import Gate
from models.base import CLOCKS_MAY_DIFFER_BY
from models.case.admission import Admission
from models.case.documents import DocumentKind, filing_fault
from models.identity import supplemented
from models.periods import beijing
from models.procedures import SUPPLEMENT
from models.supplement import AdmitSupplement, KeptCase
from registry.cases.documents import kept_case, kept_documents
from registry.cases.letters import delivery_fault
from registry.database.engine import claim, writing
from registry.tables import CaseRow, EntryRow


class SupplementActivities:
    """The registry's side of a supplement; synchronous, for the worker's thread pool."""

    def __init__(self, engine: Engine, gate: Gate) -> None:
        self._engine = engine
        self._gate = gate

    @activity.defn
    def admit_supplement(self, order: AdmitSupplement) -> Admission[KeptCase]:
        """Hold a supplement against the file it belongs to; it is listed if it may be.

        Raises:
            ApplicationError: ``NotYet`` while another supplement to the same file, which may report
                the same letters, is admitted and not on file (F15).
            RegistryError: if the registry cannot be read now.
        """
        case_id, of = order.state.case_id, order.opening.application.of.case_id
        with writing(self._engine) as session:
            claim(session, f"case {of}")
            delivers = order.opening.application.document.kind is DocumentKind.DELIVERY
            if delivers:
                _hold_for_others(session, case_id, of, order.opening.subject.code)
            known = kept_case(session, of, ended=not delivers)
            fault = _fault(session, order, known)
            return self._gate.hold(session, order, SUPPLEMENT, case_id, fault, known)


def _hold_for_others(session: Session, case_id: str, of: str, subject_code: str) -> None:
    """Of two reports of one letter that come at once, the second is held against the first."""
    query = select(CaseRow.case_id).where(
        CaseRow.subject_code == subject_code,  # by its index
        col(CaseRow.case_id).startswith(f"{SUPPLEMENT.word}/{of}/", autoescape=True),
        col(CaseRow.outcome).is_(None),
        CaseRow.case_id != case_id,
    )
    other = session.exec(query).first()
    if other is not None:
        raise ApplicationError(
            f"{other} is not on file yet; until it is, nobody knows which letters it reports",
            type="NotYet",
        )


def _fault(session: Session, order: AdmitSupplement, known: KeptCase | None) -> str | None:
    case_id, subject = order.state.case_id, order.opening.subject
    given, document = order.opening.application.of, order.opening.application.document
    if document.at is not None and document.at > order.now + CLOCKS_MAY_DIFFER_BY:
        return f"at: {document.at.isoformat()} lies in the future"
    if supplemented(case_id) != given.case_id:
        return f"{case_id} is no id of a supplement to {given.case_id}"
    if known is None and document.deliveries:
        return f"{given.case_id} is not known here"
    if known is None:
        return f"{given.case_id} has not ended, or is not known here; file it with the case itself"
    bound = session.get(EntryRow, (given.case_id, given.entries))
    if bound is None or bound.hash != given.head:
        return f"entry {given.entries} of {given.case_id} is not {given.head[:12]} (G7)"
    if (known.subject, known.year) != (given.subject, given.year) or subject != given.subject:
        return f"{given.case_id} is not of {subject.full_name} in {given.year}"
    for each in kept_documents(session, given.case_id):
        if each.document.id == document.id and each.case_id != case_id:
            return f"document {document.id} is on file: {each.case_id}, entry {each.entry.seq}"
    return filing_fault(document.office, subject) or delivery_fault(
        session, given.case_id, document, beijing(order.now).date()
    )
