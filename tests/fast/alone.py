"""A roster's case that is alone with a registry, for long random sequences."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError
from temporalio.service import RPCError

from activities.warrants import server_time
from models.case.messages import Outcome, Receipt
from models.periods import BEIJING
from models.roster.households import Course
from models.roster.messages import RosterOpening
from tests.fast.server import FastServer
from workers.catalogue import TASK_QUEUE, activities
from workers.limits import EVENTS
from workers.settings import Settings
from workflows.household_exit import HouseholdExitWorkflow


class Alone:
    """One case, alone with a registry, for who does not wait.

    Args:
        long_after: Of so many events its history is long, and it hands over to a new run.
    """

    def __init__(
        self, known: Settings, opening: RosterOpening, begins: datetime, long_after: int = EVENTS
    ) -> None:
        self._runner = asyncio.Runner()
        self._server = FastServer(activities(known, server_time), lambda: None)
        self._server.works.long_after = long_after
        self._handle: WorkflowHandle[HouseholdExitWorkflow, Outcome]
        self._runner.run(self._open(opening, begins - datetime.now(BEIJING)))

    async def _open(self, opening: RosterOpening, wait: timedelta) -> None:
        self._handle = await self._server.client.start_workflow(
            HouseholdExitWorkflow.run,
            opening,
            id=opening.case_id,
            task_queue=TASK_QUEUE,
            start_delay=wait,
        )
        await self._server.fast_forward(self._handle, wait)

    @property
    def now(self) -> datetime:
        """The case's own time."""
        return self._server.of(self._handle.id).now

    def send(self, kind: str, message: dict[str, Any]) -> Receipt | None:
        """Hand in a message; None if it is refused."""
        update = self._handle.execute_update(kind, message, result_type=Receipt)
        try:
            receipt: Receipt = self._runner.run(update)
        except (WorkflowUpdateFailedError, RPCError):  # the case may have ended
            return None
        return receipt

    def pass_time(self, length: timedelta) -> None:
        """Let time pass; what is due on the way happens at its moment."""
        self._runner.run(self._server.fast_forward(self._handle, length))
        assert not self._server.of(self._handle.id).stuck

    def step(self) -> str:
        """Where the case stands."""
        return self._runner.run(self._handle.query(HouseholdExitWorkflow.status)).step

    def households(self) -> list[Course]:
        """How everybody stands."""
        return self._runner.run(self._handle.query(HouseholdExitWorkflow.households, 0))

    def close(self) -> None:
        """Leave nothing behind."""
        self._runner.run(self._server.close())
        self._runner.close()
