"""One workflow in memory: its own code under the library, its clock, and what it has ordered."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio import workflow
from temporalio.api.common.v1 import Payload, Payloads, SearchAttributes
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.failure.v1 import Failure
from temporalio.api.update.v1 import Outcome, Request
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest
from temporalio.bridge.proto.workflow_activation import (
    CancelWorkflow,
    DoUpdate,
    FireTimer,
    InitializeWorkflow,
    QueryWorkflow,
    RemoveFromCache,
    ResolveActivity,
    ResolveChildWorkflowExecutionStart,
    ResolveSignalExternalWorkflow,
    SignalWorkflow,
    WorkflowActivation,
    WorkflowActivationJob,
)
from temporalio.bridge.proto.workflow_commands import (
    ContinueAsNewWorkflowExecution,
    QueryResult,
    UpdateResponse,
    WorkflowCommand,
)
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.common import Priority
from temporalio.converter import (
    WorkflowSerializationContext,
    decode_search_attributes,
    decode_typed_search_attributes,
)
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowInstance
from temporalio.worker._workflow_instance import WorkflowInstanceDetails

from tests.fast.history import History, stamp
from tests.fast.orders import Ordered
from tests.fast.works import NAMESPACE, Works

_AT_ONCE = timedelta(milliseconds=10)
"""A timer as short as this one ends by itself, as on a clock that goes on."""

_seeds = count(1)


@dataclass
class Answered:
    """An update that a case was sent, and its outcome once there is one."""

    asked: Request
    accepted: int = 0
    outcome: "asyncio.Future[Outcome]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Execution:
    """One run of a workflow.

    Attributes:
        now: Its own time, which goes on a little with each task, and else when it is told to.
        begins: When its first task is given out.
        jobs: What came in since its last task.
    """

    def __init__(
        self,
        works: Works,
        request: StartWorkflowExecutionRequest,
        now: datetime,
        first_run: str | None = None,
    ) -> None:
        self.works, self.request = works, request
        self.first_run = first_run or request.request_id
        self.id, self.run_id = request.workflow_id, request.request_id
        self.now, self.started = now, now
        self.begins = now + request.workflow_start_delay.ToTimedelta()
        self.jobs: list[WorkflowActivationJob] = []
        self.timers: dict[int, tuple[datetime, timedelta]] = {}
        self.orders: dict[int, Ordered] = {}
        self.updates: dict[str, Answered] = {}
        self.attributes = SearchAttributes()
        self.attributes.CopyFrom(request.search_attributes)
        self.status = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING
        self.ended = asyncio.Event()
        self.closed: datetime | None = None
        self.stuck = False
        self.history = History()
        self.history.add(
            now,
            "WORKFLOW_EXECUTION_STARTED",
            workflow_type=request.workflow_type,
            task_queue=request.task_queue,
            input=request.input,
            workflow_id=self.id,
            original_execution_run_id=self.run_id,
            first_execution_run_id=self.first_run,
            search_attributes=request.search_attributes,
            attempt=1,
        )
        self._instance: WorkflowInstance | None = None
        self._queries = count(1)
        self._long = False
        self._update_jobs: list[Answered] = []
        self._commands_of_another: list[WorkflowCommand] = []
        context = WorkflowSerializationContext(namespace=NAMESPACE, workflow_id=self.id)
        self._converter = works.converter.with_context(context)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.status == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING

    @property
    def has_begun(self) -> bool:
        """Whether its first task was done."""
        return self._instance is not None

    # -- what comes in ------------------------------------------------------------------------

    def signal(self, name: str, arguments: Iterable[Payload]) -> None:
        """Take a signal in."""
        given = list(arguments)
        number = self.history.signalled(self.now, name, given)
        self._job(
            signal_workflow=SignalWorkflow(
                signal_name=name, input=given, originating_event_id=number
            )
        )

    def update(self, asked: Request) -> Answered:
        """Take an update in; one that is known by its id has one effect and one answer."""
        known = self.updates.get(asked.meta.update_id)
        if known is not None:
            return known
        sent = self.updates[asked.meta.update_id] = Answered(asked)
        self._update_jobs.append(sent)
        self._job(
            do_update=DoUpdate(
                id=asked.meta.update_id,
                protocol_instance_id=asked.meta.update_id,
                name=asked.input.name,
                input=asked.input.args.payloads,
                meta=asked.meta,
                run_validator=True,
            )
        )
        return sent

    def cancel(self) -> None:
        """Ask it to cancel itself."""
        self.history.add(self.now, "WORKFLOW_EXECUTION_CANCEL_REQUESTED")
        self._job(cancel_workflow=CancelWorkflow())

    def terminate(self, reason: str) -> None:
        """End it from outside."""
        self.history.add(self.now, "WORKFLOW_EXECUTION_TERMINATED", reason=reason)
        self._end(WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED)

    def told(self, seq: int, case_id: str, failure: Failure | None) -> None:
        """What became of its signal to another case."""
        self.history.told_another(self.now, seq, case_id, there=failure is None)
        self._job(
            resolve_signal_external_workflow=ResolveSignalExternalWorkflow(seq=seq, failure=failure)
        )

    def child_started(self, resolved: ResolveChildWorkflowExecutionStart) -> None:
        """What became of a case that it started."""
        self._job(resolve_child_workflow_execution_start=resolved)

    def _job(self, **job: Any) -> None:
        self.jobs.append(WorkflowActivationJob(**job))

    # -- time ---------------------------------------------------------------------------------

    def next_due(self, *, working: bool) -> datetime | None:
        """When something happens next by itself: its beginning, a timer, another attempt."""
        if not self.is_running or self.stuck:
            return None
        moments = [due for due, _ in self.timers.values()]
        if not self.has_begun and not self.jobs:
            moments.append(self.begins)
        if working:
            moments += [each.due for each in self.orders.values()]
        return min(moments, default=None)

    def come_to(self, moment: datetime) -> None:
        """Let it be a moment, never an earlier one; what is due by then comes in."""
        self.now = max(self.now, moment)
        if not self.has_begun and not self.jobs and self.begins <= self.now and self.is_running:
            self._begin()
        due = sorted((due, seq) for seq, (due, _) in self.timers.items() if due <= self.now)
        for _, seq in due:
            self.fire(seq)

    def _begin(self) -> None:
        request = self.request
        self._job(
            initialize_workflow=InitializeWorkflow(
                workflow_type=request.workflow_type.name,
                workflow_id=self.id,
                arguments=request.input.payloads,
                first_execution_run_id=self.first_run,
                original_execution_run_id=self.run_id,
                search_attributes=request.search_attributes,
                start_time=stamp(self.started),
                attempt=1,
            )
        )

    def fire(self, seq: int) -> None:
        """A timer has run down."""
        del self.timers[seq]
        self.history.timer_fired(self.now, seq)
        self._job(fire_timer=FireTimer(seq=seq))

    def stamped(self) -> Timestamp:
        """Its time, as a task tells it."""
        return stamp(self.now)

    def pass_moments(self) -> bool:
        """Let the shortest timers run down; True if one did."""
        short = [due for due, length in self.timers.values() if length <= _AT_ONCE]
        if not short or not self.is_running:
            return False
        self.come_to(min(short))
        return True

    # -- work ---------------------------------------------------------------------------------

    def take_order(self) -> tuple[int, Ordered] | None:
        """The activity that has waited longest for an attempt that is due."""
        due = [(seq, each) for seq, each in self.orders.items() if each.due <= self.now]
        return min(due, key=lambda each: (each[1].due, each[0]), default=None)

    async def attempt(self, seq: int, order: Ordered) -> None:
        """Do what was ordered once; its answer comes in, or it is tried again later."""
        kind = self.request.workflow_type.name
        info = order.info(self.id, self.run_id, kind, self.now)
        answer = await order.attempted(self.works, self._converter, info)
        if isinstance(answer, Payload) or not order.tried_again(answer, self.now):
            self.done(seq, answer)

    def done(self, seq: int, answer: Payload | Failure) -> None:
        """What was ordered has its answer, or has failed for good."""
        order = self._over(seq, answer)
        self._job(resolve_activity=ResolveActivity(seq=seq, result=order.resolution(answer)))

    def _over(self, seq: int, answer: Payload | Failure | None) -> Ordered:
        """An order is not tried again: it was answered, has failed, or was broken off (None)."""
        order = self.orders.pop(seq)
        self.history.activity_done(self.now, seq, order, answer)
        return order

    async def work(self) -> list[WorkflowCommand]:
        """Do one task with all that came in; returns the commands that concern other cases."""
        jobs, updates = self.jobs, {each.asked.meta.update_id: each for each in self._update_jobs}
        self.jobs, self._update_jobs = [], []
        if not self.has_begun and not any(job.HasField("initialize_workflow") for job in jobs):
            self._begin()  # whoever sends something to a case that waits lets it begin
            jobs, self.jobs = [*self.jobs, *jobs], []
        if not self.has_begun:
            self._instance = self._made()
        self._long = len(self.history.events) > self.works.long_after
        task = self.history.task(self.now, long=self._long)
        commands, flags = list[WorkflowCommand](), set[int]()
        turn = jobs
        while turn:
            completion = await self.activate(turn)
            if completion.HasField("failed"):
                self.history.task_failed(self.now, task, completion.failed.failure)
                self.stuck = True
                return []
            given = completion.successful
            flags.update(given.used_internal_flags)
            commands += given.commands
            turn = list(self._broken_off(given.commands, commands))
        if len(jobs) == len(updates) and all(_is_refusal(each) for each in commands):
            self.history.forget_since(task)
            done = 0
        else:
            done = self.history.task_done(self.now, task, sorted(flags))
        for command in _without_stillborn(commands):
            self._obey(command, task, done, updates)
        others, self._commands_of_another = self._commands_of_another, []
        return others

    def _broken_off(
        self, asked: Iterable[WorkflowCommand], ordered: Iterable[WorkflowCommand]
    ) -> Iterator[WorkflowActivationJob]:
        """What the core tells within the task: who breaks an activity off waits for nobody."""
        given = [each.schedule_activity for each in ordered if each.HasField("schedule_activity")]
        known = self.orders | {each.seq: Ordered(each, self.now, self.now) for each in given}
        for command in asked:
            if command.HasField("request_cancel_activity"):
                seq = command.request_cancel_activity.seq
                resolved = ResolveActivity(seq=seq, result=known[seq].resolution(None))
                yield WorkflowActivationJob(resolve_activity=resolved)

    async def query(self, kind: str, arguments: Iterable[Payload]) -> QueryResult:
        """What it answers."""
        asked = QueryWorkflow(
            query_id=f"query-{next(self._queries)}",
            query_type=kind,
            arguments=arguments,
        )
        completion = await self.activate([WorkflowActivationJob(query_workflow=asked)])
        (command,) = completion.successful.commands
        return command.respond_to_query

    async def forget(self) -> None:
        """Leave nothing of it in memory."""
        if self._instance is not None:
            evicted = WorkflowActivationJob(remove_from_cache=RemoveFromCache())
            await self.activate([evicted])
            self._instance = None

    async def activate(self, jobs: list[WorkflowActivationJob]) -> WorkflowActivationCompletion:
        """Give jobs to the workflow's code, as the library's worker does."""
        instance, loop = self._instance, asyncio.get_running_loop()
        assert instance is not None
        activation = WorkflowActivation(
            run_id=self.run_id,
            timestamp=self.stamped(),
            history_length=len(self.history.events),
            continue_as_new_suggested=self._long,
            jobs=jobs,
        )
        done: asyncio.Future[WorkflowActivationCompletion] = loop.create_future()

        def run() -> None:
            # Outside of any task: the workflow's code has a loop and tasks of its own.
            try:
                done.set_result(instance.activate(activation))
            except BaseException as error:
                done.set_exception(error)
            finally:
                asyncio._set_running_loop(loop)

        loop.call_soon(run)
        return await done

    def _made(self) -> WorkflowInstance:
        request = self.request
        defn = self.works.workflow(request.workflow_type.name)
        info = workflow.Info(
            attempt=1,
            continued_run_id=None,
            cron_schedule=None,
            execution_timeout=None,
            first_execution_run_id=self.first_run,
            headers={},
            namespace=NAMESPACE,
            original_execution_run_id=self.run_id,
            parent=None,
            root=None,
            priority=Priority.default,
            raw_memo=dict(request.memo.fields),
            retry_policy=None,
            run_id=self.run_id,
            run_timeout=None,
            search_attributes=decode_search_attributes(request.search_attributes),
            start_time=self.now,
            typed_search_attributes=decode_typed_search_attributes(request.search_attributes),
            task_queue=request.task_queue.name,
            task_timeout=timedelta(seconds=10),
            workflow_id=self.id,
            workflow_start_time=self.started,
            workflow_type=request.workflow_type.name,
        )
        return UnsandboxedWorkflowRunner().create_instance(
            WorkflowInstanceDetails(
                payload_converter_factory=self.works.converter._new_payload_converter,
                failure_converter_class=self.works.converter.failure_converter_class,
                interceptor_classes=self.works.interceptors,
                defn=defn,
                info=info,
                randomness_seed=next(_seeds),
                extern_functions={},
                disable_eager_activity_execution=True,
                worker_level_failure_exception_types=self.works.failures,
                patch_activation_callback=None,
                last_completion_result=Payloads(),
                last_failure=None,
            )
        )

    # -- what it orders -----------------------------------------------------------------------

    def _obey(
        self,
        command: WorkflowCommand,
        task: tuple[int, int],
        done: int,
        updates: dict[str, Answered],
    ) -> None:
        kind = command.WhichOneof("variant")
        if kind == "update_response":
            response = command.update_response
            self._answer(updates, response, task)
            return
        self.history.ordered(self.now, done, command)
        match kind:
            case "start_timer":
                length = command.start_timer.start_to_fire_timeout.ToTimedelta()
                self.timers[command.start_timer.seq] = (self.now + length, length)
            case "cancel_timer":
                del self.timers[command.cancel_timer.seq]
            case "schedule_activity":
                given = command.schedule_activity
                self.orders[given.seq] = Ordered(given, scheduled=self.now, due=self.now)
            case "request_cancel_activity":
                self._over(command.request_cancel_activity.seq, None)
            case "upsert_workflow_search_attributes":
                fields = command.upsert_workflow_search_attributes.search_attributes.indexed_fields
                for name, value in fields.items():
                    self.attributes.indexed_fields[name].CopyFrom(value)
            case "signal_external_workflow_execution" | "start_child_workflow_execution":
                self._commands_of_another.append(command)
            case "continue_as_new_workflow_execution":
                self.successor = self._next(command.continue_as_new_workflow_execution)
                self.history.continued(self.now, done, self.successor.request_id)
                self._end(WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW)
                self._commands_of_another.append(command)
            case "complete_workflow_execution":
                self._end(WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED)
            case "fail_workflow_execution":
                self._end(WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED)

    def _next(self, command: ContinueAsNewWorkflowExecution) -> StartWorkflowExecutionRequest:
        request = StartWorkflowExecutionRequest()
        request.CopyFrom(self.request)
        request.ClearField("input")
        request.ClearField("workflow_start_delay")
        request.input.payloads.extend(command.arguments)
        request.search_attributes.CopyFrom(self.attributes)
        request.request_id = str(uuid4())
        return request

    def _answer(
        self, updates: dict[str, Answered], response: UpdateResponse, task: tuple[int, int]
    ) -> None:
        sent = updates[response.protocol_instance_id]
        match response.WhichOneof("response"):
            case "accepted":
                sent.accepted = self.history.accepted(self.now, task, sent.asked)
                return
            case "completed":
                outcome = Outcome(success=Payloads(payloads=[response.completed]))
            case _:
                outcome = Outcome(failure=response.rejected)
        if sent.accepted:
            self.history.answered(self.now, sent.accepted, sent.asked, outcome)
        else:
            del self.updates[response.protocol_instance_id]  # a refusal leaves no trace
        sent.outcome.set_result(outcome)

    def _end(self, status: WorkflowExecutionStatus.ValueType) -> None:
        self.status, self.closed = status, self.now
        self.timers.clear()
        self.orders.clear()
        self.jobs.clear()
        for each in self.updates.values():
            if not each.outcome.done():
                said = "workflow execution already completed"
                each.outcome.set_exception(RPCError(said, RPCStatusCode.NOT_FOUND, b""))
        self.ended.set()


_BEGUN = {"start_timer": "timer", "schedule_activity": "activity"}
_CALLED_OFF = {"cancel_timer": "timer", "request_cancel_activity": "activity"}


def _without_stillborn(commands: Iterable[WorkflowCommand]) -> list[WorkflowCommand]:
    """The core keeps to itself what is begun and called off within one task."""
    given = list(commands)
    both = {_of(each, _BEGUN) for each in given} & {_of(each, _CALLED_OFF) for each in given}
    return [each for each in given if _of(each, _BEGUN | _CALLED_OFF) not in both - {None}]


def _of(command: WorkflowCommand, kinds: dict[str, str]) -> tuple[str, int] | None:
    kind = command.WhichOneof("variant") or ""
    return (kinds[kind], getattr(command, kind).seq) if kind in kinds else None


def _is_refusal(command: WorkflowCommand) -> bool:
    return command.update_response.HasField("rejected")
