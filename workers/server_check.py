"""The Temporal server against the registry: what runs there, how, and what is scheduled.

Everything is asked for and nothing is changed. What a case has just begun or ended may not have
come through yet, so that nothing younger than ``Patience`` says is a finding.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Engine
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus

from models.base import in_a_line
from models.case.ledger import Entry
from models.case.status import CaseStatus
from models.checks.findings import Finding
from models.identity import is_case
from models.offices import Division
from models.policy import Policy
from models.procedures import PROCEDURES
from registry.checks.checks import Checks
from registry.checks.contradictions import mend
from registry.checks.open_files import OpenFile
from registry.desk import Registry
from workers import schedules
from workers.case_on_server import look_up
from workers.catalogue import TASK_QUEUE
from workers.history_guard import AHEAD
from workers.installation import WrongInstallation, check_server
from workers.open_cases import OpenCases, Patience, wrong
from workers.polling import QUEUES, pollers
from workers.settings import Settings

_AT_ONCE = 10
_TRIES = 20
_LOOK_AGAIN = 0.5
_ASK_AGAIN = AHEAD, "not scheduled yet"
"""How it is said that a task of a case has to be done before it can answer: by itself, or by the
server of a run that has just begun."""


class _OwnFile(NamedTuple):
    """A case's own file.

    Attributes:
        entries: How many it has.
        head: Hash of the entry that is the registry's last; None if the run of today is later.
    """

    entries: int
    head: str | None


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
        cases = OpenCases(self.client, self.patience, self._now)
        known: dict[str, OpenFile] = {}
        to_ask: list[tuple[bool, OpenFile]] = []
        opened = 0
        for files in self.checks.files():
            lot = [each for each in files if is_case(each.case_id)]
            known |= {each.case_id: each for each in lot}
            those = [each for each in lot if each.is_open]
            opened += len(those)
            for file, described in await _each(those, self._look_up):
                found = await cases.findings(file, described)
                if found and not self._is_still_open(file):
                    continue  # it has ended in the meantime, as it should
                for each in found:
                    yield each
                if described is not None and not found:
                    to_ask.append((_was_reset(described), file))
        for finding in cases.failing():
            yield finding
        planned = schedules.planned(policy, counties)
        ours = {each.workflow for each in PROCEDURES.values()} | {each.workflow for each in planned}
        async for finding in self._running(known, ours):
            yield finding
        asked = whose_turn(to_ask, self._now.date(), self.patience.asked)
        for finding in await self._files(asked):
            yield finding
        for finding in await schedules.findings(self.client, planned):
            yield finding
        for finding in await self._workers():
            yield finding
        self.said = f"{opened} open cases looked up, {len(asked)} of them asked for their file"

    # -- open here --------------------------------------------------------------------------------

    async def _look_up(self, file: OpenFile) -> WorkflowExecutionDescription | None:
        return await look_up(self.client, file.case_id)

    def _is_still_open(self, file: OpenFile) -> bool:
        now = self.checks.file(file.case_id)
        return now is not None and now.is_open

    # -- running there ----------------------------------------------------------------------------

    async def _running(
        self, known: dict[str, OpenFile], ours: Collection[str]
    ) -> AsyncIterator[Finding]:
        async for run in self.client.list_workflows("ExecutionStatus = 'Running'"):
            file = known.get(run.id)
            age = self._now - run.start_time
            if file is None and is_case(run.id):
                if age > self.patience.begun and await self._runs_unknown(run.id):
                    yield wrong(
                        run.id,
                        f"a workflow of the type {in_a_line(run.workflow_type)} runs under the id "
                        "of a case, and the registry has admitted none",
                        "bring up a registry that was restored from an older copy: exitflow mend; "
                        "if it stays, look where it comes from, then terminate it: the id is free "
                        "again for the case itself.",
                    )
            elif file is None:
                if run.task_queue == TASK_QUEUE and run.workflow_type not in ours:
                    yield wrong(
                        in_a_line(run.id),
                        f"a workflow of the type {in_a_line(run.workflow_type)} runs on our task "
                        f"queue {TASK_QUEUE}, which knows no such type",
                        "terminate it, and close the server to whoever started it.",
                    )
            elif not file.is_open and self._now - file.updated > self.patience.ended:
                described = await self._look_up(file)
                if described is not None and described.status is WorkflowExecutionStatus.RUNNING:
                    yield wrong(
                        run.id,
                        f"the registry has it ended since {file.updated:%Y-%m-%d}, and on the "
                        "server it still runs",
                        "look at what it waits for in the Web UI; where it was reset or started "
                        "again after its end, terminate it.",
                    )

    async def _runs_unknown(self, id: str) -> bool:
        """Whether a case still runs that the registry still does not know."""
        if self.checks.file(id) is not None:
            return False
        described = await look_up(self.client, id)
        return described is not None and described.status is WorkflowExecutionStatus.RUNNING

    # -- the case's own file ------------------------------------------------------------------

    async def _files(self, asked: Sequence[OpenFile]) -> list[Finding]:
        """Heads of cases' own files against the registry's, by asking the cases."""
        found: list[Finding] = []
        behind: list[tuple[OpenFile, int]] = []
        for file, own in await _each(asked, self._own_file):
            if isinstance(own, str):
                found.append(
                    wrong(
                        file.case_id,
                        f"it does not answer what stands in its file: {in_a_line(own, 200)}",
                        "start a worker, and look at the worker's log where one runs.",
                    )
                )
            elif own.entries < file.entries or own.head not in (None, file.head):
                what = (
                    f"it has forgotten entry {file.entries} of the file that the registry keeps"
                    if own.entries < file.entries
                    else f"entry {file.entries} of its own file is another than the registry keeps"
                )
                found.append(
                    wrong(
                        file.case_id,
                        f"{what}: it was reset, or the server restored from an older copy (G7)",
                        mend(file.case_id),
                    )
                )
            elif own.entries > file.entries:
                behind.append((file, own.entries))
        if behind:
            await asyncio.sleep(self.patience.again)
        for file, count in behind:
            now = self.checks.file(file.case_id)
            if now is None or now.entries >= count:
                continue
            described = await self._look_up(file)
            if described is not None and not self._brings(described):
                found.append(
                    wrong(
                        file.case_id,
                        f"its file has {count} entries, the registry keeps {now.entries}, and "
                        "nothing that is under way brings the rest",
                        "bring them from the server: exitflow mend; what was never sent there "
                        "comes with the next message to the case.",
                    )
                )
        return found

    def _brings(self, described: WorkflowExecutionDescription) -> bool:
        """Whether anything is under way after which the registry gets the rest."""
        return any(
            self._now - each.scheduled_time.ToDatetime(UTC) < self.patience.bringing
            for each in described.raw_description.pending_activities
        )

    async def _own_file(self, file: OpenFile) -> _OwnFile | str:
        """What the case says of its own file; or why it does not say."""
        said = ""
        for _ in range(_TRIES):
            try:
                return await self._asked(file)
            except Exception as error:  # a query fails in as many ways as a case can be wedged
                said = str(error) or type(error).__name__
                if not any(each in said for each in _ASK_AGAIN):
                    return said
                await asyncio.sleep(_LOOK_AGAIN)
        return said

    async def _asked(self, file: OpenFile) -> _OwnFile:
        within, last = timedelta(seconds=20), file.entries
        handle = self.client.get_workflow_handle(file.case_id)
        own: list[Entry] = await handle.query(
            "ledger", max(last - 1, 0), result_type=list[Entry], rpc_timeout=within
        )
        if not own:  # an earlier run of the case had it, or the case has forgotten it
            status = await handle.query("status", result_type=CaseStatus, rpc_timeout=within)
            return _OwnFile(status.entries, status.head if status.entries == last else None)
        heads = {own[0].seq: own[0].hash, own[0].seq - 1: own[0].previous}
        return _OwnFile(own[-1].seq, heads.get(last) if last else None)

    # -- workers --------------------------------------------------------------------------------

    async def _workers(self) -> list[Finding]:
        idle = [queue for queue, kind in QUEUES if not await pollers(self.client, queue, kind)]
        return [
            Finding(
                part="server",
                where=f"task queue {queue}",
                what="no worker asks for work: cases take in messages and go no further",
                mend="start one: exitflow worker.",
            )
            for queue in idle
        ]


async def _each(those: Sequence[OpenFile], ask: Any) -> list[tuple[OpenFile, Any]]:
    """Ask about several at once."""
    answers: list[tuple[OpenFile, Any]] = []
    for first in range(0, len(those), _AT_ONCE):
        some = those[first : first + _AT_ONCE]
        answers += zip(some, await asyncio.gather(*map(ask, some)), strict=True)
    return answers


def whose_turn(those: Sequence[tuple[bool, OpenFile]], day: date, room: int) -> list[OpenFile]:
    """Which cases are asked for their file on a day: reset ones first, then all in turn.

    Args:
        those: Each with whether it was reset, in an order that stays.
    """
    asked: list[OpenFile] = []
    for was_reset in (True, False):
        lot = [file for reset, file in those if reset is was_reset]
        left = room - len(asked)
        first = day.toordinal() * left % len(lot) if lot else 0
        asked += (lot[first:] + lot[:first])[:left]
    return asked


def _was_reset(described: WorkflowExecutionDescription) -> bool:
    return described.raw_description.workflow_extended_info.HasField("last_reset_time")


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
