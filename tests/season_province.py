"""A synthetic province before its season, at a scale: counties, villages, households, plans.

The counties are the 33 that Henan took out in 2018; villages and households are invented.
"""

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path

from models.offices import SubjectKind
from models.register.households import PovertyLine
from registry.database.engine import writing
from registry.register.poverty_lines import add_line
from tests.models.samples import mean
from tests.roster_stage import LINE
from tests.rosters import (
    HOUSEHOLD_HEADER,
    VILLAGE_HEADER,
    Row,
    household_row,
    village_row,
    write_csv,
)
from tests.stage import YEAR, Stage

HOUSEHOLDS, ROSTERS, VILLAGES, COUNTIES = 420_000, 39_000, 2_502, 33
"""What left in Henan in 2018; rosters have ten households on average."""

_LIST = Path(__file__).parents[1] / "data" / "henan-counties.csv"
_EXITED_IN = "2018"
_SPREAD = 0.9
"""Of the sizes of rosters, lognormal: one in some six hundred has over a hundred households."""
_MEMBERS = 3
_LISTED_SINCE = date(2014, 4, 1)
_SOURCE = "合成计划"


@dataclass(frozen=True)
class PlannedRoster:
    """A village's households that leave, and whether the village is a poor one and leaves too."""

    village: str
    households: tuple[str, ...]
    is_poor: bool


@dataclass(frozen=True)
class PlannedCounty:
    """A county that leaves, with all that leaves in it."""

    code: str
    tier: str
    is_direct: bool
    rosters: tuple[PlannedRoster, ...]

    @property
    def poor(self) -> list[str]:
        """The poor villages."""
        return [each.village for each in self.rosters if each.is_poor]


def planned(scale: int, seed: int) -> tuple[PlannedCounty, ...]:
    """What is to leave in a season of 1/scale."""
    counties = _counties()[: _part(COUNTIES, scale)]
    villages = _part(VILLAGES, scale)
    numbers = count(1)
    rosters: list[list[PlannedRoster]] = [[] for _ in counties]
    for number, size in enumerate(_sizes(_part(ROSTERS, scale), _part(HOUSEHOLDS, scale), seed)):
        which, place = number % len(counties), number // len(counties)
        code = f"{counties[which]['code']}{100 + place // 100}{200 + place % 100}"
        households = tuple(f"H{next(numbers):07}" for _ in range(size))
        rosters[which].append(PlannedRoster(code, households, number < villages))
    return tuple(
        PlannedCounty(
            each["code"], each["tier"], each["directly_administered"] == "true", tuple(those)
        )
        for each, those in zip(counties, rosters, strict=True)
    )


def _counties() -> list[dict[str, str]]:
    with _LIST.open(encoding="utf-8", newline="") as file:
        return [each for each in csv.DictReader(file) if each["exit_year"] == _EXITED_IN]


def _part(whole: int, scale: int) -> int:
    return max(1, round(whole / scale))


def _sizes(rosters: int, households: int, seed: int) -> list[int]:
    chance = random.Random(seed)
    sizes = [max(1, round(chance.lognormvariate(1.97, _SPREAD))) for _ in range(rosters)]
    while (left := households - sum(sizes)) != 0:
        which = chance.randrange(rosters)
        sizes[which] = max(1, sizes[which] + (1 if left > 0 else -1))
    return sizes


def load(stage: Stage, counties: tuple[PlannedCounty, ...], folder: Path) -> None:
    """Import its files, as an office does: villages, households, the plan of the year."""
    registry = stage.registry
    with writing(stage.settings.engine()) as session:
        add_line(session, PovertyLine(year=YEAR, yuan=LINE, source="合成标准"))
    for year in range(YEAR - 2, YEAR + 2):
        registry.planning.add_mean(mean("8.9", year=year, province=stage.policy.province))
    today = date(YEAR, 10, 1)
    rosters = [each for county in counties for each in county.rosters]
    villages = [VILLAGE_HEADER, *map(_village, rosters)]
    registry.register.import_file(write_csv(folder / "villages.csv", villages), today)
    households = [HOUSEHOLD_HEADER, *_households(rosters)]
    registry.register.import_file(write_csv(folder / "households.csv", households), today)
    plan = [("年度", "类别", "编号", "文件依据"), *_plan(counties)]
    registry.planning.load_plan(write_csv(folder / "plan.csv", plan))


def _village(roster: PlannedRoster) -> Row:
    code = roster.village
    return village_row(
        0,
        行政村代码=code,
        行政村=f"合成村{code[6:]}",
        乡镇代码=code[:9],
        乡镇=f"合成乡{code[6:9]}",
        县代码=code[:6],
        统计日期=date(YEAR - 1, 12, 31),
        贫困村="是" if roster.is_poor else "否",
        列入日期=_LISTED_SINCE if roster.is_poor else "",
        年度=YEAR,
    )


def _households(rosters: list[PlannedRoster]) -> Iterator[Row]:
    for roster in rosters:
        for code in roster.households:
            who = {"户编号": code, "户主姓名": f"张{code}", "年度": YEAR}
            yield household_row(int(code[1:]), roster.village, _MEMBERS, **who)


def _plan(counties: tuple[PlannedCounty, ...]) -> Iterator[Row]:
    for county in counties:
        yield YEAR, SubjectKind.COUNTY.zh, county.code, _SOURCE
        for roster in county.rosters:
            if roster.is_poor:
                yield YEAR, SubjectKind.VILLAGE.zh, roster.village, _SOURCE
            for code in roster.households:
                yield YEAR, SubjectKind.HOUSEHOLD.zh, code, _SOURCE
