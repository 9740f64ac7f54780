"""Cases without a server are given what a server gives them: recorded ones write the same file,
and what the library's own replayer makes of a case without a server is what was written.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import WorkflowType
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest
from temporalio.client import WorkflowHistory

from tests.fast.execution import Execution
from tests.fast.works import Works
from tests.record_histories import PATHS
from tests.replays import Recording, entries_in, recordings, replay
from tests.stage import Stage

RECORDED = [pytest.param(each, id=each.file.stem) for each in recordings()]


@pytest.mark.clause("G7")
@pytest.mark.parametrize("recording", RECORDED)
async def test_a_recorded_case_writes_the_same_file_without_a_server(recording: Recording) -> None:
    recorded = recording.history()
    case = await played_again(recorded)
    own = WorkflowHistory(case.id, case.history.events)
    assert [each.hash for each in entries_in(own)] == [each.hash for each in entries_in(recorded)]
    assert list(ordered(own.events)) == list(ordered(recorded.events))
    await case.forget()


@pytest.mark.clause("G7")
@pytest.mark.parametrize("path", PATHS)
async def test_a_replay_of_a_case_without_a_server_writes_the_same_file(
    stage: Stage, path: str
) -> None:
    play = await PATHS[path](stage)
    await play.ends()
    kept = await play.file()
    assert (await replay(await play.history())).entries == kept


class Recorded(Execution):
    """A case in memory whose tasks begin to the nanosecond when recorded ones did."""

    exactly: Timestamp

    def stamped(self) -> Timestamp:
        """As the server told it."""
        return self.exactly


async def played_again(recorded: WorkflowHistory) -> Recorded:
    """A recorded case: what came in comes in again in the same tasks, at the same moments."""
    case = started(recorded)
    activities: dict[int, int] = {}
    signals: dict[int, int] = {}
    timers: dict[int, int] = {}
    tasks = dict(updates_of(recorded.events))
    for event in recorded.events:
        match EventType.Name(event.event_type).removeprefix("EVENT_TYPE_"):
            case "ACTIVITY_TASK_SCHEDULED":
                scheduled = event.activity_task_scheduled_event_attributes
                activities[event.event_id] = int(scheduled.activity_id)
            case "ACTIVITY_TASK_COMPLETED":
                done = event.activity_task_completed_event_attributes
                case.done(activities[done.scheduled_event_id], done.result.payloads[0])
            case "TIMER_STARTED":
                timers[event.event_id] = int(event.timer_started_event_attributes.timer_id)
            case "TIMER_FIRED":
                case.fire(timers[event.timer_fired_event_attributes.started_event_id])
            case "WORKFLOW_EXECUTION_SIGNALED":
                signal = event.workflow_execution_signaled_event_attributes
                case.signal(signal.signal_name, signal.input.payloads)
            case "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED":
                signals[event.event_id] = len(signals) + 1
            case "EXTERNAL_WORKFLOW_EXECUTION_SIGNALED":
                told = event.external_workflow_execution_signaled_event_attributes
                whom = told.workflow_execution.workflow_id
                case.told(signals[told.initiated_event_id], whom, None)
            case "WORKFLOW_TASK_STARTED":
                case.now = event.event_time.ToDatetime(UTC)
                case.exactly = event.event_time
                for update in tasks[event.event_id]:
                    case.update(
                        update.workflow_execution_update_accepted_event_attributes.accepted_request
                    )
                await case.work()
    return case


def started(recorded: WorkflowHistory) -> Recorded:
    """A case as a recorded one was started."""
    first = recorded.events[0]
    given = first.workflow_execution_started_event_attributes
    request = StartWorkflowExecutionRequest(
        workflow_id=recorded.workflow_id,
        request_id=given.first_execution_run_id,
        workflow_type=WorkflowType(name=given.workflow_type.name),
        task_queue=TaskQueue(name=given.task_queue.name),
        input=given.input,
        search_attributes=given.search_attributes,
    )
    return Recorded(Works({}, lambda: None), request, first.event_time.ToDatetime(UTC))


def updates_of(events: Sequence[HistoryEvent]) -> Iterator[tuple[int, list[HistoryEvent]]]:
    """The number at which each task started, and the updates that it let in."""
    for number, event in enumerate(events):
        if event.HasField("workflow_task_started_event_attributes"):
            rest = events[number + 1 :]
            until = next(
                (
                    place
                    for place, each in enumerate(rest)
                    if each.HasField("workflow_task_scheduled_event_attributes")
                ),
                len(rest),
            )
            yield (
                event.event_id,
                [
                    each
                    for each in rest[:until]
                    if each.HasField("workflow_execution_update_accepted_event_attributes")
                ],
            )


def ordered(events: Sequence[HistoryEvent]) -> Iterator[str]:
    """What a case ordered and answered; what came in meanwhile stands elsewhere in between."""
    for event in events:
        name = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")
        if name == "ACTIVITY_TASK_SCHEDULED":
            yield event.activity_task_scheduled_event_attributes.activity_type.name
        elif name.startswith(("TIMER_", "UPSERT_")) or "UPDATE_" in name:
            yield name
