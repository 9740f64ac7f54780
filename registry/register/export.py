"""A roster out of the register: one row a person, under the headers that import reads."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, func, select

from models.base import Record
from registry.errors import UnknownSubject
from registry.files.cells import HEAD as IS_HEAD
from registry.files.columns import HEAD, columns_of, sheet_columns, written
from registry.files.sheet_rows import MAX_ROWS
from registry.files.workbook_writing import write_workbook
from registry.register.bulk import BATCH
from registry.register.columns import LivelihoodCells, PersonCells
from registry.tables import EpisodeRow, HouseholdRow, HouseholdYearRow, MemberRow

_COLUMNS = [column for column in columns_of(PersonCells) if column.header is not HEAD]
"""The head's name stands in the head's own row, and is not repeated."""


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
    rows = (written(row, _COLUMNS) for row in _rows(session, codes, year))
    write_workbook(path, "花名册", sheet_columns(_COLUMNS), rows)
    return Exported(households=len(codes), people=people)


def _rows(session: Session, codes: Sequence[str], year: int | None) -> Iterator[PersonCells]:
    for first in range(0, len(codes), BATCH):
        yield from _batch(session, codes[first : first + BATCH], year)
        session.expunge_all()


def _batch(session: Session, codes: Sequence[str], year: int | None) -> Iterator[PersonCells]:
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
            members[household.code],
            key=lambda member: (member.relation != IS_HEAD, member.key),
        )
        for place, member in enumerate(named):
            yield PersonCells.model_construct(
                village_code=household.village_code,
                code=household.code,
                group=household.village_group,
                name=member.name,
                id_number=member.id_number,
                without_id=member.without_id,
                born=member.born,
                relation=member.relation,
                **(said if place == 0 else {"registered_on": None}),
            )


def _of_household(
    household: HouseholdRow, episode: EpisodeRow | None, lived: HouseholdYearRow | None
) -> dict[str, Any]:
    year = None
    if lived is not None:
        said = {name: getattr(lived, name) for name in LivelihoodCells.model_fields}
        year = LivelihoodCells.model_construct(**said)
    return {
        "size": household.size,
        "registered_on": episode.registered_on if episode else None,
        "why": episode.cause if episode else None,
        "livelihood": year,
    }
