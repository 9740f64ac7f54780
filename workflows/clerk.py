"""What a case tells the world of itself: the registry, the Web UI, the people concerned."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

from models import search
from models.case.handover import Handover, Undelivered
from models.case.ledger import Entry, EntryKind, LedgerError, first_of, verify
from models.case.mending import KeptOrder, Mending, adopt, ended_by, heads
from models.case.messages import Outcome
from models.case.orders import Delivery, LedgerBatch, Notification, Recipient, Written
from models.case.state import Docket
from models.case.status import state_of
from models.offices import Office, township_of
from models.refusals import NotYet, Refusal
from workflows.calls import ask, deliver, notify
from workflows.line import end_turn

_AT_ONCE = 500_000
"""Bytes of entries in one order to the registry: half of the largest payload."""

_MOST_AT_ONCE = 1_000
"""Entries in one."""

_PARTING_GRACE = timedelta(hours=1)
"""How long an ended case stays open for notifications that are still on their way."""

_MOST_VAIN = 20
"""Requests to mend a file that is as it is kept; each takes a look at the registry."""

_SAID_AT_ONCE = 20
"""Notifications in one activity."""

_RESTORED_IN, _RESTORED_IN_AT_LAST = timedelta(minutes=1), timedelta(hours=1)
"""After which a case asks again whether a restored registry has what earlier runs wrote: longer
each time, as each takes room in a history that cannot be handed over meanwhile."""

_LAST_TRY = timedelta(minutes=1)
"""For a delivery whose days are over when a new run takes it over."""

_TOO_LATE = "the case ended before the channel answered"


class AlreadyClosed(Exception):
    """By its kept file the case has ended: it has forgotten that, and now ends so (G7)."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


class Clerk:
    """Keeps the registry and the Web UI up with the docket, and sends notifications."""

    def __init__(self, docket: Docket) -> None:
        self._docket = docket
        self._written = 0
        self._sent = self._started = 0
        self._outbox: list[Notification] = []
        self._trying = self._said_of = self._started_before_end = 0
        self._parting = False
        self._mending: Mending | None = None
        self._asked, self._vain = False, 0
        self._restored_in = _RESTORED_IN
        self.mendings = 0
        """How often the kept file was taken as the case's own."""
        self._give_up_after = timedelta(days=docket.policy.notification.give_up_after_days)
        self._shown: dict[str, Any] = {}
        # By number: a set of tasks would be walked in another order in every replay.
        self._deliveries: dict[int, asyncio.Task[None]] = {}
        self._left: tuple[Undelivered, ...] = ()
        self._undelivered: dict[int, Undelivered] = {}
        """Of these, what is tried again and again."""

    @property
    def is_at_rest(self) -> bool:
        """Whether everything is kept, everybody told, and nobody has asked to mend the file.

        What is tried again and again may go on in the next run.
        """
        return not (self._unwritten or self._trying or self._asked)

    def standing(self) -> dict[str, Any]:
        """The clerk's part of a handover."""
        undelivered = tuple(self._undelivered.values())
        return {
            "sent": self._sent,
            "mendings": self.mendings,
            "vain": self._vain,
            "undelivered_yet": undelivered,
        }

    def take_over(self, handed: Handover) -> None:
        """Go on where an earlier run of the case stood: it has kept everything up to there."""
        self._sent, self.mendings, self._vain = handed.sent, handed.mendings, handed.vain
        self._written = self._docket.ledger.base
        self._left = handed.undelivered_yet

    def go_on(self) -> None:
        """Try on where the earlier run has left off, once the case knows how many orders it gave:
        no order of a case has the number of another."""
        for each in self._left:
            self._go_on_sending(each)

    @property
    def behind(self) -> bool:
        """Whether entries are on file that should go to the registry now.

        What a moment led to is being said to somebody: whether it arrived is on file shortly, and
        goes together with it. As soon as anything else happens nothing waits for that.
        """
        saying = self._trying and self._docket.ledger.count == self._said_of
        return self._unwritten and not saying

    @property
    def _unwritten(self) -> bool:
        return self._docket.ledger.count > self._written

    async def catch_up(self) -> None:
        """Show the case as it stands, and keep its new entries in the registry."""
        if self._mending is not None:
            await self._mend(self._mending)
        self._show()
        if not self.behind:
            return
        await self._write()

    @property
    def is_to_mend(self) -> bool:
        """Whether somebody has asked to hold the file against the kept one, and it is not done."""
        return self._mending is not None

    def check_mend(self) -> None:
        """Hold a request to mend against what was asked before: anybody may send one.

        Raises:
            NotYet: while one is under way.
            Refusal: if too many were in vain.
        """
        if self._asked:
            raise NotYet(f"{self._docket.case_id} is being mended; try again in a moment")
        if self._vain >= _MOST_VAIN:
            raise Refusal("its file is as it is kept")

    def mend(self, asked: Mending) -> None:
        """Hold the file against the kept one, which stands, as soon as the case looks up."""
        self._mending, self._asked = asked, True
        self._docket.stirred = True

    async def keep(self) -> None:
        """Keep the whole file in the registry now, whatever is still being said."""
        if self._mending is not None:
            await self._mend(self._mending)
        while self._unwritten:
            await self._write()

    async def _write(self) -> None:
        docket = self._docket
        entries = first_of(docket.ledger.after(self._written, _MOST_AT_ONCE), _AT_ONCE)
        state = state_of(docket, workflow.now())
        kept = await self._kept_of(
            LedgerBatch(
                case_id=docket.case_id,
                run=docket.run,
                token=docket.token,
                entries=entries,
                state=state,
                known=docket.reckoning.calendar.known,
            )
        )
        if kept is None:
            return
        self._written = kept.count
        if docket.reckoning.learn(kept.calendar):
            docket.stirred = True  # limits that rest on an older one are looked at again
        await self._resend_from(kept.count)

    async def resend(self, kept: int) -> None:
        """The registry was restored from an older copy: the file goes out again from there."""
        self._written = min(self._written, kept)
        await self._resend_from(kept)

    async def _resend_from(self, kept: int) -> None:
        base = self._docket.ledger.base
        if kept < base:
            # What an earlier run wrote, the worker reads in that run's history (workers.redoing).
            self._written, pause = base, self._restored_in
            self._restored_in = min(2 * pause, _RESTORED_IN_AT_LAST)
            await workflow.sleep(pause, summary="G7 等待登记恢复")
        else:
            self._restored_in = _RESTORED_IN

    async def turn_away(self) -> None:
        """End what was not admitted: nothing is on file of it, nobody is told in its name."""
        self._show()
        await workflow.wait_condition(workflow.all_handlers_finished)

    async def _kept_of(self, batch: LedgerBatch) -> Written | None:
        """How much is kept once a batch is; None where the file was mended instead.

        A batch that contradicts the kept file is tried again until somebody asks for that.
        """
        writing = asyncio.create_task(ask(batch))
        await workflow.wait_condition(lambda: writing.done() or self._mending is not None)
        if self._mending is None:
            return await writing
        writing.cancel()
        with suppress(ActivityError, asyncio.CancelledError):
            await writing
        await self._mend(self._mending)
        return None

    async def _mend(self, asked: Mending) -> None:
        """Take the kept file as the case's own, where they differ.

        Raises:
            AlreadyClosed: where the case has ended by it.
        """
        try:
            mended = await self._take_kept(asked)
        finally:
            self._asked = False
        if not mended:
            # A turn that orders nothing is no turn of its own in a replay: a worker that plays the
            # case from its beginning would hold the next request against the time before it.
            await end_turn()

    async def _take_kept(self, asked: Mending) -> bool:
        """Whether the kept file was another one, and is the case's own now."""
        self._mending, docket = None, self._docket
        ledger = docket.ledger
        order = KeptOrder(case_id=docket.case_id, base=ledger.base, heads=heads(ledger.entries))
        kept: list[Entry] = []
        try:
            page = await ask(order)
            after = page.after
            last = after, ledger.head_at(after)
            while True:
                verify(docket.case_id, page.entries, last)
                kept += page.entries
                if kept:
                    last = kept[-1].seq, kept[-1].hash
                if last[0] >= page.total:
                    break
                page = await ask(order.model_copy(update={"after": last[0], "heads": ()}))
        except (ActivityError, LedgerError):
            # The registry's copy is not whole, or has changed between two pages: the case goes on
            # waiting, and can be asked again.
            return False
        self._written = after
        if not kept:
            # A registry that was restored from an older copy has nothing to say yet.
            self._vain += page.total >= ledger.base
            return False
        open_before = docket.outcome is None
        await self._adopt(after, kept, asked)
        self.mendings, self._vain = self.mendings + 1, 0
        outcome = ended_by(kept)
        if outcome is not None and open_before:
            raise AlreadyClosed(outcome)
        return True

    async def _adopt(self, after: int, kept: Sequence[Entry], asked: Mending) -> None:
        docket, now = self._docket, workflow.now()
        entry = adopt(docket, after, kept, asked, now)
        self._written = after + len(kept)
        docket.mending = True
        try:
            for _ in docket.mended(after, kept, entry, now):
                await end_turn()
        finally:
            docket.mending = False

    def notify(self, topic: str, office: Office, subject: str, text: str) -> None:
        """Tell an office something, in the background: no channel ever holds up a case."""
        name = self._docket.name(office, workflow.now())
        self.send(topic, Recipient(name=name, office=office), subject, text)

    def notify_township(self, topic: str, subject: str, text: str) -> None:
        """Tell the township in which the subject lies (F15), if it lies in one."""
        township = township_of(self._docket.subject)
        if township is not None:
            recipient = Recipient(name=township.name, township=township.code)
            self.send(topic, recipient, subject, text)

    def send(self, topic: str, recipient: Recipient, subject: str, text: str) -> None:
        """Tell somebody something, in the background."""
        docket = self._docket
        self._sent += 1
        notification = Notification(
            case_id=docket.case_id,
            number=self._sent,
            seq=docket.ledger.count,
            topic=topic,
            recipient=recipient,
            subject=f"【{docket.procedure.matter}】{docket.subject.full_name}{docket.year}年度：{subject}",
            text=text,
        )
        self._outbox.append(notification)
        self._said_of = docket.ledger.count
        if len(self._outbox) == 1:
            self._trying += 1
            # It begins when the case has come to rest: what is said in one breath goes out at once.
            self._start(self._send_out())

    def _start(self, delivery: Coroutine[Any, Any, None]) -> None:
        self._started += 1
        if self._docket.outcome is None:
            self._started_before_end = self._started
        number, task = self._started, asyncio.create_task(delivery)
        self._deliveries[number] = task
        task.add_done_callback(lambda _: self._deliveries.pop(number))

    async def finish(self) -> None:
        """Give what is still on its way a last chance, then keep the rest of the file."""
        if not any(number <= self._started_before_end for number in self._deliveries):
            # The last words alone are being said: they take a moment, and need no timer.
            await workflow.wait_condition(lambda: not self._trying)
        parting = workflow.now() + _PARTING_GRACE
        await self.catch_up()
        while self._deliveries and workflow.now() < parting:
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: self.behind or not self._deliveries, timeout=parting - workflow.now()
                )
            await self.catch_up()
        self._parting = True
        for delivery in list(self._deliveries.values()):
            delivery.cancel()
        await workflow.wait_condition(
            lambda: not self._deliveries and workflow.all_handlers_finished()
        )
        self._show()
        await self.keep()

    async def _send_out(self) -> None:
        """A first try at everything there is to say; what a channel did not take goes on."""
        notifications = self._outbox[:_SAID_AT_ONCE]
        del self._outbox[:_SAID_AT_ONCE]
        if self._outbox:
            self._trying += 1
            self._start(self._send_out())
        try:
            attempts = await notify(tuple(notifications), self._give_up_after)
        except (ActivityError, asyncio.CancelledError):
            for notification in notifications:
                self._on_file(notification, "—", "no channel could be tried in time")
            return
        finally:
            self._trying -= 1
        for notification in notifications:
            own = [each for each in attempts if each.number == notification.number]
            if not own:
                self._on_file(notification, "—", "no channel reaches this recipient")
            for attempt in own:
                if attempt.error is None or attempt.final:
                    self._on_file(notification, attempt.channel, attempt.error)
                elif self._parting:
                    self._on_file(notification, attempt.channel, _TOO_LATE)
                else:
                    delivery = Delivery(notification=notification, channel=attempt.channel)
                    self._go_on_sending(Undelivered(delivery=delivery, since=workflow.now()))

    def _go_on_sending(self, undelivered: Undelivered) -> None:
        self._undelivered[self._started + 1] = undelivered
        self._start(self._send_until(undelivered, self._started + 1))

    async def _send_until(self, undelivered: Undelivered, number: int) -> None:
        delivery = undelivered.delivery
        left = undelivered.since + self._give_up_after - workflow.now()
        try:
            error = await deliver(delivery, max(left, _LAST_TRY))
        except asyncio.CancelledError:
            error = _TOO_LATE
        del self._undelivered[number]
        self._on_file(delivery.notification, delivery.channel, error)

    def _on_file(self, notification: Notification, channel: str, error: str | None) -> None:
        recipient = notification.recipient
        who = recipient.on_file
        arrived = error is None
        self._docket.undelivered += not arrived
        self._docket.record(
            EntryKind.NOTIFIED if arrived else EntryKind.NOT_NOTIFIED,
            workflow.now(),
            f"{'已通知' if arrived else '未送达'}{who}（{channel}）：{notification.subject}",
            {
                "entry": notification.seq,
                "topic": notification.topic,
                "recipient": who,
                "channel": channel,
                "error": error,
            },
        )

    def _show(self) -> None:
        """Search attributes; an attribute only when it changed."""
        docket = self._docket
        due, outcome = docket.watch.first_due, docket.outcome
        updates = [
            self._update(search.STEP, docket.step.id),
            self._update(search.WAITING_FOR, str(docket.waiting_for or "none")),
            self._update(search.DEADLINE, due - timedelta(seconds=1) if due else None),
            self._update(search.OVERDUE, docket.watch.overdue),
            self._update(search.OPEN_OBJECTIONS, docket.open_count),
            self._update(search.OUTCOME, outcome.ending.value if outcome else "open"),
        ]
        changed = [update for update in updates if update is not None]
        if changed:
            workflow.upsert_search_attributes(changed)

    def _update(self, key: Any, value: Any) -> Any:
        if key.name in self._shown and self._shown[key.name] == value:
            return None
        self._shown[key.name] = value
        return key.value_unset() if value is None else key.value_set(value)
