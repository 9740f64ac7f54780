"""Cases and limits in force, for lists: the database narrows, orders, counts and cuts them."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Engine, func
from sqlmodel import Session, col, select

from models.case.orders import LimitInForce
from models.offices import Office
from models.procedures import PROCEDURES
from registry.checks.contradictions import contradictions
from registry.checks.last import found_by_case
from registry.database.engine import reading
from registry.places import last_divisions, region_paths, within
from registry.records import (
    By,
    CaseFilter,
    CaseRecord,
    Count,
    DeadlineRecord,
    ListFilter,
    Total,
)
from registry.reports.filings import F9, Filings, key_of
from registry.tables import CaseRow, LimitRow, VillageRow

AT_ONCE = 1_000
"""Rows that are fetched together, however many are asked for."""


class Lists:
    """Every method raises ``RegistryError`` if the database fails.

    What is iterated is read while it is taken, so that a whole province needs no more memory than
    fifty rows.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def cases(self, wanted: CaseFilter, limit: int | None = None) -> Iterator[CaseRecord]:
        """Cases as they stand, the nearest deadline first; the first of them, or all."""
        with reading(self._engine) as session:
            yield from cases(session, wanted, limit)

    def count_cases(self, wanted: CaseFilter) -> Count:
        """How many cases there are."""
        missed = func.sum(sa.case((col(CaseRow.overdue), 1), else_=0))
        with reading(self._engine) as session:
            query = sa.select(func.count(), missed).where(*_cases(session, wanted))
            many, overdue = session.execute(query).one()
            return Count(many=many, overdue=overdue or 0)

    def total_cases(self, wanted: CaseFilter, by: By) -> list[Total]:
        """Cases by city, county, step or office: where most are overdue first."""
        key = key_of(by, CaseRow.region, CaseRow.step, CaseRow.waiting_for)
        missed = func.sum(sa.case((col(CaseRow.overdue), 1), else_=0))
        with reading(self._engine) as session:
            query = sa.select(key, func.count(), missed, func.min(CaseRow.deadline))
            rows = session.execute(query.where(*_cases(session, wanted)).group_by(key))
            return _totals(session, by, rows)

    def deadlines(
        self, wanted: ListFilter, filings: Filings, limit: int | None = None
    ) -> Iterator[DeadlineRecord]:
        """Every limit that an office is held to, the nearest first; those behind an exit too (F9).

        Args:
            filings: By what those are counted; what is overdue is so at its moment.
        """
        with reading(self._engine) as session:
            of_cases = _in_force(session, wanted, filings.now, limit)
            behind = filings.due(session, wanted, limit)
            found = merge(of_cases, behind, key=lambda each: each.in_force.limit.due)
            yield from islice(found, limit)

    def count_deadlines(self, wanted: ListFilter, filings: Filings) -> Count:
        """How many limits there are."""
        missed = func.sum(sa.case((_missed(filings.now), 1), else_=0))
        with reading(self._engine) as session:
            where = _limits(session, wanted, filings.now)
            many, overdue = session.execute(sa.select(func.count(), missed).where(*where)).one()
            behind = filings.count(session, wanted)
            return Count(many=many + behind.many, overdue=(overdue or 0) + behind.overdue)

    def total_deadlines(self, wanted: ListFilter, filings: Filings, by: By) -> list[Total]:
        """Limits by city, county, step or office: where most are overdue first."""
        key = key_of(by, LimitRow.region, LimitRow.step, LimitRow.office)
        missed = func.sum(sa.case((_missed(filings.now), 1), else_=0))
        with reading(self._engine) as session:
            query = sa.select(key, func.count(), missed, func.min(LimitRow.due))
            where = _limits(session, wanted, filings.now)
            rows = session.execute(query.where(*where).group_by(key))
            return _totals(session, by, (*rows, *filings.by(session, wanted, by)))


# -- cases --------------------------------------------------------------------------------------


def cases(session: Session, wanted: CaseFilter, limit: int | None = None) -> Iterator[CaseRecord]:
    """Cases as they stand, the nearest deadline first."""
    query = (
        sa.select(*CaseRow.__table__.c)  # type: ignore[attr-defined]
        .where(*_cases(session, wanted))
        .order_by(col(CaseRow.deadline).nulls_last(), col(CaseRow.case_id))
        .limit(limit)
        .execution_options(yield_per=AT_ONCE)
    )
    noted, found = contradictions(session), found_by_case(session)
    for row in session.execute(query).mappings():
        case_id, waiting_for = row["case_id"], row["waiting_for"]
        yield CaseRecord(
            **{name: row[name] for name in row if name not in _OTHERWISE},
            region=tuple(row["region"].strip("/").split("/")),
            waiting_for=Office.parse(waiting_for) if waiting_for else None,
            contradicted=noted.get(case_id),
            found=found.get(case_id, ()),
        )


_OTHERWISE = ("region", "waiting_for", "run")


def _cases(session: Session, wanted: CaseFilter) -> list[ColumnElement[bool]]:
    where = _narrowed(session, wanted, CaseRow, CaseRow.waiting_for, CaseRow.deadline)
    if wanted.overdue is not None:
        where.append(col(CaseRow.overdue).is_(wanted.overdue))
    if wanted.subject is not None:
        where.append(col(CaseRow.subject_code) == wanted.subject)
    if wanted.outcome is not None:
        where.append(col(CaseRow.outcome) == wanted.outcome.value)
    if wanted.open is not None:
        ended = col(CaseRow.outcome)
        where.append(ended.is_(None) if wanted.open else ended.is_not(None))
    return where


def _narrowed(
    session: Session, wanted: ListFilter, row: Any, office: Any, due: Any
) -> list[ColumnElement[bool]]:
    """What narrows cases and limits alike."""
    where: list[ColumnElement[bool]] = []
    if wanted.office is not None:
        where.append(col(office) == str(wanted.office))
    if wanted.region is not None:
        paths = region_paths(session, wanted.region)
        where.append(sa.or_(sa.false(), *(within(col(row.region), each) for each in paths)))
    if wanted.year is not None:
        where.append(col(row.year) == wanted.year)
    if wanted.step is not None:
        where.append(col(row.step) == wanted.step)
    if wanted.procedure is not None:
        where.append(col(row.procedure) == wanted.procedure)
    if wanted.until is not None:
        where.append(col(due) <= wanted.until)
    return where


# -- limits -------------------------------------------------------------------------------------


def _in_force(
    session: Session, wanted: ListFilter, now: datetime, limit: int | None
) -> Iterator[DeadlineRecord]:
    row: Any = LimitRow
    query = (
        sa.select(row.case_id, row.subject_name, row.year, row.step, row.content)
        .where(*_limits(session, wanted, now))
        .order_by(row.due, row.case_id, row.place)
        .limit(limit)
        .execution_options(yield_per=AT_ONCE)
    )
    for case_id, subject_name, year, step, content in session.execute(query):
        yield DeadlineRecord(
            case_id=case_id,
            subject_name=subject_name,
            year=year,
            step=step,
            in_force=LimitInForce.model_validate_json(content),
        )


def _limits(session: Session, wanted: ListFilter, now: datetime) -> list[ColumnElement[bool]]:
    where = _narrowed(session, wanted, LimitRow, LimitRow.office, LimitRow.due)
    if wanted.overdue is not None:
        missed = _missed(now)
        where.append(missed if wanted.overdue else ~missed)
    return where


def _missed(now: datetime) -> ColumnElement[bool]:
    """As ``models.periods.is_over``: nobody can miss the end of a publicity."""
    row = LimitRow
    return sa.or_(col(row.breached), sa.and_(col(row.binding), col(row.due) <= now))


# -- totals -------------------------------------------------------------------------------------


_Row = tuple[str | None, int, int | None, datetime | None]
"""A key, how many, how many overdue, and the nearest end."""


def _totals(session: Session, by: By, rows: Iterable[Any]) -> list[Total]:
    added: dict[str, _Row] = {}
    for key, many, overdue, nearest in rows:
        code = key or ""
        _, before, missed, first = added.get(code, (code, 0, 0, None))
        ends = [each for each in (first, nearest) if each is not None]
        added[code] = (code, before + many, (missed or 0) + (overdue or 0), min(ends, default=None))
    names = _names(session, by, added)
    totals = [
        Total(by=by, code=code, name=names.get(code, ""), many=many, overdue=missed or 0, next=ends)
        for code, (_, many, missed, ends) in added.items()
    ]
    return sorted(totals, key=lambda each: (-each.overdue, -each.many, each.code))


def _names(session: Session, by: By, codes: Iterable[str]) -> dict[str, str]:
    if by is By.STEP:
        steps = {step.id: step.title for each in PROCEDURES.values() for step in each.steps}
        return steps | F9
    names = {code: row.name for code, row in last_divisions(session).items()}
    if by is By.OFFICE:
        names |= dict(session.exec(select(VillageRow.code, VillageRow.name)).all())
        return {code: names.get(code.partition("/")[2], "") for code in codes}
    return names
