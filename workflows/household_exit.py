"""贫困户退出 (HN 五(一), CN 三(一)): how the households of a village leave the register."""

from datetime import datetime
from typing import Any

from temporalio import workflow

from models.case.messages import Act, Decision, Outcome, Receipt
from models.periods import LimitRequest
from models.procedures import H1, H2, H3, H4, HOUSEHOLD_EXIT
from models.roster.handover import RosterOwn
from models.roster.households import Course, roster_of
from models.roster.messages import RosterOpening
from models.roster.reception import RosterReception
from workflows.case import Case
from workflows.doors import CaseWorkflow, number
from workflows.opening import docket_of
from workflows.roster_course import RosterCourse

_AT_ONCE = 100
"""Households in one answer to a query."""


@workflow.defn(name=HOUSEHOLD_EXIT.workflow)
class HouseholdExitWorkflow(CaseWorkflow):
    """One village's roster for one year: one household or several hundred (G9)."""

    @workflow.init
    def __init__(self, opening: RosterOpening) -> None:
        application, self.opening = opening.application, opening
        docket = docket_of(HOUSEHOLD_EXIT, opening, signed=application.applied_at)
        self.reception = RosterReception(docket, vet=_nothing_more)
        self.course = RosterCourse(docket, opening, self.reception.open)
        self.case = self.course.case = Case(docket, opening.received_at, beside=self.course)
        self.begin()

    @workflow.run
    async def run(self, opening: RosterOpening) -> Outcome:
        """The four steps, in the order of the regulation; every household by its own course."""
        return await self.case.walk(
            (H1, self.appraisal),
            (H2, self.verification),
            (H3, self.publicity),
            (H4, self.striking_off),
        )

    async def appraisal(self) -> None:
        """H1 民主评议: a meeting drafts the roster, by the year's plan; again, if returned (G3)."""
        if self.case.docket.round == 1:
            await self.course.draft.receive()
        else:
            self.course.begin_round()
            again = await self.case.decision(
                H1,
                LimitRequest(clause="G3", start=self.case.arrived),
                decisions=(Decision.APPROVE,),
            )
            self.course.draft.vote_again(again)

    async def verification(self) -> None:
        """H2 核实认可: committees, team and secretary verify; then each household consents."""
        await self.case.once(self.course.open_verification)
        await self.case.until(self.course.has_whom_to_post)

    async def publicity(self) -> None:
        """H3 公告公示: in the village, seven days (T1); an objection stops its household alone."""
        await self.case.once(self.course.open_publicity)
        await self.case.until(self.course.has_whom_to_strike_off)

    async def striking_off(self) -> None:
        """H4 脱贫销号: announced and struck off, before January (T6); until nobody is held back."""
        for _ in self.case.repeatedly():
            await self.case.until(self.course.has_whom_to_strike_off)
            act = await self.case.decision(H4)
            await self.course.carry_out(act)

    # -- what the steps above need --------------------------------------------------------------

    def own_state(self) -> RosterOwn:
        return self.course.own_state()

    def restore(self, own: Any) -> None:
        self.course.restore(RosterOwn.model_validate(own))

    # -- doors that other procedures do not have ------------------------------------------------

    @workflow.update(name="consent")
    def consent(self, message: object = None) -> Receipt:
        """Households answer to their exit (``models.case.messages.Consents``)."""
        return self._receive("consent", message)

    @consent.validator
    def _check_consent(self, message: object = None) -> None:
        self._check("consent", message)

    @workflow.update(name="amend")
    def amend(self, message: object = None) -> Receipt:
        """The committees add to the roster or change it (``models.case.messages.Amendment``)."""
        return self._receive("amend", message)

    @amend.validator
    def _check_amend(self, message: object = None) -> None:
        self._check("amend", message)

    @workflow.query
    def households(self, after: Any = 0) -> list[Course]:
        """How each household stands, behind so many of them; as many as fit into an answer."""
        roster, first = roster_of(self.case.docket), number(after)
        candidates = list(roster.candidates.values()) if roster else []
        return [
            roster.course(candidate)
            for candidate in candidates[first : first + _AT_ONCE]
            if roster is not None
        ]


def _nothing_more(act: Act, now: datetime) -> None:
    """A roster's rules are all in its reception."""
