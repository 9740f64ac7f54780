"""Putting a season's county, villages and households into the registry of a rehearsal."""

from datetime import date
from typing import get_args

from models.offices import province_of
from models.policy import Policy
from models.register.households import Livelihood, PovertyLine
from operators.rehearsal.dated import moved_source
from operators.rehearsal.season import Group, PoorVillage, Season, head_of
from operators.rehearsal.season_after import LineEvent
from operators.rehearsal.season_events import Criterion
from operators.up import LISTED_SINCE
from registry.desk import Registry
from registry.register.lines import HouseholdLine, VillageLine

_SOURCE = "演练数据（合成）"
_LINE = "演练标准（合成）"


def cast(registry: Registry, policy: Policy, season: Season, years: int) -> None:
    """Load everything that a moved season needs: places, people, plan (G6) and line (S7).

    Raises:
        LoadError: if it contradicts what the registry has, or itself.
    """
    planned = moved_source(f"the plan of {season.year - years}", years)
    registry.load_counties([_county(season)], LISTED_SINCE, planned, province_of(policy))
    registry.planning.add_line(
        PovertyLine(
            year=season.year,
            yuan=season.line.yuan,
            source=moved_source(season.line.source or _LINE, years),
        )
    )
    lines = household_lines(season)
    registry.register.load((_village(season, each) for each in season.villages), lines, _SOURCE)
    for code in (*(each.code for each in season.villages), *(line.code for line in lines)):
        registry.add_plan(season.year, code, planned)


def household_lines(season: Season) -> list[HouseholdLine]:
    """Every household of a season, as a roster (花名册) would name it."""
    codes = {village.key: village.code for village in season.villages}
    seen = dict.fromkeys(codes, 0)
    lines = []
    for group in season.households:
        for code in group.codes:
            head = head_of(seen[group.village])
            seen[group.village] += 1
            lines.append(_household(season, group, code, codes[group.village], head))
    return lines


def _county(season: Season) -> dict[str, str]:
    county = season.county
    return {
        "code": county.code,
        "name": county.name,
        "city": county.city,
        "tier": county.tier.value,
        "directly_administered": "false",
        "exit_year": str(season.year),
        "approved_on": f"{season.year + 1}-12-31",
        "townships": "1",
        "villages": str(len(season.villages)),
    }


def _village(season: Season, village: PoorVillage) -> VillageLine:
    return VillageLine(
        code=village.code,
        name=village.name,
        township_code=season.county.township_code,
        township_name=season.county.township,
        county_code=season.county.code,
        population=village.population,
        population_as_of=date(season.year - 1, 12, 31),
        work_team=village.work_team,
        first_secretary=village.first_secretary,
        poor_since=season.registered_on,
    )


def line_of(event: LineEvent) -> PovertyLine:
    """The national line that is published for a later year (S7)."""
    return PovertyLine(year=event.year, yuan=event.yuan, source=_LINE)


def lived(year: int, income: int, size: int, unmet: tuple[Criterion, ...]) -> Livelihood:
    """What a household lived on in a year, from what it has a head, in yuan."""
    met: dict[str, bool] = {each: each not in unmet for each in get_args(Criterion)}
    return Livelihood(
        year=year,
        wages=income * size * 100,
        business=0,
        assets=0,
        transfers=0,
        costs=0,
        **met,
    )


def _household(season: Season, group: Group, code: str, village: str, head: str) -> HouseholdLine:
    return HouseholdLine(
        code=code,
        village_code=village,
        group=group.group,
        head=head,
        size=group.size,
        livelihood=lived(season.year, group.income, group.size, group.unmet),
        registered_on=season.registered_on,
    )
