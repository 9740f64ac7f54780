"""A registry restored from an older copy: what it lacks is done again, as the server remembers it.

The history of a case holds every order that the case gave to the registry, and whether it was
carried out. What a restored registry has lost is carried out once more, in the order of then, under
the same keys: entries with the same hashes, notices with the same texts, the same strikings-off.
Nothing is asked of the cases themselves, so ended ones come back too, and no history grows.
"""

import asyncio
import heapq
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, get_type_hints

from temporalio.api.common.v1 import Payloads, WorkflowExecution
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.database import RegistryError
from activities.restoring import Restoring
from models.base import Record
from models.identity import is_case
from models.sealed import NotSealed
from models.supervision_orders import Drawn

_KEEP = "write_ledger"
_AGAIN = frozenset(
    {
        _KEEP,
        "publish_notice",
        "publish_village_notice",
        "publish_reentry_notice",
        "post_roster",
        "strike_off_county",
        "strike_off_village",
        "strike_off_households",
        "enter_household",
        "revoke_exit",
        "open_follow_up",
        "draw_sample",
    }
)
"""Orders that change the registry, each once for its case and entry. An admission is not among
them: what it lists comes with the file."""

_MAY_BE_REFUSED = frozenset({"open_follow_up", "draw_sample"})
"""Those of them that admit a case too, and whose answer may be that it is not admitted."""

_AT_ONCE = 20
_PAGE, _PAGES = 40, 5
"""Events of a history that are read at once to find how far its file is kept, and how often."""

_log = logging.getLogger(__name__)


class Redone(Record):
    """What a restored registry was given back.

    Attributes:
        files: Notices whose files lay in the folder no more.
        cases: Cases that it lacked something of.
        orders: What was done again for them.
        ahead: Cases that have forgotten what it keeps: they are noted, and wait to be mended.
        failed: Why something could not be done again, by case.
    """

    files: int
    cases: tuple[str, ...]
    orders: int
    ahead: tuple[str, ...]
    failed: dict[str, str]


@dataclass(frozen=True)
class _Done:
    """An order that was carried out, as the history of a case has it."""

    at: datetime
    case_id: str
    run_id: str
    event_id: int
    name: str
    order: Payloads
    answer: Payloads

    def __lt__(self, other: "_Done") -> bool:
        return (self.at, self.case_id, self.event_id) < (other.at, other.case_id, other.event_id)


async def redo(
    client: Client, restoring: Restoring, activities: Iterable[Callable[..., Any]]
) -> Redone:
    """Bring the registry and the folder of notices up to what the server knows was done.

    Safe at any time, and beside running cases: everything is keyed by case and entry.

    Raises:
        RegistryError: if the registry cannot be used now.
        RPCError: if the server does not answer.
    """
    files = await asyncio.to_thread(restoring.put_back_files)
    behind, ahead = await _compare(client, restoring)
    functions = {each.__name__: each for each in activities if each.__name__ in _AGAIN}
    orders, failed = 0, dict[str, str]()
    async for done in _in_order([_orders(client, *each) for each in behind.items()]):
        if done.case_id in failed:
            continue  # what comes after it rests on it
        try:
            orders += await _carry_out(client, functions[done.name], done)
        except ApplicationError as error:
            failed[done.case_id] = f"{done.name}: {error.message}"
        except (NotSealed, RegistryError, TypeError, ValueError) as error:
            failed[done.case_id] = f"{done.name}: {error}"
    return Redone(
        files=files, cases=tuple(behind), orders=orders, ahead=tuple(ahead), failed=failed
    )


async def redo_in_background(
    client: Client, restoring: Restoring, activities: Iterable[Callable[..., Any]]
) -> None:
    """The same beside a worker that has started, which it never holds up; what came of it is said.

    Whatever goes wrong is no reason to end the worker: the next start tries again.
    """
    try:
        done = await redo(client, restoring, activities)
    except Exception as error:
        _log.warning("the registry could not be held against the server: %s", error)
        return
    if done.files or done.cases:
        _log.warning(
            "the registry was behind the server, as one restored from an older copy is: %d cases "
            "brought up by %d orders, %d notices put back",
            len(done.cases),
            done.orders,
            done.files,
        )
    for case_id in done.ahead:
        _log.warning("%s has forgotten what the registry keeps: `exitflow mend %s`", *[case_id] * 2)
    for case_id, why in done.failed.items():
        _log.warning("%s could not be brought up: %s", case_id, why)


async def _compare(client: Client, restoring: Restoring) -> tuple[dict[str, str], list[str]]:
    """Whose file or deeds the registry lacks, with the run; and who has forgotten its own."""
    kept = await asyncio.to_thread(restoring.kept)
    lacking = await asyncio.to_thread(restoring.lacking)
    behind = dict[str, str]()
    latest = dict[str, tuple[datetime, str, bool]]()
    async for run in client.list_workflows("", page_size=1000):
        if not is_case(run.id):
            continue
        known = latest.get(run.id)
        if known is None or known[0] < run.start_time:
            is_open = run.status is WorkflowExecutionStatus.RUNNING
            latest[run.id] = run.start_time, run.run_id, is_open
    ahead = []
    some = asyncio.Semaphore(_AT_ONCE)

    async def look(case_id: str, run_id: str, is_open: bool) -> None:
        async with some:
            known = await _kept_by(client, case_id, run_id)
        entries = kept.get(case_id, 0)
        if known is None or known > entries or case_id in lacking:
            behind[case_id] = run_id
        elif is_open and known < entries and await _still_ahead(client, restoring, case_id, run_id):
            ahead.append(case_id)

    await asyncio.gather(
        *(look(case_id, run_id, is_open) for case_id, (_, run_id, is_open) in latest.items())
    )
    return behind, ahead


async def _still_ahead(client: Client, restoring: Restoring, case_id: str, run_id: str) -> bool:
    """Whether a case that seems to have forgotten its file has: not while an order is under way."""
    described = await client.get_workflow_handle(case_id, run_id=run_id).describe()
    if described.raw_description.pending_activities:
        return False
    entries = await asyncio.to_thread(restoring.entries_of, case_id)
    known = await _kept_by(client, case_id, run_id)
    if known is None or known >= entries:
        return False
    said = f"{case_id}: it has forgotten its entries {known + 1} to {entries}; the kept file stands"
    await asyncio.to_thread(restoring.note, case_id, known + 1, f"{said} (G7)")
    return True


async def _kept_by(client: Client, case_id: str, run_id: str) -> int | None:
    """How many entries the registry last said it keeps, by the end of a history; None if unsaid."""
    token, results = b"", dict[int, Payloads]()
    for _ in range(_PAGES):
        page = await client.workflow_service.get_workflow_execution_history_reverse(
            GetWorkflowExecutionHistoryReverseRequest(
                namespace=client.namespace,
                execution=WorkflowExecution(workflow_id=case_id, run_id=run_id),
                maximum_page_size=_PAGE,
                next_page_token=token,
            )
        )
        for event in page.history.events:  # the last one first
            done = event.activity_task_completed_event_attributes
            if event.HasField("activity_task_completed_event_attributes"):
                results[done.scheduled_event_id] = done.result
            elif (
                event.activity_task_scheduled_event_attributes.activity_type.name == _KEEP
                and event.event_id in results
            ):
                try:
                    (kept,) = await _decoded(client, results[event.event_id], [int])
                except (NotSealed, ValueError):
                    return None
                return int(kept)
        token = page.next_page_token
        if not token:
            return 0
    return None


async def _orders(client: Client, case_id: str, run_id: str) -> AsyncIterator[_Done]:
    """What was carried out for a case, in order."""
    given = dict[int, tuple[str, Payloads]]()
    handle = client.get_workflow_handle(case_id, run_id=run_id)
    async for event in handle.fetch_history_events(page_size=200):
        ordered = event.activity_task_scheduled_event_attributes
        if ordered.activity_type.name in _AGAIN:
            given[event.event_id] = ordered.activity_type.name, ordered.input
        if event.HasField("activity_task_completed_event_attributes"):
            done = event.activity_task_completed_event_attributes
            if done.scheduled_event_id in given:
                name, order = given.pop(done.scheduled_event_id)
                at = event.event_time.ToDatetime(UTC)
                yield _Done(at, case_id, run_id, event.event_id, name, order, done.result)


async def _in_order(cases: list[AsyncIterator[_Done]]) -> AsyncIterator[_Done]:
    """The orders of all cases as they followed each other: a later one may rest on another's."""
    heads: list[tuple[_Done, int]] = []
    for number, orders in enumerate(cases):
        if (first := await anext(orders, None)) is not None:
            heapq.heappush(heads, (first, number))
    while heads:
        done, number = heapq.heappop(heads)
        yield done
        if (following := await anext(cases[number], None)) is not None:
            heapq.heappush(heads, (following, number))


async def _carry_out(client: Client, function: Callable[..., Any], done: _Done) -> bool:
    """Give an order again; whether it was one, and not a question that was answered with no."""
    hints = get_type_hints(function)
    answers = hints.pop("return", None)
    arguments = await _decoded(client, done.order, list(hints.values()))
    sample = None
    if done.name in _MAY_BE_REFUSED:
        (answer,) = await _decoded(client, done.answer, [answers])
        if answer.fault is not None:
            return False
        if isinstance(answer, Drawn) and answer.sample is not None:
            # By lot another sample would be drawn than the one that was inspected.
            sample, (order,) = answer.sample, arguments
            opening = order.opening.model_copy(update={"seed": sample.seed})
            arguments = [order.model_copy(update={"opening": opening})]
    environment = ActivityEnvironment(client)
    environment.info = replace(
        environment.info,
        activity_type=done.name,
        namespace=client.namespace,
        workflow_id=done.case_id,
        workflow_run_id=done.run_id,
        started_time=done.at,
    )
    for attempt in range(3):
        try:
            said = await asyncio.to_thread(environment.run, function, *arguments)
            break
        except RegistryError:
            if attempt == 2:
                raise
            await asyncio.sleep(1)
    if done.name in _MAY_BE_REFUSED and said.fault is not None:
        raise ApplicationError(said.fault)
    if sample is not None and said.sample.sha256 != sample.sha256:
        raise ApplicationError("the register gives another sample than the one that was drawn")
    return True


async def _decoded(client: Client, payloads: Payloads, hints: list[type]) -> list[Any]:
    # Out of any context: a history holds orders and answers alike, and each is sealed as its own.
    return await client.data_converter.decode(payloads.payloads, hints)
