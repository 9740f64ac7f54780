"""The history of a case in memory, written as a server writes one.

A replayer of the library reads it, and so tells whether tasks were given as a server gives them.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import Payload, Payloads, SearchAttributes, WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.sdk.v1 import WorkflowTaskCompletedMetadata
from temporalio.api.update.v1 import Outcome, Request
from temporalio.bridge.proto.workflow_commands import (
    ScheduleActivity,
    SignalExternalWorkflowExecution,
    StartChildWorkflowExecution,
    WorkflowCommand,
)
from temporalio.converter import DataConverter

from tests.fast.orders import Ordered

_CORE_FLAGS = (4, 1, 2, 3)
"""What the library's core marks the first task of a new case with."""


def stamp(moment: datetime) -> Timestamp:
    """A moment as the server writes it."""
    written = Timestamp()
    written.FromDatetime(moment)
    return written


class History:
    """Events, in the order in which they came."""

    def __init__(self) -> None:
        self.events: list[HistoryEvent] = []
        self._activities: dict[int, int] = {}
        self._timers: dict[int, int] = {}
        self._signals: dict[int, int] = {}
        self._children: dict[int, int] = {}

    def add(self, at: datetime, kind: str, **attributes: object) -> int:
        """Write an event down; returns its number."""
        field = f"{kind.lower()}_event_attributes"
        event = HistoryEvent(
            event_id=len(self.events) + 1,
            event_time=stamp(at),
            event_type=EventType.Value(f"EVENT_TYPE_{kind}"),
        )
        written = getattr(event, field)
        written.SetInParent()
        written.MergeFrom(type(written)(**attributes))
        self.events.append(event)
        return event.event_id

    # -- what comes in ------------------------------------------------------------------------

    def activity_done(
        self, at: datetime, seq: int, order: Ordered, result: Payload | Failure | None
    ) -> None:
        """An activity has answered, failed for good, or was cancelled (None)."""
        scheduled = self._activities.pop(seq)
        if result is None:
            self.add(at, "ACTIVITY_TASK_CANCELED", scheduled_event_id=scheduled)
            return
        started = self.add(
            at, "ACTIVITY_TASK_STARTED", scheduled_event_id=scheduled, attempt=order.attempt
        )
        both = {"scheduled_event_id": scheduled, "started_event_id": started}
        if isinstance(result, Failure):
            state = order.given_up
            self.add(at, "ACTIVITY_TASK_FAILED", failure=result, retry_state=state, **both)
        else:
            self.add(at, "ACTIVITY_TASK_COMPLETED", result=Payloads(payloads=[result]), **both)

    def timer_fired(self, at: datetime, seq: int) -> None:
        """A timer has run down."""
        self.add(at, "TIMER_FIRED", timer_id=str(seq), started_event_id=self._timers.pop(seq))

    def signalled(self, at: datetime, name: str, arguments: Sequence[Payload]) -> int:
        """A signal came in; returns the number of the event."""
        return self.add(
            at,
            "WORKFLOW_EXECUTION_SIGNALED",
            signal_name=name,
            input=Payloads(payloads=arguments),
        )

    def told_another(self, at: datetime, seq: int, case_id: str, *, there: bool) -> None:
        """A signal to another case has arrived there, or has not."""
        initiated = self._signals.pop(seq)
        whom = WorkflowExecution(workflow_id=case_id)
        kind = (
            "EXTERNAL_WORKFLOW_EXECUTION_SIGNALED"
            if there
            else "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED"
        )
        self.add(at, kind, initiated_event_id=initiated, workflow_execution=whom)

    # -- what a task orders -------------------------------------------------------------------

    def task(self, at: datetime, *, long: bool = False) -> tuple[int, int]:
        """A task is given out; returns the numbers of its two events.

        Args:
            long: Whether the worker is told that the history has grown long.
        """
        scheduled = self.add(at, "WORKFLOW_TASK_SCHEDULED", attempt=1)
        started = self.add(
            at,
            "WORKFLOW_TASK_STARTED",
            scheduled_event_id=scheduled,
            suggest_continue_as_new=long,
        )
        return scheduled, started

    def task_failed(self, at: datetime, task: tuple[int, int], failure: Failure) -> None:
        """A task could not be done."""
        self.add(
            at,
            "WORKFLOW_TASK_FAILED",
            scheduled_event_id=task[0],
            started_event_id=task[1],
            failure=failure,
        )

    def task_done(self, at: datetime, task: tuple[int, int], flags: Sequence[int]) -> int:
        """A task was done; returns the number that its commands name."""
        metadata = WorkflowTaskCompletedMetadata(lang_used_flags=flags)
        if task[0] <= 2:
            metadata.core_used_flags.extend(_CORE_FLAGS)
        return self.add(
            at,
            "WORKFLOW_TASK_COMPLETED",
            scheduled_event_id=task[0],
            started_event_id=task[1],
            sdk_metadata=metadata,
        )

    def forget_since(self, task: tuple[int, int]) -> None:
        """A task in which nothing but refusals happened leaves no trace."""
        del self.events[task[0] - 1 :]

    def ordered(self, at: datetime, task: int, command: WorkflowCommand) -> None:
        """What a task has ordered, updates apart."""
        of_task = {"workflow_task_completed_event_id": task}
        match command.WhichOneof("variant"):
            case "start_timer":
                timer = command.start_timer
                self._timers[timer.seq] = self.add(
                    at,
                    "TIMER_STARTED",
                    timer_id=str(timer.seq),
                    start_to_fire_timeout=timer.start_to_fire_timeout,
                    **of_task,
                )
            case "cancel_timer":
                seq = command.cancel_timer.seq
                self.add(
                    at,
                    "TIMER_CANCELED",
                    timer_id=str(seq),
                    started_event_id=self._timers.pop(seq),
                    **of_task,
                )
            case "schedule_activity":
                self._activities[command.schedule_activity.seq] = self.add(
                    at,
                    "ACTIVITY_TASK_SCHEDULED",
                    **_activity(command.schedule_activity),
                    **of_task,
                )
            case "request_cancel_activity":
                scheduled = self._activities[command.request_cancel_activity.seq]
                self.add(
                    at, "ACTIVITY_TASK_CANCEL_REQUESTED", scheduled_event_id=scheduled, **of_task
                )
            case "upsert_workflow_search_attributes":
                attributes = command.upsert_workflow_search_attributes.search_attributes
                self.add(
                    at,
                    "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES",
                    search_attributes=attributes,
                    **of_task,
                )
            case "signal_external_workflow_execution":
                signal = command.signal_external_workflow_execution
                self._signals[signal.seq] = self.add(
                    at,
                    "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED",
                    **_signal(signal),
                    **of_task,
                )
            case "start_child_workflow_execution":
                child = command.start_child_workflow_execution
                self._children[child.seq] = self.add(
                    at, "START_CHILD_WORKFLOW_EXECUTION_INITIATED", **_child(child), **of_task
                )
            case "set_patch_marker":
                self._patched(at, command.set_patch_marker.patch_id, of_task)
            case "complete_workflow_execution":
                result = command.complete_workflow_execution.result
                self.add(
                    at,
                    "WORKFLOW_EXECUTION_COMPLETED",
                    result=Payloads(payloads=[result]),
                    **of_task,
                )
            case "fail_workflow_execution":
                failure = command.fail_workflow_execution.failure
                self.add(at, "WORKFLOW_EXECUTION_FAILED", failure=failure, **of_task)
            case "continue_as_new_workflow_execution":
                pass  # ``continued``
            case other:
                raise AssertionError(f"{other}: a case in memory does not order that yet")

    def _patched(self, at: datetime, patch: str, of_task: dict[str, int]) -> None:
        payloads = DataConverter.default.payload_converter.to_payloads
        marked = payloads([{"id": patch, "deprecated": False}])
        details = {"patch-data": Payloads(payloads=marked)}
        self.add(at, "MARKER_RECORDED", marker_name="core_patch", details=details, **of_task)
        (listed,) = payloads([[patch]])
        listed.metadata["type"] = b"KeywordList"
        fields = {"TemporalChangeVersion": listed}
        self.add(
            at,
            "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES",
            search_attributes=SearchAttributes(indexed_fields=fields),
            **of_task,
        )

    def accepted(self, at: datetime, task: tuple[int, int], asked: Request) -> int:
        """An update has been let in; returns the number of the event."""
        id = asked.meta.update_id
        return self.add(
            at,
            "WORKFLOW_EXECUTION_UPDATE_ACCEPTED",
            protocol_instance_id=id,
            accepted_request_message_id=f"{id}/request",
            accepted_request_sequencing_event_id=task[0],
            accepted_request=asked,
        )

    def answered(self, at: datetime, accepted: int, asked: Request, outcome: Outcome) -> None:
        """An update has its answer."""
        self.add(
            at,
            "WORKFLOW_EXECUTION_UPDATE_COMPLETED",
            meta=asked.meta,
            accepted_event_id=accepted,
            outcome=outcome,
        )

    def continued(self, at: datetime, task: int, run_id: str) -> None:
        """The case goes on in another run."""
        self.add(
            at,
            "WORKFLOW_EXECUTION_CONTINUED_AS_NEW",
            new_execution_run_id=run_id,
            workflow_task_completed_event_id=task,
        )

    def closing(self) -> Iterator[HistoryEvent]:
        """The event that ended the case, if it has ended."""
        ends = ("_COMPLETED", "_FAILED", "_TERMINATED", "_CANCELED", "_CONTINUED_AS_NEW")
        for event in self.events[-1:]:
            name = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_WORKFLOW_EXECUTION")
            if name in ends:
                yield event


def _activity(command: ScheduleActivity) -> dict[str, object]:
    return {
        "activity_id": command.activity_id,
        "activity_type": {"name": command.activity_type},
        "task_queue": {"name": command.task_queue},
        "input": Payloads(payloads=command.arguments),
        "schedule_to_close_timeout": command.schedule_to_close_timeout,
        "start_to_close_timeout": command.start_to_close_timeout,
        "retry_policy": command.retry_policy,
    }


def _signal(command: SignalExternalWorkflowExecution) -> dict[str, object]:
    whom = command.workflow_execution
    return {
        "namespace": whom.namespace,
        "workflow_execution": WorkflowExecution(workflow_id=whom.workflow_id),
        "signal_name": command.signal_name,
        "input": Payloads(payloads=command.args),
    }


def _child(command: StartChildWorkflowExecution) -> dict[str, object]:
    return {
        "workflow_id": command.workflow_id,
        "workflow_type": {"name": command.workflow_type},
        "input": Payloads(payloads=command.input),
    }
