"""返贫与新增贫困户纳入 (F5, HN 三 应进则进): how a household comes into the register (again)."""

from datetime import datetime
from typing import Any

from pydantic import JsonValue
from temporalio import workflow

from models.base import Record
from models.case.ledger import EntryKind
from models.case.messages import Act, Decision, Ending, Outcome
from models.case.reception import Reception
from models.notices import PostedHousehold
from models.periods import LimitRequest, beijing
from models.procedures import (
    R1,
    R2,
    R3,
    R4,
    REENTRY,
)
from models.reentry.admission import AdmitReentry, ReentryFacts, not_poor, since_posted
from models.reentry.messages import ReentryOpening
from models.reentry.orders import EntryOrder, ReentryLookUp
from models.reentry.rules import CAUSES, appraisal_fault
from models.refusals import Refusal
from models.register.households import HouseholdFacts
from models.roster.households import shown_name
from workflows.alarms import raise_alarms
from workflows.calls import RegisterConflict, ask
from workflows.case import Case
from workflows.doors import CaseWorkflow
from workflows.opening import docket_of

APPROVE = Decision.APPROVE


class ReentryOwn(Record):
    """What a household's entry keeps of its own, from one run to the next.

    Attributes:
        identified_in: In which round the committees named the household last.
        posted: How the register had it when it was posted.
    """

    known: ReentryFacts
    identified_in: int
    posted: HouseholdFacts | None


@workflow.defn(name=REENTRY.workflow)
class ReentryWorkflow(CaseWorkflow):
    """One household's entry into the register in one year (G9): fallen back, or newly poor."""

    @workflow.init
    def __init__(self, opening: ReentryOpening) -> None:
        application = opening.application
        self.opening = opening
        self.household = opening.subject
        self.year = application.year
        self.known = ReentryFacts(subject=opening.subject)
        self.identified_in = 1
        self.posted_as: HouseholdFacts | None = None
        docket = docket_of(REENTRY, opening, signed=application.applied_at)
        self.case = Case(docket, arrived=opening.received_at)
        self.reception = Reception(docket, vet=self.vet)
        self.begin()

    @workflow.run
    async def run(self, opening: ReentryOpening) -> Outcome:
        """Identification, appraisal, publicity, and the county's confirmation."""
        return await self.case.walk(
            (R1, self.identification),
            (R2, self.appraisal),
            (R3, self.publicity),
            (R4, self.confirmation),
        )

    async def identification(self) -> None:
        """R1 识别申报: the committees name the household; again, when it was sent back (G3)."""
        if self.case.docket.round == 1:
            await self.case.prepare(self.receive_application)
        else:
            again = LimitRequest(clause="G3", start=self.case.arrived)
            await self.case.decision(R1, again, decisions=(APPROVE,))
            self.identified_in = self.case.docket.round

    async def appraisal(self) -> None:
        """R2 民主评议: a meeting of the village votes on it, by quorum and majority of H1."""
        case, limits = self.case, list[LimitRequest]()
        if case.docket.round > self.identified_in:  # it was this that was sent back (G3)
            limits.append(LimitRequest(clause="G3", start=case.arrived))
        await case.decision(R2, *limits)

    async def publicity(self) -> None:
        """R3 公示: in the village, at least seven days (T1); who is not poor is not posted."""
        await self.case.once(self.look_up)
        said = not_poor(self.year, self.known, self.opening.policy.standards)
        if said is not None:
            raise self.case.end(Ending.NOT_ENTERED, "case", said.zh)
        await self.case.publicity(R3, self.to_post())

    async def confirmation(self) -> None:
        """R4 县级确认: confirmed as it was posted, undisputed (G2), and into the register."""
        case = self.case
        for _ in case.repeatedly():
            await case.prepare(self.look_up)  # what is confirmed is what the register says then
            confirmation = await case.decision(R4)
            await case.undisputed()
            await self.enter(confirmation)
            case.docket.changing = False  # the register was corrected meanwhile: nothing was done

    # -- what the steps above need ------------------------------------------------------------

    def own_state(self) -> ReentryOwn:
        return ReentryOwn(known=self.known, identified_in=self.identified_in, posted=self.posted_as)

    def restore(self, own: Any) -> None:
        known = ReentryOwn.model_validate(own)
        self.known, self.identified_in = known.known, known.identified_in
        self.posted_as = known.posted

    async def receive_application(self) -> None:
        """Hold the application against the register, and the household against S1 (F5, G9, S7)."""
        application, case = self.opening.application, self.case
        number = f"（{application.document_number}）" if application.document_number else ""
        known = await case.admit(
            AdmitReentry,
            self.opening,
            f"{self.household.full_name}申报纳入{self.year}年度扶贫对象{number}，"
            f"理由：{application.reason}",
        )
        self.keep(known)

    async def look_up(self) -> None:
        """The household as the register has it on the case's day; on file where that changed."""
        today = beijing(self.case.now()).date()
        before = self.known
        known = await ask(
            ReentryLookUp(
                case_id=self.case.docket.case_id,
                household=self.household.code,
                year=self.year,
                on=today,
            )
        )
        if (known.facts, known.line, known.registered_on) != (
            before.facts,
            before.line,
            before.registered_on,
        ):
            self.keep(known)

    def keep(self, known: ReentryFacts) -> None:
        """Put on file how the household stands by the criteria of S1."""
        self.known = known
        if known.facts is None or known.line is None:
            return
        found = known.findings(self.opening.policy.standards)
        unmet = "；".join(finding.zh for finding in found if not finding.met)
        findings: list[JsonValue] = [finding.content() for finding in found]
        self.case.record(
            EntryKind.FINDINGS,
            f"登记数据：{CAUSES[known.cause]}，{known.facts.size}人，对照退出标准{len(findings)}项，"
            f"{f'未达标：{unmet}' if unmet else '均已达标'}",
            {
                "line": known.line.content(),
                "facts": known.facts.content(),
                "cause": known.cause.value,
                "findings": findings,
            },
        )

    def vet(self, act: Act, now: datetime) -> None:
        """The household's own rules for an act: a vote by the rules of H1, a number at R4."""
        docket = self.case.docket
        fault = None
        if act.step == R2.id:
            identified_on = beijing(docket.basis).date()
            fault = appraisal_fault(
                act, self.household.code, docket.year, docket.policy, identified_on, now
            )
        elif act.step == R4.id and act.decision is APPROVE:
            fault = self.why_not_confirmed(act)
        if fault is not None:
            raise Refusal(fault)

    def why_not_confirmed(self, confirmation: Act) -> str | None:
        """Why the county cannot confirm (R4), in one sentence."""
        if confirmation.document_number is None:
            return "document_number: the confirmation (R4) needs the number of its document"
        assert self.posted_as is not None
        said = since_posted(self.posted_as, self.year, self.known, self.opening.policy.standards)
        return (
            f"R4 cannot be approved: {said}; return it to R1, R2 or R3, or reject" if said else None
        )

    def to_post(self) -> PostedHousehold:
        """What the notice shows of the household (G8); only so can it be confirmed."""
        facts = self.known.facts
        assert facts is not None
        self.posted_as = facts
        return PostedHousehold(
            village=self.household.village,
            name=shown_name(facts.head, self.opening.policy.roster_notice.names),
            group=facts.group,
            size=facts.size,
            cause=self.known.cause,
        )

    async def enter(self, confirmation: Act) -> None:
        """The registry opens the episode, once; the case ends as entered.

        It comes back where the register's entry is not the posted one any more.
        """
        case, posted = self.case, self.posted_as
        assert posted is not None
        number = confirmation.document_number
        assert number is not None
        since = beijing(case.docket.basis).date()  # when R4 was signed
        try:
            _, entered = await case.ordered(
                lambda seq: EntryOrder(
                    case_id=case.docket.case_id,
                    seq=seq,
                    household=self.household,
                    revision=posted.revision,
                    effective_on=since,
                    counted_on=beijing(case.now()).date(),
                    document_number=number,
                    policy=self.opening.policy,
                ),
            )
        except RegisterConflict as conflict:
            raise case.end(Ending.NOT_ENTERED, "case", str(conflict)) from conflict
        if entered.number is None:
            case.lapse(confirmation, "登记内容在公示后有变更")
            return
        said = CAUSES[entered.cause]
        case.record(
            EntryKind.REGISTER_CHANGE,
            f"{self.household.name}自{since}起纳入建档立卡贫困户（{said}，第"
            f"{entered.number}次登记）",
            {
                "household": self.household.code,
                "number": entered.number,
                "cause": entered.cause.value,
                "registered_on": since.isoformat(),
                "document_number": number,
            },
        )
        raise_alarms(case, entered.alarms)
        raise case.end(
            Ending.ENTERED,
            confirmation.office,
            f"经县级确认登记（{said}）",
            confirmation.document_number,
        )
