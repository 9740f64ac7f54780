"""Deliveries on a server in memory: activities under no workflow, by the clock of who tells."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from temporalio.api.common.v1 import Payload
from temporalio.bridge.proto.workflow_commands import ScheduleActivity

from models.case.orders import Delivered, Delivery
from tests.fast.orders import Ordered
from tests.fast.works import Works
from workflows.retries import delivering


class Deliveries:
    """What was set going, by its id.

    Args:
        now: What time it is in a case, or in another workflow.
    """

    def __init__(self, works: Works, now: Callable[[str], datetime]) -> None:
        self._works, self._now = works, now
        self.under_way: dict[str, tuple[str, Ordered]] = {}
        self.done: dict[str, tuple[Delivered, ...]] = {}
        """What came of them: the server remembers it."""

    def ring(self, order: Delivery, tried_for: timedelta) -> tuple[Delivered, ...] | None:
        """As ``workers.deliveries.Bell``."""
        if order.id in self.under_way or order.id in self.done:
            return self.done.get(order.id)
        terms, now = delivering(tried_for), self._now(order.case_id)
        command = ScheduleActivity(
            activity_id=order.id,
            activity_type=order.activity,
            arguments=self._works.converter.payload_converter.to_payloads([order]),
        )
        command.schedule_to_close_timeout.FromTimedelta(terms.in_all)
        terms.retries.apply_to_proto(command.retry_policy)
        self.under_way[order.id] = order.case_id, Ordered(command, scheduled=now, due=now)
        return None

    def due(self, case_id: str) -> Iterator[datetime]:
        """When those of a case are tried, or tried again."""
        return (each.due for whose, each in self.under_way.values() if whose == case_id)

    async def step(self) -> bool:
        """One attempt at one that is due; True if there was any."""
        for id, (case_id, order) in self.under_way.items():
            now = self._now(case_id)
            if order.due > now:
                continue
            info = order.info(None, None, None, now)
            answer = await order.attempted(self._works, self._works.converter, info)
            if isinstance(answer, Payload):
                del self.under_way[id]
                payloads = self._works.converter.payload_converter
                (self.done[id],) = payloads.from_payloads([answer], [Delivery.answer()])
            elif not order.tried_again(answer, now):
                del self.under_way[id]
            return True
        return False
