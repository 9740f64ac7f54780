"""Temporal Schedules: what begins by the calendar, and by nothing else (F5, F6, F13).

One for each province begins its supervisions each quarter, one its alarms each day; one for each
county its follow-up of a year. They lie in the server, and so outlive it and every worker. What
the server could not begin in time it begins when it is back, as long as the catch-up window says;
what it began while no worker ran waits for one. The starters (``workflows.rounds``) see to it that
nothing begins twice.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionExecutionStartWorkflow,
    ScheduleActionResult,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleDescription,
    ScheduleHandle,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from models.base import Moment, Record, in_a_line
from models.checks.findings import Finding
from models.errors import ExitflowError
from models.offices import Division
from models.periods import end_of
from models.policy import Policy
from models.policy_values import day_of
from models.rounds import Round
from models.texts.characters import markdown
from workers.catalogue import TASK_QUEUE

_ZONE = "Asia/Shanghai"
_HOUR = 9
_NIGHT = 2
_COMMON_YEAR = 2015
_AT_ONCE = 10

T = TypeVar("T")


class UnknownSchedule(ExitflowError):
    """No schedule has the id."""


@dataclass(frozen=True)
class Planned:
    """A schedule as the policy wants it.

    Attributes:
        workflow: Name of the starter.
        region: Code of the province or county it is for.
        memo: What it is, in Chinese.
        note: When it begins what, in Chinese; changes with the policy.
        catch_up: How long after its day a missed round is still begun.
    """

    id: str
    workflow: str
    region: str
    memo: str
    note: str
    spec: ScheduleSpec
    catch_up: timedelta
    # Rounds never wait for each other, and none is dropped for another.
    overlap: ScheduleOverlapPolicy = ScheduleOverlapPolicy.ALLOW_ALL

    def schedule(self, state: ScheduleState | None = None) -> Schedule:
        """What the server is told; whether it is paused stays as operators left it."""
        return Schedule(
            action=ScheduleActionStartWorkflow(
                self.workflow,
                Round(region=self.region),
                id=f"round/{self.id}",  # the server adds the nominal time
                task_queue=TASK_QUEUE,
                static_summary=markdown(self.memo),
            ),
            spec=self.spec,
            policy=SchedulePolicy(
                overlap=self.overlap,
                catchup_window=self.catch_up,
            ),
            state=state or ScheduleState(note=self.note),
        )


class ScheduleRecord(Record):
    """A schedule as the server has it.

    Attributes:
        next_times: When it begins its next rounds.
        last_nominal, last_started: What its last round was called for, and when it really began.
        missed: Rounds that came to their day while the server was down, and were too old when it
            was back.
    """

    id: str
    note: str
    paused: bool
    next_times: tuple[Moment, ...]
    last_nominal: Moment | None
    last_started: Moment | None
    last_run: str | None
    begun: int
    missed: int
    catch_up: timedelta | None


class SchedulesMade(Record):
    """What a set-up did: ids of the schedules that it made and changed, and how many there are."""

    made: tuple[str, ...]
    changed: tuple[str, ...]
    total: int


def planned(policy: Policy, counties: Sequence[Division]) -> tuple[Planned, ...]:
    """Every schedule of an installation: for its province, then the follow-ups of its counties."""
    return (
        _check(policy),
        _supervision(policy),
        _watch(policy),
        *(_follow_up(policy, county) for county in counties),
    )


def _check(policy: Policy) -> Planned:
    return Planned(
        id=f"check/{policy.province}",
        workflow="Check",
        region=policy.province,
        memo=f"{policy.province_name} 每夜核查",
        note=f"每日{_NIGHT}时（北京时间）核对登记、案卷与流程服务（G7）；错过的，6小时内补办",
        spec=_beijing_daily(_NIGHT),
        catch_up=timedelta(hours=6),
        overlap=ScheduleOverlapPolicy.SKIP,
    )


def _supervision(policy: Policy) -> Planned:
    months, days = policy.supervision.months, policy.supervision.catch_up_days
    listed = "、".join(str(month) for month in months)
    return Planned(
        id=f"supervision/{policy.province}",
        workflow="SupervisionRound",
        region=policy.province,
        memo=f"{policy.province_name} 季度督导",
        note=f"每年{listed}月1日{_HOUR}时（北京时间）启动季度督导（F6）；错过的，{days}日内补办",
        spec=_beijing_mornings(months, 1),
        catch_up=timedelta(days=days),
    )


def _watch(policy: Policy) -> Planned:
    return Planned(
        id=f"watch/{policy.province}",
        workflow="WatchRound",
        region=policy.province,
        memo=f"{policy.province_name} 每日跟踪研判",
        note=f"每日{_HOUR}时（北京时间）核对已退出村、县的贫困发生率，不再达标的预警（F13）；"
        "错过的，1日内补办",
        spec=_beijing_daily(_HOUR),
        catch_up=timedelta(days=1),
    )


def _follow_up(policy: Policy, county: Division) -> Planned:
    opens, due = policy.follow_up.opens, policy.follow_up.due
    first = day_of(_COMMON_YEAR, opens)
    last = day_of(_COMMON_YEAR, due)
    until = end_of(last) - end_of(first) + timedelta(hours=24 - _HOUR)
    return Planned(
        id=f"follow-up/{county.code}",
        workflow="FollowUpRound",
        region=county.code,
        memo=f"{county.name} 年度跟踪回访",
        note=f"每年{first.month}月{first.day}日{_HOUR}时（北京时间）启动脱贫户跟踪回访（F5）；"
        f"错过的，{last.month}月{last.day}日前补办",
        spec=_beijing_mornings((first.month,), first.day),
        catch_up=until,
    )


def _beijing_daily(hour: int) -> ScheduleSpec:
    return ScheduleSpec(
        calendars=[ScheduleCalendarSpec(hour=(ScheduleRange(hour),))], time_zone_name=_ZONE
    )


def _beijing_mornings(months: Iterable[int], day: int) -> ScheduleSpec:
    return ScheduleSpec(
        calendars=[
            ScheduleCalendarSpec(
                month=tuple(ScheduleRange(month) for month in months),
                day_of_month=(ScheduleRange(day),),
                hour=(ScheduleRange(_HOUR),),
            )
        ],
        time_zone_name=_ZONE,
    )


async def set_up(client: Client, wanted: Iterable[Planned]) -> SchedulesMade:
    """Make the schedules that are missing and change those that the policy wants otherwise.

    Repeating it is no change. A schedule that operators paused stays paused.

    Raises:
        RPCError: if the server refuses.
    """
    made: list[str] = []
    changed: list[str] = []
    those = tuple(wanted)
    for several in _in_turns(those):
        for each, did in zip(
            several, await asyncio.gather(*(_set_up(client, one) for one in several)), strict=True
        ):
            if did is not None:
                (made if did == "made" else changed).append(each.id)
    return SchedulesMade(made=tuple(made), changed=tuple(changed), total=len(those))


def _in_turns(those: Sequence[T]) -> Iterable[Sequence[T]]:
    """So many as a server is asked about at once."""
    return (those[first : first + _AT_ONCE] for first in range(0, len(those), _AT_ONCE))


async def _set_up(client: Client, wanted: Planned) -> Literal["made", "changed"] | None:
    try:
        await client.create_schedule(wanted.id, wanted.schedule(), memo={"说明": wanted.memo})
    except ScheduleAlreadyRunningError:
        return "changed" if await _change(client, wanted) else None
    return "made"


async def _change(client: Client, wanted: Planned) -> bool:
    handle = client.get_schedule_handle(wanted.id)
    if await _difference(client, (await handle.describe()).schedule, wanted) is None:
        return False

    def changed(known: ScheduleUpdateInput) -> ScheduleUpdate:
        state = known.description.schedule.state
        state.limited_actions, state.remaining_actions = False, 0
        if not state.paused:  # the note of a paused one says why it is
            state.note = wanted.note
        return ScheduleUpdate(wanted.schedule(state))

    await handle.update(changed)
    return True


async def _difference(client: Client, known: Schedule, wanted: Planned) -> str | None:
    """What is otherwise than the policy wants; the check tells it, and a set-up mends it.

    A pause is no difference: operators decide that.
    """
    target = wanted.schedule()
    if known.state.limited_actions:
        return "it begins a limited number of rounds only"
    if (_times(known), known.policy) != (_times(target), target.policy):
        return "it begins its rounds at other times than the policy wants"
    if _start(known) != _start(target) or not await _is_called_for(client, known, wanted):
        return "it begins other rounds than the policy wants"
    if not known.state.paused and known.state.note != wanted.note:
        return "its note says otherwise than the policy wants"
    return None


def _times(schedule: Schedule) -> tuple[object, ...]:
    """When rounds begin, the same whether the server or the policy says it."""
    spec, none = schedule.spec, timedelta(0)
    return (
        list(spec.calendars),
        [(each.every, each.offset or none) for each in spec.intervals],
        list(spec.cron_expressions),
        list(spec.skip),
        spec.start_at,
        spec.end_at,
        spec.jitter or none,
        spec.time_zone_name,
    )


def _start(schedule: Schedule) -> tuple[object, ...]:
    """What rounds are started as, and within which times."""
    action = schedule.action
    if not isinstance(action, ScheduleActionStartWorkflow):
        return ()
    none = timedelta(0)
    times = (action.execution_timeout, action.run_timeout)
    return (action.workflow, action.id, action.task_queue, *(each or none for each in times))


async def _is_called_for(client: Client, known: Schedule, wanted: Planned) -> bool:
    """Whether its rounds are those of the region."""
    assert isinstance(known.action, ScheduleActionStartWorkflow)
    payloads = [each for each in known.action.args if isinstance(each, Payload)]
    try:
        said = await client.data_converter.decode(payloads, [dict] * len(payloads))
    except Exception:  # whatever somebody else has put there
        return False
    return said == [Round(region=wanted.region).model_dump(mode="json")]


async def listed(client: Client) -> tuple[ScheduleRecord, ...]:
    """The schedules of the installation, by id.

    Raises:
        RPCError: if the server does not answer.
    """
    ids = sorted([each.id async for each in await client.list_schedules()])
    ours = [each for each in ids if _is_ours(each)]
    found: list[ScheduleRecord] = []
    for several in _in_turns(ours):
        read = await asyncio.gather(*(_read(client.get_schedule_handle(each)) for each in several))
        found += [record for record in read if record is not None]
    return tuple(found)


_SET_UP = "run exitflow setup schedules, and find out who changed it."


async def findings(client: Client, wanted: Iterable[Planned]) -> list[Finding]:
    """What is wrong with the schedules on the server; nothing is changed.

    Raises:
        RPCError: if the server does not answer.
    """
    those = {each.id: each for each in wanted}
    found: list[Finding] = []
    for several in _in_turns(list(those.values())):
        for said in await asyncio.gather(*(_finding(client, one) for one in several)):
            found += [said] if said is not None else []
    names = {each.workflow for each in those.values()}
    async for listed_ in await client.list_schedules():
        action = listed_.schedule.action if listed_.schedule else None
        kind = getattr(action, "workflow", None)
        if listed_.id not in those and (_is_ours(listed_.id) or kind in names):
            what = f"nobody planned it, and it starts {in_a_line(str(kind))}"
            mend = f"delete it: temporal schedule delete --schedule-id {listed_.id}."
            found.append(_wrong(listed_.id, what, mend))
    return found


def _wrong(id: str, what: str, mend: str) -> Finding:
    return Finding(part="schedules", where=f"schedule {in_a_line(id)}", what=what, mend=mend)


async def _finding(client: Client, wanted: Planned) -> Finding | None:
    try:
        described = await client.get_schedule_handle(wanted.id).describe()
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        return _wrong(wanted.id, "it is missing: nothing will begin by itself", _SET_UP)
    known = described.schedule
    if known.state.paused:
        note = known.state.note or ""
        why = f" ({note[:80]!r})" if note not in ("", wanted.note) else ""
        mend = f"let it go on: temporal schedule toggle --unpause --schedule-id {wanted.id}."
        return _wrong(wanted.id, f"it is paused{why}: nothing begins by itself", mend)
    said = await _difference(client, known, wanted)
    return None if said is None else _wrong(wanted.id, said, _SET_UP)


def _is_ours(id: str) -> bool:
    return id.startswith(("supervision/", "follow-up/", "check/", "watch/"))


async def begin(client: Client, id: str) -> None:
    """Begin a round now, beside those of the calendar: one that was missed for good.

    Raises:
        UnknownSchedule: if there is none of that id.
        RPCError: if the server does not answer.
    """
    try:
        await client.get_schedule_handle(id).trigger()
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        raise UnknownSchedule(
            f"{id}: there is no such schedule; `exitflow schedules` lists them, "
            "`exitflow setup schedules` makes them"
        ) from None


async def _read(handle: ScheduleHandle) -> ScheduleRecord | None:
    try:
        return _record(await handle.describe())
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:  # deleted a moment ago
            return None
        raise


def _record(described: ScheduleDescription) -> ScheduleRecord:
    info, schedule = described.info, described.schedule
    last = max(info.recent_actions, key=_started_at, default=None)
    run = last.action if last else None
    return ScheduleRecord(
        id=described.id,
        note=schedule.state.note or "",
        paused=schedule.state.paused,
        next_times=tuple(info.next_action_times),
        last_nominal=last.scheduled_at if last else None,
        last_started=last.started_at if last else None,
        last_run=run.workflow_id if isinstance(run, ScheduleActionExecutionStartWorkflow) else None,
        begun=info.num_actions,
        missed=info.num_actions_missed_catchup_window,
        catch_up=schedule.policy.catchup_window,
    )


def _started_at(action: ScheduleActionResult) -> datetime:
    return action.started_at
