"""What a supervision orders from the world outside it, and what it is told back (F6)."""

from models.offices import CountyCode
from models.orders import Order
from models.supervision.messages import SupervisionResult


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
