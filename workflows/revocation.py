"""撤销退出 (F7, HN 七(四)): a wrong exit is revoked by an act of the body that decided it."""

from collections.abc import Mapping
from datetime import datetime

from temporalio import workflow

from models.base import Record
from models.case.ledger import EntryKind
from models.case.messages import Act, Decision, Ending, Outcome
from models.case.reception import Reception
from models.offices import County, Office, Tier
from models.periods import beijing
from models.policy import Body
from models.procedures import REVOCATION, X1
from models.revocation.admission import AdmitRevocation, ExitRecord, RevocationFacts, signed_on
from models.revocation.messages import RevocationOpening
from models.revocation.orders import RevocationChange
from workflows.alarms import raise_alarms
from workflows.calls import RegisterConflict
from workflows.case import Case
from workflows.doors import CaseWorkflow
from workflows.opening import docket_of

_NAMED = 5
"""How many responsible acts a sentence tells; the entry has all."""


class RevocationReception(Reception):
    """Nobody decides here any more: what opened the case is the act."""

    messages: Mapping[str, type[Record]] = {}


@workflow.defn(name=REVOCATION.workflow)
class RevocationWorkflow(CaseWorkflow):
    """The revocation of one exit: of a county, a village or a household."""

    @workflow.init
    def __init__(self, opening: RevocationOpening) -> None:
        application = opening.application
        self.opening = opening
        self.subject = opening.subject
        docket = docket_of(
            REVOCATION,
            opening,
            signed=application.applied_at,
            office=application.office,
        )
        self.x1 = docket.step
        self.case = Case(docket, arrived=opening.received_at)
        self.reception = RevocationReception(docket, vet=_no_acts)
        self.begin()

    @workflow.run
    async def run(self, opening: RevocationOpening) -> Outcome:
        """One step: the act itself."""
        return await self.case.walk((self.x1, self.revocation))

    async def revocation(self) -> None:
        """X1 撤销退出: held against the exit, on file, and on the list again."""
        known = await self.receive()
        assert known.exit is not None  # it is admitted
        self.sign(known, known.exit)
        await self.list_again(known, known.exit)

    # -- what the step above needs ------------------------------------------------------------

    async def receive(self) -> RevocationFacts:
        """Hold the revocation against the register and the file of the exit (F7, G9)."""
        application, case = self.opening.application, self.case
        return await case.admit(
            AdmitRevocation,
            self.opening,
            f"收到撤销{self.subject.full_name}{application.year}年度退出的决定"
            f"（{application.document_number}）",
        )

    def sign(self, known: RevocationFacts, exit: ExitRecord) -> None:
        """Put the act on file, with the acts that carried the fault as their files have them."""
        application, docket, now = self.opening.application, self.case.docket, self.case.now()
        act = Act(
            id=X1.id,
            step=X1.id,
            decision=Decision.APPROVE,
            office=application.office,
            officer=application.officer,
            at=application.applied_at or self.case.arrived,
            document_number=application.document_number,
            reason=application.reason,
            evidence=application.evidence,
        )
        name = docket.name(application.office, now)
        found = f"，督导{application.supervision}" if application.supervision else ""
        docket.record(
            EntryKind.ACT,
            now,
            f"{name}{X1}：撤销{self.subject.name}{application.year}年度退出"
            f"（原文号{exit.document or '无'}，本文号{application.document_number}）{found}，"
            f"理由：{application.reason}；{self.whose_fault(known, now)}",
            {
                "act": act.content(),
                "exit": exit.content(),
                "responsible": [each.content() for each in known.named],
                "supervision": application.supervision,
            },
            actor=f"{application.office} {application.officer}",
        )

    def whose_fault(self, known: RevocationFacts, now: datetime) -> str:
        """The responsible acts (责任行为) in one sentence."""
        said = [
            f"{each.case_id}第{each.seq}条（{self.case.docket.name(each.office, now)}{each.officer}"
            f"{f'：{each.why}' if each.why else ''}）"
            for each in known.named[:_NAMED]
            if each.office is not None
        ]
        more = len(known.named) - _NAMED
        return f"责任行为：{'、'.join(said)}{f'等{more + _NAMED}项' if more > 0 else ''}"

    async def list_again(self, known: RevocationFacts, exit: ExitRecord) -> None:
        """The registry puts the subject on the list again, once; everybody concerned is told."""
        case, application = self.case, self.opening.application
        try:
            change, revoked = await case.ordered(
                lambda seq: RevocationChange(
                    case_id=case.docket.case_id,
                    seq=seq,
                    subject=self.subject,
                    year=application.year,
                    exited_on=exit.exited_on,
                    exit_case=exit.case_id or "",
                    exit_document=exit.document,
                    effective_on=signed_on(application, case.arrived),
                    counted_on=beijing(case.now()).date(),
                    document_number=application.document_number,
                    office=application.office,
                    reason=application.reason,
                    responsible=known.named,
                    policy=self.opening.policy,
                ),
            )
        except RegisterConflict as conflict:
            raise case.end(Ending.NOT_ADMITTED, "case", str(conflict)) from conflict
        said = f"{self.subject.name}{application.year}年度退出撤销，自{revoked.since}起重新在册"
        case.record(
            EntryKind.REGISTER_CHANGE,
            said,
            {"change": change.model_dump(mode="json", exclude={"policy"})},
        )
        document = f"{application.document_number}，原文号{exit.document or '无'}"
        for office in self.concerned(known):
            case.clerk.notify("撤销", office, "退出已撤销", f"{said}（{document}）")
        raise_alarms(case, revoked.alarms)
        raise case.end(
            Ending.REVOKED, application.office, application.reason, application.document_number
        )

    def concerned(self, known: RevocationFacts) -> tuple[Office, ...]:
        """Who applied for the exit, who decided it, and the county; for a national one also A8."""
        offices = [*known.concerned, self.subject.office(Body.COUNTY_GROUP)]
        if isinstance(self.subject, County) and self.subject.tier is Tier.NATIONAL:
            offices.append(self.subject.office(Body.STATE_COUNCIL_GROUP))
        own = self.opening.application.office  # it is told how its case has ended
        return tuple(dict.fromkeys(office for office in offices if office != own))


def _no_acts(act: Act, now: datetime) -> None:
    """No act gets so far."""
