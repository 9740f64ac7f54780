"""What a supervision orders from the world outside it, and what it is told back (F6)."""

from models.case.orders import ToAdmit, Verdict
from models.offices import CountyCode
from models.orders import Order
from models.supervision.messages import SupervisionOpening, SupervisionResult
from models.supervision.sampling import Sample


class Drawn(Verdict):
    """The sample, or the sentence why there is none."""

    sample: Sample | None = None


class SampleOrder(ToAdmit[Drawn]):
    """A sample to draw (J1), of the register as of a moment of the case's clock.

    ``state`` is listed where it can be drawn. It is drawn once for a case, however often ordered.
    """

    activity = "draw_sample"
    opening: SupervisionOpening

    @property
    def summary(self) -> str:
        return f"J1 抽样 {self.opening.county.name}"


class ToldResults(Order[tuple[SupervisionResult, ...]]):
    """The question which of the results that a county's case was told of the registry has (C7)."""

    activity = "told_results"
    county: CountyCode
    supervisions: tuple[str, ...]

    @property
    def summary(self) -> str:
        return f"C7 核对督导结果 {self.county}"


class OpenCases(Order[tuple[str, ...]]):
    """The question which exit cases of a county are open, of whatever year (C7)."""

    activity = "open_county_cases"
    county: CountyCode

    @property
    def summary(self) -> str:
        return f"C7 查找在办案件 {self.county}"
