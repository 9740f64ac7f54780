"""A guard around a workflow: it never goes further than the tasks that its history tells of.

A worker that has just started can be asked how a case stands before it gets the task that waits for
it. The history that comes with such a query may end behind that task's beginnings: in a completed
activity, or in the start of a task that another worker has and will not finish. The library would
let the case go on from there: at another time than every replay will, and without what comes in
until the task is done. It would keep the case so in its cache, give receipts for entries that no
replay writes again, and contradict the kept file for ever (G7).

The guard refuses the answer. The query fails and can be asked again, the case leaves the cache, and
the task that waits plays it from its beginning, as every later replay will.
"""

from dataclasses import dataclass
from typing import Any

from temporalio.api.enums.v1 import CommandType
from temporalio.bridge.proto.workflow_activation import WorkflowActivation, WorkflowActivationJob
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import (
    ActivitySerializationContext,
    StorageDriverStoreContext,
    WorkflowSerializationContext,
)
from temporalio.worker import WorkflowInstance, WorkflowRunner

from workers.wrapped import WrappedInstance, WrappedRunner

AHEAD = "asked ahead of its history"
"""What the failure of such a query says, among more; who asks can ask again."""


def guarded(inner: WorkflowRunner) -> WorkflowRunner:
    """Another runner, whose workflows are guarded."""
    return WrappedRunner(inner, lambda instance, _: _Guarded(instance))


@dataclass(frozen=True)
class _Position:
    """Where in its history a workflow stands.

    Attributes:
        events: How many events it has been told.
        began: When the last task of which it knows began, in nanoseconds.
        size: How many bytes the history had when that task began.
    """

    events: int
    began: int
    size: int

    def is_ahead_of(self, last: "_Position") -> bool:
        """Whether events have come, and no task with them.

        Both the time and the size are those of the beginning of the last task. A clock that was set
        back can leave the time where it was; then the size has grown.
        """
        return self.events > last.events and (self.began, self.size) == (last.began, last.size)


class _Guarded(WrappedInstance):
    def __init__(self, inner: WorkflowInstance) -> None:
        super().__init__(inner)
        self._orders: dict[int, ActivitySerializationContext] = {}
        self._last: _Position | None = None
        self._tasks = 0

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        """Let the inner workflow go on, or refuse a step that a replay would not take so."""
        if all(job.HasField("query_workflow") for job in act.jobs):
            if self._may_be_unfinished and any(_is_alone(job) for job in act.jobs):
                return _refused("the task that began last may not be done")
            return super().activate(act)
        position = _Position(
            act.history_length, act.timestamp.ToNanoseconds(), act.history_size_bytes
        )
        if self._last is not None and position.is_ahead_of(self._last):
            return _refused(f"no task has begun behind event {position.events}")
        if position != self._last and not act.is_replaying:
            self._tasks += 1
        self._last = position
        completion = super().activate(act)
        self._note_orders(act, completion)
        return completion

    def _note_orders(
        self, act: WorkflowActivation, completion: WorkflowActivationCompletion
    ) -> None:
        """Which orders are under way: those that were answered are not, those just given are."""
        for job in act.jobs:
            if job.HasField("resolve_activity"):
                self._orders.pop(job.resolve_activity.seq, None)
        for command in completion.successful.commands:
            if command.HasField("schedule_activity"):
                info, order = self.get_info(), command.schedule_activity
                self._orders[order.seq] = ActivitySerializationContext(
                    namespace=info.namespace,
                    workflow_id=info.workflow_id,
                    workflow_type=info.workflow_type,
                    activity_type=order.activity_type,
                    activity_id=order.activity_id,
                    activity_task_queue=order.task_queue,
                    is_local=False,
                )

    @property
    def _may_be_unfinished(self) -> bool:
        """Whether the only task that was no replay can be one that came along with a query.

        A second one shows that the first was this worker's own: had a query brought the first, it
        would have been refused here, and the case would have left the cache.
        """
        return self._tasks == 1

    def get_serialization_context(self, command_info: Any) -> Any:
        """What a payload belongs to: the workflow, or one of its orders.

        The library asks some ten times for every order, and the inner workflow would enter its
        sandbox for each answer: that takes longer than all that a case does.
        """
        if command_info is None:
            info = self.get_info()
            return WorkflowSerializationContext(info.namespace, info.workflow_id)
        if command_info.command_type == CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK:
            known = self._orders.get(command_info.command_seq)
            if known is not None:
                return known
        return self._inner.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> Any:
        return StorageDriverStoreContext()  # nothing is stored elsewhere


def _is_alone(job: WorkflowActivationJob) -> bool:
    """Whether a query came with no task of the case: so the library marks it."""
    return job.query_workflow.query_id == "legacy_query"


def _refused(why: str) -> WorkflowActivationCompletion:
    completion = WorkflowActivationCompletion()
    completion.failed.failure.message = f"{AHEAD}: {why}; ask again"
    return completion
