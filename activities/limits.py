"""The calendar over which cases compute their limits (T1-T7, G3)."""

from temporalio import activity

from activities.admissions import Gate
from models.calendar import Calendar
from models.case.orders import CalendarOrder


class CalendarActivities:
    """The calendar is data that changes with the years: a case asks before a date is missed."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    @activity.defn
    def calendar_now(self, order: CalendarOrder) -> Calendar | None:
        """The calendar of today; None if the case has it."""
        return self._gate.newer(order.known)
