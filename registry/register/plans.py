"""The yearly plan (G6 年度计划): which households, villages and counties are to leave in a year."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlmodel import Session, col

from models.offices import SubjectKind
from models.policy import Level
from registry import journal
from registry.database.engine import claim
from registry.errors import UnknownSubject
from registry.files.faults import Fault, RegisterFaults
from registry.places import last_divisions, lies_in, villages_in
from registry.register.bulk import Writer, batches, found, table_of
from registry.register.plans_file import PlannedSubject
from registry.reports.records import PlanLine, PlanLoaded, Planned, PlannedIn
from registry.tables import DivisionRow, HouseholdRow, PlanRow, VillageRow

_AT_ONCE = 1_000


def add_plan(session: Session, year: int, code: str, source: str) -> bool:
    """Put a county, a village or a household into a year's plan; False where it is in it.

    Raises:
        UnknownSubject: if the register knows none under the code.
    """
    claim_plan(session, year)
    kinds = _kinds(session.connection(), [code])[code]
    if not kinds:
        raise UnknownSubject(
            f"plan of {year}: the register knows no county, village or household with the code "
            f"{code}; load it first, or correct the code"
        )
    if session.get(PlanRow, (year, code)) is not None:
        return False
    key = f"plan/{year}/{code[:6]}"
    journal.look_before(session, [key])
    session.add(PlanRow(year=year, subject_code=code, kind=kinds[0], source=source))
    journal.touch(session, [key])
    journal.describe(session, "plan", source=source)
    return True


def claim_plan(session: Session, year: int) -> None:
    """Let one transaction at a time change the plan of a year."""
    claim(session, f"plan {year}")


def load_plan(
    session: Session, lines: Sequence[PlannedSubject], source: str, faults: Iterable[Fault] = ()
) -> PlanLoaded:
    """Put the subjects of a whole file into the plans of its years; what is there is no change.

    Within the caller's transaction, which must not be committed if this raises.

    Args:
        source: The file, as its faults name it.
        faults: What was wrong with it when it was read.

    Raises:
        RegisterFaults: a ``LoadError`` with all faults: of the reading, and where the lines
            contradict the register or each other.
    """
    for year in sorted({line.year for line in lines}):
        claim_plan(session, year)
    session.flush()
    loading = _Loading(session.connection(), faults)
    for batch in batches(lines):
        keys = {f"plan/{line.year}/{line.code[:6]}" for line in batch}
        journal.look_before(session, keys)
        loading.add(batch)
        journal.touch(session, keys)
    if loading.faults:
        raise RegisterFaults(
            source, sorted(loading.faults, key=lambda each: (each.sheet, each.row))
        )
    session.expire_all()
    new = loading.new
    return PlanLoaded(
        households=new[SubjectKind.HOUSEHOLD],
        villages=new[SubjectKind.VILLAGE],
        counties=new[SubjectKind.COUNTY],
        there=loading.there,
        otherwise=loading.otherwise,
    )


class _Loading:
    """One file, batch by batch; what is wrong with it gathers in ``faults``."""

    def __init__(self, connection: Connection, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        self.new = dict.fromkeys(SubjectKind, 0)
        self.there = self.otherwise = 0
        self._connection = connection
        self._first: dict[tuple[int, str], PlannedSubject] = {}

    def add(self, lines: Sequence[PlannedSubject]) -> None:
        codes = [line.code for line in lines]
        kinds = _kinds(self._connection, codes)
        planned = {
            (row["year"], row["subject_code"]): row
            for row in found(self._connection, PlanRow, "subject_code", codes)
        }
        rows = Writer(PlanRow)
        for line in lines:
            fault = self._fault(line, kinds[line.code])
            known = planned.get((line.year, line.code))
            if fault is not None:
                self.faults.append(fault)
            elif known is not None:
                self.there += 1
                self.otherwise += known["source"] != line.document
            else:
                rows.put(_row(line), None)
                self.new[line.kind] += 1
        rows.write(self._connection)

    def _fault(self, line: PlannedSubject, kinds: Sequence[SubjectKind]) -> Fault | None:
        first = self._first.setdefault((line.year, line.code), line)
        column, cell = "编号", line.code
        if first is not line:
            where = f"row {first.row}" + (f" of {first.sheet}" if first.sheet != line.sheet else "")
            right = f"is in the plan of {line.year} by {where} too; keep one"
        elif line.kind in kinds:
            return None
        elif kinds:
            column, cell = "类别", line.kind.zh
            right = f"{line.code} is a {kinds[0].value} in the register; write {kinds[0].zh}"
        else:
            right = f"the register knows no {line.kind.value} of this code; load it, or correct it"
        return Fault(sheet=line.sheet, row=line.row, column=column, found=cell, right=right)


def _row(line: PlannedSubject) -> dict[str, Any]:
    return {
        "year": line.year,
        "subject_code": line.code,
        "kind": line.kind,
        "source": line.document,
        "addition": False,
    }


def _kinds(connection: Connection, codes: Iterable[str]) -> dict[str, list[SubjectKind]]:
    """What the register has under each code, counties first; empty where nothing."""
    codes = list(codes)
    kinds: dict[str, list[SubjectKind]] = {code: [] for code in codes}
    for row in found(connection, DivisionRow, "code", codes):
        if row["level"] is Level.COUNTY and not kinds[row["code"]]:
            kinds[row["code"]].append(SubjectKind.COUNTY)
    for table, kind in (
        (VillageRow, SubjectKind.VILLAGE),
        (HouseholdRow, SubjectKind.HOUSEHOLD),
    ):
        for row in found(connection, table, "code", codes):
            kinds[row["code"]].append(kind)
    return kinds


def plans(session: Session, year: int, region: str | None = None) -> Iterator[PlanLine]:
    """The plan of a year: its counties, then its villages, then its households."""
    counties, villages, households = _of_year(session, year, region)
    yield from _lines(session, (counties, villages, households))


def planned(
    session: Session, year: int, region: str | None = None, limit: int | None = None
) -> Planned:
    """The same for the screen: places one by one, households by village; the first, or all."""
    counties, villages, households = _of_year(session, year, region)
    village, name = households.selected_columns.village, households.selected_columns.name
    by_village = (
        households.with_only_columns(village, name, sa.func.count(), maintain_column_froms=True)
        .group_by(village, name)
        .order_by(None)
        .order_by(village)
    )
    connection = session.connection()
    many = {
        kind: connection.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
        for kind, query in zip(SubjectKind, (counties, villages, households), strict=True)
    }
    homes = sa.select(sa.func.count()).select_from(by_village.subquery())
    return Planned(
        places=tuple(islice(_lines(session, (counties, villages)), limit)),
        households=tuple(
            PlannedIn(code=code, name=called, households=some)
            for code, called, some in connection.execute(by_village.limit(limit))
        ),
        household_villages=connection.scalar(homes) or 0,
        many=many,
    )


def _of_year(session: Session, year: int, region: str | None) -> Iterator[sa.Select[Any]]:
    """The counties, the villages and the households of a plan."""
    code, kind = col(PlanRow.subject_code), col(PlanRow.kind)
    name, village = col(VillageRow.name), col(VillageRow.code)
    within = [lies_in(PlanRow.subject_code, region)] if region else []
    places = [villages_in(region)] if region else []
    # Rows and not objects: a province plans some hundred thousand households.
    of_year = sa.select(table_of(PlanRow)).where(col(PlanRow.year) == year).order_by(code)
    of_year = of_year.execution_options(yield_per=_AT_ONCE)
    yield of_year.where(kind == SubjectKind.COUNTY, *within)
    yield (
        of_year.add_columns(name)
        .join(VillageRow, village == code)
        .where(kind == SubjectKind.VILLAGE, *places)
    )
    yield (
        of_year.add_columns(name, village.label("village"))
        .join(HouseholdRow, col(HouseholdRow.code) == code)
        .join(VillageRow, village == col(HouseholdRow.village_code))
        .where(kind == SubjectKind.HOUSEHOLD, *places)
    )


def _lines(session: Session, queries: Iterable[sa.Select[Any]]) -> Iterator[PlanLine]:
    divisions = last_divisions(session)
    for query in queries:
        for row in session.connection().execute(query).mappings():
            said = dict(row)
            code = said.pop("subject_code")
            name = said.pop("name", None) or divisions[code].name
            yield PlanLine(code=code, name=name, **said)
