"""Which acts a case takes in and which it refuses: whose, where, when."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Act, Content, Decision
from models.procedures import ALL_STEPS, C1, C2, C3, C4, C5, C6, C7, COUNTY_EXIT, DECISIONS, Step
from models.refusals import Refusal
from tests.models.receptions import CLOSES, NAMES, at_publicity, last, refused
from tests.models.roster_samples import meeting, votes
from tests.models.samples import (
    FINDINGS,
    HOUR,
    NOW,
    OFFICES,
    act_values,
    docket,
    figure_values,
    objection_values,
    reception,
    withdrawal_values,
)
from tests.models.village_samples import survey

DECIDED = [step for step in COUNTY_EXIT.steps if step.decided]


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


RATES = {"incidence": "1", "wrongly_exited": "0", "omitted": "0", "recognition": "99"}
CONTENTS: dict[str, Any] = {
    "figures": figure_values(),
    "findings": FINDINGS,
    "rates": RATES,
    "rectification": {"office": "A5/411523", "task": "补正"},
    "survey": survey().content(),
    "consideration": "茶叶产业有收益（合成）",
    "appraisal": {"meeting": meeting(), "households": votes()},
    "households": ["H-01"],
    "overrides": ["S3.income"],
}
CARRIED = {
    "C1": {"figures"},
    "C2": {"overrides"},
    "C3": {"findings", "rates", "overrides"},
    "C6": {"rates", "rectification"},
    "C7": {"overrides"},
    "V1": {"survey", "consideration", "overrides"},
    "V3": {"consideration", "overrides"},
    "H1": {"appraisal"},
    "H2": {"households", "overrides"},
    "H4": {"households"},
    "R2": {"appraisal"},
}


@pytest.mark.clause("C1", "C3", "C6", "C7", "V1", "V3", "H1", "H2", "H4", "F5", "S6")
def test_what_the_acts_of_each_step_carry() -> None:
    assert set(Content) == set(CONTENTS)
    declared = {step.id: set(step.carries) for step in ALL_STEPS if step.carries}
    assert declared == CARRIED


@pytest.mark.clause("C1", "C3", "C6", "S6")
@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("step", DECIDED, ids=str)
def test_an_act_carries_what_its_step_declares(step: Step, content: str) -> None:
    case = docket(step, expected=step.decisions)
    decision = "rectify" if content == "rectification" else "approve"
    payload = act_values(step.id, decision, reason="合成") | {content: CONTENTS[content]}
    desk = reception(case)
    if content in CARRIED.get(step.id, ()):
        assert desk.check("act", payload, NOW)
        return
    those = " or ".join(each.id for each in DECIDED if content in CARRIED.get(each.id, ()))
    whose = f"only an act of {those}" if those else "no act of this case"
    assert refused(desk, case, "act", payload) == f"{content}: {whose} carries it"


@pytest.mark.clause("C3", "S6")
def test_the_line_in_the_file_names_the_exceptions() -> None:
    of_county = act_values("C3", overrides=["S3.income"], reason="灾年（合成）", findings=FINDINGS)
    receipt = reception(docket(C3)).receive("act", of_county, NOW)
    assert receipt.text.endswith(
        "C3 同意，对农民人均可支配收入增幅未达标予以例外，理由：灾年（合成）"
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
    payload = withdrawal_values(at=(NOW + 6 * minutes).isoformat())
    assert "lies in the future" in refused(desk, case, "withdraw", payload)


@pytest.mark.clause("G1")
def test_an_objection_is_not_lost_to_a_wrong_clock() -> None:
    payload = objection_values(at=(NOW + timedelta(hours=6)).isoformat())
    assert reception(docket(C3)).check("object", payload, NOW)


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
