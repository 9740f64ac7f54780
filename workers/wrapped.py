"""Something around every workflow of a worker: it sees what comes in and what goes out."""

from collections.abc import Callable, Sequence
from typing import Any

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.workflow import Info


class WrappedRunner(WorkflowRunner):
    """Another runner, each of whose workflows is wrapped by ``wrap``."""

    def __init__(
        self,
        inner: WorkflowRunner,
        wrap: Callable[[WorkflowInstance, WorkflowInstanceDetails], WorkflowInstance],
    ) -> None:
        self._inner, self._wrap = inner, wrap

    def prepare_workflow(self, defn: Any) -> None:
        """As the inner runner does."""
        self._inner.prepare_workflow(defn)

    def set_worker_level_failure_exception_types(
        self, types: Sequence[type[BaseException]]
    ) -> None:
        """As the inner runner does."""
        self._inner.set_worker_level_failure_exception_types(types)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """An instance of the inner runner, wrapped."""
        return self._wrap(self._inner.create_instance(det), det)


class WrappedInstance(WorkflowInstance):
    """A workflow that does as the one inside; a subclass steps in where it activates."""

    def __init__(self, inner: WorkflowInstance) -> None:
        self._inner = inner

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        """Let the inner workflow go on."""
        return self._inner.activate(act)

    def get_serialization_context(self, command_info: Any) -> Any:
        """As the inner workflow has it."""
        return self._inner.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> Any:
        """As the inner workflow has it."""
        return self._inner.get_external_store_context(command_info)

    def get_info(self) -> Info:
        """As the inner workflow has it."""
        return self._inner.get_info()

    def get_thread_id(self) -> int | None:
        """As the inner workflow has it."""
        return self._inner.get_thread_id()
