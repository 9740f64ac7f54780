"""Leaving the list of poor counties or of poor villages (C7, V3): once for one case and entry."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar

from sqlalchemy import Engine
from sqlmodel import Session, col, select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.admissions import Gate
from activities.notices import NoticeBoard
from activities.warrants import asked_by, hold_against_file
from models.case.file import CaseFile
from models.checks.journal import JournalKind
from models.county.orders import RegisterChange
from models.county.warrant import county_exit
from models.notices import Left
from models.offices import Subject
from models.orders import INCIDENCE_RISEN, REGISTER_CONFLICT
from models.register.villages import Incidence
from models.standards import incidence_finding
from models.village.orders import VillageRegisterChange
from models.village.warrant import village_exit
from registry.database.engine import claim, writing
from registry.facts.incidence import county_incidence, village_incidence
from registry.journal import note
from registry.notices.single import Exit, exit_announcement
from registry.tables import Standing, StatusRow, VillageStatusRow

S = TypeVar("S", StatusRow, VillageStatusRow)
C = TypeVar("C", RegisterChange, VillageRegisterChange)


@dataclass(frozen=True)
class _Leaving(Generic[C, S]):
    """Who leaves which list, by which warrant, and under which criterion of incidence (S2, S3).

    Attributes:
        claims: What nobody else may be at work on: what puts households into the register, first.
    """

    standings: type[S]
    subject: Subject
    criterion: str
    warrant: Callable[[CaseFile, C, datetime], str | None]
    count: Callable[[Session, str, date], Incidence | None]
    claims: tuple[str, str]


class LeavingActivities:
    """A county or a village leaves the list, and the same transaction announces it (公告退出).

    Both or neither, once for one case and ledger entry. If the announcement alone is lost from the
    registry, the same order puts it up again. Synchronous, for the worker's thread pool.
    """

    def __init__(self, engine: Engine, board: NoticeBoard, gate: Gate) -> None:
        self._engine = engine
        self._board = board
        self._gate = gate

    @activity.defn
    def strike_off_county(self, change: RegisterChange) -> Left:
        """Take a county off the list of poor counties (C7), and announce it.

        Raises:
            ApplicationError: ``RegisterConflict`` if the county is not on the list,
                ``IncidenceRisen`` if it is above the threshold by now.
            RegistryError: if the registry cannot be written now.
        """
        county = change.county
        claims = f"incidence of {county.code}", f"county {county.code}"
        return self._strike_off(
            change,
            _Leaving(StatusRow, county, "S3.incidence", county_exit, county_incidence, claims),
        )

    @activity.defn
    def strike_off_village(self, change: VillageRegisterChange) -> Left:
        """Take a village off the list of poor villages (V3), and announce it.

        Raises:
            ApplicationError: ``RegisterConflict`` if the village is not on the list,
                ``IncidenceRisen`` if it is above the threshold by now.
            RegistryError: if the registry cannot be written now.
        """
        village = change.village
        claims = f"rosters of {village.code}", f"village {village.code}"
        return self._strike_off(
            change,
            _Leaving(
                VillageStatusRow, village, "S2.incidence", village_exit, village_incidence, claims
            ),
        )

    def _strike_off(self, change: C, leaving: _Leaving[C, S]) -> Left:
        """Take a subject off its list and announce it, once."""
        asked_by(change.case_id)
        standings, subject = leaving.standings, leaving.subject
        with writing(self._engine) as session:
            for each in leaving.claims:
                claim(session, each)
            done = self._done(session, standings, subject, change)
            if done is not None:  # by an earlier attempt
                return done
            hold_against_file(session, change, leaving.warrant, self._gate.now())
            since = left_by(session, standings, subject, change)
            if since is None:
                still_met(session, change, leaving.criterion, subject.code, leaving.count)
                since = leave(session, standings, subject, change)
            return self._announced(session, change, since)

    def _done(
        self, session: Session, standings: type[S], subject: Subject, change: Exit
    ) -> Left | None:
        since, notice = left_by(session, standings, subject, change), None
        if since is not None:
            notice = self._board.kept(session, change)
        return None if since is None or notice is None else Left(since=since, notice=notice)

    def _announced(self, session: Session, change: Exit, since: date) -> Left:
        notice = self._board.announce(session, change, exit_announcement(change))
        return Left(since=since, notice=notice)


def leave(session: Session, standings: type[S], subject: Subject, change: Exit) -> date:
    """End a listing and begin the time after it; return since when the subject is off the list.

    Raises:
        ApplicationError: ``RegisterConflict`` if the subject is not on the list.
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
    change: Exit,
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


def left_by(session: Session, standings: type[S], subject: Subject, change: Exit) -> date | None:
    """Since when the subject is off the list by a change; None if that was not made yet."""
    done = session.exec(
        select(standings).where(standings.case_id == change.case_id, standings.seq == change.seq)
    ).first()
    return done.since if done is not None and done.code == subject.code else None


def _listed(session: Session, standings: type[S], subject: Subject, change: Exit) -> S:
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
