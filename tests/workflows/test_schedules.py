"""Temporal Schedules on the real server: when they begin what, once, whatever is down (F5, F6).

A schedule lives in a workflow of the server's own, whose clock can be skipped ahead like a case's.
What it starts has the clock of the wall: nominal days are therefore ahead of it, or behind.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleBackfill,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
    WorkflowExecutionStatus,
    WorkflowFailureError,
)
from temporalio.service import RPCError
from temporalio.worker import Replayer

from models.offices import Division
from models.periods import BEIJING, beijing
from models.policy import Policy
from models.rounds import Round, RoundResult
from models.supervision.messages import SupervisionApplication, SupervisionOpening
from tests.activities.follow_ups import kept_up
from tests.crew import apart
from tests.follow_up_stage import EXITED_ON, calls_round, follow_up_stage, put_exited
from tests.models.samples import HENAN
from tests.play import eventually
from tests.registry import places
from tests.stage import YEAR, Stage, at
from tests.village_stage import put_village
from workers import schedules
from workers.catalogue import TASK_QUEUE, WORKFLOWS, sandbox
from workers.embedded import embedded


def today() -> datetime:
    """This moment: a run of all tests may go on past midnight."""
    return datetime.now(BEIJING)


QUARTERS = dict(enumerate((1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4), start=1))
"""Of each month."""
XIN, GUANG = Division(code="411523", name="新县"), Division(code="411522", name="光山县")


@pytest.fixture
async def apart_from_others(server: Client) -> Client:
    """A namespace without a schedule."""
    return await apart(server)


@pytest.fixture
async def called(server: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A stage of one's own, with one county that has an exited household."""
    folder = tmp_path_factory.mktemp("called")
    async with follow_up_stage(await apart(server), folder) as stage:
        put_exited(stage, put_village(stage, stage.county(), poor=0), 1, on=date(2016, 1, 1))
        yield stage


def counties(stage: Stage) -> list[Division]:
    known = stage.registry.overview().counties
    return [Division(code=each.code, name=each.name) for each in known]


async def set_up(stage: Stage) -> schedules.SchedulesMade:
    wanted = schedules.planned(stage.policy, counties(stage))
    return await schedules.set_up(stage.desk.client, wanted)


async def round_of(client: Client, schedule: str, day: date) -> RoundResult:
    """What the round of a schedule came to that was called for on a day; there is one alone."""
    handle = client.get_schedule_handle(schedule)
    runs: list[tuple[date, str]] = []

    async def begun() -> bool:
        runs[:] = [
            (beijing(action.scheduled_at).date(), getattr(action.action, "workflow_id", ""))
            for action in (await handle.describe()).info.recent_actions
        ]
        return day in [each for each, _ in runs]

    await eventually(begun, lambda: f"{schedule} has begun {runs}, none on {day}")
    (run,) = [run for each, run in runs if each == day]
    result: RoundResult = await client.get_workflow_handle(run, result_type=RoundResult).result()
    assert result.on == day
    return result


async def skip(stage: Stage, schedule: str, to: datetime) -> None:
    """Let the schedule's own clock run to a moment."""
    handle = stage.desk.client.get_workflow_handle(f"temporal-sys-scheduler:{schedule}")
    await stage.skip(handle, to - await stage.skipper.get_current_time(handle))


def next_quarter() -> date:
    first = today().date().replace(day=1)
    while nine_on(first) <= today() or first.month not in (1, 4, 7, 10):
        first = (first + timedelta(days=32)).replace(day=1)
    return first


def nine_on(day: date) -> datetime:
    """Nine o'clock of a day."""
    return datetime(day.year, day.month, day.day, 9, tzinfo=BEIJING)


# -- as the policy wants them -------------------------------------------------------------------


@pytest.mark.clause("F5", "F6")
async def test_they_are_made_once_as_the_policy_says(apart_from_others: Client) -> None:
    client = apart_from_others
    wanted = schedules.planned(HENAN, [GUANG, XIN])
    made = await schedules.set_up(client, wanted)
    of_province = tuple(f"{each}/410000" for each in ("check", "supervision", "watch"))
    those = (*of_province, "follow-up/411522", "follow-up/411523")
    assert made.made == those
    assert (made.changed, made.total) == ((), 5)
    again = await schedules.set_up(client, wanted)
    assert (again.made, again.changed, again.total) == ((), (), 5)

    supervision = await client.get_schedule_handle("supervision/410000").describe()
    times = [beijing(each) for each in supervision.info.next_action_times]
    assert {(each.day, each.hour, each.minute) for each in times} == {(1, 9, 0)}
    assert {each.month for each in times} == {1, 4, 7, 10}
    assert times == sorted(set(times))
    assert times[0].date() == next_quarter()
    assert supervision.schedule.spec.time_zone_name == "Asia/Shanghai"
    policy = supervision.schedule.policy
    assert policy.catchup_window == timedelta(days=60)
    assert policy.overlap is ScheduleOverlapPolicy.ALLOW_ALL
    memo = supervision.raw_description.memo.fields["说明"]
    assert await client.data_converter.decode([memo]) == ["河南省 季度督导"]
    assert supervision.schedule.state.note == (
        "每年1、4、7、10月1日9时（北京时间）启动季度督导（F6）；错过的，60日内补办"
    )
    follow_up = await client.get_schedule_handle("follow-up/411523").describe()
    times = [beijing(each) for each in follow_up.info.next_action_times]
    assert {(each.month, each.day, each.hour) for each in times} == {(1, 5, 9)}
    # From 5 January 09:00 to 30 November 24:00 are 329 days and 15 hours.
    assert follow_up.schedule.policy.catchup_window == timedelta(days=329, hours=15)
    assert "11月30日前补办" in (follow_up.schedule.state.note or "")


@pytest.mark.clause("F6")
async def test_another_policy_changes_what_differs_and_leaves_a_pause(
    apart_from_others: Client,
) -> None:
    client = apart_from_others
    await schedules.set_up(client, schedules.planned(HENAN, [GUANG]))
    handle = client.get_schedule_handle("supervision/410000")
    await handle.pause(note="等待文件（合成）")
    rhythm = HENAN.supervision.model_copy(update={"months": (3, 6, 9, 12), "catch_up_days": 20})
    other: Policy = HENAN.model_copy(update={"supervision": rhythm})
    wanted = schedules.planned(other, [GUANG, XIN])
    done = await schedules.set_up(client, wanted)
    assert (done.made, done.changed) == (("follow-up/411523",), ("supervision/410000",))
    assert (await schedules.set_up(client, wanted)).changed == ()
    longer = rhythm.model_copy(update={"catch_up_days": 21})
    wanted = schedules.planned(other.model_copy(update={"supervision": longer}), [GUANG, XIN])
    assert (await schedules.set_up(client, wanted)).changed == ("supervision/410000",)

    described = await handle.describe()
    assert described.schedule.state.paused
    assert described.schedule.state.note == "等待文件（合成）"
    assert {beijing(each).month for each in described.info.next_action_times} == {3, 6, 9, 12}
    assert described.schedule.policy.catchup_window == timedelta(days=21)
    listed: dict[str, schedules.ScheduleRecord] = {}

    async def complete() -> bool:
        listed.update({each.id: each for each in await schedules.listed(client)})
        return len(listed) == 5

    await eventually(complete)  # a list is behind for a moment
    assert sorted(listed) == [
        "check/410000",
        "follow-up/411522",
        "follow-up/411523",
        "supervision/410000",
        "watch/410000",
    ]
    assert [each.id for each in listed.values() if each.paused] == ["supervision/410000"]
    await handle.unpause()
    assert (await schedules.set_up(client, wanted)).changed == ("supervision/410000",)
    assert "每年3、6、9、12月1日" in ((await handle.describe()).schedule.state.note or "")


def _other_region(action: ScheduleActionStartWorkflow, schedule: Schedule) -> None:
    action.args = [Round(region="000000")]


def _other_id(action: ScheduleActionStartWorkflow, schedule: Schedule) -> None:
    action.id = "round/another"


def _other_queue(action: ScheduleActionStartWorkflow, schedule: Schedule) -> None:
    action.task_queue = "nobody-serves-it"


def _other_type(action: ScheduleActionStartWorkflow, schedule: Schedule) -> None:
    action.workflow = "SupervisionRound"


def _no_time(action: ScheduleActionStartWorkflow, schedule: Schedule) -> None:
    action.run_timeout = timedelta(seconds=1)


def _once_more(action: ScheduleActionStartWorkflow, schedule: Schedule) -> None:
    schedule.state.limited_actions, schedule.state.remaining_actions = True, 1


def _each_day(action: ScheduleActionStartWorkflow, schedule: Schedule) -> None:
    schedule.spec.intervals = [ScheduleIntervalSpec(timedelta(days=1))]


def _ends(action: ScheduleActionStartWorkflow, schedule: Schedule) -> None:
    schedule.spec.end_at = datetime(2000, 1, 1, tzinfo=UTC)


def _other_note(action: ScheduleActionStartWorkflow, schedule: Schedule) -> None:
    schedule.state.note = "另一说明（合成）"


@pytest.mark.clause("F5", "G7")
async def test_what_the_check_finds_a_set_up_mends(apart_from_others: Client) -> None:
    client = apart_from_others
    wanted = [each for each in schedules.planned(HENAN, [XIN]) if each.region == XIN.code]
    await schedules.set_up(client, wanted)
    assert await schedules.findings(client, wanted) == []
    handle = client.get_schedule_handle("follow-up/411523")
    for meddle in (
        _other_region,
        _other_id,
        _other_queue,
        _other_type,
        _no_time,
        _once_more,
        _each_day,
        _ends,
        _other_note,
    ):

        def meddled(
            known: ScheduleUpdateInput, meddle: Callable[..., None] = meddle
        ) -> ScheduleUpdate:
            schedule = known.description.schedule
            meddle(schedule.action, schedule)
            return ScheduleUpdate(schedule)

        await handle.update(meddled)
        (fault,) = await schedules.findings(client, wanted)
        assert "exitflow setup schedules" in fault.mend, meddle
        done = await schedules.set_up(client, wanted)
        assert done.changed == ("follow-up/411523",), meddle
        assert await schedules.findings(client, wanted) == [], meddle


# -- once -----------------------------------------------------------------------------------------


@pytest.mark.clause("F6")
async def test_a_quarter_begins_once_by_calendar_by_hand_and_by_backfill(called: Stage) -> None:
    client = called.desk.client
    await set_up(called)
    (county,) = [each.code for each in counties(called)]
    handle = client.get_schedule_handle("supervision/410000")

    now = f"supervision/{county}/{today().year}-q{QUARTERS[today().month]}"
    await handle.trigger()  # by hand: it counts for its own day
    by_hand = await round_of(client, "supervision/410000", today().date())
    assert (by_hand.started, by_hand.there) == ((now,), ())

    first = date(today().year, 3 * QUARTERS[today().month] - 2, 1)
    morning, hour = nine_on(first), timedelta(hours=1)
    await handle.backfill(ScheduleBackfill(start_at=morning - hour, end_at=morning + hour))
    backfilled = await round_of(client, "supervision/410000", first)
    # In the last month of a quarter its first day is longer past than is caught up on.
    longer = (today().date() - first).days > HENAN.supervision.catch_up_days
    assert (backfilled.started, backfilled.there) == ((), () if longer else (now,))

    begins = next_quarter()
    morning = nine_on(begins)
    coming = f"supervision/{county}/{begins.year}-q{QUARTERS[begins.month]}"
    called.crew.clock = lambda: morning + timedelta(days=2)
    await skip(called, "supervision/410000", morning + timedelta(days=2))
    by_calendar = await round_of(client, "supervision/410000", begins)
    assert (by_calendar.started, by_calendar.there) == ((coming,), ())
    described = await client.get_workflow_handle(coming).describe()
    assert described.status is WorkflowExecutionStatus.RUNNING  # it outlives its starter
    assert described.parent_id is not None
    # Sealed by the starter, as its own: who lists cases reads it.
    summary = described.raw_description.execution_config.user_metadata.summary
    said = f"合成{county}县 {begins.year}年第{QUARTERS[begins.month]}季度 督导"
    assert await client.data_converter.decode([summary]) == [said]
    (record, *_) = [
        each for each in await schedules.listed(client) if each.id == "supervision/410000"
    ]
    assert (record.begun, record.missed) == (3, 0)
    assert record.last_nominal == morning

    # A starter does in a replay what it did.
    run = f"round/supervision/410000-{morning.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    history = await client.get_workflow_handle(run).fetch_history()
    replayer = Replayer(
        workflows=WORKFLOWS, workflow_runner=sandbox(), data_converter=client.data_converter
    )
    assert (await replayer.replay_workflow(history)).replay_failure is None


@pytest.mark.clause("F6")
async def test_a_strangers_start_that_failed_bars_no_county(called: Stage) -> None:
    client = called.desk.client
    await set_up(called)
    (county,) = [each.code for each in counties(called)]
    case_id = f"supervision/{county}/{today().year}-q{QUARTERS[today().month]}"
    stranger = Client(client.service_client, namespace=client.namespace)
    squatting = await stranger.start_workflow("Supervision", {}, id=case_id, task_queue=TASK_QUEUE)
    with pytest.raises(WorkflowFailureError):
        await squatting.result()
    await client.get_schedule_handle("supervision/410000").trigger()
    came = await round_of(client, "supervision/410000", today().date())
    assert (came.started, came.there) == ((case_id,), ())


@pytest.mark.clause("F6")
async def test_what_was_not_admitted_bars_no_county(called: Stage) -> None:
    client = called.desk.client
    await set_up(called)
    (county,) = [each.code for each in counties(called)]
    year, quarter = today().year, QUARTERS[today().month]
    case_id = f"supervision/{county}/{year}-q{quarter}"
    opening = SupervisionOpening(
        case_id=case_id,
        application=SupervisionApplication(county=county, year=year, quarter=quarter),
        subject=called.known(county).model_copy(update={"name": "别县"}),
        policy=called.policy,
    )
    with called.skipper.with_time_skipping_disabled():
        wrong = await client.start_workflow(
            "Supervision", opening, id=case_id, task_queue=TASK_QUEUE
        )
    await wrong.result()  # it ended, and was never admitted
    assert not called.registry.is_admitted(case_id)
    await client.get_schedule_handle("supervision/410000").trigger()
    came = await round_of(client, "supervision/410000", today().date())
    assert (came.started, came.there) == ((case_id,), ())

    async def admitted() -> bool:
        return called.registry.is_admitted(case_id)

    await eventually(admitted)


@pytest.mark.clause("F6")
async def test_a_quarter_that_has_not_come_cannot_be_called_for(called: Stage) -> None:
    client = called.desk.client
    await set_up(called)
    morning, hour = nine_on(next_quarter()), timedelta(hours=1)
    handle = client.get_schedule_handle("supervision/410000")
    await handle.backfill(ScheduleBackfill(start_at=morning - hour, end_at=morning + hour))
    ahead = await round_of(client, "supervision/410000", morning.date())
    assert (ahead.started, ahead.there) == ((), ())
    (why,) = ahead.left_out
    assert why.startswith(f"{morning.date()}尚未到来")
    # One of two years ago: its window has gone by.
    past = nine_on(morning.date().replace(year=morning.year - 2))
    await handle.backfill(ScheduleBackfill(start_at=past - hour, end_at=past + hour))
    (why,) = (await round_of(client, "supervision/410000", past.date())).left_out
    assert "已超过补办期限（60日）" in why


@pytest.mark.clause("F5", "F6")
async def test_a_worker_that_was_away_finds_the_round_of_the_right_year(called: Stage) -> None:
    client = called.desk.client
    await set_up(called)
    (county,) = [each.code for each in counties(called)]
    schedule = f"follow-up/{county}"
    await called.crew.goes()
    called.crew.clock = lambda: at(2, 20)
    await skip(called, schedule, at(2, 20))
    waiting = client.get_workflow_handle(f"round/{schedule}-{YEAR}-01-05T01:00:00Z")

    async def waits() -> bool:
        try:
            return (await waiting.describe()).status is WorkflowExecutionStatus.RUNNING
        except RPCError:
            return False

    await eventually(waits)
    await called.crew.comes()
    result = await round_of(client, schedule, date(YEAR, 1, 5))
    assert result.started == (f"follow-up/{county}100/{YEAR}",)

    # It is now another year than the round's: triggered by hand it counts for today.
    await client.get_schedule_handle(schedule).trigger()
    by_hand = await round_of(client, schedule, today().date())
    this_year = f"follow-up/{county}100/{YEAR - 1}"
    assert this_year in (*by_hand.started, *by_hand.there)


@pytest.mark.clause("F6")
async def test_a_server_that_was_down_makes_up_for_what_the_window_allows(tmp_path: Path) -> None:
    """An installation's own file; the same schedules, but every second in place of a quarter."""
    _, real, _ = schedules.planned(kept_up(), [])
    often = ScheduleSpec(intervals=[ScheduleIntervalSpec(timedelta(seconds=1))])
    long = replace(real, id="supervision/long", spec=often, catch_up=timedelta(days=60))
    # Ten seconds: the server knows no shorter window.
    short = replace(real, id="supervision/short", spec=often, catch_up=timedelta(seconds=10))
    file = tmp_path / "temporal.db"

    async with embedded(file) as server:
        await schedules.set_up(server.client, [real, long, short])

        async def fired() -> bool:
            return all(each.begun for each in await of(server.client, long, short))

        await eventually(fired)
    stopped = datetime.now(UTC)
    while datetime.now(UTC) < stopped + timedelta(seconds=12):  # noqa: ASYNC110 - nothing to wait on
        await asyncio.sleep(0.2)
    async with embedded(file) as server:
        back = datetime.now(UTC)
        assert (await schedules.set_up(server.client, [real])).made == ()
        (kept,) = await of(server.client, real)
        assert beijing(kept.next_times[0]).date() == next_quarter()
        assert kept.catch_up == timedelta(days=60)

        async def caught_up() -> bool:
            those = await of(server.client, long, short)
            return all(each.last_nominal and each.last_nominal > back for each in those)

        await eventually(caught_up)
        in_time, too_late = await of(server.client, long, short)
    assert in_time.missed == 0
    assert in_time.begun >= 12
    assert too_late.missed >= 1
    assert too_late.begun < in_time.begun


async def of(client: Client, *wanted: schedules.Planned) -> Sequence[schedules.ScheduleRecord]:
    there: dict[str, schedules.ScheduleRecord] = {}

    async def complete() -> bool:
        there.update({each.id: each for each in await schedules.listed(client)})
        return all(each.id in there for each in wanted)

    await eventually(complete)
    return [there[each.id] for each in wanted]


# -- many ---------------------------------------------------------------------------------------


@pytest.mark.clause("F5")
async def test_twenty_townships_begin_in_the_order_of_their_codes(called: Stage) -> None:
    county = called.county()
    engine = called.settings.engine()
    for number in range(20):
        village = places.put_village(engine, f"{county}{119 - number}001", 300)
        put_exited(called, village, 1, on=EXITED_ON)
    result, handle = await calls_round(called, "FollowUpRound", county, at(1, 5, 9))
    assert result.started == tuple(f"follow-up/{county}{100 + n}/{YEAR}" for n in range(20))
    # 51 200 events end a workflow: a province of 200 counties needs some twelve hundred.
    assert ((await handle.describe()).history_length or 0) < 150
    again, _ = await calls_round(called, "FollowUpRound", county, at(1, 6, 9))
    assert (again.started, again.there) == ((), result.started)
