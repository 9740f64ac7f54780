"""How often an activity that failed is tried again, and how long it may take in all: three ways."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from temporalio.common import RetryPolicy

from models.periods import beijing, end_of


@dataclass(frozen=True)
class Terms:
    """How an order is carried out.

    Attributes:
        attempt, in_all: How long one attempt may take, and all of them.
        heartbeat: How long a worker may be silent in an attempt.
    """

    attempt: timedelta
    in_all: timedelta
    retries: RetryPolicy
    heartbeat: timedelta | None = None


_PERSISTENT = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1)
)

# What must happen is tried until it does: the registry may be down for a night, and a case that
# gave up on it would lose what it was told meanwhile.
MUST_HAPPEN = Terms(timedelta(seconds=60), timedelta(days=3650), _PERSISTENT)

# A long activity, whose worker is noticed when it goes; the next night has a check of its own.
A_CHECK = Terms(timedelta(hours=12), timedelta(days=1), _PERSISTENT, timedelta(minutes=2))

_LONGEST_PAUSE = timedelta(hours=6)

# A notification may fail: a channel that stays down must not hold up a case. Few, wide-spaced
# attempts reach a mail server after a weekend without a thousand events.
_PATIENT = RetryPolicy(
    initial_interval=timedelta(seconds=30),
    backoff_coefficient=3.0,
    maximum_interval=_LONGEST_PAUSE,
)


def of_today(now: datetime) -> Terms:
    """How an order is carried out that says "today": the next day it is given again."""
    left = max(end_of(beijing(now).date()) - now, timedelta(seconds=1))
    return replace(MUST_HAPPEN, in_all=left)


def delivering(tried_for: timedelta) -> Terms:
    """How what lies in the outbox is delivered: the last attempt finds that the time is over."""
    # Time for every delivery of an entry to run into its own limit.
    return Terms(timedelta(minutes=3), tried_for + 2 * _LONGEST_PAUSE, _PATIENT)


def longest_pause() -> timedelta:
    """The longest that a case's activity waits between two attempts, if nobody put one off."""
    assert _PERSISTENT.maximum_interval is not None
    return _PERSISTENT.maximum_interval
