"""H4 脱贫销号 by the county, a renewed H1, and withdrawing: what is taken in and about whom."""

from datetime import UTC, date, timedelta
from typing import Any

import pytest

from models.case.ledger import EntryKind
from models.case.mailbox import Expectation
from models.case.messages import Act, Decision
from models.procedures import H1, H2, H3, H4, Step
from models.roster.messages import RosterOpening
from models.roster.orders import roster_change
from tests.models.receptions import last, refused
from tests.models.roster_samples import (
    CLOSED,
    CODES,
    COMMITTEES,
    COUNTY,
    TEAM,
    Sample,
    act,
    application,
    consents,
    meeting,
    objection,
    resolution,
    votes,
    withdrawal,
)
from tests.models.samples import DAY, HENAN, NOW, beijing_time
from tests.models.village_samples import village

SECOND = timedelta(seconds=1)
CASE = "household-exit/411523100901/2017/1"


def decided(sample: Sample) -> list[tuple[str, tuple[str, ...]]]:
    """The acts that wait for H4: the decision, and about whom."""
    waiting = sample.docket.waiting_acts(H4)
    return [(each.message.decision.value, each.message.households) for each in waiting]


# -- who is struck off ------------------------------------------------------------------------


@pytest.mark.clause("H4", "A5")
def test_the_county_strikes_off_everybody_whose_publicity_is_over() -> None:
    sample = Sample(H4)
    receipt = sample.desk.receive("act", act("H4"), NOW)
    assert receipt.text == "新县扶贫开发领导小组H4 同意（合成〔4〕号）"
    assert decided(sample) == [("approve", CODES)]
    # Whom it was about is on file, whoever joins them later.
    assert last(sample.docket).data["act"]["households"] == list(CODES)  # type: ignore[index,call-overload]


@pytest.mark.clause("H4", "H3", "G1")
def test_it_is_about_nobody_whose_publicity_goes_on_or_who_is_held() -> None:
    sample = Sample(H4)
    sample.is_posted("H-03", closes=NOW + DAY, key="H3 2")
    sample.desk.receive("object", objection("H-02"), NOW)
    sample.desk.receive("act", act("H4"), NOW)
    assert decided(sample) == [("approve", ("H-01",))]


@pytest.mark.clause("H4")
def test_some_are_struck_off_by_name() -> None:
    sample = Sample(H4)
    sample.desk.receive("act", act("H4", households=["H-03", "H-01"]), NOW)
    assert decided(sample) == [("approve", ("H-03", "H-01"))]


@pytest.mark.clause("H4", "T1")
def test_an_act_of_the_moment_after_the_notice_is_not_too_early() -> None:
    sample = Sample(H3)
    for candidate in sample.roster.candidates.values():
        assert candidate.posting is not None
    closes = NOW + DAY
    said = refused(sample.desk, sample.docket, "act", act("H4"), closes - SECOND)
    assert said == "H4 脱贫销号 is not open: the publicity goes on until 24:00 on 2018-01-06 (T1)"
    # The case has not looked at its clock yet.
    assert sample.desk.receive("act", act("H4"), closes)


@pytest.mark.clause("H4", "A5", "A1")
@pytest.mark.parametrize("office", [COMMITTEES, TEAM, "A5/411524", "A6/411500", "A7/410000"])
def test_nobody_else_strikes_off(office: str) -> None:
    sample = Sample(H4)
    said = refused(sample.desk, sample.docket, "act", act("H4", office=office))
    assert said == (
        f"{office} may not decide H4 脱贫销号 here; 新县扶贫开发领导小组 ({COUNTY}) may"
    )


@pytest.mark.clause("H4", "H3", "G1", "G3")
@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (
            act("H4", document_number=None),
            "document_number: striking off (H4) needs the number of its document",
        ),
        (
            act("H4", households=["H-09"]),
            "household H-09 is not on this roster; `exitflow case "
            "household-exit/411523100901/2017/1 --households` lists who is",
        ),
        (
            act("H4", households=["H-01", "H-01"]),
            "households: one of them stands there twice; keep one",
        ),
        (
            act("H4", households=["H-01", "H-03"]),
            "household H-03: its publicity is not over, or an objection is open (H3, G1)",
        ),
        (
            act("H4", households=["H-02"]),
            "household H-02: its publicity is not over, or an objection is open (H3, G1)",
        ),
        (
            act("H4", "return", return_to="H1", households=["H-01"]),
            "return_to: from H4 脱贫销号 a return goes to H2",
        ),
        (
            act("H4", "return", return_to="H4"),
            "return_to: from H4 脱贫销号 a return goes to H1 or H2 or H3",
        ),
        (
            act("H4", "return", return_to="C1"),
            "return_to: from H4 脱贫销号 a return goes to H1 or H2 or H3",
        ),
        (act("H4", "reply"), "'reply' is no decision of H4 脱贫销号"),
        (act("H4", round=2), "round 2 is not running; the case is in round 1"),
        (act("C7", office=COUNTY), "C7 is no step of a roster; its steps are H1 to H4"),
        (
            act("H4", at=(CLOSED - SECOND).isoformat()),
            "at: 2018-01-04T00:59:59+00:00 lies before 2018-01-04T09:00:00+08:00, when the "
            "publicity of H-01 had ended",
        ),
    ],
)
def test_what_strikes_nobody_off(payload: dict[str, Any], why: str) -> None:
    sample = Sample(H4)
    sample.is_posted("H-03", closes=NOW + DAY, key="H3 2")
    sample.desk.receive("object", objection("H-02"), NOW)
    assert refused(sample.desk, sample.docket, "act", payload) == why


@pytest.mark.clause("H4", "T1")
def test_it_may_be_dated_to_the_first_instant_after_the_notice() -> None:
    sample = Sample(H4)
    sample.desk.receive("act", act("H4", at=CLOSED.isoformat()), NOW)
    assert last(sample.docket).kind is EntryKind.ACT


@pytest.mark.clause("H4")
def test_they_leave_on_the_day_of_the_signature_in_beijing() -> None:
    sample = Sample(H4)
    sample.docket.basis = beijing_time("2018-01-05 00:30").astimezone(UTC)
    opening = RosterOpening(
        case_id=CASE, application=application(), subject=village(), policy=HENAN
    )
    those = [sample.roster["H-01"]]
    change = roster_change(
        sample.docket, opening, those, Act.model_validate(act("H4")), 9, NOW + DAY
    )
    assert change.effective_on == date(2018, 1, 5)


@pytest.mark.clause("H4", "G1", "T1")
def test_it_is_dated_after_the_notice_and_after_the_last_result() -> None:
    sample = Sample(H4)
    sample.desk.receive("object", objection("H-02"), NOW - 2 * SECOND)
    sample.desk.receive("resolve", resolution("H-02"), NOW)
    between = act("H4", at=(NOW - SECOND).isoformat())
    assert refused(sample.desk, sample.docket, "act", between) == (
        "at: 2018-01-05T00:59:59+00:00 lies before 2018-01-05T09:00:00+08:00, when the publicity "
        "of H-02 had ended"
    )
    # Of those whom the objection did not concern it is in order.
    sample.desk.receive("act", between | {"households": ["H-01", "H-03"]}, NOW)


@pytest.mark.clause("H4", "H3", "G1")
@pytest.mark.parametrize(
    ("step", "objected", "why"),
    [
        (H2, None, f"{CASE} is at H2 核实认可"),
        (H3, None, "the publicity goes on until 24:00 on 2018-01-06 (T1)"),
        (H4, "all", "an objection to H-01, H-02, H-03 is open (G1)"),
    ],
    ids=["H2", "H3", "held"],
)
def test_why_it_is_not_open(step: Step, objected: str | None, why: str) -> None:
    sample = Sample(step)
    if objected:
        sample.desk.receive("object", objection(), NOW)
    said = refused(sample.desk, sample.docket, "act", act("H4"))
    assert said == f"H4 脱贫销号 is not open: {why}"


@pytest.mark.clause("H4")
def test_one_act_at_a_time() -> None:
    sample = Sample(H4)
    sample.desk.receive("act", act("H4", households=["H-01"]), NOW)
    again = act("H4", id="again", households=["H-02"])
    assert refused(sample.desk, sample.docket, "act", again) == (
        "H4 脱贫销号 is already decided in round 1; it is being done"
    )
    sample.docket.take_act(H4)
    sample.roster["H-01"].being_struck_off = True
    sample.desk.receive("act", again, NOW)
    sample.docket.take_act(H4)
    # Who is being struck off is not so once more, by whatever act.
    sample.desk.receive("act", act("H4", id="third"), NOW)
    assert decided(sample) == [("approve", ("H-02", "H-03"))]
    sample.docket.take_act(H4)
    said = refused(sample.desk, sample.docket, "act", act("H4", id="fourth", households=["H-01"]))
    assert said.startswith("household H-01: too late, it is being struck off; ")


# -- returning and rejecting ------------------------------------------------------------------


@pytest.mark.clause("H4", "G3")
@pytest.mark.parametrize(
    ("payload", "about"),
    [
        (act("H4", "reject"), ()),
        (act("H4", "return", return_to="H1"), ()),
        (act("H4", "return", return_to="H2"), ()),
        (act("H4", "return", return_to="H3"), ()),
        (act("H4", "reject", households=["H-01"]), ("H-01",)),
        (act("H4", "return", return_to="H2", households=["H-01"]), ("H-01",)),
    ],
)
def test_everybody_goes_back_or_out_or_those_who_are_named(
    payload: dict[str, Any], about: tuple[str, ...]
) -> None:
    sample = Sample(H4)
    sample.desk.receive("act", payload, NOW)
    assert decided(sample) == [(payload["decision"], about)]


@pytest.mark.clause("H4", "H3", "G3")
@pytest.mark.parametrize(
    ("payload", "about"),
    [
        (act("H4", "reject"), ("H-01", "H-02")),
        (act("H4", "return", return_to="H2"), ("H-01", "H-02")),
        # The roster as it was voted on and posted can only go back as a whole.
        (act("H4", "return", return_to="H1"), ()),
        (act("H4", "return", return_to="H3"), ()),
    ],
)
def test_nobody_goes_out_whom_the_county_has_not_before_it(
    payload: dict[str, Any], about: tuple[str, ...]
) -> None:
    sample = Sample(H4)
    sample.is_posted("H-03", closes=NOW + DAY, key="H3 2")
    sample.desk.receive("act", payload, NOW)
    assert decided(sample) == [(payload["decision"], about)]


# -- a renewed appraisal ----------------------------------------------------------------------


def at_h1() -> Sample:
    """Returned to the appraisal on 5 January."""
    sample = Sample(H1)
    sample.docket.round, sample.docket.basis = 2, NOW - SECOND
    office = sample.docket.subject.office(H1.body)
    sample.docket.expected = Expectation(H1, office, (Decision.APPROVE,))
    return sample


def renewed(**changes: Any) -> dict[str, Any]:
    """A renewed appraisal on the day of the return."""
    record = meeting(held_on="2018-01-05") | changes.pop("meeting", {})
    households = changes.pop("households", votes())
    return act("H1", appraisal={"meeting": record, "households": households}) | changes


@pytest.mark.clause("H1", "G3", "A1")
def test_a_meeting_is_held_again() -> None:
    sample = at_h1()
    assert sample.desk.receive("act", renewed(), NOW)
    assert [each.message.id for each in sample.docket.waiting_acts(H1)] == ["H1-approve"]


@pytest.mark.clause("H1", "G3")
@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (act("H1"), "appraisal: give the record of the renewed meeting (H1)"),
        (
            renewed(meeting={"present": 19}, households=votes(in_favour=18)),
            "appraisal.meeting.present: 19 of 30 are less than the quorum of 2/3 (H1); the meeting "
            "has to be held again",
        ),
        (
            renewed(meeting={"held_on": "2018-01-06"}),
            "appraisal.meeting.held_on: 2018-01-06 lies after 2018-01-05, when it was handed in",
        ),
        (
            renewed(meeting={"held_on": "2018-01-04"}),
            "appraisal.meeting.held_on: 2018-01-04 lies before 2018-01-05, when the roster was "
            "returned; the meeting has to be held again (G3)",
        ),
        (
            renewed(households=votes("H-01", "H-09")),
            "household H-09 is not on this roster; `exitflow case "
            "household-exit/411523100901/2017/1 --households` lists who is",
        ),
        (
            renewed(households=votes("H-01", "H-01")),
            "appraisal: households: H-01 stands on the roster twice; keep one",
        ),
        (
            renewed(office=COUNTY),
            "A5/411523 may not decide H1 民主评议 here; 合成村“两委” (A1/411523100901) may",
        ),
        (act("H1", "reject"), "'reject' is no decision of H1 民主评议 now; it takes approve"),
        (renewed(round=1), "round 1 is not running; the case is in round 2"),
    ],
)
def test_what_is_no_renewed_appraisal(payload: dict[str, Any], why: str) -> None:
    sample = at_h1()
    assert refused(sample.desk, sample.docket, "act", payload) == why


@pytest.mark.clause("H1")
@pytest.mark.parametrize("step", [H2, H3, H4], ids=str)
def test_nobody_votes_again_unless_the_roster_was_returned(step: Step) -> None:
    sample = Sample(step)
    said = refused(sample.desk, sample.docket, "act", renewed(meeting={"held_on": "2018-01-05"}))
    assert said.startswith("H1 is not open")
    elsewhere = renewed() | {"step": "H2"}
    said = refused(sample.desk, sample.docket, "act", elsewhere)
    assert said == "appraisal: only an act of H1 carries it"


# -- withdrawing ------------------------------------------------------------------------------


@pytest.mark.clause("A1")
@pytest.mark.parametrize("step", [H2, H3, H4], ids=str)
def test_the_committees_withdraw(step: Step) -> None:
    sample = Sample(step)
    said = refused(sample.desk, sample.docket, "withdraw", withdrawal(office=COUNTY))
    assert said.startswith(f"{COUNTY} may not withdraw the application here; 合成村“两委” (")
    sample.desk.receive("withdraw", withdrawal(), NOW)
    again = withdrawal(id="w-2")
    assert (
        refused(sample.desk, sample.docket, "withdraw", again) == "the roster is already withdrawn"
    )


@pytest.mark.clause("H4")
def test_a_withdrawal_does_not_undo_what_the_county_decided() -> None:
    sample = Sample(H4)
    sample.desk.receive("act", act("H4", households=["H-01"]), NOW)
    said = refused(sample.desk, sample.docket, "withdraw", withdrawal())
    assert said == "H4 脱贫销号 is decided already"
    sample.docket.take_act(H4)
    sample.roster["H-01"].being_struck_off = True
    sample.desk.check("withdraw", withdrawal(), NOW)  # the others stay
    for candidate in sample.roster.candidates.values():
        candidate.being_struck_off = True
    said = refused(sample.desk, sample.docket, "withdraw", withdrawal())
    assert said == "too late, all that are left are being struck off"


@pytest.mark.clause("H4")
def test_after_a_withdrawal_nothing_is_decided() -> None:
    sample = Sample(H4)
    sample.desk.receive("withdraw", withdrawal(), NOW)
    for kind, payload in (("act", act("H4")), ("consent", consents())):
        assert refused(sample.desk, sample.docket, kind, payload) == "the roster is withdrawn"
