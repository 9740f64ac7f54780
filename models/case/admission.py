"""What opens a case: an application, what it is held against, and what the registry answers (G9).

The same rules serve the desk, before anything starts, and the registry, which admits the case: no
way of starting one gets round them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from models.base import CLOCKS_MAY_DIFFER_BY, Moment, Record
from models.calendar import Calendar
from models.case.handover import Handed
from models.case.orders import CaseState
from models.case.parts import PlanAddition
from models.offices import AnySubject
from models.orders import Order
from models.periods import beijing, until
from models.policy import Policy
from models.procedures import Procedure
from models.register.villages import Incidence

A = TypeVar("A", bound=Record)
S = TypeVar("S", bound=AnySubject)


class Opening(Record, Generic[A, S]):
    """The input of a case: everything legal that can vary, frozen at its start.

    Attributes:
        application: What was handed in, ordered or called for.
        subject: Whom it is about, as the register has it on that day.
        received_at: When the desk took the application in; a worker may come much later.
        handed: What an earlier run of the case has handed over; nothing in the first.
    """

    case_id: str
    application: A
    subject: S
    policy: Policy
    received_at: Moment | None = None
    handed: Handed | None = None


O = TypeVar("O", bound=Opening[Any, Any])  # noqa: E741 - an opening
K = TypeVar("K")


class Admission(Record, Generic[K]):
    """Whether a case may open.

    Attributes:
        fault: The sentence that says why not; None if it may.
        token: By which the registry knows its own admission again: every batch of the file bears
            it, and without it no file begins.
        calendar: Of the day, from the year on in which the application came in.
        known: What the registry knew when it admitted the case; None of one that is not admitted.
    """

    fault: str | None = None
    token: str = ""
    calendar: Calendar = Calendar()
    known: K | None = None


class AdmitOrder(Order[Admission[K]], Generic[O, K]):
    """An opening to hold against the register.

    Attributes:
        now: The moment as of which the register is looked at, on the case's clock.
        state: The line that is listed if the case is admitted, so that no second case of the
            subject can be (G9).
        run: The first run of the case's workflow: two under one id are told apart by it.
    """

    opening: O
    now: Moment
    state: CaseState
    run: str

    @property
    def summary(self) -> str:
        return f"受理审查 {self.state.step}"

    @classmethod
    def answer(cls) -> Any:
        return Admission.__class_getitem__(super().answer())


# -- what an application is held against ---------------------------------------------------------


class SubjectFacts(Record, Generic[S]):
    """What the register knows of a subject, on the day an application is looked at.

    Attributes:
        subject: None if the register does not know the code, or not its place on that day.
        code_note: Why there is no subject.
        attempt: Which case of the subject and year the next one is, from 1.
        open_case: Id of another case that has not ended and bars this one (G9).
    """

    subject: S | None
    code_note: str = ""
    attempt: int = 1
    open_case: str | None = None

    @property
    def name(self) -> str:
        """What sentences call the subject."""
        assert self.subject is not None
        return f"{self.subject.name} ({self.subject.code})"


class PlaceFacts(SubjectFacts[S], Generic[S]):
    """What the register knows of a county or village that is to leave its list.

    Attributes:
        list_name: What its list is called.
        listed: Whether it is on the list.
        exited_on: Since when it is not, if it has left.
        planned: Whether the year's plan names it.
        refused_case: Id of a case of the same subject and year that ended as not exited.
        revoked_case: Id of the case that revoked its exit of the same year (F7).
        incidence: What the register itself counts on the day that counts; None if it knows nobody
            who lives there.
    """

    list_name: ClassVar[str]

    listed: bool = False
    exited_on: date | None = None
    planned: bool = False
    refused_case: str | None = None
    revoked_case: str | None = None
    incidence: Incidence | None = None


F = TypeVar("F", bound=SubjectFacts[Any])
A_co = TypeVar("A_co", covariant=True)
F_co = TypeVar("F_co", covariant=True)


@dataclass(frozen=True)
class Matter(Generic[A_co, F_co]):
    """An application, and what it is held against at a moment."""

    application: A_co
    facts: F_co
    policy: Policy
    now: datetime


Check = Callable[[Matter[A, F]], str | None]
"""Says in one sentence why an application cannot open a case; None if it can."""


@dataclass(frozen=True)
class Rules(Generic[A, F]):
    """What an application of one procedure is held against.

    Attributes:
        named: What an application names, for a code that the register does not know.
        case_id: The id of the case, by application and attempt.
        checks: In this order; the first fault is told.
    """

    procedure: Procedure
    named: Callable[[A], str]
    case_id: Callable[[A, int], str]
    checks: tuple[Check[A, F], ...]

    def fault(self, application: A, facts: F, policy: Policy, now: datetime) -> str | None:
        """Why an application cannot open a case, in one sentence; None if it can."""
        if facts.subject is None:
            return f"{self.named(application)}: {facts.code_note}"
        matter = Matter(application, facts, policy, now)
        return next(filter(None, (check(matter) for check in self.checks)), None)


# -- the checks that several procedures make -----------------------------------------------------


class Signed(Protocol):
    """An application that is signed, of a year."""

    @property
    def year(self) -> int:
        """The year of the case."""

    @property
    def applied_at(self) -> datetime | None:
        """When it was signed; the moment of receipt counts if it is not given."""


class WithAReason(Signed, Protocol):
    """An application that says why, if it comes late."""

    @property
    def late_reason(self) -> str | None:
        """Why it comes late."""


class OfAPlan(Signed, Protocol):
    """An application of somebody whom the year's plan names (G6)."""

    @property
    def plan_addition(self) -> PlanAddition | None:
        """Why the plan is added to."""


def in_province(matter: Matter[object, SubjectFacts[Any]]) -> str | None:
    """A policy is the reading of one province."""
    facts, policy = matter.facts, matter.policy
    if facts.subject is not None and facts.subject.region_path[0] == policy.province:
        return None
    return f"{facts.name} is not in the province of the policy {policy.id} ({policy.province})"


def no_open_case(matter: Matter[Signed, SubjectFacts[Any]]) -> str | None:
    """G9: one open case of a subject and year."""
    facts = matter.facts
    if facts.open_case is None:
        return None
    year = matter.application.year
    return f"{facts.name} already has an open case for {year}: {facts.open_case} (G9)"


def not_refused(matter: Matter[Signed, PlaceFacts[Any]]) -> str | None:
    """G3, F7: a year in which an exit was refused or revoked is over for the subject."""
    facts, year = matter.facts, matter.application.year
    if facts.refused_case is not None:
        return (
            f"{facts.name} was not exited in {year} ({facts.refused_case}); it may be taken up "
            "again next year (G3)"
        )
    if facts.revoked_case is not None:
        return (
            f"the exit of {facts.name} in {year} was revoked by {facts.revoked_case}; it may be "
            "taken up again next year (F7)"
        )
    return None


def on_the_list(matter: Matter[object, PlaceFacts[Any]]) -> str | None:
    """Only who is on the list can leave it."""
    facts = matter.facts
    if facts.listed:
        return None
    why = f": it left on {facts.exited_on}" if facts.exited_on else ", and never was"
    return f"{facts.name} is not on {facts.list_name}{why}"


def planned(matter: Matter[OfAPlan, PlaceFacts[Any]]) -> str | None:
    """G6: nobody leaves outside the year's plan, unless the plan is added to."""
    facts, application = matter.facts, matter.application
    if facts.planned or application.plan_addition is not None:
        return None
    return f"{facts.name} {not_planned(application.year)}"


def not_planned(year: int) -> str:
    """What is said of a subject that is not in a year's plan (G6)."""
    return (
        f"is not in the plan of {year} (G6); to add it, give a plan_addition with reason and "
        "document_number"
    )


def signed_by_now(matter: Matter[Signed, object]) -> str | None:
    """Nothing is signed tomorrow; clocks differ a little."""
    at = matter.application.applied_at
    if at is None or at <= matter.now + CLOCKS_MAY_DIFFER_BY:
        return None
    return f"applied_at: {at} lies in the future"


def in_its_year(matter: Matter[Signed, object]) -> str | None:
    """G5: a case is of the year in which it is opened, or of the one before."""
    return of_its_year(matter, "a case is opened in its year, or late in the year after it (G5)")


def late_with_a_reason(
    matter: Matter[WithAReason, object], clause: str, due: datetime, what: str
) -> str | None:
    """G5: what comes when a date has passed says why, and nothing else does."""
    application = matter.application
    late = (application.applied_at or matter.now) >= due
    if late and application.late_reason is None:
        return f"{what} comes after {until(due)} ({clause}); give a late_reason (G5)"
    if application.late_reason is not None and not late:
        return f"late_reason: {what} is in time ({clause}, {until(due)}) and needs none"
    return None


def of_its_year(matter: Matter[Signed, object], right: str) -> str | None:
    """The same, with the words for what would be right."""
    year, signed = matter.application.year, matter.application.applied_at or matter.now
    if beijing(matter.now).year - 1 <= year <= beijing(signed).year:
        return None
    return f"year: {year} is not the year of an application of {beijing(signed).date()}; {right}"


def received_fault(received_at: datetime | None, started: datetime) -> str | None:
    """Why a case cannot have come in then: it is started at that moment, and at no other.

    Limits are counted from it; nobody is in breach who never saw the case. Whoever lets a start
    wait says none: the matter comes in when the case begins.
    """
    if received_at is None or abs(received_at - started) <= CLOCKS_MAY_DIFFER_BY:
        return None
    return (
        f"received_at: {received_at.isoformat()} is not when the case was started "
        f"({started.isoformat()}); give the moment of the start, or leave it out"
    )
