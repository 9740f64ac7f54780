"""Cases without a server are given what a server gives them: recorded ones write the same file,
and what the library's own replayer makes of a case without a server is what was written.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC

import pytest
from temporalio.api.common.v1 import WorkflowType
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest
from temporalio.client import WorkflowHistory

from tests.fast.again import Again
from tests.fast.works import Works
from tests.record_histories import PATHS
from tests.replays import Recording, entries_in, recordings, replay
from tests.stage import Stage

RECORDED = [pytest.param(each, id=each.file.stem) for each in recordings()]


@pytest.mark.clause("G7")
@pytest.mark.parametrize("recording", RECORDED)
async def test_a_recorded_case_writes_the_same_file_without_a_server(recording: Recording) -> None:
    recorded = recording.history()
    case = await played(recorded)
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


async def played(recorded: WorkflowHistory) -> Again:
    """A recorded case, in memory."""
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
    case = Again(Works({}, lambda: None), request, first.event_time.ToDatetime(UTC))
    await case.play(recorded.events)
    return case


def ordered(events: Sequence[HistoryEvent]) -> Iterator[str]:
    """What a case ordered and answered; what came in meanwhile stands elsewhere in between."""
    for event in events:
        name = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")
        if name == "ACTIVITY_TASK_SCHEDULED":
            yield event.activity_task_scheduled_event_attributes.activity_type.name
        elif name.startswith(("TIMER_", "UPSERT_")) or "UPDATE_" in name:
            yield name
