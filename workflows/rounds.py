"""What Temporal Schedules start: short starters of the cases of a quarter or a year (F5, F6).

A starter counts by its nominal day: what was called for on 1 January and began on the 20th, after
an outage, is a round of January. The ids of the cases are derived from it, and no id is used again
unless what had it failed; so a round that is triggered, backfilled or tried again finds its cases
there and starts nothing anew. The registry admits no second run of a case in any event. The cases
outlive their starter.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from temporalio import workflow
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

from models import search
from models.characters import markdown
from models.follow_up_messages import FollowUpOpening
from models.identity import follow_up_case, supervision_case
from models.offices import Subject
from models.periods import beijing
from models.policy import Policy
from models.rounds import Round, RoundOrder, RoundResult, quarter_of
from models.supervision_messages import SupervisionOpening
from workflows import calls

_NOMINAL = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
"""The server's own: when a scheduled run was meant to start."""


def _day() -> date:
    """The day in Beijing that a round is called for; of its start, where nothing scheduled it."""
    nominal = workflow.info().typed_search_attributes.get(_NOMINAL)
    return beijing(nominal or workflow.now()).date()


@workflow.defn(name="SupervisionRound")
class SupervisionRound:
    """督导 (F6): each quarter, in every county with an exited household or village."""

    @workflow.run
    async def run(self, called: Round) -> RoundResult:
        """Start the supervision of each county, in the order of their codes."""
        on = _day()
        year, quarter = on.year, quarter_of(on)
        due = await calls.supervisions_due(RoundOrder(region=called.region, on=on))
        starting = _Starting("Supervision", "supervision", year, due.policy)
        for county in due.counties:
            opening = SupervisionOpening(
                case_id=supervision_case(county.code, year, quarter),
                county=county,
                year=year,
                quarter=quarter,
                households=due.policy.supervision.households,
                villages=due.policy.supervision.villages,
                policy=due.policy,
            )
            await starting.start(
                opening,
                county,
                f"{county.name} {year}年第{quarter}季度 督导",
                f"{county.name}（{county.code}），季度督导。",
            )
        return starting.result(on, due.left_out)


@workflow.defn(name="FollowUpRound")
class FollowUpRound:
    """跟踪回访 (F5): each year, in every township of a county with exited households."""

    @workflow.run
    async def run(self, called: Round) -> RoundResult:
        """Start the follow-up of each township, in the order of their codes."""
        on = _day()
        due = await calls.follow_ups_due(RoundOrder(region=called.region, on=on))
        starting = _Starting("FollowUp", "follow_up", on.year, due.policy)
        for township in due.townships:
            opening = FollowUpOpening(
                case_id=follow_up_case(township.code, on.year),
                township=township,
                year=on.year,
                as_of=on,
                policy=due.policy,
            )
            await starting.start(
                opening,
                township,
                f"{township.full_name} {on.year}年度 脱贫户跟踪回访",
                f"{township.full_name}（{township.code}）。",
            )
        return starting.result(on, [due.why_none] if due.why_none else [])


class _Starting:
    """Starts the cases of a round one after the other, each under its own id."""

    def __init__(self, name: str, procedure: str, year: int, policy: Policy) -> None:
        self._name, self._procedure, self._year, self._policy = name, procedure, year, policy
        self._started: list[str] = []
        self._there: list[str] = []

    async def start(
        self,
        opening: SupervisionOpening | FollowUpOpening,
        subject: Subject,
        summary: str,
        details: str,
    ) -> None:
        """Start a case that goes on by itself; one that was there before is left alone."""
        attributes: list[SearchAttributePair[Any]] = [
            SearchAttributePair(search.PROCEDURE, self._procedure),
            SearchAttributePair(search.YEAR, self._year),
            SearchAttributePair(search.REGION, list(subject.region_path)),
            SearchAttributePair(search.SUBJECT, subject.name),
        ]
        try:
            await workflow.start_child_workflow(
                self._name,
                opening,
                id=opening.case_id,
                # A stranger's start under the id has failed: it may not bar the case.
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                parent_close_policy=ParentClosePolicy.ABANDON,
                search_attributes=TypedSearchAttributes(attributes),
                static_summary=markdown(summary),
                static_details=markdown(f"{details}依据：{self._policy.title}。"),
            )
        except WorkflowAlreadyStartedError:
            self._there.append(opening.case_id)
        else:
            self._started.append(opening.case_id)

    def result(self, on: date, left_out: Sequence[str]) -> RoundResult:
        """What came of it."""
        return RoundResult(
            on=on,
            started=tuple(self._started),
            there=tuple(self._there),
            left_out=tuple(left_out),
        )
