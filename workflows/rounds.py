"""What Temporal Schedules start: short starters of the cases of a day, a quarter, a year.

A starter counts by its nominal day: what was called for on 1 January and began on the 20th, after
an outage, is a round of January. A day that has not come, or that is longer past than the policy
catches up on, begins nothing: the calendar calls for neither, whoever else does. The ids of the
cases are derived from the day, and none is used again while it runs or if the registry admitted
what had it; so a round that is triggered, backfilled or tried again finds its cases there and
starts nothing again. The registry admits no second run of a case in any event. The cases outlive
their starter.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

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
from models.case.orders import Notification
from models.follow_up.messages import FollowUpApplication, FollowUpOpening
from models.identity import follow_up_case, supervision_case, watch_case
from models.periods import beijing
from models.policy import Policy
from models.procedures import FOLLOW_UP, SUPERVISION, WATCH, Procedure
from models.rounds import (
    Begun,
    D,
    Due,
    FollowUpRoundOrder,
    FollowUpsDue,
    Round,
    RoundOrder,
    RoundResult,
    SupervisionRoundOrder,
    SupervisionsDue,
    quarter_of,
)
from models.supervision.messages import SupervisionApplication, SupervisionOpening
from models.texts.characters import markdown
from models.watch import Missing, WatchApplication, WatchesDue, WatchOpening, WatchRoundOrder
from workflows.calls import ask, tell

_TRIED_FOR = timedelta(hours=6)
"""The next morning reminds again."""

_NOMINAL = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
"""The server's own: when a scheduled run was meant to start."""


class _Case(NamedTuple):
    """What a case is begun with."""

    opening: SupervisionOpening | FollowUpOpening | WatchOpening
    summary: str
    details: str


@workflow.defn(name="SupervisionRound")
class SupervisionRound:
    """督导 (F6): each quarter, in every county with an exited household or village."""

    @workflow.run
    async def run(self, called: Round) -> RoundResult:
        """Start the supervision of each county, in the order of their codes."""
        due, on = await _asked(called, SupervisionRoundOrder)
        return await _begin(SUPERVISION, due, on, _supervisions(due, on))


def _supervisions(due: SupervisionsDue, on: date) -> Iterator[_Case]:
    year, quarter = on.year, quarter_of(on)
    for county in due.counties:
        opening = SupervisionOpening(
            case_id=supervision_case(county.code, year, quarter),
            application=SupervisionApplication(county=county.code, year=year, quarter=quarter),
            subject=county,
            policy=due.policy,
        )
        yield _Case(
            opening,
            f"{county.name} {year}年第{quarter}季度 督导",
            f"{county.name}（{county.code}），季度督导。",
        )


@workflow.defn(name="FollowUpRound")
class FollowUpRound:
    """跟踪回访 (F5): each year, in every township of a county with exited households."""

    @workflow.run
    async def run(self, called: Round) -> RoundResult:
        """Start the follow-up of each township, in the order of their codes."""
        due, on = await _asked(called, FollowUpRoundOrder)
        return await _begin(FOLLOW_UP, due, on, _follow_ups(due, on))


def _follow_ups(due: FollowUpsDue, on: date) -> Iterator[_Case]:
    for township in due.townships:
        opening = FollowUpOpening(
            case_id=follow_up_case(township.code, on.year),
            application=FollowUpApplication(year=on.year, as_of=on),
            subject=township,
            policy=due.policy,
        )
        yield _Case(
            opening,
            f"{township.full_name} {on.year}年度 脱贫户跟踪回访",
            f"{township.full_name}（{township.code}）。",
        )


@workflow.defn(name="WatchRound")
class WatchRound:
    """跟踪研判 (F13): each day, exited villages and counties that have passed their threshold.

    What exits lack of filing and data entry is reminded of with it (F9, T8).
    """

    @workflow.run
    async def run(self, called: Round) -> RoundResult:
        """Start the alarm of each of which nobody was told, or its end; villages first, by code."""
        due, on = await _asked(called, WatchRoundOrder)
        result = await _begin(WATCH, due, on, _watches(due, on))
        await _remind(due.missing)
        return result


def _watches(due: WatchesDue, on: date) -> Iterator[_Case]:
    for seen in due.units:
        unit = seen.subject
        opening = WatchOpening(
            case_id=watch_case(unit.code, on.year, seen.number),
            application=WatchApplication(year=on.year),
            subject=unit,
            policy=due.policy,
        )
        yield _Case(
            opening,
            f"{unit.full_name} {on.year}年 跟踪研判 第{seen.number}次",
            f"{unit.full_name}（{unit.code}），登记数据变化后贫困发生率越过标准。",
        )


async def _remind(missing: Sequence[Missing]) -> None:
    """Tell the offices what exits lack of filing and data entry (F9); tomorrow tells again."""
    told = [(each, recipient) for each in missing for recipient in each.tell]
    reminders = [
        Notification(
            case_id=workflow.info().workflow_id,
            seq=0,
            number=0,
            topic="备案录入",
            recipient=recipient,
            subject=f"【备案录入】{each.subject}",
            text=each.text,
        )
        for each, recipient in told
    ]
    await tell(reminders, _TRIED_FOR)


async def _asked(called: Round, order: type[RoundOrder[D]]) -> tuple[D, date]:
    """Whom a round is about, on the day in Beijing that it is called for.

    That is the day of its start, if nothing scheduled it.
    """
    info = workflow.info()
    nominal = info.typed_search_attributes.get(_NOMINAL)
    on = beijing(nominal or workflow.now()).date()
    return await ask(order(region=called.region, on=on, began=info.start_time)), on


async def _begin(procedure: Procedure, due: Due, on: date, cases: Iterable[_Case]) -> RoundResult:
    """Start the cases of a round one after the other."""
    starting = _Starting(procedure, on.year, due.policy)
    for case in cases:
        await starting.start(case)
    return await starting.result(on, due.left_out)


class _Starting:
    """Starts the cases of a round one after the other, each under its own id."""

    def __init__(self, procedure: Procedure, year: int, policy: Policy) -> None:
        self._procedure, self._year, self._policy = procedure, year, policy
        self._started: list[str] = []
        self._taken: dict[str, _Case] = {}

    async def start(self, case: _Case) -> None:
        """Start a case that goes on by itself; an id that is taken is looked at in the end."""
        # A stranger's start under the id has failed: it may not bar the case.
        if await self._start(case, WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY):
            self._started.append(case.opening.case_id)
        else:
            self._taken[case.opening.case_id] = case

    async def _start(self, case: _Case, policy: WorkflowIDReusePolicy) -> bool:
        opening, subject = case.opening, case.opening.subject
        attributes: list[SearchAttributePair[Any]] = [
            SearchAttributePair(search.PROCEDURE, self._procedure.id),
            SearchAttributePair(search.YEAR, self._year),
            SearchAttributePair(search.REGION, list(subject.region_path)),
            SearchAttributePair(search.SUBJECT, subject.name),
        ]
        try:
            await workflow.start_child_workflow(
                self._procedure.workflow,
                opening,
                id=opening.case_id,
                id_reuse_policy=policy,
                parent_close_policy=ParentClosePolicy.ABANDON,
                search_attributes=TypedSearchAttributes(attributes),
                static_summary=markdown(case.summary),
                static_details=markdown(f"{case.details}依据：{self._policy.title}。"),
            )
        except WorkflowAlreadyStartedError:
            return False
        return True

    async def result(self, on: date, left_out: tuple[str, ...]) -> RoundResult:
        """What came of it, when what had its id without being admitted was begun again."""
        there = list(self._taken)
        if there:
            admitted = await ask(Begun(case_ids=tuple(there)))
            for id, case in self._taken.items():
                # One that is still waiting for its admission runs, and is not begun twice.
                if id not in admitted and await self._start(
                    case, WorkflowIDReusePolicy.ALLOW_DUPLICATE
                ):
                    there.remove(id)
                    self._started.append(id)
        return RoundResult(
            on=on,
            started=tuple(self._started),
            there=tuple(there),
            left_out=left_out,
        )
