"""What the registry says of visits and risks (F5): frozen records, never table rows."""

from datetime import date

from models.base import Record
from models.register.households import Risk


class CheckRecord(Record):
    """A visit that is due in a year, and what it found; ``made_on`` is None until it was made."""

    year: int
    case_id: str
    due_on: date
    seq: int | None
    made_on: date | None
    stable: bool | None
    note: str | None
    office: str | None


class RiskRecord(Record):
    """A risk mark; ``until`` is the first day it no longer holds."""

    case_id: str
    seq: int
    risk: Risk
    since: date
    until: date | None
    reason: str
    office: str


class DueRecord(Record):
    """A household on the list of a year, with its visit and the risks in force.

    Attributes:
        back_on: Since when it is in the register again, if it is: it is due no more.
    """

    year: int
    case_id: str
    due_on: date
    household: str
    head: str
    group: str
    size: int
    village_code: str
    village_name: str
    township_code: str
    township_name: str
    made_on: date | None
    stable: bool | None
    note: str | None
    office: str | None
    risks: tuple[Risk, ...]
    back_on: date | None = None

    @property
    def is_left(self) -> bool:
        """Whether it is still to be visited."""
        return self.made_on is None and self.back_on is None
