"""Results of supervision as the registry has them, for a county's case (F6, C7)."""

import json
from datetime import date, timedelta

from sqlmodel import Session, col, select

from models.identity import content_id
from models.offices import Office
from models.periods import end_of
from models.ratios import ExactRates
from models.supervision.messages import SupervisionResult
from registry.tables import SupervisionRow


def results_since(session: Session, county: str, year: int) -> tuple[SupervisionResult, ...]:
    """Everything decided of a county since the beginning of a year, the latest last.

    Also what was decided after a case's application had come in and before it is listed: nobody
    told the case of that.
    """
    begins = end_of(date(year, 1, 1) - timedelta(days=1))
    rows = session.exec(
        select(SupervisionRow)
        .where(
            SupervisionRow.county_code == county,
            col(SupervisionRow.decided_at) >= begins,
        )
        .order_by(col(SupervisionRow.decided_at), col(SupervisionRow.case_id))
    )
    return tuple(_result(row) for row in rows.all())


def results_of(
    session: Session, county: str, supervisions: tuple[str, ...]
) -> tuple[SupervisionResult, ...]:
    """What these supervisions have decided of a county, in the order they are named."""
    found = (session.get(SupervisionRow, each) for each in supervisions)
    return tuple(_result(row) for row in found if row is not None and row.county_code == county)


def _result(row: SupervisionRow) -> SupervisionResult:
    kind = row.case_id.rpartition("-")[2]
    return SupervisionResult(
        id=content_id("inspection", row.case_id),
        office=Office.parse(row.office),
        supervision=row.case_id,
        county=row.county_code,
        year=row.year,
        quarter=int(kind[1:]) if kind.startswith("q") else None,
        rates=ExactRates.model_validate_json(row.rates),
        failed=tuple(json.loads(row.failed)),
        document=row.document,
        at=row.decided_at,
    )
