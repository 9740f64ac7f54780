"""The registry as activities: what a case asks of it, once however often it is asked.

Everything that changes something is keyed by case id and ledger sequence number. An outage is a
plain ``RegistryError`` and is tried again; a contradiction with what is kept is an
``ApplicationError`` that no retry would cure.
"""

from datetime import date
from itertools import pairwise

from sqlalchemy import Engine
from sqlmodel import Session, col, select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.admissions import admit, difference
from activities.county_facts import county_facts
from activities.database import claim, reading, writing
from activities.incidence import county_incidence
from activities.listings import leave
from activities.projections import keep_state, project
from activities.supervision_results import results_since
from models.admission import fault
from models.identity import county_case
from models.ledger import Entry, canonical, digest, root
from models.orders import Admission, AdmissionOrder, CountyCount, LedgerBatch, RegisterChange
from models.periods import beijing
from models.tables import EntryRow, StatusRow
from models.villages import Incidence

LEDGER_CONFLICT = "LedgerConflict"


class RegistryActivities:
    """The registry's side of a case; synchronous, for the worker's thread pool."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @activity.defn
    def admit_county(self, order: AdmissionOrder) -> Admission:
        """Hold an application against the register as of the case's day (C1, T2, G5, G6, G9).

        A case that is admitted is listed in the same transaction, so that no second one can be.

        Raises:
            RegistryError: if the registry cannot be read now.
        """
        opening = order.opening
        application = opening.application
        with writing(self._engine) as session:
            claim(session, f"cases of {application.county}")
            facts = county_facts(
                session,
                application.county,
                application.year,
                beijing(order.now).date(),
                besides=order.state.case_id,
                as_of=application.figures.as_of,
            )
            said = admit(
                session,
                order.state,
                order.now,
                county_case(application.county, application.year, facts.attempt),
                fault(application, facts, opening.policy, order.now),
                difference("county", opening.county, facts.county),
            )
            found = results_since(session, application.county, application.year)
            return Admission(fault=said, planned=facts.planned, inspections=found)

    @activity.defn
    def county_incidence(self, count: CountyCount) -> Incidence | None:
        """Count a county's poor as of a day (S5); None where no village of it is in the register.

        Raises:
            RegistryError: if the registry cannot be read now.
        """
        with reading(self._engine) as session:
            return county_incidence(session, count.county, count.on)

    @activity.defn
    def write_ledger(self, batch: LedgerBatch) -> int:
        """Keep a case's new entries (G7) and what lists take from them, all or none.

        Returns:
            How many entries of the case are kept now. Fewer than the batch begins after, where the
            registry was restored from an older copy: nothing was written then, and the case sends
            its file again from there.

        Raises:
            ApplicationError: ``LedgerConflict`` where an entry contradicts the kept file: altered,
                another one under the same number, or not following the last one.
            RegistryError: if the registry cannot be written now.
        """
        with writing(self._engine) as session:
            claim(session, f"case {batch.case_id}")
            kept = _kept(session, batch.case_id)
            new = _continuing(batch, kept)
            if not new:
                # Also a batch that comes again after later ones: its state is out of date.
                return len(kept)
            keep_state(session, batch.state, new[-1])
            session.add_all(_row(batch.case_id, entry) for entry in new)
            session.flush()
            project(session, batch, new)
            return new[-1].seq

    @activity.defn
    def strike_off_county(self, change: RegisterChange) -> date:
        """Take a county off the list (C7); return since when it is off.

        Raises:
            ApplicationError: ``RegisterConflict`` where the county is not on the list.
            RegistryError: if the registry cannot be written now.
        """
        with writing(self._engine) as session:
            claim(session, f"county {change.county.code}")
            return leave(session, StatusRow, change.county, change)


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


def _ledger_conflict(batch: LedgerBatch, entry: Entry, what: str) -> ApplicationError:
    return ApplicationError(
        f"{batch.case_id}: entry {entry.seq} ({entry.hash[:12]}) {what}; the kept file stands (G7)",
        type=LEDGER_CONFLICT,
        # Tried again, for all to see: the case waits until somebody has mended what is wrong, and
        # does not fail with all that was said to it.
        non_retryable=False,
    )


def _row(case_id: str, entry: Entry) -> EntryRow:
    return EntryRow(
        case_id=case_id,
        content=canonical(entry.model_dump(mode="json")),
        **entry.model_dump(exclude={"data", "kind"}),
        kind=entry.kind.value,
    )
