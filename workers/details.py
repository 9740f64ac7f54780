"""The current details of a case, made when somebody looks at it in the Web UI.

A case that set them itself would write a table at every turn, and write each of them once more when
it is played from its beginning, for nobody.
"""

from typing import Any

from temporalio import workflow
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.worker import (
    HandleQueryInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)


class DetailsWhenAsked(Interceptor):
    """Answers the Web UI's question for a workflow's details by what the workflow says then."""

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        """Part of the worker."""
        return _Details


class _Details(WorkflowInboundInterceptor):
    async def handle_query(self, input: HandleQueryInput) -> Any:
        answer = await super().handle_query(input)
        details = getattr(workflow.instance(), "details", None)
        if isinstance(answer, WorkflowMetadata) and details is not None:
            answer.current_details = details()
        return answer
