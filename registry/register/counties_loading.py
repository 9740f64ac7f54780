"""Putting a list of poor counties into the register: all of it, or nothing."""

from collections.abc import Iterable
from datetime import date

from sqlmodel import Session, select

from models.offices import Division, SubjectKind
from models.policy import Level
from registry import journal
from registry.errors import LoadError
from registry.records import Loaded
from registry.register.counties_file import CountyLine
from registry.tables import DivisionRow, PlanRow, Standing, StatusRow


def load(
    session: Session,
    lines: Iterable[CountyLine],
    named: str,
    listed_since: date,
    plan_source: str,
    province: Division,
) -> Loaded:
    """Add what the register does not have yet; what it has stays, but must not be another.

    Divisions are known from ``listed_since`` on: the list says nothing of the time before.

    Raises:
        LoadError: where the list and the register contradict each other.
    """
    lines = tuple(lines)
    faults: list[str] = []
    wanted = [(f"{named}: province", _division(province, Level.PROVINCE, None, listed_since))]
    cities: dict[str, CountyLine] = {}
    for line in lines:
        if cities.setdefault(line.city_code, line) is line:
            city = Division(code=line.city_code, name=line.city)
            row = _division(city, Level.CITY, province.code, listed_since)
            wanted.append((f"{named}, row {line.row}, column city", row))
        wanted.append((f"{named}, row {line.row}", _county(line, listed_since)))
    divisions = sum(_add_division(session, where, row, faults) for where, row in wanted)
    counties = _list(session, lines, named, listed_since, faults)
    plans = _add_plans(session, lines, plan_source)
    if faults:
        raise LoadError(faults)
    years = {f"plan/{line.exit_year}/{line.code}" for line in lines}
    journal.touch(session, {f"county/{row.code}" for _, row in wanted} | years)
    return Loaded(divisions=divisions, counties=counties, plans=plans)


def _division(division: Division, level: Level, parent: str | None, since: date) -> DivisionRow:
    return DivisionRow(
        code=division.code, valid_from=since, name=division.name, level=level, parent=parent
    )


def _county(line: CountyLine, since: date) -> DivisionRow:
    return DivisionRow(
        code=line.code,
        valid_from=since,
        name=line.name,
        level=Level.COUNTY,
        parent=line.city_code,
        tier=line.tier,
        directly_administered=line.directly_administered,
    )


_COMPARED = {
    "name": "name",
    "level": "level",
    "parent": "city",
    "tier": "tier",
    "directly_administered": "directly_administered",
}


def _add_division(session: Session, where: str, row: DivisionRow, faults: list[str]) -> bool:
    known = session.exec(select(DivisionRow).where(DivisionRow.code == row.code)).all()
    if not known:
        session.add(row)
        return True
    if not any(_same(row, version) for version in known):
        last = max(known, key=lambda version: version.valid_from)
        for field, column in _COMPARED.items():
            told, kept = getattr(row, field), getattr(last, field)
            if told != kept:
                faults.append(
                    f"{where}, {column}: the list says {told} of {row.code}, the register has "
                    f"{kept} since {last.valid_from}; correct the list"
                )
    return False


def _same(row: DivisionRow, version: DivisionRow) -> bool:
    return all(getattr(row, field) == getattr(version, field) for field in _COMPARED)


def _list(
    session: Session,
    lines: tuple[CountyLine, ...],
    named: str,
    listed_since: date,
    faults: list[str],
) -> int:
    """Put counties on the list that were never on it; one that has left since stays off it."""
    first_listed: dict[str, date] = {}
    for status in session.exec(select(StatusRow)).all():
        earlier = first_listed.get(status.code, status.since)
        first_listed[status.code] = min(earlier, status.since)
    other = {first_listed[line.code] for line in lines if line.code in first_listed}
    other.discard(listed_since)
    if other:
        faults.append(
            f"{named}: the register has these counties listed since {min(other)}, not since "
            f"{listed_since}; load them with that day"
        )
    new = [line for line in lines if line.code not in first_listed]
    session.add_all(
        StatusRow(code=line.code, since=listed_since, status=Standing.LISTED) for line in new
    )
    return len(new)


def _add_plans(session: Session, lines: tuple[CountyLine, ...], source: str) -> int:
    new = [line for line in lines if session.get(PlanRow, (line.exit_year, line.code)) is None]
    session.add_all(
        PlanRow(year=line.exit_year, subject_code=line.code, kind=SubjectKind.COUNTY, source=source)
        for line in new
    )
    return len(new)
