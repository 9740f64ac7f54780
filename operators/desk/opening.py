"""Opening a case: under its own id, with what it is listed by."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from models import (
    search,
)
from models.case.messages import Ending, Outcome
from models.offices import Subject
from models.policy import Policy
from models.texts.characters import markdown
from operators.desk.answers import unreachable
from operators.desk.errors import Refused
from registry.desk import Registry
from workers.case_on_server import is_foreign, look_up, squatted
from workers.catalogue import TASK_QUEUE


class Opening:
    """The part of the desk that starts cases, whatever kind they are of."""

    client: Client
    registry: Registry
    policy: Policy
    _clock: Callable[[], datetime]

    def _received(self, begins_in: timedelta) -> datetime | None:
        """When a matter was taken in: now; when it begins, where a rehearsal lets it wait."""
        return None if begins_in else self._clock()

    async def _start(
        self,
        run: Any,
        opening: Any,
        subject: Subject,
        procedure: str,
        year: int,
        *,
        summary: str,
        details: str,
        begins_in: timedelta,
        taken: str | None = None,
        memo: Mapping[str, Any] | None = None,
    ) -> None:
        """Start a case under its own id, with what it is listed by.

        Args:
            opening: Its input, which has its id and its policy.
            taken: The refusal where a case of this id was there before; the usual sentence (G9)
                where none is given.
            memo: What is kept with the case for whoever finds its id taken.
        """
        attributes: list[SearchAttributePair[Any]] = [
            SearchAttributePair(search.PROCEDURE, procedure),
            SearchAttributePair(search.YEAR, year),
            SearchAttributePair(search.REGION, list(subject.region_path)),
            SearchAttributePair(search.SUBJECT, subject.name),
        ]

        async def start(reuse: WorkflowIDReusePolicy) -> None:
            await self.client.start_workflow(
                run,
                opening,
                id=opening.case_id,
                task_queue=TASK_QUEUE,
                id_reuse_policy=reuse,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                search_attributes=TypedSearchAttributes(attributes),
                static_summary=markdown(summary),
                static_details=markdown(f"{details}依据：{opening.policy.title}。"),
                start_delay=begins_in,
                memo=memo,
            )

        said = taken or (
            f"{subject.name} ({subject.code}) already has a case for {year}: {opening.case_id} (G9)"
        )
        try:
            try:
                await start(WorkflowIDReusePolicy.REJECT_DUPLICATE)
            except WorkflowAlreadyStartedError as error:
                if not await self._is_free(opening.case_id, run):
                    held = await self._held(opening.case_id)
                    raise Refused(held or said) from error
                await start(WorkflowIDReusePolicy.ALLOW_DUPLICATE)
        except WorkflowAlreadyStartedError as error:
            raise Refused(said) from error
        except RPCError as error:
            raise unreachable(error) from error

    async def _is_free(self, case_id: str, run: Any) -> bool:
        """Whether what is there under an id is no case: nothing admitted, and nothing about to be.

        A workflow that somebody else left under the id of a county's case does not bar the county:
        one that ended without being admitted is passed over, a foreign one that runs is terminated;
        so is one whose opening is not sealed with our keys, which waits for a day far ahead.
        """
        if self.registry.is_admitted(case_id):
            return False
        handle = self.client.get_workflow_handle_for(run, case_id)
        there = await handle.describe()
        if there.status is WorkflowExecutionStatus.COMPLETED:
            try:
                outcome = await handle.result()
            except (ValueError, RuntimeError):  # it did not end as a case of this kind does
                return True
            # Anything else was a case: the registry was restored from an older copy.
            return not isinstance(outcome, Outcome) or outcome.ending is Ending.NOT_ADMITTED
        if there.status is not WorkflowExecutionStatus.RUNNING:
            return True
        ours = (there.workflow_type, there.task_queue) == (_type_of(run), TASK_QUEUE)
        if ours and not await is_foreign(self.client, there):
            return False
        await handle.terminate("a foreign workflow under the id of a case")
        return True

    async def _held(self, case_id: str) -> str | None:
        """What holds an id that the registry has not admitted; None if it may still be."""
        if self.registry.is_admitted(case_id):
            return None
        held = await squatted(self.client, await look_up(self.client, case_id))
        return f"{case_id}: {held}" if held else None


def _type_of(run: Any) -> str:
    """Name of the workflow type that a run method is of."""
    name: str = run.__qualname__.partition(".")[0]
    return name.removesuffix("Workflow")
