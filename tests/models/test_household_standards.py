"""S1 and S7: a household's income against the line of its year, and how it lives."""

from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.household_standard import S1_IDS, household_findings
from models.policy import Policy
from models.policy_file import parse_policy
from models.register.households import (
    MOST_SAID,
    HouseholdFacts,
    Livelihood,
    PovertyLine,
    children_named,
)
from models.standards import StandardFinding
from tests.models.roster_samples import LINE, household, livelihood
from tests.models.samples import HENAN

GANSU = parse_policy(
    (Path(__file__).parents[2] / "policies" / "gansu-2016.toml").read_text(encoding="utf-8")
)

CRITERIA = {
    "S1.livelihood": "livelihood",
    "S1.food": "food_and_clothing",
    "S1.schooling": "schooling",
    "S1.dropouts": "no_dropouts",
    "S1.insurance": "insurance",
    "S1.illness": "illness_aid",
    "S1.improvement": "housing_improved",
    "S1.housing": "housing",
}
SEVEN = ("income", "livelihood", "food", "schooling", "insurance", "illness", "housing")
"""What households were held against before the policy named the demands."""

FEN = st.integers(0, 10_000_000)


def income_met(fen: int, size: int = 3, line: PovertyLine = LINE) -> bool:
    """Whether a net income of so many fen is above the line."""
    gained, lost = (fen, 0) if fen >= 0 else (0, -fen)
    facts = household(size=size, wages=gained, costs=lost)
    return finding("S1.income", facts, line).met


def finding(id: str, facts: HouseholdFacts, line: PovertyLine = LINE) -> StandardFinding:
    """One of them, by Henan's policy."""
    findings = household_findings(facts, line, HENAN.standards)
    return next(each for each in findings if each.id == id)


def failed(policy: Policy = HENAN, **lived: Any) -> list[str]:
    """What a household of three does not meet by a policy."""
    findings = household_findings(household(**lived), LINE, policy.standards)
    return [each.id for each in findings if not each.met]


@pytest.mark.clause("S7", "S1")
@pytest.mark.parametrize(
    ("year", "yuan", "for_three"),
    [
        (2011, 2_536, 760_800),
        (2012, 2_625, 787_500),
        (2013, 2_736, 820_800),
        (2014, 2_800, 840_000),
        (2015, 2_855, 856_500),
        (2016, 2_952, 885_600),
    ],
)
def test_a_household_of_three_needs_more_than_three_times_the_line(
    year: int, yuan: int, for_three: int
) -> None:
    line = PovertyLine(year=year, yuan=yuan, source="国家统计局")
    assert [income_met(for_three + more, 3, line) for more in (-1, 0, 1)] == [False, False, True]


@pytest.mark.clause("S1")
@pytest.mark.parametrize(
    ("fen", "size", "met"),
    [
        pytest.param(300_000, 1, False, id="exactly the line, alone"),
        pytest.param(300_001, 1, True, id="a fen above it"),
        pytest.param(2_100_000, 7, False, id="exactly, of seven"),
        # 3 000.00142... yuan a head: rounded to fen it would be the line itself.
        pytest.param(2_100_001, 7, True, id="a seventh of a fen a head above it"),
        pytest.param(2_099_999, 7, False, id="a seventh of a fen a head below it"),
        pytest.param(0, 1, False, id="nothing"),
        pytest.param(-1, 1, False, id="less than nothing"),
        pytest.param(-10_000_000_000, 50, False, id="far less than nothing"),
        pytest.param(10_000_000_000, 50, True, id="as much as can be said"),
    ],
)
def test_income_is_compared_by_whole_fen(fen: int, size: int, met: bool) -> None:
    assert income_met(fen, size) is met


@pytest.mark.clause("S1")
@given(st.tuples(FEN, FEN, FEN, FEN, FEN), st.integers(1, 50), st.integers(1, 10_000))
def test_income_a_head_by_another_way(money: tuple[int, ...], size: int, yuan: int) -> None:
    names = ("wages", "business", "assets", "transfers", "costs")
    kinds: dict[str, Any] = dict(zip(names, money, strict=True))
    line = PovertyLine(year=2017, yuan=yuan, source="合成标准")
    a_head = Fraction(sum(money[:4]) - money[4], 100 * size)
    assert finding("S1.income", household(size=size, **kinds), line).met is (a_head > yuan)


@pytest.mark.clause("S1")
def test_net_income_is_every_kind_less_the_costs() -> None:
    lived = livelihood(wages=1, business=20, assets=300, transfers=4_000, costs=50_000)
    assert lived.net_income == 4_321 - 50_000


@pytest.mark.clause("S1")
def test_the_finding_says_how_it_was_found() -> None:
    income = finding("S1.income", household(wages=899_999))
    assert income.zh == "2017年家庭纯收入8999.99元÷3人，标准为人均高于3000元"
    assert income.en == "net income of 2017: 8999.99 yuan for 3, required above 3000 yuan a head"
    below_nothing = finding("S1.income", household(wages=0, costs=5))
    assert "家庭纯收入-0.05元÷3人" in below_nothing.zh


@pytest.mark.clause("S1")
def test_a_household_that_meets_everything() -> None:
    findings = household_findings(household(), LINE, HENAN.standards)
    assert [finding.id for finding in findings] == list(S1_IDS)
    assert all(finding.met for finding in findings)


@pytest.mark.clause("S1")
@pytest.mark.parametrize(("id", "field"), CRITERIA.items())
def test_each_criterion_fails_alone(id: str, field: str) -> None:
    without: dict[str, Any] = {field: False}
    assert failed(**without) == [id]
    assert finding(id, household(**without)).zh.endswith("：否")
    assert finding(id, household(**without)).en.endswith(": no")


@pytest.mark.clause("S1")
@pytest.mark.parametrize("field", CRITERIA.values())
def test_what_is_answered_must_have_an_answer(field: str) -> None:
    unanswered = household().model_copy(
        update={"livelihood": livelihood().model_copy(update={field: None})}
    )
    unmet = [
        each
        for each in household_findings(unanswered, LINE, HENAN.standards)
        if not each.met and each.zh.endswith("：未填报")
    ]
    assert len(unmet) == 1


# -- 稳定超过 (CN) ------------------------------------------------------------------------------


@pytest.mark.clause("S1")
def test_nothing_but_transfers_and_no_ground_is_not_stably_above() -> None:
    """9 001 yuan for three are above three times 3 000, for this year."""
    lived: dict[str, Any] = {"wages": 0, "transfers": 900_100}
    assert failed(**lived, income_sources=None, stable_because=None) == ["S1.stability"]
    found = finding(
        "S1.stability", household(**lived, income_sources="低保金", stable_because=None)
    )
    assert found.zh == (
        "稳定超过国家扶贫标准：否（增收渠道和收入来源：低保金；转移性收入占纯收入100%；"
        "未写明稳定增收依据）"
    )
    assert found.en == (
        "stably above the national line: no (sources: 低保金; transfers are 100 % of net income; "
        "no ground says why it lasts)"
    )


@pytest.mark.clause("S1")
@pytest.mark.parametrize(
    ("lived", "met"),
    [
        ({}, True),
        ({"income_sources": None}, False),
        ({"stable_because": None}, False),
        # The share is shown and is no threshold: the written ground decides.
        ({"wages": 0, "transfers": 900_100}, True),
    ],
)
def test_stability_needs_its_sources_and_its_ground(lived: dict[str, Any], met: bool) -> None:
    assert (failed(**lived) == []) is met
    assert finding("S1.stability", household(**lived)).met is met


@pytest.mark.clause("S1")
@pytest.mark.parametrize(
    ("lived", "share"),
    [
        ({"wages": 900_000, "transfers": 100_000}, "转移性收入占纯收入10%"),
        ({"wages": 200_000, "transfers": 100_000}, "转移性收入占纯收入约33.33%"),
        # Producing cost more than it brought: all that is left, and more, was transferred.
        ({"wages": 0, "transfers": 500_000, "costs": 100_000}, "转移性收入占纯收入125%"),
        ({"wages": 0, "transfers": 100_000, "costs": 100_000}, "无纯收入"),
    ],
)
def test_the_share_of_transfers_is_of_net_income(lived: dict[str, Any], share: str) -> None:
    assert f"；{share}；" in finding("S1.stability", household(**lived)).zh


# -- 适龄儿童接受九年义务教育, 家庭无因贫辍学学生 ------------------------------------------------


@pytest.mark.clause("S1", "G8")
def test_children_of_school_age_are_named_with_their_year_of_birth() -> None:
    members = [
        ("合成甲", date(1980, 5, 1)),
        ("合成乙", date(2002, 8, 31)),  # fifteen by 31 August 2017: the nine years are over
        ("合成丙", date(2002, 9, 1)),
        ("合成丁", date(2011, 8, 31)),  # six by then
        ("合成戊", date(2011, 9, 1)),
    ]
    assert children_named(members, 2017) == "合成丙2002年生、合成丁2011年生"
    assert children_named(members[:2], 2017) is None
    many = [(f"合成{'长' * 90}{number}", date(2009, 1, 1)) for number in range(9)]
    assert len(children_named(many, 2017) or "") == MOST_SAID


@pytest.mark.clause("S1")
def test_a_child_out_of_school_is_named() -> None:
    facts = household(schooling=False).model_copy(update={"children": "合成丙2009年生"})
    found = finding("S1.schooling", facts)
    assert (found.met, found.zh) == (False, "适龄儿童（合成丙2009年生）接受九年义务教育：否")


@pytest.mark.clause("S1")
def test_a_deferral_by_law_stands_with_the_finding() -> None:
    found = finding("S1.schooling", household(deferral="合成县教体局〔2017〕1号"))
    assert found.met
    assert found.zh == (
        "适龄儿童接受九年义务教育：是（依法延缓入学或者休学：合成县教体局〔2017〕1号）"
    )
    # It is no ground for another child that is out of school.
    assert failed(schooling=False, deferral="合成县教体局〔2017〕1号") == ["S1.schooling"]


# -- by which standard -------------------------------------------------------------------------


@pytest.mark.clause("S1")
def test_a_case_keeps_the_demands_it_was_opened_under() -> None:
    older = HENAN.model_dump(mode="json")
    del older["standards"]["household"]
    before = Policy.model_validate(older)
    facts = household().model_copy(
        update={
            "livelihood": Livelihood.model_validate(
                livelihood().model_dump(
                    exclude={
                        *("income_sources", "stable_because", "deferral"),
                        *("no_dropouts", "housing_improved"),
                    }
                )
            )
        }
    )
    findings = household_findings(facts, LINE, before.standards)
    assert [each.id for each in findings] == [f"S1.{demand}" for demand in SEVEN]
    assert all(each.met for each in findings)
    assert before.difference(HENAN) == "standards"


@pytest.mark.clause("S1")
def test_the_central_opinion_demands_less_than_henan() -> None:
    """CN 三(一) names neither 无因贫辍学学生 of every stage nor 住房条件有明显改善."""
    less: dict[str, Any] = {"no_dropouts": False, "housing_improved": False, "livelihood": False}
    assert failed(**less) == ["S1.livelihood", "S1.dropouts", "S1.improvement"]
    assert failed(GANSU, **less) == []
    assert failed(GANSU, stable_because=None) == ["S1.stability"]


@pytest.mark.clause("S1")
@pytest.mark.parametrize("wrong", [-1, 1.5, "100", None, 10_000_000_001, True])
def test_money_is_whole_fen_and_never_below_nothing(wrong: object) -> None:
    with pytest.raises(ValidationError):
        Livelihood.model_validate(livelihood().model_dump() | {"wages": wrong})
