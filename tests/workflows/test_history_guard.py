"""A case never goes ahead of its history: what a query could make of it, what a replay writes."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.client import WorkflowHistory, WorkflowQueryFailedError
from temporalio.service import RPCError
from temporalio.worker import Worker, WorkflowInstance, WorkflowRunner

from activities.warrants import server_time
from models.case.ledger import verify
from tests.play import eventually
from tests.replays import Recording, entries_in, recordings, replay
from tests.stage import Stage, at
from workers import history_guard
from workers.catalogue import ACTIVITY_QUEUE, TASK_QUEUE, WORKFLOWS, activities, sandbox
from workers.seal import sealed_client
from workflows.doors import CaseWorkflow

TASKS = {
    EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
}
NEWS = {
    EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
    EventType.EVENT_TYPE_TIMER_FIRED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
}
"""What lets a case go on."""
ANSWERS = {
    EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED,
}


def cut_short(history: WorkflowHistory) -> Iterator[WorkflowHistory]:
    """A history as a query can bring it: behind news of which no task tells yet."""
    for event, following in zip(history.events, history.events[1:], strict=False):
        if event.event_type in NEWS and following.event_type in TASKS:
            yield WorkflowHistory(history.workflow_id, history.events[: event.event_id])


def recorded() -> Recording:
    """A short way: a county that is rejected."""
    return next(each for each in recordings() if each.path == "rejected")


@pytest.mark.clause("G7")
async def test_behind_news_without_a_task_nothing_is_written() -> None:
    """Every place at which a query can find a case writes what the whole history writes."""
    history = recorded().history()
    whole = entries_in(history)
    cuts = list(cut_short(history))
    assert len(cuts) >= 3
    for cut in cuts:
        written = (await replay(cut)).entries
        assert written == whole[: len(written)], f"behind event {len(cut.events)}"


async def test_without_the_guard_another_file_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the guard is there for: should the library mend this itself, the guard can go."""
    monkeypatch.setattr(history_guard._Position, "is_ahead_of", lambda self, last: False)
    history = recorded().history()
    whole = entries_in(history)
    others = [
        written
        for cut in cut_short(history)
        if (written := (await replay(cut)).entries) != whole[: len(written)]
    ]
    assert others


@pytest.mark.server
@pytest.mark.clause("G7")
async def test_askers_before_the_task_that_waits_change_no_file(own_stage: Stage) -> None:
    """Forty ask while an activity is done and its task waits; then the worker comes."""
    play = await own_stage.opens(at(11, 16))
    await play.reaches("C2")
    own_stage.outages.begin(play.case_id, "county_counted", again_in=timedelta(seconds=2))
    await play.act("C2")
    await eventually(
        lambda: _felt(own_stage, play.case_id), lambda: "what C3 is judged by was not asked for"
    )
    await own_stage.crew.goes()
    refused: list[str] = []

    async def ask() -> None:
        while True:
            with suppress(RPCError):
                try:
                    await play.handle.query(CaseWorkflow.status, rpc_timeout=timedelta(seconds=60))
                except WorkflowQueryFailedError as error:
                    refused.append(str(error))
            await asyncio.sleep(0.2)  # as people who look again; without it nobody else has a turn

    asking = [asyncio.create_task(ask()) for _ in range(40)]
    client = own_stage.skipper.client
    own_stage.outages.end(play.case_id)
    with ThreadPoolExecutor(4) as threads:
        async with Worker(
            sealed_client(client, own_stage.settings.keyring(), answering=True),
            task_queue=ACTIVITY_QUEUE,
            activities=activities(own_stage.settings, server_time, own_stage.policies),
            activity_executor=threads,
        ):
            await _waits_for_a_task(play.handle)
            async with Worker(
                client,
                task_queue=TASK_QUEUE,
                workflows=WORKFLOWS,
                workflow_runner=sandbox(),
                max_cached_workflows=10,
                max_concurrent_workflow_tasks=2,
                max_concurrent_workflow_task_polls=2,
            ):
                await play.reaches("C3")
                for each in asking:
                    each.cancel()
                await asyncio.gather(*asking, return_exceptions=True)
                receipt = await play.act("C3")
                await play.reaches("C4")
                kept = await play.file()
                replayed = (await replay(await play.history())).entries
    assert all(history_guard.AHEAD in each for each in refused), refused
    assert kept[receipt.seq - 1].hash == receipt.hash
    assert verify(play.case_id, kept) == len(kept)
    assert replayed[: len(kept)] == kept
    await own_stage.crew.comes(max_cached_workflows=0)


async def _waits_for_a_task(handle: Any) -> None:
    """Wait until an activity has been answered and nobody has taken the task that follows."""
    async with asyncio.timeout(60):
        while True:
            history = await handle.fetch_history()
            answer, task = [event.event_type for event in history.events[-2:]]
            if answer in ANSWERS and task == EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
                return
            await asyncio.sleep(0.05)


async def _felt(stage: Stage, case_id: str) -> bool:
    return stage.outages.felt(case_id, "county_counted")


def step(events: int, *jobs: str, replaying: bool = False) -> WorkflowActivation:
    """An activation as the library makes it, at a task that began at ``events``."""
    act = WorkflowActivation(
        history_length=events, is_replaying=replaying, history_size_bytes=events * 100
    )
    act.timestamp.FromNanoseconds(events)
    for job in jobs:
        if job == "news":
            act.jobs.add().resolve_activity.seq = 1
        else:
            act.jobs.add().query_workflow.query_id = job
    return act


LEGACY, ATTACHED = "legacy_query", "1"
REPLAYED = step(3, "news", replaying=True)
"""A task that was done before."""


@pytest.mark.parametrize(
    ("steps", "answered"),
    [
        ([REPLAYED, step(3, LEGACY)], True),
        ([REPLAYED, step(9, "news"), step(9, LEGACY)], False),
        ([REPLAYED, step(9, "news"), step(9, ATTACHED)], True),
        ([REPLAYED, step(9, "news"), step(15, "news"), step(15, LEGACY)], True),
        ([REPLAYED, step(9, "news"), step(9, "news"), step(9, LEGACY)], False),
    ],
    ids=["all-done", "maybe-open", "with-its-task", "a-second-task", "twice-in-one-task"],
)
def test_a_task_that_may_be_open_is_not_told_of(
    steps: list[WorkflowActivation], answered: bool
) -> None:
    """A query alone is answered from what is done for sure: its task may never be finished."""
    guarded = history_guard.guarded(_Still()).create_instance(None)  # type: ignore[arg-type]
    *before, asked = steps
    for each in before:
        assert not guarded.activate(each).HasField("failed")
    refused = guarded.activate(asked)
    assert refused.HasField("failed") is not answered
    assert answered or history_guard.AHEAD in refused.failed.failure.message


class _Still(WorkflowRunner, WorkflowInstance):
    """A runner and an instance that do nothing."""

    def prepare_workflow(self, defn: Any) -> None: ...

    def create_instance(self, det: Any) -> WorkflowInstance:
        return self

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        return WorkflowActivationCompletion()

    def get_serialization_context(self, command_info: Any) -> Any: ...

    def get_external_store_context(self, command_info: Any) -> Any: ...

    def get_info(self) -> Any: ...

    def get_thread_id(self) -> int | None: ...
