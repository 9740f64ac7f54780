"""What a command that opens a case says: its id, once the case has been admitted or refused."""

import sys
from collections.abc import Awaitable, Callable

from operators.desk.desk import Desk, open_desk
from operators.views.terminal import say
from workers.connection import run


async def opened(open_case: Callable[[Desk], Awaitable[str]]) -> tuple[str, bool]:
    """Open a case: its id, and whether it has been admitted yet.

    Raises:
        Refused: if it cannot be opened, or is not admitted.
    """
    async with open_desk() as desk:
        case_id = await open_case(desk)
        return case_id, await desk.is_admitted(case_id)


def print_opened(open_case: Callable[[Desk], Awaitable[str]]) -> None:
    """Open a case and print its id; beside it, on the standard error, that it is not admitted yet.

    The id alone stands on the standard output, for scripts.
    """
    case_id, admitted = run(opened(open_case))
    say(case_id)
    if not admitted:
        said = "is handed in and not admitted yet: a worker decides"
        say(f"exitflow: {case_id} {said}; `exitflow case {case_id}` says how", file=sys.stderr)
