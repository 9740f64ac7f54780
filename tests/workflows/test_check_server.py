"""`exitflow check` with a real server: what was done to cases there past their rules is found.

Cases of its own on a stage of its own; what is not as it should be is done by the server's API, as
anybody who reaches it can.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from temporalio import workflow
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowExecutionRequest,
    ResetWorkflowExecutionRequest,
)
from temporalio.client import (
    Client,
    ScheduleActionStartWorkflow,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.common import WorkflowIDReusePolicy
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from models.checks.findings import Finding
from models.offices import Division
from models.procedures import PROCEDURES
from models.rounds import Round
from operators.commands.running import make_schedules
from operators.desk.desk import Contradicted
from registry.database.engine import upgrade
from registry.desk import Registry
from tests.crew import apart
from tests.play import PATIENCE, PLAYED, Play, eventually
from tests.stage import Stage, at, set_stage, settings_in
from tests.tampering import foreign_entry, tampering
from workers import schedules
from workers.catalogue import TASK_QUEUE, WORKFLOWS
from workers.open_cases import Patience
from workers.server_check import server_part
from workflows.check import CheckWorkflow

pytestmark = pytest.mark.clause("G7")

AT_ONCE = Patience(
    attempts=3,
    waiting=timedelta(0),
    begun=timedelta(0),
    ended=timedelta(days=-3650),  # the clocks of cases run years ahead
    again=0.0,
)


@pytest.fixture
async def stage(server: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A stage in a namespace of its own: schedules and strangers are of one test alone."""
    client = await apart(server)
    async with set_stage(client, settings_in(tmp_path_factory.mktemp("checked"))) as stage:
        await make_schedules(stage.desk.client, stage.policy, stage.registry.overview())
        PLAYED.clear()  # what these tests do to cases would count as wedged
        yield stage
        PLAYED.clear()


async def found(stage: Stage, patience: Patience = AT_ONCE) -> list[Finding]:
    """What is wrong on the server."""
    engine = stage.settings.engine()
    try:
        said, findings = await server_part(stage.desk.client, stage.settings, engine, patience)
    finally:
        engine.dispose()
    assert said
    return findings


async def one(stage: Stage) -> Finding:
    """The one finding there is, with a mend."""
    (finding,) = await found(stage)
    assert finding.mend.endswith(".")
    return finding


async def opened(stage: Stage) -> Play:
    """A county's case that waits for an act; its county has its schedule."""
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    await make_schedules(stage.desk.client, stage.policy, stage.registry.overview())
    return play


async def test_cases_that_go_on_as_they_should_are_no_finding(stage: Stage) -> None:
    play = await opened(stage)
    withdrawn = await opened(stage)
    await withdrawn.withdraw()
    await withdrawn.ends()
    assert await found(stage) == []
    assert (await play.status()).step == "C2"


async def test_a_row_whose_id_no_case_has_does_not_end_the_check(stage: Stage) -> None:
    await opened(stage)
    with tampering(stage.settings) as connection:
        connection.execute(
            text(
                "INSERT INTO cases SELECT 'zz', procedure, subject_code, subject_name, year, "
                "region, step, round, waiting_for, deadline, overdue, open_objections, NULL, "
                "0, head, updated, NULL FROM cases LIMIT 1"
            )
        )
    assert await found(stage) == []


async def test_a_terminated_case_is_found(stage: Stage) -> None:
    play = await opened(stage)
    await play.handle.terminate()
    finding = await one(stage)
    assert finding.where == play.case_id
    assert "on the server it was terminated" in finding.what
    assert f"temporal workflow reset --workflow-id {play.case_id}" in finding.mend


async def test_a_deleted_case_is_found(stage: Stage) -> None:
    play = await opened(stage)
    client = stage.desk.client
    await client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=play.case_id),
        )
    )

    async def gone() -> bool:
        return bool(await found(stage))

    await eventually(gone, lambda: "the case is still there")
    finding = await one(stage)
    assert finding.where == play.case_id
    assert "the server has no such case" in finding.what


async def test_a_case_that_was_reset_and_forgot_entries_is_found(stage: Stage) -> None:
    play = await opened(stage)
    await play.act("C2")
    await play.reaches("C3")
    client = stage.desk.client
    history = await play.handle.fetch_history()
    first = next(
        event.event_id
        for event in history.events
        if event.HasField("workflow_task_completed_event_attributes")
    )
    await stage.crew.goes()
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=play.case_id),
            workflow_task_finish_event_id=first,
            reason="a test",
            request_id="reset",
        )
    )
    await stage.crew.comes()
    finding = next(each for each in await found(stage) if each.where == play.case_id)
    assert "another than the registry keeps" in finding.what or "has forgotten" in finding.what
    assert f"exitflow mend {play.case_id} --officer NAME --reason WHY" in finding.mend


async def test_a_case_whose_entries_are_refused_is_found_with_what_ends_it(stage: Stage) -> None:
    play = await opened(stage)
    await play.rests()
    foreign_entry(stage, play.case_id)
    with pytest.raises(Contradicted):
        await play.act("C2")

    async def failing() -> bool:
        return any("again and again" in each.what for each in await found(stage))

    await eventually(failing, lambda: "no activity fails yet")
    finding = next(each for each in await found(stage) if "again and again" in each.what)
    assert finding.where == play.case_id
    assert "the kept file stands" in finding.what
    assert f"exitflow mend {play.case_id} --officer NAME --reason WHY" in finding.mend
    assert "by itself" not in finding.mend


@workflow.defn(name="Stranger")
class Stranger:
    """A workflow of somebody else."""

    @workflow.run
    async def run(self) -> None:
        """Wait for ever."""
        await workflow.wait_condition(lambda: False)


@workflow.defn(name="CountyExit")
class Forged:
    """What answers in a case's stead."""

    @workflow.run
    async def run(self, opening: object) -> str:
        """At once."""
        return "exited"


async def test_a_stranger_under_the_id_of_a_case_is_found(stage: Stage) -> None:
    play = await opened(stage)
    await play.handle.terminate()
    await stage.desk.client.start_workflow(
        "Stranger",
        id=play.case_id,
        task_queue="another",
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
    )
    finding = await one(stage)
    assert finding.where == play.case_id
    assert "type Stranger has its id, and not CountyExit" in finding.what


async def test_a_case_on_another_queue_is_found(stage: Stage) -> None:
    play = await opened(stage)
    await play.handle.terminate()
    await stage.desk.client.start_workflow(
        "CountyExit",
        id=play.case_id,
        task_queue="another",
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
    )
    assert "runs on the task queue another" in (await one(stage)).what


async def test_a_case_that_a_stranger_answered_is_found(stage: Stage) -> None:
    play = await opened(stage)
    await play.handle.terminate()
    client = stage.desk.client
    await stage.crew.goes()
    async with Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[Forged],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        await client.execute_workflow(
            "CountyExit",
            None,
            id=play.case_id,
            task_queue=TASK_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        )
    await stage.crew.comes()
    finding = await one(stage)
    assert finding.where == play.case_id
    assert "somebody has started it again under the same id" in finding.what


async def test_a_squatted_id_is_found(stage: Stage) -> None:
    id = "county-exit/411523/2027"
    await stage.desk.client.start_workflow("Stranger", id=id, task_queue="another")
    await _visible(stage, id)
    finding = await one(stage)
    assert finding.where == id
    assert "the registry has admitted none" in finding.what


async def test_a_foreign_type_on_our_queue_is_found(stage: Stage) -> None:
    await stage.crew.goes()  # a worker of ours fails such a workflow at once
    await stage.desk.client.start_workflow("Stranger", id="stranger-1", task_queue=TASK_QUEUE)
    await _visible(stage, "stranger-1")
    (finding,) = [each for each in await found(stage) if each.where == "stranger-1"]
    assert "type Stranger runs on our task queue" in finding.what


def test_every_type_on_our_queue_is_of_a_case_or_begun_by_a_schedule(tmp_path: Path) -> None:
    policy = settings_in(tmp_path).load_policy()
    registered = {workflow._Definition.must_from_class(each).name for each in WORKFLOWS}
    planned = schedules.planned(policy, [Division(code="411523", name="合成县")])
    known = {each.workflow for each in PROCEDURES.values()} | {each.workflow for each in planned}
    assert registered - {None} == known


async def test_a_case_that_ended_here_and_runs_there_is_found(stage: Stage) -> None:
    play = await opened(stage)
    await play.withdraw()
    await play.ends()
    client = stage.desk.client
    await client.start_workflow(
        "CountyExit",
        id=play.case_id,
        task_queue="another",
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
    )
    await _visible(stage, play.case_id)
    finding = await one(stage)
    assert finding.where == play.case_id
    assert "on the server it still runs" in finding.what


async def test_an_activity_that_keeps_failing_is_found_with_its_reason(stage: Stage) -> None:
    play = await opened(stage)
    other = await opened(stage)
    for each in (play, other):
        stage.outages.begin(each.case_id, "county_counted", again_in=timedelta(seconds=0.1))
        await each.act("C2")

    async def failing() -> bool:
        said = [each.where for each in await found(stage) if "again and again" in each.what]
        return any(play.case_id in where and other.case_id in where for where in said)

    await eventually(failing, lambda: "no activity fails yet")
    finding = next(each for each in await found(stage) if "again and again" in each.what)
    assert finding.what == "the activity county_counted fails again and again: out of reach"
    for each in (play, other):
        stage.outages.end(each.case_id)


async def test_a_queue_that_no_worker_asks_is_said(
    server: Client, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = settings_in(tmp_path_factory.mktemp("nobody"))
    engine = settings.engine()
    upgrade(engine)
    client = await apart(server)
    await make_schedules(client, settings.load_policy(), Registry(engine).overview())
    _, found = await server_part(client, settings, engine, AT_ONCE)
    assert [each.where for each in found] == [
        "task queue exitflow",
        "task queue exitflow-activities",
    ]
    assert all("exitflow worker" in each.mend for each in found)
    engine.dispose()


# -- schedules --------------------------------------------------------------------------------


async def test_schedules_that_were_deleted_paused_or_changed_are_found(stage: Stage) -> None:
    await opened(stage)
    client = stage.desk.client
    province = stage.policy.province
    await client.get_schedule_handle(f"supervision/{province}").delete()
    await client.get_schedule_handle(f"check/{province}").pause(note="不查了")
    ids = [each.id async for each in await client.list_schedules()]
    follow_up = next(id for id in ids if id.startswith("follow-up/"))

    def elsewhere(known: ScheduleUpdateInput) -> ScheduleUpdate:
        action = known.description.schedule.action
        assert isinstance(action, ScheduleActionStartWorkflow)
        action.args = [Round(region="000000")]
        return ScheduleUpdate(known.description.schedule)

    await client.get_schedule_handle(follow_up).update(elsewhere)
    planned = schedules.planned(stage.policy, [])[0]
    await client.create_schedule("another", planned.schedule())

    async def seen() -> bool:
        return "another" in {each.id async for each in await client.list_schedules()}

    await eventually(seen, lambda: "the schedule is not listed yet")
    told = {each.where.removeprefix("schedule "): each for each in await found(stage)}
    assert set(told) == {f"supervision/{province}", f"check/{province}", follow_up, "another"}
    assert "is missing" in told[f"supervision/{province}"].what
    assert "is paused ('不查了')" in told[f"check/{province}"].what
    assert "begins other rounds than the policy wants" in told[follow_up].what
    assert "nobody planned it, and it starts Check" in told["another"].what


# -- each night ---------------------------------------------------------------------------------


async def test_the_nightly_check_keeps_what_it_finds_and_tells_the_province(stage: Stage) -> None:
    play = await opened(stage)
    await play.handle.terminate()
    client = stage.desk.client
    await schedules.begin(client, f"check/{stage.policy.province}")
    engine = stage.settings.engine()
    checks = stage.settings.checks(engine)

    async def kept() -> bool:
        return checks.last() is not None

    await eventually(kept, lambda: "no check was kept")
    report = checks.last()
    assert report is not None
    assert [each.where for each in report.findings] == [play.case_id]
    log = stage.settings.home / "notifications.jsonl"

    async def told() -> bool:
        return "【核查】" in log.read_text(encoding="utf-8")

    await eventually(told, lambda: "nobody was told")
    assert "发现1处不符" in log.read_text(encoding="utf-8")
    engine.dispose()


async def test_a_check_that_nobody_hears_of_yet_has_ended_all_the_same(stage: Stage) -> None:
    play = await opened(stage)
    await play.handle.terminate()
    client, id = stage.desk.client, f"round/check/{stage.policy.province}-away"
    log = stage.settings.home / "notifications.jsonl"
    log.unlink(missing_ok=True)
    log.mkdir()  # a channel that takes nothing
    with stage.skipper.with_time_skipping_disabled():
        check = await client.start_workflow(
            CheckWorkflow.run, Round(region=stage.policy.province), id=id, task_queue=TASK_QUEUE
        )
    async with asyncio.timeout(PATIENCE):
        done = await check.result()
    assert done.total == 1
    (unreached,) = stage.registry.unreached(id)
    assert (unreached.topic, unreached.error) == ("核查", None)
    engine = stage.settings.engine()
    report = stage.settings.checks(engine).last()
    engine.dispose()
    assert report is not None
    assert [each.where for each in report.findings] == [play.case_id]


async def _visible(stage: Stage, id: str) -> None:
    async def seen() -> bool:
        query = f"WorkflowId = '{id}' AND ExecutionStatus = 'Running'"
        return bool([each async for each in stage.desk.client.list_workflows(query)])

    await eventually(seen, lambda: f"{id} is not listed")
