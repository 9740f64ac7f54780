"""The limits of a case, over the calendar that it has; and which of them rest on an older one.

A case computes its limits itself. Its admission brings the calendar, and each answer of the
registry brings another one if it has changed: what was computed since the answer before is then
looked at again, within the same moment.
"""

from datetime import datetime

from models.calendar import Calendar, shared
from models.periods import Limit, LimitKind, LimitRequest, compute
from models.policy import Policy


class Reckoning:
    """Computes limits under the policy of a case."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.calendar = Calendar()
        self._unconfirmed: list[Limit] = []
        self._first_due: datetime | None = None
        self._outdated: set[Limit] = set()

    def compute(self, request: LimitRequest) -> Limit:
        """A limit over the calendar that the case has.

        Raises:
            PeriodError: if the clause needs a start or a year that the request does not give.
        """
        # A replay computes it again. So a change of ``models.periods`` or ``models.calendar``
        # changes the files of open cases: it goes by a field of the policy, or behind a patch.
        limit = self.compute_again(request)
        if limit.kind is not LimitKind.FIXED:
            self._unconfirmed.append(limit)
            self._first_due = min(limit.due, self._first_due or limit.due)
        return limit

    def compute_again(self, request: LimitRequest) -> Limit:
        """The same for a limit that is looked at a second time: nothing looks at it once more."""
        return compute(request, self._policy, self.calendar)

    def learn(self, calendar: Calendar | None) -> bool:
        """The registry has said which calendar is in force; None if the case has it.

        A worker that lacks a year does not take it away: what is published stays so.

        Returns:
            Whether limits that were computed since it last did rest on an older one.
        """
        if calendar is not None and calendar.published >= self.calendar.published:
            self.calendar = shared(calendar)
            self._outdated.update(self._unconfirmed)
        self._unconfirmed.clear()
        self._first_due = None
        return bool(self._outdated)

    def is_unsure(self, now: datetime) -> bool:
        """Whether a limit has come that was computed since the registry last named its calendar."""
        return self._first_due is not None and self._first_due <= now

    def take_outdated(self) -> set[Limit]:
        """Limits that rest on an older calendar, to be looked at again."""
        outdated, self._outdated = self._outdated, set()
        return outdated
