"""What a run of a case hands over: everything the next has to know, and nothing that is on file."""

import random
import re
import string
from typing import get_origin

import pytest

from models.appraisals import MOST_HOUSEHOLDS
from models.base import Record
from models.case import bounds
from models.case.handover import Handed, Handover, KnownMessage, is_at_rest, standing_of, take_over
from models.case.reception import Reception
from models.case.state import Docket
from models.case.status import objections_of, status_of
from models.offices import Office
from models.periods import LimitKind
from models.procedures import C4
from models.refusals import AlreadyReceived, Refusal
from tests.models.receptions import at_publicity
from tests.models.samples import (
    DAY,
    NOW,
    PROOF,
    PROVINCE,
    docket,
    limit,
    objection_values,
    reception,
    resolution_values,
)
from tests.models.test_posting import NOTICE, posted, report
from tests.models.test_reckoning import NEWER


class Long(Record):
    """An opening, as far as its length goes."""

    text: str


OPENING = Long(text="x" * 100_000)


def handover_of(case: Docket, desk: Reception) -> Handover:
    return Handover(
        **standing_of(case),
        orders=7,
        arrived=NOW,
        notice="notice",
        passed=(),
        mendings=0,
        vain=0,
        known=desk.receipts.known(),
        reception=desk.counters(),
    )


def next_run(handover: Handover) -> tuple[Docket, Reception]:
    """A case that has just begun, and stands where another stood."""
    handed = Handed.of(handover, OPENING)
    assert handed is not None
    case = docket(C4)
    desk, unpacked = reception(case), handed.unpacked()
    take_over(case, unpacked)
    desk.take_over(unpacked.known, unpacked.reception)
    return case, desk


def objected(number: int) -> tuple[Docket, Reception]:
    """A publicity to which so many object, each with a limit for the answer (T7)."""
    case, desk = at_publicity()
    for each in range(number):
        name = f"合成{each}"
        desk.receive(
            "object", objection_values(f"o-{each}", objector=name, contact=f"x-{each}"), NOW
        )
        due = limit("T7", NOW + 15 * DAY, LimitKind.MAXIMUM)
        case.watch.arm(f"异议 o-{each}", due, Office.parse(PROVINCE), f"异议 o-{each}", NOW)
    settle(case)
    return case, desk


def settle(case: Docket) -> None:
    """As if the procedure had looked."""
    case.to_accept.clear()
    case.stirred = False


@pytest.mark.clause("G1", "G7")
def test_the_next_run_stands_where_the_earlier_one_stood() -> None:
    case, desk = objected(3)
    desk.receive("resolve", resolution_values("o-1"), NOW + DAY)
    case.objections["o-1"].answered = True
    case.to_answer.clear()
    settle(case)
    assert is_at_rest(case)
    later, _ = next_run(handover_of(case, desk))
    assert status_of(later, NOW + DAY) == status_of(case, NOW + DAY)
    assert objections_of(later, 0) == objections_of(case, 0)
    assert [each.received.message.id for each in later.unresolved] == ["o-0", "o-2"]
    assert later.objections["o-0"].received.message.contact == "x-0"  # it is still to be answered
    assert later.objections["o-1"].received.message.contact == "x-1"  # who may ask for its review
    case.objections["o-1"].reviewed_by = "f-1"
    _, told, _ = handover_of(case, desk).objections
    named = told.received.message
    assert (named.objector, named.contact) == (None, None)
    assert later.publicity_ended == case.publicity_ended
    assert list(later.watch.in_force()) == list(case.watch.in_force())


@pytest.mark.clause("T1", "T7")
def test_the_next_run_has_the_calendar_of_the_earlier_one() -> None:
    case, desk = objected(1)
    case.reckoning.learn(NEWER)
    later, _ = next_run(handover_of(case, desk))
    assert later.reckoning.calendar == NEWER
    assert later.reckoning.take_outdated() == set()


@pytest.mark.clause("T1", "G7")
@pytest.mark.parametrize("runs", [True, False])
def test_the_next_run_knows_which_notice_was_posted(runs: bool) -> None:
    case, desk = posted(runs=runs)
    watched = case.notices[NOTICE].watched
    if runs:
        case.watch.keep(watched)
    desk.receive("posted", report(evidence=[PROOF], reason="公示"), NOW + DAY)
    settle(case)
    assert not is_at_rest(case)  # the report has still to be acted on
    case.reports.clear()
    assert is_at_rest(case)
    later, _ = next_run(handover_of(case, desk))
    (kept,), (there,) = later.notices.values(), case.notices.values()
    assert (kept.watched, kept.published, kept.reports) == (
        there.watched, there.published, 1
    )  # fmt: skip
    assert kept.posted is not None
    assert kept.posted.message.evidence[0].name == "见案卷"  # it is on file
    assert later.waits_for_posting is not runs
    assert (later.watch.get(watched.key) is later.notices[NOTICE].watched) is runs
    assert status_of(later, NOW + DAY) == status_of(case, NOW + DAY)


@pytest.mark.clause("G7")
def test_a_message_of_an_earlier_run_counts_once() -> None:
    case, desk = objected(1)
    later, again = next_run(handover_of(case, desk))
    message = objection_values("o-0", objector="合成0", contact="x-0")
    with pytest.raises(
        AlreadyReceived, match="object o-0 was received already, as entry 1"
    ) as told:
        again.receive("object", message, NOW + DAY)
    assert told.value.seq == 1
    again.hear("object", message, NOW + DAY)  # as a signal: nothing is refused on file for it
    assert later.ledger.entries == []
    with pytest.raises(Refusal, match="already used for a different content"):
        again.receive("object", message | {"text": "别的"}, NOW + DAY)
    with pytest.raises(Refusal, match="o-9 was not received here; known: o-0"):
        again.receive("resolve", resolution_values("o-9"), NOW + DAY)


@pytest.mark.clause("G7")
def test_the_file_goes_on_after_the_last_entry_of_the_earlier_run() -> None:
    case, desk = objected(2)
    later, again = next_run(handover_of(case, desk))
    receipt = again.receive("object", objection_values("o-2"), NOW + DAY)
    (entry,) = later.ledger.entries
    assert (receipt.seq, entry.previous) == (3, case.ledger.head)
    assert (later.ledger.count, later.ledger.head_at(2)) == (3, case.ledger.head)
    assert later.ledger.after(0, 10) == later.ledger.after(2, 10) == [entry]
    assert later.ledger.after(3, 10) == []


@pytest.mark.clause("G7")
def test_a_counter_that_the_earlier_run_did_not_know_begins_at_nought() -> None:
    _, desk = objected(1)
    desk.receive("object", objection_values("o-0", objector="合成0", contact="x-0"), NOW)
    handed = desk.counters()
    assert handed["repeated"] == 1
    for name in handed:
        _, later = at_publicity()
        later.take_over((), {key: value for key, value in handed.items() if key != name})
        assert later.counters() == handed | {name: 0}


@pytest.mark.clause("G7")
@pytest.mark.parametrize(
    "wait",
    [
        "stirred",
        "posting",
        "preparing",
        "changing",
        "mending",
    ],
)
def test_a_case_at_work_hands_nothing_over(wait: str) -> None:
    case, _ = objected(1)
    assert is_at_rest(case)
    setattr(case, wait, True)
    assert not is_at_rest(case)


@pytest.mark.clause("G1", "G7")
def test_a_case_that_has_somebody_to_hear_hands_nothing_over() -> None:
    case, desk = objected(1)
    desk.receive("object", objection_values("o-1"), NOW)
    case.stirred = False
    assert not is_at_rest(case)  # nobody has looked at the new one
    settle(case)
    desk.receive("resolve", resolution_values("o-1"), NOW)
    case.stirred = False
    assert not is_at_rest(case)  # nobody has answered it


BOUNDED_BY = {
    "passed": "the waits of one step; a loop forgets those of its earlier passes",
    "done": "the steps of the route",
    "officers": "MOST_MESSAGES + MOST_BEYOND",
    "acted": "the offices of the subject",
    "limits": "MOST_OBJECTIONS, MOST_HOUSEHOLDS and the steps of the route",
    "objections": "MOST_OBJECTIONS",
    "notices": "MOST_HOUSEHOLDS: each has somebody whose latest notice it is; else one",
    "known": "MOST_MESSAGES + MOST_BEYOND + MOST_DOCUMENTS, MOST_OBJECTIONS and their results",
    "reception": "the names of the counters",
    "own": "MOST_HOUSEHOLDS, or the sample or list that was drawn",
}
"""What keeps each part of a handover that is no single value from growing for ever."""


@pytest.mark.clause("G7")
def test_whatever_can_grow_in_a_handover_has_a_bound() -> None:
    growing = {
        name
        for name, field in Handover.model_fields.items()
        if name == "own" or get_origin(field.annotation) in (tuple, dict)
    }
    assert growing == BOUNDED_BY.keys()
    named = set(re.findall(r"MOST_[A-Z]+", " ".join(BOUNDED_BY.values())))
    assert named <= {*vars(bounds), "MOST_HOUSEHOLDS"}
    assert MOST_HOUSEHOLDS == 1_000


def noise(number: int) -> str:
    return "".join(random.Random(number).choices(string.ascii_letters, k=60))


@pytest.mark.clause("G1", "G7")
def test_as_much_as_a_case_takes_fits_into_a_handover() -> None:
    """Objections all open, each with a name and a contact that no other has; acts of as many."""
    case, desk = at_publicity()
    for number in range(bounds.MOST_OBJECTIONS):
        values = objection_values(f"o-{number}", objector=noise(number), contact=noise(-number))
        desk.receive("object", values, NOW)
        due = limit("T7", NOW + 15 * DAY, LimitKind.MAXIMUM)
        key = f"异议 o-{number}"
        case.watch.arm(key, due, Office.parse(PROVINCE), key, NOW)
    settle(case)
    others = bounds.MOST_MESSAGES + bounds.MOST_BEYOND + bounds.MOST_DOCUMENTS
    chance = random.Random(7)
    known = [
        KnownMessage(
            kind="act", id=chance.randbytes(16).hex(), sha256=chance.randbytes(8).hex(), seq=each
        )
        for each in range(others)
    ]
    handover = handover_of(case, desk)
    later, _ = next_run(handover.model_copy(update={"known": (*handover.known, *known)}))
    assert later.open_count == bounds.MOST_OBJECTIONS
    assert later.unresolved[-1].received.message.contact == noise(1 - bounds.MOST_OBJECTIONS)


@pytest.mark.clause("G7")
def test_what_cannot_be_sent_is_not_handed_over() -> None:
    case, desk = at_publicity()
    for number in range(400):
        name = "".join(noise(1_000 * number + each) for each in range(40))
        desk.receive("object", objection_values(f"o-{number}", objector=name), NOW)
    settle(case)
    handover = handover_of(case, desk)
    assert Handed.of(handover, OPENING) is None
    less = handover.model_copy(update={"objections": handover.objections[:280]})
    assert Handed.of(less, OPENING) is not None
    assert Handed.of(less, Long(text="x" * 300_000)) is None  # it goes with the opening
