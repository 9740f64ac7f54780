"""What the desk asks of follow-ups (F5): who is due, what was found, which risks are marked."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine, and_, func
from sqlmodel import Session, col, select

from models.register.households import Risk
from registry.cases.follow_up_records import CheckRecord, DueRecord, RiskRecord
from registry.cases.visits import marks_in_force
from registry.database.engine import reading
from registry.facts.episodes import has_exited
from registry.places import lies_in
from registry.tables import CheckRow, EpisodeRow, HouseholdRow, RiskRow, VillageRow


class FollowUps:
    """What the desk asks; every method raises ``RegistryError`` if the database fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def due(
        self, year: int, county: str | None = None, limit: int | None = None
    ) -> tuple[DueRecord, ...]:
        """Every household that is visited in a year, or the first, by township, village, number."""
        what = select(CheckRow, HouseholdRow, VillageRow, col(EpisodeRow.registered_on))
        with reading(self._engine) as session:
            rows = session.exec(
                _of_year(what, year, county)
                .order_by(VillageRow.code, HouseholdRow.code)
                .limit(limit)
            ).all()
            risks: dict[str, list[Risk]] = {}
            for mark in marks_in_force(session, [check.household_code for check, *_ in rows]):
                risks.setdefault(mark.household, []).append(mark.risk)
        return tuple(
            DueRecord(
                **check.model_dump(exclude={"household_code", "seq"}),
                household=household.code,
                head=household.head,
                group=household.village_group,
                size=household.size,
                village_code=village.code,
                village_name=village.name,
                township_code=village.township_code,
                township_name=village.township_name,
                risks=tuple(risks.get(household.code, ())),
                back_on=back_on,
            )
            for check, household, village, back_on in rows
        )

    def count_due(self, year: int, county: str | None = None) -> tuple[int, int]:
        """How many households are visited in a year, and how many are still to be."""
        is_left = and_(col(CheckRow.made_on).is_(None), col(EpisodeRow.registered_on).is_(None))
        what = sa.select(func.count(), func.sum(sa.case((is_left, 1), else_=0)))
        with reading(self._engine) as session:
            many, left = session.execute(_of_year(what.select_from(CheckRow), year, county)).one()
            return many, left or 0

    def unlisted(self, year: int, exited_by: date, county: str | None = None) -> Mapping[str, int]:
        """How many households had left by a day, of townships without a list of a year, by county.

        A township's list is drawn up once: who is not on it is not visited that year.
        """
        within = [lies_in(VillageRow.county_code, county)] if county is not None else []
        place = (VillageRow.county_code, VillageRow.township_code)
        with reading(self._engine) as session:
            left = session.exec(
                select(*place, func.count())
                .join(HouseholdRow, col(HouseholdRow.village_code) == VillageRow.code)
                .join(EpisodeRow, col(EpisodeRow.household_code) == HouseholdRow.code)
                .where(*has_exited(exited_by), *within)
                .group_by(*place)
                .order_by(*place)
            ).all()
            # Once for all: asked of every household it would go through the year's lists each time.
            listed = set(
                session.exec(
                    select(VillageRow.township_code)
                    .join(HouseholdRow, col(HouseholdRow.village_code) == VillageRow.code)
                    .join(CheckRow, col(CheckRow.household_code) == HouseholdRow.code)
                    .where(CheckRow.year == year, *within)
                    .distinct()
                )
            )
        counted: Counter[str] = Counter()
        for code, township, many in left:
            counted[code] += many if township not in listed else 0
        return +counted

    def case_of(self, household: str, year: int | None = None) -> str | None:
        """The follow-up that a household is on the list of; the latest where no year is given."""
        query = select(CheckRow.case_id).where(CheckRow.household_code == household)
        if year is not None:
            query = query.where(CheckRow.year == year)
        with reading(self._engine) as session:
            return session.exec(query.order_by(col(CheckRow.year).desc())).first()


def _of_year(what: Any, year: int, county: str | None) -> Any:
    """The visits of a year, with household, village, and since when it is back, if it is."""
    # An exited household has no episode that goes on.
    goes_on = and_(
        col(EpisodeRow.household_code) == HouseholdRow.code, col(EpisodeRow.exited_on).is_(None)
    )
    return (
        what.join(HouseholdRow, col(HouseholdRow.code) == CheckRow.household_code)
        .join(VillageRow, col(VillageRow.code) == HouseholdRow.village_code)
        .join(EpisodeRow, goes_on, isouter=True)
        .where(
            col(CheckRow.year) == year,
            *([lies_in(VillageRow.county_code, county)] if county is not None else []),
        )
    )


def checks_of(session: Session, household: str) -> tuple[CheckRecord, ...]:
    """The visits to a household, by year."""
    rows = session.exec(
        select(CheckRow).where(CheckRow.household_code == household).order_by(col(CheckRow.year))
    )
    return tuple(CheckRecord(**row.model_dump(exclude={"household_code"})) for row in rows)


def risks_of(session: Session, household: str) -> tuple[RiskRecord, ...]:
    """The risks a household is or was marked with."""
    rows = session.exec(
        select(RiskRow)
        .where(RiskRow.household_code == household)
        .order_by(col(RiskRow.since), RiskRow.case_id, col(RiskRow.seq))
    )
    return tuple(RiskRecord(**row.model_dump(exclude={"household_code"})) for row in rows)
