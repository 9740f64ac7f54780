"""What nobody here knows: a workflow under another name ends at once, and says so."""

from collections.abc import Sequence

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError


@workflow.defn(dynamic=True)
class UnknownWorkflow:
    """Any workflow on exitflow's task queue, of a type that exitflow does not know.

    Without it the task would fail again and again, and the id stand there as running for ever.
    """

    @workflow.run
    async def run(self, arguments: Sequence[RawValue]) -> None:
        """Fail."""
        name = workflow.info().workflow_type
        raise ApplicationError(
            f"there is no workflow {name[:100]!r} here", type="UnknownWorkflow", non_retryable=True
        )
