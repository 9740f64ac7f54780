"""The register's side of a roster's case: admitting it, looking up its households, striking off."""

from collections.abc import Iterable

from sqlalchemy import Engine, delete, insert
from sqlmodel import Session, col, select
from temporalio import activity

from activities.admissions import Gate
from activities.notices import NoticeBoard
from activities.warrants import asked_by, hold_against_file, hold_undisputed
from models.case.admission import Admission
from models.checks.journal import JournalKind
from models.notices import Notice
from models.periods import beijing
from models.roster.admission import (
    RULES,
    AdmitRoster,
    AdmittedRoster,
    household_faults,
    told_in_one,
)
from models.roster.households import State
from models.roster.messages import LookedUp, LookUpOrder, RosterChange, StruckOff
from models.roster.warrant import looking_up, striking_off
from registry.cases.striking_off import Leaving, is_done, strike_off, struck_off_by
from registry.database.engine import claim, writing
from registry.facts.roster import known_households, roster_facts
from registry.journal import listed, note
from registry.notices.single import roster_announcement
from registry.tables import RosterRow

NOT_ON_FILE = 0
"""Instead of a ledger entry, until one says where a household is."""


class RosterActivities:
    """What a roster's case asks of the register; synchronous, for the worker's thread pool."""

    def __init__(self, engine: Engine, board: NoticeBoard, gate: Gate) -> None:
        self._engine = engine
        self._gate = gate
        self._board = board

    @activity.defn
    def admit_roster(self, order: AdmitRoster) -> Admission[AdmittedRoster]:
        """Hold a roster against the register (H1, G6, G9, S7): ``Gate.admit``.

        Its households are listed in the same transaction: none can be on two open rosters.
        """
        application = order.opening.application
        claimed = f"rosters of {application.village}"
        with writing(self._engine) as session:
            said = self._gate.admit(session, order, RULES, roster_facts, claimed)
            if said.known is None:
                return Admission(fault=said.fault)
            codes = [each.household for each in application.appraisal.households]
            _list(session, order.state.case_id, application.year, codes)
            return Admission(
                token=said.token, calendar=said.calendar, known=AdmittedRoster.of(said.known)
            )

    @activity.defn
    def look_up_households(self, order: LookUpOrder) -> LookedUp:
        """Take entries of a roster again from the register, or those of households to be added.

        Raises:
            RegistryError: if the registry cannot be read now.
        """
        asked_by(order.case_id)
        added = [proposal.household for proposal in order.added]
        codes = [*order.households, *added]
        with writing(self._engine) as session:
            claim(session, f"rosters of {order.village.code}")
            hold_against_file(session, order, looking_up, self._gate.now())
            known = known_households(
                session, codes, order.year, beijing(order.now).date(), besides=order.case_id
            )
            said = household_faults(order.added, order.village, order.year, known)
            faults = {code: why.zh for code, why in said.items()}
            for code in order.households:
                there = known.get(code)
                if there is not None and there.gone is not None:
                    faults[code] = f"登记中{there.gone}"
                elif there is not None and there.village != order.village.code:
                    faults[code] = f"登记中已不在本村（现属{there.village}）"
                elif there is None or there.village != order.village.code or not there.registered:
                    faults[code] = "登记中已不是本村建档立卡贫困户"
                elif there.facts is None:
                    faults[code] = f"登记中没有{order.year}年的收入情况"
            told = [
                each
                for code in codes
                if code not in faults and (each := known[code].facts) is not None
            ]
            for each in told[told_in_one(told) :]:
                faults[each.code] = "登记内容过多，一次不能取完；请另列名单"
            _unlist(session, order.case_id, faults)  # an earlier attempt may have listed them
            joining = [code for code in added if code not in faults]
            _list(session, order.case_id, order.year, joining)
            return LookedUp(
                households=tuple(told[: told_in_one(told)]),
                faults=faults,
                unplanned=tuple(code for code in joining if not known[code].planned),
            )

    @activity.defn
    def strike_off_households(self, change: RosterChange) -> StruckOff:
        """Announce the exit of households and end their episodes in the register (H4).

        All of it, or nothing, once for one case and ledger entry. A household whose entry is not
        the posted one any more, or that has left already, stays as it is and is named.

        Raises:
            RegistryError: if the registry cannot be written now.
        """
        asked_by(change.case_id)
        with writing(self._engine) as session:
            claim(session, f"rosters of {change.village.code}")
            answer = self._strike_off(session, change)
        if answer.notice is not None:
            self._board.show(answer.notice)
        return answer

    def _strike_off(self, session: Session, change: RosterChange) -> StruckOff:
        done, notice = is_done(session, change), self._board.kept(session, change)
        if done and notice is not None:  # by an earlier attempt
            return _answer(struck_off_by(session, change), notice)
        hold_against_file(session, change, striking_off, self._gate.now())
        if done:
            leaving = struck_off_by(session, change)
        else:
            hold_undisputed(session, change, *(each.code for each in change.households))
            leaving = strike_off(session, change)
        if not leaving.households:
            return _answer(leaving, None)
        if not done:
            note(session, JournalKind.CHANGED, change.case_id, {"entry": change.seq})
        text = roster_announcement(change, leaving.households)
        return _answer(leaving, self._board.announce(session, change, text))


def _answer(leaving: Leaving, notice: Notice | None) -> StruckOff:
    return StruckOff(
        households=tuple(each.code for each in leaving.households),
        notice=notice,
        changed=leaving.changed,
        conflicts=leaving.conflicts,
    )


def _unlist(session: Session, case_id: str, codes: Iterable[str]) -> None:
    """Take households off a case's list that were put there and never entered its file."""
    here = (
        col(RosterRow.case_id) == case_id,
        col(RosterRow.household_code).in_(list(codes)),
        col(RosterRow.since) == NOT_ON_FILE,
    )
    gone = session.exec(select(RosterRow.household_code).where(*here)).all()
    if gone:
        session.execute(delete(RosterRow).where(*here))
        note(session, JournalKind.LISTED, case_id, {"taken_off": sorted(gone)})


def _list(session: Session, case_id: str, year: int, codes: Iterable[str]) -> None:
    """Put households on a case's list, so that no other roster can have them."""
    there = set(
        session.exec(select(RosterRow.household_code).where(RosterRow.case_id == case_id)).all()
    )
    rows = [
        {
            "case_id": case_id,
            "household_code": code,
            "year": year,
            "state": State.DRAFTED.value,
            "since": NOT_ON_FILE,
        }
        for code in codes
        if code not in there
    ]
    if rows:
        session.execute(insert(RosterRow), rows)
        listed(session, case_id, [str(row["household_code"]) for row in rows])
