"""What the register knows of a county that is to be inspected, as of a day (F6)."""

from datetime import date

from sqlmodel import Session, col, func, select

from models.identity import is_special_inspection, special_inspection_case
from models.supervision.admission import SupervisionFacts
from models.supervision.messages import SupervisionApplication
from registry.facts.county import known_county
from registry.tables import CaseRow


def supervision_facts(
    session: Session, application: SupervisionApplication, on: date
) -> SupervisionFacts:
    """Gather what a special inspection (专项检查) is held against before it starts."""
    code = application.county
    county, note = known_county(session, code, on)
    if county is None:
        return SupervisionFacts(subject=None, code_note=note)
    begins = special_inspection_case(code, application.year, 1)[:-1]
    before = session.exec(
        select(func.count())
        .select_from(CaseRow)
        .where(col(CaseRow.case_id).startswith(begins, autoescape=True))
    ).one()
    under_way = session.exec(
        select(CaseRow.case_id)
        .where(CaseRow.subject_code == code, col(CaseRow.outcome).is_(None))
        .order_by(CaseRow.case_id)
    )
    return SupervisionFacts(
        subject=county,
        attempt=1 + before,
        open_case=next(filter(is_special_inspection, under_way), None),
    )
