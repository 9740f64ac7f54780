"""Opening what comes after an exit: re-entry, supervision, revocation, supplement; for the desk.

As in ``operators.desk.openings``: the registry is asked first, and the case asks again.
"""

from datetime import timedelta
from itertools import count

from models import identity
from models.case.documents import DOCUMENT_KINDS, CaseDocument, filing_fault
from models.case.ledger import canonical
from models.periods import beijing
from models.reentry import admission as reentry_admission
from models.reentry.messages import ReentryApplication, ReentryOpening
from models.reentry.rules import CAUSES
from models.revocation import admission as revocation_admission
from models.revocation.messages import RevocationApplication, RevocationOpening
from models.supervision import admission as supervision_admission
from models.supervision.messages import SupervisionOpening
from models.supplement import EndedCase, SupplementOpening
from operators.desk.answers import explained
from operators.desk.errors import Refused
from operators.desk.opening import Opening
from registry.records import CaseFilter
from workflows.reentry import ReentryWorkflow
from workflows.revocation import RevocationWorkflow
from workflows.supervision import SupervisionWorkflow
from workflows.supplement import SupplementWorkflow


class AfterOpenings(Opening):
    """The part of the desk that opens what comes after an exit (F5-F7, F9)."""

    async def start_reentry(
        self, application: ReentryApplication, *, begins_in: timedelta = timedelta(0)
    ) -> str:
        """Open the case of a household's entry into the register (R1, F5) and return its id.

        Args:
            begins_in: How long from now the case begins; only a rehearsal lets one wait.

        Raises:
            Refused: if the application cannot open a case; nothing was started then.
            RegistryError: if the registry cannot be used.
        """
        now, year = self._clock() + begins_in, application.year
        facts = self.registry.reentry_facts(application.household, year, beijing(now).date())
        fault = reentry_admission.fault(application, facts, self.policy, now)
        household = facts.household
        if fault is not None or household is None:
            raise Refused(fault or facts.code_note)
        opening = ReentryOpening(
            case_id=identity.reentry_case(application.household, year, facts.attempt),
            application=application,
            household=household,
            policy=self.policy,
            received_at=self._received(begins_in),
        )
        village = household.village
        await self._start(
            ReentryWorkflow.run,
            opening,
            household,
            "reentry",
            year,
            summary=f"{household.full_name} {year}年度 纳入扶贫对象",
            details=f"{village.city.name}{village.full_name}（{village.code}），"
            f"{CAUSES[facts.cause]}。",
            begins_in=begins_in,
        )
        return opening.case_id

    async def start_supervision(
        self,
        county: str,
        *,
        year: int,
        reason: str,
        officer: str | None = None,
        seed: str | None = None,
        households: int | None = None,
        villages: int | None = None,
        begins_in: timedelta = timedelta(0),
    ) -> str:
        """Begin a special inspection (F6 专项检查) of a county and return its id.

        Args:
            seed: What the draw depends on; drawn by lot where it is not given.
            households, villages: How many are drawn at most; what the policy says otherwise.
            begins_in: How long from now the case begins; only a rehearsal lets one wait.

        Raises:
            Refused: if it cannot begin; nothing was started then.
            RegistryError: if the registry cannot be used.
        """
        now, usual = self._clock() + begins_in, self.policy.supervision
        on = beijing(now).date()
        facts = self.registry.county_facts(county, year, on)
        if facts.county is None:
            raise Refused(f"county {county}: {facts.code_note}")
        self._check_inspections(county)
        number = self.registry.supervision.special_inspections(county, year) + 1
        case_id = identity.special_inspection_case(county, year, number)
        opening = SupervisionOpening(
            case_id=case_id,
            county=facts.county,
            year=year,
            reason=reason,
            officer=officer,
            seed=seed,
            households=usual.households if households is None else households,
            villages=usual.villages if villages is None else villages,
            policy=self.policy,
            received_at=self._received(begins_in),
        )
        fault = supervision_admission.opening_fault(opening, case_id, on)
        if fault is not None:
            raise Refused(fault)
        name = facts.county.name
        await self._start(
            SupervisionWorkflow.run,
            opening,
            facts.county,
            "supervision",
            year,
            summary=f"{name} {year}年 专项检查 第{number}次",
            details=f"{name}（{county}），事由：{reason}。",
            begins_in=begins_in,
            taken=f"{case_id} has just been started and is not listed yet; the next inspection of "
            "the county can follow it in a moment",
        )
        return case_id

    def _check_inspections(self, county: str) -> None:
        """One special inspection of a county at a time: a second one is most likely a slip (G9)."""
        for case in self.registry.case_rows(CaseFilter(subject=county, open=True)):
            if identity.is_special_inspection(case.case_id):
                raise Refused(
                    f"{case.subject_name} ({county}) already has an open special inspection: "
                    f"{case.case_id} (G9)"
                )

    async def start_revocation(
        self, application: RevocationApplication, *, begins_in: timedelta = timedelta(0)
    ) -> str:
        """Hand in the act that revokes an exit (X1, F7) and return the id of its case.

        Args:
            begins_in: How long from now the case begins; only a rehearsal lets one wait.

        Raises:
            Refused: if the exit cannot be revoked so; nothing was started then.
            RegistryError: if the registry cannot be used.
        """
        now, year = self._clock() + begins_in, application.year
        facts = self.registry.revocation_facts(application, beijing(now).date())
        fault = revocation_admission.fault(application, facts, self.policy, now)
        subject = facts.subject
        if fault is not None or subject is None:
            raise Refused(fault or facts.code_note)
        opening = RevocationOpening(
            case_id=identity.revocation_case(application.subject, year, facts.attempt),
            application=application,
            subject=subject,
            policy=self.policy,
            received_at=self._received(begins_in),
        )
        await self._start(
            RevocationWorkflow.run,
            opening,
            subject,
            "revocation",
            year,
            summary=f"{subject.full_name} {year}年度 撤销退出",
            details=f"{subject.full_name}（{subject.code}）。",
            begins_in=begins_in,
        )
        return opening.case_id

    async def start_supplement(self, of: EndedCase, document: CaseDocument) -> str:
        """Put a document beside the closed file of a case (F9); return its supplement's id.

        The same document again is the same supplement.

        Raises:
            Refused: if the office has nothing to file with the case; nothing was started then.
        """
        fault = filing_fault(document.office, of.subject)
        if fault is not None:
            raise Refused(fault)
        memo = {"document": document.id, "content": canonical(document.content())}
        taken = {each.case_id for each in self.registry.documents.of(of.case_id)}
        for number in count(1):
            case_id = identity.supplement_case(of.case_id, number)
            if case_id in taken:
                continue
            try:
                await self._start(
                    SupplementWorkflow.run,
                    SupplementOpening(
                        case_id=case_id,
                        of=of,
                        document=document,
                        policy=self.policy,
                        received_at=self._clock(),
                    ),
                    of.subject,
                    "supplement",
                    of.year,
                    summary=f"{of.subject.full_name} {of.year}年度 补充归档",
                    details=f"{of.case_id}的{DOCUMENT_KINDS[document.kind]}。",
                    begins_in=timedelta(0),
                    memo=memo,
                )
            except Refused:
                with explained(case_id):
                    there = await self.client.get_workflow_handle(case_id).describe()
                    if await there.memo() == memo:
                        return case_id
            else:
                return case_id
        raise AssertionError("numbers do not end")
