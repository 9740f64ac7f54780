"""No worker for a while: messages and limits wait, and lateness is judged by comparing times."""

from datetime import datetime, timedelta

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest

from models.case.ledger import EntryKind
from tests.play import PLAYED, Play
from tests.stage import Stage, at

SECOND = timedelta(seconds=1)
GOES_ON = 2 * SECOND
"""How far past a timer the clock can be moved while no worker attends to it."""


async def away_across(play: Play, due: datetime) -> None:
    """The worker goes before a limit, and time passes over it."""
    await play.until(due - timedelta(hours=1))
    await play.rests()
    await play.stage.crew.goes()
    await play.until(due + GOES_ON)


@pytest.mark.clause("T3", "G4", "G5")
@pytest.mark.parametrize(
    ("signed", "late"),
    [(-SECOND, False), (timedelta(0), True), (None, True)],
    ids=["before", "at", "unsaid"],
)
async def test_an_act_of_an_outage_is_late_by_when_it_was_signed(
    own_stage: Stage, signed: timedelta | None, late: bool
) -> None:
    play = await own_stage.opens(at(11, 16))
    limit = await play.limit("T3")
    await away_across(play, limit.due)
    when = {} if signed is None else {"at": (limit.due + signed).isoformat()}
    await play.signal("act", play.message("C2", **when))
    await own_stage.crew.comes()
    await play.reaches("C3")
    await play.rests()
    found = await play.entries(EntryKind.BREACH, EntryKind.LATE, EntryKind.REFUSED)
    assert [entry.kind for entry in found] == ([EntryKind.BREACH, EntryKind.LATE] if late else [])
    assert all(entry.text.startswith("T3 C2 市级初审") for entry in found)
    assert bool(play.told("逾期")) is late
    (act,) = await play.entries(EntryKind.ACT)
    assert act.at >= limit.due
    assert not (await play.status()).overdue


@pytest.mark.clause("T3", "G4")
async def test_a_limit_that_passed_in_an_outage_is_heard_afterwards(own_stage: Stage) -> None:
    play = await own_stage.opens(at(11, 16))
    limit = await play.limit("T3")
    await away_across(play, limit.due)
    await own_stage.crew.comes()
    seen = await play.waits(lambda seen: seen.overdue)
    assert seen.step == "C2"
    assert len(await play.entries(EntryKind.BREACH)) == 1
    city, province = play.office("C2"), play.office("C3")
    assert {line["recipient"]["office"] for line in await play.has_told("逾期", 2)} == {
        city,
        province,
    }


@pytest.mark.clause("C5", "C7")
async def test_two_acts_of_an_outage_are_both_kept(own_stage: Stage) -> None:
    play = await own_stage.opens(at(11, 16), direct=True, tier="provincial")
    await play.pass_until("C5")
    await play.rests()
    await own_stage.crew.goes()
    await play.signal("act", play.message("C5"))
    await play.signal("act", play.message("C7", document_number="合成〔9〕号"))
    await own_stage.crew.comes()
    assert (await play.ends()).document_number == "合成〔9〕号"
    entries = await play.file()
    assert [e.step for e in entries if e.kind is EntryKind.ACT][-2:] == ["C5", "C7"]
    assert not await play.entries(EntryKind.REFUSED, EntryKind.LAPSED)


@pytest.mark.clause("C4", "C5", "T1")
@pytest.mark.server
async def test_an_act_in_one_activation_with_the_end_of_publicity_is_kept(
    own_stage: Stage,
) -> None:
    play = await own_stage.opens(at(11, 16), direct=True)
    await play.pass_until("C4")
    closes = (await play.limit("T1")).due
    await away_across(play, closes)
    await play.signal("act", play.message("C5", at=(closes + SECOND).isoformat()))
    await own_stage.crew.comes()
    await play.reaches("C6")
    assert not await play.entries(EntryKind.REFUSED)
    assert await together(play)


async def together(play: Play) -> bool:
    """Whether the last timer that fired and a signal were delivered at once."""
    arrived: set[str] = set()
    async for event in play.handle.fetch_history_events():
        if event.HasField("timer_fired_event_attributes"):
            arrived.add("timer")
        if event.HasField("workflow_execution_signaled_event_attributes"):
            arrived.add("signal")
        if event.HasField("workflow_task_started_event_attributes"):
            if arrived == {"timer", "signal"}:
                return True
            arrived.clear()
    return False


@pytest.mark.clause("C4", "G1", "T1")
async def test_an_objection_of_an_outage_keeps_the_publicity_open(own_stage: Stage) -> None:
    play = await own_stage.opens(at(11, 16), direct=True)
    await play.pass_until("C4")
    closes = (await play.limit("T1")).due
    await away_across(play, closes)
    await play.signal("object", {"id": "o", "text": "道路未通（合成）"})
    await play.signal("act", play.message("C5"))
    await own_stage.crew.comes()
    seen = await play.waits(lambda seen: seen.open_objections == ("o",))
    assert seen.step == "C4"
    (why,) = await play.refused()
    assert "goes on while 1 objection(s) are open (G1)" in why
    (objection,) = await play.entries(EntryKind.OBJECTION)
    assert objection.data["as"] == "objection"
    await play.resolve("o", "dismissed")
    await play.reaches("C5")


@pytest.mark.clause("G7")
@pytest.mark.server
async def test_a_terminated_case_goes_on_from_its_last_task(own_stage: Stage) -> None:
    play = await own_stage.opens(at(11, 16), direct=True)
    await play.reaches("C3")
    await play.rests()
    await play.handle.terminate("by mistake")
    client = own_stage.desk.client
    done = [
        event.event_id
        async for event in play.handle.fetch_history_events()
        if event.HasField("workflow_task_completed_event_attributes")
    ]
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=play.case_id),
            reason="it was a mistake",
            workflow_task_finish_event_id=done[-1],
            request_id="reset",
        )
    )
    await play.act("C3")
    await play.reaches("C4")
    entries = await play.file()
    assert [entry.kind for entry in entries].count(EntryKind.OPENED) == 1
    PLAYED.remove(play)  # a reset stands in the history as a task that failed


@pytest.mark.clause("G7")
@pytest.mark.server
async def test_whatever_a_worker_has_in_hand_as_it_is_started_again_is_done(
    own_stage: Stage,
) -> None:
    """An order that it no longer hears, in the very moment of its stop, is given once more."""
    plays = [await own_stage.opens(at(11, 16)) for _ in range(5)]
    for number in range(4):
        for play in plays:
            await play.signal("object", {"id": f"o-{number}", "text": "道路未通（合成）"})
        await own_stage.crew.goes()
        await own_stage.crew.comes(max_cached_workflows=0)
    for play in plays:
        await play.has_entered(EntryKind.OBJECTION, 4)
        await play.rests()
    begun = [
        event.activity_task_started_event_attributes
        for play in plays
        for event in (await play.handle.fetch_history()).events
        if event.HasField("activity_task_started_event_attributes")
    ]
    assert len(begun) > 15
    assert max(each.attempt for each in begun) <= 2
