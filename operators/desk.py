"""The desk: how scripts and the command line drive cases. Typed, asynchronous, nothing printed.

async with open_desk() as desk:
    case_id = await desk.start_county(application)
    receipt = await desk.act(case_id, act)
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import (
    Client,
    WorkflowHandle,
)
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from activities.database import check_schema, check_writable
from activities.store import Registry
from models import admission, identity, roster_admission, search, village_admission
from models.ledger import Entry, canonical
from models.messages import (
    Act,
    Amendment,
    Consents,
    CountyApplication,
    CountyOpening,
    Objection,
    Outcome,
    Receipt,
    Resolution,
    Withdrawal,
)
from models.offices import Subject, Tier
from models.periods import beijing
from models.policy import Policy
from models.roster import Course
from models.roster_messages import RosterApplication, RosterOpening
from models.status import CaseStatus
from models.steps import C1
from models.village_messages import VillageApplication, VillageOpening
from operators.answers import ANSWER_WITHIN, explained, unreachable
from operators.answers import NoAnswer as NoAnswer
from operators.answers import NoCase as NoCase
from operators.answers import Refused as Refused
from workers.catalogue import TASK_QUEUE
from workers.connection import connect
from workers.settings import Settings, load_settings
from workflows.county_exit import CountyExitWorkflow
from workflows.doors import CaseWorkflow
from workflows.household_exit import HouseholdExitWorkflow
from workflows.village_exit import VillageExitWorkflow

Message = Act | Objection | Resolution | Withdrawal | Consents | Amendment

_NAMES: dict[type, str] = {
    Act: "act",
    Objection: "object",
    Resolution: "resolve",
    Withdrawal: "withdraw",
    Consents: "consent",
    Amendment: "amend",
}


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
            application.county,
            application.year,
            beijing(now).date(),
            as_of=application.figures.as_of,
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
        tier = "国定" if facts.county.tier is Tier.NATIONAL else "省定"
        led_by = "省直管" if facts.county.directly_administered else facts.county.city.name
        await self._start(
            CountyExitWorkflow.run,
            opening,
            facts.county,
            "county",
            summary=f"{facts.county.name} {application.year}年度 贫困县退出",
            details=f"{facts.county.name}（{facts.county.code}），{tier}贫困县，{led_by}。",
            begins_in=begins_in,
        )
        return opening.case_id

    async def start_village(
        self, application: VillageApplication, *, begins_in: timedelta = timedelta(0)
    ) -> str:
        """Open a village's case (V1) and return its id.

        Args:
            begins_in: How long from now the case begins; only a rehearsal lets one wait.

        Raises:
            Refused: if the application cannot open a case; nothing was started then.
            RegistryError: if the registry cannot be used.
        """
        now = self._clock() + begins_in
        facts = self.registry.village_facts(
            application.village, application.year, beijing(now).date()
        )
        fault = village_admission.fault(application, facts, self.policy, now)
        if fault is not None or facts.village is None:
            raise Refused(fault or facts.code_note)
        opening = VillageOpening(
            case_id=identity.village_case(application.village, application.year, facts.attempt),
            application=application,
            village=facts.village,
            policy=self.policy,
            received_at=now,
        )
        village = facts.village
        led_by = "省直管县" if village.directly_administered else village.city.name
        await self._start(
            VillageExitWorkflow.run,
            opening,
            village,
            "village",
            summary=f"{village.full_name} {application.year}年度 贫困村退出",
            details=f"{village.full_name}（{village.code}），{led_by}。",
            begins_in=begins_in,
        )
        return opening.case_id

    async def start_roster(
        self, application: RosterApplication, *, begins_in: timedelta = timedelta(0)
    ) -> str:
        """Open the case of a village's roster (H1) and return its id.

        Args:
            begins_in: How long from now the case begins; only a rehearsal lets one wait.

        Raises:
            Refused: if the roster cannot open a case; nothing was started then.
            RegistryError: if the registry cannot be used.
        """
        now = self._clock() + begins_in
        year, codes = (
            application.year,
            [proposal.household for proposal in application.appraisal.households],
        )
        facts = self.registry.roster_facts(application.village, year, beijing(now).date(), codes)
        fault = roster_admission.fault(application, facts, self.policy, now)
        village = facts.village
        if fault is not None or village is None:
            raise Refused(fault or facts.code_note)
        opening = RosterOpening(
            case_id=identity.household_case(application.village, year, facts.batch),
            application=application,
            village=village,
            policy=self.policy,
            received_at=now,
        )
        place = f"{village.county.name}{village.township.name}"
        await self._start(
            HouseholdExitWorkflow.run,
            opening,
            village,
            "household",
            summary=f"{place}{village.name} {year}年度 贫困户退出 第{facts.batch}批 {len(codes)}户",
            details=f"{village.city.name}{place}{village.name}（{village.code}），{len(codes)}户。",
            begins_in=begins_in,
        )
        return opening.case_id

    async def consent(self, case_id: str, consents: Consents) -> Receipt:
        """Hand in what households answered to their exit (H2)."""
        return await self._send(case_id, consents)

    async def amend(self, case_id: str, amendment: Amendment) -> Receipt:
        """Add households to a roster, or take their entries anew from the register (G1)."""
        return await self._send(case_id, amendment)

    async def households(self, case_id: str) -> list[Course]:
        """How every household of a roster stands."""
        courses: list[Course] = []
        with explained(case_id):
            handle = self.client.get_workflow_handle_for(HouseholdExitWorkflow.run, case_id)
            while more := await handle.query(
                HouseholdExitWorkflow.households, len(courses), rpc_timeout=ANSWER_WITHIN
            ):
                courses += more
        return courses

    async def act(self, case_id: str, act: Act) -> Receipt:
        """Decide a step; ``Refused`` says who may decide what now."""
        self._check_figures(case_id, act)
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
        if isinstance(message, Act):
            self._check_figures(case_id, message)
        if message.at is None:
            message = message.model_copy(update={"at": self._clock()})
        with explained(case_id):
            await self._handle(case_id).signal(_NAMES[type(message)], message.content())

    async def status(self, case_id: str) -> CaseStatus:
        """How a case stands; an ended one too, as long as the server keeps it."""
        with explained(case_id):
            return await self._handle(case_id).query(CaseWorkflow.status, rpc_timeout=ANSWER_WITHIN)

    async def ledger(self, case_id: str, after: int = 0) -> list[Entry]:
        """The case's own file, behind so many entries; the registry has its copy of the whole."""
        entries: list[Entry] = []
        with explained(case_id):
            while more := await self._handle(case_id).query(
                CaseWorkflow.ledger, after + len(entries), rpc_timeout=ANSWER_WITHIN
            ):
                entries += more
        return entries

    async def outcome(self, case_id: str) -> Outcome:
        """Wait for the end of a case."""
        with explained(case_id):
            return await self._handle(case_id).result()

    def _check_figures(self, case_id: str, act: Act) -> None:
        """Hold a renewed application (C1) against the register (S5), which a case cannot read."""
        if act.figures is None or act.step != C1.id or act.reason is not None:
            return
        code = identity.subject_code(case_id)
        counted = self.registry.county_incidence(code, act.figures.as_of)
        said = admission.difference(act.figures, counted)
        if said is not None:
            raise Refused(f"figures: {said} (S5); correct them, or say why in reason")

    def _handle(self, case_id: str) -> WorkflowHandle[CaseWorkflow, Outcome]:
        return self.client.get_workflow_handle(case_id, result_type=Outcome)

    async def _send(self, case_id: str, message: Message) -> Receipt:
        """Send as an update: a repeated send has one effect, and is answered with one receipt.

        The content is part of the update's id: another one under a message's id must reach the
        case, which refuses it, and not be answered by the server with the first one's receipt.
        """
        name, content = _NAMES[type(message)], message.content()
        with explained(case_id):
            receipt: Receipt = await self._handle(case_id).execute_update(
                name,
                content,
                id=identity.content_id(name, message.id, canonical(content)),
                result_type=Receipt,
                rpc_timeout=ANSWER_WITHIN,
            )
            return receipt

    async def _start(
        self,
        run: Any,
        opening: CountyOpening | VillageOpening | RosterOpening,
        subject: Subject,
        procedure: str,
        *,
        summary: str,
        details: str,
        begins_in: timedelta,
    ) -> None:
        attributes: list[SearchAttributePair[Any]] = [
            SearchAttributePair(search.PROCEDURE, procedure),
            SearchAttributePair(search.YEAR, opening.application.year),
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
                static_summary=summary,
                static_details=f"{details}依据：{opening.policy.title}。",
                start_delay=begins_in,
            )
        except WorkflowAlreadyStartedError as error:
            if isinstance(opening, RosterOpening):
                raise Refused(
                    f"{opening.case_id} has just been handed in and is not admitted yet; the next "
                    "roster of the village can follow it in a moment (G9)"
                ) from error
            raise Refused(
                f"{subject.name} ({subject.code}) already has a case for "
                f"{opening.application.year}: {opening.case_id} (G9)"
            ) from error
        except RPCError as error:
            raise unreachable(error) from error


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
