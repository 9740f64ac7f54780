"""贫困发生率 (S5): how many of a unit's people are poor on a day, counted from the register.

It is counted whenever it is asked for and kept nowhere, so that it cannot differ from the
households. In whole numbers; one query for however many units.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, String, Subquery, and_, case, cast, exists, func, union_all
from sqlmodel import Session, col, or_, select

from models.register.counties import CountyCounted, PoorVillages
from models.register.villages import Incidence
from registry.errors import RegistryError
from registry.places import lies_in, villages_in
from registry.tables import (
    ON_THE_LIST,
    EpisodeRow,
    HouseholdPastRow,
    HouseholdRow,
    Standing,
    VillagePastRow,
    VillageRow,
    VillageStatusRow,
)

_DIVISION_DIGITS = 6
"""Of the code of a county, city or province; those of townships and villages have more."""


class Heads(NamedTuple):
    """People of a unit on a day: those still poor, and all of its villages' registered people."""

    poor: int
    population: int


def village_incidence(session: Session, code: str, on: date) -> Incidence | None:
    """A village's incidence at the end of a day.

    None where the register does not know the village, or no people of it.

    Raises:
        RegistryError: where more people are registered as poor than live there.
    """
    return incidences(session, on, codes=(code,)).get(code)


def county_incidence(session: Session, code: str, on: date) -> Incidence | None:
    """A county's incidence at the end of a day: the sum of its villages.

    None where the register holds no village of the county with people.

    Raises:
        RegistryError: where more people are registered as poor than live there.
    """
    heads = county_heads(session, on, region=code).get(code)
    return incidence(code, heads, on) if heads is not None else None


def county_counted(session: Session, code: str, on: date) -> CountyCounted:
    """A county's incidence at the end of a day, and how many of its poor villages have left (S3).

    Raises:
        RegistryError: if more people are registered as poor than live there.
    """
    villages = poor_villages(session, on, region=code).get(code, PoorVillages())
    return CountyCounted(incidence=county_incidence(session, code, on), villages=villages)


def poor_villages(
    session: Session, on: date, *, region: str | None = None
) -> dict[str, PoorVillages]:
    """The poor villages of every county of a region that has any, as the list is on a day."""
    row = VillageStatusRow
    listed = func.sum(case((col(row.status).in_(ON_THE_LIST), 1), else_=0))
    exited = func.sum(case((col(row.status) == Standing.EXITED, 1), else_=0))
    query = (
        select(VillageRow.county_code, listed, exited)
        .join(row, col(row.code) == VillageRow.code)
        .where(
            row.since <= on,
            or_(col(row.until).is_(None), col(row.until) > on),
            *([villages_in(region)] if region is not None else []),
        )
        .group_by(VillageRow.county_code)
    )
    return {
        code: PoorVillages(listed=int(on_it), exited=int(off_it))
        for code, on_it, off_it in session.exec(query)
    }


def incidences(
    session: Session, on: date, *, codes: Iterable[str] | None = None, region: str | None = None
) -> dict[str, Incidence]:
    """The incidence of every village named, or of every village of a region, by its code.

    Raises:
        RegistryError: where more people of one are registered as poor than live there.
    """
    found = {
        code: incidence(code, heads, on)
        for code, heads in village_heads(session, on, codes=codes, region=region).items()
    }
    return {code: each for code, each in found.items() if each is not None}


def incidence(code: str, heads: Heads, on: date) -> Incidence | None:
    """Heads as an incidence; None where nobody lives there.

    Raises:
        RegistryError: where the heads are impossible.
    """
    fault = heads_fault(code, heads, on)
    if fault is not None:
        raise RegistryError(fault)
    if heads.population == 0:
        return None
    return Incidence(poor=heads.poor, population=heads.population, as_of=on)


def heads_fault(code: str, heads: Heads, on: date) -> str | None:
    """Why a unit's heads cannot be, in one sentence."""
    if heads.poor <= heads.population:
        return None
    return (
        f"{code}: the register counts {heads.poor} poor people as of {on} among a population of "
        f"{heads.population}; correct the population of its villages, or its households (S5)"
    )


def village_heads(
    session: Session, on: date, *, codes: Iterable[str] | None = None, region: str | None = None
) -> dict[str, Heads]:
    """The heads of every village named, or of every village of a region."""
    return {each.code: each.heads for each in _villages(session, on, _wanted(codes, region))}


def county_heads(session: Session, on: date, *, region: str | None = None) -> dict[str, Heads]:
    """The heads of every county of a region that has villages in the register."""
    wanted = [lies_in(VillageRow.county_code, region)] if region is not None else []
    poor, people = _poor(on, wanted), _people(on, wanted)
    query = (
        select(
            people.c.county_code,
            func.sum(func.coalesce(poor.c.heads, 0)),
            func.sum(people.c.population),
        )
        .join(poor, people.c.code == poor.c.village_code, isouter=True)
        .group_by(people.c.county_code)
    )
    return {code: Heads(int(heads), int(many)) for code, heads, many in session.exec(query)}


def all_heads(
    session: Session, on: date, *, region: str | None = None
) -> tuple[dict[str, Heads], dict[str, Heads]]:
    """The heads of every village and of every whole county of a region, counted once for both."""
    counted = _villages(session, on, _wanted(None, region))
    villages = {each.code: each.heads for each in counted}
    if region is not None and len(region) != _DIVISION_DIGITS:
        return villages, {}
    counties: defaultdict[str, Heads] = defaultdict(lambda: Heads(0, 0))
    for each in counted:
        poor, population = counties[each.county_code]
        more = each.heads
        counties[each.county_code] = Heads(poor + more.poor, population + more.population)
    return villages, dict(counties)


class _Village(NamedTuple):
    code: str
    county_code: str
    heads: Heads


def _villages(session: Session, on: date, wanted: Sequence[ColumnElement[bool]]) -> list[_Village]:
    poor, people = _poor(on, wanted), _people(on, wanted)
    query = select(
        people.c.code, people.c.county_code, func.coalesce(poor.c.heads, 0), people.c.population
    ).join(poor, people.c.code == poor.c.village_code, isouter=True)
    return [
        _Village(code, county, Heads(int(heads), many))
        for code, county, heads, many in session.exec(query)
    ]


def _wanted(codes: Iterable[str] | None, region: str | None) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if codes is not None:
        wanted.append(col(VillageRow.code).in_(list(codes)))
    if region is not None:
        wanted.append(villages_in(region))
    return wanted


def _people(on: date, wanted: Sequence[ColumnElement[bool]]) -> Subquery:
    """Villages whose code is in use at the end of a day, with the people they had then."""
    past = VillagePastRow
    in_use = (
        or_(col(VillageRow.since).is_(None), col(VillageRow.since) <= on),
        or_(col(VillageRow.gone_on).is_(None), col(VillageRow.gone_on) > on),
    )
    then = and_(
        col(past.village_code) == VillageRow.code,
        col(past.until) > on,
        or_(col(past.since).is_(None), col(past.since) <= on),
    )
    return (
        select(
            VillageRow.code,
            VillageRow.county_code,
            func.coalesce(past.population, VillageRow.population).label("population"),
        )
        .join(past, then, isouter=True)
        .where(*in_use, *wanted)
        .subquery()
    )


def _poor(on: date, wanted: Sequence[ColumnElement[bool]]) -> Subquery:
    """Heads of the households with an episode open at the end of a day, by village.

    Of the villages wanted alone: a province has hundreds of thousands of households, and an alarm
    is looked for at every one that enters.
    """
    past = HouseholdPastRow
    in_register = (
        EpisodeRow.registered_on <= on,
        or_(col(EpisodeRow.exited_on).is_(None), col(EpisodeRow.exited_on) > on),
    )
    changed_later = (
        exists().where(col(past.household_code) == HouseholdRow.code, col(past.until) > on)
    ).correlate(HouseholdRow)

    def in_these(village: Any) -> list[ColumnElement[bool]]:
        return [col(village).in_(select(VillageRow.code).where(*wanted))] if wanted else []

    # By the bare column SQLite would walk an index of all households, and jump for each to its row.
    village = cast(col(HouseholdRow.village_code), String)
    as_now = (
        select(village.label("village_code"), HouseholdRow.size)
        .join(EpisodeRow, col(EpisodeRow.household_code) == HouseholdRow.code)
        .where(*in_register, ~changed_later, *in_these(HouseholdRow.village_code))
    )
    # Before a change it is counted where it lived then, with as many heads as it had then.
    as_then = (
        select(past.village_code, past.size)
        .join(EpisodeRow, col(EpisodeRow.household_code) == past.household_code)
        .where(
            *in_register,
            col(past.until) > on,
            or_(col(past.since).is_(None), col(past.since) <= on),
            *in_these(past.village_code),
        )
    )
    each = union_all(as_now, as_then).subquery()
    return (
        select(each.c.village_code, func.sum(each.c.size).label("heads"))
        .group_by(each.c.village_code)
        .subquery()
    )
