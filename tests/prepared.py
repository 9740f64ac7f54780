"""Workers and replayers come and go with the tests: each looks at every workflow before it begins.

To load one into a sandbox takes some ten milliseconds, and there are fourteen of them.
"""

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.workflow import _Definition

_known: set[type] = set()
_look = SandboxedWorkflowRunner.prepare_workflow


def once() -> None:
    """From now on a workflow that was found fit for the sandbox is not looked at again."""
    setattr(SandboxedWorkflowRunner, "prepare_workflow", _prepare)  # noqa: B010


def _prepare(runner: SandboxedWorkflowRunner, defn: _Definition) -> None:
    if defn.cls not in _known:
        _look(runner, defn)
        _known.add(defn.cls)
