"""One case that the registry has open, as the server has it: what is wrong, and the mend.

`exitflow check`, `exitflow case` and a refused message say it in the same sentences.
"""

from datetime import UTC, datetime
from typing import Literal, NamedTuple

from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.converter import WorkflowSerializationContext
from temporalio.service import RPCError, RPCStatusCode

from models.base import in_a_line
from models.identity import procedure_of
from registry.checks.open_files import OpenFile
from workers.catalogue import TASK_QUEUE
from workers.seal import UNKNOWN_KEY, is_unsealed, why_unsealed

_ENDED = {
    WorkflowExecutionStatus.TERMINATED: "was terminated",
    WorkflowExecutionStatus.FAILED: "has failed",
    WorkflowExecutionStatus.CANCELED: "was cancelled",
    WorkflowExecutionStatus.TIMED_OUT: "has timed out",
    WorkflowExecutionStatus.COMPLETED: "was answered as ended",
    WorkflowExecutionStatus.CONTINUED_AS_NEW: "was continued by something else",
}

_RESTORE = (
    "terminate it, close the server to whoever started it, and restore the case from the server's "
    "copy."
)


class Amiss(NamedTuple):
    """Why a case does not go on.

    Attributes:
        how: ``gone`` from the server, ``foreign`` in its place, ``ended`` or ``paused`` there, or
            ``squatted``: its id is held by what the registry has not admitted.
        what, mend: One sentence each.
    """

    how: Literal["gone", "foreign", "ended", "paused", "squatted"]
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.what}; {self.mend}".removesuffix(".")


async def look_up(client: Client, case_id: str) -> WorkflowExecutionDescription | None:
    """What the server has under an id; None if it has nothing.

    Raises:
        RPCError: if the server does not answer, or has no such namespace.
    """
    try:
        return await client.get_workflow_handle(case_id).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND and not error.message.startswith("Namespace "):
            return None
        raise


def amiss(file: OpenFile, there: WorkflowExecutionDescription | None) -> Amiss | None:
    """Why a case that is open in the registry does not go on; None if it may."""
    id = file.case_id
    if there is None:
        return Amiss(
            "gone",
            "the registry has it open, and the server has no such case: it was deleted, or the "
            "server was restored from an older copy",
            "restore the server's database from a copy that has it; the file in the registry is "
            f"whole up to entry {file.entries}. Without a copy it cannot go on, and its subject "
            "can open no other case of that year (docs/backup.md).",
        )
    wanted = procedure_of(id).workflow
    if there.workflow_type != wanted:
        return Amiss(
            "foreign",
            f"a workflow of the type {in_a_line(there.workflow_type)} has its id, and not {wanted}",
            _RESTORE,
        )
    if there.task_queue != TASK_QUEUE:
        return Amiss(
            "foreign",
            f"it runs on the task queue {in_a_line(there.task_queue)}, where no worker of this "
            f"installation takes it; it should be {TASK_QUEUE}",
            _RESTORE,
        )
    first = there.raw_description.workflow_execution_info.first_run_id
    if file.run is not None and first != file.run:
        return Amiss(
            "foreign",
            f"it runs as {first or 'a run without a first one'}, and the registry has admitted "
            f"{file.run}: somebody has started it again under the same id",
            _RESTORE,
        )
    if there.status is WorkflowExecutionStatus.RUNNING:
        return None
    how = _ENDED.get(there.status or WorkflowExecutionStatus.RUNNING)
    if how is None:
        return Amiss(
            "paused",
            "the registry has it open, and on the server it is paused",
            f"let it go on: temporal workflow unpause --workflow-id {id}.",
        )
    return Amiss(
        "ended",
        f"the registry has it open, and on the server it {how}",
        "take it up again where it was: temporal workflow reset --workflow-id "
        f"{id} --type LastWorkflowTask --reason mended; it goes on by its history.",
    )


async def squatted(client: Client, there: WorkflowExecutionDescription | None) -> Amiss | None:
    """Whether an id that the registry has not admitted is held by what has not begun.

    Of this installation's own cases, those of a rehearsal wait before they begin.
    """
    if there is None or there.status is not WorkflowExecutionStatus.RUNNING:
        return None
    begins = there.raw_description.workflow_execution_info.execution_time.ToDatetime(UTC)
    if begins <= datetime.now(UTC) or await _why_not_ours(client, there) is None:
        return None
    return Amiss(
        "squatted",
        "the registry has admitted no such case, and on the server a workflow holds its id, which "
        f"has not begun and waits until {begins:%Y-%m-%d}",
        f"look who started it, then terminate it: temporal workflow terminate --workflow-id "
        f"{there.id}; the id is free again for the case itself.",
    )


async def is_foreign(client: Client, there: WorkflowExecutionDescription) -> bool:
    """Whether what holds an id was never opened by this installation, and can never be a case.

    What is sealed with a key that is not known here may be a colleague's, whose keys are newer.
    """
    return await _why_not_ours(client, there) not in (None, UNKNOWN_KEY)


async def _why_not_ours(client: Client, there: WorkflowExecutionDescription) -> str | None:
    """Why an opening is not sealed by this installation for the id it has; None if it is."""
    handle = client.get_workflow_handle(there.id, run_id=there.run_id)
    async for event in handle.fetch_history_events(page_size=1):
        payloads = event.workflow_execution_started_event_attributes.input.payloads
        if len(payloads) != 1:
            return "it does not come in one part"
        codec = client.data_converter.with_context(
            WorkflowSerializationContext(namespace=client.namespace, workflow_id=there.id)
        ).payload_codec
        if codec is None:
            return None
        (opening,) = await codec.decode(payloads)
        return why_unsealed(opening) if is_unsealed(opening) else None
    return None
