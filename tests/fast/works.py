"""What cases in memory are made of: workflows, activities, a converter. One for all of a stage."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from temporalio import workflow
from temporalio.activity import _Definition as ActivityDefinition
from temporalio.converter import DataConverter
from temporalio.worker import WorkflowInboundInterceptor, WorkflowInterceptorClassInput

from workers.catalogue import FAILURES, WORKFLOWS
from workers.details import DetailsWhenAsked
from workers.limits import EVENTS
from workers.seal import SealedConverter, SealedFailures

NAMESPACE = "fast"

CLEAR = DataConverter(
    payload_converter_class=SealedConverter, failure_converter_class=SealedFailures
)
"""Without a seal, but read and written as under one: what cannot be read means the same."""


@dataclass
class Works:
    """The catalogue of an installation, by name.

    Attributes:
        check: Asked before every attempt at an activity; what it raises is the activity's failure.
        long_after: Of so many events a history is long, and its case is told so.
    """

    activities: Mapping[str, ActivityDefinition]
    check: Callable[[], None]
    converter: DataConverter = CLEAR
    failures: Sequence[type[BaseException]] = FAILURES
    long_after: int = EVENTS

    @property
    def interceptors(self) -> Sequence[type[WorkflowInboundInterceptor]]:
        """The worker's own, of workflows."""
        given = WorkflowInterceptorClassInput(unsafe_extern_functions={})
        return [DetailsWhenAsked().workflow_interceptor_class(given)]

    def workflow(self, name: str) -> workflow._Definition:
        """A workflow by its name, or the one for names that nobody knows."""
        return _WORKFLOWS.get(name) or _WORKFLOWS[None]

    def guarded(self, defn: ActivityDefinition) -> Callable[..., Any]:
        """An activity behind the check."""
        if defn.is_async:

            async def wait(*arguments: Any) -> Any:
                self.check()
                done: Awaitable[Any] = defn.fn(*arguments)
                return await done

            return wait

        def do(*arguments: Any) -> Any:
            self.check()
            return defn.fn(*arguments)

        return do


def by_name(activities: Sequence[Callable[..., Any]]) -> dict[str, ActivityDefinition]:
    """Activities as the library reads them."""
    definitions = [ActivityDefinition.must_from_callable(each) for each in activities]
    return {each.name: each for each in definitions if each.name is not None}


_WORKFLOWS = {each.name: each for each in map(workflow._Definition.must_from_class, WORKFLOWS)}
