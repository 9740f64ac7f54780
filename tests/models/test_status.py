"""What a case shows: its step table, its limits, whom it waits for."""

from datetime import UTC, timedelta

import pytest

from models import search
from models.case.messages import Ending, Outcome
from models.case.state import Docket
from models.case.status import CaseStatus, StepState, markdown, state_of, status_of
from models.offices import Office
from models.periods import LimitKind
from models.policy import Body, BodyName, BodyNames, Level
from models.procedures import C1, C2, C3, C4, C5, C7
from tests.models.samples import (
    CITY,
    DAY,
    HENAN,
    NOW,
    PROVINCE,
    act_values,
    beijing_time,
    day,
    docket,
    limit,
    objection_values,
    reception,
    resolution_values,
)


def states(case: Docket) -> list[str]:
    return [line.state.value for line in status_of(case, NOW).steps]


def end(case: Docket, ending: Ending) -> None:
    case.expected = None
    case.outcome = Outcome(
        ending=ending, by="A9/410000", step=case.step.id, round=1, reason="合成", at=NOW
    )


@pytest.mark.clause("C1", "C2", "C3", "C4", "C5", "C6", "C7")
@pytest.mark.parametrize(
    ("tier", "direct", "skipped"),
    [
        ("national", False, []),
        ("national", True, ["C2"]),
        ("provincial", False, ["C6"]),
        ("provincial", True, ["C2", "C6"]),
    ],
)
def test_the_step_table(tier: str, direct: bool, skipped: list[str]) -> None:
    case = docket(C3, tier=tier, direct=direct)
    case.done = {"C1": NOW, "C2": NOW} if not direct else {"C1": NOW}
    steps = {line.id: line for line in status_of(case, NOW).steps}
    assert list(steps) == ["C1", "C2", "C3", "C4", "C5", "C6", "C7"]
    assert [each for each, line in steps.items() if line.state is StepState.SKIPPED] == skipped
    assert steps["C1"].state is StepState.DONE
    assert steps["C1"].note == "2018-01-05 09:00"  # Beijing time
    assert steps["C3"].state is StepState.CURRENT
    assert steps["C4"].state is StepState.AHEAD
    assert steps["C7"].office == "河南省人民政府"
    assert steps["C2"].office == "信阳市扶贫开发领导小组"


@pytest.mark.clause("C2", "C3")
def test_whom_a_case_waits_for() -> None:
    case = docket(C2)
    status = status_of(case, NOW)
    assert (status.waiting_for, status.waiting_text) == (
        "A6/411500",
        "等待信阳市扶贫开发领导小组",
    )
    case.expected = None
    assert status_of(case, NOW).waiting_for is None
    assert status_of(case, NOW).waiting_text == "办理中"
    assert state_of(case, NOW).waiting_for is None


@pytest.mark.clause("A6")
def test_an_office_is_called_what_it_is_called_in_beijing_on_that_day() -> None:
    renamed = BodyNames(
        id=Body.CITY_GROUP,
        level=Level.CITY,
        names=(
            BodyName(name="{place}旧名", since=day("2016-01-01")),
            BodyName(name="{place}新名", since=day("2019-03-01")),
        ),
    )
    others = [body for body in HENAN.bodies if body.id is not Body.CITY_GROUP]
    policy = HENAN.model_copy(update={"bodies": (renamed, *others)})
    case = docket(C2, policy=policy)
    midnight = beijing_time("2019-03-01 00:00").astimezone(UTC)
    for now, name in ((midnight - timedelta(seconds=1), "旧名"), (midnight, "新名")):
        assert status_of(case, now).waiting_text == f"等待信阳市{name}"


@pytest.mark.clause("T1", "G1")
def test_a_publicity_waits_for_time_and_then_for_the_publisher() -> None:
    case = docket(C4)
    case.posted = limit("T1", NOW.replace(hour=16) + 7 * DAY, LimitKind.MINIMUM)
    desk = reception(case)
    assert status_of(case, NOW).waiting_for is None
    assert status_of(case, NOW).waiting_text == "公示中，至 2018-01-12 24:00"
    desk.receive("object", objection_values(), NOW)
    status = status_of(case, NOW)
    assert (status.waiting_for, status.open_objections) == (PROVINCE, ("o-1",))
    assert state_of(case, NOW).open_objections == 1
    assert "**未办结异议 1 件**" in markdown(status)
    desk.receive("resolve", resolution_values(), NOW)
    status = status_of(case, NOW)
    assert (status.waiting_for, status.open_objections) == (None, ())
    assert state_of(case, NOW).open_objections == 0


@pytest.mark.clause("G4", "T3", "T4")
def test_limits_are_shown_the_nearest_first() -> None:
    case = docket(C2)
    case.watch.arm("C2 T4", limit("T4", NOW + 9 * DAY), CITY, "C2 市级初审", NOW)
    case.watch.arm("C2 T3", limit("T3", NOW + 2 * DAY), CITY, "C2 市级初审", NOW)
    for found in (status_of(case, NOW), state_of(case, NOW)):
        assert [entry.limit.clause for entry in found.limits] == ["T3", "T4"]
        assert not found.overdue
    assert state_of(case, NOW).deadline == NOW + 2 * DAY
    assert status_of(case, NOW).limits[0].office_name == "信阳市扶贫开发领导小组"
    case.watch.miss(case.watch["C2 T3"])
    assert status_of(case, NOW).overdue
    assert state_of(case, NOW).overdue
    text = markdown(status_of(case, NOW))
    assert "T3 C2 市级初审 **已逾期**" in text
    assert text.count("**已逾期**") == 1
    assert "T3 的说明。" in text


@pytest.mark.clause("T1")
def test_a_provisional_date_is_marked() -> None:
    case = docket(C2)
    for provisional in (False, True):
        case.watch.arm("C2 T3", limit("T3", provisional=provisional), CITY, "C2 市级初审", NOW)
        assert ("（暂定）" in markdown(status_of(case, NOW))) is provisional


@pytest.mark.clause("C7", "G3")
@pytest.mark.parametrize(
    ("ending", "text"),
    [
        (Ending.EXITED, "批准退出"),
        (Ending.NOT_EXITED, "未退出"),
        (Ending.WITHDRAWN, "撤回"),
        (Ending.NOT_ADMITTED, "不予受理"),
    ],
)
def test_an_end_is_shown(ending: Ending, text: str) -> None:
    case = docket(C7)
    desk = reception(case)
    desk.receive("object", objection_values(), NOW)  # an open report of a case that ended
    end(case, ending)
    status = status_of(case, NOW)
    assert status.waiting_text == f"已办结：{text}"
    assert status.waiting_for is None
    assert status.steps[-1].note == text
    assert state_of(case, NOW).outcome == ending.value
    assert f"已办结：{text}" in markdown(status)


@pytest.mark.clause("G3")
def test_a_returned_case_shows_its_round() -> None:
    case = docket(C2)
    case.round = 3
    case.done = {"C1": NOW}
    assert status_of(case, NOW).round == state_of(case, NOW).round == 3
    assert states(case) == ["done", "current", "ahead", "ahead", "ahead", "ahead", "ahead"]
    assert "第3轮" in markdown(status_of(case, NOW))


@pytest.mark.clause("G7")
def test_length_and_head_of_the_file_are_shown() -> None:
    case = docket(C3)
    desk = reception(case)
    before = status_of(case, NOW)
    assert before.entries == 0
    desk.receive("act", act_values("C3"), NOW)
    after = status_of(case, NOW)
    assert (after.entries, after.head) == (1, case.ledger.entries[0].hash)
    assert after.head != before.head


@pytest.mark.clause("C1")
def test_a_status_survives_the_wire_and_is_a_table() -> None:
    case = docket(C1)
    case.watch.arm("C1 G3", limit("G3"), CITY, "C1 县级申请", NOW)
    status = status_of(case, NOW)
    assert CaseStatus.model_validate_json(status.model_dump_json()) == status
    rows = [line for line in markdown(status).splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} == {5}
    assert len(rows) == 2 + 7 + 2 + 1


@pytest.mark.clause("G3")
@pytest.mark.parametrize("task", ["档案|照片", "档案\n照片", "档案\n\n# 标题"])
def test_what_people_write_stays_in_its_cell(task: str) -> None:
    case = docket(C5)
    office = Office.parse("A5/411523")
    case.watch.arm("C6 G3", limit("G3"), office, f"C6 整改：{task}", NOW)
    lines = markdown(status_of(case, NOW)).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert len(lines) == 2 + 9 + 1 + 3
    assert {row.replace("\\|", "").count("|") for row in rows} == {5}


def test_search_attributes_fit_a_namespace_on_a_sql_store() -> None:
    types = [search.type_name(key) for key in search.ALL]
    assert types.count("Keyword") <= 10
    assert all(types.count(each) <= 3 for each in set(types) - {"Keyword"})
    assert len({key.name for key in search.ALL}) == len(search.ALL)
