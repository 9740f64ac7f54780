"""Looking up one village, or one household, in the register as of a day."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from sqlmodel import Session, col, func, select

from models.register.households import Cause, HouseholdState, Livelihood
from models.register.villages import Survey
from models.roster.households import State
from registry.cases.alarms import alarms_in
from registry.cases.follow_up_reading import checks_of, risks_of
from registry.errors import UnknownSubject
from registry.facts.incidence import village_incidence
from registry.files.cells import HEAD
from registry.files.sheet_cells import masked
from registry.records import StandingRecord
from registry.register.change_ledger import changes_of
from registry.register.records import (
    EpisodeRecord,
    HouseholdRecord,
    ListedHousehold,
    MemberRecord,
    RosterCount,
    SurveyRecord,
    VillageRecord,
    YearRecord,
)
from registry.tables import (
    EpisodeRow,
    HouseholdRow,
    HouseholdYearRow,
    MemberRow,
    RosterRow,
    VillageRow,
    VillageStatusRow,
    VillageYearRow,
)


def village_record(session: Session, code: str, on: date) -> VillageRecord:
    """Everything about a village.

    Raises:
        UnknownSubject: if the register does not know the code.
    """
    village = session.get(VillageRow, code)
    if village is None:
        raise UnknownSubject(
            f"the register knows no village with the code {code}; write the twelve digits of a "
            "village that was imported"
        )
    standings = session.exec(
        select(VillageStatusRow)
        .where(VillageStatusRow.code == code)
        .order_by(col(VillageStatusRow.since))
    )
    surveys = session.exec(
        select(VillageYearRow)
        .where(VillageYearRow.village_code == code)
        .order_by(col(VillageYearRow.year))
    )
    return VillageRecord(
        **village.model_dump(),
        standings=tuple(StandingRecord(**row.model_dump(exclude={"code"})) for row in standings),
        surveys=tuple(
            SurveyRecord(
                year=row.year,
                survey=Survey(**row.model_dump(include=set(Survey.model_fields))),
                source=row.source,
            )
            for row in surveys
        ),
        on=on,
        households=_by_state(session, code, on),
        incidence=village_incidence(session, code, on),
        rosters=_rosters(session, code),
        alarms=alarms_in(session, code),
        changes=changes_of(session, code),
    )


def poor_households(session: Session, village: str, on: date) -> tuple[ListedHousehold, ...]:
    """The households of a village that are in the register as poor on a day."""
    rows = session.exec(
        select(HouseholdRow)
        .where(HouseholdRow.village_code == village)
        .order_by(col(HouseholdRow.code))
    ).all()
    episodes: dict[str, list[EpisodeRow]] = {row.code: [] for row in rows}
    for episode in session.exec(
        select(EpisodeRow)
        .join(HouseholdRow, col(HouseholdRow.code) == EpisodeRow.household_code)
        .where(HouseholdRow.village_code == village)
        .order_by(col(EpisodeRow.number))
    ):
        episodes[episode.household_code].append(episode)
    poor = (HouseholdState.REGISTERED, HouseholdState.FALLEN_BACK)
    return tuple(_listed(row) for row in rows if _state(row, episodes[row.code], on) in poor)


def unasked_households(session: Session, case_id: str) -> tuple[ListedHousehold, ...]:
    """The households of a roster whose consent is still to come (H2)."""
    rows = session.exec(
        select(HouseholdRow)
        .join(RosterRow, col(RosterRow.household_code) == HouseholdRow.code)
        .where(RosterRow.case_id == case_id, col(RosterRow.state).in_(_UNASKED))
        .order_by(col(HouseholdRow.code))
    )
    return tuple(map(_listed, rows))


_UNASKED = (State.DRAFTED, State.VERIFIED, State.HELD_UNPOSTED)


def _listed(row: HouseholdRow) -> ListedHousehold:
    return ListedHousehold(
        household=row.code, head=row.head, group=row.village_group, size=row.size
    )


def household_record(session: Session, code: str, on: date) -> HouseholdRecord:
    """Everything about a household, ID numbers masked.

    Raises:
        UnknownSubject: if the register does not know the code.
    """
    household = session.get(HouseholdRow, code)
    if household is None:
        raise UnknownSubject(f"the register knows no household with the code {code}")
    village = session.get_one(VillageRow, household.village_code)
    members = session.exec(select(MemberRow).where(MemberRow.household_code == code)).all()
    years = session.exec(
        select(HouseholdYearRow)
        .where(HouseholdYearRow.household_code == code)
        .order_by(col(HouseholdYearRow.year))
    )
    episodes = session.exec(
        select(EpisodeRow).where(EpisodeRow.household_code == code).order_by(col(EpisodeRow.number))
    ).all()
    return HouseholdRecord(
        code=code,
        village_code=village.code,
        village_name=village.name,
        group=household.village_group,
        head=household.head,
        size=household.size,
        on=on,
        state=_state(household, episodes, on),
        gone_on=household.gone_on,
        gone_because=household.gone_because,
        changes=changes_of(session, code),
        members=tuple(
            MemberRecord(
                name=row.name,
                relation=row.relation,
                id_number=masked(row.id_number) if row.id_number is not None else "",
                without_id=row.without_id,
            )
            for row in sorted(members, key=lambda row: (row.relation != HEAD, row.key))
        ),
        years=tuple(
            YearRecord(
                livelihood=Livelihood(**row.model_dump(include=set(Livelihood.model_fields))),
                source=row.source,
            )
            for row in years
        ),
        episodes=tuple(
            EpisodeRecord(**row.model_dump(exclude={"household_code"})) for row in episodes
        ),
        visits=checks_of(session, code),
        risks=risks_of(session, code),
    )


def _by_state(session: Session, village: str, on: date) -> dict[HouseholdState, int]:
    episodes: dict[str, list[EpisodeRow]] = {}
    households: dict[str, HouseholdRow] = {}
    for row, household in session.exec(
        select(EpisodeRow, HouseholdRow)
        .join(HouseholdRow, col(HouseholdRow.code) == EpisodeRow.household_code)
        .where(HouseholdRow.village_code == village)
        .order_by(col(EpisodeRow.number))
    ):
        households[household.code] = household
        episodes.setdefault(row.household_code, []).append(row)
    counted = Counter(_state(households[code], rows, on) for code, rows in episodes.items())
    return {state: counted[state] for state in HouseholdState if counted[state]}


def _state(
    household: HouseholdRow, episodes: Sequence[EpisodeRow], on: date
) -> HouseholdState | None:
    """How a household stands by the last of its episodes that has begun, if it is there."""
    if household.gone_on is not None and household.gone_on <= on:
        return HouseholdState.GONE
    begun = [episode for episode in episodes if episode.registered_on <= on]
    if not begun:
        return None
    last = begun[-1]
    if last.exited_on is not None and last.exited_on <= on:
        return HouseholdState.EXITED
    if last.cause is Cause.FALLEN_BACK:
        return HouseholdState.FALLEN_BACK
    return HouseholdState.REGISTERED


def _rosters(session: Session, village: str) -> tuple[RosterCount, ...]:
    rows = session.exec(
        select(RosterRow.case_id, RosterRow.year, RosterRow.state, func.count())
        .join(HouseholdRow, col(HouseholdRow.code) == RosterRow.household_code)
        .where(HouseholdRow.village_code == village)
        .group_by(col(RosterRow.case_id), col(RosterRow.year), col(RosterRow.state))
        .order_by(col(RosterRow.year), col(RosterRow.case_id), col(RosterRow.state))
    )
    counted: dict[tuple[int, str], dict[str, int]] = {}
    for case_id, year, state, count in rows:
        counted.setdefault((year, case_id), {})[state] = count
    return tuple(
        RosterCount(case_id=case_id, year=year, households=households)
        for (year, case_id), households in counted.items()
    )
