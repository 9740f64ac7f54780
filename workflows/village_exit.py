"""贫困村退出 (HN 五(二), CN 三(二)): how a village leaves the list of poor villages."""

from datetime import datetime
from typing import Any

from pydantic import JsonValue
from temporalio import workflow

from models import standards
from models.base import Record
from models.case.ledger import EntryKind
from models.case.messages import Act, Decision, Ending, Outcome
from models.case.reception import Reception
from models.notices import PostedVillage, announced
from models.periods import LimitRequest, beijing
from models.policy import Body
from models.procedures import V1, V2, VILLAGE_EXIT
from models.refusals import Refusal
from models.register.villages import FieldSurvey, Incidence
from models.village.admission import AdmitVillage, survey_fault
from models.village.messages import VillageOpening
from models.village.orders import VillageCount, VillageRegisterChange
from workflows.calls import IncidenceRisen, RegisterConflict, ask
from workflows.case import Case
from workflows.doors import CaseWorkflow
from workflows.opening import docket_of

APPROVE = Decision.APPROVE


class VillageOwn(Record):
    """What a village's case keeps of its own, from one run to the next."""

    incidence: Incidence | None
    surveyed: FieldSurvey | None
    considered: str


@workflow.defn(name=VILLAGE_EXIT.workflow)
class VillageExitWorkflow(CaseWorkflow):
    """One village's exit for one year (G9)."""

    @workflow.init
    def __init__(self, opening: VillageOpening) -> None:
        self.opening = opening
        self.village = opening.subject
        self.year = opening.application.year
        self.incidence: Incidence | None = None
        self.surveyed: FieldSurvey | None = None
        self.considered = ""  # by the county (统筹考虑)
        docket = docket_of(VILLAGE_EXIT, opening, signed=opening.application.applied_at)
        self.v3 = docket.route[-1]
        self.case = Case(docket, arrived=opening.received_at)
        self.reception = Reception(docket, vet=self.vet)
        self.begin()

    @workflow.run
    async def run(self, opening: VillageOpening) -> Outcome:
        """The three steps, in the order of the regulation."""
        return await self.case.walk(
            (V1, self.survey),
            (V2, self.publicity),
            (self.v3, self.approval),
        )

    async def survey(self) -> None:
        """V1 调查核实: the county surveys the village against S2; again, when sent back (G3)."""
        case, again = self.case, self.case.docket.round > 1
        await case.prepare(self.look_up if again else self.receive_application)
        limits = [LimitRequest(clause="G3", start=case.arrived)] if again else []
        act = await case.decision(V1, *limits)
        self.surveyed, self.considered = act.survey, act.consideration or ""
        self.record_survey(self.findings(act.survey))

    async def publicity(self) -> None:
        """V2 公示公告: at the seat of the township, at least seven days (T1, G1)."""
        assert self.surveyed is not None
        assert self.incidence is not None
        shows = PostedVillage(village=self.village, survey=self.surveyed, incidence=self.incidence)
        await self.case.publicity(V2, shows)

    async def approval(self) -> None:
        """V3 批准退出: reported, approved before January (T6), undisputed (G2), announced."""
        case = self.case
        await case.prepare(self.look_again)
        county = self.village.office(Body.COUNTY_GROUP)
        await case.decision(self.v3, office=county, subject="V3 上报")
        for _ in case.repeatedly():
            await case.prepare(self.look_again)  # what is approved is what the register says then
            told = f"县级对产业发展、集体经济收入等因素的统筹考虑：{self.considered}"
            approval = await case.decision(self.v3, instructions=told)
            await case.undisputed()
            await self.strike_off(approval)
            case.docket.changing = False  # the poor are too many by now (F5): nothing was done

    # -- what the steps above need ------------------------------------------------------------

    def own_state(self) -> VillageOwn:
        return VillageOwn(
            incidence=self.incidence, surveyed=self.surveyed, considered=self.considered
        )

    def restore(self, own: Any) -> None:
        known = VillageOwn.model_validate(own)
        self.incidence, self.surveyed = known.incidence, known.surveyed
        self.considered = known.considered

    async def receive_application(self) -> None:
        """Hold the application against the register (V1, S5, G6, G9)."""
        application, case = self.opening.application, self.case
        known = await case.admit(
            AdmitVillage,
            self.opening,
            f"{self.village.full_name}列入{self.year}年度贫困村退出调查核实"
            f"（{application.document_number}）",
        )
        case.add_to_plan(known, application.plan_addition)
        if application.late_reason is not None:
            case.record(EntryKind.LATE, f"T6 {V1}逾期提出，理由：{application.late_reason}")
        await case.limits.hold_to_january()
        await self.look_up()

    async def look_up(self) -> None:
        """Judge the village by what the register says now (S2, S5)."""
        self.keep(await self.count())

    async def look_again(self) -> None:
        """The same, if households have left the register, or come into it, meanwhile."""
        incidence, known = await self.count(), self.incidence
        heads = (incidence.poor, incidence.population)
        if known is None or heads != (known.poor, known.population):
            self.keep(incidence)

    async def count(self) -> Incidence:
        """The village's poor as the register counts them on the case's day (S5)."""
        today = beijing(self.case.now()).date()
        return await ask(VillageCount(village=self.village.code, on=today))

    def keep(self, incidence: Incidence) -> None:
        """Judge by a count from now on (S2), and put it on file."""
        self.incidence = incidence
        rule = self.opening.policy.standards
        finding = standards.incidence_finding("S2.incidence", incidence, rule)
        said = f"登记数据：{finding.zh}，{'已' if finding.met else '未'}达标"
        self.put_on_file(said, (finding,), incidence=incidence.content())

    def findings(self, survey: FieldSurvey | None) -> tuple[standards.StandardFinding, ...]:
        """S2, as far as it is known."""
        if survey is None or self.incidence is None:
            return ()
        rule = self.opening.policy.standards
        return standards.village_findings(survey, self.incidence, rule)

    def record_survey(self, findings: tuple[standards.StandardFinding, ...]) -> None:
        """Put on file how the village stands by the criteria of S2."""
        failed = "；".join(finding.zh for finding in findings if not finding.met)
        result = f"未达标：{failed}" if failed else "均已达标"
        assert self.surveyed is not None
        made = self.surveyed.made_zh
        self.put_on_file(f"调查核实（{made}）：对照退出标准{len(findings)}项，{result}", findings)

    def put_on_file(
        self, said: str, findings: tuple[standards.StandardFinding, ...], **more: JsonValue
    ) -> None:
        """What the standards say of the village, criterion by criterion."""
        data: dict[str, JsonValue] = {"findings": [finding.content() for finding in findings]}
        self.case.record(EntryKind.FINDINGS, said, data | more)

    def vet(self, act: Act, now: datetime) -> None:
        """The village's own rules for an act: a failed standard blocks (S2, S6)."""
        approving = act.decision is APPROVE
        if act.step == V1.id and approving and act.survey is None:
            raise Refusal("survey: to approve V1, give what the survey found (S2)")
        reporting = act.step == self.v3.id and act.office.body is self.v3.reported_by
        survey = act.survey if act.step == V1.id else self.surveyed
        failed = [finding for finding in self.findings(survey) if not finding.met]
        rule = self.opening.policy.standards
        fault = standards.blocked(act, [] if reporting else failed, rule)
        if fault is None and act.survey is not None:
            fault = survey_fault(act.survey, self.year, act.at or now)
        if fault is not None:
            raise Refusal(fault)
        if approving and not reporting and act.consideration is None:
            raise Refusal(
                f"consideration: to approve {act.step}, write how industry and collective income "
                "were considered (统筹考虑, S2)"
            )
        if act.step == self.v3.id and not reporting and approving and act.document_number is None:
            raise Refusal("document_number: the approval (V3) needs the number of its document")

    async def strike_off(self, approval: Act) -> None:
        """The registry takes the village out and announces it, once; the case ends as exited.

        It comes back where households have entered since (F5, F7), and S2 is not met any more.
        """
        overridden = "S2.incidence" in approval.overrides
        try:
            change, left = await self.case.ordered(
                lambda seq: VillageRegisterChange(
                    **announced(self.case.docket, approval, seq, self.case.now()),
                    village=self.village,
                    approved_by=approval.office,
                    counted_on=beijing(self.case.now()).date(),
                    standards=None if overridden else self.opening.policy.standards,
                ),
            )
        except IncidenceRisen:
            self.case.lapse(approval, "批准后贫困发生率上升、不达标")
            return
        except RegisterConflict as conflict:
            raise self.case.end(Ending.NOT_EXITED, "case", str(conflict)) from conflict
        self.case.record(
            EntryKind.REGISTER_CHANGE,
            f"{self.village.name}自{left.since}在建档立卡贫困村中退出，{left.notice.announced_zh}",
            {
                "change": change.model_copy(
                    update={"counted_on": None, "standards": None}
                ).content(),
                "notice": left.notice.content(),
            },
        )
        raise self.case.end(
            Ending.EXITED, approval.office, "经批准退出贫困村序列", approval.document_number
        )
