"""One procedure under way: the verbs that its steps are written in.

A procedure says who decides in which order; what happens around that is here once: opening a step
under its limits, publicity with objections, hearings, orders, going back, ending.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from functools import cache
from typing import Any

from pydantic import JsonValue
from temporalio import workflow

from models.case.admission import AdmitOrder, K, Opening, PlaceFacts, received_fault
from models.case.handover import Handover
from models.case.ledger import EntryKind, told_by
from models.case.limits import T6
from models.case.mailbox import Expectation, OpenObjection, Received
from models.case.messages import DONE, Act, Decision, Ending, Outcome
from models.case.parts import PlanAddition
from models.case.state import Docket
from models.case.status import state_of
from models.notices import NoticeOrder, Posted, notice_order
from models.offices import Office
from models.periods import Limit, LimitRequest, beijing, end_of
from models.procedures import Step
from workflows.calls import DayOver, ask, count_orders_from
from workflows.clerk import AlreadyClosed
from workflows.ordering import Ordering
from workflows.postings import Published
from workflows.waiting import Beside, Ended, GoBack, Judge

_CHANGES = (Ending.EXITED, Ending.ENTERED)
"""Endings of cases that have changed the register by an act that can be objected to."""


class Case(Ordering):
    """One procedure under way: the verbs that its steps are written in."""

    def __init__(
        self, docket: Docket, arrived: datetime | None, beside: Beside | None = None
    ) -> None:
        super().__init__(docket, beside)
        self.notice: str | None = None
        """The latest notice of a publicity, which that of another round replaces."""
        self._handed: Handover | None = None
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
        docket.reckoning.learn(admission.calendar)
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
                if walking.cancelled():
                    raise
                if not walking.done():  # else it has ended, or goes on in a new run, at this moment
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
                outcome = await self._concluded(end.outcome)
        except AlreadyClosed as end:
            return await self._stay_closed(end.outcome)
        return await self._close(outcome)

    async def decision(
        self,
        step: Step,
        *limits: LimitRequest,
        office: Office | None = None,
        decisions: tuple[Decision, ...] | None = None,
        subject: str | None = None,
        instructions: str | Callable[[], str] = "",
        under: tuple[str, ...] = (),
        counted: Callable[[], Awaitable[None]] | None = None,
        judged: Judge | None = None,
    ) -> Act:
        """Wait for an office's act, under limits that remind and record but never decide (G4).

        Args:
            office: Who decides, where it is not the step's own body.
            decisions: What can be decided, where it is not what the step says.
            subject: What is to be done, in Chinese and short, where it is not the step itself.
            instructions: More about it, for the office; by what is counted then, if that is so.
            under: Limits in force already that this decision keeps or misses, by key. That for
                leaving the register (T6) is told at every step, and kept or missed by the last.
            counted: Asks the register by what the step is judged, as soon as it is open: no act is
                taken in meanwhile. What it finds otherwise, the office is told once more.
            judged: Says why an approval lapses; the step stays open then.

        Returns:
            The act that lets the procedure go on; a return or a rejection leaves this method as
            ``GoBack`` or ``Ended``, unless it names households of a roster.
        """
        docket = self.docket
        if self.progress.is_past:
            return self.progress.bring_again(Received).message  # type: ignore[no-any-return]
        whom, what = office or docket.subject.office(step.body), subject or str(step)
        own = [self.limits.key(request) for request in limits]

        def instructed() -> str:
            return instructions if isinstance(instructions, str) else instructions()

        def tell(instructions: str) -> None:
            keys = (key for key in (T6, *under, *own) if key in docket.watch)
            unlimited = [] if instructions else ["本步骤无规定期限。"]
            explained = [docket.watch[key].limit.zh for key in keys] or unlimited
            text = "\n".join(filter(None, (instructions, *explained)))
            self.clerk.notify("办理", whom, f"{what}待办", text)

        if not self.progress.is_resumed():
            docket.expected = Expectation(step, whom, decisions or step.decisions)
            self.record(EntryKind.STEP_OPENED, f"{what}：由{docket.name(whom, self.now())}办理")
            if counted is None:
                docket.opened()
            self.limits.arm(limits, whom, what)
            said = None if docket.waiting_acts(step) else instructed()
            if said is not None:
                tell(said)
            if counted is not None:
                self.limits.pass_on()  # the registry lists what is so from here on
                with self.preparing():
                    await counted()
                docket.opened()
                # An act that was in already, and has lapsed, leaves its office with the step.
                if said != instructed() and (said is not None or not docket.waiting_acts(step)):
                    tell(instructed())
        received = await self._take_act(step, judged, tell)
        docket.expected = None
        keys = (T6, *under, *own) if step == docket.route[-1] else own
        self.limits.judge(received, [docket.watch[key] for key in keys if key in docket.watch])
        self.arrived, docket.basis = received.at, received.signed
        act = self.progress.bring(received).message
        if act.households:
            return act
        if act.decision is Decision.REJECT:
            ending = docket.procedure.failing
            raise self.end(ending, act.office, act.reason or "", act.document_number)
        if act.return_to is not None:
            raise GoBack(act.return_to, act.reason or "", act.office, received.signed)
        return act

    async def publicity(self, step: Step, shows: Posted) -> None:
        """Post a notice and wait its whole period, and as long as an objection is open (T1, G1).

        It replaces that of an earlier round.
        """
        docket = self.docket
        if not self.progress.is_resumed():
            opened = f"{step}：由{docket.name(docket.publisher, self.now())}发布公示"
            self.record(EntryKind.STEP_OPENED, opened)
            published = await self.publish(lambda: shows, replaces=self.notice)
            self.notice = published.notice.notice_id
            docket.posted, docket.posting = published.closes, False
            self.postings.stands(published, step.id, str(step))
            self.posted(published)
        assert self.notice is not None
        watched = docket.notices[self.notice].watched
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
    ) -> Published:
        """Publish a notice, and say until when it stands (T1).

        Args:
            shows: What it shows, at the moment in which the registry may first publish it.
            replaces: Id of the notice that it takes the place of.
        """
        not_before = self.now()
        while True:
            posted_at = max(self.now(), not_before)
            try:
                published = await self._published(shows, posted_at, replaces)
            except DayOver:
                # By the registry's clock, which may be ahead of this one.
                not_before = end_of(beijing(posted_at).date())
                await self.limits.ask_for_calendar()
                continue
            if beijing(self.now()).date() <= beijing(posted_at).date():
                return published
            # It was published before midnight, and shown after it: people saw the notice later than
            # it says, so it is posted again and has its full days again.
            notice, *_ = published
            self.record(EntryKind.NOTICE, f"《{notice.title}》跨日发布，公示期不足，重新发布")
            replaces = notice.notice_id

    async def _published(
        self, shows: Callable[[], Posted], posted_at: datetime, replaces: str | None
    ) -> Published:
        requests = self.postings.requests(posted_at)

        @cache
        def decided(_seq: int, _undone: int) -> tuple[list[Limit], Posted]:
            # One number has one text: what may be published, and is not shown yet, is ordered again
            # so. What surely is not has the date by today's calendar, and those left today.
            return [self.limits.compute(each) for each in requests], shows()

        def make(seq: int) -> NoticeOrder:
            (closes, *_), shown = decided(seq, self.undone)
            return notice_order(self.docket, shown, posted_at, closes, replaces, seq)

        self.docket.posting = True
        order, notice = await self.ordered(make)
        assert isinstance(order, NoticeOrder)
        (closes, *post_by), _ = decided(order.seq, self.undone)
        return Published(notice, closes, *(post_by or (None,)))

    def posted(self, published: Published, **more: JsonValue) -> None:
        """Put on file that a notice is out, and ask for its posting (T1)."""
        notice, closes, post_by = published
        until = closes.zh
        if post_by is not None:
            until, more["from_posting"] = "公示期自张贴之日起计算", True
        self.record(
            EntryKind.NOTICE,
            f"发布《{notice.title}》，{until}",
            {"notice": notice.content(), "limit": closes.content(), **more},
        )
        self.postings.ask(published)

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
            begun = self.now()
            closes = self.limits.compute(LimitRequest(clause="F6.hearing", start=begun))
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

    def take_over(self, handed: Handover) -> None:
        """Go on where an earlier run of the case stood."""
        self._handed, self.notice, self.arrived = handed, handed.notice, handed.arrived
        self.progress.take_over(handed.passed)

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
        again = [step.id for step in docket.route[docket.route.index(target) :]]
        for step_id in again:
            docket.done.pop(step_id, None)
        docket.put_out_of_force(lambda notice: notice.step in again)
        docket.expected = None
        docket.step = target
        docket.round += 1
        self.arrived, docket.basis = self.now(), back.signed
        self.clerk.notify("退回", docket.subject.office(target.body), f"退回至{target}", back.why)

    async def _concluded(self, outcome: Outcome) -> Outcome:
        """How the case ends; what was reported while the register was changed is followed up (G2).

        Nothing of it undoes the change: that takes an act of its own (F7).
        """
        docket = self.docket
        if not docket.admitted:
            return outcome
        await self._hear_everybody()  # who came before the end, and is told of it
        outcome = self.beside.conclude(outcome)
        if outcome.ending in DONE and docket.step == docket.route[-1]:
            self._finish()
        if outcome.ending in _CHANGES and self._reported:
            self.is_followed_up = docket.changing = True
            docket.expected = None
            docket.watch.disarm(T6)
            await self._await(lambda: not self._reported or None, may_hand_over=False)
        return outcome

    @property
    def _reported(self) -> list[OpenObjection]:
        """What was said against what has changed in the register, and is not settled."""
        said = self.docket.objections.values()
        return [each for each in said if not each.settled and self.beside.has_changed(each)]

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
        docket = self.docket
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
        for office in dict.fromkeys((docket.applicant, *docket.acted)):  # F15
            self.clerk.notify("结果", office, ending, outcome.reason)
        if any(step.posts for step in docket.route):
            self.clerk.notify_township("结果", ending, outcome.reason)
        await self.clerk.finish()
        while not self._is_everybody_heard:
            await self._hear_everybody()
            await self.clerk.keep()
        return outcome
