"""Leaving the list of poor counties or of poor villages (C7, V3): once for one case and entry."""

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from sqlmodel import Session, col, select
from temporalio.exceptions import ApplicationError

from models.checks.journal import JournalKind
from models.county.orders import RegisterChange
from models.offices import Subject
from models.orders import INCIDENCE_RISEN, REGISTER_CONFLICT
from models.register.villages import Incidence
from models.standards import incidence_finding
from models.village.orders import VillageRegisterChange
from registry.journal import note
from registry.tables import Standing, StatusRow, VillageStatusRow

S = TypeVar("S", StatusRow, VillageStatusRow)


def leave(
    session: Session,
    standings: type[S],
    subject: Subject,
    change: RegisterChange | VillageRegisterChange,
) -> date:
    """End a listing and begin the time after it; return since when the subject is off the list.

    Raises:
        ApplicationError: ``RegisterConflict`` where the subject is not on the list.
    """
    done = left_by(session, standings, subject, change)
    if done is not None:
        return done
    _listed(session, standings, subject, change).until = change.effective_on
    session.add(
        standings(
            code=subject.code,
            since=change.effective_on,
            status=Standing.EXITED,
            exit_year=change.year,
            document=change.document_number,
            case_id=change.case_id,
            seq=change.seq,
        )
    )
    note(session, JournalKind.CHANGED, change.case_id, {"entry": change.seq})
    return change.effective_on


def still_met(
    session: Session,
    change: RegisterChange | VillageRegisterChange,
    standard: str,
    code: str,
    count: Callable[[Session, str, date], Incidence | None],
) -> None:
    """S2, S3: what was approved holds still when the register is changed.

    Raises:
        ApplicationError: ``IncidenceRisen`` if the register counts too many poor by now.
    """
    if change.counted_on is None or change.standards is None:
        return  # approved in spite of it (S6)
    counted = count(session, code, change.counted_on)
    if counted is None:
        return
    finding = incidence_finding(standard, counted, change.standards)
    if not finding.met:
        raise ApplicationError(
            f"{change.case_id}, entry {change.seq}: {finding.id} is not met any more "
            f"({finding.en})",
            type=INCIDENCE_RISEN,
            non_retryable=True,
        )


def left_by(
    session: Session,
    standings: type[S],
    subject: Subject,
    change: RegisterChange | VillageRegisterChange,
) -> date | None:
    """Since when the subject is off the list by a change; None where that was not made yet."""
    done = session.exec(
        select(standings).where(standings.case_id == change.case_id, standings.seq == change.seq)
    ).first()
    return done.since if done is not None and done.code == subject.code else None


def _listed(
    session: Session,
    standings: type[S],
    subject: Subject,
    change: RegisterChange | VillageRegisterChange,
) -> S:
    """The listing that the change ends."""
    last = session.exec(
        select(standings)
        .where(standings.code == subject.code)
        .order_by(col(standings.since).desc())
    ).first()
    fault = None
    if last is None:
        fault = "is not on the register as poor"
    elif last.status is Standing.EXITED:
        fault = f"already left on {last.since} by {last.case_id}, entry {last.seq}"
    elif change.effective_on <= last.since:
        fault = f"cannot leave on {change.effective_on}: it is listed since {last.since}"
    if last is None or fault is not None:
        raise ApplicationError(
            f"{change.case_id}, entry {change.seq}: {subject.name} ({subject.code}) {fault}",
            type=REGISTER_CONFLICT,
            non_retryable=True,
        )
    return last
