"""`exitflow check` and cases that somebody holds up on the server without ending them (G7).

What is done here by the server's API and command line, anybody who reaches it can do; the mends
that findings name are carried out word by word.
"""

import asyncio
import shlex
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.deployment.v1 import WorkerDeploymentOptions, WorkerDeploymentVersion
from temporalio.api.enums.v1 import WorkerVersioningMode
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import VersioningOverride, WorkflowExecutionOptions
from temporalio.api.workflowservice.v1 import (
    PollActivityTaskQueueRequest,
    PollWorkflowTaskQueueRequest,
    UpdateWorkflowExecutionOptionsRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError

from models.case.ledger import EntryKind
from models.checks.findings import Finding
from models.periods import BEIJING
from registry.checks.open_files import OpenFile
from tests.crew import apart
from tests.play import PATIENCE, Play, eventually
from tests.stage import Stage, application, figures, set_stage, settings_in
from workers.catalogue import ACTIVITY_QUEUE, TASK_QUEUE
from workers.open_cases import Patience
from workers.server_check import server_part, whose_turn

pytestmark = pytest.mark.clause("G7")

TODAY = datetime.now(BEIJING)


@pytest.fixture
async def stage(server: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A stage in a namespace of its own: what strangers do there is of one test alone."""
    client = await apart(server)
    async with set_stage(client, settings_in(tmp_path_factory.mktemp("held-up"))) as stage:
        yield stage


async def about(play: Play, patience: Patience | None = None) -> Finding | None:
    """What the check finds of a case."""
    stage = play.stage
    engine = stage.settings.engine()
    try:
        _, found = await server_part(stage.desk.client, stage.settings, engine, patience)
    finally:
        engine.dispose()
    return next((each for each in found if play.case_id in each.where), None)


async def found(play: Play, patience: Patience | None = None) -> Finding:
    """The same, as soon as it finds anything."""

    async def there() -> bool:
        return await about(play, patience) is not None

    await eventually(there, lambda: "nothing is found")
    finding = await about(play, patience)
    assert finding is not None
    return finding


async def told(play: Play, words: str) -> None:
    """Carry out a command of a mend, as somebody at the machine would."""
    program, *rest = shlex.split(words)
    client = play.stage.desk.client
    assert program == "temporal"
    command = [str(Path(sys.executable).parent / program), *rest]
    command += ["--address", client.service_client.config.target_host]
    command += ["--namespace", client.namespace]
    running = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await running.communicate()
    assert running.returncode == 0, said.decode()


async def mended(play: Play, finding: Finding) -> None:
    """Do what a finding says, word by word."""
    for part in finding.mend.split(": ", 1)[1].split("; ")[0].rstrip(".").split(", then "):
        await told(play, part)


async def opened(stage: Stage) -> Play:
    """A case of today: the server wakes nothing in time on a clock that was skipped ahead."""
    code, year = stage.county(), TODAY.year
    stage.registry.add_plan(year, code, "synthetic plan")
    given = application(code, year=year, figures=figures(as_of=date(year, 1, 1)))
    with stage.skipper.with_time_skipping_disabled():
        case_id = await stage.desk.open(given)
    play = Play(stage, case_id, code)
    await play.reaches("C2")
    await play.rests()
    return play


async def stuck(stage: Stage, again_in: timedelta) -> Play:
    """A case whose next entries a worker was to keep, and has failed to, for so long."""
    play = await opened(stage)
    stage.outages.begin(play.case_id, "write_ledger", again_in=again_in)
    await play.signal("object", {"id": "first", "text": "道路未通（合成）"})

    async def felt() -> bool:
        return stage.outages.felt(play.case_id, "write_ledger")

    await eventually(felt, lambda: "nothing was tried")
    stage.outages.end(play.case_id)
    return play


async def test_an_activity_that_was_put_off_for_years_is_found_and_woken(stage: Stage) -> None:
    play = await stuck(stage, timedelta(days=3000))
    finding = await found(play)
    assert "its activity write_ledger was put off, until 20" in finding.what
    await mended(play, finding)
    await play.file()  # the registry has all of it
    assert await about(play) is None


async def test_an_activity_that_waits_as_our_own_policies_let_it_is_no_finding(
    stage: Stage,
) -> None:
    play = await stuck(stage, timedelta(minutes=1))
    assert await about(play) is None
    # One that is under way for long brings the registry nothing.
    finding = await found(play, replace(Patience(), bringing=-timedelta(minutes=2), again=0.0))
    assert "nothing that is under way brings the rest" in finding.what


async def test_an_activity_whose_tries_were_spread_is_found_and_woken(stage: Stage) -> None:
    play = await stuck(stage, timedelta(minutes=1))
    (activity,) = (await play.handle.describe()).raw_description.pending_activities
    which = f"--workflow-id {play.case_id} --activity-id {activity.activity_id}"
    later = "--retry-initial-interval 72000h --retry-maximum-interval 72000h"
    await told(play, f"temporal activity update-options {which} {later}")
    finding = await found(play)
    assert "was put off, until 20" in finding.what
    await mended(play, finding)
    await play.file()  # the registry has all of it


async def test_an_activity_that_was_moved_to_another_queue_is_found_and_done(stage: Stage) -> None:
    play = await stuck(stage, timedelta(minutes=1))
    (activity,) = (await play.handle.describe()).raw_description.pending_activities
    which = f"--workflow-id {play.case_id} --activity-id {activity.activity_id}"
    await told(play, f"temporal activity update-options {which} --task-queue nowhere")
    finding = await found(play)
    assert "was moved to the queue nowhere" in finding.what
    await mended(play, finding)
    await play.file()  # the registry has all of it


async def test_an_activity_that_a_stranger_took_and_keeps_is_found_and_done(stage: Stage) -> None:
    play = await stuck(stage, timedelta(seconds=20))
    client = stage.desk.client
    await stage.crew.goes()
    (activity,) = (await play.handle.describe()).raw_description.pending_activities
    which = f"--workflow-id {play.case_id} --activity-id {activity.activity_id}"
    await told(play, f"temporal activity update-options {which} --start-to-close-timeout 72000h")
    taken = await client.workflow_service.poll_activity_task_queue(
        PollActivityTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=ACTIVITY_QUEUE),
            identity="stranger",
        ),
        timeout=timedelta(seconds=60),
    )
    assert taken.workflow_execution.workflow_id == play.case_id
    await stage.crew.comes()
    finding = await found(play, replace(Patience(), held=timedelta(0)))
    assert "was taken by stranger at 20" in finding.what
    await mended(play, finding)

    async def given_back() -> bool:
        entries = stage.registry.ledger(play.case_id)
        return any(entry.kind == EntryKind.OBJECTION for entry in entries)

    # The stranger's attempt ends a minute after it was taken, as every attempt does.
    await eventually(given_back, lambda: "the stranger still has it", 2 * PATIENCE)
    await play.file()  # the registry has all of it


async def test_a_case_that_is_bound_to_no_worker_is_found_and_let_go(stage: Stage) -> None:
    play = await opened(stage)
    await _bind(play)
    await play.signal("object", {"id": "first", "text": "道路未通（合成）"})
    finding = await found(play)
    assert "somebody has bound it to nowhere 1 by hand" in finding.what
    await mended(play, finding)
    await play.has_entered(EntryKind.OBJECTION)
    assert await about(play) is None


async def _bind(play: Play) -> None:
    """Pin a case to a version of workers that exists, and that nobody runs any more."""
    client = play.stage.desk.client
    nowhere = WorkerDeploymentVersion(deployment_name="nowhere", build_id="1")
    polling = asyncio.create_task(
        client.workflow_service.poll_workflow_task_queue(
            PollWorkflowTaskQueueRequest(
                namespace=client.namespace,
                task_queue=TaskQueue(name=TASK_QUEUE),
                identity="stranger",
                deployment_options=WorkerDeploymentOptions(
                    deployment_name="nowhere",
                    build_id="1",
                    worker_versioning_mode=WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED,
                ),
            ),
            timeout=timedelta(seconds=60),
        )
    )

    async def bound() -> bool:
        pin = VersioningOverride.PinnedOverride(
            behavior=VersioningOverride.PINNED_OVERRIDE_BEHAVIOR_PINNED, version=nowhere
        )
        options = WorkflowExecutionOptions(versioning_override=VersioningOverride(pinned=pin))
        try:
            await client.workflow_service.update_workflow_execution_options(
                UpdateWorkflowExecutionOptionsRequest(
                    namespace=client.namespace,
                    workflow_execution=WorkflowExecution(workflow_id=play.case_id),
                    workflow_execution_options=options,
                    update_mask=FieldMask(paths=["versioning_override"]),
                )
            )
        except RPCError:  # until the server has heard of that version
            return False
        return True

    try:
        await eventually(bound, lambda: "the case is not bound")
    finally:
        polling.cancel()


def test_every_case_is_asked_within_some_nights_and_reset_ones_each_night() -> None:
    now = datetime.now(UTC)
    files = [OpenFile(f"county-exit/41{n:04}/2026", True, 1, "", now, None) for n in range(1000)]
    those = [(n % 100 == 7, file) for n, file in enumerate(files)]
    asked: set[OpenFile] = set()
    for night in range(6):
        turn = whose_turn(those, date(2026, 11, 30) + timedelta(days=night), 200)
        assert len(turn) == len(set(turn)) == 200
        assert {file for was_reset, file in those if was_reset} <= set(turn)
        asked |= set(turn)
    assert asked == set(files)
    assert whose_turn(those[:3], date(2026, 11, 30), 200) == files[:3]
