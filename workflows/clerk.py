"""What a case tells the world of itself: the registry, the Web UI, the people concerned."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import JsonValue
from temporalio import workflow
from temporalio.exceptions import ActivityError

from models import search
from models.calendar import Calendar
from models.case.handover import Handover
from models.case.ledger import Entry, EntryKind, LedgerError, first_of, verify
from models.case.mending import KeptOrder, Mending, adopt, ended_by, heads
from models.case.messages import Outcome
from models.case.orders import LedgerBatch, Notification, Recipient, Telling
from models.case.state import Docket
from models.case.status import state_of
from models.offices import Office, township_of
from models.orders import Order
from models.refusals import NotYet, Refusal
from workflows.calls import TOLD_AT_ONCE, ask
from workflows.line import end_turn

R = TypeVar("R")

_AT_ONCE = 500_000
"""Bytes of entries in one order to the registry: half of the largest payload."""

_MOST_AT_ONCE = 1_000
"""Entries in one."""

_BROUGHT_BYTES = 100_000
"""Bytes of entries, and of what they tell, that another order brings along at most."""

_MOST_VAIN = 20
"""Requests to mend a file that is as it is kept; each takes a look at the registry."""

_TOLD_BYTES = 250_000
"""Bytes of notifications that go with them; what tells more goes alone."""

_RESTORED_IN, _RESTORED_IN_AT_LAST = timedelta(minutes=1), timedelta(hours=1)
"""After which a case asks again whether a restored registry has what earlier runs wrote: longer
each time, as each takes room in a history that cannot be handed over meanwhile."""


class AlreadyClosed(Exception):
    """By its kept file the case has ended: it has forgotten that, and now ends so (G7)."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


class Clerk:
    """Keeps the registry and the Web UI up with the docket, and says who is told of what."""

    def __init__(self, docket: Docket) -> None:
        self._docket = docket
        self._written = 0
        self._about = f"【{docket.procedure.matter}】{docket.subject.full_name}{docket.year}年度："
        self._to_tell: list[Notification] = []
        # For as long as this run has its entry: a restored registry gets both again.
        self._tellings: dict[int, Telling] = {}
        self._mending: Mending | None = None
        self._asked, self._vain = False, 0
        self._restored_in = _RESTORED_IN
        self.mendings = 0
        """How often the kept file was taken as the case's own."""
        self._tried_for = timedelta(days=docket.policy.notification.give_up_after_days)
        self._shown: dict[str, Any] = {}

    @property
    def is_at_rest(self) -> bool:
        """Whether everything is kept, also what is to be told, and nobody has asked to mend."""
        return not (self.behind or self._asked)

    def standing(self) -> dict[str, Any]:
        """The clerk's part of a handover."""
        return {"mendings": self.mendings, "vain": self._vain}

    def take_over(self, handed: Handover) -> None:
        """Go on where an earlier run of the case stood: it has kept everything up to there."""
        self.mendings, self._vain = handed.mendings, handed.vain
        self._written = self._docket.ledger.base

    @property
    def behind(self) -> bool:
        """Whether the registry lacks something of the file, or of what is to be told."""
        return bool(self._to_tell) or self._docket.ledger.count > self._written

    async def catch_up(self) -> None:
        """Show the case as it stands, and keep its new entries in the registry."""
        if self._mending is not None:
            await self._mend(self._mending)
        self._show()
        if self.behind:
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
        """Keep the whole file in the registry now."""
        if self._mending is not None:
            await self._mend(self._mending)
        while self.behind:
            await self._write()

    async def keep_most(self) -> None:
        """Keep the file in the registry now, but for what an order can bring along."""
        if self._mending is not None:
            await self._mend(self._mending)
        while self.behind and not self._is_brought(batch := self._batch()):
            await self._keep(batch)

    def rest(self) -> LedgerBatch | None:
        """What an order can bring along of the file; None if there is nothing, or too much."""
        batch = self._batch() if self.behind else None
        return batch if batch is not None and self._is_brought(batch) else None

    def has_brought(self, batch: LedgerBatch) -> None:
        """An order is carried out, so what it brought along is kept."""
        self._written = max(self._written, batch.entries[-1].seq)

    def learn(self, calendar: Calendar | None) -> None:
        """The registry has said which calendar is in force; None if the case has it."""
        if self._docket.reckoning.learn(calendar):
            self._docket.stirred = True  # limits that rest on an older one are looked at again

    async def unless_to_mend(self, order: Order[R]) -> R | None:
        """What comes of an order; None if somebody asks to mend the file before it is carried out.

        One whose file contradicts the kept one is tried again until somebody does.
        """
        carrying = asyncio.create_task(ask(order))
        await workflow.wait_condition(lambda: carrying.done() or self._mending is not None)
        if self._mending is None:
            return await carrying
        carrying.cancel()
        with suppress(ActivityError, asyncio.CancelledError):
            await carrying
        return None

    async def _write(self) -> None:
        await self._keep(self._batch())

    async def _keep(self, batch: LedgerBatch) -> None:
        kept = await self.unless_to_mend(batch)
        if kept is None:
            assert self._mending is not None
            await self._mend(self._mending)
            return
        self._written = kept.count
        self.learn(kept.calendar)
        await self._resend_from(kept.count)

    def _batch(self) -> LedgerBatch:
        """What goes to the registry next, with the state that it leads to."""
        self._put_on_file()
        docket = self._docket
        entries, tellings = self._next()
        return LedgerBatch(
            case_id=docket.case_id,
            run=docket.run,
            token=docket.token,
            entries=entries,
            state=state_of(docket, workflow.now()),
            tellings=tellings,
            known=docket.reckoning.calendar.known,
        )

    def _is_brought(self, batch: LedgerBatch) -> bool:
        """Whether that is all, and little enough to go along with an order."""
        is_all = batch.entries[-1].seq == self._docket.ledger.count
        return is_all and len(batch.model_dump_json().encode()) <= _BROUGHT_BYTES

    def _put_on_file(self) -> None:
        """Say on file who is told of what: what is said in one breath goes out by one entry."""
        docket, to_tell = self._docket, self._to_tell
        self._to_tell = []
        for first in range(0, len(to_tell), TOLD_AT_ONCE):
            some = to_tell[first : first + TOLD_AT_ONCE]
            said = "；".join(
                f"{each.recipient.on_file}（{each.subject.removeprefix(self._about)}）"
                for each in some
            )
            told: list[JsonValue] = [each.on_file for each in some]
            text = f"交发通知{len(some)}件：{said}"
            entry = docket.record(EntryKind.NOTIFIED, workflow.now(), text, {"told": told})
            numbered = tuple(
                each.model_copy(update={"seq": entry.seq, "number": number})
                for number, each in enumerate(some, start=1)
            )
            telling = Telling(notifications=numbered, tried_for=self._tried_for)
            self._tellings[entry.seq] = telling

    def _next(self) -> tuple[tuple[Entry, ...], tuple[Telling, ...]]:
        """What goes to the registry next: entries, and what they tell."""
        entries = first_of(self._docket.ledger.after(self._written, _MOST_AT_ONCE), _AT_ONCE)
        tellings: list[Telling] = []
        left = _TOLD_BYTES
        for number, entry in enumerate(entries):
            telling = self._tellings.get(entry.seq)
            if telling is None:
                continue
            left -= len(telling.model_dump_json().encode())
            if tellings and left < 0:
                return entries[:number], tuple(tellings)
            tellings.append(telling)
        return entries, tuple(tellings)

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
        self._tell_again(after, kept)
        entry = adopt(docket, after, kept, asked, now)
        self._written = after + len(kept)
        docket.mending = True
        try:
            for _ in docket.mended(after, kept, entry, now):
                await end_turn()
        finally:
            docket.mending = False

    def _tell_again(self, after: int, kept: Sequence[Entry]) -> None:
        """What went out by entries that do not stand goes out again, unless the file has it."""
        known = [told for entry in kept for told in _told_of(entry)]
        fallen = [self._tellings.pop(seq) for seq in sorted(self._tellings) if seq > after]
        again = [
            each
            for telling in fallen
            for each in telling.notifications
            if each.on_file not in known
        ]
        self._to_tell = again + [each for each in self._to_tell if each.on_file not in known]

    def notify(self, topic: str, office: Office, subject: str, text: str) -> None:
        """Tell an office something: no channel ever holds up a case."""
        name = self._docket.name(office, workflow.now())
        self.send(topic, Recipient(name=name, office=office), subject, text)

    def notify_township(self, topic: str, subject: str, text: str) -> None:
        """Tell the township in which the subject lies (F15), if it lies in one."""
        township = township_of(self._docket.subject)
        if township is not None:
            recipient = Recipient(name=township.name, township=township.code)
            self.send(topic, recipient, subject, text)

    def send(self, topic: str, recipient: Recipient, subject: str, text: str) -> None:
        """Tell somebody something: it goes into the outbox with the entries of this moment."""
        self._to_tell.append(
            Notification(
                case_id=self._docket.case_id,
                seq=0,
                number=0,
                topic=topic,
                recipient=recipient,
                subject=f"{self._about}{subject}",
                text=text,
            )
        )

    async def finish(self) -> None:
        """Keep the rest of the file: what it tells is on its way then, whatever it takes."""
        await workflow.wait_condition(workflow.all_handlers_finished)
        self._show()
        await self.keep()

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


def _told_of(entry: Entry) -> list[JsonValue]:
    """Who was told of what by an entry."""
    told = entry.data.get("told") if entry.kind is EntryKind.NOTIFIED else None
    return told if isinstance(told, list) else []
