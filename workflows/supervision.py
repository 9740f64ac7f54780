"""督导 (F6, HN 七(四), CN 四(四)): a sample of exits is checked again, its rates counted."""

from typing import Any

from temporalio import workflow
from temporalio.exceptions import FailureError

from models.base import Moment, Record
from models.case.ledger import EntryKind
from models.case.mailbox import OpenObjection
from models.case.messages import Act, Ending, Outcome, Receipt, Resolution
from models.identity import content_id
from models.offices import Office
from models.periods import LimitRequest
from models.policy import Body
from models.procedures import SUPERVISION
from models.standards import RateFinding, exact_rate_findings
from models.supervision.admission import DrawSample
from models.supervision.messages import (
    HouseholdCheck,
    SupervisionOpening,
    SupervisionResult,
    VillageCheck,
    inspection_zh,
)
from models.supervision.orders import OpenCases
from models.supervision.reception import SupervisionReception
from models.supervision.rules import Inspection
from models.supervision.sampling import Sample
from workflows.calls import ask
from workflows.case import Case
from workflows.doors import CaseWorkflow
from workflows.opening import docket_of
from workflows.waiting import Beside

_REPORT = "F6"
"""The limit of the whole supervision: it outlives its steps."""


class SupervisionOwn(Record):
    """What a supervision keeps of its own, from one run to the next: ``Inspection``."""

    sample: Sample | None
    households: tuple[HouseholdCheck, ...]
    villages: tuple[VillageCheck, ...]
    households_aside: tuple[HouseholdCheck, ...]
    villages_aside: tuple[VillageCheck, ...]
    replaced: tuple[Moment, ...]


@workflow.defn(name=SUPERVISION.workflow)
class SupervisionWorkflow(CaseWorkflow):
    """One supervision of one county: of a quarter, or a special inspection (专项检查)."""

    @workflow.init
    def __init__(self, opening: SupervisionOpening) -> None:
        self.opening = opening
        self.county = opening.subject
        self.inspection = Inspection()
        docket = docket_of(SUPERVISION, opening, office=opening.application.office)
        self.j1, self.j2, self.j3, self.j4 = docket.route
        docket.owing = self.owing
        pleas = _Pleas(self.inspection)
        self.case = pleas.case = Case(docket, arrived=opening.received_at, beside=pleas)
        self.reception = SupervisionReception(docket, self.inspection)
        self.begin()

    @workflow.run
    async def run(self, opening: SupervisionOpening) -> Outcome:
        """The four steps: drawn, checked, heard, decided."""
        return await self.case.walk(
            (self.j1, self.sampling),
            (self.j2, self.checks),
            (self.j3, self.hearing),
            (self.j4, self.result),
        )

    async def sampling(self) -> None:
        """J1 抽样: drawn by lot from all who have left, so that anyone can draw it again."""
        with self.case.preparing():  # nobody is waited for here
            self.inspection.sample = sample = await self.draw()
            if not sample.households and not sample.villages:
                nobody = f"截至{sample.as_of}，该县没有已退出的贫困户和贫困村，无可抽样"
                raise self.case.end(Ending.CONCLUDED, "case", nobody)
            request = LimitRequest(clause="F6", start=self.case.arrived)
            office = self.case.docket.publisher
            self.case.limits.arm((request,), office, "督导报告", key=_REPORT)

    async def checks(self) -> None:
        """J2 核查: every drawn household and village is checked; then the checks are complete."""
        sample = self.inspection.sample
        assert sample is not None
        drawn = f"抽取{len(sample.households)}户、{len(sample.villages)}村，请核查并提交结果。"
        await self.case.decision(self.j2, instructions=drawn)
        self.put_on_file("初步结果")

    async def hearing(self) -> None:
        """J3 申诉举证: the county is told what was found, and may plead (F6.hearing)."""
        found = "；".join(finding.zh for finding in self.findings())
        await self.case.hearing(
            self.j3,
            self.county.office(Body.COUNTY_GROUP),
            f"督导初步结果：{found}。",
            lambda: not self.inspection.missing,
        )
        docket = self.case.docket
        docket.basis = max([docket.basis, *self.inspection.replaced])

    async def result(self) -> None:
        """J4 结果认定: the rates as they stand after the hearing (S4), told to all concerned."""
        act = await self.case.decision(
            self.j4, under=(_REPORT,), instructions="申诉举证已结束，请认定督导结果。"
        )
        await self.report(act)

    # -- what the steps above need ------------------------------------------------------------

    def own_state(self) -> SupervisionOwn:
        found, aside = self.inspection, self.inspection.aside.values()
        return SupervisionOwn(
            sample=found.sample,
            households=tuple(found.households.values()),
            villages=tuple(found.villages.values()),
            households_aside=tuple(each for each in aside if isinstance(each, HouseholdCheck)),
            villages_aside=tuple(each for each in aside if isinstance(each, VillageCheck)),
            replaced=tuple(found.replaced),
        )

    def restore(self, own: Any) -> None:
        known, found = SupervisionOwn.model_validate(own), self.inspection
        found.sample, found.replaced = known.sample, list(known.replaced)
        found.households |= {each.household: each for each in known.households}
        found.villages |= {each.village: each for each in known.villages}
        found.aside |= {each.household: each for each in known.households_aside}
        found.aside |= {each.village: each for each in known.villages_aside}

    async def draw(self) -> Sample:
        """Have the sample drawn, and put on file how: seed, frame and rule."""
        application, case = self.opening.application, self.case
        quarter = application.quarter
        kind = f"第{quarter}季度督导" if quarter else inspection_zh(application.office)
        reason = f"，事由：{application.reason}" if application.reason else ""
        sample = await case.admit(
            DrawSample,
            self.opening,
            f"启动{self.county.name}{application.year}年{kind}{reason}",
            at=case.now(),
        )
        case.record(
            EntryKind.SAMPLE,
            f"以{sample.as_of}在册情况为抽样框（{sample.households_in_frame}户、"
            f"{sample.villages_in_frame}村），种子 {sample.seed}，抽取{len(sample.households)}户、"
            f"{len(sample.villages)}村。规则：{sample.rule_zh}",
            {"sample": sample.model_dump(mode="json")},
        )
        return sample

    def owing(self) -> Office | None:
        """Who inspects, while a finding that an upheld plea has set aside is not replaced (J3)."""
        return self.case.docket.publisher if self.inspection.aside else None

    def findings(self) -> tuple[RateFinding, ...]:
        """S4 by the findings in force."""
        return exact_rate_findings(self.inspection.rates, self.opening.policy.standards)

    def put_on_file(self, what: str) -> None:
        """The rates as they stand, criterion by criterion."""
        findings = self.findings()
        self.case.record(
            EntryKind.RATES,
            f"{what}：{'；'.join(finding.zh for finding in findings)}",
            {
                "rates": self.inspection.rates.content(),
                "findings": [finding.content() for finding in findings],
            },
        )

    async def report(self, act: Act) -> None:
        """The final rates on file, everybody told, the county's open cases too; then the end."""
        case, findings = self.case, self.findings()
        failed = [finding for finding in findings if finding.computed and not finding.met]
        result = SupervisionResult(
            id=content_id("inspection", case.docket.case_id),
            office=act.office,
            supervision=case.docket.case_id,
            county=self.county.code,
            year=self.opening.application.year,
            quarter=self.opening.application.quarter,
            rates=self.inspection.rates,
            failed=tuple(finding.id for finding in failed),
            document=act.document_number,
            at=case.docket.basis,
        )
        verdict = f"{len(failed)}项未达标" if failed else "没有未达标项"
        said = f"{verdict}：{'；'.join(finding.zh for finding in findings)}"
        case.record(
            EntryKind.SUPERVISION,
            f"督导结果，{said}",
            {
                "supervision": result.content(),
                "findings": [finding.content() for finding in findings],
            },
        )
        entry = case.docket.ledger.count
        county, province = map(self.county.office, (Body.COUNTY_GROUP, Body.PROVINCIAL_GROUP))
        above = self.county.superior(county)
        for office in dict.fromkeys((county, above or province, province)):
            if office not in case.docket.acted:  # these hear it as the end of the case (F15)
                case.clerk.notify("结果", office, "督导结果", said)
        await case.kept()  # a case that opens from now on reads the result itself
        await self.tell_open_cases(result, entry)
        raise case.end(Ending.CONCLUDED, act.office, f"督导结果，{said}", act.document_number)

    async def tell_open_cases(self, result: SupervisionResult, entry: int) -> None:
        """Tell the exit cases of the county that are open, of whatever year (C7)."""
        for case_id in await ask(OpenCases(county=self.county.code)):
            error = await _told(case_id, result)
            self.case.record(
                EntryKind.NOTIFIED if error is None else EntryKind.NOT_NOTIFIED,
                f"{'已告知' if error is None else '未能告知'}在办案件 {case_id}",
                {
                    "entry": entry,
                    "topic": "督导结果",
                    "recipient": case_id,
                    "channel": "case",
                    "error": error,
                },
            )

    # -- doors that other procedures do not have ------------------------------------------------

    @workflow.update(name="check")
    def check(self, message: object = None) -> Receipt:
        """Findings on drawn items (``models.supervision.messages.Findings``)."""
        return self._receive("check", message)

    @check.validator
    def _check_check(self, message: object = None) -> None:
        self._check("check", message)

    @workflow.update(name="plead")
    def plead(self, message: object = None) -> Receipt:
        """The county pleads against a finding (``models.supervision.messages.Plea``)."""
        return self._receive("plead", message)

    @plead.validator
    def _check_plead(self, message: object = None) -> None:
        self._check("plead", message)


async def _told(case_id: str, result: SupervisionResult) -> str | None:
    """Tell a county's case the result; return why it could not be told, or None.

    It may have ended meanwhile: that is no fault of the one that tells.
    """
    try:
        await workflow.get_external_workflow_handle(case_id).signal("inspect", result.content())
    except FailureError as error:
        return str(error)[:300]
    return None


class _Pleas(Beside):
    """What follows from an upheld plea: another finding is called for."""

    case: Case

    def __init__(self, inspection: Inspection) -> None:
        self._inspection = inspection

    def uphold(self, objection: OpenObjection, result: Resolution) -> None:
        """The finding is set aside already; whoever made it has to put another in its place."""
        code = objection.received.message.household or ""
        if code in self._inspection.aside:
            text = f"{code}的核查结果因申诉成立而撤销，请重新提交。"
            self.case.clerk.notify("办理", result.office, f"{code}待重新核查", text)
