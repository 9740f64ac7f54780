"""How far a step of a case has come, so that the next run of the case comes to the same wait.

A step is a coroutine, and no run can hand one over. The next run performs it again from its
beginning: waits that have brought something bring the same again at once, and the wait at which
the case was handed over goes on without being opened again (``models.case.handover``).
"""

from collections import deque
from collections.abc import Iterator
from typing import TypeVar

from models.case.handover import Passed
from models.case.mailbox import Received
from models.case.messages import Act

P = TypeVar("P", bound=Passed)


class Progress:
    """What the waits of the present step have brought, in their order."""

    def __init__(self) -> None:
        self._results: list[Passed] = []
        self._earlier: deque[Passed] = deque()
        self._is_resuming = False

    def begin(self) -> None:
        """Another step begins, or the same one again."""
        self._results = []

    @property
    def is_past(self) -> bool:
        """Whether the next wait has brought something in an earlier run already."""
        return bool(self._earlier)

    def bring(self, result: P) -> P:
        """Note what a wait has brought."""
        self._results.append(result)
        return result

    def bring_again(self, kind: type[P]) -> P:
        """What the next wait had brought in the earlier run."""
        result = self._earlier.popleft()
        assert isinstance(result, kind)
        return self.bring(result)

    def is_resumed(self) -> bool:
        """Whether the earlier run has handed over at this wait: then it is open already."""
        resumed, self._is_resuming = self._is_resuming, False
        return resumed

    def repeatedly(self) -> Iterator[None]:
        """A loop of a step: what its earlier passes brought is done with when the next begins."""
        first = len(self._results)
        while True:
            del self._results[first:]
            yield

    def entry_of(self, act: Act) -> int:
        """The entry of an act that the step was given."""
        return next(
            each.seq for each in self._results if isinstance(each, Received) and each.message == act
        )

    def handed_over(self) -> tuple[Passed, ...]:
        """For the next run."""
        return tuple(self._results)

    def take_over(self, results: tuple[Passed, ...]) -> None:
        """Go on where an earlier run stood."""
        self._earlier, self._is_resuming = deque(results), True
