"""What a case orders from the world outside it, and what it is told back.

Every order that changes something carries the case id and a ledger sequence number: together they
are the key under which the world carries it out once, however often it is asked.
"""

from datetime import timedelta
from typing import Generic, Self

from pydantic import Field, JsonValue

from models.base import Line, Moment, Record, Text
from models.calendar import Calendar, Known
from models.case.ledger import Entry
from models.offices import Office, TownshipCode
from models.orders import Order, R
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
        tellings: What goes into the outbox with them, each by one of the entries.
        known: The calendar that the case has.
    """

    activity = "write_ledger"
    case_id: str
    run: str
    token: str
    entries: tuple[Entry, ...]
    state: CaseState
    tellings: "tuple[Telling, ...]" = ()
    known: Known = Known()

    @property
    def summary(self) -> str:
        return f"写入案卷 {self.entries[0].seq}–{self.entries[-1].seq}"


class OnFile(Order[R], Generic[R]):
    """An order of a case that keeps a file: it can bring along what the registry lacks of that.

    Attributes:
        brings: It is kept before the order is carried out, and stays kept if that is refused.
    """

    brings: LedgerBatch | None = None

    def bringing(self, batch: LedgerBatch | None) -> Self:
        """The same order with entries to keep first."""
        return self if batch is None else self.model_copy(update={"brings": batch})


class Change(OnFile[R], Generic[R]):
    """An order that changes the registry, once for its case and entry.

    A registry that was restored from an older copy is given it again.

    Attributes:
        seq: The ledger entry that ordered it.
    """

    case_id: str
    seq: int


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
        seq: The ledger entry by which it goes out; of a workflow without a file, a number like it.
        number: Position among those that go out by it, from 1.
    """

    case_id: str
    seq: int
    number: int
    topic: Text
    recipient: Recipient
    subject: str
    text: str

    @property
    def on_file(self) -> dict[str, JsonValue]:
        """What the entry says of it."""
        return {"topic": self.topic, "recipient": self.recipient.on_file, "subject": self.subject}


class Telling(Record):
    """Notifications that go out together: the outbox takes them in together, under their entry.

    Attributes:
        tried_for: For how long a channel that does not take one is tried.
    """

    notifications: tuple[Notification, ...] = Field(min_length=1)
    tried_for: timedelta

    @property
    def case_id(self) -> str:
        """Whose they are: a case, or a workflow without a file."""
        return self.notifications[0].case_id

    @property
    def seq(self) -> int:
        """The entry by which they go out."""
        return self.notifications[0].seq


class TellOrder(Order[None]):
    """Something to tell for a workflow that keeps no file."""

    activity = "tell"
    telling: Telling

    @property
    def summary(self) -> str:
        return f"交发通知 {_told(self.telling)}"


class Delivered(Record):
    """What came of one notification on one channel.

    Attributes:
        number: Which of its telling it was.
        at: When it was delivered, or given up.
        error: Why it was given up; None if it was delivered.
    """

    number: int
    channel: Text
    at: Moment
    error: str | None


class Delivery(Order[tuple[Delivered, ...]]):
    """What lies in the outbox under an entry, to be delivered on every channel that reaches it.

    It is ordered by no workflow: each is an activity of its own on the server, under an id that is
    used once.

    Attributes:
        told: Who is told of what, as the Web UI shows it.
    """

    activity = "deliver"
    case_id: str
    seq: int
    told: str

    @classmethod
    def of(cls, telling: Telling) -> "Delivery":
        """The one of a telling."""
        return cls(case_id=telling.case_id, seq=telling.seq, told=_told(telling))

    @property
    def id(self) -> str:
        """Under which the server knows it, also after it is done."""
        return f"{OUTBOX}{self.case_id}/{self.seq}"

    @property
    def summary(self) -> str:
        return f"通知 {self.told}"


OUTBOX = "outbox/"
"""With what ids of deliveries begin."""

_NAMED = 5
"""Recipients that a summary names."""


def _told(telling: Telling) -> str:
    """Whom of what: an office or a township by its code."""
    several = telling.notifications
    named = [
        f"{each.recipient.office or each.recipient.township or each.recipient.on_file} {each.topic}"
        for each in several[:_NAMED]
    ]
    return " ".join([*named, *([f"等{len(several)}件"] if len(several) > _NAMED else [])])
