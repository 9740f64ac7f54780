"""What opens a village's case (V1)."""

from models.base import Line, Moment, ProperName, Reason, Record
from models.case.admission import Opening
from models.case.parts import PlanAddition, Proofs
from models.offices import Village, VillageCode
from models.periods import Year


class VillageApplication(Record):
    """Which poor village (贫困村) the county group takes up for its exit in a year (V1).

    The regulation lets no village apply: the county surveys the villages of the year's plan (G6).

    Attributes:
        applied_at: When it was signed; the moment of receipt counts where it is not given.
        late_reason: Why it comes after the date by which a village leaves (T6, G5); needed then and
            only then.
        plan_addition: Needed where the village is not in the year's plan (G6).
    """

    village: VillageCode
    year: Year
    officer: ProperName
    document_number: Line
    applied_at: Moment | None = None
    late_reason: Reason | None = None
    plan_addition: PlanAddition | None = None
    evidence: Proofs = ()


VillageOpening = Opening[VillageApplication, Village]
