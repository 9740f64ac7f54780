"""What runs where: task queue, workflows, activities. One list for worker, replayer and tests."""

from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from sqlalchemy import Engine
from temporalio.client import Client
from temporalio.worker import Interceptor, Worker, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from models.base import build_records
from models.case.orders import OnFile
from models.orders import Order, declared
from models.policy import Policy
from models.sealed import NotSealed
from workers import worker_name
from workers.details import DetailsWhenAsked
from workers.history_guard import guarded
from workers.keys import Keys
from workers.known_keys import one_meaning
from workers.limits import TURN
from workers.only_sealed import OnlySealedOrders, only_sealed_openings
from workers.output import refuse_in_one_line
from workers.seal import sealed_client
from workers.settings import Settings
from workflows.calls import activity_queue
from workflows.check import CheckWorkflow
from workflows.county_exit import CountyExitWorkflow
from workflows.follow_up import FollowUpWorkflow
from workflows.household_exit import HouseholdExitWorkflow
from workflows.reentry import ReentryWorkflow
from workflows.revocation import RevocationWorkflow
from workflows.rounds import FollowUpRound, SupervisionRound, WatchRound
from workflows.supervision import SupervisionWorkflow
from workflows.supplement import SupplementWorkflow
from workflows.unknown import UnknownWorkflow
from workflows.village_exit import VillageExitWorkflow
from workflows.watch import WatchWorkflow

if TYPE_CHECKING:
    from activities.notifications.outbox import Outbox, Ring

TASK_QUEUE = "exitflow"
ACTIVITY_QUEUE = activity_queue(TASK_QUEUE)

WORKFLOWS: tuple[type, ...] = (
    CountyExitWorkflow,
    VillageExitWorkflow,
    HouseholdExitWorkflow,
    SupervisionWorkflow,
    ReentryWorkflow,
    RevocationWorkflow,
    SupplementWorkflow,
    FollowUpWorkflow,
    FollowUpRound,
    SupervisionRound,
    UnknownWorkflow,
    CheckWorkflow,
    WatchWorkflow,
    WatchRound,
)

ORDERS = {each.activity: each for each in declared(Order)}
"""Every order by its activity: the modules above have all of them imported."""

FAILURES = (ValidationError, NotSealed)
"""Input that does not decode fails the case at once; otherwise it would be retried for ever."""

_DATABASE_THREADS = 8

_STUCK_AFTER = TURN.seconds // 3
"""Seconds in which a case has to be done with what came at once."""

_TASKS_AT_ONCE = 2
"""The least that the library takes, and as fast as more: one interpreter runs one at a time.

With more, a case that leaves the cache after a query that came too early (``history_guard``) can
lose the task behind it to the library, until the server gives that up and tries again.
"""


PolicySource = Callable[[str], Policy]
"""A policy by its id; raises ``PolicyError`` if the installation does not have it."""


def activities(
    settings: Settings,
    clock: Callable[[], datetime] | None = None,
    policies: PolicySource | None = None,
    client: Client | None = None,
    ring: "Ring | None" = None,
) -> list[Callable[..., Any]]:
    """Every activity, bound to the registry, folders, channels and keys of the settings.

    Args:
        clock: What time it is, by the installation's own clock if not given; a rehearsal lives in
            the time of its server.
        policies: Where policies come from; the settings have one.
        client: Of the server that is checked, and that delivers; without one it is not.
        ring: Sets deliveries going, if the server does not.

    Raises:
        KeysError: if the installation's keys cannot be had.
    """
    from activities.admissions import Gate
    from activities.check import CheckActivities
    from activities.follow_up import FollowUpActivities
    from activities.leaving import LeavingActivities
    from activities.ledger import RegistryActivities
    from activities.limits import CalendarActivities
    from activities.mending import Contradictions
    from activities.notices import NoticeBoard
    from activities.notifications.deliver import NotificationActivities, Senders
    from activities.reentry import ReentryActivities
    from activities.revocation import RevocationActivities
    from activities.roster import RosterActivities
    from activities.rounds import RoundActivities
    from activities.supervision import SupervisionActivities
    from activities.supplement import SupplementActivities
    from activities.village import VillageActivities
    from activities.warrants import utc_now
    from activities.watch import WatchActivities
    from workers.server_check import server_part_at_night

    engine, now = settings.engine(), clock or utc_now
    key = Keys.made(settings.keys_file).derive("admission")
    gate = Gate(key, policies or settings.policy_of, settings.calendar(), now)
    board = NoticeBoard(engine, settings.notices_folder, now)
    outbox = outbox_of(settings, engine, now, client, ring)
    registry = RegistryActivities(engine, gate, outbox)
    rooms = (
        CalendarActivities(gate),
        registry,
        Contradictions(engine),
        board,
        VillageActivities(engine, gate),
        RosterActivities(engine, board, gate),
        LeavingActivities(engine, board, gate),
        ReentryActivities(engine, gate),
        FollowUpActivities(engine, gate),
        RoundActivities(engine, settings.load_policy, settings.calendar(), now),
        SupervisionActivities(engine, gate),
        RevocationActivities(engine, gate),
        SupplementActivities(engine, gate),
        WatchActivities(engine, gate),
        NotificationActivities(engine, outbox, Senders(settings.outgoing())),
        CheckActivities(
            settings.checks(engine),
            partial(server_part_at_night, client, settings, engine),
            settings.load_policy,
        ),
    )
    found = {
        name: getattr(room, name) for room in rooms for name in ORDERS if hasattr(type(room), name)
    }
    return [
        registry.keeping_first(each) if issubclass(ORDERS[name], OnFile) else each
        for name, each in found.items()
    ]


def outbox_of(
    settings: Settings,
    engine: Engine,
    clock: Callable[[], datetime],
    client: Client | None,
    ring: "Ring | None" = None,
) -> "Outbox":
    """The outbox of an installation; without a server its deliveries wait for a worker."""
    from activities.notifications.deliver import Senders
    from activities.notifications.outbox import Outbox
    from workers.deliveries import Bell

    if ring is None and client is not None:
        ring = Bell(client, settings.keyring(), ACTIVITY_QUEUE)
    reached_by = Senders(settings.outgoing()).reached_by
    return Outbox(engine, reached_by, clock, ring or (lambda *_: None))


PASSED_THROUGH = ("models", "workflows")
"""What all cases of a worker share. A sandbox would load it anew for every open case, which is two
thirds of what a case costs in memory. ``tests/workflows/test_sharing.py`` holds ``workflows`` to
what the sandbox would: it keeps nothing between cases and asks no clock; recorded histories are
replayed in the whole sandbox."""


def sandbox(shared: Sequence[str] = PASSED_THROUGH) -> WorkflowRunner:
    """The sandbox behind its guards."""
    return guarded(only_sealed_openings(one_meaning(unguarded_sandbox(shared))))


def unguarded_sandbox(shared: Sequence[str] = PASSED_THROUGH) -> WorkflowRunner:
    """The sandbox alone; what is shared is passed through once, not per case."""
    return SandboxedWorkflowRunner(SandboxRestrictions.default.with_passthrough_modules(*shared))


@asynccontextmanager
async def build_worker(
    client: Client,
    settings: Settings,
    *,
    clock: Callable[[], datetime] | None = None,
    policies: PolicySource | None = None,
    interceptors: Sequence[Interceptor] = (),
    **options: Any,
) -> AsyncIterator[None]:
    """Serve everything in the catalogue until the block ends, sealed with the settings' keys.

    ``clock`` and ``policies`` are as for ``activities``.

    Args:
        options: Go to ``temporalio.worker.Worker``, of workflows and of activities alike.

    Raises:
        KeysError: if the keys cannot be read.
    """
    refuse_in_one_line()
    ring = settings.keyring()
    options.setdefault("identity", worker_name.own())
    options.setdefault("max_cached_workflows", settings.cases_in_memory)
    cases = Worker(
        sealed_client(client, ring),
        task_queue=TASK_QUEUE,
        workflows=WORKFLOWS,
        workflow_runner=sandbox(),
        workflow_failure_exception_types=FAILURES,
        interceptors=[DetailsWhenAsked(), *interceptors],
        max_concurrent_workflow_tasks=_TASKS_AT_ONCE,
        max_concurrent_workflow_task_polls=_TASKS_AT_ONCE,
        **options,
    )
    # The library takes a case for stuck after two seconds without asking how busy the machine is,
    # or how many signals came at once: its own part of ten thousand takes one on an idle machine.
    # It has no option for that, but to ask nothing at all (``debug_mode``): hence its own field.
    assert cases._workflow_worker is not None
    cases._workflow_worker._deadlock_timeout_seconds = _STUCK_AFTER
    doing = Worker(
        sealed_client(client, ring, answering=True),
        task_queue=ACTIVITY_QUEUE,
        activities=activities(settings, clock, policies, client),
        activity_executor=ThreadPoolExecutor(_DATABASE_THREADS, "registry"),
        interceptors=[OnlySealedOrders(), *interceptors],
        **options,
    )
    build_records()  # all are imported now; in a case it would count as its own time
    # Activities last: a case that is told to stop has nothing to wait for but itself.
    async with doing, cases:
        yield
