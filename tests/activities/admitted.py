"""Activities as their cases call them: admitted, out of their own workflow, with a file behind."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar

from sqlalchemy import Engine
from sqlmodel import col, delete, select
from temporalio.testing import ActivityEnvironment

from activities.admissions import Gate
from activities.ledger import RegistryActivities
from activities.notifications.channels import Channel
from activities.notifications.deliver import Senders
from activities.notifications.outbox import Outbox, Ring
from models.base import canonical
from models.case.admission import Admission, AdmitOrder, K
from models.case.ledger import Entry, EntryKind, Ledger, root
from models.case.messages import Ending
from models.case.orders import CaseState, Delivery, LedgerBatch, Telling
from models.county.orders import RegisterChange
from models.offices import County, Village
from models.policy import Body, Policy, PolicyError
from models.policy_file import parse_policy
from models.village.orders import VillageRegisterChange
from registry.calendar import OfficialCalendar
from registry.database.engine import claim, writing
from registry.tables import CaseRow, EntryRow
from tests.models.carrying import CARRYING, Carrying
from tests.models.samples import HENAN
from tests.unguarded import lift, restore
from workers.settings import SHIPPED

KEY = b"a key of no installation's at all"
RUN = "run-1"
CLOCK = datetime(2100, 1, 1, tzinfo=UTC)
"""Behind everything that a test dates."""

CALENDAR = OfficialCalendar()

T = TypeVar("T")


def policies(id: str) -> Policy:
    """Those that are shipped."""
    path = SHIPPED / "policies" / f"{id}.toml"
    if not path.is_file():
        raise PolicyError(f"policy {id}: there is none")
    return HENAN if id == HENAN.id else parse_policy(path.read_text(encoding="utf-8"))


def gate(
    known: Callable[[str], Policy] = policies,
    clock: Callable[[], datetime] = lambda: CLOCK,
    calendar: OfficialCalendar = CALENDAR,
) -> Gate:
    """Who admits, in tests."""
    return Gate(KEY, known, calendar, clock)


def nobody_rings(_order: Delivery, _tried_for: timedelta) -> None:
    """What is taken into the outbox stays there."""


def registry_activities(
    engine: Engine,
    guard: Gate | None = None,
    channels: Sequence[Channel] = (),
    ring: Ring = nobody_rings,
    clock: Callable[[], datetime] = lambda: CLOCK,
) -> RegistryActivities:
    """The registry's activities, with an outbox that reaches whom the channels reach."""
    outbox = Outbox(engine, Senders(channels).reached_by, clock, ring)
    return RegistryActivities(engine, guard or gate(), outbox)


def token(case_id: str, run: str = RUN) -> str:
    """The token of an admission."""
    return gate().token(case_id, run)


def called(activity: Callable[..., T], order: Any, by: str | None) -> T:
    """Run an activity as called out of a workflow of an id; out of none where none is given."""
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, workflow_id=by, workflow_run_id=by and RUN)
    result: T = environment.run(activity, order)
    return result


def run(activity: Callable[..., T], order: Any) -> T:
    """Run an activity as its case would: out of its workflow, its file carrying the order."""
    engine = getattr(getattr(activity, "__self__", None), "_engine", None)
    if type(order) in CARRYING and engine is not None:
        carry(engine, CARRYING[type(order)](order))
    result = called(activity, order, case_of(order))
    if isinstance(order, (RegisterChange, VillageRegisterChange)) and engine is not None:
        with writing(engine) as session:  # what the case does next
            session.get_one(CaseRow, order.case_id).outcome = Ending.EXITED.value
    return result


def known(admission: Admission[K]) -> K:
    """What the registry knew when it admitted a case."""
    assert admission.fault is None, admission.fault
    assert admission.known is not None
    return admission.known


def case_of(order: Any) -> str | None:
    """The case that gives an order."""
    if isinstance(order, AdmitOrder):
        return order.state.case_id
    return getattr(order, "case_id", None)


def carry(engine: Engine, file: Carrying) -> list[Entry]:
    """Put a file into the registry, in place of what is there of its case."""
    entries = file.entries()
    with writing(engine) as session:
        claim(session, f"case {file.case_id}")
        kept = session.exec(
            select(EntryRow.hash)
            .where(EntryRow.case_id == file.case_id)
            .order_by(col(EntryRow.seq))
        ).all()
        if list(kept) == [entry.hash for entry in entries]:
            return entries
        if kept:
            lift(session.connection())
            session.execute(delete(EntryRow).where(col(EntryRow.case_id) == file.case_id))
            restore(session.connection())
        row = session.get(CaseRow, file.case_id)
        if row is None:
            row = CaseRow(
                case_id=file.case_id,
                procedure=file.procedure,
                subject_code=file.subject.code,
                subject_name=file.subject.name,
                year=file.year,
                region=f"/{'/'.join(file.subject.region_path)}/",
                step=entries[-1].step,
                round=1,
                overdue=False,
                open_objections=0,
                entries=0,
                head=root(file.case_id),
                updated=entries[-1].at,
            )
            session.add(row)
        row.run, row.outcome = RUN, None
        row.entries, row.head = len(entries), entries[-1].hash
        session.flush()
        session.add_all(kept_row(file.case_id, entry) for entry in entries)
    return entries


def kept_row(case_id: str, entry: Entry) -> EntryRow:
    """An entry as the registry keeps it."""
    return EntryRow(
        case_id=case_id,
        content=canonical(entry.model_dump(mode="json")),
        **entry.model_dump(exclude={"data", "kind"}),
        kind=entry.kind.value,
    )


def admitted(order: AdmitOrder[Any, Any]) -> dict[str, str]:
    """What a batch of a case says of its admission."""
    return {"run": order.run, "token": token(order.state.case_id, order.run)}


def batch(case_id: str, entries: Any, state: Any, tellings: Iterable[Telling] = ()) -> LedgerBatch:
    """Entries of an admitted case, and what they tell."""
    return LedgerBatch(
        case_id=case_id,
        run=RUN,
        token=token(case_id),
        entries=tuple(entries),
        state=state,
        tellings=tuple(tellings),
    )


class GrowingFile:
    """A case file that grows, and the batches a case would send of it."""

    procedure: ClassVar[str]
    step: ClassVar[str]
    body: ClassVar[Body]
    """Whose turn it is there."""

    def __init__(self, case_id: str, subject: County | Village, year: int, began: datetime) -> None:
        self.case_id, self.subject, self.year, self.began = case_id, subject, year, began
        self.ledger = Ledger(case_id)
        self.tellings: list[Telling] = []

    def add(self, kind: EntryKind, data: Any = None, **more: Any) -> Entry:
        """Record an entry."""
        return self.ledger.record(
            kind, more.pop("at", self.began), text=more.pop("text", kind.value), data=data, **more
        )

    def batch(self, first: int = 1, last: int | None = None, **state: Any) -> LedgerBatch:
        """The entries from ``first`` to ``last``, and the end where the state has come to it."""
        if state.get("outcome") is not None:
            self.add(EntryKind.CLOSED, {"outcome": {"ending": state["outcome"]}})
        last = last or len(self.ledger.entries)
        entries = tuple(self.ledger.entries[first - 1 : last])
        tellings = [each for each in self.tellings if first <= each.seq <= last]
        return batch(self.case_id, entries, self.state(**state), tellings)

    def state(self, **changes: Any) -> CaseState:
        """How the case stands."""
        given: dict[str, Any] = {
            "case_id": self.case_id,
            "procedure": self.procedure,
            "subject_code": self.subject.code,
            "subject_name": self.subject.name,
            "year": self.year,
            "region": self.subject.region_path,
            "step": self.step,
            "round": 1,
            "waiting_for": self.subject.office(self.body),
            "deadline": None,
            "overdue": False,
            "open_objections": 0,
            "outcome": None,
        }
        return CaseState(**(given | changes))
