"""The frame of a supervision (J1, F6): every household and village of a county that has left."""

from datetime import date

from sqlmodel import Session, col, func, select

from models.supervision.sampling import CountyPeople, Frame, FrameHousehold, FrameVillage
from registry.facts.episodes import is_there
from registry.facts.incidence import county_incidence
from registry.tables import EpisodeRow, HouseholdRow, Standing, VillageRow, VillageStatusRow


def county_frame(session: Session, county: str, on: date) -> Frame:
    """Everybody of a county whose exit holds at the end of a day, with the county's people.

    A household is in it by its last episode: one that has fallen back, or whose exit was revoked
    (F7), has a newer one, which is open.

    Raises:
        RegistryError: where the register counts more poor people than live there (S5).
    """
    households = _households(session, county, on)
    villages = _villages(session, county, on)
    exited = set(_exited_villages(session, county, on))
    counted = county_incidence(session, county, on)
    return Frame(
        county=county,
        as_of=on,
        people=CountyPeople(
            population=counted.population if counted else 0,
            poor=counted.poor if counted else 0,
            exited=sum(each.size for each in households),
            unregistered=sum(each.unregistered for each in villages),
        ),
        households=tuple(households),
        villages=tuple(each for each in villages if each.code in exited),
    )


def _households(session: Session, county: str, on: date) -> list[FrameHousehold]:
    # Within the county from the first: a province has a million households.
    last = (
        select(
            HouseholdRow.code,
            HouseholdRow.village_code,
            HouseholdRow.size,
            func.max(EpisodeRow.number).label("number"),
        )
        .join(VillageRow, col(VillageRow.code) == HouseholdRow.village_code)
        .join(EpisodeRow, col(EpisodeRow.household_code) == HouseholdRow.code)
        .where(VillageRow.county_code == county, EpisodeRow.registered_on <= on, is_there(on))
        .group_by(col(HouseholdRow.code), col(HouseholdRow.village_code), col(HouseholdRow.size))
        .subquery()
    )
    rows = session.exec(
        select(last.c.code, last.c.village_code, last.c.size)
        .join(
            EpisodeRow,
            (col(EpisodeRow.household_code) == last.c.code)
            & (col(EpisodeRow.number) == last.c.number),
        )
        .where(col(EpisodeRow.exited_on) <= on)
    ).all()
    # Sorted here: databases order text by their own rules.
    return [
        FrameHousehold(code=code, village=village, size=size)
        for code, village, size in sorted(rows)
    ]


def _villages(session: Session, county: str, on: date) -> list[FrameVillage]:
    """Every village of the county, with who was ever registered in it."""
    ever = (
        select(HouseholdRow.code, HouseholdRow.village_code, HouseholdRow.size)
        .join(VillageRow, col(VillageRow.code) == HouseholdRow.village_code)
        .join(EpisodeRow, col(EpisodeRow.household_code) == HouseholdRow.code)
        .where(VillageRow.county_code == county, EpisodeRow.registered_on <= on, is_there(on))
        .distinct()
        .subquery()
    )
    registered = (
        select(ever.c.village_code, func.sum(ever.c.size).label("heads"))
        .group_by(ever.c.village_code)
        .subquery()
    )
    rows = session.exec(
        select(VillageRow.code, VillageRow.population, func.coalesce(registered.c.heads, 0))
        .select_from(VillageRow)
        .join(registered, col(VillageRow.code) == registered.c.village_code, isouter=True)
        .where(VillageRow.county_code == county)
    ).all()
    return [
        FrameVillage(code=code, population=population, registered=int(heads))
        for code, population, heads in sorted(rows)
    ]


def _exited_villages(session: Session, county: str, on: date) -> list[str]:
    rows = session.exec(
        select(VillageStatusRow.code, VillageStatusRow.status)
        .join(VillageRow, col(VillageRow.code) == VillageStatusRow.code)
        .where(VillageRow.county_code == county, VillageStatusRow.since <= on)
        .order_by(col(VillageStatusRow.since))
    )
    standing = dict(rows.all())
    return [code for code, status in standing.items() if status is Standing.EXITED]
