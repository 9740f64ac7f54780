"""Holding orders against the kept file of the case that gives them, in their own transaction.

Whoever reaches the server can call an activity. So what changes or tells something asks first who
calls, and what the registry's own copy of the file says (each subject's ``warrant`` has the rules).

A call that does not come out of the case it names is refused for good. One that does is tried again
where the file does not carry it, for all to see: a case that is right loses nothing by a registry
that is behind it, or by a fault of ours, and waits until that is mended.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlmodel import Session, col, select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from models.case.file import CaseFile, read_file, subject_of
from models.case.ledger import Entry, EntryKind, LedgerError, verify
from models.case.messages import Finding
from models.case.orders import Change, Notification
from models.offices import NATION, Office
from models.orders import BEHIND, DISPUTED, REGISTER_CONFLICT
from models.policy import Body, Policy
from models.procedures import PROCEDURES, REENTRY, REVOCATION, Procedure, Step, steps_of
from models.refusals import Said
from models.roster.messages import LookUpOrder
from registry.places import stem
from registry.tables import CaseRow, EntryRow

NOT_WARRANTED = "NotWarranted"

_AGAIN_IN = timedelta(minutes=1)

Clock = Callable[[], datetime]
O = TypeVar("O", bound=Change[Any] | LookUpOrder)  # noqa: E741 - an order


def utc_now() -> datetime:
    """The installation's clock."""
    return datetime.now(UTC)


def server_time() -> datetime:
    """The clock of a rehearsal, which lives in its server's time: when the activity began there."""
    return activity.info().started_time


def asked_by(case_id: str) -> None:
    """Refuse what does not come out of the case that it names.

    Raises:
        ApplicationError: ``NotWarranted``, for good.
    """
    info = activity.info()
    if info.workflow_id != case_id:
        raise ApplicationError(
            f"{info.activity_type} for {case_id} was not asked for by its case "
            f"({info.workflow_id or 'no workflow'}): nothing was done",
            type=NOT_WARRANTED,
            non_retryable=True,
        )


def not_warranted(case_id: str, why: str) -> ApplicationError:
    """What a case asked for and its file does not carry; tried again, for all to see."""
    return ApplicationError(
        f"{case_id}: {why}; nothing was done (G7)", type=NOT_WARRANTED, next_retry_delay=_AGAIN_IN
    )


def hold_against_file(
    session: Session,
    order: O,
    rule: Callable[[CaseFile, O, datetime], str | None],
    now: datetime,
) -> CaseFile:
    """Make sure that the file up to the entry an order names carries it; return that file.

    Raises:
        ApplicationError: ``Behind`` where the registry has not so much of the file: the case sends
            it then; ``NotWarranted`` where the file says otherwise.
    """
    file = kept_file(session, order.case_id, order.seq)
    try:
        said = rule(file, order, now)
    except (AttributeError, KeyError, StopIteration, TypeError, ValueError) as error:
        said = f"the file cannot be read ({type(error).__name__}: {str(error)[:200]})"
    if said is not None:
        raise not_warranted(order.case_id, said)
    return file


def kept_file(session: Session, case_id: str, seq: int) -> CaseFile:
    """The file of an admitted case that is open, up to an entry; its chain is whole.

    Of one that has ended only where a notice or a change of the register is on file behind that
    entry: what was done then can be done again in a registry that has lost it.

    Raises:
        ApplicationError: as ``hold_against_file``.
    """
    row = _admitted(session, case_id)
    if row.outcome is not None and not was_done(session, case_id, seq):
        raise not_warranted(case_id, f"the case has ended ({row.outcome})")
    rows = session.exec(
        select(EntryRow.content)
        .where(EntryRow.case_id == case_id, EntryRow.seq <= seq)
        .order_by(col(EntryRow.seq))
    ).all()
    if len(rows) < seq:
        raise behind(case_id, len(rows))
    try:
        entries = [Entry.model_validate_json(content) for content in rows]
        verify(case_id, entries)
        return read_file(entries, _steps(PROCEDURES[row.procedure], entries[0].data))
    except (LedgerError, KeyError, TypeError, ValueError) as error:
        raise not_warranted(case_id, f"the kept file is not whole: {str(error)[:300]}") from error


def hold_undisputed(session: Session, change: Change[Any], *households: str) -> None:
    """G2: what was objected since a change was ordered stops it, unless it was dismissed.

    A file that goes on to say that the change was made stops nothing: a registry that has lost it
    gets it again.

    Args:
        households: Whom of a roster the change is about.

    Raises:
        ApplicationError: ``Disputed``, for good; the case waits for the result, and decides again.
    """
    later = session.exec(
        select(EntryRow.content)
        .where(EntryRow.case_id == change.case_id, EntryRow.seq > change.seq)
        .order_by(col(EntryRow.seq))
    )
    stopped: dict[str, Any] = {}
    for entry in map(Entry.model_validate_json, later):
        data: dict[str, Any] = entry.data
        if entry.kind is EntryKind.REGISTER_CHANGE:
            return
        if entry.kind is EntryKind.OBJECTION:
            stopped[data["objection"]["id"]] = data["objection"].get("household")
        elif entry.kind is EntryKind.RESOLUTION and (
            data["resolution"]["finding"] == Finding.DISMISSED
        ):
            stopped.pop(data["resolution"]["objection_id"], None)
    for objection, household in stopped.items():
        if household is None or household in households:
            raise ApplicationError(
                f"{change.case_id}, entry {change.seq}: {objection} was received since (G2)",
                type=DISPUTED,
                non_retryable=True,
            )


def _admitted(session: Session, case_id: str) -> CaseRow:
    row = session.get(CaseRow, case_id)
    if row is None or row.run is None:
        raise behind(case_id, 0)
    return row


def was_done(session: Session, case_id: str, seq: int) -> bool:
    """Whether the file says that something was posted or changed after an entry."""
    kinds = (EntryKind.NOTICE.value, EntryKind.REGISTER_CHANGE.value)
    found = select(EntryRow.seq).where(
        EntryRow.case_id == case_id, EntryRow.seq > seq, col(EntryRow.kind).in_(kinds)
    )
    return session.exec(found.limit(1)).first() is not None


def behind(case_id: str, kept: int) -> ApplicationError:
    """The registry was restored from an older copy: the case sends its file again from there."""
    return ApplicationError(
        f"the registry has {kept} entries of {case_id}, and waits for the rest",
        kept,
        type=BEHIND,
        non_retryable=True,  # the case itself asks again, once it has sent them
    )


def register_conflict(change: Change[Any], said: Said) -> ApplicationError:
    """The register says otherwise than a change that its file carries: the case ends with that."""
    return ApplicationError(
        f"{change.case_id}, entry {change.seq}: {said.en}",
        said.zh,
        type=REGISTER_CONFLICT,
        non_retryable=True,
    )


def stranger(session: Session, notification: Notification) -> str | None:
    """Why a case, or a round, may not tell somebody something; None if it may.

    That an objector is one of the case is closed by the seal, and by the entry that says who was
    told.
    """
    case_id, office = notification.case_id, notification.recipient.office
    if case_id.startswith("round/check/"):  # no case: it tells its province's group, and no other
        if office is None or office.body is not Body.PROVINCIAL_GROUP:
            return "a check tells the provincial group alone"
        return None
    if case_id.startswith("round/watch/"):  # no case: it reminds its counties, and who is above
        region = case_id.split("/")[2][:6]
        if office is None or not (
            office.place.startswith(stem(region)) or region.startswith(stem(office.place))
        ):
            return "a morning's round reminds the offices of its region alone"
        return None
    row = session.get(CaseRow, case_id)
    if row is None or row.run is None:
        return "the registry has admitted no such case"
    if office is not None and not _concerns(row.region, office):
        return f"{office} has nothing to do with the case"
    township = notification.recipient.township
    if township is not None and f"/{township}/" not in row.region:
        return f"township {township} has nothing to do with the case"
    return None


def _concerns(region: str, office: Office) -> bool:
    """Whether an office is of a case's territory, of a place in it, or in the line above it."""
    line = region.strip("/").split("/")
    return office.place == NATION or office.place in line or office.place.startswith(line[-1])


def _steps(procedure: Procedure, opened: dict[str, Any]) -> tuple[Step, ...]:
    """The steps of a case that changes something in the register."""
    if procedure.subject is None and procedure not in (REENTRY, REVOCATION):
        raise ValueError(f"a case of the procedure {procedure.id} changes nothing in the register")
    policy = Policy.model_validate(opened["policy"])
    by = Office.parse(opened["application"]["office"]) if procedure is REVOCATION else None
    return steps_of(procedure, subject_of(opened), policy, by)
