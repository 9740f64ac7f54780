"""A roster as such: how far each household is, who is ready, over, held; whose turn it is."""

from datetime import timedelta
from typing import Any

import pytest

from models.case.mailbox import Expectation
from models.case.messages import Decision
from models.case.status import markdown, state_of, status_of
from models.policy import Body, NameStyle
from models.procedures import H1, H2, H3, H4, Step
from models.register.households import HouseholdFacts
from models.roster.households import STATES, Candidate, Roster, State, shown_name
from models.roster.turns import in_hand, whose_turn
from tests.models.roster_samples import (
    CODES,
    COMMITTEES,
    COUNTY,
    LINE,
    SECRETARY,
    TEAM,
    VILLAGE,
    Sample,
    household,
    objection,
    resolution,
)
from tests.models.samples import DAY, HENAN, NOW
from tests.models.village_samples import village

SECOND = timedelta(seconds=1)


# -- one household ----------------------------------------------------------------------------


@pytest.mark.clause("H2", "H3")
@pytest.mark.parametrize(
    ("verified", "agreed", "posted", "state"),
    [
        (("A1", "A2"), False, False, State.DRAFTED),
        (("A1", "A2"), True, False, State.DRAFTED),
        (("A1", "A2", "A3"), False, False, State.VERIFIED),
        (("A1", "A2", "A3"), True, False, State.AGREED),
        (("A1", "A2", "A3"), True, True, State.POSTED),
    ],
)
def test_how_far_a_household_is(
    verified: tuple[str, ...], agreed: bool, posted: bool, state: State
) -> None:
    sample = Sample()
    one = sample.roster["H-01"]
    one.verified = {Body(each): f"某{each}" for each in verified}
    one.agreed = agreed
    if posted:
        sample.is_posted("H-01", closes=NOW + DAY)
    assert sample.roster.state(one) is state
    assert (one in sample.roster.ready()) is (state is State.AGREED)


@pytest.mark.clause("G3", "H2")
def test_who_begins_again_keeps_nothing() -> None:
    sample = Sample(H4)
    sample.roster["H-01"].overrides = ("S1.housing",)
    sample.roster["H-01"].begin_again(NOW)
    one = sample.roster["H-01"]
    assert not one.verified
    assert not one.overrides
    assert (one.agreed, one.posting, one.begins) == (False, None, NOW)
    assert sample.states() == ["drafted", "posted", "posted"]


@pytest.mark.clause("G1")
def test_who_is_posted_again_stays_verified_and_agreeing() -> None:
    sample = Sample(H4)
    sample.roster["H-01"].post_again()
    assert sample.states() == ["agreed", "posted", "posted"]
    assert [each.code for each in sample.roster.ready()] == ["H-01"]
    assert [each.code for each in sample.roster.over(NOW)] == ["H-02", "H-03"]


@pytest.mark.clause("T1", "H3", "H4")
def test_publicity_is_over_by_the_clock_before_the_case_has_looked() -> None:
    sample = Sample(H3)
    closes = NOW + DAY
    assert sample.roster.over(closes - SECOND) == []
    assert [each.code for each in sample.roster.over(closes)] == list(CODES)
    assert sample.roster.cleared() == []
    posting = sample.roster["H-01"].posting
    assert posting is not None
    posting.over = True  # one notice, of all three
    assert [each.code for each in sample.roster.cleared()] == list(CODES)


@pytest.mark.clause("H2", "H4", "G1")
@pytest.mark.parametrize(
    "change",
    [
        {"agreed": False},
        {"verified": {Body.VILLAGE_COMMITTEES: "某甲"}},
        {"posting": None},
        {"being_struck_off": True},
        {"struck_off": True},
        {"out": "本户不认可：无"},
    ],
    ids=lambda each: next(iter(each)),
)
def test_nobody_is_cleared_who_lacks_anything(change: dict[str, Any]) -> None:
    sample = Sample(H4)
    for name, value in change.items():
        setattr(sample.roster["H-01"], name, value)
    assert [each.code for each in sample.roster.cleared()] == ["H-02", "H-03"]
    assert [each.code for each in sample.roster.over(NOW)] == ["H-02", "H-03"]


@pytest.mark.clause("H2")
def test_the_second_step_is_over_when_everybody_is_through() -> None:
    sample = Sample()
    found = [sample.roster.settled]
    sample.is_agreed("H-01", "H-02")
    found.append(sample.roster.settled)
    sample.is_agreed("H-03")
    found.append(sample.roster.settled)
    sample.roster["H-03"].agreed = False
    found.append(sample.roster.settled)
    sample.roster["H-03"].out = "本户不认可：无"
    assert [*found, sample.roster.settled] == [False, False, True, False, True]


def test_two_households_are_never_the_same() -> None:
    facts: HouseholdFacts = household()
    assert Candidate(facts, NOW) != Candidate(facts, NOW)


# -- the file ---------------------------------------------------------------------------------


@pytest.mark.clause("G7")
def test_who_has_moved_is_given_to_the_file_once() -> None:
    sample = Sample()
    assert sample.roster.take_changes() == {}
    sample.roster["H-02"].out = "本户不认可：无"
    assert sample.roster.take_changes() == {"H-02": ["out", "本户不认可：无"]}
    assert sample.roster.take_changes() == {}
    sample.desk.receive("object", objection("H-01"), NOW)
    assert sample.roster.take_changes() == {"H-01": ["held_unposted", None]}
    sample.desk.receive("resolve", resolution("H-01"), NOW)
    assert sample.roster.take_changes() == {"H-01": ["drafted", None]}


@pytest.mark.clause("G1", "H3")
@pytest.mark.parametrize("whom", ["H-01", None], ids=["to one", "to the roster"])
def test_the_file_says_of_whom_an_objection_holds_whether_its_notice_stands(
    whom: str | None,
) -> None:
    sample = Sample(H3, codes=("H-01",))
    for number in (1, 2):
        sample.desk.receive("object", objection(whom, id=f"o-{number}"), NOW)
    assert sample.roster.take_changes() == {"H-01": ["held", None]}
    sample.roster["H-01"].begin_again(NOW)  # by the first; the second holds it still
    assert sample.roster.take_changes() == {"H-01": ["held_unposted", None]}
    sample.is_agreed("H-01")
    assert sample.roster.take_changes() == {}
    sample.is_posted("H-01", closes=NOW + DAY, key="H3 2")
    assert sample.roster.take_changes() == {"H-01": ["held", None]}


# -- at one look ------------------------------------------------------------------------------


def test_every_state_is_counted_and_called_by_its_name() -> None:
    sample = Sample(H4)
    sample.roster["H-01"].struck_off = True
    sample.roster["H-02"].out = "本户不认可：无"
    sample.desk.receive("object", objection("H-03"), NOW)
    summary = sample.roster.summary()
    assert summary.counts == {
        State.DRAFTED: 0,
        State.VERIFIED: 0,
        State.AGREED: 0,
        State.POSTED: 0,
        State.HELD: 1,
        State.HELD_UNPOSTED: 0,
        State.STRUCK_OFF: 1,
        State.OUT: 1,
    }
    assert (summary.held, summary.closes) == (("H-03",), None)
    assert set(STATES) == set(State)
    shown = markdown(status_of(sample.docket, NOW), sample.roster)
    assert "| 异议待办结\u2800| 已销号\u2800| 未退出\u2800|" in shown
    assert "| 1户\u2800| 1户\u2800| 1户\u2800|" in shown


def test_at_most_twenty_who_are_held_are_named() -> None:
    sample = Sample(H3, codes=tuple(f"H-{number:03}" for number in range(25)))
    sample.desk.receive("object", objection(), NOW)
    summary = sample.roster.summary()
    assert summary.counts[State.HELD] == 25
    assert summary.held == tuple(f"H-{number:03}" for number in range(20))


@pytest.mark.clause("T1")
def test_the_next_end_of_a_notice_is_shown() -> None:
    sample = Sample(H3)
    sample.is_posted("H-03", closes=NOW + 5 * DAY, key="H3 2")
    assert sample.roster.summary().closes == NOW + DAY
    sample.roster["H-01"].out = sample.roster["H-02"].out = "本户不认可：无"
    assert sample.roster.summary().closes == NOW + 5 * DAY
    assert status_of(sample.docket, NOW).waiting_text == "公示中，至 2018-01-10 09:00:00"


@pytest.mark.clause("G8")
@pytest.mark.parametrize(
    ("name", "masked"),
    [("张三", "张*"), ("张某某", "张**"), ("欧阳某某", "欧***"), ("张", "张*"), ("阿·某", "阿**")],
)
def test_a_masked_name(name: str, masked: str) -> None:
    assert shown_name(name, NameStyle.MASKED) == masked
    assert shown_name(name, NameStyle.FULL) == name


# -- whose turn -------------------------------------------------------------------------------


def turn(sample: Sample) -> str | None:
    expected = whose_turn(sample.docket)
    return str(expected.office) if expected else None


@pytest.mark.clause("H2", "A1", "A2", "A3", "A4")
def test_at_h2_everybody_has_a_turn() -> None:
    sample = Sample()
    for body, office in (("A1", COMMITTEES), ("A2", TEAM), ("A3", SECRETARY)):
        assert turn(sample) == office
        for candidate in sample.roster.candidates.values():
            candidate.verified = {**candidate.verified, Body(body): f"某{body}"}
    assert turn(sample) == f"A4/{VILLAGE}"
    for candidate in sample.roster.candidates.values():
        candidate.agreed = True
    assert turn(sample) is None


@pytest.mark.clause("H2")
def test_a_village_without_a_team_waits_for_none() -> None:
    sample = Sample(place=village(work_team=False, first_secretary=False))
    for candidate in sample.roster.candidates.values():
        candidate.verified = {Body.VILLAGE_COMMITTEES: "某甲"}
    assert turn(sample) == f"A4/{VILLAGE}"


@pytest.mark.clause("H3", "H4", "G1")
def test_who_is_sent_back_alone_is_on_somebodys_desk() -> None:
    sample = Sample(H3)
    assert turn(sample) is None
    sample.roster["H-01"].begin_again(NOW)
    assert turn(sample) == COMMITTEES
    sample.is_agreed("H-01")
    sample.roster["H-01"].agreed = False
    assert turn(sample) == f"A4/{VILLAGE}"
    # The county has an objection on its desk; the committees collect the answer meanwhile.
    sample.desk.receive("object", objection("H-02"), NOW)
    assert turn(sample) == f"A4/{VILLAGE}"
    sample.roster["H-01"].agreed = True
    assert turn(sample) is None
    assert str(sample.docket.waiting_for) == COUNTY


@pytest.mark.clause("H4", "A5")
def test_the_county_comes_first_where_it_can_act() -> None:
    sample = Sample(H4)
    sample.roster["H-01"].begin_again(NOW)
    assert turn(sample) == COUNTY
    for code in ("H-02", "H-03"):
        sample.roster[code].being_struck_off = True
    assert turn(sample) == COMMITTEES


@pytest.mark.clause("H1", "G3")
def test_at_a_renewed_appraisal_the_step_itself_says_it() -> None:
    sample = Sample(H1)
    assert whose_turn(sample.docket) is None
    expected = Expectation(
        H1, sample.docket.subject.office(Body.VILLAGE_COMMITTEES), (Decision.APPROVE,)
    )
    sample.docket.expected = expected
    assert whose_turn(sample.docket) == expected


def in_hands(sample: Sample) -> dict[str, list[str]]:
    return {str(office): codes for office, codes in in_hand(sample.docket).items()}


@pytest.mark.clause("T6", "H2", "H3", "H4", "G1")
def test_every_office_that_has_households_in_hand() -> None:
    sample, committees = Sample(H4, codes=("H-01", "H-02", "H-03", "H-04")), Body.VILLAGE_COMMITTEES
    sample.roster["H-01"].begin_again(NOW)  # A1, A2 and A3 verify it
    sample.roster["H-02"].agreed = False  # the committees collect its consent
    sample.roster["H-03"].post_again()  # and post it
    assert in_hands(sample) == {
        COUNTY: ["H-04"],
        COMMITTEES: ["H-01", "H-02", "H-03"],
        TEAM: ["H-01"],
        SECRETARY: ["H-01"],
    }
    sample.roster["H-01"].verified = dict.fromkeys((committees, Body.FIRST_SECRETARY), "某甲")
    sample.desk.receive("object", objection("H-03"), NOW)
    assert in_hands(sample) == {COUNTY: ["H-04", "H-03"], TEAM: ["H-01"], COMMITTEES: ["H-02"]}


@pytest.mark.clause("T6", "H1", "H3")
@pytest.mark.parametrize("step", [H1, H3], ids=str)
def test_the_committees_have_whom_they_appraise_and_whom_they_post(step: Step) -> None:
    assert in_hands(Sample(step)) == {COMMITTEES: list(CODES)}


@pytest.mark.clause("H4")
@pytest.mark.parametrize(
    ("step", "text"),
    [
        (H2, "等待合成村“两委”"),
        (H3, "公示中，至 2018-01-05 24:00"),
        (H4, "等待新县扶贫开发领导小组"),
    ],
    ids=str,
)
def test_what_the_web_ui_says(step: Step, text: str) -> None:
    sample = Sample(step)
    sample.docket.expected = whose_turn(sample.docket)
    if step == H3:
        sample.is_posted(*CODES, closes=NOW.replace(hour=16))
    status = status_of(sample.docket, NOW)
    assert status.waiting_text == text
    assert markdown(status).startswith(f"**合成村 2017年度** · 第1轮 · {text}\n")
    assert state_of(sample.docket, NOW).procedure == "household"


def test_a_roster_without_households() -> None:
    empty = Roster(line=LINE, standards=HENAN.standards, verifiers=(), objections={})
    assert (empty.settled, empty.ready(), empty.cleared(), empty.unfinished) == (True, [], [], [])
