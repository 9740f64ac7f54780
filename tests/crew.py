"""Behind a stage: the worker, which can go, what it cannot reach for a while, and its server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.testing import TimeSkipper
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.warrants import server_time
from models.case.orders import OUTBOX, Delivered, Delivery
from models.policy import Policy
from operators.desk.desk import Desk
from registry.desk import Registry
from tests.fast.server import FastServer
from workers import limits
from workers.catalogue import activities, build_worker
from workers.embedded import Embedded, embedded
from workers.namespace import set_up
from workers.settings import Settings

_namespaces = count(1)

SKIPPED_WITHIN = 240.0
"""Seconds of real time; a timer on the way takes one, a server that is stuck all there are."""

HARDLY = timedelta(seconds=5)
"""Too little time to skip: a busy server may look later than that."""

GONE_WITHIN = 60.0
"""Seconds until a worker that was told to stop has stopped."""


class Outages(Interceptor):
    """What some cases cannot reach for a while: activities that fail, by case and name."""

    def __init__(self) -> None:
        self._away: set[tuple[str, str]] = set()
        self._tried: set[tuple[str, str]] = set()
        self._again_in: dict[str, timedelta] = {}
        self._behind: dict[tuple[str, str], tuple[str, ...]] = {}

    def begin(
        self,
        case_id: str,
        *names: str,
        again_in: timedelta | None = None,
        behind: str | None = None,
    ) -> None:
        """Let activities of a case fail from now on; each is tried again after its own policy.

        Args:
            again_in: When they are tried again instead: an attempt takes a second to skip to.
            behind: Another activity of the case: they fail as soon as that was tried.
        """
        if behind is not None:
            self._behind[case_id, behind] = names
            return
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
        # A delivery is under no workflow: its id says whose it is.
        whose = info.workflow_id or info.activity_id.removeprefix(OUTBOX).rpartition("/")[0]
        asked = (whose, info.activity_type)
        self.begin(asked[0], *self._behind.pop(asked, ()))
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


class Policies:
    """What a stage's worker works under: its installation's policy, and others for single cases."""

    def __init__(self, usual: Callable[[str], Policy]) -> None:
        self._usual = usual
        self._others: dict[str, Policy] = {}

    def __call__(self, id: str) -> Policy:
        """A policy by its id; raises ``PolicyError`` where there is none."""
        return self._others.get(id) or self._usual(id)

    def add(self, policy: Policy) -> Policy:
        """Take in an altered policy, under an id of its own."""
        own = policy.model_copy(update={"id": f"{policy.id}-{policy.sha256[:12]}"})
        self._others[own.id] = own
        return own


class Crew:
    """The worker of a stage, which can go, and another can come.

    Attributes:
        clock: Of the installation: its server's time, unless a test wants another.
    """

    def __init__(
        self, client: Client, settings: Settings, outages: Outages, policies: Policies
    ) -> None:
        self._client, self._settings, self._outages = client, settings, outages
        self._policies = policies
        self.clock: Callable[[], datetime] = server_time
        self._shift = AsyncExitStack()

    async def comes(self, settings: Settings | None = None, **options: Any) -> None:
        """Begin to work; ``options`` go to the worker."""
        worker = build_worker(
            self._client,
            settings or self._settings,
            clock=lambda: self.clock(),
            policies=self._policies,
            interceptors=[self._outages],
            **options,
        )
        await self._shift.enter_async_context(worker)

    async def goes(self) -> None:
        """Stop working."""
        try:
            async with asyncio.timeout(GONE_WITHIN):
                await self._shift.aclose()
        except TimeoutError:
            raise AssertionError(f"the worker has not stopped in {GONE_WITHIN:.0f} s") from None


class FastCrew:
    """The worker of a stage without a server.

    Attributes:
        clock: As of a ``Crew``.
    """

    def __init__(self, settings: Settings, outages: Outages, policies: Policies) -> None:
        self._settings, self._policies = settings, policies
        self.clock: Callable[[], datetime] = server_time
        self.server = FastServer(self._activities(settings), outages.check)

    def _activities(self, settings: Settings) -> list[Callable[..., Any]]:
        return activities(settings, lambda: self.clock(), self._policies, ring=self.ring)

    def ring(self, order: Delivery, tried_for: timedelta) -> tuple[Delivered, ...] | None:
        """Set a delivery going, as on a server."""
        return self.server.deliveries.ring(order, tried_for)

    async def comes(self, settings: Settings | None = None, **options: Any) -> None:
        """Begin to work; with options of a worker it needs a server."""
        assert options == {}, "mark the test as one for a server"
        await self.server.comes_to_work(self._activities(settings or self._settings))

    async def goes(self) -> None:
        """Stop working."""
        await self.server.goes_from_work()


@dataclass
class Theatre:
    """What every case on a stage finds there: a server, a worker and a registry."""

    desk: Desk
    skipper: TimeSkipper | FastServer
    registry: Registry
    settings: Settings
    policy: Policy
    crew: Crew | FastCrew
    outages: Outages
    policies: Policies

    def under(self, policy: Policy | None) -> Policy:
        """The policy a case is opened under: the stage's own, or another one."""
        return self.policy if policy is None else self.policies.add(policy)

    async def pass_to_next(self, case_id: str, within: timedelta) -> timedelta:
        """Let what a case does next by itself happen, if that is near; a server does by itself."""
        if isinstance(self.skipper, TimeSkipper):
            return timedelta(0)
        return await self.skipper.pass_to_next(case_id, within)

    async def skip(self, handle: WorkflowHandle[Any, Any], ahead: timedelta) -> None:
        """Let the clock of a workflow run on, past all that happens on the way.

        What is hardly ahead is waited for: asked to skip to what is past once it looks, a server
        goes on to the case's next timer instead.
        """
        if isinstance(self.skipper, TimeSkipper) and ahead <= HARDLY:
            await asyncio.sleep(max(ahead, timedelta(0)).total_seconds())
            return
        try:
            async with asyncio.timeout(SKIPPED_WITHIN):
                await self.skipper.fast_forward(handle, ahead)
        except TimeoutError:
            why = f"the clock of {handle.id} has not run on by {ahead} in {SKIPPED_WITHIN:.0f} s"
            raise AssertionError(why) from None


@asynccontextmanager
async def quick_server(database: Path | None = None) -> AsyncIterator[Embedded]:
    """A server whose cases can run ahead of the clock, and have a lost task again soon.

    Tests that keep no case in memory lose a task now and then to the library, which drops it behind
    a query; a case has it again after a turn, and that is short here.
    """
    async with AsyncExitStack() as stack:
        with pytest.MonkeyPatch.context() as changed:
            turn = {"history.defaultWorkflowTaskTimeout": "10s"}
            changed.setattr(limits, "LIMITS", {**limits.LIMITS, **turn})
            running = await stack.enter_async_context(embedded(database, time_skipping=True))
        yield running


async def apart(client: Client) -> Client:
    """The same server, in a namespace of its own: another worker's cases are not seen there."""
    config = client.config()
    config["namespace"] = f"stage-{next(_namespaces)}"
    own = Client(**config)
    await set_up(own)
    return own
