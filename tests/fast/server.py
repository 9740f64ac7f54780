"""A server in memory, behind the library's own client: for rules, orders of arrival and texts.

What stands in for the Temporal server and for the part of the library below Python is here, in
``execution`` and in ``history``: it hands out tasks, activities and timers. The workflows run under
the library's own loop: a validator before its handler, signals and updates of a task before what
it resolves, conditions looked at again after each step, cancellation. Activities are the
registry's own, and are answered in a task of their own, later than they were ordered.

Everything is done at once and in one order: what a case does by itself is over before whoever sent
something has an answer. Each case has a clock, which stands unless it is told to go on.

What it does not show: a sandbox, seals, replays (but a history that is kept here can be replayed),
lost and repeated tasks, the limits of a server, most lists, schedules, two workers, two things at
once in the registry. ``--server`` has the same tests run on a real server.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

from google.protobuf.any_pb2 import Any as Packed
from temporalio.api.common.v1 import ActivityType, GrpcStatus, WorkflowExecution
from temporalio.api.enums.v1 import (
    HistoryEventFilterType,
    PendingActivityState,
    ResetReapplyExcludeType,
    UpdateWorkflowExecutionLifecycleStage,
    WorkflowExecutionStatus,
    WorkflowIdReusePolicy,
)
from temporalio.api.errordetails.v1 import WorkflowExecutionAlreadyStartedFailure
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.history.v1 import History as HistoryOfServer
from temporalio.api.update.v1 import UpdateRef
from temporalio.api.workflow.v1 import PendingActivityInfo, WorkflowExecutionInfo
from temporalio.api.workflowservice import v1
from temporalio.bridge.proto.child_workflow import StartChildWorkflowExecutionFailedCause
from temporalio.bridge.proto.workflow_activation import (
    ResolveChildWorkflowExecutionStart,
    ResolveChildWorkflowExecutionStartFailure,
    ResolveChildWorkflowExecutionStartSuccess,
)
from temporalio.bridge.proto.workflow_commands import (
    SignalExternalWorkflowExecution,
    StartChildWorkflowExecution,
    WorkflowCommand,
)
from temporalio.client import Client, WorkflowHandle
from temporalio.service import ConnectConfig, RPCError, RPCStatusCode, ServiceClient

from tests.fast.again import Again
from tests.fast.deliveries import Deliveries
from tests.fast.execution import Execution
from tests.fast.history import stamp
from tests.fast.works import NAMESPACE, Works, by_name

_COMPLETED = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED
_ANSWERED = UpdateWorkflowExecutionLifecycleStage

_LISTED = re.compile(
    r"(?P<running>ExecutionStatus = 'Running')"
    r"|ExecutionStatus != 'ContinuedAsNew'(?: AND CloseTime > '(?P<since>[^']+)')?"
)
"""Which lists the product asks for."""

_TURN = timedelta(milliseconds=1)
"""How long a task takes by the clock of its case: nothing happens in no time."""


class FastServer:
    """Workflow service, time skipper and worker in one.

    Args:
        activities: Of the installation.
        check: Asked before every attempt at one; what it raises is the activity's failure.
    """

    def __init__(self, activities: Sequence[Callable[..., Any]], check: Callable[[], None]) -> None:
        self.works = Works(by_name(activities), check)
        self.client = Client(
            cast(ServiceClient, _Connected(self)),
            namespace=NAMESPACE,
            data_converter=self.works.converter,
        )
        self.executions: dict[str, Execution] = {}
        self.deliveries = Deliveries(self.works, lambda case_id: self.of(case_id).now)
        self.runs: list[Execution] = []
        self.working = True
        self._busy = asyncio.Lock()

    # -- what a stage asks --------------------------------------------------------------------

    async def fast_forward(self, handle: WorkflowHandle[Any, Any], ahead: timedelta) -> None:
        """Let the clock of a case go on; what is due on the way happens at its moment."""
        async with self._busy:
            case = self.of(handle.id)
            await self._pass(case.id, case.now + ahead)

    async def get_current_time(self, handle: WorkflowHandle[Any, Any]) -> datetime:
        """The case's own time."""
        return self.of(handle.id).now

    @contextmanager
    def with_time_skipping_disabled(self) -> Iterator[None]:
        """A case's clock stands by itself."""
        yield

    async def pass_to_next(self, case_id: str, within: timedelta) -> timedelta:
        """Let a case's clock go on to what is due next, if it is near; returns how far it went."""
        async with self._busy:
            case = self.executions.get(case_id)
            due = self._next_due(case) if case else None
            if case is None or due is None or due - case.now > within:
                return timedelta(0)
            before = case.now
            await self._pass(case_id, due)
            return self.of(case_id).now - before

    async def comes_to_work(self, activities: Sequence[Callable[..., Any]]) -> None:
        """A worker comes, and does at once what has been waiting for it."""
        async with self._busy:
            self.works.activities, self.working = by_name(activities), True
            await self._settle()

    async def goes_from_work(self) -> None:
        """Nobody works from now on: what is sent to a case waits, and comes to it together."""
        self.working = False

    async def close(self) -> None:
        """Leave nothing in memory."""
        for each in (*self.runs, *self.executions.values()):
            await each.forget()

    # -- what goes on -------------------------------------------------------------------------

    def of(self, case_id: str) -> Execution:
        """A case by its id; raises as the server does."""
        found = self.executions.get(case_id)
        if found is None:
            raise RPCError(f"workflow not found for ID: {case_id}", RPCStatusCode.NOT_FOUND, b"")
        return found

    def run_of(self, asked: WorkflowExecution) -> Execution:
        """One run of a case, the last if none is named; raises as the server does."""
        last = self.of(asked.workflow_id)
        runs = {each.run_id: each for each in (*self.runs, last)}
        if asked.run_id and asked.run_id not in runs:
            raise RPCError("workflow execution not found", RPCStatusCode.NOT_FOUND, b"")
        return runs[asked.run_id or last.run_id]

    def running(self, case_id: str) -> Execution:
        """A case that has not ended; raises as the server does."""
        found = self.of(case_id)
        if not found.is_running:
            said = "workflow execution already completed"
            raise RPCError(said, RPCStatusCode.NOT_FOUND, b"")
        return found

    async def _pass(self, case_id: str, end: datetime) -> None:
        while True:
            case = self.of(case_id)  # it may have gone on in a new run meanwhile
            due = self._next_due(case)
            if due is None or due > end:
                break
            case.come_to(due)
            await self._settle()
        case.come_to(end)
        await self._settle()

    def _next_due(self, case: Execution) -> datetime | None:
        """When something of a case happens next by itself, a delivery too."""
        moments = [case.next_due(working=self.working)]
        moments += self.deliveries.due(case.id) if self.working else []
        return min((each for each in moments if each is not None), default=None)

    async def settle(self) -> None:
        """Let everything go on until only people or time can move it."""
        async with self._busy:
            await self._settle()

    async def _settle(self) -> None:
        while self.working and await self._step():
            pass

    async def _step(self) -> bool:
        """One task or one activity of whoever has one; True if there was any."""
        for case in list(self.executions.values()):
            if not case.is_running or case.stuck:
                continue
            if case.jobs or (not case.has_begun and case.begins <= case.now):
                case.now += _TURN
                for command in await case.work():
                    self._between_cases(case, command)
                return True
            order = case.take_order()
            if order is not None:
                await case.attempt(*order)
                return True
            if case.pass_moments():
                return True
        return await self.deliveries.step()

    def _between_cases(self, case: Execution, command: WorkflowCommand) -> None:
        if command.HasField("continue_as_new_workflow_execution"):
            self.runs.append(case)
            self.executions[case.id] = Execution(
                self.works, case.successor, case.now, case.first_run
            )
        elif command.HasField("signal_external_workflow_execution"):
            self._signal_from(case, command.signal_external_workflow_execution)
        else:
            self._start_from(case, command.start_child_workflow_execution)

    def _signal_from(self, case: Execution, given: SignalExternalWorkflowExecution) -> None:
        to = given.workflow_execution.workflow_id
        failure = None
        try:
            other = self.running(to)
        except RPCError:
            failure = Failure(
                message="Unable to signal external workflow because it was not found",
                application_failure_info=ApplicationFailureInfo(),
            )
        else:
            other.signal(given.signal_name, given.args)
        case.told(given.seq, to, failure)

    def _start_from(self, case: Execution, given: StartChildWorkflowExecution) -> None:
        request = v1.StartWorkflowExecutionRequest(
            workflow_id=given.workflow_id,
            request_id=str(uuid4()),
            workflow_id_reuse_policy=given.workflow_id_reuse_policy,
        )
        request.workflow_type.name = given.workflow_type
        request.task_queue.name = case.request.task_queue.name
        request.input.payloads.extend(given.input)
        request.search_attributes.CopyFrom(given.search_attributes)
        resolved = ResolveChildWorkflowExecutionStart(seq=given.seq)
        try:
            begun = self.start(request, case.now)
        except RPCError:
            cause = StartChildWorkflowExecutionFailedCause
            resolved.failed.CopyFrom(
                ResolveChildWorkflowExecutionStartFailure(
                    workflow_id=given.workflow_id,
                    workflow_type=given.workflow_type,
                    cause=cause.START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_WORKFLOW_ALREADY_EXISTS,
                )
            )
        else:
            resolved.succeeded.CopyFrom(
                ResolveChildWorkflowExecutionStartSuccess(run_id=begun.run_id)
            )
        case.child_started(resolved)

    async def reset(self, case: Execution, finish: int) -> Execution:
        """Let a case do a task again in a new run, which knows nothing of what came since.

        Args:
            finish: The number of the event that says the task was done.
        """
        request = v1.StartWorkflowExecutionRequest()
        request.CopyFrom(case.request)
        request.request_id = str(uuid4())
        again = Again(case.works, request, case.started, case.first_run)
        async with self._busy:
            await again.play(case.history.events[: finish - 3])  # before that it was given out
            again.now = case.now
            case.terminate("reset")
            self.runs.append(case)
            self.executions[case.id] = again
            await self._settle()
        return again

    def start(self, request: v1.StartWorkflowExecutionRequest, now: datetime) -> Execution:
        """Start a case, unless its id is taken."""
        there = self.executions.get(request.workflow_id)
        if there is not None and not _is_free(there, request.workflow_id_reuse_policy):
            raise _already_started(there)
        made = self.executions[request.workflow_id] = Execution(self.works, request, now)
        return made


def _is_free(there: Execution, policy: WorkflowIdReusePolicy.ValueType) -> bool:
    if there.is_running:
        return False
    if policy == WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE:
        return False
    only_failed = WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY
    return policy != only_failed or there.status != _COMPLETED


def _already_started(there: Execution) -> RPCError:
    details = Packed()
    details.Pack(WorkflowExecutionAlreadyStartedFailure(run_id=there.run_id))
    status = GrpcStatus(message="already started", details=[details])
    return RPCError(status.message, RPCStatusCode.ALREADY_EXISTS, status.SerializeToString())


class _Connected:
    """What the library's client knows of a connection."""

    def __init__(self, server: FastServer) -> None:
        self.config = ConnectConfig(target_host="in memory", identity="tests")
        self.workflow_service = _Service(server)


class _Service:
    """The calls of the server that the library's client makes, as far as tests need them."""

    def __init__(self, server: FastServer) -> None:
        self._server = server

    async def start_workflow_execution(
        self, request: v1.StartWorkflowExecutionRequest, **_: Any
    ) -> v1.StartWorkflowExecutionResponse:
        begun = self._server.start(request, datetime.now(UTC))
        await self._server.settle()
        return v1.StartWorkflowExecutionResponse(run_id=begun.run_id, started=True)

    async def signal_workflow_execution(
        self, request: v1.SignalWorkflowExecutionRequest, **_: Any
    ) -> v1.SignalWorkflowExecutionResponse:
        case = self._server.running(request.workflow_execution.workflow_id)
        case.signal(request.signal_name, request.input.payloads)
        await self._server.settle()
        return v1.SignalWorkflowExecutionResponse()

    async def update_workflow_execution(
        self,
        request: v1.UpdateWorkflowExecutionRequest,
        timeout: timedelta | None = None,  # noqa: ASYNC109 - as the client gives it
        **_: Any,
    ) -> v1.UpdateWorkflowExecutionResponse:
        id = request.workflow_execution.workflow_id
        case = self._server.of(id)
        if request.request.meta.update_id not in case.updates:
            case = self._server.running(id)
        sent = case.update(request.request)
        await self._server.settle()
        try:
            async with asyncio.timeout(timeout.total_seconds() if timeout else None):
                outcome = await asyncio.shield(sent.outcome)
        except TimeoutError:
            raise _late() from None
        return v1.UpdateWorkflowExecutionResponse(
            update_ref=UpdateRef(update_id=request.request.meta.update_id),
            outcome=outcome,
            stage=_ANSWERED.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED,
        )

    async def query_workflow(
        self, request: v1.QueryWorkflowRequest, **_: Any
    ) -> v1.QueryWorkflowResponse:
        case = self._server.of(request.execution.workflow_id)
        await self._server.settle()
        if not case.has_begun or case.stuck or not self._server.working:
            raise _late()
        answer = await case.query(request.query.query_type, request.query.query_args.payloads)
        if answer.HasField("failed"):
            raise RPCError(answer.failed.message, RPCStatusCode.INVALID_ARGUMENT, b"")
        response = v1.QueryWorkflowResponse()
        response.query_result.payloads.append(answer.succeeded.response)
        return response

    async def describe_workflow_execution(
        self, request: v1.DescribeWorkflowExecutionRequest, **_: Any
    ) -> v1.DescribeWorkflowExecutionResponse:
        case = self._server.run_of(request.execution)
        given = case.request
        response = v1.DescribeWorkflowExecutionResponse(
            workflow_execution_info=WorkflowExecutionInfo(
                execution=WorkflowExecution(workflow_id=case.id, run_id=case.run_id),
                first_run_id=case.first_run,
                type=given.workflow_type,
                start_time=stamp(case.started),
                execution_time=stamp(case.begins),
                status=case.status,
                task_queue=given.task_queue.name,
                history_length=len(case.history.events),
                memo=given.memo,
                search_attributes=case.attributes,
            ),
            pending_activities=[
                PendingActivityInfo(
                    activity_id=each.command.activity_id,
                    activity_type=ActivityType(name=each.command.activity_type),
                    state=PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED,
                    attempt=each.attempt,
                    last_failure=each.failure,
                )
                for each in case.orders.values()
            ],
        )
        response.execution_config.user_metadata.CopyFrom(given.user_metadata)
        if case.jobs:
            response.pending_workflow_task.SetInParent()
        return response

    async def list_workflow_executions(
        self, request: v1.ListWorkflowExecutionsRequest, **_: Any
    ) -> v1.ListWorkflowExecutionsResponse:
        asked = _LISTED.fullmatch(request.query)
        assert asked is not None, "mark the test as one for a server"
        since = datetime.fromisoformat(asked["since"]) if asked["since"] else None
        found = [
            each
            for each in self._server.executions.values()
            if (each.is_running or not asked["running"])
            and (since is None or (each.closed is not None and each.closed > since))
        ]
        return v1.ListWorkflowExecutionsResponse(
            executions=[
                WorkflowExecutionInfo(
                    execution=WorkflowExecution(workflow_id=each.id, run_id=each.run_id),
                    start_time=stamp(each.started),
                    status=each.status,
                )
                for each in found
            ]
        )

    async def get_workflow_execution_history(
        self, request: v1.GetWorkflowExecutionHistoryRequest, **_: Any
    ) -> v1.GetWorkflowExecutionHistoryResponse:
        case = self._server.run_of(request.execution)
        events = case.history.events
        close = HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT
        if request.history_event_filter_type == close:
            if request.wait_new_event:
                await case.ended.wait()
            events = list(case.history.closing())
        return v1.GetWorkflowExecutionHistoryResponse(history=HistoryOfServer(events=events))

    async def get_workflow_execution_history_reverse(
        self, request: v1.GetWorkflowExecutionHistoryReverseRequest, **_: Any
    ) -> v1.GetWorkflowExecutionHistoryReverseResponse:
        events = self._server.run_of(request.execution).history.events
        history = HistoryOfServer(events=reversed(events))
        return v1.GetWorkflowExecutionHistoryReverseResponse(history=history)

    async def terminate_workflow_execution(
        self, request: v1.TerminateWorkflowExecutionRequest, **_: Any
    ) -> v1.TerminateWorkflowExecutionResponse:
        self._server.running(request.workflow_execution.workflow_id).terminate(request.reason)
        return v1.TerminateWorkflowExecutionResponse()

    async def reset_workflow_execution(
        self, request: v1.ResetWorkflowExecutionRequest, **_: Any
    ) -> v1.ResetWorkflowExecutionResponse:
        nothing = {
            ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL,
            ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE,
        }
        assert nothing == {*request.reset_reapply_exclude_types}, (
            "mark the test as one for a server"
        )
        case = self._server.running(request.workflow_execution.workflow_id)
        again = await self._server.reset(case, request.workflow_task_finish_event_id)
        return v1.ResetWorkflowExecutionResponse(run_id=again.run_id)

    async def request_cancel_workflow_execution(
        self, request: v1.RequestCancelWorkflowExecutionRequest, **_: Any
    ) -> v1.RequestCancelWorkflowExecutionResponse:
        self._server.running(request.workflow_execution.workflow_id).cancel()
        await self._server.settle()
        return v1.RequestCancelWorkflowExecutionResponse()


def _late() -> RPCError:
    return RPCError("nobody has answered in time", RPCStatusCode.DEADLINE_EXCEEDED, b"")
