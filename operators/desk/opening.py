"""Opening cases: each under its own id, with what it is listed by.

What an application is held against is read from the registry first, so that what cannot open a
case is refused before anything starts; the registry asks again when it admits the case.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import count
from typing import Any, NamedTuple

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from models import identity, search
from models.base import canonical
from models.case.admission import Opening, Rules
from models.case.documents import DOCUMENT_KINDS, filing_fault
from models.case.messages import Ending, Outcome
from models.county.admission import RULES as COUNTY
from models.county.admission import CountyFacts
from models.county.messages import CountyApplication
from models.offices import County, Household, Tier, Village
from models.periods import beijing
from models.policy import Policy
from models.procedures import SUPPLEMENT, Procedure
from models.reentry.admission import RULES as REENTRY
from models.reentry.admission import ReentryFacts
from models.reentry.messages import ReentryApplication
from models.reentry.rules import CAUSES
from models.revocation.admission import RULES as REVOCATION
from models.revocation.admission import RevocationFacts
from models.revocation.messages import Revocable, RevocationApplication
from models.roster.admission import RULES as ROSTER
from models.roster.admission import RosterFacts
from models.roster.messages import RosterApplication
from models.supervision.admission import RULES as SUPERVISION
from models.supervision.admission import SupervisionFacts
from models.supervision.messages import SupervisionApplication, inspection_zh
from models.supplement import SupplementApplication
from models.texts.characters import markdown
from models.village.admission import RULES as VILLAGE
from models.village.admission import VillageFacts
from models.village.messages import VillageApplication
from operators.desk.answers import explained, unreachable
from operators.desk.errors import Refused
from operators.desk.registry import ahead
from registry.desk import Registry
from workers.case_on_server import is_foreign, look_up, squatted
from workers.catalogue import TASK_QUEUE

Application = (
    CountyApplication
    | VillageApplication
    | RosterApplication
    | ReentryApplication
    | RevocationApplication
    | SupervisionApplication
    | SupplementApplication
)
"""What opens a case."""


class _Said(NamedTuple):
    """What the Web UI shows of a case."""

    summary: str
    details: str


def _of_county(application: CountyApplication, county: County, _: CountyFacts) -> _Said:
    tier = "国定" if county.tier is Tier.NATIONAL else "省定"
    led_by = "省直管" if county.directly_administered else county.city.name
    return _Said(
        f"{county.name} {application.year}年度 贫困县退出",
        f"{county.name}（{county.code}），{tier}贫困县，{led_by}。",
    )


def _of_village(application: VillageApplication, village: Village, _: VillageFacts) -> _Said:
    led_by = "省直管县" if village.directly_administered else village.city.name
    return _Said(
        f"{village.full_name} {application.year}年度 贫困村退出",
        f"{village.full_name}（{village.code}），{led_by}。",
    )


def _of_roster(application: RosterApplication, village: Village, facts: RosterFacts) -> _Said:
    size = len(application.appraisal.households)
    return _Said(
        f"{village.full_name} {application.year}年度 贫困户退出 第{facts.attempt}批 {size}户",
        f"{village.city.name}{village.full_name}（{village.code}），{size}户。",
    )


def _of_reentry(application: ReentryApplication, home: Household, facts: ReentryFacts) -> _Said:
    village = home.village
    return _Said(
        f"{home.full_name} {application.year}年度 纳入扶贫对象",
        f"{village.city.name}{village.full_name}（{village.code}），{CAUSES[facts.cause]}。",
    )


def _of_revocation(
    application: RevocationApplication, subject: Revocable, _: RevocationFacts
) -> _Said:
    return _Said(
        f"{subject.full_name} {application.year}年度 撤销退出",
        f"{subject.full_name}（{subject.code}）。",
    )


def _of_inspection(
    application: SupervisionApplication, county: County, facts: SupervisionFacts
) -> _Said:
    return _Said(
        f"{county.name} {application.year}年 {inspection_zh(application.office)} "
        f"第{facts.attempt}次",
        f"{county.name}（{county.code}），事由：{application.reason}。",
    )


class _Kind(NamedTuple):
    """How the case of an application is opened.

    Attributes:
        following: What comes next under the next number, if any number of them can be.
    """

    rules: Rules[Any, Any]
    said: Callable[[Any, Any, Any], _Said]
    following: str | None = None


_KINDS: dict[type, _Kind] = {
    CountyApplication: _Kind(COUNTY, _of_county),
    VillageApplication: _Kind(VILLAGE, _of_village),
    RosterApplication: _Kind(ROSTER, _of_roster, "the next roster of the village"),
    ReentryApplication: _Kind(REENTRY, _of_reentry),
    RevocationApplication: _Kind(REVOCATION, _of_revocation),
    SupervisionApplication: _Kind(SUPERVISION, _of_inspection, "the next inspection of the county"),
}


class Opener:
    """The part of the desk that opens cases."""

    client: Client
    registry: Registry
    policy: Policy
    _clock: Callable[[], datetime]

    async def open(self, application: Application) -> str:
        """Open the case of an application and return its id.

        A supplement (F9) is one with its document: the same one again is the same case.

        Raises:
            Refused: if the application cannot open a case; nothing was started then.
            RegistryError: if the registry cannot be used.
        """
        if isinstance(application, SupplementApplication):
            return await self._open_supplement(application)
        kind, now = _KINDS[type(application)], self._clock()
        facts = self.registry.facts(application, beijing(now).date())
        fault = kind.rules.fault(application, facts, self.policy, now)
        if fault is not None:
            raise Refused(fault)
        opening: Opening[Any, Any] = Opening(
            case_id=kind.rules.case_id(application, facts.attempt),
            application=application,
            subject=facts.subject,
            policy=self.policy,
            received_at=self._received(),
        )
        taken = kind.following and (
            f"{opening.case_id} has just been handed in and is not admitted yet; {kind.following} "
            "can follow it in a moment (G9)"
        )
        said = kind.said(application, facts.subject, facts)
        await self._start(kind.rules.procedure, opening, said, taken=taken)
        return opening.case_id

    def _received(self) -> datetime | None:
        """When a matter was taken in: now; in a rehearsal when the case begins, which waits."""
        return None if ahead() else self._clock()

    async def _open_supplement(self, application: SupplementApplication) -> str:
        of, document = application.of, application.document
        fault = filing_fault(document.office, of.subject)
        if fault is not None:
            raise Refused(fault)
        memo = {"document": document.id, "content": canonical(document.content())}
        said = _Said(
            f"{of.subject.full_name} {of.year}年度 补充归档",
            f"{of.case_id}的{DOCUMENT_KINDS[document.kind]}。",
        )
        listed = {each.case_id for each in self.registry.documents.of(of.case_id)}
        for number in count(1):
            case_id = identity.supplement_case(of.case_id, number)
            if case_id in listed:
                continue
            opening = Opening(
                case_id=case_id,
                application=application,
                subject=of.subject,
                policy=self.policy,
                received_at=self._received(),
            )
            try:
                await self._start(SUPPLEMENT, opening, said, memo=memo)
            except Refused:
                with explained(case_id):
                    there = await self.client.get_workflow_handle(case_id).describe()
                    if await there.memo() == memo:
                        return case_id
            else:
                return case_id
        raise AssertionError("numbers do not end")

    async def _start(
        self,
        procedure: Procedure,
        opening: Opening[Any, Any],
        said: _Said,
        *,
        taken: str | None = None,
        memo: Mapping[str, Any] | None = None,
    ) -> None:
        """Start a case under its own id.

        Args:
            taken: The refusal if a case of this id was there before; the usual sentence (G9) if
                none is given.
            memo: What is kept with the case for whoever finds its id taken.
        """
        subject, year = opening.subject, opening.application.year
        attributes: list[SearchAttributePair[Any]] = [
            SearchAttributePair(search.PROCEDURE, procedure.id),
            SearchAttributePair(search.YEAR, year),
            SearchAttributePair(search.REGION, list(subject.region_path)),
            SearchAttributePair(search.SUBJECT, subject.name),
        ]

        async def start(reuse: WorkflowIDReusePolicy) -> None:
            await self.client.start_workflow(
                procedure.workflow,
                opening,
                id=opening.case_id,
                task_queue=TASK_QUEUE,
                id_reuse_policy=reuse,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                search_attributes=TypedSearchAttributes(attributes),
                static_summary=markdown(said.summary),
                static_details=markdown(f"{said.details}依据：{opening.policy.title}。"),
                start_delay=ahead(),
                memo=memo,
            )

        taken = taken or (
            f"{subject.name} ({subject.code}) already has a case for {year}: {opening.case_id} (G9)"
        )
        try:
            try:
                await start(WorkflowIDReusePolicy.REJECT_DUPLICATE)
            except WorkflowAlreadyStartedError as error:
                if not await self._is_free(opening.case_id, procedure):
                    held = await self._held(opening.case_id)
                    raise Refused(held or taken) from error
                await start(WorkflowIDReusePolicy.ALLOW_DUPLICATE)
        except WorkflowAlreadyStartedError as error:
            raise Refused(taken) from error
        except RPCError as error:
            raise unreachable(error) from error

    async def _is_free(self, case_id: str, procedure: Procedure) -> bool:
        """Whether what is there under an id is no case: nothing admitted, and nothing about to be.

        A workflow that somebody else left under the id of a county's case does not bar the county:
        one that ended without being admitted is passed over, a foreign one that runs is terminated;
        so is one whose opening is not sealed with our keys, which waits for a day far ahead.
        """
        if self.registry.is_admitted(case_id):
            return False
        handle = self.client.get_workflow_handle(case_id, result_type=Outcome)
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
        ours = (there.workflow_type, there.task_queue) == (procedure.workflow, TASK_QUEUE)
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
