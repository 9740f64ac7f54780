"""Synthetic villages and households, to be put into a registry by the way of the register."""

from collections.abc import Iterable
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
from registry.tables import EpisodeRow

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


def put_households(
    engine: Engine, village: str, sizes: Iterable[int], *, registered_on: date = REGISTERED_ON
) -> list[str]:
    """Register poor households of so many heads each in a village; return their numbers."""
    lines = [
        HouseholdLine(
            code=f"S{next(_numbers):06d}",
            village_code=village,
            group="一组",
            head="张某",
            size=size,
            registered_on=registered_on,
        )
        for size in sizes
    ]
    with writing(engine) as session:
        load_households(session, lines, "合成花名册")
    return [line.code for line in lines]


def leaves(engine: Engine, household: str, on: date, year: int | None = None) -> None:
    """A household is struck off on a day, for a year."""
    with writing(engine) as session:
        open_ones = select(EpisodeRow).where(
            EpisodeRow.household_code == household, col(EpisodeRow.exited_on).is_(None)
        )
        episode = session.exec(open_ones).one()
        episode.exited_on, episode.exit_year = on, year or on.year


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
