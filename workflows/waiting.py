"""The waiting room of every case: the only place that waits.

No timer ever decides: time only reminds, records a breach, or ends a publicity that nobody objects
to.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from pydantic import JsonValue
from temporalio import workflow

from models.case.handover import is_at_rest
from models.case.ledger import EntryKind
from models.case.limits import Watched
from models.case.mailbox import OpenObjection, Received
from models.case.messages import Act, Decision, Ending, Outcome, Resolution
from models.case.state import Docket
from models.offices import Office
from models.procedures import Step
from models.refusals import NotYet
from workflows.clerk import Clerk
from workflows.investigations import Investigations
from workflows.line import Line, end_turn
from workflows.postings import Postings
from workflows.timekeeper import Timekeeper
from workflows.timers import Timers

R = TypeVar("R")

_PAUSE = timedelta(seconds=10)
"""How long at most a case takes in no update before it hands over: half as long as the desk sends
one again. Signals wait in their line."""

_EVENTS_BETWEEN_PAUSES = 1_000
"""If it could not hand over in one."""


class GoBack(Exception):
    """Returned for correction (G3): the case continues at an earlier step, in a new round."""

    def __init__(self, to: str, why: str, by: Office, signed: datetime) -> None:
        super().__init__(f"{by} → {to}: {why}")
        self.to, self.why, self.by, self.signed = to, why, by, signed


class Ended(Exception):
    """The procedure is over before its last step: rejected, withdrawn, left the list."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


class Lapse(NamedTuple):
    """Why an act counts no more, as the file says it; and what its office is told."""

    why: str
    told: str


Judge = Callable[[Act], Awaitable[Lapse | None]]
"""Holds an approval against the register of the moment it is taken; None if it stands."""


class Beside:
    """What a procedure does beside the step it is at; a county and a village: nothing.

    A roster has households, each with a course of its own.
    """

    async def attend(self) -> None:
        """Act on what came in besides objections and withdrawals."""

    def uphold(self, objection: OpenObjection, result: Resolution) -> None:
        """Act on an upheld objection to a part of the subject."""

    def has_changed(self, objection: OpenObjection) -> bool:
        """Whether the register was changed in what an objection is about."""
        return True

    def taken_down(self, notice: Watched) -> bool:
        """Act on a notice that came down before its end; False where it is the subject's own."""
        return False

    def conclude(self, outcome: Outcome) -> Outcome:
        """How the case ends, given why its steps did."""
        return outcome


class WaitingRoom:
    """Waits for whose turn it is, and attends meanwhile to everything else that happens."""

    def __init__(self, docket: Docket, beside: Beside | None = None) -> None:
        self.docket = docket
        docket.admitted = False
        self.beside = beside or Beside()
        self.clerk = Clerk(docket)
        self.limits = Timekeeper(docket, self.clerk)
        self.line = Line(lambda: not docket.admitted or docket.is_early_due())
        self._investigations = Investigations(docket, self.clerk, self.limits)
        self.postings = Postings(docket, self.clerk, self.limits)
        self._timers = Timers(docket)
        self._next_pause_at = 0
        self._paused_until: datetime | None = None
        self.is_followed_up = False
        """Whether the register was changed for good: what is still reported is followed up (G2)."""
        self.hand_over: Callable[[], None] = lambda: None
        """Called when a long case is at rest and can go on in a new run: it does not come back."""

    def end(
        self, ending: Ending, by: Office | str, reason: str, document_number: str | None = None
    ) -> Ended:
        """The exception that ends the case, to be raised."""
        return Ended(
            Outcome(
                ending=ending,
                by=str(by),
                step=self.docket.step.id,
                round=self.docket.round,
                reason=reason,
                at=self.now(),
                document_number=document_number,
            )
        )

    def record(self, kind: EntryKind, text: str, data: dict[str, JsonValue] | None = None) -> None:
        """Put on file what the procedure itself did or found."""
        self.docket.record(kind, self.now(), text, data)

    def now(self) -> datetime:
        """The case's clock: the workflow's, the same in a replay."""
        return workflow.now()

    # -- waiting ------------------------------------------------------------------------------

    async def _await(self, done: Callable[[], R | None], *, may_hand_over: bool) -> R:
        """Wait until something is there, attending meanwhile to everything else that happens.

        What came in is looked at before what the clock says: after an outage a message that came
        later than a timer is delivered before it. And nothing is done, nothing closed and no limit
        found missed while somebody stands in line who has not been heard.

        Args:
            may_hand_over: Whether the next run would come to this wait again by itself: then a case
                whose history has grown long hands over here.
        """
        while True:
            if may_hand_over:
                self._pause_before_handing_over()
            await self._hear_everybody()
            await self.limits.look_again()
            await self._attend()
            self.limits.pass_on()
            if self.docket.stirred or not self._is_everybody_heard:
                continue  # while something was attended to, more came in
            if self.limits.are_unsure:
                continue  # a limit that begins by what was attended to, and has come already
            result = done()
            if result is not None:
                return result
            if self.limits.speak():
                if self.docket.watch.due(self.now()):
                    await end_turn()  # more of them than speak in one turn
                continue
            await self.clerk.catch_up()
            if not self.docket.stirred:
                if may_hand_over and self._should_hand_over():
                    self.hand_over()
                await self._sleep()

    def _pause_before_handing_over(self) -> None:
        """Let a long case come to rest, also while somebody sends one message after the other.

        If it does not in that time, as with the registry away, it takes in as much as before
        until the next pause.
        """
        info = workflow.info()
        events = info.get_current_history_length()
        if info.is_continue_as_new_suggested() and events >= self._next_pause_at:
            self._next_pause_at = events + _EVENTS_BETWEEN_PAUSES
            self._paused_until = self.now() + _PAUSE

    def check_pause(self) -> None:
        """Whether a message can be taken in at this moment.

        Raises:
            NotYet: if the case is about to go on in a new run.
        """
        if self._paused_until is not None and self.now() < self._paused_until:
            raise NotYet(f"{self.docket.case_id} goes on in a new run; try again in a moment")

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """No act of a step can be taken in meanwhile."""
        self.docket.preparing = True
        try:
            yield
        finally:
            self.docket.preparing = False

    async def _take_act(
        self, step: Step, judged: Judge | None, tell: Callable[[str], None]
    ) -> Received[Act]:
        """Wait for an act, and take it out of the mailbox; an approval that does not stand lapses.

        Args:
            tell: Tells the office whose approval has lapsed.
        """
        docket = self.docket
        while True:
            received = await self._await(
                lambda: next(iter(docket.waiting_acts(step)), None), may_hand_over=True
            )
            lapse = None
            if judged is not None and received.message.decision is Decision.APPROVE:
                with self.preparing():  # the act stays where it is: nothing overtakes it
                    lapse = await judged(received.message)
            if lapse is None:
                docket.take_act(step)
                return received
            docket.lapse(lapse.why, self.now())
            tell(lapse.told)

    def _should_hand_over(self) -> bool:
        # The history says when it is long: a replay is told the same.
        return (
            workflow.info().is_continue_as_new_suggested()
            and is_at_rest(self.docket)
            and self.clerk.is_at_rest
            and self._is_everybody_heard
            and workflow.all_handlers_finished()
        )

    async def _hear_everybody(self) -> None:
        """Hear who stands in line, turn by turn, those first who came too early."""
        while not self._is_everybody_heard:
            await end_turn()
            if self.docket.is_early_due():
                self.docket.opened()
            else:
                self.line.serve()

    @property
    def _is_everybody_heard(self) -> bool:
        return self.line.is_empty and not self.docket.is_early_due()

    async def _sleep(self) -> None:
        """Until something came in or went on file, or a limit has to be looked at."""
        alarm: asyncio.Task[None] | None = None
        upcoming = self.docket.watch.next_moment()
        if upcoming is not None:
            moment, watched = upcoming
            if moment <= self.now():  # would be an immediate time-out and a timer for nothing
                return
            alarm = self._timers.at(moment, watched)
        await workflow.wait_condition(
            lambda: (
                self.docket.stirred
                or self.clerk.behind
                or not self.line.is_empty
                or (alarm is not None and alarm.done())
            )
        )

    async def _attend(self) -> None:
        """Act on what came in besides acts: withdrawals, objections, their resolutions."""
        docket = self.docket
        while True:
            docket.stirred = False
            await self._investigations.accept()
            if not docket.stirred:  # while an objection was accepted, more may have come in
                break
        if self.limits.are_unsure:
            await self.limits.look_again()  # its result may be in, and is judged by its limit
        if self.is_followed_up:
            upheld = await self._investigations.resolve(self._acts_from, self.beside.uphold)
            for each in upheld:
                self.tell_of_report(each.message)
            return
        # What waits for this step was decided before what came after it.
        withdrawal = docket.withdrawal
        if withdrawal is not None and withdrawal.seq < self._acts_from():
            raise self.end(Ending.WITHDRAWN, withdrawal.message.office, withdrawal.message.reason)
        self._leave_or_go_back(
            await self._investigations.resolve(self._acts_from, self.beside.uphold)
        )
        fallen = self.postings.settle(self.beside.taken_down)
        if fallen is not None and fallen.removed is not None:
            report = fallen.removed
            why = "公示未满期即被撤下，重新公示"
            raise GoBack(fallen.step, why, report.message.office, report.signed)
        await self.beside.attend()

    def tell_of_report(self, result: Resolution) -> None:
        """G2: what was upheld after the change is for who decided it to act on (F7)."""
        docket = self.docket
        subject = f"{docket.objections[result.objection_id].word} {result.objection_id} 成立"
        text = f"{result.reason}\n登记已变更，请核实处理；应予撤销的，另行作出撤销决定（F7）。"
        self.clerk.notify("举报", docket.subject.office(docket.route[-1].body), subject, text)

    def _acts_from(self) -> int:
        """The entry of the first act that waits for this step, or the next entry there will be."""
        docket = self.docket
        acts = docket.waiting_acts(docket.step) if docket.expected is not None else []
        return acts[0].seq if acts else docket.ledger.count + 1

    def _leave_or_go_back(self, upheld: list[Received[Resolution]]) -> None:
        """What upheld objections to the subject itself lead to: out, or back to a step (G1).

        Of several results of one moment the one that goes furthest counts: out of the list, or
        back to the earliest step.
        """
        for each in upheld:
            message = each.message
            if message.return_to is None:
                reason = f"异议成立：{message.reason}"
                raise self.end(
                    self.docket.procedure.failing, message.office, reason, message.document_number
                )
        if upheld:
            order = [step.id for step in self.docket.route]
            first = min(upheld, key=lambda each: order.index(each.message.return_to or ""))
            message = first.message
            raise GoBack(message.return_to or "", message.reason, message.office, first.signed)
