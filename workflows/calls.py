"""The few ways in which a case calls the world, each with its time-outs and the reason for them.

Activities are called by name: importing them here would draw the database into every run.
"""

import asyncio
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from itertools import count
from typing import Annotated, Any
from weakref import WeakKeyDictionary

from pydantic import PlainValidator, TypeAdapter, ValidationError
from pydantic_core import to_json
from temporalio import workflow
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    CancelledError,
    FailureError,
)

from models.base import faults
from models.case.mending import Kept, KeptOrder
from models.case.orders import (
    Admission,
    AdmissionOrder,
    Attempt,
    CountyCount,
    Delivery,
    LedgerBatch,
    LimitsOrder,
    Notice,
    NoticeOrder,
    Notification,
    RegisterChange,
)
from models.checks.nightly import CheckDone
from models.follow_up.orders import Back, BackOrder, FollowUpDue, FollowUpOrder
from models.periods import Limit
from models.reentry.admission import ReentryFacts
from models.reentry.orders import (
    Entered,
    EntryOrder,
    ReentryAdmission,
    ReentryAdmissionOrder,
    ReentryLookUp,
    ReentryNoticeOrder,
)
from models.register.villages import Incidence
from models.revocation.orders import (
    RevocationAdmission,
    RevocationAdmissionOrder,
    RevocationChange,
    Revoked,
)
from models.roster.messages import (
    LookedUp,
    LookUpOrder,
    RosterAdmission,
    RosterAdmissionOrder,
    RosterChange,
    RosterNoticeOrder,
    StruckOff,
)
from models.rounds import Begun, FollowUpsDue, Round, RoundOrder, SupervisionsDue
from models.sealed import NOT_SEALED, Unsealed
from models.supervision.messages import SupervisionResult
from models.supervision.orders import Drawn, OpenCases, SampleOrder, ToldResults
from models.supplement import SupplementOrder
from models.texts.characters import markdown
from models.village.orders import (
    VillageAdmissionOrder,
    VillageCount,
    VillageNoticeOrder,
    VillageRegisterChange,
)
from workflows.retries import AS_LONG_AS_IT_TAKES, PATIENT, PERSISTENT


def activity_queue(workflow_queue: str) -> str:
    """The queue of the activities of the cases of a queue: who serves one need not serve both."""
    return f"{workflow_queue}-activities"


class Behind(Exception):
    """The registry was restored from an older copy: it has only so many entries of the case."""

    def __init__(self, kept: int) -> None:
        super().__init__(f"the registry has {kept} entries")
        self.kept = kept


# A worker that is not this installation's may take an order from its queue. What it answers is no
# answer; who goes on asking it at once fills a history.
_ASKED_AGAIN = timedelta(seconds=1)
_ASKED_AGAIN_AT_LAST = timedelta(hours=1)


async def _must(name: str, order: Any, result: type | Any, summary: str) -> Any:
    try:
        return await _ordered(
            name,
            order,
            result,
            start_to_close_timeout=timedelta(seconds=60),
            schedule_to_close_timeout=AS_LONG_AS_IT_TAKES,
            retry_policy=PERSISTENT,
            summary=markdown(summary),
        )
    except ActivityError as error:
        if isinstance(error.cause, ApplicationError) and error.cause.type == "Behind":
            raise Behind(int(error.cause.details[0])) from error
        raise


async def _ordered(name: str, order: Any, result: type | Any, **options: Any) -> Any:
    """Let an activity run, and again if what comes back is not this installation's word."""
    pause = _ASKED_AGAIN
    while True:
        try:
            answer = await workflow.execute_activity(
                name,
                order,
                activity_id=_next_order(),
                task_queue=activity_queue(workflow.info().task_queue),
                result_type=_readable(result),
                **options,
            )
        except ActivityError as error:
            if _type_of(error) != NOT_SEALED:
                raise
            said = str(error.cause)
        else:
            if not isinstance(answer, Unsealed):
                return answer
            said = answer.reason
        workflow.logger.warning("%s: no answer of this installation: %s", name, said)
        await workflow.sleep(pause, summary=f"重新调用 {name}")
        pause = min(2 * pause, _ASKED_AGAIN_AT_LAST)


def _next_order() -> str:
    """An id that both sides know beforehand: the answer is sealed for this order alone."""
    return str(next(_ORDERS.setdefault(workflow.instance(), count(1))))


_ORDERS: WeakKeyDictionary[Any, Iterator[int]] = WeakKeyDictionary()
"""The numbers of the orders of each workflow, for as long as this worker has it in hand."""


def _type_of(error: ActivityError) -> str | None:
    return error.cause.type if isinstance(error.cause, ApplicationError) else None


@cache
def _readable(result: type | Any) -> Any:
    """What an activity answers, read so that an answer of another version fails no case.

    While one worker is replaced by another both answer. A ``ValidationError`` would end the case;
    any other error fails this task, which is tried again until a worker comes that can read it.

    The converter makes a reader anew for every answer: of the whole type that would take longer
    than to read it, and a long case two seconds to replay.
    """
    reader: TypeAdapter[Any] = TypeAdapter(result)

    def read(value: Any) -> Any:
        try:
            return reader.validate_json(to_json(value))
        except ValidationError as error:
            raise RuntimeError(f"an answer of another version: {faults(error)}") from None

    return Annotated[Any, PlainValidator(read)]


# No local activities: after one, ``workflow.now()`` can be some milliseconds off in a replay, and
# the times in the case file, which its hashes bind, would differ from those already kept.


async def compute_limits(order: LimitsOrder) -> tuple[Limit, ...]:
    """Dates, over the calendar of today: computed once, kept in the history for every replay."""
    clauses = " ".join(request.clause for request in order.requests)
    limits: tuple[Limit, ...] = await _must(
        "compute_limits", order, tuple[Limit, ...], f"计算期限 {clauses}"
    )
    return limits


async def admit_county(order: AdmissionOrder) -> Admission:
    """Hold an application against the register."""
    admission: Admission = await _must("admit_county", order, Admission, "受理审查 C1")
    return admission


async def write_ledger(batch: LedgerBatch) -> int:
    """Keep new entries in the registry; return how many it has of the case now."""
    first, last = batch.entries[0].seq, batch.entries[-1].seq
    kept: int = await _must("write_ledger", batch, int, f"写入案卷 {first}–{last}")
    return kept


async def kept_file(order: KeptOrder) -> Kept:
    """What the registry keeps of a case behind the last entry that both have alike."""
    kept: Kept = await _must("kept_file", order, Kept, "G7 核对留存案卷")
    return kept


async def publish_notice(order: NoticeOrder) -> Notice:
    """Publish a notice in the registry and the folder."""
    notice: Notice = await _must(
        "publish_notice", order, Notice, f"T1 发布公示，至 {order.closes.last_day} 24:00"
    )
    return notice


async def admit_roster(order: RosterAdmissionOrder) -> RosterAdmission:
    """Hold a roster against the register, and take its households' facts from there."""
    admission: RosterAdmission = await _must("admit_roster", order, RosterAdmission, "受理审查 H1")
    return admission


async def look_up_households(order: LookUpOrder) -> LookedUp:
    """Take the entries of some households anew from the register."""
    count = len(order.households)
    found: LookedUp = await _must("look_up_households", order, LookedUp, f"G1 核对{count}户")
    return found


async def post_roster(order: RosterNoticeOrder) -> Notice:
    """Publish a roster's notice in the registry and the folder."""
    notice: Notice = await _must(
        "post_roster", order, Notice, f"T1 发布名单公示，至 {order.closes.last_day} 24:00"
    )
    return notice


async def strike_off_households(change: RosterChange) -> StruckOff:
    """Announce the exit of households and strike them off, in one transaction."""
    count = len(change.households)
    struck: StruckOff = await _must(
        "strike_off_households", change, StruckOff, f"H4 公告并销号{count}户"
    )
    return struck


class RegisterConflict(Exception):
    """The register says otherwise: the subject is not on the list any more."""


class IncidenceRisen(Exception):
    """Households have come into the register since the village was approved (F5, F7)."""


async def strike_off_county(change: RegisterChange) -> date:
    """Take a county out of the list; raises ``RegisterConflict`` where it is not on it."""
    return await _strike_off("strike_off_county", change, f"C7 {change.county.name}退出销号")


async def strike_off_village(change: VillageRegisterChange) -> date:
    """Take a village out of the list.

    Raises:
        RegisterConflict: where it is not on it.
        IncidenceRisen: where it is above the threshold by now (S2).
    """
    try:
        return await _strike_off("strike_off_village", change, f"V3 {change.village.name}退出销号")
    except ActivityError as error:
        if isinstance(error.cause, ApplicationError) and error.cause.type == "IncidenceRisen":
            raise IncidenceRisen(error.cause.message) from error
        raise


async def _strike_off(name: str, change: Any, summary: str) -> date:
    day: date = await _change(name, change, date, summary)
    return day


async def _change(name: str, change: Any, result: type | Any, summary: str) -> Any:
    try:
        return await _must(name, change, result, summary)
    except ActivityError as error:
        if isinstance(error.cause, ApplicationError) and error.cause.type == "RegisterConflict":
            raise RegisterConflict(error.cause.message) from error
        raise


async def admit_village(order: VillageAdmissionOrder) -> Admission:
    """Hold an application for a village against the register."""
    admission: Admission = await _must("admit_village", order, Admission, "受理审查 V1")
    return admission


async def county_incidence(count: CountyCount) -> Incidence | None:
    """A county's incidence as the register counts it; None where it holds no village of it."""
    found: Incidence | None = await _must(
        "county_incidence", count, Incidence | None, f"S5 核对贫困发生率 {count.on}"
    )
    return found


async def village_incidence(count: VillageCount) -> Incidence:
    """A village's incidence as the register counts it."""
    found: Incidence = await _must(
        "village_incidence", count, Incidence, f"S5 核对贫困发生率 {count.on}"
    )
    return found


async def publish_village_notice(order: VillageNoticeOrder) -> Notice:
    """Publish a village's notice in the registry and the folder."""
    notice: Notice = await _must(
        "publish_village_notice", order, Notice, f"T1 发布公示，至 {order.closes.last_day} 24:00"
    )
    return notice


async def admit_reentry(order: ReentryAdmissionOrder) -> ReentryAdmission:
    """Hold the entry of a household against the register, and take its facts from there."""
    admission: ReentryAdmission = await _must(
        "admit_reentry", order, ReentryAdmission, "受理审查 R1"
    )
    return admission


async def look_up_reentry(order: ReentryLookUp) -> ReentryFacts:
    """A household that is to enter the register, as that has it now."""
    known: ReentryFacts = await _must("look_up_reentry", order, ReentryFacts, "S1 核对登记")
    return known


async def publish_reentry_notice(order: ReentryNoticeOrder) -> Notice:
    """Publish a household's notice in the registry and the folder."""
    notice: Notice = await _must(
        "publish_reentry_notice", order, Notice, f"T1 发布公示，至 {order.closes.last_day} 24:00"
    )
    return notice


async def enter_household(order: EntryOrder) -> Entered:
    """Put a household into the register; raises ``RegisterConflict`` where it is in it already."""
    entered: Entered = await _change(
        "enter_household", order, Entered, f"R4 {order.household.code}纳入登记"
    )
    return entered


async def draw_sample(order: SampleOrder) -> Drawn:
    """Take the frame of a supervision from the register, and draw from it: once for a case."""
    drawn: Drawn = await _must("draw_sample", order, Drawn, f"J1 抽样 {order.opening.county.name}")
    return drawn


async def open_county_cases(order: OpenCases) -> tuple[str, ...]:
    """Ids of a county's exit cases that are open, of whatever year."""
    found: tuple[str, ...] = await _must(
        "open_county_cases", order, tuple[str, ...], f"C7 查找在办案件 {order.county}"
    )
    return found


async def told_results(order: ToldResults) -> tuple[SupervisionResult, ...]:
    """What the registry has of the results that a county's case was told of."""
    found: tuple[SupervisionResult, ...] = await _must(
        "told_results", order, tuple[SupervisionResult, ...], f"C7 核对督导结果 {order.county}"
    )
    return found


async def tell_case(case_id: str, result: SupervisionResult) -> str | None:
    """Tell a county's case the result of a supervision; return why it could not be told, or None.

    It may have ended meanwhile: that is no fault of the one that tells.
    """
    try:
        await workflow.get_external_workflow_handle(case_id).signal("inspect", result.content())
    except FailureError as error:
        return str(error)[:300]
    return None


async def open_follow_up(order: FollowUpOrder) -> FollowUpDue:
    """Let the register draw up whom a township's follow-up visits."""
    due: FollowUpDue = await _must("open_follow_up", order, FollowUpDue, "F5 列出应访户")
    return due


async def back_in_register(order: BackOrder) -> tuple[Back, ...]:
    """Who of a follow-up's list is in the register again."""
    back: tuple[Back, ...] = await _must(
        "back_in_register", order, tuple[Back, ...], "F5 核对重新登记户"
    )
    return back


async def supervisions_due(order: RoundOrder) -> SupervisionsDue:
    """The counties that a quarter's round supervises."""
    due: SupervisionsDue = await _must(
        "supervisions_due", order, SupervisionsDue, f"F6 {order.on} 督导范围"
    )
    return due


async def follow_ups_due(order: RoundOrder) -> FollowUpsDue:
    """The townships whose exited households are visited in a year."""
    due: FollowUpsDue = await _must(
        "follow_ups_due", order, FollowUpsDue, f"F5 {order.on} 回访范围"
    )
    return due


async def admitted_cases(begun: Begun) -> tuple[str, ...]:
    """Which of some cases have a file: the others ended without one, and can begin again."""
    found: tuple[str, ...] = await _must(
        "admitted_cases", begun, tuple[str, ...], f"核对{len(begun.case_ids)}个案件号"
    )
    return found


async def check_installation(called: Round) -> CheckDone:
    """Look at everything: a long activity, whose worker is noticed when it goes."""
    done: CheckDone = await _ordered(
        "check_installation",
        called,
        CheckDone,
        start_to_close_timeout=timedelta(hours=12),
        schedule_to_close_timeout=timedelta(days=1),
        heartbeat_timeout=timedelta(minutes=2),
        retry_policy=PERSISTENT,
        summary="G7 核查",
    )
    return done


async def admit_revocation(order: RevocationAdmissionOrder) -> RevocationAdmission:
    """Hold a revocation against the register and the file of the exit."""
    admission: RevocationAdmission = await _must(
        "admit_revocation", order, RevocationAdmission, "受理审查 X1"
    )
    return admission


async def revoke_exit(change: RevocationChange) -> Revoked:
    """Put a subject on the list again; raises ``RegisterConflict`` where its exit is not there."""
    revoked: Revoked = await _change(
        "revoke_exit", change, Revoked, f"X1 {change.subject.name}撤销退出"
    )
    return revoked


async def admit_supplement(order: SupplementOrder) -> Admission:
    """Hold a supplement against the closed file it belongs to."""
    admission: Admission = await _must("admit_supplement", order, Admission, "受理审查 F9")
    return admission


async def notify(
    notifications: tuple[Notification, ...], give_up_after: timedelta
) -> tuple[Attempt, ...]:
    """Try to tell several people something, on every channel that reaches them, once."""
    whom = " ".join(f"{each.recipient.office or '异议人'} {each.topic}" for each in notifications)
    attempts: tuple[Attempt, ...] = await _ordered(
        "notify",
        notifications,
        tuple[Attempt, ...],
        # Time for every delivery of a batch to run into its own limit.
        start_to_close_timeout=timedelta(minutes=3),
        schedule_to_close_timeout=give_up_after,
        retry_policy=PATIENT,
        summary=f"通知 {whom}",
    )
    return attempts


async def deliver(delivery: Delivery, give_up_after: timedelta) -> str | None:
    """Deliver a notification on one channel; return why it could not be, or None."""
    recipient = delivery.notification.recipient
    try:
        await _ordered(
            "deliver",
            delivery,
            None,
            start_to_close_timeout=timedelta(seconds=60),
            schedule_to_close_timeout=give_up_after,
            retry_policy=PATIENT,
            summary=f"通知 {recipient.office or '异议人'} {delivery.channel} "
            f"{delivery.notification.topic}",
        )
    except ActivityError as error:
        if isinstance(error.cause, CancelledError):
            raise asyncio.CancelledError from error
        return str(error.cause or error)[:300]
    return None
