"""A roster out of the register: one row a person, under the headers that import reads."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from sqlmodel import Session, col, func, select

from models.base import Record
from registry.errors import UnknownSubject
from registry.files import register_columns as columns
from registry.files.cells import HEAD, WORDS_OF_CAUSE
from registry.files.sheet_rows import MAX_ROWS
from registry.files.workbook_writing import Value, write_workbook
from registry.register.bulk import BATCH
from registry.tables import EpisodeRow, HouseholdRow, HouseholdYearRow, MemberRow

_WIDE, _NARROW = 22, 14
_COLUMNS = (
    (columns.VILLAGE_CODE, _NARROW),
    (columns.HOUSEHOLD_CODE, _WIDE),
    (columns.GROUP, _NARROW),
    (columns.NAME, _NARROW),
    (columns.ID_NUMBER, _WIDE),
    (columns.RELATION, _NARROW),
    (columns.SIZE, _NARROW),
    (columns.REGISTERED_ON, _NARROW),
    (columns.CAUSE, _NARROW),
    (columns.YEAR, _NARROW),
    *((column, _NARROW) for column in columns.INCOME.values()),
    *((column, _NARROW) for column in columns.CONDITIONS.values()),
)


class Exported(Record):
    """How much a roster holds."""

    households: int
    people: int


def export_roster(session: Session, path: Path, region: str, year: int | None) -> Exported:
    """Write the households of a village, county or other division, those that have exited too.

    What is said of a household stands in the row of its head.

    Args:
        region: Its code: that of a village begins with it.
        year: Which year's income and conditions; None for the last that is known of each.

    Raises:
        UnknownSubject: if the register has no household there, or more than a file can hold.
        OSError: if the file cannot be written.
    """
    codes = session.exec(
        select(HouseholdRow.code)
        .where(col(HouseholdRow.village_code).startswith(region, autoescape=True))
        .order_by(col(HouseholdRow.village_code), col(HouseholdRow.code))
    ).all()
    people = session.exec(
        select(func.count())
        .select_from(MemberRow)
        .join(HouseholdRow, col(HouseholdRow.code) == MemberRow.household_code)
        .where(col(HouseholdRow.village_code).startswith(region, autoescape=True))
    ).one()
    if not codes:
        raise UnknownSubject(f"the register has no household in {region}")
    if people > MAX_ROWS:
        raise UnknownSubject(
            f"the register names {people} people in {region}, more than the {MAX_ROWS} rows that a "
            "roster may have; export its villages"
        )
    write_workbook(path, "花名册", _COLUMNS, _rows(session, codes, year))
    return Exported(households=len(codes), people=people)


def _rows(session: Session, codes: Sequence[str], year: int | None) -> Iterator[Sequence[Value]]:
    for first in range(0, len(codes), BATCH):
        yield from _batch(session, codes[first : first + BATCH], year)
        session.expunge_all()


def _batch(session: Session, codes: Sequence[str], year: int | None) -> Iterator[Sequence[Value]]:
    households = session.exec(
        select(HouseholdRow)
        .where(col(HouseholdRow.code).in_(codes))
        .order_by(col(HouseholdRow.village_code), col(HouseholdRow.code))
    ).all()
    members: dict[str, list[MemberRow]] = defaultdict(list)
    for member in session.exec(select(MemberRow).where(col(MemberRow.household_code).in_(codes))):
        members[member.household_code].append(member)
    episodes = {
        row.household_code: row
        for row in session.exec(
            select(EpisodeRow)
            .where(col(EpisodeRow.household_code).in_(codes))
            .order_by(col(EpisodeRow.number))
        )
    }
    years = select(HouseholdYearRow).where(col(HouseholdYearRow.household_code).in_(codes))
    if year is not None:
        years = years.where(HouseholdYearRow.year == year)
    lived = {
        row.household_code: row for row in session.exec(years.order_by(col(HouseholdYearRow.year)))
    }
    for household in households:
        said = _of_household(household, episodes.get(household.code), lived.get(household.code))
        named = sorted(
            members[household.code], key=lambda member: (member.relation != HEAD, member.id_number)
        )
        for place, member in enumerate(named):
            yield (
                household.village_code,
                household.code,
                household.village_group,
                member.name,
                member.id_number,
                member.relation,
                *(said if place == 0 else ()),
            )


def _of_household(
    household: HouseholdRow, episode: EpisodeRow | None, lived: HouseholdYearRow | None
) -> Sequence[Value]:
    said: list[Value] = [household.size]
    said += [episode.registered_on, WORDS_OF_CAUSE[episode.cause]] if episode else [None, None]
    if lived is not None:
        said.append(lived.year)
        said += [_yuan(getattr(lived, field)) for field in columns.INCOME]
        said += ["是" if getattr(lived, field) else "否" for field in columns.CONDITIONS]
    return said


def _yuan(fen: int) -> float:
    """An amount as a workbook keeps it: two decimals stay exact to a hundred million yuan."""
    return float(Decimal(fen) / 100)
