"""A case whose own file contradicts the kept one (G7) says so, and goes on with that one."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import text
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import ResetReapplyExcludeType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest

from models.case.ledger import Entry, EntryKind
from models.case.mending import Mending
from models.case.messages import Ending
from operators.desk.desk import Contradicted
from operators.desk.errors import NoAnswer, Refused
from registry.checks.restoring import Restoring
from registry.database.engine import reading
from registry.tables import ObjectionRow
from tests.play import PATIENCE, PLAYED, Play, as_told, eventually
from tests.replays import replay
from tests.restored import on_server_file, resumed
from tests.stage import Stage, at
from tests.tampering import foreign_entry, tampering
from workers.catalogue import activities
from workers.redoing import redo

pytestmark = pytest.mark.clause("G7")

ASKED = Mending(officer="某己", reason="服务器自较旧备份恢复（合成）")


async def forgets(play: Play, since: Entry, *, reapply: bool = False) -> None:
    """Reset a case to where it had only the entries up to one, as of when that was written.

    Args:
        reapply: Send it again what it was sent since, as the server does where nobody forbids it.
    """
    done = []
    async for event in play.handle.fetch_history_events():
        if event.event_time.ToDatetime(since.at.tzinfo) > since.at:
            break
        if event.HasField("workflow_task_completed_event_attributes"):
            done.append(event.event_id)
    nothing = [
        ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL,
        ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE,
    ]
    client = play.stage.desk.client
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=play.case_id),
            reason="by mistake",
            workflow_task_finish_event_id=done[-1],
            request_id="reset",
            reset_reapply_exclude_types=[] if reapply else nothing,
        )
    )
    PLAYED.remove(play)  # a reset stands in the history as a task that failed


async def contradicted(play: Play) -> str:
    """Wait until the registry has noted that a case contradicts its kept file."""
    registry = play.stage.registry

    async def noted() -> bool:
        return registry.contradiction(play.case_id) is not None

    await eventually(noted)
    found = registry.contradiction(play.case_id)
    assert found is not None
    (row,) = [each for each in registry.case_rows() if each.case_id == play.case_id]
    assert row.contradicted == found
    return found.said


async def replays(play: Play) -> None:
    """What was mended is mended the same in every replay."""
    history = await play.history()
    entries = (await replay(history)).entries
    kept = {entry.seq: entry.hash for entry in play.stage.registry.ledger(play.case_id)}
    mended = max(n for n, each in enumerate(entries) if each.kind is EntryKind.CONTRADICTED)
    assert [kept[each.seq] for each in entries[mended:]] == [each.hash for each in entries[mended:]]


@pytest.mark.server
async def test_a_case_reset_to_an_earlier_task(own_stage: Stage) -> None:
    play = await own_stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.rests()
    before = (await play.file())[-1]
    receipt = await play.act("C2", id="first")
    await play.reaches("C3")
    await play.rests()
    kept = await play.file()

    await forgets(play, before)
    await play.reaches("C2")
    with pytest.raises(Contradicted, match="what it answers would not hold"):
        await play.object(id="o-1")
    assert "the kept file stands" in await contradicted(play)
    with pytest.raises(Contradicted, match=f"`exitflow mend {play.case_id}` lets it go on"):
        await play.act("C2", id="second")

    mended = await play.stage.desk.mend(play.case_id, ASKED)
    entry = next(each for each in mended if each.kind is EntryKind.CONTRADICTED)
    assert entry.data["officer"] == "某己"
    told = [Entry.model_validate(each) for each in entry.data["entries"]]  # type: ignore[union-attr]
    assert told
    assert own_stage.registry.contradiction(play.case_id) is None
    # What was kept stays as it was, and the receipt that was given for it holds.
    entries = await play.file()
    assert entries[: len(kept)] == kept
    # Nothing was decided twice: the act that was forgotten is the one of its step, as it is kept.
    assert await play.act("C2", id="first") == receipt
    await play.reaches("C3")
    await replays(play)
    for objection in (await play.status()).open_objections:
        await play.resolve(objection, "dismissed")  # the case had taken it in
    await play.pass_until("C7")
    await play.act("C7", document_number="合成〔9〕号")
    assert (await play.ends()).ending is Ending.EXITED
    # What the kept file has told is not told again, but for the step that the case opens once more.
    said = [each["subject"] for entry in await play.file() for each in as_told(entry)]
    asked = Counter(subject.split("年度：")[1] for subject in said)
    assert asked["C2 市级初审待办"] == 1
    offices = {line["recipient"]["office"] for line in play.told("办理")}
    assert offices == {play.office(step) for step in ("C2", "C3", "C6", "C7")}


@pytest.mark.server
async def test_a_reset_that_sends_everything_again(own_stage: Stage) -> None:
    """What the server sends again has other times: no entry of it is the kept one."""
    play = await own_stage.opens(at(11, 16), direct=True)
    await play.reaches("C3")
    await play.rests()
    before = (await play.file())[-1]
    await play.act("C3", id="first")
    await play.reaches("C4")
    objection = await play.object()
    await play.rests()
    kept = await play.file()
    await forgets(play, before, reapply=True)
    await contradicted(play)
    await own_stage.desk.mend(play.case_id, ASKED)
    entries = await play.file()
    assert entries[: len(kept)] == kept
    assert [each.kind for each in entries].count(EntryKind.ACT) == 1
    assert not await play.refused()
    seen = await play.reaches("C4")
    assert seen.open_objections == (objection,)
    await play.resolve(objection, "dismissed")
    await replays(play)
    await play.pass_until("C5")


async def test_a_server_restored_from_an_older_copy(tmp_path: Path) -> None:
    home, copy = tmp_path, tmp_path / "copy"
    async with on_server_file(home) as stage:
        goes_on = await stage.opens(at(11, 16), direct=True)
        withdrawn = await stage.opens(at(11, 16), direct=True)
        for play in (goes_on, withdrawn):
            await play.reaches("C3")
            await play.rests()
    copy.mkdir()
    for file in home.glob("temporal.db*"):
        shutil.copy(file, copy)
    PLAYED.clear()
    async with on_server_file(home) as stage:
        goes_on, withdrawn = resumed(stage, goes_on), resumed(stage, withdrawn)
        receipt = await goes_on.act("C3", id="first")
        await goes_on.reaches("C4")
        await goes_on.object(id="o-1")
        await withdrawn.withdraw()
        assert (await withdrawn.ends()).ending is Ending.WITHDRAWN
        await goes_on.rests()
        kept = [await play.file() for play in (goes_on, withdrawn)]
    for file in home.glob("temporal.db*"):
        file.unlink()
    for file in copy.iterdir():
        shutil.copy(file, home)
    PLAYED.clear()
    async with on_server_file(home) as stage:
        goes_on, withdrawn = resumed(stage, goes_on), resumed(stage, withdrawn)
        # A worker that starts finds out who has forgotten its file, before anybody acts on it.
        done = await redo(
            stage.desk.client,
            Restoring(stage.settings.engine(), stage.settings.notices_folder),
            activities(stage.settings),
        )
        assert set(done.ahead) == {goes_on.case_id, withdrawn.case_id}
        assert (done.cases, done.orders, done.failed) == ((), 0, {})
        for play in (goes_on, withdrawn):
            assert (await play.status()).step == "C3"
            with pytest.raises(Contradicted, match="it has forgotten its entries"):
                await play.act("C3", "return", id="second", reason="补件", return_to="C1")
            await stage.desk.mend(play.case_id, ASKED)
        # It has ended by its kept file, and does not begin to end again.
        assert (await withdrawn.ends()).ending is Ending.WITHDRAWN
        entries = await withdrawn.file()
        assert entries[: len(kept[1])] == kept[1]
        assert [each.kind for each in entries].count(EntryKind.CLOSED) == 1
        # The check has its act again, and its receipt; the notice stands for its days again.
        entries = await goes_on.file()
        assert entries[: len(kept[0])] == kept[0]
        assert await goes_on.act("C3", id="first") == receipt
        seen = await goes_on.reaches("C4")
        assert seen.open_objections == ("o-1",)
        await goes_on.resolve("o-1", "dismissed")
        await goes_on.pass_until("C7")
        await goes_on.act("C7", document_number="合成〔9〕号")
        assert (await goes_on.ends()).ending is Ending.EXITED
        for play in (goes_on, withdrawn):
            await replays(play)
    PLAYED.clear()  # their server has gone


async def test_what_a_case_said_otherwise_still_counts(lone_stage: Stage) -> None:
    play = await lone_stage.opens(at(11, 16), direct=True)
    await play.reaches("C3")
    await play.rests()
    foreign_entry(lone_stage, play.case_id)
    await play.update("object", {"id": "o-1", "text": "道路未通（合成）"})
    await play.update("act", play.message("C3", id="first"))
    await contradicted(play)
    await lone_stage.desk.mend(play.case_id, ASKED)
    (entry,) = await play.entries(EntryKind.CONTRADICTED)
    assert entry.data["kept"] == 1
    receipt = await play.act("C3", id="first")
    assert (receipt.seq, receipt.hash) == (entry.seq, entry.hash)
    await play.reaches("C4")
    await play.resolve("o-1", "dismissed")
    await replays(play)
    # The registry carries its notice and its change by what is kept so.
    await play.pass_until("C7")
    await play.act("C7", document_number="合成〔9〕号")
    assert (await play.ends()).ending is Ending.EXITED
    with reading(lone_stage.settings.engine()) as session:
        assert session.get_one(ObjectionRow, (play.case_id, "o-1")).finding == "dismissed"


async def test_a_kept_file_that_is_not_whole_is_not_taken(lone_stage: Stage) -> None:
    play = await lone_stage.opens(at(11, 16), direct=True)
    await play.reaches("C3")
    await play.rests()
    kept = await play.file()
    lone_stage.outages.begin(play.case_id, "write_ledger")
    with tampering(lone_stage.settings) as connection:
        connection.execute(
            text("UPDATE ledger_entries SET content = replace(content, '某甲', '某丁')")
        )
    await play.handle.execute_update("mend", ASKED.content())
    await play.reaches("C3")
    own = await lone_stage.desk.ledger(play.case_id)
    assert own[: len(kept)] == kept
    assert EntryKind.CONTRADICTED not in [entry.kind for entry in own]


async def test_a_case_that_agrees_has_nothing_to_mend(lone_stage: Stage) -> None:
    play = await lone_stage.opens(at(11, 16), direct=True)
    await play.reaches("C3")
    await play.rests()
    before = await play.file()
    assert await lone_stage.desk.mend(play.case_id, ASKED) == []
    assert await play.file() == before
    # Anybody may ask, and each look takes room in the history.
    said = set[str]()

    async def is_refused() -> bool:
        try:
            await lone_stage.desk.mend(play.case_id, ASKED)
        except Refused as refused:
            said.add(str(refused))
        except NoAnswer:  # a worker with much to do
            return False
        return "its file is as it is kept" in said

    await eventually(is_refused, within=5 * PATIENCE)
    assert "officer" in await play.update("mend", {"officer": "", "reason": "合成", "more": 1})
