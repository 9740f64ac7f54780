"""Rounds: what a Temporal Schedule starts on its day, once, however often it is asked (F5, F6)."""

from datetime import date, timedelta
from typing import Generic, TypeVar

from models.base import Moment, Record
from models.offices import County, Township
from models.orders import Order
from models.policy import Policy


class Round(Record):
    """The input of a scheduled starter.

    Attributes:
        region: Code of the province that is supervised, or of the county whose exited households
            are visited.
    """

    region: str


class Begun(Order[tuple[str, ...]]):
    """Cases whose ids were taken when a round came to them.

    The answer is which of them have a file: the others ended without one, and can begin again.
    """

    activity = "admitted_cases"
    case_ids: tuple[str, ...]

    @property
    def summary(self) -> str:
        return f"核对{len(self.case_ids)}个案件号"


def round_fault(on: date, began: date, today: date, window: timedelta) -> str | None:
    """Why a round begins nothing, in Chinese; None where it may.

    A round by hand counts for the day on which it began. So one of another day comes from the
    calendar, and that calls for none ahead of its day, nor later than its window lets it.

    Args:
        began: The day on which the server began it.
        today: By the installation's clock.
        window: How long after its day a missed round is still begun.
    """
    if on > today:
        return f"{on}尚未到来（今日{today}），不提前启动"
    if began - on > window:
        return f"{on}的启动至{began}已超过补办期限（{window.days}日），不再补办"
    return None


class Due(Record):
    """Whom a round is about, and the policy it is done by.

    Attributes:
        left_out: Why nothing begins; or codes of counties for which nothing does, with the reason.
    """

    policy: Policy
    left_out: tuple[str, ...] = ()


class SupervisionsDue(Due):
    """The counties that are supervised.

    Counties that exits lie in, but that the register does not know as poor counties on the day, are
    left out.
    """

    counties: tuple[County, ...] = ()


class FollowUpsDue(Due):
    """The townships whose exited households are visited."""

    townships: tuple[Township, ...] = ()


D = TypeVar("D", bound=Due)


class RoundOrder(Order[D], Generic[D]):
    """Whom a round is about, as of the day it was called for.

    Attributes:
        began: When the server began it: how late that was is not the worker's doing.
    """

    region: str
    on: date
    began: Moment


class SupervisionRoundOrder(RoundOrder[SupervisionsDue]):
    """The counties that a quarter's round supervises."""

    activity = "supervisions_due"

    @property
    def summary(self) -> str:
        return f"F6 {self.on} 督导范围"


class FollowUpRoundOrder(RoundOrder[FollowUpsDue]):
    """The townships whose exited households are visited in a year."""

    activity = "follow_ups_due"

    @property
    def summary(self) -> str:
        return f"F5 {self.on} 回访范围"


class RoundResult(Record):
    """What came of a round, for whoever looks at it in the Web UI.

    Attributes:
        on: The day it was called for, in Beijing.
        started: Cases that it began.
        there: Cases of the same quarter or year that had begun before, and were admitted or still
            run: they are left alone.
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
