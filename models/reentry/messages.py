"""What opens the entry of a household into the register: falling back, or newly poor (F5)."""

from models.base import Line, Moment, ProperName, Reason, Record
from models.case.admission import Opening
from models.case.parts import Proofs
from models.offices import Household
from models.periods import Year
from models.register.households import HouseholdCode


class ReentryApplication(Record):
    """识别申报 (R1): the village's two committees name a household that is poor (应进则进).

    Attributes:
        year: By whose income and conditions it is judged (S1, S7).
        reason: What has happened to it.
        applied_at: When it was signed; the moment of receipt counts where it is not given.
    """

    household: HouseholdCode
    year: Year
    officer: ProperName
    reason: Reason
    applied_at: Moment | None = None
    document_number: Line | None = None
    evidence: Proofs = ()


ReentryOpening = Opening[ReentryApplication, Household]
