"""The Temporal server against the registry: what runs there, how, and what is scheduled.

Everything is asked for and nothing is changed. What a case has just begun or ended may not have
come through yet, so that nothing younger than ``Patience`` says is a finding.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus

from activities.checking import Checks
from activities.contradictions import STANDS, mend
from activities.open_files import OpenFile
from activities.store import Registry
from models.findings import Finding
from models.identity import KINDS, is_case
from models.ledger import Entry
from models.offices import Division
from models.policy import Policy
from workers import schedules
from workers.case_on_server import amiss, look_up, plain
from workers.catalogue import ACTIVITY_QUEUE, TASK_QUEUE
from workers.history_guard import AHEAD
from workers.installation import WrongInstallation, check_server
from workers.settings import Settings

_AT_ONCE = 10
_TRIES = 20
_LOOK_AGAIN = 0.5
_ASK_AGAIN = AHEAD
"""How a case says that a task of its own has to be done before it can answer."""
_NAMED = 3
"""Cases that a finding about many names."""

_QUEUES = (
    (TASK_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW),
    (ACTIVITY_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY),
)


@dataclass(frozen=True)
class Patience:
    """What is given time before it is a finding.

    Attributes:
        attempts: Of an activity, or of a case's own task.
        waiting: How long an activity may wait for a worker.
        begun: How long a case may be on the server before the registry admits it.
        ended: How long after its end a case may go on there: its last notifications.
        asked: How many open cases are asked for their file, reset ones first.
        again: Seconds after which a registry that was behind is looked at once more.
    """

    attempts: int = 6
    waiting: timedelta = timedelta(minutes=15)
    begun: timedelta = timedelta(minutes=10)
    ended: timedelta = timedelta(hours=2)
    asked: int = 200
    again: float = 5.0


@dataclass
class ServerCheck:
    """One look at the server of an installation.

    Attributes:
        said: What was looked at, for the report.
    """

    client: Client
    checks: Checks
    patience: Patience = field(default_factory=Patience)
    said: str = ""

    async def findings(
        self, policy: Policy, counties: Sequence[Division]
    ) -> AsyncIterator[Finding]:
        """Everything on the server that is not as the registry has it.

        Raises:
            RPCError: if the server does not answer.
        """
        self._now = datetime.now(UTC)
        self._failing: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        known: dict[str, OpenFile] = {}
        to_ask: list[tuple[bool, OpenFile]] = []
        opened = 0
        for files in self.checks.files():
            lot = [each for each in files if is_case(each.case_id)]
            known |= {each.case_id: each for each in lot}
            those = [each for each in lot if each.is_open]
            opened += len(those)
            for file, described in await _each(those, self._describe):
                found = await self._case(file, described)
                for each in found:
                    yield each
                if described is not None and not found:
                    to_ask.append((_was_reset(described), file))
        for (activity, said), cases in sorted(self._failing.items()):
            yield _failing(activity, said, cases)
        planned = schedules.planned(policy, counties)
        ours = {each.workflow for each in KINDS.values()} | {each.workflow for each in planned}
        async for finding in self._running(known, ours):
            yield finding
        to_ask.sort(key=lambda each: not each[0])
        asked = [file for _, file in to_ask[: self.patience.asked]]
        for finding in await self._files(asked):
            yield finding
        for finding in await self._schedules(planned):
            yield finding
        for finding in await self._workers():
            yield finding
        self.said = f"{opened} open cases looked up, {len(asked)} of them asked for their file"

    # -- open here --------------------------------------------------------------------------------

    async def _describe(self, file: OpenFile) -> WorkflowExecutionDescription | None:
        return await look_up(self.client, file.case_id)

    async def _case(
        self, file: OpenFile, described: WorkflowExecutionDescription | None
    ) -> list[Finding]:
        said = amiss(file, described)
        if said is None:
            assert described is not None
            return await self._pending(file.case_id, described)
        now = self.checks.file(file.case_id)
        # It may have ended in the meantime, as it should.
        return [_finding(file.case_id, said.what, said.mend)] if now and now.is_open else []

    async def _pending(self, id: str, described: WorkflowExecutionDescription) -> list[Finding]:
        raw = described.raw_description
        found: list[Finding] = []
        task = raw.pending_workflow_task
        if raw.HasField("pending_workflow_task") and task.attempt >= self.patience.attempts:
            found.append(
                _finding(
                    id,
                    f"its own task fails: {task.attempt} attempts so far; it takes in messages and "
                    "goes no further",
                    "start a worker of the version that the case needs, or mend what the worker's "
                    "log says of it.",
                )
            )
        for activity in raw.pending_activities:
            name = activity.activity_type.name
            if activity.paused:
                found.append(
                    _finding(
                        id,
                        f"its activity {plain(name)} is paused by hand",
                        f"let it go on: temporal activity unpause --workflow-id {id} --activity-id "
                        f"{activity.activity_id}.",
                    )
                )
            elif activity.attempt >= self.patience.attempts and activity.HasField("last_failure"):
                self._failing[name, await self._why(activity)].append(id)
            elif (
                not activity.HasField("last_started_time")
                and self._now - activity.scheduled_time.ToDatetime(UTC) > self.patience.waiting
            ):
                self._failing[name, ""].append(id)
        return found

    async def _why(self, activity: PendingActivityInfo) -> str:
        try:
            error = await self.client.data_converter.decode_failure(activity.last_failure)
            said = getattr(error, "message", str(error))
        except Exception:  # whatever a failure holds that somebody else has put there
            said = activity.last_failure.message
        return plain(said, 200)

    # -- running there ----------------------------------------------------------------------------

    async def _running(
        self, known: dict[str, OpenFile], ours: Collection[str]
    ) -> AsyncIterator[Finding]:
        async for run in self.client.list_workflows("ExecutionStatus = 'Running'"):
            file = known.get(run.id)
            age = self._now - run.start_time
            if file is None and is_case(run.id):
                if age > self.patience.begun and await self._runs_unknown(run.id):
                    yield _finding(
                        run.id,
                        f"a workflow of the type {plain(run.workflow_type)} runs under the id of "
                        "a case, and the registry has admitted none",
                        "look where it comes from, then terminate it: the id is free again for the "
                        "case itself.",
                    )
            elif file is None:
                if run.task_queue == TASK_QUEUE and run.workflow_type not in ours:
                    yield _finding(
                        plain(run.id),
                        f"a workflow of the type {plain(run.workflow_type)} runs on our task "
                        f"queue {TASK_QUEUE}, which knows no such type",
                        "terminate it, and close the server to whoever started it.",
                    )
            elif not file.is_open and self._now - file.updated > self.patience.ended:
                described = await self._describe(file)
                if described is not None and described.status is WorkflowExecutionStatus.RUNNING:
                    yield _finding(
                        run.id,
                        f"the registry has it ended since {file.updated:%Y-%m-%d}, and on the "
                        "server it still runs",
                        "look at what it waits for in the Web UI; where it was reset or started "
                        "anew after its end, terminate it.",
                    )

    async def _runs_unknown(self, id: str) -> bool:
        """Whether a case still runs that the registry still does not know."""
        if self.checks.file(id) is not None:
            return False
        described = await self._describe(OpenFile(id, True, 0, "", self._now, None))
        return described is not None and described.status is WorkflowExecutionStatus.RUNNING

    # -- the case's own file ------------------------------------------------------------------

    async def _files(self, asked: Sequence[OpenFile]) -> list[Finding]:
        """Heads of cases' own files against the registry's, by asking the cases."""
        found: list[Finding] = []
        behind: list[tuple[OpenFile, int]] = []
        for file, entries in await _each(asked, self._after_head):
            if isinstance(entries, str):
                found.append(
                    _finding(
                        file.case_id,
                        f"it does not answer what stands in its file: {plain(entries, 200)}",
                        "start a worker, and look at the worker's log where one runs.",
                    )
                )
            elif file.entries and (not entries or entries[0].hash != file.head):
                what = (
                    f"it has forgotten entry {file.entries} of the file that the registry keeps"
                    if not entries
                    else f"entry {file.entries} of its own file is another than the registry keeps"
                )
                found.append(
                    _finding(
                        file.case_id,
                        f"{what}: it was reset, or the server restored from an older copy (G7)",
                        mend(file.case_id),
                    )
                )
            elif len(entries) > (1 if file.entries else 0):
                behind.append((file, (file.entries or 1) + len(entries) - 1))
        if behind:
            await asyncio.sleep(self.patience.again)
        for file, count in behind:
            now = self.checks.file(file.case_id)
            if now is None or now.entries >= count:
                continue
            described = await self._describe(file)
            if described is not None and not described.raw_description.pending_activities:
                found.append(
                    _finding(
                        file.case_id,
                        f"its file has {count} entries, the registry keeps {now.entries}, and "
                        "nothing is under way to bring the rest",
                        "start the worker anew, which wakes cases whose registry is behind; or "
                        "send the case any message.",
                    )
                )
        return found

    async def _after_head(self, file: OpenFile) -> list[Entry] | str:
        """The case's own entries from the registry's last one on; or why it does not say."""
        handle = self.client.get_workflow_handle(file.case_id)
        said = ""
        for _ in range(_TRIES):
            try:
                answer: list[Entry] = await handle.query(
                    "ledger",
                    max(file.entries - 1, 0),
                    result_type=list[Entry],
                    rpc_timeout=timedelta(seconds=20),
                )
            except Exception as error:  # a query fails in as many ways as a case can be wedged
                said = str(error) or type(error).__name__
                if _ASK_AGAIN not in said:
                    return said
                await asyncio.sleep(_LOOK_AGAIN)
            else:
                return answer
        return said

    # -- schedules and workers ----------------------------------------------------------------

    async def _schedules(self, planned: Sequence[schedules.Planned]) -> list[Finding]:
        said = await schedules.faults(self.client, planned)
        return [
            Finding(
                part="schedules",
                where=f"schedule {plain(each.id)}",
                what=each.what,
                mend=each.mend,
            )
            for each in said
        ]

    async def _workers(self) -> list[Finding]:
        idle = [queue for queue, kind in _QUEUES if not await self._is_polled(queue, kind)]
        return [
            Finding(
                part="server",
                where=f"task queue {queue}",
                what="no worker asks for work: cases take in messages and go no further",
                mend="start one: exitflow worker.",
            )
            for queue in idle
        ]

    async def _is_polled(self, queue: str, kind: TaskQueueType.ValueType) -> bool:
        described = await self.client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=self.client.namespace,
                task_queue=TaskQueue(name=queue),
                task_queue_type=kind,
            )
        )
        return bool(described.pollers)


async def _each(those: Sequence[OpenFile], ask: Any) -> list[tuple[OpenFile, Any]]:
    """Ask about several at once."""
    answers: list[tuple[OpenFile, Any]] = []
    for first in range(0, len(those), _AT_ONCE):
        some = those[first : first + _AT_ONCE]
        answers += zip(some, await asyncio.gather(*map(ask, some)), strict=True)
    return answers


def _was_reset(described: WorkflowExecutionDescription) -> bool:
    return described.raw_description.workflow_extended_info.HasField("last_reset_time")


def _failing(activity: str, said: str, cases: Sequence[str]) -> Finding:
    named = ", ".join(sorted(cases)[:_NAMED])
    more = f" and {len(cases) - _NAMED} more" if len(cases) > _NAMED else ""
    if not said:
        return _finding(
            f"{named}{more}",
            f"the activity {plain(activity)} waits for a worker, and none takes it",
            "start a worker of this version: exitflow worker.",
        )
    return _finding(
        f"{named}{more}",
        f"the activity {plain(activity)} fails again and again: {said}",
        " ".join(mend(each) for each in sorted(cases)[:_NAMED])
        if activity == "write_ledger" and STANDS in said
        else "mend what it says; it is tried again by itself.",
    )


def _finding(where: str, what: str, mend: str) -> Finding:
    return Finding(part="server", where=where, what=what, mend=mend)


async def server_part(
    client: Client | None, settings: Settings, engine: Engine, patience: Patience | None = None
) -> tuple[str, list[Finding]]:
    """Look at the server of an installation: what was looked at, and what is wrong there.

    Raises:
        RPCError: if the server does not answer.
        WrongInstallation: if it is another installation's: nothing there is this one's.
    """
    if client is None:
        return "not checked", []
    await check_server(client, settings)
    check = ServerCheck(client, settings.checks(engine), patience or Patience())
    policy = settings.load_policy()
    known = await asyncio.to_thread(lambda: Registry(engine).overview().counties)
    counties = [
        Division(code=each.code, name=each.name)
        for each in known
        if each.code[:2] == policy.province[:2]
    ]
    found = [each async for each in check.findings(policy, counties)]
    return check.said, found


async def server_part_at_night(
    client: Client | None, settings: Settings, engine: Engine
) -> tuple[str, list[Finding]]:
    """As ``server_part``; that the server is another's is a finding, which somebody gets told."""
    try:
        return await server_part(client, settings, engine)
    except WrongInstallation as error:
        what = str(error).partition(": ")
        finding = Finding(part="server", where="namespace", what=what[0], mend=f"{what[2]}.")
        return "not checked: it is another installation's", [finding]
