"""Digests of the register's own parts: the journal keeps them, the check computes them.

A part is small enough to say where something was changed, and large enough to be few: a village
with its households, a village's surveys, a county with its divisions, a year's line, a province's
mean of a year, the plan of a year in one county, a year's records of a place. What cases change in
them (exits, entries, surveys, additions to a plan) is left out here: it is held against the files
of these cases.
"""

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from models.procedures import VILLAGE_EXIT
from registry.tables import (
    DivisionRow,
    EpisodeRow,
    HouseholdPastRow,
    HouseholdRow,
    HouseholdYearRow,
    MemberRow,
    OfficeRecordRow,
    PlanRow,
    PovertyLineRow,
    ProvincialMeanRow,
    RegisterEntryRow,
    StatusRow,
    Table,
    VillagePastRow,
    VillageRow,
    VillageStatusRow,
    VillageYearRow,
)

_OF_EPISODES = (
    *("household_code", "number", "cause", "registered_on", "opening_document", "gone_because"),
)

AT_ONCE = 100
"""Villages that are read together: some thousand households."""

PARTS = {"v": "villages", "s": "village_status", "h": "households", "m": "members"} | {
    "y": "household_years",
    "e": "household_episodes",
    "p": "household_past",
    "q": "village_past",
}
"""The tables that a village's digest is of, by their sign in it."""


def digests_of(connection: Connection, keys: Iterable[str]) -> dict[str, str]:
    """The digest of each part of the register that is there, by its key.

    Keys: ``village/<code>``, ``surveys/<code>``, ``county/<code>``, ``line/<year>``,
    ``mean/<province>/<year>``, ``plan/<year>/<county>``, ``records/<place>/<year>``,
    ``changes/<county>``.
    """
    found: dict[str, str] = {}
    ordered = sorted(keys)
    for kind, group in groupby(ordered, key=lambda key: key.partition("/")[0]):
        rest = [key.partition("/")[2] for key in group]
        for first in range(0, len(rest), AT_ONCE):
            found |= {
                f"{kind}/{key}": digest
                for key, digest in _READERS[kind](connection, rest[first : first + AT_ONCE])
            }
    return found


def all_keys(connection: Connection) -> Iterable[str]:
    """The key of every part of the register that is there."""
    for code in connection.scalars(sa.select(_t(VillageRow).c.code).order_by("code")):
        yield f"village/{code}"
    years, plans = _t(VillageYearRow), _t(PlanRow)
    for code in connection.scalars(
        sa.select(years.c.village_code).where(_from_a_file(years)).distinct()
    ):
        yield f"surveys/{code}"
    for code in connection.scalars(
        sa.union(sa.select(_t(DivisionRow).c.code), sa.select(_t(StatusRow).c.code))
    ):
        yield f"county/{code}"
    for year in connection.scalars(sa.select(_t(PovertyLineRow).c.year)):
        yield f"line/{year}"
    means = _t(ProvincialMeanRow).c
    for province, year in connection.execute(sa.select(means.province, means.year)):
        yield f"mean/{province}/{year}"
    places = sa.select(plans.c.year, sa.func.substr(plans.c.subject_code, 1, 6))
    for year, county in connection.execute(places.where(plans.c.addition.is_(False)).distinct()):
        yield f"plan/{year}/{county}"
    records = _t(OfficeRecordRow)
    for place, year in connection.execute(sa.select(records.c.place, records.c.year).distinct()):
        yield f"records/{place}/{year}"
    for ledger in connection.scalars(sa.select(_t(RegisterEntryRow).c.ledger).distinct()):
        yield f"changes/{ledger.partition('/')[2]}"


def tables_that_differ(told: str, found: str) -> str:
    """Which tables of a village two digests of it differ in, for a sentence."""
    if "." not in told or "." not in found:
        return "the whole part"
    pairs = zip(PARTS.values(), told.split("."), found.split("."), strict=False)
    return ", ".join(name for name, before, now in pairs if before != now)


def _t(row: type[Table]) -> sa.Table:
    return Table.metadata.tables[str(row.__tablename__)]


def _from_a_file(years: sa.Table) -> sa.ColumnElement[bool]:
    return ~years.c.source.like(f"{VILLAGE_EXIT.word}/%")


def _columns(table: sa.Table, *names: str) -> list[sa.ColumnElement[Any]]:
    """Columns as every database writes them: truth as 0 and 1, the rest as it is."""
    chosen = [table.c[name] for name in names] if names else list(table.c)
    return [
        sa.cast(column, sa.Integer) if isinstance(column.type, sa.Boolean) else _bare(column)
        for column in chosen
    ]


def _bare(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """A column without its Python type, which takes longer than all the rest."""
    return sa.type_coerce(column, sa.types.NullType())


def _digest(rows: Iterable[Sequence[Any]]) -> str:
    """The digest of rows in an order of their own."""
    said = sorted(json.dumps(tuple(row), ensure_ascii=False, default=str) for row in rows)
    return sha256("\n".join(said).encode()).hexdigest()[:32] if said else ""


def _grouped(
    connection: Connection, query: sa.Select[Any], codes: Sequence[str]
) -> dict[str, list[Any]]:
    """Rows by their first column."""
    groups: dict[str, list[Any]] = {code: [] for code in codes}
    for row in connection.execute(query):
        groups[row[0]].append(row)
    return groups


def _villages(connection: Connection, codes: Sequence[str]) -> Iterable[tuple[str, str]]:
    villages, status, households = _t(VillageRow), _t(VillageStatusRow), _t(HouseholdRow)
    home = households.c.village_code
    of_village = [
        sa.select(*_columns(villages)).where(villages.c.code.in_(codes)),
        # What a case has ended or begun is held against its file.
        sa.select(*_columns(status, "code", "since", "status", "exit_year", "document")).where(
            status.c.code.in_(codes), status.c.case_id.is_(None)
        ),
        sa.select(home, *_columns(households)).where(home.in_(codes)),
    ]
    for row, names in (
        (MemberRow, ()),
        (HouseholdYearRow, ()),
        (EpisodeRow, _OF_EPISODES),
        (HouseholdPastRow, ()),
    ):
        table = _t(row)
        query = (
            sa.select(home, *_columns(table, *names))
            .join(households, households.c.code == table.c.household_code)
            .where(home.in_(codes))
        )
        if row is EpisodeRow:
            query = query.where(table.c.opened_by.is_(None))
        of_village.append(query)
    past = _t(VillagePastRow)
    of_village.append(sa.select(*_columns(past)).where(past.c.village_code.in_(codes)))
    tables = [_grouped(connection, query, codes) for query in of_village]
    for code in codes:
        if tables[0][code]:
            yield code, ".".join(_digest(table[code]) for table in tables)


def _surveys(connection: Connection, codes: Sequence[str]) -> Iterable[tuple[str, str]]:
    years = _t(VillageYearRow)
    query = sa.select(*_columns(years)).where(years.c.village_code.in_(codes), _from_a_file(years))
    for code, rows in _grouped(connection, query, codes).items():
        if rows:
            yield code, canonical_years(rows)


def canonical_years(rows: Iterable[Sequence[Any]]) -> str:
    """A digest for each year, so that a case may take the place of one: ``2016:ab…``."""
    return ".".join(sorted(f"{row[1]}:{_digest([row])}" for row in rows))


def _counties(connection: Connection, codes: Sequence[str]) -> Iterable[tuple[str, str]]:
    divisions, status = _t(DivisionRow), _t(StatusRow)
    known = _grouped(
        connection, sa.select(*_columns(divisions)).where(divisions.c.code.in_(codes)), codes
    )
    listed = sa.select(*_columns(status, "code", "since", "status", "exit_year", "document")).where(
        status.c.code.in_(codes), status.c.case_id.is_(None)
    )
    of_list = _grouped(connection, listed, codes)
    for code in codes:
        if known[code] or of_list[code]:
            yield code, f"{_digest(known[code])}.{_digest(of_list[code])}"


def _lines(connection: Connection, years: Sequence[str]) -> Iterable[tuple[str, str]]:
    lines = _t(PovertyLineRow)
    wanted = lines.c.year.in_([int(year) for year in years])
    for row in connection.execute(sa.select(*_columns(lines)).where(wanted)):
        yield str(row[0]), _digest([row])


def _means(connection: Connection, places: Sequence[str]) -> Iterable[tuple[str, str]]:
    means = _t(ProvincialMeanRow)
    for row in connection.execute(sa.select(*_columns(means))):
        place = f"{row[0]}/{row[1]}"
        if place in places:
            yield place, _digest([row])


def _plans(connection: Connection, places: Sequence[str]) -> Iterable[tuple[str, str]]:
    plans = _t(PlanRow)
    for place in places:
        year, _, county = place.partition("/")
        query = sa.select(*_columns(plans, "year", "subject_code", "kind", "source")).where(
            plans.c.year == int(year),
            sa.func.substr(plans.c.subject_code, 1, 6) == county,
            plans.c.addition.is_(False),
        )
        digest = _digest(connection.execute(query))
        if digest:
            yield place, digest


def _records(connection: Connection, parts: Sequence[str]) -> Iterable[tuple[str, str]]:
    records = _t(OfficeRecordRow)
    for part in parts:
        place, _, year = part.partition("/")
        here = (records.c.place == place) & (records.c.year == int(year))
        digest = _digest(connection.execute(sa.select(*_columns(records)).where(here)))
        if digest:
            yield part, digest


def _changes(connection: Connection, counties: Sequence[str]) -> Iterable[tuple[str, str]]:
    """How far the ledger of a county's natural changes goes, and its last hash."""
    entries = _t(RegisterEntryRow)
    for county in counties:
        here = entries.c.ledger == f"register/{county}"
        query = sa.select(entries.c.seq, entries.c.hash).where(here)
        last = connection.execute(query.order_by(entries.c.seq.desc()).limit(1)).first()
        if last is not None:
            yield county, f"{last.seq}:{last.hash}"


_READERS = {
    "changes": _changes,
    "village": _villages,
    "surveys": _surveys,
    "county": _counties,
    "line": _lines,
    "mean": _means,
    "plan": _plans,
    "records": _records,
}
