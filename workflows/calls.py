"""The few ways in which a case calls the world, each with its time-outs and the reason for them.

Activities are called by name: importing them here would draw the database into every run.
"""

import asyncio
from datetime import date, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError

from models.orders import (
    Admission,
    AdmissionOrder,
    Attempt,
    Delivery,
    LedgerBatch,
    LimitsOrder,
    Notice,
    NoticeOrder,
    Notification,
    RegisterChange,
)
from models.periods import Limit
from models.roster_messages import (
    LookedUp,
    LookUpOrder,
    RosterAdmission,
    RosterAdmissionOrder,
    RosterChange,
    RosterNoticeOrder,
    StruckOff,
)
from models.village_orders import (
    VillageAdmissionOrder,
    VillageCount,
    VillageNoticeOrder,
    VillageRegisterChange,
)
from models.villages import Incidence

# What must happen is tried until it does: the registry may be down for a night, and a case that
# gave up on it would lose what it was told meanwhile.
_AS_LONG_AS_IT_TAKES = timedelta(days=3650)
_PERSISTENT = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1)
)

# A notification may fail: a channel that stays down must not hold up a case. Few, wide-spaced
# attempts reach a mail server after a weekend without a thousand events.
_PATIENT = RetryPolicy(
    initial_interval=timedelta(seconds=30),
    backoff_coefficient=3.0,
    maximum_interval=timedelta(hours=6),
)


async def _must(name: str, order: Any, result: type | Any, summary: str) -> Any:
    return await workflow.execute_activity(
        name,
        order,
        result_type=result,
        start_to_close_timeout=timedelta(seconds=60),
        schedule_to_close_timeout=_AS_LONG_AS_IT_TAKES,
        retry_policy=_PERSISTENT,
        summary=summary,
    )


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


async def strike_off_county(change: RegisterChange) -> date:
    """Take a county out of the list; raises ``RegisterConflict`` where it is not on it."""
    return await _strike_off("strike_off_county", change, f"C7 {change.county.name}退出销号")


async def strike_off_village(change: VillageRegisterChange) -> date:
    """Take a village out of the list; raises ``RegisterConflict`` where it is not on it."""
    return await _strike_off("strike_off_village", change, f"V3 {change.village.name}退出销号")


async def _strike_off(name: str, change: Any, summary: str) -> date:
    try:
        day: date = await _must(name, change, date, summary)
    except ActivityError as error:
        if isinstance(error.cause, ApplicationError) and error.cause.type == "RegisterConflict":
            raise RegisterConflict(error.cause.message) from error
        raise
    return day


async def admit_village(order: VillageAdmissionOrder) -> Admission:
    """Hold an application for a village against the register."""
    admission: Admission = await _must("admit_village", order, Admission, "受理审查 V1")
    return admission


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


async def notify(
    notifications: tuple[Notification, ...], give_up_after: timedelta
) -> tuple[Attempt, ...]:
    """Try to tell several people something, on every channel that reaches them, once."""
    whom = " ".join(f"{each.recipient.office or '异议人'} {each.topic}" for each in notifications)
    attempts: tuple[Attempt, ...] = await workflow.execute_activity(
        "notify",
        notifications,
        result_type=tuple[Attempt, ...],
        # Time for every delivery of a batch to run into its own limit.
        start_to_close_timeout=timedelta(minutes=3),
        schedule_to_close_timeout=give_up_after,
        retry_policy=_PATIENT,
        summary=f"通知 {whom}",
    )
    return attempts


async def deliver(delivery: Delivery, give_up_after: timedelta) -> str | None:
    """Deliver a notification on one channel; return why it could not be, or None."""
    recipient = delivery.notification.recipient
    try:
        await workflow.execute_activity(
            "deliver",
            delivery,
            start_to_close_timeout=timedelta(seconds=60),
            schedule_to_close_timeout=give_up_after,
            retry_policy=_PATIENT,
            summary=f"通知 {recipient.office or '异议人'} {delivery.channel} "
            f"{delivery.notification.topic}",
        )
    except ActivityError as error:
        if isinstance(error.cause, CancelledError):
            raise asyncio.CancelledError from error
        return str(error.cause or error)[:300]
    return None
