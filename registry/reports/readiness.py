"""Who could leave now, and what each still lacks: the cascade from households up to counties.

Everything is counted from the register when it is asked for, in a few queries for however many
units: incidence (S5) from the households, S2 from the year's survey, the plan (G6), cases (G9).
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from models.case.messages import Ending
from models.offices import SubjectKind
from models.policy import Standards
from models.procedures import COUNTY_EXIT, HOUSEHOLD_EXIT, VILLAGE_EXIT
from models.register.counties import PoorVillages
from models.register.villages import Incidence, Survey
from models.standards import incidence_finding, survey_findings, too_many, villages_finding
from registry.facts.incidence import (
    Heads,
    county_heads,
    heads_fault,
    poor_villages,
    village_heads,
)
from registry.facts.revoked import revoked_in
from registry.places import last_divisions, lies_in, villages_in
from registry.register.provincial_means import mean_of
from registry.reports.records import CountyReadiness, Headcount, VillageReadiness
from registry.tables import (
    ON_THE_LIST,
    CaseRow,
    PlanRow,
    StatusRow,
    VillageRow,
    VillageStatusRow,
    VillageYearRow,
)


def ready_villages(
    session: Session, year: int, standards: Standards, on: date, region: str | None = None
) -> tuple[VillageReadiness, ...]:
    """Every village on the list of poor villages on a day: those that lack nothing first.

    A survey that the register does not have is nothing it lacks: its case begins with one (V1).
    """
    listed = session.exec(
        select(VillageRow)
        .join(VillageStatusRow, col(VillageStatusRow.code) == VillageRow.code)
        .where(*_listed(VillageStatusRow, on), *([villages_in(region)] if region else []))
    ).all()
    heads = village_heads(session, on, region=region)
    planned, surveys = _planned(session, year, SubjectKind.VILLAGE), _surveys(session, year)
    cases, divisions = _Cases(session, year), last_divisions(session)
    revoked = revoked_in(session, SubjectKind.VILLAGE, None, year)
    found = []
    for village in listed:
        code, county = village.code, divisions.get(village.county_code)
        survey, rosters = surveys.get(code), tuple(sorted(cases.rosters[code]))
        unmet = [each for each in survey_findings(survey) if not each.met] if survey else []
        lacks = [
            *_standing(code, year, code in planned, cases, revoked),
            *_incidence("S2.incidence", code, heads[code], standards, on),
            *(f"{each.id} is not met ({each.en})" for each in unmet),
        ]
        notes = [] if survey else [f"no survey of {year} yet: its case begins with one (V1)"]
        notes += [f"open rosters: {', '.join(rosters)}"] if rosters else []
        found.append(
            VillageReadiness(
                code=code,
                name=village.name,
                township=village.township_name,
                county_code=village.county_code,
                county=county.name if county else "",
                year=year,
                planned=code in planned,
                heads=_headcount(heads[code], standards, on),
                surveyed=survey is not None,
                unmet=tuple(each.id for each in unmet),
                open_case=cases.open.get(code),
                refused_case=cases.refused.get(code),
                open_rosters=rosters,
                lacks=tuple(lacks),
                notes=tuple(notes),
                ready=not lacks,
            )
        )
    return tuple(sorted(found, key=lambda each: (not each.ready, each.code)))


def ready_counties(
    session: Session, year: int, standards: Standards, on: date, region: str | None = None
) -> tuple[CountyReadiness, ...]:
    """Every county on the list of poor counties on a day: those that lack nothing first."""
    within = [lies_in(StatusRow.code, region)] if region else []
    listed = session.exec(select(StatusRow.code).where(*_listed(StatusRow, on), *within)).all()
    heads = county_heads(session, on, region=region)
    poor = poor_villages(session, on, region=region)
    planned = _planned(session, year, SubjectKind.COUNTY)
    cases, divisions = _Cases(session, year), last_divisions(session)
    revoked = revoked_in(session, SubjectKind.COUNTY, None, year)
    found = []
    for code in listed:
        county, villages = divisions[code], poor.get(code, PoorVillages())
        city = divisions.get(county.parent or "")
        lacks = [
            *_standing(code, year, code in planned, cases, revoked),
            *_incidence("S3.incidence", code, heads.get(code, Heads(0, 0)), standards, on),
            *_mean(session, code, year),
            *_villages(villages, standards),
        ]
        open_cases = (
            (villages.listed, "villages still on the list of poor villages"),
            (cases.villages_of[code], "open cases of villages"),
            (cases.rosters_of[code], "open rosters of households"),
        )
        found.append(
            CountyReadiness(
                code=code,
                name=county.name,
                city=city.name if city else "",
                tier=county.tier,
                directly_administered=county.directly_administered,
                year=year,
                planned=code in planned,
                heads=_headcount(heads.get(code, Heads(0, 0)), standards, on),
                poor_villages=villages.listed,
                open_villages=cases.villages_of[code],
                open_rosters=cases.rosters_of[code],
                open_case=cases.open.get(code),
                refused_case=cases.refused.get(code),
                lacks=tuple(lacks),
                notes=tuple(f"{what}: {many}" for many, what in open_cases if many),
                ready=not lacks,
            )
        )
    return tuple(sorted(found, key=lambda each: (not each.ready, each.code)))


def _mean(session: Session, county: str, year: int) -> list[str]:
    """No county applies before the provincial mean of the year is in the register (S3)."""
    if mean_of(session, f"{county[:2]}0000", year) is not None:
        return []
    return [f"S3.income: no provincial mean of {year} is in the register"]


_COUNTY = 2
"""Where the county stands in a case's path of divisions, from the province down."""


class _Cases:
    """What is under way, whatever its year, and what the year refused.

    Attributes:
        open, refused: Case by the code of its village or county.
        rosters: Open rosters by village.
        villages_of, rosters_of: How many open cases of villages, and rosters, a county has.
    """

    def __init__(self, session: Session, year: int) -> None:
        self.open: dict[str, str] = {}
        self.refused: dict[str, str] = {}
        self.rosters: defaultdict[str, list[str]] = defaultdict(list)
        self.villages_of: Counter[str] = Counter()
        self.rosters_of: Counter[str] = Counter()
        refused = and_(col(CaseRow.year) == year, col(CaseRow.outcome) == Ending.NOT_EXITED.value)
        query = select(CaseRow.case_id, CaseRow.procedure, CaseRow.region, CaseRow.outcome).where(
            or_(col(CaseRow.outcome).is_(None), refused)
        )
        for case_id, procedure, region, outcome in session.exec(query):
            path = region.strip("/").split("/")
            county, subject = path[_COUNTY], path[-1]
            if procedure in (COUNTY_EXIT.id, VILLAGE_EXIT.id):
                (self.open if outcome is None else self.refused)[subject] = case_id
            elif procedure == HOUSEHOLD_EXIT.id and outcome is None:
                self.rosters[subject].append(case_id)
                self.rosters_of[county] += 1
            if procedure == VILLAGE_EXIT.id and outcome is None:
                self.villages_of[county] += 1


def _listed(row: Any, on: date) -> tuple[ColumnElement[bool], ...]:
    until = col(row.until)
    return (col(row.status).in_(ON_THE_LIST), row.since <= on, or_(until.is_(None), until > on))


def _planned(session: Session, year: int, kind: SubjectKind) -> set[str]:
    query = select(PlanRow.subject_code).where(PlanRow.year == year, PlanRow.kind == kind)
    return set(session.exec(query).all())


def _surveys(session: Session, year: int) -> dict[str, Survey]:
    rows = session.exec(select(VillageYearRow).where(VillageYearRow.year == year)).all()
    fields = set(Survey.model_fields)
    return {row.village_code: Survey(**row.model_dump(include=fields)) for row in rows}


def _headcount(heads: Heads, standards: Standards, on: date) -> Headcount | None:
    poor, population = heads
    if population == 0:
        return None
    must_leave = too_many(poor, population, standards)
    return Headcount(poor=poor, population=population, as_of=on, must_leave=must_leave)


def _standing(
    code: str, year: int, planned: bool, cases: _Cases, revoked: Mapping[str, str]
) -> list[str]:
    """What its cases and the plan say against an exit now (G3, G6, G9, F7)."""
    lacks = []
    if code in cases.open:
        lacks.append(f"its case is under way: {cases.open[code]} (G9)")
    if code in cases.refused:
        lacks.append(f"not exited in {year} ({cases.refused[code]}); again next year (G3)")
    if code in revoked:
        lacks.append(f"its exit of {year} was revoked ({revoked[code]}); again next year (F7)")
    if not planned:
        lacks.append(f"not in the plan of {year} (G6)")
    return lacks


def _incidence(id: str, code: str, heads: Heads, standards: Standards, on: date) -> list[str]:
    """What the register's own count says against it (S5)."""
    fault = heads_fault(code, heads, on)
    if fault is not None:
        return [fault]
    if heads.population == 0:
        return ["the register has no people of it: import its villages with their population (S5)"]
    counted = Incidence(poor=heads.poor, population=heads.population, as_of=on)
    finding = incidence_finding(id, counted, standards)
    if finding.met:
        return []
    more = too_many(heads.poor, heads.population, standards)
    return [f"{id} is not met ({finding.en}): {more} more of the poor would have to leave"]


def _villages(villages: PoorVillages, standards: Standards) -> list[str]:
    """What the poor villages of a county that are listed still say against it (S3)."""
    finding = villages_finding(villages, standards)
    return [] if finding is None or finding.met else [f"{finding.id} is not met ({finding.en})"]
