"""Another province by its policy alone: 3 % in the west (S3, S5), its own counties."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from activities.ledger import RegistryActivities
from models.county.messages import CountyOpening
from models.offices import County, Division, Tier, province_of
from models.policy import Policy
from models.policy_file import parse_policy
from models.register.villages import Incidence
from models.standards import county_findings
from registry.desk import Registry
from registry.errors import LoadError
from tests.activities.registry_cases import (
    APPLIED,
    FIGURES,
    LISTED_SINCE,
    POLICY,
    ROOT,
    admission,
    row_of,
    run,
)
from tests.models.samples import mean
from tests.registry.known import county_facts
from tests.registry.places import put_households, put_village

GANSU = parse_policy((ROOT / "policies" / "gansu-2016.toml").read_text(encoding="utf-8"))
AS_OF = date(2017, 10, 31)


def put_county(engine: Engine, policy: Policy, code: str) -> County:
    """A synthetic county with 25 poor of 1000: 2.5 %."""
    province = province_of(policy)
    city = Division(code=f"{code[:4]}00", name="合成市")
    row = row_of("411523") | {"code": code, "name": "合成县", "city": city.name}
    registry = Registry(engine)
    registry.load_counties([row], LISTED_SINCE, "合成计划", province)
    registry.planning.add_mean(mean(province=policy.province))
    village = put_village(engine, f"{code}100201", 1000)
    put_households(engine, village, [5] * 5)
    return County(
        code=code,
        name="合成县",
        tier=Tier.NATIONAL,
        directly_administered=False,
        city=city,
        province=province,
    )


def applies(
    asked: RegistryActivities, county: County, policy: Policy, **figures: Any
) -> str | None:
    """What the registry says to the county's application."""
    given = FIGURES.model_copy(update={"poor": 25, "population": 1000, "as_of": AS_OF} | figures)
    order = admission(county=county, figures=given)
    opening = CountyOpening(**(dict(order.opening) | {"policy": policy}))
    return run(asked.admit_county, order.model_copy(update={"opening": opening})).fault


@pytest.mark.clause("S3", "S5", "C1")
@pytest.mark.parametrize(
    ("policy", "code", "meets"), [(GANSU, "622999", True), (POLICY, "411999", False)]
)
def test_two_and_a_half_percent_leave_in_the_west_alone(
    engine: Engine, asked: RegistryActivities, policy: Policy, code: str, meets: bool
) -> None:
    county = put_county(engine, policy, code)
    store = Registry(engine)
    counted = store.county_incidence(code, AS_OF)
    assert counted is not None
    assert (counted.poor, counted.population) == (25, 1000)
    assert applies(asked, county, policy) is None  # a failed standard is no matter of admission
    figures = FIGURES.model_copy(update=counted.model_dump())
    published = mean(province=policy.province)
    assert [each.met for each in county_findings(figures, published, policy.standards)] == [
        meets,
        *[True] * 4,
    ]
    (ready,) = store.planning.ready_counties(2017, policy, AS_OF)
    # Admitted, it is under way; what else it lacks is the 6 above the 19 that 2 % leave.
    assert ready.heads is not None
    assert ready.heads.must_leave == (0 if meets else 6)
    assert len(ready.lacks) == (1 if meets else 2)


@pytest.mark.clause("C1")
def test_a_county_of_another_province_is_not_admitted(
    engine: Engine, asked: RegistryActivities
) -> None:
    county = put_county(engine, GANSU, "622999")
    assert applies(asked, county, POLICY) == (
        "合成县 (622999) is not in the province of the policy henan-2016 (410000)"
    )
    with pytest.raises(LoadError, match="'411523': lies outside 甘肃省; write a code that begins"):
        Registry(engine).load_counties([row_of("411523")], LISTED_SINCE, "x", province_of(GANSU))


@pytest.mark.clause("C1", "S5")
def test_the_case_itself_holds_its_figures_against_the_register(
    engine: Engine, asked: RegistryActivities
) -> None:
    county = put_county(engine, POLICY, "411999")
    said = applies(asked, county, POLICY, poor=19)
    assert said == (
        "figures: the register counts 25 of 1000 as of 2017-10-31, not 19 of 1000 (S5); correct "
        "them, or say why in figures_reason"
    )
    put_households(engine, "411999100201", [5], registered_on=date(2017, 11, 1))
    assert applies(asked, county, POLICY) is None  # counted as of the day of the figures


@pytest.mark.clause("C1", "S5")
def test_the_register_is_asked_as_of_the_day_of_the_figures(engine: Engine) -> None:
    county = put_county(engine, POLICY, "411999")
    on = APPLIED.date()
    for as_of, poor in ((AS_OF, 25), (date(2014, 5, 31), 0)):
        counted = county_facts(Registry(engine), county.code, 2017, on, as_of=as_of).incidence
        assert counted == Incidence(poor=poor, population=1000, as_of=as_of)
