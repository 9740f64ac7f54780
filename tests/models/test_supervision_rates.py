"""The four rates of a supervision (F6, S4), worked by hand; at the thresholds exactly."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from models.case.messages import Rates
from models.policy import Standards
from models.ratios import ExactRates, Ratio
from models.standards import RateFinding, exact_rate_findings, rate_findings
from models.supervision.messages import HouseholdCheck, VillageCheck
from models.supervision.rates import exact_rates
from models.supervision.sampling import CountyPeople, FrameHousehold, FrameVillage, Sample
from tests.models.samples import HENAN

V1, V2 = "411523100001", "411523100002"
NONE = Ratio(part=0, whole=1)


def sample(
    sizes: dict[str, int] | None = None,
    villages: dict[str, tuple[int, int]] | None = None,
    **people: int,
) -> Sample:
    """Households with so many heads; villages with population and ever registered."""
    counted = {"population": 10_000, "poor": 0, "exited": 0, "unregistered": 0} | people
    of_villages = villages or {}
    return Sample(
        seed="s1",
        wanted_households=100,
        wanted_villages=10,
        as_of=date(2026, 10, 1),
        sha256="0" * 64,
        households_in_frame=len(sizes or {}),
        villages_in_frame=len(of_villages),
        people=CountyPeople(**counted),
        households=tuple(
            FrameHousehold(code=code, village=V1, size=size) for code, size in (sizes or {}).items()
        ),
        villages=tuple(
            FrameVillage(code=code, population=population, registered=registered)
            for code, (population, registered) in of_villages.items()
        ),
    )


def right(code: str, recognises: bool | None = None) -> HouseholdCheck:
    return HouseholdCheck(household=code, wrongly_exited=False, recognises=recognises)


def wrong(code: str) -> HouseholdCheck:
    return HouseholdCheck(household=code, wrongly_exited=True, failed=("S1.housing",))


def village(code: str, people: int = 0, asked: int = 0, recognising: int = 0) -> VillageCheck:
    return VillageCheck(
        village=code,
        omitted_people=people,
        omitted_households=min(people, 1),
        asked=asked,
        recognising=recognising,
    )


def rates(drawn: Sample, *checks: HouseholdCheck | VillageCheck) -> ExactRates:
    return exact_rates(
        drawn,
        {each.household: each for each in checks if isinstance(each, HouseholdCheck)},
        {each.village: each for each in checks if isinstance(each, VillageCheck)},
    )


def finding(name: str, counted: ExactRates, rule: Standards = HENAN.standards) -> RateFinding:
    (found,) = [each for each in exact_rate_findings(counted, rule) if each.id == f"S4.{name}"]
    return found


@pytest.mark.clause("F6", "S4")
def test_wrongly_exited_are_counted_in_people_of_the_households_checked() -> None:
    drawn = sample({"H001": 2, "H002": 5, "H003": 43, "H004": 50})
    # H001 of the three that were checked: 2 of 2 + 5 + 43. H004 has no finding in force.
    counted = rates(drawn, wrong("H001"), right("H002"), right("H003"))
    assert counted.wrongly_exited == Ratio(part=2, whole=50)


@pytest.mark.clause("F6", "S4")
@pytest.mark.parametrize(
    ("size", "rest", "met"),
    [
        (2, 98, False),  # exactly 2 %: not below it
        (1, 99, True),
        (19_999, 980_001, True),  # 1.9999 %, which three decimals would round to 2
        (20_001, 979_999, False),
    ],
)
def test_wrongly_exited_at_the_threshold(size: int, rest: int, met: bool) -> None:
    found = finding(
        "wrong", rates(sample({"H001": size, "H002": rest}), wrong("H001"), right("H002"))
    )
    assert (found.met, found.computed) == (met, True)


@pytest.mark.clause("F6", "S4")
def test_omitted_are_counted_among_the_unregistered_of_the_villages_checked() -> None:
    drawn = sample(villages={V1: (1_000, 400), V2: (700, 300)})
    # 600 and 400 people were never registered; 3 and 4 of them were left out.
    counted = rates(drawn, village(V1, 3), village(V2, 4))
    assert counted.omitted == Ratio(part=7, whole=1_000)
    assert rates(drawn, village(V1, 3)).omitted == Ratio(part=3, whole=600)


@pytest.mark.clause("F6", "S4")
@pytest.mark.parametrize(
    ("people", "met"),
    [(10, False), (9, True)],  # of 500: 2 %, and 1.8 %
)
def test_omitted_at_the_threshold(people: int, met: bool) -> None:
    drawn = sample(villages={V1: (1_000, 500)})
    assert finding("omitted", rates(drawn, village(V1, people))).met is met


@pytest.mark.clause("F6", "S4")
def test_omitted_just_below_the_threshold() -> None:
    # 9 999 of 500 000 are 1.9998 %.
    drawn = sample(villages={V1: (1_000_000, 500_000)})
    found = finding("omitted", rates(drawn, village(V1, 9_999)))
    assert found.met
    assert found.zh == "漏评率 9999/500000，为1.9998%，标准 <2%"


@pytest.mark.clause("F6", "S4")
def test_recognition_counts_households_and_villagers_that_were_asked() -> None:
    drawn = sample({"H001": 1, "H002": 1, "H003": 1}, {V1: (100, 10)})
    # One household yes, one no, one not asked; five of eight villagers.
    checks = (right("H001", True), right("H002", False), right("H003"), village(V1, 0, 8, 5))
    assert rates(drawn, *checks).recognition == Ratio(part=6, whole=10)


@pytest.mark.clause("F6", "S4")
@pytest.mark.parametrize(
    ("recognising", "asked", "met", "shown"),
    [
        (9, 10, True, "为90%"),  # exactly 90 %: enough
        (899_999, 1_000_000, False, "为89.9999%"),
        (17, 19, False, "约为89.47%"),
        (10, 10, True, "为100%"),
        (0, 10, False, "为0%"),
    ],
)
def test_recognition_at_the_threshold(recognising: int, asked: int, met: bool, shown: str) -> None:
    drawn = sample(villages={V1: (1_000_000, 0)})
    found = finding("recognition", rates(drawn, village(V1, 0, asked, recognising)))
    assert found.met is met
    assert f"，{shown}，标准 ≥90%" in found.zh


@pytest.mark.clause("F6", "S4", "S5")
@pytest.mark.parametrize(
    ("poor", "part", "met"),
    [
        (100, 200, False),  # 100 + 5000 * 1/100 + 5000 * 5/500, of 10 000: exactly 2 %
        (99, 199, True),
    ],
)
def test_combined_incidence_at_the_threshold(poor: int, part: int, met: bool) -> None:
    drawn = sample(
        {"H001": 1, "H002": 99}, {V1: (600, 100)}, poor=poor, exited=5_000, unregistered=5_000
    )
    counted = rates(drawn, wrong("H001"), right("H002"), village(V1, 5))
    assert counted.incidence.value == Ratio(part=part, whole=10_000).value
    assert finding("incidence", counted).met is met


@pytest.mark.clause("F6", "S4", "S5")
def test_combined_incidence_keeps_the_fractions_of_both_rates() -> None:
    # 7 + 10 * 1/3 + 20 * 1/7 = (147 + 70 + 60) / 21 = 277/21, of 1000 people.
    drawn = sample(
        {"H001": 1, "H002": 2}, {V1: (17, 10)}, population=1_000, poor=7, exited=10, unregistered=20
    )
    counted = rates(drawn, wrong("H001"), right("H002"), village(V1, 1))
    assert counted.incidence == Ratio(part=277, whole=21_000)


@pytest.mark.clause("F6", "S4")
def test_what_cannot_be_computed_is_said_and_does_not_count_as_met() -> None:
    counted = rates(sample(exited=10, unregistered=10))
    for name in ("incidence", "wrong", "omitted", "recognition"):
        found = finding(name, counted)
        assert (found.met, found.computed) == (False, False)
        assert "无法计算" in found.zh
        assert "cannot be computed" in found.en


@pytest.mark.clause("F6", "S4")
def test_a_rate_that_is_applied_to_nobody_is_not_needed_for_the_incidence() -> None:
    # No village has left, but nobody of the county was never registered: 1 + 10 * 0, of 10 000.
    drawn = sample({"H001": 4}, poor=1, exited=10, unregistered=0)
    counted = rates(drawn, right("H001"))
    assert counted.incidence == Ratio(part=1, whole=10_000)
    assert counted.omitted.value is None
    # With somebody, it cannot be computed.
    open_ = sample({"H001": 4}, poor=1, exited=10, unregistered=1)
    assert rates(open_, right("H001")).incidence.value is None
    # Nor in a county without people.
    assert rates(sample({"H001": 4}, population=0), right("H001")).incidence.value is None


@pytest.mark.clause("S4")
@pytest.mark.parametrize("threshold", [2, 3])
def test_the_threshold_is_the_policys(threshold: int) -> None:
    rule = HENAN.standards.model_copy(update={"incidence_below_percent": threshold})
    counted = ExactRates(
        incidence=Ratio(part=25, whole=1_000), wrongly_exited=NONE, omitted=NONE, recognition=NONE
    )
    assert finding("incidence", counted, rule).met is (threshold == 3)


@pytest.mark.clause("S4")
@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({}, []),
        ({"incidence": "2"}, ["S4.incidence"]),
        ({"wrongly_exited": "2.000"}, ["S4.wrong"]),
        ({"omitted": "1.999"}, []),
        ({"omitted": "2"}, ["S4.omitted"]),
        ({"recognition": "90"}, []),
        ({"recognition": "89.999"}, ["S4.recognition"]),
    ],
)
def test_the_percents_of_a_third_party_at_the_thresholds(
    changes: dict[str, Any], failed: list[str]
) -> None:
    given = {"incidence": "0", "wrongly_exited": "0", "omitted": "0", "recognition": "100"}
    found = rate_findings(Rates.model_validate(given | changes), HENAN.standards)
    assert [each.id for each in found if not each.met] == failed


@pytest.mark.clause("S4")
@pytest.mark.parametrize("value", ["100.001", "-0.001", "1.9999", "NaN", "Infinity"])
def test_percents_that_cannot_be_or_would_be_rounded_are_refused(value: str) -> None:
    given = {"incidence": "0", "wrongly_exited": value, "omitted": "0", "recognition": "100"}
    with pytest.raises(ValidationError, match="wrongly_exited"):
        Rates.model_validate(given)
