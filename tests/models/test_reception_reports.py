"""V3: a step that is reported before its body decides it; who may act on it when."""

from typing import Any

import pytest

from models.case.mailbox import Expectation
from models.case.reception import Reception
from models.case.state import Docket
from models.offices import Office
from models.periods import LimitKind
from models.policy import Body
from models.procedures import V1, V2, V3
from tests.models.receptions import refused
from tests.models.samples import DAY, HENAN, NOW, limit, reception, withdrawal_values
from tests.models.village_samples import CITY, COUNTY, PROVINCE, docket, village


def act(office: str, decision: str = "approve", step: str = "V3", **more: Any) -> dict[str, Any]:
    """An act as JSON."""
    given = {
        "id": f"{office}-{step}-{decision}".replace("/", "."),
        "step": step,
        "decision": decision,
        "office": office,
        "officer": "某乙",
    }
    return given | more


def over() -> tuple[Docket, Reception]:
    """A case whose publicity has just ended, and which has not gone on yet."""
    case = docket(V2)
    case.posted = limit("T1", NOW - DAY, LimitKind.MINIMUM)
    return case, reception(case)


@pytest.mark.clause("V3", "A5", "A6")
def test_the_county_reports_before_the_city_decides() -> None:
    case = docket(V3)
    desk = reception(case)
    said = refused(desk, case, "act", act(CITY))
    assert said == f"{CITY} may not decide V3 批准退出 here; 新县扶贫开发领导小组 ({COUNTY}) may"
    receipt = desk.receive("act", act(COUNTY), NOW)
    assert receipt.text == "新县扶贫开发领导小组V3 上报"


@pytest.mark.clause("V3")
def test_an_approval_that_comes_right_behind_the_report_is_kept_in_order() -> None:
    case = docket(V3)
    desk = reception(case)
    desk.receive("act", act(COUNTY), NOW)
    assert desk.receive("act", act(CITY), NOW).text == "信阳市扶贫开发领导小组V3 同意"
    taken = [case.take_act(V3), case.take_act(V3)]
    assert [str(each.message.office) for each in taken if each] == [COUNTY, CITY]


@pytest.mark.clause("V3")
def test_nothing_follows_the_decision() -> None:
    case = docket(V3)
    desk = reception(case)
    for office in (COUNTY, CITY):
        desk.receive("act", act(office), NOW)
    for office in (COUNTY, CITY):
        said = refused(desk, case, "act", act(office, id="again"))
        assert said == "V3 批准退出 is already decided in round 1"


@pytest.mark.clause("V3")
def test_the_county_reports_once() -> None:
    case = docket(V3)
    desk = reception(case)
    desk.receive("act", act(COUNTY), NOW)
    said = refused(desk, case, "act", act(COUNTY, id="again"))
    assert said.startswith(f"{COUNTY} may not decide V3 批准退出 here; 信阳市")


@pytest.mark.clause("V3", "V2")
def test_before_v3_opens_only_the_report_is_early_and_never_the_approval() -> None:
    case, desk = over()
    assert f"{CITY} may not decide V3" in refused(desk, case, "act", act(CITY))
    desk.receive("act", act(COUNTY), NOW)
    said = refused(desk, case, "act", act(CITY))
    assert said == "V3 批准退出 is already reported in round 1"


@pytest.mark.clause("V3", "G3")
@pytest.mark.parametrize(("decision", "more"), [("reject", {}), ("return", {"return_to": "V1"})])
def test_the_county_can_still_turn_back_in_place_of_reporting(
    decision: str, more: dict[str, str]
) -> None:
    case = docket(V3)
    desk = reception(case)
    desk.receive("act", act(COUNTY, decision, reason="复核发现问题（合成）", **more), NOW)
    said = refused(desk, case, "act", act(CITY))
    assert said == f"V3 批准退出 is already decided: {decision}, {COUNTY}"


@pytest.mark.clause("V3", "A7")
def test_in_a_directly_administered_county_the_province_decides() -> None:
    case = docket(V3, direct=True)
    desk = reception(case)
    desk.receive("act", act(COUNTY), NOW)
    said = refused(desk, case, "act", act(CITY))
    assert said == (
        f"{CITY} may not decide V3 批准退出 here; 河南省扶贫开发领导小组 ({PROVINCE}) may"
    )
    desk.receive("act", act(PROVINCE), NOW)


@pytest.mark.clause("V3", "A6")
def test_a_policy_can_leave_it_to_the_city() -> None:
    keeps = HENAN.village_approval.model_copy(
        update={"where_directly_administered": Body.CITY_GROUP}
    )
    case = docket(V3, direct=True, policy=HENAN.model_copy(update={"village_approval": keeps}))
    desk = reception(case)
    desk.receive("act", act(COUNTY), NOW)
    desk.receive("act", act(CITY), NOW)


@pytest.mark.clause("V1", "V3", "S5")
@pytest.mark.parametrize(("step", "office"), [(V1, COUNTY), (V3, COUNTY), (V3, CITY)])
def test_no_act_is_taken_in_while_the_register_is_asked(step: Any, office: str) -> None:
    case = docket(step)
    case.expected, case.preparing = None, True
    said = refused(reception(case), case, "act", act(office, step=step.id))
    assert said == f"{step.id} is not open; the register is being asked about {step}"


# -- withdrawing ------------------------------------------------------------------------------


@pytest.mark.clause("V3")
def test_a_report_is_no_approval_and_the_county_may_withdraw() -> None:
    case = docket(V3)
    desk = reception(case)
    desk.receive("act", act(COUNTY), NOW)
    desk.receive("withdraw", withdrawal_values(), NOW)
    assert refused(desk, case, "act", act(CITY)) == "the application is withdrawn"


@pytest.mark.clause("V3")
def test_before_v3_opens_the_county_may_withdraw() -> None:
    case = docket(V3)
    case.expected, case.preparing = None, True
    reception(case).receive("withdraw", withdrawal_values(), NOW)


@pytest.mark.clause("V3")
def test_what_is_approved_is_not_withdrawn() -> None:
    waiting = docket(V3)
    desk = reception(waiting)
    for office in (COUNTY, CITY):
        desk.receive("act", act(office), NOW)
    taken = docket(V3)
    taken.expected = None
    decided = docket(V3, awaits=CITY)
    reception(decided).receive("act", act(CITY), NOW)
    judged = docket(V3, awaits=CITY)
    reception(judged).receive("act", act(CITY), NOW)
    judged.preparing = True
    said = refused(reception(judged), judged, "withdraw", withdrawal_values())
    assert said == "V3 批准退出 is being judged by the register; try again in a moment"
    for case in (waiting, taken, decided):
        said = refused(reception(case), case, "withdraw", withdrawal_values())
        assert said == "V3 批准退出 has approved the application already"


def test_where_the_approval_is_awaited_the_county_may_withdraw() -> None:
    case = docket(V3, awaits=CITY)
    assert case.expected == Expectation(V3, Office.parse(CITY), V3.decisions)
    reception(case).receive("withdraw", withdrawal_values(), NOW)


def test_a_village_is_told_by_its_place() -> None:
    assert village().full_name == "新县合成乡合成村"
