"""S1 and S7: a household's income against the line of its year, and how it lives."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.register.households import Livelihood, PovertyLine
from models.standards import S1_IDS, household_findings
from tests.models.roster_samples import LINE, household, livelihood

CRITERIA = {
    "S1.food": "food_and_clothing",
    "S1.schooling": "schooling",
    "S1.insurance": "insurance",
    "S1.illness": "illness_aid",
    "S1.housing": "housing",
    "S1.livelihood": "livelihood",
}

FEN = st.integers(0, 10_000_000)


def income_met(fen: int, size: int = 3, line: PovertyLine = LINE) -> bool:
    """Whether a net income of so many fen is above the line."""
    gained, lost = (fen, 0) if fen >= 0 else (0, -fen)
    facts = household(size=size, wages=gained, costs=lost)
    (finding,) = [each for each in household_findings(facts, line) if each.id == "S1.income"]
    return finding.met


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
    finding = household_findings(
        household(size=size, **kinds), PovertyLine(year=2017, yuan=yuan, source="合成标准")
    )[0]
    a_head = Fraction(sum(money[:4]) - money[4], 100 * size)
    assert finding.met is (a_head > yuan)


@pytest.mark.clause("S1")
def test_net_income_is_every_kind_less_the_costs() -> None:
    lived = livelihood(wages=1, business=20, assets=300, transfers=4_000, costs=50_000)
    assert lived.net_income == 4_321 - 50_000


@pytest.mark.clause("S1")
def test_the_finding_says_how_it_was_found() -> None:
    facts = household(wages=899_999)
    finding = household_findings(facts, LINE)[0]
    assert finding.zh == "2017年家庭纯收入8999.99元÷3人，标准为人均高于3000元"
    assert finding.en == ("net income of 2017: 8999.99 yuan for 3, required above 3000 yuan a head")
    below_nothing = household_findings(household(wages=0, costs=5), LINE)[0]
    assert "家庭纯收入-0.05元÷3人" in below_nothing.zh


@pytest.mark.clause("S1")
def test_a_household_that_meets_everything() -> None:
    findings = household_findings(household(), LINE)
    assert [finding.id for finding in findings] == list(S1_IDS)
    assert all(finding.met for finding in findings)


@pytest.mark.clause("S1")
@pytest.mark.parametrize(("id", "field"), CRITERIA.items())
def test_each_criterion_fails_alone(id: str, field: str) -> None:
    without: dict[str, Any] = {field: False}
    findings = household_findings(household(**without), LINE)
    assert [finding.id for finding in findings if not finding.met] == [id]
    (failed,) = [finding for finding in findings if not finding.met]
    assert failed.zh.endswith("：否")
    assert failed.en.endswith(": no")


@pytest.mark.clause("S1")
@pytest.mark.parametrize("wrong", [-1, 1.5, "100", None, 10_000_000_001, True])
def test_money_is_whole_fen_and_never_below_nothing(wrong: object) -> None:
    with pytest.raises(ValidationError):
        Livelihood.model_validate(livelihood().model_dump() | {"wages": wrong})
