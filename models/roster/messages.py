"""What opens a roster's case (H1), and what the register answers about its households."""

from datetime import date

from pydantic import Field

from models.base import Line, Moment, Record, Text
from models.case.admission import Opening
from models.case.parts import Proofs
from models.offices import Village, VillageCode
from models.orders import Change, Order
from models.periods import Year
from models.register.households import HouseholdCode, HouseholdFacts
from models.roster.appraisals import Appraisal, Proposal


class RosterApplication(Record):
    """民主评议 (H1): the roster (贫困户退出名单) that a village's meeting drafted for a year.

    Attributes:
        applied_at: When it was signed; the moment of receipt counts where it is not given.
        late_reason: Why it comes after the year has ended (G5); needed then and only then.
    """

    village: VillageCode
    year: Year
    appraisal: Appraisal
    officer: Line
    document_number: Line | None = None
    applied_at: Moment | None = None
    late_reason: Text | None = None
    evidence: Proofs = ()


RosterOpening = Opening[RosterApplication, Village]


class LookedUp(Record):
    """What the register says of them: facts, or the sentence why there are none."""

    households: tuple[HouseholdFacts, ...]
    faults: dict[str, str]
    unplanned: tuple[str, ...] = ()


class LookUpOrder(Order[LookedUp]):
    """Households of a roster whose entries are taken anew from the register (G1).

    Attributes:
        added: Households that are to join the roster.
        seq: The entry it follows from.
    """

    activity = "look_up_households"
    case_id: str
    seq: int
    village: Village
    year: Year
    now: Moment
    households: tuple[HouseholdCode, ...]
    added: tuple[Proposal, ...] = ()

    @property
    def summary(self) -> str:
        return f"G1 核对{len(self.households)}户"


class StrikingOff(Record):
    """One household to be struck off, as it was posted: the register must still say so.

    Attributes:
        revision: The state of the register that was posted, and judged by S1.
    """

    code: HouseholdCode
    revision: int
    group: Text
    size: int
    shown_as: Text


class StruckOff(Record):
    """Who was struck off, and who was not.

    Attributes:
        announcement: Title of the final announcement; None where nobody was struck off.
        changed: Households whose entry is not the posted one any more: they are posted anew.
        conflicts: Why others could not be, by household.
    """

    households: tuple[HouseholdCode, ...]
    announcement: str | None
    changed: tuple[HouseholdCode, ...] = ()
    conflicts: dict[str, str] = Field(default_factory=dict)


class RosterChange(Change[StruckOff]):
    """Announcing the exit of households, and striking them off the register (H4).

    Attributes:
        effective_on: The first day off the register: when the act was signed.
        posted_at: When the announcement is made.
        publisher: Name of the announcing body.
        ordered_by: Name of the body that struck them off.
    """

    activity = "strike_off_households"
    notice_id: str
    village: Village
    year: Year
    effective_on: date
    basis: tuple[Line, ...]
    publisher: Line
    ordered_by: Text
    document_number: Line | None
    households: tuple[StrikingOff, ...]
    posted_at: Moment
    replaces: None = None

    @property
    def summary(self) -> str:
        return f"H4 公告并销号{len(self.households)}户"
