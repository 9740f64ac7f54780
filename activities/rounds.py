"""What a round starts (F5, F6, F13): read from the register as of the day it was called for."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select
from temporalio import activity

from activities.warrants import Clock, utc_now
from models.base import CLOCKS_MAY_DIFFER_BY
from models.follow_up.support import is_kept_up
from models.offices import Township
from models.periods import Workdays, beijing
from models.policy import Policy
from models.policy_values import day_of
from models.rounds import (
    Begun,
    FollowUpRoundOrder,
    FollowUpsDue,
    RoundOrder,
    SupervisionRoundOrder,
    SupervisionsDue,
    round_fault,
)
from models.watch import WatchesDue, WatchRoundOrder
from registry.database.engine import reading
from registry.facts.alarms import units_due
from registry.facts.county import known_county
from registry.facts.episodes import has_exited
from registry.places import lies_in
from registry.reports.filings import filings_to_remind_of
from registry.tables import (
    CaseRow,
    EpisodeRow,
    HouseholdRow,
    Standing,
    VillageRow,
    VillageStatusRow,
)


class RoundActivities:
    """Synchronous, for the worker's thread pool.

    Args:
        policy: Reads the policy of the installation, as it is on the day.
        workdays: The calendar by which limits are counted.
        clock: What time it is.
    """

    def __init__(
        self,
        engine: Engine,
        policy: Callable[[], Policy],
        workdays: Workdays,
        clock: Clock = utc_now,
    ) -> None:
        self._engine = engine
        self._policy = policy
        self._workdays = workdays
        self._clock = clock

    @activity.defn
    def supervisions_due(self, order: SupervisionRoundOrder) -> SupervisionsDue:
        """The counties of a region with an exited household or village, by code (F6).

        Raises:
            RegistryError: if the registry cannot be read now.
            PolicyError: if the policy cannot be: the round waits until somebody has mended that.
        """
        policy, counties, left_out = self._policy(), [], []
        fault = self._fault(order, timedelta(days=policy.supervision.catch_up_days))
        if fault is not None:
            return SupervisionsDue(policy=policy, left_out=(fault,))
        with reading(self._engine) as session:
            for code in _counties_with_exits(session, order.region, order.on):
                county, note = known_county(session, code, order.on)
                if county is None:
                    left_out.append(f"{code}: {note}")
                else:
                    counties.append(county)
        return SupervisionsDue(policy=policy, counties=tuple(counties), left_out=tuple(left_out))

    @activity.defn
    def follow_ups_due(self, order: FollowUpRoundOrder) -> FollowUpsDue:
        """The townships of a county with households to visit, by code, while support is kept (F1).

        Raises:
            RegistryError: if the registry cannot be read now.
            PolicyError: if the policy cannot be: the round waits until somebody has mended that.
        """
        policy, year = self._policy(), order.on.year
        if not is_kept_up(policy, year):
            until = policy.after_exit.support_until
            return FollowUpsDue(policy=policy, left_out=(f"帮扶政策保持至{until}，{year}年无回访",))
        opens, due = (day_of(year, each) for each in (policy.follow_up.opens, policy.follow_up.due))
        fault = self._fault(order, due - opens)
        if fault is not None:
            return FollowUpsDue(policy=policy, left_out=(fault,))
        with reading(self._engine) as session:
            places = _townships_with_exits(session, order.region, order.on)
            if not places:
                why = f"截至{order.on}，{order.region}无已脱贫户"
                return FollowUpsDue(policy=policy, left_out=(why,))
            county, note = known_county(session, order.region, order.on)
        if county is None:
            return FollowUpsDue(policy=policy, left_out=(f"{order.region}: {note}",))
        townships = (Township(code=code, name=name, county=county) for code, name in places)
        return FollowUpsDue(policy=policy, townships=tuple(townships))

    @activity.defn
    def watches_due(self, order: WatchRoundOrder) -> WatchesDue:
        """The exited villages and counties of a region with an alarm to tell, or its end (F13).

        With them, the filing and data entry of exits that counties are reminded of today (F9).

        Raises:
            RegistryError: if the registry cannot be read now.
            PolicyError: as ``supervisions_due``.
        """
        policy = self._policy()
        fault = self._fault(order, timedelta(days=1))
        if fault is not None:
            return WatchesDue(policy=policy, left_out=(fault,))
        with reading(self._engine) as session:
            units = tuple(unit for unit, _ in units_due(session, order.on, policy, order.region))
            missing = filings_to_remind_of(session, policy, self._workdays, order.on, order.region)
        none = () if units else (f"截至{order.on}，没有需要预警的已退出村、县",)
        return WatchesDue(policy=policy, units=units, missing=missing, left_out=none)

    @activity.defn
    def admitted_cases(self, begun: Begun) -> tuple[str, ...]:
        """Which of some cases the registry has admitted: the others have no file, and bar nothing.

        Raises:
            RegistryError: if the registry cannot be read now.
        """
        with reading(self._engine) as session:
            return tuple(id for id in begun.case_ids if session.get(CaseRow, id) is not None)

    def _fault(self, order: RoundOrder[Any], window: timedelta) -> str | None:
        today = beijing(self._clock() + CLOCKS_MAY_DIFFER_BY).date()
        return round_fault(order.on, beijing(order.began).date(), today, window)


def _counties_with_exits(session: Session, region: str, on: date) -> list[str]:
    of_households = session.exec(
        select(VillageRow.county_code)
        .join(HouseholdRow, col(HouseholdRow.village_code) == VillageRow.code)
        .join(EpisodeRow, col(EpisodeRow.household_code) == HouseholdRow.code)
        .where(lies_in(VillageRow.county_code, region), *has_exited(on))
        .distinct()
    )
    of_villages = session.exec(
        select(VillageRow.county_code)
        .join(VillageStatusRow, col(VillageStatusRow.code) == VillageRow.code)
        .where(
            lies_in(VillageRow.county_code, region),
            VillageStatusRow.status == Standing.EXITED,
            VillageStatusRow.since <= on,
            col(VillageStatusRow.until).is_(None),
        )
        .distinct()
    )
    return sorted({*of_households, *of_villages})


def _townships_with_exits(session: Session, county: str, on: date) -> list[tuple[str, str]]:
    """Code and name of each, the name as one of its villages has it."""
    found = session.exec(
        select(VillageRow.township_code, VillageRow.township_name)
        .join(HouseholdRow, col(HouseholdRow.village_code) == VillageRow.code)
        .join(EpisodeRow, col(EpisodeRow.household_code) == HouseholdRow.code)
        .where(VillageRow.county_code == county, *has_exited(on))
        .distinct()
    )
    names = dict(sorted(found, reverse=True))
    return sorted(names.items())
