"""Who should leave and who should come in (F13 应退则退、应进则进), worked out from the register.

Nothing of it is kept: a list is of the day it is asked for. What is done about a line is a case, or
a record that an office puts down (``models.register.office_records``).
"""

from collections.abc import Iterator, Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy import ColumnElement, and_, exists, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.base import Record
from models.household_standard import household_findings, yuan
from models.offices import SubjectKind
from models.policy import Demand, Policy, Standards
from models.procedures import REENTRY
from models.register.households import PovertyLine
from models.standards import StandardFinding, percentage
from registry.errors import UnknownSubject
from registry.facts.alarms import above_threshold
from registry.facts.episodes import is_there
from registry.facts.roster import STILL_THERE, household_facts
from registry.facts.supervision import last_checks
from registry.places import last_divisions, stem, villages_in
from registry.register.office_records import measures
from registry.register.poverty_lines import line_of
from registry.tables import (
    AlarmRow,
    CaseRow,
    DivisionRow,
    EpisodeRow,
    HouseholdRow,
    HouseholdYearRow,
    PlanRow,
    RosterRow,
    VillageRow,
)

_AT_ONCE = 2_000

COLUMNS = (
    ("对象", 6),
    ("编号", 16),
    ("名称（户主）", 14),
    ("所在地", 30),
    ("人口", 8),
    ("情况", 60),
    ("采取的措施", 40),
)
"""Of a list as a sheet."""


class Watched(Record):
    """Somebody who should leave, or come in.

    Attributes:
        name: The head of a household (户主); a place's own.
        place: Where it lies, from the county down.
        people: Heads of a household; poor people of a place.
        why: What the register says of it.
        measure: The case under way, or what an office has put down; None if nothing was done.
    """

    kind: SubjectKind
    code: str
    name: str
    place: str
    people: int
    why: str
    measure: str | None

    def cells(self) -> tuple[str | int | None, ...]:
        """Its row of a sheet."""
        said = (self.code, self.name, self.place, self.people, self.why, self.measure)
        return self.kind.zh, *said


def should_leave(
    session: Session, year: int, policy: Policy, on: date, region: str | None = None
) -> tuple[Watched, ...]:
    """Registered households that meet S1 by the year, in no plan and on no roster (应退未退).

    Raises:
        UnknownSubject: if the year has no national line (S7).
    """
    line = _line(session, year)
    planned = exists().where(
        col(PlanRow.year) == year, col(PlanRow.subject_code) == col(HouseholdRow.code)
    )
    on_its_way = exists().where(
        col(RosterRow.household_code) == col(HouseholdRow.code),
        col(RosterRow.state).in_(STILL_THERE),
        col(CaseRow.case_id) == col(RosterRow.case_id),
        col(CaseRow.outcome).is_(None),
    )
    inside = and_(
        col(EpisodeRow.registered_on) <= on,
        or_(col(EpisodeRow.exited_on).is_(None), col(EpisodeRow.exited_on) > on),
    )
    found = [
        (row, village, f"{year}年{_income(lived, row.size)}，退出标准各项均达到")
        for row, village, lived in _lived(session, year, region, inside, ~planned, ~on_its_way)
        if all(each.met for each in _findings(row, lived, line, policy.standards))
    ]
    return _with_measures(session, year, _households(session, found))


def should_come_in(
    session: Session, year: int, policy: Policy, on: date, region: str | None = None
) -> tuple[Watched, ...]:
    """Who has left and falls below by the register, or was never in it (应进未进、漏评).

    Counties and villages that have left and are over the threshold; villages in which supervision
    found people left out (F6); households that left before the year and fail S1 by it, and those
    that were never registered and fail its income.

    Raises:
        UnknownSubject: if the year has no national line (S7).
    """
    line = _line(session, year)
    after = aliased(EpisodeRow)
    back = exists().where(
        col(after.household_code) == col(EpisodeRow.household_code),
        col(after.number) > col(EpisodeRow.number),
        col(after.registered_on) <= on,
    )
    outside = (
        col(EpisodeRow.exited_on) <= on,
        col(EpisodeRow.exit_year) < year,
        ~back,
        is_there(on),
    )
    found = []
    for row, village, lived in _lived(session, year, region, *outside):
        findings = _findings(row, lived, line, policy.standards)
        unmet = [each.zh for each in findings if not each.met]
        if unmet:
            found.append((row, village, f"未达到：{'；'.join(unmet)}"))
    never = col(EpisodeRow.household_code).is_(None)
    for row, village, lived in _lived(session, year, region, never, is_there(on)):
        for each in _findings(row, lived, line, policy.standards):
            if each.id == f"S1.{Demand.INCOME}" and not each.met:
                found.append((row, village, f"从未建档立卡：{each.zh}"))
    places = [*_over(session, policy.standards, on, region), *_omitted(session, year, region)]
    return _with_measures(session, year, [*places, *_households(session, found)])


def _line(session: Session, year: int) -> PovertyLine:
    line = line_of(session, year)
    if line is None:
        raise UnknownSubject(
            f"--year: the register has no national line of {year}, so no household of it can be "
            f"judged; load it with `exitflow registry line {year} --yuan N --source TEXT` (S7)"
        )
    return line


_Lived = tuple[HouseholdRow, VillageRow, HouseholdYearRow]
_Found = tuple[HouseholdRow, VillageRow, str]


def _lived(
    session: Session, year: int, region: str | None, *wanted: ColumnElement[bool]
) -> Iterator[_Lived]:
    """Households with what they lived on in a year, and each time in the register, by village."""
    query = (
        sa.select(HouseholdRow, VillageRow, HouseholdYearRow)
        .join(VillageRow, col(VillageRow.code) == HouseholdRow.village_code)
        .join(HouseholdYearRow, col(HouseholdYearRow.household_code) == HouseholdRow.code)
        .join(EpisodeRow, col(EpisodeRow.household_code) == HouseholdRow.code, isouter=True)
        .where(
            col(HouseholdYearRow.year) == year,
            *wanted,
            *([villages_in(region)] if region else []),
        )
        .order_by(col(VillageRow.code), col(HouseholdRow.code))
        .execution_options(yield_per=_AT_ONCE)
    )
    yield from session.execute(query)


def _findings(
    row: HouseholdRow, lived: HouseholdYearRow, line: PovertyLine, standards: Standards
) -> Sequence[StandardFinding]:
    facts = household_facts(row, lived, ())
    assert facts is not None
    return household_findings(facts, line, standards)


def _income(lived: HouseholdYearRow, size: int) -> str:
    net = lived.wages + lived.business + lived.assets + lived.transfers - lived.costs
    return f"人均纯收入{yuan(net // size)}元"


def _households(session: Session, found: Sequence[_Found]) -> list[Watched]:
    divisions = last_divisions(session)
    entering = _entering(session)
    return [
        Watched(
            kind=SubjectKind.HOUSEHOLD,
            code=row.code,
            name=row.head,
            place=f"{_county(divisions, village)}{village.township_name}{village.name}",
            people=row.size,
            why=why,
            measure=entering.get(row.code),
        )
        for row, village, why in found
    ]


def _entering(session: Session) -> dict[str, str]:
    """Open cases of entry by household (F5)."""
    query = select(CaseRow.subject_code, CaseRow.case_id).where(
        CaseRow.procedure == REENTRY.id, col(CaseRow.outcome).is_(None)
    )
    return dict(session.exec(query).all())


def _over(
    session: Session, standards: Standards, on: date, region: str | None
) -> Iterator[Watched]:
    """Villages and counties that have left and are over the threshold, with the last alarm."""
    divisions = last_divisions(session)
    given = select(AlarmRow.subject_code, AlarmRow.case_id).order_by(col(AlarmRow.as_of))
    alarms = dict(session.exec(given).all())
    for code, count in above_threshold(session, on, standards, region):
        village = session.get(VillageRow, code)
        rate, exact = percentage(count.poor, count.population)
        told = alarms.get(code)
        yield Watched(
            kind=SubjectKind.VILLAGE if village else SubjectKind.COUNTY,
            code=code,
            name=village.name if village else divisions[code].name,
            place=f"{_county(divisions, village)}{village.township_name}" if village else "",
            people=count.poor,
            why=f"退出后贫困发生率{'' if exact else '约'}{rate}%"
            f"（{count.poor}人/{count.population}人）",
            measure=f"已预警：{told}" if told else None,
        )


def _omitted(session: Session, year: int, region: str | None) -> Iterator[Watched]:
    """Villages in which the supervisions of a year found people left out (漏评)."""
    divisions = last_divisions(session)
    for found in last_checks(session, year):
        for check in sorted(found.villages, key=lambda each: each.village):
            village = session.get_one(VillageRow, check.village)
            within = region is None or check.village.startswith(stem(region))
            if check.omitted_people and within:
                households = check.omitted_households
                yield Watched(
                    kind=SubjectKind.VILLAGE,
                    code=village.code,
                    name=village.name,
                    place=f"{_county(divisions, village)}{village.township_name}",
                    people=check.omitted_people,
                    why=f"督导发现漏评{households}户{check.omitted_people}人（{found.case_id}）",
                    measure=None,
                )


def _county(divisions: dict[str, DivisionRow], village: VillageRow) -> str:
    county = divisions.get(village.county_code)
    return county.name if county else village.county_code


def _with_measures(session: Session, year: int, found: Sequence[Watched]) -> tuple[Watched, ...]:
    """What offices have put down stands before a case that runs by itself."""
    said = measures(session, year, (each.code for each in found))
    return tuple(
        each.model_copy(update={"measure": said.get(each.code, each.measure)}) for each in found
    )
