"""How a workflow asks for something outside itself: by an order, which says what the answer is.

Activities are called by name: importing them here would draw the database into every run.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from functools import cache, partial
from itertools import count
from typing import Annotated, Any, TypeVar
from weakref import WeakKeyDictionary

from pydantic import PlainValidator, TypeAdapter, ValidationError
from pydantic_core import to_json
from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from models import orders
from models.base import faults
from models.calendar import Calendar
from models.case.orders import Notification, Telling, TellOrder
from models.counts import names_zh
from models.orders import Order
from models.sealed import NOT_SEALED, Unsealed
from models.texts.characters import markdown
from workflows.retries import MUST_HAPPEN, Terms

R = TypeVar("R")


def activity_queue(workflow_queue: str) -> str:
    """The queue of the activities of the cases of a queue: who serves one need not serve both."""
    return f"{workflow_queue}-activities"


TOLD_AT_ONCE = 20
"""Notifications that go out together."""


class Behind(Exception):
    """The registry was restored from an older copy: it has only so many entries of the case."""

    def __init__(self, kept: int) -> None:
        super().__init__(f"the registry has {kept} entries")
        self.kept = kept


class RegisterConflict(Exception):
    """The register says otherwise: the subject is not on the list any more. Its text is Chinese."""


class NoMoreMet(Exception):
    """The register's count fails, and is worse than it was told to who approved (S2, S3, S6)."""

    def __init__(self, standards: Collection[str]) -> None:
        super().__init__(", ".join(standards))
        self.why = f"登记数据变化、{names_zh(standards)}不达标"


class Disputed(Exception):
    """Somebody has objected since the change of the register was ordered: it was not made (G2)."""


class DayOver(Exception):
    """The day that a notice says has ended by the registry's clock: it was not published."""


class KeptLate(Exception):
    """What an order brought along was kept after an outage: it was not done, and may not stand."""


class OtherCalendar(Exception):
    """The days off have changed since the case computed its limits: the order was not done."""

    def __init__(self, calendar: Calendar) -> None:
        super().__init__("the days off have changed")
        self.calendar = calendar


# A worker that is not this installation's may take an order from its queue. What it answers is no
# answer; who goes on asking it at once fills a history.
_ASKED_AGAIN = timedelta(seconds=1)
_ASKED_AGAIN_AT_LAST = timedelta(hours=1)


# No local activities: after one, ``workflow.now()`` can be some milliseconds off in a replay, and
# the times in the case file, which its hashes bind, would differ from those already kept.


async def ask(order: Order[R], terms: Terms = MUST_HAPPEN) -> R:
    """Have an order carried out; ordered again if what comes back is not this installation's word.

    Raises:
        Behind, DayOver, Disputed, KeptLate, NoMoreMet, OtherCalendar, RegisterConflict: if the
            registry refuses it so.
        ActivityError: if it fails otherwise, or the terms are over.
    """
    pause = _ASKED_AGAIN
    while True:
        try:
            answer: R | Unsealed = await workflow.execute_activity(
                order.activity,
                order,
                activity_id=_next_order(),
                task_queue=activity_queue(workflow.info().task_queue),
                result_type=_readable(order.answer()),
                start_to_close_timeout=terms.attempt,
                schedule_to_close_timeout=terms.in_all,
                heartbeat_timeout=terms.heartbeat,
                retry_policy=terms.retries,
                summary=markdown(order.summary),
            )
        except ActivityError as error:
            refusal = _refusal(error.cause)
            if refusal is not None:
                raise refusal from error
            if getattr(error.cause, "type", None) != NOT_SEALED:
                raise
            said = str(error.cause)
        else:
            if not isinstance(answer, Unsealed):
                return answer
            said = answer.reason
        workflow.logger.warning("%s: no answer of this installation: %s", order.activity, said)
        await workflow.sleep(pause, summary=f"重新调用 {order.activity}")
        pause = min(2 * pause, _ASKED_AGAIN_AT_LAST)


def _next_order() -> str:
    """An id that both sides know beforehand: the answer is sealed for this order alone."""
    return str(next(_ORDERS.setdefault(workflow.instance(), count(1))))


def count_orders_from(given: int) -> None:
    """Go on counting where an earlier run of the case stopped: no number comes twice."""
    _ORDERS[workflow.instance()] = count(given + 1)


def orders_given() -> int:
    """How many orders a workflow has given."""
    orders = _ORDERS.setdefault(workflow.instance(), count(1))
    given = next(orders) - 1
    _ORDERS[workflow.instance()] = count(given + 1)
    return given


_CALENDAR = TypeAdapter(Calendar)

_ORDERS: WeakKeyDictionary[Any, Iterator[int]] = WeakKeyDictionary()
"""The numbers of the orders of each workflow, for as long as this worker has it in hand."""


def _refusal(cause: BaseException | None) -> Exception | None:
    """A refusal that a case has an answer to."""
    match cause:
        case ApplicationError(type=orders.BEHIND):
            return Behind(int(cause.details[0]))
        case ApplicationError(type=orders.REGISTER_CONFLICT):
            return RegisterConflict(cause.details[0])
        case ApplicationError(type=orders.NO_MORE_MET):
            return NoMoreMet([str(each) for each in cause.details])
        case ApplicationError(type=orders.DISPUTED):
            return Disputed(cause.message)
        case ApplicationError(type=orders.DAY_OVER):
            return DayOver(cause.message)
        case ApplicationError(type=orders.KEPT_LATE):
            return KeptLate(cause.message)
        case ApplicationError(type=orders.OTHER_CALENDAR):
            return OtherCalendar(_read(_CALENDAR, cause.details[0]))
    return None


@cache
def _readable(result: type | Any) -> Any:
    """What an activity answers, read so that an answer of another version fails no case.

    While one worker is replaced by another both answer. A ``ValidationError`` would end the case;
    any other error fails this task, which is tried again until a worker comes that can read it.

    The converter makes a reader again for every answer: of the whole type that would take longer
    than to read it, and a long case two seconds to replay.
    """
    return Annotated[Any, PlainValidator(partial(_read, TypeAdapter(result)))]


def _read(reader: TypeAdapter[R], value: Any) -> R:
    try:
        return reader.validate_json(to_json(value))
    except ValidationError as error:
        raise RuntimeError(f"an answer of another version: {faults(error)}") from None


async def tell(notifications: Sequence[Notification], tried_for: timedelta) -> None:
    """Tell several people something, for who keeps no file of it."""
    for first in range(0, len(notifications), TOLD_AT_ONCE):
        numbered = tuple(
            each.model_copy(update={"seq": first + 1, "number": number})
            for number, each in enumerate(notifications[first : first + TOLD_AT_ONCE], start=1)
        )
        await ask(TellOrder(telling=Telling(notifications=numbered, tried_for=tried_for)))
