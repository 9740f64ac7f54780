"""The nightly check as a workflow: what it is told, and whom it tells (G7)."""

from models.base import Record
from models.offices import Office
from models.orders import Order


class CheckDone(Record):
    """What came of a check, for whoever looks at it in the Web UI; the registry has the findings.

    Attributes:
        said: In one sentence, what was looked at and how many findings there are.
        tell: The office that is told where there are findings, and how it is called.
    """

    total: int
    said: str
    tell: Office
    tell_name: str


class CheckOrder(Order[CheckDone]):
    """The order to check everything: files, register, journal, server, schedules and notices."""

    activity = "check_installation"

    @property
    def summary(self) -> str:
        return "G7 核查"
