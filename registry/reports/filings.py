"""What is missing behind an exit (F9): its filing (备案) and data entry (信息录入), and by when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col

from models.case.documents import DOCUMENT_KINDS, DocumentKind
from models.case.orders import LimitInForce, Recipient
from models.case.reminders import next_after
from models.offices import Office, SubjectKind
from models.periods import Limit, LimitRequest, Workdays, beijing, compute, start_of, until
from models.policy import LEVELS, Body, Level, Policy
from models.procedures import COUNTY_EXIT, HOUSEHOLD_EXIT, VILLAGE_EXIT
from models.watch import Missing
from registry.facts.revoked import stands
from registry.places import county_in, last_divisions, region_paths, stem, within
from registry.records import By, Count, DeadlineRecord, ListFilter
from registry.tables import (
    CaseRow,
    DayInBeijing,
    DocumentRow,
    EpisodeRow,
    RevocationRow,
    Standing,
    StatusRow,
    VillageStatusRow,
)

DUE = (DocumentKind.FILING, DocumentKind.DATA_ENTRY)
"""What has to be done after every exit; an evaluation is not."""

F9 = {"F9": "、".join(DOCUMENT_KINDS[each] for each in DUE)}
"""The step under which it is listed, with its name."""

_TOLD = 20
"""How many exits a reminder names."""

_AT_ONCE = 1_000


@dataclass(frozen=True)
class Filings:
    """What exits lack, counted by a policy and a calendar, at a moment.

    It is the county group's to do: what it, or an office above, hands in from the day of the exit
    on stands with the case, or beside it.
    """

    policy: Policy
    workdays: Workdays
    now: datetime

    def due(
        self, session: Session, wanted: ListFilter, limit: int | None = None
    ) -> Iterator[DeadlineRecord]:
        """The exits without a filing or data entry, each with the limit; the nearest first."""
        unfiled = _unfiled(session)
        # Who leaves later files later: the order of days is that of limits.
        query = (
            sa.select(unfiled)
            .where(*self._where(session, wanted, unfiled))
            .order_by(unfiled.c.day, unfiled.c.case_id)
            .limit(limit)
            .execution_options(yield_per=_AT_ONCE)
        )
        divisions, limits, names = last_divisions(session), dict[date, Limit](), dict[str, str]()
        for row in session.execute(query):
            county = county_in(row.region)
            if row.day not in limits:
                limits[row.day] = self._limit(row.day)
            if county not in names:
                place = divisions[county].name if county in divisions else county
                name = self.policy.name_of(Body.COUNTY_GROUP, place, self.now.date())
                names[county] = name
            done = zip(DUE, (row.filed, row.entered), strict=True)
            yield DeadlineRecord(
                case_id=row.case_id,
                subject_name=row.subject_name,
                year=row.year,
                step="F9",
                in_force=LimitInForce(
                    limit=limits[row.day],
                    office=Office(body=Body.COUNTY_GROUP, place=county),
                    office_name=names[county],
                    subject="、".join(DOCUMENT_KINDS[kind] for kind, is_in in done if not is_in),
                    breached=self.now >= limits[row.day].due,
                ),
            )

    def count(self, session: Session, wanted: ListFilter) -> Count:
        """How many exits lack something, and of how many the limit was missed."""
        unfiled = _unfiled(session)
        query = sa.select(func.count(), self._overdue(unfiled))
        many, overdue = session.execute(query.where(*self._where(session, wanted, unfiled))).one()
        return Count(many=many, overdue=overdue or 0)

    def by(
        self, session: Session, wanted: ListFilter, by: By
    ) -> Iterator[tuple[str, int, int, datetime]]:
        """The same by city, county, step or office, with the nearest limit of each."""
        unfiled = _unfiled(session)
        county = sa.literal(f"{Body.COUNTY_GROUP.value}/") + func.substr(unfiled.c.region, *_COUNTY)
        key = key_of(by, unfiled.c.region, sa.literal("F9"), county)
        query = sa.select(key, func.count(), self._overdue(unfiled), func.min(unfiled.c.day))
        where = self._where(session, wanted, unfiled)
        for code, many, overdue, day in session.execute(query.where(*where).group_by(key)):
            yield code, many, overdue, self._limit(day).due

    def _limit(self, day: date) -> Limit:
        request = LimitRequest(clause="F9", start=start_of(day))
        return compute(request, self.policy, self.workdays)

    def _overdue(self, unfiled: sa.Subquery) -> ColumnElement[Any]:
        missed = unfiled.c.day <= self._last_day(self.now)
        return func.sum(sa.case((missed, 1), else_=0))

    def _last_day(self, moment: datetime) -> date:
        """Whoever left on this day, or before, had to file by a moment."""
        day = beijing(moment).date() - timedelta(days=self.policy.filing.days)
        while self._limit(day).due > moment:
            day -= timedelta(days=1)
        return day

    def _where(
        self, session: Session, wanted: ListFilter, unfiled: sa.Subquery
    ) -> list[ColumnElement[bool]]:
        case = unfiled.c
        where: list[ColumnElement[bool]] = []
        if wanted.office is not None:
            county = func.substr(case.region, *_COUNTY) == wanted.office.place
            of_counties = wanted.office.body is Body.COUNTY_GROUP
            where.append(county if of_counties else sa.false())
        if wanted.region is not None:
            paths = region_paths(session, wanted.region)
            where.append(sa.or_(sa.false(), *(within(case.region, each) for each in paths)))
        if wanted.year is not None:
            where.append(case.year == wanted.year)
        if wanted.step not in (None, *F9):
            where.append(sa.false())
        if wanted.procedure is not None:
            where.append(case.procedure == wanted.procedure)
        if wanted.until is not None:
            where.append(case.day <= self._last_day(wanted.until))
        if wanted.overdue is not None:
            missed = case.day <= self._last_day(self.now)
            where.append(missed if wanted.overdue else ~missed)
        return where


_CITY, _COUNTY = (9, 6), (16, 6)
"""Where they stand in a path of divisions, from the province down."""


def key_of(by: By, region: Any, step: Any, office: Any) -> Any:
    """What lists are added up by, as a column."""
    match by:
        case By.CITY:
            return func.substr(region, *_CITY)
        case By.COUNTY:
            return func.substr(region, *_COUNTY)
        case By.STEP:
            return step
        case By.OFFICE:
            return office


def filings_due(
    session: Session, policy: Policy, workdays: Workdays, now: datetime
) -> tuple[DeadlineRecord, ...]:
    """The exits without a filing or data entry, each with the limit; the nearest first."""
    return tuple(Filings(policy, workdays, now).due(session, ListFilter()))


def _unfiled(session: Session) -> sa.Subquery:
    """The cases by which somebody has left, with the day, and what was handed in since."""
    case: Any = CaseRow
    left = (
        sa.select(
            case.case_id,
            case.subject_name,
            case.procedure,
            case.year,
            case.region,
            _exit_day().label("day"),
        )
        .where(
            case.outcome.is_not(None),
            case.procedure.in_([COUNTY_EXIT.id, VILLAGE_EXIT.id, HOUSEHOLD_EXIT.id]),
        )
        .cte("left_by_case")
    )
    left = left.prefix_with("MATERIALIZED")  # or the day is looked for wherever it is named
    filed, entered = (_handed_in(kind, left) for kind in DUE)
    known = sa.select(*left.c, filed.label("filed"), entered.label("entered"))
    found = known.where(left.c.day.is_not(None)).subquery("exits")
    return sa.select(found).where(sa.or_(~found.c.filed, ~found.c.entered)).subquery("unfiled")


def filings_to_remind_of(
    session: Session, policy: Policy, workdays: Workdays, on: date, region: str
) -> tuple[Missing, ...]:
    """What the counties of a region are reminded of on the morning of a day (F9, T8), by code.

    Of a limit that was missed the office above is told too (G4).
    """
    here, yesterday = start_of(on), start_of(on - timedelta(days=1))
    of_counties: dict[Office, list[DeadlineRecord]] = {}
    for each in filings_due(session, policy, workdays, here):
        office, limit = each.in_force.office, each.in_force.limit
        again = next_after(yesterday, limit.due, policy.reminders)
        if office.place.startswith(stem(region)) and again <= here:
            of_counties.setdefault(office, []).append(each)
    return tuple(
        _missing(session, policy, on, office, of_counties[office])
        for office in sorted(of_counties, key=str)
    )


def _missing(
    session: Session, policy: Policy, on: date, office: Office, found: Sequence[DeadlineRecord]
) -> Missing:
    tell = {office: found[0].in_force.office_name}
    late = sum(each.in_force.breached for each in found)
    if late:
        tell |= _above(session, policy, on, office)
    lines = [
        f"{each.subject_name}{each.year}年度（{each.case_id}）缺{each.in_force.subject}，"
        f"期限{until(each.in_force.limit.due)}"
        for each in found[:_TOLD]
    ]
    more = [f"另有{len(found) - _TOLD}项，见 exitflow deadlines"] if len(found) > _TOLD else []
    return Missing(
        tell=tuple(Recipient(name=name, office=each) for each, name in tell.items()),
        subject=f"{len(found)}项退出事项待备案、录入" + (f"，其中{late}项逾期" if late else ""),
        text="\n".join([*lines, *more]),
    )


def _above(session: Session, policy: Policy, on: date, county: Office) -> dict[Office, str]:
    """The office above a county group, with its name; a county need not be a poor one."""
    divisions = last_divisions(session)
    own = divisions.get(county.place)
    city = divisions.get(own.parent or "") if own is not None else None
    if own is None or city is None:
        return {}
    body, place = Body.CITY_GROUP, city
    if own.directly_administered:
        body, place = Body.PROVINCIAL_GROUP, divisions[city.parent or ""]
    return {Office(body=body, place=place.code): policy.name_of(body, place.name, on)}


def _exit_day() -> ColumnElement[Any]:
    """The day on which a case took its subject out; of a roster the last one.

    An exit that was revoked counts no more (F7).
    """
    case: Any = CaseRow
    episode: Any = EpisodeRow
    households = sa.select(func.max(episode.exited_on)).where(episode.case_id == case.case_id)
    # Few rosters have one: of all others the last day is one step in an index.
    revoked = sa.exists().where(col(RevocationRow.exit_case) == case.case_id)
    left = stands(SubjectKind.HOUSEHOLD, episode.household_code, episode.exited_on)
    of_a_roster = sa.case(
        (revoked, households.where(left).scalar_subquery()), else_=households.scalar_subquery()
    )
    return sa.case(
        (col(CaseRow.procedure) == HOUSEHOLD_EXIT.id, of_a_roster),
        (col(CaseRow.procedure) == COUNTY_EXIT.id, _place_day(StatusRow, SubjectKind.COUNTY)),
        else_=_place_day(VillageStatusRow, SubjectKind.VILLAGE),
    )


def _place_day(row: Any, kind: SubjectKind) -> ColumnElement[Any]:
    return (
        sa.select(func.max(row.since))
        .where(
            row.case_id == CaseRow.case_id,
            row.status == Standing.EXITED,
            stands(kind, row.code, row.since),
        )
        .scalar_subquery()
    )


def _handed_in(kind: DocumentKind, left: sa.CTE) -> ColumnElement[bool]:
    """By a county or an office above, from the day of the exit on."""
    row: Any = DocumentRow
    of_villages = [body.value for body in Body if LEVELS[body] is Level.VILLAGE]
    return sa.exists().where(
        row.belongs_to == left.c.case_id,
        row.kind == kind.value,
        DayInBeijing(row.at) >= left.c.day,
        func.substr(row.office, 1, 2).not_in(of_villages),
    )
