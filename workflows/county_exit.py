"""贫困县退出 (HN 五(三), CN 三(三)): how a county leaves the list of poor counties."""

from contextlib import suppress
from datetime import datetime

from temporalio import workflow

from models import standards
from models.case.ledger import EntryKind
from models.case.messages import Act, Decision, Ending, Outcome
from models.county.admission import AdmitCounty, figures_fault
from models.county.admission import difference as figures_difference
from models.county.inspections import Inspections
from models.county.messages import CountyOpening
from models.county.orders import CountyCount, RegisterChange
from models.county.reception import CountyReception
from models.notices import PostedCounty
from models.periods import LimitRequest, beijing
from models.policy import Body
from models.procedures import C1, C2, C3, C4, C5, C6, C7, COUNTY_EXIT, skipped
from models.refusals import Refusal
from models.register.counties import CountyFigures
from models.supervision.orders import ToldResults
from workflows.calls import RegisterConflict, ask
from workflows.case import Beside, Case, Overtaken
from workflows.doors import CaseWorkflow
from workflows.opening import docket_of

APPROVE, REPLY = Decision.APPROVE, Decision.REPLY

RENEWED_FIGURES = "renewed-figures"
"""Since when a case itself holds renewed figures against the register; the desk always did."""


@workflow.defn(name=COUNTY_EXIT.workflow)
class CountyExitWorkflow(CaseWorkflow):
    """One county's exit for one year (G9)."""

    reception: CountyReception

    @workflow.init
    def __init__(self, opening: CountyOpening) -> None:
        self.opening = opening
        self.year = opening.application.year
        self.figures = opening.application.figures
        self.city_result_is_in = False
        docket = docket_of(
            COUNTY_EXIT,
            opening,
            signed=opening.application.applied_at,
            skips=skipped(opening.subject),
        )
        self.inspections = Inspections()
        told = _Inspected(self.inspections)
        self.case = told.case = Case(docket, arrived=opening.received_at, beside=told)
        self.reception = CountyReception(docket, self.vet, self.inspections)
        told.reception = self.reception

    @workflow.run
    async def run(self, opening: CountyOpening) -> Outcome:
        """The seven steps, in the order of the regulation; C2 and C6 only where they apply."""
        return await self.case.walk(
            (C1, self.application),
            (C2, self.city_review),
            (C3, self.provincial_check),
            (C4, self.publicity),
            (C5, self.report),
            (C6, self.inspection),
            (C7, self.approval),
        )

    async def application(self) -> None:
        """C1 县级申请: before December of the year (T2); again, when it was returned (G3)."""
        if self.case.docket.round == 1:
            await self.receive_application()
        else:
            self.figures = await self.renewed_figures()

    async def city_review(self) -> None:
        """C2 市级初审: within one week (T3), the result by 10 January of the next year (T4)."""
        limits = [LimitRequest(clause="T3", start=self.case.arrived)]
        if not self.city_result_is_in:
            limits.append(LimitRequest(clause="T4", year=self.year))
        await self.case.decision(C2, *limits)
        self.city_result_is_in = True

    async def provincial_check(self) -> None:
        """C3 省级核查: within half a month, in one round with all counties (T5)."""
        limit = LimitRequest(clause="T5", start=self.case.arrived, year=self.year)
        await self.case.decision(C3, limit)

    async def publicity(self) -> None:
        """C4 公告公示: to the whole society, at least seven days (T1), objections settled (G1)."""
        shows = PostedCounty(county=self.opening.subject, figures=self.figures)
        await self.case.publicity(C4, shows)

    async def report(self) -> None:
        """C5 上报审批: the province determines and reports; no limit."""
        await self.case.decision(C5)

    async def inspection(self) -> None:
        """C6 接受检查: of national counties; a failed one is rectified and inspected again (G3)."""
        while True:
            result = await self.case.decision(C6)
            if result.rectification is None:
                return
            await self.case.decision(
                C6,
                LimitRequest(clause="G3", start=self.case.arrived),
                office=result.rectification.office,
                decisions=(REPLY,),
                subject="C6 整改",
                instructions=result.rectification.task,
            )

    async def approval(self) -> None:
        """C7 批准退出: approved, undisputed (G2), and out of the register."""
        while True:
            approval = await self.case.decision(C7)
            with suppress(Overtaken):  # by a result that the case had forgotten
                if await self.case.undisputed(self.inspections.unharmed()):
                    await self.strike_off(approval)
            self.case.lapse(approval, f"督导{self.inspections.block_zh() or '结果'}")

    # -- what the steps above need ------------------------------------------------------------

    async def receive_application(self) -> None:
        """Hold the application against the register and the calendar (C1, T2, G5, G6, G9)."""
        application, case = self.opening.application, self.case
        findings = standards.county_findings(self.figures, self.opening.policy.standards)
        known = await case.admit(
            AdmitCounty,
            self.opening,
            f"收到{self.opening.subject.name}{self.year}年度贫困县退出申请"
            f"（{application.document_number}）",
            findings=[finding.content() for finding in findings],
        )
        for result in known.inspections:
            self.reception.keep_inspection(result, case.now())
        case.add_to_plan(known, application.plan_addition)
        await case.limits.judge_application(
            application, case.arrived, LimitRequest(clause="T2", year=self.year)
        )

    async def renewed_figures(self) -> CountyFigures:
        """C1 again (G3): figures other than the register's say why, or count no more (S5)."""
        since, basis, wrong = self.case.arrived, self.case.docket.basis, ""
        while True:
            again = await self.case.decision(
                C1, LimitRequest(clause="G3", start=since), decisions=(APPROVE,), instructions=wrong
            )
            if again.figures is None:
                return self.figures
            wrong = await self.difference(again.figures, again.reason)
            if not wrong:
                return again.figures
            self.case.lapse(again, wrong)
            self.case.docket.lapse(wrong, self.case.now())  # a review that came at the same moment
            self.case.docket.basis = basis

    async def difference(self, figures: CountyFigures, reason: str | None) -> str:
        """What the register counts otherwise on their day, where no reason is given (S5)."""
        if reason is not None or not workflow.patched(RENEWED_FIGURES):
            return ""
        with self.case.preparing():
            count = CountyCount(county=self.opening.subject.code, on=figures.as_of)
            found = await ask(count)
        if found is None or figures_difference(figures, found) is None:
            return ""
        return f"{count.on}登记为{found.poor}人/{found.population}人，所报数据不同而未说明理由"

    def vet(self, act: Act, now: datetime) -> None:
        """The county's own rules for an act: a failed standard blocks (S3, S4, S6)."""
        policy = self.opening.policy.standards
        failed: list[standards.StandardFinding] = []
        if act.step in (C2.id, C3.id):
            findings = standards.county_findings(self.latest_figures(), policy)
            failed = [finding for finding in findings if not finding.met]
        fault = standards.blocked(act, failed, policy)
        if fault is None and act.figures is not None:
            fault = figures_fault(act.figures, self.year, now)
        if fault is not None:
            raise Refusal(fault)
        rectification = act.rectification
        if rectification and not self.opening.subject.concerns(rectification.office):
            raise Refusal(
                f"rectification.office: {rectification.office} is no office of this county or of "
                "the city and province above it"
            )
        if act.step == C7.id and act.decision is APPROVE and act.document_number is None:
            raise Refusal("document_number: the approval (C7) needs the number of its document")
        if act.step == C7.id and act.decision is APPROVE:
            self.vet_approval(act)

    def vet_approval(self, act: Act) -> None:
        """C7: not while supervision finds a rate failed (F6, S4), nor signed when it did."""
        block, lifted = self.inspections.block(), self.inspections.lifted_at()
        if block is not None:
            raise Refusal(block)
        if lifted is not None and act.at is not None and act.at < lifted:
            raise Refusal(
                f"at: {act.at.isoformat()} lies before {beijing(lifted).isoformat()}, when "
                "supervision found met what had failed (F6, S4)"
            )

    def latest_figures(self) -> CountyFigures:
        """The figures in force, also where the renewed application is in but not yet looked at."""
        renewed = [each.message.figures for each in self.case.docket.waiting_acts(C1)]
        return next((each for each in reversed(renewed) if each is not None), self.figures)

    async def strike_off(self, approval: Act) -> None:
        """The registry takes the county out, once; the case ends as exited."""
        try:
            change, day = await self.case.ordered(
                lambda seq: RegisterChange(
                    case_id=self.case.docket.case_id,
                    seq=seq,
                    county=self.opening.subject,
                    year=self.year,
                    effective_on=beijing(self.case.docket.basis).date(),  # when C7 was signed
                    document_number=approval.document_number,
                    approved_by=approval.office,
                ),
            )
        except RegisterConflict as conflict:
            raise self.case.end(Ending.NOT_EXITED, "case", str(conflict)) from conflict
        self.case.record(
            EntryKind.REGISTER_CHANGE,
            f"{self.opening.subject.name}自{day}退出贫困县序列",
            {"change": change.content()},
        )
        raise self.case.end(
            Ending.EXITED, approval.office, "经批准退出贫困县序列", approval.document_number
        )


class _Inspected(Beside):
    """What supervision finds while the case is open is told to those whose turn it concerns."""

    case: Case
    reception: CountyReception

    def __init__(self, inspections: Inspections) -> None:
        self._inspections = inspections
        self._said = ""

    async def attend(self) -> None:
        """Look up what was told; tell whom it concerns when a rate fails, and when none does."""
        told = self._inspections.told
        while told:
            asked = tuple(told)
            told.clear()
            order = ToldResults(county=self.case.docket.subject.code, supervisions=asked)
            found = await ask(order)
            self.reception.hold_against(asked, found, self.case.now())
        now = self._inspections.block_zh()
        if now == self._said:
            return
        self._said, subject = now, self.case.docket.subject
        said = f"督导{now}，不得批准退出（C7）" if now else "督导已无未达标项，可以批准退出（C7）"
        for body in (Body.COUNTY_GROUP, Body.PROVINCIAL_GOVERNMENT):
            self.case.clerk.notify("督导", subject.office(body), "督导结果", said)
