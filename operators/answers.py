"""What a case answers an operator, or that it does not: what the client raises, in plain words."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from temporalio.client import (
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError, RPCStatusCode

from workers.connection import Unreachable

ANSWER_WITHIN = timedelta(seconds=20)
"""How long an answer of a case is waited for; without a worker there is none."""


class Refused(Exception):
    """The rules do not allow it; the text says why, and what would be right."""


class NoCase(Refused):
    """There is no such case, or it has ended."""


class NoAnswer(ConnectionError):
    """The case did not answer in time: most likely no worker runs."""


@contextmanager
def explained(case_id: str) -> Iterator[None]:
    """Turn what the client raises into what an operator understands."""
    try:
        yield
    except WorkflowQueryFailedError as error:
        raise NoAnswer(f"{case_id} cannot tell how it stands: {error}") from error
    except WorkflowUpdateFailedError as error:
        raise Refused(str(getattr(error.cause, "message", error))) from error
    except WorkflowUpdateRPCTimeoutOrCancelledError as error:
        if isinstance(error.__cause__, asyncio.CancelledError):
            raise error.__cause__ from None  # the caller was cancelled, not the answer late
        raise _no_answer(case_id) from error
    except RPCError as error:
        match error.status:
            case RPCStatusCode.NOT_FOUND:
                raise NoCase(f"{case_id}: there is no such case, or it has ended") from error
            case (
                RPCStatusCode.DEADLINE_EXCEEDED
                | RPCStatusCode.CANCELLED
                | RPCStatusCode.FAILED_PRECONDITION  # a case that has not begun yet
            ):
                raise _no_answer(case_id) from error
            case _:
                raise unreachable(error) from error


def _no_answer(case_id: str) -> NoAnswer:
    return NoAnswer(
        f"{case_id} did not answer within {ANSWER_WITHIN.seconds} s; start a worker "
        "('exitflow worker'), or send it as a signal, which waits for one"
    )


def unreachable(error: RPCError) -> Unreachable:
    return Unreachable(f"the Temporal server failed: {error.message}")
