"""What the register knows of a county that is to be inspected, as of a day (F6)."""

import json
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import NamedTuple

from sqlmodel import Session, col, func, select

from models.case.ledger import EntryKind
from models.identity import is_special_inspection, special_inspection_case
from models.offices import Office
from models.policy import Body
from models.supervision.admission import SupervisionFacts
from models.supervision.messages import (
    Findings,
    HouseholdCheck,
    SupervisionApplication,
    VillageCheck,
)
from registry.facts.county import known_county
from registry.places import lies_in
from registry.tables import CaseRow, EntryRow, SupervisionRow


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
    province = county.office(Body.PROVINCIAL_GROUP)
    return SupervisionFacts(
        subject=county,
        attempt=1 + before,
        open_case=next(
            (
                case_id
                for case_id in filter(is_special_inspection, under_way)
                if (_office(session, case_id) or province) == (application.office or province)
            ),
            None,
        ),
    )


class LastChecks(NamedTuple):
    """What a supervision of a county has found in the end."""

    case_id: str
    county: str
    households: tuple[HouseholdCheck, ...]
    villages: tuple[VillageCheck, ...]


def last_checks(session: Session, year: int, region: str | None = None) -> Iterator[LastChecks]:
    """The findings in force of every supervision of a year that has its result.

    A later finding replaces an earlier one, and takes the place of one that was set aside.
    """
    within = [lies_in(SupervisionRow.county_code, region)] if region else []
    checks = session.exec(
        select(SupervisionRow.case_id, SupervisionRow.county_code, EntryRow.content)
        .join(EntryRow, col(EntryRow.case_id) == SupervisionRow.case_id)
        .where(SupervisionRow.year == year, EntryRow.kind == EntryKind.CHECKS.value, *within)
        .order_by(col(SupervisionRow.case_id), col(EntryRow.seq))
    )
    for (case_id, county), entries in groupby(checks, key=lambda each: (each[0], each[1])):
        households: dict[str, HouseholdCheck] = {}
        villages: dict[str, VillageCheck] = {}
        for *_, content in entries:
            found = Findings.model_validate(json.loads(content)["data"]["checks"])
            households |= {each.household: each for each in found.households}
            villages |= {each.village: each for each in found.villages}
        yield LastChecks(case_id, county, tuple(households.values()), tuple(villages.values()))


def _office(session: Session, case_id: str) -> Office | None:
    """Who makes an inspection, as its file says first; None for the province."""
    first = session.get(EntryRow, (case_id, 1))
    said = json.loads(first.content)["data"] if first is not None else {}
    office = said.get("application", {}).get("office")
    return Office.parse(office) if office else None
