"""Floods: thousands of messages at once wait in a line; nothing wedges, and offices go on."""

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    PollWorkflowTaskQueueRequest,
    RespondWorkflowTaskFailedRequest,
)

from models.case import bounds
from models.case.ledger import EntryKind
from models.case.messages import Objection
from models.case.status import MOST_NAMED
from models.identity import county_case
from tests.play import PLAYED, Play, eventually
from tests.stage import YEAR, Stage, at
from tests.thorough import THOROUGH
from workers.catalogue import TASK_QUEUE
from workflows.line import AT_ONCE

pytestmark = pytest.mark.server

OBJECTIONS, OTHERS = (1_000, 8_000) if THOROUGH else (100, 1_200)
"""In a thorough run the flood is as high as a server lets it rise."""
SENDERS = 50
"""At once, so that the server is busy and nobody waits for one."""


async def by_turns(sent: Iterable[Awaitable[Any]]) -> None:
    """Send, some at the same time."""
    waiting = iter(sent)

    async def one() -> None:
        for each in waiting:
            await each

    await asyncio.gather(*(one() for _ in range(SENDERS)))


def sent(number: int) -> Objection:
    return Objection.model_validate(objection(number))


def objection(number: int) -> dict[str, str]:
    return {"id": f"o-{number}", "text": f"道路未通（合成 {number}）"}


async def turns_ended(play: Play) -> int:
    """How often a case has let the rest stand in line, and gone on in another turn."""
    timers = [
        event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
        for event in (await play.history()).events
        if event.HasField("timer_started_event_attributes")
    ]
    return timers.count(timedelta(milliseconds=1))


@pytest.mark.clause("G1", "G7")
@pytest.mark.timeout(900)
async def test_thousands_of_signals_gathered_wedge_no_case(own_stage: Stage) -> None:
    """Nine thousand in one turn take a worker longer than it is given, were they heard in one."""
    play = await own_stage.opens(at(11, 16))
    await play.reaches("C2")
    await own_stage.crew.goes()
    await by_turns(play.signal("object", objection(number)) for number in range(OBJECTIONS))
    await by_turns(play.signal("act", {"id": f"x-{number}"}) for number in range(OTHERS))
    await play.signal("act", play.message("C2", id="behind-all-others"))
    await own_stage.crew.comes()

    async def goes_on() -> bool:
        (row,) = own_stage.registry.case_rows()
        return row.step == "C3"

    # Looked up where it keeps its file: a question would be one thing more that it has to answer.
    await eventually(goes_on, within=400)
    seen = await play.waits(lambda seen: seen.step == "C3", within=200)
    assert seen.open_count == OBJECTIONS
    assert seen.unfiled == OTHERS - bounds.MOST_REFUSED
    assert seen.limits_in_all >= OBJECTIONS
    assert (len(seen.limits) < 10, len(seen.open_objections)) == (True, MOST_NAMED)
    await play.act("C3")  # an office is answered, though nobody has looked into one of them
    listed = await own_stage.desk.objections(play.case_id)
    assert len({each.id for each in listed}) == OBJECTIONS
    # Told of once for many: not a hundred times.
    assert len(play.told("异议")) < 30
    assert await turns_ended(play) >= (OBJECTIONS + OTHERS) // 500


@pytest.mark.clause("G1", "G7")
async def test_a_flood_takes_no_turn_away_from_a_worker_that_needs_long(own_stage: Stage) -> None:
    """Or a case that is played from its beginning would never come to an end of it."""
    play = await own_stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.rests()
    await own_stage.crew.goes()
    await play.signal("object", objection(0))
    client = play.stage.desk.client
    turn = await client.workflow_service.poll_workflow_task_queue(
        PollWorkflowTaskQueueRequest(
            namespace=client.namespace, task_queue=TaskQueue(name=TASK_QUEUE), identity="slow"
        )
    )
    await by_turns(play.signal("object", objection(number)) for number in range(1, 200))
    # Still its own: a turn that was taken away cannot be given back.
    await client.workflow_service.respond_workflow_task_failed(
        RespondWorkflowTaskFailedRequest(
            namespace=client.namespace, task_token=turn.task_token, identity="slow"
        )
    )
    PLAYED.remove(play)  # the failed task is the test's own
    await own_stage.crew.comes()
    await play.waits(lambda seen: seen.open_count == 200)


@pytest.mark.clause("G7")
async def test_what_was_sent_before_the_admission_is_heard_by_turns(own_stage: Stage) -> None:
    code = own_stage.county()
    own_stage.outages.begin(county_case(code, YEAR), "admit_county")
    play = await own_stage.opens_for(code, at(11, 16))
    number = AT_ONCE + 50
    for some in (range(number // 2), range(number // 2, number)):
        await own_stage.crew.goes()
        await by_turns(play.signal("object", objection(each)) for each in some)
        await own_stage.crew.comes()
        await eventually(play.answers)
    own_stage.outages.end(play.case_id)
    seen = await play.waits(lambda seen: seen.open_count == number)
    assert seen.unfiled == 0
    assert await turns_ended(play) >= 1


@pytest.mark.clause("G1")
async def test_sixty_senders_at_once_are_all_answered_and_so_is_the_office(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    senders = [stage.desk.object(play.case_id, sent(number)) for number in range(150)]
    *receipts, act = await asyncio.gather(*senders, play.act("C2"))
    assert len({receipt.seq for receipt in (*receipts, act)}) == 151
    seen = await play.reaches("C3")
    assert seen.open_count == 150


@pytest.mark.clause("G1", "C5")
async def test_nothing_is_decided_while_somebody_waits_in_line(own_stage: Stage) -> None:
    """A publicity whose time is over does not close before everybody in line was heard."""
    play = await own_stage.opens(at(11, 16))
    await play.pass_until("C4")
    seen = await play.reaches("C4")
    (limit,) = [each.limit for each in seen.limits if each.limit.clause == "T1"]
    await play.until(limit.due - timedelta(hours=1))
    await play.rests()
    await own_stage.crew.goes()
    await play.until(limit.due + timedelta(seconds=2))
    await by_turns(play.signal("act", {"id": f"x-{number}"}) for number in range(AT_ONCE + 50))
    await play.signal("object", objection(1))
    await own_stage.crew.comes()
    seen = await play.waits(lambda seen: seen.open_count == 1)
    await play.rests()
    seen = await play.status()
    assert (seen.step, seen.waiting_for) == ("C4", play.office("C4"))
    (entry,) = await play.entries(EntryKind.OBJECTION)
    assert entry.data["as"] == "objection"
