"""What belongs to a case that has ended and comes later (F9): a supplement (补充归档) of its own.

Nothing is ever added to a closed file. A supplement is a file of its own, bound to the last entry
of the closed one.
"""

from typing import Annotated

from pydantic import Field

from models.base import Moment, Record
from models.case.documents import CaseDocument
from models.case.ledger import MOST_ENTRIES
from models.case.orders import Admission, ToAdmit
from models.offices import County, Household, Township, Village
from models.periods import Year
from models.policy import Body, Policy
from models.procedures import Step

F9 = Step("F9", "补充归档", "supplement", Body.COUNTY_GROUP, decisions=())
"""Its one step, which nobody decides; its body is whose document it is, or its county's."""


class EndedCase(Record):
    """A case that has ended, by its file as the registry keeps it.

    Attributes:
        entries, head: Number and hash of the last kept entry: what a supplement is bound to.
    """

    case_id: str
    subject: County | Village | Household | Township
    year: Year
    entries: Annotated[int, Field(ge=1, le=MOST_ENTRIES, strict=True)]
    head: str


class SupplementOpening(Record):
    """The input of a supplement's case."""

    case_id: str
    of: EndedCase
    document: CaseDocument
    policy: Policy
    received_at: Moment | None = None


class SupplementOrder(ToAdmit[Admission]):
    """A supplement to hold against the registry; it is listed if it may be."""

    activity = "admit_supplement"
    opening: SupplementOpening

    @property
    def summary(self) -> str:
        return "受理审查 F9"
