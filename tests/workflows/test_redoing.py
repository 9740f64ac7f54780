"""A registry restored from an older copy: what it lacks is done again, as the server remembers."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from models.case.ledger import EntryKind
from models.case.messages import Ending
from tests.restored import content, copied, files, redone, restored
from tests.roster_stage import opens_roster, stands, strikes_off
from tests.stage import Stage, at
from tests.supervision_stage import inspects, inspects_directly, opening, put_exited
from tests.tampering import tampering

pytestmark = pytest.mark.clause("G7")


@pytest.mark.server
async def test_a_registry_restored_from_an_older_copy(own_stage: Stage, tmp_path: Path) -> None:
    stage = own_stage
    county = await stage.opens(at(11, 16), direct=True, tier="provincial")
    roster = await opens_roster(stage, at(11, 16), 3)
    quiet = await stage.opens(at(11, 16))
    for play, step in ((county, "C3"), (roster, "H2"), (quiet, "C2")):
        await play.reaches(step)
        await play.rests()
    code = stage.county()  # what commands loaded since the copy has to be loaded again by hand
    copied(stage, tmp_path / "copy.db")
    late = await stage.opens_for(code, at(11, 16))
    await late.reaches("C2")
    await county.object("举报（合成）", id="o-1")
    await county.resolve("o-1", "dismissed")
    await county.pass_until("C7")
    await county.act("C7", document_number="合成〔9〕号")
    assert (await county.ends()).ending is Ending.EXITED
    await roster.verify()
    await roster.consent()
    await stands(roster, posted=3)
    await roster.end_notice()
    await strikes_off(roster, 3)
    await roster.ends()
    for play in (county, roster, late, quiet):
        await play.file()
    before, out = content(stage), files(stage)

    await stage.crew.goes()
    restored(stage, tmp_path / "copy.db")
    for file in stage.settings.notices_folder.iterdir():
        file.unlink()
    assert content(stage) != before
    done = await redone(stage)
    assert set(done.cases) == {county.case_id, roster.case_id, late.case_id}
    assert (done.ahead, done.failed) == ((), {})
    assert content(stage) == before
    assert files(stage) == out
    # Nothing is done a second time, and the cases go on.
    again = await redone(stage)
    assert (again.files, again.cases, again.orders) == (0, (), 0)
    await stage.crew.comes()
    await late.act("C2")
    await late.reaches("C3")
    await late.file()
    assert stage.registry.contradiction(late.case_id) is None


async def test_what_the_file_says_is_out_comes_out_again(lone_stage: Stage) -> None:
    stage = lone_stage
    play = await stage.opens(at(11, 16), direct=True, tier="provincial")
    await play.pass_until("C7")
    await play.act("C7", document_number="合成〔9〕号")
    await play.ends()
    await play.file()
    before, out = content(stage), files(stage)
    notice, announcement = stage.registry.notices(play.case_id)
    for each in stage.settings.notices_folder.glob("*.html"):
        each.unlink()
    done = await redone(stage)
    assert (done.files, done.cases) == (2, ())
    assert files(stage) == out

    with tampering(stage.settings) as connection:
        connection.execute(text("DELETE FROM notices"))
        connection.execute(text("DELETE FROM county_status WHERE case_id IS NOT NULL"))
        connection.execute(text("UPDATE county_status SET until = NULL"))
    done = await redone(stage)
    assert (done.cases, done.failed) == ((play.case_id,), {})
    assert content(stage) == before
    assert files(stage) == out
    assert stage.registry.notices(play.case_id) == (notice, announcement)
    (entry,) = await play.entries(EntryKind.NOTICE)
    assert entry.data["notice"]["sha256"] == notice.sha256  # type: ignore[index,call-overload]


async def test_what_cannot_be_done_again_is_named_and_holds_up_nobody(lone_stage: Stage) -> None:
    stage = lone_stage
    plays = [await stage.opens(at(11, 16)) for _ in range(2)]
    for play in plays:
        await play.reaches("C2")
        await play.file()
    first, second = plays
    with tampering(stage.settings) as connection:
        # Another file under the id of the one, none under that of the other.
        connection.execute(
            text("UPDATE ledger_entries SET hash = 'x' WHERE case_id = :id AND seq = 1"),
            {"id": first.case_id},
        )
        for table in ("indicators", "outbox", "deliveries", "ledger_entries"):
            connection.execute(
                text(f"DELETE FROM {table} WHERE case_id = :second OR (case_id = :first "
                     "AND seq > 1)"),
                {"first": first.case_id, "second": second.case_id},
            )  # fmt: skip
        connection.execute(
            text("UPDATE cases SET entries = 1 WHERE case_id = :id"), {"id": first.case_id}
        )
        for table in ("limits_in_force", "cases"):
            gone = f"DELETE FROM {table} WHERE case_id = :id"
            connection.execute(text(gone), {"id": second.case_id})
    done = await redone(stage)
    assert set(done.cases) == {first.case_id, second.case_id}
    assert list(done.failed) == [first.case_id]
    assert "the kept file stands" in done.failed[first.case_id]
    assert stage.registry.contradiction(first.case_id) is not None
    await second.file()


async def test_what_was_not_admitted_is_not_asked_again(
    lone_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = lone_stage
    made = put_exited(stage)
    right = opening(stage, made.county, at(4, 1))
    county = right.subject.model_copy(update={"name": "别名县"})
    play = await inspects_directly(stage, right.model_copy(update={"subject": county}), at(4, 1))
    assert (await play.ends()).ending is Ending.NOT_ADMITTED
    done = await redone(stage)
    assert (done.cases, done.failed) == ((), {})
    monkeypatch.setattr("registry.checks.restoring._lacking", lambda _: frozenset({play.case_id}))
    done = await redone(stage)
    assert (done.cases, done.orders) == ((play.case_id,), 0)
    assert "still lacks something" in done.failed[play.case_id]
    assert stage.registry.case_rows() == ()


async def test_the_sample_is_the_one_that_was_inspected(lone_stage: Stage, tmp_path: Path) -> None:
    stage = lone_stage
    made = put_exited(stage, households=12)
    copied(stage, tmp_path / "copy.db")
    play = await inspects(stage, made.county, at(4, 1), households=5)
    await play.drawn()
    await play.file()
    before = content(stage)
    await stage.crew.goes()
    restored(stage, tmp_path / "copy.db")
    done = await redone(stage)
    assert (done.cases, done.failed) == ((play.case_id,), {})
    assert content(stage) == before


@workflow.defn(name="Stranger")
class _Stranger:
    @workflow.run
    async def run(self) -> None:
        """Take an answer that nobody has sealed."""
        await workflow.execute_activity(
            "write_ledger", 1, start_to_close_timeout=timedelta(seconds=10)
        )


@activity.defn(name="write_ledger")
async def _answered(given: int) -> int:
    return given


@pytest.mark.server
async def test_a_stranger_on_the_server_holds_up_nobody(own_stage: Stage) -> None:
    ours = own_stage.desk.client
    client = Client(ours.service_client, namespace=ours.namespace)
    squatted = "county-exit/413199/2027"
    async with Worker(
        client,
        task_queue="another",
        workflows=[_Stranger],
        activities=[_answered],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        for id in (squatted, "stranger-1"):
            await client.execute_workflow("Stranger", id=id, task_queue="another")
    done = await redone(own_stage)
    assert done.cases == (squatted,)
    assert "not sealed" in done.failed[squatted]
