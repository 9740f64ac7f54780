"""What opens a county's case (C1)."""

from models.base import Line, Moment, ProperName, Reason, Record
from models.case.admission import Opening
from models.case.parts import PlanAddition, Proofs
from models.offices import County, CountyCode, Tier
from models.periods import Year
from models.register.counties import CountyFigures


class CountyApplication(Record):
    """县级申请 (C1): what a county group hands in.

    Attributes:
        applied_at: When it was signed; the moment of receipt counts where it is not given.
        late_reason: Why it comes after the limit (G5); needed then and only then.
        plan_addition: Needed where the county is not in the year's plan (G6).
        figures_reason: Why the incidence is not the register's own count; needed then and only
            then.
    """

    county: CountyCode
    year: Year
    tier: Tier
    figures: CountyFigures
    officer: ProperName
    document_number: Line
    applied_at: Moment | None = None
    late_reason: Reason | None = None
    plan_addition: PlanAddition | None = None
    evidence: Proofs = ()
    figures_reason: Reason | None = None


CountyOpening = Opening[CountyApplication, County]
