"""贫困村退出 (HN 五(二), CN 三(二)): how a village leaves the list of poor villages."""

from datetime import datetime
from typing import Any

from pydantic import JsonValue
from temporalio import workflow

from models import counts, standards
from models.base import Record
from models.case.ledger import EntryKind
from models.case.messages import Act, Decision, Ending, Outcome
from models.case.reception import Reception
from models.notices import Overridden, PostedVillage, announced
from models.periods import LimitRequest, beijing
from models.policy import Body
from models.procedures import V1, V2, VILLAGE_EXIT
from models.refusals import Refusal
from models.register.villages import FieldSurvey, Incidence
from models.village.admission import AdmitVillage, survey_fault
from models.village.messages import VillageOpening
from models.village.orders import VillageCount, VillageRegisterChange
from workflows.calls import NoMoreMet, RegisterConflict
from workflows.case import Case
from workflows.doors import CaseWorkflow
from workflows.opening import docket_of
from workflows.waiting import Lapse

APPROVE, INCIDENCE = Decision.APPROVE, "S2.incidence"


class VillageOwn(Record):
    """What a village's case keeps of its own, from one run to the next."""

    incidence: Incidence | None
    surveyed: FieldSurvey | None
    considered: str
    overridden: Overridden | None


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
        self.overridden: Overridden | None = None
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
        act = await case.decision(V1, *limits, instructions=self.told(), judged=self.judged)
        self.surveyed, self.considered = act.survey, act.consideration or ""
        self.overridden = Overridden.of(act.overrides, act.reason)
        self.record_survey(self.findings(act.survey))

    async def publicity(self) -> None:
        """V2 公示公告: at the seat of the township, at least seven days (T1, G1)."""
        assert self.surveyed is not None
        assert self.incidence is not None
        shows = PostedVillage(
            village=self.village,
            survey=self.surveyed,
            incidence=self.incidence,
            overridden=self.overridden,
        )
        await self.case.publicity(V2, shows)

    async def approval(self) -> None:
        """V3 批准退出: reported, approved before January (T6), undisputed (G2), announced."""
        case = self.case
        county = self.village.office(Body.COUNTY_GROUP)
        await case.decision(self.v3, office=county, subject="V3 上报", counted=self.look_again)
        for _ in case.repeatedly():  # what is approved is what the register says then
            approval = await case.decision(
                self.v3,
                instructions=self.told_at_last,
                counted=self.look_again,
                judged=self.judged_at_last,
            )
            await case.undisputed()
            await self.strike_off(approval)
            case.docket.changing = False  # more are poor by now than was told: nothing was done

    # -- what the steps above need ------------------------------------------------------------

    def own_state(self) -> VillageOwn:
        return VillageOwn(
            incidence=self.incidence,
            surveyed=self.surveyed,
            considered=self.considered,
            overridden=self.overridden,
        )

    def restore(self, own: Any) -> None:
        known = VillageOwn.model_validate(own)
        self.incidence, self.surveyed = known.incidence, known.surveyed
        self.considered, self.overridden = known.considered, known.overridden

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
        case.limits.hold_to_january()
        await self.look_up()

    async def look_up(self) -> None:
        """Judge the village by what the register says now (S2, S5)."""
        self.keep(await self.count())

    async def look_again(self) -> None:
        """The same, if households have left the register, or come into it, meanwhile.

        What was approved at the same moment, on a better count, lapses (S6).
        """
        if await self.has_risen():
            self.case.docket.lapse("核对登记数据后贫困发生率未达标", self.case.now())

    async def has_risen(self) -> bool:
        """Whether the register counts too many by now, and more than was told (S2, S6)."""
        told, counted = self.incidence, await self.count()
        if told is None or (told.poor, told.population) != (counted.poor, counted.population):
            self.keep(counted)
        rule = self.opening.policy.standards
        return counts.has_risen(INCIDENCE, told, counted, rule) is not None

    async def judged(self, approval: Act) -> Lapse | None:
        """V1, V3: judge an approval by the count of the moment in which it is taken (S2, S6)."""
        worse = {INCIDENCE} if await self.has_risen() else set[str]()
        why = counts.why_no_more_zh(approval, self.unmet(), worse)
        return None if why is None else Lapse(why, self.told())

    async def judged_at_last(self, approval: Act) -> Lapse | None:
        """V3: where nothing holds the change up, it is held against the count by itself (S2)."""
        stands = counts.why_no_more_zh(approval, self.unmet(), ()) is None
        held_up = self.case.docket.open_count > 0
        return await self.judged(approval) if held_up or not stands else None

    async def count(self) -> Incidence:
        """The village's poor as the register counts them on the case's day (S5)."""
        today = beijing(self.case.now()).date()
        return await self.case.asked(VillageCount(village=self.village.code, on=today))

    def keep(self, incidence: Incidence) -> None:
        """Judge by a count from now on (S2), and put it on file."""
        self.incidence = incidence
        self.put_on_file(self.counted_zh(), (self.rate(),), incidence=incidence.content())

    def rate(self) -> standards.StandardFinding:
        """S2 by the count that the case is judged by."""
        assert self.incidence is not None  # it is counted before a step opens
        rule = self.opening.policy.standards
        return standards.incidence_finding(INCIDENCE, self.incidence, rule)

    def unmet(self) -> set[str]:
        """What that fails."""
        return set() if self.rate().met else {INCIDENCE}

    def counted_zh(self) -> str:
        """The count and what follows from it, as the file says it."""
        return f"登记数据：{self.rate().zh}，{'未' if self.unmet() else '已'}达标"

    def told(self) -> str:
        """The same as an office that decides is told (V1, V3)."""
        return counts.told_zh(self.counted_zh(), self.unmet())

    def told_at_last(self) -> str:
        """And what the county considered, which whoever approves has to judge (V3)."""
        considered = f"县级对产业发展、集体经济收入等因素的统筹考虑：{self.considered}"
        return f"{considered}\n{self.told()}"

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
        unmet = [finding for finding in self.findings(survey) if not finding.met]
        failed = counts.but_for_counts(unmet, act)
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

        It comes back if the register's count is worse by now than was told (S2, S6, F5, F7).
        """
        told = self.incidence
        assert told is not None  # it was counted when the step opened
        try:
            change, left = await self.case.ordered(
                lambda seq: VillageRegisterChange(
                    **announced(self.case.docket, approval, seq, self.case.now()),
                    village=self.village,
                    approved_by=approval.office,
                    told=told,
                ),
            )
        except NoMoreMet as risen:
            self.case.lapse(approval, risen.why)
            return
        except RegisterConflict as conflict:
            raise self.case.end(Ending.NOT_EXITED, "case", str(conflict)) from conflict
        self.case.record(
            EntryKind.REGISTER_CHANGE,
            f"{self.village.name}自{left.since}在建档立卡贫困村中退出，{left.notice.announced_zh}",
            {
                "change": change.content(),
                "notice": left.notice.content(),
            },
        )
        raise self.case.end(
            Ending.EXITED, approval.office, "经批准退出贫困村序列", approval.document_number
        )
