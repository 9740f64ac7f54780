"""What runs where: task queue, workflows, activities. One list for worker, replayer and tests."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pydantic import ValidationError
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from workers.settings import Settings
from workflows.county_exit import CountyExitWorkflow
from workflows.household_exit import HouseholdExitWorkflow
from workflows.village_exit import VillageExitWorkflow

TASK_QUEUE = "exitflow"

WORKFLOWS: tuple[type, ...] = (
    CountyExitWorkflow,
    VillageExitWorkflow,
    HouseholdExitWorkflow,
)

FAILURES = (ValidationError,)
"""Input that does not decode fails the case at once; otherwise it would be retried for ever."""

_DATABASE_THREADS = 8


def activities(settings: Settings) -> list[Callable[..., Any]]:
    """Every activity, bound to the registry, folders and channels of the settings."""
    from activities.calendar import CalendarActivities
    from activities.notices import NoticeActivities
    from activities.notifications import NotificationActivities
    from activities.registry import RegistryActivities
    from activities.roster_notices import RosterNotices
    from activities.rosters import RosterActivities
    from activities.village_notices import VillageNoticeActivities
    from activities.village_register import VillageActivities

    engine = settings.engine()
    calendar = CalendarActivities(settings.calendar())
    registry = RegistryActivities(engine)
    notices = NoticeActivities(engine, settings.notices_folder)
    villages = VillageActivities(engine)
    village_notices = VillageNoticeActivities(engine, settings.notices_folder)
    roster_notices = RosterNotices(engine, settings.notices_folder)
    rosters = RosterActivities(engine, roster_notices)
    notifications = NotificationActivities(settings.outgoing())
    return [
        calendar.compute_limits,
        registry.admit_county,
        registry.write_ledger,
        registry.strike_off_county,
        notices.publish_notice,
        villages.admit_village,
        villages.village_incidence,
        villages.strike_off_village,
        village_notices.publish_village_notice,
        rosters.admit_roster,
        rosters.look_up_households,
        rosters.strike_off_households,
        roster_notices.post_roster,
        notifications.notify,
        notifications.deliver,
    ]


def sandbox() -> SandboxedWorkflowRunner:
    """The workflow sandbox, with the pure modules passed through once instead of per run."""
    restrictions = SandboxRestrictions.default.with_passthrough_modules("models")
    return SandboxedWorkflowRunner(restrictions=restrictions)


def build_worker(client: Client, settings: Settings, **options: Any) -> Worker:
    """A worker for everything in the catalogue; ``options`` go to ``temporalio.worker.Worker``."""
    return Worker(
        client,
        task_queue=options.pop("task_queue", TASK_QUEUE),
        workflows=WORKFLOWS,
        activities=activities(settings),
        activity_executor=ThreadPoolExecutor(_DATABASE_THREADS, "registry"),
        workflow_runner=sandbox(),
        workflow_failure_exception_types=FAILURES,
        **options,
    )
