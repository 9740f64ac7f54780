"""What the histories on the server say was carried out for cases, read from either end."""

import heapq
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from temporalio.api.common.v1 import Payloads, WorkflowExecution
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from models.case.admission import AdmitOrder
from models.case.orders import LedgerBatch, OnFile, Written
from models.sealed import NotSealed
from registry.checks.restoring import NOT_LISTED
from workers.catalogue import ORDERS

KEEP = LedgerBatch.activity


def _named(*kinds: Any) -> frozenset[str]:
    return frozenset(name for name, order in ORDERS.items() if issubclass(order, kinds))


ADMISSIONS = _named(AdmitOrder)
"""Orders whose answer may be that the case is not admitted."""

BRINGING = _named(OnFile)
"""Orders that can bring entries along."""

WRITING = BRINGING | {KEEP}
"""Orders that write entries."""

AGAIN = ADMISSIONS | WRITING
"""Orders that change the registry, each once for its case and entry; or bring what does."""

_PAGE, _PAGES = 40, 5
"""Events of a history that are read at once to find how far its file is kept, and how often."""


@dataclass(frozen=True)
class Done:
    """An order that was carried out, as the history of a case has it."""

    at: datetime
    case_id: str
    run_id: str
    event_id: int
    name: str
    order: Payloads
    answer: Payloads

    def __lt__(self, other: "Done") -> bool:
        return (self.at, self.case_id, self.event_id) < (other.at, other.case_id, other.event_id)


async def kept_by(client: Client, case_id: str, run_id: str) -> int | None:
    """How many entries the registry last said it keeps, by the end of a history.

    A run that has given no such order yet has gone on where the run before it ended.

    0 where it has admitted the case and been given none yet, ``NOT_LISTED`` where it has not, None
    where the end of the history does not say, or the server keeps the run no more.
    """
    token, results, earlier = b"", dict[int, Payloads](), ""
    for _ in range(_PAGES):
        try:
            page = await client.workflow_service.get_workflow_execution_history_reverse(
                GetWorkflowExecutionHistoryReverseRequest(
                    namespace=client.namespace,
                    execution=WorkflowExecution(workflow_id=case_id, run_id=run_id),
                    maximum_page_size=_PAGE,
                    next_page_token=token,
                )
            )
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return None
        for event in page.history.events:  # the last one first
            if event.HasField("workflow_execution_started_event_attributes"):
                earlier = _earlier(event)
            done = event.activity_task_completed_event_attributes
            if event.HasField("activity_task_completed_event_attributes"):
                results[done.scheduled_event_id] = done.result
                continue
            name = event.activity_task_scheduled_event_attributes.activity_type.name
            if name not in AGAIN or event.event_id not in results:
                continue
            try:
                if name in BRINGING:
                    given = event.activity_task_scheduled_event_attributes.input
                    batch = (await decoded(client, given, ORDERS[name])).brings
                    if batch is None:
                        continue
                    return int(batch.entries[-1].seq)
                if name == KEEP:
                    said = await decoded(client, results[event.event_id], Written)
                    return int(said.count)
                said = await decoded(client, results[event.event_id], dict)
            except (NotSealed, ValueError):
                return None
            return NOT_LISTED if said.get("fault") is not None else 0
        token = page.next_page_token
        if not token:
            return await kept_by(client, case_id, earlier) if earlier else NOT_LISTED
    return None


async def orders_of(client: Client, case_id: str, last: str) -> AsyncIterator[Done]:
    """What was carried out for a case in all its runs up to the last, in order."""
    for run_id in await _runs_up_to(client, case_id, last):
        async for done in _orders_of_run(client, case_id, run_id):
            yield done


async def _runs_up_to(client: Client, case_id: str, last: str) -> list[str]:
    """The runs of a case in order, each of which went on in the next (continue as new).

    Every run says in its first event which it came from: one that was reset, or of another case
    that had the id before, is none of them. What is before a run that the server keeps no more is
    not found.
    """
    found, run_id = list[str](), last
    while run_id:
        handle = client.get_workflow_handle(case_id, run_id=run_id)
        try:
            begun = await anext(handle.fetch_history_events(page_size=1))
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            break
        found.append(run_id)
        run_id = _earlier(begun)
    return found[::-1]


def _earlier(begun: HistoryEvent) -> str:
    """The run that a run goes on with; an empty text if it is the first."""
    return begun.workflow_execution_started_event_attributes.continued_execution_run_id


async def _orders_of_run(client: Client, case_id: str, run_id: str) -> AsyncIterator[Done]:
    given = dict[int, tuple[str, Payloads]]()
    handle = client.get_workflow_handle(case_id, run_id=run_id)
    async for event in handle.fetch_history_events(page_size=200):
        ordered = event.activity_task_scheduled_event_attributes
        if ordered.activity_type.name in AGAIN:
            given[event.event_id] = ordered.activity_type.name, ordered.input
        if event.HasField("activity_task_completed_event_attributes"):
            done = event.activity_task_completed_event_attributes
            if done.scheduled_event_id in given:
                name, order = given.pop(done.scheduled_event_id)
                at = event.event_time.ToDatetime(UTC)
                yield Done(at, case_id, run_id, event.event_id, name, order, done.result)


async def in_order(cases: list[AsyncIterator[Done]]) -> AsyncIterator[Done]:
    """The orders of all cases as they followed each other: a later one may rest on another's."""
    heads: list[tuple[Done, int]] = []
    for number, orders in enumerate(cases):
        if (first := await anext(orders, None)) is not None:
            heapq.heappush(heads, (first, number))
    while heads:
        done, number = heapq.heappop(heads)
        yield done
        if (following := await anext(cases[number], None)) is not None:
            heapq.heappush(heads, (following, number))


async def decoded(client: Client, payloads: Payloads, kind: Any) -> Any:
    """The one payload of an order or an answer, as what it is."""
    # Out of any context: a history holds orders and answers alike, and each is sealed as its own.
    (value,) = await client.data_converter.decode(payloads.payloads, [kind])
    return value
