"""Synthetic villages and households as lines for the register, and loading them."""

from datetime import date
from typing import Any

from sqlalchemy import Engine

from models.register.households import Livelihood
from models.register.villages import Bus, Survey
from registry.database.engine import writing
from registry.register.lines import HouseholdLine, MemberLine, VillageLine
from registry.register.loading import (
    HouseholdsLoaded,
    VillagesLoaded,
    load_households,
    load_villages,
)
from registry.tables import MemberRow
from tests.activities.registry_cases import rows
from tests.rosters import COUNTY, id_number, village_code

SURVEY = Survey(
    paved_road=True,
    bus=Bus.NOT_FEASIBLE,
    bus_ground="山路狭窄",
    safe_water=True,
    electricity=True,
    broadcasting=True,
    culture_centre=False,
    clinic=True,
    doctor=True,
    broadband=True,
    industry="茶叶",
)
LIVED = Livelihood(
    year=2017,
    wages=850_000,
    business=120_050,
    assets=0,
    transfers=30_000,
    costs=20_000,
    income_sources="务工、种植茶叶",
    livelihood=True,
    stable_because="在县内茶厂固定务工两年以上",
    food_and_clothing=True,
    schooling=True,
    deferral="合成乡政府〔2017〕1号",
    no_dropouts=True,
    insurance=True,
    illness_aid=True,
    housing_improved=True,
    housing=False,
)
SINCE = date(2014, 4, 1)
FIRST, SECOND = village_code(0), village_code(1)


def village(number: int = 0, **changes: Any) -> VillageLine:
    """A line of the list, in row ``number + 2``."""
    code = village_code(number)
    given: dict[str, Any] = {
        "row": number + 2,
        "code": code,
        "name": f"合成村{number}",
        "township_code": code[:9],
        "township_name": f"合成乡{code[6:9]}",
        "county_code": COUNTY,
        "population": 1_000,
        "population_as_of": date(2017, 10, 31),
        "work_team": True,
        "first_secretary": False,
    }
    return VillageLine(**(given | changes))


def people(*numbers: int, row: int = 0) -> tuple[MemberLine, ...]:
    """Members, the first of them the head."""
    return tuple(
        MemberLine(
            row=row and row + place,
            id_number=id_number(number),
            name=f"张某{number}",
            relation="户主" if place == 0 else "之子",
        )
        for place, number in enumerate(numbers)
    )


def household(code: str, *numbers: int, row: int = 2, **changes: Any) -> HouseholdLine:
    """A household of as many members as are named."""
    given: dict[str, Any] = {
        "row": row,
        "code": code,
        "village_code": FIRST,
        "group": "三组",
        "head": f"张某{numbers[0]}" if numbers else "张某",
        "size": len(numbers) or 3,
        "members": people(*numbers, row=row),
        "livelihood": LIVED,
        "registered_on": SINCE,
    }
    return HouseholdLine(**(given | changes))


def villages(engine: Engine, *lines: VillageLine) -> VillagesLoaded:
    """Load villages in a transaction of their own."""
    with writing(engine) as session:
        return load_villages(session, lines, "村.xlsx")


def households(engine: Engine, *lines: HouseholdLine) -> HouseholdsLoaded:
    """Load households in a transaction of their own."""
    with writing(engine) as session:
        return load_households(session, lines, "户.xlsx")


def members(engine: Engine) -> dict[str, set[int]]:
    """Who lives where by the register, each by the number it was made of."""
    found: dict[str, set[int]] = {}
    numbers = {id_number(number): number for number in range(100)}
    for row in rows(engine, MemberRow):
        if row["id_number"] is not None:
            found.setdefault(row["household_code"], set()).add(numbers[row["id_number"]])
    return found
