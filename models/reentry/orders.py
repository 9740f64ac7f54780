"""What the entry of a household into the register orders from the world outside it (F5).

As in ``models.case.orders``: case id and ledger sequence number are the key of every change.
"""

from datetime import date

from models.alarms import Alarm
from models.base import Line, Record
from models.case.orders import Change
from models.offices import Household
from models.orders import Order
from models.periods import Year
from models.policy import Policy
from models.reentry.admission import ReentryFacts
from models.register.households import Cause, HouseholdCode


class ReentryLookUp(Order[ReentryFacts]):
    """A household to be looked up again as of a day, for the case that asks."""

    activity = "look_up_reentry"
    case_id: str
    household: HouseholdCode
    year: Year
    on: date

    @property
    def summary(self) -> str:
        return "S1 核对登记"


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


class EntryOrder(Change[Entered]):
    """Putting a household into the register (R4): a new episode, of the same household.

    Attributes:
        revision: Of the register's entry that was posted: no other one is confirmed.
        effective_on: The day on which R4 was signed, the episode's first.
        counted_on: The day as of which the incidence is counted afterwards.
        policy: Whose threshold an exited village and county are held against.
    """

    activity = "enter_household"
    household: Household
    revision: int
    effective_on: date
    counted_on: date
    document_number: Line
    policy: Policy

    @property
    def summary(self) -> str:
        return f"R4 {self.household.code}纳入登记"
