"""What a message costs a case does not grow with what the case has heard before.

A case that goes through all its objections, limits or households at every message takes minutes to
be played from its beginning, and a worker that starts has seconds for it. Counted are the steps of
the interpreter, which are the same on every machine.
"""

import sys
from collections.abc import Callable
from datetime import datetime
from types import FrameType
from typing import Any

import pytest

from models.case.limits import Watch
from models.case.reminders import next_after
from models.case.status import state_of
from models.policy import Reminders
from models.procedures import H2, H3
from models.roster.turns import whose_turn
from tests.models.roster_samples import Sample, consents, objection, resolution
from tests.models.samples import CITY, DAY, NOW, limit
from workflows.timekeeper import AT_ONCE, _first_of

FEW, MANY = 20, 400
HARDLY_MORE = 1.3
RULE = Reminders(before_days=(3, 1), after_every_days=3)


def steps(action: Callable[[], Any]) -> int:
    """How many steps the interpreter takes for something."""
    taken = 0

    def count(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal taken
        frame.f_trace_opcodes = True
        taken += event == "opcode"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        action()
    finally:
        sys.settrace(before)
    return taken


def codes(number: int) -> list[str]:
    """Numbers of so many households."""
    return [f"H-{each:04}" for each in range(number)]


def posted(*, households: int, objections: int) -> Sample:
    """A roster in its publicity, with open objections under their limits, each on its own."""
    sample = Sample(H3, codes=codes(households))
    for number in range(objections):
        objected(sample, number)
    return sample


def objected(sample: Sample, number: int, code: str | None = None) -> None:
    """Somebody objects, and the county has a limit for it."""
    sample.desk.receive("object", objection(code, id=f"o-{number}"), NOW)
    name = f"异议 o-{number}"
    office = sample.docket.investigator
    sample.docket.watch.arm(name, limit("T7", NOW + 9 * DAY), office, name, NOW)


def looked_at(sample: Sample, now: datetime = NOW) -> None:
    """What a case asks itself between two messages."""
    docket, roster = sample.docket, sample.roster
    roster.take_changes()
    assert roster.stale == []
    for asked in (roster.ready, roster.cleared, roster.unanswered):
        asked()
    docket.expected = whose_turn(docket)
    state_of(docket, now)
    docket.watch.guessed(now)
    docket.watch.next_moment()


def one_more(sample: Sample) -> None:
    """An objection and its result, with all that the case asks itself."""
    objected(sample, 9_999)
    looked_at(sample)
    result = resolution(id="r-9999", objection_id="o-9999")
    sample.desk.receive("resolve", result, NOW)
    sample.docket.watch.disarm("异议 o-9999")
    sample.docket.objections["o-9999"].answered = True
    looked_at(sample)


@pytest.mark.clause("G1")
@pytest.mark.parametrize(
    "grown",
    [
        pytest.param({"households": FEW, "objections": MANY}, id="objections"),
        pytest.param({"households": MANY, "objections": FEW}, id="households"),
    ],
)
def test_one_more_objection_costs_what_the_first_ones_cost(grown: dict[str, int]) -> None:
    counted = []
    for number in ({"households": FEW, "objections": FEW}, grown):
        sample = posted(**number)
        looked_at(sample)
        counted.append(steps(lambda sample=sample: one_more(sample)))  # type: ignore[misc]
    few, many = counted
    assert many < HARDLY_MORE * few


@pytest.mark.clause("H2")
def test_one_more_household_that_agrees_costs_what_the_first_one_cost() -> None:
    counted = []
    for number in (FEW, MANY):
        sample = Sample(H2, codes=codes(number))
        for each in sample.roster.candidates.values():
            each.verified = dict.fromkeys(sample.roster.verifiers, "某甲")
        looked_at(sample)
        counted.append(steps(lambda sample=sample: agrees(sample)))  # type: ignore[misc]
    few, many = counted
    assert many < HARDLY_MORE * few


def agrees(sample: Sample) -> None:
    """The first household says yes, and the case asks itself what it asks."""
    sample.desk.receive("consent", consents(codes(1)[0]), NOW)
    looked_at(sample)


def missed(number: int) -> Watch:
    """So many limits of one day that were missed."""
    watch = Watch(RULE)
    for each in range(number):
        watch.arm(f"异议 {each:04}", limit("T7", NOW + DAY), CITY, "", NOW)
    for watched in watch.due(NOW + DAY):
        watch.hear(watched, NOW + DAY)
        watch.miss(watched)
    return watch


@pytest.mark.clause("T8")
def test_limits_that_were_missed_are_put_off_as_one() -> None:
    counted = []
    for number in (FEW, MANY):
        watch = missed(number)
        moment = NOW + 4 * DAY
        assert watch.next_moment() == (moment, watch["异议 0000"])
        spoke = watch.due(moment)
        assert len(spoke) == number
        watch.hear(spoke[0], moment)
        counted.append(steps(watch.next_moment))
        assert watch.next_moment() == (moment + 3 * DAY, watch["异议 0000"])
        assert watch.due(moment) == []
    few, many = counted
    assert many < HARDLY_MORE * few


@pytest.mark.clause("T8")
def test_a_reminder_after_three_years_is_found_as_fast_as_the_first() -> None:
    first, last = (
        steps(lambda days=days: next_after(NOW + days * DAY, NOW, RULE))  # type: ignore[misc]
        for days in (1, 3 * 365)
    )
    assert last == first


@pytest.mark.clause("T8", "G4")
def test_all_that_were_missed_speak_at_one_go_and_of_the_others_the_first() -> None:
    watch = missed(MANY)
    for each in range(AT_ONCE + 1):
        watch.arm(f"其他 {each:04}", limit("T7", NOW + 4 * DAY), CITY, "", NOW)
    spoken = _first_of(watch.due(NOW + 4 * DAY))
    assert len([each for each in spoken if each.breached]) == MANY
    assert [each.key for each in spoken if not each.breached] == [
        f"其他 {each:04}" for each in range(AT_ONCE)
    ]
