"""The registry as activities: what a case asks of it, once however often it is asked.

Everything that changes something is keyed by case id and ledger sequence number. An outage is a
plain ``RegistryError`` and is tried again; a contradiction with what is kept is an
``ApplicationError`` that no retry would cure.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import wraps
from itertools import pairwise
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlmodel import Session, col, select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.admissions import Gate
from activities.notifications.outbox import Outbox
from activities.warrants import behind, not_warranted
from models.base import CLOCKS_MAY_DIFFER_BY, canonical
from models.calendar import Calendar
from models.case.admission import Admission
from models.case.ledger import Entry, EntryKind, digest, root
from models.case.orders import LedgerBatch, OnFile, Telling, Written
from models.county.admission import RULES, AdmitCounty, CountyFacts
from models.county.orders import CountyCount
from models.orders import KEPT_LATE, OTHER_CALENDAR
from models.register.counties import CountyCounted
from registry.cases.projections import keep_state, project
from registry.checks.contradictions import STANDS, clear, note
from registry.database.engine import claim, reading, writing
from registry.facts.county import county_facts
from registry.facts.incidence import county_counted
from registry.tables import EntryRow

LEDGER_CONFLICT = "LedgerConflict"

_LATE = timedelta(seconds=30)
"""So long an order may wait for a worker and stand as it was given."""

O = TypeVar("O", bound=OnFile[Any])  # noqa: E741 - an order
R = TypeVar("R")


class RegistryActivities:
    """The registry's side of a case; synchronous, for the worker's thread pool."""

    def __init__(self, engine: Engine, gate: Gate, outbox: Outbox) -> None:
        self._engine = engine
        self._gate = gate
        self._outbox = outbox

    @activity.defn
    def admit_county(self, order: AdmitCounty) -> Admission[CountyFacts]:
        """Hold an application against the register (C1, T2, G5, G6, G9): ``Gate.admit``."""
        claimed = f"cases of {order.opening.application.county}"
        with writing(self._engine) as session:
            return self._gate.admit(session, order, RULES, county_facts, claimed)

    @activity.defn
    def county_counted(self, count: CountyCount) -> CountyCounted:
        """Count a county's poor, and its poor villages, as of a day (S3, S5).

        Raises:
            RegistryError: if the registry cannot be read now.
        """
        with reading(self._engine) as session:
            return county_counted(session, count.county, count.on)

    @activity.defn
    def write_ledger(self, batch: LedgerBatch) -> Written:
        """Keep a case's new entries (G7), and what lists take from them, all or none.

        What they tell goes into the outbox with them, and is set going.

        Returns:
            How many entries of the case are kept now. Fewer than the batch begins after, where the
            registry was restored from an older copy: nothing was written then, and the case sends
            its file again from there. And the calendar, if it has changed since.

        Raises:
            ApplicationError: ``LedgerConflict`` where an entry contradicts the kept file: altered,
                another one under the same number, or not following the last one.
            RegistryError: if the registry cannot be written now.
            RPCError, TimeoutError: if the deliveries cannot be set going now.
        """
        try:
            kept = self._keep(batch)
        except LedgerConflict as conflict:
            # In a transaction of its own: the one that found it out is taken back.
            note(self._engine, batch.case_id, conflict.seq, conflict.message)
            raise
        # Also of entries that are kept already: the worker may have gone between the two.
        self._outbox.deliver(batch.tellings)
        return Written(count=kept, calendar=self._gate.newer(batch.known))

    def keeping_first(self, carry_out: Callable[[O], R]) -> Callable[[O], R]:
        """The activity that keeps what its order brings along, before it carries the order out.

        In a transaction of its own: what is on file stays there if the order is refused. It is
        refused where it comes late to that, as after an outage: somebody may have said otherwise
        meanwhile, and the case decides anew what it orders.

        Raises:
            ApplicationError: as ``write_ledger``; ``Behind`` if that could not write it;
                ``OtherCalendar`` if limits of the order rest on an older one; ``KeptLate``.
        """

        @wraps(carry_out)
        def carried_out(order: O) -> R:
            batch = order.brings
            if batch is not None:
                late = _is_late()
                # Then an attempt before this one may have carried the order out as it stands.
                again = late and self._has(batch)
                written = self.write_ledger(batch)
                if written.count < batch.entries[-1].seq:
                    raise behind(batch.case_id, written.count)
                if written.calendar is not None and not again:
                    raise _other_calendar(batch, written.calendar)
                if late and not again:
                    raise _kept_late(batch)
            return carry_out(order)

        return carried_out

    def _has(self, batch: LedgerBatch) -> bool:
        with reading(self._engine) as session:
            return session.get(EntryRow, (batch.case_id, batch.entries[-1].seq)) is not None

    def _keep(self, batch: LedgerBatch) -> int:
        with writing(self._engine) as session:
            claim(session, f"case {batch.case_id}")
            self._gate.check(session, batch)
            kept = _kept(session, batch.case_id)
            new = _continuing(batch, kept)
            if not new:
                # Also a batch that comes again after later ones: its state is out of date.
                return len(kept)
            self._check(batch, new)
            keep_state(session, batch, new)
            session.add_all(_row(batch.case_id, entry) for entry in new)
            session.flush()
            project(session, batch, new)
            for telling, at in _told_by(batch, new):
                self._outbox.take_in(session, telling, at)
            clear(session, batch.case_id)
            return new[-1].seq

    def _check(self, batch: LedgerBatch, new: list[Entry]) -> None:
        """What is kept is of its case, and of a time that has come."""
        if batch.state.case_id != batch.case_id:
            raise not_warranted(batch.case_id, f"the line is that of {batch.state.case_id}")
        latest, now = max(entry.at for entry in new), self._gate.now()
        if latest > now + CLOCKS_MAY_DIFFER_BY:
            why = f"{latest.isoformat()} lies ahead of this installation's clock"
            raise not_warranted(batch.case_id, f"an entry of {why} ({now.isoformat()})")


def _told_by(batch: LedgerBatch, new: list[Entry]) -> Iterator[tuple[Telling, datetime]]:
    """What new entries tell, and when; nothing is told that is not on file, nor to anybody else.

    Raises:
        ApplicationError: ``NotWarranted``.
    """
    entries = {entry.seq: entry for entry in new}
    for telling in batch.tellings:
        entry = entries.get(telling.seq)
        if entry is None:
            continue
        key = [(each.case_id, each.seq, each.number) for each in telling.notifications]
        numbered = [(batch.case_id, entry.seq, number) for number in range(1, len(key) + 1)]
        said = [each.on_file for each in telling.notifications]
        if (
            key != numbered
            or entry.kind is not EntryKind.NOTIFIED
            or entry.data.get("told") != said
        ):
            raise not_warranted(
                batch.case_id, f"entry {entry.seq} says nothing of who is told what"
            )
        yield telling, entry.at


def _kept(session: Session, case_id: str) -> dict[int, str]:
    """Hash of every entry that is kept, by number."""
    return dict(
        session.exec(
            select(EntryRow.seq, EntryRow.hash)
            .where(EntryRow.case_id == case_id)
            .order_by(col(EntryRow.seq))
        ).all()
    )


def _continuing(batch: LedgerBatch, kept: dict[int, str]) -> list[Entry]:
    """The entries of a batch that are new; each must continue the chain. None behind a gap."""
    for earlier, later in pairwise(batch.entries):
        if later.previous != earlier.hash:
            raise _ledger_conflict(batch, later, "does not follow the one before it")
    if batch.entries[0].seq > len(kept) + 1:
        return []
    count, head = len(kept), kept.get(len(kept), root(batch.case_id))
    new: list[Entry] = []
    for entry in batch.entries:
        if entry.hash != digest(entry):
            raise _ledger_conflict(batch, entry, "was altered after it was recorded")
        if entry.seq in kept:
            if kept[entry.seq] != entry.hash:
                raise _ledger_conflict(batch, entry, "is kept already with another content")
            continue
        if entry.seq != count + 1 or entry.previous != head:
            raise _ledger_conflict(batch, entry, f"does not follow entry {count} as it is kept")
        new.append(entry)
        count, head = entry.seq, entry.hash
    return new


def _is_late() -> bool:
    """Whether an order has waited, or was tried before."""
    info = activity.info()
    return info.attempt > 1 or info.started_time - info.scheduled_time > _LATE


def _kept_late(batch: LedgerBatch) -> ApplicationError:
    return ApplicationError(
        f"{batch.case_id}: its entries up to {batch.entries[-1].seq} were kept late",
        type=KEPT_LATE,
        non_retryable=True,  # the case itself orders again, if that still stands
    )


def _other_calendar(batch: LedgerBatch, calendar: Calendar) -> ApplicationError:
    return ApplicationError(
        f"{batch.case_id}: the days off have changed since its limits were computed (T1)",
        calendar,
        type=OTHER_CALENDAR,
        non_retryable=True,  # the case itself orders it again, over that calendar
    )


class LedgerConflict(ApplicationError):
    """A case tells its file otherwise than it is kept, from entry ``seq`` on."""

    def __init__(self, message: str, seq: int) -> None:
        # Tried again, for all to see: the case waits until somebody has mended what is wrong, and
        # does not fail with all that was said to it.
        super().__init__(message, type=LEDGER_CONFLICT, non_retryable=False)
        self.seq = seq


def _ledger_conflict(batch: LedgerBatch, entry: Entry, what: str) -> LedgerConflict:
    said = f"entry {entry.seq} ({entry.hash[:12]}) {what}; {STANDS} (G7)"
    return LedgerConflict(f"{batch.case_id}: {said}", entry.seq)


def _row(case_id: str, entry: Entry) -> EntryRow:
    return EntryRow(
        case_id=case_id,
        content=canonical(entry.model_dump(mode="json")),
        **entry.model_dump(exclude={"data", "kind"}),
        kind=entry.kind.value,
    )
