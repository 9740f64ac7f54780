"""The register's side of a revocation (F7): admitted, and on the list again, once however often.

As in ``activities.ledger``: an outage is tried again, a contradiction is not.
"""

from typing import TypeVar

from sqlalchemy import Engine
from sqlmodel import Session, col, select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.admissions import Gate
from activities.warrants import asked_by, hold_against_file, register_conflict
from models.alarms import Alarm
from models.base import canonical
from models.case.admission import Admission
from models.checks.journal import JournalKind
from models.offices import County, Household, Village
from models.refusals import Said
from models.register.households import Cause
from models.revocation.admission import RULES, AdmitRevocation, RevocationFacts
from models.revocation.messages import Revocable
from models.revocation.orders import RevocationChange, Revoked
from models.revocation.warrant import revocation
from registry.database.engine import claim, writing
from registry.facts.alarms import alarms_of
from registry.facts.revocation import revocation_facts
from registry.journal import note
from registry.tables import (
    EpisodeRow,
    HouseholdRow,
    RevocationRow,
    Standing,
    StatusRow,
    VillageStatusRow,
)

S = TypeVar("S", StatusRow, VillageStatusRow)


class RevocationActivities:
    """What a revocation asks of the register; synchronous, for the worker's thread pool."""

    def __init__(self, engine: Engine, gate: Gate) -> None:
        self._engine = engine
        self._gate = gate

    @activity.defn
    def admit_revocation(self, order: AdmitRevocation) -> Admission[RevocationFacts]:
        """Hold a revocation against the register and the files (F7, G9): ``Gate.admit``."""
        claimed = _claimed(order.opening.subject)
        with writing(self._engine) as session:
            return self._gate.admit(session, order, RULES, revocation_facts, claimed)

    @activity.defn
    def revoke_exit(self, change: RevocationChange) -> Revoked:
        """Put the subject on the list again, once for one case, and keep what was revoked.

        The exit itself stays as it was written. With a household the incidence of its village and
        county is looked at, in the same transaction.

        Raises:
            ApplicationError: ``RegisterConflict`` where the exit is not in force any more.
            RegistryError: if the registry cannot be written now, or would count more poor people
                than live there: the case waits until somebody has mended that.
        """
        asked_by(change.case_id)
        with writing(self._engine) as session:
            claim(session, _claimed(change.subject))
            if session.get(RevocationRow, change.case_id) is None:
                hold_against_file(session, change, revocation, self._gate.now())
                _list_again(session, change)
                session.add(_revocation(change))
                session.flush()
                note(session, JournalKind.CHANGED, change.case_id, {"entry": change.seq})
            return Revoked(since=change.effective_on, alarms=_alarms(session, change))


def _claimed(subject: Revocable) -> str:
    """As those who strike off do: nobody leaves and comes back at the same time."""
    match subject:
        case County():
            return f"county {subject.code}"
        case Village():
            return f"village {subject.code}"
        case Household():
            return f"rosters of {subject.village.code}"


def _list_again(session: Session, change: RevocationChange) -> None:
    match change.subject:
        case County():
            _end_exit(session, StatusRow, change)
        case Village():
            _end_exit(session, VillageStatusRow, change)
        case Household():
            _begin_episode(session, change)


def _end_exit(session: Session, standings: type[S], change: RevocationChange) -> None:
    last = session.exec(
        select(standings)
        .where(standings.code == change.subject.code)
        .order_by(col(standings.since).desc())
    ).first()
    if last is None or last.status is not Standing.EXITED or last.since != change.exited_on:
        raise _not_out(change)
    if change.effective_on <= last.since:
        raise _too_early(change)
    last.until = change.effective_on
    session.add(
        standings(
            code=change.subject.code,
            since=change.effective_on,
            status=Standing.REVOKED,
            document=change.document_number,
            case_id=change.case_id,
            seq=change.seq,
        )
    )


def _begin_episode(session: Session, change: RevocationChange) -> None:
    last = session.exec(
        select(EpisodeRow)
        .where(EpisodeRow.household_code == change.subject.code)
        .order_by(col(EpisodeRow.number).desc())
    ).first()
    if last is None or last.exited_on != change.exited_on:
        raise _not_out(change)
    household = session.get_one(HouseholdRow, change.subject.code)
    if household.gone_on is not None and household.gone_because is not None:
        why = f"该户已于{household.gone_on}注销（{household.gone_because.zh}）"
        raise register_conflict(
            change, Said(why, f"{change.subject.code} ended on {household.gone_on}")
        )
    if change.effective_on <= change.exited_on:
        raise _too_early(change)
    session.add(
        EpisodeRow(
            household_code=change.subject.code,
            number=last.number + 1,
            cause=Cause.REVOKED,
            registered_on=change.effective_on,
            opening_document=change.document_number,
            opened_by=change.case_id,
            opened_seq=change.seq,
        )
    )


def _revocation(change: RevocationChange) -> RevocationRow:
    return RevocationRow(
        case_id=change.case_id,
        seq=change.seq,
        kind=change.subject.kind,
        subject_code=change.subject.code,
        exit_year=change.year,
        exited_on=change.exited_on,
        exit_document=change.exit_document,
        exit_case=change.exit_case,
        revoked_on=change.effective_on,
        office=str(change.office),
        document=change.document_number,
        reason=change.reason,
        responsible=canonical([each.content() for each in change.responsible]),
    )


def _alarms(session: Session, change: RevocationChange) -> tuple[Alarm, ...]:
    if not isinstance(change.subject, Household):
        return ()
    village = change.subject.village.code
    return alarms_of(session, village, change.counted_on, change.policy)


def _not_out(change: RevocationChange) -> ApplicationError:
    name, code, since = change.subject.name, change.subject.code, change.exited_on
    return register_conflict(
        change,
        Said(
            f"登记中已没有{name}自{since}起的退出",
            f"{name} ({code}) has not left since {since}, as the register stands now",
        ),
    )


def _too_early(change: RevocationChange) -> ApplicationError:
    name, left, on = change.subject.name, change.exited_on, change.effective_on
    return register_conflict(
        change,
        Said(
            f"{name}自{left}起退出，不能自{on}起撤销",
            f"{name} ({change.subject.code}) left on {left}, which does not lie before {on}",
        ),
    )
