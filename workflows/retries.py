"""How an activity that failed is tried again, and how long it then waits at most."""

from datetime import timedelta

from temporalio.common import RetryPolicy

# What must happen is tried until it does: the registry may be down for a night, and a case that
# gave up on it would lose what it was told meanwhile.
AS_LONG_AS_IT_TAKES = timedelta(days=3650)
PERSISTENT = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1)
)

# A notification may fail: a channel that stays down must not hold up a case. Few, wide-spaced
# attempts reach a mail server after a weekend without a thousand events.
PATIENT = RetryPolicy(
    initial_interval=timedelta(seconds=30),
    backoff_coefficient=3.0,
    maximum_interval=timedelta(hours=6),
)

NOTIFYING = frozenset({"notify", "deliver"})
"""Activities that are tried patiently: the only ones that bring the registry nothing."""


def longest_pause(activity: str) -> timedelta:
    """The longest that an activity waits between two attempts, if nobody has put one off."""
    policy = PATIENT if activity in NOTIFYING else PERSISTENT
    assert policy.maximum_interval is not None
    return policy.maximum_interval
