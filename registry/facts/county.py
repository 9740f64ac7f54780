"""What the register knows of a county as of a day: division, standing, plan, open case."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from models.case.messages import Ending
from models.county.admission import CountyFacts
from models.county.messages import CountyApplication
from models.offices import County, Division, SubjectKind
from models.policy import Level
from registry.cases.supervision_results import results_since
from registry.facts.incidence import county_counted
from registry.facts.revoked import revoked_in
from registry.register.provincial_means import mean_of
from registry.tables import (
    ON_THE_LIST,
    CaseRow,
    DivisionRow,
    PlanRow,
    Standing,
    StatusRow,
    VillageStatusRow,
)


def known_county(session: Session, code: str, on: date) -> tuple[County | None, str]:
    """A poor county as of a day, or one that was poor; None, and why, if there is none."""
    versions = session.exec(
        select(DivisionRow).where(DivisionRow.code == code).order_by(col(DivisionRow.valid_from))
    ).all()
    division = _in_use(versions, on)
    if division is None:
        return None, _why_not_in_use(versions, on)
    city = division_on(session, division.parent, on)
    province = division_on(session, city.parent if city else None, on)
    if division.level is not Level.COUNTY or city is None or province is None:
        return None, (
            f"{division.name} is no county of a city and province (its level is "
            f"{division.level.value}); name a county by its six digits"
        )
    if division.tier is None or _standing(session, code, on) is None:
        return None, f"{division.name} was not on the register of poor counties on {on}"
    county = County(
        code=code,
        name=division.name,
        tier=division.tier,
        directly_administered=division.directly_administered,
        city=Division(code=city.code, name=city.name),
        province=Division(code=province.code, name=province.name),
    )
    return county, ""


def county_facts(
    session: Session, application: CountyApplication, on: date, besides: str | None = None
) -> CountyFacts:
    """Gather what an application is held against (C1, S5, G6, G9)."""
    code, year = application.county, application.year
    county, note = known_county(session, code, on)
    if county is None:
        return CountyFacts(subject=None, code_note=note)
    return CountyFacts(
        subject=county,
        **standing_facts(_standing(session, code, on)),
        planned=session.get(PlanRow, (year, code)) is not None,
        **earlier_cases(session, SubjectKind.COUNTY, code, year, besides),
        **dict(county_counted(session, code, application.figures.as_of)),
        mean=mean_of(session, county.province.code, year),
        inspections=results_since(session, code, year),
    )


def _in_use(versions: Iterable[DivisionRow], on: date) -> DivisionRow | None:
    for row in versions:
        if row.valid_from <= on and (row.valid_until is None or on < row.valid_until):
            return row
    return None


def _why_not_in_use(versions: Iterable[DivisionRow], on: date) -> str:
    known = list(versions)
    if not known:
        return "the register knows no such code; look it up with `exitflow registry list`"
    ended = [row for row in known if row.valid_until is not None and row.valid_until <= on]
    if not ended:
        return f"the code of {known[0].name} is known from {known[0].valid_from} on, not on {on}"
    last = ended[-1]
    use = f"; use {last.successor}" if last.successor else ""
    return f"the code of {last.name} expired on {last.valid_until}{use}"


def division_on(session: Session, code: str | None, on: date) -> DivisionRow | None:
    """A division as it was on a day; None where its code was not in use."""
    return _in_use(session.exec(select(DivisionRow).where(DivisionRow.code == code)).all(), on)


def _standing(session: Session, code: str, on: date) -> StatusRow | None:
    rows = session.exec(
        select(StatusRow)
        .where(StatusRow.code == code, StatusRow.since <= on)
        .order_by(col(StatusRow.since).desc())
        .limit(1)
    )
    return rows.first()


def standing_facts(standing: StatusRow | VillageStatusRow | None) -> dict[str, Any]:
    """What the facts of a county or village say of its list."""
    status = standing.status if standing else None
    return {
        "listed": status in ON_THE_LIST,
        "exited_on": standing.since if standing and status is Standing.EXITED else None,
    }


def earlier_cases(
    session: Session, kind: SubjectKind, code: str, year: int, besides: str | None
) -> dict[str, Any]:
    """What they say of its cases of a year (G9, F7)."""
    refused = col(CaseRow.outcome) == Ending.NOT_EXITED.value
    return {
        "attempt": _attempt(session, kind, code, year),
        "open_case": _case(session, kind, code, year, besides, col(CaseRow.outcome).is_(None)),
        "refused_case": _case(session, kind, code, year, besides, refused),
        "revoked_case": revoked_in(session, kind, [code], year).get(code),
    }


def _attempt(session: Session, kind: SubjectKind, code: str, year: int) -> int:
    """One more than the cases that ended so that another may follow in the year."""
    again = (Ending.WITHDRAWN.value, Ending.NOT_ADMITTED.value)
    ended = session.exec(
        select(func.count())
        .select_from(CaseRow)
        .where(
            CaseRow.procedure == kind.value,
            CaseRow.subject_code == code,
            CaseRow.year == year,
            col(CaseRow.outcome).in_(again),
        )
    ).one()
    return 1 + ended


def _case(
    session: Session,
    kind: SubjectKind,
    code: str,
    year: int,
    besides: str | None,
    ended: ColumnElement[bool],
) -> str | None:
    return session.exec(
        select(CaseRow.case_id)
        .where(
            CaseRow.procedure == kind.value,
            CaseRow.subject_code == code,
            CaseRow.year == year,
            ended,
            CaseRow.case_id != (besides or ""),
        )
        .order_by(CaseRow.case_id)
    ).first()
