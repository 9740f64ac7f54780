"""What a case takes in and what it refuses: by table, and under random sequences of messages."""

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.docket import DECISIONS, Docket, Expectation
from models.ledger import Entry, EntryKind, canonical, verify
from models.messages import Act, Decision, Ending, Finding, Outcome, Receipt
from models.offices import Office
from models.periods import LimitKind
from models.reception import Reception, Refusal
from models.steps import C1, C2, C3, C4, C5, C6, C7, COUNTY_STEPS, Step
from tests.models.samples import (
    DAY,
    HOUR,
    NOW,
    OFFICES,
    PROVINCE,
    act_values,
    docket,
    limit,
    objection_values,
    reception,
    resolution_values,
    snapshot,
    withdrawal_values,
)

DECIDED = [step for step in COUNTY_STEPS if step.decided]
NAMES = {
    "C1": "新县扶贫开发领导小组 (A5/411523)",
    "C2": "信阳市扶贫开发领导小组 (A6/411500)",
    "C3": "河南省扶贫开发领导小组 (A7/410000)",
    "C5": "河南省扶贫开发领导小组 (A7/410000)",
    "C6": "国务院扶贫开发领导小组 (A8/100000)",
    "C7": "河南省人民政府 (A9/410000)",
}
CLOSES = NOW + 7 * DAY


def at_publicity() -> tuple[Docket, Reception]:
    """A case whose notice has just been posted."""
    case = docket(C4)
    case.posted = limit("T1", CLOSES, LimitKind.MINIMUM)
    return case, reception(case)


def refused(desk: Reception, case: Docket, kind: str, payload: Any, now: datetime = NOW) -> str:
    """Why a message is refused; that it is leaves no trace."""
    before = snapshot(case)
    with pytest.raises(Refusal) as caught:
        desk.check(kind, payload, now)
    with pytest.raises(Refusal, match=re.escape(str(caught.value))):
        desk.receive(kind, payload, now)
    assert snapshot(case) == before
    return str(caught.value)


def last(case: Docket) -> Entry:
    return case.ledger.entries[-1]


def sha(text: str) -> str:
    return sha256(text.encode()).hexdigest()


# -- who, where, when -------------------------------------------------------------------------


@pytest.mark.clause("C1", "C2", "C3", "C5", "C6", "C7", "A5", "A6", "A7", "A8", "A9", "G7")
@pytest.mark.parametrize("step", DECIDED, ids=str)
def test_the_steps_own_office_decides_it(step: Step) -> None:
    case = docket(step)
    receipt = reception(case).receive("act", act_values(step.id), NOW)
    assert (receipt.case_id, receipt.seq, receipt.received_at) == (case.case_id, 1, NOW)
    assert receipt.hash == last(case).hash
    assert last(case).kind is EntryKind.ACT
    assert last(case).actor == f"{OFFICES[step.id]} 某乙"
    assert last(case).step == step.id
    taken = case.take_act(step)
    assert taken is not None
    assert (taken.message.id, taken.at, taken.seq) == (f"{step.id}-approve", NOW, 1)
    assert case.stirred
    assert case.take_act(step) is None


@pytest.mark.clause("A5", "A6", "A7", "A8", "A9")
@pytest.mark.parametrize("step", DECIDED, ids=str)
@pytest.mark.parametrize(
    "office",
    [*sorted(set(OFFICES.values())), "A1/411523", "A5/411524", "A6/411600", "A7/420000"],
)
def test_no_other_office_decides_it(step: Step, office: str) -> None:
    case = docket(step)
    desk = reception(case)
    payload = act_values(step.id, office=office)
    if office == OFFICES[step.id]:
        assert desk.receive("act", payload, NOW)
        return
    said = refused(desk, case, "act", payload)
    assert said == f"{office} may not decide {step} here; {NAMES[step.id]} may"


@pytest.mark.clause("C2", "A7")
def test_a_directly_administered_county_has_no_city_step() -> None:
    case = docket(C3, direct=True)
    said = refused(reception(case), case, "act", act_values("C2"))
    assert said.startswith("C2 is not open; county-exit/411523/2017 is at C3 省级核查 (round 1)")


@pytest.mark.clause("C1", "C2", "C3", "C5", "C6", "C7")
@pytest.mark.parametrize("here", DECIDED, ids=str)
@pytest.mark.parametrize("asked", DECIDED, ids=str)
def test_only_the_open_step_is_decided(here: Step, asked: Step) -> None:
    case = docket(here)
    desk = reception(case)
    if asked == here:
        assert desk.check("act", act_values(asked.id), NOW)
        return
    assert refused(desk, case, "act", act_values(asked.id)) == (
        f"{asked.id} is not open; county-exit/411523/2017 is at {here} (round 1) and waits for "
        f"{NAMES[here.id]}"
    )


@pytest.mark.clause("G3")
def test_an_act_is_for_its_round() -> None:
    case = docket(C2)
    case.round = 2
    desk = reception(case)
    for round_, in_order in ((1, False), (3, False), (2, True), (None, True)):
        payload = act_values("C2", id=f"a-{round_}") | ({"round": round_} if round_ else {})
        if in_order:
            assert desk.check("act", payload, NOW)
        else:
            said = refused(desk, case, "act", payload)
            assert said == f"round {round_} is not running; the case is in round 2"


@pytest.mark.clause("G3", "C6")
@pytest.mark.parametrize(
    ("awaited", "decision", "more", "in_order"),
    [
        (DECISIONS, "approve", {}, True),
        (DECISIONS, "reject", {"reason": "不符合"}, True),
        (DECISIONS, "return", {"reason": "缺页", "return_to": "C1"}, True),
        (
            DECISIONS,
            "rectify",
            {"reason": "缺页", "rectification": {"office": "A5/411523", "task": "补正"}},
            False,
        ),
        (
            (*DECISIONS, Decision.RECTIFY),
            "rectify",
            {"reason": "缺页", "rectification": {"office": "A5/411523", "task": "补正"}},
            True,
        ),
        (DECISIONS, "reply", {}, False),
        ((Decision.REPLY,), "reply", {}, True),
        ((Decision.REPLY,), "approve", {}, False),
        ((Decision.APPROVE,), "reject", {"reason": "不符合"}, False),
    ],
)
def test_only_what_can_be_decided_now(
    awaited: tuple[Decision, ...], decision: str, more: dict[str, Any], in_order: bool
) -> None:
    case = docket(C6, expected=awaited)
    desk = reception(case)
    payload = act_values("C6", decision, **more)
    if in_order:
        assert desk.check("act", payload, NOW)
    else:
        said = refused(desk, case, "act", payload)
        allowed = ", ".join(each.value for each in awaited)
        assert said == f"'{decision}' is no decision of C6 接受检查 now; it takes {allowed}"


@pytest.mark.clause("G3")
@pytest.mark.parametrize(
    ("here", "direct", "tier", "targets"),
    [
        (C2, False, "national", "C1"),
        (C3, False, "national", "C1, C2"),
        (C3, True, "national", "C1"),
        (C5, True, "national", "C1, C3, C4"),
        (C6, False, "national", "C1, C2, C3, C4, C5"),
        (C7, False, "national", "C1, C2, C3, C4, C5, C6"),
        (C7, True, "provincial", "C1, C3, C4, C5"),
    ],
)
def test_a_return_goes_back_on_the_countys_own_way(
    here: Step, direct: bool, tier: str, targets: str
) -> None:
    for target in ("C1", "C2", "C3", "C4", "C5", "C6", "C7", "V1", "H1"):
        case = docket(here, direct=direct, tier=tier)
        desk = reception(case)
        payload = act_values(here.id, "return", reason="缺页", return_to=target)
        if target in targets.split(", "):
            assert desk.receive("act", payload, NOW)
            assert f"退回至{target}，理由：缺页" in last(case).text
        else:
            said = refused(desk, case, "act", payload)
            assert said == (
                f"return_to: {target} is no step to go back to from here; one of {targets}"
            )


@pytest.mark.clause("C3", "S6")
def test_the_procedures_own_rules_have_the_last_word() -> None:
    def vet(act: Act, now: datetime) -> None:
        assert now == NOW
        seen.append(act.id)
        raise Refusal("S3.income is not met")

    seen: list[str] = []
    case = docket(C3)
    assert refused(reception(case, vet), case, "act", act_values("C3")) == "S3.income is not met"
    assert seen == ["C3-approve", "C3-approve"]
    # What is refused by the general rules never gets that far.
    refused(reception(case, vet), case, "act", act_values("C3", office="A9/410000"))
    assert len(seen) == 2


@pytest.mark.clause("G5")
def test_a_moment_of_the_future_is_refused() -> None:
    case = docket(C3)
    desk = reception(case)
    minutes = timedelta(minutes=1)
    for late, in_order in ((0, True), (5, True), (6, False), (60 * 24, False)):
        payload = act_values("C3", at=(NOW + late * minutes).isoformat())
        if in_order:
            assert desk.check("act", payload, NOW)
        else:
            assert "lies in the future" in refused(desk, case, "act", payload)
    for kind, values in (
        ("object", objection_values),
        ("withdraw", withdrawal_values),
    ):
        payload = values(at=(NOW + 6 * minutes).isoformat())
        assert "lies in the future" in refused(desk, case, kind, payload)


@pytest.mark.clause("G5")
def test_an_act_is_not_signed_before_what_it_rests_on() -> None:
    case = docket(C2)
    desk = reception(case)
    case.basis = NOW - 2 * HOUR
    for hours, in_order in ((-3, False), (-2, True), (0, True)):
        payload = act_values("C2", at=(NOW + hours * HOUR).isoformat())
        if in_order:
            assert desk.check("act", payload, NOW)
        else:
            said = refused(desk, case, "act", payload)
            assert said.endswith("when that was done on which C2 市级初审 rests")
    # An early act rests on the one before it, as that was signed.
    desk.receive("act", act_values("C2", at=(NOW - HOUR).isoformat()), NOW)
    refused(desk, case, "act", act_values("C3", at=(NOW - 2 * HOUR).isoformat()))
    assert desk.check("act", act_values("C3", at=(NOW - HOUR).isoformat()), NOW)


@pytest.mark.clause("G5", "C5", "T1")
def test_a_report_is_not_signed_before_the_publicity_is_over() -> None:
    case, desk = at_publicity()
    for at, in_order in ((CLOSES - timedelta(seconds=1), False), (CLOSES, True)):
        payload = act_values("C5", at=at.isoformat())
        if in_order:
            assert desk.check("act", payload, CLOSES + HOUR)
        else:
            assert "lies before 2018-01-12T09:00:00+08:00" in refused(
                desk, case, "act", payload, CLOSES + HOUR
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


@pytest.mark.clause("G3")
def test_a_mailbox_is_that_of_its_round() -> None:
    case = docket(C2)
    case.round = 2
    desk = reception(case)
    desk.receive("act", act_values("C2"), NOW)
    assert [each.message.id for each in case.waiting_acts(C2)] == ["C2-approve"]
    case.round = 3
    assert case.waiting_acts(C2) == []
    assert case.take_act(C2) is None
    case.round = 2
    taken = case.take_act(C2)
    assert taken is not None
    assert taken.signed == NOW
    assert case.take_act(C2) is None


# -- acts before their step opens -------------------------------------------------------------


@pytest.mark.clause("C2", "C3")
def test_an_act_may_come_as_soon_as_the_step_before_is_decided() -> None:
    case = docket(C2)
    desk = reception(case)
    refused(desk, case, "act", act_values("C3"))
    desk.receive("act", act_values("C2"), NOW)
    early = desk.receive("act", act_values("C3"), NOW)
    assert early.seq == 2
    assert case.ledger.entries[-1].step == "C3"
    assert [each.seq for each in case.waiting_acts(C2)] == [1]
    assert [each.seq for each in case.waiting_acts(C3)] == [2]
    # Not two steps ahead, and no second act for either.
    refused(desk, case, "act", act_values("C5"))
    for step in ("C2", "C3"):
        said = refused(desk, case, "act", act_values(step, id="another"))
        assert said.endswith("is already decided in round 1")


@pytest.mark.clause("C3", "A7")
def test_an_early_act_obeys_every_rule() -> None:
    case = docket(C2)
    desk = reception(case)
    desk.receive("act", act_values("C2"), NOW)
    said = refused(desk, case, "act", act_values("C3", office="A6/411500"))
    assert said == f"A6/411500 may not decide C3 省级核查 here; {NAMES['C3']} may"
    refused(desk, case, "act", act_values("C3", round=2))
    refused(desk, case, "act", act_values("C3", "return", reason="缺页", return_to="C5"))
    assert desk.receive("act", act_values("C3", "return", reason="缺页", return_to="C2"), NOW)


@pytest.mark.clause("C2", "G3", "G4")
@pytest.mark.parametrize(("decision", "more"), [("return", {"return_to": "C1"}), ("reject", {})])
def test_nothing_follows_a_return_or_a_rejection(decision: str, more: dict[str, str]) -> None:
    case = docket(C2)
    desk = reception(case)
    desk.receive("act", act_values("C2", decision, reason="缺页", **more), NOW)
    for asked in ("C2", "C3"):
        said = refused(desk, case, "act", act_values(asked))
        assert said == f"C2 市级初审 is already decided: {decision}, A6/411500"


@pytest.mark.clause("C2", "C3", "C6", "C7")
@pytest.mark.parametrize(
    ("here", "direct", "tier", "following"),
    [
        (C1, False, "national", "C2"),
        (C1, True, "national", "C3"),
        (C2, False, "national", "C3"),
        (C3, False, "national", None),  # a publicity, which nobody decides
        (C5, False, "national", "C6"),
        (C5, False, "provincial", "C7"),
        (C6, False, "national", "C7"),
    ],
)
def test_the_step_that_follows(here: Step, direct: bool, tier: str, following: str | None) -> None:
    for asked in OFFICES:
        case = docket(here, direct=direct, tier=tier)
        desk = reception(case)
        desk.receive("act", act_values(here.id), NOW)
        if asked == following:
            assert desk.check("act", act_values(asked), NOW)
        else:
            refused(desk, case, "act", act_values(asked, id="x"))


@pytest.mark.clause("C4", "T1")
def test_nobody_decides_while_a_publicity_runs() -> None:
    case, desk = at_publicity()
    for asked in OFFICES:
        said = refused(desk, case, "act", act_values(asked), CLOSES - timedelta(microseconds=1))
        assert said.endswith("goes on until 24:00 on 2018-01-12 (T1)")


@pytest.mark.clause("C4", "C5", "T1")
def test_the_report_may_come_as_soon_as_the_publicity_is_over() -> None:
    case, desk = at_publicity()
    refused(desk, case, "act", act_values("C5"), CLOSES - timedelta(microseconds=1))
    for asked in ("C3", "C4", "C6", "C7"):
        refused(desk, case, "act", act_values(asked), CLOSES)
    assert desk.receive("act", act_values("C5"), CLOSES).seq == 1


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


@pytest.mark.clause("C4", "C5", "T1")
def test_nobody_decides_before_the_notice_is_posted() -> None:
    case = docket(C4)
    for asked in ("C3", "C4", "C5", "C6"):
        said = refused(reception(case), case, "act", act_values(asked))
        assert said == f"{asked} is not open; C4 公告公示 is about to be posted (T1)"


@pytest.mark.clause("C7", "G2")
def test_nothing_is_decided_twice() -> None:
    case = docket(C7)
    desk = reception(case)
    desk.receive("act", act_values("C7"), NOW)
    said = refused(desk, case, "act", act_values("C7", id="x"))
    assert said == "C7 批准退出 is already decided in round 1"
    case.take_act(C7)
    case.expected = None  # it is waited until no report is open (G2)
    said = refused(desk, case, "act", act_values("C7", id="x"))
    assert said == "C7 批准退出 is already decided in round 1"


# -- objections, resolutions, withdrawals -----------------------------------------------------


@pytest.mark.clause("G1", "G2")
@pytest.mark.parametrize("step", COUNTY_STEPS, ids=str)
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
    assert last(case).data["objection"] == objection_values(
        objector="某甲", contact="13800138000", at=None, evidence=[]
    )


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
            f"{office} may not resolve objections here; {NAMES['C3']} may"
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
@pytest.mark.parametrize("step", COUNTY_STEPS, ids=str)
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


EVERYTHING: list[tuple[str, dict[str, Any]]] = [
    ("act", act_values("C7")),
    ("object", objection_values("o-2")),
    ("resolve", resolution_values("o-1")),
    ("withdraw", withdrawal_values()),
]


@pytest.mark.clause("G2", "C7")
@pytest.mark.parametrize(("kind", "payload"), EVERYTHING)
def test_while_the_register_changes_the_door_is_shut(kind: str, payload: dict[str, Any]) -> None:
    case = docket(C7)
    desk = reception(case)
    desk.receive("object", objection_values("o-1"), NOW)
    case.changing = True
    assert refused(desk, case, kind, payload) == (
        f"{kind}: too late, the register is being changed; report it to the supervision of the "
        "provincial group"
    )


@pytest.mark.clause("G7", "C7")
@pytest.mark.parametrize(("kind", "payload"), EVERYTHING)
def test_an_ended_case_takes_nothing_in(kind: str, payload: dict[str, Any]) -> None:
    case = docket(C7)
    desk = reception(case)
    desk.receive("object", objection_values("o-1"), NOW)
    known = desk.receive("withdraw", withdrawal_values(id="known"), NOW)
    case.outcome = Outcome(
        ending=Ending.WITHDRAWN, by="A5/411523", step="C7", round=1, reason="合成", at=NOW
    )
    assert refused(desk, case, kind, payload) == (
        "county-exit/411523/2017 has ended; nothing can be added to it any more"
    )
    # Whoever missed the answer still gets it.
    assert desk.receive("withdraw", withdrawal_values(id="known"), NOW + DAY) == known


# -- the same message twice, and what is no message -------------------------------------------


@pytest.mark.clause("G7")
@pytest.mark.parametrize(
    ("kind", "payload", "other"),
    [
        ("act", act_values("C3"), {"officer": "某丁"}),
        ("act", act_values("C3"), {"decision": "reject", "reason": "不符合"}),
        ("object", objection_values(), {"text": "另一件事"}),
        ("withdraw", withdrawal_values(), {"reason": "另一个理由"}),
        ("resolve", resolution_values("o-0"), {"finding": "upheld"}),
    ],
)
def test_the_same_message_twice_counts_once(
    kind: str, payload: dict[str, Any], other: dict[str, Any]
) -> None:
    case = docket(C3)
    desk = reception(case)
    desk.receive("object", objection_values("o-0"), NOW)
    first = desk.receive(kind, payload, NOW)
    before = snapshot(case)
    assert desk.check(kind, payload, NOW + DAY)
    assert desk.receive(kind, payload, NOW + DAY) == first
    assert desk.receive(kind, dict(reversed(payload.items())), NOW + DAY) == first
    assert snapshot(case) == before
    said = refused(desk, case, kind, payload | other)
    assert said == f"id: {payload['id']} was already used for a different content"


@pytest.mark.clause("G7")
def test_an_id_serves_once_for_each_kind_of_message() -> None:
    case, desk = at_publicity()
    desk.receive("object", objection_values("same"), NOW)
    desk.receive("resolve", resolution_values("same", id="same"), NOW)
    desk.receive("act", act_values("C5", id="same"), CLOSES)
    desk.receive("withdraw", withdrawal_values(id="same"), CLOSES)
    assert len(case.ledger.entries) == 4


@pytest.mark.clause("G7")
def test_a_refused_id_can_be_used_again() -> None:
    case = docket(C3)
    desk = reception(case)
    refused(desk, case, "act", act_values("C3", office="A9/410000", id="a-1"))
    assert desk.receive("act", act_values("C3", id="a-1"), NOW)


NO_MESSAGES: list[Any] = [None, "text", 5, 1.5, True, [], [act_values("C3")], {}, {"id": "a"}]


@pytest.mark.clause("G7")
@pytest.mark.parametrize("kind", ["act", "object", "resolve", "withdraw"])
@pytest.mark.parametrize("payload", NO_MESSAGES)
def test_what_is_no_message(kind: str, payload: Any) -> None:
    case = docket(C3)
    said = refused(reception(case), case, kind, payload)
    if isinstance(payload, dict):
        assert "Field required" in said
    else:
        assert said == f"'{kind}' takes one JSON object with named fields"


@pytest.mark.clause("G7")
@pytest.mark.parametrize("payload", [*NO_MESSAGES, act_values("C3", office="A9/410000")])
def test_a_refused_signal_is_on_file(payload: Any) -> None:
    case = docket(C3)
    desk = reception(case)
    desk.refuse("act", payload, Refusal("so nicht"), NOW)
    entry = last(case)
    assert (entry.kind, entry.actor) == (EntryKind.REFUSED, "sender")
    assert entry.text == "不予接收（act）：so nicht"
    content = canonical(payload)
    kept = {"message": "act", "why": "so nicht", "content": content, "sha256": sha(content)}
    assert entry.data == kept
    assert json.loads(content) == payload
    assert case.stirred
    assert case.acts == {}
    again = Entry.model_validate_json(entry.model_dump_json())
    assert verify(case.case_id, [again]) == 1


@pytest.mark.clause("G7")
def test_of_a_huge_refused_signal_the_hash_is_kept() -> None:
    case = docket(C3)
    desk = reception(case)
    for length in (3_998, 3_999, 10**6):
        payload = "x" * length
        desk.refuse("act", payload, Refusal("so nicht"), NOW)
        content = last(case).data["content"]
        assert isinstance(content, str)
        assert len(content) <= 4_000
        assert (content == canonical(payload)) is (length == 3_998)
        assert last(case).data["sha256"] == sha(canonical(payload))


@pytest.mark.clause("G7")
def test_whatever_is_sent_a_refusal_stays_short() -> None:
    case = docket(C3)
    many = act_values("C3") | {f"unknown-{n}": n for n in range(3_000)}
    for payload in (
        act_values("C3") | {"step": "C" * 5_000},
        many,
        act_values("C3", id="A" * 90_000),
    ):
        assert len(refused(reception(case), case, "act", payload)) <= 600
    said = refused(reception(case), case, "act", act_values("C3", officer="字" * 100_000))
    assert said.startswith("'act' takes at most 100000 characters, this is 100")
    reception(case).refuse("act" * 5_000, None, Refusal("nein" * 5_000), NOW)
    assert len(last(case).text) <= 700


def nested(depth: int) -> Any:
    inner: Any = 1
    for _ in range(depth):
        inner = [inner]
    return inner


@pytest.mark.clause("G7")
@pytest.mark.parametrize(
    "payload",
    [b"\x00\x01", float("nan"), {"id": float("inf")}, nested(199), "\ud800", {1: 2}],
    ids=["bytes", "NaN", "infinity", "nested", "half a pair", "no text for a key"],
)
def test_any_signal_can_be_refused(payload: Any) -> None:
    case = docket(C3)
    desk = reception(case)
    assert refused(desk, case, "act", payload)
    desk.refuse("act", payload, Refusal("so nicht"), NOW)
    stored = last(case).model_dump_json()
    assert verify(case.case_id, [Entry.model_validate_json(stored)]) == 1


# -- random sequences -------------------------------------------------------------------------
#
# A procedure in miniature does with a docket what the real one does, in any order and at any
# moment; messages of all kinds, most of them wrong, arrive in between.


@dataclass
class Miniature:
    """The least that a procedure does, and what it was seen to do."""

    case: Docket
    desk: Reception
    now: datetime = NOW
    receipts: dict[tuple[str, str], Receipt] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)
    opened: int = 0
    """Entries on file when the present step opened."""

    def open(self) -> None:
        """Begin the step: await its office, or post the notice; skip what does not apply."""
        case = self.case
        while case.step in case.skipped:
            case.step = COUNTY_STEPS[COUNTY_STEPS.index(case.step) + 1]
        if case.step.decided:
            decisions: tuple[Decision, ...] = DECISIONS
            if case.step == C1:
                decisions = (Decision.APPROVE,)
            if case.step == C6:
                decisions = (*DECISIONS, Decision.RECTIFY)
            office = case.county.office(case.step.body)
            case.expected = Expectation(case.step, office, decisions)
        else:
            case.posted = limit("T1", self.now + 7 * DAY, LimitKind.MINIMUM)

    def proceed(self) -> None:
        """Look at what came in; go on, back or out."""
        case = self.case
        if case.outcome is not None:
            return
        if case.withdrawal is not None:
            self.end(Ending.WITHDRAWN)
            return
        for objection in case.objections.values():
            if objection.resolution is not None and not objection.answered:
                objection.answered = True
                result = objection.resolution.message
                if result.finding is Finding.UPHELD:
                    if result.return_to is None:
                        self.end(Ending.NOT_EXITED)
                    else:
                        self.go_back(result.return_to)
                    return
        if case.posted is not None:
            if self.now >= case.posted.due and not case.unresolved:
                case.posted = None
                self.advance()
            return
        received = case.take_act(case.step)
        if received is None:
            return
        act, expected = received.message, case.expected
        assert expected is not None
        # Never by a wrong office, for another step, or from another round.
        assert (act.step, act.office) == (case.step.id, expected.office)
        assert act.office == Office.parse(
            OFFICES[act.step] if act.decision is not Decision.REPLY else "A5/411523"
        )
        assert act.decision in expected.decisions
        entry = case.ledger.entries[received.seq - 1]
        assert (entry.kind, entry.round, entry.step) == (EntryKind.ACT, case.round, act.step)
        assert entry.data["act"] == act.model_dump(mode="json")
        assert act.id not in self.taken
        self.taken.append(act.id)
        case.expected = None
        match act.decision:
            case Decision.REJECT:
                self.end(Ending.NOT_EXITED)
            case Decision.RETURN:
                assert act.return_to is not None
                self.go_back(act.return_to)
            case Decision.RECTIFY:
                assert act.rectification is not None
                case.expected = Expectation(C6, act.rectification.office, (Decision.REPLY,))
            case Decision.REPLY:
                self.open()
            case Decision.APPROVE if case.step == C7:
                self.end(Ending.EXITED)
            case Decision.APPROVE:
                self.advance()

    def advance(self) -> None:
        self.case.step = COUNTY_STEPS[COUNTY_STEPS.index(self.case.step) + 1]
        self.open()

    def go_back(self, to: str) -> None:
        case = self.case
        case.step = next(step for step in COUNTY_STEPS if step.id == to)
        assert case.step not in case.skipped
        case.round += 1
        case.posted = case.expected = None
        self.open()

    def end(self, ending: Ending) -> None:
        self.case.expected = self.case.posted = None
        self.case.outcome = Outcome(
            ending=ending,
            by="A9/410000",
            step=self.case.step.id,
            round=self.case.round,
            reason="合成",
            at=self.now,
        )

    def send(self, kind: str, payload: Any) -> None:
        """Offer a message to ``check`` and then to ``receive``: they agree, in word and effect."""
        case, before = self.case, snapshot(self.case)
        length = len(case.ledger.entries)
        said = self.refusal(kind, payload)
        assert snapshot(case) == before
        if said is not None:
            with pytest.raises(Refusal, match=f"^{re.escape(said)}$"):
                self.desk.receive(kind, payload, self.now)
            assert snapshot(case) == before
            return
        self.expect_a_basis(kind, payload)
        new = (kind, payload["id"]) not in self.receipts
        receipt = self.desk.receive(kind, payload, self.now)
        assert receipt == self.receipts.setdefault((kind, payload["id"]), receipt)
        if new:
            assert len(case.ledger.entries) == length + 1 == receipt.seq
            assert case.ledger.head == receipt.hash
        else:
            assert snapshot(case) == before

    def refusal(self, kind: str, payload: Any) -> str | None:
        try:
            self.desk.check(kind, payload, self.now)
        except Refusal as refusal:
            return str(refusal)
        return None

    def expect_a_basis(self, kind: str, payload: dict[str, Any]) -> None:
        """What is taken in newly has a basis: said once more, and not with the code's own words."""
        case = self.case
        if (kind, payload["id"]) in self.receipts:
            return
        assert case.outcome is None
        if kind == "withdraw":
            assert payload["office"] == "A5/411523"
            assert case.withdrawal is None
        if kind == "resolve":
            assert payload["office"] == PROVINCE
            assert case.objections[payload["objection_id"]].resolution is None
        if kind == "act":
            self.expect_a_basis_for_an_act(payload)

    def expect_a_basis_for_an_act(self, payload: dict[str, Any]) -> None:
        case, asked = self.case, payload["step"]
        way = [step.id for step in COUNTY_STEPS if step not in case.skipped]
        waiting = case.acts.get((case.step.id, case.round), [])
        assert asked in way
        assert asked != "C4"
        assert payload.get("round", case.round) == case.round
        assert not case.acts.get((asked, case.round))
        if asked == case.step.id:
            assert case.expected is not None
            assert payload["office"] == str(case.expected.office)
            return
        # Early: one step ahead, and only when this one is approved or has run its time.
        assert payload["office"] == OFFICES[asked]
        assert way.index(asked) == way.index(case.step.id) + 1
        if case.posted is not None:
            assert self.now >= case.posted.due
            assert not case.unresolved
        else:
            assert [each.message.decision for each in waiting] == [Decision.APPROVE]


IDS = ["m-1", "m-2", "m-3", "m-4", "m-5", "m-6"]
offices = st.sampled_from([*OFFICES.values(), "A6/411600", "A5/411524"])
steps = st.sampled_from(["C1", "C2", "C3", "C4", "C5", "C6", "C7", "V1"])


def act_payload(values: dict[str, Any]) -> dict[str, Any]:
    """An act that is well formed, whatever else it may be."""
    payload = act_values("C3", values["decision"]) | values
    payload["office"] = values["office"] or OFFICES.get(values["step"], PROVINCE)
    if payload["round"] is None:
        del payload["round"]
    if payload["decision"] in ("return", "reject", "rectify"):
        payload["reason"] = "缺页"
    if payload["decision"] != "return":
        del payload["return_to"]
    if payload["decision"] == "rectify":
        payload["rectification"] = {"office": "A5/411523", "task": "补正"}
    return payload


acts = st.fixed_dictionaries(
    {
        "id": st.sampled_from(IDS),
        "step": steps,
        "decision": st.sampled_from(["approve", "approve", "return", "reject", "rectify", "reply"]),
        "office": st.none() | offices,
        "round": st.none() | st.integers(1, 3),
        "return_to": steps,
    }
).map(lambda values: ("act", act_payload(values)))
objections = st.sampled_from(IDS).map(lambda key: ("object", objection_values(key)))
resolutions = st.fixed_dictionaries(
    {
        "id": st.sampled_from(IDS),
        "objection_id": st.sampled_from(IDS),
        "finding": st.sampled_from(["upheld", "dismissed", "dismissed"]),
        "office": st.just(PROVINCE) | offices,
    },
    optional={"return_to": steps},
).map(lambda values: ("resolve", resolution_values() | values))
withdrawals = st.fixed_dictionaries(
    {"id": st.sampled_from(IDS), "office": st.sampled_from(["A6/411500", "A5/411524"])}
).map(lambda values: ("withdraw", withdrawal_values(**values)))
last_words = st.just(("withdraw", withdrawal_values()))
junk = st.tuples(
    st.sampled_from(["act", "object", "resolve", "withdraw"]),
    st.sampled_from(NO_MESSAGES) | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
moves = st.one_of(
    st.tuples(st.just("proceed"), st.none()),
    st.tuples(st.just("wait"), st.sampled_from([HOUR, DAY, 8 * DAY])),
    st.tuples(st.just("right"), st.sampled_from(["approve"] * 6 + ["return", "rectify", "reject"])),
)
operations = st.lists(
    st.one_of(moves, moves, acts, acts, objections, resolutions, withdrawals, junk)
    | st.one_of(moves, moves, moves, last_words),
    max_size=60,
)


def right_act(play: Miniature, number: int, decision: str) -> dict[str, Any] | None:
    """The act that is awaited, if one is."""
    expected = play.case.expected
    if expected is None:
        return None
    step = expected.step.id
    if expected.decisions == (Decision.REPLY,):
        decision = "reply"
    elif step == "C1" or (decision == "rectify" and step != "C6"):
        decision = "approve"
    values = {
        "id": f"right-{number}",
        "step": step,
        "decision": decision,
        "office": str(expected.office),
        "round": play.case.round,
        "return_to": "C1",
    }
    return act_payload(values)


@pytest.mark.clause("G3", "G7", "C1", "C2", "C3", "C4", "C5", "C6", "C7", "A5", "A6", "A7", "A9")
@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["national", "provincial"]), st.booleans(), operations)
def test_any_sequence_of_messages(tier: str, direct: bool, sequence: list[tuple[str, Any]]) -> None:
    case = docket(C1, tier=tier, direct=direct)
    play = Miniature(case, reception(case))
    play.open()
    for number, (what, value) in enumerate(sequence):
        match what:
            case "proceed":
                play.proceed()
            case "wait":
                play.now += value
            case "right":
                payload = right_act(play, number, value)
                if payload is not None:
                    play.send("act", payload)
            case _:
                play.send(what, value)
        assert verify(case.case_id, case.ledger.entries) == len(play.receipts)
    # The same id never had two effects.
    written = [
        (entry.kind, content["id"])
        for entry in case.ledger.entries
        for content in entry.data.values()
        if isinstance(content, dict)
    ]
    assert len(written) == len(set(written)) == len(play.receipts)
    assert len(play.taken) == len(set(play.taken))


@pytest.mark.clause("G7")
def test_the_miniature_can_go_the_whole_way() -> None:
    case = docket(C1)
    play = Miniature(case, reception(case))
    play.open()
    for number in range(20):
        payload = right_act(play, number, "approve")
        if payload is not None:
            play.send("act", payload)
        play.now += 8 * DAY
        play.proceed()
    assert case.outcome is not None
    assert case.outcome.ending is Ending.EXITED
    assert len(play.taken) == 6


@pytest.mark.clause("G7")
@given(junk)
def test_refusing_changes_the_file_alone(sent: tuple[str, Any]) -> None:
    case = docket(C3)
    desk = reception(case)
    kind, payload = sent
    desk.refuse(kind, payload, Refusal("so nicht"), NOW)
    assert (case.acts, case.objections, case.withdrawal) == ({}, {}, None)
    assert len(case.ledger.entries) == 1
    assert verify(case.case_id, case.ledger.entries) == 1
    content = last(case).data["content"]
    assert isinstance(content, str)
    assert json.loads(content) == payload
