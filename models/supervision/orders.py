"""What a supervision orders from the world outside it, and what it is told back (F6)."""

from models.base import Record
from models.case.orders import ToAdmit, Verdict
from models.offices import CountyCode
from models.supervision.messages import SupervisionOpening
from models.supervision.sampling import Sample


class SampleOrder(ToAdmit):
    """A sample to draw (J1), of the register as of a moment of the case's clock.

    ``state`` is listed where it can be drawn. It is drawn once for a case, however often ordered.
    """

    opening: SupervisionOpening


class Drawn(Verdict):
    """The sample, or the sentence why there is none."""

    sample: Sample | None = None


class ToldResults(Record):
    """The question which of the results that a county's case was told of the registry has (C7)."""

    county: CountyCode
    supervisions: tuple[str, ...]


class OpenCases(Record):
    """The question which exit cases of a county are open, of whatever year (C7)."""

    county: CountyCode
