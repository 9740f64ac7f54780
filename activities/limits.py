"""Limits (T1-T7, G3), computed for cases."""

from temporalio import activity
from temporalio.exceptions import ApplicationError

from models.case.orders import LimitsOrder
from models.periods import Limit, PeriodError, compute
from registry.calendar import OfficialCalendar


class CalendarActivities:
    """Limits, computed outside the workflow: the calendar is data that changes with the years."""

    def __init__(self, calendar: OfficialCalendar) -> None:
        self._calendar = calendar

    @activity.defn
    def compute_limits(self, order: LimitsOrder) -> tuple[Limit, ...]:
        """Compute every limit of an order, in its order.

        Raises:
            ApplicationError: ``PeriodError``, not retried, if a clause lacks its start or year.
        """
        try:
            return tuple(
                compute(request, order.policy, self._calendar) for request in order.requests
            )
        except PeriodError as error:
            raise ApplicationError(str(error), type="PeriodError", non_retryable=True) from error
