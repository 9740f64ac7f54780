"""What follows from an exit (F1-F4), at the edges of days and years."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.consequences import Consequence, Exit, ExitState, consequences
from models.offices import SubjectKind
from models.policy import AfterExit
from tests.models.samples import HENAN

POLICY = HENAN.after_exit

# Exit year and day of the province's approval: data/henan-counties.csv (see data/README.md).
LANKAO = Exit(kind=SubjectKind.COUNTY, year=2016, since=date(2017, 2, 27))
HUA = Exit(kind=SubjectKind.COUNTY, year=2016, since=date(2017, 10, 31))
XIN = Exit(kind=SubjectKind.COUNTY, year=2017, since=date(2018, 8, 2))
LUSHI = Exit(kind=SubjectKind.COUNTY, year=2019, since=date(2020, 2, 26))
VILLAGE = Exit(kind=SubjectKind.VILLAGE, year=2018, since=date(2018, 12, 20))
HOUSEHOLD = Exit(kind=SubjectKind.HOUSEHOLD, year=2018, since=date(2018, 12, 28))


def following(exit: Exit, on: date = date(2020, 6, 1)) -> dict[str, Consequence]:
    found = consequences(exit, POLICY, on)
    by_clause = {each.clause: each for each in found}
    assert len(by_clause) == len(found)
    return by_clause


def in_force(exit: Exit, on: date) -> str:
    return " ".join(clause for clause, each in following(exit, on).items() if each.in_force)


@pytest.mark.clause("F1", "F2", "F3", "F4", "C7")
@pytest.mark.parametrize(
    ("county", "on", "clauses"),
    [
        # 滑县 is of 2016, approved in October 2017: rewarded as 2016, assessed once more in 2017.
        (HUA, date(2017, 10, 30), ""),
        (HUA, date(2017, 10, 31), "F1 F2 F3"),
        (HUA, date(2017, 12, 31), "F1 F2 F3"),
        (HUA, date(2018, 1, 1), "F1 F2 F3 F4"),
        (HUA, date(2020, 12, 31), "F1 F2 F3 F4"),
        (HUA, date(2021, 1, 1), "F2 F3 F4"),
        # 兰考县, approved in February 2017.
        (LANKAO, date(2017, 2, 26), ""),
        (LANKAO, date(2017, 2, 27), "F1 F2 F3"),
        (LANKAO, date(2017, 12, 31), "F1 F2 F3"),
        (LANKAO, date(2018, 1, 1), "F1 F2 F3 F4"),
        # 新县, of 2017, approved in August 2018: out of the assessment from 2019.
        (XIN, date(2018, 8, 1), ""),
        (XIN, date(2018, 8, 2), "F1 F2 F3"),
        (XIN, date(2018, 12, 31), "F1 F2 F3"),
        (XIN, date(2019, 1, 1), "F1 F2 F3 F4"),
        (XIN, date(2021, 1, 1), "F2 F3 F4"),
        # 2019 is no rewarded year.
        (LUSHI, date(2020, 12, 31), "F1 F3"),
        (LUSHI, date(2021, 1, 1), "F3 F4"),
    ],
)
def test_what_holds_for_a_county_on_a_day(county: Exit, on: date, clauses: str) -> None:
    assert in_force(county, on) == clauses


@pytest.mark.clause("F1", "F2", "F3", "F4")
def test_every_fact_is_dated_and_says_what_it_is() -> None:
    facts = following(HUA, date(2017, 12, 31))
    assert facts["F1"] == Consequence(
        clause="F1",
        zh="退出后在攻坚期内国家和省原有扶贫政策保持不变，至2020年12月31日",
        en="support is kept to the end of its period, 2020-12-31",
        since=date(2017, 10, 31),
        until=date(2021, 1, 1),
        in_force=True,
    )
    assert facts["F1"].last_day == date(2020, 12, 31)
    assert "2016年" in facts["F2"].zh
    assert (facts["F2"].since, facts["F2"].until) == (date(2017, 10, 31), None)
    assert "国开发〔2014〕12号" in facts["F3"].zh
    assert (facts["F3"].since, facts["F3"].until) == (date(2017, 10, 31), None)
    assert "2018年" in facts["F4"].zh
    assert (facts["F4"].since, facts["F4"].until) == (date(2018, 1, 1), None)
    assert not facts["F4"].in_force


@pytest.mark.clause("F1")
@pytest.mark.parametrize("exit", [VILLAGE, HOUSEHOLD])
def test_villages_and_households_keep_their_support_and_nothing_else(exit: Exit) -> None:
    assert list(following(exit)) == ["F1"]
    assert "继续享受国家和省扶贫相关政策" in following(exit)["F1"].zh
    assert in_force(exit, exit.since - timedelta(days=1)) == ""
    assert in_force(exit, exit.since) == "F1"
    assert in_force(exit, date(2020, 12, 31)) == "F1"
    assert in_force(exit, date(2021, 1, 1)) == ""


@pytest.mark.clause("F1")
@pytest.mark.parametrize("kind", tuple(SubjectKind))
def test_an_exit_after_the_battle_period_has_no_support(kind: SubjectKind) -> None:
    on_the_last_day = Exit(kind=kind, year=2020, since=date(2020, 12, 31))
    assert in_force(on_the_last_day, date(2020, 12, 31)).startswith("F1")
    after = Exit(kind=kind, year=2020, since=date(2021, 1, 1))
    assert "F1" not in following(after, date(2021, 1, 1))


@pytest.mark.clause("F7", "F1", "F2", "F3", "F4")
def test_a_revocation_ends_everything_on_its_day() -> None:
    revoked = XIN.model_copy(
        update={"revoked_on": date(2019, 5, 10), "revoked_by": "豫政文〔2019〕1号"}
    )
    assert in_force(revoked, date(2019, 5, 9)) == "F1 F2 F3 F4"
    assert in_force(revoked, date(2019, 5, 10)) == ""
    assert in_force(revoked, date(2030, 1, 1)) == ""
    facts = following(revoked)
    assert {each.until for each in facts.values()} == {date(2019, 5, 10)}
    assert all("2019年5月10日退出被撤销" in each.zh for each in facts.values())
    assert facts["F2"].zh.endswith("奖励随之撤销")
    assert facts["F3"].zh.endswith("恢复适用")
    assert facts["F4"].zh.endswith("恢复参与贫困县考核")
    assert revoked.state(date(2019, 5, 9)) is ExitState.EXITED
    assert revoked.state(date(2019, 5, 10)) is ExitState.REVOKED


@pytest.mark.clause("F7", "F4")
def test_what_would_have_begun_after_a_revocation_is_not_told() -> None:
    """Approved on 2018-08-02: out of the assessment from 2019-01-01, had it not been revoked."""
    revoked = XIN.model_copy(update={"revoked_on": date(2018, 12, 31)})
    assert list(following(revoked)) == ["F1", "F2", "F3"]
    revoked = XIN.model_copy(update={"revoked_on": date(2019, 1, 1)})
    assert list(following(revoked)) == ["F1", "F2", "F3"]
    revoked = XIN.model_copy(update={"revoked_on": date(2019, 1, 2)})
    assert in_force(revoked, date(2019, 1, 1)) == "F1 F2 F3 F4"


@pytest.mark.clause("F7", "F1")
def test_support_that_was_over_is_not_ended_again_by_a_revocation() -> None:
    revoked = VILLAGE.model_copy(update={"revoked_on": date(2021, 3, 1)})
    support = following(revoked)["F1"]
    assert (support.until, "撤销" in support.zh) == (date(2021, 1, 1), False)


@pytest.mark.clause("F5", "F1")
def test_who_falls_back_keeps_the_support_of_the_exit() -> None:
    back = HOUSEHOLD.model_copy(update={"fallen_back_on": date(2019, 9, 1)})
    assert in_force(back, date(2019, 9, 1)) == "F1"
    assert in_force(back, date(2020, 12, 31)) == "F1"
    assert in_force(back, date(2021, 1, 1)) == ""
    assert "2019年9月1日返贫" in following(back)["F1"].zh
    assert back.state(date(2019, 8, 31)) is ExitState.EXITED
    assert back.state(date(2019, 9, 1)) is ExitState.FALLEN_BACK
    later = HOUSEHOLD.model_copy(update={"fallen_back_on": date(2021, 1, 1)})
    assert "返贫" not in following(later)["F1"].zh


@pytest.mark.clause("F1", "F2", "F3")
def test_dates_years_and_document_are_the_policys() -> None:
    policy = AfterExit(
        support_until=date(2025, 12, 31), rewarded_years=(2019,), restrictions="某发〔2015〕3号"
    )
    (support, lifted, _) = consequences(HUA, policy, date(2021, 1, 1))
    assert (support.last_day, support.in_force) == (date(2025, 12, 31), True)
    assert (lifted.clause, "某发〔2015〕3号" in lifted.zh) == ("F3", True)
    assert "F2" in {each.clause for each in consequences(LUSHI, policy, date(2020, 3, 1))}


_DAYS = st.dates(date(2014, 1, 1), date(2030, 12, 31))


@pytest.mark.clause("F1", "F2", "F3", "F4", "F7")
@given(
    kind=st.sampled_from(tuple(SubjectKind)),
    year=st.integers(2014, 2025),
    since=_DAYS,
    after=st.none() | st.integers(1, 2000),
    on=_DAYS,
)
def test_facts_hold_within_their_exit_and_on_no_other_day(
    kind: SubjectKind, year: int, since: date, after: int | None, on: date
) -> None:
    revoked_on = since + timedelta(days=after) if after is not None else None
    exit = Exit(kind=kind, year=year, since=since, revoked_on=revoked_on)
    for fact in following(exit, on).values():
        assert fact.since >= since
        assert fact.until is None or fact.since < fact.until
        assert fact.in_force == (fact.since <= on and (fact.until is None or on < fact.until))
        if revoked_on is not None:
            assert fact.until is not None
            assert fact.until <= revoked_on
        assert not fact.in_force or exit.state(on) is ExitState.EXITED
