"""What comes by no door of a case: foreign workflows, calls and openings, and what comes too early.

On the real server, as anybody who reaches it can.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, delete, select, update
from temporalio import workflow
from temporalio.client import (
    ActivityFailureError,
    WithStartWorkflowOperation,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy

from models.case.ledger import EntryKind
from models.case.messages import Ending, Receipt
from models.county.messages import CountyOpening
from models.periods import BEIJING
from operators.desk.desk import Refused
from registry.database.engine import reading
from registry.tables import CaseRow, DeliveryRow, EntryRow, IndicatorRow, OutboxRow, StatusRow
from tests.activities.registry_cases import File, change
from tests.play import Play, eventually, not_admitted
from tests.stage import YEAR, Stage, application, at
from tests.unguarded import unguarded
from workers.catalogue import ACTIVITY_QUEUE, TASK_QUEUE, WORKFLOWS
from workflows.county_exit import CountyExitWorkflow

pytestmark = pytest.mark.clause("G7")

NAMES = {str(workflow._Definition.must_from_class(each).name) for each in WORKFLOWS}
"""What our task queue takes."""


def opening_of(stage: Stage, code: str, **changes: Any) -> CountyOpening:
    """What the desk would open a county's case with."""
    values: dict[str, Any] = {
        "case_id": f"county-exit/{code}/{YEAR}",
        "application": application(code),
        "subject": stage.known(code),
        "policy": stage.policy,
    }
    return CountyOpening(**(values | changes))


# -- the policy and the time that an opening brings ----------------------------------------------


@pytest.mark.clause("S3", "S5")
async def test_an_opening_with_another_threshold_is_not_admitted(stage: Stage) -> None:
    """2.9997 % of the poor, in a province whose threshold is 2 %."""
    rule = stage.policy.standards.model_copy(update={"incidence_below_percent": 3})
    policy = stage.policy.model_copy(update={"standards": rule})
    begins, code = at(11, 16), stage.county()
    play = await stage.opens_directly(opening_of(stage, code, policy=policy), begins)
    said = await not_admitted(play, "C1")
    assert said == (
        "policy henan-2016: the case was opened with another one than this installation has under "
        "that id (it differs in standards)"
    )
    again = await stage.opens_for(code, begins)  # it has used up no attempt
    assert again.case_id == play.case_id
    await again.reaches("C2")


async def test_a_policy_that_nobody_has_here_is_not_admitted(stage: Stage) -> None:
    policy = stage.policy.model_copy(update={"id": "elsewhere-2016"})
    code = stage.county()
    play = await stage.opens_directly(opening_of(stage, code, policy=policy), at(11, 16))
    assert await not_admitted(play, "C1") == (
        "policy elsewhere-2016: this installation works under henan-2016"
    )


async def test_a_case_keeps_its_policy_whole_with_its_digest(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    (opened,) = await play.entries(EntryKind.OPENED)
    assert opened.seq == 1
    assert opened.data["policy_sha256"] == stage.policy.sha256
    assert type(stage.policy).model_validate(opened.data["policy"]) == stage.policy


@pytest.mark.parametrize("name", ["{place:>9999999999}组", "{place.__class__}组", "{place[0]}组"])
async def test_a_name_is_no_format(stage: Stage, name: str) -> None:
    """It would take all memory, or tell of what stands behind a name: the opening is unreadable."""
    code = stage.county()
    content = opening_of(stage, code).model_dump(mode="json")
    content["policy"]["bodies"][0]["names"][0]["name"] = name
    handle = await stage.desk.client.start_workflow(
        "CountyExit", content, id=f"county-exit/{code}/{YEAR}", task_queue=TASK_QUEUE
    )
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    assert not stage.registry.is_admitted(handle.id)


@pytest.mark.clause("T2", "T3", "G4")
@pytest.mark.parametrize("ago", [timedelta(days=-270), timedelta(minutes=-6), timedelta(minutes=6)])
async def test_nothing_was_received_before_it_was_started(stage: Stage, ago: timedelta) -> None:
    """Nine months back, a breach would lie on an office that never saw the case."""
    code = stage.county()
    received = datetime.now(BEIJING) + ago
    opening = opening_of(stage, code, received_at=received)
    await stage.desk.client.start_workflow(
        CountyExitWorkflow.run, opening, id=opening.case_id, task_queue=TASK_QUEUE
    )
    play = Play(stage, opening.case_id, code)
    assert "is not when the case was started" in await not_admitted(play, "C1")


# -- nothing counts before the opening -----------------------------------------------------------


@pytest.mark.server
async def test_an_act_by_update_with_start_is_no_first_entry(stage: Stage) -> None:
    play = await _started_with(stage, "act")
    # Its year has not begun: it is not admitted. What came on its back is on no file.
    assert "is not the year of an application" in await not_admitted(play, "C1")


@pytest.mark.server
async def test_a_signal_with_start_is_heard_behind_the_opening(stage: Stage) -> None:
    code = stage.county()
    opening = opening_of(stage, code)
    wait = at(11, 16) - datetime.now(BEIJING)
    with stage.skipper.with_time_skipping_disabled():
        await stage.desk.client.start_workflow(
            CountyExitWorkflow.run,
            opening,
            id=opening.case_id,
            task_queue=TASK_QUEUE,
            start_delay=wait,
            start_signal="act",
            start_signal_args=[{"step": "C2"}],
        )
    play = await stage.begun(Play(stage, opening.case_id, code), wait)
    await play.reaches("C2")
    await play.handle.signal("nonsense", "x")
    refused = await play.has_entered(EntryKind.REFUSED, 2)
    file = await play.file()
    assert file[0].kind is EntryKind.OPENED
    assert [entry.data["message"] for entry in refused] == ["act", "nonsense"]


async def _started_with(stage: Stage, name: str) -> Play:
    """A case that was started with an act of C2 on its back."""
    code = stage.county()
    opening = opening_of(stage, code)
    content = {"id": "a-1", "step": "C2", "decision": "approve", "officer": "某乙"}
    play = Play(stage, opening.case_id, code)
    start = WithStartWorkflowOperation(
        CountyExitWorkflow.run,
        opening,
        id=opening.case_id,
        task_queue=TASK_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
    )
    with pytest.raises(WorkflowUpdateFailedError) as raised:
        await stage.desk.client.execute_update_with_start_workflow(
            name,
            content | {"office": play.office("C2")},
            start_workflow_operation=start,
            result_type=Receipt,
        )
    assert "is not admitted yet; try again in a moment" in str(raised.value.cause)

    return play


# -- ids that somebody else has used -------------------------------------------------------------


@pytest.mark.server
async def test_a_workflow_of_an_unknown_type_fails_at_once_and_bars_nobody(stage: Stage) -> None:
    code = stage.county()
    case_id = f"county-exit/{code}/{YEAR}"
    handle = await stage.desk.client.start_workflow(
        "Whatever", [{"x": 1}], id=case_id, task_queue=TASK_QUEUE
    )
    with pytest.raises(WorkflowFailureError) as raised:
        await handle.result()
    assert "there is no workflow 'Whatever' here" in str(raised.value.cause)
    play = await stage.opens_for(code, at(11, 16))
    assert play.case_id == case_id
    await play.reaches("C2")


@pytest.mark.parametrize(
    ("name", "queue"), [("CountyExit", "somebody's"), ("Whatever", "somebody's")]
)
@pytest.mark.server
async def test_a_foreign_workflow_under_an_id_does_not_bar_a_county(
    stage: Stage, name: str, queue: str
) -> None:
    code = stage.county()
    case_id = f"county-exit/{code}/{YEAR}"
    squatting = await stage.desk.client.start_workflow(name, {}, id=case_id, task_queue=queue)
    play = await stage.opens_for(code, at(11, 16))
    await play.reaches("C2")
    assert play.case_id == case_id
    described = await stage.desk.client.get_workflow_handle(
        case_id, run_id=squatting.result_run_id
    ).describe()
    assert described.status is WorkflowExecutionStatus.TERMINATED
    with pytest.raises(Refused, match=rf"{case_id} \(G9\)"):
        await stage.opens_for(code, at(11, 17))


@pytest.mark.parametrize("name", sorted(NAMES))
@pytest.mark.server
async def test_what_cannot_be_read_fails_at_once(stage: Stage, name: str) -> None:
    handle = await stage.desk.client.start_workflow(
        name, {"case_id": 5}, id=f"unreadable/{name}", task_queue=TASK_QUEUE
    )
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    assert (await handle.describe()).status is WorkflowExecutionStatus.FAILED


# -- calls past every case -----------------------------------------------------------------------


@pytest.mark.clause("C7")
@pytest.mark.server
async def test_an_activity_that_somebody_calls_changes_nothing(stage: Stage) -> None:
    code = stage.county()
    file = File(stage.known(code), YEAR)
    order = change(file)
    with pytest.raises(ActivityFailureError) as raised:
        await stage.desk.client.execute_activity(
            "strike_off_county",
            order,
            id=f"by-hand-{code}",
            task_queue=ACTIVITY_QUEUE,
            start_to_close_timeout=timedelta(seconds=30),
        )
    assert "was not asked for by its case" in str(raised.value.cause)
    with reading(stage.settings.engine()) as session:
        rows = session.exec(select(StatusRow).where(StatusRow.code == code)).all()
    assert [row.status.value for row in rows] == ["listed"]


# -- a registry that was restored from an older copy ---------------------------------------------


@pytest.mark.clause("C7")
@pytest.mark.parametrize("kept", [0, 5])
async def test_a_registry_that_is_behind_gets_the_file_before_the_county_leaves(
    stage: Stage, kept: int
) -> None:
    play = await stage.opens(at(11, 16), direct=True, tier="provincial")
    await play.pass_until("C7")
    await play.file()
    _set_back(stage, play.case_id, kept)
    stage.outages.begin(play.case_id, "strike_off_county", again_in=timedelta(seconds=1))
    await play.act("C7", document_number="合成〔9〕号")

    async def tried() -> bool:
        return stage.outages.felt(play.case_id, "strike_off_county")

    await eventually(tried, lambda: "the change was not ordered")
    assert not [
        row
        for row in stage.registry.county_record(play.code).standings
        if row.status.value == "exited"
    ]
    stage.outages.end(play.case_id)
    await play.until(await play.now() + timedelta(minutes=1))
    assert (await play.ends()).ending is Ending.EXITED
    await play.file()


def _set_back(stage: Stage, case_id: str, kept: int) -> None:
    """The registry has so many entries of a case, as it had some time ago."""
    with unguarded(stage.settings.engine()) as connection:
        for table in (OutboxRow, DeliveryRow, IndicatorRow, EntryRow):
            connection.execute(
                delete(table).where(col(table.case_id) == case_id, col(table.seq) > kept)
            )
        if kept:
            connection.execute(
                update(CaseRow).where(col(CaseRow.case_id) == case_id).values(entries=kept)
            )
        else:
            connection.execute(delete(CaseRow).where(col(CaseRow.case_id) == case_id))
