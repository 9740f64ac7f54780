"""What runs where: task queue, workflows, activities. One list for worker, replayer and tests."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pydantic import ValidationError
from temporalio.client import Client
from temporalio.worker import Worker, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from workers.history_guard import GuardedRunner
from workers.settings import Settings
from workflows.county_exit import CountyExitWorkflow
from workflows.follow_up import FollowUpWorkflow
from workflows.household_exit import HouseholdExitWorkflow
from workflows.reentry import ReentryWorkflow
from workflows.revocation import RevocationWorkflow
from workflows.rounds import FollowUpRound, SupervisionRound
from workflows.supervision import SupervisionWorkflow
from workflows.supplement import SupplementWorkflow
from workflows.village_exit import VillageExitWorkflow

TASK_QUEUE = "exitflow"

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
)

FAILURES = (ValidationError,)
"""Input that does not decode fails the case at once; otherwise it would be retried for ever."""

_DATABASE_THREADS = 8

_TASKS_AT_ONCE = 2
"""The least that the library takes, and as fast as more: one interpreter runs one at a time.

With more, a case that leaves the cache after a query that came too early (``history_guard``) can
lose the task behind it to the library, until the server gives that up and tries again.
"""


def activities(settings: Settings) -> list[Callable[..., Any]]:
    """Every activity, bound to the registry, folders and channels of the settings."""
    from activities.calendar import CalendarActivities
    from activities.follow_up import FollowUpActivities
    from activities.notices import NoticeActivities
    from activities.notifications import NotificationActivities
    from activities.reentry import ReentryActivities
    from activities.reentry_notices import ReentryNotices
    from activities.registry import RegistryActivities
    from activities.revocation import RevocationActivities
    from activities.roster_notices import RosterNotices
    from activities.rosters import RosterActivities
    from activities.rounds import RoundActivities
    from activities.supervision import SupervisionActivities
    from activities.supplements import SupplementActivities
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
    supervision = SupervisionActivities(engine)
    revocations = RevocationActivities(engine)
    supplements = SupplementActivities(engine)
    reentries = ReentryActivities(engine)
    reentry_notices = ReentryNotices(engine, settings.notices_folder)
    follow_ups = FollowUpActivities(engine)
    rounds = RoundActivities(engine, settings.load_policy)
    notifications = NotificationActivities(settings.outgoing())
    return [
        calendar.compute_limits,
        registry.admit_county,
        registry.county_incidence,
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
        reentries.admit_reentry,
        reentries.look_up_reentry,
        reentries.enter_household,
        reentry_notices.publish_reentry_notice,
        follow_ups.open_follow_up,
        follow_ups.back_in_register,
        rounds.supervisions_due,
        rounds.follow_ups_due,
        supervision.draw_sample,
        supervision.open_county_cases,
        supervision.told_results,
        revocations.admit_revocation,
        revocations.revoke_exit,
        supplements.admit_supplement,
        notifications.notify,
        notifications.deliver,
    ]


def sandbox() -> WorkflowRunner:
    """The guarded sandbox, with the pure modules passed through once instead of per run."""
    restrictions = SandboxRestrictions.default.with_passthrough_modules("models")
    return GuardedRunner(SandboxedWorkflowRunner(restrictions=restrictions))


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
        max_concurrent_workflow_tasks=_TASKS_AT_ONCE,
        max_concurrent_workflow_task_polls=_TASKS_AT_ONCE,
        **options,
    )
