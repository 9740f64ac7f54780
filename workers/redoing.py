"""A registry restored from an older copy: what it lacks is done again, as the server remembers it.

The history of a case, run by run, holds every order that it gave to the registry, and whether it
was carried out. What a restored registry has lost is carried out once more, in the order of then,
under the same keys: entries with the same hashes, notices with the same texts, the same
strikings-off. Nothing is asked of the cases themselves, so ended ones come back too, and no history
grows.

A case that has ended says nothing new. Once all of it was found in the registry, the registry
itself notes that, and its histories are not read again. So the note goes where the registry goes: a
copy that is restored has the notes of its day, and with them what they speak of. No clock, and no
mark of which copy it is, has to be trusted for that; what the server lists late is read when it is
listed.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from models.base import Record
from models.case.admission import Admission, AdmitOrder
from models.case.orders import Change, LedgerBatch, OnFile
from models.errors import ExitflowError
from models.follow_up.orders import FollowUpDue
from models.identity import is_case
from models.orders import Order
from models.reentry.orders import Entered
from models.roster.messages import StruckOff
from models.supervision.sampling import Sample
from registry.checks.restoring import NOT_LISTED, Held, Restoring
from registry.errors import RegistryError
from workers.carried_out import ADMISSIONS, AGAIN, KEEP, Done, decoded, in_order, kept_by, orders_of
from workers.catalogue import ORDERS

_AT_ONCE = 20
_NOTED_AT_ONCE = 500

_EVERY = timedelta(hours=1)
"""How often a worker that goes on looks at what has ended since: so no start finds much of it."""
_OVERLAP = timedelta(hours=1)
_AGAIN_IN, _AGAIN_AT_LAST = 15.0, 600.0
"""Seconds after which a comparison that failed is made again, at first and at last."""

_log = logging.getLogger(__name__)

Activities = Iterable[Callable[..., Any]]


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
class _Run:
    """The last run of a case on the server."""

    case_id: str
    id: str
    started: datetime
    is_open: bool


@dataclass
class _Compared:
    """Registry and server against each other.

    Attributes:
        behind: Runs of which the registry lacks something, by case, and how many entries it had
            of each when they were written; None where the history's end does not say.
        ahead: Cases that have forgotten what the registry keeps.
        whole: Runs that have ended and of which all is kept: run, case and entries.
        gone: Cases that the registry lacks something of, and the server does not know.
    """

    behind: dict[str, tuple[_Run, int | None]]
    ahead: list[str]
    whole: list[tuple[str, str, int]]
    gone: list[str]


async def redo(
    client: Client,
    restoring: Restoring,
    activities: Activities,
    *,
    ended_since: datetime | None = None,
) -> Redone:
    """Bring the registry and the folder of notices up to what the server knows was done.

    Safe at any time, beside running cases and beside another that does the same: everything is
    keyed by case and entry.

    Args:
        ended_since: Look at no other cases than those that have ended since then.

    Raises:
        RegistryError: if the registry cannot be used now.
        RPCError: if the server does not answer.
    """
    files = await asyncio.to_thread(restoring.put_back_files)
    found = await _compare(client, restoring, ended_since)
    functions = {each.__name__: each for each in activities if each.__name__ in AGAIN}
    failed = dict.fromkeys(found.gone, "the server has no history of it any more")
    orders = 0
    histories = [orders_of(client, run.case_id, run.id) for run, _ in found.behind.values()]
    async for done in in_order(histories):
        if done.case_id in failed:
            continue  # what comes after it rests on it
        try:
            orders += await _carry_out(client, functions, done)
        except ApplicationError as error:
            failed[done.case_id] = f"{done.name}: {error.message}"
        except (ExitflowError, TypeError, ValueError) as error:
            failed[done.case_id] = f"{done.name}: {error}"
    if found.behind:
        held = await asyncio.to_thread(restoring.held)
        failed |= _still_missing(found, held, failed)
        found.whole += [
            (run.id, run.case_id, held.kept.get(run.case_id, 0))
            for run, _ in found.behind.values()
            if not run.is_open and run.case_id not in failed
        ]
    for first in range(0, len(found.whole), _NOTED_AT_ONCE):
        some = found.whole[first : first + _NOTED_AT_ONCE]
        await asyncio.to_thread(restoring.note_ended, some)
    return Redone(
        files=files,
        cases=(*found.behind, *found.gone),
        orders=orders,
        ahead=tuple(found.ahead),
        failed=failed,
    )


async def redo_in_background(client: Client, restoring: Restoring, activities: Activities) -> None:
    """The same beside a worker, which it never holds up; what came of it is said.

    At its start everything is compared, and as long as that fails again; from then on, each hour,
    what has ended meanwhile. Whatever goes wrong is no reason to end the worker.
    """
    since, pause = None, _AGAIN_IN
    while True:
        begun = datetime.now(UTC)
        try:
            done = await redo(client, restoring, activities, ended_since=since)
        except Exception as error:
            _log.warning(
                "the registry could not be held against the server, in %.0f s it is tried again: "
                "%s",
                pause,
                error,
            )
            await asyncio.sleep(pause)
            pause = min(2 * pause, _AGAIN_AT_LAST)
            continue
        _say(done)
        since, pause = begun - _OVERLAP, _AGAIN_IN
        await asyncio.sleep(_EVERY.total_seconds())


def _say(done: Redone) -> None:
    if done.files or done.cases:
        _log.warning(
            "the registry was behind the server, as one restored from an older copy is: %d cases "
            "brought up by %d orders, %d notices put back",
            len(done.cases) - len(done.failed),
            done.orders,
            done.files,
        )
    for case_id in done.ahead:
        _log.warning("%s has forgotten what the registry keeps: `exitflow mend %s`", *[case_id] * 2)
    for case_id, why in done.failed.items():
        _log.warning("%s could not be brought up: %s", case_id, why)


# -- what is behind, and what is ahead --------------------------------------------------------


async def _compare(client: Client, restoring: Restoring, ended_since: datetime | None) -> _Compared:
    held = await asyncio.to_thread(restoring.held, deeds=ended_since is None)
    runs = await _last_runs(client, ended_since)
    gone = sorted(held.lacking - runs.keys()) if ended_since is None else []
    found = _Compared(behind={}, ahead=[], whole=[], gone=gone)
    some = asyncio.Semaphore(_AT_ONCE)

    async def look(run: _Run) -> None:
        async with some:
            known = await kept_by(client, run.case_id, run.id)
        entries = held.kept.get(run.case_id, NOT_LISTED)
        if known is not None and known > entries:  # the case goes on meanwhile
            entries = await asyncio.to_thread(restoring.entries_of, run.case_id)
        if known is None or known > entries or run.case_id in held.lacking:
            found.behind[run.case_id] = run, known
        elif not run.is_open:
            found.whole.append((run.id, run.case_id, max(known, 0)))
        elif max(known, 0) < entries and await _still_ahead(client, restoring, run):
            found.ahead.append(run.case_id)

    unread = (run for run in runs.values() if run.is_open or not held.is_whole(run.case_id, run.id))
    await asyncio.gather(*map(look, unread))
    return found


async def _last_runs(client: Client, ended_since: datetime | None) -> dict[str, _Run]:
    """The last run of each case, or of each that has ended since then.

    A run that was continued as new is the last of none: what it has done is found from there.
    """
    query = "ExecutionStatus != 'ContinuedAsNew'"
    if ended_since is not None:
        query += f" AND CloseTime > '{ended_since.isoformat()}'"
    latest = dict[str, _Run]()
    async for each in client.list_workflows(query, page_size=1000):
        known = latest.get(each.id)
        if is_case(each.id) and (known is None or known.started < each.start_time):
            is_open = each.status is WorkflowExecutionStatus.RUNNING
            latest[each.id] = _Run(each.id, each.run_id, each.start_time, is_open)
    return latest


async def _still_ahead(client: Client, restoring: Restoring, run: _Run) -> bool:
    """Whether a case that seems to have forgotten its file has.

    Not while an order is under way; nor if it has gone on in a new run, which knows more.
    """
    if not await _is_at_rest(client, run):
        return False
    entries = await asyncio.to_thread(restoring.entries_of, run.case_id)
    known = await kept_by(client, run.case_id, run.id)
    if known is None or max(known, 0) >= entries or not await _is_at_rest(client, run):
        return False
    first = max(known, 0) + 1
    said = f"{run.case_id}: it has forgotten its entries {first} to {entries}; the kept file stands"
    await asyncio.to_thread(restoring.note, run.case_id, first, f"{said} (G7)")
    return True


async def _is_at_rest(client: Client, run: _Run) -> bool:
    described = await client.get_workflow_handle(run.case_id, run_id=run.id).describe()
    running = described.status is WorkflowExecutionStatus.RUNNING
    return running and not described.raw_description.pending_activities


def _still_missing(found: _Compared, held: Held, failed: dict[str, str]) -> dict[str, str]:
    """Who has got everything, it seems, and still lacks something."""
    missing = dict[str, str]()
    for case_id, (_, known) in found.behind.items():
        entries = max(held.kept.get(case_id, 0), 0)
        if case_id in failed:
            continue
        if entries < (known or 0):
            missing[case_id] = f"the registry still keeps {entries} of its {known} entries"
        elif case_id in held.lacking:
            missing[case_id] = "the registry still lacks something that its file says was done"
    return missing


# -- doing again ------------------------------------------------------------------------------


async def _carry_out(
    client: Client, functions: Mapping[str, Callable[..., Any]], done: Done
) -> bool:
    """Give an order again; whether anything came of it then, and does now."""
    kind = ORDERS[done.name]
    order = await decoded(client, done.order, kind)
    brought = order.brings if isinstance(order, OnFile) else None
    if brought is not None:
        # By itself: it names the calendar of then, and the order may have come to nothing.
        await _given_again(client, functions[KEEP], done, brought)
        order = order.model_copy(update={"brings": None})
    answer = await decoded(client, done.answer, kind.answer())
    if _was_nothing(done.name, answer):
        return brought is not None
    sample = answer.known if isinstance(answer, Admission) else None
    if isinstance(sample, Sample):
        # By lot another sample would be drawn than the one that was inspected.
        application = order.opening.application.model_copy(update={"seed": sample.seed})
        opening = order.opening.model_copy(update={"application": application})
        order = order.model_copy(update={"opening": opening})
    said = await _given_again(client, functions[done.name], done, order)
    if done.name in ADMISSIONS and said.fault is not None and not isinstance(sample, Sample):
        # The register lacks what was loaded since the copy. What such an admission lists comes
        # with the file as well, which bears the token of then.
        return False
    if (different := _difference(said, answer)) is not None:
        raise ApplicationError(different)
    return True


async def _given_again(
    client: Client, function: Callable[..., Any], done: Done, order: Order[Any]
) -> Any:
    """What comes of an order that is given as its case gave it then."""
    environment = ActivityEnvironment(client)
    environment.info = replace(
        environment.info,
        activity_type=order.activity,
        namespace=client.namespace,
        workflow_id=done.case_id,
        workflow_run_id=done.run_id,
        started_time=done.at,
    )
    for attempt in range(3):
        try:
            return await asyncio.to_thread(environment.run, function, order)
        except RegistryError:
            if attempt == 2:
                raise
            await asyncio.sleep(1)
    raise AssertionError("the last attempt ends it")


def _was_nothing(name: str, answer: Any) -> bool:
    """Whether an order changed nothing then: given again it might. It may have brought entries."""
    if not issubclass(ORDERS[name], AdmitOrder | LedgerBatch | Change):
        return True
    match answer:
        case Entered():
            return answer.number is None
        case StruckOff():
            return not answer.households
    return name in ADMISSIONS and answer.fault is not None


def _difference(said: Any, answer: Any) -> str | None:
    """What came of an order otherwise than then, so that the case rests on something else."""
    match said, answer:
        case Admission(), Admission():
            return said.fault or _known_otherwise(said.known, answer.known)
        case Entered(), Entered() if said.number != answer.number:
            return "the register does not enter the household as it did"
        case StruckOff(), StruckOff() if set(said.households) != set(answer.households):
            return "the register does not strike off the households that left it"
    return None


def _known_otherwise(said: Any, answer: Any) -> str | None:
    match said, answer:
        case Sample(), Sample() if said != answer:
            return "the register gives another sample than the one that was drawn"
        case FollowUpDue(), FollowUpDue() if said.households != answer.households:
            return "the register gives other households than those that were to be visited"
    return None
