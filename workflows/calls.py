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
    Delivery,
    LedgerBatch,
    LimitsOrder,
    Notice,
    NoticeOrder,
    Recipient,
    RegisterChange,
)
from models.periods import Limit

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


async def route(recipient: Recipient) -> tuple[str, ...]:
    """The channels by which somebody is reached today."""
    channels: tuple[str, ...] = await _must(
        "route", recipient, tuple[str, ...], f"通知渠道 {recipient.office or '异议人'}"
    )
    return channels


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


class RegisterConflict(Exception):
    """The register says otherwise: the county is not on the list any more."""


async def strike_off_county(change: RegisterChange) -> date:
    """Take a county out of the list; raises ``RegisterConflict`` where it is not on it."""
    try:
        day: date = await _must(
            "strike_off_county", change, date, f"C7 {change.county.name}退出销号"
        )
    except ActivityError as error:
        if isinstance(error.cause, ApplicationError) and error.cause.type == "RegisterConflict":
            raise RegisterConflict(error.cause.message) from error
        raise
    return day


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
