"""What belongs to a case that has ended and comes later (F9): a supplement (补充归档) of its own.

Nothing is ever added to a closed file. A supplement is a file of its own, bound to the last entry
of the closed one.
"""

from typing import Annotated

from pydantic import Field

from models.base import Record
from models.case.admission import AdmitOrder, Opening
from models.case.documents import CaseDocument
from models.case.ledger import MOST_ENTRIES
from models.offices import AnySubject
from models.periods import Year


class EndedCase(Record):
    """A case that has ended, by its file as the registry keeps it.

    Attributes:
        entries, head: Number and hash of the last kept entry: what a supplement is bound to.
    """

    case_id: str
    subject: AnySubject
    year: Year
    entries: Annotated[int, Field(ge=1, le=MOST_ENTRIES, strict=True)]
    head: str


class SupplementApplication(Record):
    """A document of a case that has ended; the closed file stays as it is."""

    of: EndedCase
    document: CaseDocument

    @property
    def year(self) -> int:
        """The year of the case that it belongs to."""
        return self.of.year


SupplementOpening = Opening[SupplementApplication, AnySubject]


class AdmitSupplement(AdmitOrder[SupplementOpening, EndedCase]):
    """A supplement to hold against the closed file it belongs to."""

    activity = "admit_supplement"
