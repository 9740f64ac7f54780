"""Who could leave now, and what each still lacks (S2, S3, S5, G6, G9)."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from activities.leaving import LeavingActivities
from models.case.messages import Ending
from models.case.orders import CaseState
from models.offices import Tier
from models.register.villages import Bus
from registry.cases.projections import list_case
from registry.database.engine import writing
from registry.desk import Registry
from registry.reports.records import CountyReadiness, Headcount, VillageReadiness
from tests.activities.admitted import RUN
from tests.activities.registry_cases import POLICY, File, change, run
from tests.registry.places import leaves, put_households, put_village, survey, village_leaves

JIA, YI, BING = "411523100201", "411523100202", "411524100201"
ON = date(2018, 11, 1)
NOW = datetime(2018, 11, 1, 2, tzinfo=UTC)


def lists(engine: Engine, kind: str, subject: str, year: int = 2018, **changes: Any) -> str:
    """A case as the registry lists it."""
    case_id = str(changes.pop("case_id", f"{kind}-exit/{subject}/{year}"))
    path = ("410000", f"{subject[:4]}00", subject[:6])
    values: dict[str, Any] = {
        "case_id": case_id,
        "procedure": kind,
        "subject_code": subject,
        "subject_name": "合成",
        "year": year,
        "region": path if len(subject) == 6 else (*path, subject[:9], subject),
        "step": "V1",
        "round": 1,
        "waiting_for": None,
        "deadline": None,
        "overdue": False,
        "open_objections": 0,
        "outcome": None,
    }
    with writing(engine) as session:
        list_case(session, CaseState(**(values | changes)), NOW, RUN)
    return case_id


def villages(registry: Registry, region: str | None = None) -> dict[str, VillageReadiness]:
    found = registry.planning.ready_villages(2018, POLICY, ON, region)
    return {each.code: each for each in found}


def counties(registry: Registry, region: str | None = "411500") -> dict[str, CountyReadiness]:
    found = registry.planning.ready_counties(2018, POLICY, ON, region)
    return {each.code: each for each in found}


@pytest.fixture
def two(registry: Registry, engine: Engine) -> list[str]:
    """甲: 6 poor of 300, which is 2 % exactly; 乙: 6 of 301, below it; both planned, surveyed."""
    found = []
    for code, population in ((JIA, 300), (YI, 301)):
        put_village(engine, code, population, survey=survey(), survey_year=2018)
        found += put_households(engine, code, [3, 2, 1])
        registry.add_plan(2018, code, "合成计划")
    return found


@pytest.mark.clause("S2", "S5", "G6")
def test_a_village_that_lacks_nothing_stands_first(two: list[str], registry: Registry) -> None:
    found = registry.planning.ready_villages(2018, POLICY, ON)
    assert [(each.code, each.ready) for each in found] == [(YI, True), (JIA, False)]
    assert found[0] == VillageReadiness(
        code=YI,
        name="合成202村",
        township="合成100乡",
        county_code="411523",
        county="新县",
        year=2018,
        planned=True,
        heads=Headcount(poor=6, population=301, as_of=ON, must_leave=0),
        surveyed=True,
        unmet=(),
        open_case=None,
        refused_case=None,
        open_rosters=(),
        lacks=(),
        notes=(),
        ready=True,
    )


@pytest.mark.clause("S2", "S5")
def test_two_percent_is_not_below_it_and_one_more_has_to_leave(
    two: list[str], registry: Registry, engine: Engine
) -> None:
    village = villages(registry)[JIA]
    assert village.heads == Headcount(poor=6, population=300, as_of=ON, must_leave=1)
    assert village.lacks == (
        "S2.incidence is not met (incidence 6/300 = 2 % as of 2018-11-01, required < 2 %): "
        "1 more of the poor would have to leave",
    )
    leaves(engine, two[2], ON)  # the household of one
    assert villages(registry)[JIA].ready
    loose = POLICY.standards.model_copy(update={"incidence_strict": False})
    policy = POLICY.model_copy(update={"standards": loose})
    (first, _) = registry.planning.ready_villages(2018, policy, date(2018, 10, 31))
    assert (first.code, first.heads) == (
        JIA,
        Headcount(poor=6, population=300, as_of=date(2018, 10, 31), must_leave=0),
    )


@pytest.mark.clause("S5")
@pytest.mark.parametrize(
    ("poor", "population", "must_leave"),
    # 2 % of 1000 are 20, so 19 may be left; of 1049 they are 20.98, so 20; of 1050 they are 21.
    [(50, 1000, 31), (50, 1049, 30), (50, 1050, 30), (50, 1051, 29), (19, 1000, 0), (20, 1000, 1)],
)
def test_how_many_have_to_leave(
    registry: Registry, engine: Engine, poor: int, population: int, must_leave: int
) -> None:
    put_village(engine, JIA, population)
    put_households(engine, JIA, [1] * poor)
    heads = villages(registry)[JIA].heads
    assert heads == Headcount(poor=poor, population=population, as_of=ON, must_leave=must_leave)


@pytest.mark.clause("S2", "V1")
def test_what_the_years_survey_found_missing(registry: Registry, engine: Engine) -> None:
    missing = survey(clinic=False, bus=Bus.NO)
    put_village(engine, JIA, 300, survey=missing, survey_year=2018)
    put_village(engine, YI, 300, survey=missing, survey_year=2017)
    for code in (JIA, YI):
        registry.add_plan(2018, code, "合成计划")
    found = villages(registry)
    assert found[JIA].unmet == ("S2.bus", "S2.clinic")
    assert found[JIA].lacks == (
        "S2.bus is not met (bus service: no)",
        "S2.clinic is not met (standard clinic: no)",
    )
    assert (found[YI].ready, found[YI].surveyed, found[YI].unmet) == (True, False, ())
    assert found[YI].notes == ("no survey of 2018 yet: its case begins with one (V1)",)


@pytest.mark.clause("G3", "G6", "G9")
def test_plan_and_cases_of_a_village(two: list[str], registry: Registry, engine: Engine) -> None:
    put_village(engine, BING, 500)
    case = lists(engine, "village", YI)
    refused = lists(engine, "village", JIA, outcome=Ending.NOT_EXITED.value)
    lists(engine, "village", BING, year=2017, outcome=Ending.NOT_EXITED.value)
    roster = lists(engine, "household", BING, case_id=f"household-exit/{BING}/2018/1")
    ended = f"household-exit/{BING}/2018/2"
    lists(engine, "household", BING, case_id=ended, outcome=Ending.NOT_EXITED.value)
    found = villages(registry)
    assert (found[YI].open_case, found[YI].lacks) == (
        case,
        (f"its case is under way: {case} (G9)",),
    )
    assert found[JIA].refused_case == refused
    assert found[JIA].lacks[0] == f"not exited in 2018 ({refused}); again next year (G3)"
    assert (found[BING].planned, found[BING].refused_case) == (False, None)
    assert found[BING].lacks == ("not in the plan of 2018 (G6)",)
    assert found[BING].open_rosters == (roster,)
    assert found[BING].notes[-1] == f"open rosters: {roster}"


@pytest.mark.clause("V3")
def test_only_villages_on_the_list_are_shown(registry: Registry, engine: Engine) -> None:
    put_village(engine, JIA, 300, poor_since=None)
    put_village(engine, YI, 300, poor_since=date(2018, 11, 2))
    put_village(engine, BING, 300)
    assert villages(registry).keys() == {BING}
    assert villages(registry, "411523").keys() == set()
    assert villages(registry, "411500").keys() == {BING}


@pytest.mark.clause("S5")
def test_a_village_whose_heads_are_impossible_or_unknown(
    registry: Registry, engine: Engine
) -> None:
    put_village(engine, JIA, 5)
    put_households(engine, JIA, [6])
    put_village(engine, YI, 0)
    found = villages(registry)
    assert f"{JIA}: the register counts 6 poor people as of 2018-11-01" in found[JIA].lacks[-1]
    assert found[YI].heads is None
    assert "the register has no people of it" in found[YI].lacks[-1]


@pytest.mark.clause("S3", "S5", "G6")
def test_a_county_is_ready_by_the_sum_of_its_households(
    two: list[str], registry: Registry, engine: Engine
) -> None:
    # 12 poor of 601: 2 % are 12.02, so the county meets it though 甲 does not.
    registry.add_plan(2018, "411523", "合成计划")
    found = counties(registry)
    assert next(iter(found)) == "411523"
    assert found["411523"] == CountyReadiness(
        code="411523",
        name="新县",
        city="信阳市",
        tier=Tier.NATIONAL,
        directly_administered=False,
        year=2018,
        planned=True,
        heads=Headcount(poor=12, population=601, as_of=ON, must_leave=0),
        poor_villages=2,
        open_villages=0,
        open_rosters=0,
        open_case=None,
        refused_case=None,
        with_application=("S3.income", "S3.education", "S3.culture", "S3.health"),
        lacks=(),
        notes=("villages still on the list of poor villages: 2",),
        ready=True,
    )
    put_households(engine, YI, [1])
    assert counties(registry)["411523"].lacks == (
        "S3.incidence is not met (incidence 13/601 about 2.16 % as of 2018-11-01, required < 2 %): "
        "1 more of the poor would have to leave",
    )


@pytest.mark.clause("S3", "V3")
def test_how_many_villages_of_a_county_must_have_left_is_the_policys(
    two: list[str], registry: Registry, engine: Engine
) -> None:
    """Of two poor villages none has left, and then one, which is 50 %; one was never poor."""
    registry.add_plan(2018, "411523", "合成计划")
    put_village(engine, "411523100209", 300, poor_since=None)

    def lacks(least: int) -> tuple[str, ...]:
        share = {"exited_villages_at_least_percent": least}
        standards = POLICY.standards.model_copy(update=share)
        policy = POLICY.model_copy(update={"standards": standards})
        found = registry.planning.ready_counties(2018, policy, ON)
        return next(each for each in found if each.code == "411523").lacks

    assert lacks(0) == ()
    assert lacks(1) == (
        "S3.villages is not met (poor villages exited 0/2 = 0 %, 2 still listed, required >= 1 %)",
    )
    village_leaves(engine, JIA, ON)
    assert lacks(50) == ()
    (said,) = lacks(51)
    assert "poor villages exited 1/2 = 50 %, 1 still listed, required >= 51 %" in said


@pytest.mark.clause("S3", "G6", "G9")
def test_what_a_county_lacks(two: list[str], registry: Registry, engine: Engine) -> None:
    lists(engine, "village", JIA)
    for batch in (1, 2):
        lists(engine, "household", YI, case_id=f"household-exit/{YI}/2018/{batch}")
    case = lists(engine, "county", "411523", year=2017)
    county = counties(registry)["411523"]
    assert (county.open_villages, county.open_rosters) == (1, 2)
    assert county.lacks == (
        f"its case is under way: {case} (G9)",
        "not in the plan of 2018 (G6)",
    )
    assert county.notes[1:] == ("open cases of villages: 1", "open rosters of households: 2")
    assert "the register has no people of it" in counties(registry)["411524"].lacks[-1]


@pytest.mark.clause("C7")
def test_a_county_that_left_is_not_shown(registry: Registry, leaving: LeavingActivities) -> None:
    run(leaving.strike_off_county, change(File(), effective_on=ON))
    assert len(counties(registry, None)) == 52
    assert "411523" not in counties(registry)
    day_before = date(2018, 10, 31)
    found = registry.planning.ready_counties(2018, POLICY, day_before, "411523")
    assert [each.code for each in found] == ["411523"]
