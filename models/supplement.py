"""What belongs to a case and comes beside its file: a supplement (补充归档) of its own.

Nothing is ever added to a closed file (F9). Delivered letters are held against the kept file from
which they were written, and come beside an open one too (F15). A supplement is a file of its own,
bound to the last entry of the other as it is kept.
"""

from typing import Annotated

from pydantic import Field

from models.base import Record
from models.case.admission import AdmitOrder, Opening
from models.case.documents import CaseDocument
from models.case.ledger import MOST_ENTRIES
from models.offices import AnySubject
from models.periods import Year


class KeptCase(Record):
    """A case by its file as the registry keeps it.

    Attributes:
        entries, head: Number and hash of the last kept entry: what a supplement is bound to.
    """

    case_id: str
    subject: AnySubject
    year: Year
    entries: Annotated[int, Field(ge=1, le=MOST_ENTRIES, strict=True)]
    head: str


class SupplementApplication(Record):
    """A document beside the file of a case, which stays as it is."""

    of: KeptCase
    document: CaseDocument

    @property
    def year(self) -> int:
        """The year of the case that it belongs to."""
        return self.of.year


SupplementOpening = Opening[SupplementApplication, AnySubject]


class AdmitSupplement(AdmitOrder[SupplementOpening, KeptCase]):
    """A supplement to hold against the kept file it belongs to."""

    activity = "admit_supplement"
