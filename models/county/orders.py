"""What a county's case orders from the world outside it.

As in ``models.case.orders``: case id and ledger sequence number are the key of every change.
"""

from datetime import date

from models.base import Line
from models.case.orders import OnFile
from models.notices import Announcement, Left
from models.offices import County, CountyCode, Office
from models.register.counties import CountyCounted


class CountyCount(OnFile[CountyCounted]):
    """A county whose poor and whose poor villages are to be counted as of a day (S3, S5)."""

    activity = "county_counted"
    county: CountyCode
    on: date

    @property
    def summary(self) -> str:
        return f"S5 核对贫困发生率 {self.on}"


class RegisterChange(Announcement[Left]):
    """Announcing the exit of a county, and taking it off the list of poor counties (C7).

    Attributes:
        told: The register's counts as they were told to who approved, by the file: the register may
            count worse by now (S3, S6).
        inspected_by: Name of the body that inspected a national county (C6).
    """

    activity = "strike_off_county"
    county: County
    approved_by: Office
    told: CountyCounted
    inspected_by: Line | None = None

    @property
    def summary(self) -> str:
        return f"C7 {self.county.name}退出销号"
