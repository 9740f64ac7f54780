"""The server's limits, each driven over on a real server: refused at its door, nobody harmed."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from models.case import bounds
from operators.desk.answers import told
from operators.desk.errors import Busy, NoCase, Refused
from tests.play import noise
from tests.stage import Stage, at, set_stage, settings_in
from workers import limits
from workers.embedded import embedded

SMALL = {
    "history.maxInFlightUpdates": 2,
    "history.maxTotalUpdates": 12,
    "history.maximumSignalsPerExecution": 10,
    "limit.historySize.error": 3_000_000,
}
"""Limits that are reached in no time; the others are as they are."""

COMPOSE = Path(__file__).parent.parent / "docker" / "temporal-dynamic-config.yaml"


def test_production_has_the_limits_of_the_embedded_server() -> None:
    lines = re.sub(r"(?m)^#.*\n", "", COMPOSE.read_text(encoding="utf-8"))
    kept = re.findall(r"([\w.]+):\n  - value: (.+)\n", lines)
    assert {name: json.loads(value) for name, value in kept} == limits.LIMITS
    assert len(lines.splitlines()) == 2 * len(limits.LIMITS)  # and nothing else


def test_what_a_case_takes_the_server_lets_in_and_can_answer() -> None:
    """An answer to an update, yes or no, brings the request back: that has to fit, too."""
    sealed = 1_000  # what the sender's id, name and a seal come to
    assert bounds.LONGEST_OF_ALL + sealed < limits.UPDATES_IN_FLIGHT_BYTES
    assert limits.UPDATES_IN_FLIGHT_BYTES + sealed < limits.PAYLOAD


@pytest.fixture(scope="module")
async def small(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A stage on a server whose limits can be reached."""
    before = dict(limits.LIMITS)
    changed = pytest.MonkeyPatch()
    changed.setattr(limits, "LIMITS", before | SMALL)
    try:
        async with (
            embedded(time_skipping=True) as server,
            set_stage(server.client, settings_in(tmp_path_factory.mktemp("small"))) as stage,
        ):
            yield stage
    finally:
        changed.undo()


def objection(number: int, text: str = "道路未通（合成）") -> dict[str, Any]:
    return {"id": f"o-{number}", "text": text}


async def again_and_again(times: int, send: Callable[[int], Awaitable[Any]]) -> None:
    """Send until it is refused, so many times at most."""
    for number in range(times):
        await send(number)


async def once(client: Client, case_id: str, update: Any) -> RPCError:
    """The same, asked once: the client tries again for a while what may pass."""
    from temporalio.api.common.v1 import Payloads, WorkflowExecution
    from temporalio.api.enums.v1 import UpdateWorkflowExecutionLifecycleStage as Stages
    from temporalio.api.update.v1 import Input, Meta, Request, WaitPolicy
    from temporalio.api.workflowservice.v1 import UpdateWorkflowExecutionRequest

    payloads = await client.data_converter.encode([update])
    request = UpdateWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=case_id),
        wait_policy=WaitPolicy(
            lifecycle_stage=Stages.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED
        ),
        request=Request(
            meta=Meta(update_id="large"),
            input=Input(name="object", args=Payloads(payloads=payloads)),
        ),
    )
    with pytest.raises(RPCError) as caught:
        await client.workflow_service.update_workflow_execution(request, retry=False)
    return caught.value


@pytest.mark.clause("G7")
async def test_a_message_no_case_could_carry_is_refused_and_the_case_goes_on(small: Stage) -> None:
    play = await small.opens(at(11, 16))
    await play.reaches("C2")
    large = objection(1, noise(limits.UPDATES_IN_FLIGHT_BYTES))
    error = await once(small.desk.client, play.case_id, large)
    assert isinstance(told(play.case_id, error), Busy)
    with pytest.raises(RPCError) as caught:
        await play.signal("object", objection(1, noise(limits.PAYLOAD)))
    assert "larger than the server takes" in str(told(play.case_id, caught.value))
    # What is let in is answered, however large: by the case.
    said = await play.update("object", objection(1, noise(limits.UPDATES_IN_FLIGHT_BYTES * 4 // 5)))
    assert "'object' takes at most 100,000 bytes" in said
    await play.act("C2")
    await play.reaches("C3")


@pytest.mark.clause("G7")
async def test_the_desk_says_so_before_it_sends(small: Stage) -> None:
    play = await small.opens(at(11, 16))
    await play.reaches("C2")
    evidence = [{"name": "字" * 200, "sha256": f"{number:064x}"} for number in range(50)]
    with pytest.raises(Refused, match="'act' takes at most 300,000 bytes"):
        await play.act("C2", overrides=["字" * 4_000] * 30, reason="合成", evidence=evidence)
    assert (await play.status()).entries == len(await play.file())


@pytest.mark.clause("G1")
async def test_who_comes_when_others_are_served_waits_its_turn(small: Stage) -> None:
    """Two at a time are let in here; all are answered, and nobody sees an error."""
    play = await small.opens(at(11, 16))
    await play.reaches("C2")
    await asyncio.gather(*(play.object(f"{number}") for number in range(9)))
    assert (await play.status()).open_count == 9


@pytest.mark.clause("G1")
async def test_the_door_for_updates_is_shut_and_signals_are_told_of(small: Stage) -> None:
    play = await small.opens(at(11, 16))
    await play.reaches("C2")
    # A case at rest hands over before that: it is not while its file cannot be kept.
    small.outages.begin(play.case_id, "write_ledger", again_in=timedelta(seconds=1))
    with pytest.raises(Refused, match="send it with --signal"):
        await again_and_again(13, lambda number: play.object(f"{number}"))
    small.outages.end(play.case_id)
    await play.signal("act", play.message("C2"))
    await play.reaches("C3")  # as the desk said
    with pytest.raises(RPCError) as caught:
        await again_and_again(11, lambda number: play.signal("object", objection(100 + number)))
    assert "send it without --signal" in str(told(play.case_id, caught.value))


@pytest.mark.clause("G7")
async def test_a_history_that_is_full_ends_one_case_and_is_said(small: Stage) -> None:
    play, other = await small.opens(at(11, 16)), await small.opens(at(11, 16))
    await small.crew.goes()
    try:
        with pytest.raises(RPCError) as caught:
            await again_and_again(10, lambda _: play.signal("object", noise(900_000)))
    finally:
        await small.crew.comes()
    meaning = told(play.case_id, caught.value)
    assert isinstance(meaning, NoCase)
    assert "has outgrown what the server keeps" in str(meaning)
    await other.reaches("C2")
    await other.act("C2")
