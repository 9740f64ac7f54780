"""One open case as the server describes it, held against what the registry admitted."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import Client, WorkflowExecutionDescription

from models.base import CLOCKS_MAY_DIFFER_BY, first_few, in_a_line
from models.checks.findings import Finding
from models.periods import beijing
from registry.checks.contradictions import STANDS, mend
from registry.checks.open_files import OpenFile
from workers.carried_out import WRITING
from workers.case_on_server import amiss
from workers.catalogue import ACTIVITY_QUEUE, TASK_QUEUE
from workflows.retries import longest_pause

_NAMED = 3
"""Cases that a finding about many names."""

_STARTED = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED


@dataclass(frozen=True)
class Patience:
    """What is given time before it is a finding.

    Attributes:
        attempts: Of an activity, or of a case's own task.
        waiting: How long an activity may wait for a worker.
        begun: How long a case may be on the server before the registry admits it.
        ended: How long after its end a case may go on there.
        held: How long a worker may have an activity of a case, or let the case's own task wait.
        bringing: How long an activity may be under way before it brings the registry nothing.
        asked: How many open cases are asked for their file: reset ones first, the others on other
            days.
        again: Seconds after which a registry that was behind is looked at once more.
    """

    attempts: int = 6
    waiting: timedelta = timedelta(minutes=15)
    begun: timedelta = timedelta(minutes=10)
    ended: timedelta = timedelta(hours=2)
    held: timedelta = timedelta(minutes=15)
    bringing: timedelta = timedelta(minutes=15)
    asked: int = 200
    again: float = 5.0


class OpenCases:
    """What is wrong with open cases, one after the other."""

    def __init__(self, client: Client, patience: Patience, now: datetime) -> None:
        self._client, self._patience, self._now = client, patience, now
        self._failing: defaultdict[tuple[str, str], list[str]] = defaultdict(list)

    def failing(self) -> list[Finding]:
        """Activities that fail in the cases looked at, each with its reason."""
        return [_failing(*which, cases) for which, cases in sorted(self._failing.items())]

    async def findings(
        self, file: OpenFile, described: WorkflowExecutionDescription | None
    ) -> list[Finding]:
        """What is wrong with an open case, as the server describes it; None where it has none.

        Activities that fail are found by ``failing``, when every case was looked at.
        """
        id = file.case_id
        said = amiss(file, described)
        if said is not None:
            return [wrong(id, said.what, said.mend)]
        assert described is not None  # else something is amiss
        return [*self._own_task(id, described), *await self._pending(id, described)]

    def _own_task(self, id: str, described: WorkflowExecutionDescription) -> list[Finding]:
        raw = described.raw_description
        versions = raw.workflow_execution_info.versioning_info
        if versions.HasField("versioning_override"):
            pinned = versions.versioning_override.pinned.version
            where = f" to {in_a_line(pinned.deployment_name)} {in_a_line(pinned.build_id)}"
            return [
                wrong(
                    id,
                    f"somebody has bound it{where if pinned.build_id else ''} by hand, and no "
                    "worker of this installation is a version of that: its task is given to nobody",
                    f"let it go: temporal workflow update-options --workflow-id {id} "
                    "--versioning-override-behavior unspecified.",
                )
            ]
        if not raw.HasField("pending_workflow_task"):
            return []
        task, now = raw.pending_workflow_task, self._on_its_clock(described)
        if task.attempt >= self._patience.attempts:
            return [
                wrong(
                    id,
                    f"its own task fails: {task.attempt} attempts so far; it takes in messages and "
                    "goes no further",
                    "start a worker of the version that the case needs, or mend what the worker's "
                    "log says of it.",
                )
            ]
        since = _time(task.original_scheduled_time)
        if now - since > self._patience.held:
            return [
                wrong(
                    id,
                    f"its own task waits for a worker since {_minute(since)}, and none "
                    "does it; it takes in messages and goes no further",
                    "start a worker: exitflow worker; where one runs, look for who else asks for "
                    f"its work: temporal task-queue describe --task-queue {TASK_QUEUE}.",
                )
            ]
        return []

    async def _pending(self, id: str, described: WorkflowExecutionDescription) -> list[Finding]:
        now = self._on_its_clock(described)
        found: list[Finding] = []
        for activity in described.raw_description.pending_activities:
            name = activity.activity_type.name
            if activity.paused:
                found.append(
                    wrong(
                        id,
                        f"its activity {in_a_line(name)} is paused by hand",
                        f"let it go on: temporal activity unpause --workflow-id {id} --activity-id "
                        f"{activity.activity_id}.",
                    )
                )
            elif (held_up := self._held_up(id, activity, now)) is not None:
                found.append(held_up)
            elif activity.attempt >= self._patience.attempts and activity.HasField("last_failure"):
                self._failing[name, await self._why(activity)].append(id)
            elif (
                not activity.HasField("last_started_time")
                and now - activity.scheduled_time.ToDatetime(UTC) > self._patience.waiting
            ):
                self._failing[name, ""].append(id)
        return found

    def _held_up(self, id: str, activity: PendingActivityInfo, now: datetime) -> Finding | None:
        """An activity that somebody has bound elsewhere, put off, or taken and not given back."""
        name, queue = activity.activity_type.name, activity.activity_options.task_queue.name
        due = max(_time(activity.scheduled_time), _time(activity.next_attempt_schedule_time))
        pause = max(due - now, activity.current_retry_interval.ToTimedelta())
        started = _time(activity.last_started_time)
        if queue not in ("", ACTIVITY_QUEUE):
            said = f"was moved to the queue {in_a_line(queue)}, where no worker of ours is"
        elif pause > longest_pause() + CLOCKS_MAY_DIFFER_BY:
            said = f"was put off, until {_minute(now + pause)}"
        elif activity.state == _STARTED and now - started > self._patience.held:
            worker = in_a_line(activity.last_worker_identity)
            said = f"was taken by {worker} at {_minute(started)}, and not given back"
        else:
            return None
        which = f"--workflow-id {id} --activity-id {activity.activity_id}"
        return wrong(
            id,
            f"its activity {in_a_line(name)} {said}: the case goes no further until it is done",
            f"let it be done now: temporal activity update-options {which} "
            f"--restore-original-options, then temporal activity reset {which}; and close the "
            "server to whoever did it.",
        )

    def _on_its_clock(self, described: WorkflowExecutionDescription) -> datetime:
        """Now, as the case has it: a rehearsed one runs ahead."""
        ahead = described.raw_description.workflow_extended_info.time_skipping_info
        return max(self._now, _time(ahead.current_time))

    async def _why(self, activity: PendingActivityInfo) -> str:
        try:
            error = await self._client.data_converter.decode_failure(activity.last_failure)
            said = getattr(error, "message", str(error))
        except Exception:  # whatever a failure holds that somebody else has put there
            said = activity.last_failure.message
        return in_a_line(said, 200)


def _failing(activity: str, said: str, cases: Sequence[str]) -> Finding:
    named = first_few(sorted(cases), _NAMED)
    if not said:
        return wrong(
            named,
            f"the activity {in_a_line(activity)} waits for a worker, and none takes it",
            "start a worker of this version: exitflow worker.",
        )
    return wrong(
        named,
        f"the activity {in_a_line(activity)} fails again and again: {said}",
        " ".join(mend(each) for each in sorted(cases)[:_NAMED])
        if activity in WRITING and STANDS in said
        else "mend what it says; it is tried again by itself.",
    )


def wrong(where: str, what: str, mend: str) -> Finding:
    """Something that is wrong on the server."""
    return Finding(part="server", where=where, what=what, mend=mend)


def _time(said: Timestamp) -> datetime:
    return said.ToDatetime(UTC)


def _minute(time: datetime) -> str:
    return f"{beijing(time):%Y-%m-%d %H:%M}"
