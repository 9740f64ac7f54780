"""The desk: how scripts and the command line drive cases. Typed, asynchronous, nothing printed.

async with open_desk() as desk:
    case_id = await desk.start_county(application)
    receipt = await desk.act(case_id, act)
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import (
    Client,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.database import check_schema, check_writable
from activities.store import Registry
from models import admission, identity, search
from models.ledger import Entry, canonical
from models.messages import (
    Act,
    CountyApplication,
    CountyOpening,
    Objection,
    Outcome,
    Receipt,
    Resolution,
    Withdrawal,
)
from models.offices import Tier
from models.periods import beijing
from models.policy import Policy
from models.status import CaseStatus
from workers.catalogue import TASK_QUEUE
from workers.connection import Unreachable, connect
from workers.settings import Settings, load_settings
from workflows.county_exit import CountyExitWorkflow

ANSWER_WITHIN = timedelta(seconds=20)
"""How long an answer of a case is waited for; without a worker there is none."""

Message = Act | Objection | Resolution | Withdrawal

_NAMES: dict[type, str] = {
    Act: "act",
    Objection: "object",
    Resolution: "resolve",
    Withdrawal: "withdraw",
}


class Refused(Exception):
    """The rules do not allow it; the text says why, and what would be right."""


class NoCase(Refused):
    """There is no such case, or it has ended."""


class NoAnswer(ConnectionError):
    """The case did not answer in time: most likely no worker runs."""


def utc_now() -> datetime:
    """The clock of an installation."""
    return datetime.now(UTC)


class Desk:
    """One operator's access to the cases of a server and the registry beside it.

    Args:
        clock: What time it is; a rehearsal's desk lives in its own time.
    """

    def __init__(
        self,
        client: Client,
        registry: Registry,
        policy: Policy,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.client = client
        self.registry = registry
        self.policy = policy
        self._clock = clock

    async def start_county(
        self, application: CountyApplication, *, begins_in: timedelta = timedelta(0)
    ) -> str:
        """Open a county's case (C1) and return its id.

        Args:
            begins_in: How long from now the case begins; only a rehearsal lets one wait.

        Raises:
            Refused: if the application cannot open a case; nothing was started then.
            RegistryError: if the registry cannot be used.
        """
        now = self._clock() + begins_in
        facts = self.registry.county_facts(
            application.county, application.year, beijing(now).date()
        )
        fault = admission.fault(application, facts, self.policy, now)
        if fault is not None or facts.county is None:
            raise Refused(fault or facts.code_note)
        opening = CountyOpening(
            case_id=identity.county_case(application.county, application.year, facts.attempt),
            application=application,
            county=facts.county,
            policy=self.policy,
            received_at=now,
        )
        await self._start(opening, begins_in)
        return opening.case_id

    async def act(self, case_id: str, act: Act) -> Receipt:
        """Decide a step; ``Refused`` says who may decide what now."""
        return await self._send(case_id, act)

    async def object(self, case_id: str, objection: Objection) -> Receipt:
        """Hand in an objection or a report (G1, G2)."""
        return await self._send(case_id, objection)

    async def resolve(self, case_id: str, resolution: Resolution) -> Receipt:
        """Close the investigation of an objection (G1)."""
        return await self._send(case_id, resolution)

    async def withdraw(self, case_id: str, withdrawal: Withdrawal) -> Receipt:
        """Take an application back."""
        return await self._send(case_id, withdrawal)

    async def post(self, case_id: str, message: Message) -> None:
        """Send any of the above as a signal: kept while no worker runs, but not answered.

        What the rules do not allow is recorded in the case as refused. It is dated now where it
        bears no date: a worker may look at it much later.
        """
        if message.at is None:
            message = message.model_copy(update={"at": self._clock()})
        with _explained(case_id):
            await self._handle(case_id).signal(
                _NAMES[type(message)], message.model_dump(mode="json", exclude_none=True)
            )

    async def status(self, case_id: str) -> CaseStatus:
        """How a case stands; an ended one too, as long as the server keeps it."""
        with _explained(case_id):
            return await self._handle(case_id).query(
                CountyExitWorkflow.status, rpc_timeout=ANSWER_WITHIN
            )

    async def ledger(self, case_id: str) -> list[Entry]:
        """The case's own file; the registry's copy is ``registry.ledger``."""
        entries: list[Entry] = []
        with _explained(case_id):
            while more := await self._handle(case_id).query(
                CountyExitWorkflow.ledger, len(entries), rpc_timeout=ANSWER_WITHIN
            ):
                entries += more
        return entries

    async def outcome(self, case_id: str) -> Outcome:
        """Wait for the end of a case."""
        with _explained(case_id):
            return await self._handle(case_id).result()

    def _handle(self, case_id: str) -> WorkflowHandle[CountyExitWorkflow, Outcome]:
        return self.client.get_workflow_handle_for(CountyExitWorkflow.run, case_id)

    async def _send(self, case_id: str, message: Message) -> Receipt:
        """Send as an update: a repeated send has one effect, and is answered with one receipt.

        The content is part of the update's id: another one under a message's id must reach the
        case, which refuses it, and not be answered by the server with the first one's receipt.
        """
        name, content = _NAMES[type(message)], message.model_dump(mode="json", exclude_none=True)
        with _explained(case_id):
            receipt: Receipt = await self._handle(case_id).execute_update(
                name,
                content,
                id=identity.content_id(name, message.id, canonical(content)),
                result_type=Receipt,
                rpc_timeout=ANSWER_WITHIN,
            )
            return receipt

    async def _start(self, opening: CountyOpening, begins_in: timedelta) -> None:
        county, year = opening.county, opening.application.year
        attributes: list[SearchAttributePair[Any]] = [
            SearchAttributePair(search.PROCEDURE, "county"),
            SearchAttributePair(search.YEAR, year),
            SearchAttributePair(search.REGION, list(county.region_path)),
            SearchAttributePair(search.SUBJECT, county.name),
        ]
        tier = "国定" if county.tier is Tier.NATIONAL else "省定"
        led_by = "省直管" if county.directly_administered else county.city.name
        try:
            await self.client.start_workflow(
                CountyExitWorkflow.run,
                opening,
                id=opening.case_id,
                task_queue=TASK_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                search_attributes=TypedSearchAttributes(attributes),
                static_summary=f"{county.name} {year}年度 贫困县退出",
                static_details=f"{county.name}（{county.code}），{tier}贫困县，{led_by}。"
                f"依据：{opening.policy.title}。",
                start_delay=begins_in,
            )
        except WorkflowAlreadyStartedError as error:
            raise Refused(
                f"{county.name} ({county.code}) already has a case for {year}: "
                f"{opening.case_id} (G9)"
            ) from error
        except RPCError as error:
            raise _unreachable(error) from error


@contextmanager
def _explained(case_id: str) -> Iterator[None]:
    """Turn what the client raises into what an operator understands."""
    try:
        yield
    except WorkflowQueryFailedError as error:
        raise NoAnswer(f"{case_id} cannot tell how it stands: {error}") from error
    except WorkflowUpdateFailedError as error:
        raise Refused(str(getattr(error.cause, "message", error))) from error
    except WorkflowUpdateRPCTimeoutOrCancelledError as error:
        if isinstance(error.__cause__, asyncio.CancelledError):
            raise error.__cause__ from None  # the caller was cancelled, not the answer late
        raise _no_answer(case_id) from error
    except RPCError as error:
        match error.status:
            case RPCStatusCode.NOT_FOUND:
                raise NoCase(f"{case_id}: there is no such case, or it has ended") from error
            case (
                RPCStatusCode.DEADLINE_EXCEEDED
                | RPCStatusCode.CANCELLED
                | RPCStatusCode.FAILED_PRECONDITION  # a case that has not begun yet
            ):
                raise _no_answer(case_id) from error
            case _:
                raise _unreachable(error) from error


def _no_answer(case_id: str) -> NoAnswer:
    return NoAnswer(
        f"{case_id} did not answer within {ANSWER_WITHIN.seconds} s; start a worker "
        "('exitflow worker'), or send it as a signal, which waits for one"
    )


def _unreachable(error: RPCError) -> Unreachable:
    return Unreachable(f"the Temporal server failed: {error.message}")


@asynccontextmanager
async def open_desk(
    settings: Settings | None = None, address: str | None = None
) -> AsyncIterator[Desk]:
    """A desk of this installation, as settings and environment say.

    Raises:
        Unreachable: if no server answers.
        RegistryError: if the registry is missing, outdated or cannot be written.
    """
    settings = settings or load_settings()
    engine = settings.engine()
    check_writable(engine)
    check_schema(engine)
    try:
        client = await connect(address)
        yield Desk(client, Registry(engine), settings.load_policy())
    finally:
        engine.dispose()


@contextmanager
def open_registry(settings: Settings | None = None) -> Iterator[Registry]:
    """The registry of this installation alone, for what needs no server.

    Raises:
        RegistryError: if the registry is missing or outdated.
    """
    engine = (settings or load_settings()).engine()
    try:
        check_schema(engine)
        yield Registry(engine)
    finally:
        engine.dispose()
