"""What a case answers an operator, or that it does not: what the client raises, in plain words."""

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

from temporalio.client import (
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from models.case import bounds
from models.refusals import Refusal
from models.sealed import NOT_SEALED, NotSealed
from operators.desk.errors import Busy, Contradicted, NoAnswer, NoCase, Refused
from workers.case_on_server import Amiss
from workers.connection import Unreachable
from workers.history_guard import AHEAD

A = TypeVar("A")

ANSWER_WITHIN = timedelta(seconds=20)
"""How long an answer of a case is waited for; without a worker there is none."""

TURN_WITHIN = timedelta(minutes=2)
"""How long a message waits for its turn where many are sent at once."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
"""Seconds between two tries."""

_STARVED = "[TMPRL1101]"
"""How the library says that a case had no turn within two seconds."""

_IN_A_MOMENT = (_STARVED, AHEAD)
"""What is true of this moment alone."""

_NOT_READY, _BEGINS_WITHIN = "not scheduled yet", 3.0
"""What the server says of a run that has not begun, and for how many seconds at most."""

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
            return await _of_a_run_that_begins(ask)
        except WorkflowQueryFailedError as error:
            moment = any(each in str(error) for each in _IN_A_MOMENT)
            if not moment or clock() >= ends:
                raise
        await asyncio.sleep(_LOOK_AGAIN)


async def _of_a_run_that_begins(ask: Callable[[], Awaitable[A]]) -> A:
    """Ask a case, and again if it has just gone on in a new run.

    The server gives that its first turn a second after the turn before: until then it says that
    the run is not ready, as it says of a case that begins at a later time.
    """
    clock = asyncio.get_running_loop().time
    ends = clock() + _BEGINS_WITHIN
    while True:
        try:
            return await ask()
        except RPCError as error:
            if _NOT_READY not in error.message or clock() >= ends:
                raise
        await asyncio.sleep(_LOOK_AGAIN)


_AGAIN = 0.2
"""Seconds until a case that is not admitted yet is asked again."""


async def admitted(ask: Callable[[], Awaitable[A]]) -> A:
    """Send something to a case, and again as long as it is not admitted yet.

    Raises:
        WorkflowUpdateFailedError: if it refuses, or is not admitted within ``ANSWER_WITHIN``.
    """
    clock = asyncio.get_running_loop().time
    ends = clock() + ANSWER_WITHIN.total_seconds()
    while True:
        try:
            return await _of_a_run_that_begins(ask)
        except WorkflowUpdateFailedError as error:
            if getattr(error.cause, "type", None) != "NotYet" or clock() >= ends:
                raise
        await asyncio.sleep(_AGAIN)


def received_as(error: WorkflowUpdateFailedError) -> int | None:
    """As which entry an earlier run of the case has received the same; None if it was refused."""
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type == "AlreadyReceived":
        return int(cause.details[0])
    return None


def check_size(name: str, content: Mapping[str, Any]) -> None:
    """Say of a message what its case would say, before a server or a case has to carry it."""
    try:
        bounds.check_size(name, content)
    except Refusal as refusal:
        raise Refused(str(refusal)) from refusal


def not_going_on(case_id: str, found: Amiss) -> str:
    """Why a case takes nothing, in one sentence."""
    return f"{case_id} does not go on: {found}; `exitflow check` looks at every case"


def contradicted(case_id: str, said: str) -> Contradicted:
    """Why nothing is sent to a case that the kept file does not agree with."""
    return Contradicted(
        f"{case_id} contradicts its kept file, and what it answers would not hold: {said}; "
        f"`exitflow mend {case_id}` lets it go on with the kept file"
    )


@contextmanager
def explained(case_id: str) -> Iterator[None]:
    """Turn what the client raises into what an operator understands."""
    try:
        yield
    except WorkflowQueryFailedError as error:
        raise NoAnswer(f"{case_id} cannot tell how it stands: {error}") from error
    except NotSealed as error:
        raise NoAnswer(f"{case_id}: what came back is {error}") from error
    except WorkflowUpdateFailedError as error:
        if getattr(error.cause, "type", None) == NOT_SEALED:
            raise NoAnswer(f"{case_id}: what came back is {error.cause}") from error
        raise Refused(_said(case_id, error)) from error
    except WorkflowUpdateRPCTimeoutOrCancelledError as error:
        if isinstance(error.__cause__, asyncio.CancelledError):
            raise error.__cause__ from None  # the caller was cancelled, not the answer late
        raise _no_answer(case_id) from error
    except RPCError as error:
        raise told(case_id, error) from error


def told(case_id: str, error: RPCError) -> Exception:
    """What a refusal of the server means, by what it says and not by its code alone."""
    for part, meaning in _MEANINGS.items():
        if part in error.message:
            return meaning(case_id)
    match error.status:
        case RPCStatusCode.NOT_FOUND if not _no_namespace(error):
            return NoCase(f"{case_id}: there is no such case, or it has ended")
        case RPCStatusCode.RESOURCE_EXHAUSTED | RPCStatusCode.ABORTED:
            return Busy(f"{case_id}: the server has too much to do ({error.message}); try again")
        case (
            RPCStatusCode.DEADLINE_EXCEEDED
            | RPCStatusCode.CANCELLED
            | RPCStatusCode.FAILED_PRECONDITION  # a case that has not begun yet
        ):
            return _no_answer(case_id)
        case _:
            return unreachable(error)


def _door_shut(case_id: str) -> Exception:
    # Not done by itself: a signal has no receipt, and whoever sends one has to know that.
    return Refused(
        f"{case_id} has had as many answered messages as the server allows a case, and answers no "
        "more; send it with --signal (Desk.post): it counts as well, and what is refused stands in "
        "the file"
    )


def _signals_shut(case_id: str) -> Exception:
    return Refused(
        f"{case_id} has had as many signals as the server allows a case; send it without --signal"
    )


def _too_large(case_id: str) -> Exception:
    return Refused(
        f"{case_id}: the message is larger than the server takes; send it in parts of less than "
        f"{bounds.LONGEST_OF_ALL:,} bytes"
    )


def _waits_its_turn(case_id: str) -> Exception:
    return Busy(f"{case_id} has many messages to answer just now; send it again in a minute")


def _ended_by_server(case_id: str) -> Exception:
    return NoCase(
        f"{case_id}: its history has outgrown what the server keeps (limit.historySize, "
        "limit.historyCount), and the server has ended it; `exitflow check` says how to go on"
    )


def _stuck(case_id: str) -> Exception:
    return NoAnswer(
        f"{case_id} is stuck: a worker tries to go on with it and fails each time; a signal is "
        "kept until it goes on. The reason stands in the worker's log and in the Web UI; `exitflow "
        "check` lists every case that is"
    )


_MEANINGS: Mapping[str, Callable[[str], Exception]] = {
    "total number of distinct updates": _door_shut,
    "limit for signal events": _signals_shut,
    "Blob data size exceeds limit": _too_large,
    "in-flight updates": _waits_its_turn,
    "update was aborted": _waits_its_turn,  # whoever had the case in hand has lost it
    "history size exceeds limit": _ended_by_server,
    "history count exceeds limit": _ended_by_server,
    "Workflow Task in failed state": _stuck,
    "already completed": lambda case_id: NoCase(f"{case_id} has ended"),
}
"""By what the server says of it."""


async def in_turn(send: Callable[[], Awaitable[A]]) -> A:
    """Send, and again where the server is busy with others: a flood waits in a line.

    To send again is safe: a message counts once, by its id.

    Raises:
        Busy: if it was never let in for ``TURN_WITHIN``.
    """
    clock = asyncio.get_running_loop().time
    ends, pause = clock() + TURN_WITHIN.total_seconds(), _FIRST_PAUSE
    while True:
        try:
            return await send()
        except Busy:
            if clock() + pause >= ends:
                raise
            # Not all at the same moment again.
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(2 * pause, _LONGEST_PAUSE)


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
    if error.status in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED):
        return Unreachable(
            f"the Temporal server does not let this installation in ({error.message}); set "
            "TEMPORAL_API_KEY, or TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH"
        )
    if _no_namespace(error):
        return Unreachable(
            f"{error.message.rstrip('.')} on the Temporal server; set TEMPORAL_NAMESPACE, or make "
            "it with `exitflow setup namespace`"
        )
    return Unreachable(f"the Temporal server failed: {error.message}")


def _no_namespace(error: RPCError) -> bool:
    return error.status is RPCStatusCode.NOT_FOUND and error.message.startswith("Namespace ")
