"""跟踪研判 (F13): an exited unit that the register lifts over its threshold by no case at all.

An entry or a revocation alarms by itself (F5, F7). What an import or a correction does is seen by a
round, which opens a case of its own for each such village or county: the alarm stands on file, and
the offices above are told. So it is with an alarm that is over.
"""

from models.alarms import Alarm
from models.base import Line, Record, Text
from models.case.admission import AdmitOrder, Opening
from models.case.orders import Recipient
from models.offices import County, Village
from models.periods import Year
from models.rounds import Due, RoundOrder

Unit = Village | County
"""What has left a list: a poor village, a poor county."""


class WatchApplication(Record):
    """The year in which a round has seen it."""

    year: Year


WatchOpening = Opening[WatchApplication, Unit]


class OpenWatch(AdmitOrder[WatchOpening, Alarm]):
    """A unit to look at once more; its case is listed if there is an alarm to raise."""

    activity = "open_watch"


class Seen(Record):
    """A unit that is to be alarmed of, or whose alarm is over.

    Attributes:
        number: Which case of the unit's year it is, from 1.
    """

    subject: Unit
    number: int


class Missing(Record):
    """What exits of a county still lack of filing and data entry (F9), and who is told of it."""

    tell: tuple[Recipient, ...]
    subject: Line
    text: Text


class WatchesDue(Due):
    """What a round has seen."""

    units: tuple[Seen, ...] = ()
    missing: tuple[Missing, ...] = ()


class WatchRoundOrder(RoundOrder[WatchesDue]):
    """The exited units of a region of which there is an alarm to tell, or the end of one."""

    activity = "watches_due"

    @property
    def summary(self) -> str:
        return f"F13 {self.on} 跟踪研判范围"
