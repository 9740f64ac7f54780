"""Leaving the list of poor counties or of poor villages (C7, V3): once for one case and entry."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar

from sqlalchemy import Engine
from sqlmodel import Session, col, select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.admissions import Gate
from activities.notices import NoticeBoard
from activities.warrants import asked_by, hold_against_file, hold_undisputed, register_conflict
from models.case.file import CaseFile
from models.checks.journal import JournalKind
from models.counts import has_risen, worsened
from models.county.orders import RegisterChange
from models.county.warrant import county_exit
from models.notices import Left
from models.offices import Subject
from models.orders import NO_MORE_MET
from models.periods import beijing
from models.policy import Standards
from models.refusals import Said
from models.standards import StandardFinding
from models.village.orders import VillageRegisterChange
from models.village.warrant import village_exit
from registry.database.engine import claim, writing
from registry.facts.incidence import county_counted, village_incidence
from registry.journal import note
from registry.notices.single import Exit, exit_announcement
from registry.tables import Standing, StatusRow, VillageStatusRow

S = TypeVar("S", StatusRow, VillageStatusRow)
C = TypeVar("C", RegisterChange, VillageRegisterChange)


@dataclass(frozen=True)
class _Leaving(Generic[C, S]):
    """Who leaves which list, by which warrant, and by which count of the register (S2, S3).

    Attributes:
        worse: What that count fails on a day, and is worse in than was told (S6).
        claims: What nobody else may be at work on: what puts households into the register, first.
    """

    standings: type[S]
    subject: Subject
    warrant: Callable[[CaseFile, C, datetime], str | None]
    worse: Callable[[Session, C, date, Standards], Sequence[StandardFinding]]
    claims: tuple[str, str]


class LeavingActivities:
    """A county or a village leaves the list, and the same transaction announces it (公告退出).

    Both or neither, once for one case and ledger entry. If the announcement alone is lost, from the
    registry or from its folder, the same order puts it up again. Synchronous, for the worker's
    thread pool.
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
                ``NoMoreMet`` if the register's count fails by now, and is worse than was told.
            RegistryError: if the registry cannot be written now.
        """
        county = change.county
        claims = f"incidence of {county.code}", f"county {county.code}"
        leaving = _Leaving(StatusRow, county, county_exit, _worse_in_county, claims)
        return self._strike_off(change, leaving)

    @activity.defn
    def strike_off_village(self, change: VillageRegisterChange) -> Left:
        """Take a village off the list of poor villages (V3), and announce it.

        Raises:
            ApplicationError: ``RegisterConflict`` if the village is not on the list,
                ``NoMoreMet`` if the register's count fails by now, and is worse than was told.
            RegistryError: if the registry cannot be written now.
        """
        village = change.village
        claims = f"rosters of {village.code}", f"village {village.code}"
        leaving = _Leaving(VillageStatusRow, village, village_exit, _worse_in_village, claims)
        return self._strike_off(change, leaving)

    def _strike_off(self, change: C, leaving: _Leaving[C, S]) -> Left:
        """Take a subject off its list and announce it, once; then show the announcement."""
        asked_by(change.case_id)
        with writing(self._engine) as session:
            for each in leaving.claims:
                claim(session, each)
            left = self._left(session, change, leaving)
        self._board.show(left.notice)
        return left

    def _left(self, session: Session, change: C, leaving: _Leaving[C, S]) -> Left:
        standings, subject = leaving.standings, leaving.subject
        done = self._done(session, standings, subject, change)
        if done is not None:  # by an earlier attempt
            return done
        file = hold_against_file(session, change, leaving.warrant, self._gate.now())
        since = left_by(session, standings, subject, change)
        if since is None:
            hold_undisputed(session, change)
            today, rule = beijing(change.posted_at).date(), file.policy.standards
            still_met(change, leaving.worse(session, change, today, rule))
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


def still_met(change: Exit, worse: Sequence[StandardFinding]) -> None:
    """S2, S3, S6: what was approved holds still when the register is changed.

    Raises:
        ApplicationError: ``NoMoreMet`` if it does not, with the standards.
    """
    if worse:
        said = "; ".join(f"{each.id} is not met ({each.en})" for each in worse)
        raise ApplicationError(
            f"{change.case_id}, entry {change.seq}: {said}, and was told to be better",
            *(each.id for each in worse),
            type=NO_MORE_MET,
            non_retryable=True,
        )


def _worse_in_county(
    session: Session, change: RegisterChange, on: date, rule: Standards
) -> Sequence[StandardFinding]:
    return worsened(change.told, county_counted(session, change.county.code, on), rule)


def _worse_in_village(
    session: Session, change: VillageRegisterChange, on: date, rule: Standards
) -> Sequence[StandardFinding]:
    counted = village_incidence(session, change.village.code, on)
    risen = has_risen("S2.incidence", change.told, counted, rule)
    return () if risen is None else (risen,)


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
    name, named = subject.name, f"{subject.name} ({subject.code})"
    if last is None:
        said = Said(f"{name}不在册", f"{named} is not on the register as poor")
    elif last.status is Standing.EXITED:
        by_zh = f"（{last.case_id}案卷第{last.seq}条）" if last.case_id else ""
        by = f" by {last.case_id}, entry {last.seq}" if last.case_id else ""
        said = Said(
            f"{name}已于{last.since}退出{by_zh}", f"{named} already left on {last.since}{by}"
        )
    elif change.effective_on <= last.since:
        said = Said(
            f"{name}自{last.since}起在册，不能自{change.effective_on}起退出",
            f"{named} cannot leave on {change.effective_on}: it is listed since {last.since}",
        )
    else:
        return last
    raise register_conflict(change, said)
