"""What a case orders from the world outside it, and what it is told back.

Every order that changes something carries the case id and a ledger sequence number: together they
are the key under which the world carries it out once, however often it is asked.
"""

from models.base import Line, Moment, Record, Text
from models.calendar import Calendar, Known
from models.case.ledger import Entry
from models.offices import Office, TownshipCode
from models.orders import Order
from models.periods import Limit, Year


class CalendarOrder(Order[Calendar | None]):
    """The calendar of today, for a case that has one; None if that is it."""

    activity = "calendar_now"
    known: Known

    @property
    def summary(self) -> str:
        return "核对节假日安排"


class LimitInForce(Record):
    """A limit somebody is held to now; ``subject`` says for what, in Chinese."""

    limit: Limit
    office: Office
    office_name: str
    subject: str
    breached: bool


class CaseLine(Record):
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


class CaseState(CaseLine):
    """The line of a case, with the limits that somebody is held to in it, the nearest first."""

    limits: tuple[LimitInForce, ...] = ()


class Written(Record):
    """What the registry has of a case now.

    Attributes:
        count: How many entries.
        calendar: The calendar of today; None if it is the one that the case has.
    """

    count: int
    calendar: Calendar | None = None


class LedgerBatch(Order[Written]):
    """Entries to keep in the registry, in order, with the state they lead to.

    Attributes:
        run, token: Of the case's admission.
        known: The calendar that the case has.
    """

    activity = "write_ledger"
    case_id: str
    run: str
    token: str
    entries: tuple[Entry, ...]
    state: CaseState
    known: Known = Known()

    @property
    def summary(self) -> str:
        return f"写入案卷 {self.entries[0].seq}–{self.entries[-1].seq}"


class Recipient(Record):
    """Whom a notification is for: an office, a township, or a person who gave a contact.

    Attributes:
        township: Its code; it decides nothing in a case, and is told of what concerns it (F15).
    """

    name: Line
    office: Office | None = None
    township: TownshipCode | None = None
    contact: Line | None = None

    @property
    def on_file(self) -> str:
        """Its name as a file may hold it: a person's is not told (G1)."""
        return self.name if self.office or self.township else "异议人"


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


class Telling(Order[tuple[Attempt, ...]]):
    """Several people to tell something, on every channel that reaches them, once."""

    activity = "notify"
    notifications: tuple[Notification, ...]

    @property
    def summary(self) -> str:
        return f"通知 {' '.join(map(_told, self.notifications))}"


class Delivery(Order[None]):
    """One notification on one channel; tried, given up and recorded by itself."""

    activity = "deliver"
    notification: Notification
    channel: Text

    @property
    def summary(self) -> str:
        return f"通知 {_told(self.notification, self.channel)}"


def _told(notification: Notification, *channel: str) -> str:
    """Whom, on which channel, of what: an office or a township by its code."""
    recipient = notification.recipient
    whom = str(recipient.office or recipient.township or recipient.on_file)
    return " ".join((whom, *channel, notification.topic))
