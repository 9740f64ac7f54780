"""How far a year is against its plan (G6) and the targets (F8)."""

from datetime import date

import pytest
from sqlalchemy import Engine

from activities.leaving import LeavingActivities
from models.offices import County, Division, Tier
from models.policy import CountyTarget, Policy, Targets
from models.roster.households import State
from registry.database.engine import writing
from registry.desk import Registry
from registry.reports.records import Counted, Progress, TargetProgress
from registry.tables import RosterRow
from tests.activities.registry_cases import POLICY, PROVINCE, XIN, File, change, run, table
from tests.registry.exits import place_leaves
from tests.registry.places import (
    falls_back,
    leaves,
    put_households,
    put_village,
    village_leaves,
)
from tests.registry.test_readiness import lists

JIA, YI, BING = "411523100201", "411523100202", "410225100201"
LANKAO = County(
    code="410225",
    name="兰考县",
    tier=Tier.NATIONAL,
    directly_administered=True,
    city=Division(code="410200", name="开封市"),
    province=PROVINCE,
)
NOTHING = Counted()
_BY_A_READING = ("provincial_counties", "all_counties")


def progress(registry: Registry, year: int = 2018, region: str | None = None) -> Progress:
    return registry.planning.progress(year, POLICY, region)


def targets(found: Progress) -> dict[str, tuple[int, int, int]]:
    assert found.targets is not None
    return {each.name: (each.wanted, each.reached, each.missing) for each in found.targets}


def posts(engine: Engine, case_id: str, year: int, **states: State) -> None:
    """Rosters' households as their case has them."""
    with writing(engine) as session:
        for code, state in states.items():
            row = RosterRow(
                case_id=case_id, household_code=code, year=year, state=state.value, since=1
            )
            session.add(row)


@pytest.mark.clause("F8", "G6", "H4")
def test_a_year_is_counted_by_county_and_in_all(registry: Registry, engine: Engine) -> None:
    """新县: four households of 3, 2, 4 and 1; 兰考: one of 5."""
    for code in (JIA, YI, BING):
        put_village(engine, code, 300)
    first, second, third, fourth = put_households(engine, JIA, [3, 2, 4, 1])
    (fifth,) = put_households(engine, BING, [5])
    for code in (first, second, fifth, JIA, BING, "411523"):
        registry.add_plan(2018, code, "合成计划")
    leaves(engine, first, date(2018, 12, 20))
    leaves(engine, fifth, date(2019, 1, 20), 2018)
    case = lists(engine, "household", JIA, case_id=f"household-exit/{JIA}/2018/1")
    posts(
        engine,
        case,
        2018,
        **{first: State.STRUCK_OFF, second: State.POSTED, third: State.HELD, fourth: State.OUT},
    )
    lists(engine, "village", YI)
    village_leaves(engine, BING, date(2019, 1, 15), 2018)
    lists(engine, "county", "411523")

    found = progress(registry)
    lankao = found.counties[0]
    assert (lankao.code, lankao.name) == ("410225", "兰考县")
    assert lankao.households == Counted(planned=1, exited=1)
    assert lankao.people == Counted(planned=5, exited=5)
    assert lankao.villages == Counted(planned=1, exited=1)
    assert lankao.county == NOTHING  # its plan is that of 2016
    (xin,) = [each for each in found.counties if each.code == "411523"]
    assert xin.households == Counted(planned=2, under_way=2, exited=1)
    assert xin.people == Counted(planned=3 + 2, under_way=2 + 4, exited=3)
    assert xin.villages == Counted(planned=1, under_way=1)
    assert xin.county == Counted(planned=1, under_way=1)
    assert found.total.households == Counted(planned=3, under_way=2, exited=2)
    assert found.total.people == Counted(planned=10, under_way=6, exited=8)
    assert found.total.villages == Counted(planned=2, under_way=1, exited=1)
    # 33 counties are planned for 2018 by the province, and 新县, which was planned for 2017.
    assert found.total.county == Counted(planned=33 + 1, under_way=1)


@pytest.mark.clause("F8")
def test_a_part_of_the_province_has_no_targets(registry: Registry, engine: Engine) -> None:
    put_village(engine, JIA, 300)
    registry.add_plan(2024, JIA, "合成计划")
    assert progress(registry, 2024, "410000").targets is not None
    city = progress(registry, 2024, "411500")
    assert (city.targets, [each.code for each in city.counties]) == (None, ["411523"])
    other = progress(registry, 2024, "410200")
    assert (other.counties, other.total.villages) == ((), NOTHING)


@pytest.mark.clause("F8", "C7")
def test_counties_against_the_targets(registry: Registry, leaving: LeavingActivities) -> None:
    """F8: 兰考 and 滑县 in 2016, provincial counties by 2018, all by 2019, 53 by 2020."""
    run(
        leaving.strike_off_county,
        change(File(LANKAO, 2016), county=LANKAO, year=2016, effective_on=date(2017, 2, 27)),
    )
    run(leaving.strike_off_county, change(File(XIN, 2017), effective_on=date(2018, 8, 2)))
    of_2016 = progress(registry, 2016)
    assert targets(of_2016) == {
        "people": (4_300_000, 0, 4_300_000),
        "villages": (6_492, 0, 6_492),
        "counties": (53, 1, 52),
        "named_counties": (2, 1, 1),
        "provincial_counties": (15, 0, 15),
        "all_counties": (53, 1, 52),
    }
    named = next(each for each in of_2016.targets or () if each.name == "named_counties")
    assert named == TargetProgress(
        name="named_counties", by=2016, wanted=2, reached=1, missing=1, who=("滑县 410526",)
    )
    assert targets(progress(registry, 2017))["counties"] == (53, 2, 51)
    assert targets(progress(registry, 2015))["counties"] == (53, 0, 53)
    assert of_2016.counties[0].county == Counted(planned=1, exited=1)


@pytest.mark.clause("F8", "F5")
def test_people_who_fell_back_have_not_left(registry: Registry, engine: Engine) -> None:
    put_village(engine, JIA, 300)
    first, second = put_households(engine, JIA, [3, 2])
    leaves(engine, first, date(2017, 12, 20))
    leaves(engine, second, date(2018, 1, 20), 2017)
    falls_back(engine, first, date(2018, 3, 1))
    assert targets(progress(registry, 2016))["people"][1] == 0
    assert targets(progress(registry, 2017))["people"][1] == 5
    assert targets(progress(registry, 2018))["people"][1] == 2
    leaves(engine, first, date(2019, 12, 1))
    assert targets(progress(registry, 2018))["people"][1] == 2
    assert targets(progress(registry, 2019))["people"][1] == 5
    assert progress(registry, 2017).total.people == Counted(exited=5)
    assert progress(registry, 2019).total.people == Counted(exited=3)


@pytest.mark.clause("F8")
def test_a_target_is_reached_by_its_number(registry: Registry, engine: Engine) -> None:
    put_village(engine, JIA, 300)
    put_village(engine, YI, 300)
    (household,) = put_households(engine, JIA, [3])
    leaves(engine, household, date(2018, 12, 1))
    village_leaves(engine, JIA, date(2018, 12, 20), 2018)

    def policy(people: int, villages: int) -> Policy:
        wanted = Targets(
            people=people,
            villages=villages,
            counties=1,
            by=2018,
            named=(CountyTarget(year=2018, counties=("419999",)),),
            provincial_counties_by=2018,
            counties_by=2019,
        )
        return POLICY.model_copy(update={"targets": wanted})

    reached = registry.planning.progress(2018, policy(people=3, villages=1))
    assert targets(reached)["people"] == (3, 3, 0)
    assert targets(reached)["villages"] == (1, 1, 0)
    assert targets(reached)["named_counties"] == (1, 0, 1)
    assert reached.targets is not None
    assert reached.targets[3].who == ("419999",)
    missing = registry.planning.progress(2018, policy(people=4, villages=2))
    assert targets(missing)["people"] == (4, 3, 1)
    assert targets(missing)["villages"] == (2, 1, 1)
    without = POLICY.model_copy(update={"targets": None})
    assert registry.planning.progress(2018, without).targets is None


@pytest.mark.clause("F8")
@pytest.mark.parametrize(
    ("provincial", "every", "late"),
    [
        (2018, 2019, {2017: {}, 2018: {"provincial_counties": 0}, 2019: {"all_counties": 0}}),
        (2017, 2018, {2017: {"provincial_counties": 14}, 2018: {"all_counties": 14}, 2019: {}}),
    ],
    ids=["by the end of the year that is named", "before it begins"],
)
def test_before_2018_and_before_2019_are_read_as_the_policy_says(
    provincial: int, every: int, late: dict[int, dict[str, int]], registry: Registry, engine: Engine
) -> None:
    """Of 15 provincial counties 14 left for 2018; of all 53, 14 for 2019."""
    for row in table():
        approved, year = date.fromisoformat(row["approved_on"]), int(row["exit_year"])
        place_leaves(engine, row["code"], approved, year)
    assert POLICY.targets is not None
    reading = {"provincial_counties_by": provincial, "counties_by": every}
    policy = POLICY.model_copy(update={"targets": POLICY.targets.model_copy(update=reading)})
    for year, missing in late.items():
        found = registry.planning.progress(year, policy).targets or ()
        due = {each.name: each.missing for each in found if each.by == year}
        assert {name: due[name] for name in due if name in _BY_A_READING} == missing
