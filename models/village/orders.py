"""What a village's case orders from the world outside it.

As in ``models.case.orders``: case id and ledger sequence number are the key of every change.
"""

from datetime import date

from models.base import Line, Moment, Record
from models.case.orders import ToAdmit
from models.offices import Office, Village, VillageCode
from models.periods import Limit, Year
from models.policy import Standards
from models.register.villages import Incidence, Survey
from models.village.messages import VillageOpening


class VillageAdmissionOrder(ToAdmit):
    """A village's application to hold against the register."""

    opening: VillageOpening


class VillageCount(Record):
    """A village whose poor are to be counted as of a day (S5)."""

    village: VillageCode
    on: date


class VillageNoticeOrder(Record):
    """A village's public notice (V2 公示公告), with all that its text is made from.

    Attributes:
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
    survey: Survey
    incidence: Incidence
    posted_at: Moment
    closes: Limit
    replaces: str | None = None


class VillageRegisterChange(Record):
    """Taking a village off the list of poor villages (V3).

    Attributes:
        counted_on, standards: On which day its incidence has to meet whose threshold still (S2):
            households may have come into the register since it was approved (F5, F7). None where
            it was approved in spite of that (S6).
    """

    case_id: str
    seq: int
    village: Village
    year: Year
    effective_on: date
    document_number: str | None
    approved_by: Office
    counted_on: date | None = None
    standards: Standards | None = None
