"""S2: a village by its incidence, exactly at the threshold, and by what its survey found."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from models.policy import Standards
from models.policy_file import parse_policy
from models.register.villages import Incidence
from models.standards import blocked, survey_findings, village_findings
from models.village.admission import survey_fault
from tests.models.samples import HENAN, act, beijing_time
from tests.models.village_samples import incidence, survey

POLICIES = Path(__file__).parents[2] / "policies"
GANSU = parse_policy((POLICIES / "gansu-2016.toml").read_text(encoding="utf-8"))

CRITERIA = [
    ("paved_road", False, "S2.road", "通村公路硬化：否"),
    ("bus", "no", "S2.bus", "通客运班车：否"),
    ("safe_water", False, "S2.water", "达到农村饮用水安全卫生评价指标体系标准：否"),
    ("electricity", False, "S2.electricity", "基本满足生产生活用电需求：否"),
    ("broadcasting", False, "S2.broadcasting", "广播电视户户通：否"),
    ("culture_centre", False, "S2.culture", "综合性文化服务中心：否"),
    ("clinic", False, "S2.clinic", "标准化卫生室：否"),
    ("doctor", False, "S2.doctor", "有合格乡村医生或执业（助理）医师：否"),
    ("broadband", False, "S2.broadband", "基本实现通宽带：否"),
]


def failed(rule: Standards, count: Incidence, **changes: Any) -> list[str]:
    """The criteria of S2 that a village fails."""
    findings = village_findings(survey(**changes), count, rule)
    return [finding.id for finding in findings if not finding.met]


@pytest.mark.clause("S2", "S5")
@pytest.mark.parametrize(
    ("policy", "poor", "strict", "lax"),
    [
        # Of 300 people 2 % are 6, and 3 % are 9.
        pytest.param("henan", 5, True, True, id="below 2 %"),
        pytest.param("henan", 6, False, True, id="exactly 2 %"),
        pytest.param("henan", 7, False, False, id="above 2 %"),
        pytest.param("gansu", 6, True, True, id="exactly 2 % in the west"),
        pytest.param("gansu", 8, True, True, id="below 3 %"),
        pytest.param("gansu", 9, False, True, id="exactly 3 %"),
        pytest.param("gansu", 10, False, False, id="above 3 %"),
    ],
)
def test_the_incidence_of_a_village(policy: str, poor: int, strict: bool, lax: bool) -> None:
    rule = {"henan": HENAN, "gansu": GANSU}[policy].standards
    not_strict = rule.model_copy(update={"incidence_strict": False})
    assert failed(rule, incidence(poor)) == ([] if strict else ["S2.incidence"])
    assert failed(not_strict, incidence(poor)) == ([] if lax else ["S2.incidence"])


@pytest.mark.clause("S2", "S5")
def test_the_west_has_three_percent_by_its_policy_file() -> None:
    assert (GANSU.province, GANSU.standards.incidence_below_percent) == ("620000", 3)
    (finding, *_) = village_findings(survey(), incidence(9), GANSU.standards)
    assert finding.zh == "贫困发生率 9/300，为3%（2017-11-20），标准 <3%"
    assert finding.en == "incidence 9/300 = 3 % as of 2017-11-20, required < 3 %"


@pytest.mark.clause("S2")
@pytest.mark.parametrize(("field", "value", "criterion", "zh"), CRITERIA)
def test_each_criterion_fails_by_itself(field: str, value: Any, criterion: str, zh: str) -> None:
    assert failed(HENAN.standards, incidence(), **{field: value}) == [criterion]
    (finding,) = [each for each in survey_findings(survey(**{field: value})) if not each.met]
    assert finding.zh == zh


@pytest.mark.clause("S2")
def test_a_bus_is_asked_for_only_where_conditions_allow() -> None:
    assert failed(HENAN.standards, incidence(), bus="not_feasible") == []
    assert "通客运班车：不具备条件（山路狭窄，公路尚未拓宽（合成））" in [
        finding.zh for finding in survey_findings(survey(bus="not_feasible"))
    ]


@pytest.mark.clause("S2")
@pytest.mark.parametrize(
    ("bus", "ground", "said"),
    [
        ("not_feasible", None, "bus_ground: say why conditions allow no bus (不具备条件)"),
        ("yes", "山路狭窄", "(不具备条件), and needs no ground"),
        ("no", "山路狭窄", "(不具备条件), and needs no ground"),
        ("not_feasible", "山路狭窄", None),
    ],
)
def test_that_conditions_allow_no_bus_needs_its_ground(
    bus: str, ground: str | None, said: str | None
) -> None:
    if said is None:
        assert survey(bus=bus, bus_ground=ground).bus_ground == ground
        return
    with pytest.raises(ValidationError, match=re.escape(said)):
        survey(bus=bus, bus_ground=ground)


@pytest.mark.clause("V1")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, None),
        ({"began_on": "2016-12-31"}, "survey.began_on: 2016-12-31 lies before 2017"),
        ({"ended_on": "2017-11-20"}, None),
        (
            {"ended_on": "2017-11-21"},
            "survey.ended_on: 2017-11-21 lies after 2017-11-20, when it was signed",
        ),
    ],
)
def test_when_a_survey_can_have_been_made(changes: dict[str, str], said: str | None) -> None:
    found = survey_fault(survey(**changes), 2017, beijing_time("2017-11-20 23:59"))
    assert (found or "").startswith(said or "")
    assert (found is None) is (said is None)


@pytest.mark.clause("V1")
@pytest.mark.parametrize(
    "changes",
    [{"departments": []}, {"surveyors": []}, {"began_on": None}, {"ended_on": "2017-11-14"}],
)
def test_a_survey_says_who_took_part_and_when(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        survey(**changes)


@pytest.mark.clause("S2")
def test_industry_and_collective_income_are_no_threshold() -> None:
    for income in (None, 0, 50_000):
        assert failed(HENAN.standards, incidence(), collective_income_yuan=income) == []


@pytest.mark.clause("S2")
@pytest.mark.parametrize(("field", "value"), [("paved_road", "yes"), ("bus", True), ("doctor", 1)])
def test_a_survey_says_yes_or_no(field: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        survey(**{field: value})


@pytest.mark.clause("S2", "S6")
def test_a_failed_criterion_blocks_until_it_is_overridden_by_name() -> None:
    findings = village_findings(survey(doctor=False), incidence(), HENAN.standards)
    lacking = [finding for finding in findings if not finding.met]

    def says(**fields: Any) -> str | None:
        return blocked(act("C3", **fields), lacking, HENAN.standards)

    said = says()
    assert said is not None
    doctor = "a qualified village doctor or a licensed (assistant) physician"
    assert said.startswith(f"S2.doctor is not met ({doctor}: no); to approve all the same")
    needless = says(overrides=["S2.doctor", "S2.road"], reason="合成")
    assert needless == "overrides: S2.road did not fail and needs no override"
    assert says(overrides=["S2.doctor"], reason="合成") is None
