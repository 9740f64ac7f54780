"""A stage for cases: a real Temporal server with time skipped, a worker, a registry, counties.

Every date of a test is derived from ``YEAR``, the year after the present one, so that a case can
begin on any day of it by letting the start wait and skipping the wait.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from temporalio import activity
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.exceptions import ApplicationError
from temporalio.testing import TimeSkipper
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

from activities.database import upgrade
from activities.store import Registry
from models.ledger import Entry, EntryKind, verify
from models.messages import (
    Act,
    CountyApplication,
    CountyFigures,
    CountyOpening,
    Objection,
    Outcome,
    Receipt,
    Resolution,
    Withdrawal,
)
from models.offices import County
from models.periods import BEIJING, Limit
from models.policy import Policy
from models.status import CaseStatus
from operators.desk import Desk, NoAnswer
from workers.catalogue import TASK_QUEUE, build_worker
from workers.namespace import set_up
from workers.settings import Settings
from workflows.county_exit import CountyExitWorkflow

YEAR = datetime.now(BEIJING).year + 1
PATIENCE = 20.0
"""Seconds of real time after which a condition that was waited for counts as missed."""

_codes = (f"{city}{county}" for city in range(4131, 4200) for county in range(21, 100))
"""County codes that nobody uses."""

_namespaces = count(1)

PLAYED: "list[Play]" = []
"""Every case opened since it was last looked through for wedged ones."""


def at(
    month: int, day: int, hour: int = 10, minute: int = 0, second: float = 0, *, year: int = YEAR
) -> datetime:
    """A moment in Beijing, of the case's year where no other is named."""
    whole = int(second)
    return datetime(year, month, day, hour, minute, whole, int((second - whole) * 1e6), BEIJING)


def figures(**changes: Any) -> CountyFigures:
    """Synthetic figures that meet every standard of S3."""
    values: dict[str, Any] = {
        "poor": 4_600,
        "population": 1_000_000,
        "as_of": date(YEAR, 1, 31),
        "income_growth_percent": "10.2",
        "provincial_income_growth_percent": "8.9",
        "services_near_mean": True,
        "services_statement": "主要指标达到全省平均水平（合成数据）",
    }
    return CountyFigures.model_validate(values | changes)


def application(code: str, **changes: Any) -> CountyApplication:
    """A synthetic application."""
    values: dict[str, Any] = {
        "county": code,
        "year": YEAR,
        "tier": "national",
        "figures": figures(),
        "officer": "某甲",
        "document_number": "合成〔1〕号",
    }
    return CountyApplication.model_validate(values | changes)


@dataclass
class Play:
    """One case on the stage."""

    stage: "Stage"
    case_id: str
    code: str
    direct: bool
    handle: WorkflowHandle[Any, Outcome]
    ids: "count[int]" = field(default_factory=lambda: count(1))

    def office(self, step: str) -> str:
        """The office whose step it is."""
        city = f"{self.code[:4]}00"
        return {
            "C1": f"A5/{self.code}",
            "C2": f"A6/{city}",
            "C3": "A7/410000",
            "C4": "A7/410000",
            "C5": "A7/410000",
            "C6": "A8/100000",
            "C7": "A9/410000",
        }[step]

    def message(self, step: str, decision: str = "approve", **fields: Any) -> dict[str, Any]:
        """An act as JSON."""
        given = {
            "id": f"act-{next(self.ids)}",
            "step": step,
            "decision": decision,
            "office": self.office(step),
            "officer": "某乙",
        }
        return given | fields

    async def act(self, step: str, decision: str = "approve", **fields: Any) -> Receipt:
        """An office acts; what the rules refuse raises ``operators.desk.Refused``."""
        message = Act.model_validate(self.message(step, decision, **fields))
        return await self.stage.desk.act(self.case_id, message)

    async def object(self, text: str = "道路未通（合成）", **fields: Any) -> str:
        """Somebody objects; returns the objection's id."""
        message = Objection.model_validate(
            {"id": f"objection-{next(self.ids)}", "text": text} | fields
        )
        await self.stage.desk.object(self.case_id, message)
        return message.id

    async def resolve(self, objection: str, finding: str, **fields: Any) -> Receipt:
        """The publishing body ends an investigation."""
        message = Resolution.model_validate(
            {
                "id": f"resolution-{next(self.ids)}",
                "objection_id": objection,
                "finding": finding,
                "reason": "经实地调查（合成）",
                "office": "A7/410000",
                "officer": "某丙",
            }
            | fields
        )
        return await self.stage.desk.resolve(self.case_id, message)

    async def withdraw(self, **fields: Any) -> Receipt:
        """The applicant withdraws."""
        message = Withdrawal.model_validate(
            {
                "id": f"withdrawal-{next(self.ids)}",
                "office": self.office("C1"),
                "officer": "某甲",
                "reason": "数据需要复核（合成）",
            }
            | fields
        )
        return await self.stage.desk.withdraw(self.case_id, message)

    async def signal(self, name: str, *arguments: Any) -> None:
        """Send plain JSON as a signal, as the Web UI's form does."""
        await self.handle.signal(name, args=list(arguments))

    async def update(self, name: str, *arguments: Any) -> str:
        """Send plain JSON as an update; returns the refusal's sentence, or the receipt's."""
        try:
            receipt: Receipt = await self.handle.execute_update(
                name, args=list(arguments), result_type=Receipt
            )
        except WorkflowUpdateFailedError as error:
            return str(error.cause)
        return receipt.text

    async def send(self, name: str, *arguments: Any) -> None:
        """Send what the rules must allow as an update of plain JSON."""
        await self.handle.execute_update(name, args=list(arguments), result_type=Receipt)

    async def now(self) -> datetime:
        """The case's own time."""
        return await self.stage.skipper.get_current_time(self.handle)

    async def until(self, moment: datetime) -> None:
        """Let time pass until a moment; limits that pass on the way have their say."""
        await self.stage.skipper.fast_forward(self.handle, moment - await self.now())

    async def status(self) -> CaseStatus:
        """The case's status query."""
        return await self.stage.desk.status(self.case_id)

    async def details(self) -> str:
        """The current details, as the Web UI asks for them."""
        metadata = await self.handle.query(
            "__temporal_workflow_metadata", result_type=WorkflowMetadata
        )
        return str(metadata.current_details)

    async def answers(self) -> bool:
        """Whether the case has begun and answers."""
        try:
            await self.status()
        except NoAnswer:
            return False
        return True

    async def waits(self, condition: Callable[[CaseStatus], bool]) -> CaseStatus:
        """Wait in real time until the status fulfils a condition."""
        last: list[CaseStatus] = []

        async def fulfilled() -> bool:
            last[:] = [await self.status()]
            return condition(last[0])

        await eventually(fulfilled, lambda: f"the case stands at {last[0] if last else None}")
        return last[0]

    async def reaches(self, step: str, round_: int | None = None) -> CaseStatus:
        """Wait until the case works on a step."""
        return await self.waits(
            lambda seen: (
                seen.step == step
                and (round_ is None or seen.round == round_)
                and (seen.waiting_for is not None or "公示中" in seen.waiting_text)
            )
        )

    async def pass_until(self, step: str) -> None:
        """Approve every step before one, and let a publicity run its time."""
        for each in ("C2", "C3", "C5", "C6", "C7"):
            seen = await self.status()
            if each >= step:
                break
            if next(line for line in seen.steps if line.id == each).state in ("done", "skipped"):
                continue
            if each == "C5" and seen.step != "C5":
                await self.end_publicity()
            await self.reaches(each)
            await self.act(each)
        if step == "C5" and (await self.status()).step != "C5":
            await self.end_publicity()
        await self.reaches(step)

    async def end_publicity(self) -> datetime:
        """Let the publicity close; returns its closing moment."""
        seen = await self.reaches("C4")
        (limit,) = [entry.limit for entry in seen.limits if entry.limit.clause == "T1"]
        await self.until(limit.due + timedelta(seconds=1))
        return limit.due

    async def limit(self, clause: str) -> Limit:
        """The one limit of a clause, once it is in force."""
        seen = await self.waits(lambda seen: clause in [each.limit.clause for each in seen.limits])
        (limit,) = [each.limit for each in seen.limits if each.limit.clause == clause]
        return limit

    async def refused(self) -> list[str]:
        """Why signals were refused, as the file has it."""
        return [str(entry.data["why"]) for entry in await self.entries(EntryKind.REFUSED)]

    def told(self, topic: str = "") -> list[dict[str, Any]]:
        """What the notification log has of this case, of one topic or of all."""
        log = self.stage.settings.home / "notifications.jsonl"
        written = log.read_text(encoding="utf-8") if log.is_file() else ""
        lines = [json.loads(line) for line in written.splitlines()]
        mine = [line for line in lines if line["case_id"] == self.case_id]
        return [line for line in mine if topic in ("", line["topic"])]

    async def has_told(self, topic: str, times: int) -> list[dict[str, Any]]:
        """The notifications of a topic, once there are as many, and on file."""

        async def complete() -> bool:
            return len(self.told(topic)) >= times

        await eventually(complete, lambda: f"{len(self.told(topic))} of {times} {topic}")
        return self.told(topic)

    async def ends(self) -> Outcome:
        """Wait for the end of the case."""
        async with asyncio.timeout(PATIENCE):
            return await self.stage.desk.outcome(self.case_id)

    async def file(self) -> list[Entry]:
        """The file as the registry has it, once it has all of it; its chain is checked."""
        kept: list[Entry] = []
        own: list[Entry] = []

        async def complete() -> bool:
            own[:] = await self.stage.desk.ledger(self.case_id)
            kept[:] = self.stage.registry.ledger(self.case_id)
            return [entry.hash for entry in own] == [entry.hash for entry in kept]

        await eventually(complete, lambda: f"the registry has {len(kept)} of {len(own)} entries")
        verify(self.case_id, kept)
        return kept

    async def entries(self, *kinds: EntryKind) -> list[Entry]:
        """The entries of some kinds."""
        return [entry for entry in await self.file() if entry.kind in kinds]


async def eventually(
    condition: Callable[[], Awaitable[bool]], described: Callable[[], str] = lambda: ""
) -> None:
    """Wait in real time until a condition holds."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not await condition():  # noqa: ASYNC110 - a server has no event to wait for
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"waited {PATIENCE:.0f} s in vain; {described()}") from None


class Outages(Interceptor):
    """What some cases cannot reach for a while: activities that fail, by case and name."""

    def __init__(self) -> None:
        self._away: set[tuple[str, str]] = set()
        self._tried: set[tuple[str, str]] = set()
        self._again_in: dict[str, timedelta] = {}

    def begin(self, case_id: str, *names: str, again_in: timedelta | None = None) -> None:
        """Let activities of a case fail from now on; each is tried again after its own policy.

        Args:
            again_in: When they are tried again instead: an attempt takes a second to skip to.
        """
        self._away |= {(case_id, name) for name in names}
        if again_in is not None:
            self._again_in[case_id] = again_in

    def end(self, case_id: str) -> None:
        """Let everything of a case work again."""
        self._away = {each for each in self._away if each[0] != case_id}

    def felt(self, case_id: str, name: str) -> bool:
        """Whether a case has tried in vain."""
        return (case_id, name) in self._tried

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Part of the worker."""
        return _Failing(next, self)

    def check(self) -> None:
        """Raise where the running activity is away."""
        info = activity.info()
        asked = (info.workflow_id or "", info.activity_type)
        if asked in self._away:
            self._tried.add(asked)
            again_in = self._again_in.get(asked[0])
            raise ApplicationError("out of reach", next_retry_delay=again_in)


class _Failing(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, outages: Outages) -> None:
        super().__init__(next)
        self._outages = outages

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        self._outages.check()
        return await super().execute_activity(input)


class Crew:
    """The worker of a stage, which can go, and another can come."""

    def __init__(self, client: Client, settings: Settings, outages: Outages) -> None:
        self._client, self._settings, self._outages = client, settings, outages
        self._shift = AsyncExitStack()

    async def comes(self, settings: Settings | None = None, **options: Any) -> None:
        """Begin to work; ``options`` go to the worker."""
        worker = build_worker(
            self._client, settings or self._settings, interceptors=[self._outages], **options
        )
        await self._shift.enter_async_context(worker)

    async def goes(self) -> None:
        """Stop working."""
        await self._shift.aclose()


@dataclass
class Stage:
    """A server, a worker and a registry; many cases, each with its own clock."""

    desk: Desk
    skipper: TimeSkipper
    registry: Registry
    settings: Settings
    policy: Policy
    crew: Crew
    outages: Outages

    def county(self, *, tier: str = "national", direct: bool = False, planned: bool = True) -> str:
        """Put a new synthetic county on the register and return its code."""
        code = next(_codes)
        row = {
            "code": code,
            "name": f"合成{code}县",
            "city": f"合成{code[:4]}市",
            "tier": tier,
            "directly_administered": str(direct).lower(),
            "exit_year": str(YEAR if planned else YEAR + 1),
            "approved_on": f"{YEAR + 1}-04-01",
            "townships": "10",
            "villages": "100",
        }
        self.registry.load_counties([row], date(2014, 1, 1), "synthetic plan")
        return code

    async def opens(
        self,
        begins: datetime,
        *,
        tier: str = "national",
        direct: bool = False,
        planned: bool = True,
        policy: Policy | None = None,
        **changes: Any,
    ) -> Play:
        """Open a case at a moment of ``YEAR`` and let its clock stand there."""
        code = self.county(tier=tier, direct=direct, planned=planned)
        return await self.opens_for(
            code, begins, direct=direct, policy=policy, tier=tier, **changes
        )

    async def opens_for(
        self,
        code: str,
        begins: datetime,
        *,
        direct: bool = False,
        policy: Policy | None = None,
        **changes: Any,
    ) -> Play:
        """Open a case of a county that is on the register."""
        desk = Desk(self.desk.client, self.registry, policy or self.policy)
        wait = begins - datetime.now(BEIJING)
        with self.skipper.with_time_skipping_disabled():
            case_id = await desk.start_county(application(code, **changes), begins_in=wait)
        play = Play(self, case_id, code, direct, desk.client.get_workflow_handle(case_id))
        return await self._begun(play, wait)

    async def opens_directly(self, opening: CountyOpening, begins: datetime) -> Play:
        """Start a case past the desk, as anybody with access to the server can."""
        wait = begins - datetime.now(BEIJING)
        with self.skipper.with_time_skipping_disabled():
            handle = await self.desk.client.start_workflow(
                CountyExitWorkflow.run,
                opening,
                id=opening.case_id,
                task_queue=TASK_QUEUE,
                start_delay=wait,
            )
        play = Play(self, opening.case_id, opening.county.code, False, handle)
        return await self._begun(play, wait)

    async def _begun(self, play: Play, wait: timedelta) -> Play:
        PLAYED.append(play)
        await self.skipper.fast_forward(play.handle, wait)
        await eventually(play.answers, lambda: f"{play.case_id} has not begun")
        return play

    def known(self, code: str) -> County:
        """A county as the register has it."""
        county = self.registry.county_facts(code, YEAR, date(YEAR, 6, 1)).county
        assert county is not None
        return county


@asynccontextmanager
async def set_stage(client: Client, settings: Settings, **options: Any) -> AsyncIterator[Stage]:
    """A registry and a worker on a server, until the block ends."""
    engine = settings.engine()
    upgrade(engine)
    skipper = TimeSkipper(client)
    registry, policy, outages = Registry(engine), settings.load_policy(), Outages()
    desk = Desk(skipper.client, registry, policy)
    crew = Crew(skipper.client, settings, outages)
    await crew.comes(**options)
    try:
        yield Stage(desk, skipper, registry, settings, policy, crew, outages)
    finally:
        await crew.goes()
        engine.dispose()


async def apart(client: Client) -> Client:
    """The same server, in a namespace of its own: another worker's cases are not seen there."""
    config = client.config()
    config["namespace"] = f"stage-{next(_namespaces)}"
    own = Client(**config)
    await set_up(own)
    return own


async def wedged(play: Play) -> list[str]:
    """What a case's history has of failed workflow tasks, and of a failed case."""
    found = []
    async for event in play.handle.fetch_history_events():
        if event.HasField("workflow_task_failed_event_attributes"):
            failed = event.workflow_task_failed_event_attributes
            # The server's own way to say that something came in meanwhile: it is looked at first.
            if failed.cause != WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND:
                found.append(f"{play.case_id}: workflow task failed: {failed.failure.message}")
        if event.HasField("workflow_execution_failed_event_attributes"):
            ended = event.workflow_execution_failed_event_attributes.failure
            found.append(f"{play.case_id}: failed: {ended.message} {ended.cause.message}")
    return found


async def execution_status(play: Play) -> WorkflowExecutionStatus | None:
    """How the server sees a case."""
    return (await play.handle.describe()).status


def settings_in(folder: Path, **given: Any) -> Settings:
    """An installation of its own."""
    return Settings(home=folder, **given)
