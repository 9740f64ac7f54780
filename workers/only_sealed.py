"""Where openings and orders arrive: what is not sealed is refused, once and for all.

A library that cannot read an opening fails the task and tries again for ever, and one that cannot
read an order fails an attempt. Both would be left to whoever sent them.
"""

from collections.abc import Sequence
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.bridge.proto.workflow_activation import InitializeWorkflow, WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.exceptions import ApplicationError
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    WorkflowInstance,
    WorkflowInstanceDetails,
    WorkflowRunner,
)

from models.sealed import NOT_SEALED, Unsealed
from workers.seal import is_unsealed, lacks_key, why_unsealed
from workers.wrapped import WrappedInstance, WrappedRunner


def _refusal(what: str, why: str) -> ApplicationError:
    return ApplicationError(
        f"{what} is not sealed with a key of this installation: {why}",
        type=NOT_SEALED,
        non_retryable=True,
    )


class OnlySealedOrders(Interceptor):
    """Activities whose order is not sealed are refused, and not tried again."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Part of the worker."""
        return _Orders(next)


class _Orders(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        for order in input.args:
            if isinstance(order, Unsealed):
                raise _refusal("the order", order.reason)
        if len(input.args) != 1:
            raise _refusal("the order", f"it comes in {len(input.args)} parts")
        return await super().execute_activity(input)


def only_sealed_openings(inner: WorkflowRunner) -> WorkflowRunner:
    """Another runner, whose workflows fail at once if their opening is not sealed."""
    return WrappedRunner(inner, _Opening)


class _Opening(WrappedInstance):
    def __init__(self, inner: WorkflowInstance, details: WorkflowInstanceDetails) -> None:
        super().__init__(inner)
        self._details = details

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        for job in act.jobs:
            if job.HasField("initialize_workflow"):
                why = _no_opening(job.initialize_workflow.arguments)
                if why is not None:
                    was_opened = act.is_replaying or _goes_on(job.initialize_workflow)
                    return self._refused(why, was_opened)
        return super().activate(act)

    def _refused(self, why: str, was_opened: bool) -> WorkflowActivationCompletion:
        done = WorkflowActivationCompletion()
        # A case that has run was opened here: what lacks now is a key, and the case waits for it.
        failure = (
            done.failed.failure
            if was_opened
            else done.successful.commands.add().fail_workflow_execution.failure
        )
        converter = self._details.payload_converter_factory()
        self._details.failure_converter_class().to_failure(
            _refusal("the opening", why), converter, failure
        )
        return done


def _goes_on(begins: InitializeWorkflow) -> bool:
    """Whether a case goes on in a new run, which is sealed with a key that is not here (yet)."""
    return bool(begins.continued_from_execution_run_id) and all(map(lacks_key, begins.arguments))


def _no_opening(arguments: Sequence[Payload]) -> str | None:
    """Why there is nothing to begin with; None if there is."""
    if len(arguments) != 1:
        return f"it comes in {len(arguments)} parts"
    return why_unsealed(arguments[0]) if is_unsealed(arguments[0]) else None
