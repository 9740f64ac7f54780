"""What waits in a case: messages as they were received, objections, and whose turn it is."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

from models.base import Record
from models.case.changes import Changes, Counted
from models.case.messages import Decision, Finding, Objection, Resolution
from models.offices import Office
from models.procedures import Step

M = TypeVar("M", bound=Record)


@dataclass(frozen=True)
class Expectation:
    """Whose act is awaited at a step."""

    step: Step
    office: Office
    decisions: tuple[Decision, ...]


@dataclass(frozen=True)
class Received(Generic[M]):
    """A message with the moment and the ledger entry of its reception."""

    message: M
    at: datetime
    seq: int

    @property
    def signed(self) -> datetime:
        """When it was signed; when it came in, where it does not say."""
        signed: datetime | None = getattr(self.message, "at", None)
        return signed or self.at


@dataclass
class OpenObjection(Counted):
    """An objection on its way: received, accepted, then upheld or dismissed (G1).

    Attributes:
        pleader: The office that pleads in its hearing (F6 申诉), where it does; it is answered.
    """

    received: Received[Objection]
    report: bool
    accepted: bool = False
    answered: bool = False
    resolution: Received[Resolution] | None = None
    pleader: Office | None = None
    changes: Changes = field(default_factory=Changes, repr=False, compare=False)
    uncounted: ClassVar[frozenset[str]] = frozenset({"accepted", "pleader"})

    @property
    def word(self) -> str:
        """What it is called in Chinese."""
        if self.pleader is not None:
            return "申诉"
        return "举报" if self.report else "异议"

    @property
    def upheld_and_unanswered(self) -> bool:
        """Whether its result is in and the procedure has still to act on it."""
        result = self.resolution
        upheld = result is not None and result.message.finding is Finding.UPHELD
        return upheld and not self.answered

    @property
    def settled(self) -> bool:
        """Whether it has a result, and what follows from that has been done."""
        return self.resolution is not None and not self.upheld_and_unanswered

    def is_due(self, before: int) -> bool:
        """Whether it can be answered: accepted, with a result of an entry before this one."""
        return self.accepted and self.resolution is not None and self.resolution.seq < before
