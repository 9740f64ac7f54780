"""Who should leave and who should come in (F13 应退则退、应进则进), worked out from the register.

Nothing of it is kept: a list is of the day it is asked for. What is done about a line is a case, or
a record that an office puts down (``models.register.office_records``).
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import chain, islice
from typing import Any, NamedTuple

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
from models.standards import percentage
from registry.errors import UnknownSubject
from registry.facts.alarms import above_threshold
from registry.facts.episodes import is_there
from registry.facts.livelihood import meets, net_income
from registry.facts.roster import STILL_THERE, household_facts
from registry.facts.supervision import last_checks
from registry.places import last_divisions, stem, villages_in
from registry.register.office_records import measured, measures
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

_AT_ONCE = 1_000
"""Rows that are fetched together, and whose measures are looked up together."""

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


class WatchedCount(Record):
    """How many should leave or come in, and about how many of them nothing was done."""

    many: int
    undone: int


class _Group(NamedTuple):
    """Households that are on a list for one reason: a query, and what of them says why."""

    query: sa.Select[Any]
    columns: tuple[Any, ...]
    why: Callable[..., str]


_WHO: tuple[Any, ...] = (
    HouseholdRow.code,
    HouseholdRow.head,
    HouseholdRow.size,
    VillageRow.county_code,
    VillageRow.township_name,
    VillageRow.name,
)


class Watchlist:
    """Those who should leave (应退未退), or those who should come in (应进未进、漏评), on a day.

    ``each`` and ``count`` read while they are taken: a whole province is never held at once.
    """

    def __init__(
        self, session: Session, year: int, places: Sequence[Watched], groups: Sequence[_Group]
    ) -> None:
        self._session = session
        self._year = year
        self._places = places
        self._groups = groups

    def count(self) -> WatchedCount:
        """How many there are, and about how many of them nothing was done."""
        places = _with_measures(self._session, self._year, self._places)
        many, undone = len(self._places), sum(each.measure is None for each in places)
        done = or_(
            col(HouseholdRow.code).in_(measured(self._year)),
            col(HouseholdRow.code).in_(_entering().with_only_columns(col(CaseRow.subject_code))),
        )
        for group in self._groups:
            query = group.query.with_only_columns(
                sa.func.count(), sa.func.sum(sa.case((done, 0), else_=1))
            )
            more, of_them = self._session.execute(query).one()
            many, undone = many + more, undone + int(of_them or 0)
        return WatchedCount(many=many, undone=undone)

    def each(self, limit: int | None = None) -> Iterator[Watched]:
        """Places, then households by village: the first of them, or all."""
        found = iter(islice(chain(self._places, self._households(limit)), limit))
        while lot := list(islice(found, _AT_ONCE)):
            yield from _with_measures(self._session, self._year, lot)

    def _households(self, limit: int | None) -> Iterator[Watched]:
        divisions = last_divisions(self._session)
        for group in self._groups:
            query = (
                group.query.with_only_columns(*_WHO, *group.columns)
                .order_by(col(VillageRow.code), col(HouseholdRow.code))
                .limit(limit)
                .execution_options(yield_per=_AT_ONCE)
            )
            for code, head, size, county, township, village, *said in self._session.execute(query):
                name = divisions[county].name if county in divisions else county
                yield Watched(
                    kind=SubjectKind.HOUSEHOLD,
                    code=code,
                    name=head,
                    place=f"{name}{township}{village}",
                    people=size,
                    why=group.why(*said),
                    measure=None,
                )


def should_leave(
    session: Session, year: int, policy: Policy, on: date, region: str | None = None
) -> Watchlist:
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
    met = meets(policy.standards.household, line)

    def why(net: int, size: int) -> str:
        return f"{year}年人均纯收入{yuan(net // size)}元，退出标准各项均达到"

    found = _lived(year, region, inside, met, ~planned, ~on_its_way)
    return Watchlist(session, year, (), (_Group(found, (net_income(), HouseholdRow.size), why),))


def should_come_in(
    session: Session, year: int, policy: Policy, on: date, region: str | None = None
) -> Watchlist:
    """Who has left and falls below by the register, or was never in it (应进未进、漏评).

    Counties and villages that have left and are over the threshold; villages in which supervision
    found people left out (F6); households that left before the year and fail S1 by it, and those
    that were never registered and fail its income.

    Raises:
        UnknownSubject: if the year has no national line (S7).
    """
    line, standards = _line(session, year), policy.standards
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
    never = (col(EpisodeRow.household_code).is_(None), is_there(on))

    def unmet(row: HouseholdRow, lived: HouseholdYearRow) -> Iterator[str]:
        facts = household_facts(row, lived, ())
        assert facts is not None
        return (each.zh for each in household_findings(facts, line, standards) if not each.met)

    def below(row: HouseholdRow, lived: HouseholdYearRow) -> str:
        return f"未达到：{'；'.join(unmet(row, lived))}"

    def never_in(row: HouseholdRow, lived: HouseholdYearRow) -> str:
        return f"从未建档立卡：{next(unmet(row, lived))}"  # its income, which stands first

    both = (HouseholdRow, HouseholdYearRow)
    return Watchlist(
        session,
        year,
        [*_over(session, standards, on, region), *_omitted(session, year, region)],
        (
            _Group(_lived(year, region, *outside, ~meets(standards.household, line)), both, below),
            _Group(
                _lived(year, region, *never, ~meets((Demand.INCOME,), line)),
                both,
                never_in,
            ),
        ),
    )


def _line(session: Session, year: int) -> PovertyLine:
    line = line_of(session, year)
    if line is None:
        raise UnknownSubject(
            f"--year: the register has no national line of {year}, so no household of it can be "
            f"judged; load it with `exitflow registry line {year} --yuan N --source TEXT` (S7)"
        )
    return line


def _lived(year: int, region: str | None, *wanted: ColumnElement[bool]) -> sa.Select[Any]:
    """Households with what they lived on in a year, and each time in the register."""
    return (
        sa.select(HouseholdRow)
        .join(VillageRow, col(VillageRow.code) == HouseholdRow.village_code)
        .join(HouseholdYearRow, col(HouseholdYearRow.household_code) == HouseholdRow.code)
        .join(EpisodeRow, col(EpisodeRow.household_code) == HouseholdRow.code, isouter=True)
        .where(
            col(HouseholdYearRow.year) == year,
            *wanted,
            *([villages_in(region)] if region else []),
        )
    )


def _entering(*wanted: ColumnElement[bool]) -> sa.Select[str, str]:
    """Open cases of entry (F5), by household."""
    return sa.select(col(CaseRow.subject_code), col(CaseRow.case_id)).where(
        col(CaseRow.procedure) == REENTRY.id, col(CaseRow.outcome).is_(None), *wanted
    )


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
    codes = [each.code for each in found]
    rows = session.execute(_entering(col(CaseRow.subject_code).in_(codes)))
    entering: dict[str, str] = dict(rows.all())
    said = entering | measures(session, year, codes)
    return tuple(
        each.model_copy(update={"measure": said[each.code]}) if each.code in said else each
        for each in found
    )
