"""The register's side of a township's follow-up (F1, F5): whom it visits.

As in ``activities.ledger``: an outage is tried again, a contradiction is not.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine, exists
from sqlmodel import Session, col, select
from temporalio import activity

from activities.admissions import Gate, other_subject
from activities.warrants import asked_by
from models.base import CLOCKS_MAY_DIFFER_BY
from models.case.admission import Admission
from models.follow_up.orders import Back, BackOrder, DueVillage, FollowUpDue, OpenFollowUp
from models.follow_up.support import is_kept_up
from models.identity import follow_up_case
from models.periods import beijing
from models.policy_values import day_of
from models.procedures import FOLLOW_UP
from registry import journal
from registry.cases.visits import in_batches, marks_in_force
from registry.database.engine import claim, reading, writing
from registry.facts.county import known_county
from registry.facts.episodes import has_exited, is_back
from registry.tables import CheckRow, EpisodeRow, HouseholdRow, VillageRow


class FollowUpActivities:
    """Synchronous, for the worker's thread pool."""

    def __init__(self, engine: Engine, gate: Gate) -> None:
        self._engine = engine
        self._gate = gate

    @activity.defn
    def open_follow_up(self, order: OpenFollowUp) -> Admission[FollowUpDue]:
        """Draw up whom a township's case visits, and list the case, in one transaction.

        The list is drawn up once: asked again, it is the same.

        Raises:
            RegistryError: if the registry cannot be used now.
        """
        opening = order.opening
        township, year, as_of = (
            opening.subject,
            opening.application.year,
            opening.application.as_of,
        )
        due_on = day_of(year, opening.policy.follow_up.due)
        with writing(self._engine) as session:
            claim(session, f"follow-up of {township.code}")
            listed, fault = _listed(session, order.state.case_id), None
            drawn_up = bool(listed)
            if not drawn_up:
                fault, listed = _fault(session, order, self._gate.now()), _due(session, order)
                if fault is None and not listed:
                    fault = (
                        f"no household of {township.full_name} that had exited by {as_of} "
                        f"is due in {year} (F5)"
                    )
            said: Admission[FollowUpDue] = self._gate.hold(
                session, order, FOLLOW_UP, opening.case_id, fault
            )
            if said.fault is not None:
                return said
            if not drawn_up:
                session.add_all(
                    CheckRow(
                        household_code=code,
                        year=year,
                        case_id=order.state.case_id,
                        due_on=due_on,
                    )
                    for code in listed
                )
                journal.listed(session, order.state.case_id, listed, due_on.isoformat())
            due = FollowUpDue(
                due_on=due_on,
                villages=_by_village(session, listed),
                marks=marks_in_force(session, listed),
            )
            return said.model_copy(update={"known": due})

    @activity.defn
    def back_in_register(self, order: BackOrder) -> tuple[Back, ...]:
        """Who of a case's list, not visited yet, is in the register again, by number (F5, F7).

        Raises:
            RegistryError: if the registry cannot be read now.
        """
        asked_by(order.case_id)
        with reading(self._engine) as session:
            found = session.exec(
                select(EpisodeRow)
                .join(HouseholdRow, col(HouseholdRow.code) == EpisodeRow.household_code)
                .join(CheckRow, col(CheckRow.household_code) == HouseholdRow.code)
                .where(
                    CheckRow.case_id == order.case_id,
                    col(CheckRow.made_on).is_(None),
                    *is_back(order.on),
                )
                .order_by(HouseholdRow.code)
            ).all()
            return tuple(
                Back(household=each.household_code, since=each.registered_on, cause=each.cause)
                for each in found
            )


def _fault(session: Session, order: OpenFollowUp, now: datetime) -> str | None:
    """Why a follow-up may not open, at a moment by the installation's clock."""
    opening = order.opening
    township, year = opening.subject, opening.application.year
    expected = follow_up_case(township.code, year)
    if order.state.case_id != expected:
        return f"the id of this case is not {order.state.case_id} but {expected}"
    if not is_kept_up(opening.policy, year):
        return (
            f"support was kept until {opening.policy.after_exit.support_until} (F1); there is no "
            f"follow-up in {year}"
        )
    today = beijing(now + CLOCKS_MAY_DIFFER_BY).date()
    opens = day_of(year, opening.policy.follow_up.opens)
    as_of = opening.application.as_of
    if today < opens or today < as_of:
        return (
            f"year: the visits of {year} are called for on {opens}, these on {as_of}, and "
            f"it is {today}; the follow-up begins then (F5)"
        )
    # As of the day its round was called for, by which that named the county: it may be begun late.
    county, note = known_county(session, township.county.code, as_of)
    return other_subject(township.county, county) if county is not None else note


def _due(session: Session, order: OpenFollowUp) -> Sequence[str]:
    """Households of the township that have exited, and are on no other list of the year."""
    application, township = order.opening.application, order.opening.subject
    # By the key of one row: a list of the whole province is too large for PostgreSQL to hash.
    on_a_list = exists().where(
        col(CheckRow.household_code) == HouseholdRow.code, col(CheckRow.year) == application.year
    )
    return session.exec(
        select(HouseholdRow.code)
        .join(VillageRow, col(VillageRow.code) == HouseholdRow.village_code)
        .join(EpisodeRow, col(EpisodeRow.household_code) == HouseholdRow.code)
        .where(
            VillageRow.township_code == township.code,
            VillageRow.county_code == township.county.code,
            *has_exited(application.as_of),
            ~on_a_list,
        )
        .order_by(HouseholdRow.code)
    ).all()


def _listed(session: Session, case_id: str) -> Sequence[str]:
    return session.exec(
        select(CheckRow.household_code)
        .where(CheckRow.case_id == case_id)
        .order_by(CheckRow.household_code)
    ).all()


def _by_village(session: Session, households: Sequence[str]) -> tuple[DueVillage, ...]:
    villages: dict[str, list[str]] = {}
    rows: dict[str, VillageRow] = {}
    for batch in in_batches(households):
        for code, village in session.exec(
            select(HouseholdRow.code, VillageRow)
            .join(VillageRow, col(VillageRow.code) == HouseholdRow.village_code)
            .where(col(HouseholdRow.code).in_(batch))
        ):
            rows[village.code] = village
            villages.setdefault(village.code, []).append(code)
    return tuple(
        DueVillage(
            code=code,
            name=rows[code].name,
            work_team=rows[code].work_team,
            first_secretary=rows[code].first_secretary,
            households=tuple(sorted(villages[code])),
        )
        for code in sorted(villages)
    )
