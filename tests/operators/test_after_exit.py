"""The time after an exit, against numbers worked by hand from its file."""

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from models.alarms import Alarm
from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.periods import beijing
from models.ratios import ExactRates, Ratio
from models.register.households import HouseholdState, Risk
from models.supervision.messages import SupervisionResult
from models.supervision.sampling import Sample
from operators.desk.registry import utc_now
from operators.rehearsal.scenario import load
from operators.rehearsal.stage import Stage
from registry.tables import Standing
from tests.operators.rehearsals import WIDTH, Shown, set_stage_in_memory, shown
from tests.played import Home

SHIPPED = "after-exit-2017"
COUNTY, DING, WU = "419831", "419831100201", "419831100202"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("after")


@pytest.fixture(scope="module")
async def stage(folder: Path) -> AsyncIterator[Stage]:
    async with set_stage_in_memory(folder, load(SHIPPED).years_ahead(utc_now())) as stage:
        yield stage


@pytest.fixture(scope="module")
async def after(stage: Stage) -> Shown:
    """The shipped scenario."""
    return await shown(stage, SHIPPED)


def inspection(after: Shown, number: int) -> str:
    return f"supervision/{COUNTY}/{2018 + after.course.years}-s{number}"


def result_of(after: Shown, number: int) -> SupervisionResult:
    """What a supervision has found in the end."""
    (entry,) = after.entries(inspection(after, number), EntryKind.SUPERVISION)
    return SupervisionResult.model_validate(entry.data["supervision"])


def test_the_time_after_exit_ends_as_its_file_says(after: Shown) -> None:
    assert after.course.faults == ()
    assert after.text.endswith("as the scenario says\n")
    assert "232 entries; 11 cases, 11 ended, 0 open 在办" in after.text


@pytest.mark.clause("F6")
def test_the_samples_are_those_that_anybody_draws_again(after: Shown) -> None:
    left = [f"DING-{n:02}" for n in range(1, 10)] + [f"WU-{n:02}" for n in range(1, 6)]

    def ranked(seed: str, kind: str, codes: list[str]) -> list[str]:
        return sorted(codes, key=lambda code: sha256(f"{seed}:{kind}:{code}".encode()).hexdigest())

    for number, seed, households in (
        (1, "yanlian-2", left),
        (2, "fucha-4", [code for code in left if code != "DING-03"]),
    ):
        (entry,) = after.entries(inspection(after, number), EntryKind.SAMPLE)
        sample = Sample.model_validate(entry.data["sample"])
        assert sample.seed == seed
        drawn = [each.code for each in sample.households]
        assert drawn == ranked(seed, "household", households)[:8]
        assert [each.code for each in sample.villages] == ranked(seed, "village", [DING, WU])[:1]


@pytest.mark.clause("F6", "S4")
def test_the_rates_are_what_hand_and_pencil_give(after: Shown) -> None:
    # 4 x 3 + 4 x 2 = 20 people were checked; DING-03 (3) stays wrong, WU-02 (2) was pleaded away.
    # 7 of 8 households and 30 of 32 villagers. 5 poor and 3/20 of the 37 who left, of 600.
    first = result_of(after, 1)
    assert first.rates == ExactRates(
        incidence=Ratio(part=5 * 20 + 3 * 37, whole=20 * 600),
        wrongly_exited=Ratio(part=3, whole=4 * 3 + 4 * 2),
        omitted=Ratio(part=0, whole=350 - 29),
        recognition=Ratio(part=7 + 30, whole=8 + 32),
    )
    assert first.failed == ("S4.wrong",)
    (before, *_) = after.entries(inspection(after, 1), EntryKind.RATES)
    rates: Any = before.data["rates"]
    assert rates["wrongly_exited"] == {"part": 3 + 2, "whole": 20}
    second = result_of(after, 2)
    assert (second.failed, second.rates.wrongly_exited) == ((), Ratio(part=0, whole=5 * 3 + 3 * 2))


@pytest.mark.clause("F6", "S4", "C7")
def test_a_failed_rate_blocks_the_approval_until_a_later_inspection_finds_it_met(
    after: Shown, stage: Stage
) -> None:
    assert "S4.wrong failed in supervision/419831/" in after.refusals[0]
    county = f"county-exit/{COUNTY}/{2017 + after.course.years}"
    entries = after.entries(county, EntryKind.SUPERVISION)
    told = [entry.data["supervision"] for entry in entries]
    failed: list[Any] = [result.get("failed", []) for result in told if isinstance(result, dict)]
    assert failed == [["S4.wrong"], []]
    # Every case has a clock of its own: the county's had come to the day on which it was told.
    days = [beijing(entry.at).date() for entry in entries]
    assert days == [after.day(2018, 3, 30), after.day(2018, 5, 31)]
    outcome = next(case for case in stage.desk.registry.case_rows() if case.case_id == county)
    assert outcome.outcome == Ending.EXITED
    last = stage.desk.registry.county_record(COUNTY).standings[-1]
    assert (last.status, last.since) == (Standing.EXITED, after.day(2018, 6, 14))


@pytest.mark.clause("F7")
def test_revoked_exits_stand_with_both_documents_and_the_acts_that_carried_the_fault(
    after: Shown, stage: Stage
) -> None:
    register, year = stage.desk.registry.register, 2017 + after.course.years
    first, again = register.household("DING-03", after.day(2018, 4, 20)).episodes
    assert (first.exited_on, first.document) == (after.day(2017, 9, 22), "演练二〔1〕号")
    assert (again.registered_on, again.opening_document) == (
        after.day(2018, 4, 20),
        "演练二〔14〕号",
    )
    village = register.village(DING, after.day(2019, 6, 21)).standings
    assert [(each.status, each.document) for each in village] == [
        (Standing.LISTED, None),
        (Standing.EXITED, "演练二〔5〕号"),
        (Standing.REVOKED, "演练二〔19〕号"),
    ]
    for said in (
        f"责任行为：household-exit/{DING}/{year}/1第7条（丁庄村“两委”某甲：未入户核实收入）",
        "领导小组某戊：饮水安全一项弄虚作假",
    ):
        assert said in after.words
    assert "A5/419831 may not revoke the exit of 丁庄村" in after.refusals[1]


@pytest.mark.clause("F1", "F2", "F3", "F4")
def test_the_year_that_turns_over_changes_what_is_in_force_and_nobody_acts(
    after: Shown, stage: Stage
) -> None:
    def in_force(kind: Any, code: str, year: int, month: int, day: int) -> list[str]:
        on = after.day(year, month, day)
        assert on in [beijing(step.at).date() for step in after.course.steps]
        policy = stage.desk.policy.after_exit
        (exit,) = stage.desk.registry.consequences.of(kind, code, policy, on)
        return [fact.clause for fact in exit.consequences if fact.in_force]

    # Approved in 2018, so out of the assessment from 2019; support until the end of 2020.
    assert in_force("county", COUNTY, 2018, 12, 31) == ["F1", "F2", "F3"]
    assert in_force("county", COUNTY, 2019, 1, 1) == ["F1", "F2", "F3", "F4"]
    assert in_force("county", COUNTY, 2021, 1, 1) == ["F2", "F3", "F4"]
    assert in_force("village", DING, 2019, 6, 21) == []


@pytest.mark.clause("F5")
def test_a_household_falls_back_and_the_village_above_the_threshold_is_an_alarm_and_no_more(
    after: Shown, stage: Stage
) -> None:
    registry, day = stage.desk.registry, after.day(2019, 4, 26)
    household = registry.register.household("DING-07", day)
    assert household.state is HouseholdState.FALLEN_BACK
    assert [each.registered_on for each in household.episodes][1] == day
    # 2 who never left, DING-03 and DING-07: 8 of 350 are above 2 %, which is 7.
    case_id = f"reentry/DING-07/{2018 + after.course.years}"
    (entry,) = after.entries(case_id, EntryKind.ALARM)
    alarm = Alarm.model_validate(entry.data["alarm"])
    assert (alarm.code, alarm.incidence.poor, alarm.incidence.population) == (DING, 8, 350)
    assert [str(office) for office in alarm.tell] == ["A5/419831", "A6/419800"]
    assert registry.register.village(DING, day).standings[1].until == after.day(2019, 6, 21)
    county = registry.county_incidence(COUNTY, day)
    assert county is not None
    assert (county.poor, county.population) == (11, 600)


@pytest.mark.clause("F5")
def test_the_round_of_the_year_visits_who_has_left_and_marks_a_risk(
    after: Shown, stage: Stage
) -> None:
    assert f"follow-up/419831100/{2019 + after.course.years}" in after.course.files
    assert "13户列入本年度回访名单" in after.words
    household = stage.desk.registry.register.household("DING-07", after.day(2019, 3, 12))
    assert [mark.risk for mark in household.risks] == [Risk.SUDDEN_HARDSHIP]


@pytest.mark.clause("F9")
def test_an_evaluation_lies_with_the_case_that_it_belongs_to(after: Shown, stage: Stage) -> None:
    county = f"county-exit/{COUNTY}/{2017 + after.course.years}"
    (filed,) = stage.desk.registry.documents.of(county)
    assert filed.document.document_number == "演练二〔10〕号"
    assert [each.name for each in filed.document.evidence] == ["第三方评估报告.pdf"]


def test_the_course_is_readable_at_its_width(after: Shown) -> None:
    assert max(cell_len(line.rstrip()) for line in after.text.splitlines()) <= WIDTH
    for said in (
        "种子 yanlian-2",
        "What follows from the exit 退出后续政策 (F1-F4)",
        "预警：已退出的贫困村",
        "the calendar begins 自动启动 follow-up/419831",
        "revoked 已撤销",
    ):
        assert said in after.text


@pytest.mark.clause("G7")
def test_a_check_finds_nothing_wrong_with_what_was_played(folder: Path, after: Shown) -> None:
    report = Home(folder).check()
    assert report.findings == ()
    assert report.cases >= len(after.course.files)
