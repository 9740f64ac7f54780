"""The waiting room of every case: the only place that waits.

A procedure says who decides in which order; what happens around that is here once: opening a step
under its limits, breaches and reminders, publicity with objections, going back, ending. No timer
ever decides: time only reminds, records a breach, or ends a publicity that nobody objects to.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from pydantic import JsonValue
from temporalio import workflow

from models.case.admission import AdmitOrder, K, Opening, PlaceFacts, received_fault
from models.case.handover import Handover, is_at_rest
from models.case.ledger import EntryKind, told_by
from models.case.limits import T6
from models.case.mailbox import Expectation, OpenObjection, Received
from models.case.messages import DONE, Act, Decision, Ending, Outcome, Resolution
from models.case.parts import PlanAddition
from models.case.state import Docket
from models.case.status import state_of
from models.notices import Notice, Posted, notice_order
from models.offices import Office
from models.orders import Order
from models.periods import Limit, LimitRequest, beijing
from models.procedures import Step
from workflows.calls import Behind, ask, count_orders_from
from workflows.clerk import AlreadyClosed, Clerk
from workflows.investigations import Investigations
from workflows.line import Line, end_turn
from workflows.progress import Progress
from workflows.timekeeper import Timekeeper
from workflows.timers import Timers

R = TypeVar("R")


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


class Overtaken(Exception):
    """What was decided can no longer be done: the case had forgotten what speaks against it."""


class Beside:
    """What a procedure does beside the step it is at; a county and a village: nothing.

    A roster has households, each with a course of its own.
    """

    async def attend(self) -> None:
        """Act on what came in besides objections and withdrawals."""

    def uphold(self, objection: OpenObjection, result: Resolution) -> None:
        """Act on an upheld objection to a part of the subject."""

    def conclude(self, outcome: Outcome) -> Outcome:
        """How the case ends, given why its steps did."""
        return outcome


class Case:
    """One procedure under way: the verbs that its steps are written in."""

    def __init__(
        self, docket: Docket, arrived: datetime | None, beside: Beside | None = None
    ) -> None:
        self.docket = docket
        docket.admitted = False
        self.beside = beside or Beside()
        self.clerk = Clerk(docket)
        self.limits = Timekeeper(docket, self.clerk)
        self._investigations = Investigations(docket, self.clerk, self.limits)
        self._timers = Timers(docket)
        self.line = Line(lambda: not docket.admitted or docket.is_early_due())
        self._stands: Callable[[], bool] = lambda: True
        self.notice: str | None = None
        """The latest notice of a publicity, which that of another round replaces."""
        self.progress = Progress()
        self._handed: Handover | None = None
        self.hand_over: Callable[[], None] = lambda: None
        """Called when a long case is at rest and can go on in a new run: it does not come back."""
        self.arrived = arrived or workflow.now()
        """When the matter came in at the office that has it now: limits are counted from it."""

    # -- the beginning ------------------------------------------------------------------------

    async def admit(
        self,
        order: Callable[..., AdmitOrder[Any, K]],
        opening: Opening[Any, Any],
        text: str,
        *,
        at: datetime | None = None,
        known: Callable[[K], tuple[str, dict[str, JsonValue]]] = lambda _: ("", {}),
    ) -> K:
        """Have the registry admit the case; then its file begins, by what it was opened with.

        What came in meanwhile counts from here on. What is not admitted ends without a file.

        Args:
            order: Which holds the opening against the register.
            text: Of the first entry, which keeps application, subject and policy.
            at: As of when the register is looked at; when the matter came in, if not given.
            known: What that entry says more by what the register knows: the end of its sentence,
                and data.
        """
        docket, run = self.docket, workflow.info().first_execution_run_id
        fault = received_fault(opening.received_at, workflow.info().workflow_start_time)
        if fault is not None:
            raise self.end(Ending.NOT_ADMITTED, "case", fault)
        state = state_of(docket, self.now())
        now = at or self.arrived
        admission = await ask(order(opening=opening, now=now, state=state, run=run))
        if admission.fault is not None:
            raise self.end(Ending.NOT_ADMITTED, "case", admission.fault)
        assert admission.known is not None  # it is admitted
        docket.begin(run, admission.token)
        said: dict[str, JsonValue] = {
            "application": opening.application.content(),
            "subject": opening.subject.content(),
            "policy": docket.policy.model_dump(mode="json", exclude_unset=True),
            "policy_sha256": docket.policy.sha256,
        }
        found: K = admission.known
        further, data = known(found)
        self.record(EntryKind.OPENED, f"{text}{further}", said | data)
        docket.take_up()
        self.line.serve()
        return found

    def add_to_plan(self, known: PlaceFacts[Any], addition: PlanAddition | None) -> None:
        """G6 应退则退: who is outside the year's plan is added to it, with a reason."""
        if not known.planned and addition is not None:
            self.record(
                EntryKind.PLAN_ADDITION,
                f"列入年度计划：{addition.reason}",
                {"plan_addition": addition.content()},
            )

    # -- what a procedure is written in -------------------------------------------------------

    async def walk(self, *steps: tuple[Step, Callable[[], Awaitable[None]]]) -> Outcome:
        """Go through the steps in order; back where something is returned; to the end.

        A request to cancel the workflow names no office and no reason: it is put on file and not
        obeyed. An applicant withdraws.
        """
        walking = asyncio.create_task(self._walk(*steps))
        while True:
            try:
                return await asyncio.shield(walking)
            except asyncio.CancelledError:
                if walking.done():
                    raise
                self._refuse_to_cancel()

    def _refuse_to_cancel(self) -> None:
        if self.docket.later(self._refuse_to_cancel):
            return
        why = "取消流程的请求不是撤回申请"
        self.record(EntryKind.REFUSED, f"不予接收：{why}", {"message": "cancel", "why": why})
        self.docket.stirred = True

    async def _walk(self, *steps: tuple[Step, Callable[[], Awaitable[None]]]) -> Outcome:
        docket, order = self.docket, [step for step, _ in steps]
        position = 0
        if self._handed is not None:
            count_orders_from(self._handed.orders)
            position = order.index(docket.step)
        try:
            while position < len(steps):
                docket.step, perform = steps[position]
                self.progress.begin()
                try:
                    if docket.step in docket.skipped:
                        self._skip()
                    else:
                        await perform()
                        self._finish()
                    position += 1
                except GoBack as back:
                    self._start_round(back)
                    position = order.index(docket.step)
            raise AssertionError("the last step of a procedure ends the case")
        except Ended as end:
            return await self._close(end.outcome)
        except AlreadyClosed as end:
            return await self._stay_closed(end.outcome)

    async def decision(
        self,
        step: Step,
        *limits: LimitRequest,
        office: Office | None = None,
        decisions: tuple[Decision, ...] | None = None,
        subject: str | None = None,
        instructions: str = "",
        under: tuple[str, ...] = (),
    ) -> Act:
        """Wait for an office's act, under limits that remind and record but never decide (G4).

        Args:
            office: Who decides, where it is not the step's own body.
            decisions: What can be decided, where it is not what the step says.
            subject: What is to be done, in Chinese and short, where it is not the step itself.
            instructions: More about it, for the office.
            under: Limits in force already that this decision keeps or misses, by key. That for
                leaving the register (T6) is told at every step, and kept or missed by the last.

        Returns:
            The act that lets the procedure go on; a return or a rejection leaves this method as
            ``GoBack`` or ``Ended``, unless it names households of a roster.
        """
        docket = self.docket
        if self.progress.is_past:
            return self.progress.bring_again(Received).message  # type: ignore[no-any-return]
        if not self.progress.is_resumed():
            office, subject = office or docket.subject.office(step.body), subject or str(step)
            docket.expected = Expectation(step, office, decisions or step.decisions)
            opened = f"{subject}：由{docket.name(office, self.now())}办理"
            self.record(EntryKind.STEP_OPENED, opened)
            docket.opened()
            outlasting = [docket.watch[key] for key in (T6, *under) if key in docket.watch]
            armed = await self.limits.arm(limits, office, subject)
            unlimited = [] if instructions else ["本步骤无规定期限。"]
            explained = [watched.limit.zh for watched in (*outlasting, *armed)] or unlimited
            if not docket.waiting_acts(step):
                text = "\n".join(filter(None, (instructions, *explained)))
                self.clerk.notify("办理", office, f"{subject}待办", text)
        received = await self._await(lambda: docket.take_act(step), may_hand_over=True)
        docket.expected = None
        own = (self.limits.key(request) for request in limits)
        keys = (T6, *under, *own) if step == docket.route[-1] else own
        held = [docket.watch[key] for key in keys if key in docket.watch]
        self.limits.judge(received, held)
        self.arrived, docket.basis = received.at, received.signed
        act = self.progress.bring(received).message
        if act.households:
            return act
        if act.decision is Decision.REJECT:
            raise self.end(
                docket.procedure.failing, act.office, act.reason or "", act.document_number
            )
        if act.return_to is not None:
            raise GoBack(act.return_to, act.reason or "", act.office, received.signed)
        return act

    async def publicity(self, step: Step, shows: Posted) -> None:
        """Post a notice and wait its whole period, and as long as an objection is open (T1, G1).

        It replaces that of an earlier round.
        """
        docket, office = self.docket, self.docket.publisher
        if not self.progress.is_resumed():
            opened = f"{step}：由{docket.name(office, self.now())}发布公示"
            self.record(EntryKind.STEP_OPENED, opened)
            notice, closes = await self.publish(lambda: shows, replaces=self.notice)
            self.notice = notice.notice_id
            docket.posted, docket.posting = closes, False
            docket.watch.arm(step.id, closes, office, str(step), self.now())
            self.posted(notice, closes)
        watched = docket.watch[step.id]
        try:
            await self._await(
                lambda: (watched.over and not docket.open_count) or None, may_hand_over=True
            )
            self.arrived, docket.basis = self.now(), docket.publicity_ended
        finally:
            docket.posted = None
            docket.watch.disarm(watched.key)

    async def publish(
        self, shows: Callable[[], Posted], *, replaces: str | None = None
    ) -> tuple[Notice, Limit]:
        """Publish a notice, and say until when it stands (T1).

        Args:
            shows: What it shows, at the moment in which the registry is asked to publish it.
            replaces: Id of the notice that it takes the place of.
        """
        while True:
            posted_at = self.now()
            (closes,) = await self.limits.compute(LimitRequest(clause="T1", start=posted_at))
            self.docket.posting = True
            make = partial(notice_order, self.docket, shows, posted_at, closes, replaces)
            _, notice = await self.ordered(make)
            if beijing(self.now()).date() == beijing(posted_at).date():
                return notice, closes
            # The registry was away past midnight: people saw the notice later than it says, so it
            # is posted anew and has its full days again.
            self.record(EntryKind.NOTICE, f"《{notice.title}》跨日发布，公示期不足，重新发布")
            replaces = notice.notice_id

    def posted(self, notice: Notice, closes: Limit, **more: JsonValue) -> None:
        """Put on file that a notice is out."""
        self.record(
            EntryKind.NOTICE,
            f"发布《{notice.title}》，{closes.zh}",
            {"notice": notice.content(), "limit": closes.content(), **more},
        )

    async def hearing(
        self, step: Step, party: Office, told: str, settled: Callable[[], bool]
    ) -> None:
        """Give an office its time to plead (F6 申诉举证), and go on as long as a plea is open.

        It ends before its time where the office itself says so.

        Args:
            told: What the office is told that it may plead against.
            settled: Whether what upheld pleas have set aside is made good.
        """
        docket = self.docket
        if not self.progress.is_resumed():
            opened = f"{step}：由{docket.name(party, self.now())}申诉举证"
            self.record(EntryKind.STEP_OPENED, opened)
            with self.preparing():
                begun, closes = await self._from_today("F6.hearing")
            docket.posted = closes
            docket.watch.arm(step.id, closes, party, str(step), begun)
            data: dict[str, JsonValue] = {"limit": closes.content(), "office": str(party)}
            self.record(EntryKind.LIMIT_SET, f"{step}：{closes.zh}", data)
            docket.opened()
            self.clerk.notify("申诉", party, f"{step}：请申诉举证", f"{told}\n{closes.zh}")
        watched = docket.watch[step.id]

        def over() -> bool:
            return watched.over or bool(docket.waiting_acts(step))

        try:
            await self._await(
                lambda: (over() and not docket.open_count and settled()) or None,
                may_hand_over=True,
            )
            ended = docket.take_act(step)
            results = [each.resolution for each in docket.objections.values()]
            signed = [each.signed for each in (ended, *results) if each is not None]
            docket.basis = max(signed) if ended is not None else docket.publicity_ended
            self.arrived = self.now()
        finally:
            docket.posted = None
            docket.watch.disarm(watched.key)

    async def _from_today(self, clause: str) -> tuple[datetime, Limit]:
        """A limit counted from now, also where its computing was kept up past midnight."""
        while True:
            begun = self.now()
            (limit,) = await self.limits.compute(LimitRequest(clause=clause, start=begun))
            if beijing(self.now()).date() == beijing(begun).date():
                return begun, limit

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait until the procedure's own parts have come that far."""
        if self.progress.is_past:
            self.progress.bring_again(type(None))
            return
        self.progress.is_resumed()
        await self._await(lambda: done() or None, may_hand_over=True)
        self.progress.bring(None)

    async def once(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do what a step does between two waits, and not again if the case was handed over."""
        if self.progress.is_past:
            self.progress.bring_again(type(None))
            return
        await work()
        self.progress.bring(None)

    async def prepare(self, work: Callable[[], Awaitable[None]]) -> None:
        """The same, asking the register what a step is judged by: its acts wait meanwhile."""
        with self.preparing():
            await self.once(work)

    def repeatedly(self) -> Iterator[None]:
        """A loop of a step: what earlier passes brought is done with when the next begins."""
        return self.progress.repeatedly()

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """No act of a step can be taken in meanwhile."""
        self.docket.preparing = True
        try:
            yield
        finally:
            self.docket.preparing = False

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

    async def ordered(self, order: Callable[[int], Order[R]]) -> tuple[Order[R], R]:
        """Give an order that the file carries, once the registry has so much of it.

        It is given on what it was decided on: what comes in meanwhile is later. Where the
        registry was restored from an older copy meanwhile, it gets the rest, and is asked again.

        Args:
            order: Makes it, under the number of the last entry that it was decided on.

        Returns:
            The order as it was given, and what came of it.

        Raises:
            Overtaken: if the case was mended meanwhile, and what was decided cannot stand.
        """
        ledger, final = self.docket.ledger, self.docket.changing
        seq, mendings = ledger.count, self.clerk.mendings
        while True:
            await self.clerk.keep()
            if self.clerk.mendings != mendings:  # by another file, under other numbers
                await self._decide_again(final)
                seq, mendings = ledger.count, self.clerk.mendings
                continue
            given = order(seq)
            try:
                return given, await ask(given)
            except Behind as behind:
                await self.clerk.resend(behind.kept)

    async def _decide_again(self, final: bool) -> None:
        """After a mending: what the case had forgotten stops what it would have stopped (G2)."""
        await self._hear_everybody()
        if final and not await self._undisputed(self._stands, may_hand_over=False):
            raise Overtaken

    def lapse(self, act: Act, why: str) -> None:
        """An act that was taken counts no more; it stays on file, and may be given again."""
        here = (
            entry.seq
            for entry in reversed(self.docket.ledger.entries)
            for told in told_by(entry)
            if told.kind is EntryKind.ACT and told.data["act"] == act.content()
        )
        seq = next(here, None) or self.progress.entry_of(act)  # of an earlier run
        text = f"{self.docket.step} 决定（案卷第{seq}条）因{why}不再有效"
        self.record(EntryKind.LAPSED, text, {"entry": seq, "act": act.id})

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

    def take_over(self, handed: Handover) -> None:
        """Go on where an earlier run of the case stood."""
        self._handed, self.notice, self.arrived = handed, handed.notice, handed.arrived
        self.progress.take_over(handed.passed)

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
            await self._hear_everybody()
            await self.limits.look_again()
            await self._attend()
            self.limits.pass_on()
            if self.docket.stirred or not self._is_everybody_heard:
                continue  # while something was attended to, more came in
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
        # What waits for this step was decided before what came after it.
        withdrawal = docket.withdrawal
        if withdrawal is not None and withdrawal.seq < self._acts_from():
            raise self.end(Ending.WITHDRAWN, withdrawal.message.office, withdrawal.message.reason)
        self._leave_or_go_back(
            await self._investigations.resolve(self._acts_from, self.beside.uphold)
        )
        await self.beside.attend()

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

    # -- going on, back and out ---------------------------------------------------------------

    def _finish(self) -> None:
        self.docket.done[self.docket.step.id] = self.now()
        self.record(EntryKind.STEP_DONE, f"{self.docket.step}办结")

    def _skip(self) -> None:
        reason = self.docket.skipped[self.docket.step]
        self.record(EntryKind.STEP_SKIPPED, f"{self.docket.step}不适用：{reason}")

    def _start_round(self, back: GoBack) -> None:
        """G3: every step from the target on is passed again; old acts count no more."""
        docket = self.docket
        target = next(step for step in docket.route if step.id == back.to)
        if docket.route.index(target) > docket.route.index(docket.step):
            target = docket.step  # it was sent back further meanwhile
        self.record(
            EntryKind.RETURNED,
            f"退回至{target}：{back.why}",
            {"to": back.to, "by": str(back.by)},
        )
        docket.lapse("退回", self.now())
        for step in docket.route:
            docket.watch.disarm_step(step.id)
        for step in docket.route[docket.route.index(target) :]:
            docket.done.pop(step.id, None)
        docket.expected = None
        docket.step = target
        docket.round += 1
        self.arrived, docket.basis = self.now(), back.signed
        self.clerk.notify("退回", docket.subject.office(target.body), f"退回至{target}", back.why)

    async def _stay_closed(self, outcome: Outcome) -> Outcome:
        """The kept file says how the case has ended: nothing of it is done again (G7)."""
        docket = self.docket
        docket.outcome, docket.expected = outcome, None
        docket.opened()
        await self._hear_everybody()
        docket.watch.clear()
        self._timers.stop()
        await self.clerk.finish()
        return outcome

    async def _close(self, outcome: Outcome) -> Outcome:
        """The one exit: everything on file, everybody told, nothing left half received."""
        if not self.docket.admitted:
            self.docket.outcome = outcome
            await self.clerk.turn_away()
            return outcome
        await self._hear_everybody()  # who came before the end, and is told of it
        docket, outcome = self.docket, self.beside.conclude(outcome)
        if outcome.ending in DONE and docket.step == docket.route[-1]:
            self._finish()
        ending = docket.procedure.ending(outcome.ending)
        docket.outcome, docket.expected = outcome, None  # from here on nothing is taken in
        await self._investigations.end(ending)
        docket.opened()  # what came too early for a step that will not open now is refused, on file
        await self._hear_everybody()
        docket.watch.clear()
        self._timers.stop()
        self.record(
            EntryKind.CLOSED,
            f"{ending}：{outcome.reason}",
            {"outcome": outcome.content()},
        )
        self.clerk.notify("结果", docket.applicant, ending, outcome.reason)
        await self.clerk.finish()
        while not self._is_everybody_heard:
            await self._hear_everybody()
            await self.clerk.keep()
        return outcome
