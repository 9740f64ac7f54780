"""What a township's follow-up orders from the register, and what it is told back.

As in ``models.case.orders``: the case id is the key of what is written.
"""

from datetime import date
from hashlib import sha256

from models.base import Record, canonical
from models.case.admission import AdmitOrder
from models.follow_up.messages import FollowUpOpening
from models.offices import Office, VillageCode
from models.orders import Order
from models.policy import Body
from models.register.households import Cause, HouseholdCode, Risk


class DueVillage(Record):
    """A village with the exited households that are visited there in the year."""

    code: VillageCode
    name: str
    work_team: bool
    first_secretary: bool
    households: tuple[HouseholdCode, ...]

    def may_visit(self, office: Office) -> bool:
        """Whether an office is of the village: its committees, team or first secretary."""
        bodies = {Body.VILLAGE_COMMITTEES}
        if self.work_team:
            bodies.add(Body.WORK_TEAM)
        if self.first_secretary:
            bodies.add(Body.FIRST_SECRETARY)
        return office.body in bodies and office.place == self.code


class MarkInForce(Record):
    """A risk that a household is marked with already."""

    household: HouseholdCode
    risk: Risk


class FollowUpDue(Record):
    """Whom a follow-up visits, by when."""

    due_on: date
    villages: tuple[DueVillage, ...] = ()
    marks: tuple[MarkInForce, ...] = ()

    @property
    def households(self) -> list[str]:
        """The whole list, in the order of its numbers."""
        return sorted(code for village in self.villages for code in village.households)

    @property
    def sha256(self) -> str:
        """SHA-256 of the list as canonical JSON, by which the file binds it."""
        return sha256(canonical(self.households).encode()).hexdigest()


class OpenFollowUp(AdmitOrder[FollowUpOpening, FollowUpDue]):
    """A follow-up to open: its list is drawn up, and the case listed, in one transaction."""

    activity = "open_follow_up"


class Back(Record):
    """A household in the register again since a day: fallen back (F5), or its exit revoked (F7)."""

    household: HouseholdCode
    since: date
    cause: Cause


class BackOrder(Order[tuple[Back, ...]]):
    """A follow-up that asks who of its list is in the register again, as of a day."""

    activity = "back_in_register"
    case_id: str
    on: date

    @property
    def summary(self) -> str:
        return "F5 核对重新登记户"
