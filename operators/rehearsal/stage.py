"""Where rehearsals are played: the real server, worker and registry, in a folder of their own.

Commands run in this process, as they would be typed, each at its moment. A case has a clock of its
own, which the stage moves.
"""

import asyncio
import contextlib
import io
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper

from activities.warrants import server_time
from models.base import Record
from models.offices import Division
from models.policy import Policy
from models.policy_values import day_of
from models.rounds import Round, RoundResult
from operators.desk.desk import Desk
from operators.desk.errors import NoAnswer
from operators.desk.registry import ahead, rehearsed_at
from operators.rehearsal.scenario import ScenarioError
from operators.up import prepare_keys, prepare_registry
from operators.views.printing import console
from registry.desk import Registry
from workers import schedules
from workers.catalogue import TASK_QUEUE, build_worker
from workers.embedded import Embedded, ServerError, embedded
from workers.settings import Settings, load_settings

_AT_REST_WITHIN = 60.0
_LOOK_EVERY = 0.05
"""Worker and commands share this process: looking all the time would keep them from their work."""
A_MOMENT = timedelta(seconds=1)
"""Too little to skip: asked for a moment that passes meanwhile, the server goes on to the next
timer, weeks ahead."""


Cases = Sequence[str] | None
"""Ids of cases; None for all that run."""


class RehearsalError(NoAnswer):
    """A rehearsal that could not be played to its end, through no fault of its scenario."""


class Said(Record):
    """What a command said, and the status it ended with."""

    status: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """Why it failed."""
        return self.err.rpartition("exitflow: ")[2].strip()


class Stage:
    """A server that skips time, a worker and a registry of their own."""

    def __init__(self, desk: Desk, server: Embedded) -> None:
        self.desk, self.server = desk, server
        self._skipper = TimeSkipper(desk.client)
        self._came_to: dict[str, datetime] = {}
        self._left: frozenset[str] = frozenset()

    async def leave_what_is_open(self) -> None:
        """Move what is open now no more: it belongs to a scenario that has been played."""
        self._left |= {handle.id for handle in await self._running(None)}

    async def run(self, tokens: Sequence[str], moment: datetime, cases: Cases = None) -> Said:
        """Run a command at a moment; what it opens comes to that moment while it waits for it.

        Args:
            cases: The only ones that it may change.

        Raises:
            RehearsalError: if a case does not come to rest.
        """
        with rehearsed_at(moment):
            command = asyncio.create_task(asyncio.to_thread(_heard, tokens))
        try:
            while not command.done():
                if cases is None:
                    await self._move(moment, cases)
                await asyncio.wait([command], timeout=_LOOK_EVERY)
        finally:
            # Not even Ctrl-C may let it go on where the environment is another one again.
            while not command.done():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait([command])
        await self.come_to(moment, cases)
        return command.result()

    async def begin(self, schedule: str, moment: datetime) -> RoundResult:
        """Begin the round of a schedule at a moment, as the calendar would (F5, F6).

        Raises:
            ScenarioError: if there is no such schedule.
            RehearsalError: if a case does not come to rest.
        """
        desk = self.desk
        counties = [
            Division(code=each.code, name=each.name) for each in desk.registry.overview().counties
        ]
        planned = {each.id: each for each in schedules.planned(desk.policy, counties)}
        if schedule not in planned:
            raise ScenarioError(f"begins: there is no schedule {schedule}")
        with rehearsed_at(moment):
            wait = ahead()
        starter = await desk.client.start_workflow(
            planned[schedule].workflow,
            Round(region=planned[schedule].region),
            id=f"round/{schedule}/{moment:%Y-%m-%d}",
            task_queue=TASK_QUEUE,
            start_delay=wait,
            result_type=RoundResult,
        )
        await self.come_to(moment, [starter.id])
        result: RoundResult = await starter.result()
        await self.come_to(moment, result.started)
        return result

    async def come_to(self, moment: datetime, cases: Cases = None) -> None:
        """Let cases come to a moment, unless they are there, and rest.

        Raises:
            RehearsalError: if one does not.
        """
        await self._move(moment, cases)
        # Of several, one that was at rest may have heard meanwhile from one that was not.
        left = looks = 1 if cases is not None and len(cases) < 2 else 2
        try:
            async with asyncio.timeout(_AT_REST_WITHIN):
                while left:
                    left = left - 1 if await self._are_at_rest(cases) else looks
                    await asyncio.sleep(_LOOK_EVERY if left else 0)
        except TimeoutError:
            raise RehearsalError(f"cases are at work after {_AT_REST_WITHIN:.0f} s") from None

    async def _move(self, moment: datetime, cases: Cases) -> None:
        handles = await self._running(cases)
        behind = [each for each in handles if self._came_to.get(each.id) != moment]
        await asyncio.gather(*(self._skip(handle, moment) for handle in behind))

    async def _skip(self, handle: WorkflowHandle[Any, Any], moment: datetime) -> None:
        self._came_to[handle.id] = moment
        try:
            # One that waits to begin does so a little after its moment; asked to go to just before
            # that, it would never begin. A later run of a case does not wait, and the server takes
            # its beginning for much later than it was.
            there = await handle.describe()
            is_first = there.run_id == there.raw_description.workflow_execution_info.first_run_id
            begins = (there.execution_time if is_first else None) or moment
            wait = max(moment, begins + A_MOMENT) - await self._skipper.get_current_time(handle)
            if wait > A_MOMENT:
                await self._skipper.fast_forward(handle, wait)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # it has ended, or was never there
                raise

    async def _running(self, cases: Cases) -> list[WorkflowHandle[Any, Any]]:
        client = self.desk.client
        if cases is None:
            listed = client.list_workflows("ExecutionStatus = 'Running'")
            cases = [each.id async for each in listed if each.id not in self._left]
        return [client.get_workflow_handle(each) for each in cases]

    async def _are_at_rest(self, cases: Cases) -> bool:
        """Whether nothing is under way, and only people or time can move them."""
        handles = await self._running(cases)
        return all(await asyncio.gather(*map(_is_at_rest, handles)))


async def _is_at_rest(handle: WorkflowHandle[Any, Any]) -> bool:
    try:
        described = await handle.describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return True
    raw = described.raw_description
    return described.status is not WorkflowExecutionStatus.RUNNING or not (
        raw.pending_activities or raw.HasField("pending_workflow_task")
    )


# -- commands in this process -------------------------------------------------------------------

_heard_by: ContextVar[tuple[io.StringIO, io.StringIO] | None] = ContextVar("heard", default=None)


class _Stream:
    """Takes what a command says apart from what else this process says, as a worker's log."""

    encoding = "utf-8"

    def __init__(self, which: int, otherwise: Any) -> None:
        self._which, self._otherwise = which, otherwise

    def write(self, text: str) -> int:
        """Write to whoever hears the command, or to where the process writes."""
        heard = _heard_by.get()
        return int((heard[self._which] if heard else self._otherwise).write(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._otherwise, name)

    def isatty(self) -> bool:
        """Whether it is a terminal: for a command it is none."""
        return _heard_by.get() is None and bool(self._otherwise.isatty())

    def flush(self) -> None:
        """Pass it on."""
        if _heard_by.get() is None:
            self._otherwise.flush()


def _heard(tokens: Sequence[str]) -> Said:
    from operators.cli import execute

    heard = io.StringIO(), io.StringIO()
    _heard_by.set(heard)  # in the context of this thread's call alone
    status = execute(tokens)
    out, err = (each.getvalue() for each in heard)
    return Said(status=status, out=out, err=err)


@contextmanager
def commands_in(settings: Settings, address: str) -> Iterator[None]:
    """Let the commands of this process find an installation, and work in a folder of its home.

    Args:
        address: Of its server.
    """
    own = {
        "EXITFLOW_HOME": settings.home,
        "EXITFLOW_REGISTRY_URL": settings.registry,
        "EXITFLOW_POLICY": settings.policy,
        "EXITFLOW_KEYS": settings.keys_file,
        "EXITFLOW_CHANNELS": "[]",
        "TEMPORAL_ADDRESS": address,
        "TEMPORAL_NAMESPACE": "default",
        "COLUMNS": console().width,
    }
    if settings.workdays is not None:
        own["EXITFLOW_WORKDAYS"] = settings.workdays.resolve()
    before, streams = dict(os.environ), (sys.stdout, sys.stderr)
    apart: Iterator[Any] = (_Stream(which, each) for which, each in enumerate(streams))
    os.environ.pop("EXITFLOW_CONFIG", None)
    os.environ.update({name: str(value) for name, value in own.items()})
    sys.stdout, sys.stderr = apart
    try:
        files = settings.home / "files"
        files.mkdir()
        with contextlib.chdir(files):
            yield
    finally:
        sys.stdout, sys.stderr = streams
        os.environ.clear()
        os.environ.update(before)


# -- the stage ----------------------------------------------------------------------------------


def moved_policy(policy: Policy, years: int) -> Policy:
    """A policy so many years later.

    Periods and days of the year are the same in every year. What follows from an exit is not: it is
    tied to the years 2016 to 2020 (F1, F2), and a county that exits ten years later would have
    neither support nor reward. Names of bodies stay with the years in which they were borne.
    """
    after = policy.after_exit
    until = after.support_until
    later = {
        "support_until": day_of(until.year + years, f"{until:%m-%d}"),
        "rewarded_years": tuple(year + years for year in after.rewarded_years),
    }
    return policy.model_copy(update={"after_exit": after.model_copy(update=later)})


def policy_file(folder: Path) -> Path:
    """The policy of the stage in a folder, for its worker, and for whoever looks on."""
    return folder / "policy.toml"


def as_toml(policy: Policy) -> str:
    """A policy as the text of a policy file."""
    content = policy.model_dump(exclude_none=True)
    return "".join(f"{name} = {_toml(value)}\n" for name, value in content.items())


def _toml(value: Any) -> str:
    match value:
        case dict():
            return f"{{ {', '.join(f'{name} = {_toml(each)}' for name, each in value.items())} }}"
        case list() | tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case date():
            return value.isoformat()
        case _:
            return json.dumps(value, ensure_ascii=False)


@asynccontextmanager
async def set_stage(folder: Path, years: int = 0) -> AsyncIterator[Stage]:
    """A stage in a folder, under this installation's policy and calendar, until the block ends.

    Nothing else of the installation is touched: not its registry, not its server, and nobody is
    told anything through its channels.

    Args:
        folder: An empty one, by its absolute path.
        years: By how many years what is played there has moved, and the policy with it.
    """
    settings = prepared(folder, years)
    engine = settings.engine()
    try:
        async with (
            embedded(
                settings.server_file,
                time_skipping=True,
                log=folder / "temporal.log",
                ring=settings.keyring(),
            ) as server,
            build_worker(server.client, settings, clock=server_time),
        ):
            with commands_in(settings, server.address):
                yield Stage(Desk(server.client, Registry(engine), settings.load_policy()), server)
    finally:
        engine.dispose()


def prepared(folder: Path, years: int) -> Settings:
    """An installation in a folder, with keys and a registry, as of ``set_stage``."""
    settings = load_settings(
        home=folder,
        registry_url=f"sqlite:///{folder / 'registry.db'}",
        channels=(),
        keys=folder / "keys",
    )
    # Desk, worker and commands read it from a file, as in any installation.
    policy = moved_policy(settings.load_policy(), years)
    policy_file(folder).write_text(as_toml(policy), encoding="utf-8")
    settings = settings.model_copy(update={"policy": str(policy_file(folder))})
    prepare_keys(settings)
    prepare_registry(settings)
    return settings


@contextmanager
def scratch_folder(name: str) -> Iterator[Path]:
    """A folder that goes with the block, unless the server failed: its log there may say why."""
    folder = Path(tempfile.mkdtemp(prefix=f"exitflow-{name}-"))
    keep = False
    try:
        yield folder
    except ServerError:
        keep = True
        raise
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
