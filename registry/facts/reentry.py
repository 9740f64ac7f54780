"""What the register knows of a household that is to enter it (again), as of a day (F5)."""

from datetime import date

from sqlmodel import Session, col, func, select

from models.offices import Household
from models.procedures import REENTRY, REVOCATION
from models.reentry.admission import ReentryFacts
from models.reentry.messages import ReentryApplication
from models.reentry.orders import ReentryLookUp
from registry.facts.roster import STILL_THERE, household_facts
from registry.facts.village import known_village
from registry.register.poverty_lines import line_of
from registry.tables import (
    CaseRow,
    EpisodeRow,
    HouseholdRow,
    HouseholdYearRow,
    MemberRow,
    RosterRow,
)

_OF_HOUSEHOLDS = (REENTRY.id, REVOCATION.id)
"""Procedures whose subject is one household; its number may look like the code of a place."""


def reentry_facts(
    session: Session,
    asked: ReentryApplication | ReentryLookUp,
    on: date,
    besides: str | None = None,
) -> ReentryFacts:
    """Gather what a household's entry is held against (F5, S1, S7, G9)."""
    code, year = asked.household, asked.year
    row = session.get(HouseholdRow, code)
    if row is None:
        note = "the register knows no household with this number; import it first, without 识别时间"
        return ReentryFacts(subject=None, code_note=note)
    if row.gone_on is not None and row.gone_because is not None:
        note = f"the household ended on {row.gone_on} ({row.gone_because.zh}); nobody can enter"
        return ReentryFacts(subject=None, code_note=note)
    village, note = known_village(session, row.village_code, on)
    if village is None:
        return ReentryFacts(subject=None, code_note=f"its village {row.village_code}: {note}")
    begun = session.exec(
        select(EpisodeRow)
        .where(EpisodeRow.household_code == code, EpisodeRow.registered_on <= on)
        .order_by(col(EpisodeRow.number))
    ).all()
    last = begun[-1] if begun else None
    inside = last is not None and (last.exited_on is None or on < last.exited_on)
    lived = session.get(HouseholdYearRow, (code, year))
    members = session.exec(select(MemberRow).where(MemberRow.household_code == code)).all()
    return ReentryFacts(
        subject=Household(code=code, village=village),
        registered_on=last.registered_on if last is not None and inside else None,
        episodes=len(begun),
        line=line_of(session, year),
        facts=household_facts(row, lived, members),
        attempt=_attempt(session, code, year),
        open_case=_open_case(session, code, besides),
    )


def _attempt(session: Session, code: str, year: int) -> int:
    """One more than the household's cases of the year that have ended."""
    ended = session.exec(
        select(func.count())
        .select_from(CaseRow)
        .where(
            CaseRow.procedure == REENTRY.id,
            CaseRow.subject_code == code,
            CaseRow.year == year,
            col(CaseRow.outcome).is_not(None),
        )
    ).one()
    return 1 + ended


def _open_case(session: Session, code: str, besides: str | None) -> str | None:
    own = session.exec(
        select(CaseRow.case_id)
        .where(
            col(CaseRow.procedure).in_(_OF_HOUSEHOLDS),
            CaseRow.subject_code == code,
            col(CaseRow.outcome).is_(None),
            CaseRow.case_id != (besides or ""),
        )
        .order_by(CaseRow.case_id)
    ).first()
    if own is not None:
        return own
    return open_roster(session, code)


def open_roster(session: Session, code: str) -> str | None:
    """The open roster, of whatever year, on which a household is on its way."""
    return session.exec(
        select(RosterRow.case_id)
        .join(CaseRow, col(CaseRow.case_id) == RosterRow.case_id)
        .where(
            RosterRow.household_code == code,
            col(RosterRow.state).in_(STILL_THERE),
            col(CaseRow.outcome).is_(None),
        )
        .order_by(RosterRow.case_id)
    ).first()
