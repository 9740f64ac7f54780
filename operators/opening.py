"""Opening a case: under its own id, with what it is listed by."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from activities.store import Registry
from models import (
    search,
)
from models.characters import markdown
from models.offices import Subject
from models.policy import Policy
from operators.answers import Refused, unreachable
from workers.catalogue import TASK_QUEUE


class Opening:
    """The part of the desk that starts cases, whatever kind they are of."""

    client: Client
    registry: Registry
    policy: Policy
    _clock: Callable[[], datetime]

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
        try:
            await self.client.start_workflow(
                run,
                opening,
                id=opening.case_id,
                task_queue=TASK_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                search_attributes=TypedSearchAttributes(attributes),
                static_summary=markdown(summary),
                static_details=markdown(f"{details}依据：{opening.policy.title}。"),
                start_delay=begins_in,
                memo=memo,
            )
        except WorkflowAlreadyStartedError as error:
            said = (
                f"{subject.name} ({subject.code}) already has a case for {year}: "
                f"{opening.case_id} (G9)"
            )
            raise Refused(taken or said) from error
        except RPCError as error:
            raise unreachable(error) from error
