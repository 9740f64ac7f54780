"""A case in memory that goes through a history once more."""

from collections.abc import Iterator, Sequence
from datetime import UTC

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.update.v1 import Request

from tests.fast.execution import Execution


class Again(Execution):
    """What came in once comes in again in the same tasks, which begin to the nanosecond then."""

    _exactly: Timestamp | None = None

    def stamped(self) -> Timestamp:
        """As it was told then."""
        return self._exactly or super().stamped()

    async def play(self, events: Sequence[HistoryEvent]) -> None:
        """Go through a history from its beginning."""
        activities: dict[int, int] = {}
        signals: dict[int, int] = {}
        timers: dict[int, int] = {}
        tasks = dict(_updates_of(events))
        for event in events:
            match EventType.Name(event.event_type).removeprefix("EVENT_TYPE_"):
                case "ACTIVITY_TASK_SCHEDULED":
                    scheduled = event.activity_task_scheduled_event_attributes
                    activities[event.event_id] = int(scheduled.activity_id)
                case "ACTIVITY_TASK_COMPLETED":
                    done = event.activity_task_completed_event_attributes
                    self.done(activities[done.scheduled_event_id], done.result.payloads[0])
                case "TIMER_STARTED":
                    timers[event.event_id] = int(event.timer_started_event_attributes.timer_id)
                case "TIMER_FIRED":
                    self.fire(timers[event.timer_fired_event_attributes.started_event_id])
                case "WORKFLOW_EXECUTION_SIGNALED":
                    signal = event.workflow_execution_signaled_event_attributes
                    self.signal(signal.signal_name, signal.input.payloads)
                case "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED":
                    signals[event.event_id] = len(signals) + 1
                case "EXTERNAL_WORKFLOW_EXECUTION_SIGNALED":
                    told = event.external_workflow_execution_signaled_event_attributes
                    whom = told.workflow_execution.workflow_id
                    self.told(signals[told.initiated_event_id], whom, None)
                case "WORKFLOW_TASK_STARTED":
                    self.now = event.event_time.ToDatetime(UTC)
                    self._exactly = event.event_time
                    for update in tasks[event.event_id]:
                        self.update(update)
                    await self.work()
        self._exactly = None


def _updates_of(events: Sequence[HistoryEvent]) -> Iterator[tuple[int, list[Request]]]:
    """The number at which each task started, and the updates that it let in."""
    let_in: list[Request] = []
    for event in reversed(events):
        if event.HasField("workflow_execution_update_accepted_event_attributes"):
            accepted = event.workflow_execution_update_accepted_event_attributes
            let_in.insert(0, accepted.accepted_request)
        if event.HasField("workflow_task_started_event_attributes"):
            yield event.event_id, let_in
            let_in = []
