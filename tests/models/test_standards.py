"""S3-S6: figures exactly at the thresholds, and what a failed standard lets an office do."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.case.messages import Rates
from models.counts import why_no_more_zh, worsened
from models.policy import Standards
from models.register.counties import (
    CountyCounted,
    CountyFigures,
    PoorVillages,
    ProvincialFindings,
)
from models.register.villages import Incidence
from models.standards import (
    StandardFinding,
    blocked,
    contradicted,
    county_findings,
    incidence_met,
    provincial_findings,
    rate_findings,
)
from tests.models.samples import FINDINGS, HENAN, NOT_MET, act, day, figures, mean

STRICT = HENAN.standards
LAX = STRICT.model_copy(update={"incidence_strict": False})
WEST = STRICT.model_copy(update={"incidence_below_percent": 3})


def by_id(findings: tuple[StandardFinding, ...]) -> dict[str, bool]:
    return {finding.id: finding.met for finding in findings}


def failing(*ids: str) -> list[StandardFinding]:
    return [StandardFinding(id=each, met=False, zh="未达标", en="not met") for each in ids]


def rates(**changes: str) -> Rates:
    values: dict[str, Any] = {
        "incidence": "1.999",
        "wrongly_exited": "1.999",
        "omitted": "1.999",
        "recognition": "90",
    }
    return Rates.model_validate(values | changes)


@pytest.mark.clause("S5", "S3")
@pytest.mark.parametrize(
    ("poor", "population", "strict", "lax"),
    [
        pytest.param(0, 1, True, True, id="nobody poor"),
        pytest.param(1, 1, False, False, id="everybody poor"),
        pytest.param(2, 100, False, True, id="exactly 2 %"),
        pytest.param(1, 50, False, True, id="exactly 2 % of fifty"),
        pytest.param(1, 51, True, True, id="just below"),
        pytest.param(1, 49, False, False, id="just above"),
        pytest.param(6_000, 300_000, False, True, id="exactly, in thousands"),
        pytest.param(5_999, 300_000, True, True, id="one person fewer"),
        pytest.param(6_001, 300_000, False, False, id="one person more"),
        # As floats both sides round to the same number.
        pytest.param(2 * 10**17 - 1, 10**19, True, True, id="one of 10**19 below"),
        pytest.param(2 * 10**17 + 1, 10**19, False, False, id="one of 10**19 above"),
        pytest.param(3_555, 772_900, True, True, id="兰考 2016: 0.46 %"),
    ],
)
def test_incidence_at_the_threshold(poor: int, population: int, strict: bool, lax: bool) -> None:
    assert incidence_met(poor, population, STRICT) is strict
    assert incidence_met(poor, population, LAX) is lax


@pytest.mark.clause("S5")
def test_western_provinces_have_three_percent() -> None:
    assert incidence_met(2_999, 100_000, WEST)
    assert not incidence_met(3_000, 100_000, WEST)


@pytest.mark.clause("S5")
@given(st.integers(0, 10**12), st.integers(1, 10**12), st.integers(1, 100))
def test_incidence_agrees_with_exact_fractions(poor: int, population: int, percent: int) -> None:
    rate, limit = Fraction(poor, population), Fraction(percent, 100)
    changes = {"incidence_below_percent": percent}
    assert incidence_met(poor, population, STRICT.model_copy(update=changes)) is (rate < limit)
    assert incidence_met(poor, population, LAX.model_copy(update=changes)) is (rate <= limit)


@pytest.mark.clause("S5")
@given(st.integers(1, 10**7), st.integers(-3, 3))
def test_one_person_decides(fifties: int, more: int) -> None:
    population, poor = 50 * fifties, max(fifties + more, 0)
    assert incidence_met(poor, population, STRICT) is (poor < fifties)
    assert incidence_met(poor, population, LAX) is (poor <= fifties)


@pytest.mark.clause("S3")
@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({}, set()),
        ({"poor": 6_000}, {"S3.incidence"}),
        ({"income_growth_percent": "8.7"}, {"S3.income"}),  # above the mean, not at it
        ({"income_growth_percent": "8.701"}, set()),
        ({"income_growth_percent": "8.699"}, {"S3.income"}),
        ({"income_growth_percent": "0"}, {"S3.income"}),
        ({"education": NOT_MET}, {"S3.education"}),
        ({"culture": NOT_MET}, {"S3.culture"}),
        ({"health": NOT_MET}, {"S3.health"}),
        (
            {"poor": 9_000, "education": NOT_MET, "health": NOT_MET},
            {"S3.incidence", "S3.education", "S3.health"},
        ),
    ],
)
def test_county_findings(changes: dict[str, Any], failed: set[str]) -> None:
    found = by_id(county_findings(figures(**changes), mean(), STRICT))
    assert list(found) == [
        "S3.incidence", "S3.income", "S3.education", "S3.culture", "S3.health"
    ]  # fmt: skip
    assert {each for each, met in found.items() if not met} == failed


@pytest.mark.clause("S3", "S5")
def test_findings_say_why() -> None:
    stated = figures(poor=6_000, culture=NOT_MET)
    incidence, income, education, culture, _ = county_findings(stated, mean(), STRICT)
    assert incidence.zh == "贫困发生率 6000/300000，为2%（2017-11-15），标准 <2%"
    assert incidence.en == "incidence 6000/300000 = 2 % as of 2017-11-15, required < 2 %"
    growth = "农民人均可支配收入增幅 10.2%，全省平均 8.7%（合成统计公报），标准为高于"
    assert income.zh == growth
    at_mean = "教育主要指标达到或接近全省平均水平：主要指标达到全省平均水平（合成数据）"
    assert education.zh == at_mean
    below = "文化主要指标未达到或接近全省平均水平：主要指标低于全省平均水平（合成数据）"
    assert culture.zh == below
    assert "标准 ≤2%" in county_findings(figures(poor=6_000), mean(), LAX)[0].zh


@pytest.mark.clause("S3")
def test_the_one_published_mean_of_the_year_is_what_growth_is_held_against() -> None:
    growth = figures(income_growth_percent="-1")
    for percent, met in (("-2", True), ("-1", False), ("0", False)):
        assert county_findings(growth, mean(percent), STRICT)[1].met is met


@pytest.mark.clause("C3", "S3")
@pytest.mark.parametrize("name", ["income", "incidence"])
def test_the_province_does_not_find_met_what_fails_by_the_numbers(name: str) -> None:
    own = figures(poor=30_000, income_growth_percent="8.7")
    failed = [each for each in county_findings(own, mean(), STRICT) if each.id == f"S3.{name}"]
    (finding,) = failed
    said = contradicted(ProvincialFindings.model_validate(FINDINGS), failed)
    assert said == f"findings.{name}: it is found met, but by the numbers it is not ({finding.en})"
    honest = ProvincialFindings.model_validate(FINDINGS | {name: NOT_MET})
    assert contradicted(honest, failed) is None


@pytest.mark.clause("S3", "C3")
@pytest.mark.parametrize("name", list(FINDINGS))
def test_the_province_judges_each_standard_by_itself(name: str) -> None:
    found = ProvincialFindings.model_validate(FINDINGS | {name: NOT_MET})
    (failed,) = [each for each in provincial_findings(found) if not each.met]
    assert failed.id == f"S3.{name}"
    assert failed.zh.endswith("未达标：主要指标低于全省平均水平（合成数据）")
    with pytest.raises(ValidationError):
        ProvincialFindings.model_validate({k: v for k, v in FINDINGS.items() if k != name})


@pytest.mark.clause("S3", "S5")
@pytest.mark.parametrize(
    ("counted", "met", "said"),
    [
        ((5_999, 300_000), True, "5999/300000 about 1.9997 % as of 2018-01-10, required"),
        ((6_000, 300_000), False, "6000/300000 = 2 % as of 2018-01-10 by the register (the county"),
        ((0, 300_000), True, "5999/300000 about 1.9997 % as of 2017-11-15 as the county states"),
        ((20, 1_000), False, "20/1000 = 2 % as of 2018-01-10 by the register (the county states"),
        ((20, 1_001), True, "5999/300000 about 1.9997 % as of 2017-11-15 as the county states it"),
    ],
)
def test_of_a_countys_figures_and_the_registers_count_the_worse_counts(
    counted: tuple[int, int], met: bool, said: str
) -> None:
    """The county states 5999 of 300000; one person more would be 2 %."""
    poor, population = counted
    count = Incidence(poor=poor, population=population, as_of=day("2018-01-10"))
    found = county_findings(figures(poor=5_999), mean(), STRICT, count)[0]
    assert (found.id, found.met) == ("S3.incidence", met)
    assert said in found.en


@pytest.mark.clause("S5")
def test_a_rate_is_not_rounded_to_the_threshold() -> None:
    snapshot = CountyFigures.model_validate(
        figures().model_dump() | {"poor": 199_999, "population": 10_000_000}
    )
    met = county_findings(snapshot, mean(), STRICT)[0]
    assert met.met
    assert "2.0000" not in met.en


@pytest.mark.clause("S4")
@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        pytest.param({}, [], id="just met"),
        pytest.param({"incidence": "2"}, ["S4.incidence"], id="incidence at 2 %"),
        pytest.param({"incidence": "2.000"}, ["S4.incidence"], id="incidence at 2.000 %"),
        pytest.param({"wrongly_exited": "2"}, ["S4.wrong"], id="wrongly exited at 2 %"),
        pytest.param({"omitted": "2"}, ["S4.omitted"], id="omitted at 2 %"),
        pytest.param({"recognition": "89.999"}, ["S4.recognition"], id="recognition below 90 %"),
        pytest.param({"recognition": "90.000"}, [], id="recognition at 90 %"),
        pytest.param({"recognition": "98.5"}, [], id="兰考 2016: recognition 98.5 %"),
        pytest.param(
            {"omitted": "2.001", "recognition": "0"}, ["S4.omitted", "S4.recognition"], id="two"
        ),
    ],
)
def test_the_four_rates(changes: dict[str, str], failed: list[str]) -> None:
    found = by_id(rate_findings(rates(**changes), STRICT))
    assert len(found) == 4
    assert [each for each, met in found.items() if not met] == failed
    said = blocked(act(rates=rates(**changes).model_dump(mode="json")), [], STRICT)
    if failed:
        assert said is not None
        assert said.startswith(f"{failed[0]} is not met")
        assert said.endswith("no exit; return or reject")
    else:
        assert said is None


percents = st.decimals(0, 100, places=3)


@pytest.mark.clause("S4")
@given(percents, percents, percents, percents)
def test_any_one_rate_failing_means_no_exit(
    incidence: Decimal, wrong: Decimal, omitted: Decimal, recognition: Decimal
) -> None:
    given_rates = Rates(
        incidence=incidence, wrongly_exited=wrong, omitted=omitted, recognition=recognition
    )
    good = max(incidence, wrong, omitted) * 100 < 200 and recognition * 100 >= 9000
    approval = act("C6", rates=given_rates.model_dump(mode="json"))
    assert (blocked(approval, [], STRICT) is None) is good
    for decision, more in (("reject", {}), ("return", {"return_to": "C3"})):
        other = act(
            "C6", decision, reason="不达标", rates=given_rates.model_dump(mode="json"), **more
        )
        assert blocked(other, [], STRICT) is None


@pytest.mark.clause("S4", "S6")
@pytest.mark.parametrize("rate", ["S4.incidence", "S4.wrong", "S4.omitted", "S4.recognition"])
def test_no_rate_can_be_overridden(rate: str) -> None:
    bad = rates(incidence="3", wrongly_exited="3", omitted="3", recognition="10")
    said = blocked(
        act(rates=bad.model_dump(mode="json"), overrides=[rate], reason="统筹考虑"), [], STRICT
    )
    assert said is not None


@pytest.mark.clause("S6")
def test_a_failed_standard_blocks() -> None:
    said = blocked(act(), failing("S3.income"), STRICT)
    assert said == (
        "S3.income is not met (not met); to approve all the same, name it in overrides and give "
        "the reason (S6)"
    )


@pytest.mark.clause("S6")
@pytest.mark.parametrize(
    ("failed", "overrides", "named"),
    [
        pytest.param([], [], None, id="nothing failed"),
        pytest.param(["S3.income"], ["S3.income"], None, id="overridden"),
        pytest.param(["S3.income", "S3.health"], ["S3.income"], "S3.health", id="one of two"),
        pytest.param(
            ["S3.income", "S3.health"], ["S3.health", "S3.income"], None, id="both of two"
        ),
        pytest.param([], ["S3.income"], "S3.income did not fail", id="needless"),
        pytest.param(
            ["S3.income"],
            ["S3.income", "S3.incidence"],
            "S3.incidence did not fail",
            id="one too many",
        ),
        pytest.param(["S3.income"], ["S3"], "S3 did not fail", id="the whole clause"),
        pytest.param(["S3.income"], ["s3.income"], "s3.income did not fail", id="small letters"),
    ],
)
def test_overrides(failed: list[str], overrides: list[str], named: str | None) -> None:
    approval = act(overrides=overrides, **({"reason": "统筹考虑（合成）"} if overrides else {}))
    said = blocked(approval, failing(*failed), STRICT)
    if named is None:
        assert said is None
    else:
        assert said is not None
        assert named in said


@pytest.mark.clause("S6")
@given(
    st.sets(st.sampled_from(["S3.incidence", "S3.income", "S3.health"])),
    st.sets(st.sampled_from(["S3.incidence", "S3.income", "S3.health"])),
)
def test_an_approval_needs_exactly_the_overrides_of_what_failed(
    failed: set[str], overrides: set[str]
) -> None:
    approval = act(overrides=sorted(overrides), reason="统筹考虑（合成）")
    said = blocked(approval, failing(*sorted(failed)), STRICT)
    assert (said is None) is (failed == overrides)


def counted(poor: int, listed: int = 0, exited: int = 0) -> CountyCounted:
    incidence = Incidence(poor=poor, population=100, as_of=day("2018-01-01"))
    return CountyCounted(incidence=incidence, villages=PoorVillages(listed=listed, exited=exited))


@pytest.mark.clause("S3", "S6")
@pytest.mark.parametrize(
    ("told", "now", "worse"),
    [
        (counted(3), counted(3), []),
        (counted(4), counted(3), []),
        (counted(3), counted(4), ["S3.incidence"]),
        (counted(0), counted(1), []),  # met still
        (CountyCounted(), counted(2), ["S3.incidence"]),  # of none was told
        (counted(2), CountyCounted(), []),
        (counted(0, 1, 8), counted(0, 1, 8), []),  # 88.9 %, below 90 %
        (counted(0, 2, 8), counted(0, 1, 8), []),
        (counted(0, 1, 8), counted(0, 2, 8), ["S3.villages"]),
        (counted(0, 0, 9), counted(0, 1, 9), []),  # 90 %
        (counted(0), counted(0, 1, 8), ["S3.villages"]),
        (counted(0, 0, 9), counted(2, 1, 8), ["S3.incidence", "S3.villages"]),
    ],
)
def test_what_fails_and_is_worse_than_was_told(
    told: CountyCounted, now: CountyCounted, worse: list[str]
) -> None:
    asked = STRICT.model_copy(update={"exited_villages_at_least_percent": 90})
    assert [each.id for each in worsened(told, now, asked)] == worse


@pytest.mark.clause("S6")
@pytest.mark.parametrize(
    ("overrides", "unmet", "worse", "why"),
    [
        ([], [], [], None),
        (["S3.incidence"], ["S3.incidence"], [], None),
        (["S3.incidence"], [], [], None),  # met since
        ([], ["S3.incidence"], [], "贫困发生率未达标、未列明并说明理由"),
        ([], ["S3.incidence"], ["S3.incidence"], "登记数据变化、贫困发生率不达标"),
        (["S3.incidence"], ["S3.incidence"], ["S3.incidence"], "登记数据变化、贫困发生率不达标"),
        (
            ["S3.incidence"],
            ["S3.incidence", "S3.villages"],
            [],
            "贫困村退出比例未达标、未列明并说明理由",
        ),
    ],
)
def test_an_approval_stands_by_the_count_that_was_told(
    overrides: list[str], unmet: list[str], worse: list[str], why: str | None
) -> None:
    approval = act(overrides=overrides, **({"reason": "统筹考虑（合成）"} if overrides else {}))
    assert why_no_more_zh(approval, unmet, worse) == why


@pytest.mark.clause("S6", "G3")
@pytest.mark.parametrize(("decision", "more"), [("reject", {}), ("return", {"return_to": "C1"})])
def test_a_failed_standard_never_hinders_a_refusal(decision: str, more: dict[str, str]) -> None:
    refusing = act(decision=decision, reason="未达标", **more)
    assert blocked(refusing, failing("S3.incidence"), STRICT) is None


@pytest.mark.clause("S3", "S4")
@given(st.integers(1, 3), st.integers(1, 2), st.integers(1, 2), st.integers(90, 99))
def test_thresholds_are_the_policys(
    incidence: int, wrong: int, omitted: int, recognition: int
) -> None:
    policy = Standards(
        incidence_below_percent=incidence,
        incidence_strict=True,
        wrongly_exited_below_percent=wrong,
        omitted_below_percent=omitted,
        recognition_at_least_percent=recognition,
    )
    at = rates(
        incidence=str(incidence),
        wrongly_exited=str(wrong),
        omitted=str(omitted),
        recognition=str(recognition),
    )
    assert list(by_id(rate_findings(at, policy)).values()) == [False, False, False, True]
    below = rates(
        incidence=f"{incidence - 1}.999",
        wrongly_exited=f"{wrong - 1}.999",
        omitted=f"{omitted - 1}.999",
        recognition=f"{recognition - 1}.999",
    )
    assert list(by_id(rate_findings(below, policy)).values()) == [True, True, True, False]
