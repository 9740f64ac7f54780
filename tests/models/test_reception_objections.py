"""Objections, reports, resolutions and withdrawals: what a case takes in and what it refuses."""

import pytest

from models.case import bounds
from models.offices import Office
from models.periods import LimitKind
from models.procedures import C2, C4, C5, C7, COUNTY_EXIT, Step
from tests.models.document_samples import document
from tests.models.receptions import CLOSES, NAMES, at_publicity, last, refused
from tests.models.samples import (
    DAY,
    HOUR,
    NOW,
    OFFICES,
    act_values,
    docket,
    limit,
    objection_values,
    reception,
    resolution_values,
    withdrawal_values,
)


@pytest.mark.clause("G1", "G2")
@pytest.mark.parametrize("step", COUNTY_EXIT.steps, ids=str)
def test_what_is_said_outside_a_publicity_is_a_report(step: Step) -> None:
    case, desk = at_publicity()
    case.step = step
    if step != C4:
        case.posted = None
    desk.receive("object", objection_values(), NOW)
    objection = case.objections["o-1"]
    assert objection.report is (step != C4)
    assert last(case).data["as"] == ("objection" if step == C4 else "report")
    assert last(case).text == f"收到匿名{'异议' if step == C4 else '举报'} o-1"
    assert not objection.accepted
    assert case.unresolved == [objection]
    assert case.stirred


@pytest.mark.clause("G1", "G8")
def test_the_line_in_the_file_does_not_name_the_objector() -> None:
    case, desk = at_publicity()
    desk.receive("object", objection_values(objector="某甲", contact="13800138000"), NOW)
    assert last(case).text == "收到实名异议 o-1"
    assert last(case).actor == "objector"
    assert last(case).data["objection"] == objection_values(objector="某甲", contact="13800138000")


@pytest.mark.clause("G1", "G8")
@pytest.mark.parametrize(
    ("reason", "is_refused"),
    [
        ("经查，合成张三所述不实", True),
        ("经查，合成 张三所述不实", True),
        ("已致电 138 0013 8000 核实", True),
        ("经查，张家门前确无道路", False),
    ],
)
def test_the_reason_of_a_result_does_not_say_who_objected(reason: str, is_refused: bool) -> None:
    case, desk = at_publicity()
    desk.receive("object", objection_values(objector="合成张三", contact="13800138000"), NOW)
    result = resolution_values(reason=reason)
    if is_refused:
        assert refused(desk, case, "resolve", result) == (
            "reason: it says who objected, by name or contact; give the reason without that (G1)"
        )
    else:
        assert desk.check("resolve", result, NOW)


@pytest.mark.clause("G1", "C5")
def test_an_open_objection_holds_a_publicity_open() -> None:
    case, desk = at_publicity()
    desk.receive("object", objection_values("o-1"), NOW)
    desk.receive("object", objection_values("o-2"), NOW)
    late = CLOSES + 30 * DAY
    said = refused(desk, case, "act", act_values("C5"), late)
    assert said.endswith("goes on while 2 objection(s) are open (G1)")
    desk.receive("resolve", resolution_values("o-1"), late)
    said = refused(desk, case, "act", act_values("C5"), late)
    assert said.endswith("goes on while 1 objection(s) are open (G1)")
    desk.receive("resolve", resolution_values("o-2"), late)
    assert desk.check("act", act_values("C5"), late)


@pytest.mark.clause("G1", "A7")
def test_the_publisher_resolves_what_was_received() -> None:
    case, desk = at_publicity()
    assert refused(desk, case, "resolve", resolution_values("o-9")) == (
        "objection_id: o-9 was not received here; known: none"
    )
    desk.receive("object", objection_values("o-1"), NOW)
    assert refused(desk, case, "resolve", resolution_values("o-9")) == (
        "objection_id: o-9 was not received here; known: o-1"
    )
    for office in ("A5/411523", "A6/411500", "A7/420000", "A8/100000", "A9/410000"):
        assert refused(desk, case, "resolve", resolution_values(office=office)) == (
            f"{office} may not resolve o-1 here; {NAMES['C3']} may"
        )
    receipt = desk.receive("resolve", resolution_values(), NOW)
    assert receipt.text == (
        "河南省扶贫开发领导小组：异议 o-1 经调查不成立，理由：经实地调查（合成）"
    )
    resolution = case.objections["o-1"].resolution
    assert resolution is not None
    assert resolution.seq == receipt.seq
    assert case.unresolved == []
    assert refused(desk, case, "resolve", resolution_values(id="again")) == (
        "objection o-1 is already resolved: dismissed"
    )


@pytest.mark.clause("G1", "G5")
def test_an_investigation_does_not_end_before_its_objection() -> None:
    case, desk = at_publicity()
    desk.receive("object", objection_values("o-1", at=(NOW - 2 * HOUR).isoformat()), NOW)
    desk.receive("object", objection_values("o-2"), NOW)
    for objection, hours, in_order in (
        ("o-1", -3, False),
        ("o-1", -2, True),
        ("o-2", -1, False),
        ("o-2", 0, True),
    ):
        payload = resolution_values(objection, at=(NOW + hours * HOUR).isoformat())
        if in_order:
            assert desk.check("resolve", payload, NOW)
        else:
            assert "lies before the objection itself" in refused(desk, case, "resolve", payload)


@pytest.mark.clause("G1", "G2", "G3")
@pytest.mark.parametrize(
    ("here", "direct", "allowed"),
    [
        (C4, False, "C1 C2 C3 C4"),  # a notice at fault is posted anew
        (C4, True, "C1 C3 C4"),
        (C5, False, "C1 C2 C3 C4"),
        (C7, False, "C1 C2 C3 C4 C5 C6"),
        (C2, False, "C1"),
    ],
)
def test_an_upheld_objection_goes_back_to_a_step_that_was_passed(
    here: Step, direct: bool, allowed: str
) -> None:
    for target in OFFICES:
        case = docket(here, direct=direct)
        if here == C4:
            case.posted = limit("T1", CLOSES, LimitKind.MINIMUM)
        desk = reception(case)
        desk.receive("object", objection_values(), NOW)
        payload = resolution_values(finding="upheld", return_to=target)
        if target in allowed.split():
            assert "经调查成立" in desk.receive("resolve", payload, NOW).text
        else:
            said = refused(desk, case, "resolve", payload)
            assert said.startswith(f"return_to: {target} is no step to go back to from here; one")


@pytest.mark.clause("A5", "C1")
@pytest.mark.parametrize("step", COUNTY_EXIT.steps, ids=str)
def test_the_applicant_alone_withdraws(step: Step) -> None:
    case = docket(step)
    desk = reception(case)
    for office in ("A5/411524", "A6/411500", "A7/410000", "A9/410000"):
        said = refused(desk, case, "withdraw", withdrawal_values(office=office))
        assert said == f"{office} may not withdraw the application here; {NAMES['C1']} may"
    receipt = desk.receive("withdraw", withdrawal_values(), NOW)
    assert receipt.text == "新县扶贫开发领导小组撤回申请，理由：数据需要复核（合成）"
    assert case.withdrawal is not None
    assert case.withdrawal.seq == receipt.seq
    assert refused(desk, case, "withdraw", withdrawal_values(id="w-2")) == (
        "the application is already withdrawn"
    )


@pytest.mark.clause("G1", "F9")
def test_what_anybody_may_send_is_bounded_and_offices_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bounds, "MOST_OBJECTIONS", 3)
    case, desk = at_publicity()
    for number in range(3):
        desk.receive("object", objection_values(id=f"o-{number}"), NOW)
    said = refused(desk, case, "object", objection_values(id="o-3"))
    assert "has 3 objections and reports, as many as a case takes; hand it in to" in said
    assert "河南省扶贫开发领导小组 (A7/410000) on paper" in said
    # What was received has its receipt, and the office resolves it; room is not made by that.
    assert desk.receive("object", objection_values(id="o-0"), NOW).seq == 1
    desk.receive("resolve", resolution_values("o-0"), NOW)
    assert refused(desk, case, "object", objection_values(id="o-3"))


@pytest.mark.clause("F9")
def test_documents_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MOST_DOCUMENTS", 1)
    case, desk = at_publicity()
    desk.receive("file", document(id="d-1"), NOW)
    assert "file it when the case has ended" in refused(desk, case, "file", document(id="d-2"))


@pytest.mark.clause("G1")
def test_a_review_for_which_there_is_no_office_is_refused() -> None:
    case, desk = at_publicity()
    desk.receive("object", objection_values("o-1", objector="某甲"), NOW)
    desk.receive("resolve", resolution_values("o-1"), NOW)
    case.objections["o-1"].investigator = Office.parse("A8/100000")
    review = objection_values("o-2", review_of="o-1", objector="某甲")
    assert refused(desk, case, "object", review) == (
        "review_of: no office stands above A8/100000 here (G1)"
    )
