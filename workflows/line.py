"""The line at the door of a case: signals that came faster than they can be heard.

What a case does between two looks of the server has to be done within two seconds, or the worker
takes it for stuck and begins again, for ever. An update waits at the server until it is its turn;
signals come all at once, ten thousand of them where no worker ran for a while. So a case hears
some, in the order in which they came, and lets the rest stand in line.
"""

from collections import deque
from collections.abc import Callable
from datetime import timedelta

from temporalio import workflow

AT_ONCE, BYTES_AT_ONCE = 500, 1_000_000
"""Signals, and bytes of them, that are heard at one go: half a second of work on a busy machine."""

_A_MOMENT = timedelta(milliseconds=1)
"""Shorter than anything that a case measures: it ends the turn, and the next begins."""


class Line:
    """Who came first is heard first. An update does not stand in it, and may be answered before.

    Args:
        held_up: Whether others have to be heard before those in line.
    """

    def __init__(self, held_up: Callable[[], bool]) -> None:
        self._held_up = held_up
        self._waiting: deque[tuple[Callable[[], None], int]] = deque()
        self._turn = -1
        self._heard = self._bytes = 0

    @property
    def is_empty(self) -> bool:
        """Whether everybody has been heard."""
        return not self._waiting

    def stand(self, hear: Callable[[], None], size: int) -> None:
        """Come in; heard at once where nobody stands before, and not too many were just heard."""
        self._waiting.append((hear, size))
        self.serve()

    def serve(self) -> None:
        """Hear as many as can be heard in this turn."""
        # The same in a replay: how long the history was when the turn began.
        turn = workflow.info().get_current_history_length()
        if turn != self._turn:
            self._turn, self._heard, self._bytes = turn, 0, 0
        while self._waiting and not self._held_up():
            hear, size = self._waiting[0]
            if self._heard and (self._heard >= AT_ONCE or self._bytes + size > BYTES_AT_ONCE):
                return
            self._waiting.popleft()
            self._heard += 1
            self._bytes += size
            hear()


async def end_turn() -> None:
    """Let the server have what was done so far, and go on in a new turn."""
    await workflow.sleep(_A_MOMENT, summary="分批办理")
