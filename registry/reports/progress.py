"""How far a year is against its plan (G6), and all years up to it against the targets (F8).

An exit that was revoked (F7) counts for no year, whenever that was done.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Literal

from sqlalchemy import ColumnElement, exists, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select

from models.offices import SubjectKind, Tier
from models.policy import Targets
from models.roster.households import State
from registry.facts.revoked import stands
from registry.places import last_divisions, lies_in, villages_in
from registry.reports.records import Counted, CountyProgress, Progress, TargetProgress
from registry.tables import (
    CaseRow,
    DivisionRow,
    EpisodeRow,
    HouseholdRow,
    PlanRow,
    RosterRow,
    Standing,
    StatusRow,
    VillageRow,
    VillageStatusRow,
)

_Unit = Literal["households", "people", "villages", "county"]
_How = Literal["planned", "under_way", "exited"]

_ON_THEIR_WAY = [each.value for each in State if each not in (State.STRUCK_OFF, State.OUT)]


def progress(
    session: Session, year: int, targets: Targets | None, region: str | None = None
) -> Progress:
    """A year in every county in which it has a plan, a case or an exit; the targets where asked."""
    tally = _Tally()
    _count_households(session, tally, year, region)
    _count_villages(session, tally, year, region)
    _count_counties(session, tally, year, region)
    divisions = last_divisions(session)
    return Progress(
        year=year,
        region=region,
        counties=tuple(
            tally.of(code, divisions[code].name if code in divisions else "")
            for code in sorted(tally.codes)
        ),
        total=tally.of("", "total"),
        targets=None if targets is None else towards(session, year, targets, divisions),
    )


class _Tally:
    """What was counted, by county; under the empty code, what all of them come to."""

    def __init__(self) -> None:
        self._counted: Counter[tuple[str, _Unit, _How]] = Counter()
        self.codes: set[str] = set()

    def add(self, how: _How, unit: _Unit, county: str, many: int) -> None:
        """So many more of a county."""
        self.codes.add(county)
        for code in (county, ""):
            self._counted[code, unit, how] += many

    def of(self, code: str, name: str) -> CountyProgress:
        """Everything of one county."""

        def counted(unit: _Unit) -> Counted:
            return Counted(
                planned=self._counted[code, unit, "planned"],
                under_way=self._counted[code, unit, "under_way"],
                exited=self._counted[code, unit, "exited"],
            )

        return CountyProgress(
            code=code,
            name=name,
            households=counted("households"),
            people=counted("people"),
            villages=counted("villages"),
            county=counted("county"),
        )


def _count_households(session: Session, tally: _Tally, year: int, region: str | None) -> None:
    counted = (
        select(VillageRow.county_code, func.count(), func.coalesce(func.sum(HouseholdRow.size), 0))
        .join(HouseholdRow, col(HouseholdRow.village_code) == VillageRow.code)
        .where(*([villages_in(region)] if region else []))
        .group_by(VillageRow.county_code)
    )
    planned = counted.join(PlanRow, col(PlanRow.subject_code) == HouseholdRow.code).where(
        PlanRow.year == year, PlanRow.kind == SubjectKind.HOUSEHOLD
    )
    under_way = (
        counted.join(RosterRow, col(RosterRow.household_code) == HouseholdRow.code)
        .join(CaseRow, col(CaseRow.case_id) == RosterRow.case_id)
        .where(
            CaseRow.year == year,
            col(CaseRow.outcome).is_(None),
            col(RosterRow.state).in_(_ON_THEIR_WAY),
        )
    )
    exited = counted.join(EpisodeRow, col(EpisodeRow.household_code) == HouseholdRow.code).where(
        EpisodeRow.exit_year == year,
        stands(SubjectKind.HOUSEHOLD, EpisodeRow.household_code, EpisodeRow.exited_on),
    )
    queries: Iterable[tuple[_How, Select[str, int, int]]] = (
        ("planned", planned),
        ("under_way", under_way),
        ("exited", exited),
    )
    for how, query in queries:
        for county, households, people in session.exec(query):
            tally.add(how, "households", county, households)
            tally.add(how, "people", county, int(people))


def _count_villages(session: Session, tally: _Tally, year: int, region: str | None) -> None:
    counted = (
        select(VillageRow.county_code, func.count())
        .where(*([villages_in(region)] if region else []))
        .group_by(VillageRow.county_code)
    )
    queries: Iterable[tuple[_How, Select[str, int]]] = (
        (
            "planned",
            counted.join(PlanRow, col(PlanRow.subject_code) == VillageRow.code).where(
                PlanRow.year == year, PlanRow.kind == SubjectKind.VILLAGE
            ),
        ),
        (
            "under_way",
            counted.join(CaseRow, col(CaseRow.subject_code) == VillageRow.code).where(
                *_open_cases(SubjectKind.VILLAGE, year)
            ),
        ),
        (
            "exited",
            counted.join(VillageStatusRow, col(VillageStatusRow.code) == VillageRow.code).where(
                VillageStatusRow.status == Standing.EXITED,
                VillageStatusRow.exit_year == year,
                stands(SubjectKind.VILLAGE, VillageStatusRow.code, VillageStatusRow.since),
            ),
        ),
    )
    for how, query in queries:
        for county, villages in session.exec(query):
            tally.add(how, "villages", county, villages)


def _count_counties(session: Session, tally: _Tally, year: int, region: str | None) -> None:
    planned = select(PlanRow.subject_code).where(
        PlanRow.year == year,
        PlanRow.kind == SubjectKind.COUNTY,
        *_within(PlanRow.subject_code, region),
    )
    under_way = select(CaseRow.subject_code).where(
        *_open_cases(SubjectKind.COUNTY, year), *_within(CaseRow.subject_code, region)
    )
    exited = select(StatusRow.code).where(
        StatusRow.status == Standing.EXITED,
        StatusRow.exit_year == year,
        stands(SubjectKind.COUNTY, StatusRow.code, StatusRow.since),
        *_within(StatusRow.code, region),
    )
    for code in session.exec(planned):
        tally.add("planned", "county", code, 1)
    for code in session.exec(under_way):
        tally.add("under_way", "county", code, 1)
    for code in session.exec(exited):
        tally.add("exited", "county", code, 1)


def _within(code: str, region: str | None) -> list[ColumnElement[bool]]:
    return [lies_in(code, region)] if region else []


def _open_cases(kind: SubjectKind, year: int) -> tuple[ColumnElement[bool], ...]:
    return (
        col(CaseRow.procedure) == kind.value,
        col(CaseRow.year) == year,
        col(CaseRow.outcome).is_(None),
    )


# -- targets ----------------------------------------------------------------------------------


def towards(
    session: Session, year: int, targets: Targets, divisions: Mapping[str, DivisionRow]
) -> tuple[TargetProgress, ...]:
    """F8: what has left by the end of a year and was not back by then."""
    ever = sorted(set(session.exec(select(StatusRow.code)).all()))
    out = set(session.exec(select(StatusRow.code).where(*_out(StatusRow, year))).all())
    villages = session.exec(
        select(func.count()).select_from(VillageStatusRow).where(*_out(VillageStatusRow, year))
    ).one()

    def counties(name: str, by: int, codes: Iterable[str]) -> TargetProgress:
        wanted = list(codes)
        missing = [code for code in wanted if code not in out]
        return TargetProgress(
            name=name,
            by=by,
            wanted=len(wanted),
            reached=len(wanted) - len(missing),
            missing=len(missing),
            who=tuple(
                f"{divisions[code].name} {code}" if code in divisions else code for code in missing
            ),
        )

    provincial = [code for code in ever if divisions[code].tier is Tier.PROVINCIAL]
    return (
        _number("people", targets.by, targets.people, _people_out(session, year)),
        _number("villages", targets.by, targets.villages, villages),
        _number("counties", targets.by, targets.counties, len(out)),
        *(counties("named_counties", each.year, each.counties) for each in targets.named),
        counties("provincial_counties", targets.provincial_counties_by, provincial),
        counties("all_counties", targets.counties_by, ever),
    )


def _number(name: str, by: int, wanted: int, reached: int) -> TargetProgress:
    missing = max(0, wanted - reached)
    return TargetProgress(name=name, by=by, wanted=wanted, reached=reached, missing=missing)


def _out(row: Any, year: int) -> tuple[ColumnElement[bool], ...]:
    until = col(row.until)
    return (
        row.status == Standing.EXITED,
        row.exit_year <= year,
        stands(
            SubjectKind.COUNTY if row is StatusRow else SubjectKind.VILLAGE, row.code, row.since
        ),
        or_(until.is_(None), until > date(year, 12, 31)),
    )


def _people_out(session: Session, year: int) -> int:
    """People of households that have exited by a year and have not fallen back in it (F5)."""
    later = aliased(EpisodeRow)
    back = exists().where(
        col(later.household_code) == EpisodeRow.household_code,
        col(later.number) > EpisodeRow.number,
        col(later.registered_on) <= date(year, 12, 31),
    )
    query = (
        select(func.coalesce(func.sum(HouseholdRow.size), 0))
        .join(EpisodeRow, col(EpisodeRow.household_code) == HouseholdRow.code)
        .where(
            col(EpisodeRow.exit_year) <= year,
            stands(SubjectKind.HOUSEHOLD, EpisodeRow.household_code, EpisodeRow.exited_on),
            ~back,
        )
    )
    return int(session.exec(query).one())
