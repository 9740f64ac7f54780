"""What a roster's desk takes in at all: repeated, oversized, early messages; amendments (G1)."""

from datetime import timedelta
from typing import Any

import pytest

from models.appraisals import MOST_HOUSEHOLDS
from models.base import Record
from models.case.ledger import EntryKind
from models.procedures import H1, H2, H3, H4, Step
from models.refusals import Refusal
from models.roster.messages import Consents
from tests.models.receptions import NO_MESSAGES, last, refused
from tests.models.roster_samples import (
    COMMITTEES,
    COUNTY,
    DRAFTED,
    TEAM,
    Sample,
    act,
    amendment,
    consents,
    meeting,
    objection,
    resolution,
    votes,
    withdrawal,
)
from tests.models.samples import DAY, NOW
from tests.models.village_samples import survey

SECOND = timedelta(seconds=1)
EVERYTHING = [
    ("act", act("H2")),
    ("consent", consents("H-01")),
    ("consent", consents("H-01", agreed=False)),
    ("amend", amendment("H-01")),
    ("object", objection("H-01")),
    ("object", objection()),
    ("withdraw", withdrawal()),
]

# -- whatever it is ---------------------------------------------------------------------------


@pytest.mark.clause("G7")
@pytest.mark.parametrize(("kind", "payload"), EVERYTHING)
def test_a_repeated_message_counts_once(kind: str, payload: dict[str, Any]) -> None:
    sample = Sample()
    first = sample.desk.receive(kind, payload, NOW)
    entries = len(sample.docket.ledger.entries)
    assert sample.desk.receive(kind, dict(payload), NOW + DAY) == first
    assert len(sample.docket.ledger.entries) == entries
    assert len(sample.roster.amendments) == (kind == "amend")
    other = payload | ({"text": "别的"} if kind == "object" else {"officer": "某庚"})
    said = refused(sample.desk, sample.docket, kind, other)
    assert said == f"id: {payload['id']} was already used for a different content"


@pytest.mark.clause("G7")
def test_the_receipt_of_an_act_that_named_nobody_is_found_again() -> None:
    sample = Sample(H4)
    first = sample.desk.receive("act", act("H4"), NOW)
    sample.docket.take_act(H4)
    assert sample.desk.receive("act", act("H4"), NOW + DAY) == first
    assert sample.docket.waiting_acts(H4) == []


@pytest.mark.clause("G7")
@pytest.mark.parametrize("kind", ["act", "object", "resolve", "withdraw", "consent", "amend", "x"])
@pytest.mark.parametrize("payload", NO_MESSAGES, ids=repr)
def test_what_is_no_message_is_refused(kind: str, payload: Any) -> None:
    sample = Sample()
    with pytest.raises(Refusal):
        sample.desk.check(kind, payload, NOW)


@pytest.mark.clause("G7", "H2")
def test_a_whole_roster_answers_in_one_message_and_no_more() -> None:
    codes = tuple(f"H-{number:06}" for number in range(MOST_HOUSEHOLDS))
    sample = Sample(codes=codes)
    sample.desk.receive("consent", consents(*codes, id="all"), NOW)
    assert all(each.agreed for each in sample.roster.candidates.values())
    wordy = consents(*codes, id="long")
    for answer in wordy["answers"]:
        answer["signed_by"] = "张" * 100
    said = refused(sample.desk, sample.docket, "consent", wordy)
    assert said.startswith("'consent' takes at most 300,000 bytes, this has ")


@pytest.mark.clause("G7")
def test_more_answers_than_a_roster_can_have_are_refused() -> None:
    sample = Sample()
    answers = consents(*(f"H-{number:06}" for number in range(MOST_HOUSEHOLDS + 1)), id="all")
    said = refused(sample.desk, sample.docket, "consent", answers)
    assert said == "answers: Tuple should have at most 1000 items after validation, not 1001"


@pytest.mark.clause("G3")
@pytest.mark.parametrize("round_", [1, 3])
@pytest.mark.parametrize(
    "payload", [act("H2"), act("H3"), act("H4")], ids=lambda each: each["step"]
)
def test_an_act_is_for_its_round(round_: int, payload: dict[str, Any]) -> None:
    sample = Sample(H4)
    sample.docket.round = 2
    said = refused(sample.desk, sample.docket, "act", payload | {"round": round_})
    assert said == f"round {round_} is not running; the case is in round 2"


@pytest.mark.clause("H2")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        (
            "rates",
            {"incidence": "1", "wrongly_exited": "1", "omitted": "1", "recognition": "95"},
        ),
        ("survey", survey().content()),
    ],
)
def test_what_belongs_to_counties_and_villages(field: str, value: Any) -> None:
    sample = Sample()
    said = refused(sample.desk, sample.docket, "act", act("H2", **{field: value}))
    assert said == f"{field}: no act of this case carries it"


# -- before the roster is drafted -------------------------------------------------------------


@pytest.mark.clause("G7", "H1")
@pytest.mark.parametrize("looked_up", [False, True])
def test_signals_that_come_first_are_kept_in_their_order(looked_up: bool) -> None:
    sample = Sample(H1, open_=False)
    roster = sample.roster
    sample.docket.own = roster if looked_up else None
    sample.desk.hear("act", act("H2"), NOW)
    sample.desk.hear("consent", consents("H-01", agreed=False), NOW + SECOND)
    sample.desk.hear("nonsense", 5, NOW + 2 * SECOND)
    assert sample.docket.ledger.entries == []
    sample.docket.own, sample.docket.step = roster, H2
    sample.desk.open()
    entries = sample.docket.ledger.entries
    assert [entry.kind for entry in entries] == [
        EntryKind.ACT,
        EntryKind.CONSENTS,
        EntryKind.REFUSED,
    ]
    # As of when they came.
    assert [entry.at for entry in entries] == [NOW, NOW + SECOND, NOW + 2 * SECOND]
    assert sample.states() == ["out", "drafted", "drafted"]
    sample.desk.open()
    assert len(entries) == 3
    sample.desk.hear("consent", consents("H-02"), NOW)
    assert sample.roster["H-02"].agreed


@pytest.mark.clause("G7", "H1")
@pytest.mark.parametrize(("kind", "payload"), [each for each in EVERYTHING if each[0] != "object"])
@pytest.mark.parametrize("looked_up", [False, True])
def test_who_can_be_answered_is_told_to_send_it_again(
    kind: str, payload: dict[str, Any], looked_up: bool
) -> None:
    sample = Sample(H1, open_=False)
    if not looked_up:
        sample.docket.own = None
    said = refused(sample.desk, sample.docket, kind, payload)
    assert said == "the roster is being looked up in the register; send it again"


@pytest.mark.clause("G1", "G2")
def test_an_objection_is_never_too_early() -> None:
    sample = Sample(H1, open_=False)
    roster, sample.docket.own = sample.roster, None
    sample.desk.hear("object", objection("H-01"), NOW)
    assert last(sample.docket).data["as"] == "report"
    sample.docket.own = roster
    assert sample.states() == ["held_unposted", "drafted", "drafted"]


@pytest.mark.clause("G7")
def test_what_came_before_a_roster_that_was_not_admitted_is_on_file() -> None:
    sample = Sample(H1, open_=False)
    sample.docket.own = None
    sample.desk.hear("consent", consents("H-01"), NOW)
    sample.desk.open()
    entry = last(sample.docket)
    assert (entry.kind, entry.data["why"]) == (
        EntryKind.REFUSED,
        "the roster was not admitted; nothing can be done with it",
    )
    said = refused(sample.desk, sample.docket, "object", objection())
    assert said == "the roster was not admitted; nothing can be done with it"


# -- amendments -------------------------------------------------------------------------------


@pytest.mark.clause("G1", "H1")
@pytest.mark.parametrize("step", [H2, H3, H4], ids=str)
def test_entries_are_taken_anew_without_a_meeting(step: Step) -> None:
    sample = Sample(step)
    receipt = sample.desk.receive("amend", amendment("H-01", "H-02"), NOW)
    assert receipt.text == "公示内容变更2户，理由：登记内容更正（合成）"
    (waiting,) = sample.roster.amendments
    assert [each.household for each in waiting.message.households] == ["H-01", "H-02"]
    assert last(sample.docket).kind is EntryKind.AMENDMENT


@pytest.mark.clause("G1", "S5")
def test_the_county_tells_of_a_natural_change_of_the_register() -> None:
    sample = Sample(H3)
    sample.desk.receive("amend", amendment("H-01", office=COUNTY), NOW)
    (waiting,) = sample.roster.amendments
    assert str(waiting.message.office) == COUNTY


@pytest.mark.clause("G1", "H1")
def test_who_is_added_was_voted_on() -> None:
    sample = Sample(H3)
    assert refused(sample.desk, sample.docket, "amend", amendment("H-01", "H-08", "H-09")) == (
        "meeting: H-08, H-09 is not on the roster; to add it, give the record of the meeting that "
        "voted on it (H1)"
    )
    sample.desk.receive("amend", amendment("H-01", "H-08", "H-09", meeting=meeting()), NOW)


@pytest.mark.clause("G1", "H1", "A1")
@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (
            amendment("H-01", office=TEAM),
            "A2/411523100901 may not amend the roster here; 合成村“两委” (A1/411523100901) may",
        ),
        (
            amendment("H-01", office=COUNTY, meeting=meeting()),
            "A5/411523 may not amend the roster here; 合成村“两委” (A1/411523100901) may",
        ),
        (
            amendment("H-08", meeting=meeting(present=19), households=votes("H-08")),
            "meeting.present: 19 of 30 are less than the quorum of 2/3 (H1); the "
            "meeting has to be held again",
        ),
        (
            amendment("H-08", meeting=meeting(), households=votes("H-08", in_favour=21)),
            "households: 21 votes for H-08 are more than the 20 present (H1)",
        ),
        (
            amendment("H-08", "H-08", meeting=meeting()),
            "households: H-08 stands on the roster twice; keep one",
        ),
        (amendment("H-01", "H-01"), "households: one of them stands there twice; keep one"),
        (
            amendment("H-08", meeting=meeting(held_on="2018-01-06")),
            "meeting.held_on: 2018-01-06 lies after 2018-01-05, when it was handed in",
        ),
        (
            amendment("H-08", meeting=meeting(held_on="2016-12-31")),
            "meeting.held_on: 2016-12-31 lies before 2017, the year of the roster",
        ),
        (
            amendment("H-08", meeting=meeting(), at=(DRAFTED - 10 * DAY).isoformat()),
            "meeting.held_on: 2017-12-01 lies after 2017-11-26, when it was handed in",
        ),
        (
            amendment(households=[]),
            "households: Tuple should have at least 1 item after validation, not 0",
        ),
        (amendment("H-01", reason=" "), "reason: String should have at least 1 character"),
        (
            amendment("H-01", at=(NOW + DAY).isoformat()),
            "at: 2018-01-06T01:00:00+00:00 lies in the future",
        ),
    ],
)
def test_what_amends_nothing(payload: dict[str, Any], why: str) -> None:
    sample = Sample(H3)
    assert refused(sample.desk, sample.docket, "amend", payload) == why


@pytest.mark.clause("G1", "H4")
@pytest.mark.parametrize(
    ("state", "why"),
    [
        (
            {"struck_off": True},
            "household H-01 is struck off already; report it to the supervision of "
            "the provincial group",
        ),
        (
            {"being_struck_off": True},
            "household H-01: too late, it is being struck off; report it to the "
            "supervision of the provincial group",
        ),
        ({"out": "本户不认可：无"}, "household H-01 has left the roster: 本户不认可：无"),
    ],
)
def test_nothing_is_amended_for_whom_it_comes_too_late(state: dict[str, Any], why: str) -> None:
    sample = Sample(H4)
    for name, value in state.items():
        setattr(sample.roster["H-01"], name, value)
    for payload in (amendment("H-01"), amendment("H-01", "H-08", meeting=meeting())):
        assert refused(sample.desk, sample.docket, "amend", payload) == why


@pytest.mark.clause("H1")
def test_a_roster_does_not_outgrow_a_case() -> None:
    codes = tuple(f"H-{number:06}" for number in range(MOST_HOUSEHOLDS - 1))
    sample = Sample(codes=codes)
    two = amendment("H-A001", "H-A002", meeting=meeting())
    assert refused(sample.desk, sample.docket, "amend", two) == (
        "households: a roster has at most 1000; put the rest on one of their own"
    )
    sample.desk.receive("amend", amendment("H-A001", meeting=meeting()), NOW)


@pytest.mark.clause("G1")
def test_nothing_is_amended_after_a_withdrawal() -> None:
    sample = Sample(H3)
    sample.desk.receive("withdraw", withdrawal(), NOW)
    said = refused(sample.desk, sample.docket, "amend", amendment("H-01"))
    assert said == "the roster is withdrawn"


# -- what is written down ---------------------------------------------------------------------


@pytest.mark.clause("G7")
def test_the_file_names_who_spoke_and_what_changed() -> None:
    sample = Sample()
    sample.desk.receive("consent", consents("H-01"), NOW)
    entry = last(sample.docket)
    assert (entry.actor, entry.step, entry.round) == ("某甲", "H2", 1)
    content = entry.data["consents"]
    assert Consents.model_validate(content) == Consents.model_validate(consents("H-01"))
    sample.desk.receive("amend", amendment("H-01"), NOW)
    assert last(sample.docket).actor == f"{COMMITTEES} 某甲"
    sample.desk.receive("object", objection("H-01"), NOW)
    sample.desk.receive("resolve", resolution("H-01"), NOW)
    assert last(sample.docket).text == (
        "新县扶贫开发领导小组：举报 o-H-01 经调查不成立，理由：经实地调查（合成）"
    )


def test_every_message_of_a_roster_is_a_record() -> None:
    desk = Sample().desk
    assert sorted(desk.messages) == [
        "act", "amend", "consent", "object", "posted", "resolve", "withdraw"
    ]  # fmt: skip
    assert all(issubclass(kind, Record) for kind in desk.messages.values())
