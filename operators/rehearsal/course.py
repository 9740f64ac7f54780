"""The course of a rehearsal: what it was, who looks on, and whether it was as the scenario says."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from models.base import Moment, Record
from models.case.ledger import Entry, verify
from models.case.messages import Outcome
from models.case.status import CaseStatus
from models.offices import County
from models.periods import beijing
from operators.rehearsal.events import Event
from operators.rehearsal.scenario import Expected, Scenario
from registry.desk import Registry


class Answer(Record):
    """What came of one event: the case's receipt, or its refusal.

    Attributes:
        number: Which event of the scenario it was, from 1.
        seq: The ledger entry it became. None where it was refused, which leaves no trace in the
            file, and where it was nothing but a wait.
    """

    number: int
    at: Moment
    text: str
    seq: int | None = None


class CaseCourse(Record):
    """A case as it went, or not at all, where it was not opened.

    Attributes:
        step, round: Where the case ended, or stands.
        waiting_for: The office it waits for, where it stands.
        breaches: Missed limits, each as step and clause.
    """

    case_id: str | None = None
    answers: tuple[Answer, ...] = ()
    entries: tuple[Entry, ...] = ()
    step: str | None = None
    round: int = 1
    waiting_for: str | None = None
    breaches: tuple[str, ...] = ()
    outcome: Outcome | None = None


class Course(CaseCourse):
    """A scenario as it went.

    Attributes:
        years: By how many years it was moved.
        faults: What was not as the scenario says, one sentence each.
    """

    scenario: str
    title: str
    years: int
    county: County
    faults: tuple[str, ...] = ()


class Onlooker(Protocol):
    """Whoever looks on at one case."""

    def happened(self, event: Event, answer: Answer) -> None:
        """An event was answered; what came of it is entered after this."""

    def entered(self, entries: Sequence[Entry]) -> None:
        """New entries are on file."""

    def stands(self, status: CaseStatus, now: datetime) -> None:
        """How the case stands now, at rest."""


class Spectator(Onlooker, Protocol):
    """Whoever looks on while a scenario is played."""

    def begins(self, scenario: Scenario, years: int, case_id: str, county: County) -> None:
        """The case is open; ``scenario`` is the moved one."""

    def ends(self, course: Course) -> None:
        """It is over."""


class Unseen:
    """Nobody looks on."""

    def begins(self, scenario: Scenario, years: int, case_id: str, county: County) -> None:
        """Nothing."""

    def happened(self, event: Event, answer: Answer) -> None:
        """Nothing."""

    def entered(self, entries: Sequence[Entry]) -> None:
        """Nothing."""

    def stands(self, status: CaseStatus, now: datetime) -> None:
        """Nothing."""

    def ends(self, course: Course) -> None:
        """Nothing."""


def differences_of_copy(course: CaseCourse, registry: Registry) -> tuple[str, ...]:
    """G7: the registry's file of the case is the case's own, unbroken."""
    if course.case_id is None:
        return ()
    verify(course.case_id, course.entries)
    if registry.ledger(course.case_id) == list(course.entries):
        return ()
    return (f"the registry's file of {course.case_id} is not the case's own",)


def disagreements(course: Course, expected: Expected) -> tuple[str, ...]:
    """In what a course differs from what its (moved) scenario expects."""
    ended = course.outcome
    found: dict[str, tuple[Any, Any]] = {
        "ending": (expected.ending or "open", ended.ending if ended else "open"),
        "step": (expected.step, course.step),
        "rounds": (expected.rounds, course.round),
        "breaches": (", ".join(expected.breaches) or "none", ", ".join(course.breaches) or "none"),
    }
    if expected.on is not None:
        found["on"] = (expected.on, beijing(ended.at).date() if ended else "not yet")
    return tuple(
        f"expect.{field}: the scenario says {right}, it was {was}"
        for field, (right, was) in found.items()
        if right != was
    )
