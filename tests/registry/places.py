"""Synthetic villages and households, to be put into a registry by the way of the register."""

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import count
from typing import Any

from sqlalchemy import Engine
from sqlmodel import col, select

from models.register.households import Cause
from models.register.villages import Bus, Survey
from registry.database.engine import writing
from registry.register.lines import HouseholdLine, VillageLine
from registry.register.loading import load_households, load_villages
from registry.tables import EpisodeRow, Standing, StatusRow, VillageStatusRow

LISTED_SINCE = date(2014, 1, 1)
REGISTERED_ON = date(2014, 6, 1)
_numbers = count(1)


def survey(**changes: Any) -> Survey:
    """A synthetic survey that meets every criterion of S2."""
    values: dict[str, Any] = {
        "paved_road": True,
        "bus": Bus.YES,
        "safe_water": True,
        "electricity": True,
        "broadcasting": True,
        "culture_centre": True,
        "clinic": True,
        "doctor": True,
        "broadband": True,
    }
    return Survey(**(values | changes))


def put_village(engine: Engine, code: str, population: int, **changes: Any) -> str:
    """Put a poor village of so many people on the register."""
    values: dict[str, Any] = {
        "code": code,
        "name": f"合成{code[9:]}村",
        "township_code": code[:9],
        "township_name": f"合成{code[6:9]}乡",
        "county_code": code[:6],
        "population": population,
        "population_as_of": date(2016, 12, 31),
        "work_team": True,
        "first_secretary": True,
        "poor_since": LISTED_SINCE,
    }
    with writing(engine) as session:
        load_villages(session, [VillageLine(**(values | changes))], "合成名单")
    return code


def put_households(engine: Engine, village: str, sizes: Iterable[int], **changes: Any) -> list[str]:
    """Register poor households of so many heads each in a village; return their new numbers."""
    numbered = {f"S{next(_numbers):06d}": size for size in sizes}
    return register(engine, village, numbered, **changes)


def register(engine: Engine, village: str, sizes: Mapping[str, int], **changes: Any) -> list[str]:
    """Register poor households by number, or tell the register anew of them; return the numbers.

    Args:
        changes: Of each of them; ``{code}`` in the head stands for the number.
    """
    values: dict[str, Any] = {
        "group": "一组",
        "head": "张某",
        "registered_on": REGISTERED_ON,
    } | changes
    lines = [
        HouseholdLine.model_validate(
            {"code": code, "village_code": village, "size": size}
            | values
            | {"head": values["head"].format(code=code)}
        )
        for code, size in sizes.items()
    ]
    with writing(engine) as session:
        load_households(session, lines, "合成花名册")
    return list(sizes)


def leaves(engine: Engine, household: str, on: date, year: int | None = None) -> None:
    """A household is struck off on a day, for a year."""
    with writing(engine) as session:
        open_ones = select(EpisodeRow).where(
            EpisodeRow.household_code == household, col(EpisodeRow.exited_on).is_(None)
        )
        episode = session.exec(open_ones).one()
        episode.exited_on, episode.exit_year = on, year or on.year


def village_leaves(engine: Engine, village: str, on: date, year: int | None = None) -> None:
    """A village is taken off the list of poor villages on a day, for a year."""
    with writing(engine) as session:
        listed = select(VillageStatusRow).where(
            VillageStatusRow.code == village, col(VillageStatusRow.until).is_(None)
        )
        session.exec(listed).one().until = on
        exited = Standing.EXITED
        session.add(
            VillageStatusRow(code=village, since=on, status=exited, exit_year=year or on.year)
        )


def county_leaves(engine: Engine, county: str, on: date, year: int | None = None) -> None:
    """A county is taken off the list of poor counties on a day, for a year."""
    with writing(engine) as session:
        listed = select(StatusRow).where(StatusRow.code == county, col(StatusRow.until).is_(None))
        session.exec(listed).one().until = on
        exited = Standing.EXITED
        session.add(StatusRow(code=county, since=on, status=exited, exit_year=year or on.year))


def falls_back(engine: Engine, household: str, on: date) -> None:
    """A household that had left is registered again (F5)."""
    with writing(engine) as session:
        before = session.exec(
            select(EpisodeRow).where(EpisodeRow.household_code == household)
        ).all()
        session.add(
            EpisodeRow(
                household_code=household,
                number=len(before) + 1,
                cause=Cause.FALLEN_BACK,
                registered_on=on,
            )
        )
