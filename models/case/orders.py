"""What a case orders from the world outside it, and what it is told back.

Every order that changes something carries the case id and a ledger sequence number: together they
are the key under which the world carries it out once, however often it is asked.
"""

from datetime import date, datetime
from typing import Protocol

from pydantic import TypeAdapter

from models.base import Line, Moment, Record, Text
from models.case.ledger import Entry
from models.case.messages import CountyFigures, CountyOpening
from models.offices import County, CountyCode, Office
from models.periods import Limit, LimitRequest, Year
from models.policy import Policy
from models.supervision.messages import SupervisionResult


class LimitsOrder(Record):
    """Limits to compute under a policy, over the calendar of the day they are asked for."""

    requests: tuple[LimitRequest, ...]
    policy: Policy


class Verdict(Record):
    """Whether a case may open: what every answer to an admission begins with.

    Attributes:
        fault: The sentence that says why not; None where it may.
        token: By which the registry knows its own admission again: every batch of the file bears
            it, and without it no file begins.
    """

    fault: str | None
    token: str = ""


class Admission(Verdict):
    """The answer to an application.

    Attributes:
        inspections: What supervision has found of a county since its year began (C7, F6).
    """

    planned: bool = True
    inspections: tuple[SupervisionResult, ...] = ()


class LimitInForce(Record):
    """A limit somebody is held to now; ``subject`` says for what, in Chinese."""

    limit: Limit
    office: Office
    office_name: str
    subject: str
    breached: bool


class CaseState(Record):
    """How a case stands: the line that the registry lists."""

    case_id: str
    procedure: str
    subject_code: str
    subject_name: str
    year: Year
    region: tuple[str, ...]
    step: str
    round: int
    waiting_for: Office | None
    deadline: Moment | None
    overdue: bool
    open_objections: int
    outcome: str | None
    limits: tuple[LimitInForce, ...] = ()


class CountyCount(Record):
    """A county whose poor are to be counted as of a day (S5)."""

    county: CountyCode
    on: date


class ToAdmit(Record):
    """What every order to admit a case says.

    Attributes:
        now: The moment as of which the register is looked at, on the case's clock.
        state: The line that is listed if it is admitted, so that no second case of the subject
            can be (G9).
        run: The first run of the case's workflow: two under one id are told apart by it.
    """

    now: Moment
    state: CaseState
    run: str


class AdmissionOrder(ToAdmit):
    """A county's application to hold against the register."""

    opening: CountyOpening


IN_FORCE = TypeAdapter(tuple[LimitInForce, ...])
"""Limits in force, read and written as JSON."""


class LedgerBatch(Record):
    """Entries to keep in the registry, in order, with the state they lead to.

    Attributes:
        run, token: Of the case's admission.
    """

    case_id: str
    run: str
    token: str
    entries: tuple[Entry, ...]
    state: CaseState


class ToPost(Protocol):
    """What an order to post a notice says, whatever the notice is about."""

    @property
    def notice_id(self) -> str:
        """Id of the notice."""

    @property
    def case_id(self) -> str:
        """The case it belongs to."""

    @property
    def seq(self) -> int:
        """The ledger entry that ordered it: with the case, the key of publishing once."""

    @property
    def posted_at(self) -> datetime:
        """When it is posted."""

    @property
    def replaces(self) -> str | None:
        """Id of the notice it takes the place of."""


class ForAPeriod(ToPost, Protocol):
    """The same of a notice that stands for a period (公示)."""

    @property
    def year(self) -> int:
        """The year of the case."""

    @property
    def publisher(self) -> str:
        """Name of the publishing body."""

    @property
    def basis(self) -> tuple[str, ...]:
        """Titles of the documents it rests on."""

    @property
    def closes(self) -> Limit:
        """Its period (T1)."""


class NoticeOrder(Record):
    """A county's public notice (C4 公告公示), with all that its text is made from.

    Attributes:
        publisher: Name of the publishing body, as it was called on the day.
        basis: Titles of the documents it rests on.
        closes: The computed period, with its sentence.
    """

    notice_id: str
    case_id: str
    seq: int
    county: County
    year: Year
    publisher: Line
    basis: tuple[Line, ...]
    figures: CountyFigures
    posted_at: Moment
    closes: Limit
    replaces: str | None = None


class Notice(Record):
    """A notice as it was published: its text, and the SHA-256 of it."""

    notice_id: str
    title: Text
    markdown: str
    sha256: str


class Recipient(Record):
    """Whom a notification is for: an office, or a person who gave a contact."""

    name: Line
    office: Office | None = None
    contact: Line | None = None


class Notification(Record):
    """Something an office has to hear (T8, G4) or an objector is answered (G1).

    Attributes:
        number: Position among the notifications of the case, from 1: the key of its deliveries.
        seq: The ledger entry it tells of.
    """

    case_id: str
    number: int
    seq: int
    topic: Text
    recipient: Recipient
    subject: str
    text: str


class Attempt(Record):
    """How the first try at one notification on one channel went.

    Attributes:
        number: Which notification of the case it was.
        error: Why it did not arrive; None where it did.
        final: It did not, and no further try would change that.
    """

    number: int
    channel: Text
    error: str | None
    final: bool = False


class Delivery(Record):
    """One notification on one channel; tried, given up and recorded by itself."""

    notification: Notification
    channel: Text


class RegisterChange(Record):
    """Taking a county out of the list of poor counties (C7)."""

    case_id: str
    seq: int
    county: County
    year: Year
    effective_on: date
    document_number: str | None
    approved_by: Office
