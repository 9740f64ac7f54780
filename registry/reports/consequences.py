"""The exits of the register with what follows from each (F1-F4), worked out when it is asked for.

A province has some 400 000 households a year: they are read in one pass, and never held at once.
"""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import and_, func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.consequences import Exit, consequences
from models.offices import SubjectKind
from models.policy import AfterExit
from models.register.households import Cause
from registry.facts.episodes import comes_after
from registry.places import last_divisions, lies_in, villages_in
from registry.reports.consequence_records import ExitFacts, ExitsAlike, FollowedExit
from registry.tables import (
    EpisodeRow,
    HouseholdRow,
    Standing,
    StatusRow,
    VillageRow,
    VillageStatusRow,
)

_PLACE: tuple[Any, ...] = (
    VillageRow.code,
    VillageRow.name,
    VillageRow.township_name,
    VillageRow.county_code,
)
_WHO: tuple[Any, ...] = (
    HouseholdRow.code,
    HouseholdRow.head,
    HouseholdRow.village_group,
    HouseholdRow.size,
)
_AT_ONCE = 1_000


class ExitsOnADay:
    """Exits as they stand on a day, under a policy.

    Every method that takes ``year`` reads the exits of that exit year, of a region or of all.
    """

    def __init__(self, session: Session, policy: AfterExit, on: date) -> None:
        self._session = session
        self._divisions = last_divisions(session)
        self._on = on

        def follow(exit: Exit) -> FollowedExit:
            follows = consequences(exit, policy, on)
            return FollowedExit(exit=exit, state=exit.state(on), consequences=follows)

        # Thousands of households leave on one day by one document: worked out once.
        @lru_cache(maxsize=4096)
        def household(*ending: Any) -> FollowedExit:
            return follow(_household_exit(*ending))

        self._follow, self._follow_household = follow, household

    def each(
        self, year: int, kinds: tuple[SubjectKind, ...], region: str | None
    ) -> Iterator[ExitFacts]:
        """Every exit: counties, then villages, then households, by code."""
        if SubjectKind.COUNTY in kinds:
            yield from self.counties(year, region)
        if SubjectKind.VILLAGE in kinds:
            yield from self.villages(year, region)
        if SubjectKind.HOUSEHOLD in kinds:
            yield from self.households(year, region)

    def counties(self, year: int, region: str | None) -> Iterator[ExitFacts]:
        """The counties."""
        within = [lies_in(StatusRow.code, region)] if region else []
        yield from self._counties(StatusRow.exit_year == year, *within)

    def villages(self, year: int, region: str | None) -> Iterator[ExitFacts]:
        """The villages."""
        within = [villages_in(region)] if region else []
        yield from self._villages(VillageStatusRow.exit_year == year, *within)

    def households(self, year: int, region: str | None) -> Iterator[ExitFacts]:
        """The households."""
        return (_facts(*each) for each in self.household_rows(year, region))

    def household_rows(
        self, year: int, region: str | None
    ) -> Iterator[tuple[FollowedExit, dict[str, Any]]]:
        """The households, without a record made of each: what follows, and the other fields."""
        within = [villages_in(region)] if region else []
        return self._households(EpisodeRow.exit_year == year, *within)

    def of(self, kind: SubjectKind, code: str) -> tuple[ExitFacts, ...]:
        """All exits of one county, village or household, the first before the later."""
        match kind:
            case SubjectKind.COUNTY:
                return tuple(self._counties(StatusRow.code == code))
            case SubjectKind.VILLAGE:
                return tuple(self._villages(VillageStatusRow.code == code))
            case SubjectKind.HOUSEHOLD:
                rows = self._households(EpisodeRow.household_code == code)
                return tuple(_facts(*each) for each in rows)

    def by_village(self, year: int, region: str | None) -> Iterator[ExitsAlike]:
        """The households, counted: those of a village that left alike, village by village."""
        episode, after = EpisodeRow, aliased(EpisodeRow)
        what = (*_ending(episode, after), *_PLACE)
        counted = sa.select(*what, func.count(), func.sum(HouseholdRow.size))
        query = (
            _beside(counted, episode, after)
            .where(episode.exit_year == year, *([villages_in(region)] if region else []))
            .group_by(*what)
            .order_by(col(VillageRow.code), col(episode.exited_on))
            .execution_options(yield_per=_AT_ONCE)
        )
        for row in self._session.execute(query):
            since, document, back_on, cause, by, code, name, township, county, many, people = row
            followed = self._follow_household(year, since, document, back_on, cause, by)
            yield ExitsAlike(
                code=code,
                name=name,
                township=township,
                county=self._name(county),
                exit=followed.exit,
                state=followed.state,
                consequences=followed.consequences,
                households=many,
                people=int(people),
            )

    def _counties(self, *wanted: Any) -> Iterator[ExitFacts]:
        for row, after in self._standings(StatusRow, select(StatusRow), *wanted):
            said = self._said(row.code, self._name(row.code), row.code, case_id=row.case_id)
            yield _facts(self._follow(_place_exit(SubjectKind.COUNTY, row, after)), said)

    def _villages(self, *wanted: Any) -> Iterator[ExitFacts]:
        places = select(VillageStatusRow, VillageRow).join(
            VillageRow, col(VillageRow.code) == VillageStatusRow.code
        )
        for row, village, after in self._standings(VillageStatusRow, places, *wanted):
            said = self._said(
                row.code,
                village.name,
                village.county_code,
                case_id=row.case_id,
                township=village.township_name,
            )
            yield _facts(self._follow(_place_exit(SubjectKind.VILLAGE, row, after)), said)

    def _standings(self, table: Any, query: Any, *wanted: Any) -> Iterator[Any]:
        """Exits of counties or villages, each with the standing that ended it, if one did."""
        after = aliased(table)
        followed = and_(col(after.code) == table.code, col(after.since) == table.until)
        found = (
            query.add_columns(after)
            .join(after, followed, isouter=True)
            .where(table.status == Standing.EXITED, col(table.exit_year).is_not(None), *wanted)
            .order_by(col(table.code), col(table.since))
        )
        yield from self._session.execute(found)

    def _households(self, *wanted: Any) -> Iterator[tuple[FollowedExit, dict[str, Any]]]:
        episode, after = EpisodeRow, aliased(EpisodeRow)
        said = (*_ending(episode, after), episode.exit_year, episode.case_id, *_PLACE, *_WHO)
        query = (
            _beside(sa.select(*said), episode, after)
            .where(*wanted)
            .order_by(col(VillageRow.code), col(HouseholdRow.code), col(episode.number))
            .execution_options(yield_per=_AT_ONCE)
        )
        for row in self._session.connection().execute(query):  # rows, and not by way of objects
            since, document, back_on, cause, by, year, case_id, *place = row
            village_code, village, township, county, code, head, group, people = place
            followed = self._follow_household(year, since, document, back_on, cause, by)
            yield (
                followed,
                self._said(
                    code,
                    head,
                    county,
                    case_id=case_id,
                    township=township,
                    village_code=village_code,
                    village=village,
                    group=group,
                    people=people,
                ),
            )

    def _said(self, code: str, name: str, county_code: str, **more: Any) -> dict[str, Any]:
        """What ``ExitFacts`` say besides what follows."""
        county = self._divisions.get(county_code)
        return {
            "code": code,
            "name": name,
            "city": self._name(county.parent or "") if county else "",
            "county_code": county_code,
            "county": county.name if county else "",
            **more,
        }

    def _name(self, code: str) -> str:
        division = self._divisions.get(code)
        return division.name if division else ""


def _facts(followed: FollowedExit, said: dict[str, Any]) -> ExitFacts:
    return ExitFacts(
        exit=followed.exit, state=followed.state, consequences=followed.consequences, **said
    )


def _ending(episode: Any, after: Any) -> tuple[Any, ...]:
    """How an episode ended, and how the next one of its household began."""
    return (
        episode.exited_on,
        episode.document,
        after.registered_on,
        after.cause,
        after.opening_document,
    )


def _beside(query: Any, episode: Any, after: Any) -> Any:
    """Episodes that ended, with household and village, and with the next one where there is one."""
    return (
        query.select_from(episode)
        .join(HouseholdRow, col(HouseholdRow.code) == episode.household_code)
        .join(VillageRow, col(VillageRow.code) == HouseholdRow.village_code)
        .join(after, comes_after(after, episode), isouter=True)
        .where(col(episode.exited_on).is_not(None), col(episode.exit_year).is_not(None))
    )


def _household_exit(
    year: int,
    since: date,
    document: str | None,
    back_on: date | None,
    cause: Cause | None,
    by: str | None,
) -> Exit:
    revoked = cause is Cause.REVOKED
    return Exit(
        kind=SubjectKind.HOUSEHOLD,
        year=year,
        since=since,
        document=document,
        revoked_on=back_on if revoked else None,
        revoked_by=by if revoked else None,
        fallen_back_on=None if revoked else back_on,
    )


def _place_exit(kind: SubjectKind, row: Any, after: Any) -> Exit:
    """An exit of a county or village: nothing but a revocation ends one (F5, F7)."""
    return Exit(
        kind=kind,
        year=row.exit_year,
        since=row.since,
        document=row.document,
        revoked_on=row.until,
        revoked_by=after.document if after is not None else None,
    )
