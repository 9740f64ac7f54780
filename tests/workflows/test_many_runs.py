"""A case that has gone on in new runs, on a real server: it is one case to whoever looks at it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowExecutionRequest,
    ResetWorkflowExecutionRequest,
)

from models.case.ledger import EntryKind
from models.case.messages import Ending, Objection, Receipt
from operators.commands.running import make_schedules
from operators.desk.desk import Refused
from operators.rehearsal.stage import Stage as Rehearsal
from tests.crew import apart, quick_server
from tests.operators.conftest import Shell
from tests.play import PLAYED, Play, events_of_every_run, eventually, wedged
from tests.restored import content, copied, histories_read, redone, restored
from tests.stage import Stage, at, set_stage, settings_in
from tests.workflows.test_check_server import found, one
from tests.workflows.test_late_keys import Ahead, anew, goes_without
from workers import limits
from workers.embedded import Embedded

pytestmark = [pytest.mark.clause("G7"), pytest.mark.server]

SHORT = {
    "limit.historyCount.suggestContinueAsNew": 60,
    "history.workflowIdReuseMinimalInterval": "0s",
}
"""A history is long after five objections. And a server whose clock runs ahead takes every run for
a young one, and would let the next wait a second before it begins."""


@pytest.fixture(scope="module")
async def short() -> AsyncIterator[Embedded]:
    """A server on which a history is long soon."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(limits, "LIMITS", {**limits.LIMITS, **SHORT})
        async with quick_server() as running:
            yield running


@pytest.fixture
async def stage(short: Embedded, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A stage of its own on it, whose counties have their schedules."""
    settings = settings_in(tmp_path_factory.mktemp("runs"))
    async with set_stage(await apart(short.client), settings, max_cached_workflows=0) as stage:
        yield stage


@pytest.fixture
def cli(stage: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The command line of the stage."""
    client = stage.desk.client
    monkeypatch.setenv("EXITFLOW_HOME", str(stage.settings.home))
    monkeypatch.setenv("TEMPORAL_ADDRESS", client.service_client.config.target_host)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", client.namespace)
    monkeypatch.setenv("COLUMNS", "200")
    return Shell(capsys)


def objection(number: int) -> Objection:
    """One of many."""
    return Objection(id=f"o-{number}", text=f"第{number}户异议（合成）", objector="合成某人")


async def run_of(play: Play) -> str:
    """The run that goes on today."""
    return (await play.handle.describe()).run_id or ""


async def opened(stage: Stage) -> Play:
    """A county's case that waits for the city; its county has its schedule."""
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.rests()
    await make_schedules(stage.desk.client, stage.policy, stage.registry.overview())
    return play


async def objects(play: Play, more: int, first: int = 0) -> list[Receipt]:
    """Let people object until a case has gone on in so many more runs; their receipts."""
    seen, receipts = {await run_of(play)}, list[Receipt]()
    while len(seen) <= more:
        assert len(receipts) < 50
        said = objection(first + len(receipts))
        receipts.append(await play.stage.desk.object(play.case_id, said))
        await play.rests()
        seen.add(await run_of(play))
    return receipts


async def reset(play: Play) -> None:
    """As the mend of a case that was terminated says: ``--type LastWorkflowTask``."""
    client = play.stage.desk.client
    last = max(
        [
            event.event_id
            async for event in play.handle.fetch_history_events()
            if event.HasField("workflow_task_completed_event_attributes")
        ]
    )
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=play.case_id),
            workflow_task_finish_event_id=last,
            reason="mended",
            request_id="reset",
        )
    )


async def test_its_file_is_one_and_its_receipts_are_the_first(stage: Stage, cli: Shell) -> None:
    play = await opened(stage)
    receipts = await objects(play, 2)
    file = await play.file()
    assert [file[each.seq - 1].hash for each in receipts] == [each.hash for each in receipts]
    said = (await cli("case", play.case_id, "--ledger")).done()
    assert f"{len(file)} entries" in said
    assert "the chain is whole; the registry keeps the same" in said
    assert receipts[0].hash[:12] in said
    entry = (await cli("case", play.case_id, "--entry", receipts[0].seq, "--json")).json
    assert entry["hash"] == receipts[0].hash

    again = [await stage.desk.object(play.case_id, objection(each)) for each in (0, 1)]
    assert again == receipts[:2]
    another = objection(0).model_copy(update={"text": "别的异议（合成）"})
    with pytest.raises(Refused, match="already used for a different content"):
        await stage.desk.object(play.case_id, another)
    assert len(await play.file()) == len(file)
    assert await found(stage) == []


async def test_it_comes_to_rest_while_one_message_follows_another(stage: Stage) -> None:
    play = await opened(stage)

    async def sends(sender: int) -> None:
        for number in range(25):
            await stage.desk.object(play.case_id, objection(100 * sender + number))

    await asyncio.gather(*map(sends, range(2)))
    await play.rests()
    assert (await play.status()).open_count == 50
    numbers = [event.event_id async for event in events_of_every_run(play)]
    assert numbers.count(1) > 3  # the first of each run
    assert max(numbers) < 250


async def test_a_run_whose_opening_is_sealed_with_a_lost_key_waits_for_it(
    stage: Stage, tmp_path: Path
) -> None:
    """A run is sealed with the newest key of the worker that ended the one before."""
    play = await opened(stage)
    ahead = Ahead(stage, tmp_path)
    ahead.arrives()
    await anew(stage)
    await objects(play, 1)
    await goes_without(stage, ahead, play)
    assert all("key does not belong to this installation" in why for why in await wedged(play))
    ahead.arrives()
    await anew(stage)
    await play.has_entered(EntryKind.REFUSED)
    await play.act("C2")
    await play.reaches("C3")


async def test_a_rehearsal_comes_to_its_moment_with_a_later_run(
    stage: Stage, short: Embedded
) -> None:
    play = await opened(stage)
    await objects(play, 1)
    moment = await play.now() + timedelta(days=1)
    await Rehearsal(stage.desk, short).come_to(moment, [play.case_id])
    assert moment <= await play.now() < moment + timedelta(hours=1)


async def test_an_older_copy_is_brought_up_from_every_run(stage: Stage, tmp_path: Path) -> None:
    play = await opened(stage)
    await stage.desk.object(play.case_id, objection(1_000))
    await play.rests()
    copied(stage, tmp_path / "first.db")
    await objects(play, 1)
    copied(stage, tmp_path / "later.db")
    await objects(play, 1, 100)
    before = content(stage)
    for copied_as in ("first.db", "later.db"):
        await stage.crew.goes()
        restored(stage, tmp_path / copied_as)
        assert content(stage) != before
        done = await redone(stage)
        assert (done.cases, done.failed, done.ahead) == ((play.case_id,), {}, ())
        assert content(stage) == before
        await stage.crew.comes(max_cached_workflows=0)
    assert await found(stage) == []
    await play.withdraw()
    assert (await play.ends()).ending is Ending.WITHDRAWN
    await play.file()
    before = content(stage)
    assert (await redone(stage)).cases == ()
    with histories_read(stage) as asked:
        assert (await redone(stage)).cases == ()
    assert asked == {}
    restored(stage, tmp_path / "first.db")
    done = await redone(stage)
    assert (done.cases, done.failed) == ((play.case_id,), {})
    assert content(stage) == before


async def test_what_is_done_to_a_later_run_by_hand_is_found(stage: Stage) -> None:
    play = await opened(stage)
    await objects(play, 2)
    await stage.desk.object(play.case_id, objection(1_000))
    await play.rests()
    await play.handle.terminate()
    finding = await one(stage)
    assert finding.where == play.case_id
    assert "on the server it was terminated" in finding.what
    await reset(play)
    PLAYED.clear()  # a reset is a failed task of its case
    await play.act("C2")
    await play.reaches("C3")
    await play.rests()
    assert await found(stage) == []

    client = stage.desk.client
    await client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=play.case_id),
        )
    )
    PLAYED.clear()

    async def gone() -> bool:
        return bool(await found(stage))

    await eventually(gone, lambda: "the case is still there")
    assert "the server has no such case" in (await one(stage)).what
