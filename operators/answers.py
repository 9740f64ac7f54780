"""What a case answers an operator, or that it does not: what the client raises, in plain words."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

from temporalio.client import (
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError, RPCStatusCode

from workers.connection import Unreachable
from workers.history_guard import AHEAD

A = TypeVar("A")

ANSWER_WITHIN = timedelta(seconds=20)
"""How long an answer of a case is waited for; without a worker there is none."""


class Refused(Exception):
    """The rules do not allow it; the text says why, and what would be right."""


class NoCase(Refused):
    """There is no such case, or it has ended."""


class NoAnswer(ConnectionError):
    """The case did not answer in time: most likely no worker runs."""


_STARVED = "[TMPRL1101]"
"""How the library says that a case had no turn within two seconds."""

_IN_A_MOMENT = (_STARVED, AHEAD)
"""What is true of this moment alone."""

_LOOK_AGAIN = 0.05
"""Seconds until a case is asked again."""


async def asked(ask: Callable[[], Awaitable[A]]) -> A:
    """Ask a case, and again if it could not answer at that moment.

    One that nobody holds in memory is played from its beginning to answer; on a machine that has
    others to serve, a long one takes more than the two seconds it is given. And a worker that has
    just started may be asked before it has the task that waits for the case.

    Raises:
        WorkflowQueryFailedError: if it cannot answer, or has had no turn for ``ANSWER_WITHIN``.
    """
    clock = asyncio.get_running_loop().time
    ends = clock() + ANSWER_WITHIN.total_seconds()
    while True:
        try:
            return await ask()
        except WorkflowQueryFailedError as error:
            moment = any(each in str(error) for each in _IN_A_MOMENT)
            if not moment or clock() >= ends:
                raise
        await asyncio.sleep(_LOOK_AGAIN)


@contextmanager
def explained(case_id: str) -> Iterator[None]:
    """Turn what the client raises into what an operator understands."""
    try:
        yield
    except WorkflowQueryFailedError as error:
        raise NoAnswer(f"{case_id} cannot tell how it stands: {error}") from error
    except WorkflowUpdateFailedError as error:
        raise Refused(_said(case_id, error)) from error
    except WorkflowUpdateRPCTimeoutOrCancelledError as error:
        if isinstance(error.__cause__, asyncio.CancelledError):
            raise error.__cause__ from None  # the caller was cancelled, not the answer late
        raise _no_answer(case_id) from error
    except RPCError as error:
        match error.status:
            case RPCStatusCode.NOT_FOUND if not _no_namespace(error):
                raise NoCase(f"{case_id}: there is no such case, or it has ended") from error
            case (
                RPCStatusCode.DEADLINE_EXCEEDED
                | RPCStatusCode.CANCELLED
                | RPCStatusCode.FAILED_PRECONDITION  # a case that has not begun yet
            ):
                raise _no_answer(case_id) from error
            case _:
                raise unreachable(error) from error


_UNKNOWN = re.compile(r"Update handler for '(\w+)' expected but not found.*: \[(.*)\]")
"""How the library says that a case has no door of a name, before the case is asked."""


def _said(case_id: str, error: WorkflowUpdateFailedError) -> str:
    said = str(getattr(error.cause, "message", error))
    unknown = _UNKNOWN.match(said)
    if unknown is None:
        return said
    name, known = unknown.groups()
    return f"{case_id} takes no {name}: a case of this kind takes {', '.join(known.split())}"


def _no_answer(case_id: str) -> NoAnswer:
    return NoAnswer(
        f"{case_id} did not answer within {ANSWER_WITHIN.seconds} s; start a worker "
        "('exitflow worker'), or send it as a signal, which waits for one"
    )


def unreachable(error: RPCError) -> Unreachable:
    """A server that does not do what it should, or keeps nothing under the namespace in use."""
    if _no_namespace(error):
        return Unreachable(
            f"{error.message.rstrip('.')} on the Temporal server; set TEMPORAL_NAMESPACE, or make "
            "it with `exitflow setup namespace`"
        )
    return Unreachable(f"the Temporal server failed: {error.message}")


def _no_namespace(error: RPCError) -> bool:
    return error.status is RPCStatusCode.NOT_FOUND and error.message.startswith("Namespace ")
