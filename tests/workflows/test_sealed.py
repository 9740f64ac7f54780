"""Who reaches the server but has no key gives no opening, no order, no answer; nothing wedges."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import (
    ActivityFailureError,
    Client,
    WorkflowFailureError,
    WorkflowUpdateFailedError,
)
from temporalio.common import RawValue
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.worker import Worker

from models.case.ledger import EntryKind
from models.county.messages import CountyOpening
from models.sealed import NOT_SEALED
from operators.desk.answers import asked
from operators.desk.desk import Desk
from tests.operators.conftest import THIS_YEAR, applies
from tests.play import eventually, wedged
from tests.stage import Stage, at
from workers.catalogue import ACTIVITY_QUEUE, TASK_QUEUE, WORKFLOWS, sandbox
from workers.keys import Keyring, Keys
from workers.seal import sealed_client

pytestmark = [pytest.mark.clause("G7"), pytest.mark.server]


def foreign(client: Client, converter: Any = pydantic_data_converter) -> Client:
    """The same connection of somebody who has no key."""
    config = client.config()
    config["data_converter"] = converter
    return Client(**config)


@pytest.fixture
def stranger(stage: Stage) -> Client:
    return foreign(stage.desk.client)


@pytest.fixture
def other_keys(stage: Stage, tmp_path: Any) -> Client:
    """Somebody with keys of his own."""
    Keys.made(tmp_path / "keys")
    return sealed_client(stage.desk.client, Keyring(tmp_path / "keys"))


async def opening_of(stage: Stage) -> CountyOpening:
    """The opening of a case that is not there."""
    code = stage.county()
    seen: list[CountyOpening] = []

    class Reader(Desk):
        async def _start(self, procedure: Any, opening: Any, *args: Any, **options: Any) -> None:
            seen.append(opening)

    stage.registry.add_plan(THIS_YEAR, code, "合成计划")
    await Reader(stage.desk.client, stage.registry, stage.policy).open(applies(code))
    return seen[0]


async def failed(client: Client, id: str, **what: Any) -> ApplicationError:
    """Start a workflow that must fail at once, and return why."""
    handle = await client.start_workflow("CountyExit", id=id, task_queue=TASK_QUEUE, **what)
    async with asyncio.timeout(60):
        with pytest.raises(WorkflowFailureError) as caught:
            await handle.result()
    events = [event async for event in handle.fetch_history_events()]
    assert not [e for e in events if e.HasField("workflow_task_failed_event_attributes")]
    assert len(events) == 5
    assert isinstance(caught.value.cause, ApplicationError)
    return caught.value.cause


async def test_an_opening_in_the_clear_fails_at_once_and_leaves_nothing(
    stage: Stage, stranger: Client
) -> None:
    opening = await opening_of(stage)
    error = await failed(stranger, opening.case_id, args=[opening])
    assert error.type == NOT_SEALED
    # Those who have the key can read why.
    own = stage.desk.client.get_workflow_handle(opening.case_id)
    with pytest.raises(WorkflowFailureError) as caught:
        await own.result()
    assert str(caught.value.cause) == (
        "NotSealed: the opening is not sealed with a key of this installation: it is not sealed"
    )
    assert stage.registry.ledger(opening.case_id) == []


@pytest.mark.parametrize("number", [0, 2])
async def test_an_opening_in_other_than_one_part_fails_at_once(
    stage: Stage, stranger: Client, number: int
) -> None:
    opening = await opening_of(stage)
    await failed(stranger, opening.case_id, args=[opening] * number)
    own = foreign(stage.desk.client, stage.desk.client.data_converter)
    opening = await opening_of(stage)
    await failed(own, opening.case_id, args=[opening] * number)


async def test_an_opening_sealed_with_another_key_fails_at_once(
    stage: Stage, other_keys: Client
) -> None:
    opening = await opening_of(stage)
    await failed(other_keys, opening.case_id, args=[opening])


@pytest.mark.parametrize("encoding", [b"binary/encrypted", b"json/plain", b"\xff", b""])
async def test_garbage_is_no_opening(stage: Stage, stranger: Client, encoding: bytes) -> None:
    garbage = RawValue(Payload(metadata={"encoding": encoding}, data=b"\x00{"))
    opening = await opening_of(stage)
    await failed(stranger, opening.case_id, args=[garbage])


async def test_the_opening_of_one_case_opens_no_other(stage: Stage, stranger: Client) -> None:
    play = await stage.opens(at(11, 16))
    history = await play.handle.fetch_history()
    started = history.events[0].workflow_execution_started_event_attributes
    copied = RawValue(started.input.payloads[0])
    await failed(stranger, f"{play.case_id}/2", args=[copied])


ORDERS = ["strike_off_county", "write_ledger", "deliver", "enter_household"]


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("parts", [0, 1, 2])
async def test_an_order_of_somebody_else_is_refused_for_good(
    stage: Stage,
    stranger: Client,
    name: str,
    parts: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As ``temporal activity execute`` gives it, in however many parts."""
    handle = await stranger.start_activity(
        name,
        args=[{"case_id": "county-exit/410225/2026"}] * parts,
        id=f"foreign-{uuid4()}",
        task_queue=ACTIVITY_QUEUE,
        start_to_close_timeout=timedelta(seconds=30),
    )
    async with asyncio.timeout(60):
        with pytest.raises(ActivityFailureError) as caught:
            await handle.result()
    assert isinstance(caught.value.cause, ApplicationError)
    assert caught.value.cause.type == NOT_SEALED
    assert (await handle.describe()).attempt == 1
    (line,) = [each for each in caplog.records if handle.id in str(each.__dict__)]
    assert "not sealed with a key of this installation" in line.getMessage()
    assert (line.exc_info, "\n" in line.getMessage()) == (None, False)


async def test_an_order_that_is_copied_out_of_a_history_is_refused(
    stage: Stage, stranger: Client
) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    history = await play.handle.fetch_history()
    scheduled = [e.activity_task_scheduled_event_attributes for e in history.events]
    order = next(each for each in scheduled if each.activity_type.name == "admit_county")
    handle = await stranger.start_activity(
        "admit_county",
        RawValue(order.input.payloads[0]),
        id=order.activity_id,
        task_queue=ACTIVITY_QUEUE,
        start_to_close_timeout=timedelta(seconds=30),
    )
    with pytest.raises(ActivityFailureError) as failed:
        await handle.result()
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == NOT_SEALED
    assert (await handle.describe()).attempt == 1


Answer = Callable[[RawValue], Any]


def conflict(order: RawValue) -> Any:
    """As if the register said otherwise, for good."""
    raise ApplicationError("x", "不在册", type="RegisterConflict", non_retryable=True)


ANSWERS: dict[str, Answer] = {
    "in the clear": lambda order: ["2027-01-01"],
    "nothing": lambda order: None,
    "the order itself": lambda order: order,
    "garbage": lambda order: RawValue(
        Payload(metadata={"encoding": b"binary/encrypted"}, data=b"x" * 99)
    ),
    "a failure": conflict,
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
async def test_a_foreign_worker_answers_nothing(own_stage: Stage, answer: Answer) -> None:
    """Who polls the queue takes orders away; the case asks again, and goes on as if nothing was."""
    play = await own_stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.rests()
    await own_stage.crew.goes()
    taken: list[str] = []

    @activity.defn(dynamic=True)
    async def anything(orders: Sequence[RawValue]) -> Any:
        taken.append(activity.info().activity_type)
        return answer(orders[0])

    client = own_stage.desk.client
    async with (
        _cases_of(client),
        Worker(foreign(client), task_queue=ACTIVITY_QUEUE, activities=[anything]),
    ):
        await play.signal("act", play.message("C2", "return", return_to="C1", reason="补件"))
        await eventually(lambda: _twice(taken), lambda: f"taken: {taken}")
    await own_stage.crew.comes(max_cached_workflows=0)
    await play.reaches("C1", 2)
    await play.act("C1")
    await play.reaches("C2", 2)
    assert not await wedged(play)
    file = await play.file()
    assert [entry.seq for entry in file] == list(range(1, len(file) + 1))


async def test_an_older_answer_is_no_answer(own_stage: Stage) -> None:
    """Whoever has read the history has sealed answers, and can give them again."""
    play = await own_stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.rests()
    await own_stage.crew.goes()
    answers: dict[str, list[Payload]] = {}
    names: dict[int, str] = {}
    for event in (await play.handle.fetch_history()).events:
        if event.HasField("activity_task_scheduled_event_attributes"):
            scheduled = event.activity_task_scheduled_event_attributes
            names[event.event_id] = scheduled.activity_type.name
        if event.HasField("activity_task_completed_event_attributes"):
            done = event.activity_task_completed_event_attributes
            kept = answers.setdefault(names[done.scheduled_event_id], [])
            kept.append(done.result.payloads[0])
    given: list[str] = []

    @activity.defn(dynamic=True)
    async def anything(orders: Sequence[RawValue]) -> Any:
        name = activity.info().activity_type
        given.append(name)
        return RawValue(answers[name][0])

    client = own_stage.desk.client
    async with (
        _cases_of(client),
        Worker(foreign(client), task_queue=ACTIVITY_QUEUE, activities=[anything]),
    ):
        await play.signal("act", play.message("C2"))
        await eventually(lambda: _twice(given), lambda: f"given: {given}")
    await own_stage.crew.comes(max_cached_workflows=0)
    await play.reaches("C3")
    assert not await wedged(play)
    await play.file()


def _cases_of(client: Client) -> Worker:
    """The installation's worker, without its activities."""
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=WORKFLOWS,
        workflow_runner=sandbox(),
        max_cached_workflows=0,
    )


async def _twice(taken: list[str]) -> bool:
    return len(taken) > len(set(taken))


async def test_messages_in_the_clear_come_in_as_ever(stage: Stage, stranger: Client) -> None:
    """As the form of the Web UI and ``temporal workflow signal`` and ``update`` send them."""
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    door = stranger.get_workflow_handle(play.case_id)
    receipt = await door.execute_update("act", play.message("C2"), result_type=RawValue)
    assert receipt.payload.metadata["encoding"] == b"binary/encrypted"
    await play.reaches("C3")
    await door.signal("act", play.message("C3"))
    await play.reaches("C4")
    acts = [entry.data["act"] for entry in await play.entries(EntryKind.ACT)]
    assert [act["step"] for act in acts] == ["C2", "C3"]  # type: ignore[index,call-overload]


async def test_what_the_rules_refuse_in_the_clear_is_refused_as_ever(
    stage: Stage, stranger: Client
) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    door = stranger.get_workflow_handle(play.case_id)
    with pytest.raises(WorkflowUpdateFailedError):
        await door.execute_update("act", play.message("C7"))
    garbage = RawValue(Payload(metadata={"encoding": b"binary/encrypted"}, data=b"x" * 99))
    await door.signal("act", garbage)
    (entry,) = await play.has_entered(EntryKind.REFUSED)
    assert "no JSON" in str(entry.data["why"])
    with pytest.raises(WorkflowUpdateFailedError):
        await door.execute_update("act", garbage)
    with pytest.raises(WorkflowUpdateFailedError):
        await door.execute_update("act", args=[play.message("C2"), play.message("C2")])
    assert not await wedged(play)


@pytest.mark.parametrize("kind", WORKFLOWS, ids=lambda kind: kind.__name__)
def test_every_door_takes_clear_text_and_every_opening_is_of_one_part(kind: type) -> None:
    """Named with a type, a door would be shut to the Web UI's form; the opening alone has one."""
    definition = workflow._Definition.must_from_class(kind)
    for update in definition.updates.values():
        assert [hint in (Any, object) for hint in update.arg_types or [Any]] == [True], update.name
    for query in definition.queries.values():
        assert all(hint is Any for hint in query.arg_types or []), query.name
    assert {signal.name for signal in definition.signals.values()} <= {None}
    assert len(definition.arg_types or []) == 1


async def test_questions_in_the_clear_get_answers_that_are_sealed(
    stage: Stage, stranger: Client
) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    door = stranger.get_workflow_handle(play.case_id)
    for name, arguments in (("status", []), ("ledger", [0]), ("__temporal_workflow_metadata", [])):
        ask = partial(door.query, name, args=arguments, result_type=RawValue)
        answer = await asked(ask)
        assert answer.payload.metadata["encoding"] == b"binary/encrypted"


async def test_one_who_has_no_key_reads_no_answer(stage: Stage, stranger: Client) -> None:
    play = await stage.opens(at(11, 16))
    door = stranger.get_workflow_handle(play.case_id)
    with pytest.raises((RPCError, RuntimeError, KeyError)):
        await asked(partial(door.query, "status", result_type=dict))
