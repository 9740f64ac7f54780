"""H2 核实认可: who verifies, what S1 forbids, and what each household answers (S6)."""

from datetime import timedelta
from typing import Any

import pytest

from models.offices import Village
from models.procedures import H1, H4
from tests.models.receptions import last, refused
from tests.models.roster_samples import (
    COMMITTEES,
    COUNTY,
    DRAFTED,
    OFFICERS,
    OFFICES,
    VILLAGE,
    Sample,
    act,
    household,
    verification,
)
from tests.models.samples import DAY, NOW
from tests.models.village_samples import village

SECOND = timedelta(seconds=1)


def failing(**lived: Any) -> Sample:
    """A roster whose first household fails a criterion of S1."""
    sample = Sample()
    sample.roster["H-01"].facts = household("H-01", **(lived or {"housing": False}))
    return sample


# -- who verifies -----------------------------------------------------------------------------


@pytest.mark.clause("H2", "A1", "A2", "A3")
def test_all_three_verify() -> None:
    sample = Sample()
    for body, office in OFFICES.items():
        assert sample.states() == ["drafted"] * 3
        sample.desk.receive("act", verification(body), NOW)
        assert last(sample.docket).actor == f"{office} {OFFICERS[body]}"
    assert sample.states() == ["verified"] * 3


@pytest.mark.clause("H2", "A1", "A2", "A3")
@pytest.mark.parametrize(
    ("place", "verifiers"),
    [
        (village(), ["A1", "A2", "A3"]),
        (village(work_team=False), ["A1", "A3"]),
        (village(first_secretary=False), ["A1", "A2"]),
        (village(work_team=False, first_secretary=False), ["A1"]),
    ],
    ids=["both", "no team", "no secretary", "neither"],
)
def test_those_verify_whom_the_register_has_there(place: Village, verifiers: list[str]) -> None:
    sample = Sample(place=place)
    for body in ("A1", "A2", "A3"):
        if body in verifiers:
            sample.desk.receive("act", verification(body), NOW)
            continue
        offices = ", ".join(OFFICES[each] for each in verifiers)
        assert refused(sample.desk, sample.docket, "act", verification(body)) == (
            f"{OFFICES[body]} may not decide H2 核实认可 here; the register says: {offices}"
        )
    assert sample.states() == ["verified"] * 3


@pytest.mark.clause("H2", "A1", "A2", "A3", "A5")
@pytest.mark.parametrize(
    "office",
    [COUNTY, f"A4/{VILLAGE}", "A1/411523100902", "A2/411523100902", "A1/411523", "A6/411500"],
)
def test_nobody_else_verifies(office: str) -> None:
    sample = Sample()
    said = refused(sample.desk, sample.docket, "act", act("H2", office=office))
    assert said.startswith(f"{office} may not decide H2 核实认可 here; the register says: A1/")


@pytest.mark.clause("H2")
@pytest.mark.parametrize(("first", "second"), [("A1", "A2"), ("A2", "A3"), ("A3", "A1")])
def test_they_are_three_different_persons(first: str, second: str) -> None:
    sample = Sample()
    sample.desk.receive("act", verification(first, officer="某戊"), NOW)
    said = refused(sample.desk, sample.docket, "act", verification(second, officer="某戊"))
    assert said == (
        f"officer: 某戊 has verified H-01 for {first} already; committees, work team and first "
        "secretary are different persons (H2)"
    )
    sample.desk.receive("act", verification(second, officer="某己"), NOW)


@pytest.mark.clause("H2")
def test_they_are_different_persons_for_every_single_household() -> None:
    sample = Sample()
    sample.desk.receive("act", verification("A1", "H-01", officer="某戊"), NOW)
    sample.desk.receive("act", verification("A1", officer="某己"), NOW)
    # 某己 verified the rest for the committees; 某戊 the first household, and nobody else's.
    said = refused(sample.desk, sample.docket, "act", verification("A2", officer="某戊"))
    assert "某戊 has verified H-01 for A1 already" in said
    sample.desk.receive("act", verification("A2", "H-02", "H-03", officer="某戊"), NOW)
    said = refused(sample.desk, sample.docket, "act", verification("A2", "H-01", officer="某戊"))
    assert "某戊 has verified H-01 for A1 already" in said


@pytest.mark.clause("H2")
def test_one_person_may_speak_twice_for_one_body() -> None:
    sample = Sample()
    sample.desk.receive("act", verification("A1", "H-01"), NOW)
    sample.desk.receive("act", verification("A1", "H-02"), NOW)
    assert [len(each.verified) for each in sample.roster.candidates.values()] == [1, 1, 0]


# -- whom they verify -------------------------------------------------------------------------


@pytest.mark.clause("H2")
def test_those_who_are_named_are_verified_and_no_others() -> None:
    sample = Sample(place=village(work_team=False, first_secretary=False))
    receipt = sample.desk.receive("act", verification("A1", "H-01", "H-03"), NOW)
    assert receipt.text == "合成村“两委”核实2户"
    assert last(sample.docket).data["courses"] == {
        "H-01": ["verified", None],
        "H-03": ["verified", None],
    }
    assert sample.states() == ["verified", "drafted", "verified"]
    sample.desk.receive("act", verification(), NOW)
    assert sample.states() == ["verified"] * 3


@pytest.mark.clause("H2")
def test_nobody_is_verified_twice() -> None:
    sample = Sample()
    sample.desk.receive("act", verification("A1", "H-01"), NOW)
    again = verification("A1", "H-01", "H-02", id="again")
    assert refused(sample.desk, sample.docket, "act", again) == (
        "household H-01 is verified by A1 already"
    )
    sample.desk.receive("act", verification("A1"), NOW)
    assert refused(sample.desk, sample.docket, "act", verification("A1", id="more")) == (
        "no household waits for the verification of A1 (H2)"
    )


@pytest.mark.clause("H2")
def test_a_household_that_is_not_there_or_named_twice() -> None:
    sample = Sample()
    said = refused(sample.desk, sample.docket, "act", verification("A1", "H-01", "H-09"))
    assert said == (
        "household H-09 is not on this roster; `exitflow case household-exit/411523100901/2017/1 "
        "--households` lists who is"
    )
    said = refused(sample.desk, sample.docket, "act", verification("A1", "H-01", "H-01"))
    assert said == "households: one of them stands there twice; keep one"


@pytest.mark.clause("H2", "G3")
@pytest.mark.parametrize(
    ("signed", "in_order"), [(-SECOND, False), (timedelta(0), True), (10 * DAY, True)]
)
def test_it_is_not_signed_before_the_roster_was_drafted(signed: timedelta, in_order: bool) -> None:
    sample = Sample()
    payload = verification(at=(DRAFTED + signed).isoformat())
    if in_order:
        assert sample.desk.receive("act", payload, NOW)
        return
    assert refused(sample.desk, sample.docket, "act", payload) == (
        "at: 2017-12-06T00:59:59+00:00 lies before 2017-12-06T09:00:00+08:00, when household H-01 "
        "was drafted or returned"
    )


@pytest.mark.clause("H2", "G3")
def test_who_was_sent_back_later_binds_nobody_else() -> None:
    sample = Sample(H4)
    returned = NOW - DAY
    sample.roster["H-01"].begin_again(returned)
    sample.docket.basis = NOW  # the county decided on others meanwhile
    early = verification("A1", at=(returned - SECOND).isoformat())
    assert "lies before" in refused(sample.desk, sample.docket, "act", early)
    in_time = verification("A1", at=(returned + SECOND).isoformat(), id="later")
    assert sample.desk.receive("act", in_time, NOW)


@pytest.mark.clause("H2")
@pytest.mark.parametrize(
    ("decision", "more"),
    [
        ("return", {"reason": "缺页", "return_to": "H1"}),
        ("rectify", {"reason": "缺", "rectification": {"office": COMMITTEES, "task": "补"}}),
        ("reply", {}),
    ],
)
def test_a_verification_approves_or_rejects(decision: str, more: dict[str, Any]) -> None:
    sample = Sample()
    said = refused(sample.desk, sample.docket, "act", act("H2", decision, **more))
    assert said in (
        "rectification: no act of this case carries it",
        f"'{decision}' is no decision of H2 核实认可; it takes approve, reject",
    )


@pytest.mark.clause("H2", "H1")
def test_nothing_is_verified_before_the_appraisal_is_done() -> None:
    sample = Sample(H1)
    sample.docket.round = 2
    assert refused(sample.desk, sample.docket, "act", verification()) == (
        f"H2 is not open; {sample.docket.case_id} is at H1 民主评议"
    )


# -- rejecting --------------------------------------------------------------------------------


@pytest.mark.clause("H2")
@pytest.mark.parametrize("body", ["A1", "A2", "A3"])
def test_any_of_the_three_rejects_some(body: str) -> None:
    sample = Sample()
    payload = verification(body, "H-02", decision="reject", reason="住房不安全（合成）")
    receipt = sample.desk.receive("act", payload, NOW)
    assert receipt.text.endswith("核实未通过1户，理由：住房不安全（合成）")
    assert sample.states() == ["drafted", "out", "drafted"]
    assert sample.roster["H-02"].out == "核实未通过：住房不安全（合成）"
    assert last(sample.docket).data["courses"] == {
        "H-02": ["out", "核实未通过：住房不安全（合成）"]
    }


@pytest.mark.clause("H2")
def test_a_rejection_that_names_nobody_is_of_everybody() -> None:
    sample = Sample()
    sample.desk.receive("act", verification("A2", decision="reject", reason="不实（合成）"), NOW)
    assert sample.states() == ["out"] * 3


@pytest.mark.clause("H2", "H4")
def test_what_is_found_late_stops_who_is_not_being_struck_off() -> None:
    sample = Sample(H4)
    sample.roster["H-01"].being_struck_off = True
    payload = verification("A2", decision="reject", reason="不实（合成）")
    receipt = sample.desk.receive("act", payload, NOW)
    assert "核实未通过2户" in receipt.text
    assert sample.roster["H-01"].out is None
    sample.roster["H-02"].out = sample.roster["H-03"].out = None
    for candidate in sample.roster.candidates.values():
        candidate.being_struck_off = True
    assert refused(sample.desk, sample.docket, "act", payload | {"id": "later"}) == (
        "too late, all that are left are being struck off; report it to the supervision of the "
        "provincial group"
    )


# -- S1 ---------------------------------------------------------------------------------------


@pytest.mark.clause("S1", "S6", "H2")
def test_who_fails_the_standard_leaves_on_the_general_approval_of_the_committees() -> None:
    sample = failing(wages=900_000)  # exactly the line: not above it
    receipt = sample.desk.receive("act", verification("A1"), NOW)
    assert receipt.text == "合成村“两委”核实2户，1户未达退出标准"
    assert sample.states() == ["out", "drafted", "drafted"]
    assert sample.roster["H-01"].out == (
        "未达退出标准：2017年家庭纯收入9000元÷3人，标准为人均高于3000元"
    )
    assert sample.roster["H-01"].verified == {}


@pytest.mark.clause("S1", "H2")
@pytest.mark.parametrize("body", ["A2", "A3"])
def test_team_and_secretary_verify_and_do_not_judge_the_standard(body: str) -> None:
    sample = failing()
    sample.desk.receive("act", verification(body), NOW)
    assert sample.states() == ["drafted"] * 3


@pytest.mark.clause("S1", "S6")
def test_who_fails_is_not_verified_by_name_without_an_override() -> None:
    sample = failing()
    said = refused(sample.desk, sample.docket, "act", verification("A1", "H-02", "H-01"))
    assert said == (
        "household H-01: S1.housing is not met (safe housing: no); to verify it all the same, "
        "name it in overrides and give the reason (S6)"
    )


@pytest.mark.clause("S1", "S6")
def test_the_committees_override_by_name_and_with_a_reason() -> None:
    sample = failing()
    payload = verification("A1", "H-01", overrides=["S1.housing"] * 9, reason="新房将竣工（合成）")
    sample.desk.receive("act", payload, NOW)
    assert sample.roster.failed(sample.roster["H-01"]) == []
    course = sample.roster.course(sample.roster["H-01"])
    assert course.overrides == ("S1.housing",)
    assert [finding.id for finding in course.findings if not finding.met] == ["S1.housing"]
    # The rest is approved in one: nobody leaves for what was overridden.
    sample.desk.receive("act", verification("A1"), NOW)
    assert sample.states() == ["drafted"] * 3


@pytest.mark.clause("S6")
def test_an_override_is_of_one_round() -> None:
    sample = failing()
    payload = verification("A1", "H-01", overrides=["S1.housing"], reason="新房将竣工（合成）")
    sample.desk.receive("act", payload, NOW)
    sample.roster["H-01"].begin_again(NOW)
    assert [finding.id for finding in sample.roster.failed(sample.roster["H-01"])] == ["S1.housing"]


@pytest.mark.clause("S6")
@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (
            verification("A1", "H-01", overrides=["S1.housing"]),
            "reason: an override needs a reason",
        ),
        (
            verification("A1", "H-01", overrides=["S1.food", "S1.housing"], reason="无"),
            "overrides: S1.food did not fail for H-01 and needs no override",
        ),
        (
            verification("A1", "H-01", "H-02", overrides=["S1.housing"], reason="无"),
            "overrides: S1.housing did not fail for H-02 and needs no override",
        ),
        (
            verification("A1", overrides=["S1.housing"], reason="无"),
            "overrides: name the households they are for (S6)",
        ),
        (
            verification("A2", "H-01", overrides=["S1.housing"], reason="无"),
            "overrides: only the two committees, which decide, can override (S6)",
        ),
        (
            verification("A3", "H-01", overrides=["S1.housing"], reason="无"),
            "overrides: only the two committees, which decide, can override (S6)",
        ),
        (
            verification("A1", "H-01", decision="reject", overrides=["S1.housing"], reason="无"),
            "overrides: only an approval overrides a criterion (S6)",
        ),
        (
            verification("A1", "H-01", overrides=["S2.road"], reason="无"),
            "overrides: S2.road did not fail for H-01 and needs no override",
        ),
    ],
)
def test_what_is_no_override(payload: dict[str, Any], why: str) -> None:
    sample = failing()
    assert refused(sample.desk, sample.docket, "act", payload) == why


@pytest.mark.clause("S6", "H4")
def test_nothing_is_overridden_at_another_step() -> None:
    sample = Sample(H4)
    payload = act("H4", overrides=["S1.housing"], reason="无")
    assert refused(sample.desk, sample.docket, "act", payload) == (
        "overrides: only an act of H2 carries it"
    )
