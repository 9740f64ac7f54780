"""Two workers of one installation: each has its share, nothing is there twice, one may go (G7).

Both are processes of their own, as containers are. What offices wait for is counted by the events
that the server has put into the histories, so a busy machine does not count as a fault.
"""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from models.case.ledger import EntryKind
from models.case.messages import Act, Ending
from models.periods import BEIJING
from operators.desk.errors import NoAnswer
from tests.house import House, ended, set_house
from tests.play import Play, eventually
from tests.stage import YEAR, Stage, application, figures, settings_in
from workers import limits
from workers.polling import QUEUES, pollers
from workflows.retries import MUST_HAPPEN

pytestmark = [pytest.mark.server, pytest.mark.clause("G7"), pytest.mark.timeout(600)]

CASES = 20

SLOW = timedelta(seconds=15)
TURNS_WITHIN, ORDERS_WITHIN = limits.TURN + SLOW, MUST_HAPPEN.attempt + SLOW
"""The most that a turn and an order of a case may take while one worker goes and comes back.

A turn that lay ready for a worker as it went is given to another after ten seconds. A turn or order
that the server gave away in the very moment of the stop comes again when its time is over: the
library drops what its last polls bring.
"""

TURNS = {
    EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED: "begins",
    EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED: "ends",
    EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT: "is given up",
    EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED: "fails",
}


@asynccontextmanager
async def two_workers(folder: Path, url: str) -> AsyncIterator[tuple[House, Stage, list[Any]]]:
    """An installation with two workers; the second may be replaced in the list."""
    async with set_house(settings_in(folder, registry_url=url)) as (house, stage):
        seconds = [await house.another_worker()]
        try:
            await asks(stage, house.pids[1], seconds[0].pid)
            yield house, stage, seconds
        finally:
            for each in seconds:
                if each.returncode is None:
                    await ended(each, signal.SIGKILL)


async def asks(stage: Stage, *processes: int) -> None:
    """Wait until the server knows those workers among who asks for work."""
    wanted = {f"{process}@" for process in processes}

    async def known() -> bool:
        for queue, kind in QUEUES:
            found = await pollers(stage.desk.client, queue, kind)
            if any(all(not p.identity.startswith(one) for p in found) for one in wanted):
                return False
        return True

    await eventually(known, lambda: f"not all of {wanted} ask for work")


async def opens(stage: Stage) -> Play:
    """A case that begins now."""
    code = stage.county(tier="provincial", direct=True)
    this = YEAR - 1
    stage.registry.add_plan(this, code, "合成计划")
    today = figures(as_of=datetime.now(BEIJING).date())
    written = application(code, year=this, tier="provincial", figures=today)
    with stage.skipper.with_time_skipping_disabled():
        play = Play(stage, await stage.desk.open(written), code, True)
    await eventually(play.answers)
    return play


async def given(play: Play, step: str) -> None:
    """An office acts, and sends the same again if nobody has answered: it counts once."""
    act = Act.model_validate(play.message(step))
    while True:
        try:
            await play.stage.desk.act(play.case_id, act)
        except NoAnswer:
            continue
        return


async def histories(plays: Iterable[Play]) -> list[Sequence[HistoryEvent]]:
    """What the server has of each."""
    return [(await play.handle.fetch_history()).events for play in plays]


def shares(all_events: Iterable[Sequence[HistoryEvent]]) -> Counter[int]:
    """How many turns of cases each process has done."""
    done: Counter[int] = Counter()
    for events in all_events:
        for event in events:
            if event.HasField("workflow_task_completed_event_attributes"):
                identity = event.workflow_task_completed_event_attributes.identity
                done[int(identity.partition("@")[0])] += 1
    return done


def took(events: Sequence[HistoryEvent]) -> list[tuple[timedelta, str]]:
    """How long each turn and each order of a case took, by the server's clock."""
    found, began, orders = [], None, {}
    for event in events:
        when = event.event_time.ToDatetime(UTC)
        if (what := TURNS.get(EventType.ValueType(event.event_type))) == "begins":
            began = when
        elif what is not None:
            assert began is not None
            found.append((when - began, f"a turn that {what}"))
        if event.HasField("activity_task_scheduled_event_attributes"):
            order = event.activity_task_scheduled_event_attributes
            orders[event.event_id] = (when, order.activity_type.name)
        if event.HasField("activity_task_completed_event_attributes"):
            number = event.activity_task_completed_event_attributes.scheduled_event_id
            asked, name = orders.pop(number)
            found.append((when - asked, name))
    return found


def told_twice(stage: Stage) -> list[str]:
    """Keys that stand in the shared log of notifications more than once."""
    lines = (stage.settings.home / "notifications.jsonl").read_text("utf-8").splitlines()
    times = Counter(json.loads(line)["key"] for line in lines)
    assert times
    return [key for key, number in times.items() if number > 1]


async def test_two_workers_share_and_one_is_restarted_unseen(tmp_path: Path, url: str) -> None:
    async with two_workers(tmp_path, url) as (house, stage, seconds):
        plays = await asyncio.gather(*(opens(stage) for _ in range(CASES)))
        await asyncio.gather(*(play.reaches("C3") for play in plays))
        first, second = house.pids[1], seconds[0].pid
        half = CASES // 2
        await asyncio.gather(*(given(play, "C3") for play in plays[:half]))
        done = shares(await histories(plays))
        assert set(done) == {first, second}
        # By chance each of a case's first turns goes to one of both: none has a tenth alone.
        assert min(done.values()) > sum(done.values()) / 10, done

        going = asyncio.create_task(ended(seconds[0], signal.SIGTERM))
        await asyncio.gather(*(given(play, "C3") for play in plays[half:]))
        await going
        assert seconds[0].returncode == 0
        left_at = datetime.now(UTC)
        seconds.append(await house.another_worker())
        await asyncio.gather(*(play.reaches("C4") for play in plays))
        await asyncio.gather(*(play.withdraw() for play in plays))
        for play in plays:
            assert (await play.ends()).ending is Ending.WITHDRAWN
        await asks(stage, seconds[1].pid)

        all_events = await histories(plays)
        for play, events in zip(plays, all_events, strict=True):
            for long, what in took(events):
                within = TURNS_WITHIN if what.startswith("a turn") else ORDERS_WITHIN
                assert long < within, f"{play.case_id}: {long} for {what}"
            file = await play.file()
            assert [entry.seq for entry in file] == [*range(1, len(file) + 1)]
            kinds = Counter(entry.kind for entry in file)
            assert (kinds[EntryKind.ACT], kinds[EntryKind.WITHDRAWAL]) == (1, 1)
            assert not kinds[EntryKind.REFUSED]
        assert second not in shares(_since(all_events, left_at))
        assert not told_twice(stage)


def _since(
    all_events: Iterable[Sequence[HistoryEvent]], moment: datetime
) -> list[list[HistoryEvent]]:
    return [
        [event for event in events if event.event_time.ToDatetime(UTC) > moment]
        for events in all_events
    ]
