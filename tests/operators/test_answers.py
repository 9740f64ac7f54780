"""Asking a case that has others before it."""

import pytest
from temporalio.client import WorkflowQueryFailedError

from operators import answers

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
