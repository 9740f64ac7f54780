"""What the entry of a household into the register orders from the world outside it (F5).

As in ``models.case.orders``: case id and ledger sequence number are the key of every change.
"""

from datetime import date

from models.alarms import Alarm
from models.base import Line, Moment, Record
from models.case.orders import ToAdmit, Verdict
from models.offices import Household, Village
from models.periods import Limit, Year
from models.policy import Policy
from models.reentry.admission import ReentryFacts
from models.reentry.messages import ReentryOpening
from models.register.households import Cause, HouseholdCode, Label


class ReentryAdmissionOrder(ToAdmit):
    """A household's application to hold against the register."""

    opening: ReentryOpening


class ReentryAdmission(Verdict):
    """Whether the case may open, and what the register said; ``fault`` is why not."""

    known: ReentryFacts


class ReentryLookUp(Record):
    """A household to be looked up anew as of a day, for the case that asks."""

    case_id: str
    household: HouseholdCode
    year: Year
    on: date


class ReentryNoticeOrder(Record):
    """A household's public notice (R3 公示): name, village group, head count and cause (G8).

    Attributes:
        name: The head's, in full or masked, as the policy says.
        publisher: Name of the publishing body, as it was called on the day.
        basis: Titles of the documents it rests on.
        closes: The computed period, with its sentence.
    """

    notice_id: str
    case_id: str
    seq: int
    village: Village
    year: Year
    publisher: Line
    basis: tuple[Line, ...]
    name: Line
    group: Label
    size: int
    cause: Cause
    posted_at: Moment
    closes: Limit
    replaces: str | None = None


class EntryOrder(Record):
    """Putting a household into the register (R4): a new episode, of the same household.

    Attributes:
        revision: Of the register's entry that was posted: no other one is confirmed.
        effective_on: The day on which R4 was signed, the episode's first.
        counted_on: The day as of which the incidence is counted afterwards.
        policy: Whose threshold an exited village and county are held against.
    """

    case_id: str
    seq: int
    household: Household
    revision: int
    effective_on: date
    counted_on: date
    document_number: Line
    policy: Policy


class Entered(Record):
    """What came of it.

    Attributes:
        number: Which episode of the household it is; None where its entry is not the posted one
            any more, and nothing was done.
        cause: Why it begins.
        alarms: Exited units that are above the threshold now.
    """

    number: int | None
    cause: Cause = Cause.REGISTERED
    alarms: tuple[Alarm, ...] = ()
