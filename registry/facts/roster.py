"""What the register knows of the households that a roster proposes, as of a day."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, literal_column
from sqlmodel import Session, col, select

from models.offices import SubjectKind
from models.procedures import HOUSEHOLD_EXIT, REENTRY
from models.register.households import HouseholdFacts, Livelihood, children_named
from models.roster.admission import KnownHousehold, RosterFacts
from models.roster.households import State
from models.roster.messages import RosterApplication
from models.texts.id_numbers import born_on
from registry.facts.revoked import revoked_in
from registry.facts.village import known_village
from registry.register.poverty_lines import line_of
from registry.tables import (
    CaseRow,
    EpisodeRow,
    HouseholdRow,
    HouseholdYearRow,
    MemberRow,
    PlanRow,
    RosterRow,
)

STILL_THERE = tuple(state.value for state in State if state not in (State.OUT, State.STRUCK_OFF))
"""The states of those who are on their way on an open roster."""


def roster_facts(
    session: Session, application: RosterApplication, on: date, besides: str | None = None
) -> RosterFacts:
    """Gather what a roster is held against (H1, G6, G9, S7)."""
    village, year = application.village, application.year
    codes = [each.household for each in application.appraisal.households]
    known, note = known_village(session, village, on)
    if known is None:
        return RosterFacts(subject=None, code_note=note)
    return RosterFacts(
        subject=known,
        line=line_of(session, year),
        attempt=_batch(session, village, year, besides),
        households=known_households(session, codes, year, on, besides),
    )


def known_households(
    session: Session, codes: Sequence[str], year: int, on: date, besides: str | None = None
) -> dict[str, KnownHousehold]:
    """What the register says of each household; one it does not know is left out."""
    households = {
        row.code: row
        for row in session.exec(select(HouseholdRow).where(col(HouseholdRow.code).in_(codes)))
    }
    lived = {
        row.household_code: row
        for row in session.exec(
            select(HouseholdYearRow).where(
                col(HouseholdYearRow.household_code).in_(codes), HouseholdYearRow.year == year
            )
        )
    }
    episodes: dict[str, EpisodeRow] = {}
    for episode in session.exec(
        select(EpisodeRow)
        .where(col(EpisodeRow.household_code).in_(codes), col(EpisodeRow.registered_on) <= on)
        .order_by(col(EpisodeRow.number))
    ):
        episodes[episode.household_code] = episode
    planned = set(
        session.exec(
            select(PlanRow.subject_code).where(
                PlanRow.year == year, col(PlanRow.subject_code).in_(codes)
            )
        )
    )
    members: dict[str, list[MemberRow]] = defaultdict(list)
    for member in session.exec(
        select(MemberRow)
        .where(col(MemberRow.household_code).in_(codes))
        .order_by(col(MemberRow.key))
    ):
        members[member.household_code].append(member)
    rosters = _open_rosters(session, codes, year, besides)
    entered = _entered(session, codes, year)
    revoked = revoked_in(session, SubjectKind.HOUSEHOLD, codes, year)
    return {
        code: KnownHousehold(
            village=row.village_code,
            registered=_is_registered(episodes.get(code), on),
            exited_on=episodes[code].exited_on if code in episodes else None,
            gone=_gone(row, on),
            planned=code in planned,
            facts=household_facts(row, lived.get(code), members[code]),
            open_roster=rosters.get(code),
            revoked_case=revoked.get(code),
            entered_by=entered.get(code),
        )
        for code, row in households.items()
    }


def _gone(row: HouseholdRow, on: date) -> str | None:
    if row.gone_on is None or row.gone_because is None or row.gone_on > on:
        return None
    return f"已于{row.gone_on}注销（{row.gone_because.zh}）"


def _is_registered(episode: EpisodeRow | None, on: date) -> bool:
    return episode is not None and (episode.exited_on is None or on < episode.exited_on)


def household_facts(
    row: HouseholdRow, lived: HouseholdYearRow | None, members: Sequence[MemberRow]
) -> HouseholdFacts | None:
    """A household as a case takes it (S1); None if its livelihood of the year is not loaded.

    Of its members a case is told their names, and of children of school age when they were born.
    """
    if lived is None:
        return None
    born = [
        (member.name, born_on(member.id_number) if member.id_number else member.born)
        for member in members
    ]
    return HouseholdFacts(
        code=row.code,
        head=row.head,
        group=row.village_group,
        size=row.size,
        members=tuple(member.name for member in members),
        revision=row.revision,
        livelihood=Livelihood(**lived.model_dump(include=set(Livelihood.model_fields))),
        children=children_named([(name, day) for name, day in born if day], lived.year),
    )


def _open_rosters(
    session: Session, codes: Sequence[str], year: int, besides: str | None
) -> dict[str, str]:
    """The open case of the year that has a household still on its way (G9)."""
    rows = session.exec(
        select(RosterRow.household_code, RosterRow.case_id)
        .join(CaseRow, col(CaseRow.case_id) == RosterRow.case_id)
        .where(
            RosterRow.year == year,
            col(RosterRow.household_code).in_(codes),
            col(RosterRow.state).in_(STILL_THERE),
            col(CaseRow.outcome).is_(None),
            RosterRow.case_id != (besides or ""),
        )
    )
    return dict(rows.all())


def _entered(session: Session, codes: Sequence[str], year: int) -> dict[str, str]:
    """The case of the year, or of a later one, that put a household into the register (F5)."""
    rows = session.exec(
        select(EpisodeRow.household_code, CaseRow.case_id)
        .join(CaseRow, col(CaseRow.case_id) == EpisodeRow.opened_by)
        .where(
            col(EpisodeRow.household_code).in_(codes),
            col(EpisodeRow.exited_on).is_(None),
            CaseRow.procedure == REENTRY.id,
            CaseRow.year >= year,
        )
    )
    return dict(rows.all())


def _batch(session: Session, village: str, year: int, besides: str | None) -> int:
    """One more than the rosters of the village and year that there were."""
    before = session.exec(
        select(func.count(literal_column("*")))
        .select_from(CaseRow)
        .where(
            CaseRow.procedure == HOUSEHOLD_EXIT.id,
            CaseRow.subject_code == village,
            CaseRow.year == year,
            CaseRow.case_id != (besides or ""),
        )
    ).one()
    return 1 + before
