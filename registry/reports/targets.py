"""How far the targets of the regulation are (F8): year by year, and city by city.

What counts is what ``registry.reports.progress`` counts: an exit counts for its own year, whenever
it was approved; for no year, where it was revoked (F7); and of a household that fell back (F5) no
longer from the end of the year in which it did.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy import and_, func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.base import Record
from models.offices import SubjectKind
from models.policy import Policy, Targets
from registry.facts.episodes import comes_after
from registry.places import last_divisions
from registry.reports.progress import towards
from registry.reports.records import TargetProgress
from registry.tables import (
    DivisionRow,
    EpisodeRow,
    HouseholdRow,
    RevocationRow,
    Standing,
    StatusRow,
    VillageRow,
    VillageStatusRow,
)

Measured = Literal["people", "villages", "counties"]


class YearTowards(Record):
    """One year on the way to a target.

    Attributes:
        exited: How many left for the year, without those of the year that were revoked since.
        revoked: How many those are.
        back: How many of all who had left fell back by its end, and count no longer.
        cumulative: How many have left by its end.
        share: Of the target, in percent, rounded down: 100.0 is reached.
    """

    year: int
    exited: int
    revoked: int
    back: int
    cumulative: int
    share: str


class Towards(Record):
    """A target with the years up to now; ``by`` is the year by whose end it is to be reached."""

    name: Measured
    wanted: int
    by: int
    years: tuple[YearTowards, ...]


class CityTowards(Record):
    """A city at the end of the year: what has left, and which counties are listed still."""

    code: str
    name: str
    counties: int
    counties_listed: int
    listed: tuple[str, ...]
    villages: int
    people: int


class TargetReport(Record):
    """All of it, up to the end of a year.

    Attributes:
        on: The day of the register that this is counted from: the year's last, or today.
    """

    year: int
    on: date
    province: str
    targets: tuple[TargetProgress, ...]
    measures: tuple[Towards, ...]
    cities: tuple[CityTowards, ...]
    total: CityTowards


class _Left(NamedTuple):
    """So many people who left alike, or one place: counted from one year until before another."""

    county: str
    code: str
    exited: int
    first: int
    until: int | None
    revoked: bool
    many: int

    def counts(self, year: int) -> bool:
        """Whether it is out at the end of a year."""
        out = self.first <= year and (self.until is None or year < self.until)
        return out and not self.revoked


def target_report(
    session: Session, policy: Policy, targets: Targets, year: int, today: date
) -> TargetReport:
    """The targets by the end of a year, as the register knows it today."""
    divisions = last_divisions(session)
    left: dict[Measured, list[_Left]] = {
        "people": list(_people(session)),
        "villages": list(_villages(session)),
        "counties": list(_counties(session)),
    }
    wanted: dict[Measured, int] = {
        "people": targets.people,
        "villages": targets.villages,
        "counties": targets.counties,
    }
    exit_years = [each.exited for found in left.values() for each in found if each.exited <= year]
    years = range(min(exit_years, default=year), year + 1)
    cities = _cities(session, left, divisions, year)
    return TargetReport(
        year=year,
        on=min(today, date(year, 12, 31)),
        province=policy.province_name,
        targets=towards(session, year, targets, divisions),
        measures=tuple(
            Towards(
                name=name,
                wanted=many,
                by=targets.by,
                years=tuple(_by_year(left[name], years, many)),
            )
            for name, many in wanted.items()
        ),
        cities=cities,
        total=_sum(cities),
    )


def _by_year(left: list[_Left], years: Iterable[int], wanted: int) -> Iterable[YearTowards]:
    before = 0
    for year in years:
        of_year = [each for each in left if each.exited == year]
        exited = sum(each.many for each in of_year if not each.revoked)
        out = _out(left, year)
        share = out * 1000 // wanted
        yield YearTowards(
            year=year,
            exited=exited,
            revoked=sum(each.many for each in of_year if each.revoked),
            back=before + exited - out,
            cumulative=out,
            share=f"{share // 10}.{share % 10}",
        )
        before = out


def _out(left: Iterable[_Left], year: int) -> int:
    """How many are out at the end of a year; a place that left twice is one."""
    counted = [each for each in left if each.counts(year)]
    places = {each.code for each in counted if each.code}
    return len(places) + sum(each.many for each in counted if not each.code)


def _people(session: Session) -> Iterable[_Left]:
    """People by county, exit year, and the year in which they were in the register again."""
    episode, after = EpisodeRow, aliased(EpisodeRow)
    began, again = (sa.extract("year", col(each.registered_on)) for each in (episode, after))
    revoked = col(RevocationRow.case_id).is_not(None)
    what: tuple[Any, ...] = (VillageRow.county_code, episode.exit_year, began, again, revoked)
    query = (
        sa.select(*what, func.sum(HouseholdRow.size))
        .select_from(episode)
        .join(HouseholdRow, col(HouseholdRow.code) == episode.household_code)
        .join(VillageRow, col(VillageRow.code) == HouseholdRow.village_code)
        .join(after, comes_after(after, episode), isouter=True)
        .join(
            RevocationRow,
            _revoked(SubjectKind.HOUSEHOLD, episode.household_code, episode.exited_on),
            isouter=True,
        )
        .where(col(episode.exit_year).is_not(None))
        .group_by(*what)
    )
    for county, exited, since, until, is_revoked, people in session.execute(query):
        yield _Left(
            county=county,
            code="",
            exited=exited,
            first=max(exited, int(since)),
            until=None if until is None else int(until),
            revoked=bool(is_revoked),
            many=int(people),
        )


def _villages(session: Session) -> Iterable[_Left]:
    places = select(VillageStatusRow, VillageRow.county_code).join(
        VillageRow, col(VillageRow.code) == VillageStatusRow.code
    )
    for row, county, revoked in _exits(session, places, VillageStatusRow, SubjectKind.VILLAGE):
        yield _place(county, row, revoked)


def _counties(session: Session) -> Iterable[_Left]:
    for row, revoked in _exits(session, select(StatusRow), StatusRow, SubjectKind.COUNTY):
        yield _place(row.code, row, revoked)


def _exits(session: Session, query: Any, table: Any, kind: SubjectKind) -> Iterable[Any]:
    """Exits of places, each with the case that revoked it, if one did."""
    return session.execute(
        query.add_columns(RevocationRow.case_id)
        .join(RevocationRow, _revoked(kind, table.code, table.since), isouter=True)
        .where(table.status == Standing.EXITED, col(table.exit_year).is_not(None))
    )


def _revoked(kind: SubjectKind, code: Any, exited_on: Any) -> Any:
    return and_(
        col(RevocationRow.kind) == kind,
        col(RevocationRow.subject_code) == code,
        col(RevocationRow.exited_on) == exited_on,
    )


def _place(county: str, row: Any, revoked: str | None) -> _Left:
    return _Left(
        county=county,
        code=row.code,
        exited=row.exit_year,
        first=row.exit_year,
        until=row.until.year if row.until is not None else None,
        revoked=revoked is not None,
        many=1,
    )


# -- by city ------------------------------------------------------------------------------------


def _cities(
    session: Session,
    left: Mapping[Measured, list[_Left]],
    divisions: Mapping[str, DivisionRow],
    year: int,
) -> tuple[CityTowards, ...]:
    """Cities in which anything has left, or a county is listed."""

    def city_of(county: str) -> str:
        known = divisions.get(county)
        return (known.parent if known else None) or f"{county[:4]}00"

    out: dict[Measured, Counter[str]] = {}
    for name, found in left.items():
        of: defaultdict[str, list[_Left]] = defaultdict(list)
        for each in found:
            of[city_of(each.county)].append(each)
        out[name] = Counter({city: many for city in of if (many := _out(of[city], year))})
    gone = {each.code for each in left["counties"] if each.counts(year)}
    listed: defaultdict[str, list[str]] = defaultdict(list)
    for code in sorted(set(session.exec(select(StatusRow.code)).all()) - gone):
        listed[city_of(code)].append(f"{divisions[code].name} {code}")
    return tuple(
        CityTowards(
            code=code,
            name=divisions[code].name if code in divisions else "",
            counties=out["counties"][code],
            counties_listed=len(listed[code]),
            listed=tuple(listed[code]),
            villages=out["villages"][code],
            people=out["people"][code],
        )
        for code in sorted(set(listed).union(*out.values()))
    )


def _sum(cities: Iterable[CityTowards]) -> CityTowards:
    found = list(cities)
    return CityTowards(
        code="",
        name="合计",
        counties=sum(each.counties for each in found),
        counties_listed=sum(each.counties_listed for each in found),
        listed=tuple(county for each in found for county in each.listed),
        villages=sum(each.villages for each in found),
        people=sum(each.people for each in found),
    )
