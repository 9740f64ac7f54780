"""Orders of a case that its file carries, and what stops the change of the register (G2, G7)."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, RetryState, TimeoutError

from models.case.orders import OnFile
from models.case.state import Docket
from workflows.calls import Behind, Disputed, KeptLate, OtherCalendar, ask
from workflows.progress import Progress
from workflows.retries import of_today
from workflows.waiting import Beside, WaitingRoom

R = TypeVar("R")


class Overtaken(Exception):
    """What was decided can no longer be done: the case had forgotten what speaks against it."""


class Ordering(WaitingRoom):
    """Gives the orders of a case; the last, by which the register changes, as long as it stands."""

    def __init__(self, docket: Docket, beside: Beside | None = None) -> None:
        super().__init__(docket, beside)
        self.progress = Progress()
        self.undone = 0
        """How many orders were refused before anything was done: what they say is made anew."""
        self._stands: Callable[[], bool] = lambda: True

    async def undisputed(self, stands: Callable[[], bool] = lambda: True) -> bool:
        """Wait until no report is open: it suspends the final change (G2). Then shut the door.

        Args:
            stands: Whether what was decided still can be.

        Returns:
            False where it could no longer, before the door was shut.
        """
        self.progress.is_resumed()  # nothing follows it but the change, which the same run makes
        return await self._undisputed(stands, may_hand_over=True)

    async def _undisputed(self, stands: Callable[[], bool], *, may_hand_over: bool) -> bool:
        self._stands = stands
        await self._await(
            lambda: not (stands() and self.docket.open_count) or None, may_hand_over=may_hand_over
        )
        self.docket.changing = stands()
        return self.docket.changing

    async def kept(self) -> None:
        """Wait until the registry has the whole file: what follows is looked up there."""
        await self.clerk.keep()

    async def ordered(self, order: Callable[[int], OnFile[R]]) -> tuple[OnFile[R], R]:
        """Give an order that the file carries, and that brings along what the registry lacks of it.

        It is given on what it was decided on: what comes in meanwhile is later. If the registry
        was restored from an older copy meanwhile, it gets the rest, and is asked again. So it is if
        the calendar has changed since, by which the order's limits are computed.

        An objection to the change that is ordered calls it off (G2). Whether it was made before,
        the registry says once it has the objection: the same order is given again. So it is on the
        next day, with the date of that: a notice says when it was published.

        Args:
            order: Makes it, under the number of the last entry that it was decided on.

        Returns:
            The order as it was given, and what came of it.

        Raises:
            Overtaken: if what was decided cannot stand any more, after a mending or an objection.
        """
        ledger, final = self.docket.ledger, self.docket.changing
        seq, mendings, unheard = ledger.count, self.clerk.mendings, False
        while True:
            self.docket.disputed = False
            await self.clerk.keep_most()
            await self._hear_everybody()
            if self.clerk.mendings != mendings:  # by another file, under other numbers
                await self._decide_again(final)
                seq, mendings, unheard = ledger.count, self.clerk.mendings, False
                continue
            if self.docket.disputed:
                continue  # the registry gets that, too, before it is asked
            given = order(seq)
            brings = self.clerk.rest()
            if self.clerk.behind and brings is None:
                continue  # so much was heard that it cannot go along
            try:
                answer = await self._carried_out(given.bringing(brings))
            except Behind as behind:
                await self.clerk.resend(behind.kept)
            except OtherCalendar as other:
                self.undone += not unheard
                self.clerk.learn(other.calendar)
                # A worker that lacks a year names another calendar each time: it is not learnt, and
                # what brings nothing is not refused for it.
                await self.clerk.keep()
            except KeptLate:
                self.undone += not unheard
                continue  # who has refused or objected meanwhile is heard first
            except Disputed:
                self.docket.reopen()
                await self._decide_again(final)
                seq, unheard = ledger.count, False
            else:
                if answer is None:
                    unheard = True  # it may be published already, and stays as it is then
                    continue
                if brings is not None:
                    self.clerk.has_brought(brings)
                return given, answer

    async def asked(self, order: OnFile[R]) -> R:
        """What the registry knows; the order brings along what it lacks of the file, if it can."""
        while (brings := self.clerk.rest()) is not None:
            try:
                answer = await self.clerk.unless_to_mend(order.bringing(brings))
            except KeptLate:
                continue  # they are kept by now, and brought again that makes nothing late
            except OtherCalendar as other:
                self.clerk.learn(other.calendar)
                break  # a count turns on no calendar
            except Behind:
                break  # it gets the file with the next entries
            if answer is None:
                break
            self.clerk.has_brought(brings)
            return answer
        return await ask(order)

    async def _carried_out(self, order: OnFile[R]) -> R | None:
        """What comes of an order; None if it is to be given again.

        Somebody objected before the answer was in (G2), or asked to mend the file, which may be why
        it is refused; or the day has ended.
        """
        carrying = asyncio.create_task(ask(order, of_today(self.now())))

        def is_decided() -> bool:
            return carrying.done() or self.docket.disputed or self.clerk.is_to_mend

        while not is_decided():
            await workflow.wait_condition(lambda: is_decided() or not self.line.is_empty)
            if not carrying.done():
                await self._hear_everybody()  # who stands in line may object to it
        if not carrying.done():
            carrying.cancel()
            with suppress(ActivityError, asyncio.CancelledError):
                await carrying
            return None
        try:
            return await carrying
        except ActivityError as error:
            if error.retry_state is RetryState.TIMEOUT or isinstance(error.cause, TimeoutError):
                return None
            raise

    async def _decide_again(self, final: bool) -> None:
        """What came in late, or the case had forgotten, stops what it would have stopped (G2)."""
        await self._hear_everybody()
        if final and not await self._undisputed(self._stands, may_hand_over=False):
            raise Overtaken
