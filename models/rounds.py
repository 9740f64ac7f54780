"""Rounds: what a Temporal Schedule starts on its day, once, however often it is asked (F5, F6)."""

from datetime import date

from models.base import Record
from models.offices import County, Township
from models.policy import Policy


class Round(Record):
    """The input of a scheduled starter.

    Attributes:
        region: Code of the province that is supervised, or of the county whose exited households
            are visited.
    """

    region: str


class RoundOrder(Record):
    """Whom a round is about, as of the day it was called for."""

    region: str
    on: date


class SupervisionsDue(Record):
    """The counties that are supervised, and the policy it is done by.

    Attributes:
        left_out: Codes of counties that exits lie in, but that the register does not know as poor
            counties on the day, with the reason.
    """

    policy: Policy
    counties: tuple[County, ...] = ()
    left_out: tuple[str, ...] = ()


class FollowUpsDue(Record):
    """The townships whose exited households are visited, and the policy it is done by.

    ``why_none`` says why there is none, where there is none.
    """

    policy: Policy
    townships: tuple[Township, ...] = ()
    why_none: str | None = None


class RoundResult(Record):
    """What came of a round, for whoever looks at it in the Web UI.

    Attributes:
        on: The day it was called for, in Beijing.
        started: Cases that it began.
        there: Cases of the same quarter or year that had begun before: they are left alone.
        left_out: What it could not begin, with the reason.
    """

    on: date
    started: tuple[str, ...] = ()
    there: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def quarter_of(day: date) -> int:
    """The quarter of a day.

    >>> [quarter_of(date(2026, month, 1)) for month in (1, 3, 4, 12)]
    [1, 1, 2, 4]
    """
    return (day.month - 1) // 3 + 1
