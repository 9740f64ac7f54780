"""Asking a case that has others before it."""

import pytest
from temporalio.client import WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from operators.desk import answers, errors
from workers.connection import Unreachable

STARVED = "[TMPRL1101] Potential deadlock detected: workflow didn't yield within 2 second(s)."


class Case:
    """Answers after so many failures."""

    def __init__(self, *failures: str) -> None:
        self.left = list(failures)

    async def answer(self) -> str:
        if self.left:
            raise WorkflowQueryFailedError(self.left.pop(0))
        return "C2"


async def test_a_case_that_had_no_turn_is_asked_again() -> None:
    case = Case(STARVED, STARVED)
    assert await answers.asked(case.answer) == "C2"


async def test_a_case_that_cannot_answer_is_not() -> None:
    case = Case("a fault of the case", STARVED)
    with pytest.raises(WorkflowQueryFailedError, match="a fault of the case"):
        await answers.asked(case.answer)
    assert case.left == [STARVED]


async def test_nor_is_one_that_never_has_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "ANSWER_WITHIN", answers.ANSWER_WITHIN * 0)
    with pytest.raises(WorkflowQueryFailedError, match="TMPRL1101"):
        await answers.asked(Case(STARVED).answer)


SAID = (
    (
        9,
        "The limit on the total number of distinct updates in this workflow has been reached (9).",
        errors.Refused,
        "send it with --signal",
    ),
    (
        3,
        "exceeded workflow execution limit for signal events",
        errors.Refused,
        "send it without --signal",
    ),
    (3, "Blob data size exceeds limit.", errors.Refused, "in parts"),
    (
        8,
        "limit on total payload size of in-flight updates has been reached (9 bytes)",
        errors.Busy,
        "send it again in a minute",
    ),
    (
        8,
        "limit on number of concurrent in-flight updates has been reached (9)",
        errors.Busy,
        "send it again in a minute",
    ),
    (8, "namespace rate limit exceeded", errors.Busy, "too much to do"),
    (10, "workflow update was aborted", errors.Busy, "send it again in a minute"),
    (14, "workflow update was aborted", errors.Busy, "send it again in a minute"),
    (10, "something else was aborted", errors.Busy, "try again"),
    (3, "Workflow history size exceeds limit.", errors.NoCase, "the server has ended it"),
    (
        9,
        "Unable to perform workflow execution update due to Workflow Task in failed state.",
        errors.NoAnswer,
        "is stuck",
    ),
    (5, "workflow execution already completed", errors.NoCase, "has ended"),
    (5, "workflow not found for ID: c", errors.NoCase, "there is no such case"),
    (5, "Namespace other is not found.", Unreachable, "TEMPORAL_NAMESPACE"),
    (7, "Request unauthorized.", Unreachable, "TEMPORAL_API_KEY"),
    (16, "no credentials", Unreachable, "TEMPORAL_TLS_CLIENT_CERT_PATH"),
    (4, "deadline", errors.NoAnswer, "did not answer within"),
    (13, "disk", Unreachable, "the Temporal server failed: disk"),
)


@pytest.mark.parametrize(("status", "message", "meaning", "advice"), SAID)
def test_a_refusal_of_the_server_is_read_for_what_it_says(
    status: int, message: str, meaning: type[Exception], advice: str
) -> None:
    said = answers.told("c", RPCError(message, RPCStatusCode(status), b""))
    assert type(said) is meaning
    assert advice in str(said)


async def test_who_finds_the_server_busy_waits_and_is_let_in() -> None:
    tries = iter([errors.Busy("later"), errors.Busy("later"), None])

    async def send() -> str:
        said = next(tries)
        if said is not None:
            raise said
        return "let in"

    assert await answers.in_turn(send) == "let in"


async def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "TURN_WITHIN", answers.TURN_WITHIN * 0)

    async def send() -> str:
        raise errors.Busy("later")

    with pytest.raises(errors.Busy):
        await answers.in_turn(send)
