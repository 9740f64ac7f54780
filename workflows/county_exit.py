"""贫困县退出 (HN 五(三), CN 三(三)): how a county leaves the list of poor counties."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from functools import partial
from typing import Any

from pydantic import JsonValue
from temporalio import workflow

from models import counts, standards
from models.base import Record
from models.case.ledger import EntryKind
from models.case.messages import Act, Decision, Ending, Outcome
from models.county.admission import AdmitCounty, CountyFacts, figures_fault
from models.county.admission import difference as figures_difference
from models.county.inspections import Inspections
from models.county.messages import CountyOpening
from models.county.orders import CountyCount, RegisterChange
from models.county.reception import CountyReception
from models.notices import Overridden, PostedCounty, announced
from models.periods import LimitRequest, beijing
from models.policy import Body
from models.procedures import C1, C2, C3, C4, C5, C6, C7, COUNTY_EXIT, skipped
from models.refusals import Refusal
from models.register.counties import (
    CountyCounted,
    CountyFigures,
    PoorVillages,
    ProvincialFindings,
    ProvincialMean,
)
from models.register.villages import Incidence
from models.supervision.messages import SupervisionResult
from models.supervision.orders import ToldResults
from workflows.calls import NoMoreMet, RegisterConflict, ask
from workflows.case import Case
from workflows.doors import CaseWorkflow
from workflows.opening import docket_of
from workflows.ordering import Overtaken
from workflows.waiting import Beside, Lapse

APPROVE, REPLY = Decision.APPROVE, Decision.REPLY


class CountyOwn(Record):
    """What a county's case keeps of its own, from one run to the next.

    Attributes:
        said: What those concerned were told last of results of supervision.
    """

    figures: CountyFigures
    counted: CountyCounted
    mean: ProvincialMean
    findings: ProvincialFindings | None
    overridden: Overridden | None
    agreed: bool
    city_result_is_in: bool
    results: tuple[SupervisionResult, ...]
    said: str


@workflow.defn(name=COUNTY_EXIT.workflow)
class CountyExitWorkflow(CaseWorkflow):
    """One county's exit for one year (G9)."""

    reception: CountyReception

    @workflow.init
    def __init__(self, opening: CountyOpening) -> None:
        self.opening = opening
        self.year = opening.application.year
        self.figures = opening.application.figures
        self.counted = CountyCounted()  # by the register (S3)
        self.mean: ProvincialMean | None = None
        self.found_at_c3: ProvincialFindings | None = None
        self.overridden_at_c3: Overridden | None = None
        self.agreed = False  # with the figures, on their day
        self.city_result_is_in = False
        docket = docket_of(
            COUNTY_EXIT,
            opening,
            signed=opening.application.applied_at,
            skips=skipped(opening.subject),
        )
        self.inspections = Inspections()
        self.inspected = told = _Inspected(self.inspections)
        self.case = told.case = Case(docket, arrived=opening.received_at, beside=told)
        self.reception = CountyReception(docket, self.vet, self.inspections)
        told.reception = self.reception
        self.begin()

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
            await self.renewed_figures()

    async def city_review(self) -> None:
        """C2 市级初审: within one week (T3), the result by 10 January of the next year (T4)."""
        limits = [LimitRequest(clause="T3", start=self.case.arrived)]
        if not self.city_result_is_in:
            limits.append(LimitRequest(clause="T4", year=self.year))
        await self.case.decision(C2, *limits, instructions=self.told())
        self.city_result_is_in = True

    async def provincial_check(self) -> None:
        """C3 省级核查: within half a month, in one round with all counties (T5)."""
        limit = LimitRequest(clause="T5", start=self.case.arrived, year=self.year)
        act = await self.case.decision(
            C3, limit, instructions=self.told, counted=self.count_anew, judged=self.judged
        )
        self.file_findings(act)

    async def publicity(self) -> None:
        """C4 公告公示: to the whole society, at least seven days (T1), objections settled (G1)."""
        assert self.mean is not None
        assert self.found_at_c3 is not None
        shows = PostedCounty(
            county=self.opening.subject,
            figures=self.figures,
            mean=self.mean,
            findings=self.found_at_c3,
            overridden=self.overridden_at_c3,
            counted=self.counted.incidence,
            villages=self.counted.villages,
        )
        await self.case.publicity(C4, shows)

    async def report(self) -> None:
        """C5 上报审批: the province determines and reports; no limit."""
        await self.case.decision(C5)

    async def inspection(self) -> None:
        """C6 接受检查: of national counties; a failed one is rectified and inspected again (G3)."""
        for _ in self.case.repeatedly():
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
        """C7 批准退出: counted again (S3), approved, undisputed (G2), out and announced."""
        for _ in self.case.repeatedly():
            approval = await self.case.decision(
                C7,
                instructions=lambda: f"{self.told()}\n本步骤无规定期限。",
                counted=self.count_anew,
                judged=self.judged_at_last,
            )
            why = None
            with suppress(Overtaken):  # by a result that the case had forgotten
                if await self.case.undisputed(self.inspections.unharmed()):
                    why = await self.strike_off(approval)
            self.case.lapse(approval, why or f"督导{self.inspections.block_zh() or '结果'}")

    # -- what the steps above need ------------------------------------------------------------

    def own_state(self) -> CountyOwn:
        assert self.mean is not None
        return CountyOwn(
            figures=self.figures,
            counted=self.counted,
            mean=self.mean,
            findings=self.found_at_c3,
            overridden=self.overridden_at_c3,
            agreed=self.agreed,
            city_result_is_in=self.city_result_is_in,
            results=tuple(self.inspections.results.values()),
            said=self.inspected.said,
        )

    def restore(self, own: Any) -> None:
        known = CountyOwn.model_validate(own)
        self.figures, self.counted = known.figures, known.counted
        self.mean, self.found_at_c3 = known.mean, known.findings
        self.overridden_at_c3, self.agreed = known.overridden, known.agreed
        self.city_result_is_in = known.city_result_is_in
        self.inspections.results |= {each.supervision: each for each in known.results}
        self.inspected.said = known.said

    async def receive_application(self) -> None:
        """Hold the application against the register and the calendar (C1, T2, G5, G6, G9)."""
        application, case = self.opening.application, self.case
        known = await case.admit(
            AdmitCounty,
            self.opening,
            f"收到{self.opening.subject.name}{self.year}年度贫困县退出申请"
            f"（{application.document_number}）",
            known=self.opened,
        )
        for result in known.inspections:
            self.reception.keep_inspection(result, case.now())
        case.add_to_plan(known, application.plan_addition)
        case.limits.judge_application(
            application, case.arrived, LimitRequest(clause="T2", year=self.year)
        )

    async def renewed_figures(self) -> None:
        """C1 again (G3): figures other than the register's say why, or count no more (S5)."""
        limit, told = LimitRequest(clause="G3", start=self.case.arrived), self.counted
        await self.case.decision(C1, limit, decisions=(APPROVE,), judged=self.renewed)
        self.let_lapse(told)

    async def renewed(self, again: Act) -> Lapse | None:
        """Take what a county applies with again, if the register does not contradict it (S5)."""
        if again.figures is None:
            return None
        found = await self.count(again.figures.as_of)
        counted = found.incidence
        if again.reason is None and figures_difference(again.figures, counted) is not None:
            assert counted is not None  # they differ
            wrong = (
                f"{counted.as_of}登记为{counted.poor}人/{counted.population}人，"
                "所报数据不同而未说明理由"
            )
            return Lapse(wrong, wrong)
        self.figures, self.agreed = again.figures, _agree(again.figures, counted)
        self.put_on_file(found)
        return None

    def opened(self, facts: CountyFacts) -> tuple[str, dict[str, JsonValue]]:
        """What the first entry says by what the register counts on the day of the figures (S3)."""
        counted = CountyCounted(incidence=facts.incidence, villages=facts.villages)
        self.agreed, self.mean = _agree(self.figures, facts.incidence), facts.mean
        assert self.mean is not None  # it is admitted
        said, data = self.found(counted)
        return f"；{said}", data | {"mean": self.mean.content()}

    async def count(self, on: date) -> CountyCounted:
        """The county's poor and its poor villages, as the register counts them (S3, S5)."""
        return await self.case.asked(CountyCount(county=self.opening.subject.code, on=on))

    async def count_today(self) -> CountyCounted:
        """The same as of the case's day."""
        return await self.count(beijing(self.case.now()).date())

    async def count_anew(self) -> None:
        """Judge by what the register counts on the case's day, from now on (S3)."""
        told, counted = self.counted, await self.count_today()
        if _heads(told) != _heads(counted):
            self.put_on_file(counted)
        self.let_lapse(told)

    async def judged(self, approval: Act) -> Lapse | None:
        """C3, C7: judge an approval by the count of the moment in which it is taken (S3, S6)."""
        told, counted = self.counted, await self.count_today()
        if _heads(told) != _heads(counted):
            self.put_on_file(counted)
        why = counts.why_no_more_zh(approval, self.unmet(), self.worse_than(told))
        return None if why is None else Lapse(why, self.told())

    async def judged_at_last(self, approval: Act) -> Lapse | None:
        """C7: where nothing holds the change up, it is held against the count by itself (S3)."""
        stands = counts.why_no_more_zh(approval, self.unmet(), ()) is None
        held_up = self.case.docket.open_count > 0
        return await self.judged(approval) if held_up or not stands else None

    def worse_than(self, told: CountyCounted) -> set[str]:
        """What the present count fails, and is worse in than the count that was told (S6)."""
        rule = self.opening.policy.standards
        return {each.id for each in counts.worsened(told, self.counted, rule)}

    def let_lapse(self, told: CountyCounted) -> None:
        """What was approved at the same moment, on a better count than the present one, lapses."""
        worse = self.worse_than(told)
        if worse:
            why = f"核对登记数据后{counts.names_zh(worse)}未达标"
            self.case.docket.lapse(why, self.case.now())

    def put_on_file(self, counted: CountyCounted) -> None:
        """Judge by a count from now on (S3), and put it on file."""
        said, data = self.found(counted)
        self.case.record(EntryKind.FINDINGS, said, data)

    def found(self, counted: CountyCounted) -> tuple[str, dict[str, JsonValue]]:
        """Take a count for the present one; what an entry says of the county by it (S3)."""
        self.counted = counted
        incidence, villages = counted.incidence, counted.villages
        return self.counted_zh(), {
            "findings": [finding.content() for finding in self.findings(self.figures)],
            "incidence": None if incidence is None else incidence.content(),
            "villages": villages.content(),
        }

    def findings(self, figures: CountyFigures) -> tuple[standards.StandardFinding, ...]:
        """S3 by figures of the county and the register's latest count."""
        rule, counted = self.opening.policy.standards, self.counted
        agreed = self.agreed and figures == self.figures
        assert self.mean is not None
        return standards.county_findings(
            figures, self.mean, rule, counted.incidence, counted.villages, agreed=agreed
        )

    def file_findings(self, act: Act) -> None:
        """Put on file what the province's own check found on each standard (C3, S3)."""
        assert act.findings is not None  # it is approved
        self.found_at_c3 = act.findings
        self.overridden_at_c3 = Overridden.of(act.overrides, act.reason)
        found = standards.provincial_findings(act.findings)
        data: dict[str, JsonValue] = {"findings": [finding.content() for finding in found]}
        said = "；".join(finding.zh for finding in found)
        self.case.record(EntryKind.FINDINGS, f"省级核查：{said}", data)

    def of_counts(self) -> list[standards.StandardFinding]:
        """What S3 asks of the register's counts: the incidence, and a share of villages."""
        found = self.findings(self.latest_figures())
        return [each for each in found if each.id in counts.COUNTED_ZH]

    def unmet(self) -> set[str]:
        """Which of these are not met."""
        return {each.id for each in self.of_counts() if not each.met}

    def counted_zh(self) -> str:
        """The counts and what follows from them, as the file says it."""
        incidence, villages = self.counted.incidence, self.counted.villages
        source = "核对登记数据" if incidence else "登记中无该县各村数据、未能核对，县级申报"
        findings = self.of_counts()
        said = [f"{each.zh}，{'已' if each.met else '未'}达标" for each in findings]
        if len(findings) == 1 and villages != PoorVillages():
            said.append(standards.villages_zh(villages))
        return f"{source}：{'；'.join(said)}"

    def told(self) -> str:
        """The same as an office that decides is told (C2, C3, C7)."""
        return counts.told_zh(self.counted_zh(), self.unmet())

    def vet(self, act: Act, now: datetime) -> None:
        """The county's own rules for an act: a failed standard blocks (S3, S4, S6)."""
        policy = self.opening.policy.standards
        findings: Sequence[standards.StandardFinding] = ()
        if act.step in (C2.id, C3.id):
            findings = self.findings(self.latest_figures())
        elif act.step == C7.id:
            findings = self.of_counts()
        failed = [finding for finding in findings if not finding.met]
        if act.findings is not None:
            named = {finding.id for finding in failed}
            own = standards.provincial_findings(act.findings)
            failed += [each for each in own if not each.met and each.id not in named]
        if act.step in (C3.id, C7.id):
            failed = counts.but_for_counts(failed, act)
        fault = standards.blocked(act, failed, policy)
        if fault is None and act.figures is not None:
            fault = figures_fault(act.figures, self.year, now)
        if fault is None and act.step == C3.id and act.decision is APPROVE and not act.findings:
            fault = (
                "findings: to approve C3, give what the province's own check found on each "
                "standard (S3)"
            )
        if fault is None and act.findings is not None:
            excepted = [each for each in findings if not each.met and each.id in act.overrides]
            fault = standards.contradicted(act.findings, excepted)
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

    async def strike_off(self, approval: Act) -> str:
        """The registry takes the county out and announces it, once; the case ends as exited.

        It returns, and says why, if the register's count is worse by now than was told (S3, S6).
        """
        try:
            change, left = await self.case.ordered(partial(self.register_change, approval))
        except NoMoreMet as risen:
            self.case.docket.changing = False  # nothing was done
            return risen.why
        except RegisterConflict as conflict:
            raise self.case.end(Ending.NOT_EXITED, "case", str(conflict)) from conflict
        self.case.record(
            EntryKind.REGISTER_CHANGE,
            f"{self.opening.subject.name}自{left.since}退出贫困县序列，{left.notice.announced_zh}",
            {
                "change": change.content(),
                "notice": left.notice.content(),
            },
        )
        raise self.case.end(
            Ending.EXITED, approval.office, "经批准退出贫困县序列", approval.document_number
        )

    def register_change(self, approval: Act, seq: int) -> RegisterChange:
        """The order of that: it names who inspected, if a national inspection was due (C6)."""
        docket, now = self.case.docket, self.case.now()
        inspected_by = docket.name(docket.subject.office(C6.body), now)
        return RegisterChange(
            **announced(docket, approval, seq, now),
            county=self.opening.subject,
            approved_by=approval.office,
            inspected_by=None if C6 in docket.skipped else inspected_by,
            told=self.counted,
        )


def _agree(figures: CountyFigures, counted: Incidence | None) -> bool:
    """Whether the register counts what the county states, on the day of the figures."""
    return counted is not None and not standards.differ(figures, counted)


def _heads(counted: CountyCounted) -> tuple[Any, ...]:
    """What a count says, whatever its day."""
    found = counted.incidence
    return found and (found.poor, found.population), counted.villages


class _Inspected(Beside):
    """What supervision finds while the case is open is told to those whose turn it concerns."""

    case: Case
    reception: CountyReception

    def __init__(self, inspections: Inspections) -> None:
        self._inspections = inspections
        self.said = ""

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
        if now == self.said:
            return
        self.said, subject = now, self.case.docket.subject
        said = f"督导{now}，不得批准退出" if now else "督导已无未达标项，可以批准退出"
        for body in (Body.COUNTY_GROUP, Body.PROVINCIAL_GOVERNMENT):
            self.case.clerk.notify("督导", subject.office(body), "督导结果", said)
