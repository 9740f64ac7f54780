"""What waits in a case: messages as received, objections, notices that stand, whose turn it is."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from models.base import Record
from models.case.changes import Changes, Counted
from models.case.limits import Watched
from models.case.messages import Decision, Finding, Objection, PostingReport, Resolution
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
        investigator: The office that investigates it, or reviews another.
        pleader: The office that pleads in its hearing (F6 申诉), where it does; it is answered.
        reviewed_by: Id of the one review of its result that was asked for.
    """

    received: Received[Objection]
    report: bool
    investigator: Office
    accepted: bool = False
    answered: bool = False
    resolution: Received[Resolution] | None = None
    pleader: Office | None = None
    reviewed_by: str | None = None
    changes: Changes = field(default_factory=Changes, repr=False, compare=False)
    uncounted: ClassVar[frozenset[str]] = frozenset({"accepted", "pleader", "reviewed_by"})

    @property
    def is_review(self) -> bool:
        """Whether it asks for the review of another (复核)."""
        return self.received.message.review_of is not None

    @property
    def is_reviewable(self) -> bool:
        """Whether its result is one of which the one review can still be asked for (G1)."""
        result = self.resolution
        dismissed = result is not None and result.message.finding is Finding.DISMISSED
        return dismissed and self.reviewed_by is None and not self.is_review

    @property
    def word(self) -> str:
        """What it is called in Chinese."""
        if self.is_review:
            return "复核"
        if self.pleader is not None:
            return "申诉"
        return "举报" if self.report else "异议"

    def came_to(self, finding: Finding) -> str:
        """What its investigation found, in Chinese."""
        upheld = finding is Finding.UPHELD
        if self.is_review:
            return "认定原调查结论不当，予以纠正" if upheld else "维持原调查结论"
        return f"经调查{'成立' if upheld else '不成立'}"

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


@dataclass
class OnBoard:
    """A notice of a case that is in force for a period, and what was reported of it (T1).

    Attributes:
        step: The publicity it belongs to.
        published: When the case published it.
        watched: Its days.
        posted, removed: The first report that it was hung out, or taken down.
        is_over: Its days have passed; the file says whether it was posted.
        reports: How many there were.
    """

    notice_id: str
    step: str
    published: datetime
    watched: Watched
    posted: Received[PostingReport] | None = None
    removed: Received[PostingReport] | None = None
    is_over: bool = False
    reports: int = 0

    @property
    def waits(self) -> bool:
        """Whether its days begin with its posting, and nobody has reported that."""
        return self.removed is None and not self.watched.runs

    @property
    def report_due(self) -> str:
        """Key of the limit under which that is to be reported."""
        return f"{self.watched.key} 张贴"


def who_acts(message: Record) -> tuple[str, ...]:
    """The persons who decide by a message: who signs it, and who chairs its meeting (H1)."""
    said: Any = message
    appraisal = getattr(said, "appraisal", None)
    meeting = getattr(said, "meeting", None) or getattr(appraisal, "meeting", None)
    found = (getattr(said, "officer", None), meeting.chair if meeting is not None else None)
    return tuple(each for each in found if each is not None)
