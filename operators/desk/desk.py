"""The desk: how scripts and the command line drive cases. Typed, asynchronous, nothing printed.

async with open_desk() as desk:
    case_id = await desk.open(application)
    receipt = await desk.act(case_id, act)
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from secrets import token_hex
from typing import Any

from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.service import RPCError

from models import identity
from models.base import canonical
from models.case.documents import CaseDocument
from models.case.ledger import Entry, EntryKind
from models.case.mending import Mending
from models.case.messages import (
    Act,
    Ending,
    Objection,
    Outcome,
    PostingReport,
    Receipt,
    Resolution,
    Withdrawal,
)
from models.case.status import CaseStatus, ObjectionStatus
from models.follow_up.messages import RiskMark, Visits
from models.periods import beijing
from models.policy import Policy
from models.procedures import ENDINGS
from models.revocation.messages import RevocationApplication
from models.roster.households import Course
from models.roster.messages import Amendment, Consents
from models.supervision.messages import Findings, Plea
from models.supplement import SupplementApplication
from operators.desk.answers import (
    ANSWER_WITHIN,
    admitted,
    asked,
    check_size,
    contradicted,
    explained,
    in_turn,
    not_going_on,
    received_as,
)
from operators.desk.beforehand import hold_against_register
from operators.desk.errors import Busy as Busy
from operators.desk.errors import Contradicted as Contradicted
from operators.desk.errors import NoAnswer as NoAnswer
from operators.desk.errors import NoCase as NoCase
from operators.desk.errors import Refused as Refused
from operators.desk.opening import Application as Application
from operators.desk.opening import Opener
from operators.desk.registry import utc_now
from registry.database.engine import check_schema, check_writable
from registry.desk import Registry
from registry.errors import RegistryError
from workers.case_on_server import Amiss, amiss, look_up, squatted
from workers.connection import connect
from workers.installation import check_home, check_registry, check_server
from workers.settings import Settings, load_settings
from workflows.doors import CaseWorkflow
from workflows.household_exit import HouseholdExitWorkflow

Message = (
    Act
    | Objection
    | Resolution
    | Withdrawal
    | PostingReport
    | Consents
    | Amendment
    | Visits
    | RiskMark
    | Findings
    | Plea
    | CaseDocument
)

_NAMES: dict[type, str] = {
    Act: "act",
    Objection: "object",
    Resolution: "resolve",
    Withdrawal: "withdraw",
    PostingReport: "posted",
    Consents: "consent",
    Amendment: "amend",
    Visits: "visit",
    RiskMark: "mark",
    Findings: "check",
    Plea: "plead",
    CaseDocument: "file",
}


VERDICT_WITHIN = 10.0
"""Seconds for which the verdict on a case that was just opened is waited for."""

_LOOK_AGAIN = 0.2
"""Seconds between two looks at a case that is about to begin."""


class Desk(Opener):
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

    async def consent(self, case_id: str, consents: Consents) -> Receipt:
        """Hand in what households answered to their exit (H2)."""
        return await self.send(case_id, consents)

    async def amend(self, case_id: str, amendment: Amendment) -> Receipt:
        """Add households to a roster, or take their entries again from the register (G1)."""
        return await self.send(case_id, amendment)

    async def visit(self, case_id: str, visits: Visits) -> Receipt:
        """Report visits to exited households (F5)."""
        return await self.send(case_id, visits)

    async def mark(self, case_id: str, mark: RiskMark) -> Receipt:
        """Mark an exited household with a risk, or lift the mark (F5)."""
        return await self.send(case_id, mark)

    async def check(self, case_id: str, findings: Findings) -> Receipt:
        """Hand in findings on drawn households and villages (J2, F6)."""
        return await self.send(case_id, findings)

    async def plead(self, case_id: str, plea: Plea) -> Receipt:
        """Plead against a finding, as the inspected county (J3 申诉举证, F6)."""
        return await self.send(case_id, plea)

    async def households(self, case_id: str) -> list[Course]:
        """How every household of a roster stands."""
        courses: list[Course] = []
        while more := await self._ask(case_id, HouseholdExitWorkflow.households, len(courses)):
            courses += more
        return courses

    async def revoke(self, application: RevocationApplication) -> Receipt:
        """Revoke an exit (F7), and wait until the act (X1) is on file.

        Raises:
            Refused: if the exit cannot be revoked so.
            NoAnswer: if no worker has put it on file yet; it is kept, and will be.
        """
        return await self.on_file(await self.open(application), EntryKind.ACT)

    async def file(self, case_id: str, document: CaseDocument) -> Receipt:
        """Put a document into the file of a case (F9), or beside it, where the case has ended.

        Delivered letters (F15) come beside it always.

        Raises:
            Refused: if the office has nothing to file with it, or no letter was delivered so.
            NoAnswer: if no worker has put it on file yet; beside a kept file it is kept.
        """
        of = self.registry.documents.beside(case_id, document)
        if of is None and document.deliveries:
            raise NoCase(f"{case_id} is not known here; no letter was written in it (F15)")
        if of is None:
            return await self.send(case_id, document)
        kept = self.registry.documents.kept(case_id, document.id)
        if kept is None:
            today = beijing(self._clock()).date()
            fault = self.registry.deliveries.fault(case_id, document, today)
            if fault is not None:
                raise Refused(fault)
            supplement = SupplementApplication(of=of, document=document)
            return await self.on_file(await self.open(supplement), EntryKind.DOCUMENT)
        if kept.document.content() != document.content():
            raise Refused(f"id: {document.id} was already used for a different content")
        return _receipt(kept.case_id, kept.entry)

    async def on_file(self, case_id: str, kind: EntryKind) -> Receipt:
        """Wait until a case that was handed in whole has put its matter on file.

        Raises:
            Refused: if the case has ended without it.
            NoAnswer: if it has not come so far yet; it goes on by itself.
        """
        async for _ in _looks(ANSWER_WITHIN.total_seconds()):
            entries = await self.ledger(case_id)
            outcome = (await self.status(case_id)).outcome if not entries else None
            if outcome is not None and outcome.ending is Ending.NOT_ADMITTED:
                raise Refused(f"{ENDINGS[outcome.ending]}：{outcome.reason}")
            for entry in entries:
                if entry.kind is kind:
                    return _receipt(case_id, entry)
                if entry.kind is EntryKind.CLOSED:
                    raise Refused(entry.text)
        raise NoAnswer(f"{case_id} is handed in and waits for the registry; it goes on by itself")

    async def act(self, case_id: str, act: Act) -> Receipt:
        """Decide a step; ``Refused`` says who may decide what now."""
        hold_against_register(self.registry, case_id, act, self._clock())
        return await self.send(case_id, act)

    async def object(self, case_id: str, objection: Objection) -> Receipt:
        """Hand in an objection or a report (G1, G2)."""
        return await self.send(case_id, objection)

    async def resolve(self, case_id: str, resolution: Resolution) -> Receipt:
        """Close the investigation of an objection (G1)."""
        return await self.send(case_id, resolution)

    async def withdraw(self, case_id: str, withdrawal: Withdrawal) -> Receipt:
        """Take an application back."""
        return await self.send(case_id, withdrawal)

    async def posted(self, case_id: str, report: PostingReport) -> Receipt:
        """Report that a notice was hung out, or taken down (T1)."""
        return await self.send(case_id, report)

    async def post(self, case_id: str, message: Message) -> None:
        """Send any of the above as a signal: kept while no worker runs, but not answered.

        What the rules do not allow is recorded in the case as refused. It is dated now where it
        bears no date: a worker may look at it much later.
        """
        if isinstance(message, Act):
            hold_against_register(self.registry, case_id, message, self._clock())
        if message.at is None:
            message = message.model_copy(update={"at": self._clock()})
        name, content = _NAMES[type(message)], message.content()
        check_size(name, content)

        async def sent() -> None:
            async with self._explained(case_id):
                await self._handle(case_id).signal(name, content, rpc_timeout=ANSWER_WITHIN)

        await in_turn(sent)

    async def status(self, case_id: str) -> CaseStatus:
        """How a case stands; an ended one too, as long as the server keeps it."""
        status: CaseStatus = await self._ask(case_id, CaseWorkflow.status)
        return status

    async def objections(self, case_id: str) -> list[ObjectionStatus]:
        """Every objection, report and plea of a case, in the order in which they came."""
        found: list[ObjectionStatus] = []
        while more := await self._ask(case_id, CaseWorkflow.objections, len(found)):
            found += more
        return found

    async def has_concluded(self, case_id: str) -> bool:
        """Whether a case has come to its own end, and so brought all of its file to the registry.

        One that was terminated from outside has not.
        """
        async with self._explained(case_id):
            described = await self._handle(case_id).describe(rpc_timeout=ANSWER_WITHIN)
        return described.status is WorkflowExecutionStatus.COMPLETED

    async def ledger(self, case_id: str, after: int = 0) -> list[Entry]:
        """The case's own file, behind so many entries; the registry has its copy of the whole."""
        entries: list[Entry] = []
        while more := await self.page(case_id, entries[-1].seq if entries else after):
            entries += more
        return entries

    async def page(self, case_id: str, after: int) -> list[Entry]:
        """As much of the file behind so many entries as fits into one answer.

        What earlier runs of the case have handed over is in the registry alone, and read there.
        """
        own: list[Entry] = await self._ask(case_id, CaseWorkflow.ledger, after)
        first = own[0].seq if own else (await self.status(case_id)).entries + 1
        before = self.registry.ledger(case_id, after, first - 1) if first > after + 1 else []
        return before or own

    async def outcome(self, case_id: str) -> Outcome:
        """Wait for the end of a case."""
        async with self._explained(case_id):
            return await self._handle(case_id).result()

    async def is_admitted(self, case_id: str) -> bool:
        """Wait a little for the verdict on a case that was just opened; False if it is still out.

        The registry and the server tell it, so that none is waited for where no worker runs.

        Raises:
            Refused: if it was not admitted, or has ended otherwise.
        """
        handle = self._handle(case_id)
        async for _ in _looks(VERDICT_WITHIN):
            if await asyncio.to_thread(self.registry.is_admitted, case_id):
                return True
            async with self._explained(case_id):
                there = await handle.describe(rpc_timeout=ANSWER_WITHIN)
            if there.status is WorkflowExecutionStatus.COMPLETED:
                outcome = await handle.result()
                if outcome.ending is Ending.NOT_ADMITTED:
                    raise Refused(f"{case_id}: {ENDINGS[outcome.ending]}：{outcome.reason}")
                return True
            if there.status is not WorkflowExecutionStatus.RUNNING:
                raise Refused(f"{case_id} ended before it was admitted; the worker's log says why")
        return False

    async def amiss(self, case_id: str) -> Amiss | None:
        """Why a case does not go on by what registry and server say; None if it may.

        Raises:
            RPCError: if the server does not answer.
            RegistryError: if the registry cannot be used.
        """
        if not identity.is_case(case_id):
            return None
        # In this order: a case that ends is ended in the registry first.
        there = await look_up(self.client, case_id)
        file = await asyncio.to_thread(self.registry.open_file, case_id)
        if file is None:
            return await squatted(self.client, there)
        return amiss(file, there) if file.is_open else None

    @asynccontextmanager
    async def _explained(self, case_id: str) -> AsyncIterator[None]:
        """As ``explained``; and a case that registry and server do not both have is told so."""
        try:
            with explained(case_id):
                yield
        except (NoCase, NoAnswer) as error:
            if isinstance(error, Busy):
                raise
            try:
                found = await self.amiss(case_id)
            except (RPCError, RegistryError):
                raise error from None
            if found is None:
                raise
            raise NoCase(not_going_on(case_id, found)) from error

    async def _ask(self, case_id: str, query: Callable[..., Any], *behind: int) -> Any:
        """What a case answers to a query; of a long list the part behind so many."""
        handle = self._handle(case_id)
        async with self._explained(case_id):
            return await asked(partial(handle.query, query, args=behind, rpc_timeout=ANSWER_WITHIN))

    def _handle(self, case_id: str) -> WorkflowHandle[CaseWorkflow, Outcome]:
        return self.client.get_workflow_handle(case_id, result_type=Outcome)

    async def send(self, case_id: str, message: Message) -> Receipt:
        """Send as an update: a repeated send has one effect, and is answered with one receipt.

        The content is part of the update's id: another one under a message's id must reach the
        case, which refuses it, and not be answered by the server with the first one's receipt.
        """
        name, content = _NAMES[type(message)], message.content()
        check_size(name, content)
        noted = self.registry.contradiction(case_id)
        if noted is not None:
            raise contradicted(case_id, noted.said)
        id = identity.content_id(name, message.id, canonical(content))
        # The server answers a repeated send itself, also with a receipt of before a mending: then
        # the case is asked, under an id that was never used.
        for attempt in (id, f"{id}/{token_hex(4)}"):
            receipt = await in_turn(partial(self._update, case_id, name, content, attempt))
            if self._holds(receipt):
                return receipt
        said = f"entry {receipt.seq} of the case is another one than the kept entry {receipt.seq}"
        raise contradicted(case_id, said)

    async def _update(
        self, case_id: str, name: str, content: Mapping[str, Any], id: str
    ) -> Receipt:
        async with self._explained(case_id):
            try:
                receipt: Receipt = await admitted(
                    partial(
                        self._handle(case_id).execute_update,
                        name,
                        content,
                        id=id,
                        result_type=Receipt,
                        rpc_timeout=ANSWER_WITHIN,
                    )
                )
            except WorkflowUpdateFailedError as error:
                seq = received_as(error)
                if seq is None:
                    raise
                return self._kept_receipt(case_id, seq)
            return receipt

    def _kept_receipt(self, case_id: str, seq: int) -> Receipt:
        """What an earlier run of the case has answered to a message, by the entry it became."""
        for entry in self.registry.ledger(case_id, seq - 1, seq):
            return _receipt(case_id, entry)
        raise NoAnswer(
            f"{case_id} has received this already, as entry {seq}, which the registry lacks; "
            "`exitflow mend` brings it from the server"
        )

    def _holds(self, receipt: Receipt) -> bool:
        """A case that has forgotten part of its file has other numbers: the kept file tells."""
        try:
            kept = self.registry.kept_hash(receipt.case_id, receipt.seq)
        except RegistryError:
            return True  # it is away: what is kept there cannot be told now
        return kept in (None, receipt.hash)

    async def mend(self, case_id: str, asked: Mending) -> list[Entry]:
        """Let a case take its kept file as its own, and wait until the registry has the whole (G7).

        Returns:
            What was put on file since.

        Raises:
            NoAnswer: if it has not come so far yet; it goes on by itself.
        """
        async with self._explained(case_id):
            before = len(self.registry.ledger(case_id))
            await admitted(
                lambda: self._handle(case_id).execute_update(
                    "mend", asked.content(), rpc_timeout=ANSWER_WITHIN
                )
            )
        await asyncio.sleep(_LOOK_AGAIN)  # for the case to take it up
        async for _ in _looks(ANSWER_WITHIN.total_seconds()):
            own, kept = await self.ledger(case_id), self.registry.ledger(case_id)
            if [each.hash for each in own] == [each.hash for each in kept]:
                return kept[before:]
        raise NoAnswer(
            f"{case_id} is asked to mend its file and has not kept it yet; "
            f"`exitflow case {case_id} --ledger` says how it stands"
        )


async def _looks(within: float) -> AsyncIterator[None]:
    """Once for each look at what is about to be there, for so many seconds."""
    ends = asyncio.get_running_loop().time() + within
    while asyncio.get_running_loop().time() < ends:
        yield
        await asyncio.sleep(_LOOK_AGAIN)


def _receipt(case_id: str, entry: Entry) -> Receipt:
    return Receipt(
        case_id=case_id, seq=entry.seq, hash=entry.hash, received_at=entry.at, text=entry.text
    )


@asynccontextmanager
async def open_desk(
    settings: Settings | None = None, address: str | None = None
) -> AsyncIterator[Desk]:
    """A desk of this installation, as settings and environment say.

    Raises:
        Unreachable: if no server answers.
        RegistryError: if the registry is missing, outdated or cannot be written.
        WrongInstallation: if home, registry and server do not belong together, or another version
            of exitflow has gone on with them.
        KeysError: if the keys cannot be read.
    """
    settings = settings or load_settings()
    engine = settings.engine()
    try:
        check_home(settings)
        check_writable(engine)
        check_schema(engine)
        check_registry(engine, settings)
        client = await connect(settings.keyring(), address, traces=settings.traces)
        await check_server(client, settings)
        yield Desk(client, Registry(engine), settings.load_policy())
    finally:
        engine.dispose()
