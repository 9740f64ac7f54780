"""The course of a rehearsal: what it was, who looks on, and whether it was as the scenario says."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from models.base import Moment, Record
from models.ledger import Entry
from models.messages import Outcome
from models.offices import County
from models.periods import beijing
from models.status import CaseStatus
from operators.scenario import AnyEvent, Expected, Scenario


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


class Course(Record):
    """A scenario as it went.

    Attributes:
        years: By how many years it was moved.
        step, round: Where the case ended, or stands.
        waiting_for: The office it waits for, where it stands.
        breaches: Missed limits, each as step and clause.
        faults: What was not as the scenario says, one sentence each.
    """

    scenario: str
    title: str
    years: int
    case_id: str | None
    county: County
    answers: tuple[Answer, ...]
    entries: tuple[Entry, ...]
    step: str | None
    round: int
    waiting_for: str | None
    breaches: tuple[str, ...]
    outcome: Outcome | None
    faults: tuple[str, ...] = ()


class Spectator(Protocol):
    """Whoever looks on while a scenario is played."""

    def begins(self, scenario: Scenario, years: int, case_id: str, county: County) -> None:
        """The case is open; ``scenario`` is the moved one."""

    def happened(self, event: AnyEvent, answer: Answer) -> None:
        """An event was answered; what came of it is entered after this."""

    def entered(self, entries: Sequence[Entry]) -> None:
        """New entries are on file."""

    def stands(self, status: CaseStatus, now: datetime) -> None:
        """How the case stands now, at rest."""

    def ends(self, course: Course) -> None:
        """It is over."""


class Unseen:
    """Nobody looks on."""

    def begins(self, scenario: Scenario, years: int, case_id: str, county: County) -> None:
        """Nothing."""

    def happened(self, event: AnyEvent, answer: Answer) -> None:
        """Nothing."""

    def entered(self, entries: Sequence[Entry]) -> None:
        """Nothing."""

    def stands(self, status: CaseStatus, now: datetime) -> None:
        """Nothing."""

    def ends(self, course: Course) -> None:
        """Nothing."""


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
